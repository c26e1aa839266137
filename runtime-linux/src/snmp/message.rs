//! The messages of `AgentX` (RFC 2741 §6): those that a master agent sends, and those that we send.

use super::codec::{Bound, Error, Reader, Writer};
use super::value::{Oid, Value};

/// Octets before the payload (§6.1).
pub(super) const HEADER: usize = 20;
/// The longest payload that is read, and about the longest that is written.
pub(super) const LONGEST: usize = 64 * 1024;

/// What every message begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Which message it is.
    kind: u8,
    /// Order of octets, and other remarks.
    flags: u8,
    /// Given by the master agent when the session is opened.
    pub(super) session: u32,
    /// Groups the messages of one SNMP request.
    pub(super) transaction: u32,
    /// Ties an answer to its question.
    pub(super) packet: u32,
    /// Octets that follow, at most [`LONGEST`].
    pub(super) length: usize,
}

/// What a master agent says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An answer to something of ours.
    Response {
        /// 0: none; else an [`Fault`].
        error: u16,
    },
    /// The session has ended, for this reason.
    Close(u8),
    /// What these objects have.
    Get(Vec<Range>),
    /// What the first object of each range has.
    GetNext(Vec<Range>),
    /// What the first objects of each range have.
    GetBulk {
        /// The first so many ranges are asked for one object each.
        non_repeaters: u16,
        /// The others for so many.
        max_repetitions: u16,
        /// All ranges.
        ranges: Vec<Range>,
    },
    /// Whether these may be set. `CommitSet` or [`Heard::CleanupSet`] follows.
    TestSet(Vec<(Oid, Option<Value>)>),
    /// They shall be set, or be again what they were.
    CommitSet,
    /// The same.
    UndoSet,
    /// The end of setting, which is not answered.
    CleanupSet,
    /// A kind of message that a master agent has no business to send.
    Misplaced(u8),
    /// A question about another context than the default one.
    OtherContext,
}

/// Objects from `start` on and before `end` (§5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub start: Oid,
    /// Whether `start` is within.
    pub include: bool,
    /// Where it ends; none: nowhere.
    pub end: Option<Oid>,
}

/// What goes wrong, by the numbers of §6.2.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Fault {
    /// The answer would be too long.
    TooBig = 1,
    /// Something else.
    General = 5,
    /// The object cannot be written.
    NotWritable = 17,
    /// There is one context only.
    UnsupportedContext = 262,
    /// What was said makes no sense.
    Parse = 266,
    /// It makes sense, but not here.
    Processing = 268,
}

impl Header {
    /// Of something that we say ourselves.
    pub(super) fn ours(session: u32, packet: u32) -> Self {
        Self { session, transaction: packet, packet, ..Self::default() }
    }

    /// Reads the first [`HEADER`] octets.
    pub(super) fn read(octets: &[u8; HEADER]) -> Result<Self, Error> {
        let [version, kind, flags, _, ..] = *octets;
        if version != VERSION {
            return Err(Error::Version(version));
        }
        let mut reader = Reader::new(&octets[4..], flags & NETWORK_ORDER != 0);
        let (session, transaction, packet) = (reader.number()?, reader.number()?, reader.number()?);
        let said = reader.number()?;
        let length = usize::try_from(said).ok().filter(|length| length % 4 == 0 && *length <= LONGEST);
        Ok(Self { kind, flags, session, transaction, packet, length: length.ok_or(Error::Length(said))? })
    }

    /// Whether something is to be answered.
    pub(super) fn is_question(&self) -> bool {
        matches!(self.kind, GET..=UNDO_SET)
    }

    /// Reads the payload that belongs to it.
    pub(super) fn payload(&self, octets: &[u8]) -> Result<Heard, Error> {
        let mut reader = Reader::new(octets, self.flags & NETWORK_ORDER != 0);
        if self.flags & OTHER_CONTEXT != 0 && matches!(self.kind, GET..=TEST_SET) {
            return Ok(Heard::OtherContext);
        }
        Ok(match self.kind {
            CLOSE => {
                let [reason, _, _, _] = reader.take()?;
                Heard::Close(reason)
            }
            GET => Heard::Get(ranges(&mut reader)?),
            GET_NEXT => Heard::GetNext(ranges(&mut reader)?),
            GET_BULK => Heard::GetBulk {
                non_repeaters: reader.short()?,
                max_repetitions: reader.short()?,
                ranges: ranges(&mut reader)?,
            },
            TEST_SET => {
                let mut bindings = Vec::new();
                while !reader.is_empty() {
                    bindings.push(reader.binding()?);
                }
                Heard::TestSet(bindings)
            }
            COMMIT_SET => Heard::CommitSet,
            UNDO_SET => Heard::UndoSet,
            CLEANUP_SET => Heard::CleanupSet,
            RESPONSE => {
                let _uptime = reader.number()?;
                Heard::Response { error: reader.short()? }
            }
            OPEN | REGISTER | UNREGISTER | NOTIFY..=REMOVE_CAPABILITIES => Heard::Misplaced(self.kind),
            other => return Err(Error::Type(other)),
        })
    }
}

fn ranges(reader: &mut Reader<'_>) -> Result<Vec<Range>, Error> {
    let mut ranges = Vec::new();
    while !reader.is_empty() {
        let (start, include) = reader.identifier()?;
        let (end, _) = reader.identifier()?;
        ranges.push(Range { start, include, end: (end != Oid::default()).then_some(end) });
    }
    Ok(ranges)
}

/// What we say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said<'s> {
    /// A session shall begin.
    Open {
        /// Seconds that the master agent is to wait for our answers.
        timeout: u8,
        /// Who speaks.
        description: &'s str,
    },
    /// We end.
    Close,
    /// This subtree is ours.
    Register(&'s Oid),
    /// Something happened: `snmpTrapOID.0` and what belongs to it.
    Notify(&'s [(Oid, Value)]),
    /// Are you there?
    Ping,
    /// The answer to a question.
    Response {
        /// What went wrong, and with which binding, from 1 on.
        fault: Option<(Fault, u16)>,
        /// What was asked for.
        bindings: &'s [(Oid, Bound)],
    },
}

impl Said<'_> {
    /// The message in octets; in the header only session, transaction and packet count.
    pub(super) fn octets(&self, header: &Header) -> Vec<u8> {
        let kind = match self {
            Self::Open { .. } => OPEN,
            Self::Close => CLOSE,
            Self::Register(_) => REGISTER,
            Self::Notify(_) => NOTIFY,
            Self::Ping => PING,
            Self::Response { .. } => RESPONSE,
        };
        let mut writer = Writer::default();
        writer.octets(&[VERSION, kind, NETWORK_ORDER, 0]);
        writer.number(header.session);
        writer.number(header.transaction);
        writer.number(header.packet);
        writer.number(0);
        match self {
            Self::Open { timeout, description } => {
                writer.octets(&[*timeout, 0, 0, 0]);
                writer.identifier(&Oid::default());
                writer.string(description.as_bytes());
            }
            Self::Close => writer.octets(&[SHUTDOWN, 0, 0, 0]),
            Self::Register(subtree) => {
                writer.octets(&[0, USUAL_PRIORITY, 0, 0]);
                writer.identifier(subtree);
            }
            Self::Notify(bindings) => {
                for (name, value) in *bindings {
                    writer.binding(name, &Bound::Value(value.clone()));
                }
            }
            Self::Ping => {}
            Self::Response { fault, bindings } => {
                let (error, index) = fault.map_or((0, 0), |(fault, index)| (fault as u16, index));
                writer.number(0);
                writer.short(error);
                writer.short(index);
                for (name, bound) in *bindings {
                    writer.binding(name, bound);
                }
            }
        }
        let Writer(mut octets) = writer;
        let length = u32::try_from(octets.len() - HEADER).expect("what we say is far shorter");
        octets[HEADER - 4..HEADER].copy_from_slice(&length.to_be_bytes());
        octets
    }
}

const VERSION: u8 = 1;
/// Reason of a `Close`.
const SHUTDOWN: u8 = 5;
/// Of a registration (§6.2.3).
const USUAL_PRIORITY: u8 = 127;

const OTHER_CONTEXT: u8 = 0x08;
const NETWORK_ORDER: u8 = 0x10;

const OPEN: u8 = 1;
const CLOSE: u8 = 2;
const REGISTER: u8 = 3;
const UNREGISTER: u8 = 4;
const GET: u8 = 5;
const GET_NEXT: u8 = 6;
const GET_BULK: u8 = 7;
const TEST_SET: u8 = 8;
const COMMIT_SET: u8 = 9;
const UNDO_SET: u8 = 10;
const CLEANUP_SET: u8 = 11;
const NOTIFY: u8 = 12;
const PING: u8 = 13;
const REMOVE_CAPABILITIES: u8 = 17;
const RESPONSE: u8 = 18;

#[cfg(test)]
mod tests;
