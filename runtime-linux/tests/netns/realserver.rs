//! `steadfast realserver`: what it does to a kernel, and that it takes back exactly that.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use core::net::IpAddr;
use core::time::Duration;
use std::path::Path;

use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::realserver::{self, Action, Options};

#[test]
fn up_and_down_leave_a_host_as_it_was() {
    lab::test(|| {
        let host = RealServer::new();
        host.node.set("ipv4/conf/all/arp_announce", "1").unwrap();
        assert_eq!(
            host.up(VIP),
            "set net/ipv4/conf/lo/arp_ignore to 1 (was 0)\n\
             set net/ipv4/conf/lo/arp_announce to 2 (was 0)\n\
             set net/ipv4/conf/all/arp_ignore to 1 (was 0)\n\
             set net/ipv4/conf/all/arp_announce to 2 (was 1)\n\
             added 198.18.0.100/32 to lo\n"
        );
        assert_eq!(host.settings(), [1, 2, 1, 2]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "198.18.0.100/32", "::1/128"]);
        assert_eq!(host.up(VIP), "198.18.0.100 is set up on lo already: nothing to do\n");
        assert_eq!(
            host.down(VIP),
            "removed 198.18.0.100/32 from lo\n\
             set net/ipv4/conf/lo/arp_ignore to 0 (was 1)\n\
             set net/ipv4/conf/lo/arp_announce to 0 (was 2)\n\
             set net/ipv4/conf/all/arp_ignore to 0 (was 1)\n\
             set net/ipv4/conf/all/arp_announce to 1 (was 2)\n"
        );
        assert_eq!(host.settings(), [0, 0, 0, 1]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "::1/128"]);
        assert_eq!(host.down(VIP), "198.18.0.100 is not on lo: nothing to undo\n");
        assert_eq!(host.files(), ["realserver.lock"]);
    });
}

#[test]
fn neighbours_get_no_answer_for_the_address_and_packets_to_it_are_taken() {
    lab::test(|| {
        let host = RealServer::new();
        let client = Node::new("client").unwrap();
        let switch = Switch::new("lan").unwrap();
        host.node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.9/24"]).unwrap();
        host.up(VIP);
        let listener = host.node.run(|| std::net::TcpListener::bind("198.18.0.100:80")).unwrap().unwrap();
        let connect = || {
            let within = core::time::Duration::from_secs(4);
            let to = "198.18.0.100:80".parse().unwrap();
            client.run(|| std::net::TcpStream::connect_timeout(&to, within)).unwrap()
        };
        // Nobody answers the ARP question, so there is no host of that name on the link ...
        assert_eq!(connect().unwrap_err().raw_os_error(), Some(nix::errno::Errno::EHOSTUNREACH as i32));
        // ... but what a director sends here arrives.
        client.route_via("198.18.0.100/32", "198.18.0.1".parse().unwrap()).unwrap();
        connect().unwrap();
        drop(listener);
    });
}

#[test]
fn two_addresses_share_the_settings_until_the_last_is_down() {
    lab::test(|| {
        let host = RealServer::new();
        host.up(VIP);
        assert_eq!(host.up("198.18.0.101"), "added 198.18.0.101/32 to lo\n");
        assert_eq!(
            host.down(VIP),
            "removed 198.18.0.100/32 from lo\nARP settings stay as they are for 198.18.0.101\n"
        );
        assert_eq!(host.settings(), [1, 2, 1, 2]);
        host.down("198.18.0.101");
        assert_eq!(host.settings(), [0, 0, 0, 0]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "::1/128"]);
    });
}

#[test]
fn what_others_changed_is_left_alone_and_said() {
    lab::test(|| {
        let host = RealServer::new();
        host.up(VIP);
        host.node.set("ipv4/conf/all/arp_ignore", "2").unwrap();
        host.node.remove_address("lo", "198.18.0.100/32").unwrap();
        host.node.add_address("lo", "198.18.0.100/32").unwrap();
        assert_eq!(
            host.down(VIP),
            "198.18.0.100 on lo was put there by somebody else since: left alone\n\
             set net/ipv4/conf/lo/arp_ignore to 0 (was 1)\n\
             set net/ipv4/conf/lo/arp_announce to 0 (was 2)\n\
             net/ipv4/conf/all/arp_ignore is 2 now and not 1 as set: left alone\n\
             set net/ipv4/conf/all/arp_announce to 0 (was 2)\n"
        );
        assert_eq!(host.settings(), [0, 0, 2, 0]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "198.18.0.100/32", "::1/128"]);
    });
}

#[test]
fn an_ipv6_address_is_usable_at_once_and_changes_no_setting() {
    lab::test(|| {
        let host = RealServer::new();
        assert_eq!(host.up("2001:db8::100"), "added 2001:db8::100/128 to lo\n");
        assert_eq!(host.settings(), [0, 0, 0, 0]);
        host.node.run(|| std::net::TcpListener::bind("[2001:db8::100]:80").unwrap()).unwrap();
        assert_eq!(host.down("2001:db8::100"), "removed 2001:db8::100/128 from lo\n");
        assert_eq!(host.addresses(), ["127.0.0.1/8", "::1/128"]);
    });
}

/// A kill leaves the state file and some of the changes. Which ones can be had by taking back the others.
#[test]
fn a_run_that_was_killed_is_finished_or_undone_by_the_next() {
    lab::test(|| {
        for undone in 0..=5 {
            for finish in [false, true] {
                let host = RealServer::new();
                host.up(VIP);
                if undone > 0 {
                    host.node.remove_address("lo", "198.18.0.100/32").unwrap();
                }
                for setting in SETTINGS.iter().rev().take(undone.max(1) - 1) {
                    host.node.set(setting, "0").unwrap();
                }
                if finish {
                    host.up(VIP);
                    assert_eq!(host.settings(), [1, 2, 1, 2], "after {undone}");
                    assert_eq!(host.addresses(), ["127.0.0.1/8", "198.18.0.100/32", "::1/128"]);
                }
                host.down(VIP);
                assert_eq!(host.settings(), [0, 0, 0, 0], "after {undone}, {finish}");
                assert_eq!(host.addresses(), ["127.0.0.1/8", "::1/128"]);
                assert_eq!(host.files(), ["realserver.lock"]);
            }
        }
    });
}

/// The command itself, killed at whatever it was doing.
#[test]
fn a_real_kill_leaves_nothing_behind_after_down() {
    lab::test(|| {
        let command = |action: &str| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_steadfast"));
            command.args(["realserver", action, VIP]);
            command
        };
        let host = RealServer::new();
        let mut killed = 0;
        for patience in 0..24_u64 {
            let action = if patience % 3 == 2 { "down" } else { "up" };
            let process = host.node.spawn(command(action)).unwrap();
            killed += u8::from(process.wait(Duration::from_micros(patience * 400)).is_none());
            process.kill();
            process.wait(LONG).unwrap();
        }
        assert!(killed > 0, "none was killed");
        let process = host.node.spawn(command("down")).unwrap();
        assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(0), "{:?}", process.log());
        assert_eq!(host.settings(), [0, 0, 0, 0]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "::1/128"]);
    });
}

#[test]
fn what_the_published_script_did_stays_after_down() {
    lab::test(|| {
        let host = RealServer::new();
        // What the published realserver.sh leaves, with this VIP.
        host.node.add_address("lo", "198.18.0.100/32").unwrap();
        for (setting, value) in SETTINGS.iter().zip(["1", "2", "1", "2"]) {
            host.node.set(setting, value).unwrap();
        }
        assert_eq!(host.up(VIP), "198.18.0.100 was on lo already: `down` will leave it there\n");
        assert_eq!(host.down(VIP), "198.18.0.100 was on lo before: left there\n");
        assert_eq!(host.settings(), [1, 2, 1, 2]);
        assert_eq!(host.addresses(), ["127.0.0.1/8", "198.18.0.100/32", "::1/128"]);
    });
}

#[test]
fn namespaces_that_share_a_directory_do_not_share_their_state() {
    lab::test(|| {
        let (one, other) = (RealServer::new(), RealServer::new());
        let shared = one.directory.path();
        let mut words = Vec::new();
        for node in [&one.node, &other.node] {
            words.push(act(node, shared, Action::Up, VIP, "lo").unwrap());
        }
        assert_eq!(words[0], words[1]);
        act(&one.node, shared, Action::Down, VIP, "lo").unwrap();
        assert_eq!((one.settings(), other.settings()), ([0, 0, 0, 0], [1, 2, 1, 2]));
        act(&other.node, shared, Action::Down, VIP, "lo").unwrap();
        assert_eq!(other.settings(), [0, 0, 0, 0]);
    });
}

#[test]
fn what_cannot_work_is_refused_in_words_and_changes_nothing() {
    lab::test(|| {
        let host = RealServer::new();
        let directory = host.directory.path();
        let refused = |address, link| {
            format!("{:#}", act(&host.node, directory, Action::Up, address, link).unwrap_err())
        };
        assert_eq!(refused(VIP, "eth7"), "there is no interface \"eth7\"; there are: lo");
        assert_eq!(refused("127.0.0.1", "lo"), "127.0.0.1 cannot be a virtual address");
        assert_eq!(refused("224.0.0.18", "lo"), "224.0.0.18 cannot be a virtual address");
        host.node.set("ipv6/conf/lo/disable_ipv6", "1").unwrap();
        assert_eq!(
            refused("2001:db8::100", "lo"),
            "adding 2001:db8::100: IPv6 is off on lo (/proc/sys/net/ipv6/conf/lo/disable_ipv6 is not 0)"
        );
        assert_eq!(host.settings(), [0, 0, 0, 0]);
        assert_eq!(host.files(), ["realserver.lock"]);
    });
}

#[test]
fn a_link_that_still_answers_is_pointed_out() {
    lab::test(|| {
        let host = RealServer::new();
        let switch = Switch::new("lan").unwrap();
        host.node.link_to(&switch, "eth0", &["198.18.0.100/24"]).unwrap();
        host.node.set("ipv4/conf/eth0/arp_ignore", "3").unwrap();
        let words = host.up(VIP);
        let warnings: Vec<_> = words.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(
            warnings,
            [
                "warning: 198.18.0.100 is on eth0 too: this host answers for it there",
                "warning: net/ipv4/conf/eth0/arp_ignore is 3: eth0 still answers for 198.18.0.100; set it to 1",
            ]
        );
    });
}

/// A host with nothing but its loopback, and a directory for the state.
struct RealServer {
    node: Node,
    directory: tempfile::TempDir,
}

impl RealServer {
    fn new() -> Self {
        Self { node: Node::new("real").unwrap(), directory: tempfile::tempdir().unwrap() }
    }

    fn up(&self, address: &str) -> String {
        act(&self.node, self.directory.path(), Action::Up, address, "lo").unwrap()
    }

    fn down(&self, address: &str) -> String {
        act(&self.node, self.directory.path(), Action::Down, address, "lo").unwrap()
    }

    fn settings(&self) -> [i32; 4] {
        let read = |setting: &str| {
            let path = format!("/proc/sys/net/{setting}");
            self.node.run(|| std::fs::read_to_string(path)).unwrap().unwrap().trim().parse().unwrap()
        };
        SETTINGS.map(read)
    }

    fn addresses(&self) -> Vec<String> {
        self.node.addresses("lo").unwrap().iter().map(ToString::to_string).collect()
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn act(node: &Node, directory: &Path, action: Action, address: &str, link: &str) -> anyhow::Result<String> {
    let address: IpAddr = address.parse().unwrap();
    let options = Options { action, address, interface: link.to_owned() };
    let mut words = Vec::new();
    node.run(|| realserver::run_in(directory, options, &mut words)).unwrap()?;
    Ok(String::from_utf8(words).unwrap())
}

const LONG: Duration = Duration::from_secs(10);
const VIP: &str = "198.18.0.100";

/// In the order in which they are set.
const SETTINGS: [&str; 4] = [
    "ipv4/conf/lo/arp_ignore",
    "ipv4/conf/lo/arp_announce",
    "ipv4/conf/all/arp_ignore",
    "ipv4/conf/all/arp_announce",
];
