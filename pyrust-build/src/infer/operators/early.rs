//! Where an object must not be asked for its elements yet.
//!
//! What goes through several things evaluates all its arguments before the first of them is asked: `zip(a, f())` calls `f`,
//! and then `a.__iter__`. The call of `__iter__` stands where the argument stands, so what follows it must run nothing.

use super::settle::Settle;
use crate::hir::{Expr, ExprKind, Iter, IterKind, Tool};
use crate::ty::Type;

impl Settle<'_, '_> {
    /// Does it run nothing, where it is evaluated once?
    fn is_calm(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Global(_) | ExprKind::Lambda { .. } => true,
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().all(|item| self.is_calm(item)),
            _ => self.program.is_calm(e, &|e| self.ty(e)),
        }
    }

    /// Does it run something, besides what has been put in front of it? See `lower::ordered`.
    pub(super) fn runs_later(&self, extra: &Expr) -> bool {
        if let ExprKind::Index { base, .. } = &extra.kind
            && let ExprKind::Tuple(items) = &base.kind
            && let Some(last) = items.last()
        {
            return !self.is_calm(last);
        }
        !self.is_calm(extra)
    }

    /// Would an object in it be asked too early?
    pub(super) fn asks_early(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Enumerate { inner, start: Some(start) } => {
                self.has_object(inner) && !self.is_calm(start)
            }
            IterKind::Zip(iters) => self.has_object_before(iters, &[]),
            IterKind::Tool { tool: Tool::ZipLongest | Tool::ZipStrict, iters, args, .. } => {
                self.has_object_before(iters, args)
            }
            // `chain` asks the second one when the first has ended, `product` goes through one after the other.
            IterKind::Tool { iters, args, function, .. } => {
                let calm = args.iter().chain(function.as_deref()).all(|arg| self.is_calm(arg));
                let alone = iters.len() == 1 && calm;
                !alone && iters.iter().any(|iter| self.has_object(iter))
            }
            _ => false,
        }
    }

    /// Is one of them an object that is asked, before something that runs what nobody knows?
    fn has_object_before(&self, iters: &[Iter], args: &[Expr]) -> bool {
        let behind = iters.iter().skip_while(|iter| !self.has_object(iter)).skip(1);
        let first = iters.iter().any(|iter| self.has_object(iter));
        let mut behind = behind.map(|iter| self.is_calm_iter(iter));
        first && (behind.any(|calm| !calm) || args.iter().any(|arg| !self.is_calm(arg)))
    }

    /// Is it, or does it go through, an object that is asked for its elements?
    pub(super) fn has_object(&self, iter: &Iter) -> bool {
        let asked = |e: &Expr| match &e.kind {
            ExprKind::Special { method, .. } => method.name == "__iter__",
            _ => self.program.can_be_asked(&self.ty(e), "__iter__"),
        };
        match &iter.kind {
            IterKind::Expr(e) => asked(e),
            IterKind::Enumerate { inner, .. } => self.has_object(inner),
            IterKind::Zip(iters) | IterKind::Tool { iters, .. } => {
                iters.iter().any(|iter| self.has_object(iter))
            }
            IterKind::Comp(comp) => comp.generators.first().is_some_and(|g| self.has_object(&g.iter)),
            _ => false,
        }
    }

    /// Does making the iterator run nothing of the program?
    fn is_calm_iter(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Range { start, stop, step } => [start.as_deref(), Some(&**stop), step.as_deref()]
                .into_iter()
                .flatten()
                .all(|e| self.is_calm(e)),
            IterKind::Enumerate { inner, start } => {
                self.is_calm_iter(inner) && start.as_ref().is_none_or(|start| self.is_calm(start))
            }
            IterKind::Zip(iters) => iters.iter().all(|iter| self.is_calm_iter(iter)),
            // That of an object comes in its turn.
            IterKind::Expr(e) => match &e.kind {
                ExprKind::Special { method, operands, .. } if method.name == "__iter__" => {
                    operands.iter().all(|e| self.is_calm(e))
                }
                _ => self.is_calm(e),
            },
            IterKind::ZipStar(e)
            | IterKind::Reversed(e)
            | IterKind::ReversedItems(e)
            | IterKind::ReversedValues(e)
            | IterKind::Items(e)
            | IterKind::Values(e)
            | IterKind::Keys(e) => self.is_calm(e) && !matches!(self.ty(e), Type::Instance(_)),
            IterKind::Comp(comp) => comp.generators.first().is_none_or(|g| self.is_calm_iter(&g.iter)),
            IterKind::Tool { iters, args, .. } => {
                iters.iter().all(|iter| self.is_calm_iter(iter)) && args.iter().all(|arg| self.is_calm(arg))
            }
        }
    }
}
