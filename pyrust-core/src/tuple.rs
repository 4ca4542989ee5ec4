//! Tuples: of a fixed shape (Rust tuples), and of any length ([`PTuple`], a live tuple).

use core::marker::PhantomData;
use core::ptr::NonNull;

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyObject, PyTuple_New};

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd};
use crate::list::{List, ListLike, PList};
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::said::{Said, said, unpacked};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: FromPy),+> FromPy for ($($item,)+) {
            #[inline]
            unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
                // SAFETY: By the caller; a tuple keeps its items alive.
                unsafe {
                    if !layout::is_tuple(object) || layout::var_size(object) != $count {
                        return bail(Bail::Type);
                    }
                    let items = layout::tuple_items(object);
                    Ok(($($item::from_py(cx, *items.add($index))?,)+))
                }
            }

            #[inline]
            unsafe fn matches(object: *mut PyObject) -> bool {
                // SAFETY: By the caller; a tuple keeps its items alive.
                unsafe {
                    layout::is_tuple(object) && layout::var_size(object) == $count && {
                        let items = layout::tuple_items(object);
                        $($item::matches(*items.add($index)))&&+
                    }
                }
            }

            #[inline(always)]
            unsafe fn moved(&self) -> Self {
                // SAFETY: By the caller.
                unsafe { ($(self.$index.moved(),)+) }
            }

            const FETCHES: bool = true;

            #[inline(always)]
            unsafe fn fetch(object: *mut PyObject) {
                // SAFETY: By the caller.
                unsafe { layout::fetch_items(object, $count) }
            }
        }

        impl<$($item: IntoPy),+> IntoPy for ($($item,)+) {
            const LASTS: bool = $($item::LASTS)&&+;

            #[inline(always)]
            unsafe fn leaving(&self) -> Self {
                // SAFETY: By the caller.
                unsafe { ($(self.$index.leaving(),)+) }
            }

            #[inline]
            fn into_py(self, cx: Cx) -> R<*mut PyObject> {
                // SAFETY: A new tuple of this many items, which take the references.
                unsafe {
                    let builder = Builder::new(cx, $count)?;
                    $(builder.put($index, self.$index.into_py(cx)?);)+
                    Ok(builder.finish())
                }
            }

            #[inline]
            fn anew(self, cx: Cx) -> R<*mut PyObject> {
                // SAFETY: A new tuple of this many items, which take the references.
                unsafe {
                    let builder = Builder::new(cx, $count)?;
                    $(builder.put($index, self.$index.anew(cx)?);)+
                    Ok(builder.finish())
                }
            }
        }
    )+};
}

every_tuple!(shapes);

/// A tuple that is being filled; dropped half-way it frees what it has.
struct Builder(*mut PyObject);

impl Builder {
    #[inline]
    fn new(cx: Cx, count: usize) -> R<Builder> {
        cx.before_tracked();
        // SAFETY: The GIL is held.
        Ok(Builder(fresh(unsafe { PyTuple_New(count as isize) })?))
    }

    #[inline(always)]
    unsafe fn put(&self, index: usize, item: *mut PyObject) {
        // SAFETY: By the caller: a free slot, and a reference that is given away.
        unsafe { *layout::tuple_items(self.0).add(index) = item };
    }

    #[inline]
    fn finish(self) -> *mut PyObject {
        let object = self.0;
        core::mem::forget(self);
        object
    }
}

impl Drop for Builder {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: A tuple of our own; slots that were not filled are null.
        unsafe { Py_DECREF(self.0) };
    }
}

/// A live tuple of any length, its items unboxed at the read.
pub struct PTuple<T> {
    object: NonNull<PyObject>,
    /// A reference of its own: a tuple that native code made, of numbers, is freed when nobody has it any more. All others
    /// live as long as the transaction, and so does what was read from them.
    owned: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for PTuple<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        if self.owned {
            // SAFETY: Alive; the GIL is held.
            unsafe { Py_INCREF(self.as_ptr()) };
        }
        PTuple { object: self.object, owned: self.owned, item: PhantomData }
    }
}

impl<T> Drop for PTuple<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: The reference is its own, and numbers have no finalisers; the GIL is held.
            unsafe { Py_DECREF(self.as_ptr()) };
        }
    }
}

impl<T> PTuple<T> {
    /// One that lives as long as the transaction.
    #[inline(always)]
    fn lasting(object: NonNull<PyObject>) -> Self {
        PTuple { object, owned: false, item: PhantomData }
    }

    /// The same tuple, its items of one type.
    #[inline(always)]
    pub fn of_held<U>(held: &crate::held::Held<U>) -> Self {
        PTuple::lasting(held.object())
    }

    /// The same tuple, its items of another type: they are looked at when they are read.
    #[inline(always)]
    pub fn read_as<U>(self, cx: Cx) -> R<PTuple<U>> {
        if self.owned {
            // SAFETY: Alive. What is read from it may be objects.
            unsafe { cx.keep(self.as_ptr())? };
        }
        Ok(PTuple::lasting(self.object))
    }

    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.object.as_ptr()
    }

    #[inline(always)]
    pub fn count(&self) -> usize {
        // SAFETY: An exact tuple.
        unsafe { layout::var_size(self.as_ptr()) }
    }

    #[inline(always)]
    pub(crate) fn pointer(&self, index: usize) -> *mut PyObject {
        debug_assert!(index < self.count());
        // SAFETY: An exact tuple; `index < count`, by the caller.
        unsafe { *layout::tuple_items(self.as_ptr()).add(index) }
    }
}

impl<T: FromPy> PTuple<T> {
    /// Item `index < count`.
    #[inline(always)]
    pub(crate) fn item(&self, cx: Cx, index: usize) -> R<T> {
        // SAFETY: The tuple keeps its items alive.
        unsafe { T::from_py(cx, self.pointer(index)) }
    }
}

impl<T: FromPy> FromPy for PTuple<T> {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_tuple(object) {
                return bail(Bail::Type);
            }
            Ok(PTuple::lasting(NonNull::new_unchecked(object)))
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            layout::is_tuple(object)
                && (layout::var_size(object) == 0 || T::matches(*layout::tuple_items(object)))
        }
    }
}

impl<T> IntoPy for PTuple<T> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: Alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}

/// Makes a new tuple of `count` objects; `item` gives strong references.
pub(crate) fn build<T: FromPy>(
    cx: Cx,
    count: usize,
    mut item: impl FnMut(usize) -> R<*mut PyObject>,
) -> R<PTuple<T>> {
    let builder = Builder::new(cx, count)?;
    for index in 0..count {
        let object = item(index)?;
        // SAFETY: A free slot.
        unsafe { builder.put(index, object) };
    }
    let object = builder.finish();
    if T::COPIED
        && let Some(object) = NonNull::new(object)
    {
        return Ok(PTuple { object, owned: true, item: PhantomData });
    }
    // SAFETY: A new reference to an exact tuple.
    unsafe { Ok(PTuple::lasting(cx.adopt(object)?)) }
}

/// A tuple of so many values, which are made one after the other.
pub fn collect<T: FromPy + IntoPy>(cx: Cx, count: usize, mut next: impl FnMut() -> R<T>) -> R<PTuple<T>> {
    build(cx, count, |_| next()?.into_py(cx))
}

/// `tuple(list)`.
pub fn from_list<T: Clone + FromPy + IntoPy, L: ListLike<T>>(cx: Cx, list: &L) -> R<PTuple<T>> {
    build(cx, list.count(), |index| list.boxed(cx, index))
}

/// `list(tuple)`.
pub fn to_list<T: FromPy + Clone + 'static>(cx: Cx, tuple: &PTuple<T>) -> R<List<T>> {
    let list = crate::list::with_capacity(cx, tuple.count() as i64)?;
    for at in 0..tuple.count() {
        list.push(cx, tuple.item(cx, at)?)?;
    }
    Ok(list)
}

/// [`to_list`], as a Python list of the same objects.
pub fn to_plist<T: FromPy + IntoPy + Clone>(cx: Cx, tuple: &PTuple<T>) -> R<PList<T>> {
    // SAFETY: The tuple keeps its items alive.
    PList::build(cx, tuple.count(), |at| Ok(unsafe { again(tuple.pointer(at)) }))
}

/// `(a, b, …)` of equal types, of any length.
pub fn of<T: FromPy + IntoPy, const N: usize>(cx: Cx, items: [T; N]) -> R<PTuple<T>> {
    let mut items = items.into_iter();
    build(cx, N, |_| match items.next() {
        Some(item) => item.into_py(cx),
        None => bail(Bail::Panic),
    })
}

/// `(a, b, …)[start:stop:step]`, where only the slice is needed.
pub fn sliced<T: FromPy + IntoPy, const N: usize>(
    cx: Cx,
    items: [T; N],
    (start, stop, step): (Option<i64>, Option<i64>, Option<i64>),
) -> R<PTuple<T>> {
    let slice = crate::range::Slice::new(start, stop, step, N)?;
    let mut items = items.map(Some);
    build(cx, slice.count, |i| match items.get_mut(slice.position(i)).and_then(Option::take) {
        Some(item) => item.into_py(cx),
        None => bail(Bail::Panic),
    })
}

/// `len(t)`.
#[inline(always)]
pub fn len<T>(_: Cx, tuple: &PTuple<T>) -> i64 {
    tuple.count() as i64
}

/// `bool(t)`.
#[inline(always)]
pub fn truth<T>(_: Cx, tuple: &PTuple<T>) -> bool {
    tuple.count() != 0
}

/// Python's rule for an index, as a position inside.
#[inline(always)]
pub fn position(index: i64, count: usize) -> R<usize> {
    crate::list::position_of(index, count, Said::TupleIndex)
}

/// `t[i]`.
#[inline(always)]
pub fn get<T: FromPy>(cx: Cx, tuple: &PTuple<T>, index: i64) -> R<T> {
    let index = position(index, tuple.count())?;
    tuple.item(cx, index)
}

/// `a, b, c, d, e = t`: see [`crate::list::unpack`].
#[inline(never)]
pub fn unpack<T: FromPy, const N: usize>(cx: Cx, tuple: &PTuple<T>) -> R<[T; N]> {
    if tuple.count() != N {
        return unpacked(N as i64, tuple.count() as i64);
    }
    crate::support::gathered(|at| tuple.item(cx, at))
}

/// The next item of `for x in t`.
#[inline(always)]
pub fn next<T: FromPy>(cx: Cx, tuple: &PTuple<T>, at: &mut i64) -> R<Option<T>> {
    if *at as usize >= tuple.count() {
        return Ok(None);
    }
    *at += 1;
    tuple.item(cx, *at as usize - 1).map(Some)
}

/// `t[start:stop:step]`.  The whole tuple is itself, as in CPython.
pub fn slice<T: FromPy>(
    cx: Cx,
    tuple: &PTuple<T>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<PTuple<T>> {
    let count = tuple.count();
    let slice = crate::range::Slice::new(start, stop, step, count)?;
    if slice.step == 1 && slice.count == count {
        return Ok(tuple.clone());
    }
    // SAFETY: The positions of a slice are inside.
    build(cx, slice.count, |i| Ok(unsafe { again(tuple.pointer(slice.position(i))) }))
}

/// `a + b`.
pub fn concat<T: FromPy>(cx: Cx, a: &PTuple<T>, b: &PTuple<T>) -> R<PTuple<T>> {
    let count = a.count();
    if b.count() == 0 {
        return Ok(a.clone());
    }
    if count == 0 {
        return Ok(b.clone());
    }
    build(cx, count + b.count(), |i| {
        let object = if i < count { a.pointer(i) } else { b.pointer(i - count) };
        // SAFETY: The tuples keep their items alive.
        Ok(unsafe { again(object) })
    })
}

/// `(a, b) + t[start:stop] + (c,)`, of which none is made by itself; one of the displays is empty.
pub fn around<T: FromPy + IntoPy, const N: usize, const M: usize>(
    cx: Cx,
    before: [T; N],
    (tuple, start, stop): (PTuple<T>, Option<i64>, Option<i64>),
    after: [T; M],
) -> R<PTuple<T>> {
    let slice = crate::range::Slice::new(start, stop, None, tuple.count())?;
    let (mut before, mut after) = (before.into_iter(), after.into_iter());
    build(cx, N + slice.count + M, |at| {
        if at >= N && at < N + slice.count {
            // SAFETY: The positions of a slice are inside, and the tuple keeps its items alive.
            return Ok(unsafe { again(tuple.pointer(slice.position(at - N))) });
        }
        match if at < N { before.next() } else { after.next() } {
            Some(item) => item.into_py(cx),
            None => bail(Bail::Panic),
        }
    })
}

/// `t * n`.
pub fn repeat<T: FromPy>(cx: Cx, tuple: &PTuple<T>, times: i64) -> R<PTuple<T>> {
    let count = tuple.count();
    if times == 1 || count == 0 {
        return Ok(tuple.clone());
    }
    let Some(total) = count.checked_mul(times.max(0) as usize).filter(|total| *total < 1 << 40) else {
        return bail(Bail::Memory);
    };
    // SAFETY: The tuple keeps its items alive.
    build(cx, total, |i| Ok(unsafe { again(tuple.pointer(i % count)) }))
}

/// `x in t`.
pub fn contains<T: FromPy + ElemEq>(cx: Cx, tuple: &PTuple<T>, x: &T) -> R<bool> {
    for index in 0..tuple.count() {
        if tuple.item(cx, index)?.elem_eq(cx, x)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `x in t`, where no `T` is equal to `x`: whether the items are of that type is asked of each.
pub fn contains_other<T: FromPy, Q>(cx: Cx, tuple: &PTuple<T>, _: &Q) -> R<bool> {
    for index in 0..tuple.count() {
        tuple.item(cx, index)?;
    }
    Ok(false)
}

/// `t.index(x)`.
pub fn index<T: FromPy + ElemEq>(cx: Cx, tuple: &PTuple<T>, x: &T) -> R<i64> {
    for index in 0..tuple.count() {
        if tuple.item(cx, index)?.elem_eq(cx, x)? {
            return Ok(index as i64);
        }
    }
    said(Said::TupleFind)
}

/// `t.count(x)`.
pub fn count<T: FromPy + ElemEq>(cx: Cx, tuple: &PTuple<T>, x: &T) -> R<i64> {
    let mut count = 0;
    for index in 0..tuple.count() {
        count += i64::from(tuple.item(cx, index)?.elem_eq(cx, x)?);
    }
    Ok(count)
}

/// `a == b`.
pub fn eq<T: ElemEq>(cx: Cx, a: &T, b: &T) -> R<bool> {
    a.elem_eq(cx, b)
}

/// `a != b`.
pub fn ne<T: ElemEq>(cx: Cx, a: &T, b: &T) -> R<bool> {
    Ok(!a.elem_eq(cx, b)?)
}

/// `a < b`.
pub fn lt<T: ElemOrd>(cx: Cx, a: &T, b: &T) -> R<bool> {
    a.elem_less(cx, b)
}

/// `a <= b`.
pub fn le<T: ElemOrd>(cx: Cx, a: &T, b: &T) -> R<bool> {
    Ok(a.elem_cmp(cx, b)?.is_le())
}

/// `a > b`.
pub fn gt<T: ElemOrd>(cx: Cx, a: &T, b: &T) -> R<bool> {
    a.elem_greater(cx, b)
}

/// `a >= b`.
pub fn ge<T: ElemOrd>(cx: Cx, a: &T, b: &T) -> R<bool> {
    Ok(a.elem_cmp(cx, b)?.is_ge())
}
