//! What a segment of a generator leaves behind for the next one: the number of its `yield`, the value, and what is kept.
//!
//! It goes past the result of the call, straight into a place that the hook gives ([`Left`]), so that an element costs no
//! object of its own.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, Py_None, PyObject};

use crate::obj::Obj;
use crate::peek::Own;
use crate::py::IntoPy;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Most objects that one `yield` leaves behind, the value included.
pub const MOST: usize = 64;

/// What a segment has left behind.
pub struct Left {
    pub point: usize,
    /// Turns of loops that the segment has taken, as far as that is counted: [`LONG`] or more where it was long.
    pub turns: i32,
    count: usize,
    /// The first `count` are strong references.
    items: [MaybeUninit<*mut PyObject>; MOST],
}

/// Turns of a segment that has looked for signals.
const LONG: i32 = 1 << 16;

/// Where the segment that runs now leaves it.
struct Current(Cell<*mut Left>);

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Current {}

static CURRENT: Current = Current(Cell::new(ptr::null_mut()));

/// A loop has taken so many turns that it looks for signals; what it had to spend on turns it has again.
pub(crate) fn looked() {
    let left = CURRENT.0.get();
    if !left.is_null() {
        // SAFETY: `Left::during` keeps it alive while the segment runs, and nothing else looks at it meanwhile.
        unsafe { (*left).turns = LONG };
    }
}

/// The turn of the loop that Python may have to go on with.
struct Turn(Cell<i64>);

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Turn {}

static TURN: Turn = Turn(Cell::new(0));

/// A loop has taken so many turns.
#[inline(always)]
pub fn reached(turn: i64) {
    TURN.0.set(turn);
}

/// Runs a loop that says in which turn it is; that turn, too.
pub fn counting<T>(run: impl FnOnce() -> T) -> (T, i64) {
    TURN.0.set(0);
    let result = run();
    (result, TURN.0.get())
}

impl Left {
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "a place on the stack, not a value")]
    pub const fn new() -> Left {
        Left { point: 0, turns: 0, count: 0, items: [const { MaybeUninit::uninit() }; MOST] }
    }

    /// Runs a segment that leaves something here. What runs inside may run others.
    pub fn during<T>(&mut self, run: impl FnOnce() -> T) -> T {
        self.during_seen(|_| run())
    }

    /// As [`Left::during`], with the place itself for whoever looks at it once the segment is over.
    pub fn during_seen<T>(&mut self, run: impl FnOnce(*const Left) -> T) -> T {
        let this: *mut Left = self;
        let before = CURRENT.0.replace(this);
        let result = run(this);
        CURRENT.0.set(before);
        result
    }

    /// The objects; each is taken once.
    pub fn items(&self) -> &[*mut PyObject] {
        // SAFETY: the first `count` have been written.
        unsafe { core::slice::from_raw_parts(self.items.as_ptr().cast(), self.count) }
    }

    /// The objects from this one on, which are no longer left here.
    pub fn split_off(&mut self, at: usize) -> Vec<Own> {
        let count = self.count;
        self.count = at.min(count);
        // SAFETY: written, and owned by whoever takes them now.
        self.items[self.count..count]
            .iter()
            .filter_map(|item| unsafe { Own::take(item.assume_init()) })
            .collect()
    }

    /// Gives the references up to whoever has read them.
    pub fn taken(&mut self) {
        self.count = 0;
    }

    fn clear(&mut self) {
        let count = core::mem::take(&mut self.count);
        for item in &self.items[..count] {
            // SAFETY: written, and owned here; the objects are new ones or are alive elsewhere.
            unsafe { Py_DECREF(item.assume_init()) };
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The objects of one `yield`, one after the other.
pub struct Suspending(NonNull<Left>);

impl Suspending {
    /// Begins anew.
    #[inline]
    pub fn begin() -> R<Suspending> {
        let Some(mut left) = NonNull::new(CURRENT.0.get()) else { return bail(Bail::Unsupported) };
        // SAFETY: `Left::during` keeps it alive while the segment runs, and nothing else looks at it meanwhile.
        unsafe { left.as_mut() }.clear();
        Ok(Suspending(left))
    }

    /// The next object.
    #[inline]
    pub fn keep<T: IntoPy>(&mut self, cx: Cx, value: T) -> R<()> {
        let object = value.into_py(cx)?;
        // SAFETY: as in `begin`.
        let left = unsafe { self.0.as_mut() };
        let Some(place) = left.items.get_mut(left.count) else {
            // SAFETY: owned here.
            unsafe { Py_DECREF(object) };
            return bail(Bail::Unsupported);
        };
        place.write(object);
        left.count += 1;
        Ok(())
    }

    /// As [`Suspending::begin`], where that is rare.
    #[inline(never)]
    pub extern "C" fn begin_rarely() -> R<Suspending> {
        Self::begin()
    }

    /// As [`Suspending::keep`], where that is rare: one function for all values of a type.
    #[inline(never)]
    pub extern "C" fn keep_rarely<T: IntoPy>(&mut self, cx: Cx, value: T) -> R<()> {
        self.keep(cx, value)
    }

    /// As [`Suspending::end`], where that is rare.
    #[inline(never)]
    pub extern "C" fn end_rarely(self, point: usize) -> Obj {
        self.end(point)
    }

    /// The object that is already the `first`.
    #[inline]
    pub fn again(&mut self, first: usize) -> R<()> {
        // SAFETY: as in `begin`.
        let left = unsafe { self.0.as_mut() };
        if first >= left.count || left.count == MOST {
            return bail(Bail::Unsupported);
        }
        // SAFETY: written, and owned here.
        unsafe { pyo3_ffi::Py_INCREF(left.items[first].assume_init()) };
        left.items[left.count] = left.items[first];
        left.count += 1;
        Ok(())
    }

    /// So much has been spent on turns of loops.
    #[inline(always)]
    pub fn turned(&mut self, turns: i32) {
        // SAFETY: as in `begin`.
        let left = unsafe { self.0.as_mut() };
        // What is negative was given anew.
        left.turns = left.turns.saturating_add(turns.max(0));
    }

    /// That was all of it.
    #[inline]
    pub fn end(mut self, point: usize) -> Obj {
        // SAFETY: as in `begin`; `None` lives for good.
        unsafe {
            self.0.as_mut().point = point;
            // What runs between here and the hook has nothing to leave.
            CURRENT.0.set(ptr::null_mut());
            Obj::foreign(NonNull::new_unchecked(Py_None()))
        }
    }
}
