//! `raise` of exceptions of the project's own classes, and what handlers do with them.

use std::sync::Arc;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::{Catch, Expr, ExprKind};
use crate::infer::exceptions::given;
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// `raise`, of what is no builtin class.
    pub(super) fn raise(&mut self, class: &Catch, args: &[Expr]) -> TokenStream {
        if let Catch::Value = class {
            let base = match args.first().map(|value| &value.kind) {
                Some(ExprKind::Method { base, .. }) if args.len() > 1 => self.node(base.id),
                _ => Type::Never,
            };
            let program = self.file.program;
            return match program.raised_value(args, &base) {
                Some(value) => self.raise_value(value),
                None => self.leave(quote!(bail::<()>(Bail::Unsupported))),
            };
        }
        let (Some(value), module) = (args.first(), self.instance.func.module.clone()) else {
            return self.leave(quote!(bail::<()>(Bail::Unsupported)));
        };
        let Some((args, keywords)) = given(value) else {
            return self.leave(quote!(bail::<()>(Bail::Unsupported)));
        };
        let known = self.file.program.exception_named(&module, class);
        let silent = known.as_ref().is_none_or(|known| self.file.program.is_made_silently(known));
        let made = known.is_some() && self.node(value.id) != Type::Never;
        if !silent {
            return self.raise_value(value);
        }
        if !keywords.is_empty() {
            return self.leave(quote!(bail::<()>(Bail::Unsupported)));
        }
        let plain = match self.class_object(class) {
            Some(read) => {
                let object = self.fresh("class");
                let first = self.done_first(args);
                let leave = self.leave(quote!(raise_own(#object)));
                quote!({ let #object = #read; #(#first)* #leave })
            }
            None => self.leave(quote!(bail::<()>(Bail::Unsupported))),
        };
        if !made || !self.file.looks {
            return plain;
        }
        let object = self.raise_value(value);
        quote!(if cx.looks() { #object } else { #plain })
    }

    fn raise_value(&mut self, value: &Expr) -> TokenStream {
        let mut lets = Vec::new();
        let value = self.val(value);
        let value = self.bind(&value, &mut lets);
        let raised = self.match_union(&value, |f, v| match &v.ty {
            Type::Instance(class) if class.base.exception => {
                let (object, marker) = (&v.code, object_marker(class));
                f.file.names_class(class);
                Some(quote!(object::raise_instance::<#marker>(cx, #object)))
            }
            _ => None,
        });
        let leave = match raised.to_string().contains("raise_instance") {
            true => self.leave(raised),
            false => self.leave(quote!(bail::<()>(Bail::Unsupported))),
        };
        quote!({ #(#lets)* #leave })
    }

    /// What a handler has caught: an exception of a builtin class, or an instance of one of the project's.
    pub(super) fn caught_in(&mut self, name: &Ident, ty: &Type, slot: &Ident) -> TokenStream {
        let mut classes: Vec<Arc<ObjectClass>> = Vec::new();
        let mut builtin = None;
        for member in ty.members() {
            match member {
                Type::Instance(class) if class.base.exception => classes.push(class.clone()),
                Type::Foreign(_) => builtin = Some(member.clone()),
                // Nobody reads it as an exception.
                _ => return quote!(#name = None;),
            }
        }
        let known = builtin.map(|builtin| {
            let caught = self.q(quote!(caught(cx, &mut #slot)));
            let error = self.fresh("error");
            let value = self.coerce(&Val::new(quote!(#error), builtin), ty);
            quote!(#name = match #caught { Some(#error) => Some(#value), None => None };)
        });
        if classes.is_empty() {
            return known.unwrap_or_else(|| quote!(#name = None;));
        }
        let mut arms = Vec::new();
        let object = self.fresh("object");
        for class in &classes {
            let (marker, error) = (object_marker(class), self.fresh("error"));
            self.file.names_class(class);
            let value = self.coerce(&Val::new(quote!(#error), Type::Instance(class.clone())), ty);
            arms.push(quote! {
                if let Some(#error) = object::caught_as::<#marker>(cx, #object) { #name = Some(#value); } else
            });
        }
        let known = known.unwrap_or_else(|| quote!(#name = None;));
        quote! {
            match object::caught_object(cx, #slot) {
                Some(#object) => { #(#arms)* { #name = None; } }
                None => { #known }
            }
        }
    }

    /// What an exception is given, as one tuple.
    pub(super) fn given_tuple(&mut self, vals: &[Val]) -> TokenStream {
        if vals.is_empty() {
            return quote!(object::Nothing);
        }
        let items = vals.iter().map(Val::owned);
        quote!((#(#items,)*))
    }
}
