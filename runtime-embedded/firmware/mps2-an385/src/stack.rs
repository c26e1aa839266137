//! How deep the stack has been.

use core::ptr::addr_of;

unsafe extern "C" {
    /// The end of what is not stack, from the linker.
    static __sheap: u32;
    /// Where the stack begins and grows down from.
    static _stack_start: u32;
}

/// Fills what is not in use yet with a pattern.
#[inline(never)]
pub fn paint() {
    let here = cortex_m::register::msp::read() as usize - MARGIN;
    let mut at = addr_of!(__sheap) as usize;
    while at < here {
        // SAFETY: between the end of all statics and the stack pointer nothing is in use.
        unsafe { (at as *mut u32).write_volatile(PATTERN) };
        at += 4;
    }
}

/// The most bytes that were ever in use.
pub fn deepest() -> usize {
    let end = addr_of!(_stack_start) as usize;
    let mut at = addr_of!(__sheap) as usize;
    // SAFETY: reading RAM; the stack's end bounds it.
    while at < end && unsafe { (at as *const u32).read_volatile() } == PATTERN {
        at += 4;
    }
    end - at
}

const PATTERN: u32 = 0x5afe_57ac;
/// What this function itself may have below its stack pointer.
const MARGIN: usize = 64;
