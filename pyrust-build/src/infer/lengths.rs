//! Tuples of which the text only seems not to say how many items they have: columns of a parameter that is a tuple
//! itself, as `*rows` is, and what `tuple(…)` makes of a list whose length shows where the tuple is taken apart.
//!
//! ```python
//! for group in zip(*rows): …             # zip(rows[0], rows[1], rows[2])
//! points = {tuple(p) for p in pairs}     # two items each, or the call is left to Python,
//! total = sum(x * y for x, y in points)  # which raises here
//! ```
//!
//! With a length, a tuple is a value; without one it is an object of Python's, with its items boxed.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::Analysis;
use super::solver::{Ty, VarId as Place};
use super::{Instance, Program};
use crate::hir::visit::{self, Visit, VisitMut, defines};
use crate::hir::*;
use crate::passes::Pass;
use crate::ty::{MAX_TUPLE, Type};

impl Program<'_> {
    /// Gives lengths to tuples; true if there were any.
    pub(super) fn settle_lengths(&mut self) -> bool {
        if !self.passes.has(Pass::Looks) {
            return false;
        }
        let mut found = Vec::new();
        for (i, instance) in self.open_ones() {
            let result = match i == self.root {
                true => self.results.get(&instance.func).and_then(|all| all.iter().reduce(same)),
                false => None,
            };
            if let Some(hir) = rows_apart(instance).or_else(|| lengths(instance, result)) {
                found.push((i, hir));
            }
        }
        self.put(found)
    }
}

/// What all recorded results have in common, if that is one type.
fn same<'t>(a: &'t Type, b: &'t Type) -> &'t Type {
    if a == b { a } else { &Type::Never }
}

/// `zip(*rows)` of a parameter that is a tuple and stays what the caller gave: what it holds is written out.
fn rows_apart(instance: &Instance) -> Option<Function> {
    let hir = &instance.hir;
    let counts = |var: VarId, ty: &Type| match ty {
        Type::Tuple { items, .. } if !items.is_empty() && !hir.vars[var].cell => Some((var, items.len())),
        _ => None,
    };
    let params = hir.params.iter().zip(&instance.params);
    let mut rows: BTreeMap<VarId, usize> = params.filter_map(|(p, ty)| counts(p.var, ty)).collect();
    if rows.is_empty() {
        return None;
    }
    let assigned = defines(&hir.body);
    rows.retain(|var, _| !assigned.contains(var));
    let mut out = (**hir).clone();
    let mut pass = Apart { rows, next: out.nodes, changed: false };
    pass.block(&mut out.body);
    out.nodes = pass.next;
    pass.changed.then_some(out)
}

struct Apart {
    /// How many items the parameters have.
    rows: BTreeMap<VarId, usize>,
    next: NodeId,
    changed: bool,
}

impl Apart {
    fn node(&mut self) -> NodeId {
        self.next += 1;
        self.next - 1
    }

    /// Each of the items by itself.
    fn items(&mut self, e: &Expr) -> Option<Vec<Iter>> {
        let ExprKind::Local(var) = e.kind else { return None };
        let count = *self.rows.get(&var)?;
        let mut expr = |kind| Expr { kind, span: e.span, id: self.node() };
        let mut item = |at: usize| {
            let (base, index) = (expr(ExprKind::Local(var)), expr(ExprKind::Int(at as i64)));
            expr(ExprKind::Index { base: Box::new(base), index: Box::new(index) })
        };
        let items: Vec<Expr> = (0..count).map(&mut item).collect();
        let iter = |item| Iter { kind: IterKind::Expr(Box::new(item)), span: e.span, id: self.node() };
        Some(items.into_iter().map(iter).collect())
    }
}

impl VisitMut for Apart {
    fn iter(&mut self, iter: &mut Iter) {
        visit::walk_iter_mut(self, iter);
        let apart = match &mut iter.kind {
            IterKind::ZipStar(rows) => self.items(rows).map(IterKind::Zip),
            IterKind::Tool { tool: Tool::LongestOf, iters, args, function } => {
                let items = iters[0].source().cloned().and_then(|rows| self.items(&rows));
                items.map(|iters| IterKind::Tool {
                    tool: Tool::ZipLongest,
                    iters,
                    args: std::mem::take(args),
                    function: function.take(),
                })
            }
            _ => None,
        };
        if let Some(kind) = apart {
            (iter.kind, self.changed) = (kind, true);
        }
    }
}

/// `tuple(…)` whose results are all taken apart into so many parts, or are recorded to have so many items.
fn lengths(instance: &Instance, result: Option<&Type>) -> Option<Function> {
    let state = instance.state.as_ref()?;
    let mut found = Found { state, made: Vec::new(), parts: BTreeMap::new(), other: BTreeSet::new() };
    found.block(&instance.hir.body);
    if let Some(result) = result {
        found.recorded(&state.solver.get(state.ret), result, 0);
    }
    let length = |place: &Place| {
        let lengths = found.parts.get(place).filter(|_| !found.other.contains(place))?;
        lengths.first().copied().filter(|n| lengths.len() == 1 && (1..=MAX_TUPLE).contains(n))
    };
    let known: Vec<(NodeId, usize)> = found
        .made
        .iter()
        .filter(|(node, _)| !instance.hir.lengths.contains_key(node))
        .filter_map(|(node, place)| Some((*node, length(place)?)))
        .collect();
    if known.is_empty() {
        return None;
    }
    let mut out = (*instance.hir).clone();
    out.lengths.extend(known);
    Some(out)
}

struct Found<'a> {
    state: &'a Analysis,
    /// What `tuple(…)` makes of something else than a tuple, and where its items flow together.
    made: Vec<(NodeId, Place)>,
    /// Into how many parts tuples of these items are taken apart.
    parts: BTreeMap<Place, BTreeSet<usize>>,
    /// Tuples whose length is asked for, so that there may be others.
    other: BTreeSet<Place>,
}

impl Found<'_> {
    fn place(&self, ty: &Ty) -> Option<Place> {
        match ty {
            Ty::VarTuple(items) => Some(self.state.solver.var_root(*items)),
            _ => None,
        }
    }

    fn node(&self, node: NodeId) -> Option<Place> {
        self.place(&self.state.solver.get(*self.state.nodes.get(node)?))
    }

    fn gives(&mut self, target: &Target, node: NodeId) {
        let TargetKind::Tuple(parts) = &target.kind else { return };
        if let Some(place) = self.node(node) {
            self.parts.entry(place).or_default().insert(parts.len());
        }
    }

    /// What is recorded of results tells of the tuples in them.
    fn recorded(&mut self, ty: &Ty, recorded: &Type, depth: usize) {
        let solver = &self.state.solver;
        match (ty, recorded) {
            (Ty::VarTuple(_), Type::Tuple { items, .. }) => {
                let place = self.place(ty).expect("it is one");
                self.parts.entry(place).or_default().insert(items.len());
            }
            (Ty::List(cell), Type::List { elem, .. }) if depth < 4 => {
                self.recorded(&solver.get(solver.elem(*cell)), elem, depth + 1);
            }
            (Ty::Set(cell, _), Type::Set { elem, .. }) => {
                self.recorded(&solver.get(solver.elem(*cell)), elem, depth + 1);
            }
            (Ty::Dict(cell, _), Type::Dict { key, value, .. }) if depth < 4 => {
                self.recorded(&solver.get(solver.elem(*cell)), key, depth + 1);
                self.recorded(&solver.get(solver.value(*cell)), value, depth + 1);
            }
            (Ty::Tuple(items, _), Type::Tuple { items: all, .. })
                if depth < 4 && items.len() == all.len() =>
            {
                items.iter().zip(all).for_each(|(item, ty)| self.recorded(item, ty, depth + 1));
            }
            _ => {}
        }
    }
}

/// Values that have no identity, so that a tuple of them has none either.
fn is_plain(ty: &Ty) -> bool {
    matches!(ty, Ty::None | Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Char | Ty::Str | Ty::Bytes)
}

impl<'h> Visit<'h> for Found<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::For { target, iter, .. } => self.gives(target, iter.id),
            StmtKind::Assign { targets, value } => targets.iter().for_each(|t| self.gives(t, value.id)),
            _ => {}
        }
        visit::walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Comp(comp) => {
                comp.generators.iter().for_each(|g| self.gives(&g.target, g.iter.id));
                let is_tuple = |e: &Expr| self.node(e.id).is_some();
                if comp.kind == CompKind::Tuple
                    && comp.extra.is_none()
                    && !comp.source().is_some_and(is_tuple)
                    && let Some(place) = self.node(e.id)
                    && is_plain(&self.state.solver.get(place))
                {
                    self.made.push((e.id, place));
                }
            }
            ExprKind::Call { name, args, .. } if name == "len" => {
                if let Some(place) = args.first().and_then(|e| self.node(e.id)) {
                    self.other.insert(place);
                }
            }
            _ => {}
        }
        visit::walk_expr(self, e);
    }

    fn iter(&mut self, iter: &'h Iter) {
        if let IterKind::Comp(comp) = &iter.kind {
            comp.generators.iter().for_each(|g| self.gives(&g.target, g.iter.id));
        }
        visit::walk_iter(self, iter);
    }
}
