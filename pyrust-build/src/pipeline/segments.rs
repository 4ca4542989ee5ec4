//! Generator functions as hotspots: the segments of one signature, with types that agree at every `yield`.

use super::regions::asks_which;
use super::types::parameter_types;
use super::{Sources, checked, emits};
use crate::ast::FunctionDef;
use crate::diagnostic::{Diagnostic, Severity};
use crate::emit::{Kept, Segment, Site, Spec};
use crate::hir::{self, ExprKind};
use crate::infer::{FuncRef, Guard, Instance, Modules, NARROW, Program, annotation, in_python};
use crate::lower::counted::Form;
use crate::lower::segments::{self, Plan, Watched};
use crate::manifest::{Entry, Mode};
use crate::signature::Signature;
use crate::source::SourceFile;
use crate::ty::Type;

/// At most so many times the types at the `yield`s grow.
const MAX_ROUNDS: usize = 6;

/// The segments for one signature.
pub(super) fn specialise(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    func: &FuncRef,
    signature: &Signature,
    entry: &Entry,
) -> Result<Spec, Vec<Diagnostic>> {
    let found =
        sources.module(&func.module).and_then(|(file, env)| Some((file, env, env.function(&func.qualname)?)));
    let Some((file, env, def)) = found else {
        let message = format!("no single function `{}`", func.qualname);
        return Err(vec![Diagnostic::new("PYR0305", Severity::Note, message)]);
    };
    let idle = if entry.mode == Mode::Require { None } else { segments::idle(def) };
    let watched = match entry.mode {
        Mode::Require => None,
        _ if idle.is_some() => segments::may_pass(def).then_some(Watched::Places),
        _ => segments::turns(def),
    };
    if let Some((span, what)) = idle.filter(|_| watched.is_none()) {
        let d = segments::finding(file, span, what);
        return Err(vec![d.help(
            "what loops over it natively takes it along; `mode = \"require\"` compiles it all the same",
        )]);
    }
    let plan = segments::plan(def).map_err(|(span, what)| vec![segments::finding(file, span, what)])?;
    let loops = || plan.points.iter().flat_map(|point| &point.loops);
    let builtins: Vec<&str> = loops().flat_map(|l| &l.builtins).copied().collect();
    if let Some(at) = loops().next()
        && ["len"].iter().chain(&builtins).any(|name| {
            let bound = sources.module(&func.module).is_some_and(|(_, env)| env.bindings.contains_key(*name));
            bound || segments::locals_of(def).contains(*name)
        })
    {
        // What the loops are made of are the builtins.
        let what = "a loop with a `yield` where `len`, `enumerate`, `reversed` or `zip` is not the builtin";
        return Err(vec![segments::finding(file, at.span, what)]);
    }
    let names: Vec<&str> = def.params.in_frame_order().map(|p| p.name.as_str()).collect();
    let params = parameter_types(program, func, signature, &def.params.places_in_text(), &entry.signatures)?;
    let mut sites = Vec::new();
    for number in 0..=plan.points.len() {
        let (_, found) =
            plan.segment(number).map_err(|(span, what)| vec![segments::finding(file, span, what)])?;
        sites.push(found);
    }
    let root =
        checked(program, &func.segment(0), &params, NARROW).map_err(|found| uncounted(&plan, file, found))?;
    let sent = sent(def);
    let mut cut =
        Cut { plan: &plan, sites: &sites, names, params, sent, entry: vec![None; plan.points.len()] };
    let mut instances: Vec<Option<usize>> = vec![None; plan.points.len()];
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for (number, from) in [Some(root)].iter().chain(&instances).enumerate() {
            if let Some(from) = from {
                changed |= cut.reached(program, number, *from);
            }
        }
        // What a segment leaves open others know, once they agree.
        let mut told = false;
        for (number, from) in [Some(root)].iter().chain(&instances).enumerate() {
            if let (Some(from), false) = (from, changed) {
                told |= cut.tells(program, &func.segment(number), number, *from);
            }
        }
        if told {
            checked(program, &func.segment(0), &cut.params, NARROW)?;
        } else if !changed {
            let roots = [root].into_iter().chain(instances.iter().flatten().copied());
            for i in roots {
                goes_through_places(&program.instances[i], &plan, file)?;
                let guards = builtins.iter().map(|name| Guard::Builtin(name.to_string()));
                program.instances[i].guards.extend(guards);
                emits(program, i)?;
            }
            // What it holds between two of its values goes to Python and back.
            let mut all = [root].into_iter().chain(instances.iter().flatten().copied());
            if asks_which(env, def) && all.any(|i| !program.instances[i].notes.is_empty()) {
                let message = "which object a value is, in a generator function, is not supported";
                return Err(vec![
                    Diagnostic::new("PYR0401", Severity::Note, message).at(file.path.clone(), def.span),
                ]);
            }
            return Ok(Spec {
                signature: signature.to_string(),
                instance: root,
                owned: None,
                segments: (0..instances.len())
                    .map(|i| Segment { watched, ..segment(&plan, i, instances[i], &sites[i + 1]) })
                    .collect(),
                sites: sites_of(&plan, &sites[0]),
                region: None,
            });
        }
        for (i, types) in cut.entry.iter().enumerate() {
            let Some(types) = types else { continue };
            cut.goes_through(file, i, types)?;
            instances[i] = Some(checked(program, &func.segment(i + 1), types, NARROW)?);
        }
    }
    let message = "a generator function whose variables change their types without end is not supported";
    Err(vec![Diagnostic::new("PYR0313", Severity::Note, message).at(file.path.clone(), def.span)])
}

fn segment(plan: &Plan, point: usize, instance: Option<usize>, sites: &[segments::Site]) -> Segment {
    let point = &plan.points[point];
    Segment {
        instance,
        locals: point.locals.clone(),
        loops: point.loops.iter().map(|l| (l.form, l.counts)).collect(),
        evaluated: point.evaluated.is_some(),
        watched: None,
        sites: sites_of(plan, sites),
    }
}

fn sites_of(plan: &Plan, sites: &[segments::Site]) -> Vec<Site> {
    let site = |site: &segments::Site| {
        let point = &plan.points[site.point - 1];
        let kept = |name: &String| {
            let of_loop = |l: &segments::Loop| [&l.sequence, &l.taken].iter().position(|n| *n == name);
            let found = point.loops.iter().enumerate().find_map(|(i, l)| Some(2 * i + of_loop(l)?));
            found.map_or_else(|| Kept::Local(name.clone()), Kept::Loop)
        };
        Site { point: site.point, kept: site.kept.iter().map(kept).collect() }
    };
    sites.iter().map(site).collect()
}

/// Refusals of what is made of a loop here, in words of the loop.
fn uncounted(plan: &Plan, file: &SourceFile, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let spans: Vec<_> = plan.points.iter().flat_map(|p| &p.loops).map(|l| Some(l.span)).collect();
    for d in &mut found {
        if d.code == "PYR0401" && spans.contains(&d.span) {
            *d = segments::finding(file, d.span.unwrap_or_default(), "going through this around a `yield`")
                .help(COUNTED);
        }
    }
    found.dedup();
    found
}

const COUNTED: &str =
    "go through lists, tuples, a `str` or a `range`, also by `enumerate`, `zip` or `reversed`";

/// What may be sent into a generator, or come back from a `yield from`: what the annotation says, or something simple. It
/// is looked at whenever something comes.
fn sent(def: &FunctionDef) -> Type {
    let said = def.returns.as_ref().and_then(annotation::sent);
    let simple = || [Type::Int, Type::Float, Type::Str].iter().fold(Type::None, |a, b| Type::join(&a, b));
    said.map_or_else(simple, |ty| Type::join(&Type::None, &ty))
}

/// What is known of the types at the `yield`s.
struct Cut<'p> {
    plan: &'p Plan,
    /// Where each segment gets to.
    sites: &'p [Vec<segments::Site>],
    names: Vec<&'p str>,
    params: Vec<Type>,
    /// What may come back at a `yield`.
    sent: Type,
    /// What the segment behind each `yield` is given.
    entry: Vec<Option<Vec<Type>>>,
}

impl Cut<'_> {
    /// Takes in with which types an instance gets to the `yield`s; did anything change?
    fn reached(&mut self, program: &Program<'_>, segment: usize, from: usize) -> bool {
        let instance = &program.instances[from];
        let mut ends = Vec::new();
        hir::visit::each_expr(&instance.hir.body, &mut |e| {
            if let ExprKind::Suspend { point, items, .. } = &e.kind
                && *point > 0
            {
                ends.push((
                    *point,
                    items.iter().map(|item| instance.nodes[item.id].clone()).collect::<Vec<_>>(),
                ));
            }
        });
        let mut changed = false;
        // What the segment itself was given.
        let given: Vec<(&str, Type)> = match segment.checked_sub(1) {
            None => self.names.iter().copied().zip(self.params.iter().cloned()).collect(),
            Some(i) => {
                let types = self.entry[i].clone().unwrap_or_default();
                // What it puts into a container that was empty it knows itself.
                let filled = |(at, ty): (usize, Type)| match instance.hir.params.get(at) {
                    Some(param) if ty.has_never() => in_python(&instance.vars[param.var]),
                    _ => ty,
                };
                let types = types.into_iter().enumerate().map(filled);
                Plan::names(&self.plan.points[i]).map(String::as_str).zip(types).collect()
            }
        };
        for (site, items) in ends {
            if items.contains(&Type::Never) {
                continue;
            }
            let site = &self.sites[segment][site - 1];
            let number = site.point;
            let type_of = |name: &String| match site.kept.iter().position(|n| n == name) {
                _ if self.plan.points[number - 1].sent.as_ref() == Some(name) => self.sent.clone(),
                Some(i) => in_python(&items[i + 1]),
                None => given.iter().find(|(n, _)| n == name).map_or(Type::Obj, |(_, ty)| ty.clone()),
            };
            let types: Vec<Type> = Plan::names(&self.plan.points[number - 1]).map(type_of).collect();
            let entry = &mut self.entry[number - 1];
            let joined = match entry {
                Some(old) => old.iter().zip(&types).map(|(a, b)| Type::join(a, b)).collect(),
                None => types,
            };
            if entry.as_ref() != Some(&joined) {
                *entry = Some(joined);
                changed = true;
            }
        }
        changed
    }

    /// Says what an instance keeps at `yield`s where it does not know itself; false if there is nothing to say.
    fn tells(&self, program: &mut Program<'_>, func: &FuncRef, segment: usize, from: usize) -> bool {
        let instance = &program.instances[from];
        let mut ends = Vec::new();
        hir::visit::each_expr(&instance.hir.body, &mut |e| {
            if let ExprKind::Suspend { point, items, .. } = &e.kind
                && *point > 0
            {
                let site = &self.sites[segment][point - 1];
                let names: Vec<&String> = Plan::names(&self.plan.points[site.point - 1]).collect();
                let types = self.entry[site.point - 1].iter().flatten();
                let known: Vec<(&String, &Type)> = names.into_iter().zip(types).collect();
                let wanted = site.kept.iter().zip(&items[1..]).map(|(name, item)| {
                    let (_, ty) = known.iter().find(|(known, _)| *known == name)?;
                    (instance.nodes[item.id].has_never() && !ty.has_never()).then(|| (*ty).clone())
                });
                let items: Vec<Option<Type>> = [None].into_iter().chain(wanted).collect();
                if items.iter().any(Option::is_some) {
                    ends.push((*point, items));
                }
            }
        });
        ends.into_iter().fold(false, |told, (way, items)| program.keep(func, way, items) || told)
    }

    /// What the loops around a `yield` go through has places that can be counted.
    fn goes_through(&self, file: &SourceFile, point: usize, types: &[Type]) -> Result<(), Vec<Diagnostic>> {
        let point = &self.plan.points[point];
        for (i, open) in point.loops.iter().enumerate() {
            has_places(file, open, &types[point.locals.len() + 2 * i])?;
        }
        Ok(())
    }
}

/// So it is with loops of which no `yield` is reached: those go through places as well.
fn goes_through_places(instance: &Instance, plan: &Plan, file: &SourceFile) -> Result<(), Vec<Diagnostic>> {
    for open in plan.points.iter().flat_map(|point| &point.loops) {
        for (var, ty) in instance.hir.vars.iter().zip(&instance.vars) {
            if var.name == open.sequence && *ty != Type::Never {
                has_places(file, open, ty)?;
            }
        }
    }
    Ok(())
}

/// Has what a loop goes through places that can be counted?
fn has_places(file: &SourceFile, open: &segments::Loop, ty: &Type) -> Result<(), Vec<Diagnostic>> {
    let counted = |t: &Type| {
        matches!(t, Type::List { .. } | Type::VarTuple(_) | Type::Tuple { .. } | Type::Str | Type::Bytes)
            || matches!(t, Type::Range | Type::Packed(_)) && open.form != Form::Reversed
    };
    let all_counted = |t: &Type| t.members().iter().all(counted);
    let fits = match (open.form, ty) {
        (Form::Zip, Type::Tuple { items, .. }) => items.iter().all(all_counted),
        (Form::Zip, _) => false,
        _ => all_counted(ty),
    };
    if fits {
        return Ok(());
    }
    let message = format!("going through `{ty}` around a `yield`");
    Err(vec![segments::finding(file, open.span, &message).help(COUNTED)])
}
