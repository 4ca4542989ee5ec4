//! What a compiled pattern of `re` holds in memory: the code of its engine, and the numbers and names of its groups.
//!
//! The header of `_sre` is not installed, so where the fields stand is proved once in each process: of two patterns made
//! of known code each of them must be found in its place.

use core::ffi::CStr;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject};

use crate::builtins::c::{self, Temporary, undisturbed};
use crate::foreign::item;
use crate::stop::{Bail, R, bail};

/// The version of the code that `program` reads.
const MAGIC: i64 = if cfg!(Py_3_13) {
    20_230_612
} else if cfg!(Py_3_12) {
    20_221_023
} else {
    20_220_615
};

/// Where the fields stand, in bytes.
const SIZE: usize = 16;
const GROUPS: usize = 24;
const NUMBERS: usize = 32;
const NAMES: usize = 40;
const PATTERN: usize = 48;
const FLAGS: usize = 56;
const IS_BYTES: usize = 72;
const CODE_SIZE: usize = 80;
const CODE: usize = 88;

/// `(?P<a>a)`: a mark, the character, a mark, the end.
const KNOWN: [u32; 7] = [17, 0, 16, 97, 17, 1, 1];
/// `re.UNICODE`; none for bytes.
const UNICODE: i32 = 32;

const UNKNOWN: u8 = 0;
const HOLDS: u8 = 1;
const FAILS: u8 = 2;

/// A pattern of texts; what is borrowed lives as long as it does.
pub(super) struct Code<'p> {
    pub(super) words: &'p [u32],
    pub(super) groups: usize,
    /// A tuple: the name of each group, or `None`; null where none has one.
    pub(super) names: *mut PyObject,
}

/// What the pattern holds, if it is one of texts and the layout is what it is known to be.
///
/// # Safety
/// `pattern` is an exact `re.Pattern` that is alive, and the GIL is held.
pub(super) unsafe fn of<'p>(pattern: *mut PyObject) -> Option<Code<'p>> {
    // SAFETY: by the caller; the layout is proved before anything is read.
    unsafe {
        let holds = holds();
        if !holds || field::<i32>(pattern, IS_BYTES) != 0 {
            return None;
        }
        let names = field::<*mut PyObject>(pattern, NAMES);
        if !names.is_null() && ffi::PyTuple_CheckExact(names) == 0 {
            return None;
        }
        Some(Code { words: words(pattern), groups: field(pattern, GROUPS), names })
    }
}

/// # Safety
/// The object has a field of that type there.
unsafe fn field<T: Copy>(object: *mut PyObject, offset: usize) -> T {
    // SAFETY: by the caller; objects are aligned, and so are the offsets.
    unsafe { *object.cast::<u8>().add(offset).cast::<T>() }
}

/// # Safety
/// A pattern of the layout above.
unsafe fn words<'p>(pattern: *mut PyObject) -> &'p [u32] {
    // SAFETY: by the caller.
    unsafe {
        core::slice::from_raw_parts(pattern.cast::<u8>().add(CODE).cast(), field::<usize>(pattern, CODE_SIZE))
    }
}

/// Is the layout what it is known to be?
///
/// # Safety
/// The GIL is held.
unsafe fn holds() -> bool {
    static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);
    match STATE.load(Relaxed) {
        UNKNOWN => {
            // SAFETY: by the caller.
            let holds = unsafe {
                known_pattern(c"proof", true).is_ok_and(|p| is_as_known(p.ptr(), true))
                    && known_pattern(c"proof", false).is_ok_and(|p| is_as_known(p.ptr(), false))
            };
            STATE.store(if holds { HOLDS } else { FAILS }, Relaxed);
            holds
        }
        state => state == HOLDS,
    }
}

/// A pattern of the known code, made by the engine itself.
///
/// # Safety
/// The GIL is held.
unsafe fn known_pattern(text: &CStr, of_texts: bool) -> R<Temporary> {
    // SAFETY: by the caller; what is made here is released here.
    unsafe {
        let (module, compile) = item(c"_sre", c"compile")?;
        let magic = ffi::PyDict_GetItemString(ffi::PyModule_GetDict(module), c"MAGIC".as_ptr());
        if compile.is_null()
            || ffi::PyCFunction_CheckExact(compile) == 0
            || magic.is_null()
            || ffi::PyLong_CheckExact(magic) == 0
            || ffi::PyLong_AsLongLong(magic) != MAGIC
        {
            return bail(Bail::Unsupported);
        }
        let text = if of_texts {
            ffi::PyUnicode_FromString(text.as_ptr())
        } else {
            ffi::PyBytes_FromString(text.as_ptr())
        };
        let text = Temporary(c::owned(text)?);
        let flags = Temporary::int(i64::from(if of_texts { UNICODE } else { 0 }))?;
        let code = Temporary(c::owned(ffi::PyList_New(0))?);
        for word in KNOWN {
            let word = Temporary::int(i64::from(word))?;
            if ffi::PyList_Append(code.ptr(), word.ptr()) != 0 {
                return Err(c::raised());
            }
        }
        let groups = Temporary::int(1)?;
        let name = Temporary(c::owned(ffi::PyUnicode_FromString(c"a".as_ptr()))?);
        let numbers = Temporary(c::owned(ffi::PyDict_New())?);
        if ffi::PyDict_SetItem(numbers.ptr(), name.ptr(), groups.ptr()) != 0 {
            return Err(c::raised());
        }
        let names = Temporary(c::owned(ffi::PyTuple_Pack(2, ffi::Py_None(), name.ptr()))?);
        let args = [text.ptr(), flags.ptr(), code.ptr(), groups.ptr(), numbers.ptr(), names.ptr()];
        undisturbed(|| {
            c::owned(ffi::PyObject_Vectorcall(compile, args.as_ptr(), args.len(), core::ptr::null_mut()))
        })
        .map(Temporary)
    }
}

/// Does each field of the known pattern say what it must?
///
/// # Safety
/// [`known_pattern`] made it, so that it is longer than the last field that is read.
unsafe fn is_as_known(pattern: *mut PyObject, of_texts: bool) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let class = |offset| ffi::Py_TYPE(field::<*mut PyObject>(pattern, offset));
        let flags = if of_texts { UNICODE } else { 0 };
        let text = if of_texts { &raw mut ffi::PyUnicode_Type } else { &raw mut ffi::PyBytes_Type };
        // What may be read depends on how much there is.
        (*ffi::Py_TYPE(pattern)).tp_basicsize as usize <= CODE + 8
            && field::<usize>(pattern, SIZE) == KNOWN.len()
            && field::<usize>(pattern, GROUPS) == 1
            && field::<i32>(pattern, FLAGS) == flags
            && field::<i32>(pattern, IS_BYTES) == i32::from(!of_texts)
            && field::<usize>(pattern, CODE_SIZE) == KNOWN.len()
            && words(pattern) == KNOWN
            && core::ptr::eq(class(NUMBERS), &raw mut ffi::PyDict_Type)
            && core::ptr::eq(class(NAMES), &raw mut ffi::PyTuple_Type)
            && core::ptr::eq(class(PATTERN), text)
    }
}
