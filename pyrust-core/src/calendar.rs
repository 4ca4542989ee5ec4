//! `calendar`: what its functions on plain numbers compute.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use crate::int;
use crate::stop::{Bail, R, bail};

/// The list `calendar.mdays`, which whoever likes may change.
pub static MONTHS: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());

/// What stands in it.
const DAYS: [i64; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// `calendar.monthrange(year, month)[1]`. A month that is none raises an exception of that module's own.
pub fn days(year: i64, month: i64) -> R<i64> {
    let Some(days) = usize::try_from(month).ok().filter(|m| *m > 0).and_then(|m| DAYS.get(m)) else {
        return bail(Bail::Unsupported);
    };
    if !is_as_ever(MONTHS.load(Relaxed), month as usize, *days) {
        return bail(Bail::Guard);
    }
    Ok(days + i64::from(month == 2 && isleap(year)))
}

/// `calendar.monthrange(year, month)`, of which the weekday is only a number.
pub fn monthrange(year: i64, month: i64) -> R<(i64, i64)> {
    // A month that is none raises first.
    let days = days(year, month)?;
    Ok((weekday(year, month, 1)?, days))
}

/// `calendar.weekday(year, month, day)` as a number. What is no date raises an exception that `datetime` words.
pub fn weekday(year: i64, month: i64, day: i64) -> R<i64> {
    let year = if (1..=9999).contains(&year) { year } else { 2000 + year.rem_euclid(400) };
    let month_days = usize::try_from(month).ok().filter(|m| *m > 0).and_then(|m| DAYS.get(m));
    let Some(last) = month_days.map(|days| days + i64::from(month == 2 && isleap(year))) else {
        return bail(Bail::Unsupported);
    };
    if !(1..=last).contains(&day) {
        return bail(Bail::Unsupported);
    }
    // The days before the year and before the month; the first of January of year 1 is a Monday.
    let before = year - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    Ok((years + day_of_year(year, month, day) - 1) % 7)
}

/// 1 for the first of January; the date is one.
pub(crate) fn day_of_year(year: i64, month: i64, day: i64) -> i64 {
    DAYS[1..month as usize].iter().sum::<i64>() + i64::from(month > 2 && isleap(year)) + day
}

/// Does the list say so?
fn is_as_ever(list: *mut PyObject, month: usize, days: i64) -> bool {
    // SAFETY: null, or a list that is never given up; its types are tested first, under the GIL.
    unsafe {
        if list.is_null() || PyList_Size(list) != DAYS.len() as Py_ssize_t {
            return false;
        }
        let item = PyList_GetItem(list, month as Py_ssize_t);
        let found = PyLong_CheckExact(item) != 0 && PyLong_AsLongLong(item) == days;
        PyErr_Clear();
        found
    }
}

/// `calendar.isleap(year)`.
#[inline]
pub fn isleap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// `calendar.leapdays(y1, y2)`: the leap years from `y1` up to `y2`, which is not counted.
#[inline]
pub fn leapdays(first: i64, end: i64) -> R<i64> {
    let before = |year: i64| -> R<i64> {
        let year = int::sub(year, 1)?;
        // None of these can leave 64 bits.
        Ok(year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400))
    };
    int::sub(before(end)?, before(first)?)
}
