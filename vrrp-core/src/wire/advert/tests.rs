use super::*;

fn v4(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))
}

fn v6(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn emitted(
    repr: &Repr<'_>,
    source: IpAddr,
    destination: IpAddr,
    form: ChecksumForm,
) -> heapless::Vec<u8, 64> {
    let mut buffer = [0xaa; 64];
    let len = repr.emit(source, destination, form, &mut buffer).expect("64 bytes are enough");
    assert_eq!(len, repr.len());
    heapless::Vec::from_slice(&buffer[..len]).expect("64 bytes are enough")
}

const T1: [u8; 20] = *b"\x21\x01\x64\x01\x00\x01\xb8\xfa\xc0\x00\x02\x01\0\0\0\0\0\0\0\0";
const T2: [u8; 20] = *b"\x21\x01\x64\x01\x01\x01\x53\x94\xc0\x00\x02\x011234\0\0\0\0";
const T4: [u8; 20] = *b"\x21\x01\x00\x01\x00\x01\x1c\xfb\xc0\x00\x02\x01\0\0\0\0\0\0\0\0";
const T5: [u8; 12] = *b"\x31\x01\x64\x01\x00\x64\xa8\x97\xc0\x00\x02\x01";
const T6: [u8; 12] = *b"\x31\x01\x64\x01\x00\x64\x05\xfe\xc0\x00\x02\x01";
const T7: [u8; 12] = *b"\x31\x01\x64\x01\x00\x64\x23\xfc\xc0\x00\x02\x01";
const T10: [u8; 40] = *b"\x31\x01\x64\x02\x00\x64\x40\x24\
    \xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
    \x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01";
const T12: [u8; 12] = *b"\x31\x01\xfe\x01\x00\x00\x0e\xfb\xc0\x00\x02\x01";

fn example(version: Version, addresses: &[IpAddr]) -> Repr<'_> {
    Repr {
        version,
        vrid: Vrid::new(1).expect("not zero"),
        priority: 100,
        interval: Interval::DEFAULT,
        authentication: Authentication::None,
        addresses: Addresses::new(addresses),
    }
}

#[test]
fn version_2_adverts_are_the_vectors() {
    // T1, T2, T4, P11, A1
    let addresses = [v4(1)];
    let group = Family::V4.multicast_group();
    let plain = example(Version::V2, &addresses);
    assert_eq!(emitted(&plain, v4(10), group, ChecksumForm::Rfc9568), T1);
    let form = ChecksumForm::PseudoHeader;
    assert_eq!(emitted(&plain, v4(10), group, form), T1, "the form is version 3's");
    let secret = Repr { authentication: Authentication::Password(*b"1234\0\0\0\0"), ..plain };
    assert_eq!(emitted(&secret, v4(10), group, ChecksumForm::Rfc9568), T2);
    let last = Repr { priority: 0, ..plain };
    assert_eq!(emitted(&last, v4(10), group, ChecksumForm::Rfc9568), T4);
    for (bytes, repr) in [(T1, plain), (T2, secret), (T4, last)] {
        assert_eq!(Repr::parse(&bytes, Family::V4), Ok(repr));
        assert_eq!(checksum::verify(&bytes, Version::V2, v4(10), group), Some(ChecksumForm::Rfc9568));
    }
}

#[test]
fn version_3_adverts_over_ipv4_are_the_vectors_in_both_forms() {
    // T5, T6, T7, P13, P14
    let addresses = [v4(1)];
    let group = Family::V4.multicast_group();
    let repr = example(Version::V3, &addresses);
    assert_eq!(emitted(&repr, v4(10), group, ChecksumForm::Rfc9568), T5);
    assert_eq!(emitted(&repr, v4(10), group, ChecksumForm::PseudoHeader), T6);
    assert_eq!(emitted(&repr, v4(10), v4(20), ChecksumForm::PseudoHeader), T7);
    for bytes in [T5, T6, T7] {
        assert_eq!(Repr::parse(&bytes, Family::V4), Ok(repr));
    }
    let form = |bytes, destination| checksum::verify(bytes, Version::V3, v4(10), destination);
    assert_eq!(form(&T5, group), Some(ChecksumForm::Rfc9568));
    assert_eq!(form(&T6, group), Some(ChecksumForm::PseudoHeader));
    assert_eq!(form(&T7, v4(20)), Some(ChecksumForm::PseudoHeader));
    assert_eq!(form(&T7, group), None);
    assert_eq!(checksum::verify(&T6, Version::V3, v4(11), group), None);
}

#[test]
fn version_3_adverts_over_ipv6_are_the_vector() {
    // T10, P12
    let addresses = [v6("fe80::1"), v6("2001:db8::1")];
    let (source, group) = (v6("fe80::a"), Family::V6.multicast_group());
    let repr = example(Version::V3, &addresses);
    assert_eq!(emitted(&repr, source, group, ChecksumForm::Rfc9568), T10);
    assert_eq!(Repr::parse(&T10, Family::V6), Ok(repr));
    assert_eq!(checksum::verify(&T10, Version::V3, source, group), Some(ChecksumForm::PseudoHeader));
}

#[test]
fn an_interval_of_zero_is_refused_though_the_checksum_holds() {
    // T12, R10
    let group = Family::V4.multicast_group();
    assert_eq!(checksum::verify(&T12, Version::V3, v4(10), group), Some(ChecksumForm::Rfc9568));
    assert_eq!(Repr::parse(&T12, Family::V4), Err(Error::Interval));
}

#[test]
fn what_keepalived_2_2_7_sent_is_read_and_sent_again_byte_for_byte() {
    // From captures of an election, 198.18.0.1 being the Active router.
    let captured = *b"\x21\x33\xc8\x01\x01\x01\xa2\xc1\xc6\x12\x00\x64s3cretpw";
    let source = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 1));
    let group = Family::V4.multicast_group();
    let repr = Repr::parse(&captured, Family::V4).expect("keepalived sends adverts");
    assert_eq!((repr.vrid.get(), repr.priority), (51, 200));
    assert_eq!(repr.authentication, Authentication::Password(*b"s3cretpw"));
    assert_eq!(emitted(&repr, source, group, ChecksumForm::Rfc9568), captured);

    let captured = *b"\x31\x33\xc8\x01\x00\x64\x99\x4d\xc6\x12\x00\x64";
    let repr = Repr::parse(&captured, Family::V4).expect("keepalived sends adverts");
    assert_eq!((repr.vrid.get(), repr.priority, repr.interval), (51, 200, Interval::DEFAULT));
    assert_eq!(emitted(&repr, source, group, ChecksumForm::PseudoHeader), captured);

    let captured = *b"\x31\x33\xc8\x02\x00\x64\xf7\x30\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\x5e\0\x01\
        \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\x01\0";
    let repr = Repr::parse(&captured, Family::V6).expect("keepalived sends adverts");
    let (source, group) = (v6("fe80::906c:4ff:fee1:4f20"), Family::V6.multicast_group());
    assert_eq!(emitted(&repr, source, group, ChecksumForm::Rfc9568), captured);
}

#[test]
fn reserved_bits_are_not_looked_at() {
    // §2.3: the high nibble of byte 4.
    let mut bytes = T5;
    bytes[4] |= 0xf0;
    assert_eq!(Repr::parse(&bytes, Family::V4).map(|repr| repr.interval), Ok(Interval::DEFAULT));
}

#[test]
fn every_other_length_is_refused() {
    // R1, R6
    for len in 0..T10.len() {
        let expected = if len < 8 { Error::TooShort } else { Error::Length };
        assert_eq!(Repr::parse(&T10[..len], Family::V6), Err(expected), "{len} bytes");
    }
    assert_eq!(Repr::parse(&T10, Family::V4), Err(Error::Length));
}

#[test]
fn a_buffer_that_is_too_short_is_left_alone() {
    let addresses = [v4(1)];
    let repr = example(Version::V2, &addresses);
    let mut buffer = [0xaa; 19];
    let group = Family::V4.multicast_group();
    assert_eq!(repr.emit(v4(10), group, ChecksumForm::Rfc9568, &mut buffer), None);
    assert_eq!(buffer, [0xaa; 19]);
}
