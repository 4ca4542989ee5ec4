//! Calls of classes that `namedtuple` may have made, with all items of something: `Point(*row)`.

use super::Lower;
use crate::ast::{self, Expr as AExpr, ExprKind as A};
use crate::hir::ExprKind;
use crate::resolve::Binding;

/// The methods of such a class by which others make instances: `Point._make(items)`, and `Point(*items)`.
pub(crate) const MAKE: &str = "_make";
pub(crate) const MAKE_ALL: &str = "* make";

/// The attribute of classes and instances that has the names of the fields.
pub(crate) const NAMES: &str = "_fields";

impl Lower<'_> {
    /// `Point(*items)`: which class that is, is known when types are.
    pub(super) fn make_all(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let (A::Name(name), [AExpr { kind: A::Starred(items), .. }], []) = (&func.kind, args, keywords)
        else {
            return None;
        };
        let bound = self.env.bindings.get(name);
        let may_be = matches!(bound, Some(Binding::Value(_) | Binding::Class | Binding::Imported { .. }));
        if self.lookup(name).is_some() || !may_be {
            return None;
        }
        let base = Box::new(self.expr(func));
        let args = vec![self.expr(items)];
        Some(ExprKind::Method { base, name: MAKE_ALL.into(), args, keywords: vec![] })
    }
}
