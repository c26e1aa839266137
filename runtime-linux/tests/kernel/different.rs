//! Where steadfast leaves another table than keepalived, on purpose.

use runtime_linux::lab::Node;

use crate::director::Director;
use crate::machine;
use crate::waiting::{PATIENCE, until};

struct Difference {
    why: &'static str,
    text: &'static str,
    /// `ipvsadm -Sn` after keepalived 2.2.7 has read it.
    theirs: &'static str,
    /// The same after steadfast.
    ours: &'static str,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        why: "a quorum that all real servers together could never gain would leave them out for ever: \
              with hysteresis, all of them are enough",
        text: "virtual_server 192.0.2.1 80 {
            protocol TCP
            quorum 4
            hysteresis 3
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                weight 2
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }",
        theirs: "-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 203.0.113.9:80 -m -w 1
",
        ours: "-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 2
-a -t 192.0.2.1:80 -r 198.51.100.2:80 -m -w 2
",
    },
    Difference {
        why: "without real servers there is still somebody to say sorry, where keepalived drops the virtual server",
        text: "virtual_server 192.0.2.1 80 {
            protocol TCP
            sorry_server 203.0.113.9 80
        }",
        theirs: "",
        ours: "-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 203.0.113.9:80 -m -w 1
",
    },
];

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn what_is_different_is_different_on_purpose() {
    machine::inside(|| {
        let mut theirs = Director::keepalived(Node::new("keepalived").unwrap());
        let mut ours = Director::steadfast(Node::new("steadfast").unwrap());
        for Difference { why, text, theirs: left, ours: right } in DIFFERENCES {
            theirs.start(text);
            ours.start(text);
            let told = theirs.process().wait_for("Startup complete", PATIENCE);
            assert!(told.is_some(), "{}", theirs.log());
            let saved = |director: &Director| director.ipvsadm(&["-Sn"]);
            let seen = until(PATIENCE, || (saved(&ours) == *right).then_some(()));
            assert!(seen.is_some(), "{why}:\n{}{}", saved(&ours), ours.log());
            assert_eq!(saved(&theirs), *left, "{why}{}", theirs.log());
            theirs.stop();
            ours.stop();
        }
    });
}
