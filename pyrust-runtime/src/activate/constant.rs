//! Frozensets among the constants of a function's code: what Python makes of a set display of constants.
//!
//! Its order is that of the object: made by the compiler, or read from a cache file in another order. So the very
//! object is looked for.

use std::cell::Cell;

use pyo3_ffi::*;

use super::registry;
use crate::boundary::layout::{self, RawSet};
use crate::elem::Key;
use crate::peek::attribute_or_none;
use crate::py::{FromPy, IntoPy};
use crate::set::{self, PFrozenSet, Set};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Code nests no deeper.
const DEPTH: usize = 16;

/// One display: the function that it stands in, and the object once it was found.
pub struct SetConst {
    owner: &'static str,
    /// The code, and the frozenset: strongly held for good.
    found: Cell<Option<(*mut PyObject, *mut PyObject)>>,
}

// SAFETY: only touched with the GIL held.
unsafe impl Sync for SetConst {}

impl SetConst {
    pub const fn new(owner: &'static str) -> SetConst {
        SetConst { owner, found: Cell::new(None) }
    }

    /// The frozenset of these elements.
    pub fn get<K: Key + FromPy + IntoPy, const N: usize>(
        &'static self,
        cx: Cx,
        elements: impl FnOnce() -> R<[K; N]>,
    ) -> R<PFrozenSet<K>> {
        let Some(code) = registry::code_of(self.owner) else { return bail(Bail::Guard) };
        let object = match self.found.get() {
            Some((known, object)) if known == code => object,
            _ => {
                let wanted = set::new(cx)?;
                for element in elements()? {
                    set::add(cx, &wanted, element)?;
                }
                // SAFETY: the registry holds the code; what is found belongs to its constants.
                unsafe {
                    let mut found = Search { cx, wanted: &wanted, found: None };
                    found.code(code, DEPTH)?;
                    let Some(object) = found.found else { return bail(Bail::Guard) };
                    Py_INCREF(code);
                    Py_INCREF(object);
                    self.found.set(Some((code, object)));
                    object
                }
            }
        };
        // SAFETY: strongly held.
        unsafe { PFrozenSet::from_py(cx, object) }
    }
}

struct Search<'a, K: Key> {
    cx: Cx,
    wanted: &'a Set<K>,
    found: Option<*mut PyObject>,
}

impl<K: Key + FromPy + IntoPy> Search<'_, K> {
    /// Looks among the constants, and those of the code objects among them.
    unsafe fn code(&mut self, code: *mut PyObject, depth: usize) -> R<()> {
        // SAFETY: the caller vouches for the code; its constants are a tuple, which keeps them alive.
        unsafe {
            let Some(constants) = attribute_or_none(code, c"co_consts") else { return bail(Bail::Guard) };
            let constants = constants.ptr();
            if !layout::is_tuple(constants) || depth == 0 {
                return bail(Bail::Guard);
            }
            for index in 0..layout::var_size(constants) {
                let constant = *layout::tuple_items(constants).add(index);
                if layout::is_exact(constant, &raw mut PyCode_Type) {
                    self.code(constant, depth - 1)?;
                } else if layout::is_frozenset(constant) && self.is_wanted(constant)? {
                    match self.found {
                        // Two displays of the same elements: which one is meant matters if the order differs.
                        Some(other) if !same_table(other, constant) => return bail(Bail::Guard),
                        _ => self.found = Some(constant),
                    }
                }
            }
            Ok(())
        }
    }

    unsafe fn is_wanted(&self, constant: *mut PyObject) -> R<bool> {
        // SAFETY: by the caller; a frozenset does not change.
        unsafe {
            let raw = RawSet::of(constant);
            if raw.used() as i64 != set::len(self.cx, self.wanted)? {
                return Ok(false);
            }
            for index in 0..=raw.mask() {
                let (hash, object) = raw.slot(index);
                if object.is_null() || hash == -1 {
                    continue;
                }
                if !K::matches(object) {
                    return Ok(false);
                }
                let Ok(element) = K::from_py(self.cx, object) else { return Ok(false) };
                if !set::contains(self.cx, self.wanted, &element)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// Do two frozensets of equal elements have them in the same slots?
unsafe fn same_table(a: *mut PyObject, b: *mut PyObject) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let (a, b) = (RawSet::of(a), RawSet::of(b));
        a.mask() == b.mask()
            && (0..=a.mask()).all(|index| {
                let ((x, p), (y, q)) = (a.slot(index), b.slot(index));
                x == y && p.is_null() == q.is_null()
            })
    }
}
