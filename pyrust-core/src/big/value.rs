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
        Big::write(negative, (digits.len() * 30).div_ceil(64), |out| {
            // 32 digits are 15 limbs.
            let (blocks, rest) = digits.as_chunks::<32>();
            // Each with its place as a constant: that is twice as fast as a loop.
            macro_rules! all {
                ($block:ident: $($at:literal)*) => { [$(limb($block, $at)),*] };
            }
            for block in blocks {
                out.put(all!(block: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14));
            }
            out.extend((0..(rest.len() * 30).div_ceil(64)).map(|at| limb(rest, at)));
        })
    }
}

/// One of the limbs of 64 bits that digits of 30 are: it has bits of three of them, or of four.
#[inline(always)]
pub(super) fn limb(digits: &[u32], at: usize) -> u64 {
    let (first, skip) = (at * 64 / 30, at * 64 % 30);
    let part = match digits.get(first..first + 4) {
        Some(part) => [part[0], part[1], part[2], part[3]],
        None => [0, 1, 2, 3].map(|n| digits.get(first + n).copied().unwrap_or(0)),
    };
    let low = u64::from(part[0]) | u64::from(part[1]) << 30;
    let high = u64::from(part[2]) | u64::from(part[3]) << 30;
    low >> skip | high << (60 - skip)
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
