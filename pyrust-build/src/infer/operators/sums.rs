//! `sum(items)` of instances without a start: what `0 + item`, and `+` with all that follow, makes of them.
//!
//! ```text
//! sum(items)  →  (n := 0, [acc := 0 + x if n == 0 else acc + x, n := 1 for x in items], acc if n == 1 else BAIL)[-1]
//! ```
//!
//! Of no items at all `sum` gives the int 0, which is left to Python.

use super::settle::{Settle, take};
use super::{Infer, Program};
use crate::hir::{BinOp, CmpOp, CompKind, Expr, ExprKind};
use crate::infer::solver::Ty;
use crate::ty::Type;

impl Program<'_> {
    /// Are all of them instances that can stand on the right of an int?
    fn adds_to_int(&self, elem: &Type) -> bool {
        elem.members().iter().all(|m| matches!(m, Type::Instance(_)))
            && self.binary(BinOp::Add, false, &Type::Int, elem).is_some()
    }
}

impl Infer<'_, '_> {
    /// What the first addition gives, if the elements are instances; once all types are known, the additions stand in the
    /// tree.
    pub(in crate::infer) fn sum_of_instances(&mut self, e: &Expr, elem: &Ty) -> Option<Ty> {
        if self.report || !elem.members().iter().all(|m| matches!(m, Ty::Instance(_))) {
            return None;
        }
        let known = self.state.solver.resolve(elem)?;
        let found = self.program.binary(BinOp::Add, false, &Type::Int, &known)?;
        Some(self.special_call(e, &found.method, &[Ty::Int, elem.clone()], &[]))
    }
}

impl Settle<'_, '_> {
    /// Puts the additions in the place of a sum of instances; whether there was one.
    pub(super) fn sums(&mut self, e: &mut Expr) -> bool {
        let ExprKind::Comp(comp) = &e.kind else { return false };
        if comp.kind != CompKind::Sum
            || comp.extra.is_some()
            || !self.program.adds_to_int(&self.ty(&comp.element))
        {
            return false;
        }
        self.changed = true;
        self.asked.push("sum".to_string());
        let (id, span) = (e.id, e.span);
        let ExprKind::Comp(mut comp) = take(e).kind else { unreachable!("just seen") };
        let (count, acc, x) = (self.hidden(), self.hidden(), self.hidden());
        let named =
            |pass: &mut Self, var, value| pass.build(ExprKind::Named { var, value: Box::new(value) }, span);
        let add = |pass: &mut Self, left| {
            let right = Box::new(pass.read(x, span));
            pass.build(ExprKind::Binary { op: BinOp::Add, left: Box::new(left), right }, span)
        };
        let zero = self.build(ExprKind::Int(0), span);
        let begin = named(self, count, zero);
        let item = take(&mut comp.element);
        let item = named(self, x, item);
        let (left, right) = (Box::new(self.read(count, span)), Box::new(self.build(ExprKind::Int(0), span)));
        let test = Box::new(self.build(ExprKind::Compare { op: CmpOp::Eq, left, right }, span));
        let zero = self.build(ExprKind::Int(0), span);
        let body = Box::new(add(self, zero));
        let known = self.read(acc, span);
        let orelse = Box::new(add(self, known));
        let next = self.build(ExprKind::If { test, body, orelse }, span);
        let next = named(self, acc, next);
        let one = self.build(ExprKind::Int(1), span);
        let one = named(self, count, one);
        let zero = self.build(ExprKind::Int(0), span);
        comp.element = self.last_of(vec![item, next, one, zero], span);
        comp.kind = CompKind::List;
        let all = self.build(ExprKind::Comp(comp), span);
        // The variable may have something of the sum before.
        let (left, right) = (Box::new(self.read(count, span)), Box::new(self.build(ExprKind::Int(1), span)));
        let test = Box::new(self.build(ExprKind::Compare { op: CmpOp::Eq, left, right }, span));
        let (body, orelse) = (Box::new(self.read(acc, span)), Box::new(self.build(ExprKind::Bail, span)));
        let sum = self.build(ExprKind::If { test, body, orelse }, span);
        let last = self.last_of(vec![begin, all, sum], span);
        *e = Expr { kind: last.kind, span, id };
        true
    }

    /// `(…, last)[-1]`
    pub(super) fn last_of(&mut self, parts: Vec<Expr>, span: crate::source::Span) -> Expr {
        let at = parts.len() as i64 - 1;
        let base = Box::new(self.build(ExprKind::Tuple(parts), span));
        let index = Box::new(self.build(ExprKind::Int(at), span));
        self.build(ExprKind::Index { base, index }, span)
    }
}
