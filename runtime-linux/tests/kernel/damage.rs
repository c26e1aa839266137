//! What others do to the kernel's table: damage to our services is repaired, their own services stay.

use runtime_linux::lab::Node;

use crate::director::Director;
use crate::machine;
use crate::waiting::{PATIENCE, until};

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn what_others_damage_is_repaired_while_nothing_else_happens() {
    machine::inside(|| {
        let director = at_work("lvs_reconcile_interval 0.2");
        let whole = glance(&director);
        for (name, damage) in DAMAGES {
            damage_to(&director, damage);
            assert_becomes(&director, &whole, name);
        }
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn a_reload_of_the_same_file_repairs_what_others_damaged() {
    machine::inside(|| {
        let text = configuration("lvs_reconcile_interval 3600");
        let director = at_work("lvs_reconcile_interval 3600");
        let whole = glance(&director);
        for (name, damage) in DAMAGES {
            damage_to(&director, damage);
            director.reload(&text);
            assert_becomes(&director, &whole, name);
        }
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn what_others_made_is_there_after_the_daemon_has_gone() {
    machine::inside(|| {
        let mut director = at_work("");
        director.stop();
        assert_eq!(director.ipvsadm(&["-Sn"]), FOREIGN);
    });
}

/// What is damaged, and how.
const DAMAGES: &[(&str, &[&str])] = &[
    ("a deleted real server", &["-d -t 192.0.2.1:80 -r 198.51.100.1:8080"]),
    ("a changed weight", &["-e -t 192.0.2.1:80 -r 198.51.100.1:8080 -m -w 1"]),
    ("a changed method", &["-e -t [2001:db8::1]:443 -r [2001:db8:1::1]:443 -m -w 1"]),
    ("a real server that is not in the file", &["-a -t 192.0.2.1:80 -r 198.51.100.99:8080 -m"]),
    ("a changed scheduler", &["-E -t 192.0.2.1:80 -s rr -p 60"]),
    ("persistence gone", &["-E -t 192.0.2.1:80 -s wrr"]),
    ("a deleted service", &["-D -t [2001:db8::1]:443"]),
    (
        "all at once",
        &["-D -f 7", "-e -t 192.0.2.1:80 -r 198.51.100.2:8080 -m -w 77", "-E -t [2001:db8::1]:443 -s sed"],
    ),
    // Theirs goes with it, and only they can make it again.
    (
        "an empty table",
        &["-C", "-A -t 192.0.2.200:25 -s rr", "-a -t 192.0.2.200:25 -r 198.51.100.25:25 -m -w 5"],
    ),
];

fn configuration(global: &str) -> String {
    format!(
        "global_defs {{
            {global}
        }}
        virtual_server 192.0.2.1 80 {{
            lb_algo wrr
            protocol TCP
            persistence_timeout 60
            real_server 198.51.100.1 8080 {{
                weight 3
            }}
            real_server 198.51.100.2 8080 {{
            }}
        }}
        virtual_server 2001:db8::1 443 {{
            lb_algo mh
            lb_kind DR
            protocol TCP
            real_server 2001:db8:1::1 443 {{
            }}
        }}
        virtual_server fwmark 7 {{
            lb_kind TUN
            real_server 198.51.100.1 {{
            }}
        }}"
    )
}

/// Their service.
const FOREIGN: &str = "-A -t 192.0.2.200:25 -s rr
-a -t 192.0.2.200:25 -r 198.51.100.25:25 -m -w 5
";

/// Everything as it should be.
const WHOLE: &str = "-A -t 192.0.2.1:80 -s wrr -p 60
-a -t 192.0.2.1:80 -r 198.51.100.1:8080 -m -w 3
-a -t 192.0.2.1:80 -r 198.51.100.2:8080 -m -w 1
-A -t 192.0.2.200:25 -s rr
-a -t 192.0.2.200:25 -r 198.51.100.25:25 -m -w 5
-A -t [2001:db8::1]:443 -s mh
-a -t [2001:db8::1]:443 -r [2001:db8:1::1]:443 -g -w 1
-A -f 7 -s wlc
-a -f 7 -r 198.51.100.1:0 -i -w 1 --tun-type ipip
";

/// A director with its services beside somebody else's.
fn at_work(global: &str) -> Director {
    let mut director = Director::steadfast(Node::new("director").unwrap());
    damage_to(&director, &["-A -t 192.0.2.200:25 -s rr", "-a -t 192.0.2.200:25 -r 198.51.100.25:25 -m -w 5"]);
    assert_eq!(director.ipvsadm(&["-Sn"]), FOREIGN);
    director.start(&configuration(global));
    let lines = WHOLE.lines().count();
    let there = until(PATIENCE, || (director.glance().lines().count() == lines).then_some(()));
    assert!(there.is_some(), "it never began{}", director.log());
    assert_eq!(director.ipvsadm(&["-Sn"]), WHOLE);
    director
}

fn damage_to(director: &Director, commands: &[&str]) {
    for command in commands {
        director.ipvsadm(&command.split(' ').collect::<Vec<_>>());
    }
}

/// The lines of a glance; a real server that came back is the newest, and the kernel lists that one first.
fn glance(director: &Director) -> Vec<String> {
    let mut lines: Vec<String> = director.glance().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn assert_becomes(director: &Director, whole: &[String], name: &str) {
    let repaired = until(PATIENCE, || (glance(director) == whole).then_some(()));
    assert!(repaired.is_some(), "{name}:\n{}{}", director.glance(), director.log());
    assert_eq!(director.ipvsadm(&["-Sn"]), WHOLE, "{name}");
}
