//! What a transaction knows of the arrays that it has seen, and how what was done to them is undone.
//!
//! Items are written at once. What stood there is logged, item by item, or all of it once the log is as long as a part of
//! the array. Items that were not there when the transaction began need no log, and arrays that it has made need none at
//! all. The room for items grows as CPython lets it grow; it never shrinks before the commit, so that all of what was
//! there can come back without memory.

use core::cell::Cell;
use core::ptr::{self, NonNull};
use std::alloc::{Layout, alloc, dealloc};

use pyo3_ffi::{self as ffi, Py_ssize_t, PyObject};

use super::layout::ArrayObject;
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

struct Head {
    /// Of what native code has made: a reference belongs to the handles.
    handles: Cell<usize>,
    array: NonNull<ArrayObject>,
    item: usize,
    /// Stores before this item are logged.
    guarded: Cell<usize>,
    /// How many items there were, and for how many there was room.
    began: usize,
    had_room: Py_ssize_t,
    /// For how many CPython would have made room by now.
    room: Cell<Py_ssize_t>,
    logged: Cell<usize>,
    made: bool,
    /// The transaction knows it.
    listed: Cell<bool>,
}

/// An array. What only reads one that came from Python needs no head.
pub(super) struct Handle {
    array: NonNull<ArrayObject>,
    head: Cell<*const Head>,
    made: bool,
}

impl Clone for Handle {
    #[inline(always)]
    fn clone(&self) -> Self {
        if self.made {
            // SAFETY: a handle of what native code has made has a head, which lives as long.
            let handles = unsafe { &(*self.head.get()).handles };
            handles.set(handles.get() + 1);
        }
        Handle { array: self.array, head: self.head.clone(), made: self.made }
    }
}

impl Drop for Handle {
    #[inline(always)]
    fn drop(&mut self) {
        if self.made {
            // SAFETY: as `clone`.
            unsafe { release(self.head.get()) };
        }
    }
}

/// One handle less of what native code has made.
///
/// # Safety
/// The head is that of such an array, and one of its handles is gone.
#[inline]
unsafe fn release(head: *const Head) {
    // SAFETY: by the caller; an array that dies runs no Python code.
    unsafe {
        let handles = (*head).handles.get() - 1;
        (*head).handles.set(handles);
        if handles == 0 {
            ffi::Py_DECREF((*head).array.as_ptr().cast());
            dealloc(head.cast_mut().cast(), Layout::new::<Head>());
        }
    }
}

struct Entry {
    head: NonNull<Head>,
    /// Where, in bytes from the first item.
    at: usize,
    kept: Kept,
}

enum Kept {
    Item([u8; 8]),
    /// So many bytes, and where they stand in [`Packeds::kept`].
    Run {
        from: usize,
        bytes: usize,
    },
}

/// All arrays of a transaction.
pub(crate) struct Packeds {
    /// Those that may have been changed. The transaction holds a handle of those that native code has made.
    heads: Buf<NonNull<Head>>,
    /// Where each stands, once there are many.
    map: PtrMap,
    log: Buf<Entry>,
    /// What has been copied. Its memory stays for the next transaction.
    kept: Buf<u8>,
    /// In checked mode: what the arrays held when they were seen.
    shadow: Buf<(NonNull<Head>, Buf<u8>)>,
}

/// So many bytes stay for the next transaction.
const MOST_KEPT: usize = 1 << 20;

impl Packeds {
    pub(crate) const fn new() -> Packeds {
        Packeds {
            heads: Buf::new(),
            map: PtrMap::new(),
            log: Buf::new(),
            kept: Buf::new(),
            shadow: Buf::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Puts everything back; in checked mode says whether all is as it was.
    ///
    /// # Safety
    /// The arrays are alive.
    pub(crate) unsafe fn undo(&mut self) -> bool {
        // SAFETY: by the caller; there is room for all items that there were, since nothing has shrunk.
        unsafe {
            for entry in self.log.iter().rev() {
                let head = entry.head.as_ref();
                let place = (*head.array.as_ptr()).items.add(entry.at);
                match &entry.kept {
                    Kept::Item(bits) => ptr::copy_nonoverlapping(bits.as_ptr(), place, head.item),
                    Kept::Run { from, bytes } => {
                        ptr::copy_nonoverlapping(self.kept.as_ptr().add(*from), place, *bytes);
                    }
                }
            }
            self.log.clear();
            for head in self.heads.iter().map(|head| head.as_ref()).filter(|head| !head.made) {
                (*head.array.as_ptr()).head.ob_size = head.began as Py_ssize_t;
                head.room.set(head.had_room);
                head.settle();
            }
            self.shadow.iter().all(|(head, content)| {
                let array = &*head.as_ref().array.as_ptr();
                array.head.ob_size as usize * head.as_ref().item == content.len()
                    && (content.is_empty()
                        || core::slice::from_raw_parts(array.items, content.len()) == &content[..])
            })
        }
    }

    /// What was done stays: gives back the room that CPython would not have any more. Cannot fail.
    pub(crate) fn commit(&mut self) {
        // SAFETY: heads live as long as they are listed.
        self.heads.iter().for_each(|head| unsafe { head.as_ref() }.settle());
        self.forget();
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        if self.heads.is_empty() {
            return;
        }
        self.log.clear();
        self.shadow.clear();
        if self.heads.len() > FEW {
            self.map.clear();
        }
        if self.kept.capacity() > MOST_KEPT {
            self.kept = Buf::new();
        } else {
            self.kept.clear();
        }
        while let Some(head) = self.heads.pop() {
            // SAFETY: no handle is left of what came from Python; of what native code has made this is one.
            unsafe {
                if head.as_ref().made {
                    release(head.as_ptr());
                } else {
                    dealloc(head.as_ptr().cast(), Layout::new::<Head>());
                }
            }
        }
    }

    fn find(&self, array: NonNull<ArrayObject>) -> Option<NonNull<Head>> {
        if self.heads.len() > FEW {
            return self.heads.get(self.map.get(array.as_ptr().cast())? as usize).copied();
        }
        // SAFETY: as `commit`.
        self.heads.iter().copied().find(|head| unsafe { head.as_ref() }.array == array)
    }

    fn list(&mut self, head: NonNull<Head>) -> R<()> {
        // SAFETY: the head is alive.
        let key = |head: &NonNull<Head>| unsafe { head.as_ref() }.array.as_ptr().cast();
        if self.heads.push(head).is_err() {
            return bail(Bail::Memory);
        }
        // SAFETY: as above.
        unsafe { head.as_ref() }.listed.set(true);
        let from = match self.heads.len() - 1 {
            ..FEW => return Ok(()),
            FEW => 0,
            last => last,
        };
        for at in from..self.heads.len() {
            if !self.map.insert(key(&self.heads[at]), at as u32) {
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }
}

/// So many are looked through one after the other.
const FEW: usize = 8;

/// A head of an array as it is now.
fn head_of(array: NonNull<ArrayObject>, item: usize, made: bool) -> R<NonNull<Head>> {
    // SAFETY: the array is alive; the memory is written at once.
    unsafe {
        let (began, room) = (array.as_ref().head.ob_size as usize, array.as_ref().allocated);
        let Some(head) = NonNull::new(alloc(Layout::new::<Head>()).cast::<Head>()) else {
            return bail(Bail::Memory);
        };
        head.write(Head {
            handles: Cell::new(1),
            array,
            item,
            guarded: Cell::new(if made { 0 } else { began }),
            began,
            had_room: room,
            room: Cell::new(room),
            logged: Cell::new(0),
            made,
            listed: Cell::new(false),
        });
        Ok(head)
    }
}

impl Handle {
    /// Of an array that came from Python.
    ///
    /// # Safety
    /// `object` is an exact array that lives until the transaction closes, and the layout is proved.
    #[inline(always)]
    pub(super) unsafe fn of_python(object: *mut PyObject) -> Handle {
        // SAFETY: by the caller.
        let array = unsafe { NonNull::new_unchecked(object.cast()) };
        Handle { array, head: Cell::new(ptr::null()), made: false }
    }

    /// Of a new array of items of `item` bytes; the reference goes over to it.
    ///
    /// # Safety
    /// As [`Handle::of_python`].
    pub(super) unsafe fn of_made(object: *mut PyObject, item: usize) -> R<Handle> {
        // SAFETY: by the caller.
        let array = unsafe { NonNull::new_unchecked(object.cast()) };
        match head_of(array, item, true) {
            Ok(head) => Ok(Handle { array, head: Cell::new(head.as_ptr()), made: true }),
            Err(stop) => {
                // SAFETY: the reference was ours.
                unsafe { ffi::Py_DECREF(object) };
                Err(stop)
            }
        }
    }

    /// Python gets the object: should it come back, it is the same array.
    pub(super) fn leave(&self, cx: Cx) -> R<()> {
        if !self.made {
            return Ok(());
        }
        // SAFETY: what native code has made has a head. A reference of its own keeps the object alive while it is listed.
        unsafe {
            let head = NonNull::new_unchecked(self.head.get().cast_mut());
            head.as_ref().settle();
            if !head.as_ref().listed.get() && head.as_ref().handles.get() > 1 {
                cx.keep(self.object())?;
                cx.txn().rare().packeds.list(head)?;
                head.as_ref().handles.set(head.as_ref().handles.get() + 1);
            }
        }
        Ok(())
    }

    /// The head, before a change.
    #[inline(always)]
    fn head(&self, cx: Cx, item: usize) -> R<&Head> {
        if self.head.get().is_null() {
            self.meet(cx, item)?;
        }
        // SAFETY: it lives as long as the transaction knows it, or a handle is left.
        Ok(unsafe { &*self.head.get() })
    }

    #[cold]
    #[inline(never)]
    fn meet(&self, cx: Cx, item: usize) -> R<()> {
        // SAFETY: short borrows.
        let packeds = unsafe { &mut cx.txn().rare().packeds };
        let head = match packeds.find(self.array) {
            Some(head) => head,
            None => {
                let head = head_of(self.array, item, false)?;
                packeds.list(head)?;
                // SAFETY: a short borrow.
                if unsafe { cx.txn() }.checked {
                    let mut content = Buf::new();
                    if content.extend_from(self.bytes(item)) {
                        let _ = packeds.shadow.push((head, content));
                    }
                }
                head
            }
        };
        self.head.set(head.as_ptr());
        Ok(())
    }

    #[inline(always)]
    pub(super) fn object(&self) -> *mut PyObject {
        self.array.as_ptr().cast()
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        // SAFETY: the array is alive as long as a handle.
        unsafe { (*self.array.as_ptr()).head.ob_size as usize }
    }

    #[inline(always)]
    pub(super) fn items(&self) -> *mut u8 {
        // SAFETY: as `len`.
        unsafe { (*self.array.as_ptr()).items }
    }

    /// The bytes of all items of that size. The borrow must end before anything can change them.
    #[inline]
    pub(super) fn bytes(&self, item: usize) -> &[u8] {
        if self.len() == 0 {
            return &[];
        }
        // SAFETY: there are as many items, and nobody changes them meanwhile.
        unsafe { core::slice::from_raw_parts(self.items(), self.len() * item) }
    }

    /// Before an item is overwritten: what stands there is kept, if it must be.
    #[inline(always)]
    pub(super) fn before_store(&self, cx: Cx, index: usize, item: usize) -> R<()> {
        let head = self.head(cx, item)?;
        if index < head.guarded.get() { head.log(cx, index) } else { Ok(()) }
    }

    /// Before the items from `from` to `to` are overwritten.
    pub(super) fn before_stores(&self, cx: Cx, from: usize, to: usize, item: usize) -> R<()> {
        let head = self.head(cx, item)?;
        let to = to.min(head.guarded.get());
        if from >= to {
            return Ok(());
        }
        let logged = head.logged.get() + 1 + (to - from) / 8;
        if logged > 16 + head.guarded.get() / 8 {
            return head.keep(cx, 0);
        }
        head.logged.set(logged);
        head.save(cx, from, to)
    }

    /// Room for one item more, which is not written; where it goes.
    #[inline(always)]
    pub(super) fn one_more(&self, cx: Cx, item: usize) -> R<*mut u8> {
        let head = self.head(cx, item)?;
        // SAFETY: the array is alive.
        let array = unsafe { &mut *self.array.as_ptr() };
        let len = array.head.ob_size;
        if array.exports != 0 {
            return bail(Bail::Unsupported);
        }
        if len < head.room.get() {
            array.head.ob_size = len + 1;
        } else {
            head.make_room(len as usize + 1)?;
        }
        if (len as usize) < head.guarded.get() {
            head.log(cx, len as usize)?;
        }
        // SAFETY: there is room for it.
        Ok(unsafe { (*self.array.as_ptr()).items.add(len as usize * item) })
    }

    /// Keeps all items from one on: they may be written to from now on.
    pub(super) fn keep(&self, cx: Cx, from: usize, item: usize) -> R<()> {
        self.head(cx, item)?.keep(cx, from)
    }

    /// Bails while somebody has a view of the items.
    pub(super) fn check_resizable(&self) -> R<()> {
        // SAFETY: the array is alive.
        if unsafe { self.array.as_ref() }.exports != 0 { bail(Bail::Unsupported) } else { Ok(()) }
    }

    /// Another length; new items are not written. Bails while somebody has a view of the items.
    #[inline]
    pub(super) fn resize(&self, cx: Cx, len: usize, item: usize) -> R<()> {
        let (head, old) = (self.head(cx, item)?, self.len());
        // SAFETY: the array is alive.
        let array = unsafe { &mut *self.array.as_ptr() };
        if len != old && array.exports != 0 {
            return bail(Bail::Unsupported);
        }
        let room = head.room.get();
        // As `array_resize` of CPython has it.
        if room >= len as Py_ssize_t && old < len + 16 && room != 0 {
            array.head.ob_size = len as Py_ssize_t;
            return Ok(());
        }
        head.make_room(len)
    }
}

impl Head {
    #[cold]
    #[inline(never)]
    fn make_room(&self, len: usize) -> R<()> {
        // SAFETY: the array is alive, and nobody else looks at its items.
        unsafe {
            let old = (*self.array.as_ptr()).head.ob_size;
            let array = &mut *self.array.as_ptr();
            let want = if len == 0 { 0 } else { (len >> 4) + (if old < 8 { 3 } else { 7 }) + len };
            if want > array.allocated as usize {
                let bytes = want.checked_mul(self.item).filter(|bytes| *bytes < isize::MAX as usize);
                let Some(bytes) = bytes else { return bail(Bail::Memory) };
                let items = ffi::PyMem_Realloc(array.items.cast(), bytes);
                if items.is_null() {
                    return bail(Bail::Memory);
                }
                array.items = items.cast();
                array.allocated = want as Py_ssize_t;
            }
            self.room.set(want as Py_ssize_t);
            array.head.ob_size = len as Py_ssize_t;
        }
        Ok(())
    }

    /// Keeps what stands at an item that is guarded.
    #[inline(never)]
    fn log(&self, cx: Cx, index: usize) -> R<()> {
        let logged = self.logged.get() + 1;
        if logged > 16 + self.guarded.get() / 8 {
            return self.keep(cx, 0);
        }
        let (at, mut bits) = (index * self.item, [0; 8]);
        // SAFETY: the item is there, and takes at most eight bytes; a short borrow.
        unsafe {
            ptr::copy_nonoverlapping((*self.array.as_ptr()).items.add(at), bits.as_mut_ptr(), self.item);
            let entry = Entry { head: NonNull::from(self), at, kept: Kept::Item(bits) };
            if cx.txn().rare().packeds.log.push(entry).is_err() {
                return bail(Bail::Memory);
            }
        }
        self.logged.set(logged);
        Ok(())
    }

    fn keep(&self, cx: Cx, from: usize) -> R<()> {
        let guarded = self.guarded.get();
        if from < guarded {
            self.save(cx, from, guarded)?;
            self.guarded.set(from);
        }
        Ok(())
    }

    /// Keeps the items from `from` to `to`.
    fn save(&self, cx: Cx, from: usize, to: usize) -> R<()> {
        let (at, bytes) = (from * self.item, (to - from) * self.item);
        // SAFETY: there is room for all items that are guarded, also where the array is shorter now; a short borrow.
        unsafe {
            let packeds = &mut cx.txn().rare().packeds;
            let stands = packeds.kept.len();
            let content = core::slice::from_raw_parts((*self.array.as_ptr()).items.add(at), bytes);
            if !packeds.kept.extend_from(content) {
                return bail(Bail::Memory);
            }
            let entry = Entry { head: NonNull::from(self), at, kept: Kept::Run { from: stands, bytes } };
            if packeds.log.push(entry).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }

    /// Gives back what there is more room than CPython would have.
    fn settle(&self) {
        let room = self.room.get();
        // SAFETY: the array is alive; its items take no more than that room.
        unsafe {
            let array = &mut *self.array.as_ptr();
            if room >= array.allocated {
                return;
            }
            debug_assert!(room >= array.head.ob_size);
            if room == 0 {
                ffi::PyMem_Free(array.items.cast());
                array.items = ptr::null_mut();
                array.allocated = 0;
                return;
            }
            let items = ffi::PyMem_Realloc(array.items.cast(), room as usize * self.item);
            // Without memory for less the room stays.
            if !items.is_null() {
                array.items = items.cast();
                array.allocated = room;
            }
        }
    }
}
