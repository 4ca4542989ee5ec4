//! Functions of floats: elementary functions, rounding, taking apart, comparing.

use super::libm;
use crate::said::{Said, said};
use crate::stop::{Exc, R, exc};

/// CPython's `FUNC1` with `can_overflow` false: an infinite result of a finite operand is a domain error.
macro_rules! domain {
    ($($name:ident)*) => { $(
        #[doc = concat!("`math.", stringify!($name), "(x)`.")]
        #[inline]
        pub fn $name(x: f64) -> R<f64> {
            let r = libm::$name(x);
            if (r.is_nan() && !x.is_nan()) || (r.is_infinite() && x.is_finite()) {
                return said(Said::MathDomain);
            }
            Ok(r)
        }
    )* };
}

/// CPython's `FUNC1` with `can_overflow` true.
macro_rules! range {
    ($($name:ident)*) => { $(
        #[doc = concat!("`math.", stringify!($name), "(x)`.")]
        #[inline]
        pub fn $name(x: f64) -> R<f64> {
            let r = libm::$name(x);
            if r.is_nan() && !x.is_nan() {
                return said(Said::MathDomain);
            }
            if r.is_infinite() && x.is_finite() {
                return exc(Exc::OverflowError);
            }
            Ok(r)
        }
    )* };
}

/// Functions that are defined and finite for every finite operand: they never stop, but share the signature.
macro_rules! total {
    ($($name:ident)*) => { $(
        #[doc = concat!("`math.", stringify!($name), "(x)`.")]
        #[inline]
        pub fn $name(x: f64) -> R<f64> {
            Ok(libm::$name(x))
        }
    )* };
}

domain! { acos acosh asin atanh cos sin tan }
range! { cosh exp exp2 expm1 sinh }
total! { asinh atan cbrt erf erfc tanh }

/// `math.sqrt(x)`: IEEE, so no libm is involved.
#[inline(always)]
pub fn sqrt(x: f64) -> R<f64> {
    if x < 0.0 { said(Said::MathDomain) } else { Ok(x.sqrt()) }
}

/// Operands of the logarithms: zero and below are domain errors, infinity and NaN are their own logarithm.
macro_rules! logarithm {
    ($($name:ident)*) => { $(
        #[doc = concat!("`math.", stringify!($name), "(x)`; for an int, of its float.")]
        #[inline]
        pub fn $name(x: f64) -> R<f64> {
            if x <= 0.0 {
                return said(Said::MathDomain);
            }
            Ok(if x.is_finite() { libm::$name(x) } else { x })
        }
    )* };
}

logarithm! { log log2 log10 }

/// `math.log(x, base)`.
pub fn log_base(x: f64, base: f64) -> R<f64> {
    let (numerator, denominator) = (log(x)?, log(base)?);
    crate::float::truediv(numerator, denominator)
}

/// `math.log1p(x)`.
#[inline]
pub fn log1p(x: f64) -> R<f64> {
    if x <= -1.0 {
        return exc(Exc::ValueError);
    }
    Ok(if x == 0.0 { x } else { libm::log1p(x) })
}

/// `math.atan2(y, x)`.
pub fn atan2(y: f64, x: f64) -> R<f64> {
    if x.is_nan() || y.is_nan() {
        return Ok(f64::NAN);
    }
    let right = !x.is_sign_negative();
    if y.is_infinite() {
        let quarters = match (x.is_infinite(), right) {
            (true, true) => 0.25,
            (true, false) => 0.75,
            (false, _) => 0.5,
        };
        return Ok((quarters * super::PI).copysign(y));
    }
    if x.is_infinite() || y == 0.0 {
        return Ok(if right { 0f64.copysign(y) } else { super::PI.copysign(y) });
    }
    Ok(libm::atan2(y, x))
}

/// `math.pow(x, y)`: C99's, not the operator's.
pub fn pow(x: f64, y: f64) -> R<f64> {
    if x.is_finite() && y.is_finite() {
        let r = libm::pow(x, y);
        if r.is_nan() || (r.is_infinite() && x == 0.0) {
            return exc(Exc::ValueError);
        }
        return if r.is_infinite() { exc(Exc::OverflowError) } else { Ok(r) };
    }
    Ok(if x.is_nan() {
        if y == 0.0 { 1.0 } else { x }
    } else if y.is_nan() {
        if x == 1.0 { 1.0 } else { y }
    } else if x.is_infinite() {
        let odd = y.is_finite() && y.abs() % 2.0 == 1.0;
        if y > 0.0 {
            if odd { x } else { x.abs() }
        } else if y == 0.0 {
            1.0
        } else if odd {
            0f64.copysign(x)
        } else {
            0.0
        }
    } else if x.abs() == 1.0 {
        1.0
    } else if y > 0.0 && x.abs() > 1.0 {
        y
    } else if y < 0.0 && x.abs() < 1.0 {
        -y
    } else {
        0.0
    })
}

/// `math.fmod(x, y)`: C's, exact.
#[inline]
pub fn fmod(x: f64, y: f64) -> R<f64> {
    if y.is_infinite() && x.is_finite() {
        return Ok(x);
    }
    let r = x % y;
    if r.is_nan() && !x.is_nan() && !y.is_nan() {
        return exc(Exc::ValueError);
    }
    Ok(r)
}

/// `math.remainder(x, y)`: IEEE 754's, to the nearest multiple, ties to even.
pub fn remainder(x: f64, y: f64) -> R<f64> {
    if x.is_finite() && y.is_finite() {
        if y == 0.0 {
            return exc(Exc::ValueError);
        }
        let (size, step) = (x.abs(), y.abs());
        let m = size % step;
        let c = step - m;
        let r = if m < c {
            m
        } else if m > c {
            -c
        } else {
            m - 2.0 * ((0.5 * (size - m)) % step)
        };
        return Ok(1f64.copysign(x) * r);
    }
    if x.is_nan() {
        return Ok(x);
    }
    if y.is_nan() {
        return Ok(y);
    }
    if x.is_infinite() { exc(Exc::ValueError) } else { Ok(x) }
}

/// `math.fabs(x)`.
#[inline(always)]
pub fn fabs(x: f64) -> R<f64> {
    Ok(x.abs())
}

/// `math.floor(x)`.
#[inline(always)]
pub fn floor(x: f64) -> R<i64> {
    crate::int::from_float(x.floor())
}

/// `math.ceil(x)`.
#[inline(always)]
pub fn ceil(x: f64) -> R<i64> {
    crate::int::from_float(x.ceil())
}

/// `math.trunc(x)`.
#[inline(always)]
pub fn trunc(x: f64) -> R<i64> {
    crate::int::from_float(x)
}

/// `math.modf(x)`.
pub fn modf(x: f64) -> R<(f64, f64)> {
    if x.is_infinite() {
        return Ok((0f64.copysign(x), x));
    }
    let whole = x.trunc();
    Ok(((x - whole).copysign(x), whole))
}

/// `math.frexp(x)`.
pub fn frexp(x: f64) -> R<(f64, i64)> {
    if x == 0.0 || !x.is_finite() {
        return Ok((x, 0));
    }
    // Subnormals are scaled up first; 2**64 is exact.
    let (scaled, bias) = if x.is_subnormal() { (x * 18_446_744_073_709_551_616.0, 64) } else { (x, 0) };
    let bits = scaled.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1022 - bias;
    Ok((f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent))
}

/// `math.ldexp(x, i)`.
pub fn ldexp(x: f64, exponent: i64) -> R<f64> {
    if x == 0.0 || !x.is_finite() {
        return Ok(x);
    }
    let r = libm::ldexp(x, exponent.clamp(-10_000, 10_000) as i32);
    if r.is_infinite() { exc(Exc::OverflowError) } else { Ok(r) }
}

/// `math.copysign(x, y)`.
#[inline(always)]
pub fn copysign(x: f64, y: f64) -> R<f64> {
    Ok(x.copysign(y))
}

/// `math.isnan(x)`.
#[inline(always)]
pub fn isnan(x: f64) -> bool {
    x.is_nan()
}

/// `math.isinf(x)`.
#[inline(always)]
pub fn isinf(x: f64) -> bool {
    x.is_infinite()
}

/// `math.isfinite(x)`.
#[inline(always)]
pub fn isfinite(x: f64) -> bool {
    x.is_finite()
}

/// `math.isclose(a, b)` with the default tolerances.
#[inline]
pub fn isclose(a: f64, b: f64) -> R<bool> {
    Ok(close(a, b, 1e-9, 0.0))
}

/// `math.isclose(a, b, rel_tol=…, abs_tol=…)`; the defaults are `1e-9` and `0.0`.
pub fn isclose_tol(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> R<bool> {
    if rel_tol < 0.0 || abs_tol < 0.0 {
        return exc(Exc::ValueError);
    }
    Ok(close(a, b, rel_tol, abs_tol))
}

fn close(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> bool {
    if a == b {
        return true;
    }
    if a.is_infinite() || b.is_infinite() {
        return false;
    }
    let diff = (b - a).abs();
    diff <= (rel_tol * b).abs() || diff <= (rel_tol * a).abs() || diff <= abs_tol
}

/// `math.degrees(x)`.
#[inline(always)]
pub fn degrees(x: f64) -> R<f64> {
    Ok(x * (180.0 / super::PI))
}

/// `math.radians(x)`.
#[inline(always)]
pub fn radians(x: f64) -> R<f64> {
    Ok(x * (super::PI / 180.0))
}

/// `math.nextafter(x, y)`.
pub fn nextafter(x: f64, y: f64) -> R<f64> {
    Ok(if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == y {
        y
    } else if x < y {
        if x == 0.0 { f64::from_bits(1) } else { x.next_up() }
    } else if x == 0.0 {
        -f64::from_bits(1)
    } else {
        x.next_down()
    })
}

/// `math.ulp(x)`.
pub fn ulp(x: f64) -> R<f64> {
    let size = x.abs();
    if !size.is_finite() {
        return Ok(size);
    }
    let above = size.next_up();
    Ok(if above.is_infinite() { size - size.next_down() } else { above - size })
}
