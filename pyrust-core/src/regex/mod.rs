//! Patterns of `re` and what they find in texts.
//!
//! CPython compiles a pattern to code for an engine of its own. That very code is read once for each pattern
//! (`code`, `program`) and matched natively (`engine`), so that what a pattern means is CPython's own; what has been found
//! (`found`) is no object as long as nobody wants one. What is not read, and what takes long, CPython's engine does.

mod code;
mod engine;
mod found;
mod patterns;
mod program;

pub(crate) use engine::Room;
pub use found::Found;
pub use found::asked::*;
pub use patterns::*;

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject};

use crate::foreign::{Foreign, Pattern};
use crate::strs::Str;
use program::Program;

/// Places for patterns that have been seen, and how many are seen at most: they are kept for good.
const PLACES: usize = 1 << 10;
const MOST: usize = PLACES / 2;

/// A pattern that has been seen.
struct Entry {
    /// Kept for good, so that no other pattern can be there.
    pattern: *mut PyObject,
    known: Option<(Program, Vec<Option<Str>>)>,
}

impl Entry {
    fn program(&self) -> Option<&Program> {
        self.known.as_ref().map(|(program, _)| program)
    }

    /// How many groups the pattern has.
    fn groups(&self) -> usize {
        self.program().map_or(0, |program| program.groups)
    }

    /// The name of a group, from 1.
    fn name(&self, group: usize) -> Option<&Str> {
        self.known.as_ref().and_then(|(_, names)| names.get(group)?.as_ref())
    }

    /// The number of the group that is called so.
    fn number(&self, name: &Str) -> Option<i64> {
        let (_, names) = self.known.as_ref()?;
        let is_it = |known: &Option<Str>| known.as_ref().is_some_and(|known| known.same_text(name));
        names.iter().position(is_it).map(|group| group as i64)
    }
}

/// What is known of a pattern, if it can be matched natively.
fn entry(pattern: Foreign<Pattern>) -> Option<&'static Entry> {
    static SEEN: [AtomicPtr<Entry>; PLACES] = [const { AtomicPtr::new(ptr::null_mut()) }; PLACES];
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let pattern = pattern.as_ptr();
    let mut place = (pattern.addr() >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (usize::BITS - 10);
    loop {
        let known = SEEN[place].load(Relaxed);
        if known.is_null() {
            if COUNT.fetch_add(1, Relaxed) >= MOST {
                return None;
            }
            // SAFETY: The GIL is held; the pattern is alive.
            let fresh = Box::into_raw(Box::new(unsafe { seen(pattern) }));
            SEEN[place].store(fresh, Relaxed);
            // SAFETY: Never freed.
            let entry = unsafe { &*fresh };
            return entry.known.is_some().then_some(entry);
        }
        // SAFETY: Never freed.
        let entry = unsafe { &*known };
        if ptr::eq(entry.pattern, pattern) {
            return entry.known.is_some().then_some(entry);
        }
        place = (place + 1) % PLACES;
    }
}

/// Is the pattern matched natively?
pub fn is_native(pattern: Foreign<Pattern>) -> bool {
    entry(pattern).is_some()
}

/// Reads a pattern, and keeps it.
///
/// # Safety
/// An exact pattern that is alive; the GIL is held.
#[cold]
unsafe fn seen(pattern: *mut PyObject) -> Entry {
    // SAFETY: By the caller.
    unsafe {
        ffi::Py_INCREF(pattern);
        let known = code::of(pattern).and_then(|code| {
            let program = Program::read(code.words, code.groups)?;
            let count = if code.names.is_null() { 0 } else { ffi::PyTuple_Size(code.names) };
            let name = |at| {
                let name = ffi::PyTuple_GetItem(code.names, at);
                if ffi::PyUnicode_CheckExact(name) == 0 { None } else { Str::from_borrowed(name).ok() }
            };
            Some((program, (0..count).map(name).collect()))
        });
        Entry { pattern, known }
    }
}
