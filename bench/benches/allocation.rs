//! Counts allocations, to show that what is measured makes none.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU64, Ordering};
use std::alloc::System;

/// The system's allocator, with a count of what it was asked for.
struct Counting;

// SAFETY: everything is left to the system's allocator; the count touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs something that must not allocate.
pub(crate) fn none_during(name: &str, run: impl FnOnce()) {
    let before = COUNT.load(Ordering::Relaxed);
    run();
    let allocations = COUNT.load(Ordering::Relaxed) - before;
    assert!(allocations == 0, "{name} allocated {allocations} times");
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);
