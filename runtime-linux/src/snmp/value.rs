//! Names and values of objects (RFC 2578 §7.1), as far as `AgentX` carries them (RFC 2741 §5.4).

use core::fmt;
use core::net::Ipv4Addr;

/// An object identifier. Its order is that of the tree: lexicographic.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Vec<u32>);

impl Oid {
    /// The most that one may be long (RFC 2578 §7.1.3).
    pub const LONGEST: usize = 128;

    /// One of these numbers.
    pub fn new(numbers: impl Into<Vec<u32>>) -> Self {
        Self(numbers.into())
    }

    /// Its numbers.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// The one that goes on with these numbers.
    #[must_use]
    pub fn with(&self, further: &[u32]) -> Self {
        let mut numbers = Vec::with_capacity(self.0.len() + further.len());
        numbers.extend_from_slice(&self.0);
        numbers.extend_from_slice(further);
        Self(numbers)
    }

    /// Whether it lies in the subtree of `root`, or is its root.
    pub fn is_within(&self, root: &Self) -> bool {
        self.0.starts_with(&root.0)
    }

    /// What it has behind `root`, where it lies in that subtree.
    pub fn behind(&self, root: &[u32]) -> Option<&[u32]> {
        self.0.strip_prefix(root)
    }
}

impl From<&[u32]> for Oid {
    fn from(numbers: &[u32]) -> Self {
        Self(numbers.to_vec())
    }
}

impl<const N: usize> From<[u32; N]> for Oid {
    fn from(numbers: [u32; N]) -> Self {
        Self(numbers.to_vec())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|number| write!(formatter, ".{number}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What an object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `INTEGER`, `Integer32`, and enumerations.
    Integer(i32),
    /// `OCTET STRING`, and what is made of it.
    OctetString(Vec<u8>),
    /// `OBJECT IDENTIFIER`.
    ObjectIdentifier(Oid),
    /// `IpAddress`.
    IpAddress(Ipv4Addr),
    /// `Counter32`.
    Counter32(u32),
    /// `Gauge32`, `Unsigned32`.
    Gauge32(u32),
    /// `TimeTicks`: hundredths of a second.
    TimeTicks(u32),
    /// `Opaque`.
    Opaque(Vec<u8>),
    /// `Counter64`.
    Counter64(u64),
}

impl Value {
    /// An `OCTET STRING` of this text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::OctetString(text.as_ref().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_in_the_order_of_the_tree() {
        let mut all =
            [Oid::from([1, 3, 10]), Oid::from([1, 3, 9, 4]), Oid::from([1, 3]), Oid::from([1, 3, 9])];
        all.sort();
        assert_eq!(all.map(|oid| oid.to_string()), [".1.3", ".1.3.9", ".1.3.9.4", ".1.3.10"]);
    }

    #[test]
    fn a_subtree_has_its_root_and_what_goes_on_from_it() {
        let root = Oid::from([1, 3, 6]);
        assert!(root.is_within(&root) && root.with(&[1]).is_within(&root));
        assert!(!Oid::from([1, 3, 61]).is_within(&root) && !Oid::from([1, 3]).is_within(&root));
        assert_eq!(root.with(&[1, 2]).behind(root.numbers()), Some([1, 2].as_slice()));
        assert_eq!(Oid::from([1, 4]).behind(&[1, 3]), None);
    }
}
