//! The tables of `nftables_ipvs`, as `nft` shows them.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::process::Command;

use ipvs_core::Protocol;
use runtime_linux::lab::{self, Node};
use runtime_linux::netlink::nftables::marks::{Marked, Tables};

#[test]
#[ignore = "needs nft"]
fn groups_are_marked_by_the_tables_that_keepalived_makes() {
    lab::test(|| {
        let node = Node::new("director").unwrap();
        let mut tables = node.run(|| Tables::open("keepalived_ipvs", -1).unwrap()).unwrap();
        let marked = |protocol, first: &str, last: &str, port, mark| Marked {
            protocol,
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
            port,
            mark,
        };
        let all = [
            marked(Protocol::Tcp, "10.9.0.20", "10.9.0.20", Some(80), 2000),
            marked(Protocol::Tcp, "10.9.0.21", "10.9.0.23", Some(80), 2000),
            marked(Protocol::Tcp, "10.9.0.24", "10.9.0.24", Some(443), 2000),
            marked(Protocol::Sctp, "2001:db8::1", "2001:db8::4", Some(80), 2001),
            marked(Protocol::Sctp, "2001:db8::9", "2001:db8::9", Some(443), 2001),
            marked(Protocol::Udp, "10.9.1.0", "10.9.1.255", Some(53), 2002),
        ];
        tables.replace(&all).unwrap();
        assert_eq!(rules(&node), KEEPALIVED);
        // One is put in the place of the other, and a family without any has no table.
        tables.replace(&[marked(Protocol::Tcp, "10.9.0.1", "10.9.0.1", None, 5)]).unwrap();
        assert_eq!(rules(&node), EVERY_PORT);
        tables.replace(&[]).unwrap();
        assert_eq!(rules(&node), "");
    });
}

fn rules(node: &Node) -> String {
    let list = || Command::new("nft").args(["list", "ruleset"]).output().unwrap();
    let output = node.run(list).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What keepalived 2.2.7 makes of such groups, with `nftables_ipvs_start_fwmark 2000`.
const KEEPALIVED: &str = "table ip keepalived_ipvs {
	map tcp_map {
		type ipv4_addr . inet_service : mark
		flags interval
		elements = { 10.9.0.20 . 80 : 0x000007d0,
			     10.9.0.21-10.9.0.23 . 80 : 0x000007d0,
			     10.9.0.24 . 443 : 0x000007d0 }
	}

	map udp_map {
		type ipv4_addr . inet_service : mark
		flags interval
		elements = { 10.9.1.0/24 . 53 : 0x000007d2 }
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		meta mark set ip daddr . tcp dport map @tcp_map return
		meta mark set ip daddr . udp dport map @udp_map return
	}
}
table ip6 keepalived_ipvs {
	map sctp_map {
		type ipv6_addr . inet_service : mark
		flags interval
		elements = { 2001:db8::1-2001:db8::4 . 80 : 0x000007d1,
			     2001:db8::9 . 443 : 0x000007d1 }
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		meta mark set ip6 daddr . sctp dport map @sctp_map return
	}
}
";

/// keepalived means port 0 by it, so that no packet of such a group is marked.
const EVERY_PORT: &str = "table ip keepalived_ipvs {
	map tcp_map {
		type ipv4_addr . inet_service : mark
		flags interval
		elements = { 10.9.0.1 . 0-65535 : 0x00000005 }
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		meta mark set ip daddr . tcp dport map @tcp_map return
	}
}
";
