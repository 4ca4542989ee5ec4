//! Ints of any size and floats: conversions rounded once, comparisons exact.

use core::cmp::Ordering;

use super::{Big, busy, shl, shr, size};
use crate::int;
use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// A power of two that is a normal float.
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The top 64 bits of a magnitude of more, the lowest of them set if anything below is.
fn top_word(limbs: &[u64]) -> u64 {
    let n = limbs.len();
    let (top, shift) = (limbs[n - 1], limbs[n - 1].leading_zeros());
    let second = limbs[n - 2];
    let (word, rest) =
        if shift == 0 { (top, second) } else { (top << shift | second >> (64 - shift), second << shift) };
    word | u64::from(rest != 0 || limbs[..n - 2].iter().any(|l| *l != 0))
}

/// `float(a)`: rounds half to even; OverflowError beyond the largest float.
pub fn to_float(a: &Big) -> R<f64> {
    if let Some(v) = a.as_i128() {
        return Ok(v as f64);
    }
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    let bits = size(x.limbs) as i64;
    if bits > 1024 {
        return exc(Exc::OverflowError);
    }
    let size = top_word(x.limbs) as f64 * power_of_two(bits - 64);
    if size.is_infinite() {
        return exc(Exc::OverflowError);
    }
    Ok(if x.negative { -size } else { size })
}

/// For logarithms, which Python takes of ints beyond all floats as well.
fn to_float_or_bail(a: &Big) -> R<f64> {
    match to_float(a) {
        Ok(v) => Ok(v),
        Err(_) => bail(Bail::Overflow),
    }
}

/// `int(x)`.
pub fn from_float(cx: Cx, x: f64) -> R<Big> {
    match int::from_float(x) {
        Ok(v) => return Ok(Big::Small(v)),
        Err(stop) if stop.as_exc().is_some() => return Err(stop),
        Err(_) => {}
    }
    // Beyond 64 bits a float is a whole number.
    let bits = x.to_bits();
    let mantissa = Big::Small((bits & ((1 << 52) - 1) | 1 << 52) as i64);
    let size = shl(cx, &mantissa, (bits >> 52 & 0x7ff) as i64 - 1075)?;
    if x < 0.0 { super::neg(cx, &size) } else { Ok(size) }
}

/// `math.floor(x)`.
pub fn floor(cx: Cx, x: f64) -> R<Big> {
    from_float(cx, x.floor())
}

/// `math.ceil(x)`.
pub fn ceil(cx: Cx, x: f64) -> R<Big> {
    from_float(cx, x.ceil())
}

/// `round(x)`: half to even.
pub fn round(cx: Cx, x: f64) -> R<Big> {
    from_float(cx, x.round_ties_even())
}

/// `a / b`, correctly rounded.
pub fn truediv(cx: Cx, a: &Big, b: &Big) -> R<f64> {
    if let (Big::Small(x), Big::Small(y)) = (a, b) {
        return int::truediv(*x, *y);
    }
    if b.is_zero() {
        return said(Said::Division);
    }
    let negative = a.is_negative() != b.is_negative();
    let sign = |size: f64| if negative { -size } else { size };
    if a.is_zero() {
        return Ok(sign(0.0));
    }
    let (x, y) = (super::abs(cx, a)?, super::abs(cx, b)?);
    let (wide, narrow) = (super::bit_length(&x), super::bit_length(&y));
    let difference = wide - narrow;
    if difference > 1024 {
        return exc(Exc::OverflowError);
    }
    if difference < -1075 {
        return Ok(sign(0.0));
    }
    // A quotient of 65 or 66 bits, and whether anything is left of it.
    let shift = 65 - difference;
    let mut lost = false;
    let x = if shift >= 0 {
        shl(cx, &x, shift)?
    } else {
        let cut = shr(cx, &x, -shift)?;
        lost = super::ne(&shl(cx, &cut, -shift)?, &x);
        cut
    };
    let (quotient, rest) = super::divmod(cx, &x, &y)?;
    let Some(quotient) = quotient.as_i128() else { return bail(Bail::Unsupported) };
    let (quotient, sticky) = (quotient as u128, lost || super::truth(&rest));
    let length = 128 - i64::from(quotient.leading_zeros());
    // Close to zero a float has fewer than 53 bits, or none.
    let keep = (length - shift + 1074).min(53);
    let drop = length - keep;
    let (mut mantissa, rest) =
        if keep < 0 { (0, quotient) } else { ((quotient >> drop) as u64, quotient & ((1 << drop) - 1)) };
    let half = if keep < 0 { u128::MAX } else { 1 << (drop - 1) };
    match rest.cmp(&half) {
        Ordering::Greater => mantissa += 1,
        Ordering::Equal if sticky || mantissa & 1 != 0 => mantissa += 1,
        Ordering::Equal | Ordering::Less => {}
    }
    // Both steps are exact: the mantissa has no bit that the result has no place for.
    let exponent = drop - shift;
    let size = match exponent {
        ..-1000 => mantissa as f64 * power_of_two(-1000) * power_of_two(exponent + 1000),
        _ => mantissa as f64 * power_of_two(exponent),
    };
    if size.is_infinite() { exc(Exc::OverflowError) } else { Ok(sign(size)) }
}

/// `round(a, n)`: only a negative `n` changes anything.
pub fn round_n(cx: Cx, a: &Big, n: i64) -> R<Big> {
    if n >= 0 {
        return Ok(a.clone());
    }
    // Beyond all digits nothing is left.
    if n < -i64::from(i32::MAX) || n.unsigned_abs() > super::bit_length(a) as u64 + 2 {
        return Ok(Big::Small(0));
    }
    busy(cx, n.unsigned_abs() as usize)?;
    let unit = super::pow(cx, &Big::Small(10), -n)?;
    let (q, r) = super::divmod(cx, a, &unit)?;
    let twice = shl(cx, &r, 1)?;
    let up = match super::cmp(&twice, &unit) {
        Ordering::Greater => true,
        Ordering::Equal => super::and_int(cx, &q, 1)? != 0,
        Ordering::Less => false,
    };
    let q = if up { super::add(cx, &q, &Big::Small(1))? } else { q };
    super::mul(cx, &q, &unit)
}

/// `math.log(a)`.
pub fn log(a: &Big) -> R<f64> {
    crate::math::log(to_float_or_bail(a)?)
}

/// `math.log(a, base)`.
pub fn log_base(a: &Big, base: f64) -> R<f64> {
    crate::math::log_base(to_float_or_bail(a)?, base)
}

/// `math.log(x, base)` with a base of any size.
pub fn log_to_base(x: f64, base: &Big) -> R<f64> {
    crate::math::log_base(x, to_float_or_bail(base)?)
}

/// `math.log(a, base)` of ints of any size.
pub fn log_both(a: &Big, base: &Big) -> R<f64> {
    crate::math::log_base(to_float_or_bail(a)?, to_float_or_bail(base)?)
}

/// `math.log2(a)`.
pub fn log2(a: &Big) -> R<f64> {
    crate::math::log2(to_float_or_bail(a)?)
}

/// `math.log10(a)`.
pub fn log10(a: &Big) -> R<f64> {
    crate::math::log10(to_float_or_bail(a)?)
}
