//! Loops and comprehensions.
//!
//! A loop is either pushed (the code of the iterable surrounds the body: ranges, generator expressions) or pulled
//! (`while let Some(x) = next`), with Python's laziness in both.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::coerce::same_rust;
use super::dense::Dense;
use super::inside::Counts;
use super::label::{Label, mentions};
use super::types::{Val, rust_type};
use super::{Func, Loop, inside};
use crate::hir::{Comp, Expr, ExprKind, Iter, IterKind, Tool};
use crate::passes::Pass;
use crate::ty::{Origin, Side, Type};

/// A loop whose `else` is still to come.
pub(super) struct LoopCode {
    pub(super) breaks: Label,
    pub(super) code: TokenStream,
}

impl LoopCode {
    /// `break` jumps behind `orelse`.
    pub(super) fn finish(self, orelse: &[TokenStream]) -> TokenStream {
        let LoopCode { breaks, code } = self;
        // The setup of the loop stays in a scope of its own.
        if mentions(&code, &breaks) {
            quote!(#breaks: { #code #(#orelse)* })
        } else {
            quote!({ #code } #(#orelse)*)
        }
    }
}

/// `'label:` where something jumps to it.
pub(super) fn label_if_used(body: &TokenStream, label: &Label) -> TokenStream {
    if mentions(body, label) { quote!(#label:) } else { quote!() }
}

/// The loops of a comprehension as one statement.
pub(super) fn block_of(label: &Label, code: TokenStream) -> TokenStream {
    if mentions(&code, label) { quote!(#label: { #code }) } else { quote!({ #code }) }
}

/// True where CPython asks the sources again after the end.
pub(super) fn asks_again(iter: &Iter) -> bool {
    match &iter.kind {
        IterKind::Zip(_) | IterKind::ZipStar(_) | IterKind::Enumerate { .. } => true,
        IterKind::Tool { tool, .. } => matches!(
            tool,
            Tool::Accumulate
                | Tool::TakeWhile
                | Tool::DropWhile
                | Tool::ZipLongest
                | Tool::Pairwise
                | Tool::ZipStrict
                | Tool::GroupBy
                | Tool::Batched
                | Tool::Grouped
                | Tool::LongestOf
        ),
        _ => false,
    }
}

/// What comes out of an iterable of a type that is no union.
pub(super) fn iter_elem(ty: &Type) -> Option<Type> {
    Some(match ty {
        Type::List { elem, .. } | Type::Deque { elem, .. } => (**elem).clone(),
        Type::View(elem) | Type::VarTuple(elem) | Type::Iter(elem) => (**elem).clone(),
        Type::Dict { key, .. } => (**key).clone(),
        Type::DictView { dict, side } => {
            let Type::Dict { key, value, .. } = &**dict else { return None };
            match side {
                Side::Keys => (**key).clone(),
                Side::Values => (**value).clone(),
                Side::Items => {
                    Type::Tuple { items: vec![(**key).clone(), (**value).clone()], origin: Origin::Native }
                }
            }
        }
        Type::Set { elem, .. } => (**elem).clone(),
        Type::Tuple { items, .. } | Type::Named { items, .. } => {
            items.iter().fold(Type::Never, |acc, t| Type::join(&acc, t))
        }
        Type::Str | Type::Char => Type::Char,
        Type::Bytes | Type::ByteArray | Type::MemView | Type::Range => Type::Int,
        Type::Packed(code) => code.item(),
        Type::Array(dtype, 1) => Type::Numpy(*dtype),
        Type::Array(dtype, dims @ 2..) => Type::Array(*dtype, dims - 1),
        _ => return None,
    })
}

/// The same of what a loop goes through: an object tells itself whether it can be.
pub(super) fn loop_elem(ty: &Type) -> Option<Type> {
    if *ty == Type::Obj { Some(Type::Obj) } else { iter_elem(ty) }
}

/// Nothing but tuples.
pub(super) fn is_tuple(ty: &Type) -> bool {
    ty.members().iter().all(|t| matches!(t, Type::Tuple { .. } | Type::VarTuple(_)))
}

/// How to pull elements: code that runs once, and an expression of type `Option<elem>`.
pub(super) struct Pull {
    pub(super) setup: TokenStream,
    pub(super) next: TokenStream,
    pub(super) elem: Type,
}

pub(super) type Body<'b, 'f, 'p, 'a> = &'b mut dyn FnMut(&mut Func<'f, 'p, 'a>, Val) -> TokenStream;

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Runs `body` for every element.
    pub(super) fn for_each(&mut self, iter: &Iter, body: Body<'_, 'f, 'p, 'a>) -> LoopCode {
        let breaks = self.label("b");
        let code = self.loop_code(iter, &breaks, body);
        LoopCode { breaks, code }
    }

    fn loop_code(&mut self, iter: &Iter, breaks: &Label, body: Body<'_, 'f, 'p, 'a>) -> TokenStream {
        let (filled, dense) = (std::mem::take(&mut self.filled), self.dense.take());
        let counts = self.counts.take();
        let automaton = self.automaton.take();
        let sieves = self.sieves.take() == Some(iter.id);
        if let Some(shares) = self.shares.take() {
            return self.parallel_loop((shares, dense), (iter, &filled), breaks, body);
        }
        match &iter.kind {
            IterKind::Range { start, stop, step: None } => {
                self.counts = counts;
                self.counted(start.as_deref(), stop, breaks, (&filled, dense), body)
            }
            IterKind::Range { start, stop, step: Some(step) } if matches!(step.kind, ExprKind::Int(1)) => {
                self.counts = counts;
                self.counted(start.as_deref(), stop, breaks, (&filled, dense), body)
            }
            IterKind::Range { start, stop, step: Some(step) } => {
                self.counts = counts.map(Counts::by_steps);
                self.strided(start.as_deref(), stop, step, breaks, body)
            }
            // Where the loop's body hands something over, the call that goes on with it has a depth of its own: see
            // `deeper_throughout`.
            IterKind::Comp(comp)
                if (self.hir.yields.is_none() || self.fused.is_some())
                    && self.calls_inside(comp.as_ref()) =>
            {
                let (outer, deeper) = (self.fresh("cx"), self.deeper());
                let code = self.pushed(comp, sieves, breaks, &mut |f, item| {
                    let code = body(f, item);
                    quote!({ let cx = #outer; #code })
                });
                quote!(let #outer = cx; { let cx = #deeper; #code })
            }
            IterKind::Comp(comp) => self.pushed(comp, sieves, breaks, body),
            IterKind::Enumerate { inner, start } if self.is_pushed(inner) => {
                let count = self.fresh("n");
                let counted: Body<'_, 'f, 'p, 'a> = &mut |f, item| {
                    // The body may be a closure.
                    let next = f.q(quote!(int::add(#count, 1)));
                    let x = f.fresh("x");
                    let (elem, code) = (item.ty.clone(), item.owned());
                    let pair = Type::Tuple { items: vec![Type::Int, elem], origin: Origin::Native };
                    let inner = body(f, Val::new(quote!((__py_at, #x)), pair));
                    quote!(let #x = #code; let __py_at = #count; #count = #next; #inner)
                };
                // What the generator is given is evaluated first.
                let (setup, code) = match &inner.kind {
                    IterKind::Expr(e) if let Some((setup, source)) = self.source(e) => {
                        (setup, self.drive((&source, e.id, false), breaks, counted))
                    }
                    _ => (quote!(), self.loop_code(inner, breaks, counted)),
                };
                let start = start.as_ref().map_or_else(|| quote!(0i64), |e| self.value_as(e, &Type::Int));
                quote!(#setup let mut #count: i64 = #start; #code)
            }
            IterKind::Expr(e) => match self.source(e) {
                Some((setup, source)) => {
                    let code = self.drive((&source, e.id, sieves), breaks, body);
                    quote!(#setup #code)
                }
                None => self.counting((counts, automaton), |f| f.gone_through(iter, breaks, filled, body)),
            },
            _ => self.counting((counts, automaton), |f| f.gone_through(iter, breaks, filled, body)),
        }
    }

    /// Does its code stand around the loop's body?
    fn is_pushed(&mut self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Comp(_) => true,
            IterKind::Expr(e) => self.is_source(e),
            _ => false,
        }
    }

    /// A loop over what is pulled.
    pub(super) fn pulled_loop(
        &mut self,
        pull: Pull,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let continues = self.label("c");
        let item = self.fresh("x");
        let tick = self.tick();
        let has_texts = matches!(pull.elem, Type::Tuple { .. } | Type::Str) && !pull.elem.is_held();
        let (body, _) = self.looped(breaks, &continues, Val::new(quote!(#item), pull.elem), body);
        let (setup, next) = (pull.setup, pull.next);
        let continues = label_if_used(&body, &continues);
        // What holds texts stays in registers where nothing can leave the loop before it is taken apart or moved.
        if has_texts {
            return quote!(#setup #continues while let Some(#item) = { #tick #next } { #body });
        }
        quote!(#setup #continues while let Some(#item) = #next { #tick #body })
    }

    /// The body of a loop, and whether there is no loop in it.
    pub(super) fn looped(
        &mut self,
        breaks: &Label,
        continues: &Label,
        item: Val,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> (TokenStream, bool) {
        let before = self.nested_loops;
        self.loops.push(Loop {
            breaks: breaks.clone(),
            continues: continues.clone(),
            is_block: false,
            finals: self.finals.len(),
        });
        let body = body(self, item);
        self.loops.pop();
        let innermost = self.nested_loops == before;
        self.nested_loops += 1;
        (body, innermost)
    }

    /// `range` with step one: a plain Rust range, so that LLVM sees the bounds.
    fn counted(
        &mut self,
        start: Option<&Expr>,
        stop: &Expr,
        breaks: &Label,
        (filled, mut dense): (&[Ident], Option<Dense>),
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let (counts, short) = (self.counts.take(), self.is_short_trip(start, stop));
        if let Some(level) = self.level(stop) {
            return self.level_loop(level, short, breaks, body);
        }
        let start = start.map_or_else(|| quote!(0i64), |e| self.value_as(e, &Type::Int));
        let stop = self.value_as(stop, &Type::Int);
        let continues = self.label("c");
        let (item, chunk) = (self.fresh("i"), self.fresh("chunk"));
        let turn = Val::new(quote!(#item), Type::Int);
        let within = self.enter_nest(dense.as_mut());
        let bounds = (quote!(#chunk.start), quote!(#chunk.end - 1));
        let around = self.begin_counting(counts.filter(|_| dense.is_none()), bounds);
        let (code, innermost) = self.looped(breaks, &continues, turn.clone(), body);
        let second = self
            .second_form(innermost && !short, &mut |f| f.looped(breaks, &continues, turn.clone(), body).0);
        self.inside = around;
        self.within_nest = within;
        if short {
            self.forget_short(innermost);
            let continues = label_if_used(&code, &continues);
            return quote!(#continues for #item in (#start)..(#stop) { #code });
        }
        self.uses_fuel = true;
        if let Some(dense) = dense {
            let around = self.label("blocks");
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
            let labels = (&around, &continues);
            let second = self.dense_loop(dense, (&item, &chunk), labels, &mut |f| {
                f.looped(breaks, &continues, turn.clone(), body).0
            });
            let continues = label_if_used(&code, &continues);
            let tick = if innermost { quote!() } else { self.tick() };
            return quote! {
                #around: for #chunk in chunks(#start, #stop) {
                    #charge;
                    #second
                    #continues for #item in #chunk { #tick #code }
                }
            };
        }
        let body = code;
        if innermost {
            // The whole trip is paid before it starts, in pieces that keep signals waiting for no longer than a poll.
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
            let continues = label_if_used(&body, &continues);
            let room = self.room(filled, &quote!(#chunk.end - #chunk.start));
            let turns =
                inside::either(second, &chunk, &quote!(#continues for #item in #chunk), &quote!({ #body }));
            return quote! {
                for #chunk in chunks(#start, #stop) {
                    #charge;
                    #room
                    #turns
                }
            };
        }
        let tick = self.tick();
        let continues = label_if_used(&body, &continues);
        quote!(#continues for #item in (#start)..(#stop) { #tick #body })
    }

    /// The loops of a generator expression around the body, which asks whether an element counts if it `sieves`.
    fn pushed(
        &mut self,
        comp: &Comp,
        sieves: bool,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        if sieves && let Some((ifs, open)) = self.sieve(comp, &self.node(comp.element.id)) {
            return self.generator(&open, 0, breaks, &mut |f| {
                f.sieved(&ifs, |f, chosen| {
                    let (name, code) = (f.fresh("x"), f.sifted(&open.element, chosen));
                    f.counts_if = Some(chosen.clone());
                    let inner = body(f, Val::new(quote!(#name), f.node(open.element.id)));
                    quote!(let #name = #code; #inner)
                })
            });
        }
        self.generator(comp, 0, breaks, &mut |f| {
            let element = f.val(&comp.element);
            let name = f.fresh("x");
            let code = element.owned();
            let inner = body(f, Val::new(quote!(#name), element.ty));
            quote!(let #name = #code; #inner)
        })
    }

    /// Nested loops and conditions of a comprehension; `inner` is the code for one element.
    pub(super) fn generator(
        &mut self,
        comp: &Comp,
        level: usize,
        breaks: &Label,
        inner: &mut dyn FnMut(&mut Self) -> TokenStream,
    ) -> TokenStream {
        let Some(g) = comp.generators.get(level) else { return inner(self) };
        let own = if level == 0 { breaks.clone() } else { self.label("b") };
        self.loop_code(&g.iter, &own, &mut |f, item| {
            let assign = f.assign(&g.target, &item);
            let tests: Vec<_> = g.ifs.iter().map(|e| f.test(e)).collect();
            let rest = f.generator(comp, level + 1, breaks, inner);
            match tests.is_empty() {
                true => quote!(#assign #rest),
                false => quote!(#assign if #(#tests)&&* { #rest }),
            }
        })
    }

    /// `detached`: the step becomes a closure, so it must not name anything but what the setup binds.
    pub(super) fn pull(&mut self, iter: &Iter, detached: bool) -> Pull {
        let (it, at) = (self.fresh("it"), self.fresh("at"));
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                let start = start.as_ref().map_or_else(|| quote!(0i64), |e| self.value_as(e, &Type::Int));
                let stop = self.value_as(stop, &Type::Int);
                let step = step.as_ref().map_or_else(|| quote!(1i64), |e| self.value_as(e, &Type::Int));
                let steps = self.q(quote!(steps(#start, #stop, #step)));
                Pull { setup: quote!(let mut #it = #steps;), next: quote!(#it.next()), elem: Type::Int }
            }
            IterKind::Enumerate { inner, start } => {
                let pull = self.pull(inner, detached);
                let start = start.as_ref().map_or_else(|| quote!(0i64), |e| self.value_as(e, &Type::Int));
                let (setup, next, x) = (pull.setup, pull.next, self.fresh("x"));
                // No iterable has so many elements that a count from a written number on leaves 64 bits.
                let count = match iter.counts_from() {
                    Some(0..=0xffff_ffff) => quote!(#at + 1),
                    _ => self.q_in(detached, quote!(int::add(#at, 1))),
                };
                Pull {
                    setup: quote!(#setup let mut #at: i64 = #start;),
                    next: quote!(match #next { Some(#x) => { let __py_n = #at; #at = #count; Some((__py_n, #x)) } None => None }),
                    elem: Type::Tuple { items: vec![Type::Int, pull.elem], origin: Origin::Native },
                }
            }
            IterKind::Zip(items) => {
                self.filled.clear();
                let pulls: Vec<Pull> = items.iter().map(|i| self.pull(i, detached)).collect();
                let names: Vec<_> = pulls.iter().map(|_| self.fresh("z")).collect();
                let mut next = quote!(Some((#(#names,)*)));
                for (pull, name) in pulls.iter().zip(&names).rev() {
                    let n = &pull.next;
                    next = quote!(match #n { Some(#name) => #next, None => None });
                }
                let setups = pulls.iter().map(|p| &p.setup);
                Pull {
                    setup: quote!(#(#setups)*),
                    next,
                    elem: Type::Tuple {
                        items: pulls.into_iter().map(|p| p.elem).collect(),
                        origin: Origin::Native,
                    },
                }
            }
            IterKind::ZipStar(e) => self.pull_columns(iter, e, detached, &it),
            IterKind::Reversed(e) => self.pull_reversed(e, detached, &it, &at),
            IterKind::ReversedItems(e) => self.pull_dict(e, detached, &it, &at, "last_item"),
            IterKind::ReversedValues(e) => self.pull_dict(e, detached, &it, &at, "last_value"),
            IterKind::Items(e) => self.pull_dict(e, detached, &it, &at, "next_item"),
            IterKind::Keys(e) => self.pull_dict(e, detached, &it, &at, "next_key"),
            IterKind::Values(e) => self.pull_dict(e, detached, &it, &at, "next_value"),
            IterKind::Expr(e) => {
                let filled = std::mem::take(&mut self.filled);
                if let Some(pull) = self.pull_split(e, detached, &it, &at) {
                    return pull;
                }
                let val = self.val(e);
                if self.is_table(e, &val.ty) {
                    return self.pull_table(&val, detached, &it, &at);
                }
                self.filled = filled;
                self.pull_value(&val, detached, &it, &at)
            }
            IterKind::Tool { tool, iters, args, function } => {
                self.pull_tool(iter, *tool, (iters, args, function.as_deref()), detached)
            }
            IterKind::Comp(comp) => {
                // Pulled by `enumerate` or `zip`: refused by inference.
                debug_assert!(comp.extra.is_none());
                self.pull_nothing(&quote!())
            }
        }
    }

    /// The only member of a union that `accept` takes; the others raise, and Python says how.
    pub(super) fn project(&mut self, val: &Val, accept: impl Fn(&Type) -> bool) -> Val {
        let Some(member) = val.ty.members().iter().find(|m| accept(m)).cloned() else { return val.clone() };
        if val.ty == member {
            return val.clone();
        }
        let code = self.match_union(val, |_, v| (v.ty == member).then(|| v.owned()));
        Val::new(code, member)
    }

    /// A global list or tuple of numbers, or of tuples of them.
    fn is_table(&self, e: &Expr, ty: &Type) -> bool {
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Bool);
        let (Type::List { elem, in_place: true } | Type::VarTuple(elem)) = ty else { return false };
        let plain = match &**elem {
            Type::Tuple { items, .. } => !elem.is_held() && items.iter().all(number),
            elem => number(elem),
        };
        plain && matches!(e.kind, ExprKind::Global(_)) && self.file.program.passes.has(Pass::Tables)
    }

    fn pull_table(&mut self, val: &Val, detached: bool, it: &Ident, at: &Ident) -> Pull {
        let (elem, code) = (iter_elem(&val.ty).unwrap_or(Type::Never), val.owned());
        let (known, rust) = (self.fresh("known"), rust_type(&elem));
        Pull {
            setup: quote! {
                static #known: list::Known<#rust> = list::Known::new();
                let #it = #code;
                let mut #at: i64 = 0;
            },
            next: self.q_in(detached, quote!(list::next_known(cx, &#known, &#it, &mut #at))),
            elem,
        }
    }

    pub(super) fn pull_value(&mut self, val: &Val, detached: bool, it: &Ident, at: &Ident) -> Pull {
        if val.ty.members().iter().filter(|t| loop_elem(t).is_some()).count() > 1 {
            return self.pull_forward(val, detached, it);
        }
        let val = self.project(val, |t| loop_elem(t).is_some());
        let val = self.opened(&val);
        let code = val.owned();
        let position = quote!(let mut #at: i64 = 0;);
        match &val.ty {
            Type::List { elem, .. } | Type::View(elem) => Pull {
                setup: {
                    let room = std::mem::take(&mut self.filled);
                    let room = self.room(&room, &quote!(list::len(cx, &#it)));
                    quote!(let #it = #code; #room #position)
                },
                next: self.q_in(detached, quote!(list::next(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::Deque { elem, .. } if self.late => Pull {
                setup: quote!(let #it = #code; let mut #at = None;),
                next: self.q_in(
                    detached,
                    quote!(deque::next(cx, &#it, #at.get_or_insert_with(|| deque::iter(cx, &#it)))),
                ),
                elem: (**elem).clone(),
            },
            Type::Deque { elem, .. } => Pull {
                setup: quote!(let #it = #code; let mut #at = deque::iter(cx, &#it);),
                next: self.q_in(detached, quote!(deque::next(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::Iter(elem) => Pull {
                setup: quote!(let #it = #code;),
                next: self.q_in(detached, quote!(#it.next(cx))),
                elem: (**elem).clone(),
            },
            Type::VarTuple(elem) => Pull {
                setup: quote!(let #it = #code; #position),
                next: self.q_in(detached, quote!(tuple::next(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::Obj => {
                let each = self.q(quote!(dynamic::each(cx, #code)));
                Pull {
                    setup: quote!(let mut #it = #each;),
                    next: self.q_in(detached, quote!(#it.next(cx))),
                    elem: Type::Obj,
                }
            }
            Type::Range => Pull {
                setup: quote!(let #it = #code; #position),
                next: self.q_in(detached, quote!(range::next(cx, #it, &mut #at))),
                elem: Type::Int,
            },
            Type::Str => Pull {
                setup: {
                    let code = val.held();
                    quote!(let #it = #code; #position)
                },
                next: quote!(str_next(&#it, &mut #at)),
                elem: Type::Char,
            },
            Type::Char => Pull {
                setup: quote!(let #it = [#code]; #position),
                next: quote!(next_of(&#it, &mut #at)),
                elem: Type::Char,
            },
            Type::Bytes => Pull {
                setup: quote!(let #it = #code; #position),
                next: quote!(bytes_next(&#it, &mut #at)),
                elem: Type::Int,
            },
            Type::ByteArray => Pull {
                setup: quote!(let #it = #code; #position),
                next: quote!(bytearray::next(&#it, &mut #at)),
                elem: Type::Int,
            },
            Type::Packed(typecode) => Pull {
                setup: quote!(let #it = #code; #position),
                next: self.q_in(detached, quote!(packed::next(&#it, &mut #at))),
                elem: typecode.item(),
            },
            Type::Array(_, dims @ 1..) => {
                let next = format_ident!("next{dims}");
                Pull {
                    setup: quote!(let #it = #code; #position),
                    next: quote!(ndarray::#next(&#it, &mut #at)),
                    elem: iter_elem(&val.ty).unwrap_or(Type::Never),
                }
            }
            Type::Dict { key, value, .. } => {
                self.dict_cursor(code, detached, it, at, "next_key", (key, value))
            }
            Type::DictView { dict, side } => {
                let Type::Dict { key, value, .. } = &**dict else { unreachable!("a view of a dict") };
                let next = match side {
                    Side::Keys => "next_key",
                    Side::Values => "next_value",
                    Side::Items => "next_item",
                };
                self.dict_cursor(code, detached, it, at, next, (key, value))
            }
            Type::MemView => Pull {
                setup: quote!(let #it = #code; #position),
                next: quote!(#it.next(&mut #at)),
                elem: Type::Int,
            },
            Type::Set { elem, .. } => {
                let start = self.q(quote!(set::iter(cx, &#it)));
                Pull {
                    setup: quote!(let #it = #code; let mut #at = #start;),
                    next: self.q_in(detached, quote!(set::next(cx, &#it, &mut #at))),
                    elem: (**elem).clone(),
                }
            }
            Type::Tuple { items, .. } => {
                let elem = items.iter().fold(Type::Never, |acc, t| Type::join(&acc, t));
                let t = self.fresh("t");
                let (ty, parts) = self.as_array(&t, items, &elem);
                Pull {
                    setup: quote!(let #t = #code; let #it: #ty = #parts; #position),
                    next: quote!(next_of(&#it, &mut #at)),
                    elem,
                }
            }
            _ => {
                let code = val.by_ref();
                self.pull_nothing(&quote!(let _ = #code;))
            }
        }
    }

    /// What cannot be gone through: gives up before the first step, which may be a function of its own.
    pub(super) fn pull_nothing(&mut self, before: &TokenStream) -> Pull {
        let bail = self.bail("Unsupported");
        Pull { setup: quote!(#before let () = #bail;), next: quote!(None::<()>), elem: Type::Never }
    }

    /// Iterables of several kinds: whichever comes becomes an iterator.
    pub(super) fn pull_forward(&mut self, val: &Val, detached: bool, it: &Ident) -> Pull {
        self.pull_union(val, detached, it, |_| true, |f, v, it, at| f.pull_value(v, true, it, at))
    }

    /// The same of those members that `takes` says, each of which gives its elements as `pull` has it, detached.
    pub(super) fn pull_union(
        &mut self,
        val: &Val,
        detached: bool,
        it: &Ident,
        takes: impl Fn(&Type) -> bool,
        mut pull: impl FnMut(&mut Self, &Val, &Ident, &Ident) -> Pull,
    ) -> Pull {
        let elem_of = |t: &Type| loop_elem(t).filter(|_| takes(t));
        let elem =
            val.ty.members().iter().filter_map(elem_of).fold(Type::Never, |acc, t| Type::join(&acc, &t));
        let kinds = val.ty.members().iter().filter(|t| elem_of(t).is_some()).count();
        // Nobody else asks it, so it is no value: its code can stand here.
        let here = kinds == 2 && !detached;
        let mut first = true;
        let code = self.match_union(val, |f, v| {
            elem_of(&v.ty)?;
            let (it, at) = (f.fresh("it"), f.fresh("at"));
            let pull = pull(f, &v, &it, &at);
            if !here {
                return Some(f.stepping(pull, &elem, quote!(new)));
            }
            let kind = if std::mem::take(&mut first) { quote!(A) } else { quote!(B) };
            let (setup, step) = f.step(pull, &elem);
            let t = rust_type(&elem);
            Some(quote!({ #setup Either::#kind(move |cx: Cx| -> R<Option<#t>> { #step }) }))
        });
        let mutable = here.then(|| quote!(mut));
        Pull {
            setup: quote!(let #mutable #it = #code;),
            next: self.q_in(detached, quote!(#it.next(cx))),
            elem,
        }
    }

    /// An iterator that owns what it pulls from.
    pub(super) fn stepping(&mut self, pull: Pull, elem: &Type, new: TokenStream) -> TokenStream {
        let ((setup, step), t) = (self.step(pull, elem), rust_type(elem));
        quote!({ #setup PyIter::<#t>::#new(move |cx| #step) })
    }

    /// What stands before the first step, and a step.
    fn step(&mut self, pull: Pull, elem: &Type) -> (TokenStream, TokenStream) {
        let x = self.fresh("x");
        let item = self.in_closure(|f| f.coerce(&Val::new(quote!(#x), pull.elem.clone()), elem));
        let next = pull.next;
        (pull.setup, quote!(Ok(match #next { Some(#x) => Some(#item), None => None })))
    }

    /// `for word in text.split()`: nobody else sees the list, so the words are made one at a time.
    fn pull_split(&mut self, e: &Expr, detached: bool, it: &Ident, at: &Ident) -> Option<Pull> {
        let ExprKind::Method { base, name, args, keywords } = &e.kind else { return None };
        if name != "split" || !keywords.is_empty() || self.node(base.id) != Type::Str {
            return None;
        }
        let setup = |code: TokenStream| quote!(let #it = #code; let mut #at: i64 = 0;);
        match args.as_slice() {
            [] => {
                let code = self.val(base).held();
                let next = self.q_in(detached, quote!(pystr::next_word(cx, &#it, &mut #at)));
                Some(Pull { setup: setup(code), next, elem: Type::Str })
            }
            [sep] if matches!(self.node(sep.id), Type::Str | Type::Char) => {
                let code = self.val(base).held();
                let (name, sep) = (self.fresh("sep"), self.value_as(sep, &Type::Str));
                let next = self.q_in(detached, quote!(pystr::next_piece(cx, &#it, &#name, &mut #at)));
                let setup = setup(code);
                Some(Pull { setup: quote!(#setup let #name = #sep;), next, elem: Type::Str })
            }
            _ => None,
        }
    }

    /// Appends everything that comes out of an iterable.
    pub(super) fn append_all(&mut self, list: &Ident, elem: &Type, iter: &Iter) -> TokenStream {
        let code = self.for_each(iter, &mut |f, item| {
            let item = f.coerce(&item, elem);
            let append = f.q(quote!(list::append(cx, &#list, #item)));
            quote!(#append;)
        });
        code.finish(&[])
    }

    /// `list.extend(other)`: of another list at once, of what else can be gone through one by one.
    pub(super) fn extend(&mut self, list: &Val, other: &Val) -> TokenStream {
        let Type::List { elem, .. } = &list.ty else { return self.bail("Unsupported") };
        self.match_union(other, |f, v| {
            if let Type::List { elem: theirs, .. } | Type::View(theirs) = &v.ty
                && same_rust(theirs, elem)
            {
                return Some(f.apply("list.extend", &[list.clone(), v], &Type::None));
            }
            loop_elem(&v.ty)?;
            let (it, at, x) = (f.fresh("it"), f.fresh("at"), f.fresh("x"));
            // What it has now: it may be the list itself.
            let v = match &v.ty {
                Type::Obj => {
                    let code = &v.code;
                    let all = f.q(quote!(dynamic::listed(cx, #code)));
                    Val::new(all, Type::List { elem: Box::new(Type::Obj), in_place: false })
                }
                _ => v,
            };
            let pull = f.pull_value(&v, false, &it, &at);
            let (setup, next) = (pull.setup, pull.next);
            let item = f.coerce(&Val::new(quote!(#x), pull.elem), elem);
            let (list, tick) = (list.by_ref(), f.tick());
            let append = f.q(quote!(list::append(cx, #list, #item)));
            Some(quote!({ #setup while let Some(#x) = #next { #tick #append; } }))
        })
    }

    /// An iterator as a value: the setup here, the step in a closure that owns it.
    pub(super) fn iterator(&mut self, iter: &Iter, ty: &Type) -> TokenStream {
        let Type::Iter(elem) = ty else { return self.bail("Unsupported") };
        // `iter(it)` is `it`.
        if let IterKind::Expr(e) = &iter.kind
            && matches!(self.node(e.id), Type::Iter(_))
        {
            return self.value_as(e, ty);
        }
        let pull = self.pull(iter, true);
        let new = if asks_again(iter) { quote!(zipped) } else { quote!(new) };
        self.stepping(pull, elem, new)
    }

    /// `next(iter, default)`: the default is evaluated first.
    pub(super) fn next(
        &mut self,
        node: crate::hir::NodeId,
        iter: &Expr,
        default: Option<&Expr>,
        ty: &Type,
    ) -> TokenStream {
        let val = self.val(iter);
        let counts = |t: &Type| matches!(t, Type::Foreign(class) if class.counts());
        let val = self.project(&val, |t| matches!(t, Type::Iter(_)) || counts(t));
        if counts(&val.ty) {
            // It has no end, but a default is evaluated.
            let (code, it) = (val.owned(), self.fresh("it"));
            let before = default.map(|e| self.val(e).by_ref()).map(|code| quote!(let _ = #code;));
            let next = self.q(quote!(counts::next(cx, #it)));
            let next = self.coerce(&Val::new(next, Type::Int), ty);
            return quote!({ let #it = #code; #before #next });
        }
        let Type::Iter(elem) = val.ty.clone() else {
            let (code, bail) = (val.by_ref(), self.bail("Type"));
            return quote!({ let _ = #code; #bail });
        };
        let (it, x, d) = (self.fresh("it"), self.fresh("x"), self.fresh("default"));
        let (code, step) = (val.owned(), self.q(quote!(#it.next(cx))));
        let hit = self.coerce(&Val::new(quote!(#x), *elem), ty);
        let (before, miss) = match default {
            Some(e) => {
                let code = self.value_as(e, ty);
                (quote!(let #d = #code;), quote!(#d))
            }
            None if self.hir.in_generator.contains(&node) => (quote!(), self.bail("Unsupported")),
            None => (quote!(), self.q(quote!(exc(Exc::StopIteration)))),
        };
        quote!({ let #it = #code; #before match #step { Some(#x) => #hit, None => #miss } })
    }
}
