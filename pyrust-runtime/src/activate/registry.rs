//! The state of every hotspot of this extension: one table, filled once, read by status and guards.
//!
//! Everything is touched under the GIL only, and nothing is ever freed: hooks sit in code objects that may outlive
//! any module.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::digest::digest;
use super::hook::Hook;
use super::metadata::{Function, Kind, Module, split};
pub(super) use super::settings::Mode;
use super::settings::Settings;

/// What `_pyrust.status()` says about a hotspot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Native,
    Pending,
    Python,
    Stale,
    Ambiguous,
    Disabled,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Native => "native",
            State::Pending => "pending",
            State::Python => "python",
            State::Stale => "stale",
            State::Ambiguous => "ambiguous",
            State::Disabled => "disabled",
        }
    }
}

/// One hotspot of the manifest.
pub(super) struct Record {
    pub(super) function: &'static Function,
    pub(super) state: Cell<State>,
    pub(super) reason: RefCell<Option<String>>,
    /// The hook of the function object that is current (a reload makes a new one).
    pub(super) hook: Cell<Option<&'static Hook>>,
    /// Function objects that were hooked so far.
    hooked: Cell<u32>,
    /// Native calls of earlier hooks, less those from before the counters were reset.
    counted: Cell<i64>,
    pub(super) bailouts: RefCell<Vec<(&'static str, u64)>>,
    /// Bailouts after which Python has gone on in the middle of a loop.
    pub(super) resumed: Cell<u64>,
    /// It was found to differ from Python: what was compiled with it inside must not run either.
    distrusted: Cell<bool>,
}

impl Record {
    pub(super) fn set(&self, state: State, reason: Option<String>) {
        self.state.set(state);
        *self.reason.borrow_mut() = reason;
    }

    /// What `status` says besides, of a function that stays in its state.
    pub(super) fn say(&self, reason: Option<String>) {
        *self.reason.borrow_mut() = reason;
    }

    /// Makes `hook` the current one; the one that it takes the place of.
    pub(super) fn install(&self, hook: &'static Hook) -> Option<&'static Hook> {
        let old = self.hook.replace(Some(hook));
        self.hooked.set(self.hooked.get().saturating_add(1));
        self.counted.set(self.counted.get() + old.map_or(0, |old| old.native_calls() as i64));
        old
    }

    /// Committed native calls.
    pub(super) fn native_calls(&self) -> u64 {
        (self.counted.get() + self.hook.get().map_or(0, |hook| hook.native_calls() as i64)).max(0) as u64
    }

    pub(super) fn reset_counters(&self) {
        self.counted.set(-self.hook.get().map_or(0, |hook| hook.native_calls() as i64));
        self.bailouts.borrow_mut().clear();
        self.resumed.set(0);
        if let Some(hook) = self.hook.get() {
            hook.forget_bailouts();
        }
    }

    pub(super) fn count_resumed(&self) {
        self.resumed.set(self.resumed.get() + 1);
    }

    pub(super) fn count_bail(&self, reason: &'static str) {
        let mut bailouts = self.bailouts.borrow_mut();
        match bailouts.iter_mut().find(|entry| entry.0 == reason) {
            Some(entry) => entry.1 += 1,
            None => bailouts.push((reason, 1)),
        }
    }
}

/// All of this extension.
pub(super) struct Registry {
    pub(super) module: &'static Module,
    pub(super) settings: Settings,
    pub(super) records: Vec<Record>,
    digests: HashMap<&'static str, Vec<&'static str>>,
    /// One of so many calls is compared with Python; 0: none.
    one_in: Cell<u32>,
    /// Code objects that were compared with a digest already, strongly held: (code, name) and the verdict.
    seen: RefCell<HashMap<(usize, &'static str), bool>>,
}

static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(std::ptr::null_mut());

/// The table, once `init` has run.
pub(super) fn get() -> Option<&'static Registry> {
    // SAFETY: set once to a leaked box.
    unsafe { REGISTRY.load(Relaxed).as_ref() }
}

/// Makes the table, or returns the one that an earlier import of the extension made.
pub(super) fn create(module: &'static Module, digests: &'static str) -> &'static Registry {
    if let Some(registry) = get() {
        return registry;
    }
    let settings = Settings::from_environment();
    let records = module.functions.iter().map(|function| first_record(function, &settings)).collect();
    let digests = parse_digests(digests);
    let registry =
        Registry { module, settings, records, digests, one_in: Cell::new(0), seen: RefCell::default() };
    let registry: &'static Registry = Box::leak(Box::new(registry));
    REGISTRY.store(std::ptr::from_ref(registry).cast_mut(), Relaxed);
    registry
}

/// What is to be said of a function where nothing can be native.
pub(super) fn left(function: &'static Function, why: &str) -> Record {
    let record = first_record(function, &Settings::from_environment());
    if record.state.get() == State::Pending {
        record.set(State::Python, Some(why.to_owned()));
    }
    record
}

fn first_record(function: &'static Function, settings: &Settings) -> Record {
    let (state, reason) = match function.reason {
        Some(text) => match text.strip_prefix("disabled: ") {
            Some(why) => (State::Disabled, Some(why.to_owned())),
            None => (State::Python, Some(text.to_owned())),
        },
        None => match settings.disables(function.name) {
            Some(why) => (State::Disabled, Some(why)),
            None => (State::Pending, None),
        },
    };
    Record {
        function,
        state: Cell::new(state),
        reason: RefCell::new(reason),
        hook: Cell::new(None),
        hooked: Cell::new(0),
        counted: Cell::new(0),
        bailouts: RefCell::default(),
        distrusted: Cell::new(false),
        resumed: Cell::new(0),
    }
}

/// Lines `module:qualname hex [hex …]`, and `module:qualname#regions base64`.
fn parse_digests(text: &'static str) -> HashMap<&'static str, Vec<&'static str>> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect()
}

impl Registry {
    /// The digests that the build recorded under that name.
    pub(super) fn digests(&self, name: &str) -> &[&'static str] {
        self.digests.get(name).map_or(&[], Vec::as_slice)
    }

    /// The code of a function whose loops ask native code first, as the build has written it down.
    pub(super) fn region_code(&self, name: &str) -> Option<&'static str> {
        self.digests(&format!("{name}#regions")).first().copied()
    }

    /// From now on one of so many calls of each hotspot is compared with Python.
    pub(super) fn compare_one_in(&self, share: u32) {
        self.one_in.set(share);
    }

    pub(super) fn share_compared(&self) -> u32 {
        self.one_in.get()
    }

    pub(super) fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.function.name == name)
    }

    /// Hotspots that the functions named by this one's specialisations call back into, itself included, as the
    /// names in its recursion cycle; empty when it is not recursive.
    pub(super) fn cycle(&self, function: &Function) -> Vec<&'static str> {
        let reach = |name: &str| -> Vec<&'static str> {
            let function = self.module.functions.iter().find(|function| function.name == name);
            function.map_or_else(Vec::new, callees)
        };
        let own = callees(function);
        let in_cycle = |name: &&'static str| {
            let known = self
                .module
                .functions
                .iter()
                .any(|function| function.name == *name && !function.specs.is_empty());
            // A function that was only compiled along lists no callees of its own: it may lead back.
            !known || *name == function.name || reach(name).contains(&function.name)
        };
        let recursive = own.iter().any(|name| *name == function.name || reach(name).contains(&function.name));
        if !recursive {
            return Vec::new();
        }
        let mut members: Vec<_> = own.into_iter().filter(in_cycle).collect();
        if !members.contains(&function.name) {
            members.push(function.name);
        }
        members
    }
}

/// The functions that the specialisations of one function rely on, itself included when it calls itself.
pub(super) fn callees(function: &Function) -> Vec<&'static str> {
    let mut names = Vec::new();
    for namespace in function.specs.iter().flat_map(|spec| spec.namespaces) {
        for slot in namespace.slots() {
            if let Kind::Function(target) = slot.kind
                && !names.contains(&target)
            {
                names.push(target);
            }
        }
    }
    names
}

/// A hotspot was found to differ from Python: it runs as Python from now on, and so does what relies on it.
pub(super) fn distrust(record: &Record, reason: String) {
    record.distrusted.set(true);
    if let Some(hook) = record.hook.get() {
        hook.switch_off(reason);
    }
    let records = get().into_iter().flat_map(|registry| &registry.records);
    records.filter_map(|record| record.hook.get()).for_each(Hook::forget);
}

/// Whether `function` is, now, the function that was compiled as `target`: its code, in its module's namespace.
///
/// # Safety
/// `function` is a live function object; the GIL is held and no transaction is open.
pub(super) unsafe fn is_compiled(function: *mut PyObject, target: &'static str) -> bool {
    let Some(registry) = get() else { return false };
    let distrusted = || registry.record(target).is_some_and(|record| record.distrusted.get());
    if registry.settings.disables(target).is_some() || distrusted() {
        return false;
    }
    // SAFETY: the caller vouches for the function; what is kept as a key is strongly held.
    unsafe {
        let globals = PyFunction_GetGlobals(function);
        let module = globals_of(split(target).0);
        let borrowed = || globals == globals_of("functools") && is_undisturbed(globals);
        if module.is_null() || (module != globals && !borrowed()) {
            return false;
        }
        let code = PyFunction_GetCode(function);
        if let Some(hook) = registry.record(target).and_then(|record| record.hook.get())
            && hook.patched_code() == code
        {
            return true;
        }
        if let Some(&known) = registry.seen.borrow().get(&(code as usize, target)) {
            return known;
        }
        let expected = registry.digests(target);
        let same = expected.len() == 1 && digest(code).is_some_and(|found| found == expected[0]);
        Py_INCREF(code);
        registry.seen.borrow_mut().insert((code as usize, target), same);
        same
    }
}

/// The dict of a module that has been imported; null if there is none.
unsafe fn globals_of(module: &str) -> *mut PyObject {
    // SAFETY: `sys.modules` lives as long as the interpreter; the type is tested first.
    unsafe {
        let module = crate::peek::lookup(PyImport_GetModuleDict(), crate::peek::interned(module));
        match module.is_null() || PyModule_Check(module) == 0 {
            true => std::ptr::null_mut(),
            false => PyModule_GetDict(module),
        }
    }
}

/// Do the comparisons that `functools.total_ordering` lends to classes still mean the builtins?
unsafe fn is_undisturbed(globals: *mut PyObject) -> bool {
    // SAFETY: by the caller: the live dict of a module.
    let own = |name| unsafe { crate::peek::known_item(globals, name) };
    ["type", "NotImplemented"].iter().all(|name| own(name).is_null())
}

/// The code that `name` was compiled from, where there is only one such code object: a module that was loaded again
/// has another one, and other constants.
pub(super) fn code_of(name: &str) -> Option<*mut PyObject> {
    let registry = get()?;
    let record = registry.record(name);
    if let Some(record) = record
        && record.hooked.get() > 0
    {
        return record.hook.get().filter(|_| record.hooked.get() == 1).map(|hook| hook.original_code());
    }
    let seen = registry.seen.borrow();
    let mut found = seen.iter().filter(|((_, known), same)| *known == name && **same);
    match (found.next(), found.next()) {
        (Some(((code, _), _)), None) => Some(*code as *mut PyObject),
        _ => None,
    }
}
