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

/// CPython's formatting of doubles: shortest (`r`) or with a precision, always correctly rounded.
pub(crate) fn digits<T>(
    x: f64,
    code: u8,
    precision: i64,
    flags: c_int,
    then: impl FnOnce(&[u8]) -> R<T>,
) -> R<T> {
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
