//! The open transaction, and [`Cx`], through which native code reaches it.
//!
//! There is one transaction per process at a time (the GIL is not released while one is open), so it lives in
//! a static and keeps its buffers: opening costs a few stores.

mod answers;
mod classes;
pub(crate) mod last;
mod rare;
pub mod seen;
mod stack;

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, Ordering};
use core::{cell::UnsafeCell, ptr::NonNull};

use pyo3_ffi::{PyErr_Clear, PyErr_Occurred, PyObject};

use crate::boundary::attributes;
use crate::boundary::dropped::Shared;
use crate::boundary::few::Few;
use crate::boundary::journal::{ListState, Lists, Spare};
use crate::boundary::overlay::Overlays;
use crate::boundary::stores::Stores;
use crate::buf::Buf;
use crate::list::Choice;
use crate::raised::Raised;
use crate::stop::{Bail, R, Stop, bail};
use crate::txn::classes::InClasses;
use crate::txn::rare::Rare;
pub(crate) use crate::txn::stack::stack_pointer;

/// A poll at least every so many turns of one loop.
pub const FUEL: i32 = 4096;

/// The same while turns are counted.
const GRAIN: i32 = 64;

/// And every so many native calls: loops in functions that loops call would multiply otherwise.
const CALL_FUEL: i32 = 1024;
/// Bytes of a text that take as long to be made as many turns.
const MUCH: usize = 1 << 19;

/// In the place of the number of a parameter: an object is returned; one whose reference is ours.
const RET_OBJECT: i32 = -2;
const RET_TAKEN: i32 = -3;

/// Levels of Python's depth that no native call uses: what calls nothing of ours (builtins, and comprehensions and
/// generator expressions in them) takes a few in Python, which nobody counts.
const RESERVE: u32 = 8;

/// Longer buffers are not kept for the next transaction.
pub(crate) const MODERATE: usize = 1024;
/// Nor more states of lists.
const STATES: usize = 1 << 14;

/// References that one transaction may hold back (replay rule 35).
const ARENA_LIMIT: usize = 1 << 25;

/// Turns of loops that tell whether lists should be converted.
struct Measure {
    /// Turns between two polls.
    grain: i32,
    /// Turns left until it is told; none where nothing is measured.
    left: Option<usize>,
    /// Who wants to know, where lists are still in place.
    in_place: Option<&'static Choice>,
}

const UNMEASURED: Measure = Measure { grain: FUEL, left: None, in_place: None };

/// What an open transaction holds.
pub struct Txn {
    pub(crate) open: bool,
    /// Of the transactions of the process, from 1: what has been found out of a class holds as long as one is open.
    pub(crate) number: u64,
    /// Records what an independent check of the rollback needs.
    pub(crate) checked: bool,
    /// Native code has seen objects as such: nothing that could be one of them is freed or rewritten.
    pub(crate) objects_seen: bool,
    /// A generator was dropped where Python would have run code of it: the call must not be committed.
    pub(crate) doomed: bool,
    /// A handler that is open reads what it catches.
    looks: bool,
    nothing: answers::Answer,
    /// Names that were assigned in classes.
    in_classes: InClasses,
    /// What the generator that goes on next raises at its `yield`.
    thrown: Option<Stop>,
    /// What the exception that was raised last says.
    pub(crate) raised: Raised,
    points_on: bool,
    #[cfg(not(Py_3_12))]
    gc_was_on: bool,
    /// Native calls until the next poll; all of them, while points are counted.
    call_fuel: i32,
    measure: Measure,
    pub(crate) depth: u32,
    /// Those of the outermost call.
    args: *const *mut PyObject,
    pub(crate) ret_arg: i32,
    ret_object: *mut pyo3_ffi::PyObject,
    pub(crate) stack_limit: usize,
    points: i64,
    /// The possible point that bails; 0 for none, negative to count only.
    points_at: i64,
    /// Strong references that live until the transaction has closed.
    pub(crate) arena: Buf<*mut PyObject>,
    pub(crate) lists: Lists,
    pub(crate) attributes: attributes::Log,
    pub(crate) dicts: Overlays,
    /// Is there something in `rare`? What asks for it says so, and then it counts until it is found to be empty.
    rare_used: bool,
    rare: Rare,
    /// In a thread that does turns of a loop for the one that holds the GIL: becomes true when they are not wanted.
    unwanted: *const AtomicBool,
}

impl Txn {
    const fn new() -> Txn {
        Txn {
            open: false,
            number: 0,
            checked: false,
            objects_seen: false,
            doomed: false,
            thrown: None,
            looks: false,
            nothing: (0, 0),
            in_classes: InClasses::new(),
            raised: Raised::new(),
            points_on: false,
            #[cfg(not(Py_3_12))]
            gc_was_on: false,
            call_fuel: CALL_FUEL,
            measure: UNMEASURED,
            depth: 0,
            args: core::ptr::null(),
            ret_arg: -1,
            ret_object: core::ptr::null_mut(),
            stack_limit: 0,
            points: 0,
            points_at: 0,
            arena: Buf::new(),
            lists: Lists::new(),
            attributes: attributes::Log::new(),
            dicts: Overlays::new(),
            rare_used: false,
            rare: Rare::new(),
            unwanted: core::ptr::null(),
        }
    }

    /// Is there anything for the end to look at besides what is held in lists, dicts and attributes? One question for
    /// all of it: few calls have any.
    #[inline(always)]
    pub(crate) fn is_unusual(&self) -> bool {
        // What the opening has just written apart from what it has not: one look at both would have to wait until the
        // writing is done.
        let standing = self.points_on | self.rare_used;
        #[cfg(not(Py_3_12))]
        let standing = standing | self.gc_was_on;
        self.doomed | self.looks || standing
    }

    /// What most transactions hold nothing of, to be read or written.
    #[inline(always)]
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare_used = true;
        &mut self.rare
    }

    /// The same, to be looked at.
    #[inline(always)]
    pub(crate) fn rare_as_it_is(&self) -> &Rare {
        &self.rare
    }

    /// May there be something of it?
    #[inline(always)]
    pub(crate) fn has_rare(&self) -> bool {
        self.rare_used
    }
}

/// It begins with a page, so that where in it the words lie that every call writes does not differ between modules.
#[repr(align(4096))]
struct Pool(UnsafeCell<Txn>);

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool(UnsafeCell::new(Txn::new()));

/// An address of this module's, with which lists are marked: no object stands there.
#[inline(always)]
pub(crate) fn mark() -> usize {
    (&raw const POOL).addr()
}

/// Possible points of the last call, while counting or forcing.
static POINTS: AtomicI64 = AtomicI64::new(0);
/// Says whether a signal, an asynchronous exception or a pending call waits.
static POLL: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Forced-bail mode of the tests (replay rule 38): the `k`-th possible point of every call from now on bails.
/// 0 switches it off, -1 only counts.
pub fn set_forced_bail(k: i64) {
    // SAFETY: The GIL is held, and no other reference lives across a call into this module.
    let txn = unsafe { &mut *POOL.0.get() };
    txn.points_at = k;
    txn.points_on = k != 0;
}

/// How many points the last call had, while forced-bail mode was on.
pub fn last_points() -> i64 {
    POINTS.load(Ordering::Relaxed)
}

/// Registers the function that polls ask.
pub fn set_poll(pending: fn() -> bool) {
    POLL.store(pending as *mut (), Ordering::Relaxed);
}

/// Opens the transaction of a call with these arguments; `None` if one is open already.
///
/// # Safety
/// The GIL is held, and the arguments stay alive.
#[inline(always)]
pub(crate) unsafe fn open(args: *const *mut PyObject, depth: u32, stack_limit: usize) -> R<NonNull<Txn>> {
    // SAFETY: The GIL is held, and no other reference lives across a call into this module.
    let txn = unsafe { &mut *POOL.0.get() };
    if txn.open {
        return bail(Bail::Busy);
    }
    if depth <= RESERVE {
        return bail(Bail::Depth);
    }
    // These stand beside each other, and are written at once.
    (txn.open, txn.checked, txn.objects_seen, txn.doomed, txn.looks) = (true, false, false, false, false);
    txn.in_classes.clear();
    txn.number += 1;
    txn.thrown = None;
    txn.depth = depth;
    txn.args = args;
    txn.ret_arg = -1;
    txn.stack_limit = stack_limit;
    if txn.measure.grain != FUEL {
        txn.measure = UNMEASURED;
    }
    if txn.points_on {
        txn.points = 0;
        txn.call_fuel = 0;
    }
    Ok(NonNull::from(txn))
}

/// The transaction without opening it, for a function that neither writes nor keeps anything in it; `None` if one is
/// open, or points are counted.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub(crate) unsafe fn borrow(depth: u32, stack_limit: usize) -> Option<NonNull<Txn>> {
    // SAFETY: The GIL is held, and no other reference lives across a call into this module.
    let txn = unsafe { &mut *POOL.0.get() };
    if txn.open | txn.points_on {
        return None;
    }
    txn.depth = depth;
    txn.ret_arg = -1;
    txn.stack_limit = stack_limit;
    Some(NonNull::from(txn))
}

/// Closes it; afterwards Python code may run again.
///
/// # Safety
/// The GIL is held, and `txn` is the open transaction.
#[inline(always)]
pub(crate) unsafe fn close(txn: NonNull<Txn>) {
    // SAFETY: By the caller.
    let txn = unsafe { &mut *txn.as_ptr() };
    if txn.points_on {
        POINTS.store(txn.points, Ordering::Relaxed);
    }
    #[cfg(not(Py_3_12))]
    if txn.gc_was_on {
        txn.gc_was_on = false;
        // SAFETY: The GIL is held.
        unsafe { pyo3_ffi::PyGC_Enable() };
    }
    if txn.rare_used {
        txn.rare_used = !txn.rare.is_empty();
    }
    txn.dicts.fresh.clear();
    (txn.open, txn.checked) = (false, false);
    if txn.looks {
        txn.raised.close();
    }
}

/// [`close`] of a transaction that [`Txn::is_unusual`] says nothing of.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn close_empty(txn: NonNull<Txn>) {
    // SAFETY: By the caller.
    let txn = unsafe { &mut *txn.as_ptr() };
    debug_assert!(!txn.is_unusual());
    txn.dicts.fresh.clear();
    (txn.open, txn.checked) = (false, false);
}

/// Gives empty buffers of moderate size back for the next transaction, unless one has started meanwhile.
///
/// # Safety
/// The GIL is held; the buffers are empty.
pub(crate) unsafe fn recycle(
    arena: Buf<*mut PyObject>,
    (lists, stores, log): (Buf<ListState>, Stores, Option<Spare>),
    attributes: attributes::Garbage,
    few: Few,
) {
    debug_assert!(arena.is_empty() && lists.is_empty());
    // SAFETY: The GIL is held, and no other reference lives across a call into this module.
    let txn = unsafe { &mut *POOL.0.get() };
    if txn.open {
        return;
    }
    if arena.capacity() <= MODERATE {
        txn.arena = arena;
    }
    if lists.capacity() <= STATES {
        txn.lists.states = lists;
    }
    txn.lists.stores.keep(stores);
    if let Some(log) = log {
        txn.lists.keep(log);
    }
    txn.attributes.keep(attributes);
    txn.dicts.few.keep(few);
}

/// Are the points of this transaction counted?
///
/// # Safety
/// `txn` is the open transaction.
#[inline]
pub(crate) unsafe fn is_forced(txn: NonNull<Txn>) -> bool {
    // SAFETY: By the caller.
    unsafe { (*txn.as_ptr()).points_on }
}

/// The number of the transaction that is open.
#[inline(always)]
pub(crate) fn current_number() -> u64 {
    // SAFETY: A read under the GIL.
    unsafe { (*POOL.0.get()).number }
}

/// Is a transaction open?
pub fn is_open() -> bool {
    // SAFETY: A read of a flag under the GIL.
    unsafe { (*POOL.0.get()).open }
}

/// What a thread works with that does turns of a loop for the one that holds the GIL: such turns touch numbers and
/// elements of arrays only, so nothing of it is used but the depth, the end of the stack and the polls.
pub fn beside(unwanted: &AtomicBool, depth: u32, stack: usize) -> Txn {
    Txn { depth, stack_limit: stack_pointer().saturating_sub(stack), unwanted, ..Txn::new() }
}

/// The open transaction cannot be committed any more.
pub(crate) fn doom_open() {
    // SAFETY: One thread, under the GIL; a short borrow.
    unsafe { (*POOL.0.get()).doomed = true };
}

/// The open transaction and the depth that is left: what every native function gets first.
#[derive(Clone, Copy)]
pub struct Cx {
    txn: NonNull<Txn>,
    depth: u32,
}

impl Cx {
    #[inline(always)]
    pub(crate) fn new(txn: NonNull<Txn>, depth: u32) -> Cx {
        Cx { txn, depth }
    }

    /// The transaction.
    /// # Safety
    /// The borrow ends before anything else of the runtime is called.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    pub unsafe fn txn(&self) -> &mut Txn {
        // SAFETY: A `Cx` lives only inside the transaction; by the caller the borrows do not overlap.
        unsafe { &mut *self.txn.as_ptr() }
    }

    /// The number of the transaction.
    #[inline(always)]
    pub(crate) fn number(&self) -> u64 {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.number
    }

    /// A native call: one level less of Python's recursion depth, and enough stack left.
    #[inline(always)]
    pub fn call(self) -> R<Cx> {
        // SAFETY: A short borrow.
        let (limit, fuel) = unsafe {
            let txn = self.txn();
            txn.call_fuel -= 1;
            (txn.stack_limit, txn.call_fuel)
        };
        if self.depth <= RESERVE || stack_pointer() < limit {
            return bail(Bail::Depth);
        }
        if fuel < 0 {
            self.poll_at_call()?;
        }
        Ok(Cx { txn: self.txn, depth: self.depth - 1 })
    }

    /// As [`Cx::call`], where the callee stands inside the caller, or is small, without loops and calls: the stack that
    /// is always left does for it, and others look for signals.
    #[inline(always)]
    pub fn call_within(self) -> R<Cx> {
        if self.depth <= RESERVE {
            return bail(Bail::Depth);
        }
        Ok(Cx { txn: self.txn, depth: self.depth - 1 })
    }

    /// So many levels of Python's depth without a call of ours: comprehensions have frames of their own, generator
    /// expressions and what a builtin or a special method calls have them below C code. That counts on 3.11; on 3.12
    /// and 3.13 three times for two levels among C code, whose depth has a limit of its own.
    #[inline]
    pub fn deeper(self, levels: u32) -> R<Cx> {
        /// The limits are 1,500 and 10,000, some of which the caller may have used.
        const DEEPEST: u32 = if cfg!(Py_3_13) { 6000 } else { 900 };
        // SAFETY: A short borrow.
        let used = || unsafe { self.txn().depth } - self.depth;
        if self.depth <= RESERVE + levels || cfg!(Py_3_12) && used() > DEEPEST {
            return bail(Bail::Depth);
        }
        Ok(Cx { txn: self.txn, depth: self.depth - levels })
    }

    /// Could so many calls stand within each other here?
    pub(crate) fn has_room(self, calls: u32) -> bool {
        self.depth > calls + RESERVE
    }

    /// As [`Cx::call`], for a function that CPython calls through a cache, which is C code: that counts more than once
    /// there, and the depth of C code has a limit of its own that is much lower than the one for Python.
    pub fn call_through_cache(self) -> R<Cx> {
        /// Three for each call: the limit of 3.12 is 1,500, some of which the caller may have used.
        const DEEPEST: u32 = 900;
        // SAFETY: A short borrow.
        let used = unsafe { self.txn().depth } - self.depth;
        if used > DEEPEST {
            return bail(Bail::Depth);
        }
        self.call()?.call()
    }

    /// As [`Cx::call`], for what a class runs when it is called, which C code calls: that counts twice on 3.11, on 3.12
    /// and 3.13 three times among C code, whose depth has a limit of its own.
    #[inline]
    pub fn call_class(self) -> R<Cx> {
        self.deeper(1)?.call()
    }

    /// The same for what [`Cx::call_within`] suffices for.
    #[inline]
    pub fn call_class_within(self) -> R<Cx> {
        self.deeper(1)?.call_within()
    }

    /// As [`Cx::call`], for going on in a generator: on some versions that is C code, whose depth has a limit of its own.
    #[inline]
    pub fn call_generator(self) -> R<Cx> {
        /// Below the 1,500 of 3.12, some of which the caller may have used.
        const DEEPEST: u32 = 900;
        // SAFETY: A short borrow.
        let used = unsafe { self.txn().depth } - self.depth;
        if used > DEEPEST {
            return bail(Bail::Depth);
        }
        self.call()
    }

    /// From here on exceptions keep what they say: a handler that is open reads it.
    #[inline(always)]
    pub fn look(self) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.looks = true;
    }

    /// Has [`Cx::look`] been called?
    #[inline(always)]
    pub fn looks(self) -> bool {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.looks
    }

    /// Room for two calls: what `with` enters is a method of Python's, which calls another function.
    #[inline]
    pub fn enter(self) -> R<()> {
        self.call()?.call()?;
        Ok(())
    }

    /// The generator that goes on next raises this at its `yield`.
    pub fn throw(self, stop: Stop) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.thrown = Some(stop);
    }

    /// What [`Cx::throw`] was given, if no generator has taken it.
    #[inline]
    pub fn take_thrown(self) -> Option<Stop> {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.thrown.take()
    }

    #[cold]
    #[inline(never)]
    extern "C" fn poll_at_call(self) -> R<()> {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        let grain = if txn.measure.left.is_some() { GRAIN } else { CALL_FUEL };
        txn.call_fuel = if txn.points_on { 0 } else { grain };
        // A call counts for more than a turn, whose price the poll takes.
        if let Some(left) = &mut txn.measure.left {
            *left = left.saturating_sub(3 * GRAIN as usize);
        }
        self.poll(&mut 0)
    }

    /// One turn of a loop.
    #[inline(always)]
    pub fn tick(self, fuel: &mut i32) -> R<()> {
        *fuel -= 1;
        // The sign is a flag of the subtraction itself; zero would be compared once more.
        if *fuel < 0 { self.poll(fuel) } else { Ok(()) }
    }

    /// `n` turns of a loop, paid in advance.
    #[inline(always)]
    pub fn charge(self, fuel: &mut i32, n: i64) -> R<()> {
        if n >= i64::from(*fuel) {
            *fuel = self.look_around_after(n)?;
            return Ok(());
        }
        *fuel -= n.max(0) as i32;
        Ok(())
    }

    /// [`Cx::look_around`] instead of `n` turns.
    #[cold]
    #[inline(never)]
    extern "C" fn look_around_after(self, n: i64) -> R<i32> {
        // SAFETY: A short borrow.
        let measure = unsafe { &mut self.txn().measure };
        if let Some(left) = &mut measure.left {
            *left = left.saturating_sub(n as usize);
        }
        self.look_around()
    }

    /// What a function has to spend on the turns of its loops until the first poll.
    #[inline(always)]
    pub fn fuel(self) -> i32 {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.measure.grain
    }

    /// Counts the turns of loops from now on: in place until they are used up, which converts; with native lists to
    /// tell whether that was worth it.
    pub(crate) fn measure(self, choice: &'static Choice, turns: usize, owns: bool) {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        txn.call_fuel = txn.call_fuel.min(GRAIN);
        txn.measure = Measure { grain: GRAIN, left: Some(turns), in_place: (!owns).then_some(choice) };
    }

    /// Counts no more.
    pub(crate) fn measure_nothing(self) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.measure = UNMEASURED;
    }

    /// Has the call taken the turns that [`Cx::measure`] was given?
    #[inline]
    pub(crate) fn measured_enough(self) -> bool {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.measure.left.is_none()
    }

    /// A poll while turns are counted.
    fn measured(self) -> R<()> {
        // SAFETY: A short borrow.
        let measure = unsafe { &mut self.txn().measure };
        let Some(left) = measure.left else { return Ok(()) };
        let left = left.saturating_sub(GRAIN as usize);
        if left > 0 {
            measure.left = Some(left);
            return Ok(());
        }
        let in_place = measure.in_place;
        *measure = UNMEASURED;
        match in_place {
            Some(choice) => {
                choice.convert();
                bail(Bail::Convert)
            }
            None => Ok(()),
        }
    }

    /// Looks whether Python has something to do, and bails if so.  Runs no handler.
    #[inline(always)]
    pub fn poll(self, fuel: &mut i32) -> R<()> {
        // Only here: a call that got to see `fuel` would keep it in memory for the whole loop.
        *fuel = self.look_around()?;
        Ok(())
    }

    /// So many bytes have been made, which may have taken as long as many turns of a loop.
    #[inline(always)]
    pub fn after(self, bytes: usize) -> R<()> {
        if bytes < MUCH { Ok(()) } else { self.look_around().map(drop) }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn look_around(self) -> R<i32> {
        // SAFETY: A short borrow; the flag outlives the thread.
        if let Some(unwanted) = unsafe { self.txn().unwanted.as_ref() } {
            return if unwanted.load(Ordering::Relaxed) { bail(Bail::Signal) } else { Ok(FUEL) };
        }
        crate::suspended::looked();
        self.measured()?;
        self.point()?;
        // What goes on may never end: Python's own run has gone another way.
        self.check_doomed()?;
        let pending = POLL.load(Ordering::Relaxed);
        if !pending.is_null() {
            // SAFETY: Only `set_poll` writes it.
            let pending: fn() -> bool = unsafe { core::mem::transmute(pending) };
            if pending() {
                return bail(Bail::Signal);
            }
        }
        Ok(self.fuel())
    }

    /// The call cannot be committed any more: Python must do it.
    #[cold]
    pub fn doom(self) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.doomed = true;
    }

    /// Bails if [`Cx::doom`] was called.
    pub(crate) fn check_doomed(self) -> R<()> {
        // SAFETY: A short borrow.
        if unsafe { self.txn() }.doomed { bail(Bail::Unsupported) } else { Ok(()) }
    }

    /// A possible bail point (replay rule 38).
    #[inline(always)]
    pub fn point(self) -> R<()> {
        // SAFETY: A short borrow.
        if unsafe { self.txn() }.points_on { self.count_point() } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn count_point(self) -> R<()> {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        txn.points += 1;
        if txn.points == txn.points_at { bail(Bail::Forced) } else { Ok(()) }
    }

    /// Must every turn of a loop be done where and when Python would do it? So it is while bail points are counted, and
    /// where the rollback is checked.
    pub fn is_watched(self) -> bool {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        txn.points_on || txn.checked || !txn.unwanted.is_null()
    }

    /// The same depth in what another thread works with.
    pub fn beside(txn: &mut Txn, depth: u32) -> Cx {
        Cx { txn: NonNull::from(txn), depth }
    }

    /// How many Python frames may still be stacked.
    pub fn depth(self) -> u32 {
        self.depth
    }

    /// Gives a new reference to the transaction; the object stays alive until it has closed.  Null is a failed
    /// allocation.
    ///
    /// # Safety
    /// `object` is null or a strong reference, which is given away.
    #[inline]
    pub unsafe fn adopt(self, object: *mut PyObject) -> R<NonNull<PyObject>> {
        let Some(object) = NonNull::new(object) else { return no_memory() };
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        match txn.arena.push(object.as_ptr()) {
            Ok(()) if txn.arena.len() <= ARENA_LIMIT => Ok(object),
            Ok(()) => bail(Bail::Limit),
            // The reference leaks: better than a borrowed pointer that dangles.
            Err(_) => bail(Bail::Memory),
        }
    }

    /// Keeps an object alive until the transaction has closed.
    ///
    /// # Safety
    /// `object` is alive.
    #[inline]
    pub unsafe fn keep(self, object: *mut PyObject) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            pyo3_ffi::Py_INCREF(object);
            self.adopt(object)?;
        }
        Ok(())
    }

    /// Notes that the commit drops so many references to an object, besides those of the arena.
    pub(crate) fn loses(self, object: *mut PyObject, references: usize) -> R<()> {
        // SAFETY: A short borrow.
        match unsafe { self.txn() }.rare().shared.push(Shared { object, references }) {
            Ok(()) => Ok(()),
            Err(_) => bail(Bail::Memory),
        }
    }

    /// To be called before an object that the collector tracks is made: the collector of 3.11 runs inside the
    /// allocation.
    #[inline(always)]
    pub fn before_tracked(self) {
        #[cfg(not(Py_3_12))]
        // SAFETY: The GIL is held; a short borrow.
        unsafe {
            let txn = self.txn();
            if !txn.gc_was_on {
                txn.gc_was_on = pyo3_ffi::PyGC_Disable() != 0;
            }
        }
    }

    /// Native code is about to hold an object as such.
    #[inline(always)]
    pub(crate) fn sees_object(self) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.objects_seen = true;
    }
}

/// A failed allocation of the interpreter: the error indicator is cleared, the call bails.
#[cold]
#[inline(never)]
pub extern "C" fn no_memory<T>() -> R<T> {
    // SAFETY: The GIL is held whenever native code runs.
    unsafe {
        if !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
    }
    bail(Bail::Memory)
}
