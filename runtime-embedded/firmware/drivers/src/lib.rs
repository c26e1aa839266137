#![no_std]
#![deny(unsafe_code)]
//! Network drivers that see their hardware through a trait, so that a test on the host can be the hardware.

pub mod lan9118;
#[cfg(feature = "virtio")]
#[expect(unsafe_code, reason = "frames are shared with a device that reads and writes memory by itself")]
pub mod virtio;

pub use lan9118::Lan9118;
#[cfg(feature = "virtio")]
pub use virtio::VirtioNet;

/// The registers of a device, 32 bits wide, by their offset in bytes.
pub trait Registers {
    /// Reads one; many change by it.
    fn read(&mut self, offset: usize) -> u32;

    /// Writes one.
    fn write(&mut self, offset: usize, value: u32);
}
