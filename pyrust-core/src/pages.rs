//! The pages of large memory.
//!
//! Memory that was never touched costs a call into the system for each page, which is more than what most loops do with
//! the page; so large memory asks for huge pages. What a call returns stands twice in memory at its end, as values and as
//! objects: where the values are read one after the other, the system may have the huge pages behind them back before
//! all objects are made. Smaller memory stays with the allocator, for the next call.

use std::ffi::c_void;
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;

use crate::blocks;

/// Memory of fewer bytes has no huge pages, and is given back as a whole.
const LEAST: usize = 1 << 22;

/// What huge pages are multiples of.
const HUGE: usize = 1 << 21;

/// How much memory that nobody uses waits to be used again: as much as had to be asked for after it had been given back.
#[derive(Debug)]
pub struct Patience {
    /// Never more than this.
    pub most: usize,
    /// So many bytes may wait, …
    pub room: usize,
    /// … and so many do.
    pub held: usize,
    /// Bytes that were given back, and not asked for since.
    pub gone: usize,
}

impl Patience {
    #[must_use]
    pub const fn new(most: usize) -> Patience {
        Patience { most, room: 0, held: 0, gone: 0 }
    }

    /// Memory comes from the system. If as much was given back before, it should have waited.
    pub fn misses(&mut self, bytes: usize) {
        let again = bytes.min(self.gone);
        self.gone -= again;
        self.room = self.most.min(self.room + again);
    }

    /// Nobody uses so much any more: does it wait? If not, it has to be given back.
    pub fn keeps(&mut self, bytes: usize) -> bool {
        let waits = self.held + bytes <= self.room;
        if waits {
            self.held += bytes
        } else {
            self.gone += bytes
        }
        waits
    }

    /// So much that waits is given back after all.
    pub fn gives_up(&mut self, bytes: usize) {
        self.taken(bytes);
        self.gone += bytes;
    }

    /// So much waits no more.
    pub fn taken(&mut self, bytes: usize) {
        self.held -= bytes;
    }
}

/// Is memory of so many bytes large?
#[inline]
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes >= LEAST
}

/// Says that memory that has just been allocated is going to be written, all of it; null is none.
#[inline]
pub(crate) fn made(start: *mut u8, bytes: usize) -> *mut u8 {
    if is_large(bytes) && !start.is_null() {
        ask(start, bytes);
    }
    start
}

#[cold]
#[inline(never)]
fn ask(start: *mut u8, bytes: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: It changes nothing that can be seen of the pages, which are there: those that the memory stands in.  Whole
    // ones, so that what the allocator has mapped for this memory alone stays in one piece, and can grow.
    unsafe {
        let Ok(page @ 1..) = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)) else { return };
        let ahead = start.addr() % page;
        libc::madvise(start.sub(ahead).cast(), (ahead + bytes).next_multiple_of(page), libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, bytes);
}

/// How many elements of an array of so many bytes, which is read for the last time, are read before their pages are given
/// back. What waits for the next call goes at once.
#[inline]
pub(crate) fn piece<T>(bytes: usize) -> usize {
    if !is_large(bytes) {
        return usize::MAX;
    }
    blocks::give_large_back();
    HUGE.checked_div(size_of::<T>()).map_or(usize::MAX, |count| count.max(1))
}

/// Gives the huge pages back of which the last byte is before `to`, but not before `from`, in bytes from the start of an
/// array. Read again they would be zeros.
///
/// # Safety
/// The array is allocated, and nobody needs what stands in it up to there any more.
#[cold]
#[inline(never)]
pub(crate) unsafe fn give_back(start: *mut u8, from: usize, to: usize) {
    #[cfg(target_os = "linux")]
    {
        let at = start.addr();
        let (first, end) = ((at + from) / HUGE * HUGE, (at + to) / HUGE * HUGE);
        let first = first.max(at.next_multiple_of(HUGE));
        if first < end {
            // SAFETY: By the caller. Where it fails the pages stay until the array is freed.
            unsafe { libc::madvise(start.with_addr(first).cast(), end - first, libc::MADV_DONTNEED) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, from, to);
}

/// A huge page of zeros, at its place: of two megabytes. None where there are no such pages, or no memory.
#[must_use]
pub fn huge() -> Option<usize> {
    #[cfg(target_os = "linux")]
    {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: New memory, of which the parts before and behind the first whole huge page go back at once.
        unsafe {
            let all = libc::mmap(std::ptr::null_mut(), 2 * HUGE, access, kind, -1, 0);
            if all == libc::MAP_FAILED {
                return None;
            }
            let start = all.addr().next_multiple_of(HUGE);
            let ahead = start - all.addr();
            if ahead > 0 {
                libc::munmap(all, ahead);
            }
            if ahead < HUGE {
                libc::munmap(all.with_addr(start + HUGE), HUGE - ahead);
            }
            libc::madvise(all.with_addr(start), HUGE, libc::MADV_HUGEPAGE);
            Some(all.with_addr(start).expose_provenance())
        }
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Gives a page of [`huge`] back.
///
/// # Safety
/// Nobody uses it any more.
pub unsafe fn free_huge(start: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: By the caller.
    unsafe {
        libc::munmap(std::ptr::with_exposed_provenance_mut(start), HUGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = start;
}

/// Gives the memory of whole pages back, but not their places: read again they are zeros.
///
/// # Safety
/// Nobody needs what stands there any more.
pub unsafe fn clear(start: *mut u8, bytes: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: By the caller.
    unsafe {
        libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, bytes);
}

/// Do two functions stand in the same library or program?
#[must_use]
pub fn are_beside(one: *const c_void, other: *const c_void) -> bool {
    #[cfg(target_os = "linux")]
    {
        let library = |function: *const c_void| {
            let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
            // SAFETY: It only looks the address up, in a table of what is loaded, and says whether it has filled `found`.
            unsafe {
                (libc::dladdr(function, found.as_mut_ptr()) != 0)
                    .then(|| found.assume_init().dli_fbase.addr())
            }
        };
        library(one).is_some_and(|found| library(other) == Some(found))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (one, other);
        false
    }
}
