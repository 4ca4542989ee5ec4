//! Displays and empty containers.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::expr::field;
use super::types::{Val, rust_type};
use crate::hir::visit::defines;
use crate::hir::{self, Expr, ExprKind, Iter, IterKind, Part, VarId};
use crate::infer::records;
use crate::ty::{DictKind, Origin, Type};

impl Func<'_, '_, '_> {
    /// The tuple that a display makes, where it goes into a container of Python's and nobody keeps it: its object is made
    /// there, and there alone.
    pub(super) fn made(&mut self, e: &Expr, elem: &Type) -> Option<TokenStream> {
        let (ExprKind::Tuple(items), Type::Tuple { items: types, .. }) = (&e.kind, elem) else { return None };
        let types = types.clone();
        if !elem.is_held() || items.len() != types.len() || self.node(e.id).members().len() != 1 {
            return None;
        }
        let items: Vec<_> = items.iter().zip(&types).map(|(e, t)| self.value_as(e, t)).collect();
        Some(quote!((#(#items,)*)))
    }

    /// `l.append((a, b))` in a loop.
    pub(super) fn append_made(&mut self, base: &Expr, name: &str, args: &[Expr]) -> Option<TokenStream> {
        let ("append", [item], ExprKind::Local(var)) = (name, args, &base.kind) else { return None };
        let Type::List { elem, in_place: true } = self.node(base.id) else { return None };
        if self.loops.is_empty() || defines(item).contains(var) {
            return None;
        }
        let list = self.val(base).by_ref();
        let made = self.made(item, &elem)?;
        Some(self.push_made(&list, &elem, &made))
    }

    /// Appends what [`Func::made`] makes to a list of Python's. One member of a union does not tell the others.
    pub(super) fn push_made(&self, list: &TokenStream, elem: &Type, made: &TokenStream) -> TokenStream {
        let items = match elem {
            Type::Tuple { items, .. } if elem.any(&|t| matches!(t, Type::Union(_))) => items.as_slice(),
            _ => &[],
        };
        let items: Vec<_> = items.iter().map(rust_type).collect();
        let told = (!items.is_empty()).then(|| quote!(::<_, (#(#items,)*)>));
        self.q(quote!(list::append_made #told (cx, #list, #made)))
    }

    /// `(a, b) * 2`
    pub(super) fn repeat_tuple(&mut self, tuple: &Val, times: i64) -> Val {
        let Type::Tuple { items, .. } = tuple.ty.clone() else { return tuple.clone() };
        let mut lets = Vec::new();
        let bound = self.bind(tuple, &mut lets);
        let mut parts = Vec::new();
        for _ in 0..times {
            for (i, t) in items.iter().enumerate() {
                parts.push(Val::place(field(&bound.code, i), t.clone()).owned());
            }
        }
        let ty =
            Type::Tuple { items: (0..times).flat_map(|_| items.clone()).collect(), origin: Origin::Native };
        Val::new(quote!({ #(#lets)* (#(#parts,)*) }), ty)
    }

    /// A display with stars: what is gone through is gone through where it stands.
    pub(super) fn build(&mut self, tuple: bool, parts: &[Part], ty: &Type) -> TokenStream {
        let list = match ty {
            Type::VarTuple(elem) => Type::List { elem: elem.clone(), in_place: false },
            other => other.clone(),
        };
        let Type::List { elem, .. } = list.clone() else { return self.bail("Unsupported") };
        let (out, new) = (self.fresh("out"), self.new_container(&list));
        let mut code = self.room_for(&out, &list, parts);
        for part in parts {
            code.push(match part {
                Part::Item(e) => {
                    let item = self.value_as(e, &elem);
                    let append = self.q(quote!(list::append(cx, &#out, #item)));
                    quote!(#append;)
                }
                Part::Star(iter) => match self.run_of(iter, &elem) {
                    Some(source) => {
                        let source = self.val(source).by_ref();
                        let extend = self.q(quote!(list::extend(cx, &#out, #source)));
                        quote!(#extend;)
                    }
                    None => self.append_all(&out, &elem, iter),
                },
            });
        }
        let finish = if tuple { self.q(quote!(tuple::from_list(cx, &#out))) } else { quote!(#out) };
        quote!({ let #out = #new; #(#code)* #finish })
    }

    /// A list of which all elements are appended as they are, at once.
    fn run_of<'e>(&self, iter: &'e Iter, elem: &Type) -> Option<&'e hir::Expr> {
        let IterKind::Expr(e) = &iter.kind else { return None };
        match self.node(e.id) {
            Type::List { elem: of, .. } | Type::View(of) if *of == *elem => Some(e),
            _ => None,
        }
    }

    /// Room in a native list for what such lists have now.
    fn room_for(&self, out: &Ident, list: &Type, parts: &[Part]) -> Vec<TokenStream> {
        let Type::List { elem, in_place: false } = list else { return Vec::new() };
        let bound: BTreeSet<VarId> = parts
            .iter()
            .flat_map(|part| match part {
                Part::Item(e) => defines(e),
                Part::Star(iter) => defines(iter),
            })
            .collect();
        let mut one_by_one = 0_i64;
        let mut runs = Vec::new();
        for part in parts {
            match part {
                Part::Item(_) => one_by_one += 1,
                Part::Star(iter) => match self.run_of(iter, elem).map(|e| &e.kind) {
                    // One that the display itself binds is not there yet.
                    Some(ExprKind::Local(var)) if self.is_plain(*var) && !bound.contains(var) => {
                        let var = self.var_ident(*var);
                        runs.push(quote!(+ list::len(cx, &#var)));
                    }
                    _ => {}
                },
            }
        }
        if runs.is_empty() {
            return Vec::new();
        }
        let expect = self.q(quote!(list::expect(cx, &#out, #one_by_one #(#runs)*)));
        vec![quote!(#expect;)]
    }

    /// A list of these elements, each in the representation of `elem`.
    pub(super) fn list_of(&mut self, elem: &Type, in_place: bool, items: &[TokenStream]) -> TokenStream {
        let (t, n) = (rust_type(elem), proc_macro2::Literal::usize_unsuffixed(items.len()));
        let make = if in_place { quote!(plist_of) } else { quote!(of) };
        self.q(quote!(list::#make::<#t, #n>(cx, [#(#items),*])))
    }

    /// A dict of Python's with keys of the text, made at once.
    pub(super) fn record(
        &mut self,
        items: &[(Option<hir::Expr>, hir::Expr)],
        ty: &Type,
    ) -> Option<TokenStream> {
        let Type::Dict { key, value, in_place: true, kind: DictKind::Plain } = ty else { return None };
        let names = records::names(items).filter(|_| **key == Type::Str)?;
        let names: Vec<TokenStream> = names
            .iter()
            .map(|name| {
                let name = self.file.string(name);
                quote!(#name)
            })
            .collect();
        let values: Vec<TokenStream> = items.iter().map(|(_, item)| self.value_as(item, value)).collect();
        Some(self.q(quote!(dict::record(cx, [#(&#names),*], [#(#values),*]))))
    }

    /// An empty list or dict of a type.
    pub(super) fn new_container(&mut self, ty: &Type) -> TokenStream {
        match ty {
            Type::List { elem, in_place } => {
                let t = rust_type(elem);
                let make = if *in_place { quote!(plist_new) } else { quote!(new) };
                self.q(quote!(list::#make::<#t>(cx)))
            }
            Type::Deque { elem, in_place } => self.new_deque(elem, *in_place, &quote!(None)),
            Type::Dict { kind: DictKind::Counter, key, value, in_place } => {
                let (k, v) = (rust_type(key), rust_type(value));
                let make = if *in_place { quote!(live_counter) } else { quote!(new_counter) };
                self.q(quote!(dict::#make::<#k, #v>(cx)))
            }
            Type::Dict { kind: DictKind::Ordered, key, value, in_place } => {
                let (k, v) = (rust_type(key), rust_type(value));
                let make = if *in_place { quote!(live_ordered) } else { quote!(new_ordered) };
                self.q(quote!(dict::#make::<#k, #v>(cx)))
            }
            Type::Dict { key, value, in_place, kind: DictKind::Plain } => {
                let (k, v) = (rust_type(key), rust_type(value));
                let make = if *in_place { quote!(pdict_new) } else { quote!(new) };
                self.q(quote!(dict::#make::<#k, #v>(cx)))
            }
            Type::Set { elem, in_place, frozen } => {
                let t = rust_type(elem);
                let code = match (frozen, in_place) {
                    (false, false) => self.new_set(elem),
                    (false, true) => self.q(quote!(set::pset_new::<#t>(cx))),
                    (true, _) => self.q(quote!(set::frozen_new::<#t>(cx))),
                };
                let made = Type::Set { elem: elem.clone(), in_place: *in_place && !frozen, frozen: *frozen };
                self.coerce(&Val::new(code, made), ty)
            }
            _ => self.bail("Unsupported"),
        }
    }

    /// `dict(pairs)` of a list or tuple of pairs, or of lists of two.
    pub(super) fn dict_of_pairs(
        &mut self,
        val: &Val,
        pair: &Type,
        (key, value): (&Type, &Type),
        to: &Type,
    ) -> TokenStream {
        let (d, it, at, x) = (self.fresh("d"), self.fresh("it"), self.fresh("at"), self.fresh("x"));
        let new = self.new_container(to);
        let pull = self.pull_value(val, false, &it, &at);
        let (setup, next) = (pull.setup, pull.next);
        let (check, first, second) = match pair {
            Type::Tuple { items, .. } => {
                (None, Val::place(quote!(#x.0), items[0].clone()), Val::place(quote!(#x.1), items[1].clone()))
            }
            Type::List { .. } => {
                let list = Val::place(quote!(#x), pair.clone());
                let count = self.apply("len", std::slice::from_ref(&list), &Type::Int);
                let other = self.q(quote!(exc(Exc::ValueError)));
                (
                    Some(quote!(if #count != 2 { let () = #other; })),
                    self.item_of(&list, 0),
                    self.item_of(&list, 1),
                )
            }
            _ => return self.bail("Unsupported"),
        };
        let k = self.coerce(&first, key);
        let v = self.coerce(&second, value);
        let set = self.q(quote!(dict::set(cx, &#d, #k, #v)));
        quote!({
            let #d = #new;
            #setup
            while let Some(#x) = #next { #check #set; }
            #d
        })
    }
}
