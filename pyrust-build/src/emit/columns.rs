//! Columns: `zip(*rows)`, and what other iterators put together.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::iter::{Pull, iter_elem, loop_elem};
use super::types::{Val, rust_type};
use crate::hir::{Expr, Iter};
use crate::ty::Type;

/// The items of what an iterator puts together: a tuple of any length, or a list (see `lower::looked_at`).
pub(super) fn together(ty: &Type) -> Option<&Type> {
    match ty {
        Type::VarTuple(elem) | Type::List { elem, in_place: false } => Some(elem),
        _ => None,
    }
}

impl Func<'_, '_, '_> {
    /// `zip(*rows)`: an iterator for every row first, then tuples until the first of them ends; or lists, where nobody
    /// can tell.
    pub(super) fn pull_columns(&mut self, iter: &Iter, rows: &Expr, detached: bool, it: &Ident) -> Pull {
        let ty = self.node(iter.id);
        let Some(elem) = together(&ty) else {
            return self.pull_nothing(&quote!());
        };
        let made = rust_type(&ty);
        let (setup, next) = match self.side_by_side(rows, elem, it) {
            Some((setup, at)) => (setup, quote!(list::column::<_, #made, _>(cx, &#it, &mut #at))),
            None => (self.each_row(rows, elem, it), quote!(columns::<_, #made>(cx, &#it))),
        };
        Pull { setup, next: self.q_in(detached, next), elem: ty }
    }

    /// The columns of tuples, each with a type of its own. Without rows there are none, which the targets do not take.
    pub(super) fn unzip(&mut self, rows: &Expr, columns: &[Type]) -> TokenStream {
        let (all, at, row) = (self.fresh("rows"), self.fresh("at"), self.fresh("row"));
        let val = self.val(rows);
        let Pull { setup, next, elem } = self.pull_value(&val, false, &all, &at);
        let Type::Tuple { items, .. } = &elem else { return self.bail("Unsupported") };
        let (mut makes, mut puts, mut done) = (quote!(), quote!(), Vec::new());
        let mut first = None;
        for (i, (item, ty)) in items.iter().zip(columns).enumerate() {
            let Some(to) = together(ty) else { return self.bail("Unsupported") };
            let (column, i, t) = (self.fresh("column"), Literal::usize_unsuffixed(i), rust_type(to));
            let new = self.q(quote!(list::new::<#t>(cx)));
            let item = self.coerce(&Val::place(quote!(#row.#i), item.clone()), to);
            let put = self.q(quote!(list::append(cx, &#column, #item)));
            makes.extend(quote!(let #column = #new;));
            puts.extend(quote!(#put;));
            done.push(match ty {
                Type::VarTuple(_) => self.q(quote!(tuple::from_list(cx, &#column))),
                _ => quote!(#column),
            });
            first.get_or_insert(column);
        }
        let (tick, none) = (self.tick(), self.q(quote!(exc::<()>(Exc::ValueError))));
        quote!({
            #makes
            { #setup while let Some(#row) = #next { #tick #puts } }
            if !list::truth(cx, &#first) { #none; }
            (#(#done,)*)
        })
    }

    /// Rows that have their items at places: none needs an iterator. They stand in a vector called `it`; also, which place
    /// is next.
    fn side_by_side(&mut self, rows: &Expr, elem: &Type, it: &Ident) -> Option<(TokenStream, Ident)> {
        let row_ty = iter_elem(&self.node(rows.id))?;
        let has_places = |ty: &Type| match ty {
            Type::List { elem: of, .. } | Type::View(of) | Type::VarTuple(of) => **of == *elem,
            Type::Str => *elem == Type::Char,
            _ => false,
        };
        let (all, at, row, column) =
            (self.fresh("rows"), self.fresh("at"), self.fresh("row"), self.fresh("column"));
        let (ty, item) = match &row_ty {
            Type::Tuple { items, .. } if !items.is_empty() => self.as_array(&row, items, elem),
            Type::Union(members) if members.len() <= 3 && members.iter().all(has_places) => {
                (rust_type(&row_ty), quote!(#row))
            }
            ty if has_places(ty) => (rust_type(ty), quote!(#row)),
            _ => return None,
        };
        let val = self.val(rows);
        let Pull { setup, next, .. } = self.pull_value(&val, false, &all, &at);
        // Most rows are gone through to their ends, of which converting them is a part.
        let all_of = matches!(row_ty, Type::View(_)).then(|| quote!(#row.expect(cx, list::len(cx, &#row));));
        let setup = quote! {
            let mut #it: Vec<#ty> = Vec::new();
            { #setup while let Some(#row) = #next { #all_of #it.push(#item); } }
            let mut #column: i64 = 0;
        };
        Some((setup, column))
    }

    /// A tuple whose items go where there is one type: the type of an array, and the array.
    pub(super) fn as_array(
        &mut self,
        tuple: &Ident,
        items: &[Type],
        elem: &Type,
    ) -> (TokenStream, TokenStream) {
        let parts: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                let i = Literal::usize_unsuffixed(i);
                self.coerce(&Val::place(quote!(#tuple.#i), item.clone()), elem)
            })
            .collect();
        let (t, n) = (rust_type(elem), Literal::usize_unsuffixed(parts.len()));
        (quote!([#t; #n]), quote!([#(#parts),*]))
    }

    /// An iterator for every row, in a vector called `it`.
    pub(super) fn each_row(&mut self, rows: &Expr, elem: &Type, it: &Ident) -> TokenStream {
        let (all, at, row) = (self.fresh("rows"), self.fresh("at"), self.fresh("row"));
        let (row_it, row_at, t) = (self.fresh("it"), self.fresh("at"), rust_type(elem));
        let val = self.val(rows);
        let outer = self.pull_value(&val, false, &all, &at);
        let one = if outer.elem.members().iter().filter(|t| loop_elem(t).is_some()).count() > 1 {
            let pull = self.pull_forward(&Val::new(quote!(#row), outer.elem), false, &row_it);
            self.stepping(pull, elem, quote!(new))
        } else {
            let pull = self.pull_value(&Val::new(quote!(#row), outer.elem), true, &row_it, &row_at);
            self.stepping(pull, elem, quote!(new))
        };
        let (setup, next) = (outer.setup, outer.next);
        quote! {
            let mut #it: Vec<PyIter<#t>> = Vec::new();
            { #setup while let Some(#row) = #next { #it.push(#one); } }
        }
    }
}
