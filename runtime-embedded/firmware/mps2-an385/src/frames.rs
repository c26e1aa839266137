//! The second serial line, for the log as frames of defmt. What is said before and beside the log stays text on the first.

use core::cell::UnsafeCell;

use defmt::Encoder;

#[defmt::global_logger]
struct Frames;

/// What is between two frames.
struct Place(UnsafeCell<Encoder>);

// SAFETY: interrupts stay masked for good and there is one processor, so nobody is ever interrupted in here.
unsafe impl Sync for Place {}

static PLACE: Place = Place(UnsafeCell::new(Encoder::new()));

// SAFETY: the same; and no frame begins within another, since what the program logs logs nothing itself.
unsafe impl defmt::Logger for Frames {
    fn acquire() {
        // SAFETY: as above, this is the only reference.
        unsafe { &mut *PLACE.0.get() }.start_frame(send);
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: as above.
        unsafe { &mut *PLACE.0.get() }.end_frame(send);
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: as above.
        unsafe { &mut *PLACE.0.get() }.write(bytes, send);
    }
}

/// Puts bytes on the line: CMSDK UART1, which is told how on the way.
fn send(bytes: &[u8]) {
    // SAFETY: BAUDDIV (at least 16), CTRL (transmit), STATE (bit 0: full) and DATA.
    unsafe {
        ((UART + 0x10) as *mut u32).write_volatile(217);
        ((UART + 0x08) as *mut u32).write_volatile(1);
        for byte in bytes {
            while ((UART + 0x04) as *const u32).read_volatile() & 1 != 0 {}
            (UART as *mut u32).write_volatile(u32::from(*byte));
        }
    }
}

const UART: usize = 0x4000_5000;
