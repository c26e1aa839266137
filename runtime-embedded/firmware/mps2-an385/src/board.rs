//! The board: where its devices are, and how it sleeps.

use core::fmt;
use core::time::Duration;

use application::Console;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB, SYST};
use drivers::{Lan9118, Registers};

use crate::stack;

/// The processor's own devices.
pub struct Board {
    systick: SYST,
    clock: Clock,
    /// The most stack that was used, in bytes, and when to look again.
    deepest: (usize, Duration),
}

impl Board {
    /// Takes the board over. Interrupts stay masked for good: a pending one wakes the processor, and is looked at by the
    /// loop.
    pub fn take() -> Self {
        cortex_m::interrupt::disable();
        let mut core = cortex_m::Peripherals::take().expect("it is taken once");
        core.SYST.set_clock_source(SystClkSource::Core);
        Uart::begin();
        // SAFETY: no handler runs while interrupts are masked.
        unsafe { NVIC::unmask(Interrupt::Ethernet) };
        Self { systick: core.SYST, clock: Clock::default(), deepest: (0, Duration::ZERO) }
    }

    /// Which of the boards of a site this is: the lowest bit of the MAC that it was given.
    pub fn strap(&mut self) -> u8 {
        let mut nic = Nic;
        // MAC_CSR_CMD: busy, read, ADDRH; the reset has loaded it from the EEPROM.
        nic.write(0xa4, 1 << 31 | 1 << 30 | 2);
        while nic.read(0xa4) & 1 << 31 != 0 {}
        nic.read(0xa8).to_le_bytes()[1] & 1
    }

    /// Whether a `q` has come over the serial line.
    pub fn is_asked_to_stop(&self) -> bool {
        // SAFETY: STATE (bit 1: a byte has come) and DATA of the UART.
        unsafe {
            ((UART + 0x04) as *const u32).read_volatile() & 2 != 0
                && (UART as *const u32).read_volatile() == 113
        }
    }

    /// Sleeps until a frame comes or about this long; a little less than asked for is never slept too much.
    pub fn sleep(&mut self, nic: &mut Lan9118<Nic>, wait: Option<Duration>) {
        let cycles = wait.map_or(LONGEST_NAP, |wait| wait.as_micros().saturating_mul(25));
        let cycles = u32::try_from(cycles.min(LONGEST_NAP)).unwrap_or(LONGEST_CYCLES);
        if cycles < SHORTEST_NAP {
            return;
        }
        nic.arm();
        self.systick.set_reload(cycles);
        self.systick.clear_current();
        self.systick.enable_interrupt();
        self.systick.enable_counter();
        if !nic.has_frame() {
            cortex_m::asm::wfi();
        }
        self.systick.disable_counter();
        self.systick.disable_interrupt();
        nic.disarm();
        SCB::clear_pendst();
        NVIC::unpend(Interrupt::Ethernet);
    }
}

impl application::Board for Board {
    type Device = Lan9118<Nic>;

    fn now(&mut self) -> Duration {
        self.clock.now(Nic.read(FREE_RUN))
    }

    fn link_is_up(&mut self, _: usize, device: &mut Self::Device) -> bool {
        device.link_is_up()
    }

    fn is_asked_to_stop(&mut self) -> bool {
        Self::is_asked_to_stop(self)
    }

    fn sleep<'d>(&mut self, mut devices: impl Iterator<Item = &'d mut Self::Device>, wait: Option<Duration>) {
        let now = application::Board::now(self);
        let (deepest, look_at) = self.deepest;
        if now >= look_at {
            let depth = stack::deepest();
            if depth > deepest {
                Console(Uart).line(now, format_args!("stack: {depth} bytes"));
            }
            self.deepest = (depth, now.saturating_add(BETWEEN_LOOKS));
        }
        if let Some(device) = devices.next() {
            Self::sleep(self, device, wait);
        }
    }
}

/// Time from a 25 MHz counter of 32 bits, which must be read at least every 171 seconds.
#[derive(Default)]
pub struct Clock {
    last: u32,
    wraps: u64,
}

impl Clock {
    /// The time at which the counter says this.
    pub fn now(&mut self, counter: u32) -> Duration {
        if counter < self.last {
            self.wraps += 1;
        }
        self.last = counter;
        let ticks = self.wraps << 32 | u64::from(counter);
        Duration::from_nanos(ticks.saturating_mul(40))
    }
}

/// The registers of the network controller.
pub struct Nic;

impl Registers for Nic {
    fn read(&mut self, offset: usize) -> u32 {
        // SAFETY: the controller's registers lie here on this board, and nothing else does.
        unsafe { ((ETHERNET + offset) as *const u32).read_volatile() }
    }

    fn write(&mut self, offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { ((ETHERNET + offset) as *mut u32).write_volatile(value) }
    }
}

/// The serial line.
#[derive(Clone, Copy)]
pub struct Uart;

impl Uart {
    fn begin() {
        // SAFETY: CMSDK UART0 lies here: BAUDDIV (at least 16) and CTRL (transmit and receive).
        unsafe {
            ((UART + 0x10) as *mut u32).write_volatile(217);
            ((UART + 0x08) as *mut u32).write_volatile(3);
        }
    }
}

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: STATE (bit 0: full) and DATA of the same UART.
            unsafe {
                while ((UART + 0x04) as *const u32).read_volatile() & 1 != 0 {}
                (UART as *mut u32).write_volatile(u32::from(byte));
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Interrupt {
    Ethernet,
}

// SAFETY: the controller's line is number 13 on this board.
unsafe impl cortex_m::interrupt::InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        match self {
            Self::Ethernet => 13,
        }
    }
}

/// The register of the network controller's clock.
const FREE_RUN: usize = 0x9c;
/// The stack is looked through this often.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const ETHERNET: usize = 0x4020_0000;
const UART: usize = 0x4000_4000;
/// `SysTick` has 24 bits.
const LONGEST_CYCLES: u32 = 0x00ff_ffff;
const LONGEST_NAP: u128 = LONGEST_CYCLES as u128;
/// Not worth the trouble: 20 µs.
const SHORTEST_NAP: u32 = 500;
