//! Puts a hook in front of a function's own bytecode.
//!
//! ```text
//! LOAD_CONST hook; FOR_ITER body; [SWAP 2; POP_TOP;] RETURN_VALUE; [END_FOR; POP_TOP;] body: <original bytecode>
//! ```
//!
//! The hook's `tp_iternext` runs in the function's own frame with the arguments bound. A result is returned at once;
//! null without an exception "exhausts the iterator", and the original body runs in the same frame. CPython treats a
//! frame before its first `RESUME` as incomplete, so that tracebacks, `sys._getframe` and tracers see nothing of it.
//! All jumps are relative: only the tables that count from the start of the code are rewritten.

use std::ffi::c_long;
use std::ptr;

use pyo3_ffi::*;

use super::handlers;
use crate::peek::{Own, attribute, bytes, bytes_of};

#[cfg(not(Py_3_13))]
pub(super) mod op {
    pub(in crate::activate) const EXTENDED_ARG: u8 = 144;
    pub(in crate::activate) const LOAD_CONST: u8 = 100;
    pub(in crate::activate) const FOR_ITER: u8 = 93;
    pub(in crate::activate) const SWAP: u8 = 99;
    pub(in crate::activate) const POP_TOP: u8 = 1;
    pub(in crate::activate) const RETURN_VALUE: u8 = 83;
    #[cfg(Py_3_12)]
    pub(in crate::activate) const END_FOR: u8 = 4;
    pub(in crate::activate) const NOP: u8 = 9;
    pub(in crate::activate) const RETURN_GENERATOR: u8 = 75;
    pub(in crate::activate) const RESUME: u8 = 151;
    #[cfg(not(Py_3_12))]
    pub(in crate::activate) const YIELD_VALUE: u8 = 86;
    #[cfg(Py_3_12)]
    pub(in crate::activate) const YIELD_VALUE: u8 = 150;
    pub(in crate::activate) const JUMP_FORWARD: u8 = 110;
    pub(in crate::activate) const JUMP_BACKWARD_NO_INTERRUPT: u8 = 134;
    pub(in crate::activate) const JUMP_BACKWARD: u8 = 140;
    pub(in crate::activate) const CALL: u8 = 171;
    pub(in crate::activate) const CALL_FUNCTION_EX: u8 = 142;
    pub(in crate::activate) const STORE_FAST: u8 = 125;
    pub(in crate::activate) const STORE_DEREF: u8 = 138;
    pub(in crate::activate) const GET_YIELD_FROM_ITER: u8 = 69;
    pub(in crate::activate) const SEND: u8 = 123;
    pub(in crate::activate) const RERAISE: u8 = 119;
    #[cfg(Py_3_12)]
    pub(in crate::activate) const END_SEND: u8 = 5;
    #[cfg(Py_3_12)]
    pub(in crate::activate) const CLEANUP_THROW: u8 = 55;
}
#[cfg(Py_3_13)]
pub(super) mod op {
    pub(in crate::activate) const EXTENDED_ARG: u8 = 71;
    pub(in crate::activate) const LOAD_CONST: u8 = 83;
    pub(in crate::activate) const FOR_ITER: u8 = 72;
    pub(in crate::activate) const SWAP: u8 = 115;
    pub(in crate::activate) const POP_TOP: u8 = 32;
    pub(in crate::activate) const RETURN_VALUE: u8 = 36;
    pub(in crate::activate) const END_FOR: u8 = 11;
    pub(in crate::activate) const NOP: u8 = 30;
    pub(in crate::activate) const RETURN_GENERATOR: u8 = 35;
    pub(in crate::activate) const RESUME: u8 = 149;
    pub(in crate::activate) const YIELD_VALUE: u8 = 118;
    pub(in crate::activate) const JUMP_FORWARD: u8 = 79;
    pub(in crate::activate) const JUMP_BACKWARD_NO_INTERRUPT: u8 = 78;
    pub(in crate::activate) const JUMP_BACKWARD: u8 = 77;
    pub(in crate::activate) const CALL: u8 = 53;
    pub(in crate::activate) const CALL_KW: u8 = 57;
    pub(in crate::activate) const CALL_FUNCTION_EX: u8 = 54;
    pub(in crate::activate) const STORE_FAST: u8 = 110;
    pub(in crate::activate) const STORE_DEREF: u8 = 109;
    pub(in crate::activate) const STORE_FAST_LOAD_FAST: u8 = 111;
    pub(in crate::activate) const GET_YIELD_FROM_ITER: u8 = 21;
    pub(in crate::activate) const SEND: u8 = 104;
    pub(in crate::activate) const RERAISE: u8 = 102;
    pub(in crate::activate) const END_SEND: u8 = 12;
    pub(in crate::activate) const CLEANUP_THROW: u8 = 8;
}

/// Debug builds assert an empty stack at a return; others give up what is left there with the frame.
const TIDY: bool = cfg!(py_sys_config = "Py_DEBUG");

/// `co_flags` of generators and coroutines, whose frames outlive the call.
const SUSPENDABLE: c_long = 0x20 | 0x80 | 0x100 | 0x200;

/// A new code object that asks `hook` first, or null with an exception set.
///
/// `hook` is any object whose type has `tp_iternext`; that function must never set an exception. Generators and
/// coroutines are refused with a `TypeError`.
///
/// # Safety
/// `code` is a live code object, `hook` is live, the GIL is held and no transaction is open.
pub unsafe fn patch(code: *mut PyObject, hook: *mut PyObject) -> *mut PyObject {
    // SAFETY: the caller vouches for both objects.
    unsafe { patched(code, hook).map_or(ptr::null_mut(), Own::release) }
}

unsafe fn patched(code: *mut PyObject, hook: *mut PyObject) -> Option<Own> {
    // SAFETY: `code` is a code object, so its attributes have the documented types.
    unsafe {
        if integer(code, c"co_flags")? & SUSPENDABLE != 0 {
            PyErr_SetString(PyExc_TypeError, c"a generator or coroutine has no prologue".as_ptr());
            return None;
        }
        let consts = attribute(code, c"co_consts")?;
        let count = PyTuple_Size(consts.ptr());
        let mut instructions = prefix(count as usize);
        let units = instructions.len() / 2;
        let body = attribute(code, c"co_code")?;
        instructions.extend_from_slice(bytes_of(body.ptr()));
        let mut lines = unlocated(units);
        let table = attribute(code, c"co_linetable")?;
        lines.extend_from_slice(bytes_of(table.ptr()));
        let handlers = attribute(code, c"co_exceptiontable")?;
        let handlers = shift_handlers(bytes_of(handlers.ptr()), units);
        let consts = appended(consts.ptr(), hook)?;
        let stack = integer(code, c"co_stacksize")?.max(2);

        let replace = attribute(code, c"replace")?;
        let empty = Own::take(PyTuple_New(0))?;
        let arguments = Own::take(PyDict_New())?;
        let set = |name: &std::ffi::CStr, value: Option<Own>| -> Option<()> {
            let value = value?;
            (PyDict_SetItemString(arguments.ptr(), name.as_ptr(), value.ptr()) == 0).then_some(())
        };
        set(c"co_code", bytes(&instructions))?;
        set(c"co_consts", Some(consts))?;
        set(c"co_linetable", bytes(&lines))?;
        set(c"co_exceptiontable", bytes(&handlers))?;
        set(c"co_stacksize", Own::take(PyLong_FromLong(stack)))?;
        Own::take(PyObject_Call(replace.ptr(), empty.ptr(), arguments.ptr()))
    }
}

pub(super) unsafe fn integer(object: *mut PyObject, name: &std::ffi::CStr) -> Option<c_long> {
    // SAFETY: the caller vouches for the object; the attribute is an int.
    unsafe {
        let value = PyLong_AsLong(attribute(object, name)?.ptr());
        (value != -1 || PyErr_Occurred().is_null()).then_some(value)
    }
}

unsafe fn appended(tuple: *mut PyObject, last: *mut PyObject) -> Option<Own> {
    // SAFETY: `tuple` is a tuple; the new one is filled completely before anybody sees it.
    unsafe {
        let size = PyTuple_Size(tuple);
        let result = Own::take(PyTuple_New(size + 1))?;
        for index in 0..size {
            let item = PyTuple_GetItem(tuple, index);
            Py_INCREF(item);
            PyTuple_SetItem(result.ptr(), index, item);
        }
        Py_INCREF(last);
        PyTuple_SetItem(result.ptr(), size, last);
        Some(result)
    }
}

/// The instructions before the body, for a hook that is constant number `index`.
fn prefix(index: usize) -> Vec<u8> {
    let mut code = Vec::with_capacity(24);
    for shift in [24, 16, 8] {
        if index >> shift != 0 {
            code.extend([op::EXTENDED_ARG, (index >> shift) as u8]);
        }
    }
    code.extend([op::LOAD_CONST, index as u8]);
    code.extend([op::FOR_ITER, if TIDY { 3 } else { 1 }]);
    #[cfg(Py_3_12)]
    code.extend([0, 0]); // the inline cache of FOR_ITER
    if TIDY {
        code.extend([op::SWAP, 2, op::POP_TOP, 0]);
    }
    code.extend([op::RETURN_VALUE, 0]);
    // Where an exhausted iterator lands: skipped by FOR_ITER itself, and asserted by debug builds.
    #[cfg(Py_3_12)]
    code.extend([op::END_FOR, 0]);
    #[cfg(Py_3_13)]
    code.extend([op::POP_TOP, 0]);
    code
}

/// Line table entries of `units` code units without a location.
fn unlocated(units: usize) -> Vec<u8> {
    let lengths = (0..units).step_by(8).map(|start| (units - start).min(8));
    lengths.map(|length| 0x80 | 15 << 3 | (length as u8 - 1)).collect()
}

/// The exception table with every start and target moved by `units`.
fn shift_handlers(table: &[u8], units: usize) -> Vec<u8> {
    handlers::write(&handlers::moved(handlers::read(table), 0, units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_move_and_grow() {
        // Entry (start 60, length 2, target 70, depth 0): both positions pass a byte's six bits.
        let table = [0x80 | 60, 2, 0x40 | 1, 6, 0];
        assert_eq!(shift_handlers(&table, 5), [0x80 | 0x40 | 1, 1, 2, 0x40 | 1, 11, 0]);
        assert_eq!(shift_handlers(&[], 5), []);
    }

    #[test]
    fn the_prefix_is_whole_units() {
        for index in [0, 255, 256, 70_000] {
            assert_eq!(prefix(index).len() % 2, 0);
        }
        assert_eq!(prefix(256).len(), prefix(255).len() + 2);
        assert_eq!(unlocated(9), [0x80 | 15 << 3 | 7, 0x80 | 15 << 3]);
    }
}
