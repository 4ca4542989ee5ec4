//! Subscripts.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::{Expr, ExprKind};
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// Equality as containers use it: the same NaN is equal to itself, so a NaN bails.
    pub(super) fn element_eq(&mut self, a: &Val, b: &Val) -> TokenStream {
        self.dispatch(&[a.clone(), b.clone()], &mut |f, vals| {
            if vals[0].ty == Type::Float && vals[1].ty == Type::Float {
                let (x, y) = (vals[0].by_ref(), vals[1].by_ref());
                return Some(f.q(quote!(elem_eq(cx, #x, #y))));
            }
            f.compare_eq(&vals[0], &vals[1])
        })
    }

    pub(super) fn compare_eq(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        Some(self.compare("==", a, b))
    }

    /// `rows[i]` of a read-only list of lists, where neither changes in the innermost loop: looked up before it.
    pub(super) fn hoisted_row(&mut self, base: &Expr) -> Option<Val> {
        let ExprKind::Index { base: rows, index } = &base.kind else { return None };
        let (ExprKind::Local(list), ExprKind::Local(at)) = (&rows.kind, &index.kind) else { return None };
        let (list, at) = (*list, *at);
        let ty = self.node(base.id);
        let Type::View(row) = &ty else { return None };
        let plain = self.instance.vars[list] == Type::View(Box::new(ty.clone()))
            && self.instance.vars[at] == Type::Int
            && !self.hir.vars[list].cell
            && !self.hir.vars[at].cell
            && !self.hir.vars[list].maybe_unbound
            && !self.hir.vars[at].maybe_unbound
            && !matches!(**row, Type::View(_));
        let fixed = |r: &super::RowHoist| !r.assigned.contains(&list) && !r.assigned.contains(&at);
        let on = self.file.program.passes.has(Pass::Rows);
        if !on || !plain || self.closures > 0 || !self.rows.last().is_some_and(fixed) {
            return None;
        }
        let known = |r: &super::RowHoist| {
            r.found.iter().find(|(l, i, _)| (*l, *i) == (list, at)).map(|f| f.2.clone())
        };
        let name = match self.rows.last().and_then(known) {
            Some(name) => name,
            None => {
                let name = self.fresh("row");
                self.rows.last_mut()?.found.push((list, at, name.clone()));
                name
            }
        };
        let (rows, at) = (self.var_ident(list), self.var_ident(at));
        let code = self.q(quote!(list::row_or(cx, #name, &#rows, #at)));
        Some(Val::new(code, ty))
    }

    pub(super) fn index(&mut self, base: &Expr, index: &Expr, to: &Type) -> TokenStream {
        let b = match self.hoisted_row(base) {
            Some(row) => row,
            None => self.opened_val(base),
        };
        let with_tuples = b.ty.members().iter().any(|m| matches!(m, Type::Tuple { .. }));
        if with_tuples && let Type::Union(_) = b.ty {
            let mut lets = Vec::new();
            let (b, mut i) = (self.bind(&b, &mut lets), self.val(index));
            let constant = if let ExprKind::Int(i) = index.kind { Some(i) } else { None };
            if constant.is_none() {
                i = self.bind(&i, &mut lets);
            }
            let code = self.match_union(&b, |f, v| match (&v.ty, constant) {
                (Type::None, _) => None,
                (Type::Tuple { .. }, Some(i)) => Some(f.tuple_item(&v, i, to)),
                _ => Some(f.getitem(&v, &i, to)),
            });
            return quote!({ #(#lets)* #code });
        }
        if let ExprKind::Int(i) = index.kind
            && with_tuples
        {
            return self.tuple_item(&b, i, to);
        }
        let i = self.val(index);
        self.getitem(&b, &i, to)
    }

    /// `t[1]` of a tuple of known length.
    pub(super) fn tuple_item(&mut self, tuple: &Val, i: i64, to: &Type) -> TokenStream {
        let Type::Tuple { items, .. } = &tuple.ty else { return self.bail("Unsupported") };
        let n = items.len() as i64;
        let at = if i < 0 { i + n } else { i };
        if !(0..n).contains(&at) {
            let code = tuple.by_ref();
            let out = self.q(quote!(exc(Exc::IndexError)));
            return quote!({ let _ = #code; #out });
        }
        let (code, lit) = (&tuple.code, Literal::usize_unsuffixed(at as usize));
        let item = Val {
            code: quote!(#code.#lit),
            ty: items[at as usize].clone(),
            // Members that stand behind a handle (`Held`) are copied.
            place: tuple.place || tuple.ty.is_held(),
            unsigned: false,
        };
        self.coerce(&item, to)
    }

    pub(super) fn getitem(&mut self, base: &Val, index: &Val, to: &Type) -> TokenStream {
        if let Type::Tuple { items, .. } = &base.ty {
            // A computed index into a tuple of known length.
            let mut lets = Vec::new();
            let b = self.bind(base, &mut lets);
            let i = self.coerce(index, &Type::Int);
            let n = Literal::usize_unsuffixed(items.len());
            let at = self.q(quote!(list::position(#i, #n)));
            let mut arms = Vec::new();
            for (k, t) in items.iter().enumerate() {
                let (code, k) = (&b.code, Literal::usize_unsuffixed(k));
                let item = self.coerce(&Val::place(quote!(#code.#k), t.clone()), to);
                arms.push(quote!(#k => #item,));
            }
            let other = self.q(quote!(exc(Exc::IndexError)));
            return quote!({ #(#lets)* match #at { #(#arms)* _ => #other } });
        }
        self.apply("getitem", &[base.clone(), index.clone()], to)
    }
}
