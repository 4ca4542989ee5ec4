//! `#[hotspot]`: function in, function and its entry out.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, LitStr, Pat, Result, ReturnType, Type};

use crate::signature;

#[derive(Default)]
struct Attribute {
    function: Option<LitStr>,
    signature: Option<LitStr>,
}

impl Attribute {
    fn parse(&mut self, meta: ParseNestedMeta<'_>) -> Result<()> {
        let slot = if meta.path.is_ident("function") {
            &mut self.function
        } else if meta.path.is_ident("signature") {
            &mut self.signature
        } else {
            return Err(meta.error("expected `function = \"module:qualname\"` or `signature = \"(…) -> …\"`"));
        };
        if slot.replace(meta.value()?.parse()?).is_some() {
            return Err(meta.error("given twice"));
        }
        Ok(())
    }
}

pub(crate) fn hotspot(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut args = Attribute::default();
    syn::meta::parser(|meta| args.parse(meta)).parse2(attribute.clone())?;
    let item: ItemFn = syn::parse2(item)?;
    let Some(function) = &args.function else {
        return Err(Error::new(attribute.span(), "`function = \"module:qualname\"` is missing"));
    };
    let Some(sig) = &args.signature else {
        return Err(Error::new(attribute.span(), "`signature = \"(…) -> …\"` is missing"));
    };
    check_function_name(function)?;
    let types = parameter_types(&item)?;
    let count = signature::parameters(&sig.value())
        .map_err(|why| Error::new(sig.span(), format!("not a signature: {why}")))?;
    if count != types.len() {
        let message = format!(
            "the signature has {count} parameter(s), the function takes {} besides `cx`",
            types.len()
        );
        return Err(Error::new(sig.span(), message));
    }
    Ok(entry(&item, &types))
}

fn check_function_name(function: &LitStr) -> Result<()> {
    let text = function.value();
    let valid = |path: &str| !path.is_empty() && path.split('.').all(|part| !part.is_empty());
    match text.split_once(':') {
        Some((module, qualname)) if valid(module) && valid(qualname) && !qualname.contains(':') => Ok(()),
        _ => Err(Error::new(
            function.span(),
            "expected `module:qualname`, as in `textkit.distance:levenshtein`",
        )),
    }
}

/// The parameter types after `cx`; everything that an entry cannot call is refused here, at its place.
fn parameter_types(item: &ItemFn) -> Result<Vec<&Type>> {
    let sig = &item.sig;
    if !sig.generics.params.is_empty() {
        return Err(Error::new(
            sig.generics.span(),
            "a hotspot cannot be generic: write one function per signature",
        ));
    }
    if let Some(token) = &sig.asyncness {
        return Err(Error::new(token.span(), "a hotspot cannot be async"));
    }
    if let Some(token) = &sig.unsafety {
        return Err(Error::new(
            token.span(),
            "a hotspot is a safe function: `unsafe` belongs to the runtime",
        ));
    }
    if matches!(sig.output, ReturnType::Default) {
        return Err(Error::new(sig.ident.span(), "a hotspot returns `R<T>`"));
    }
    let mut types = Vec::new();
    for (index, input) in sig.inputs.iter().enumerate() {
        let FnArg::Typed(typed) = input else {
            return Err(Error::new(
                input.span(),
                "a hotspot is a free function: `self` is an ordinary parameter",
            ));
        };
        if !matches!(*typed.pat, Pat::Ident(_) | Pat::Wild(_)) {
            return Err(Error::new(typed.pat.span(), "a parameter of a hotspot is a plain name"));
        }
        if index > 0 {
            types.push(&*typed.ty);
        }
    }
    if sig.inputs.is_empty() {
        return Err(Error::new(sig.ident.span(), "the first parameter of a hotspot is `cx: Cx`"));
    }
    Ok(types)
}

fn entry(item: &ItemFn, types: &[&Type]) -> TokenStream {
    let name = &item.sig.ident;
    let arity = types.len();
    let index: Vec<usize> = (0..arity).collect();
    let value: Vec<_> = index.iter().map(|i| format_ident!("a{i}")).collect();
    let matches = if types.is_empty() {
        quote! { true }
    } else {
        quote! { unsafe { #( <#types as ::pyrust_runtime::prelude::FromPy>::matches(args.get(#index)) )&&* } }
    };
    quote! {
        #item

        #[doc(hidden)]
        #[allow(clippy::all, unused_imports, unreachable_pub, non_snake_case)]
        pub mod #name {
            use super::*;

            /// What Python calls: see `pyrust_runtime::activate`.
            pub const ENTRY: ::pyrust_runtime::activate::Entry =
                ::pyrust_runtime::activate::Entry { arity: #arity, matches, run };

            /// # Safety
            /// `args` holds at least `arity` borrowed objects, and the GIL is held.
            #[inline]
            unsafe fn matches(args: &::pyrust_runtime::activate::CallArgs) -> bool {
                // SAFETY: the caller vouches for `arity` arguments.
                #matches
            }

            /// # Safety
            /// As `matches`, with the transaction of `cx` open.
            unsafe fn run(
                cx: ::pyrust_runtime::prelude::Cx,
                args: &::pyrust_runtime::activate::CallArgs,
            ) -> ::pyrust_runtime::prelude::R<*mut ::pyrust_runtime::ffi::PyObject> {
                // Before anything is done: another specialisation may fit. The tests for scalars merge with the reads.
                // SAFETY: the caller vouches for `arity` arguments.
                if !unsafe { matches(args) } {
                    return ::pyrust_runtime::prelude::bail(::pyrust_runtime::prelude::Bail::Type);
                }
                #(
                    // SAFETY: the caller vouches for `arity` arguments.
                    let #value = unsafe { <#types as ::pyrust_runtime::prelude::FromPy>::from_py(cx, args.get(#index)) }?;
                )*
                let result = super::#name(cx, #(#value),*)?;
                // SAFETY: `args` are those of this transaction.
                unsafe { ::pyrust_runtime::activate::box_result(cx, args, result) }
            }
        }
    }
}
