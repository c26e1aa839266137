//! The end: what went wrong is said, and the machine stops rather than hang.

use core::fmt::Write;
use core::panic::PanicInfo;

use cortex_m_rt::ExceptionFrame;
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};

use crate::board::Uart;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // The serial line takes everything.
    let _ = writeln!(Uart, "{info}");
    stop(EXIT_FAILURE)
}

#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    let _ = writeln!(Uart, "hard fault at {:#010x}, called from {:#010x}", frame.pc(), frame.lr());
    stop(EXIT_FAILURE)
}

/// The end that was asked for.
pub fn finish() -> ! {
    stop(EXIT_SUCCESS)
}

/// Under a debugger or in QEMU the status goes to whoever started it.
fn stop(status: cortex_m_semihosting::debug::ExitStatus) -> ! {
    loop {
        exit(status);
        cortex_m::asm::wfi();
    }
}
