//! Ints, floats, bools, single characters.

use core::cmp::Ordering;

use pyo3_ffi::{PyComplex_Type, PyObject};

use crate::big::Big;
use crate::boundary::layout;
use crate::elem::other::differs_plainly;
use crate::elem::view::{float_cmp, float_eq};
use crate::elem::{ElemEq, ElemOrd, Key, View, hash_float, hash_int, view_eq};
use crate::stop::{Bail, R, bail};
use crate::strs::Chr;
use crate::txn::Cx;

/// Is the object, whose hash is the same, equal to the number?
pub(crate) unsafe fn number_eq(cx: Cx, number: View<'_>, object: *mut PyObject) -> R<bool> {
    // SAFETY: By the caller.
    unsafe {
        if layout::is_int(object) || layout::is_bool(object) {
            return match layout::int_value(object) {
                Some(value) => view_eq(cx, number, View::Int(value)),
                None => view_eq(cx, number, View::Big(&Big::from_int(object)?)),
            };
        }
        if layout::is_float(object) {
            return view_eq(cx, number, View::Float(layout::float_value(object)));
        }
        if layout::is_exact(object, &raw mut PyComplex_Type) {
            return bail(Bail::Dict);
        }
        differs_plainly(object, false, false)
    }
}

macro_rules! numbers {
    ($($ty:ty => $view:expr;)*) => {$(
        impl ElemEq for $ty {
            #[inline(always)]
            fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
                Ok(self == other)
            }

            #[inline]
            fn view(&self) -> View<'_> {
                $view(*self)
            }
        }

        impl ElemOrd for $ty {
            const IS_QUICK: bool = true;

            #[inline(always)]
            fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
                Ok(self.cmp(other))
            }

            #[inline(always)]
            fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
                Ok(self.cmp(other))
            }

            #[inline]
            fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self> + Clone) -> bool
            where
                Self: 'a,
            {
                true
            }

            #[inline(always)]
            fn plain_less(&self, _: Cx, other: &Self) -> bool {
                self < other
            }
        }
    )*};
}

numbers! {
    i64 => View::Int;
    bool => |x: bool| View::Int(i64::from(x));
    Chr => View::Chr;
}

impl Key for i64 {
    type Stored = Self;

    #[inline]
    fn knows_hash(&self) -> bool {
        true
    }

    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(*self as u64)
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(hash_int(*self))
    }

    #[inline]
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if layout::is_int(object) {
                return Ok(layout::int_value(object) == Some(*self));
            }
            number_eq(cx, View::Int(*self), object)
        }
    }
}

impl Key for bool {
    type Stored = Self;

    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(u64::from(*self))
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(isize::from(*self))
    }

    #[inline]
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { i64::from(*self).eq_object(cx, object) }
    }
}

impl ElemEq for f64 {
    #[inline(always)]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        float_eq(*self, *other)
    }

    #[inline]
    fn view(&self) -> View<'_> {
        View::Float(*self)
    }
}

impl ElemOrd for f64 {
    const IS_QUICK: bool = true;

    #[inline(always)]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        float_cmp(*self, *other)
    }

    #[inline(always)]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        float_cmp(*self, *other)
    }

    #[inline]
    fn is_plain_order<'a>(mut items: impl Iterator<Item = &'a Self> + Clone) -> bool
    where
        Self: 'a,
    {
        items.all(|item| !item.is_nan())
    }

    #[inline(always)]
    fn plain_less(&self, _: Cx, other: &Self) -> bool {
        self < other
    }
}

impl Key for f64 {
    type Stored = Self;

    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        if self.is_nan() {
            return bail(Bail::Nan);
        }
        // -0.0 equals 0.0.
        Ok((self + 0.0).to_bits())
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        if self.is_nan() { bail(Bail::Nan) } else { Ok(hash_float(*self)) }
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { number_eq(cx, View::Float(*self), object) }
    }
}
