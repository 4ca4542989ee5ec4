//! Blocks of memory that were given back, for the next array or head of that size.
//!
//! Small lists and rows of tables come and go by the hundred. The allocator of C keeps seven small blocks of a size at
//! hand; what is beyond them, or larger, it joins and splits each time.  Large ones it gives back to the system, which
//! clears every page before it is touched again; the memory of a table ([`Room`]) waits as well, because that is a
//! fourth of the time for which a table of a megabyte is used.  Arrays that grow in place are better off without.

use core::alloc::Layout;
use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{alloc, dealloc, realloc};

use crate::{maps, pages};

/// Up to here there is a size for every 16 bytes, from 24 on: what the allocator of C really gives.
const SMALL: usize = 1 << 10;
const SMALLEST: usize = 24;
const SMALL_SIZES: usize = (SMALL - SMALLEST).div_ceil(16) + 1;
/// Larger arrays are rare, and grow where they are.
pub(crate) const MOST: usize = 1 << 15;
/// Larger tables take longer to fill than to get.
pub(crate) const LARGEST: usize = 1 << 21;
/// Above the small ones there are four sizes for each doubling.
const SIZES: usize = SMALL_SIZES + 44;
/// From here on they are so large that a few of them take all the room; these go first.
const FIRST_LARGE: usize = SMALL_SIZES + 20;
/// So many bytes wait at first for those that hold the GIL: what a call has made of some ten thousand lists, or a table
/// that has grown to the largest block.
const MOST_HELD: usize = 1 << 23;
/// So many more as were asked for again after they had been given back to the allocator, up to this.
const MOST_MORE: usize = 3 << 23;
/// So many wait for each thread that does not.
const MOST_BESIDE: usize = 1 << 20;
pub(crate) const ALIGN: usize = 16;

/// What was given back.
struct Held {
    /// The first block of each size; a block that waits begins with a pointer to the next.
    first: [Cell<*mut u8>; SIZES],
    /// So many more bytes may wait.
    room: Cell<usize>,
    /// By so many that has grown.
    grown: Cell<usize>,
    /// Bytes that went back to the allocator for want of room, and were not asked for since.
    gone: Cell<usize>,
}

impl Held {
    const fn new(room: usize) -> Held {
        Held {
            first: [const { Cell::new(ptr::null_mut()) }; SIZES],
            room: Cell::new(room),
            grown: Cell::new(0),
            gone: Cell::new(0),
        }
    }

    /// A block comes from the allocator. If it went back there before, it should have waited.
    fn misses(&self, size: usize) {
        if self.gone.get() >= size && self.grown.get() + size <= MOST_MORE {
            self.gone.set(self.gone.get() - size);
            self.grown.set(self.grown.get() + size);
            self.room.set(self.room.get() + size);
        }
    }

    /// A block with this number that waits no more.
    #[inline(always)]
    fn taken(&self, number: usize) -> Option<*mut u8> {
        let block = NonNull::new(self.first[number].get())?;
        // SAFETY: a block that waits begins with a pointer to the next.
        self.first[number].set(unsafe { block.cast::<*mut u8>().read() });
        self.room.set(self.room.get() + size(number));
        Some(block.as_ptr())
    }

    /// Lets a block wait, for which there is room.
    ///
    /// # Safety
    /// As for [`give_number`].
    #[inline(always)]
    unsafe fn keep(&self, block: *mut u8, number: usize) {
        // SAFETY: by the caller the block is ours, and it has room for a pointer and is aligned for one.
        unsafe { block.cast::<*mut u8>().write(self.first[number].get()) };
        self.first[number].set(block);
        self.room.set(self.room.get() - size(number));
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
            for number in 0..SIZES {
                while let Some(block) = held.taken(number) {
                    // SAFETY: allocated with this layout, and it waits no more.
                    unsafe { dealloc(block, layout(size(number))) };
                }
            }
            held.room.set(0);
        });
    }
}

/// Takes a block for which there is no room: the large ones that wait make some, or it goes back to the allocator. The
/// first one of a thread makes room for others.
///
/// # Safety
/// As for [`give_number`].
#[cold]
#[inline(never)]
unsafe extern "C" fn too_much(block: *mut u8, number: usize) {
    if has_own() && END.try_with(|end| !end.watched.replace(true)) == Ok(true) {
        HELD.with(|held| held.room.set(MOST_BESIDE));
    }
    let size = size(number);
    with_held(|held| {
        for large in (FIRST_LARGE..SIZES).rev() {
            while held.room.get() < size
                && let Some(waiting) = held.taken(large)
            {
                // SAFETY: allocated with this layout, and it waits no more.
                unsafe { dealloc(waiting, layout(self::size(large))) };
            }
        }
        if held.room.get() < size {
            if !has_own() {
                held.gone.set(held.gone.get().saturating_add(size));
            }
            // SAFETY: allocated with this layout.
            return unsafe { dealloc(block, layout(size)) };
        }
        // SAFETY: By the caller.
        unsafe { held.keep(block, number) };
    });
}

/// Gives the large blocks that wait back to the allocator: what is as large as to need that is slow to get anyway, and
/// there should not be more memory than for its sake.
#[cold]
#[inline(never)]
pub(crate) extern "C" fn give_large_back() {
    with_held(|held| {
        for number in FIRST_LARGE..SIZES {
            while let Some(waiting) = held.taken(number) {
                // SAFETY: allocated with this layout, and it waits no more.
                unsafe { dealloc(waiting, layout(size(number))) };
            }
        }
    });
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

/// The number of the blocks that hold so many bytes, where such are kept for arrays.
#[inline(always)]
const fn number(bytes: usize, align: usize) -> Option<usize> {
    if bytes > MOST { None } else { any_number(bytes, align) }
}

/// The number of the blocks that hold so many bytes, where such are kept for arrays or tables.
#[inline(always)]
const fn any_number(bytes: usize, align: usize) -> Option<usize> {
    if bytes == 0 || bytes > LARGEST || align > ALIGN {
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
    with_held(|held| held.taken(number)).unwrap_or_else(|| fresh(number))
}

#[cold]
#[inline(never)]
extern "C" fn fresh(number: usize) -> *mut u8 {
    with_held(|held| held.misses(size(number)));
    // SAFETY: the size of a number.
    unsafe { alloc(layout(size(number))) }
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
    // SAFETY: By the caller.
    with_held(|held| unsafe {
        if held.room.get() < size(number) { too_much(block, number) } else { held.keep(block, number) }
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

/// Memory for a table: it does not grow, and what is in it is not dropped with it.
pub(crate) struct Room<T> {
    start: NonNull<MaybeUninit<T>>,
    len: usize,
}

impl<T> Room<T> {
    pub(crate) const fn none() -> Room<T> {
        Room { start: NonNull::dangling(), len: 0 }
    }

    fn layout(len: usize) -> Option<Layout> {
        const { assert!(align_of::<T>() <= maps::ALIGN) };
        let layout = Layout::array::<T>(len).ok()?;
        match any_number(layout.size(), layout.align()) {
            Some(number) => Layout::from_size_align(size(number), ALIGN).ok(),
            None => Some(layout),
        }
    }

    /// Where it begins. It stays valid while parts of the memory are borrowed in turn.
    pub(crate) fn start(&self) -> *mut T {
        self.start.as_ptr().cast()
    }

    /// For so many; nothing without memory.
    pub(crate) fn new(len: usize) -> Option<Room<T>> {
        let layout = Room::<T>::layout(len)?;
        if layout.size() == 0 {
            return Some(Room { start: NonNull::dangling(), len });
        }
        let start = match any_number(layout.size(), layout.align()) {
            Some(number) => take_number(number),
            None => {
                give_large_back();
                match maps::has(layout.size()) {
                    true => maps::take(layout.size()),
                    // SAFETY: It is not empty.
                    false => pages::made(unsafe { alloc(layout) }, layout.size()),
                }
            }
        };
        Some(Room { start: NonNull::new(start.cast())?, len })
    }

    /// Is it too large to wait? Then it can get longer, which takes less memory than another one and a copy.
    pub(crate) fn is_large(&self) -> bool {
        Room::<T>::layout(self.len).is_some_and(|layout| layout.size() > LARGEST)
    }

    /// Makes it longer, which it can be; false without memory.
    pub(crate) fn grow(&mut self, len: usize) -> bool {
        debug_assert!(self.is_large() && len >= self.len);
        let (Some(old), Some(new)) = (Room::<T>::layout(self.len), Room::<T>::layout(len)) else {
            return false;
        };
        give_large_back();
        let start = self.start.as_ptr().cast();
        // SAFETY: Larger than any block, it came from the allocator with this layout, or from `maps`, and gets no smaller.
        let start = unsafe {
            match maps::has(old.size()) {
                true => maps::grow(start, new.size()),
                false => pages::made(realloc(start, old, new.size()), new.size()),
            }
        };
        let Some(start) = NonNull::new(start) else { return false };
        (self.start, self.len) = (start.cast(), len);
        true
    }
}

impl<T> Drop for Room<T> {
    #[inline]
    fn drop(&mut self) {
        let Some(layout) = Room::<T>::layout(self.len) else { return };
        if layout.size() == 0 {
            return;
        }
        let start = self.start.as_ptr().cast();
        // SAFETY: It came from `new` with this layout, and nobody uses it.
        unsafe {
            match any_number(layout.size(), layout.align()) {
                Some(number) => give_number(start, number),
                None if maps::has(layout.size()) => maps::give(start),
                None => dealloc(start, layout),
            }
        }
    }
}

impl<T> Deref for Room<T> {
    type Target = [MaybeUninit<T>];

    #[inline(always)]
    fn deref(&self) -> &[MaybeUninit<T>] {
        // SAFETY: There are so many, which need not be written.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for Room<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: As above, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
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
                assert_eq!(any_number(bytes, 8), Some(wanted), "{bytes}");
                assert_eq!(number(bytes, 8), Some(wanted).filter(|_| bytes <= MOST));
                assert_eq!(rounded(bytes, 8), if bytes <= MOST { most } else { bytes });
            }
            least = most + 1;
        }
        assert_eq!(least, LARGEST + 1);
        assert_eq!(any_number(LARGEST + 1, 8), None);
        assert_eq!((number(0, 8), number(MOST + 1, 8), number(2000, 32)), (None, None, None));
    }

    #[test]
    fn what_is_rounded_stays_so() {
        for bytes in 1..=MOST {
            let most = rounded(bytes, 8);
            assert!(most >= bytes);
            for fits in [bytes, bytes.midpoint(most), most] {
                assert_eq!(number(fits, 8), number(bytes, 8), "{bytes}, {fits}");
            }
        }
    }

    #[test]
    fn blocks_come_again() {
        let first = take(2000, 8).expect("of this size");
        // SAFETY: it came from `take`.
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

    #[test]
    fn large_ones_make_room() {
        let (large, small) = (MOST_BESIDE / 2, MOST);
        let of =
            |count, bytes| (0..count).map(|_| Room::<u8>::new(bytes).expect("memory")).collect::<Vec<_>>();
        let starts = |rooms: &[Room<u8>]| rooms.iter().map(|room| room.as_ptr()).collect::<Vec<_>>();
        let (larger, smaller) = (of(3, large), of(4, small));
        let (larger_starts, smaller_starts) = (starts(&larger), starts(&smaller));
        drop(larger);
        HELD.with(|held| assert_eq!(held.room.get(), 0));
        drop(smaller);
        // There was room for two of the larger ones, and one of them went for the smaller ones.
        assert_eq!(starts(&of(1, large)), larger_starts[..1]);
        assert_eq!(starts(&of(4, small)), smaller_starts.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_room_may_be_larger_than_all_that_wait() {
        let mut room = Room::<u64>::new(LARGEST).expect("memory");
        room[LARGEST - 1].write(7);
        assert_eq!((room.len(), Room::<u64>::none().len()), (LARGEST, 0));
        assert!(Room::<u64>::new(usize::MAX / 4).is_none());
    }
}
