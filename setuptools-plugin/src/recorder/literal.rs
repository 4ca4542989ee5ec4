//! Samples of arguments as Python literals: what benchmarks, `pyrust verify` and `pyrust brief` work with.
//!
//! Exact values of builtin types, NumPy's arrays of numbers (`array("float64", (2, 3), (24, 8), True, "<base64>")`: shape, strides,
//! whether it may be written, and the elements in the order of their indices), those of `array` (`packed("d", "<base64>")`), and, where they are wanted, instances of plain classes
//! (`instance("kit:Account", {"balance": 3})`), named tuples (`named("kit:Point", (1, 2))`) and members of enumerations.
//! Anything else (functions, open files) has no literal, and then the call has no sample. Two places that hold the same list become two
//! equal lists.
//!
//! Floats are written as Python writes them, which brings back the same bits; NaN and the infinities as `float("nan")`.
//! It must not run code of the user: only exact types are looked into.

use std::fmt::Write;

use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::frame;
use super::instance::{each_attribute, is_identifier, is_plain, undisturbed};

/// Levels of containers.
const DEPTH: u32 = 40;

/// The middle of a long deque is far away.
const MOST_IN_DEQUE: usize = 20_000;

/// What elements of arrays may be: what lies in memory as the machine has it.
const ELEMENTS: [&str; 14] = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
];

/// Why there is no literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Something that has none.
    Opaque,
    /// Longer than allowed.
    Long,
}

/// What tells a class that a `class` statement has made.
#[derive(Clone, Copy)]
pub(super) struct Classes<'a> {
    /// `tp_dealloc` of all of them: what C makes has another one.
    pub(super) dealloc: usize,
    /// What `__main__` is called when it is a file of the project.
    pub(super) main: Option<&'a str>,
}

/// Writes literals, up to a length.
pub(super) struct Writer<'a> {
    text: String,
    limit: usize,
    deque: usize,
    classes: Option<Classes<'a>>,
    instances: bool,
}

type Written = Result<(), Without>;

impl<'a> Writer<'a> {
    /// `deque` is the address of the class; without `classes` instances have no literal.
    pub(super) fn new(limit: usize, deque: usize, classes: Option<Classes<'a>>) -> Self {
        Writer { text: String::new(), limit, deque, classes, instances: false }
    }

    /// The arguments of a call as a tuple, and whether instances are among them.
    pub(super) fn arguments(
        mut self,
        py: Python<'_>,
        arguments: impl Iterator<Item = *mut PyObject>,
    ) -> Result<(String, bool), Without> {
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
        Ok((self.text, self.instances))
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
        if frame::is_ndarray(ty) {
            let array = undisturbed(|| {
                // SAFETY: a live object.
                let array = unsafe { Bound::from_borrowed_ptr(py, object) };
                self.array(&array)
            });
            return array.unwrap_or(Err(Without::Opaque));
        }
        if frame::is_array(ty) {
            let packed = undisturbed(|| {
                // SAFETY: a live object.
                let array = unsafe { Bound::from_borrowed_ptr(py, object) };
                self.packed(&array)
            });
            return packed.unwrap_or(Err(Without::Opaque));
        }
        match self.classes {
            Some(classes) => self.instance(py, object, classes, depth),
            None => Err(Without::Opaque),
        }
    }

    /// An array that is exactly NumPy's, whose attributes are C code. A `PyErr` is no sample, too.
    fn array(&mut self, array: &Bound<'_, PyAny>) -> PyResult<Written> {
        let dtype = array.getattr("dtype")?;
        let name = dtype.getattr("name")?.extract::<String>()?;
        if !ELEMENTS.contains(&name.as_str()) || !dtype.getattr("isnative")?.extract::<bool>()? {
            return Ok(Err(Without::Opaque));
        }
        // Four characters for three bytes.
        if self.text.len() + array.getattr("nbytes")?.extract::<usize>()? / 3 * 4 > self.limit {
            return Ok(Err(Without::Long));
        }
        let shape: Vec<isize> = array.getattr("shape")?.extract()?;
        let strides: Vec<isize> = array.getattr("strides")?.extract()?;
        let writeable: bool = array.getattr("flags")?.getattr("writeable")?.extract()?;
        let bytes = array.call_method0("tobytes")?.cast_into::<PyBytes>()?;
        let _ = write!(self.text, "array(\"{name}\", ");
        self.numbers(&shape);
        self.numbers(&strides);
        self.text.push_str(if writeable { "True, \"" } else { "False, \"" });
        base64(&mut self.text, bytes.as_bytes());
        self.text.push_str("\")");
        Ok(Ok(()))
    }

    /// An `array.array`, whose attributes are C code.
    fn packed(&mut self, array: &Bound<'_, PyAny>) -> PyResult<Written> {
        let code = array.getattr("typecode")?.extract::<char>()?;
        let size = array.getattr("itemsize")?.extract::<usize>()? * array.len()?;
        if matches!(code, 'u' | 'w') {
            return Ok(Err(Without::Opaque));
        }
        if self.text.len() + size / 3 * 4 > self.limit {
            return Ok(Err(Without::Long));
        }
        let bytes = array.call_method0("tobytes")?.cast_into::<PyBytes>()?;
        let _ = write!(self.text, "packed(\"{code}\", \"");
        base64(&mut self.text, bytes.as_bytes());
        self.text.push_str("\")");
        Ok(Ok(()))
    }

    /// A tuple, and what separates it from what follows.
    fn numbers(&mut self, numbers: &[isize]) {
        let texts: Vec<String> = numbers.iter().map(isize::to_string).collect();
        let end = if numbers.len() == 1 { "," } else { "" };
        let _ = write!(self.text, "({}{end}), ", texts.join(", "));
    }

    /// An instance whose state is all in its dict and its slots: its class, and what those hold.
    fn instance(
        &mut self,
        py: Python<'_>,
        object: *mut PyObject,
        classes: Classes<'_>,
        depth: u32,
    ) -> Written {
        // SAFETY: a live object has a type.
        let ty = unsafe { ffi::Py_TYPE(object) };
        let member = is_enumeration(ty);
        let named = is_tuple_alone(ty);
        if !member && !named && !is_plain(ty, classes.dealloc) {
            return Err(Without::Opaque);
        }
        let (module, qualname) = frame::type_name(ty).ok_or(Without::Opaque)?;
        let module = if module == "__main__" { classes.main.ok_or(Without::Opaque)? } else { &module };
        let dotted = |name: &str| name.split('.').all(is_identifier);
        if !dotted(module) || !dotted(&qualname) {
            return Err(Without::Opaque);
        }
        self.instances = true;
        if member {
            let name = member_name(object).filter(|name| is_identifier(name)).ok_or(Without::Opaque)?;
            let _ = write!(self.text, "member(\"{module}:{qualname}\", \"{name}\")");
            return Ok(());
        }
        if named {
            let _ = write!(self.text, "named(\"{module}:{qualname}\", ");
            // SAFETY: an instance of a class below `tuple`.
            let length = unsafe { ffi::PyTuple_GET_SIZE(object) };
            // SAFETY: as above, and an index within its size.
            let item = |index| unsafe { ffi::PyTuple_GET_ITEM(object, index) };
            self.items(py, "(", if length == 1 { ",))" } else { "))" }, depth, length, item)?;
            return Ok(());
        }
        let _ = write!(self.text, "instance(\"{module}:{qualname}\", {{");
        self.attributes(py, object, ty, depth)?;
        self.text.push_str("})");
        Ok(())
    }

    fn attributes(
        &mut self,
        py: Python<'_>,
        object: *mut PyObject,
        ty: *mut PyTypeObject,
        depth: u32,
    ) -> Written {
        let mut written = Ok(());
        let whole = each_attribute(object, ty, |name, value| {
            written = self.attribute(py, name, value, depth);
            written.is_ok()
        });
        if whole { written } else { Err(Without::Opaque) }
    }

    fn attribute(
        &mut self,
        py: Python<'_>,
        name: *mut PyObject,
        value: *mut PyObject,
        depth: u32,
    ) -> Written {
        let name = frame::text(name).filter(|name| is_identifier(name)).ok_or(Without::Opaque)?;
        if !self.text.ends_with('{') {
            self.text.push_str(", ");
        }
        let _ = write!(self.text, "\"{name}\": ");
        self.value(py, value, depth - 1)
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

fn base64(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.reserve(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            text.push(if digit > three.len() {
                '='
            } else {
                DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char
            });
        }
    }
}

/// A class of a `class` statement below `tuple`, as named tuples are, whose instances hold nothing but their items.
fn is_tuple_alone(ty: *mut PyTypeObject) -> bool {
    // SAFETY: the type of a live object.
    unsafe {
        ffi::PyType_FastSubclass(ty, ffi::Py_TPFLAGS_TUPLE_SUBCLASS) != 0
            && ffi::PyType_GetFlags(ty) & ffi::Py_TPFLAGS_HEAPTYPE != 0
            && (*ty).tp_dictoffset == 0
            && (*ty).tp_finalize.is_none()
    }
}

fn is_enumeration(ty: *mut PyTypeObject) -> bool {
    // SAFETY: the type of a live object has a type.
    let meta = unsafe { ffi::Py_TYPE(ty.cast()) };
    frame::type_name(meta).is_some_and(|(module, name)| module == "enum" && name == "EnumType")
}

/// What a member of an enumeration is called: it stands in its dict.
fn member_name(object: *mut PyObject) -> Option<String> {
    // SAFETY: a live object; its dict was made with it, and the name in it is borrowed until the text is copied.
    unsafe {
        let dict = ffi::PyObject_GenericGetDict(object, std::ptr::null_mut());
        if dict.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let name = frame::text(ffi::PyDict_GetItemString(dict, c"_name_".as_ptr()));
        ffi::Py_DECREF(dict);
        name
    }
}
