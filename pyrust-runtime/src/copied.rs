//! Copies of Python's containers that go straight out to Python: made by the interpreter's own C functions, which move
//! the objects and look into none.
//!
//! Nothing here runs Python code: keys that are compared are exact `str` or `int`, and what is sorted is of one class
//! of which CPython compares the values itself.

use core::ptr::NonNull;

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use crate::boundary::layout::{self, KEYS_GENERAL, Keys, RawSet};
use crate::builtins::c::Temporary;
use crate::dict::{self, PDict};
use crate::elem::Key;
use crate::list::PList;
use crate::obj::Obj;
use crate::py::{FromPy, IntoPy};
use crate::range::Slice;
use crate::set::{self, PFrozenSet, PSet, SetLike};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// What a C function has made; one that failed leaves the call to Python, which raises.
///
/// # Safety
/// `object` is null with an exception set, or a strong reference, which is given away.
unsafe fn made(cx: Cx, object: *mut PyObject) -> R<Obj> {
    if object.is_null() {
        // SAFETY: The GIL is held.
        unsafe { ffi::PyErr_Clear() };
        return bail(Bail::Memory);
    }
    // SAFETY: By the caller.
    unsafe { Obj::made(cx, object) }
}

/// `l[start:stop:step]`
pub fn slice<T>(cx: Cx, list: &PList<T>, start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> R<Obj> {
    // SAFETY: An exact list, which does not change meanwhile.
    unsafe {
        let object = list.as_ptr();
        let slice = Slice::new(start, stop, step, layout::var_size(object))?;
        cx.before_tracked();
        if slice.step == 1 {
            return made(cx, ffi::PyList_GetSlice(object, slice.start as isize, slice.stop as isize));
        }
        let copy = ffi::PyList_New(slice.count as isize);
        if !copy.is_null() {
            let (from, to) = (layout::list_items(object), layout::list_items(copy));
            for index in 0..slice.count {
                let item = *from.add(slice.position(index));
                ffi::Py_INCREF(item);
                *to.add(index) = item;
            }
        }
        made(cx, copy)
    }
}

/// `list(l)`, `l.copy()`
pub fn list<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    slice(cx, list, None, None, None)
}

/// `tuple(l)`
pub fn tuple<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    cx.before_tracked();
    // SAFETY: An exact list.
    unsafe { made(cx, ffi::PyList_AsTuple(list.as_ptr())) }
}

/// `a + b`
pub fn concat<T, U>(cx: Cx, a: &PList<T>, b: &PList<U>) -> R<Obj> {
    cx.before_tracked();
    // SAFETY: Exact lists.
    unsafe { made(cx, ffi::PySequence_Concat(a.as_ptr(), b.as_ptr())) }
}

/// `l * n`
pub fn repeat<T>(cx: Cx, list: &PList<T>, times: i64) -> R<Obj> {
    cx.before_tracked();
    // SAFETY: An exact list.
    unsafe { made(cx, ffi::PySequence_Repeat(list.as_ptr(), times as isize)) }
}

/// Exactly the class of which CPython compares and hashes the values itself; any other object bails.
///
/// # Safety
/// The object is alive.
unsafe fn is_plain(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        layout::is_exact(object, &raw mut ffi::PyUnicode_Type)
            || layout::is_exact(object, &raw mut ffi::PyLong_Type)
    }
}

/// The same of floats, and of tuples of all these.
///
/// # Safety
/// The object is alive.
unsafe fn is_plain_inside(object: *mut PyObject) -> bool {
    // SAFETY: By the caller; a tuple has so many items.
    unsafe {
        let is_scalar = |item| is_plain(item) || layout::is_exact(item, &raw mut ffi::PyFloat_Type);
        is_scalar(object)
            || layout::is_exact(object, &raw mut ffi::PyTuple_Type)
                && (0..layout::var_size(object) as isize)
                    .all(|index| is_scalar(ffi::PyTuple_GET_ITEM(object, index)))
    }
}

/// `set(l)`
pub fn set<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    // SAFETY: An exact list, whose elements are looked at.
    unsafe { hashed(cx, list, ffi::PySet_New) }
}

/// `frozenset(l)`
pub fn frozen<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    // SAFETY: As above.
    unsafe { hashed(cx, list, ffi::PyFrozenSet_New) }
}

/// What CPython makes of elements that it hashes and compares itself.
///
/// # Safety
/// `make` takes an exact list, and asks nothing else of its elements.
unsafe fn hashed<T>(
    cx: Cx,
    list: &PList<T>,
    make: unsafe extern "C" fn(*mut PyObject) -> *mut PyObject,
) -> R<Obj> {
    // SAFETY: An exact list; no code of the program's runs.
    unsafe {
        let (items, count) = (layout::list_items(list.as_ptr()), layout::var_size(list.as_ptr()));
        if !(0..count).all(|index| is_plain_inside(*items.add(index))) {
            return bail(Bail::Type);
        }
        cx.before_tracked();
        made(cx, make(list.as_ptr()))
    }
}

/// `dict(l)` of pairs
pub fn dict_of_pairs<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    // SAFETY: An exact list of exact tuples of two, of which the first is hashed and compared by CPython itself.
    unsafe {
        let (items, count) = (layout::list_items(list.as_ptr()), layout::var_size(list.as_ptr()));
        let fits = |pair: *mut PyObject| {
            layout::is_exact(pair, &raw mut ffi::PyTuple_Type)
                && layout::var_size(pair) == 2
                && is_plain(ffi::PyTuple_GET_ITEM(pair, 0))
        };
        if !(0..count).all(|index| fits(*items.add(index))) {
            return bail(Bail::Type);
        }
        let dict = merged(cx)?;
        done(ffi::PyDict_MergeFromSeq2(dict.0.as_ptr(), list.as_ptr(), 1))?;
        Ok(dict.0)
    }
}

/// `list(set(l))`
pub fn distinct<T>(cx: Cx, list: &PList<T>) -> R<Obj> {
    let set = set(cx, list)?;
    // SAFETY: A set that nobody else has seen.
    unsafe { made(cx, ffi::PySequence_List(set.as_ptr())) }
}

/// A set or frozenset of Python's.
pub trait OfPython<K> {
    fn object(&self) -> *mut PyObject;
    /// Has native code written to it, which Python does not see yet?
    fn is_written(&self, cx: Cx) -> R<bool>;
}

impl<K: Key + FromPy + IntoPy> OfPython<K> for PSet<K> {
    fn object(&self) -> *mut PyObject {
        self.as_ptr()
    }

    fn is_written(&self, cx: Cx) -> R<bool> {
        PSet::is_written(*self, cx)
    }
}

impl<K: Key + FromPy + IntoPy> OfPython<K> for PFrozenSet<K> {
    fn object(&self) -> *mut PyObject {
        self.as_ptr()
    }

    fn is_written(&self, _: Cx) -> R<bool> {
        Ok(false)
    }
}

/// `set(s)`, `s.copy()`
pub fn set_of_set<K: Key + FromPy + IntoPy, S: SetLike<K> + OfPython<K>>(cx: Cx, set: &S) -> R<Obj> {
    if set.is_written(cx)? {
        return Obj::of(cx, set::copy(cx, set)?);
    }
    cx.before_tracked();
    // SAFETY: An exact set; no element is compared with another one.
    unsafe { made(cx, ffi::PySet_New(set.object())) }
}

/// `list(s)`
pub fn elements<K: Key + FromPy + IntoPy, S: SetLike<K> + OfPython<K>>(cx: Cx, set: &S) -> R<Obj> {
    if set.is_written(cx)? {
        return Obj::of(cx, set::to_list(cx, set)?);
    }
    cx.before_tracked();
    // SAFETY: An exact set.
    unsafe { made(cx, ffi::PySequence_List(set.object())) }
}

/// What CPython makes of two sets whose elements it compares itself; none where native code has written to one.
fn of_both<K, S: OfPython<K>, T: OfPython<K>>(
    cx: Cx,
    a: &S,
    b: &T,
    make: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
) -> R<Option<Obj>> {
    if a.is_written(cx)? || b.is_written(cx)? {
        return Ok(None);
    }
    // SAFETY: Exact sets of exact `str` and `int`.
    unsafe {
        for set in [a.object(), b.object()] {
            let raw = RawSet::of(set);
            let all = (0..=raw.mask()).all(|index| {
                let (hash, object) = raw.slot(index);
                object.is_null() || hash == -1 || is_plain(object)
            });
            if !all {
                return bail(Bail::Type);
            }
        }
        cx.before_tracked();
        made(cx, make(a.object(), b.object())).map(Some)
    }
}

/// A function for each operator of sets.
macro_rules! operators {
    ($($name:ident = $make:path;)*) => {$(
        pub fn $name<K, S, T>(cx: Cx, a: &S, b: &T) -> R<Obj>
        where
            K: Key + FromPy + IntoPy,
            S: SetLike<K, Made: IntoPy> + OfPython<K>,
            T: SetLike<K> + OfPython<K>,
        {
            match of_both(cx, a, b, $make)? {
                Some(made) => Ok(made),
                None => Obj::of(cx, set::$name(cx, a, b)?),
            }
        }
    )*};
}

operators! {
    union = ffi::PyNumber_Or;
    intersection = ffi::PyNumber_And;
    difference = ffi::PyNumber_Subtract;
    symmetric_difference = ffi::PyNumber_Xor;
}

/// `sorted(l)`
pub fn sorted<T>(cx: Cx, list: &PList<T>, reverse: bool) -> R<Obj> {
    cx.before_tracked();
    // SAFETY: An exact list; what is sorted is its copy.
    unsafe {
        let copy = ffi::PyList_GetSlice(list.as_ptr(), 0, layout::var_size(list.as_ptr()) as isize);
        sort(made(cx, copy)?, reverse)
    }
}

/// `sorted(d)`
pub fn sorted_keys<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(
    cx: Cx,
    dict: &PDict<K, V>,
    reverse: bool,
) -> R<Obj> {
    // SAFETY: A list that nobody else has seen.
    unsafe { sort(keys(cx, dict)?, reverse) }
}

/// Sorts elements of one class, whose order is CPython's own affair.
///
/// # Safety
/// An exact list that nobody else has seen.
unsafe fn sort(list: Obj, reverse: bool) -> R<Obj> {
    let object = list.as_ptr();
    // SAFETY: By the caller; comparing runs no Python code.
    unsafe {
        let (items, count) = (layout::list_items(object), layout::var_size(object));
        if count != 0 {
            let class: *mut PyTypeObject = ffi::Py_TYPE(*items);
            let known = [&raw mut ffi::PyUnicode_Type, &raw mut ffi::PyLong_Type, &raw mut ffi::PyFloat_Type];
            let alike = (0..count).all(|index| layout::is_exact(*items.add(index), class));
            if !known.contains(&class) || !alike {
                return bail(Bail::Type);
            }
        }
        // What is equal keeps its order.
        let failed = (reverse && ffi::PyList_Reverse(object) != 0)
            || ffi::PyList_Sort(object) != 0
            || (reverse && ffi::PyList_Reverse(object) != 0);
        if failed {
            ffi::PyErr_Clear();
            return bail(Bail::Memory);
        }
        Ok(list)
    }
}

/// `list(d)`
pub fn keys<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(cx: Cx, dict: &PDict<K, V>) -> R<Obj> {
    if dict.is_written(cx)? {
        let list = dict::keys(cx, dict)?;
        return Obj::of(cx, list);
    }
    cx.before_tracked();
    // SAFETY: An exact dict.
    unsafe { made(cx, ffi::PyDict_Keys(dict.as_ptr())) }
}

/// `list(d.values())`
pub fn values<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(cx: Cx, dict: &PDict<K, V>) -> R<Obj> {
    if dict.is_written(cx)? {
        let list = dict::values(cx, dict)?;
        return Obj::of(cx, list);
    }
    cx.before_tracked();
    // SAFETY: An exact dict.
    unsafe { made(cx, ffi::PyDict_Values(dict.as_ptr())) }
}

/// `list(d.items())`
pub fn items<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(cx: Cx, dict: &PDict<K, V>) -> R<Obj> {
    if dict.is_written(cx)? {
        let list = dict::items(cx, dict)?;
        return Obj::of(cx, list);
    }
    cx.before_tracked();
    // SAFETY: An exact dict.
    unsafe { made(cx, ffi::PyDict_Items(dict.as_ptr())) }
}

/// A dict that is being made of others: `{**d, "k": v}`, `d | e`, `dict(d)`.
#[derive(Clone, Copy)]
pub struct Merged(Obj);

/// An empty one.
pub fn merged(cx: Cx) -> R<Merged> {
    cx.before_tracked();
    // SAFETY: The GIL is held.
    unsafe { Ok(Merged(made(cx, ffi::PyDict_New())?)) }
}

impl Merged {
    /// The entries of a dict go over it.
    pub fn spread<K, V>(self, cx: Cx, dict: &PDict<K, V>) -> R<()>
    where
        K: Key + FromPy + IntoPy,
        V: FromPy + IntoPy + Clone,
    {
        if dict.is_written(cx)? {
            let mut cursor = dict::iter(cx, dict)?;
            while let Some((key, value)) = dict::next_item(cx, dict, &mut cursor)? {
                self.put(cx, key, value)?;
            }
            return Ok(());
        }
        // SAFETY: Exact dicts, of exact `str` and `int` as keys.
        unsafe {
            let keys = Keys::of(dict.as_ptr());
            if keys.kind == KEYS_GENERAL {
                for entry in 0..keys.entries_used() {
                    let (_, key, value) = keys.entry(entry);
                    if !value.is_null() && !is_plain(key) {
                        return bail(Bail::Type);
                    }
                }
            }
            done(ffi::PyDict_Update(self.0.as_ptr(), dict.as_ptr()))
        }
    }

    /// One entry.
    pub fn put<K: IntoPy, V: IntoPy>(self, cx: Cx, key: K, value: V) -> R<()> {
        let key = kept(key.into_py(cx)?);
        let value = kept(value.into_py(cx)?);
        // SAFETY: An exact dict; the key is looked at.
        unsafe {
            if !is_plain(key.ptr()) {
                return bail(Bail::Type);
            }
            done(ffi::PyDict_SetItem(self.0.as_ptr(), key.ptr(), value.ptr()))
        }
    }

    /// The dict.
    pub fn finish(self) -> Obj {
        self.0
    }

    /// The dict, which native code goes on with.
    pub fn dict<K, V>(self, cx: Cx) -> R<PDict<K, V>>
    where
        K: Key + FromPy + IntoPy,
        V: FromPy + IntoPy + Clone,
    {
        let Some(object) = NonNull::new(self.0.as_ptr()) else { return no_memory() };
        PDict::made(cx, object)
    }
}

/// A strong reference, given up again.
fn kept(object: *mut PyObject) -> Temporary {
    // SAFETY: what becomes an object is none but an object.
    Temporary(unsafe { NonNull::new_unchecked(object) })
}

/// Did the C function work?
fn done(status: i32) -> R<()> {
    if status == 0 {
        return Ok(());
    }
    // SAFETY: The GIL is held.
    unsafe { ffi::PyErr_Clear() };
    no_memory()
}
