//! The outermost entry: opens the transaction, runs, then commits or rolls back.
//!
//! Commit: box everything → apply, without Python code → close → drop references (replay rule 26).
//! Bail: undo, last write first → clear the error indicator → close → drop references (rule 27).

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_REFCNT, PyErr_Clear, PyErr_Occurred, PyObject};

use crate::boundary::attributes;
use crate::boundary::deques;
use crate::boundary::dropped;
use crate::boundary::few::{self, Few};
use crate::boundary::journal::ListState;
#[cfg(feature = "rare")]
use crate::boundary::ordered;
use crate::boundary::overlay::{self, Garbage};
use crate::boundary::sets;
use crate::boundary::stores::Stores;
use crate::buf::Buf;
use crate::counts;
use crate::list::owned;
use crate::lru::{self, bounded};
use crate::object::own::Records;
use crate::py::{FromPy, IntoPy, again};
#[cfg(feature = "rare")]
use crate::random;
use crate::stop::{Bail, R, Stop, bail};
use crate::txn::{self, Cx, Txn};

/// The arguments of the call: borrowed references in the order of the parameters.
pub struct CallArgs {
    pub args: *const *mut PyObject,
    pub nargs: usize,
}

impl CallArgs {
    /// Argument `index < nargs`.
    ///
    /// # Safety
    /// `args` holds `nargs` objects that are alive.
    #[inline(always)]
    pub unsafe fn get(&self, index: usize) -> *mut PyObject {
        debug_assert!(index < self.nargs);
        // SAFETY: By the caller.
        unsafe { *self.args.add(index) }
    }
}

/// The most references that a short transaction gives up.
const SHORT: usize = 16;

/// How a call ended.
pub enum Outcome {
    /// Committed; a strong reference.
    Value(*mut PyObject),
    /// Undone; the original has to run.
    Bail(Stop),
}

/// How a dry run ended.
#[derive(Clone, Copy, Debug)]
pub struct Dry {
    /// Why it bailed; otherwise the inspector has seen the result.
    pub stop: Option<Stop>,
    /// Every list that was written to has its old pointers and floats again.
    pub restored: bool,
}

/// What an entry runs: unboxes, computes, boxes.
pub type Run = unsafe fn(Cx, &CallArgs) -> R<*mut PyObject>;

/// Boxes the result of the outermost function; a parameter that is returned untouched goes out as it came in, a global as
/// the object that it is.
///
/// # Safety
/// `call` are the arguments of this transaction.
#[inline(always)]
pub unsafe fn box_result<T: IntoPy>(cx: Cx, call: &CallArgs, value: T) -> R<*mut PyObject> {
    if cx.returns_object() {
        if let Some(object) = cx.returned_object() {
            // SAFETY: The transaction keeps it.
            return Ok(unsafe { again(object) });
        }
        // SAFETY: By the caller.
        let object = unsafe { at_hand(cx, call) };
        if !object.is_null() {
            return Ok(object);
        }
    }
    value.returned(cx)
}

/// A reference to what is returned, where that is at hand; null where it is not.
#[inline(never)]
unsafe extern "C" fn at_hand(cx: Cx, call: &CallArgs) -> *mut PyObject {
    if let Some(object) = cx.take_returned() {
        return object;
    }
    // SAFETY: By the caller.
    let object =
        cx.returned_arg().filter(|index| *index < call.nargs).map(|index| unsafe { call.get(index) });
    // SAFETY: The caller holds the argument.
    object.map_or(core::ptr::null_mut(), |object| unsafe { again(object) })
}

/// [`box_result`] of what a function has just returned.
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn box_returned<T: IntoPy>(cx: Cx, call: &CallArgs, returned: R<T>) -> R<*mut PyObject> {
    let returned = ManuallyDrop::new(returned);
    match &*returned {
        // SAFETY: By the caller. What was returned is not dropped, so this is a move.
        Ok(value) => unsafe { box_result(cx, call, value.leaving()) },
        Err(stop) => Err(*stop),
    }
}

/// As [`FromPy::matches`], for what runs rarely: one function for all arguments of a type.
///
/// # Safety
/// There are more than `index` arguments, and the GIL is held.
#[inline(never)]
pub unsafe fn matches_rarely<T: FromPy>(call: &CallArgs, index: usize) -> bool {
    // SAFETY: By the caller.
    unsafe { T::matches(call.get(index)) }
}

/// As [`FromPy::from_py`], for what runs rarely.
///
/// # Safety
/// As [`matches_rarely`], with the transaction of `cx` open.
#[inline(never)]
pub unsafe fn read_rarely<T: FromPy>(cx: Cx, call: &CallArgs, index: usize) -> R<T> {
    // SAFETY: By the caller.
    unsafe { T::from_py(cx, call.get(index)) }
}

/// Runs a native function as one transaction.
///
/// # Safety
/// The GIL is held, no error is set, the arguments are alive, and `run` reads no more than `nargs` of them.
#[inline(always)]
pub unsafe fn enter(call: &CallArgs, depth: u32, stack_limit: usize, run: Run) -> Outcome {
    // SAFETY: By the caller.
    unsafe {
        let txn = match txn::open(call.args, depth, stack_limit) {
            Ok(txn) => txn,
            Err(why) => return Outcome::Bail(why),
        };
        let cx = Cx::new(txn, depth);
        match guarded(cx, call, run) {
            Ok(value) if !cx.txn().is_unusual() && cx.txn().holds_nothing() => {
                txn::close_empty(txn);
                Outcome::Value(value)
            }
            result => match end(cx, txn, result) {
                Outcome::Bail(stop) if stop.as_bail() == Some(Bail::Convert) => {
                    anew(call, depth, stack_limit, run)
                }
                outcome => outcome,
            },
        }
    }
}

/// As [`enter`], for a function of which the transaction holds nothing: neither does anything have to be committed or
/// undone, nor can it call what would look for an open transaction.
///
/// # Safety
/// As [`enter`]; `run` reads exact scalars, computes, and makes a scalar.
#[inline(always)]
pub unsafe fn enter_plain(call: &CallArgs, depth: u32, stack_limit: usize, run: Run) -> Outcome {
    // SAFETY: By the caller.
    unsafe {
        let Some(txn) = txn::borrow(depth, stack_limit) else {
            return enter_whole(call, depth, stack_limit, run);
        };
        match guarded(Cx::new(txn, depth), call, run) {
            Ok(value) => Outcome::Value(value),
            Err(stop) => gives_up(stop),
        }
    }
}

/// A transaction is open, or its points are counted.
#[cold]
#[inline(never)]
unsafe fn enter_whole(call: &CallArgs, depth: u32, stack_limit: usize, run: Run) -> Outcome {
    // SAFETY: By the caller.
    unsafe { enter(call, depth, stack_limit, run) }
}

/// The end of a function that held nothing and bails.
#[cold]
#[inline(never)]
unsafe fn gives_up(stop: Stop) -> Outcome {
    // SAFETY: The GIL is held.
    unsafe {
        if !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
    }
    Outcome::Bail(stop)
}

/// Is there nothing to be done for what most transactions hold nothing of?
#[inline(never)]
fn is_rare_empty(txn: &mut Txn) -> bool {
    #[cfg(feature = "rare")]
    txn.rare().bytearrays.forget_unchanged();
    txn.rare_as_it_is().is_empty()
}

/// Once more, with native lists: nothing of the first run is left.
#[cold]
#[inline(never)]
unsafe fn anew(call: &CallArgs, depth: u32, stack_limit: usize, run: Run) -> Outcome {
    // SAFETY: By the caller.
    unsafe { enter(call, depth, stack_limit, run) }
}

/// Runs without committing: shows the result and the state that a commit would lead to, and rolls back.
///
/// # Safety
/// As [`enter`]; `inspect` runs no Python code and keeps no borrowed object.
pub unsafe fn enter_dry(
    call: &CallArgs,
    depth: u32,
    stack_limit: usize,
    run: Run,
    inspect: &mut dyn FnMut(&Txn, *mut PyObject),
) -> Dry {
    // SAFETY: By the caller.
    unsafe {
        let txn = match txn::open(call.args, depth, stack_limit) {
            Ok(txn) => txn,
            Err(why) => return Dry { stop: Some(why), restored: true },
        };
        (*txn.as_ptr()).checked = true;
        let cx = Cx::new(txn, depth);
        let result = guarded(cx, call, run);
        let mut value = None;
        let stop = match result.and_then(|result| {
            value = Some(result);
            prepare(cx)?;
            cx.point()?;
            Ok(result)
        }) {
            Ok(result) => {
                inspect(&*txn.as_ptr(), result);
                None
            }
            Err(stop) => Some(stop),
        };
        let restored = roll_back(cx, txn);
        if let Some(value) = value {
            Py_DECREF(value);
        }
        if stop.is_some_and(|stop| stop.as_bail() == Some(Bail::Convert)) {
            let again = enter_dry(call, depth, stack_limit, run, inspect);
            return Dry { restored: restored && again.restored, ..again };
        }
        Dry { stop, restored }
    }
}

/// No panic crosses into C.
#[inline(never)]
unsafe fn guarded(cx: Cx, call: &CallArgs, run: Run) -> R<*mut PyObject> {
    // SAFETY: By the caller.  After a panic nothing of the transaction is used but its journal, each part of
    // which is complete before the write that it stands for.
    match catch_unwind(AssertUnwindSafe(|| unsafe { run(cx, call) })) {
        Ok(result) => result,
        Err(payload) => panicked(payload),
    }
}

/// What a panic said is of no use here. Apart, so that calls which return have nothing to drop.
#[cold]
#[inline(never)]
fn panicked(payload: Box<dyn core::any::Any + Send>) -> R<*mut PyObject> {
    drop(payload);
    bail(Bail::Panic)
}

/// The end of a transaction that holds something, or in which something unusual has happened.
#[inline(never)]
unsafe fn end(cx: Cx, txn: NonNull<Txn>, result: R<*mut PyObject>) -> Outcome {
    // SAFETY: By the caller.
    unsafe {
        let clean = {
            let txn = cx.txn();
            !txn.doomed && txn.holds_nothing() && (!txn.has_rare() || is_rare_empty(txn))
        };
        if let Ok(value) = result
            && clean
            && !txn::is_forced(txn)
        {
            txn::close(txn);
            return Outcome::Value(value);
        }
        if let Ok(value) = result
            && is_stores_only(cx.txn())
            && !txn::is_forced(txn)
            && drop_stored(cx.txn())
        {
            txn::close(txn);
            return Outcome::Value(value);
        }
        let (value, places) = (result.ok(), cx.txn());
        let rare = places.rare_as_it_is();
        let places_only = !places.doomed
            && places.dicts.is_none()
            && (!places.has_rare()
                || rare.deques.is_empty() && rare.has_no_ordereds() && rare.holds_places_and_records())
            && !txn::is_forced(txn);
        match value {
            Some(value) if places_only && commit_short(cx) => {
                match cx.txn().has_rare() {
                    true => close_rare(cx, txn),
                    false => txn::close(txn),
                }
                Outcome::Value(value)
            }
            _ => settle(cx, txn, result),
        }
    }
}

/// The end of a committed transaction that may hold something rare.
#[inline(never)]
unsafe fn close_rare(cx: Cx, txn: NonNull<Txn>) {
    // SAFETY: By the caller.
    unsafe {
        commit_in_place(cx.txn());
        let records = take_records(cx.txn());
        txn::close(txn);
        drop(records);
    }
}

/// Has the transaction stored into a few places of lists and instances, and done nothing else?
#[inline(always)]
fn is_stores_only(txn: &Txn) -> bool {
    !(txn.doomed | txn.has_rare())
        && txn.arena.is_empty()
        && txn.dicts.is_empty()
        && txn.lists.has_stores_only()
        && txn.attributes.len() <= SHORT
        && txn.attributes.is_short()
        && txn.raised.is_empty()
}

/// Gives up what stood in these places; false if something of it could run code when it dies: then nothing has changed.
///
/// # Safety
/// [`is_stores_only`], and everything is boxed.
#[inline(always)]
unsafe fn drop_stored(txn: &mut Txn) -> bool {
    // SAFETY: These references are ours. What has others lives on, and what is plain runs nothing when it dies.
    unsafe {
        let (mut given_up, mut lives) = (0_usize, true);
        dropped::each_ending(txn, |object| {
            if lives && !dropped::is_plain(object) {
                lives = Py_REFCNT(object) > 1;
                if lives {
                    Py_DECREF(object);
                    given_up += 1;
                }
            }
        });
        if !lives {
            dropped::each_ending(txn, |object| {
                if given_up > 0 && !dropped::is_plain(object) {
                    Py_INCREF(object);
                    given_up -= 1;
                }
            });
            return false;
        }
        dropped::each_ending(txn, |object| {
            if dropped::is_plain(object) {
                Py_DECREF(object);
            }
        });
        txn.lists.forget_stores();
        txn.attributes.forget();
        true
    }
}

/// Commits what a transaction has written to a few lists and attributes before its last store; false if that could fail, or
/// something that dies run code: then nothing has changed.
///
/// # Safety
/// It is the outermost function, nobody counts points or compares, and nothing can bail any more. What is still read or
/// written then lives by itself, or is a list or an instance: those that would die here are left to the commit.
#[inline(never)]
pub(crate) unsafe fn commit_before(cx: Cx) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let txn = cx.txn();
        !txn.doomed && !txn.has_rare() && txn.dicts.is_empty() && commit_short(cx)
    }
}

/// The records of a transaction that is committed: none if their memory stays where it is.
#[inline]
unsafe fn take_records(txn: &mut Txn) -> Option<Records> {
    if !txn.has_rare() || txn.rare_as_it_is().records.is_empty() {
        return None;
    }
    let records = &mut txn.rare().records;
    // SAFETY: What became objects is boxed. What they hold are values whose end runs no code of Python's.
    match unsafe { records.reset() } {
        true => None,
        false => Some(core::mem::replace(records, Records::new())),
    }
}

/// Commits a transaction that wrote to a few places, as most do; false if something that it drops could run code when
/// it dies, or if there is more of it: then nothing has changed.
#[inline(always)]
unsafe fn commit_short(cx: Cx) -> bool {
    // SAFETY: Short borrows. These references are ours, and all of them are counted before any is given up.
    unsafe {
        let txn = cx.txn();
        let (lists, few) = (!txn.lists.is_empty(), !txn.dicts.few.is_empty());
        let mut ending = txn.arena.len() + txn.attributes.len() + txn.dicts.few.references();
        if lists {
            ending += txn.lists.len();
        }
        let short = ending <= SHORT
            && txn.raised.is_empty()
            && txn.arena.capacity() <= txn::MODERATE
            && txn.attributes.is_short()
            && (!lists || txn.lists.is_short())
            && (!few || txn.dicts.few.is_short(ending))
            && dropped::all_live_on(txn, txn.dicts.few.references());
        if !short || few && few::prepare(cx).is_err() {
            return false;
        }
        if lists || few {
            apply_places(cx);
        }
        let txn = cx.txn();
        txn.lists.made.settle();
        while let Some(object) = txn.arena.pop() {
            Py_DECREF(object);
        }
        if lists {
            txn.lists.drop_short();
        }
        let all = txn.attributes.drop_here() && (!few || txn.dicts.few.drop_here());
        debug_assert!(all, "what survives or is plain runs nothing");
        true
    }
}

/// What was changed where it lies stays as it is. Cannot fail.
#[inline]
fn commit_in_place(txn: &mut Txn) {
    if !txn.has_rare() {
        return;
    }
    let rare = txn.rare();
    #[cfg(feature = "rare")]
    if !rare.packeds.is_empty() {
        rare.packeds.commit();
    }
    #[cfg(feature = "rare")]
    if !rare.bytearrays.is_empty() {
        rare.bytearrays.commit();
    }
    if !rare.counts.is_empty() {
        rare.counts.commit();
    }
    if !rare.caches.is_empty() {
        rare.caches.commit();
        // SAFETY: nothing has changed the caches while the transaction was open; whoever asks one also counts.
        unsafe { rare.renewed.commit() };
    }
}

/// What is held back of lists, and of dicts with a few writes, becomes true.
unsafe fn apply_places(cx: Cx) {
    // SAFETY: By the caller: nothing can bail any more.
    unsafe {
        cx.txn().lists.states.iter_mut().for_each(|state| state.shrink());
        if !cx.txn().dicts.few.is_empty() {
            few::apply(cx);
        }
    }
}

/// Commit or rollback of a transaction that holds something.
#[cold]
#[inline(never)]
unsafe fn settle(cx: Cx, txn: NonNull<Txn>, result: R<*mut PyObject>) -> Outcome {
    // SAFETY: By the caller.
    unsafe {
        let ready = result.and_then(|_| {
            prepare(cx)?;
            cx.point()
        });
        match (ready, result) {
            (Ok(()), Ok(value)) => {
                commit_in_place(cx.txn());
                apply_places(cx);
                if !cx.txn().rare().deques.is_empty() {
                    deques::apply(cx);
                }
                #[cfg(feature = "rare")]
                if !cx.txn().rare().ordereds.is_empty() {
                    ordered::apply(cx);
                    cx.txn().rare().ordereds.forget();
                }
                if cx.txn().holds_places_only() && drop_here(cx.txn()) {
                    txn::close(txn);
                } else if cx.txn().holds_places_only() {
                    let written = Written::take(cx.txn());
                    txn::close(txn);
                    written.discard();
                } else {
                    overlay::apply(cx);
                    sets::apply(cx);
                    #[cfg(feature = "rare")]
                    random::apply(cx);
                    bounded::apply(cx);
                    let held = Held::take(cx.txn());
                    txn::close(txn);
                    held.discard();
                }
                Outcome::Value(value)
            }
            (Err(stop), _) | (_, Err(stop)) => {
                roll_back(cx, txn);
                if let Ok(value) = result {
                    Py_DECREF(value);
                }
                Outcome::Bail(stop)
            }
        }
    }
}

/// First part of a commit, which may still bail.
unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows.
    unsafe {
        cx.check_doomed()?;
        let txn = cx.txn();
        txn.raised.stays(&txn.arena)?;
        if !cx.txn().holds_places_only() {
            owned::prepare(cx)?;
            overlay::prepare(cx)?;
            sets::prepare(cx)?;
            #[cfg(feature = "rare")]
            random::prepare(cx)?;
            bounded::prepare(cx)?;
            cx.txn().rare().locks.prepare()?;
        }
        if !cx.txn().dicts.few.is_empty() {
            few::prepare(cx)?;
        }
        if !cx.txn().rare().deques.is_empty() {
            deques::prepare(cx)?;
        }
        #[cfg(feature = "rare")]
        if !cx.txn().rare().ordereds.is_empty() {
            ordered::prepare(cx)?;
        }
        dropped::check_shared(cx.txn())?;
        // What was boxed meanwhile may have found no memory.
        cx.check_doomed()
    }
}

/// Undoes everything and closes.  In checked mode says whether all is as it was.
unsafe fn roll_back(cx: Cx, txn: NonNull<Txn>) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let mut restored = true;
        let garbage = {
            let txn = cx.txn();
            // Those that have no state yet came last.
            txn.lists.undo_stores(&mut txn.arena);
            for state in txn.lists.states.iter_mut().rev() {
                state.undo(&mut txn.arena);
                restored &= !txn.checked || state.is_restored();
            }
            if txn.has_rare() {
                let rare = txn.rare();
                #[cfg(feature = "arrays")]
                {
                    restored &= rare.arrays.undo();
                }
                #[cfg(feature = "rare")]
                {
                    restored &= rare.packeds.undo();
                    restored &= rare.bytearrays.undo();
                }
                rare.counts.undo(counts::put_back);
                rare.caches.undo(lru::put_back);
                rare.renewed.forget();
                rare.locks.forget();
                #[cfg(feature = "rare")]
                {
                    rare.packeds.forget();
                    rare.bytearrays.forget();
                }
            }
            txn.attributes.undo();
            txn.dicts.few.forget_marks();
            Held::take(txn)
        };
        if !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
        txn::close(txn);
        garbage.discard();
        restored
    }
}

/// Drops what such a transaction holds where it stands, which most calls can: nothing of it runs code when it dies.
/// False if something could: then the rest is still there.
unsafe fn drop_here(txn: &mut Txn) -> bool {
    if txn.arena.capacity() > txn::MODERATE {
        return false;
    }
    // SAFETY: These references are ours, and everything is committed.
    unsafe {
        txn.lists.made.settle();
        while let Some(&object) = txn.arena.last() {
            if !dropped::lives_or_is_plain(object) {
                return false;
            }
            txn.arena.pop();
            Py_DECREF(object);
        }
        txn.rare().deques.drop_here()
            && txn.lists.drop_here()
            && txn.attributes.drop_here()
            && txn.dicts.few.drop_here()
    }
}

/// What a transaction holds that wrote to lists and attributes only, or a few times to dicts, as most do, until it has
/// closed.  Taken out first: dropping it may run finalisers, which may open the next transaction.
struct Written {
    arena: Buf<*mut PyObject>,
    lists: Buf<ListState>,
    stores: Stores,
    attributes: attributes::Garbage,
    few: Few,
    deques: deques::Garbage,
}

impl Written {
    fn take(txn: &mut Txn) -> Written {
        // SAFETY: The arena holds them.
        unsafe { txn.lists.made.settle() };
        Written {
            arena: core::mem::take(&mut txn.arena),
            lists: txn.lists.take(),
            stores: txn.lists.stores.take(),
            attributes: txn.attributes.take(),
            few: txn.dicts.few.take(),
            deques: txn.rare().deques.take_garbage(),
        }
    }

    unsafe fn discard(mut self) {
        // SAFETY: These references are ours, and the transaction is closed.
        unsafe {
            let mut log = None;
            for state in self.lists.iter_mut() {
                log = Some(state.discard());
            }
            self.stores.drop_here();
            self.attributes.discard();
            self.few.discard();
            self.deques.discard();
            while let Some(object) = self.arena.pop() {
                Py_DECREF(object);
            }
            self.lists.clear();
            txn::recycle(self.arena, (self.lists, self.stores, log), self.attributes, self.few);
        }
    }
}

/// Everything that lives until the transaction has closed.
struct Held {
    written: Written,
    dicts: Garbage,
    sets: sets::Garbage,
    owned: owned::Lists,
    records: Records,
    turned: Buf<bounded::Erased>,
}

impl Held {
    fn take(txn: &mut Txn) -> Held {
        let (written, dicts, rare) = (Written::take(txn), txn.dicts.take(), txn.rare());
        #[cfg(feature = "rare")]
        {
            rare.random.forget();
            rare.ordereds.forget();
        }
        #[cfg(feature = "arrays")]
        rare.arrays.forget();
        rare.shared.clear();
        Held {
            written,
            dicts,
            sets: rare.sets.take(),
            owned: rare.owned.take(),
            records: core::mem::replace(&mut rare.records, Records::new()),
            turned: core::mem::take(&mut rare.turned),
        }
    }

    unsafe fn discard(self) {
        // SAFETY: These references are ours, and the transaction is closed.
        unsafe {
            self.dicts.discard();
            self.sets.discard();
            drop(self.owned);
            drop(self.records);
            bounded::discard(self.turned);
            self.written.discard();
        }
    }
}

impl Txn {
    /// Is nothing held but references, what lists and attributes held before, and a few writes to dicts?
    #[inline]
    fn holds_places_only(&self) -> bool {
        self.dicts.is_none() && self.rare_as_it_is().holds_places_only()
    }

    /// For inspectors: what the dict, set or deque would be after the commit; a new reference, or none if nothing was
    /// written to it.
    ///
    /// # Safety
    /// Inside an inspector of [`enter_dry`].
    pub unsafe fn overlay_of(&self, object: *mut PyObject) -> R<Option<*mut PyObject>> {
        // SAFETY: By the caller.
        unsafe {
            match overlay::would_be(&self.dicts, object)? {
                Some(dict) => Ok(Some(dict)),
                None => match sets::would_be(&self.rare_as_it_is().sets, object)? {
                    Some(set) => Ok(Some(set)),
                    None => match deques::would_be(&self.rare_as_it_is().deques, object)? {
                        Some(deque) => Ok(Some(deque)),
                        #[cfg(feature = "rare")]
                        None => ordered::would_be(&self.rare_as_it_is().ordereds, object),
                        #[cfg(not(feature = "rare"))]
                        None => Ok(None),
                    },
                },
            }
        }
    }

    /// For inspectors: all dicts, sets and deques with writes that are held back.
    pub fn held_back(&self) -> impl Iterator<Item = *mut PyObject> {
        let rare = self.rare_as_it_is();
        let dicts = overlay::written(&self.dicts);
        #[cfg(feature = "rare")]
        let dicts = dicts.chain(ordered::written(&rare.ordereds));
        dicts.chain(sets::written(&rare.sets)).chain(deques::written(&rare.deques))
    }
}
