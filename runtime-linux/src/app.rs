//! The daemon: puts the parts together and keeps them so.
//!
//! This is the control thread. It owns everything that may be slow: the configuration, scripts, checks, the data
//! plane's control and the log. Routers run on a thread of their own ([`crate::driver`]) that never waits for it.

mod announce;
mod bus;
mod calm;
mod dump;
mod errand;
mod groups;
mod host;
mod orders;
mod outset;
mod pid_file;
mod place;
mod reload;
mod reload_mark;
mod reload_time;
mod reports;
mod rounds;
mod routers;
mod save;
mod services;
mod signals;
mod snmp;
mod status;
mod sync_wait;
mod threads;

pub use pid_file::{PidFile, PidFileError};

use core::cell::Cell;
use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use anyhow::Context as _;
use nix::sys::signal::SigSet;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, error, info, warn};

use crate::api::{self, Question, Request};
use crate::args::Run;
use crate::clock;
use crate::config::build::Remembered;
use crate::config::model::{Configuration, Global, Schedule, VirtualServer};
use crate::config::{self, Loaded};
use crate::dbus;
use crate::driver::{self, Command, Handle, Kind, Report, Setup, Verdict};
use crate::guardian::{Charge, Guardian, Orders};
use crate::log::{self, Log};
use crate::perform::bfd;
use crate::perform::check::{self, Checker, Told};
use crate::perform::fifo::Writers;
use crate::perform::mail::Mailer;
use crate::perform::notify::Notifier;
use crate::perform::script::{self, Scripts};
use crate::perform::track;
use crate::perform::track_file::Files;
use crate::perform::track_process::Processes;
use crate::process::Policy;
use crate::snmp::{Agent, Question as ObjectQuestion};
use calm::Calm;
use dump::Dump;
use groups::Groups;
use orders::OrderFile;
use reload_time::Appointment;
use rounds::Rounds;
use routers::Routers;
use services::Services;
use signals::Signals;
use sync_wait::SyncWait;

/// Where the process id goes when nobody says otherwise; tools know the name.
const PID_FILE: &str = "/run/keepalived.pid";
/// Where `steadfast status` looks when nobody says otherwise.
const SOCKET: &str = "/run/steadfast.sock";
/// How often connections are counted while real servers are drained.
const CENSUS: Duration = Duration::from_secs(1);
/// How long the VRRP thread is an ordinary one after it has computed for too long.
const RELAXATION: Duration = Duration::from_secs(1);
/// Events of the checks that are taken before others get their turn.
const EVENTS: usize = 256;
/// How long routers and checks may take to end.
const PATIENCE_AT_STOP: Duration = Duration::from_secs(2);

/// The control socket of a daemon that was told these paths: beside its pid file if it has one of its own.
pub fn socket_path(socket: Option<&Path>, pid_file: Option<&Path>) -> PathBuf {
    match (socket, pid_file) {
        (Some(socket), _) => socket.to_owned(),
        (None, Some(pid_file)) => pid_file.with_extension("sock"),
        (None, None) => PathBuf::from(SOCKET),
    }
}

/// Is the daemon until it is told to stop; returns the exit code.
///
/// # Errors
/// It could not start: the pid file is held, or the kernel refused something that nothing works without.
pub fn run(run: &Run) -> anyhow::Result<u8> {
    crate::sys::keep_large_blocks_apart();
    crate::sys::heed_quit();
    let loaded = config::load(&run.config, &run.options);
    let dump = run.dump_conf.then(|| config::show::text(&loaded.nodes()));
    let Loaded { configuration, diagnostics, tree, remembered, .. } = loaded;
    drop(tree);
    let Some(configuration) = configuration else {
        eprint!("{}", diagnostics.render(io::IsTerminal::is_terminal(&io::stderr())));
        return Ok(diagnostics.exit_code());
    };
    if !run.foreground {
        nix::unistd::daemon(false, false).context("cannot go into the background")?;
    }
    outset::limit(run, &configuration.global);
    run.log().open();
    outset::begin(run, dump);
    run.remarks.iter().for_each(|remark| warn!("{remark}"));
    log_diagnostics(&diagnostics);
    let run = &place::settle(run, &configuration.global).inspect_err(|error| error!("{error:#}"))?;
    let pid_path = run.pid_file.as_deref().unwrap_or(Path::new(PID_FILE));
    let pid_file = PidFile::create(pid_path).inspect_err(|error| error!("{error}"))?;
    let Global { startup_script, shutdown_script, .. } = &configuration.global;
    let shutdown = shutdown_script.clone();
    let policy = Policy::from(&configuration.global);
    if let Some(script) = startup_script {
        errand::run("startup_script", script, &policy);
    }
    let orders = Orders {
        only_one: run.only_one_worker,
        lock_memory: configuration.global.schedules().iter().any(Schedule::locks_memory),
        patience: configuration.global.household.patience,
    };
    let name = configuration.global.household.name.clone();
    let guardian = Guardian::open(orders)?;
    let first = Cell::new(Some(Reading { configuration, errors: diagnostics.errors(), remembered }));
    drop(diagnostics);
    crate::sys::trim_memory();
    let forked = || {
        // It is the worker's now.
        drop(first.take());
        crate::sys::give_memory_back();
        if let Some(name) = &name {
            driver::schedule::call(name);
        }
    };
    let code = guardian.watch(forked, |charge| match work(run, first.take(), charge) {
        Ok(code) => code,
        Err(error) => {
            error!("{error:#}");
            eprintln!("steadfast: {error:#}");
            1
        }
    })?;
    if let Some(script) = &shutdown {
        errand::run("shutdown_script", script, &policy);
    }
    drop(pid_file);
    Ok(code)
}

/// What was read.
struct Reading {
    configuration: Configuration,
    /// What is wrong in it.
    errors: Vec<String>,
    remembered: Remembered,
}

/// Is the worker; `reading` is what the guardian has read already.
fn work(run: &Run, reading: Option<Reading>, charge: Charge) -> anyhow::Result<u8> {
    let reading = match reading {
        Some(reading) if charge.number == 0 => reading,
        Some(_) | None => {
            let Loaded { configuration, diagnostics, remembered, .. } =
                config::load(&run.config, &run.options);
            let Some(configuration) = configuration else {
                diagnostics.lines().for_each(|line| error!("{line}"));
                return Ok(diagnostics.exit_code());
            };
            log_diagnostics(&diagnostics);
            Reading { configuration, errors: diagnostics.errors(), remembered }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let (daemon, inputs) = Daemon::start(run.clone(), reading, charge).await?;
        anyhow::Ok(Box::pin(daemon.serve(inputs)).await)
    });
    // Who reads from a file system that does not answer is not waited for.
    runtime.shutdown_background();
    code
}

fn log_diagnostics(diagnostics: &config::Diagnostics) {
    for line in diagnostics.lines() {
        warn!("{line}");
    }
}

/// Everything that the control thread owns.
struct Daemon {
    run: Run,
    /// What the file says, but for its virtual servers.
    configuration: Configuration,
    /// Those; the checks hold them, too.
    virtual_servers: Vec<Arc<VirtualServer>>,
    /// What was read last, for the next reload.
    remembered: Remembered,
    driver: Handle,
    scripts: Scripts,
    files: Files,
    processes: Processes,
    bfd: bfd::Sessions,
    notifier: Notifier,
    fifos: Writers,
    mailer: Mailer,
    dbus: dbus::Service,
    checker: Checker,
    services: Services,
    sync_wait: SyncWait,
    orders: OrderFile,
    groups: Groups,
    routers: Routers,
    started: Duration,
    /// How many workers there were before this one.
    restarts: u32,
    /// What is wrong in the file that runs: a reload may keep such errors, but not add to them.
    errors: Vec<String>,
    /// Why the last reload was refused.
    reload_error: Option<String>,
    stopping: bool,
    /// The checks have yet to take up the configuration.
    applying: bool,
    checks_place: threads::ChecksPlace,
    agent: Agent,
    gathered: snmp::Gathered,
    saved: save::Saved,
}

/// Everything that the control thread listens to.
struct Inputs {
    reports: mpsc::Receiver<Report>,
    script_reports: mpsc::UnboundedReceiver<script::Report>,
    track_reports: mpsc::Receiver<track::Report>,
    check_events: mpsc::UnboundedReceiver<check::Event>,
    questions: mpsc::Receiver<Question>,
    object_questions: mpsc::Receiver<ObjectQuestion>,
    signals: Signals,
    /// Held so that the socket's file goes with the daemon.
    _socket: Option<api::Socket>,
}

impl Daemon {
    async fn start(run: Run, reading: Reading, charge: Charge) -> anyhow::Result<(Self, Inputs)> {
        let Reading { mut configuration, errors, remembered } = reading;
        let signals = Signals::new().context("cannot listen to signals")?;
        // The guardian forked with them blocked, so that none is lost on the way here.
        SigSet::empty().thread_set_mask().context("cannot unblock signals")?;
        let setup = Setup {
            schedule: Some({
                let [vrrp, ..] = configuration.global.schedules();
                vrrp
            }),
            tuning: configuration.global.tuning.clone(),
            startup_delay: threads::startup_delay(&configuration.global, clock::since_boot()),
            ledger: Some(charge.ledger),
        };
        let (driver, reports) = driver::spawn(setup).context("cannot start the VRRP thread")?;
        let (scripts, script_reports) = Scripts::new();
        let (tracked, track_reports) = mpsc::channel(track::REPORTS);
        let bfd = bfd::Sessions::new(tracked.clone());
        let files = Files::new(tracked.clone());
        let (checker, check_events) = Checker::spawn(Told { sessions: bfd.judged(), files: files.numbers() });
        let path = socket_path(run.socket.as_deref(), run.pid_file.as_deref());
        let (socket, questions) = match api::Socket::open(&path) {
            Ok((socket, questions)) => (Some(socket), questions),
            Err(error) => {
                warn!(
                    "{}: no control socket: {error}; `steadfast status` cannot reach this daemon",
                    path.display()
                );
                (None, mpsc::channel(1).1)
            }
        };
        let (agent, object_questions) = Agent::new();
        let orders = OrderFile::beside(run.pid_file.as_deref().unwrap_or(Path::new(PID_FILE)));
        let mut daemon = Self {
            notifier: Notifier::new(Policy::from(&configuration.global)),
            fifos: Writers::default(),
            mailer: Mailer::default(),
            dbus: dbus::Service::default(),
            run,
            configuration: Configuration::default(),
            virtual_servers: Vec::new(),
            remembered,
            driver,
            scripts,
            files,
            processes: Processes::new(tracked),
            bfd,
            checker,
            services: Services::default(),
            sync_wait: SyncWait::Idle,
            orders,
            groups: Groups::default(),
            routers: Routers::default(),
            started: clock::now(),
            restarts: charge.number,
            errors,
            reload_error: None,
            stopping: false,
            applying: false,
            checks_place: threads::ChecksPlace::default(),
            agent,
            gathered: snmp::Gathered::default(),
            saved: save::Saved::default(),
        };
        info!("steadfast {} runs {}", env!("CARGO_PKG_VERSION"), daemon.run.config.display());
        host::disable_missing_scripts(&mut configuration);
        daemon.checker.send(check::Command::Restore(daemon.orders.load()));
        let virtual_servers = core::mem::take(&mut configuration.virtual_servers);
        daemon.apply(configuration, virtual_servers).await;
        daemon.save_start().await;
        charge.ledger.live();
        crate::sys::give_memory_back();
        Ok((
            daemon,
            Inputs {
                reports,
                script_reports,
                track_reports,
                check_events,
                questions,
                object_questions,
                signals,
                _socket: socket,
            },
        ))
    }

    /// Works until a signal ends it.
    async fn serve(mut self, mut inputs: Inputs) -> u8 {
        let _guard = AbortOnPanic;
        let (mut rounds, mut counts) = (Rounds::default(), Rounds::default());
        let mut appointment = Appointment::default();
        let mut calm = Calm::default();
        let mut census = interval(CENSUS);
        census.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let signals = &mut inputs.signals;
        loop {
            rounds.every(self.configuration.global.lvs.reconcile_interval);
            counts.every(self.sync_wait.period());
            appointment.follow(&self.configuration.global.reload);
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => break,
                _ = signals.interrupt.recv() => break,
                report = inputs.reports.recv() => {
                    let Some(report) = report else {
                        // Routers are what the daemon is for. No clean stop: the guardian goes on from here.
                        error!("the VRRP thread has ended by itself");
                        process::abort();
                    };
                    let moved = match &report {
                        Report::Transition { instance, to, .. } => Some((instance.clone(), *to)),
                        Report::PriorityChanged { .. }
                        | Report::LesserHeard { .. }
                        | Report::Rejected { .. }
                        | Report::Log { .. }
                        | Report::Applied { .. }
                        | Report::Stopped => None,
                    };
                    if moved.is_some() || matches!(report, Report::Applied { .. }) {
                        calm.disturb();
                    }
                    self.report(report);
                    if let Some((instance, to)) = moved {
                        self.follow_wait(&instance, to).await;
                    }
                }
                Some(report) = inputs.script_reports.recv() => self.script(report).await,
                Some(report) = inputs.track_reports.recv() => self.tracked(report).await,
                Some(event) = inputs.check_events.recv() => self.checks(event, &mut inputs.check_events),
                _ = signals.reload.recv() => {
                    self.reload().await;
                    // Also where the file says what it said before: whoever reloads wants to have what it says.
                    self.services.begin_round();
                }
                () = appointment.next() => if appointment.is_due() {
                    self.reload().await;
                    self.services.begin_round();
                },
                Some(question) = inputs.questions.recv() => self.answer(question).await,
                Some(question) = inputs.object_questions.recv() => self.tell_objects(question).await,
                () = self.gathered.outlived() => self.gathered.forget(),
                asked = self.dbus.asked() => self.do_asked(asked).await,
                _ = census.tick(), if self.orders.is_at_work() => self.look_after_orders(),
                () = calm.next() => crate::sys::give_memory_back(),
                () = rounds.next() => self.services.begin_round(),
                () = counts.next() => self.count_connections().await,
                _ = signals.data.recv() => self.dump(Dump::State).await,
                _ = signals.exhausted.recv() => self.relax(),
                _ = signals.statistics.recv() => self.dump(Dump::Statistics).await,
                _ = signals.statistics_clear.recv() => self.dump(Dump::StatisticsThenZero).await,
                _ = signals.json.recv() => self.dump(Dump::Json).await,
                _ = signals.timers.recv() => self.dump(Dump::Timers).await,
                // Last, and only after everything else had its chance: what a configuration asks for goes before a round.
                () = tokio::task::yield_now(), if !self.applying && self.services.has_due() => {
                    self.services.turn();
                    if self.services.has_taken_up() {
                        crate::sys::give_memory_back();
                    }
                },
            }
        }
        info!("stopping");
        self.stop(inputs).await;
        0
    }

    /// Makes threads in real time ordinary ones for a moment: one has kept a processor from everybody else.
    fn relax(&self) {
        self.relax_others();
        let (urgency, schedule) = (self.driver.urgency(), self.configuration.global.schedule.clone());
        if urgency.relax() {
            warn!(
                "the VRRP thread computed in real time for too long without waiting (vrrp_rlimit_rttime): it is an \
                 ordinary thread for a second"
            );
            tokio::spawn(async move {
                tokio::time::sleep(RELAXATION).await;
                urgency.resume(&schedule);
            });
        }
    }

    /// Gives way: routers resign first, because a peer waits for that; then everything else goes.
    async fn stop(mut self, mut inputs: Inputs) {
        self.stopping = true;
        self.tell(if self.run.keep_addresses { Command::Abandon } else { Command::Stop }).await;
        let routers = async {
            while let Some(report) = inputs.reports.recv().await {
                let last = report == Report::Stopped;
                self.report(report);
                if last {
                    break;
                }
            }
        };
        if timeout(PATIENCE_AT_STOP, routers).await.is_err() {
            error!("the VRRP thread does not end");
        }
        self.trap_end_of_services().await;
        self.checker.send(check::Command::Stop);
        let checks = async {
            while let Some(event) = inputs.check_events.recv().await {
                if event == check::Event::Stopped {
                    break;
                }
                self.check(event);
            }
        };
        if timeout(PATIENCE_AT_STOP, checks).await.is_err() {
            error!("the checks do not end");
        }
        self.services.close(self.run.keep_services, self.configuration.global.lvs.flush_on_stop);
        // Nobody waits for the others, and none of them for long.
        tokio::join!(
            self.notifier.stop(),
            self.fifos.stop(),
            self.dbus.stop(),
            self.agent.stop(),
            self.mailer.stop()
        );
        info!("stopped");
    }

    /// Hands a command to the VRRP thread; waits when its ear is full.
    async fn tell(&self, command: Command) {
        if let Err(error) = self.driver.send_patiently(command).await {
            error!("the VRRP thread does not listen: {error}");
        }
    }

    async fn script(&mut self, report: script::Report) {
        let script::Report { name, good, why } = report;
        info!("Script `{name}` now {}: {why}", if good { "succeeds" } else { "fails" });
        self.tell(Command::Judged { kind: Kind::Script, name, verdict: Verdict::Good(good) }).await;
    }

    /// A file or process stands otherwise.
    async fn tracked(&mut self, report: track::Report) {
        let track::Report { kind, name, verdict, text } = report;
        info!("{text}");
        self.tell(Command::Judged { kind, name, verdict }).await;
    }

    /// Takes what the checks say, as much of it as has been said already.
    fn checks(&mut self, first: check::Event, more: &mut mpsc::UnboundedReceiver<check::Event>) {
        let _lines = log::gather();
        self.check(first);
        for _ in 1..EVENTS {
            let Ok(event) = more.try_recv() else { break };
            self.check(event);
        }
    }

    fn check(&mut self, event: check::Event) {
        match event {
            check::Event::Wanted { service, destinations } => {
                self.services.want(service, destinations);
            }
            check::Event::Gone { service } => {
                self.services.unwant(service);
            }
            check::Event::Run { queue, script } => self.notifier.run(&queue, &script),
            check::Event::Turned { who, up, mail } => self.turned(&who, up, mail),
            check::Event::Orders(orders) => self.orders.save(orders),
            check::Event::Log { level, text } => log_at(level, &text),
            check::Event::Applied => self.take_up(),
            check::Event::Stopped => {}
        }
    }

    /// The checks have said all that follows from a configuration.
    fn take_up(&mut self) {
        self.applying = false;
        self.services.take_up();
        if !self.services.has_due() {
            self.services.has_taken_up();
            crate::sys::give_memory_back();
        }
    }

    async fn answer(&mut self, Question { request, answer }: Question) {
        let value = match request {
            Request::Status => self.status().await,
            Request::Why { name } => self.why(&name).await,
            Request::Obey { meant, wish } => self.obey(meant, wish).await,
        };
        // A client that went away needs no answer.
        let _ = answer.send(value);
    }
}

/// Ends the process where a panic would drop the daemon, whose routers would then resign: the guardian's next
/// worker goes on as they are.
pub(crate) struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            process::abort();
        }
    }
}

impl Run {
    /// Where its log goes: in the foreground to the terminal as the subcommand `run` does, else as keepalived does.
    fn log(&self) -> Log {
        Log {
            console: self.log_console,
            syslog: self.log_syslog.then_some(self.log_facility.unwrap_or(Log::DAEMON)),
            file: self.log_file.clone(),
            detail: self.log_detail > 1,
        }
    }
}

fn log_at(level: tracing::Level, text: &str) {
    match level {
        tracing::Level::ERROR => error!("{text}"),
        tracing::Level::WARN => warn!("{text}"),
        tracing::Level::INFO => info!("{text}"),
        tracing::Level::DEBUG | tracing::Level::TRACE => debug!("{text}"),
    }
}
