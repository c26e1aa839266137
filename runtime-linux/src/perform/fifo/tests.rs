use std::io::Read as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::config::model::{Script, ScriptUser};

#[tokio::test]
async fn lines_wait_in_the_pipe_until_somebody_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut writers = Writers::default();
    writers.apply(&fifos(&folder, None), &Policy::default());
    writers.vrrp("INSTANCE \"A\" MASTER 100");
    writers.services("VS [192.0.2.1]:tcp:80 UP");
    until(|| writers.status()[0].written == 2).await;
    assert_eq!(drained(&folder.path().join("all")), "INSTANCE \"A\" MASTER 100\nVS [192.0.2.1]:tcp:80 UP\n");
    assert_eq!(drained(&folder.path().join("vrrp")), "INSTANCE \"A\" MASTER 100\n");
    writers.stop().await;
    assert!(!folder.path().join("all").exists() && !folder.path().join("vrrp").exists());
}

#[tokio::test]
async fn with_no_reader_the_oldest_lines_are_dropped_and_counted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut writers = Writers::default();
    writers.apply(&fifos(&folder, None), &Policy::default());
    let line = |number: usize| format!("INSTANCE \"A\" MASTER {number:0>50}");
    let status = |writers: &Writers| writers.status().remove(0);
    // A pipe of 64 KiB and a queue: fill the first, then the second, then more.
    let mut count = 0;
    while status(&writers).waiting == 0 || status(&writers).written < 100 {
        writers.vrrp(&line(count));
        count += 1;
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert!(count < 10_000);
        if count % 64 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let fits = status(&writers);
    for _ in 0..2 * CAPACITY {
        writers.vrrp(&line(count));
        count += 1;
    }
    let full = status(&writers);
    assert_eq!((full.written, full.waiting), (fits.written, CAPACITY));
    assert_eq!(full.lost, u64::try_from(count - CAPACITY).unwrap() - full.written);
    // Once somebody reads, what waited comes, in order.
    let mut text = String::new();
    while status(&writers).waiting > 0 {
        text.push_str(&drained(&folder.path().join("all")));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    text.push_str(&drained(&folder.path().join("all")));
    let numbers: Vec<usize> = text.lines().map(|line| line[21..].parse().unwrap()).collect();
    let lost = usize::try_from(full.lost).unwrap();
    let first = count - CAPACITY - lost;
    let kept: Vec<usize> = (0..first).chain(first + lost..count).collect();
    assert_eq!(numbers, kept);
}

#[tokio::test]
async fn a_fifo_that_is_taken_away_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all");
    let mut writers = Writers::default();
    writers.apply(&fifos(&folder, None), &Policy::default());
    until(|| path.exists()).await;
    std::fs::remove_file(&path).unwrap();
    writers.vrrp("INSTANCE \"A\" BACKUP 100");
    until(|| path.exists() && writers.status()[0].written == 1).await;
    assert_eq!(drained(&path), "INSTANCE \"A\" BACKUP 100\n");
}

#[tokio::test]
async fn what_is_no_fifo_is_refused_and_lines_wait_until_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all");
    std::fs::write(&path, "precious").unwrap();
    let mut writers = Writers::default();
    writers.apply(&fifos(&folder, None), &Policy::default());
    writers.vrrp("INSTANCE \"A\" BACKUP 100");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(writers.status()[0].waiting, 1);
    std::fs::remove_file(&path).unwrap();
    until(|| writers.status()[0].written == 1).await;
    assert_eq!(drained(&path), "INSTANCE \"A\" BACKUP 100\n");
}

#[test]
fn a_link_is_not_followed_and_the_fifo_of_a_stranger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let link = folder.path().join("link");
    let target = folder.path().join("target");
    nix::unistd::mkfifo(&target, nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(Pipe::open(&link, None).is_err());
    let nobody = ScriptUser { user: "no such user".to_owned(), group: None };
    let error = Pipe::open(&folder.path().join("new"), Some(&nobody)).unwrap_err().to_string();
    assert_eq!(error, "user no such user is not in /etc/passwd");
}

#[tokio::test]
async fn a_reader_of_ours_gets_every_line_and_the_last_ones_before_it_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book");
    let line = format!("cat \"$0\" >>{}", book.display());
    let script = Script { words: vec!["/bin/sh".to_owned(), "-c".to_owned(), line], user: None };
    let mut writers = Writers::default();
    writers.apply(&fifos(&folder, Some(script)), &ours());
    writers.vrrp("INSTANCE \"A\" MASTER 100");
    let text = || std::fs::read_to_string(&book).unwrap_or_default();
    until(|| text() == "INSTANCE \"A\" MASTER 100\n").await;
    writers.vrrp("INSTANCE \"A\" STOP 100");
    writers.stop().await;
    assert_eq!(text(), "INSTANCE \"A\" MASTER 100\nINSTANCE \"A\" STOP 100\n");
}

#[tokio::test]
async fn a_reload_that_changes_nothing_leaves_the_fifo_to_its_readers() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut writers = Writers::default();
    let wanted = fifos(&folder, None);
    writers.apply(&wanted, &Policy::default());
    let path = folder.path().join("all");
    until(|| path.exists()).await;
    let before = std::fs::metadata(&path).unwrap().ino();
    writers.apply(&Fifos { states_on_reload: true, ..wanted }, &Policy::default());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), before);
}

fn fifos(folder: &TempDir, script: Option<Script>) -> Fifos {
    let fifo = |name: &str, script| Some(Fifo { path: folder.path().join(name), user: None, script });
    Fifos { all: fifo("all", script), vrrp: fifo("vrrp", None), services: None, states_on_reload: false }
}

/// Scripts run as whoever runs the tests.
fn ours() -> Policy {
    let user = nix::unistd::geteuid().to_string();
    let group = Some(nix::unistd::getegid().to_string());
    Policy { user: Some(ScriptUser { user, group }), security: false }
}

/// What is in the FIFO now.
fn drained(path: &Path) -> String {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = file.read(&mut part) {
        bytes.extend_from_slice(&part[..length]);
    }
    String::from_utf8(bytes).unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_600 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come");
}
