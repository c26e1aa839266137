use super::*;
use crate::dbus::objects::tests::objects;
use crate::dbus::wire::Kind;

const AT: &str = "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4";
const MAIN: &str = "/org/keepalived/Vrrp1/Vrrp";

#[test]
fn methods_without_arguments_become_requests() {
    let method = |path, name: &str| {
        let (interface, member) = name.rsplit_once('.').unwrap();
        asked(path, interface, member, &[])
    };
    assert_eq!(method(MAIN, "org.keepalived.Vrrp1.Vrrp.PrintData"), Answer::After(Request::PrintData));
    assert_eq!(method(MAIN, "org.keepalived.Vrrp1.Vrrp.PrintStats"), Answer::After(Request::PrintStatistics));
    assert_eq!(
        method(MAIN, "org.keepalived.Vrrp1.Vrrp.PrintStatsClear"),
        Answer::After(Request::PrintStatisticsThenZero)
    );
    assert_eq!(method(MAIN, "org.keepalived.Vrrp1.Vrrp.ReloadConfig"), Answer::After(Request::Reload));
    assert_eq!(
        method(AT, "org.keepalived.Vrrp1.Instance.SendGarp"),
        Answer::After(Request::Announce("VI_1".to_owned()))
    );
    assert_eq!(method("/nowhere", "org.freedesktop.DBus.Peer.Ping"), Answer::Values("", Vec::new()));
}

#[test]
fn properties_have_these_bytes() {
    let get = |name| asked(AT, PROPERTIES, "Get", &[ROUTER, name]);
    assert_eq!(get("Name"), Answer::Values("v", b"\x03(s)\0\0\0\0\x04\0\0\0VI_1\0".to_vec()));
    assert_eq!(get("State"), Answer::Values("v", b"\x04(us)\0\0\0\x02\0\0\0\x06\0\0\0Master\0".to_vec()));
    let all = asked(AT, PROPERTIES, "GetAll", &[ROUTER]);
    let wanted = b"\x3f\0\0\0\0\0\0\0\x04\0\0\0Name\0\x03(s)\0\0\0\x04\0\0\0VI_1\0\0\0\0\0\0\0\0\
        \x05\0\0\0State\0\x04(us)\0\x02\0\0\0\x06\0\0\0Master\0";
    assert_eq!(all, Answer::Values("a{sv}", wanted.to_vec()));
    let none = asked(MAIN, PROPERTIES, "GetAll", &[DAEMON]);
    assert_eq!(none, Answer::Values("a{sv}", vec![0; 8]));
}

#[test]
fn nonsense_is_refused_by_the_names_that_glib_has_for_it() {
    let refusal =
        |path, interface, member, arguments: &[&str]| match asked(path, interface, member, arguments) {
            Answer::Refusal(why, _) => why,
            other @ (Answer::Values(..) | Answer::After(_)) => panic!("{other:?}"),
        };
    for (path, interface, member, arguments) in [
        ("/org/keepalived/Vrrp1", DAEMON, "PrintData", [].as_slice()),
        ("/org/keepalived/Vrrp1/Instance/eth0/99/IPv4", ROUTER, "SendGarp", &[]),
        ("/org/keepalived/Vrrp1/Instance", PROPERTIES, "GetAll", &[ROUTER]),
        (AT, DAEMON, "PrintData", &[]),
        (AT, "org.keepalived.Vrrp1.Nope", "SendGarp", &[]),
        (AT, ROUTER, "Nope", &[]),
        (MAIN, DAEMON, "CreateInstance", &["a"]),
        (AT, "", "SendGarp", &[]),
        (AT, PROPERTIES, "Get", &[ROUTER]),
        (AT, PROPERTIES, "Nope", &[ROUTER]),
        (AT, PEER, "Nope", &[]),
        (AT, INTROSPECTABLE, "Introspect", &["x"]),
    ] {
        assert_eq!(
            refusal(path, interface, member, arguments),
            Refusal::UnknownMethod,
            "{interface}.{member}"
        );
    }
    for (path, interface, member, arguments) in [
        (AT, PROPERTIES, "Get", [ROUTER, "Nope"].as_slice()),
        (AT, PROPERTIES, "Get", &[DAEMON, "Name"]),
        (AT, PROPERTIES, "Get", &["", "Name"]),
        (AT, PROPERTIES, "GetAll", &["org.keepalived.Vrrp1.Nope"]),
        (MAIN, PROPERTIES, "Get", &[DAEMON, "Name"]),
        (AT, ROUTER, "SendGarp", &["x"]),
        (MAIN, DAEMON, "PrintData", &["x"]),
    ] {
        assert_eq!(
            refusal(path, interface, member, arguments),
            Refusal::InvalidArguments,
            "{interface}.{member}"
        );
    }
}

#[test]
fn no_property_can_be_set() {
    for (interface, name) in [(ROUTER, "Name"), (ROUTER, "State"), (ROUTER, "Nope"), ("x", "Name")] {
        let mut body = Writer::default();
        body.string(interface);
        body.string(name);
        body.signature("s");
        body.string("x");
        let body = body.finish();
        let call = Message { signature: "ssv", body: &body, ..call(AT, PROPERTIES, "Set") };
        let answer = answer(&call, &objects(), || None);
        assert!(matches!(answer, Answer::Refusal(Refusal::InvalidArguments, _)), "{name}: {answer:?}");
    }
}

#[test]
fn a_call_whose_body_is_not_what_its_signature_says_is_refused() {
    let call = Message { signature: "ss", body: b"\xff\xff\xff\xff", ..call(AT, PROPERTIES, "Get") };
    assert!(matches!(answer(&call, &objects(), || None), Answer::Refusal(Refusal::InvalidArguments, _)));
}

#[test]
fn the_name_of_the_machine_is_told_where_it_has_one() {
    let call = call("/", PEER, "GetMachineId");
    assert_eq!(
        answer(&call, &objects(), || Some("3d12".to_owned())),
        Answer::Values("s", b"\x04\0\0\x003d12\0".to_vec())
    );
    assert!(matches!(answer(&call, &objects(), || None), Answer::Refusal(Refusal::Failed, _)));
}

#[test]
fn every_path_can_be_looked_at() {
    let document = |path| match asked(path, INTROSPECTABLE, "Introspect", &[]) {
        Answer::Values("s", body) => String::from_utf8(body[4..body.len() - 1].to_vec()).unwrap(),
        other @ (Answer::Values(..) | Answer::Refusal(..) | Answer::After(_)) => panic!("{other:?}"),
    };
    let way = document("/org/keepalived/Vrrp1/Instance");
    assert!(way.ends_with("<node>\n  <node name=\"eth0\"/>\n  <node name=\"eth_1_5\"/>\n</node>\n"), "{way}");
    assert!(document("/nowhere").ends_with("<node>\n</node>\n"));
    assert!(document(AT).contains("<property type=\"(us)\" name=\"State\" access=\"read\"/>"));
    assert!(document(MAIN).contains("<signal name=\"VrrpReloaded\"/>"));
}

fn asked(path: &str, interface: &str, member: &str, arguments: &[&str]) -> Answer {
    let mut body = Writer::default();
    for text in arguments {
        body.string(text);
    }
    let (body, signature) = (body.finish(), "s".repeat(arguments.len()));
    let call = Message { signature: &signature, body: &body, ..call(path, interface, member) };
    answer(&call, &objects(), || None)
}

fn call<'m>(path: &'m str, interface: &'m str, member: &'m str) -> Message<'m> {
    Message { serial: 2, path, interface, member, sender: ":1.5", ..Message::new(Kind::Call) }
}
