//! Reading an entry of routes or rules word by word. Whatever is wrong in it, the whole of it is left out, as in
//! keepalived: half a route leads elsewhere.

use core::net::IpAddr;
use core::ops::RangeInclusive;

use vrrp_core::Family;

use super::route_names::{Catalogue, Names, number};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::nearest;
use crate::config::model::route::Net;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::wrong;

/// The words of one entry, and what was found out about it.
pub(super) struct Words<'n, 'd> {
    tokens: Vec<&'n Token>,
    position: usize,
    names: &'n Names,
    /// `the route is left out`.
    consequence: &'static str,
    /// The family, once something told it, and what did.
    family: Option<(Family, &'n Token)>,
    /// Something is wrong with it.
    failed: bool,
    /// Behind which word another unknown one is taken for its value.
    unknown: Option<usize>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

/// A destination or source, perhaps of a family that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `default`, `all`, `any`.
    Everything,
    /// A network or an address.
    Net(Net),
}

impl<'n, 'd> Words<'n, 'd> {
    pub(super) fn new(
        entry: &'n Node,
        names: &'n Names,
        consequence: &'static str,
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        let tokens = core::iter::once(&entry.word).chain(&entry.values).collect();
        Self {
            tokens,
            position: 0,
            names,
            consequence,
            family: None,
            failed: false,
            unknown: None,
            diagnostics,
        }
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Option<&'n Token> {
        let token = self.peek()?;
        self.position += 1;
        Some(token)
    }

    /// The next word, which stays the next.
    pub(super) fn peek(&self) -> Option<&'n Token> {
        self.tokens.get(self.position).copied()
    }

    /// Takes the next word if it is this one.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let taken = self.peek().is_some_and(|token| token.text == word);
        self.position += usize::from(taken);
        taken
    }

    /// Notes the family that a word means.
    pub(super) fn tell(&mut self, family: Family, by: &'n Token) {
        match self.family {
            None => self.family = Some((family, by)),
            Some((known, _)) if known == family => {}
            Some((known, first)) => {
                let number = if known == Family::V4 { 4 } else { 6 };
                self.fail(
                    Diagnostic::new(&kind::WRONG_FAMILY, "IPv4 and IPv6 in one entry")
                        .at(by.span)
                        .label(format!("expected IPv{number}"))
                        .related(first.span, format!("this is IPv{number}")),
                );
            }
        }
    }

    /// The family, IPv4 if nothing told it.
    pub(super) fn family(&self) -> Family {
        self.family.map_or(Family::V4, |(family, _)| family)
    }

    /// Complains, and gives the entry up.
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) {
        self.failed = true;
        self.diagnostics.push(diagnostic.consequence(self.consequence));
    }

    /// Complains about a word.
    pub(super) fn wrong(&mut self, token: &Token, expected: &str) {
        self.fail(wrong(token, expected));
    }

    /// Complains about a word that is not known here.
    pub(super) fn unknown<'w>(
        &mut self,
        token: &Token,
        what: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) {
        self.failed = true;
        let value = self.unknown.is_some_and(|last| last + 1 == self.position);
        self.unknown = Some(self.position);
        if value {
            return;
        }
        let diagnostic = wrong(token, what);
        self.fail(match nearest(&token.text, known) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic,
        });
    }

    /// Whether nothing is wrong with the entry.
    pub(super) fn is_good(&self) -> bool {
        !self.failed
    }

    /// The value behind a word.
    pub(super) fn value(&mut self, word: &Token, expected: &str) -> Option<&'n Token> {
        let value = self.next();
        if value.is_none() {
            self.fail(
                Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` has no value", word.text))
                    .at(word.span.after())
                    .label(format!("expected {expected}")),
            );
        }
        value
    }

    /// A number behind a word, decimal or hexadecimal.
    pub(super) fn number<N>(&mut self, word: &Token, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<u64> + PartialOrd + core::fmt::Display,
    {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let value = self.value(word, &expected)?;
        let parsed = number(&value.text).and_then(|value| N::try_from(value).ok());
        let parsed = parsed.filter(|value| range.contains(value));
        if parsed.is_none() {
            self.wrong(value, &expected);
        }
        parsed
    }

    /// A number or a name behind a word.
    pub(super) fn named(&mut self, word: &Token, catalogue: Catalogue) -> Option<u32> {
        let value = self.value(word, catalogue.noun())?;
        self.look_up(value, &value.text, catalogue)
    }

    /// The same for one that is not four bytes long.
    pub(super) fn named_byte(&mut self, word: &Token, catalogue: Catalogue) -> Option<u8> {
        self.named(word, catalogue).and_then(|number| u8::try_from(number).ok())
    }

    /// `FROM/TO` or `TO` behind a word, as one number.
    pub(super) fn realms(&mut self, word: &Token) -> Option<u32> {
        let value = self.value(word, Catalogue::Realms.noun())?;
        match value.text.split_once('/') {
            Some((from, to)) => {
                let from = self.look_up(value, from, Catalogue::Realms)?;
                Some(from << 16 | self.look_up(value, to, Catalogue::Realms)?)
            }
            None => self.look_up(value, &value.text, Catalogue::Realms),
        }
    }

    fn look_up(&mut self, value: &Token, text: &str, catalogue: Catalogue) -> Option<u32> {
        let names = self.names;
        let found = names.number(catalogue, text);
        if found.is_none() {
            let diagnostic = wrong(value, catalogue.noun());
            self.fail(match names.suggestion(catalogue, text) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None => diagnostic,
            });
        }
        found
    }

    /// The name of an interface behind a word.
    pub(super) fn interface(&mut self, word: &Token) -> Option<String> {
        let value = self.value(word, "an interface")?;
        if value.text.len() > LONGEST_NAME || value.text.contains('/') {
            self.wrong(value, "the name of an interface, of at most 15 characters");
            return None;
        }
        Some(value.text.to_string())
    }

    /// An address behind a word.
    pub(super) fn address(&mut self, word: &Token) -> Option<(IpAddr, &'n Token)> {
        let value = self.value(word, "an IP address")?;
        let parsed = value.text.parse().ok();
        if parsed.is_none() {
            self.wrong(value, "an IP address");
        }
        Some((parsed?, value))
    }

    /// An address that gives or has the family of the entry, behind a word.
    pub(super) fn address_of_family(&mut self, word: &Token) -> Option<IpAddr> {
        let (address, value) = self.address(word)?;
        self.tell(Family::of(address), value);
        Some(address)
    }

    /// A network, an address or everything, behind a word.
    pub(super) fn place(&mut self, word: &Token) -> Option<Place> {
        let value = self.value(word, NETWORK)?;
        let place = place(&value.text);
        match place {
            Some(Place::Net(net)) => self.tell(Family::of(net.address), value),
            Some(Place::Everything) if value.text == "default6" => self.tell(Family::V6, value),
            Some(Place::Everything) => {}
            None => self.wrong(value, NETWORK),
        }
        place
    }
}

/// `ADDRESS[/LENGTH]`, or one of the words for everything.
pub(super) fn place(text: &str) -> Option<Place> {
    if matches!(text, "default" | "all" | "any" | "default6") {
        return Some(Place::Everything);
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = length.map_or(Some(longest), |length| length.parse().ok())?;
    (prefix <= longest).then_some(Place::Net(Net { address, prefix }))
}

impl Place {
    /// The network that it is in a family.
    pub(super) fn net(self, family: Family) -> Net {
        match (self, family) {
            (Self::Net(net), _) => net,
            (Self::Everything, Family::V4) => Net { address: IpAddr::from([0; 4]), prefix: 0 },
            (Self::Everything, Family::V6) => Net { address: IpAddr::from([0; 16]), prefix: 0 },
        }
    }
}

/// The network that an address with this prefix length lies in.
pub(super) fn masked(net: Net) -> Net {
    let address = match net.address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(net.prefix)).unwrap_or(0);
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(net.prefix)).unwrap_or(0);
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
    };
    Net { address, prefix: net.prefix }
}

/// What a network is called in complaints.
pub(super) const NETWORK: &str = "a network, ADDRESS/LENGTH, an address or `default`";
/// The longest name of an interface.
const LONGEST_NAME: usize = 15;
