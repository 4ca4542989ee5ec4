//! Stage 2 of profiling: records the exact types with which functions of the project are called, and what they return.
//!
//! CPython 3.12 and later carry it by `sys.monitoring`: one tool id finds functions at their first call and never looks at foreign
//! ones again; another one has events on the functions being recorded only, so that letting go and coming back touches nobody else.
//! CPython 3.11 carries it by a frame evaluation function (`frame.c`).
//!
//! In: paths and module names of the project, limits. Out: per function, signatures with counts.
//! It must not run code of the user, keep his objects alive, or let a panic out.

mod frame;
mod instance;
mod literal;
mod shape;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyFrame;

use frame::Frame;
use literal::{Classes, Without, Writer};
use shape::{DEPTH, Held, ShapeId, Shapes};

/// Different argument shapes of one function that are kept apart; beyond it containers are not looked into.
const VARIETY: usize = 64;
/// Beyond this many, further ones are only counted.
const MOST: usize = 96;
/// Calls in flight that are remembered per thread; deeper ones lose their result types.
const IN_FLIGHT: usize = 1 << 20;

/// Calls after the limit for which the results of recorded ones are waited for.
const LATE: u64 = 10_000;

/// Samples of the arguments of one function, and characters of one of them.
const SAMPLES: usize = 24;
const LONGEST: usize = 4 << 20;
/// Before a function is known to be hot, one may always have so many; and more while there is time: what is called only a few times, with
/// much to do each time, is not called again when the sampler has found it.
const LONGEST_COLD: usize = 16 << 10;
/// A cold sample may take this share of the time that is left for sampling, at so many characters a second.
const COLD: (f64, f64) = (0.25, 5e7);
/// Characters of all samples of one function.
const ALL_SAMPLES: usize = 8 << 20;
/// Seconds that sampling may take, and the share of the time since the start.
const SAMPLING: (f64, f64) = (0.02, 0.005);

static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);

/// The recorder, unless it is at work already (a finaliser that ran in the middle of it) or there is none.
fn recorder() -> Option<MutexGuard<'static, Option<Recorder>>> {
    match RECORDER.try_lock() {
        Ok(guard) => guard.is_some().then_some(guard),
        Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => None,
    }
}

struct Recorder {
    paths: HashMap<String, String>,
    modules: HashSet<String>,
    first: u64,
    exhaustive: u64,
    monitoring: Option<Monitoring>,
    /// Distinguishes the marks of this run from those of an earlier one.
    generation: usize,
    shapes: Shapes,
    functions: Vec<Function>,
    /// Module of each file name seen; None: foreign.
    files: HashMap<String, Option<String>>,
    threads: Vec<(usize, Vec<Call>)>,
    scratch: Vec<ShapeId>,
    started: std::time::Instant,
    /// Seconds that samples have taken so far.
    sampling: f64,
}

struct Monitoring {
    set_local_events: Py<PyAny>,
    tool: u8,
    wanted: u32,
    disable: Py<PyAny>,
    /// Functions keep their local events on their own tool; without it discovery records too, and cannot come back.
    separate: bool,
}

struct Function {
    name: String,
    code: Py<PyAny>,
    parameters: Vec<usize>,
    resumable: bool,
    calls: u64,
    limit: u64,
    hot: bool,
    attached: bool,
    /// Calls being recorded that have not ended.
    in_flight: u64,
    /// Calls that came after the limit, while earlier ones were in flight.
    late: u64,
    seen: Vec<Arguments>,
    index: HashMap<Box<[ShapeId]>, usize>,
    last: usize,
    samples: Vec<Sample>,
    /// Calls of which there should be a sample and is none: something has no literal, or is too long.
    opaque: u64,
    long: u64,
    /// Longer containers among its arguments and results that were looked at.
    longer: u64,
    /// What was seen of it is one call that the sampler has met, whose result is not known.
    glanced: bool,
}

/// The arguments of one call, as a literal.
struct Sample {
    arguments: usize,
    text: String,
}

struct Arguments {
    shapes: Box<[ShapeId]>,
    calls: u64,
    results: Vec<(ShapeId, u64)>,
}

#[derive(Clone, Copy)]
struct Call {
    frame: usize,
    function: usize,
    arguments: usize,
}

/// What a mark on a code object says.
enum Known {
    New,
    Foreign,
    Function(usize),
}

impl Recorder {
    fn known(&self, code: *mut pyo3::ffi::PyObject) -> Known {
        let mark = frame::mark(code);
        if mark >> 32 != self.generation {
            return Known::New;
        }
        match mark & 0xffff_ffff {
            0 => Known::Foreign,
            index => Known::Function(index - 1),
        }
    }

    /// First sight of a code object: whose is it?
    fn classify(&mut self, py: Python<'_>, seen: &Frame) -> Option<usize> {
        let facts = frame::code_facts(seen.code);
        let named = (facts.flags & frame::OPTIMIZED != 0)
            .then_some(())
            .and(facts.qualname)
            .filter(|qualname| !qualname.contains('<'))
            .zip(facts.filename)
            .and_then(|(qualname, filename)| Some((self.module_of(&filename, seen)?, qualname)));
        let Some((module, qualname)) = named else {
            frame::set_mark(seen.code, self.generation << 32);
            return None;
        };
        if self.shapes.main.is_none() && frame::text(seen.global(c"__name__")).as_deref() == Some("__main__")
        {
            self.shapes.main = Some(module.clone());
        }
        let index = self.functions.len();
        // SAFETY: a running frame keeps its code alive; the reference taken here keeps the mark's meaning.
        let code = unsafe { Bound::from_borrowed_ptr(py, seen.code) }.unbind();
        self.functions.push(Function {
            name: format!("{module}:{qualname}"),
            code,
            parameters: facts.parameters,
            resumable: facts.flags & frame::RESUMABLE != 0,
            calls: 0,
            limit: self.first,
            hot: false,
            attached: false,
            in_flight: 0,
            late: 0,
            seen: Vec::new(),
            index: HashMap::new(),
            last: 0,
            samples: Vec::new(),
            opaque: 0,
            long: 0,
            longer: 0,
            glanced: false,
        });
        frame::set_mark(seen.code, self.generation << 32 | (index + 1));
        Some(index)
    }

    /// The module by the file; for an installed copy by the module's name, when the path ends as it must.
    fn module_of(&mut self, filename: &str, seen: &Frame) -> Option<String> {
        if filename.starts_with('<') {
            return None;
        }
        if let Some(module) = self.files.get(filename) {
            return module.clone();
        }
        let module = self.paths.get(filename).cloned().or_else(|| {
            let absolute = std::path::absolute(filename).ok()?;
            let real = absolute.canonicalize().ok();
            let found =
                [Some(absolute), real].into_iter().flatten().find_map(|path| self.paths.get(path.to_str()?));
            found.cloned().or_else(|| {
                let name =
                    frame::text(seen.global(c"__name__")).filter(|name| self.modules.contains(name))?;
                let tail: std::path::PathBuf = name.split('.').collect();
                let path = Path::new(filename);
                let stem = path.with_extension("");
                (stem.ends_with(&tail) || stem.ends_with(tail.join("__init__"))).then_some(name)
            })
        });
        self.files.insert(filename.to_owned(), module.clone());
        module
    }

    /// Notes the arguments of a call that begins, and keeps some as literals.
    fn begin(&mut self, py: Python<'_>, index: usize, seen: &Frame) -> usize {
        let place = self.note(py, index, seen);
        // The first of each shape, and then fewer and fewer.
        let function = &self.functions[index];
        if place < MOST && (function.seen[place].calls == 1 || function.calls.is_power_of_two()) {
            self.sample(py, index, place, seen);
        }
        place
    }

    /// Notes the types of the arguments of a call.
    fn note(&mut self, py: Python<'_>, index: usize, seen: &Frame) -> usize {
        let Self { shapes, functions, scratch, .. } = self;
        let function = &mut functions[index];
        function.calls += 1;
        let depth = if function.seen.len() < VARIETY { DEPTH } else { 0 };
        scratch.clear();
        let parameters = &function.parameters;
        shapes.counting(&mut function.longer, |shapes| {
            scratch.extend(parameters.iter().map(|&at| shapes.argument(py, seen.argument(at), depth)));
        });
        let place = match function.seen.get(function.last) {
            Some(last) if *last.shapes == **scratch => function.last,
            _ => match function.index.get(scratch.as_slice()) {
                Some(&place) => place,
                None if function.seen.len() >= MOST => return usize::MAX,
                None => {
                    let place = function.seen.len();
                    let arguments: Box<[ShapeId]> = scratch.as_slice().into();
                    function.index.insert(arguments.clone(), place);
                    function.seen.push(Arguments { shapes: arguments, calls: 0, results: Vec::new() });
                    place
                }
            },
        };
        function.last = place;
        function.seen[place].calls += 1;
        if function.resumable {
            // Whoever calls it gets a generator or a coroutine, whatever is yielded later.
            let object = shapes.object;
            count(&mut function.seen[place].results, object);
        }
        place
    }

    /// Keeps the arguments of a call as a literal, where they have one and there is time.
    fn sample(&mut self, py: Python<'_>, index: usize, place: usize, seen: &Frame) {
        let now = self.started.elapsed().as_secs_f64();
        let function = &mut self.functions[index];
        let kept: usize = function.samples.iter().map(|sample| sample.text.len()).sum();
        let wanted = function.hot || self.first >= self.exhaustive;
        let left = SAMPLING.0 + SAMPLING.1 * now - self.sampling;
        if function.samples.len() >= SAMPLES || kept > ALL_SAMPLES || left < 0.0 {
            return;
        }
        let longest =
            if wanted { LONGEST } else { LONGEST.min(LONGEST_COLD.max((left * COLD.0 * COLD.1) as usize)) };
        let arguments = function.parameters.iter().map(|&parameter| seen.argument(parameter));
        let classes = Classes { dealloc: self.shapes.plain_dealloc(), main: self.shapes.main.as_deref() };
        match Writer::new(longest, self.shapes.deque_class(), Some(classes)).arguments(py, arguments) {
            Ok((text, instances)) => {
                // Only timing works with instances.
                function.opaque += u64::from(instances);
                if !function.samples.iter().any(|sample| sample.text == text) {
                    function.samples.push(Sample { arguments: place, text });
                }
            }
            Err(Without::Opaque) => function.opaque += 1,
            Err(Without::Long) => function.long += 1,
        }
        self.sampling += self.started.elapsed().as_secs_f64() - now;
    }

    /// Notes the result of a call that began earlier.
    fn end(&mut self, py: Python<'_>, index: usize, arguments: usize, result: *mut pyo3::ffi::PyObject) {
        let function = &mut self.functions[index];
        if function.resumable {
            return;
        }
        let depth = if function.seen.len() < VARIETY { DEPTH } else { 0 };
        let shape = self.shapes.counting(&mut function.longer, |shapes| shapes.whole(py, result, depth));
        if let Some(seen) = function.seen.get_mut(arguments) {
            count(&mut seen.results, shape);
        }
    }

    fn push(&mut self, seen: &Frame, function: usize, arguments: usize) {
        let Self { functions, threads, .. } = self;
        let calls = of_thread(threads, seen.thread);
        let from = match calls.iter().rposition(|call| call.frame != seen.frame) {
            _ if calls.len() >= IN_FLIGHT => 0,
            // The frame's memory is in use again: those calls ended with an exception.
            Some(last) => last + 1,
            None => 0,
        };
        forget(functions, calls, from);
        calls.push(Call { frame: seen.frame, function, arguments });
        functions[function].in_flight += 1;
    }

    fn pop(&mut self, seen: &Frame, function: usize) -> Option<Call> {
        let Self { functions, threads, .. } = self;
        let calls = of_thread(threads, seen.thread);
        let place = calls.iter().rposition(|call| call.frame == seen.frame && call.function == function)?;
        let call = calls[place];
        forget(functions, calls, place);
        Some(call)
    }

    /// Puts local events on a function, or takes them off.
    fn attach(&mut self, py: Python<'_>, index: usize, on: bool) -> PyResult<()> {
        let function = &mut self.functions[index];
        function.attached = on;
        if let Some(monitoring) = self.monitoring.as_ref().filter(|monitoring| monitoring.separate) {
            let events = if on { monitoring.wanted } else { 0 };
            monitoring.set_local_events.call1(py, (monitoring.tool, function.code.clone_ref(py), events))?;
        }
        Ok(())
    }

    fn full(&self, index: usize) -> bool {
        self.functions[index].calls >= self.functions[index].limit
    }
}

fn of_thread(threads: &mut Vec<(usize, Vec<Call>)>, thread: usize) -> &mut Vec<Call> {
    let place = threads.iter().position(|(known, _)| *known == thread).unwrap_or_else(|| {
        threads.push((thread, Vec::new()));
        threads.len() - 1
    });
    &mut threads[place].1
}

/// Drops the calls from a place on: they have ended.
fn forget(functions: &mut [Function], calls: &mut Vec<Call>, from: usize) {
    for call in calls.drain(from..) {
        let function = &mut functions[call.function];
        function.in_flight = function.in_flight.saturating_sub(1);
    }
}

fn count(results: &mut Vec<(ShapeId, u64)>, shape: ShapeId) {
    match results.iter_mut().find(|(known, _)| *known == shape) {
        Some((_, count)) => *count += 1,
        None => results.push((shape, 1)),
    }
}

/// Starts recording. `tools` are the monitoring tool ids that the caller has taken: two, one, or (3.11) none.
#[pyfunction]
fn start(
    py: Python<'_>,
    paths: HashMap<String, String>,
    modules: HashSet<String>,
    first: u64,
    exhaustive: u64,
    tools: Vec<u8>,
) -> PyResult<()> {
    if !frame::marks_available() {
        return Err(PyRuntimeError::new_err("no room for a mark on code objects"));
    }
    static GENERATION: Mutex<usize> = Mutex::new(0);
    let generation = {
        let mut generation =
            GENERATION.lock().map_err(|_| PyRuntimeError::new_err("the recorder has failed before"))?;
        *generation += 1;
        *generation
    };
    frame::set_foreign_mark(generation << 32);
    let monitoring = match tools.as_slice() {
        [] => None,
        [discovery, rest @ ..] => {
            let tool = rest.first().copied().unwrap_or(*discovery);
            Some((*discovery, monitoring(py, tool, !rest.is_empty())?))
        }
    };
    let discovery = monitoring.as_ref().map(|(discovery, _)| *discovery);
    let shapes = Shapes::new(py, modules.clone())?;
    *RECORDER.lock().map_err(|_| PyRuntimeError::new_err("the recorder has failed before"))? =
        Some(Recorder {
            paths,
            modules,
            first,
            exhaustive,
            monitoring: monitoring.map(|(_, monitoring)| monitoring),
            generation,
            shapes,
            functions: Vec::new(),
            files: HashMap::new(),
            threads: Vec::new(),
            scratch: Vec::new(),
            started: std::time::Instant::now(),
            sampling: 0.0,
        });
    match discovery {
        Some(discovery) => listen(py, discovery, &tools),
        None if frame::evaluate(true) => Ok(()),
        None => Err(PyRuntimeError::new_err("another tool evaluates frames")),
    }
}

fn monitoring(py: Python<'_>, tool: u8, separate: bool) -> PyResult<Monitoring> {
    let module = py.import("sys")?.getattr("monitoring")?;
    let events = module.getattr("events")?;
    let start: u32 = events.getattr("PY_START")?.extract()?;
    let end: u32 = events.getattr("PY_RETURN")?.extract()?;
    Ok(Monitoring {
        set_local_events: module.getattr("set_local_events")?.unbind(),
        tool,
        wanted: start | end,
        disable: module.getattr("DISABLE")?.unbind(),
        separate,
    })
}

/// Registers the callbacks and switches discovery on.
fn listen(py: Python<'_>, discovery: u8, tools: &[u8]) -> PyResult<()> {
    let module = py.import("sys")?.getattr("monitoring")?;
    let events = module.getattr("events")?;
    let (start, end) = (events.getattr("PY_START")?, events.getattr("PY_RETURN")?);
    let tool = tools.last().copied().unwrap_or(discovery);
    module.call_method1("register_callback", (discovery, &start, wrap_pyfunction!(found, py)?))?;
    module.call_method1("register_callback", (tool, &end, wrap_pyfunction!(ended, py)?))?;
    let mut wanted: u32 = start.extract()?;
    if tool == discovery {
        wanted |= end.extract::<u32>()?;
    } else {
        module.call_method1("register_callback", (tool, &start, wrap_pyfunction!(began, py)?))?;
    }
    module.call_method1("set_events", (discovery, wanted))?;
    // What an earlier session has switched off at places in code stays off, though the tool ids were given back.
    module.call_method0("restart_events")?;
    Ok(())
}

/// `PY_START` of code that is new, or (with one tool id only) of a function being recorded.
#[pyfunction]
fn found(
    py: Python<'_>,
    _code: &Bound<'_, PyAny>,
    _offset: &Bound<'_, PyAny>,
) -> PyResult<Option<Py<PyAny>>> {
    let Some(mut guard) = recorder() else { return Ok(None) };
    let (Some(recorder), Some(seen)) = (guard.as_mut(), Frame::now()) else { return Ok(None) };
    let index = match recorder.known(seen.code) {
        Known::Function(index) => Some(index),
        Known::Foreign => None,
        Known::New => recorder.classify(py, &seen),
    };
    if let Some(index) = index {
        let arguments = recorder.begin(py, index, &seen);
        recorder.push(&seen, index, arguments);
        let separate = recorder.monitoring.as_ref().is_some_and(|monitoring| monitoring.separate);
        if separate {
            recorder.attach(py, index, true)?;
        } else if recorder.functions[index].calls < recorder.exhaustive {
            return Ok(None);
        }
    }
    Ok(recorder.monitoring.as_ref().map(|monitoring| monitoring.disable.clone_ref(py)))
}

/// `PY_START` of a function being recorded.
#[pyfunction]
fn began(py: Python<'_>, _code: &Bound<'_, PyAny>, _offset: &Bound<'_, PyAny>) {
    let Some(mut guard) = recorder() else { return };
    let (Some(recorder), Some(seen)) = (guard.as_mut(), Frame::now()) else { return };
    if let Known::Function(index) = recorder.known(seen.code) {
        if recorder.full(index) {
            recorder.functions[index].late += 1;
            return;
        }
        let arguments = recorder.begin(py, index, &seen);
        recorder.push(&seen, index, arguments);
    }
}

/// `PY_RETURN` of a function being recorded.
#[pyfunction]
fn ended(
    py: Python<'_>,
    _code: &Bound<'_, PyAny>,
    _offset: &Bound<'_, PyAny>,
    result: &Bound<'_, PyAny>,
) -> PyResult<Option<Py<PyAny>>> {
    let Some(mut guard) = recorder() else { return Ok(None) };
    let (Some(recorder), Some(seen)) = (guard.as_mut(), Frame::now()) else { return Ok(None) };
    let Known::Function(index) = recorder.known(seen.code) else {
        return Ok(recorder.monitoring.as_ref().map(|monitoring| monitoring.disable.clone_ref(py)));
    };
    if let Some(call) = recorder.pop(&seen, index) {
        recorder.end(py, index, call.arguments, result.as_ptr());
    }
    if recorder.full(index) && recorder.functions[index].attached {
        // Let go when the calls that were recorded have ended; exceptions may keep that from ever being known.
        let function = &mut recorder.functions[index];
        if function.in_flight == 0 || function.late > LATE {
            function.late = 0;
            recorder.attach(py, index, false)?;
        }
    }
    Ok(None)
}

/// A frame begins (3.11). The token that comes back is handed to `pyrust_recorder_leave`; 0: not of interest.
#[unsafe(no_mangle)]
extern "C" fn pyrust_recorder_enter(seen: *const Frame) -> usize {
    let enter = || {
        let mut guard = recorder()?;
        let recorder = guard.as_mut()?;
        // SAFETY: `frame.c` passes a frame that is about to run, under the GIL.
        let (seen, py) = unsafe { (&*seen, Python::assume_attached()) };
        let index = match recorder.known(seen.code) {
            Known::Function(index) => index,
            Known::Foreign => return None,
            Known::New => recorder.classify(py, seen)?,
        };
        if recorder.full(index) {
            return None;
        }
        let arguments = recorder.begin(py, index, seen);
        (arguments < MOST).then_some((recorder.generation & 0xffff) << 48 | (index + 1) << 8 | arguments)
    };
    catch_unwind(AssertUnwindSafe(enter)).ok().flatten().unwrap_or(0)
}

/// That frame has ended; `result` is null after an exception.
#[unsafe(no_mangle)]
extern "C" fn pyrust_recorder_leave(token: usize, result: *mut pyo3::ffi::PyObject) {
    let leave = || {
        let mut guard = recorder()?;
        let recorder = guard.as_mut()?;
        if result.is_null() || token >> 48 != recorder.generation & 0xffff {
            return None;
        }
        // SAFETY: called by `frame.c` under the GIL.
        let py = unsafe { Python::assume_attached() };
        recorder.end(py, ((token >> 8) & 0xff_ffff_ffff) - 1, token & 0xff, result);
        Some(())
    };
    // Nothing to be done about a panic here but to keep it from the interpreter.
    drop(catch_unwind(AssertUnwindSafe(leave)));
}

/// A function that the sampler found hot is recorded up to the limit.
#[pyfunction]
fn hot(py: Python<'_>, code: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(mut guard) = recorder() else { return Ok(()) };
    let Some(recorder) = guard.as_mut() else { return Ok(()) };
    if let Known::Function(index) = recorder.known(code.as_ptr()) {
        let exhaustive = recorder.exhaustive;
        let function = &mut recorder.functions[index];
        function.hot = true;
        function.limit = function.limit.max(exhaustive);
        if !function.attached {
            recorder.attach(py, index, true)?;
        }
    }
    Ok(())
}

/// A call that the sampler has met, of a function of which no call has been seen yet: while the evaluation function of 3.11 rests,
/// there may have been one. Only for functions that bind no parameter again. Its result stays unknown.
#[pyfunction]
fn glance(py: Python<'_>, frame: &Bound<'_, PyFrame>) {
    let Some(mut guard) = recorder() else { return };
    let (Some(recorder), Some(seen)) = (guard.as_mut(), Frame::of(frame)) else { return };
    let index = match recorder.known(seen.code) {
        Known::Function(index) => index,
        Known::Foreign => return,
        Known::New => match recorder.classify(py, &seen) {
            Some(index) => index,
            None => return,
        },
    };
    if recorder.functions[index].calls == 0 {
        recorder.functions[index].glanced = true;
        recorder.note(py, index, &seen);
    }
}

/// Hot functions beyond the limit are recorded for some calls more.
#[pyfunction]
fn window(py: Python<'_>, calls: u64) -> PyResult<()> {
    let Some(mut guard) = recorder() else { return Ok(()) };
    let Some(recorder) = guard.as_mut() else { return Ok(()) };
    for index in 0..recorder.functions.len() {
        if recorder.functions[index].hot && recorder.full(index) {
            recorder.functions[index].limit = recorder.functions[index].calls + calls;
            recorder.attach(py, index, true)?;
        }
    }
    Ok(())
}

/// Sends a signal to the main thread, in which this is called, about every `seconds` of CPU time; 0: no more. Whether that was possible.
#[pyfunction]
fn pace(number: i32, seconds: f64) -> bool {
    frame::pace(number, seconds)
}

/// What the main thread ran when signals came: addresses of code objects, perhaps gone by now, and the CPU seconds of each.
#[pyfunction]
fn noted() -> Vec<(usize, f64)> {
    std::iter::from_fn(frame::noted).take(256).collect()
}

/// Switches the frame evaluation function of 3.11.
#[pyfunction]
fn evaluate(on: bool) {
    frame::evaluate(on);
}

/// How many calls the frame evaluation function has seen.
#[pyfunction]
fn evaluated() -> u64 {
    frame::evaluated()
}

type Functions = Vec<(String, u64, Vec<(String, u64)>, Vec<(String, f64)>, (u64, u64))>;

/// Stops, and gives `(function, calls, [(signature, calls)], [(arguments, weight)], (opaque, long))` for every function seen:
/// samples of arguments as literals, each with the number of calls that it stands for, and how many calls should have given
/// one and could not; and `(class, attribute, [(type, times)])` of what instances of the project's classes were seen to hold.
/// The caller gives the tool ids back.
#[pyfunction]
fn stop(py: Python<'_>) -> PyResult<(Functions, Vec<Held>)> {
    frame::evaluate(false);
    let taken = RECORDER.lock().map_err(|_| PyRuntimeError::new_err("the recorder has failed"))?.take();
    let Some(recorder) = taken else { return Ok(Default::default()) };
    if let Some(monitoring) = recorder.monitoring.as_ref().filter(|monitoring| monitoring.separate) {
        for function in recorder.functions.iter().filter(|function| function.attached) {
            monitoring.set_local_events.call1(py, (monitoring.tool, function.code.clone_ref(py), 0))?;
        }
    }
    let shapes = &recorder.shapes;
    let text = |arguments: &Arguments, result: &str| {
        let parameters: Vec<String> = arguments.shapes.iter().map(|&id| shapes.text(id)).collect();
        format!("({}) -> {result}", parameters.join(", "))
    };
    let recorded = recorder.functions.iter().map(|function| {
        let mut signatures = Vec::new();
        // Where every call with some arguments raised (or still runs), what others returned is the best guess: `None`
        // would make the result a union for no reason.  `!`: none has returned here; in another process one may have.
        // `?`: nobody has seen whether one has.
        let usual =
            function.seen.iter().flat_map(|arguments| &arguments.results).max_by_key(|(_, count)| *count);
        let unknown = if function.glanced { "?" } else { "!" };
        let usual = usual.map_or_else(|| unknown.to_string(), |(result, _)| shapes.text(*result).to_string());
        for arguments in &function.seen {
            if arguments.results.is_empty() {
                signatures.push((text(arguments, &usual), arguments.calls));
            }
            for (result, count) in &arguments.results {
                signatures.push((text(arguments, &shapes.text(*result)), *count));
            }
        }
        let samples = function.samples.iter().map(|sample| {
            let same = function.samples.iter().filter(|other| other.arguments == sample.arguments).count();
            (sample.text.clone(), function.seen[sample.arguments].calls as f64 / same as f64)
        });
        let missing = (function.opaque, function.long);
        (function.name.clone(), function.calls, signatures, samples.collect(), missing)
    });
    Ok((recorded.collect(), shapes.held()))
}

/// The arguments of a call, a tuple, as a literal; None where they have none, or none that is short enough.
#[pyfunction]
fn sample(py: Python<'_>, arguments: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<Option<String>> {
    let deque = py.import("collections")?.getattr("deque")?.as_ptr() as usize;
    let values = arguments.iter().map(|value| value.as_ptr());
    Ok(Writer::new(LONGEST, deque, None).arguments(py, values).ok().map(|(text, _)| text))
}

/// Adds the submodule `recorder` to the engine.
pub(crate) fn register(engine: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(engine.py(), "recorder")?;
    module.add_function(wrap_pyfunction!(start, &module)?)?;
    module.add_function(wrap_pyfunction!(hot, &module)?)?;
    module.add_function(wrap_pyfunction!(glance, &module)?)?;
    module.add_function(wrap_pyfunction!(window, &module)?)?;
    module.add_function(wrap_pyfunction!(evaluate, &module)?)?;
    module.add_function(wrap_pyfunction!(evaluated, &module)?)?;
    module.add_function(wrap_pyfunction!(stop, &module)?)?;
    module.add_function(wrap_pyfunction!(sample, &module)?)?;
    module.add_function(wrap_pyfunction!(pace, &module)?)?;
    module.add_function(wrap_pyfunction!(noted, &module)?)?;
    engine.add_submodule(&module)
}
