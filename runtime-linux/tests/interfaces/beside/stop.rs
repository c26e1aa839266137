//! What is sent and what is left at a stop, with the flags that say so (keepalived.md 3.1 `-V`, `-X`, 3.2 STOP).

use core::time::Duration;
use std::thread;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Daemon, Node, Observer, Switch};

use crate::host::{ADDRESS, PATIENCE, configuration, pause, wait};

/// What there is once a daemon has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    /// Its exit code.
    code: Option<i32>,
    /// Adverts with priority 0.
    resignations: usize,
    /// The address is there.
    address: bool,
    /// And the route.
    route: bool,
}

#[test]
#[ignore = "needs keepalived"]
fn a_stop_leaves_and_sends_what_it_does_with_keepalived() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let [theirs, ours] = [Daemon::keepalived(), ours]
            .map(|daemon| thread::spawn(move || CASES.map(|case| stopped(&daemon, case))))
            .map(|run| run.join().unwrap());
        let released = Left { code: Some(0), resignations: 1, address: false, route: false };
        let kept = Left { code: Some(0), resignations: 0, address: true, route: true };
        let wanted = [released, released, released, kept, kept];
        assert_eq!(theirs, wanted, "keepalived");
        assert_eq!(ours, wanted, "steadfast");
    });
}

fn stopped(daemon: &Daemon, (flags, signal): (&[&str], Signal)) -> Left {
    let switch = Switch::new("lan").unwrap();
    let node = Node::new("host").unwrap();
    node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
    let observer = Observer::new(&switch).unwrap();
    let mut daemon = daemon.clone();
    daemon.arguments.extend(flags.iter().map(ToString::to_string));
    let router = configuration("", ADDRESS);
    let router = router.trim_end().strip_suffix('}').unwrap();
    let text = format!("{router} virtual_routes {{\n  198.51.100.0/24 dev eth0\n }}\n}}\n");
    let process = daemon.start(&node, text.as_bytes(), false).unwrap();
    let address = || node.addresses("eth0").unwrap().iter().any(|held| held.address.to_string() == ADDRESS);
    let route = || {
        node.run(|| std::fs::read_to_string("/proc/thread-self/net/route")).unwrap().unwrap().contains(ROUTE)
    };
    wait(|| format!("{flags:?}: {:?}", process.log()), || address() && route());
    process.signal(signal).unwrap();
    let code = process.wait(PATIENCE).and_then(|status| status.code());
    pause(Duration::from_millis(100));
    let seen = observer.seen();
    let adverts = seen.iter().filter_map(|seen| seen.advert());
    let resignations = adverts.filter(|advert| advert.priority == 0).count();
    Left { code, resignations, address: address(), route: route() }
}

const CASES: [(&[&str], Signal); 5] = [
    (&[], Signal::SIGTERM),
    (&["-X"], Signal::SIGTERM),
    (&[], Signal::SIGINT),
    (&["-V"], Signal::SIGTERM),
    (&["-V", "-X"], Signal::SIGTERM),
];
/// 198.51.100.0, as the kernel writes it there.
const ROUTE: &str = "\t006433C6\t";
