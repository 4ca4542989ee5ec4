//! What dates, times and durations keep in themselves, read where it lies. Their classes are C's and cannot be changed,
//! so an attribute of one is that field.

use core::cmp::Ordering;

use pyo3_ffi::{PyDateTime_Date, PyDateTime_DateTime, PyDateTime_Delta, PyDateTime_Time, PyObject};

use super::classes::{Date, DateTime, Time, TimeDelta};
use super::{Dated, Foreign};
use crate::calendar;
use crate::stop::R;
use crate::str_::from_ascii;
use crate::strs::Str;
use crate::txn::Cx;

impl<C: Dated> Foreign<C> {
    /// Year (in two bytes), month, day: with or without a time they lie in the same place.
    #[inline(always)]
    fn date_bytes(self) -> [u8; 4] {
        // SAFETY: an exact `date` or `datetime`, which is alive and never changes.
        unsafe {
            if C::TIMED {
                let all = (*self.as_ptr().cast::<PyDateTime_DateTime>()).data;
                [all[0], all[1], all[2], all[3]]
            } else {
                (*self.as_ptr().cast::<PyDateTime_Date>()).data
            }
        }
    }

    /// Days since the first of January of year 1, which is day 1.
    fn ordinal(self) -> i64 {
        let before = year(self) - 1;
        let years = before * 365 + before / 4 - before / 100 + before / 400;
        years + calendar::day_of_year(year(self), month(self), day(self))
    }
}

/// `when.year`
#[inline(always)]
pub fn year<C: Dated>(when: Foreign<C>) -> i64 {
    let [high, low, ..] = when.date_bytes();
    i64::from(u16::from_be_bytes([high, low]))
}

/// `when.month`
#[inline(always)]
pub fn month<C: Dated>(when: Foreign<C>) -> i64 {
    i64::from(when.date_bytes()[2])
}

/// `when.day`
#[inline(always)]
pub fn day<C: Dated>(when: Foreign<C>) -> i64 {
    i64::from(when.date_bytes()[3])
}

/// `when.toordinal()`
pub fn toordinal<C: Dated>(when: Foreign<C>) -> i64 {
    when.ordinal()
}

/// `when.weekday()`
pub fn weekday<C: Dated>(when: Foreign<C>) -> i64 {
    (when.ordinal() + 6) % 7
}

/// `when.isoweekday()`
pub fn isoweekday<C: Dated>(when: Foreign<C>) -> i64 {
    weekday(when) + 1
}

/// `date.isoformat()`
pub fn date_isoformat(_: Cx, when: Foreign<Date>) -> R<Str> {
    let (year, month, day) = (year(when) as u32, month(when) as u32, day(when) as u32);
    let digit = |n: u32, unit: u32| b'0' + (n / unit % 10) as u8;
    let [y1, y2, y3, y4] = [1000, 100, 10, 1].map(|unit| digit(year, unit));
    let [m1, m2, d1, d2] = [digit(month, 10), digit(month, 1), digit(day, 10), digit(day, 1)];
    from_ascii(&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// A class that has a time of the day.
pub trait Timed: super::ForeignClass {
    /// Hour, minute, second, microseconds in three bytes.
    ///
    /// # Safety
    /// An exact instance, which is alive.
    unsafe fn time_bytes(object: *mut PyObject) -> [u8; 6];

    /// `fold`.
    ///
    /// # Safety
    /// An exact instance, which is alive.
    unsafe fn fold(object: *mut PyObject) -> u8;
}

impl Timed for DateTime {
    #[inline(always)]
    unsafe fn time_bytes(object: *mut PyObject) -> [u8; 6] {
        // SAFETY: by the caller.
        let [.., a, b, c, d, e, f] = unsafe { (*object.cast::<PyDateTime_DateTime>()).data };
        [a, b, c, d, e, f]
    }

    #[inline(always)]
    unsafe fn fold(object: *mut PyObject) -> u8 {
        // SAFETY: by the caller.
        unsafe { (*object.cast::<PyDateTime_DateTime>()).fold }
    }
}

impl Timed for Time {
    #[inline(always)]
    unsafe fn time_bytes(object: *mut PyObject) -> [u8; 6] {
        // SAFETY: by the caller.
        unsafe { (*object.cast::<PyDateTime_Time>()).data }
    }

    #[inline(always)]
    unsafe fn fold(object: *mut PyObject) -> u8 {
        // SAFETY: by the caller.
        unsafe { (*object.cast::<PyDateTime_Time>()).fold }
    }
}

#[inline(always)]
fn time_bytes<C: Timed>(when: Foreign<C>) -> [u8; 6] {
    // SAFETY: an exact instance, which the transaction keeps.
    unsafe { C::time_bytes(when.as_ptr()) }
}

/// `when.hour`
#[inline(always)]
pub fn hour<C: Timed>(when: Foreign<C>) -> i64 {
    i64::from(time_bytes(when)[0])
}

/// `when.minute`
#[inline(always)]
pub fn minute<C: Timed>(when: Foreign<C>) -> i64 {
    i64::from(time_bytes(when)[1])
}

/// `when.second`
#[inline(always)]
pub fn second<C: Timed>(when: Foreign<C>) -> i64 {
    i64::from(time_bytes(when)[2])
}

/// `when.microsecond`
#[inline(always)]
pub fn microsecond<C: Timed>(when: Foreign<C>) -> i64 {
    let [.., high, middle, low] = time_bytes(when);
    i64::from(u32::from_be_bytes([0, high, middle, low]))
}

/// `when.fold`
#[inline(always)]
pub fn fold<C: Timed>(when: Foreign<C>) -> i64 {
    // SAFETY: an exact instance, which the transaction keeps.
    i64::from(unsafe { C::fold(when.as_ptr()) })
}

#[inline(always)]
fn parts(duration: Foreign<TimeDelta>) -> [i32; 3] {
    // SAFETY: an exact `timedelta`, which the transaction keeps.
    unsafe {
        let this = duration.as_ptr().cast::<PyDateTime_Delta>();
        [(*this).days, (*this).seconds, (*this).microseconds]
    }
}

/// `duration.days`
#[inline(always)]
pub fn days(duration: Foreign<TimeDelta>) -> i64 {
    i64::from(parts(duration)[0])
}

/// `duration.seconds`
#[inline(always)]
pub fn seconds(duration: Foreign<TimeDelta>) -> i64 {
    i64::from(parts(duration)[1])
}

/// `duration.microseconds`
#[inline(always)]
pub fn microseconds(duration: Foreign<TimeDelta>) -> i64 {
    i64::from(parts(duration)[2])
}

/// How two dates compare.
///
/// # Safety
/// Exact instances, which are alive.
pub(super) unsafe fn dates(a: *mut PyObject, b: *mut PyObject) -> Option<Ordering> {
    // SAFETY: by the caller.
    let [a, b] = [a, b].map(|date| unsafe { (*date.cast::<PyDateTime_Date>()).data });
    Some(a.cmp(&b))
}

/// How two dates with times compare, if neither has a time zone.
///
/// # Safety
/// Exact instances, which are alive.
pub(super) unsafe fn datetimes(a: *mut PyObject, b: *mut PyObject) -> Option<Ordering> {
    // SAFETY: by the caller.
    let [a, b] = [a, b].map(|when| unsafe {
        let this = when.cast::<PyDateTime_DateTime>();
        ((*this).hastzinfo == 0).then_some((*this).data)
    });
    Some(a?.cmp(&b?))
}

/// How two durations compare.
///
/// # Safety
/// Exact instances, which are alive.
pub(super) unsafe fn durations(a: *mut PyObject, b: *mut PyObject) -> Option<Ordering> {
    // SAFETY: by the caller.
    let [a, b] = [a, b].map(|duration| unsafe {
        let this = duration.cast::<PyDateTime_Delta>();
        ((*this).days, (*this).seconds, (*this).microseconds)
    });
    Some(a.cmp(&b))
}
