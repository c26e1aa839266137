//! Files and processes that move priorities, and how that is told.

use runtime_linux::config::model::{Instance, Seldom, SyncGroup, Tracked};
use runtime_linux::driver::{Command, Kind, Phase, Verdict};
use runtime_linux::lab::{self, Switch};
use runtime_linux::why::{self, Known};
use vrrp_core::Vrid;

use crate::station::{PATIENCE, Station, address, instance, wait};

#[test]
fn the_number_in_a_file_times_its_weight_moves_the_priority() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let station = Station::new(&switch, "one", 1);
        let file = tracked("load", -2);
        station.tell(holds("load", 7));
        station.apply(&[Instance { track_files: vec![file].into(), ..instance("a", 100) }]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").priority, 86);
        assert_eq!(arithmetic(&station), ["base 100", "file load holds 7, times -2 -14", "= effective 86"]);

        station.tell(holds("load", -300));
        wait(PATIENCE, "it does not count", || station.instance("a").priority == 254);
        let lines = arithmetic(&station);
        assert_eq!(lines.last().unwrap(), "= effective, kept within 1 to 254 254");

        // A product of -254 is a fault.
        station.tell(holds("load", 127));
        station.wait_for(Phase::Fault, PATIENCE);
        station.tell(holds("load", 0));
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").priority, 100);
    });
}

#[test]
fn what_was_judged_while_nobody_tracked_it_counts_when_somebody_does() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.tell(holds("load", 30));
        station.tell(crate::station::judged("vital", true));
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let (track_files, track_scripts) =
            (vec![tracked("load", 1)].into(), vec![tracked("vital", 0)].into());
        station.apply(&[Instance { track_files, track_scripts, ..instance("a", 100) }]);
        wait(PATIENCE, "not counted", || station.instance("a").priority == 130);
        assert_eq!(station.instance("a").faults, Vec::<String>::new());
        // A definition that went and came back has yet to be judged.
        station.apply(&[instance("a", 100)]);
        station.tell(Command::Forget { kind: Kind::Script, name: "vital".to_owned() });
        station.apply(&[Instance { track_scripts: vec![tracked("vital", 0)].into(), ..instance("a", 100) }]);
        station.wait_for(Phase::Fault, PATIENCE);
    });
}

#[test]
fn a_process_without_a_weight_keeps_a_whole_group_out_and_one_with_a_weight_counts_once_for_all() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let station = Station::new(&switch, "one", 1);
        let first = Instance {
            track_processes: vec![tracked("vital", 0), tracked("useful", 20)].into(),
            track_files: vec![Tracked { reverse: true, ..tracked("drain", 0) }].into(),
            ..instance("a", 100)
        };
        let second = Instance {
            vrid: Vrid::new(52).unwrap(),
            addresses: vec![address("198.18.0.101", 24)],
            ..instance("b", 100)
        };
        let group = SyncGroup {
            tracks: Seldom::default(),
            name: "g".to_owned(),
            members: vec!["a".to_owned(), "b".to_owned()],
            notify: runtime_linux::config::model::Notify::default(),
        };
        station.tell(runs("vital", false));
        station.tell(runs("useful", true));
        station.tell(holds("drain", 1));
        station.apply_groups(&[first, second], &[group]);
        station.wait_for(Phase::Fault, PATIENCE);
        let answer = answer(&station, "a");
        assert_eq!(answer, "a is in FAULT because process vital does not run as it should");
        station.tell(runs("vital", true));
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!((station.instance("a").priority, station.instance("b").priority), (120, 120));
        // Reversed, it is zero that is the fault.
        station.tell(holds("drain", 0));
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("b").faults, ["sync_group"]);
    });
}

fn answer(station: &Station, name: &str) -> String {
    let routers = station.status().instances;
    let mut answers = why::answer(name, Known { routers: &routers, services: &[] }).unwrap();
    answers.remove(0).answer
}

/// The lines of the section PRIORITY, blanks folded.
fn arithmetic(station: &Station) -> Vec<String> {
    let routers = station.status().instances;
    let text = why::answer("a", Known { routers: &routers, services: &[] }).unwrap().remove(0).text;
    let lines = text.lines().skip_while(|line| !line.contains("PRIORITY"));
    let folded = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let folded = folded.map(|line| line.trim_start_matches("PRIORITY ").to_owned());
    folded.take_while(|line| !line.starts_with("ACTIVE") && !line.starts_with("FAULTS")).collect()
}

fn tracked(name: &str, weight: i16) -> Tracked {
    Tracked { name: name.to_owned(), weight, reverse: false }
}

fn holds(file: &str, value: i32) -> Command {
    Command::Judged { kind: Kind::File, name: file.to_owned(), verdict: Verdict::Value(value) }
}

fn runs(process: &str, good: bool) -> Command {
    Command::Judged { kind: Kind::Process, name: process.to_owned(), verdict: Verdict::Good(good) }
}
