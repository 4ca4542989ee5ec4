//! The same instances as the objects that they are: a field is read when somebody asks for it.

use core::cmp::Ordering;
use core::marker::PhantomData;
use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use super::{Fields, Named, OfClass, OfNamed, is_instance};
use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Items, Key, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// See the module. Its class compares and hashes as tuples do.
pub struct NamedRow<C, T> {
    /// Kept alive by the transaction.
    object: NonNull<PyObject>,
    fields: PhantomData<fn() -> (C, T)>,
}

impl<C, T> Clone for NamedRow<C, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, T> Copy for NamedRow<C, T> {}

impl<C, T> NamedRow<C, T> {
    #[inline(always)]
    pub(super) fn of(object: NonNull<PyObject>) -> Self {
        NamedRow { object, fields: PhantomData }
    }

    /// The same object, its fields as values of other types: they are looked at when they are read.
    #[inline(always)]
    pub fn read_as<U>(value: &impl OfNamed) -> NamedRow<C, U> {
        NamedRow::of(value.object())
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is(&self, other: &impl OfNamed) -> bool {
        self.object == other.object()
    }
}

impl<C, T> OfNamed for NamedRow<C, T> {
    type Class = C;

    #[inline(always)]
    fn object(&self) -> NonNull<PyObject> {
        self.object
    }
}

impl<C: OfClass, T: Fields> NamedRow<C, T> {
    /// A field; `index` is below [`Fields::COUNT`].
    #[inline(always)]
    pub fn field<X: FromPy>(self, cx: Cx, index: usize) -> R<X> {
        debug_assert!(index < T::COUNT);
        // SAFETY: An instance of a class with that many fields, which keeps their values alive.
        unsafe { X::from_py(cx, *layout::tuple_items(self.object.as_ptr()).add(index)) }
    }

    /// All of them.
    #[inline(always)]
    pub fn items(self, cx: Cx) -> R<T> {
        // SAFETY: The transaction keeps the object alive, which has that many items.
        unsafe { T::read(cx, self.object.as_ptr()) }
    }

    fn read(self, cx: Cx) -> R<Named<C, T>> {
        Ok(Named { items: self.items(cx)?, object: self.object, class: PhantomData })
    }
}

impl<C: OfClass, T: Fields> FromPy for NamedRow<C, T> {
    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !is_instance::<C, T>(object) {
                return bail(Bail::Type);
            }
            Ok(NamedRow::of(NonNull::new_unchecked(object)))
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { is_instance::<C, T>(object) && T::matching(object) }
    }
}

impl<C: 'static, T: 'static> IntoPy for NamedRow<C, T> {
    const LASTS: bool = true;

    #[inline(always)]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<C: OfClass, T: Fields + Items> Items for NamedRow<C, T> {
    fn count(&self) -> usize {
        T::COUNT
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        self.items(cx)?.with(cx, index, show)
    }
}

impl<C: OfClass, T: Fields + Items + ElemEq> ElemEq for NamedRow<C, T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.object == other.object { Ok(true) } else { self.items(cx)?.elem_eq(cx, &other.items(cx)?) }
    }

    fn view(&self) -> View<'_> {
        View::Tuple(self)
    }
}

impl<C: OfClass, T: Fields + Items + ElemOrd> ElemOrd for NamedRow<C, T> {
    const BY_METHOD: bool = T::BY_METHOD;

    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        self.items(cx)?.elem_cmp(cx, &other.items(cx)?)
    }

    #[inline]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        self.items(cx)?.elem_less(cx, &other.items(cx)?)
    }

    #[inline]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        self.items(cx)?.elem_greater(cx, &other.items(cx)?)
    }
}

impl<C: OfClass, T: Fields + Items + Key> Key for NamedRow<C, T> {
    type Stored = Self;

    const HASHED: bool = T::HASHED;

    #[inline(always)]
    fn is_hooked() -> bool {
        T::is_hooked()
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.items(cx)?.fast_hash(cx)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        self.items(cx)?.py_hash(cx)
    }

    #[inline(always)]
    fn is_object(&self, object: *mut PyObject) -> bool {
        T::HASHED && core::ptr::eq(self.object.as_ptr(), object)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        if core::ptr::eq(self.object.as_ptr(), object) {
            return Ok(true);
        }
        // SAFETY: By the caller.
        unsafe { self.read(cx)?.eq_object(cx, object) }
    }
}

impl<C: OfClass, T: Fields + Repr> Repr for NamedRow<C, T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.read(cx)?.push_repr(cx, out)
    }
}
