//! `x in …`.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::{Expr, ExprKind};
use crate::infer::among_few;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// The test of `left in right`.
    pub(super) fn contains(&mut self, left: &Expr, right: &Expr) -> TokenStream {
        if let ExprKind::Global(name) = &right.kind
            && let Some(class) = self.file.program.enumeration_named(&self.instance.func.module, name)
        {
            return self.is_member(name, &class, left);
        }
        // `c in "+-"` of one character: which one is told at once.
        if let (ExprKind::Str(text), Type::Char) = (&right.kind, self.node(left.id))
            && (1..=64).contains(&text.len())
            && text.is_ascii()
        {
            let (c, left) = (self.fresh("c"), self.value_as(left, &Type::Char));
            let codes = text.bytes().collect::<BTreeSet<_>>().into_iter();
            let codes = codes.map(|b| Literal::u32_unsuffixed(b.into()));
            return quote!({ let #c = #left; matches!(#c.0, #(#codes)|*) });
        }
        // `x in (a, b)`: one comparison after the other, as CPython does.
        let few = match &right.kind {
            ExprKind::Tuple(items) if matches!(self.node(right.id), Type::Tuple { .. }) => {
                Some(items.iter().collect())
            }
            _ => among_few(right),
        };
        if let Some(items) = few {
            let mut lets = Vec::new();
            let l = self.val(left);
            let l = self.bind(&l, &mut lets);
            let vals: Vec<Val> = items.iter().map(|i| self.val(i)).collect();
            let simple = items.iter().all(|i| {
                matches!(
                    i.kind,
                    ExprKind::Int(_)
                        | ExprKind::Str(_)
                        | ExprKind::Local(_)
                        | ExprKind::None
                        | ExprKind::Bool(_)
                )
            });
            let vals: Vec<Val> =
                if simple { vals } else { vals.iter().map(|v| self.bind(v, &mut lets)).collect() };
            let tests: Vec<_> = vals.iter().map(|v| self.element_eq(&l, v)).collect();
            let any = if tests.is_empty() { quote!(false) } else { quote!((#(#tests)||*)) };
            return if lets.is_empty() { any } else { quote!({ #(#lets)* #any }) };
        }
        if let Some(code) = self.char_in(left, right) {
            return code;
        }
        let (l, r) = (self.val(left), self.opened_val(right));
        if let Type::Tuple { items, .. } = &r.ty {
            let mut lets = Vec::new();
            let (l, r) = (self.bind(&l, &mut lets), self.bind(&r, &mut lets));
            let mut tests = Vec::new();
            for (i, t) in items.iter().enumerate() {
                let (code, i) = (&r.code, Literal::usize_unsuffixed(i));
                let item = Val::place(quote!(#code.#i), t.clone());
                tests.push(self.element_eq(&l, &item));
            }
            let any = if tests.is_empty() { quote!(false) } else { quote!((#(#tests)||*)) };
            return quote!({ #(#lets)* #any });
        }
        self.apply("in", &[l, r], &Type::Bool)
    }
}
