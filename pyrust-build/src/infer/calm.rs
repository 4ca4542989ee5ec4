//! Expressions that run nothing of the program: it does not matter when they are evaluated, and how often.

use super::Program;
use super::copying::is_still;
use crate::hir::visit::children;
use crate::hir::{Expr, ExprKind};
use crate::ty::{DictKind, Type};

impl Program<'_> {
    /// Is it one? `ty`: the types of what is in it.
    pub(super) fn is_calm(&self, e: &Expr, ty: &dyn Fn(&Expr) -> Type) -> bool {
        let number =
            |e: &Expr| matches!(ty(e), Type::Bool | Type::Int | Type::Float | Type::Str | Type::Char);
        let here = match &e.kind {
            ExprKind::Tuple(_) => true,
            ExprKind::Binary { left, right, .. } | ExprKind::Compare { left, right, .. } => {
                number(left) && number(right)
            }
            ExprKind::Unary { operand, .. } => number(operand),
            ExprKind::Index { base, index } => {
                let builtin = matches!(
                    ty(base),
                    Type::List { .. }
                        | Type::Tuple { .. }
                        | Type::Str
                        | Type::Dict { kind: DictKind::Plain, .. }
                );
                builtin && number(index)
            }
            ExprKind::Method { base, name, .. } => {
                name.strip_prefix("attribute ").is_some_and(|name| self.is_only_read(&ty(base), name))
            }
            ExprKind::Global(_) => false,
            _ => is_still(e),
        };
        here && children(e).into_iter().all(|e| self.is_calm(e, ty))
    }

    /// Does reading the attribute run nothing of the program?
    fn is_only_read(&self, ty: &Type, name: &str) -> bool {
        *ty != Type::Never
            && ty.members().iter().all(|m| match m {
                Type::Instance(class) => self.method_of(class, name).is_none(),
                _ => true,
            })
    }
}
