//! The exit codes of the program itself, in every form of the flags that keepalived has (keepalived.md 3.1).

use std::path::Path;
use std::process::Command;

use super::router;

/// The exit code of `steadfast` with these arguments in a folder.
fn code(folder: &Path, arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.current_dir(folder).args(arguments).output().unwrap().status.code()
}

#[test]
fn a_test_exits_as_keepalived_s_code_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("good.conf", router("").replace("eth0", "lo0")),
        ("wrong.conf", "nonsense\n".to_owned()),
        ("unsafe.conf", "vrrp_script s {\nscript \"/bin/true\"\n}\n".to_owned()),
        ("unsafe-and-wrong.conf", "nonsense\nvrrp_script s {\nscript \"/bin/true\"\n}\n".to_owned()),
        ("fatal.conf", "includea nowhere.conf\n".to_owned()),
        (
            "fatal-and-unsafe.conf",
            "includea nowhere.conf\nvrrp_script s {\nscript \"/bin/true\"\n}\n".to_owned(),
        ),
        ("empty.conf", String::new()),
    ];
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (file, expected) in [
        ("empty.conf", 0),
        // Its interface is not here: 2.2.7 exits with 5, and would run.
        ("good.conf", 5),
        ("wrong.conf", 5),
        ("unsafe.conf", 6),
        ("unsafe-and-wrong.conf", 6),
        ("fatal.conf", 4),
        ("fatal-and-unsafe.conf", 4),
        // keepalived 2.2.7 exits with 0.
        ("nowhere.conf", 4),
    ] {
        for form in [
            &["-t", "-f", file][..],
            &["-f", file, "-t"],
            &["-t", &format!("-f{file}")],
            &["-treport.log", "-f", file],
            &["--config-test", "--use-file", file],
            &["-t", &format!("--use-file={file}")],
            &["--config-test=report.log", "-f", file],
        ] {
            assert_eq!(code(folder.path(), form), Some(expected), "{form:?}");
        }
    }
    // The `f` behind `-t` is the name of a log: keepalived exits with 0 then and has tested nothing.
    assert_eq!(code(folder.path(), &["-tf", "wrong.conf"]), Some(1));
    // Without a look at the host nothing is missing.
    assert_eq!(code(folder.path(), &["check", "good.conf"]), Some(0));
    assert_eq!(code(folder.path(), &["check", "good.conf", "unsafe.conf"]), Some(6));
}
