//! Loops of functions that stay Python: which of them are compiled alone, and for which types.
//!
//! The types of the locals in front of a loop are found with the rest of the function left out as far as it is not
//! understood (`lower/regions.rs`). That may be wrong: what a region is given is looked at whenever it begins.

use std::collections::BTreeSet;

use super::types::parameter_types;
use super::{FunctionReport, Hotspot, Sources, checked, emits, owned, with_views};
use crate::ast::{Expr, ExprKind as E, FunctionDef};
use crate::emit::{Again, Kept, Place, Resumed, Site, Spec};
use crate::explain::{Explanation, explain};
use crate::hir::visit::{Visit, walk_expr, walk_stmt, walk_target};
use crate::hir::{self, ExprKind, StmtKind, Target, TargetKind};
use crate::infer::{BEGINNING, FuncRef, IS_BETWEEN, Instance, Modules, NARROW, Program, SKELETON, in_python};
use crate::lower::regions::{self, Region, candidates};
use crate::lower::segments;
use crate::manifest::{Entry, Mode};
use crate::passes::Pass;
use crate::resolve::{Binding, ModuleEnv};
use crate::signature::Signature;
use crate::source::{SourceFile, Span};
use crate::ty::Type;
use crate::walk::asks_identity;

/// A loop of a native function has a form for bailouts if it is at most so many expressions long.
const MAX_RESUMED: usize = 80;

/// Loops of a native function that stand in so many others at most have one.
const MAX_LEVELS: usize = 2;

/// At most so many times more is left out of the rest of the function.
const MAX_ROUNDS: usize = 12;

/// The loops of a native function from the middle of which Python can go on.
pub(super) fn with_loops(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    hotspot: &mut Hotspot,
) {
    let func = hotspot.func.clone();
    let Some((file, env)) = sources.module(&func.module) else { return };
    let Some(def) = env.function(&func.qualname) else { return };
    // For one signature: it costs the build too much for what it does.
    let Some(signature) = entry.signatures.first() else { return };
    let known = hotspot.specs.iter().any(|spec| spec.signature == signature.to_string());
    if !program.passes.has(Pass::Resume) || !known {
        return;
    }
    if hotspot.specs.iter().any(|spec| leaves_identity(program, sources, spec.instance)) {
        return;
    }
    hotspot.loops = resumable(program, (file, def, env), &func, signature, entry);
}

/// Does something that a call reaches leave to Python which object a value is? Values that go over in the middle of a call
/// may be other objects than those which were read.
pub(super) fn leaves_identity(program: &Program<'_>, sources: &Sources<'_>, root: usize) -> bool {
    program.reachable(root).into_iter().any(|i| {
        let instance = &program.instances[i];
        let found = || sources.module(&instance.func.module)?.1.function(&instance.func.qualname);
        let asks = |def| sources.module(&instance.func.module).is_some_and(|(_, env)| asks_which(env, def));
        // Or a function does that it calls.
        let called = instance.notes.iter().any(|note| note.message.contains(IS_BETWEEN));
        called || !instance.notes.is_empty() && found().is_some_and(asks)
    })
}

/// Does a function ask which object a value is that may be a number, a text or a tuple?
pub(super) fn asks_which(env: &ModuleEnv, def: &FunctionDef) -> bool {
    let mut locals = segments::locals_of(def);
    locals.extend(def.params.in_frame_order().map(|param| param.name.clone()));
    let binding = |name: &String| env.bindings.get(name).filter(|_| !locals.contains(name));
    // `MISSING = object()`, a class, a member of an enumeration.
    let marker = |e: &Expr| match &e.kind {
        E::Name(name) if env.assigned.contains(name) => false,
        E::Name(name) => match binding(name) {
            Some(Binding::Class | Binding::Function) => true,
            Some(Binding::Value(value)) => match &value.kind {
                E::Call { func, .. } => matches!(&func.kind, E::Name(name) if name == "object"),
                _ => false,
            },
            _ => false,
        },
        E::Attribute { value, .. } => match &value.kind {
            E::Name(class) if matches!(binding(class), Some(Binding::Class)) => {
                let is_enum = |base: &Expr| match &base.kind {
                    E::Name(name) | E::Attribute { name, .. } => {
                        name.ends_with("Enum") || name.ends_with("Flag")
                    }
                    _ => false,
                };
                env.all_classes.get(class).is_some_and(|class| class.bases.iter().any(is_enum))
            }
            _ => false,
        },
        _ => false,
    };
    let has_id = !locals.contains("id") && !env.bindings.contains_key("id");
    asks_identity(&def.body, &marker, has_id)
}

/// The loops of a function that stays Python which can be compiled alone.
pub(super) fn with_regions(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    report: &mut FunctionReport,
    hotspot: &mut Hotspot,
) {
    // That asks for all of it.
    if entry.mode == Mode::Require || !program.passes.has(Pass::Regions) {
        return;
    }
    let func = hotspot.func.clone();
    let Some((file, env)) = sources.module(&func.module) else { return };
    let Some(def) = env.function(&func.qualname) else { return };
    // What a loop read it hands over anew.
    if asks_which(env, def) {
        return;
    }
    let loops = candidates(def, &|name| !env.bindings.contains_key(name));
    if loops.is_empty() {
        return;
    }
    for (number, signature) in entry.signatures.iter().enumerate() {
        for spec in specialise(program, (file, def, &loops), &func, (number, signature), entry) {
            let Some(place) = &spec.region else { continue };
            if hotspot.specs.iter().any(|known| known.instance == spec.instance) {
                continue;
            }
            if !report.regions.contains(&place.line) {
                report.regions.push(place.line);
            }
            report.explain.push(Explanation {
                signature: format!("the loop at line {}, {signature}", place.line),
                returns: String::new(),
                ..explain(program, file, spec.instance, signature)
            });
            hotspot.specs.push(spec);
        }
    }
    report.regions.sort_unstable();
}

/// The regions of a function for one signature, the `number`-th of it. `regions`: its loops that might be compiled alone.
fn specialise(
    program: &mut Program<'_>,
    function: (&SourceFile, &FunctionDef, &[Region]),
    func: &FuncRef,
    numbered: (usize, &Signature),
    entry: &Entry,
) -> Vec<Spec> {
    let mut specs = Vec::new();
    outermost(program, function, func, numbered, entry, |program, (i, region), types| {
        let made = func.made(&format!("region {i}"));
        program.define(&made, region.def.clone());
        let Ok(root) = checked(program, &made, types, NARROW) else { return false };
        if knows_too_little(&program.instances[root]) {
            return false;
        }
        let instance = with_views(program, &made, root, NARROW).unwrap_or(root);
        if emits(program, instance).is_err() {
            return false;
        }
        let owned = match leaves_lists(program, instance) {
            true => None,
            false => owned(program, &made, instance),
        };
        let resumed = match program.passes.has(Pass::Resume) {
            true => resumed(program, func, (i, region), types),
            false => None,
        };
        let sites = region.sites.iter().map(site).collect();
        specs.push(spec(function.0, numbered.1, (i, region), (instance, owned), (sites, resumed)));
        // Where something in it is left to Python, its inner loops may have more to run.
        program.instances[instance].notes.is_empty()
    });
    specs
}

/// The outermost loops of a native function, in the form from which Python can go on.
fn resumable(
    program: &mut Program<'_>,
    (file, def, env): (&SourceFile, &FunctionDef, &ModuleEnv),
    func: &FuncRef,
    signature: &Signature,
    entry: &Entry,
) -> Vec<Spec> {
    let places = def.params.places_in_text();
    let Ok(mut params) = parameter_types(program, func, signature, &places, &entry.signatures) else {
        return Vec::new();
    };
    params.insert(0, Type::Bool);
    let mut opened = BTreeSet::new();
    for level in 0.. {
        let regions = regions::outermost(def, &|name| !env.bindings.contains_key(name), &opened);
        let asked = Asked { file, func, number: level, params: params.clone(), def, regions: &regions };
        let types = asked.early(program).unwrap_or_else(|| asked.types(program));
        let unknown = regions.iter().zip(&types).filter(|(_, types)| types.is_none());
        let unknown: Vec<Span> = unknown.map(|(region, _)| region.span).collect();
        if unknown.is_empty() || level == MAX_LEVELS {
            let all = regions.iter().enumerate().zip(&types);
            let known = all.filter_map(|(region, types)| Some((region, types.as_ref()?)));
            return known
                .filter_map(|((i, region), types)| {
                    let resumed = resumed(program, func, (i, region), types)?;
                    let forms = (resumed.instance, None);
                    Worth::of(&program.instances[resumed.instance])
                        .then(|| spec(file, signature, (i, region), forms, (Vec::new(), Some(resumed))))
                })
                .collect();
        }
        // What is given to a loop inside may be known all the same.
        opened.extend(unknown);
    }
    Vec::new()
}

/// Takes the loops of a function for one signature, outer ones first, with the types of what each is given; `take` says
/// whether what stands inside of the loop is left out.
fn outermost(
    program: &mut Program<'_>,
    (file, def, regions): (&SourceFile, &FunctionDef, &[Region]),
    func: &FuncRef,
    (number, signature): (usize, &Signature),
    entry: &Entry,
    mut take: impl FnMut(&mut Program<'_>, (usize, &Region), &[Type]) -> bool,
) {
    let places = def.params.places_in_text();
    let Ok(mut params) = parameter_types(program, func, signature, &places, &entry.signatures) else {
        return;
    };
    params.insert(0, Type::Bool);
    let types = Asked { file, func, number, params, def, regions }.types(program);
    let mut taken: Vec<Span> = Vec::new();
    for (i, region) in regions.iter().enumerate() {
        if taken.iter().any(|t| t.start <= region.span.start && region.span.end <= t.end) {
            continue;
        }
        if let Some(types) = &types[i]
            && take(program, (i, region), types)
        {
            taken.push(region.span);
        }
    }
}

/// Whether a loop of a native function has a form of its own for bailouts: it costs the build as much as the loop itself.
struct Worth<'i> {
    instance: &'i Instance,
    size: usize,
    /// Python's dicts and sets are slow to write to, twice as slow as Python is.
    keyed: bool,
}

impl<'i> Worth<'i> {
    fn of(instance: &'i Instance) -> bool {
        let mut worth = Worth { instance, size: 0, keyed: false };
        worth.block(&instance.hir.body);
        worth.size <= MAX_RESUMED && !worth.keyed
    }

    fn changed(&mut self, base: &hir::Expr) {
        let keyed = |ty: &Type| matches!(ty, Type::Dict { .. } | Type::Set { .. });
        self.keyed |= self.instance.nodes[base.id].any(&keyed);
    }
}

impl<'i> Visit<'i> for Worth<'i> {
    fn target(&mut self, target: &'i Target) {
        if let TargetKind::Index { base, .. } = &target.kind {
            self.changed(base);
        }
        walk_target(self, target);
    }

    fn expr(&mut self, e: &'i hir::Expr) {
        self.size += 1;
        match &e.kind {
            ExprKind::Method { base, name, .. }
                if self.instance.nodes[base.id].members().iter().any(|t| crate::ops::changes(t, name)) =>
            {
                self.changed(base);
            }
            ExprKind::InPlace { left, .. } => self.changed(left),
            _ => {}
        }
        walk_expr(self, e);
    }
}

fn spec(
    file: &SourceFile,
    signature: &Signature,
    (i, region): (usize, &Region),
    (instance, owned): (usize, Option<usize>),
    (sites, resumed): (Vec<Site>, Option<Resumed>),
) -> Spec {
    let line_start = file.text[..region.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    Spec {
        signature: signature.to_string(),
        instance,
        owned,
        segments: Vec::new(),
        sites,
        region: Some(Place {
            number: i + 1,
            locals: region.params.clone(),
            line: file.line(region.span.start),
            column: region.span.start as usize - line_start,
            returns: region.returns(),
            resumed,
        }),
    }
}

/// The form of a region that Python can go on from, if what it goes through can become an iterator of Python's.
fn resumed(
    program: &mut Program<'_>,
    func: &FuncRef,
    (i, region): (usize, &Region),
    types: &[Type],
) -> Option<Resumed> {
    let resumed = region.resumed.as_ref()?;
    let made = func.made(&format!("resumed region {i}"));
    program.define(&made, resumed.def.clone());
    let mut params = types.to_vec();
    params.push(Type::Int);
    let root = checked(program, &made, &params, NARROW).ok()?;
    let last = resumed.sites.len();
    let kept = 1 + resumed.sites.last()?.kept.len();
    let instance = &program.instances[root];
    let simple = |e: &hir::Expr| {
        instance.nodes[e.id].members().iter().all(|ty| {
            matches!(
                ty,
                Type::List { .. }
                    | Type::VarTuple(..)
                    | Type::Tuple { .. }
                    | Type::Str
                    | Type::Char
                    | Type::Bytes
                    | Type::Range
                    | Type::Int
            )
        })
    };
    let mut fits = true;
    // Of what is handed over at the head of the loop.
    let mut handed = Vec::new();
    hir::visit::each_expr(&instance.hir.body, &mut |e| match &e.kind {
        ExprKind::Suspend { point, items, .. } if *point == last => {
            fits &= items[kept..].iter().all(simple);
            handed = items[1..].iter().map(|item| in_python(&instance.nodes[item.id])).collect();
        }
        _ => {}
    });
    if !fits || emits(program, root).is_err() {
        return None;
    }
    let again = again(program, func, (i, region), (root, types), &handed);
    let sites = resumed.sites.iter().map(site).collect();
    Some(Resumed { instance: root, sites, shape: resumed.shape.clone(), again })
}

/// The form of a region that is taken up again behind a turn of Python's, where something in it is left to Python.
/// `handed`: the types of what the other form hands over at the head of the loop.
fn again(
    program: &mut Program<'_>,
    func: &FuncRef,
    (i, region): (usize, &Region),
    (root, types): (usize, &[Type]),
    handed: &[Type],
) -> Option<Again> {
    let resumed = region.resumed.as_ref()?;
    let again = resumed.again.as_ref()?;
    if !program.reachable(root).into_iter().any(|i| !program.instances[i].notes.is_empty()) {
        return None;
    }
    let (locals, operands) = handed.split_at(handed.len().checked_sub(again.operands)?);
    let known = resumed.sites.last()?.kept.iter().zip(locals).chain(region.params.iter().zip(types));
    let known: Vec<(&String, &Type)> = known.collect();
    let of = |name: &String| known.iter().find(|(known, _)| *known == name).map(|(_, ty)| (*ty).clone());
    let mut params = again.locals.iter().map(of).collect::<Option<Vec<_>>>()?;
    params.extend(operands.iter().cloned());
    params.extend([Type::Int, Type::Int]);
    if params.contains(&Type::Never) {
        return None;
    }
    let made = func.made(&format!("region {i} again"));
    program.define(&made, again.def.clone());
    let instance = checked(program, &made, &params, NARROW).ok()?;
    emits(program, instance).ok()?;
    let sites = again.sites.iter().map(site).collect();
    Some(Again { instance, locals: again.locals.clone(), takes: params.len(), sites })
}

fn site(site: &crate::lower::segments::Site) -> Site {
    Site { point: site.point, kept: site.kept.iter().cloned().map(Kept::Local).collect() }
}

/// Is there a container of which nothing tells what it holds, and something that is left to Python? It would most likely
/// be what is read from the container, so the region would give up whenever it runs. As it would where it goes through such
/// a container, which Python fills, or takes an element of it.
fn knows_too_little(region: &Instance) -> bool {
    struct Unknown<'i>(&'i [Type], bool);
    impl<'h> Visit<'h> for Unknown<'_> {
        fn stmt(&mut self, stmt: &'h hir::Stmt) {
            if let StmtKind::For { iter, .. } = &stmt.kind {
                self.1 |= self.0.get(iter.id).is_some_and(Type::has_never);
            }
            walk_stmt(self, stmt);
        }

        fn expr(&mut self, e: &'h hir::Expr) {
            let from = |e: &hir::Expr| self.0.get(e.id).is_some_and(|t| *t != Type::Never && t.has_never());
            if self.0.get(e.id) == Some(&Type::Never) {
                self.1 |= match &e.kind {
                    ExprKind::Index { base, .. } | ExprKind::Method { base, .. } => from(base),
                    ExprKind::Call { args, .. } => args.iter().any(from),
                    _ => false,
                };
            }
            walk_expr(self, e);
        }
    }
    if !region.after.iter().any(Type::has_never) {
        return false;
    }
    let mut unknown = Unknown(&region.nodes, !region.notes.is_empty());
    unknown.block(&region.hir.body);
    unknown.1
}

/// Are there lists among what the region binds? They must be the objects that Python would have bound.
fn leaves_lists(program: &Program<'_>, instance: usize) -> bool {
    let instance = &program.instances[instance];
    let list = |ty: &Type| ty.any(&|t| matches!(t, Type::List { .. } | Type::Obj));
    hir::visit::any_expr(&instance.hir.body, |e| match &e.kind {
        ExprKind::Suspend { items, .. } => items.iter().any(|item| list(&instance.nodes[item.id])),
        _ => false,
    })
}

/// The question for the types in front of the regions of a function.
struct Asked<'f> {
    file: &'f SourceFile,
    func: &'f FuncRef,
    number: usize,
    /// Of the skeleton.
    params: Vec<Type>,
    def: &'f FunctionDef,
    regions: &'f [Region],
}

impl Asked<'_> {
    /// The same for regions of which no container is given that gets its elements later: by far less than all of the
    /// function.
    fn early(&self, program: &mut Program<'_>) -> Option<Vec<Option<Vec<Type>>>> {
        let func = self.func.made(&format!("{BEGINNING} {}", self.number));
        program.define(&func, regions::beginning(self.def, self.regions)?);
        let root = program.instance(&func, self.params.clone(), NARROW).ok()?;
        let instance = &program.instances[root];
        if !instance.notes.is_empty() || !instance.diagnostics.is_empty() {
            return None;
        }
        let types = self.answers(program, root);
        let all =
            types.iter().all(|types| types.as_ref().is_some_and(|all| !all.iter().any(Type::has_never)));
        all.then_some(types)
    }

    /// For each region what it is given, where that is known.
    fn types(&self, program: &mut Program<'_>) -> Vec<Option<Vec<Type>>> {
        let (mut refused, mut deaf) = (BTreeSet::new(), BTreeSet::new());
        let mut types = vec![None; self.regions.len()];
        for round in 0..MAX_ROUNDS {
            let skeleton = regions::skeleton(self.def, self.regions, &refused, &deaf);
            let func = self.func.made(&format!("{SKELETON} {}.{round}", self.number));
            program.define(&func, skeleton);
            let found: Vec<Span> = match program.lowered(&func) {
                Err(found) => self.places(&found).collect(),
                Ok(_) => match program.instance(&func, self.params.clone(), NARROW) {
                    Err(_) => return types,
                    Ok(root) => {
                        types = self.answers(program, root);
                        let instance = &program.instances[root];
                        self.places(&instance.notes).chain(self.places(&instance.diagnostics)).collect()
                    }
                },
            };
            let known = refused.len() + deaf.len();
            for span in found {
                match self.regions.iter().position(|region| regions::asking(region) == span) {
                    Some(i) => _ = deaf.insert(i),
                    None => _ = refused.insert(span),
                }
            }
            if refused.len() + deaf.len() == known {
                break;
            }
        }
        types
    }

    /// Where in this function what is not supported stands.
    fn places<'d>(
        &self,
        found: &'d [crate::diagnostic::Diagnostic],
    ) -> impl Iterator<Item = Span> + use<'d, '_> {
        let whole = self.def.span;
        let inside = move |span: &Span| whole.start <= span.start && span.end <= whole.end && *span != whole;
        found.iter().filter(|d| d.path == self.file.path).filter_map(|d| d.span).filter(inside)
    }

    fn answers(&self, program: &Program<'_>, root: usize) -> Vec<Option<Vec<Type>>> {
        let instance = &program.instances[root];
        let mut types = vec![None; self.regions.len()];
        hir::visit::each_expr(&instance.hir.body, &mut |e| {
            let ExprKind::Suspend { point, items, .. } = &e.kind else { return };
            let Some(place) = point.checked_sub(1).and_then(|i| types.get_mut(i)) else { return };
            let known: Vec<Type> =
                items[1..].iter().map(|item| in_python(&instance.nodes[item.id])).collect();
            if !known.contains(&Type::Never) {
                *place = Some(known);
            }
        });
        types
    }
}
