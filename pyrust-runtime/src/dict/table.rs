//! The hash table below native dicts and overlays: entries in insertion order, an index of slots beside them.
//!
//! The order does not depend on the hashes, so they are our own: a multiplication, of which the high bits pick
//! the slot.  Deleted entries leave holes that go at the next growth.

use core::mem::MaybeUninit;

use crate::buf::Buf;
use crate::elem::Key;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

struct Entry<K, V> {
    /// 0 in a hole, odd otherwise.
    hash: u64,
    pair: MaybeUninit<(K, V)>,
}

impl<K, V> Drop for Entry<K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.hash != 0 {
            // SAFETY: A live entry is written.
            unsafe { self.pair.assume_init_drop() };
        }
    }
}

pub(crate) struct Table<K, V> {
    slots: Buf<u32>,
    entries: Buf<Entry<K, V>>,
    used: usize,
    /// Slots that are not empty.
    filled: usize,
    /// 64 minus the logarithm of the number of slots.
    shift: u32,
    /// Places before it are holes.
    front: usize,
}

impl<K: Key, V> Table<K, V> {
    pub(crate) const fn new() -> Table<K, V> {
        Table { slots: Buf::new(), entries: Buf::new(), used: 0, filled: 0, shift: 64, front: 0 }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Entries, holes included.
    #[inline(always)]
    pub(crate) fn places(&self) -> usize {
        self.entries.len()
    }

    #[inline(always)]
    pub(crate) fn hash(cx: Cx, key: &K) -> R<u64> {
        Ok(key.fast_hash(cx)?.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The place of a key.
    #[inline]
    pub(crate) fn find(&self, cx: Cx, hash: u64, key: &K) -> R<Option<usize>> {
        if self.used == 0 {
            return Ok(None);
        }
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            // SAFETY: `at <= mask`; a slot that is neither empty nor gone names an entry that is live.
            unsafe {
                let place = *self.slots.get_unchecked(at & mask);
                if place == EMPTY {
                    return Ok(None);
                }
                if place != GONE {
                    let entry = self.entries.get_unchecked(place as usize);
                    if entry.hash == hash && entry.pair.assume_init_ref().0.elem_eq(cx, key)? {
                        return Ok(Some(place as usize));
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a key that is not there; its place.
    #[inline]
    pub(crate) fn add(&mut self, hash: u64, key: K, value: V) -> R<usize> {
        if (self.filled + 1) * 3 > self.slots.len() * 2 {
            self.grow()?;
        }
        let place = self.entries.len();
        if place >= GONE as usize
            || self.entries.push(Entry { hash, pair: MaybeUninit::new((key, value)) }).is_err()
        {
            return bail(Bail::Memory);
        }
        self.link(hash, place as u32);
        self.filled += 1;
        self.used += 1;
        Ok(place)
    }

    /// Enters a place into the first empty slot of its hash.
    #[inline(always)]
    fn link(&mut self, hash: u64, place: u32) {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        // SAFETY: `at <= mask`; a third of the slots is empty.
        unsafe {
            while *self.slots.get_unchecked(at & mask) != EMPTY {
                at = (at + 1) & mask;
            }
            *self.slots.get_unchecked_mut(at & mask) = place;
        }
    }

    /// Squeezes the holes out and makes the index large enough for as many entries again.
    #[cold]
    #[inline(never)]
    extern "C" fn grow(&mut self) -> R<()> {
        let Some(size) = (self.used + 1).checked_mul(3).map(|want| want.next_power_of_two().max(8)) else {
            return bail(Bail::Memory);
        };
        let mut slots: Buf<u32> = Buf::new();
        if !slots.reserve_total(size) {
            return bail(Bail::Memory);
        }
        // SAFETY: All are written before the length is set.
        unsafe {
            slots.as_mut_ptr().write_bytes(0xff, size);
            slots.set_len(size);
        }
        if self.used != self.entries.len() {
            // SAFETY: Live entries move down, each once; a hole has nothing to drop.
            unsafe {
                let base = self.entries.as_mut_ptr();
                let mut kept = 0;
                for place in 0..self.entries.len() {
                    if (*base.add(place)).hash != 0 {
                        core::ptr::copy(base.add(place), base.add(kept), 1);
                        kept += 1;
                    }
                }
                self.entries.set_len(kept);
            }
        }
        self.front = 0;
        self.slots = slots;
        self.shift = 64 - size.trailing_zeros();
        self.filled = self.used;
        for place in 0..self.entries.len() {
            let hash = self.entries[place].hash;
            self.link(hash, place as u32);
        }
        Ok(())
    }

    /// Is there an entry at this place?
    #[inline(always)]
    pub(crate) fn is_live(&self, place: usize) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.hash != 0)
    }

    /// The first live place from `place` on.
    #[inline]
    pub(crate) fn next_live(&self, mut place: usize) -> Option<usize> {
        while place < self.entries.len() {
            if self.is_live(place) {
                return Some(place);
            }
            place += 1;
        }
        None
    }

    /// The first live place.
    pub(crate) fn first_live(&mut self) -> Option<usize> {
        let place = self.next_live(self.front)?;
        self.front = place;
        Some(place)
    }

    /// The last live place.  Holes at the end are given back.
    pub(crate) fn last_live(&mut self) -> Option<usize> {
        while let Some(entry) = self.entries.last() {
            if entry.hash != 0 {
                return Some(self.entries.len() - 1);
            }
            self.entries.pop();
            self.front = self.front.min(self.entries.len());
        }
        None
    }

    /// The key at a live place.
    #[inline(always)]
    pub(crate) fn key(&self, place: usize) -> &K {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { &self.entries.get_unchecked(place).pair.assume_init_ref().0 }
    }

    /// Puts an equal key in the place of the one there.
    pub(crate) fn set_key(&mut self, place: usize, key: K) {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { self.entries.get_unchecked_mut(place).pair.assume_init_mut().0 = key };
    }

    /// The value at a live place.
    #[inline(always)]
    pub(crate) fn value(&self, place: usize) -> &V {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { &self.entries.get_unchecked(place).pair.assume_init_ref().1 }
    }

    /// The value at a live place.
    #[inline(always)]
    pub(crate) fn value_mut(&mut self, place: usize) -> &mut V {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { &mut self.entries.get_unchecked_mut(place).pair.assume_init_mut().1 }
    }

    /// Removes the entry at a live place.
    pub(crate) fn remove(&mut self, place: usize) -> (K, V) {
        debug_assert!(self.is_live(place));
        let mask = self.slots.len() - 1;
        let mut at = (self.entries[place].hash >> self.shift) as usize & mask;
        while self.slots[at] != place as u32 {
            at = (at + 1) & mask;
        }
        self.slots[at] = GONE;
        self.used -= 1;
        let entry = &mut self.entries[place];
        entry.hash = 0;
        // SAFETY: The entry was live; now it is a hole, so the pair is read once.
        let pair = unsafe { entry.pair.assume_init_read() };
        if self.used == 0 {
            self.clear();
        }
        pair
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.filled = 0;
        self.front = 0;
        self.slots.fill(EMPTY);
        self.entries.clear();
    }
}
