//! Instances that native code may keep to itself, place by place: one that was made somewhere has a cell, as a list has,
//! and where its values meet Python's objects the cell says that it is one of them from the start.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{CellId, Solver, Ty, VarId};
use crate::ty::{ObjectClass, Type};

/// Is it an instance of Python's, or may it be one?
fn is_of_python(ty: &Ty) -> bool {
    match ty {
        Ty::Obj => true,
        Ty::Instance(class) => class.own == 0,
        _ => false,
    }
}

impl Solver {
    /// The class as types that are known have it.
    pub(super) fn class_of(&self, class: &Arc<ObjectClass>) -> Arc<ObjectClass> {
        match class.cell {
            Some(cell) if self.in_place(cell) => class.of_python(),
            Some(_) => Arc::new(ObjectClass { cell: None, ..ObjectClass::clone(class) }),
            None => class.clone(),
        }
    }

    /// The type, with what has turned out to be Python's.
    pub(super) fn told(&self, ty: &Ty) -> Ty {
        let all = |items: &[Ty]| items.iter().map(|t| self.told(t)).collect();
        match ty {
            Ty::Instance(class) => match class.cell {
                Some(cell) if self.in_place(cell) => Ty::Instance(class.of_python()),
                _ => ty.clone(),
            },
            Ty::Tuple(items, origin) => Ty::Tuple(all(items), *origin),
            Ty::Named(class, items) => Ty::Named(class.clone(), all(items)),
            Ty::Closure(callee, items) => Ty::Closure(callee.clone(), all(items)),
            Ty::Union(items) => Ty::Union(all(items)),
            other => other.clone(),
        }
    }

    /// An instance that is made at a place, whose cell that is.
    pub(in crate::infer) fn made(&mut self, class: &ObjectClass, cell: CellId) -> Arc<ObjectClass> {
        self.keeps = true;
        match self.in_place(cell) {
            true => class.of_python(),
            false => Arc::new(ObjectClass { cell: Some(cell), ..class.clone() }),
        }
    }

    /// The instance gets among Python's objects.
    pub(in crate::infer) fn give(&mut self, class: &ObjectClass) {
        if let Some(cell) = class.cell {
            self.set_in_place(cell);
        }
    }

    pub(super) fn join_instances(&mut self, a: &Arc<ObjectClass>, b: &Arc<ObjectClass>) -> Ty {
        match (a.cell, b.cell) {
            (Some(x), Some(y)) => {
                self.unify_cells(x, y);
                Ty::Instance(a.clone())
            }
            (Some(_), None) => {
                self.give(a);
                Ty::Instance(b.clone())
            }
            (None, _) => {
                self.give(b);
                Ty::Instance(a.clone())
            }
        }
    }

    /// As [`Solver::absorb`]: the member that is there has a cell.
    pub(super) fn absorb_kept(&mut self, current: &Ty, class: &ObjectClass) -> Ty {
        let same = |m: &Ty| matches!(m, Ty::Instance(known) if known.is(class));
        if current.members().iter().any(same) {
            return current.clone();
        }
        let cell = self.fresh_cell();
        let made = Ty::Instance(self.made(class, cell));
        self.join(current, &made)
    }

    /// What a callee says of its parameter after its body: what it gave to Python is Python's for the caller, too.
    pub(in crate::infer) fn give_as(&mut self, ty: &Ty, after: &Type) {
        match ty {
            Ty::Union(items) => items.iter().for_each(|t| self.give_as(t, after)),
            Ty::Instance(class) => {
                let of_python = |t: &Type| matches!(t, Type::Instance(c) if c.own == 0 && c.is(class));
                if class.cell.is_some() && after.members().iter().any(of_python) {
                    self.give(class);
                }
            }
            Ty::Tuple(items, _) => {
                for t in after.members() {
                    if let Type::Tuple { items: after, .. } = t
                        && after.len() == items.len()
                    {
                        items.iter().zip(after).for_each(|(t, after)| self.give_as(t, after));
                    }
                }
            }
            Ty::Closure(callee, items) => {
                for t in after.members() {
                    if let Type::Closure { callee: known, captures } = t
                        && known == callee
                    {
                        items.iter().zip(captures).for_each(|(t, after)| self.give_as(t, after));
                    }
                }
            }
            _ => {}
        }
    }

    /// All instances in the value get among Python's objects, and it with them.
    pub(in crate::infer) fn give_all(&mut self, ty: &Ty) {
        if self.keeps {
            self.give_inside(ty, &mut BTreeSet::new());
        }
    }

    fn give_inside(&mut self, ty: &Ty, seen: &mut BTreeSet<VarId>) {
        match ty {
            Ty::Instance(class) => self.give(class),
            Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Union(items) => {
                items.iter().for_each(|t| self.give_inside(t, seen));
            }
            Ty::VarTuple(v) | Ty::View(v) | Ty::Iter(v) | Ty::Cell(v) => self.give_in(*v, seen),
            Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) => self.give_in(self.elem(*c), seen),
            Ty::Dict(c, _) | Ty::DictView(c, ..) => {
                self.give_in(self.elem(*c), seen);
                self.give_in(self.value(*c), seen);
            }
            // Functions that are made here do not get to Python.
            _ => {}
        }
    }

    fn give_in(&mut self, var: VarId, seen: &mut BTreeSet<VarId>) {
        let root = self.var_root(var);
        if seen.insert(root) {
            self.give_inside(&self.vars[root].ty.clone(), seen);
        }
    }

    /// Keys, elements of sets and what else is made of objects; and beside Python's instances everything is one.
    pub(super) fn spread_objects(&mut self) {
        for v in 0..self.vars.len() {
            if self.vars[v].parent.is_none() {
                self.spread_in(&self.get(v));
            }
        }
    }

    fn spread_in(&mut self, ty: &Ty) {
        let mut seen = BTreeSet::new();
        match ty {
            Ty::Tuple(items, origin) => match origin.of_python() {
                true => items.iter().for_each(|t| self.give_inside(t, &mut seen)),
                false => items.iter().for_each(|t| self.spread_in(t)),
            },
            Ty::Closure(_, items) => items.iter().for_each(|t| self.spread_in(t)),
            Ty::Named(_, items) => items.iter().for_each(|t| self.give_inside(t, &mut seen)),
            Ty::Union(items) => match items.iter().any(is_of_python) {
                true => items.iter().for_each(|t| self.give_inside(t, &mut seen)),
                false => items.iter().for_each(|t| self.spread_in(t)),
            },
            Ty::VarTuple(v) | Ty::View(v) => self.give_in(*v, &mut seen),
            Ty::Dict(c, _) | Ty::DictView(c, ..) | Ty::Deque(c) | Ty::Set(c, _) => {
                self.give_in(self.elem(*c), &mut seen);
            }
            _ => {}
        }
    }
}
