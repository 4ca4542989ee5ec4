//! Going through the entries of the dict itself.

use core::ptr;

use pyo3_ffi::{PyDict_Next, PyObject};

use super::PDict;
use crate::boundary::layout::Keys;
use crate::dict::table::Table;
use crate::dict::{Cursor, Dict, DictLike, Kind, Place};
use crate::elem::Key;
use crate::py::{FromPy, IntoPy};
use crate::stop::R;
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// The next entry where no write to any dict waits and this one has not changed. `None` at its end as well, behind an entry
    /// that is gone, and for the dict of an instance.
    #[inline(always)]
    pub(super) fn own_entry(self, cx: Cx, cursor: &mut Cursor) -> Option<Place> {
        // SAFETY: A short borrow; an exact dict, which does not change until native code writes to it.
        unsafe {
            let dicts = &mut cx.txn().dicts;
            let changes = dicts.fresh.version(self.as_ptr()).unwrap_or(0);
            if !dicts.is_empty() || changes != cursor.version || cursor.beyond {
                return None;
            }
            let keys = Keys::of(self.as_ptr());
            if keys.is_split() || cursor.at >= keys.entries_used() {
                return None;
            }
            let (_, key, value) = keys.entry(cursor.at);
            if value.is_null() {
                return None;
            }
            cursor.at += 1;
            Some(Place::Live { key, value })
        }
    }

    /// A native dict of the entries, where all of them stand in the dict itself.
    #[inline(never)]
    pub(super) fn native_twin(self, cx: Cx) -> R<Option<Dict<K, V>>> {
        if K::HASHED || self.may_be_few(cx) || self.is_written(cx)? {
            return Ok(None);
        }
        let copy = Dict::make(cx)?;
        let mut filled = Table::new();
        filled.expect(self.count(cx)?)?;
        let mut at = 0;
        while let Some((key, value)) = self.base_entry(&mut at) {
            // SAFETY: The dict keeps both alive. Its keys are told apart.
            unsafe {
                let (key, value) = (K::from_py(cx, key)?, V::from_py(cx, value)?);
                filled.add(Table::<K, V>::hash(cx, &key)?, key, value)?;
            }
        }
        copy.set_table(filled);
        Ok(Some(copy))
    }

    /// The entry of the dict itself at or after `at`, and where the next one is.
    pub(super) fn base_entry(self, at: &mut usize) -> Option<(*mut PyObject, *mut PyObject)> {
        // SAFETY: An exact dict, which does not change while the transaction is open.
        unsafe {
            let keys = Keys::of(self.as_ptr());
            if keys.is_split() {
                let (mut position, mut key, mut value) = (*at as isize, ptr::null_mut(), ptr::null_mut());
                let more = PyDict_Next(self.as_ptr(), &raw mut position, &raw mut key, &raw mut value) != 0;
                *at = position as usize;
                return more.then_some((key, value));
            }
            let end = keys.entries_used();
            while *at < end {
                let (_, key, value) = keys.entry(*at);
                *at += 1;
                if !value.is_null() {
                    return Some((key, value));
                }
            }
            None
        }
    }
}
