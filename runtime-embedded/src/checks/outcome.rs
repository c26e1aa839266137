//! What the result of a probe means for its server, and what is said of it.

use core::time::Duration;

use check_core::{Failure, Verdict, check, pool};

use super::{Checks, News, NewsEvent};
use crate::log::{Log, Record};

impl<const SERVICES: usize, const SERVERS: usize, const CHECKS: usize> Checks<'_, SERVICES, SERVERS, CHECKS> {
    /// A probe is over.
    pub(super) fn finish(
        &mut self,
        now: Duration,
        number: usize,
        result: Result<(), Failure>,
        log: &mut dyn Log,
    ) {
        let runner = &mut self.runners[number];
        let before = runner.check.verdict();
        let event = result.map_or_else(check::Event::Failed, |()| check::Event::Passed);
        let actions = runner.check.handle(now, event);
        let (service, server) = (runner.service, runner.server);
        let (number, check) = (runner.number, runner.probe.kind.name());
        let name = self.services[service].servers[server].name;
        for action in actions {
            let event = match action {
                check::Action::Attempt { failure, left } => {
                    let is_new = left.is_some() || before != Verdict::Down(Some(failure));
                    is_new.then_some(NewsEvent::Failed { server: name, check, failure, left })
                }
                check::Action::Verdict(verdict) => {
                    let up = verdict == Verdict::Up;
                    let was_alive = self.pools[service].servers()[server].alive();
                    let was_unproven = self.pools[service].servers()[server].unproven();
                    let failure = match verdict {
                        Verdict::Down(failure) => failure,
                        Verdict::Up => None,
                    };
                    let event = failure.map(|failure| {
                        if was_alive || was_unproven {
                            NewsEvent::Down { server: name, check, failure }
                        } else {
                            NewsEvent::Failed { server: name, check, failure, left: None }
                        }
                    });
                    if let Some(event) = event {
                        self.say(now, service, event, log);
                    }
                    self.tell(now, service, pool::Event::Check { server, check: number, up }, log);
                    let alive = self.pools[service].servers()[server].alive();
                    (up && !alive).then_some(NewsEvent::Passed { server: name, check })
                }
                check::Action::Probe | check::Action::Abandon | check::Action::Recovering { .. } => None,
            };
            if let Some(event) = event {
                self.say(now, service, event, log);
            }
        }
    }

    /// Tells a pool something, and says what comes of it.
    pub(super) fn tell(&mut self, now: Duration, service: usize, event: pool::Event, log: &mut dyn Log) {
        let configured = &self.services[service];
        self.is_stale[service] = true;
        self.pools[service].handle(now, event, &mut |action| {
            let event = match action {
                pool::Action::ServerUp { server } => {
                    Some(NewsEvent::Up { server: configured.servers[server].name })
                }
                pool::Action::QuorumUp { weight } => Some(NewsEvent::QuorumGained { weight }),
                pool::Action::QuorumDown { weight } => {
                    let sorry = configured.sorry.as_ref().map(|sorry| sorry.name);
                    Some(NewsEvent::QuorumLost { weight, sorry })
                }
                // Why it is down was said, and is more.
                pool::Action::ServerDown { .. }
                | pool::Action::Reweighted { .. }
                | pool::Action::Ramped { .. }
                | pool::Action::Draining { .. }
                | pool::Action::Drained { .. }
                | pool::Action::Enabled { .. } => None,
            };
            if let Some(event) = event {
                log.record(now, &Record::Checks(News { service: configured.name, event }));
            }
        });
    }

    pub(super) fn say(&self, now: Duration, service: usize, event: NewsEvent, log: &mut dyn Log) {
        log.record(now, &Record::Checks(News { service: self.services[service].name, event }));
    }
}
