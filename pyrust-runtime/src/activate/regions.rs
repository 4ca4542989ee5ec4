//! Loops of functions that stay Python: native, in the function's own frame.
//!
//! The build has compiled the function with a question in front of each such loop, `~b"pyrust region …"` (see `digest.py`
//! of the compiler); here the constants become objects whose `~` answers. A run of a loop is one transaction: when it has
//! committed, the frame has the locals that the loop binds and Python goes on behind it, and a bailout leaves everything
//! as it was in front of the loop, which Python then runs.

mod again;
mod resume;

pub(super) use self::resume::Resumes;

use std::cell::Cell;
use std::ffi::c_long;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::hook::{Hook, concerns_types};
use super::intercept;
use super::metadata::{self, Entry, Kept};
use super::segments::{Place, Places, gather, picklable, read, write};
use super::waits::{Waits, is_waiting, waits};
use crate::activate::interp::{self, Frame};
use crate::boundary::commit::{Outcome, enter};
use crate::peek::{Own, attribute, bytes_of, text};
use crate::stop::{Bail, Stop};
use crate::suspended::{Left, MOST};

/// The way out by a `return` in the loop.
const RETURNS: usize = 2;

/// The way out at the head of the loop, from where Python goes on.
const RESUMES: usize = 3;

/// The meanings of a question of one loop.
const KINDS: usize = 6;
/// Of those: none, Python has left the loop.
const LEFT: usize = 3;
/// What Python goes on with in a `for` loop that native code has begun.
const REST: usize = 5;

/// What the constants that stand for questions begin with.
const MARK: &[u8] = b"pyrust region ";

/// One specialisation of one loop, with the places of its names.
struct Resolved {
    region: usize,
    params: Vec<Place>,
    /// The names of `params`.
    names: &'static [&'static str],
    /// For each way out where it leads, and what it leaves where.
    sites: Vec<Way>,
    /// The form that stops at the head of the loop, with its ways out.
    resumed: Option<Resumable>,
}

/// A loop that stops at its head, with its ways out, and how it is taken up again.
struct Resumable {
    form: &'static metadata::Resumed,
    sites: Vec<Way>,
    again: Option<Rejoined>,
}

/// A loop that is taken up again, with the places of its locals and its ways out.
struct Rejoined {
    form: &'static metadata::Again,
    params: Vec<Place>,
    sites: Vec<Way>,
}

/// Where a way out leads, and what it leaves where.
type Way = (usize, Vec<(Place, &'static str)>);

/// What a hook knows of the loops of its function: one for each specialisation.
pub(super) struct Regions(Vec<Resolved>);

impl Regions {
    /// The places of all names; nothing if one of them is no local of the code.
    ///
    /// # Safety
    /// `code` is a live code object, the GIL is held.
    pub(super) unsafe fn of(code: *mut PyObject, entries: &[Entry]) -> Option<Regions> {
        // SAFETY: as promised.
        let places = unsafe { Places::of(code)? };
        let resolved = |entry: &Entry| {
            let ways = |sites: &'static [metadata::Site]| {
                let ways = sites.iter().map(|site| {
                    let kept = site.kept.iter().map(|kept| match kept {
                        Kept::Local(name) => Some((places.find(name)?, *name)),
                        Kept::Loop(_) => None,
                    });
                    Some((site.point, kept.collect::<Option<Vec<_>>>()?))
                });
                ways.collect::<Option<Vec<_>>>()
            };
            let resumed = match entry.resumed {
                Some(form) => {
                    let again = match &form.again {
                        Some(form) => {
                            let (params, sites) = (places.all(form.locals)?, ways(form.sites)?);
                            Some(Rejoined { form, params, sites })
                        }
                        None => None,
                    };
                    Some(Resumable { form, sites: ways(form.sites)?, again })
                }
                None => None,
            };
            let (sites, params) = (ways(entry.sites)?, places.all(entry.locals)?);
            Some(Resolved { region: entry.region, params, names: entry.locals, sites, resumed })
        };
        entries.iter().map(resolved).collect::<Option<Vec<_>>>().map(Regions)
    }
}

/// The code with questions in front of its loops, as the build has marshalled it for the same source; its other constants
/// are those of the `original`. Nothing, without an exception, if it is not as expected.
///
/// # Safety
/// `original` is a live code object, `hook` is its hook, the GIL is held and no transaction is open.
pub(super) unsafe fn patch(original: *mut PyObject, hook: &'static Hook, marshalled: &str) -> Option<Own> {
    // SAFETY: the bytes were written by the interpreter that runs here, or one that writes the same bytecode.
    unsafe {
        let data = decoded(marshalled)?;
        let code = PyMarshal_ReadObjectFromString(data.as_ptr().cast(), data.len() as Py_ssize_t);
        let code = Own::take(code)?;
        if Py_TYPE(code.ptr()) != &raw mut PyCode_Type {
            return None;
        }
        let (consts, old) = (attribute(code.ptr(), c"co_consts")?, attribute(original, c"co_consts")?);
        let is_code = |object: *mut PyObject| Py_TYPE(object) == &raw mut PyCode_Type;
        let items = |tuple: *mut PyObject| (0..PyTuple_Size(tuple)).map(move |i| PyTuple_GetItem(tuple, i));
        let mut inner = items(old.ptr()).filter(|item| is_code(*item));
        let fresh = Own::take(PyTuple_New(PyTuple_Size(consts.ptr())))?;
        for (i, item) in items(consts.ptr()).enumerate() {
            let item = match question(item) {
                Some(what) => constant(hook, what)?,
                None if is_code(item) => inner.next()?,
                None => item,
            };
            Py_INCREF(item);
            PyTuple_SetItem(fresh.ptr(), i as Py_ssize_t, item);
        }
        if inner.next().is_some() {
            return None;
        }
        let replace = attribute(code.ptr(), c"replace")?;
        let (empty, arguments) = (Own::take(PyTuple_New(0))?, Own::take(PyDict_New())?);
        let file = attribute(original, c"co_filename")?;
        PyDict_SetItemString(arguments.ptr(), c"co_consts".as_ptr(), fresh.ptr());
        PyDict_SetItemString(arguments.ptr(), c"co_filename".as_ptr(), file.ptr());
        Own::take(PyObject_Call(replace.ptr(), empty.ptr(), arguments.ptr()))
    }
}

/// What a constant asks, if it stands for a question.
unsafe fn question(object: *mut PyObject) -> Option<usize> {
    // SAFETY: the type is looked at first.
    unsafe {
        if Py_TYPE(object) != &raw mut PyBytes_Type {
            return None;
        }
        let number = bytes_of(object).strip_prefix(MARK)?;
        std::str::from_utf8(number).ok()?.parse().ok()
    }
}

/// Base64.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut out, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for c in text.bytes().take_while(|c| *c != b'=') {
        bits = bits << 6 | u32::from(value(c)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

/// A constant whose `~` answers a question: 6 n for the loop of number n, whether it has run natively; one more, whether
/// it has ended by a `return`; one more, what that returns. One more is no question: with `~` it says that Python has
/// got behind the loop, with `^` that Python leaves it and returns what stands on the right; one more that Python does so, but
/// has still to do what stands in a `finally` of the loop; and the last one what a `for` loop is to go through, if it is
/// not all that its text says.
#[repr(C)]
struct Question {
    base: PyObject,
    hook: &'static Hook,
    what: usize,
}

/// What the `return` in a loop that has just run returns: taken before anything else runs.
struct Returned(Cell<*mut PyObject>);

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Returned {}

static RETURNED: Returned = Returned(Cell::new(ptr::null_mut()));

/// The iterator of a loop that Python is about to go on with: taken before anything else runs.
static REMAINING: Returned = Returned(Cell::new(ptr::null_mut()));

unsafe extern "C" fn answer(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with a question, under the GIL, in the function's own frame.
    unsafe {
        let question = &*object.cast::<Question>();
        match question.what % KINDS {
            0 => match run(question.hook, question.what / KINDS, 0) {
                Ok(ran) => PyBool_FromLong(c_long::from(ran)),
                Err(Raised) => ptr::null_mut(),
            },
            1 => PyBool_FromLong(c_long::from(!RETURNED.0.get().is_null())),
            REST => match REMAINING.0.replace(ptr::null_mut()) {
                rest if rest.is_null() => Own::borrow(Py_None()).map_or(ptr::null_mut(), Own::release),
                rest => rest,
            },
            LEFT => match left(question.hook, question.what, ptr::null_mut()) {
                Ok(()) => Own::borrow(Py_None()).map_or(ptr::null_mut(), Own::release),
                Err(Raised) => ptr::null_mut(),
            },
            _ => match RETURNED.0.replace(ptr::null_mut()) {
                value if value.is_null() => Own::borrow(Py_None()).map_or(ptr::null_mut(), Own::release),
                value => value,
            },
        }
    }
}

/// `question ^ value`: the value, which Python returns from the loop.
unsafe extern "C" fn returned(object: *mut PyObject, value: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with two objects, under the GIL, in the function's own frame.
    unsafe {
        let ours = QUESTION_TYPE.load(Relaxed);
        if Py_TYPE(object) == ours {
            let question = &*object.cast::<Question>();
            if let Err(Raised) = left(question.hook, question.what, value) {
                return ptr::null_mut();
            }
        }
        Own::borrow(value).map_or(ptr::null_mut(), Own::release)
    }
}

/// The verifier is told what Python has left behind in the frame, and what it returns if the loop ends so.
unsafe fn left(hook: &'static Hook, what: usize, value: *mut PyObject) -> Result<(), Raised> {
    // SAFETY: as `answer`.
    unsafe {
        let region = what / KINDS;
        let frame = Frame::current(interp::thread());
        if !hook.is_loops() || !hook.is_observed(frame) {
            return Ok(());
        }
        let Some(regions) = hook.regions() else { return Ok(()) };
        let sites = regions.0.iter().filter(|resolved| resolved.region == region).flat_map(|r| &r.sites);
        let tell = || {
            let locals = match what % KINDS {
                LEFT => dict(frame, sites.flat_map(|(_, kept)| kept).copied())?,
                // The frame is not yet as the loop leaves it.
                _ => Own::borrow(Py_None())?,
            };
            let value = match value.is_null() {
                true => Own::borrow(Py_None())?,
                false => Own::take(PyTuple_Pack(1, value))?,
            };
            let key = key(frame, region)?;
            intercept::observe(hook, "left", &[key.ptr(), locals.ptr(), value.ptr()])
        };
        tell().ok_or(Raised)
    }
}

/// Of frame and loop.
unsafe fn key(frame: Frame, region: usize) -> Option<Own> {
    // SAFETY: as `answer`.
    unsafe {
        let frame = Own::take(PyLong_FromSize_t(frame.args() as usize))?;
        let region = Own::take(PyLong_FromSize_t(region))?;
        Own::take(PyTuple_Pack(2, frame.ptr(), region.ptr()))
    }
}

/// These locals of the frame, without those that are unbound.
unsafe fn dict(frame: Frame, places: impl Iterator<Item = (Place, &'static str)>) -> Option<Own> {
    // SAFETY: the places are of this frame's code; names are texts, which run no code.
    unsafe {
        let found = Own::take(PyDict_New())?;
        for (place, name) in places {
            let value = read(frame, place);
            if !value.is_null() && PyDict_SetItem(found.ptr(), text(name)?.ptr(), value) != 0 {
                return None;
            }
        }
        Some(found)
    }
}

/// The verifier is told of a loop that Python runs now, and how native code would begin it.
unsafe fn begins(hook: &'static Hook, frame: Frame, regions: &Regions, region: usize) -> Option<()> {
    // SAFETY: as `answer`.
    unsafe {
        let mut found = None;
        for (spec, resolved) in regions.0.iter().enumerate() {
            let mut args = [const { MaybeUninit::uninit() }; MOST];
            let fits = resolved.region == region
                && gather(frame, &resolved.params, &[], &mut args)
                    .is_some_and(|args| hook.matches(spec, &args))
                && hook.holds(spec);
            if fits {
                found = Some((spec, resolved));
                break;
            }
        }
        let (spec, locals) = match found {
            Some((spec, resolved)) => {
                let names = resolved.params.iter().copied().zip(resolved.names.iter().copied());
                (Own::take(PyLong_FromSize_t(spec))?, dict(frame, names)?)
            }
            None => (Own::borrow(Py_None())?, Own::borrow(Py_None())?),
        };
        let key = key(frame, region)?;
        intercept::observe(hook, "loop", &[key.ptr(), spec.ptr(), locals.ptr()])
    }
}

impl Regions {
    /// For a dry run: the ways out of the loop that this specialisation is of, and whether one is a `return`.
    pub(super) fn way_out(&self, spec: usize, point: usize) -> Option<(bool, Vec<&'static str>)> {
        let (leads, kept) = self.0.get(spec)?.sites.get(point.checked_sub(1)?)?;
        Some((*leads == RETURNS, kept.iter().map(|(_, name)| *name).collect()))
    }

    /// How many locals it takes.
    pub(super) fn takes(&self, spec: usize) -> Option<usize> {
        Some(self.0.get(spec)?.params.len())
    }
}

/// An exception is set.
struct Raised;

/// Runs a loop natively; false if Python is to run it.
unsafe fn run(hook: &'static Hook, region: usize, restarts: u32) -> Result<bool, Raised> {
    // SAFETY: as `answer`.
    unsafe {
        let ts = interp::thread();
        let frame = Frame::current(ts);
        let Some(regions) = hook.regions() else { return Ok(false) };
        if !hook.is_loops() {
            return resume::after_a_call(hook, frame, regions, region);
        }
        if hook.is_observed(frame) {
            return begins(hook, frame, regions, region).map(|()| false).ok_or(Raised);
        }
        if !hook.goes_native(frame) || crate::txn::is_open() {
            return Ok(false);
        }
        let mut stop = Stop::bail(Bail::Type);
        let mut fitted = false;
        let mut bailed = None;
        for (spec, resolved) in regions.0.iter().enumerate() {
            if resolved.region != region {
                continue;
            }
            let mut args = [const { MaybeUninit::uninit() }; MOST];
            let Some(args) = gather(frame, &resolved.params, &[], &mut args) else { continue };
            if !hook.matches(spec, &args) {
                continue;
            }
            fitted = true;
            if !hook.holds(spec) {
                stop = Stop::bail(Bail::Guard);
                continue;
            }
            if let Some((_, _, before)) = bailed.take() {
                hook.attempt_lost(stop, before);
            }
            let started = hook.started();
            let depth = interp::remaining_depth(ts).max(0) as u32;
            let mut left = Left::new();
            let outcome = left.during(|| enter(&args, depth, interp::stack_limit(ts), hook.run_of(spec)));
            match outcome {
                Outcome::Value(none) => {
                    Py_DECREF(none);
                    hook.segment_committed(started);
                    leave(frame, &resolved.sites, left, || ());
                    return Ok(true);
                }
                Outcome::Bail(why) => {
                    if is_waiting(why) {
                        match waits(ts, why, restarts) {
                            // As it would be in the loop: then the loop begins again.
                            Waits::No => return run(hook, region, restarts + 1),
                            Waits::Raised => return Err(Raised),
                            Waits::Still if why.as_bail() == Some(Bail::Signal) => return Ok(false),
                            Waits::Still => {}
                        }
                    }
                    bailed = Some((spec, resolved, started));
                    stop = why;
                    if !why.as_bail().is_some_and(concerns_types) {
                        break;
                    }
                }
            }
        }
        if !fitted {
            hook.fits_none();
            return Ok(false);
        }
        match bailed {
            Some((spec, resolved, started)) => resume::run(hook, frame, (spec, resolved), (stop, started)),
            None => {
                hook.count(stop);
                Ok(false)
            }
        }
    }
}

/// Puts what the loop has bound into the frame. `then` runs when it is there, before anything is let go of.
unsafe fn leave(frame: Frame, sites: &[Way], mut left: Left, then: impl FnOnce()) {
    // SAFETY: the places are of this frame's code; the references are handed over.
    unsafe {
        let Some((point, places)) = left.point.checked_sub(1).and_then(|site| sites.get(site)) else {
            return;
        };
        let Some((&value, kept)) = left.items().split_first() else { return };
        let mut old = [const { MaybeUninit::uninit() }; MOST];
        let mut olds = 0;
        for ((place, _), new) in places.iter().zip(kept) {
            old[olds].write(write(frame, *place, *new));
            olds += 1;
        }
        left.taken();
        then();
        // Finalisers may run now, and other loops in them.
        for object in &old[..olds] {
            Py_XDECREF(object.assume_init());
        }
        match *point == RETURNS {
            true => RETURNED.0.set(value),
            false => Py_DECREF(value),
        }
    }
}

static QUESTION_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// How picklers write a question down: behind the function's name.
const NAMED: &str = "<region ";

/// By-value picklers (cloudpickle) meet questions in `co_consts`.
unsafe extern "C" fn reduce(object: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: a method of the question type.
    unsafe {
        let question = &*object.cast::<Question>();
        let name = format!("{}{NAMED}{}>", question.hook.record().function.name, question.what);
        let (Some(getter), Some(name)) = (super::init::getter(), text(&name)) else { return ptr::null_mut() };
        PyTuple_Pack(2, getter, Own::take(PyTuple_Pack(1, name.ptr())).map_or(ptr::null_mut(), Own::release))
    }
}

/// The question that a pickler has written down.
///
/// # Safety
/// As [`constant`].
pub(super) unsafe fn by_name(name: &str) -> Option<*mut PyObject> {
    let (function, what) = name.split_once(NAMED)?;
    let hook = super::registry::get()?.record(function)?.hook.get()?;
    // SAFETY: as promised.
    unsafe { constant(hook, what.strip_suffix('>')?.parse().ok()?) }
}

/// A question. It lives for good.
///
/// # Safety
/// The GIL is held and no transaction is open.
unsafe fn constant(hook: &'static Hook, what: usize) -> Option<*mut PyObject> {
    // SAFETY: a leaked object of a type that lives for good.
    unsafe {
        let slots = [
            PyType_Slot { slot: Py_nb_invert, pfunc: answer as *mut std::ffi::c_void },
            PyType_Slot { slot: Py_nb_xor, pfunc: returned as *mut std::ffi::c_void },
        ];
        let ty = picklable(&QUESTION_TYPE, c"pyrust.Question", size_of::<Question>(), &slots, reduce)?;
        let mut memory = Box::<Question>::new_uninit();
        PyObject_Init(memory.as_mut_ptr().cast(), ty);
        (&raw mut (*memory.as_mut_ptr()).hook).write(hook);
        (&raw mut (*memory.as_mut_ptr()).what).write(what);
        Some(ptr::from_mut(Box::leak(memory.assume_init())).cast())
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn base64_is_read() {
        for (text, data) in [("", &b""[..]), ("YQ==", b"a"), ("YWI=", b"ab"), ("/+9h", b"\xff\xefa")] {
            assert_eq!(decoded(text).as_deref(), Some(data));
        }
        assert!(decoded("a b").is_none());
    }
}
