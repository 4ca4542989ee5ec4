//! The elements of a native set as long as nobody has asked for their order.
//!
//! Most sets are only asked what is in them.  Such a set has a table whose look-ups are cheaper than those of
//! CPython's, and remembers in which order elements came and went; the first question about the order
//! does the same to a table of CPython's.

use crate::buf::Buf;
use crate::elem::Key;
use crate::set::flat::Flat;
use crate::set::table::{Own, Table};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// So many changes are remembered of a small set, and between two looks; of a larger one [`PER_PLACE`] for each element.
const LEAST: usize = 256;
const PER_PLACE: usize = 4;

/// So many places of elements that have gone are nothing; of more, [`PER_ELEMENT`] for each element that is there, or
/// that the set began with: one that only shrinks gains no places.
const FEW_PLACES: usize = 1024;
const PER_ELEMENT: usize = 2;

pub(super) struct Unordered<K: Key> {
    /// The elements, and those that were taken out.
    places: Flat<K>,
    used: usize,
    /// The first so many came in order, before anything else happened.
    first: usize,
    /// What happened since an element was taken out for the first time: twice its turn, and one more if it came.
    later: Buf<u32>,
}

impl<K: Key> Unordered<K> {
    pub(crate) const fn new() -> Unordered<K> {
        Unordered { places: Flat::new(), used: 0, first: 0, later: Buf::new() }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Has so much happened that the order is cheaper to keep than to remember? That is looked at now and then.
    #[inline(always)]
    pub(crate) fn is_worn(&self) -> bool {
        let events = self.later.len();
        events.is_multiple_of(LEAST) && events != 0 && self.is_worn_by(events)
    }

    #[cold]
    #[inline(never)]
    fn is_worn_by(&self, events: usize) -> bool {
        let places = self.places.len();
        events > PER_PLACE * places
            || (places > FEW_PLACES && places > PER_ELEMENT * self.first.max(self.used))
    }

    #[inline(always)]
    fn note(&mut self, turn: usize, came: bool) -> R<()> {
        if self.later.push((turn as u32) << 1 | u32::from(came)).is_err() {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn has(&self, cx: Cx, key: &K) -> R<bool> {
        Ok(self.places.search(cx, key)?.is_ok())
    }

    #[inline]
    pub(crate) fn add(&mut self, cx: Cx, key: K) -> R<()> {
        let Err(hash) = self.places.search(cx, &key)? else { return Ok(()) };
        let turn = self.places.add(hash, key)?;
        self.used += 1;
        if self.later.is_empty() {
            self.first += 1;
            return Ok(());
        }
        self.note(turn, true)
    }

    /// Takes an element out; was it there?
    #[inline]
    pub(crate) fn take(&mut self, cx: Cx, key: &K) -> R<bool> {
        let Ok(place) = self.places.search(cx, key)? else { return Ok(false) };
        self.places.take(place);
        self.used -= 1;
        self.note(self.places.turn(place), false)?;
        Ok(true)
    }

    #[inline]
    pub(crate) fn has_hashed(&self, cx: Cx, hash: u32, key: &K) -> R<bool> {
        Ok(self.places.find(cx, hash, key)?.is_some())
    }

    /// The elements with their hashes, in no order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = (u32, K)> {
        self.places.elements()
    }

    /// Would a table take next to nothing for the hashes of elements like these?
    #[cold]
    pub(crate) fn knows_hashes(&self) -> bool {
        self.places.elements().next().is_some_and(|(_, key)| key.knows_hash())
    }

    /// The table that CPython would have now.
    #[cold]
    #[inline(never)]
    pub(crate) fn ordered(&self, cx: Cx) -> R<Table<Own<K>>> {
        let mut table = Table::new();
        let places = self.places.in_turn()?;
        let mut happen = |turn: usize, came: bool| {
            let key = self.places.key(places[turn]);
            let hash = key.py_hash(cx)?;
            if came { table.add(cx, hash, key) } else { table.discard(cx, hash, &key).map(drop) }
        };
        for turn in 0..self.first {
            happen(turn, true)?;
        }
        for event in self.later.iter() {
            happen((event >> 1) as usize, event & 1 != 0)?;
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use core::ptr::NonNull;
    use std::collections::HashSet;

    use super::{FEW_PLACES, LEAST, Unordered};
    use crate::set::table::{Entry, Own, Slot, Table};
    use crate::txn::Cx;

    /// Ints are hashed and compared without a transaction.
    fn cx() -> Cx {
        Cx::new(NonNull::dangling(), 0)
    }

    fn slots(table: &Table<Own<i64>>) -> Vec<Option<i64>> {
        let key = |at| match table.slot(at) {
            Slot::Active(_, entry) => Some(entry.key()),
            Slot::Unused | Slot::Dummy => None,
        };
        (0..=table.shape().mask).map(key).collect()
    }

    /// Numbers that look thrown.
    fn thrown(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    #[test]
    fn the_order_is_that_of_a_table() {
        let mut seed = 1;
        let sizes = [(5, 4), (9, 100), (300, 12), (300, 1_000_000), (20_000, 3_000), (450_000, 1 << 40)];
        for (count, values) in sizes {
            for takes in [0, 1, 3] {
                let (mut set, mut table, mut model) = (Unordered::new(), Table::new(), HashSet::new());
                for _ in 0..count {
                    let value = (thrown(&mut seed) % values) as i64;
                    if thrown(&mut seed) % 6 < takes {
                        assert_eq!(set.take(cx(), &value), Ok(model.remove(&value)));
                        table.discard(cx(), value as isize, &value).unwrap();
                    } else {
                        set.add(cx(), value).unwrap();
                        table.add(cx(), value as isize, value).unwrap();
                        model.insert(value);
                    }
                    assert_eq!(set.len(), model.len());
                    let other = (thrown(&mut seed) % values) as i64;
                    assert_eq!(set.has(cx(), &other), Ok(model.contains(&other)));
                }
                let mut elements: Vec<i64> = set.elements().map(|(_, key)| key).collect();
                elements.sort_unstable();
                let mut expected: Vec<i64> = model.into_iter().collect();
                expected.sort_unstable();
                assert_eq!(elements, expected);
                assert_eq!(slots(&set.ordered(cx()).unwrap()), slots(&table));
            }
        }
    }

    #[test]
    fn a_window_is_worn() {
        for width in [1, 50, 10_000] {
            let mut set = Unordered::new();
            let worn = (0_i64..).find(|&value| {
                set.add(cx(), value).unwrap();
                let here = set.is_worn();
                set.take(cx(), &(value - width)).unwrap();
                here || set.is_worn()
            });
            let most = 2 * (width as usize) + FEW_PLACES + LEAST;
            assert!(worn.is_some_and(|value| value as usize <= most), "{width}: {worn:?}");
        }
    }

    #[test]
    fn one_that_shrinks_is_not_worn() {
        let mut set = Unordered::new();
        (0..50_000_i64).for_each(|value| set.add(cx(), value).unwrap());
        for value in 0..50_000 {
            assert_eq!((set.take(cx(), &value), set.is_worn()), (Ok(true), false));
        }
    }
}
