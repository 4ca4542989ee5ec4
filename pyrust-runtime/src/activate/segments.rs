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
use super::interp::{self, Frame};
use super::metadata::{Entry, Kept};
use super::object::{Own, attribute, text, utf8};
use super::raising::raise_in_body;
use crate::boundary::commit::{CallArgs, Outcome, enter};
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
    loops: &'static [Option<i64>],
}

/// What a hook knows of a generator function: for each specialisation its segments, from the beginning on.
pub(super) struct Generator {
    params: Vec<Place>,
    specs: Vec<Vec<Resolved>>,
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
            let resolved = |root: &Entry, entry: Option<Entry>, locals: Vec<Place>, loops| {
                let kept = |kept: &Kept| match kept {
                    Kept::Local(name) => places.find(name).map(Where::Local),
                    Kept::Loop(at) => Some(Where::Loop(*at)),
                };
                let sites = entry.map_or(&[][..], |entry| entry.sites).iter().map(|site| {
                    let open = root.segments.get(site.point - 1)?.loops.len();
                    Some((site.point, open, site.kept.iter().map(kept).collect::<Option<Vec<_>>>()?))
                });
                Some(Resolved { entry, locals, sites: sites.collect::<Option<Vec<_>>>()?, loops })
            };
            let segments = |root: &Entry| {
                let mut out = vec![resolved(root, Some(*root), params.clone(), &[])?];
                for segment in root.segments {
                    out.push(resolved(root, segment.entry, places.all(segment.locals)?, segment.loops)?);
                }
                Some(out)
            };
            let specs = specs.iter().map(segments).collect::<Option<Vec<_>>>()?;
            Some(Generator { params, specs })
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
}

/// Most `for` loops that are open at a `yield`.
const OPEN: usize = 6;

impl State {
    fn loops(&self) -> &[*mut PyObject] {
        &self.loops[..2 * self.open]
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
        if !hook.goes_native(frame) || crate::txn::is_open() {
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
        if !hook.goes_native(frame) || !hook.holds(state.spec) {
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
        let (&value, kept) = left.items().split_first()?;
        if site == 0 {
            left.taken();
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
            let counts = hook.generator().map_or(&[][..], |g| g.specs[state.spec][state.point].loops);
            let loops = state.loops().to_vec();
            state.open = 0;
            state.loops = [ptr::null_mut(); 2 * OPEN];
            for (pair, counts) in loops.chunks_exact(2).zip(counts) {
                let made = iterator(pair[0], pair[1], *counts);
                iterators.extend(made.map(Own::release));
            }
            let complete = iterators.len() == counts.len();
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

/// The iterator that Python would have after so many elements.
pub(super) unsafe fn iterator(
    sequence: *mut PyObject,
    taken: *mut PyObject,
    counts: Option<i64>,
) -> Option<Own> {
    // SAFETY: a list, a tuple, a `str`, `bytes` or a range, and an int.
    unsafe {
        let inner = Own::take(PyObject_GetIter(sequence))?;
        let method = text("__setstate__")?;
        drop(Own::take(PyObject_CallMethodOneArg(inner.ptr(), method.ptr(), taken))?);
        let count = PyLong_AsSsize_t(taken);
        if PyList_CheckExact(sequence) != 0 && count > PyList_Size(sequence) {
            // The list has become shorter since, and may grow again: the iterator stands where it stood.
            let list_iterator = inner.ptr().cast::<ListIterator>();
            if (*list_iterator).sequence != sequence || (*list_iterator).index != PyList_Size(sequence) {
                return None;
            }
            (*list_iterator).index = count;
        }
        let Some(start) = counts else { return Some(inner) };
        let start = Own::take(PyLong_FromLongLong(start + count as i64))?;
        let arguments = Own::take(PyTuple_Pack(2, inner.ptr(), start.ptr()))?;
        Own::take(PyObject_Call((&raw mut PyEnum_Type).cast(), arguments.ptr(), ptr::null_mut()))
    }
}

/// What a list iterator has looked like in every version so far.
#[repr(C)]
struct ListIterator {
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
