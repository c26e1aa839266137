//! Packets of a burst that are looked at before each has its turn.

use core::net::SocketAddr;

use ipvs_core::{Arrival, Forward, Method, Preview, Protocol, Service, Verdict};
use proptest::prelude::*;

use crate::lab::{Lab, VIRTUAL_V4, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, SYN_ACK, tcp};

proptest! {
    #[test]
    fn a_look_ahead_changes_nothing(
        bursts in prop::collection::vec(prop::collection::vec(packet(), 1..12), 1..12),
        is_nat in any::<bool>(),
        capacity in prop::sample::select(vec![0_usize, 2, 6, 100]),
    ) {
        let forward = if is_nat { Forward::Masquerade } else { Forward::Direct };
        let mut labs = [(); 2].map(|()| lab(forward, capacity));
        let [looking, plain] = &mut labs;
        for burst in bursts {
            let mut previews = vec![Preview::EMPTY; burst.len()];
            looking.director.preview(burst.iter().map(Vec::as_slice), &mut previews);
            for (packet, preview) in burst.iter().zip(&previews) {
                let found: Verdict =
                    looking.director.forward_previewed(looking.now, Arrival::default(), packet, preview);
                prop_assert_eq!(found, plain.director.forward(plain.now, Arrival::default(), packet));
            }
            looking.wait(40);
            plain.wait(40);
        }
        prop_assert_eq!(labs[0].director.counters(), labs[1].director.counters());
    }
}

/// A client's segment, or a server's to a client.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop::sample::select(vec![SYN, ACK, ACK, ACK, FIN_ACK, RST, SYN_ACK]);
    (0..4_u8, 0..2_u16, 0..2_u8, any::<bool>(), flags).prop_map(|(client, port, server, is_reply, flags)| {
        let client = SocketAddr::from(([192, 0, 2, client], 4_000 + port));
        if is_reply {
            tcp(SocketAddr::from(([10, 1, 0, server], 8_080)), client, flags, b"!")
        } else {
            tcp(client, at(VIRTUAL_V4, 80), flags, b"?")
        }
    })
}

fn lab(forward: Forward, capacity: usize) -> Lab {
    let service = Service { method: Method::LeastConnection, ..service(Protocol::Tcp, VIRTUAL_V4) };
    Lab::new(
        &[(service, &[server("10.1.0.0", 8_080, forward), server("10.1.0.1", 8_080, forward)])],
        capacity,
    )
}
