//! Python's `int` on `i64`.
//!
//! Exact as long as every value fits 64 bits; what does not fit is `Bail::Overflow`, and Python
//! computes it. Nothing here wraps, saturates or panics. Comparisons with `float` are exact (they do not
//! go through `f64`), division is correctly rounded.
//!
//! `text` holds the conversions from and to `str`, `float_mix` the comparisons with floats, `between` what leaves 64 bits
//! only on the way.

mod between;
mod float_mix;
mod parse;
mod text;

pub use between::*;
pub use float_mix::*;
#[cfg(feature = "big")]
pub(crate) use parse::parse;
pub(crate) use parse::trimmed;
pub use parse::{from_bytes_base, from_bytes_text};
pub use text::*;

use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};

/// `a + b`.
#[inline(always)]
pub fn add(a: i64, b: i64) -> R<i64> {
    match a.checked_add(b) {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `a - b`.
#[inline(always)]
pub fn sub(a: i64, b: i64) -> R<i64> {
    match a.checked_sub(b) {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `a * b`.
#[inline(always)]
pub fn mul(a: i64, b: i64) -> R<i64> {
    match a.checked_mul(b) {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `-a`.
#[inline(always)]
pub fn neg(a: i64) -> R<i64> {
    match a.checked_neg() {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `+a`.
#[inline(always)]
pub fn pos(a: i64) -> i64 {
    a
}

/// `abs(a)`.
#[inline(always)]
pub fn abs(a: i64) -> R<i64> {
    match a.checked_abs() {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `~a`.
#[inline(always)]
pub fn inv(a: i64) -> i64 {
    !a
}

/// `a // b`: floors.
#[inline(always)]
pub fn floordiv(a: i64, b: i64) -> R<i64> {
    if b == 0 {
        return said(Said::IntDivision);
    }
    let Some(q) = a.checked_div(b) else { return bail(Bail::Overflow) };
    // The quotient was truncated; one less where the remainder and the divisor differ in sign.
    let r = a.wrapping_sub(q.wrapping_mul(b));
    Ok(q - ((r != 0 && (r ^ b) < 0) as i64))
}

/// `a % b`: takes the divisor's sign. `i64::MIN % -1` is 0, not an overflow.
#[inline(always)]
pub fn mod_(a: i64, b: i64) -> R<i64> {
    if b == 0 {
        return said(Said::IntRest);
    }
    let r = a.wrapping_rem(b);
    Ok(if r != 0 && (r ^ b) < 0 { r + b } else { r })
}

/// [`mod_`] where the dividend is mostly within one divisor of the result, as in `(x - 1) % width`: a division costs
/// more than to look.
#[inline(always)]
pub fn mod_near(a: i64, b: i64) -> R<i64> {
    if b > 0 {
        let (up, down) = (a.wrapping_add(b), a.wrapping_sub(b));
        if a >= 0 {
            if a < b {
                return Ok(a);
            }
            if down < b {
                return Ok(down);
            }
        } else if up >= 0 {
            return Ok(up);
        }
    }
    mod_(a, b)
}

/// One of both, without a branch that a processor would have to foresee.
#[inline(always)]
pub fn either(first: bool, a: i64, b: i64) -> i64 {
    core::hint::select_unpredictable(first, a, b)
}

/// [`floordiv`] of what is never negative.
#[inline(always)]
pub fn floordiv_unsigned(a: i64, b: i64) -> R<i64> {
    match (a as u64).checked_div(b as u64) {
        Some(q) => Ok(q as i64),
        None => said(Said::IntDivision),
    }
}

/// [`mod_`] of what is never negative.
#[inline(always)]
pub fn mod_unsigned(a: i64, b: i64) -> R<i64> {
    match (a as u64).checked_rem(b as u64) {
        Some(r) => Ok(r as i64),
        None => said(Said::IntRest),
    }
}

/// `a % b` of what is less than twice the divisor, and not negative.
#[inline(always)]
pub fn folded(a: i64, b: i64) -> i64 {
    if a >= b { a.wrapping_sub(b) } else { a }
}

/// `divmod(a, b)`.
#[inline(always)]
pub fn divmod(a: i64, b: i64) -> R<(i64, i64)> {
    let q = floordiv(a, b)?;
    Ok((q, a.wrapping_sub(q.wrapping_mul(b))))
}

/// Integers up to this size are floats exactly.
const EXACT: u64 = 1 << 53;

/// `a / b`, correctly rounded for all operands.
#[inline(always)]
pub fn truediv(a: i64, b: i64) -> R<f64> {
    if b == 0 {
        return said(Said::Division);
    }
    if a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        // Two exact operands and one rounding. 0 / -5 is -0.0 in Python too.
        return Ok(a as f64 / b as f64);
    }
    Ok(truediv_wide(a, b))
}

/// The quotient to 56 bits or more, with a sticky last bit, then one rounding.
#[cold]
#[inline(never)]
extern "C" fn truediv_wide(a: i64, b: i64) -> f64 {
    let (m, n) = (a.unsigned_abs(), b.unsigned_abs());
    let bits = |v: u64| 64 - v.leading_zeros() as i32;
    let shift = (56 + bits(n) - bits(m)).max(0) as u32;
    let wide = (m as u128) << shift;
    // At most 64 bits: `shift` leaves the quotient 57 bits, or it is 0 and the quotient is at most `m`.
    let quotient = (wide / n as u128) as u64;
    let sticky = !wide.is_multiple_of(n as u128) as u64;
    let rounded = (quotient | sticky) as f64;
    // A power of two between 2^-120 and 1: exact.
    let magnitude = rounded * f64::from_bits((1023 - shift as u64) << 52);
    if (a < 0) != (b < 0) { -magnitude } else { magnitude }
}

/// `a ** b` for `b >= 0`. A negative exponent gives a float in Python: see [`pow_float`].
#[inline(always)]
pub fn pow(a: i64, b: i64) -> R<i64> {
    if b == 2 {
        return mul(a, a);
    }
    pow_any(a, b)
}

#[inline(never)]
extern "C" fn pow_any(a: i64, b: i64) -> R<i64> {
    if b < 0 {
        return if a == 0 { exc(Exc::ZeroDivisionError) } else { bail(Bail::Unsupported) };
    }
    match (a, b) {
        (0 | 1, _) => return Ok(if b == 0 { 1 } else { a }),
        (-1, _) => return Ok(1 - 2 * (b & 1)),
        _ => {}
    }
    // |a| >= 2: more than 63 doublings do not fit anyway.
    match a.checked_pow(b.min(64) as u32) {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    }
}

/// `a ** b` for an exponent that is known to be negative: Python computes it in floats.
pub fn pow_float(a: i64, b: i64) -> R<f64> {
    if b >= 0 {
        return bail(Bail::Unsupported);
    }
    crate::float::pow(a as f64, b as f64)
}

/// `pow(a, b, m)`.
pub fn powmod(a: i64, b: i64, m: i64) -> R<i64> {
    if m == 0 {
        return exc(Exc::ValueError);
    }
    let size = m.unsigned_abs();
    if size == 1 {
        return Ok(0);
    }
    let mut base = (a as i128).rem_euclid(size as i128) as u64;
    if b < 0 {
        base = inverse(base, size)?;
    }
    let b = b.unsigned_abs();
    let power =
        if size <= u32::MAX as u64 { powmod_narrow(base, b, size) } else { powmod_wide(base, b, size) };
    // The result takes the modulus's sign; it is smaller than |m|, so this stays inside i64.
    Ok(if m < 0 && power != 0 { (power as i128 - size as i128) as i64 } else { power as i64 })
}

/// `a ** b % m`, without the power, which may be far larger than the result.
pub fn pow_mod(a: i64, b: i64, m: i64) -> R<i64> {
    // Its own exceptions come in the order of the two operations.
    if b < 0 || m == 0 { mod_(pow(a, b)?, m) } else { powmod(a, b, m) }
}

/// The number that `base` times is 1 modulo `size`, which is above 1.
fn inverse(base: u64, size: u64) -> R<u64> {
    let (mut old, mut rest) = (base as i128, size as i128);
    let (mut factor, mut next) = (1i128, 0i128);
    while rest != 0 {
        let quotient = old / rest;
        (old, rest) = (rest, old - quotient * rest);
        (factor, next) = (next, factor - quotient * next);
    }
    if old != 1 {
        return exc(Exc::ValueError);
    }
    Ok(factor.rem_euclid(size as i128) as u64)
}

fn powmod_narrow(mut base: u64, mut b: u64, size: u64) -> u64 {
    let mut power = 1 % size;
    while b > 0 {
        if b & 1 != 0 {
            power = power * base % size;
        }
        base = base * base % size;
        b >>= 1;
    }
    power
}

fn powmod_wide(base: u64, mut b: u64, size: u64) -> u64 {
    let size = size as u128;
    let (mut base, mut power) = (base as u128, 1 % size);
    while b > 0 {
        if b & 1 != 0 {
            power = power * base % size;
        }
        base = base * base % size;
        b >>= 1;
    }
    power as u64
}

/// `a << n`.
#[inline(always)]
pub fn shl(a: i64, n: i64) -> R<i64> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    if n < 64 {
        let v = a << n;
        if v >> n == a {
            return Ok(v);
        }
    } else if a == 0 {
        return Ok(0);
    }
    bail(Bail::Overflow)
}

/// [`shl`] of what stays within 64 bits, by 0 to 63.
#[inline(always)]
pub fn shl_within(a: i64, n: i64) -> i64 {
    a << (n & 63)
}

/// `a >> n`: floors, a large count gives 0 or -1.
#[inline(always)]
pub fn shr(a: i64, n: i64) -> R<i64> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    Ok(a >> if n > 63 { 63 } else { n })
}

/// `a & b`.
#[inline(always)]
pub fn and_(a: i64, b: i64) -> i64 {
    a & b
}

/// `a | b`.
#[inline(always)]
pub fn or_(a: i64, b: i64) -> i64 {
    a | b
}

/// `a ^ b`.
#[inline(always)]
pub fn xor(a: i64, b: i64) -> i64 {
    a ^ b
}

/// `a == b`.
#[inline(always)]
pub fn eq(a: i64, b: i64) -> bool {
    a == b
}

/// `a != b`.
#[inline(always)]
pub fn ne(a: i64, b: i64) -> bool {
    a != b
}

/// `a < b`.
#[inline(always)]
pub fn lt(a: i64, b: i64) -> bool {
    a < b
}

/// `a <= b`.
#[inline(always)]
pub fn le(a: i64, b: i64) -> bool {
    a <= b
}

/// `a > b`.
#[inline(always)]
pub fn gt(a: i64, b: i64) -> bool {
    a > b
}

/// `a >= b`.
#[inline(always)]
pub fn ge(a: i64, b: i64) -> bool {
    a >= b
}

/// `bool(a)`.
#[inline(always)]
pub fn truth(a: i64) -> bool {
    a != 0
}

/// `float(a)`: rounds half to even, as `PyLong_AsDouble`.
#[inline(always)]
pub fn to_float(a: i64) -> f64 {
    a as f64
}

/// `a.bit_length()`.
#[inline(always)]
pub fn bit_length(a: i64) -> i64 {
    64 - a.unsigned_abs().leading_zeros() as i64
}

/// `a.bit_count()`.
#[inline(always)]
pub fn bit_count(a: i64) -> i64 {
    a.unsigned_abs().count_ones() as i64
}

/// `round(a, n)`: half to even at the decimal place, which only matters for a negative `n`.
#[inline(always)]
pub fn round_n(a: i64, n: i64) -> R<i64> {
    if n >= 0 { Ok(a) } else { round_tens(a, n) }
}

#[cold]
#[inline(never)]
fn round_tens(a: i64, n: i64) -> R<i64> {
    if n < -19 {
        // Half of 10^20 is more than any i64.
        return Ok(0);
    }
    let unit = 10i128.pow(n.unsigned_abs() as u32);
    let (mut q, r) = ((a as i128).div_euclid(unit), (a as i128).rem_euclid(unit));
    if 2 * r > unit || (2 * r == unit && q & 1 != 0) {
        q += 1;
    }
    match i64::try_from(q * unit) {
        Ok(v) => Ok(v),
        Err(_) => bail(Bail::Overflow),
    }
}

/// `i.imag`.
#[inline(always)]
pub fn imag(_: i64) -> i64 {
    0
}

/// `i.denominator`.
#[inline(always)]
pub fn denominator(_: i64) -> i64 {
    1
}

/// `i.as_integer_ratio()`.
#[inline(always)]
pub fn as_integer_ratio(i: i64) -> (i64, i64) {
    (i, 1)
}

/// `i.is_integer()`, which there is from 3.12 on.
#[inline(always)]
pub fn is_integer(_: i64) -> R<bool> {
    if cfg!(Py_3_12) { Ok(true) } else { bail(Bail::Unsupported) }
}

/// `round(i, None)`.
#[inline(always)]
pub fn round_none(i: i64, _: ()) -> i64 {
    i
}

/// `pow(a, b, None)`.
#[inline]
pub fn pow_none(a: i64, b: i64, _: ()) -> R<i64> {
    pow(a, b)
}
