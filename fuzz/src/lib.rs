//! Fuzz targets: for each a function that takes any bytes and must return.
//!
//! There are three kinds of them. Those that read what others wrote ([`advert`], [`arp`], [`ndisc`], [`envelope`],
//! [`netlink`], [`bfd_packet`], [`capture_file`], [`capture_frame`], [`configuration`], [`agentx`],
//! [`bus_message`]) must survive it, and what they understood must
//! come out again as it went in. Those that are whole machines ([`router`], [`group`], [`check`],
//! [`tcp_probe`], [`dialogue`], [`pool`], [`bfd_session`]) take the bytes for a list of times and events, and must keep the promises of their kind: only `handle`
//! moves the deadline; a tick at or past it moves it on, an early one does nothing; same events, same actions; a clock
//! that steps back counts as standing still. And the [`director`] gets both, commands and packets, and must neither
//! write where it may not nor break a checksum. The [`board`] gets frames as a small router does.
//!
//! The same functions run in two places: in `tests/replay.rs` on stable Rust over the committed corpus and a random
//! burst, and under libFuzzer, for as long as one likes (`README.md`). A panic is a finding.
#![expect(clippy::missing_panics_doc, reason = "a panic is what every target is there for")]

mod bfd;
mod board;
mod capture;
mod choices;
mod configuration;
mod dialogue;
mod director;
mod health;
mod management;
mod netlink;
mod router;
mod wire;

pub use bfd::{bfd_packet, bfd_session};
pub use board::board;
pub use capture::{capture_file, capture_frame};
pub use configuration::configuration;
pub use dialogue::dialogue;
pub use director::director;
pub use health::{check, pool, tcp_probe};
pub use management::{agentx, bus_message};
pub use netlink::netlink;
pub use router::{group, router};
pub use wire::{advert, arp, envelope, ndisc};

/// What a target is: it takes any bytes, and panics if something is wrong.
pub type Target = fn(&[u8]);

/// Every target, under the name of its program and its folder in `corpus`.
pub const TARGETS: [(&str, Target); 20] = [
    ("advert", advert),
    ("agentx", agentx),
    ("arp", arp),
    ("bfd_packet", bfd_packet),
    ("bfd_session", bfd_session),
    ("board", board),
    ("bus_message", bus_message),
    ("capture_file", capture_file),
    ("capture_frame", capture_frame),
    ("check", check),
    ("configuration", configuration),
    ("dialogue", dialogue),
    ("director", director),
    ("envelope", envelope),
    ("group", group),
    ("ndisc", ndisc),
    ("netlink", netlink),
    ("pool", pool),
    ("router", router),
    ("tcp_probe", tcp_probe),
];
