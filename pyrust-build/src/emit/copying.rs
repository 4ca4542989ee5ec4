//! Copies that go straight out to Python, made by the interpreter's own C functions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Func;
use super::iter::block_of;
use crate::hir::{Comp, Expr};
use crate::infer::Copied;

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
            Copied::Concat(left, right) => {
                let (a, b) = (self.fresh("a"), self.fresh("b"));
                let (left, right) = (self.val(left).owned(), self.val(right).owned());
                let made = self.q(quote!(copied::concat(cx, &#a, &#b)));
                quote!({ let #a = #left; let #b = #right; #made })
            }
            Copied::Repeat(left, times) => {
                let (a, n) = (self.fresh("a"), self.fresh("n"));
                let (left, times) = (self.val(left).owned(), self.val(times).owned());
                let made = self.q(quote!(copied::repeat(cx, &#a, #n)));
                quote!({ let #a = #left; let #n = #times; #made })
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

    fn bound(&mut self, e: Option<&Expr>) -> TokenStream {
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
        let (out, breaks, new) = (self.fresh("out"), self.label("b"), self.q(quote!(copied::merged(cx))));
        let made = out.clone();
        let mut put = move |f: &mut Self| {
            let key = f.val(&comp.element).owned();
            let value = comp.value.as_ref().map(|e| f.val(e).owned());
            let put = f.q(quote!(#made.put(cx, #key, #value)));
            quote!(#put;)
        };
        let code = block_of(&breaks, self.generator(comp, 0, &breaks, &mut put));
        quote!({ let #out = #new; #code #out.finish() })
    }

    fn merged(&mut self, items: &[(Option<&Expr>, &Expr)]) -> TokenStream {
        let (out, new) = (self.fresh("out"), self.q(quote!(copied::merged(cx))));
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
        quote!({ let #out = #new; #(#code)* #out.finish() })
    }
}
