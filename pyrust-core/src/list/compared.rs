//! `sorted(xs, key=cmp_to_key(f))`: CPython's own sort of this very version, whose comparisons come back here. So a
//! comparison is asked for the same pairs in the same order, which shows where it has effects or is no order at all.

use core::cell::{Cell, RefCell};
use core::ffi::c_int;
use core::ptr::{self, null_mut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use super::ListLike;
use crate::buf::Buf;
use crate::elem::ElemOrd;
use crate::stop::{Bail, R, Stop, bail};
use crate::txn::{Cx, no_memory};

/// What all items of one sort share.
struct Sort<'a> {
    less: &'a dyn Fn(usize, usize) -> R<bool>,
    /// Why it was left.
    stop: Cell<Option<Stop>>,
}

/// Stands for the element that was at `index`.
#[repr(C)]
struct Item {
    base: PyObject,
    index: usize,
    /// Outlives the item.
    sort: *const Sort<'static>,
}

/// The class of the items, made once.
static CLASS: AtomicPtr<PyTypeObject> = AtomicPtr::new(null_mut());

/// The slot `tp_richcompare`: only `<` is asked for.
///
/// # Safety
/// Both are items of one sort, which is going on.
unsafe extern "C" fn compare(a: *mut PyObject, b: *mut PyObject, op: c_int) -> *mut PyObject {
    // SAFETY: By the caller.
    let (a, b) = unsafe { (&*a.cast::<Item>(), &*b.cast::<Item>()) };
    // SAFETY: The sort is going on.
    let sort = unsafe { &*a.sort };
    let result = match op {
        ffi::Py_LT => catch_unwind(AssertUnwindSafe(|| (sort.less)(a.index, b.index))),
        _ => Ok(bail(Bail::Panic)),
    };
    match result.unwrap_or_else(|_| bail(Bail::Panic)) {
        // SAFETY: The singletons live for ever.
        Ok(less) => unsafe {
            let answer = if less { ffi::Py_True() } else { ffi::Py_False() };
            ffi::Py_INCREF(answer);
            answer
        },
        Err(stop) => {
            sort.stop.set(Some(stop));
            // SAFETY: The GIL is held.
            unsafe { ffi::PyErr_SetNone(ffi::PyExc_RuntimeError) };
            null_mut()
        }
    }
}

fn class() -> R<*mut PyTypeObject> {
    let known = CLASS.load(Ordering::Relaxed);
    if !known.is_null() {
        return Ok(known);
    }
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_richcompare, pfunc: compare as *mut core::ffi::c_void },
        ffi::PyType_Slot { slot: 0, pfunc: null_mut() },
    ];
    let mut spec = ffi::PyType_Spec {
        name: c"pyrust.Item".as_ptr(),
        basicsize: size_of::<Item>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as _,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: The GIL is held; the slots end with a zero. Making a class from slots runs no Python code.
    let made = unsafe { ffi::PyType_FromSpec(&raw mut spec) }.cast::<PyTypeObject>();
    if made.is_null() {
        return no_memory();
    }
    CLASS.store(made, Ordering::Relaxed);
    Ok(made)
}

/// A list that is dropped with the scope.
struct Owned(*mut PyObject);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: A list of items only, which no one else has: dropping them runs no Python code.
        unsafe { ffi::Py_DECREF(self.0) };
    }
}

/// The order of `0..count` by a comparison.
fn order(cx: Cx, count: usize, reverse: bool, less: &dyn Fn(usize, usize) -> R<bool>) -> R<Buf<usize>> {
    cx.before_tracked();
    let class = class()?;
    let sort = Sort { less, stop: Cell::new(None) };
    let shared: *const Sort<'static> = ptr::from_ref(&sort).cast();
    // SAFETY: The GIL is held; each place of the new list gets an item. The items live no longer than `list`, which is
    // dropped before `sort` is.
    unsafe {
        let made = ffi::PyList_New(count as isize);
        if made.is_null() {
            return no_memory();
        }
        let list = Owned(made);
        for index in 0..count {
            let item = ffi::PyType_GenericAlloc(class, 0).cast::<Item>();
            if item.is_null() {
                return no_memory();
            }
            (*item).index = index;
            (*item).sort = shared;
            ffi::PyList_SET_ITEM(list.0, index as isize, item.cast());
        }
        if reverse {
            ffi::PyList_Reverse(list.0);
        }
        if ffi::PyList_Sort(list.0) != 0 {
            ffi::PyErr_Clear();
            return match sort.stop.take() {
                // CPython leaves the list half sorted.
                Some(stop) if stop.as_exc().is_some() => bail(Bail::Unsupported),
                Some(stop) => Err(stop),
                None => bail(Bail::Memory),
            };
        }
        if reverse {
            ffi::PyList_Reverse(list.0);
        }
        let mut order: Buf<usize> = Buf::new();
        if !order.reserve_total(count) {
            return bail(Bail::Memory);
        }
        for place in 0..count {
            let item = ffi::PyList_GET_ITEM(list.0, place as isize).cast::<Item>();
            let _ = order.push((*item).index);
        }
        Ok(order)
    }
}

/// `l.sort(key=…, reverse=…)`, where classes say how keys are ordered.
pub fn sort_by_asked_key<T, K, L>(cx: Cx, list: &L, mut key: impl FnMut(T) -> R<K>, reverse: bool) -> R<()>
where
    T: Clone + 'static,
    K: ElemOrd,
    L: ListLike<T>,
{
    let count = list.count();
    let mut keys: Buf<K> = Buf::new();
    if !keys.reserve_total(count) {
        return bail(Bail::Memory);
    }
    for index in 0..count {
        let _ = keys.push(key(list.item(cx, index)?)?);
    }
    // The key function changed the list: CPython raises after sorting.
    if list.count() != count {
        return bail(Bail::Unsupported);
    }
    if count < 2 {
        return Ok(());
    }
    let order = order(cx, count, reverse, &|a, b| keys[a].elem_less(cx, &keys[b]))?;
    list.permute(cx, &order)
}

/// `reverse=n`: before 3.12 a number that is none of C's is an error.
pub fn is_reverse(n: i64) -> R<bool> {
    if i32::try_from(n).is_err() {
        return bail(Bail::Unsupported);
    }
    Ok(n != 0)
}

/// `l.sort(key=cmp_to_key(f), reverse=…)`, where `less` says whether `f` finds that the first goes before the second.
pub fn sort_by_comparison<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    reverse: bool,
    less: impl FnMut(T, T) -> R<bool>,
) -> R<()> {
    let count = list.count();
    if count < 2 {
        return Ok(());
    }
    let mut items: Buf<T> = Buf::new();
    if !items.reserve_total(count) {
        return bail(Bail::Memory);
    }
    for index in 0..count {
        let _ = items.push(list.item(cx, index)?);
    }
    let less = RefCell::new(less);
    let order = order(cx, count, reverse, &|a, b| match less.try_borrow_mut() {
        Ok(mut less) => less(items[a].clone(), items[b].clone()),
        Err(_) => bail(Bail::Panic),
    })?;
    list.permute(cx, &order)
}
