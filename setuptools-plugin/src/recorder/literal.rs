//! Samples of arguments as Python literals: what benchmarks, `pyrust verify` and `pyrust brief` work with.
//!
//! Exact values of builtin types only. Anything else (instances, functions, open files) has no literal, and then the call
//! has no sample. Two places that hold the same list become two equal lists.
//!
//! Floats are written as Python writes them, which brings back the same bits; NaN and the infinities as `float("nan")`.
//! It must not run code of the user: only exact types are looked into.

use std::fmt::Write;

use pyo3::Python;
use pyo3::ffi::{self, PyObject, PyTypeObject};

use super::frame;

/// Levels of containers.
const DEPTH: u32 = 40;

/// The middle of a long deque is far away.
const MOST_IN_DEQUE: usize = 20_000;

/// Why there is no literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Something that has none.
    Opaque,
    /// Longer than allowed.
    Long,
}

/// Writes literals, up to a length.
pub(super) struct Writer {
    text: String,
    limit: usize,
    deque: usize,
}

type Written = Result<(), Without>;

impl Writer {
    /// `deque` is the address of the class.
    pub(super) fn new(limit: usize, deque: usize) -> Self {
        Writer { text: String::new(), limit, deque }
    }

    /// The arguments of a call as a tuple.
    pub(super) fn arguments(
        mut self,
        py: Python<'_>,
        arguments: impl Iterator<Item = *mut PyObject>,
    ) -> Result<String, Without> {
        self.text.push('(');
        for argument in arguments {
            if argument.is_null() {
                return Err(Without::Opaque);
            }
            self.value(py, argument, DEPTH)?;
            self.text.push_str(", ");
        }
        if self.text.ends_with(", ") {
            self.text.pop();
        }
        self.text.push(')');
        Ok(self.text)
    }

    fn value(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> Written {
        if depth == 0 {
            return Err(Without::Opaque);
        }
        if self.text.len() > self.limit {
            return Err(Without::Long);
        }
        // SAFETY: `object` is a live object, and the GIL is held.
        let ty = unsafe { ffi::Py_TYPE(object) };
        let is = |builtin: *mut PyTypeObject| std::ptr::eq(ty, builtin);
        // SAFETY: each branch has checked the exact type; nothing runs that could change or free what is looked at.
        unsafe {
            if is(&raw mut ffi::PyLong_Type) {
                let mut overflow = 0;
                let value = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
                if overflow == 0 {
                    let _ = write!(self.text, "{value}");
                    return Ok(());
                }
                // Hexadecimal: the number of decimal digits that may be written is limited.
                return self.taken(ffi::PyNumber_ToBase(object, 16));
            }
            if is(&raw mut ffi::PyFloat_Type) {
                self.float(ffi::PyFloat_AS_DOUBLE(object));
                return Ok(());
            }
            if is(&raw mut ffi::PyUnicode_Type) {
                if ffi::PyUnicode_GET_LENGTH(object) as usize > self.limit {
                    return Err(Without::Long);
                }
                return self.taken(ffi::PyObject_ASCII(object));
            }
            if is(&raw mut ffi::PyBool_Type) {
                self.text.push_str(if object == ffi::Py_True() { "True" } else { "False" });
                return Ok(());
            }
            if object == ffi::Py_None() {
                self.text.push_str("None");
                return Ok(());
            }
            if is(&raw mut ffi::PyBytes_Type) {
                if ffi::PyBytes_Size(object) as usize > self.limit {
                    return Err(Without::Long);
                }
                return self.taken(ffi::PyObject_Repr(object));
            }
            if is(&raw mut ffi::PyByteArray_Type) {
                if ffi::PyByteArray_Size(object) as usize > self.limit {
                    return Err(Without::Long);
                }
                return self.taken(ffi::PyObject_Repr(object));
            }
            if is(&raw mut ffi::PyRange_Type) {
                // Its three members are exact ints.
                return self.taken(ffi::PyObject_Repr(object));
            }
            if is(&raw mut ffi::PyComplex_Type) {
                let (real, imaginary) =
                    (ffi::PyComplex_RealAsDouble(object), ffi::PyComplex_ImagAsDouble(object));
                self.text.push_str("complex(");
                self.float(real);
                self.text.push_str(", ");
                self.float(imaginary);
                self.text.push(')');
                return Ok(());
            }
            if is(&raw mut ffi::PyList_Type) {
                let length = ffi::PyList_GET_SIZE(object);
                return self.items(py, "[", "]", depth, length, |index| ffi::PyList_GET_ITEM(object, index));
            }
            if is(&raw mut ffi::PyTuple_Type) {
                let length = ffi::PyTuple_GET_SIZE(object);
                let close = if length == 1 { ",)" } else { ")" };
                return self
                    .items(py, "(", close, depth, length, |index| ffi::PyTuple_GET_ITEM(object, index));
            }
            if is(&raw mut ffi::PyDict_Type) {
                return self.dict(py, object, depth);
            }
            if is(&raw mut ffi::PySet_Type) {
                return self.set(py, object, depth, "set");
            }
            if is(&raw mut ffi::PyFrozenSet_Type) {
                return self.set(py, object, depth, "frozenset");
            }
        }
        if ty as usize == self.deque {
            return self.queue(py, object, depth);
        }
        Err(Without::Opaque)
    }

    /// A text that CPython has made.
    ///
    /// # Safety
    /// Null with an exception, or a new reference to an exact `str`.
    unsafe fn taken(&mut self, made: *mut PyObject) -> Written {
        if made.is_null() {
            // SAFETY: the GIL is held.
            unsafe { ffi::PyErr_Clear() };
            return Err(Without::Opaque);
        }
        let text = frame::text(made);
        // SAFETY: the reference is ours.
        unsafe { ffi::Py_DECREF(made) };
        self.text.push_str(&text.ok_or(Without::Opaque)?);
        Ok(())
    }

    fn float(&mut self, value: f64) {
        let _ = if value.is_nan() {
            write!(self.text, "float(\"nan\")")
        } else if value.is_infinite() {
            write!(self.text, "float(\"{}inf\")", if value < 0.0 { "-" } else { "" })
        } else {
            write!(self.text, "{value:?}")
        };
    }

    fn items(
        &mut self,
        py: Python<'_>,
        open: &str,
        close: &str,
        depth: u32,
        length: isize,
        item: impl Fn(isize) -> *mut PyObject,
    ) -> Written {
        self.text.push_str(open);
        for index in 0..length {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.value(py, item(index), depth - 1)?;
        }
        self.text.push_str(close);
        Ok(())
    }

    fn dict(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> Written {
        let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        self.text.push('{');
        let mut first = true;
        // SAFETY: an exact dict that nothing changes meanwhile; key and value are borrowed from it.
        while unsafe { ffi::PyDict_Next(object, &raw mut position, &raw mut key, &raw mut value) } != 0 {
            if !std::mem::take(&mut first) {
                self.text.push_str(", ");
            }
            self.value(py, key, depth - 1)?;
            self.text.push_str(": ");
            self.value(py, value, depth - 1)?;
        }
        self.text.push('}');
        Ok(())
    }

    /// The order of a set that is made from it may be another one: that is for the reader to accept.
    fn set(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32, class: &str) -> Written {
        self.text.push_str(class);
        self.text.push_str("([");
        let (mut position, mut first) = (0, true);
        while let Some(element) = frame::set_next(object, &mut position) {
            if !std::mem::take(&mut first) {
                self.text.push_str(", ");
            }
            self.value(py, element, depth - 1)?;
        }
        self.text.push_str("])");
        Ok(())
    }

    fn queue(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> Written {
        // SAFETY: a live object; the size of an exact deque is a field.
        let length = unsafe { ffi::PySequence_Size(object) }.max(0);
        if length as usize > MOST_IN_DEQUE {
            return Err(Without::Long);
        }
        self.text.push_str("deque([");
        for index in 0..length {
            if index > 0 {
                self.text.push_str(", ");
            }
            // SAFETY: the index is within the size; the deque holds another reference, so nothing is freed below.
            unsafe {
                let element = ffi::PySequence_GetItem(object, index);
                if element.is_null() {
                    ffi::PyErr_Clear();
                    return Err(Without::Opaque);
                }
                ffi::Py_DECREF(element);
                self.value(py, element, depth - 1)?;
            }
        }
        // SAFETY: the attribute of an exact deque is a field: an int or None.
        let bound = unsafe { ffi::PyObject_GetAttrString(object, c"maxlen".as_ptr()) };
        if bound.is_null() {
            // SAFETY: the GIL is held.
            unsafe { ffi::PyErr_Clear() };
            return Err(Without::Opaque);
        }
        self.text.push_str("], ");
        let written = self.value(py, bound, depth - 1);
        // SAFETY: the reference is ours.
        unsafe { ffi::Py_DECREF(bound) };
        self.text.push(')');
        written
    }
}
