//! The safe face of `frame.c`: interpreter frames, code objects and names.
//!
//! Pointers from here are borrowed and good only while the frame that they came from runs.

use std::ffi::c_int;

use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::prelude::*;
use pyo3::types::PyFrame;

#[repr(C)]
pub(super) struct Frame {
    pub(super) code: *mut PyObject,
    pub(super) globals: *mut PyObject,
    locals: *mut *mut PyObject,
    pub(super) frame: usize,
    pub(super) thread: usize,
}

#[repr(C)]
struct RawCode {
    arguments: c_int,
    keyword_only: c_int,
    flags: c_int,
    filename: *mut PyObject,
    qualname: *mut PyObject,
}

unsafe extern "C" {
    fn pyrust_frame_now(out: *mut Frame) -> c_int;
    fn pyrust_frame_of(object: *mut PyObject, out: *mut Frame) -> c_int;
    fn pyrust_frame_argument(frame: *const Frame, index: c_int) -> *mut PyObject;
    fn pyrust_code_facts(code: *mut PyObject, out: *mut RawCode);
    fn pyrust_mark_start() -> c_int;
    fn pyrust_mark_get(code: *mut PyObject) -> usize;
    fn pyrust_mark_set(code: *mut PyObject, mark: usize);
    fn pyrust_type_name(
        ty: *mut PyTypeObject,
        module: *mut *mut PyObject,
        qualname: *mut *mut PyObject,
    ) -> c_int;
    fn pyrust_function_name(
        function: *mut PyObject,
        module: *mut *mut PyObject,
        qualname: *mut *mut PyObject,
    ) -> c_int;
    fn pyrust_set_next(set: *mut PyObject, position: *mut ffi::Py_ssize_t) -> *mut PyObject;
    fn pyrust_evaluated() -> u64;
    fn pyrust_foreign_mark(mark: usize);
    fn pyrust_evaluate(on: c_int) -> c_int;
    fn pyrust_pace(number: c_int, seconds: f64) -> c_int;
    fn pyrust_noted(code: *mut usize, seconds: *mut f64) -> c_int;
}

impl Frame {
    /// The frame that runs now. The caller holds the GIL.
    pub(super) fn now() -> Option<Self> {
        let mut frame = Self::none();
        // SAFETY: called from a Python callback, so the thread is attached; `frame` is ours to write.
        (unsafe { pyrust_frame_now(&raw mut frame) } != 0).then_some(frame)
    }

    /// That of a frame object whose call has not ended.
    pub(super) fn of(object: &Bound<'_, PyFrame>) -> Option<Self> {
        let mut frame = Self::none();
        // SAFETY: a frame object, and `frame` is ours to write.
        (unsafe { pyrust_frame_of(object.as_ptr(), &raw mut frame) } != 0).then_some(frame)
    }

    fn none() -> Self {
        let none = std::ptr::null_mut();
        Self { code: none, globals: none, locals: none.cast(), frame: 0, thread: 0 }
    }

    /// The argument in local variable `index`, borrowed; null when unbound.
    pub(super) fn argument(&self, index: usize) -> *mut PyObject {
        // SAFETY: `index` counts parameters, which every frame of this code has room for.
        unsafe { pyrust_frame_argument(self, index as c_int) }
    }

    /// The value of a global, borrowed; null when there is none.
    pub(super) fn global(&self, name: &std::ffi::CStr) -> *mut PyObject {
        // SAFETY: the globals of a running frame are a dict; the key is a plain string.
        unsafe {
            if self.globals.is_null() || ffi::PyDict_Check(self.globals) == 0 {
                return std::ptr::null_mut();
            }
            ffi::PyDict_GetItemString(self.globals, name.as_ptr())
        }
    }
}

/// What the recorder needs to know about a code object.
pub(super) struct Code {
    pub(super) filename: Option<String>,
    pub(super) qualname: Option<String>,
    pub(super) flags: c_int,
    /// Local variables that are parameters, in the order of the function's own parameters.
    pub(super) parameters: Vec<usize>,
}

const VARARGS: c_int = 0x04;
const VARKEYWORDS: c_int = 0x08;
/// Generators, coroutines, iterable coroutines, asynchronous generators.
pub(super) const RESUMABLE: c_int = 0x20 | 0x80 | 0x100 | 0x200;
pub(super) const OPTIMIZED: c_int = 0x01;

pub(super) fn code_facts(code: *mut PyObject) -> Code {
    let mut raw = RawCode {
        arguments: 0,
        keyword_only: 0,
        flags: 0,
        filename: std::ptr::null_mut(),
        qualname: std::ptr::null_mut(),
    };
    // SAFETY: `code` is a code object that a running frame keeps alive.
    unsafe { pyrust_code_facts(code, &raw mut raw) };
    let (positional, keyword_only) = (raw.arguments as usize, raw.keyword_only as usize);
    let star = (raw.flags & VARARGS != 0).then_some(positional + keyword_only);
    let stars =
        (raw.flags & VARKEYWORDS != 0).then_some(positional + keyword_only + usize::from(star.is_some()));
    let parameters =
        (0..positional).chain(star).chain(positional..positional + keyword_only).chain(stars).collect();
    Code { filename: text(raw.filename), qualname: text(raw.qualname), flags: raw.flags, parameters }
}

/// The text of an exact `str`; None for anything else.
pub(super) fn text(object: *mut PyObject) -> Option<String> {
    // SAFETY: `object` is null or a live object; the bytes are copied before anything else happens.
    unsafe {
        if object.is_null() || ffi::PyUnicode_CheckExact(object) == 0 {
            return None;
        }
        let mut length = 0;
        let bytes = ffi::PyUnicode_AsUTF8AndSize(object, &raw mut length);
        if bytes.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

/// Module and qualified name of a class.
pub(super) fn type_name(ty: *mut PyTypeObject) -> Option<(String, String)> {
    let (mut module, mut qualname) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: `ty` is a live type.
    let found = unsafe { pyrust_type_name(ty, &raw mut module, &raw mut qualname) } != 0;
    if found {
        return Some((text(module)?, text(qualname)?));
    }
    // A static type: `tp_name` is "module.name", or just "name" for a builtin.
    // SAFETY: `tp_name` of a ready type is a C string.
    let name = unsafe { std::ffi::CStr::from_ptr((*ty).tp_name) }.to_str().ok()?;
    name.rsplit_once('.').map(|(module, name)| (module.to_owned(), name.to_owned()))
}

/// Is it NumPy's class of arrays, and no class of a `class` statement that calls itself so?
pub(super) fn is_ndarray(ty: *mut PyTypeObject) -> bool {
    // SAFETY: the type of a live object.
    let made_by_c = unsafe { ffi::PyType_GetFlags(ty) } & ffi::Py_TPFLAGS_HEAPTYPE == 0;
    made_by_c && type_name(ty).is_some_and(|(module, name)| module == "numpy" && name == "ndarray")
}

/// Is it the class of `array.array`?
pub(super) fn is_array(ty: *mut PyTypeObject) -> bool {
    // SAFETY: the type of a live object.
    let fixed = unsafe { ffi::PyType_GetFlags(ty) } & ffi::Py_TPFLAGS_IMMUTABLETYPE != 0;
    fixed && type_name(ty).is_some_and(|(module, name)| module == "array" && name == "array")
}

/// Module and qualified name of a plain function.
pub(super) fn function_name(function: *mut PyObject) -> Option<(String, String)> {
    let (mut module, mut qualname) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the caller has checked that `function` is an exact function.
    let found = unsafe { pyrust_function_name(function, &raw mut module, &raw mut qualname) } != 0;
    if found { Some((text(module)?, text(qualname)?)) } else { None }
}

/// The module and the name of a function that a module written in C has, or of a class of `builtins`. None for methods of
/// builtin objects, and for other classes.
pub(super) fn builtin_name(object: *mut PyObject) -> Option<(String, String)> {
    // SAFETY: the caller has checked that `object` is exactly a builtin function or a class; what they hold is alive.
    unsafe {
        if std::ptr::eq(ffi::Py_TYPE(object), &raw mut ffi::PyType_Type) {
            let ty = object.cast::<PyTypeObject>();
            let fixed = ffi::PyType_GetFlags(ty) & ffi::Py_TPFLAGS_HEAPTYPE == 0;
            let name = std::ffi::CStr::from_ptr((*ty).tp_name).to_str().ok()?;
            // Those of other modules have a dot in their names.
            return (fixed && !name.contains('.')).then(|| ("builtins".to_string(), name.to_string()));
        }
        let function = object.cast::<ffi::PyCFunctionObject>();
        let (own, module) = ((*function).m_self, (*function).m_module);
        let of_module = !own.is_null() && ffi::PyModule_CheckExact(own) != 0;
        if !of_module || module.is_null() || ffi::PyUnicode_CheckExact(module) == 0 {
            return None;
        }
        let name = std::ffi::CStr::from_ptr((*(*function).m_ml).ml_name).to_str().ok()?;
        Some((text(module)?, name.to_string()))
    }
}

/// The next element of an exact set or frozenset, borrowed.
pub(super) fn set_next(set: *mut PyObject, position: &mut ffi::Py_ssize_t) -> Option<*mut PyObject> {
    // SAFETY: the caller has checked the type; nothing changes the set meanwhile.
    let element = unsafe { pyrust_set_next(set, position) };
    (!element.is_null()).then_some(element)
}

pub(super) fn marks_available() -> bool {
    // SAFETY: the caller holds the GIL.
    unsafe { pyrust_mark_start() != 0 }
}

/// Our word on a code object; 0 when there is none.
pub(super) fn mark(code: *mut PyObject) -> usize {
    // SAFETY: `code` is a live code object, and `marks_available` has been asked.
    unsafe { pyrust_mark_get(code) }
}

pub(super) fn set_mark(code: *mut PyObject, mark: usize) {
    // SAFETY: as above.
    unsafe { pyrust_mark_set(code, mark) }
}

/// Calls that the frame evaluation function has seen.
pub(super) fn evaluated() -> u64 {
    // SAFETY: reads a counter under the GIL.
    unsafe { pyrust_evaluated() }
}

pub(super) fn set_foreign_mark(mark: usize) {
    // SAFETY: writes a word under the GIL.
    unsafe { pyrust_foreign_mark(mark) }
}

/// Switches the frame evaluation function (3.11); false when another one is in the way, or on later versions.
pub(super) fn evaluate(on: bool) -> bool {
    // SAFETY: the caller holds the GIL.
    unsafe { pyrust_evaluate(c_int::from(on)) != 0 }
}

/// Sends a signal to the main thread, which this is, about every `seconds` of CPU time; 0: no more. Whether that was possible.
pub(super) fn pace(number: i32, seconds: f64) -> bool {
    // SAFETY: the caller holds the GIL in the main thread. The handler that is put in the place of Python's calls it.
    unsafe { pyrust_pace(number, seconds) != 0 }
}

/// What the main thread ran when the signal came, and the CPU time since the one before: the address of a code object, or of one that
/// is gone.
pub(super) fn noted() -> Option<(usize, f64)> {
    let (mut code, mut seconds) = (0, 0.0);
    // SAFETY: both are ours to write; the caller is the main thread.
    (unsafe { pyrust_noted(&raw mut code, &raw mut seconds) } != 0).then_some((code, seconds))
}
