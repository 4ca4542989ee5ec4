//! What loops and comprehensions go through.

use super::Infer;
use super::expr::without_none;
use super::solver::Ty;
use crate::hir::{Comp, CompKind, Expr, ExprKind, Iter, IterKind};
use crate::ty::{DictKind, Origin, Side};

impl Infer<'_, '_> {
    /// The type of the elements of an iterable.
    pub(super) fn iter(&mut self, iter: &Iter) -> Ty {
        let ty = self.iter_ty(iter);
        self.at(iter.id, &ty)
    }

    fn iter_ty(&mut self, iter: &Iter) -> Ty {
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                self.builtin("range");
                for e in start.iter().chain(std::iter::once(stop)).chain(step) {
                    let ty = self.expr(e);
                    let whole = |m: &Ty| match m {
                        Ty::Numpy(dtype) => dtype.is_int(),
                        other => matches!(other, Ty::Int | Ty::Big | Ty::Bool | Ty::Never),
                    };
                    if !all_but_none(&ty, whole) {
                        let message = format!("`range` of `{}`", self.show(&ty));
                        self.refuse("PYR0401", e.span, message);
                    }
                }
                Ty::Int
            }
            IterKind::Enumerate { inner, start } => {
                self.builtin("enumerate");
                let elem = self.iter(inner);
                if let IterKind::Enumerate { inner: nested, .. } = &inner.kind
                    && matches!(nested.kind, IterKind::Comp(_))
                {
                    self.refuse("PYR0302", inner.span, "this nesting of iterators is not supported");
                }
                if let Some(e) = start {
                    let ty = self.expr(e);
                    if !all_but_none(&ty, |m| matches!(m, Ty::Int | Ty::Big | Ty::Never)) {
                        self.refuse("PYR0401", e.span, "`enumerate` that does not start at an `int`");
                    }
                }
                Ty::Tuple(vec![Ty::Int, elem], Origin::Native)
            }
            IterKind::Zip(items) => {
                self.builtin("zip");
                if let Some(i) = items.iter().find(|i| matches!(i.kind, IterKind::Comp(_))) {
                    self.refuse("PYR0302", i.span, "a generator expression inside `zip` is not supported");
                }
                Ty::Tuple(items.iter().map(|i| self.iter(i)).collect(), Origin::Native)
            }
            IterKind::ZipStar(e) => {
                self.builtin("zip");
                let rows = self.expr(e);
                let row = self.elements(&rows, iter, |_| true);
                let item = self.elements(&row, iter, |_| true);
                let cell = self.site(iter.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&item, var);
                self.together(iter, cell)
            }
            IterKind::Reversed(e) => {
                self.builtin("reversed");
                let ty = self.expr(e);
                self.elements(&ty, iter, |m| {
                    matches!(
                        m,
                        Ty::List(_)
                            | Ty::View(_)
                            | Ty::VarTuple(_)
                            | Ty::Tuple(..)
                            | Ty::Named(..)
                            | Ty::Deque(_)
                            | Ty::Dict(..)
                            | Ty::Str
                            | Ty::Char
                            | Ty::Range
                            | Ty::Bytes
                            | Ty::ByteArray
                            | Ty::Packed(_)
                            | Ty::MemView
                            | Ty::DictView(..)
                    )
                })
            }
            IterKind::ReversedItems(e) => {
                self.builtin("reversed");
                match self.dict(e) {
                    Some((k, v)) => Ty::Tuple(vec![k, v], Origin::Native),
                    None => Ty::Never,
                }
            }
            IterKind::ReversedValues(e) => {
                self.builtin("reversed");
                self.dict(e).map_or(Ty::Never, |(_, v)| v)
            }
            IterKind::Items(e) => match self.dict(e) {
                Some((k, v)) => Ty::Tuple(vec![k, v], Origin::Native),
                None => Ty::Never,
            },
            IterKind::Keys(e) => self.dict(e).map_or(Ty::Never, |(k, _)| k),
            IterKind::Values(e) => self.dict(e).map_or(Ty::Never, |(_, v)| v),
            IterKind::Expr(e) => {
                let ty = self.expr(e);
                self.elements(&ty, iter, |_| true)
            }
            IterKind::Tool { tool, iters, args, function } => {
                self.tool(iter, *tool, iters, args, function.as_deref())
            }
            IterKind::Comp(comp) => {
                comp.builtin.iter().for_each(|name| self.builtin(name));
                self.generators(comp);
                self.expr(&comp.element)
            }
        }
    }

    /// `next(iter)`: an element, or the default.
    pub(super) fn next(&mut self, iter: &Expr, default: Option<&Expr>) -> Ty {
        self.builtin("next");
        let ty = self.expr(iter);
        let mut out = default.map_or(Ty::Never, |e| self.expr(e));
        let mut found = ty == Ty::Never;
        for member in ty.members() {
            // `next` of anything else raises.
            if let Ty::Iter(v) = member {
                found = true;
                let elem = self.state.solver.get(*v);
                out = self.state.solver.join(&out, &elem);
            }
            if matches!(member, Ty::Foreign(class) if class.counts()) {
                found = true;
                out = self.state.solver.join(&out, &Ty::Int);
            }
        }
        if !found {
            let message = format!("`next` of `{}` is not supported", self.show(&ty));
            self.refuse("PYR0401", iter.span, message);
        }
        out
    }

    fn dict(&mut self, e: &Expr) -> Option<(Ty, Ty)> {
        let ty = self.expr(e);
        let mut sides: Option<(Ty, Ty)> = None;
        for member in ty.members() {
            let solver = &mut self.state.solver;
            let (key, value) = match member {
                Ty::Dict(c, _) => (solver.get(solver.elem(*c)), solver.get(solver.value(*c))),
                // An object is one of objects, or it bails.
                Ty::Obj => (Ty::Obj, Ty::Obj),
                _ => continue,
            };
            sides = Some(match sides {
                Some((k, v)) => (solver.join(&k, &key), solver.join(&v, &value)),
                None => (key, value),
            });
        }
        if sides.is_some() {
            return sides;
        }
        if ty != Ty::Never {
            let message = format!("`{}` is not a dict", self.show(&ty));
            self.refuse("PYR0401", e.span, message);
        }
        None
    }

    /// Joins the element types of all members that can be iterated; the others raise.
    pub(super) fn elements(&mut self, ty: &Ty, iter: &Iter, allowed: impl Fn(&Ty) -> bool) -> Ty {
        let mut out = Ty::Never;
        let mut found = *ty == Ty::Never;
        for member in ty.members() {
            if !allowed(member) {
                continue;
            }
            // It tells itself, when the code runs, whether it can be gone through.
            if !is_iterable(member) && *member != Ty::Obj {
                continue;
            }
            let elem = self.element_type(member);
            found = true;
            out = self.state.solver.join(&out, &elem);
        }
        if !found {
            let message = format!("iterating over `{}` is not supported", self.show(ty));
            self.refuse("PYR0401", iter.span, message);
        }
        out
    }

    /// What comes out of an iterable of a type that is no union.
    pub(super) fn element_type(&mut self, member: &Ty) -> Ty {
        match member {
            Ty::List(c) | Ty::Dict(c, _) | Ty::Deque(c) | Ty::Set(c, _) => {
                self.state.solver.get(self.state.solver.elem(*c))
            }
            Ty::VarTuple(v) | Ty::View(v) | Ty::Iter(v) => self.state.solver.get(*v),
            Ty::DictView(c, _, side) => {
                let solver = &self.state.solver;
                let (key, value) = (solver.get(solver.elem(*c)), solver.get(solver.value(*c)));
                match side {
                    Side::Keys => key,
                    Side::Values => value,
                    Side::Items => Ty::Tuple(vec![key, value], Origin::Native),
                }
            }
            Ty::Tuple(items, _) | Ty::Named(_, items) => {
                let mut all = Ty::Never;
                for t in items {
                    all = self.state.solver.join(&all, t);
                }
                all
            }
            Ty::Str | Ty::Char => Ty::Char,
            Ty::Bytes | Ty::ByteArray | Ty::MemView | Ty::Range => Ty::Int,
            Ty::Obj => Ty::Obj,
            Ty::Packed(code) if code.is_float() => Ty::Float,
            Ty::Packed(_) => Ty::Int,
            Ty::Array(dtype, 1) => Ty::Numpy(*dtype),
            Ty::Array(dtype, dims) => Ty::Array(*dtype, dims.saturating_sub(1)),
            _ => Ty::Never,
        }
    }

    /// `list.extend(other)` of something that is no list: its elements flow in. False if the table knows what to do.
    pub(super) fn extend_list(&mut self, list: super::solver::CellId, other: &Ty) -> bool {
        let loops = |t: &Ty| {
            matches!(
                t,
                Ty::Tuple(..)
                    | Ty::Named(..)
                    | Ty::VarTuple(_)
                    | Ty::Str
                    | Ty::Char
                    | Ty::Bytes
                    | Ty::ByteArray
                    | Ty::Packed(_)
                    | Ty::Range
                    | Ty::Dict(..)
                    | Ty::Deque(_)
                    | Ty::Set(..)
                    | Ty::Iter(_)
                    | Ty::DictView(..)
                    | Ty::MemView
                    | Ty::Obj
            )
        };
        if !loops(other) {
            return false;
        }
        let elem = self.element_type(other);
        self.writes |= self.state.solver.in_place(list);
        let var = self.state.solver.elem(list);
        self.state.solver.flow(&elem, var);
        true
    }

    pub(super) fn generators(&mut self, comp: &Comp) {
        for g in &comp.generators {
            let ty = self.iter(&g.iter);
            self.assign(&g.target, &ty);
            for test in &g.ifs {
                self.test(test);
            }
        }
    }

    pub(super) fn comp(&mut self, comp: &Comp, e: &Expr) -> Ty {
        self.loops += 1;
        let ty = self.comp_of(comp, e);
        self.loops -= 1;
        ty
    }

    fn comp_of(&mut self, comp: &Comp, e: &Expr) -> Ty {
        comp.builtin.iter().for_each(|name| self.builtin(name));
        let extra = match (&comp.extra, comp.kind) {
            (Some(maxlen), CompKind::Deque) => {
                self.maxlen(maxlen);
                None
            }
            (extra, _) => extra.as_ref().map(|x| self.expr(x)),
        };
        self.generators(comp);
        let elem = match comp.kind {
            CompKind::Any | CompKind::All => self.test(&comp.element),
            _ => self.expr(&comp.element),
        };
        match comp.kind {
            CompKind::List | CompKind::Take(_) => {
                let cell = self.site(e.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elem, var);
                Ty::List(cell)
            }
            CompKind::Deque => {
                let cell = self.site(e.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elem, var);
                Ty::Deque(cell)
            }
            CompKind::Count => {
                let cell = self.site(e.id, 0);
                let (k, v) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                self.state.solver.flow(&elem, k);
                self.state.solver.flow(&Ty::Int, v);
                if let Some(source) = comp.source() {
                    let ty = self.state.solver.get(self.state.nodes[source.id]);
                    for member in ty.members() {
                        // The counts of another one are taken over.
                        if let Ty::Dict(c, _) = member {
                            if ty.members().len() > 1 {
                                self.refuse("PYR0401", e.span, "`Counter` of a mapping or something else");
                            }
                            let value = self.state.solver.get(self.state.solver.value(*c));
                            self.state.solver.flow(&value, v);
                        }
                    }
                }
                Ty::Dict(cell, DictKind::Counter)
            }
            CompKind::Tuple => {
                self.builtin("tuple");
                if let Some(source) = comp.source() {
                    let ty = self.state.solver.get(self.state.nodes[source.id]);
                    if ty.members().iter().all(|m| matches!(m, Ty::Tuple(..) | Ty::VarTuple(_))) {
                        return ty;
                    }
                    // A tuple is itself.
                    if ty != Ty::Obj && ty.members().contains(&Ty::Obj) {
                        self.refuse("PYR0401", e.span, format!("`tuple` of `{}`", self.show(&ty)));
                    }
                }
                let cell = self.site(e.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elem, var);
                match self.hir.lengths.get(&e.id) {
                    Some(count) => Ty::Tuple(vec![self.state.solver.get(var); *count], Origin::Native),
                    None => Ty::VarTuple(var),
                }
            }
            CompKind::Dict => {
                let value = match &comp.value {
                    Some(v) => self.expr(v),
                    None => extra.unwrap_or(Ty::Never),
                };
                let cell = self.site(e.id, 0);
                let (k, v) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                self.flow_key(&elem, k);
                self.state.solver.flow(&value, v);
                if comp.value.is_some() {
                    self.state.solver.set_record(cell);
                }
                Ty::Dict(cell, DictKind::Plain)
            }
            CompKind::Set(frozen) => self.set_comp(comp, e, &elem, frozen),
            CompKind::Update => self.update_comp(e, &extra.unwrap_or(Ty::Never), &elem),
            CompKind::Concat => {
                self.builtin("sum");
                let cell = self.site(e.id, 0);
                let mut found = elem == Ty::Never;
                for member in elem.members() {
                    if let Ty::List(c) = member {
                        found = true;
                        let item = self.state.solver.get(self.state.solver.elem(*c));
                        let var = self.state.solver.elem(cell);
                        self.state.solver.flow(&item, var);
                    }
                }
                if !found {
                    let message = format!("`sum` of `{}` with a list", self.show(&elem));
                    self.refuse("PYR0401", e.span, message);
                }
                Ty::List(cell)
            }
            CompKind::Extend => {
                let mut found = false;
                for member in extra.unwrap_or(Ty::Never).members() {
                    if let Ty::List(c) | Ty::Deque(c) = member {
                        found = true;
                        self.writes |= self.state.solver.in_place(*c);
                        let var = self.state.solver.elem(*c);
                        self.state.solver.flow(&elem, var);
                    }
                    found |= *member == Ty::Never;
                }
                if !found {
                    self.refuse("PYR0307", e.span, "`.extend()` of this is not supported");
                }
                Ty::None
            }
            CompKind::First => {
                self.builtin("next");
                match extra {
                    Some(default) => self.state.solver.join(&elem, &default),
                    None => elem,
                }
            }
            CompKind::Any => {
                self.builtin("any");
                Ty::Bool
            }
            CompKind::All => {
                self.builtin("all");
                Ty::Bool
            }
            CompKind::Join => {
                let bytes = |t: &Ty| t.members().iter().all(|m| matches!(m, Ty::Bytes | Ty::Never));
                if let Some(sep @ (Ty::Bytes | Ty::ByteArray)) = &extra
                    && bytes(&elem)
                {
                    return sep.clone();
                }
                // What stands between is still to be told, and with it whether that is a text.
                if extra == Some(Ty::Never) && !self.report {
                    return Ty::Never;
                }
                // An object is a text, or it bails, and so does a `None` beside a text: a group that took no part.
                let ok = |t: &Ty| {
                    t.members().iter().all(|m| matches!(m, Ty::Str | Ty::Char | Ty::Never | Ty::Obj))
                };
                let texts = elem.members().iter().any(|m| matches!(m, Ty::Str | Ty::Char));
                let known = if texts { without_none(&elem) } else { elem.clone() };
                if !ok(&known) || !extra.as_ref().is_none_or(ok) {
                    let message = format!("joining `{}`", self.show(&elem));
                    self.refuse("PYR0401", e.span, message);
                }
                Ty::Str
            }
            CompKind::Sum => {
                self.builtin("sum");
                if extra.is_none() && elem == Ty::Complex {
                    return self.state.solver.join(&Ty::Int, &elem);
                }
                if extra.is_none()
                    && let Some(ty) = self.sum_of_instances(e, &elem)
                {
                    return ty;
                }
                let start = extra.unwrap_or(Ty::Int);
                let number = |m: &Ty| matches!(m, Ty::Int | Ty::Big | Ty::Bool | Ty::Float | Ty::Never);
                let opened = self.opened(&elem);
                // An item of another type bails: `rows[0]["price"] * rows[0]["count"]` may be a text as far as types tell.
                let (mut numbers, others): (Vec<_>, Vec<_>) =
                    opened.members().iter().cloned().partition(number);
                // An object is one of these, or it bails.
                if others.contains(&Ty::Obj) {
                    numbers.extend([Ty::Int, Ty::Float]);
                }
                let elem = numbers.iter().fold(Ty::Never, |sum, m| self.state.solver.join(&sum, m));
                if numbers.is_empty() && !others.is_empty() || !start.members().iter().all(number) {
                    let message = format!("`sum` of `{}`", self.show(&elem));
                    self.refuse("PYR0401", e.span, message);
                }
                // No items: the start comes out, an `int` unless given.
                if elem.members().contains(&Ty::Float) {
                    let start = if start == Ty::Bool { Ty::Int } else { start };
                    self.state.solver.join(&start, &Ty::Float)
                } else if self.state.wide.contains(&e.id)
                    || elem.members().contains(&Ty::Big)
                    || start == Ty::Big
                {
                    Ty::Big
                } else if start == Ty::Bool {
                    Ty::Int
                } else {
                    start
                }
            }
            CompKind::Min | CompKind::Max => {
                self.builtin(if comp.kind == CompKind::Min { "min" } else { "max" });
                let key = match comp.key.as_ref().map(|k| (&k.kind, k.span)) {
                    None | Some((ExprKind::None, _)) => elem.clone(),
                    Some((ExprKind::Lambda { params, body }, _)) if params.len() == 1 => {
                        self.set_var(params[0], &elem);
                        self.key_type(body, &elem)
                    }
                    Some((_, span)) => self.refuse("PYR0306", span, "this `key` is not supported"),
                };
                let op = if comp.kind == CompKind::Min { "<" } else { ">" };
                if !self.orders_itself(e, &key, op) {
                    self.comparable(e, op, &key, &key);
                }
                match extra {
                    Some(default) => self.state.solver.join(&elem, &default),
                    None => elem,
                }
            }
        }
    }
}

pub(super) fn is_iterable(ty: &Ty) -> bool {
    matches!(
        ty,
        Ty::List(_)
            | Ty::View(_)
            | Ty::Dict(..)
            | Ty::Deque(_)
            | Ty::Set(..)
            | Ty::VarTuple(_)
            | Ty::Tuple(..)
            | Ty::Named(..)
            | Ty::Str
            | Ty::Char
            | Ty::Bytes
            | Ty::ByteArray
            | Ty::Packed(_)
            | Ty::Range
            | Ty::Iter(_)
            | Ty::MemView
            | Ty::DictView(..)
            | Ty::Array(_, 1..)
    )
}

/// Are all members of that kind, but for `None`, for which the call bails?
fn all_but_none(ty: &Ty, is: impl Fn(&Ty) -> bool) -> bool {
    *ty != Ty::None && ty.members().iter().all(|m| *m == Ty::None || is(m))
}
