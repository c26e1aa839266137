//! What happens in a cell: election, a quiet minute, a crash, the return, a clean stop, with every time measured at
//! the port of the switch.

use core::fmt::Debug;
use core::time::Duration;
use std::collections::BTreeSet;

use runtime_linux::clock;

use crate::cell::{Cell, Family, Preempt, Vmac};
use crate::failure;
use crate::program::{Program, Quirk};
use crate::scene::{Scene, pause};
use crate::wire::{Router, adverts, first_advert, last_advert, spans};

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// From the start of the better router to its first advert.
    pub(crate) elected: Duration,
    /// How many adverts the quiet time had, and the longest time between two of them.
    pub(crate) adverts: usize,
    pub(crate) longest_gap: Duration,
    /// From the last advert of the killed router to the first of the other one, and what the protocol says.
    pub(crate) crash: [Duration; 2],
    /// From the start of the better router to its first advert; `None` where it is not to preempt.
    pub(crate) back: Option<Duration>,
    /// From the goodbye to the first advert of the other one, and what the protocol says.
    pub(crate) stop: [Duration; 2],
    /// Deviations that were seen, and by whom.
    pub(crate) quirks: BTreeSet<(Program, Quirk)>,
}

/// Plays a cell; `quiet` is how long nothing is to happen. The error is the whole report.
pub(crate) fn play(scene: &mut Scene, quiet: Duration) -> Result<Row, String> {
    let cell = scene.cell;
    let mut play = Play { cell, scene, row: Row::default(), phase: "at the start" };
    play.election()?;
    play.quiet(quiet)?;
    play.crash()?;
    let active = play.fail_back()?;
    if cell.group {
        play.cable()?;
    }
    play.stop(active)?;
    play.whole_course(active)?;
    play.forms()?;
    play.end(1 - active)?;
    play.versions()?;
    Ok(play.row)
}

struct Play<'a> {
    cell: Cell,
    scene: &'a mut Scene,
    row: Row,
    phase: &'static str,
}

impl Play<'_> {
    fn election(&mut self) -> Result<(), String> {
        let started = self.scene.start(0);
        let within = self.cell.patience(0) + self.starting(0);
        for link in 0..self.scene.links.len() {
            let first = self.heard(0, link, false, started, within)?;
            self.row.elected = self.row.elected.max(first.saturating_sub(started));
        }
        self.scene.start(1);
        // Nothing on the wire says that a Backup has started: it is to be silent.
        pause(self.starting(1));
        self.answered_by(0, &[])
    }

    fn quiet(&mut self, span: Duration) -> Result<(), String> {
        self.phase = "in the quiet time";
        let from = clock::wall();
        pause(span);
        let to = clock::wall();
        let interval = self.cell.interval(0);
        // A Backup's patience less its skew: how even the pace is within that is the machine's affair.
        let allowed = interval * 3;
        let least = match self.scene.way[0] {
            Program::Steadfast => span.as_millis() / interval.as_millis() - 1,
            // These count from when they woke, not from when they should have, and fall behind.
            Program::Keepalived | Program::Frr => 1,
        };
        for (link, router) in self.cell.routers().into_iter().enumerate() {
            let seen = self.scene.links[link].observer.seen();
            let lately: Vec<_> = adverts(&seen, router).filter(|it| it.0 > from && it.0 < to).collect();
            self.demand(lately.iter().all(|it| it.1 == 0), "one sender: the better router", || {
                "adverts of the worse one".into()
            })?;
            self.demand(lately.iter().all(|it| it.2.priority > 0), "no goodbye", || "a goodbye".into())?;
            let times: Vec<_> = [from].into_iter().chain(lately.iter().map(|it| it.0)).chain([to]).collect();
            let gap = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap();
            self.demand(gap <= allowed, &format!("an advert every {allowed:?} at least"), || {
                format!("{gap:?} without one")
            })?;
            self.demand(lately.len() as u128 >= least, &format!("{least} adverts"), || {
                lately.len().to_string()
            })?;
            self.row.adverts += lately.len();
            self.row.longest_gap = self.row.longest_gap.max(gap);
        }
        for side in [0, 1] {
            let ended = self.scene.ended(side);
            self.demand(ended.is_none(), "both run", || ended.clone().unwrap_or_default())?;
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), String> {
        self.phase = "after the better router was killed";
        let killed = self.scene.kill(0);
        let theory = self.cell.takeover(1);
        let took = self.takes_over(
            1,
            theory,
            |play, link, first| {
                let router = play.cell.router(link);
                last_advert(&play.scene.links[link].observer.seen(), router, 0, first)
            },
            killed,
        )?;
        self.row.crash = [took, theory];
        // The dead machine's network still has the address: only that it is answered for is asked.
        self.answered_by(1, &[0])
    }

    /// The better router returns. Who is Active in the end.
    fn fail_back(&mut self) -> Result<usize, String> {
        self.phase = "after the better router came back";
        let started = self.scene.start(0);
        let patience = self.cell.patience(0);
        let (earliest, latest) = match self.cell.preempt {
            Preempt::AtOnce => (Duration::ZERO, patience + self.starting(0)),
            Preempt::Never => {
                pause(patience + self.starting(0) + self.cell.interval(1) * 2);
                for (link, router) in self.cell.routers().into_iter().enumerate() {
                    let seen = self.scene.links[link].observer.seen();
                    let spoke = first_advert(&seen, router, 0, false, started);
                    self.demand(
                        spoke.is_none(),
                        "silence of the better router, which is not to preempt",
                        || "an advert of it".into(),
                    )?;
                }
                self.answered_by(1, &[])?;
                return Ok(1);
            }
            Preempt::After(seconds) => {
                let delay = Duration::from_secs(seconds);
                (delay, delay + self.cell.interval(1) + patience + self.starting(0))
            }
        };
        let mut back = Duration::ZERO;
        for link in 0..self.scene.links.len() {
            let first = self.heard(0, link, false, started, latest)?;
            let took = first.saturating_sub(started);
            self.demand(took >= earliest, &format!("no advert before {earliest:?}"), || {
                format!("after {took:?}")
            })?;
            back = back.max(took);
        }
        self.row.back = Some(back);
        self.gives_way(started)?;
        self.answered_by(0, &[])?;
        Ok(0)
    }

    /// A sync group moves as a whole when one of its links goes.
    fn cable(&mut self) -> Result<(), String> {
        self.phase = "after the first cable of the better router was pulled out";
        let pulled = self.scene.plug(0, 0, false);
        let theory = self.cell.takeover(1);
        self.takes_over(
            1,
            theory,
            |play, link, first| {
                let seen = play.scene.links[link].observer.seen();
                let router = play.cell.router(link);
                // The other link hears a goodbye; the first one goes silent, and the group waits for it.
                if link == 0 {
                    last_advert(&seen, router, 0, first)
                } else {
                    first_advert(&seen, router, 0, true, pulled)
                }
            },
            pulled,
        )?;
        self.phase = "after the cable was put back";
        let plugged = self.scene.plug(0, 0, true);
        let within = self.cell.patience(0) + self.starting(0);
        for link in 0..self.scene.links.len() {
            self.heard(0, link, false, plugged, within)?;
        }
        self.gives_way(plugged)?;
        self.answered_by(0, &[])
    }

    fn stop(&mut self, active: usize) -> Result<(), String> {
        self.phase = "after the Active router was told to stop";
        let (stopped, ended) = self.scene.stop(active, MERCY);
        let program = self.scene.way[active];
        let ended = ended.and_then(|took| {
            let limit = if program == Program::Steadfast { Duration::from_secs(1) } else { MERCY };
            if took < limit { Ok(()) } else { Err(format!("it took {took:?} to end")) }
        });
        self.demand(ended.is_ok(), "a clean end within a second", || ended.clone().unwrap_err())?;
        let other = 1 - active;
        let theory = self.cell.skew(other);
        let took = self.takes_over(
            other,
            theory,
            |play, link, _| {
                let router = play.cell.router(link);
                first_advert(&play.scene.links[link].observer.seen(), router, active, true, stopped)
            },
            stopped,
        )?;
        self.row.stop = [took, theory];
        // An owner's host has its addresses whether VRRP runs or not.
        let has_them = if self.cell.owner && active == 0 { &[0][..] } else { &[] };
        self.answered_by(other, has_them)
    }

    /// Every change of the Active router in the whole play, and no other.
    fn whole_course(&mut self, active: usize) -> Result<(), String> {
        self.phase = "in the whole course";
        pause(self.cell.interval(0) * 3);
        let expected: &[usize] = match (self.cell.group, active) {
            (true, _) => &[0, 1, 0, 1, 0, 1],
            (false, 0) => &[0, 1, 0, 1],
            (false, _) => &[0, 1, 0],
        };
        for (link, router) in self.cell.routers().into_iter().enumerate() {
            let seen = self.scene.links[link].observer.seen();
            let spans = spans(&seen, router, [self.cell.interval(0), self.cell.interval(1)]);
            let mut course: Vec<_> = spans.iter().map(|span| span.side).collect();
            // A pause in which nobody else spoke is no change; that a peer was slow there is its own affair.
            course.dedup_by(|next, side| next == side && self.scene.way[*side] != Program::Steadfast);
            self.demand(course == expected, &format!("these are Active in turn: {expected:?}"), || {
                format!("{course:?} for {router}")
            })?;
        }
        Ok(())
    }

    /// The adverts are of the kind that the cell is about.
    fn forms(&mut self) -> Result<(), String> {
        self.phase = "in the form of the adverts";
        for (link, router) in self.cell.routers().into_iter().enumerate() {
            let seen = self.scene.links[link].observer.seen();
            let spans = spans(&seen, router, [self.cell.interval(0), self.cell.interval(1)]);
            for (at, side, advert) in adverts(&seen, router) {
                let last =
                    advert.priority == 0 || spans.iter().any(|span| span.side == side && span.to == at);
                let expected = self.cell.form(side, self.scene.way[side], link, advert, last);
                self.demand(*advert == expected, &format!("{expected:?}"), || format!("{advert:?}"))?;
            }
        }
        Ok(())
    }

    /// Where steadfast speaks the other version too, it does so beside every advert, and nobody else does.
    fn versions(&mut self) -> Result<(), String> {
        self.phase = "in the versions of the adverts";
        let other = Router { version: 5 - self.cell.version, ..self.cell.router(0) };
        let seen = self.scene.links[0].observer.seen();
        for side in [0, 1] {
            let [count, beside] =
                [self.cell.router(0), other].map(|it| adverts(&seen, it).filter(|it| it.1 == side).count());
            let wanted =
                if self.cell.beside && self.scene.way[side] == Program::Steadfast { count } else { 0 };
            let name = self.scene.name(side);
            self.demand(
                beside.abs_diff(wanted) <= 1,
                &format!("{wanted} adverts of {name} in the other version"),
                || beside.to_string(),
            )?;
        }
        Ok(())
    }

    /// Who is Active to the last says goodbye, too.
    fn end(&mut self, active: usize) -> Result<(), String> {
        self.phase = "after the last router was told to stop";
        let (stopped, ended) = self.scene.stop(active, MERCY);
        self.demand(ended.is_ok(), "a clean end", || ended.clone().unwrap_err())?;
        for link in 0..self.scene.links.len() {
            self.heard(active, link, true, stopped, MERCY)?;
        }
        Ok(())
    }

    /// Waits for the first advert of `side` on every link after `since`. `cause` names the moment that its patience
    /// counts from; a group counts from the latest of all links. How long it took.
    fn takes_over(
        &mut self,
        side: usize,
        theory: Duration,
        cause: impl Fn(&Self, usize, Duration) -> Option<Duration>,
        since: Duration,
    ) -> Result<Duration, String> {
        let (mut latest_cause, mut latest) = (Duration::ZERO, Duration::ZERO);
        for link in 0..self.scene.links.len() {
            let first =
                self.heard(side, link, false, since, theory + self.cell.interval(1 - side) + MERCY)?;
            let Some(from) = cause(self, link, first) else {
                return Err(self.failure("a goodbye before the other one takes over", "none"));
            };
            let took = first.saturating_sub(from);
            let least = self.scene.way[side].counts(theory).saturating_sub(EARLY);
            let patient = took >= least || self.cell.group;
            self.demand(patient, &format!("{theory:?} of patience"), || format!("only {took:?}"))?;
            (latest_cause, latest) = (latest_cause.max(from), latest.max(first));
        }
        let took = latest.saturating_sub(latest_cause);
        let (program, late) = (self.scene.way[side], Quirk::AdvertLateByAnInterval);
        let may_be_late = self.cell.family == Family::V6 && program.quirks().contains(&late);
        let allowed = if may_be_late && took > theory + ALLOWANCE {
            self.row.quirks.insert((program, late));
            theory + self.cell.interval(side) + ALLOWANCE
        } else {
            theory + ALLOWANCE
        };
        self.demand(
            took <= allowed,
            &format!("a takeover within {allowed:?}, which is {theory:?} and an allowance"),
            || format!("after {took:?}"),
        )?;
        Ok(took)
    }

    /// Since `since` the better router has come back: the worse one says at most one word more, steadfast's last one
    /// or what was under way, and within the better one's interval (it yields when it hears that, RFC 9568 §6.4.3).
    fn gives_way(&mut self, since: Duration) -> Result<(), String> {
        pause(self.cell.interval(1) * 2);
        for (link, router) in self.cell.routers().into_iter().enumerate() {
            let seen = self.scene.links[link].observer.seen();
            let back = first_advert(&seen, router, 0, false, since).expect("it was heard");
            let late = adverts(&seen, router).filter(|it| it.1 == 1 && it.0 > back);
            let late: Vec<_> = late.map(|it| it.0.saturating_sub(back)).collect();
            let latest = late.last().copied().unwrap_or_default();
            let gives_way = late.len() <= 1 && latest <= self.cell.interval(0) + ALLOWANCE;
            self.demand(gives_way, "the worse router gives way", || {
                format!("it spoke {late:?} after the better one")
            })?;
        }
        Ok(())
    }

    /// Waits for an advert of `side` on `link` after `since`; when it was.
    fn heard(
        &mut self,
        side: usize,
        link: usize,
        goodbye: bool,
        since: Duration,
        within: Duration,
    ) -> Result<Duration, String> {
        let router = self.cell.router(link);
        let observer = &self.scene.links[link].observer;
        let left = (since + within + MERCY).saturating_sub(clock::wall());
        let found = observer.wait(left, |seen| first_advert(seen, router, side, goodbye, since));
        let took = found.map(|at| at.saturating_sub(since));
        let name = self.scene.name(side);
        let expected = format!("an advert of {name} for {router} within {within:?}");
        self.demand(took.is_some_and(|took| took <= within), &expected, || format!("after {took:?}"))?;
        Ok(found.expect("it was demanded"))
    }

    /// Asks where the addresses are: `side` answers, and nobody else but `excused`.
    fn answered_by(&mut self, side: usize, excused: &[usize]) -> Result<(), String> {
        pause(ALLOWANCE);
        for link in 0..self.scene.links.len() {
            let observer = &self.scene.links[link].observer;
            let answers = self.scene.client.ask(link, self.cell.address(link), observer);
            let program = self.scene.way[side];
            let mac = answers.get(&side).copied();
            let name = self.scene.name(side);
            self.demand(mac.is_some(), &format!("{name} answers for {}", self.cell.address(link)), || {
                format!("{answers:02x?}")
            })?;
            // FRR's host answers from every link that it has.
            let virtually = mac == Some(self.cell.virtual_mac(link));
            let right = virtually == (self.cell.vmac[side] != Vmac::No) || program == Program::Frr;
            self.demand(right, "an answer with the right link address", || format!("{mac:02x?}"))?;
            for other in answers.into_keys().filter(|other| *other != side && !excused.contains(other)) {
                let who = self.scene.way[other];
                let known = who.quirks().contains(&Quirk::AnswersAsBackup);
                let name = self.scene.name(other);
                self.demand(known, "no other one answers", || format!("{name} does"))?;
                self.row.quirks.insert((who, Quirk::AnswersAsBackup));
            }
        }
        Ok(())
    }

    /// What starting a side may take: the time is not the protocol's.
    fn starting(&self, side: usize) -> Duration {
        match self.scene.way[side] {
            Program::Steadfast | Program::Keepalived => Duration::from_secs(2),
            // Two processes, and macvlan links made anew.
            Program::Frr => Duration::from_secs(5),
        }
    }

    fn demand(&self, holds: bool, expected: &str, seen: impl FnOnce() -> String) -> Result<(), String> {
        if holds { Ok(()) } else { Err(self.failure(expected, &seen())) }
    }

    fn failure(&self, expected: &str, seen: &str) -> String {
        failure::report(self.scene, self.phase, expected, seen)
    }
}

/// What scheduling may add to a protocol's time.
const ALLOWANCE: Duration = Duration::from_millis(50);
/// An advert takes a moment from the sender to the switch, and another one from there to the receiver.
const EARLY: Duration = Duration::from_millis(2);
/// How much longer than allowed to wait, to tell late from never.
const MERCY: Duration = Duration::from_secs(5);
