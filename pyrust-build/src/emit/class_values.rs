//! Classes as values: `type(x)`, `x.__class__`, `cls.__name__`, `cls.attribute`, `issubclass`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::types::{Val, object_marker, rust_type};
use crate::hir::{Expr, NodeId};
use crate::infer::{ClassOf, class_callee};
use crate::lower::DELETE;
use crate::ty::{Callee, Type};

impl Func<'_, '_, '_> {
    /// `type(value)`; `says`: `value.__class__`.
    pub(super) fn class_of(&mut self, value: &Expr, says: bool, to: &Type) -> TokenStream {
        let val = self.val(value);
        self.match_bound(&val, |f, v| {
            let code = v.by_ref();
            let class = match f.file.program.class_told(&v.ty)? {
                ClassOf::Known(class) => {
                    f.file.names_class(&class);
                    let marker = object_marker(&class);
                    let class_value = f.q(quote!(object::class_value::<#marker>(cx)));
                    Val::new(class_value, Type::Function(vec![class_callee(&class)]))
                }
                ClassOf::Builtin(_) => {
                    let class: Ident = super::classes::exact_class(&v.ty)?;
                    Val::new(quote!(Class::#class.value()), Type::Obj)
                }
                ClassOf::Asked => {
                    let object = f.coerce(&v, &Type::Obj);
                    let ask = match says {
                        true => f.q(quote!(Obj::class_said(#object))),
                        false => quote!(Obj::class(#object)),
                    };
                    Val::new(ask, Type::Obj)
                }
            };
            let class = f.coerce(&class, to);
            Some(quote!({ let _ = #code; #class }))
        })
    }

    /// `x.__class__`, `del x.name`
    pub(super) fn special_attribute(&mut self, base: &Expr, name: &str, to: &Type) -> Option<TokenStream> {
        if name == "attribute __class__" {
            return Some(self.class_of(base, true, to));
        }
        name.strip_prefix(DELETE).map(|name| self.delete_attribute(base, name, to))
    }

    /// `del instance.name`
    fn delete_attribute(&mut self, base: &Expr, name: &str, to: &Type) -> TokenStream {
        let val = self.val(base);
        self.match_bound(&val, |f, v| {
            let Type::Instance(class) = &v.ty else { return None };
            if class.own != 0 || f.file.program.method_of(class, name).is_some() {
                return None;
            }
            let (marker, object, at) = (object_marker(class), &v.code, f.file.attribute(class, name));
            let delete = f.q(quote!(object::delete::<#marker>(cx, #object, &#at)));
            let nothing = f.coerce(&Val::new(quote!(()), Type::None), to);
            Some(quote!({ #delete; #nothing }))
        })
    }

    /// `cls.method(…)`
    pub(super) fn call_of_class_value(
        &mut self,
        node: NodeId,
        base: &Val,
        (callees, name): (&[Callee], &str),
        (args, keywords): (&[Expr], &[(String, Expr)]),
        to: &Type,
    ) -> Option<TokenStream> {
        let (class, name, method) = self.file.program.called_of_class(callees, name)?;
        self.call_method(node, base, (&class, name, &method), args, keywords, to)
    }

    /// `cls.attribute`
    pub(super) fn attribute_of_class(
        &mut self,
        node: NodeId,
        base: &Val,
        callees: &[Callee],
        name: &str,
        to: &Type,
    ) -> Option<TokenStream> {
        let value = base.owned();
        if name == "__name__" && self.file.program.are_classes(callees) {
            let read = self.q(quote!(#value.class_name()));
            return Some(self.coerce(&Val::new(read, Type::Str), to));
        }
        let class = self.file.program.class_shows(callees, name)?;
        self.file.names_class(&class);
        let ty = self.node(node);
        let (marker, rust, at) = (object_marker(&class), rust_type(&ty), self.file.attribute(&class, name));
        let read = self.q(quote!(object::of_class::<#marker, #rust>(cx, #value, &#at)));
        Some(self.coerce(&Val::new(read, ty), to))
    }

    /// `issubclass(class, of)`
    pub(super) fn is_subclass(&mut self, class: &Expr, of: &Expr) -> TokenStream {
        let (reads, classes) = self.classes_read(of);
        let val = self.val(class);
        self.match_union(&val, |f, v| {
            let (object, reads) = (f.coerce(&v, &Type::Obj), reads.clone());
            let tests: Vec<_> = classes
                .iter()
                .map(|of| match of {
                    Ok(of) => Some(f.q(quote!(__py_class.is_subclass(cx, #of)))),
                    Err(name) => {
                        let of = super::classes::class_variant(name)?;
                        Some(f.q(quote!(__py_class.is_subclass(cx, Class::#of.value()))))
                    }
                })
                .collect::<Option<_>>()?;
            let class = format_ident!("__py_class");
            Some(quote!({ let #class = #object; #(#reads)* #(#tests)||* }))
        })
    }

    /// What an expression of a class, or of a tuple of them, holds.
    pub(super) fn value_classes(
        &mut self,
        class: &Expr,
        reads: &mut Vec<TokenStream>,
        classes: &mut Vec<Result<Ident, String>>,
    ) {
        let val = self.val(class);
        let items = match &val.ty {
            Type::Tuple { items, .. } => {
                let base = self.bind(&val, reads);
                let item =
                    |(at, ty): (usize, &Type)| Val::place(super::expr::field(&base.code, at), ty.clone());
                items.iter().enumerate().map(item).collect()
            }
            _ => vec![val],
        };
        for item in items {
            let local = self.fresh("class");
            let value = self.coerce(&item, &Type::Obj);
            reads.push(quote!(let #local = #value;));
            classes.push(Ok(local));
        }
    }
}
