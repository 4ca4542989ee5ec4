//! The elements of a native set as long as nobody has asked for their order.
//!
//! Most sets are only asked what is in them.  Such a set is kept like a dict, whose look-ups are cheaper than those of
//! CPython's table, and remembers in which order elements came and went; the first question about the order
//! does the same to a table of CPython's.

use crate::buf::Buf;
use crate::dict::table::Table as Places;
use crate::elem::Key;
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
    /// Every element that ever was in the set; is it there now?
    places: Places<K, bool>,
    used: usize,
    /// The first so many came in order, before anything else happened.
    first: usize,
    /// What happened since an element was taken out for the first time: twice the place, and one more if it came.
    later: Buf<u32>,
}

impl<K: Key> Unordered<K> {
    pub(crate) const fn new() -> Unordered<K> {
        Unordered { places: Places::new(), used: 0, first: 0, later: Buf::new() }
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

    fn note(&mut self, place: usize, came: bool) -> R<()> {
        if place >= 1 << 31 || self.later.push((place as u32) << 1 | u32::from(came)).is_err() {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn has(&self, cx: Cx, key: &K) -> R<bool> {
        Ok(self.places.search(cx, key)?.is_ok_and(|place| *self.places.value(place)))
    }

    #[inline]
    pub(crate) fn add(&mut self, cx: Cx, key: K) -> R<()> {
        let place = match self.places.search(cx, &key)? {
            Ok(place) if *self.places.value(place) => return Ok(()),
            Ok(place) => {
                // An equal one was taken out; this one may be another.
                self.places.set_key(place, key);
                *self.places.value_mut(place) = true;
                place
            }
            Err(hash) => self.places.add(hash, key, true)?,
        };
        self.used += 1;
        if self.later.is_empty() {
            self.first += 1;
            return Ok(());
        }
        self.note(place, true)
    }

    /// Takes an element out; was it there?
    #[inline]
    pub(crate) fn take(&mut self, cx: Cx, key: &K) -> R<bool> {
        match self.places.search(cx, key)? {
            Ok(place) if *self.places.value(place) => {
                *self.places.value_mut(place) = false;
                self.used -= 1;
                self.note(place, false)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The table that CPython would have now.
    #[cold]
    #[inline(never)]
    pub(crate) fn ordered(&self, cx: Cx) -> R<Table<Own<K>>> {
        let mut table = Table::new();
        let mut happen = |place: usize, came: bool| {
            let key = self.places.key(place);
            let hash = key.py_hash(cx)?;
            if came { table.add(cx, hash, key) } else { table.discard(cx, hash, &key).map(drop) }
        };
        for place in 0..self.first {
            happen(place, true)?;
        }
        for event in self.later.iter() {
            happen((event >> 1) as usize, event & 1 != 0)?;
        }
        Ok(table)
    }
}
