//! Where the limbs of a large number live: one counted allocation, never changed once it is shared.

use core::alloc::Layout;
use core::cell::Cell;
#[cfg(feature = "big")]
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::magnitude::MOST;
use crate::blocks;
use crate::stop::{Bail, R, bail};

#[repr(C)]
struct Head {
    count: Cell<usize>,
    /// Limbs that are allocated.
    room: u32,
    /// Limbs that count.
    len: u32,
    negative: bool,
}

/// Sign and magnitude of a number beyond 128 bits. Counted like everything native: only ever used under the GIL.
pub struct Large(NonNull<Head>);

const _: () = assert!(size_of::<Head>().is_multiple_of(8) && align_of::<Head>() == 8);

/// From so many limbs on there is room for what CPython makes of them, 32 digits of four bytes out of each 15.
const AS_DIGITS: usize = 60;

impl Large {
    #[inline(always)]
    fn layout(room: usize) -> Layout {
        let more = if room < AS_DIGITS { 0 } else { room / 15 + 1 };
        // SAFETY: `room` is at most `MOST`, so the size is far from overflow; 8 is a power of two.
        unsafe { Layout::from_size_align_unchecked(size_of::<Head>() + (room + more) * 8, 8) }
    }

    /// Room for `room` limbs, which are not set: none of them counts.
    #[inline]
    fn unset(room: usize) -> R<Large> {
        if room > MOST {
            return bail(Bail::Memory);
        }
        let layout = Self::layout(room);
        // SAFETY: the layout is not empty; the head is written before anyone reads it.
        unsafe {
            let block = match blocks::take(layout.size(), layout.align()) {
                Some(block) => block,
                None => std::alloc::alloc(layout),
            };
            let Some(head) = NonNull::new(block.cast::<Head>()) else { return bail(Bail::Memory) };
            head.write(Head { count: Cell::new(1), room: room as u32, len: 0, negative: false });
            Ok(Large(head))
        }
    }

    /// A number of `count` limbs at most, which are added one after the other.
    #[inline(always)]
    pub(super) fn written(count: usize, write: impl FnOnce(&mut Writer)) -> R<Large> {
        let large = Large::unset(count)?;
        let mut writer = Writer { large, len: 0 };
        write(&mut writer);
        let Writer { mut large, len } = writer;
        // SAFETY: the only handle; so many limbs were written.
        unsafe { large.0.as_mut() }.len = len as u32;
        Ok(large)
    }

    /// Room for `room` limbs, all zero.
    #[cfg(feature = "big")]
    pub(super) fn zeroed(room: usize) -> R<Large> {
        if room > MOST {
            return bail(Bail::Memory);
        }
        // SAFETY: the layout is not empty; the head is written before anyone reads it, and the limbs are zero.
        unsafe {
            let layout = Self::layout(room);
            let block = match blocks::take(layout.size(), layout.align()) {
                Some(block) => {
                    if !block.is_null() {
                        block.write_bytes(0, layout.size());
                    }
                    block
                }
                None => std::alloc::alloc_zeroed(layout),
            };
            let Some(head) = NonNull::new(block.cast::<Head>()) else { return bail(Bail::Memory) };
            head.write(Head { count: Cell::new(1), room: room as u32, len: room as u32, negative: false });
            Ok(Large(head))
        }
    }

    #[inline(always)]
    fn head(&self) -> &Head {
        // SAFETY: alive as long as a handle is.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    pub(super) fn negative(&self) -> bool {
        self.head().negative
    }

    #[inline(always)]
    fn data(&self) -> *mut u64 {
        // SAFETY: the limbs stand behind the head, in one allocation.
        unsafe { self.0.as_ptr().add(1).cast::<u64>() }
    }

    /// The magnitude.
    #[inline(always)]
    pub(super) fn limbs(&self) -> &[u64] {
        // SAFETY: `len` limbs are initialised, and nobody writes to a number that is shared.
        unsafe { core::slice::from_raw_parts(self.data(), self.head().len as usize) }
    }

    /// The limbs of a number that was just made.
    #[cfg(feature = "big")]
    #[inline(always)]
    pub(super) fn limbs_mut(&mut self) -> &mut [u64] {
        debug_assert!(self.head().count.get() == 1);
        // SAFETY: `len` limbs are initialised; the handle is borrowed mutably and the only one, since sharing begins
        // when the number is finished.
        unsafe { core::slice::from_raw_parts_mut(self.data(), self.head().len as usize) }
    }

    /// Sets the sign and the number of limbs of a number that was just made.
    pub(super) fn set(&mut self, negative: bool, len: usize) {
        // SAFETY: the only handle, see `limbs_mut`.
        let head = unsafe { self.0.as_mut() };
        debug_assert!(len <= head.room as usize);
        head.negative = negative;
        head.len = head.room.min(len as u32);
    }
}

/// The limbs of a number that is being made.
pub(super) struct Writer {
    large: Large,
    /// So many have been written.
    len: usize,
}

impl Writer {
    /// The next limb; what there is no room for is lost.
    #[cfg(feature = "big")]
    #[inline(always)]
    pub(super) fn push(&mut self, limb: u64) {
        self.put([limb]);
    }

    /// The next ones at once; where there is no room for all they are lost.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, limbs: [u64; N]) {
        let room = self.large.head().room as usize;
        debug_assert!(room - self.len >= N);
        if room - self.len >= N {
            // SAFETY: there is room for them, and nobody else has the number.
            unsafe { self.large.data().add(self.len).cast::<[u64; N]>().write(limbs) };
            self.len += N;
        }
    }

    /// The next limbs.
    #[inline(always)]
    pub(super) fn extend(&mut self, limbs: impl Iterator<Item = u64>) {
        let room = self.large.head().room as usize;
        debug_assert!(limbs.size_hint().1.is_none_or(|most| most <= room - self.len));
        let data = self.large.data();
        let mut len = self.len;
        for limb in limbs.take(room - len) {
            // SAFETY: there is room for it, and nobody else has the number.
            unsafe { data.add(len).write(limb) };
            len += 1;
        }
        self.len = len;
    }
}

/// Memory of a number that is no more.
#[cfg(feature = "big")]
pub(super) struct Block {
    pub(super) start: NonNull<u8>,
    /// As it was allocated.
    pub(super) layout: Layout,
    pub(super) negative: bool,
    /// So many limbs stand behind the head.
    pub(super) len: usize,
}

#[cfg(feature = "big")]
impl Block {
    /// Bytes in front of the limbs.
    pub(super) const HEAD: usize = size_of::<Head>();
}

#[cfg(feature = "big")]
impl Large {
    /// The memory of a number that nobody else has.
    pub(super) fn into_block(self) -> Result<Block, Large> {
        if self.head().count.get() != 1 {
            return Err(self);
        }
        let large = ManuallyDrop::new(self);
        let Head { room, len, negative, .. } = *large.head();
        let layout = Self::layout(room as usize);
        let (bytes, align) = if blocks::has(layout.size(), layout.align()) {
            (blocks::rounded(layout.size(), layout.align()), blocks::ALIGN)
        } else {
            (layout.size(), layout.align())
        };
        // SAFETY: it was allocated like this.
        let layout = unsafe { Layout::from_size_align_unchecked(bytes, align) };
        Ok(Block { start: large.0.cast(), layout, negative, len: len as usize })
    }
}

impl Clone for Large {
    #[inline]
    fn clone(&self) -> Large {
        let count = &self.head().count;
        count.set(count.get() + 1);
        Large(self.0)
    }
}

impl Drop for Large {
    /// Inlined wherever a number goes out of scope, so that those in registers stay there: what frees memory is a call.
    #[inline(always)]
    fn drop(&mut self) {
        let count = &self.head().count;
        count.set(count.get() - 1);
        if count.get() == 0 {
            Large::free(self.0);
        }
    }
}

impl Large {
    /// For the last handle, which is not used again. It takes the pointer itself: a handle whose address is given away
    /// has to be in memory.
    #[inline(never)]
    extern "C" fn free(head: NonNull<Head>) {
        // SAFETY: the last handle; allocated for this layout.
        unsafe {
            let (block, layout) = (head.as_ptr().cast(), Self::layout(head.as_ref().room as usize));
            if !blocks::give(block, layout.size(), layout.align()) {
                std::alloc::dealloc(block, layout);
            }
        }
    }
}
