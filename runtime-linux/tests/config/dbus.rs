//! The daemon on the system bus.

use runtime_linux::config::model::Dbus;

use super::{complaints, load};

#[test]
fn the_name_is_the_usual_one_unless_another_is_said_and_there_is_none_without_enable_dbus() {
    let name = |words: &str| {
        let global = load(&format!("global_defs {{\n{words}\n}}\n")).configuration.unwrap().global;
        global.dbus.name().map(ToOwned::to_owned)
    };
    assert_eq!(name(""), None);
    assert_eq!(name("dbus_service_name org.example.Vrrp"), None);
    assert_eq!(name("enable_dbus").as_deref(), Some(Dbus::USUAL_NAME));
    assert_eq!(name("enable_dbus\ndbus_service_name org.example.Vrrp").as_deref(), Some("org.example.Vrrp"));
}

#[test]
fn a_name_that_no_bus_gives_is_complained_of() {
    assert_eq!(
        complaints("global_defs {\nenable_dbus\ndbus_service_name keepalived\n}\n"),
        ["3:19: error[S0301]: `keepalived` is not what is expected here; org.keepalived.Vrrp1 is used"]
    );
}

#[test]
fn a_name_for_routers_without_an_interface_is_taken_and_says_why_nothing_comes_of_it() {
    let loaded = load("global_defs {\nenable_dbus\ndbus_no_interface_name none\n}\n");
    assert_eq!(loaded.diagnostics.exit_code(), 0);
    let accepted = loaded.diagnostics.accepted().iter().map(|word| word.word.as_str());
    assert_eq!(accepted.collect::<Vec<_>>(), ["dbus_no_interface_name"]);
}
