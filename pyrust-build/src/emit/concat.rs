//! A sum of more than two texts: all of them are evaluated, then one text is made, with none in between.
//! The same goes for a tuple of any length and a display (`tuple::around`).
//! A list that was made on the way to a sum of lists grows instead (`list::concat_made`).
//!
//! ```python
//! word[:i] + letter + word[i:]           # pystr::concat_all(cx, &[Part::Text(&…), Part::One(letter), Part::Text(&…)])?
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::rust_type;
use crate::hir::visit::{defines, reads};
use crate::hir::{BinOp, Expr, ExprKind};
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// The sum, if it is one of more than two texts.
    pub(super) fn concat_all(&mut self, e: &Expr) -> Option<TokenStream> {
        if !self.file.program.passes.has(Pass::Concat) || !self.is_sum_of_texts(e) {
            return None;
        }
        let mut texts = Vec::new();
        self.texts(e, &mut texts);
        // What has been evaluated is borrowed while the rest is.
        let assigns = |(i, text): (usize, &&Expr)| {
            let assigned = defines(*text);
            texts[..i].iter().any(|before| !reads(*before).is_disjoint(&assigned))
        };
        if texts.len() < 3 || texts.iter().enumerate().any(assigns) {
            return None;
        }
        let parts: Vec<_> = texts
            .iter()
            .map(|text| {
                let val = self.val(text);
                if val.ty == Type::Char {
                    let code = val.owned();
                    return quote!(pystr::Part::One(#code));
                }
                if val.ty == Type::Obj {
                    let code = self.coerce(&val, &Type::Str);
                    return quote!(pystr::Part::Text(&#code));
                }
                let code = val.by_ref();
                quote!(pystr::Part::Text(#code))
            })
            .collect();
        Some(self.q(quote!(pystr::concat_all(cx, &[#(#parts),*]))))
    }

    /// `t + (x,)`, `(x,) + t`, `t[i:j] + (x,)` of a tuple of any length: neither the display nor the slice is made.
    pub(super) fn tuple_around(&mut self, left: &Expr, right: &Expr, ty: &Type) -> Option<TokenStream> {
        let Type::VarTuple(elem) = ty else { return None };
        let is_display = |e: &Expr| match (&e.kind, self.node(e.id)) {
            (ExprKind::Tuple(items), Type::Tuple { origin, .. }) => !items.is_empty() && !origin.of_python(),
            _ => false,
        };
        if !self.file.program.passes.has(Pass::Concat) || is_display(left) == is_display(right) {
            return None;
        }
        let (display, tuple) = if is_display(left) { (left, right) } else { (right, left) };
        let (base, lower, upper) = match &tuple.kind {
            ExprKind::Slice { base, lower, upper, step: None } => {
                (&**base, lower.as_deref(), upper.as_deref())
            }
            _ => (tuple, None, None),
        };
        let is_bound = |e: Option<&Expr>| e.is_none_or(|e| self.node(e.id) == Type::Int);
        if self.node(base.id) != *ty || self.node(tuple.id) != *ty || !is_bound(lower) || !is_bound(upper) {
            return None;
        }
        let ExprKind::Tuple(items) = &display.kind else { return None };
        let t = rust_type(elem);
        let whole = |f: &mut Self| {
            let code = f.val(base).owned();
            let mut bound = |e: Option<&Expr>| match e {
                Some(e) => {
                    let code = f.value_as(e, &Type::Int);
                    quote!(Some(#code))
                }
                None => quote!(None),
            };
            let (lower, upper) = (bound(lower), bound(upper));
            quote!((#code, #lower, #upper))
        };
        let items = |f: &mut Self| {
            let items: Vec<_> = items.iter().map(|e| f.value_as(e, elem)).collect();
            quote!([#(#items),*])
        };
        let (before, middle, after) = match is_display(left) {
            true => (items(self), whole(self), quote!([])),
            false => (quote!([]), whole(self), items(self)),
        };
        Some(self.q(quote!(tuple::around::<#t, _, _>(cx, #before, #middle, #after))))
    }

    pub(super) fn is_sum_of_texts(&self, e: &Expr) -> bool {
        // What a text is added to and is none: there is no such sum natively.
        let text = |e: &Expr| matches!(self.node(e.id), Type::Str | Type::Char | Type::Obj);
        match &e.kind {
            ExprKind::Binary { op: BinOp::Add, left, right } => {
                self.node(e.id) == Type::Str && text(left) && text(right)
            }
            _ => false,
        }
    }

    /// What is summed up, in the order of evaluation.
    fn texts<'e>(&self, e: &'e Expr, out: &mut Vec<&'e Expr>) {
        match &e.kind {
            ExprKind::Binary { left, right, .. } if self.is_sum_of_texts(e) => {
                self.texts(left, out);
                self.texts(right, out);
            }
            _ => out.push(e),
        }
    }
}
