//! `xs[i] = ys[j]` between lists of Python's: the object goes over as it is, instead of being read and made anew.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use crate::hir::{self, ExprKind, Target, TargetKind};
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// Does such a statement hand over an object?
    pub(super) fn is_moved(&self, target: &Target, value: &hir::Expr) -> bool {
        let TargetKind::Index { base, index } = &target.kind else { return false };
        let ExprKind::Index { base: from, index: at } = &value.kind else { return false };
        let list = self.node(base.id);
        let Type::List { elem, in_place: true } = &list else { return false };
        // A float is rewritten where it stands.
        let is_moved = self.node(from.id) == list
            && self.node(value.id) == **elem
            && !matches!(**elem, Type::Float)
            && [index, at].iter().all(|i| self.node(i.id) == Type::Int);
        // Between the read and the store nothing may happen to the element.
        let is_still = self.is_still(base) && self.is_still(index);
        is_moved && is_still && self.file.program.passes.has(Pass::Moves)
    }

    pub(super) fn moved(&mut self, target: &Target, value: &hir::Expr) -> Option<TokenStream> {
        let TargetKind::Index { base, index } = &target.kind else { return None };
        let ExprKind::Index { base: from, index: at } = &value.kind else { return None };
        if !self.is_moved(target, value) {
            return None;
        }
        let mut lets = Vec::new();
        let from = self.val(from);
        let from = self.bind(&from, &mut lets).by_ref();
        let at = self.value_as(at, &Type::Int);
        let (place, found) = (self.fresh("place"), self.q(quote!(list::place(#from, #at))));
        let (base, index) = (self.val(base).by_ref(), self.value_as(index, &Type::Int));
        let set = self.q(quote!(list::set_moved(cx, #base, #index, #from, #place)));
        Some(quote!({ #(#lets)* let #place = #found; #set; }))
    }

    fn is_number(&self, expr: &hir::Expr) -> bool {
        matches!(self.node(expr.id), Type::Int | Type::Bool)
    }

    /// Does evaluating this change nothing?
    fn is_still(&self, expr: &hir::Expr) -> bool {
        match &expr.kind {
            ExprKind::Local(_) | ExprKind::Int(_) => true,
            ExprKind::Unary { operand, .. } => self.is_number(operand) && self.is_still(operand),
            ExprKind::Binary { left, right, .. } => {
                [left, right].into_iter().all(|e| self.is_number(e) && self.is_still(e))
            }
            ExprKind::Index { base, index } => {
                let list =
                    matches!(self.node(base.id), Type::List { .. } | Type::View(_) | Type::Tuple { .. });
                list && self.is_number(index) && self.is_still(base) && self.is_still(index)
            }
            ExprKind::Call { name, args, keywords } if name == "len" => {
                let list = |e: &hir::Expr| matches!(self.node(e.id), Type::List { .. } | Type::View(_));
                let plain = keywords.is_empty() && self.is_plain_builtin(expr, name);
                plain && args.iter().all(|e| list(e) && self.is_still(e))
            }
            ExprKind::Method { base, name, .. } => {
                match (name.strip_prefix("attribute "), self.node(base.id)) {
                    (Some(name), Type::Instance(class)) => {
                        self.file.program.method_of(&class, name).is_none() && self.is_still(base)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}
