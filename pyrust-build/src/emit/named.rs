//! Instances of classes that `namedtuple` made.

use std::sync::Arc;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::expr::{field, int_literal};
use super::types::{Val, named_marker, object_marker, rust_type};
use crate::hir::{Expr, ExprKind, NodeId};
use crate::infer::{FieldSource, Guard, MethodKind, NamedDef};
use crate::lower::named::{MAKE, MAKE_ALL, NAMES};
use crate::ty::{DictKind, NamedClass, Origin, Type};

impl Func<'_, '_, '_> {
    /// Named tuples as the tuples of their fields, members of enumerations as the numbers and texts that they are.
    pub(super) fn opened(&mut self, val: &Val) -> Val {
        self.opened_for(val, "")
    }

    /// The same for the operands of a comparison: what a method of the class answers stays as it is.
    pub(super) fn opened_for(&mut self, val: &Val, op: &str) -> Val {
        let opens = |m: &Type| match m {
            Type::Named { class, .. } => !class.compares_itself(op),
            Type::Instance(class) => self.file.program.stands_for(class).is_some(),
            _ => false,
        };
        if !val.ty.members().iter().any(opens) {
            return val.clone();
        }
        let to = self.file.program.opened_for(&val.ty, op);
        let code = self.match_union(val, |f, v| {
            let v = match &v.ty {
                Type::Named { class, .. } if !class.compares_itself(op) => f.named_items(&v),
                Type::Instance(class) => match f.file.program.stands_for(class) {
                    Some(ty) => {
                        let (code, marker) = (v.owned(), object_marker(class));
                        let read = match ty {
                            Type::Int => quote!(object::number::<#marker>(cx, #code)),
                            _ => quote!(object::text::<#marker>(cx, #code)),
                        };
                        Val::new(f.q(read), ty)
                    }
                    None => v,
                },
                _ => v,
            };
            Some(f.coerce(&v, &to))
        });
        Val::new(code, to)
    }

    /// The tuple of all fields.
    pub(super) fn named_items(&mut self, val: &Val) -> Val {
        let Type::Named { items, .. } = &val.ty else { return val.clone() };
        let (code, tuple) = (val.owned(), Type::Tuple { items: items.clone(), origin: Origin::Native });
        let items = match val.ty.is_row() {
            true => self.q(quote!(#code.items(cx))),
            false => quote!(#code.items()),
        };
        Val::new(items, tuple)
    }

    /// One field of a value that stands in a place.
    pub(super) fn named_field(&mut self, val: &Val, at: usize) -> Val {
        let Type::Named { items, .. } = &val.ty else { return val.clone() };
        let ty = items[at].clone();
        if !val.ty.is_row() {
            // Also one of what was just made is copied: the members stand behind a handle.
            return Val::place(field(&val.code, at), ty);
        }
        let (code, rust, at) = (&val.code, rust_type(&ty), Literal::usize_unsuffixed(at));
        Val::new(self.q(quote!(#code.field::<#rust>(cx, #at))), ty)
    }

    /// What has just been made, as the values of that type are.
    fn as_named(made: TokenStream, ty: &Type) -> TokenStream {
        if ty.is_row() { quote!(#made.row()) } else { made }
    }

    /// Is it what a named tuple has and a tuple has not?
    pub(super) fn is_of_named(&self, ty: &Type, name: &str) -> bool {
        name.starts_with("attribute ")
            || matches!(name, "_replace" | "_asdict")
            || ty.members().iter().any(|m| match m {
                Type::Named { class, .. } => self.file.program.method_of(&class.as_object(), name).is_some(),
                _ => false,
            })
    }

    /// `Point._fields` of a class that is a global.
    pub(super) fn names_of_class(&mut self, global: &str, name: &str, to: &Type) -> Option<Val> {
        if name != NAMES {
            return None;
        }
        let module = self.instance.func.module.clone();
        let def = self.file.program.named_with(&module, global, NAMES)?;
        let (check, marker) = (self.is_named_class(global, &def), named_marker(&def.class));
        let there = self.q(quote!(named::has_names::<#marker>(cx)));
        let names = self.names_of(&def.class);
        let names = self.coerce(&names, to);
        Some(Val::new(quote!({ let _ = #check; let () = #there; #names }), to.clone()))
    }

    /// The look at a global that is to be the class.
    fn is_named_class(&mut self, global: &str, def: &NamedDef) -> TokenStream {
        let (marker, module) = (named_marker(&def.class), self.instance.func.module.clone());
        let (ns, slot) = self.file.slot(self.index, &module, false, Guard::Value(global.to_string()));
        let (space, slot) = self.file.slot_of(ns, slot);
        self.q(quote!(#space.get::<IsClass<#marker>>(cx, #slot)))
    }

    /// `Point._make(items)` and `Point(*items)`.
    pub(super) fn of_named_class(
        &mut self,
        base: &Expr,
        name: &str,
        args: &[Expr],
        to: &Type,
    ) -> Option<TokenStream> {
        let ExprKind::Global(global) = &base.kind else { return None };
        if name.strip_prefix("attribute ") == Some(NAMES) {
            return self.names_of_class(global, NAMES, to).map(|names| names.code);
        }
        let ([items], MAKE | MAKE_ALL) = (args, name) else { return None };
        let module = self.instance.func.module.clone();
        let def = self.file.program.named_with(&module, global, name)?;
        let (check, marker) = (self.is_named_class(global, &def), named_marker(&def.class));
        let mut lets = vec![quote!(let _ = #check;)];
        let val = self.opened_val(items);
        let val = self.bind(&val, &mut lets);
        let wanted = items_of(to, &def.class);
        let count = def.class.fields.len();
        let mut codes = Vec::new();
        if !matches!(val.ty, Type::Tuple { .. }) {
            let (len, bail) =
                (self.apply("len", std::slice::from_ref(&val), &Type::Int), self.bail("Unsupported"));
            let count = Literal::i64_unsuffixed(count as i64);
            lets.push(quote!(if #len != #count { let () = #bail; }));
        }
        let mut types = Vec::new();
        for i in 0..count {
            let item = match &val.ty {
                Type::Tuple { items, .. } if items.len() == count => {
                    Val::place(field(&val.code, i), items[i].clone())
                }
                Type::List { elem, .. } | Type::View(elem) | Type::VarTuple(elem) => {
                    let index = Val::new(int_literal(i as i64), Type::Int);
                    let item = self.apply("getitem", &[val.clone(), index], elem);
                    Val::new(item, (**elem).clone())
                }
                _ => return Some(self.bail("Unsupported")),
            };
            let (code, ty) = self.field_value(&item, wanted.map(|items| items[i].clone()));
            let item = self.fresh("item");
            let rust = rust_type(&ty);
            lets.push(quote!(let #item: #rust = #code;));
            codes.push(quote!(#item));
            types.push(ty);
        }
        let depth = self.q(quote!(cx.call()));
        let maker = if name == MAKE { quote!(made) } else { quote!(new) };
        let made = self.q(quote!(named::#maker::<#marker, _>(#depth, (#(#codes,)*))));
        let ty = Type::Named { class: def.class.clone(), items: types };
        let made = Val::new(Self::as_named(made, &ty), ty);
        let made = self.coerce(&made, to);
        Some(quote!({ #(#lets)* #made }))
    }

    /// The tuple of the fields' names.
    fn names_of(&mut self, class: &NamedClass) -> Val {
        let names: Vec<_> = class
            .fields
            .iter()
            .map(|name| {
                let name = self.file.string(name);
                let get = self.q(quote!(#name.get(cx)));
                quote!((*#get).clone())
            })
            .collect();
        let ty = Type::Tuple { items: vec![Type::Str; names.len()], origin: Origin::Native };
        Val::new(quote!((#(#names,)*)), ty)
    }

    /// The value of an operand: named tuples are tuples there.
    pub(super) fn opened_val(&mut self, e: &Expr) -> Val {
        let val = self.val(e);
        self.opened(&val)
    }

    /// A call of the class that `name` is in `module`.
    pub(super) fn make_named(
        &mut self,
        (module, name): (&str, &str),
        def: &NamedDef,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let marker = named_marker(&def.class);
        let (ns, slot) = self.file.slot(self.index, module, false, Guard::Value(name.to_string()));
        let (space, slot) = self.file.slot_of(ns, slot);
        let check = self.q(quote!(#space.get::<IsClass<#marker>>(cx, #slot)));
        lets.push(quote!(let _ = #check;));
        let mut bound = |f: &mut Self, e: &Expr| {
            let val = f.val(e);
            f.bind(&val, &mut lets)
        };
        let given: Vec<Val> = args.iter().map(|e| bound(self, e)).collect();
        let by_name: Vec<Val> = keywords.iter().map(|(_, e)| bound(self, e)).collect();
        let Some(sources) = def.bind(args.len(), keywords) else { return self.bail("Unsupported") };
        let wanted = items_of(to, &def.class);
        let (mut codes, mut types) = (Vec::new(), Vec::new());
        for (i, source) in sources.iter().enumerate() {
            let want = wanted.map(|items| items[i].clone());
            let (code, ty) = match source {
                FieldSource::Positional(k) => self.field_value(&given[*k], want),
                FieldSource::Keyword(k) => self.field_value(&by_name[*k], want),
                FieldSource::Default => {
                    let Some(ty) = want else { return self.bail("Unsupported") };
                    let rust = rust_type(&ty);
                    (self.q(quote!(named::default::<#marker, #rust>(cx, #i))), ty)
                }
            };
            codes.push(code);
            types.push(ty);
        }
        // Making one is a call of a function of Python's.
        let depth = self.q(quote!(cx.call()));
        let made = self.q(quote!(named::new::<#marker, _>(#depth, (#(#codes,)*))));
        let ty = Type::Named { class: def.class.clone(), items: types };
        let made = Val::new(Self::as_named(made, &ty), ty);
        let made = self.coerce(&made, to);
        quote!({ #(#lets)* #made })
    }

    fn field_value(&mut self, val: &Val, want: Option<Type>) -> (TokenStream, Type) {
        let ty = want.unwrap_or_else(|| val.ty.clone());
        (self.coerce(val, &ty), ty)
    }

    /// `value.field`, `value._replace(…)`, `value._asdict()`, and what the class's text has; `None` where the value has no such thing.
    pub(super) fn named_method(
        &mut self,
        node: NodeId,
        val: &Val,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        let Type::Named { class, items } = &val.ty else { return None };
        let position = |name: &str| class.fields.iter().position(|f| f == name);
        if let Some(at) = name.strip_prefix("attribute ").and_then(position) {
            let item = self.named_field(val, at);
            return Some(self.coerce(&item, to));
        }
        let marker = named_marker(class);
        if name.strip_prefix("attribute ") == Some(NAMES)
            && self.file.program.member_of(&class.as_object(), NAMES).is_none()
        {
            let base = val.by_ref();
            let check = self.q(quote!(named::shows_names(cx, #base)));
            let names = self.names_of(class);
            let names = self.coerce(&names, to);
            return Some(quote!({ let () = #check; #names }));
        }
        if !matches!(name, "_replace" | "_asdict") {
            let class = class.as_object();
            let read = name.strip_prefix("attribute ");
            let name = read.unwrap_or(name);
            let method = self.file.program.method_of(&class, name)?;
            if method.kind == MethodKind::Cached || (method.kind == MethodKind::Property) != read.is_some() {
                return None;
            }
            return self.call_method(node, val, (&class, name, &method), args, keywords, to);
        }
        match name {
            "_replace" => {
                let wanted = items_of(to, class);
                let mut lets = Vec::new();
                let base = self.bind(val, &mut lets);
                let mut values: Vec<Val> = (0..items.len()).map(|i| self.named_field(&base, i)).collect();
                for (name, e) in keywords {
                    let value = self.val(e);
                    values[position(name)?] = self.bind(&value, &mut lets);
                }
                let (codes, types): (Vec<_>, Vec<_>) = values
                    .iter()
                    .enumerate()
                    .map(|(i, v)| self.field_value(v, wanted.map(|items| items[i].clone())))
                    .unzip();
                let depth = self.q(quote!(cx.call()));
                let made = self.q(quote!(named::replaced::<#marker, _>(#depth, (#(#codes,)*))));
                let ty = Type::Named { class: class.clone(), items: types };
                let made = Val::new(Self::as_named(made, &ty), ty);
                let made = self.coerce(&made, to);
                Some(quote!({ #(#lets)* #made }))
            }
            "_asdict" => {
                let Type::Dict { value, kind: DictKind::Plain, .. } = to else { return None };
                let mut lets = Vec::new();
                let base = self.bind(val, &mut lets);
                let (d, new) = (self.fresh("d"), self.new_container(to));
                let check = self.q(quote!(named::has_asdict::<#marker>(cx)));
                let mut sets = Vec::new();
                for (i, name) in class.fields.iter().enumerate() {
                    let key = self.file.string(name);
                    let key = self.q(quote!(#key.get(cx)));
                    let item = self.named_field(&base, i);
                    let item = self.coerce(&item, value);
                    let set = self.q(quote!(dict::set(cx, &#d, (*#key).clone(), #item)));
                    sets.push(quote!(#set;));
                }
                Some(quote!({ #(#lets)* let () = #check; let #d = #new; #(#sets)* #d }))
            }
            _ => None,
        }
    }
}

/// The types that the fields have in the place that an instance goes to.
fn items_of<'t>(to: &'t Type, class: &Arc<NamedClass>) -> Option<&'t [Type]> {
    to.members().iter().find_map(|m| match m {
        Type::Named { class: c, items } if c == class => Some(items.as_slice()),
        _ => None,
    })
}
