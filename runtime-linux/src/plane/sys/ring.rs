//! A ring of frames that the kernel fills and this process reads where they lie: no system call for each, and no copy but
//! the kernel's own (`PACKET_RX_RING`, version 2).
//!
//! Version 3 packs frames more densely, but hands over a block only when it is full or a timer has run out, which would
//! hold up every lone packet for milliseconds.

use core::sync::atomic::{AtomicU32, Ordering};
use std::io;
use std::os::fd::BorrowedFd;

use super::frames::{Frames, HEADER};
use super::{OFFLOAD, ROOM};

/// A receive ring, mapped.
#[derive(Debug)]
pub(super) struct Ring {
    frames: Frames,
    /// The first frame that was not yet given back.
    next: usize,
}

/// A frame in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// It is whole in the socket's queue: it was too long for the ring.
    pub(super) is_elsewhere: bool,
    /// Bytes that are missing from it here.
    pub(super) cut: usize,
    start: usize,
    end: usize,
}

impl Ring {
    /// Gives a socket that does not hear anything yet a ring for frames of up to `longest` octets, with `bytes` for all.
    pub(super) fn map(socket: BorrowedFd<'_>, longest: usize, bytes: usize) -> io::Result<Self> {
        super::set(socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as i32))?;
        super::set(socket, libc::PACKET_RESERVE, &u32::try_from(ROOM).map_err(io::Error::other)?)?;
        // What does not fit comes whole by the socket's queue.
        super::set(socket, libc::PACKET_COPY_THRESH, &1_i32)?;
        let frames = Frames::map(socket, libc::PACKET_RX_RING, START + ROOM + OFFLOAD + longest, bytes)?;
        Ok(Self { frames, next: 0 })
    }

    /// The frame this many after the first one that was not given back, if the kernel has filled it.
    pub(super) fn told(&self, number: usize) -> Option<Told> {
        let status = self.status(number)?.load(Ordering::Acquire);
        if status & libc::TP_STATUS_USER == 0 {
            return None;
        }
        // SAFETY: the header lies within the frame, which the kernel has given to us.
        let header = unsafe { core::slice::from_raw_parts(self.place(number), HEADER) };
        let word = |at: usize| {
            let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
            bytes.copied().map_or(0, u32::from_ne_bytes)
        };
        // `struct tpacket2_hdr`: status, length, bytes that are here, where the link header begins (16 bits)
        let [length, present] = [word(4), word(8)].map(|length| length as usize);
        let mac = header.get(12..).and_then(|rest| rest.first_chunk());
        let mac = usize::from(mac.copied().map_or(0, u16::from_ne_bytes));
        let start = mac.saturating_sub(OFFLOAD + ROOM);
        let end = (mac + present).min(self.frames.size);
        Some(Told {
            is_elsewhere: status & TP_STATUS_COPY != 0,
            cut: length - present.min(length),
            start,
            end,
        })
    }

    /// The bytes of a frame behind [`ROOM`], its offload header first.
    pub(super) fn bytes(&self, number: usize, told: Told) -> &[u8] {
        // SAFETY: `told` lies within one frame, which is ours until it is given back, and that needs `&mut self`.
        unsafe { core::slice::from_raw_parts(self.place(number).add(told.start), told.end - told.start) }
    }

    /// The same, to be written.
    pub(super) fn bytes_mut(&mut self, number: usize, told: Told) -> &mut [u8] {
        // SAFETY: as above, and the ring is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.place(number).add(told.start), told.end - told.start) }
    }

    /// Gives the first frames back to the kernel.
    pub(super) fn release(&mut self, count: usize) {
        for number in 0..count {
            if let Some(status) = self.status(number) {
                status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
            }
        }
        self.next = (self.next + count) & (self.frames.count - 1);
    }

    fn status(&self, number: usize) -> Option<&AtomicU32> {
        (number < self.frames.count).then(|| self.frames.status(self.next + number))
    }

    fn place(&self, number: usize) -> *mut u8 {
        self.frames.place(self.next + number)
    }
}

/// What stands before a frame at most: `struct tpacket2_hdr`, `struct sockaddr_ll` and what alignment adds.
const START: usize = 96;
/// `linux/if_packet.h`: a whole copy is in the socket's queue.
const TP_STATUS_COPY: u32 = 2;
