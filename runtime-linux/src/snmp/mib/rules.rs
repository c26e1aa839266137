//! `vrrpRuleTable`: static rules as those of instance 0, then those of each instance.

use vrrp_core::Family;

use super::routes;
use super::syntax::{address, address_type, number, truth, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::Rule;
use crate::config::model::rule::RuleAction;
use crate::snmp::{State, Value};

/// `vrrpRuleTable`. keepalived 2.2.7 does not serve the columns from 33 on.
pub(super) struct Rules;

impl Table for Rules {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 8, 1];
    const COLUMNS: &'static [u32] = &[
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
        29, 30, 31, 32,
    ];

    /// A rule, and whether the host has it.
    type Row<'r> = (&'r Rule, bool);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let configuration = state.configuration;
        match beginning.first() {
            None => numbered(0, configuration.instances.len() + 1, least),
            Some(0) => numbered(1, configuration.fixtures.rules.len(), least),
            Some(instance) => numbered(1, configuration.instances.get(place(*instance)?)?.rules.len(), least),
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [owner, number] = *index else { return None };
        let (configuration, number) = (state.configuration, place(number)?);
        let rule = match place(owner) {
            None => &configuration.fixtures.rules.get(number)?.wanted,
            Some(instance) => configuration.instances.get(instance)?.rules.get(number)?,
        };
        Some((rule, routes::there(state, owner, routes::count(state, owner) + number)))
    }

    fn value((rule, there): &Self::Row<'_>, column: u32) -> Option<Value> {
        // What the first columns tell of where there are both.
        let either = rule.to.or(rule.from);
        let table = match rule.action {
            RuleAction::Table(table) => Some(table),
            RuleAction::L3mdev => Some(0),
            RuleAction::Goto(_)
            | RuleAction::Nop
            | RuleAction::Blackhole
            | RuleAction::Unreachable
            | RuleAction::Prohibit => None,
        };
        match column {
            // vrrpRuleDirection
            2 => Some(Value::text(match (rule.from, rule.to) {
                (Some(_), Some(_)) => "both",
                (None, Some(_)) => "to",
                (Some(_), None) => "from",
                (None, None) => "",
            })),
            // vrrpRuleAddressType, vrrpRuleAddress, vrrpRuleAddressMask
            3 => either.map(|net| address_type(Family::of(net.address))),
            4 => either.map(|net| address(net.address)),
            5 => either.map(|net| unsigned(net.prefix)),
            // vrrpRuleRoutingTable, and vrrpRuleTableNo that replaced it
            6 | 24 => table.map(unsigned),
            // vrrpRuleStatus
            7 => Some(truth(*there)),
            // vrrpRuleInvert
            8 => Some(truth(rule.inverted)),
            // vrrpRuleDestinationAddressType, …Address, …AddressMask
            9 => rule.to.map(|net| address_type(Family::of(net.address))),
            10 => rule.to.map(|net| address(net.address)),
            11 => rule.to.map(|net| unsigned(net.prefix)),
            // vrrpRuleSourceAddressType, …Address, …AddressMask
            12 => rule.from.map(|net| address_type(Family::of(net.address))),
            13 => rule.from.map(|net| address(net.address)),
            14 => rule.from.map(|net| unsigned(net.prefix)),
            // vrrpRuleTos
            15 => Some(unsigned(rule.tos)),
            // vrrpRuleFwmark, vrrpRuleFwmask
            16 => rule.mark.map(|(mark, _)| unsigned(mark)),
            17 => rule.mark.and_then(|(_, bits)| bits).map(unsigned),
            // vrrpRuleRealmDst, vrrpRuleRealmSrc
            18 => routes::realm_to(rule.realms),
            19 => routes::realm_from(rule.realms),
            // vrrpRuleInInterface, vrrpRuleOutInterface
            20 => rule.input.as_ref().map(Value::text),
            21 => rule.output.as_ref().map(Value::text),
            // vrrpRuleTarget
            22 => match rule.action {
                RuleAction::Goto(priority) => Some(unsigned(priority)),
                RuleAction::Table(_)
                | RuleAction::L3mdev
                | RuleAction::Nop
                | RuleAction::Blackhole
                | RuleAction::Unreachable
                | RuleAction::Prohibit => None,
            },
            // vrrpRuleAction, as the kernel numbers it
            23 => Some(number(match rule.action {
                RuleAction::Table(_) | RuleAction::L3mdev => 1,
                RuleAction::Goto(_) => 2,
                RuleAction::Nop => 3,
                RuleAction::Blackhole => 6,
                RuleAction::Unreachable => 7,
                RuleAction::Prohibit => 8,
            })),
            // vrrpRulePreference
            25 => (rule.priority != 0).then(|| unsigned(rule.priority)),
            // vrrpRuleSuppressPrefixLen
            26 => rule.suppress_prefix.map(unsigned),
            // vrrpRuleSuppressGroup
            27 => rule.suppress_group.map(|group| Value::text(group.to_string())),
            // vrrpRuleTunnelIdHigh, vrrpRuleTunnelIdLow
            28 => rule.tunnel.map(|tunnel| unsigned(tunnel >> 32)),
            29 => rule.tunnel.map(|tunnel| unsigned(tunnel & 0xffff_ffff)),
            // vrrpRuleUidRangeStart, vrrpRuleUidRangeEnd
            30 => rule.users.map(|(first, _)| unsigned(first)),
            31 => rule.users.map(|(_, last)| unsigned(last)),
            // vrrpRuleL3mdev
            32 => (rule.action == RuleAction::L3mdev).then(|| truth(true)),
            _ => None,
        }
    }
}
