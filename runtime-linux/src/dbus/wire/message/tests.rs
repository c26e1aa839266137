use proptest::prelude::*;

use super::*;

#[test]
fn the_first_call_on_a_bus_has_these_bytes() {
    let hello = Message {
        serial: 1,
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
        destination: "org.freedesktop.DBus",
        ..Message::new(Kind::Call)
    };
    let bytes = hello.emit();
    let wanted = b"l\x01\0\x01\0\0\0\0\x01\0\0\0\x6d\0\0\0\
        \x01\x01o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0\
        \x02\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\
        \x03\x01s\0\x05\0\0\0Hello\0\0\0\
        \x06\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0";
    assert_eq!(bytes, wanted);
    assert_eq!(Message::parse(&bytes), Ok(hello));
}

#[test]
fn an_answer_names_the_call_and_has_a_body() {
    let answer = Message {
        serial: 9,
        reply_to: 2,
        destination: ":1.5",
        signature: "u",
        body: b"\x02\0\0\0",
        ..Message::new(Kind::Return)
    };
    let bytes = answer.emit();
    let wanted = b"l\x02\x01\x01\x04\0\0\0\x09\0\0\0\x1f\0\0\0\
        \x06\x01s\0\x04\0\0\0:1.5\0\0\0\0\x05\x01u\0\x02\0\0\0\x08\x01g\0\x01u\0\0\x02\0\0\0";
    assert_eq!(bytes, wanted);
    assert_eq!(Message::parse(&bytes), Ok(answer));
}

#[test]
fn big_endian_is_understood() {
    let bytes = b"B\x04\x01\x01\0\0\0\x04\0\0\0\x09\0\0\0\x07\x08\x01g\0\x01u\0\0\0\0\0\x02";
    let message = Message::parse(bytes).unwrap();
    assert_eq!((message.kind, message.serial, message.signature), (Kind::Signal, 9, "u"));
    assert_eq!(message.arguments().number(), Ok(2));
}

#[test]
fn a_message_is_as_long_as_its_first_bytes_say() {
    let bytes = b"l\x01\0\x01\x05\0\0\0\x01\0\0\0\x09\0\0\0";
    assert_eq!((frame(bytes), frame(&bytes[..15])), (Ok(Some(16 + 16 + 5)), Ok(None)));
    assert_eq!(frame(b"x\x01\0\x01\x05\0\0\0\x01\0\0\0\x09\0\0\0"), Err(Malformed::ByteOrder));
    assert_eq!(frame(b"l\x01\0\x02\x05\0\0\0\x01\0\0\0\x09\0\0\0"), Err(Malformed::Version));
    assert_eq!(frame(b"l\x01\0\x01\xff\xff\xff\xff\x01\0\0\0\x09\0\0\0"), Err(Malformed::TooLong));
}

#[test]
fn fields_that_nobody_knows_are_passed_over_and_types_that_nobody_knows_are_refused() {
    assert!(Message::parse(b"l\x01\0\x01\0\0\0\0\x01\0\0\0\x08\0\0\0\x63\x01u\0\0\0\0\0").is_ok());
    let other = Message::parse(b"l\x01\0\x01\0\0\0\0\x01\0\0\0\x08\0\0\0\x63\x01t\0\0\0\0\0");
    assert_eq!(other, Err(Malformed::Field));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), big in any::<bool>()) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = if big { b'B' } else { b'l' };
        }
        let _ = frame(&bytes);
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn what_is_written_is_read_back(
        path in "(/[a-z0-9_]{1,9}){0,5}",
        member in "[A-Za-z]{0,12}",
        sender in "(:1\\.[0-9]{1,4})?",
        reply_to in any::<u32>(),
        serial in any::<u32>(),
        body in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let message = Message {
            path: &path,
            member: &member,
            sender: &sender,
            reply_to,
            serial,
            body: &body,
            signature: if body.is_empty() { "" } else { "s" },
            ..Message::new(Kind::Call)
        };
        let bytes = message.emit();
        prop_assert_eq!(frame(&bytes), Ok(Some(bytes.len())));
        prop_assert_eq!(Message::parse(&bytes), Ok(message));
    }
}
