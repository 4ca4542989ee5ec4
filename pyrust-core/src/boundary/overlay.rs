//! Held back: how writes to dicts wait for the commit.
//!
//! The dict itself is not touched while the transaction is open.  What was written stands in an overlay, typed
//! by the handle that wrote (see `dict::live`); here it is only known by a table of functions.  At commit it is
//! boxed into operations, which are then applied in order (replay rules 9 and 26).

use core::any::TypeId;
use core::ptr::{self, NonNull};

use pyo3_ffi::{
    Py_DECREF, Py_FatalError, Py_REFCNT, PyDict_Check, PyDict_Clear, PyDict_DelItem, PyDict_Next,
    PyDict_SetItem, PyErr_Clear, PyMem_Free, PyMem_Malloc, PyObject, PyObject_CallMethodNoArgs,
    PyObject_Hash, PyType_Type, PyUnicode_CheckExact, PyUnicode_InternFromString,
};

use crate::boundary::few::Few;
use crate::boundary::fresh::FreshDicts;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::ptrmap::PtrMap;
use crate::boundary::{collections, dropped};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// One operation of a commit; the references are owned.
#[derive(Clone, Copy)]
pub(crate) enum Op {
    Set(*mut PyObject, *mut PyObject),
    /// With the hash of the key, for which Python code would be run.
    SetKnown(*mut PyObject, *mut PyObject, isize),
    Del(*mut PyObject),
    PopItem,
    Clear,
    /// What stands for the dict is a class, which gets another value under a name that it has.
    Class(*mut PyObject, *mut PyObject),
}

/// What the untyped side needs of an overlay.
pub(crate) struct Table {
    /// Appends the operations that lead from the dict to what the overlay says; how many of them, at the front, only
    /// give keys that are there other values.
    pub(crate) operations: unsafe fn(NonNull<u8>, Cx, &mut Buf<Op>) -> R<usize>,
    pub(crate) drop: unsafe fn(NonNull<u8>),
    /// The operations only give keys that are there other values.
    pub(crate) replaces: bool,
}

struct Overlay {
    dict: *mut PyObject,
    types: TypeId,
    data: NonNull<u8>,
    table: &'static Table,
    operations: Buf<Op>,
}

pub(crate) struct Overlays {
    map: PtrMap,
    overlays: Buf<Overlay>,
    last: *mut PyObject,
    last_data: *mut u8,
    last_types: Option<TypeId>,
    /// The writes to dicts that have no overlay.
    pub(crate) few: Few,
    /// Dicts that are written to at once.
    pub(crate) fresh: FreshDicts,
}

impl Overlays {
    pub(crate) const fn new() -> Overlays {
        Overlays {
            map: PtrMap::new(),
            overlays: Buf::new(),
            last: ptr::null_mut(),
            last_data: ptr::null_mut(),
            last_types: None,
            few: Few::new(),
            fresh: FreshDicts::new(),
        }
    }

    /// Has nothing been written that waits?
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.overlays.is_empty() & self.few.is_empty()
    }

    /// Is there no overlay?
    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.overlays.is_empty()
    }

    /// Has the dict an overlay?
    #[inline(always)]
    pub(crate) fn has_overlay(&self, dict: *mut PyObject) -> bool {
        !self.overlays.is_empty() && (ptr::eq(self.last, dict) || self.map.get(dict).is_some())
    }

    /// Has the dict been written to?
    pub(crate) fn holds(&self, dict: *mut PyObject) -> bool {
        self.has_overlay(dict) || self.few.holds(dict)
    }

    /// The overlay of the dict, if it has one.  One of other types is a second representation, as are writes that wait as
    /// objects: bails.
    #[inline]
    pub(crate) fn find(&mut self, dict: *mut PyObject, types: TypeId) -> R<Option<NonNull<u8>>> {
        if self.is_empty() {
            return Ok(None);
        }
        if !ptr::eq(self.last, dict) {
            if !self.few.is_empty() && self.few.holds(dict) {
                return bail(Bail::Alias);
            }
            let Some(index) = self.map.get(dict) else { return Ok(None) };
            let overlay = &self.overlays[index as usize];
            self.last = dict;
            self.last_data = overlay.data.as_ptr();
            self.last_types = Some(overlay.types);
        }
        if self.last_types != Some(types) {
            return bail(Bail::Alias);
        }
        Ok(NonNull::new(self.last_data))
    }

    /// Takes over `data`; on failure it is dropped.
    pub(crate) fn insert(
        &mut self,
        dict: *mut PyObject,
        types: TypeId,
        data: NonNull<u8>,
        table: &'static Table,
    ) -> R<()> {
        let index = self.overlays.len() as u32;
        let overlay = Overlay { dict, types, data, table, operations: Buf::new() };
        if self.overlays.push(overlay).is_err() {
            // SAFETY: `data` belongs to `table` and was not stored.
            unsafe { (table.drop)(data) };
            return bail(Bail::Memory);
        }
        if !self.map.insert(dict, index) {
            if let Some(overlay) = self.overlays.pop() {
                // SAFETY: As above.
                unsafe { (overlay.table.drop)(overlay.data) };
            }
            return bail(Bail::Memory);
        }
        self.last = dict;
        self.last_data = data.as_ptr();
        self.last_types = Some(types);
        Ok(())
    }

    /// Takes everything out.
    pub(crate) fn take(&mut self) -> Garbage {
        self.map.clear();
        self.last = ptr::null_mut();
        self.last_data = ptr::null_mut();
        self.last_types = None;
        Garbage(core::mem::take(&mut self.overlays))
    }
}

/// Overlays whose transaction has closed; dropping them drops their references.
pub(crate) struct Garbage(Buf<Overlay>);

impl Garbage {
    pub(crate) unsafe fn discard(self) {
        for overlay in self.0.iter() {
            // SAFETY: The overlay owns its data and the references of its operations.
            unsafe {
                (overlay.table.drop)(overlay.data);
                for op in overlay.operations.iter() {
                    match *op {
                        Op::Set(key, value) | Op::SetKnown(key, value, _) | Op::Class(key, value) => {
                            Py_DECREF(key);
                            Py_DECREF(value);
                        }
                        Op::Del(key) => Py_DECREF(key),
                        Op::PopItem | Op::Clear => {}
                    }
                }
            }
        }
    }
}

/// First part of the commit: boxes everything, and keeps alive what the operations will displace.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; the overlays own their data.
    unsafe {
        let mut growth = 0_usize;
        let mut index = 0;
        while index < cx.txn().dicts.overlays.len() {
            let (dict, data, table) = {
                let overlay = &cx.txn().dicts.overlays[index];
                (overlay.dict, overlay.data, overlay.table)
            };
            let mut operations = Buf::new();
            let boxed = (table.operations)(data, cx, &mut operations);
            let kept = keep_cleared(cx, dict, &operations);
            let replaced = *boxed.as_ref().unwrap_or(&0);
            if !table.replaces && grows(dict, operations.get(replaced..).unwrap_or(&[])) {
                growth += operations.len() + layout::dict_used(dict);
            }
            cx.txn().dicts.overlays[index].operations = operations;
            boxed?;
            kept?;
            index += 1;
        }
        reserve(growth)
    }
}

/// Tables grow by so many entries while the operations are applied.  That much memory is there now, so it is there then.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn reserve(growth: usize) -> R<()> {
    if growth != 0 {
        // SAFETY: By the caller; nothing else has it.
        unsafe {
            let room = PyMem_Malloc(growth.saturating_mul(128).min(isize::MAX as usize));
            if room.is_null() {
                return bail(Bail::Memory);
            }
            PyMem_Free(room);
        }
    }
    Ok(())
}

/// Can the table of the dict become another one by these operations?
unsafe fn grows(dict: *mut PyObject, operations: &[Op]) -> bool {
    // SAFETY: By the caller: an exact dict, which does not change meanwhile.
    unsafe {
        let keys = Keys::of(dict);
        let mut added = 0;
        for op in operations {
            match *op {
                Op::Set(key, _) | Op::SetKnown(key, ..)
                    if keys.kind == KEYS_GENERAL || layout::is_str(key) =>
                {
                    added += 1
                }
                Op::Del(_) | Op::PopItem => {}
                Op::Set(..) | Op::SetKnown(..) | Op::Clear | Op::Class(..) => return true,
            }
        }
        added > keys.usable()
    }
}

/// A dict that is cleared loses all its keys and values; they live until the transaction has closed.  (What
/// other operations displace was kept when it was overwritten or deleted.)
unsafe fn keep_cleared(cx: Cx, dict: *mut PyObject, operations: &[Op]) -> R<()> {
    if operations.iter().any(|op| matches!(op, Op::Clear)) {
        // SAFETY: The dict is exact and alive.
        unsafe {
            let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
            while PyDict_Next(dict, &raw mut at, &raw mut key, &raw mut value) != 0 {
                keep_dropped(cx, key)?;
                keep_dropped(cx, value)?;
            }
        }
    }
    Ok(())
}

/// Keeps what a dict is about to drop until the transaction has closed; bails if that could be seen.
///
/// # Safety
/// `object` is alive.
pub(crate) unsafe fn keep_dropped(cx: Cx, object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        dropped::check(object)?;
        if Py_REFCNT(object) > 1 && !dropped::is_plain(object) {
            cx.loses(object, 1)?;
        }
        cx.keep(object)
    }
}

/// Second part: applies the operations.  Nothing can fail any more but memory that was just there.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: The operations are boxed; the dicts are alive.
    unsafe {
        cx.before_tracked();
        let count = cx.txn().dicts.overlays.len();
        for index in 0..count {
            let dict = cx.txn().dicts.overlays[index].dict;
            let operations = core::mem::take(&mut cx.txn().dicts.overlays[index].operations);
            for op in operations.iter() {
                apply_one(dict, *op);
            }
            cx.txn().dicts.overlays[index].operations = operations;
        }
    }
}

pub(crate) unsafe fn apply_one(dict: *mut PyObject, op: Op) {
    // SAFETY: By the caller.
    unsafe {
        for _attempt in 0..3 {
            let done = match op {
                Op::Set(key, value) => PyDict_SetItem(dict, key, value) == 0,
                Op::SetKnown(key, value, hash) => set_known(dict, key, value, hash) == 0,
                Op::Del(key) => PyDict_DelItem(dict, key) == 0,
                Op::PopItem => pop_item(dict),
                Op::Clear => {
                    PyDict_Clear(dict);
                    true
                }
                Op::Class(name, value) => set_in_class(dict, name, value),
            };
            if done {
                return;
            }
            PyErr_Clear();
        }
        Py_FatalError(c"pyrust: out of memory between two writes of a commit".as_ptr());
    }
}

unsafe extern "C" {
    /// Exported by every version that is supported. The key is not hashed, and compared with those of the same hash.
    fn _PyDict_SetItem_KnownHash(
        dict: *mut PyObject,
        key: *mut PyObject,
        value: *mut PyObject,
        hash: isize,
    ) -> core::ffi::c_int;
}

/// `dict[key] = value`, where the hash is known and no other key has it; 0 if that worked.
///
/// # Safety
/// Live objects, the first an exact dict.
pub(crate) unsafe fn set_known(
    dict: *mut PyObject,
    key: *mut PyObject,
    value: *mut PyObject,
    hash: isize,
) -> core::ffi::c_int {
    // SAFETY: By the caller.
    unsafe {
        // A dict of texts asks its keys for what they remember, and what became an object after it was hashed (a part of
        // another text) remembers nothing yet.
        if PyUnicode_CheckExact(key) != 0 && layout::str_known_hash(key) == -1 {
            PyObject_Hash(key);
        }
        _PyDict_SetItem_KnownHash(dict, key, value, hash)
    }
}

/// Bails where two keys have one hash: Python would compare them.
pub(crate) fn all_differ(hashes: &[isize]) -> R<()> {
    let mut sorted = Buf::new();
    if !sorted.reserve_total(hashes.len()) {
        return bail(Bail::Memory);
    }
    hashes.iter().for_each(|hash| _ = sorted.push(*hash));
    sorted.sort_unstable();
    match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        true => bail(Bail::Unsupported),
        false => Ok(()),
    }
}

/// `dict.popitem()`: unlike a deletion it also gives the entry back.
unsafe fn pop_item(dict: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let name = PyUnicode_InternFromString(c"popitem".as_ptr());
        if name.is_null() {
            return false;
        }
        let pair = PyObject_CallMethodNoArgs(dict, name);
        Py_DECREF(name);
        if pair.is_null() {
            return false;
        }
        Py_DECREF(pair);
        true
    }
}

/// What the dict would be after the commit: a new dict, or none if nothing was written.  Only after `prepare`.
pub(crate) unsafe fn would_be(overlays: &Overlays, dict: *mut PyObject) -> R<Option<*mut PyObject>> {
    let overlay = overlays.overlays.iter().find(|overlay| ptr::eq(overlay.dict, dict));
    if overlay.is_none() && !overlays.few.holds(dict) {
        return Ok(None);
    }
    // SAFETY: The dict is exact and alive, the operations are boxed.
    unsafe {
        let copy = collections::same_class(dict);
        if copy.is_null() {
            return no_memory();
        }
        match overlay {
            Some(overlay) => overlay.operations.iter().for_each(|op| apply_one(copy, *op)),
            None => overlays.few.apply_to(dict, copy),
        }
        Ok(Some(copy))
    }
}

/// `class.name = value`, as `type` does it.
unsafe fn set_in_class(class: *mut PyObject, name: *mut PyObject, value: *mut PyObject) -> bool {
    // SAFETY: By the caller: a class of which that was found to run no Python code.
    unsafe { PyType_Type.tp_setattro.is_some_and(|set| set(class, name, value) == 0) }
}

/// All dicts that were written to: counters and the like are some. Classes, whose attributes are held back here too, are
/// none.
pub(crate) fn written(overlays: &Overlays) -> impl Iterator<Item = *mut PyObject> {
    // SAFETY: They are alive.
    let dicts = overlays.overlays.iter().map(|o| o.dict).filter(|dict| unsafe { PyDict_Check(*dict) != 0 });
    dicts.chain(overlays.few.dicts())
}
