//! Functions and classes that modules of the standard library write in Python: are they as CPython defines them?

use std::sync::atomic::Ordering::Relaxed;

use pyo3_ffi::*;

use super::namespace::{defined_here, is_module};
use super::patterns;
use crate::peek::{attribute_or_none, interned, lookup, utf8};
use crate::words::{Word, builtins, code_word, defaults_word, pristine, version_word};

/// Python functions of the standard library that are compiled along.
const LIBRARY_FUNCTIONS: &[(&str, &str)] = &[
    ("calendar", "isleap"),
    ("calendar", "leapdays"),
    ("calendar", "monthrange"),
    ("calendar", "weekday"),
    ("copy", "copy"),
    ("copy", "deepcopy"),
    ("dataclasses", "asdict"),
    ("dataclasses", "astuple"),
    ("dataclasses", "replace"),
    ("functools", "cache"),
    ("functools", "lru_cache"),
    ("heapq", "nsmallest"),
    ("heapq", "nlargest"),
    ("html", "escape"),
    ("re", "compile"),
    ("re", "escape"),
    ("re", "findall"),
    ("re", "finditer"),
    ("re", "fullmatch"),
    ("re", "match"),
    ("re", "search"),
    ("re", "split"),
    ("re", "sub"),
    ("re", "subn"),
    ("statistics", "fmean"),
    ("statistics", "mean"),
    ("statistics", "median"),
    ("statistics", "median_high"),
    ("statistics", "median_low"),
    ("statistics", "pstdev"),
    ("statistics", "pvariance"),
    ("statistics", "stdev"),
    ("statistics", "variance"),
    ("typing", "cast"),
];

/// Whether `object` is the Python function that a module of the standard library defines under that name, and all
/// that it names is what that module and `builtins` define.
pub(super) unsafe fn library_function(
    object: *mut PyObject,
    name: &str,
    module: &str,
    words: &mut Vec<Word>,
) -> bool {
    if module == "numpy" {
        // SAFETY: by the caller.
        return unsafe { numpy_function(object, name, words) };
    }
    if !LIBRARY_FUNCTIONS.contains(&(module, name)) {
        return false;
    }
    // SAFETY: `object` is live; a function's globals and the names of its code are a dict and a tuple of strings.
    unsafe {
        if Py_TYPE(object) != &raw mut PyFunction_Type {
            return false;
        }
        let (code, globals) = (PyFunction_GetCode(object), PyFunction_GetGlobals(object));
        let home = lookup(PyImport_GetModuleDict(), interned(module));
        if home.is_null() || PyModule_Check(home) == 0 || PyModule_GetDict(home) != globals {
            return false;
        }
        words.push(version_word(globals));
        words.extend([code_word(object), defaults_word(object)]);
        if module == "html" && !has_default(object, Py_True()) {
            return false;
        }
        let named = attribute_or_none(code, c"co_name").is_some_and(|own| utf8(own.ptr()) == Some(name));
        let Some(names) = attribute_or_none(code, c"co_names") else { return false };
        named
            && PyTuple_Check(names.ptr()) != 0
            && (0..PyTuple_Size(names.ptr())).all(|at| {
                let used = PyTuple_GetItem(names.ptr(), at);
                let (own, builtin) = (lookup(globals, used), lookup(builtins(), used));
                let Some(text) = utf8(used) else { return false };
                match (own.is_null(), builtin.is_null()) {
                    // Looked at below, and what other classes than those need.
                    (false, _) if module == "copy" || module == "re" => true,
                    (false, _) if matches!(name, "monthrange" | "weekday") => true,
                    // Besides it names marks of the module's own.
                    (false, _) if module == "dataclasses" => {
                        Py_TYPE(own) != &raw mut PyFunction_Type || defined_here(own, globals, text)
                    }
                    (false, _) if module == "statistics" => calculates_as_ever(own, globals, text),
                    (false, _) => {
                        pristine(own, text, module)
                            || (module == "functools" && defined_here(own, globals, text))
                    }
                    (true, false) => text.ends_with("Error") || pristine(builtin, text, "builtins"),
                    // The name of an attribute.
                    (true, true) => true,
                }
            })
            && (module != "copy" || copies_as_ever(globals, name, words))
            && (!matches!(name, "asdict" | "astuple") || flattens_as_ever(globals, words))
            && (module != "re" || name == "escape" || patterns::compiles_as_ever(globals, words))
            && (name != "escape" || module != "re" || patterns::escapes_as_ever(globals, words))
            && (!matches!(name, "monthrange" | "weekday") || counts_as_ever(globals, words))
    }
}

/// What `asdict` and `astuple` of `dataclasses` ask besides what they name: which fields there are, and copies of what those
/// hold.
///
/// # Safety
/// A live dict, the one of the module; the GIL is held.
unsafe fn flattens_as_ever(globals: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: by the caller; a module has a dict.
    unsafe {
        let fields = lookup(globals, interned("fields"));
        let copy = lookup(globals, interned("copy"));
        if fields.is_null() || copy.is_null() || PyModule_Check(copy) == 0 {
            return false;
        }
        let home = PyModule_GetDict(copy);
        let deep = lookup(home, interned("deepcopy"));
        words.push(version_word(home));
        defined_here(fields, globals, "fields")
            && !deep.is_null()
            && defined_here(deep, home, "deepcopy")
            && copies_as_ever(home, "deepcopy", words)
    }
}

/// What functions of `statistics` name: others of that module, and what it takes from elsewhere.
///
/// # Safety
/// The objects are live; the GIL is held.
unsafe fn calculates_as_ever(object: *mut PyObject, globals: *mut PyObject, name: &str) -> bool {
    // SAFETY: by the caller.
    unsafe {
        match name {
            // Only raised.
            "StatisticsError" => true,
            "Decimal" => pristine(object, name, "decimal"),
            "fsum" | "sumprod" => pristine(object, name, "math"),
            "mul" => pristine(object, name, "operator"),
            _ => defined_here(object, globals, name),
        }
    }
}

/// Functions that NumPy writes in Python, and the modules that define them.
const NUMPY_FUNCTIONS: &[(&str, &str)] = &[
    ("ones", "numpy._core.numeric"),
    ("full", "numpy._core.numeric"),
    ("identity", "numpy._core.numeric"),
    ("eye", "numpy.lib._twodim_base_impl"),
];

/// Whether `object` is the Python function that NumPy has under that name.
///
/// # Safety
/// `object` is live.
unsafe fn numpy_function(object: *mut PyObject, name: &str, words: &mut Vec<Word>) -> bool {
    let Some((_, home)) = NUMPY_FUNCTIONS.iter().find(|row| row.0 == name) else { return false };
    // SAFETY: by the caller; a function's globals are a dict, its code is a code object.
    unsafe {
        if Py_TYPE(object) != &raw mut PyFunction_Type {
            return false;
        }
        let globals = PyFunction_GetGlobals(object);
        let module = lookup(PyImport_GetModuleDict(), interned(home));
        if module.is_null() || PyModule_Check(module) == 0 || PyModule_GetDict(module) != globals {
            return false;
        }
        words.push(version_word(globals));
        words.extend([code_word(object), defaults_word(object)]);
        let own = attribute_or_none(PyFunction_GetCode(object), c"co_name");
        own.is_some_and(|own| utf8(own.ptr()) == Some(name)) && lookup(globals, interned(name)) == object
    }
}

/// Whether this is the one default that the function has: native code has it written down.
///
/// # Safety
/// A live function object.
unsafe fn has_default(function: *mut PyObject, value: *mut PyObject) -> bool {
    // SAFETY: by the caller; the type is tested before the tuple is read.
    unsafe {
        let defaults = PyFunction_GetDefaults(function);
        !defaults.is_null()
            && PyTuple_CheckExact(defaults) != 0
            && PyTuple_Size(defaults) == 1
            && PyTuple_GetItem(defaults, 0) == value
    }
}

/// Whether the module `calendar` counts the days of months as it always did.
///
/// # Safety
/// `globals` is its dict.
unsafe fn counts_as_ever(globals: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: look-ups of names in exact dicts; every type is tested before it is relied on.
    unsafe {
        let own = |name: &str| {
            let found = lookup(globals, interned(name));
            if found.is_null()
                || Py_TYPE(found) != &raw mut PyFunction_Type
                || PyFunction_GetGlobals(found) != globals
            {
                return None;
            }
            let code = attribute_or_none(PyFunction_GetCode(found), c"co_name")?;
            (utf8(code.ptr()) == Some(name)).then(|| code_word(found))
        };
        let (Some(weekday), Some(leap)) = (own("weekday"), own("isleap")) else { return false };
        words.extend([weekday, leap]);
        let dates = lookup(globals, interned("datetime"));
        if !is_module(dates, "datetime") {
            return false;
        }
        let dates = PyModule_GetDict(dates);
        words.push(version_word(dates));
        let date = lookup(dates, interned("date"));
        for (name, year) in [("MINYEAR", 1), ("MAXYEAR", 9999)] {
            let found = lookup(dates, interned(name));
            if found.is_null() || PyLong_CheckExact(found) == 0 || PyLong_AsLong(found) != year {
                return false;
            }
        }
        if cfg!(Py_3_12) {
            // What makes the number a day of the week.
            let day = lookup(globals, interned("Day"));
            if day.is_null() || PyType_Check(day) == 0 {
                return false;
            }
            let home = attribute_or_none(day, c"__module__");
            if home.is_none_or(|home| utf8(home.ptr()) != Some("calendar")) {
                return false;
            }
        }
        let name = if cfg!(Py_3_12) { "FEBRUARY" } else { "February" };
        let (months, february) = (lookup(globals, interned("mdays")), lookup(globals, interned(name)));
        if date.is_null()
            || !pristine(date, "date", "datetime")
            || months.is_null()
            || PyList_CheckExact(months) == 0
            || february.is_null()
            || PyLong_Check(february) == 0
            || PyLong_AsLong(february) != 2
        {
            return false;
        }
        // The list is held for good; its items are looked at when they count.
        if crate::calendar::MONTHS.load(Relaxed) != months {
            Py_INCREF(months);
            crate::calendar::MONTHS.store(months, Relaxed);
        }
        true
    }
}

/// Whether the module `copy` does with lists and dicts, and with what cannot change, what it always did.
///
/// # Safety
/// `globals` is its dict.
unsafe fn copies_as_ever(globals: *mut PyObject, name: &str, words: &mut Vec<Word>) -> bool {
    // SAFETY: look-ups of exact types in exact dicts; functions have globals and code.
    unsafe {
        let table =
            lookup(globals, interned(if name == "copy" { "_copy_dispatch" } else { "_deepcopy_dispatch" }));
        if table.is_null() || PyDict_CheckExact(table) == 0 {
            return false;
        }
        words.push(version_word(table));
        let types = [
            (&raw mut PyList_Type, "_deepcopy_list"),
            (&raw mut PyDict_Type, "_deepcopy_dict"),
            (&raw mut PyTuple_Type, "_deepcopy_tuple"),
            (&raw mut PyLong_Type, "_deepcopy_atomic"),
            (&raw mut PyFloat_Type, "_deepcopy_atomic"),
            (&raw mut PyBool_Type, "_deepcopy_atomic"),
            (&raw mut PyUnicode_Type, "_deepcopy_atomic"),
            (&raw mut PyBytes_Type, "_deepcopy_atomic"),
            (Py_TYPE(Py_None()), "_deepcopy_atomic"),
        ];
        types.iter().all(|&(ty, function)| {
            let copier = lookup(table, ty.cast());
            if name == "copy" {
                let container = ty == &raw mut PyList_Type || ty == &raw mut PyDict_Type;
                // Since 3.12 the dict of a builtin type is not in the type.
                let own = attribute_or_none(ty.cast(), c"copy");
                return !container || own.is_some_and(|own| copier == own.ptr());
            }
            if copier.is_null()
                || Py_TYPE(copier) != &raw mut PyFunction_Type
                || PyFunction_GetGlobals(copier) != globals
            {
                return false;
            }
            words.push(code_word(copier));
            attribute_or_none(PyFunction_GetCode(copier), c"co_name")
                .is_some_and(|own| utf8(own.ptr()) == Some(function))
        })
    }
}
