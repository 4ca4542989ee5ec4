//! Large memory in pages of its own.
//!
//! The allocator of C takes such pages from the system as well, but only for what is larger than all that has gone so far;
//! everything else stands in one heap. An array that grows there is copied, and where it stood before stays a hole, which
//! is part of the process and fits nothing that comes later. Pages of its own only change their place while they grow, and
//! the system has them back as soon as nobody needs them: a table takes as much memory as it is large.
//!
//! To clear a page takes longer than to use it. So what was given back waits for the next call, as far as it was missed.

use core::ptr;
#[cfg(target_os = "linux")]
use std::sync::Mutex;

use crate::pages;

/// Smaller memory comes from the allocator of C.
const LEAST: usize = 1 << 20;
/// Pages come in pieces of so many bytes: a multiple of what any system takes for a page.
const PIECE: usize = 1 << 16;
/// So many bytes wait at most, …
const MOST_HELD: usize = 1 << 25;
/// … in so many places.
const PLACES: usize = 8;

/// In front of the memory; as long as a line of the cache, so that memory begins with one.
#[repr(C, align(64))]
struct Head {
    /// What was taken from the system, this included.
    bytes: usize,
}

/// So many bytes are in front of the memory.
const AHEAD: usize = size_of::<Head>();
/// Memory begins at multiples of so many bytes.
pub(crate) const ALIGN: usize = align_of::<Head>();

/// What waits.
struct Waiting {
    /// Where it begins, in the first few places.
    starts: [*mut Head; PLACES],
    count: usize,
    patience: pages::Patience,
}

// SAFETY: What waits belongs to nobody else.
unsafe impl Send for Waiting {}

/// A child that was forked meanwhile finds the lock taken for good: nobody waits for it.
#[cfg(target_os = "linux")]
static WAITING: Mutex<Waiting> = Mutex::new(Waiting::new());

impl Waiting {
    const fn new() -> Waiting {
        Waiting { starts: [ptr::null_mut(); PLACES], count: 0, patience: pages::Patience::new(MOST_HELD) }
    }

    /// The smallest that has so many bytes.
    fn taken(&mut self, bytes: usize) -> Option<*mut Head> {
        // SAFETY: What waits has a head.
        let size = |start: &*mut Head| unsafe { (**start).bytes };
        let fits = (0..self.count).filter(|&at| size(&self.starts[at]) >= bytes);
        let at = fits.min_by_key(|&at| size(&self.starts[at]))?;
        let start = self.starts[at];
        self.count -= 1;
        self.starts[at] = self.starts[self.count];
        self.patience.taken(size(&start));
        Some(start)
    }

    /// Does it wait?
    fn keeps(&mut self, start: *mut Head, bytes: usize) -> bool {
        if self.count == PLACES || !self.patience.keeps(bytes) {
            return false;
        }
        self.starts[self.count] = start;
        self.count += 1;
        true
    }
}

/// Does memory of so many bytes come from here?
#[inline(always)]
pub(crate) const fn has(bytes: usize) -> bool {
    cfg!(target_os = "linux") && bytes >= LEAST
}

/// How many bytes there really are where so many were asked for.
#[inline]
pub(crate) const fn rounded(bytes: usize) -> usize {
    bytes.saturating_add(AHEAD).div_ceil(PIECE).saturating_mul(PIECE) - AHEAD
}

/// Memory of so many bytes, which are enough to come from here; null for none.
pub(crate) fn take(bytes: usize) -> *mut u8 {
    #[cfg(target_os = "linux")]
    {
        debug_assert!(has(bytes));
        let Some(all) = whole(bytes) else { return ptr::null_mut() };
        if let Ok(mut waiting) = WAITING.try_lock() {
            if let Some(start) = waiting.taken(all) {
                return begin(start);
            }
            waiting.patience.misses(all);
        }
        // SAFETY: New memory, which has room for a head.
        unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let start =
                libc::mmap(ptr::null_mut(), all, access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            made(start, all)
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = bytes;
        ptr::null_mut()
    }
}

/// The same memory with so many bytes, which are no fewer; null without memory, and then nothing has changed.
///
/// # Safety
/// It came from here, and nobody borrows it.
pub(crate) unsafe fn grow(memory: *mut u8, bytes: usize) -> *mut u8 {
    #[cfg(target_os = "linux")]
    // SAFETY: By the caller: there is a head in front of it, which says what it is. Pages that change their place keep
    // what stands in them.
    unsafe {
        let start = memory.sub(AHEAD).cast::<Head>();
        let (old, Some(all)) = ((*start).bytes, whole(bytes)) else { return ptr::null_mut() };
        if all <= old {
            return memory;
        }
        if let Ok(mut waiting) = WAITING.try_lock() {
            waiting.patience.misses(all - old);
        }
        made(libc::mremap(start.cast(), old, all, libc::MREMAP_MAYMOVE), all)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (memory, bytes);
        ptr::null_mut()
    }
}

/// Takes memory back.
///
/// # Safety
/// It came from here, and nobody uses it.
pub(crate) unsafe fn give(memory: *mut u8) {
    #[cfg(target_os = "linux")]
    // SAFETY: By the caller: there is a head in front of it.
    unsafe {
        let start = memory.sub(AHEAD).cast::<Head>();
        let bytes = (*start).bytes;
        if !WAITING.try_lock().is_ok_and(|mut waiting| waiting.keeps(start, bytes)) {
            libc::munmap(start.cast(), bytes);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// What is taken from the system for so many bytes.
#[cfg(target_os = "linux")]
fn whole(bytes: usize) -> Option<usize> {
    let all = rounded(bytes).checked_add(AHEAD)?;
    isize::try_from(all).is_ok().then_some(all)
}

/// What the system has answered.
///
/// # Safety
/// So many bytes of memory, unless it failed.
#[cfg(target_os = "linux")]
unsafe fn made(start: *mut libc::c_void, bytes: usize) -> *mut u8 {
    if start == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    let start = start.cast::<Head>();
    // SAFETY: By the caller.
    unsafe { start.write(Head { bytes }) };
    // All of it is the same kind of memory: pages of two kinds could not change their place together.
    pages::made(start.cast(), bytes);
    begin(start)
}

/// The memory behind a head.
#[cfg(target_os = "linux")]
fn begin(start: *mut Head) -> *mut u8 {
    start.cast::<u8>().wrapping_add(AHEAD)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use core::ptr;

    use super::{ALIGN, Head, LEAST, MOST_HELD, PIECE, Waiting, give, grow, has, rounded, take};
    use crate::buf::Buf;

    #[test]
    fn memory_keeps_what_stands_in_it_while_it_grows() {
        assert!(!has(LEAST - 1) && has(LEAST) && rounded(LEAST) >= LEAST && rounded(LEAST) < LEAST + PIECE);
        // SAFETY: All of it came from here, and only written places are read.
        unsafe {
            let mut bytes = LEAST;
            let mut memory = take(bytes);
            assert!(!memory.is_null() && memory.addr().is_multiple_of(ALIGN));
            memory.write(7);
            memory.add(bytes - 1).write(9);
            // Across what has huge pages.
            while bytes < 40 * LEAST {
                let more = bytes + bytes / 2;
                memory = grow(memory, more);
                assert_eq!((memory.read(), memory.add(bytes - 1).read()), (7, 9));
                memory.add(more - 1).write(9);
                bytes = more;
            }
            assert!(grow(memory, isize::MAX as usize).is_null());
            assert_eq!(memory.add(bytes - 1).read(), 9);
            give(memory);
        }
    }

    #[test]
    fn as_much_waits_as_was_missed() {
        let mut heads = [LEAST, 3 * LEAST, 2 * LEAST].map(|bytes| Head { bytes });
        let [one, three, two] = heads.each_mut().map(ptr::from_mut);
        let mut waiting = Waiting::new();
        assert!(!waiting.keeps(one, LEAST) && !waiting.keeps(three, 3 * LEAST));
        waiting.patience.misses(6 * LEAST);
        assert!(
            waiting.keeps(one, LEAST) && waiting.keeps(three, 3 * LEAST) && !waiting.keeps(two, 2 * LEAST)
        );
        waiting.patience.misses(2 * LEAST);
        assert!(waiting.keeps(two, 2 * LEAST));
        assert_eq!(waiting.taken(4 * LEAST), None);
        assert_eq!((waiting.taken(LEAST + 1), waiting.taken(LEAST + 1)), (Some(two), Some(three)));
        assert_eq!((waiting.taken(LEAST), waiting.patience.held), (Some(one), 0));
        let large = take(2 * MOST_HELD);
        // SAFETY: It came from here, with so many bytes.
        unsafe {
            large.add(2 * MOST_HELD - 1).write(1);
            give(large);
        }
    }

    #[test]
    fn elements_of_large_arrays_stay() {
        let mut items: Buf<(u64, u32)> = Buf::new();
        for at in 0..600_000_u64 {
            assert!(items.push((at, at as u32)).is_ok());
        }
        assert!(items.iter().enumerate().all(|(at, item)| *item == (at as u64, at as u32)));
        items.truncate(5);
        assert_eq!(items.into_iter().map(|item| item.0).sum::<u64>(), 10);
    }
}
