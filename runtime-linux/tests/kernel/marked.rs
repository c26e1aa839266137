//! `nftables_ipvs` where nftables is too small for it: the kernel of this virtual machine has no tables of family `ip`.
//! What the tables look like is in `tests/netns/marks.rs`.

use runtime_linux::lab::Node;

use crate::director::Director;
use crate::machine;
use crate::waiting::{PATIENCE, until};

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn where_packets_cannot_be_marked_each_address_of_a_group_stays_a_service_and_the_log_says_why() {
    machine::inside(|| {
        let mut director = Director::steadfast(Node::new("steadfast").unwrap());
        director.start(CONFIGURATION);
        until(PATIENCE, || (director.ipvsadm(&["-Sn"]) == WHOLE).then_some(()))
            .unwrap_or_else(|| panic!("{}{}", director.ipvsadm(&["-Sn"]), director.log()));
        assert!(
            director.log().contains(
                "nftables_ipvs has no effect, each address of a group is a service of its own: cannot make the \
                 nftables tables: "
            ),
            "{}",
            director.log()
        );
        director.stop();
    });
}

const CONFIGURATION: &str = "global_defs {
 nftables_ipvs
}
virtual_server_group web {
 192.0.2.1-2 80
}
virtual_server group web {
 lvs_sched rr
 lvs_method NAT
 protocol TCP
 real_server 198.51.100.1 80 {
 }
}
";
const WHOLE: &str = "-A -t 192.0.2.1:80 -s rr
-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 1
-A -t 192.0.2.2:80 -s rr
-a -t 192.0.2.2:80 -r 198.51.100.1:80 -m -w 1
";
