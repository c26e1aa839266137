//! `vrrpSyncGroupTable` and `vrrpSyncGroupMemberTable`.

use super::instances::state_number;
use super::syntax::{command, number, truth};
use super::tree::{Table, numbered, place};
use crate::config::model::SyncGroup;
use crate::snmp::{State, Value};

/// `vrrpSyncGroupTable`.
pub(super) struct Groups;

/// A row of [`Groups`].
pub(super) struct Group<'r> {
    wanted: &'r SyncGroup,
    state: Option<&'r str>,
}

impl Table for Groups {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 1, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

    type Row<'r> = Group<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.groups.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Group<'r>> {
        let [group] = *index else { return None };
        let wanted = state.configuration.groups.get(place(group)?)?;
        let status = state.vrrp.groups.iter().find(|status| status.name == wanted.name);
        Some(Group { wanted, state: status.map(|status| status.state) })
    }

    fn value(row: &Group<'_>, column: u32) -> Option<Value> {
        let notify = &row.wanted.notify;
        match column {
            // vrrpSyncGroupName
            2 => Some(Value::text(&row.wanted.name)),
            // vrrpSyncGroupState
            3 => Some(number(state_number(row.state.unwrap_or_default()))),
            // vrrpSyncGroupSmtpAlert
            4 => Some(truth(notify.mail)),
            // vrrpSyncGroupNotifyExec
            5 => Some(truth(notify.scripts().next().is_some())),
            // vrrpSyncGroupScriptMaster, …Backup, …Fault
            6 => notify.master.as_ref().map(command),
            7 => notify.backup.as_ref().map(command),
            8 => notify.fault.as_ref().map(command),
            // vrrpSyncGroupScript
            9 => notify.any.as_ref().map(command),
            // vrrpSyncGroupTrackingWeight: what a member tracks with a weight counts for all
            10 => Some(truth(true)),
            // vrrpSyncGroupScriptStop
            11 => notify.stop.as_ref().map(command),
            _ => None,
        }
    }
}

/// `vrrpSyncGroupMemberTable`.
pub(super) struct Members;

impl Table for Members {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 2, 1];
    const COLUMNS: &'static [u32] = &[2];

    type Row<'r> = &'r str;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let groups = &state.configuration.groups;
        match beginning.first() {
            None => numbered(1, groups.len(), least),
            Some(group) => numbered(1, groups.get(place(*group)?)?.members.len(), least),
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<&'r str> {
        let [group, member] = *index else { return None };
        let group = state.configuration.groups.get(place(group)?)?;
        group.members.get(place(member)?).map(String::as_str)
    }

    fn value(row: &&str, _: u32) -> Option<Value> {
        // vrrpSyncGroupMemberName
        Some(Value::text(row))
    }
}
