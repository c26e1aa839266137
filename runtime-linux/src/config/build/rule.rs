//! Entries of `virtual_rules` and `static_rules` (keepalived.md 2.10).

use core::fmt::Display;

use vrrp_core::Family;

use super::route::mark;
use super::route_names::{Catalogue, Names, number};
use super::route_words::{Place, Words};
use super::track_group::TrackGroup;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::Fixture;
use crate::config::model::rule::{Rule, RuleAction};
use crate::config::text::Token;
use crate::config::tree::Node;

/// Priorities for rules that do not say theirs: downwards from 16384 for each family, in the order of the file, as
/// in keepalived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Priorities {
    v4: u32,
    v6: u32,
}

impl Default for Priorities {
    fn default() -> Self {
        Self { v4: 16_384, v6: 16_384 }
    }
}

impl Priorities {
    fn next(&mut self, family: Family) -> u32 {
        let next = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        let priority = *next;
        *next = next.saturating_sub(1);
        priority
    }
}

/// The rules of a block, without those that cannot be used. `groups` are those that may be named in it: none for
/// the rules of an instance.
pub(super) fn read_all(
    node: &Node,
    names: &Names,
    priorities: &mut Priorities,
    groups: Option<&[TrackGroup]>,
    diagnostics: &mut Diagnostics,
) -> Vec<Fixture<Rule>> {
    node.children()
        .iter()
        .filter_map(|entry| {
            let words = Words::new(entry, names, "the rule is left out", diagnostics);
            Reader::new(words, groups).read(entry, priorities)
        })
        .collect()
}

/// A word of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Inet(Family),
    From,
    To,
    Not,
    Table,
    Priority,
    Tos,
    Mark,
    Realms,
    SuppressPrefix,
    SuppressGroup,
    Input,
    Output,
    Tunnel,
    Users,
    L3mdev,
    Protocol,
    IpProtocol,
    SourcePorts,
    DestinationPorts,
    Kind,
    Goto,
    Action(RuleAction),
    NoTrack,
    TrackGroup,
}

const WORDS: &[(&str, Word)] = &[
    ("inet", Word::Inet(Family::V4)),
    ("inet6", Word::Inet(Family::V6)),
    ("from", Word::From),
    ("to", Word::To),
    ("not", Word::Not),
    ("table", Word::Table),
    ("lookup", Word::Table),
    ("preference", Word::Priority),
    ("order", Word::Priority),
    ("priority", Word::Priority),
    ("tos", Word::Tos),
    ("dsfield", Word::Tos),
    ("fwmark", Word::Mark),
    ("realms", Word::Realms),
    ("suppress_prefixlength", Word::SuppressPrefix),
    ("sup_pl", Word::SuppressPrefix),
    ("suppress_ifgroup", Word::SuppressGroup),
    ("sup_group", Word::SuppressGroup),
    ("iif", Word::Input),
    ("dev", Word::Input),
    ("oif", Word::Output),
    ("tunnel-id", Word::Tunnel),
    ("uidrange", Word::Users),
    ("l3mdev", Word::L3mdev),
    ("protocol", Word::Protocol),
    ("ipproto", Word::IpProtocol),
    ("ip_proto", Word::IpProtocol),
    ("sport", Word::SourcePorts),
    ("dport", Word::DestinationPorts),
    ("type", Word::Kind),
    ("goto", Word::Goto),
    ("nop", Word::Action(RuleAction::Nop)),
    ("blackhole", Word::Action(RuleAction::Blackhole)),
    ("unreachable", Word::Action(RuleAction::Unreachable)),
    ("prohibit", Word::Action(RuleAction::Prohibit)),
    ("no_track", Word::NoTrack),
    ("track_group", Word::TrackGroup),
];

struct Reader<'n, 'd, 'g> {
    words: Words<'n, 'd>,
    groups: Option<&'g [TrackGroup]>,
    rule: Rule,
    from: Option<Place>,
    to: Option<Place>,
    priority: Option<u32>,
    action: Option<(RuleAction, &'n Token)>,
    /// What means something with a table only.
    table_word: Option<&'n Token>,
    protocol: Option<(u8, &'n Token)>,
    group: Option<&'n Token>,
}

impl<'n, 'd, 'g> Reader<'n, 'd, 'g> {
    fn new(words: Words<'n, 'd>, groups: Option<&'g [TrackGroup]>) -> Self {
        Self {
            words,
            groups,
            rule: Rule::new(Family::V4, 0, RuleAction::Nop),
            from: None,
            to: None,
            priority: None,
            action: None,
            table_word: None,
            protocol: None,
            group: None,
        }
    }

    fn read(mut self, entry: &Node, priorities: &mut Priorities) -> Option<Fixture<Rule>> {
        while let Some(token) = self.words.next() {
            match WORDS.iter().find(|(name, _)| *name == token.text) {
                Some((_, word)) => self.word(*word, token),
                None => self.words.unknown(token, "a word of a rule", WORDS.iter().map(|(name, _)| *name)),
            }
        }
        self.finish(entry, priorities)
    }

    fn word(&mut self, word: Word, token: &'n Token) {
        let words = &mut self.words;
        match word {
            Word::Inet(family) => words.tell(family, token),
            Word::From => self.from = words.place(token),
            Word::To => self.to = words.place(token),
            Word::Not => self.rule.inverted = true,
            Word::Table => {
                let value = words.peek().unwrap_or(token);
                match words.named(token, Catalogue::Tables) {
                    Some(0) => words.wrong(value, "a table other than 0"),
                    Some(table) => self.act(RuleAction::Table(table), token),
                    None => {}
                }
            }
            Word::Priority => self.priority = words.number(token, 0..=u32::MAX),
            Word::Tos => self.rule.tos = words.named_byte(token, Catalogue::Fields).unwrap_or(0),
            Word::Mark => self.rule.mark = mark_and_mask(words, token),
            Word::Realms => {
                words.tell(Family::V4, token);
                self.rule.realms = words.realms(token);
                self.table_word = Some(token);
            }
            Word::SuppressPrefix => {
                self.rule.suppress_prefix = words.number(token, 0..=128);
                self.table_word = Some(token);
            }
            Word::SuppressGroup => {
                self.rule.suppress_group = words.named(token, Catalogue::Groups);
                self.table_word = Some(token);
            }
            Word::Input => self.rule.input = words.interface(token),
            Word::Output => self.rule.output = words.interface(token),
            Word::Tunnel => self.rule.tunnel = words.number(token, 0..=u64::MAX),
            Word::Users => self.rule.users = range(words, token, "users FIRST-LAST", u32::MAX, false),
            Word::L3mdev => self.act(RuleAction::L3mdev, token),
            Word::Protocol => {
                let protocol = words.named_byte(token, Catalogue::Protocols);
                self.protocol = protocol.map(|protocol| (protocol, token));
            }
            Word::IpProtocol => self.rule.ip_protocol = ip_protocol(words, token),
            Word::SourcePorts => self.rule.source_ports = ports(words, token),
            Word::DestinationPorts => self.rule.destination_ports = ports(words, token),
            Word::Kind => {
                let known = ["goto", "nop", "blackhole", "unreachable", "prohibit"];
                match words.peek() {
                    Some(next) if known.contains(&next.text.as_str()) => {}
                    Some(next) => {
                        words.next();
                        words.unknown(next, "goto, nop, blackhole, unreachable or prohibit", known);
                    }
                    None => {
                        words.value(token, "goto, nop, blackhole, unreachable or prohibit");
                    }
                }
            }
            Word::Goto => {
                if let Some(priority) = words.number(token, 0..=u32::MAX) {
                    self.act(RuleAction::Goto(priority), token);
                }
            }
            Word::Action(action) => self.act(action, token),
            Word::NoTrack => self.rule.tracked = false,
            Word::TrackGroup => self.group = words.value(token, "the name of a track_group"),
        }
    }

    fn act(&mut self, action: RuleAction, token: &'n Token) {
        if let Some((_, first)) = self.action {
            self.words.fail(
                Diagnostic::new(&kind::INCOMPLETE_ROUTE, "a rule does one thing only")
                    .at(token.span)
                    .label("and this is the second")
                    .related(first.span, "this is the first"),
            );
        }
        self.action = Some((action, token));
    }

    fn finish(mut self, entry: &Node, priorities: &mut Priorities) -> Option<Fixture<Rule>> {
        let family = self.words.family();
        let mut rule = self.rule;
        rule.family = family;
        rule.from = self.from.map(|from| from.net(family)).filter(|from| from.prefix > 0);
        rule.to = self.to.map(|to| to.net(family)).filter(|to| to.prefix > 0);
        let Some((action, token)) = self.action else {
            if self.words.is_good() {
                self.words.fail(
                Diagnostic::new(&kind::INCOMPLETE_ROUTE, "a rule that does nothing")
                    .at(entry.span())
                    .label("expected `table TABLE`, `goto PRIORITY`, `nop`, `blackhole`, `unreachable`, `prohibit` or `l3mdev`"),
            );
            }
            return None;
        };
        rule.action = action;
        let looks_up = matches!(action, RuleAction::Table(_) | RuleAction::L3mdev);
        if let Some(word) = self.table_word.filter(|_| !looks_up) {
            let message = format!("`{}` means something with a table only", word.text);
            self.words.fail(Diagnostic::new(&kind::INCOMPLETE_ROUTE, message).at(word.span));
        }
        if let RuleAction::Goto(target) = action {
            let message = match self.priority {
                None => Some("`goto` in a rule without a priority"),
                Some(priority) if priority >= target => {
                    Some("`goto` leads to a rule before this one, or to itself")
                }
                Some(_) => None,
            };
            if let Some(message) = message {
                self.words.fail(Diagnostic::new(&kind::INCOMPLETE_ROUTE, message).at(token.span));
            }
        }
        rule.protocol = mark(self.protocol, rule.tracked, "rule", self.words.diagnostics);
        let bound = rule.input.is_some();
        let instances = super::track_group::members(self.group, self.groups, bound, &mut self.words);
        if !self.words.is_good() {
            return None;
        }
        rule.priority = self.priority.unwrap_or_else(|| {
            let priority = priorities.next(family);
            self.words.diagnostics.push(
                Diagnostic::new(&kind::RULE_WITHOUT_PRIORITY, "a rule without a priority")
                    .at(entry.span())
                    .consequence(format!("its priority is {priority}, which is hardly what is meant"))
                    .help("add `priority NUMBER`: rules with lower numbers are asked first"),
            );
            priority
        });
        Some(Fixture { wanted: rule, instances })
    }
}

/// `VALUE[/MASK]` behind `fwmark`.
fn mark_and_mask(words: &mut Words<'_, '_>, word: &Token) -> Option<(u32, Option<u32>)> {
    let expected = "a mark, perhaps with /MASK";
    let value = words.value(word, expected)?;
    let part = |text| number(text).and_then(|part| u32::try_from(part).ok());
    let parsed = match value.text.split_once('/') {
        Some((value, bits)) => part(value).zip(part(bits)).map(|(value, bits)| (value, Some(bits))),
        None => part(&value.text).map(|mark| (mark, None)),
    };
    if parsed.is_none() {
        words.wrong(value, expected);
    }
    parsed
}

fn ports(words: &mut Words<'_, '_>, word: &Token) -> Option<(u16, u16)> {
    range(words, word, "a port, or ports FIRST-LAST, from 1 to 65534", 65_534_u16, true).filter(|ports| {
        let good = ports.0 > 0;
        if !good {
            words.wrong(word, "ports from 1 to 65534 behind it");
        }
        good
    })
}

/// `FIRST-LAST` behind a word, or one number for both.
fn range<N>(words: &mut Words<'_, '_>, word: &Token, expected: &str, most: N, lone: bool) -> Option<(N, N)>
where
    N: TryFrom<u64> + PartialOrd + Copy + Display,
{
    let value = words.value(word, expected)?;
    let end = |text| number(text).and_then(|end| N::try_from(end).ok()).filter(|end| *end <= most);
    let parsed = match value.text.split_once('-') {
        Some((first, last)) => end(first).zip(end(last)),
        None if lone => end(&value.text).map(|one| (one, one)),
        None => None,
    };
    let parsed = parsed.filter(|(first, last)| first <= last);
    if parsed.is_none() {
        words.wrong(value, expected);
    }
    parsed
}

/// A protocol of IP behind `ipproto`, by number or name.
fn ip_protocol(words: &mut Words<'_, '_>, word: &Token) -> Option<u8> {
    let expected = "the number or the name of an IP protocol";
    let value = words.value(word, expected)?;
    let lower = value.text.to_ascii_lowercase();
    let known = IP_PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    let parsed = known.or_else(|| number(&value.text).and_then(|number| u8::try_from(number).ok()));
    if parsed.is_none() {
        words.unknown(value, expected, IP_PROTOCOLS.iter().map(|(name, _)| *name));
    }
    parsed
}

/// Those that people write (IANA, "Protocol Numbers").
const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];
