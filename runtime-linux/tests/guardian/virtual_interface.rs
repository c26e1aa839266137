//! Deaths of workers whose routers hold their addresses on interfaces of their own.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab::{self, Node};
use runtime_linux::netlink::link::LinkInfo;
use runtime_linux::netlink::route::Route;

use crate::pair::{ADDRESS, PATIENCE, Pair, configuration, pause};

const NAME: &str = "vrrp.51";

fn pair(arguments: &[&str]) -> Pair {
    let texts = [200, 100].map(|priority| {
        configuration(priority, "0.1", ADDRESS).replace(" state BACKUP\n", " state BACKUP\n use_vmac\n")
    });
    Pair::of(&texts[0], &texts[1], arguments)
}

fn link(node: &Node) -> Option<LinkInfo> {
    let links = node.run(|| Route::open().unwrap().links().unwrap()).unwrap();
    links.into_iter().find(|link| link.name == NAME)
}

fn arp_ignore(node: &Node) -> String {
    let path = "/proc/sys/net/ipv4/conf/eth0/arp_ignore";
    node.run(move || std::fs::read_to_string(path).unwrap().trim().to_owned()).unwrap()
}

#[test]
fn no_peer_notices_that_the_worker_was_killed_and_the_interface_stays_as_it_is() {
    lab::test(|| {
        let pair = pair(&[]);
        let before = link(&pair.high).unwrap();
        assert!(before.up);
        let begin = clock::wall();
        let (worker, at) = pair.kill_worker(None);
        pair.heard("high", false, at);
        pair.worker(Some(worker));
        pause(Duration::from_millis(500));
        assert_eq!(pair.adverts("low", begin), [], "low took over{}", pair.logs());
        let after = link(&pair.high).unwrap();
        assert_eq!((after.index, after.up), (before.index, true));
        assert_eq!(pair.high.addresses(NAME).unwrap().len(), 1);
        assert_eq!(arp_ignore(&pair.high), "1");
    });
}

#[test]
fn where_nobody_goes_on_the_guardian_leaves_neither_interface_nor_setting() {
    lab::test(|| {
        let pair = pair(&["-R"]);
        assert_eq!(arp_ignore(&pair.high), "1");
        let (_, killed) = pair.kill_worker(None);
        pair.daemon.wait(PATIENCE).expect("it ends");
        pair.heard("low", false, killed);
        assert_eq!(link(&pair.high), None);
        assert_eq!(arp_ignore(&pair.high), "0");
    });
}
