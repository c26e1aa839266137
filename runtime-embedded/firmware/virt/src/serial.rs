//! The serial line: an ARM PL011.

use core::fmt;

/// The line. It needs no setting up on this machine.
#[derive(Clone, Copy)]
pub(crate) struct Serial;

impl Serial {
    /// A byte that has come.
    pub(crate) fn read(self) -> Option<u8> {
        // SAFETY: the flags (bit 4: nothing has come) and the data of the UART.
        unsafe { ((BASE + 0x18) as *const u32).read_volatile() & 1 << 4 == 0 }.then(|| {
            // SAFETY: as above.
            let [byte, ..] = unsafe { (BASE as *const u32).read_volatile() }.to_le_bytes();
            byte
        })
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the flags (bit 5: full) and the data of the same UART.
            unsafe {
                while ((BASE + 0x18) as *const u32).read_volatile() & 1 << 5 != 0 {}
                (BASE as *mut u32).write_volatile(u32::from(byte));
            }
        }
        Ok(())
    }
}

const BASE: usize = 0x0900_0000;
