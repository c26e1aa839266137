//! The task that is on the bus: connects, says signals, answers calls, and connects again.

use core::time::Duration;
use std::fs;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::address::Address;
use super::answer::{self, Answer, Refusal};
use super::connection::{BUS, Connection, Trouble};
use super::objects::Place;
use super::state::{Shared, Signal};
use super::wire::{Kind, Message, Writer};
use super::{Asked, Request};

/// Is on the bus until the service ends.
pub(super) async fn run(
    addresses: Vec<Address>,
    name: String,
    shared: Arc<Shared>,
    asks: mpsc::Sender<Asked>,
) {
    let mut complaint = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let session = Session { name: &name, shared: &shared, asks: &asks };
        let trouble = tokio::select! {
            biased;
            outcome = session.hold(&addresses, &mut complaint) => match outcome {
                Ok(()) => return,
                Err(trouble) => trouble,
            },
            () = session.end_while_away() => return,
        };
        let was_there = shared.lock().status.connected;
        if was_there {
            pause = FIRST_PAUSE;
        }
        let text = trouble.to_string();
        shared.lock().disconnected(&text);
        if complaint.as_ref() != Some(&text) {
            error!("D-Bus: {text}; it is tried again");
            complaint = Some(text);
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = session.end_while_away() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection.
struct Session<'s> {
    name: &'s str,
    shared: &'s Shared,
    asks: &'s mpsc::Sender<Asked>,
}

/// A call whose answer waits for the daemon.
struct Pending {
    done: oneshot::Receiver<()>,
    serial: u32,
    /// None: it wants no answer.
    caller: Option<String>,
}

impl Session<'_> {
    /// Connects and stays; Ok when the service ends.
    async fn hold(&self, addresses: &[Address], complaint: &mut Option<String>) -> Result<(), Trouble> {
        let mut connection = Connection::open(addresses).await?;
        if connection.introduce(self.name).await? {
            self.own(complaint);
        } else {
            warn!(
                "D-Bus: another process has the name {}, which is ours when that ends; give each daemon a \
                 dbus_service_name",
                self.name
            );
        }
        let mut pending: Option<Pending> = None;
        loop {
            self.say(&mut connection).await?;
            if self.shared.lock().ending {
                return connection.leave(self.name).await;
            }
            tokio::select! {
                biased;
                () = self.shared.bell.notified() => {}
                () = done(&mut pending) => if let Some(pending) = pending.take() {
                    let Some(caller) = pending.caller else { continue };
                    connection.send([reply(pending.serial, &caller)]).await?;
                },
                bytes = connection.receive(), if pending.is_none() => {
                    // What no client library sends: it is passed over.
                    let bytes = bytes?;
                    let Ok(message) = Message::parse(&bytes) else { continue };
                    pending = self.hear(&message, &mut connection, complaint).await?;
                }
            }
        }
    }

    /// The name is ours.
    fn own(&self, complaint: &mut Option<String>) {
        info!("D-Bus: {} is on the bus", self.name);
        *complaint = None;
        self.shared.lock().connected();
    }

    /// Says what waits to be said.
    async fn say(&self, connection: &mut Connection) -> Result<(), Trouble> {
        loop {
            let place = self.shared.lock().objects.place.clone();
            let signals = self.shared.lock().take(AT_ONCE);
            if signals.is_empty() {
                return Ok(());
            }
            let said: Vec<Said> = signals.iter().map(|signal| Said::new(signal, &place)).collect();
            connection.send(said.iter().map(Said::message)).await?;
            self.shared.lock().status.sent += said.len() as u64;
        }
    }

    /// Takes a message.
    async fn hear(
        &self,
        message: &Message<'_>,
        connection: &mut Connection,
        complaint: &mut Option<String>,
    ) -> Result<Option<Pending>, Trouble> {
        match message.kind {
            Kind::Call => return self.call(message, connection).await,
            Kind::Signal if message.sender == BUS => {
                let is_ours = message.arguments().string() == Ok(self.name);
                match message.member {
                    "NameAcquired" if is_ours && !self.shared.lock().status.connected => self.own(complaint),
                    "NameLost" if is_ours => return Err(Trouble::NameLost(self.name.to_owned())),
                    _ => {}
                }
            }
            Kind::Signal | Kind::Return | Kind::Error | Kind::Unknown(_) => {}
        }
        Ok(None)
    }

    async fn call(
        &self,
        call: &Message<'_>,
        connection: &mut Connection,
    ) -> Result<Option<Pending>, Trouble> {
        let answer = answer::answer(call, &self.shared.lock().objects, machine);
        let (kind, signature, body) = match answer {
            Answer::Values(signature, body) => (Kind::Return, signature, body),
            Answer::Refusal(why, text) => return refuse(call, why, &text, connection).await,
            Answer::After(request) => {
                let reloads = request == Request::Reload;
                let (sender, done) = oneshot::channel();
                if self.asks.try_send(Asked { request, done: sender }).is_err() {
                    return refuse(call, Refusal::Failed, "the daemon is busy; ask again", connection).await;
                }
                if !reloads {
                    let caller = (!call.no_reply).then(|| call.sender.to_owned());
                    return Ok(Some(Pending { done, serial: call.serial, caller }));
                }
                // A reload may take long: that it begins is the answer.
                (Kind::Return, "", Vec::new())
            }
        };
        if !call.no_reply {
            let answer = Message { kind, signature, body: &body, ..reply(call.serial, call.sender) };
            connection.send([answer]).await?;
        }
        Ok(None)
    }

    /// The service ends while there is no bus to be left.
    async fn end_while_away(&self) {
        loop {
            {
                let state = self.shared.lock();
                if state.ending && !state.status.connected {
                    return;
                }
            }
            self.shared.farewell.notified().await;
        }
    }
}

async fn refuse(
    call: &Message<'_>,
    why: Refusal,
    text: &str,
    connection: &mut Connection,
) -> Result<Option<Pending>, Trouble> {
    if !call.no_reply {
        let mut body = Writer::default();
        body.string(text);
        let body = body.finish();
        let refusal = Message {
            kind: Kind::Error,
            error: why.name(),
            signature: "s",
            body: &body,
            ..reply(call.serial, call.sender)
        };
        connection.send([refusal]).await?;
    }
    Ok(None)
}

/// Waits until the daemon has done what is asked, if anything is.
async fn done(pending: &mut Option<Pending>) {
    match pending {
        // Told or dropped: there is nothing more to wait for.
        Some(pending) => drop((&mut pending.done).await),
        None => core::future::pending().await,
    }
}

fn reply(serial: u32, caller: &str) -> Message<'_> {
    Message { reply_to: serial, destination: caller, ..Message::new(Kind::Return) }
}

/// A signal with everything that its message points to.
struct Said {
    path: String,
    interface: &'static str,
    member: &'static str,
    signature: &'static str,
    body: Vec<u8>,
}

impl Said {
    fn new(signal: &Signal, place: &Place) -> Self {
        match signal {
            Signal::Daemon(member) => {
                let path = place.daemon();
                Self { path, interface: answer::DAEMON, member, signature: "", body: Vec::new() }
            }
            Signal::Router(instance, state) => Self {
                path: place.router(instance),
                interface: answer::ROUTER,
                member: "VrrpStatusChange",
                signature: "u",
                body: state.to_le_bytes().to_vec(),
            },
        }
    }

    fn message(&self) -> Message<'_> {
        let Self { path, interface, member, signature, body } = self;
        Message { path, interface, member, signature, body, ..Message::new(Kind::Signal) }
    }
}

/// The name of this machine (machine-id(5)).
fn machine() -> Option<String> {
    let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    let mut names = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    names.find_map(|name| Some(name.trim().to_owned()).filter(|name| !name.is_empty()))
}

/// Signals that are said together.
const AT_ONCE: usize = 256;
/// Before the second try; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between two tries at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
