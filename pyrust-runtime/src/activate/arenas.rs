//! CPython's arenas that became empty wait for the next object, instead of going back to the system at once.
//!
//! CPython takes small objects from arenas of a megabyte, and gives an arena back as soon as its last object is gone. A
//! function that returns a hundred thousand floats, called again and again, so asks the system for the same pages each
//! time, which clears every one of them when it is first touched: as long as native code takes for all of the rest. A
//! few arenas therefore stay with the process. What can be seen of it is that much more resident memory after large
//! results were dropped; the allocator of C does the same with its own memory.

use std::collections::HashSet;
use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, OnceLock};

use pyo3_ffi::*;

use crate::pages::{self, Patience};
use crate::peek::Own;

/// So many bytes wait at most: a result of a million floats.
const MOST_HELD: usize = 1 << 25;
/// Of so many bytes are the arenas of CPython 3.10 and later.
const ARENA: usize = 1 << 20;
/// Once arenas of so many bytes are in use, further ones come in pairs. A processor finds about as much memory by what
/// it remembers of small pages.
const MANY: usize = 1 << 24;
/// Every extension keeps a copy of this; the first of an interpreter says here that there is one.
const INSTALLED: &std::ffi::CStr = c"pyrust.arenas";

struct Arenas {
    /// Addresses and sizes of those that wait, the last one given back at the end.
    waiting: Vec<(usize, usize)>,
    patience: Patience,
    /// Bytes of those that are in use.
    used: usize,
    /// Where pairs begin.
    pairs: HashSet<usize>,
    /// Halves of pairs that are not in use and have no memory: their other halves are in use.
    bare: Vec<usize>,
}

/// What becomes of an arena that is empty.
#[derive(Debug, PartialEq)]
enum Empty {
    Waits,
    /// Its pair goes back to the system.
    Pair(usize),
    /// Its memory goes back, not its place.
    Bare,
    /// It goes where it came from.
    Goes,
}

/// CPython calls allocators with the GIL held. Another interpreter may have a GIL of its own, and a child that was
/// forked meanwhile finds the lock taken for good: nobody waits for it.
static ARENAS: Mutex<Option<Arenas>> = Mutex::new(None);

/// The allocator that was there before: all arenas but pairs come from it and go back to it.
struct Before {
    allocator: PyObjectArenaAllocator,
    /// It is CPython's own, so that memory may as well come from the system.
    own: bool,
}

// SAFETY: its context is handed to that allocator only, as CPython does from any thread.
unsafe impl Send for Before {}
// SAFETY: as above.
unsafe impl Sync for Before {}

static BEFORE: OnceLock<Before> = OnceLock::new();

impl Default for Arenas {
    fn default() -> Arenas {
        Arenas {
            waiting: Vec::new(),
            patience: Patience::new(MOST_HELD),
            used: 0,
            pairs: HashSet::new(),
            bare: Vec::new(),
        }
    }
}

impl Arenas {
    fn taken(&mut self, size: usize) -> Option<usize> {
        let at = match self.waiting.iter().rposition(|&(_, waiting)| waiting == size) {
            Some(at) => {
                self.patience.taken(size);
                self.waiting.swap_remove(at).0
            }
            None if size == ARENA => {
                let at = self.bare.pop()?;
                self.grows(size);
                return Some(at);
            }
            None => return None,
        };
        self.used += size;
        Some(at)
    }

    /// An arena comes from the system.
    fn grows(&mut self, size: usize) {
        self.used += size;
        self.patience.misses(size);
    }

    /// Two arenas at `start`: the first one is in use from now on.
    fn has_pair(&mut self, start: usize) -> usize {
        self.pairs.insert(start);
        self.bare.push(start + ARENA);
        self.grows(ARENA);
        start
    }

    fn emptied(&mut self, arena: usize, size: usize) -> Empty {
        self.used = self.used.saturating_sub(size);
        if self.patience.keeps(size) {
            self.waiting.push((arena, size));
            return Empty::Waits;
        }
        let start = arena & !ARENA;
        if !self.pairs.contains(&start) {
            return Empty::Goes;
        }
        let other = arena ^ ARENA;
        if let Some(at) = self.waiting.iter().position(|&(waiting, _)| waiting == other) {
            self.waiting.remove(at);
            self.patience.gives_up(ARENA);
        } else if let Some(at) = self.bare.iter().position(|&bare| bare == other) {
            self.bare.swap_remove(at);
        } else {
            self.bare.push(arena);
            return Empty::Bare;
        }
        self.pairs.remove(&start);
        Empty::Pair(start)
    }
}

extern "C" fn alloc(_: *mut c_void, size: usize) -> *mut c_void {
    let before = BEFORE.get();
    if let Ok(mut arenas) = ARENAS.try_lock() {
        let arenas = arenas.get_or_insert_default();
        let found = arenas.taken(size).or_else(|| {
            let many = size == ARENA && arenas.used >= MANY && before.is_some_and(|before| before.own);
            many.then(|| pages::huge().map(|start| arenas.has_pair(start))).flatten()
        });
        if let Some(found) = found {
            return ptr::with_exposed_provenance_mut(found);
        }
        arenas.grows(size);
    }
    match before {
        Some(Before { allocator: PyObjectArenaAllocator { ctx, alloc: Some(alloc), .. }, .. }) => {
            alloc(*ctx, size)
        }
        _ => ptr::null_mut(),
    }
}

extern "C" fn free(_: *mut c_void, arena: *mut c_void, size: usize) {
    let empty = match ARENAS.try_lock() {
        Ok(mut arenas) => arenas.get_or_insert_default().emptied(arena.expose_provenance(), size),
        Err(_) => Empty::Goes,
    };
    match empty {
        Empty::Waits => {}
        // SAFETY: nothing of either is in use.
        Empty::Pair(start) => unsafe { pages::free_huge(start) },
        // SAFETY: nothing of it is in use, and whoever is given it next expects nothing in it.
        Empty::Bare => unsafe { pages::clear(arena.cast(), ARENA) },
        Empty::Goes => {
            if let Some(Before { allocator: PyObjectArenaAllocator { ctx, free: Some(free), .. }, .. }) =
                BEFORE.get()
            {
                free(*ctx, arena, size);
            }
        }
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
        let mut allocator = PyObjectArenaAllocator { ctx: ptr::null_mut(), alloc: None, free: None };
        PyObject_GetArenaAllocator(&mut allocator);
        let (Some(alloc_before), Some(_)) = (allocator.alloc, allocator.free) else { return };
        let own =
            pages::are_beside(alloc_before as *const c_void, PyObject_SetArenaAllocator as *const c_void);
        if BEFORE.set(Before { allocator, own }).is_err() {
            return;
        }
        let mut own = PyObjectArenaAllocator { ctx: ptr::null_mut(), alloc: Some(alloc), free: Some(free) };
        PyObject_SetArenaAllocator(&mut own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = MOST_HELD / ARENA;

    fn all_may_wait() -> Arenas {
        Arenas { patience: Patience { room: MOST_HELD, ..Patience::new(MOST_HELD) }, ..Arenas::default() }
    }

    #[test]
    fn what_waits_is_bounded_and_taken_by_its_size() {
        let mut arenas = all_may_wait();
        assert!((1..=MOST).all(|at| arenas.emptied(at * ARENA, ARENA) == Empty::Waits));
        assert_eq!(arenas.emptied((MOST + 1) * ARENA, ARENA), Empty::Goes);
        assert_eq!(arenas.taken(ARENA / 4), None);
        assert_eq!(arenas.taken(ARENA), Some(MOST * ARENA));
        assert_eq!(arenas.emptied((MOST + 1) * ARENA, ARENA / 4), Empty::Waits);
        assert_eq!(arenas.taken(ARENA / 4), Some((MOST + 1) * ARENA));
        assert!((1..MOST).all(|_| arenas.taken(ARENA).is_some()));
        assert_eq!((arenas.taken(ARENA), arenas.patience.held, arenas.used), (None, 0, MOST * ARENA));
    }

    #[test]
    fn as_many_wait_as_were_asked_for_again() {
        let mut arenas = Arenas::default();
        (0..3).for_each(|_| arenas.grows(ARENA));
        assert!((1..=3).all(|at| arenas.emptied(at * ARENA, ARENA) == Empty::Goes));
        (0..2).for_each(|_| arenas.grows(ARENA));
        assert_eq!((arenas.patience.room, arenas.patience.gone, arenas.used), (2 * ARENA, ARENA, 2 * ARENA));
        assert!((1..=2).all(|at| arenas.emptied(at * ARENA, ARENA) == Empty::Waits));
        assert_eq!(arenas.emptied(3 * ARENA, ARENA), Empty::Goes);
        (0..2 * MOST).for_each(|_| arenas.grows(ARENA));
        assert_eq!((arenas.patience.room, arenas.patience.gone), (4 * ARENA, 0));
    }

    #[test]
    fn a_pair_goes_back_when_both_halves_are_empty() {
        let mut arenas = all_may_wait();
        let pairs: Vec<usize> = (0..MOST).map(|at| arenas.has_pair(at * 2 * ARENA)).collect();
        assert!((0..MOST).all(|_| arenas.taken(ARENA).is_some_and(|half| half % (2 * ARENA) == ARENA)));
        assert_eq!((arenas.taken(ARENA), arenas.used), (None, MOST * 2 * ARENA));
        // The first halves wait. Then a second one finds no room and goes with its first one, which leaves room for another.
        assert!(pairs.iter().all(|&pair| arenas.emptied(pair, ARENA) == Empty::Waits));
        for two in pairs.chunks(2) {
            assert_eq!(arenas.emptied(two[0] + ARENA, ARENA), Empty::Pair(two[0]));
            assert_eq!(arenas.emptied(two[1] + ARENA, ARENA), Empty::Waits);
        }
        assert_eq!(
            (arenas.patience.held, arenas.patience.gone, arenas.pairs.len()),
            (MOST_HELD, MOST_HELD, MOST / 2)
        );
    }

    #[test]
    fn half_of_a_pair_gives_back_its_memory_and_keeps_its_place() {
        let mut arenas = Arenas::default();
        assert_eq!((arenas.has_pair(0), arenas.taken(ARENA)), (0, Some(ARENA)));
        assert_eq!(
            (arenas.emptied(0, ARENA), arenas.bare.len(), arenas.patience.gone),
            (Empty::Bare, 1, ARENA)
        );
        assert_eq!((arenas.taken(ARENA), arenas.taken(ARENA), arenas.patience.room), (Some(0), None, ARENA));
        assert_eq!((arenas.emptied(ARENA, ARENA), arenas.emptied(0, ARENA)), (Empty::Waits, Empty::Pair(0)));
        assert_eq!((arenas.patience.held, arenas.used, arenas.pairs.len()), (0, 0, 0));
    }
}
