//! SMSC LAN9118, a 10/100 Ethernet controller with FIFOs and no DMA.

use core::cell::{Cell, RefCell};

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::Registers;

/// The controller. It keeps no frame: one is on the stack while it goes through the FIFO.
pub struct Lan9118<R> {
    registers: RefCell<R>,
    counters: Cell<Counters>,
    /// Words of a frame that was announced and not read.
    unread: Cell<usize>,
}

/// What the controller met with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames received with an error, which were thrown away.
    pub damaged: u32,
    /// Frames received that were longer than any should be.
    pub oversized: u32,
    /// Frames that the transmitter reported an error for.
    pub unsent: u32,
}

/// Why there is no controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The byte order or the bus is wrong: the test register reads this.
    ByteOrder(u32),
    /// Another chip: its identification reads this.
    Chip(u32),
    /// It did not come out of reset.
    Reset,
}

impl<R: Registers> Lan9118<R> {
    /// Resets the controller, lets through frames for its own address, broadcast and whatever falls into `bins` (the [`bin`]s of what
    /// `Config::link_addresses` says, for a router), and begins. The reset starts its clock at zero.
    pub fn new(mut registers: R, bins: impl FnOnce([u8; 6]) -> u64) -> Result<Self, Error> {
        let test = registers.read(register::BYTE_TEST);
        if test != 0x8765_4321 {
            return Err(Error::ByteOrder(test));
        }
        let chip = registers.read(register::ID_REV);
        if chip >> 16 != 0x0118 {
            return Err(Error::Chip(chip));
        }
        registers.write(register::HW_CFG, 1);
        let mut patience = PATIENCE;
        while registers.read(register::HW_CFG) & 1 != 0 {
            patience -= 1;
            if patience == 0 {
                return Err(Error::Reset);
            }
        }
        let mut driver =
            Self { registers: RefCell::new(registers), counters: Cell::default(), unread: Cell::new(0) };
        let bins = bins(driver.mac());
        driver.begin(bins);
        Ok(driver)
    }

    fn begin(&mut self, bins: u64) {
        // Two bytes before each frame put its IP header on a word boundary.
        self.registers.get_mut().write(register::RX_CFG, 2 << 8);
        // An interrupt as soon as one frame has come; the line active high and driven.
        self.registers.get_mut().write(register::FIFO_INT, 0);
        self.registers.get_mut().write(register::IRQ_CFG, 0x111);
        self.registers.get_mut().write(register::INT_EN, 0);
        self.registers.get_mut().write(register::TX_CFG, TX_ON);
        let bins = bins | bin(self.mac());
        let [low, high] =
            [bins & 0xffff_ffff, bins >> 32].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
        self.write_mac(mac_register::HASHL, low);
        self.write_mac(mac_register::HASHH, high);
        self.write_mac(mac_register::MAC_CR, HASH_ONLY | HASH_MULTICAST | TX_ENABLE | RX_ENABLE);
    }

    /// The address that it was given.
    pub fn mac(&mut self) -> [u8; 6] {
        let low = self.read_mac(mac_register::ADDRL).to_le_bytes();
        let high = self.read_mac(mac_register::ADDRH).to_le_bytes();
        [low[0], low[1], low[2], low[3], high[0], high[1]]
    }

    /// A counter of 25 MHz that wraps every 171 seconds.
    pub fn free_run(&mut self) -> u32 {
        self.registers.get_mut().read(register::FREE_RUN)
    }

    /// Whether the cable is plugged in and the other end is there.
    pub fn link_is_up(&mut self) -> bool {
        // The bit latches low: the first reading may tell of an outage that is over.
        let _ = self.read_phy(PHY_STATUS);
        self.read_phy(PHY_STATUS) & PHY_LINK != 0
    }

    /// Asks for an interrupt with the next frame.
    pub fn arm(&mut self) {
        self.registers.get_mut().write(register::INT_STS, u32::MAX);
        self.registers.get_mut().write(register::INT_EN, RX_STATUS_LEVEL);
    }

    /// Asks for no interrupt.
    pub fn disarm(&mut self) {
        self.registers.get_mut().write(register::INT_EN, 0);
        self.registers.get_mut().write(register::INT_STS, u32::MAX);
    }

    /// Whether a frame waits.
    pub fn has_frame(&mut self) -> bool {
        (self.registers.get_mut().read(register::RX_FIFO_INF) >> 16) & 0xff != 0
    }

    /// What it met with so far.
    pub fn counters(&self) -> Counters {
        self.counters.get()
    }

    /// The registers, for a test that plays the hardware.
    pub fn registers(&mut self) -> &mut R {
        self.registers.get_mut()
    }

    /// Announces the next good frame: its length without the checksum. Others are thrown away.
    fn announce(&mut self) -> Option<usize> {
        self.skip(self.unread.get());
        self.unread.set(0);
        while self.has_frame() {
            let status = self.registers.get_mut().read(register::RX_STATUS);
            let length = usize::try_from((status >> 16) & 0x3fff).unwrap_or(0);
            let payload = length.saturating_sub(CHECKSUM);
            let is_damaged = status & RX_ERROR != 0;
            if !is_damaged && (SHORTEST..=LONGEST).contains(&payload) {
                self.unread.set(words(length));
                return Some(payload);
            }
            let counters = self.counters.get_mut();
            counters.damaged += u32::from(is_damaged);
            counters.oversized += u32::from(payload > LONGEST);
            self.skip(words(length));
        }
        None
    }

    /// Skipping by `RX_DP_CTRL` is not the same on all that call themselves LAN9118; reading always is.
    fn skip(&mut self, words: usize) {
        for _ in 0..words {
            self.registers.get_mut().read(register::RX_DATA);
        }
    }

    /// Puts a frame into the FIFO, which has room for it.
    fn send(&self, frame: &[u8]) {
        let mut registers = self.registers.borrow_mut();
        // A status that nobody takes fills its FIFO, and then the transmitter stops.
        while (registers.read(register::TX_FIFO_INF) >> 16) & 0xff != 0 {
            let is_unsent = registers.read(register::TX_STATUS) & TX_ERROR != 0;
            let counters = self.counters.get();
            self.counters.set(Counters { unsent: counters.unsent + u32::from(is_unsent), ..counters });
        }
        let length = u32::try_from(frame.len()).unwrap_or(0);
        registers.write(register::TX_DATA, TX_FIRST | TX_LAST | length);
        registers.write(register::TX_DATA, length << 16 | length);
        for word in frame.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            registers.write(register::TX_DATA, u32::from_le_bytes(bytes));
        }
    }

    fn read_mac(&mut self, index: u32) -> u32 {
        self.registers.get_mut().write(register::MAC_CSR_CMD, MAC_BUSY | MAC_READ | index);
        self.await_mac();
        self.registers.get_mut().read(register::MAC_CSR_DATA)
    }

    fn write_mac(&mut self, index: u32, value: u32) {
        self.registers.get_mut().write(register::MAC_CSR_DATA, value);
        self.registers.get_mut().write(register::MAC_CSR_CMD, MAC_BUSY | index);
        self.await_mac();
    }

    fn read_phy(&mut self, index: u32) -> u32 {
        self.write_mac(mac_register::MII_ACC, PHY_ADDRESS << 11 | index << 6 | MII_BUSY);
        let mut patience = PATIENCE;
        while self.read_mac(mac_register::MII_ACC) & MII_BUSY != 0 && patience > 0 {
            patience -= 1;
        }
        self.read_mac(mac_register::MII_DATA)
    }

    fn await_mac(&mut self) {
        let mut patience = PATIENCE;
        while self.registers.get_mut().read(register::MAC_CSR_CMD) & MAC_BUSY != 0 && patience > 0 {
            patience -= 1;
        }
    }
}

impl<R: Registers> Device for Lan9118<R> {
    type RxToken<'a>
        = RxToken<'a, R>
    where
        Self: 'a;
    type TxToken<'a>
        = TxToken<'a, R>
    where
        Self: 'a;

    fn receive(&mut self, _: Instant) -> Option<(RxToken<'_, R>, TxToken<'_, R>)> {
        let length = self.announce()?;
        Some((RxToken { driver: self, length }, TxToken(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxToken<'_, R>> {
        // Room for the longest frame and its two commands.
        let room = self.registers.get_mut().read(register::TX_FIFO_INF) & 0xffff;
        (room >= 1514 + 12).then_some(TxToken(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = LONGEST;
        capabilities
    }
}

/// A received frame, still in the FIFO.
pub struct RxToken<'a, R> {
    driver: &'a Lan9118<R>,
    length: usize,
}

impl<R: Registers> phy::RxToken for RxToken<'_, R> {
    fn consume<T, F: FnOnce(&[u8]) -> T>(self, f: F) -> T {
        let mut frame = [0; LONGEST];
        {
            let mut registers = self.driver.registers.borrow_mut();
            for word in 0..self.driver.unread.replace(0) {
                let bytes = registers.read(register::RX_DATA).to_le_bytes();
                for (position, byte) in (word * 4..).zip(bytes) {
                    // The two bytes of padding come first, the checksum last.
                    if let Some(place) = position.checked_sub(2).and_then(|at| frame.get_mut(at)) {
                        *place = byte;
                    }
                }
            }
        }
        f(&frame[..self.length.min(LONGEST)])
    }
}

/// Room for a frame to send.
pub struct TxToken<'a, R>(&'a Lan9118<R>);

impl<R: Registers> phy::TxToken for TxToken<'_, R> {
    // Never part of its caller: a stack has room for one frame that goes out, not for one in each function on the way.
    #[inline(never)]
    fn consume<T, F: FnOnce(&mut [u8]) -> T>(self, length: usize, f: F) -> T {
        // smoltcp asks for no more than `max_transmission_unit`.
        let length = length.min(LONGEST);
        let mut buffer = [0; LONGEST];
        let frame = &mut buffer[..length];
        let result = f(frame);
        self.0.send(frame);
        result
    }
}

/// Words in the FIFO of a frame with its checksum, and the two bytes before it.
const fn words(length: usize) -> usize {
    (2 + length).div_ceil(4)
}

/// The bin of the 64 in the address filter that a link address falls into: the upper six bits of its Ethernet CRC.
pub fn bin(mac: [u8; 6]) -> u64 {
    let mut crc = u32::MAX;
    for byte in mac {
        for bit in 0..8 {
            let carry = crc >> 31 ^ u32::from(byte >> bit & 1);
            crc <<= 1;
            if carry != 0 {
                crc ^= 0x04c1_1db7;
            }
        }
    }
    1 << (crc >> 26)
}

mod register {
    pub(super) const RX_DATA: usize = 0x00;
    pub(super) const TX_DATA: usize = 0x20;
    pub(super) const RX_STATUS: usize = 0x40;
    pub(super) const TX_STATUS: usize = 0x48;
    pub(super) const ID_REV: usize = 0x50;
    pub(super) const IRQ_CFG: usize = 0x54;
    pub(super) const INT_STS: usize = 0x58;
    pub(super) const INT_EN: usize = 0x5c;
    pub(super) const BYTE_TEST: usize = 0x64;
    pub(super) const FIFO_INT: usize = 0x68;
    pub(super) const RX_CFG: usize = 0x6c;
    pub(super) const TX_CFG: usize = 0x70;
    pub(super) const HW_CFG: usize = 0x74;
    pub(super) const RX_FIFO_INF: usize = 0x7c;
    pub(super) const TX_FIFO_INF: usize = 0x80;
    pub(super) const FREE_RUN: usize = 0x9c;
    pub(super) const MAC_CSR_CMD: usize = 0xa4;
    pub(super) const MAC_CSR_DATA: usize = 0xa8;
}

mod mac_register {
    pub(super) const MAC_CR: u32 = 1;
    pub(super) const ADDRH: u32 = 2;
    pub(super) const ADDRL: u32 = 3;
    pub(super) const HASHH: u32 = 4;
    pub(super) const HASHL: u32 = 5;
    pub(super) const MII_ACC: u32 = 6;
    pub(super) const MII_DATA: u32 = 7;
}

const LONGEST: usize = 1514;
const SHORTEST: usize = 14;
/// Bytes of the checksum at the end of a frame.
const CHECKSUM: usize = 4;
const RX_ERROR: u32 = 1 << 15;
const TX_ERROR: u32 = 1 << 15;
const TX_ON: u32 = 1 << 1;
const TX_FIRST: u32 = 1 << 13;
const TX_LAST: u32 = 1 << 12;
const RX_STATUS_LEVEL: u32 = 1 << 3;
const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
const RX_ENABLE: u32 = 1 << 2;
const TX_ENABLE: u32 = 1 << 3;
const HASH_MULTICAST: u32 = 1 << 13;
const HASH_ONLY: u32 = 1 << 15;
const MII_BUSY: u32 = 1;
const PHY_ADDRESS: u32 = 1;
const PHY_STATUS: u32 = 1;
const PHY_LINK: u32 = 1 << 2;
/// Readings of a busy bit before it is given up: far more than any real chip needs.
const PATIENCE: u32 = 100_000;
