//! A ring of frames that this process fills and the kernel sends, a burst with one system call (`PACKET_TX_RING`).
//!
//! The kernel makes a packet of each before the call returns. So frames that go by the ring and frames that go by the
//! plain socket in between leave in the order of the calls.

use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::frames::{Frames, HEADER};
use super::{BURST, Hears, OFFLOAD, PacketSocket, bind, filter, set};

/// The way out by an interface.
#[derive(Debug)]
pub(crate) struct Sender {
    outbox: Option<Outbox>,
    /// For what does not go by the ring: frames that are yet to be cut, and those that are too long.
    plain: PacketSocket,
}

impl Sender {
    /// Opens it. Frames of up to `longest` octets go by a ring of `bytes`, if the kernel gives one.
    pub(crate) fn open(interface: u32, longest: usize, bytes: usize) -> io::Result<Self> {
        let outbox = Outbox::open(interface, longest, bytes);
        if let Err(error) = &outbox {
            tracing::debug!("no ring for frames that leave by interface {interface}: {error}");
        }
        Ok(Self { outbox: outbox.ok(), plain: PacketSocket::sender(interface)? })
    }

    /// Opens one without a ring.
    pub(crate) fn plain(interface: u32) -> io::Result<Self> {
        Ok(Self { outbox: None, plain: PacketSocket::sender(interface)? })
    }

    /// Sends up to [`BURST`] frames, each with its offload header before it. Returns how many were taken, and why the next
    /// was not, if it was refused.
    pub(crate) fn send(&mut self, frames: &[&[u8]]) -> (usize, Option<io::Error>) {
        let Some(outbox) = &mut self.outbox else { return self.plain.send(frames) };
        let fitting = frames.iter().take(BURST).take_while(|frame| outbox.fits(frame)).count();
        if fitting > 0 {
            let (sent, failure) = outbox.send(&frames[..fitting]);
            // Neither is when the ring is full of packets that somebody still holds.
            if sent > 0 || failure.is_some() {
                return (sent, failure);
            }
        }
        let others = frames.iter().skip(fitting).take_while(|frame| !outbox.fits(frame)).count();
        self.plain.send(&frames[..fitting + others])
    }
}

/// The ring, with its socket.
#[derive(Debug)]
struct Outbox {
    frames: Frames,
    /// After the ring, which is unmapped first.
    socket: PacketSocket,
    /// Where the next one goes, which is where the kernel looks for it.
    next: usize,
    longest: usize,
}

impl Outbox {
    fn open(interface: u32, longest: usize, bytes: usize) -> io::Result<Self> {
        let socket = PacketSocket::new(Hears::Everything, &filter::nothing())?;
        set(socket.as_fd(), libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as i32))?;
        let longest = OFFLOAD + longest;
        let frames = Frames::map(socket.as_fd(), libc::PACKET_TX_RING, HEADER + longest, bytes)?;
        bind(&socket.socket, interface, 0)?;
        Ok(Self { frames, socket, next: 0, longest })
    }

    fn fits(&self, frame: &[u8]) -> bool {
        // The second octet of the offload header: it is yet to be cut.
        frame.len() <= self.longest && frame.get(1) == Some(&0)
    }

    fn send(&mut self, frames: &[&[u8]]) -> (usize, Option<io::Error>) {
        let first = self.next;
        let put = frames.iter().take_while(|frame| self.put(frame)).count();
        let Some(last) = put.checked_sub(1) else { return (0, None) };
        let failure = flush(self.socket.as_fd()).err();
        let is_sent = |number: usize| {
            let status = self.frames.status(first + number).load(Ordering::Acquire);
            status & (libc::TP_STATUS_SEND_REQUEST | libc::TP_STATUS_WRONG_FORMAT) == 0
        };
        if is_sent(last) {
            return (put, None);
        }
        // The kernel stopped somewhere, and looks there again next time.
        let sent = (0..put).take_while(|number| is_sent(*number)).count();
        for number in sent..put {
            self.frames.status(first + number).store(libc::TP_STATUS_AVAILABLE, Ordering::Release);
        }
        self.next = (first + sent) & (self.frames.count - 1);
        (sent, Some(failure.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ENOBUFS))))
    }

    /// False if the ring is full.
    fn put(&mut self, frame: &[u8]) -> bool {
        let status = self.frames.status(self.next);
        if status.load(Ordering::Acquire) != libc::TP_STATUS_AVAILABLE {
            return false;
        }
        let length = u32::try_from(frame.len()).expect("it is at most as long as a frame of the ring");
        let place = self.frames.place(self.next);
        // SAFETY: the frame is ours, begins with a `struct tpacket2_hdr`, whose second field is the length, and has room for
        // `longest` octets behind that, which is what fits.
        let whole = unsafe { core::slice::from_raw_parts_mut(place.add(4), HEADER - 4 + frame.len()) };
        let (header, room) = whole.split_at_mut(HEADER - 4);
        header[..4].copy_from_slice(&length.to_ne_bytes());
        room.copy_from_slice(frame);
        // "Length of headers" is what the kernel copies into the packet; the rest would stay here, and be held.
        if let (Ok(copied), Some(field)) = (u16::try_from(frame.len() - OFFLOAD), room.get_mut(2..4)) {
            field.copy_from_slice(&copied.to_ne_bytes());
        }
        status.store(libc::TP_STATUS_SEND_REQUEST, Ordering::Release);
        self.next = (self.next + 1) & (self.frames.count - 1);
        true
    }
}

/// Has the kernel send what is in the ring.
fn flush(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: there is no data and no address; the frames are in the ring.
    let sent = unsafe {
        libc::sendto(socket.as_raw_fd(), core::ptr::null(), 0, libc::MSG_DONTWAIT, core::ptr::null(), 0)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
