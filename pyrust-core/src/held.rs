//! A tuple that came from Python and holds what has an identity: the members unboxed, and the tuple itself, because
//! it has to go out as the object that came in.

use core::ops::Deref;
use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::R;
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// See the module. Members are read through the tuple of values: `held.0`.
#[derive(Clone, Copy)]
pub struct Held<T> {
    items: T,
    /// Kept alive by the transaction.
    object: NonNull<PyObject>,
}

impl<T> Held<T> {
    /// The tuple, read in place.
    #[inline(always)]
    pub(crate) fn object(&self) -> NonNull<PyObject> {
        self.object
    }
}

/// A new tuple as an object of Python's.
pub fn held<T: IntoPy + Clone>(cx: Cx, items: T) -> R<Held<T>> {
    cx.before_tracked();
    let object = items.clone().into_py(cx)?;
    // SAFETY: A new strong reference, given to the transaction.
    let object = unsafe { cx.adopt(object)? };
    Ok(Held { items, object })
}

/// The same tuple, its members as other types.
#[inline(always)]
pub fn held_as<T, U>(held: &Held<T>, items: U) -> Held<U> {
    Held { items, object: held.object }
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.items
    }
}

impl<T: FromPy> FromPy for Held<T> {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe { Ok(Held { items: T::from_py(cx, object)?, object: NonNull::new_unchecked(object) }) }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { T::matches(object) }
    }

    const FETCHES: bool = T::FETCHES;

    #[inline(always)]
    unsafe fn fetch(object: *mut PyObject) {
        // SAFETY: By the caller.
        unsafe { T::fetch(object) }
    }
}

impl<T> IntoPy for Held<T> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<T: ElemEq> ElemEq for Held<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.object == other.object { Ok(true) } else { self.items.elem_eq(cx, &other.items) }
    }

    fn view(&self) -> View<'_> {
        self.items.view()
    }
}

impl<T: ElemOrd> ElemOrd for Held<T> {
    const BY_METHOD: bool = T::BY_METHOD;

    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<core::cmp::Ordering> {
        self.items.elem_cmp(cx, &other.items)
    }

    #[inline(always)]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        self.items.elem_less(cx, &other.items)
    }

    #[inline(always)]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        self.items.elem_greater(cx, &other.items)
    }
}

impl<T: Key> Key for Held<T> {
    type Stored = Self;

    const HASHED: bool = T::HASHED;

    #[inline(always)]
    fn is_hooked() -> bool {
        T::is_hooked()
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.items.fast_hash(cx)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        self.items.py_hash(cx)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { self.items.eq_object(cx, object) }
    }
}

impl<T: Repr> Repr for Held<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.items.push_repr(cx, out)
    }
}
