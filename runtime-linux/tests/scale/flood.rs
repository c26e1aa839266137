//! Fifty thousand junk packets a second, at an Active router and at a Backup.

use core::time::Duration;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, sendto};
use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Node, Process, Switch};
use runtime_linux::netlink::route::Route;
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, Socket, Type};

use crate::account::{memory, processor_time};
use crate::bed::{daemons, pause};
use crate::configuration::head;
use crate::junk;
use crate::listener::{Listener, gaps};
use crate::table::{Table, spread};
use crate::watch::Watch;

#[test]
#[ignore = "needs root, keepalived and a release build"]
fn a_flood_of_junk_moves_no_address_fills_no_log_and_delays_no_advert() {
    lab::test(|| {
        let columns = [
            "flood",
            "daemon",
            "packets/s",
            "address moves high/low",
            "log bytes high/low",
            "gaps of adverts, ms p50/p99/max",
            "CPU % high/low",
            "RSS grows, MB",
        ];
        let mut table = Table::new("Flood for 10 s, 0.1 s", &columns);
        let kinds = [("malformed", junk::malformed()), ("lesser adverts", vec![junk::lesser()])];
        let mut complaints = Vec::new();
        for (position, daemon) in daemons().iter().enumerate() {
            for (name, packets) in &kinds {
                let found = measure(daemon, name, packets, &mut table);
                if position == 0 {
                    complaints.extend(found);
                }
            }
        }
        table.print();
        assert_eq!(complaints, Vec::<String>::new());
    });
}

/// What is wrong.
fn measure(daemon: &Daemon, kind: &str, packets: &[Vec<u8>], table: &mut Table) -> Vec<String> {
    let switch = Switch::new("lan").unwrap();
    let nodes = [("high", 1), ("low", 2), ("forger", 3)].map(|(name, host)| {
        let node = Node::new(name).unwrap();
        node.link_to(&switch, "e0", &[&format!("198.18.0.{host}/24")]).unwrap();
        node
    });
    let [high, low, forger] = &nodes;
    let watches = [Watch::new(high), Watch::new(low)];
    let [high, low] = [(high, 200), (low, 100)].map(|(node, priority)| {
        let process = daemon.start(node, configuration(priority).as_bytes(), false).unwrap();
        pause(Duration::from_millis(1500));
        process
    });
    pause(Duration::from_secs(5));
    let listener = Listener::on(&nodes[1], &["e0".to_owned()]);
    let both = [&high, &low];
    let (since, used, said) = (clock::now(), both.map(processor_time), both.map(bytes));
    let before = memory(&high).0;
    let sent = flood(forger, packets);
    let now = both.map(processor_time);
    pause(Duration::from_millis(300));
    let logs = [bytes(&high) - said[0], bytes(&low) - said[1]];
    let moves = [watches[0].moved(since), watches[1].moved(since)];
    let heard: Vec<_> = listener.finish().into_iter().filter(|one| one.from == 1 && one.vrid == 51).collect();
    let gaps = gaps(&heard);
    let latest = gaps.iter().max().copied().unwrap_or_default();
    let percent = |at: usize| 100.0 * (now[at].saturating_sub(used[at])).as_secs_f64() / SPAN.as_secs_f64();
    table.row(vec![
        kind.to_owned(),
        daemon.name.clone(),
        (sent / SPAN.as_secs()).to_string(),
        format!("{}/{}", moves[0], moves[1]),
        format!("{}/{}", logs[0], logs[1]),
        spread(gaps),
        format!("{:.1}/{:.1}", percent(0), percent(1)),
        format!("{:.1}", memory(&high).0 - before),
    ]);
    let mut complaints = Vec::new();
    let mut check = |fine: bool, complaint: String| {
        if !fine {
            complaints.push(format!("{kind}: {complaint}"));
        }
    };
    check(moves == [0, 0], format!("addresses moved: {moves:?}"));
    check(logs.iter().all(|log| *log < 100_000), format!("the logs grew by {logs:?} bytes"));
    check(latest < Duration::from_millis(150), format!("an advert came after {latest:?}"));
    check(heard.len() >= 95, format!("{} adverts in ten seconds", heard.len()));
    check(sent >= RATE * SPAN.as_secs() * 9 / 10, format!("only {sent} packets were sent"));
    complaints
}

/// Sends them in turn for ten seconds, a few dozen in each millisecond; how many.
fn flood(forger: &Node, packets: &[Vec<u8>]) -> u64 {
    let body = || {
        let links = Route::open().unwrap().links().unwrap();
        let index = links.iter().find(|link| link.name == "e0").unwrap().index;
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0))).unwrap();
        let group = link_address(index, 0x0800, [0x01, 0, 0x5e, 0, 0, 18]);
        let begin = clock::now();
        let (mut sent, mut turn) = (0, packets.iter().cycle());
        loop {
            let elapsed = clock::now().saturating_sub(begin);
            if elapsed >= SPAN {
                return sent;
            }
            let wanted = u64::try_from(elapsed.as_micros()).unwrap() * RATE / 1_000_000;
            // What the machine did not let us send is not made up for at once.
            sent += (sent.max(wanted.saturating_sub(2_500))..wanted)
                .zip(&mut turn)
                .filter(|(_, packet)| sendto(socket.as_raw_fd(), packet, &group, MsgFlags::empty()).is_ok())
                .count() as u64;
            pause(Duration::from_millis(1));
        }
    };
    forger.run(body).unwrap()
}

fn configuration(priority: u8) -> String {
    head()
        + &format!(
            "vrrp_instance VI_1 {{\n    state BACKUP\n    interface e0\n    virtual_router_id 51\n    \
             priority {priority}\n    advert_int 0.1\n    version 3\n    virtual_ipaddress {{\n        \
             198.19.0.1/32\n    }}\n}}\n"
        )
}

fn bytes(process: &Process) -> usize {
    process.log().iter().map(|line| line.text.len() + 1).sum()
}

const SPAN: Duration = Duration::from_secs(10);
/// Packets per second.
const RATE: u64 = 50_000;
