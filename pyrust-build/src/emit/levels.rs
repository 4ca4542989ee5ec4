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
use crate::hir::visit::{Visit, Visitable, any_expr, walk_stmt};
use crate::hir::{Expr, ExprKind, Iter, IterKind, Stmt, StmtKind};

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

    /// What the body of a generator takes, at its beginning and wherever it goes on: as much as loops over generator
    /// expressions in it take, which are left where it hands something over.
    pub(super) fn deeper_throughout(&self) -> TokenStream {
        let mut loops = Loops { f: self, levels: 0 };
        if self.hir.yields.is_some() && self.fused.is_none() {
            loops.block(&self.hir.body);
        }
        match loops.levels {
            0 => quote!(),
            levels => {
                let deeper = self.q(quote!(cx.deeper(#levels)));
                quote!(cx = #deeper;)
            }
        }
    }

    /// Is a function of ours called there?
    pub(super) fn calls_inside(&self, node: &impl Visitable) -> bool {
        let instance = self.instance;
        any_expr(node, |e| instance.calls.contains_key(&e.id) || instance.values.contains_key(&e.id))
    }
}

/// The loops over generator expressions in which functions of ours are called: how many levels one takes, at most.
struct Loops<'l, 'f, 'p, 'a> {
    f: &'l Func<'f, 'p, 'a>,
    levels: u32,
}

impl<'h> Visit<'h> for Loops<'_, '_, '_, '_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::For { iter, .. } = &stmt.kind
            && let levels = 2 * nested(iter)
            && levels > self.levels
            && self.f.calls_inside(iter)
        {
            self.levels = levels;
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, _: &'h Expr) {}
}

/// So many generator expressions stand within each other there.
fn nested(iter: &Iter) -> u32 {
    match &iter.kind {
        IterKind::Comp(comp) => 1 + comp.generators.iter().map(|g| nested(&g.iter)).max().unwrap_or(0),
        IterKind::Enumerate { inner, .. } => nested(inner),
        IterKind::Zip(iters) | IterKind::Tool { iters, .. } => iters.iter().map(nested).max().unwrap_or(0),
        IterKind::Expr(e) => match &e.kind {
            ExprKind::Iter { iter, .. } => nested(iter),
            _ => 0,
        },
        _ => 0,
    }
}
