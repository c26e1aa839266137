//! `steadfast lab` as its user calls it.

use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn the_built_in_story_holds_and_every_step_of_it_is_told() {
    let _stage = stage();
    let output = lab(&[]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let steps = [
        "director1 is Active",
        "answers: web1 100, web2 100",
        "web1 left the rotation",
        "web1 is asked again",
        "director1 is killed (SIGKILL)",
        "director2 is Active",
        "director1 is Active again",
        "director1 is stopped cleanly",
        "after the goodbye of director1",
    ];
    let mut rest = text.as_str();
    for step in steps {
        rest = &rest[rest.find(step).unwrap_or_else(|| panic!("not told: {step}\n{text}"))..];
    }
    assert!(!text.contains("FAILED"), "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}

#[test]
fn the_story_holds_over_ipv6_with_direct_routing() {
    holds(&CONFIGURATION.replace("VIP", "2001:db8::100").replace("WEB", "2001:db8::").replace("KIND", "DR"));
}

#[test]
fn the_story_holds_with_address_translation_into_another_network() {
    holds(&CONFIGURATION.replace("VIP", "192.0.2.100").replace("WEB", "10.9.8.").replace("KIND", "NAT"));
}

#[test]
fn the_story_respects_nopreempt() {
    let text = CONFIGURATION.replace("VIP", "192.0.2.100").replace("WEB", "192.0.2.").replace("KIND", "DR");
    let told = holds(&text.replace("PRIORITY", "PRIORITY\n  nopreempt"));
    assert!(told.contains("nopreempt leaves the Active one alone"), "{told}");
}

#[test]
fn a_story_that_does_not_hold_fails_and_shows_the_last_words_of_the_directors() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    // The two do not speak the same version, so the second one is Active beside the first.
    let text = |version, priority| {
        format!(
            "vrrp_instance V {{\n interface eth0\n version {version}\n virtual_router_id 7\n priority {priority}\n \
             virtual_ipaddress {{\n 192.0.2.7/24\n }}\n}}\n"
        )
    };
    let (one, other) = (file("one.conf", &text(3, 200)), file("other.conf", &text(2, 100)));
    let _stage = stage();
    let output = lab(&["--config", &one, "--config", &other]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED"), "{text}");
    assert!(text.contains("the last lines of director2"), "{text}");
}

#[test]
fn an_interrupt_takes_every_process_of_the_laboratory_away() {
    let mut child = lab(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("director1 is Active")));
    let directors = children(&child);
    assert_eq!(directors.len(), 2);
    kill(pid(&child), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("everything of the laboratory is gone"), "{said}");
    gone(&directors);
}

#[test]
fn a_killed_laboratory_takes_its_directors_with_it() {
    let mut child = lab(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("director1 is Active")));
    let directors = children(&child);
    assert_eq!(directors.len(), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    gone(&directors);
}

#[test]
fn what_cannot_be_played_is_refused_with_the_reason() {
    let config = format!("{}/config/lab-master.conf", env!("CARGO_MANIFEST_DIR"));
    for (arguments, reason) in [
        (vec!["--config", &config], "two directors"),
        (vec!["--config", &config, "--config", &config], "same priority"),
        (vec!["--config", &config, "--config", "/nonexistent.conf"], "/nonexistent.conf"),
    ] {
        let output = lab(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
}

/// Plays `configuration` with the priorities 200 and 100; the story has to hold. What was told.
fn holds(configuration: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory is to be had");
    let files = [200, 100].map(|priority| {
        let path = directory.path().join(format!("{priority}.conf"));
        fs::write(&path, configuration.replace("PRIORITY", &priority.to_string())).expect("it is ours");
        path.into_os_string().into_string().expect("a plain path")
    });
    let _stage = stage();
    let output = lab(&["--config", &files[0], "--config", &files[1]]).output().expect("it runs");
    let told = String::from_utf8(output.stdout).expect("it prints text");
    let said = String::from_utf8(output.stderr).expect("it prints text");
    assert_eq!(output.status.code(), Some(0), "{told}{said}");
    assert!(told.contains("answers: web1 100, web2 100"), "{told}");
    told
}

/// Stories measure times: they are told one after the other.
fn stage() -> MutexGuard<'static, ()> {
    static STAGE: Mutex<()> = Mutex::new(());
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.arg("lab").args(arguments);
    command
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("the kernel's pids are i32"))
}

/// The pids of all processes that `child` has started.
fn children(child: &Child) -> Vec<String> {
    // A thread that ends meanwhile hands its children to another one: what was read twice alike is true.
    let mut before = None;
    loop {
        let now = children_at_once(child);
        if before.replace(now.clone()).as_ref() == Some(&now) {
            return now;
        }
    }
}

fn children_at_once(child: &Child) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).expect("it runs");
    // A thread that has ended since it was listed has no children any more.
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let mut pids: Vec<String> = tasks
        .filter_map(Result::ok)
        .flat_map(|task| of(task).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    pids.sort();
    pids
}

/// Waits a little for processes to end: the kernel tells them of their parent's death, it does not wait for it.
fn gone(pids: &[String]) {
    let alive = |pid: &&String| {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    // Nobody tells a stranger of a process's end, so it is looked at now and then.
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    for _ in 0..100 {
        if !pids.iter().any(|pid| alive(&pid)) {
            break;
        }
        assert!(never.recv_timeout(Duration::from_millis(50)).is_err());
    }
    assert_eq!(pids.iter().find(alive), None, "a director survived");
}

const CONFIGURATION: &str = "
vrrp_instance V {
  interface eth0
  version 3
  virtual_router_id 7
  priority PRIORITY
  advert_int 0.2
  virtual_ipaddress {
    VIP
  }
}
virtual_server VIP 80 {
  delay_loop 1
  lb_algo rr
  lb_kind KIND
  protocol TCP
  real_server WEB1 80 {
    TCP_CHECK {
      connect_timeout 1
      retry 1
      delay_before_retry 1
    }
  }
  real_server WEB2 80 {
    TCP_CHECK {
      connect_timeout 1
      retry 1
      delay_before_retry 1
    }
  }
}
";
