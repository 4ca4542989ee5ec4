//! The pipeline: sources and manifest entries of one package → the text of one Rust file, and what became of each
//! function. Pure and deterministic.

mod any_size;
mod apart;
mod asked;
mod attributes;
mod brief;
mod components;
mod depth;
mod forms;
mod regions;
mod segments;
mod sources;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::apart::{Inferred, Question};
pub use self::asked::asked;
pub use self::attributes::{Attributes, attributes};
pub use self::depth::loop_depth;
use self::forms::{copying, handing_on, keeping, with_views};
use self::sources::Sources;
use self::types::{as_owned, parameter_types, sees_lists, wide_results};
use crate::bodies::{self, BodyFile};
use crate::diagnostic::{Diagnostic, Severity};
use crate::emit::{self, Hotspot};
use crate::explain::{Explanation, explain};
use crate::infer::{FuncRef, Guard, Modules, NARROW, Program, Wide};
use crate::manifest::{Entry, Mode};
use crate::passes::{Pass, Passes};
use crate::resolve::factory;
use crate::signature::{SigType, Signature};
use crate::source::{SourceFile, Span};
use crate::ty::Type;

/// Why a function stays Python that the compiler took and rustc did not.
pub const DROPPED: &str = "PYR0503 the generated Rust does not compile; please report this";

/// The functions at which the compiler panics, to show what becomes of that: when it is looked at, and when it is emitted.
#[cfg(test)]
const PANICS: &str = "panics";
#[cfg(test)]
pub(crate) const PANICS_LATE: &str = "panics_late";
/// Only the form of its loop that Python goes on from.
#[cfg(test)]
pub(crate) const PANICS_RESUMED: &str = "panics_resumed.<locals>.";

/// One package and its hotspots.
#[derive(Debug)]
pub struct Input {
    pub package: String,
    pub modules: Vec<SourceFile>,
    pub hotspots: Vec<Entry>,
    /// What attributes of its classes hold besides what the text says, by `package.module.Class.attribute`.
    pub attributes: BTreeMap<String, SigType>,
    /// Functions that stay Python because rustc refused what was generated for them, and files of bodies that it refused.
    pub dropped: Vec<String>,
    /// What is written by hand.
    pub bodies: Vec<BodyFile>,
    pub passes: Passes,
}

/// What became of one function of the manifest.
#[derive(Debug)]
pub struct FunctionReport {
    pub function: String,
    pub native: bool,
    /// The signatures that were compiled.
    pub signatures: Vec<String>,
    /// Those that stay Python, each with the first reason; empty where the function as a whole is refused.
    pub refused: Vec<(String, Diagnostic)>,
    /// Every refusal, also of single signatures.
    pub diagnostics: Vec<Diagnostic>,
    /// Types and effects of each specialisation, for `pyrust explain`.
    pub explain: Vec<Explanation>,
    /// The lines of loops that are native in a function that stays Python besides.
    pub regions: Vec<usize>,
    /// Bodies written by hand, used or not.
    pub bodies: Vec<bodies::Use>,
    /// How many expressions inference looked at, again and again: what limits are in terms of.
    pub work: usize,
}

#[derive(Debug, Default)]
pub struct Output {
    /// The text of the generated file.
    pub rust: String,
    pub functions: Vec<FunctionReport>,
    /// Functions whose code the build must digest: native hotspots and what was compiled along.
    pub digests: Vec<String>,
    /// The lines of those whose name several functions of the file have.
    pub digest_lines: BTreeMap<String, usize>,
    /// The text of those that stand in no file.
    pub digest_texts: BTreeMap<String, Texts>,
    /// The loops that are compiled alone, by function.
    pub regions: BTreeMap<String, Vec<Loop>>,
    /// How many expressions inference looked at.
    pub work: usize,
}

/// What a function's text is, by the first version of Python that has it so, newest first.
pub type Texts = Vec<((u8, u8), String)>;

/// The name of the module's init function: `_pyrust` in a package, `_pyrust_<module>` beside a top-level module.
pub fn init_name(package: &str, modules: &[SourceFile]) -> String {
    let is_package = modules.iter().any(|m| m.module == package && is_init(m));
    if is_package { "PyInit__pyrust".into() } else { format!("PyInit__pyrust_{package}") }
}

fn is_init(file: &SourceFile) -> bool {
    file.path == "__init__.py" || file.path.ends_with("/__init__.py")
}

/// Compiles the hotspots of one package.
pub fn generate(input: &Input) -> Output {
    // A panic of ours costs the function that it is about. What was inferred until then is not to be trusted any more,
    // so everything is begun anew without that function. Emission hardly ever fails: trials of each form begin when it
    // has.
    let (mut failed, mut trials, mut whole) = (BTreeMap::new(), false, false);
    loop {
        match attempt(input, &failed, (trials, whole)) {
            Ok(output) => return output,
            Err(Failed::Untried) => trials = true,
            Err(Failed::Strays) => whole = true,
            Err(Failed::Function(function, why)) => note(&mut failed, function, why),
        }
    }
}

/// How the compiler failed.
enum Failed {
    /// At this function, and why.
    Function(String, String),
    /// When what nobody had tried to emit was emitted.
    Untried,
    /// It looked at something of another component.
    Strays,
}

/// Notes the next function at which the compiler fails.
fn note(failed: &mut BTreeMap<String, String>, function: String, why: String) {
    if failed.insert(function, why.clone()).is_some() {
        panic!("{why}");
    }
}

impl From<(String, String)> for Failed {
    fn from((function, why): (String, String)) -> Self {
        Failed::Function(function, why)
    }
}

/// Runs work that must not fail; a panic becomes its message.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("unknown").to_string()
    })
}

/// The finding for a function at which the compiler failed.
fn internal(name: &str, why: &str) -> Diagnostic {
    let message = format!("internal error in the compiler at `{name}`: {why}");
    Diagnostic::new("PYR0407", Severity::Note, message)
        .help("please report this function with this message; until then it stays Python")
}

/// Compiles all hotspots but those that have failed; or the next one that fails, and why. `trials`: each form of a
/// function is emitted on trial, so that what cannot be costs that form only. `whole`: as one component.
fn attempt(
    input: &Input,
    failed: &BTreeMap<String, String>,
    (trials, whole): (bool, bool),
) -> Result<Output, Failed> {
    let sources = Sources::new(&input.modules);
    let init = init_name(&input.package, &input.modules);
    let question = Question { trials, whole, ..Question::new(input, input.passes, &sources, failed) };
    let emitting = |program: &Program<'_>, hotspots: &[Hotspot], why: String| {
        if !trials {
            return Failed::Untried;
        }
        // Behind trials this is about what stands between the functions; the first will do.
        let native = || hotspots.iter().filter(|h| h.is_native());
        let text = |hotspot| emit::file(&input.package, &init, program, std::slice::from_ref(hotspot));
        let alone = native().find(|hotspot| caught(|| text(*hotspot)).is_err());
        let function = alone.or_else(|| native().next()).map_or_else(String::new, |h| h.func.name());
        Failed::Function(function, why)
    };
    let nothing = Program::new(&sources, input.passes);
    let mut text = emit::Text::new(&nothing);
    let mut digests: BTreeSet<String> = BTreeSet::new();
    let Inferred { program, reports, hotspots } =
        question.inferred(&mut |Inferred { program, hotspots, .. }| {
            hotspots.iter().for_each(|hotspot| digested(program, hotspot, &mut digests));
            let names_classes =
                caught(|| text.add(program, hotspots)).map_err(|why| emitting(program, hotspots, why))?;
            // Where this fails in the end it is asked which function does.
            if !names_classes && !trials {
                program.emitted();
            }
            Ok(())
        })?;
    let rust = caught(|| text.end(&input.package, &init, &program, &hotspots))
        .map_err(|why| emitting(&program, &hotspots, why))?;
    let digest_lines =
        digests.iter().filter_map(|name| Some((name.clone(), line_among(&sources, name)?))).collect();
    let digest_texts =
        digests.iter().filter_map(|name| Some((name.clone(), made_text(&sources, name)?))).collect();
    let (digests, regions) = (digests.into_iter().collect(), loops(&hotspots));
    let work = program.spent();
    Ok(Output { rust, functions: reports, digests, digest_lines, digest_texts, regions, work })
}

/// Notes the functions whose code the build must digest because of a hotspot.
fn digested(program: &Program<'_>, hotspot: &Hotspot, digests: &mut BTreeSet<String>) {
    if hotspot.is_native() {
        digests.insert(hotspot.func.name());
    }
    for body in &hotspot.bodies {
        digests.extend(body.reliance.functions.iter().map(FuncRef::name));
    }
    let roots = hotspot.all_specs().flat_map(emit::Spec::instances);
    for root in roots.chain(hotspot.bodies.iter().filter_map(|body| body.twin)) {
        for i in program.reachable(root) {
            // The code of a function inside is part of the outer one's.
            let instance = &program.instances[i];
            // What it only hands out (`self.state = self.idle`) is guarded as well.
            let func = Some(instance.func.written()).filter(|func| !func.is_nested());
            // What a decorator has made is a function inside of it, that names mean.
            let guarded = instance.guards.iter().filter_map(Guard::function).map(FuncRef::written);
            digests.extend(func.into_iter().chain(guarded).map(|func| func.name()));
        }
    }
}

/// A loop that is compiled alone, as the target interpreter finds it in the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loop {
    pub number: usize,
    pub line: usize,
    /// In bytes, from 0.
    pub column: usize,
    /// A `return` stands in it.
    pub returns: bool,
    /// Python can go on in the middle of it.
    pub resumes: bool,
    /// The function is native besides: nobody needs to know when Python leaves the loop.
    pub whole: bool,
}

fn loops(hotspots: &[Hotspot]) -> BTreeMap<String, Vec<Loop>> {
    let mut all: BTreeMap<String, BTreeSet<Loop>> = BTreeMap::new();
    for hotspot in hotspots {
        for place in hotspot.all_specs().filter_map(|spec| spec.region.as_ref()) {
            let (line, column) = (place.line, place.column);
            let (resumes, whole) = (place.resumed.is_some(), !hotspot.loops.is_empty());
            let found = Loop { number: place.number, line, column, returns: place.returns, resumes, whole };
            all.entry(hotspot.func.name()).or_default().insert(found);
        }
    }
    all.into_iter().map(|(name, loops)| (name, loops.into_iter().collect())).collect()
}

/// Why a function stays Python without being looked at.
enum Stays<'f> {
    No,
    /// rustc refused what was generated.
    Dropped,
    /// The compiler failed at it.
    Failed(&'f str),
}

/// Where the text of the function has its parameters, if there is one such function.
fn places(sources: &Sources<'_>, func: &FuncRef) -> Option<Vec<usize>> {
    let (_, env) = sources.module(&func.module)?;
    Some(env.function(&func.qualname)?.params.places_in_text())
}

fn compile(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    func: FuncRef,
    stays: Stays<'_>,
    by_hand: (&Input, &[bodies::Body]),
) -> (FunctionReport, Hotspot) {
    let mut report = FunctionReport {
        function: entry.function.clone(),
        native: false,
        signatures: Vec::new(),
        refused: Vec::new(),
        diagnostics: Vec::new(),
        explain: Vec::new(),
        regions: Vec::new(),
        bodies: Vec::new(),
        work: 0,
    };
    let mut hotspot = Hotspot {
        func: func.clone(),
        specs: Vec::new(),
        loops: Vec::new(),
        bodies: Vec::new(),
        reason: None,
    };
    if entry.mode == Mode::Python {
        hotspot.reason = Some("disabled: `mode = \"python\"` in the manifest".into());
        return (report, hotspot);
    }
    if entry.gate && entry.mode != Mode::Require {
        hotspot.reason = Some("disabled: slower natively (`gate` in the manifest)".into());
        return (report, hotspot);
    }
    if let Stays::Dropped = stays {
        hotspot.reason = Some(DROPPED.into());
        return (report, hotspot);
    }
    if let Stays::Failed(why) = stays {
        let found = internal(&entry.function, why).function(&entry.function);
        hotspot.reason = Some(format!("{} {}", found.code, found.message));
        report.diagnostics.push(found);
        return (report, hotspot);
    }
    #[cfg(test)]
    assert!(func.qualname != PANICS, "a test");
    let before = program.spent();
    written_by_hand(program, sources, entry, &func, by_hand, &mut report, &mut hotspot);
    let left: Vec<&Signature> = entry
        .signatures
        .iter()
        .filter(|s| !hotspot.bodies.iter().any(|b| b.signature == s.to_string()))
        .collect();
    match sources.error(&func.module) {
        Some(error) => report.diagnostics.push(error),
        // All that is asked for has been written.
        None if left.is_empty() && !hotspot.bodies.is_empty() => {}
        None if calls_factories(sources, &func) => {
            let message = "an `__init__` with default factories, which Python calls, is not supported";
            report.diagnostics.push(
                Diagnostic::new("PYR0335", Severity::Note, message)
                    .help("functions that make instances of the class can be compiled"),
            );
        }
        None => match program.lowered(&func) {
            Err(found) if !is_generator(sources, &func) => report.diagnostics.extend(found),
            lowered => {
                let places = places(sources, &func);
                for signature in left {
                    let outcome = match &lowered {
                        Ok(hir) if hir.yields.is_none() => {
                            let places = places.clone().unwrap_or_else(|| (0..hir.params.len()).collect());
                            let made =
                                specialise(program, &func, signature, &places, (&entry.signatures, NARROW));
                            made.and_then(|instance| {
                                let file = sources.module(&func.module).map(|(file, _)| file);
                                match brief::too_brief(program, instance, file) {
                                    Some(why) if entry.mode != Mode::Require => Err(vec![why]),
                                    _ => Ok(instance),
                                }
                            })
                            .map(|instance| {
                                let (signature, owned) =
                                    (signature.to_string(), owned(program, &func, instance));
                                emit::Spec {
                                    signature,
                                    instance,
                                    owned,
                                    segments: Vec::new(),
                                    sites: Vec::new(),
                                    region: None,
                                }
                            })
                        }
                        _ => segments::specialise(program, sources, &func, signature, entry),
                    };
                    match outcome {
                        // Types that differ for the profiler only make the same native code.
                        Ok(spec) if hotspot.specs.iter().any(|known| known.instance == spec.instance) => {
                            report.signatures.push(signature.to_string());
                        }
                        Ok(spec) => {
                            let file = sources.module(&func.module).map(|(file, _)| file);
                            report
                                .explain
                                .extend(file.map(|f| explain(program, f, spec.instance, signature)));
                            report.signatures.push(signature.to_string());
                            hotspot.specs.push(spec);
                        }
                        Err(found) => {
                            report.refused.extend(found.first().map(|d| (signature.to_string(), d.clone())));
                            for d in found {
                                if !report.diagnostics.contains(&d) {
                                    report.diagnostics.push(d);
                                }
                            }
                        }
                    }
                }
                if entry.signatures.is_empty() {
                    let message = "no signature is recorded";
                    let d = Diagnostic::new("PYR0403", Severity::Note, message)
                        .help("profile the tests, or add one with `pyrust add`");
                    report.diagnostics.push(d);
                }
            }
        },
    }
    if !hotspot.is_native() {
        regions::with_regions(program, sources, entry, &mut report, &mut hotspot);
    } else if hotspot.bodies.is_empty() && hotspot.specs.iter().all(|spec| spec.segments.is_empty()) {
        regions::with_loops(program, sources, entry, &mut hotspot);
    }
    report.work = program.spent() - before;
    for d in &mut report.diagnostics {
        *d = d.clone().helpful().function(entry.function.clone());
        // A reason that concerns the function as a whole stands at its `def`.
        if d.span.is_none()
            && let Some((file, env)) = sources.module(&func.module)
            && let Some(def) = env.function(&func.qualname)
        {
            let line = file.line(def.span.start);
            let end = def.span.start as usize + file.line_text(line).trim().len();
            *d = d.clone().at(file.path.clone(), Span::new(def.span.start as usize, end));
        }
    }
    report.native = hotspot.is_native();
    if !report.native {
        hotspot.reason = report.diagnostics.first().map(|d| format!("{} {}", d.code, d.message));
    }
    (report, hotspot)
}

/// Is it an `__init__` that `@dataclass` made, which is told by an object of its own what to make itself?
fn calls_factories(sources: &Sources<'_>, func: &FuncRef) -> bool {
    let made = sources.module(&func.module).and_then(|(_, env)| env.made.get(&func.qualname));
    made.is_some_and(|made| made.def.params.in_frame_order().any(|param| factory(param).is_some()))
}

/// What a body of a function would rely on; its source is what its attribute says.
pub fn reliance(modules: &[SourceFile], function: &str) -> Option<bodies::Reliance> {
    let sources = Sources::new(modules);
    let (module, qualname) = function.split_once(':')?;
    sources.module(module)?.1.function(qualname)?;
    let program = Program::new(&sources, Passes::default());
    let func = FuncRef { module: module.to_string(), qualname: qualname.to_string() };
    Some(bodies::reliance(&program, &sources, &func))
}

/// What is wrong with the bodies of one package, without compiling anything.
pub fn look_at_bodies(input: &Input) -> Vec<Diagnostic> {
    let sources = Sources::new(&input.modules);
    let program = Program::new(&sources, input.passes);
    let (by_hand, mut found) = (bodies::find(&input.bodies).0, Vec::new());
    for (i, body) in by_hand.iter().enumerate() {
        let Some(entry) = input.hotspots.iter().find(|entry| entry.function == body.function) else {
            continue;
        };
        let (module, qualname) = entry.function.split_once(':').unwrap_or((&entry.function, ""));
        let func = FuncRef { module: module.to_string(), qualname: qualname.to_string() };
        let Some(file) = input.bodies.iter().find(|file| file.path == body.path) else { continue };
        let Some(def) = sources.module(module).and_then(|(_, env)| env.function(qualname)) else { continue };
        let same =
            |other: &&bodies::Body| other.function == body.function && other.signature == body.signature;
        found.extend(match by_hand[..i].iter().find(same) {
            Some(first) => Some(bodies::doubled(body, first)),
            None => {
                bodies::judge(body, file, false, &program, &sources, &func, def).err().map(|finding| *finding)
            }
        });
    }
    found
}

/// Puts bodies written by hand in the place of what would be generated.
fn written_by_hand(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    func: &FuncRef,
    (input, by_hand): (&Input, &[bodies::Body]),
    report: &mut FunctionReport,
    hotspot: &mut Hotspot,
) {
    let mut used: Vec<&bodies::Body> = Vec::new();
    for body in by_hand.iter().filter(|body| body.function == entry.function) {
        let Some(file) = input.bodies.iter().find(|file| file.path == body.path) else { continue };
        let Some((source, env)) = sources.module(&func.module) else { continue };
        let Some(def) = env.function(&func.qualname) else { continue };
        let dropped = input.dropped.contains(&body.path);
        let judged = match used.iter().find(|other| other.signature == body.signature) {
            Some(first) => Err(Box::new(bodies::doubled(body, first))),
            None => bodies::judge(body, file, dropped, program, sources, func, def),
        };
        let (signature, place, path) = (body.signature.to_string(), body.place(), body.path.clone());
        match judged {
            Err(finding) => {
                let reason = Some(format!("{} {}", finding.code, finding.message));
                report.bodies.push(bodies::Use { place, path, signature, reason });
                report.diagnostics.push(*finding);
            }
            Ok(reliance) => {
                // What the compiler relies on where it compiles the same, a body relies on too.
                let places = def.params.places_in_text();
                let twin =
                    specialise(program, func, &body.signature, &places, (&entry.signatures, NARROW)).ok();
                report.explain.extend(twin.map(|twin| explain(program, source, twin, &body.signature)));
                report.signatures.push(signature.clone());
                report.bodies.push(bodies::Use { place, path, signature: signature.clone(), reason: None });
                let (path, module) = (body.path.clone(), file.module());
                let (name, namespaces) = (body.name.clone(), body.namespaces.clone());
                hotspot.bodies.push(emit::ByHand {
                    signature,
                    path,
                    module,
                    name,
                    twin,
                    reliance,
                    namespaces,
                });
                used.push(body);
            }
        }
    }
}

/// Has the function a `yield`?
fn is_generator(sources: &Sources<'_>, func: &FuncRef) -> bool {
    let found = sources.module(&func.module).and_then(|(_, env)| env.function(&func.qualname));
    found.is_some_and(|def| crate::walk::has_yield(&def.body))
}

fn specialise(
    program: &mut Program<'_>,
    func: &FuncRef,
    signature: &Signature,
    places: &[usize],
    (all, besides): (&[Signature], Wide),
) -> Result<usize, Vec<Diagnostic>> {
    let mut params = parameter_types(program, func, signature, places, all)?;
    if let (Some(first @ Type::Obj), Some(class)) =
        (params.first_mut(), program.class_given_to(&func.module, &func.qualname))
    {
        *first = class;
    }
    let wide = wide_results(&signature.ret) | besides;
    let plain = checked(program, func, &params, wide);
    let hands_out = match &plain {
        Ok(root) => program.instances[*root].ret.has_iter(),
        // What native code cannot go through Python may.
        Err(_) => program.hands_out(func),
    };
    let root = match hands_out {
        false => plain?,
        true => match checked(program, &func.handing_out(), &params, wide) {
            Ok(root) if !program.instances[root].ret.has_iter() => root,
            Ok(_) => {
                let message = "returning an iterator to Python is not supported";
                return Err(vec![Diagnostic::new("PYR0408", Severity::Note, message).help("return a list")]);
            }
            Err(found) => return Err(plain.err().unwrap_or(found)),
        },
    };
    if !hands_out && let Some(copying) = copying(program, func, root, wide) {
        return Ok(copying);
    }
    if !hands_out && let Some(keeping) = keeping(program, func, root, wide) {
        return Ok(keeping);
    }
    let views = if hands_out { None } else { with_views(program, func, root, wide) };
    if !hands_out
        && views.is_none()
        && let Some(handing_on) = handing_on(program, func, root, wide)
    {
        return Ok(handing_on);
    }
    let chosen = views.unwrap_or(root);
    emits(program, chosen)?;
    Ok(chosen)
}

/// Emits everything that an instance reaches on trial, where that is done; what several hotspots call once.
fn emits(program: &mut Program<'_>, root: usize) -> Result<(), Vec<Diagnostic>> {
    let Some(known) = &program.trials else { return Ok(()) };
    let reachable = program.reachable(root);
    for i in reachable.difference(known).copied() {
        if let Err(why) = emit::check(program, i) {
            return Err(vec![internal(&program.instances[i].func.name(), &why)]);
        }
    }
    program.trials.get_or_insert_default().extend(reachable);
    Ok(())
}

/// The same function with its lists of numbers as native ones, which are written back at the commit: where it loops, and
/// nothing else in the call could look at one of them meanwhile.
fn owned(program: &mut Program<'_>, func: &FuncRef, root: usize) -> Option<usize> {
    if !program.passes.has(Pass::Owned) {
        return None;
    }
    let instance = &program.instances[root];
    let params: Vec<Type> = instance.params.iter().map(as_owned).collect();
    if instance.func != *func || params == instance.params || loop_depth(&instance.hir.body) == 0 {
        return None;
    }
    let wide = instance.wanted();
    let index = checked(program, func, &params, wide).ok()?;
    // Iterators that Python is given are made another way; and what the body puts in must not change the elements.
    let instance = &program.instances[index];
    if instance.ret.has_iter() || params.iter().enumerate().any(|(i, ty)| instance.entry_type(i) != *ty) {
        return None;
    }
    let alone = program.reachable(index).into_iter().all(|i| {
        let instance = &program.instances[i];
        let types =
            instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret]);
        !types.into_iter().any(|ty| ty.any(&sees_lists))
    });
    (alone && emits(program, index).is_ok()).then_some(index)
}

/// The instance for these types, if all that it reaches can be compiled and it returns at all.
fn checked(
    program: &mut Program<'_>,
    func: &FuncRef,
    params: &[Type],
    wide: Wide,
) -> Result<usize, Vec<Diagnostic>> {
    let root = program.instance(func, params.to_vec(), wide)?;
    let mut found = Vec::new();
    for i in program.reachable(root) {
        let instance = &program.instances[i];
        for d in &instance.diagnostics {
            if i == root {
                found.push(d.clone());
            } else {
                let message = format!("in `{}`, called from here: {}", instance.func.name(), d.message);
                found.push(Diagnostic { message, ..d.clone() });
            }
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    if program.instances[root].ret == Type::Never {
        let message = "with these types the function never returns a value";
        return Err(vec![Diagnostic::new("PYR0409", Severity::Note, message)]);
    }
    let instance = &program.instances[root];
    if !instance.notes.is_empty() && !crate::hir::does_work(&instance.hir.body) {
        return Err(instance.notes.clone());
    }
    if program.instances[root].ret.has_function() {
        let message = "returning a function that is made here to Python is not supported";
        return Err(vec![Diagnostic::new("PYR0315", Severity::Note, message)]);
    }
    let ret = &program.instances[root].ret;
    if ret.keeps_iter() && !ret.has_iter() {
        let message = "returning iterators in a container to Python is not supported";
        return Err(vec![Diagnostic::new("PYR0408", Severity::Note, message).help("return lists")]);
    }
    Ok(root)
}

/// The line of a function, where a condition that is known has ruled others of its name out.
fn line_among(sources: &Sources, name: &str) -> Option<usize> {
    let (module, qualname) = name.split_once(':')?;
    let (file, env) = sources.module(module)?;
    let def = env.chosen_function(qualname)?;
    let first = def.decorators.first().map_or(def.span, |decorator| decorator.span);
    Some(file.line(first.start))
}

/// The text of a method that a decorator makes.
fn made_text(sources: &Sources, name: &str) -> Option<Texts> {
    let (module, qualname) = name.split_once(':')?;
    Some(sources.module(module)?.1.made.get(qualname)?.texts.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic of the compiler costs one function, and says so; the others are as they would be without it.
    #[test]
    fn a_panic_costs_one_function() {
        let text = "def good(x):\n    return helper(x)\n\ndef helper(x):\n    return x + 1\n\ndef panics(x):\n    return x\n\n\
                    def panics_late(x):\n    return helper(x) * 2\n\n\
                    def panics_resumed(x):\n    for i in range(x):\n        x += i * i\n    return x\n\n\
                    def looping(x):\n    for i in range(x):\n        x += i * i\n    return x\n";
        let entry = |name: &str| Entry {
            function: format!("m:{name}"),
            signatures: vec![Signature::parse("(int) -> int").expect("a signature")],
            source: None,
            mode: Mode::Native,
            gate: false,
        };
        let input = |names: &[&str]| Input {
            package: "m".into(),
            modules: vec![SourceFile::new("m", "m.py", text)],
            hotspots: names.iter().map(|name| entry(name)).collect(),
            attributes: BTreeMap::new(),
            dropped: Vec::new(),
            bodies: Vec::new(),
            passes: Passes::default(),
        };
        for panics in [PANICS, PANICS_LATE] {
            let output = generate(&input(&["good", panics]));
            let [good, bad] = output.functions.as_slice() else { panic!("two functions") };
            assert!(good.native && !bad.native);
            assert_eq!(bad.diagnostics[0].code, "PYR0407");
            assert!(bad.diagnostics[0].message.ends_with("a test"));
            assert!(output.rust.contains("PYR0407"));
            assert_eq!(output.digests, generate(&input(&["good"])).digests);
        }
        // What is tried form by form costs that form only.
        assert!(!generate(&input(&["looping"])).regions.is_empty());
        let output = generate(&input(&["panics_resumed"]));
        assert!(output.functions[0].native && output.regions.is_empty());
        let mut without = input(&["panics_resumed"]);
        without.passes = "resume".parse().expect("it exists");
        assert_eq!(output.rust, generate(&without).rust);
    }
}
