//! Dicts that are written to last in a call: see `txn::last`.

use pyo3_ffi::{Py_DECREF, Py_REFCNT, PyErr_Clear, PyObject};

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
    /// May the dict be changed at once? Keys that ask compiled methods, and tables that instances share, are left to the
    /// commit; so is who wants to be told of changes.
    #[inline(always)]
    fn ends_here(self, cx: Cx) -> bool {
        // SAFETY: A live dict.
        K::LASTS
            && V::LASTS
            && cx.ends_here()
            && !K::is_hooked()
            && unsafe { !is_watched(self.as_ptr()) && !Keys::of(self.as_ptr()).is_split() }
    }

    /// `dict[key] = value`; true if that is done, false where the transaction has to know of it.
    #[inline(never)]
    pub(super) fn put_here(self, cx: Cx, key: &K, value: &V, given: [Given; 2]) -> R<bool> {
        if !self.ends_here(cx) {
            return Ok(false);
        }
        let hash = key.py_hash(cx)?;
        match self.probe_hashed(cx, hash, key)? {
            // SAFETY: The dict keeps it alive.
            Some((_, _, old)) if unsafe { !last::dies_here(old) } => return Ok(false),
            found => self.store_here(cx, (hash, key), found, value.clone(), given)?,
        }
        Ok(true)
    }

    /// `dict[key] = f(dict[key])`, or of the default; none where the transaction has to know of it, else whether there was
    /// something to be changed.
    pub(super) fn change_here(
        self,
        cx: Cx,
        key: &K,
        default: Option<&V>,
        f: &mut dyn FnMut(V) -> R<V>,
    ) -> R<Option<bool>> {
        if !self.ends_here(cx) {
            return Ok(None);
        }
        let hash = key.py_hash(cx)?;
        let found = self.probe_hashed(cx, hash, key)?;
        let old = match (found, default) {
            // SAFETY: The dict keeps it alive.
            (Some((_, _, old)), _) if unsafe { !last::dies_here(old) } => return Ok(None),
            // SAFETY: As above.
            (Some((_, _, old)), _) => unsafe { V::from_py(cx, old)? },
            (None, Some(default)) => default.clone(),
            (None, None) => return Ok(Some(false)),
        };
        self.store_here(cx, (hash, key), found, f(old)?, [None; 2])?;
        Ok(Some(true))
    }

    /// Stores a value for the key, which was looked for.
    #[inline]
    fn store_here(
        self,
        cx: Cx,
        (hash, key): (isize, &K),
        found: Option<(usize, *mut PyObject, *mut PyObject)>,
        value: V,
        given: [Given; 2],
    ) -> R<()> {
        // SAFETY: The dict keeps its key and value alive. It is changed in one step or not at all: no other key is equal,
        // and what it has met on the way was found to be compared without Python code.
        unsafe {
            let name = match found {
                // What has no name cannot be that of a global: nobody goes by the version of the dict.
                Some((_, name, old))
                    if Py_REFCNT(old) == 1
                        && !layout::is_str(name)
                        && !cx.txn().objects_seen
                        && value.rewrite(old) =>
                {
                    return Ok(());
                }
                // Nor is there anything that the collector would have to be told.
                Some((at, name, _)) if V::UNTRACKED && !layout::is_str(name) => {
                    let value = cx.boxed_last(value, given[1])?;
                    // Other keys than texts stand in a table of any.
                    last::put(Keys::of(self.as_ptr()).general_place(at), value);
                    return Ok(());
                }
                Some((_, name, _)) => again(name),
                None => cx.boxed_last(key.clone(), given[0])?,
            };
            let (name, value) = boxed(name, cx.boxed_last(value, given[1]))?;
            let done = set_known(self.as_ptr(), name, value, hash) == 0;
            Py_DECREF(name);
            Py_DECREF(value);
            if !done {
                PyErr_Clear();
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }
}
