//! Texts that are looked at and dropped again: none of them is an object. They are written one after the other into a `str`
//! that is there for that, and are parts of it; the compiler says which they are. One that is kept all the same becomes an
//! object of its own, as every part does.

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use pyo3_ffi::{Py_DECREF, Py_REFCNT, PyErr_Clear, PyObject, PyUnicode_New};

use crate::boundary::layout;
use crate::strs::Str;

/// Room for texts: with its head it is a small object for Python.
const ROOM: usize = 440;

/// Longer texts are objects.
const LONGEST: usize = 64;

/// Where texts are written, and how much of it is in use.
struct Passing(UnsafeCell<(Option<NonNull<PyObject>>, usize)>);

// SAFETY: Texts are made by native code that holds the GIL.
unsafe impl Sync for Passing {}

static PASSING: Passing = Passing(UnsafeCell::new((None, 0)));

/// The text as a part, if it is short, and no single code point, of which there is one object each.
#[inline]
pub(super) fn part(text: &[u8]) -> Option<Str> {
    debug_assert!(text.is_ascii());
    if !(2..=LONGEST).contains(&text.len()) {
        return None;
    }
    // SAFETY: The GIL is held, the borrow ends here, and nothing that is called runs code of the program's.
    let (object, used) = unsafe { &mut *PASSING.0.get() };
    // SAFETY: A `str` of ASCII with that much room, of which we have a reference. What parts have is not written again: all
    // of it is free when nobody else has a reference.
    unsafe {
        match *object {
            Some(known) if Py_REFCNT(known.as_ptr()) == 1 => *used = 0,
            Some(known) if ROOM - *used < text.len() => {
                *object = None;
                Py_DECREF(known.as_ptr());
            }
            _ => {}
        }
        let known = match *object {
            Some(known) => known,
            None => {
                let Some(made) = NonNull::new(PyUnicode_New(ROOM as isize, 127)) else {
                    PyErr_Clear();
                    return None;
                };
                // It is never read as a whole; yet it is text.
                layout::ascii_data(made).write_bytes(b' ', ROOM);
                (*object, *used) = (Some(made), 0);
                made
            }
        };
        let start = *used;
        layout::ascii_data(known).add(start).copy_from_nonoverlapping(NonNull::from(text).cast(), text.len());
        *used += text.len();
        Some(Str::part_of(known, start, text.len()))
    }
}
