//! Loops of a few turns, of which the text says how many: `for dx in (-1, 0, 1)`, `for axis in range(3)`.
//!
//! The loop around them looks for signals often enough, so nothing stands between their turns, and LLVM can unroll
//! them: what depends on the loop's variable only is then known.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::iter::{Body, iter_elem, label_if_used};
use super::types::{Val, rust_type};
use crate::hir::{Expr, ExprKind};
use crate::passes::Pass;
use crate::ty::Type;

/// At most so many turns.
const FEW: i64 = 16;

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is it a tuple of a few values?
    pub(super) fn is_short(&self, e: &Expr) -> bool {
        let few = matches!(self.node(e.id), Type::Tuple { items, .. } if items.len() as i64 <= FEW);
        few && !self.late && self.file.program.passes.has(Pass::Short)
    }

    /// Does a range of step one with these bounds have a few numbers?
    pub(super) fn is_short_trip(&self, start: Option<&Expr>, stop: &Expr) -> bool {
        let start = start.map_or(Some(0), written);
        let few = start.zip(written(stop)).is_some_and(|(a, b)| b.saturating_sub(a) <= FEW);
        few && self.file.program.passes.has(Pass::Short)
    }

    /// The loop over a tuple of a few values.
    pub(super) fn short_display(
        &mut self,
        e: &Expr,
        filled: &[Ident],
        breaks: &syn::Lifetime,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let val = self.val(e);
        let Type::Tuple { items, .. } = &val.ty else { unreachable!("`is_short` has looked") };
        let elem = iter_elem(&val.ty).unwrap_or(Type::Never);
        let (t, it, at, x) = (self.fresh("t"), self.fresh("it"), self.fresh("i"), self.fresh("x"));
        let parts: Vec<_> = (0..items.len())
            .map(|i| {
                let index = Literal::usize_unsuffixed(i);
                self.coerce(&Val::place(quote!(#t.#index), items[i].clone()), &elem)
            })
            .collect();
        let (n, count) = (Literal::usize_unsuffixed(items.len()), Literal::i64_suffixed(items.len() as i64));
        let (code, ty, continues) = (val.owned(), rust_type(&elem), self.label("c"));
        let room = self.room(filled, &quote!(#count));
        let item = Val::place(quote!(#it[#at]), elem.clone()).owned();
        let (body, _) = self.looped(breaks, &continues, Val::new(quote!(#x), elem), body);
        let continues = label_if_used(&body, &continues);
        quote! {
            let #t = #code;
            let #it: [#ty; #n] = [#(#parts),*];
            #room
            #continues for #at in 0..#n { let #x = #item; #body }
        }
    }
}

/// The number that the text has.
fn written(e: &Expr) -> Option<i64> {
    match e.kind {
        ExprKind::Int(i) => Some(i),
        _ => None,
    }
}
