//! Ints of any size as new objects, in containers, in texts.

use core::cell::UnsafeCell;
use core::cmp::Ordering;

use pyo3_ffi::{PyLong_FromUnsignedLongLong, PyObject};

use super::{Big, limbs, text};
use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::py::{IntoPy, fresh};
use crate::stop::R;
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// Limbs become digits, as many as there is room for.
fn to_digits(limbs: &[u64], out: &mut [u32]) {
    for (at, digit) in out.iter_mut().enumerate() {
        let (first, skip) = (at * 30 / 64, at * 30 % 64);
        let next = limbs.get(first + 1).copied().unwrap_or(0);
        // In two steps, since no shift may be as wide as the limb.
        *digit = ((limbs[first] >> skip | next << 1 << (63 - skip)) & 0x3fff_ffff) as u32;
    }
}

/// `hash(a)`: the value modulo 2**61 - 1, with its sign.
pub fn hash(a: &Big) -> isize {
    const MODULUS: u128 = (1 << 61) - 1;
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    // 2**64 is 8 there.
    let fold = |hash: u128, limb: &u64| (hash * 8 + u128::from(*limb)) % MODULUS;
    let hash = x.limbs.iter().rev().fold(0u128, fold) as isize;
    match if x.negative { -hash } else { hash } {
        -1 => -2,
        hash => hash,
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
        let mut room = [0; 2];
        let parts = self.parts(&mut room);
        let count = limbs::bits(parts.limbs).div_ceil(30) as usize;
        // SAFETY: the GIL is held; numbers beyond 64 bits have three digits or more.
        fresh(unsafe { layout::new_int(parts.negative, count, |digits| to_digits(parts.limbs, digits)) })
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
            Big::Large(_) => hash(self) as u64,
        })
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(hash(self))
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
