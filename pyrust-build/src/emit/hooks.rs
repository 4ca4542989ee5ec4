//! The methods by which the runtime's containers compare instances: see `infer::hooks`.

use std::collections::BTreeSet;
use std::sync::Arc;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::types::{Val, named_marker, object_marker, rust_type};
use super::{File, Func};
use crate::infer::{Guard, Reached, hook_of, method_guard};
use crate::ty::{ObjectClass, Type};

/// The class by its name in the text, its method, and the type for which it has that.
type Place = (String, &'static str, Option<Type>);

/// A method that containers call.
pub(super) struct Hook {
    marker: String,
    /// The method of `OfObjectClass` or `OfClass` that it stands behind.
    method: &'static str,
    /// What it takes, of named tuples: a class has one for each.
    named: Option<Type>,
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
            let Some((marker, method, named)) = self.place_of(reached) else { continue };
            if self.hook_at(&(marker.clone(), method, named.clone())).is_some()
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
            self.hooks.push(Hook { marker, method, named, function, known, instance, module, guard });
        }
    }

    /// What stands behind which method of which class, and for which type.
    fn place_of(&self, reached: &Reached) -> Option<Place> {
        let (class, name) = hook_of(&reached.callee)?;
        let named = self.program.instances[reached.instance].params.first();
        let named = named.filter(|ty| matches!(ty, Type::Named { .. })).cloned();
        let marker = match &named {
            Some(Type::Named { class, .. }) => named_marker(class),
            _ => object_marker(&class),
        };
        let method = match name {
            "__lt__" => "less",
            "__gt__" => "greater",
            "__hash__" => "hash",
            _ => "equal",
        };
        Some((marker.to_string(), method, named))
    }

    fn hook_at(&self, (marker, method, named): &Place) -> Option<&Hook> {
        self.hooks.iter().find(|h| h.marker == *marker && h.method == *method && h.named == *named)
    }

    /// All that an instance reaches, through containers as well: one function stands behind a method of a class, whichever
    /// instance asked for it.
    pub(super) fn reached_from(&self, root: usize) -> BTreeSet<usize> {
        let program = self.program;
        let (mut all, mut todo) = (BTreeSet::new(), vec![root]);
        while let Some(root) = todo.pop() {
            for i in program.reachable(root) {
                if all.insert(i) {
                    let reached = program.instances[i].values.values().flatten();
                    let hooks = reached.filter_map(|r| self.hook_at(&self.place_of(r)?));
                    todo.extend(hooks.map(|h| h.instance));
                }
            }
        }
        all
    }

    /// What a class of named tuples overrides: a function for each combination of the fields' types.
    pub(super) fn named_hooks_in(&self, marker: &str) -> TokenStream {
        let all: Vec<&Hook> = self.hooks.iter().filter(|h| h.marker == marker && h.named.is_some()).collect();
        let hashed = all.iter().any(|h| h.method == "hash").then(|| {
            quote!(
                const HASHED: bool = true;
            )
        });
        let methods = ["equal", "less", "greater", "hash"].into_iter().filter_map(|method| {
            let mut of_method = all.iter().filter(|h| h.method == method).peekable();
            of_method.peek()?;
            let one = method == "hash";
            let cases: Vec<_> = of_method
                .map(|h| {
                    let (function, known, ty) = (&h.function, &h.known, rust_type(h.named.as_ref()?));
                    let check = quote!(named::own_method::<Self>(cx, &#known)?;);
                    Some(match one {
                        true => quote! {
                            if let Some(__py_a) = named::exactly::<_, _, #ty>(a) {
                                #check
                                return object::hashed(#function(cx.deeper(2)?.call()?, __py_a));
                            }
                        },
                        false => quote! {
                            let __py_both = (named::exactly::<_, _, #ty>(a), named::exactly::<_, _, #ty>(b));
                            if let (Some(__py_a), Some(__py_b)) = __py_both {
                                #check
                                return object::told(#function(cx.deeper(2)?.call()?, __py_a, __py_b));
                            }
                        },
                    })
                })
                .collect::<Option<_>>()?;
            let name = quote::format_ident!("{method}");
            let (other, result) = match one {
                true => (quote!(), quote!(isize)),
                false => (quote!(, b: &Named<Self, T>), quote!(bool)),
            };
            Some(quote! {
                fn #name<T: named::Fields>(cx: Cx, a: &Named<Self, T> #other) -> R<#result> {
                    #(#cases)*
                    Err(Stop::bail(Bail::Callback))
                }
            })
        });
        quote!(#hashed #(#methods)*)
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
                        object::hashed(#function(cx.deeper(2)?.call()?, a))
                    }
                };
            }
            quote! {
                fn #method(cx: Cx, a: Instance<Self>, b: Instance<Self>) -> R<bool> {
                    object::own_method::<Self>(cx, &#known)?;
                    object::told(#function(cx.deeper(2)?.call()?, a, b))
                }
            }
        });
        quote!(#(#found)*)
    }
}

impl Func<'_, '_, '_> {
    /// Does `a` go before `b` among what `min` (`<`) or `max` (`>`) choose from?
    pub(super) fn goes_before(&mut self, op: &str, a: &Val, b: &Val) -> TokenStream {
        let both = Type::join(&a.ty, &b.ty);
        if !self.file.program.orders_by_methods(&both) {
            return self.compare(op, a, b);
        }
        let (a, b) = (self.coerce(a, &both), self.coerce(b, &both));
        match op {
            "<" => self.q(quote!((#a).elem_less(cx, &#b))),
            _ if self.file.program.is_greater_by_less(&both) => self.q(quote!((#b).elem_less(cx, &#a))),
            _ => self.q(quote!((#a).elem_greater(cx, &#b))),
        }
    }

    /// Is `b`, an item, the value `a` that is looked for, or does its class say that it is equal?
    pub(super) fn asked_for_equality(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        let asks = match (&a.ty, &b.ty) {
            (Type::Named { class, .. }, Type::Named { class: other, .. }) => {
                class == other && class.has_own("__eq__")
            }
            (Type::Instance(class), Type::Instance(other)) => {
                class == other && self.file.program.special_method(class, "__eq__").is_some()
            }
            _ => false,
        };
        if !asks {
            return None;
        }
        let both = Type::join(&a.ty, &b.ty);
        let (a, b) = (self.coerce(a, &both), self.coerce(b, &both));
        Some(self.q(quote!((#b).elem_eq(cx, &#a))))
    }
}
