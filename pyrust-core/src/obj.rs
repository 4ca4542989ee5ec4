//! Opaque objects: passed on, stored, compared by identity, never touched.

pub mod dynamic;
mod each;

use core::ptr::NonNull;

use pyo3_ffi::{self as ffi, PyObject};

use crate::boundary::layout;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, Exc, R, bail};
use crate::strs::Str;
use crate::txn::Cx;

/// A borrowed object; the transaction keeps it alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Obj(NonNull<PyObject>);

impl Obj {
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// One that is known to be of some class of C's.
    #[inline(always)]
    pub fn foreign(object: NonNull<PyObject>) -> Obj {
        Obj(object)
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is(self, other: Obj) -> bool {
        self.0 == other.0
    }

    /// `self is None`.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        // SAFETY: Compares pointers.
        unsafe { pyo3_ffi::Py_IsNone(self.as_ptr()) != 0 }
    }

    /// `self is True`, or `self is False`.
    #[inline(always)]
    pub fn is_bool(self, value: bool) -> bool {
        // SAFETY: Compares pointers.
        unsafe { core::ptr::eq(self.as_ptr(), if value { ffi::Py_True() } else { ffi::Py_False() }) }
    }
}

/// The builtin classes that `isinstance` is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Int,
    Float,
    Bool,
    Str,
    Bytes,
    List,
    Dict,
    Tuple,
    Range,
    Set,
    FrozenSet,
    Complex,
    ByteArray,
    MemoryView,
    Slice,
    NoneType,
}

impl Class {
    fn object(self) -> *mut ffi::PyTypeObject {
        match self {
            Class::Int => &raw mut ffi::PyLong_Type,
            Class::Float => &raw mut ffi::PyFloat_Type,
            Class::Bool => &raw mut ffi::PyBool_Type,
            Class::Str => &raw mut ffi::PyUnicode_Type,
            Class::Bytes => &raw mut ffi::PyBytes_Type,
            Class::List => &raw mut ffi::PyList_Type,
            Class::Dict => &raw mut ffi::PyDict_Type,
            Class::Tuple => &raw mut ffi::PyTuple_Type,
            Class::Range => &raw mut ffi::PyRange_Type,
            Class::Set => &raw mut ffi::PySet_Type,
            Class::FrozenSet => &raw mut ffi::PyFrozenSet_Type,
            Class::Complex => &raw mut ffi::PyComplex_Type,
            Class::ByteArray => &raw mut ffi::PyByteArray_Type,
            Class::MemoryView => &raw mut ffi::PyMemoryView_Type,
            Class::Slice => &raw mut ffi::PySlice_Type,
            // SAFETY: `None` is alive.
            Class::NoneType => unsafe { ffi::Py_TYPE(ffi::Py_None()) },
        }
    }

    /// What CPython marks the class and all that are derived from it with; 0 for those that have no such mark.
    #[inline(always)]
    fn flag(self) -> core::ffi::c_ulong {
        match self {
            Class::Int => ffi::Py_TPFLAGS_LONG_SUBCLASS,
            Class::List => ffi::Py_TPFLAGS_LIST_SUBCLASS,
            Class::Tuple => ffi::Py_TPFLAGS_TUPLE_SUBCLASS,
            Class::Bytes => ffi::Py_TPFLAGS_BYTES_SUBCLASS,
            Class::Str => ffi::Py_TPFLAGS_UNICODE_SUBCLASS,
            Class::Dict => ffi::Py_TPFLAGS_DICT_SUBCLASS,
            _ => 0,
        }
    }
}

impl Class {
    /// The class as a value.
    pub fn value(self) -> Obj {
        // SAFETY: builtin classes always are.
        unsafe { Obj(NonNull::new_unchecked(self.object().cast())) }
    }
}

impl Obj {
    /// `NotImplemented`
    pub fn not_implemented(cx: Cx) -> Obj {
        cx.sees_object();
        // SAFETY: there is one, which lives as long as the process.
        unsafe { Obj(NonNull::new_unchecked(ffi::Py_NotImplemented())) }
    }

    /// A builtin class of exceptions.
    pub fn exception(cx: Cx, exc: Exc) -> Obj {
        cx.sees_object();
        // SAFETY: as above.
        unsafe { Obj(NonNull::new_unchecked(crate::caught::object(exc))) }
    }

    /// `...`
    pub fn ellipsis(cx: Cx) -> Obj {
        cx.sees_object();
        // SAFETY: as above.
        unsafe { Obj(NonNull::new_unchecked(ffi::Py_Ellipsis())) }
    }

    /// `object()`.
    pub fn plain(cx: Cx) -> R<Obj> {
        // SAFETY: making an instance of that class runs no Python code, and it is not tracked by the collector.
        unsafe { Obj::made(cx, ffi::PyObject_CallNoArgs((&raw mut ffi::PyBaseObject_Type).cast())) }
    }

    /// An object that was just made; null is a failed allocation.
    ///
    /// # Safety
    /// `object` is null or a strong reference, which is given away.
    pub unsafe fn made(cx: Cx, object: *mut PyObject) -> R<Obj> {
        cx.sees_object();
        // SAFETY: By the caller.
        unsafe { Ok(Obj(cx.adopt(object)?)) }
    }

    /// `None`, which nobody needs to keep alive.
    #[inline(always)]
    pub fn none() -> Obj {
        // SAFETY: The singleton lives for ever, and is not null.
        Obj(unsafe { NonNull::new_unchecked(ffi::Py_None()) })
    }

    /// A value as an object: what was unboxed is boxed again.
    pub fn of<T: IntoPy>(cx: Cx, value: T) -> R<Obj> {
        cx.sees_object();
        let object = value.into_py(cx)?;
        // SAFETY: a strong reference, which the transaction takes.
        unsafe { Ok(Obj(cx.adopt(object)?)) }
    }

    /// The object as a value of an exact type; another one bails.
    #[inline]
    pub fn to<T: FromPy>(self, cx: Cx) -> R<T> {
        // SAFETY: the transaction keeps the object alive.
        unsafe { T::from_py(cx, self.as_ptr()) }
    }

    /// `type(self)`
    pub fn class(self) -> Obj {
        // SAFETY: the transaction keeps the object alive, and the object its class.
        unsafe { Obj(NonNull::new_unchecked(ffi::Py_TYPE(self.as_ptr()).cast())) }
    }

    /// `self.__class__`. An object that may say something else than its class bails.
    pub fn class_said(self) -> R<Obj> {
        let class = self.class();
        // SAFETY: the transaction keeps the object alive, and the object its class.
        if unsafe { tells_its_class(class.as_ptr().cast()) } { Ok(class) } else { bail(Bail::Callback) }
    }

    /// `issubclass(self, class)`. Where Python code may decide it bails.
    pub fn is_subclass(self, cx: Cx, class: Obj) -> R<bool> {
        // SAFETY: the transaction keeps both alive; what is no class is not looked into.
        unsafe {
            if ffi::PyType_Check(self.as_ptr()) == 0 {
                return bail(Bail::Callback);
            }
            is_below(cx, self.as_ptr().cast(), class.as_ptr(), MOST_TUPLES)
        }
    }

    /// `isinstance(self, class)`. An object that may say something else about its class bails.
    #[inline]
    pub fn is_instance(self, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive, and the object its class.
        unsafe {
            let own = ffi::Py_TYPE(self.as_ptr());
            let below = match class.flag() {
                0 => core::ptr::eq(own, class.object()) || ffi::PyType_IsSubtype(own, class.object()) != 0,
                flag => (*own).tp_flags & flag != 0,
            };
            if below {
                return Ok(true);
            }
            if tells_its_class(own) { Ok(false) } else { bail(Bail::Callback) }
        }
    }

    /// False; bails for an object of a class that `match` takes for a sequence: one of `list`, `tuple` and `range` is none.
    pub fn is_no_other_sequence(self) -> R<bool> {
        self.is_without(ffi::Py_TPFLAGS_SEQUENCE)
    }

    /// The same of mappings; one of `dict` is none.
    pub fn is_no_other_mapping(self) -> R<bool> {
        self.is_without(ffi::Py_TPFLAGS_MAPPING)
    }

    fn is_without(self, flag: core::ffi::c_ulong) -> R<bool> {
        // SAFETY: the transaction keeps the object alive, and the object its class.
        let flags = unsafe { (*ffi::Py_TYPE(self.as_ptr())).tp_flags };
        if flags & flag == 0 { Ok(false) } else { bail(Bail::Unsupported) }
    }

    /// `type(self) == class`. A class of a metaclass that may compare otherwise bails.
    pub fn is_exactly(self, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive, and the object its class; builtin classes always are.
        unsafe { is_same_class(ffi::Py_TYPE(self.as_ptr()), class.object().cast()) }
    }

    /// `self is x` for an `x` of exactly that class, which is not at hand as an object: an object of the same class bails.
    pub fn is_one_of(self, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive.
        match unsafe { ffi::Py_TYPE(self.as_ptr()) == class.object() } {
            true => bail(Bail::Alias),
            false => Ok(false),
        }
    }

    /// `isinstance(x, self)` for an exact instance of the builtin class. A class whose metaclass may decide bails.
    pub fn has_instances(self, cx: Cx, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive; builtin classes always are.
        unsafe { is_derived(cx, class.object(), self.as_ptr(), MOST_TUPLES) }
    }

    /// As [`Obj::has_instances`], where the types behind the test rely on that answer: another one bails.
    pub fn has_as_told(self, cx: Cx, class: Class, told: bool) -> R<bool> {
        match self.has_instances(cx, class)? == told {
            true => Ok(told),
            false => bail(Bail::Type),
        }
    }

    /// `isinstance(object, self)`. An object that may say something else about its class bails.
    pub fn has_instance(self, cx: Cx, object: Obj) -> R<bool> {
        // SAFETY: the transaction keeps both alive, and the object its class.
        unsafe {
            let own = ffi::Py_TYPE(object.as_ptr());
            if !tells_its_class(own) {
                return bail(Bail::Callback);
            }
            is_derived(cx, own, self.as_ptr(), MOST_TUPLES)
        }
    }

    /// `type(x) == self` for an exact instance of the builtin class. What may compare itself with Python code bails.
    pub fn is_class(self, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive; builtin classes always are.
        unsafe { is_same_class(class.object(), self.as_ptr()) }
    }

    /// `type(object) == self`.
    pub fn is_class_of(self, object: Obj) -> R<bool> {
        // SAFETY: the transaction keeps both alive, and the object its class.
        unsafe { is_same_class(ffi::Py_TYPE(object.as_ptr()), self.as_ptr()) }
    }

    /// `type(self).__name__`. A class of a metaclass that may say something else bails.
    pub fn class_name(self) -> R<Str> {
        self.class().name()
    }

    /// `self.__name__` of a class. One of a metaclass that may say something else bails.
    pub(crate) fn name(self) -> R<Str> {
        // SAFETY: the transaction keeps the object alive; the name of a class whose class is `type` is C's to tell, as
        // a new reference to a `str`.
        unsafe {
            let class = self.as_ptr().cast::<ffi::PyTypeObject>();
            let is_plain = core::ptr::eq(ffi::Py_TYPE(class.cast()), &raw mut ffi::PyType_Type);
            if !is_plain && !crate::object::is_abstract(class.cast()) {
                return bail(Bail::Callback);
            }
            let name = ffi::PyType_GetName(class);
            if ffi::PyUnicode_CheckExact(name) == 0 {
                ffi::Py_DECREF(name);
                return bail(Bail::Type);
            }
            Str::from_owned(name)
        }
    }

    /// `type(x) in self` for an exact instance of the builtin class and an exact tuple or list.
    pub fn lists_class(self, class: Class) -> R<bool> {
        // SAFETY: the transaction keeps the object alive; builtin classes always are.
        unsafe { is_listed(class.object(), self.as_ptr()) }
    }

    /// `type(object) in self`.
    pub fn lists_class_of(self, object: Obj) -> R<bool> {
        // SAFETY: the transaction keeps both alive, and the object its class.
        unsafe { is_listed(ffi::Py_TYPE(object.as_ptr()), self.as_ptr()) }
    }

    /// `bool(self)` of builtins whose truth needs no Python code.
    pub fn truth(self) -> R<bool> {
        // SAFETY: the transaction keeps the object alive; of these exact types no Python code is asked.
        unsafe {
            if self.is_none() {
                return Ok(false);
            }
            if !is_builtin(ffi::Py_TYPE(self.as_ptr())) {
                return bail(Bail::Callback);
            }
            Ok(ffi::PyObject_IsTrue(self.as_ptr()) == 1)
        }
    }

    /// `self is other`. Numbers and texts may have been boxed anew.
    pub fn same(self, other: Obj) -> R<bool> {
        // SAFETY: the transaction keeps the objects alive.
        unsafe {
            let (one, two) = (ffi::Py_TYPE(self.as_ptr()), ffi::Py_TYPE(other.as_ptr()));
            if core::ptr::eq(one, two) && !core::ptr::eq(self.as_ptr(), other.as_ptr()) && is_value(one) {
                return bail(Bail::Alias);
            }
        }
        Ok(self.is(other))
    }

    /// Does its class leave `==` to `object`, which compares addresses?
    #[inline]
    pub(crate) fn compares_identity(self) -> bool {
        // SAFETY: the transaction keeps the object alive, and the object its class, which is ready.
        unsafe {
            let of = |ty: *mut ffi::PyTypeObject| (*ty).tp_richcompare.map(|compare| compare as usize);
            of(ffi::Py_TYPE(self.as_ptr())) == of(&raw mut ffi::PyBaseObject_Type)
        }
    }

    /// Does its class leave `hash` to `object` too?
    #[inline]
    fn hashes_identity(self) -> bool {
        // SAFETY: the transaction keeps the object alive, and the object its class, which is ready.
        unsafe {
            let of = |ty: *mut ffi::PyTypeObject| (*ty).tp_hash.map(|hash| hash as usize);
            self.compares_identity() && of(ffi::Py_TYPE(self.as_ptr())) == of(&raw mut ffi::PyBaseObject_Type)
        }
    }

    /// `self == other` of numbers, texts and tuples of those, and of what only ever is equal to itself.
    pub fn equals(self, other: Obj) -> R<bool> {
        // SAFETY: the transaction keeps the objects alive.
        unsafe {
            if let Some(equal) = common_equal(self.as_ptr(), other.as_ptr()) {
                return Ok(equal);
            }
            if is_scalar(self.as_ptr()) && is_scalar(other.as_ptr()) {
                return scalars_equal(self.as_ptr(), other.as_ptr());
            }
            // `==` asks an object about itself too.
            if self.is(other) && !is_plain(self.as_ptr(), MOST_TUPLES) && !self.compares_identity() {
                return bail(Bail::Callback);
            }
        }
        self.equals_in(other)
    }

    /// Identical or equal, as containers see it. Two NaNs bail: they have been boxed anew, perhaps.
    pub(crate) fn equals_in(self, other: Obj) -> R<bool> {
        // SAFETY: the transaction keeps the objects alive; of plain values no Python code is asked.
        unsafe { equal_in(self.as_ptr(), other.as_ptr()) }
    }

    /// `hash(self)` of numbers, texts, tuples of those, and of what is hashed by its address.
    pub(crate) fn hash(self) -> R<isize> {
        // SAFETY: the transaction keeps the object alive; hashing these runs no Python code.
        unsafe {
            if layout::is_str(self.as_ptr()) {
                let known = layout::str_known_hash(self.as_ptr());
                if known != -1 {
                    return Ok(known);
                }
            }
            if !is_plain(self.as_ptr(), MOST_TUPLES) && !self.hashes_identity() {
                return bail(Bail::Callback);
            }
            match ffi::PyObject_Hash(self.as_ptr()) {
                -1 => {
                    ffi::PyErr_Clear();
                    bail(Bail::Memory)
                }
                hash => Ok(hash),
            }
        }
    }
}

/// `None`, an exact number or text, or a function of C's, which compares like an address.
///
/// # Safety
/// `object` is alive.
unsafe fn is_scalar(object: *mut PyObject) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let ty = ffi::Py_TYPE(object);
        ffi::Py_IsNone(object) != 0
            || core::ptr::eq(ty, &raw mut ffi::PyCFunction_Type)
            || (is_value(ty) && !core::ptr::eq(ty, &raw mut ffi::PyTuple_Type))
    }
}

/// A number for the kind of an exact container, which is equal only to one of its kind.
///
/// # Safety
/// `object` is alive.
unsafe fn container(object: *mut PyObject) -> Option<u8> {
    // SAFETY: by the caller.
    let ty = unsafe { ffi::Py_TYPE(object) };
    [
        (&raw mut ffi::PyList_Type, 0),
        (&raw mut ffi::PyDict_Type, 1),
        (&raw mut ffi::PySet_Type, 2),
        (&raw mut ffi::PyFrozenSet_Type, 2),
    ]
    .into_iter()
    .find_map(|(known, kind)| core::ptr::eq(ty, known).then_some(kind))
}

/// A scalar that is equal to itself, or an exact tuple of those, which may be nested so deep.
///
/// # Safety
/// `object` is alive.
pub(crate) unsafe fn is_plain(object: *mut PyObject, depth: usize) -> bool {
    // SAFETY: by the caller; a tuple holds its items.
    unsafe {
        if ffi::PyFloat_CheckExact(object) != 0 {
            return !ffi::PyFloat_AS_DOUBLE(object).is_nan();
        }
        if ffi::PyComplex_CheckExact(object) != 0 {
            return !ffi::PyComplex_RealAsDouble(object).is_nan()
                && !ffi::PyComplex_ImagAsDouble(object).is_nan();
        }
        if ffi::PyTuple_CheckExact(object) == 0 {
            return is_scalar(object);
        }
        depth > 0
            && (0..ffi::PyTuple_Size(object)).all(|at| is_plain(ffi::PyTuple_GetItem(object, at), depth - 1))
    }
}

/// `a == b` of scalars. A comparison that may warn (`python -b`) bails.
///
/// # Safety
/// Both are alive.
unsafe fn scalars_equal(a: *mut PyObject, b: *mut PyObject) -> R<bool> {
    // SAFETY: by the caller; comparing these exact types runs no Python code.
    unsafe {
        let is_bytes = |object| ffi::PyBytes_CheckExact(object) != 0;
        let is_warned =
            |object| ffi::PyUnicode_CheckExact(object) != 0 || ffi::PyLong_CheckExact(object) != 0;
        if (is_bytes(a) && is_warned(b)) || (is_warned(a) && is_bytes(b)) {
            return bail(Bail::Warning);
        }
        let equal = ffi::PyObject_RichCompare(a, b, ffi::Py_EQ);
        if equal.is_null() {
            ffi::PyErr_Clear();
            return bail(Bail::Memory);
        }
        let is_true = core::ptr::eq(equal, ffi::Py_True());
        ffi::Py_DECREF(equal);
        Ok(is_true)
    }
}

/// Whether two texts or two ints of 64 bits are equal, which is what most keys are; none for anything else.
///
/// # Safety
/// Both are alive.
#[inline]
unsafe fn common_equal(a: *mut PyObject, b: *mut PyObject) -> Option<bool> {
    // SAFETY: by the caller.
    unsafe {
        if layout::is_str(a) && layout::is_str(b) {
            // A text has the smallest kind that holds it.
            let ((here, len, kind), (there, other, wide)) = (layout::str_parts(a)?, layout::str_parts(b)?);
            let bytes = |data: NonNull<u8>| core::slice::from_raw_parts(data.as_ptr(), len * kind as usize);
            return Some(len == other && kind == wide && bytes(here) == bytes(there));
        }
        if layout::is_int(a) && layout::is_int(b) {
            return Some(layout::int_value(a)? == layout::int_value(b)?);
        }
        None
    }
}

/// [`Obj::equals_in`].
///
/// # Safety
/// Both are alive.
unsafe fn equal_in(a: *mut PyObject, b: *mut PyObject) -> R<bool> {
    // SAFETY: by the caller; tuples hold their items.
    unsafe {
        if core::ptr::eq(a, b) {
            return Ok(true);
        }
        if let Some(equal) = common_equal(a, b) {
            return Ok(equal);
        }
        let (left, right) = (is_plain(a, MOST_TUPLES), is_plain(b, MOST_TUPLES));
        if is_scalar(a) && is_scalar(b) {
            return if left || right { scalars_equal(a, b) } else { bail(Bail::Nan) };
        }
        if !(left && right) {
            // Neither knows the other's class.
            let alone = |object| is_scalar(object) || Obj(NonNull::new_unchecked(object)).compares_identity();
            let (one, two) = (container(a), container(b));
            let known = (left || one.is_some() || alone(a)) && (right || two.is_some() || alone(b));
            let apart = known && (one.is_none() || one != two);
            return if apart { Ok(false) } else { bail(Bail::Callback) };
        }
        let is_tuple = |object| ffi::PyTuple_CheckExact(object) != 0;
        match (is_tuple(a), is_tuple(b)) {
            (true, true) if ffi::PyTuple_Size(a) == ffi::PyTuple_Size(b) => {
                for at in 0..ffi::PyTuple_Size(a) {
                    if !equal_in(ffi::PyTuple_GetItem(a, at), ffi::PyTuple_GetItem(b, at))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Exact builtins whose identity native code does not keep.
unsafe fn is_value(ty: *mut ffi::PyTypeObject) -> bool {
    [
        &raw mut ffi::PyLong_Type,
        &raw mut ffi::PyFloat_Type,
        &raw mut ffi::PyBool_Type,
        &raw mut ffi::PyUnicode_Type,
        &raw mut ffi::PyBytes_Type,
        &raw mut ffi::PyComplex_Type,
        &raw mut ffi::PyTuple_Type,
    ]
    .iter()
    .any(|known| core::ptr::eq(ty, *known))
}

/// Exact builtins that have neither a `__class__` nor a truth of Python's making.
unsafe fn is_builtin(ty: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live class, by the caller; else pointers are compared.
    unsafe {
        // Those that are asked for most; some have a mark, which their subclasses have as well.
        let is = |class: Class| core::ptr::eq(ty, class.object());
        for class in [Class::Tuple, Class::List, Class::Dict, Class::Str, Class::Int] {
            if (*ty).tp_flags & class.flag() != 0 && is(class) {
                return true;
            }
        }
        if is(Class::Float) || is(Class::NoneType) || is(Class::Bool) {
            return true;
        }
        is_value(ty)
            || [
                &raw mut ffi::PyRange_Type,
                &raw mut ffi::PySet_Type,
                &raw mut ffi::PyFrozenSet_Type,
                &raw mut ffi::PyByteArray_Type,
                &raw mut ffi::PyFunction_Type,
                &raw mut ffi::PyCFunction_Type,
                &raw mut ffi::PyModule_Type,
            ]
            .iter()
            .any(|known| core::ptr::eq(ty, *known))
    }
}

/// Do the class's instances tell `isinstance` no other class?
///
/// # Safety
/// A live class.
#[inline]
unsafe fn tells_its_class(ty: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: by the caller.
    unsafe { is_builtin(ty) || crate::object::tells_its_class(ty) }
}

/// What CPython's limit counts at most where an abstract class is asked: `isinstance`, two methods of the metaclass and
/// one of the class, each with the function of C's that it calls.
const ASKED: u32 = 7;

/// Tuples of classes are gone into so deep.
pub(crate) const MOST_TUPLES: usize = 16;

/// Whether an instance of `own`, which does not lie about its class, is one of `class`: a class that `type` made, an
/// abstract one, or a tuple of them, which is asked in order. Anything else bails, since it may run Python code or raise.
///
/// # Safety
/// Both are alive.
pub(crate) unsafe fn is_derived(
    cx: Cx,
    own: *mut ffi::PyTypeObject,
    class: *mut PyObject,
    depth: usize,
) -> R<bool> {
    // SAFETY: by the caller; types are tested first, and a tuple holds its items.
    unsafe {
        if core::ptr::eq(own.cast(), class) {
            return Ok(true);
        }
        let below = || ffi::PyType_IsSubtype(own, class.cast()) != 0;
        if core::ptr::eq(ffi::Py_TYPE(class), &raw mut ffi::PyType_Type) {
            return Ok(below());
        }
        if let Some(answer) = crate::object::is_below(own, class) {
            let is = answer?;
            return if cx.has_room(ASKED) { Ok(is) } else { bail(Bail::Depth) };
        }
        if crate::object::asks_as_type(class) {
            return Ok(below());
        }
        if depth == 0 || ffi::PyTuple_CheckExact(class) == 0 {
            return bail(Bail::Callback);
        }
        for at in 0..ffi::PyTuple_Size(class) {
            if is_derived(cx, own, ffi::PyTuple_GetItem(class, at), depth - 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the class `own` is below `class`, which is asked even where it is the same one.
///
/// # Safety
/// Both are alive.
unsafe fn is_below(cx: Cx, own: *mut ffi::PyTypeObject, class: *mut PyObject, depth: usize) -> R<bool> {
    // SAFETY: by the caller; types are tested first, and a tuple holds its items.
    unsafe {
        if core::ptr::eq(ffi::Py_TYPE(class), &raw mut ffi::PyType_Type) {
            return Ok(ffi::PyType_IsSubtype(own, class.cast()) != 0);
        }
        if ffi::PyTuple_CheckExact(class) == 0 {
            // What an abstract class says of itself it would remember.
            let asked = !core::ptr::eq(own.cast(), class) && crate::object::is_abstract(class);
            return if asked { is_derived(cx, own, class, 0) } else { bail(Bail::Callback) };
        }
        if depth == 0 {
            return bail(Bail::Callback);
        }
        for at in 0..ffi::PyTuple_Size(class) {
            if is_below(cx, own, ffi::PyTuple_GetItem(class, at), depth - 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `own == class`, where both compare by identity; others bail.
///
/// # Safety
/// Both are live.
pub(crate) unsafe fn is_same_class(own: *mut ffi::PyTypeObject, class: *mut PyObject) -> R<bool> {
    // SAFETY: by the caller.
    unsafe {
        let plain = |object| core::ptr::eq(ffi::Py_TYPE(object), &raw mut ffi::PyType_Type);
        match plain(own.cast()) && plain(class) {
            true => Ok(core::ptr::eq(own.cast(), class)),
            false => bail(Bail::Callback),
        }
    }
}

/// `own in classes`.
///
/// # Safety
/// Both are live.
pub(crate) unsafe fn is_listed(own: *mut ffi::PyTypeObject, classes: *mut PyObject) -> R<bool> {
    // SAFETY: by the caller; the container holds its items, and no Python code runs that could change it.
    unsafe {
        let (size, item): (_, unsafe extern "C" fn(_, _) -> _) = if ffi::PyTuple_CheckExact(classes) != 0 {
            (ffi::PyTuple_Size(classes), ffi::PyTuple_GetItem)
        } else if ffi::PyList_CheckExact(classes) != 0 {
            (ffi::PyList_Size(classes), ffi::PyList_GetItem)
        } else {
            return bail(Bail::Callback);
        };
        for at in 0..size {
            if is_same_class(own, item(classes, at))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl FromPy for Obj {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Obj> {
        cx.sees_object();
        // SAFETY: An object is not null.
        Ok(Obj(unsafe { NonNull::new_unchecked(object) }))
    }

    #[inline]
    unsafe fn matches(_: *mut PyObject) -> bool {
        true
    }
}

impl IntoPy for Obj {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}
