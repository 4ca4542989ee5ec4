//! Raw clones: how writes to sets wait for the commit.
//!
//! A set that existed before the transaction is never touched while it is open: inverse operations would leave
//! another table, and so another order.  Native code works on a clone, typed by the handle that wrote (see
//! `set::live`).  The commit boxes it into a table of CPython's, which then takes the place of the set's own: that
//! cannot fail half-way (replay rule 10).  A few changes of a set, whose order nobody has asked for since, are
//! remembered instead, and done by CPython at the commit: the same operations in the same order.

use core::any::TypeId;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{
    Py_DECREF, Py_FatalError, Py_INCREF, Py_None, PyErr_Clear, PyMem_Free, PyMem_Malloc, PyObject, PySet_Add,
    PySet_Discard, PySet_New,
};

use crate::boundary::dropped;
use crate::boundary::layout::{RawSet, SET_SMALLEST, SetEntry};
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::builtins::c::undisturbed;
use crate::set::{Shape, Slot, Table};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// What a set becomes by a commit.
pub(crate) enum Built {
    /// This table.
    Table(RawTable),
    /// What these operations make of it, in order.
    Operations(Buf<Op>),
}

/// One operation on a set; the reference is owned.
#[derive(Clone, Copy)]
pub(crate) enum Op {
    Add(*mut PyObject),
    Discard(*mut PyObject),
}

/// What the untyped side needs of the changes of a set.
pub(crate) struct Functions {
    /// Boxes them.
    pub(crate) build: unsafe fn(NonNull<u8>, Cx) -> R<Built>,
    pub(crate) drop: unsafe fn(NonNull<u8>),
}

struct Written {
    set: *mut PyObject,
    types: TypeId,
    data: NonNull<u8>,
    functions: &'static Functions,
    /// Before the commit applies it: the new table.  Afterwards: the old one.
    table: Option<Box<RawTable>>,
    /// In place of a table.
    operations: Buf<Op>,
}

pub(crate) struct Sets {
    map: PtrMap,
    written: Buf<Written>,
}

impl Sets {
    pub(crate) const fn new() -> Sets {
        Sets { map: PtrMap::new(), written: Buf::new() }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// The clone of the set, if it has one.  One of another type is a second representation: bails.
    #[inline]
    pub(crate) fn find(&self, set: *mut PyObject, types: TypeId) -> R<Option<NonNull<u8>>> {
        let Some(index) = self.map.get(set) else { return Ok(None) };
        let written = &self.written[index as usize];
        if written.types != types {
            return bail(Bail::Alias);
        }
        Ok(Some(written.data))
    }

    /// Takes over `data`; on failure it is dropped.
    pub(crate) fn insert(
        &mut self,
        set: *mut PyObject,
        types: TypeId,
        data: NonNull<u8>,
        functions: &'static Functions,
    ) -> R<()> {
        let index = self.written.len() as u32;
        let written = Written { set, types, data, functions, table: None, operations: Buf::new() };
        if self.written.push(written).is_err() {
            // SAFETY: `data` belongs to `functions` and was not stored.
            unsafe { (functions.drop)(data) };
            return bail(Bail::Memory);
        }
        if !self.map.insert(set, index) {
            if let Some(written) = self.written.pop() {
                // SAFETY: As above.
                unsafe { (written.functions.drop)(written.data) };
            }
            return bail(Bail::Memory);
        }
        Ok(())
    }

    /// Takes everything out.
    pub(crate) fn take(&mut self) -> Garbage {
        self.map.clear();
        Garbage(core::mem::take(&mut self.written))
    }
}

/// Clones whose transaction has closed; dropping them drops their references.
pub(crate) struct Garbage(Buf<Written>);

impl Garbage {
    pub(crate) unsafe fn discard(self) {
        for written in self.0.iter() {
            // SAFETY: The clone owns its data and one table.
            unsafe {
                (written.functions.drop)(written.data);
                if let Some(table) = &written.table {
                    table.discard();
                }
                release(&written.operations);
            }
        }
    }
}

/// A table as CPython has it, with a strong reference to each element.
#[derive(Clone, Copy)]
pub(crate) struct RawTable {
    /// From `PyMem_Malloc`; null for a table of the smallest size, whose slots stand in `small`.
    entries: *mut SetEntry,
    small: [SetEntry; SET_SMALLEST],
    mask: usize,
    fill: usize,
    used: usize,
    finger: usize,
}

impl RawTable {
    const UNUSED: SetEntry = SetEntry { key: ptr::null_mut(), hash: 0 };

    const NONE: RawTable = RawTable {
        entries: ptr::null_mut(),
        small: [RawTable::UNUSED; SET_SMALLEST],
        mask: SET_SMALLEST - 1,
        fill: 0,
        used: 0,
        finger: 0,
    };

    /// Boxes a table; `element` gives a strong reference.
    pub(crate) fn of<E>(table: &Table<E>, mut element: impl FnMut(&E) -> R<*mut PyObject>) -> R<RawTable> {
        let (shape, finger) = (table.shape(), table.finger);
        let mut raw = RawTable { mask: shape.mask, finger, ..RawTable::NONE };
        if raw.mask >= SET_SMALLEST {
            // SAFETY: As many slots as are asked for are unused before they are looked at.
            unsafe {
                let Some(size) = (raw.mask + 1).checked_mul(size_of::<SetEntry>()) else {
                    return bail(Bail::Memory);
                };
                let entries: *mut SetEntry = PyMem_Malloc(size).cast();
                if entries.is_null() {
                    return bail(Bail::Memory);
                }
                entries.write_bytes(0, raw.mask + 1);
                raw.entries = entries;
            }
        }
        match raw.fill_from(table, &mut element) {
            Ok(()) => Ok(raw),
            Err(stop) => {
                // SAFETY: The references are its own.
                unsafe { raw.discard() };
                Err(stop)
            }
        }
    }

    fn fill_from<E>(&mut self, table: &Table<E>, element: &mut impl FnMut(&E) -> R<*mut PyObject>) -> R<()> {
        for index in 0..=self.mask {
            let entry = match table.slot(index) {
                Slot::Unused => continue,
                Slot::Dummy => SetEntry { key: dummy()?, hash: -1 },
                Slot::Active(hash, entry) => {
                    self.used += 1;
                    SetEntry { key: element(entry).inspect_err(|_| self.used -= 1)?, hash: *hash }
                }
            };
            self.fill += 1;
            // SAFETY: `index <= mask`.
            unsafe { *self.slots().add(index) = entry };
        }
        Ok(())
    }

    fn slots(&mut self) -> *mut SetEntry {
        if self.entries.is_null() { self.small.as_mut_ptr() } else { self.entries }
    }

    /// The table that a set has.
    unsafe fn seen(object: *mut PyObject) -> RawTable {
        // SAFETY: By the caller: an exact set or frozenset, whose own slots are as many as the smallest table has.
        unsafe {
            let raw = RawSet::of(object);
            let inside = raw.small_entries();
            let mut table = RawTable {
                mask: raw.mask(),
                fill: raw.fill(),
                used: raw.used(),
                finger: raw.finger(),
                ..RawTable::NONE
            };
            if ptr::eq(raw.entries(), inside) {
                table.small.as_mut_ptr().copy_from_nonoverlapping(inside, SET_SMALLEST);
            } else {
                table.entries = raw.entries();
            }
            table
        }
    }

    /// Puts the table into a set; what comes back is the one that the set had.  Cannot fail, runs no Python code.
    ///
    /// # Safety
    /// `object` is an exact set, or a frozenset that nobody has seen.
    #[must_use]
    pub(crate) unsafe fn transplant(self, object: *mut PyObject) -> RawTable {
        // SAFETY: By the caller; the object's own slots are as many as the smallest table has.
        unsafe {
            let raw = RawSet::of(object);
            let inside = raw.small_entries();
            let old = RawTable::seen(object);
            let entries = if self.entries.is_null() {
                inside.copy_from_nonoverlapping(self.small.as_ptr(), SET_SMALLEST);
                inside
            } else {
                self.entries
            };
            raw.set(entries, self.mask, self.fill, self.used, self.finger);
            old
        }
    }

    /// Drops the references and the memory.
    ///
    /// # Safety
    /// They are the table's own, and not used any more.
    pub(crate) unsafe fn discard(mut self) {
        // SAFETY: By the caller; what is active is a strong reference.
        unsafe {
            let mut left = self.used;
            for index in 0..=self.mask {
                if left == 0 {
                    break;
                }
                let entry = *self.slots().add(index);
                if !entry.key.is_null() && entry.hash != -1 {
                    left -= 1;
                    Py_DECREF(entry.key);
                }
            }
            if !self.entries.is_null() {
                PyMem_Free(self.entries.cast());
            }
        }
    }

    /// Another table with the same elements.
    unsafe fn again(mut self) -> R<RawTable> {
        // SAFETY: By the caller: a table that is alive.
        unsafe {
            let from = self.slots();
            let mut copy = RawTable { entries: ptr::null_mut(), ..self };
            if !self.entries.is_null() {
                copy.entries = PyMem_Malloc((self.mask + 1) * size_of::<SetEntry>()).cast();
                if copy.entries.is_null() {
                    return bail(Bail::Memory);
                }
                copy.entries.copy_from_nonoverlapping(from, self.mask + 1);
            }
            for index in 0..=self.mask {
                let entry = *copy.slots().add(index);
                if !entry.key.is_null() && entry.hash != -1 {
                    Py_INCREF(entry.key);
                }
            }
            Ok(copy)
        }
    }
}

/// CPython's marker of slots whose element is gone: a static object that is never counted.
fn dummy() -> R<*mut PyObject> {
    static DUMMY: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
    let known = DUMMY.load(Relaxed);
    if !known.is_null() {
        return Ok(known);
    }
    // SAFETY: The GIL is held; a set of our own, which nobody else sees.  `None` is static and hashes without Python code.
    let found = undisturbed(|| unsafe { find_dummy() });
    match found {
        Some(object) => {
            DUMMY.store(object, Relaxed);
            Ok(object)
        }
        None => no_memory(),
    }
}

unsafe fn find_dummy() -> Option<*mut PyObject> {
    // SAFETY: By the caller.
    unsafe {
        let set = PySet_New(ptr::null_mut());
        if set.is_null() {
            return None;
        }
        let mut found = None;
        if PySet_Add(set, Py_None()) == 0 && PySet_Discard(set, Py_None()) == 1 {
            let raw = RawSet::of(set);
            found = (0..=raw.mask())
                .map(|index| raw.slot(index))
                .find(|(hash, key)| *hash == -1 && !key.is_null())
                .map(|(_, key)| key);
        }
        Py_DECREF(set);
        found
    }
}

/// First part of the commit: boxes everything; what the sets will drop must die quietly.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; the clones own their data.
    unsafe {
        if cx.txn().rare().sets.is_empty() {
            return Ok(());
        }
        dummy()?;
        for index in 0..cx.txn().rare().sets.written.len() {
            let (set, data, functions) = {
                let written = &cx.txn().rare().sets.written[index];
                (written.set, written.data, written.functions)
            };
            let table = match (functions.build)(data, cx)? {
                Built::Table(table) => table,
                Built::Operations(operations) => {
                    let room = room(set, &operations);
                    cx.txn().rare().sets.written[index].operations = operations;
                    reserve(room)?;
                    continue;
                }
            };
            cx.txn().rare().sets.written[index].table = Some(Box::new(table));
            // Elements that stay have another reference by now.
            let raw = RawSet::of(set);
            for index in 0..=raw.mask() {
                let (hash, key) = raw.slot(index);
                if !key.is_null() && hash != -1 {
                    dropped::check(key)?;
                }
            }
        }
        Ok(())
    }
}

/// Bytes of the tables that the operations may make.
unsafe fn room(set: *mut PyObject, operations: &[Op]) -> usize {
    // SAFETY: By the caller: an exact set.
    let raw = unsafe { RawSet::of(set) };
    let shape = Shape { mask: raw.mask(), fill: raw.fill(), used: raw.used() };
    let added = operations.iter().filter(|op| matches!(op, Op::Add(_))).count();
    if shape.is_tight(added) { (shape.used + added).saturating_mul(16 * size_of::<SetEntry>()) } else { 0 }
}

/// That much memory is there now, so it is there when the operations are applied.
fn reserve(size: usize) -> R<()> {
    if size != 0 {
        // SAFETY: The GIL is held; it is given back at once.
        unsafe {
            let memory = PyMem_Malloc(size.min(isize::MAX as usize));
            if memory.is_null() {
                return bail(Bail::Memory);
            }
            PyMem_Free(memory);
        }
    }
    Ok(())
}

/// Drops the references of operations, which are not used any more.
pub(crate) fn release(operations: &[Op]) {
    for op in operations {
        let (Op::Add(key) | Op::Discard(key)) = *op;
        // SAFETY: They are its own; the GIL is held.
        unsafe { Py_DECREF(key) };
    }
}

/// Does the operations to a set.
unsafe fn perform(set: *mut PyObject, operations: &[Op]) {
    // SAFETY: By the caller.  What is compared are exact builtins, as when they were looked for.
    unsafe {
        for op in operations {
            let mut attempts = 0;
            while match *op {
                Op::Add(key) => PySet_Add(set, key) != 0,
                Op::Discard(key) => PySet_Discard(set, key) < 0,
            } {
                PyErr_Clear();
                attempts += 1;
                if attempts == 3 {
                    Py_FatalError(c"pyrust: out of memory between two writes of a commit".as_ptr());
                }
            }
        }
    }
}

/// Second part: puts the tables in place, or does the operations.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: All is boxed; the sets are alive.
    unsafe {
        for index in 0..cx.txn().rare().sets.written.len() {
            let written = &mut cx.txn().rare().sets.written[index];
            match &mut written.table {
                Some(table) => **table = table.transplant(written.set),
                None => perform(written.set, &written.operations),
            }
        }
    }
}

/// What the set would be after the commit: a new set, or none if nothing was written.  Only after `prepare`.
pub(crate) unsafe fn would_be(sets: &Sets, set: *mut PyObject) -> R<Option<*mut PyObject>> {
    let Some(written) = sets.written.iter().find(|written| ptr::eq(written.set, set)) else {
        return Ok(None);
    };
    // SAFETY: The table is boxed; the new set is empty.
    unsafe {
        let table = match &written.table {
            Some(table) => table.again()?,
            None => RawTable::seen(set).again()?,
        };
        let copy = undisturbed(|| PySet_New(ptr::null_mut()));
        if copy.is_null() {
            table.discard();
            return no_memory();
        }
        table.transplant(copy).discard();
        perform(copy, &written.operations);
        Ok(Some(copy))
    }
}

/// All sets that were written to.
pub(crate) fn written(sets: &Sets) -> impl Iterator<Item = *mut PyObject> {
    sets.written.iter().map(|written| written.set)
}
