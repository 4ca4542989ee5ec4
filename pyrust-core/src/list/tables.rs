//! Small tables of Python's that one place of the text goes through again and again, such as the steps to the neighbours
//! of a field: what was read from an object is known as long as that object stands in its place.

use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, replace};
use core::ptr;

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyObject};

use super::PList;
use crate::boundary::layout;
use crate::py::FromPy;
use crate::stop::R;
use crate::tuple::PTuple;
use crate::txn::Cx;

/// What stands behind these is read each time.
const MOST: usize = 32;

/// A list or tuple of Python's.
pub trait Table<T> {
    /// Where its elements stand, and how many.
    fn elements(&self) -> (*const *mut PyObject, usize);
}

impl<T> Table<T> for PList<T> {
    #[inline(always)]
    fn elements(&self) -> (*const *mut PyObject, usize) {
        // SAFETY: An exact list, which the transaction keeps alive.
        unsafe { (layout::list_items(self.as_ptr()), layout::var_size(self.as_ptr())) }
    }
}

impl<T> Table<T> for PTuple<T> {
    #[inline(always)]
    fn elements(&self) -> (*const *mut PyObject, usize) {
        // SAFETY: An exact tuple, which the transaction keeps alive.
        unsafe { (layout::tuple_items(self.as_ptr()), layout::var_size(self.as_ptr())) }
    }
}

/// The place of the text. `T`: a number, or a tuple of numbers: an object that is read as one is exactly of that class,
/// and never changes.
pub struct Known<T> {
    seen: UnsafeCell<Seen<T>>,
}

struct Seen<T> {
    /// Strong references, or null.
    objects: [*mut PyObject; MOST],
    /// What was read from them.
    values: [MaybeUninit<T>; MOST],
}

// SAFETY: Whoever reads objects of Python's holds the GIL.
unsafe impl<T> Sync for Known<T> {}

impl<T> Known<T> {
    pub const fn new() -> Self {
        let (objects, values) = ([ptr::null_mut(); MOST], [const { MaybeUninit::uninit() }; MOST]);
        Known { seen: UnsafeCell::new(Seen { objects, values }) }
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known::new()
    }
}

/// The next element of `for x in table`.
#[inline(always)]
pub fn next_known<T: FromPy + Copy>(
    cx: Cx,
    known: &'static Known<T>,
    table: &impl Table<T>,
    at: &mut i64,
) -> R<Option<T>> {
    let (place, (elements, count)) = (*at as usize, table.elements());
    if place >= count {
        return Ok(None);
    }
    *at += 1;
    // SAFETY: Below the count. With the GIL held nobody else is at what is known, and nothing keeps a reference to it.
    unsafe {
        let object = *elements.add(place);
        if place >= MOST {
            return T::from_py(cx, object).map(Some);
        }
        let seen = &*known.seen.get();
        if ptr::eq(seen.objects[place], object) {
            return Ok(Some(seen.values[place].assume_init()));
        }
        read(cx, known, object, place).map(Some)
    }
}

/// Reads an element, and knows it from now on.
///
/// # Safety
/// The object is alive, the GIL held, and `place` below [`MOST`].
#[cold]
#[inline(never)]
unsafe fn read<T: FromPy + Copy>(
    cx: Cx,
    known: &'static Known<T>,
    object: *mut PyObject,
    place: usize,
) -> R<T> {
    // SAFETY: By the caller. What is let go is a number or a tuple of numbers: nothing runs when it dies.
    unsafe {
        let value = T::from_py(cx, object)?;
        let seen = &mut *known.seen.get();
        seen.values[place].write(value);
        Py_INCREF(object);
        let before = replace(&mut seen.objects[place], object);
        if !before.is_null() {
            Py_DECREF(before);
        }
        Ok(value)
    }
}
