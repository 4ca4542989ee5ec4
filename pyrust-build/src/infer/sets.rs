//! Sets and frozensets: displays, what is made of an iterable, and the methods that take any number of iterables.

use super::Infer;
use super::solver::{CellId, Ty, VarId};
use crate::hir::{Comp, Expr, Part, SetMade};
use crate::ty::{DictKind, Type};

/// Methods that take iterables of any kind.
pub fn takes_iterables(name: &str) -> bool {
    let name = name.strip_suffix(" all").unwrap_or(name);
    makes(name) || changes(name) || matches!(name, "isdisjoint" | "issubset" | "issuperset")
}

/// Methods that make a new set.
fn makes(name: &str) -> bool {
    matches!(name, "union" | "intersection" | "difference" | "symmetric_difference")
}

/// Methods that change the set.
fn changes(name: &str) -> bool {
    matches!(name, "update" | "intersection_update" | "difference_update" | "symmetric_difference_update")
}

/// Does the method take exactly one iterable?
fn takes_one(name: &str) -> bool {
    matches!(
        name,
        "symmetric_difference" | "symmetric_difference_update" | "isdisjoint" | "issubset" | "issuperset"
    )
}

impl Infer<'_, '_> {
    /// `{a, *b}`
    pub(super) fn set_display(&mut self, e: &Expr, parts: &[Part], made: SetMade) -> Ty {
        let cell = self.site(e.id, 0);
        for part in parts {
            let ty = match part {
                Part::Item(e) => self.expr(e),
                Part::Star(iter) => {
                    let ty = self.iter(iter);
                    if let Some(source) = iter.source() {
                        let source = self.state.solver.get(self.state.nodes[source.id]);
                        self.shares_elements(cell, &source);
                    }
                    ty
                }
            };
            let elem = self.state.solver.elem(cell);
            self.flow_key(&ty, elem);
        }
        if made == SetMade::Constant {
            self.state.solver.set_in_place(cell);
            return Ty::Set(cell, true);
        }
        Ty::Set(cell, false)
    }

    /// A container holds what one of a type does.
    pub(super) fn fill(&mut self, container: &Ty, like: &Type) {
        match (container, like) {
            (Ty::Dict(cell, _), Type::Dict { key, value, .. }) => {
                let (elem, held) = (self.state.solver.elem(*cell), self.state.solver.value(*cell));
                self.state.solver.absorb_into(elem, key);
                self.state.solver.absorb_into(held, value);
            }
            (Ty::List(cell), Type::List { elem, .. })
            | (Ty::Deque(cell), Type::Deque { elem, .. })
            | (Ty::Set(cell, _), Type::Set { elem, .. }) => {
                let held = self.state.solver.elem(*cell);
                self.state.solver.absorb_into(held, elem);
            }
            _ => {}
        }
    }

    /// A value becomes a key. What has no hash among other types raises there: such a call is Python's.
    pub(super) fn flow_key(&mut self, ty: &Ty, key: VarId) {
        let hashed = |member: &&Ty| self.state.solver.resolve(member).is_none_or(|ty| ty.is_hashable());
        let kept: Vec<Ty> = ty.members().iter().filter(hashed).cloned().collect();
        match kept.len() {
            // Refused as it stands.
            0 => self.state.solver.flow(ty, key),
            _ => kept.iter().for_each(|member| self.state.solver.flow(member, key)),
        }
    }

    /// The elements of sets, and the keys of dicts, come in as they are. (Other mappings are gone through.)
    fn shares_elements(&mut self, cell: CellId, other: &Ty) {
        for member in other.members() {
            if let Ty::Set(c, _) | Ty::Dict(c, DictKind::Plain) = member {
                let (theirs, ours) = (self.state.solver.elem(*c), self.state.solver.elem(cell));
                self.state.solver.unify(theirs, ours);
            }
        }
    }

    /// A set comprehension, `set(x)`, `frozenset(x)`.
    pub(super) fn set_comp(&mut self, comp: &Comp, e: &Expr, elem: &Ty, frozen: bool) -> Ty {
        let cell = self.site(e.id, 0);
        let var = self.state.solver.elem(cell);
        self.flow_key(elem, var);
        let made = Ty::Set(cell, frozen);
        let Some(source) = comp.source().filter(|_| comp.builtin.is_some()) else { return made };
        let ty = self.state.solver.get(self.state.nodes[source.id]);
        self.shares_elements(cell, &ty);
        // It may be one already, which is itself.
        if frozen && ty.members().contains(&Ty::Obj) {
            return self.refuse("PYR0401", e.span, format!("`frozenset` of `{}`", self.show(&ty)));
        }
        let mut out = made;
        for member in ty.members() {
            // A frozenset of a frozenset is that one.
            if let Ty::Set(_, true) = member
                && frozen
            {
                out = self.state.solver.join(&out, member);
            }
        }
        out
    }

    /// `s.update(…)` with what is gone through lazily: a set takes the elements, a dict pairs, a counter counts them.
    pub(super) fn update_comp(&mut self, e: &Expr, target: &Ty, elem: &Ty) -> Ty {
        let mut found = *target == Ty::Never;
        for member in target.members() {
            match member {
                Ty::Set(c, false) | Ty::Dict(c, DictKind::Counter) => {
                    found = true;
                    self.writes |= self.state.solver.in_place(*c);
                    let var = self.state.solver.elem(*c);
                    self.state.solver.flow(elem, var);
                }
                Ty::Dict(c, _) => found |= self.update_pairs(*c, elem),
                _ => {}
            }
        }
        if !found {
            let message = format!("`.update()` of `{}` with this is not supported", self.show(target));
            self.refuse("PYR0307", e.span, message);
        }
        Ty::None
    }

    /// Pairs go into a dict; false if these are none.
    pub(super) fn update_pairs(&mut self, dict: CellId, pair: &Ty) -> bool {
        let (k, v) = match pair {
            Ty::Never => return true,
            Ty::Tuple(items, _) if items.len() == 2 => (&items[0], &items[1]),
            _ => return false,
        };
        self.writes |= self.state.solver.in_place(dict);
        self.note_update(dict);
        let (key, value) = (self.state.solver.elem(dict), self.state.solver.value(dict));
        self.flow_key(k, key);
        self.state.solver.flow(v, value);
        true
    }

    /// A method that takes iterables; `None` for one that this set does not have.
    pub(super) fn set_method(
        &mut self,
        e: &Expr,
        k: usize,
        (cell, frozen): (CellId, bool),
        name: &str,
        args: &[Expr],
    ) -> Option<Ty> {
        let (name, all) = name.strip_suffix(" all").map_or((name, false), |name| (name, true));
        if (frozen && changes(name)) || (takes_one(name) && args.len() != 1) {
            return None;
        }
        for arg in args {
            let mut ty = self.expr(arg);
            // A list of what is given.
            if all && let Ty::List(c) = ty {
                ty = self.state.solver.get(self.state.solver.elem(c));
            }
            let mut found = ty == Ty::Never;
            for member in ty.clone().members() {
                let lazy = matches!(member, Ty::Iter(_)) && !matches!(name, "update" | "union");
                if lazy || !super::iter::is_iterable(member) {
                    continue;
                }
                found = true;
                if let Ty::Set(..) | Ty::Dict(_, DictKind::Plain) = member {
                    self.shares_elements(cell, member);
                } else {
                    let elem = self.element_type(member);
                    let var = self.state.solver.elem(cell);
                    self.state.solver.flow(&elem, var);
                }
            }
            if !found {
                let message = format!("`.{name}()` with `{}` is not supported", self.show(&ty));
                self.refuse("PYR0307", arg.span, message);
            }
        }
        if makes(name) {
            let made = self.site(e.id, k);
            self.shares_elements(made, &Ty::Set(cell, frozen));
            return Some(Ty::Set(made, frozen));
        }
        if changes(name) {
            self.writes |= self.state.solver.in_place(cell);
            return Some(Ty::None);
        }
        Some(Ty::Bool)
    }

    /// What is looked for in a set must have a hash: of a list, say, Python raises.
    pub(super) fn hashable(&mut self, e: &Expr, ty: &Ty) {
        let ok =
            self.state.solver.resolve(ty).is_some_and(|t| t.is_hashable() || t == crate::ty::Type::Range);
        if !ok {
            let message = format!("`{}` has no hash, or none that is known", self.show(ty));
            self.refuse("PYR0401", e.span, message);
        }
    }

    /// `s |= t` and its siblings, where a set stays the same object.
    pub(super) fn set_in_place(
        &mut self,
        node: usize,
        e: crate::source::Span,
        op: &str,
        l: &Ty,
        r: &Ty,
    ) -> Ty {
        let method = in_place_method(op);
        self.apply(method, node, 0, e, &[l.clone(), r.clone()]);
        l.clone()
    }
}

/// The operation that `op=` is for a set.
pub fn in_place_method(op: &str) -> &'static str {
    match op {
        "|" => "set |=",
        "&" => "set &=",
        "-" => "set -=",
        _ => "set ^=",
    }
}
