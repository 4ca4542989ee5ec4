//! Copies that go straight out to Python, made by the interpreter's own C functions.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::call::class_name;
use super::iter::block_of;
use super::types::{Val, rust_type};
use crate::hir::{Comp, Expr};
use crate::infer::Copied;
use crate::passes::Pass;
use crate::ty::{DictKind, Type};

impl Func<'_, '_, '_> {
    pub(super) fn copy(&mut self, copy: &Copied<'_>) -> TokenStream {
        match copy {
            Copied::Of(function, source) => {
                let (function, source) = (format_ident!("{function}"), self.val(source).by_ref());
                self.q(quote!(copied::#function(cx, #source)))
            }
            Copied::Slice { base, lower, upper, step } => {
                let (base, list) = (self.val(base).owned(), self.fresh("list"));
                let [lower, upper, step] = [lower, upper, step].map(|e| self.bound(*e));
                let slice = self.q(quote!(copied::slice(cx, &#list, #lower, #upper, #step)));
                quote!({ let #list = #base; #slice })
            }
            Copied::Repeat(left, times) => {
                let (a, n) = (self.fresh("a"), self.fresh("n"));
                let (left, times) = (self.val(left).owned(), self.val(times).owned());
                let made = self.q(quote!(copied::repeat(cx, &#a, #n)));
                quote!({ let #a = #left; let #n = #times; #made })
            }
            Copied::Both(function, left, right) => {
                let function = format_ident!("{function}");
                let (a, b) = (self.fresh("a"), self.fresh("b"));
                let (left, right) = (self.val(left).owned(), self.val(right).owned());
                let made = self.q(quote!(copied::#function(cx, &#a, &#b)));
                quote!({ let #a = #left; let #b = #right; #made })
            }
            Copied::Sorted { source, keys, reverse } => {
                let function = if *keys { quote!(sorted_keys) } else { quote!(sorted) };
                let source = self.val(source).by_ref();
                self.q(quote!(copied::#function(cx, #source, #reverse)))
            }
            Copied::Merged(items) => self.merged(items),
            Copied::Entries(comp) => self.entries(comp),
        }
    }

    pub(super) fn bound(&mut self, e: Option<&Expr>) -> TokenStream {
        match e {
            None => quote!(None),
            Some(e) => {
                let code = self.val(e).owned();
                quote!(Some(#code))
            }
        }
    }

    /// A dict of Python's, entry by entry.
    fn entries(&mut self, comp: &Comp) -> TokenStream {
        let out = self.fresh("out");
        let code = self.enter_all(&out, comp, &mut |f, e, _| f.val(e).owned());
        quote!({ #code #out.finish() })
    }

    /// The entries of a comprehension go into a new dict of that name. `value` gives the code of a key (true) or a value.
    fn enter_all(
        &mut self,
        out: &Ident,
        comp: &Comp,
        value: &mut dyn FnMut(&mut Self, &Expr, bool) -> TokenStream,
    ) -> TokenStream {
        let (breaks, new) = (self.label("b"), self.q(quote!(copied::merged(cx))));
        let mut put = |f: &mut Self| {
            let key = value(f, &comp.element, true);
            let value = comp.value.as_ref().map(|e| value(f, e, false));
            let put = f.q(quote!(#out.put(cx, #key, #value)));
            quote!(#put;)
        };
        let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut put));
        quote!(let #out = #new; #code)
    }

    /// May the entries of a comprehension go into a dict of Python's by CPython's own function?
    pub(super) fn enters_at_once(&self, ty: &Type) -> bool {
        let Type::Dict { key, in_place: true, kind: DictKind::Plain, .. } = ty else { return false };
        self.file.program.passes.has(Pass::Records) && matches!(**key, Type::Str | Type::Int)
    }

    /// A dict of Python's that native code goes on with, entry by entry.
    pub(super) fn live_entries(&mut self, comp: &Comp, types: (&Type, &Type)) -> TokenStream {
        let out = self.fresh("out");
        let code = self.enter_all(&out, comp, &mut |f, e, is_key| {
            let ty = if is_key { types.0 } else { types.1 };
            let code = f.value_as(e, ty);
            // One member does not tell what the others are.
            let told = matches!(ty, Type::Union(_)).then(|| rust_type(ty));
            match told {
                Some(ty) => quote!({ let __py_value: #ty = #code; __py_value }),
                None => code,
            }
        });
        let (key, value) = (rust_type(types.0), rust_type(types.1));
        let dict = self.q(quote!(#out.dict::<#key, #value>(cx)));
        quote!({ #code #dict })
    }

    fn merged(&mut self, items: &[(Option<&Expr>, &Expr)]) -> TokenStream {
        let out = self.fresh("out");
        let code = self.merge(&out, items);
        quote!({ #code #out.finish() })
    }

    /// Dicts of Python's and entries go into a new one of that name.
    fn merge(&mut self, out: &Ident, items: &[(Option<&Expr>, &Expr)]) -> TokenStream {
        let new = self.q(quote!(copied::merged(cx)));
        let mut code = Vec::new();
        for (key, value) in items {
            let put = match key {
                Some(key) => {
                    let (key, value) = (self.val(key).owned(), self.val(value).owned());
                    self.q(quote!(#out.put(cx, #key, #value)))
                }
                None => {
                    let value = self.val(value).by_ref();
                    self.q(quote!(#out.spread(cx, #value)))
                }
            };
            code.push(quote!(#put;));
        }
        quote!(let #out = #new; #(#code)*)
    }

    /// `{**d, "k": v}` that is a dict of Python's, of which native code knows the types.
    pub(super) fn live_merged(&mut self, items: &[(Option<Expr>, Expr)], ty: &Type) -> Option<TokenStream> {
        let Type::Dict { key, value, in_place: true, kind: DictKind::Plain } = ty else { return None };
        let stars = || items.iter().filter(|(key, _)| key.is_none());
        let is_live =
            |e: &Expr| matches!(self.node(e.id), Type::Dict { in_place: true, kind: DictKind::Plain, .. });
        if stars().next().is_none() || !stars().all(|(_, value)| is_live(value)) {
            return None;
        }
        let (key, value, out) = (rust_type(key), rust_type(value), self.fresh("out"));
        let items: Vec<_> = items.iter().map(|(key, value)| (key.as_ref(), value)).collect();
        let code = self.merge(&out, &items);
        let dict = self.q(quote!(#out.dict::<#key, #value>(cx)));
        Some(quote!({ #code #dict }))
    }

    /// `x.copy()`
    pub(super) fn copy_of(&mut self, b: &Val, to: &Type) -> TokenStream {
        self.match_union(b, |f, v| match &v.ty {
            Type::Set { frozen: true, .. } => Some(f.coerce(&v, to)),
            ty => {
                if let Some(copy) = f.live_copy(&v, to) {
                    return Some(copy);
                }
                let ret = f.row(&format!("{}.copy", class_name(ty)?), std::slice::from_ref(&v))?;
                Some(f.coerce(&ret, to))
            }
        })
    }

    /// `d | e` in the same way.
    pub(super) fn live_union(&mut self, left: &Val, right: &Val, to: &Type) -> Option<TokenStream> {
        let (other, out) = (self.fresh("other"), self.fresh("out"));
        // The operands come first.
        let mut lets = Vec::new();
        let left = self.bind(left, &mut lets);
        let copy = self.live_copy(&left, to)?;
        let right = right.by_ref();
        let update = self.q(quote!(dict::update(cx, &#out, #other)));
        Some(quote!({ #(#lets)* let #other = #right; let #out = #copy; #update; #out }))
    }

    /// `dict(d)` and `d.copy()` in the same way.
    pub(super) fn live_copy(&mut self, source: &Val, to: &Type) -> Option<TokenStream> {
        let live = |ty: &&Type| matches!(ty, Type::Dict { in_place: true, kind: DictKind::Plain, .. });
        let made = to.members().iter().find(live).filter(|_| live(&&source.ty))?.clone();
        let Type::Dict { key, value, .. } = &made else { return None };
        let (key, value, out) = (rust_type(key), rust_type(value), self.fresh("out"));
        let (source, new) = (source.by_ref(), self.q(quote!(copied::merged(cx))));
        let spread = self.q(quote!(#out.spread(cx, #source)));
        let dict = self.q(quote!(#out.dict::<#key, #value>(cx)));
        let copy = Val::new(quote!({ let #out = #new; #spread; #dict }), made);
        Some(self.coerce(&copy, to))
    }
}
