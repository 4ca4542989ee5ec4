//! What is evaluated between an iterable and its first element: the `default` of `max`, the `start` of `sum`.
//!
//! Further down such a value is evaluated first. Where that could be told, what the iterable stands on comes before it.

use super::Lower;
use crate::hir::visit::{VisitMut, any_expr, iter_children, walk_iter_mut};
use crate::hir::{Comp, Expr, ExprKind, Iter};
use crate::source::Span;

/// Builtins that change nothing, of arguments that are no instances.
const CHANGE_NOTHING: &[&str] = &["abs", "bool", "chr", "float", "int", "len", "ord", "range", "str"];

/// May something be another value behind it?
fn acts(e: &Expr) -> bool {
    any_expr(e, |e| match &e.kind {
        ExprKind::Call { name, .. } => !CHANGE_NOTHING.contains(&name.as_str()),
        ExprKind::Named { .. }
        | ExprKind::CallNested { .. }
        | ExprKind::CallValue { .. }
        | ExprKind::ModuleCall { .. }
        | ExprKind::Method { .. }
        | ExprKind::Next { .. }
        | ExprKind::HandOut { .. }
        | ExprKind::Yield { .. } => true,
        _ => false,
    })
}

/// The same value whenever it is evaluated?
fn is_constant(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::None
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Big(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Bytes(_) => true,
        ExprKind::Unary { operand, .. } => is_constant(operand),
        ExprKind::Tuple(items) => items.iter().all(is_constant),
        _ => false,
    }
}

/// Is it an object that was there before, which is the same one behind whatever is evaluated meanwhile?
fn is_there(e: &Expr) -> bool {
    is_constant(e) || matches!(e.kind, ExprKind::Local(_) | ExprKind::Global(_))
}

impl Lower<'_> {
    /// Makes sure that the iterable of the first loop comes before `extra`.
    pub(super) fn iterable_first(&mut self, comp: &mut Comp, span: Span) {
        let (Some(extra), Some(first)) = (&mut comp.extra, comp.generators.first_mut()) else { return };
        let stands_on = iter_children(&first.iter);
        let swapped = match acts(extra) {
            true => !stands_on.iter().all(|e| is_there(e)),
            false => !is_constant(extra) && stands_on.iter().any(|e| acts(e)),
        };
        // A name that is assigned meanwhile is not the same behind that.
        let assigns = any_expr(extra, |e| matches!(e.kind, ExprKind::Named { .. }));
        if !swapped && !assigns {
            return;
        }
        let mut before = Before { lower: self, values: Vec::new() };
        before.iter(&mut first.iter);
        let mut values = before.values;
        let (last, id) = (values.len() as i64, self.node());
        values.push(std::mem::replace(extra, Expr { kind: ExprKind::None, span, id }));
        let base = Box::new(self.make(ExprKind::Tuple(values), span));
        let index = Box::new(self.make(ExprKind::Int(last), span));
        comp.extra = Some(self.make(ExprKind::Index { base, index }, span));
    }
}

/// Gives what an iterable stands on a name of its own.
struct Before<'l, 'a> {
    lower: &'l mut Lower<'a>,
    values: Vec<Expr>,
}

impl VisitMut for Before<'_, '_> {
    fn iter(&mut self, iter: &mut Iter) {
        walk_iter_mut(self, iter);
    }

    /// Of a generator expression only the first iterable is evaluated where it stands.
    fn comp(&mut self, comp: &mut Comp) {
        if let Some(first) = comp.generators.first_mut() {
            self.iter(&mut first.iter);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        if is_constant(e) || matches!(e.kind, ExprKind::Lambda { .. }) {
            return;
        }
        let (span, var) = (e.span, self.lower.temp());
        let name = self.lower.make(ExprKind::Local(var), span);
        let value = Box::new(std::mem::replace(e, name));
        let named = self.lower.make(ExprKind::Named { var, value }, span);
        self.values.push(named);
    }
}
