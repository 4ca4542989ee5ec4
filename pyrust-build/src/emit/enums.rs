//! Enumerations: that the class works as `enum` has it, and how members are found.

use std::sync::Arc;

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::Expr;
use crate::infer::{Guard, enums};
use crate::passes::Pass;
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// The class, which was found to be what the guard says before the body began.
    pub(super) fn enumeration(&mut self, class: &Arc<ObjectClass>, role: &str) -> TokenStream {
        let module = class.module.clone();
        self.enumeration_in(&module, &class.name.clone(), class, role)
    }

    /// The same of a name of that module.
    fn enumeration_in(
        &mut self,
        module: &str,
        name: &str,
        class: &Arc<ObjectClass>,
        role: &str,
    ) -> TokenStream {
        self.file.names_class(class);
        let marker = object_marker(class);
        let (ns, slot) = self.file.slot(self.index, module, false, Guard::Value(format!("{role} {name}")));
        let (space, at) = self.file.slot_of(ns, slot);
        let read = quote!(#space.get::<IsObject<#marker>>(cx, #at));
        if !self.file.program.passes.has(Pass::Globals) {
            return self.q(read);
        }
        let key = format!("{ns}.{slot}.{marker}");
        if let Some((_, local, _)) = self.hoisted.iter().find(|(k, _, _)| *k == key) {
            return quote!(#local);
        }
        let local = self.global_name(&class.name.clone());
        self.hoisted.push((key, local.clone(), quote!(#read?)));
        quote!(#local)
    }

    /// All members of the enumeration that a global is.
    pub(super) fn members(&mut self, name: &str, class: &Arc<ObjectClass>, ty: Type) -> Val {
        let module = self.instance.func.module.clone();
        let known = self.enumeration_in(&module, name, class, enums::MEMBERS);
        let marker = object_marker(class);
        Val::new(self.q(quote!(object::members::<#marker>(cx, #known))), ty)
    }

    /// `Color(value)`
    pub(super) fn member_by_value(
        &mut self,
        (module, name): (&str, &str),
        class: &Arc<ObjectClass>,
        args: &[Expr],
        to: &Type,
    ) -> TokenStream {
        let known = self.enumeration_in(module, name, class, enums::LOOKUP);
        let marker = object_marker(class);
        let [value] = args else { return self.bail("Unsupported") };
        let value = self.val(value);
        let found = self.match_union(&value, |f, v| {
            let value = v.owned();
            Some(f.q(quote!(object::by_value::<#marker, _>(cx, #known, #value))))
        });
        self.coerce(&Val::new(found, Type::Instance(class.clone())), to)
    }

    /// `Color[name]`
    pub(super) fn member_by_name(
        &mut self,
        global: &str,
        class: &Arc<ObjectClass>,
        name: &Expr,
        to: &Type,
    ) -> TokenStream {
        let module = self.instance.func.module.clone();
        let known = self.enumeration_in(&module, global, class, enums::LOOKUP);
        let marker = object_marker(class);
        let name = self.value_as(name, &Type::Str);
        let found = self.q(quote!(object::by_name::<#marker>(cx, #known, &#name)));
        self.coerce(&Val::new(found, Type::Instance(class.clone())), to)
    }

    /// `member in Color`
    pub(super) fn is_member(&mut self, global: &str, class: &Arc<ObjectClass>, member: &Expr) -> TokenStream {
        let module = self.instance.func.module.clone();
        let known = self.enumeration_in(&module, global, class, enums::LOOKUP);
        let marker = object_marker(class);
        let member = self.value_as(member, &Type::Instance(class.clone()));
        self.q(quote!(object::has_member::<#marker>(cx, #known, #member)))
    }
}
