//! What can be tracked: `vrrpScriptTable`, `vrrpFileTable`, `vrrpBfdTable` and `vrrpProcessTable`.

use super::syntax::{command, microseconds, number, truth, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::{ArgumentMatch, BfdInstance, TrackFile, TrackProcess, TrackScript};
use crate::perform::{script, track_file, track_process};
use crate::snmp::{State, Value};

/// `vrrpScriptTable`.
pub(super) struct Scripts;

impl Table for Scripts {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 9, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9];

    type Row<'r> = (&'r TrackScript, Option<&'r script::Status>);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.scripts.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [script] = *index else { return None };
        let script = state.configuration.scripts.get(place(script)?)?;
        Some((script, state.scripts.iter().find(|status| status.name == script.name)))
    }

    fn value((script, status): &Self::Row<'_>, column: u32) -> Option<Value> {
        match column {
            // vrrpScriptName
            2 => Some(Value::text(&script.name)),
            // vrrpScriptCommand
            3 => Some(command(&script.script)),
            // vrrpScriptInterval
            4 => Some(Value::Integer(i32::try_from(script.interval.as_secs()).unwrap_or(i32::MAX))),
            // vrrpScriptWeight
            5 => Some(number(script.weight)),
            // vrrpScriptResult: init(1), bad(2), good(3)
            6 => Some(number(match status.filter(|status| status.runs > 0).and_then(|status| status.good) {
                None => 1,
                Some(false) => 2,
                Some(true) => 3,
            })),
            // vrrpScriptRise, vrrpScriptFall
            7 => Some(unsigned(script.rise)),
            8 => Some(unsigned(script.fall)),
            // vrrpScriptWgtRev
            9 => Some(truth(script.reverse)),
            _ => None,
        }
    }
}

/// `vrrpFileTable`.
pub(super) struct Files;

impl Table for Files {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 13, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6];

    type Row<'r> = (&'r TrackFile, Option<&'r track_file::Status>);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.files.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [file] = *index else { return None };
        let file = state.configuration.files.get(place(file)?)?;
        Some((file, state.files.iter().find(|status| status.name == file.name)))
    }

    fn value((file, status): &Self::Row<'_>, column: u32) -> Option<Value> {
        match column {
            // vrrpFileName
            2 => Some(Value::text(&file.name)),
            // vrrpFilePath
            3 => Some(Value::text(file.path.to_string_lossy())),
            // vrrpFileResult
            4 => Some(Value::Integer(status.map_or(0, |status| status.value))),
            // vrrpFileWeight, vrrpFileWgtRev
            5 => Some(number(file.weight)),
            6 => Some(truth(file.reverse)),
            _ => None,
        }
    }
}

/// `vrrpBfdTable`: sessions that routers may track.
pub(super) struct Sessions;

impl Table for Sessions {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 18, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5];

    type Row<'r> = (&'r BfdInstance, bool);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, sessions(state).count(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [session] = *index else { return None };
        let session = sessions(state).nth(place(session)?)?;
        Some((session, state.sessions.get(&session.name).copied().unwrap_or(false)))
    }

    fn value((session, up): &Self::Row<'_>, column: u32) -> Option<Value> {
        match column {
            // vrrpBfdName
            2 => Some(Value::text(&session.name)),
            // vrrpBfdResult: 1 while it is up, else 0
            3 => Some(number(*up)),
            // vrrpBfdWeight, vrrpBfdWgtRev
            4 => Some(number(session.weight)),
            5 => Some(truth(session.reverse)),
            _ => None,
        }
    }
}

fn sessions<'r>(state: &'r State<'_>) -> impl Iterator<Item = &'r BfdInstance> {
    state.configuration.bfd.iter().filter(|session| session.for_routers)
}

/// `vrrpProcessTable`.
pub(super) struct Processes;

impl Table for Processes {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 21, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

    type Row<'r> = (&'r TrackProcess, Option<&'r track_process::Status>);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.processes.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [process] = *index else { return None };
        let process = state.configuration.processes.get(place(process)?)?;
        Some((process, state.processes.iter().find(|status| status.name == process.name)))
    }

    fn value((process, status): &Self::Row<'_>, column: u32) -> Option<Value> {
        match column {
            // vrrpProcessName
            2 => Some(Value::text(&process.name)),
            // vrrpProcessPath
            3 => Some(Value::text(&process.program)),
            // vrrpProcessParams
            4 => Some(Value::text(process.arguments.join(" "))),
            // vrrpProcessParamMatch, in the numbers that keepalived gives: the MIB has the last two the other way round
            5 => Some(number(match process.arguments_match {
                None => 0,
                Some(ArgumentMatch::Exact) => 1,
                Some(ArgumentMatch::Initial) => 2,
                Some(ArgumentMatch::Partial) => 3,
            })),
            // vrrpProcessWeight, vrrpProcessWgtRev
            6 => Some(number(process.weight)),
            7 => Some(truth(process.reverse)),
            // vrrpProcessQuorum
            8 => Some(unsigned(process.quorum)),
            // vrrpProcessQuorumMax; -1: there is none
            9 => Some(Value::Integer(
                process.quorum_max.map_or(-1, |most| i32::try_from(most).unwrap_or(i32::MAX)),
            )),
            // vrrpProcessForkDelay, vrrpProcessTerminateDelay
            10 => Some(microseconds(process.fork_delay)),
            11 => Some(microseconds(process.terminate_delay)),
            // vrrpProcessFullCommand
            12 => Some(truth(process.command_line)),
            // vrrpProcessCurProc
            13 => Some(Value::Integer(
                status.map_or(0, |status| i32::try_from(status.running).unwrap_or(i32::MAX)),
            )),
            // vrrpProcessResult
            14 => Some(truth(status.is_some_and(|status| status.good))),
            _ => None,
        }
    }
}
