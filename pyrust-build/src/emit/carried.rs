//! In which order `min(a, b, c)` compares ints. Which of several equal ints comes out cannot be told, so what the turn before
//! has computed is compared last: only that comparison waits for it.
//!
//! ```python
//! current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
//! # let a = …; let b = …; let c = …;  the least of a and c, then that and b
//! ```
//!
//! And what the turn before has stored into a list is kept in a variable, where each turn stores to the place behind and
//! nowhere else: a load of what has just been stored waits for the store.
//!
//! ```python
//! for j in range(1, n):
//!     row[j] = max(above[j], row[j - 1])     # carried = max(above.get(j), carried); row.set(j, carried)
//! ```

use super::Func;
use super::inside::Sum;
use super::pieces::appended;
use super::types::Val;
use crate::hir::visit::{Visit, each_expr, walk_stmt, walk_target};
use crate::hir::{Expr, ExprKind, Stmt, StmtKind, Target, TargetKind};
use crate::ty::Type;

/// The lists to which a loop writes, as the text names them.
#[derive(Default)]
struct Written(Vec<Expr>);

impl<'h> Visit<'h> for Written {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::Expr(e) = &stmt.kind
            && appended(e).is_some()
            && let ExprKind::Method { base, .. } = &e.kind
        {
            self.0.push((**base).clone());
        }
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        if let TargetKind::Index { base, .. } = &target.kind {
            self.0.push(base.clone());
        }
        walk_target(self, target);
    }
}

/// Places that are stored to.
struct Places<'h>(Vec<(&'h Expr, &'h Expr)>);

impl<'h> Visit<'h> for Places<'h> {
    fn target(&mut self, target: &'h Target) {
        if let TargetKind::Index { base, index } = &target.kind {
            self.0.push((base, index));
        }
        walk_target(self, target);
    }
}

/// Do both say the same? Of what names lists; of anything else that is not known.
pub(super) fn same(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Local(a), ExprKind::Local(b)) => a == b,
        (ExprKind::Global(a), ExprKind::Global(b)) => a == b,
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Index { base: a, index: i }, ExprKind::Index { base: b, index: j }) => {
            same(a, b) && same(i, j)
        }
        (
            ExprKind::Binary { op, left, right },
            ExprKind::Binary { op: other, left: other_left, right: other_right },
        ) => op == other && same(left, other_left) && same(right, other_right),
        _ => false,
    }
}

/// What a loop with this body writes to.
pub(super) fn written(body: &[Stmt]) -> Vec<Expr> {
    let mut written = Written::default();
    written.block(body);
    written.0
}

/// The place that each turn of a loop stores to once, while nothing else is written to.
pub(super) struct Stored {
    base: Expr,
    index: Expr,
    /// So many statements store.
    pub(super) times: usize,
}

impl Stored {
    /// How far a place of the same list lies before it, as sums of the turn and of what stays.
    pub(super) fn ahead(
        &self,
        base: &Expr,
        index: &Expr,
        sum: impl Fn(&Expr) -> Option<Sum>,
    ) -> Option<i128> {
        if !same(&self.base, base) {
            return None;
        }
        let (stored, place) = (sum(&self.index)?, sum(index)?);
        let alike = stored.turns == 1 && place.turns == 1 && stored.terms == place.terms;
        alike.then_some(stored.constant - place.constant)
    }

    /// How often statements store to it on each way to their end; none if that differs, or is not known.
    fn times_on(&self, body: &[Stmt]) -> Option<Times> {
        let mut times = Times { on_each_way: Some(0), in_all: 0 };
        for stmt in body {
            let here = match &stmt.kind {
                StmtKind::Assign { targets, .. } => {
                    let stores = targets.iter().filter(|target| self.is_place(target)).count();
                    Times { on_each_way: Some(stores), in_all: stores }
                }
                StmtKind::AugAssign { target, .. } => {
                    let stores = usize::from(self.is_place(target));
                    Times { on_each_way: Some(stores), in_all: stores }
                }
                StmtKind::If { body, orelse, .. } => {
                    let (one, other) = (self.times_on(body)?, self.times_on(orelse)?);
                    let on_each_way = match (one.on_each_way, other.on_each_way) {
                        (Some(a), Some(b)) if a != b => return None,
                        (a, b) => a.or(b),
                    };
                    Times { on_each_way, in_all: one.in_all + other.in_all }
                }
                // Nobody reads it after that.
                StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Bail => {
                    Times { on_each_way: None, in_all: 0 }
                }
                StmtKind::Expr(_) | StmtKind::Narrow(_) | StmtKind::Pass => {
                    Times { on_each_way: Some(0), in_all: 0 }
                }
                _ => return None,
            };
            times.in_all += here.in_all;
            times.on_each_way = times.on_each_way.zip(here.on_each_way).map(|(a, b)| a + b);
        }
        Some(times)
    }

    fn is_place(&self, target: &Target) -> bool {
        match &target.kind {
            TargetKind::Index { base, index } => same(base, &self.base) && same(index, &self.index),
            _ => false,
        }
    }
}

/// How often statements store to a place: on each way to their end, if there is one, and in all.
struct Times {
    on_each_way: Option<usize>,
    in_all: usize,
}

impl Func<'_, '_, '_> {
    /// The place that each turn of an innermost loop with this body stores to, if there is one.
    pub(super) fn stored(&self, body: &[Stmt]) -> Option<Stored> {
        let mut places = Places(Vec::new());
        places.block(body);
        let (base, index) = places.0.into_iter().next()?;
        let stored = Stored { base: base.clone(), index: index.clone(), times: 0 };
        let times = stored.times_on(body)?;
        let once = times.on_each_way == Some(1) && self.computes(body, (base, index));
        once.then_some(Stored { times: times.in_all, ..stored })
    }

    /// The arguments of `min` or `max`, which are all ints, in the order of the comparisons.
    pub(super) fn in_order(&self, args: &[Expr], vals: Vec<Val>) -> Vec<Val> {
        if vals.iter().any(|val| val.ty != Type::Int) {
            return vals;
        }
        let mut all: Vec<_> = args.iter().map(|arg| self.is_carried(arg)).zip(vals).collect();
        all.sort_by_key(|(carried, _)| *carried);
        all.into_iter().map(|(_, val)| val).collect()
    }

    /// Does it read a list to which the innermost loop writes?
    fn is_carried(&self, e: &Expr) -> bool {
        let mut found = false;
        each_expr(e, &mut |e| {
            if let ExprKind::Index { base, .. } = &e.kind {
                found |= self.written.iter().any(|written| same(written, base));
            }
        });
        found
    }
}
