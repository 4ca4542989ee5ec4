//! Loops whose trip is known before they begin: texts, bytes, and lists of numbers whose length nothing changes meanwhile,
//! are gone through by position, and lists that grow with each turn get their room at once.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::automaton::Automaton;
use super::inside::{self, Counts};
use super::iter::{Body, label_if_used};
use super::label::Label;
use super::types::Val;
use crate::hir::{Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, VarId};
use crate::passes::Pass;
use crate::ty::{Origin, Type};

/// How to go through what does not change: code that runs once, how many elements, the one at a position.
pub(super) struct Indexed {
    setup: TokenStream,
    count: TokenStream,
    item: TokenStream,
    elem: Type,
    /// Views of texts, the names that they have where each character is a byte, and the element then.
    narrow: Vec<(Ident, Ident)>,
    narrow_item: TokenStream,
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// What is emitted may be such a loop.
    pub(super) fn counting(
        &mut self,
        known: (Option<Counts>, Option<Automaton>),
        emit: impl FnOnce(&mut Self) -> TokenStream,
    ) -> TokenStream {
        (self.counts, self.automaton) = known;
        let code = emit(self);
        (self.counts, self.automaton) = (None, None);
        code
    }

    /// A loop that asks for one element after the other.
    pub(super) fn gone_through(
        &mut self,
        iter: &Iter,
        breaks: &Label,
        filled: Vec<Ident>,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let at = self.fresh("i");
        // Loops in what is gone through are others.
        let known = (self.counts.take(), self.automaton.take());
        if let IterKind::Expr(e) = &iter.kind
            && (self.is_short(e) || self.is_short_list(e))
        {
            return self.short_display(e, &filled, breaks, body);
        }
        if let Some(indexed) = self.indexed(iter, &at) {
            (self.counts, self.automaton) = known;
            return self.by_position(indexed, &at, breaks, &filled, body);
        }
        self.filled = filled;
        let pull = self.pull(iter, false);
        self.filled.clear();
        self.pulled_loop(pull, breaks, body)
    }

    /// A loop over what cannot change: its trip is known, and paid in advance where the body has no loop of its own.
    pub(super) fn by_position(
        &mut self,
        indexed: Indexed,
        at: &Ident,
        breaks: &Label,
        filled: &[Ident],
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let continues = self.label("c");
        let (x, chunk) = (self.fresh("x"), self.fresh("chunk"));
        let Indexed { setup, count, item, elem, .. } = indexed;
        let (known, done) = match self.automaton.take() {
            None => (quote!(), None),
            Some(known) => {
                let [(view, _)] = indexed.narrow.as_slice() else { unreachable!("one text") };
                let done = self.fresh("done");
                let code = self.automatic(&known, (&done, view, &count, at), (&item, &elem), breaks, body);
                (code, Some(done))
            }
        };
        let counts = self.counts.take();
        let from = Literal::i64_suffixed(counts.as_ref().map_or(0, |c| c.from));
        let bounds = (quote!(#chunk.start + #from), quote!(#chunk.end - 1 + #from));
        let around = self.begin_counting(counts, bounds);
        let turn = Val::new(quote!(#x), elem);
        let (code, innermost) = self.looped(breaks, &continues, turn.clone(), body);
        let mut second =
            self.second_form(innermost, &mut |f| f.looped(breaks, &continues, turn.clone(), body).0);
        self.inside = around;
        if let Some(second) = &mut second {
            for (view, narrow) in &indexed.narrow {
                second.looks.push(quote!(let Some(#narrow) = #view.narrow(0, #count - 1, 0)));
            }
            let (item, body) = (&indexed.narrow_item, &second.body);
            second.body = quote!({ let #x = #item; #body });
        }
        let body = code;
        let continues = label_if_used(&body, &continues);
        if innermost {
            self.uses_fuel = true;
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
            let room = self.room(filled, &quote!(#chunk.end - #chunk.start));
            let turn = quote!({ let #x = #item; #body });
            let turns = inside::either(second, &chunk, &quote!(#continues for #at in #chunk), &turn);
            let all =
                done.as_ref().map_or_else(|| quote!(turns(#count)), |done| quote!(turns_from(#done, #count)));
            return quote! {
                #setup
                #known
                for #chunk in #all {
                    #charge;
                    #room
                    #turns
                }
            };
        }
        let tick = self.tick();
        let trip = self.fresh("trip");
        let room = self.room(filled, &quote!(#trip));
        let first = done.map_or_else(|| quote!(0), |done| quote!(#done));
        quote!(#setup #known let #trip = #count; #room #continues for #at in #first..#trip { #tick let #x = #item; #body })
    }

    /// `range` with another step, paid in advance as well where the body has no loop of its own.
    pub(super) fn strided(
        &mut self,
        start: Option<&Expr>,
        stop: &Expr,
        step: &Expr,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let start = start.map_or_else(|| quote!(0i64), |e| self.value_as(e, &Type::Int));
        let stop = self.value_as(stop, &Type::Int);
        let step = self.value_as(step, &Type::Int);
        let continues = self.label("c");
        let (item, chunk) = (self.fresh("i"), self.fresh("chunk"));
        let turn = Val::new(quote!(#item), Type::Int);
        let counts = self.counts.take();
        let around = self.begin_counting(counts, (quote!(#chunk.least()), quote!(#chunk.most())));
        let (code, innermost) = self.looped(breaks, &continues, turn.clone(), body);
        let second = self.second_form(innermost, &mut |f| f.looped(breaks, &continues, turn.clone(), body).0);
        self.inside = around;
        let body = code;
        let steps = self.q(quote!(steps(#start, #stop, #step)));
        if innermost {
            self.uses_fuel = true;
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.turns())));
            let continues = label_if_used(&body, &continues);
            let turns =
                inside::either(second, &chunk, &quote!(#continues for #item in #chunk), &quote!({ #body }));
            return quote! {
                for #chunk in #steps.chunks() {
                    #charge;
                    #turns
                }
            };
        }
        let tick = self.tick();
        let continues = label_if_used(&body, &continues);
        quote!(#continues for #item in #steps { #tick #body })
    }

    /// Strings, bytes and lists, counted or side by side: the element at position `at`.
    pub(super) fn indexed(&mut self, iter: &Iter, at: &Ident) -> Option<Indexed> {
        if self.late || !self.is_indexed(iter) {
            return None;
        }
        match &iter.kind {
            IterKind::Expr(e) => {
                let (it, val) = (self.fresh("it"), self.val(e));
                let code = val.held();
                Some(match val.ty.clone() {
                    Type::Bytes => {
                        let all = self.fresh("bytes");
                        let item = quote!(bytes::of(#all, #at as usize));
                        Indexed {
                            setup: quote!(let #it = #code; let #all = bytes::all(&#it);),
                            count: quote!(#all.len() as i64),
                            item: item.clone(),
                            elem: Type::Int,
                            narrow: Vec::new(),
                            narrow_item: item,
                        }
                    }
                    Type::List { elem, .. } => {
                        let (span, code) = (self.fresh("span"), val.owned());
                        let item = self.q(quote!(list::span_get_at(#span, #at)));
                        Indexed {
                            setup: quote!(let #it = #code; let #span = list::span(&#it);),
                            count: quote!(#span.count()),
                            item: item.clone(),
                            elem: *elem,
                            narrow: Vec::new(),
                            narrow_item: item,
                        }
                    }
                    _ => {
                        let view = self.fresh("view");
                        let narrow = format_ident!("{view}_narrow");
                        Indexed {
                            setup: quote!(let #it = #code; let #view = pystr::view(&#it);),
                            count: quote!(#view.len() as i64),
                            item: quote!(#view.at(#at as usize)),
                            elem: Type::Char,
                            narrow_item: quote!(#narrow.at(#at)),
                            narrow: vec![(view, narrow)],
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
                let (item, narrow) = (inner.item, inner.narrow_item);
                Some(Indexed {
                    item: quote!((#number, #item)),
                    narrow_item: quote!((#number, #narrow)),
                    elem: Type::Tuple { items: vec![Type::Int, inner.elem], origin: Origin::Native },
                    ..inner
                })
            }
            IterKind::Zip(iters) => {
                let parts: Vec<_> = iters.iter().map(|i| self.indexed(i, at)).collect::<Option<_>>()?;
                let (setups, items) = (parts.iter().map(|p| &p.setup), parts.iter().map(|p| &p.item));
                let narrow_items = parts.iter().map(|p| &p.narrow_item);
                let (first, others) = parts.split_first()?;
                let (first, others) = (&first.count, others.iter().map(|p| &p.count));
                Some(Indexed {
                    setup: quote!(#(#setups)*),
                    count: quote!((#first) #(.min(#others))*),
                    item: quote!((#(#items,)*)),
                    narrow_item: quote!((#(#narrow_items,)*)),
                    narrow: parts.iter().flat_map(|p| p.narrow.clone()).collect(),
                    elem: Type::Tuple {
                        items: parts.iter().map(|p| p.elem.clone()).collect(),
                        origin: Origin::Native,
                    },
                })
            }
            _ => None,
        }
    }

    fn is_indexed(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Expr(e) => match self.node(e.id) {
                Type::Str | Type::Bytes => true,
                Type::List { elem, in_place: false } => {
                    matches!(e.kind, ExprKind::Local(_)) && self.keeps_lists(&elem)
                }
                _ => false,
            },
            // No text has so many characters that a count from a written number on leaves 64 bits.
            IterKind::Enumerate { inner, .. } => {
                matches!(iter.counts_from(), Some(0..=0xffff_ffff)) && self.is_indexed(inner)
            }
            IterKind::Zip(iters) => !iters.is_empty() && iters.iter().all(|i| self.is_indexed(i)),
            _ => false,
        }
    }

    /// Do lists with such elements, which are numbers, keep their length in the loop that begins?
    fn keeps_lists(&self, elem: &Type) -> bool {
        self.has_spans(elem) && self.has_room_for(Pass::Spans) && self.keeps_length(elem)
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
