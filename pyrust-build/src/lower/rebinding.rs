//! `xs[0] + (xs := [2])[0]`: an operand that was read before a `:=` of the same expression rebinds its variable.
//!
//! Emitted operands name variables where they stand, so the value that Python has put aside would be lost. Such
//! expressions are refused; web splitting makes them rare, since what is rebound is usually another web.

use std::collections::BTreeSet;

use crate::hir::visit::{children, each_expr, iter_children, reads, target_children};
use crate::hir::*;
use crate::source::Span;

/// The first such `:=`, and its variable.
pub(super) fn rebound_operand(function: &Function) -> Option<(Span, VarId)> {
    // Most functions have none.
    let mut named = false;
    each_expr(&function.body, &mut |e| named |= is_named(e, &function.vars));
    if !named {
        return None;
    }
    let mut found = None;
    operations(&function.body, &mut |operands| {
        if found.is_none() {
            found = rebound_in(operands, &function.vars);
        }
    });
    found
}

/// Looks at the operands of one operation, in the order of their evaluation, and below them.
fn rebound_in(operands: &[&Expr], vars: &[Var]) -> Option<(Span, VarId)> {
    let mut read: BTreeSet<VarId> = BTreeSet::new();
    for e in operands {
        if let Some(hit) = assigned(e, vars).into_iter().find(|(_, var)| read.contains(var)) {
            return Some(hit);
        }
        if let Some(hit) = rebound_below(e, vars) {
            return Some(hit);
        }
        read.extend(reads(*e));
    }
    None
}

fn rebound_below(e: &Expr, vars: &[Var]) -> Option<(Span, VarId)> {
    let one = |e: &Expr| rebound_in(&[e], vars);
    match &e.kind {
        // One side is done with before the other begins.
        ExprKind::Bool2 { left, right, .. } => one(left).or_else(|| one(right)),
        ExprKind::If { test, body, orelse } => one(test).or_else(|| one(body)).or_else(|| one(orelse)),
        ExprKind::Comp(comp) => {
            let mut first = iter_children(&comp.generators[0].iter);
            first.extend(&comp.extra);
            let tests = comp.generators.iter().flat_map(|g| &g.ifs);
            let later = comp.generators[1..].iter().flat_map(|g| iter_children(&g.iter));
            let key_and_value: Vec<&Expr> = std::iter::once(&comp.element).chain(&comp.value).collect();
            rebound_in(&first, vars)
                .or_else(|| tests.chain(&comp.key).chain(later).find_map(one))
                .or_else(|| rebound_in(&key_and_value, vars))
        }
        _ => rebound_in(&children(e), vars),
    }
}

/// The `:=` in an expression, without those that lowering made.
fn assigned(e: &Expr, vars: &[Var]) -> Vec<(Span, VarId)> {
    let mut out = Vec::new();
    each_expr(e, &mut |e| {
        if let ExprKind::Named { var, .. } = e.kind
            && is_named(e, vars)
        {
            out.push((e.span, var));
        }
    });
    out
}

fn is_named(e: &Expr, vars: &[Var]) -> bool {
    matches!(e.kind, ExprKind::Named { var, .. } if !vars[var].name.starts_with("_tmp"))
}

/// Calls `f` with the expressions of each statement that are evaluated one after the other.
fn operations<'h>(body: &'h [Stmt], f: &mut dyn FnMut(&[&'h Expr])) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) => f(&[e]),
            StmtKind::Raise { args, .. } => f(&args.iter().collect::<Vec<_>>()),
            StmtKind::Assign { targets, value } => {
                f(&[value]);
                targets.iter().for_each(|t| f(&target_children(t)));
            }
            StmtKind::AugAssign { target, value, .. } => {
                let mut operands = target_children(target);
                operands.push(value);
                f(&operands);
            }
            StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                f(&[test]);
                operations(body, f);
                operations(orelse, f);
            }
            StmtKind::For { target, iter, body, orelse } => {
                f(&iter_children(iter));
                f(&target_children(target));
                operations(body, f);
                operations(orelse, f);
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                operations(body, f);
                handlers.iter().for_each(|h| operations(&h.body, f));
                operations(orelse, f);
                operations(finalbody, f);
            }
            StmtKind::Leave { generator, .. } => f(&[generator]),
            StmtKind::Delete(targets) => targets.iter().for_each(|t| f(&target_children(t))),
            StmtKind::Return(None)
            | StmtKind::Narrow(_)
            | StmtKind::Caught { .. }
            | StmtKind::Forget { .. }
            | StmtKind::Bail
            | StmtKind::Reraise
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Enter(_)
            | StmtKind::Pass => {}
        }
    }
}
