//! `hasattr` with a name that is written down, and calls of an object's own class.

use std::sync::Arc;

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, object_marker, rust_type};
use crate::hir::{Expr, NodeId};
use crate::infer::{Guard, has_attribute};
use crate::lower::asked::BY_NAME;
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// `hasattr(value, "name")`
    pub(super) fn has_attribute(&mut self, val: &Val, name: &str) -> TokenStream {
        self.match_bound(val, |f, v| {
            let code = v.by_ref();
            match &v.ty {
                Type::Instance(class) if class.own == 0 => Some(f.has_name(&v, class, name)),
                ty => {
                    let has = has_attribute(ty, name)?;
                    Some(quote!({ let _ = #code; #has }))
                }
            }
        })
    }

    /// `getattr(value, name)`, and what is asked of a class of named tuples.
    pub(super) fn asked_by_name(
        &mut self,
        (node, base): (NodeId, &Expr),
        name: &str,
        args: &[Expr],
        to: &Type,
    ) -> Option<TokenStream> {
        let (BY_NAME, [asked, default @ ..]) = (name, args) else {
            return self.of_named_class(base, name, args, to);
        };
        let ty = self.node(node);
        let mut lets = Vec::new();
        let object = self.val(base);
        let object = self.bind(&object, &mut lets);
        let key = Val::new(self.value_as(asked, &Type::Str), Type::Str);
        let key = self.bind(&key, &mut lets);
        let default = default.first().map(|default| {
            let default = Val::new(self.value_as(default, to), to.clone());
            self.bind(&default, &mut lets)
        });
        let code = self.match_union(&object, |f, v| {
            let found: Vec<(String, TokenStream)> = match &v.ty {
                Type::Instance(class) => {
                    let names = f.file.program.attributes_by_name(class)?;
                    // As what they are: not as what the default is.
                    let known = f.file.program.known_attributes(class);
                    let known = known.filter(|(name, ty)| names.contains(name) && !ty.has_never());
                    let all = known.fold(Type::Never, |all, (_, ty)| Type::join(&all, ty));
                    let ty = if default.is_some() && all != Type::Never { all } else { ty.clone() };
                    let read = |name: String| {
                        let read = f.read_attribute(&v, class, &name, &ty);
                        (name, f.coerce(&Val::new(read, ty.clone()), to))
                    };
                    names.into_iter().map(read).collect()
                }
                Type::Named { class, .. } => {
                    let read = |(i, name): (usize, &String)| {
                        let item = f.named_field(&v, i);
                        (name.clone(), f.coerce(&item, to))
                    };
                    class.fields.iter().enumerate().map(read).collect()
                }
                Type::Obj => {
                    let (code, key, found) = (&v.code, key.by_ref(), f.fresh("found"));
                    let read = f.coerce(&Val::place(quote!(#found), Type::Obj), to);
                    let absent = match &default {
                        Some(default) => default.owned(),
                        None => f.q(quote!(exc(Exc::AttributeError))),
                    };
                    let asked = f.q(quote!(dynamic::attribute(cx, #code, #key)));
                    return Some(quote!(match #asked { Some(#found) => #read, None => #absent }));
                }
                _ => return None,
            };
            let tests: Vec<_> = found
                .iter()
                .map(|(name, read)| {
                    let text = f.file.string(name);
                    let text = Val::place(
                        {
                            let get = f.q(quote!(#text.get(cx)));
                            quote!((*#get))
                        },
                        Type::Str,
                    );
                    let is = f.compare("==", &key, &text);
                    quote!(if #is { #read } else)
                })
                .collect();
            let bail = f.bail("Unsupported");
            let t = rust_type(to);
            Some(quote!({ let __py_found: #t = #(#tests)* { #bail }; __py_found }))
        });
        Some(quote!({ #(#lets)* #code }))
    }

    pub(super) fn has_name(&mut self, val: &Val, class: &Arc<ObjectClass>, name: &str) -> TokenStream {
        let (code, marker, at) = (&val.code, object_marker(class), self.file.attribute(class, name));
        self.q(quote!(object::has::<#marker>(cx, #code, &#at)))
    }

    /// Bails unless there is a global of that name.
    pub(super) fn is_there(&mut self, name: &str) -> TokenStream {
        let module = self.instance.func.module.clone();
        let (space, slot) = self.file.slot(self.index, &module, false, Guard::Value(name.to_string()));
        let (space, slot) = self.file.slot_of(space, slot);
        let read = self.q(quote!(#space.load::<Obj>(cx, #slot)));
        quote!({ let _ = #read; })
    }

    /// `instance.__class__(…)`
    pub(super) fn make_another(
        &mut self,
        node: NodeId,
        val: &Val,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let code = &val.code;
        let class = class.of_python();
        let names = (class.module.clone(), class.name.clone());
        let made = self.make_instance(node, (&names.0, &names.1), &class, args, keywords, to);
        quote!({ let _ = #code; #made })
    }
}
