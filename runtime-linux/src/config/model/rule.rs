//! Rules of `virtual_rules` and `static_rules` (keepalived.md 2.10).

use core::fmt;

use vrrp_core::Family;

use super::route::Net;

/// A rule as `ip rule` would be told of it: what packets it is for, and which table decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Family of the packets.
    pub family: Family,
    /// `not`: it is for the packets that it does not match.
    pub inverted: bool,
    /// `from`.
    pub from: Option<Net>,
    /// `to`.
    pub to: Option<Net>,
    /// `tos`, the whole byte.
    pub tos: u8,
    /// `priority`: lower ones are asked first.
    pub priority: u32,
    /// `fwmark VALUE[/MASK]`.
    pub mark: Option<(u32, Option<u32>)>,
    /// `iif`: where packets come in; `lo` for those that this host sends.
    pub input: Option<String>,
    /// `oif`: where the socket that sends them is bound to.
    pub output: Option<String>,
    /// `tunnel-id`.
    pub tunnel: Option<u64>,
    /// `uidrange`: first and last user.
    pub users: Option<(u32, u32)>,
    /// `ipproto`.
    pub ip_protocol: Option<u8>,
    /// `sport`: first and last port.
    pub source_ports: Option<(u16, u16)>,
    /// `dport`: first and last port.
    pub destination_ports: Option<(u16, u16)>,
    /// `protocol`, the kernel's number for who put the rule there; ours when absent.
    pub protocol: Option<u8>,
    /// `realms FROM/TO`, 16 bits each, IPv4 only.
    pub realms: Option<u32>,
    /// `suppress_prefixlength`: routes with so few bits do not count.
    pub suppress_prefix: Option<u32>,
    /// `suppress_ifgroup`: routes out of interfaces of this group do not count.
    pub suppress_group: Option<u32>,
    /// What is done.
    pub action: RuleAction,
    /// False with `no_track`: what removes it is let be.
    pub tracked: bool,
}

/// What is done with the packets of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// `table`: it decides, if it has a route.
    Table(u32),
    /// `l3mdev`: the table of the packet's VRF decides.
    L3mdev,
    /// `goto`: the rule of this priority is asked next.
    Goto(u32),
    /// `nop`: nothing.
    Nop,
    /// They vanish.
    Blackhole,
    /// They are answered with host unreachable.
    Unreachable,
    /// They are answered with administratively prohibited.
    Prohibit,
}

impl Rule {
    /// A rule for every packet of a family, with nothing else said.
    pub fn new(family: Family, priority: u32, action: RuleAction) -> Self {
        Self {
            family,
            inverted: false,
            from: None,
            to: None,
            tos: 0,
            priority,
            mark: None,
            input: None,
            output: None,
            tunnel: None,
            users: None,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
            protocol: None,
            realms: None,
            suppress_prefix: None,
            suppress_group: None,
            action,
            tracked: true,
        }
    }

    /// Interfaces that it names.
    pub fn interfaces(&self) -> impl Iterator<Item = &str> {
        [&self.input, &self.output].into_iter().filter_map(Option::as_deref)
    }
}

/// As `ip rule` shows it, without what does not tell it from others.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.priority)?;
        if self.inverted {
            write!(f, " not")?;
        }
        match self.from {
            Some(from) => write!(f, " from {from}")?,
            None => write!(f, " from all")?,
        }
        if let Some(to) = self.to {
            write!(f, " to {to}")?;
        }
        match self.mark {
            Some((mark, Some(bits))) => write!(f, " fwmark {mark:#x}/{bits:#x}")?,
            Some((mark, None)) => write!(f, " fwmark {mark:#x}")?,
            None => {}
        }
        if let Some(input) = &self.input {
            write!(f, " iif {input}")?;
        }
        if let Some(output) = &self.output {
            write!(f, " oif {output}")?;
        }
        match self.action {
            RuleAction::Table(table) => write!(f, " lookup {table}"),
            RuleAction::L3mdev => write!(f, " lookup l3mdev"),
            RuleAction::Goto(priority) => write!(f, " goto {priority}"),
            RuleAction::Nop => write!(f, " nop"),
            RuleAction::Blackhole => write!(f, " blackhole"),
            RuleAction::Unreachable => write!(f, " unreachable"),
            RuleAction::Prohibit => write!(f, " prohibit"),
        }
    }
}
