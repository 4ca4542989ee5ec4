//! Texts of instances: calls of the methods that give them.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::{Expr, NodeId};
use crate::infer::{Text, TextMethod, is_shown};
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `str(value)` or `repr(value)` of what is no instance.
    pub(super) fn text_of(&mut self, value: &Val, repr: bool) -> TokenStream {
        let (code, by_ref) = (value.owned(), value.by_ref());
        match (&value.ty, repr) {
            (Type::Str, false) => code,
            (Type::Char, false) => self.q(quote!(chr::to_str(cx, #code))),
            (_, false) => self.q(quote!(fmt::str_of(cx, #by_ref))),
            (_, true) => self.q(quote!(fmt::repr_of(cx, #by_ref))),
        }
    }

    /// The text of a value that may be an instance; behind it stands a specification, if there is one.
    pub(super) fn text(&mut self, node: NodeId, text: Text, operands: &[Expr], to: &Type) -> TokenStream {
        let mut lets = Vec::new();
        let mut vals = self.bind_all(operands, &mut lets);
        let value = vals.remove(0);
        let made = self.match_union(&value, |f, v| match &v.ty {
            Type::Instance(class) if f.file.program.tells_exception(class, text, !vals.is_empty()) => {
                let (object, marker, repr) = (&v.code, object_marker(class), text == Text::Repr);
                f.file.names_class(class);
                Some(f.q(quote!(object::text_of_exception::<#marker>(cx, #object, #repr))))
            }
            Type::Instance(class) => {
                let TextMethod { name, method, absent } =
                    f.file.program.text_method(class, text, !vals.is_empty())?;
                let callee = f.reached_method(node, class, name)?;
                let mut checks = Vec::new();
                for name in absent {
                    let (code, at) = (&v.code, f.file.attribute(class, name));
                    checks.push(f.q(quote!(object::lacks(cx, #code, &#at))));
                }
                let (known, path) = f.known_method(class, name, &method);
                checks.push(f.method_check(class, &v, &known));
                let mut all = vec![v.clone()];
                if name == "__format__" {
                    let spec = vals.first().cloned().unwrap_or_else(|| {
                        let empty = f.file.string("");
                        let get = f.q(quote!(#empty.get(cx)));
                        Val::place(quote!((*#get)), Type::Str)
                    });
                    all.push(spec);
                }
                let call = f.call_instance((&class.module, &path), callee, &all, (&[], &[]));
                let ret = f.file.program.instances[callee].ret.clone();
                let checks: Vec<_> = checks.iter().map(|check| quote!(#check;)).collect();
                Some(f.finish_call(node, &checks, quote!(in_generator(#call)), ret, &Type::Str))
            }
            other if is_shown(other) => Some(f.text_of(&v, text == Text::Repr)),
            _ => None,
        });
        let made = if lets.is_empty() { made } else { quote!({ #(#lets)* #made }) };
        self.coerce(&Val::new(made, Type::Str), to)
    }
}
