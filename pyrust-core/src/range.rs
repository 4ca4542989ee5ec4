//! `range`, and the arithmetic of slices.

use core::ptr::null_mut;

use pyo3_ffi::{
    Py_DECREF, PyLong_FromLongLong, PyObject, PyObject_CallFunctionObjArgs, PyObject_GetAttrString,
    PyRange_Type,
};

use crate::boundary::layout;
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::{Cx, no_memory};

/// A `range` of 64-bit bounds.  One that came in goes out as the same object.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub start: i64,
    pub stop: i64,
    /// Never zero.
    pub step: i64,
    object: *mut PyObject,
}

/// Elements of `range(start, stop, step)`.
#[inline(always)]
pub fn count(start: i64, stop: i64, step: i64) -> u64 {
    if step > 0 && start < stop {
        (stop.wrapping_sub(start) as u64 - 1) / step as u64 + 1
    } else if step < 0 && stop < start {
        (start.wrapping_sub(stop) as u64 - 1) / step.unsigned_abs() + 1
    } else {
        0
    }
}

impl Range {
    /// How many elements.
    #[inline(always)]
    pub fn count(self) -> u64 {
        count(self.start, self.stop, self.step)
    }

    /// Element `index < count`.
    #[inline(always)]
    fn element(self, index: u64) -> i64 {
        self.start.wrapping_add((index as i64).wrapping_mul(self.step))
    }

    /// Where `x` stands.
    #[inline]
    fn find(self, x: i64) -> Option<u64> {
        let inside =
            if self.step > 0 { self.start <= x && x < self.stop } else { self.stop < x && x <= self.start };
        if !inside {
            return None;
        }
        let distance =
            if self.step > 0 { x.wrapping_sub(self.start) } else { self.start.wrapping_sub(x) } as u64;
        let step = self.step.unsigned_abs();
        distance.is_multiple_of(step).then(|| distance / step)
    }
}

/// Where a range has its start, stop and step, as its type says; empty if it does not say so.
fn members() -> &'static [usize] {
    static MEMBERS: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    MEMBERS.get_or_init(|| {
        let offset = |name: &core::ffi::CStr| {
            // SAFETY: the members of a static type are a table that ends with an empty name, and live for good.
            unsafe {
                let mut member = PyRange_Type.tp_members;
                while !member.is_null() && !(*member).name.is_null() {
                    let object = (*member).type_code == pyo3_ffi::Py_T_OBJECT_EX;
                    if object && core::ffi::CStr::from_ptr((*member).name) == name {
                        return usize::try_from((*member).offset).ok();
                    }
                    member = member.add(1);
                }
                None
            }
        };
        [c"start", c"stop", c"step"].into_iter().map(offset).collect::<Option<Vec<_>>>().unwrap_or_default()
    })
}

impl FromPy for Range {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Range> {
        // SAFETY: By the caller; the attributes of a range are plain members.
        unsafe {
            if !layout::is_exact(object, &raw mut PyRange_Type) {
                return bail(Bail::Type);
            }
            let members = members();
            let read = |name: &core::ffi::CStr, member: usize| {
                if let Some(offset) = members.get(member) {
                    // A plain member: borrowed.
                    return i64::from_py(cx, *object.cast::<u8>().add(*offset).cast::<*mut PyObject>());
                }
                let value = PyObject_GetAttrString(object, name.as_ptr());
                if value.is_null() {
                    return no_memory();
                }
                let result = i64::from_py(cx, value);
                Py_DECREF(value);
                result
            };
            let (start, stop, step) = (read(c"start", 0)?, read(c"stop", 1)?, read(c"step", 2)?);
            Ok(Range { start, stop, step, object })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_exact(object, &raw mut PyRange_Type) }
    }
}

impl IntoPy for Range {
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The GIL is held; calling `range` with three ints runs no Python code.
        unsafe {
            if !self.object.is_null() {
                return Ok(again(self.object));
            }
            let mut bounds = [null_mut::<PyObject>(); 3];
            for (bound, value) in bounds.iter_mut().zip([self.start, self.stop, self.step]) {
                *bound = PyLong_FromLongLong(value);
            }
            let range = if bounds.iter().any(|bound| bound.is_null()) {
                null_mut()
            } else {
                let class = (&raw mut PyRange_Type).cast();
                PyObject_CallFunctionObjArgs(class, bounds[0], bounds[1], bounds[2], null_mut::<PyObject>())
            };
            for bound in bounds.into_iter().filter(|bound| !bound.is_null()) {
                Py_DECREF(bound);
            }
            fresh(range)
        }
    }
}

/// `range(stop)`.
#[inline(always)]
pub fn to(stop: i64) -> Range {
    Range { start: 0, stop, step: 1, object: null_mut() }
}

/// `range(start, stop)`.
#[inline(always)]
pub fn between(start: i64, stop: i64) -> Range {
    Range { start, stop, step: 1, object: null_mut() }
}

/// `range(start, stop, step)`.
#[inline(always)]
pub fn stepped(start: i64, stop: i64, step: i64) -> R<Range> {
    if step == 0 {
        return exc(Exc::ValueError);
    }
    Ok(Range { start, stop, step, object: null_mut() })
}

/// `len(r)`.
#[inline]
pub fn len(_: Cx, range: Range) -> R<i64> {
    match i64::try_from(range.count()) {
        Ok(len) => Ok(len),
        Err(_) => exc(Exc::OverflowError),
    }
}

/// `bool(r)`.
#[inline(always)]
pub fn truth(_: Cx, range: Range) -> bool {
    range.count() != 0
}

/// `r[i]`.
#[inline]
pub fn get(_: Cx, range: Range, index: i64) -> R<i64> {
    let count = range.count() as i128;
    let index = if index < 0 { i128::from(index) + count } else { i128::from(index) };
    if index < 0 || index >= count {
        return said(Said::RangeIndex);
    }
    Ok(range.element(index as u64))
}

/// The next element of `for x in r`; `at` counts from zero.
#[inline(always)]
pub fn next(_: Cx, range: Range, at: &mut i64) -> R<Option<i64>> {
    if *at as u64 >= range.count() {
        return Ok(None);
    }
    let element = range.element(*at as u64);
    *at += 1;
    Ok(Some(element))
}

/// `x in r`.
#[inline]
pub fn contains(_: Cx, range: Range, x: i64) -> bool {
    range.find(x).is_some()
}

/// `r.index(x)`.
#[inline]
pub fn index(_: Cx, range: Range, x: i64) -> R<i64> {
    match range.find(x) {
        Some(at) if at <= i64::MAX as u64 => Ok(at as i64),
        Some(_) => bail(Bail::Overflow),
        None => exc(Exc::ValueError),
    }
}

/// `r.count(x)`.
#[inline]
pub fn count_of(_: Cx, range: Range, x: i64) -> i64 {
    i64::from(range.find(x).is_some())
}

/// `r[start:stop:step]`.
pub fn slice(_: Cx, range: Range, start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> R<Range> {
    let Ok(count) = usize::try_from(range.count()) else { return bail(Bail::Overflow) };
    // A slice clips its step, which a range shows.
    if count > isize::MAX as usize || step == Some(i64::MIN) {
        return bail(Bail::Overflow);
    }
    let slice = Slice::new(start, stop, step, count)?;
    let bound = |at: i64| match at.checked_mul(range.step).and_then(|far| far.checked_add(range.start)) {
        Some(bound) => Ok(bound),
        None => bail(Bail::Overflow),
    };
    let Some(step) = range.step.checked_mul(slice.step) else { return bail(Bail::Overflow) };
    Ok(Range { start: bound(slice.start)?, stop: bound(slice.stop)?, step, object: null_mut() })
}

/// `a == b`: as sequences.
#[inline]
pub fn eq(_: Cx, a: Range, b: Range) -> bool {
    let count = a.count();
    count == b.count() && (count == 0 || (a.start == b.start && (count == 1 || a.step == b.step)))
}

/// `a != b`.
#[inline]
pub fn ne(cx: Cx, a: Range, b: Range) -> bool {
    !eq(cx, a, b)
}

/// `reversed(r)`, as a range.
#[inline]
pub fn reversed(_: Cx, range: Range) -> R<Range> {
    let count = range.count();
    if count == 0 {
        return Ok(Range { start: 0, stop: 0, step: 1, object: null_mut() });
    }
    let (Some(stop), Some(step)) = (range.start.checked_sub(range.step), range.step.checked_neg()) else {
        return bail(Bail::Overflow);
    };
    Ok(Range { start: range.element(count - 1), stop, step, object: null_mut() })
}

/// A slice, adjusted to a length as `PySlice_AdjustIndices` does.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    /// How many positions.
    pub count: usize,
}

impl Slice {
    /// A step of zero is a ValueError.
    #[inline]
    pub fn new(start: Option<i64>, stop: Option<i64>, step: Option<i64>, length: usize) -> R<Slice> {
        let step = step.unwrap_or(1).max(-i64::MAX);
        if step == 0 {
            return exc(Exc::ValueError);
        }
        let length = length as i64;
        let (lowest, highest) = if step < 0 { (-1, length - 1) } else { (0, length) };
        let adjust = |bound: i64| {
            if bound < 0 { (bound + length).max(lowest) } else { bound.min(highest) }
        };
        let start = start.map_or(if step < 0 { highest } else { lowest }, adjust);
        let stop = stop.map_or(if step < 0 { lowest } else { highest }, adjust);
        Ok(Slice { start, stop, step, count: count(start, stop, step) as usize })
    }

    /// The position of element `index < count`.
    #[inline(always)]
    pub fn position(&self, index: usize) -> usize {
        (self.start + index as i64 * self.step) as usize
    }
}

/// `r.start`.
pub fn start(r: Range) -> i64 {
    r.start
}

/// `r.stop`.
pub fn stop(r: Range) -> i64 {
    r.stop
}

/// `r.step`.
pub fn step(r: Range) -> i64 {
    r.step
}

#[cfg(test)]
mod tests {
    use super::{Slice, count};

    #[test]
    fn counts_like_range() {
        assert_eq!(count(0, 10, 3), 4);
        assert_eq!(count(10, 0, -3), 4);
        assert_eq!(count(i64::MIN, i64::MAX, 1), u64::MAX);
        assert_eq!(count(i64::MAX, i64::MIN, i64::MIN), 2);
        assert_eq!(count(5, 5, 1), 0);
        assert_eq!(count(0, 10, -1), 0);
    }

    #[test]
    fn adjusts_like_cpython() {
        let positions = |start, stop, step, length| {
            let slice = Slice::new(start, stop, step, length).unwrap();
            (0..slice.count).map(|i| slice.position(i)).collect::<Vec<_>>()
        };
        assert_eq!(positions(None, None, Some(-1), 3), [2, 1, 0]);
        assert_eq!(positions(Some(-2), None, None, 5), [3, 4]);
        assert_eq!(positions(Some(10), Some(-10), Some(-2), 5), [4, 2, 0]);
        assert_eq!(positions(Some(1), Some(100), Some(2), 5), [1, 3]);
        assert_eq!(positions(Some(i64::MIN), Some(i64::MAX), Some(i64::MAX), 2), [0]);
        assert_eq!(positions(Some(i64::MAX), Some(i64::MIN), Some(i64::MIN), 2), [1]);
        assert!(Slice::new(None, None, Some(0), 3).is_err());
    }
}
