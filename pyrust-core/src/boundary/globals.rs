//! Module globals that native code assigns, and what it assigns in classes: held back until the commit, like all writes to
//! dicts.
//!
//! Each module dict has one overlay, a short list of names with the object that they stand for now. Objects, not
//! unboxed values, since two functions may take one global for different types.

use core::any::TypeId;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyObject, PyType_Check};

use crate::boundary::dropped;
use crate::boundary::layout;
use crate::boundary::overlay::{Op, Table, keep_dropped};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A global that was assigned; the reference to the value is owned, the name lives for good.
#[derive(Clone, Copy)]
struct Cell {
    name: *mut PyObject,
    value: *mut PyObject,
}

/// Of a module, or of a class.
struct Globals(Buf<Cell>, bool);

const FUNCTIONS: &Table = &Table { operations, drop: drop_globals, replaces: true };

/// What the global stands for, if it was assigned in this transaction; borrowed.
///
/// # Safety
/// `dict` is the live dict of a module, or a class; `name` an interned string.
#[inline]
pub unsafe fn assigned(cx: Cx, dict: *mut PyObject, name: *mut PyObject) -> R<Option<*mut PyObject>> {
    // SAFETY: by the caller; short borrows.
    unsafe {
        let globals = find(cx, dict)?;
        Ok(globals
            .and_then(|globals| globals.0.iter().find(|cell| ptr::eq(cell.name, name)))
            .map(|c| c.value))
    }
}

/// Assigns a global that stands for `before` outside of the transaction; takes the reference to `value`.
///
/// # Safety
/// As [`assigned`]; `before` is the value in the dict, `value` a strong reference.
pub unsafe fn assign(
    cx: Cx,
    dict: *mut PyObject,
    name: *mut PyObject,
    before: *mut PyObject,
    value: *mut PyObject,
) -> R<()> {
    // SAFETY: by the caller; the reference goes to the arena, to the cell, or is dropped.
    unsafe {
        let globals = match find_or_new(cx, dict) {
            Ok(globals) => globals,
            Err(stop) => {
                Py_DECREF(value);
                return Err(stop);
            }
        };
        if let Some(cell) = globals.0.iter_mut().find(|cell| ptr::eq(cell.name, name)) {
            let old = core::mem::replace(&mut cell.value, value);
            return replaced(cx, old);
        }
        if globals.0.push(Cell { name, value }).is_err() {
            Py_DECREF(value);
            return bail(Bail::Memory);
        }
        keep_dropped(cx, before)
    }
}

/// Native code may still borrow the object, unless it is one that it only ever copies.
unsafe fn replaced(cx: Cx, old: *mut PyObject) -> R<()> {
    // SAFETY: by the caller: a strong reference.
    unsafe {
        let copied = layout::is_int(old) || layout::is_float(old) || layout::is_bool(old);
        if copied && !cx.txn().objects_seen {
            Py_DECREF(old);
            return Ok(());
        }
        cx.adopt(old)?;
        if !dropped::is_plain(old) {
            cx.loses(old, 0)?;
        }
        dropped::check(old)
    }
}

unsafe fn find<'a>(cx: Cx, dict: *mut PyObject) -> R<Option<&'a mut Globals>> {
    // SAFETY: a short borrow; the overlay is of this type and lives until the transaction closes.
    unsafe {
        let dicts = &mut cx.txn().dicts;
        if dicts.is_empty() {
            return Ok(None);
        }
        let data = dicts.find(dict, TypeId::of::<Globals>())?;
        Ok(data.map(|data| &mut *data.cast::<Globals>().as_ptr()))
    }
}

unsafe fn find_or_new<'a>(cx: Cx, dict: *mut PyObject) -> R<&'a mut Globals> {
    cx.point()?;
    // SAFETY: by the caller; the box is given to the transaction.
    unsafe {
        if let Some(globals) = find(cx, dict)? {
            return Ok(globals);
        }
        let data =
            NonNull::new_unchecked(Box::into_raw(Box::new(Globals(Buf::new(), PyType_Check(dict) != 0))));
        cx.txn().dicts.insert(dict, TypeId::of::<Globals>(), data.cast(), FUNCTIONS)?;
        Ok(&mut *data.as_ptr())
    }
}

unsafe fn operations(data: NonNull<u8>, _: Cx, into: &mut Buf<Op>) -> R<usize> {
    // SAFETY: by the caller: an overlay of this type; the references that go into `into` are new.
    unsafe {
        let Globals(cells, of_class) = data.cast::<Globals>().as_ref();
        for cell in cells.iter() {
            Py_INCREF(cell.name);
            Py_INCREF(cell.value);
            let op = match *of_class {
                true => Op::Class(cell.name, cell.value),
                false => Op::Set(cell.name, cell.value),
            };
            if into.push(op).is_err() {
                Py_DECREF(cell.name);
                Py_DECREF(cell.value);
                return bail(Bail::Memory);
            }
        }
    }
    Ok(into.len())
}

unsafe fn drop_globals(data: NonNull<u8>) {
    // SAFETY: by the caller: dropped once, when the transaction has closed.
    unsafe {
        let globals = Box::from_raw(data.cast::<Globals>().as_ptr());
        for cell in globals.0.iter() {
            Py_DECREF(cell.value);
        }
    }
}
