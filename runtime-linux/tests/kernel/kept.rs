//! What a stop leaves of the kernel's IPVS with `-I` (keepalived.md 3.1), by keepalived and by steadfast.

use runtime_linux::lab::Node;

use crate::director::Director;
use crate::machine;
use crate::waiting::{PATIENCE, until};

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn with_dont_release_ipvs_a_stop_leaves_every_service_and_the_next_one_takes_them_over() {
    machine::inside(|| {
        let directors = [
            Director::keepalived(Node::new("keepalived").unwrap()),
            Director::steadfast(Node::new("steadfast").unwrap()),
        ];
        for director in directors {
            let mut director = director.with("-I");
            director.start(CONFIGURATION);
            let whole = || (director.ipvsadm(&["-Sn"]) == WHOLE).then_some(());
            until(PATIENCE, whole).unwrap_or_else(|| panic!("{}", director.log()));
            director.stop();
            assert_eq!(director.ipvsadm(&["-Sn"]), WHOLE, "{}", director.log());
            director.without("-I");
            director.start(CONFIGURATION);
            let taken = || director.log().contains(SERVED).then_some(());
            until(PATIENCE, taken).unwrap_or_else(|| panic!("{}", director.log()));
            director.stop();
            assert_eq!(director.ipvsadm(&["-Sn"]), "", "{}", director.log());
        }
    });
}

const CONFIGURATION: &str = "virtual_server 192.0.2.1 80 {
 lvs_sched wrr
 lvs_method DR
 protocol TCP
 real_server 198.51.100.1 80 {
  weight 2
 }
 real_server 198.51.100.2 80 {
 }
}
virtual_server fwmark 9 {
 lvs_sched rr
 lvs_method NAT
 protocol TCP
 real_server 198.51.100.1 80 {
 }
}
";
/// What either speaks of once a service has its servers.
const SERVED: &str = "quorum";
const WHOLE: &str = "-A -t 192.0.2.1:80 -s wrr
-a -t 192.0.2.1:80 -r 198.51.100.1:80 -g -w 2
-a -t 192.0.2.1:80 -r 198.51.100.2:80 -g -w 1
-A -f 9 -s rr
-a -f 9 -r 198.51.100.1:80 -m -w 1
";
