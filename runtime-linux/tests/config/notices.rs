//! Mail, FIFOs and the scripts of start and end.

use core::time::Duration;
use std::path::PathBuf;

use runtime_linux::config::model::{Fifo, MailSecurity, Script, ScriptUser, TimedScript};

use super::{clean, codes, complaints, load, router};

const SECURE: &str = "enable_script_security\n";

#[test]
fn mail_has_keepalived_s_defaults_and_everything_can_be_said() {
    let mail = global("notification_email {\n a@example.net\n root\n}\nsmtp_server 192.0.2.25\n").mail;
    assert_eq!(mail.recipients, ["a@example.net", "root"]);
    assert_eq!(mail.server, Some(("192.0.2.25".to_owned(), 25)));
    assert_eq!(
        (mail.timeout, mail.faults, mail.security),
        (Duration::from_secs(30), true, MailSecurity::Off)
    );
    assert!(mail.sender.starts_with("keepalived@") && mail.sender.ends_with(&mail.greeting));

    let mail = global(
        "notification_email_from \"LB <lb@example.net>\"\nsmtp_server mail.example.net 587\nsmtp_helo_name lb\n\
         smtp_connect_timeout 5\nno_email_faults\nno_checker_emails\nsmtp_tls starttls\nsmtp_tls_ca /etc/ca.pem\n\
         smtp_username lb\nsmtp_password secret\n",
    )
    .mail;
    assert_eq!(mail.server, Some(("mail.example.net".to_owned(), 587)));
    assert_eq!((mail.sender.as_str(), mail.greeting.as_str()), ("LB <lb@example.net>", "lb"));
    assert_eq!(
        (mail.timeout, mail.faults, mail.security),
        (Duration::from_secs(5), false, MailSecurity::StartTls)
    );
    assert_eq!(mail.authority, Some(PathBuf::from("/etc/ca.pem")));
    assert_eq!(mail.account, Some(("lb".to_owned(), "secret".to_owned())));
    assert!(!format!("{mail:?}").contains("secret"), "the password is nobody's business");
}

#[test]
fn a_password_is_never_for_the_clear_and_mail_needs_a_server() {
    let text = "global_defs {\n smtp_username a\n smtp_password b\n smtp_tls try\n}\n";
    assert_eq!(codes(text), ["S0309"]);
    assert_eq!(load(text).configuration.unwrap().global.mail.account, None);
    assert_eq!(codes("global_defs {\n notification_email {\n a@b\n}\n}\n"), ["S0308"]);
    assert_eq!(codes("global_defs {\n smtp_server a 65536\n}\n"), ["S0301"]);
    assert_eq!(codes("global_defs {\n notification_email {\n \"a b@c\"\n}\n}\n"), ["S0301"]);
}

#[test]
fn who_sends_mail_is_said_for_all_for_a_kind_and_for_one() {
    let services = "virtual_server 192.0.2.1 80 {\n protocol TCP\n real_server 10.0.0.1 80 {\n}\n\
                    real_server 10.0.0.2 80 {\n smtp_alert off\n}\n}\n";
    let of = |global: &str, own: &str| {
        let text = format!("global_defs {{\n{global}\n}}\n{}{services}", router(own));
        let configuration = clean(&text);
        let service = &configuration.virtual_servers[0];
        let servers: Vec<bool> = service.real_servers.iter().map(|server| server.mail).collect();
        (configuration.instances[0].notify.mail, service.mail, servers)
    };
    assert_eq!(of("", ""), (false, false, vec![true, false]));
    assert_eq!(of("smtp_alert", ""), (true, true, vec![true, false]));
    assert_eq!(
        of("smtp_alert\nsmtp_alert_vrrp off\nsmtp_alert_checker off", ""),
        (false, false, vec![false; 2])
    );
    assert_eq!(of("smtp_alert off\nsmtp_alert_vrrp on", "smtp_alert off"), (false, false, vec![false; 2]));
    assert_eq!(of("", "smtp_alert"), (true, false, vec![true, false]));
}

#[test]
fn fifos_have_an_owner_and_a_reader() {
    let text = format!(
        "{SECURE}notify_fifo /run/a\nnotify_fifo_script \"/bin/r x\" u g\nvrrp_notify_fifo /run/v u\n\
         lvs_notify_fifo /run/l\nfifo_write_vrrp_states_on_reload\n"
    );
    let fifos = global(&text).fifos;
    let user =
        |group: Option<&str>| Some(ScriptUser { user: "u".to_owned(), group: group.map(ToOwned::to_owned) });
    let script =
        Script { words: vec!["/bin/r".to_owned(), "x".to_owned()], user: user(Some("g")).map(Box::new) };
    let fifo = |path: &str, user, script| Some(Fifo { path: PathBuf::from(path), user, script });
    assert_eq!(fifos.all, fifo("/run/a", None, Some(script)));
    assert_eq!(fifos.vrrp, fifo("/run/v", user(None), None));
    assert_eq!(fifos.services, fifo("/run/l", None, None));
    assert!(fifos.states_on_reload);
}

#[test]
fn a_reader_without_a_fifo_and_a_fifo_twice_are_told() {
    let text = format!("global_defs {{\n{SECURE}notify_fifo_script /bin/r\n}}\n");
    assert_eq!(codes(&text), ["S0207"]);
    let text = "global_defs {\n notify_fifo /run/a\n vrrp_notify_fifo /run/a\n}\n";
    assert_eq!(codes(text), ["S0302"]);
    assert_eq!(load(text).configuration.unwrap().global.fifos.vrrp, None);
}

#[test]
fn the_scripts_of_start_and_end_have_ten_seconds_unless_they_are_given_others() {
    let text = format!(
        "{SECURE}startup_script \"/bin/up now\" u\nshutdown_script /bin/down\nshutdown_script_timeout 3\n"
    );
    let global = global(&text);
    let script = |words: &[&str], user: Option<&str>| Script {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        user: user.map(|user| ScriptUser { user: user.to_owned(), group: None }.into()),
    };
    let startup =
        TimedScript { script: script(&["/bin/up", "now"], Some("u")), timeout: Duration::from_secs(10) };
    let shutdown = TimedScript { script: script(&["/bin/down"], None), timeout: Duration::from_secs(3) };
    assert_eq!((global.startup_script, global.shutdown_script), (Some(startup), Some(shutdown)));
    assert_eq!(codes("global_defs {\n startup_script_timeout 1001\n}\n"), ["S0301"]);
    assert_eq!(codes("global_defs {\n startup_script /bin/up\n}\n"), ["S0601"]);
}

#[test]
fn deletion_priorities_and_lesser_routers_are_told_where_that_is_wanted() {
    let of = |lines: &str| {
        clean(&format!("global_defs {{\n{SECURE}\n}}\n{}", router(lines))).instances[0].notify.clone()
    };
    let nothing = of("");
    assert!(!nothing.tells_deletion && !nothing.priority_changes && nothing.scripts().next().is_none());
    let flag = of("notify_deleted");
    assert!(flag.tells_deletion && flag.deleted.is_none());
    let all =
        of("notify_deleted /bin/d\nnotify_master_rx_lower_pri \"/bin/l x\"\nnotify_priority_changes on");
    assert!(all.tells_deletion && all.priority_changes);
    let words: Vec<&str> = all.scripts().map(|script| script.words[0].as_str()).collect();
    assert_eq!(words, ["/bin/d", "/bin/l"]);
    let text = format!("global_defs {{\n vrrp_notify_priority_changes\n}}\n{}", router(""));
    assert!(clean(&text).instances[0].notify.priority_changes);
}

#[test]
fn where_the_daemon_lives_may_stand_inside_global_defs_and_outside() {
    for text in [
        "net_namespace blue\ninstance x\nuse_pid_dir\n",
        "global_defs {\n net_namespace blue\n instance x\n use_pid_dir\n}\n",
    ] {
        let global = clean(text).global;
        assert_eq!((global.namespace.as_deref(), global.instance.as_deref()), (Some("blue"), Some("x")));
        assert!(global.pid_directory);
    }
    assert_eq!(codes("net_namespace ../blue\n"), ["S0301"]);
    assert_eq!(codes("instance ..\n"), ["S0301"]);
}

fn global(lines: &str) -> runtime_linux::config::model::Global {
    clean(&format!("global_defs {{\n{lines}\n}}\n")).global
}

#[test]
fn dump_files_are_named_where_keepalived_names_them_under_both_of_their_words() {
    let text = "global_defs {\nstate_file_location /a\nstats_dump_file /b\njson_dump_file /c\ndata_use_instance\njson_version 2\n}";
    let dumps = load(text).configuration.unwrap().global.dumps;
    let paths = [&dumps.state, &dumps.statistics, &dumps.json].map(|path| path.clone().unwrap());
    assert_eq!(paths, ["/a", "/b", "/c"].map(std::path::PathBuf::from));
    assert!(dumps.name_instance && dumps.json_by_kind);
    assert_eq!(
        complaints("global_defs {\njson_version 3\n}"),
        ["2:14: error[S0301]: `3` is not what is expected here; version 1 is written; did you mean `1`?"]
    );
}

#[test]
fn backslashes_in_a_script_are_heeded_twice_as_by_keepalived() {
    // What keepalived 2.2.7 gave a script of its own for these lines.
    let written = r#"/s \"a b\" c\nd e\\nf \x41 \\x41 g\ h i\\ j \\\"k l\\\" 'm n' 'o\\ p' 'q\"r s\"t' u\\'v w\\\\y \"z\\x41 \\\" z\""#;
    let given = [
        "/s",
        "a b",
        "c",
        "d",
        "e\nf",
        "A",
        "A",
        "g",
        "h",
        "i j",
        "\"k",
        "l\"",
        "m n",
        "o p",
        "q\"r s\"t",
        "u'v",
        "w\\y",
        "zA \" z",
    ];
    let script = format!("vrrp_script s {{\n script \"{written}\"\n}}\n");
    let text =
        format!("{script}{}", router(&format!("notify_master \"{written}\" root\ntrack_script {{\n s\n}}")));
    let configuration = load(&text).configuration.unwrap();
    assert_eq!(configuration.instances[0].notify.master.as_ref().unwrap().words, given);
    assert_eq!(configuration.scripts[0].script.words, given);
    let written = r#"/s "a b" c\nd e\\nf \x41 g\ h i\\ j \"k "m \" n" x\'y z\'w"#;
    let given = ["/s", "a b", "c", "d", "e\nf", "A", "g", "h", "i j", "k m", " n", "xy zw"];
    let configuration = load(&router(&format!("notify_master '{written}'"))).configuration.unwrap();
    assert_eq!(configuration.instances[0].notify.master.as_ref().unwrap().words, given);
}

#[test]
fn a_script_in_quotes_of_either_kind_is_one_command_and_the_first_of_two_stays() {
    let master = |lines: &str| {
        let configuration = load(&router(lines)).configuration.unwrap();
        configuration.instances[0].notify.master.clone().unwrap().words
    };
    assert_eq!(master("notify_master '/bin/a b  c'"), ["/bin/a", "b", "c"]);
    assert_eq!(master("notify_master '/bin/a' root"), ["/bin/a"]);
    assert_eq!(master("notify_master \"/bin/a 'b c'\""), ["/bin/a", "b c"]);
    let twice = "notify_master \"/bin/a\"\nnotify_master \"/bin/b\"";
    assert_eq!(master(twice), ["/bin/a"]);
    assert!(codes(&router(twice)).contains(&"S0302"));
    assert!(codes(&router("notify_master '/bin/a !b'")).contains(&"S0102"));
}
