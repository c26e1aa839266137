//! Authentication of version 2 (RFC 2338 §5.3.6): none, a password in clear text, or an IP authentication
//! header around the advert.
//!
//! RFC 3768 took both away and kept the room: eight bytes at the end of every advert.

/// What an advert of version 2 proves itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Type 0: nothing. The eight bytes are zero when sent and not looked at when received.
    None,
    /// Type 1: a password of up to eight bytes, padded with zeros.
    Password([u8; LEN]),
    /// Type 2: the advert came behind an IP authentication header ([`ah`](super::ah)). The eight bytes are zero
    /// when sent and not looked at when received.
    Header,
    /// Any other type: known to be there, not understood.
    Unknown(u8),
}

impl Authentication {
    /// Reads the type byte and the eight bytes that belong to it.
    pub const fn parse(kind: u8, data: [u8; LEN]) -> Self {
        match kind {
            0 => Self::None,
            1 => Self::Password(data),
            2 => Self::Header,
            _ => Self::Unknown(kind),
        }
    }

    /// The type byte.
    pub const fn kind(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password(_) => 1,
            Self::Header => 2,
            Self::Unknown(kind) => kind,
        }
    }

    /// The eight bytes to send.
    pub const fn data(self) -> [u8; LEN] {
        match self {
            Self::None | Self::Header | Self::Unknown(_) => [0; LEN],
            Self::Password(password) => password,
        }
    }
}

/// Whether two passwords or digests are the same, found out in the same time whatever they are.
pub fn same<const N: usize>(a: [u8; N], b: [u8; N]) -> bool {
    core::hint::black_box(a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b))) == 0
}

/// Bytes of authentication data.
pub const LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_if_any_byte_does() {
        // A2
        for position in 0..LEN {
            let mut other = *b"s3cretpw";
            other[position] ^= 1;
            assert!(!same(*b"s3cretpw", other), "byte {position}");
        }
        assert!(same(*b"1234\0\0\0\0", *b"1234\0\0\0\0"));
    }

    #[test]
    fn unknown_types_survive() {
        assert_eq!(Authentication::parse(9, [9; 8]).kind(), 9);
        assert_eq!(Authentication::parse(0, [9; 8]).data(), [0; 8]);
    }
}
