//! `Class.method(…)` of a class method, and the test at its beginning.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, named_marker, object_marker};
use crate::hir::{Expr, ExprKind, NodeId};
use crate::infer::{Guard, allocated, callee_of_class, method_guard};
use crate::lower::class_methods::{CLASS_IS, CLASS_MAY_BE};
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `Class.method(…)`, or `cls.__new__(cls)`; `None` where that is something else.
    pub(super) fn call_of_class(
        &mut self,
        node: NodeId,
        (base, name): (&Expr, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        if let ExprKind::Global(global) = &base.kind
            && let Some(code) = self.call_class_method(node, (global, name), args, keywords, to)
        {
            return Some(code);
        }
        match (name, args, keywords) {
            ("__new__", [class], []) => self.allocate_by_class(base, class, to),
            _ => None,
        }
    }

    fn call_class_method(
        &mut self,
        node: NodeId,
        (global, name): (&str, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        if let Some(class) = allocated((global, name), args, keywords) {
            return Some(self.allocate(class, to));
        }
        let module = self.instance.func.module.clone();
        let (class, method, _) = self.file.program.class_method(&module, global, name)?;
        let Some(callee) = self.reached_as(node, &callee_of_class(&class, name)) else {
            return Some(self.bail("Unsupported"));
        };
        // The name here, and the one that the method itself knows the class by.
        let is_it = match self.file.program.named(&class.module, &class.name) {
            Some(def) => {
                let marker = named_marker(&def.class);
                quote!(IsClass<#marker>)
            }
            None => {
                let marker = object_marker(&class);
                quote!(IsObject<#marker>)
            }
        };
        let mut lets = Vec::new();
        for (module, name) in [(&module, global), (&class.module, class.name.as_str())] {
            let (space, slot) = self.file.slot(self.index, module, false, Guard::Value(name.to_string()));
            let (space, slot) = self.file.slot_of(space, slot);
            let check = self.q(quote!(#space.get::<#is_it>(cx, #slot)));
            lets.push(quote!(let _ = #check;));
        }
        self.file.names_class(&class);
        let guard = method_guard(&class, name, &method);
        let Guard::Function { name: path, .. } = &guard else { return None };
        let path = path.clone();
        self.file.slot(self.index, &class.module, false, guard);
        let mut vals = vec![Val::new(quote!(()), Type::None)];
        vals.extend(self.bind_all(args, &mut lets));
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        let call = self.call_instance((&class.module, &path), callee, &vals, (keywords, &named));
        let ret = self.file.program.instances[callee].ret.clone();
        Some(self.finish_call(node, &lets, call, ret, to))
    }

    /// An operation that lowering has put there: a test of a class, or of what is written into a buffer.
    pub(super) fn intrinsic(&mut self, name: &str, args: &[Expr], to: &Type) -> TokenStream {
        match (name, args) {
            (CLASS_IS, [value, class]) => self.is_class(value, class, true),
            (CLASS_MAY_BE, [value, class]) => {
                let code = self.is_class(value, class, false);
                self.coerce(&Val::new(code, Type::Bool), to)
            }
            (_, [value]) => self.value_as(value, to),
            _ => self.bail("Unsupported"),
        }
    }

    /// Is the value the class that the global stands for? An answer, or nothing behind a bailout.
    fn is_class(&mut self, value: &Expr, class: &Expr, bails: bool) -> TokenStream {
        let val = self.val(value);
        let ExprKind::Global(name) = &class.kind else { return self.bail("Unsupported") };
        let module = self.instance.func.module.clone();
        self.match_union(&val, |f, v| {
            let object = match v.ty {
                Type::Function(_) => f.coerce(&v, &Type::Obj),
                _ => v.code.clone(),
            };
            Some(match v.ty {
                Type::Obj | Type::Function(_) => {
                    let (space, slot) = f.file.slot(f.index, &module, false, Guard::Value(name.clone()));
                    let (space, slot) = f.file.slot_of(space, slot);
                    let read = f.q(quote!(#space.load::<Obj>(cx, #slot)));
                    match bails {
                        true => {
                            let bail = f.bail("Guard");
                            quote!(if !#object.is(#read) { #bail })
                        }
                        false => quote!(#object.is(#read)),
                    }
                }
                _ if bails => quote!({ let _ = #object; }),
                _ => quote!({ let _ = #object; false }),
            })
        })
    }
}
