//! Other forms of a function, which do the same with other representations.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{as_kept, as_view};
use super::{checked, emits, loop_depth};
use crate::hir::visit::{Visit, walk_expr, walk_stmt};
use crate::hir::{Comp, Expr, ExprKind, NodeId, Stmt, StmtKind, VarId};
use crate::infer::{
    FuncRef, Instance, Program, Wide, collects, is_slow, only_moves, opened, picks_members, reads_members,
    rebuilds, returns_copy,
};
use crate::passes::Pass;
use crate::ty::{Origin, Type};

/// The same function, which keeps instances to itself.
pub(super) fn keeping(program: &mut Program<'_>, func: &FuncRef, root: usize, wide: Wide) -> Option<usize> {
    if !program.passes.has(Pass::Kept) {
        return None;
    }
    // What the other form leaves to Python, this one may as well.
    let (params, most) = (program.instances[root].params.clone(), left_to_python(program, root));
    let index = program.keeping(root, (func, &params, wide), |program, func, params, wide| {
        let index = checked(program, func, params, wide).ok()?;
        let views = with_views(program, func, index, wide);
        Some(views.unwrap_or(index)).filter(|index| left_to_python(program, *index) <= most)
    })?;
    emits(program, index).is_ok().then_some(index)
}

/// The same function, which has the interpreter make the copies that it returns.
pub(super) fn copying(program: &mut Program<'_>, func: &FuncRef, root: usize, wide: Wide) -> Option<usize> {
    if !program.passes.has(Pass::Copies) {
        return None;
    }
    if let Some(index) = moving(program, func, root, wide) {
        return Some(index);
    }
    let instance = &program.instances[root];
    if !returns_copy(&instance.hir.body, &instance.nodes) {
        return None;
    }
    let params = instance.params.clone();
    let index = checked(program, &func.copying(), &params, wide).ok()?;
    emits(program, index).is_ok().then_some(index)
}

/// The same function, which takes the elements that it only moves as the objects that they are.
fn moving(program: &mut Program<'_>, func: &FuncRef, root: usize, wide: Wide) -> Option<usize> {
    let instance = &program.instances[root];
    let loops = !rebuilds(&instance.hir.body);
    if !instance.notes.is_empty() || loops && !(collects(instance) && program.reachable(root).len() == 1) {
        return None;
    }
    let (mut params, mut found) = (instance.params.clone(), None);
    for at in 0..params.len() {
        for ty in opened(&params[at]) {
            let mut other = params.clone();
            other[at] = ty;
            let Ok(index) = checked(program, &func.copying(), &other, wide) else { continue };
            let instances = &program.instances;
            if loops && is_slow(&instances[index]) {
                continue;
            }
            if program.reachable(index).len() == 1 && only_moves(&instances[index], &instances[root]) {
                (params, found) = (other, Some(index));
                break;
            }
        }
    }
    let index = found?;
    emits(program, index).is_ok().then_some(index)
}

/// The same function, which takes the tuples of its parameters as the objects that they are: where its result has some of
/// them, which are not made again then, or where it does not need all of their members.
pub(super) fn handing_on(
    program: &mut Program<'_>,
    func: &FuncRef,
    root: usize,
    wide: Wide,
) -> Option<usize> {
    if !program.passes.has(Pass::Onward) {
        return None;
    }
    let lazy = with_tuples(program, (func, root, wide), Origin::Lazy, |program, index| {
        let instance = &program.instances[index];
        let members = program.reachable(index).into_iter().all(|i| reads_members(&program.instances[i]));
        members && (instance.ret.any(&Type::is_lazy) || picks_members(instance))
    });
    let kept = |program: &Program<'_>, index: usize| holds_kept(&program.instances[index].ret);
    let found = lazy.or_else(|| with_tuples(program, (func, root, wide), Origin::Kept, kept));
    found.filter(|index| emits(program, *index).is_ok())
}

/// The same function with such tuples in those of its parameters with which it is `worth` it.
fn with_tuples(
    program: &mut Program<'_>,
    (func, root, wide): (&FuncRef, usize, Wide),
    origin: Origin,
    worth: impl Fn(&Program<'_>, usize) -> bool,
) -> Option<usize> {
    let (mut params, mut found) = (program.instances[root].params.clone(), None);
    let most = left_to_python(program, root);
    for at in 0..params.len() {
        let ty = as_kept(&params[at], origin);
        if ty == params[at] {
            continue;
        }
        let before = std::mem::replace(&mut params[at], ty);
        match checked(program, func, &params, wide) {
            Ok(index) if worth(program, index) && left_to_python(program, index) <= most => {
                found = Some(index)
            }
            _ => params[at] = before,
        }
    }
    found
}

/// How much of what a function reaches is left to Python.
fn left_to_python(program: &Program<'_>, root: usize) -> usize {
    program.reachable(root).into_iter().map(|i| program.instances[i].notes.len()).sum()
}

/// Does a result have containers of tuples that are handed on? One alone is made as soon as it is looked for.
fn holds_kept(ty: &Type) -> bool {
    let is_kept = |t: &Type| matches!(t, Type::Tuple { origin: Origin::Kept, .. });
    match ty {
        Type::Tuple { items, .. } | Type::Union(items) => items.iter().any(holds_kept),
        other => other.any(&is_kept),
    }
}

/// The same function with its list parameters as views, where nothing in the call writes to Python's objects and
/// the loops are deep enough for reading to be the cost.
pub(super) fn with_views(
    program: &mut Program<'_>,
    func: &FuncRef,
    root: usize,
    wide: Wide,
) -> Option<usize> {
    if !program.passes.has(Pass::Views) {
        return None;
    }
    if !reads_again(program, root) || program.reachable(root).iter().any(|i| program.instances[*i].writes) {
        return None;
    }
    let instance = &program.instances[root];
    let read = ReadInLoops::of(instance);
    let params: Vec<Type> = instance
        .hir
        .params
        .iter()
        .zip(&instance.params)
        .map(|(param, ty)| as_view(ty, read.vars.contains(&param.var)))
        .collect();
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

/// Could a list be read more than once? Loops that nest do so, and so may functions that are called.  Generators that
/// stand one behind the other, each with one loop, go through it once.
fn reads_again(program: &Program<'_>, root: usize) -> bool {
    let depth = |i: usize| loop_depth(&program.instances[i].hir.body);
    let once = |i: usize| {
        let yields = program.instances[i].hir.yields.is_some();
        yields && depth(i) <= 1 && program.reachable(i).len() == 1
    };
    let mut callees = program.reachable(root).into_iter().filter(|i| *i != root);
    let Instance { hir, calls, .. } = &program.instances[root];
    let mut repeated = Inside { what: Repeated { calls, found: false }, loops: 0 };
    repeated.block(&hir.body);
    depth(root) > 1 || callees.any(|i| repeated.what.found || !once(i))
}

/// Looks for calls inside of loops.
struct Repeated<'a> {
    calls: &'a BTreeMap<NodeId, usize>,
    found: bool,
}

impl InLoops for Repeated<'_> {
    fn expr(&mut self, e: &Expr) {
        self.found |= self.calls.contains_key(&e.id);
    }
}

/// Looks for the variables that are read inside of loops: what a loop goes through is read before it.
#[derive(Default)]
struct ReadInLoops {
    vars: BTreeSet<VarId>,
}

impl ReadInLoops {
    fn of(instance: &Instance) -> ReadInLoops {
        let mut inside = Inside { what: ReadInLoops::default(), loops: 0 };
        inside.block(&instance.hir.body);
        inside.what
    }
}

impl InLoops for ReadInLoops {
    fn expr(&mut self, e: &Expr) {
        if let ExprKind::Local(var) = e.kind {
            self.vars.insert(var);
        }
    }
}

/// What is to be done with the expressions inside of loops.
trait InLoops {
    fn expr(&mut self, e: &Expr);
}

/// Finds the expressions inside of loops.
struct Inside<T> {
    what: T,
    loops: usize,
}

impl<'h, T: InLoops> Visit<'h> for Inside<T> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::For { iter, body, orelse, .. } => {
                self.iter(iter);
                self.loops += 1;
                self.block(body);
                self.loops -= 1;
                self.block(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.loops += 1;
                self.expr(test);
                self.block(body);
                self.loops -= 1;
                self.block(orelse);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        if let Some(first) = comp.generators.first() {
            self.iter(&first.iter);
        }
        self.loops += 1;
        for (i, generator) in comp.generators.iter().enumerate() {
            if i > 0 {
                self.iter(&generator.iter);
            }
            generator.ifs.iter().for_each(|test| self.expr(test));
        }
        [Some(&comp.element), comp.value.as_ref(), comp.key.as_ref()]
            .into_iter()
            .flatten()
            .for_each(|e| self.expr(e));
        self.loops -= 1;
        comp.extra.iter().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, e: &'h Expr) {
        if self.loops > 0 {
            self.what.expr(e);
        }
        walk_expr(self, e);
    }
}
