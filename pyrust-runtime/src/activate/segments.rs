//! Generator functions: a genuine generator, in whose frame the segments between two `yield`s run natively.
//!
//! The prologue stands behind the first `RESUME` (see `suspendable`). There it makes a [`State`], whose `tp_iternext`
//! runs one segment: it reads the locals from the frame, and when the segment has committed, the frame has the new ones.
//! A bailout leaves the frame as it was at its `yield`; then null is returned, and the code behind the prologue puts the
//! iterators of the open loops on the stack and goes on at that `yield` as Python, to the end.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::hook::Hook;
use super::intercept;
use super::metadata::{Entry, Form, Kept, Open, Watched};
use super::raising::raise_in_body;
use super::watch::Watch;
use crate::activate::interp::{self, Frame};
use crate::boundary::commit::{CallArgs, Outcome, enter};
use crate::peek::{Own, attribute, text, utf8};
use crate::suspended::{Left, MOST};

/// Where a local lives in the frame.
#[derive(Clone, Copy)]
pub(super) struct Place {
    index: usize,
    /// The place holds a cell.
    cell: bool,
}

/// Where something stays from one segment to the next.
#[derive(Clone, Copy)]
enum Where {
    Local(Place),
    Loop(usize),
}

/// One segment, with the places of its names.
struct Resolved {
    entry: Option<Entry>,
    locals: Vec<Place>,
    /// For each `yield` that it gets to: the number, how many loops are open there, and where things stay.
    sites: Vec<(usize, usize, Vec<Where>)>,
    loops: &'static [Open],
    watched: Option<Watched>,
}

/// What a hook knows of a generator function: for each specialisation its segments, from the beginning on.
pub(super) struct Generator {
    params: Vec<Place>,
    specs: Vec<Vec<Resolved>>,
    watch: Watch,
}

impl Generator {
    /// The places of all names; nothing if one of them is no local of the code.
    ///
    /// # Safety
    /// `code` is a live code object, the GIL is held.
    pub(super) unsafe fn of(code: *mut PyObject, arity: usize, specs: &[Entry]) -> Option<Generator> {
        // SAFETY: as promised.
        unsafe {
            let places = Places::of(code)?;
            let params =
                places.vars.iter().take(arity).map(|name| places.find(name)).collect::<Option<Vec<_>>>()?;
            let resolved = |root: &Entry, entry: Option<Entry>, locals: Vec<Place>, (loops, watched)| {
                let kept = |kept: &Kept| match kept {
                    Kept::Local(name) => places.find(name).map(Where::Local),
                    Kept::Loop(at) => Some(Where::Loop(*at)),
                };
                let sites = entry.map_or(&[][..], |entry| entry.sites).iter().map(|site| {
                    let open = root.segments.get(site.point - 1)?.loops.len();
                    Some((site.point, open, site.kept.iter().map(kept).collect::<Option<Vec<_>>>()?))
                });
                Some(Resolved { entry, locals, sites: sites.collect::<Option<Vec<_>>>()?, loops, watched })
            };
            let segments = |root: &Entry| {
                let none: &[Open] = &[];
                let mut out = vec![resolved(
                    root,
                    Some(*root),
                    params.clone(),
                    (none, root.segments.first().and_then(|s| s.watched)),
                )?];
                for segment in root.segments {
                    let (locals, loops) = (places.all(segment.locals)?, segment.loops);
                    out.push(resolved(root, segment.entry, locals, (loops, segment.watched))?);
                }
                Some(out)
            };
            let specs = specs.iter().map(segments).collect::<Option<Vec<_>>>()?;
            Some(Generator { params, specs, watch: Watch::default() })
        }
    }
}

/// The locals of a code object.
pub(super) struct Places {
    vars: Vec<String>,
    cells: Vec<String>,
}

impl Places {
    /// # Safety
    /// `code` is a live code object, the GIL is held.
    pub(super) unsafe fn of(code: *mut PyObject) -> Option<Places> {
        // SAFETY: the attributes of a code object are tuples of `str`.
        unsafe {
            let (vars, cells) = (attribute(code, c"co_varnames")?, attribute(code, c"co_cellvars")?);
            Some(Places { vars: names(vars.ptr()), cells: names(cells.ptr()) })
        }
    }

    /// Nothing if it is no local.
    pub(super) fn find(&self, name: &str) -> Option<Place> {
        let cell = self.cells.iter().any(|n| n == name);
        if let Some(index) = self.vars.iter().position(|n| n == name) {
            return Some(Place { index, cell });
        }
        let mut own = self.cells.iter().filter(|n| !self.vars.contains(n));
        let index = own.position(|n| n == name)?;
        Some(Place { index: self.vars.len() + index, cell: true })
    }

    pub(super) fn all(&self, names: &[&str]) -> Option<Vec<Place>> {
        names.iter().map(|name| self.find(name)).collect()
    }
}

unsafe fn names(tuple: *mut PyObject) -> Vec<String> {
    // SAFETY: the caller vouches for a tuple of `str`.
    unsafe {
        let count = PyTuple_Size(tuple);
        (0..count).map(|i| utf8(PyTuple_GetItem(tuple, i)).unwrap_or_default().to_owned()).collect()
    }
}

/// Reads a local; null where it is unbound. A borrowed reference: the frame keeps it.
///
/// # Safety
/// The frame is live, and the place is one of its locals.
pub(super) unsafe fn read(frame: Frame, place: Place) -> *mut PyObject {
    // SAFETY: the frame is live, and the place is one of its locals.
    unsafe {
        let object = *frame.args().add(place.index);
        match place.cell && !object.is_null() {
            // A cell holds the only reference besides.
            true => (*object.cast::<CellObject>()).reference,
            false => object,
        }
    }
}

/// Writes a local, which takes the reference; what it held before.
///
/// # Safety
/// The frame is live, does not run now, and the place is one of its locals.
pub(super) unsafe fn write(frame: Frame, place: Place, value: *mut PyObject) -> *mut PyObject {
    // SAFETY: as for `read`; the generator's frame is its own, and does not run while the hook does.
    unsafe {
        let slot = frame.args().cast_mut().add(place.index);
        match place.cell && !(*slot).is_null() {
            true => ptr::replace(&raw mut (*(*slot).cast::<CellObject>()).reference, value),
            false => ptr::replace(slot, value),
        }
    }
}

/// `PyCellObject`.
#[repr(C)]
struct CellObject {
    base: PyObject,
    reference: *mut PyObject,
}

/// One generator: which `yield` it waits at, and where its loops are.
#[repr(C)]
struct State {
    base: PyObject,
    hook: &'static Hook,
    spec: usize,
    /// 0: it has not begun.
    point: usize,
    /// The loops that are open, and of each what it goes through and how many elements have been taken: strong references.
    open: usize,
    loops: [*mut PyObject; 2 * OPEN],
    /// The elements that it has given, and turns that loops have taken for them, as far as that is counted; and whether
    /// Python gives the others.
    given: u32,
    turns: u32,
    idle: bool,
}

/// Most `for` loops that are open at a `yield`.
const OPEN: usize = 6;

/// After so many elements of a generator it is looked at whether native code pays, and once more.
const FIRST_LOOK: u32 = 4;
const SECOND_LOOK: u32 = 64;

/// It does if loops take so many turns for one element: Python goes through them in about the time of a segment.
const TURNS: u32 = 6;

impl State {
    fn loops(&self) -> &[*mut PyObject] {
        &self.loops[..2 * self.open]
    }

    /// Have its loops taken enough turns for the elements that it has given? Those are open at this `yield`.
    unsafe fn look(&mut self, watch: &Watch, watched: Watched, open: &[Open]) {
        self.given = self.given.saturating_add(1);
        if self.given != FIRST_LOOK && self.given != SECOND_LOOK {
            return;
        }
        if let Watched::Turns(least) = watched {
            self.idle = self.turns < least.saturating_mul(self.given);
            watch.looked(self.idle);
            return;
        }
        let mut turns = 0;
        for (pair, open) in self.loops().chunks_exact(2).zip(open) {
            // SAFETY: what a loop goes through, and an int.
            turns += unsafe {
                let place = PyLong_AsSsize_t(pair[1]);
                match open.form {
                    Form::Reversed => length(pair[0]) - 1 - place,
                    Form::Sequence | Form::Zip => place,
                }
            };
        }
        self.idle = turns < (TURNS * self.given) as Py_ssize_t;
        watch.looked(self.idle);
    }
}

/// What the code behind the prologue is to do next; read by [`Step`]s right after it was written.
struct Next {
    /// The `yield` that was reached, or at which Python goes on; 0: the beginning.
    point: Cell<usize>,
    /// What the generator returns, if it is over.
    value: Cell<*mut PyObject>,
    /// The iterators of the open loops, the innermost first.
    iterators: RefCell<Vec<*mut PyObject>>,
    /// An exception came at the `yield`, which Python handles: no segment is run.
    thrown: Cell<bool>,
}

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Next {}

static NEXT: Next = Next {
    point: Cell::new(0),
    value: Cell::new(ptr::null_mut()),
    iterators: RefCell::new(Vec::new()),
    thrown: Cell::new(false),
};

/// The generator begins: its state, or null if it runs as Python.
///
/// # Safety
/// As the hook's `tp_iternext`; `frame` is the generator's.
pub(super) unsafe fn start(hook: &'static Hook, generator: &Generator, frame: Frame) -> *mut PyObject {
    NEXT.point.set(0);
    // SAFETY: as promised; no transaction is open while the state is made.
    unsafe {
        if hook.is_observed(frame) {
            observe(hook, generator, frame);
            return ptr::null_mut();
        }
        if !hook.goes_native(frame) || crate::txn::is_open() || generator.watch.is_idle() {
            return ptr::null_mut();
        }
        let mut args = [const { MaybeUninit::uninit() }; MOST];
        let Some(args) = gather(frame, &generator.params, &[], &mut args) else { return ptr::null_mut() };
        let Some(spec) = hook.fitting(&args) else {
            hook.fits_none();
            return ptr::null_mut();
        };
        let Some(ty) = state_type() else { return ptr::null_mut() };
        let object = PyType_GenericAlloc(ty, 0).cast::<State>();
        if object.is_null() {
            PyErr_Clear();
            return ptr::null_mut();
        }
        (&raw mut (*object).hook).write(hook);
        (*object).spec = spec;
        (*object).point = 0;
        (*object).open = 0;
        (*object).given = 0;
        (*object).turns = 0;
        (*object).idle = false;
        object.cast()
    }
}

/// The verifier is told that the generator begins, and with what; an exception of its own is set.
unsafe fn observe(hook: &'static Hook, generator: &Generator, frame: Frame) {
    // SAFETY: as `start`.
    unsafe {
        let mut args = [const { MaybeUninit::uninit() }; MOST];
        let Some(args) = gather(frame, &generator.params, &[], &mut args) else { return };
        if hook.fitting(&args).is_none() {
            return;
        }
        let Some(values) = intercept::tuple(&args) else { return };
        if intercept::observe(hook, "generator", &[values.ptr()]).is_none()
            // The prologue would take it for the end.
            && PyErr_ExceptionMatches(PyExc_StopIteration) != 0
        {
            raise_in_body();
        }
    }
}

/// The arguments of a segment: locals, then loops. Nothing where a local is unbound.
///
/// # Safety
/// The frame is live, and the places are some of its locals.
pub(super) unsafe fn gather(
    frame: Frame,
    places: &[Place],
    loops: &[*mut PyObject],
    out: &mut [MaybeUninit<*mut PyObject>; MOST],
) -> Option<CallArgs> {
    let nargs = places.len() + loops.len();
    if nargs > MOST {
        return None;
    }
    for (slot, place) in out.iter_mut().zip(places) {
        // SAFETY: the places are of this frame's code.
        let value = unsafe { read(frame, *place) };
        if value.is_null() {
            return None;
        }
        slot.write(value);
    }
    for (slot, object) in out[places.len()..].iter_mut().zip(loops) {
        slot.write(*object);
    }
    Some(CallArgs { args: out.as_ptr().cast(), nargs })
}

/// `tp_iternext` of a state: runs the next segment. Null without an exception: over, or Python goes on.
unsafe extern "C" fn step(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with a state, under the GIL, in the generator's own frame.
    unsafe {
        let state = object.cast::<State>();
        if NEXT.thrown.replace(false) {
            return leave(&mut *state);
        }
        let ts = interp::thread();
        let frame = Frame::current(ts);
        match segment(&mut *state, ts, frame) {
            Some(value) => value,
            None => leave(&mut *state),
        }
    }
}

unsafe fn segment(state: &mut State, ts: *mut PyThreadState, frame: Frame) -> Option<*mut PyObject> {
    // SAFETY: as `step`.
    unsafe {
        let hook = state.hook;
        if state.idle || !hook.goes_native(frame) || !hook.holds(state.spec) {
            return None;
        }
        let generator = hook.generator()?;
        let here = &generator.specs[state.spec][state.point];
        let entry = here.entry.as_ref()?;
        let mut args = [const { MaybeUninit::uninit() }; MOST];
        let args = gather(frame, &here.locals, state.loops(), &mut args)?;
        let depth = interp::remaining_depth(ts).max(0) as u32;
        let mut left = Left::new();
        let started = if state.point == 0 { hook.started() } else { None };
        match left.during(|| enter(&args, depth, interp::stack_limit(ts), entry.run)) {
            Outcome::Value(none) => Py_DECREF(none),
            Outcome::Bail(why) => {
                hook.segment_lost(why, started);
                return None;
            }
        }
        if state.point == 0 {
            hook.segment_committed(started);
        }
        let site = left.point;
        state.turns = state.turns.saturating_add(left.turns.unsigned_abs());
        let (&value, kept) = left.items().split_first()?;
        if site == 0 {
            left.taken();
            // It ends: as many as there are elements.
            match here.watched.filter(|_| state.given < FIRST_LOOK) {
                Some(Watched::Places)
                    if here.loops.first().is_some_and(|open| open.form == Form::Sequence) =>
                {
                    let turns = length(state.loops[0]);
                    generator.watch.looked(turns < (TURNS * state.given) as Py_ssize_t);
                }
                Some(Watched::Turns(least)) => {
                    generator.watch.looked(state.turns < least * (state.given + 1));
                }
                _ => {}
            }
            // Before anything is said of the end: finalisers may run, and other generators in them.
            let loops = std::mem::replace(&mut state.loops, [ptr::null_mut(); 2 * OPEN]);
            state.open = 0;
            loops.into_iter().for_each(|object| Py_XDECREF(object));
            NEXT.point.set(0);
            NEXT.value.set(value);
            return Some(ptr::null_mut());
        }
        let (point, open, places) = &here.sites[site - 1];
        let mut old = [const { MaybeUninit::uninit() }; MOST];
        let mut olds = 0;
        for (place, new) in places.iter().zip(kept) {
            let before = match place {
                Where::Local(place) => write(frame, *place, *new),
                Where::Loop(at) => std::mem::replace(&mut state.loops[*at], *new),
            };
            old[olds].write(before);
            olds += 1;
        }
        state.point = *point;
        let closed = std::mem::replace(&mut state.open, *open).saturating_sub(*open);
        left.taken();
        // Finalisers may run now, and other generators in them.
        for object in &old[..olds] {
            Py_XDECREF(object.assume_init());
        }
        for at in 2 * open..2 * (open + closed) {
            Py_XDECREF(std::mem::replace(&mut state.loops[at], ptr::null_mut()));
        }
        let reached = &generator.specs[state.spec][*point];
        if let Some(watched) = reached.watched {
            state.look(&generator.watch, watched, reached.loops);
        }
        NEXT.point.set(*point);
        Some(value)
    }
}

/// Python goes on at the `yield`: the iterators of the open loops.
#[cold]
#[inline(never)]
unsafe fn leave(state: &mut State) -> *mut PyObject {
    // SAFETY: as `step`; the iterators are made by C's types.
    unsafe {
        let mut iterators = Vec::new();
        if state.point > 0 {
            let hook = state.hook;
            let open = hook.generator().map_or(&[][..], |g| g.specs[state.spec][state.point].loops);
            let loops = state.loops().to_vec();
            state.open = 0;
            state.loops = [ptr::null_mut(); 2 * OPEN];
            for (pair, open) in loops.chunks_exact(2).zip(open) {
                let made = iterator(pair[0], pair[1], *open);
                iterators.extend(made.map(Own::release));
            }
            let complete = iterators.len() == open.len();
            // What they go through lives on in the iterators.
            loops.into_iter().for_each(|object| Py_DECREF(object));
            if !complete {
                if PyErr_Occurred().is_null() {
                    PyErr_NoMemory();
                }
                iterators.into_iter().for_each(|object| Py_DECREF(object));
                return ptr::null_mut();
            }
        }
        iterators.reverse();
        *NEXT.iterators.borrow_mut() = iterators;
        NEXT.point.set(state.point);
        ptr::null_mut()
    }
}

/// The iterator that Python would have at that place.
pub(super) unsafe fn iterator(sequence: *mut PyObject, place: *mut PyObject, open: Open) -> Option<Own> {
    // SAFETY: a list, an array, a tuple, a `str`, `bytes` or a range, or a tuple of those, and an int.
    unsafe {
        let count = PyLong_AsSsize_t(place);
        let inner = match open.form {
            Form::Sequence => {
                placed(Own::take(PyObject_GetIter(sequence))?, sequence, place, length(sequence))?
            }
            Form::Reversed => {
                let made = Own::take(PyObject_CallOneArg((&raw mut PyReversed_Type).cast(), sequence))?;
                placed(made, sequence, place, length(sequence) - 1)?
            }
            Form::Zip => {
                let plain = Open { form: Form::Sequence, counts: None };
                let each = (0..PyTuple_Size(sequence)).map(|i| PyTuple_GetItem(sequence, i));
                let inner = each.map(|each| iterator(each, place, plain)).collect::<Option<Vec<_>>>()?;
                let inner: Vec<_> = inner.iter().map(Own::ptr).collect();
                let zip = (&raw mut PyZip_Type).cast();
                Own::take(PyObject_Vectorcall(zip, inner.as_ptr(), inner.len(), ptr::null_mut()))?
            }
        };
        let Some(start) = open.counts else { return Some(inner) };
        let start = Own::take(PyLong_FromLongLong(start + count as i64))?;
        let arguments = Own::take(PyTuple_Pack(2, inner.ptr(), start.ptr()))?;
        Own::take(PyObject_Call((&raw mut PyEnum_Type).cast(), arguments.ptr(), ptr::null_mut()))
    }
}

/// The number of elements; more than all where it is a `range` that is too long to say.
unsafe fn length(sequence: *mut PyObject) -> Py_ssize_t {
    // SAFETY: a sequence of a builtin type.
    unsafe {
        let length = PyObject_Size(sequence);
        if length < 0 {
            PyErr_Clear();
            return Py_ssize_t::MAX;
        }
        length
    }
}

/// Moves an iterator to a place. `last`: none lies behind that one now.
unsafe fn placed(made: Own, sequence: *mut PyObject, place: *mut PyObject, last: Py_ssize_t) -> Option<Own> {
    // SAFETY: as `iterator`; the layout is looked at before it is relied on.
    unsafe {
        let method = text("__setstate__")?;
        drop(Own::take(PyObject_CallMethodOneArg(made.ptr(), method.ptr(), place))?);
        let count = PyLong_AsSsize_t(place);
        if count > last {
            // The list has become shorter since, and may grow again: the iterator stands where it stood.
            let sequence_iterator = made.ptr().cast::<SequenceIterator>();
            if (*sequence_iterator).sequence != sequence || (*sequence_iterator).index != last {
                return None;
            }
            (*sequence_iterator).index = count;
        }
        Some(made)
    }
}

/// What the iterators of lists, from either end, and of arrays have looked like in every version so far.
#[repr(C)]
struct SequenceIterator {
    base: PyObject,
    index: Py_ssize_t,
    sequence: *mut PyObject,
}

unsafe extern "C" fn traverse(
    object: *mut PyObject,
    visit: visitproc,
    arg: *mut std::ffi::c_void,
) -> std::ffi::c_int {
    // SAFETY: called by the collector with a state.
    unsafe {
        let ty: *mut PyObject = Py_TYPE(object).cast();
        let verdict = visit(ty, arg);
        if verdict != 0 {
            return verdict;
        }
        for &object in &(*object.cast::<State>()).loops {
            if !object.is_null() {
                let verdict = visit(object, arg);
                if verdict != 0 {
                    return verdict;
                }
            }
        }
        0
    }
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: the last reference is gone.
    unsafe {
        PyObject_GC_UnTrack(object.cast());
        let ty = Py_TYPE(object);
        let loops = std::mem::replace(&mut (*object.cast::<State>()).loops, [ptr::null_mut(); 2 * OPEN]);
        loops.into_iter().for_each(|object| Py_XDECREF(object));
        PyObject_GC_Del(object.cast());
        Py_DECREF(ty.cast());
    }
}

static STATE_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

unsafe fn state_type() -> Option<*mut PyTypeObject> {
    // SAFETY: the GIL is held.
    unsafe {
        made_once(
            &STATE_TYPE,
            c"pyrust.Generator",
            size_of::<State>(),
            Py_TPFLAGS_HAVE_GC,
            &mut [
                PyType_Slot { slot: Py_tp_iternext, pfunc: step as *mut std::ffi::c_void },
                PyType_Slot { slot: Py_tp_traverse, pfunc: traverse as *mut std::ffi::c_void },
                PyType_Slot { slot: Py_tp_dealloc, pfunc: dealloc as *mut std::ffi::c_void },
                PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
            ],
        )
    }
}

/// The type of that name, made when it is first asked for.
///
/// # Safety
/// The GIL is held; the slots are those of a type, and end with a zero.
pub(super) unsafe fn made_once(
    place: &AtomicPtr<PyTypeObject>,
    name: &'static std::ffi::CStr,
    size: usize,
    flags: std::ffi::c_ulong,
    slots: &mut [PyType_Slot],
) -> Option<*mut PyTypeObject> {
    let known = place.load(Relaxed);
    if !known.is_null() {
        return Some(known);
    }
    // SAFETY: the slots are copied.
    unsafe {
        let flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE | flags;
        let mut spec = PyType_Spec {
            name: name.as_ptr(),
            basicsize: size as _,
            itemsize: 0,
            flags: flags as _,
            slots: slots.as_mut_ptr(),
        };
        let ty: *mut PyTypeObject = PyType_FromSpec(&mut spec).cast();
        place.store(ty, Relaxed);
        if ty.is_null() {
            PyErr_Clear();
        }
        (!ty.is_null()).then_some(ty)
    }
}

/// The type of constants that by-value picklers write down with `reduce`, made when it is first asked for.
///
/// # Safety
/// As [`made_once`]; `reduce` is a method without arguments.
pub(super) unsafe fn picklable(
    place: &AtomicPtr<PyTypeObject>,
    name: &'static std::ffi::CStr,
    size: usize,
    slots: &[PyType_Slot],
    reduce: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
) -> Option<*mut PyTypeObject> {
    let known = place.load(Relaxed);
    if !known.is_null() {
        return Some(known);
    }
    let method = PyMethodDef {
        ml_name: c"__reduce__".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: reduce },
        ml_flags: METH_NOARGS,
        ml_doc: ptr::null(),
    };
    // The type lives for good, and names the table.
    let methods = Box::leak(Box::new([method, PyMethodDef::zeroed()])).as_mut_ptr().cast();
    let methods = PyType_Slot { slot: Py_tp_methods, pfunc: methods };
    let end = PyType_Slot { slot: 0, pfunc: ptr::null_mut() };
    let mut slots: Vec<PyType_Slot> = slots.iter().copied().chain([methods, end]).collect();
    // SAFETY: as promised.
    unsafe { made_once(place, name, size, 0, &mut slots) }
}

/// A constant of the prologue that answers one question about [`NEXT`] when it is asked for an element.
#[repr(C)]
struct Step {
    base: PyObject,
    what: usize,
}

/// What the generator returns, if it is over.
pub(super) const RETURNS: usize = 0;
/// The next iterator of an open loop.
pub(super) const ITERATOR: usize = usize::MAX;
/// Not a question: Python handles an exception.
pub(super) const THROWN: usize = usize::MAX - 1;

unsafe extern "C" fn answer(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with a step, under the GIL.
    unsafe {
        match (*object.cast::<Step>()).what {
            RETURNS => NEXT.value.replace(ptr::null_mut()),
            ITERATOR => NEXT.iterators.borrow_mut().pop().unwrap_or(ptr::null_mut()),
            what if what == THROWN || NEXT.point.get() == what => {
                if what == THROWN {
                    NEXT.thrown.set(true);
                }
                let none = Py_None();
                Py_INCREF(none);
                none
            }
            _ => ptr::null_mut(),
        }
    }
}

static STEP_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// How picklers write a step down.
const NAMED: &str = "<step ";

/// By-value picklers (cloudpickle) meet steps in `co_consts`.
unsafe extern "C" fn reduce(object: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: a method of the step type.
    unsafe {
        let what = (*object.cast::<Step>()).what;
        let (Some(getter), Some(name)) = (super::init::getter(), text(&format!("{NAMED}{what}>"))) else {
            return ptr::null_mut();
        };
        PyTuple_Pack(2, getter, Own::take(PyTuple_Pack(1, name.ptr())).map_or(ptr::null_mut(), Own::release))
    }
}

/// The step that a pickler has written down.
///
/// # Safety
/// As [`constant`].
pub(super) unsafe fn by_name(name: &str) -> Option<*mut PyObject> {
    let what = name.strip_prefix(NAMED)?.strip_suffix('>')?.parse().ok()?;
    // SAFETY: as promised.
    unsafe { constant(what) }
}

/// The constant that asks `what`: a number of a `yield`, [`RETURNS`], [`ITERATOR`] or [`THROWN`]. It lives for good.
///
/// # Safety
/// The GIL is held and no transaction is open.
pub(super) unsafe fn constant(what: usize) -> Option<*mut PyObject> {
    // SAFETY: a leaked object of a type that lives for good.
    unsafe {
        let slot = PyType_Slot { slot: Py_tp_iternext, pfunc: answer as *mut std::ffi::c_void };
        let ty = picklable(&STEP_TYPE, c"pyrust.Step", size_of::<Step>(), &[slot], reduce)?;
        let mut memory = Box::<Step>::new_uninit();
        PyObject_Init(memory.as_mut_ptr().cast(), ty);
        (&raw mut (*memory.as_mut_ptr()).what).write(what);
        Some(ptr::from_mut(Box::leak(memory.assume_init())).cast())
    }
}
