//! `round(x)` and `round(x, n)`.

use std::fmt::Write;

use crate::stop::{Bail, Exc, R, bail, exc};

/// `round(x)`: half to even, to an int.
#[inline(always)]
pub fn round(x: f64) -> R<i64> {
    // Covers NaN and the infinities too; both are sorted out there.
    crate::int::from_float(x.round_ties_even())
}

/// The powers of ten that are floats exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// `round(x, n)`: the decimal expansion of `x`, which is exact, is rounded half to even at the n-th place
/// and read back.
///
/// Before the long way, the scaled value: when it is further from a tie than its own rounding error, it
/// rounds to the right integer `k`, and `k / 10**n` is one correctly rounded operation on exact operands.
#[inline]
pub fn round_n(x: f64, n: i64) -> R<f64> {
    if (0..=22).contains(&n) {
        let unit = TENS[n as usize];
        let scaled = x * unit;
        if scaled.abs() < (1u64 << 50) as f64 {
            let fraction = scaled - scaled.floor();
            if (fraction - 0.5).abs() > 1e-15 * scaled.abs() {
                return Ok((scaled.round_ties_even() / unit).copysign(x));
            }
        }
    }
    round_decimal(x, n)
}

/// As long as `{:.n$}` of any finite float with `n <= 323` needs: sign, 309 digits, point, 323 digits.
struct Digits {
    text: [u8; 640],
    len: usize,
}

impl Write for Digits {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let end = self.len + s.len();
        self.text.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[inline(never)]
fn round_decimal(x: f64, n: i64) -> R<f64> {
    // The limits of CPython's `float.__round__`.
    if !x.is_finite() || n > 323 {
        return Ok(x);
    }
    if n < -308 {
        return Ok(0.0 * x);
    }
    let mut digits = Digits { text: [0; 640], len: 0 };
    let places = n.max(0) as usize;
    if n < 0 && x.abs() < 9_007_199_254_740_992.0 {
        // Fits an integer and a fraction, both exact.
        return Ok(round_tens(x, n.unsigned_abs()));
    }
    // Above 2**53 a float is integral, so without places this is exact and nothing rounds twice.
    if write!(digits, "{x:.places$}").is_err() {
        return bail(Bail::Unsupported);
    }
    if n < 0 {
        return round_text(&mut digits, n.unsigned_abs() as usize);
    }
    read(&digits.text[..digits.len])
}

fn read(text: &[u8]) -> R<f64> {
    match std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok()) {
        Some(v) if v.is_infinite() => exc(Exc::OverflowError),
        Some(v) => Ok(v),
        None => bail(Bail::Unsupported),
    }
}

/// |x| < 2**53, rounded to a multiple of 10**places.
fn round_tens(x: f64, places: u64) -> f64 {
    if places > 16 {
        return 0f64.copysign(x);
    }
    let unit = 10i64.pow(places as u32);
    let size = x.abs();
    let whole = size as i64;
    let (mut q, r) = (whole / unit, whole % unit);
    let above = size - whole as f64 > 0.0;
    if 2 * r > unit || (2 * r == unit && (above || q & 1 != 0)) {
        q += 1;
    }
    ((q * unit) as f64).copysign(x)
}

/// Rounds an integer in decimal, 16 to 309 digits and perhaps a sign, to a multiple of 10**places.
fn round_text(digits: &mut Digits, places: usize) -> R<f64> {
    let sign = (digits.text[0] == b'-') as usize;
    let number = &digits.text[sign..digits.len];
    // One leading zero for the carry.
    let mut out = [b'0'; 641];
    if places > number.len() {
        out[0] = b'-';
        return read(&out[1 - sign..2]);
    }
    let keep = number.len() - places;
    out[1..1 + number.len()].copy_from_slice(number);
    let tail = &number[keep..];
    let last_odd = keep > 0 && (number[keep - 1] & 1) != 0;
    let up = match tail.first() {
        None => false,
        Some(d) if *d != b'5' => *d > b'5',
        Some(_) => last_odd || tail[1..].iter().any(|d| *d != b'0'),
    };
    out[1 + keep..1 + number.len()].fill(b'0');
    if up {
        let mut at = keep;
        while out[at] == b'9' {
            out[at] = b'0';
            at -= 1;
        }
        out[at] += 1;
    }
    let value = read(&out[..1 + number.len()])?;
    Ok(if sign == 1 { -value } else { value })
}
