//! What is called in a comprehension, in a generator expression or by a builtin is called below more than the function:
//! those take levels of Python's depth too.
//!
//! ```python
//! def height(node):                      # { let cx = cx.deeper(2)?; … height(cx.call()?, child) … }
//!     return 1 + max((height(child) for child in node.children), default=0)
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::visit::{Visitable, any_expr};
use crate::hir::{Expr, ExprKind};

impl Func<'_, '_, '_> {
    /// The value of an expression that takes such levels if a function of ours is called inside. What a comprehension
    /// goes through first is outside, which is not told apart here.
    pub(super) fn below(&self, e: &Expr, val: Val) -> Val {
        let is_function = |arg: &Expr| matches!(arg.kind, ExprKind::Lambda { .. });
        let takes = match &e.kind {
            ExprKind::Comp(_) => true,
            ExprKind::Call { args, keywords, .. }
            | ExprKind::ModuleCall { args, keywords, .. }
            | ExprKind::Method { args, keywords, .. } => {
                args.iter().chain(keywords.iter().map(|(_, value)| value)).any(is_function)
                    || keywords.iter().any(|(name, _)| name == "key")
            }
            _ => false,
        };
        if !takes || !self.calls_inside(e) {
            return val;
        }
        let (code, deeper) = (val.owned(), self.deeper());
        Val::new(quote!({ let cx = #deeper; #code }), val.ty)
    }

    /// A frame of its own, and C code that runs it: the most that one of those takes.
    pub(super) fn deeper(&self) -> TokenStream {
        self.q(quote!(cx.deeper(2)))
    }

    /// Is a function of ours called there?
    pub(super) fn calls_inside(&self, node: &impl Visitable) -> bool {
        let instance = self.instance;
        any_expr(node, |e| instance.calls.contains_key(&e.id) || instance.values.contains_key(&e.id))
    }
}
