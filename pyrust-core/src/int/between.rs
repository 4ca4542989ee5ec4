//! Sums and products that leave 64 bits only on the way: `a * b % m` in 128 bits.

use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};

/// `a + b`.
#[inline(always)]
pub fn add_128(a: i128, b: i128) -> R<i128> {
    a.checked_add(b).map_or_else(|| bail(Bail::Overflow), Ok)
}

/// `a - b`.
#[inline(always)]
pub fn sub_128(a: i128, b: i128) -> R<i128> {
    a.checked_sub(b).map_or_else(|| bail(Bail::Overflow), Ok)
}

/// `a * b`.
#[inline]
pub fn mul_128(a: i128, b: i128) -> R<i128> {
    a.checked_mul(b).map_or_else(|| bail(Bail::Overflow), Ok)
}

/// `a << n`.
#[inline]
pub fn shl_128(a: i128, n: i64) -> R<i128> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    if n < 128 {
        let v = a << n;
        if v >> n == a {
            return Ok(v);
        }
    } else if a == 0 {
        return Ok(0);
    }
    bail(Bail::Overflow)
}

/// So far a number is shifted for which Python has memory in any case.
const FARTHEST: i64 = 1 << 20;

/// `a << n` of which only the lowest 64 bits count.
#[inline(always)]
pub fn shl_low(a: i64, n: i64) -> R<i64> {
    match n {
        0..64 => Ok(a << n),
        ..0 => exc(Exc::ValueError),
        64..FARTHEST => Ok(0),
        // Python has no memory for that, or says that it is too many digits.
        _ => bail(Bail::Overflow),
    }
}

#[inline(always)]
fn word(a: i128) -> R<i64> {
    match i64::try_from(a) {
        Ok(v) => Ok(v),
        Err(_) => bail(Bail::Overflow),
    }
}

/// `a % m`.
#[inline(always)]
pub fn mod_128(a: i128, m: i64) -> R<i64> {
    match i64::try_from(a) {
        Ok(v) => super::mod_(v, m),
        Err(_) => far_mod(a, m),
    }
}

#[inline(never)]
extern "C" fn far_mod(a: i128, m: i64) -> R<i64> {
    if m == 0 {
        return said(Said::IntRest);
    }
    let size = m.unsigned_abs();
    let rest = (a.unsigned_abs() % u128::from(size)) as u64;
    // The remainder takes the sign of `m`, and its size is below that of `m`.
    let rest = if rest != 0 && (a < 0) != (m < 0) { size - rest } else { rest };
    Ok(if m < 0 { (rest as i64).wrapping_neg() } else { rest as i64 })
}

/// `a // m`.
#[inline(always)]
pub fn floordiv_128(a: i128, m: i64) -> R<i64> {
    match i64::try_from(a) {
        Ok(v) => super::floordiv(v, m),
        Err(_) => far_floordiv(a, m),
    }
}

#[inline(never)]
extern "C" fn far_floordiv(a: i128, m: i64) -> R<i64> {
    if m == 0 {
        return said(Said::IntDivision);
    }
    let Some(q) = a.checked_div(i128::from(m)) else { return bail(Bail::Overflow) };
    let r = a - q * i128::from(m);
    word(if r != 0 && (r < 0) != (m < 0) { q - 1 } else { q })
}

/// `a & b`.
#[inline(always)]
pub fn and_128(a: i128, b: i64) -> R<i64> {
    if b >= 0 { Ok(a as i64 & b) } else { word(a & i128::from(b)) }
}

/// `a >> n`.
#[inline(always)]
pub fn shr_128(a: i128, n: i64) -> R<i64> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    word(a >> if n > 127 { 127 } else { n })
}
