//! Words about the kernel's IPVS: `lvs_*` of `global_defs`, and what only the kernel can do.

use ipvs_core::{Engine, Mode};

use super::{codes, complaints, load};

#[test]
fn a_persistence_engine_is_the_kernels_and_has_a_known_name() {
    let text = |global: &str, engine: &str| {
        format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 192.0.2.1 5060 {{\nprotocol UDP\npersistence_timeout 60\n\
             persistence_engine {engine}\n}}"
        )
    };
    let engine = |text: &str| load(text).configuration.unwrap().virtual_servers[0].service.engine;
    assert_eq!(engine(&text("", "sip")), Some(Engine::Sip));
    assert_eq!(codes(&text("", "sip")), [""; 0]);
    assert_eq!((engine(&text("", "rtsp")), codes(&text("", "rtsp"))), (None, vec!["S0301"]));
    assert_eq!(
        complaints(&text("data_plane user", "sip")),
        [
            "error[S0507]: `data_plane user` has no persistence engine `sip` for [192.0.2.1]:udp:5060; the service is not set \
          up; leave `persistence_engine` out, or take the kernel's data plane"
        ]
    );
}

#[test]
fn an_improved_scheduler_is_for_the_user_space_plane() {
    let text = |global: &str, mode: &str| {
        format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 192.0.2.1 53 {{\nprotocol UDP\nlb_algo wrr\nlb_mode {mode}\n}}"
        )
    };
    let mode = |text: &str| load(text).configuration.unwrap().virtual_servers[0].service.mode;
    let user = text("data_plane user", "improved");
    assert_eq!((mode(&user), codes(&user)), (Mode::Improved, vec![]));
    assert_eq!((mode(&text("", "exact")), codes(&text("", "exact"))), (Mode::Exact, vec![]));
    assert_eq!((mode(&text("", "better")), codes(&text("", "better"))), (Mode::Exact, vec!["S0301"]));
    assert_eq!(
        complaints(&text("", "improved")),
        [
            "warning[S0508]: the kernel's IPVS has no `lb_mode improved` for [192.0.2.1]:udp:53; where the kernel has IPVS, \
          `wrr` works as it always did; say `data_plane user`"
        ]
    );
}
