//! Ints of any size as objects, in containers, in texts.

use core::cell::UnsafeCell;
use core::cmp::Ordering;

use pyo3_ffi::{PyLong_FromString, PyLong_FromUnsignedLongLong, PyObject};

use super::{Big, limbs, text};
use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

impl Big {
    /// The value of an exact `int`.
    ///
    /// # Safety
    /// `object` is one, and alive.
    pub(crate) unsafe fn from_int(object: *mut PyObject) -> R<Big> {
        // SAFETY: By the caller.
        if let Some(value) = unsafe { layout::int_value(object) } {
            return Ok(Big::Small(value));
        }
        // SAFETY: By the caller.
        let (negative, digits) = unsafe { layout::int_digits(object) };
        if digits.len() <= 4 {
            let size = digits.iter().rev().fold(0, |size, digit| size << 30 | u128::from(*digit));
            if let Some(big) = super::signed(negative, size) {
                return Ok(big);
            }
        }
        // Digits of 30 bits become limbs of 64.
        Big::build(negative, (digits.len() * 30).div_ceil(64), |out| {
            let (mut at, mut window, mut have) = (0, 0u128, 0);
            for digit in digits {
                window |= u128::from(*digit) << have;
                have += 30;
                if have >= 64 {
                    out[at] = window as u64;
                    (at, window, have) = (at + 1, window >> 64, have - 64);
                }
            }
            if let Some(top) = out.get_mut(at) {
                *top = window as u64;
            }
            Ok(())
        })
    }
}

impl FromPy for Big {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Big> {
        // SAFETY: By the caller.
        unsafe { if layout::is_int(object) { Big::from_int(object) } else { bail(Bail::Type) } }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_int(object) }
    }
}

impl IntoPy for Big {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        match &self {
            Big::Small(v) => return v.into_py(cx),
            Big::Middle { high: 0, low } => {
                // SAFETY: the GIL is held.
                return fresh(unsafe { PyLong_FromUnsignedLongLong(*low) });
            }
            Big::Middle { .. } | Big::Large(_) => {}
        }
        // Hexadecimal text is read in one go, without a look at signals.
        let (negative, mut digits) = text::digits(cx, &self, 16)?;
        if negative {
            digits.insert(0, b'-');
        }
        digits.push(0);
        // SAFETY: the GIL is held; the text is terminated.
        fresh(unsafe { PyLong_FromString(digits.as_ptr().cast(), core::ptr::null_mut(), 16) })
    }
}

impl ElemEq for Big {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(super::eq(self, other))
    }

    fn view(&self) -> View<'_> {
        match self {
            Big::Small(v) => View::Int(*v),
            _ => View::Big(self),
        }
    }
}

impl ElemOrd for Big {
    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(super::cmp(self, other))
    }

    #[inline]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(super::cmp(self, other))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        true
    }
}

impl PartialEq for Big {
    fn eq(&self, other: &Big) -> bool {
        super::eq(self, other)
    }
}

impl Key for Big {
    type Stored = Self;

    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(match self {
            Big::Small(v) => *v as u64,
            Big::Middle { high, low } => low ^ (*high as u64).rotate_left(32),
            Big::Large(_) => super::hash(self) as u64,
        })
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(super::hash(self))
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if let Big::Small(v) = self {
                return v.eq_object(cx, object);
            }
            if layout::is_int(object) {
                return Ok(super::eq(self, &Big::from_int(object)?));
            }
            if layout::is_float(object) {
                return Ok(super::eq_bf(self, layout::float_value(object)));
            }
            // A bool is small; the rest as for any int.
            i64::MAX.eq_object(cx, object).map(|_| false)
        }
    }
}

impl Repr for Big {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        text::push_to(cx, self, out)
    }
}

/// An int beyond 64 bits that stands in the source, made once: sign and limbs.
pub struct BigConst {
    negative: bool,
    limbs: &'static [u64],
    made: UnsafeCell<Option<Big>>,
}

// SAFETY: the cell is filled and read with the GIL held, and never changes once filled.
unsafe impl Sync for BigConst {}

impl BigConst {
    pub const fn new(negative: bool, limbs: &'static [u64]) -> Self {
        Self { negative, limbs, made: UnsafeCell::new(None) }
    }

    /// The number; it is never freed.
    #[inline]
    pub fn get(&'static self, _: Cx) -> R<&'static Big> {
        // SAFETY: the GIL is held, and nothing borrows the cell mutably across this call.
        match unsafe { &*self.made.get() } {
            Some(big) => Ok(big),
            None => self.fill(),
        }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn fill(&'static self) -> R<&'static Big> {
        let big = Big::of_limbs(self.negative, self.limbs)?;
        // SAFETY: the cell was empty, so nobody holds a reference into it; the GIL is held.
        Ok(unsafe { &mut *self.made.get() }.insert(big))
    }
}

/// What the parts of the module agree on.
const _: () = assert!(limbs::MOST < u32::MAX as usize && size_of::<Big>() == 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_is_the_only_one() {
        let of = |v: i128| Big::from_i128(v);
        assert!(matches!(of(1 << 62), Big::Small(_)));
        assert!(matches!(of(1 << 63), Big::Middle { high: 0, .. }));
        assert!(matches!(Big::of_limbs(true, &[0, 1 << 63]), Ok(Big::Middle { .. })));
        assert!(matches!(Big::of_limbs(false, &[0, 1 << 63]), Ok(Big::Large(_))));
        assert!(matches!(Big::of_limbs(false, &[7, 0, 0, 0]), Ok(Big::Small(7))));
        assert_eq!(super::super::bit_length(&of(i128::MIN)), 128);
    }
}
