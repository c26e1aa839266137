//! Words about the daemon's processes and threads: names, scheduling, buffers, patience.

use core::time::Duration;
use std::path::PathBuf;

use super::global::{LONGEST, set};
use super::tuning::Buffer;
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Global, Schedule};
use crate::config::tree::Node;
use crate::config::value::Values;

/// What is said, before words that belong together have met.
#[derive(Debug, Default)]
pub(super) struct Said {
    names: bool,
    service: Buffer,
    process: Buffer,
}

impl Said {
    /// Reads a word of `global_defs`; false if it is another.
    pub(super) fn read(
        &mut self,
        word: &str,
        node: &Node,
        global: &mut Global,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let mut values = Values::new(node, diagnostics);
        if let Some((part, rest)) = word.split_once('_')
            && let Some(schedule) = match part {
                "vrrp" => Some(&mut global.schedule),
                "checker" => Some(&mut global.household.checks),
                "bfd" => Some(&mut global.household.bfd),
                _ => None,
            }
            && read_schedule(rest, &mut values, schedule)
        {
            return true;
        }
        let household = &mut global.household;
        match word {
            "process_names" => set(&mut self.names, values.boolean()),
            "process_name" => household.name = process_name(&mut values).or(household.name.take()),
            "child_wait_time" => return root(word, node, global, diagnostics),
            "vrrp_delay_after_boot" => {
                set(&mut household.delay_after_boot, values.seconds(0.0..=LONGEST));
            }
            "config_save_dir" => household.save_directory = values.word("a directory").map(PathBuf::from),
            "lvs_netlink_cmd_rcv_bufs" => self.service.read(false, &mut values),
            "lvs_netlink_cmd_rcv_bufs_force" => self.service.read(true, &mut values),
            "process_monitor_rcv_bufs" => self.process.read(false, &mut values),
            "process_monitor_rcv_bufs_force" => self.process.read(true, &mut values),
            // Scripts run by the path that is written, and with all groups of their user, without these words too.
            "use_symlink_paths" | "set_supplementary_groups" => {
                let _ = values.boolean();
            }
            _ => return false,
        }
        true
    }

    /// Brings the words together. keepalived's manual and its source differ in the name of the checker; this is the
    /// source's.
    pub(super) fn complete(self, global: &mut Global) {
        let household = &mut global.household;
        household.service_buffer = self.service.complete();
        household.process_buffer = self.process.complete();
        if !self.names {
            return;
        }
        for (name, usual) in [
            (&mut household.name, "keepalived"),
            (&mut global.schedule.name, "keepalived_vrrp"),
            (&mut household.checks.name, "keepalived_lvs"),
            (&mut household.bfd.name, "keepalived_bfd"),
        ] {
            name.get_or_insert_with(|| usual.to_owned());
        }
    }
}

/// Words that may stand outside `global_defs` too. False if it is another.
pub(super) fn root(word: &str, node: &Node, global: &mut Global, diagnostics: &mut Diagnostics) -> bool {
    if word != "child_wait_time" {
        return false;
    }
    let seconds = Values::new(node, diagnostics).number(0..=u32::MAX);
    let patience = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    global.household.patience = patience.or(global.household.patience);
    true
}

/// A word about one of the threads, without what says which; false if it is about something else.
fn read_schedule(word: &str, values: &mut Values<'_, '_>, schedule: &mut Schedule) -> bool {
    match word {
        // keepalived takes no 0; here it means an ordinary thread.
        "rt_priority" => schedule.rt_priority = values.number(0..=99).or(schedule.rt_priority),
        "rlimit_rttime" => {
            let microseconds = values.number(1..=u64::from(u32::MAX));
            schedule.rttime = microseconds.map(Duration::from_micros).or(schedule.rttime);
        }
        "priority" => schedule.nice = values.number(-20..=19).or(schedule.nice),
        "no_swap" => set(&mut schedule.no_swap, values.boolean()),
        "cpu_affinity" => set(&mut schedule.processors, values.numbers(0..=1023)),
        "process_name" => schedule.name = process_name(values).or(schedule.name.take()),
        _ => return false,
    }
    true
}

/// The kernel keeps 15 bytes of it.
fn process_name(values: &mut Values<'_, '_>) -> Option<String> {
    let name = values.required(0, "a name")?;
    values.no_more_than(1);
    if name.text.len() > 15 {
        values.wrong(name, "a name of at most 15 characters", "the line is ignored");
        return None;
    }
    Some(name.text.to_string())
}
