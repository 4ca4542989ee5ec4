//! What a transaction knows of the arrays that it has seen, and how stores into them are undone.
//!
//! Stores go into the array's own memory at once, so that all views of it see them. What stood there before is logged:
//! by elements, or, where a loop goes through memory in order, by the stretch that it is about to go through, and stores
//! there cost nothing from then on. Once the log is as long as a part of the array, all of its memory is copied as it is
//! then. There is one log for all arrays, undone from its end: that is right whatever overlaps.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::PyObject;

use super::layout::{self, ArrayObject, MOST_DIMS};
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// One array, or memory.
pub(crate) struct State {
    pub(super) object: *mut PyObject,
    /// The dtype's letter.
    pub(super) code: u8,
    pub(super) dims: usize,
    pub(super) data: *mut u8,
    pub(super) shape: [isize; MOST_DIMS],
    pub(super) strides: [isize; MOST_DIMS],
    /// The memory that its elements lie in.
    low: *mut u8,
    bytes: usize,
    /// Stores need no log: the memory was copied, or is the transaction's own.
    pub(super) free: Cell<bool>,
    /// It may be written to: private memory, and not read-only.
    writable: Cell<bool>,
    /// Entries that its stores have made.
    logged: Cell<usize>,
    /// The stretch of memory that has been copied: stores there need no log.
    covered: Cell<(usize, usize)>,
    /// Native code made it.
    made: bool,
}

enum Entry {
    /// An element of so many bytes, and those.
    Element { place: *mut u8, size: u32, bits: [u8; 8] },
    /// A stretch of memory, and where in [`Arrays::kept`] its content stands.
    Copy { place: *mut u8, at: usize, bytes: usize },
}

/// All arrays of a transaction.
pub(crate) struct Arrays {
    map: PtrMap,
    states: Buf<Box<State>>,
    /// Places in `states` of arrays that are gone.
    spare: Buf<u32>,
    log: Buf<Entry>,
    /// What has been copied. Its memory stays for the next transaction, which need not ask the system for pages again.
    kept: Buf<u8>,
    /// In checked mode: what was there when the array was seen.
    shadow: Buf<(*mut u8, Buf<u8>)>,
    pub(super) errors_checked: bool,
    /// Views that Python gets: where each begins, its shape and its strides.
    views: Buf<Seen>,
    /// Bytes of the arrays that native code has made, and of those that came from outside.
    held: usize,
    given: usize,
}

/// What an array takes besides its elements.
const HEAD: usize = 400;

/// At most so many bytes, and twice those of the arrays that came from outside: Python frees what it does not need.
const MOST_HELD: usize = 1 << 28;

/// A stretch with fewer stores in so many bytes is not copied for them.
const SPARSE: u64 = 128;

/// So many bytes stay for the next transaction.
const MOST_KEPT: usize = 1 << 24;

impl Arrays {
    pub(crate) const fn new() -> Arrays {
        Arrays {
            map: PtrMap::new(),
            states: Buf::new(),
            spare: Buf::new(),
            log: Buf::new(),
            kept: Buf::new(),
            shadow: Buf::new(),
            errors_checked: false,
            views: Buf::new(),
            held: 0,
            given: 0,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() && !self.errors_checked
    }

    /// Puts everything back; in checked mode says whether all is as it was.
    ///
    /// # Safety
    /// The arrays are alive.
    pub(crate) unsafe fn undo(&mut self) -> bool {
        // SAFETY: entries name memory of arrays that are alive, which nobody has moved.
        unsafe {
            for entry in self.log.iter().rev() {
                match entry {
                    Entry::Element { place, size, bits } => {
                        ptr::copy_nonoverlapping(bits.as_ptr(), *place, *size as usize);
                    }
                    Entry::Copy { place, at, bytes } => {
                        ptr::copy_nonoverlapping(self.kept.as_ptr().add(*at), *place, *bytes);
                    }
                }
            }
            self.shadow
                .iter()
                .all(|(place, content)| core::slice::from_raw_parts(*place, content.len()) == &content[..])
        }
    }

    /// Forgets everything: no reference is held.
    pub(crate) fn forget(&mut self) {
        if self.is_empty() {
            return;
        }
        self.map.clear();
        self.states.clear();
        self.spare.clear();
        self.log.clear();
        if self.kept.capacity() > MOST_KEPT {
            self.kept = Buf::new();
        } else {
            self.kept.clear();
        }
        self.shadow.clear();
        self.errors_checked = false;
        self.views.clear();
        self.held = 0;
        self.given = 0;
    }
}

/// What the transaction knows of the array; looked at when it is seen first. `fresh`: nobody but the transaction has it.
///
/// # Safety
/// `object` is an exact array that lives until the transaction closes.
pub(crate) unsafe fn state_of(cx: Cx, object: *mut PyObject, fresh: bool) -> R<*const State> {
    // SAFETY: short borrows; by the caller.
    unsafe {
        if let Some(at) = cx.txn().rare().arrays.map.get(object)
            && at != GONE
        {
            return Ok(&raw const *cx.txn().rare().arrays.states[at as usize]);
        }
        layout::check(object)?;
        super::check_errors(cx)?;
        let array = &*object.cast::<ArrayObject>();
        let descr = &*array.descr;
        let dims = array.nd as usize;
        let size = super::element_size(descr.code);
        if dims > MOST_DIMS || size == 0 || !matches!(descr.order, b'=' | b'|') {
            return bail(Bail::Type);
        }
        if array.flags & layout::ALIGNED == 0 {
            return bail(Bail::Unsupported);
        }
        let (mut shape, mut strides) = ([1; MOST_DIMS], [0; MOST_DIMS]);
        let (mut low, mut high, mut empty) = (0isize, 0isize, false);
        for at in 0..dims {
            shape[at] = *array.dimensions.add(at);
            strides[at] = *array.strides.add(at);
            let reach = (shape[at] - 1).max(0) * strides[at];
            low += reach.min(0);
            high += reach.max(0);
            empty |= shape[at] == 0;
        }
        let bytes = if empty { 0 } else { (high - low) as usize + size };
        let low = array.data.wrapping_offset(low);
        let txn = cx.txn();
        if !fresh {
            txn.rare().arrays.given += bytes;
        } else if txn.rare().arrays.held + bytes > MOST_HELD + 2 * txn.rare().arrays.given {
            return bail(Bail::Limit);
        } else {
            txn.rare().arrays.held += bytes + HEAD;
        }
        if txn.checked && !fresh {
            let mut content = Buf::new();
            if content.extend_from(core::slice::from_raw_parts(low, bytes)) {
                let _ = txn.rare().arrays.shadow.push((low, content));
            }
        }
        let state = Box::new(State {
            object,
            code: descr.code,
            dims,
            data: array.data,
            shape,
            strides,
            low,
            bytes,
            free: Cell::new(fresh),
            writable: Cell::new(fresh),
            logged: Cell::new(0),
            covered: Cell::new((0, 0)),
            made: fresh,
        });
        let place = &raw const *state;
        let arrays = &mut txn.rare().arrays;
        let at = match arrays.spare.pop() {
            Some(at) => {
                arrays.states[at as usize] = state;
                at
            }
            None if arrays.states.push(state).is_err() => return bail(Bail::Memory),
            None => arrays.states.len() as u32 - 1,
        };
        // Where an array is gone another one may stand now. A state without an entry is dropped with all others.
        if arrays.map.set(object, at) || arrays.map.insert(object, at) {
            Ok(place)
        } else {
            bail(Bail::Memory)
        }
    }
}

/// What tells a view.
type Seen = (usize, usize, [i64; MOST_DIMS], [isize; MOST_DIMS]);

/// So many views are told apart.
const MOST_VIEWS: usize = 256;

/// Is it the first view of its kind that Python gets from the transaction? Those that differ in how they lie are
/// different objects; of others native code cannot tell.
pub(super) fn is_first<T, const N: usize>(cx: Cx, a: &super::Array<T, N>) -> R<bool> {
    let (mut shape, mut strides) = ([1; MOST_DIMS], [0; MOST_DIMS]);
    shape[..N].copy_from_slice(&a.shape);
    strides[..N].copy_from_slice(&a.strides);
    let seen = (a.data.addr(), N, shape, strides);
    // SAFETY: a short borrow.
    let views = &mut unsafe { cx.txn() }.rare().arrays.views;
    if views.len() >= MOST_VIEWS || views.contains(&seen) {
        return Ok(false);
    }
    if views.push(seen).is_err() { bail(Bail::Memory) } else { Ok(true) }
}

/// What stands for an array that is gone.
const GONE: u32 = u32::MAX;

/// At most so many objects are looked at again in each turn.
const MOST_SWEPT: usize = 64;

/// A variable that may hold an array.
pub trait Root {
    /// The array; null for none.
    fn root(&self) -> *const Whole;
}

/// An array that a transaction has seen.
pub enum Whole {}

impl<T, const N: usize> Root for super::Array<T, N> {
    fn root(&self) -> *const Whole {
        self.state.cast()
    }
}

impl<R: Root> Root for Option<R> {
    fn root(&self) -> *const Whole {
        self.as_ref().map_or(ptr::null(), Root::root)
    }
}

/// How many objects the transaction keeps so far.
pub fn mark(cx: Cx) -> usize {
    // SAFETY: a short borrow.
    unsafe { cx.txn() }.arena.len()
}

/// Frees the arrays that native code has made since, and that nothing holds any more. The roots are all variables that
/// may hold one; nothing else of native code does.
pub fn sweep(cx: Cx, mark: &mut usize, roots: &[*const Whole]) {
    // SAFETY: a short borrow; an array that only the transaction refers to runs no Python code when it goes.
    unsafe {
        let txn = cx.txn();
        let mut kept = *mark;
        for at in *mark..txn.arena.len() {
            let object = txn.arena[at];
            if txn.rare().arrays.is_done_with(object, roots) {
                pyo3_ffi::Py_DECREF(object);
            } else {
                txn.arena[kept] = object;
                kept += 1;
            }
        }
        txn.arena.truncate(kept);
        // What has stayed for so long will go on to do so.
        if kept - *mark > MOST_SWEPT {
            *mark = kept;
        }
    }
}

/// Frees an array that native code has made and that has been used up, if it is one of those that came last.
pub fn spent<T, const N: usize>(cx: Cx, array: super::Array<T, N>) {
    // SAFETY: a short borrow; an array that only the transaction refers to runs no Python code when it goes.
    unsafe {
        let txn = cx.txn();
        let last = txn.arena.len().saturating_sub(LAST);
        let place = (last..txn.arena.len()).find(|at| ptr::eq(txn.arena[*at], array.object));
        if let Some(at) = place
            && txn.rare().arrays.is_done_with(array.object, &[])
        {
            txn.arena.remove(at);
            pyo3_ffi::Py_DECREF(array.object);
        }
    }
}

/// So many of the newest objects are looked through.
const LAST: usize = 8;

impl Arrays {
    /// Forgets an array that native code has made, if nothing holds it.
    ///
    /// # Safety
    /// The object is alive.
    unsafe fn is_done_with(&mut self, object: *mut PyObject, roots: &[*const Whole]) -> bool {
        // SAFETY: by the caller.
        if unsafe { pyo3_ffi::Py_REFCNT(object) } != 1 {
            return false;
        }
        let Some(at) = self.map.get(object).filter(|at| *at != GONE) else { return false };
        let state = &*self.states[at as usize];
        if !state.made || roots.contains(&ptr::from_ref(state).cast()) || self.spare.push(at).is_err() {
            return false;
        }
        self.held -= state.bytes + HEAD;
        self.map.set(object, GONE);
        true
    }
}

impl State {
    /// Before a loop of so many turns that store at most once each: is the memory copied, if that is less than a log?
    #[cold]
    #[inline(never)]
    pub(super) extern "C" fn open(&self, cx: Cx, turns: i64) -> R<bool> {
        // What must not be written to is left to the store, if there is one.
        if self.writable().is_err() {
            return Ok(false);
        }
        self.logged.set(self.logged.get().saturating_add(turns as usize));
        if self.logged.get() > 16 + self.bytes / 32 {
            self.copy(cx)?;
        }
        Ok(self.free.get())
    }

    /// Bails where nothing must be written; looked at once.
    fn writable(&self) -> R<()> {
        if !self.writable.get() {
            // SAFETY: the array is alive.
            unsafe { check_writable(self.object)? };
            self.writable.set(true);
        }
        Ok(())
    }

    /// Before all of it may be written to: the memory is kept, unless it is the transaction's own.
    pub(super) fn keep(&self, cx: Cx) -> R<()> {
        self.writable()?;
        if self.free.get() { Ok(()) } else { self.copy(cx) }
    }

    /// Before a loop of so many turns that may write between two places: has that been copied?
    #[inline(always)]
    pub(super) fn cover(&self, cx: Cx, (low, high): (usize, usize), turns: i64) -> R<bool> {
        let (from, to) = self.covered.get();
        if self.free.get() || (from <= low && high <= to) {
            return Ok(true);
        }
        self.widen(cx, low, high, turns)
    }

    #[cold]
    #[inline(never)]
    extern "C" fn widen(&self, cx: Cx, low: usize, high: usize, turns: i64) -> R<bool> {
        let (from, to) = self.covered.get();
        let gap = low.saturating_sub(to).max(from.saturating_sub(high));
        // Of a few places far apart, each is logged by itself.
        if ((high - low) as u64).div_ceil(SPARSE) > turns as u64 {
            return self.open(cx, turns);
        }
        // What lies between is copied as well, if it is no more than the rest.
        if from < to && gap > (to - from).max(high - low) {
            return self.open(cx, turns);
        }
        // What must not be written to is left to the store, if there is one.
        if self.writable().is_err() {
            return Ok(false);
        }
        self.reach(cx, low, high)?;
        Ok(true)
    }

    /// Copies what has not been copied between two places, and between those and what has.
    fn reach(&self, cx: Cx, low: usize, high: usize) -> R<()> {
        let (from, to) = match self.covered.get() {
            (from, to) if from < to => (from, to),
            _ => (low, low),
        };
        if low < from {
            self.save(cx, low, from)?;
        }
        if high > to {
            self.save(cx, to, high)?;
        }
        let (from, to) = (from.min(low), to.max(high));
        self.covered.set((from, to));
        self.free.set(from <= self.low.addr() && self.low.addr() + self.bytes <= to);
        Ok(())
    }

    /// Keeps what stands between two places as it is now.
    fn save(&self, cx: Cx, low: usize, high: usize) -> R<()> {
        cx.point()?;
        let (place, bytes) = (self.low.with_addr(low), high - low);
        // SAFETY: the places lie in the array's memory; a short borrow.
        unsafe {
            let arrays = &mut cx.txn().rare().arrays;
            let at = arrays.kept.len();
            if !arrays.kept.extend_from(core::slice::from_raw_parts(place, bytes)) {
                return bail(Bail::Memory);
            }
            if let Some(Entry::Copy { place: last, bytes: before, .. }) = arrays.log.last_mut()
                && last.addr() + *before == low
            {
                *before += bytes;
            } else if arrays.log.push(Entry::Copy { place, at, bytes }).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }

    /// Keeps all of the memory as it is now.
    fn copy(&self, cx: Cx) -> R<()> {
        self.reach(cx, self.low.addr(), self.low.addr() + self.bytes)?;
        self.free.set(true);
        Ok(())
    }

    /// Before a store of `size` bytes.
    #[cold]
    #[inline(never)]
    pub(super) extern "C" fn before_store(&self, cx: Cx, place: *mut u8, size: usize) -> R<()> {
        self.writable()?;
        let (from, to) = self.covered.get();
        if (from..to).contains(&place.addr()) {
            return Ok(());
        }
        let logged = self.logged.get();
        // SAFETY: the elements lie in the array's memory; a short borrow.
        unsafe {
            let arrays = &mut cx.txn().rare().arrays;
            if logged > 16 + self.bytes / 32 {
                return self.copy(cx);
            }
            let mut bits = [0; 8];
            ptr::copy_nonoverlapping(place, bits.as_mut_ptr(), size.min(8));
            if arrays.log.push(Entry::Element { place, size: size as u32, bits }).is_err() {
                return bail(Bail::Memory);
            }
            self.logged.set(logged + 1);
        }
        Ok(())
    }
}

/// Bails for what is read-only (Python raises) and for memory that somebody else may own: that of a file, of another
/// process.
unsafe fn check_writable(object: *mut PyObject) -> R<()> {
    // SAFETY: the array is alive, and keeps what it is a view of alive.
    unsafe {
        let mut array = object.cast::<ArrayObject>();
        if (*array).flags & layout::WRITEABLE == 0 {
            return bail(Bail::Unsupported);
        }
        loop {
            if (*array).flags & layout::OWNS != 0 {
                return Ok(());
            }
            let base = (*array).base;
            if base.is_null() {
                return bail(Bail::Unsupported);
            }
            // A `bytearray` or a `memoryview` has rules of its own.
            if !layout::is_array(base) {
                return bail(Bail::Unsupported);
            }
            array = base.cast();
        }
    }
}
