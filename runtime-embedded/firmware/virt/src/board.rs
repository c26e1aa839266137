//! The machine: where its devices are, its clock, and how it sleeps.

use core::arch::asm;
use core::ptr::{NonNull, addr_of_mut};
use core::time::Duration;

use application::Board;
use drivers::VirtioNet;
use drivers::virtio::Buffers;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::transport::{DeviceType, Transport};

use crate::memory::Pages;
use crate::serial::Serial;

/// A network port.
pub(crate) type Port = VirtioNet<Pages, MmioTransport<'static>>;

/// The machine's clock and interrupts.
pub(crate) struct Virt {
    /// Ticks of the counter in a second.
    frequency: u64,
    /// In which slots the network devices are.
    slots: [usize; PORTS],
}

impl Virt {
    /// Finds the network devices and starts them. Interrupts stay masked for good: a pending one wakes the processor, and
    /// is looked at by the loop.
    pub(crate) fn take() -> (Self, [Port; PORTS]) {
        let frequency: u64;
        // SAFETY: reading a register.
        unsafe { asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nomem, nostack)) };
        let mut slots = [usize::MAX; PORTS];
        // The device that was named last on the command line has the lowest slot. Port 0 is to be the first named.
        let mut found = (0..SLOTS).rev().filter_map(|slot| Some((slot, transport(slot)?)));
        // SAFETY: this is called once, so these are the only references to them.
        let mut memory = unsafe { &mut *addr_of_mut!(BUFFERS) }.iter_mut();
        let ports = core::array::from_fn(|port| {
            let (slot, transport) = found.next().expect("the machine has two virtio network devices");
            slots[port] = slot;
            let buffers = memory.next().expect("there is memory for each port");
            VirtioNet::new(transport, buffers).expect("the device starts")
        });
        let machine = Self { frequency, slots };
        machine.route_interrupts();
        (machine, ports)
    }

    /// The interrupt controller (a GICv2) hands those of the timer and of the ports to the processor.
    fn route_interrupts(&self) {
        for interrupt in self.slots.map(|slot| FIRST_SLOT + slot).into_iter().chain([TIMER]) {
            // SAFETY: GICD_ISENABLER and, a byte for each interrupt, GICD_ITARGETSR.
            unsafe {
                ((DISTRIBUTOR + 0x100 + interrupt / 32 * 4) as *mut u32)
                    .write_volatile(1 << (interrupt % 32));
                ((DISTRIBUTOR + 0x800 + interrupt) as *mut u8).write_volatile(1);
            }
        }
        // SAFETY: GICD_CTLR, and GICC_PMR and GICC_CTLR: all priorities, on.
        unsafe {
            (DISTRIBUTOR as *mut u32).write_volatile(1);
            ((INTERFACE + 0x04) as *mut u32).write_volatile(0xff);
            (INTERFACE as *mut u32).write_volatile(1);
        }
    }
}

impl Board for Virt {
    type Device = Port;

    fn now(&mut self) -> Duration {
        let count: u64;
        // SAFETY: reading a register.
        unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) count, options(nomem, nostack)) };
        let nanoseconds = u128::from(count) * 1_000_000_000 / u128::from(self.frequency);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    fn link_is_up(&mut self, port: usize, device: &mut Port) -> bool {
        device.acknowledge();
        // SAFETY: `status` in the configuration of a network device (virtio §5.1.4), which every QEMU has.
        let status = unsafe { ((slot(self.slots[port]) + 0x106) as *const u16).read_volatile() };
        status & 1 != 0
    }

    fn is_asked_to_stop(&mut self) -> bool {
        Serial.read() == Some(b'q')
    }

    fn sleep<'d>(&mut self, _: impl Iterator<Item = &'d mut Port>, wait: Option<Duration>) {
        let wait = wait.unwrap_or(LONGEST_NAP).min(LONGEST_NAP);
        let ticks = wait.as_nanos() * u128::from(self.frequency) / 1_000_000_000;
        let ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
        // SAFETY: the virtual timer fires in so many ticks; a pending interrupt, of a port too, ends the wait though it is
        // masked. It is taken from the controller once: as long as a line is asserted, it would come again and again.
        unsafe {
            asm!("msr cntv_tval_el0, {ticks}", "msr cntv_ctl_el0, {on}", "isb", "wfi", "msr cntv_ctl_el0, xzr", "isb",
                ticks = in(reg) ticks.min(LONGEST_TIMER), on = in(reg) 1_u64, options(nostack));
            let interrupt = ((INTERFACE + 0x0c) as *const u32).read_volatile();
            ((INTERFACE + 0x10) as *mut u32).write_volatile(interrupt);
        }
    }
}

/// The device in this slot, if it is a network device.
fn transport(number: usize) -> Option<MmioTransport<'static>> {
    let header = NonNull::new(slot(number) as *mut VirtIOHeader)?;
    // SAFETY: all slots have these registers, whether something is in them or not.
    let transport = unsafe { MmioTransport::new(header, SLOT) }.ok()?;
    (transport.device_type() == DeviceType::Network).then_some(transport)
}

fn slot(number: usize) -> usize {
    VIRTIO + number * SLOT
}

static mut BUFFERS: [Buffers; PORTS] = [const { Buffers::new() }; PORTS];

pub(crate) const PORTS: usize = 2;
const VIRTIO: usize = 0x0a00_0000;
const SLOT: usize = 0x200;
const SLOTS: usize = 32;
const DISTRIBUTOR: usize = 0x0800_0000;
const INTERFACE: usize = 0x0801_0000;
/// The virtual timer's interrupt.
const TIMER: usize = 27;
/// The interrupt of the first virtio slot.
const FIRST_SLOT: usize = 48;
const LONGEST_NAP: Duration = Duration::from_secs(1);
/// The timer's value is 32 bits and signed.
const LONGEST_TIMER: u64 = 0x7fff_ffff;
