//! `reload_time_file`: a file that says when the configuration is to be read again, so that several hosts do it at one
//! time.

mod sys;

use core::time::Duration;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use crate::clock;
use crate::config::model::Reload;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// More than a line of it has, in bytes.
const LONGEST: u64 = 64;

/// When the next reload is.
#[derive(Default)]
pub(super) struct Appointment {
    file: Option<PathBuf>,
    repeat: bool,
    looks: Option<Interval>,
    /// The file as it was when it was read: its inode, time and length.
    read: Option<(u64, i64, i64, u64)>,
    /// On the wall clock, and whether it comes every day.
    at: Option<(Duration, Daily)>,
}

type Daily = bool;

impl Appointment {
    /// Follows what the configuration says now.
    pub(super) fn follow(&mut self, reload: &Reload) {
        self.repeat = reload.repeat;
        if self.file == reload.time_file {
            return;
        }
        *self = Self { file: reload.time_file.clone(), repeat: reload.repeat, ..Self::default() };
        self.looks = self.file.is_some().then(|| {
            let mut looks = interval(LOOK);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            looks
        });
    }

    /// Waits until it is time to look.
    pub(super) async fn next(&mut self) {
        let Some(looks) = &mut self.looks else { return core::future::pending().await };
        let rest = self.at.map_or(LOOK, |(at, _)| at.saturating_sub(clock::wall()));
        // The wall clock may be set: a time that is far away is waited for in steps.
        tokio::select! {
            _ = looks.tick() => {}
            () = sleep(rest), if rest < LOOK => {}
        }
    }

    /// Looks at the file and the clock. True: the time has come; what follows for the file is done.
    pub(super) fn is_due(&mut self) -> bool {
        let Some(path) = self.file.clone() else { return false };
        let now = clock::wall();
        self.look(&path, now);
        let Some((_, daily)) = self.at.take_if(|(at, _)| *at <= now) else { return false };
        info!("it is the time for a reload that {} says", path.display());
        if self.repeat && daily {
            // Read again, it is the next day's: 24 hours are not always a day.
            self.read = None;
        } else if !self.repeat {
            self.read = None;
            if let Err(error) = fs::remove_file(&path) {
                warn!("{}: {error}; it is followed no more (reload_time_file)", path.display());
                self.looks = None;
            }
        }
        true
    }

    /// Reads the file if it is another than it was.
    fn look(&mut self, path: &Path, now: Duration) {
        let metadata = fs::metadata(path).ok().filter(Metadata::is_file);
        let is = metadata.map(|is| (is.ino(), is.mtime(), is.mtime_nsec(), is.len()));
        if is == self.read {
            return;
        }
        let was = self.at.take();
        self.read = is;
        if is.is_none() {
            if was.is_some() {
                info!("{} is gone: no reload at its time", path.display());
            }
            return;
        }
        let mut text = String::new();
        // What cannot be read is no time.
        let _ = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        let line = text.lines().next().unwrap_or_default();
        match Time::parse(line).and_then(|time| time.after(now)) {
            Some((at, daily)) => {
                self.at = Some((at, daily));
                let wait = at.saturating_sub(now).as_secs();
                info!("reload at {line}, in {wait} s ({})", path.display());
            }
            None if Time::parse(line).is_some() => warn!("{}: {line} is over: no reload", path.display()),
            None => warn!(
                "{}: `{line}` is not a time: HH:MM:SS or YYYY-MM-DD HH:MM:SS, with a `Z` behind it for UTC",
                path.display()
            ),
        }
    }
}

/// A line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    /// Year, month, day; every day when absent.
    date: Option<[i32; 3]>,
    /// Hour, minute, second.
    of_day: [i32; 3],
    utc: bool,
}

impl Time {
    /// `[[YY]YY-MM-DD ]HH:MM:SS[Z]`, and nothing else.
    fn parse(line: &str) -> Option<Self> {
        let (line, utc) = line.strip_suffix('Z').map_or((line, false), |line| (line, true));
        let (date, time) = match line.split_once(' ') {
            Some((date, time)) => (Some(date), time),
            None => (None, line),
        };
        let date = match date {
            Some(date) => {
                let [year, rest @ ..] = numbers(date, '-', date.find('-').filter(|at| [2, 4].contains(at))?)?;
                Some([if year < 100 { 2000 + year } else { year }, rest[0], rest[1]])
            }
            None => None,
        };
        let time = numbers(time, ':', 2)?;
        let fits = time[0] < 24 && time[1] < 60 && time[2] < 60;
        let exists = date.is_none_or(|[_, month, day]| (1..=12).contains(&month) && (1..=31).contains(&day));
        (fits && exists).then_some(Self { date, of_day: time, utc })
    }

    /// When it is, after `now`, and whether it comes every day; both on the wall clock.
    fn after(&self, now: Duration) -> Option<(Duration, Daily)> {
        let Some(date) = self.date else {
            let today = if self.utc { sys::date_utc(now) } else { sys::date(now) }?;
            let at = self.on(today)?;
            let [year, month, day] = today;
            let at = if at > now { at } else { self.on([year, month, day + 1])? };
            return Some((at, true));
        };
        self.on(date).filter(|at| *at > now).map(|at| (at, false))
    }

    fn on(&self, date: [i32; 3]) -> Option<Duration> {
        if self.utc { sys::utc(date, self.of_day) } else { sys::local(date, self.of_day) }
    }
}

/// Three numbers of two digits, but for the first, which has `first`.
fn numbers(text: &str, between: char, first: usize) -> Option<[i32; 3]> {
    let mut parts = text.split(between);
    let mut number = |length: usize| {
        let part = parts.next()?;
        let plain = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    let found = [number(first)?, number(2)?, number(2)?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(line: &str) -> Option<([i32; 3], Option<[i32; 3]>, bool)> {
        Time::parse(line).map(|time| (time.of_day, time.date, time.utc))
    }

    #[test]
    fn a_line_has_one_of_three_forms_and_nothing_around_it() {
        assert_eq!(time("01:02:03"), Some(([1, 2, 3], None, false)));
        assert_eq!(time("23:59:59Z"), Some(([23, 59, 59], None, true)));
        assert_eq!(time("26-11-22 01:02:03"), Some(([1, 2, 3], Some([2026, 11, 22]), false)));
        assert_eq!(time("2026-11-22 01:02:03Z"), Some(([1, 2, 3], Some([2026, 11, 22]), true)));
        for line in [
            "",
            "1:02:03",
            "01:02",
            " 01:02:03",
            "01:02:03 ",
            "01:02:03 Z",
            "24:00:00",
            "026-11-22 01:02:03",
            "2026-13-01 01:02:03",
            "2026-11-22  01:02:03",
            "+1:02:03",
            "01:02:03:04",
        ] {
            assert_eq!(time(line), None, "{line}");
        }
    }

    #[test]
    fn a_time_without_a_date_is_the_next_one_and_one_with_a_date_may_be_over() {
        // 2026-11-22 12:00:00 UTC.
        let now = Duration::from_secs(1_795_348_800);
        let after =
            |line: &str| Time::parse(line).unwrap().after(now).map(|(at, daily)| (at.as_secs(), daily));
        assert_eq!(after("12:00:01Z"), Some((1_795_348_801, true)));
        assert_eq!(after("12:00:00Z"), Some((1_795_348_800 + 86_400, true)));
        assert_eq!(after("26-11-22 12:00:05Z"), Some((1_795_348_805, false)));
        assert_eq!(after("2026-12-01 00:00:00Z"), Some((1_796_083_200, false)));
        assert_eq!(after("2026-11-22 11:59:59Z"), None);
    }
}
