//! Dicts that are written to last in a call: see `txn::last`.

use pyo3_ffi::{Py_DECREF, Py_REFCNT, PyErr_Clear};

use super::PDict;
use crate::boundary::attributes::is_watched;
use crate::boundary::layout::{self, Keys};
use crate::boundary::overlay::set_known;
use crate::dict::Kind;
use crate::dict::native::boxed;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::txn::last::{self, Given};

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// `dict[key] = value`; true if that is done, false where the transaction has to know of it.
    #[inline(never)]
    pub(super) fn put_here(self, cx: Cx, key: &K, value: &V, given: [Given; 2]) -> R<bool> {
        // Keys that ask compiled methods, and tables that instances share, are left to the commit; so is who wants to be
        // told of changes.
        // SAFETY: A live dict.
        let plain = K::LASTS
            && V::LASTS
            && cx.ends_here()
            && !K::is_hooked()
            && unsafe { !is_watched(self.as_ptr()) && !Keys::of(self.as_ptr()).is_split() };
        if !plain {
            return Ok(false);
        }
        let hash = key.py_hash(cx)?;
        let found = self.probe_hashed(cx, hash, key)?;
        // SAFETY: The dict keeps its key and value alive. It is changed in one step or not at all: no other key is equal,
        // and what it has met on the way was found to be compared without Python code.
        unsafe {
            let name = match found {
                Some((_, _, old)) if !last::dies_here(old) => return Ok(false),
                // What has no name cannot be that of a global: nobody goes by the version of the dict.
                Some((_, name, old))
                    if Py_REFCNT(old) == 1
                        && !layout::is_str(name)
                        && !cx.txn().objects_seen
                        && value.rewrite(old) =>
                {
                    return Ok(true);
                }
                Some((_, name, _)) => again(name),
                None => cx.boxed_last(key.clone(), given[0])?,
            };
            let (name, value) = boxed(name, cx.boxed_last(value.clone(), given[1]))?;
            let done = set_known(self.as_ptr(), name, value, hash) == 0;
            Py_DECREF(name);
            Py_DECREF(value);
            if !done {
                PyErr_Clear();
                return bail(Bail::Memory);
            }
        }
        Ok(true)
    }
}
