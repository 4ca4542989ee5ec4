//! Exact instances of classes that CPython implements in C: dates, patterns, matches. Borrowed objects, asked through
//! CPython's own functions, which run no Python code on exact operands.

mod call;
mod classes;
mod clock;
mod fields;
mod given;
#[cfg(any(feature = "arrays", feature = "rare"))]
#[cfg_attr(not(feature = "rare"), expect(dead_code, reason = "`ndarray` is looked up by other means"))]
mod known;
mod regex;
mod strftime;

pub use call::Call;
#[cfg(feature = "regex")]
pub(crate) use call::item;
pub use classes::*;
pub use clock::date_today;
pub use fields::*;
pub use given::Given;
#[cfg(any(feature = "arrays", feature = "regex"))]
pub(crate) use given::take;
#[cfg(any(feature = "arrays", feature = "rare"))]
pub(crate) use known::KnownClass;
#[cfg(feature = "arrays")]
pub(crate) use known::class_in;
#[cfg(feature = "regex")]
pub(crate) use regex::{Piece, iterator, template};
pub use regex::{all_matches, cached, compiled, sub, subn};
pub use strftime::{Dated, formatted, strftime};

use core::cmp::Ordering;
use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::elem::{ElemEq, ElemOrd, Key, View, differs_plainly};
use crate::fmt::Repr;
use crate::obj::Obj;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::strs::Str;
use crate::txn::Cx;

/// A class of CPython's own whose instances hold nothing of Python's making.
pub trait ForeignClass: 'static {
    /// What the class calls itself in C: module and name.
    const NAME: &'static CStr;

    /// The class once it has been seen; strongly held for good.
    fn seen() -> &'static AtomicPtr<PyTypeObject>;

    /// Is it the class?
    ///
    /// # Safety
    /// `class` is alive.
    unsafe fn is_it(class: *mut PyTypeObject) -> bool {
        // SAFETY: by the caller.
        unsafe { is_class(class, Self::NAME) }
    }

    /// Does the text of an instance say nothing that native code holds back?
    const SHOWN: bool = true;

    /// May Python be given an instance?
    const LEAVES: bool = true;

    /// What must hold of an instance besides its class, so that no function of the class runs Python code.
    ///
    /// # Safety
    /// `object` is alive, and an exact instance.
    #[inline(always)]
    unsafe fn is_plain(_object: *mut PyObject) -> bool {
        true
    }

    /// How two instances compare, where what they keep in themselves tells.
    ///
    /// # Safety
    /// Exact instances, which are alive and plain.
    #[inline(always)]
    unsafe fn order(_a: *mut PyObject, _b: *mut PyObject) -> Option<Ordering> {
        None
    }
}

/// Is it the class of that name which C code made: no Python class can have the flag.
///
/// # Safety
/// `class` is alive.
pub(crate) unsafe fn is_class(class: *mut PyTypeObject, name: &CStr) -> bool {
    // SAFETY: by the caller; a class has a name.
    unsafe {
        (*class).tp_flags & ffi::Py_TPFLAGS_IMMUTABLETYPE != 0 && CStr::from_ptr((*class).tp_name) == name
    }
}

/// An exact instance of the class. The transaction keeps it alive.
#[repr(transparent)]
pub struct Foreign<C> {
    object: NonNull<PyObject>,
    class: PhantomData<fn() -> C>,
}

impl<C> Clone for Foreign<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Foreign<C> {}

impl Foreign<Exception> {
    /// What a handler has caught.
    ///
    /// # Safety
    /// An exact instance of a builtin class, which the transaction keeps.
    pub(crate) unsafe fn caught(object: NonNull<PyObject>) -> Self {
        Foreign { object, class: PhantomData }
    }
}

impl<C: ForeignClass> Foreign<C> {
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    /// An instance that native code has made.
    ///
    /// # Safety
    /// An exact instance, which the transaction keeps.
    #[cfg(feature = "rare")]
    pub(crate) unsafe fn made(object: NonNull<PyObject>) -> Self {
        Foreign { object, class: PhantomData }
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is(self, other: Self) -> bool {
        self.object == other.object
    }

    /// `type(self).__name__`
    pub fn class_name(self) -> R<Str> {
        Obj::foreign(self.object).class_name()
    }

    /// `bool(self)`.
    pub fn truth(self) -> R<bool> {
        // SAFETY: alive, and the class has at most a C function for it.
        match unsafe { ffi::PyObject_IsTrue(self.as_ptr()) } {
            -1 => Err(c::raised()),
            truth => Ok(truth == 1),
        }
    }

    /// A comparison between instances of one class, done in C.
    #[inline]
    fn compared(self, cx: Cx, other: Self, op: i32) -> R<bool> {
        // SAFETY: both are alive and plain.
        if let Some(order) = unsafe { C::order(self.as_ptr(), other.as_ptr()) } {
            return Ok(match op {
                ffi::Py_EQ => order.is_eq(),
                ffi::Py_NE => order.is_ne(),
                ffi::Py_LT => order.is_lt(),
                ffi::Py_LE => order.is_le(),
                ffi::Py_GT => order.is_gt(),
                _ => order.is_ge(),
            });
        }
        self.asked(cx, other, op)
    }

    fn asked(self, cx: Cx, other: Self, op: i32) -> R<bool> {
        cx.before_tracked();
        // SAFETY: both are alive and plain; the result is a bool, or an exception is set.
        unsafe {
            let result =
                undisturbed(|| c::owned(ffi::PyObject_RichCompare(self.as_ptr(), other.as_ptr(), op)))?;
            let result = Temporary(result);
            bool::from_py(cx, result.ptr())
        }
    }

    fn text(self, cx: Cx, make: unsafe extern "C" fn(*mut PyObject) -> *mut PyObject) -> R<Str> {
        if !C::SHOWN {
            return bail(Bail::Unsupported);
        }
        cx.before_tracked();
        // SAFETY: alive and plain: the text is made in C.
        unsafe {
            let text = Temporary(undisturbed(|| c::owned(make(self.as_ptr())))?);
            Str::from_py(cx, text.ptr())
        }
    }

    #[cold]
    unsafe fn first_seen(object: *mut PyObject) -> bool {
        // SAFETY: by the caller of `exact`; the class is kept.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if !C::is_it(class) {
                return false;
            }
            ffi::Py_INCREF(class.cast());
            C::seen().store(class, Relaxed);
            true
        }
    }

    /// Is it an exact instance?
    #[inline]
    unsafe fn exact(object: *mut PyObject) -> bool {
        // SAFETY: by the caller, alive.
        unsafe {
            (core::ptr::eq(ffi::Py_TYPE(object), C::seen().load(Relaxed)) || Self::first_seen(object))
                && C::is_plain(object)
        }
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $op:ident;)+) => { $(
        $(#[$doc])*
        pub fn $name<C: ForeignClass>(cx: Cx, a: Foreign<C>, b: Foreign<C>) -> R<bool> {
            a.compared(cx, b, ffi::$op)
        }
    )+ };
}

comparisons! {
    /// `a == b`
    eq Py_EQ;
    /// `a != b`
    ne Py_NE;
    /// `a < b`
    lt Py_LT;
    /// `a <= b`
    le Py_LE;
    /// `a > b`
    gt Py_GT;
    /// `a >= b`
    ge Py_GE;
}

impl<C: ForeignClass> FromPy for Foreign<C> {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller; an object is not null.
        unsafe {
            if !Self::exact(object) {
                return bail(Bail::Type);
            }
            cx.sees_object();
            Ok(Foreign { object: NonNull::new_unchecked(object), class: PhantomData })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: by the caller.
        unsafe { Self::exact(object) }
    }
}

impl<C: ForeignClass> IntoPy for Foreign<C> {
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        if !C::LEAVES {
            return bail(Bail::Exception);
        }
        // SAFETY: the transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}

impl<C: ForeignClass> Scalar for Foreign<C> {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.as_ptr())).map(Temporary).map(Boxed) }
    }
}

impl<C: ForeignClass> ElemEq for Foreign<C> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(*other) { Ok(true) } else { self.compared(cx, *other, ffi::Py_EQ) }
    }

    fn view(&self) -> View<'_> {
        View::Obj(Obj::foreign(self.object))
    }
}

impl<C: ForeignClass> ElemOrd for Foreign<C> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        if self.compared(cx, *other, ffi::Py_LT)? {
            return Ok(Ordering::Less);
        }
        Ok(if self.compared(cx, *other, ffi::Py_EQ)? { Ordering::Equal } else { Ordering::Greater })
    }
}

impl<C: ForeignClass> Key for Foreign<C> {
    type Stored = Self;

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        Ok(self.py_hash(cx)? as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        cx.before_tracked();
        // SAFETY: alive and plain: hashed in C.
        match undisturbed(|| unsafe { ffi::PyObject_Hash(self.as_ptr()) }) {
            -1 => Err(c::raised()),
            hash => Ok(hash),
        }
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: by the caller.
        unsafe {
            if Self::exact(object) {
                let other = Foreign { object: NonNull::new_unchecked(object), class: PhantomData };
                return self.elem_eq(cx, &other);
            }
            differs_plainly(object, false, false)
        }
    }
}

impl<C: ForeignClass> Repr for Foreign<C> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_str(&self.text(cx, ffi::PyObject_Repr)?)
    }

    fn push_str_of(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_str(&self.text(cx, ffi::PyObject_Str)?)
    }
}
