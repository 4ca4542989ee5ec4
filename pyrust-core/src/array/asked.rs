//! What NumPy itself is asked to do with whole arrays: broadcasting, sums along an axis, products of matrices, masks.
//!
//! NumPy's C functions get arrays as objects: an array that Python made is one already, and a view that native code made
//! becomes one for the call. What comes out is a new array, or a scalar. Two things are seen to:
//!
//! * NumPy warns through Python. While it is asked, it raises instead wherever it would have to say something, and the
//!   call bails.
//! * NumPy gives up the GIL in long loops. It is asked only while no other thread of Python's exists.

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use super::layout::{self, ArrayObject, Descr};
use super::scalar::IntoObject;
use super::{Array, Dtype, Np, check_errors};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Builtin, Temporary, alone, undisturbed};
use crate::foreign::Given;
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Places in the table of functions that NumPy gives to extension modules, the same since version 1.7.
mod at {
    pub(super) const ABI_VERSION: usize = 0;
    pub(super) const COPY_INTO: usize = 50;
    pub(super) const NEW_FROM_DESCR: usize = 94;
    pub(super) const API_VERSION: usize = 211;
    pub(super) const SET_BASE_OBJECT: usize = 282;
}

type Version = unsafe extern "C" fn() -> c_uint;
type CopyInto = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int;
type SetBaseObject = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int;
type NewFromDescr = unsafe extern "C" fn(
    *mut PyTypeObject,
    *mut Descr,
    c_int,
    *const isize,
    *const isize,
    *mut c_void,
    c_int,
    *mut PyObject,
) -> *mut PyObject;

/// NumPy's table; it lives as long as the process.
fn api() -> R<*const *const c_void> {
    static API: AtomicPtr<*const c_void> = AtomicPtr::new(ptr::null_mut());
    let known = API.load(Relaxed);
    if !known.is_null() {
        return Ok(known);
    }
    // SAFETY: the GIL is held; the capsule is NumPy's own, and holds the table that its header describes.
    unsafe {
        let capsule = member("_ARRAY_API")?;
        if ffi::PyCapsule_IsValid(capsule, ptr::null()) == 0 {
            return bail(Bail::Unsupported);
        }
        let table = ffi::PyCapsule_GetPointer(capsule, ptr::null()).cast::<*const c_void>();
        let version = |at: usize| core::mem::transmute::<*const c_void, Version>(*table.add(at))();
        // The second ABI, of which later ones are another number.
        if version(at::ABI_VERSION) != 0x0200_0000 || version(at::API_VERSION) < 0x12 {
            return bail(Bail::Unsupported);
        }
        API.store(table, Relaxed);
        Ok(table)
    }
}

/// What NumPy's C module has under that name: borrowed.
fn member(name: &str) -> R<*mut PyObject> {
    // SAFETY: the GIL is held; all results but the name are borrowed.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        if modules.is_null() || ffi::PyDict_CheckExact(modules) == 0 {
            return bail(Bail::Unsupported);
        }
        let module = ffi::PyDict_GetItemString(modules, c"numpy._core._multiarray_umath".as_ptr());
        if module.is_null() || ffi::PyModule_CheckExact(module) == 0 {
            return bail(Bail::Unsupported);
        }
        let length = name.len() as ffi::Py_ssize_t;
        let name = Temporary(c::owned(ffi::PyUnicode_FromStringAndSize(name.as_ptr().cast(), length))?);
        let found = ffi::PyDict_GetItemWithError(ffi::PyModule_GetDict(module), name.ptr());
        if found.is_null() { bail(Bail::Unsupported) } else { Ok(found) }
    }
}

/// The function of the C module; strongly held for good.
pub(crate) fn function(name: &str) -> R<*mut PyObject> {
    let found = member(name)?;
    // SAFETY: alive.
    unsafe {
        if ffi::PyCFunction_CheckExact(found) == 0 {
            return bail(Bail::Unsupported);
        }
        Ok(ffi::Py_NewRef(found))
    }
}

/// The ufunc, or its method; strongly held for good.
pub(crate) fn ufunc(name: &str, method: Option<&str>) -> R<*mut PyObject> {
    let found = member(name)?;
    // SAFETY: alive; the attributes of an exact ufunc are C's.
    unsafe {
        if !crate::foreign::is_class(ffi::Py_TYPE(found), c"numpy.ufunc") {
            return bail(Bail::Unsupported);
        }
        let Some(method) = method else { return Ok(ffi::Py_NewRef(found)) };
        let length = method.len() as ffi::Py_ssize_t;
        let method = Temporary(c::owned(ffi::PyUnicode_FromStringAndSize(method.as_ptr().cast(), length))?);
        let bound = c::owned(ffi::PyObject_GetAttr(found, method.ptr()))?.as_ptr();
        if ffi::PyCFunction_CheckExact(bound) == 0 {
            ffi::Py_DECREF(bound);
            return bail(Bail::Unsupported);
        }
        Ok(bound)
    }
}

/// NumPy raises instead of warning while this lives.
struct Raising {
    variable: *mut PyObject,
    token: Temporary,
}

impl Raising {
    fn new() -> R<Raising> {
        static VARIABLE: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
        /// What was set when `RAISE` was made of it.
        static BEFORE: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
        static RAISE: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
        // SAFETY: the GIL is held; a context variable of NumPy's, whose values are capsules.
        unsafe {
            if VARIABLE.load(Relaxed).is_null() {
                let variable = member("_extobj_contextvar")?;
                if ffi::PyContextVar_CheckExact(variable) == 0 {
                    return bail(Bail::Unsupported);
                }
                VARIABLE.store(ffi::Py_NewRef(variable), Relaxed);
            }
            let variable = VARIABLE.load(Relaxed);
            let mut now = ptr::null_mut();
            if ffi::PyContextVar_Get(variable, ptr::null_mut(), &mut now) != 0 || now.is_null() {
                ffi::PyErr_Clear();
                return bail(Bail::Unsupported);
            }
            let now = Temporary(c::owned(now)?);
            if RAISE.load(Relaxed).is_null() || !ptr::eq(BEFORE.load(Relaxed), now.ptr()) {
                let raise = raising()?;
                // Both are kept: the address of what was set tells it only as long as that is alive.
                let olds = [RAISE.swap(raise, Relaxed), BEFORE.swap(now.ptr(), Relaxed)];
                core::mem::forget(now);
                olds.into_iter().for_each(|old| ffi::Py_XDECREF(old));
            }
            let token = Temporary(c::owned(ffi::PyContextVar_Set(variable, RAISE.load(Relaxed)))?);
            Ok(Raising { variable, token })
        }
    }
}

impl Drop for Raising {
    fn drop(&mut self) {
        // SAFETY: the token of this variable. No exception is set: a call that fails takes its own over.
        unsafe {
            if ffi::PyContextVar_Reset(self.variable, self.token.ptr()) != 0 {
                ffi::PyErr_Clear();
            }
        }
    }
}

/// What NumPy is to do about errors, made of what it does now: a new reference.
fn raising() -> R<*mut PyObject> {
    static MAKE: Builtin = Builtin::new(c"numpy._core._multiarray_umath", c"_make_extobj");
    // SAFETY: a C function that is given texts; what it does not get it takes from what is set.
    unsafe {
        let kwargs = Temporary(c::owned(ffi::PyDict_New())?);
        for kind in [c"divide", c"over", c"invalid"] {
            let raise = Temporary(c::owned(ffi::PyUnicode_InternFromString(c"raise".as_ptr()))?);
            if ffi::PyDict_SetItemString(kwargs.ptr(), kind.as_ptr(), raise.ptr()) != 0 {
                return Err(c::raised());
            }
        }
        let none = Temporary(c::owned(ffi::PyTuple_New(0))?);
        let function = MAKE.get()?;
        Ok(undisturbed(|| c::owned(ffi::PyObject_Call(function, none.ptr(), kwargs.ptr())))?.as_ptr())
    }
}

/// Asks NumPy; `call` returns a new reference, or null with an exception.
pub(crate) fn asked(cx: Cx, call: impl FnOnce() -> *mut PyObject) -> R<Temporary> {
    cx.before_tracked();
    check_errors(cx)?;
    if !alone() {
        return bail(Bail::Threads);
    }
    let _raising = Raising::new()?;
    let made = undisturbed(call);
    // SAFETY: by the caller of `call`, a new reference, or an exception is set.
    unsafe {
        if made.is_null() && ffi::PyErr_ExceptionMatches(ffi::PyExc_FloatingPointError) != 0 {
            ffi::PyErr_Clear();
            return bail(Bail::Warning);
        }
        c::owned(made).map(Temporary)
    }
}

/// The array as an object.
pub(super) fn object<T: Dtype, const N: usize>(a: &Array<T, N>) -> R<Temporary> {
    // SAFETY: arrays and what they are views of live as long as the transaction; a view lies within the memory of that.
    unsafe {
        if !a.object.is_null() {
            return c::owned(ffi::Py_NewRef(a.object)).map(Temporary);
        }
        let table = api()?;
        let make = core::mem::transmute::<*const c_void, NewFromDescr>(*table.add(at::NEW_FROM_DESCR));
        let base = core::mem::transmute::<*const c_void, SetBaseObject>(*table.add(at::SET_BASE_OBJECT));
        let whole = (*a.state).object;
        let parent = &*whole.cast::<ArrayObject>();
        let shape = a.shape.map(|length| length as isize);
        let flags = parent.flags & (layout::WRITEABLE | layout::ALIGNED);
        // The description is given away.
        ffi::Py_INCREF(parent.descr.cast());
        let view = make(
            ffi::Py_TYPE(whole),
            parent.descr,
            N as c_int,
            shape.as_ptr(),
            a.strides.as_ptr(),
            a.data.cast(),
            flags,
            ptr::null_mut(),
        );
        let view = Temporary(c::owned(view)?);
        if base(view.ptr(), ffi::Py_NewRef(whole)) != 0 { Err(c::raised()) } else { Ok(view) }
    }
}

impl<T: Dtype, const N: usize> Scalar for Array<T, N> {
    fn boxed(&self) -> R<Boxed> {
        object(self).map(Boxed)
    }
}

impl<T: Dtype> Scalar for Np<T>
where
    Np<T>: IntoObject,
{
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference.
        unsafe { c::owned(self.into_object()?).map(Temporary).map(Boxed) }
    }
}

/// Tuples of values: shapes, axes, places.
macro_rules! tuples {
    ($(($($name:ident $at:tt),*) $n:literal;)+) => { $(
        impl<$($name: Scalar),*> Scalar for ($($name,)*) {
            fn boxed(&self) -> R<Boxed> {
                // SAFETY: every slot of the new tuple gets a reference before anyone sees it.
                unsafe {
                    let tuple = Temporary(c::owned(ffi::PyTuple_New($n))?);
                    $(
                        let item = self.$at.boxed()?.0;
                        ffi::PyTuple_SET_ITEM(tuple.ptr(), $at, item.ptr());
                        core::mem::forget(item);
                    )*
                    Ok(Boxed(tuple))
                }
            }
        }
    )+ };
}

tuples! {
    (A 0) 1;
    (A 0, B 1) 2;
    (A 0, B 1, C 2) 3;
    (A 0, B 1, C 2, D 3) 4;
    (A 0, B 1, C 2, D 3, E 4) 5;
    (A 0, B 1, C 2, D 3, E 4, F 5) 6;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6) 7;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7) 8;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8) 9;
}

impl<T: Dtype> Given for Np<T> {
    const KEEPS: bool = false;

    #[inline]
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe { Self::from_py(cx, object) }
    }
}

impl<T: Dtype, const N: usize> Given for Array<T, N> {
    const KEEPS: bool = true;

    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller. What nobody but the transaction has, and is a view of nothing, needs no log.
        unsafe {
            if !layout::is_array(object) {
                return bail(Bail::Type);
            }
            layout::check(object)?;
            let own = (*object.cast::<ArrayObject>()).flags & layout::OWNS != 0;
            super::state::state_of(cx, object, own && ffi::Py_REFCNT(object) == 1)?;
            Array::from_py(cx, object)
        }
    }
}

/// Before NumPy writes to the array.
fn keep<T, const N: usize>(cx: Cx, a: &Array<T, N>) -> R<()> {
    // SAFETY: the state lives as long as the transaction.
    unsafe { (*a.state).keep(cx) }
}

/// `a[…] = value` for any value that NumPy can spread over the view.
pub fn assign<T: Dtype, U: Dtype, const N: usize, const M: usize>(
    cx: Cx,
    a: Array<T, N>,
    value: Array<U, M>,
) -> R<()> {
    let (to, from) = (object(&a)?, object(&value)?);
    keep(cx, &a)?;
    let table = api()?;
    // SAFETY: two arrays that are alive; the memory of the first has been kept.
    let none = asked(cx, || unsafe {
        let copy = core::mem::transmute::<*const c_void, CopyInto>(*table.add(at::COPY_INTO));
        if copy(to.ptr(), from.ptr()) == 0 { ffi::Py_NewRef(ffi::Py_None()) } else { ptr::null_mut() }
    })?;
    drop(none);
    Ok(())
}

/// `a[places] = value` where the places are a mask or an array of them.
pub fn assign_at<T: Dtype, I: Scalar, V: Scalar, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    places: I,
    value: V,
) -> R<()> {
    let (to, places, value) = (object(&a)?, places.boxed()?.0, value.boxed()?.0);
    keep(cx, &a)?;
    // SAFETY: objects that are alive; the memory of the array has been kept.
    let none = asked(cx, || unsafe {
        if ffi::PyObject_SetItem(to.ptr(), places.ptr(), value.ptr()) == 0 {
            ffi::Py_NewRef(ffi::Py_None())
        } else {
            ptr::null_mut()
        }
    })?;
    drop(none);
    Ok(())
}

macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident $function:ident;)+) => { $(
        $(#[$doc])*
        pub fn $name<T: Dtype, V: Scalar, const N: usize>(cx: Cx, a: Array<T, N>, value: V) -> R<()> {
            let (to, value) = (object(&a)?, value.boxed()?.0);
            keep(cx, &a)?;
            // SAFETY: objects that are alive; the memory of the array has been kept. It returns the array.
            let same = asked(cx, || unsafe { ffi::$function(to.ptr(), value.ptr()) })?;
            drop(same);
            Ok(())
        }
    )+ };
}

changes! {
    /// `a += value`
    asked_iadd PyNumber_InPlaceAdd;
    /// `a -= value`
    asked_isub PyNumber_InPlaceSubtract;
    /// `a *= value`
    asked_imul PyNumber_InPlaceMultiply;
    /// `a /= value`
    asked_itruediv PyNumber_InPlaceTrueDivide;
    /// `a //= value`
    asked_ifloordiv PyNumber_InPlaceFloorDivide;
    /// `a %= value`
    asked_imodulo PyNumber_InPlaceRemainder;
    /// `a &= value`
    asked_iand PyNumber_InPlaceAnd;
    /// `a |= value`
    asked_ior PyNumber_InPlaceOr;
    /// `a ^= value`
    asked_ixor PyNumber_InPlaceXor;
}

/// A new reference.
fn new(object: *mut PyObject) -> R<Temporary> {
    // SAFETY: not null.
    unsafe { c::owned(object) }.map(Temporary)
}

/// What an operator does with two objects.
pub(super) type Asked = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

/// `a ∘ b` as NumPy does it, whatever the shapes and layouts.
pub(super) fn operated<A: Scalar, B: Scalar, O: Given>(cx: Cx, operator: Asked, a: A, b: B) -> R<O> {
    cx.point()?;
    let (a, b) = (a.boxed()?.0, b.boxed()?.0);
    // SAFETY: both are alive.
    crate::foreign::take(cx, asked(cx, || unsafe { operator(a.ptr(), b.ptr()) })?)
}

/// `ufunc(a)` as NumPy does it.
pub(super) fn mapped<A: Scalar, O: Given>(cx: Cx, name: &str, a: A) -> R<O> {
    cx.point()?;
    let function = new(ufunc(name, None)?)?;
    let a = a.boxed()?.0;
    let args = [a.ptr()];
    // SAFETY: a ufunc and an object, both alive.
    crate::foreign::take(
        cx,
        asked(cx, || unsafe { ffi::PyObject_Vectorcall(function.ptr(), args.as_ptr(), 1, ptr::null_mut()) })?,
    )
}

/// `ufunc.reduce(a, axis, keepdims=…)`; no axis is all of them.
pub(super) fn reduced<A: Scalar, O: Given>(
    cx: Cx,
    name: &str,
    a: A,
    axis: Option<i64>,
    keepdims: bool,
) -> R<O> {
    cx.point()?;
    let function = new(ufunc(name, Some("reduce"))?)?;
    let (a, axis, none) = (a.boxed()?.0, axis.boxed()?.0, ().boxed()?.0);
    let keepdims = keepdims.boxed()?.0;
    // The array, its axis, no dtype, no place for the result.
    let args = [a.ptr(), axis.ptr(), none.ptr(), none.ptr(), keepdims.ptr()];
    // SAFETY: a method of a ufunc and objects, all alive.
    crate::foreign::take(
        cx,
        asked(cx, || unsafe {
            ffi::PyObject_Vectorcall(function.ptr(), args.as_ptr(), args.len(), ptr::null_mut())
        })?,
    )
}

/// A type of elements, as an argument.
pub struct Kind<T>(core::marker::PhantomData<T>);

/// The type of elements.
pub fn kind<T: Dtype>() -> Kind<T> {
    Kind(core::marker::PhantomData)
}

impl<T: Dtype> Scalar for Kind<T> {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a class that is kept for good.
        unsafe { c::owned(ffi::Py_NewRef(Np::<T>::class()?.cast())).map(Temporary).map(Boxed) }
    }
}
