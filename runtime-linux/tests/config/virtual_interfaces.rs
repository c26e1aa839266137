//! `use_vmac`, `use_vmac_addr`, `use_ipvlan` and the words behind addresses: which interfaces a router makes and
//! what goes on them. The names are those that keepalived 2.2.7 gives.

use runtime_linux::config::model::{Instance, VirtualKind};

use super::{clean, codes, complaints, load, router};

/// What an instance makes, as `NAME@BASE MAC`.
fn made(instance: &Instance) -> Vec<String> {
    let one = |one: &runtime_linux::config::model::VirtualInterface| match one.kind {
        VirtualKind::Macvlan { mac } => {
            let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
            format!("{}@{} {mac}", one.name, one.base)
        }
        VirtualKind::Ipvlan { flag } => format!("{}@{} {flag:?}", one.name, one.base),
    };
    instance.virtual_interfaces.iter().map(one).collect()
}

fn places(instance: &Instance) -> Vec<&str> {
    let all = instance.addresses.iter().chain(&instance.excluded);
    all.map(|address| address.interface.as_deref().unwrap_or("-")).collect()
}

#[test]
fn a_router_gets_an_interface_with_the_virtual_link_address_and_its_addresses_go_there() {
    let instance = clean(&router("use_vmac")).instances.remove(0);
    assert_eq!(made(&instance), ["vrrp.5@eth0 00:00:5e:00:01:05"]);
    assert_eq!(places(&instance), ["vrrp.5"]);
    assert!(!instance.transmit_base);
    let plain = clean(&router("")).instances.remove(0);
    assert_eq!((made(&plain), places(&plain)), (vec![], vec!["-"]));
}

#[test]
fn name_and_link_address_may_be_chosen_the_address_with_five_bytes_too() {
    let with = |line: &str| made(&clean(&router(line)).instances[0]);
    assert_eq!(with("use_vmac vip0"), ["vip0@eth0 00:00:5e:00:01:05"]);
    assert_eq!(with("use_vmac vip0 02:00:00:aa:bb:cc"), ["vip0@eth0 02:00:00:aa:bb:cc"]);
    assert_eq!(with("use_vmac 02:00:00:aa:bb"), ["vrrp.5@eth0 02:00:00:aa:bb:05"]);
    assert_eq!(codes(&router("use_vmac 01:00:5e:00:00:01")), ["S0301"]);
    assert_eq!(codes(&router("use_vmac 02:00:00")), ["S0301"]);
    assert_eq!(codes(&router("use_vmac a-name-that-is-too-long")), ["S0301"]);
    assert_eq!(codes(&router("use_vmac a b")), ["S0301"]);
}

#[test]
fn names_are_keepalived_s_and_no_name_is_given_twice() {
    let one = |name: &str, vrid: u8, addresses: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface va\nvirtual_router_id {vrid}\nuse_vmac\n\
             virtual_ipaddress {{\n{addresses}\n}}\n}}\n"
        )
    };
    let text = [
        one("A", 51, "10.0.0.100/24"),
        one("B", 51, "fe80::51/64\n2001:db8::51/64"),
        one("D", 53, "10.0.0.53\n10.0.1.53 dev vb use_vmac"),
    ]
    .concat();
    let instances = clean(&text).instances;
    assert_eq!(made(&instances[0]), ["vrrp.51@va 00:00:5e:00:01:33"]);
    assert_eq!(made(&instances[1]), ["vrrp6.51@va 00:00:5e:00:02:33"]);
    assert_eq!(made(&instances[2]), ["vrrp.53@va 00:00:5e:00:01:35", "vrrp1.53@vb 00:00:5e:00:01:35"]);
    assert_eq!(places(&instances[2]), ["vrrp.53", "vrrp1.53"]);
    let twice = text.replace("\nuse_vmac\n", "\nuse_vmac same\n");
    assert_eq!(complaints(&twice).len(), 2);
    let instances = load(&twice).configuration.unwrap().instances;
    assert_eq!(made(&instances[1])[0], "vrrp.51@va 00:00:5e:00:02:33");
    let chosen = format!("global_defs {{\nvmac_prefix v\nvmac_addr_prefix w\n}}\n{text}");
    let instances = clean(&chosen).instances;
    assert_eq!(made(&instances[2]), ["v.53@va 00:00:5e:00:01:35", "w.53@vb 00:00:5e:00:01:35"]);
    assert_eq!(
        codes(&format!("global_defs {{\nvmac_prefix too-long-a-prefix\n}}\n{}", router(""))),
        ["S0301"]
    );
}

#[test]
fn use_vmac_addr_makes_one_for_each_interface_and_family_of_an_address() {
    let addresses =
        "virtual_ipaddress_excluded {\n2001:db8::1\n10.0.3.3/24 dev eth1\n10.0.3.4/24 dev eth1\n}";
    let without = clean(&router(&format!("use_vmac\n{addresses}"))).instances.remove(0);
    assert_eq!(places(&without), ["vrrp.5", "vrrp.5", "eth1", "eth1"]);
    let with = clean(&router(&format!("use_vmac\nuse_vmac_addr\n{addresses}"))).instances.remove(0);
    assert_eq!(
        made(&with),
        ["vrrp.5@eth0 00:00:5e:00:01:05", "vrrp6.5@eth0 00:00:5e:00:02:05", "vrrp1.5@eth1 00:00:5e:00:01:05"]
    );
    assert_eq!(places(&with), ["vrrp.5", "vrrp6.5", "vrrp1.5", "vrrp1.5"]);
}

#[test]
fn an_address_may_have_a_virtual_interface_where_its_router_has_none() {
    let text = router("virtual_ipaddress_excluded {\n10.0.3.3/24 dev eth1 use_vmac\n}");
    let instance = clean(&text).instances.remove(0);
    assert_eq!(made(&instance), ["vrrp.5@eth1 00:00:5e:00:01:05"]);
    assert_eq!(places(&instance), ["-", "vrrp.5"]);
}

#[test]
fn unicast_adverts_leave_by_the_interface_itself() {
    let unicast = "unicast_peer {\n192.0.2.9\n}\nuse_vmac";
    assert_eq!(codes(&router(unicast)), ["S0430"]);
    assert!(load(&router(unicast)).configuration.unwrap().instances[0].transmit_base);
    assert!(clean(&router(&format!("{unicast}\nvmac_xmit_base"))).instances[0].transmit_base);
}

#[test]
fn strict_mode_sends_from_the_link_address_of_the_rfc() {
    let text = router("strict_mode\npriority 255\nuse_vmac x 02:00:00:00:00:01\nvmac_xmit_base");
    assert_eq!(codes(&text), ["S0408", "S0408"]);
    let instance = &load(&text).configuration.unwrap().instances[0];
    assert_eq!(made(instance), ["x@eth0 00:00:5e:00:01:05"]);
    assert!(!instance.transmit_base);
}

#[test]
fn an_ipvlan_has_a_flag_and_an_address_of_its_own_is_refused_in_words() {
    let with = |line: &str| made(&clean(&router(line)).instances[0]);
    assert_eq!(with("use_ipvlan"), ["vrrp.5@eth0 Bridge"]);
    assert_eq!(with("use_ipvlan ip0 private"), ["ip0@eth0 Private"]);
    let addressed = router("use_ipvlan ip0 192.0.2.7/24 private");
    assert_eq!(codes(&addressed), ["S0430"]);
    assert_eq!(made(&load(&addressed).configuration.unwrap().instances[0]), ["ip0@eth0 Private"]);
    assert_eq!(codes(&router("use_ipvlan ip0 nonsense")), ["S0301"]);
}

#[test]
fn every_word_behind_an_address_is_taken() {
    let text = router(
        "virtual_ipaddress_excluded {\n2001:db8::1/64 home -nodad mngtmpaddr noprefixroute autojoin no_track\n\
         2001:db8::2/64 preferred_lft 30\n2001:db8::3/128 preferred_lft forever\n}",
    );
    let held = clean(&text).instances[0].excluded.clone();
    let all = held[0].options;
    assert!(all.home && all.detect_duplicates && all.manage_temporary && all.no_prefix_route);
    assert!(all.autojoin && all.untracked && !all.own_interface);
    assert_eq!(held[1].options.preferred_lifetime, Some(30));
    assert_eq!(held[2].options.preferred_lifetime, Some(u32::MAX));
    assert_eq!(codes(&router("virtual_ipaddress_excluded {\n2001:db8::2 preferred_lft soon\n}")), ["S0301"]);
}

#[test]
fn secondaries_are_promoted_where_that_is_said_and_interfaces_may_always_come_and_go() {
    assert!(clean(&router("promote_secondaries")).instances[0].promote_secondaries);
    assert!(!clean(&router("")).instances[0].promote_secondaries);
    clean(&format!("global_defs {{\ndynamic_interfaces allow_if_changes\n}}\n{}", router("")));
}

/// It says where unicast adverts go without `interface`, which every router has here.
#[test]
fn a_vrf_of_adverts_is_told_to_be_without_effect() {
    assert_eq!(codes(&router("vrf blue")), ["S0206"]);
    assert_eq!(complaints(&router("vrf blue")).len(), 1);
}
