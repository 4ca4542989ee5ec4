//! `strftime` of dates, and what they look like in a format. CPython hands both on to `time.strftime`, after it has done
//! `%f`, `%z` and `%Z` itself; the compiler guards `time.strftime`, and nothing is imported here.

use pyo3_ffi as ffi;

use super::classes::{Date, DateTime};
use super::{Call, Foreign, ForeignClass};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary};
use crate::calendar;
use crate::stop::{Bail, R, bail};
use crate::str_::{from_ascii, view};
use crate::strs::Str;
use crate::txn::Cx;

/// A class that has a date.
pub trait Dated: ForeignClass {
    /// And a time of the day.
    const TIMED: bool;
}

impl Dated for Date {
    const TIMED: bool = false;
}

impl Dated for DateTime {
    const TIMED: bool = true;
}

/// `when.strftime(format)`, which is `format(when, format)` where that is not empty.
pub fn strftime<C: Dated>(cx: Cx, when: Foreign<C>, format: &Str) -> R<Str> {
    static STRFTIME: Call = Call::function(c"time", c"strftime");
    let object = when.as_ptr();
    // SAFETY: an exact `date` or `datetime`, whose data starts alike.
    let (data, zoned) = unsafe {
        let date = (*object.cast::<ffi::PyDateTime_Date>()).data;
        let mut data = [0; 10];
        data[..4].copy_from_slice(&date);
        let mut zoned = false;
        if C::TIMED {
            let this = object.cast::<ffi::PyDateTime_DateTime>();
            data = (*this).data;
            zoned = (*this).hastzinfo != 0;
        }
        (data, zoned)
    };
    let number = |at: usize| i64::from(data[at]);
    let (year, month, day) = (number(0) << 8 | number(1), number(2), number(3));
    // Summer time is asked of the zone; short years have different texts on different systems.
    if zoned || year < 1000 {
        return bail(Bail::Unsupported);
    }
    let micro = number(7) << 16 | number(8) << 8 | number(9);
    let format = complete(format, micro)?;
    let (weekday, yday) = (calendar::weekday(year, month, day)?, calendar::day_of_year(year, month, day));
    let fields = [year, month, day, number(4), number(5), number(6), weekday, yday, -1];
    cx.before_tracked();
    // SAFETY: every slot of the new tuple gets a reference before anyone sees it.
    let tuple = unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(9))?);
        for (at, field) in fields.into_iter().enumerate() {
            let field = Temporary::int(field)?;
            ffi::PyTuple_SET_ITEM(tuple.ptr(), at as ffi::Py_ssize_t, field.ptr());
            core::mem::forget(field);
        }
        tuple
    };
    STRFTIME.run(cx, [format.boxed()?, Boxed(tuple)])
}

/// `format(when, format)`; without a format it is `str(when)`, which is left to Python.
pub fn formatted<C: Dated>(cx: Cx, when: Foreign<C>, format: &Str) -> R<Str> {
    if format.is_empty() { bail(Bail::Unsupported) } else { strftime(cx, when, format) }
}

/// The format with what `datetime` does itself, where there is no time zone.
fn complete(format: &Str, micro: i64) -> R<Str> {
    let Some(text) = view(format).ascii() else { return bail(Bail::Unsupported) };
    if text.contains(&0) || text.len() > 1000 {
        return bail(Bail::Unsupported);
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'f') => out.extend_from_slice(format!("{micro:06}").as_bytes()),
            // No zone, no text.
            Some(b'z' | b'Z') => {}
            // `%:z` differs between versions.
            Some(b':') | None => return bail(Bail::Unsupported),
            Some(other) => out.extend_from_slice(&[b'%', other]),
        }
    }
    if out == text { Ok(format.clone()) } else { from_ascii(&out) }
}
