//! Real servers that die and come back.

use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::clock;
use runtime_linux::lab::{self, Process};

use crate::director::Director;
use crate::scene::{PATIENCE, Scene};
use crate::{names, web};

#[test]
#[ignore = "needs nginx, Exim, NSD, FRR, root"]
fn a_real_server_that_dies_or_hangs_leaves_within_the_bound_of_its_check_and_returns() {
    lab::test(|| {
        let mut scene = Scene::new();
        let (web, names) = (replace(&mut scene.web), replace(&mut scene.names));
        let director = Director::start(&scene, TIMING, &CHECKS.map(str::to_owned));
        let all_up = |checks: &[crate::director::Check]| {
            checks.len() == CHECKS.len() && checks.iter().all(|check| check.up && check.proven)
        };
        director.wait(PATIENCE, all_up).expect("all are up");

        // nginx stands still: it accepts, as the kernel does for it, and says nothing.
        let [hung, bound] = [clock::wall(), leaves(TIMEOUT)];
        web.signal_group(Signal::SIGSTOP).unwrap();
        let line = "HTTP check of [198.18.0.2]:tcp:80 failed after 1 retry: no answer in time.";
        within(&director, line, hung, bound);
        let resumed = clock::wall();
        web.signal_group(Signal::SIGCONT).unwrap();
        within(&director, "HTTP check of [198.18.0.2]:tcp:80 success.", resumed, returns() + TIMEOUT);
        director.wait(PATIENCE, all_up).expect("all are up again");

        // NSD and nginx die.
        let died = clock::wall();
        web.kill();
        names.kill();
        for line in [
            "HTTP check of [198.18.0.2]:tcp:80 failed after 1 retry: connection refused.",
            "DNS check of [198.18.0.2]:udp:53 failed after 1 retry: connection refused.",
        ] {
            within(&director, line, died, leaves(Duration::ZERO));
        }
        let starting = clock::wall();
        let [web, names] = [web::run(&scene.host), names::run(&scene.host)];
        let start = clock::wall().saturating_sub(starting);
        for line in
            ["HTTP check of [198.18.0.2]:tcp:80 success.", "DNS check of [198.18.0.2]:udp:53 success."]
        {
            within(&director, line, starting, start + returns());
        }

        // bfdd dies: its session ends by itself, and no probe is waited for.
        let died = clock::wall();
        scene.session[1].kill();
        within(&director, "BFD check of frr failed: the BFD session is not up.", died, DETECTION);

        // The whole host is gone.
        let gone = clock::wall();
        scene.host.set_link("eth0", false).unwrap();
        for line in [
            "Ping check of 198.18.0.2 failed after 1 retry: ",
            "SMTP check of [198.18.0.2]:tcp:25 failed after 1 retry: ",
        ] {
            within(&director, line, gone, leaves(TIMEOUT));
        }
        drop((web, names));
        director.stop();
    });
}

/// Takes a server out of the scene, to be killed apart.
fn replace(process: &mut Option<Process>) -> Process {
    process.take().unwrap()
}

fn within(director: &Director<'_>, line: &str, since: Duration, bound: Duration) {
    let bound = bound + ALLOWANCE;
    let logged = director.logged(line, since, bound + PATIENCE);
    let took =
        logged.unwrap_or_else(|| panic!("not logged: {line} {:#?}", director.log())).saturating_sub(since);
    println!("{line} after {took:?}, allowed {bound:?}");
    assert!(took <= bound, "{line} after {took:?}, allowed {bound:?}");
}

/// The longest until a server that fails within `failing` is out: it had just passed, waits for its next probe, fails,
/// waits for the retry, fails again.
fn leaves(failing: Duration) -> Duration {
    DELAY_LOOP + failing + BEFORE_RETRY + failing
}

/// The longest until a server that is back is in: its last probe has just failed.
fn returns() -> Duration {
    DELAY_LOOP
}

const CHECKS: [&str; 5] = [
    "HTTP_GET {\nconnect_ip 198.18.0.2\nconnect_port 80\nurl {\npath /health\n}\n}",
    "DNS_CHECK {\nconnect_ip 198.18.0.2\nconnect_port 53\nname example\n}",
    "SMTP_CHECK {\nconnect_ip 198.18.0.2\nconnect_port 25\n}",
    "PING_CHECK {\nconnect_ip 198.18.0.2\n}",
    "BFD_CHECK {\nname frr\n}",
];

const TIMING: &str = " delay_loop 1\n retry 1\n delay_before_retry 0.5\n warmup 0\n connect_timeout 1";
const DELAY_LOOP: Duration = Duration::from_secs(1);
const BEFORE_RETRY: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(1);
/// Three of bfdd's intervals.
const DETECTION: Duration = Duration::from_millis(150);
/// For processes that wait for a processor, and a log that is read line by line.
const ALLOWANCE: Duration = Duration::from_millis(400);
