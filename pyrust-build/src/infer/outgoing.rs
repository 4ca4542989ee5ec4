//! Which of the containers in a returned display become Python's objects each by itself: those that would otherwise have
//! to share one representation with others of other types.

use super::solver::Ty;
use crate::hir::visit::{self, VisitMut};
use crate::hir::{Expr, ExprKind, Function};
use crate::ty::Type;

/// Does the value have elements, and an identity?
pub(super) fn is_container(ty: &Ty) -> bool {
    matches!(ty, Ty::List(_) | Ty::Dict(..) | Ty::Set(..) | Ty::Deque(_))
}

/// The function without the marks, if all that is marked agrees, or Python cannot be given some of it.
pub(super) fn settled(function: &Function, nodes: &[Type]) -> Option<Function> {
    let mut marked = Vec::new();
    visit::each_expr(&function.body, &mut |e| {
        if let ExprKind::Out(value) = &e.kind {
            marked.push(nodes.get(value.id).cloned().unwrap_or(Type::Never));
        }
    });
    if marked.is_empty() || !agree(&marked) {
        return None;
    }
    let mut out = function.clone();
    Unmark.block(&mut out.body);
    Some(out)
}

struct Unmark;

impl VisitMut for Unmark {
    fn expr(&mut self, e: &mut Expr) {
        if let ExprKind::Out(value) = &mut e.kind {
            let empty = Expr { kind: ExprKind::None, span: e.span, id: e.id };
            *e = std::mem::replace(&mut **value, empty);
        }
        visit::walk_expr_mut(self, e);
    }
}

/// Can the values have one representation, at no price?
fn agree(types: &[Type]) -> bool {
    types.iter().any(|t| t.any(&stays_native))
        || types.iter().enumerate().all(|(i, a)| types[i + 1..].iter().all(|b| is_alike(a, b)))
}

/// Have the values the same containers inside of each other? Other types that differ are members of a union.
fn is_alike(a: &Type, b: &Type) -> bool {
    if *a == Type::Never || *b == Type::Never {
        return true;
    }
    a.members().iter().filter(|t| has_elements(t)).all(|x| {
        let mut others = b.members().iter().filter(|t| has_elements(t) && t.same_kind(x));
        others.all(|y| x.parts().zip(y.parts()).all(|(x, y)| is_alike(x, y) && holds_as_much(x, y)))
    })
}

/// Are there containers inside of both, or of neither? An object may be a container that is marked itself.
fn holds_as_much(a: &Type, b: &Type) -> bool {
    let count = |t: &Type| t.members().iter().filter(|t| has_elements(t) || **t == Type::Obj).count();
    *a == Type::Never || *b == Type::Never || count(a) == count(b)
}

fn has_elements(ty: &Type) -> bool {
    matches!(
        ty,
        Type::List { .. }
            | Type::Dict { .. }
            | Type::Set { .. }
            | Type::Deque { .. }
            | Type::Tuple { .. }
            | Type::VarTuple(_)
    )
}

/// What Python cannot be given.
fn stays_native(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Iter(_)
            | Type::MemView
            | Type::DictView { .. }
            | Type::View(_)
            | Type::Cell(_)
            | Type::ByteArray
    ) || ty.is_made_function()
}
