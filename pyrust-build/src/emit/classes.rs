//! `isinstance` with classes that are looked at when the call gets there.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use crate::hir::Expr;
use crate::infer::{Guard, global_classes, is_instance};
use crate::ty::{DictKind, Type};

impl Func<'_, '_, '_> {
    /// All classes are read before the first is asked, as the tuple is made first.
    pub(super) fn asks_global(&mut self, value: &Expr, class: &Expr) -> TokenStream {
        let module = self.instance.func.module.clone();
        let names = global_classes(class).unwrap_or_default();
        let (mut reads, mut classes) = (Vec::new(), Vec::new());
        for name in names {
            if !self.file.program.binds(&module, &name) {
                classes.push(Err(name));
                continue;
            }
            let (space, at) = self.file.slot(self.index, &module, false, Guard::Value(name));
            let (space, at) = (format_ident!("NS_{space}"), Literal::usize_unsuffixed(at));
            let local = format_ident!("class_{}", reads.len());
            let read = self.q(quote!(#space.load::<Obj>(cx, #at)));
            reads.push(quote!(let #local = #read;));
            classes.push(Ok(local));
        }
        let val = self.val(value);
        self.match_union(&val, |f, v| {
            let code = v.by_ref();
            let exact = exact_class(&v.ty).map(|class| format_ident!("{class}"));
            if exact.is_none() && v.ty != Type::Obj {
                return None;
            }
            let object = &v.code;
            let tests: Vec<_> = classes
                .iter()
                .map(|class| match (class, &exact) {
                    (Ok(local), Some(exact)) => f.q(quote!(#local.has_instances(Class::#exact))),
                    (Ok(local), None) => f.q(quote!(#local.has_instance(#object))),
                    (Err(name), Some(_)) => {
                        let yes = is_instance(&v.ty, name);
                        quote!(#yes)
                    }
                    (Err(name), None) => match super::call::class_variant(name) {
                        Some(class) => f.q(quote!(#object.is_instance(Class::#class))),
                        None => quote!(false),
                    },
                })
                .collect();
            Some(quote!({ let _ = #code; #(#reads)* #(#tests)||* }))
        })
    }
}

/// The class of a type whose values are exact instances of it.
pub(super) fn exact_class(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::None => "NoneType",
        Type::Bool => "Bool",
        Type::Int | Type::Big => "Int",
        Type::Float => "Float",
        Type::Str | Type::Char => "Str",
        Type::Bytes => "Bytes",
        Type::ByteArray => "ByteArray",
        Type::MemView => "MemoryView",
        Type::Complex => "Complex",
        Type::List { .. } | Type::View(_) => "List",
        Type::Dict { kind: DictKind::Plain, .. } => "Dict",
        Type::Set { frozen: false, .. } => "Set",
        Type::Set { frozen: true, .. } => "FrozenSet",
        Type::Range => "Range",
        _ => return None,
    })
}
