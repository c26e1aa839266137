//! Memory that a packet socket shares with this process, cut into frames (`TPACKET_V2`).

use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Frames of one size, mapped. They are numbered on beyond their end, where the first one follows the last.
#[derive(Debug)]
pub(super) struct Frames {
    memory: NonNull<u8>,
    /// Octets of each, a power of two.
    pub(super) size: usize,
    /// How many, a power of two.
    pub(super) count: usize,
}

// SAFETY: the mapping belongs to this value alone, and nothing in it depends on the thread.
unsafe impl Send for Frames {}

impl Frames {
    /// Gives a socket that does nothing yet a ring (`PACKET_RX_RING` or `PACKET_TX_RING`) for frames of up to `longest`
    /// octets with everything before them, with `bytes` for all.
    pub(super) fn map(socket: BorrowedFd<'_>, ring: i32, longest: usize, bytes: usize) -> io::Result<Self> {
        // With a whole number of frames in a block there are no gaps between blocks.
        let size = longest.next_power_of_two();
        let block = size.max(BLOCK);
        // A power of two too, so that a place is found without a division.
        let blocks = 1 << (bytes / block).max(1).ilog2();
        let count = blocks * (block / size);
        let number = |value: usize| u32::try_from(value).map_err(io::Error::other);
        let request = libc::tpacket_req {
            tp_block_size: number(block)?,
            tp_block_nr: number(blocks)?,
            tp_frame_size: number(size)?,
            tp_frame_nr: number(count)?,
        };
        super::set(socket, ring, &request)?;
        // SAFETY: a new mapping of a socket, at a place that the kernel chooses.
        let memory = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                size * count,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { memory, size, count })
    }

    /// Whose a frame is.
    pub(super) fn status(&self, number: usize) -> &AtomicU32 {
        #[expect(
            clippy::cast_ptr_alignment,
            reason = "frames begin at multiples of their size, a power of two"
        )]
        let status = self.place(number).cast::<u32>();
        // SAFETY: every frame begins with its status, aligned, which both sides access atomically only.
        unsafe { AtomicU32::from_ptr(status) }
    }

    /// Where a frame begins.
    pub(super) fn place(&self, number: usize) -> *mut u8 {
        // SAFETY: what is left of the number is below that of the frames, a power of two.
        unsafe { self.memory.as_ptr().add((number & (self.count - 1)) * self.size) }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing borrows from it.
        let _ = unsafe { libc::munmap(self.memory.as_ptr().cast(), self.size * self.count) };
    }
}

/// `struct tpacket2_hdr`
pub(super) const HEADER: usize = 32;
/// At least a page; the kernel need not find more of them side by side.
const BLOCK: usize = 1 << 16;
