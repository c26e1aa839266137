//! The story that `steadfast lab` tells, told of others: its bounds are not made to measure.

use runtime_linux::lab::{self, Options, Place, perform};

use crate::group::{D, Who};

#[test]
#[ignore = "needs keepalived"]
fn the_story_holds_with_keepalived_directing() {
    lab::test(|| {
        // VRRP only: this machine's kernel may have no IPVS.
        let held = perform(&D.plan(), &Who::Keepalived.daemon(), &Options::default(), Place::Machine);
        assert!(held.expect("the stage can be built"));
    });
}
