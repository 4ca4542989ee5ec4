//! Python's `bytearray`: a shared handle, whether native code made it or it came from Python.
//!
//! One that came from Python is read and changed where it lies ([`live`]). A transaction knows one handle per object, so
//! that aliases stay aliases. While a buffer is exported somebody else may look at it: another length bails.

mod edit;
mod live;

pub use edit::*;
pub(crate) use live::Attached;

use core::cell::{Cell, UnsafeCell};
use core::ptr::{self, NonNull};
use std::alloc::{Layout, alloc, dealloc};

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use crate::buf::Buf;
use crate::builtins::c::{Temporary, owned, undisturbed};
use crate::elem::{ElemEq, ElemOrd, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::strs::Bytes;
use crate::txn::Cx;
use live::Live;

struct Head {
    handles: Cell<usize>,
    /// The content: in `own`, or in the object's buffer.
    data: Cell<*mut u8>,
    len: Cell<usize>,
    own: UnsafeCell<Buf<u8>>,
    live: Live,
}

/// Cloning the handle is Python's aliasing.
pub struct ByteArray {
    head: NonNull<Head>,
}

impl Clone for ByteArray {
    #[inline(always)]
    fn clone(&self) -> Self {
        let handles = &self.head().handles;
        handles.set(handles.get() + 1);
        ByteArray { head: self.head }
    }
}

impl Drop for ByteArray {
    #[inline(always)]
    fn drop(&mut self) {
        let handles = &self.head().handles;
        handles.set(handles.get() - 1);
        if handles.get() == 0 {
            free(self.head);
        }
    }
}

#[cold]
#[inline(never)]
extern "C" fn free(head: NonNull<Head>) {
    // SAFETY: The last handle is gone; the head was allocated with this layout.
    unsafe {
        ptr::drop_in_place(head.as_ptr());
        dealloc(head.as_ptr().cast(), Layout::new::<Head>());
    }
}

impl ByteArray {
    #[inline(always)]
    fn head(&self) -> &Head {
        // SAFETY: The head lives as long as a handle.
        unsafe { self.head.as_ref() }
    }

    fn with_head(head: Head) -> R<ByteArray> {
        // SAFETY: A head is not empty.
        let Some(place) = NonNull::new(unsafe { alloc(Layout::new::<Head>()) }.cast::<Head>()) else {
            return bail(Bail::Memory);
        };
        // SAFETY: Newly allocated with this layout.
        unsafe { place.as_ptr().write(head) };
        Ok(ByteArray { head: place })
    }

    /// One with this content, made here.
    pub(crate) fn with(content: Buf<u8>) -> R<ByteArray> {
        let array = ByteArray::with_head(Head {
            handles: Cell::new(1),
            data: Cell::new(ptr::null_mut()),
            len: Cell::new(0),
            own: UnsafeCell::new(content),
            live: Live::nothing(),
        })?;
        array.refresh();
        Ok(array)
    }

    /// The content. The borrow must end before anything can change it.
    #[inline(always)]
    pub fn raw(&self) -> &[u8] {
        let head = self.head();
        if head.len.get() == 0 {
            return &[];
        }
        // SAFETY: `data` holds `len` bytes, of the own buffer or of the object's, which nobody changes meanwhile.
        unsafe { core::slice::from_raw_parts(head.data.get(), head.len.get()) }
    }

    /// Notes where the own content is now.
    #[inline]
    fn refresh(&self) {
        let head = self.head();
        // SAFETY: A short borrow of what only this thread sees.
        let own = unsafe { &mut *head.own.get() };
        head.data.set(own.as_mut_ptr());
        head.len.set(own.len());
    }

    /// Changes the content of what native code alone knows; `change` must not call back.
    #[inline]
    fn edit<T>(&self, change: impl FnOnce(&mut Buf<u8>) -> R<T>) -> R<T> {
        // SAFETY: Only this thread sees the content, and `change` knows nothing but the buffer.
        let result = change(unsafe { &mut *self.head().own.get() });
        self.refresh();
        result
    }

    /// Other bytes in place of those from `from` to `to`. They are not of this object.
    fn splice(&self, cx: Cx, from: usize, to: usize, bytes: &[u8]) -> R<()> {
        if self.is_live() {
            return self.splice_live(cx, from, to, bytes);
        }
        self.edit(|own| {
            let (len, grown) = (own.len(), bytes.len());
            if grown == to - from {
                own[from..to].copy_from_slice(bytes);
                return Ok(());
            }
            let whole = len - (to - from) + grown;
            if whole > len {
                let room = whole.max(if whole <= own.capacity() { 0 } else { len + len / 2 });
                if !own.reserve_total(room) {
                    return bail(Bail::Memory);
                }
            }
            // SAFETY: There is room for the old and the new; what moves may overlap, and all bytes are written.
            unsafe {
                let data = own.as_mut_ptr();
                ptr::copy(data.add(to), data.add(from + grown), len - to);
                ptr::copy_nonoverlapping(bytes.as_ptr(), data.add(from), grown);
                own.set_len(whole);
            }
            Ok(())
        })
    }

    /// One byte more. What has not changed is not noted again: a loop would wait for it.
    #[inline]
    fn push(&self, cx: Cx, v: u8) -> R<()> {
        let head = self.head();
        if self.is_live() {
            return self.push_live(cx, v);
        }
        // SAFETY: A short borrow of what only this thread sees.
        let own = unsafe { &mut *head.own.get() };
        // For all that LLVM knows the byte may be written over the length, which would be read once more.
        let at = own.len();
        let moves = at == own.capacity();
        if own.push(v).is_err() {
            return bail(Bail::Memory);
        }
        head.len.set(at + 1);
        if moves {
            head.data.set(own.as_mut_ptr());
        }
        Ok(())
    }

    /// `self is other`
    #[inline]
    pub fn is(&self, other: &ByteArray) -> bool {
        self.head == other.head
    }
}

impl FromPy for ByteArray {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<ByteArray> {
        // SAFETY: By the caller.
        unsafe {
            if ffi::PyByteArray_CheckExact(object) == 0 {
                return bail(Bail::Type);
            }
            if let Some(known) = cx.txn().rare().bytearrays.find(object) {
                return Ok(known);
            }
            let array = ByteArray::with(Buf::new())?;
            array.attach(cx, object, false)?;
            Ok(array)
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { ffi::PyByteArray_CheckExact(object) != 0 }
    }
}

impl IntoPy for ByteArray {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        let head = self.head();
        // SAFETY: The object is alive; a new one gets a copy of the content.
        unsafe {
            if self.is_live() {
                return Ok(again(head.live.object.get().cast()));
            }
            let raw = self.raw();
            let object = fresh(ffi::PyByteArray_FromStringAndSize(raw.as_ptr().cast(), raw.len() as isize))?;
            if head.handles.get() > 1 {
                // Others may go on writing: from now on it is that object.
                cx.adopt(again(object))?;
                self.attach(cx, object, true)?;
                *head.own.get() = Buf::new();
            }
            Ok(object)
        }
    }
}

impl ElemEq for ByteArray {
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.is(other) || self.raw() == other.raw())
    }

    fn view(&self) -> View<'_> {
        View::Octets(self.raw())
    }
}

impl ElemOrd for ByteArray {
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<core::cmp::Ordering> {
        Ok(self.raw().cmp(other.raw()))
    }
}

impl Repr for ByteArray {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let _ = cx;
        let raw = self.raw();
        // SAFETY: An exact `bytearray` of our own, whose text runs no Python code.
        unsafe {
            let object = ffi::PyByteArray_FromStringAndSize(raw.as_ptr().cast(), raw.len() as isize);
            let object = Temporary(owned(object)?);
            out.push_str(&undisturbed(|| crate::str_::own(ffi::PyObject_Repr(object.ptr())))?)
        }
    }
}

/// The bytes that it holds now.
pub fn to_bytes(_: Cx, b: &ByteArray) -> R<Bytes> {
    Bytes::copy_of(b.raw())
}
