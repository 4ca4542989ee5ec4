//! Members of enumerations: how they are found, and what those do that are numbers or texts at the same time.
//!
//! That `enum` works as ever is a guard on names (`activate::enums`); what changes without a version is looked at here.

use core::cmp::Ordering;
use core::ptr;

use pyo3_ffi::*;

use super::class::inherited;
use super::{Instance, IsObject, OfObjectClass, get};
use crate::boundary::layout::{self, Keys};
use crate::obj::{MOST_TUPLES, is_plain};
use crate::peek::{attribute_or_none, globals_of, interned, is_made_by, known_item, utf8};
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::strs::Str;
use crate::tuple::PTuple;
use crate::txn::Cx;

/// What an instance is for C.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Itself,
    /// A number or a text, of which the class changes no operation.
    Number,
    Text,
}

fn bytes_of<T>(value: &T) -> &[u8] {
    // SAFETY: Tables of pointers to functions, without padding.
    unsafe { core::slice::from_raw_parts(ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// Are the operations of the class those of `int` or of `str`?
///
/// # Safety
/// A live class with all three tables.
pub(super) unsafe fn stands_for(ty: &PyTypeObject) -> Stands {
    // SAFETY: By the caller; both builtin classes have the tables that are compared.
    unsafe {
        let same = |own: &PyTypeObject| {
            let compared = ty.tp_richcompare.map(|f| f as usize) == own.tp_richcompare.map(|f| f as usize);
            compared && ty.tp_hash.map(|f| f as usize) == own.tp_hash.map(|f| f as usize)
        };
        if ty.tp_flags & Py_TPFLAGS_LONG_SUBCLASS != 0 {
            let own = &raw const PyLong_Type;
            let own = &*own;
            let alike = bytes_of(&*ty.tp_as_number) == bytes_of(&*own.tp_as_number);
            return if alike && same(own) { Stands::Number } else { Stands::Itself };
        }
        if ty.tp_flags & Py_TPFLAGS_UNICODE_SUBCLASS != 0 {
            let own = &raw const PyUnicode_Type;
            let own = &*own;
            let (numbers, items, parts) = (&*ty.tp_as_number, &*ty.tp_as_sequence, &*ty.tp_as_mapping);
            let (of_items, of_parts) = (&*own.tp_as_sequence, &*own.tp_as_mapping);
            let alike = numbers.nb_add.is_none()
                && numbers.nb_bool.is_none()
                && numbers.nb_remainder.map(|f| f as usize)
                    == (*own.tp_as_number).nb_remainder.map(|f| f as usize)
                && items.sq_concat.map(|f| f as usize) == of_items.sq_concat.map(|f| f as usize)
                && items.sq_repeat.map(|f| f as usize) == of_items.sq_repeat.map(|f| f as usize)
                && items.sq_contains.map(|f| f as usize) == of_items.sq_contains.map(|f| f as usize)
                && parts.mp_length.map(|f| f as usize) == of_parts.mp_length.map(|f| f as usize)
                && parts.mp_subscript.map(|f| f as usize) == of_parts.mp_subscript.map(|f| f as usize)
                && ty.tp_iter.map(|f| f as usize) == own.tp_iter.map(|f| f as usize);
            return if alike && same(own) { Stands::Text } else { Stands::Itself };
        }
        Stands::Itself
    }
}

/// The function `Enum.__hash__`, if the class has it, and its code: it gives the hash of the name.
///
/// # Safety
/// A live class.
pub(super) unsafe fn name_hash(class: *mut PyTypeObject) -> (*mut PyObject, *mut PyObject) {
    const NONE: (*mut PyObject, *mut PyObject) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: By the caller; types are tested before their layout is relied on.
    unsafe {
        let name = interned("__hash__");
        let found = inherited(class, name);
        Py_DECREF(name);
        let globals = globals_of("enum");
        if found.is_null()
            || Py_TYPE(found) != &raw mut PyFunction_Type
            || globals.is_null()
            || PyFunction_GetGlobals(found) != globals
        {
            return NONE;
        }
        let code = PyFunction_GetCode(found);
        let qualname = attribute_or_none(code, c"co_qualname");
        match qualname.and_then(|q| utf8(q.ptr()).map(|q| q == "Enum.__hash__")) {
            Some(true) => (found, code),
            _ => NONE,
        }
    }
}

/// Is it an enumeration whose metaclass leaves `isinstance` to `type`?
///
/// # Safety
/// A live object.
pub(crate) unsafe fn asks_as_type(class: *mut PyObject) -> bool {
    // SAFETY: By the caller. Only dicts of classes are looked into.
    unsafe {
        if !is_made_by(class, "enum", "EnumType") {
            return false;
        }
        let name = interned("__instancecheck__");
        let asked = inherited(Py_TYPE(class), name) == inherited(&raw mut PyType_Type, name);
        Py_DECREF(name);
        asked
    }
}

/// `hash(member)`
pub(super) fn hash<C: OfObjectClass>(cx: Cx, member: Instance<C>) -> R<isize> {
    let class = C::CLASS;
    // SAFETY: The transaction keeps the member alive; hashing exact texts and numbers runs no Python code.
    unsafe {
        let hash = match class.stands_for() {
            Stands::Number => PyLong_Type.tp_hash,
            Stands::Text => PyUnicode_Type.tp_hash,
            Stands::Itself if class.compares_identity() && class.hashes_name() => {
                let slot = class.member_name.slot(cx, class, member.as_ptr())?;
                if slot.is_null() || (*slot).is_null() || !layout::is_str(*slot) {
                    return bail(Bail::Unsupported);
                }
                return Ok(PyObject_Hash(*slot));
            }
            Stands::Itself => None,
        };
        match hash {
            Some(hash) => Ok(hash(member.as_ptr())),
            None => bail(Bail::Unsupported),
        }
    }
}

/// `a == b` of members that are numbers, or that are texts.
pub(super) fn equal(a: *mut PyObject, b: *mut PyObject) -> R<bool> {
    compared(a, b, Py_EQ)
}

/// The order of members that are numbers, or that are texts.
pub(super) fn order<C: OfObjectClass>(a: Instance<C>, b: Instance<C>) -> R<Ordering> {
    if C::CLASS.stands_for() == Stands::Itself {
        return bail(Bail::Unsupported);
    }
    if compared(a.as_ptr(), b.as_ptr(), Py_LT)? {
        return Ok(Ordering::Less);
    }
    Ok(if equal(a.as_ptr(), b.as_ptr())? { Ordering::Equal } else { Ordering::Greater })
}

fn compared(a: *mut PyObject, b: *mut PyObject, op: core::ffi::c_int) -> R<bool> {
    // SAFETY: Live objects of one class, whose comparison is that of the builtin class: no Python code.
    unsafe {
        let Some(compare) = (*Py_TYPE(a)).tp_richcompare else { return bail(Bail::Unsupported) };
        let found = compare(a, b, op);
        if found.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        let equal = found == Py_True();
        Py_DECREF(found);
        Ok(equal)
    }
}

/// `bool(member)` of a number or a text.
pub(super) fn truth<C: OfObjectClass>(member: Instance<C>) -> R<bool> {
    if C::CLASS.stands_for() == Stands::Itself {
        return bail(Bail::Unsupported);
    }
    // SAFETY: The transaction keeps the member alive, whose truth and length are those of the builtin class.
    unsafe { Ok(PyObject_IsTrue(member.as_ptr()) == 1) }
}

/// The number that a member is.
#[inline]
pub fn number<C: OfObjectClass>(_: Cx, member: Instance<C>) -> R<i64> {
    if C::CLASS.stands_for() != Stands::Number {
        return bail(Bail::Guard);
    }
    // SAFETY: The transaction keeps the member alive, which is derived from `int`.
    unsafe {
        let mut over = 0;
        let value = PyLong_AsLongLongAndOverflow(member.as_ptr(), &mut over);
        if over == 0 { Ok(value) } else { bail(Bail::Overflow) }
    }
}

/// The text that a member is.
#[inline]
pub fn text<C: OfObjectClass>(_: Cx, member: Instance<C>) -> R<Str> {
    if C::CLASS.stands_for() != Stands::Text {
        return bail(Bail::Guard);
    }
    // SAFETY: The transaction keeps the member alive, which is derived from `str`: a new exact text.
    unsafe {
        let made = PyUnicode_FromObject(member.as_ptr());
        if made.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        Str::from_owned(made)
    }
}

/// A key that was looked for as what it stands for: what a `KeyError` says of it nobody may read.
#[inline]
pub fn unread(cx: Cx) -> R<()> {
    if cx.looks() { bail(Bail::Unsupported) } else { Ok(()) }
}

/// What the class itself has under a name of `enum`'s.
unsafe fn kept(class: *mut PyTypeObject, name: &str) -> *mut PyObject {
    // SAFETY: By the caller: a live class of Python's.
    unsafe { known_item((*class).tp_dict, name) }
}

/// What an exact dict of members has; null for nothing, or a bail where looking could run Python code.
unsafe fn member_in(dict: *mut PyObject, name: *mut PyObject) -> R<*mut PyObject> {
    // SAFETY: By the caller: null or alive, and an exact text.
    unsafe {
        if dict.is_null() || !layout::is_dict(dict) || Keys::of(dict).kind == layout::KEYS_GENERAL {
            return bail(Bail::Guard);
        }
        Ok(PyDict_GetItemWithError(dict, name))
    }
}

/// `tuple(Class)`: all members, in order.
pub fn members<C: OfObjectClass>(cx: Cx, _: IsObject<C>) -> R<PTuple<Instance<C>>> {
    let class = C::CLASS.class();
    cx.before_tracked();
    // SAFETY: The class is held for good, and holds what is read; the tuple is filled before anybody sees it.
    unsafe {
        let (names, map) = (kept(class, "_member_names_"), kept(class, "_member_map_"));
        if names.is_null() || PyList_CheckExact(names) == 0 {
            return bail(Bail::Guard);
        }
        let count = PyList_Size(names);
        let tuple = cx.adopt(PyTuple_New(count))?.as_ptr();
        for at in 0..count {
            let name = PyList_GetItem(names, at);
            if !layout::is_str(name) {
                return bail(Bail::Guard);
            }
            let member = member_in(map, name)?;
            if member.is_null() || Py_TYPE(member) != class {
                return bail(Bail::Guard);
            }
            PyTuple_SetItem(tuple, at, again(member));
        }
        PTuple::from_py(cx, tuple)
    }
}

/// `Class[name]`
pub fn by_name<C: OfObjectClass>(cx: Cx, _: IsObject<C>, name: &Str) -> R<Instance<C>> {
    let class = C::CLASS.class();
    // SAFETY: As above; the text lives as long as the look-up.
    unsafe {
        let member = member_in(kept(class, "_member_map_"), name.as_ptr())?;
        if member.is_null() { crate::dict::missing(cx, name) } else { Instance::from_py(cx, member) }
    }
}

/// A scalar, or a tuple of those, which is compared with others of the kind without a warning.
///
/// # Safety
/// A live object.
unsafe fn is_quiet(object: *mut PyObject, depth: usize) -> bool {
    // SAFETY: By the caller; a tuple holds its items.
    unsafe {
        if PyTuple_CheckExact(object) != 0 {
            return depth > 0
                && (0..PyTuple_Size(object)).all(|at| is_quiet(PyTuple_GetItem(object, at), depth - 1));
        }
        PyBytes_CheckExact(object) == 0 && is_plain(object, 0)
    }
}

/// `Class(value)`
pub fn by_value<C: OfObjectClass, T: IntoPy>(cx: Cx, _: IsObject<C>, value: T) -> R<Instance<C>> {
    let class = C::CLASS.class();
    let value = value.into_py(cx)?;
    // SAFETY: A strong reference, given to the transaction. Plain values are compared without Python code.
    unsafe {
        let value = cx.adopt(value)?.as_ptr();
        if Py_TYPE(value) == class {
            return Instance::from_py(cx, value);
        }
        let map = kept(class, "_value2member_map_");
        if map.is_null() || !layout::is_dict(map) || !is_quiet(value, MOST_TUPLES) {
            return bail(Bail::Unsupported);
        }
        let (mut at, mut key, mut member) = (0, ptr::null_mut(), ptr::null_mut());
        while PyDict_Next(map, &mut at, &mut key, &mut member) != 0 {
            if !is_quiet(key, MOST_TUPLES) {
                return bail(Bail::Unsupported);
            }
        }
        let member = PyDict_GetItemWithError(map, value);
        if member.is_null() {
            PyErr_Clear();
            // What is missing the class may make up.
            return bail(Bail::Unsupported);
        }
        Instance::from_py(cx, member)
    }
}

/// `member in Class`
pub fn has_member<C: OfObjectClass>(cx: Cx, _: IsObject<C>, member: Instance<C>) -> R<bool> {
    #[cfg(Py_3_12)]
    {
        let _ = (cx, member);
        Ok(true)
    }
    #[cfg(not(Py_3_12))]
    {
        let name = get::<C, Str>(cx, member, &C::CLASS.member_name)?;
        // SAFETY: As above.
        unsafe { Ok(!member_in(kept(C::CLASS.class(), "_member_map_"), name.as_ptr())?.is_null()) }
    }
}
