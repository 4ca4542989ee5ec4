//! From object address to a small number: the one table per transaction of replay rule 18.

use pyo3_ffi::PyObject;

use crate::buf::Buf;

/// A table of no more slots is kept in any case, of more than `MOST` in none.
const MODERATE: usize = 1 << 10;
const MOST: usize = 1 << 16;

/// Open addressing, linear probing, never more than half full.  Nothing is ever removed but everything.
pub(crate) struct PtrMap {
    slots: Buf<(usize, u32)>,
    used: usize,
}

impl PtrMap {
    pub(crate) const fn new() -> PtrMap {
        PtrMap { slots: Buf::new(), used: 0 }
    }

    #[inline]
    fn start(&self, key: usize) -> usize {
        // Objects are 16 bytes apart; the high half of the product is well mixed.
        ((key >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) & (self.slots.len() - 1)
    }

    #[inline]
    pub(crate) fn get(&self, key: *mut PyObject) -> Option<u32> {
        if self.used == 0 {
            return None;
        }
        let key = key.addr();
        let mut at = self.start(key);
        loop {
            let (stored, value) = self.slots[at];
            if stored == key {
                return Some(value);
            }
            if stored == 0 {
                return None;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Gives a key another value; `false` if it is not there.
    #[cfg(feature = "arrays")]
    pub(crate) fn set(&mut self, key: *mut PyObject, value: u32) -> bool {
        if self.used == 0 {
            return false;
        }
        let mut at = self.start(key.addr());
        while self.slots[at].0 != 0 {
            if self.slots[at].0 == key.addr() {
                self.slots[at].1 = value;
                return true;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        false
    }

    /// Inserts a key that is not there yet; `false` without memory.
    pub(crate) extern "C" fn insert(&mut self, key: *mut PyObject, value: u32) -> bool {
        if (self.used + 1) * 2 > self.slots.len() && !self.grow() {
            return false;
        }
        self.place(key.addr(), value);
        self.used += 1;
        true
    }

    fn place(&mut self, key: usize, value: u32) {
        let mut at = self.start(key);
        while self.slots[at].0 != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = (key, value);
    }

    /// Room for so many keys from the start, so that they are not put anew again and again.
    pub(crate) fn reserve(&mut self, keys: usize) -> bool {
        let size = (keys.min(MOST) * 2).next_power_of_two().max(16);
        size <= self.slots.len() || self.resize(size)
    }

    fn grow(&mut self) -> bool {
        self.resize((self.slots.len() * 2).max(16))
    }

    fn resize(&mut self, size: usize) -> bool {
        let mut slots = Buf::new();
        if !slots.reserve_total(size) {
            return false;
        }
        for _ in 0..size {
            let _ = slots.push((0, 0));
        }
        let old = core::mem::replace(&mut self.slots, slots);
        for &(key, value) in old.iter().filter(|slot| slot.0 != 0) {
            self.place(key, value);
        }
        true
    }

    /// Forgets everything; a table that is large for what was in it is given back, as is one that grew very large.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.used == 0 {
            return;
        }
        let large =
            self.slots.len() > MODERATE && (self.slots.len() > MOST || self.used * 8 < self.slots.len());
        self.used = 0;
        if large {
            self.slots = Buf::new();
        } else {
            // SAFETY: A slot of zeros is an empty one; one by one they take several times as long.
            unsafe { self.slots.as_mut_ptr().write_bytes(0, self.slots.len()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PtrMap;

    #[test]
    fn finds_what_was_inserted() {
        let mut map = PtrMap::new();
        for i in 1..5000_usize {
            assert!(map.insert(core::ptr::without_provenance_mut(i * 16), i as u32));
        }
        for i in 1..5000_usize {
            assert_eq!(map.get(core::ptr::without_provenance_mut(i * 16)), Some(i as u32));
        }
        assert_eq!(map.get(core::ptr::without_provenance_mut(5000 * 16)), None);
        map.clear();
        assert_eq!(map.get(core::ptr::without_provenance_mut(16)), None);
    }
}
