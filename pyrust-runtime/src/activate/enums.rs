//! Classes that `enum` makes, found to work as the library has them: `value Color`, `members Color`, `lookup Color`.
//!
//! What is left to native code is what these functions of the library do when they find something: they read
//! `_value_` and `_name_` of the member, `_member_names_`, `_member_map_` and `_value2member_map_` of the class.

use std::ptr;

use pyo3_ffi::*;

use super::path::keep;
use crate::peek::{attribute_or_none, interned, is_made_by, known_item, utf8};
use crate::words::{Word, code_word, type_word, version_word};

unsafe extern "C" {
    /// Exported by every version that is supported. Gives the class a version, if it has none.
    fn _PyType_Lookup(class: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject;
}

/// What is asked of the class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `value` and `name` of members.
    Value,
    /// Iterating over the class, and `len` of it.
    Members,
    /// `Class(value)`, `Class[name]`, `member in Class`.
    Lookup,
}

/// What a name of the kind speaks of.
pub(super) fn role_of(name: &str) -> Option<(Role, &str)> {
    let (role, global) = name.split_once(' ')?;
    let role = match role {
        "value" => Role::Value,
        "members" => Role::Members,
        "lookup" => Role::Lookup,
        _ => return None,
    };
    Some((role, global))
}

/// Is it the function that the module has in the text of the class, with its code?
///
/// # Safety
/// Null or live; the GIL is held.
pub(super) unsafe fn is_of(
    function: *mut PyObject,
    globals: *mut PyObject,
    qualname: &str,
    words: &mut Vec<Word>,
) -> bool {
    // SAFETY: By the caller; the type is tested before the layout is relied on.
    unsafe {
        if function.is_null()
            || Py_TYPE(function) != &raw mut PyFunction_Type
            || PyFunction_GetGlobals(function) != globals
        {
            return false;
        }
        keep(function);
        words.push(code_word(function));
        let own = attribute_or_none(PyFunction_GetCode(function), c"co_qualname");
        own.and_then(|q| utf8(q.ptr()).map(|q| q == qualname)) == Some(true)
    }
}

/// What the class or one above it has under the name; borrowed.
unsafe fn inherited(class: *mut PyTypeObject, name: &str) -> *mut PyObject {
    // SAFETY: By the caller: a live class. Only dicts of classes are looked into.
    unsafe {
        let key = interned(name);
        let found = _PyType_Lookup(class, key);
        Py_DECREF(key);
        if found.is_null() && !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
        found
    }
}

/// The class, if what is asked of it is what the library's text says.
///
/// # Safety
/// Null or live; the GIL is held, no transaction is open.
pub(super) unsafe fn find(class: *mut PyObject, role: Role, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: By the caller; types are tested before their layout is relied on.
    unsafe {
        let home = known_item(PyImport_GetModuleDict(), "enum");
        if class.is_null()
            || home.is_null()
            || PyModule_Check(home) == 0
            || !is_made_by(class, "enum", "EnumType")
        {
            return ptr::null_mut();
        }
        let globals = PyModule_GetDict(home);
        let known = |name: &str| known_item(globals, name);
        let (base, descriptor) = (known("Enum"), known("property"));
        if base.is_null() || PyType_Check(base) == 0 || descriptor.is_null() || PyType_Check(descriptor) == 0
        {
            return ptr::null_mut();
        }
        let meta = Py_TYPE(class);
        let ty = class.cast::<PyTypeObject>();
        // A change of any of them is a reason to look again, whatever is found now.
        for object in [class, meta.cast(), globals] {
            keep(object);
        }
        // That gives classes versions.
        let _ = (inherited(ty, "_value_"), inherited(meta, "_value_"));
        let place = (&raw const (*class).ob_type).cast::<u64>();
        words.push(Word { place, want: *place });
        words.push(type_word(class));
        words.push(type_word(meta.cast()));
        words.push(version_word(globals));
        let own = match role {
            Role::Value => works_as_ever(ty, (base, descriptor), globals, words),
            Role::Members | Role::Lookup => {
                // The class is asked for them, and its metaclass may have descriptors of these names.
                let kept = ["_member_names_", "_member_map_", "_value2member_map_"];
                let names: &[&str] = match role {
                    Role::Members => &["__iter__", "__reversed__", "__len__"],
                    _ => &["__call__", "__getitem__", "__contains__"],
                };
                kept.iter().all(|name| inherited(meta, name).is_null())
                    && names
                        .iter()
                        .all(|name| is_of(inherited(meta, name), globals, &format!("EnumType.{name}"), words))
                    && (role == Role::Members || {
                        let new = inherited(ty, "__new__");
                        // `enum` puts the bare function into each class.
                        let function = match !new.is_null() && Py_TYPE(new) == &raw mut PyStaticMethod_Type {
                            true => attribute_or_none(new, c"__func__").map_or(ptr::null_mut(), |f| f.ptr()),
                            false => new,
                        };
                        is_of(function, globals, "Enum.__new__", words)
                    })
            }
        };
        if own { class } else { ptr::null_mut() }
    }
}

/// Are `value` and `name` those that `Enum` has, and is reading them what the library's text says?
unsafe fn works_as_ever(
    class: *mut PyTypeObject,
    (base, descriptor): (*mut PyObject, *mut PyObject),
    globals: *mut PyObject,
    words: &mut Vec<Word>,
) -> bool {
    // SAFETY: By the caller: live classes.
    unsafe {
        let get = inherited(descriptor.cast(), "__get__");
        keep(descriptor);
        words.push(type_word(descriptor));
        if !is_of(get, globals, "property.__get__", words)
            || !inherited(descriptor.cast(), "__getattribute__")
                .eq(&inherited(&raw mut PyBaseObject_Type, "__getattribute__"))
        {
            return false;
        }
        ["value", "name"].iter().all(|name| {
            let found = inherited(class, name);
            // A member of that name, or an enumeration that has its own.
            if found.is_null()
                || Py_TYPE(found).cast() != descriptor
                || found != known_item((*base.cast::<PyTypeObject>()).tp_dict, name)
            {
                return false;
            }
            let getter = attribute_or_none(found, c"fget");
            getter.is_some_and(|getter| is_of(getter.ptr(), globals, &format!("Enum.{name}"), words))
        })
    }
}
