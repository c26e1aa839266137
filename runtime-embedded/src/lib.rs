#![no_std]
#![forbid(unsafe_code)]
//! A whole VRRP router over any [`smoltcp::phy::Device`]: no std, no allocation, no unsafe code, no clock.
//!
//! For whoever makes a small router: give this crate your network driver, a constant with the configuration and a clock, and
//! the box takes part in the election for its gateway addresses, beside others of its kind, keepalived, or anything else that
//! speaks VRRP. The smoltcp stack behind it stays yours, for your own sockets.
//!
//! # The loop
//!
//! ```
//! use core::net::{IpAddr, Ipv4Addr};
//! use core::time::Duration;
//! use runtime_embedded::{Config, Instance, Nic, Port, Router, State};
//! use smoltcp::iface::SocketSet;
//! # use smoltcp::{phy::{self, Device, DeviceCapabilities}, time::Instant};
//! # struct Silence([u8; 1514]);
//! # struct Tx<'a>(&'a mut [u8]);
//! # impl phy::TxToken for Tx<'_> {
//! #     fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R { f(&mut self.0[..length]) }
//! # }
//! # struct Rx;
//! # impl phy::RxToken for Rx {
//! #     fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R { f(&[]) }
//! # }
//! # impl Device for Silence {
//! #     type RxToken<'a> = Rx;
//! #     type TxToken<'a> = Tx<'a>;
//! #     fn receive(&mut self, _: Instant) -> Option<(Rx, Tx<'_>)> { None }
//! #     fn transmit(&mut self, _: Instant) -> Option<Tx<'_>> { Some(Tx(&mut self.0)) }
//! #     fn capabilities(&self) -> DeviceCapabilities {
//! #         let mut capabilities = DeviceCapabilities::default();
//! #         capabilities.max_transmission_unit = 1514;
//! #         capabilities
//! #     }
//! # }
//! # let device = Silence([0; 1514]);
//!
//! // Checked by the compiler: a wrong one does not build.
//! static CONFIG: Config<1, 1> = Config::new(
//!     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
//!     [Instance::v3("gateway", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]).priority(200)],
//! );
//!
//! let mut now = Duration::ZERO; // A real one reads its clock, here and nowhere else.
//! let nic = Nic { device, mac: [0x02, 0, 0, 0, 0, 2] };
//! let mut router = Router::new(&CONFIG, [nic], 0x5eed, now);
//! let mut sockets = [SocketSet::new(&mut [][..])];
//! let mut log = (); // Or whatever takes a `Record`.
//! router.start(now, &mut log);
//! while router.state(0) != State::Active {
//!     // Sleep until the deadline, or until the device has a frame; then read the clock.
//!     now = router.deadline(now, &sockets).expect("it waits for an Active router").max(now);
//!     while router.poll(now, &mut sockets, &mut log) {}
//! }
//! assert_eq!(now, Duration::from_nanos(3_218_750_000)); // Three intervals and the skew of priority 200.
//! ```
//!
//! # Services behind it
//!
//! The same box spreads connections to its virtual addresses over real servers and asks these how they are. That is a second
//! constant, memory for as many connections as the device has room for, and one more call in the loop. (`ipvs-core` and
//! `check-core` are crates of this project; here nobody is on the other end of the cable, so the sorry server has to stand in.)
//!
//! ```
//! # use core::net::{IpAddr, Ipv4Addr};
//! # use core::time::Duration;
//! use ipvs_core::{Director, Forward, Settings, Storage};
//! use runtime_embedded::{
//!     Balancer, CheckMemory, Checks, Config, Instance, Nic, Port, Probe, RealServer, Router, Services, VirtualServer,
//! };
//! use smoltcp::iface::{SocketSet, SocketStorage};
//! # use smoltcp::{phy::{self, Device, DeviceCapabilities}, time::Instant};
//! # struct Silence([u8; 1514]);
//! # struct Tx<'a>(&'a mut [u8]);
//! # impl phy::TxToken for Tx<'_> {
//! #     fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R { f(&mut self.0[..length]) }
//! # }
//! # struct Rx;
//! # impl phy::RxToken for Rx {
//! #     fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R { f(&[]) }
//! # }
//! # impl Device for Silence {
//! #     type RxToken<'a> = Rx;
//! #     type TxToken<'a> = Tx<'a>;
//! #     fn receive(&mut self, _: Instant) -> Option<(Rx, Tx<'_>)> { None }
//! #     fn transmit(&mut self, _: Instant) -> Option<Tx<'_>> { Some(Tx(&mut self.0)) }
//! #     fn capabilities(&self) -> DeviceCapabilities {
//! #         let mut capabilities = DeviceCapabilities::default();
//! #         capabilities.max_transmission_unit = 1514;
//! #         capabilities
//! #     }
//! # }
//! # let device = Silence([0; 1514]);
//!
//! const fn lan(host: u8) -> IpAddr {
//!     IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))
//! }
//! static CONFIG: Config<1, 1> = Config::new(
//!     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
//!     [Instance::v3("web", 0, 51, &[lan(1)])],
//! );
//! const CHECKS: &[Probe] = &[Probe::http("/health").every(Duration::from_secs(2)), Probe::ping()];
//! // One virtual server, three real ones (the sorry server is one), four checks: also checked by the compiler.
//! static SERVICES: Services<1, 3, 4> = Services::new(
//!     &CONFIG,
//!     [VirtualServer::tcp("web", lan(1), 80)
//!         .forward(Forward::Direct)
//!         .servers(&[
//!             RealServer::new("one", lan(81), 80).checks(CHECKS),
//!             RealServer::new("two", lan(82), 80).checks(CHECKS),
//!         ])
//!         .sorry(RealServer::new("sorry", lan(90), 80))],
//! );
//!
//! // Fit for statics: services, servers, connections, hash chains, fragments; connections and exchanges of datagrams of checks.
//! type Lines = CheckMemory<2, 1>;
//! let mut tables = Storage::<1, 3, 1024, 1024, 4>::new();
//! let mut lines = Lines::new();
//! let mut room = [SocketStorage::EMPTY; Lines::SOCKETS];
//!
//! let mut now = Duration::ZERO;
//! let nic = Nic { device, mac: [0x02, 0, 0, 0, 0, 2] };
//! let director = Director::new(tables.lend(), Settings::new([7; 16])); // A real one draws its key, and the seeds.
//! let plane = Balancer::<16, 4>::new(director, false); // Room for 16 neighbours, of which 4 are looked for at a time.
//! let mut router = Router::with_plane(&CONFIG, [nic], plane, 0x5eed, now);
//! let mut sockets = [SocketSet::new(&mut room[..])];
//! let mut checks = Checks::new(&SERVICES, lines.lend(), &mut sockets, 0x5eed);
//! let mut log = ();
//! router.start(now, &mut log);
//! checks.start(now, &mut router, &mut log)?;
//! while checks.pool(0).has_quorum() {
//!     let next = router.deadline(now, &sockets).into_iter().chain(checks.deadline()).min();
//!     now = next.expect("it checks its servers").max(now + Duration::from_micros(1));
//!     while router.poll(now, &mut sockets, &mut log) {}
//!     checks.poll(now, &mut router, &mut sockets, &mut log);
//! }
//! let carrying: Vec<_> = router.plane().director().destinations(&SERVICES.list()[0].key()).collect();
//! assert_eq!(carrying.len(), 1);
//! assert_eq!(carrying[0].destination.address, lan(90));
//! # Ok::<(), ipvs_core::Refused>(())
//! ```
//!
//! # What a driver must do
//!
//! - Let frames for the port's own MAC, broadcast and multicast through, and those for the virtual MACs
//!   `00-00-5E-00-01-VRID` (IPv4) and `00-00-5E-00-02-VRID` (IPv6): see [`Config::link_addresses`]. More does no harm: the
//!   router filters by itself, and takes a virtual MAC only while it is Active.
//! - Tell [`Router::link`] when the cable is pulled and when it is back. Without that the router believes in its link.
//! - Return `None` from `transmit` when there is no room; an advert is then sent as soon as there is.
//!
//! # What stands where
//!
//! * [`Config`], [`Port`], [`Instance`], [`Track`]: the configuration, a constant.
//! * [`keepalived_conf!`], `keepalived_services!`: the same from a keepalived.conf, read by the compiler.
//! * [`Router`]: everything at work. ARP requests and neighbour solicitations for virtual addresses are answered here, with
//!   the virtual MAC and only while Active; what is for the host goes to its [`Host`].
//! * [`Host`]: answers at the port's own addresses. [`Stack`] is smoltcp's, for sockets; [`Responder`] answers ARP, neighbour
//!   discovery and pings, reports groups, and saves 27 KiB of flash.
//! * [`Log`], [`Record`], [`Line`]: what happened, as values or as lines of text.
//! * [`Plane`]: takes packets that are not for the host; [`Gateway`] forwards them between ports,
//!   [`Balancer`] spreads connections to virtual services over real servers.
//! * [`Services`], [`VirtualServer`], [`RealServer`], [`Probe`]: what is served and how it is checked, a constant. [`Checks`]: at
//!   work. (Feature `checks`, on by default; what is not used is not in an image, but for their lines in the log.)
//!
//! # What it does not do
//!
//! VLAN tags are not looked into: a tagged frame is nobody's. Unicast peers (a keepalived extension) are not offered.
//! Fragments to the host are not put together. Checks speak no TLS and run no scripts; an unreachable server is one that does
//! not answer TCP in time, since smoltcp tells no ICMP errors about connections.

mod balancer;
#[cfg(feature = "checks")]
mod checks;
mod config;
mod election;
mod frame;
mod gateway;
mod host;
mod log;
mod plane;
mod router;
mod station;

pub use balancer::{Balancer, BalancerCounters};
#[cfg(feature = "checks")]
pub use checks::{
    CheckCounters, CheckMemory, Checks, Lent, News, NewsEvent, Probe, RealServer, Services, VirtualServer,
};
pub use config::{Config, Instance, Port, Track, keepalived};
pub use frame::Mac;
pub use gateway::{Gateway, GatewayCounters};
pub use host::{Host, Residents, Responder, Stack};
#[cfg(feature = "defmt")]
pub use log::Frames;
pub use log::{Line, Log, Record};
pub use plane::{Arrival, Destination, Network, NoPlane, Plane};
pub use router::{BUDGET, Nic, Router};
pub use station::PortCounters;
pub use vrrp_core::State;
