//! A deque of Python's: items are unboxed at the read, what is written waits for the commit ([`crate::boundary::deques`]).

use core::marker::PhantomData;
use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use super::{DequeLike, Identity, eq};
use crate::boundary::deques::{self, Live, Spot};
use crate::elem::{ElemEq, ElemOrd, View};
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A borrowed exact `deque`; the transaction keeps it alive.
pub struct PDeque<T> {
    object: NonNull<PyObject>,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for PDeque<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PDeque<T> {}

impl<T> PDeque<T> {
    /// `self is other`
    pub fn is(&self, other: &PDeque<T>) -> bool {
        self.object == other.object
    }

    pub(super) fn make(cx: Cx, maxlen: Option<usize>) -> R<PDeque<T>> {
        Ok(PDeque { object: deques::make(cx, maxlen)?, item: PhantomData })
    }

    #[inline(always)]
    fn live(self, cx: Cx) -> Live {
        Live { cx, object: self.object.as_ptr() }
    }
}

impl<T> Identity for PDeque<T> {
    fn identity(&self) -> usize {
        self.object.addr().get()
    }
}

impl<T: FromPy> FromPy for PDeque<T> {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !deques::is_deque(object) {
                return bail(Bail::Type);
            }
            Ok(PDeque { object: NonNull::new_unchecked(object), item: PhantomData })
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { deques::is_deque(object) && deques::first(object).is_none_or(|item| T::matches(item)) }
    }
}

impl<T> IntoPy for PDeque<T> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<T: FromPy + IntoPy + Clone> DequeLike<T> for PDeque<T> {
    #[inline]
    fn count(&self, cx: Cx) -> usize {
        self.live(cx).count()
    }

    fn most(&self) -> Option<usize> {
        // SAFETY: An exact deque.
        unsafe { deques::maxlen(self.object.as_ptr()) }
    }

    #[inline]
    fn state(&self, cx: Cx) -> u64 {
        self.live(cx).state()
    }

    #[inline]
    fn item(&self, cx: Cx, index: usize, spot: &mut Spot) -> R<T> {
        // SAFETY: The deque, or what was written to it, keeps the item alive.
        unsafe { T::from_py(cx, self.live(cx).item(index, spot)) }
    }

    fn push_back(&self, cx: Cx, item: T) -> R<()> {
        self.live(cx).push(item.into_py(cx)?, false)
    }

    fn push_front(&self, cx: Cx, item: T) -> R<()> {
        self.live(cx).push(item.into_py(cx)?, true)
    }

    fn take_back(&self, cx: Cx) -> R<T> {
        let last = self.count(cx) - 1;
        // Read first: a wrong type bails before anything has changed.
        let item = self.item(cx, last, &mut Spot::NONE.clone())?;
        self.live(cx).pop(false)?;
        Ok(item)
    }

    fn take_front(&self, cx: Cx) -> R<T> {
        let item = self.item(cx, 0, &mut Spot::NONE.clone())?;
        self.live(cx).pop(true)?;
        Ok(item)
    }

    fn put(&self, cx: Cx, index: usize, item: T) -> R<()> {
        self.live(cx).put(index, item.into_py(cx)?)
    }

    fn insert_at(&self, cx: Cx, index: usize, item: T) -> R<()> {
        self.live(cx).insert(index, item.into_py(cx)?)
    }

    fn remove_at(&self, cx: Cx, index: usize) -> R<()> {
        self.live(cx).remove(index)
    }

    fn empty(&self, cx: Cx) -> R<()> {
        self.live(cx).clear()
    }

    fn reverse_all(&self, cx: Cx) -> R<()> {
        self.live(cx).reverse()
    }

    fn turn(&self, cx: Cx, by: usize) -> R<()> {
        self.live(cx).rotate(by)
    }
}

impl<T: FromPy + IntoPy + Clone + ElemEq> ElemEq for PDeque<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        eq(cx, self, other)
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<T: FromPy + IntoPy + Clone + ElemEq> ElemOrd for PDeque<T> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        bail(Bail::Unsupported)
    }
}
