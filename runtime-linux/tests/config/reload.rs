//! How a configuration is read again: `reload_*`; and `umask`, `config-id`, `instance`, `net_namespace`.

use std::path::PathBuf;

use runtime_linux::config::model::{Reload, ReloadMark};

use super::{clean, complaints, load};

fn global(lines: &str) -> String {
    format!("global_defs {{\n{lines}\n}}")
}

#[test]
fn every_word_about_reloading_is_read() {
    assert_eq!(clean("").global.reload, Reload::default());
    let all =
        "reload_check_config /run/report\nreload_time_file /run/when\nreload_repeat\nreload_file /run/mark";
    assert_eq!(
        clean(&global(all)).global.reload,
        Reload {
            check: true,
            log: Some(PathBuf::from("/run/report")),
            time_file: Some(PathBuf::from("/run/when")),
            repeat: true,
            mark: Some(ReloadMark::At(PathBuf::from("/run/mark"))),
        }
    );
    let plain = clean(&global("reload_check_config\nreload_file")).global.reload;
    assert_eq!((plain.check, plain.log, plain.mark), (true, None, Some(ReloadMark::Usual)));
}

#[test]
fn files_of_a_reload_have_absolute_paths() {
    assert_eq!(
        complaints(&global("reload_time_file when\nreload_file mark\nreload_time_file")),
        [
            "2:18: error[S0301]: `when` is not what is expected here; the path is ignored",
            "3:13: error[S0301]: `mark` is not what is expected here; the path is ignored",
            "4:17: error[S0203]: `reload_time_file` has no value; the line is ignored",
        ]
    );
}

#[test]
fn a_umask_is_a_number_or_bits() {
    let mask = |said: &str| clean(&global(&format!("umask {said}"))).global.umask;
    assert_eq!(mask("0177"), Some(0o177));
    assert_eq!(mask("63"), Some(0o77));
    assert_eq!(mask("0x3f"), Some(0o77));
    assert_eq!(mask("IRWXG | IROTH|IWOTH"), Some(0o076));
    assert_eq!(
        complaints(&global("umask 0999")),
        ["2:7: error[S0301]: `0999` is not what is expected here; the line is ignored"]
    );
}

#[test]
fn lines_of_another_id_are_left_out() {
    let named = |text: &str| load(text).configuration.unwrap().global.router_id;
    assert_eq!(named("@node1 global_defs { router_id one }\n@node2 global_defs { router_id two }"), "one");
    assert_eq!(named("global_defs {\n@node2 router_id two\n@^node2 router_id other\n}"), "other");
}

#[test]
fn an_instance_and_a_namespace_are_named_outside_or_inside_global_defs() {
    let place = |text: &str| {
        let global = clean(text).global;
        (global.instance, global.namespace, global.pid_directory)
    };
    let both = (Some(String::from("a")), Some(String::from("blue")), true);
    assert_eq!(place("instance a\nnet_namespace blue\nuse_pid_dir"), both);
    assert_eq!(place(&global("instance a\nnet_namespace blue\nuse_pid_dir")), both);
    assert_eq!(
        complaints("net_namespace a/b"),
        ["1:15: error[S0301]: `a/b` is not what is expected here; the line is ignored"]
    );
}
