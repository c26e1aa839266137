//! A virtio network device, as virtual machines have them, on the crate `virtio-drivers`.

use core::cell::RefCell;
use core::ops::Range;

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::Transport;
use virtio_drivers::{Error, Hal};

/// The device, with [`FRAMES`] frames on their way in each direction.
pub struct VirtioNet<H: Hal, T: Transport> {
    queues: RefCell<Queues<H, T>>,
    /// Apart from the queues, so that whoever reads a frame can answer meanwhile.
    received: RefCell<&'static mut [Buffer; FRAMES]>,
}

/// Memory that the device reads and writes: it stays where it is for as long as the device lives.
pub struct Buffers {
    received: [Buffer; FRAMES],
    sent: [Buffer; FRAMES],
}

type Buffer = [u8; BUFFER];

struct Queues<H: Hal, T: Transport> {
    raw: VirtIONetRaw<H, T, FRAMES>,
    sent: &'static mut [Buffer; FRAMES],
    /// Under which token the device was given each buffer to receive into.
    receiving: [Option<u16>; FRAMES],
    /// Under which token it was given each frame to send, and how long it is.
    sending: [Option<(u16, usize)>; FRAMES],
    /// The buffer of a frame that was handed out, until the device gets it back.
    held: Option<usize>,
}

impl Buffers {
    /// Memory for one device, a static's.
    #[expect(clippy::new_without_default, reason = "a default would be made on a stack")]
    #[expect(
        clippy::large_stack_arrays,
        reason = "nobody makes it on a stack: the driver takes only what is static"
    )]
    pub const fn new() -> Self {
        Self { received: [[0; BUFFER]; FRAMES], sent: [[0; BUFFER]; FRAMES] }
    }
}

impl<H: Hal, T: Transport> VirtioNet<H, T> {
    /// Starts the device and gives it all buffers for frames to receive.
    pub fn new(transport: T, buffers: &'static mut Buffers) -> Result<Self, Error> {
        let Buffers { received, sent } = buffers;
        let raw = VirtIONetRaw::new(transport)?;
        let mut queues = Queues { raw, sent, receiving: [None; FRAMES], sending: [None; FRAMES], held: None };
        queues.raw.enable_interrupts();
        for index in 0..FRAMES {
            queues.give(index, received)?;
        }
        Ok(Self { queues: RefCell::new(queues), received: RefCell::new(received) })
    }

    /// The address that it was given.
    pub fn mac(&self) -> [u8; 6] {
        self.queues.borrow().raw.mac_address()
    }

    /// Whether every frame that it was given is on its way. Who stops the machine before loses the last ones.
    pub fn has_sent_all(&mut self) -> bool {
        let queues = self.queues.get_mut();
        queues.reap();
        queues.sending.iter().all(Option::is_none)
    }

    /// Says that its interrupt was seen: the next frame raises another. To be called before frames are looked for, or one
    /// that comes in between is slept over.
    pub fn acknowledge(&mut self) {
        self.queues.get_mut().raw.ack_interrupt();
    }
}

impl<H: Hal, T: Transport> Queues<H, T> {
    /// Gives the device a buffer to receive into.
    fn give(&mut self, index: usize, received: &mut [Buffer; FRAMES]) -> Result<(), Error> {
        // SAFETY: the buffer is static, and nobody touches it before its token is taken back in `take`.
        let token = unsafe { self.raw.receive_begin(&mut received[index]) }?;
        self.receiving[index] = Some(token);
        Ok(())
    }

    /// Takes the next received frame from the device and holds it: its buffer, and where in it the frame is.
    fn take(&mut self, received: &mut [Buffer; FRAMES]) -> Option<(usize, Range<usize>)> {
        self.release(received);
        let token = self.raw.poll_receive()?;
        // None for a token that was never given: a device that errs so is not to be believed at all.
        let index = self.receiving.iter().position(|given| *given == Some(token))?;
        self.receiving[index] = None;
        self.held = Some(index);
        // SAFETY: it is the buffer that the token was given for.
        let frame = unsafe { self.raw.receive_complete(token, &mut received[index]) };
        // A frame without even the device's header is an empty one.
        let frame = frame.map(|(header, length)| header..(header + length).min(BUFFER));
        Some((index, frame.unwrap_or(0..0)))
    }

    /// Gives the buffer of the frame that was handed out back to the device.
    fn release(&mut self, received: &mut [Buffer; FRAMES]) {
        if let Some(index) = self.held.take() {
            // There is room in the queue: the buffer came from there.
            let _ = self.give(index, received);
        }
    }

    /// Takes back the buffers of frames that are sent.
    fn reap(&mut self) {
        while let Some(token) = self.raw.poll_transmit() {
            let found = self.sending.iter().position(|sent| sent.is_some_and(|(sent, _)| sent == token));
            let Some((index, (_, length))) = found.and_then(|at| Some((at, self.sending[at].take()?))) else {
                return;
            };
            // SAFETY: it is the buffer, in the same length, that the token was given for.
            let _ = unsafe { self.raw.transmit_complete(token, &self.sent[index][..length]) };
        }
    }

    fn room(&self) -> Option<usize> {
        self.sending.iter().position(Option::is_none)
    }

    fn send<R>(&mut self, length: usize, write: impl FnOnce(&mut [u8]) -> R) -> R {
        let index = self.room().expect("a token to transmit is made only where there is room");
        let place = &mut self.sent[index];
        let header = self.raw.fill_buffer_header(place).expect("a buffer is longer than the header");
        // smoltcp asks for no more than `max_transmission_unit`.
        let end = header + length.min(LONGEST);
        let result = write(&mut place[header..end]);
        // SAFETY: the buffer is static, and nobody touches it before its token is taken back in `reap`.
        if let Ok(token) = unsafe { self.raw.transmit_begin(&place[..end]) } {
            self.sending[index] = Some((token, end));
        }
        result
    }
}

impl<H: Hal, T: Transport> Device for VirtioNet<H, T> {
    type RxToken<'a>
        = RxToken<'a, H, T>
    where
        Self: 'a;
    type TxToken<'a>
        = TxToken<'a, H, T>
    where
        Self: 'a;

    fn receive(&mut self, _: Instant) -> Option<(RxToken<'_, H, T>, TxToken<'_, H, T>)> {
        let queues = self.queues.get_mut();
        queues.reap();
        queues.room()?;
        let (index, frame) = queues.take(self.received.get_mut())?;
        Some((RxToken { device: self, index, frame }, TxToken(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxToken<'_, H, T>> {
        let queues = self.queues.get_mut();
        queues.reap();
        queues.room()?;
        Some(TxToken(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = LONGEST;
        capabilities
    }
}

/// A received frame, still in the device's buffer.
pub struct RxToken<'a, H: Hal, T: Transport> {
    device: &'a VirtioNet<H, T>,
    index: usize,
    frame: Range<usize>,
}

impl<H: Hal, T: Transport> phy::RxToken for RxToken<'_, H, T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let result = f(&self.device.received.borrow()[self.index][self.frame]);
        self.device.queues.borrow_mut().release(&mut self.device.received.borrow_mut());
        result
    }
}

/// Room for a frame to send.
pub struct TxToken<'a, H: Hal, T: Transport>(&'a VirtioNet<H, T>);

impl<H: Hal, T: Transport> phy::TxToken for TxToken<'_, H, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        self.0.queues.borrow_mut().send(length, f)
    }
}

/// Frames on their way in each direction.
pub const FRAMES: usize = 32;
/// A frame with the device's header before it: what virtio demands at least (§5.1.6.3.1), in whole words.
const BUFFER: usize = 1536;
const LONGEST: usize = 1514;
