//! The way to a master agent: a Unix socket, TCP, or UDP as net-snmp has it.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, UnixStream};
use tokio::time::timeout;

use super::codec::Error;
use super::message::{HEADER, Header, LONGEST};
use crate::config::model::SnmpSocket;

/// A connection to a master agent.
pub(super) enum Link {
    /// A stream, and what of the next message has come by it.
    Stream(Box<dyn Stream>, Vec<u8>),
    /// Each datagram is a message.
    Datagrams(UdpSocket),
}

/// What can be read and written.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Link {
    /// Connects, within [`PATIENCE`].
    pub(super) async fn open(socket: &SnmpSocket) -> io::Result<Self> {
        let connect = async {
            Ok(match socket {
                SnmpSocket::Unix(path) => {
                    Self::Stream(Box::new(UnixStream::connect(path).await?), Vec::new())
                }
                SnmpSocket::Tcp(host) => {
                    let stream = TcpStream::connect(host.as_str()).await?;
                    stream.set_nodelay(true)?;
                    Self::Stream(Box::new(stream), Vec::new())
                }
                SnmpSocket::Udp(host) => {
                    let target = tokio::net::lookup_host(host.as_str()).await?.next();
                    let target = target.ok_or(io::ErrorKind::AddrNotAvailable)?;
                    let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(any).await?;
                    socket.connect(target).await?;
                    Self::Datagrams(socket)
                }
            })
        };
        timeout(PATIENCE, connect).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends a message. Who does not take it within [`PATIENCE`] hangs.
    pub(super) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let send = async {
            match self {
                Self::Stream(stream, _) => stream.write_all(message).await,
                Self::Datagrams(socket) => socket.send(message).await.map(|_| ()),
            }
        };
        timeout(PATIENCE, send).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The next message. May be given up and called again: nothing is lost.
    pub(super) async fn receive(&mut self) -> Result<(Header, Vec<u8>), Broken> {
        match self {
            Self::Stream(stream, begun) => loop {
                if let Some(header) = begun.first_chunk() {
                    let header = Header::read(header)?;
                    let whole = HEADER + header.length;
                    if begun.len() >= whole {
                        let payload = begun[HEADER..whole].to_vec();
                        begun.drain(..whole);
                        begun.shrink_to(LITTLE);
                        return Ok((header, payload));
                    }
                }
                // No more than a message and a bit, for a header with another length is refused.
                if stream.read_buf(begun).await? == 0 {
                    return Err(Broken::Io(io::ErrorKind::UnexpectedEof.into()));
                }
            },
            Self::Datagrams(socket) => {
                socket.readable().await?;
                let mut datagram = vec![0; HEADER + LONGEST];
                let length = socket.recv(&mut datagram).await?;
                datagram.truncate(length);
                let header = Header::read(datagram.first_chunk().ok_or(Error::Short)?)?;
                let payload = datagram.get(HEADER..HEADER + header.length).ok_or(Error::Short)?;
                Ok((header, payload.to_vec()))
            }
        }
    }
}

/// Why a link is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("what it says is no AgentX: {0}")]
    Nonsense(#[from] Error),
}

/// How long a master agent may take to be connected to, and to take a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is kept to read into.
const LITTLE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_found_in_what_comes_in_pieces() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let mut link = Link::Stream(Box::new(ours), Vec::new());
        let header = |length: u8| [1, 18, 0x10, 0, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 16, 0, 0, 0, length];
        let all = [&header(8)[..], &[0, 0, 0, 0, 0, 0, 0, 0], &header(0), &header(4), &[1, 2]].concat();
        for piece in all.chunks(7) {
            theirs.write_all(piece).await.unwrap();
            // It is asked for again and again, in vain.
            let _ = timeout(Duration::ZERO, core::future::pending::<()>()).await;
        }
        let mut lengths = Vec::new();
        while let Ok(Ok((header, payload))) = timeout(Duration::from_millis(50), link.receive()).await {
            assert_eq!((header.packet, header.length), (16, payload.len()));
            lengths.push(payload.len());
        }
        assert_eq!(lengths, [8, 0]);
        theirs.write_all(&[3, 4]).await.unwrap();
        assert_eq!(link.receive().await.unwrap().1, [1, 2, 3, 4]);
        drop(theirs);
        assert!(matches!(link.receive().await, Err(Broken::Io(_))));
    }

    #[tokio::test]
    async fn nonsense_ends_it_and_takes_no_memory() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let mut link = Link::Stream(Box::new(ours), Vec::new());
        theirs.write_all(&[1, 5, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0, 0, 0]).await.unwrap();
        let broken = link.receive().await.unwrap_err();
        assert_eq!(
            broken.to_string(),
            "what it says is no AgentX: its length of 2130706432 octets cannot be"
        );
        let Link::Stream(_, begun) = link else { unreachable!("it is a stream") };
        assert!(begun.capacity() <= LITTLE, "{}", begun.capacity());
    }
}
