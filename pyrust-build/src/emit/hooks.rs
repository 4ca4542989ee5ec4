//! The methods by which the runtime's containers compare instances: see `infer::hooks`.

use std::sync::Arc;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::File;
use super::types::object_marker;
use crate::infer::{Guard, hook_of, method_guard};
use crate::ty::ObjectClass;

/// A method that containers call.
pub(super) struct Hook {
    marker: String,
    /// The method of `OfObjectClass` that it stands behind.
    method: &'static str,
    /// The compiled function, and what says that the class still has it.
    function: Ident,
    known: Ident,
    pub(super) instance: usize,
    pub(super) module: String,
    pub(super) guard: Guard,
}

impl File<'_, '_> {
    /// Takes down the hooks that an instance relies on.
    pub(super) fn hooks_of(&mut self, index: usize) {
        let program = self.program;
        for reached in program.instances[index].values.values().flatten() {
            let Some((class, name)) = hook_of(&reached.callee) else { continue };
            let marker = object_marker(&class).to_string();
            let method = match name {
                "__lt__" => "less",
                "__hash__" => "hash",
                _ => "equal",
            };
            if self.hooks.iter().any(|h| h.marker == marker && h.method == method)
                || !program.can_be_hooked(&class, reached.instance, name)
            {
                continue;
            }
            let Some(special) = program.special_method(&class, name) else { continue };
            let guard = method_guard(&class, name, &special);
            let class: Arc<ObjectClass> = Arc::new(class);
            let (space, slot) = self.slot(reached.instance, &class.module, false, guard.clone());
            let known = self.special_use(&class, name, (space, slot));
            let (function, module) = (self.want(reached.instance), class.module.clone());
            let instance = reached.instance;
            self.hooks.push(Hook { marker, method, function, known, instance, module, guard });
        }
    }

    /// What the class overrides.
    pub(super) fn hooks_in(&self, marker: &str) -> TokenStream {
        let found = self.hooks.iter().filter(|h| h.marker == marker).map(|h| {
            let (method, function, known) = (quote::format_ident!("{}", h.method), &h.function, &h.known);
            if h.method == "hash" {
                return quote! {
                    const HASHED: bool = true;
                    fn hash(cx: Cx, a: Instance<Self>) -> R<isize> {
                        object::own_method::<Self>(cx, &#known)?;
                        object::hashed(#function(cx.call()?, a))
                    }
                };
            }
            quote! {
                fn #method(cx: Cx, a: Instance<Self>, b: Instance<Self>) -> R<bool> {
                    object::own_method::<Self>(cx, &#known)?;
                    object::told(#function(cx.call()?, a, b))
                }
            }
        });
        quote!(#(#found)*)
    }
}
