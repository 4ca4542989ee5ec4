//! Sets and frozensets: displays, what is made of an iterable, and the methods that take any number of iterables.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::coerce::same_rust;
use super::iter::{block_of, iter_elem};
use super::sorting::is_total;
use super::types::{Val, rust_type};
use crate::hir::{BinOp, Comp, Expr, ExprKind, Part, SetMade};
use crate::lower::set_operator;
use crate::passes::Pass;
use crate::ty::{DictKind, Type};

/// What a method of a set is given, in the form that it takes.
enum Given {
    Set(TokenStream),
    Dict(TokenStream),
    /// A list with elements of the set's type.
    List(TokenStream),
    /// Gone through one by one.
    Other(Val),
}

impl Func<'_, '_, '_> {
    /// An empty native set.
    pub(super) fn new_set(&mut self, elem: &Type) -> TokenStream {
        let t = rust_type(elem);
        if !self.file.program.passes.has(Pass::Unordered) {
            return self.q(quote!(set::new::<#t>(cx)));
        }
        let new = self.q(quote!(set::new_at::<#t>(cx, &SITE)));
        quote!({ static SITE: set::Site = set::Site::new(); #new })
    }

    /// `{a, *b}`
    pub(super) fn set_display(&mut self, parts: &[Part], made: SetMade, ty: &Type) -> TokenStream {
        let Type::Set { elem, .. } = ty else { return self.bail("Unsupported") };
        if made != SetMade::Here {
            return self.set_constant(parts, elem, made, ty);
        }
        let (out, new) = (self.fresh("out"), self.new_set(elem));
        let mut code = Vec::new();
        for part in parts {
            match part {
                Part::Item(e) => {
                    let item = self.value_as(e, elem);
                    let add = self.q(quote!(set::add(cx, &#out, #item)));
                    code.push(quote!(#add;));
                }
                Part::Star(iter) => match iter.source() {
                    Some(e) => {
                        let val = self.val(e);
                        code.push(self.put_all(&out, elem, &val));
                    }
                    None => {
                        let each = self.for_each(iter, &mut |f, item| {
                            let item = f.coerce(&item, elem);
                            let add = f.q(quote!(set::add(cx, &#out, #item)));
                            quote!(#add;)
                        });
                        code.push(each.finish(&[]));
                    }
                },
            }
        }
        let made = Val::new(quote!({ let #out = #new; #(#code)* #out }), native(elem, false));
        self.coerce(&made, ty)
    }

    /// The frozenset that stands among the constants of the function's code, or a set filled from it.
    fn set_constant(&mut self, parts: &[Part], elem: &Type, made: SetMade, ty: &Type) -> TokenStream {
        let items: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Item(e) => Some(self.in_closure(|f| f.value_as(e, elem))),
                Part::Star(_) => None,
            })
            .collect();
        // The code of a function inside is among the constants of the one around it.
        let owner = self.hir.name();
        let owner = owner.split(".<locals>").next().unwrap_or(&owner);
        let constant = self.file.set_constant(owner);
        let t = rust_type(elem);
        let get = self.q(quote!(#constant.get(cx, || -> R<_> { Ok([#(#items),*]) })));
        if made == SetMade::Constant {
            let frozen = Type::Set { elem: Box::new(elem.clone()), in_place: true, frozen: true };
            return self.coerce(&Val::new(get, frozen), ty);
        }
        let (frozen, copy) = (self.fresh("c"), self.fresh("out"));
        let code = self.q(quote!(set::copy(cx, &#frozen)));
        let code = quote!({ let #frozen: PFrozenSet<#t> = #get; let #copy = #code; #copy });
        self.coerce(&Val::new(code, native(elem, false)), ty)
    }

    /// `out.update(other)`, of any kind.
    fn put_all(&mut self, out: &Ident, elem: &Type, other: &Val) -> TokenStream {
        self.put_all_but(out, elem, other, None)
    }

    /// The same, but nothing of that very set.
    fn put_all_but(
        &mut self,
        out: &Ident,
        elem: &Type,
        other: &Val,
        except: Option<&TokenStream>,
    ) -> TokenStream {
        self.match_union(other, |f, v| {
            let other = v.by_ref();
            Some(match &v.ty {
                Type::Set { .. } => {
                    let update = f.q(match except {
                        Some(set) => quote!(set::update_unless(cx, &#out, #other, #set)),
                        None => quote!(set::update(cx, &#out, #other)),
                    });
                    quote!({ #update; })
                }
                Type::Dict { kind: DictKind::Plain, .. } => {
                    let update = f.q(quote!(set::update_dict(cx, &#out, #other)));
                    quote!({ #update; })
                }
                ty => {
                    iter_elem(ty)?;
                    f.add_each(&quote!(&#out), elem, &v)
                }
            })
        })
    }

    /// Adds one by one what comes out of an iterable that is no union.
    fn add_each(&mut self, set: &TokenStream, elem: &Type, other: &Val) -> TokenStream {
        let (it, at, x) = (self.fresh("it"), self.fresh("at"), self.fresh("x"));
        let pull = self.pull_value(other, false, &it, &at);
        let (setup, next) = (pull.setup, pull.next);
        let item = self.coerce(&Val::new(quote!(#x), pull.elem), elem);
        let tick = self.tick();
        let add = self.q(quote!(set::add(cx, #set, #item)));
        quote!({ #setup while let Some(#x) = #next { #tick #add; } })
    }

    /// A set comprehension, `set(x)`, `frozenset(x)`.
    pub(super) fn set_comp(&mut self, comp: &Comp, frozen: bool, ty: &Type) -> TokenStream {
        let Type::Set { elem, .. } = ty else { return self.bail("Unsupported") };
        if let Some(e) = comp.source().filter(|_| comp.builtin.is_some()) {
            let val = self.val(e);
            return self.match_union(&val, |f, v| {
                if let Type::Set { frozen: true, .. } = v.ty
                    && frozen
                {
                    return Some(f.coerce(&v, ty));
                }
                let other = v.by_ref();
                let made = match &v.ty {
                    Type::Set { .. } if frozen => {
                        let copy = f.q(quote!(set::frozen_copy(cx, #other)));
                        return Some(f.coerce(&Val::new(copy, native(elem, true)), ty));
                    }
                    Type::Set { .. } => f.q(quote!(set::copy(cx, #other))),
                    Type::Dict { kind: DictKind::Plain, .. } => f.q(quote!(set::of_dict(cx, #other))),
                    Type::Obj if **elem == Type::Obj && !frozen => {
                        let code = &v.code;
                        f.q(quote!(dynamic::set(cx, #code)))
                    }
                    Type::Obj => return Some(f.coerce(&Val::new(quote!(()), Type::Never), ty)),
                    other => {
                        iter_elem(other)?;
                        let (out, new) = (f.fresh("out"), f.new_set(elem));
                        let add = f.add_each(&quote!(&#out), elem, &v);
                        quote!({ let #out = #new; #add #out })
                    }
                };
                Some(f.finished(made, elem, frozen, ty))
            });
        }
        let (breaks, out, new) = (self.label("b"), self.fresh("out"), self.new_set(elem));
        let mut inner = |f: &mut Self| {
            let item = f.value_as(&comp.element, elem);
            let add = f.q(quote!(set::add(cx, &#out, #item)));
            quote!(#add;)
        };
        let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut inner));
        self.finished(quote!({ let #out = #new; #code #out }), elem, frozen, ty)
    }

    /// A native set that has all its elements.
    fn finished(&mut self, code: TokenStream, elem: &Type, frozen: bool, to: &Type) -> TokenStream {
        let code = if frozen { self.q(quote!(set::freeze(cx, #code))) } else { code };
        self.coerce(&Val::new(code, native(elem, frozen)), to)
    }

    /// `s.update(…)` with what is gone through lazily.
    pub(super) fn update_comp(&mut self, comp: &Comp, target: &Val) -> TokenStream {
        let takes = |t: &Type| matches!(t, Type::Set { frozen: false, .. } | Type::Dict { .. });
        let target = self.project(target, takes);
        let (breaks, out, code) = (self.label("b"), self.fresh("out"), target.owned());
        let mut inner = |f: &mut Self| match &target.ty {
            Type::Set { elem, .. } => {
                let item = f.value_as(&comp.element, elem);
                let add = f.q(quote!(set::add(cx, &#out, #item)));
                quote!(#add;)
            }
            Type::Dict { key, kind: DictKind::Counter, .. } => {
                let item = f.value_as(&comp.element, key);
                let count = f.q(quote!(dict::count_one(cx, &#out, #item)));
                quote!(#count;)
            }
            Type::Dict { key, value, .. } => {
                let pair = f.val(&comp.element);
                let set = f.set_pair(&quote!(&#out), &pair, key, value);
                quote!(#set;)
            }
            _ => f.bail("Type"),
        };
        let loops = block_of(&breaks, self.generator(comp, 0, &breaks, &mut inner));
        quote!({ let #out = #code; #loops })
    }

    /// A method that takes iterables, none of the values a union.
    pub(super) fn set_method(&mut self, name: &str, vals: &[Val], to: &Type) -> Option<TokenStream> {
        let (set, others) = vals.split_first()?;
        let Type::Set { elem, frozen, .. } = set.ty.clone() else { return None };
        if let (Some(name), [rows]) = (name.strip_suffix(" all"), others) {
            return self.set_method_of_all(name, set, rows, to);
        }
        let mut lets = Vec::new();
        let set = self.bind(set, &mut lets);
        let s = set.by_ref();
        let others: Vec<Val> = others.iter().map(|v| self.bind(v, &mut lets)).collect();
        let lazily = matches!(name, "union" | "update");
        let mut given = Vec::new();
        for other in &others {
            given.push(self.given(other, &elem, lazily, name, &mut lets)?);
        }
        let code = match name {
            "union" => self.union(&s, &elem, frozen, given),
            "intersection" => self.intersection(&s, given),
            "difference" => self.difference(&s, frozen, given),
            "symmetric_difference" => {
                let call = one(given, "symmetric_difference", &s);
                self.q(call)
            }
            "isdisjoint" | "issubset" | "issuperset" => {
                let function = match name {
                    "issubset" => "le",
                    "issuperset" => "ge",
                    other => other,
                };
                let call = one(given, function, &s);
                self.q(call)
            }
            "update" => self.update(&s, &elem, given),
            "intersection_update" => match given.len() {
                0 => self.q(quote!(set::intersection_update(cx, #s, #s))),
                1 => {
                    let call = one(given, "intersection_update", &s);
                    self.q(call)
                }
                _ => {
                    let made = self.intersection(&s, given);
                    self.q(quote!(set::replace(cx, #s, &#made)))
                }
            },
            "difference_update" => {
                let mut code = Vec::new();
                for other in given {
                    let call = one(vec![other], "difference_update", &s);
                    let call = self.q(call);
                    code.push(quote!(#call;));
                }
                quote!({ #(#code)* })
            }
            _ => {
                let call = one(given, "symmetric_difference_update", &s);
                self.q(call)
            }
        };
        let ty = match name {
            "union" | "intersection" | "difference" | "symmetric_difference" => native(&elem, frozen),
            "isdisjoint" | "issubset" | "issuperset" => Type::Bool,
            _ => Type::None,
        };
        Some(self.coerce(&Val::new(quote!({ #(#lets)* #code }), ty), to))
    }

    /// The same of all that a list gives.
    fn set_method_of_all(&mut self, name: &str, set: &Val, rows: &Val, to: &Type) -> Option<TokenStream> {
        let (Type::Set { elem, frozen, .. }, Type::List { elem: row_ty, .. }) = (set.ty.clone(), &rows.ty)
        else {
            return None;
        };
        let mut lets = Vec::new();
        let (set, rows) = (self.bind(set, &mut lets), self.bind(rows, &mut lets));
        let (s, all, made) = (set.by_ref(), rows.by_ref(), native(&elem, frozen));
        let (at, row, acc) = (self.fresh("at"), self.fresh("row"), self.fresh("acc"));
        let next = self.q(quote!(list::next(cx, #all, &mut #at)));
        let tick = self.tick();
        let item = Val::place(quote!(#row), (**row_ty).clone());
        let (before, step, after, ret) = match name {
            "union" => {
                let copy = self.q(quote!(set::copy(cx, #s)));
                let put = self.put_all_but(&acc, &elem, &item, Some(&s));
                let after = if frozen { self.q(quote!(set::freeze(cx, #acc))) } else { quote!(#acc) };
                (quote!(let #acc = #copy;), put, after, made)
            }
            "update" => {
                let target = set.owned();
                let put = self.put_all_but(&acc, &elem, &item, None);
                (quote!(let #acc = #target;), put, quote!(), Type::None)
            }
            "difference_update" => {
                let less = self.with_each_kind("difference_update", &s, &elem, &item);
                (quote!(), quote!(#less;), quote!(), Type::None)
            }
            "difference" => {
                let first = self.with_each_kind("difference", &s, &elem, &item);
                let (old, copy) = (self.fresh("old"), self.q(quote!(set::like(cx, #s))));
                let (out, t) = (self.fresh("out"), rust_type(&native(&elem, false)));
                let less = self.with_each_kind("difference_update", &quote!(&#out), &elem, &item);
                let first = if frozen { self.q(quote!(set::thaw(cx, #first))) } else { first };
                let whole = if frozen { self.q(quote!(set::freeze(cx, #old))) } else { quote!(#old) };
                (
                    quote!(let mut #acc: Option<#t> = None;),
                    quote!(#acc = Some(match #acc.take() { Some(#out) => { #less; #out } None => #first });),
                    quote!(match #acc { Some(#old) => #whole, None => #copy }),
                    made,
                )
            }
            "intersection" | "intersection_update" => {
                let first = self.with_each_kind("intersection", &s, &elem, &item);
                let (old, copy) = (self.fresh("old"), self.q(quote!(set::like(cx, #s))));
                let again = self.with_each_kind("intersection", &quote!(&#old), &elem, &item);
                let t = rust_type(&made);
                let result = quote!(match #acc { Some(#old) => #old, None => #copy });
                let (after, ret) = match name {
                    "intersection" => (result, made),
                    _ => {
                        let replace = self.q(quote!(set::replace(cx, #s, &#result)));
                        (quote!(#replace;), Type::None)
                    }
                };
                (
                    quote!(let mut #acc: Option<#t> = None;),
                    quote!(#acc = Some(match #acc.take() { Some(#old) => #again, None => #first });),
                    after,
                    ret,
                )
            }
            _ => return None,
        };
        let code = quote!({
            #(#lets)*
            #before
            let mut #at: i64 = 0;
            while let Some(#row) = #next { #tick #step }
            #after
        });
        Some(self.coerce(&Val::new(code, ret), to))
    }

    /// One of these functions with whatever kind of iterable comes.
    fn with_each_kind(&mut self, function: &str, set: &TokenStream, elem: &Type, other: &Val) -> TokenStream {
        self.match_union(other, |f, v| {
            let mut lets = Vec::new();
            let given = f.given(&v, elem, false, function, &mut lets)?;
            let given = match given {
                Given::Dict(d) if function == "difference_update" => {
                    let keys = f.q(quote!(dict::keys(cx, #d)));
                    Given::List(quote!(&#keys))
                }
                other => other,
            };
            let call = one(vec![given], function, set);
            let call = f.q(call);
            Some(quote!({ #(#lets)* #call }))
        })
    }

    fn given(
        &mut self,
        other: &Val,
        elem: &Type,
        lazily: bool,
        name: &str,
        lets: &mut Vec<TokenStream>,
    ) -> Option<Given> {
        Some(match &other.ty {
            Type::Set { .. } => Given::Set(other.by_ref()),
            Type::Dict { kind: DictKind::Plain, .. }
                if matches!(
                    name,
                    "union"
                        | "update"
                        | "difference"
                        | "symmetric_difference"
                        | "symmetric_difference_update"
                ) =>
            {
                Given::Dict(other.by_ref())
            }
            Type::List { elem: e, .. } | Type::View(e) if same_rust(e, elem) => Given::List(other.by_ref()),
            ty => {
                iter_elem(ty)?;
                if lazily {
                    return Some(Given::Other(other.clone()));
                }
                if matches!(ty, Type::Iter(_)) {
                    return None;
                }
                let ty = Type::List { elem: Box::new(elem.clone()), in_place: false };
                let (list, new) = (self.fresh("list"), self.new_container(&ty));
                let extend = self.extend(&Val::place(quote!(#list), ty), other);
                lets.push(quote!(let #list = #new; #extend;));
                Given::List(quote!(&#list))
            }
        })
    }

    fn union(&mut self, s: &TokenStream, elem: &Type, frozen: bool, given: Vec<Given>) -> TokenStream {
        if let [Given::Set(_) | Given::Dict(_) | Given::List(_)] = given.as_slice() {
            let call = one(given, "union", s);
            return self.q(call);
        }
        let (out, copy) = (self.fresh("out"), self.q(quote!(set::copy(cx, #s))));
        let mut code = Vec::new();
        for other in given {
            let put = match other {
                // The set itself adds nothing, not even room.
                Given::Set(other) => self.q(quote!(set::update_unless(cx, &#out, #other, #s))),
                Given::Dict(other) => self.q(quote!(set::update_dict(cx, &#out, #other))),
                Given::List(other) => self.q(quote!(set::update_list(cx, &#out, #other))),
                Given::Other(val) => self.add_each(&quote!(&#out), elem, &val),
            };
            code.push(quote!(#put;));
        }
        let made = quote!({ let #out = #copy; #(#code)* #out });
        if frozen { self.q(quote!(set::freeze(cx, #made))) } else { made }
    }

    fn intersection(&mut self, s: &TokenStream, given: Vec<Given>) -> TokenStream {
        if given.is_empty() {
            return self.q(quote!(set::like(cx, #s)));
        }
        let mut code: Option<TokenStream> = None;
        for other in given {
            let from = code.take().map_or_else(|| s.clone(), |made| quote!(&#made));
            let call = one(vec![other], "intersection", &from);
            code = Some(self.q(call));
        }
        code.unwrap_or_default()
    }

    fn difference(&mut self, s: &TokenStream, frozen: bool, given: Vec<Given>) -> TokenStream {
        let mut given = given.into_iter();
        let Some(first) = given.next() else { return self.q(quote!(set::like(cx, #s))) };
        let call = one(vec![first], "difference", s);
        let made = self.q(call);
        let rest: Vec<Given> = given.collect();
        if rest.is_empty() {
            return made;
        }
        let made = if frozen { self.q(quote!(set::thaw(cx, #made))) } else { made };
        let out = self.fresh("out");
        let mut code = Vec::new();
        for other in rest {
            let other = match other {
                Given::Dict(d) => {
                    let keys = self.q(quote!(dict::keys(cx, #d)));
                    Given::List(quote!(&#keys))
                }
                other => other,
            };
            let call = one(vec![other], "difference_update", &quote!(&#out));
            let call = self.q(call);
            code.push(quote!(#call;));
        }
        let made = quote!({ let #out = #made; #(#code)* #out });
        if frozen { self.q(quote!(set::freeze(cx, #made))) } else { made }
    }

    fn update(&mut self, s: &TokenStream, elem: &Type, given: Vec<Given>) -> TokenStream {
        let mut code = Vec::new();
        for other in given {
            let put = match other {
                Given::Set(other) => self.q(quote!(set::update(cx, #s, #other))),
                Given::Dict(other) => self.q(quote!(set::update_dict(cx, #s, #other))),
                Given::List(other) => self.q(quote!(set::update_list(cx, #s, #other))),
                Given::Other(val) => self.add_each(s, elem, &val),
            };
            code.push(quote!(#put;));
        }
        quote!({ #(#code)* })
    }
}

impl Func<'_, '_, '_> {
    /// `len(a & b)` and its kin: nobody sees the set, so none is made. It would be gone through in an order that only
    /// comparing could tell.
    pub(super) fn count_of_sets(&mut self, made: &Expr) -> Option<TokenStream> {
        let (left, right, op) = match &made.kind {
            ExprKind::Binary { op, left, right } => (&**left, &**right, *op),
            ExprKind::Method { base, name, args, keywords } if keywords.is_empty() => {
                let [other] = args.as_slice() else { return None };
                (&**base, other, set_operator(name)?)
            }
            _ => return None,
        };
        let count = match op {
            BinOp::BitAnd => quote!(count_common),
            BinOp::BitOr => quote!(count_united),
            BinOp::Sub => quote!(count_missing),
            BinOp::BitXor => quote!(count_different),
            _ => return None,
        };
        let (Type::Set { elem, .. }, Type::Set { elem: other, .. }) =
            (self.node(left.id), self.node(right.id))
        else {
            return None;
        };
        if elem != other || !is_total(&elem) || !self.file.program.passes.has(Pass::Unordered) {
            return None;
        }
        let mut lets = Vec::new();
        let left = self.val(left);
        let left = self.bind(&left, &mut lets).by_ref();
        let right = self.val(right).by_ref();
        let count = self.q(quote!(set::#count(cx, #left, #right)));
        Some(quote!({ #(#lets)* #count }))
    }
}

/// The call of a function that takes one other thing, which is no iterator.
fn one(given: Vec<Given>, function: &str, s: &TokenStream) -> TokenStream {
    let name = |suffix: &str| quote::format_ident!("{function}{suffix}");
    match given.into_iter().next() {
        Some(Given::Set(other)) => {
            let f = name("");
            quote!(set::#f(cx, #s, #other))
        }
        Some(Given::Dict(other)) => {
            let f = name("_dict");
            quote!(set::#f(cx, #s, #other))
        }
        Some(Given::List(other)) => {
            let f = name("_list");
            quote!(set::#f(cx, #s, #other))
        }
        Some(Given::Other(_)) | None => unreachable!("inference has looked at the arguments"),
    }
}

/// The type of what was just made.
fn native(elem: &Type, frozen: bool) -> Type {
    Type::Set { elem: Box::new(elem.clone()), in_place: false, frozen }
}
