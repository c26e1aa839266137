//! `steadfast capture` on a live link.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use std::process::Command;
use std::sync::mpsc;

use nix::sys::signal::Signal;
use runtime_linux::capture::{self, Options, Source};
use runtime_linux::lab::{self, Node, Process, Switch};
use socket2::{Domain, Protocol, Socket, Type};

#[test]
fn what_goes_over_a_link_is_decoded_and_judged() {
    lab::test(|| {
        let net = Net::new();
        let sender = net.sends(&[(255, T2), (254, T2), (255, T1), (255, T2_RESIGNING)]);
        let shown = net.capture(Options { count: Some(8), ..live("eth0") });
        drop(sender);
        let mut verdicts: Vec<_> = shown
            .lines()
            .filter_map(|line| line.split_once(" > 224.0.0.18 "))
            .map(|(_, said)| said)
            .collect();
        assert_eq!(verdicts.len(), 8, "{shown}");
        // The first advert may be any of the four, and it sets what is expected: put them in an order.
        verdicts.sort_unstable();
        verdicts.dedup();
        let ttl = "VRRPv2 VRID 1, priority 100, interval 1000 ms, 192.0.2.1, auth PASS, checksum good, TTL 254 -- \
                   dropped (ttl): TTL 254: crossed a router or forged";
        assert!(verdicts.contains(&ttl), "{verdicts:#?}");
        let summary = shown.split_once("\n\n").unwrap().1;
        assert!(summary.starts_with("8 packets in "), "{summary}");
        assert!(summary.contains("VRID 1, IPv4: "), "{summary}");
        assert!(summary.contains(", 2 ttl"), "{summary}");
        let mac = shown.split(' ').nth(1).unwrap();
        assert_eq!((mac.len(), mac.split(':').count()), (17, 6));
    });
}

#[test]
fn an_announcement_is_marked_with_and_without_a_vlan_tag() {
    lab::test(|| {
        let net = Net::new();
        let process = net.spawn(&["-i", "eth0", "-c", "2"]);
        // The kernel takes the tag off before anybody sees the frame.
        for frame in
            [ANNOUNCEMENT.to_vec(), [&ANNOUNCEMENT[..12], b"\x81\0\0\x0a", &ANNOUNCEMENT[12..]].concat()]
        {
            net.peer.run(|| inject("eth0", &frame)).unwrap();
        }
        assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(0));
        let text = " 00:00:5e:00:01:01 (virtual, VRID 1) > ff:ff:ff:ff:ff:ff gratuitous ARP request: \
                    192.0.2.1 is at 00:00:5e:00:01:01 (virtual, VRID 1)";
        assert!(process.wait_for("ARP: 2, gratuitous 2", LONG).is_some(), "{:?}", process.log());
        assert_eq!(process.log().iter().filter(|line| line.text.ends_with(text)).count(), 2);
    });
}

#[test]
fn the_filter_lets_pass_what_is_ours_and_nothing_else() {
    lab::test(|| {
        let net = Net::new();
        let process = net.spawn(&["-i", "eth0", "-c", "3"]);
        let ethernet = |kind: &[u8], packet: &[u8]| [&[0xff; 6], &[2, 0, 0, 0, 0, 10], kind, packet].concat();
        let mut udp = IN_AUTHENTICATION_HEADER.to_vec();
        udp[9] = 17;
        let mut tcp = SOLICITATION.to_vec();
        tcp[6] = 6;
        for frame in [
            ethernet(b"\x08\x00", &udp),
            ethernet(b"\x86\xdd", &tcp),
            ethernet(b"\x88\xcc", &[0; 46]),
            ethernet(b"\x86\xdd", SOLICITATION),
            ethernet(b"\x08\x00", IN_AUTHENTICATION_HEADER),
            ANNOUNCEMENT.to_vec(),
        ] {
            net.peer.run(|| inject("eth0", &frame)).unwrap();
        }
        assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(0));
        process.wait_for("ARP: 1, gratuitous 1", LONG).unwrap();
        let said = |words: &str| process.log().iter().any(|line| line.text.contains(words));
        assert!(said(
            "fe80::a > ff02::1:ff00:1 neighbour solicitation: who has fe80::1? tell 02:00:00:00:00:0a"
        ));
        // Without its key nobody can tell more.
        assert!(said("auth AH (SPI 192.0.2.10, sequence 1), checksum good -- accepted"));
        assert!(said(" s, 0 others passed over"), "{:?}", process.log());
    });
}

#[test]
fn an_interrupt_ends_it_with_the_summary() {
    lab::test(|| {
        let net = Net::new();
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let process = net.spawn(&["-i", "eth0"]);
            let _sender = net.sends(&[(255, T1)]);
            let line = process.wait_for("accepted", LONG).unwrap();
            assert!(!line.text.contains('\x1b'), "colours in a pipe: {}", line.text);
            process.signal(signal).unwrap();
            assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(0));
            assert!(process.wait_for("VRID 1, IPv4: ", LONG).is_some(), "{:?}", process.log());
        }
    });
}

#[test]
fn a_link_that_goes_away_ends_it_and_one_that_goes_down_does_not() {
    lab::test(|| {
        let net = Net::new();
        let process = net.spawn(&["-i", "eth0"]);
        net.host.set_link("eth0", false).unwrap();
        process.wait_for("eth0 is down; waiting for it", LONG).unwrap();
        net.host.set_link("eth0", true).unwrap();
        let _sender = net.sends(&[(255, T1)]);
        process.wait_for("accepted", LONG).unwrap();
        drop(net.switch); // and with it every cable
        let ended = process.wait(LONG).and_then(|status| status.code());
        let links = net.host.run(|| std::fs::read_to_string("/proc/thread-self/net/dev")).unwrap();
        assert_eq!(ended, Some(1), "{:?} {links:?}", process.log());
        let log = process.log();
        assert!(log.iter().any(|line| line.text.starts_with("steadfast: capturing on eth0: ")), "{log:?}");
        assert!(log.iter().any(|line| line.text.starts_with("VRID 1, IPv4: ")), "{log:?}");
    });
}

#[test]
fn a_link_that_is_not_there_is_refused_with_those_that_are() {
    lab::test(|| {
        let net = Net::new();
        let error = net.host.run(|| capture::run_to(live("eth7"), Vec::new(), false)).unwrap().unwrap_err();
        assert_eq!(error.to_string(), "there is no interface \"eth7\"; there are: lo, eth0");
    });
}

/// Two hosts on a switch.
struct Net {
    switch: Switch,
    host: Node,
    peer: Node,
}

impl Net {
    fn new() -> Self {
        let switch = Switch::new("lan").unwrap();
        let (host, peer) = (Node::new("host").unwrap(), Node::new("peer").unwrap());
        // No neighbour discovery in between.
        for node in [&host, &peer] {
            node.set("ipv6/conf/default/disable_ipv6", "1").unwrap();
        }
        host.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        peer.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        Self { switch, host, peer }
    }

    fn capture(&self, options: Options) -> String {
        let mut out = Vec::new();
        self.host.run(|| capture::run_to(options, &mut out, false)).unwrap().unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The command on the host, ready to take what comes.
    fn spawn(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command.arg("capture").args(arguments);
        let process = self.host.spawn(command).unwrap();
        process.wait_for("capturing on eth0", LONG).unwrap();
        process
    }

    /// Has the peer send adverts, TTL and message, one after the other and over again until this is dropped.
    fn sends(&self, adverts: &'static [(u32, &'static [u8])]) -> mpsc::Sender<()> {
        let open = || {
            let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap();
            socket.set_multicast_if_v4(&Ipv4Addr::new(198, 18, 0, 2)).unwrap();
            socket
        };
        let socket = self.peer.run(open).unwrap();
        let group = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 18), 0).into();
        let (stay, leave) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            for (ttl, message) in adverts.iter().cycle() {
                socket.set_multicast_ttl_v4(*ttl).unwrap();
                // The cable may be unplugged for a while.
                let _ = socket.send_to(message, &group);
                if leave.recv_timeout(Duration::from_millis(20)) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        stay
    }
}

/// Sends a frame as it is.
fn inject(link: &str, frame: &[u8]) {
    let interface = pnet_datalink::interfaces().into_iter().find(|interface| interface.name == link).unwrap();
    let Ok(pnet_datalink::Channel::Ethernet(mut sender, _)) =
        pnet_datalink::channel(&interface, pnet_datalink::Config::default())
    else {
        panic!("no channel to {link}");
    };
    sender.send_to(frame, None).unwrap().unwrap();
}

fn live(link: &str) -> Options {
    let source = Source::Link(link.to_owned());
    Options { source, vrid: None, version: None, password: None, count: None, json: false }
}

const T1: &[u8] = b"\x21\x01\x64\x01\x00\x01\xb8\xfa\xc0\x00\x02\x01\0\0\0\0\0\0\0\0";
const T2: &[u8] = b"\x21\x01\x64\x01\x01\x01\x53\x94\xc0\x00\x02\x011234\0\0\0\0";
/// T2 with priority 0.
const T2_RESIGNING: &[u8] = b"\x21\x01\x00\x01\x01\x01\xb7\x94\xc0\x00\x02\x011234\0\0\0\0";
/// Vector P2: a version 2 advert in an IP authentication header.
const IN_AUTHENTICATION_HEADER: &[u8; 64] =
    b"\x45\xc0\x00\x40\x00\x01\x00\x00\xff\x33\x18\xad\xc0\x00\x02\x0a\
    \xe0\x00\x00\x12\x70\x04\x00\x00\xc0\x00\x02\x0a\x00\x00\x00\x01\xcd\x8c\xe5\x07\x1e\x54\x46\x78\
    \xac\xa6\x34\xa2\x21\x01\x64\x01\x02\x01\xb6\xfa\xc0\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00";
/// A neighbour solicitation.
const SOLICITATION: &[u8; 72] = b"\x60\0\0\0\0\x20\x3a\xff\
    \xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff\0\0\x01\
    \x87\0\0\0\0\0\0\0\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\x01\x02\0\0\0\0\x0a";
/// Vector F1b.
const ANNOUNCEMENT: &[u8; 42] = b"\xff\xff\xff\xff\xff\xff\x00\x00\x5e\x00\x01\x01\x08\x06\
    \x00\x01\x08\x00\x06\x04\x00\x01\x00\x00\x5e\x00\x01\x01\xc0\x00\x02\x01\
    \x00\x00\x5e\x00\x01\x01\xc0\x00\x02\x01";
const LONG: Duration = Duration::from_secs(10);
