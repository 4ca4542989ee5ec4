//! The guard on names: what native code assumed about a module's globals still holds.
//!
//! A namespace is validated against its dict's version tag (globally unique, moved by every change), so that an
//! unchanged namespace costs one compare at entry. When the tag moved, every name is looked up again: a monkeypatch
//! sends calls to Python, undoing it makes them native again. Values are read from the last look-up, which is still
//! right because no Python code runs while a transaction is open.

mod steady;

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use self::steady::Roots;
use super::library::of_generator;
use super::metadata::{Kind, Slot};

use super::ospath::of_paths;
use super::stdlib::library_function;

use super::{path, patterns, registry};
use crate::big::Big;
use crate::boundary::{globals, layout};
use crate::object::Functions;
use crate::peek::{attribute_or_none, interned, lookup, utf8};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::words::{Word, builtins, code_word, library_class, pristine, version_word};

/// One module's names as one or more specialisations see them.
pub struct Namespace {
    module: &'static str,
    slots: &'static [Slot],
    /// Attributes of a C module, whose `builtin` slots are its own functions.
    own_builtins: bool,
    state: AtomicPtr<State>,
}

/// Created at the first validation and never freed; its references are never given up, since entries compare
/// places inside of these objects.
struct State {
    dict: Cell<*mut PyObject>,
    names: Vec<*mut PyObject>,
    /// Which slots have names that are no plain globals.
    paths: Vec<bool>,
    values: Vec<Cell<*mut PyObject>>,
    words: RefCell<Vec<Word>>,
    holds: Cell<bool>,
    /// The dict is that of the module that `sys.modules` has under this name, not the one that was activated.
    found: Cell<bool>,
    functions: Vec<Cell<Option<Callee>>>,
    /// Where the paths of slots end in classes; looked for when something there is assigned.
    classes: Vec<Cell<Option<path::InClass>>>,
    /// Of patterns: the flags that they were compiled with, or that could not be.
    flags: Vec<Cell<Option<Option<i64>>>>,
    /// What the slots begin with, where that tells whether they hold.
    roots: Option<Roots>,
}

/// A function object whose code was found to be the compiled one.
#[derive(Clone, Copy)]
struct Callee {
    function: *mut PyObject,
    code: *mut PyObject,
    positional: usize,
}

impl Namespace {
    /// The globals of a Python module.
    pub const fn new(module: &'static str, slots: &'static [Slot]) -> Namespace {
        Namespace { module, slots, own_builtins: false, state: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The attributes of a module written in C.
    pub const fn module(module: &'static str, slots: &'static [Slot]) -> Namespace {
        Namespace { module, slots, own_builtins: true, state: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The value that the global has now.
    #[inline]
    pub fn get<T: FromPy>(&self, cx: Cx, slot: usize) -> R<T> {
        let value = self.state().and_then(|state| state.values.get(slot)).map_or(ptr::null_mut(), Cell::get);
        if value.is_null() {
            return bail(Bail::Guard);
        }
        // SAFETY: the module's dict holds it, and cannot change while the transaction is open.
        unsafe { T::from_py(cx, value) }
    }

    /// As [`Namespace::get`], for a global that native code may have assigned since.
    pub fn load<T: FromPy>(&self, cx: Cx, slot: usize) -> R<T> {
        let Some((dict, name, value)) = self.place(slot) else { return bail(Bail::Guard) };
        if self.is_path(slot) {
            return self.load_of_class(cx, slot, value);
        }
        // SAFETY: the module's dict holds the value, or the transaction does; both as long as it is open.
        unsafe {
            match globals::assigned(cx, dict, name)? {
                Some(now) => T::from_py(cx, now),
                None => T::from_py(cx, value),
            }
        }
    }

    /// The global is what the frame of `cx` returns: the object itself goes out.
    #[inline]
    pub fn returned(&self, cx: Cx, slot: usize) -> R<()> {
        let Some((dict, name, value)) = self.place(slot) else { return bail(Bail::Guard) };
        // SAFETY: As in `load`.
        let now = unsafe { globals::assigned(cx, dict, name)? };
        cx.ret_object(now.unwrap_or(value));
        Ok(())
    }

    /// Assigns a global that exists.
    pub fn store<T: IntoPy>(&self, cx: Cx, slot: usize, value: T) -> R<()> {
        let Some((dict, name, before)) = self.place(slot) else { return bail(Bail::Guard) };
        // SAFETY: the dict, the name and the value before are alive; the new value is a strong reference.
        unsafe {
            if self.is_path(slot) {
                let path::InClass { class, name, .. } = self.in_class(slot)?;
                if globals::assigned(cx, class.cast(), name)?.is_none() {
                    if !path::is_replaced_plainly(class, name, before) {
                        return bail(Bail::Guard);
                    }
                    cx.assigns_in_class(name);
                }
                return globals::assign(cx, class.cast(), name, before, value.into_py(cx)?);
            }
            globals::assign(cx, dict, name, before, value.into_py(cx)?)
        }
    }

    /// What a class has now, which stood for `value` before the transaction.
    #[inline(never)]
    fn load_of_class<T: FromPy>(&self, cx: Cx, slot: usize, value: *mut PyObject) -> R<T> {
        // SAFETY: as in `load`; the class holds the value, or the transaction does.
        unsafe {
            if !cx.has_assigned_in_class() {
                return T::from_py(cx, value);
            }
            let path::InClass { owner, name, .. } = self.in_class(slot)?;
            T::from_py(cx, globals::assigned(cx, owner.cast(), name)?.unwrap_or(value))
        }
    }

    /// Where the slot's path ends in a class.
    ///
    /// # Safety
    /// The GIL is held.
    unsafe fn in_class(&self, slot: usize) -> R<path::InClass> {
        let Some(state) = self.state() else { return bail(Bail::Guard) };
        let known = &state.classes[slot];
        if known.get().is_none() {
            // SAFETY: by the caller; the dict of a module, alive.
            known.set(unsafe { path::class_and_name(state.dict.get(), self.slots[slot].name) });
        }
        known.get().map_or_else(|| bail(Bail::Guard), Ok)
    }

    #[inline]
    fn is_path(&self, slot: usize) -> bool {
        self.state().is_some_and(|state| state.paths[slot])
    }

    /// The dict, the name and the value outside of the transaction; none if there is no such global.
    fn place(&self, slot: usize) -> Option<(*mut PyObject, *mut PyObject, *mut PyObject)> {
        let state = self.state()?;
        let value = state.values.get(slot)?.get();
        (!value.is_null()).then(|| (state.dict.get(), state.names[slot], value))
    }

    /// The default that the function in `slot` has now for the positional parameter number `index`.
    pub fn default<T: FromPy>(&self, cx: Cx, slot: usize, index: usize) -> R<T> {
        let Some(callee) = self.callee(slot) else { return bail(Bail::Guard) };
        // SAFETY: the function is strongly held, and its defaults are a tuple or null.
        unsafe {
            let defaults = PyFunction_GetDefaults(callee.function);
            if defaults.is_null() {
                return bail(Bail::Guard);
            }
            // Defaults belong to the last parameters.
            let count = PyTuple_Size(defaults) as usize;
            match (index + count).checked_sub(callee.positional) {
                Some(at) if at < count => T::from_py(cx, PyTuple_GetItem(defaults, at as Py_ssize_t)),
                _ => bail(Bail::Guard),
            }
        }
    }

    /// The default that the function in `slot` has now for the keyword-only parameter `name`.
    pub fn kwdefault<T: FromPy>(&self, cx: Cx, slot: usize, name: &str) -> R<T> {
        let Some(callee) = self.callee(slot) else { return bail(Bail::Guard) };
        // SAFETY: the function is strongly held; keys of `__kwdefaults__` that are no `str` are never compared with.
        unsafe {
            let defaults = PyFunction_GetKwDefaults(callee.function);
            let mut at = 0;
            let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
            while !defaults.is_null() && PyDict_Next(defaults, &mut at, &mut key, &mut value) != 0 {
                if utf8(key) == Some(name) {
                    return T::from_py(cx, value);
                }
            }
        }
        bail(Bail::Guard)
    }

    /// The code objects of those callees that `names` lists, as last validated.
    pub(super) fn codes(&self, names: &[&str]) -> Vec<*mut PyObject> {
        let callees = self.state().map_or(&[][..], |state| &state.functions);
        let named = |slot: &Slot| matches!(slot.kind, Kind::Function(target) if names.contains(&target));
        let found = self.slots.iter().zip(callees).filter(|(slot, _)| named(slot));
        found.filter_map(|(_, callee)| Some(callee.get()?.code)).collect()
    }

    fn callee(&self, slot: usize) -> Option<Callee> {
        self.state()?.functions.get(slot)?.get()
    }

    fn state(&self) -> Option<&State> {
        // SAFETY: set once to a leaked box, under the GIL.
        unsafe { self.state.load(Relaxed).as_ref() }
    }

    pub(super) fn slots(&self) -> &'static [Slot] {
        self.slots
    }

    pub(super) fn module_name(&self) -> &'static str {
        self.module
    }

    /// Where the names are: the globals of the module that was activated, or a module's dict.
    ///
    /// # Safety
    /// The GIL is held, no transaction is open; `dict` is a live dict.
    pub(super) unsafe fn bind(&self, dict: *mut PyObject) {
        // SAFETY: the GIL is held.
        let state = unsafe { self.state_or_new() };
        state.found.set(false);
        if state.dict.get() != dict {
            // SAFETY: the caller vouches for the dict; the old one is kept for good.
            unsafe { Py_INCREF(dict) };
            state.dict.set(dict);
            state.words.borrow_mut().clear();
        }
    }

    unsafe fn state_or_new(&self) -> &State {
        if self.state.load(Relaxed).is_null() {
            let count = self.slots.len();
            let state = State {
                dict: Cell::new(ptr::null_mut()),
                // SAFETY: the caller holds the GIL.
                names: self.slots.iter().map(|slot| unsafe { interned(slot.name) }).collect(),
                paths: self.slots.iter().map(|slot| path::is_path(slot.name)).collect(),
                values: (0..count).map(|_| Cell::new(ptr::null_mut())).collect(),
                words: RefCell::default(),
                holds: Cell::new(false),
                found: Cell::new(false),
                functions: (0..count).map(|_| Cell::new(None)).collect(),
                classes: (0..count).map(|_| Cell::new(None)).collect(),
                flags: (0..count).map(|_| Cell::new(None)).collect(),
                // SAFETY: the caller holds the GIL.
                roots: if self.own_builtins { None } else { unsafe { Roots::new(self.slots) } },
            };
            self.state.store(Box::into_raw(Box::new(state)), Relaxed);
        }
        // SAFETY: not null, and never freed.
        unsafe { &*self.state.load(Relaxed) }
    }

    /// Whether all assumptions hold now; adds the words that keep the answer true to `words`.
    ///
    /// # Safety
    /// The GIL is held, no transaction is open, no exception is set.
    pub(super) unsafe fn validate(&self, words: &mut Vec<Word>) -> bool {
        // SAFETY: the caller vouches for the moment.
        unsafe {
            let state = self.state_or_new();
            let current = {
                let known = state.words.borrow();
                !known.is_empty() && known.iter().all(Word::holds)
            };
            if !current && !self.still_holds(state) {
                let mut fresh = Vec::new();
                if state.dict.get().is_null() || state.found.get() {
                    let modules = PyImport_GetModuleDict();
                    let module = lookup(modules, interned(self.module));
                    if module.is_null() || PyModule_Check(module) == 0 {
                        words.push(Word::NEVER);
                        return false;
                    }
                    self.bind(PyModule_GetDict(module));
                    state.found.set(true);
                    // Another module may take its place.
                    fresh.push(version_word(modules));
                }
                fresh.extend([version_word(state.dict.get()), version_word(builtins())]);
                state.holds.set(self.look(state, &mut fresh));
                *state.words.borrow_mut() = fresh;
                if let Some(roots) = &state.roots {
                    roots.look(state.dict.get());
                }
            }
            words.extend_from_slice(&state.words.borrow());
            state.holds.get()
        }
    }

    unsafe fn look(&self, state: &State, words: &mut Vec<Word>) -> bool {
        let mut holds = true;
        // SAFETY: names, dict and builtins are strongly held.
        unsafe {
            for (index, slot) in self.slots.iter().enumerate() {
                if let Kind::Pattern(text, flags) = slot.kind {
                    // It stays what it was unless the flags mean something else.
                    let flags = patterns::flags(state.dict.get(), flags);
                    if state.flags[index].get() != Some(flags) {
                        let made = flags.and_then(|flags| patterns::compile(state.dict.get(), text, flags));
                        state.values[index].set(made.unwrap_or(ptr::null_mut()));
                        state.flags[index].set(Some(flags));
                    }
                    holds &= !state.values[index].get().is_null();
                    continue;
                }
                let path = !self.own_builtins && state.paths[index];
                let found = match path {
                    true => path::find(state.dict.get(), slot.name, words),
                    false => lookup(state.dict.get(), state.names[index]),
                };
                state.values[index].set(found);
                state.classes[index].set(None);
                holds &= match slot.kind {
                    Kind::Value => !path || !found.is_null(),
                    Kind::Builtin if self.own_builtins => {
                        !found.is_null()
                            && (pristine(found, slot.name, self.module)
                                || of_generator(found, slot.name, self.module, words)
                                || library_function(found, slot.name, self.module, words)
                                || of_paths(found, slot.name, self.module, words)
                                || library_class(found, slot.name, self.module, words))
                    }
                    Kind::Builtin => {
                        let builtin = lookup(builtins(), state.names[index]);
                        // As a value it is the builtin itself.
                        state.values[index].set(builtin);
                        // A module may have imported it from there.
                        (found.is_null() || found == builtin)
                            && !builtin.is_null()
                            && pristine(builtin, slot.name, "builtins")
                    }
                    // Looked at above.
                    Kind::Pattern(..) => true,
                    Kind::Module(target) => is_module(found, target),
                    Kind::Imported(module, attr) => {
                        !found.is_null()
                            && (pristine(found, attr, module)
                                || of_generator(found, attr, module, words)
                                || library_function(found, attr, module, words)
                                || of_paths(found, attr, module, words)
                                || library_class(found, attr, module, words))
                    }
                    Kind::Number(value) => is_number(found, value),
                    Kind::Classes(classes) => are_classes(found, classes) == Some(&[]),
                    Kind::Layout(format) => has_layout(found, format, words),
                    Kind::Function(target) | Kind::Handed(target) => {
                        let same = self.look_function(state, index, found, target, words);
                        // What a table had may be gone as soon as the table changes, and nobody tells.
                        if !same && path {
                            state.values[index].set(ptr::null_mut());
                        }
                        same
                    }
                };
            }
        }
        holds
    }

    unsafe fn look_function(
        &self,
        state: &State,
        index: usize,
        found: *mut PyObject,
        target: &'static str,
        words: &mut Vec<Word>,
    ) -> bool {
        // SAFETY: `found` is null or live; what is kept is strongly held for good.
        unsafe {
            if found.is_null() || Py_TYPE(found) != &raw mut PyFunction_Type {
                return false;
            }
            let code = PyFunction_GetCode(found);
            let known = state.functions[index].get();
            if !known.is_some_and(|callee| callee.function == found && callee.code == code) {
                if !registry::is_compiled(found, target) {
                    words.push(Word::NEVER);
                    return false;
                }
                let count =
                    attribute_or_none(code, c"co_argcount").map_or(0, |count| PyLong_AsLong(count.ptr()));
                Py_INCREF(found);
                Py_INCREF(code);
                state.functions[index].set(Some(Callee {
                    function: found,
                    code,
                    positional: count as usize,
                }));
            }
            if crate::activate::interp::code_monitored(code) {
                words.push(Word::NEVER);
                return false;
            }
            if !reads_object(found, code, words) {
                words.push(Word::NEVER);
                return false;
            }
            words.push(code_word(found));
            words.extend(monitoring_words(code));
            true
        }
    }
}

impl Functions for Namespace {
    fn function(&self, slot: usize) -> *mut PyObject {
        self.callee(slot).map_or(ptr::null_mut(), |callee| callee.function)
    }

    fn unchanged_function(&self, slot: usize) -> *mut PyObject {
        // SAFETY: what was found is strongly held.
        let unchanged = |callee: &Callee| unsafe { PyFunction_GetCode(callee.function) } == callee.code;
        self.callee(slot).filter(unchanged).map_or(ptr::null_mut(), |callee| callee.function)
    }
}

/// Is `object` in the cell from which the `__init__` of a frozen dataclass reads it, if there is such a cell?
///
/// # Safety
/// `function` is a live function object, `code` its code.
unsafe fn reads_object(function: *mut PyObject, code: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: types are tested before their layout is relied on.
    unsafe {
        let closure = PyFunction_GetClosure(function);
        let Some(names) = attribute_or_none(code, c"co_freevars").filter(|_| !closure.is_null()) else {
            return true;
        };
        (0..PyTuple_Size(names.ptr()).min(PyTuple_Size(closure))).all(|index| {
            if utf8(PyTuple_GetItem(names.ptr(), index)) != Some("__dataclass_builtins_object__") {
                return true;
            }
            let cell = PyTuple_GetItem(closure, index);
            if Py_TYPE(cell) != &raw mut PyCell_Type {
                return false;
            }
            // The content stands behind the header of the object.
            let place = cell.add(1).cast_const().cast::<u64>();
            words.push(Word { place, want: *place });
            *place == (&raw const PyBaseObject_Type) as u64
        })
    }
}

/// The words that turn when a tool asks for events of the code; none where there is no such thing. What tools ask for is
/// kept somewhere else from the first time on, where it is zero again when they have ceased.
///
/// # Safety
/// `code` is a live code object, held for good.
pub(super) unsafe fn monitoring_words(code: *mut PyObject) -> Vec<Word> {
    // SAFETY: the caller vouches for the object.
    unsafe {
        let place = crate::activate::interp::code_monitoring_word(code);
        if place.is_null() {
            return Vec::new();
        }
        let told = *place;
        let mut words = vec![Word { place, want: told }];
        if told != 0 {
            words.extend(crate::activate::interp::local_monitors(told).map(|place| Word { place, want: 0 }));
            // A verdict that is found while a tool asks must not come back when it has ceased.
            if !words.iter().all(Word::holds) {
                words.push(Word::NEVER);
            }
        }
        words
    }
}

/// What `functools` uses to dress a cache: a function of its own, or the class of its statistics.
pub(super) unsafe fn defined_here(object: *mut PyObject, globals: *mut PyObject, name: &str) -> bool {
    // SAFETY: `object` is live; the type is tested first.
    unsafe {
        match Py_TYPE(object) == &raw mut PyFunction_Type {
            true => PyFunction_GetGlobals(object) == globals,
            false => name == "_CacheInfo",
        }
    }
}

/// Is it an exact `int` of this value?
unsafe fn is_number(object: *mut PyObject, value: i128) -> bool {
    // SAFETY: `object` is null or live.
    unsafe {
        !object.is_null()
            && layout::is_int(object)
            && Big::from_int(object).is_ok_and(|number| number.as_i128() == Some(value))
    }
}

/// The classes that are left when those that the object is, or that the tuple has, are taken away; none if it has others.
unsafe fn are_classes<'c>(object: *mut PyObject, classes: &'c [&'c str]) -> Option<&'c [&'c str]> {
    // SAFETY: `object` is null or live; a tuple holds its items, and never itself where classes are.
    unsafe {
        if object.is_null() {
            return None;
        }
        if Py_TYPE(object) == &raw mut PyTuple_Type {
            let mut left = classes;
            for at in 0..PyTuple_Size(object) {
                left = are_classes(PyTuple_GetItem(object, at), left)?;
            }
            return Some(left);
        }
        let (first, left) = classes.split_first()?;
        (PyType_Check(object) != 0 && pristine(object, first, "builtins")).then_some(left)
    }
}

/// Whether `object` is a `struct.Struct` with the format. Adds the word that turns when it gets another one.
unsafe fn has_layout(object: *mut PyObject, format: &str, words: &mut Vec<Word>) -> bool {
    /// What `_struct.c` lays out: the head, the size, the number of fields, their codes, the format, the weak references.
    const SIZE: isize = 56;
    const FORMAT: usize = 40;
    // SAFETY: `object` is null or live; the type and its size vouch for the layout, the same in all supported versions.
    unsafe {
        if object.is_null()
            || !pristine(Py_TYPE(object).cast(), "Struct", "_struct")
            || (*Py_TYPE(object)).tp_basicsize != SIZE
        {
            return false;
        }
        let place = object.cast::<u8>().add(FORMAT).cast::<u64>();
        words.push(Word { place, want: *place });
        let own = *place.cast::<*mut PyObject>();
        !own.is_null()
            && PyBytes_CheckExact(own) != 0
            && std::slice::from_raw_parts(PyBytes_AsString(own).cast::<u8>(), PyBytes_Size(own) as usize)
                == format.as_bytes()
    }
}

/// Whether `object` is the module `target` that the import system knows.
pub(super) unsafe fn is_module(object: *mut PyObject, target: &str) -> bool {
    // SAFETY: `object` is null or live; `sys.modules` lives as long as the interpreter.
    unsafe {
        !object.is_null()
            && PyModule_Check(object) != 0
            && lookup(PyImport_GetModuleDict(), interned(target)) == object
    }
}
