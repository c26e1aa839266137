//! The end: what went wrong is said, and the machine stops rather than hang.

use core::arch::asm;
use core::fmt::Write;
use core::panic::PanicInfo;

use crate::serial::Serial;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // The serial line takes everything.
    let _ = writeln!(Serial, "{info}");
    stop(1)
}

/// From `start.s`: the processor gave up on an instruction.
#[unsafe(no_mangle)]
extern "C" fn fault(syndrome: u64, at: u64, address: u64) -> ! {
    let _ = writeln!(Serial, "fault {syndrome:#010x} at {at:#018x}, address {address:#018x}");
    stop(1)
}

/// The end that was asked for.
pub(crate) fn finish() -> ! {
    stop(0)
}

/// Under a debugger or in QEMU the status goes to whoever started it (semihosting: `SYS_EXIT`, an application's end).
fn stop(status: u64) -> ! {
    let reason = [0x2_0026, status];
    loop {
        // SAFETY: whoever answers the call reads these two words; where nobody does, the processor faults and comes here again.
        unsafe { asm!("hlt #0xf000", in("w0") 0x18, in("x1") reason.as_ptr()) };
    }
}
