//! A connection to a bus, from the first byte to a name of its own.
//!
//! Whatever is waited for is waited for [`PATIENCE`] at most, but for the next message.

use core::time::Duration;
use std::io;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::address::Address;
use super::wire::{self, Kind, Malformed, Message};

/// Why there is no connection, or no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Nobody listens there.
    #[error("no bus: {0}; start it (systemctl start dbus) or leave out enable_dbus")]
    Absent(io::Error),
    /// Nothing that could be connected to.
    #[error("no socket in DBUS_SYSTEM_BUS_ADDRESS; say unix:path=PATH there")]
    Nowhere,
    /// It was there.
    #[error("the bus has gone: {0}; it may have been restarted")]
    Gone(io::Error),
    /// It listens and says nothing.
    #[error("the bus does not answer; see what it does (systemctl status dbus)")]
    Silent,
    /// It does not know who we are.
    #[error("the bus does not let this user in: {0:?}")]
    Refused(String),
    /// It says what it must not.
    #[error("what listens there is no bus: it sent {0}")]
    Nonsense(Malformed),
    /// Its policy is against the name.
    #[error(
        "the bus does not give the name {name}: {why}; put what `steadfast dbus-policy {name}` prints into \
         /etc/dbus-1/system.d/{name}.conf and let the bus read it (systemctl reload dbus)"
    )]
    NoName {
        /// The name.
        name: String,
        /// The name that the bus has for its reason.
        why: String,
    },
    /// It was ours.
    #[error("another process has taken the name {0}")]
    NameLost(String),
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    received: Vec<u8>,
    /// Bytes of a message that is too long that have not come yet.
    pass_over: usize,
    serial: u32,
}

impl Connection {
    /// Connects to the first of these that listens, and says who we are.
    pub(super) async fn open(addresses: &[Address]) -> Result<Self, Trouble> {
        within(async {
            let mut absent = Trouble::Nowhere;
            for address in addresses {
                match UnixStream::connect(address.as_str()).await {
                    Ok(stream) => {
                        let mut connection = Self { stream, received: Vec::new(), pass_over: 0, serial: 0 };
                        connection.authenticate().await?;
                        return Ok(connection);
                    }
                    Err(error) => {
                        absent = Trouble::Absent(io::Error::new(error.kind(), format!("{address}: {error}")));
                    }
                }
            }
            Err(absent)
        })
        .await
    }

    /// The mechanism EXTERNAL: the kernel tells the bus who we are (D-Bus Specification, "Authentication Protocol").
    async fn authenticate(&mut self) -> Result<(), Trouble> {
        // The number of the user in decimal digits, each of them in hexadecimal: 3 and the digit.
        let user = nix::unistd::geteuid().to_string();
        let digits: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        self.write(format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes()).await?;
        let end = loop {
            if let Some(end) = self.received.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if self.received.len() > LONGEST_LINE {
                return Err(Trouble::Nonsense(Malformed::TooLong));
            }
            self.read().await?;
        };
        let line = String::from_utf8_lossy(&self.received[..end]).into_owned();
        self.received.drain(..end + 2);
        if !line.starts_with("OK") {
            return Err(Trouble::Refused(line));
        }
        self.write(b"BEGIN\r\n").await
    }

    /// Becomes somebody on the bus, and `name`. False: another process has it, and we are next.
    pub(super) async fn introduce(&mut self, name: &str) -> Result<bool, Trouble> {
        within(async {
            self.ask("Hello", "", &[]).await?.map_err(Trouble::Refused)?;
            let mut body = wire::Writer::default();
            body.string(name);
            // Nobody may take it from us, and we wait for it.
            body.number(0);
            match self.ask("RequestName", "su", &body.finish()).await? {
                Ok(answer) => Ok(answer != IN_QUEUE),
                Err(why) => Err(Trouble::NoName { name: name.to_owned(), why }),
            }
        })
        .await
    }

    /// Gives the name back.
    pub(super) async fn leave(&mut self, name: &str) -> Result<(), Trouble> {
        let mut body = wire::Writer::default();
        body.string(name);
        let body = body.finish();
        let call = Message { no_reply: true, signature: "s", body: &body, ..to_the_bus("ReleaseName") };
        self.send([call]).await
    }

    /// Asks the bus itself: the number that it answers (0 where it answers a text), or its complaint.
    async fn ask(
        &mut self,
        member: &str,
        signature: &str,
        body: &[u8],
    ) -> Result<Result<u32, String>, Trouble> {
        self.send([Message { signature, body, ..to_the_bus(member) }]).await?;
        let serial = self.serial;
        loop {
            let bytes = self.receive().await?;
            let Ok(message) = Message::parse(&bytes) else { continue };
            if message.reply_to != serial {
                continue;
            }
            match message.kind {
                Kind::Return if message.signature == "u" => {
                    return message.arguments().number().map(Ok).map_err(Trouble::Nonsense);
                }
                Kind::Return => return Ok(Ok(0)),
                // Its words name our connection, which is another one at each try.
                Kind::Error => return Ok(Err(message.error.to_owned())),
                Kind::Call | Kind::Signal | Kind::Unknown(_) => {}
            }
        }
    }

    /// Says these one after the other.
    pub(super) async fn send<'m>(
        &mut self,
        messages: impl IntoIterator<Item = Message<'m>>,
    ) -> Result<(), Trouble> {
        let mut bytes = Vec::new();
        for message in messages {
            // A serial is never 0.
            self.serial = self.serial.wrapping_add(1).max(1);
            bytes.extend(Message { serial: self.serial, ..message }.emit());
        }
        within(self.write(&bytes)).await
    }

    /// The next message. Dropped while it waits, nothing is lost.
    pub(super) async fn receive(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            let passed = self.pass_over.min(self.received.len());
            self.received.drain(..passed);
            self.pass_over -= passed;
            match wire::frame(&self.received).map_err(Trouble::Nonsense)? {
                // Nothing that is asked here is as long, and every user may send it.
                Some(length) if length > LONGEST => self.pass_over = length,
                Some(length) if length <= self.received.len() => {
                    return Ok(self.received.drain(..length).collect());
                }
                Some(_) | None => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), Trouble> {
        loop {
            self.stream.readable().await.map_err(Trouble::Gone)?;
            let mut bytes = [0; 4096];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Err(Trouble::Gone(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => {
                    self.received.extend(&bytes[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Trouble::Gone(error)),
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.stream.write_all(bytes).await.map_err(Trouble::Gone)
    }
}

async fn within<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(PATIENCE, work).await.unwrap_or(Err(Trouble::Silent))
}

fn to_the_bus(member: &str) -> Message<'_> {
    Message {
        path: "/org/freedesktop/DBus",
        interface: BUS,
        member,
        destination: BUS,
        ..Message::new(Kind::Call)
    }
}

/// The name of the bus itself, and of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";
/// What the bus answers to `RequestName` where another process has the name.
const IN_QUEUE: u32 = 2;
/// How long a bus may take for anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of a line while we say who we are.
const LONGEST_LINE: usize = 1024;
/// Of a message that is read, in bytes.
const LONGEST: usize = 1 << 16;
