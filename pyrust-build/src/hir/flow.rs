//! Where control can go, as far as the structure and what is known of the conditions tell.

use super::{Expr, ExprKind, Stmt, StmtKind};

/// What a condition always is, if that is known.
pub type Decide<'d> = &'d dyn Fn(&Expr) -> Option<bool>;

/// Can control reach the end of the block? Nothing is known of the conditions.
pub fn can_fall_off(body: &[Stmt]) -> bool {
    falls_off(body, &|_| None)
}

/// Can control reach the end of the block?
pub fn falls_off(body: &[Stmt], decide: Decide<'_>) -> bool {
    body.iter().all(|s| passes(s, decide))
}

fn passes(stmt: &Stmt, decide: Decide<'_>) -> bool {
    match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Reraise => false,
        StmtKind::Break | StmtKind::Continue => false,
        StmtKind::If { test, body, orelse } => match decide(test) {
            Some(true) => falls_off(body, decide),
            Some(false) => falls_off(orelse, decide),
            None => falls_off(body, decide) || falls_off(orelse, decide),
        },
        StmtKind::While { test, body, orelse } => {
            let always = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
            match decide(test) {
                Some(false) => falls_off(orelse, decide),
                _ if always => has_break(body, decide),
                _ => falls_off(orelse, decide) || has_break(body, decide),
            }
        }
        StmtKind::For { body, orelse, .. } => falls_off(orelse, decide) || has_break(body, decide),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let falls = (falls_off(body, decide) && falls_off(orelse, decide))
                || handlers.iter().any(|h| falls_off(&h.body, decide));
            falls && falls_off(finalbody, decide)
        }
        _ => true,
    }
}

/// Does the loop body contain a `break` of this loop that can be reached?
fn has_break(body: &[Stmt], decide: Decide<'_>) -> bool {
    let found = |body: &[Stmt]| has_break(body, decide);
    body.iter().any(|s| match &s.kind {
        StmtKind::Break => true,
        StmtKind::If { test, body, orelse } => match decide(test) {
            Some(true) => found(body),
            Some(false) => found(orelse),
            None => found(body) || found(orelse),
        },
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            found(finalbody) || found(body) || found(orelse) || handlers.iter().any(|h| found(&h.body))
        }
        StmtKind::While { orelse, .. } | StmtKind::For { orelse, .. } => found(orelse),
        _ => false,
    })
}
