//! Where control can go, as far as the structure tells.

use super::{ExprKind, Stmt, StmtKind};

/// Can control reach the end of the block?
pub fn can_fall_off(body: &[Stmt]) -> bool {
    let Some(last) = body.last() else { return true };
    match &last.kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Reraise => false,
        StmtKind::Break | StmtKind::Continue => false,
        StmtKind::If { body, orelse, .. } => can_fall_off(body) || can_fall_off(orelse),
        StmtKind::While { test, body, orelse } => {
            let always = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
            if always { has_break(body) } else { can_fall_off(orelse) || has_break(body) }
        }
        StmtKind::For { body, orelse, .. } => can_fall_off(orelse) || has_break(body),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let falls = (can_fall_off(body) && can_fall_off(orelse))
                || handlers.iter().any(|h| can_fall_off(&h.body));
            falls && can_fall_off(finalbody)
        }
        _ => true,
    }
}

/// Does the loop body contain a `break` of this loop?
fn has_break(body: &[Stmt]) -> bool {
    body.iter().any(|s| match &s.kind {
        StmtKind::Break => true,
        StmtKind::If { body, orelse, .. } => has_break(body) || has_break(orelse),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            has_break(finalbody)
                || has_break(body)
                || has_break(orelse)
                || handlers.iter().any(|h| has_break(&h.body))
        }
        StmtKind::While { orelse, .. } | StmtKind::For { orelse, .. } => has_break(orelse),
        _ => false,
    })
}
