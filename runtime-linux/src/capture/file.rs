//! Capture files: pcap with micro- and nanoseconds in either byte order, and pcapng.

use core::time::Duration;
use std::io::{self, Read};

use pcap_file::pcap::PcapParser;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgParser};
use pcap_file::{PcapError, TsResolution};

use super::decoder::Captured;
use super::frame::LinkType;

/// Reads captured frames from a stream.
pub(super) struct Frames<R> {
    window: Window<R>,
    format: Format,
}

/// Why reading stopped, and where.
#[derive(Debug, thiserror::Error)]
#[error("byte {offset}: {what}")]
pub(super) struct Error {
    /// Where the record begins that cannot be read.
    pub(super) offset: u64,
    /// What is wrong.
    pub(super) what: String,
}

enum Format {
    Pcap(PcapParser, LinkType),
    PcapNg(PcapNgParser),
}

impl<R: Read> Frames<R> {
    /// Reads the file's header.
    pub(super) fn new(input: R) -> Result<Self, Error> {
        let mut window = Window { input, bytes: Vec::new(), start: 0, offset: 0, ended: false };
        let magic = window.parse(|bytes| match bytes.first_chunk::<4>() {
            Some(magic) => Ok((bytes, *magic)),
            None => Err(PcapError::IncompleteBuffer),
        })?;
        let format = match magic {
            None => return Err(window.error("an empty file")),
            Some([0x0a, 0x0d, 0x0d, 0x0a]) => window.parse(PcapNgParser::new)?.map(Format::PcapNg),
            Some([0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d] | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1]) => {
                match window.parse(PcapParser::new)? {
                    Some(parser) => {
                        let link = link_type(u32::from(parser.header().datalink));
                        Some(Format::Pcap(parser, link.map_err(|what| window.error(&what))?))
                    }
                    None => None,
                }
            }
            Some(_) => return Err(window.error("neither a pcap nor a pcapng file")),
        };
        let format = format.ok_or_else(|| window.error("the file ends in its header"))?;
        Ok(Self { window, format })
    }

    /// The next frame; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Captured>, Error> {
        match &mut self.format {
            Format::Pcap(parser, link) => {
                let resolution = parser.header().ts_resolution;
                self.window.parse(|bytes| {
                    let (rest, packet) = parser.next_raw_packet(bytes)?;
                    let nanoseconds = match resolution {
                        TsResolution::MicroSecond => u64::from(packet.ts_frac) * 1000,
                        TsResolution::NanoSecond => packet.ts_frac.into(),
                    };
                    let captured = Captured {
                        time: Duration::from_secs(packet.ts_sec.into()) + Duration::from_nanos(nanoseconds),
                        link: *link,
                        bytes: packet.data.into_owned(),
                        original: packet.orig_len as usize,
                    };
                    Ok((rest, captured))
                })
            }
            Format::PcapNg(parser) => loop {
                let block = self.window.parse(|bytes| {
                    let (rest, block) = parser.next_block(bytes)?;
                    let found = if let Block::EnhancedPacket(packet) = block {
                        // The crate calls them nanoseconds, whatever they are.
                        let units = u64::try_from(packet.timestamp.as_nanos()).unwrap_or(u64::MAX);
                        Some((packet.interface_id, units, packet.data.into_owned(), packet.original_len))
                    } else if let Block::SimplePacket(packet) = block {
                        Some((0, 0, packet.data.into_owned(), packet.original_len))
                    } else {
                        None
                    };
                    Ok((rest, found))
                })?;
                let Some(block) = block else { return Ok(None) };
                let Some((interface, units, bytes, original)) = block else { continue };
                let Some(interface) = parser.interfaces().get(interface as usize) else {
                    return Err(self
                        .window
                        .error(&format!("a packet of interface {interface}, which was not described")));
                };
                let link =
                    link_type(u32::from(interface.linktype)).map_err(|what| self.window.error(&what))?;
                let time = since_epoch(units, interface);
                return Ok(Some(Captured { time, link, bytes, original: original as usize }));
            },
        }
    }
}

/// What is left of the file, a part of it in memory.
struct Window<R> {
    input: R,
    bytes: Vec<u8>,
    /// Where in `bytes` the next record begins,
    start: usize,
    /// and where in the file.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    /// Takes the next record with `parse`; `None` when nothing is left.
    fn parse<T>(
        &mut self,
        mut parse: impl FnMut(&[u8]) -> Result<(&[u8], T), PcapError>,
    ) -> Result<Option<T>, Error> {
        loop {
            let rest = &self.bytes[self.start..];
            match parse(rest) {
                Ok((after, value)) => {
                    let taken = rest.len() - after.len();
                    self.start += taken;
                    self.offset += taken as u64;
                    return Ok(Some(value));
                }
                Err(PcapError::IncompleteBuffer) if self.ended && rest.is_empty() => return Ok(None),
                Err(PcapError::IncompleteBuffer) if self.ended => {
                    return Err(
                        self.error(&format!("the file ends within a record, {} bytes into it", rest.len()))
                    );
                }
                Err(PcapError::IncompleteBuffer) if rest.len() > LONGEST => {
                    return Err(self.error("a record of more than 16 MiB: the file is damaged"));
                }
                Err(PcapError::IncompleteBuffer) => self.fill()?,
                Err(error) => return Err(self.error(&format!("the file is damaged ({error})"))),
            }
        }
    }

    fn fill(&mut self) -> Result<(), Error> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let before = self.bytes.len();
        self.bytes.resize(before + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.bytes[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let length = *read.as_ref().unwrap_or(&0);
        self.bytes.truncate(before + length);
        self.ended = length == 0;
        read.map(|_| ()).map_err(|error| self.error(&error.to_string()))
    }

    fn error(&self, what: &str) -> Error {
        Error { offset: self.offset, what: what.to_owned() }
    }
}

fn link_type(number: u32) -> Result<LinkType, String> {
    LinkType::from_number(number).ok_or_else(|| {
        format!("link type {number} is not known here (Ethernet, Linux cooked and raw IP are)")
    })
}

/// Units of an interface's clock as a time: microseconds unless `if_tsresol` says otherwise.
fn since_epoch(units: u64, interface: &InterfaceDescriptionBlock<'_>) -> Duration {
    let resolution = interface.options.iter().find_map(|option| {
        if let InterfaceDescriptionOption::IfTsResol(resolution) = option { Some(*resolution) } else { None }
    });
    let resolution = resolution.unwrap_or(6);
    let exponent = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let per_second = base.checked_pow(exponent).unwrap_or(u128::MAX);
    let seconds = u64::try_from(u128::from(units) / per_second).unwrap_or(u64::MAX);
    let part = (u128::from(units) % per_second).saturating_mul(1_000_000_000) / per_second;
    Duration::new(seconds, u32::try_from(part).unwrap_or(0))
}

const CHUNK: usize = 64 * 1024;
const LONGEST: usize = 16 * 1024 * 1024;
