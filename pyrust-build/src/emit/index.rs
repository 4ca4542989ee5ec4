//! Subscripts.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::expr::field;
use super::types::{Val, rust_type};
use crate::hir::{Expr, ExprKind};
use crate::infer::ranges::Interval;
use crate::passes::Pass;
use crate::resolve::Binding;
use crate::ty::{Origin, Type};

impl Func<'_, '_, '_> {
    /// Equality as containers use it: the same NaN is equal to itself, so a NaN bails.
    pub(super) fn element_eq(&mut self, a: &Val, b: &Val) -> TokenStream {
        self.dispatch(&[a.clone(), b.clone()], &mut |f, vals| {
            if let Some(equal) = f.asked_for_equality(&vals[0], &vals[1]) {
                return Some(equal);
            }
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

    pub(super) fn index(&mut self, base: &Expr, index: &Expr, to: &Type) -> TokenStream {
        if let Some(val) = self.window_get(base, index) {
            return self.coerce(&val, to);
        }
        if let Some(val) = self.narrow_char(base, index) {
            return self.coerce(&val, to);
        }
        if let Some(place) = self.span_place(base, index) {
            let val = self.span_get(&place);
            return self.coerce(&val, to);
        }
        if let Some(code) = self.char_item(base, index, to) {
            return code;
        }
        let b = match self.global_view(base) {
            Some(view) => view,
            None => self.row_or_val(base, &[index]),
        };
        let with_tuples = b.ty.members().iter().any(|m| matches!(m, Type::Tuple { .. }));
        if with_tuples && let Type::Union(_) = b.ty {
            let mut lets = Vec::new();
            let b = self.bind(&b, &mut lets);
            let mut i = self.position(&b, index);
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
        let i = self.position(&b, index);
        self.getitem(&b, &i, to)
    }

    /// What stands between the brackets: of a sequence the number that it is.
    fn position(&mut self, base: &Val, index: &Expr) -> Val {
        let sequence = |t: &Type| {
            matches!(t, Type::List { .. } | Type::View(_) | Type::Deque { .. } | Type::Tuple { .. })
                || matches!(t, Type::VarTuple(_) | Type::Str | Type::Char | Type::Bytes)
                || matches!(t, Type::ByteArray | Type::Packed(_) | Type::Range)
        };
        match base.ty.members().iter().all(sequence) {
            true => self.opened_val(index),
            false => self.val(index),
        }
    }

    /// A table of numbers of the module that a loop reads: as a view, which is converted once that pays. Nothing writes
    /// to lists of Python's while this function runs, and it is only entered from Python: each call makes a view.
    fn global_view(&mut self, base: &Expr) -> Option<Val> {
        let ExprKind::Global(name) = &base.kind else { return None };
        let Type::List { elem, in_place: true } = self.node(base.id) else { return None };
        let program = self.file.program;
        let passes = program.passes.has(Pass::Views) && program.passes.has(Pass::Globals);
        let plain = self.hir.yields.is_none() && self.fused.is_none() && self.closures == 0;
        let numbers = matches!(*elem, Type::Int | Type::Float | Type::Bool);
        if !passes || !plain || !numbers || self.instance.writes || self.loops.is_empty() {
            return None;
        }
        let (module, name) = match program.binding(&self.instance.func.module, name) {
            Some((_, Binding::Value(_))) => (self.instance.func.module.clone(), name.clone()),
            _ => return None,
        };
        if program.is_assigned(&module, &name) || self.file.is_called(self.index) {
            return None;
        }
        Some(self.global(&name, Type::View(elem)))
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
        if tuple.ty.is_lazy() {
            let ty = items[at as usize].clone();
            let rust = rust_type(&ty);
            let item = self.q(quote!(#code.item::<#rust>(cx, #lit)));
            return self.coerce(&Val::new(item, ty), to);
        }
        let item = Val {
            code: quote!(#code.#lit),
            ty: items[at as usize].clone(),
            // Members that stand behind a handle (`Held`) are copied.
            place: tuple.place || tuple.ty.is_held(),
            range: Interval::ANY,
            spent: false,
        };
        self.coerce(&item, to)
    }

    /// A tuple of which the members are read one by one, as a value of all of them.
    pub(super) fn read_whole(&mut self, val: &Val) -> Val {
        match &val.ty {
            Type::Tuple { items, .. } if val.ty.is_lazy() => {
                let (code, ty) = (&val.code, Type::Tuple { items: items.clone(), origin: Origin::Native });
                Val::new(self.q(quote!(#code.all(cx))), ty)
            }
            _ => val.clone(),
        }
    }

    /// A slice of a tuple of known length, of which only the bounds tell how long it is.
    pub(super) fn computed_slice(
        &mut self,
        tuple: &Val,
        elem: &Type,
        bounds: [&Option<Box<Expr>>; 3],
    ) -> TokenStream {
        let to = Type::VarTuple(Box::new(elem.clone()));
        let plain = bounds.iter().all(|e| e.as_ref().is_none_or(|e| self.node(e.id) == Type::Int));
        let Type::Tuple { items, .. } = &tuple.ty else { return self.bail("Unsupported") };
        if tuple.ty.is_held() || !plain {
            let any = self.any_length(tuple);
            let [lower, upper, step] = bounds.map(|e| self.opt(e));
            return self.apply("getslice", &[any, lower, upper, step], &to);
        }
        let mut lets = Vec::new();
        let bound = self.bind(tuple, &mut lets);
        let parts: Vec<TokenStream> = items
            .iter()
            .enumerate()
            .map(|(i, item)| self.coerce(&Val::place(field(&bound.code, i), item.clone()), elem))
            .collect();
        let (n, rust) = (Literal::usize_unsuffixed(items.len()), rust_type(elem));
        let [lower, upper, step] = bounds.map(|e| self.bound(e.as_deref()));
        let made = self.q(quote!(tuple::sliced::<#rust, #n>(cx, [#(#parts),*], (#lower, #upper, #step))));
        quote!({ #(#lets)* #made })
    }

    pub(super) fn getitem(&mut self, base: &Val, index: &Val, to: &Type) -> TokenStream {
        let base = &self.read_whole(base);
        if let Type::Tuple { items, .. } = &base.ty {
            // A computed index into a tuple of known length.
            let mut lets = Vec::new();
            let b = self.bind(base, &mut lets);
            let i = self.coerce(index, &Type::Int);
            let n = Literal::usize_unsuffixed(items.len());
            let at = self.q(quote!(tuple::position(#i, #n)));
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
