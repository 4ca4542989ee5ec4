//! Which `int` variables are never negative: an index that is not needs no look at its sign.
//!
//! A variable qualifies if everything assigned to it does; starts from all and takes away until nothing changes.

use std::collections::BTreeSet;

use crate::hir::visit::{self, Visit};
use crate::hir::*;
use crate::ty::Type;

/// The variables of a function that are `int` and never negative.
pub fn never_negative(function: &Function, vars: &[Type], nodes: &[Type]) -> BTreeSet<VarId> {
    let params: BTreeSet<VarId> = function.params.iter().map(|p| p.var).collect();
    let mut good: BTreeSet<VarId> =
        (0..vars.len()).filter(|v| vars[*v] == Type::Int && !params.contains(v)).collect();
    // What is shared may be assigned by other functions.
    good.retain(|v| !function.vars[*v].cell);
    loop {
        let mut scan = Scan { good: &good, nodes, bad: BTreeSet::new() };
        scan.block(&function.body);
        let bad = scan.bad;
        if bad.is_empty() {
            return good;
        }
        good = good.difference(&bad).copied().collect();
    }
}

/// True if an expression of type `int` cannot be negative.
pub fn is_never_negative(e: &Expr, good: &BTreeSet<VarId>, nodes: &[Type]) -> bool {
    if nodes[e.id] != Type::Int {
        return false;
    }
    let yes = |e: &Expr| is_never_negative(e, good, nodes);
    let positive = |e: &Expr| matches!(e.kind, ExprKind::Int(i) if i > 0);
    match &e.kind {
        ExprKind::Int(i) => *i >= 0,
        ExprKind::Local(v) => good.contains(v),
        // Results beyond 64 bits bail, so sums and products of such stay such.
        ExprKind::Binary { op: BinOp::Add | BinOp::Mult | BinOp::BitOr, left, right }
        | ExprKind::InPlace { op: BinOp::Add | BinOp::Mult | BinOp::BitOr, left, right } => {
            yes(left) && yes(right)
        }
        ExprKind::Binary { op: BinOp::FloorDiv | BinOp::RShift, left, right }
        | ExprKind::InPlace { op: BinOp::FloorDiv | BinOp::RShift, left, right } => yes(left) && yes(right),
        ExprKind::Binary { op: BinOp::Mod, right, .. } | ExprKind::InPlace { op: BinOp::Mod, right, .. } => {
            positive(right)
        }
        ExprKind::Binary { op: BinOp::BitAnd, left, right } => yes(left) || yes(right),
        ExprKind::If { body, orelse, .. } => yes(body) && yes(orelse),
        ExprKind::Call { name, args, .. } => match (name.as_str(), args.as_slice()) {
            ("len" | "ord", [_]) => true,
            ("min" | "max", [_, _, ..]) => args.iter().all(yes),
            _ => false,
        },
        _ => false,
    }
}

struct Scan<'a> {
    good: &'a BTreeSet<VarId>,
    nodes: &'a [Type],
    bad: BTreeSet<VarId>,
}

impl Scan<'_> {
    fn yes(&self, e: &Expr) -> bool {
        is_never_negative(e, self.good, self.nodes)
    }

    fn assign(&mut self, var: VarId, good: bool) {
        if !good && self.good.contains(&var) {
            self.bad.insert(var);
        }
    }

    /// A value goes to a target.
    fn store(&mut self, target: &Target, good: bool) {
        match &target.kind {
            TargetKind::Var(v) => self.assign(*v, good),
            _ => visit::walk_target(self, target),
        }
    }

    /// Elements of an iterable go to a target.
    fn iterate(&mut self, target: &Target, iter: &Iter) {
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                for e in start.iter().chain([stop]).chain(step) {
                    self.expr(e);
                }
                let up = step.as_ref().is_none_or(|s| matches!(s.kind, ExprKind::Int(i) if i > 0));
                let good = up && start.as_ref().is_none_or(|s| self.yes(s));
                self.store(target, good);
            }
            IterKind::Enumerate { inner, start } => {
                let good = start.as_ref().is_none_or(|s| self.yes(s));
                match &target.kind {
                    TargetKind::Tuple(items) if items.len() == 2 => {
                        self.store(&items[0], good);
                        self.iterate(&items[1], inner);
                    }
                    _ => self.store(target, false),
                }
            }
            IterKind::Zip(inner) => match &target.kind {
                TargetKind::Tuple(items) if items.len() == inner.len() => {
                    items.iter().zip(inner).for_each(|(t, i)| self.iterate(t, i));
                }
                _ => self.store(target, false),
            },
            IterKind::Tool { .. } => {
                visit::walk_iter(self, iter);
                self.store(target, false);
            }
            IterKind::Comp(comp) => {
                self.comp(comp);
                self.store(target, false);
            }
            IterKind::ZipStar(e)
            | IterKind::Reversed(e)
            | IterKind::Items(e)
            | IterKind::ReversedItems(e)
            | IterKind::ReversedValues(e)
            | IterKind::Values(e)
            | IterKind::Keys(e)
            | IterKind::Expr(e) => {
                self.expr(e);
                self.store(target, false);
            }
        }
    }
}

impl<'h> Visit<'h> for Scan<'_> {
    /// Whatever is not told apart below may be negative.
    fn define(&mut self, _: NodeId, var: &'h VarId) {
        self.assign(*var, false);
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                for target in targets {
                    match (&target.kind, &value.kind) {
                        (TargetKind::Tuple(items), ExprKind::Tuple(values))
                            if items.len() == values.len() =>
                        {
                            for (t, e) in items.iter().zip(values) {
                                self.store(t, self.yes(e));
                            }
                        }
                        _ => self.store(target, self.yes(value)),
                    }
                }
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.iterate(target, iter);
                self.block(body);
                self.block(orelse);
            }
            _ => visit::walk_stmt(self, stmt),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        for g in &comp.generators {
            self.iterate(&g.target, &g.iter);
            g.ifs.iter().for_each(|e| self.expr(e));
        }
        for e in [Some(&comp.element), comp.value.as_ref(), comp.extra.as_ref(), comp.key.as_ref()] {
            e.into_iter().for_each(|e| self.expr(e));
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Named { var, value } => {
                self.expr(value);
                self.assign(*var, self.yes(value));
            }
            _ => visit::walk_expr(self, e),
        }
    }
}
