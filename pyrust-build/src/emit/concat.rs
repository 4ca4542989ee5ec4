//! A sum of more than two texts: all of them are evaluated, then one text is made, with none in between.
//! A list that was made on the way to a sum of lists grows instead (`list::concat_made`).
//!
//! ```python
//! word[:i] + letter + word[i:]           # pystr::concat_all(cx, &[Part::Text(&…), Part::One(letter), Part::Text(&…)])?
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
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
                let code = val.by_ref();
                quote!(pystr::Part::Text(#code))
            })
            .collect();
        Some(self.q(quote!(pystr::concat_all(cx, &[#(#parts),*]))))
    }

    pub(super) fn is_sum_of_texts(&self, e: &Expr) -> bool {
        let text = |e: &Expr| matches!(self.node(e.id), Type::Str | Type::Char);
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
