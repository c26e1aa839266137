//! Numbers and addresses, read by the compiler.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fault::fault;
use super::words::Word;

/// A whole number from `least` to `most`; `what` says so in words.
pub(super) const fn number(word: Word, least: u32, most: u32, what: &str) -> u32 {
    match digits(word.text.as_bytes(), 10) {
        Some(number) if number >= least && number <= most => number,
        Some(_) | None => fault(word, what),
    }
}

/// Seconds with at most two decimals, in hundredths.
pub(super) const fn centiseconds(word: Word, most: u32, what: &str) -> u32 {
    let bytes = word.text.as_bytes();
    let mut point = 0;
    while point < bytes.len() && bytes[point] != b'.' {
        point += 1;
    }
    let (whole, rest) = bytes.split_at(point);
    let decimals = match rest {
        [] | [b'.'] => Some(0),
        [b'.', tenths] => match digits(&[*tenths], 10) {
            Some(tenths) => Some(tenths * 10),
            None => None,
        },
        [b'.', tenths, hundredths] => digits(&[*tenths, *hundredths], 10),
        _ => None,
    };
    let whole = if whole.is_empty() && rest.len() > 1 { Some(0) } else { digits(whole, 10) };
    match (whole, decimals) {
        (Some(whole), Some(decimals)) if whole <= most / 100 && whole * 100 + decimals <= most => {
            whole * 100 + decimals
        }
        _ => fault(word, what),
    }
}

/// An address, and the prefix length after it if there is one.
pub(super) const fn address(word: Word) -> IpAddr {
    let bytes = word.text.as_bytes();
    let mut slash = 0;
    while slash < bytes.len() && bytes[slash] != b'/' {
        slash += 1;
    }
    let (address, prefix) = bytes.split_at(slash);
    let Some(address) = (match ipv4(address) {
        Some(address) => Some(IpAddr::V4(address)),
        None => match ipv6(address) {
            Some(address) => Some(IpAddr::V6(address)),
            None => None,
        },
    }) else {
        fault(word, "this is no IP address")
    };
    if let [_, prefix @ ..] = prefix {
        let most = if address.is_ipv4() { 32 } else { 128 };
        match digits(prefix, 10) {
            Some(length) if length <= most => {}
            Some(_) | None => fault(word, "its prefix length is none"),
        }
    }
    address
}

const fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = text;
    let mut index = 0;
    while index < 4 {
        let (part, after) = before(rest, b'.');
        match (digits(part, 10), after) {
            #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
            (Some(octet), _) if octet <= 255 && part.len() <= 3 => octets[index] = octet as u8,
            _ => return None,
        }
        rest = match after {
            Some(after) if index < 3 => after,
            None if index == 3 => &[],
            Some(_) | None => return None,
        };
        index += 1;
    }
    Some(Ipv4Addr::from_octets(octets))
}

/// RFC 4291 §2.2, forms 1 and 2.
const fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0_u16; 8];
    let mut length = 0;
    // Where `::` stands, as a number of groups before it.
    let mut gap = None;
    let mut rest = text;
    if let [b':', b':', after @ ..] = rest {
        gap = Some(0);
        rest = after;
    }
    while !rest.is_empty() {
        let (part, after) = before(rest, b':');
        match digits(part, 16) {
            #[expect(clippy::cast_possible_truncation, reason = "four digits of 16")]
            Some(group) if part.len() <= 4 && length < 8 => groups[length] = group as u16,
            Some(_) | None => return None,
        }
        length += 1;
        rest = match after {
            None => &[],
            Some([b':', after @ ..]) if gap.is_none() => {
                gap = Some(length);
                after
            }
            Some([] | [b':', ..]) => return None,
            Some(after) => after,
        };
    }
    match gap {
        None if length == 8 => {}
        Some(gap) if length < 8 => {
            // What comes after the gap moves to the end.
            let mut moved = 0;
            while moved < length - gap {
                moved += 1;
                groups[8 - moved] = groups[length - moved];
                groups[length - moved] = 0;
            }
        }
        None | Some(_) => return None,
    }
    Some(Ipv6Addr::from_segments(groups))
}

/// What stands before the first `mark`, and what after it, if there is one.
const fn before(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    let mut index = 0;
    while index < text.len() {
        if text[index] == mark {
            let (before, after) = text.split_at(index);
            let (_, after) = after.split_at(1);
            return (before, Some(after));
        }
        index += 1;
    }
    (text, None)
}

const fn digits(text: &[u8], base: u32) -> Option<u32> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    let mut number = 0;
    let mut index = 0;
    while index < text.len() {
        match (text[index] as char).to_digit(base) {
            Some(digit) => number = number * base + digit,
            None => return None,
        }
        index += 1;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    fn read(text: &'static str) -> IpAddr {
        address(Word { text, line: 1, at: 0 })
    }

    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them() {
        for text in [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "2001:db8::",
            "2001:db8::8:0:1",
            "1:2:3:4:5:6:7:8",
            "1::8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "ABCD:ef01::",
            "192.0.2.1.1",
            "192.0.2",
            "256.1.1.1",
            "1.2.3.",
            ".1.2.3",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            ":::",
            ":1",
            "1:",
            "12345::",
            "g::",
            "",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
        ] {
            let expected = text.parse().ok();
            let bytes = text.as_bytes();
            let found = ipv4(bytes).map(IpAddr::V4).or_else(|| ipv6(bytes).map(IpAddr::V6));
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(read("192.0.2.1/24"), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn seconds_are_read_to_the_hundredth() {
        let read = |text| centiseconds(Word { text, line: 1, at: 0 }, 4095, "");
        assert_eq!(["1", "0.1", "0.01", ".5", "2.", "40.95"].map(read), [100, 10, 1, 50, 200, 4095]);
    }
}
