#![no_std]
#![forbid(unsafe_code)]
//! VRRP as a pure state machine: one virtual router, whole, in a value.
//!
//! VRRP lets several routers answer for one address. One of them is *Active*: it holds the address and says
//! so in adverts. The others are *Backups*: they listen, and when the adverts stop the best of them takes
//! over. Spoken here are version 3 over IPv4 and IPv6 (RFC 9568, and RFC 5798 before it) and version 2 (RFC
//! 3768, with the password and the authentication header of RFC 2338).
//!
//! Nothing in this crate reads a clock, opens a socket, allocates, logs or panics. A [`VirtualRouter`] is
//! told what happens, and when ([`Event`]); it returns what to do ([`Action`]); and it says when it wants to
//! be called again ([`VirtualRouter::deadline`]). So the same code runs in a daemon, in firmware, in a
//! fuzzer, and by the thousand in a simulated network, where a run is a list of times and events that can be
//! replayed.
//!
//! # A router maker's loop
//!
//! Time is a [`Duration`](core::time::Duration) since any origin, from a clock that does not step. Handle
//! every packet that waits before the tick: a process that was held up must listen before it speaks.
//!
//! ```
//! use core::net::IpAddr;
//! use core::time::Duration;
//! use vrrp_core::wire::{advert, arp};
//! use vrrp_core::{Action, Config, ConfigError, Event, Family, Packet, Priority, Settings, VirtualRouter, Vrid};
//!
//! /// What a real router has in its place: a clock, a socket and an interface.
//! struct Machine {
//!     now: Duration,
//!     sent: Vec<(IpAddr, Vec<u8>)>,
//!     holds: bool,
//! }
//!
//! type Router = VirtualRouter<[IpAddr; 1]>;
//!
//! /// Does what the router wants, in its order.
//! fn perform(machine: &mut Machine, router: &Router, actions: &[Action]) {
//!     let family = router.config().family;
//!     for action in actions {
//!         match *action {
//!             Action::Advertise { priority } => {
//!                 let source = router.source().expect("it was started with one");
//!                 let group = family.multicast_group();
//!                 let mut buffer = [0; advert::MAX_LEN];
//!                 let advert = router.advert(priority);
//!                 let len = advert.emit(source, group, router.checksum(), &mut buffer).expect("there is room");
//!                 // IP protocol 112, TTL 255.
//!                 machine.sent.push((group, buffer[..len].to_vec()));
//!             }
//!             Action::ClaimAddresses => machine.holds = true,
//!             Action::ReleaseAddresses => machine.holds = false,
//!             Action::Announce { first, count } => {
//!                 let mac = vrrp_core::virtual_mac(family, router.config().vrid);
//!                 for address in router.config().addresses.iter().skip(first.into()).take(count.into()) {
//!                     if let IpAddr::V4(address) = *address {
//!                         let frame = arp::Repr { mac, address }.emit();
//!                         assert_eq!(frame.len(), 42); // A real router broadcasts it.
//!                     }
//!                 }
//!             }
//!             Action::Transition { from, to, reason } => println!("{from:?} -> {to:?}: {reason:?}"),
//!             Action::Heard { .. } => {}
//!             Action::Ignored(why) => println!("dropped a packet: {}", why.name()),
//!             Action::Noticed(notice) => println!("{notice:?}"),
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), ConfigError> {
//! let vrid = Vrid::new(51).expect("not zero");
//! let address = IpAddr::from([192, 0, 2, 100]);
//! let settings: Settings<[IpAddr; 1]> = Settings::new(vrid, Family::V4, [address]);
//! let priority = Priority::new(200).expect("not zero");
//! let mut router = Router::new(Config::try_from(Settings { priority, ..settings })?);
//!
//! let mut machine = Machine { now: Duration::ZERO, sent: Vec::new(), holds: false };
//! let start = Event::Start { source: IpAddr::from([192, 0, 2, 1]), mac: None };
//! let actions = router.handle(machine.now, start);
//! perform(&mut machine, &router, &actions);
//!
//! // Two adverts of a better router, then silence.
//! # let heard = |from: u8| {
//! #     let source = IpAddr::from([192, 0, 2, from]);
//! #     let mut buffer = [0; advert::MAX_LEN];
//! #     let advert = router.advert(254);
//! #     let form = router.checksum();
//! #     let len = advert.emit(source, Family::V4.multicast_group(), form, &mut buffer).expect("there is room");
//! #     (source, buffer[..len].to_vec())
//! # };
//! let mut inbox = vec![heard(2), heard(2)];
//! for _ in 0..5 {
//!     if let Some((source, message)) = inbox.pop() {
//!         machine.now += Duration::from_secs(1); // A real router waits for its socket, but not past the deadline.
//!         let destination = Family::V4.multicast_group();
//!         let packet = Packet { source, destination, ttl: 255, link_source: None, message: &message };
//!         let actions = router.handle(machine.now, Event::Packet(packet));
//!         perform(&mut machine, &router, &actions);
//!     } else if let Some(deadline) = router.deadline() {
//!         machine.now = machine.now.max(deadline);
//!         let actions = router.handle(machine.now, Event::Tick);
//!         perform(&mut machine, &router, &actions);
//!     }
//! }
//! assert!(machine.holds);
//! assert!(!machine.sent.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # What stands where
//!
//! * [`VirtualRouter`]: the state machine of RFC 9568 §6.4, with exact timers in units of 1/256 centisecond.
//! * [`reception`]: the ladder that every packet climbs first. One that falls off is counted under the name
//!   of its rung ([`Ignored`]) and touches neither state nor timer.
//! * [`seal`]: what proves whom an advert comes from, beside the virtual router: its packets pass through.
//! * [`Group`]: virtual routers that move together, on several links.
//! * [`rank`]: who wins between two Active routers: priority, then address, then link address.
//! * [`announce`]: when to tell the neighbours, in bursts that outlast a late answer of the router before.
//! * [`track`]: how the health of other things moves the priority.
//! * [`wire`]: adverts, checksums in both forms, gratuitous ARP, unsolicited neighbour advertisements.
//! * [`Statistics`]: counters over actions.
//!
//! # Where it decides for itself
//!
//! * Interval 0 is dropped (erratum 8301), and so is an advert with no addresses (RFC 9568 §5.2.5).
//! * A lesser Active router is answered at once, but eight times per interval at most; one answer stands for
//!   all that came too soon. A resignation is answered under the same limit.
//! * Equal priority and equal address: the greater link address stays, or nobody moves and a notice is given.
//! * An Active router that was held up for longer than a Backup waits announces its addresses again; with
//!   preemption off it makes way instead, before it speaks.
//! * A longer interval is advertised as soon as it is configured.

mod action;
pub mod announce;
mod config;
mod event;
mod fault;
pub mod group;
mod identity;
mod interval;
mod priority;
pub mod rank;
pub mod reception;
mod router;
pub mod seal;
mod statistics;
pub mod track;
pub mod wire;

pub use action::{Action, Actions, MOST_ACTIONS, Notice, Reason, State};
pub use config::{Config, ConfigError, Peer, Settings, Unicast};
pub use event::{Event, Packet};
pub use fault::{Fault, Faults};
pub use group::Group;
pub use identity::{Family, Version, Vrid, is_virtual_mac, virtual_mac};
pub use interval::Interval;
pub use priority::Priority;
pub use reception::Ignored;
pub use router::{ActiveRouter, Timers, VirtualRouter};
pub use statistics::Statistics;
pub use wire::checksum::ChecksumForm;
