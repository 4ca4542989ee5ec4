//! Functions of the standard library that need more than a row of the table.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Index;

use super::Func;
use super::iter::iter_elem;

use super::types::{Val, rust_type};
use crate::hir::visit::{defines, reads};
use crate::hir::{Collection, Expr, ExprKind, NodeId, VarId};
use crate::infer::{Bisect, is_itself, takes_any_length};
use crate::ty::{DictKind, Origin, Type};

impl Func<'_, '_, '_> {
    /// A function of a library that has rows of its own, with these arguments.
    pub(super) fn asks_library(
        &mut self,
        node: NodeId,
        full: &str,
        mut vals: Vec<Val>,
        to: &Type,
    ) -> TokenStream {
        if let Some(distance) = self.distance(full, &vals) {
            return self.coerce(&distance, to);
        }
        if takes_any_length(full) {
            vals = vals.iter().map(|v| self.any_length(v)).collect();
        }
        self.at(node, |f| f.apply(full, &vals, to))
    }

    /// `math.dist` of points that are values: no tuples are made of them. CPython takes the norm of the differences too.
    fn distance(&mut self, name: &str, args: &[Val]) -> Option<Val> {
        let ("math.dist", [p, q]) = (name, args) else { return None };
        let (Type::Tuple { items, .. }, Type::Tuple { items: others, .. }) = (&p.ty, &q.ty) else {
            return None;
        };
        let numbers = items.iter().chain(others).all(|t| matches!(t, Type::Int | Type::Float));
        if p.ty.is_held() || q.ty.is_held() || !numbers || items.len() != others.len() {
            return None;
        }
        let path = match items.len() {
            2 => quote!(math::hypot),
            3 => quote!(math::hypot3),
            4 => quote!(math::hypot4),
            _ => return None,
        };
        let mut lets = Vec::new();
        let (a, b) = (self.bind(p, &mut lets), self.bind(q, &mut lets));
        let differences = items.iter().zip(others).enumerate().map(|(i, types)| {
            let i = Index::from(i);
            let [x, y] = [(&a, types.0), (&b, types.1)].map(|(point, ty)| {
                let code = &point.code;
                self.coerce(&Val::new(quote!(#code.#i), ty.clone()), &Type::Float)
            });
            quote!(float::sub(#x, #y))
        });
        let code = quote!(#path(#(#differences),*));
        let code = self.q(code);
        Some(Val::new(quote!({ #(#lets)* #code }), Type::Float))
    }

    /// A call of a library function with a form of its own; `None` where the table decides alone.
    pub(super) fn library(
        &mut self,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        if let ("copy.copy" | "copy.deepcopy", [value]) = (name, args) {
            let val = self.val(value);
            let mut memos = Vec::new();
            let (x, code) = (self.fresh("x"), val.owned());
            let copy =
                self.copied(&Val::place(quote!(#x), val.ty), to, name == "copy.deepcopy", 0, &mut memos);
            return Some(quote!({ let #x = #code; #(#memos)* #copy }));
        }
        if let ("dataclasses.replace" | "dataclasses.asdict" | "dataclasses.astuple", [value]) = (name, args)
        {
            let val = self.val(value);
            return is_itself(keywords).then(|| self.coerce(&val, to));
        }
        let call = Bisect::of(name, args, keywords)?;
        // Arguments are evaluated in the order of the text.
        let mut lets = Vec::new();
        let mut vals = BTreeMap::new();
        for e in args.iter().chain(keywords.iter().map(|(_, e)| e)) {
            if !matches!(e.kind, ExprKind::Lambda { .. }) {
                let val = self.val(e);
                let owned = self.fresh("a");
                let code = val.owned();
                lets.push(quote!(let #owned = #code;));
                vals.insert(e.id, Val::place(quote!(#owned), val.ty));
            }
        }
        let code = self.bisect(&call, &vals);
        let code = self.coerce(&Val::new(code, if call.insert { Type::None } else { Type::Int }), to);
        Some(quote!({ #(#lets)* #code }))
    }

    /// A copy of a value; `memos` declares what remembers the lists that have been copied.
    fn copied(
        &mut self,
        val: &Val,
        to: &Type,
        deep: bool,
        level: usize,
        memos: &mut Vec<TokenStream>,
    ) -> TokenStream {
        let (out, at, x, tick) = (self.fresh("out"), self.fresh("at"), self.fresh("x"), self.tick());
        let by_ref = val.by_ref();
        match (&val.ty, to) {
            (Type::List { elem, .. } | Type::View(elem), Type::List { elem: item, .. }) => {
                let new = self.new_container(to);
                let next = self.q(quote!(list::next(cx, #by_ref, &mut #at)));
                let from = Val::place(quote!(#x), (**elem).clone());
                let inner = if deep {
                    self.copied(&from, item, deep, level + 1, memos)
                } else {
                    self.coerce(&from, item)
                };
                let append = self.q(quote!(list::append(cx, &#out, #inner)));
                let copy = quote!({
                    let #out = #new;
                    let mut #at: i64 = 0;
                    while let Some(#x) = #next { #tick #append; }
                    #out
                });
                if !deep || level == 0 {
                    return copy;
                }
                let (memo, copied, t) = (self.fresh("memo"), self.fresh("copy"), rust_type(to));
                memos.push(quote!(let mut #memo = Memo::<#t>::new();));
                quote!(match #memo.find(#by_ref) {
                    Some(__py_known) => __py_known,
                    None => {
                        let #copied = #copy;
                        #memo.note(#by_ref, &#copied);
                        #copied
                    }
                })
            }
            (Type::Dict { key: k, value: v, .. }, Type::Dict { key, value, .. }) => {
                let new = self.new_container(to);
                let start = self.q(quote!(dict::iter(cx, #by_ref)));
                let next = self.q(quote!(dict::next_item(cx, #by_ref, &mut #at)));
                let (first, second) =
                    (Val::place(quote!(#x.0), (**k).clone()), Val::place(quote!(#x.1), (**v).clone()));
                let first = self.coerce(&first, key);
                let second = if deep {
                    self.copied(&second, value, deep, level + 1, memos)
                } else {
                    self.coerce(&second, value)
                };
                let set = self.q(quote!(dict::set(cx, &#out, #first, #second)));
                quote!({
                    let #out = #new;
                    let mut #at = #start;
                    while let Some(#x) = #next { #tick #set; }
                    #out
                })
            }
            _ => self.coerce(val, to),
        }
    }

    /// An empty deque, counter or `defaultdict`.
    pub(super) fn new_collection(
        &mut self,
        class: &Collection,
        arg: Option<&Expr>,
        ty: &Type,
    ) -> TokenStream {
        match (class, ty) {
            (Collection::Deque, Type::Deque { elem, in_place }) => {
                let maxlen = arg.map_or_else(|| quote!(None), |e| self.maxlen(e));
                self.new_deque(elem, *in_place, &maxlen)
            }
            (Collection::Counter | Collection::Ordered, Type::Dict { .. }) => self.new_container(ty),
            (Collection::DefaultDict(factory), Type::Dict { key, value, in_place: true, .. }) => {
                let (k, v) = (rust_type(key), rust_type(value));
                let name = factory.as_deref().unwrap_or_default();
                self.q(quote!(dict::live_defaultdict::<#k, #v>(cx, #name)))
            }
            (Collection::DefaultDict(factory), Type::Dict { key, value, .. }) => {
                let (k, v) = (rust_type(key), rust_type(value));
                let name = factory.as_deref().unwrap_or_default();
                let made = self.in_closure(|f| match arg {
                    Some(e) => f.value_as(e, value),
                    None => f.bail("Unsupported"),
                });
                // What the factory reads is kept: it does not change any more.
                let mut kept = Vec::new();
                for var in arg.into_iter().flat_map(reads) {
                    let ident = self.var_ident(var);
                    if self.hir.vars[var].maybe_unbound {
                        let bail = self.bail("Unsupported");
                        kept.push(quote!(if #ident.is_none() { let () = #bail; }));
                    }
                    kept.push(quote!(let #ident = #ident.clone();));
                }
                let new = self.q(quote!(dict::new_defaultdict::<#k, #v>(cx, #name, move |cx| Ok(#made))));
                if kept.is_empty() { new } else { quote!({ #(#kept)* #new }) }
            }
            _ => self.bail("Unsupported"),
        }
    }

    /// An empty deque in one of the two representations.
    pub(super) fn new_deque(&mut self, elem: &Type, in_place: bool, maxlen: &TokenStream) -> TokenStream {
        let t = rust_type(elem);
        let make = if in_place { quote!(live_new) } else { quote!(new) };
        self.q(quote!(deque::#make::<#t>(cx, #maxlen)))
    }

    /// The greatest length of a deque, as an option.
    pub(super) fn maxlen(&mut self, e: &Expr) -> TokenStream {
        let val = self.val(e);
        self.match_union(&val, |f, v| match v.ty {
            Type::None => Some(quote!(None)),
            _ => {
                let code = f.coerce(&v, &Type::Int);
                Some(quote!(Some(#code)))
            }
        })
    }

    /// `deque.extend(other)`, `deque.extendleft(other)`, and `update(other)` of what is no mapping.
    pub(super) fn take_all(&mut self, name: &str, target: &Val, other: &Val) -> TokenStream {
        let elem = match &target.ty {
            Type::Deque { elem, .. } => elem.clone(),
            Type::Dict { key, .. } => key.clone(),
            _ => return self.bail("Unsupported"),
        };
        let pairs = match &target.ty {
            Type::Dict { kind: DictKind::Counter, .. } | Type::Deque { .. } => None,
            Type::Dict { key, value, .. } => Some((key.clone(), value.clone())),
            _ => None,
        };
        let path = match name {
            "extend" => quote!(deque::append),
            "extendleft" => quote!(deque::appendleft),
            "update" => quote!(dict::count_one),
            _ => quote!(dict::discount_one),
        };
        self.match_union(other, |f, v| {
            // It may be the target itself: CPython goes through a list of it.
            let v = match &v.ty {
                Type::Deque { elem, .. } => {
                    let by_ref = v.by_ref();
                    let list = Type::List { elem: elem.clone(), in_place: false };
                    Val::new(f.q(quote!(deque::list(cx, #by_ref))), list)
                }
                Type::Dict { .. } if !name.starts_with("extend") => return None,
                _ => v,
            };
            iter_elem(&v.ty)?;
            let (it, at, x) = (f.fresh("it"), f.fresh("at"), f.fresh("x"));
            let pull = f.pull_value(&v, false, &it, &at);
            let (setup, next) = (pull.setup, pull.next);
            let item = Val::new(quote!(#x), pull.elem);
            let (target, tick) = (target.by_ref(), f.tick());
            let take = match &pairs {
                Some((key, value)) => f.set_pair(&target, &item, key, value),
                None => {
                    let item = f.coerce(&item, &elem);
                    f.q(quote!(#path(cx, #target, #item)))
                }
            };
            Some(quote!({ #setup while let Some(#x) = #next { #tick #take; } }))
        })
    }

    /// `dict[pair[0]] = pair[1]`; what is no pair bails.
    pub(super) fn set_pair(
        &mut self,
        dict: &TokenStream,
        pair: &Val,
        key: &Type,
        value: &Type,
    ) -> TokenStream {
        let to = Type::Tuple { items: vec![key.clone(), value.clone()], origin: Origin::Native };
        let (code, k, v) = (self.coerce(pair, &to), self.fresh("k"), self.fresh("v"));
        let set = self.q(quote!(dict::set(cx, #dict, #k, #v)));
        quote!({ let (#k, #v) = #code; #set; })
    }

    fn bisect(&mut self, call: &Bisect<'_>, vals: &BTreeMap<NodeId, Val>) -> TokenStream {
        let (seq, item) = (&vals[&call.seq.id], &vals[&call.item.id]);
        let low = call.low.map_or_else(|| quote!(0i64), |e| self.coerce(&vals[&e.id], &Type::Int));
        let high = match call.high {
            None => quote!(None),
            Some(e) => self.match_union(&vals[&e.id], |f, v| match v.ty {
                Type::None => Some(quote!(None)),
                _ => {
                    let code = f.coerce(&v, &Type::Int);
                    Some(quote!(Some(#code)))
                }
            }),
        };
        let (wanted, mut lets) = match call.key {
            Some(key) if call.insert => {
                let code = self.keyed(key, item);
                let name = self.fresh("key");
                (Val::place(quote!(#name), self.node(key.1.id)), vec![quote!(let #name = #code;)])
            }
            _ => (item.clone(), Vec::new()),
        };
        let at = self.fresh("at");
        let goes_before = self.in_closure(|f| {
            let index = Val::new(quote!(#at), Type::Int);
            let found = match &seq.ty {
                // Items of one type: the first one's.
                Type::Tuple { items, .. } => {
                    Some(Val::new(f.getitem(seq, &index, &items[0]), items[0].clone()))
                }
                _ => f.row("getitem", &[seq.clone(), index]),
            };
            let Some(found) = found else { return f.bail("Unsupported") };
            let (name, code) = (f.fresh("x"), &found.code);
            let found_let = quote!(let #name = #code;);
            let found = Val::place(quote!(#name), found.ty);
            let (key_let, found) = match call.key {
                None => (quote!(), found),
                Some(key) => {
                    let (code, name) = (f.keyed(key, &found), f.fresh("key"));
                    (quote!(let #name = #code;), Val::place(quote!(#name), f.node(key.1.id)))
                }
            };
            let test = match call.left {
                true => {
                    let less = f.compare("<", &found, &wanted);
                    quote!(!#less)
                }
                false => f.compare("<", &wanted, &found),
            };
            quote!({ #found_let #key_let Ok(#test) })
        });
        let len = match &seq.ty {
            Type::Tuple { items, .. } => super::expr::int_literal(items.len() as i64),
            _ => self.apply("len", std::slice::from_ref(seq), &Type::Int),
        };
        let search = self.q(quote!(bisect::search(#low, #high, #len, |#at: i64| #goes_before)));
        if !call.insert {
            return quote!({ #(#lets)* #search });
        }
        let place = self.fresh("at");
        lets.push(quote!(let #place = #search;));
        let insert = self.apply(
            "list.insert",
            &[seq.clone(), Val::new(quote!(#place), Type::Int), item.clone()],
            &Type::None,
        );
        quote!({ #(#lets)* #insert })
    }

    /// The key of a value: the lambda's body with its parameter bound.
    fn keyed(&mut self, (param, body): (VarId, &Expr), item: &Val) -> TokenStream {
        let ty = self.instance.vars[param].clone();
        let key_ty = self.node(body.id);
        let (arg, name, rust, key_rust) =
            (self.coerce(item, &ty), self.var_ident(param), rust_type(&ty), rust_type(&key_ty));
        let own: Vec<_> = defines(body).into_iter().map(|v| self.declare(v)).collect();
        let body = self.in_closure(|f| f.value_as(body, &key_ty));
        self.q(quote!((|#name: #rust| -> R<#key_rust> { #(#own)* Ok(#body) })(#arg)))
    }
}
