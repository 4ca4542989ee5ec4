//! `xs[0] + (xs := [2])[0]`: an operand that was read before a `:=` of the same expression rebinds its variable.
//!
//! Emitted operands name variables where they stand, so the value that Python has put aside would be lost. Such
//! expressions are refused; web splitting makes them rare, since what is rebound is usually another web.

use std::collections::BTreeSet;

use super::webs::{Rewrite, children};
use crate::hir::*;
use crate::source::Span;

/// The first such `:=`, and its variable.
pub(super) fn rebound_operand(function: &Function) -> Option<(Span, VarId)> {
    let mut body = function.body.clone();
    // Most functions have none.
    let mut named = false;
    expressions(&mut body, &mut |e| named |= !assigned(e, &function.vars).is_empty());
    if !named {
        return None;
    }
    let mut found = None;
    operations(&mut body, &mut |operands| {
        if found.is_none() {
            found = rebound_in(operands, &function.vars);
        }
    });
    found
}

/// Looks at the operands of one operation, in the order of their evaluation, and below them.
fn rebound_in(operands: &[Expr], vars: &[Var]) -> Option<(Span, VarId)> {
    let mut read: BTreeSet<VarId> = BTreeSet::new();
    for e in operands {
        if let Some(hit) = assigned(e, vars).into_iter().find(|(_, var)| read.contains(var)) {
            return Some(hit);
        }
        if let Some(hit) = rebound_below(e, vars) {
            return Some(hit);
        }
        let mut note = |_: NodeId, var: &mut VarId| {
            read.insert(*var);
        };
        Rewrite { read: &mut note, define: &mut |_, _| {} }.expr(&mut e.clone());
    }
    None
}

fn rebound_below(e: &Expr, vars: &[Var]) -> Option<(Span, VarId)> {
    let one = |e: &Expr| rebound_in(std::slice::from_ref(e), vars);
    match &e.kind {
        // One side is done with before the other begins.
        ExprKind::Bool2 { left, right, .. } => one(left).or_else(|| one(right)),
        ExprKind::If { test, body, orelse } => one(test).or_else(|| one(body)).or_else(|| one(orelse)),
        ExprKind::Comp(comp) => {
            let mut first: Vec<Expr> = comp.generators[0].iter.exprs().into_iter().cloned().collect();
            first.extend(comp.extra.clone());
            let tests = comp.generators.iter().flat_map(|g| &g.ifs);
            let key_and_value: Vec<Expr> =
                std::iter::once(&comp.element).chain(&comp.value).cloned().collect();
            rebound_in(&first, vars)
                .or_else(|| tests.chain(&comp.key).find_map(one))
                .or_else(|| rebound_in(&key_and_value, vars))
        }
        _ => {
            let mut below = Vec::new();
            children(e, &mut |child| below.push(child.clone()));
            rebound_in(&below, vars)
        }
    }
}

/// The `:=` in an expression, without those that lowering made.
fn assigned(e: &Expr, vars: &[Var]) -> Vec<(Span, VarId)> {
    let mut out = Vec::new();
    named(e, &mut |span, var| {
        if !vars[var].name.starts_with("_tmp") {
            out.push((span, var));
        }
    });
    out
}

fn named(e: &Expr, f: &mut dyn FnMut(Span, VarId)) {
    match &e.kind {
        ExprKind::Named { var, value } => {
            f(e.span, *var);
            named(value, f);
        }
        ExprKind::Comp(comp) => {
            for g in &comp.generators {
                g.iter.exprs().into_iter().chain(&g.ifs).for_each(|e| named(e, f));
            }
            let rest = [Some(&comp.element), comp.value.as_ref(), comp.extra.as_ref(), comp.key.as_ref()];
            rest.into_iter().flatten().for_each(|e| named(e, f));
        }
        _ => children(e, &mut |child| named(child, f)),
    }
}

fn expressions(body: &mut [Stmt], f: &mut dyn FnMut(&Expr)) {
    operations(body, &mut |operands| operands.iter().for_each(&mut *f));
}

/// Calls `f` with the expressions of each statement that are evaluated one after the other.
fn operations(body: &mut [Stmt], f: &mut dyn FnMut(&[Expr])) {
    for stmt in body {
        match &mut stmt.kind {
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) | StmtKind::Assert { test: e, .. } => {
                f(std::slice::from_ref(e));
            }
            StmtKind::Assign { targets, value } => {
                f(std::slice::from_ref(value));
                targets.iter().for_each(|t| f(&parts(t)));
            }
            StmtKind::AugAssign { target, value, .. } => {
                let mut operands = parts(target);
                operands.push(value.clone());
                f(&operands);
            }
            StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                f(std::slice::from_ref(test));
                operations(body, f);
                operations(orelse, f);
            }
            StmtKind::For { target, iter, body, orelse } => {
                match &iter.kind {
                    IterKind::Comp(comp) => {
                        f(&[Expr { kind: ExprKind::Comp(comp.clone()), span: iter.span, id: iter.id }])
                    }
                    _ => f(&iter.exprs().into_iter().cloned().collect::<Vec<_>>()),
                }
                f(&parts(target));
                operations(body, f);
                operations(orelse, f);
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                operations(body, f);
                handlers.iter_mut().for_each(|h| operations(&mut h.body, f));
                operations(orelse, f);
                operations(finalbody, f);
            }
            StmtKind::Delete(targets) => targets.iter().for_each(|t| f(&parts(t))),
            _ => {}
        }
    }
}

fn parts(target: &Target) -> Vec<Expr> {
    match &target.kind {
        TargetKind::Var(_) => Vec::new(),
        TargetKind::Tuple(items) => items.iter().flat_map(parts).collect(),
        TargetKind::Starred { before, star, after } => {
            before.iter().chain([&**star]).chain(after).flat_map(parts).collect()
        }
        TargetKind::Index { base, index } => vec![base.clone(), index.clone()],
        TargetKind::Slice { base, lower, upper, step } => {
            let bounds = [lower, upper, step].into_iter().flatten().map(|e| (**e).clone());
            std::iter::once(base.clone()).chain(bounds).collect()
        }
    }
}
