//! How deep the loops of a function nest.

use crate::hir::visit::children;
use crate::hir::{Expr, ExprKind as E, Stmt, StmtKind as S};

/// How deep loops nest.
pub fn loop_depth(body: &[Stmt]) -> usize {
    let deepest = |blocks: &[&[Stmt]]| blocks.iter().map(|b| loop_depth(b)).max().unwrap_or(0);
    body.iter()
        .map(|s| match &s.kind {
            S::For { body, orelse, .. } | S::While { body, orelse, .. } => 1 + deepest(&[body, orelse]),
            S::If { body, orelse, .. } => deepest(&[body, orelse]),
            S::Try { body, handlers, orelse, .. } => {
                deepest(&[body, orelse]).max(handlers.iter().map(|h| loop_depth(&h.body)).max().unwrap_or(0))
            }
            // A comprehension is a loop of its own.
            S::Return(Some(e)) | S::Expr(e) | S::Assign { value: e, .. } => comp_depth(e),
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}

fn comp_depth(e: &Expr) -> usize {
    if let E::Comp(comp) = &e.kind {
        return comp.generators.len() + comp_depth(&comp.element);
    }
    children(e).into_iter().map(comp_depth).max().unwrap_or(0)
}
