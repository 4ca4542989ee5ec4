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
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Reraise | StmtKind::Bail => false,
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

/// The ways out of a block that do not bail and raise nothing.
#[derive(Clone, Copy, Default)]
struct Ways {
    falls: bool,
    returns: bool,
    breaks: bool,
    continues: bool,
}

impl Ways {
    fn or(self, other: Ways) -> Ways {
        Ways {
            falls: self.falls || other.falls,
            returns: self.returns || other.returns,
            breaks: self.breaks || other.breaks,
            continues: self.continues || other.continues,
        }
    }

    fn any(self) -> bool {
        self.falls || self.returns || self.breaks || self.continues
    }
}

/// Is there a way through the function that meets no [`StmtKind::Bail`]? Loops may run no times.
pub fn can_complete(body: &[Stmt]) -> bool {
    let ways = ways(body);
    ways.falls || ways.returns
}

fn ways(body: &[Stmt]) -> Ways {
    let mut out = Ways { falls: true, ..Ways::default() };
    for stmt in body {
        let next = way(stmt);
        out = Ways { falls: false, ..out }.or(next);
        if !next.falls {
            return Ways { falls: false, ..out };
        }
    }
    out
}

fn way(stmt: &Stmt) -> Ways {
    let none = Ways::default();
    match &stmt.kind {
        StmtKind::Return(_) => Ways { returns: true, ..none },
        StmtKind::Break => Ways { breaks: true, ..none },
        StmtKind::Continue => Ways { continues: true, ..none },
        StmtKind::Raise { .. } | StmtKind::Reraise | StmtKind::Bail => none,
        StmtKind::If { body, orelse, .. } => ways(body).or(ways(orelse)),
        StmtKind::While { test, body, orelse } => {
            let (inside, behind) = (ways(body), ways(orelse));
            let ends = !matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
            looped(inside, if ends { behind } else { none })
        }
        StmtKind::For { body, orelse, .. } => looped(ways(body), ways(orelse)),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let starts = !matches!(body.first().map(|s| &s.kind), Some(StmtKind::Bail));
            let mut out = ways(body);
            if out.falls {
                out = Ways { falls: false, ..out }.or(ways(orelse));
            }
            if starts {
                out = handlers.iter().fold(out, |acc, h| acc.or(ways(&h.body)));
            }
            let last = ways(finalbody);
            match last.falls {
                true => Ways { falls: out.falls, ..out.or(last) },
                // A jump out of `finally` takes exceptions along.
                false if starts || out.any() => last,
                false => none,
            }
        }
        StmtKind::Expr(_)
        | StmtKind::Assign { .. }
        | StmtKind::AugAssign { .. }
        | StmtKind::Delete(_)
        | StmtKind::Narrow(_)
        | StmtKind::Forget { .. }
        | StmtKind::Pass => Ways { falls: true, ..none },
    }
}

/// A loop whose normal end goes on as `behind`.
fn looped(inside: Ways, behind: Ways) -> Ways {
    Ways {
        falls: behind.falls || inside.breaks,
        returns: behind.returns || inside.returns,
        breaks: behind.breaks,
        continues: behind.continues,
    }
}
