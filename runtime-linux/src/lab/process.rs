//! A process inside a host: its output, its end, and how to bring that about.

use core::time::Duration;
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::namespace::Namespace;
use super::{Error, sys};
use crate::clock;

/// A running (or ended) process. Dropping it kills it with everything it started, and reaps it.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: Pid,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// One line of a process's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Wall clock when it was read.
    pub at: Duration,
    /// The line, without its end.
    pub text: String,
}

impl Process {
    /// `echo`: a name to print each line after.
    pub(super) fn start(
        mut command: Command,
        namespace: Arc<Namespace>,
        echo: Option<String>,
    ) -> Result<Self, Error> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = || format!("starting {name}");
        let (output, end) = io::pipe().map_err(Error::when(failed()))?;
        let other_end = end.try_clone().map_err(Error::when(failed()))?;
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(Error::when(failed()))?;
        let (ended, ending) = io::pipe().map_err(Error::when(failed()))?;
        command.stdin(Stdio::null()).stdout(end).stderr(other_end);
        sys::inside(&mut command, namespace);
        let child = command.spawn().map_err(Error::when(failed()))?;
        drop(command); // it holds this side's copies of the write end: the reader would never see the end

        let pid = Pid::from_raw(i32::try_from(child.id()).expect("the kernel's pids are i32"));
        let state = State { child, ended: None, lines: Vec::new() };
        let shared = Arc::new(Shared { pid, state: Mutex::new(state), news: Condvar::new() });
        {
            let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            running.retain(|one| one.strong_count() > 0);
            running.push(Arc::downgrade(&shared));
        }
        let for_reader = Arc::clone(&shared);
        let threads = vec![
            std::thread::spawn(move || for_reader.attend(Output::new(output, echo), ended)),
            std::thread::spawn(move || await_end(pid, ending)),
        ];
        Ok(Self { name, pid, shared, threads })
    }

    /// Its process number.
    pub fn id(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Sends a signal to the process itself; to nobody when it has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let state = self.shared.lock(); // it is not reaped while this is held, so the pid is its own
        if state.ended.is_some() {
            return Ok(());
        }
        kill(self.pid, signal).map_err(Error::when(format!("sending {signal} to {}", self.name)))
    }

    /// Sends a signal to the process and to all of its group: to a daemon's guardian and worker at once.
    pub fn signal_group(&self, signal: Signal) -> Result<(), Error> {
        let state = self.shared.lock();
        if state.ended.is_some() {
            return Ok(());
        }
        killpg(self.pid, signal)
            .map_err(Error::when(format!("sending {signal} to the group of {}", self.name)))
    }

    /// The numbers of the processes that it started itself and that run: a daemon's worker, for instance.
    pub fn children(&self) -> Vec<i32> {
        let state = self.shared.lock();
        if state.ended.is_some() {
            return Vec::new();
        }
        children(self.pid).into_iter().map(Pid::as_raw).collect()
    }

    /// SIGKILL to it and to all it started. To its group, which guardian and worker of a daemon are, it comes at
    /// once: the kernel signals all of a group before one of them can end, so that the worker hears no SIGTERM
    /// for the death of its guardian. That is what a crash of the machine looks like from outside. Returns the
    /// wall clock just before.
    pub fn kill(&self) -> Duration {
        let at = clock::wall();
        self.shared.kill();
        at
    }

    /// SIGTERM, then waits. `None`: still running after `within`.
    pub fn stop(&self, within: Duration) -> Result<Option<ExitStatus>, Error> {
        self.signal(Signal::SIGTERM)?;
        Ok(self.wait(within))
    }

    /// Waits for its end. `None`: still running after `within`.
    pub fn wait(&self, within: Duration) -> Option<ExitStatus> {
        self.shared.wait(within, |state| state.ended)
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.shared.lock().ended
    }

    /// Everything it has said so far.
    pub fn log(&self) -> Vec<Line> {
        self.shared.lock().lines.clone()
    }

    /// Waits for a line that contains `words`, among those said and to come.
    pub fn wait_for(&self, words: &str, within: Duration) -> Option<Line> {
        self.shared.wait(within, |state| state.lines.iter().find(|line| line.text.contains(words)).cloned())
    }
}

/// SIGKILL to every process of this laboratory and all they started: for a program that is told to end.
pub fn kill_all() {
    for one in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
        one.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        for thread in self.threads.drain(..) {
            // The reader ends with the last holder of the pipe, and all of them were killed.
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
struct Shared {
    pid: Pid,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug)]
struct State {
    child: Child,
    ended: Option<ExitStatus>,
    lines: Vec<Line>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<T>(&self, within: Duration, mut pick: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let mut found = None;
        let still = |state: &mut State| {
            found = pick(state);
            found.is_none()
        };
        let waited = self.news.wait_timeout_while(self.lock(), within, still);
        drop(waited);
        found
    }

    /// Reads what it says, and reaps it when `ended` is closed: its last words are there before its end is.
    fn attend(&self, mut output: Output, ended: PipeReader) {
        let mut ended = Some(ended);
        loop {
            let mut awaited = Vec::new();
            awaited.extend(output.pipe.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
            awaited.extend(ended.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
            if awaited.is_empty() {
                return;
            }
            // An interrupted wait reads what there is, which may be nothing.
            let _ = poll(&mut awaited, PollTimeout::NONE);
            let over = ended.is_some() && awaited.last().and_then(PollFd::any) == Some(true);
            let mut lines = output.read();
            if over {
                lines.extend(output.rest());
            }
            if !lines.is_empty() {
                self.lock().lines.extend(lines);
                self.news.notify_all();
            }
            if over {
                ended = None;
                self.reap();
            }
        }
    }

    /// Under the lock, so that whoever holds it may signal the pid.
    fn reap(&self) {
        let mut state = self.lock();
        state.ended = state.child.wait().ok();
        drop(state);
        self.news.notify_all();
    }

    fn kill(&self) {
        let state = self.lock();
        if state.ended.is_none() {
            let family = descendants(self.pid);
            // Nobody to kill is no failure; there is no other one for processes of our own.
            let _ = killpg(self.pid, Signal::SIGKILL);
            for member in family {
                let _ = kill(member, Signal::SIGKILL);
            }
        }
    }
}

/// Closes `ending` when the process has ended. It is not reaped yet.
fn await_end(pid: Pid, ending: PipeWriter) {
    // An interrupted wait is begun again; any other error means there is nothing to wait for.
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(nix::Error::EINTR) {}
    drop(ending);
}

/// What a process says, line by line.
#[derive(Debug)]
struct Output {
    /// Never blocks. `None`: all who could write have closed it.
    pipe: Option<PipeReader>,
    /// The beginning of a line.
    begun: Vec<u8>,
    /// A name to print each line after.
    echo: Option<String>,
}

impl Output {
    fn new(pipe: PipeReader, echo: Option<String>) -> Self {
        Self { pipe: Some(pipe), begun: Vec::new(), echo }
    }

    /// The lines that have come.
    fn read(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut octets = [0; 4096];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut octets) {
                Ok(length @ 1..) => {
                    for piece in octets[..length].split_inclusive(|&octet| octet == b'\n') {
                        self.begun.extend(piece);
                        if self.begun.pop_if(|last| *last == b'\n').is_some() {
                            lines.push(self.line());
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    self.pipe = None;
                    lines.extend(self.rest());
                }
            }
        }
        lines
    }

    /// A line that nobody will end.
    fn rest(&mut self) -> Option<Line> {
        (!self.begun.is_empty()).then(|| self.line())
    }

    fn line(&mut self) -> Line {
        let text = String::from_utf8_lossy(&self.begun).into_owned();
        self.begun.clear();
        if let Some(name) = &self.echo {
            eprintln!("{name}: {text}");
        }
        Line { at: clock::wall(), text }
    }
}

/// All processes that descend from `ancestor`, nearest first.
fn descendants(ancestor: Pid) -> Vec<Pid> {
    let mut family = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        next += 1;
        family.extend(children(parent));
    }
    family.split_off(1)
}

/// What `parent` started itself.
fn children(parent: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else { return found };
    for task in tasks.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw));
    }
    found
}

static RUNNING: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
