//! The hash table below native dicts and overlays: entries in insertion order, an index of slots beside them.
//!
//! The order does not depend on the hashes, so they are our own: a multiplication, of which the high bits pick
//! the slot.  A few entries are searched one by one, without an index.  Deleted entries leave holes that go at the
//! next growth.

use core::cell::Cell;
use core::mem::MaybeUninit;

use crate::boundary::layout;
use crate::buf::Buf;
use crate::dict::index::Index;
use crate::elem::{Key, Stored};
use crate::pages;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// So many entries at most: places are kept in 32 bits.
const PLACES: usize = u32::MAX as usize - 1;

/// So many entries need no index.
const FEW: usize = 8;

struct Entry<K, V> {
    /// 0 in a hole, odd otherwise.
    hash: u64,
    /// The key as it is kept, and the value.
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

pub(crate) struct Table<K: Key, V> {
    /// None as long as there are few entries.
    index: Index,
    entries: Buf<Entry<K::Stored, V>>,
    used: usize,
    /// Places before it are holes.
    front: usize,
    /// The address, or the hash where that is none, and the place of the key that was found or added last: it is often
    /// asked for again.
    last: Cell<(usize, usize)>,
    /// Keys that compiled methods compare were removed. CPython puts others in their slots, before what was there.
    removed: bool,
}

impl<K: Key, V> Table<K, V> {
    pub(crate) const fn new() -> Table<K, V> {
        Table {
            index: Index::new(),
            entries: Buf::new(),
            used: 0,
            front: 0,
            last: Cell::new((0, 0)),
            removed: false,
        }
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
        if K::HASHED {
            // Which is never -1, so that hashes are told apart as Python tells them.
            return Ok(key.fast_hash(cx)?.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
        Ok(key.fast_hash(cx)?.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The place of a key, or its hash, with which it can be added.
    #[inline]
    pub(crate) fn search(&self, cx: Cx, key: &K) -> R<Result<usize, u64>> {
        let address = key.address();
        // Another key may be at that address by now.
        if address != 0 && self.last.get().0 == address && self.last_is(cx, key)? {
            return Ok(Ok(self.last.get().1));
        }
        // For other keys this function calls nothing, and needs no frame.
        if K::Stored::LIES && self.index.is_none() {
            return self.search_few(cx, key);
        }
        let hash = Table::<K, V>::hash(cx, key)?;
        if address == 0 && self.last_has(hash) && self.last_is(cx, key)? {
            return Ok(Ok(self.last.get().1));
        }
        let found =
            if K::Stored::LIES { self.find_indexed(cx, hash, key)? } else { self.find(cx, hash, key)? };
        self.noted(hash, address, found)
    }

    /// [`Table::search`] where there is no index. It has the same convention, so that it can be jumped to.
    #[inline(never)]
    fn search_few(&self, cx: Cx, key: &K) -> R<Result<usize, u64>> {
        let address = key.address();
        // Records are asked for the very names that they were made with: those need no hash.
        if address != 0
            && let Some(place) = self.place_of(address)
        {
            return Ok(Ok(place));
        }
        let hash = Table::<K, V>::hash(cx, key)?;
        if address == 0 && self.last_has(hash) && self.last_is(cx, key)? {
            return Ok(Ok(self.last.get().1));
        }
        self.noted(hash, address, self.find(cx, hash, key)?)
    }

    /// What was found is remembered.
    #[inline(always)]
    fn noted(&self, hash: u64, address: usize, found: Option<usize>) -> R<Result<usize, u64>> {
        let Some(place) = found else { return Ok(Err(hash)) };
        self.last.set((if address == 0 { hash as usize } else { address }, place));
        Ok(Ok(place))
    }

    /// Had the key that was found or added last this hash, and no address?
    #[inline(always)]
    fn last_has(&self, hash: u64) -> bool {
        let (sign, place) = self.last.get();
        !K::HASHED && sign == hash as usize && self.entries.get(place).is_some_and(|entry| entry.hash == hash)
    }

    /// Is it the key that was found or added last, and still there?
    #[inline(always)]
    fn last_is(&self, cx: Cx, key: &K) -> R<bool> {
        let Some(entry) = self.entries.get(self.last.get().1) else { return Ok(false) };
        // SAFETY: An entry with a hash is live.
        Ok(entry.hash != 0 && unsafe { &entry.pair.assume_init_ref().0 }.is_key(cx, key)?)
    }

    /// The place of the object at this address, among a few.
    #[inline(always)]
    fn place_of(&self, address: usize) -> Option<usize> {
        let mut found = usize::MAX;
        for (place, entry) in self.entries.iter().enumerate() {
            // SAFETY: An entry with a hash is live.
            let is_it = entry.hash != 0 && unsafe { &entry.pair.assume_init_ref().0 }.lies_at(address);
            found = if is_it { place } else { found };
        }
        (found != usize::MAX).then_some(found)
    }

    /// The place of a key.
    #[inline]
    pub(crate) fn find(&self, cx: Cx, hash: u64, key: &K) -> R<Option<usize>> {
        if self.used == 0 {
            return Ok(None);
        }
        if self.index.is_none() {
            if K::HASHED {
                // Code of the program's is asked, in the order in which Python asks.
                for (place, entry) in self.entries.iter().enumerate() {
                    // SAFETY: An entry with a hash is live.
                    if entry.hash == hash && unsafe { &entry.pair.assume_init_ref().0 }.is_key(cx, key)? {
                        return Ok(Some(place));
                    }
                }
                return Ok(None);
            }
            // Which of a few it is nobody can foresee, so nothing branches on it.
            let mut found = usize::MAX;
            for (place, entry) in self.entries.iter().enumerate() {
                found = if entry.hash == hash { place } else { found };
            }
            let Some(entry) = self.entries.get(found) else { return Ok(None) };
            // SAFETY: An entry with a hash is live.
            if unsafe { &entry.pair.assume_init_ref().0 }.is_key(cx, key)? {
                return Ok(Some(found));
            }
            // Another key with the same hash.
            for (place, entry) in self.entries.iter().enumerate() {
                // SAFETY: An entry with a hash is live.
                if entry.hash == hash && unsafe { &entry.pair.assume_init_ref().0 }.is_key(cx, key)? {
                    return Ok(Some(place));
                }
            }
            return Ok(None);
        }
        self.find_indexed(cx, hash, key)
    }

    /// [`Table::find`] where there is an index.
    #[inline(always)]
    fn find_indexed(&self, cx: Cx, hash: u64, key: &K) -> R<Option<usize>> {
        self.index.find(hash, |place| {
            // SAFETY: What stands in the index is the place of a live entry.
            unsafe {
                let entry = self.entries.get_unchecked(place);
                Ok(entry.hash == hash && entry.pair.assume_init_ref().0.is_key(cx, key)?)
            }
        })
    }

    /// Adds a key that is not there; its place.
    #[inline]
    pub(crate) fn add(&mut self, hash: u64, key: K, value: V) -> R<usize> {
        if K::HASHED && self.removed && self.has_hash(hash)? {
            return bail(Bail::Unsupported);
        }
        if if self.index.is_none() { self.entries.len() >= FEW } else { self.index.is_full() } {
            self.grow()?;
        }
        let place = self.entries.len();
        let sign = match key.address() {
            0 => hash as usize,
            address => address,
        };
        let pair = MaybeUninit::new((K::Stored::of(key), value));
        if place >= PLACES || self.entries.push(Entry { hash, pair }).is_err() {
            return bail(Bail::Memory);
        }
        if !self.index.is_none() {
            self.index.enter(hash, place);
        }
        self.used += 1;
        self.last.set((sign, place));
        Ok(place)
    }

    /// The same entries in another table, where they have no holes between them, nor keys of which compiled methods tell
    /// whether they are equal.
    pub(crate) fn twin(&self) -> R<Option<Table<K, V>>>
    where
        V: Clone,
    {
        if K::HASHED || self.used != self.entries.len() {
            return Ok(None);
        }
        let mut entries = Buf::new();
        // A copy is seldom made for nothing to be added.
        if !entries.reserve_total(self.used + self.used / 8 + 1) {
            return bail(Bail::Memory);
        }
        for entry in self.entries.iter() {
            // SAFETY: There are no holes.
            let (key, value) = unsafe { entry.pair.assume_init_ref() };
            let pair = MaybeUninit::new((key.again(), value.clone()));
            if entries.push(Entry { hash: entry.hash, pair }).is_err() {
                return bail(Bail::Memory);
            }
        }
        let (index, last) = (self.index.twin()?, Cell::new(self.last.get()));
        Ok(Some(Table { index, entries, used: self.used, front: 0, last, removed: false }))
    }

    /// Makes room for so many entries, in a table that has none.
    pub(crate) fn expect(&mut self, count: usize) -> R<()> {
        if !self.entries.reserve_total(count) {
            return bail(Bail::Memory);
        }
        if self.entries.is_empty() && count > FEW {
            self.index = Index::sized(count)?;
        }
        Ok(())
    }

    /// Has a key this hash?
    #[cold]
    fn has_hash(&self, hash: u64) -> R<bool> {
        if self.index.is_none() {
            return Ok(self.entries.iter().any(|entry| entry.hash == hash));
        }
        let found = self.index.find(hash, |place| Ok(self.entries[place].hash == hash))?;
        Ok(found.is_some())
    }

    /// Squeezes the holes out and makes the index large enough for as many entries again.
    #[cold]
    #[inline(never)]
    extern "C" fn grow(&mut self) -> R<()> {
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
        if self.index.is_none() && self.used < FEW {
            return Ok(());
        }
        // Not beside the old one, of which nothing is needed.
        self.index = Index::new();
        self.index = Index::sized(self.used)?;
        for place in 0..self.entries.len() {
            let hash = self.entries[place].hash;
            self.index.enter(hash, place);
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
    pub(crate) fn key(&self, place: usize) -> K {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { self.entries.get_unchecked(place).pair.assume_init_ref().0.key() }
    }

    /// Puts an equal key in the place of the one there.
    pub(crate) fn set_key(&mut self, place: usize, key: K) {
        debug_assert!(self.is_live(place));
        // SAFETY: A live place, by the caller.
        unsafe { self.entries.get_unchecked_mut(place).pair.assume_init_mut().0 = K::Stored::of(key) };
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
        if !self.index.is_none() {
            self.index.leave(self.entries[place].hash, place);
        }
        self.used -= 1;
        let entry = &mut self.entries[place];
        entry.hash = 0;
        // SAFETY: The entry was live; now it is a hole, so the pair is read once.
        let (key, value) = unsafe { entry.pair.assume_init_read() };
        if self.used == 0 {
            self.clear();
        }
        self.removed = K::HASHED;
        (key.into_key(), value)
    }

    /// Says that the key at a place is going to be looked at.
    #[inline(always)]
    pub(crate) fn fetch(&self, place: usize) {
        if let Some(entry) = self.entries.get(place)
            && entry.hash != 0
        {
            // SAFETY: An entry with a hash is live.
            unsafe { &entry.pair.assume_init_ref().0 }.fetch();
        }
    }

    /// Takes the first entry from a place on, of a table in which nothing will be looked up any more.
    pub(crate) fn give_up(&mut self, from: usize) -> Option<(usize, (K, V))> {
        let place = self.next_live(from)?;
        self.index = Index::new();
        Some((place, self.remove(place)))
    }

    /// Says that the entries are going to be looked at.
    #[inline(always)]
    pub(crate) fn fetch_entries(&self) {
        layout::fetch(self.entries.as_ptr().cast::<u8>());
    }

    /// The value at a place, if there is one.
    #[inline(always)]
    pub(crate) fn value_beyond(&self, place: usize) -> Option<&V> {
        let entry = self.entries.get(place).filter(|entry| entry.hash != 0)?;
        // SAFETY: A live entry is written.
        Some(unsafe { &entry.pair.assume_init_ref().1 })
    }

    fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<K::Stored, V>>()
    }

    /// Is it so large that the memory of entries that were taken out is given back?
    pub(crate) fn is_large(&self) -> bool {
        pages::is_large(self.bytes())
    }

    /// How many entries are read for the last time before their memory is given back.
    pub(crate) fn piece(&self) -> usize {
        pages::piece::<Entry<K::Stored, V>>(self.bytes())
    }

    /// Gives the memory of places back that are holes, all of them.
    pub(crate) fn give_back(&mut self, from: usize, to: usize) {
        debug_assert!(self.entries[from..to].iter().all(|entry| entry.hash == 0));
        // SAFETY: Nothing is in holes, and zeros are holes as well.
        unsafe { self.entries.give_back(from, to) };
    }

    pub(crate) fn clear(&mut self) {
        if self.used == 0 {
            // SAFETY: There is nothing to drop in holes, at which nobody looks again.
            unsafe { self.entries.set_len(0) };
        }
        self.used = 0;
        self.front = 0;
        self.index = Index::new();
        self.entries.clear();
        self.removed = false;
    }
}
