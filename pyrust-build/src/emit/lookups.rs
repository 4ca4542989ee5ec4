//! Methods of dicts that look a key up and have an answer where there is none.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::{Expr, ExprKind, Target, TargetKind};
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `d.get(k, default)` and `d.pop(k, default)`, where the default may have another type than the values.
    pub(super) fn dict_get(
        &mut self,
        base: &Val,
        pop: bool,
        key: &Expr,
        default: &Expr,
        to: &Type,
    ) -> TokenStream {
        let (k, d) = (self.val(key), self.val(default));
        self.dispatch(&[base.clone(), k], &mut |f, vals| {
            let Type::Dict { value, .. } = &vals[0].ty else { return None };
            let value = (**value).clone();
            if d.ty.fits_into(&value) && value != Type::Never {
                let name = if pop { "dict.pop" } else { "dict.get" };
                let args = [vals[0].clone(), vals[1].clone(), Val::new(f.coerce(&d, &value), value)];
                let ret = f.row(name, &args)?;
                return Some(f.coerce(&ret, to));
            }
            // The default is evaluated before the look-up.
            let mut lets = Vec::new();
            let vals: Vec<Val> = vals.iter().map(|v| f.bind(v, &mut lets)).collect();
            let d = f.bind(&d, &mut lets);
            if pop {
                let (dict, key) = (vals[0].by_ref(), f.key_of(&vals[0], &vals[1])?);
                let (has, take) =
                    (f.q(quote!(dict::contains(cx, #dict, &#key))), f.q(quote!(dict::pop(cx, #dict, &#key))));
                let hit = f.coerce(&Val::new(take, value), to);
                let miss = f.coerce(&d, to);
                return Some(quote!({ #(#lets)* if #has { #hit } else { #miss } }));
            }
            let found = f.row_optional(&vals[0], &vals[1])?;
            let x = f.fresh("v");
            let hit = f.coerce(&Val::new(quote!(#x), value), to);
            let miss = f.coerce(&d, to);
            Some(quote!({ #(#lets)* match #found { Some(#x) => #hit, None => #miss } }))
        })
    }

    /// `d[k] = d.get(k, c) op x` with one look-up, where nothing but the operation can happen in between.
    pub(super) fn upsert(&mut self, target: &Target, value: &Expr) -> Option<TokenStream> {
        let TargetKind::Index { base, index } = &target.kind else { return None };
        let ExprKind::Binary { op, left, right } = &value.kind else { return None };
        let ExprKind::Method { base: from, name, args, keywords } = &left.kind else { return None };
        let [key, default] = args.as_slice() else { return None };
        let constant = |e: &Expr| matches!(e.kind, ExprKind::Int(_) | ExprKind::Float(_));
        let local = |e: &Expr| matches!(e.kind, ExprKind::Local(_)) && self.is_same_place(e, e);
        if name != "get"
            || !keywords.is_empty()
            || !self.is_same_place(base, from)
            || !self.is_same_place(index, key)
            || !constant(default)
            || !(constant(right) || local(right))
        {
            return None;
        }
        let Type::Dict { key: key_ty, value: value_ty, .. } = self.node(base.id) else { return None };
        if self.node(default.id) != *value_ty
            || self.node(value.id) != *value_ty
            || self.node(index.id) != *key_ty
        {
            return None;
        }
        let last = self.stores_last.is_some() && matches!(base.kind, ExprKind::Local(_));
        let (dict, key) = (self.val(base).by_ref(), self.val(index).by_ref());
        let default = self.value_as(default, &value_ty);
        let old = self.fresh("old");
        let new = self.in_closure(|f| {
            let right = f.val(right);
            f.binary(*op, &Val::new(quote!(#old), (*value_ty).clone()), &right, &value_ty)
        });
        let f = if last { quote!(upsert_last) } else { quote!(upsert) };
        let code = self.q(quote!(dict::#f(cx, #dict, #key, #default, |#old| Ok(#new))));
        Some(quote!(#code;))
    }

    /// Are both the same variable, number or text, or what stands under such in the same list or dict? Then reading it twice
    /// does nothing but give the same twice.
    fn is_same_place(&self, a: &Expr, b: &Expr) -> bool {
        match (&a.kind, &b.kind) {
            (ExprKind::Local(v), ExprKind::Local(w)) => {
                v == w && !self.hir.vars[*v].maybe_unbound && !self.hir.vars[*v].cell
            }
            (ExprKind::Int(x), ExprKind::Int(y)) => x == y,
            (ExprKind::Str(x), ExprKind::Str(y)) => x == y,
            (ExprKind::Index { base: a, index: i }, ExprKind::Index { base: b, index: j }) => {
                let plain = |t: &Type| matches!(t, Type::Int | Type::Str | Type::Char);
                let builtin = match self.node(a.id) {
                    Type::List { .. } | Type::View(_) => true,
                    Type::Dict { key, .. } => plain(&key),
                    _ => false,
                };
                builtin && plain(&self.node(i.id)) && self.is_same_place(a, b) && self.is_same_place(i, j)
            }
            _ => false,
        }
    }

    /// `d.setdefault(k, [])`, and what else does nothing when it is made: the default is made where it is needed, for nobody can tell.
    pub(super) fn set_default(
        &mut self,
        dict: &Val,
        key: &Expr,
        default: &Expr,
        to: &Type,
    ) -> Option<TokenStream> {
        let Type::Dict { key: key_ty, value, .. } = &dict.ty else { return None };
        let fits = self.node(default.id) == **value && self.node(key.id) == **key_ty;
        if !self.is_inert(default) || !fits || !self.file.program.passes.has(crate::passes::Pass::Fields) {
            return None;
        }
        let (d, value) = (dict.by_ref(), (**value).clone());
        let key = self.val(key).by_ref();
        let default = self.in_closure(|f| f.value_as(default, &value));
        let code = self.q(quote!(dict::setdefault_with(cx, #d, #key, || Ok(#default))));
        Some(self.coerce(&Val::new(code, value), to))
    }

    /// Does making it look at nothing and do nothing?
    fn is_inert(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => {
                true
            }
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().all(|item| self.is_inert(item)),
            ExprKind::Dict(items) => items
                .iter()
                .all(|(key, value)| key.as_ref().is_some_and(|k| self.is_inert(k)) && self.is_inert(value)),
            ExprKind::Call { name, args, keywords } => {
                args.is_empty()
                    && keywords.is_empty()
                    && matches!(name.as_str(), "set" | "list" | "dict")
                    && self.is_builtin_call(e, name)
            }
            _ => false,
        }
    }

    /// A key in the representation of the dict's keys.
    fn key_of(&mut self, dict: &Val, key: &Val) -> Option<TokenStream> {
        let Type::Dict { key: k, .. } = &dict.ty else { return None };
        let fits = key.ty.fits_into(k) || crate::ops::equal_key(&key.ty, k);
        fits.then(|| self.coerce(key, k))
    }

    /// `dict::get`: `Option` of the value.
    fn row_optional(&mut self, dict: &Val, key: &Val) -> Option<TokenStream> {
        let d = dict.by_ref();
        if let Some(name) = self.field(&dict.ty, key) {
            return Some(self.q(quote!(dict::field_get(cx, #d, &#name))));
        }
        if let Type::Dict { key: stored, .. } = &dict.ty
            && crate::ops::never_equal(&key.ty, stored)
        {
            let k = key.by_ref();
            return Some(self.q(quote!(dict::get_other(cx, #d, #k))));
        }
        let k = self.key_of(dict, key)?;
        Some(self.q(quote!(dict::get(cx, #d, &#k))))
    }
}

/// Can evaluating it not raise anything?
pub(super) fn stays_still(e: &Expr) -> bool {
    matches!(
        e.kind,
        ExprKind::Local(_)
            | ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
    )
}
