//! Rules as the kernel is told of them (`struct fib_rule_hdr` and its attributes).

use netlink_packet_core::Emitable;
use netlink_packet_route::IpProtocol;
use netlink_packet_route::route::RouteProtocol;
use netlink_packet_route::rule::{
    RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
};

use super::message::{address_family, realm};
use crate::config::model::rule::{Rule, RuleAction};
use crate::netlink::address::OURS;

/// The message for `RTM_NEWRULE` and `RTM_DELRULE`.
pub fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    let header = &mut message.header;
    header.family = address_family(rule.family);
    header.src_len = rule.from.map_or(0, |from| from.prefix);
    header.dst_len = rule.to.map_or(0, |to| to.prefix);
    header.tos = rule.tos;
    if rule.inverted {
        header.flags |= RuleFlags::Invert;
    }
    let attributes = &mut message.attributes;
    header.action = match rule.action {
        RuleAction::Table(table) => {
            // Not in the header, which has 8 bits for it.
            attributes.push(RuleAttribute::Table(table));
            Action::ToTable
        }
        RuleAction::L3mdev => {
            attributes.push(RuleAttribute::L3MDev(true));
            Action::ToTable
        }
        RuleAction::Goto(priority) => {
            attributes.push(RuleAttribute::Goto(priority));
            Action::Goto
        }
        RuleAction::Nop => Action::Nop,
        RuleAction::Blackhole => Action::Blackhole,
        RuleAction::Unreachable => Action::Unreachable,
        RuleAction::Prohibit => Action::Prohibit,
    };
    attributes.push(RuleAttribute::Priority(rule.priority));
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(rule.protocol.unwrap_or(OURS))));
    attributes.extend(rule.from.map(|from| RuleAttribute::Source(from.address)));
    attributes.extend(rule.to.map(|to| RuleAttribute::Destination(to.address)));
    if let Some((mark, mask)) = rule.mark {
        attributes.push(RuleAttribute::FwMark(mark));
        attributes.extend(mask.map(RuleAttribute::FwMask));
    }
    attributes.extend(rule.input.clone().map(RuleAttribute::Iifname));
    attributes.extend(rule.output.clone().map(RuleAttribute::Oifname));
    attributes.extend(rule.tunnel.map(RuleAttribute::TunId));
    attributes.extend(rule.users.map(|(start, end)| RuleAttribute::UidRange(RuleUidRange { start, end })));
    attributes.extend(rule.ip_protocol.map(|number| RuleAttribute::IpProtocol(IpProtocol::from(number))));
    let range = |(start, end)| RulePortRange { start, end };
    attributes.extend(rule.source_ports.map(|ports| RuleAttribute::SourcePortRange(range(ports))));
    attributes.extend(rule.destination_ports.map(|ports| RuleAttribute::DestinationPortRange(range(ports))));
    attributes.extend(rule.realms.map(|realms| RuleAttribute::Realm(realm(realms))));
    attributes.extend(rule.suppress_prefix.map(RuleAttribute::SuppressPrefixLen));
    attributes.extend(rule.suppress_group.map(RuleAttribute::SuppressIfGroup));
    message
}

/// The body of both.
pub fn body(rule: &Rule) -> Vec<u8> {
    let message = message(rule);
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    body
}

/// Whether `present`, as read from the kernel, is the rule that we would put there, with our mark. The kernel
/// takes a rule for the same as one that differs in the mark only.
pub fn is_ours(rule: &Rule, present: &RuleMessage) -> bool {
    let wanted = message(rule);
    let (one, other) = (&present.header, &wanted.header);
    let alike = (one.family, one.action, one.src_len, one.dst_len, one.tos)
        == (other.family, other.action, other.src_len, other.dst_len, other.tos);
    let inverted = one.flags.contains(RuleFlags::Invert) == other.flags.contains(RuleFlags::Invert);
    let all = wanted.attributes.iter().all(|attribute| present.attributes.contains(attribute));
    let mut more = present.attributes.iter().filter(|attribute| !wanted.attributes.contains(attribute));
    alike && inverted && all && more.all(is_implied)
}

/// Whether the kernel adds this to a rule that does not have it.
fn is_implied(attribute: &RuleAttribute) -> bool {
    matches!(
        attribute,
        RuleAttribute::SuppressPrefixLen(u32::MAX)
            | RuleAttribute::Table(0)
            | RuleAttribute::FwMask(u32::MAX)
            | RuleAttribute::Other(_)
    )
}
