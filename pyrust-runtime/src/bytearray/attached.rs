//! The `bytearray` objects that a transaction knows, and how what was written gets into them.

use core::ptr;

use pyo3_ffi as ffi;
use pyo3_ffi::{Py_DECREF, PyObject};

use super::ByteArray;
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// One handle per object.
pub(crate) struct Attached {
    map: PtrMap,
    handles: Buf<ByteArray>,
    /// Objects with the new content: their buffers go to those that were written to.
    ready: Buf<(*mut PyObject, *mut PyObject)>,
}

impl Attached {
    pub(crate) const fn new() -> Attached {
        Attached { map: PtrMap::new(), handles: Buf::new(), ready: Buf::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(super) fn find(&self, object: *mut PyObject) -> Option<ByteArray> {
        self.handles.get(self.map.get(object)? as usize).cloned()
    }

    pub(super) fn attach(&mut self, object: *mut PyObject, handle: ByteArray) -> R<()> {
        let at = self.handles.len() as u32;
        if self.handles.push(handle).is_err() || !self.map.insert(object, at) {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    /// Those that were written to, with what they hold now.
    pub(crate) fn written(&self) -> impl Iterator<Item = (*mut PyObject, &[u8])> {
        let written = self.handles.iter().filter(|b| !b.head().borrowed.get());
        written.map(|b| (b.head().object.get(), b.raw()))
    }

    /// Forgets them all, if none was written to: nothing waits for the commit.
    #[inline]
    pub(crate) fn forget_unwritten(&mut self) {
        if !self.handles.is_empty() && self.handles.iter().all(|b| b.head().borrowed.get()) {
            self.map.clear();
            self.handles.clear();
        }
    }

    /// Takes everything out, to be dropped when the transaction has closed.
    pub(crate) fn take(&mut self) -> Attached {
        self.map.clear();
        Attached {
            map: PtrMap::new(),
            handles: core::mem::take(&mut self.handles),
            ready: core::mem::take(&mut self.ready),
        }
    }

    /// Drops everything.
    ///
    /// # Safety
    /// The transaction is closed.
    pub(crate) unsafe fn discard(mut self) {
        self.handles.clear();
        while let Some((_, with_old)) = self.ready.pop() {
            // SAFETY: The reference is ours.
            unsafe { Py_DECREF(with_old) };
        }
    }
}

/// Has somebody a view of the buffer?
///
/// # Safety
/// `object` is a `bytearray` that is alive.
pub(super) unsafe fn is_exported(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { (*object.cast::<ffi::PyByteArrayObject>()).ob_exports != 0 }
}

/// Where the content is.
///
/// # Safety
/// `object` is a `bytearray` that is alive.
pub(super) unsafe fn content(object: *mut PyObject) -> (*mut u8, usize) {
    // SAFETY: By the caller; without content there may be no buffer.
    unsafe { (ffi::PyByteArray_AsString(object).cast(), ffi::PyByteArray_Size(object) as usize) }
}

/// Makes objects with the new content; may still bail.
///
/// # Safety
/// The transaction is open.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; the objects are alive.
    unsafe {
        let mut ready = core::mem::take(&mut cx.txn().bytearrays.ready);
        let made = cx.txn().bytearrays.written().try_for_each(|(object, raw)| {
            if is_exported(object) {
                return bail(Bail::Unsupported);
            }
            let made = ffi::PyByteArray_FromStringAndSize(raw.as_ptr().cast(), raw.len() as isize);
            if made.is_null() {
                return no_memory();
            }
            if ready.push((object, made)).is_err() {
                Py_DECREF(made);
                return bail(Bail::Memory);
            }
            Ok(())
        });
        // Also what was made before a stop: it is dropped with the rest.
        cx.txn().bytearrays.ready = ready;
        made
    }
}

/// Exchanges the buffers. Cannot fail.
///
/// # Safety
/// After [`prepare`].
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: A short borrow; both are `bytearray` objects whose buffers nobody has a view of, so that all that belongs
    // to a buffer can change places.
    unsafe {
        for &(object, made) in cx.txn().bytearrays.ready.iter() {
            let (a, b) = (object.cast::<ffi::PyByteArrayObject>(), made.cast::<ffi::PyByteArrayObject>());
            ptr::swap(&raw mut (*a).ob_base.ob_size, &raw mut (*b).ob_base.ob_size);
            ptr::swap(&raw mut (*a).ob_alloc, &raw mut (*b).ob_alloc);
            ptr::swap(&raw mut (*a).ob_bytes, &raw mut (*b).ob_bytes);
            ptr::swap(&raw mut (*a).ob_start, &raw mut (*b).ob_start);
        }
    }
}
