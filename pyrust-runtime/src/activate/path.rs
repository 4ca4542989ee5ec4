//! Names that are no plain globals: what a function imports (`import math`, `from math import sqrt`), and what a class
//! has (`Geodesic.order`), the function behind a `@contextmanager` (`manager transaction`) or a `@cache` (`uncached f`), what
//! such a cache has kept (`kept by f`), what a function has in its cells (`cell cache of f`), and what stands in a table
//! (`OPS[1]`: the value of its second item).
//!
//! Each is looked up where Python's own code would find it, as far as that runs no Python code and has no effect. What
//! the answer depends on goes into the words that are compared at entry; their owners are kept for good.

use std::ptr;

use pyo3_ffi::*;

use super::enums;
use crate::peek::{attribute_or_none, interned, is_made_by, known_item, lookup, utf8};
use crate::words::{
    self, Word, behind_cached, builtins, code_word, defaults_word, has_own_methods, pristine, type_word,
    version_word,
};

unsafe extern "C" {
    /// Exported by every version that is supported. Gives the class a version, if it has none.
    fn _PyType_Lookup(class: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject;
}

/// What the name stands for in a module whose dict is `globals`; null if it stands for nothing that can be relied on.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set; `globals` is a live dict.
pub(super) unsafe fn find(globals: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller; every object is looked at before it is used.
    unsafe {
        if let Some((table, at)) = name.strip_suffix(']').and_then(|n| n.rsplit_once('[')) {
            return item(find(globals, table, words), at);
        }
        if let Some(module) = name.strip_prefix("import ") {
            return import(module, words);
        }
        if let Some((source, rest)) = name.strip_prefix("from ").and_then(|n| n.split_once(" import ")) {
            let (attribute, member) = split(rest);
            let found = import_from(globals, source, attribute, words);
            return member.map_or(found, |member| within(found, member, words, class_attribute));
        }
        if let Some(manager) = name.strip_prefix("manager ") {
            let found = match is_path(manager) {
                true => find(globals, manager, words),
                false => known_item(globals, manager),
            };
            return behind_manager(found, words);
        }
        if let Some((part, cached)) = cache_of(name) {
            let cache = known_item(globals, cached);
            let found = if cache.is_null() { None } else { crate::lru::kept(cache) };
            let Some(found) = found else { return ptr::null_mut() };
            keep(cache);
            return match part {
                CachePart::Itself => cache,
                CachePart::Kept { bounded } if bounded == found.bounded => found.by,
                CachePart::Kept { .. } => ptr::null_mut(),
                CachePart::Function => found.function,
            };
        }
        if let Some((variable, path)) = name.strip_prefix("cell ").and_then(|n| n.split_once(" of ")) {
            let function = find(globals, path, words);
            if function.is_null() || Py_TYPE(function) != &raw mut PyFunction_Type {
                return ptr::null_mut();
            }
            keep(function);
            words.push(code_word(function));
            return cell_of(function, &[variable], words);
        }
        if let Some((global, attribute)) = name.strip_prefix("property ").and_then(|n| n.split_once('.')) {
            return within(known_item(globals, global), attribute, words, class_property);
        }
        if let Some((global, attribute)) = name.strip_prefix("classmethod ").and_then(|n| n.split_once('.')) {
            return within(known_item(globals, global), attribute, words, class_method);
        }
        if let Some((global, attribute)) = name.strip_prefix("setter ").and_then(|n| n.split_once('.')) {
            return within(known_item(globals, global), attribute, words, class_setter);
        }
        if let Some((global, attribute)) = name.strip_prefix("cached ").and_then(|n| n.split_once('.')) {
            return within(known_item(globals, global), attribute, words, class_cached);
        }
        if let Some(rest) = name.strip_prefix("factory ") {
            let mut parts = rest.splitn(3, ' ');
            return match (parts.next(), parts.next(), parts.next()) {
                (Some(factory), Some(field), Some(init)) => {
                    behind_factory(find(globals, init, words), factory, field, words)
                }
                _ => ptr::null_mut(),
            };
        }
        if let Some((attributes, class)) = name.strip_prefix("matched ").and_then(|n| n.split_once(' ')) {
            return with_match_args(find(globals, class, words), attributes, words);
        }
        if let Some((role, global)) = enums::role_of(name) {
            let (global, member) = split(global);
            // A class inside of another one is not asked for.
            return member
                .map_or_else(|| enums::find(known_item(globals, global), role, words), |_| ptr::null_mut());
        }
        if let Some((method, global)) = name.strip_prefix("self ").and_then(|n| n.split_once(' ')) {
            return receiver(known_item(globals, global), method);
        }
        let (global, member) = split(name);
        let found = known_item(globals, global);
        member.map_or(found, |member| within(found, member, words, class_attribute))
    }
}

/// What of a cache is meant.
enum CachePart {
    Itself,
    /// What has what it has kept: a dict, or itself.
    Kept {
        bounded: bool,
    },
    /// What it was made for.
    Function,
}

fn cache_of(name: &str) -> Option<(CachePart, &str)> {
    let parts = [
        ("the cache ", CachePart::Itself),
        ("kept by ", CachePart::Kept { bounded: false }),
        ("kept in order by ", CachePart::Kept { bounded: true }),
        ("uncached ", CachePart::Function),
    ];
    parts.into_iter().find_map(|(prefix, part)| Some((part, name.strip_prefix(prefix)?)))
}

/// How the last name of a path is looked up in a class.
type LookUp = unsafe fn(*mut PyObject, &str, &mut Vec<Word>) -> *mut PyObject;

/// `Outer.Inner.name`: from class to class, and then as `last` says.
unsafe fn within(mut class: *mut PyObject, path: &str, words: &mut Vec<Word>, last: LookUp) -> *mut PyObject {
    // SAFETY: by the caller: null or live; what is found in a class that is compared from now on is held by it.
    unsafe {
        let mut path = path;
        while let Some((inner, rest)) = path.split_once('.') {
            class = class_attribute(class, inner, words);
            if class.is_null() || PyType_Check(class) == 0 {
                return ptr::null_mut();
            }
            path = rest;
        }
        last(class, path, words)
    }
}

/// The value of the item of that number. No word is added for it: what the slot of a function holds is only compared with
/// what is read from the table.
unsafe fn item(table: *mut PyObject, at: &str) -> *mut PyObject {
    // SAFETY: by the caller: null or live; the type is tested before the layout is relied on.
    unsafe {
        let Ok(at) = at.parse::<Py_ssize_t>() else { return ptr::null_mut() };
        let class = if table.is_null() { return table } else { Py_TYPE(table) };
        if class == &raw mut PyDict_Type {
            let (mut place, mut left, mut value) = (0, at, ptr::null_mut());
            while PyDict_Next(table, &mut place, ptr::null_mut(), &mut value) != 0 {
                if left == 0 {
                    return value;
                }
                left -= 1;
            }
        } else if class == &raw mut PyList_Type && at < PyList_Size(table) {
            return PyList_GetItem(table, at);
        } else if class == &raw mut PyTuple_Type && at < PyTuple_Size(table) {
            return PyTuple_GetItem(table, at);
        }
        ptr::null_mut()
    }
}

/// The object whose method of that name, written in C, is bound to it.
unsafe fn receiver(object: *mut PyObject, method: &str) -> *mut PyObject {
    // SAFETY: by the caller: null or live; the type is tested before the layout is relied on.
    unsafe {
        if object.is_null() || PyCFunction_Check(object) == 0 {
            return ptr::null_mut();
        }
        let def = (*object.cast::<PyCFunctionObject>()).m_ml;
        let owner = PyCFunction_GetSelf(object);
        let same = std::ffi::CStr::from_ptr((*def).ml_name).to_str() == Ok(method);
        // Of a function of a module it is the module; of a method of a class the class.
        match same && !owner.is_null() && PyModule_Check(owner) == 0 && PyType_Check(owner) == 0 {
            // The method holds it, and the dict, whose version is compared, the method.
            true => owner,
            false => ptr::null_mut(),
        }
    }
}

/// Is it a name that [`find`] is for?
pub(super) fn is_path(name: &str) -> bool {
    name.contains([' ', '.', '['])
}

/// Where a path ends that goes through classes only.
#[derive(Clone, Copy)]
pub(super) struct InClass {
    /// The class that the path names.
    pub(super) class: *mut PyTypeObject,
    /// The class that has the attribute: that one, or the nearest above it.
    pub(super) owner: *mut PyTypeObject,
    /// The last name, interned.
    pub(super) name: *mut PyObject,
}

/// See [`InClass`]; none where nothing is there.
///
/// # Safety
/// The GIL is held; the live dict of a module.
pub(super) unsafe fn class_and_name(globals: *mut PyObject, name: &'static str) -> Option<InClass> {
    class_of(name)?;
    let (path, last) = name.rsplit_once('.')?;
    let mut names = path.split('.');
    // SAFETY: by the caller; types are tested before their dicts are looked into.
    unsafe {
        let mut class = known_item(globals, names.next()?);
        for name in names {
            if class.is_null() || Py_TYPE(class) != &raw mut PyType_Type {
                return None;
            }
            class = known_item((*class.cast::<PyTypeObject>()).tp_dict, name);
        }
        if class.is_null() || PyType_Check(class) == 0 {
            return None;
        }
        let last = interned(last);
        if last.is_null() {
            return None;
        }
        // The reference is never given up: the dict may have another text for its key.
        let class = class.cast::<PyTypeObject>();
        let order = (*class).tp_mro;
        let classes = if order.is_null() { 0 } else { PyTuple_Size(order) };
        let has_it = |ty: &*mut PyTypeObject| {
            let dict = (**ty).tp_dict;
            !dict.is_null() && !lookup(dict, last).is_null()
        };
        let owner = (0..classes).map(|at| PyTuple_GetItem(order, at).cast::<PyTypeObject>()).find(has_it)?;
        Some(InClass { class, owner, name: last })
    }
}

/// Does assigning the attribute of the class do nothing but replace that value in it?
///
/// # Safety
/// A live class, and an interned text.
pub(super) unsafe fn is_replaced_plainly(
    class: *mut PyTypeObject,
    name: *mut PyObject,
    before: *mut PyObject,
) -> bool {
    // SAFETY: by the caller; an exact dict, and a text as its key.
    unsafe {
        let meta = Py_TYPE(class.cast());
        let plain =
            [&raw mut PyUnicode_Type, &raw mut PyLong_Type, &raw mut PyFloat_Type, &raw mut PyBool_Type];
        let own = PyDict_GetItemWithError((*class).tp_dict, name);
        let assigned = _PyType_Lookup(meta, name);
        (*meta).tp_setattro.map(|f| f as usize) == PyType_Type.tp_setattro.map(|f| f as usize)
            && (*class).tp_flags & Py_TPFLAGS_HEAPTYPE != 0
            && (*class).tp_flags & Py_TPFLAGS_IMMUTABLETYPE == 0
            && own == before
            && assigned.is_null()
            && (plain.contains(&Py_TYPE(before)) || Py_IsNone(before) != 0)
    }
}

/// The global with which a path begins that goes through classes only: all that is found there has words.
pub(super) fn class_of(name: &'static str) -> Option<&'static str> {
    let roles = ["property ", "classmethod ", "setter ", "cached "];
    let path = roles.into_iter().find_map(|role| name.strip_prefix(role)).unwrap_or(name);
    let (global, rest) = path.split_once('.')?;
    (!is_path(global) && !rest.contains([' ', '['])).then_some(global)
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)))
}

/// The object stays alive, since a word inside of it is compared from now on.
pub(super) unsafe fn keep(object: *mut PyObject) {
    // SAFETY: the caller vouches for the object; the reference is never given up.
    unsafe { Py_INCREF(object) }
}

/// The module that importing the name gives, without effect: it has been imported, to its end.
unsafe fn imported(name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller; dicts are tested to be dicts.
    unsafe {
        let modules = PyImport_GetModuleDict();
        let import = known_item(builtins(), "__import__");
        if modules.is_null()
            || PyDict_CheckExact(modules) == 0
            || import.is_null()
            || !pristine(import, "__import__", "builtins")
        {
            return ptr::null_mut();
        }
        keep(modules);
        words.push(version_word(modules));
        let module = known_item(modules, name);
        // A class derived from `module` may give its instances attributes of any kind …
        if module.is_null() || Py_TYPE(module) != &raw mut PyModule_Type {
            return ptr::null_mut();
        }
        // … which the module may become one of.
        keep(module);
        let place = (&raw const (*module).ob_type).cast::<u64>();
        words.push(Word { place, want: *place });
        let dict = PyModule_GetDict(module);
        keep(dict);
        words.push(version_word(dict));
        let spec = known_item(dict, "__spec__");
        if !spec.is_null() && spec != Py_None() {
            let initializing = attribute_or_none(spec, c"_initializing");
            // That of `sys` has no such attribute.
            if initializing.is_some_and(|flag| flag.ptr() == Py_True()) {
                words.push(Word::NEVER);
                return ptr::null_mut();
            }
        }
        module
    }
}

/// `import a.b.c`: each package has the next module as its attribute, if it has it.
unsafe fn import(name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe {
        let mut parent: *mut PyObject = ptr::null_mut();
        let mut end = 0;
        for part in name.split('.') {
            end += part.len();
            let module = imported(&name[..end], words);
            if module.is_null() {
                return module;
            }
            if !parent.is_null() {
                let found = known_item(PyModule_GetDict(parent), part);
                if found != module {
                    return ptr::null_mut();
                }
            }
            parent = module;
            end += 1;
        }
        parent
    }
}

/// `from module import name`. A relative import names the package, before a colon.
unsafe fn import_from(
    globals: *mut PyObject,
    source: &str,
    name: &str,
    words: &mut Vec<Word>,
) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe {
        let source = match source.split_once(':') {
            Some((package, module)) => {
                let own = known_item(globals, "__package__");
                if own.is_null() || utf8(own) != Some(package) {
                    return ptr::null_mut();
                }
                module
            }
            None => source,
        };
        let module = imported(source, words);
        if module.is_null() {
            return module;
        }
        let dict = PyModule_GetDict(module);
        let found = known_item(dict, name);
        if !found.is_null() {
            return found;
        }
        // A submodule that is no attribute of the package, unless that makes attributes up.
        let own = known_item(dict, "__name__");
        let plain = known_item(dict, "__getattr__").is_null();
        match plain && !own.is_null() && utf8(own) == Some(source) {
            true => imported(&format!("{source}.{name}"), words),
            false => ptr::null_mut(),
        }
    }
}

/// The function that `contextlib.contextmanager` was given to make `object`, if it did and works as ever.
unsafe fn behind_manager(object: *mut PyObject, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; what the place stands in is kept for good.
    unsafe {
        let found = if object.is_null() { None } else { words::behind_manager(object) };
        let Some((globals, place)) = found else { return ptr::null_mut() };
        let class = known_item(globals, "_GeneratorContextManager");
        if class.is_null() || !has_own_methods(class, "_GeneratorContextManager", globals, words) {
            return ptr::null_mut();
        }
        keep(object);
        keep(PyTuple_GetItem(PyFunction_GetClosure(object), 0));
        words.push(code_word(object));
        words.push(version_word(globals));
        words.push(Word { place: place.cast(), want: (*place).addr() as u64 });
        *place
    }
}

/// The class, if its positional patterns ask for these attributes.
unsafe fn with_match_args(class: *mut PyObject, attributes: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; every type is tested before its layout is relied on.
    unsafe {
        if class.is_null() || PyType_Check(class) == 0 {
            return ptr::null_mut();
        }
        let found = class_attribute(class, "__match_args__", words);
        if found.is_null() || Py_TYPE(found) != &raw mut PyTuple_Type {
            return ptr::null_mut();
        }
        let mut at = 0;
        let same = attributes.split(',').all(|attribute| {
            at += 1;
            at <= PyTuple_Size(found) && utf8(PyTuple_GetItem(found, at - 1)) == Some(attribute)
        });
        if same && at == PyTuple_Size(found) { class } else { ptr::null_mut() }
    }
}

/// The `__init__` of a dataclass, if a field that it is not given is what the builtin `factory` makes: its default is the
/// object in one cell, which tells it to call what is in another.
unsafe fn behind_factory(
    init: *mut PyObject,
    factory: &str,
    field: &str,
    words: &mut Vec<Word>,
) -> *mut PyObject {
    // SAFETY: by the caller: null or live; every type is tested before its layout is relied on. What a word is compared
    // with is kept for good.
    unsafe {
        let class = match factory {
            "list" => &raw mut PyList_Type,
            "dict" => &raw mut PyDict_Type,
            "set" => &raw mut PySet_Type,
            _ => return ptr::null_mut(),
        };
        if init.is_null() || Py_TYPE(init) != &raw mut PyFunction_Type {
            return ptr::null_mut();
        }
        let (made, given) = (
            cell_of(init, &[&format!("_dflt_{field}"), &format!("__dataclass_dflt_{field}__")], words),
            cell_of(init, &["_HAS_DEFAULT_FACTORY", "__dataclass_HAS_DEFAULT_FACTORY__"], words),
        );
        let defaults = PyFunction_GetDefaults(init);
        let code = PyFunction_GetCode(init);
        let (names, count) =
            (attribute_or_none(code, c"co_varnames"), attribute_or_none(code, c"co_argcount"));
        let (Some(names), Some(count)) = (names, count) else { return ptr::null_mut() };
        if made != class.cast::<PyObject>() || given.is_null() || defaults.is_null() {
            return ptr::null_mut();
        }
        keep(init);
        keep(defaults);
        words.push(code_word(init));
        words.push(defaults_word(init));
        let (count, from) = (PyLong_AsSsize_t(count.ptr()), PyTuple_Size(defaults));
        let at = (0..count.min(PyTuple_Size(names.ptr())))
            .find(|&at| utf8(PyTuple_GetItem(names.ptr(), at)) == Some(field));
        match at.map(|at| at - (count - from)) {
            Some(at) if (0..from).contains(&at) && PyTuple_GetItem(defaults, at) == given => init,
            _ => ptr::null_mut(),
        }
    }
}

/// What is in the cell that a function reads under one of the names; null if there is none, or nothing in it.
unsafe fn cell_of(function: *mut PyObject, names: &[&str], words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: a live function; every type is tested before its layout is relied on.
    unsafe {
        let closure = PyFunction_GetClosure(function);
        let free = attribute_or_none(PyFunction_GetCode(function), c"co_freevars");
        let Some(free) = free.filter(|_| !closure.is_null()) else { return ptr::null_mut() };
        let count = PyTuple_Size(free.ptr()).min(PyTuple_Size(closure));
        let named = |at: &Py_ssize_t| {
            utf8(PyTuple_GetItem(free.ptr(), *at)).is_some_and(|name| names.contains(&name))
        };
        let Some(at) = (0..count).find(named) else { return ptr::null_mut() };
        let cell = PyTuple_GetItem(closure, at);
        if Py_TYPE(cell) != &raw mut PyCell_Type {
            return ptr::null_mut();
        }
        let content = (*cell.cast::<PyCellObject>()).ob_ref;
        if !content.is_null() {
            keep(content);
        }
        keep(cell);
        let place = (&raw const (*cell.cast::<PyCellObject>()).ob_ref).cast::<u64>();
        words.push(Word { place, want: *place });
        content
    }
}

/// What a class or one of its bases has under that name; null for what is no plain class.
unsafe fn in_class(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; the type is tested first.
    unsafe {
        if class.is_null() {
            return ptr::null_mut();
        }
        if Py_TYPE(class) != &raw mut PyType_Type {
            return in_known_class(class, name, words);
        }
        // A look-up gives the class a version, which every change of it or of its bases takes away. No class has
        // such a name.
        let none = interned("no name");
        if none.is_null() {
            return none;
        }
        let _ = _PyType_Lookup(class.cast(), none);
        Py_DECREF(none);
        keep(class);
        words.push(type_word(class));
        in_classes(class, name)
    }
}

/// The same for a class of `enum`'s or `abc`'s, whose metaclass finds its members as `type` does, and steps in for others
/// only.
unsafe fn in_known_class(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: live; types are tested before their layout is relied on. Looking a name up in classes runs
    // no Python code, and gives them versions.
    unsafe {
        if !is_made_by(class, "enum", "EnumType") && !is_made_by(class, "abc", "ABCMeta") {
            return ptr::null_mut();
        }
        let meta_type = Py_TYPE(class);
        let meta = meta_type.cast::<PyObject>();
        // Another metaclass may take its place, which no version tells.
        let place = (&raw const (*class).ob_type).cast::<u64>();
        words.push(Word { place, want: *place });
        let key = interned(name);
        let (_, of_meta) = (_PyType_Lookup(class.cast(), key), _PyType_Lookup(meta_type, key));
        Py_DECREF(key);
        // What the metaclass has comes first only where it is a descriptor that can be assigned.
        let first = |found: *mut PyObject| {
            let ty = Py_TYPE(found);
            (*ty).tp_descr_set.is_some() || (*ty).tp_flags & Py_TPFLAGS_IMMUTABLETYPE == 0
        };
        if (!of_meta.is_null() && first(of_meta))
            || !known_item((*meta_type).tp_dict, "__getattribute__").is_null()
        {
            return ptr::null_mut();
        }
        keep(class);
        keep(meta);
        words.push(type_word(class));
        words.push(type_word(meta));
        in_classes(class, name)
    }
}

/// What a class has under that name when it is read from the class itself: a function, or a value.
unsafe fn class_attribute(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; the type is tested first.
    unsafe {
        let object = in_class(class, name, words);
        if object.is_null() || Py_TYPE(object) == &raw mut PyFunction_Type {
            return object;
        }
        if Py_TYPE(object) == &raw mut PyStaticMethod_Type {
            // The static method holds it.
            return attribute_or_none(object, c"__func__").map_or(ptr::null_mut(), |f| f.ptr());
        }
        match (*Py_TYPE(object)).tp_descr_get {
            None => object,
            Some(_) => ptr::null_mut(),
        }
    }
}

/// The function that reads a property of the class.
unsafe fn class_property(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe { of_property(class, name, c"fget", words) }
}

/// The function that a property of the class calls for assignments.
unsafe fn class_setter(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe { of_property(class, name, c"fset", words) }
}

unsafe fn of_property(
    class: *mut PyObject,
    name: &str,
    part: &std::ffi::CStr,
    words: &mut Vec<Word>,
) -> *mut PyObject {
    // SAFETY: by the caller: null or live; types are tested first.
    unsafe {
        let object = in_class(class, name, words);
        if object.is_null() || Py_TYPE(object) != &raw mut PyProperty_Type {
            return ptr::null_mut();
        }
        // The property holds it.
        attribute_or_none(object, part).map_or(ptr::null_mut(), |f| f.ptr())
    }
}

/// The function behind a `functools.cached_property` of the class, which works as ever.
unsafe fn class_cached(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; types are tested first.
    unsafe {
        let object = in_class(class, name, words);
        let home = known_item(PyImport_GetModuleDict(), "functools");
        if object.is_null() || home.is_null() || PyModule_Check(home) == 0 {
            return ptr::null_mut();
        }
        let globals = PyModule_GetDict(home);
        let own = Py_TYPE(object);
        let (text, get) = (interned(name), interned("__get__"));
        let works = !text.is_null()
            && !get.is_null()
            && enums::is_of(_PyType_Lookup(own, get), globals, "cached_property.__get__", words);
        keep(own.cast());
        keep(globals);
        words.push(type_word(own.cast()));
        words.push(version_word(globals));
        let function = if works { behind_cached(object, text) } else { ptr::null_mut() };
        Py_XDECREF(text);
        Py_XDECREF(get);
        function
    }
}

/// The function behind a class method of the class.
unsafe fn class_method(class: *mut PyObject, name: &str, words: &mut Vec<Word>) -> *mut PyObject {
    // SAFETY: by the caller: null or live; types are tested first.
    unsafe {
        let object = in_class(class, name, words);
        if object.is_null() || Py_TYPE(object) != &raw mut PyClassMethod_Type {
            return ptr::null_mut();
        }
        // The class method holds it.
        attribute_or_none(object, c"__func__").map_or(ptr::null_mut(), |f| f.ptr())
    }
}

/// The entry in the dict of the first class that has one.
unsafe fn in_classes(class: *mut PyObject, name: &str) -> *mut PyObject {
    // SAFETY: a ready class has a tuple of classes, itself first; those made by `class` have dicts of their own.
    unsafe {
        let order = (*class.cast::<PyTypeObject>()).tp_mro;
        if order.is_null() {
            return ptr::null_mut();
        }
        for at in 0..PyTuple_Size(order) {
            let ty = PyTuple_GetItem(order, at).cast::<PyTypeObject>();
            let dict = (*ty).tp_dict;
            if (*ty).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 || dict.is_null() {
                return ptr::null_mut();
            }
            let found = known_item(dict, name);
            if !found.is_null() {
                return found;
            }
        }
        ptr::null_mut()
    }
}
