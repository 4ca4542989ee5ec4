//! Calls of functions, classes, methods and attributes that CPython implements in C.
//!
//! The compiler calls only what its table lists: with exact operands none of these runs Python code. What is called is
//! found without importing, and accepted only if it is C's.

use core::ffi::{CStr, c_int};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject};

use super::given::take;
use super::{Given, is_class};
#[cfg(feature = "arrays")]
use crate::array::{asked, function, ufunc};
use crate::builtins::boxed::Boxed;
use crate::builtins::c::alone;
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// At most so many arguments.
const MOST: usize = 12;

/// `hashlib` and `zlib` give up the GIL for data of this length, or more: only while there is nobody to take it.
const LONG: ffi::Py_ssize_t = 2048;

/// What is done; names are UTF-8.
enum How {
    /// `args[0].name(…)`
    Method,
    /// `args[0].name`
    Attribute,
    /// `class.name(…)`
    OfClass,
    /// `class(…)`
    Class,
    /// `function(…)`
    Function,
    Operator(Operator),
    /// A comparison of arrays.
    Compare(c_int),
    /// `function(…)` of NumPy's C module.
    Umath,
    /// `ufunc(…)`
    Ufunc,
    /// `ufunc.reduce(…)` and the like.
    OfUfunc(&'static str),
}

/// Where arrays are left out, nothing names what asks NumPy.
#[cfg(not(feature = "arrays"))]
mod without {
    use super::*;

    pub(super) fn asked(_: Cx, _: impl FnOnce() -> *mut PyObject) -> R<Temporary> {
        bail(Bail::Unsupported)
    }

    pub(super) fn function(_: &str) -> R<*mut PyObject> {
        bail(Bail::Unsupported)
    }

    pub(super) fn ufunc(_: &str, _: Option<&str>) -> R<*mut PyObject> {
        bail(Bail::Unsupported)
    }
}
#[cfg(not(feature = "arrays"))]
use without::{asked, function, ufunc};

type Operator = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

/// One operation; a `static` of its own at each place, where what was found is kept.
pub struct Call {
    how: How,
    /// Of the method or attribute.
    name: &'static str,
    /// Where the class or function is, and its name there.
    home: (&'static CStr, &'static CStr),
    /// What the class calls itself.
    full: &'static CStr,
    keywords: &'static [&'static str],
    /// The last arguments are those of the keywords.
    names: AtomicPtr<PyObject>,
    interned: AtomicPtr<PyObject>,
    target: AtomicPtr<PyObject>,
    /// Whose method the target is.
    class: AtomicPtr<ffi::PyTypeObject>,
    /// The engine of `re`, which looks at signals while it works.
    engine: bool,
    /// Gives up the GIL for long data.
    short: bool,
    /// NumPy is asked: see `crate::ndarray`.
    arrays: bool,
}

impl Call {
    const fn new(how: How, name: &'static str) -> Call {
        Call {
            how,
            name,
            home: (c"", c""),
            full: c"",
            keywords: &[],
            names: AtomicPtr::new(ptr::null_mut()),
            interned: AtomicPtr::new(ptr::null_mut()),
            target: AtomicPtr::new(ptr::null_mut()),
            class: AtomicPtr::new(ptr::null_mut()),
            engine: false,
            short: false,
            arrays: false,
        }
    }

    pub const fn method(name: &'static str) -> Call {
        Call::new(How::Method, name)
    }

    pub const fn attribute(name: &'static str) -> Call {
        Call::new(How::Attribute, name)
    }

    /// `full` is the class's own name.
    pub const fn class(module: &'static CStr, name: &'static CStr, full: &'static CStr) -> Call {
        let mut call = Call::new(How::Class, "");
        call.home = (module, name);
        call.full = full;
        call
    }

    /// A method of the class itself.
    pub const fn of_class(
        module: &'static CStr,
        class: &'static CStr,
        full: &'static CStr,
        name: &'static str,
    ) -> Call {
        let mut call = Call::new(How::OfClass, name);
        call.home = (module, class);
        call.full = full;
        call
    }

    /// A function of the C module `module`.
    pub const fn function(module: &'static CStr, name: &'static CStr) -> Call {
        let mut call = Call::new(How::Function, "");
        call.home = (module, name);
        call
    }

    pub const fn add() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Add), "")
    }

    pub const fn subtract() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Subtract), "")
    }

    pub const fn multiply() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Multiply), "")
    }

    pub const fn divide() -> Call {
        Call::new(How::Operator(ffi::PyNumber_TrueDivide), "")
    }

    pub const fn floor_divide() -> Call {
        Call::new(How::Operator(ffi::PyNumber_FloorDivide), "")
    }

    pub const fn remainder() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Remainder), "")
    }

    pub const fn divmod() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Divmod), "")
    }

    pub const fn item() -> Call {
        Call::new(How::Operator(ffi::PyObject_GetItem), "")
    }

    pub const fn negative() -> Call {
        Call::new(How::Method, "__neg__")
    }

    pub const fn positive() -> Call {
        Call::new(How::Method, "__pos__")
    }

    pub const fn absolute() -> Call {
        Call::new(How::Method, "__abs__")
    }

    pub const fn power() -> Call {
        Call::new(How::Operator(power), "")
    }

    pub const fn eq() -> Call {
        Call::new(How::Compare(ffi::Py_EQ), "")
    }

    pub const fn ne() -> Call {
        Call::new(How::Compare(ffi::Py_NE), "")
    }

    pub const fn lt() -> Call {
        Call::new(How::Compare(ffi::Py_LT), "")
    }

    pub const fn le() -> Call {
        Call::new(How::Compare(ffi::Py_LE), "")
    }

    pub const fn gt() -> Call {
        Call::new(How::Compare(ffi::Py_GT), "")
    }

    pub const fn ge() -> Call {
        Call::new(How::Compare(ffi::Py_GE), "")
    }

    pub const fn matmul() -> Call {
        Call::new(How::Operator(ffi::PyNumber_MatrixMultiply), "")
    }

    pub const fn bit_and() -> Call {
        Call::new(How::Operator(ffi::PyNumber_And), "")
    }

    pub const fn bit_or() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Or), "")
    }

    pub const fn bit_xor() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Xor), "")
    }

    pub const fn shift_left() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Lshift), "")
    }

    pub const fn shift_right() -> Call {
        Call::new(How::Operator(ffi::PyNumber_Rshift), "")
    }

    pub const fn inverted() -> Call {
        Call::new(How::Method, "__invert__")
    }

    /// A function of NumPy's C module.
    pub const fn umath(name: &'static str) -> Call {
        Call::new(How::Umath, name).arrays()
    }

    pub const fn ufunc(name: &'static str) -> Call {
        Call::new(How::Ufunc, name).arrays()
    }

    /// A method of a ufunc.
    pub const fn of_ufunc(name: &'static str, method: &'static str) -> Call {
        Call::new(How::OfUfunc(method), name).arrays()
    }

    /// Of arrays: NumPy does it.
    pub const fn arrays(mut self) -> Call {
        self.arrays = true;
        self
    }

    /// The last arguments are given by name.
    pub const fn with(mut self, keywords: &'static [&'static str]) -> Call {
        self.keywords = keywords;
        self
    }

    pub const fn engine(mut self) -> Call {
        self.engine = true;
        self
    }

    /// The GIL is kept only for short data.
    pub const fn short(mut self) -> Call {
        self.short = true;
        self
    }

    /// Calls it with exact objects.
    pub fn run<T: Given, const N: usize>(&self, cx: Cx, args: [Boxed; N]) -> R<T> {
        take(cx, self.object(cx, args)?)
    }

    /// Calls it; the object that comes out.
    pub(crate) fn object<const N: usize>(&self, cx: Cx, args: [Boxed; N]) -> R<Temporary> {
        cx.point()?;
        let mut pointers = [ptr::null_mut(); MOST];
        let Some(slots) = pointers.get_mut(1..=N) else { return bail(Bail::Unsupported) };
        for (slot, arg) in slots.iter_mut().zip(&args) {
            *slot = arg.0.ptr();
            // SAFETY: alive; the size of bytes is read.
            let long = unsafe {
                self.short && ffi::PyBytes_CheckExact(*slot) != 0 && ffi::PyBytes_Size(*slot) >= LONG
            };
            if long && !alone() {
                return bail(Bail::Threads);
            }
        }
        let result = self.call(cx, &mut pointers, N)?;
        if self.engine {
            cx.poll(&mut 0)?;
        }
        Ok(result)
    }

    /// The arguments stand behind one slot that is free.
    fn call(&self, cx: Cx, args: &mut [*mut PyObject; MOST], count: usize) -> R<Temporary> {
        cx.before_tracked();
        let names = self.keyword_names()?;
        let positional = count - self.keywords.len();
        let call =
            |start: usize, function: *mut PyObject, name: *mut PyObject, args: &[*mut PyObject; MOST]| {
                let (given, extra) = (args[start..].as_ptr(), 1 - start);
                // SAFETY: exact objects that are alive; as many as the count and the names say.
                unsafe {
                    if name.is_null() {
                        ffi::PyObject_Vectorcall(function, given, positional, names)
                    } else {
                        ffi::PyObject_VectorcallMethod(name, given, positional + extra, names)
                    }
                }
            };
        let none = ptr::null_mut();
        let made = match self.how {
            How::Method => {
                let name = self.name()?;
                if self.arrays {
                    return asked(cx, || call(1, none, name, args));
                }
                match self.method_of(args[1], name)? {
                    // It takes what it is called on as its first argument.
                    Some(function) => {
                        // SAFETY: exact objects that are alive; as many as the count and the names say.
                        Self::made(|| unsafe {
                            ffi::PyObject_Vectorcall(function, args[1..].as_ptr(), positional, names)
                        })
                    }
                    None => Self::made(|| call(1, none, name, args)),
                }
            }
            How::OfClass => {
                args[0] = self.target(true)?;
                let name = self.name()?;
                Self::made(|| call(0, none, name, args))
            }
            How::Class | How::Function => {
                let target = self.target(matches!(self.how, How::Class))?;
                Self::made(|| call(1, target, none, args))
            }
            How::Attribute => {
                let name = self.name()?;
                // SAFETY: the object is alive, and its class has a C function for the attribute.
                Self::made(|| unsafe { ffi::PyObject_GetAttr(args[1], name) })
            }
            How::Compare(op) => {
                // SAFETY: both are alive.
                return asked(cx, || unsafe { ffi::PyObject_RichCompare(args[1], args[2], op) });
            }
            // SAFETY: both are alive.
            How::Operator(f) if self.arrays => return asked(cx, || unsafe { f(args[1], args[2]) }),
            // SAFETY: both are alive.
            How::Operator(f) => Self::made(|| unsafe { f(args[1], args[2]) }),
            How::Umath | How::Ufunc | How::OfUfunc(_) => {
                let target = self.of_numpy()?;
                return asked(cx, || call(1, target, none, args));
            }
        };
        Ok(Temporary(made?))
    }

    /// The method of C's that the name is in the class of `object`, as the class has it, if nobody can change that: found
    /// once for the first class, not at each call.
    fn method_of(&self, object: *mut PyObject, name: *mut PyObject) -> R<Option<*mut PyObject>> {
        // SAFETY: the object is alive, and so is its class, which is never freed where it is kept.
        unsafe {
            let class = ffi::Py_TYPE(object);
            let asked = self.class.load(Relaxed);
            if asked.is_null() && ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_IMMUTABLETYPE) != 0 {
                let found = undisturbed(|| c::owned(ffi::PyObject_GetAttr(class.cast(), name)))?.as_ptr();
                if ptr::eq(ffi::Py_TYPE(found), &raw mut ffi::PyMethodDescr_Type) {
                    self.target.store(found, Relaxed);
                } else {
                    ffi::Py_DECREF(found);
                }
                ffi::Py_INCREF(class.cast());
                self.class.store(class, Relaxed);
            } else if !ptr::eq(asked, class) {
                return Ok(None);
            }
            let found = self.target.load(Relaxed);
            Ok((!found.is_null()).then_some(found))
        }
    }

    /// What NumPy has, kept for good.
    fn of_numpy(&self) -> R<*mut PyObject> {
        let known = self.target.load(Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        let fresh = match self.how {
            How::OfUfunc(method) => ufunc(self.name, Some(method)),
            How::Ufunc => ufunc(self.name, None),
            _ => function(self.name),
        }?;
        self.target.store(fresh, Relaxed);
        Ok(fresh)
    }

    fn made(call: impl FnOnce() -> *mut PyObject) -> R<ptr::NonNull<PyObject>> {
        // SAFETY: a new reference, or an exception is set.
        undisturbed(|| unsafe { c::owned(call()) })
    }

    /// The name, interned; kept for good.
    fn name(&self) -> R<*mut PyObject> {
        let known = self.interned.load(Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        let fresh = intern(self.name)?;
        self.interned.store(fresh, Relaxed);
        Ok(fresh)
    }

    /// The tuple of the keywords; null if there are none.
    fn keyword_names(&self) -> R<*mut PyObject> {
        let known = self.names.load(Relaxed);
        if self.keywords.is_empty() || !known.is_null() {
            return Ok(known);
        }
        // SAFETY: every slot of the new tuple gets a reference before anyone sees it.
        unsafe {
            let tuple = Temporary(c::owned(ffi::PyTuple_New(self.keywords.len() as ffi::Py_ssize_t))?);
            for (i, name) in self.keywords.iter().enumerate() {
                ffi::PyTuple_SET_ITEM(tuple.ptr(), i as ffi::Py_ssize_t, intern(name)?);
            }
            let fresh = tuple.ptr();
            core::mem::forget(tuple);
            self.names.store(fresh, Relaxed);
            Ok(fresh)
        }
    }

    /// The class or function, kept for good.
    fn target(&self, class: bool) -> R<*mut PyObject> {
        let known = self.target.load(Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        let (module, name) = self.home;
        // SAFETY: the GIL is held; all results are borrowed, and what is kept gets a reference of its own.
        unsafe {
            let (module, found) = item(module, name)?;
            let pristine = !found.is_null()
                && if class {
                    ffi::PyType_Check(found) != 0 && is_class(found.cast(), self.full)
                } else {
                    ffi::PyCFunction_CheckExact(found) != 0
                        && ptr::eq(ffi::PyCFunction_GetSelf(found), module)
                };
            if !pristine {
                return bail(Bail::Guard);
            }
            ffi::Py_INCREF(found);
            self.target.store(found, Relaxed);
            Ok(found)
        }
    }
}

/// A module that has been imported, and what it has under this name (or null); both are borrowed.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn item(module: &CStr, name: &CStr) -> R<(*mut PyObject, *mut PyObject)> {
    // SAFETY: all results are borrowed.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        if modules.is_null() || ffi::PyDict_CheckExact(modules) == 0 {
            return bail(Bail::Unsupported);
        }
        let module = ffi::PyDict_GetItemString(modules, module.as_ptr());
        if module.is_null() || ffi::PyModule_Check(module) == 0 {
            return bail(Bail::Unsupported);
        }
        Ok((module, ffi::PyDict_GetItemString(ffi::PyModule_GetDict(module), name.as_ptr())))
    }
}

/// `a ** b`
unsafe extern "C" fn power(a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    // SAFETY: by the caller, both are alive.
    unsafe { ffi::PyNumber_Power(a, b, ffi::Py_None()) }
}

/// A new reference to the interned name.
fn intern(name: &str) -> R<*mut PyObject> {
    // SAFETY: the GIL is held; the text is UTF-8 of that length, and the slot holds a reference.
    unsafe {
        let mut object =
            c::owned(ffi::PyUnicode_FromStringAndSize(name.as_ptr().cast(), name.len() as ffi::Py_ssize_t))?
                .as_ptr();
        ffi::PyUnicode_InternInPlace(&mut object);
        Ok(object)
    }
}
