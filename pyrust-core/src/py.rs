//! From Python's objects to values and back.

use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{
    Py_DECREF, Py_False, Py_INCREF, Py_IsNone, Py_None, Py_REFCNT, Py_True, PyFloat_FromDouble,
    PyLong_FromLong, PyLong_FromLongLong, PyObject,
};

use crate::boundary::layout;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// A value that can be read from an object of exactly the right type.
pub trait FromPy: Sized + 'static {
    /// The value, or a bailout with [`Bail::Type`].
    ///
    /// # Safety
    /// `object` is alive, and stays so until the transaction closes (an argument, or reachable from one, or
    /// journalled, or in the arena).
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self>;

    /// A cheap test, good enough to choose between specialisations and members of a union: it looks at the
    /// first element of a container only.  The reads that follow test for themselves.
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn matches(object: *mut PyObject) -> bool;

    /// About how many elements would have to be converted to work on the object natively; 0 where nothing is.
    ///
    /// # Safety
    /// `object` is alive.
    #[inline]
    unsafe fn weight(_object: *mut PyObject) -> usize {
        0
    }
    /// Is [`FromPy::matches`] asked of an argument before it is read? Not where reading it does nothing, so that another
    /// specialisation is found as soon: what is inside of a container is tested when it is read.
    const LOOKS: bool = true;

    /// A number, of which nothing stays that is read from an object: the object may go.
    const COPIED: bool = false;

    /// Does it pay to say in advance which objects are going to be read?
    const FETCHES: bool = false;

    /// Is each object looked into as soon as it is read from a list? Then the first ones of a list are asked for together,
    /// for they lie anywhere, and a short list is over before the way ahead is long enough.
    const SCATTERED: bool = false;

    /// The same value, in the place of this one. Of what stands in several words each is read alone: a processor is slow
    /// to read in pairs what has just been written in pieces.
    ///
    /// # Safety
    /// Nobody uses or drops this one any more.
    #[inline(always)]
    unsafe fn moved(&self) -> Self {
        // SAFETY: By the caller.
        unsafe { core::ptr::read(self) }
    }

    /// Asks for the memory that is reached through the object.
    ///
    /// # Safety
    /// `object` is alive.
    #[inline(always)]
    unsafe fn fetch(_object: *mut PyObject) {}
}

/// What a function that is not inlined has just made.
#[inline(always)]
pub(crate) fn arrived<T: FromPy>(made: R<T>) -> R<T> {
    let made = ManuallyDrop::new(made);
    match &*made {
        // SAFETY: What was made is not dropped, so this is a move.
        Ok(value) => Ok(unsafe { value.moved() }),
        Err(stop) => Err(*stop),
    }
}

/// A value that can become an object.
pub trait IntoPy: Sized {
    /// Can [`IntoPy::before`] ever find anything?
    const OVERWRITES: bool = false;

    /// Is the object the same now and at the commit, and read again the same value?  So it is of what nobody changes, and
    /// of what is an object of Python's.
    const LASTS: bool = false;

    /// The collector does not know of such objects.
    const UNTRACKED: bool = false;

    /// [`FromPy::moved`], of what a function returns.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    unsafe fn leaving(&self) -> Self {
        // SAFETY: By the caller.
        unsafe { core::ptr::read(self) }
    }

    /// Is such a value one of memory that stands elsewhere?
    const LEADS: bool = false;

    /// Asks for the memory that [`IntoPy::into_py`] is going to read; `near`: for what stands in that, which has arrived.
    #[inline(always)]
    fn ahead(&self, _near: bool) {}

    /// A new strong reference.
    fn into_py(self, cx: Cx) -> R<*mut PyObject>;

    /// The same of what a call returns to Python, which seldom keeps it.
    #[inline(always)]
    fn returned(self, cx: Cx) -> R<*mut PyObject> {
        self.into_py(cx)
    }

    /// The same of what has just been made: nothing else leads to the object, so a NaN may be any.
    #[inline(always)]
    fn anew(self, cx: Cx) -> R<*mut PyObject> {
        self.into_py(cx)
    }

    /// [`IntoPy::overwrite`], where it can be: what stood in `old` is wanted by nobody any more.
    ///
    /// # Safety
    /// As for [`IntoPy::before`].
    #[inline(always)]
    unsafe fn rewrite(&self, old: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            let fits = Self::OVERWRITES && self.before(old).is_some();
            if fits {
                self.overwrite(old);
            }
            fits
        }
    }

    /// What `old` is, as [`layout::set_bits`] takes it, if the value can be stored into it instead, and nobody can tell.
    ///
    /// # Safety
    /// `old` is alive, and referenced once, by the place that is written to.
    #[inline(always)]
    unsafe fn before(&self, _old: *mut PyObject) -> Option<u64> {
        None
    }

    /// Stores the value into `old`.
    ///
    /// # Safety
    /// [`IntoPy::before`] has found that it can be.
    #[inline(always)]
    unsafe fn overwrite(&self, _old: *mut PyObject) {}

    /// Would a place that holds `old` hold the same when the value is stored there?
    ///
    /// # Safety
    /// `old` is alive.
    #[inline(always)]
    unsafe fn stands_in(&self, _old: *mut PyObject) -> bool {
        false
    }

    /// Boxes `items` in order, the same object for equal neighbours where identity is free.  `put` takes each
    /// strong reference.
    fn many_into_py(items: &[Self], cx: Cx, mut put: impl FnMut(*mut PyObject)) -> R<()>
    where
        Self: Clone,
    {
        for item in items {
            put(item.clone().into_py(cx)?);
        }
        Ok(())
    }

    /// The same with items that nobody else has: each is freed as soon as there is an object for it.
    fn all_into_py(items: Buf<Self>, cx: Cx, mut put: impl FnMut(*mut PyObject)) -> R<()>
    where
        Self: Clone,
    {
        if !core::mem::needs_drop::<Self>() {
            return items.read_last(|piece| Self::many_into_py(piece, cx, &mut put));
        }
        let mut items = items.into_iter();
        loop {
            if Self::LEADS {
                ahead(|far| items.beyond(far));
            }
            let Some(item) = items.next() else { return Ok(()) };
            put(item.into_py(cx)?);
        }
    }
}

/// Asks for the memory of what comes after next; `beyond` gives the one that comes so many later, if there is one.
#[inline(always)]
pub(crate) fn ahead<'a, T: IntoPy + 'a>(mut beyond: impl FnMut(usize) -> Option<&'a T>) {
    for (far, near) in [(16, false), (8, true)] {
        if let Some(item) = beyond(far) {
            item.ahead(near);
        }
    }
}

/// A new reference out of what the C API returned.
#[inline(always)]
pub fn fresh(object: *mut PyObject) -> R<*mut PyObject> {
    if object.is_null() { no_memory() } else { Ok(object) }
}

/// Another reference.
///
/// # Safety
/// The object is alive, and the GIL is held.
#[inline(always)]
pub unsafe fn again(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller.
    unsafe { Py_INCREF(object) };
    object
}

/// So many more references at once: one after the other each would wait for the one before.
///
/// # Safety
/// As [`again`].
#[inline]
pub(crate) unsafe fn again_times(object: *mut PyObject, times: usize) {
    if times == 0 {
        return;
    }
    // SAFETY: By the caller; the count is that of an object that the GIL guards.
    unsafe {
        let before = Py_REFCNT(object);
        Py_INCREF(object);
        // What lives for good is not counted.
        if Py_REFCNT(object) == before {
            return;
        }
        let more = (times - 1) as isize;
        #[cfg(Py_3_12)]
        {
            (*object).ob_refcnt.ob_refcnt += more;
        }
        #[cfg(not(Py_3_12))]
        {
            (*object).ob_refcnt += more;
        }
    }
}

/// One object for each run of equal items; `make` gives it for the first one.
fn runs_into_py<T: Copy>(
    items: &[T],
    same: impl Fn(T, T) -> bool,
    make: impl Fn(T) -> R<*mut PyObject>,
    mut put: impl FnMut(*mut PyObject),
) -> R<()> {
    for run in items.chunk_by(|a, b| same(*a, *b)) {
        let object = make(run[0])?;
        // SAFETY: It has just been made.
        unsafe { again_times(object, run.len() - 1) };
        run.iter().for_each(|_| put(object));
    }
    Ok(())
}

impl FromPy for i64 {
    const LOOKS: bool = false;
    const COPIED: bool = true;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<i64> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_int(object) {
                return bail(Bail::Type);
            }
            match layout::int_value(object) {
                Some(value) => Ok(value),
                None => bail(Bail::Overflow),
            }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller. What does not fit may fit another specialisation.
        unsafe { layout::is_int(object) && layout::int_value(object).is_some() }
    }
}

/// The ints that CPython keeps for good: -5 to 256.
const SMALL: usize = 262;
static SMALL_INTS: [AtomicPtr<PyObject>; SMALL] = [const { AtomicPtr::new(core::ptr::null_mut()) }; SMALL];

/// A new reference to an int; the small ones without a call.
#[inline]
fn new_int(value: i64) -> R<*mut PyObject> {
    let Some(place) = SMALL_INTS.get(value.wrapping_add(5) as usize) else {
        return large_int(value);
    };
    let known = place.load(Relaxed);
    if known.is_null() {
        return keep_small_int(value, place);
    }
    // SAFETY: The table holds a reference.
    Ok(unsafe { again(known) })
}

/// An int that is no small one.
#[inline(always)]
fn large_int(value: i64) -> R<*mut PyObject> {
    // SAFETY: The GIL is held. Of a C long CPython makes ints of one digit sooner.
    fresh(unsafe {
        match core::ffi::c_long::try_from(value) {
            Ok(value) => PyLong_FromLong(value),
            Err(_) => PyLong_FromLongLong(value),
        }
    })
}

/// The int that a call has returned last, besides small ones. As long as nobody else has it, it is the next one too:
/// CPython would put that into the memory that has just become free.
static RETURNED: AtomicPtr<PyObject> = AtomicPtr::new(core::ptr::null_mut());

/// A reference to an int that a call returns.
#[inline(always)]
fn returned_int(value: i64) -> R<*mut PyObject> {
    if (value.wrapping_add(5) as u64) < SMALL as u64 {
        return new_int(value);
    }
    let last = RETURNED.load(Relaxed);
    // SAFETY: The GIL is held; one reference is ours.
    unsafe {
        if !last.is_null() && Py_REFCNT(last) == 1 && layout::int_before(last, value).is_some() {
            layout::set_int_value(last, value);
            return Ok(again(last));
        }
    }
    another_returned(value)
}

/// The next of them.
#[inline(never)]
extern "C" fn another_returned(value: i64) -> R<*mut PyObject> {
    let object = large_int(value)?;
    // SAFETY: The GIL is held; both references are ours.
    unsafe {
        let last = RETURNED.swap(again(object), Relaxed);
        if !last.is_null() {
            Py_DECREF(last);
        }
    }
    Ok(object)
}

#[cold]
#[inline(never)]
extern "C" fn keep_small_int(value: i64, place: &AtomicPtr<PyObject>) -> R<*mut PyObject> {
    // SAFETY: The GIL is held; one reference goes to the table, one to the caller.
    unsafe {
        let object = fresh(PyLong_FromLongLong(value))?;
        place.store(object, Relaxed);
        Ok(again(object))
    }
}

impl IntoPy for i64 {
    const LASTS: bool = true;
    const UNTRACKED: bool = true;

    const OVERWRITES: bool = true;

    #[inline(always)]
    unsafe fn before(&self, old: *mut PyObject) -> Option<u64> {
        // SAFETY: By the caller.
        unsafe {
            if layout::is_int(old) { layout::int_before(old, *self).map(|now| now as u64) } else { None }
        }
    }

    #[inline(always)]
    unsafe fn overwrite(&self, old: *mut PyObject) {
        // SAFETY: By the caller.
        unsafe { layout::set_int_value(old, *self) }
    }

    #[inline(always)]
    unsafe fn stands_in(&self, old: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_int(old) && layout::int_value(old) == Some(*self) }
    }

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        new_int(self)
    }

    #[inline(always)]
    fn returned(self, _: Cx) -> R<*mut PyObject> {
        returned_int(self)
    }

    fn many_into_py(items: &[i64], _: Cx, put: impl FnMut(*mut PyObject)) -> R<()> {
        runs_into_py(items, |a, b| a == b, new_int, put)
    }
}

/// What a function returns that has just been made: see [`IntoPy::anew`].
pub struct Anew<T>(pub T);

impl<T: IntoPy> IntoPy for Anew<T> {
    const LASTS: bool = T::LASTS;
    const UNTRACKED: bool = T::UNTRACKED;

    #[inline(always)]
    unsafe fn leaving(&self) -> Self {
        // SAFETY: By the caller.
        Anew(unsafe { self.0.leaving() })
    }

    #[inline(always)]
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        self.0.anew(cx)
    }
}

impl FromPy for f64 {
    const LOOKS: bool = false;
    const COPIED: bool = true;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<f64> {
        // SAFETY: By the caller.
        unsafe { if layout::is_float(object) { Ok(layout::float_value(object)) } else { bail(Bail::Type) } }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_float(object) }
    }
}

impl IntoPy for f64 {
    const LASTS: bool = true;
    const UNTRACKED: bool = true;

    const OVERWRITES: bool = true;

    #[inline]
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        // A NaN that came in must go out as the same object, and nothing here knows which one that was.
        if self.is_nan() {
            return bail(Bail::Nan);
        }
        self.anew(cx)
    }

    #[inline]
    fn anew(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The GIL is held.
        fresh(unsafe { PyFloat_FromDouble(self) })
    }

    #[inline(always)]
    unsafe fn before(&self, old: *mut PyObject) -> Option<u64> {
        // SAFETY: By the caller.
        unsafe {
            let fits = !self.is_nan() && layout::is_float(old);
            fits.then(|| layout::float_value(old).to_bits())
        }
    }

    #[inline(always)]
    unsafe fn overwrite(&self, old: *mut PyObject) {
        // SAFETY: By the caller.
        unsafe { layout::set_float_value(old, *self) }
    }

    fn many_into_py(items: &[f64], cx: Cx, put: impl FnMut(*mut PyObject)) -> R<()> {
        runs_into_py(items, |a, b| a.to_bits() == b.to_bits(), |item| item.into_py(cx), put)
    }
}

impl FromPy for bool {
    const LOOKS: bool = false;
    const COPIED: bool = true;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<bool> {
        // Which of the two it is must be no branch: what follows often adds it up, and guesses are wrong every other time.
        // SAFETY: By the caller; there are two objects of this type.
        unsafe {
            if layout::is_bool(object) { Ok(core::ptr::eq(object, Py_True())) } else { bail(Bail::Type) }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_bool(object) }
    }
}

impl IntoPy for bool {
    const LASTS: bool = true;
    const UNTRACKED: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: Both are static.
        Ok(unsafe { again(if self { Py_True() } else { Py_False() }) })
    }

    fn many_into_py(items: &[bool], _: Cx, mut put: impl FnMut(*mut PyObject)) -> R<()> {
        let set = items.iter().filter(|item| **item).count();
        // SAFETY: Both are static.
        let (yes, no) = unsafe { (Py_True(), Py_False()) };
        // SAFETY: As above.
        unsafe {
            again_times(yes, set);
            again_times(no, items.len() - set);
        }
        items.iter().for_each(|item| put(if *item { yes } else { no }));
        Ok(())
    }

    #[inline(always)]
    unsafe fn stands_in(&self, old: *mut PyObject) -> bool {
        // SAFETY: Both are static.
        core::ptr::eq(old, unsafe { if *self { Py_True() } else { Py_False() } })
    }
}

impl FromPy for () {
    const LOOKS: bool = false;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<()> {
        // SAFETY: By the caller.
        if unsafe { Py_IsNone(object) } != 0 { Ok(()) } else { bail(Bail::Type) }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { Py_IsNone(object) != 0 }
    }
}

impl IntoPy for () {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: None is static.
        Ok(unsafe { again(Py_None()) })
    }

    fn many_into_py(items: &[()], cx: Cx, put: impl FnMut(*mut PyObject)) -> R<()> {
        runs_into_py(items, |(), ()| true, |none| none.into_py(cx), put)
    }

    #[inline(always)]
    unsafe fn stands_in(&self, old: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { Py_IsNone(old) != 0 }
    }
}
