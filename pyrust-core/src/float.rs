//! Python's `float` on `f64`.
//!
//! `+ - *` are the IEEE operations; division, remainder, power and rounding follow CPython's algorithms
//! with its signed zeros and exceptions. `text` holds the conversions from and to `str`.

mod parse;
mod power;
mod ratio;
mod round;
mod text;

pub use ratio::*;
pub use round::*;
pub use text::*;

pub use parse::from_bytes_text;

use crate::math::libm;
use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};

/// One of both, without a branch that a processor would have to foresee.
#[inline(always)]
pub fn either(first: bool, a: f64, b: f64) -> f64 {
    let mut mask = u64::from(first).wrapping_neg();
    // There is no move of floats under a condition, and LLVM branches where it knows what the mask is made of.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: Nothing is done.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) mask, options(pure, nomem, nostack, preserves_flags));
    }
    f64::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// `a + b`.
#[inline(always)]
pub fn add(a: f64, b: f64) -> f64 {
    a + b
}

/// `a - b`.
#[inline(always)]
pub fn sub(a: f64, b: f64) -> f64 {
    a - b
}

/// `a * b`.
#[inline(always)]
pub fn mul(a: f64, b: f64) -> f64 {
    a * b
}

/// `-a`.
#[inline(always)]
pub fn neg(a: f64) -> f64 {
    -a
}

/// `+a`.
#[inline(always)]
pub fn pos(a: f64) -> f64 {
    a
}

/// `abs(a)`.
#[inline(always)]
pub fn abs(a: f64) -> f64 {
    a.abs()
}

/// `a / b`.
#[inline(always)]
pub fn truediv(a: f64, b: f64) -> R<f64> {
    if b == 0.0 { said(Said::FloatDivision) } else { Ok(a / b) }
}

/// `a // b`: the quotient of [`divmod`].
#[inline(always)]
pub fn floordiv(a: f64, b: f64) -> R<f64> {
    if b == 0.0 { said(Said::FloatFloor) } else { Ok(div_mod(a, b).0) }
}

/// `a % b`: takes the divisor's sign, also when the result is zero.
#[inline(always)]
pub fn mod_(a: f64, b: f64) -> R<f64> {
    if b == 0.0 { said(Said::FloatRest) } else { Ok(remainder(a, b)) }
}

/// `divmod(a, b)`.
#[inline(always)]
pub fn divmod(a: f64, b: f64) -> R<(f64, f64)> {
    if b == 0.0 { said(Said::FloatBoth) } else { Ok(div_mod(a, b)) }
}

/// CPython's `float_rem`. The remainder operator of IEEE numbers is exact, so it may be folded.
#[inline(always)]
fn remainder(a: f64, b: f64) -> f64 {
    let m = a % b;
    if m != 0.0 { if (b < 0.0) != (m < 0.0) { m + b } else { m } } else { 0f64.copysign(b) }
}

/// CPython's `_float_div_mod`.
#[inline(always)]
fn div_mod(a: f64, b: f64) -> (f64, f64) {
    let mut m = a % b;
    let mut quotient = (a - m) / b;
    if m != 0.0 {
        if (b < 0.0) != (m < 0.0) {
            m += b;
            quotient -= 1.0;
        }
    } else {
        m = 0f64.copysign(b);
    }
    let floored = if quotient != 0.0 {
        let f = quotient.floor();
        if quotient - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(a / b)
    };
    (floored, m)
}

/// C's `pow`.
#[inline]
#[cfg(feature = "arrays")]
pub(crate) fn plain_pow(a: f64, b: f64) -> f64 {
    power::quick(a, b).unwrap_or_else(|| libm::pow(a, b))
}

/// `a ** b`: CPython's `float_pow`.
///
/// A negative base with a fractional exponent is complex in Python and bails.
#[inline(always)]
pub fn pow(a: f64, b: f64) -> R<f64> {
    if let Some(power) = power::quick(a, b) {
        return Ok(power);
    }
    if a > 0.0 && a.is_finite() && b.is_finite() {
        // No special case of CPython's says anything else than C here, not even `1 ** b` and `a ** 0`.
        let power = libm::pow(a, b);
        return if power.is_infinite() { exc(Exc::OverflowError) } else { Ok(power) };
    }
    pow_special(a, b)
}

#[inline(never)]
extern "C" fn pow_special(a: f64, b: f64) -> R<f64> {
    if b == 0.0 {
        return Ok(1.0);
    }
    if a.is_nan() {
        return Ok(a);
    }
    if b.is_nan() {
        return Ok(if a == 1.0 { 1.0 } else { b });
    }
    if b.is_infinite() {
        let size = a.abs();
        return Ok(if size == 1.0 {
            1.0
        } else if (b > 0.0) == (size > 1.0) {
            f64::INFINITY
        } else {
            0.0
        });
    }
    let odd = || (b.abs() % 2.0) == 1.0;
    if a.is_infinite() {
        return Ok(match (b > 0.0, odd()) {
            (true, true) => a,
            (true, false) => a.abs(),
            (false, true) => 0f64.copysign(a),
            (false, false) => 0.0,
        });
    }
    if a == 0.0 {
        if b < 0.0 {
            return exc(Exc::ZeroDivisionError);
        }
        return Ok(if odd() { a } else { 0.0 });
    }
    let (mut base, mut negate) = (a, false);
    if a < 0.0 {
        if b != b.floor() {
            return bail(Bail::Unsupported);
        }
        base = -a;
        negate = odd();
    }
    if base == 1.0 {
        return Ok(if negate { -1.0 } else { 1.0 });
    }
    let power = libm::pow(base, b);
    // Finite operands: an infinite result is the overflow that CPython reads from errno.
    if power.is_infinite() {
        return exc(Exc::OverflowError);
    }
    Ok(if negate { -power } else { power })
}

/// `a == b`.
#[inline(always)]
pub fn eq(a: f64, b: f64) -> bool {
    a == b
}

/// `a != b`.
#[inline(always)]
pub fn ne(a: f64, b: f64) -> bool {
    a != b
}

/// `a < b`.
#[inline(always)]
pub fn lt(a: f64, b: f64) -> bool {
    a < b
}

/// `a <= b`.
#[inline(always)]
pub fn le(a: f64, b: f64) -> bool {
    a <= b
}

/// `a > b`.
#[inline(always)]
pub fn gt(a: f64, b: f64) -> bool {
    a > b
}

/// `a >= b`.
#[inline(always)]
pub fn ge(a: f64, b: f64) -> bool {
    a >= b
}

/// `bool(a)`: NaN is true.
#[inline(always)]
pub fn truth(a: f64) -> bool {
    a != 0.0
}

/// `a.is_integer()`.
#[inline(always)]
pub fn is_integer(a: f64) -> bool {
    a.is_finite() && a.floor() == a
}
