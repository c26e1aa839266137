use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::config::model::InitialValue;

#[tokio::test]
async fn a_file_that_is_written_replaced_and_removed_is_followed_at_once() {
    let mut scene = Scene::new();
    let path = scene.path("f");
    assert_eq!(scene.first(&[file("f", &path)]).await, [0]);
    fs::write(&path, "10\n").unwrap();
    assert_eq!(scene.next(AT_ONCE).await, 10);
    let other = scene.path("other");
    fs::write(&other, "0x14").unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(scene.next(AT_ONCE).await, 20);
    fs::write(&path, "no number").unwrap();
    assert_eq!(scene.next(AT_ONCE).await, 0);
    assert_eq!(scene.files.status()[0].remark.as_deref(), Some("holds no number, which counts as 0"));
    fs::write(&path, "-5").unwrap();
    assert_eq!(scene.next(AT_ONCE).await, -5);
    fs::remove_file(&path).unwrap();
    assert_eq!(scene.next(AT_ONCE).await, 0);
    assert_eq!(scene.files.status()[0].remark, None);
}

#[tokio::test]
async fn a_directory_that_appears_later_is_found_and_one_that_is_replaced_too() {
    let mut scene = Scene::new();
    let path = scene.path("later/f");
    assert_eq!(scene.first(&[file("f", &path)]).await, [0]);
    fs::create_dir(scene.path("later")).unwrap();
    fs::write(&path, "3").unwrap();
    assert_eq!(scene.next(SOON).await, 3);
    fs::rename(scene.path("later"), scene.path("gone")).unwrap();
    assert_eq!(scene.next(AT_ONCE).await, 0);
    fs::create_dir(scene.path("later")).unwrap();
    fs::write(&path, "4").unwrap();
    assert_eq!(scene.next(SOON).await, 4);
}

#[tokio::test]
async fn what_a_link_leads_to_is_followed() {
    let mut scene = Scene::new();
    fs::create_dir(scene.path("elsewhere")).unwrap();
    fs::write(scene.path("elsewhere/f"), "1").unwrap();
    std::os::unix::fs::symlink(scene.path("elsewhere/f"), scene.path("f")).unwrap();
    assert_eq!(scene.first(&[file("f", &scene.path("f"))]).await, [1]);
    fs::write(scene.path("elsewhere/f"), "2").unwrap();
    assert_eq!(scene.next(SOON).await, 2);
}

#[tokio::test]
async fn a_file_gets_its_first_number_unless_it_has_one() {
    let mut scene = Scene::new();
    let written = |name: &str, value, overwrite| TrackFile {
        initial: Some(InitialValue { value, overwrite }),
        ..file(name, &scene.path(name))
    };
    let files = [written("new", 7, false), written("old", 7, false), written("overwritten", 7, true)];
    fs::write(scene.path("old"), "1").unwrap();
    fs::write(scene.path("overwritten"), "1").unwrap();
    assert_eq!(scene.first(&files).await, [7, 1, 7]);
    // A reload that changes something else leaves what people have written meanwhile.
    fs::write(scene.path("overwritten"), "9").unwrap();
    let more = [&files[..], &[file("more", &scene.path("more"))]].concat();
    assert_eq!(scene.first(&more).await, [7, 1, 9, 0]);
}

/// A watcher, and a directory for its files.
struct Scene {
    folder: TempDir,
    files: Files,
    reports: mpsc::Receiver<Report>,
}

impl Scene {
    fn new() -> Self {
        let (reports, receiver) = mpsc::channel(8);
        Self { folder: tempfile::tempdir().unwrap(), files: Files::new(reports), reports: receiver }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The numbers at the start; returns when the directories are watched.
    async fn first(&mut self, files: &[TrackFile]) -> Vec<i32> {
        let values = self.files.apply(files).await.into_iter().map(|report| value(&report)).collect();
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        values
    }

    async fn next(&mut self, within: Duration) -> i32 {
        let report = timeout(within, self.reports.recv()).await.expect("no report in time").unwrap();
        value(&report)
    }
}

fn value(report: &Report) -> i32 {
    match report.verdict {
        Verdict::Value(value) => value,
        Verdict::Good(good) => panic!("{good}"),
    }
}

fn file(name: &str, path: &Path) -> TrackFile {
    TrackFile { name: name.to_owned(), path: path.to_owned(), weight: 1, reverse: false, initial: None }
}

/// By the kernel's word, with an allowance for a loaded machine.
const AT_ONCE: Duration = Duration::from_millis(700);
/// By the patrol at the latest.
const SOON: Duration = Duration::from_secs(4);
