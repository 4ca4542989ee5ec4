//! `list.sort` and its keys.

use std::collections::BTreeSet;
use std::mem::discriminant;

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::{Val, rust_type};
use crate::hir::visit::{any_expr, defines, each_expr, reads};
use crate::hir::{CompKind, Expr, ExprKind, VarId};
use crate::infer::Member;
use crate::lower::asked::BY_NAME;
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// While `list.sort(key=…)` runs, the list is empty: a key that may see it bails. `None`: always.
    pub(super) fn key_looks_elsewhere(
        &mut self,
        list: &Val,
        keywords: &[(String, Expr)],
    ) -> Option<TokenStream> {
        let Some((_, Expr { kind: ExprKind::Lambda { params, body }, .. })) =
            keywords.iter().find(|(name, _)| name == "key")
        else {
            return Some(quote!());
        };
        if self.is_no_key(body) {
            return Some(quote!());
        }
        if self.reads_global_like(body, &list.ty) {
            return None;
        }
        let mut checks = Vec::new();
        for var in reads(&**body) {
            if params.contains(&var) {
                continue;
            }
            let ty = self.instance.vars[var].clone();
            if ty == list.ty && !self.hir.vars[var].maybe_unbound && !self.hir.vars[var].cell {
                let other = self.var_ident(var);
                let other = if list.ty.is_copy() { quote!(#other) } else { quote!(&#other) };
                checks.push(self.is_not(list, &other));
            } else if may_hold(&ty, &list.ty) {
                return None;
            }
        }
        for (attribute, of_item) in self.lists_of_instances(body, params, &list.ty)? {
            match of_item {
                false => checks.push(self.is_another(list, &attribute)),
                // What an item has is looked at before its key is computed; a comparison has no such place.
                true if params.len() == 1 => {}
                true => return None,
            }
        }
        Some(quote!(#(#checks)*))
    }

    /// Bails where an attribute is the list.
    fn is_another(&mut self, list: &Val, attribute: &Expr) -> TokenStream {
        let other = self.val(attribute);
        let other = if list.ty.is_copy() { other.owned() } else { other.by_ref() };
        self.is_not(list, &other)
    }

    fn is_not(&mut self, list: &Val, other: &TokenStream) -> TokenStream {
        let (this, bail) = (list.by_ref(), self.bail("Unsupported"));
        quote!(if (*#this).is(#other) { let () = #bail; })
    }

    /// The attributes that a key reads which may be the list, and whether they are those of the item. Nothing changes them
    /// before the keys are computed, and reading one more often does nothing. `None` where others may be the list.
    fn lists_of_instances(&self, body: &Expr, params: &[VarId], list: &Type) -> Option<Vec<(Expr, bool)>> {
        let program = self.file.program;
        let called = self.called_by(body);
        let reads = |i: &usize| {
            let callee = &program.instances[*i];
            any_expr(&callee.hir.body, |e| is_attribute(e) && may_hold(&callee.nodes[e.id], list))
        };
        if called.iter().any(reads) {
            return None;
        }
        let (mut found, mut others) = (Vec::new(), false);
        each_expr(body, &mut |e| {
            let ty = self.node(e.id);
            if is_attribute(e) && may_hold(&ty, list) {
                match self.owner_of_value(e).filter(|_| called.is_empty() && ty == *list) {
                    Some(var) => found.push((e.clone(), params.contains(&var))),
                    None => others = true,
                }
            }
        });
        (!others).then_some(found)
    }

    /// The variable, of `variable.name`, where that is an instance of one class, and the name no property.
    fn owner_of_value(&self, e: &Expr) -> Option<VarId> {
        let ExprKind::Method { base, name, args, .. } = &e.kind else { return None };
        let ExprKind::Local(var) = base.kind else { return None };
        let Type::Instance(class) = self.node(base.id) else { return None };
        let known = &self.hir.vars[var];
        let is_value = matches!(
            self.file.program.member_of(&class, name.strip_prefix("attribute ")?),
            None | Some(Member::Value)
        );
        (is_value && args.is_empty() && !known.cell && !known.maybe_unbound).then_some(var)
    }

    /// The elements of a set that are going to be sorted. Those of one type are all told apart, so that their order
    /// before does not matter; but NaN is in order with nothing.
    pub(super) fn in_any_order(&mut self, list: &Expr, keywords: &[(String, Expr)]) -> Option<TokenStream> {
        if !self.file.program.passes.has(Pass::Unordered) {
            return None;
        }
        let ExprKind::Comp(comp) = &list.kind else { return None };
        let set = comp.source().filter(|_| comp.kind == CompKind::List)?;
        let Type::Set { elem, in_place: false, .. } = self.node(set.id) else { return None };
        let same = self.node(list.id) == Type::List { elem: elem.clone(), in_place: false };
        if !same || !is_total(&elem) || keywords.iter().any(|(name, _)| name == "key") {
            return None;
        }
        let set = self.val(set).by_ref();
        Some(self.q(quote!(set::elements(cx, #set))))
    }

    /// Does an expression, or a native function that it calls, read a global or a default that may be, or hold, the list?
    pub(super) fn reads_global_like(&self, e: &Expr, list: &Type) -> bool {
        let is_global = |e: &Expr| matches!(e.kind, ExprKind::Global(_) | ExprKind::ModuleAttr { .. });
        if any_expr(e, |e| is_global(e) && may_hold(&self.node(e.id), list)) {
            return true;
        }
        let program = self.file.program;
        self.called_by(e).into_iter().any(|i| {
            let callee = &program.instances[i];
            let defaults = callee.hir.params.iter().zip(&callee.params).filter(|(p, _)| p.has_default);
            defaults.into_iter().any(|(_, t)| may_hold(t, list))
                || any_expr(&callee.hir.body, |e| is_global(e) && may_hold(&callee.nodes[e.id], list))
        })
    }

    /// All native functions that run where an expression is evaluated.
    fn called_by(&self, e: &Expr) -> BTreeSet<usize> {
        let program = self.file.program;
        let mut called = BTreeSet::new();
        each_expr(e, &mut |e| {
            if let Some(callee) = self.instance.calls.get(&e.id) {
                called.extend(program.reachable(*callee));
            }
            for reached in self.instance.values.get(&e.id).into_iter().flatten() {
                called.extend(program.reachable(reached.instance));
            }
        });
        called
    }

    pub(super) fn sort(&mut self, list: &Val, keywords: &[(String, Expr)]) -> TokenStream {
        let Type::List { elem, .. } = &list.ty else { return self.bail("Unsupported") };
        let l = list.by_ref();
        let mut lets = Vec::new();
        let mut reverse = quote!(false);
        let mut key = None;
        for (name, value) in keywords {
            match (name.as_str(), &value.kind) {
                ("reverse", _) => {
                    let r = self.fresh("reverse");
                    let test = match self.node(value.id) {
                        Type::Int => {
                            let number = self.value_as(value, &Type::Int);
                            self.q(quote!(list::is_reverse(#number)))
                        }
                        _ => self.test(value),
                    };
                    lets.push(quote!(let #r = #test;));
                    reverse = quote!(#r);
                }
                ("key", ExprKind::Lambda { params, body }) if !self.is_no_key(body) => {
                    key = Some((params, body))
                }
                _ => {}
            }
        }
        let code = match key {
            None if self.file.program.orders_by_methods(elem) => {
                let t = rust_type(elem);
                let less = quote!(|a: #t, b: #t| a.elem_less(cx, &b));
                self.q(quote!(list::sort_by_comparison(cx, #l, #reverse, #less)))
            }
            None => self.q(quote!(sort_list(cx, #l, #reverse))),
            Some((params, body)) if params.len() == 2 => {
                let t = rust_type(elem);
                let names: Vec<_> = params.iter().map(|p| self.var_ident(*p)).collect();
                // What the comparison assigns is the closure's own.
                let own: Vec<_> = defines(&**body).into_iter().map(|v| self.declare(v)).collect();
                let less = self.in_closure(|f| {
                    let found = f.val(body);
                    f.compare("<", &found, &Val::new(quote!(0i64), Type::Int))
                });
                let less = quote!(|#(#names: #t),*| -> R<bool> { #(#own)* Ok(#less) });
                self.q(quote!(list::sort_by_comparison(cx, #l, #reverse, #less)))
            }
            Some((params, body)) => {
                let (item, t) = (self.var_ident(params[0]), rust_type(elem));
                let key_ty = self.node(body.id);
                let k = rust_type(&key_ty);
                // What the key assigns is the closure's own.
                let own: Vec<_> = defines(&**body).into_iter().map(|v| self.declare(v)).collect();
                let of_items: Vec<Expr> = self
                    .lists_of_instances(body, params, &list.ty)
                    .into_iter()
                    .flatten()
                    .filter_map(|(attribute, of_item)| of_item.then_some(attribute))
                    .collect();
                let checks: Vec<_> =
                    of_items.iter().map(|e| self.in_closure(|f| f.is_another(list, e))).collect();
                let body = self.in_closure(|f| f.value_as(body, &key_ty));
                let sort = match self.file.program.orders_by_methods(&key_ty) {
                    true => quote!(list::sort_by_asked_key),
                    false => quote!(sort_by_key),
                };
                self.q(
                    quote!(#sort(cx, #l, |#item: #t| -> R<#k> { #(#own)* #(#checks)* Ok(#body) }, #reverse)),
                )
            }
        };
        quote!({ #(#lets)* #code })
    }
}

/// Are all values of the type in order with each other, and told apart without a look at who they are?
pub(super) fn is_total(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Big | Type::Bool | Type::Char | Type::Str | Type::Bytes => true,
        Type::Tuple { items, .. } => items.iter().all(is_total),
        _ => false,
    }
}

/// Is an attribute read, or a property, of an instance or of something else?
fn is_attribute(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Method { name, .. } if name.starts_with("attribute ") || name == BY_NAME)
}

/// Can a value of type `ty` be, or hold, a list of type `list`?
fn may_hold(ty: &Type, list: &Type) -> bool {
    // What is opaque may be anything, and an iterator may go through any list.
    ty.any(&|t| matches!(t, Type::Obj | Type::Iter(_)) || may_be(t, list))
}

/// Can a value of type `ty` be a list of type `list`? One of Python's lists may stand under types that have something in
/// common.
fn may_be(ty: &Type, list: &Type) -> bool {
    let of_python = |ty: &Type| match ty {
        Type::List { elem, in_place: true } | Type::View(elem) => Some((**elem).clone()),
        _ => None,
    };
    // Of what is in them only the kind is compared.
    let alike = |a: &Type, b: &Type| {
        let texts = [Type::Str, Type::Char];
        let ints = [Type::Int, Type::Big];
        *a == Type::Obj
            || *b == Type::Obj
            || discriminant(a) == discriminant(b)
            || [&texts, &ints].iter().any(|kind| kind.contains(a) && kind.contains(b))
    };
    match (of_python(ty), of_python(list)) {
        (Some(a), Some(b)) => {
            let unknown = a == Type::Never || b == Type::Never;
            unknown || a.members().iter().any(|a| b.members().iter().any(|b| alike(a, b)))
        }
        _ => ty == list,
    }
}
