//! Instances of the program's own exceptions: made, filled and read as those of any class, apart from what
//! `BaseException` keeps in them itself.
//!
//! One that native code raises has no traceback and no context, so it must not get to Python: see `raised`.

use pyo3_ffi::{self as ffi, PyBaseExceptionObject, PyObject, PyTypeObject};

use super::above::Above;
use super::based::Derived;
use super::class::{OfObjectClass, inherited};
use super::{Attribute, Instance};
use crate::boundary::attributes;
use crate::boundary::journal::release;
use crate::builtins::c::{self, undisturbed};
use crate::caught;
use crate::obj::Obj;
use crate::own;
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, Exc, R, Stop, bail};
use crate::strs::Str;
use crate::txn::Cx;

/// What an exception is given where that is nothing: everything else is a tuple.
#[derive(Clone, Copy)]
pub struct Nothing;

impl IntoPy for Nothing {
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The one empty tuple.
        unsafe { fresh(ffi::PyTuple_New(0)) }
    }
}

/// `C.__new__(C, …)`, which keeps what it is given.
pub fn make_exception<C: OfObjectClass, G: IntoPy>(cx: Cx, given: G) -> R<Instance<C>> {
    cx.before_tracked();
    let class = C::CLASS.class();
    let simple = matches!(C::CLASS.derived().0, Derived::Exception(_));
    if class.is_null() || !simple || !C::CLASS.is_made_plainly() {
        return bail(Bail::Guard);
    }
    // SAFETY: The class was found to be one whose instances are made by a `__new__` of C's, which keeps the tuple and
    // runs no Python code; the new reference is given to the transaction.
    unsafe {
        let Some(new) = (*class).tp_new else { return bail(Bail::Guard) };
        let given = given.into_py(cx)?;
        let object = new(class, given, core::ptr::null_mut());
        ffi::Py_DECREF(given);
        let object = cx.adopt(object)?;
        attributes::register_fresh(cx, object.as_ptr(), true);
        Ok(Instance::of(object))
    }
}

/// The same of a class without an `__init__` of its own.
pub fn make_plain_exception<C: OfObjectClass, G: IntoPy>(cx: Cx, given: G) -> R<Instance<C>> {
    if C::CLASS.has_plain_init() { make_exception(cx, given) } else { bail(Bail::Guard) }
}

/// `raise C(…)` of such a class, where it may be that nobody reads the exception.
pub fn raise_plain<C: OfObjectClass, G: IntoPy>(cx: Cx, given: G) -> R<()> {
    let object = make_plain_exception::<C, G>(cx, given)?;
    raise_instance(cx, object)
}

/// `raise object`
#[cold]
#[inline(never)]
pub fn raise_instance<C: OfObjectClass>(cx: Cx, object: Instance<C>) -> R<()> {
    // SAFETY: The transaction keeps the object alive. What existed before would have a traceback from now on.
    unsafe {
        if !attributes::is_fresh(cx, object.as_ptr()) {
            return bail(Bail::Exception);
        }
        own::raise_object(cx, object.as_ptr())
    }
}

/// `super().__init__(…)` in a method of `D`, where `BaseException` has it: it keeps what it is given.
pub fn init_above<C: OfObjectClass, D: OfObjectClass, G: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Above,
    given: G,
) -> R<()> {
    name.check(cx, C::CLASS, D::CLASS)?;
    cx.point()?;
    // SAFETY: The transaction keeps the object alive; a fresh one needs no log, and the arguments that it had may still
    // be read.
    unsafe {
        if !attributes::is_fresh(cx, object.as_ptr()) {
            return bail(Bail::Unsupported);
        }
        let given = given.into_py(cx)?;
        let fields = object.as_ptr().cast::<PyBaseExceptionObject>();
        release(cx, core::mem::replace(&mut (*fields).args, given))
    }
}

/// Does the class show its instances' arguments as `BaseException` does?
///
/// # Safety
/// A live class.
unsafe fn shows_args(class: *mut PyTypeObject, name: &'static Attribute) -> R<bool> {
    // SAFETY: By the caller.
    unsafe {
        let name = name.text()?;
        let found = inherited(class, name);
        Ok(!found.is_null() && found == inherited(caught::object(Exc::BaseException).cast(), name))
    }
}

/// `object.args`
pub fn args<C: OfObjectClass, T: FromPy>(cx: Cx, object: Instance<C>, name: &'static Attribute) -> R<T> {
    // SAFETY: The transaction keeps the object alive, and what it has held; an instance of a class below
    // `BaseException` begins as those do.
    unsafe {
        let class = C::CLASS.class();
        let derived = matches!(C::CLASS.derived().0, Derived::Exception(_));
        if class.is_null() || !derived || !shows_args(class, name)? {
            return bail(Bail::Guard);
        }
        let args = (*object.as_ptr().cast::<PyBaseExceptionObject>()).args;
        if args.is_null() { bail(Bail::Type) } else { T::from_py(cx, args) }
    }
}

/// `str(object)`, or `repr(object)`, where no class of the program says what that is, and the arguments are such that
/// showing them runs no code of Python's.
pub fn text_of_exception<C: OfObjectClass>(cx: Cx, object: Instance<C>, repr: bool) -> R<Str> {
    let class = C::CLASS.class();
    if class.is_null() || !matches!(C::CLASS.derived().0, Derived::Exception(_)) {
        return bail(Bail::Guard);
    }
    // SAFETY: The transaction keeps the object alive; CPython's own function, on arguments of exact builtin types.
    unsafe {
        // A key that was missing shows itself as `repr` does.
        let known = |root: Exc| {
            let root = caught::object(root).cast::<PyTypeObject>();
            match repr {
                true => (*class).tp_repr.map(|f| f as usize) == (*root).tp_repr.map(|f| f as usize),
                false => (*class).tp_str.map(|f| f as usize) == (*root).tp_str.map(|f| f as usize),
            }
        };
        let same = known(Exc::BaseException) || known(Exc::KeyError);
        let args = (*object.as_ptr().cast::<PyBaseExceptionObject>()).args;
        if !same || args.is_null() || !is_shown_alone(args, 4) {
            return bail(Bail::Exception);
        }
        let shown = undisturbed(|| {
            c::owned(if repr {
                ffi::PyObject_Repr(object.as_ptr())
            } else {
                ffi::PyObject_Str(object.as_ptr())
            })
        })?;
        let shown = cx.adopt(shown.as_ptr())?;
        Str::from_py(cx, shown.as_ptr())
    }
}

/// # Safety
/// A live object.
unsafe fn is_shown_alone(object: *mut PyObject, depth: usize) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let ty = ffi::Py_TYPE(object);
        let scalars = [
            &raw mut ffi::PyUnicode_Type,
            &raw mut ffi::PyLong_Type,
            &raw mut ffi::PyFloat_Type,
            &raw mut ffi::PyBool_Type,
        ];
        if scalars.contains(&ty) || ffi::Py_IsNone(object) != 0 {
            return true;
        }
        ty == &raw mut ffi::PyTuple_Type
            && depth > 0
            && (0..ffi::PyTuple_Size(object))
                .all(|at| is_shown_alone(ffi::PyTuple_GetItem(object, at), depth - 1))
    }
}

/// The exception that a handler has caught, if native code has made one.
pub fn caught_object(cx: Cx, stop: Stop) -> Option<Obj> {
    own::object_of(cx, stop)
}

/// The same as an instance of the class, if it is one.
#[inline]
pub fn caught_as<C: OfObjectClass>(cx: Cx, object: Obj) -> Option<Instance<C>> {
    // SAFETY: The transaction keeps the object alive.
    unsafe { Instance::from_py(cx, object.as_ptr()).ok() }
}
