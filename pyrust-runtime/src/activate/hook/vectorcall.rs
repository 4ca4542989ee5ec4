//! Calls without a frame, on CPython 3.12 and later: a hotspot's own `vectorcall`.
//!
//! Interpreted code that calls such a function comes here with the arguments as they were pushed. What runs natively
//! is done without a frame of Python's. Everything else (keywords, a gate, a name that changed, a bailout) is called as
//! CPython would call it, in a frame with the prologue, which knows what was tried.
//!
//! Such a call stands on the C stack, where one between Python functions does not: a function that goes that way often,
//! or deep inside of others that did, is given its former `vectorcall` back. Recursive functions keep it throughout.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

use pyo3_ffi::*;

use super::class::HOOK_TYPE;
use super::{Armed, BAILED, Hook, HookObject, OFF, RETIRED, Stop};
use crate::activate::interp;
use crate::boundary::commit::{CallArgs, Outcome};
use crate::boundary::layout;

unsafe extern "C" {
    /// Since 3.12; forgets what callers have specialised for.
    fn PyFunction_SetVectorcall(function: *mut PyFunctionObject, vectorcall: vectorcallfunc);
}

/// Where a code object keeps its constants: proved by interp.c.
const CODE_CONSTS: usize = 24;

/// So many calls in frames stand inside of each other before functions keep to frames.
const NESTED: u32 = 16;
/// So many calls in frames, and a quarter of the native ones, are enough.
const FRAMES: u32 = 1000;
/// Parameters of which the default is taken without a frame.
const MOST: usize = 8;

/// Calls in frames that have not returned, in all threads.
static OPEN: AtomicU32 = AtomicU32::new(0);

/// What functions of Python's have, a `vectorcallfunc`: others are left alone.
static FORMER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// What a hook keeps of it.
#[derive(Default)]
pub(in crate::activate) struct Direct {
    /// Has the function this `vectorcall`?
    on: Cell<bool>,
    /// Calls that took a frame all the same.
    frames: Cell<u32>,
    /// What was tried without a frame, until the prologue asks for it.
    tried: Cell<Option<(&'static Armed, Stop)>>,
}

impl Hook {
    /// Calls of the function come here from now on, if all its parameters are positional.
    ///
    /// # Safety
    /// The function has the code of this hook; the GIL is held.
    pub(in crate::activate) unsafe fn call_without_frame(&self) {
        let plain = self.generator.is_none() && self.whole > 0 && self.cycle.is_empty();
        let function: *mut PyFunctionObject = self.function.cast();
        // SAFETY: by the caller.
        unsafe {
            let Some(former) = (*function).vectorcall else { return };
            let known = FORMER.load(Relaxed);
            if known.is_null() {
                FORMER.store(former as *mut (), Relaxed);
            } else if !ptr::eq(known, former as *mut ()) {
                return;
            }
            // An `__init__` is entered by the call of its class, which 3.13 does without leaving its loop.
            let init = self.record.function.name.ends_with(".__init__");
            if plain && !init && positional(PyFunction_GetCode(self.function), self.arity) {
                self.direct.on.set(true);
                PyFunction_SetVectorcall(function, call);
            }
        }
    }

    /// Gives the function its former `vectorcall` back. Whether it had another one.
    #[cold]
    #[inline(never)]
    pub(super) fn keep_to_frames(&self) -> bool {
        let on = self.direct.on.replace(false);
        if on {
            // SAFETY: the function is held for good; under the GIL.
            unsafe { PyFunction_SetVectorcall(self.function.cast(), former()) };
        }
        on
    }

    /// Whether the function still has the code of this hook.
    pub(super) fn direct_is_allowed(&self) -> bool {
        // SAFETY: the function is held for good; under the GIL.
        unsafe { (*self.function.cast::<PyFunctionObject>()).func_code == self.patched.get() }
    }

    /// What was tried without a frame before this one was entered.
    #[cold]
    #[inline(never)]
    pub(super) fn take_tried(&self) -> Option<(&'static Armed, Stop)> {
        self.set_gate(BAILED, false);
        self.direct.tried.take()
    }

    /// A call takes a frame; `open` others have not returned.
    #[cold]
    #[inline(never)]
    unsafe fn takes_frame(&self, open: u32) {
        let frames = self.direct.frames.get().saturating_add(1);
        self.direct.frames.set(frames);
        let often = frames > FRAMES && u64::from(frames) > self.native_calls() / 4;
        // SAFETY: the GIL is held.
        let traced = unsafe { interp::traced(interp::thread()) };
        if often || open > NESTED || traced || self.gate.get() & (OFF | RETIRED) != 0 {
            self.keep_to_frames();
        }
    }
}

/// What functions of Python's have.
///
/// # Safety
/// Some function has [`call`].
unsafe fn former() -> vectorcallfunc {
    // SAFETY: it was stored before the first function got ours.
    unsafe { std::mem::transmute::<*mut (), vectorcallfunc>(FORMER.load(Relaxed)) }
}

/// Whether a call with positional arguments binds all parameters.
unsafe fn positional(code: *mut PyObject, arity: usize) -> bool {
    const STARRED: std::ffi::c_long = 0x04 | 0x08;
    // SAFETY: a code object has these attributes, all of them ints.
    unsafe {
        let read = |name| crate::activate::prologue::integer(code, name);
        let found = (read(c"co_flags"), read(c"co_argcount"), read(c"co_kwonlyargcount"));
        PyErr_Clear();
        matches!(found, (Some(flags), Some(count), Some(0)) if flags & STARRED == 0 && count as usize == arity)
    }
}

/// So many functions are found without a look into their constants.
const KNOWN: usize = 64;

/// Functions that came here last, and their hooks: both are kept for good.
static LAST: [(AtomicPtr<PyObject>, AtomicPtr<Hook>); KNOWN] =
    [const { (AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut())) }; KNOWN];

/// The hook of a function, if its code is still ours.
#[inline(always)]
unsafe fn hook_of(function: *mut PyObject) -> Option<&'static Hook> {
    let address = function as usize;
    let (known, hook) = &LAST[(address >> 4 ^ address >> 10) % KNOWN];
    // SAFETY: `function` is a function; hooks live for good.
    unsafe {
        if known.load(Relaxed) == function {
            let hook = &*hook.load(Relaxed);
            if hook.patched.get() == (*function.cast::<PyFunctionObject>()).func_code {
                return Some(hook);
            }
        }
        let found = hook_in(function)?;
        hook.store(ptr::from_ref(found).cast_mut(), Relaxed);
        known.store(function, Relaxed);
        Some(found)
    }
}

/// The hook that stands in the code of a function, if that is still ours.
#[cold]
#[inline(never)]
unsafe fn hook_in(function: *mut PyObject) -> Option<&'static Hook> {
    // SAFETY: `function` is a function; offsets are proved, and hooks live for good.
    unsafe {
        let code = (*function.cast::<PyFunctionObject>()).func_code;
        let consts = code.cast::<u8>().add(CODE_CONSTS).cast::<*mut PyObject>().read();
        let count = layout::var_size(consts);
        if count == 0 {
            return None;
        }
        let last = *layout::tuple_items(consts).add(count - 1);
        if !ptr::eq(Py_TYPE(last), HOOK_TYPE.load(Relaxed)) {
            return None;
        }
        let hook = &(*last.cast::<HookObject>()).hook;
        (hook.function == function && hook.patched.get() == code).then_some(hook)
    }
}

/// The `vectorcall` of a hotspot.
unsafe extern "C" fn call(
    function: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the interpreter calls this under the GIL, with a function that has it, and `nargsf` arguments.
    unsafe {
        let hook = hook_of(function);
        if let Some(hook) = hook
            && names.is_null()
        {
            let given = PyVectorcall_NARGS(nargsf) as usize;
            if given == hook.arity {
                if let Some(value) = natively(hook, args) {
                    return value;
                }
            } else {
                let value = with_defaults(hook, args, given);
                if !value.is_null() {
                    return value;
                }
            }
        }
        in_frame(hook, function, args, nargsf, names)
    }
}

/// The native call with the defaults of what is not given; null where the function has to be called in a frame.
#[inline(never)]
unsafe fn with_defaults(hook: &'static Hook, args: *const *mut PyObject, given: usize) -> *mut PyObject {
    // SAFETY: by the caller; the function holds its defaults, which are a tuple or null.
    unsafe {
        let defaults = (*hook.function.cast::<PyFunctionObject>()).func_defaults;
        if given > hook.arity || hook.arity > MOST || defaults.is_null() {
            return ptr::null_mut();
        }
        let (missing, count) = (hook.arity - given, layout::var_size(defaults));
        if missing > count {
            return ptr::null_mut();
        }
        let mut all = [ptr::null_mut(); MOST];
        ptr::copy_nonoverlapping(args, all.as_mut_ptr(), given);
        let from = layout::tuple_items(defaults).add(count - missing);
        ptr::copy_nonoverlapping(from, all.as_mut_ptr().add(given), missing);
        natively(hook, all.as_ptr()).unwrap_or(ptr::null_mut())
    }
}

/// The native call, if nothing speaks against it; none where the function has to be called in a frame.
#[inline(always)]
unsafe fn natively(hook: &'static Hook, args: *const *mut PyObject) -> Option<*mut PyObject> {
    // SAFETY: as `call`; `args` holds as many objects as the function has parameters.
    unsafe {
        let ts = interp::thread();
        let armed = &*hook.preferred.get();
        // The frame that there would be counts.
        let depth = interp::remaining_depth(ts) - 1;
        if hook.gate.get() != 0
            || interp::traced(ts)
            || !armed.holds.get()
            || !armed.is_current()
            || hook.budget.is_due()
            || depth < 0
        {
            return None;
        }
        let args = CallArgs { args, nargs: hook.arity };
        match armed.enter(&args, depth as u32, interp::stack_limit(ts)) {
            Outcome::Value(value) => {
                hook.budget.committed(None);
                Some(value)
            }
            Outcome::Bail(why) => {
                hook.direct.tried.set(Some((armed, why)));
                hook.set_gate(BAILED, true);
                None
            }
        }
    }
}

/// The call as CPython would make it.
#[inline(never)]
unsafe fn in_frame(
    hook: Option<&'static Hook>,
    function: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as `call`.
    unsafe {
        let open = OPEN.load(Relaxed);
        match hook {
            Some(hook) => hook.takes_frame(open),
            // Somebody has given the function other code.
            None => PyFunction_SetVectorcall(function.cast(), former()),
        }
        OPEN.store(open.wrapping_add(1), Relaxed);
        let former = former();
        let value = interp::uncounted(interp::thread(), || former(function, args, nargsf, names));
        OPEN.store(OPEN.load(Relaxed).saturating_sub(1), Relaxed);
        // The frame was not entered where there was no memory for it, or too deep a recursion.
        if let Some(hook) = hook
            && hook.gate.get() & BAILED != 0
        {
            let _ = hook.take_tried();
        }
        value
    }
}
