//! Calls of classes with a `__new__`, and what `object.__new__(cls)` makes.

use std::sync::Arc;

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::{Expr, NodeId};
use crate::infer::{Guard, class_callee, init_of, new_of};
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// `Class(…)`: what its `__new__` gives, behind the `__init__` of that, where it is an instance of the class.
    pub(super) fn make_by_new(
        &mut self,
        node: NodeId,
        (module, name): (&str, &str),
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let class = &class.of_python();
        let program = &self.file.program;
        let (Some(new), Some(callee)) =
            (program.method_of(class, "__new__"), self.reached_as(node, &new_of(class)))
        else {
            return self.bail("Unsupported");
        };
        self.file.names_class(class);
        let marker = object_marker(class);
        let (space, slot) = self.file.slot(self.index, module, false, Guard::Value(name.to_string()));
        let (space, slot) = self.file.slot_of(space, slot);
        let check = self.q(quote!(#space.get::<IsObject<#marker>>(cx, #slot)));
        let mut lets = vec![quote!(let _ = #check;)];
        let mut vals = self.bind_all(args, &mut lets);
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        let (known, path) = self.known_method(class, "__new__", &new);
        let check = self.q(quote!(object::calls_new::<#marker>(cx, &#known)));
        lets.push(quote!(#check;));
        let own = self.q(quote!(object::class_value::<#marker>(cx)));
        vals.insert(0, Val::new(own, Type::Function(vec![class_callee(class)])));
        let home = class.module.clone();
        let call = self.call_in_class((&home, &path), callee, &vals, (keywords, &named));
        let call = self.as_made(node, call);
        let (made, ret) = (self.fresh("made"), self.file.program.instances[callee].ret.clone());
        lets.push(quote!(let #made = #call;));
        let made = Val::place(quote!(#made), ret.clone());
        let mut vals = vals;
        let init = self.match_union(&made, |f, v| match &v.ty {
            Type::Instance(of) => {
                let below = f.file.program.is_initialised(class, of);
                let check = (!of.is(class)).then(|| {
                    f.file.names_class(of);
                    let of = object_marker(of);
                    let check = f.q(quote!(object::stays_below::<#of, #marker>(#below)));
                    quote!(#check;)
                });
                vals[0] = v.clone();
                let init = match below {
                    true => f.initialise(node, of, &vals, (keywords, &named))?,
                    false => quote!(()),
                };
                Some(quote!({ #check #init }))
            }
            // It may be one of a class below that one.
            Type::Obj => {
                let object = &v.code;
                Some(f.q(quote!(object::is_no_instance::<#marker>(#object))))
            }
            _ => Some(quote!(())),
        });
        lets.push(quote!(#init;));
        let value = self.coerce(&made, to);
        quote!({ #(#lets)* #value })
    }

    /// A call of what a class runs at that node, which may stand in a generator expression.
    pub(super) fn as_made(&mut self, node: NodeId, call: TokenStream) -> TokenStream {
        let call = match self.hir.in_generator.contains(&node) {
            true => quote!(in_generator(#call)),
            false => call,
        };
        self.q(call)
    }

    /// Runs the `__init__` of what a `__new__` gave.
    fn initialise(
        &mut self,
        node: NodeId,
        of: &Arc<ObjectClass>,
        vals: &[Val],
        (keywords, named): (&[(String, Expr)], &[Val]),
    ) -> Option<TokenStream> {
        self.file.names_class(of);
        let marker = object_marker(of);
        let Some(init) = self.file.program.initialiser(of)? else {
            return Some(self.q(quote!(object::has_no_init::<#marker>())));
        };
        let callee = self.reached_as(node, &init_of(of))?;
        let (known, path) = self.known_method(of, "__init__", &init);
        let check = self.method_check(of, &vals[0], &known);
        let call = self.call_in_class((&of.module, &path), callee, vals, (keywords, named));
        let call = self.as_made(node, call);
        Some(quote!({ #check; #call; }))
    }

    /// `cls.__new__(cls)`, where that is the one of `object`; `None` where the call is something else.
    pub(super) fn allocate_by_class(&mut self, base: &Expr, class: &Expr, to: &Type) -> Option<TokenStream> {
        let Type::Function(callees) = self.node(base.id) else { return None };
        let found = self.file.program.allocated_by(&callees)?.of_python();
        self.file.names_class(&found);
        let (marker, value) = (object_marker(&found), self.val(base).code);
        let check = self.q(quote!(object::is_itself::<#marker>(#value)));
        let made = self.allocate(class, to);
        Some(quote!({ #check; #made }))
    }

    /// `object.__new__(cls)`
    pub(super) fn allocate(&mut self, class: &Expr, to: &Type) -> TokenStream {
        let val = self.val(class);
        self.match_union(&val, |f, v| {
            let Type::Function(callees) = &v.ty else { return None };
            let class = f.file.program.class_of_value(callees)?.of_python();
            f.file.names_class(&class);
            let (marker, value) = (object_marker(&class), &v.code);
            let made = f.q(quote!(object::allocate::<#marker>(cx, #value)));
            Some(f.coerce(&Val::new(made, Type::Instance(class)), to))
        })
    }
}
