//! `virtualServerGroupTable` and `virtualServerGroupMemberTable`. Of a group the marks come first, then the addresses.

use vrrp_core::Family;

use super::syntax::{address, address_type, number, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::{GroupEntry, ServerGroup};
use crate::snmp::{State, Value};

/// `virtualServerGroupTable`.
pub(super) struct ServerGroups;

impl Table for ServerGroups {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 1, 1];
    const COLUMNS: &'static [u32] = &[2];

    type Row<'r> = &'r ServerGroup;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.server_groups.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<&'r ServerGroup> {
        let [group] = *index else { return None };
        state.configuration.server_groups.get(place(group)?)
    }

    fn value(row: &&ServerGroup, _: u32) -> Option<Value> {
        // virtualServerGroupName
        Some(Value::text(&row.name))
    }
}

/// `virtualServerGroupMemberTable`.
pub(super) struct Members;

impl Table for Members {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 2, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8];

    type Row<'r> = GroupEntry;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let groups = &state.configuration.server_groups;
        match beginning.first() {
            None => numbered(1, groups.len(), least),
            Some(group) => numbered(1, groups.get(place(*group)?)?.entries.len(), least),
        }
    }

    fn row(state: &State<'_>, index: &[u32]) -> Option<GroupEntry> {
        let [group, member] = *index else { return None };
        let entries = &state.configuration.server_groups.get(place(group)?)?.entries;
        let is_mark = |entry: &&GroupEntry| matches!(entry, GroupEntry::Mark(_));
        let marks = entries.iter().filter(is_mark);
        let addresses = entries.iter().filter(|entry| !is_mark(entry));
        marks.chain(addresses).nth(place(member)?).copied()
    }

    fn value(row: &GroupEntry, column: u32) -> Option<Value> {
        match (*row, column) {
            // virtualServerGroupMemberType: fwmark(1), ip(2), iprange(3)
            (GroupEntry::Mark(_), 2) => Some(number(1)),
            (GroupEntry::Addresses(first, last, _), 2) => Some(number(if first == last { 2 } else { 3 })),
            // virtualServerGroupMemberFwMark
            (GroupEntry::Mark(mark), 3) => Some(unsigned(mark)),
            // virtualServerGroupMemberAddrType
            (GroupEntry::Addresses(first, ..), 4) => Some(address_type(Family::of(first))),
            // virtualServerGroupMemberAddress
            (GroupEntry::Addresses(first, last, _), 5) => (first == last).then(|| address(first)),
            // virtualServerGroupMemberAddr1, virtualServerGroupMemberAddr2
            (GroupEntry::Addresses(first, last, _), 6) => (first != last).then(|| address(first)),
            (GroupEntry::Addresses(first, last, _), 7) => (first != last).then(|| address(last)),
            // virtualServerGroupMemberPort
            (GroupEntry::Addresses(.., port), 8) => Some(unsigned(port)),
            (GroupEntry::Mark(_) | GroupEntry::Addresses(..), _) => None,
        }
    }
}
