//! The functions of `random` as the module hands them out, methods of one hidden instance, and their class.

use std::ptr;

use pyo3_ffi::*;

use crate::math::{NV_MAGICCONST, TWOPI};
use crate::peek::{attribute_or_none, known_item, utf8};
use crate::words::{Word, builtins, code_word, pristine, type_word, version_word};

unsafe extern "C" {
    static mut PyMethod_Type: PyTypeObject;
    fn PyMethod_Self(method: *mut PyObject) -> *mut PyObject;
    fn PyMethod_Function(method: *mut PyObject) -> *mut PyObject;
}

/// The methods that are compiled, and those that they call.
const METHODS: &[(&str, &str)] = &[
    ("__init__", "Random.__init__"),
    ("uniform", "Random.uniform"),
    ("randint", "Random.randint"),
    ("randrange", "Random.randrange"),
    ("choice", "Random.choice"),
    ("choices", "Random.choices"),
    ("shuffle", "Random.shuffle"),
    ("sample", "Random.sample"),
    ("seed", "Random.seed"),
    ("gauss", "Random.gauss"),
    ("normalvariate", "Random.normalvariate"),
    ("lognormvariate", "Random.lognormvariate"),
    ("expovariate", "Random.expovariate"),
    ("triangular", "Random.triangular"),
    ("_randbelow", "Random._randbelow_with_getrandbits"),
];

/// What those name besides builtins: a global of the module, and what that is.
const HELPERS: &[(&str, &str, &str)] = &[
    ("_index", "index", "operator"),
    ("_floor", "floor", "math"),
    ("_ceil", "ceil", "math"),
    ("_log", "log", "math"),
    ("_exp", "exp", "math"),
    ("_sqrt", "sqrt", "math"),
    ("_cos", "cos", "math"),
    ("_sin", "sin", "math"),
    ("_isfinite", "isfinite", "math"),
    ("_accumulate", "accumulate", "itertools"),
    ("_repeat", "repeat", "itertools"),
    ("_bisect", "bisect", "bisect"),
];

/// And constants of the module.
const CONSTANTS: &[(&str, f64)] = &[("TWOPI", TWOPI), ("NV_MAGICCONST", NV_MAGICCONST)];

const BUILTINS: &[&str] = &["len", "reversed", "range", "list", "set", "int", "isinstance", "super", "type"];

/// Whether `object` is the method of the hidden instance that the module `random` hands out under that name, or the class
/// itself, and the class has the methods that it was defined with.
///
/// # Safety
/// The GIL is held; `object` is live.
pub(super) unsafe fn of_generator(
    object: *mut PyObject,
    name: &str,
    module: &str,
    words: &mut Vec<Word>,
) -> bool {
    if module != "random" {
        return false;
    }
    // SAFETY: look-ups of names in exact dicts; every type is tested before its layout is relied on.
    unsafe {
        let home = known_item(PyImport_GetModuleDict(), module);
        if home.is_null() || PyModule_Check(home) == 0 {
            return false;
        }
        let globals = PyModule_GetDict(home);
        let (instance, class) = (known_item(globals, "_inst"), known_item(globals, "Random"));
        if instance.is_null() || class.is_null() || Py_TYPE(instance).cast() != class {
            return false;
        }
        // A look-up gives the class a version, which every change of it or of its base takes away.
        let _ = attribute_or_none(class, c"getstate");
        words.push(type_word(class));
        words.push(version_word(globals));
        let own = (*class.cast::<PyTypeObject>()).tp_dict;
        let base = (*class.cast::<PyTypeObject>()).tp_base;
        if own.is_null()
            || base.is_null()
            || std::ffi::CStr::from_ptr((*base).tp_name) != c"_random.Random"
            || [
                "random",
                "getrandbits",
                "__getattribute__",
                "__getattr__",
                "__setattr__",
                "__new__",
                "__del__",
            ]
            .iter()
            .any(|name| !known_item(own, name).is_null())
        {
            return false;
        }
        for (method, qualname) in METHODS {
            let function = known_item(own, method);
            if function.is_null()
                || Py_TYPE(function) != &raw mut PyFunction_Type
                || PyFunction_GetGlobals(function) != globals
            {
                return false;
            }
            words.push(code_word(function));
            let found = attribute_or_none(PyFunction_GetCode(function), c"co_qualname");
            if found.as_ref().and_then(|found| utf8(found.ptr())) != Some(qualname) {
                return false;
            }
        }
        let helpers = HELPERS.iter().all(|(global, name, module)| {
            let found = known_item(globals, global);
            !found.is_null() && pristine(found, name, module)
        });
        let plain = BUILTINS.iter().all(|name| {
            let builtin = known_item(builtins(), name);
            known_item(globals, name).is_null() && !builtin.is_null() && pristine(builtin, name, "builtins")
        });
        let constants = CONSTANTS.iter().all(|(global, value)| {
            let found = known_item(globals, global);
            !found.is_null() && PyFloat_CheckExact(found) != 0 && PyFloat_AsDouble(found) == *value
        });
        let itself = match name {
            "Random" => object == class,
            _ => is_method(object, name, instance, own),
        };
        helpers && plain && constants && itself
    }
}

/// The bound method itself.
unsafe fn is_method(object: *mut PyObject, name: &str, instance: *mut PyObject, own: *mut PyObject) -> bool {
    // SAFETY: by the caller; the type is tested first.
    unsafe {
        if matches!(name, "random" | "getrandbits") {
            return Py_TYPE(object) == &raw mut PyCFunction_Type
                && PyCFunction_GetSelf(object) == instance
                && std::ffi::CStr::from_ptr((*(*object.cast::<PyCFunctionObject>()).m_ml).ml_name).to_str()
                    == Ok(name);
        }
        Py_TYPE(object) == &raw mut PyMethod_Type
            && PyMethod_Self(object) == instance
            && ptr::eq(PyMethod_Function(object), known_item(own, name))
    }
}
