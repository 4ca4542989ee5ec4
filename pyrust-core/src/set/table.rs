//! The hash table of CPython's sets, so that elements come out in the same order: linear probes, then perturbed
//! jumps; the last dummy on the way is used again; growth by what is used, not by what is full.

use core::mem::replace;

use crate::buf::Buf;
use crate::elem::{Key, Stored};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Neighbours that are looked at before a jump.
const LINEAR_PROBES: usize = 9;

const PERTURB_SHIFT: u32 = 5;

/// Slots of the smallest table.
pub(crate) const SMALLEST: usize = 8;

/// The slots that a hash leads to, in order; endless.
pub(crate) struct Probes {
    mask: usize,
    perturb: usize,
    start: usize,
    at: usize,
    last: usize,
}

impl Probes {
    #[inline(always)]
    pub(crate) fn new(hash: isize, mask: usize) -> Probes {
        let start = hash as usize & mask;
        Probes { mask, perturb: hash as usize, start, at: start, last: Probes::end(start, mask) }
    }

    #[inline(always)]
    fn end(start: usize, mask: usize) -> usize {
        if start + LINEAR_PROBES <= mask { start + LINEAR_PROBES } else { start }
    }

    #[inline(always)]
    pub(crate) fn next(&mut self) -> usize {
        if self.at > self.last {
            self.perturb >>= PERTURB_SHIFT;
            self.start = self.start.wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb) & self.mask;
            self.at = self.start;
            self.last = Probes::end(self.start, self.mask);
        }
        self.at += 1;
        self.at - 1
    }
}

/// What a table keeps of an element.
pub trait Entry<K>: Clone {
    fn made(key: K) -> Self;
    /// Another handle of the element.
    fn key(&self) -> K;
    /// Is it that element, or an equal one?
    fn is_key(&self, cx: Cx, key: &K) -> R<bool>;
    /// The same of what another table keeps.
    fn of(entry: &Own<K>) -> Self
    where
        K: Key;
    fn is_own(&self, cx: Cx, entry: &Own<K>) -> R<bool>
    where
        K: Key;
}

/// Of a native set: the value, as tables keep it.
pub struct Own<K: Key>(K::Stored);

impl<K: Key> Clone for Own<K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Own(self.0.again())
    }
}

impl<K: Key> Entry<K> for Own<K> {
    #[inline(always)]
    fn made(key: K) -> Self {
        Own(K::Stored::of(key))
    }

    #[inline(always)]
    fn key(&self) -> K {
        self.0.key()
    }

    #[inline(always)]
    fn is_key(&self, cx: Cx, key: &K) -> R<bool> {
        self.0.is_key(cx, key)
    }

    #[inline(always)]
    fn of(entry: &Own<K>) -> Self {
        entry.clone()
    }

    #[inline(always)]
    fn is_own(&self, cx: Cx, entry: &Own<K>) -> R<bool> {
        self.0.is_same(cx, &entry.0)
    }
}

#[derive(Clone)]
pub(crate) enum Slot<E> {
    Unused,
    /// What was here is gone, and searches go on.
    Dummy,
    Active(isize, E),
}

/// How large and how full a table is.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Slots less one.
    pub(crate) mask: usize,
    /// Elements and dummies.
    pub(crate) fill: usize,
    /// Elements.
    pub(crate) used: usize,
}

impl Shape {
    /// Does so much more need a larger table?
    pub(crate) fn is_tight(self, more: usize) -> bool {
        (self.fill + more) * 5 >= self.mask * 3
    }
}

pub struct Table<E> {
    /// None as long as nothing was put in: as if all were unused.
    slots: Buf<Slot<E>>,
    shape: Shape,
    /// Where `pop` goes on.
    pub(crate) finger: usize,
    /// Moves on with every change.
    pub(crate) version: u64,
}

impl<E> Table<E> {
    pub(crate) const fn new() -> Table<E> {
        let shape = Shape { mask: SMALLEST - 1, fill: 0, used: 0 };
        Table { slots: Buf::new(), shape, finger: 0, version: 0 }
    }

    #[inline(always)]
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    #[inline(always)]
    pub(crate) fn slot(&self, index: usize) -> &Slot<E> {
        // Before the first element there are no slots.
        self.slots.get(index).unwrap_or(&Slot::Unused)
    }

    fn unused(size: usize) -> R<Buf<Slot<E>>> {
        let mut slots = Buf::new();
        if size > isize::MAX as usize / 64 || !slots.reserve_total(size) {
            return bail(Bail::Memory);
        }
        for _ in 0..size {
            if slots.push(Slot::Unused).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(slots)
    }

    /// Makes the slots of a table that has none yet.
    pub(crate) fn allocate(&mut self) -> R<()> {
        if self.slots.is_empty() {
            self.slots = Table::unused(self.shape.mask + 1)?;
        }
        Ok(())
    }

    /// An empty table of this size, to be filled slot by slot.
    pub(crate) fn sized(mask: usize, finger: usize) -> R<Table<E>> {
        let shape = Shape { mask, fill: 0, used: 0 };
        Ok(Table { slots: Table::unused(mask + 1)?, shape, finger, version: 0 })
    }

    /// All elements with their hashes.
    #[inline]
    pub(crate) fn each(&self, mut f: impl FnMut(isize, &E) -> R<()>) -> R<()> {
        for slot in self.slots.iter() {
            if let Slot::Active(hash, entry) = slot {
                f(*hash, entry)?;
            }
        }
        Ok(())
    }

    /// Fills an unused slot as it stands elsewhere.
    pub(crate) fn fill_slot(&mut self, index: usize, slot: Slot<E>) {
        match slot {
            Slot::Unused => return,
            Slot::Dummy => {}
            Slot::Active(..) => self.shape.used += 1,
        }
        self.shape.fill += 1;
        self.slots[index] = slot;
    }

    /// The table of another set takes this one's place; only the finger stays.
    pub(crate) fn become_table(&mut self, other: Table<E>) {
        let (finger, version) = (self.finger, self.version + 1);
        drop(replace(self, Table { finger, version, ..other }));
    }

    pub(crate) fn clear(&mut self) {
        self.become_table(Table::new());
    }

    /// Makes the table as large as CPython does for more than `want` elements; dummies go.
    pub(crate) fn resize(&mut self, want: usize) -> R<()> {
        let mut size = SMALLEST;
        while size <= want {
            size *= 2;
        }
        if size == SMALLEST && self.shape.mask == SMALLEST - 1 && self.shape.fill == self.shape.used {
            return Ok(());
        }
        let mut slots = Table::unused(size)?;
        for slot in self.slots.iter_mut() {
            if let Slot::Active(hash, _) = slot {
                let index = clean_place(&slots, size - 1, *hash);
                slots[index] = replace(slot, Slot::Unused);
            }
        }
        self.slots = slots;
        self.shape.mask = size - 1;
        self.shape.fill = self.shape.used;
        self.version += 1;
        Ok(())
    }

    /// What a table grows to after an insertion.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> R<()> {
        let used = self.shape.used;
        self.resize(if used > 50_000 { used * 2 } else { used * 4 })
    }

    /// Puts an element that is not there into a table without dummies.
    pub(crate) fn insert_clean(&mut self, hash: isize, entry: E) -> R<()> {
        self.allocate()?;
        let index = clean_place(&self.slots, self.shape.mask, hash);
        self.fill_slot(index, Slot::Active(hash, entry));
        Ok(())
    }

    /// Removes "the first" element.
    pub(crate) fn pop(&mut self) -> Option<E> {
        if self.shape.used == 0 {
            return None;
        }
        let mut index = self.finger & self.shape.mask;
        while !matches!(self.slots[index], Slot::Active(..)) {
            index = (index + 1) & self.shape.mask;
        }
        self.finger = index + 1;
        self.take(index)
    }

    fn take(&mut self, index: usize) -> Option<E> {
        self.shape.used -= 1;
        self.version += 1;
        match replace(&mut self.slots[index], Slot::Dummy) {
            Slot::Active(_, entry) => Some(entry),
            Slot::Unused | Slot::Dummy => None,
        }
    }

    /// After many were removed: more than a quarter of dummies go.
    pub(crate) fn tidy(&mut self) -> R<()> {
        if self.shape.fill - self.shape.used <= self.shape.mask / 4 { Ok(()) } else { self.grow() }
    }
}

/// The first unused slot for a hash.
#[inline]
fn clean_place<E>(slots: &[Slot<E>], mask: usize, hash: isize) -> usize {
    let mut probes = Probes::new(hash, mask);
    loop {
        let index = probes.next();
        if matches!(slots[index], Slot::Unused) {
            return index;
        }
    }
}

impl<E> Table<E> {
    /// The slot of an element.
    #[inline]
    pub(crate) fn find<K: Key>(&self, cx: Cx, hash: isize, key: &K) -> R<Option<usize>>
    where
        E: Entry<K>,
    {
        self.search(hash, |entry| entry.is_key(cx, key))
    }

    /// That of an element that another table keeps.
    #[inline]
    pub(crate) fn find_own<K: Key>(&self, cx: Cx, hash: isize, own: &Own<K>) -> R<Option<usize>>
    where
        E: Entry<K>,
    {
        self.search(hash, |entry| entry.is_own(cx, own))
    }

    #[inline(always)]
    fn search(&self, hash: isize, is_it: impl Fn(&E) -> R<bool>) -> R<Option<usize>> {
        if self.shape.used == 0 {
            return Ok(None);
        }
        let mut probes = Probes::new(hash, self.shape.mask);
        loop {
            let index = probes.next();
            match &self.slots[index] {
                Slot::Unused => return Ok(None),
                Slot::Active(stored, entry) if *stored == hash && is_it(entry)? => {
                    return Ok(Some(index));
                }
                Slot::Active(..) | Slot::Dummy => {}
            }
        }
    }

    /// Adds an element unless it is there.
    #[inline]
    pub(crate) fn add<K: Key>(&mut self, cx: Cx, hash: isize, key: K) -> R<()>
    where
        E: Entry<K>,
    {
        match self.place(hash, |entry| entry.is_key(cx, &key))? {
            Some(place) => self.put(place, hash, E::made(key)),
            None => Ok(()),
        }
    }

    /// Adds an element that another table keeps.
    #[inline]
    pub(crate) fn add_own<K: Key>(&mut self, cx: Cx, hash: isize, own: &Own<K>) -> R<()>
    where
        E: Entry<K>,
    {
        match self.place(hash, |entry| entry.is_own(cx, own))? {
            Some(place) => self.put(place, hash, E::of(own)),
            None => Ok(()),
        }
    }

    /// Where an element goes, and whether the slot is a dummy; none if it is there.
    #[inline(always)]
    fn place(&mut self, hash: isize, is_it: impl Fn(&E) -> R<bool>) -> R<Option<(usize, bool)>> {
        self.allocate()?;
        let mut probes = Probes::new(hash, self.shape.mask);
        let mut free = None;
        loop {
            let index = probes.next();
            match &self.slots[index] {
                Slot::Unused => return Ok(Some(free.map_or((index, false), |dummy| (dummy, true)))),
                Slot::Dummy => free = Some(index),
                Slot::Active(stored, entry) if *stored == hash && is_it(entry)? => return Ok(None),
                Slot::Active(..) => {}
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, (index, is_dummy): (usize, bool), hash: isize, entry: E) -> R<()> {
        self.version += 1;
        self.shape.used += 1;
        self.slots[index] = Slot::Active(hash, entry);
        if is_dummy {
            return Ok(());
        }
        self.shape.fill += 1;
        if self.shape.is_tight(0) { self.grow() } else { Ok(()) }
    }

    /// Removes an element, if it is there.
    pub(crate) fn discard<K: Key>(&mut self, cx: Cx, hash: isize, key: &K) -> R<Option<E>>
    where
        E: Entry<K>,
    {
        match self.find(cx, hash, key)? {
            Some(index) => Ok(self.take(index)),
            None => Ok(None),
        }
    }
}
