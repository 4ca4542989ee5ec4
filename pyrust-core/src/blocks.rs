//! Blocks of memory that were given back, for the next array or head of that size.
//!
//! Small lists and rows of tables come and go by the hundred. The allocator of C keeps seven small blocks of a size at
//! hand; what is beyond them, or larger, it joins and splits each time.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{alloc, dealloc};

/// Up to here there is a size for every 16 bytes, from 24 on: what the allocator of C really gives.
const SMALL: usize = 1 << 10;
const SMALLEST: usize = 24;
const SMALL_SIZES: usize = (SMALL - SMALLEST).div_ceil(16) + 1;
/// Larger ones are rare.
pub(crate) const MOST: usize = 1 << 15;
/// Above the small ones there are four sizes for each doubling.
const SIZES: usize = SMALL_SIZES + 20;
/// So many bytes wait at most for those that hold the GIL: what a call has made of some ten thousand lists.
const MOST_HELD: usize = 1 << 22;
/// So many wait for each thread that does not.
const MOST_BESIDE: usize = 1 << 20;
pub(crate) const ALIGN: usize = 16;

/// What was given back.
struct Held {
    /// The first block of each size; a block that waits begins with a pointer to the next.
    first: [Cell<*mut u8>; SIZES],
    /// So many more bytes may wait.
    room: Cell<usize>,
}

impl Held {
    const fn new(room: usize) -> Held {
        Held { first: [const { Cell::new(ptr::null_mut()) }; SIZES], room: Cell::new(room) }
    }
}

/// What stays with the GIL.
struct OfGil(Held);

// SAFETY: native code runs with the GIL held, or in threads beside; while there are such, nobody touches it.
unsafe impl Sync for OfGil {}

static OF_GIL: OfGil = OfGil(Held::new(MOST_HELD));

/// Loops that several threads do now: each of these threads has blocks of its own, and so have all others.
static BESIDE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Nothing waits before the end of the thread is watched, and after it. That is done by another value: what is
    /// dropped with the thread would be asked for at every access.
    static HELD: Held = const { Held::new(0) };
    static END: End = const { End { watched: Cell::new(false) } };
}

/// As long as it lives there are threads without the GIL. It is made and dropped by one that holds it.
pub struct Beside(());

impl Beside {
    pub fn begin() -> Beside {
        BESIDE.fetch_add(1, Ordering::Relaxed);
        Beside(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        BESIDE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Does this thread use its own blocks? Unit tests run without a GIL.
#[inline(always)]
fn has_own() -> bool {
    cfg!(test) || BESIDE.load(Ordering::Relaxed) != 0
}

/// The blocks that wait for this thread. To ask for those of a thread is a call, which is not worth it for most.
#[inline(always)]
fn with_held<T>(f: impl FnOnce(&Held) -> T) -> T {
    if has_own() {
        // SAFETY: they live as long as the thread, and longer than the borrow.
        f(unsafe { &*own() })
    } else {
        f(&OF_GIL.0)
    }
}

#[cold]
#[inline(never)]
extern "C" fn own() -> *const Held {
    HELD.with(ptr::from_ref)
}

/// Is dropped with the thread.
struct End {
    watched: Cell<bool>,
}

impl Drop for End {
    fn drop(&mut self) {
        HELD.with(|held| {
            held.room.set(0);
            for (number, first) in held.first.iter().enumerate() {
                let size = size(number);
                while let Some(block) = NonNull::new(first.get()) {
                    // SAFETY: a block of this size that waits: allocated with this layout, and its head is a pointer.
                    unsafe {
                        first.set(block.cast::<*mut u8>().read());
                        dealloc(block.as_ptr(), layout(size));
                    }
                }
            }
        });
    }
}

/// Gives a block that does not fit back to the allocator; the first one of a thread makes room for others.
///
/// # Safety
/// As for [`give_number`].
#[cold]
#[inline(never)]
unsafe extern "C" fn too_much(block: *mut u8, number: usize) {
    if has_own() && END.try_with(|end| !end.watched.replace(true)) == Ok(true) {
        HELD.with(|held| held.room.set(MOST_BESIDE));
    }
    // SAFETY: allocated with this layout.
    unsafe { dealloc(block, layout(size(number))) };
}

/// The size of the blocks with this number.
#[inline]
const fn size(number: usize) -> usize {
    if number < SMALL_SIZES {
        // What fits a size has its number: the last one ends where the larger ones begin.
        let size = SMALLEST + 16 * number;
        return if size < SMALL { size } else { SMALL };
    }
    let number = number - SMALL_SIZES;
    let start = SMALL << (number / 4);
    start + (start / 4) * (number % 4 + 1)
}

/// # Safety
/// `size` is that of a number.
#[inline(always)]
unsafe fn layout(size: usize) -> Layout {
    // SAFETY: by the caller it is small, and the alignment is a power of two.
    unsafe { Layout::from_size_align_unchecked(size, ALIGN) }
}

/// The number of the blocks that hold so many bytes, where such are kept.
#[inline(always)]
const fn number(bytes: usize, align: usize) -> Option<usize> {
    if bytes == 0 || bytes > MOST || align > ALIGN {
        return None;
    }
    if bytes <= SMALL {
        return Some(bytes.saturating_sub(SMALLEST).div_ceil(16));
    }
    let top = (bytes - 1).ilog2() as usize;
    let quarter = (bytes - 1 - (1 << top)) >> (top - 2);
    Some(SMALL_SIZES + (top - SMALL.ilog2() as usize) * 4 + quarter)
}

/// Are blocks for so many bytes kept?
#[inline]
pub(crate) fn has(bytes: usize, align: usize) -> bool {
    number(bytes, align).is_some()
}

/// How many bytes there really are where so many were asked for.
#[inline]
pub(crate) fn rounded(bytes: usize, align: usize) -> usize {
    number(bytes, align).map_or(bytes, size)
}

/// A block, and how many bytes it has.
#[repr(C)]
pub(crate) struct Block {
    /// Null without memory.
    pub(crate) start: *mut u8,
    pub(crate) bytes: usize,
}

/// A block that holds `bytes`, which are some and no more than [`MOST`].
#[inline(never)]
pub(crate) extern "C" fn first(bytes: usize) -> Block {
    match number(bytes, ALIGN) {
        Some(number) => Block { start: take_number(number), bytes: size(number) },
        None => Block { start: ptr::null_mut(), bytes: 0 },
    }
}

/// A block that holds `bytes`, if its size is one of ours; null without memory.
#[inline]
pub(crate) fn take(bytes: usize, align: usize) -> Option<*mut u8> {
    Some(take_number(number(bytes, align)?))
}

#[inline(always)]
fn take_number(number: usize) -> *mut u8 {
    let size = size(number);
    let waiting = with_held(|held| {
        let block = NonNull::new(held.first[number].get())?;
        // SAFETY: a block that waits begins with a pointer to the next.
        held.first[number].set(unsafe { block.cast::<*mut u8>().read() });
        held.room.set(held.room.get() + size);
        Some(block.as_ptr())
    });
    // SAFETY: the size of a number.
    waiting.unwrap_or_else(|| unsafe { alloc(layout(size)) })
}

/// Takes a block of such a size back; false if its size is none of ours.
///
/// # Safety
/// Where the size is one of ours, the block came from [`take`] for a size with the same [`rounded`] one, and nobody uses
/// it.
#[inline]
pub(crate) unsafe fn give(block: *mut u8, bytes: usize, align: usize) -> bool {
    let Some(number) = number(bytes, align) else { return false };
    // SAFETY: By the caller.
    unsafe { give_number(block, number) };
    true
}

/// # Safety
/// The block has the size of this number, came from here, and nobody uses it.
#[inline(always)]
unsafe fn give_number(block: *mut u8, number: usize) {
    let size = size(number);
    with_held(|held| {
        let room = held.room.get();
        if room < size {
            // SAFETY: By the caller.
            return unsafe { too_much(block, number) };
        }
        // SAFETY: by the caller the block is ours, and it has room for a pointer and is aligned for one.
        unsafe { block.cast::<*mut u8>().write(held.first[number].get()) };
        held.first[number].set(block);
        held.room.set(room - size);
    });
}

/// Memory for one `T`; null without memory.
#[inline(always)]
pub(crate) fn make<T>() -> *mut T {
    const { assert!(size_of::<T>() > 0) };
    match const { number(size_of::<T>(), align_of::<T>()) } {
        Some(number) => take_number(number).cast(),
        // SAFETY: It is not empty.
        None => unsafe { alloc(Layout::new::<T>()).cast() },
    }
}

/// Takes the memory of a `T` back.
///
/// # Safety
/// It came from [`make`], and nobody uses it.
#[inline(always)]
pub(crate) unsafe fn unmake<T>(block: *mut T) {
    // SAFETY: By the caller; allocated with this layout where there is no number.
    unsafe {
        match const { number(size_of::<T>(), align_of::<T>()) } {
            Some(number) => give_number(block.cast(), number),
            None => dealloc(block.cast(), Layout::new::<T>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_sizes() {
        let mut least = 1;
        for wanted in 0..SIZES {
            let most = size(wanted);
            for bytes in [least, (least + 1).min(most), most - 1, most] {
                assert_eq!(number(bytes, 8), Some(wanted), "{bytes}");
                assert_eq!(rounded(bytes, 8), most);
            }
            least = most + 1;
        }
        assert_eq!(least, MOST + 1);
        assert_eq!((number(0, 8), number(MOST + 1, 8), number(2000, 32)), (None, None, None));
    }

    #[test]
    fn what_is_rounded_stays_so() {
        for bytes in 1..=MOST {
            let most = rounded(bytes, 8);
            assert!(most >= bytes);
            for fits in bytes..=most {
                assert_eq!(number(fits, 8), number(bytes, 8), "{bytes}, {fits}");
            }
        }
    }

    #[test]
    fn blocks_come_again() {
        let first = take(2000, 8).expect("of this size");
        // SAFETY: it came from `take`. The first one to be given back is freed.
        assert!(unsafe { give(first, 2000, 8) });
        let first = take(2000, 8).expect("of this size");
        let second = take(2000, 8).expect("of this size");
        assert!(!first.is_null() && !second.is_null() && first != second);
        // SAFETY: both came from `take`, and nobody uses them.
        unsafe {
            assert!(give(first, 2000, 8) && give(second, 2048, 8));
            assert_eq!((take(1800, 8), take(2040, 8)), (Some(second), Some(first)));
            assert!(give(first, 2000, 8) && give(second, 2000, 8));
            assert!(!give(first, MOST + 1, 8));
        }
    }

    #[test]
    fn no_more_than_so_much_waits() {
        let blocks: Vec<_> = (0..100).map(|_| take(MOST, 8).expect("of this size")).collect();
        for block in blocks {
            // SAFETY: as above.
            assert!(unsafe { give(block, MOST, 8) });
        }
        HELD.with(|held| assert!(held.room.get() < MOST));
    }
}
