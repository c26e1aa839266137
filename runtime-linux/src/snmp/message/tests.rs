use proptest::prelude::*;

use super::*;

const PLACE: Header = Header { kind: 0, flags: 0, session: 8, transaction: 15, packet: 16, length: 0 };

#[test]
fn a_question_for_the_next_object_is_read() {
    // RFC 2741 §6.2.6, about one range: 1.3.6.1.2.1.1.1 up to 1.3.6.1.2.1.1.2.
    let octets: [u8; 20] = [1, 6, 0x10, 0, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 16, 0, 0, 0, 32];
    let header = Header::read(&octets).unwrap();
    assert_eq!((header.session, header.transaction, header.packet, header.length), (8, 15, 16, 32));
    assert!(header.is_question());
    let payload = [
        3, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, //
        3, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2,
    ];
    let range = Range {
        start: Oid::from([1, 3, 6, 1, 2, 1, 1, 1]),
        include: false,
        end: Some(Oid::from([1, 3, 6, 1, 2, 1, 1, 2])),
    };
    assert_eq!(header.payload(&payload), Ok(Heard::GetNext(vec![range])));
}

#[test]
fn a_question_for_many_is_read_in_either_order_of_octets() {
    let mut octets: [u8; 20] = [1, 7, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0];
    let payload = [0, 0, 10, 0, 1, 2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let wanted = Heard::GetBulk {
        non_repeaters: 0,
        max_repetitions: 10,
        ranges: vec![Range { start: Oid::from([1, 3, 6, 1, 2, 1]), include: true, end: None }],
    };
    assert_eq!(Header::read(&octets).unwrap().payload(&payload), Ok(wanted));
    octets[2] |= 0x08;
    assert_eq!(Header::read(&octets).unwrap().payload(&payload), Ok(Heard::OtherContext));
}

#[test]
fn an_opening_says_who_speaks() {
    let opening = Said::Open { timeout: 5, description: "me" };
    assert_eq!(
        opening.octets(&Header { packet: 1, ..Header::default() }),
        [
            1, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 16, //
            5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, b'm', b'e', 0, 0
        ]
    );
}

#[test]
fn a_registration_names_its_subtree() {
    assert_eq!(
        Said::Register(&Oid::from([1, 3, 6, 1, 2, 1, 68])).octets(&PLACE),
        [
            1, 3, 0x10, 0, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 16, 0, 0, 0, 16, //
            0, 127, 0, 0, 2, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 68
        ]
    );
}

#[test]
fn an_answer_has_what_was_asked_for() {
    let name = Oid::from([1, 3, 6, 1, 2, 1]);
    let bindings = [
        (name.clone(), Bound::Value(Value::Integer(3))),
        (name.clone(), Bound::NoSuchObject),
        (name, Bound::EndOfView),
    ];
    let said = Said::Response { fault: Some((Fault::NotWritable, 2)), bindings: &bindings };
    assert_eq!(
        said.octets(&PLACE)[20..],
        [
            0, 0, 0, 0, 0, 17, 0, 2, //
            0, 2, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, //
            0, 128, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, //
            0, 130, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1
        ]
    );
}

#[test]
fn what_cannot_be_a_message_is_refused_by_its_header() {
    let header = |octets: [u8; 4], length: u32| {
        let mut all = [0; HEADER];
        all[..4].copy_from_slice(&octets);
        all[16..].copy_from_slice(&length.to_be_bytes());
        Header::read(&all)
    };
    assert_eq!(header([2, 5, 0x10, 0], 0), Err(Error::Version(2)));
    assert_eq!(header([1, 5, 0x10, 0], 6), Err(Error::Length(6)));
    assert_eq!(header([1, 5, 0x10, 0], 64 * 1024 + 4), Err(Error::Length(65_540)));
    assert_eq!(header([1, 19, 0x10, 0], 0).unwrap().payload(&[]), Err(Error::Type(19)));
    assert_eq!(header([1, 3, 0x10, 0], 0).unwrap().payload(&[]), Ok(Heard::Misplaced(3)));
}

proptest! {
    #[test]
    fn any_octets_are_survived(mut header: [u8; HEADER], payload: Vec<u8>, whole: bool) {
        if whole {
            header[0] = VERSION;
            header[1] = header[1] % RESPONSE + 1;
            header[16..].fill(0);
        }
        if let Ok(header) = Header::read(&header) {
            let _ = header.payload(&payload);
        }
    }

    #[test]
    fn ranges_are_no_more_than_their_octets(payload in prop::collection::vec(0_u8..3, 0..4096)) {
        let header = Header { kind: GET_NEXT, flags: NETWORK_ORDER, ..Header::default() };
        if let Ok(Heard::GetNext(ranges)) = header.payload(&payload) {
            prop_assert!(ranges.len() * 8 <= payload.len());
        }
    }
}
