//! `os.path`: is it the module `posixpath`, with the functions that it was defined with?

use pyo3_ffi::*;

use super::namespace::is_module;
use crate::peek::{attribute_or_none, interned, lookup, utf8};
use crate::words::{Word, builtins, code_word, pristine, version_word};

/// Functions that are compiled along.
const FUNCTIONS: &[&str] = &["basename", "dirname", "isabs", "join", "normpath", "split", "splitext"];

/// What they call of their own module, of `genericpath`, of `posix` and of `builtins`.
const OWN: &[&str] = &["_get_sep"];
const GENERIC: &[&str] = &["_splitext", "_check_arg_types"];
const BUILTINS: &[&str] = &["isinstance", "bytes", "len", "map"];

/// Whether `object` is the module `os.path` itself (`os` has it under the name `path`), or its function of that name.
///
/// # Safety
/// The GIL is held; `object` is live.
pub(super) unsafe fn of_paths(
    object: *mut PyObject,
    name: &str,
    module: &str,
    words: &mut Vec<Word>,
) -> bool {
    let wanted = match (module, name) {
        ("os", "path") => FUNCTIONS,
        ("os.path", name) => match FUNCTIONS.iter().position(|f| *f == name) {
            Some(at) => &FUNCTIONS[at..=at],
            None => return false,
        },
        _ => return false,
    };
    // SAFETY: look-ups in exact dicts; every type is tested before its layout is relied on.
    unsafe {
        let home = lookup(PyImport_GetModuleDict(), interned("posixpath"));
        if home.is_null() || PyModule_Check(home) == 0 || !is_module(home, "os.path") {
            return false;
        }
        let globals = PyModule_GetDict(home);
        let right = match module {
            "os" => object == home,
            // One that was there before the module was loaded again is as good.
            _ => is_own(object, globals, name, words),
        };
        if !right {
            return false;
        }
        words.push(version_word(globals));
        wanted.iter().chain(OWN).all(|name| is_own(lookup(globals, interned(name)), globals, name, words))
            && helps(globals, words)
    }
}

/// Is it the function that `posixpath` has under the name?
unsafe fn is_own(found: *mut PyObject, globals: *mut PyObject, name: &str, words: &mut Vec<Word>) -> bool {
    // SAFETY: by the caller: null or live.
    unsafe {
        if name != "normpath" {
            return is_defined_in(found, globals, name, words);
        }
        // Since 3.13 it is the builtin itself; before, a function around it.
        let is_builtin =
            |object: *mut PyObject| !object.is_null() && pristine(object, "_path_normpath", "posix");
        is_builtin(found)
            || is_builtin(lookup(globals, interned("_path_normpath")))
                && is_defined_in(found, globals, name, words)
    }
}

/// Is the name in the dict a function that was defined there?
unsafe fn is_function(globals: *mut PyObject, name: &str, words: &mut Vec<Word>) -> bool {
    // SAFETY: by the caller.
    unsafe { is_defined_in(lookup(globals, interned(name)), globals, name, words) }
}

/// Is it a function of that name that was defined with these globals?
unsafe fn is_defined_in(
    found: *mut PyObject,
    globals: *mut PyObject,
    name: &str,
    words: &mut Vec<Word>,
) -> bool {
    // SAFETY: by the caller: null or live; the type is tested first, and functions have code.
    unsafe {
        if found.is_null()
            || Py_TYPE(found) != &raw mut PyFunction_Type
            || PyFunction_GetGlobals(found) != globals
        {
            return false;
        }
        words.push(code_word(found));
        attribute_or_none(PyFunction_GetCode(found), c"co_name")
            .is_some_and(|own| utf8(own.ptr()) == Some(name))
    }
}

/// Is what they call what it always was?
unsafe fn helps(globals: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: by the caller; modules are tested to be modules.
    unsafe {
        let (os, generic) = (lookup(globals, interned("os")), lookup(globals, interned("genericpath")));
        if !is_module(os, "os") || !is_module(generic, "genericpath") {
            return false;
        }
        let (os, generic) = (PyModule_GetDict(os), PyModule_GetDict(generic));
        words.extend([version_word(os), version_word(generic)]);
        let of_posix = |dict: *mut PyObject, name: &str| {
            let found = lookup(dict, interned(name));
            !found.is_null() && pristine(found, name, "posix")
        };
        of_posix(os, "fspath")
            && GENERIC.iter().all(|name| is_function(generic, name, words))
            && BUILTINS.iter().all(|name| {
                let builtin = lookup(builtins(), interned(name));
                lookup(globals, interned(name)).is_null()
                    && !builtin.is_null()
                    && pristine(builtin, name, "builtins")
            })
    }
}
