//! Floats as ratios and as hexadecimal text; the small methods.

use crate::builtins::boxed::{self, Scalar};
use crate::builtins::c::{self, Name, Temporary};
use crate::py::FromPy;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Str;
use crate::txn::Cx;

use pyo3_ffi as ffi;

/// `x.imag`.
#[inline(always)]
pub fn imag(_: f64) -> f64 {
    0.0
}

/// `float(None)`, which is no number: some programs ask for the `TypeError`.
#[cold]
pub fn of_none((): ()) -> R<f64> {
    exc(Exc::TypeError)
}

/// `round(x, None)`.
pub fn round_none(x: f64, _: ()) -> R<i64> {
    super::round(x)
}

/// `pow(x, y, None)`.
pub fn pow_none(x: f64, y: f64, _: ()) -> R<f64> {
    super::pow(x, y)
}

/// `x.as_integer_ratio()`.
pub fn as_integer_ratio(x: f64) -> R<(i64, i64)> {
    if x.is_infinite() {
        return exc(Exc::OverflowError);
    }
    if x.is_nan() {
        return exc(Exc::ValueError);
    }
    if x == 0.0 {
        return Ok((0, 1));
    }
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    let (mut mantissa, mut power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let zeros = mantissa.trailing_zeros();
    mantissa >>= zeros;
    power += i64::from(zeros);
    let sign = if x < 0.0 { -1 } else { 1 };
    // At most 53 bits: what fits is seen from the power.
    if power >= 0 {
        let room = i64::from(mantissa.leading_zeros()) - 1;
        return if power <= room {
            Ok((sign * ((mantissa << power) as i64), 1))
        } else {
            bail(Bail::Overflow)
        };
    }
    if power < -62 { bail(Bail::Overflow) } else { Ok((sign * mantissa as i64, 1 << -power)) }
}

/// `x.hex()`.
pub fn hex(cx: Cx, x: f64) -> R<Str> {
    static NAME: Name = Name::new(c"hex");
    boxed::method(cx, &NAME, &[x.boxed()?])
}

/// `float.fromhex(s)`.
pub fn fromhex(cx: Cx, s: &Str) -> R<f64> {
    static NAME: Name = Name::new(c"fromhex");
    let class = (&raw mut ffi::PyFloat_Type).cast();
    // SAFETY: a class method of the exact class, written in C, with an exact string.
    unsafe {
        let result = Temporary(c::method(&NAME, &[class, s.as_ptr()])?);
        f64::from_py(cx, result.ptr())
    }
}
