//! Displays that are returned, with containers in them that become Python's objects one by one.
//!
//! All values are evaluated before the first of them becomes an object: what is evaluated later may change it.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::{Expr, ExprKind};
use crate::ty::Type;

/// Does something marked stand in the display, or in one inside it?
pub(super) fn has_mark(e: &Expr) -> bool {
    values(e).into_iter().any(|value| matches!(value.kind, ExprKind::Out(_)) || has_mark(value))
}

fn values(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::List(items) => items.iter().collect(),
        ExprKind::Dict(items) => items.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

impl Func<'_, '_, '_> {
    pub(super) fn outgoing(&mut self, e: &Expr) -> Val {
        let mut lets = Vec::new();
        let val = self.display(e, &mut lets);
        let code = val.owned();
        Val::new(quote!({ #(#lets)* #code }), val.ty)
    }

    /// Evaluates what stands in a display; what makes the display of it.
    fn display(&mut self, e: &Expr, lets: &mut Vec<TokenStream>) -> Val {
        let ty = self.node(e.id);
        match (&e.kind, &ty) {
            (ExprKind::Out(value), _) => {
                let val = self.display(value, lets);
                Val::new(self.as_object(&val, &ty), ty)
            }
            (ExprKind::List(items), Type::List { elem, in_place }) if has_mark(e) => {
                let vals: Vec<Val> = items.iter().map(|item| self.display(item, lets)).collect();
                let items: Vec<TokenStream> = vals.iter().map(|val| self.coerce(val, elem)).collect();
                Val::new(self.list_of(elem, *in_place, &items), ty)
            }
            (ExprKind::Dict(items), Type::Dict { key, value, .. }) if has_mark(e) => {
                let (new, d) = (self.new_container(&ty), self.fresh("d"));
                let mut vals = Vec::new();
                for (k, v) in items {
                    let Some(k) = k else { return Val::new(self.bail("Unsupported"), ty) };
                    let (code, name) = (self.value_as(k, key), self.fresh("k"));
                    lets.push(quote!(let #name = #code;));
                    vals.push((name, self.display(v, lets)));
                }
                let mut sets = Vec::new();
                for (k, val) in &vals {
                    let v = self.coerce(val, value);
                    let set = self.q(quote!(dict::set(cx, &#d, #k, #v)));
                    sets.push(quote!(#set;));
                }
                Val::new(quote!({ let #d = #new; #(#sets)* #d }), ty)
            }
            _ => {
                let val = self.val(e);
                let (code, name) = (val.owned(), self.fresh("v"));
                lets.push(quote!(let #name = #code;));
                Val { code: quote!(#name), place: false, ..val }
            }
        }
    }

    /// The end of a segment of a generator. `finishes`: the open `finally` blocks run before it.
    pub(super) fn suspended(&mut self, point: usize, items: &[Expr], finishes: bool) -> TokenStream {
        let mut lets = Vec::new();
        let mut objects = Vec::new();
        let local = |e: &Expr| match e.kind {
            ExprKind::Local(var) => Some(var),
            _ => None,
        };
        for (i, item) in items.iter().enumerate() {
            // The same object for both.
            let first = items[..i].iter().position(|e| local(e).is_some() && local(e) == local(item));
            if let Some(first) = first {
                let first = proc_macro2::Literal::usize_unsuffixed(first);
                objects.push(self.q(quote!(__py_out.again(#first))));
                continue;
            }
            let val = self.val(item);
            if val.ty == Type::Never {
                return self.bail("Unsupported");
            }
            let (code, name) = (val.owned(), self.fresh("v"));
            lets.push(quote!(let #name = #code;));
            let keep = if self.is_rare { quote!(keep_rarely) } else { quote!(keep) };
            objects.push(self.q(quote!(__py_out.#keep(cx, #name))));
        }
        let point = proc_macro2::Literal::usize_unsuffixed(point);
        let (begin, end) = match self.is_rare {
            true => (quote!(begin_rarely), quote!(end_rarely)),
            false => (quote!(begin), quote!(end)),
        };
        let begin = self.q(quote!(Suspending::#begin()));
        let finals = if finishes { self.run_finals(0) } else { quote!() };
        // Turns tell whether a generator pays.
        self.uses_fuel |= !self.is_rare;
        self.says_turns |= !self.is_rare;
        let turned = (!self.is_rare).then(|| quote!(__py_out.turned(__py_fuel - fuel);));
        quote!({ #(#lets)* #finals let mut __py_out = #begin; #(#objects;)* #turned __py_out.#end(#point) })
    }

    /// What is marked, as the object that it becomes if it is a container.
    pub(super) fn as_object(&mut self, val: &Val, ty: &Type) -> TokenStream {
        match (ty, &val.ty) {
            (Type::Obj, from) if *from != Type::Obj => {
                let code = val.owned();
                self.q(quote!(Obj::of(cx, #code)))
            }
            _ => self.coerce(val, ty),
        }
    }
}
