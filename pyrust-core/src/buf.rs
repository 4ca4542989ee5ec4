//! A growable array for emitted loops: growing cannot unwind and cannot abort.
//!
//! `Vec::push` may unwind, which keeps the accumulators of a whole loop nest in memory, and aborts without
//! memory.  Here the slow path is one `extern "C"` function and says `false` when there is no memory.

use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use std::alloc::{alloc, dealloc, realloc};

use crate::{blocks, maps, pages};

/// Three words: pointer, length, capacity.
pub struct Buf<T> {
    ptr: NonNull<T>,
    len: usize,
    cap: usize,
}

/// Memory for so many elements; no memory where `start` is null.
#[repr(C)]
struct Room {
    start: *mut u8,
    elements: usize,
}

const NO_ROOM: Room = Room { start: ptr::null_mut(), elements: 0 };

/// Makes `old` bytes at `from` to room for `want` elements at least.  Nothing here panics.
///
/// # Safety
/// `from` was given by this function for `old` bytes of this alignment, or there are none.
#[cold]
#[inline(never)]
unsafe extern "C" fn grow(from: *mut u8, old: usize, want: usize, size: usize, align: usize) -> Room {
    let Some(bytes) = want.checked_mul(size) else { return NO_ROOM };
    let rounded = if has_maps(bytes, size) { maps::rounded(bytes) } else { blocks::rounded(bytes, align) };
    let elements = rounded.checked_div(size).unwrap_or(want);
    let new = elements * size;
    let Ok(layout) = Layout::from_size_align(new, align) else { return NO_ROOM };
    if new > blocks::LARGEST {
        blocks::give_large_back();
    }
    if new == 0 {
        return Room { start: ptr::without_provenance_mut(align), elements };
    }
    // SAFETY: The layouts are not empty; the old one was allocated with its.
    let start = unsafe {
        match (has_maps(new, size), has_maps(old, size)) {
            (true, true) => maps::grow(from, new),
            (true, false) => moved(from, old, maps::take(new), size, align),
            (false, _) => match blocks::take(new, align) {
                None if old != 0 && !blocks::has(old, align) => {
                    pages::made(realloc(from, Layout::from_size_align_unchecked(old, align), new), new)
                }
                block => {
                    moved(from, old, block.unwrap_or_else(|| pages::made(alloc(layout), new)), size, align)
                }
            },
        }
    };
    Room { start, elements }
}

/// Makes `old` bytes at `from` the first ones of new memory, which there may be none of.
///
/// # Safety
/// As for [`grow`].
#[inline]
unsafe fn moved(from: *mut u8, old: usize, to: *mut u8, size: usize, align: usize) -> *mut u8 {
    if old != 0 && !to.is_null() {
        // SAFETY: By the caller; there is more room than before.
        unsafe {
            ptr::copy_nonoverlapping(from, to, old);
            release(from, old, size, align);
        }
    }
    to
}

/// Has an array of so many bytes pages of its own? Elements of a word may become the items of a list of Python's, whose
/// memory is the allocator's.
#[inline]
fn has_maps(bytes: usize, size: usize) -> bool {
    size > size_of::<usize>() && maps::has(bytes)
}

/// # Safety
/// As for [`grow`]; nobody uses the memory any more.
#[inline]
unsafe fn release(from: *mut u8, bytes: usize, size: usize, align: usize) {
    // SAFETY: By the caller.
    unsafe {
        if has_maps(bytes, size) {
            maps::give(from);
        } else if !blocks::give(from, bytes, align) {
            dealloc(from, Layout::from_size_align_unchecked(bytes, align));
        }
    }
}

impl<T> Buf<T> {
    #[inline(always)]
    pub const fn new() -> Self {
        Buf { ptr: NonNull::dangling(), len: 0, cap: if size_of::<T>() == 0 { usize::MAX } else { 0 } }
    }

    /// What is left of it when nothing in it has to be dropped: the room, empty.  Word by word, because the length
    /// has often just been written, and a load of more than what was stored waits for that.
    #[inline(always)]
    pub(crate) fn take_room(&mut self) -> Self
    where
        T: Copy,
    {
        let room = Buf { ptr: self.ptr, len: 0, cap: self.cap };
        self.ptr = NonNull::dangling();
        self.len = 0;
        self.cap = if size_of::<T>() == 0 { usize::MAX } else { 0 };
        room
    }

    /// Room for at least `want` elements in all; `false` without memory.
    #[inline]
    pub fn reserve_total(&mut self, want: usize) -> bool {
        if want <= self.cap {
            true
        } else if self.cap == 0 && want <= Self::SMALL {
            self.begin(want)
        } else {
            self.grow_to(want)
        }
    }

    /// So many elements at most have a block of a size that is kept at hand.
    const SMALL: usize = match size_of::<T>() {
        0 => 0,
        size if align_of::<T>() <= blocks::ALIGN => blocks::MOST / size,
        _ => 0,
    };

    /// The first room, for `want` elements, of which there are some: small arrays come by the hundred.
    #[inline(always)]
    fn begin(&mut self, want: usize) -> bool {
        let block = blocks::first(want * size_of::<T>());
        let Some(start) = NonNull::new(block.start.cast()) else { return false };
        self.ptr = start;
        self.cap = block.bytes.checked_div(size_of::<T>()).unwrap_or(want);
        true
    }

    /// Room for one more element, amortised.
    #[cold]
    #[inline(never)]
    extern "C" fn grow_one(&mut self) -> bool {
        // Fewer than a cache line are not worth a call of the allocator each.
        let least = (64 / size_of::<T>().max(1)).max(4);
        let more = if self.cap < 64 { self.cap } else { self.cap / 2 };
        let want = (self.cap + more).max(least).max(self.len.saturating_add(1));
        self.reserve_total(want)
    }

    #[inline]
    fn grow_to(&mut self, want: usize) -> bool {
        const { assert!(align_of::<T>() <= maps::ALIGN) };
        // SAFETY: The room there is was made here.
        let room =
            unsafe { grow(self.ptr.as_ptr().cast(), self.bytes(), want, size_of::<T>(), align_of::<T>()) };
        let Some(start) = NonNull::new(room.start.cast()) else { return false };
        self.ptr = start;
        self.cap = room.elements;
        true
    }

    /// The memory that was allocated; what is rounded up to a size of block counts no more than the elements take.
    #[inline(always)]
    fn bytes(&self) -> usize {
        if size_of::<T>() == 0 { 0 } else { self.cap * size_of::<T>() }
    }

    /// Appends; gives the element back without memory.
    #[inline(always)]
    pub fn push(&mut self, item: T) -> Result<(), T> {
        let at = self.len;
        if at == self.cap && !self.grow_one() {
            return Err(item);
        }
        // Counted first: as far as LLVM knows the element may be written over the length.
        self.len = at + 1;
        // SAFETY: `at < cap`.
        unsafe { self.ptr.as_ptr().add(at).write(item) };
        Ok(())
    }

    /// Appends what is made in its place: a larger thing is not copied on the way. False without memory.
    #[inline(always)]
    pub fn push_with(&mut self, make: impl FnOnce() -> T) -> bool {
        if self.len == self.cap && !self.grow_one() {
            return false;
        }
        // SAFETY: `len < cap`.
        unsafe { self.ptr.as_ptr().add(self.len).write(make()) };
        self.len += 1;
        true
    }

    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        // SAFETY: The element at `len` was written and now counts no more.
        Some(unsafe { self.ptr.as_ptr().add(self.len).read() })
    }

    /// Inserts before `index <= len`; `false` without memory.
    pub fn insert(&mut self, index: usize, item: T) -> bool {
        debug_assert!(index <= self.len);
        if self.len == self.cap && !self.grow_one() {
            return false;
        }
        // SAFETY: Room for one more, and `index <= len`.
        unsafe {
            let at = self.ptr.as_ptr().add(index);
            ptr::copy(at, at.add(1), self.len - index);
            at.write(item);
        }
        self.len += 1;
        true
    }

    /// Removes the element at `index < len`.
    pub fn remove(&mut self, index: usize) -> T {
        debug_assert!(index < self.len);
        // SAFETY: `index < len`.
        unsafe {
            let at = self.ptr.as_ptr().add(index);
            let item = at.read();
            ptr::copy(at.add(1), at, self.len - index - 1);
            self.len -= 1;
            item
        }
    }

    /// Puts `items` in the place of `removed` elements from `start` on; `false` (and nothing changed) without memory.
    pub fn splice(&mut self, start: usize, removed: usize, mut items: Buf<T>) -> bool {
        debug_assert!(start + removed <= self.len);
        let len = self.len - removed + items.len;
        if len > self.cap && !self.reserve_total(len.max(self.cap + self.cap / 2)) {
            return false;
        }
        let mut gone = Buf::new();
        if !gone.reserve_total(removed) {
            return false;
        }
        // SAFETY: `start + removed <= len`, and there is room. What is moved out of either buffer is in the other one, or
        // gone, before anything is dropped.
        unsafe {
            let at = self.ptr.as_ptr().add(start);
            ptr::copy_nonoverlapping(at, gone.ptr.as_ptr(), removed);
            ptr::copy(at.add(removed), at.add(items.len), self.len - start - removed);
            ptr::copy_nonoverlapping(items.ptr.as_ptr(), at, items.len);
            items.len = 0;
            self.len = len;
            gone.len = removed;
        }
        true
    }

    /// Drops `count` items, `step` apart and from `start` on; `false` (and nothing changed) without memory.
    pub fn remove_stepped(&mut self, start: usize, step: usize, count: usize) -> bool {
        let mut gone: Buf<T> = Buf::new();
        if !gone.reserve_total(count) {
            return false;
        }
        // SAFETY: The places are inside. What is moved out is gone from this buffer before it is dropped.
        unsafe {
            move_out(self.ptr.as_ptr(), gone.ptr.as_ptr(), self.len, (start, step, count));
            self.len -= count;
            gone.len = count;
        }
        true
    }

    /// Appends copies of `items`; `false` (and nothing appended) without memory.
    pub fn extend_from(&mut self, items: &[T]) -> bool
    where
        T: Clone,
    {
        let Some(want) = self.len.checked_add(items.len()) else { return false };
        if want > self.cap && !self.reserve_total(want.max(self.cap + self.cap / 2)) {
            return false;
        }
        for item in items {
            // SAFETY: Room for all was made.
            unsafe { self.ptr.as_ptr().add(self.len).write(item.clone()) };
            self.len += 1;
        }
        true
    }

    /// Drops everything from `len` on.
    pub fn truncate(&mut self, len: usize) {
        while self.len > len {
            drop(self.pop());
        }
    }

    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Where the elements stand, how many there are, and for how many there is memory: all of it is the caller's.
    pub(crate) fn into_parts(self) -> (*mut T, usize, usize) {
        let buf = core::mem::ManuallyDrop::new(self);
        (buf.ptr.as_ptr(), buf.len, buf.cap)
    }

    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.cap
    }

    /// # Safety
    /// `len <= capacity`, and the first `len` elements are written.
    #[inline(always)]
    pub unsafe fn set_len(&mut self, len: usize) {
        self.len = len;
    }
}

/// Moves `count` of `len` items to `gone`, those `step` apart and from `start` on, and closes the gaps: what lies between
/// two of them moves at once.
///
/// # Safety
/// The places are among the items, and there is room for as many at `gone`.
pub(crate) unsafe fn move_out<T>(
    items: *mut T,
    gone: *mut T,
    len: usize,
    (start, step, count): (usize, usize, usize),
) {
    // So few are moved faster one by one than by a call.
    const FEW: usize = 8;
    let mut kept = start;
    for k in 0..count {
        // SAFETY: By the caller; `kept` is never behind what is still to be moved.
        unsafe {
            let at = start + k * step;
            gone.add(k).write(items.add(at).read());
            let behind = if k + 1 < count { at + step } else { len };
            let run = behind - at - 1;
            match run < FEW {
                true => (0..run).for_each(|i| items.add(kept + i).write(items.add(at + 1 + i).read())),
                false => ptr::copy(items.add(at + 1), items.add(kept), run),
            }
            kept += run;
        }
    }
}

impl<T> Drop for Buf<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The first `len` elements are ours; `cap` elements were allocated with this layout.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.ptr.as_ptr(), self.len));
            if self.bytes() != 0 {
                release(self.ptr.as_ptr().cast(), self.bytes(), size_of::<T>(), align_of::<T>());
            }
        }
    }
}

/// The elements of a [`Buf`], one after the other; behind them large memory goes.
pub struct IntoIter<T> {
    /// Empty as far as it knows: it only keeps the memory.
    memory: Buf<T>,
    at: usize,
    /// The end of the piece that is read now.
    stop: usize,
    piece: usize,
    end: usize,
}

impl<T> Buf<T> {
    /// Gives the memory of these elements back, which are read already and not dropped with the others.
    ///
    /// # Safety
    /// Nobody needs what stands there; both are no more than the capacity.
    pub(crate) unsafe fn give_back(&mut self, from: usize, to: usize) {
        // SAFETY: By the caller.
        unsafe { pages::give_back(self.ptr.as_ptr().cast(), from * size_of::<T>(), to * size_of::<T>()) }
    }

    /// All elements, which are not dropped, in pieces; behind them large memory goes.
    pub(crate) fn read_last<E>(mut self, mut read: impl FnMut(&[T]) -> Result<(), E>) -> Result<(), E> {
        debug_assert!(!core::mem::needs_drop::<T>());
        let (end, piece) = (core::mem::replace(&mut self.len, 0), pages::piece::<T>(self.bytes()));
        let mut at = 0;
        while at < end {
            let stop = at.saturating_add(piece).min(end);
            // SAFETY: Written, and read once: each place is behind `at` then.
            unsafe {
                read(core::slice::from_raw_parts(self.ptr.as_ptr().add(at), stop - at))?;
                if stop < end {
                    self.give_back(at, stop);
                }
            }
            at = stop;
        }
        Ok(())
    }
}

impl<T> IntoIter<T> {
    /// The element that comes so many later.
    #[inline(always)]
    pub(crate) fn beyond(&self, far: usize) -> Option<&T> {
        // SAFETY: Written, and not read.
        (self.at + far < self.end).then(|| unsafe { &*self.memory.ptr.as_ptr().add(self.at + far) })
    }

    /// The next piece, if there is one.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self) -> bool {
        if self.stop == self.end {
            return false;
        }
        // SAFETY: A piece is read, and no place in it again.
        unsafe { self.memory.give_back(self.stop - self.piece, self.stop) };
        self.stop = self.stop.saturating_add(self.piece).min(self.end);
        true
    }
}

impl<T> IntoIterator for Buf<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(mut self) -> IntoIter<T> {
        let end = core::mem::replace(&mut self.len, 0);
        let piece = pages::piece::<T>(self.bytes());
        IntoIter { memory: self, at: 0, stop: piece.min(end), piece, end }
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.at == self.stop && !self.go_on() {
            return None;
        }
        self.at += 1;
        // SAFETY: Written, and read once: the place is behind `at` now.
        Some(unsafe { self.memory.ptr.as_ptr().add(self.at - 1).read() })
    }
}

impl<T> Drop for IntoIter<T> {
    fn drop(&mut self) {
        let rest = ptr::slice_from_raw_parts_mut(
            // SAFETY: Within the memory.
            unsafe { self.memory.ptr.as_ptr().add(self.at) },
            self.end - self.at,
        );
        // SAFETY: Written, and not read.
        unsafe { ptr::drop_in_place(rest) };
    }
}

impl<T> Deref for Buf<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: The first `len` elements are written.
        unsafe { core::slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for Buf<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: As above, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) }
    }
}

impl<T> Default for Buf<T> {
    fn default() -> Self {
        Buf::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Buf;
    use std::rc::Rc;

    #[test]
    fn keeps_elements_and_drops_them_once() {
        let one = Rc::new(7);
        let mut buf = Buf::new();
        for _ in 0..100 {
            assert!(buf.push(one.clone()).is_ok());
        }
        assert!(buf.insert(0, Rc::new(1)) && buf.insert(101, Rc::new(2)) && buf.insert(50, Rc::new(3)));
        assert_eq!((*buf[0], *buf[50], *buf[102]), (1, 3, 2));
        assert_eq!(*buf.remove(50), 3);
        assert_eq!(buf.pop().as_deref(), Some(&2));
        assert_eq!(Rc::strong_count(&one), 101);
        buf.truncate(11);
        assert_eq!(Rc::strong_count(&one), 11);
        drop(buf);
        assert_eq!(Rc::strong_count(&one), 1);
    }

    #[test]
    fn gives_elements_away_once() {
        let one = Rc::new(7);
        let mut buf = Buf::new();
        for _ in 0..10 {
            assert!(buf.push(one.clone()).is_ok());
        }
        let mut items = buf.into_iter();
        let taken: Vec<_> = items.by_ref().take(3).collect();
        assert_eq!((taken.len(), Rc::strong_count(&one)), (3, 11));
        drop(items);
        assert_eq!(Rc::strong_count(&one), 4);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let mut buf: Buf<u64> = Buf::new();
        assert!(!buf.reserve_total(usize::MAX / 4));
        assert!(buf.push(1).is_ok());
        let mut units: Buf<()> = Buf::new();
        for _ in 0..1000 {
            assert!(units.push(()).is_ok());
        }
        assert_eq!(units.len(), 1000);
    }
}
