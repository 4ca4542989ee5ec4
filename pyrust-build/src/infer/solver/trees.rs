//! Types that hold themselves: where a tree is put together what it is made of are objects.

use std::collections::BTreeSet;

use super::{CellId, Solver, Ty, VarId};
use crate::ty::DictKind;

/// What a tree is made of: tuples of one length, or containers of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::infer) enum Knot {
    Tuple(usize),
    VarTuple,
    List,
    Dict,
    Deque,
    Set,
}

/// Nobody asks for more of them inside of each other.
const MOST: usize = 8;

/// So many parts of a type are looked at; there are as many ways through one that holds itself as one likes.
const STEPS: usize = 2_000;

/// The variables around a part of a type, and how many more parts are looked at.
struct Path {
    around: BTreeSet<VarId>,
    steps: usize,
}

impl Knot {
    fn of(ty: &Ty) -> Option<Knot> {
        Some(match ty {
            Ty::Tuple(items, _) => Knot::Tuple(items.len()),
            Ty::VarTuple(_) => Knot::VarTuple,
            Ty::List(_) => Knot::List,
            Ty::Dict(..) => Knot::Dict,
            Ty::Deque(_) => Knot::Deque,
            Ty::Set(..) => Knot::Set,
            _ => return None,
        })
    }
}

impl Solver {
    /// From now on the variable holds objects.
    pub(in crate::infer) fn opaque(&mut self, var: VarId) {
        let root = self.var_root(var);
        self.vars[root].opaque = true;
        self.changed |= self.vars[root].ty != Ty::Obj;
        self.vars[root].ty = Ty::Obj;
    }

    /// The value becomes an object of Python's.
    pub(in crate::infer) fn boxed(&mut self, ty: &Ty) {
        self.endless |= !self.can_be_object(ty, &mut BTreeSet::new());
        self.boxed_at(ty, &mut BTreeSet::new());
    }

    fn boxed_at(&mut self, ty: &Ty, seen: &mut BTreeSet<VarId>) {
        self.mark(ty);
        // Whoever meets it as an object takes it for a dict of objects, and all must see the same one.
        for member in ty.members() {
            match member {
                Ty::Dict(c, _) | Ty::Set(c, _) => self.agree(*c),
                Ty::Tuple(items, _) => items.iter().for_each(|item| self.boxed_at(item, seen)),
                Ty::List(c) | Ty::Deque(c) => self.boxed_inside(self.elem(*c), seen),
                Ty::VarTuple(v) => self.boxed_inside(*v, seen),
                _ => {}
            }
        }
    }

    fn boxed_inside(&mut self, var: VarId, seen: &mut BTreeSet<VarId>) {
        let root = self.var_root(var);
        if seen.insert(root) {
            self.boxed_at(&self.vars[root].ty.clone(), seen);
        }
    }

    /// The keys and values of a dict, or the elements of a set, are objects.
    pub(in crate::infer) fn agree(&mut self, cell: CellId) {
        self.opaque_inside(self.elem(cell));
        self.opaque_inside(self.value(cell));
    }

    /// As [`Solver::opaque`]; what was there goes on as an object.
    pub(super) fn opaque_inside(&mut self, var: VarId) {
        let root = self.var_root(var);
        if !self.vars[root].opaque {
            let ty = self.vars[root].ty.clone();
            self.opaque(root);
            self.boxed(&ty);
        }
    }

    /// What hangs below a node are objects.
    pub(in crate::infer) fn hang(&mut self, ty: &Ty) {
        for member in ty.members() {
            let below = match member {
                Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) => self.elem(*c),
                Ty::Dict(c, _) => self.value(*c),
                Ty::VarTuple(v) => *v,
                _ => continue,
            };
            if !self.is_leaf(below) {
                self.opaque_inside(below);
            }
        }
    }

    fn is_leaf(&self, var: VarId) -> bool {
        let ty = self.get(var);
        ty != Ty::None
            && ty.members().iter().all(|m| {
                matches!(m, Ty::None | Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Complex)
                    || matches!(m, Ty::Never | Ty::Char | Ty::Str | Ty::Bytes)
            })
    }

    /// Can Python hold all of it?
    fn can_be_object(&self, ty: &Ty, seen: &mut BTreeSet<VarId>) -> bool {
        match ty {
            Ty::Dict(_, kind) if *kind != DictKind::Plain => return false,
            Ty::ByteArray | Ty::MemView | Ty::View(_) | Ty::Iter(_) | Ty::Cell(_) | Ty::DictView(..) => {
                return false;
            }
            Ty::Inner(_) | Ty::Closure(..) => return false,
            Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Union(items) => {
                return items.iter().all(|t| self.can_be_object(t, seen));
            }
            _ => {}
        }
        let mut inside = Vec::new();
        self.variables(ty, &mut inside);
        inside.into_iter().all(|var| {
            let root = self.var_root(var);
            !seen.insert(root) || self.can_be_object(&self.vars[root].ty, seen)
        })
    }

    /// Where there are trees, and an object may stand, a tuple is one, too.
    pub(super) fn merge_trees(&mut self, members: &mut Vec<Ty>) {
        if !self.trees || !members.contains(&Ty::Obj) {
            return;
        }
        let is_tree = |m: &Ty| matches!(m, Ty::Tuple(..)) && self.can_be_object(m, &mut BTreeSet::new());
        let (trees, others): (Vec<Ty>, Vec<Ty>) = std::mem::take(members).into_iter().partition(is_tree);
        trees.iter().for_each(|tree| self.boxed(tree));
        *members = others;
    }

    /// How many containers of a kind stand in each other at most.
    pub(in crate::infer) fn nested(&self, ty: &Ty, knot: Knot) -> usize {
        self.nested_at(ty, knot, &mut Path { around: BTreeSet::new(), steps: STEPS })
    }

    fn nested_at(&self, ty: &Ty, knot: Knot, around: &mut Path) -> usize {
        if around.steps == 0 {
            return 0;
        }
        around.steps -= 1;
        let own = usize::from(Knot::of(ty) == Some(knot));
        let deepest = match ty {
            Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Union(items) | Ty::Closure(_, items) => {
                items.iter().map(|t| self.nested_at(t, knot, around)).max().unwrap_or(0)
            }
            Ty::List(c) | Ty::Set(c, _) | Ty::Deque(c) => self.nested_in(self.elem(*c), knot, around),
            Ty::Dict(c, _) | Ty::DictView(c, ..) => {
                let key = self.nested_in(self.elem(*c), knot, around);
                key.max(self.nested_in(self.value(*c), knot, around))
            }
            Ty::VarTuple(v) | Ty::View(v) | Ty::Iter(v) | Ty::Cell(v) => self.nested_in(*v, knot, around),
            _ => 0,
        };
        (own + deepest).min(MOST)
    }

    fn nested_in(&self, var: VarId, knot: Knot, path: &mut Path) -> usize {
        let root = self.var_root(var);
        if path.around.len() >= 2 * MOST {
            return 0;
        }
        if !path.around.insert(root) {
            // What stands in itself has no end.
            return MOST;
        }
        let found = self.nested_at(&self.vars[root].ty, knot, path);
        path.around.remove(&root);
        found
    }

    /// Is what the variable holds among what stands in it?
    pub(in crate::infer) fn holds_itself(&self, var: VarId) -> bool {
        let root = self.var_root(var);
        let (mut seen, mut todo) = (BTreeSet::new(), vec![root]);
        while let Some(var) = todo.pop() {
            let mut inside = Vec::new();
            self.variables(&self.get(var), &mut inside);
            for next in inside.into_iter().map(|v| self.var_root(v)) {
                if next == root {
                    return true;
                }
                if seen.insert(next) {
                    todo.push(next);
                }
            }
        }
        false
    }

    /// The variables that a type names.
    fn variables(&self, ty: &Ty, out: &mut Vec<VarId>) {
        match ty {
            Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Union(items) | Ty::Closure(_, items) => {
                items.iter().for_each(|item| self.variables(item, out));
            }
            Ty::List(c) | Ty::Set(c, _) | Ty::Deque(c) => out.push(self.elem(*c)),
            Ty::Dict(c, _) | Ty::DictView(c, ..) => out.extend([self.elem(*c), self.value(*c)]),
            Ty::VarTuple(v) | Ty::View(v) | Ty::Iter(v) | Ty::Cell(v) => out.push(*v),
            _ => {}
        }
    }

    /// As [`Solver::nested`], of what stands in a cell: its elements, and its values.
    pub(in crate::infer) fn nested_inside(&self, cell: CellId) -> (usize, usize) {
        (self.deepest(&self.get(self.elem(cell))), self.deepest(&self.get(self.value(cell))))
    }

    /// How many containers of any one kind stand in each other at most.
    pub(in crate::infer) fn deepest(&self, ty: &Ty) -> usize {
        let knots = [Knot::List, Knot::Dict, Knot::VarTuple, Knot::Deque, Knot::Set];
        let pairs = (2..=3).map(Knot::Tuple);
        knots.into_iter().chain(pairs).map(|knot| self.nested(ty, knot)).max().unwrap_or(0)
    }
}
