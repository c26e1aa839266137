//! Words that tune the thread as a whole: pace groups, patience with interfaces, buffers, the firewall's table.

use core::time::Duration;
use std::fs;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage, getsockname, getsockopt, sockopt};
use runtime_linux::config::model::{
    BufferPolicy, ClosedTable, Gaps, Instance, LinkDelay, NetlinkBuffer, PaceGroup, Rare, ReceiveBuffer,
    Tuning,
};
use runtime_linux::driver::{Command, Phase, Setup};
use runtime_linux::lab::{self, Node, Raw, Switch, Wiretap};
use runtime_linux::netlink::nftables::closed::Table;
use vrrp_core::Vrid;

use crate::pinger::answers;
use crate::station::{PATIENCE, Station, address, instance, pause, wait};

fn tuned(tuning: Tuning) -> Setup {
    Setup { tuning, ..Setup::default() }
}

/// `garp_group`.
#[test]
fn interfaces_of_a_group_keep_the_gap_together() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let node = Node::new("one").unwrap();
        node.link_to(&lan, "eth0", &["198.18.0.1/24"]).unwrap();
        node.link_to(&wan, "eth1", &["198.19.0.1/24"]).unwrap();
        let taps = [Wiretap::new(&lan).unwrap(), Wiretap::new(&wan).unwrap()];
        let gaps = Gaps { arp: GAP, ndisc: Duration::ZERO };
        let interfaces = vec!["eth0".to_owned(), "eth1".to_owned()];
        let station = Station::on(node);
        let pace_groups = vec![PaceGroup { gaps, interfaces }];
        station.tell(Command::Tune(Box::new(Tuning { pace_groups, ..Tuning::default() })));
        let mut other = instance("b", 100);
        other.interface = "eth1".to_owned();
        other.addresses = vec![address("198.19.0.100", 24)];
        station.apply(&[instance("a", 100), other]);
        station.wait_for(Phase::Master, PATIENCE);
        let all = |raw: &[Raw]| raw.iter().filter(|raw| is_announcement(raw)).map(|raw| raw.at).collect();
        let each = || taps.each_ref().map(|tap| -> Vec<Duration> { all(&tap.frames()) });
        wait(PATIENCE, "announcements are missing", || each().iter().all(|times| times.len() == 5));
        let [first, second] = each();
        // They take turns rather than wait for each other.
        assert!(second[0] < first[4] && first[0] < second[4], "{first:?} {second:?}");
        let mut times = [first, second].concat();
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        // The thread's clock and that of the switch are read at different moments.
        assert!(gaps.clone().all(|gap| gap > GAP / 2), "{:?}", gaps.collect::<Vec<_>>());
        assert!(times[9].saturating_sub(times[0]) > GAP * 8, "{times:?}");
    });
}

const GAP: Duration = Duration::from_millis(60);

/// `interface_up_down_delays`.
#[test]
fn a_cable_that_is_out_for_less_than_the_delay_is_no_fault_and_for_longer_it_is() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let delay = Duration::from_millis(800);
        let delays = vec![LinkDelay { interface: "eth0".to_owned(), down: delay, up: delay }];
        let tuning = Tuning { link_delays: delays, ..Tuning::default() };
        let mut station = Station::with(&switch, "one", 1, tuned(tuning));
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        switch.set_cables(&station.node, false).unwrap();
        pause(delay / 4);
        switch.set_cables(&station.node, true).unwrap();
        pause(delay * 2);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        switch.set_cables(&station.node, false).unwrap();
        assert!(station.wait_for(Phase::Fault, PATIENCE) > delay / 2);
        switch.set_cables(&station.node, true).unwrap();
        assert!(station.wait_for(Phase::Master, PATIENCE) > delay / 2);
        // Without a delay in the file it counts at once.
        station.tell(Command::Tune(Box::default()));
        switch.set_cables(&station.node, false).unwrap();
        assert!(station.wait_for(Phase::Fault, PATIENCE) < delay);
    });
}

/// `vrrp_rx_bufs_policy`, `kernel_rx_buf_size`, `vrrp_netlink_cmd_rcv_bufs` and `vrrp_netlink_monitor_rcv_bufs`.
#[test]
fn sockets_have_the_buffers_that_are_asked_for() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let buffer = |bytes| Some(NetlinkBuffer { bytes, force: false });
        let tuning = Tuning {
            receive_buffer: Some(ReceiveBuffer { policy: BufferPolicy::Mtu, multiplier: 4 }),
            request_buffer: buffer(30_001),
            monitor_buffer: buffer(40_001),
            ..Tuning::default()
        };
        let station = Station::with(&switch, "one", 1, tuned(tuning));
        let own = Rare { receive_buffer: Some(20_000), ..Rare::default() };
        let mut second = Instance { rare: own.boxed(), ..instance("b", 100) };
        second.vrid = Vrid::new(52).unwrap();
        second.addresses = vec![address("198.18.0.101", 24)];
        station.apply(&[instance("a", 100), second]);
        station.wait_for(Phase::Master, PATIENCE);
        // The kernel doubles them; 512 bytes beside each packet are its own.
        let packet = 2 * (4 * (1500 + 512) + 20_000);
        wait(PATIENCE, &format!("{:?}", sizes(AddressFamily::Packet)), || {
            sizes(AddressFamily::Packet).contains(&packet)
        });
        let netlink = sizes(AddressFamily::Netlink);
        assert!([60_002, 80_002].iter().all(|size| netlink.contains(size)), "{netlink:?}");
    });
}

/// The receive buffers of all sockets of this process of a family.
fn sizes(family: AddressFamily) -> Vec<usize> {
    let numbers = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let size = |number: i32| {
        let name = getsockname::<SockaddrStorage>(number).ok()?;
        // SAFETY: a socket was there a moment ago; if it was closed since, the call says so or names another's size.
        let socket = unsafe { BorrowedFd::borrow_raw(number) };
        (name.family()? == family).then(|| getsockopt(&socket, sockopt::RcvBuf).ok()).flatten()
    };
    numbers.filter_map(size).collect()
}

/// `log_unknown_vrids`.
#[test]
fn a_virtual_router_that_nobody_here_belongs_to_is_told_of_once() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let tuning = Tuning { log_unknown_vrids: true, ..Tuning::default() };
        let mut station = Station::with(&switch, "one", 1, tuned(tuning));
        station.apply(&[instance("a", 100)]);
        let other = Station::new(&switch, "two", 2);
        let mut stranger = instance("a", 100);
        stranger.vrid = Vrid::new(77).unwrap();
        stranger.addresses = vec![address("198.18.0.177", 24)];
        other.apply(&[stranger]);
        wait(PATIENCE, "it is not heard", || {
            station.status().interfaces["eth0"].get("unknown_vrid").is_some_and(|count| *count >= 3)
        });
        let line = "198.18.0.2 advertises VRID 77 on eth0, which no vrrp_instance here has (told once)";
        assert_eq!(station.lines(line), 1);
        // The kernel drops them again when nobody wants to know.
        station.tell(Command::Tune(Box::default()));
        let heard = || station.status().interfaces["eth0"]["unknown_vrid"];
        pause(Duration::from_millis(50));
        let before = heard();
        pause(Duration::from_millis(500));
        assert_eq!(heard(), before);
    });
}

/// `nftables` and `nftables_priority`.
#[test]
fn closed_addresses_are_in_the_table_of_that_name_and_stay_closed_when_it_moves() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.200/24"]).unwrap();
        let place = |name: &str| ClosedTable { name: name.to_owned(), priority: -7 };
        let at = |name| Tuning { closed_table: place(name), ..Tuning::default() };
        let station = Station::with(&switch, "one", 1, tuned(at("edge")));
        station.apply(&[Instance { accept: false, ..instance("a", 100) }]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "addresses are missing", || station.has("198.18.0.100"));
        assert!(!answers(&client, "198.18.0.100"));
        // Whose name is taken by our socket nobody else can have.
        let is_taken = |name: &'static str| {
            let made = station.node.run(move || Table::install(&place(name)).map(drop)).unwrap();
            made.is_err_and(|error| error.is(Errno::EPERM))
        };
        assert!(is_taken("edge") && !is_taken("steadfast"));
        station.tell(Command::Tune(Box::new(at("moved"))));
        // The new name is not asked for before the old one is free, or it would be taken by who asks.
        wait(PATIENCE, "it does not move", || !is_taken("edge"));
        assert!(is_taken("moved"));
        assert!(!answers(&client, "198.18.0.100"));
    });
}

/// `disable_local_igmp`.
#[test]
fn groups_of_the_link_are_not_reported_while_it_runs() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let tuning = Tuning { no_local_reports: true, ..Tuning::default() };
        let mut station = Station::with(&switch, "one", 1, tuned(tuning));
        let tap = Wiretap::new(&switch).unwrap();
        let setting = |node: &Node| {
            let path = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";
            node.run(|| fs::read_to_string(path).unwrap()).unwrap().trim().to_owned()
        };
        assert_eq!(setting(&station.node), "0");
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.stop();
        assert_eq!(setting(&station.node), "1");
        let igmp = |raw: &&Raw| raw.node == "one" && raw.payload().0 == 0x0800 && raw.payload().1[9] == 2;
        assert_eq!(tap.frames().iter().filter(igmp).count(), 0);
    });
}

/// Whether a host announces 198.18.0.100 or 198.19.0.100 by gratuitous ARP.
fn is_announcement(raw: &Raw) -> bool {
    let (kind, arp) = raw.payload();
    kind == 0x0806 && arp.get(14..18) == arp.get(24..28) && arp.get(17) == Some(&100)
}
