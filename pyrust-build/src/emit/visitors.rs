//! Calls of the method whose name says the class of an argument: one for each type that the argument may have.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::{Expr, ExprKind, NodeId};
use crate::infer::Visited;
use crate::lower::visitors::ByClass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    pub(super) fn visit_by_class(
        &mut self,
        (node, base): (NodeId, &Expr),
        by: &ByClass,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let owner = self.val(base);
        let owner = self.bind(&owner, &mut lets);
        let vals = self.bind_all(args, &mut lets);
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        let ExprKind::Local(of) = args[0].kind else { return self.bail("Unsupported") };
        let code = self.match_union(&owner, |f, own| {
            let Type::Instance(class) = own.ty.clone() else { return None };
            Some(f.match_union(&vals[0].clone(), |f, seen| {
                let visited = f.file.program.visited(&class, by, &seen.ty)?;
                let mut checks = Vec::new();
                if let (name, Some(of)) = f.file.program.class_name(&seen.ty)? {
                    f.file.names_class(&of);
                    let marker = object_marker(&of);
                    let check = f.q(quote!(object::is_named::<#marker>(cx, &NAME)));
                    checks.push(quote!({ static NAME: ClassName = ClassName::new(#name); #check; }));
                }
                if by.asks {
                    let name = by.method(&f.file.program.class_name(&seen.ty)?.0);
                    let there = match (&visited, class.own) {
                        (Some(_), _) => quote!(true),
                        (None, 0) => f.has_name(&own, &class, &name),
                        (None, _) => quote!(false),
                    };
                    let there = f.coerce(&Val::new(there, Type::Bool), to);
                    return Some(quote!({ #(#checks)* #there }));
                }
                let Visited { name, method, lacks } = visited?;
                if let (Some(lacks), 0) = (lacks, class.own) {
                    let (has, bail) = (f.has_name(&own, &class, &lacks), f.bail("Unsupported"));
                    checks.push(quote!(if #has { let () = #bail; }));
                }
                let callee = f.reached_method(node, &class, &name)?;
                let (known, path) = f.known_method(&class, &name, &method);
                let check = f.method_check(&class, &own, &known);
                checks.push(quote!(#check;));
                let given = args.iter().zip(&vals).skip(1).map(|(arg, val)| match arg.kind {
                    ExprKind::Local(var) if var == of => seen.clone(),
                    _ => val.clone(),
                });
                let all: Vec<Val> = std::iter::once(own.clone()).chain(given).collect();
                let call = f.call_instance((&class.module, &path), callee, &all, (keywords, &named));
                let ret = f.file.program.instances[callee].ret.clone();
                Some(f.finish_call(node, &checks, call, ret, to))
            }))
        });
        if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
    }
}
