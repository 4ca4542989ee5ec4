//! The pipeline: sources and manifest entries of one package → the text of one Rust file, and what became of each
//! function. Pure and deterministic.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::diagnostic::{Diagnostic, Severity};
use crate::emit::{self, Hotspot};
use crate::explain::{Explanation, explain};
use crate::infer::{FuncRef, Modules, NARROW, Program, WIDE, Wide, in_python};
use crate::manifest::{Entry, Mode};
use crate::parse;
use crate::passes::{Pass, Passes};
use crate::resolve::ModuleEnv;
use crate::signature::{SigType, Signature};
use crate::source::{SourceFile, Span};
use crate::ty::{Callee, DictKind, MAX_TUPLE, Type, either};

/// Why a function stays Python that the compiler took and rustc did not.
pub const DROPPED: &str = "PYR0503 the generated Rust does not compile; please report this";

/// The function at which the compiler panics, to show what becomes of that.
#[cfg(test)]
const PANICS: &str = "panics";

/// One package and its hotspots.
#[derive(Debug)]
pub struct Input {
    pub package: String,
    pub modules: Vec<SourceFile>,
    pub hotspots: Vec<Entry>,
    /// Functions that stay Python because rustc refused what was generated for them.
    pub dropped: Vec<String>,
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
    /// How many expressions inference looked at, again and again: what limits are in terms of.
    pub work: usize,
}

#[derive(Debug)]
pub struct Output {
    /// The text of the generated file.
    pub rust: String,
    pub functions: Vec<FunctionReport>,
    /// Functions whose code the build must digest: native hotspots and what was compiled along.
    pub digests: Vec<String>,
}

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
    // so everything is begun anew without that function.
    let mut failed = BTreeMap::new();
    loop {
        match attempt(input, &failed) {
            Ok(output) => return output,
            Err((function, why)) => {
                if failed.insert(function, why.clone()).is_some() {
                    panic!("{why}");
                }
            }
        }
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

/// Compiles all hotspots but those that have failed; or the next one that fails, and why.
fn attempt(input: &Input, failed: &BTreeMap<String, String>) -> Result<Output, (String, String)> {
    let sources = Sources::new(&input.modules);
    let mut reports = Vec::new();
    let mut hotspots = Vec::new();
    let mut program = Program::new(&sources, input.passes);
    let mut entries: Vec<&Entry> = input.hotspots.iter().collect();
    entries.sort_by(|a, b| a.function.cmp(&b.function));
    for entry in entries {
        let (module, qualname) = entry.function.split_once(':').unwrap_or((&entry.function, ""));
        let func = FuncRef { module: module.to_string(), qualname: qualname.to_string() };
        let stays = match failed.get(&entry.function) {
            Some(why) => Stays::Failed(why),
            None if input.dropped.contains(&entry.function) => Stays::Dropped,
            None => Stays::No,
        };
        let (report, hotspot) = caught(|| compile(&mut program, &sources, entry, func, stays))
            .map_err(|why| (entry.function.clone(), why))?;
        reports.push(report);
        hotspots.push(hotspot);
    }
    let mut digests: BTreeSet<String> = BTreeSet::new();
    for hotspot in &hotspots {
        for spec in &hotspot.specs {
            digests.insert(hotspot.func.name());
            for i in program.reachable(spec.instance) {
                // The code of a function inside is part of the outer one's.
                if !program.instances[i].func.is_nested() {
                    digests.insert(program.instances[i].func.name());
                }
            }
        }
    }
    let init = init_name(&input.package, &input.modules);
    let file = |hotspots: &[Hotspot]| caught(|| emit::file(&input.package, &init, &program, hotspots));
    let rust = file(&hotspots).map_err(|why| {
        // Every function was emitted on trial, so this is about what stands between them; the first will do.
        let native = || hotspots.iter().filter(|h| !h.specs.is_empty());
        let alone = native().find(|hotspot| file(std::slice::from_ref(hotspot)).is_err());
        (alone.or_else(|| native().next()).map_or_else(String::new, |h| h.func.name()), why)
    })?;
    Ok(Output { rust, functions: reports, digests: digests.into_iter().collect() })
}

/// Why a function stays Python without being looked at.
enum Stays<'f> {
    No,
    /// rustc refused what was generated.
    Dropped,
    /// The compiler failed at it.
    Failed(&'f str),
}

fn compile(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    func: FuncRef,
    stays: Stays<'_>,
) -> (FunctionReport, Hotspot) {
    let mut report = FunctionReport {
        function: entry.function.clone(),
        native: false,
        signatures: Vec::new(),
        refused: Vec::new(),
        diagnostics: Vec::new(),
        explain: Vec::new(),
        work: 0,
    };
    let mut hotspot = Hotspot { func: func.clone(), specs: Vec::new(), reason: None };
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
    match sources.error(&func.module) {
        Some(error) => report.diagnostics.push(error),
        None => match program.lowered(&func) {
            // Only what consumes it is compiled, and takes it along.
            _ if let Some(at) = generator_at(sources, &func) => {
                let message = "a generator function is not supported";
                let d = Diagnostic::new("PYR0313", Severity::Note, message).at(at.0, at.1);
                report.diagnostics.push(d.help("return a list, or compile what loops over it"));
            }
            Err(found) => report.diagnostics = found,
            Ok(hir) => {
                for signature in &entry.signatures {
                    let outcome = specialise(program, &func, signature, hir.params.len(), &entry.signatures);
                    match outcome {
                        // Types that differ for the profiler only make the same native code.
                        Ok(instance) if hotspot.specs.iter().any(|spec| spec.instance == instance) => {
                            report.signatures.push(signature.to_string());
                        }
                        Ok(instance) => {
                            let file = sources.module(&func.module).map(|(file, _)| file);
                            report.explain.extend(file.map(|f| explain(program, f, instance, signature)));
                            report.signatures.push(signature.to_string());
                            hotspot.specs.push(emit::Spec { signature: signature.to_string(), instance });
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
    report.native = !hotspot.specs.is_empty();
    if !report.native {
        hotspot.reason = report.diagnostics.first().map(|d| format!("{} {}", d.code, d.message));
    }
    (report, hotspot)
}

/// The file and the first `yield` of a function that has one.
fn generator_at(sources: &Sources<'_>, func: &FuncRef) -> Option<(String, Span)> {
    let (file, env) = sources.module(&func.module)?;
    let mut found = None;
    crate::walk::own_expressions(&env.function(&func.qualname)?.body, &mut |e| {
        if matches!(e.kind, crate::ast::ExprKind::Yield(_) | crate::ast::ExprKind::YieldFrom(_)) {
            found.get_or_insert(e.span);
        }
    });
    Some((file.path.clone(), found?))
}

/// Which of the results were ints beyond 64 bits.
fn wide_results(ret: &SigType) -> Wide {
    fn big(ty: &SigType) -> bool {
        match ty {
            SigType::BigInt => true,
            SigType::List(t)
            | SigType::Set(t)
            | SigType::FrozenSet(t)
            | SigType::Deque(t)
            | SigType::VarTuple(t) => big(t),
            SigType::Dict(k, v) => big(k) || big(v),
            SigType::Tuple(items) | SigType::Union(items) => items.iter().any(big),
            _ => false,
        }
    }
    match ret {
        SigType::Tuple(items) if items.len() < 16 => {
            items.iter().enumerate().filter(|(_, t)| big(t)).fold(NARROW, |bits, (i, _)| bits | 1 << i)
        }
        _ if big(ret) => WIDE,
        _ => NARROW,
    }
}

fn specialise(
    program: &mut Program<'_>,
    func: &FuncRef,
    signature: &Signature,
    arity: usize,
    all: &[Signature],
) -> Result<usize, Vec<Diagnostic>> {
    let refuse = |message: String| vec![Diagnostic::new("PYR0403", Severity::Note, message)];
    if signature.params.len() != arity {
        let message = format!(
            "the signature `{signature}` has {} parameters, the function has {arity}",
            signature.params.len()
        );
        return Err(refuse(message));
    }
    let classes = |name: &str, types: Option<&[SigType]>| class_type(program, name, types);
    let params = signature.params.iter().map(|t| in_python(&from_signature(t, &classes)));
    let params: Vec<Type> = params.enumerate().map(|(i, t)| any_recorded(&t, i, all)).collect();
    let wide = wide_results(&signature.ret);
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
    let views = if hands_out { None } else { with_views(program, func, root, wide) };
    let chosen = views.unwrap_or(root);
    for i in program.reachable(chosen) {
        // What several hotspots call is emitted on trial once.
        if program.instances[i].emits {
            continue;
        }
        if let Err(why) = emit::check(program, i) {
            return Err(vec![internal(&program.instances[i].func.name(), &why)]);
        }
        program.instances[i].emits = true;
    }
    Ok(chosen)
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
    Ok(root)
}

/// The same function with its list parameters as views, where nothing in the call writes to Python's objects and
/// the loops are deep enough for reading to be the cost.
fn with_views(program: &mut Program<'_>, func: &FuncRef, root: usize, wide: Wide) -> Option<usize> {
    if !program.passes.has(Pass::Views) {
        return None;
    }
    let instance = &program.instances[root];
    let worth = program.reachable(root).len() > 1 || loop_depth(&instance.hir.body) > 1;
    if !worth || program.reachable(root).iter().any(|i| program.instances[*i].writes) {
        return None;
    }
    let params: Vec<Type> = instance.params.iter().map(as_view).collect();
    if params == instance.params {
        return None;
    }
    let index = program.instance(func, params, wide).ok()?;
    let fine = program.reachable(index).iter().all(|i| {
        let instance = &program.instances[*i];
        instance.diagnostics.is_empty() && !instance.writes
    });
    // A parameter that takes another list later has no representation that Python could hand over.
    let root = &program.instances[index];
    let stays = root
        .hir
        .params
        .iter()
        .zip(&root.params)
        .all(|(p, ty)| !matches!(ty, Type::View(_)) || root.vars[p.var] == *ty);
    let fine = fine && stays;
    fine.then_some(index)
}

/// Lists of plain numbers, and lists of those.
fn as_view(ty: &Type) -> Type {
    match ty {
        Type::List { elem, in_place: true } => match as_view(elem) {
            t @ (Type::Int | Type::Float | Type::Bool | Type::View(_)) => Type::View(Box::new(t)),
            _ => ty.clone(),
        },
        other => other.clone(),
    }
}

fn loop_depth(body: &[crate::hir::Stmt]) -> usize {
    use crate::hir::StmtKind as S;
    let deepest = |blocks: &[&[crate::hir::Stmt]]| blocks.iter().map(|b| loop_depth(b)).max().unwrap_or(0);
    body.iter()
        .map(|s| match &s.kind {
            S::For { body, orelse, .. } | S::While { body, orelse, .. } => 1 + deepest(&[body, orelse]),
            S::If { body, orelse, .. } => deepest(&[body, orelse]),
            S::Try { body, handlers, orelse, .. } => {
                deepest(&[body, orelse]).max(handlers.iter().map(|h| loop_depth(&h.body)).max().unwrap_or(0))
            }
            // A comprehension is a loop of its own.
            S::Return(Some(e)) | S::Expr(e) | S::Assign { value: e, .. } => comp_depth(e),
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}

fn comp_depth(e: &crate::hir::Expr) -> usize {
    use crate::hir::ExprKind as E;
    if let E::Comp(comp) = &e.kind {
        return comp.generators.len() + comp_depth(&comp.element);
    }
    crate::hir::visit::children(e).into_iter().map(comp_depth).max().unwrap_or(0)
}

/// The type of an instance of a class by its dotted name, with what its fields were seen to have.
fn class_type(program: &Program<'_>, name: &str, types: Option<&[SigType]>) -> Option<Type> {
    let Some(types) = types else { return program.annotated(name) };
    let classes = |name: &str, types: Option<&[SigType]>| class_type(program, name, types);
    let items = types.iter().map(|t| from_signature(t, &classes)).collect();
    program.recorded(name, items)
}

/// The type of an instance of a class by its dotted name, where what it holds was seen.
type Classes<'a> = dyn Fn(&str, Option<&[SigType]>) -> Option<Type> + 'a;

/// What a recorded type becomes; what is not understood is opaque.
fn from_signature(ty: &SigType, classes: &Classes<'_>) -> Type {
    let inner = |t: &SigType| from_signature(t, classes);
    match ty {
        SigType::Int => Type::Int,
        SigType::BigInt => Type::Big,
        SigType::Float => Type::Float,
        SigType::Bool => Type::Bool,
        SigType::None => Type::None,
        SigType::Str => Type::Str,
        SigType::Bytes => Type::Bytes,
        SigType::ByteArray => Type::ByteArray,
        SigType::Complex => Type::Complex,
        SigType::Range => Type::Range,
        SigType::List(t) => Type::List { elem: Box::new(inner(t)), in_place: true },
        SigType::Dict(k, v) => Type::Dict {
            key: Box::new(inner(k)),
            value: Box::new(inner(v)),
            in_place: true,
            kind: DictKind::Plain,
        },
        SigType::Set(t) => Type::Set { elem: Box::new(inner(t)), in_place: true, frozen: false },
        SigType::FrozenSet(t) => Type::Set { elem: Box::new(inner(t)), in_place: true, frozen: true },
        SigType::Tuple(items) if items.is_empty() => Type::VarTuple(Box::new(Type::Never)),
        SigType::Tuple(items) if items.len() > MAX_TUPLE => match items.iter().all(|t| *t == items[0]) {
            true => Type::VarTuple(Box::new(inner(&items[0]))),
            false => Type::Obj,
        },
        SigType::Tuple(items) => Type::Tuple { items: items.iter().map(inner).collect(), from_py: true },
        SigType::VarTuple(t) => Type::VarTuple(Box::new(inner(t))),
        SigType::Union(members) => members.iter().map(inner).fold(Type::Never, |acc, t| Type::join(&acc, &t)),
        SigType::Unknown => Type::Never,
        SigType::Class(name) => match crate::foreign::Class::named(name) {
            Some(class) => Type::Foreign(class),
            None => classes(name, None).unwrap_or(Type::Obj),
        },
        SigType::Holding(name, types) => {
            let kind = match name.as_str() {
                "collections.Counter" => DictKind::Counter,
                "collections.defaultdict" => DictKind::Default,
                _ => return classes(name, Some(types)).unwrap_or(Type::Obj),
            };
            match types.as_slice() {
                [key, value] => {
                    let (key, value) = (Box::new(inner(key)), Box::new(inner(value)));
                    Type::Dict { key, value, in_place: true, kind }
                }
                _ => Type::Obj,
            }
        }
        SigType::Function(name) => match name.split_once(':') {
            // What no name of a module means cannot be told from others.
            Some((module, name)) if !name.contains(['.', '<']) => {
                Type::Function(vec![Callee { module: module.to_string(), name: format!("<{name}>") }])
            }
            _ => Type::Obj,
        },
        SigType::Deque(_) | SigType::NdArray { .. } | SigType::Object => Type::Obj,
    }
}

/// A parameter that is a function is any of those that were recorded for it: which one it is no look at the types
/// tells, so one specialisation takes them all.
fn any_recorded(ty: &Type, param: usize, all: &[Signature]) -> Type {
    let recorded = all.iter().filter_map(|s| s.params.get(param)).map(|t| from_signature(t, &|_, _| None));
    let functions = recorded.fold(Vec::new(), |mut found: Vec<Callee>, t| {
        for m in t.members() {
            if let Type::Function(callees) = m {
                found = either(&found, callees);
            }
        }
        found
    });
    match ty {
        Type::Function(_) => Type::Function(functions),
        Type::Union(members) if members.iter().any(|m| matches!(m, Type::Function(_))) => {
            Type::join(ty, &Type::Function(functions))
        }
        other => other.clone(),
    }
}

/// The modules of the package, parsed when first asked for.
struct Sources<'a> {
    modules: BTreeMap<&'a str, Source<'a>>,
}

struct Source<'a> {
    file: &'a SourceFile,
    env: OnceCell<Result<ModuleEnv, Box<Diagnostic>>>,
}

impl<'a> Sources<'a> {
    fn new(files: &'a [SourceFile]) -> Self {
        let modules =
            files.iter().map(|file| (file.module.as_str(), Source { file, env: OnceCell::new() })).collect();
        Sources { modules }
    }

    fn error(&self, module: &str) -> Option<Diagnostic> {
        self.modules.get(module)?.env().as_ref().err().map(|d| (**d).clone())
    }
}

impl Source<'_> {
    fn env(&self) -> &Result<ModuleEnv, Box<Diagnostic>> {
        self.env.get_or_init(|| {
            let module = parse::parse_functions(self.file)?;
            Ok(ModuleEnv::new(&self.file.module, &module, is_init(self.file)))
        })
    }
}

impl Modules for Sources<'_> {
    fn module(&self, name: &str) -> Option<(&SourceFile, &ModuleEnv)> {
        let source = self.modules.get(name)?;
        source.env().as_ref().ok().map(|env| (source.file, env))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic of the compiler costs one function, and says so; the others are as they would be without it.
    #[test]
    fn a_panic_costs_one_function() {
        let text = "def good(x):\n    return helper(x)\n\ndef helper(x):\n    return x + 1\n\ndef panics(x):\n    return x\n";
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
            dropped: Vec::new(),
            passes: Passes::default(),
        };
        let output = generate(&input(&["good", PANICS]));
        let [good, bad] = output.functions.as_slice() else { panic!("two functions") };
        assert!(good.native && !bad.native);
        assert_eq!(bad.diagnostics[0].code, "PYR0407");
        assert!(bad.diagnostics[0].message.ends_with("a test"));
        assert!(output.rust.contains("PYR0407"));
        assert_eq!(output.digests, generate(&input(&["good"])).digests);
    }
}
