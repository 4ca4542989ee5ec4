//! `isinstance` with abstract classes, those that `abc.ABCMeta` made.
//!
//! CPython answers in Python, and remembers each answer with the class: what once was an instance stays one, what was
//! not is looked at again after a `register` of any class. While a transaction is open only what it remembers is read.
//! Where it has no answer the call bails; then CPython is asked, where nothing but the library's own code says what
//! is below the class, and the call begins again.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::*;

use super::class::inherited;
use crate::boundary::layout::RawSet;
use crate::builtins::c::undisturbed;
use crate::peek::{Own, attribute_or_none, globals_of, interned, known_item, utf8};
use crate::set::Probes;
use crate::stop::{Bail, R, bail};
use crate::words::{Word, pristine, type_word, version_word};

/// `_abc._abc_data`: what an abstract class knows of others. Proved on the first one.
#[repr(C)]
struct Known {
    base: PyObject,
    /// Sets of weak references, or null.
    registry: *mut PyObject,
    instances: *mut PyObject,
    others: *mut PyObject,
    /// The number of classes that had been registered when the first of `others` was found.
    version: u64,
}

/// The state of the module `_abc`. Proved as well.
#[repr(C)]
struct AbcState {
    data: *mut PyTypeObject,
    registered: u64,
}

/// Two classes of which was asked, and the answer in one transaction.
#[derive(Clone, Copy)]
struct Answer {
    class: *mut PyObject,
    own: *mut PyTypeObject,
    transaction: u64,
    is: bool,
}

const ANSWERS: usize = 32;

/// What was found of an abstract class while it had this version.
#[derive(Clone, Copy)]
struct Looked {
    class: *mut PyObject,
    version: core::ffi::c_uint,
    known: *const Known,
    /// CPython asks none but those registered, once it has looked at the classes above.
    has_no_hook: bool,
}

const LOOKED: usize = 16;

/// More classes than this below one another are not looked at.
const MOST_CLASSES: usize = 2000;

struct Abstracts {
    answers: [Cell<Answer>; ANSWERS],
    /// `ABCMeta`, and what has to stay as it is so that it asks nothing but what `_abc` remembers.
    meta: Cell<*mut PyTypeObject>,
    words: [Cell<Option<Word>>; 2],
    /// The two methods, which the words keep in their place, and the code that they must still have.
    methods: [Cell<(*mut PyObject, *mut PyObject)>; 2],
    state: Cell<*const AbcState>,
    looked: [Cell<Looked>; LOOKED],
    /// What no answer was found to: a class, and the one that it may be below. Strong references, or null.
    open: Cell<(*mut PyTypeObject, *mut PyObject)>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Abstracts {}

static ABSTRACTS: Abstracts = Abstracts {
    answers: [const {
        Cell::new(Answer { class: ptr::null_mut(), own: ptr::null_mut(), transaction: 0, is: false })
    }; ANSWERS],
    meta: Cell::new(ptr::null_mut()),
    words: [const { Cell::new(None) }; 2],
    methods: [const { Cell::new((ptr::null_mut(), ptr::null_mut())) }; 2],
    state: Cell::new(ptr::null()),
    looked: [const {
        Cell::new(Looked { class: ptr::null_mut(), version: 0, known: ptr::null(), has_no_hook: false })
    }; LOOKED],
    open: Cell::new((ptr::null_mut(), ptr::null_mut())),
};

/// Whether an instance of `own`, which does not lie about its class, is one of `class`, which is no plain class; none if
/// that is no abstract class either.
///
/// # Safety
/// Both are alive; a transaction is open.
pub(crate) unsafe fn is_below(own: *mut PyTypeObject, class: *mut PyObject) -> Option<R<bool>> {
    let transaction = crate::txn::current_number();
    let at = (class as usize >> 4 ^ own as usize >> 5) % ANSWERS;
    let known = ABSTRACTS.answers[at].get();
    if known.transaction == transaction && known.class == class && known.own == own {
        return Some(Ok(known.is));
    }
    // SAFETY: By the caller.
    unsafe {
        if !is_abstract(class) {
            return None;
        }
        Some(match remembered(own, class) {
            Some(is) => {
                ABSTRACTS.answers[at].set(Answer { class, own, transaction, is });
                Ok(is)
            }
            None => {
                forget_open();
                Py_INCREF(own.cast());
                Py_INCREF(class);
                ABSTRACTS.open.set((own, class));
                bail(Bail::Abstract)
            }
        })
    }
}

/// Was the class made by `ABCMeta` itself, as the library defines it?
///
/// # Safety
/// A live object.
pub(crate) unsafe fn is_abstract(class: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let meta = Py_TYPE(class);
        if meta == ABSTRACTS.meta.get()
            && ABSTRACTS.words.iter().all(|word| word.get().is_some_and(|word| word.holds()))
            && ABSTRACTS.methods.iter().all(|method| {
                let (method, code) = method.get();
                PyFunction_GetCode(method) == code
            })
        {
            return true;
        }
        // A metaclass is below `type`; most others of what is asked are tuples.
        PyType_Check(class) != 0 && is_library_meta(meta)
    }
}

/// Is it `ABCMeta` with the methods that ask `_abc`? What is found holds while the class and its module do not change.
#[cold]
unsafe fn is_library_meta(meta: *mut PyTypeObject) -> bool {
    // SAFETY: A live class. Its dict and that of a module are looked into, and code objects are read: no Python code.
    unsafe {
        let globals = globals_of("abc");
        if globals.is_null() || (*meta).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 {
            return false;
        }
        if known_item(globals, "ABCMeta") != meta.cast() {
            return false;
        }
        let method = |name: &str, qualname: &str| {
            let found = known_item((*meta).tp_dict, name);
            !found.is_null()
                && Py_TYPE(found) == &raw mut PyFunction_Type
                && PyFunction_GetGlobals(found) == globals
                && attribute_or_none(PyFunction_GetCode(found), c"co_qualname")
                    .is_some_and(|own| utf8(own.ptr()) == Some(qualname))
        };
        let function = |name: &str| {
            let found = known_item(globals, name);
            !found.is_null() && pristine(found, name, "_abc")
        };
        let names = [
            "__getattribute__",
            "__hash__",
            "__eq__",
            "__bool__",
            "__len__",
            "__call__",
            "__subclasses__",
            "__mro__",
            "__dict__",
        ];
        let untouched = undisturbed(|| {
            method("__instancecheck__", "ABCMeta.__instancecheck__")
                && method("__subclasscheck__", "ABCMeta.__subclasscheck__")
                && function("_abc_instancecheck")
                && function("_abc_subclasscheck")
                && names.iter().all(|name| known_item((*meta).tp_dict, name).is_null())
        });
        let name = interned("no name");
        // A look-up gives the class a version.
        let _ = inherited(meta, name);
        Py_XDECREF(name);
        if !untouched || (*meta).tp_version_tag == 0 {
            return false;
        }
        if ABSTRACTS.meta.get() != meta {
            Py_INCREF(meta.cast());
            ABSTRACTS.meta.set(meta);
        }
        for (kept, name) in ABSTRACTS.methods.iter().zip(["__instancecheck__", "__subclasscheck__"]) {
            let method = known_item((*meta).tp_dict, name);
            let found = (method, PyFunction_GetCode(method));
            if kept.get().0.is_null() {
                // For good, so that no other object gets to be where they are.
                Py_INCREF(found.0);
                Py_INCREF(found.1);
                kept.set(found);
            } else if kept.get() != found {
                return false;
            }
        }
        let words = [type_word(meta.cast()), version_word(globals)];
        if ABSTRACTS.words[1].get().is_none_or(|word| word.place != words[1].place) {
            Py_INCREF(globals);
        }
        for (known, word) in ABSTRACTS.words.iter().zip(words) {
            known.set(Some(word));
        }
        true
    }
}

/// What `ABCMeta` keeps with the class, if its layout is the known one.
unsafe fn look(class: *mut PyObject) -> Option<Looked> {
    // SAFETY: By the caller: a live class that `ABCMeta` made; the type and the size are tested first.
    unsafe {
        let place = &ABSTRACTS.looked[(class as usize >> 5) % LOOKED];
        let (seen, version) = (place.get(), (*class.cast::<PyTypeObject>()).tp_version_tag);
        if seen.class == class && seen.version == version && version != 0 {
            return Some(seen);
        }
        let data = named("_abc_impl", class.cast());
        if data.is_null() {
            return None;
        }
        let state = ABSTRACTS.state.get();
        if state.is_null() || (*state).data != Py_TYPE(data) {
            prove(class, data)?;
        }
        let has_no_hook = matches!(hook(class), Hook::None);
        // The look-ups have given it a version.
        let version = (*class.cast::<PyTypeObject>()).tp_version_tag;
        let looked = Looked { class, version, known: data.cast::<Known>(), has_no_hook };
        place.set(looked);
        Some(looked)
    }
}

/// What the class and those above it have under a name; borrowed.
unsafe fn named(name: &str, class: *mut PyTypeObject) -> *mut PyObject {
    // SAFETY: By the caller: a live class; an interned text, or null where memory is short.
    unsafe {
        let name = interned(name);
        let found = if name.is_null() { name } else { inherited(class, name) };
        Py_XDECREF(name);
        found
    }
}

/// Compares what stands in the memory with what `_abc` says.
#[cold]
unsafe fn prove(class: *mut PyObject, data: *mut PyObject) -> Option<()> {
    // SAFETY: By the caller: live objects. Functions of C are called, whose new objects must not start the collector.
    unsafe {
        let module = known_item(PyImport_GetModuleDict(), "_abc");
        if module.is_null()
            || PyModule_Check(module) == 0
            || (*Py_TYPE(data)).tp_basicsize != size_of::<Known>() as Py_ssize_t
        {
            return None;
        }
        let functions = PyModule_GetDict(module);
        let (dump, token) = (known_item(functions, "_get_dump"), known_item(functions, "get_cache_token"));
        if dump.is_null()
            || token.is_null()
            || !pristine(dump, "_get_dump", "_abc")
            || !pristine(token, "get_cache_token", "_abc")
        {
            return None;
        }
        let state = PyModule_GetState(module).cast::<AbcState>().cast_const();
        let collects = PyGC_Disable() != 0;
        let proved = undisturbed(|| {
            let said = PyObject_CallOneArg(dump, class);
            let registered = PyObject_CallNoArgs(token);
            let proved = !said.is_null() && !registered.is_null() && PyTuple_CheckExact(said) != 0 && {
                let known = &*data.cast::<Known>();
                let same = |at, set: *mut PyObject| {
                    let copy = PyTuple_GetItem(said, at);
                    let size = if is_set(set) { PySet_Size(set) } else { 0 };
                    (set.is_null() || is_set(set)) && is_set(copy) && PySet_Size(copy) == size
                };
                PyTuple_Size(said) == 4
                    && same(0, known.registry)
                    && same(1, known.instances)
                    && same(2, known.others)
                    && PyLong_AsUnsignedLongLong(PyTuple_GetItem(said, 3)) == known.version
                    && !state.is_null()
                    && (*state).data == Py_TYPE(data)
                    && PyLong_AsUnsignedLongLong(registered) == (*state).registered
            };
            Py_XDECREF(said);
            Py_XDECREF(registered);
            if !PyErr_Occurred().is_null() {
                PyErr_Clear();
            }
            proved
        });
        if collects {
            PyGC_Enable();
        }
        if !proved {
            return None;
        }
        Py_INCREF(module);
        ABSTRACTS.state.set(state);
        Some(())
    }
}

unsafe fn is_set(object: *mut PyObject) -> bool {
    // SAFETY: By the caller: null or live.
    unsafe { !object.is_null() && Py_TYPE(object) == &raw mut PySet_Type }
}

/// The answer that CPython would give without running Python code.
unsafe fn remembered(own: *mut PyTypeObject, class: *mut PyObject) -> Option<bool> {
    // SAFETY: By the caller: live classes, of which `class` is abstract.
    unsafe {
        let meta = Py_TYPE(own.cast());
        let plain = &raw mut PyType_Type;
        // Classes that hash, or compare, with code of their own.
        let same =
            |one: Option<hashfunc>, two: Option<hashfunc>| one.map(|f| f as usize) == two.map(|f| f as usize);
        if !same((*meta).tp_hash, (*plain).tp_hash)
            || (*meta).tp_richcompare.map(|f| f as usize) != (*plain).tp_richcompare.map(|f| f as usize)
        {
            return None;
        }
        let hash = (*plain).tp_hash?(own.cast());
        let looked = look(class)?;
        let known = &*looked.known;
        if holds(known.instances, own, hash) {
            return Some(true);
        }
        if known.version == (*ABSTRACTS.state.get()).registered && holds(known.others, own, hash) {
            return Some(false);
        }
        // Only this is not remembered: what is registered with the class itself, and not below it.
        let registered = looked.has_no_hook
            && PyType_IsSubtype(own, class.cast()) == 0
            && holds(known.registry, own, hash);
        registered.then_some(true)
    }
}

/// Is there a weak reference to the class in the set?
unsafe fn holds(set: *mut PyObject, class: *mut PyTypeObject, hash: isize) -> bool {
    // SAFETY: By the caller: null or a live set of weak references, which nothing changes meanwhile.
    unsafe {
        if !is_set(set) {
            return false;
        }
        let set = RawSet::of(set);
        let mut probes = Probes::new(hash, set.mask());
        loop {
            let (found, key) = set.slot(probes.next());
            if key.is_null() {
                return false;
            }
            if found == hash && PyWeakref_Check(key) != 0 && PyWeakref_GetObject(key) == class.cast() {
                return true;
            }
        }
    }
}

/// Nobody will ask what the last transaction had no answer to.
pub fn forget_open() {
    let (own, class) = ABSTRACTS.open.replace((ptr::null_mut(), ptr::null_mut()));
    // SAFETY: Null or references that were kept here. Another reference to each is held by whoever asked.
    unsafe {
        Py_XDECREF(own.cast());
        Py_XDECREF(class);
    }
}

/// Asks CPython what the last transaction had no answer to, if nothing but code of the library says it; false otherwise,
/// or where an exception came of it (of a signal's handler), which is left.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set.
pub unsafe fn ask_open() -> bool {
    let (own, class) = ABSTRACTS.open.replace((ptr::null_mut(), ptr::null_mut()));
    if own.is_null() {
        return false;
    }
    // SAFETY: By the caller; the references are given up at the end, when Python code may run.
    unsafe {
        let mut left = MOST_CLASSES;
        let asked = is_abstract(class)
            && is_plainly_made(own)
            && says_the_library(class, &mut left)
            && PyObject_IsSubclass(own.cast(), class) >= 0
            // Else it would have to be asked for ever.
            && is_abstract(class)
            && remembered(own, class).is_some();
        Py_DECREF(own.cast());
        Py_DECREF(class);
        asked
    }
}

/// Were the class and all above it made by `type` or `ABCMeta`, so that looking into them runs no Python code?
unsafe fn is_plainly_made(class: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller: a live class.
    unsafe {
        let mro = (*class).tp_mro;
        !mro.is_null()
            && (0..PyTuple_Size(mro)).all(|at| {
                let base = PyTuple_GetItem(mro, at);
                PyType_Check(base) != 0 && (Py_TYPE(base) == &raw mut PyType_Type || is_abstract(base))
            })
    }
}

/// Do only the library's own functions say what is below the class, below those that are below it, and below those that
/// are registered with one of them?
unsafe fn says_the_library(class: *mut PyObject, left: &mut usize) -> bool {
    // SAFETY: By the caller: a live class. Dicts of classes are looked into; the list of classes is made by `type`.
    unsafe {
        let Some(rest) = left.checked_sub(1) else { return false };
        *left = rest;
        if Py_TYPE(class) == &raw mut PyType_Type {
            return true;
        }
        if !is_abstract(class)
            || !named("__subclasses__", class.cast()).is_null()
            || matches!(hook(class), Hook::Own)
        {
            return false;
        }
        let Some(looked) = look(class) else { return false };
        // The collector may run later, and take classes out of the set.
        let mut registered = Vec::new();
        if is_set((*looked.known).registry) {
            let set = RawSet::of((*looked.known).registry);
            for at in 0..=set.mask() {
                let (_, key) = set.slot(at);
                if !key.is_null() && PyWeakref_Check(key) != 0 && PyWeakref_GetObject(key) != Py_None() {
                    registered.extend(Own::borrow(PyWeakref_GetObject(key)));
                }
            }
        }
        if !registered.iter().all(|class| says_the_library(class.ptr(), left)) {
            return false;
        }
        let listed = PyObject_CallMethod(
            (&raw mut PyType_Type).cast(),
            c"__subclasses__".as_ptr(),
            c"O".as_ptr(),
            class,
        );
        if listed.is_null() {
            PyErr_Clear();
            return false;
        }
        let all = (0..PyList_Size(listed)).all(|at| says_the_library(PyList_GetItem(listed, at), left));
        Py_DECREF(listed);
        all
    }
}

/// Modules whose abstract classes ask which methods another class has.
const HOMES: &[&str] = &["collections.abc", "_collections_abc", "contextlib", "os"];

/// What the `__subclasshook__` of a class is.
enum Hook {
    /// It says nothing.
    None,
    Library,
    Own,
}

unsafe fn hook(class: *mut PyObject) -> Hook {
    // SAFETY: By the caller: a live class; types are tested before their layout is relied on.
    unsafe {
        let hook = named("__subclasshook__", class.cast());
        if !hook.is_null() && hook == named("__subclasshook__", &raw mut PyBaseObject_Type) {
            return Hook::None;
        }
        let function = match hook.is_null() {
            true => return Hook::Own,
            false => super::wrapped(hook, &raw mut PyClassMethod_Type),
        };
        if function.is_null() || Py_TYPE(function) != &raw mut PyFunction_Type {
            return Hook::Own;
        }
        let globals = PyFunction_GetGlobals(function);
        let library = HOMES.iter().any(|home| {
            let module = known_item(PyImport_GetModuleDict(), home);
            !module.is_null() && PyModule_Check(module) != 0 && PyModule_GetDict(module) == globals
        });
        // Those answer for the very class that they stand in.
        match known_item((*class.cast::<PyTypeObject>()).tp_dict, "__subclasshook__").is_null() {
            _ if !library => Hook::Own,
            true => Hook::None,
            false => Hook::Library,
        }
    }
}
