//! Places that are not compiled, moved to where they take the least away: what cannot be evaluated without getting to
//! one is one itself, up to the statement. What remains inside an expression is evaluated on a condition.

use std::collections::BTreeSet;

use super::visit::{self, VisitMut};
use super::{Expr, ExprKind, NodeId, Stmt, StmtKind};
use crate::source::Span;

/// What is not compiled: expressions by their node, statements by their span.
#[derive(Debug, Default)]
pub struct Places {
    pub nodes: BTreeSet<NodeId>,
    pub statements: BTreeSet<Span>,
}

/// Turns the places into `Bail`, and whatever cannot be evaluated without them.
pub fn sink(body: &mut Vec<Stmt>, places: &Places) {
    Sink { places, bails: false }.block(body);
}

struct Sink<'p> {
    places: &'p Places,
    /// What has been looked at since this was reset cannot be evaluated without getting to a place. A comprehension is
    /// taken to run at least once.
    bails: bool,
}

impl Sink<'_> {
    /// Sinks inside the expression; true if it cannot be evaluated without getting to a place.
    fn within(&mut self, e: &mut Expr) -> bool {
        let outside = std::mem::replace(&mut self.bails, false);
        self.expr(e);
        std::mem::replace(&mut self.bails, outside)
    }
}

impl VisitMut for Sink<'_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        for stmt in body.iter_mut() {
            let outside = std::mem::replace(&mut self.bails, false);
            // The blocks inside reset what they found.
            self.stmt(stmt);
            let given = self.places.statements.contains(&stmt.span)
                && !matches!(
                    stmt.kind,
                    StmtKind::Narrow(_) | StmtKind::Caught { .. } | StmtKind::Forget { .. }
                );
            if given || self.bails {
                stmt.kind = StmtKind::Bail;
            }
            self.bails = outside;
        }
        if let Some(at) = body.iter().position(|s| matches!(s.kind, StmtKind::Bail)) {
            body.truncate(at + 1);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        if self.places.nodes.contains(&e.id) {
            e.kind = ExprKind::Bail;
        }
        match &mut e.kind {
            ExprKind::Bail => self.bails = true,
            ExprKind::Bool2 { left, right, .. } => {
                self.expr(left);
                if self.within(right) {
                    right.kind = ExprKind::Bail;
                }
            }
            ExprKind::If { test, body, orelse } => {
                self.expr(test);
                let (yes, no) = (self.within(body), self.within(orelse));
                self.bails |= yes && no;
                if yes {
                    body.kind = ExprKind::Bail;
                }
                if no {
                    orelse.kind = ExprKind::Bail;
                }
            }
            _ => visit::walk_expr_mut(self, e),
        }
    }
}
