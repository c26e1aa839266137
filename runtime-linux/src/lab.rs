//! A network on one machine: switches, hosts and cables made of network namespaces, real processes inside
//! them, and an observer that sees every frame with the kernel's time stamp.
//!
//! `steadfast lab` tells its story on it and the tests between namespaces stand on it. Nothing is named on the
//! machine and nothing is written to its disk: a namespace lives as long as a file descriptor or a process of
//! ours, files of a host lie on a file system of its own, processes die with the thread that started them. So
//! everything is gone when this process is gone, however it went.
//!
//! ```no_run
//! use runtime_linux::lab::{Node, Switch};
//!
//! # fn main() -> Result<(), runtime_linux::lab::Error> {
//! runtime_linux::lab::enter()?; // before any thread exists; as root it does nothing
//! let switch = Switch::new("lan")?;
//! let node = Node::new("a")?;
//! node.link_to(&switch, "eth0", &["198.18.0.1/24"])?;
//! let listener = node.run(|| std::net::TcpListener::bind("198.18.0.1:80"))?;
//! # Ok(())
//! # }
//! ```

use std::io;

mod daemon;
mod entrance;
mod errand;
mod ledger;
mod link;
mod measure;
mod namespace;
mod node;
mod observer;
mod plan;
mod process;
mod read;
mod report;
mod show;
mod stage;
mod story;
mod sys;
mod web;
mod wiretap;

pub use daemon::{CONFIGURATION, Daemon, skew_time, takeover_time};
pub use entrance::{Place, enter, test};
pub use link::Cidr;
pub use measure::{Outage, Takeover, first_advert, last_advert, outage, takeover};
pub use node::{Node, Switch};
pub use observer::{Advert, Frame, Observer, Seen};
pub use plan::{Director, Network, Plan, Service};
pub use process::{Line, Process, kill_all};
pub use report::Report;
pub use show::{Options, perform, run};
pub use stage::{Post, RealServer, Stage};
pub use web::{Visit, Visitor, WebServer, fetch};
pub use wiretap::{Raw, Wiretap};

/// Something the laboratory wanted to do and could not.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct Error {
    /// What was being done, with the names involved.
    doing: String,
    /// Why it failed.
    cause: io::Error,
}

impl Error {
    /// An error of our own finding, without a system call behind it.
    pub fn new(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Self { doing: doing.into(), cause: io::Error::other(why.into()) }
    }

    /// For `map_err`: says what was being done when the system refused.
    pub fn when<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        |cause| Self { doing: doing.into(), cause: cause.into() }
    }

    /// The system's answer.
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }
}
