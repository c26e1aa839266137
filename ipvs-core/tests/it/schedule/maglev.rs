//! `mh`, in both forms.

use ipvs_core::{
    Director, Memory, Method, Mode, Refused, SchedulerFlags, Service, Settings, Step, Storage, TableSlot,
    Verdict,
};

use super::{Lab, number, services};

#[test]
fn maglev_gives_the_kernels_servers_for_16_clients() {
    let mut lab = Lab::new(Method::Maglev, &[]);
    for number in 11..=13 {
        lab.add(number, 1);
    }
    let servers: Vec<u8> = (0..16).map(|client| lab.udp_from(&format!("10.1.8.{client}:4000"))).collect();
    assert_eq!(servers, [13, 13, 12, 11, 12, 13, 13, 11, 12, 12, 11, 11, 12, 11, 12, 13]);
}

#[test]
fn improved_maglev_has_keys_of_its_own_and_whole_addresses() {
    let servers = |lab: &mut Lab| -> Vec<u8> {
        (0..64).map(|client| lab.udp_from(&format!("10.1.8.{client}:4000"))).collect()
    };
    let exact = servers(&mut Lab::new(Method::Maglev, &[1, 1, 1]));
    let improved = servers(&mut Lab::improved(Method::Maglev, &[1, 1, 1]));
    assert_ne!(exact, improved);
    assert_eq!(
        improved,
        servers(&mut Lab::improved(Method::Maglev, &[1, 1, 1])),
        "the same seed, the same table"
    );
    assert!([1, 2, 3].iter().all(|server| improved.contains(server)));
}

#[test]
fn maglev_keeps_clients_when_a_server_goes_and_moves_none_while_its_weight_is_zero() {
    for make in [Lab::new as fn(Method, &[u32]) -> Lab, Lab::improved] {
        let clients = || (0..200).map(|client| format!("10.1.8.{client}:4000"));
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        let before: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        lab.edit(4, 0);
        for (client, before) in clients().zip(&before) {
            let verdict = lab.udp(&client);
            assert!(if *before == 4 { verdict == Verdict::Reject } else { number(verdict) == *before });
        }
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        lab.remove(4);
        let moved = clients().zip(&before).filter(|(client, before)| {
            let after = lab.udp_from(client);
            **before != 4 && after != **before
        });
        assert!(moved.count() < 10);
    }
}

#[test]
fn maglev_with_fallback_serves_every_client_and_moves_only_those_of_the_dead_server() {
    for mode in [Mode::Exact, Mode::Improved] {
        let make = || {
            Lab::with_service(Method::Maglev, &[1, 1, 1], |service| Service {
                flags: SchedulerFlags::FLAG_1,
                mode,
                ..service
            })
        };
        let clients = || (0..64).map(|client| format!("10.1.8.{client}:4000"));
        let mut lab = make();
        let before: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
        let mut lab = make();
        lab.edit(3, 0);
        for (client, before) in clients().zip(before) {
            let after = lab.udp_from(&client);
            assert!(if before == 3 { after != 3 } else { after == before });
        }
    }
}

#[test]
fn maglev_needs_room_for_its_table() {
    let storage = Box::leak(Box::new(Storage::<2, 4, 4, 4, 1>::new()));
    let memory = Memory { tables: vec![TableSlot::EMPTY; 4_093 + 256].leak(), ..storage.lend() };
    let mut director = Director::new(memory, Settings::new([3; 16]));
    let [udp, tcp] = services();
    let maglev = |key| Service::new(key, Method::Maglev);
    director.apply(&Step::AddService(maglev(udp))).unwrap();
    assert_eq!(director.apply(&Step::AddService(maglev(tcp))), Err(Refused::TablesFull));
    director.apply(&Step::AddService(Service::new(tcp, Method::SourceHashing))).unwrap();
    assert_eq!(director.apply(&Step::EditService(maglev(tcp))), Err(Refused::TablesFull));
    director.apply(&Step::EditService(Service::new(udp, Method::RoundRobin))).unwrap();
    director.apply(&Step::EditService(maglev(tcp))).unwrap();
    director.apply(&Step::RemoveService(tcp)).unwrap();
    director.apply(&Step::EditService(maglev(udp))).unwrap();
}
