//! DNS messages (RFC 1035 §4): one question out, one answer in.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Identifier, flags, and four counts.
pub const HEADER: usize = 12;

/// The most that a question takes: the header, a name of 255 bytes, type and class.
pub const QUESTION: usize = HEADER + 255 + 4;

/// The types that a check may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named as in the DNS")]
pub enum Type {
    A,
    Ns,
    Cname,
    #[default]
    Soa,
    Mx,
    Txt,
    Aaaa,
    Rrsig,
    Dnskey,
}

impl Type {
    /// All of them, with the names that `type` takes and their numbers.
    pub const ALL: [(&'static str, Self, u16); 9] = [
        ("A", Self::A, 1),
        ("NS", Self::Ns, 2),
        ("CNAME", Self::Cname, 5),
        ("SOA", Self::Soa, 6),
        ("MX", Self::Mx, 15),
        ("TXT", Self::Txt, 16),
        ("AAAA", Self::Aaaa, 28),
        ("RRSIG", Self::Rrsig, 46),
        ("DNSKEY", Self::Dnskey, 48),
    ];

    /// The type of this name, in any case of letters.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)).map(|&(_, kind, _)| kind)
    }

    fn number(self) -> u16 {
        Self::ALL.iter().find(|(_, kind, _)| *kind == self).map_or(0, |&(.., number)| number)
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Unguessable, so that only the server can answer.
    pub id: u16,
    /// `name`: labels divided by dots, with or without one at the end; `.` is the root.
    pub name: &'a str,
    /// `type`.
    pub kind: Type,
}

/// What a message in answer to a [`Question`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Not an answer to this question.
    Foreign,
    /// It is, and was cut (TC).
    Cut,
    /// It is, but its inside is broken.
    Malformed,
    /// It is.
    Answer {
        /// The response code.
        rcode: u8,
        /// Its records.
        records: Records<'a>,
    },
}

impl Question<'_> {
    /// Whether the name can be asked for: labels of 1 to 63 bytes, 255 in all (RFC 1035 §2.3.4).
    pub fn is_valid(&self) -> bool {
        let name = self.name.strip_suffix('.').unwrap_or(self.name);
        name.is_empty() || (name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len())))
    }

    /// Writes the query into `buffer`, recursion desired; its length in bytes, 0 if it does not fit.
    pub fn emit(&self, buffer: &mut [u8]) -> usize {
        let name = self.name.strip_suffix('.').unwrap_or(self.name);
        let name_length = if name.is_empty() { 1 } else { name.len() + 2 };
        let length = HEADER + name_length + 4;
        if !self.is_valid() {
            return 0;
        }
        let Some(message) = buffer.get_mut(..length) else { return 0 };
        message.fill(0);
        message[..2].copy_from_slice(&self.id.to_be_bytes());
        message[2] = 1; // RD
        message[5] = 1; // one question
        let mut place = HEADER;
        for label in name.split('.').filter(|label| !label.is_empty()) {
            let Ok(length) = u8::try_from(label.len()) else { return 0 };
            message[place] = length;
            message[place + 1..=place + label.len()].copy_from_slice(label.as_bytes());
            place += 1 + label.len();
        }
        message[place + 1..place + 3].copy_from_slice(&self.kind.number().to_be_bytes());
        message[place + 4] = 1; // class IN
        length
    }

    /// Reads what came in answer.
    pub fn parse<'m>(&self, message: &'m [u8]) -> Reply<'m> {
        let Some(header) = message.first_chunk::<HEADER>() else { return Reply::Foreign };
        let [i, d, flags, more_flags, q, questions, a, answers, ..] = *header;
        let is_reply = [i, d] == self.id.to_be_bytes() && flags & 0xf8 == 0x80;
        let rcode = more_flags & 0x0f;
        if is_reply && rcode != 0 && [q, questions] == [0, 0] {
            // Who refuses a question need not repeat it.
            let records = Records { message, place: HEADER, left: 0, kind: self.kind.number() };
            return Reply::Answer { rcode, records };
        }
        let is_answer = is_reply && [q, questions] == [0, 1];
        let Some(place) = skip_name(message, HEADER).filter(|_| is_answer) else { return Reply::Foreign };
        let asked = message.get(place..place + 4);
        let kind = self.kind.number().to_be_bytes();
        if !name_is(message, HEADER, self.name) || asked != Some(&[kind[0], kind[1], 0, 1]) {
            return Reply::Foreign;
        }
        if flags & 2 != 0 {
            return Reply::Cut;
        }
        let records = Records {
            message,
            place: place + 4,
            left: u16::from_be_bytes([a, answers]),
            kind: self.kind.number(),
        };
        // Looked through once here, so that whoever reads them later meets no broken one.
        let mut every = records.clone();
        while every.left > 0 {
            if every.advance().is_none() {
                return Reply::Malformed;
            }
        }
        Reply::Answer { rcode, records }
    }
}

/// The records of an answer that have the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<'a> {
    message: &'a [u8],
    place: usize,
    left: u16,
    kind: u16,
}

/// A record's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    message: &'a [u8],
    start: usize,
    data: &'a [u8],
    kind: u16,
}

impl<'a> Records<'a> {
    /// The next record of any type, by its type.
    fn advance(&mut self) -> Option<Record<'a>> {
        let place = skip_name(self.message, self.place)?;
        let fixed = self.message.get(place..place + 10)?;
        let kind = u16::from_be_bytes([fixed[0], fixed[1]]);
        let start = place + 10;
        let end = start + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        let data = self.message.get(start..end)?;
        self.place = end;
        self.left -= 1;
        Some(Record { message: self.message, start, data, kind })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        while self.left > 0 {
            let record = self.advance()?;
            if record.kind == self.kind {
                return Some(record);
            }
        }
        None
    }
}

impl Record<'_> {
    /// Whether it says `expected`: an address, a host's name (of MX, NS, CNAME, SOA: the first name), or the
    /// text of a TXT.
    pub fn says(&self, expected: &str) -> bool {
        match self.kind {
            1 => self.address().is_some_and(|address| expected.parse() == Ok(address)),
            28 => self.address().is_some_and(|address| expected.parse() == Ok(address)),
            2 | 5 | 6 => name_is(self.message, self.start, expected),
            15 => name_is(self.message, self.start + 2, expected),
            16 => self.is_text(expected.as_bytes()),
            _ => false,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        match self.kind {
            1 => <[u8; 4]>::try_from(self.data).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
            _ => <[u8; 16]>::try_from(self.data).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        }
    }

    /// Whether the strings of a TXT, one behind the other, are `expected`.
    fn is_text(&self, mut expected: &[u8]) -> bool {
        let mut data = self.data;
        while let Some((&length, rest)) = data.split_first() {
            let Some((string, rest)) = rest.split_at_checked(usize::from(length)) else { return false };
            let Some(left) = expected.strip_prefix(string) else { return false };
            expected = left;
            data = rest;
        }
        expected.is_empty()
    }
}

/// The place behind the name at `place`.
fn skip_name(message: &[u8], mut place: usize) -> Option<usize> {
    loop {
        match *message.get(place)? {
            0 => return Some(place + 1),
            length @ 1..=63 => place += 1 + usize::from(length),
            0xc0.. => return message.get(place + 1).map(|_| place + 2),
            64..=0xbf => return None,
        }
    }
}

/// Whether the name at `place`, compressed or not, is `expected`, in any case of letters.
fn name_is(message: &[u8], mut place: usize, expected: &str) -> bool {
    let expected = expected.strip_suffix('.').unwrap_or(expected);
    let mut labels = expected.split('.').filter(|label| !label.is_empty());
    loop {
        match message.get(place).copied() {
            Some(0) => return labels.next().is_none(),
            Some(length @ 1..=63) => {
                let end = place + 1 + usize::from(length);
                let (Some(label), Some(wanted)) = (message.get(place + 1..end), labels.next()) else {
                    return false;
                };
                if !label.eq_ignore_ascii_case(wanted.as_bytes()) {
                    return false;
                }
                place = end;
            }
            Some(high @ 0xc0..) => {
                let Some(&low) = message.get(place + 1) else { return false };
                let target = usize::from(high & 0x3f) << 8 | usize::from(low);
                // Pointers lead back (RFC 1035 §4.1.4), so that there is an end.
                if target >= place {
                    return false;
                }
                place = target;
            }
            Some(64..=0xbf) | None => return false,
        }
    }
}
