//! `steadfast diff`, `steadfast config show` and `steadfast fmt`.

use std::sync::Arc;

use runtime_linux::config::difference::Difference;
use runtime_linux::config::{self, format, show};

use super::{load, router};

fn difference(old: &str, new: &str) -> String {
    Difference::between(&load(old), &load(new)).to_string()
}

#[test]
fn comments_order_and_definitions_are_no_difference() {
    let old = "$P=100\nvrrp_instance A {\n interface eth0\n virtual_router_id 1\n priority $P\n virtual_ipaddress {\n 10.0.0.1/24\n }\n}\n";
    let new = "vrrp_instance A { # as before\n priority 100\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1/24\n }\n}\n";
    assert_eq!(difference(old, new), "Nothing changes.\n");
}

#[test]
fn another_priority_keeps_the_state_and_may_move_the_addresses() {
    assert_eq!(
        difference(&router("priority 100"), &router("priority 150")),
        "\
vrrp_instance A
    it keeps its state
    - priority 100
    + priority 150
Addresses may move; 0 routers stay untouched:
    A: its priority rises from 100 to 150, and it preempts lesser routers
"
    );
}

#[test]
fn another_vrid_is_another_router() {
    let old = router("");
    let told = difference(&old, &old.replace("virtual_router_id 5", "virtual_router_id 6"));
    assert_eq!(
        told,
        "\
vrrp_instance A
    where it is MASTER it resigns, and starts anew as another router
    - virtual_router_id 5
    + virtual_router_id 6
Addresses may move; 0 routers stay untouched:
    A: it starts anew, because of virtual_router_id
"
    );
}

#[test]
fn an_address_that_is_added_and_a_script_that_is_changed_move_nothing() {
    let old = router("notify /bin/true");
    let new = router("notify /bin/false\nvirtual_ipaddress_excluded {\n192.0.2.9/24\n}");
    assert_eq!(
        difference(&old, &new),
        "\
vrrp_instance A
    it keeps its state
    192.0.2.9 comes to this host where it is MASTER
    - notify /bin/true
    + notify /bin/false
    + virtual_ipaddress_excluded
        + 192.0.2.9/24
No address moves by it; 0 routers stay untouched.
"
    );
}

#[test]
fn a_router_is_changed_by_what_stands_in_global_defs() {
    let old = router("");
    let told = difference(&old, &format!("global_defs {{\nvrrp_version 3\n}}\n{old}"));
    assert_eq!(
        told,
        "\
+ global_defs
    + vrrp_version 3
vrrp_instance A, by what stands elsewhere
    it keeps its state
Addresses may move; 0 routers stay untouched:
    A: peers of another version are not heard: until all routers have changed, more than one may be MASTER
"
    );
}

#[test]
fn a_removed_router_and_a_new_server_are_told_apart_from_what_stays() {
    let service = |servers: &str| format!("virtual_server 10.0.0.1 80 {{\nprotocol TCP\n{servers}}}\n");
    let server = |last: u8| format!("real_server 10.1.0.{last} 80 {{\nweight 1\n}}\n");
    let second = router("").replace("instance A", "instance B").replace("_id 5", "_id 6");
    let old = format!("{}{second}{}", router(""), service(&server(1)));
    let new = format!("{}{}", router(""), service(&(server(1).replace("weight 1", "weight 2") + &server(2))));
    let told = difference(&old, &new);
    assert_eq!(
        told,
        "\
- vrrp_instance B
    where it is MASTER it resigns, and its addresses leave this host
    - interface eth0
    - virtual_router_id 6
    - virtual_ipaddress
        - 192.0.2.1/24
virtual_server 10.0.0.1 80
    real_server 10.1.0.1 80
        - weight 1
        + weight 2
    + real_server 10.1.0.2 80
        + weight 1
Addresses may move; 1 router stays untouched:
    B: it is removed
"
    );
}

#[test]
fn show_works_out_definitions_and_hides_passwords() {
    let text = router(
        "$X=7\nauthentication {\nauth_type PASS\nauth_pass secret\n}\npriority $X\nnotify \"/bin/a b\"",
    );
    let shown = show::text(&load(&text).nodes());
    assert!(shown.contains("        auth_pass ***\n"), "{shown}");
    assert!(shown.contains("    priority 7\n    notify \"/bin/a b\"\n"), "{shown}");
    assert!(!shown.contains("secret"));
    let json = show::json(&load(&text).nodes()).to_string();
    assert!(
        json.contains(r#"{"values":["PASS"],"word":"auth_type"},{"values":["***"],"word":"auth_pass"}"#),
        "{json}"
    );
}

#[test]
fn what_is_shown_and_what_is_formatted_are_read_as_the_same_configuration() {
    for path in samples() {
        let source = std::fs::read_to_string(&path).unwrap();
        let formatted = format::formatted(&source);
        assert_eq!(format::formatted(&formatted), formatted, "{}", path.display());
        let [text, again] = [&source, &formatted].map(|text| show::text(&load(text).nodes()));
        assert_eq!(again, text, "{}", path.display());
        assert_eq!(show::text(&load(&text).nodes()), text, "{}", path.display());
        let configuration = |text: &str| {
            let mut configuration = load(text).configuration.unwrap();
            // Passwords are not shown.
            for instance in &mut configuration.instances {
                Arc::make_mut(instance).authentication = config::model::Authentication::None;
            }
            configuration
        };
        assert_eq!(configuration(&text), configuration(&source), "{}", path.display());
    }
}

#[test]
fn damaged_files_are_formatted_without_another_meaning() {
    let sources: Vec<String> = samples().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut seed = 1_u64;
    let mut chance = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for round in 0..300 {
        let mut lines: Vec<String> = sources[round % sources.len()].lines().map(str::to_owned).collect();
        for _ in 0..=chance(4) {
            let at = chance(lines.len());
            match chance(5) {
                0 => drop(lines.remove(at)),
                1 => lines[at].push_str([" {", "}", " \"", " # x", " \\"][chance(5)]),
                2 => lines[at] = lines[at].replace('{', ""),
                3 => lines.insert(
                    at,
                    ["}", "{", "$A=\\", "~SEQ(i, 1, 3) priority $i", "@^x a"][chance(5)].to_owned(),
                ),
                _ => lines[at] = format!("\t {}  ", lines[at]),
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
        }
        let source = lines.join("\n");
        let formatted = format::formatted(&source);
        let [before, after] = [&source, &formatted].map(|text| show::text(&load(text).nodes()));
        assert_eq!(after, before, "{source}");
        assert_eq!(format::formatted(&formatted), formatted, "{source}");
    }
}

fn samples() -> impl Iterator<Item = std::path::PathBuf> {
    let folders = ["", "published"].map(|folder| std::fs::read_dir(super::sample(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
}
