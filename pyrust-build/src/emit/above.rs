//! `super().name(…)`: the call, and the look at what Python would find there.

use std::sync::Arc;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::types::{Val, object_marker};
use super::{File, Func};
use crate::hir::{Expr, NodeId};
use crate::infer::{Guard, MethodKind, Next, Program, callee_above};
use crate::lower::above::Above;
use crate::ty::{ObjectClass, Type};

/// A search that begins above a class.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct AboveUse {
    pub(super) name: String,
    /// The function that says `super()`.
    inside: String,
    /// The class of the instance, and the one that the function stands in.
    of: Arc<ObjectClass>,
    pub(super) class: Arc<ObjectClass>,
    /// Where the function is that was compiled, and whether it is a static method; nothing for what `object` has.
    found: Option<(usize, usize, bool)>,
    /// It is what the builtin class has below which these stand.
    builtin: bool,
}

impl File<'_, '_> {
    fn above_use(&mut self, above: AboveUse) -> Ident {
        self.above.find(|a| *a == above).unwrap_or_else(|| {
            let name = self.lasting_of_class("U", &above.class, &above.name);
            self.above.add(above, name)
        })
    }

    /// The search that ends at the builtin class.
    pub(super) fn above_builtin(
        &mut self,
        above: &Above<'_>,
        of: &Arc<ObjectClass>,
        class: &Arc<ObjectClass>,
    ) -> Ident {
        self.names_class(class);
        // What is named asks no cell which class it stands in.
        let inside = if above.named { "" } else { above.inside };
        let (name, inside) = (above.name.to_string(), inside.to_string());
        let (of, class) = (of.clone(), class.clone());
        self.above_use(AboveUse { name, inside, of, class, found: None, builtin: true })
    }

    pub(super) fn above_statics(&self) -> TokenStream {
        let items = self.above.iter().map(|(above, name)| {
            let (text, inside) = (&above.name, &above.inside);
            let found = match above.found {
                Some((space, slot, is_static)) => {
                    let (space, slot) = self.slot_of(space, slot);
                    let kind = if is_static { quote!(Static) } else { quote!(Plain) };
                    quote!(Some((MethodKind::#kind, &#space, #slot)))
                }
                None => quote!(None),
            };
            if above.builtin {
                return quote!(static #name: Above = Above::builtin(#text, #inside););
            }
            quote!(static #name: Above = Above::new(#text, #inside, #found);)
        });
        quote!(#(#items)*)
    }
}

impl Func<'_, '_, '_> {
    /// `super().name(…)`
    pub(super) fn call_above(
        &mut self,
        node: NodeId,
        base: &Expr,
        above: &Above<'_>,
        (args, keywords): (&[Expr], &[(String, Expr)]),
        to: &Type,
    ) -> TokenStream {
        let module = self.instance.func.module.clone();
        let Some(class) = self.file.program.object_class(&module, above.class) else {
            return self.bail("Unsupported");
        };
        // A class that is given is the one that the global is.
        let given = above.inside.is_empty().then(|| {
            let guard = Guard::Value(above.class.to_string());
            let (space, slot) = self.file.slot(self.index, &module, false, guard);
            let (space, slot) = self.file.slot_of(space, slot);
            let marker = object_marker(&class);
            let check = self.q(quote!(#space.get::<IsObject<#marker>>(cx, #slot)));
            quote!(let _ = #check;)
        });
        let base = self.val(base);
        let code = self.match_union(&base, |f, v| {
            let of = match &v.ty {
                Type::Instance(of) => of.clone(),
                Type::Function(callees) => f.file.program.class_of_value(callees)?,
                _ => return None,
            };
            let next = f.file.program.next_above(&of, &class, above.name)?;
            if matches!(next, Next::OfObject) && of.base.exception && above.name == "__init__" {
                let known = f.file.above_builtin(above, &of, &class);
                let (own, marker) = (object_marker(&of), object_marker(&class));
                let mut lets = Vec::new();
                let base = f.bind(&v, &mut lets);
                let vals = f.bind_all(args, &mut lets);
                let given = f.given_tuple(&vals);
                let object = &base.code;
                let done = f.q(quote!(object::init_above::<#own, #marker, _>(cx, #object, &#known, #given)));
                let nothing = f.coerce(&Val::new(quote!(#done), Type::None), to);
                return Some(quote!({ #(#lets)* #nothing }));
            }
            let found = match &next {
                Next::Method(owner, method) => {
                    let guard = Program::guard_above(owner, above.name, method);
                    let (space, slot) = f.file.slot(f.index, &owner.module, false, guard);
                    Some((space, slot, method.kind == MethodKind::Static))
                }
                Next::OfObject => None,
            };
            let (name, inside) = (above.name.to_string(), above.inside.to_string());
            let known = f.file.above_use(AboveUse {
                name,
                inside,
                of: of.clone(),
                class: class.clone(),
                found,
                builtin: false,
            });
            let (own, marker) = (object_marker(&of), object_marker(&class));
            f.file.names_class(&class);
            let check = f.q(quote!(object::above::<#own, #marker>(cx, &#known)));
            let Next::Method(owner, method) = next else {
                if let ("__new__", [class]) = (above.name, args) {
                    let (object, made) = (v.by_ref(), f.allocate(class, to));
                    return Some(quote!({ let _ = #object; #check; #made }));
                }
                let nothing = f.coerce(&Val::new(quote!(()), Type::None), to);
                let object = &v.code;
                return Some(quote!({ let _ = #object; #check; #nothing }));
            };
            let callee = f.reached_as(node, &callee_above(&of, above.name))?;
            let mut lets = Vec::new();
            let base = f.bind(&v, &mut lets);
            lets.push(quote!(#check;));
            let mut vals: Vec<Val> = Vec::new();
            if method.kind != MethodKind::Static {
                vals.push(base);
            }
            for arg in args {
                let val = f.val(arg);
                vals.push(if args.len() + keywords.len() > 1 { f.bind(&val, &mut lets) } else { val });
            }
            let named = f.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
            let path = format!("{}.{}", owner.name, above.name);
            let call = f.call_instance((&owner.module, &path), callee, &vals, (keywords, &named));
            let ret = f.file.program.instances[callee].ret.clone();
            Some(f.finish_call(node, &lets, call, ret, to))
        });
        quote!({ #given #code })
    }
}
