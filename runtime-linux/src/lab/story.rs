//! The story of `steadfast lab`: what happens to a service while its parts die and return.

use core::fmt::Display;
use core::time::Duration;
use std::collections::BTreeMap;

use super::measure::{Outage, first_advert, last_advert, outage, takeover};
use super::plan::{Plan, Service};
use super::report::{Report, seconds};
use super::stage::Stage;
use super::web::{Visitor, fetch};
use super::{Daemon, Error};
use crate::clock;

/// A story being told.
pub(super) struct Story<'a> {
    pub(super) plan: &'a Plan,
    pub(super) stage: Stage,
    pub(super) daemon: &'a Daemon,
    /// Print what the directors say as they say it.
    pub(super) aloud: bool,
    began: Duration,
    report: Report,
}

impl<'a> Story<'a> {
    /// The hosts are built; no director runs.
    pub(super) fn new(plan: &'a Plan, stage: Stage, daemon: &'a Daemon, aloud: bool) -> Self {
        Self { plan, stage, daemon, aloud, began: clock::now(), report: Report::default() }
    }

    /// Tells it from election to clean stop. What it found is in the report, also when it breaks off.
    pub(super) fn tell(&mut self) -> Result<(), Error> {
        let programs: Vec<_> = self.stage.stand_ins.iter().map(|path| path.display().to_string()).collect();
        if !programs.is_empty() {
            self.say(format_args!(
                "programs of the configurations do nothing here, successfully: {}",
                programs.join(", ")
            ));
        }
        if !self.election()? {
            self.say("without an Active director there is nothing more to show");
            return Ok(());
        }
        let visitor = match &self.plan.service {
            None => None,
            Some(service) => {
                let favourite = self.spread(service)?;
                let client = &self.stage.client;
                let visitor = Visitor::start(client, service.address, PACE, PATIENCE)?;
                if service.real_servers.len() > 1 {
                    self.death_of_a_server(service, favourite, &visitor)?;
                }
                Some(visitor)
            }
        };
        self.crash(visitor.as_ref())?;
        self.return_of_the_killed(visitor.as_ref())?;
        if self.plan.preempt {
            self.clean_stop(visitor.as_ref())?;
        }
        Ok(())
    }

    /// The table of what was expected and what was seen.
    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    fn election(&mut self) -> Result<bool, Error> {
        let (plan, count) = (self.plan, self.stage.directors.len());
        let priorities: Vec<_> = plan
            .directors
            .iter()
            .zip(1..)
            .map(|(it, n)| format!("director{n} has {}", it.priority))
            .collect();
        self.say(format_args!("{count} directors start; {}", priorities.join(", ")));
        let start = clock::wall();
        for post in &mut self.stage.directors {
            post.start(self.daemon, self.aloud)?;
        }
        let bound = plan.takeover(0) + START;
        let at = first_advert(&self.stage.observer, plan.vrid, "director1", start, bound + MERCY);
        let took = at.map(|at| at.saturating_sub(start));
        if let Some(took) = took {
            self.say(format_args!("director1 is Active: its first advert came after {}", seconds(took)));
        }
        let elected =
            self.report.within("election: director1, with the best priority, is Active", bound, took);
        self.holder("election", 0)?;
        Ok(elected)
    }

    /// The client asks many times; who answers how often? The number of the server that answered most.
    fn spread(&mut self, service: &Service) -> Result<usize, Error> {
        self.say(format_args!("the client asks {} {ASKED} times", service.address));
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        let ask = || (0..ASKED).map(|_| fetch(service.address, PATIENCE)).collect::<Vec<_>>();
        for answer in self.stage.client.run(ask)? {
            *answers.entry(answer.unwrap_or_else(|error| format!("lost ({})", error.kind()))).or_default() +=
                1;
        }
        let counted =
            answers.iter().map(|(who, times)| format!("{who} {times}")).collect::<Vec<_>>().join(", ");
        self.say(format_args!("answers: {counted}"));
        let servers = service.real_servers.len();
        if service.in_turn && ASKED.is_multiple_of(servers) {
            let share = ASKED / servers;
            let fair = (1..=servers).map(|n| format!("web{n} {share}")).collect::<Vec<_>>().join(", ");
            self.report.equal("requests: every server in its turn", &fair, &counted);
        } else {
            let answered: usize =
                answers.iter().filter(|(who, _)| who.starts_with("web")).map(|it| it.1).sum();
            self.report.equal("requests answered", &ASKED.to_string(), &answered.to_string());
        }
        let times = |number: &usize| answers.get(&format!("web{}", number + 1)).copied().unwrap_or_default();
        Ok((0..servers).rev().max_by_key(times).unwrap_or_default())
    }

    /// A web server dies; its share must end within what its health check promises. Then it comes back.
    fn death_of_a_server(
        &mut self,
        service: &Service,
        number: usize,
        visitor: &Visitor,
    ) -> Result<(), Error> {
        let name = format!("web{}", number + 1);
        self.say(format_args!("{name} dies: nobody listens on its port any more"));
        self.stage.real_servers[number].web = None;
        let died = clock::wall();
        let bound = service.leaves_within + CHECK;
        // Every turn of it fails while it is still asked, so a row of answers means it is out.
        let row = 5 * service.real_servers.len();
        let gone = visitor.wait(bound + MERCY, |visits| outage(visits, died, died, row));
        let left = visitor.visits().iter().rfind(|visit| visit.answer.is_err()).map(|visit| visit.over);
        let left = gone.map(|_| left.map_or(Duration::ZERO, |left| left.saturating_sub(died)));
        if let (Some(left), Some(gone)) = (left, gone) {
            self.say(format_args!(
                "{name} left the rotation after {} ({} requests lost)",
                seconds(left),
                gone.lost
            ));
        }
        self.report.within(&format!("{name} dies: it leaves the rotation"), bound, left);

        self.say(format_args!("{name} is started again"));
        let back = clock::wall();
        self.stage.real_servers[number].start()?;
        if !service.in_turn {
            self.say("whether this client is led back to it is up to the scheduler and persistence");
            return Ok(());
        }
        let bound = service.returns_within + CHECK;
        let returned = visitor.wait(bound + MERCY, |visits| {
            let mut after = visits.iter().filter(|visit| visit.sent > back);
            after.find(|visit| visit.answer.as_ref() == Ok(&name)).map(|visit| visit.over)
        });
        let returned = returned.map(|at| at.saturating_sub(back));
        if let Some(returned) = returned {
            self.say(format_args!("{name} is asked again after {}", seconds(returned)));
        }
        self.report.within(&format!("{name} returns: it is asked again"), bound, returned);
        Ok(())
    }

    /// SIGKILL to the Active director.
    fn crash(&mut self, visitor: Option<&Visitor>) -> Result<(), Error> {
        let plan = self.plan;
        self.say("director1 is killed (SIGKILL): no goodbye");
        let killed = self.stage.directors[0].process.as_ref().map_or_else(clock::wall, super::Process::kill);
        let bound = plan.takeover(1) + ALLOWANCE;
        let seen = takeover(&self.stage.observer, plan.vrid, "director1", killed, bound + MERCY);
        if let Some(seen) = &seen {
            let (by, after) = (&seen.by, seconds(seen.after_last_advert));
            self.say(format_args!("{by} is Active, {after} after the last advert of director1"));
        }
        let after = seen.as_ref().filter(|seen| seen.by == "director2").map(|seen| seen.after_last_advert);
        self.report.within("crash: takeover after the last advert", bound, after);
        self.holder("crash", 1)?;
        self.lost("crash", visitor, killed, bound);
        Ok(())
    }

    /// The killed director is started again and, unless forbidden, takes its place back.
    fn return_of_the_killed(&mut self, visitor: Option<&Visitor>) -> Result<(), Error> {
        let plan = self.plan;
        self.say("director1 is started again");
        let start = clock::wall();
        self.stage.directors[0].start(self.daemon, self.aloud)?;
        let bound = plan.takeover(0) + START;
        if !plan.preempt {
            let quiet = first_advert(&self.stage.observer, plan.vrid, "director1", start, bound).is_none();
            let seen = if quiet { "director2" } else { "director1" };
            self.say(format_args!("nopreempt: {seen} is Active"));
            self.report.equal("return: nopreempt leaves the Active one alone", "director2", seen);
            return Ok(());
        }
        let at = first_advert(&self.stage.observer, plan.vrid, "director1", start, bound + MERCY);
        if let Some(at) = at {
            self.say(format_args!(
                "director1 is Active again, {} after its start",
                seconds(at.saturating_sub(start))
            ));
        }
        self.report.within("return: fail-back by preemption", bound, at.map(|at| at.saturating_sub(start)));
        self.holder("return", 0)?;
        if let Some(at) = at {
            let last = last_advert(&self.stage.observer.seen(), plan.vrid, "director2");
            let both = last.map_or(Duration::ZERO, |last| last.saturating_sub(at));
            self.report.within("return: nobody else speaks once it does", ALLOWANCE, Some(both));
        }
        self.lost("return", visitor, start, ALLOWANCE);
        Ok(())
    }

    /// SIGTERM to the Active director.
    fn clean_stop(&mut self, visitor: Option<&Visitor>) -> Result<(), Error> {
        let plan = self.plan;
        self.say("director1 is stopped cleanly (SIGTERM)");
        let stopped = clock::wall();
        let status = match &self.stage.directors[0].process {
            Some(process) => process.stop(STOP)?,
            None => None,
        };
        let bound = plan.skew(1) + ALLOWANCE;
        let seen = takeover(&self.stage.observer, plan.vrid, "director1", stopped, bound + MERCY);
        let after = seen.as_ref().and_then(|seen| seen.after_goodbye);
        if let Some(after) = after {
            self.say(format_args!("director2 is Active, {} after the goodbye of director1", seconds(after)));
        }
        self.report.within("stop: takeover after the goodbye", bound, after);
        let status = status.map_or_else(|| "still running".to_owned(), |status| status.to_string());
        self.report.equal("stop: the daemon ends by itself", "exit status: 0", &status);
        self.holder("stop", 1)?;
        self.lost("stop", visitor, stopped, bound);
        Ok(())
    }

    /// Exactly director `number` holds the address, among those that run.
    fn holder(&mut self, phase: &str, number: usize) -> Result<(), Error> {
        let Some(address) = self.plan.addresses.first().map(|cidr| cidr.address) else { return Ok(()) };
        let holders = self.stage.settle(self.plan, address, number)?;
        let names: Vec<_> = holders.iter().map(|holder| format!("director{}", holder + 1)).collect();
        let what = format!("{phase}: who holds {address}");
        self.report.equal(&what, &format!("director{}", number + 1), &names.join(" and "));
        Ok(())
    }

    /// What the client lost since an event, against the time the change itself may take.
    fn lost(&mut self, phase: &str, visitor: Option<&Visitor>, since: Duration, change: Duration) {
        let Some(visitor) = visitor else { return };
        // A lost request is noticed only when its patience ends, and it may have begun just before.
        let bound = change + PATIENCE + ALLOWANCE;
        let now = clock::wall();
        let seen = visitor.wait(bound + MERCY, |visits| outage(visits, since, now, CALM));
        if let Some(Outage { lost, lasted }) = seen {
            self.say(format_args!("the client lost {lost} requests within {}", seconds(lasted)));
        }
        let what = format!("{phase}: the client is served again");
        self.report.within(&what, bound, seen.map(|outage| outage.lasted));
    }

    /// One line of the story.
    pub(super) fn say(&self, what: impl Display) {
        let elapsed = clock::now().saturating_sub(self.began);
        println!("[{:5.1} s] {what}", elapsed.as_secs_f64());
    }
}

/// The last words of each director, for when something failed.
pub(super) fn last_words(stage: &Stage) {
    for post in &stage.directors {
        let Some(process) = &post.process else { continue };
        let log = process.log();
        let status = process.ended().map_or_else(|| "still running".to_owned(), |status| status.to_string());
        println!("\nthe last lines of {} ({status}):", post.node.name());
        for line in &log[log.len().saturating_sub(WORDS)..] {
            println!("  {}", line.text);
        }
    }
}

/// What scheduling may add to a protocol's time.
const ALLOWANCE: Duration = Duration::from_millis(50);
/// What a program may take from exec to its first packet on a machine that has other things to do.
const START: Duration = Duration::from_secs(2);
/// What a health check may add to its own times: the connecting itself, and the way to the data plane.
const CHECK: Duration = Duration::from_millis(500);
/// How long a daemon may take to end.
const STOP: Duration = Duration::from_secs(5);
/// How much longer than allowed to wait, to tell late from never.
const MERCY: Duration = Duration::from_secs(3);
/// Between two requests of the visitor.
const PACE: Duration = Duration::from_millis(20);
/// When the visitor gives a request up.
const PATIENCE: Duration = Duration::from_millis(300);
/// So many answers in a row mean that all is well again.
const CALM: usize = 20;
/// Requests of the spread.
const ASKED: usize = 200;
/// Log lines shown of each director after a failure.
const WORDS: usize = 25;
