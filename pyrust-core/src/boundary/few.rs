//! The first writes of a call to each dict: they wait as objects, in the order in which they came.
//!
//! Most calls that change the shape of a dict do so once or twice, and some do it to many dicts: no overlay is made for
//! that, and nothing is boxed at the commit. A dict has its writes here or in an overlay, never in both; they go over to
//! one when somebody goes through the dict from its end (`dict::live::few`), or when there are too many. When there are
//! too many in all, it ends for this transaction.

use core::any::TypeId;
use core::ptr;

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::dropped;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::overlay::{self, Op, apply_one};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// So many of them to one dict: they are looked through one by one.
const MOST: usize = 8;

/// So many in all.
const MOST_IN_ALL: usize = 1 << 22;

/// Memory for so many is kept for the next transaction.
const KEPT: usize = 1 << 14;

/// No other write.
const NONE: u32 = u32::MAX;

/// Who wrote.
pub(crate) struct Writer {
    /// The types of the handle.
    pub(crate) types: TypeId,
    /// Makes an overlay of the writes to the dict.
    pub(crate) go_over: unsafe fn(*mut PyObject, Cx) -> R<()>,
}

/// One write; the references to key and value are owned.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    /// Null: gone over to an overlay, with the references.
    pub(crate) dict: *mut PyObject,
    pub(crate) writer: &'static Writer,
    pub(crate) hash: isize,
    pub(crate) key: *mut PyObject,
    /// Null: deleted.
    pub(crate) value: *mut PyObject,
    /// By how much the dict grows.
    pub(crate) growth: i8,
    /// Of the first one to a dict: how many there are, and which one is the last. [`Few::push`] sets all three.
    count: u8,
    last: u32,
    /// The next one to this dict.
    next: u32,
}

impl Write {
    pub(crate) fn new(
        dict: *mut PyObject,
        writer: &'static Writer,
        hash: isize,
        key: *mut PyObject,
        value: *mut PyObject,
        growth: i8,
    ) -> Write {
        Write { dict, writer, hash, key, value, growth, count: 0, last: NONE, next: NONE }
    }

    pub(crate) unsafe fn drop_references(self) {
        // SAFETY: By the caller: they are given up once.
        unsafe {
            Py_DECREF(self.key);
            if !self.value.is_null() {
                Py_DECREF(self.value);
            }
        }
    }

    fn operation(self) -> Op {
        match self.value.is_null() {
            true => Op::Del(self.key),
            false => Op::SetKnown(self.key, self.value, self.hash),
        }
    }
}

/// Which write to a dict is the first one stands in the dict itself, as its version, as long as the transaction is open.
mod mark {
    use super::{NONE, PyObject, layout};

    pub(super) fn first(dict: *mut PyObject) -> Option<u32> {
        // SAFETY: Writes are to live dicts.
        unsafe { layout::dict_mark(dict) }
    }

    pub(super) fn set(dict: *mut PyObject, first: u32) {
        // SAFETY: As above.
        unsafe {
            match first {
                NONE => layout::dict_moved_on(dict),
                first => layout::set_dict_mark(dict, first),
            }
        }
    }
}

pub(crate) struct Few {
    writes: Buf<Write>,
    /// No more of them.
    closed: bool,
}

impl Few {
    pub(crate) const fn new() -> Few {
        Few { writes: Buf::new(), closed: false }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    #[inline(always)]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Is there no room for another one to this dict?
    #[inline(always)]
    pub(crate) fn is_full_of(&self, dict: *mut PyObject) -> bool {
        self.first(dict).is_some_and(|first| usize::from(self.writes[first].count) >= MOST)
    }

    /// Is there no room for another one to any?
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.writes.len() >= MOST_IN_ALL
    }

    /// What there is, for the end of the transaction.
    #[inline]
    pub(crate) fn take(&mut self) -> Few {
        core::mem::replace(self, Few::new())
    }

    #[inline(always)]
    fn first(&self, dict: *mut PyObject) -> Option<usize> {
        if self.is_empty() { None } else { mark::first(dict).map(|first| first as usize) }
    }

    /// Has the dict writes here?
    #[inline(always)]
    pub(crate) fn holds(&self, dict: *mut PyObject) -> bool {
        self.first(dict).is_some()
    }

    /// One of them.
    #[inline(always)]
    pub(crate) fn get(&self, at: usize) -> &Write {
        &self.writes[at]
    }

    /// One of them, to give it another value.
    #[inline(always)]
    pub(crate) fn at(&mut self, at: usize) -> &mut Write {
        &mut self.writes[at]
    }

    /// Those to one dict, in order.
    pub(crate) fn of(&self, dict: *mut PyObject) -> impl Iterator<Item = &Write> {
        self.places_of(dict).map(|at| &self.writes[at])
    }

    /// Where those to one dict stand, in order.
    pub(crate) fn places_of(&self, dict: *mut PyObject) -> impl Iterator<Item = usize> {
        core::iter::successors(self.first(dict), |at| match self.writes[*at].next {
            NONE => None,
            next => Some(next as usize),
        })
    }

    /// Takes over the references; on failure they are dropped.
    #[inline(always)]
    pub(crate) fn push(&mut self, write: Write) -> R<()> {
        if self.writes.len() == self.writes.capacity() && !self.has_more_room() {
            // SAFETY: They were given to this function, and are stored nowhere.
            unsafe { write.drop_references() };
            return bail(Bail::Memory);
        }
        let here = self.writes.len() as u32;
        let first = self.first(write.dict);
        // SAFETY: There is room.
        unsafe {
            // Word by word: a processor is slow to read as a whole what was just written in pieces.
            let at = self.writes.as_mut_ptr().add(self.writes.len());
            (&raw mut (*at).dict).write(write.dict);
            (&raw mut (*at).writer).write(write.writer);
            (&raw mut (*at).hash).write(write.hash);
            (&raw mut (*at).key).write(write.key);
            (&raw mut (*at).value).write(write.value);
            (&raw mut (*at).growth).write(write.growth);
            (&raw mut (*at).count).write(1);
            (&raw mut (*at).last).write(here);
            (&raw mut (*at).next).write(NONE);
            self.writes.set_len(self.writes.len() + 1);
        }
        match first {
            None => mark::set(write.dict, here),
            Some(first) => {
                let head = &mut self.writes[first];
                let last = core::mem::replace(&mut head.last, here);
                head.count += 1;
                self.writes[last as usize].next = here;
            }
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    extern "C" fn has_more_room(&mut self) -> bool {
        self.writes.reserve_total((2 * self.writes.len()).max(MOST))
    }

    /// The first of those to one dict that there still is, with its references.
    pub(crate) fn take_first(&mut self, dict: *mut PyObject) -> Option<Write> {
        let first = self.first(dict)?;
        let write = self.writes[first];
        mark::set(dict, write.next);
        if write.next != NONE {
            let next = &mut self.writes[write.next as usize];
            (next.count, next.last) = (write.count - 1, write.last);
        }
        self.writes[first].dict = ptr::null_mut();
        while self.writes.last().is_some_and(|write| write.dict.is_null()) {
            self.writes.pop();
        }
        Some(write)
    }

    /// All that there still are, in order.
    fn all(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(|write| !write.dict.is_null())
    }

    /// No dict says any more that it has writes here: nothing of them is done.
    pub(crate) fn forget_marks(&self) {
        self.all().for_each(|write| mark::set(write.dict, NONE));
    }

    /// Keeps the memory for the next transaction.
    pub(crate) fn keep(&mut self, few: Few) {
        if self.writes.capacity() == 0 && few.writes.capacity() <= KEPT {
            self.writes = few.writes;
        }
    }

    /// Drops all references; the transaction is closed, finalisers may run.
    pub(crate) unsafe fn discard(&mut self) {
        while let Some(write) = self.writes.pop() {
            if !write.dict.is_null() {
                // SAFETY: Owned.
                unsafe { write.drop_references() };
            }
        }
    }

    /// Drops references that run nothing when they go, the memory stays; false if there is another one.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_here(&mut self) -> bool {
        while let Some(&write) = self.writes.last() {
            if write.dict.is_null() {
                self.writes.pop();
                continue;
            }
            // SAFETY: Owned.
            unsafe {
                let quiet = dropped::lives_or_is_plain(write.key)
                    && (write.value.is_null() || dropped::lives_or_is_plain(write.value));
                if !quiet {
                    return false;
                }
                self.writes.pop();
                write.drop_references();
            }
        }
        self.closed = false;
        if self.writes.capacity() > KEPT {
            self.writes = Buf::new();
        }
        true
    }

    /// How many references the writes own.
    #[inline]
    pub(crate) fn references(&self) -> usize {
        2 * self.writes.len()
    }

    /// Can [`Few::drop_here`] drop all of it, when so many references end at most?
    ///
    /// # Safety
    /// The transaction is open.
    #[inline]
    pub(crate) unsafe fn is_short(&self, ending: usize) -> bool {
        // SAFETY: The writes own their objects.
        let is_quiet = |object| unsafe { dropped::survives_or_is_plain(object, ending) };
        self.all().all(|write| is_quiet(write.key) && (write.value.is_null() || is_quiet(write.value)))
    }

    /// Who was written to, each once.
    pub(crate) fn dicts(&self) -> impl Iterator<Item = *mut PyObject> {
        let is_first = |at: &usize| {
            let dict = self.writes[*at].dict;
            !dict.is_null() && self.first(dict) == Some(*at)
        };
        (0..self.writes.len()).filter(is_first).map(|at| self.writes[at].dict)
    }

    /// Does them to another dict.
    ///
    /// # Safety
    /// `onto` is a copy of the dict.
    pub(crate) unsafe fn apply_to(&self, dict: *mut PyObject, onto: *mut PyObject) {
        // SAFETY: By the caller.
        self.of(dict).for_each(|write| unsafe { apply_one(onto, write.operation()) });
    }
}

/// Makes overlays of all of them; there will be no more.
///
/// # Safety
/// The transaction is open.
#[cold]
#[inline(never)]
pub(crate) unsafe fn close(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; each write goes over as what it was written.
    unsafe {
        cx.txn().dicts.few.closed = true;
        while let Some(write) = cx.txn().dicts.few.writes.last().copied() {
            (write.writer.go_over)(write.dict, cx)?;
        }
        Ok(())
    }
}

/// Before the commit: memory for tables that have to grow is there.
///
/// # Safety
/// The transaction is open.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: A short borrow; the dicts are alive and exact, and do not change while the transaction is open.
    unsafe {
        let few = &cx.txn().dicts.few;
        let mut growth = 0_usize;
        for write in few.all().filter(|write| write.growth > 0) {
            let keys = Keys::of(write.dict);
            let of_kind = keys.kind == KEYS_GENERAL || layout::is_str(write.key);
            if !of_kind || MOST > keys.usable() && few.of(write.dict).count() > keys.usable() {
                growth += MOST + layout::dict_used(write.dict);
            }
        }
        overlay::reserve(growth)
    }
}

/// Does them, in order.  Nothing can fail any more but memory that was just there.
///
/// # Safety
/// Behind [`prepare`]; the transaction is open.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: By the caller; each write is copied before it is done.
    unsafe {
        let mut at = 0;
        cx.before_tracked();
        while let Some(write) = cx.txn().dicts.few.writes.get(at).copied() {
            if !write.dict.is_null() {
                mark::set(write.dict, NONE);
                apply_one(write.dict, write.operation());
            }
            at += 1;
        }
    }
}
