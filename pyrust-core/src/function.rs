//! Functions as values: what a call dispatches on.
//!
//! A function object of Python's is passed on as it is, and a call of it looks which one it is. What native code makes
//! itself has no object: it never gets to Python.

use core::cmp::Ordering;
use core::ptr::{self, NonNull};

use pyo3_ffi::{PyCFunction_Type, PyFunction_Type, PyObject, PyType_Type, PyTypeObject};

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::obj::Obj;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::strs::Str;
use crate::txn::Cx;

unsafe extern "C" {
    static mut PyMethod_Type: PyTypeObject;
    fn PyMethod_New(function: *mut PyObject, object: *mut PyObject) -> *mut PyObject;
}

/// # Safety
/// A live object.
#[inline]
pub(crate) unsafe fn is_method(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { layout::is_exact(object, &raw mut PyMethod_Type) }
}

/// The function and the object of a bound method, borrowed.
///
/// # Safety
/// [`is_method`], alive.
#[inline]
pub(crate) unsafe fn method_parts(method: *mut PyObject) -> (*mut PyObject, *mut PyObject) {
    // SAFETY: By the caller. Both stand behind the header of the object.
    unsafe {
        let parts = method.add(1).cast::<*mut PyObject>();
        (*parts, *parts.add(1))
    }
}

/// A bound method's function and object, looked up once for all methods that it may be; null where it is another callable.
#[derive(Clone, Copy)]
pub struct Parts {
    pub(crate) function: *mut PyObject,
    pub(crate) object: *mut PyObject,
}

/// A function, a bound method, a builtin function or a class: always true, and compared by identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callable(Obj);

impl Callable {
    /// `self is other`.
    #[inline(always)]
    pub fn is(self, other: Callable) -> bool {
        self.0.is(other.0)
    }

    /// A new bound method.
    ///
    /// # Safety
    /// Two live objects.
    pub(crate) unsafe fn bound(cx: Cx, function: *mut PyObject, object: *mut PyObject) -> R<Callable> {
        // SAFETY: By the caller; the transaction takes the reference. Making one runs no code.
        unsafe {
            let made = cx.adopt(PyMethod_New(function, object))?;
            Ok(Callable(Obj::from_py(cx, made.as_ptr())?))
        }
    }

    /// The function and the object of a bound method.
    #[inline]
    pub(crate) fn parts(self) -> Option<(*mut PyObject, *mut PyObject)> {
        // SAFETY: the transaction keeps it alive; what is of that class has both.
        unsafe { is_method(self.0.as_ptr()).then(|| method_parts(self.0.as_ptr())) }
    }

    /// See [`Parts`].
    #[inline]
    pub fn in_parts(self) -> Parts {
        let (function, object) = self.parts().unwrap_or((ptr::null_mut(), ptr::null_mut()));
        Parts { function, object }
    }

    /// Is it that very object?
    pub fn is_object(self, object: *mut PyObject) -> bool {
        ptr::eq(self.0.as_ptr(), object)
    }

    /// `self.__name__` of a class that `type` made.
    pub fn class_name(self) -> R<Str> {
        self.0.name()
    }

    /// `self == other`. Two bound methods of builtin objects may be equal though they are not the same.
    #[inline]
    pub fn equals(self, other: Callable) -> R<bool> {
        // SAFETY: the transaction keeps both alive.
        let c = |f: Callable| unsafe { layout::is_exact(f.0.as_ptr(), &raw mut PyCFunction_Type) };
        if self.is(other) {
            return Ok(true);
        }
        if let (Some((f, x)), Some((g, y))) = (self.parts(), other.parts()) {
            // Functions are equal to nothing but themselves; what else may be bound decides itself.
            // SAFETY: as above.
            let plain = |f| unsafe { layout::is_exact(f, &raw mut PyFunction_Type) };
            return if plain(f) && plain(g) {
                Ok(ptr::eq(f, g) && ptr::eq(x, y))
            } else {
                bail(Bail::Unsupported)
            };
        }
        if c(self) && c(other) { bail(Bail::Unsupported) } else { Ok(false) }
    }
}

impl FromPy for Callable {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Callable> {
        // SAFETY: By the caller.
        unsafe {
            if Self::matches(object) { Ok(Callable(Obj::from_py(cx, object)?)) } else { bail(Bail::Type) }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            layout::is_exact(object, &raw mut PyFunction_Type)
                || layout::is_exact(object, &raw mut PyCFunction_Type)
                || layout::is_exact(object, &raw mut PyType_Type)
                || is_method(object)
                || crate::object::is_abstract(object)
        }
    }
}

impl IntoPy for Callable {
    #[inline]
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        self.0.into_py(cx)
    }
}

impl ElemEq for Callable {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        self.equals(*other)
    }

    fn view(&self) -> View<'_> {
        View::Obj(self.0)
    }
}

impl Key for Callable {
    type Stored = Self;

    #[inline]
    fn fast_hash(&self, cx: Cx) -> R<u64> {
        Ok(self.py_hash(cx)? as u64)
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        // What `type` made is hashed by its address, rotated since objects are 16 bytes apart; so is a function.
        // SAFETY: the transaction keeps it alive, and what it is bound to.
        let is = |object, class| unsafe { layout::is_exact(object, class) };
        let address = |object: *mut PyObject| (object as usize).rotate_right(4) as isize;
        let own = self.0.as_ptr();
        if is(own, &raw mut PyType_Type) || is(own, &raw mut PyFunction_Type) {
            return Ok(address(own));
        }
        match self.parts() {
            Some((function, object)) if is(function, &raw mut PyFunction_Type) => {
                // No hash is -1.
                Ok(match address(object) ^ address(function) {
                    -1 => -2,
                    hash => hash,
                })
            }
            Some(_) => bail(Bail::Callback),
            None => self.0.hash(),
        }
    }

    #[inline(always)]
    fn is_object(&self, object: *mut PyObject) -> bool {
        Callable::is_object(*self, object)
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller; an object is not null.
        let (other, bound) = unsafe { (Obj::foreign(NonNull::new_unchecked(object)), is_method(object)) };
        if bound { self.equals(Callable(other)) } else { self.0.equals_in(other) }
    }
}

impl ElemOrd for Callable {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        bail(Bail::Callback)
    }
}

impl Repr for Callable {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        bail(Bail::Callback)
    }
}

/// A function that native code makes and that takes nothing from around: its number in the generated file.
#[derive(Clone, Copy, Debug)]
pub struct Inner(pub u32);

/// A function that native code makes, with its defaults and what it takes from around.
#[derive(Clone, Copy, Debug)]
pub struct Closure<T>(pub T);

/// What has no object is compared with nothing and shown to nobody.
macro_rules! native_only {
    ([$($t:ident)?] $name:ty) => {
        impl $(<$t: 'static>)? FromPy for $name {
            unsafe fn from_py(_: Cx, _: *mut PyObject) -> R<Self> {
                bail(Bail::Type)
            }

            unsafe fn matches(_: *mut PyObject) -> bool {
                false
            }
        }

        impl $(<$t>)? IntoPy for $name {
            fn into_py(self, _: Cx) -> R<*mut PyObject> {
                bail(Bail::Unsupported)
            }
        }

        impl $(<$t>)? ElemEq for $name {
            fn elem_eq(&self, _: Cx, _: &Self) -> R<bool> {
                bail(Bail::Unsupported)
            }

            fn view(&self) -> View<'_> {
                View::Function
            }
        }

        impl $(<$t>)? ElemOrd for $name {
            fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
                bail(Bail::Unsupported)
            }
        }

        impl $(<$t>)? Repr for $name {
            fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
                bail(Bail::Unsupported)
            }
        }
    };
}

native_only!([] Inner);
native_only!([T] Closure<T>);
