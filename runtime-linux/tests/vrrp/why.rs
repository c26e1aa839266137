//! What `steadfast why` says of routers that run.

use runtime_linux::config::model::Tracked;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Switch};
use runtime_linux::why::{self, Known};

use crate::station::{PATIENCE, Station, instance, judged, wait};

#[test]
fn a_router_that_lost_its_script_says_who_beats_it_and_why_its_priority_is_low() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (first, second) = (Station::new(&switch, "first", 1), Station::new(&switch, "second", 2));
        let mut tracking = instance("a", 150);
        tracking.track_scripts =
            vec![Tracked { name: "httpd".to_owned(), weight: -60, reverse: false }].into();
        first.apply(&[tracking]);
        first.wait_for(Phase::Master, PATIENCE);
        second.apply(&[instance("a", 100)]);
        wait(PATIENCE, "second hears nobody", || second.instance("a").active.is_some());
        assert_eq!(
            text(&second).lines().next(),
            Some("a is BACKUP because 198.18.0.1 is Active with priority 150, ours is 100")
        );
        first.tell(judged("httpd", false));
        first.wait_for(Phase::Backup, PATIENCE);
        wait(PATIENCE, "first does not know who is Active", || first.instance("a").active.is_some());
        let text = text(&first);
        let answer = "a is BACKUP because 198.18.0.2 is Active with priority 100, \
                      ours is 90 (150 - 60 for script httpd)";
        assert_eq!(text.lines().next(), Some(answer), "{text}");
        for line in [
            "          script httpd is failing  -60",
            "          with every tracker well its priority is 150, enough against 100",
            "ACTIVE    198.18.0.2, priority 100, an advert every 100 ms",
        ] {
            assert!(text.lines().any(|other| other == line), "no `{line}` in\n{text}");
        }
        // The latest comes first.
        let last: Vec<&str> =
            text.lines().filter_map(|line| line.split_once(" ago  ")).map(|(_, what)| what).collect();
        assert_eq!(
            last,
            [
                "BACKUP: 198.18.0.2 advertises with higher priority 100, ours is 90",
                "effective priority 90",
                "MASTER: no MASTER is heard",
                "BACKUP: nothing stands in the way",
            ]
        );
    });
}

fn text(station: &Station) -> String {
    let status = station.status();
    let known = Known { routers: &status.instances, services: &[] };
    why::answer("a", known).unwrap().swap_remove(0).text
}
