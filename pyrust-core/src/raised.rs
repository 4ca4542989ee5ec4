//! What exceptions say: `except ValueError as error: text = str(error)`.
//!
//! Natively an exception is its class, and a number. While a handler is open that reads what it catches, the transaction
//! keeps the arguments of the exception that was raised last, under its number; the handler makes the object of them.
//! Where another was raised meanwhile, or CPython words the text itself, the handler does not know: reading bails. The
//! object has no traceback and no context, so Python never gets it.

use core::ptr::{self, NonNull};

use pyo3_ffi::{self as ffi, PyObject};

use crate::buf::Buf;
use crate::builtins::boxed::Boxed;
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::caught::object;
use crate::foreign::{Exception, Foreign};
use crate::obj::Obj;
use crate::peek;
use crate::said::{self, SAID};
use crate::stop::{Bail, Exc, R, Stop, bail, exc, mark};
use crate::txn::{Cx, MODERATE};

/// The exception that was raised last.
pub(crate) struct Raised {
    /// Of this one and all before it.
    number: u32,
    /// A tuple, ours; null if there is none.
    args: *mut PyObject,
    /// The object, once a handler has asked for it; the transaction keeps it.
    made: *mut PyObject,
    /// How many objects this transaction keeps.
    kept: u32,
    /// Instances of the program's own classes that were raised: the transaction keeps them, and they have no traceback.
    objects: Buf<*mut PyObject>,
}

/// Of how many exceptions one transaction keeps the objects.
const KEPT: u32 = 1 << 18;

/// The last number of an exception.
const MOST: u32 = SAID - 1;

impl Raised {
    pub(crate) const fn new() -> Raised {
        Raised { number: 0, args: ptr::null_mut(), made: ptr::null_mut(), kept: 0, objects: Buf::new() }
    }

    /// The transaction is over.
    pub(crate) fn close(&mut self) {
        self.forget();
        self.kept = 0;
        if self.objects.capacity() > MODERATE {
            self.objects = Buf::new();
        }
        self.objects.clear();
    }

    /// Keeps an object that is raised; its number, from 1 on.
    pub(crate) fn keep(&mut self, object: *mut PyObject, most: usize) -> R<u32> {
        if self.objects.last() != Some(&object) {
            if self.objects.len() == most {
                return bail(Bail::Limit);
            }
            if self.objects.push(object).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(self.objects.len() as u32)
    }

    /// The object with that number.
    pub(crate) fn kept(&self, number: u32) -> Option<Obj> {
        let object = *self.objects.get((number as usize).checked_sub(1)?)?;
        NonNull::new(object).map(Obj::foreign)
    }

    /// Was nothing raised that could get to Python?
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Bails if somebody has such an object besides the transaction, which has references to all in `arena`: Python would
    /// see that it has no traceback.
    ///
    /// # Safety
    /// Whatever gets to Python has its references by now.
    pub(crate) unsafe fn stays(&self, arena: &[*mut PyObject]) -> R<()> {
        /// So many that were given references more than once are counted.
        const COUNTED: usize = 64;
        let mut counted = 0;
        for object in self.objects.iter() {
            // SAFETY: The transaction keeps them alive.
            let count = unsafe { ffi::Py_REFCNT(*object) };
            if count == 1 {
                continue;
            }
            counted += 1;
            if counted > COUNTED || arena.iter().filter(|kept| *kept == object).count() as isize != count {
                return bail(Bail::Exception);
            }
        }
        Ok(())
    }

    /// Gives the arguments up.
    fn forget(&mut self) {
        let args = core::mem::replace(&mut self.args, ptr::null_mut());
        self.made = ptr::null_mut();
        if !args.is_null() {
            // SAFETY: a reference of ours to a tuple of exact scalars, whose end runs no Python code.
            unsafe { ffi::Py_DECREF(args) };
        }
    }

    /// Takes the arguments of a new one; its number.
    fn take(&mut self, args: Temporary) -> u32 {
        self.forget();
        self.number = if self.number >= MOST { 1 } else { self.number + 1 };
        self.args = args.ptr();
        core::mem::forget(args);
        self.number
    }
}

/// `raise Class(…)`
#[cold]
#[inline(never)]
pub fn raise<const N: usize>(cx: Cx, class: Exc, args: [Boxed; N]) -> R<()> {
    if !cx.looks() {
        return exc(class);
    }
    cx.before_tracked();
    // SAFETY: every slot of the new tuple gets a reference before anyone sees it; a short borrow.
    unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(N as ffi::Py_ssize_t))?);
        for (at, arg) in args.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.ptr(), at as ffi::Py_ssize_t, ffi::Py_NewRef(arg.0.ptr()));
        }
        let number = cx.txn().raised.take(tuple);
        Err(mark(Stop::numbered(class, number)))
    }
}

/// A `ValueError` that CPython words: `call` raises it once more.
#[inline(always)]
pub(crate) fn worded<T>(cx: Cx, result: R<T>, call: impl FnOnce() -> *mut PyObject) -> R<T> {
    match result {
        Err(stop) if stop.as_exc() == Some(Exc::ValueError) && cx.looks() => Err(words(cx, call)),
        result => result,
    }
}

#[cold]
#[inline(never)]
fn words(cx: Cx, call: impl FnOnce() -> *mut PyObject) -> Stop {
    cx.before_tracked();
    undisturbed(|| {
        let result = NonNull::new(call());
        if let Some(value) = result {
            // The two do not agree.
            drop(Temporary(value));
            return Stop::bail(Bail::Unsupported);
        }
        // SAFETY: an exception is set; what is fetched is ours, and an exact `ValueError` has a tuple.
        unsafe {
            let Some(error) = NonNull::new(fetched()).map(Temporary) else {
                return Stop::bail(Bail::Unsupported);
            };
            if !ptr::eq(ffi::Py_TYPE(error.ptr()).cast(), ffi::PyExc_ValueError) {
                return Stop::bail(Bail::Unsupported);
            }
            let args = ffi::PyObject_GetAttrString(error.ptr(), c"args".as_ptr());
            match NonNull::new(args) {
                Some(args) if ffi::PyTuple_CheckExact(args.as_ptr()) != 0 => {
                    let number = cx.txn().raised.take(Temporary(args));
                    mark(Stop::numbered(Exc::ValueError, number))
                }
                Some(args) => {
                    drop(Temporary(args));
                    Stop::bail(Bail::Unsupported)
                }
                None => c::raised(),
            }
        }
    })
}

/// The exception that is set, taken away; null if none can be made.
#[cfg(Py_3_12)]
unsafe fn fetched() -> *mut PyObject {
    // SAFETY: the GIL is held.
    unsafe { ffi::PyErr_GetRaisedException() }
}

/// As above.
#[cfg(not(Py_3_12))]
unsafe fn fetched() -> *mut PyObject {
    let (mut class, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the GIL is held; the three are ours.
    unsafe {
        ffi::PyErr_Fetch(&mut class, &mut value, &mut trace);
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut trace);
        ffi::Py_XDECREF(class);
        ffi::Py_XDECREF(trace);
    }
    value
}

/// Takes what CPython says of the stop for its arguments, so that the exception stays the same one wherever it is caught.
#[cold]
#[inline(never)]
fn take_text(cx: Cx, stop: &mut Stop) -> R<()> {
    let (Some(class), Some(text)) = (stop.as_exc(), said::text_of(*stop)) else { return Ok(()) };
    cx.before_tracked();
    // SAFETY: the GIL is held; a new tuple of a new text; a short borrow.
    unsafe {
        let text = peek::text(&text).ok_or_else(|| c::raised())?;
        let args = Temporary(c::owned(ffi::PyTuple_Pack(1, text.ptr()))?);
        *stop = Stop::numbered(class, cx.txn().raised.take(args));
    }
    Ok(())
}

/// `except … as error`: the exception, if native code knows what it says.
pub fn caught(cx: Cx, stop: &mut Stop) -> R<Option<Foreign<Exception>>> {
    take_text(cx, stop)?;
    let (Some(class), number) = (stop.as_exc(), stop.number()) else { return Ok(None) };
    // SAFETY: short borrows; the arguments are alive, and calling the class on exact scalars runs no Python code. What
    // is made goes to the transaction.
    unsafe {
        let (known, args, made, kept) = {
            let raised = &cx.txn().raised;
            (raised.number, raised.args, raised.made, raised.kept)
        };
        if kept >= KEPT || number == 0 || number != known || args.is_null() {
            return Ok(None);
        }
        if let Some(made) = NonNull::new(made) {
            return Ok(Some(Foreign::caught(made)));
        }
        cx.before_tracked();
        let fresh = undisturbed(|| c::owned(ffi::PyObject_CallObject(object(class), args)))?;
        cx.sees_object();
        let fresh = cx.adopt(fresh.as_ptr())?;
        let raised = &mut cx.txn().raised;
        (raised.made, raised.kept) = (fresh.as_ptr(), kept + 1);
        Ok(Some(Foreign::caught(fresh)))
    }
}

/// What a handler has caught, where that is known.
#[inline(always)]
pub fn known<E: Copy>(error: &Option<E>) -> R<E> {
    match error {
        Some(error) => Ok(*error),
        None => bail(Bail::Exception),
    }
}
