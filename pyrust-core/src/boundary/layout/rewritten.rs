//! Numbers that become others where they are, and back again.

use pyo3_ffi::PyObject;

use super::{field, float_value, int_size, int_tag, int_value, is_float, is_int, row, set_float_value};

/// Can an exact `int` become that number where it is: has it the digits, and has CPython no object of its own for it?
/// Gives what it is now.
///
/// # Safety
/// `object` is an exact `int`.
#[inline(always)]
pub unsafe fn int_before(object: *mut PyObject, value: i64) -> Option<i64> {
    const DIGIT: u32 = row("LONG_SHIFT") as u32;
    // SAFETY: By the caller.
    unsafe {
        // -5 to 256 are kept for good.
        if value.wrapping_add(5) as u64 <= 261 {
            return None;
        }
        let (one_digit, sign) = int_tag(object);
        let size = value.unsigned_abs();
        if one_digit {
            let now = sign * i64::from(*field::<u32>(object, const { row("LONG_DIGITS") }));
            return (sign != 0 && size >> DIGIT == 0).then_some(now);
        }
        match int_size(object) {
            (2, _) if size >> (2 * DIGIT) == 0 => int_value(object),
            _ => None,
        }
    }
}

/// Overwrites an exact `int` that nobody else can see.
///
/// # Safety
/// `object` is an exact `int`, referenced once, which has had at least the digits of the value; those are one or two.
#[inline(always)]
pub unsafe fn set_int_value(object: *mut PyObject, value: i64) {
    const DIGIT: u32 = row("LONG_SHIFT") as u32;
    // SAFETY: By the caller; the second digit is there if it is not zero.
    unsafe {
        let digits = field::<u32>(object, const { row("LONG_DIGITS") });
        let size = value.unsigned_abs();
        // Most numbers have one digit, and keep it.
        const ONE: i64 = if cfg!(Py_3_12) { 1 << 3 } else { 1 };
        if *field::<i64>(object, const { row("LONG_TAG") }) == ONE && value > 0 && size >> DIGIT == 0 {
            *digits = size as u32;
            return;
        }
        *digits = (size & ((1 << DIGIT) - 1)) as u32;
        let mut count = i64::from(size != 0);
        if size >> DIGIT != 0 {
            *digits.add(1) = (size >> DIGIT) as u32;
            count = 2;
        }
        let tag = field::<i64>(object, const { row("LONG_TAG") });
        if cfg!(Py_3_12) {
            // The sign is 0 for more, 1 for zero, 2 for less.
            *tag = count << 3 | (1 - value.signum());
        } else {
            *tag = count * value.signum();
        }
    }
}

/// What a number that was rewritten is now, for [`set_bits`]; 0 for other objects.
///
/// # Safety
/// `object` is alive.
pub unsafe fn bits_of(object: *mut PyObject) -> u64 {
    // SAFETY: By the caller.
    unsafe {
        if is_float(object) {
            return float_value(object).to_bits();
        }
        if is_int(object) { int_value(object).unwrap_or_default() as u64 } else { 0 }
    }
}

/// Gives a number that was rewritten what it was before.
///
/// # Safety
/// `object` is a `float`, or an `int` that has had the value; nobody else sees it.
#[inline]
pub unsafe fn set_bits(object: *mut PyObject, bits: u64) {
    // SAFETY: By the caller.
    unsafe {
        match is_float(object) {
            true => set_float_value(object, f64::from_bits(bits)),
            false => set_int_value(object, bits as i64),
        }
    }
}
