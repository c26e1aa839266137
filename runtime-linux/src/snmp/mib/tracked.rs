//! What instances and sync groups track: five kinds, with a table each for instances and for groups. Rows are numbered,
//! those of interfaces too, though their index is called `ifIndex`.

use super::syntax::{number, truth};
use super::tree::{Table, numbered, place};
use crate::config::model::{Instance, SyncGroup, Tracked, Tracks};
use crate::snmp::{State, Value};

/// What a sync group tracks, by kind.
type OfGroup = fn(&Tracks) -> &Vec<Tracked>;
/// What an instance tracks, its group's among it.
type OfInstance = fn(&Instance) -> &Vec<Tracked>;

/// A table of what instances track. The first column is that of the names.
macro_rules! of_instances {
    ($($(#[$doc:meta])* $name:ident = $table:literal, $columns:expr, $own:expr, $shared:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Table for $name {
            const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, $table, 1];
            const COLUMNS: &'static [u32] = &$columns;

            type Row<'r> = &'r Tracked;

            fn is_whole(index: &[u32]) -> bool {
                index.len() == 2
            }

            fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
                match beginning.first() {
                    None => numbered(1, state.configuration.instances.len(), least),
                    Some(instance) => numbered(1, of_instance(state, *instance, $own, $shared)?.count(), least),
                }
            }

            fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<&'r Tracked> {
                let [instance, tracked] = *index else { return None };
                of_instance(state, instance, $own, $shared)?.nth(place(tracked)?)
            }

            fn value(row: &&Tracked, column: u32) -> Option<Value> {
                tracked(row, column - Self::COLUMNS[0])
            }
        }
    )*};
}

/// A table of what sync groups track.
macro_rules! of_groups {
    ($($(#[$doc:meta])* $name:ident = $table:literal, $columns:expr, $shared:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Table for $name {
            const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, $table, 1];
            const COLUMNS: &'static [u32] = &$columns;

            type Row<'r> = &'r Tracked;

            fn is_whole(index: &[u32]) -> bool {
                index.len() == 2
            }

            fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
                match beginning.first() {
                    None => numbered(1, state.configuration.groups.len(), least),
                    Some(group) => numbered(1, shared(state, *group, $shared)?.len(), least),
                }
            }

            fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<&'r Tracked> {
                let [group, tracked] = *index else { return None };
                shared(state, group, $shared)?.get(place(tracked)?)
            }

            fn value(row: &&Tracked, column: u32) -> Option<Value> {
                tracked(row, column - Self::COLUMNS[0])
            }
        }
    )*};
}

of_instances! {
    /// `vrrpTrackedInterfaceTable`.
    Interfaces = 4, [1, 2, 3], |instance| &instance.track_interfaces, |tracks| &tracks.interfaces;
    /// `vrrpTrackedScriptTable`.
    Scripts = 5, [2, 3, 4], |instance| &instance.track_scripts, |tracks| &tracks.scripts;
    /// `vrrpTrackedFileTable`.
    Files = 12, [2, 3, 4], |instance| &instance.track_files, |tracks| &tracks.files;
    /// `vrrpTrackedBfdTable`.
    Sessions = 17, [2, 3, 4], |instance| &instance.track_bfd, |tracks| &tracks.bfd;
    /// `vrrpTrackedProcessTable`.
    Processes = 20, [2, 3, 4], |instance| &instance.track_processes, |tracks| &tracks.processes;
}

of_groups! {
    /// `vrrpSyncTrackedInterfaceTable`.
    GroupInterfaces = 14, [1, 2, 3], |tracks| &tracks.interfaces;
    /// `vrrpSyncTrackedScriptTable`.
    GroupScripts = 15, [2, 3, 4], |tracks| &tracks.scripts;
    /// `vrrpSyncTrackedFileTable`.
    GroupFiles = 16, [2, 3, 4], |tracks| &tracks.files;
    /// `vrrpSyncTrackedBfdTable`.
    GroupSessions = 19, [2, 3, 4], |tracks| &tracks.bfd;
    /// `vrrpSyncTrackedProcessTable`.
    GroupProcesses = 22, [2, 3, 4], |tracks| &tracks.processes;
}

/// What an instance tracks itself: what it has from its group is the group's.
pub(super) fn own<'r>(
    all: &'r [Tracked],
    group: Option<&'r SyncGroup>,
    shared: OfGroup,
) -> impl Iterator<Item = &'r Tracked> {
    let theirs = group.map_or(&[][..], |group| shared(&group.tracks));
    all.iter().filter(|tracked| !theirs.contains(tracked))
}

/// What the instance of this number tracks itself.
fn of_instance<'r>(
    state: &'r State<'_>,
    instance: u32,
    all: OfInstance,
    shared: OfGroup,
) -> Option<impl Iterator<Item = &'r Tracked>> {
    let instance = state.configuration.instances.get(place(instance)?)?;
    let all = all(instance);
    // Most track nothing, and there may be thousands of groups to look through.
    let member = |group: &&SyncGroup| !all.is_empty() && group.members.contains(&instance.name);
    let group = state.configuration.groups.iter().find(member);
    Some(own(all, group, shared))
}

/// What the sync group of this number tracks.
fn shared<'r>(state: &'r State<'_>, group: u32, shared: OfGroup) -> Option<&'r Vec<Tracked>> {
    state.configuration.groups.get(place(group)?).map(|group| shared(&group.tracks))
}

/// Its name, its weight, and whether good and bad change places.
fn tracked(tracked: &Tracked, column: u32) -> Option<Value> {
    match column {
        0 => Some(Value::text(&tracked.name)),
        1 => Some(number(tracked.weight)),
        2 => Some(truth(tracked.reverse)),
        _ => None,
    }
}
