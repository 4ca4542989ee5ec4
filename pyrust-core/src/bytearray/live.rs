//! The `bytearray` objects of Python's that a transaction knows: they are changed where they lie, and what was there comes
//! back if the call is given up.
//!
//! Bytes are counted from the beginning of the buffer, before which `ob_start` may have moved, so that what is taken off
//! the front costs nothing. The buffer grows as CPython lets it grow and shrinks only at the commit: all of what was there
//! has room. The zero behind the content, which C code may read, is written at the end.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi as ffi;
use pyo3_ffi::{Py_ssize_t, PyByteArrayObject, PyObject};

use super::{ByteArray, Head};
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// What is known of an object besides its content.
pub(super) struct Live {
    /// Null while native code alone knows it. The transaction keeps it alive.
    pub(super) object: Cell<*mut PyByteArrayObject>,
    /// Where the content begins, from the beginning of the buffer.
    offset: Cell<usize>,
    /// Where it began, how long it was, and the room that the buffer had.
    began: Cell<(usize, usize)>,
    had_room: Cell<usize>,
    /// Stores between these are logged.
    guarded: Cell<(usize, usize)>,
    /// Stores before this byte of the content may have to be.
    limit: Cell<usize>,
    logged: Cell<usize>,
    changed: Cell<bool>,
}

struct Entry {
    head: *const Head,
    at: usize,
    /// Where in [`Attached::kept`] it stands, and so many bytes.
    from: usize,
    bytes: usize,
}

/// One handle per object.
pub(crate) struct Attached {
    map: PtrMap,
    handles: Buf<ByteArray>,
    log: Buf<Entry>,
    /// What has been overwritten. Its memory stays for the next transaction.
    kept: Buf<u8>,
    /// In checked mode: what was there when the object was seen.
    shadow: Buf<(*mut PyObject, Buf<u8>)>,
}

/// So many bytes stay for the next transaction.
const MOST_KEPT: usize = 1 << 20;

/// A longer stretch before the content is given up when the buffer has to grow.
const MOST_BEFORE: usize = 1 << 12;

impl Attached {
    pub(crate) const fn new() -> Attached {
        Attached {
            map: PtrMap::new(),
            handles: Buf::new(),
            log: Buf::new(),
            kept: Buf::new(),
            shadow: Buf::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(super) fn find(&self, object: *mut PyObject) -> Option<ByteArray> {
        self.handles.get(self.map.get(object)? as usize).cloned()
    }

    /// Forgets them all, if none was changed: nothing is left to do.
    #[inline]
    pub(crate) fn forget_unchanged(&mut self) {
        if !self.handles.is_empty() && self.handles.iter().all(|b| !b.head().live.changed.get()) {
            self.forget();
        }
    }

    /// What was done stays. Cannot fail.
    pub(crate) fn commit(&mut self) {
        self.handles.iter().filter(|b| b.head().live.changed.get()).for_each(|b| b.settle());
        self.forget();
    }

    /// Puts everything back; in checked mode says whether all is as it was.
    ///
    /// # Safety
    /// The objects are alive.
    pub(crate) unsafe fn undo(&mut self) -> bool {
        // SAFETY: by the caller; the buffers have room for all that was there, and all of them are exact.
        unsafe {
            for entry in self.log.iter().rev() {
                let buffer = (*(*entry.head).live.object.get()).ob_bytes.cast::<u8>();
                let was = self.kept.as_ptr().add(entry.from);
                ptr::copy_nonoverlapping(was, buffer.add(entry.at), entry.bytes);
            }
            self.log.clear();
            for bytes in self.handles.iter().filter(|b| b.head().live.changed.get()) {
                let (offset, len) = bytes.head().live.began.get();
                bytes.place(offset, len);
                bytes.shrink(bytes.head().live.had_room.get());
                bytes.end();
            }
            self.shadow.iter().all(|(object, was)| {
                let (data, len) = content(*object);
                len == was.len() && core::slice::from_raw_parts(data, len) == &was[..]
            })
        }
    }

    pub(crate) fn forget(&mut self) {
        self.map.clear();
        self.log.clear();
        self.shadow.clear();
        if self.kept.capacity() > MOST_KEPT {
            self.kept = Buf::new();
        } else {
            self.kept.clear();
        }
        self.handles.clear();
    }
}

/// Where the content is.
///
/// # Safety
/// `object` is a `bytearray` that is alive.
unsafe fn content(object: *mut PyObject) -> (*mut u8, usize) {
    // SAFETY: By the caller; without content there may be no buffer.
    unsafe { (ffi::PyByteArray_AsString(object).cast(), ffi::PyByteArray_Size(object) as usize) }
}

impl Live {
    /// Of what native code alone knows.
    pub(super) const fn nothing() -> Live {
        Live {
            object: Cell::new(ptr::null_mut()),
            offset: Cell::new(0),
            began: Cell::new((0, 0)),
            had_room: Cell::new(0),
            guarded: Cell::new((0, 0)),
            limit: Cell::new(0),
            logged: Cell::new(0),
            changed: Cell::new(false),
        }
    }

    /// Which stores are logged from now on.
    fn guard(&self, (low, high): (usize, usize)) {
        self.guarded.set((low, high));
        self.limit.set(if low < high { high.saturating_sub(self.offset.get()) } else { 0 });
    }
}

impl ByteArray {
    /// From now on it is that object, whose content it has. `made`: nobody has seen that yet.
    pub(super) fn attach(&self, cx: Cx, object: *mut PyObject, made: bool) -> R<()> {
        let head = self.head();
        // SAFETY: the object is an exact `bytearray` that lives until the transaction closes; short borrows.
        unsafe {
            let (data, len) = content(object);
            let array = object.cast::<PyByteArrayObject>();
            let offset = (*array).ob_start.addr() - (*array).ob_bytes.addr();
            head.live.object.set(array);
            head.live.offset.set(offset);
            head.live.began.set((offset, len));
            head.live.had_room.set((*array).ob_alloc as usize);
            head.live.guard(if made { (0, 0) } else { (offset, offset + len) });
            head.data.set(data);
            head.len.set(len);
            let txn = cx.txn();
            let checked = txn.checked;
            let attached = &mut txn.rare().bytearrays;
            let at = attached.handles.len() as u32;
            if attached.handles.push(self.clone()).is_err() || !attached.map.insert(object, at) {
                return bail(Bail::Memory);
            }
            if checked && !made {
                let mut was = Buf::new();
                if was.extend_from(self.raw()) {
                    let _ = attached.shadow.push((object, was));
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_live(&self) -> bool {
        !self.head().live.object.get().is_null()
    }

    /// Before the byte at `at < len` is overwritten.
    #[inline(always)]
    pub(super) fn before_store(&self, cx: Cx, at: usize) -> R<()> {
        if at < self.head().live.limit.get() { self.before_stores(cx, at, at + 1) } else { Ok(()) }
    }

    /// Before the bytes from `from` to `to` are overwritten.
    #[inline(never)]
    fn before_stores(&self, cx: Cx, from: usize, to: usize) -> R<()> {
        let live = &self.head().live;
        let ((low, high), offset) = (live.guarded.get(), live.offset.get());
        let (from, to) = ((offset + from).max(low), (offset + to).min(high));
        if from < to { self.log(cx, from, to) } else { Ok(()) }
    }

    /// Before all bytes from `from` on may be overwritten, behind the content too.
    pub(super) fn before_all(&self, cx: Cx, from: usize) -> R<()> {
        let live = &self.head().live;
        let ((low, high), offset) = (live.guarded.get(), live.offset.get());
        let from = (offset + from).max(low);
        if from < high {
            self.save(cx, from, high)?;
            live.guard((low, from));
        }
        Ok(())
    }

    #[inline(never)]
    fn log(&self, cx: Cx, from: usize, to: usize) -> R<()> {
        let live = &self.head().live;
        let (low, high) = live.guarded.get();
        // An entry takes the room of some forty bytes.
        let logged = live.logged.get() + 40 + (to - from);
        if logged > 640 + 2 * (high - low) {
            self.save(cx, low, high)?;
            live.guard((0, 0));
            return Ok(());
        }
        live.logged.set(logged);
        self.save(cx, from, to)
    }

    /// Keeps these bytes of the buffer.
    fn save(&self, cx: Cx, from: usize, to: usize) -> R<()> {
        let live = &self.head().live;
        // SAFETY: what is guarded has room, also where the content is shorter now; short borrows.
        unsafe {
            let attached = &mut cx.txn().rare().bytearrays;
            let stands = attached.kept.len();
            let buffer = (*live.object.get()).ob_bytes.cast::<u8>();
            if !attached.kept.extend_from(core::slice::from_raw_parts(buffer.add(from), to - from)) {
                return bail(Bail::Memory);
            }
            let entry = Entry { head: self.head(), at: from, from: stands, bytes: to - from };
            if attached.log.push(entry).is_err() {
                return bail(Bail::Memory);
            }
        }
        live.changed.set(true);
        Ok(())
    }

    /// Says where the content is in the buffer.
    ///
    /// # Safety
    /// The buffer has room for it.
    unsafe fn place(&self, offset: usize, len: usize) {
        let head = self.head();
        // SAFETY: by the caller; an empty content may have no buffer.
        unsafe {
            let array = &mut *head.live.object.get();
            array.ob_start = array.ob_bytes.wrapping_add(offset);
            array.ob_base.ob_size = len as Py_ssize_t;
            head.live.offset.set(offset);
            head.live.guard(head.live.guarded.get());
            head.live.changed.set(true);
            head.data.set(array.ob_start.cast());
            head.len.set(len);
        }
    }

    /// Bails while somebody has a view of the content.
    pub(super) fn check_resizable(&self) -> R<()> {
        let object = self.head().live.object.get();
        // SAFETY: the object is alive.
        if !object.is_null() && unsafe { (*object).ob_exports } != 0 {
            bail(Bail::Unsupported)
        } else {
            Ok(())
        }
    }

    /// Another length, with room for it; new bytes are not written. Bails while somebody has a view of the content.
    #[inline]
    pub(super) fn resize(&self, cx: Cx, len: usize) -> R<()> {
        let live = &self.head().live;
        // SAFETY: the object is alive.
        let array = unsafe { &*live.object.get() };
        if array.ob_exports != 0 {
            return bail(Bail::Unsupported);
        }
        if live.offset.get() + len + 1 > array.ob_alloc as usize {
            self.make_room(cx, len)?;
        }
        // SAFETY: there is room.
        unsafe { self.place(live.offset.get(), len) };
        Ok(())
    }

    /// One byte more.
    #[inline(never)]
    pub(super) fn push_live(&self, cx: Cx, v: u8) -> R<()> {
        let head = self.head();
        let len = head.len.get();
        self.resize(cx, len + 1)?;
        self.before_store(cx, len)?;
        // SAFETY: room was made.
        unsafe { head.data.get().add(len).write(v) };
        Ok(())
    }

    /// Takes bytes off the front.
    pub(super) fn take_front(&self, count: usize) -> R<()> {
        let live = &self.head().live;
        // SAFETY: the object is alive, and has so many bytes.
        unsafe {
            self.check_resizable()?;
            self.place(live.offset.get() + count, self.head().len.get() - count);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn make_room(&self, cx: Cx, len: usize) -> R<()> {
        let head = self.head();
        let old = head.len.get();
        if head.live.offset.get() > old.max(MOST_BEFORE) {
            let (low, high) = head.live.guarded.get();
            if low < high {
                self.save(cx, low, high)?;
                head.live.guard((0, 0));
            }
            // SAFETY: the content moves within its buffer.
            unsafe {
                let buffer = (*head.live.object.get()).ob_bytes.cast::<u8>();
                ptr::copy(buffer.add(head.live.offset.get()), buffer, old);
                self.place(0, old);
            }
        }
        let offset = head.live.offset.get();
        // SAFETY: the object is alive, and nobody else looks at its buffer.
        unsafe {
            let array = &mut *head.live.object.get();
            let room = array.ob_alloc as usize;
            if offset + len < room {
                return Ok(());
            }
            // As CPython has it.
            let want = match len <= room + room / 8 {
                true => len + (len >> 3) + if len < 9 { 3 } else { 6 },
                false => len + 1,
            };
            let Some(want) = want.checked_add(offset).filter(|want| *want < isize::MAX as usize) else {
                return bail(Bail::Memory);
            };
            let buffer = ffi::PyObject_Realloc(array.ob_bytes.cast(), want);
            if buffer.is_null() {
                return bail(Bail::Memory);
            }
            array.ob_bytes = buffer.cast();
            array.ob_alloc = want as Py_ssize_t;
            self.place(offset, old);
        }
        Ok(())
    }

    /// At the commit: no more than twice the room that the content takes.
    fn settle(&self) {
        let head = self.head();
        if head.len.get() == 0 {
            // SAFETY: nothing needs no room.
            unsafe { self.place(0, 0) };
        }
        let (offset, len) = (head.live.offset.get(), head.len.get());
        // SAFETY: the object is alive; the buffer has room for the content.
        unsafe {
            let array = &*head.live.object.get();
            if array.ob_exports == 0 && len < array.ob_alloc as usize / 2 {
                if offset > 0 {
                    let buffer = array.ob_bytes.cast::<u8>();
                    ptr::copy(buffer.add(offset), buffer, len);
                    self.place(0, len);
                }
                self.shrink(len + 1);
            }
        }
        self.end();
    }

    /// Gives room back; the content takes less.
    unsafe fn shrink(&self, room: usize) {
        let head = self.head();
        // SAFETY: the object is alive, and nobody looks at its buffer.
        unsafe {
            let array = &mut *head.live.object.get();
            if array.ob_alloc as usize <= room {
                return;
            }
            let buffer = if room == 0 {
                ffi::PyObject_Free(array.ob_bytes.cast());
                ptr::null_mut()
            } else {
                ffi::PyObject_Realloc(array.ob_bytes.cast(), room)
            };
            // Without memory for less the room stays.
            if room == 0 || !buffer.is_null() {
                array.ob_bytes = buffer.cast();
                array.ob_alloc = room as Py_ssize_t;
                self.place(head.live.offset.get(), head.len.get());
            }
        }
    }

    /// The zero behind the content.
    fn end(&self) {
        // SAFETY: the object is alive; a buffer has room for it.
        unsafe {
            let array = &*self.head().live.object.get();
            if !array.ob_bytes.is_null() {
                array.ob_start.add(self.head().len.get()).write(0);
            }
        }
    }

    /// Other bytes in place of those from `from` to `to`.
    pub(super) fn splice_live(&self, cx: Cx, from: usize, to: usize, bytes: &[u8]) -> R<()> {
        let (len, grown) = (self.head().len.get(), bytes.len());
        let mut at = from;
        if grown == to - from {
            self.before_stores(cx, from, to)?;
        } else if to == len && grown < to - from {
            self.before_stores(cx, from, from + grown)?;
            self.resize(cx, from + grown)?;
        } else if from == 0 && grown < to {
            self.take_front(to - grown)?;
            self.before_stores(cx, 0, grown)?;
            at = 0;
        } else {
            self.before_all(cx, from)?;
            let after = len - to;
            if grown > to - from {
                self.resize(cx, from + grown + after)?;
            }
            if after > 0 {
                // SAFETY: there is room for what stood there and for what will; what moves may overlap.
                unsafe {
                    let data = self.head().data.get();
                    ptr::copy(data.add(to), data.add(from + grown), after);
                }
            }
            if grown < to - from {
                self.resize(cx, from + grown + after)?;
            }
        }
        if grown > 0 {
            // SAFETY: there is room; the bytes are of another object.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.head().data.get().add(at), grown) };
        }
        Ok(())
    }
}
