//! Keys that are looked for where they stood in another dict.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use pyo3_ffi::PyObject;

use super::PDict;
use crate::boundary::layout::{KEYS_GENERAL, Keys};
use crate::dict::Kind;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy};
use crate::stop::R;
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// The value in the dict itself, looked for first where the key stood in another dict; `place` is set to where it
    /// stands in this one.
    #[inline]
    pub(crate) fn find_at(self, cx: Cx, key: &K, place: &AtomicU32) -> R<Option<*mut PyObject>> {
        let at = place.load(Relaxed) as usize;
        // SAFETY: An exact dict, which does not change while the transaction is open; the entry is in use.
        unsafe {
            let keys = Keys::of(self.as_ptr());
            if keys.kind != KEYS_GENERAL && at < keys.entries_used() {
                let (_, object, value) = keys.entry(at);
                if key.is_object(object) && !value.is_null() {
                    return Ok(Some(value));
                }
            }
        }
        self.find_anew(cx, key, place)
    }

    #[inline(never)]
    fn find_anew(self, cx: Cx, key: &K, place: &AtomicU32) -> R<Option<*mut PyObject>> {
        let Some((at, _, value)) = self.probe_place(cx, key)? else { return Ok(None) };
        place.store(u32::try_from(at).unwrap_or(u32::MAX), Relaxed);
        Ok(Some(value))
    }
}
