//! The index beside the entries of a table: groups of eight slots, which are compared with a hash all at once.
//!
//! Each slot has a byte with seven bits of the hash, so that entries of another hash are hardly ever looked at, and the
//! place of the entry.  A search ends at the first group that has an unused slot.

use crate::blocks::Room;
use crate::stop::{Bail, R, bail};

/// Slots in a group.
const SLOTS: usize = 8;

/// A byte for each slot: the first bit stands in what is unused or gone, the second one only in what is unused.
const UNUSED: u64 = u64::MAX;
const GONE: u64 = 0x80;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Groups of the smallest index.
const LEAST: usize = 2;

#[derive(Clone, Copy)]
struct Group {
    marks: u64,
    places: [u32; SLOTS],
}

pub(crate) struct Index {
    groups: Room<Group>,
    /// 64 minus the logarithm of the number of groups.
    shift: u32,
    /// Slots that may still be used.
    free: usize,
}

/// Seven bits of a hash that do not pick the group.
#[inline(always)]
fn mark(hash: u64) -> u64 {
    hash >> 20 & 0x7f
}

impl Index {
    #[inline(always)]
    pub(crate) const fn new() -> Index {
        Index { groups: Room::none(), shift: 64, free: 0 }
    }

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.groups.is_empty()
    }

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.free == 0
    }

    /// An empty one with room for `count` entries and half as many more.
    #[inline(never)]
    pub(crate) extern "C" fn sized(count: usize) -> R<Index> {
        let count_of_groups = (count / 4).next_power_of_two().max(LEAST);
        if count_of_groups > 1 << 29 {
            return bail(Bail::Memory);
        }
        let Some(mut groups) = Room::new(count_of_groups) else { return bail(Bail::Memory) };
        for group in groups.iter_mut() {
            group.write(Group { marks: UNUSED, places: [0; SLOTS] });
        }
        Ok(Index {
            groups,
            shift: 64 - count_of_groups.trailing_zeros(),
            free: count_of_groups * (SLOTS / 4 * 3),
        })
    }

    /// Another one of the same places.
    pub(crate) fn twin(&self) -> R<Index> {
        if self.is_none() {
            return Ok(Index::new());
        }
        let Some(mut groups) = Room::new(self.groups.len()) else { return bail(Bail::Memory) };
        for (to, from) in groups.iter_mut().zip(self.groups.iter()) {
            // SAFETY: All groups are written.
            to.write(unsafe { from.assume_init() });
        }
        Ok(Index { groups, shift: self.shift, free: self.free })
    }

    /// The place of this hash for which `is_it` holds.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(usize) -> R<bool>) -> R<Option<usize>> {
        let mask = self.groups.len() - 1;
        let mut at = (hash >> self.shift) as usize & mask;
        let mut step = 0;
        loop {
            // SAFETY: `at <= mask`, and all groups are written.
            let group = unsafe { self.groups.get_unchecked(at).assume_init_ref() };
            let other = group.marks ^ (mark(hash) * LOW);
            // A byte above one that fits may be found as well, which `is_it` tells.
            let mut fits = other.wrapping_sub(LOW) & !other & HIGH;
            while fits != 0 {
                let place = group.places[fits.trailing_zeros() as usize / 8] as usize;
                if is_it(place)? {
                    return Ok(Some(place));
                }
                fits &= fits - 1;
            }
            if group.marks & group.marks << 1 & HIGH != 0 {
                return Ok(None);
            }
            step += 1;
            at = (at + step) & mask;
        }
    }

    /// Enters a place; there is a free slot.
    #[inline(always)]
    pub(crate) fn enter(&mut self, hash: u64, place: usize) {
        debug_assert!(self.free != 0);
        let mask = self.groups.len() - 1;
        let mut at = (hash >> self.shift) as usize & mask;
        let mut step = 0;
        loop {
            // SAFETY: As above; a quarter of the slots is unused.
            let group = unsafe { self.groups.get_unchecked_mut(at).assume_init_mut() };
            let unused = group.marks & group.marks << 1 & HIGH;
            if unused != 0 {
                let slot = unused.trailing_zeros() as usize / 8;
                group.marks = group.marks & !(0xff << (slot * 8)) | mark(hash) << (slot * 8);
                group.places[slot] = place as u32;
                self.free -= 1;
                return;
            }
            step += 1;
            at = (at + step) & mask;
        }
    }

    /// Takes out a place that was entered with this hash.
    pub(crate) fn leave(&mut self, hash: u64, place: usize) {
        let mask = self.groups.len() - 1;
        let mut at = (hash >> self.shift) as usize & mask;
        let mut step = 0;
        loop {
            // SAFETY: All groups are written.
            let group = unsafe { self.groups[at].assume_init_mut() };
            for slot in 0..SLOTS {
                let marked = group.marks >> (slot * 8) & 0xff;
                if marked == mark(hash) && group.places[slot] as usize == place {
                    group.marks = group.marks & !(0xff << (slot * 8)) | GONE << (slot * 8);
                    return;
                }
            }
            step += 1;
            at = (at + step) & mask;
        }
    }
}
