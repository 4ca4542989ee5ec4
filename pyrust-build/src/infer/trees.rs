//! Trees that a program puts together out of tuples, lists and dicts: `left = (op, left, right)`.
//!
//! A type that holds itself has no end. Where one is found, inference begins anew, and what stands in the displays that
//! make such trees are objects from then on: a node is known as a tuple, a list or a dict, what hangs below it is any
//! object.

use std::collections::{BTreeMap, BTreeSet};

use super::solver::{CellId, Knot, Ty};
use super::{FuncRef, Infer, Instance, Program};
use crate::hir::{Expr, ExprKind, NodeId, visit};
use crate::ty::{DictKind, Type};

/// At most so many times inference begins anew for them.
const MOST: usize = 12;

/// Where so many expressions have been looked at for a hotspot, no more trees are looked for.
const WORK: usize = 40_000;

/// So many functions that get trees of many depths are no program that walks one: each calls the next one.
const MOST_CROWDS: usize = 12;

/// So many containers of one kind in each other are a tree, if the type has no end.
const DEEP: usize = 3;

/// Instances of one function for trees of so many different depths are too many.
const CROWD: usize = 4;

/// Where a node gets what hangs below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// An item of a tuple.
    Item(NodeId),
    /// The elements of a container that is made there.
    Elements(NodeId, usize),
    /// The values of a dict.
    Values(NodeId, usize),
    /// What stands in the argument for a parameter.
    Param(usize),
}

/// All of them, by function.
#[derive(Debug, Default)]
pub(super) struct Trees {
    places: BTreeMap<FuncRef, BTreeSet<Place>>,
    found: usize,
}

impl Trees {
    pub(super) fn clear(&mut self) {
        *self = Trees::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn has(&self, func: &FuncRef, place: Place) -> bool {
        self.places.get(func).is_some_and(|places| places.contains(&place))
    }
}

/// What stands in the text, without what inference has put around it.
fn written(e: &Expr) -> NodeId {
    match &e.kind {
        ExprKind::Out(inner) | ExprKind::Narrow { body: inner, .. } => written(inner),
        _ => e.id,
    }
}

/// A number or a text, or several of those: no tree hangs there.
fn is_leaf(ty: &Type) -> bool {
    *ty != Type::None
        && ty.members().iter().all(|m| {
            matches!(m, Type::None | Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex)
                || matches!(m, Type::Char | Type::Str | Type::Bytes)
        })
}

/// A node of a tree: what hangs below it is any object. `whole`: a dict is one of objects, as all are that are objects
/// themselves.
fn node(ty: &Type, whole: bool) -> Type {
    let below = |t: &Type| if is_leaf(t) { t.clone() } else { Type::Obj };
    let inner = |t: &Type| Box::new(below(t));
    match ty {
        Type::Tuple { items, origin } => {
            Type::Tuple { items: items.iter().map(below).collect(), origin: *origin }
        }
        Type::VarTuple(t) => Type::VarTuple(inner(t)),
        Type::List { elem, in_place } => Type::List { elem: inner(elem), in_place: *in_place },
        Type::Dict { in_place, kind, .. } if whole => {
            let (key, value) = (Box::new(Type::Obj), Box::new(Type::Obj));
            Type::Dict { key, value, in_place: *in_place, kind: *kind }
        }
        Type::Dict { key, value, in_place, kind } => {
            Type::Dict { key: key.clone(), value: inner(value), in_place: *in_place, kind: *kind }
        }
        Type::Union(members) => {
            members.iter().map(|m| node(m, whole)).fold(Type::Never, |acc, t| Type::join(&acc, &t))
        }
        other => other.clone(),
    }
}

/// Are there dicts or sets in a result that are such of objects where it goes?
pub(super) fn becomes_objects(ret: &Type, to: &Type) -> bool {
    let objects = |t: &Type| match t {
        Type::Dict { key, value, in_place: true, .. } => **key == Type::Obj && **value == Type::Obj,
        Type::Set { elem, in_place: true, .. } => **elem == Type::Obj,
        _ => false,
    };
    ret.members().iter().any(|m| match m {
        Type::Dict { .. } | Type::Set { .. } if !objects(m) => {
            to.members().iter().any(|t| objects(t) && t.same_kind(m))
        }
        _ => to.members().iter().filter(|t| t.same_kind(m)).any(|t| {
            m.parts().count() == t.parts().count()
                && m.parts().zip(t.parts()).any(|(m, t)| becomes_objects(m, t))
        }),
    })
}

/// May an object be asked for such a value?
fn can_be_asked(ty: &Type) -> bool {
    match ty {
        Type::Tuple { items, .. } | Type::Union(items) => items.iter().all(can_be_asked),
        Type::VarTuple(t) | Type::List { elem: t, in_place: true } => can_be_asked(t),
        Type::Dict { key, value, in_place: true, kind: DictKind::Plain } => {
            can_be_asked(key) && can_be_asked(value)
        }
        Type::Instance(class) => class.own == 0,
        other => is_leaf(other) || matches!(other, Type::None | Type::Obj),
    }
}

impl Program<'_> {
    /// Finds out where types come from that grow without end; true if there are new such places, and all must be inferred
    /// anew.
    pub(super) fn find_trees(&mut self, root: usize) -> bool {
        let open = self.open(root);
        if self.trees.found == MOST || self.work + self.spared > WORK {
            return false;
        }
        let mut found = self.crowds();
        if found.len() > MOST_CROWDS {
            return false;
        }
        if found.is_empty() && open.iter().any(|i| self.instances[*i].endless) {
            let places = open.iter().flat_map(|i| {
                let instance = &self.instances[*i];
                instance.knots().into_iter().map(|(n, place)| (instance.func.clone(), n, place))
            });
            let new: Vec<_> = places.filter(|(func, _, place)| !self.trees.has(func, *place)).collect();
            // What only holds a tree is not as deep as what it is made of.
            let deepest = new.iter().map(|(_, n, _)| *n).max().unwrap_or(0).min(DEEP);
            found = new
                .into_iter()
                .filter(|(_, n, _)| *n >= deepest.max(2))
                .map(|(func, _, place)| (func, place))
                .collect();
        }
        if found.is_empty() {
            return false;
        }
        for (func, place) in found {
            self.trees.places.entry(func).or_default().insert(place);
        }
        self.trees.found += 1;
        self.per_function.clear();
        for instance in self.instances.iter().filter(|i| i.settled && !i.given_up) {
            *self.per_function.entry((instance.func.clone(), instance.own)).or_insert(0) += 1;
        }
        self.begin_anew();
        true
    }

    /// Parameters that get a tree, level by level.
    fn crowds(&self) -> Vec<(FuncRef, Place)> {
        let mut depths: BTreeMap<(&FuncRef, usize), BTreeSet<&Type>> = BTreeMap::new();
        // Also of those that nothing asks for any more: the next one came too late for an instance of its own.
        for (_, instance) in self.new_ones() {
            for (at, ty) in instance.params.iter().enumerate() {
                if is_tree(ty) {
                    depths.entry((&instance.func, at)).or_default().insert(ty);
                }
            }
        }
        let crowds = depths.into_iter().filter(|(_, types)| types.len() >= CROWD);
        let places = crowds.map(|((func, at), _)| (func.clone(), Place::Param(at)));
        places.filter(|(func, place)| !self.trees.has(func, *place)).collect()
    }

    /// What an argument is that is an object, as the profile tells.
    pub(super) fn told_argument(&self, target: &FuncRef, at: usize, given: &Type) -> Option<Type> {
        let all = self.told.get(target)?;
        let told = all.iter().map(|types| types.get(at)).collect::<Option<Vec<_>>>()?;
        let told = told.into_iter().fold(Type::Never, |acc, t| Type::join(&acc, &node(t, true)));
        let known = told != Type::Never && !told.members().contains(&Type::Obj) && can_be_asked(&told);
        let others = given.members().iter().filter(|m| **m != Type::Obj);
        known.then(|| others.fold(told, |acc, t| Type::join(&acc, t)))
    }
}

/// Do so many containers stand in each other?
fn is_tree(ty: &Type) -> bool {
    fn levels(ty: &Type) -> usize {
        let below = ty.parts().map(levels).max().unwrap_or(0);
        below + usize::from(!matches!(ty, Type::Union(_)) && ty.parts().next().is_some())
    }
    levels(ty) >= DEEP
}

impl Instance {
    /// The places where containers get others like them, and how many of these stand in each other there.
    fn knots(&self) -> Vec<(usize, Place)> {
        let Some(state) = &self.state else { return Vec::new() };
        let (solver, mut found) = (&state.solver, Vec::new());
        let ty = |id: NodeId| solver.get(state.nodes[id]);
        let mut written_at_once = BTreeSet::new();
        visit::each_expr(&self.hir.body, &mut |e| {
            if matches!(&e.kind, ExprKind::Comp(_)) {
                written_at_once.insert(e.id);
            }
            if let ExprKind::Tuple(items) = &e.kind {
                let knot = Knot::Tuple(items.len());
                let n = items.iter().map(|item| solver.nested(&ty(item.id), knot)).max().unwrap_or(0);
                let leaf = |item: &&Expr| {
                    solver.resolve(&ty(item.id)).is_some_and(|t| is_leaf(&t) && t != Type::Never)
                };
                let hung = items.iter().filter(|item| !leaf(item));
                found.extend(hung.map(|item| (n + 1, Place::Item(written(item)))));
            }
        });
        // What holds itself is what a tree is made of; else it is what is deepest.
        let itself = |var| solver.holds_itself(var);
        let cells = || state.sites.iter().map(|((node, k), cell)| (*node, *k, *cell));
        let any = cells().any(|(_, _, cell)| itself(solver.elem(cell)) || itself(solver.value(cell)));
        for (node, k, cell) in cells() {
            let (elements, values) = solver.nested_inside(cell);
            if !any || itself(solver.elem(cell)) {
                found.push((elements, Place::Elements(node, k)));
            }
            // Dicts in dicts that are made here stay Python: their entries are Python's to write, one by one. Not those
            // of a comprehension.
            let grows = values >= DEEP || itself(solver.value(cell));
            if (!grows && !any) || (grows && written_at_once.contains(&node)) {
                found.push((values, Place::Values(node, k)));
            }
        }
        if self.endless {
            for (at, param) in self.hir.params.iter().enumerate() {
                found.push((solver.deepest(&solver.get(state.vars[param.var])), Place::Param(at)));
            }
        }
        found
    }
}

impl Infer<'_, '_> {
    /// The type of an item of a tuple.
    pub(super) fn item(&mut self, e: &Expr) -> Ty {
        let ty = self.expr(e);
        if ty == Ty::Never || !self.program.trees.has(&self.func, Place::Item(written(e))) {
            return ty;
        }
        self.state.solver.boxed(&ty);
        Ty::Obj
    }

    /// Is it what hangs below the nodes of a tree?
    pub(super) fn hangs_below(&self, ty: Option<&Ty>) -> bool {
        ty == Some(&Ty::Obj) && !self.program.trees.is_empty()
    }

    /// Says of a new container what is known of it.
    pub(super) fn plant(&mut self, cell: CellId, node: NodeId, k: usize) {
        if self.program.trees.has(&self.func, Place::Elements(node, k)) {
            self.state.solver.opaque(self.state.solver.elem(cell));
        }
        if self.program.trees.has(&self.func, Place::Values(node, k)) {
            self.state.solver.opaque(self.state.solver.value(cell));
        }
    }

    /// The type of an argument as the function that is called takes it.
    pub(super) fn handed(&mut self, target: &FuncRef, at: usize, given: &Ty) -> Option<Type> {
        if self.program.trees.has(target, Place::Param(at)) {
            self.state.solver.hang(given);
            return self.state.solver.resolve(given).map(|ty| node(&ty, false));
        }
        let ty = self.state.solver.resolve(given)?;
        if ty.members().contains(&Type::Obj) {
            return Some(self.program.told_argument(target, at, &ty).unwrap_or(ty));
        }
        Some(ty)
    }

    /// Whoever meets a dict as an object takes it for one of objects: those that are made here are such.
    pub(super) fn agree_on_dicts(&mut self) {
        if self.program.trees.is_empty() {
            return;
        }
        for ((node, _), cell) in self.state.sites.clone() {
            let solver = &mut self.state.solver;
            let ty = solver.get(self.state.nodes[node]);
            let is_it = |m: &Ty| match m {
                Ty::Dict(c, DictKind::Plain) | Ty::Set(c, _) => {
                    solver.cell_root(*c) == solver.cell_root(cell)
                }
                _ => false,
            };
            if solver.in_place(cell) && ty.members().iter().any(is_it) {
                solver.agree(cell);
            }
        }
    }

    /// What is known of the parameters.
    pub(super) fn plant_parameters(&mut self) {
        if self.program.trees.is_empty() {
            return;
        }
        for (at, param) in self.hir.params.iter().enumerate() {
            if self.program.trees.has(&self.func, Place::Param(at)) {
                let ty = self.state.solver.get(self.state.vars[param.var]);
                self.state.solver.hang(&ty);
            }
        }
    }
}
