//! What the kernel tells of processes: the proc connector (`linux/cn_proc.h`, `linux/connector.h`).

use core::time::Duration;
use std::io;

use netlink_sys::SocketAddr;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::time::timeout;

use crate::awaited::Awaited;
use crate::config::model::NetlinkBuffer;
use crate::netlink;

/// Something that happened to a process. Threads that are not the first of theirs are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The kernel answers: it tells of processes from now on, or with this error it does not.
    Answer(u32),
    /// One process made another.
    Fork { parent: u32, child: u32 },
    /// It runs another program, or has another name.
    Changed(u32),
    /// It ended.
    Exit(u32),
}

/// The kernel's events, from opening on.
#[derive(Debug)]
pub(super) struct Events {
    socket: netlink_sys::Socket,
    readiness: Awaited,
}

impl Events {
    /// Asks the kernel to tell of processes.
    ///
    /// # Errors
    /// Outside the first network and process namespaces, and without `CAP_NET_ADMIN`, the kernel refuses, or says
    /// nothing at all.
    pub(super) async fn open(buffer: Option<NetlinkBuffer>) -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(CONNECTOR)?;
        socket.set_non_blocking(true)?;
        // As large as we may; what does not fit is made up for by reading everything.
        let _ = match buffer {
            Some(buffer) => netlink::size_buffer(&socket, buffer),
            None => setsockopt(&socket, sockopt::RcvBufForce, &BUFFER)
                .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &BUFFER))
                .map_err(io::Error::from),
        };
        socket.bind(&SocketAddr::new(0, PROCESSES))?;
        socket.send_to(&LISTEN, &SocketAddr::new(0, 0), 0)?;
        let mut events = Self { readiness: Awaited::new(&socket)?, socket };
        let answer = async {
            loop {
                for event in events.next().await? {
                    if let Event::Answer(errno) = event {
                        return Ok(errno);
                    }
                }
            }
        };
        match timeout(PATIENCE, answer).await {
            Ok(Ok(0)) => Ok(events),
            Ok(Ok(errno)) => Err(io::Error::from_raw_os_error(errno.cast_signed())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("the kernel does not answer in this namespace")),
        }
    }

    /// What happened next.
    ///
    /// # Errors
    /// `ENOBUFS` when more happened than fits: what there is has to be read anew.
    pub(super) async fn next(&mut self) -> io::Result<Vec<Event>> {
        loop {
            let mut ready = self.readiness.readable().await?;
            let mut buffer = Vec::with_capacity(LONGEST);
            let received = ready.try_io(|_| self.socket.recv_from(&mut buffer, 0));
            match received {
                // Only the kernel may tell.
                Ok(Ok((_, sender))) if sender.port_number() == 0 => return Ok(parse(&buffer)),
                Ok(Ok(_)) | Err(_) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
    }
}

/// Reads a datagram: netlink messages, each with a connector's message and in that an event.
fn parse(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(length) = word(bytes, 0).and_then(|length| usize::try_from(length).ok()) {
        let Some(message) = bytes.get(..length).filter(|message| message.len() >= HEADERS) else { break };
        let identity = (word(message, 16), word(message, 20));
        if identity == (Some(PROCESSES), Some(PROCESSES)) {
            events.extend(event(&message[HEADERS..]));
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    events
}

/// An event: what, processor, time; then numbers of processes, each as thread and thread group.
fn event(bytes: &[u8]) -> Option<Event> {
    let number = |index: usize| word(bytes, 16 + 4 * index);
    match word(bytes, 0)? {
        NONE => Some(Event::Answer(number(0)?)),
        FORK => {
            let (parent, thread, child) = (number(1)?, number(2)?, number(3)?);
            (thread == child).then_some(Event::Fork { parent, child })
        }
        EXEC => Some(Event::Changed(number(1)?)),
        NAME => (number(0)? == number(1)?).then_some(Event::Changed(number(1)?)),
        EXIT => (number(0)? == number(1)?).then_some(Event::Exit(number(1)?)),
        // There are more, and there will be.
        _ => None,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

/// `NETLINK_CONNECTOR`.
const CONNECTOR: isize = 11;
/// `CN_IDX_PROC`, `CN_VAL_PROC` and the multicast group: all are 1.
const PROCESSES: u32 = 1;
/// `nlmsghdr` and `cn_msg`.
const HEADERS: usize = 36;
const NONE: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const NAME: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;
/// Longer than any datagram of the connector.
const LONGEST: usize = 4096;
/// The socket's buffer, in bytes: thousands of events.
const BUFFER: usize = 1 << 20;
/// How long the kernel may take to answer. It does so within the call, where it does.
const PATIENCE: Duration = Duration::from_millis(300);

/// `nlmsghdr`, `cn_msg`, and `PROC_CN_MCAST_LISTEN`.
const LISTEN: [u8; 40] = {
    let mut message = [0; 40];
    message[0] = 40;
    message[4] = 3; // NLMSG_DONE
    message[16] = 1;
    message[20] = 1;
    message[32] = 4;
    message[36] = 1;
    if cfg!(target_endian = "big") {
        message[0] = 0;
        message[3] = 40;
        message[4] = 0;
        message[5] = 3;
        message[16] = 0;
        message[19] = 1;
        message[20] = 0;
        message[23] = 1;
        message[32] = 0;
        message[33] = 4;
        message[36] = 0;
        message[39] = 1;
    }
    message
};

#[cfg(test)]
mod tests {
    use super::*;

    /// `process_monitor_rcv_bufs`.
    #[tokio::test]
    #[ignore = "needs root: the kernel tells nobody else of processes"]
    async fn as_much_waits_as_was_asked_for() {
        let buffer = Some(NetlinkBuffer { bytes: 50_001, force: true });
        let events = Events::open(buffer).await.unwrap();
        // The kernel doubles it.
        assert_eq!(nix::sys::socket::getsockopt(&events.socket, sockopt::RcvBuf), Ok(100_002));
    }

    #[test]
    fn events_are_read_as_the_kernel_writes_them() {
        assert_eq!(parse(&datagram(NONE, &[0])), [Event::Answer(0)]);
        assert_eq!(parse(&datagram(NONE, &[1])), [Event::Answer(1)]);
        assert_eq!(parse(&datagram(FORK, &[11, 10, 20, 20])), [Event::Fork { parent: 10, child: 20 }]);
        assert_eq!(parse(&datagram(EXEC, &[20, 20])), [Event::Changed(20)]);
        assert_eq!(parse(&datagram(NAME, &[20, 20, 0x6161, 0, 0, 0])), [Event::Changed(20)]);
        assert_eq!(parse(&datagram(EXIT, &[20, 20, 0, 17])), [Event::Exit(20)]);
    }

    #[test]
    fn threads_and_what_is_of_no_interest_are_left_out() {
        assert_eq!(parse(&datagram(FORK, &[10, 10, 21, 10])), []);
        assert_eq!(parse(&datagram(NAME, &[21, 10, 0, 0, 0, 0])), []);
        assert_eq!(parse(&datagram(EXIT, &[21, 10, 0, 17])), []);
        assert_eq!(parse(&datagram(0x40, &[10, 10])), []);
    }

    #[test]
    fn several_messages_in_one_datagram_are_all_read_and_a_torn_one_is_not() {
        let mut two = datagram(EXEC, &[1, 1]);
        two.extend(datagram(EXIT, &[2, 2, 0, 0]));
        assert_eq!(parse(&two), [Event::Changed(1), Event::Exit(2)]);
        for length in 0..two.len() {
            assert!(parse(&two[..length]).len() < 2, "{length}");
        }
        assert_eq!(parse(&[0; 64]), []);
    }

    fn datagram(what: u32, numbers: &[u32]) -> Vec<u8> {
        let length = HEADERS + 16 + 4 * numbers.len();
        let mut words = vec![u32::try_from(length).unwrap(), 3, 0, 0, 1, 1, 0, 0, 0, what, 0, 0, 0];
        words.extend(numbers);
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }
}
