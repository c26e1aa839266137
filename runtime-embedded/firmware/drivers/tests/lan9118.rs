//! The driver against a model of the chip at the level of its registers.

use std::collections::VecDeque;

use drivers::lan9118::{Error, bin};
use drivers::{Lan9118, Registers};
use smoltcp::phy::{Device, RxToken, TxToken};
use smoltcp::time::Instant;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const NOW: Instant = Instant::ZERO;

/// What the data sheet says of the parts that the driver uses. Frames pass the filter as on the chip.
#[derive(Default)]
struct Chip {
    identification: u32,
    is_reset: bool,
    data: VecDeque<u32>,
    statuses: VecDeque<u32>,
    sent: Vec<Vec<u8>>,
    sending: Option<(usize, Vec<u8>)>,
    command: Option<u32>,
    tx_statuses: u32,
    is_full: bool,
    rx_config: u32,
    mac_registers: [u32; 16],
    mac_data: u32,
    interrupts: u32,
    link: u32,
}

impl Chip {
    fn new() -> Self {
        Self { identification: 0x0118_0001, link: 4, ..Self::default() }
    }

    /// A frame comes from the wire, without its checksum.
    fn hear(&mut self, frame: &[u8], error: bool) -> bool {
        let to: [u8; 6] = frame[..6].try_into().expect("an address");
        let bins = u64::from(self.mac_registers[4]) << 32 | u64::from(self.mac_registers[5]);
        let is_wanted = to == [0xff; 6] || bins & bin(to) != 0;
        if self.mac_registers[1] & 4 == 0 || !is_wanted {
            return false;
        }
        let padding = usize::try_from(self.rx_config >> 8 & 0x1f).expect("small");
        let mut bytes = vec![0xaa; padding];
        bytes.extend(frame);
        bytes.extend([0xcc; 4]);
        let length = u32::try_from(frame.len() + 4).expect("short");
        bytes.resize(bytes.len().next_multiple_of(4), 0xbb);
        self.data.extend(bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four"))));
        self.statuses.push_back(length << 16 | u32::from(error) << 15);
        true
    }
}

impl Registers for Chip {
    fn read(&mut self, offset: usize) -> u32 {
        match offset {
            0x00 => self.data.pop_front().expect("the driver reads no more than there is"),
            0x40 => self.statuses.pop_front().expect("the driver asks first"),
            0x48 => {
                self.tx_statuses -= 1;
                0
            }
            0x50 => self.identification,
            0x64 => 0x8765_4321,
            0x74 => 0x0005_0000,
            0x7c => u32::try_from(self.statuses.len()).expect("few") << 16,
            0x80 => self.tx_statuses << 16 | if self.is_full { 100 } else { 4608 },
            0x9c => 25_000_000,
            0xa4 => 0,
            0xa8 => self.mac_data,
            other => panic!("read of {other:#x}"),
        }
    }

    fn write(&mut self, offset: usize, value: u32) {
        match offset {
            0x20 => self.transmit(value),
            0x58 => {}
            0x5c => self.interrupts = value,
            0x6c => self.rx_config = value,
            0x74 => {
                assert_eq!(value & 1, 1);
                self.is_reset = true;
                // The address comes from the EEPROM.
                self.mac_registers[2] = 0x0100;
                self.mac_registers[3] = 0x0000_0002;
                self.mac_registers[1] = 1 << 18;
            }
            0x54 => assert_eq!(value, 0x111),
            0x68 => assert_eq!(value, 0),
            0x70 => assert_eq!(value, 2),
            0xa8 => self.mac_data = value,
            0xa4 => {
                assert!(value & 1 << 31 != 0, "a command without its busy bit does nothing");
                let index = usize::try_from(value & 0xf).expect("small");
                if value & 1 << 30 != 0 {
                    self.mac_data = self.mac_registers[index];
                } else {
                    self.mac_registers[index] = self.mac_data;
                    if index == 6 {
                        assert_eq!(self.mac_data, 1 << 11 | 1 << 6 | 1, "PHY 1, register 1");
                        self.mac_registers[6] &= !1;
                        self.mac_registers[7] = self.link;
                    }
                }
            }
            other => panic!("write of {other:#x}"),
        }
    }
}

impl Chip {
    fn transmit(&mut self, value: u32) {
        match (&mut self.sending, self.command.take()) {
            (Some((length, bytes)), _) => {
                bytes.extend(value.to_le_bytes());
                if bytes.len() >= *length {
                    bytes.truncate(*length);
                    self.sent.push(std::mem::take(bytes));
                    self.tx_statuses += 1;
                    self.sending = None;
                }
            }
            (None, None) => {
                assert_eq!(value & 3 << 12, 3 << 12, "first and last segment");
                self.command = Some(value);
            }
            (None, Some(first)) => {
                assert_eq!(first & 0x7ff, value & 0x7ff, "both commands give the length");
                self.sending = Some((usize::try_from(value & 0x7ff).expect("small"), Vec::new()));
            }
        }
    }
}

fn driver() -> Lan9118<Chip> {
    Lan9118::new(Chip::new(), |own| {
        assert_eq!(own, MAC);
        bin([0, 0, 0x5e, 0, 1, 51]) | bin([1, 0, 0x5e, 0, 0, 18])
    })
    .unwrap_or_else(|error| panic!("{error:?}"))
}

fn receive(driver: &mut Lan9118<Chip>) -> Option<Vec<u8>> {
    driver.receive(NOW).map(|(token, _)| token.consume(<[u8]>::to_vec))
}

fn frame(to: [u8; 6], length: usize) -> Vec<u8> {
    let body = (6..length).map(|at| u8::try_from(at % 251).expect("a byte"));
    to.into_iter().chain(body).collect()
}

#[test]
fn frames_of_every_length_come_out_as_they_came_in() {
    let mut driver = driver();
    for length in [14, 15, 16, 17, 42, 60, 61, 1513, 1514] {
        let frame = frame(MAC, length);
        assert!(driver.registers().hear(&frame, false));
        assert_eq!(receive(&mut driver), Some(frame));
        assert_eq!(receive(&mut driver), None);
        assert!(driver.registers().data.is_empty(), "nothing is left in the FIFO");
    }
}

#[test]
fn damaged_and_oversized_frames_are_thrown_away_and_counted_and_the_next_is_whole() {
    let mut driver = driver();
    let good = frame(MAC, 100);
    driver.registers().hear(&frame(MAC, 333), true);
    driver.registers().hear(&frame(MAC, 1600), false);
    driver.registers().hear(&frame(MAC, 2047), false);
    driver.registers().hear(&good, false);
    assert_eq!(receive(&mut driver), Some(good));
    assert_eq!((driver.counters().damaged, driver.counters().oversized), (1, 2));
}

#[test]
fn a_frame_that_nobody_reads_is_not_in_the_way_of_the_next() {
    let mut driver = driver();
    driver.registers().hear(&frame(MAC, 77), false);
    driver.registers().hear(&frame(MAC, 99), false);
    assert!(driver.receive(NOW).is_some());
    assert_eq!(receive(&mut driver), Some(frame(MAC, 99)));
    assert!(driver.registers().data.is_empty());
}

#[test]
fn a_frame_goes_out_in_words_and_no_status_is_left_behind() {
    let mut driver = driver();
    for length in [14, 42, 43, 1514] {
        let frame = frame([0xff; 6], length);
        let token = driver.transmit(NOW).expect("there is room");
        token.consume(length, |buffer| buffer.copy_from_slice(&frame));
        assert_eq!(driver.registers().sent.pop(), Some(frame));
        assert_eq!(driver.registers().tx_statuses, 1);
    }
}

#[test]
fn a_full_transmitter_takes_nothing() {
    let mut driver = driver();
    driver.registers().is_full = true;
    assert!(driver.transmit(NOW).is_none());
    driver.registers().is_full = false;
    assert!(driver.transmit(NOW).is_some());
}

#[test]
fn the_filter_lets_through_what_was_asked_for() {
    let mut driver = driver();
    let chip = driver.registers();
    assert!(chip.is_reset);
    for to in [MAC, [0xff; 6], [0, 0, 0x5e, 0, 1, 51], [1, 0, 0x5e, 0, 0, 18]] {
        assert!(chip.hear(&frame(to, 60), false), "{to:x?}");
    }
    for to in [[2, 0, 0, 0, 0, 2], [0, 0, 0x5e, 0, 1, 52], [1, 0, 0x5e, 0, 0, 5]] {
        assert!(!chip.hear(&frame(to, 60), false), "{to:x?}");
    }
}

#[test]
fn the_bins_are_those_that_the_chip_was_seen_to_use() {
    // Both share bin 32, found out on QEMU's model.
    assert_eq!(bin([2, 0, 0, 0, 0, 1]), 1 << 32);
    assert_eq!(bin([0x33, 0x33, 0, 0, 0, 0x12]), 1 << 32);
}

#[test]
fn interrupts_are_asked_for_and_given_up() {
    let mut driver = driver();
    assert_eq!(driver.registers().interrupts, 0);
    driver.arm();
    assert_eq!(driver.registers().interrupts, 8);
    driver.disarm();
    assert_eq!(driver.registers().interrupts, 0);
}

#[test]
fn the_state_of_the_link_is_read_from_the_phy() {
    let mut driver = driver();
    assert!(driver.link_is_up());
    driver.registers().link = 0;
    assert!(!driver.link_is_up());
}

#[test]
fn another_chip_is_refused() {
    let chip = Chip { identification: 0x9220_0000, ..Chip::new() };
    assert_eq!(Lan9118::new(chip, |_| 0).err(), Some(Error::Chip(0x9220_0000)));
}
