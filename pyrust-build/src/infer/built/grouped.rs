//! Lists in dicts that a function only fills, and that leave it: words by their length, lines by their first field.
//!
//! As those of [`super::built`] they would stand in memory twice at the end, with a string of Rust's for each text that Python
//! has already. They are known by what they stand in, not by a variable: nothing may look at their elements.

use std::collections::BTreeSet;

use super::{Fills, is_apart};
use crate::hir::visit::{self, Visit};
use crate::hir::{CmpOp, Comp, CompKind, Expr, ExprKind, NodeId, Stmt, StmtKind};
use crate::infer::Infer;
use crate::infer::solver::{CellId, Solver, Ty};

impl Infer<'_, '_> {
    /// Such lists, as far as their elements are objects of some size.
    pub(in crate::infer) fn lists_grouped(&mut self) -> Vec<CellId> {
        let ret = self.state.solver.get(self.state.ret);
        let solver = &self.state.solver;
        let (mut leaving, mut given) = (BTreeSet::new(), BTreeSet::new());
        lists_in(solver, &ret, &mut BTreeSet::new(), &mut leaving);
        let mut seen = BTreeSet::new();
        for param in &self.hir.params {
            lists_in(solver, &solver.get(self.state.vars[param.var]), &mut seen, &mut given);
        }
        let outside = |ty: &Ty| *ty == Ty::Obj;
        let fits = |cell: &CellId| {
            !given.contains(cell)
                && !solver.in_place(*cell)
                && is_apart(&solver.get(solver.elem(*cell)), &outside)
        };
        let candidates: BTreeSet<CellId> = leaving.into_iter().filter(fits).collect();
        if candidates.is_empty() || self.program.is_called(&self.func) {
            return Vec::new();
        }
        let solver = &self.state.solver;
        let nodes = &self.state.nodes;
        let list_at = |node: NodeId| {
            solver.get(*nodes.get(node)?).members().iter().find_map(|member| match member {
                Ty::List(cell) => Some(solver.cell_root(*cell)).filter(|cell| candidates.contains(cell)),
                _ => None,
            })
        };
        let mut uses = Uses { list_at: &list_at, filled: BTreeSet::new(), seen: BTreeSet::new(), loops: 0 };
        uses.block(&self.hir.body);
        let Uses { filled, seen, .. } = uses;
        filled.difference(&seen).copied().collect()
    }
}

/// The lists in a value, at any depth of lists, dicts and tuples. `seen`: a dict may hold itself.
fn lists_in(solver: &Solver, ty: &Ty, seen: &mut BTreeSet<CellId>, found: &mut BTreeSet<CellId>) {
    for member in ty.members() {
        match member {
            Ty::List(c) | Ty::Dict(c, _) => {
                let root = solver.cell_root(*c);
                if matches!(member, Ty::List(_)) {
                    found.insert(root);
                }
                if seen.insert(root) {
                    lists_in(solver, &solver.get(solver.value(root)), seen, found);
                    lists_in(solver, &solver.get(solver.elem(root)), seen, found);
                }
            }
            Ty::Tuple(items, _) => items.iter().for_each(|item| lists_in(solver, item, seen, found)),
            _ => {}
        }
    }
}

struct Uses<'a> {
    /// The list that the value of a node may be, if it is one of those in question.
    list_at: &'a dyn Fn(NodeId) -> Option<CellId>,
    /// Something is appended in a loop.
    filled: BTreeSet<CellId>,
    /// Used in any other way than being filled, counted or handed on.
    seen: BTreeSet<CellId>,
    loops: usize,
}

impl<'h> Fills<'h> for Uses<'_> {
    fn loops(&mut self) -> &mut usize {
        &mut self.loops
    }

    fn passes(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::If { test, body, orelse } => {
                self.tests(test);
                self.passes(body);
                self.passes(orelse);
            }
            ExprKind::Out(value) | ExprKind::Named { value, .. } => self.passes(value),
            ExprKind::Tuple(items) => items.iter().for_each(|item| self.passes(item)),
            ExprKind::Method { base, name, args, keywords }
                if name == "append" && args.len() == 1 && keywords.is_empty() =>
            {
                if let Some(cell) = (self.list_at)(base.id)
                    && self.loops > 0
                {
                    self.filled.insert(cell);
                }
                self.passes(base);
                args.iter().for_each(|arg| self.passes(arg));
            }
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                args.iter().for_each(|arg| self.passes(arg));
            }
            ExprKind::Compare { op: CmpOp::Is | CmpOp::IsNot, left, right } => {
                self.passes(left);
                self.passes(right);
            }
            // Of a dict: what it holds, or what it then holds.
            ExprKind::Method { base, name, args, keywords }
                if keywords.is_empty() && matches!(name.as_str(), "setdefault" | "get" | "pop") =>
            {
                self.expr(base);
                args.iter().for_each(|arg| self.passes(arg));
            }
            ExprKind::Local(_) | ExprKind::Index { .. } | ExprKind::List(_) | ExprKind::Narrow { .. } => {
                visit::walk_expr(self, e);
            }
            ExprKind::Comp(comp) if comp.kind == CompKind::List => visit::walk_expr(self, e),
            // `defaultdict(list)`
            ExprKind::New { arg: Some(arg), .. } => self.passes(arg),
            // What else makes such a list makes a native one.
            _ => {
                self.seen.extend((self.list_at)(e.id));
                visit::walk_expr(self, e);
            }
        }
    }
}

impl<'h> Visit<'h> for Uses<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                self.passes(value);
                targets.iter().for_each(|target| self.target(target));
            }
            StmtKind::Return(Some(e)) | StmtKind::Expr(e) => self.passes(e),
            _ => self.goes_on(stmt),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        if let Some(e) = &comp.extra {
            self.expr(e);
        }
        for generator in &comp.generators {
            self.iter(&generator.iter);
            self.target(&generator.target);
            generator.ifs.iter().for_each(|test| self.tests(test));
        }
        self.passes(&comp.element);
        for e in [&comp.value, &comp.key].into_iter().flatten() {
            self.passes(e);
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        self.seen.extend((self.list_at)(e.id));
        self.passes(e);
    }
}
