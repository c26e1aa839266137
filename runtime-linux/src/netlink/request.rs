//! A netlink socket for requests: ask, wait for the answer, know who refused and why.

use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use ipvs_core::wire::netlink::{self, Answer, INTERRUPTED, Messages};
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;
use thiserror::Error;

/// How long the kernel may take. It answers within the send, so this only guards against a message lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a request failed.
#[derive(Debug, Error)]
pub enum Error {
    /// The socket itself failed.
    #[error("netlink: {0}")]
    Socket(#[from] io::Error),
    /// The kernel refused.
    #[error("{}{}", io::Error::from_raw_os_error(*errno), text.as_deref().map(|t| format!(" ({t})")).unwrap_or_default())]
    Refused {
        /// Its error number.
        errno: i32,
        /// Its words, where it gave some (extended acknowledgement).
        text: Option<String>,
    },
    /// What came back is not netlink.
    #[error("netlink: {0}")]
    Malformed(#[from] netlink::Error),
    /// The table changed while it was read: read it again.
    #[error("the table changed while it was read")]
    Interrupted,
}

impl Error {
    /// The kernel's error number, if it was the kernel that refused.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { errno, .. } => Some(*errno),
            Self::Socket(_) | Self::Malformed(_) | Self::Interrupted => None,
        }
    }
}

/// A socket of one netlink protocol, used for one request at a time.
#[derive(Debug)]
pub struct Channel {
    socket: Socket,
    sequence: u32,
}

impl Channel {
    /// Opens a socket of the given `NETLINK_*` protocol.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Older kernels lack the option; errors then come without words.
        let _ = socket.set_ext_ack(true);
        // SAFETY: the descriptor belongs to `socket`, which outlives this call.
        let fd = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
        let patience = TimeVal::new(i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX), 0);
        setsockopt(&fd, sockopt::ReceiveTimeout, &patience)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// The number that the messages of the next request are to carry.
    pub fn sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends `request`, whose messages all carry the last [`Self::sequence`], and reads answers until `finished`
    /// of them were acknowledged or one failed. `content` sees the payload of everything else.
    pub fn exchange(
        &mut self,
        request: &[u8],
        mut finished: usize,
        mut content: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sent = self.socket.send(request, 0)?;
        if sent != request.len() {
            return Err(io::Error::from(io::ErrorKind::WriteZero).into());
        }
        let mut interrupted = false;
        while finished > 0 {
            let (datagram, from) = self.socket.recv_from_full()?;
            if from.port_number() != 0 {
                continue;
            }
            for message in Messages::new(&datagram) {
                let message = message?;
                if message.sequence != self.sequence {
                    continue;
                }
                interrupted |= message.flags & INTERRUPTED != 0;
                match message.answer()? {
                    Answer::Finished { errno: 0, .. } => finished = finished.saturating_sub(1),
                    Answer::Finished { errno, text } => {
                        return Err(Error::Refused { errno, text: text.map(str::to_owned) });
                    }
                    Answer::Content { payload, .. } => content(payload)?,
                }
            }
        }
        if interrupted { Err(Error::Interrupted) } else { Ok(()) }
    }
}
