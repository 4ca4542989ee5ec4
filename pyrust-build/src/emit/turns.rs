//! Loops whose trip is known before they begin: texts and bytes are gone through by position, and lists that grow with
//! each turn get their room at once.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::iter::{Body, label_if_used};
use super::types::Val;
use crate::hir::{ExprKind, Iter, IterKind, Stmt, StmtKind, VarId};
use crate::ty::Type;

/// How to go through what cannot change: code that runs once, how many elements, the one at a position.
pub(super) struct Indexed {
    setup: TokenStream,
    count: TokenStream,
    item: TokenStream,
    elem: Type,
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// A loop over what cannot change: its trip is known, and paid in advance where the body has no loop of its own.
    pub(super) fn by_position(
        &mut self,
        indexed: Indexed,
        at: &Ident,
        breaks: &syn::Lifetime,
        filled: &[Ident],
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let continues = self.label("c");
        let (x, chunk) = (self.fresh("x"), self.fresh("chunk"));
        let (body, innermost) = self.looped(breaks, &continues, Val::new(quote!(#x), indexed.elem), body);
        let Indexed { setup, count, item, .. } = indexed;
        let continues = label_if_used(&body, &continues);
        if innermost {
            self.uses_fuel = true;
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
            let room = self.room(filled, &quote!(#chunk.end - #chunk.start));
            return quote! {
                #setup
                for #chunk in turns(#count) {
                    #charge;
                    #room
                    #continues for #at in #chunk { let #x = #item; #body }
                }
            };
        }
        let tick = self.tick();
        let trip = self.fresh("trip");
        let room = self.room(filled, &quote!(#trip));
        quote!(#setup let #trip = #count; #room #continues for #at in 0..#trip { #tick let #x = #item; #body })
    }

    /// Strings and bytes, counted or side by side: the element at position `at`.
    pub(super) fn indexed(&mut self, iter: &Iter, at: &Ident) -> Option<Indexed> {
        if self.late || !self.is_indexed(iter) {
            return None;
        }
        match &iter.kind {
            IterKind::Expr(e) => {
                let (it, val) = (self.fresh("it"), self.val(e));
                let code = val.held();
                Some(match val.ty {
                    Type::Bytes => Indexed {
                        setup: quote!(let #it = #code;),
                        count: quote!(bytes::len(&#it)),
                        item: quote!(bytes::at(&#it, #at as usize)),
                        elem: Type::Int,
                    },
                    _ => {
                        let view = self.fresh("view");
                        Indexed {
                            setup: quote!(let #it = #code; let #view = pystr::view(&#it);),
                            count: quote!(#view.len() as i64),
                            item: quote!(#view.at(#at as usize)),
                            elem: Type::Char,
                        }
                    }
                })
            }
            IterKind::Enumerate { inner, .. } => {
                let inner = self.indexed(inner, at)?;
                let number = match iter.counts_from() {
                    Some(0) => quote!(#at),
                    start => {
                        let start = Literal::i64_suffixed(start?);
                        quote!(#at + #start)
                    }
                };
                let item = inner.item;
                Some(Indexed {
                    item: quote!((#number, #item)),
                    elem: Type::Tuple { items: vec![Type::Int, inner.elem], from_py: false },
                    ..inner
                })
            }
            IterKind::Zip(iters) => {
                let parts: Vec<_> = iters.iter().map(|i| self.indexed(i, at)).collect::<Option<_>>()?;
                let (setups, items) = (parts.iter().map(|p| &p.setup), parts.iter().map(|p| &p.item));
                let (first, others) = parts.split_first()?;
                let (first, others) = (&first.count, others.iter().map(|p| &p.count));
                Some(Indexed {
                    setup: quote!(#(#setups)*),
                    count: quote!((#first) #(.min(#others))*),
                    item: quote!((#(#items,)*)),
                    elem: Type::Tuple {
                        items: parts.iter().map(|p| p.elem.clone()).collect(),
                        from_py: false,
                    },
                })
            }
            _ => None,
        }
    }

    fn is_indexed(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Expr(e) => matches!(self.node(e.id), Type::Str | Type::Bytes),
            // No text has so many characters that a count from a written number on leaves 64 bits.
            IterKind::Enumerate { inner, .. } => {
                matches!(iter.counts_from(), Some(0..=0xffff_ffff)) && self.is_indexed(inner)
            }
            IterKind::Zip(iters) => !iters.is_empty() && iters.iter().all(|i| self.is_indexed(i)),
            _ => false,
        }
    }

    /// Room for what a loop is going to append.
    pub(super) fn room(&mut self, filled: &[Ident], turns: &TokenStream) -> TokenStream {
        let mut calls = Vec::new();
        for list in filled {
            calls.push(match self.growing_list(list) {
                Some(grown) => {
                    let again = self.q(quote!(list::expect_growing(cx, &#list, #turns)));
                    quote!(#grown = #again)
                }
                None => self.q(quote!(list::expect(cx, &#list, #turns))),
            });
        }
        quote!(#(#calls;)*)
    }

    /// The native lists that get one element with every turn of a loop with this body.
    pub(super) fn filled_by(&self, body: &[Stmt], assigned: &BTreeSet<VarId>) -> Vec<Ident> {
        if self.closures > 0 || body.iter().any(leaves) {
            return Vec::new();
        }
        let mut lists: Vec<VarId> = Vec::new();
        for stmt in body {
            let StmtKind::Expr(e) = &stmt.kind else { continue };
            let ExprKind::Method { base, name, args, keywords } = &e.kind else { continue };
            let ExprKind::Local(var) = base.kind else { continue };
            let native = matches!(self.instance.vars[var], Type::List { in_place: false, .. });
            let fixed =
                !assigned.contains(&var) && !self.hir.vars[var].cell && !self.hir.vars[var].maybe_unbound;
            if name == "append"
                && args.len() == 1
                && keywords.is_empty()
                && native
                && fixed
                && !self.pieces.contains_key(&var)
                && !lists.contains(&var)
            {
                lists.push(var);
            }
        }
        lists.into_iter().map(|var| self.var_ident(var)).collect()
    }
}

/// Can the turn end before its last statement?
fn leaves(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) | StmtKind::Bail => true,
        StmtKind::If { body, orelse, .. }
        | StmtKind::While { body, orelse, .. }
        | StmtKind::For { body, orelse, .. } => body.iter().chain(orelse).any(leaves),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let handled = handlers.iter().flat_map(|h| &h.body);
            body.iter().chain(orelse).chain(finalbody).chain(handled).any(leaves)
        }
        StmtKind::Raise { .. } | StmtKind::Reraise => true,
        StmtKind::Expr(_)
        | StmtKind::Assign { .. }
        | StmtKind::AugAssign { .. }
        | StmtKind::Delete(_)
        | StmtKind::Enter(_)
        | StmtKind::Leave { .. }
        | StmtKind::Narrow(_)
        | StmtKind::Caught { .. }
        | StmtKind::Forget { .. }
        | StmtKind::Pass => false,
    }
}
