//! The virtio driver against a device that the test plays: its queues are read as virtio 1.2 §2.7 lays them out.

use std::alloc::{Layout, alloc_zeroed};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::rc::Rc;

use drivers::VirtioNet;
use drivers::virtio::{Buffers, FRAMES};
use smoltcp::phy::{Device, RxToken, TxToken};
use smoltcp::time::Instant;
use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr, Result};
use zerocopy::{FromBytes, Immutable, IntoBytes};

#[test]
fn a_frame_that_came_is_read_and_its_buffer_goes_back() {
    let (mut driver, device) = begin();
    assert_eq!(driver.mac(), MAC);
    for number in 0..100_u8 {
        assert!(driver.receive(NOW).is_none());
        device.borrow_mut().deliver(&[number; 60]);
        let (frame, _) = driver.receive(NOW).expect("a frame waits");
        frame.consume(|frame| assert_eq!(frame, [number; 60]));
    }
    assert_eq!(device.borrow().given(), FRAMES);
}

#[test]
fn a_frame_that_nobody_read_is_lost_but_not_its_buffer() {
    let (mut driver, device) = begin();
    for number in 0..100_u8 {
        device.borrow_mut().deliver(&[number; 60]);
        assert!(driver.receive(NOW).is_some());
    }
    assert!(driver.receive(NOW).is_none());
    assert_eq!(device.borrow().given(), FRAMES);
}

#[test]
fn the_answer_to_a_frame_goes_out_while_it_is_read() {
    let (mut driver, device) = begin();
    device.borrow_mut().deliver(b"a question of some length");
    let (question, answer) = driver.receive(NOW).expect("a frame waits");
    question.consume(|question| {
        answer.consume(question.len(), |place| place.copy_from_slice(question));
    });
    assert_eq!(device.borrow_mut().carry(), [b"a question of some length".to_vec()]);
}

#[test]
fn there_is_no_room_for_more_frames_than_the_device_takes_and_room_again_once_it_has_sent_some() {
    let (mut driver, device) = begin();
    let send = |driver: &mut Driver, frame: &[u8]| {
        let token = driver.transmit(NOW);
        token.map(|token| token.consume(frame.len(), |place| place.copy_from_slice(frame)))
    };
    for number in 0..32 {
        assert!(send(&mut driver, &[number; 60]).is_some());
    }
    assert!(send(&mut driver, &[99; 60]).is_none());
    device.borrow_mut().deliver(&[1; 60]);
    assert!(driver.receive(NOW).is_none(), "what came waits until an answer has room");
    assert!(!driver.has_sent_all());
    let carried = device.borrow_mut().carry();
    assert!(driver.has_sent_all());
    assert_eq!(carried.len(), 32);
    assert_eq!((carried[0][0], carried[31][0]), (0, 31));
    assert!(send(&mut driver, &[99; 60]).is_some());
    assert!(driver.receive(NOW).is_some());
}

#[test]
fn a_frame_of_the_greatest_length_goes_both_ways() {
    let (mut driver, device) = begin();
    device.borrow_mut().deliver(&[7; 1514]);
    let (question, answer) = driver.receive(NOW).expect("a frame waits");
    assert_eq!(question.consume(<[u8]>::len), 1514);
    answer.consume(1514, |place| place.fill(8));
    assert_eq!(device.borrow_mut().carry(), [vec![8; 1514]]);
}

const NOW: Instant = Instant::ZERO;
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];
type Driver = VirtioNet<Memory, Cable>;

/// A driver, and the device that it believes in.
fn begin() -> (Driver, Rc<RefCell<Played>>) {
    let device = Rc::new(RefCell::new(Played::default()));
    let buffers = Box::leak(Box::new(Buffers::new()));
    (VirtioNet::new(Cable(Rc::clone(&device)), buffers).expect("it starts"), device)
}

/// The device's side of its two queues: to receive (0) and to send (1).
#[derive(Default)]
struct Played {
    queues: [Queue; 2],
    status: Option<DeviceStatus>,
}

#[derive(Clone, Copy, Default)]
struct Queue {
    size: u16,
    descriptors: usize,
    available: usize,
    used: usize,
    taken: u16,
}

impl Queue {
    /// Buffers that the driver has given and the device has not taken.
    fn waiting(self) -> u16 {
        // SAFETY: `idx` of the available ring.
        unsafe { ((self.available + 2) as *const u16).read_volatile() }.wrapping_sub(self.taken)
    }

    /// Takes the next buffer: its number and where it is.
    fn take(&mut self) -> (u16, *mut u8, u32) {
        assert!(self.waiting() > 0, "the driver gave a buffer");
        let slot = usize::from(self.taken % self.size);
        self.taken = self.taken.wrapping_add(1);
        // SAFETY: the ring begins after two words; a descriptor is an address, a length, flags and the next one.
        unsafe {
            let head = ((self.available + 4 + 2 * slot) as *const u16).read_volatile();
            let descriptor = self.descriptors + 16 * usize::from(head);
            let place = (descriptor as *const u64).read_volatile();
            let length = ((descriptor + 8) as *const u32).read_volatile();
            let flags = ((descriptor + 12) as *const u16).read_volatile();
            assert_eq!(flags & 1, 0, "a frame is one buffer");
            (head, usize::try_from(place).expect("an address") as *mut u8, length)
        }
    }

    /// Gives a buffer back.
    fn give_back(self, head: u16, length: u32) {
        // SAFETY: the used ring: two words, then pairs of a number and a length.
        unsafe {
            let index = ((self.used + 2) as *const u16).read_volatile();
            let slot = self.used + 4 + 8 * usize::from(index % self.size);
            (slot as *mut u32).write_volatile(u32::from(head));
            ((slot + 4) as *mut u32).write_volatile(length);
            ((self.used + 2) as *mut u16).write_volatile(index.wrapping_add(1));
        }
    }
}

impl Played {
    /// Buffers that wait for frames.
    fn given(&self) -> usize {
        usize::from(self.queues[0].waiting())
    }

    /// A frame comes over the cable.
    fn deliver(&mut self, frame: &[u8]) {
        let (head, place, room) = self.queues[0].take();
        let length = HEADER + frame.len();
        assert!(length <= room as usize);
        // SAFETY: the driver gave this much room.
        unsafe {
            place.write_bytes(0, HEADER);
            place.add(HEADER).copy_from_nonoverlapping(frame.as_ptr(), frame.len());
        }
        self.queues[0].give_back(head, u32::try_from(length).expect("short"));
    }

    /// Everything that waits goes out over the cable.
    fn carry(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while self.queues[1].waiting() > 0 {
            let (head, place, length) = self.queues[1].take();
            // SAFETY: the driver has put so many bytes there.
            let sent = unsafe { std::slice::from_raw_parts(place, length as usize) };
            assert_eq!(sent[..HEADER], [0; HEADER]);
            frames.push(sent[HEADER..].to_vec());
            self.queues[1].give_back(head, 0);
        }
        frames
    }
}

/// How the driver reaches the device.
struct Cable(Rc<RefCell<Played>>);

impl Transport for Cable {
    fn device_type(&self) -> DeviceType {
        DeviceType::Network
    }

    fn read_device_features(&mut self) -> u64 {
        // MAC, STATUS and VERSION_1.
        1 << 5 | 1 << 16 | 1 << 32
    }

    fn write_driver_features(&mut self, features: u64) {
        assert_eq!(features, 1 << 5 | 1 << 16 | 1 << 32);
    }

    fn max_queue_size(&mut self, _: u16) -> u32 {
        256
    }

    fn notify(&mut self, _: u16) {}

    fn get_status(&self) -> DeviceStatus {
        self.0.borrow().status.unwrap_or_default()
    }

    fn set_status(&mut self, status: DeviceStatus) {
        self.0.borrow_mut().status = Some(status);
    }

    fn set_guest_page_size(&mut self, _: u32) {}

    fn requires_legacy_layout(&self) -> bool {
        false
    }

    fn queue_set(
        &mut self,
        queue: u16,
        size: u32,
        descriptors: PhysAddr,
        driver: PhysAddr,
        device: PhysAddr,
    ) {
        let address = |physical: PhysAddr| usize::try_from(physical).expect("an address");
        self.0.borrow_mut().queues[usize::from(queue)] = Queue {
            size: u16::try_from(size).expect("small"),
            descriptors: address(descriptors),
            available: address(driver),
            used: address(device),
            taken: 0,
        };
    }

    fn queue_unset(&mut self, queue: u16) {
        self.0.borrow_mut().queues[usize::from(queue)] = Queue::default();
    }

    fn queue_used(&mut self, queue: u16) -> bool {
        self.0.borrow().queues[usize::from(queue)].size != 0
    }

    fn ack_interrupt(&mut self) -> InterruptStatus {
        InterruptStatus::empty()
    }

    fn read_config_generation(&self) -> u32 {
        0
    }

    fn read_config_space<V: FromBytes + IntoBytes>(&self, offset: usize) -> Result<V> {
        let mut config = [0; 16];
        config[..6].copy_from_slice(&MAC);
        config[6] = 1;
        Ok(V::read_from_bytes(&config[offset..offset + size_of::<V>()]).expect("it fits"))
    }

    fn write_config_space<V: IntoBytes + Immutable>(&mut self, _: usize, _: V) -> Result<()> {
        unreachable!("a network driver writes no configuration")
    }
}

/// The test's own memory, where physical addresses are the program's.
struct Memory;

// SAFETY: fresh pages each time, which stay.
unsafe impl Hal for Memory {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let layout = Layout::from_size_align(pages * PAGE_SIZE, PAGE_SIZE).expect("whole pages");
        // SAFETY: the layout is not empty.
        let place = NonNull::new(unsafe { alloc_zeroed(layout) }).expect("there is memory");
        (place.as_ptr() as PhysAddr, place)
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(_: PhysAddr, _: usize) -> NonNull<u8> {
        unreachable!("there are no registers here")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.as_ptr().cast::<u8>() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

/// Bytes of the header before a frame (virtio 1.2 §5.1.6).
const HEADER: usize = 12;
