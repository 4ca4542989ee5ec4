//! A tuple that came from Python and goes on as the object that it is, its members read when somebody asks for them.

use core::cmp::Ordering;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::PyObject;

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Items, Key, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// The types of the members of a tuple, as a tuple.
pub trait Shape: FromPy {
    const COUNT: usize;
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: FromPy),+> Shape for ($($item,)+) {
            const COUNT: usize = $count;
        }
    )+};
}

crate::every_tuple!(shapes);

/// See the module. It is an exact tuple of that many members.
pub struct Row<T> {
    /// Kept alive by the transaction.
    object: NonNull<PyObject>,
    items: PhantomData<fn() -> T>,
}

impl<T> Clone for Row<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Row<T> {}

impl<T> Row<T> {
    /// The same tuple, its members as other types: they are looked at when they are read.
    #[inline(always)]
    pub fn read_as<U>(self) -> Row<U> {
        Row { object: self.object, items: PhantomData }
    }
}

impl<T: Shape> Row<T> {
    /// A member; `index` is below [`Shape::COUNT`].
    #[inline(always)]
    pub fn item<X: FromPy>(self, cx: Cx, index: usize) -> R<X> {
        debug_assert!(index < T::COUNT);
        // SAFETY: A tuple of more items than that, which keeps them alive.
        unsafe { X::from_py(cx, *layout::tuple_items(self.object.as_ptr()).add(index)) }
    }

    /// All members.
    #[inline(always)]
    pub fn all(self, cx: Cx) -> R<T> {
        // SAFETY: The transaction keeps it alive.
        unsafe { T::from_py(cx, self.object.as_ptr()) }
    }
}

impl<T: Shape> FromPy for Row<T> {
    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !layout::is_tuple(object) || layout::var_size(object) != T::COUNT {
                return bail(Bail::Type);
            }
            Ok(Row { object: NonNull::new_unchecked(object), items: PhantomData })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { T::matches(object) }
    }

    const FETCHES: bool = true;

    #[inline(always)]
    unsafe fn fetch(object: *mut PyObject) {
        // SAFETY: By the caller.
        unsafe { layout::fetch_items(object, T::COUNT) }
    }
}

impl<T: 'static> IntoPy for Row<T> {
    const LASTS: bool = true;

    #[inline(always)]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<T: Shape + Items> Items for Row<T> {
    fn count(&self) -> usize {
        T::COUNT
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        self.all(cx)?.with(cx, index, show)
    }
}

impl<T: Shape + Items + ElemEq> ElemEq for Row<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.object == other.object { Ok(true) } else { self.all(cx)?.elem_eq(cx, &other.all(cx)?) }
    }

    fn view(&self) -> View<'_> {
        View::Tuple(self)
    }
}

impl<T: Shape + Items + ElemOrd> ElemOrd for Row<T> {
    const BY_METHOD: bool = T::BY_METHOD;

    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        self.all(cx)?.elem_cmp(cx, &other.all(cx)?)
    }

    #[inline(always)]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        self.all(cx)?.elem_less(cx, &other.all(cx)?)
    }

    #[inline(always)]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        self.all(cx)?.elem_greater(cx, &other.all(cx)?)
    }
}

impl<T: Shape + Items + Key> Key for Row<T> {
    type Stored = Self;

    const HASHED: bool = T::HASHED;

    #[inline(always)]
    fn is_hooked() -> bool {
        T::is_hooked()
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.all(cx)?.fast_hash(cx)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        self.all(cx)?.py_hash(cx)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        if ptr::eq(self.object.as_ptr(), object) {
            return Ok(true);
        }
        // SAFETY: By the caller.
        unsafe { self.all(cx)?.eq_object(cx, object) }
    }
}

impl<T: Shape + Repr> Repr for Row<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.all(cx)?.push_repr(cx, out)
    }
}
