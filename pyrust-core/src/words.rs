//! What must stay as it is for what was found out of Python's objects to stay true: words in memory that a change turns;
//! and whether an object is the one that CPython defines under a name.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use crate::peek::{Own, attribute, attribute_or_none, globals_of, interned, known_item, lookup, utf8};

/// A word that must keep its value for a validation to stay true.
#[derive(Clone, Copy)]
pub struct Word {
    pub place: *const u64,
    pub want: u64,
}

impl Word {
    /// A word that never holds: look again at the next call.
    pub const NEVER: Word = Word { place: &raw const ZERO, want: 1 };
    /// One that always does.
    pub const ALWAYS: Word = Word { place: &raw const ZERO, want: 0 };

    #[inline(always)]
    pub fn holds(&self) -> bool {
        // SAFETY: the owner of the place is strongly held for good (see `State`).
        unsafe { self.place.read_unaligned() == self.want }
    }

    /// Do all of them hold? A function of its own: what calls ask stands beside them, and most ask for no more.
    #[inline(never)]
    pub fn all_hold(words: &[Word]) -> bool {
        words.iter().all(Word::holds)
    }
}

static ZERO: u64 = 0;

/// The version tag's place in a dict: see interp.c.
const VERSION_TAG: usize = 24;

/// The word that every change of `dict` changes.
///
/// # Safety
/// `dict` is a live dict.
pub unsafe fn version_word(dict: *mut PyObject) -> Word {
    // SAFETY: the offset is proved by interp.c.
    unsafe {
        let place = dict.cast::<u8>().add(VERSION_TAG).cast_const().cast::<u64>();
        Word { place, want: *place }
    }
}

/// The word with a class's version, which is zero after every change.
///
/// # Safety
/// `class` is a live class.
pub unsafe fn type_word(class: *mut PyObject) -> Word {
    // SAFETY: the version is followed by padding or flags that stand still, in a word of its own.
    unsafe {
        let place = (&raw const (*class.cast::<PyTypeObject>()).tp_version_tag).cast::<u64>();
        if (*class.cast::<PyTypeObject>()).tp_version_tag == 0 || !place.is_aligned() {
            return Word::NEVER;
        }
        Word { place, want: *place }
    }
}

/// The word that holds a function's code pointer.
///
/// # Safety
/// `function` is a live function object.
pub unsafe fn code_word(function: *mut PyObject) -> Word {
    // SAFETY: a function object, whose layout is proved by interp.c.
    unsafe {
        let place = (&raw const (*function.cast::<PyFunctionObject>()).func_code).cast::<u64>();
        Word { place, want: *place }
    }
}

/// The word that holds a function's defaults.
///
/// # Safety
/// `function` is a live function object.
pub unsafe fn defaults_word(function: *mut PyObject) -> Word {
    // SAFETY: as for `code_word`.
    unsafe {
        let place = (&raw const (*function.cast::<PyFunctionObject>()).func_defaults).cast::<u64>();
        Word { place, want: *place }
    }
}

/// The dict of the builtins module, borrowed for good.
pub fn builtins() -> *mut PyObject {
    static DICT: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
    if DICT.load(Relaxed).is_null() {
        // SAFETY: called under the GIL; the reference is kept.
        unsafe {
            let module = PyImport_AddModule(c"builtins".as_ptr());
            let dict = PyModule_GetDict(module);
            Py_INCREF(dict);
            DICT.store(dict, Relaxed);
        }
    }
    DICT.load(Relaxed)
}

/// The C module that defines what a Python module hands on, and the name that it has there.
fn origin<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match (module, name) {
        ("heapq", _) => ("_heapq", name),
        ("operator", _) => ("_operator", name),
        ("bisect", "bisect") => ("_bisect", "bisect_right"),
        ("bisect", "insort") => ("_bisect", "insort_right"),
        ("bisect", _) => ("_bisect", name),
        ("functools", "reduce" | "cmp_to_key") => ("_functools", name),
        ("struct", _) => ("_struct", name),
        ("os", "fspath") => (if cfg!(windows) { "nt" } else { "posix" }, name),
        // Other names of ufuncs.
        ("numpy", "abs") => ("numpy", "absolute"),
        ("numpy", "atan2") => ("numpy", "arctan2"),
        ("numpy", "bitwise_not") => ("numpy", "invert"),
        ("numpy", "mod") => ("numpy", "remainder"),
        ("numpy", "pow") => ("numpy", "power"),
        ("numpy", "true_divide") => ("numpy", "divide"),
        ("numpy", "array" | "zeros" | "empty" | "arange") => ("numpy._core._multiarray_umath", name),
        ("io", "BytesIO" | "StringIO") => ("_io", name),
        ("hashlib", "md5") => ("_hashlib", "openssl_md5"),
        ("hashlib", "sha1") => ("_hashlib", "openssl_sha1"),
        ("hashlib", "sha224") => ("_hashlib", "openssl_sha224"),
        ("hashlib", "sha256") => ("_hashlib", "openssl_sha256"),
        ("hashlib", "sha384") => ("_hashlib", "openssl_sha384"),
        ("hashlib", "sha512") => ("_hashlib", "openssl_sha512"),
        _ => (module, name),
    }
}

/// Whether `object` is the function, type or singleton that the module defines under that name.
///
/// # Safety
/// `object` is a live object; the GIL is held.
pub unsafe fn pristine(object: *mut PyObject, name: &str, module: &str) -> bool {
    // SAFETY: `object` is live; every branch tests the type first.
    unsafe {
        let (public, (module, name)) = (module, origin(module, name));
        if Py_TYPE(object) == &raw mut PyCFunction_Type {
            let def = (*object.cast::<PyCFunctionObject>()).m_ml;
            let owner = PyCFunction_GetSelf(object);
            return std::ffi::CStr::from_ptr((*def).ml_name).to_str() == Ok(name)
                && !owner.is_null()
                && PyModule_Check(owner) != 0
                && PyModule_GetNameObject(owner).as_ref().is_some_and(|found| {
                    let found = Own::take(ptr::from_ref(found).cast_mut());
                    found.is_some_and(|found| utf8(found.ptr()) == Some(module))
                });
        }
        if PyType_Check(object) != 0 {
            let ty = object.cast::<PyTypeObject>();
            let full = std::ffi::CStr::from_ptr((*ty).tp_name).to_str().unwrap_or_default();
            let (owner, short) = full.rsplit_once('.').unwrap_or(("builtins", full));
            return (*ty).tp_flags & Py_TPFLAGS_IMMUTABLETYPE != 0
                && short == name
                && (owner == module || owner == public);
        }
        let class = std::ffi::CStr::from_ptr((*Py_TYPE(object)).tp_name);
        if module == "numpy" && (class == c"numpy.ufunc" || class == c"numpy._ArrayFunctionDispatcher") {
            // Both classes are C's, and so is what they say of themselves.
            let own = attribute(object, c"__name__");
            return own.is_some_and(|own| utf8(own.ptr()) == Some(name));
        }
        match name {
            "NotImplemented" => object == Py_NotImplemented(),
            "Ellipsis" => object == Py_Ellipsis(),
            _ => false,
        }
    }
}

/// Whether a class's methods are those of its own `class` statement in the module with these globals.
///
/// # Safety
/// `class` is a live object; the GIL is held.
pub unsafe fn has_own_methods(
    class: *mut PyObject,
    name: &str,
    globals: *mut PyObject,
    words: &mut Vec<Word>,
) -> bool {
    /// What the interpreter and the class statement put there.
    const OTHERS: &[&str] = &[
        "__module__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__hash__",
        "__static_attributes__",
        "__firstlineno__",
        "__abstractmethods__",
        "_abc_impl",
        "fromkeys",
    ];
    // SAFETY: by the caller; a class has a dict of its own, whose functions have globals and code.
    unsafe {
        if PyType_Check(class) == 0 {
            return false;
        }
        // A look-up gives the class a version, which every change of it takes away.
        let _ = attribute_or_none(class, c"__missing__");
        words.push(type_word(class));
        let own = (*class.cast::<PyTypeObject>()).tp_dict;
        let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        while !own.is_null() && PyDict_Next(own, &mut at, &mut key, &mut value) != 0 {
            let Some(key) = utf8(key) else { return false };
            if OTHERS.contains(&key) {
                continue;
            }
            if Py_TYPE(value) != &raw mut PyFunction_Type || PyFunction_GetGlobals(value) != globals {
                return false;
            }
            let qualname = attribute_or_none(PyFunction_GetCode(value), c"co_qualname");
            let named = qualname
                .and_then(|q| utf8(q.ptr())?.strip_prefix(name)?.strip_prefix('.').map(str::to_string));
            if named.as_deref() != Some(key) {
                return false;
            }
        }
        !own.is_null()
    }
}

/// Is it `collections.Counter`, as CPython has it?  Found out once, and again when the class or its module has changed.
///
/// # Safety
/// `class` is a live class, and the GIL is held.
pub unsafe fn is_library_counter(class: *mut PyObject) -> bool {
    struct Seen(Cell<*mut PyObject>, RefCell<Vec<Word>>);
    // SAFETY: used under the GIL only.
    unsafe impl Sync for Seen {}
    static SEEN: Seen = Seen(Cell::new(ptr::null_mut()), RefCell::new(Vec::new()));
    if SEEN.0.get() == class && SEEN.1.borrow().iter().all(Word::holds) {
        return true;
    }
    // SAFETY: by the caller; what the words look at is held for good.
    unsafe {
        let name = std::ffi::CStr::from_ptr((*class.cast::<PyTypeObject>()).tp_name);
        let mut words = Vec::new();
        if name != c"Counter" || !library_class(class, "Counter", "collections", &mut words) {
            return false;
        }
        if SEEN.0.get() != class {
            Py_INCREF(class);
            Py_INCREF(PyModule_GetDict(lookup(PyImport_GetModuleDict(), interned("collections"))));
        }
        SEEN.0.set(class);
        *SEEN.1.borrow_mut() = words;
        true
    }
}

/// Python classes of the standard library whose instances native code makes, or does without.
const LIBRARY_CLASSES: &[(&str, &str)] =
    &[("collections", "Counter"), ("contextlib", "nullcontext"), ("contextlib", "suppress")];

/// Whether `object` is the Python class that a module of the standard library defines under that name, with its own
/// methods and no others.
///
/// # Safety
/// `object` is a live object; the GIL is held.
pub unsafe fn library_class(object: *mut PyObject, name: &str, module: &str, words: &mut Vec<Word>) -> bool {
    if !LIBRARY_CLASSES.contains(&(module, name)) {
        return false;
    }
    // SAFETY: `object` is live; look-ups in exact dicts.
    unsafe {
        let home = lookup(PyImport_GetModuleDict(), interned(module));
        if home.is_null() || PyModule_Check(home) == 0 {
            return false;
        }
        let globals = PyModule_GetDict(home);
        if lookup(globals, interned(name)) != object || !has_own_methods(object, name, globals, words) {
            return false;
        }
        words.push(version_word(globals));
        let counting = lookup(globals, interned("_count_elements"));
        module != "collections"
            || (!counting.is_null() && pristine(counting, "_count_elements", "_collections"))
    }
}

/// The function that such a descriptor calls for what it keeps under that name; null where it is something else.
///
/// # Safety
/// A live object and a text.
pub unsafe fn behind_cached(object: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by the caller; the descriptor keeps its attributes in a plain dict, from which they are read without Python
    // code, and holds them.
    unsafe {
        let globals = globals_of("functools");
        if globals.is_null() {
            return ptr::null_mut();
        }
        let own = known_item(globals, "cached_property");
        let ty = Py_TYPE(object);
        if own != ty.cast()
            || (*ty).tp_getattro.map(|f| f as usize) != PyBaseObject_Type.tp_getattro.map(|f| f as usize)
        {
            return ptr::null_mut();
        }
        let kept = attribute_or_none(object, c"attrname");
        let same = kept.is_some_and(|kept| {
            PyUnicode_CheckExact(kept.ptr()) != 0 && PyUnicode_Compare(kept.ptr(), name) == 0
        });
        match same {
            true => attribute_or_none(object, c"func").map_or(ptr::null_mut(), |f| f.ptr()),
            false => ptr::null_mut(),
        }
    }
}

/// The globals of `contextlib`, and where the function stands that its `contextmanager` was given to make `object`, if it
/// did.
///
/// # Safety
/// A live object; the place is alive as long as the object keeps its cell.
pub unsafe fn behind_manager(object: *mut PyObject) -> Option<(*mut PyObject, *const *mut PyObject)> {
    // SAFETY: by the caller; every type is tested before its layout is relied on.
    unsafe {
        if Py_TYPE(object) != &raw mut PyFunction_Type {
            return None;
        }
        let (globals, closure) = (globals_of("contextlib"), PyFunction_GetClosure(object));
        let qualname = attribute_or_none(PyFunction_GetCode(object), c"co_qualname")?;
        if globals.is_null()
            || PyFunction_GetGlobals(object) != globals
            || utf8(qualname.ptr()) != Some("contextmanager.<locals>.helper")
            || closure.is_null()
            || PyTuple_Size(closure) != 1
        {
            return None;
        }
        let cell = PyTuple_GetItem(closure, 0);
        (Py_TYPE(cell) == &raw mut PyCell_Type)
            .then(|| (globals, (&raw const (*cell.cast::<PyCellObject>()).ob_ref)))
    }
}
