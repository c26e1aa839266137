#![no_std]
#![forbid(unsafe_code)]
//! Health checks as pure state machines: when to probe a server, what a probe is, and who of a service's
//! servers is to carry traffic.
//!
//! Nothing here reads a clock, opens a socket or allocates. A runtime tells each machine what happened and
//! performs what it answers:
//!
//! * [`Check`]: one health check of one server. Decides when a probe is due and what a row of results means.
//! * [`TcpProbe`], [`Conversation`], [`Exchange`]: one dialogue with a server, from connect to close: TCP, HTTP,
//!   SMTP; DNS, UDP and ping.
//! * [`bfd::Session`]: one side of a BFD session. Is the other side of a path still there?
//! * [`Pool`]: the servers of one service. Puts the verdicts together: who is alive, is there a quorum, does
//!   the sorry server stand in.
//!
//! Time is a [`Duration`](core::time::Duration) since an origin that the runtime picks. The loop of a runtime:
//!
//! ```
//! use check_core::{Check, Timing, Verdict, check};
//! use core::time::Duration;
//!
//! let mut now = Duration::ZERO;
//! let mut check = Check::new(Timing { delay_loop: Duration::from_secs(6), ..Timing::default() });
//! let mut actions = check.handle(now, check::Event::Start { offset: Duration::from_millis(250) });
//! let mut probes = 0;
//! while check.verdict() == Verdict::Up {
//!     let mut next = None;
//!     for action in &actions {
//!         match action {
//!             // A real runtime connects to the server here. This one finds nobody listening.
//!             check::Action::Probe => {
//!                 probes += 1;
//!                 next = Some(check::Event::Failed(check_core::Failure::Refused));
//!             }
//!             check::Action::Abandon
//!             | check::Action::Attempt { .. }
//!             | check::Action::Recovering { .. }
//!             | check::Action::Verdict(_) => {}
//!         }
//!     }
//!     let event = next.unwrap_or_else(|| {
//!         now = check.deadline().expect("a started check waits for its next probe");
//!         check::Event::Tick
//!     });
//!     actions = check.handle(now, event);
//! }
//! assert_eq!(probes, 1);
//! assert_eq!(now, Duration::from_millis(250));
//! ```

pub mod bfd;
pub mod check;
mod failure;
pub mod pool;
pub mod probe;
mod timing;
pub mod wire;

pub use check::{Check, Verdict};
pub use failure::{Asked, Failure, Tls};
pub use pool::{Pool, Server};
pub use probe::datagram::{self, Exchange};
pub use probe::stream::{self, Conversation};
pub use probe::tcp::{self, TcpProbe};
pub use probe::{dns, http, ping, smtp, udp};
pub use timing::Timing;
