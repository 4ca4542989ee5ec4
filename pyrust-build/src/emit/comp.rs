//! Comprehensions, and the builtins that consume an iterable.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::iter::{block_of, is_tuple};
use super::label::Label;
use super::types::{Val, rust_type};
use crate::hir::visit::defines;
use crate::hir::{Comp, CompKind, Expr, ExprKind, NodeId};
use crate::ty::{Origin, Type};

/// How a comprehension collects: what it starts with, what it ends with, the code for one element.
type Collector<'c, F> = (TokenStream, TokenStream, Box<dyn FnMut(&mut F) -> TokenStream + 'c>);

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// `bytes(…)` and `bytearray(…)` of numbers that are computed one by one: each is looked at before the next one.
    pub(super) fn bytes_of(&mut self, name: &str, arg: &Expr) -> Option<Val> {
        let ExprKind::Comp(comp) = &arg.kind else { return None };
        if !matches!(comp.builtin, Some("bytes" | "bytearray")) || self.node(comp.element.id) != Type::Int {
            return None;
        }
        let (breaks, out) = (self.label("b"), self.fresh("out"));
        let mut inner = |f: &mut Self| {
            let value = f.value_as(&comp.element, &Type::Int);
            let push = f.q(quote!(#out.push_int(#value)));
            quote!(#push;)
        };
        let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut inner));
        let made = self.q(quote!(#out.finish(cx)));
        let (made, ty) = match name {
            "bytearray" => (self.q(quote!(bytearray::of_bytes(cx, &#made))), Type::ByteArray),
            _ => (made, Type::Bytes),
        };
        Some(Val::new(quote!({ let mut #out = bytes::BytesBuilder::new(); #code #made }), ty))
    }

    /// `tuple(…)` of so many items, of one type (`infer::lengths`). A list is read where it stands.
    fn of_length(&mut self, node: NodeId, comp: &Comp, items: &[Type], ty: &Type) -> TokenStream {
        let elem = &items[0];
        let is_list = |ty: &Type| match ty {
            Type::List { elem: of, .. } | Type::View(of) => **of == *elem,
            _ => false,
        };
        let list = match comp.source().filter(|e| is_list(&self.node(e.id))) {
            Some(e) => self.val(e).owned(),
            None => {
                let made = Comp { kind: CompKind::List, ..comp.clone() };
                self.comp(node, &made, &Type::List { elem: Box::new(elem.clone()), in_place: false })
            }
        };
        let (all, bail) = (self.fresh("all"), self.bail("Type"));
        let count = Literal::i64_suffixed(items.len() as i64);
        let at = (0..items.len()).map(|at| {
            let at = Literal::i64_suffixed(at as i64);
            self.q(quote!(list::get(cx, &#all, #at)))
        });
        let made = quote!((#(#at,)*));
        let made = Val::new(made, Type::Tuple { items: items.to_vec(), origin: Origin::Native });
        let made = self.coerce(&made, ty);
        quote!({
            let #all = #list;
            if list::len(cx, &#all) != #count { #bail; }
            #made
        })
    }

    /// A comprehension, or a builtin that consumes an iterable.
    pub(super) fn comp(&mut self, node: crate::hir::NodeId, comp: &Comp, ty: &Type) -> TokenStream {
        let passes = std::mem::take(&mut self.passes);
        // Nothing is known of what would be in it: some part is not supported.
        if *ty == Type::Never {
            return self.bail("Unsupported");
        }
        if let (Some(length), CompKind::List | CompKind::Tuple) = (&comp.extra, comp.kind) {
            return self.sized(node, length, comp, ty);
        }
        // `tuple(t)` is `t`.
        if let Some(e) = comp.source()
            && comp.kind == CompKind::Tuple
            && is_tuple(&self.node(e.id))
        {
            return self.value_as(e, ty);
        }
        if let (CompKind::Tuple, Some(e), Type::VarTuple(elem)) = (comp.kind, comp.source(), ty)
            && self.node(e.id) == Type::Obj
            && **elem == Type::Obj
        {
            let object = self.value_as(e, &Type::Obj);
            let made =
                Val::new(self.q(quote!(dynamic::tuple(cx, #object))), Type::VarTuple(Box::new(Type::Obj)));
            return self.coerce(&made, ty);
        }
        if let (CompKind::List, Some(e), Type::List { in_place: false, .. }) = (comp.kind, comp.source(), ty)
            && matches!(e.kind, ExprKind::Local(_))
            && self.node(e.id) == *ty
        {
            let list = self.val(e);
            if self.hir.taken.contains(&comp.generators[0].iter.id) {
                return list.owned();
            }
            let list = list.by_ref();
            return self.q(quote!(list::copy(cx, #list)));
        }
        if let (CompKind::List, Some(e), Type::List { elem, in_place }) = (comp.kind, comp.source(), ty)
            && let Type::VarTuple(item) = self.node(e.id)
            && item == *elem
        {
            let tuple = self.val(e).by_ref();
            let copied = if *in_place { quote!(to_plist) } else { quote!(to_list) };
            return self.q(quote!(tuple::#copied(cx, #tuple)));
        }
        if let (CompKind::Tuple, Type::Tuple { items, .. }) = (comp.kind, ty)
            && self.hir.lengths.get(&node) == Some(&items.len())
        {
            return self.of_length(node, comp, items, ty);
        }
        let breaks = self.label("b");
        let out = self.fresh("out");
        let extra = match (&comp.extra, comp.kind) {
            (Some(e), CompKind::Deque) => Some(Val::new(self.maxlen(e), Type::Int)),
            (extra, _) => extra.as_ref().map(|e| self.val(e)),
        };
        let elem_ty = self.node(comp.element.id);
        let mut fills = None;
        let (make, finish, mut inner): Collector<'_, Self> = match comp.kind {
            CompKind::List | CompKind::Take(_) | CompKind::Tuple => {
                let list_ty = match ty {
                    Type::VarTuple(elem) => Type::List { elem: elem.clone(), in_place: false },
                    other => other.clone(),
                };
                let Type::List { elem, .. } = list_ty.clone() else { return self.bail("Unsupported") };
                let make = self.new_container(&list_ty);
                let finish = match comp.kind {
                    CompKind::Tuple => self.q(quote!(tuple::from_list(cx, &#out))),
                    _ => quote!(#out),
                };
                let (out, breaks) = (out.clone(), breaks.clone());
                let outside = matches!(list_ty, Type::List { in_place: true, .. });
                if let ([one], true) = (comp.generators.as_slice(), !matches!(comp.kind, CompKind::Take(_)))
                    && one.ifs.is_empty()
                {
                    fills = Some(out.clone());
                }
                let inner = move |f: &mut Self| {
                    let made = if outside { f.made(&comp.element, &elem) } else { None };
                    let push = match made {
                        Some(made) => f.push_made(&quote!(&#out), &elem, &made),
                        None => {
                            let value = f.value_as(&comp.element, &elem);
                            f.q(quote!(list::append(cx, &#out, #value)))
                        }
                    };
                    let stop = match comp.kind {
                        CompKind::Take(most) => {
                            let most = Literal::i64_suffixed(most as i64);
                            quote!(if list::len(cx, &#out) >= #most { break #breaks; })
                        }
                        _ => quote!(),
                    };
                    quote!(#push; #stop)
                };
                (make, finish, Box::new(inner))
            }
            CompKind::Deque => {
                let Type::Deque { elem, in_place } = ty.clone() else { return self.bail("Unsupported") };
                let maxlen = extra.map_or_else(|| quote!(None), |e| e.code);
                let out2 = out.clone();
                let make = self.new_deque(&elem, in_place, &maxlen);
                let inner = move |f: &mut Self| {
                    let value = f.value_as(&comp.element, &elem);
                    let push = f.q(quote!(deque::append(cx, &#out2, #value)));
                    quote!(#push;)
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                return quote!({ let #out = #make; #code #out });
            }
            CompKind::Count => {
                let Type::Dict { key, value, .. } = ty.clone() else { return self.bail("Unsupported") };
                let (make, out2) = (self.new_container(ty), out.clone());
                if let Some(e) = comp.source()
                    && matches!(self.node(e.id), Type::Dict { .. })
                {
                    let val = self.val(e);
                    let Type::Dict { key: k, value: v, .. } = &val.ty else { unreachable!("just seen") };
                    if (k, v) != (&key, &value) {
                        // Into an empty one they go as they are.
                        let (it, at, x) = (self.fresh("it"), self.fresh("at"), self.fresh("x"));
                        let pull = self.dict_cursor(val.owned(), false, &it, &at, "next_item", (k, v));
                        let (setup, next, tick) = (pull.setup, pull.next, self.tick());
                        let item = Val::new(quote!(#x), pull.elem);
                        let set = self.set_pair(&quote!(&#out), &item, &key, &value);
                        return quote!({
                            let #out = #make;
                            #setup
                            while let Some(#x) = #next { #tick #set; }
                            #out
                        });
                    }
                    let other = val.by_ref();
                    let update = self.q(quote!(dict::add_counts(cx, &#out, #other)));
                    return quote!({ let #out = #make; #update; #out });
                }
                let inner = move |f: &mut Self| {
                    let value = f.value_as(&comp.element, &key);
                    let count = f.q(quote!(dict::count_one(cx, &#out2, #value)));
                    quote!(#count;)
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                return quote!({ let #out = #make; #code #out });
            }
            CompKind::Dict => {
                let Type::Dict { key, value, .. } = ty.clone() else { return self.bail("Unsupported") };
                let (make, out2) = (self.new_container(ty), out.clone());
                // One value for all keys is made once.
                if let (None, Some(e)) = (&comp.value, &extra) {
                    let (name, code) = (self.fresh("value"), self.coerce(e, &value));
                    let shared = Val::place(quote!(#name), (*value).clone()).owned();
                    let inner = move |f: &mut Self| {
                        let k = f.value_as(&comp.element, &key);
                        let set = f.q(quote!(dict::set(cx, &#out2, #k, #shared)));
                        quote!(#set;)
                    };
                    let loops = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                    return quote!({ let #name = #code; let #out = #make; #loops #out });
                }
                if comp.value.is_some() && self.enters_at_once(ty) {
                    return self.live_entries(comp, (&key, &value));
                }
                let inner = move |f: &mut Self| {
                    let k = f.value_as(&comp.element, &key);
                    let v = comp.value.as_ref().map(|v| f.value_as(v, &value));
                    let set = f.q(quote!(dict::set(cx, &#out2, #k, #v)));
                    quote!(#set;)
                };
                (make, quote!(#out), Box::new(inner))
            }
            CompKind::Set(frozen) => return self.set_comp(comp, frozen, ty),
            CompKind::Update => {
                let Some(set) = extra else { return self.bail("Unsupported") };
                return self.update_comp(comp, &set);
            }
            CompKind::Concat => {
                let make = self.new_container(ty);
                let (out2, this) = (out.clone(), ty.clone());
                let inner = move |f: &mut Self| {
                    let item = f.val(&comp.element);
                    let item = f.project(&item, |t| matches!(t, Type::List { .. }));
                    let list = Val::place(quote!(#out2), this.clone());
                    let extend = f.extend(&list, &item);
                    quote!(#extend;)
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                return quote!({ let #out = #make; #code #out });
            }
            CompKind::Extend => {
                let Some(target) = extra else { return self.bail("Unsupported") };
                let target = self.project(&target, |t| matches!(t, Type::List { .. } | Type::Deque { .. }));
                let (elem, append) = match target.ty.clone() {
                    Type::List { elem, .. } => (elem, quote!(list::append)),
                    Type::Deque { elem, .. } => (elem, quote!(deque::append)),
                    _ => return self.bail("Type"),
                };
                let (list, out2) = (target.owned(), out.clone());
                let inner = move |f: &mut Self| {
                    let value = f.value_as(&comp.element, &elem);
                    let push = f.q(quote!(#append(cx, &#out2, #value)));
                    quote!(#push;)
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                return quote!({ let #out = #list; #code });
            }
            CompKind::First => {
                let (breaks2, out2) = (breaks.clone(), out.clone());
                let elem = elem_ty.clone();
                let inner = move |f: &mut Self| {
                    let value = f.value_as(&comp.element, &elem);
                    quote!(#out2 = Some(#value); break #breaks2;)
                };
                let (x, rust) = (self.fresh("x"), rust_type(&elem_ty));
                let hit = self.coerce(&Val::new(quote!(#x), elem_ty), ty);
                let (before, default) = self.default_before(extra, ty);
                let miss = match default {
                    Some(default) => default,
                    None if self.hir.in_generator.contains(&node) => self.bail("Unsupported"),
                    None => self.q(quote!(exc(Exc::StopIteration))),
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                return quote!({
                    #before
                    let mut #out: Option<#rust> = None;
                    #code
                    match #out { Some(#x) => #hit, None => #miss }
                });
            }
            CompKind::Any | CompKind::All => {
                let any = comp.kind == CompKind::Any;
                let (breaks, not_any) = (breaks.clone(), !any);
                let out2 = out.clone();
                let inner = move |f: &mut Self| {
                    let test = f.test(&comp.element);
                    let hit = if any { test } else { quote!(!#test) };
                    quote!(if #hit { #out2 = #any; break #breaks; })
                };
                (quote!(#not_any), quote!(#out), Box::new(inner))
            }
            CompKind::Join if matches!(ty, Type::Bytes | Type::ByteArray) => {
                let Some(sep) = extra else { return self.bail("Unsupported") };
                let (sep_name, out2) = (self.fresh("sep"), out.clone());
                let wraps = *ty == Type::ByteArray;
                let sep = if wraps {
                    let code = sep.by_ref();
                    self.q(quote!(bytearray::to_bytes(cx, #code)))
                } else {
                    sep.owned()
                };
                let inner = move |f: &mut Self| {
                    let code = f.value_as(&comp.element, &Type::Bytes);
                    let push = f.q(quote!(#out2.push(&#code)));
                    quote!(#push;)
                };
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                let finish = self.q(quote!(#out.finish(cx)));
                let finish = if wraps { self.q(quote!(bytearray::of_bytes(cx, &#finish))) } else { finish };
                return quote!({ let #sep_name = #sep; let mut #out = bytes::Joiner::new(&#sep_name); #code #finish });
            }
            CompKind::Join => {
                let bare = matches!(&comp.extra, Some(Expr { kind: ExprKind::Str(between), .. }) if between.is_empty());
                let sep = extra.as_ref().map_or_else(
                    || quote!(()),
                    |e| {
                        let code = self.coerce(e, &Type::Str);
                        quote!(#code)
                    },
                );
                // A list of texts is read where it stands.
                let texts = |ty: &Type| match ty {
                    Type::List { elem, in_place: false } => matches!(**elem, Type::Str | Type::Char),
                    _ => false,
                };
                if let Some(e) = comp.source().filter(|e| texts(&self.node(e.id))) {
                    let (sep_name, list) = (self.fresh("sep"), self.val(e).by_ref());
                    let joined = self.q(quote!(pystr::join(cx, &#sep_name, #list)));
                    return quote!({ let #sep_name = #sep; #joined });
                }
                let (sep_name, out2) = (self.fresh("sep"), out.clone());
                let inner = move |f: &mut Self| {
                    let begin = if bare { quote!(&mut #out2) } else { f.q(quote!(#out2.begin())) };
                    if let Some(code) = f.by_pieces(&begin, &comp.element) {
                        return code;
                    }
                    let val = f.val(&comp.element);
                    let code = match val.ty {
                        Type::Str if val.place => val.by_ref(),
                        Type::Char => f.coerce(&val, &Type::Char),
                        _ => f.coerce(&val, &Type::Str),
                    };
                    let push = f.q(quote!(#out2.push(#code)));
                    quote!(#push;)
                };
                if bare {
                    self.automaton = self.automaton_of(comp, Some(&out), None);
                }
                let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut { inner }));
                let finish = if passes { quote!(finish_passing) } else { quote!(finish) };
                let finish = self.q(quote!(#out.#finish(cx)));
                if bare {
                    return quote!({ let mut #out = StrBuilder::new(); #code #finish });
                }
                return quote!({ let #sep_name = #sep; let mut #out = Joiner::new(&#sep_name); #code #finish });
            }
            CompKind::Sum => return self.sum(comp, &breaks, extra, ty),
            CompKind::Min | CompKind::Max => return self.extreme(comp, &breaks, extra, ty),
        };
        if let (CompKind::List, Type::List { elem, in_place: false }) = (comp.kind, ty) {
            self.shares = self.shares_of(comp, &out, elem);
            if self.shares.is_none()
                && let Some((ifs, open)) = self.sieve(comp, elem)
            {
                let grow = self.fresh("grow");
                let code = self.spanned(comp, |f| {
                    let mut inner = |f: &mut Self| {
                        f.sieved(&ifs, |f, chosen| {
                            let item = f.sifted(&open.element, chosen);
                            let push = f.q(quote!(#grow.push_if(#chosen, #item)));
                            quote!(#push;)
                        })
                    };
                    block_of(&breaks, f.generator(&open, 0, &breaks, &mut inner))
                });
                return quote!({ let #out = #make; let mut #grow = list::growing(&#out); #code #finish });
            }
        }
        let filled = fills.into_iter().collect();
        let code = self.spanned(comp, |f| {
            f.filled = filled;
            block_of(&breaks, f.generator(comp, 0, &breaks, &mut inner))
        });
        quote!({ let mut #out = #make; #code #finish })
    }

    /// The loops of a comprehension, which nothing else stands in: behind what asks where lists stand in them.
    fn spanned(&mut self, comp: &Comp, loops: impl FnOnce(&mut Self) -> TokenStream) -> TokenStream {
        let shaken = self.shaken_by(comp);
        self.open_spans(defines(comp), shaken);
        let code = loops(self);
        let begin = self.close_spans();
        quote!(#(#begin)* #code)
    }

    fn sum(&mut self, comp: &Comp, breaks: &Label, start: Option<Val>, ty: &Type) -> TokenStream {
        let out = self.fresh("sum");
        if self.node(comp.element.id) == Type::Complex {
            let add = out.clone();
            let mut inner = move |f: &mut Self| {
                let code = f.value_as(&comp.element, &Type::Complex);
                quote!(#add.add(#code);)
            };
            let code = block_of(breaks, self.generator(comp, 0, breaks, &mut inner));
            let result = Type::Union(vec![Type::Int, Type::Complex]);
            let finish = self.coerce(&Val::new(quote!(#out.finish()), result), ty);
            return quote!({ let mut #out = complex::SumC::new(0); #code #finish });
        }
        let start_ty = start.as_ref().map_or(Type::Int, |s| s.ty.clone());
        let all_floats = self.node(comp.element.id) == Type::Float;
        // Members of enumerations count as their numbers.
        let objects = self.node(comp.element.id).members().contains(&Type::Obj);
        let float_items = objects || self.node(comp.element.id).members().contains(&Type::Float);
        let bool_start = start_ty.members().contains(&Type::Bool);
        if !float_items && *ty == Type::Big {
            if bool_start {
                return self.bail("Unsupported");
            }
            return self.sum_big(comp, breaks, start);
        }
        let out2 = out.clone();
        // Without items the start comes out, which is no sum where it is a `bool`.
        let bool_start = bool_start.then(|| self.fresh("some"));
        let some = bool_start.clone();
        let inner = move |f: &mut Self| {
            let some = some.iter();
            let val = f.opened_val(&comp.element);
            let val = if objects { f.asked_number(&val) } else { val };
            let start_ty = start_ty.clone();
            let add = f.dispatch(&[val], &mut |f, vals| {
                if !is_summed(&vals[0].ty) {
                    return None;
                }
                let code = vals[0].owned();
                Some(match (&vals[0].ty, &start_ty) {
                    (Type::Float, _) => quote!({ #out2.add_float(#code); }),
                    (t, Type::Float) => {
                        let code = f.coerce(&Val::new(code, t.clone()), &Type::Int);
                        quote!({ #out2.add_int(#code); })
                    }
                    (t, _) => {
                        let code = f.coerce(&Val::new(code, t.clone()), &Type::Int);
                        let add = f.q(quote!(#out2.add_int(#code)));
                        quote!({ #add; })
                    }
                })
            });
            quote!(#add #(#some = true;)*)
        };
        let start_is_float = start.as_ref().is_some_and(|s| s.ty == Type::Float);
        let plain = *ty == Type::Int && !start_is_float && !float_items && bool_start.is_none();
        let automaton = if plain { self.automaton_of(comp, None, Some(&out)) } else { None };
        let elem = if all_floats { Type::Float } else { Type::Int };
        // An element that does not belong to the sum adds nothing.
        let add_if = |f: &mut Self, chosen: &Ident| match plain {
            true => {
                let item = f.added_if(&comp.element, chosen);
                let add = f.q(quote!(#out.add_int(#item)));
                quote!(#add;)
            }
            false => {
                let item = f.sifted(&comp.element, chosen);
                quote!(#out.add_if(#chosen, #item);)
            }
        };
        let may_sieve = (plain && automaton.is_none()) || all_floats;
        let sieve = if may_sieve { self.sieve(comp, &elem) } else { None };
        let asks = match comp.generators.as_slice() {
            [one] if one.ifs.is_empty() && may_sieve && self.is_sieved(&comp.element, &elem) => {
                Some(one.iter.id)
            }
            _ => None,
        };
        let code = match sieve {
            Some((ifs, open)) => self.spanned(comp, |f| {
                let mut inner = |f: &mut Self| f.sieved(&ifs, add_if);
                block_of(breaks, f.generator(&open, 0, breaks, &mut inner))
            }),
            None => self.spanned(comp, |f| {
                f.automaton = automaton;
                f.sieves = asks;
                let mut inner = |f: &mut Self| match f.counts_if.take() {
                    Some(chosen) => add_if(f, &chosen),
                    None => inner(f),
                };
                block_of(breaks, f.generator(comp, 0, breaks, &mut inner))
            }),
        };
        let start = match &start {
            Some(s) if start_is_float => s.owned(),
            Some(s) => self.coerce(s, &Type::Int),
            None => quote!(0),
        };
        let (state, result) = match (start_is_float, float_items) {
            (true, _) => (quote!(SumFloat), Type::Float),
            (false, false) => (quote!(SumI), Type::Int),
            (false, true) if all_floats => (quote!(SumF), Type::Union(vec![Type::Int, Type::Float])),
            (false, true) => (quote!(SumState), Type::Union(vec![Type::Int, Type::Float])),
        };
        let finish = self.coerce(&Val::new(quote!(#out.finish()), result), ty);
        let (some, bail) = (bool_start.iter(), self.bail("Unsupported"));
        let seen = bool_start.iter().map(|some| quote!(if !#some { #bail }));
        quote!({ #(let mut #some = false;)* let mut #out = #state::new(#start); #code #(#seen)* #finish })
    }

    /// What may be any object, as a number; another one bails.
    fn asked_number(&mut self, val: &Val) -> Val {
        let known = val.ty.members().iter().filter(|t| is_summed(t)).cloned();
        let number = [Type::Bool, Type::Int, Type::Float].into_iter().chain(known);
        let number = number.fold(Type::Never, |acc, t| Type::join(&acc, &t));
        Val::new(self.coerce(val, &number), number)
    }

    /// A sum that may leave 64 bits.
    fn sum_big(&mut self, comp: &Comp, breaks: &Label, start: Option<Val>) -> TokenStream {
        let out = self.fresh("sum");
        let start = match &start {
            Some(s) => self.coerce(s, &Type::Big),
            None => quote!(big::of(0)),
        };
        let name = out.clone();
        let mut inner = move |f: &mut Self| {
            let val = f.opened_val(&comp.element);
            f.dispatch(&[val], &mut |f, vals| {
                is_summed(&vals[0].ty).then(|| {
                    let item = f.coerce(&vals[0], &Type::Big);
                    let add = f.q(quote!(#name.add(cx, &#item)));
                    quote!({ #add; })
                })
            })
        };
        let code = block_of(breaks, self.generator(comp, 0, breaks, &mut inner));
        quote!({ let mut #out = SumBig::new(#start); #code #out.finish() })
    }

    /// A list of what an object gives that is asked for its length first: CPython hides some of what that raises.
    fn sized(&mut self, node: crate::hir::NodeId, length: &Expr, comp: &Comp, ty: &Type) -> TokenStream {
        let (mut length, mut before) = (length.clone(), quote!());
        if let ExprKind::Special { operands, .. } = &mut length.kind
            && let [object] = operands.as_mut_slice()
            && let ExprKind::Named { var, .. } = object.kind
        {
            // It has a name outside of the closure.
            let code = self.val(object).code;
            before = quote!(let _ = #code;);
            object.kind = ExprKind::Local(var);
        }
        let code = self.in_closure(|f| f.val(&length)).code;
        let bail = self.bail("Unsupported");
        let list = self.comp(node, &Comp { extra: None, ..comp.clone() }, ty);
        quote!({
            #before
            let __py_asked = (|| -> R<()> { let _ = #code; Ok(()) })();
            if __py_asked.is_err() {
                let () = #bail;
            }
            #list
        })
    }

    /// What `min` and `max` of nothing raise.
    fn nothing_in(&self, comp: &Comp) -> TokenStream {
        match comp.kind == CompKind::Min {
            true => self.q(quote!(said(Said::MinEmpty))),
            false => self.q(quote!(said(Said::MaxEmpty))),
        }
    }

    fn extreme(&mut self, comp: &Comp, breaks: &Label, default: Option<Val>, ty: &Type) -> TokenStream {
        let op = if comp.kind == CompKind::Min { "<" } else { ">" };
        let (best, x) = (self.fresh("best"), self.fresh("x"));
        let elem = self.node(comp.element.id);
        let rust = rust_type(&elem);
        if let Some(ExprKind::Lambda { params, body }) = comp.key.as_ref().map(|k| &k.kind)
            && !self.is_no_key(body)
        {
            return self.extreme_by_key(comp, breaks, default, ty, (params[0], body));
        }
        let (b2, elem2) = (best.clone(), elem.clone());
        let mut inner = move |f: &mut Self| {
            let (value, item, old) = (f.value_as(&comp.element, &elem2), f.fresh("x"), f.fresh("old"));
            let better = f.goes_before(
                op,
                &Val::place(quote!(#item), elem2.clone()),
                &Val::place(quote!((*#old)), elem2.clone()),
            );
            quote! {
                let #item = #value;
                let __py_better = match &#b2 { Some(#old) => #better, None => true };
                if __py_better { #b2 = Some(#item); }
            }
        };
        let code = block_of(breaks, self.generator(comp, 0, breaks, &mut inner));
        let hit = self.coerce(&Val::new(quote!(#x), elem), ty);
        let (before, default) = self.default_before(default, ty);
        let miss = default.unwrap_or_else(|| self.nothing_in(comp));
        quote!({
            #before
            let mut #best: Option<#rust> = None;
            #code
            match #best { Some(#x) => #hit, None => #miss }
        })
    }

    /// A default, which is evaluated whether there is an element or not, and before that is known: what stands in front
    /// of the loop, and the value behind it.
    fn default_before(&mut self, default: Option<Val>, ty: &Type) -> (TokenStream, Option<TokenStream>) {
        let Some(default) = default else { return (quote!(), None) };
        let code = self.coerce(&default, ty);
        let name = self.fresh("default");
        (quote!(let #name = #code;), Some(quote!(#name)))
    }

    /// `min(…, key=…)`: the key of each element is computed once, in order.
    fn extreme_by_key(
        &mut self,
        comp: &Comp,
        breaks: &Label,
        default: Option<Val>,
        ty: &Type,
        (param, body): (crate::hir::VarId, &Expr),
    ) -> TokenStream {
        let op = if comp.kind == CompKind::Min { "<" } else { ">" };
        let (best, x) = (self.fresh("best"), self.fresh("x"));
        let (elem, key_ty) = (self.node(comp.element.id), self.node(body.id));
        let (rust, key_rust) = (rust_type(&elem), rust_type(&key_ty));
        let (b2, elem2) = (best.clone(), elem.clone());
        let mut inner = move |f: &mut Self| {
            let (value, item, old, key) =
                (f.value_as(&comp.element, &elem2), f.fresh("x"), f.fresh("old"), f.fresh("key"));
            let param_ty = f.instance.vars[param].clone();
            let arg = f.coerce(&Val::place(quote!(#item), elem2.clone()), &param_ty);
            let set = f.store(param, arg);
            let key_code = f.value_as(body, &key_ty);
            let better = f.goes_before(
                op,
                &Val::place(quote!(#key), key_ty.clone()),
                &Val::place(quote!((*#old)), key_ty.clone()),
            );
            quote! {
                let #item = #value;
                #set
                let #key = #key_code;
                let __py_better = match &#b2 { Some((#old, _)) => #better, None => true };
                if __py_better { #b2 = Some((#key, #item)); }
            }
        };
        let code = block_of(breaks, self.generator(comp, 0, breaks, &mut inner));
        let hit = self.coerce(&Val::new(quote!(#x), elem), ty);
        let (before, default) = self.default_before(default, ty);
        let miss = default.unwrap_or_else(|| self.nothing_in(comp));
        quote!({
            #before
            let mut #best: Option<(#key_rust, #rust)> = None;
            #code
            match #best { Some((_, #x)) => #hit, None => #miss }
        })
    }
}

/// Does `sum` add items of this type? What else there may be bails.
fn is_summed(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Big | Type::Bool | Type::Float)
}
