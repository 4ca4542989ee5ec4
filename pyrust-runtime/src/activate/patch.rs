//! Puts hooks into the functions of one module, after it has executed.

use pyo3_ffi::*;

use super::digest::digest;
use super::hook::{Hook, RETIRED};
use super::locate;
use super::metadata::Function;
use super::prologue;
use super::regions;
use super::registry::{Record, Registry, State};
use super::suspendable;
use super::yields::Expected;
use crate::activate::interp;
use crate::peek::{Own, attribute};
use crate::words::builtins;

/// Patches all hotspots of `module`, whose globals are `globals`; the names of those that are stale.
///
/// # Safety
/// `globals` is a live module dict; the GIL is held, no transaction is open, no exception is set.
pub(super) unsafe fn module(
    registry: &'static Registry,
    name: &str,
    globals: *mut PyObject,
) -> Vec<&'static str> {
    let mut stale = Vec::new();
    for record in registry.records.iter().filter(|record| record.function.module() == name) {
        if matches!(record.state.get(), State::Python | State::Disabled) {
            continue;
        }
        // SAFETY: as the caller promised.
        let (state, reason) = match unsafe { function(registry, record, globals) } {
            Ok(()) => (State::Native, None),
            Err((state, reason)) => (state, Some(reason)),
        };
        if state == State::Stale {
            stale.push(record.function.name);
        }
        record.set(state, reason);
    }
    stale
}

type Refused = (State, String);

unsafe fn function(
    registry: &'static Registry,
    record: &'static Record,
    globals: *mut PyObject,
) -> Result<(), Refused> {
    let target = record.function;
    let expected = registry.digests(target.name);
    // SAFETY: as the caller promised; `chosen` is held.
    unsafe {
        let found = locate::candidates(globals, target.qualname());
        if found.is_empty() {
            return Err((State::Stale, "no function of that name is in the module".to_owned()));
        }
        if expected.is_empty() {
            return Err((State::Python, "the build recorded no digest of this function".to_owned()));
        }
        if let Some(hook) = record.hook.get()
            && found.iter().any(|function| PyFunction_GetCode(function.ptr()) == hook.patched_code())
        {
            return Ok(()); // a second activation of the same module
        }
        let fits = |function: &&Own| {
            digest(PyFunction_GetCode(function.ptr())).is_some_and(|live| expected.contains(&live.as_str()))
        };
        let mut fitting = found.iter().filter(fits);
        let Some(chosen) = fitting.next() else {
            return Err((State::Stale, "the source is not the one that was compiled".to_owned()));
        };
        if expected.len() > 1 || fitting.next().is_some() {
            return Err((State::Ambiguous, "several functions have this name".to_owned()));
        }
        if (*chosen.ptr().cast::<PyFunctionObject>()).func_builtins != builtins() {
            return Err((State::Python, "the module has its own builtins".to_owned()));
        }
        let has_regions = target.specs.iter().any(|spec| spec.entry.region > 0);
        let only_regions = target.specs.iter().all(|spec| spec.entry.region > 0) && has_regions;
        let (arity, cycle) = match only_regions {
            // Nobody calls it natively.
            true => (usize::MAX, Vec::new()),
            false => (arity(chosen.ptr(), target)?, registry.cycle(target)),
        };
        let hook = Hook::create(chosen.ptr(), record, cycle, arity).ok_or_else(failure)?;
        let segments = target.specs.iter().map(|spec| spec.entry.segments).find(|all| !all.is_empty());
        let original = PyFunction_GetCode(chosen.ptr());
        let asking = match has_regions {
            true => registry.region_code(target.name).and_then(|text| regions::patch(original, hook, text)),
            false => None,
        };
        let code = match segments {
            None if only_regions => {
                asking.ok_or_else(|| unexpected("the loops are not where they are expected"))?
            }
            None => {
                // Without the questions the function is native all the same.
                PyErr_Clear();
                let body = asking.as_ref().map_or(original, Own::ptr);
                Own::take(prologue::patch(body, hook.object())).ok_or_else(failure)?
            }
            Some(segments) => {
                let points =
                    segments.iter().map(|s| Expected { loops: s.loops.len(), evaluated: s.evaluated });
                let points: Vec<Expected> = points.collect();
                let code = suspendable::patch(original, hook.object(), &points);
                code.ok_or_else(|| unexpected("the code of the generator is not as expected"))?
            }
        };
        hook.set_patched(code.ptr());
        if PyObject_SetAttrString(chosen.ptr(), c"__code__".as_ptr(), code.ptr()) != 0 {
            return Err(failure());
        }
        interp::restore_version(chosen.ptr());
        let _ = code.release(); // the hook compares with it for good
        #[cfg(Py_3_12)]
        hook.call_without_frame();
        if let Some(old) = record.install(hook) {
            old.set_gate(RETIRED, true);
        }
    }
    Ok(())
}

/// The number of parameters, `*args` and `**kwargs` included; every specialisation must take as many.
unsafe fn arity(function: *mut PyObject, target: &Function) -> Result<usize, Refused> {
    // SAFETY: a function's code has these attributes, all of them ints.
    unsafe {
        let code = PyFunction_GetCode(function);
        let read = |name| attribute(code, name).map(|value| PyLong_AsLong(value.ptr())).ok_or_else(failure);
        let flags = read(c"co_flags")?;
        let count = read(c"co_argcount")? + read(c"co_kwonlyargcount")? + (flags >> 2 & 1) + (flags >> 3 & 1);
        let count = count as usize;
        if target.specs.is_empty()
            || target.specs.iter().any(|spec| spec.entry.region == 0 && spec.entry.arity != count)
        {
            return Err((State::Python, format!("compiled for another number of parameters than {count}")));
        }
        Ok(count)
    }
}

/// Something of Python's failed, or the code is of another form.
fn unexpected(what: &str) -> Refused {
    // SAFETY: called under the GIL.
    match unsafe { PyErr_Occurred().is_null() } {
        true => (State::Python, what.to_owned()),
        false => failure(),
    }
}

/// Something of Python's failed: the function stays as it is.
fn failure() -> Refused {
    // SAFETY: called under the GIL, right after a failed call.
    let text = unsafe {
        let error = crate::peek::take_error_text();
        error.unwrap_or_else(|| "out of memory".to_owned())
    };
    (State::Python, format!("activation failed: {text}"))
}
