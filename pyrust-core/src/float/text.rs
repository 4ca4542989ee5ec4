//! `float` from and to text.

use std::ffi::{CStr, c_char, c_int};

use pyo3_ffi as ffi;

use super::parse::parse;
use crate::builtins::c;
use crate::raised;
use crate::stop::R;
use crate::str_::{self, StrBuilder};
use crate::strs::Str;
use crate::txn::Cx;

/// `float(s)`.
pub fn from_str(cx: Cx, s: &Str) -> R<f64> {
    let value = str_::number_text(s, parse);
    // SAFETY: an exact `str` that is alive; nothing of it is Python's.
    raised::worded(cx, value, || unsafe { ffi::PyFloat_FromString(s.as_ptr()) })
}

/// A number with some digits behind the point.
struct Fixed {
    text: [u8; 40],
    start: usize,
}

impl Fixed {
    fn put(&mut self, c: u8) {
        self.start -= 1;
        self.text[self.start] = c;
    }
}

/// `x` with so many digits behind the point, correctly rounded: scaled in whole numbers, which is exact. `None` for what
/// leaves their range.
fn fixed(x: f64, places: i64) -> Option<Fixed> {
    if !(0..=15).contains(&places) || x.is_nan() || x.abs() >= 1e15 {
        return None;
    }
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as u32, bits & ((1 << 52) - 1));
    // Below 2**50 there is something behind the point: 2 to 1,074 digits of it.
    let (mantissa, behind) =
        if exponent == 0 { (fraction, 1074) } else { (fraction | 1 << 52, 1075 - exponent) };
    // Fewer than 53 + 50 bits.
    let scaled = u128::from(mantissa) * u128::from(10_u64.pow(places as u32));
    let mut whole = 0;
    if behind < 128 {
        whole = scaled >> behind;
        let (rest, half) = (scaled & ((1 << behind) - 1), 1 << (behind - 1));
        if rest > half || rest == half && whole & 1 == 1 {
            whole += 1;
        }
    }
    let mut rest = u64::try_from(whole).ok()?;
    let mut fixed = Fixed { text: [0; 40], start: 40 };
    for place in 0.. {
        if place == places && place > 0 {
            fixed.put(b'.');
        }
        if place > places && rest == 0 {
            break;
        }
        fixed.put(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    if x.is_sign_negative() {
        fixed.put(b'-');
    }
    Some(fixed)
}

/// CPython's formatting of doubles: shortest (`r`) or with a precision, always correctly rounded.
pub(crate) fn digits<T>(
    x: f64,
    code: u8,
    precision: i64,
    flags: c_int,
    then: impl FnOnce(&[u8]) -> R<T>,
) -> R<T> {
    if matches!(code, b'f' | b'F')
        && flags == 0
        && let Some(fixed) = fixed(x, precision)
    {
        return then(&fixed.text[fixed.start..]);
    }

    struct Text(*mut c_char);

    impl Drop for Text {
        fn drop(&mut self) {
            // SAFETY: allocated by CPython for us.
            unsafe { ffi::PyMem_Free(self.0.cast()) }
        }
    }

    // SAFETY: a known format code; the result is ours to free, a terminated ASCII string.
    unsafe {
        let text = Text(ffi::PyOS_double_to_string(
            x,
            code as c_char,
            precision as c_int,
            flags,
            std::ptr::null_mut(),
        ));
        if text.0.is_null() {
            return Err(c::raised());
        }
        then(CStr::from_ptr(text.0).to_bytes())
    }
}

/// `repr(x)`: whole numbers without the detour.
#[inline]
fn shortest<T>(x: f64, then: impl FnOnce(&[u8]) -> R<T>) -> R<T> {
    let whole = x as i64;
    if whole as f64 == x && whole.unsigned_abs() < 1_000_000_000_000_000 && whole != 0 {
        let mut text = [0; 24];
        let mut digits = crate::int::Digits::decimal(whole.unsigned_abs());
        if whole < 0 {
            digits.put(b'-');
        }
        let n = digits.text().len();
        text[..n].copy_from_slice(digits.text());
        text[n..n + 2].copy_from_slice(b".0");
        return then(&text[..n + 2]);
    }
    digits(x, b'r', 0, ffi::Py_DTSF_ADD_DOT_0, then)
}

/// `str(x)`, `repr(x)`.
#[inline(always)]
pub fn to_str(_: Cx, x: f64) -> R<Str> {
    Str::arrived(made(x))
}

#[inline(never)]
extern "C" fn made(x: f64) -> R<Str> {
    shortest(x, str_::from_ascii)
}

/// Appends `str(x)`.
pub fn push_to(x: f64, out: &mut StrBuilder) -> R<()> {
    shortest(x, |text| out.push_ascii(text))
}

#[cfg(test)]
mod tests {
    use super::fixed;

    /// Rust's own formatting is exact as well, except that it need not round ties to even.
    #[test]
    fn fixed_is_rounded_correctly() {
        let mut seed = 1_u64;
        let mut seen = 0;
        for turn in 0..2_000_000_u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let places = (seed >> 7) % 16;
            let x = match turn % 3 {
                0 => f64::from_bits(seed),
                1 => (seed >> 11) as f64 / 10_f64.powi((seed % 23) as i32),
                _ => (seed >> 33) as f64 / 1000.0 * if seed & 1 == 0 { -1.0 } else { 1.0 },
            };
            let Some(found) = fixed(x, places as i64) else { continue };
            seen += 1;
            let expected = format!("{x:.*}", places as usize);
            assert_eq!(std::str::from_utf8(&found.text[found.start..]), Ok(&*expected), "{x:?} {places}");
        }
        assert!(seen > 500_000, "{seen}");
    }

    #[test]
    fn ties_go_to_even() {
        let ties = [(0.5, 0, "0"), (1.5, 0, "2"), (2.5, 0, "2"), (0.125, 2, "0.12"), (0.375, 2, "0.38")];
        let others =
            [(-0.0, 2, "-0.00"), (-0.001, 2, "-0.00"), (5e-324, 15, "0.000000000000000"), (0.0, 0, "0")];
        for (x, places, expected) in ties.into_iter().chain(others) {
            let found = fixed(x, places).expect("in range");
            assert_eq!(std::str::from_utf8(&found.text[found.start..]), Ok(expected));
        }
        assert!(fixed(1e15, 2).is_none() && fixed(f64::NAN, 2).is_none() && fixed(1e14, 6).is_none());
    }
}
