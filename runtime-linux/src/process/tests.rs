use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::clock;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_script_ends_with_the_status_it_says() {
    let place = Place::new();
    let script = place.script("status", "#!/bin/sh\nexit $1\n");
    for (status, ending) in [("0", Ending::Exit(0)), ("3", Ending::Exit(3)), ("255", Ending::Exit(255))] {
        assert_eq!(run(&words(&[&script, status]), &ours(), LONG).await.unwrap(), ending);
    }
}

#[tokio::test]
async fn a_script_ended_by_a_signal_says_which() {
    let script = words(&["sh", "-c", "kill -USR1 $$"]);
    assert_eq!(run(&script, &ours(), LONG).await.unwrap(), Ending::Signal(10));
}

#[tokio::test]
async fn words_with_blanks_stay_one_argument_of_a_program() {
    let place = Place::new();
    let out = place.path("out");
    let script = place.script("arguments", &format!("#!/bin/sh\nprintf '<%s>' \"$@\" > {}\n", out.display()));
    run(&words(&[&script, "a b", "", "$HOME"]), &ours(), LONG).await.unwrap();
    assert_eq!(fs::read_to_string(out).unwrap(), "<a b><><$HOME>");
}

#[tokio::test]
async fn what_is_no_program_goes_to_the_shell() {
    for (line, status) in [
        (vec!["exit 4"], 4),
        (vec!["exit", "5"], 5),
        (vec!["no_such_program_here"], 127),
        (vec!["</dev/null", "cat", "&&", "exit", "6"], 6),
        (vec!["(exit", "7)"], 7),
    ] {
        assert_eq!(run(&words(&line), &ours(), LONG).await.unwrap(), Ending::Exit(status), "{line:?}");
    }
}

#[tokio::test]
async fn further_arguments_reach_a_shell_line_unharmed() {
    let place = Place::new();
    let out = place.path("out");
    let line = format!("LC_ALL=C printf '<%s>' > {}", out.display());
    let arguments = ["INSTANCE", "my \"odd\" $name", "MASTER"].map(ToOwned::to_owned);
    let mut running = Running::start(&words(&[&line]), &arguments, &ours()).unwrap();
    assert_eq!(running.ended(LONG).await, Ending::Exit(0));
    assert_eq!(fs::read_to_string(out).unwrap(), "<INSTANCE><my \"odd\" $name><MASTER>");
}

#[tokio::test]
async fn a_script_without_a_first_line_for_the_kernel_is_run_by_the_shell() {
    let place = Place::new();
    let script = place.script("bare", "exit $(($1 + 1))\n");
    assert_eq!(run(&words(&[&script, "8"]), &ours(), LONG).await.unwrap(), Ending::Exit(9));
}

#[tokio::test]
async fn a_script_reads_nothing_and_leads_its_own_group() {
    let place = Place::new();
    let out = place.path("out");
    // Fields 1 and 5 of /proc/PID/stat: process and group (proc_pid_stat(5)).
    let line = format!(
        "read -r anything && exit 1; read -r pid name state parent group rest < /proc/$$/stat; \
         [ $pid = $group ] && [ $(readlink /proc/$$/fd/1) = /dev/null ] && echo fine > {}",
        out.display()
    );
    assert_eq!(run(&words(&[&line]), &ours(), LONG).await.unwrap(), Ending::Exit(0));
    assert_eq!(fs::read_to_string(out).unwrap(), "fine\n");
}

#[test]
fn variables_that_change_shells_and_linkers_are_kept_from_scripts() {
    let mut command = std::process::Command::new("true");
    clean_environment(&mut command);
    let removed: Vec<&OsStr> =
        command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
    assert_eq!(removed, ["IFS", "LD_LIBRARY_PATH", "LD_PRELOAD"]);
}

#[tokio::test]
async fn at_the_timeout_everything_that_the_script_started_ends_too() {
    let place = Place::new();
    let pids = place.path("pids");
    let line = format!(
        "sleep 300 & sh -c 'sleep 301 & echo $! >> {0}; wait' & echo $! >> {0}; wait",
        pids.display()
    );
    let began = clock::now();
    assert_eq!(run(&words(&[&line]), &ours(), SECOND).await.unwrap(), Ending::Timeout);
    assert!(clock::now().saturating_sub(began) < 3 * SECOND, "SIGTERM alone is enough for sleep and sh");
    let pids = fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        assert!(!runs(pid), "{pid} outlived its group");
    }
}

#[tokio::test]
async fn what_ignores_sigterm_is_killed_two_seconds_later() {
    let place = Place::new();
    let pids = place.path("pids");
    // The leader ends at once; the grandchild does not want to.
    let line = format!(
        "(trap '' TERM; echo x > {0}.ready; sleep 300; sleep 300) & echo $! > {0}; wait",
        pids.display()
    );
    let began = clock::now();
    assert_eq!(run(&words(&[&line]), &ours(), SECOND).await.unwrap(), Ending::Timeout);
    let took = clock::now().saturating_sub(began);
    assert!(took >= SECOND + Running::GRACE, "{took:?}");
    assert!(place.path("pids.ready").exists(), "the trap was set before the time was over");
    assert!(!runs(fs::read_to_string(pids).unwrap().trim()));
}

#[tokio::test]
async fn a_script_that_is_dropped_is_killed_with_its_group_and_a_detached_one_runs_on() {
    for (detach, runs_on) in [(false, false), (true, true)] {
        let place = Place::new();
        let pids = place.path("pids");
        let line = format!("sleep 300 & echo $! > {0}.new; mv {0}.new {0}; wait", pids.display());
        let running = Running::start(&words(&[&line]), &[], &ours()).unwrap();
        let group = running.group.unwrap();
        while !pids.exists() {
            sleep(Duration::from_millis(5)).await;
        }
        if detach {
            running.detach();
        } else {
            drop(running);
        }
        sleep(Duration::from_millis(200)).await;
        assert_eq!(runs(fs::read_to_string(pids).unwrap().trim()), runs_on);
        signal(group, Signal::SIGKILL);
    }
}

#[tokio::test]
async fn root_runs_a_script_as_the_user_it_names() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can become somebody else");
        return;
    }
    let place = Place::new();
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let out = place.path("out");
    let mut script = words(&[&format!("(id -u; id -g; id -G) > {}", out.display())]);
    script.user = Some(ScriptUser { user: "65534".to_owned(), group: Some("12".to_owned()) }.into());
    assert_eq!(run(&script, &ours(), LONG).await.unwrap(), Ending::Exit(0));
    assert_eq!(fs::read_to_string(out).unwrap(), "65534\n12\n12\n");
}

#[test]
fn a_path_that_leads_nowhere_is_refused_with_its_first_missing_element() {
    let place = Place::new();
    let path = place.path("no/such/script");
    let error = validate(&words(&[path.to_str().unwrap()]), &ours()).unwrap_err();
    let expected = format!("cannot run {}: {} does not exist", path.display(), place.path("no").display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_file_that_nobody_may_execute_is_refused() {
    let place = Place::new();
    let script = place.script("plain", "exit 0\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let error = validate(&words(&[&script]), &ours()).unwrap_err().to_string();
    assert!(error.contains("is not executable for user"), "{error}");
}

#[test]
fn a_directory_that_the_user_may_not_pass_is_named() {
    let place = Place::new();
    let script = place.script("private", "#!/bin/sh\n");
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut script = words(&[&script]);
    script.user = Some(ScriptUser { user: "54321".to_owned(), group: Some("54321".to_owned()) }.into());
    let error = validate(&script, &ours()).unwrap_err().to_string();
    let expected = format!(": {} is not executable for user 54321", place.0.path().display());
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn a_directory_is_no_program() {
    let error = validate(&words(&["/usr/bin"]), &ours()).unwrap_err();
    assert_eq!(error.to_string(), "cannot run /usr/bin: it is not a file");
}

#[test]
fn an_unknown_user_is_named() {
    let mut script = words(&["true"]);
    script.user = Some(ScriptUser { user: "nobody_of_this_name".to_owned(), group: None }.into());
    let error = validate(&script, &ours()).unwrap_err();
    assert_eq!(error.to_string(), "user nobody_of_this_name is not in /etc/passwd");
}

#[test]
fn with_script_security_what_others_can_write_is_not_run_as_root() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: without root nothing is run as root");
        return;
    }
    let secure = Policy { security: true, ..ours() };
    let place = Place::new();
    let path = place.script("script", "#!/bin/sh\n");
    let script = words(&[&path]);
    validate(&script, &secure).expect("only root can write to the file and its directories");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o757)).unwrap();
    let expected =
        format!("will not run {path} as root: {path} can be changed by everybody (enable_script_security)");
    assert_eq!(validate(&script, &secure).unwrap_err().to_string(), expected);
    validate(&script, &ours()).expect("without script security nobody asks");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(place.0.path(), Some(54_321), None).unwrap();
    let directory = place.0.path().display().to_string();
    let expected = format!(
        "will not run {path} as root: {directory} can be changed by its owner, user 54321 (enable_script_security)"
    );
    assert_eq!(validate(&script, &secure).unwrap_err().to_string(), expected);

    let elsewhere = Place::new();
    std::os::unix::fs::symlink(&path, elsewhere.path("link")).unwrap();
    let error = validate(&words(&[elsewhere.path("link").to_str().unwrap()]), &secure).unwrap_err();
    assert!(error.to_string().contains(&directory), "links are followed: {error}");
}

/// A directory of its own for a test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn words(words: &[&str]) -> Script {
    Script { words: words.iter().map(|&word| word.to_owned()).collect(), user: None }
}

/// Scripts run as whoever runs the tests.
fn ours() -> Policy {
    let user = nix::unistd::geteuid().to_string();
    let group = nix::unistd::getegid().to_string();
    Policy { user: Some(ScriptUser { user, group: Some(group) }), security: false }
}

/// Whether a process is there and not just waiting to be reaped.
fn runs(pid: &str) -> bool {
    // The state stands behind the name, which ends with the last parenthesis (proc_pid_stat(5)).
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
