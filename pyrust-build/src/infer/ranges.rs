//! Which `int` variables are never negative: an index that is not needs no look at its sign.
//!
//! A variable qualifies if everything assigned to it does; starts from all and takes away until nothing changes.

use std::collections::BTreeSet;

use crate::hir::*;
use crate::ty::Type;

/// The variables of a function that are `int` and never negative.
pub fn never_negative(function: &Function, vars: &[Type], nodes: &[Type]) -> BTreeSet<VarId> {
    let params: BTreeSet<VarId> = function.params.iter().map(|p| p.var).collect();
    let mut good: BTreeSet<VarId> =
        (0..vars.len()).filter(|v| vars[*v] == Type::Int && !params.contains(v)).collect();
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

    fn block(&mut self, body: &[Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Assign { targets, value } => {
                    self.expr(value);
                    for target in targets {
                        match (&target.kind, &value.kind) {
                            (TargetKind::Var(v), _) => self.assign(*v, self.yes(value)),
                            (TargetKind::Tuple(items), ExprKind::Tuple(values))
                                if items.len() == values.len() =>
                            {
                                for (t, e) in items.iter().zip(values) {
                                    self.target(t, self.yes(e));
                                }
                            }
                            _ => self.target(target, false),
                        }
                    }
                }
                StmtKind::AugAssign { target, value, .. } => {
                    self.target(target, false);
                    self.expr(value);
                }
                StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                    self.expr(test);
                    self.block(body);
                    self.block(orelse);
                }
                StmtKind::For { target, iter, body, orelse } => {
                    self.iterate(target, iter);
                    self.block(body);
                    self.block(orelse);
                }
                StmtKind::Expr(e) | StmtKind::Return(Some(e)) | StmtKind::Assert { test: e, .. } => {
                    self.expr(e)
                }
                StmtKind::Try { body, handlers, orelse, finalbody } => {
                    self.block(body);
                    handlers.iter().for_each(|h| self.block(&h.body));
                    self.block(orelse);
                    self.block(finalbody);
                }
                StmtKind::Narrow(narrows) => narrows.iter().for_each(|n| self.assign(n.to, false)),
                StmtKind::Return(None)
                | StmtKind::Delete(_)
                | StmtKind::Forget(_)
                | StmtKind::Raise { .. }
                | StmtKind::Reraise
                | StmtKind::Break
                | StmtKind::Continue
                | StmtKind::Pass => {}
            }
        }
    }

    fn assign(&mut self, var: VarId, good: bool) {
        if !good && self.good.contains(&var) {
            self.bad.insert(var);
        }
    }

    fn target(&mut self, target: &Target, good: bool) {
        match &target.kind {
            TargetKind::Var(v) => self.assign(*v, good),
            TargetKind::Tuple(items) => items.iter().for_each(|t| self.target(t, false)),
            TargetKind::Starred { before, star, after } => {
                before.iter().chain([&**star]).chain(after).for_each(|t| self.target(t, false));
            }
            TargetKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            TargetKind::Slice { base, lower, upper, step } => {
                self.expr(base);
                [lower, upper, step].into_iter().flatten().for_each(|e| self.expr(e));
            }
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
                self.target(target, good);
            }
            IterKind::Enumerate { inner, start } => {
                let good = start.as_ref().is_none_or(|s| self.yes(s));
                match &target.kind {
                    TargetKind::Tuple(items) if items.len() == 2 => {
                        self.target(&items[0], good);
                        self.iterate(&items[1], inner);
                    }
                    _ => self.target(target, false),
                }
            }
            IterKind::Zip(inner) => match &target.kind {
                TargetKind::Tuple(items) if items.len() == inner.len() => {
                    items.iter().zip(inner).for_each(|(t, i)| self.iterate(t, i));
                }
                _ => self.target(target, false),
            },
            IterKind::Comp(comp) => {
                self.comp(comp);
                self.target(target, false);
            }
            IterKind::ZipStar(e)
            | IterKind::Reversed(e)
            | IterKind::Items(e)
            | IterKind::Values(e)
            | IterKind::Keys(e)
            | IterKind::Expr(e) => {
                self.expr(e);
                self.target(target, false);
            }
        }
    }

    fn comp(&mut self, comp: &Comp) {
        for g in &comp.generators {
            self.iterate(&g.target, &g.iter);
            g.ifs.iter().for_each(|e| self.expr(e));
        }
        for e in [Some(&comp.element), comp.value.as_ref(), comp.extra.as_ref(), comp.key.as_ref()] {
            e.into_iter().for_each(|e| self.expr(e));
        }
    }

    /// Assignments inside expressions.
    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Named { var, value } => {
                self.expr(value);
                self.assign(*var, self.yes(value));
            }
            ExprKind::Comp(comp) => self.comp(comp),
            ExprKind::Narrow { narrows, body } => {
                narrows.iter().for_each(|n| self.assign(n.to, false));
                self.expr(body);
            }
            ExprKind::Lambda { params, body } => {
                params.iter().for_each(|v| self.assign(*v, false));
                self.expr(body);
            }
            _ => crate::lower::webs::children(e, &mut |c| self.expr(c)),
        }
    }
}
