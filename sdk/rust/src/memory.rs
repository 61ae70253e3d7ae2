//! The allocator of a component. It begins inside of the memory that the module
//! starts with (`mprun build` links with 2 MiB), so that an ordinary event never
//! grows the memory: growing costs the host two system calls and their
//! interrupts for every instance. When that memory is used up, it grows.
#![allow(unsafe_code, reason = "an allocator hands out raw memory; there is no safe way to be one")]

use core::arch::wasm32::{memory_grow, memory_size};
use std::alloc::Layout;
use std::ptr::NonNull;

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

const PAGE_BYTES: usize = 64 * 1024;

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { end: None });

unsafe extern "C" {
    /// Placed by the linker behind the stack and the data.
    static __heap_base: u8;
}

/// How much is taken at once. Less than all that there is, because the end of a
/// heap is written to, and every page that is written to has to be cleaned.
const STEP_BYTES: usize = 128 * 1024;

/// Gives memory to the allocator: first what the module starts with, then more.
#[derive(Debug)]
struct Memory {
    /// The end of the one heap that there is.
    end: Option<NonNull<u8>>,
}

// SAFETY: `acquire` allocates nothing itself, and uses only the `talc` that it
// is given.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let start = talc.source.end.map_or(&raw const __heap_base as *mut u8, NonNull::as_ptr);
        // With room for alignment and for the allocator's own tables.
        let needed =
            layout.size().checked_add(layout.align()).and_then(|bytes| bytes.checked_add(4 * 1024)).ok_or(())?;
        let least = start.addr().checked_add(needed).ok_or(())?;
        let mut end = memory_size::<0>() * PAGE_BYTES;
        if least > end {
            let pages = (least - end).div_ceil(PAGE_BYTES);
            if memory_grow::<0>(pages) == usize::MAX {
                return Err(());
            }
            end += pages * PAGE_BYTES;
        }
        let bytes = (end - start.addr()).min(needed.max(STEP_BYTES));
        talc.source.end = match talc.source.end {
            // SAFETY: behind `__heap_base` the linker places nothing, memory
            // ends after `bytes`, and nobody else hands any of it out.
            None => unsafe { talc.claim(start, bytes) },
            // SAFETY: as above; what follows the heap's end was never used.
            Some(old) => Some(unsafe { talc.extend(old, start.wrapping_add(bytes)) }),
        };
        talc.source.end.map(drop).ok_or(())
    }
}
