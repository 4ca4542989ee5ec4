//! Dicts that the transaction has made: written to at once (see `boundary::fresh`).

use core::ptr::NonNull;

use pyo3_ffi::{Py_DECREF, Py_REFCNT, PyDict_DelItem, PyErr_Clear, PyObject};

use super::PDict;
use crate::boundary::journal;
use crate::boundary::overlay::set_known;
use crate::dict::Kind;
use crate::dict::native::boxed;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// A dict that native code has made just now, and that the transaction keeps alive.
    pub fn made(cx: Cx, object: NonNull<PyObject>) -> R<Self> {
        // SAFETY: A short borrow.
        unsafe { &mut cx.txn().dicts }.fresh.register(object.as_ptr())?;
        Ok(PDict::held(object))
    }

    /// The same dict with entries of other types, which are looked at when they are read. Nobody has seen it but native code,
    /// and all of it stands in the dict itself.
    pub fn retyped<L: Key + FromPy + IntoPy, W: FromPy + IntoPy + Clone>(self, cx: Cx) -> R<PDict<L, W, M>> {
        // SAFETY: A short borrow.
        let whole = unsafe { &mut cx.txn().dicts }.fresh.version(self.as_ptr()).is_some();
        if !whole || K::is_hooked() || L::is_hooked() {
            return bail(Bail::Type);
        }
        Ok(PDict::held(self.object))
    }

    /// May it be changed at once? Keys that ask compiled methods are left to the commit, and so is what would not be the same
    /// object then.
    #[inline(always)]
    pub(super) fn is_fresh(self, cx: Cx) -> bool {
        // SAFETY: A short borrow.
        K::LASTS
            && V::LASTS
            && unsafe { &mut cx.txn().dicts }.fresh.version(self.as_ptr()).is_some()
            && !K::is_hooked()
    }

    /// `dict[key] = value`
    #[inline(never)]
    pub(super) fn put_fresh(self, cx: Cx, key: K, value: V) -> R<()> {
        cx.point()?;
        let hash = key.py_hash(cx)?;
        let found = self.probe_hashed(cx, hash, &key)?;
        // SAFETY: The dict keeps its key and value alive. What it has met on the way was found to be compared without
        // Python code, and nobody else can see it change. What falls out lives as long as somebody may look at it.
        unsafe {
            let name = match found {
                Some((_, name, old)) => {
                    if Py_REFCNT(old) == 1 && !cx.txn().objects_seen && value.rewrite(old) {
                        return Ok(());
                    }
                    again(name)
                }
                None => key.into_py(cx)?,
            };
            let (name, value) = boxed(name, value.into_py(cx))?;
            let old = found.map(|(_, _, old)| again(old));
            cx.before_tracked();
            let done = set_known(self.as_ptr(), name, value, hash) == 0;
            Py_DECREF(name);
            Py_DECREF(value);
            if let Some(old) = old {
                journal::release(cx, old)?;
            } else {
                cx.txn().dicts.fresh.reshaped(self.as_ptr());
            }
            if !done {
                PyErr_Clear();
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }

    /// `dict.pop(key)`
    #[inline(never)]
    pub(super) fn take_fresh(self, cx: Cx, key: &K) -> R<Option<V>> {
        cx.point()?;
        let Some((_, name, old)) = self.probe_place(cx, key)? else { return Ok(None) };
        // SAFETY: As above; read first, since a wrong type bails before anything has changed.
        unsafe {
            let value = V::from_py(cx, old)?;
            let (name, old) = (again(name), again(old));
            let done = PyDict_DelItem(self.as_ptr(), name) == 0;
            let released = journal::release_all(cx, [name, old].into_iter());
            cx.txn().dicts.fresh.reshaped(self.as_ptr());
            if !done {
                PyErr_Clear();
                return bail(Bail::Memory);
            }
            released.map(|()| Some(value))
        }
    }
}
