//! Type variables and cells: the state of one function's inference.
//!
//! Types only grow. A list or dict has a cell: its element variables and whether it lives in Python. Two lists that
//! meet in one variable share a cell from then on, so they have one representation.

use std::cell;
use std::sync::Arc;

use crate::foreign::Class;
use crate::numpy::Dtype;
use crate::packed::Typecode;
use crate::ty::{
    Callee, DictKind, MAX_MEMBERS, NamedClass, ObjectClass, Origin, Side, Type, either, most_members,
};

mod kept;
mod records;
mod trees;

pub(super) use trees::Knot;

pub(super) type VarId = usize;
pub(super) type CellId = usize;

/// A type during inference.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ty {
    Never,
    None,
    Bool,
    Int,
    Big,
    Float,
    Complex,
    Char,
    Str,
    Bytes,
    ByteArray,
    Packed(Typecode),
    Range,
    MemView,
    Foreign(Class),
    Array(Dtype, u8),
    Numpy(Dtype),
    Obj,
    Tuple(Vec<Ty>, Origin),
    Named(Arc<NamedClass>, Vec<Ty>),
    Instance(Arc<ObjectClass>),
    VarTuple(VarId),
    View(VarId),
    Iter(VarId),
    Cell(VarId),
    List(CellId),
    Dict(CellId, DictKind),
    /// A view of a dict of that class.
    DictView(CellId, DictKind, Side),
    Deque(CellId),
    /// A frozenset if so said.
    Set(CellId, bool),
    /// A function object of Python's.
    Function(Vec<Callee>),
    /// A function made here that takes nothing from around.
    Inner(Vec<Callee>),
    /// A function made here, with its defaults and what it takes from around.
    Closure(Callee, Vec<Ty>),
    Union(Vec<Ty>),
}

/// The order of members: their kind, what tells those of one kind apart, the class, the function.
type Rank<'a> = (u8, usize, Option<(&'a str, &'a str)>, Option<&'a Callee>);

/// As [`crate::ty::exceeded`].
pub(super) fn exceeded(members: &[Ty]) -> Option<usize> {
    let most = most_members(members.iter().all(|m| matches!(m, Ty::Instance(_) | Ty::None)));
    (members.len() > most).then_some(most)
}

impl Ty {
    pub(super) fn members(&self) -> &[Ty] {
        match self {
            Ty::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }

    /// Order of the members of a union; equal ranks merge.
    fn rank(&self) -> Rank<'_> {
        let (kind, within) = match self {
            Ty::Named(class, _) => return (9, usize::MAX, Some((&class.module, &class.name)), None),
            Ty::Instance(class) => return (8, usize::MAX, Some((&class.module, &class.name)), None),
            Ty::Closure(callee, captures) => return (8, 2 + captures.len(), None, Some(callee)),
            Ty::Function(_) => (8, 0),
            Ty::Inner(_) => (8, 1),
            Ty::Never => (0, 0),
            Ty::None => (1, 0),
            Ty::Bool => (2, 0),
            Ty::Int | Ty::Big => (3, 0),
            Ty::Float => (4, 0),
            Ty::Complex => (4, 1),
            Ty::Char | Ty::Str => (5, 0),
            Ty::Bytes => (6, 0),
            Ty::ByteArray => (6, 1),
            Ty::Packed(code) => (6, 2 + code.letter() as usize),
            Ty::Range => (7, 0),
            Ty::MemView => (7, 1),
            Ty::Foreign(class) => (8, class.rank()),
            // Behind all classes and functions.
            Ty::Array(dtype, dims) => (8, 1 << 16 | (*dtype as usize) << 8 | usize::from(*dims)),
            Ty::Numpy(dtype) => (8, 1 << 17 | *dtype as usize),
            Ty::Obj => (14, 0),
            Ty::Iter(_) => (13, 0),
            Ty::Tuple(items, _) => (9, items.len()),
            Ty::VarTuple(_) => (10, 0),
            Ty::View(_) => (11, 1),
            Ty::List(_) => (11, 0),
            Ty::Dict(_, kind) => (12, *kind as usize),
            Ty::Deque(_) => (11, 2),
            Ty::DictView(_, kind, side) => (12, 16 + 4 * (*kind as usize) + *side as usize),
            Ty::Set(_, frozen) => (12, 8 + usize::from(*frozen)),
            Ty::Cell(_) => (15, 0),
            Ty::Union(_) => (16, 0),
        };
        (kind, within, None, None)
    }

    /// Is a named tuple among the members?
    pub(super) fn has_named(&self) -> bool {
        self.members().iter().any(|m| matches!(m, Ty::Named(..)))
    }
}

#[derive(Debug)]
struct Cell {
    parent: Option<CellId>,
    /// Elements of a list or set, keys of a dict.
    elem: VarId,
    /// Values of a dict.
    value: VarId,
    in_place: bool,
    /// A dict that a display with keys of the text makes, or a comprehension.
    is_record: bool,
    /// A dict that begins as a copy of one of Python's: one more than the loops that stand around that.
    copied: usize,
    /// Something writes to it.
    is_updated: bool,
    /// So many loops stand around what writes to it.
    updated_in: usize,
}

#[derive(Debug)]
pub(super) struct TyVar {
    parent: Option<VarId>,
    ty: Ty,
    /// Trees are put together here: whatever it holds is an object of Python's.
    opaque: bool,
}

#[derive(Debug, Default)]
pub(super) struct Solver {
    pub(super) vars: Vec<TyVar>,
    cells: Vec<Cell>,
    /// Something grew since this was last reset.
    pub(super) changed: bool,
    /// A tuple of tuples grew without end, as a linked list does.
    pub(super) endless: bool,
    /// There are trees: a tuple where an object may stand as well is one.
    pub(super) trees: bool,
    /// There are instances that native code may keep to itself.
    pub(super) keeps: bool,
}

/// A type has at most so many parts that are no scalars: containers of unions of containers are trees, and grow as such.
const MOST_PARTS: usize = 300;

/// Tuples nest no deeper: what does is growing.
const MAX_NESTING: usize = 6;

impl Solver {
    pub(super) fn var(&mut self, ty: Ty) -> VarId {
        self.vars.push(TyVar { parent: None, ty, opaque: false });
        self.vars.len() - 1
    }

    pub(super) fn cell(&mut self, elem: VarId, value: VarId, in_place: bool) -> CellId {
        self.cells.push(Cell {
            parent: None,
            elem,
            value,
            in_place,
            is_record: false,
            copied: 0,
            is_updated: false,
            updated_in: 0,
        });
        self.cells.len() - 1
    }

    /// A native cell with fresh element variables.
    pub(super) fn fresh_cell(&mut self) -> CellId {
        let (elem, value) = (self.var(Ty::Never), self.var(Ty::Never));
        self.cell(elem, value, false)
    }

    pub(super) fn var_root(&self, mut v: VarId) -> VarId {
        while let Some(p) = self.vars[v].parent {
            v = p;
        }
        v
    }

    pub(super) fn cell_root(&self, mut c: CellId) -> CellId {
        while let Some(p) = self.cells[c].parent {
            c = p;
        }
        c
    }

    pub(super) fn get(&self, v: VarId) -> Ty {
        let ty = &self.vars[self.var_root(v)].ty;
        if self.keeps { self.told(ty) } else { ty.clone() }
    }

    pub(super) fn elem(&self, c: CellId) -> VarId {
        self.cells[self.cell_root(c)].elem
    }

    pub(super) fn value(&self, c: CellId) -> VarId {
        self.cells[self.cell_root(c)].value
    }

    pub(super) fn in_place(&self, c: CellId) -> bool {
        self.cells[self.cell_root(c)].in_place
    }

    pub(super) fn set_in_place(&mut self, c: CellId) {
        let root = self.cell_root(c);
        if !self.cells[root].in_place {
            self.cells[root].in_place = true;
            self.changed = true;
        }
    }

    /// Lets a value of type `ty` into a variable.
    pub(super) fn flow(&mut self, ty: &Ty, into: VarId) {
        let root = self.var_root(into);
        if self.vars[root].opaque {
            self.boxed(ty);
            return;
        }
        // Mostly it has been let in before.
        if self.vars[root].ty == *ty && !self.trees && self.stays_joined(ty) {
            return;
        }
        let old = self.vars[root].ty.clone();
        let new = self.join(&old, ty);
        // Joining may have linked the variable itself.
        let root = self.var_root(into);
        if self.is_endless(&new) {
            return;
        }
        if self.vars[root].ty != new {
            self.vars[root].ty = new;
            self.changed = true;
        }
    }

    pub(super) fn unify(&mut self, a: VarId, b: VarId) {
        let (a, b) = (self.var_root(a), self.var_root(b));
        if a == b {
            return;
        }
        let (ta, tb) = (self.vars[a].ty.clone(), self.vars[b].ty.clone());
        self.vars[b].parent = Some(a);
        self.changed = true;
        if self.vars[a].opaque || self.vars[b].opaque {
            self.boxed(&ta);
            self.boxed(&tb);
            self.opaque(a);
            return;
        }
        let joined = self.join(&ta, &tb);
        let root = self.var_root(a);
        if !self.is_endless(&joined) {
            self.vars[root].ty = joined;
        }
    }

    /// Notes a type that nests too deep; it is not let in, so that inference ends.
    fn is_endless(&mut self, ty: &Ty) -> bool {
        fn nesting(ty: &Ty, left: usize) -> bool {
            match ty {
                Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Closure(_, items) => {
                    left == 0 || items.iter().any(|t| nesting(t, left - 1))
                }
                Ty::Union(items) => items.iter().any(|t| nesting(t, left)),
                _ => false,
            }
        }
        let endless = nesting(ty, MAX_NESTING);
        self.endless |= endless;
        endless
    }

    fn unify_cells(&mut self, a: CellId, b: CellId) -> CellId {
        let (a, b) = (self.cell_root(a), self.cell_root(b));
        if a == b {
            return a;
        }
        let (ea, eb, va, vb) =
            (self.cells[a].elem, self.cells[b].elem, self.cells[a].value, self.cells[b].value);
        self.cells[b].parent = Some(a);
        self.cells[a].in_place |= self.cells[b].in_place;
        self.cells[a].is_record |= self.cells[b].is_record;
        self.cells[a].copied = self.cells[a].copied.max(self.cells[b].copied);
        self.cells[a].is_updated |= self.cells[b].is_updated;
        self.cells[a].updated_in = self.cells[a].updated_in.max(self.cells[b].updated_in);
        self.changed = true;
        self.unify(ea, eb);
        self.unify(va, vb);
        a
    }

    /// Is the type what it is joined with itself, and does nothing else happen there?
    fn stays_joined(&self, ty: &Ty) -> bool {
        match ty {
            Ty::List(c) | Ty::Dict(c, _) | Ty::Deque(c) | Ty::Set(c, _) | Ty::DictView(c, ..) => {
                self.cells[*c].parent.is_none()
            }
            Ty::Tuple(items, _) | Ty::Named(_, items) | Ty::Closure(_, items) => {
                items.iter().all(|t| self.stays_joined(t))
            }
            Ty::Union(items) => items.iter().all(|t| !matches!(t, Ty::VarTuple(_)) && self.stays_joined(t)),
            _ => true,
        }
    }

    pub(super) fn join(&mut self, a: &Ty, b: &Ty) -> Ty {
        match (a, b) {
            (Ty::Never, t) | (t, Ty::Never) => t.clone(),
            (Ty::Union(_), _) | (_, Ty::Union(_)) => self.join_union(a, b),
            _ if a.rank() == b.rank() => self.join_same(a, b),
            _ => self.join_union(a, b),
        }
    }

    fn join_same(&mut self, a: &Ty, b: &Ty) -> Ty {
        match (a, b) {
            (Ty::Char, Ty::Char) => Ty::Char,
            (Ty::Char | Ty::Str, Ty::Char | Ty::Str) => Ty::Str,
            (Ty::Int | Ty::Big, Ty::Big) | (Ty::Big, Ty::Int) => Ty::Big,
            (Ty::List(x), Ty::List(y)) => Ty::List(self.unify_cells(*x, *y)),
            (Ty::Dict(x, kind), Ty::Dict(y, _)) => Ty::Dict(self.unify_cells(*x, *y), *kind),
            (Ty::DictView(x, kind, side), Ty::DictView(y, ..)) => {
                Ty::DictView(self.unify_cells(*x, *y), *kind, *side)
            }
            (Ty::Deque(x), Ty::Deque(y)) => Ty::Deque(self.unify_cells(*x, *y)),
            (Ty::Set(x, frozen), Ty::Set(y, _)) => Ty::Set(self.unify_cells(*x, *y), *frozen),
            (Ty::VarTuple(x), Ty::VarTuple(y)) => {
                self.unify(*x, *y);
                Ty::VarTuple(*x)
            }
            (Ty::View(x), Ty::View(y)) => {
                self.unify(*x, *y);
                Ty::View(*x)
            }
            (Ty::Iter(x), Ty::Iter(y)) => {
                self.unify(*x, *y);
                Ty::Iter(*x)
            }
            (Ty::Cell(x), Ty::Cell(y)) => {
                self.unify(*x, *y);
                Ty::Cell(*x)
            }
            (Ty::Tuple(x, p), Ty::Tuple(y, q)) => {
                let items = x.iter().zip(y).map(|(a, b)| self.join(a, b)).collect();
                Ty::Tuple(items, p.join(*q))
            }
            (Ty::Named(class, x), Ty::Named(_, y)) => {
                Ty::Named(class.clone(), x.iter().zip(y).map(|(a, b)| self.join(a, b)).collect())
            }
            (Ty::Instance(x), Ty::Instance(y)) => self.join_instances(x, y),
            (Ty::Function(x), Ty::Function(y)) => Ty::Function(either(x, y)),
            (Ty::Inner(x), Ty::Inner(y)) => Ty::Inner(either(x, y)),
            (Ty::Closure(callee, x), Ty::Closure(_, y)) => {
                let captures = x.iter().zip(y).map(|(a, b)| self.join(a, b)).collect();
                Ty::Closure(callee.clone(), captures)
            }
            _ => a.clone(),
        }
    }

    fn join_union(&mut self, a: &Ty, b: &Ty) -> Ty {
        let mut members: Vec<Ty> = a.members().to_vec();
        for t in b.members() {
            match members.iter().position(|m| m.rank() == t.rank()) {
                Some(i) => {
                    let m = members[i].clone();
                    members[i] = self.join_same(&m, t);
                }
                None => members.push(t.clone()),
            }
        }
        // Tuples of any length take those of known length in.
        if let Some(var) = members.iter().find_map(|m| if let Ty::VarTuple(v) = m { Some(*v) } else { None })
        {
            let (fixed, others): (Vec<Ty>, Vec<Ty>) =
                members.into_iter().partition(|m| matches!(m, Ty::Tuple(..)));
            members = others;
            for tuple in fixed {
                let Ty::Tuple(items, _) = tuple else { continue };
                items.iter().for_each(|item| self.flow(item, var));
            }
        }
        self.merge_trees(&mut members);
        members.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.widen(&mut members);
        if members.len() == 1 { members.remove(0) } else { Ty::Union(members) }
    }

    /// Of more types than a union holds those that come last are opaque; they live in Python.
    fn widen(&mut self, members: &mut Vec<Ty>) {
        let native = |t: &Ty| match t {
            Ty::Dict(_, kind) => *kind != DictKind::Plain,
            Ty::Inner(_) | Ty::Closure(..) | Ty::MemView | Ty::DictView(..) => true,
            _ => matches!(t, Ty::View(_) | Ty::Iter(_) | Ty::Deque(_) | Ty::Cell(_) | Ty::ByteArray),
        };
        if exceeded(members).is_none() || members.iter().any(native) {
            return;
        }
        for lost in members.split_off(MAX_MEMBERS - 1) {
            self.mark(&lost);
        }
        members.push(Ty::Obj);
    }

    /// Merges a resolved type into an inference type without making new cells where there are some already.
    pub(super) fn absorb(&mut self, current: &Ty, ty: &Type) -> Ty {
        let find = |same: &dyn Fn(&Ty) -> Option<usize>| current.members().iter().find_map(same);
        match ty {
            Type::Never => current.clone(),
            Type::Union(members) => members.iter().fold(current.clone(), |acc, m| self.absorb(&acc, m)),
            Type::List { elem, in_place } => {
                let found = find(&|m| if let Ty::List(c) = m { Some(*c) } else { None });
                self.absorb_cell(current, (elem, None, *in_place), found, Ty::List)
            }
            Type::Deque { elem, in_place } => {
                let found = find(&|m| if let Ty::Deque(c) = m { Some(*c) } else { None });
                self.absorb_cell(current, (elem, None, *in_place), found, Ty::Deque)
            }
            Type::Dict { key, value, in_place, kind } => {
                let found = find(&|m| match m {
                    Ty::Dict(c, k) if k == kind => Some(*c),
                    _ => None,
                });
                self.absorb_cell(current, (key, Some(value), *in_place), found, |c| Ty::Dict(c, *kind))
            }
            Type::DictView { dict, side } => {
                let Type::Dict { key, value, in_place, kind } = &**dict else { return current.clone() };
                let found = find(&|m| match m {
                    Ty::DictView(c, k, s) if (k, s) == (kind, side) => Some(*c),
                    _ => None,
                });
                let make = |c| Ty::DictView(c, *kind, *side);
                self.absorb_cell(current, (key, Some(value), *in_place), found, make)
            }
            Type::Set { elem, in_place, frozen } => {
                let found = current.members().iter().find_map(|m| match m {
                    Ty::Set(c, f) if f == frozen => Some(*c),
                    _ => None,
                });
                self.absorb_cell(current, (elem, None, *in_place), found, |c| Ty::Set(c, *frozen))
            }
            Type::VarTuple(elem) => {
                let found = find(&|m| if let Ty::VarTuple(v) = m { Some(*v) } else { None });
                self.absorb_elements(current, elem, found, Ty::VarTuple)
            }
            Type::View(elem) => {
                let found = find(&|m| if let Ty::View(v) = m { Some(*v) } else { None });
                self.absorb_elements(current, elem, found, Ty::View)
            }
            Type::Iter(elem) => {
                let found = find(&|m| if let Ty::Iter(v) = m { Some(*v) } else { None });
                self.absorb_elements(current, elem, found, Ty::Iter)
            }
            Type::Cell(content) => {
                let found = current.members().iter().find_map(|m| match m {
                    Ty::Cell(v) => Some(*v),
                    _ => None,
                });
                self.absorb_elements(current, content, found, Ty::Cell)
            }
            Type::Tuple { items, origin } => {
                let found = current
                    .members()
                    .iter()
                    .position(|m| matches!(m, Ty::Tuple(x, _) if x.len() == items.len()));
                let old: Vec<Ty> = match found.map(|i| &current.members()[i]) {
                    Some(Ty::Tuple(x, _)) => x.clone(),
                    _ => vec![Ty::Never; items.len()],
                };
                let new = old.iter().zip(items).map(|(o, t)| self.absorb(o, t)).collect();
                let new = Ty::Tuple(new, *origin);
                self.join(current, &new)
            }
            Type::Named { class, items } => {
                let found = current.members().iter().find_map(|m| match m {
                    Ty::Named(c, x) if c == class => Some(x.clone()),
                    _ => None,
                });
                let old = found.unwrap_or_else(|| vec![Ty::Never; items.len()]);
                let new = old.iter().zip(items).map(|(o, t)| self.absorb(o, t)).collect();
                self.join(current, &Ty::Named(class.clone(), new))
            }
            Type::Closure { callee, captures } => {
                let found = current.members().iter().find_map(|m| match m {
                    Ty::Closure(c, x) if c == callee && x.len() == captures.len() => Some(x.clone()),
                    _ => None,
                });
                let old = found.unwrap_or_else(|| vec![Ty::Never; captures.len()]);
                let new = old.iter().zip(captures).map(|(o, t)| self.absorb(o, t)).collect();
                self.join(current, &Ty::Closure(callee.clone(), new))
            }
            Type::Instance(class) if class.own != 0 => self.absorb_kept(current, class),
            scalar => {
                let ty = scalar_ty(scalar);
                self.join(current, &ty)
            }
        }
    }

    /// The types of what a container holds flow into the cell of the member that is there, or into a new one.
    fn absorb_cell(
        &mut self,
        current: &Ty,
        (elem, value, in_place): (&Type, Option<&Type>, bool),
        found: Option<CellId>,
        make: impl Fn(CellId) -> Ty,
    ) -> Ty {
        let changed = self.changed;
        let cell = found.unwrap_or_else(|| self.fresh_cell());
        self.absorb_into(self.elem(cell), elem);
        if let Some(value) = value {
            self.absorb_into(self.value(cell), value);
        }
        if in_place {
            self.set_in_place(cell);
            // One of objects stays one, whatever is put in.
            if *elem == Type::Obj {
                self.opaque_inside(self.elem(cell));
            }
            if value == Some(&Type::Obj) {
                self.opaque_inside(self.value(cell));
            }
        }
        if found.is_some() {
            return current.clone();
        }
        // Nobody has seen the new one: where it is not let in anywhere, nothing is different in the next round.
        self.changed = changed;
        self.join(current, &make(cell))
    }

    /// The element type flows into the variable of the member that is there, or into a new one.
    fn absorb_elements(
        &mut self,
        current: &Ty,
        elem: &Type,
        found: Option<VarId>,
        make: fn(VarId) -> Ty,
    ) -> Ty {
        let changed = self.changed;
        let var = found.unwrap_or_else(|| self.var(Ty::Never));
        self.absorb_into(var, elem);
        if found.is_some() {
            return current.clone();
        }
        self.changed = changed;
        self.join(current, &make(var))
    }

    pub(super) fn absorb_into(&mut self, var: VarId, ty: &Type) {
        let current = self.get(var);
        let new = self.absorb(&current, ty);
        self.flow(&new, var);
    }

    /// Everything inside a container that lives in Python lives in Python.
    pub(super) fn spread_in_place(&mut self) {
        for c in 0..self.cells.len() {
            if self.cells[c].parent.is_none() && self.cells[c].in_place {
                let (elem, value) = (self.cells[c].elem, self.cells[c].value);
                self.mark_var(elem);
                self.mark_var(value);
            }
        }
        for v in 0..self.vars.len() {
            if self.vars[v].parent.is_none() && self.has_tuples_to_mark(&self.vars[v].ty) {
                self.mark_tuples(&self.vars[v].ty.clone());
            }
        }
        if self.keeps {
            self.spread_objects();
        }
    }

    /// Would [`Solver::mark`] leave it as it is?
    fn is_marked(&self, ty: &Ty) -> bool {
        match ty {
            Ty::List(c) | Ty::Dict(c, _) | Ty::Deque(c) | Ty::Set(c, _) | Ty::DictView(c, ..) => {
                self.in_place(*c)
            }
            Ty::Iter(_) => false,
            Ty::Tuple(items, origin) => origin.of_python() && items.iter().all(|t| self.is_marked(t)),
            Ty::Named(_, items) | Ty::Union(items) => items.iter().all(|t| self.is_marked(t)),
            Ty::Instance(class) => class.cell.is_none(),
            _ => true,
        }
    }

    /// Would [`Solver::mark_tuples`] change anything?
    fn has_tuples_to_mark(&self, ty: &Ty) -> bool {
        ty.members().iter().any(|m| match m {
            Ty::VarTuple(v) => !self.is_marked(&self.vars[self.var_root(*v)].ty),
            Ty::Named(..) => !self.is_marked(m),
            Ty::Tuple(items, _) => items.iter().any(|t| self.has_tuples_to_mark(t)),
            _ => false,
        })
    }

    /// Elements of live tuples and fields live in Python.
    fn mark_tuples(&mut self, ty: &Ty) {
        for m in ty.members() {
            match m {
                Ty::VarTuple(v) => self.mark_var(*v),
                Ty::Named(..) => _ = self.mark(m),
                Ty::Tuple(items, _) => items.iter().for_each(|item| self.mark_tuples(item)),
                _ => {}
            }
        }
    }

    pub(super) fn mark_var(&mut self, var: VarId) {
        let root = self.var_root(var);
        if self.is_marked(&self.vars[root].ty) {
            return;
        }
        let ty = self.vars[root].ty.clone();
        let marked = self.mark(&ty);
        if marked != ty {
            self.vars[root].ty = marked;
            self.changed = true;
        }
    }

    pub(super) fn mark(&mut self, ty: &Ty) -> Ty {
        match ty {
            Ty::List(c) | Ty::Dict(c, _) | Ty::Deque(c) | Ty::Set(c, _) | Ty::DictView(c, ..) => {
                self.set_in_place(*c);
                ty.clone()
            }
            Ty::Iter(v) => {
                self.mark_var(*v);
                ty.clone()
            }
            Ty::Tuple(items, origin) => {
                Ty::Tuple(items.iter().map(|t| self.mark(t)).collect(), origin.given())
            }
            Ty::Named(class, items) => Ty::Named(class.clone(), items.iter().map(|t| self.mark(t)).collect()),
            Ty::Union(items) => Ty::Union(items.iter().map(|t| self.mark(t)).collect()),
            Ty::Instance(class) => {
                self.give(class);
                self.told(ty)
            }
            // It cannot get to Python, and neither can what it holds.
            other => other.clone(),
        }
    }

    /// The resolved type; `None` where a type contains itself, or has more than [`MOST_PARTS`].
    pub(super) fn resolve(&self, ty: &Ty) -> Option<Type> {
        self.resolve_at(ty, 0, &cell::Cell::new(MOST_PARTS))
    }

    fn resolve_at(&self, ty: &Ty, depth: usize, parts: &cell::Cell<usize>) -> Option<Type> {
        if depth > 8 {
            return None;
        }
        if !matches!(ty, Ty::None | Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Char | Ty::Str | Ty::Bytes)
        {
            parts.set(parts.get().checked_sub(1)?);
        }
        let var = |v: VarId| self.resolve_at(&self.get(v), depth + 1, parts).map(Box::new);
        Some(match ty {
            Ty::Never => Type::Never,
            Ty::None => Type::None,
            Ty::Bool => Type::Bool,
            Ty::Int => Type::Int,
            Ty::Big => Type::Big,
            Ty::Float => Type::Float,
            Ty::Char => Type::Char,
            Ty::Str => Type::Str,
            Ty::Bytes => Type::Bytes,
            Ty::ByteArray => Type::ByteArray,
            Ty::Packed(code) => Type::Packed(*code),
            Ty::Complex => Type::Complex,
            Ty::Range => Type::Range,
            Ty::MemView => Type::MemView,
            Ty::Foreign(class) => Type::Foreign(*class),
            Ty::Array(dtype, dims) => Type::Array(*dtype, *dims),
            Ty::Numpy(dtype) => Type::Numpy(*dtype),
            Ty::Instance(class) => Type::Instance(self.class_of(class)),
            Ty::Obj => Type::Obj,
            Ty::Tuple(items, origin) => Type::Tuple {
                items: items.iter().map(|t| self.resolve_at(t, depth + 1, parts)).collect::<Option<_>>()?,
                origin: *origin,
            },
            Ty::Named(class, items) => Type::Named {
                class: class.clone(),
                items: items.iter().map(|t| self.resolve_at(t, depth + 1, parts)).collect::<Option<_>>()?,
            },
            Ty::Function(callees) => Type::Function(callees.clone()),
            Ty::Inner(callees) => Type::Inner(callees.clone()),
            Ty::Closure(callee, captures) => Type::Closure {
                callee: callee.clone(),
                captures: captures
                    .iter()
                    .map(|t| self.resolve_at(t, depth + 1, parts))
                    .collect::<Option<_>>()?,
            },
            Ty::VarTuple(v) => Type::VarTuple(var(*v)?),
            Ty::View(v) => Type::View(var(*v)?),
            Ty::Iter(v) => Type::Iter(var(*v)?),
            Ty::Cell(v) => Type::Cell(var(*v)?),
            Ty::List(c) => Type::List { elem: var(self.elem(*c))?, in_place: self.in_place(*c) },
            Ty::Set(c, frozen) => {
                Type::Set { elem: var(self.elem(*c))?, in_place: self.in_place(*c), frozen: *frozen }
            }
            Ty::Deque(c) => Type::Deque { elem: var(self.elem(*c))?, in_place: self.in_place(*c) },
            Ty::Dict(c, kind) => Type::Dict {
                kind: *kind,
                key: var(self.elem(*c))?,
                value: var(self.value(*c))?,
                in_place: self.in_place(*c),
            },
            Ty::DictView(c, kind, side) => Type::DictView {
                dict: Box::new(self.resolve_at(&Ty::Dict(*c, *kind), depth, parts)?),
                side: *side,
            },
            Ty::Union(items) => {
                let items =
                    items.iter().map(|t| self.resolve_at(t, depth, parts)).collect::<Option<Vec<_>>>()?;
                items.iter().fold(Type::Never, |acc, t| Type::join(&acc, t))
            }
        })
    }
}

fn scalar_ty(ty: &Type) -> Ty {
    match ty {
        Type::None => Ty::None,
        Type::Bool => Ty::Bool,
        Type::Int => Ty::Int,
        Type::Big => Ty::Big,
        Type::Float => Ty::Float,
        Type::Char => Ty::Char,
        Type::Str => Ty::Str,
        Type::Bytes => Ty::Bytes,
        Type::ByteArray => Ty::ByteArray,
        Type::Packed(code) => Ty::Packed(*code),
        Type::Complex => Ty::Complex,
        Type::Range => Ty::Range,
        Type::MemView => Ty::MemView,
        Type::Foreign(class) => Ty::Foreign(*class),
        Type::Array(dtype, dims) => Ty::Array(*dtype, *dims),
        Type::Numpy(dtype) => Ty::Numpy(*dtype),
        Type::Instance(class) => Ty::Instance(class.clone()),
        Type::Obj => Ty::Obj,
        Type::Never => Ty::Never,
        Type::Function(callees) => Ty::Function(callees.clone()),
        Type::Inner(callees) => Ty::Inner(callees.clone()),
        Type::Tuple { .. }
        | Type::Named { .. }
        | Type::VarTuple(_)
        | Type::View(_)
        | Type::Iter(_)
        | Type::Cell(_)
        | Type::Closure { .. }
        | Type::List { .. }
        | Type::Dict { .. }
        | Type::DictView { .. }
        | Type::Deque { .. }
        | Type::Set { .. }
        | Type::Union(_) => {
            unreachable!("containers are absorbed member by member")
        }
    }
}
