//! CPython's arenas that became empty wait for the next object, instead of going back to the system at once.
//!
//! CPython takes small objects from arenas of a megabyte, and gives an arena back as soon as its last object is gone. A
//! function that returns a hundred thousand floats, called again and again, so asks the system for the same pages each
//! time, which clears every one of them when it is first touched: as long as native code takes for all of the rest. A
//! few arenas therefore stay with the process. What can be seen of it is that much more resident memory after large
//! results were dropped; the allocator of C does the same with its own memory.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, OnceLock};

use pyo3_ffi::*;

use crate::peek::Own;

/// So many bytes wait at most: a result of a million floats.
const MOST_HELD: usize = 1 << 25;
/// Every extension keeps a copy of this; the first of an interpreter says here that there is one.
const INSTALLED: &std::ffi::CStr = c"pyrust.arenas";

#[derive(Default)]
struct Arenas {
    /// Addresses and sizes of those that wait, the last one given back at the end.
    waiting: Vec<(usize, usize)>,
    held: usize,
}

/// CPython calls allocators with the GIL held. Another interpreter may have a GIL of its own, and a child that was
/// forked meanwhile finds the lock taken for good: nobody waits for it.
static ARENAS: Mutex<Arenas> = Mutex::new(Arenas { waiting: Vec::new(), held: 0 });

/// The allocator that was there before: all arenas come from it and go back to it.
struct Before(PyObjectArenaAllocator);

// SAFETY: its context is handed to that allocator only, as CPython does from any thread.
unsafe impl Send for Before {}
// SAFETY: as above.
unsafe impl Sync for Before {}

static BEFORE: OnceLock<Before> = OnceLock::new();

impl Arenas {
    fn taken(&mut self, size: usize) -> Option<*mut c_void> {
        let at = self.waiting.iter().rposition(|&(_, waiting)| waiting == size)?;
        self.held -= size;
        Some(ptr::with_exposed_provenance_mut(self.waiting.swap_remove(at).0))
    }

    fn keeps(&mut self, arena: *mut c_void, size: usize) -> bool {
        let room = self.held + size <= MOST_HELD;
        if room {
            self.held += size;
            self.waiting.push((arena.expose_provenance(), size));
        }
        room
    }
}

extern "C" fn alloc(_: *mut c_void, size: usize) -> *mut c_void {
    if let Ok(mut arenas) = ARENAS.try_lock()
        && let Some(arena) = arenas.taken(size)
    {
        return arena;
    }
    match BEFORE.get() {
        Some(Before(PyObjectArenaAllocator { ctx, alloc: Some(alloc), .. })) => alloc(*ctx, size),
        _ => ptr::null_mut(),
    }
}

extern "C" fn free(_: *mut c_void, arena: *mut c_void, size: usize) {
    if let Ok(mut arenas) = ARENAS.try_lock()
        && arenas.keeps(arena, size)
    {
        return;
    }
    if let Some(Before(PyObjectArenaAllocator { ctx, free: Some(free), .. })) = BEFORE.get() {
        free(*ctx, arena, size);
    }
}

/// From now on empty arenas wait; once in a process. Where that cannot be said or done, nothing changes.
///
/// # Safety
/// The GIL is held, in the main interpreter.
pub(super) unsafe fn keep() {
    // SAFETY: as the caller promised; what is installed lives for good.
    unsafe {
        let notes = PyInterpreterState_GetDict(PyInterpreterState_Get());
        let Some(name) = Own::take(PyUnicode_InternFromString(INSTALLED.as_ptr())) else {
            return PyErr_Clear();
        };
        if notes.is_null()
            || PyDict_Contains(notes, name.ptr()) != 0
            || PyDict_SetItem(notes, name.ptr(), Py_True()) != 0
        {
            return PyErr_Clear();
        }
        let mut before = PyObjectArenaAllocator { ctx: ptr::null_mut(), alloc: None, free: None };
        PyObject_GetArenaAllocator(&mut before);
        if before.alloc.is_none() || before.free.is_none() || BEFORE.set(Before(before)).is_err() {
            return;
        }
        let mut own = PyObjectArenaAllocator { ctx: ptr::null_mut(), alloc: Some(alloc), free: Some(free) };
        PyObject_SetArenaAllocator(&mut own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_taken_by_its_size() {
        let mut arenas = Arenas::default();
        let place = |at: usize| ptr::without_provenance_mut::<c_void>(at << 20);
        let most = MOST_HELD >> 20;
        assert!((1..=most).all(|at| arenas.keeps(place(at), 1 << 20)));
        assert!(!arenas.keeps(place(most + 1), 1 << 20));
        assert_eq!(arenas.taken(1 << 18), None);
        assert_eq!(arenas.taken(1 << 20), Some(place(most)));
        assert!(arenas.keeps(place(most + 1), 1 << 18));
        assert_eq!(arenas.taken(1 << 18), Some(place(most + 1)));
        assert!((1..most).all(|_| arenas.taken(1 << 20).is_some()));
        assert_eq!((arenas.taken(1 << 20), arenas.held), (None, 0));
    }
}
