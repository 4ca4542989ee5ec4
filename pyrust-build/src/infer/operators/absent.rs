//! `==`, and the question whether something is true, where an operand is an instance or `None`: `None` is told apart first.
//!
//! ```text
//! a == b  →  (x := a, y := b, None == y if x is None else x == y)[-1]
//! if a:   →  if (x := a) is not None and x:
//! ```
//!
//! Where an `__eq__` answers with `NotImplemented` for `None`, as most do, the two are not equal.

use super::leaves_it;
use super::settle::{Settle, take};
use crate::hir::visit::any_expr;
use crate::hir::{BoolOp, CmpOp, Expr, ExprKind, Keep, Narrow, VarId};
use crate::infer::{Program, Reached};
use crate::lower::classes::NO_ANSWER;
use crate::source::Span;
use crate::ty::Type;

impl Program<'_> {
    /// May it be `None`, or an instance whose class has one of these methods?
    fn is_absent_or_has(&self, ty: &Type, methods: &[&str]) -> bool {
        let has =
            |m: &Type| matches!(m, Type::Instance(class) if methods.iter().any(|name| self.has(class, name)));
        ty.members().contains(&Type::None) && ty.members().iter().any(has)
    }
}

impl Settle<'_, '_> {
    /// Tells `None` apart from what has an `__eq__`; whether there was anything to tell.
    pub(super) fn none_compared(&mut self, e: &mut Expr, types: &[Type]) -> bool {
        let ExprKind::Compare { op: op @ (CmpOp::Eq | CmpOp::NotEq), .. } = e.kind else { return false };
        let [l, r] = types else { return false };
        let apart = |ty: &Type| self.program.is_absent_or_has(ty, &["__eq__", "__ne__"]);
        let of_left = apart(l);
        if !of_left && !apart(r) {
            return false;
        }
        let (id, span) = (e.id, e.span);
        let ExprKind::Compare { left, right, .. } = take(e).kind else { unreachable!("just seen") };
        let (x, y) = (self.hidden(), self.hidden());
        let (left, right) = (self.named(x, *left), self.named(y, *right));
        let asked = if of_left { x } else { y };
        let compared = |pass: &mut Self, none: bool| {
            let mut operand = |var| match var == asked {
                true if none => pass.build(ExprKind::None, span),
                true => pass.present(var, span),
                false => pass.read(var, span),
            };
            let (left, right) = (Box::new(operand(x)), Box::new(operand(y)));
            Box::new(pass.build(ExprKind::Compare { op, left, right }, span))
        };
        let (body, orelse) = (compared(self, true), compared(self, false));
        let asked = self.read(asked, span);
        let test = Box::new(self.with_none(CmpOp::Is, asked));
        let told = self.build(ExprKind::If { test, body, orelse }, span);
        *e = Expr { id, ..self.last_of(vec![left, right, told], span) };
        self.changed = true;
        true
    }

    /// The same for a condition, of which an instance tells itself whether it is true.
    pub(super) fn none_tested(&mut self, e: &mut Expr) {
        if !self.program.is_absent_or_has(&self.ty(e), &["__bool__", "__len__"]) {
            return;
        }
        let (operand, span, x) = (take(e), e.span, self.hidden());
        let value = self.named(x, operand);
        let left = Box::new(self.with_none(CmpOp::IsNot, value));
        let right = Box::new(self.present(x, span));
        *e = self.build(ExprKind::Bool2 { op: BoolOp::And, left, right }, span);
        self.changed = true;
    }

    /// Marks an `__eq__` that may answer with `NotImplemented` what does the same.
    pub(super) fn may_be_unequal(&mut self, e: &mut Expr) {
        let ExprKind::Special { method, operands, .. } = &e.kind else { return };
        if method.name != "__eq__" || method.or_unequal {
            return;
        }
        let [receiver, other] = [method.receiver, 1 - method.receiver].map(|at| self.ty(&operands[at]));
        // What has a base among the builtins may be equal to one of those, whatever its own method says.
        let plain = |m: &Type| match m {
            Type::Instance(class) => {
                class.base.container.is_none() && self.program.enumeration(class).is_none()
            }
            _ => false,
        };
        let leaves = match receiver.members().iter().all(plain) {
            true => other.members().iter().all(leaves_it),
            false => other == Type::None,
        };
        let instances = &self.program.instances;
        let leaves_answer = |r: &Reached| any_expr(&instances[r.instance].hir.body, is_no_answer);
        let mut reached = self.reached.get(&e.id).into_iter().flatten();
        if !leaves || !reached.any(leaves_answer) {
            return;
        }
        let ExprKind::Special { method, .. } = &mut e.kind else { unreachable!("just seen") };
        method.or_unequal = true;
        self.changed = true;
    }

    fn named(&mut self, var: VarId, value: Expr) -> Expr {
        let span = value.span;
        self.build(ExprKind::Named { var, value: Box::new(value) }, span)
    }

    fn with_none(&mut self, op: CmpOp, value: Expr) -> Expr {
        let span = value.span;
        let (left, right) = (Box::new(value), Box::new(self.build(ExprKind::None, span)));
        self.build(ExprKind::Compare { op, left, right }, span)
    }

    /// A variable that is not `None` here.
    fn present(&mut self, from: VarId, span: Span) -> Expr {
        let (to, read, id) = (self.hidden(), self.node(), self.node());
        let body = Box::new(self.read(to, span));
        let narrows = vec![Narrow { from, to, keep: Keep::NotNone, read, id }];
        self.build(ExprKind::Narrow { narrows, body }, span)
    }
}

/// Is it what a method returns that leaves the answer to the other operand?
pub fn is_no_answer(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Call { name, .. } if name == NO_ANSWER)
}
