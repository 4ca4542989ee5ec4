//! Ints of any size that come from Python.

use pyo3_ffi::PyObject;

use super::Big;
use crate::boundary::layout;
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl Big {
    /// The value of an exact `int`.
    ///
    /// # Safety
    /// `object` is one, and alive.
    pub unsafe fn from_int(object: *mut PyObject) -> R<Big> {
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
        Big::build(negative, (digits.len() * 30).div_ceil(64), |out| {
            to_limbs(digits, out);
            Ok(())
        })
    }
}

/// Digits of 30 bits become limbs of 64, all of which are written: each has bits of three digits, or of four.
fn to_limbs(digits: &[u32], out: &mut [u64]) {
    for (at, limb) in out.iter_mut().enumerate() {
        let (first, skip) = (at * 64 / 30, at * 64 % 30);
        let part = match digits.get(first..first + 4) {
            Some(part) => [part[0], part[1], part[2], part[3]],
            None => [0, 1, 2, 3].map(|n| digits.get(first + n).copied().unwrap_or(0)),
        };
        let low = u64::from(part[0]) | u64::from(part[1]) << 30;
        let high = u64::from(part[2]) | u64::from(part[3]) << 30;
        *limb = low >> skip | high << (60 - skip);
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
