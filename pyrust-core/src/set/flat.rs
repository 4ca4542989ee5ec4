//! The hash table below sets without an order: the elements stand in the slots themselves, eight to a group.
//!
//! Each slot has a byte with seven bits of the hash, and those of a group are compared all at once; a search ends at the
//! first group with an unused slot.  An element that is taken out of the set keeps its slot, where it is not found any
//! more, so that the order can still be told.  Keys that compiled methods compare are never here, because some are compared twice.

use core::cell::Cell;
use core::mem::needs_drop;
use core::ptr;

use crate::blocks::Room;
use crate::buf::Buf;
use crate::elem::{Key, Stored};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Slots in a group; in a table of one group they are used from the first on.
const SLOTS: usize = 8;

/// So many slots are used in each group when the table grows, on average.
const FULL: usize = 6;

/// The first bit stands in what is unused or gone, the second one only in what is unused.
const UNUSED: u8 = 0xff;
const GONE: u64 = 0x80;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// So many elements at most: their turns are remembered in 31 bits.
const MOST: usize = 1 << 31;

/// Where an element stands until the table grows.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// No element has this sign.
const NONE: usize = usize::MAX;

/// Aligned so that marks can stand behind.
#[repr(align(8))]
struct Slot<S> {
    hash: u32,
    /// How many elements had come before.
    turn: u32,
    key: S,
}

pub(super) struct Flat<K: Key> {
    /// First the slots, each written unless its mark says that it is unused; then the marks, a word for each group.
    memory: Room<Slot<K::Stored>>,
    /// Within the memory.
    marks: *mut u64,
    /// A power of two, or none before the first element.
    groups: usize,
    /// 32 minus the logarithm of the number of groups.
    shift: u32,
    /// Slots that are used, those of elements that are gone included.
    len: usize,
    /// So many more fit.
    free: usize,
    /// The address, or the hash where that is none, and the slot of the element that was found or added last: it is
    /// often asked for again.
    last: Cell<(usize, Place)>,
}

/// Seven bits of a hash that hardly ever pick the group.
#[inline(always)]
fn mark(hash: u32) -> u64 {
    u64::from(hash & 0x7f)
}

/// The first bits of the slots of a group that are unused.
#[inline(always)]
fn unused(marks: u64) -> u64 {
    marks & marks << 1 & HIGH
}

/// The slots of a group whose bytes have the first bit, as the numbers of these bits.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

impl<K: Key> Flat<K> {
    pub(super) const fn new() -> Flat<K> {
        Flat {
            memory: Room::none(),
            marks: ptr::null_mut(),
            groups: 0,
            shift: 32,
            len: 0,
            free: 0,
            last: Cell::new((NONE, Place(0))),
        }
    }

    /// How many elements have come, those that are gone included.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn hash(cx: Cx, key: &K) -> R<u32> {
        Ok((key.fast_hash(cx)?.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32)
    }

    /// The group to which a hash leads.
    #[inline(always)]
    fn group(&self, hash: u32) -> usize {
        hash.unbounded_shr(self.shift) as usize & (self.groups - 1)
    }

    /// The marks of a group.
    #[inline(always)]
    fn marks(&self, group: usize) -> u64 {
        debug_assert!(group < self.groups);
        // SAFETY: Its marks are written; every caller has it below `groups`.
        unsafe { *self.marks.add(group) }
    }

    #[inline(always)]
    fn set_mark(&mut self, slot: usize, mark: u64) {
        let (group, shift) = (slot / SLOTS, slot % SLOTS * 8);
        let marks = self.marks(group) & !(0xff << shift) | mark << shift;
        // SAFETY: As above.
        unsafe { *self.marks.add(group) = marks };
    }

    /// The place of an element, or its hash, with which it can be added.
    #[inline]
    pub(super) fn search(&self, cx: Cx, key: &K) -> R<Result<Place, u32>> {
        let address = key.address();
        // Another key may be at that address by now.
        if address != 0 && self.last.get().0 == address && self.last_is(cx, key)? {
            return Ok(Ok(self.last.get().1));
        }
        if K::Stored::LIES
            && address != 0
            && self.groups == 1
            && let Some(place) = self.lying_at(address)
        {
            return Ok(Ok(place));
        }
        let hash = Flat::hash(cx, key)?;
        if address == 0 && self.last.get().0 == hash as usize && self.last_is(cx, key)? {
            return Ok(Ok(self.last.get().1));
        }
        let Some(place) = self.find(cx, hash, key)? else { return Ok(Err(hash)) };
        self.last.set((if address == 0 { hash as usize } else { address }, place));
        Ok(Ok(place))
    }

    /// Is it the element that was found or added last?
    #[inline(always)]
    fn last_is(&self, cx: Cx, key: &K) -> R<bool> {
        // It is the place of an element, as growing and taking out forget it.
        self.at(self.last.get().1).key.is_key(cx, key)
    }

    /// The slot of the object at this address, in the only group.
    #[inline(always)]
    fn lying_at(&self, address: usize) -> Option<Place> {
        Bits(!self.marks(0) & HIGH).map(Place).find(|&place| self.at(place).key.lies_at(address))
    }

    /// The place of an element with this hash.
    #[inline(always)]
    pub(super) fn find(&self, cx: Cx, hash: u32, key: &K) -> R<Option<Place>> {
        if self.len == 0 {
            return Ok(None);
        }
        let mut at = self.group(hash);
        let mut step = 0;
        loop {
            let marks = self.marks(at);
            let other = marks ^ (mark(hash) * LOW);
            // A byte above one that fits may be found as well, which is told below; but only ones without the
            // first bit.
            for slot in Bits(other.wrapping_sub(LOW) & !other & HIGH) {
                let place = Place(at * SLOTS + slot);
                let there = self.at(place);
                if there.hash == hash && there.key.is_key(cx, key)? {
                    return Ok(Some(place));
                }
            }
            step += 1;
            // Only a table of one group may be full.
            if unused(marks) != 0 || step == self.groups {
                return Ok(None);
            }
            at = (at + step) & (self.groups - 1);
        }
    }

    /// Adds an element that is not in the set; its turn.
    #[inline]
    pub(super) fn add(&mut self, hash: u32, key: K) -> R<usize> {
        let turn = self.len;
        if self.free == 0 {
            self.grow(turn + 1)?;
        }
        let sign = match key.address() {
            0 => hash as usize,
            address => address,
        };
        let slot = self.mark_unused(hash, mark(hash));
        let element = Slot { hash, turn: turn as u32, key: K::Stored::of(key) };
        // SAFETY: A slot of the table.
        unsafe { self.memory.get_unchecked_mut(slot) }.write(element);
        self.free -= 1;
        self.len += 1;
        self.last.set((sign, Place(slot)));
        Ok(turn)
    }

    /// Marks one of the unused slots to which this hash leads.
    #[inline(always)]
    fn mark_unused(&mut self, hash: u32, mark: u64) -> usize {
        let mut at = self.group(hash);
        let mut step = 0;
        loop {
            if let Some(slot) = Bits(unused(self.marks(at))).next() {
                self.set_mark(at * SLOTS + slot, mark);
                return at * SLOTS + slot;
            }
            step += 1;
            at = (at + step) & (self.groups - 1);
        }
    }

    /// Puts an element that was in the table already where it belongs now.
    #[inline(always)]
    fn settle(&mut self, mark: u64, element: Slot<K::Stored>) {
        let slot = self.mark_unused(element.hash, mark);
        self.memory[slot].write(element);
    }

    /// Makes room for so many elements in all.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, count: usize) -> R<()> {
        let groups = match count {
            ..=SLOTS => 1,
            count => count.div_ceil(FULL).next_power_of_two(),
        };
        let slots = groups * SLOTS;
        let all = slots + (groups * size_of::<u64>()).div_ceil(size_of::<Slot<K::Stored>>());
        if count > MOST {
            return bail(Bail::Memory);
        }
        if groups == 2 * self.groups && self.grow_in_place(all)? {
            return Ok(());
        }
        let Some(memory) = Room::<Slot<K::Stored>>::new(all) else { return bail(Bail::Memory) };
        // SAFETY: Behind the slots there is room for the marks.
        let marks = unsafe {
            let marks = memory.start().add(slots).cast::<u64>();
            marks.write_bytes(UNUSED, groups);
            marks
        };
        let new = Flat {
            memory,
            marks,
            groups,
            shift: 32_u32.saturating_sub(groups.trailing_zeros()),
            len: self.len,
            free: if groups == 1 { SLOTS } else { groups * FULL } - self.len,
            last: Cell::new((NONE, Place(0))),
        };
        let mut old = core::mem::replace(self, new);
        for slot in old.used() {
            // SAFETY: It is used, and read once: the old table has no groups behind this loop.
            let element = unsafe { old.memory.get_unchecked(slot).assume_init_read() };
            self.settle(old.marks(slot / SLOTS) >> (slot % SLOTS * 8) & 0xff, element);
        }
        old.groups = 0;
        Ok(())
    }

    /// Twice as many groups in the memory that there is, which gets longer; false where it cannot.
    ///
    /// A group comes apart into two, which stand behind it, or at its own place and the next. So what leads to groups from
    /// the last one on down finds its place free of what has not been moved yet; the few that would not, because they
    /// stood in another group than the first one they led to, or because there is no slot for them, come last.
    fn grow_in_place(&mut self, all: usize) -> R<bool> {
        if !self.memory.is_large() {
            return Ok(false);
        }
        let (old, slots) = (self.groups, 2 * self.groups * SLOTS);
        let mut marks: Buf<u64> = Buf::new();
        // SAFETY: So many are written.
        let there = unsafe { core::slice::from_raw_parts(self.marks, old) };
        if !marks.extend_from(there) || !self.memory.grow(all) {
            return bail(Bail::Memory);
        }
        // SAFETY: Behind the slots there is room for the marks.
        unsafe {
            self.marks = self.memory.start().add(slots).cast::<u64>();
            self.marks.write_bytes(UNUSED, 2 * old);
        }
        self.groups = 2 * old;
        self.shift = 32_u32.saturating_sub(self.groups.trailing_zeros());
        self.free += old * FULL;
        self.last.set((NONE, Place(0)));
        let mut others: Buf<(u64, Slot<K::Stored>)> = Buf::new();
        for group in (0..old).rev() {
            let there = marks[group];
            for slot in Bits(!unused(there) & HIGH) {
                // SAFETY: It is used, and read once.
                let element = unsafe { self.memory.get_unchecked(group * SLOTS + slot).assume_init_read() };
                let mark = there >> (slot * 8) & 0xff;
                let to = self.group(element.hash);
                if to > group && unused(self.marks(to)) != 0 {
                    self.settle(mark, element);
                } else if others.push((mark, element)).is_err() {
                    // The call is not committed, and what was not moved yet is never dropped.
                    return bail(Bail::Memory);
                }
            }
        }
        for (mark, element) in others {
            self.settle(mark, element);
        }
        Ok(true)
    }

    /// All slots that are used.
    fn used(&self) -> impl Iterator<Item = usize> {
        let slots_of = |group| Bits(!unused(self.marks(group)) & HIGH).map(move |slot| group * SLOTS + slot);
        (0..self.groups).flat_map(slots_of)
    }

    /// The places of all elements that have come, in turn.
    pub(super) fn in_turn(&self) -> R<Buf<Place>> {
        let mut places: Buf<Place> = Buf::new();
        if !places.reserve_total(self.len) {
            return bail(Bail::Memory);
        }
        // SAFETY: There is room for so many, and each element has a turn of its own below that.
        unsafe {
            for slot in self.used() {
                let place = Place(slot);
                places.as_mut_ptr().add(self.turn(place)).write(place);
            }
            places.set_len(self.len);
        }
        Ok(places)
    }

    #[inline(always)]
    fn at(&self, place: Place) -> &Slot<K::Stored> {
        // SAFETY: Only places of elements are given away, and they stay where they are until the table grows.
        unsafe { self.memory.get_unchecked(place.0).assume_init_ref() }
    }

    /// The elements that are there and their hashes, in no order.
    pub(super) fn elements(&self) -> impl Iterator<Item = (u32, K)> {
        let places_of = |group| Bits(!self.marks(group) & HIGH).map(move |slot| Place(group * SLOTS + slot));
        (0..self.groups).flat_map(places_of).map(|place| (self.at(place).hash, self.key(place)))
    }

    #[inline(always)]
    pub(super) fn key(&self, place: Place) -> K {
        self.at(place).key.key()
    }

    /// How many elements had come before this one.
    #[inline(always)]
    pub(super) fn turn(&self, place: Place) -> usize {
        self.at(place).turn as usize
    }

    /// Takes an element out.
    #[inline(always)]
    pub(super) fn take(&mut self, Place(slot): Place) {
        self.last.set((NONE, Place(0)));
        self.set_mark(slot, GONE);
    }
}

impl<K: Key> Drop for Flat<K> {
    #[inline]
    fn drop(&mut self) {
        if needs_drop::<K::Stored>() {
            for slot in self.used() {
                // SAFETY: It is used, and nobody reads it again.
                drop(unsafe { self.memory.get_unchecked(slot).assume_init_read() });
            }
        }
    }
}
