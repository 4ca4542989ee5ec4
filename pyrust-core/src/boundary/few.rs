//! The first writes of a call to dicts: they wait as objects, in the order in which they came.
//!
//! Most calls that change a dict change it once or twice: no overlay is made for that, and nothing is boxed at the
//! commit. A dict has its writes here or in an overlay, never in both; they go over to one when somebody goes through the
//! dict from its end (`dict::live::few`), and all of them do when there are too many: then it ends for this transaction.

use core::any::TypeId;
use core::ptr;

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::dropped;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::overlay::{self, Op, apply_one};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// So many of them, in all dicts of a transaction: they are looked through one by one.
const MOST: usize = 8;

/// One write; the references to key and value are owned.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    pub(crate) dict: *mut PyObject,
    /// Those of the handle that wrote.
    pub(crate) types: TypeId,
    /// Makes an overlay of the writes to the dict.
    pub(crate) go_over: unsafe fn(*mut PyObject, Cx) -> R<()>,
    pub(crate) hash: isize,
    pub(crate) key: *mut PyObject,
    /// Null: deleted.
    pub(crate) value: *mut PyObject,
    /// By how much the dict grows.
    pub(crate) growth: isize,
}

impl Write {
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

#[derive(Default)]
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

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.writes.len() >= MOST
    }

    /// What there is, for the end of the transaction.
    #[inline]
    pub(crate) fn take(&mut self) -> Few {
        core::mem::take(self)
    }

    /// Has the dict writes here?
    #[inline]
    pub(crate) fn holds(&self, dict: *mut PyObject) -> bool {
        self.writes.iter().any(|write| ptr::eq(write.dict, dict))
    }

    /// All of them, in order.
    #[inline(always)]
    pub(crate) fn writes(&mut self) -> &mut [Write] {
        &mut self.writes
    }

    /// Those to one dict, in order.
    pub(crate) fn of(&self, dict: *mut PyObject) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(move |write| ptr::eq(write.dict, dict))
    }

    /// Takes over the references; on failure they are dropped.
    #[inline(always)]
    pub(crate) fn push(&mut self, write: Write) -> R<()> {
        if self.writes.capacity() < MOST && !self.writes.reserve_total(MOST) || self.is_full() {
            // SAFETY: They were given to this function, and are stored nowhere.
            unsafe { write.drop_references() };
            return bail(Bail::Memory);
        }
        // SAFETY: There is room for [`MOST`].
        unsafe {
            // Word by word: a processor is slow to read as a whole what was just written in pieces.
            let at = self.writes.as_mut_ptr().add(self.writes.len());
            (&raw mut (*at).dict).write(write.dict);
            (&raw mut (*at).types).write(write.types);
            (&raw mut (*at).go_over).write(write.go_over);
            (&raw mut (*at).hash).write(write.hash);
            (&raw mut (*at).key).write(write.key);
            (&raw mut (*at).value).write(write.value);
            (&raw mut (*at).growth).write(write.growth);
            self.writes.set_len(self.writes.len() + 1);
        }
        Ok(())
    }

    /// The first of those to one dict that there still is, with its references.
    pub(crate) fn take_first(&mut self, dict: *mut PyObject) -> Option<Write> {
        let at = self.writes.iter().position(|write| ptr::eq(write.dict, dict))?;
        Some(self.writes.remove(at))
    }

    /// Keeps the memory for the next transaction.
    pub(crate) fn keep(&mut self, few: Few) {
        if self.writes.capacity() == 0 {
            self.writes = few.writes;
        }
    }

    /// Drops all references; the transaction is closed, finalisers may run.
    pub(crate) unsafe fn discard(&mut self) {
        while let Some(write) = self.writes.pop() {
            // SAFETY: Owned.
            unsafe { write.drop_references() };
        }
    }

    /// Drops references that run nothing when they go, the memory stays; false if there is another one.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_here(&mut self) -> bool {
        while let Some(&write) = self.writes.last() {
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
        self.writes
            .iter()
            .all(|write| is_quiet(write.key) && (write.value.is_null() || is_quiet(write.value)))
    }

    /// Who was written to, each once.
    pub(crate) fn dicts(&self) -> impl Iterator<Item = *mut PyObject> {
        let first =
            |at: usize| !self.writes[..at].iter().any(|write| ptr::eq(write.dict, self.writes[at].dict));
        (0..self.writes.len()).filter(move |at| first(*at)).map(|at| self.writes[at].dict)
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
            (write.go_over)(write.dict, cx)?;
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
        for (at, write) in few.writes.iter().enumerate().filter(|(_, write)| write.growth > 0) {
            let keys = Keys::of(write.dict);
            let of_kind = keys.kind == KEYS_GENERAL || layout::is_str(write.key);
            if !of_kind || at >= keys.usable() {
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
        while let Some(write) = cx.txn().dicts.few.writes.get(at).copied() {
            apply_one(write.dict, write.operation());
            at += 1;
        }
    }
}
