//! Memory that is shared with devices: what the processor calls an address, they do too.

use core::ptr::{NonNull, addr_of_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// Pages for the queues, given out once and never taken back.
pub(crate) struct Pages;

#[repr(C, align(4096))]
struct Pool([u8; PAGES * PAGE_SIZE]);

static mut POOL: Pool = Pool([0; PAGES * PAGE_SIZE]);
static GIVEN: AtomicUsize = AtomicUsize::new(0);
/// Two queues for each of two ports, each of a few pages.
const PAGES: usize = 32;

// SAFETY: pages are zeroed, aligned, and given out once; there is no translation of addresses and no cache is on.
unsafe impl Hal for Pages {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let first = GIVEN.fetch_add(pages, Ordering::Relaxed);
        assert!(first + pages <= PAGES, "no more memory for queues");
        // SAFETY: it stays inside the pool, as was just asserted.
        let place = unsafe { addr_of_mut!(POOL).cast::<u8>().add(first * PAGE_SIZE) };
        (place as PhysAddr, NonNull::new(place).expect("the pool is not at address 0"))
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::new(address as *mut u8).expect("no device is at address 0")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.as_ptr().cast::<u8>() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}
