//! Locks of `threading` that a call takes and gives back: `with self.lock:`, `acquire()` and `release()`.
//!
//! While a transaction is open no other thread of Python's runs. So nobody can tell a lock that was taken and given back in
//! it from one that nobody touched: native code looks whether Python could take it at once, and remembers until it is given
//! back. What would wait is left to Python, and so is a call that would leave a lock taken, or give back one that it has
//! not taken itself.

use core::ffi::{CStr, c_int};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{
    METH_KEYWORDS, METH_NOARGS, METH_VARARGS, Py_DECREF, Py_False, Py_TYPE, Py_True, PyErr_Clear,
    PyMethodDef, PyObject, PyTuple_Pack,
};

use crate::buf::Buf;
use crate::foreign::{Foreign, ForeignClass, Lock, RLock};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A lock that the transaction has taken, and how often.
struct Taken {
    lock: *mut PyObject,
    times: u32,
}

/// Those that are not given back yet.
pub(crate) struct Locks {
    taken: Buf<Taken>,
}

impl Locks {
    pub(crate) const fn new() -> Locks {
        Locks { taken: Buf::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    pub(crate) fn forget(&mut self) {
        self.taken.clear();
    }

    /// First part of a commit: what is still taken Python has to take.
    pub(crate) fn prepare(&self) -> R<()> {
        if self.is_empty() { Ok(()) } else { bail(Bail::Unsupported) }
    }

    fn place(&self, lock: *mut PyObject) -> Option<usize> {
        self.taken.iter().rposition(|taken| ptr::eq(taken.lock, lock))
    }
}

/// A class of locks.
pub trait LockClass: ForeignClass {
    /// May the thread that has it take it once more?
    const AGAIN: bool;

    /// Could this thread take it without waiting?
    ///
    /// # Safety
    /// An exact instance, which is alive.
    unsafe fn is_free(cx: Cx, lock: *mut PyObject) -> R<bool>;
}

impl LockClass for Lock {
    const AGAIN: bool = false;

    unsafe fn is_free(_cx: Cx, lock: *mut PyObject) -> R<bool> {
        static LOCKED: Method = Method::new(c"locked", METH_NOARGS);
        // SAFETY: by the caller.
        unsafe { Ok(!LOCKED.ask(lock, ptr::null_mut())?) }
    }
}

impl LockClass for RLock {
    const AGAIN: bool = true;

    unsafe fn is_free(cx: Cx, lock: *mut PyObject) -> R<bool> {
        static OWNED: Method = Method::new(c"_is_owned", METH_NOARGS);
        static ACQUIRE: Method = Method::new(c"acquire", METH_VARARGS | METH_KEYWORDS);
        static RELEASE: Method = Method::new(c"release", METH_NOARGS);
        // SAFETY: by the caller. To take it without waiting, and to give it back, is C code that keeps the GIL.
        unsafe {
            if OWNED.ask(lock, ptr::null_mut())? {
                return Ok(true);
            }
            let taken = ACQUIRE.ask(lock, without_waiting(cx)?)?;
            if taken {
                RELEASE.ask(lock, ptr::null_mut())?;
            }
            Ok(taken)
        }
    }
}

/// `(False,)`: `acquire` does not wait. Made once, and kept.
fn without_waiting(cx: Cx) -> R<*mut PyObject> {
    static ARGUMENTS: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
    let known = ARGUMENTS.load(Relaxed);
    if !known.is_null() {
        return Ok(known);
    }
    cx.before_tracked();
    // SAFETY: the GIL is held.
    unsafe {
        let made = PyTuple_Pack(1, Py_False());
        if made.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        ARGUMENTS.store(made, Relaxed);
        Ok(made)
    }
}

/// A method that C implements, found in the class itself.
struct Method {
    name: &'static CStr,
    flags: c_int,
    found: AtomicPtr<PyMethodDef>,
}

impl Method {
    const fn new(name: &'static CStr, flags: c_int) -> Method {
        Method { name, flags, found: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Calls it; is the result true?
    ///
    /// # Safety
    /// An exact instance of the one class that this is asked of; the arguments are what the flags say.
    unsafe fn ask(&self, object: *mut PyObject, args: *mut PyObject) -> R<bool> {
        // SAFETY: by the caller; the flags were compared. A class that C made keeps its table.
        unsafe {
            let mut def = self.found.load(Relaxed);
            if def.is_null() {
                def = self.find(object)?;
            }
            let result = match self.flags {
                METH_NOARGS => ((*def).ml_meth.PyCFunction)(object, args),
                _ => ((*def).ml_meth.PyCFunctionWithKeywords)(object, args, ptr::null_mut()),
            };
            if result.is_null() {
                PyErr_Clear();
                return bail(Bail::Unsupported);
            }
            // `None` and the bools live for ever.
            let truth = ptr::eq(result, Py_True());
            Py_DECREF(result);
            Ok(truth)
        }
    }

    #[cold]
    unsafe fn find(&self, object: *mut PyObject) -> R<*mut PyMethodDef> {
        // SAFETY: alive; the table ends with an entry without a name.
        unsafe {
            let mut def = (*Py_TYPE(object)).tp_methods;
            while !def.is_null() && !(*def).ml_name.is_null() {
                if CStr::from_ptr((*def).ml_name) == self.name && (*def).ml_flags == self.flags {
                    self.found.store(def, Relaxed);
                    return Ok(def);
                }
                def = def.add(1);
            }
            bail(Bail::Unsupported)
        }
    }
}

/// `lock.acquire()`, `lock.__enter__()`
pub fn take<C: LockClass>(cx: Cx, lock: Foreign<C>) -> R<bool> {
    cx.point()?;
    let lock = lock.as_ptr();
    // SAFETY: a short borrow.
    let locks = unsafe { &mut cx.txn().rare().locks };
    if let Some(at) = locks.place(lock) {
        // Python would wait for ever.
        if !C::AGAIN {
            return bail(Bail::Unsupported);
        }
        locks.taken[at].times += 1;
        return Ok(true);
    }
    // SAFETY: an exact instance, which the transaction keeps alive.
    if !unsafe { C::is_free(cx, lock)? } {
        return bail(Bail::Threads);
    }
    // SAFETY: a short borrow.
    let locks = unsafe { &mut cx.txn().rare().locks };
    match locks.taken.push(Taken { lock, times: 1 }) {
        Ok(()) => Ok(true),
        Err(_) => bail(Bail::Memory),
    }
}

/// `lock.release()`
pub fn give_back<C: LockClass>(cx: Cx, lock: Foreign<C>) -> R<()> {
    cx.point()?;
    // SAFETY: a short borrow.
    let locks = unsafe { &mut cx.txn().rare().locks };
    // Somebody else has taken it, or nobody.
    let Some(at) = locks.place(lock.as_ptr()) else { return bail(Bail::Unsupported) };
    match locks.taken[at].times {
        1 => _ = locks.taken.remove(at),
        _ => locks.taken[at].times -= 1,
    }
    Ok(())
}

/// `lock.__exit__(None, None, None)`
pub fn leave<C: LockClass>(cx: Cx, lock: Foreign<C>, _kind: (), _value: (), _trace: ()) -> R<()> {
    give_back(cx, lock)
}

/// The same, when the body of the `with` has raised: it goes on.
pub fn leave_raised<C: LockClass>(cx: Cx, lock: Foreign<C>, _raised: bool) -> R<bool> {
    give_back(cx, lock)?;
    Ok(false)
}
