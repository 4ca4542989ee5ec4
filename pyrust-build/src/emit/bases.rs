//! Instances of classes that are derived from `list` or `dict`, as the builtin class has them.

use std::sync::Arc;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Func;
use super::types::{Val, object_marker, rust_type};
use crate::hir::Expr;
use crate::infer::bases::Part;
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// The object as a list or a dict, if what the part names is the builtin class's own.
    pub(super) fn builtin_part(
        &mut self,
        instance: &TokenStream,
        class: &Arc<ObjectClass>,
        part: &Part<'_>,
        ty: &Type,
    ) -> TokenStream {
        let (marker, rust) = (object_marker(class), rust_type(ty));
        match part {
            Part::Own => quote!(object::opened::<#marker, #rust>(cx, #instance, Inherited::NOTHING)),
            Part::Kept(operation) => {
                let kept = format_ident!("{}", operation.to_uppercase());
                quote!(object::opened::<#marker, #rust>(cx, #instance, Inherited::#kept))
            }
            Part::Method(name) => {
                let at = self.file.attribute(class, name);
                quote!(object::opened_for::<#marker, #rust>(cx, #instance, const { Inherited::method(#name) }, &#at))
            }
            Part::Above(above) => {
                let module = self.instance.func.module.clone();
                let Some(inside) = self.file.program.object_class(&module, above.class) else {
                    return self.bailing("Unsupported");
                };
                let known = self.file.above_builtin(above, class, &inside);
                let inside = object_marker(&inside);
                quote!(object::opened_above::<#marker, #inside, #rust>(cx, #instance, &#known))
            }
        }
    }

    /// `Class(items)`, where the class has no `__init__` of its own.
    pub(super) fn make_filled(
        &mut self,
        class: &Arc<ObjectClass>,
        items: &Expr,
        lets: &mut Vec<TokenStream>,
    ) -> TokenStream {
        let marker = object_marker(class);
        let items = self.val(items);
        let items = self.bind(&items, lets);
        let object = self.fresh("made");
        let made = self.q(quote!(object::make_empty::<#marker>(cx)));
        let ty = self.file.program.items_type(class);
        let rust = rust_type(&ty);
        let opened = self.q(quote!(object::opened::<#marker, #rust>(cx, #object, Inherited::NOTHING)));
        let place = self.fresh("items");
        let filled = Val::new(quote!(#place), ty);
        let fill = match &filled.ty {
            Type::List { .. } => self.extend(&filled, &items),
            Type::Dict { .. } if items.ty.members().iter().all(|m| matches!(m, Type::Dict { .. })) => {
                self.apply("dict.update", &[filled, items], &Type::None)
            }
            Type::Dict { .. } => self.take_all("update", &filled, &items),
            _ => self.bail("Unsupported"),
        };
        lets.push(quote!(let #object = #made; let #place = #opened; #fill;));
        quote!(#object)
    }
}
