//! The hook in a function's prologue: decides at each call whether to run natively, and does.
//!
//! Null without an exception means "run the Python body in this very frame". The order of the checks is the order of
//! their price; together they cost a few nanoseconds.

mod class;
mod following;
mod lost;
mod own_code;
mod trial;
#[cfg(Py_3_12)]
mod vectorcall;

use std::cell::{Cell, RefCell};
use std::ptr;

use pyo3_ffi::*;

use super::budget::Budget;
use super::clock::Started;
use super::intercept;
use super::metadata::Spec;
use super::namespace::monitoring_words;
use super::patterns;
use super::raising::raise_in_body;
use super::regions::{Regions, Resumes};
use super::registry::{self, Record, Registry};
use super::segments::{self, Generator};
use super::shadow;
use super::waits::{Waits, is_waiting, waits};
use crate::activate::interp::{self, Frame};
use crate::boundary::commit::{CallArgs, Outcome, Run, enter, enter_plain};
use crate::stop::{Bail, Stop};
use crate::words::Word;

/// Gate bits: any of them leaves the fast path.
pub(super) const RETIRED: u32 = 1;
pub(super) const OFF: u32 = 2;
pub(super) const FINALIZING: u32 = 4;
pub(super) const INTERCEPTED: u32 = 8;
pub(super) const PAUSED: u32 = 128;
/// Not reasons against running natively: the callers have to be looked at first, or the arguments' types.
const RECURSIVE: u32 = 16;
const MIXED: u32 = 32;
/// Some thread compares a call with Python.
pub(super) const SHADOWING: u32 = 64;
/// A generator function.
const YIELDING: u32 = 256;
/// This call was tried without a frame.
const BAILED: u32 = 512;
/// Calls are Python for a while (`trial`).
const RESTING: u32 = 1024;
/// What calls it is Python for a while (`following`).
const FOLLOWING: u32 = 2048;
const STILL_NATIVE: u32 = RECURSIVE | MIXED | SHADOWING | YIELDING | BAILED | RESTING;

/// After so many changes from one specialisation to another, calls look at the types before they choose one.
const FLIPS: u32 = 32;

/// Frames of nested functions (comprehensions, lambdas) that the look at the callers passes over.
const MAX_NESTED: usize = 4;

/// A specialisation and the words that keep its last verdict true.
struct Armed {
    /// That of the specialisation, at hand.
    run: Run,
    plain: bool,
    spec: &'static Spec,
    /// The first words, at hand, and the rest of them.
    first: Cell<[Word; 2]>,
    words: RefCell<Vec<Word>>,
    holds: Cell<bool>,
    /// Validations in a row that failed and left nothing to watch.
    misses: Cell<u32>,
}

/// After so many of them only one call in [`MISS_STRIDE`] looks again: a callee behind a decorator never fits.
const MISSES: u32 = 1000;
const MISS_STRIDE: u32 = 64;

impl Armed {
    /// # Safety
    /// As [`enter`].
    #[inline(always)]
    unsafe fn enter(&self, args: &CallArgs, depth: u32, stack_limit: usize) -> Outcome {
        // SAFETY: by the caller.
        unsafe {
            match self.plain {
                true => enter_plain(args, depth, stack_limit, self.run),
                false => enter(args, depth, stack_limit, self.run),
            }
        }
    }

    /// Whether the last verdict is still true.
    #[inline(always)]
    fn is_current(&self) -> bool {
        let [one, other] = self.first.get();
        // The list is replaced only by `look_again`, under the GIL, and never while it is iterated.
        // SAFETY: no reference to it lives across a call.
        let others = unsafe { &*self.words.as_ptr() };
        one.holds() & other.holds() && (others.is_empty() || Word::all_hold(others))
    }

    /// These words keep the verdict from now on.
    fn watch(&self, mut words: Vec<Word>) {
        // Functions that call each other rely on much the same.
        let key = |word: &Word| (word.place.addr(), word.want);
        words.sort_unstable_by_key(key);
        words.dedup_by_key(|word| key(word));
        let mut next = || words.pop().unwrap_or(Word::ALWAYS);
        self.first.set([next(), next()]);
        *self.words.borrow_mut() = words;
    }
}

/// What belongs to one patched function object. Never freed: it sits in a code object.
#[repr(C)] // what every call reads stands together
pub(super) struct Hook {
    gate: Cell<u32>,
    function: *mut PyObject,
    patched: Cell<*mut PyObject>,
    arity: usize,
    /// The specialisation that the fast path tries: the one that fitted last.
    preferred: Cell<*const Armed>,
    flips: Cell<u32>,
    specs: Box<[Armed]>,
    record: &'static Record,
    budget: Budget,
    /// Names in the recursion cycle; empty when the function is not recursive.
    cycle: Vec<&'static str>,
    /// Code objects of those members that are hotspots, and of those that were compiled along.
    cycle_hot: RefCell<Vec<*mut PyObject>>,
    cycle_along: RefCell<Vec<*mut PyObject>>,
    original: *mut PyObject,
    globals: *mut PyObject,
    /// Of a generator function.
    generator: Option<Box<Generator>>,
    /// Of a function of which loops are native: only loops, or those that are begun again after a bailout.
    regions: Option<Box<Regions>>,
    /// So many specialisations are of the function; those behind them are of loops.
    whole: usize,
    /// What came of loops that were begun again.
    resumes: Resumes,
    trial: trial::Trial,
    following: following::Following,
    #[cfg(Py_3_12)]
    direct: vectorcall::Direct,
}

/// The Python object around it.
#[repr(C)]
struct HookObject {
    base: PyObject,
    hook: Hook,
}

impl Hook {
    /// A hook for `function`; its code is not replaced yet.
    ///
    /// # Safety
    /// `function` is a live function object; the GIL is held and no transaction is open.
    pub(super) unsafe fn create(
        function: *mut PyObject,
        record: &'static Record,
        cycle: Vec<&'static str>,
        arity: usize,
    ) -> Option<&'static Hook> {
        // SAFETY: everything kept is strongly held for good.
        unsafe {
            let ty = class::hook_type()?;
            let code = PyFunction_GetCode(function);
            let globals = PyFunction_GetGlobals(function);
            for object in [function, code, globals] {
                Py_INCREF(object);
            }
            let specs = record.function.specs.iter();
            let specs: Box<[Armed]> = specs
                .map(|spec| Armed {
                    run: spec.entry.run,
                    plain: spec.entry.plain,
                    spec,
                    first: Cell::new([Word::NEVER; 2]),
                    words: RefCell::default(),
                    holds: Cell::new(false),
                    misses: Cell::new(0),
                })
                .collect();
            let entries: Vec<_> = record.function.specs.iter().map(|spec| spec.entry).collect();
            let generator = match entries.iter().all(|entry| entry.segments.is_empty()) {
                true => None,
                false => Some(Box::new(Generator::of(code, arity, &entries)?)),
            };
            let whole = entries.iter().filter(|entry| entry.region == 0).count();
            let regions = match whole == entries.len() {
                true => None,
                false => Regions::of(code, &entries).map(Box::new),
            };
            if regions.is_none() && whole == 0 {
                return None;
            }
            // Without its loops a function is native all the same.
            PyErr_Clear();
            let kind = if generator.is_some() { YIELDING } else { 0 };
            let hook = Hook {
                gate: Cell::new(
                    kind | if intercept::active() { INTERCEPTED } else { 0 }
                        | if cycle.is_empty() { 0 } else { RECURSIVE },
                ),
                globals,
                arity,
                preferred: Cell::new(specs.as_ptr()),
                flips: Cell::new(0),
                specs,
                cycle,
                cycle_hot: RefCell::default(),
                cycle_along: RefCell::default(),
                record,
                budget: Budget::comparing(registry::get().map_or(0, Registry::share_compared)),
                original: code,
                patched: Cell::new(ptr::null_mut()),
                function,
                generator,
                regions,
                whole,
                resumes: Resumes::default(),
                trial: trial::Trial::default(),
                following: following::Following::default(),
                #[cfg(Py_3_12)]
                direct: vectorcall::Direct::default(),
            };
            let mut memory = Box::<HookObject>::new_uninit();
            PyObject_Init(memory.as_mut_ptr().cast(), ty);
            (&raw mut (*memory.as_mut_ptr()).hook).write(hook);
            Some(&Box::leak(memory.assume_init()).hook)
        }
    }

    /// The Python object that stands in the prologue, borrowed.
    pub(super) fn object(&self) -> *mut PyObject {
        let offset = std::mem::offset_of!(HookObject, hook);
        ptr::from_ref(self).cast::<u8>().wrapping_sub(offset).cast_mut().cast()
    }

    pub(super) fn patched_code(&self) -> *mut PyObject {
        self.patched.get()
    }

    pub(super) fn original_code(&self) -> *mut PyObject {
        self.original
    }

    pub(super) fn function(&self) -> *mut PyObject {
        self.function
    }

    pub(super) fn record(&self) -> &'static Record {
        self.record
    }

    pub(super) fn set_patched(&self, code: *mut PyObject) {
        self.patched.set(code);
    }

    pub(super) fn set_gate(&self, bit: u32, on: bool) {
        let gate = self.gate.get();
        self.gate.set(if on { gate | bit } else { gate & !bit });
    }

    /// Makes the next call look at every name again.
    pub(super) fn forget(&self) {
        for armed in &self.specs {
            armed.watch(vec![Word::NEVER]);
            armed.holds.set(false);
        }
    }

    /// The first specialisation whose names hold and whose arguments fit, for a call that is not on the fast path.
    ///
    /// # Safety
    /// As [`next`], with `args` holding `arity` objects.
    pub(super) unsafe fn choose(&self, args: &CallArgs) -> Option<&'static Spec> {
        // SAFETY: the caller vouches for the arguments.
        unsafe {
            self.specs[..self.whole]
                .iter()
                .find(|armed| self.ready(armed) && (armed.spec.entry.matches)(args))
                .map(|armed| armed.spec)
        }
    }

    /// All specialisations whose names hold now.
    ///
    /// # Safety
    /// The GIL is held, no transaction is open, no exception is set.
    pub(super) unsafe fn ready_specs(&self) -> Vec<&'static Spec> {
        // SAFETY: as the caller promised.
        unsafe {
            self.specs[..self.whole]
                .iter()
                .filter(|armed| self.ready(armed))
                .map(|armed| armed.spec)
                .collect()
        }
    }

    /// What the hook of a generator function knows besides.
    pub(super) fn generator(&self) -> Option<&Generator> {
        self.generator.as_deref()
    }

    /// What the hook of a function with native loops knows besides.
    pub(super) fn regions(&self) -> Option<&Regions> {
        self.regions.as_deref()
    }

    /// Whether nothing but loops of the function is native.
    pub(super) fn is_loops(&self) -> bool {
        self.whole == 0 && self.regions.is_some()
    }

    /// What came of loops that were begun again.
    pub(super) fn resumes(&self) -> &Resumes {
        &self.resumes
    }

    /// A native call has bailed out in this frame: Python may begin its loops natively.
    #[cold]
    fn bails_in(&'static self, frame: Frame) {
        if self.regions.is_some() {
            // SAFETY: a hook runs in a live frame.
            unsafe { self.resumes.bailed(frame) };
        }
    }

    /// Whether the arguments look like those of a specialisation.
    ///
    /// # Safety
    /// `args` holds as many objects as it takes.
    pub(super) unsafe fn matches(&self, spec: usize, args: &CallArgs) -> bool {
        // SAFETY: as promised.
        unsafe { (self.specs[spec].spec.entry.matches)(args) }
    }

    pub(super) fn run_of(&self, spec: usize) -> Run {
        self.specs[spec].run
    }

    /// Whether a segment of a generator, or a loop, may run natively now, in its frame.
    ///
    /// # Safety
    /// The frame is live; the GIL is held.
    #[inline(always)]
    pub(super) unsafe fn goes_native(&self, frame: Frame) -> bool {
        // SAFETY: as promised.
        unsafe {
            self.gate.get() & (!STILL_NATIVE | RESTING) == 0
                && !interp::traced(interp::thread())
                && !self.is_foreign(frame)
        }
    }

    /// Whether the verifier wants to know of a segment of a generator, or of a loop, that would run natively now.
    ///
    /// # Safety
    /// The frame is live; the GIL is held.
    pub(super) unsafe fn is_observed(&self, frame: Frame) -> bool {
        // SAFETY: as promised.
        intercept::observed()
            && self.gate.get() & !STILL_NATIVE == INTERCEPTED
            && !crate::txn::is_open()
            && unsafe { !self.is_foreign(frame) }
    }

    /// The number of the first specialisation whose names hold and whose arguments fit.
    ///
    /// # Safety
    /// As [`Hook::choose`].
    pub(super) unsafe fn fitting(&self, args: &CallArgs) -> Option<usize> {
        // SAFETY: the caller vouches for the arguments.
        let fits = |armed: &Armed| unsafe { self.ready(armed) && (armed.spec.entry.matches)(args) };
        // A body that somebody has written by hand has no segments.
        self.specs.iter().position(|armed| !armed.spec.entry.segments.is_empty() && fits(armed))
    }

    /// Whether the names of a specialisation hold.
    ///
    /// # Safety
    /// The GIL is held, no transaction is open, no exception is set.
    #[inline(always)]
    pub(super) unsafe fn holds(&self, spec: usize) -> bool {
        // SAFETY: as promised.
        unsafe { self.ready(&self.specs[spec]) }
    }

    /// An attempt has come to nothing, for this reason.
    #[cold]
    pub(super) fn count(&self, stop: Stop) {
        self.record.count_bail(stop.reason());
    }

    /// No specialisation fits the arguments of a generator, or of a loop.
    #[cold]
    pub(super) fn fits_none(&self) {
        self.record.count_bail(Stop::bail(Bail::Type).reason());
        if let Some(reason) = self.budget.missed() {
            self.switch_off(reason);
        }
    }

    pub(super) fn started(&self) -> Option<Started> {
        self.budget.start()
    }

    /// The first segment of a generator has been committed: that is a native call.
    pub(super) fn segment_committed(&self, started: Option<Started>) {
        self.budget.committed(started);
    }

    pub(super) fn segment_lost(&self, why: Stop, started: Option<Started>) {
        self.count_bail(why, started);
    }

    pub(super) fn arity(&self) -> usize {
        self.arity
    }

    /// Whether the frame is of another function object, or of other code that took our constants over.
    #[inline(always)]
    unsafe fn is_foreign(&self, frame: Frame) -> bool {
        // SAFETY: the frame is live.
        unsafe { frame.function() != self.function || frame.code() != self.patched.get() }
    }

    /// Native calls of this hook.
    pub(super) fn native_calls(&self) -> u64 {
        self.budget.committed_calls()
    }

    #[inline(always)]
    unsafe fn ready(&self, armed: &Armed) -> bool {
        if armed.is_current() {
            return armed.holds.get();
        }
        let misses = armed.misses.get();
        if misses > MISSES && !misses.is_multiple_of(MISS_STRIDE) {
            armed.misses.set(misses.wrapping_add(1));
            return false;
        }
        // SAFETY: as the caller promised.
        unsafe { self.look_again(armed) }
    }

    #[cold]
    #[inline(never)]
    unsafe fn look_again(&self, armed: &Armed) -> bool {
        // Compiling a pattern runs Python code, after which everything is looked at again.
        let (words, holds) = loop {
            let before = patterns::compiled();
            let (words, holds) = self.look_once(armed);
            if patterns::compiled() == before {
                break (words, holds);
            }
        };
        armed.watch(words);
        armed.holds.set(holds);
        armed.misses.set(if holds { 0 } else { armed.misses.get().wrapping_add(1) });
        self.find_cycle();
        holds
    }

    fn look_once(&self, armed: &Armed) -> (Vec<Word>, bool) {
        let mut words = Vec::new();
        // SAFETY: the caller holds the GIL, with no transaction open.
        let holds = unsafe {
            // The verifier compares natively whatever watches.
            let watched = !intercept::active();
            let mut holds = !watched || !interp::code_monitored(self.patched.get());
            if watched {
                words.extend(monitoring_words(self.patched.get()));
            }
            for namespace in armed.spec.namespaces {
                if namespace.module_name() == self.record.function.module() {
                    namespace.bind(self.globals);
                }
                holds &= namespace.validate(&mut words);
            }
            holds
        };
        (words, holds)
    }

    /// Whether a run of this function, or of one that it is mutually recursive with, is what called: that run is
    /// Python, so this one stays Python too (replay rule 33).
    #[inline(always)]
    unsafe fn called_by_own_python(&self, frame: Frame) -> bool {
        // SAFETY: the frames of the chain are live.
        self.gate.get() & RECURSIVE != 0 && unsafe { self.look_at_callers(frame) }
    }

    unsafe fn look_at_callers(&self, frame: Frame) -> bool {
        // SAFETY: as the caller promised; no Python code runs meanwhile.
        unsafe {
            if (*self.cycle_hot.as_ptr()).is_empty() {
                self.find_cycle();
            }
            let (hot, along) = (&*self.cycle_hot.as_ptr(), &*self.cycle_along.as_ptr());
            let (mut frame, mut nested) = (frame, 0);
            let mut left = self.cycle.len();
            while left > 0 {
                let Some(caller) = frame.caller() else { return false };
                frame = caller;
                let code = frame.code();
                if hot.contains(&code) {
                    return true;
                }
                if along.contains(&code) {
                    left -= 1;
                } else if nested < MAX_NESTED && interp::code_nested(code) {
                    nested += 1;
                } else {
                    return false;
                }
            }
        }
        false
    }

    /// Looks up the code objects of the recursion cycle: after each validation, since reloads change them.
    fn find_cycle(&self) {
        let hot = registry::get().into_iter().flat_map(|registry| &registry.records);
        let hot = hot.filter(|record| self.cycle.contains(&record.function.name));
        let hot: Vec<_> = hot.filter_map(|record| Some(record.hook.get()?.patched.get())).collect();
        let namespaces = self.specs.iter().flat_map(|armed| armed.spec.namespaces);
        let along =
            namespaces.flat_map(|namespace| namespace.codes(&self.cycle)).filter(|code| !hot.contains(code));
        *self.cycle_along.borrow_mut() = along.collect();
        *self.cycle_hot.borrow_mut() = hot;
    }

    /// The specialisation that fitted is the next one to be tried.
    fn prefer(&self, armed: &Armed) {
        if ptr::eq(self.preferred.replace(armed), armed) {
            return;
        }
        self.flips.set(self.flips.get().wrapping_add(1));
        if self.flips.get() >= FLIPS {
            self.set_gate(MIXED, true);
        }
    }
}

/// `tp_iternext` of the hook: the first specialisation of an ordinary call; everything else is out of line.
unsafe extern "C" fn next(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with a hook, under the GIL, from the prologue of a patched function.
    unsafe {
        let hook = &(*object.cast::<HookObject>()).hook;
        let ts = interp::thread();
        let frame = Frame::current(ts);
        let armed = &*hook.preferred.get(); // there is always one
        let gate = hook.gate.get();
        if gate & !MIXED == RESTING && hook.trial.rests_on() {
            return ptr::null_mut();
        }
        if gate != 0
            || interp::traced(ts)
            || hook.is_foreign(frame)
            || !armed.holds.get()
            || !armed.is_current()
            || hook.budget.is_due()
        {
            return next_slow(hook, ts, frame);
        }
        let args = CallArgs { args: frame.args(), nargs: hook.arity };
        let depth = interp::remaining_depth(ts).max(0) as u32;
        match armed.enter(&args, depth, interp::stack_limit(ts)) {
            Outcome::Value(value) => {
                hook.budget.committed(None);
                value
            }
            Outcome::Bail(why) => bailed(hook, ts, frame, armed, why),
        }
    }
}

/// A bailout of the specialisation that the fast path tried.
#[cold]
#[inline(never)]
unsafe fn bailed(
    hook: &'static Hook,
    ts: *mut PyThreadState,
    frame: Frame,
    tried: &'static Armed,
    why: Stop,
) -> *mut PyObject {
    // SAFETY: as `next`.
    unsafe {
        match why.as_bail() {
            _ if is_waiting(why) => interrupted(hook, ts, why, 0),
            Some(bail) if concerns_types(bail) => {
                let args = CallArgs { args: frame.args(), nargs: hook.arity };
                // Arguments that never fitted cost next to nothing; what was found inside of them does.
                let fits = bail != Bail::Type || (tried.spec.entry.matches)(&args);
                if fits {
                    hook.attempt_lost(why, None);
                }
                attempt(hook, ts, frame, Some((tried, fits, why)))
            }
            _ => {
                hook.count_bail(why, None);
                hook.bails_in(frame);
                ptr::null_mut()
            }
        }
    }
}

/// Another specialisation may do what this one gave up for: it has other types for the same values.
pub(super) fn concerns_types(bail: Bail) -> bool {
    matches!(bail, Bail::Type | Bail::Unsupported | Bail::Overflow | Bail::Callback)
}

/// Calls that need a closer look: recursive functions, timed calls, changed names, the verifier.
#[inline(never)]
unsafe fn next_slow(hook: &'static Hook, ts: *mut PyThreadState, frame: Frame) -> *mut PyObject {
    // SAFETY: as `next`.
    unsafe {
        if let Some(generator) = &hook.generator {
            return segments::start(hook, generator, frame);
        }
        if hook.is_foreign(frame) {
            return ptr::null_mut();
        }
        #[cfg(Py_3_12)]
        if hook.gate.get() & BAILED != 0
            && let Some((armed, why)) = hook.take_tried()
        {
            return bailed(hook, ts, frame, armed, why);
        }
        let gate = hook.gate.get() & !STILL_NATIVE;
        if gate == INTERCEPTED && !crate::txn::is_open() {
            return intercept::call(hook, frame, ts);
        }
        if gate == FOLLOWING {
            hook.follows();
        }
        if gate != 0 || interp::traced(ts) {
            return ptr::null_mut();
        }
        if hook.gate.get() & SHADOWING != 0 && shadow::runs_here(ts) {
            return ptr::null_mut();
        }
        if hook.called_by_own_python(frame) {
            return ptr::null_mut();
        }
        if hook.budget.is_to_be_compared()
            && !crate::txn::is_open()
            && let Some(value) = shadow::call(hook, frame, ts)
        {
            return value;
        }
        if hook.gate.get() & RESTING != 0 && hook.rests() {
            return ptr::null_mut();
        }
        attempt(hook, ts, frame, None)
    }
}

/// Tries the specialisations that the arguments fit, except the one that was tried already (and whether they fit that,
/// and why it gave up).
unsafe fn attempt(
    hook: &'static Hook,
    ts: *mut PyThreadState,
    frame: Frame,
    tried: Option<(&'static Armed, bool, Stop)>,
) -> *mut PyObject {
    // SAFETY: as `next`.
    unsafe {
        let args = CallArgs { args: frame.args(), nargs: hook.arity };
        let depth = interp::remaining_depth(ts).max(0) as u32;
        let limit = interp::stack_limit(ts);
        let mut stop = tried.map_or(Stop::bail(Bail::Type), |(.., why)| why);
        let mut fitted = tried.is_some_and(|(_, fits, _)| fits);
        let mut tried_any = fitted;
        for armed in &hook.specs[..hook.whole] {
            if tried.is_some_and(|(tried, ..)| ptr::eq(tried, armed)) || !(armed.spec.entry.matches)(&args) {
                continue;
            }
            fitted = true;
            if !hook.ready(armed) {
                stop = Stop::bail(Bail::Guard);
                continue;
            }
            let started = hook.budget.start();
            tried_any = true;
            match enter(&args, depth, limit, armed.run) {
                Outcome::Value(value) => {
                    hook.budget.committed(started);
                    hook.timed(started);
                    // Ints of any size cost more: they are asked first only where words keep failing.
                    if stop.as_bail() != Some(Bail::Overflow) || hook.budget.overflows_often() {
                        hook.prefer(armed);
                    }
                    return value;
                }
                Outcome::Bail(why) => match why.as_bail() {
                    _ if is_waiting(why) => return interrupted(hook, ts, why, 0),
                    Some(bail) if concerns_types(bail) => {
                        hook.attempt_lost(why, started);
                        // What was met under way says more than that the types are others.
                        if bail != Bail::Type || stop.as_bail() == Some(Bail::Guard) {
                            stop = why;
                        }
                    }
                    _ => {
                        hook.count_bail(why, started);
                        hook.bails_in(frame);
                        return ptr::null_mut();
                    }
                },
            }
        }
        if fitted {
            hook.bails_in(frame);
        }
        hook.record.count_bail(stop.reason());
        if !fitted && let Some(reason) = hook.budget.missed() {
            hook.switch_off(reason);
        } else if !tried_any {
            hook.looked_in_vain(stop);
        }
        ptr::null_mut()
    }
}

/// A call bailed out because something waits to be handled. Python's own check would run handlers at the first
/// instruction of the body; here they run before it, so that the native attempt can be made again afterwards. An
/// exception is handed back to the interpreter, which raises it where it would have appeared anyway. Or CPython has to
/// be asked what is below an abstract class: as far as its own code says that, it is asked here, and remembers it.
#[cold]
#[inline(never)]
unsafe fn interrupted(
    hook: &'static Hook,
    ts: *mut PyThreadState,
    why: Stop,
    restarts: u32,
) -> *mut PyObject {
    // SAFETY: the GIL is held and the transaction is closed: handlers may run.
    unsafe {
        match waits(ts, why, restarts) {
            Waits::No => {}
            Waits::Still => {
                if why.as_bail() == Some(Bail::Abstract) {
                    hook.count_bail(why, None);
                    hook.bails_in(Frame::current(ts));
                }
                return ptr::null_mut();
            }
            Waits::Raised => {
                raise_in_body();
                return ptr::null_mut();
            }
        }
        // Handlers may have changed anything: every check is made again.
        let frame = Frame::current(ts);
        if hook.gate.get() & !STILL_NATIVE != 0 || interp::traced(ts) {
            return ptr::null_mut();
        }
        let args = CallArgs { args: frame.args(), nargs: hook.arity };
        let Some(spec) = hook.choose(&args) else { return ptr::null_mut() };
        let started = hook.budget.start();
        let depth = interp::remaining_depth(ts).max(0) as u32;
        match enter(&args, depth, interp::stack_limit(ts), spec.entry.run) {
            Outcome::Value(value) => {
                hook.budget.committed(started);
                value
            }
            Outcome::Bail(why) if is_waiting(why) => interrupted(hook, ts, why, restarts + 1),
            Outcome::Bail(why) => {
                hook.count_bail(why, started);
                ptr::null_mut()
            }
        }
    }
}
