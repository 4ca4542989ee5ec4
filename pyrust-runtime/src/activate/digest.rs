//! The digest of a code object: equal exactly when two code objects do the same in the same namespace.
//!
//! `pyrust-build/src/digest.py` computes the same with the target interpreter; a test compares the two over the
//! standard library. Counted: instructions (with the constants they load in place of their index), names, variables,
//! handlers, argument counts, name and flags; constants by exact type and bits, recursively. Not counted: docstring,
//! file, lines, annotations, defaults, stack size, future flags.

use pyo3_ffi::*;

use super::order::in_order;
use crate::peek::{Own, attribute, bytes_of};

#[cfg(not(Py_3_13))]
const EXTENDED_ARG: u8 = 144;
#[cfg(Py_3_13)]
const EXTENDED_ARG: u8 = 71;
#[cfg(not(Py_3_12))]
const LOADS_CONST: &[u8] = &[100, 172];
#[cfg(all(Py_3_12, not(Py_3_13)))]
const LOADS_CONST: &[u8] = &[100, 121, 172];
#[cfg(Py_3_13)]
const LOADS_CONST: &[u8] = &[83, 103];

/// The flags that change what a call does.
const FLAGS: i64 = 0x2ff;

/// Constants nest as deep as source text does; the compiler itself stops long before.
const MAX_DEPTH: usize = 200;

/// The digest as 32 hex characters; nothing for code with constants of unknown types.
///
/// # Safety
/// `code` is a live code object, the GIL is held and no transaction is open.
pub unsafe fn digest(code: *mut PyObject) -> Option<String> {
    let mut out = Vec::with_capacity(1024);
    // SAFETY: the caller vouches for the object.
    let known = unsafe { write_code(&mut out, code, 0) };
    if known.is_none() {
        // SAFETY: the GIL is held.
        unsafe { PyErr_Clear() };
    }
    known.map(|()| format!("{:032x}", hash(&out)))
}

/// 128 bits, a word at a time. Every step is a bijection of the state, so no single change can get lost.
fn hash(data: &[u8]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d ^ data.len() as u128;
    for chunk in data.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u128::from(u64::from_le_bytes(word))).wrapping_mul(PRIME).rotate_left(29);
    }
    state
}

fn number(out: &mut Vec<u8>, value: i64) {
    out.extend(value.to_le_bytes());
}

fn tagged(out: &mut Vec<u8>, tag: u8, data: &[u8]) {
    out.push(tag);
    number(out, data.len() as i64);
    out.extend_from_slice(data);
}

unsafe fn write_code(out: &mut Vec<u8>, code: *mut PyObject, depth: usize) -> Option<()> {
    // SAFETY: `code` is a code object, so its attributes have the documented types.
    unsafe {
        out.push(b'C');
        for name in [c"co_flags", c"co_argcount", c"co_posonlyargcount", c"co_kwonlyargcount"] {
            let value = PyLong_AsLongLong(attribute(code, name)?.ptr());
            number(out, if name == c"co_flags" { value & FLAGS } else { value });
        }
        for name in
            [c"co_name", c"co_names", c"co_varnames", c"co_cellvars", c"co_freevars", c"co_exceptiontable"]
        {
            write_value(out, attribute(code, name)?.ptr(), depth + 1)?;
        }
        let consts = attribute(code, c"co_consts")?;
        let instructions = attribute(code, c"co_code")?;
        write_instructions(out, bytes_of(instructions.ptr()), consts.ptr(), depth)
    }
}

/// Units of opcode and argument; an instruction that loads a constant writes the constant.
unsafe fn write_instructions(
    out: &mut Vec<u8>,
    code: &[u8],
    consts: *mut PyObject,
    depth: usize,
) -> Option<()> {
    number(out, code.len() as i64);
    let mut extended = 0usize;
    for unit in code.chunks_exact(2) {
        let (op, arg) = (unit[0], extended << 8 | usize::from(unit[1]));
        out.push(op);
        if op == EXTENDED_ARG {
            extended = arg;
            continue;
        }
        extended = 0;
        if LOADS_CONST.contains(&op) {
            // SAFETY: `consts` is a tuple; an index outside gives null, which is refused.
            unsafe {
                let value = PyTuple_GetItem(consts, arg as Py_ssize_t);
                if value.is_null() {
                    return None;
                }
                write_value(out, value, depth + 1)?;
            }
        } else {
            number(out, arg as i64);
        }
    }
    Some(())
}

unsafe fn write_value(out: &mut Vec<u8>, value: *mut PyObject, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    // SAFETY: each branch tests the exact type first.
    unsafe {
        let ty = Py_TYPE(value);
        if value == Py_None() {
            out.push(b'N');
        } else if value == Py_True() {
            out.push(b'T');
        } else if value == Py_False() {
            out.push(b'F');
        } else if value == Py_Ellipsis() {
            out.push(b'E');
        } else if ty == &raw mut PyLong_Type {
            write_int(out, value)?;
        } else if ty == &raw mut PyFloat_Type {
            out.push(b'f');
            out.extend(PyFloat_AsDouble(value).to_bits().to_le_bytes());
        } else if ty == &raw mut PyComplex_Type {
            out.push(b'c');
            out.extend(PyComplex_RealAsDouble(value).to_bits().to_le_bytes());
            out.extend(PyComplex_ImagAsDouble(value).to_bits().to_le_bytes());
        } else if ty == &raw mut PyUnicode_Type {
            let text =
                Own::take(PyUnicode_AsEncodedString(value, c"utf-8".as_ptr(), c"surrogatepass".as_ptr()))?;
            tagged(out, b's', bytes_of(text.ptr()));
        } else if ty == &raw mut PyBytes_Type {
            tagged(out, b'b', bytes_of(value));
        } else if ty == &raw mut PyTuple_Type {
            out.push(b'(');
            number(out, PyTuple_Size(value) as i64);
            for index in 0..PyTuple_Size(value) {
                write_value(out, PyTuple_GetItem(value, index), depth + 1)?;
            }
        } else if ty == &raw mut PyFrozenSet_Type {
            write_frozenset(out, value, depth)?;
        } else if ty == &raw mut PyCode_Type {
            write_code(out, value, depth + 1)?;
        } else {
            return None;
        }
    }
    Some(())
}

unsafe fn write_int(out: &mut Vec<u8>, value: *mut PyObject) -> Option<()> {
    let mut overflow = 0;
    // SAFETY: `value` is an int.
    unsafe {
        let small = PyLong_AsLongLongAndOverflow(value, &mut overflow);
        if overflow == 0 {
            out.push(b'i');
            number(out, small);
        } else {
            let text = Own::take(PyNumber_ToBase(value, 16))?;
            let text = Own::take(PyUnicode_AsASCIIString(text.ptr()))?;
            tagged(out, b'I', bytes_of(text.ptr()));
        }
    }
    Some(())
}

/// The order of a frozenset depends on the hash seed: its elements are sorted by what they write.
unsafe fn write_frozenset(out: &mut Vec<u8>, value: *mut PyObject, depth: usize) -> Option<()> {
    let mut parts = Vec::new();
    // SAFETY: `value` is a frozenset, so iterating runs no Python code.
    unsafe {
        let iterator = Own::take(PyObject_GetIter(value))?;
        while let Some(item) = Own::take(PyIter_Next(iterator.ptr())) {
            let mut part = Vec::new();
            write_value(&mut part, item.ptr(), depth + 1)?;
            parts.push(part);
        }
    }
    let parts = in_order(parts, |a, b| a < b);
    out.push(b'{');
    number(out, parts.len() as i64);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    Some(())
}
