//! `#[hotspot]`: function in, function and its entry out.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Ident, LitStr, Result, Token, parenthesized};

use crate::item::{Function, is_named};
use crate::signature;

#[derive(Default)]
struct Attribute {
    function: Option<LitStr>,
    signature: Option<LitStr>,
    in_place: Option<Ident>,
    eager: bool,
    /// No list of Python's is written to.
    reads: bool,
    /// It runs rarely, so it is to be compiled fast.
    rare: bool,
    /// It computes scalars of scalars, and the transaction holds nothing of it.
    plain: bool,
    /// What it returns has been made by it.
    anew: bool,
    /// Of a body written by hand: for which source. The compiler reads it.
    source: Option<LitStr>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Attribute> {
        let mut args = Attribute::default();
        while !input.is_empty() {
            args.one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

impl Attribute {
    fn one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = Ident::parse_any(input)?;
        let slot = match name.to_string().as_str() {
            "in_place" => {
                self.in_place = Some(value(input)?);
                return Ok(());
            }
            "eager" => {
                self.eager = true;
                return Ok(());
            }
            "reads" => {
                self.reads = true;
                return Ok(());
            }
            "rare" => {
                self.rare = true;
                return Ok(());
            }
            "plain" => {
                self.plain = true;
                return Ok(());
            }
            "anew" => {
                self.anew = true;
                return Ok(());
            }
            // What the compiler reads where a body is written by hand: the names of statics of its file.
            "namespaces" => {
                let names;
                parenthesized!(names in input);
                return names.parse_terminated(Ident::parse, Token![,]).map(drop);
            }
            "source" => &mut self.source,
            "function" => &mut self.function,
            "signature" => &mut self.signature,
            _ => {
                let message = "expected `function = \"module:qualname\"` or `signature = \"(…) -> …\"`";
                return Err(Error::new(name.span(), message));
            }
        };
        if slot.replace(value(input)?).is_some() {
            return Err(Error::new(name.span(), "given twice"));
        }
        Ok(())
    }
}

/// `= …`
fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// Where the function is put.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// Where it is written: its body may say `self::` and `super::`.
    Beside,
    /// In the module of its entry, so that both are compiled as one, behind what that says first. See `movable`.
    Inside(&'a TokenStream),
}

pub(crate) fn hotspot(attribute: TokenStream, item: TokenStream, place: Place<'_>) -> Result<TokenStream> {
    let args: Attribute = syn::parse2(attribute.clone())?;
    let item: Function = syn::parse2(item)?;
    let Some(function) = &args.function else {
        return Err(Error::new(attribute.span(), "`function = \"module:qualname\"` is missing"));
    };
    let Some(sig) = &args.signature else {
        return Err(Error::new(attribute.span(), "`signature = \"(…) -> …\"` is missing"));
    };
    check_function_name(function)?;
    if let Some(source) = &args.source
        && !source.value().starts_with("sha256:")
    {
        return Err(Error::new(source.span(), "expected `sha256:…`, as `pyrust brief` prints it"));
    }
    let count = signature::parameters(&sig.value())
        .map_err(|why| Error::new(sig.span(), format!("not a signature: {why}")))?;
    if count != item.types.len() {
        let message = format!(
            "the signature has {count} parameter(s), the function takes {} besides `cx`",
            item.types.len()
        );
        return Err(Error::new(sig.span(), message));
    }
    Ok(entry(&item, &args, place))
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

fn entry(item: &Function, attribute: &Attribute, place: Place<'_>) -> TokenStream {
    let Function { name, types, .. } = item;
    let arity = types.len();
    let index: Vec<usize> = (0..arity).collect();
    let value: Vec<_> = index.iter().map(|i| format_ident!("a{i}")).collect();
    let matches = if types.is_empty() {
        quote! { true }
    } else if attribute.rare {
        quote! { unsafe { #( ::pyrust_runtime::activate::matches_rarely::<#types>(args, #index) )&&* } }
    } else {
        quote! { unsafe { #( <#types as ::pyrust_runtime::prelude::FromPy>::matches(args.get(#index)) )&&* } }
    };
    let anew = attribute.anew.then(|| quote!(.map(::pyrust_runtime::prelude::Anew)));
    // The same function for lists in place: which of the two runs is found out.
    let choose = attribute.in_place.as_ref().map(|in_place| {
        let eager = attribute.eager;
        let reads = attribute.reads.then(|| quote!(::pyrust_runtime::list::Choice::only_reads(cx);));
        quote! {
            static CHOICE: ::pyrust_runtime::list::Choice = ::pyrust_runtime::list::Choice::new(#eager);
            // SAFETY: the caller vouches for `arity` arguments.
            let weight = unsafe { 0_usize #( .saturating_add(<#types as ::pyrust_runtime::prelude::FromPy>::weight(args.get(#index))) )* };
            let owned = match CHOICE.owns(cx, weight) {
                // SAFETY: as above.
                true => match unsafe { owned(cx, args) } {
                    Ok(owned) => {
                        #reads
                        Some(owned)
                    }
                    Err(stop) => {
                        CHOICE.refuse(cx, stop)?;
                        None
                    }
                },
                false => None,
            };
            let Some((#(#value,)*)) = owned else {
                // SAFETY: the caller vouches for `arity` arguments.
                let result = super::#in_place(
                    cx,
                    #( unsafe { ::pyrust_runtime::prelude::FromPy::from_py(cx, args.get(#index)) }? ),*
                ) #anew ?;
                return unsafe { ::pyrust_runtime::activate::box_result(cx, args, result) };
            };
        }
    });
    let owned = attribute.in_place.as_ref().map(|_| {
        quote! {
            /// # Safety
            /// As `run`.
            unsafe fn owned(
                cx: ::pyrust_runtime::prelude::Cx,
                args: &::pyrust_runtime::activate::CallArgs,
            ) -> ::pyrust_runtime::prelude::R<(#(#types,)*)> {
                // SAFETY: the caller vouches for `arity` arguments.
                Ok((#( unsafe { <#types as ::pyrust_runtime::prelude::FromPy>::from_py(cx, args.get(#index)) }?, )*))
            }
        }
    });
    let read = match attribute.in_place {
        Some(_) => quote!(),
        None if attribute.rare => quote! {
            #(
                // SAFETY: the caller vouches for `arity` arguments.
                let #value = unsafe { ::pyrust_runtime::activate::read_rarely::<#types>(cx, args, #index) }?;
            )*
        },
        None => quote! {
            #(
                // SAFETY: the caller vouches for `arity` arguments.
                let #value = unsafe { <#types as ::pyrust_runtime::prelude::FromPy>::from_py(cx, args.get(#index)) }?;
            )*
        },
    };
    let done = attribute.in_place.as_ref().map(|_| {
        quote!(if result.is_ok() {
            CHOICE.done(cx)
        })
    });
    let plain = attribute.plain;
    let looks = match attribute.rare || attribute.in_place.is_some() {
        true => quote!(true),
        false => quote!(const { false #( || <#types as ::pyrust_runtime::prelude::FromPy>::LOOKS )* }),
    };
    let (wide, call) = wide(item, if attribute.rare { &[] } else { types }, &value);
    let (beside, inside) = match place {
        Place::Beside => (
            quote!(#item #wide),
            quote!(
                use super::*;
            ),
        ),
        Place::Inside(taken_in) => {
            let (visibility, item) = (item.visibility(), item.within());
            (quote!(#visibility use #name::#name;), quote!(#taken_in #item #wide))
        }
    };
    quote! {
        #beside

        #[doc(hidden)]
        #[allow(clippy::all, unused_imports, unreachable_pub, non_snake_case)]
        pub mod #name {
            #inside

            /// What Python calls: see `pyrust_runtime::activate`.
            pub const ENTRY: ::pyrust_runtime::activate::Entry =
                ::pyrust_runtime::activate::Entry { arity: #arity, matches, run, plain: #plain, segments: &[], sites: &[], region: 0, locals: &[], resumed: None };

            /// # Safety
            /// `args` holds at least `arity` borrowed objects, and the GIL is held.
            unsafe fn matches(args: &::pyrust_runtime::activate::CallArgs) -> bool {
                // SAFETY: as here.
                unsafe { fits(args) }
            }

            /// # Safety
            /// As `matches`, of which it is the copy that is inlined.
            #[inline]
            unsafe fn fits(args: &::pyrust_runtime::activate::CallArgs) -> bool {
                // SAFETY: the caller vouches for `arity` arguments.
                #matches
            }

            #owned

            /// # Safety
            /// As `matches`, with the transaction of `cx` open.
            unsafe fn run(
                cx: ::pyrust_runtime::prelude::Cx,
                args: &::pyrust_runtime::activate::CallArgs,
            ) -> ::pyrust_runtime::prelude::R<*mut ::pyrust_runtime::ffi::PyObject> {
                // Before anything is done: another specialisation may fit. Where reading an argument is as quick as a look,
                // reading is enough.
                // SAFETY: the caller vouches for `arity` arguments.
                if #looks && !unsafe { fits(args) } {
                    return ::pyrust_runtime::prelude::bail(::pyrust_runtime::prelude::Bail::Type);
                }
                #choose
                #read
                let result = #call #anew;
                #done
                // SAFETY: `args` are those of this transaction.
                unsafe { ::pyrust_runtime::activate::box_returned(cx, args, result) }
            }
        }
    }
}

/// A function that takes arrays is compiled once more, for processors with wider registers; and the call of it.
fn wide(item: &Function, types: &[TokenStream], values: &[Ident]) -> (TokenStream, TokenStream) {
    let name = &item.name;
    let plain = quote!(super::#name(cx, #(#values),*));
    if !types.iter().any(|ty| is_named(ty, "Array")) {
        return (quote!(), plain);
    }
    let wide = format_ident!("{name}__wide");
    let twin = item.twin(wide.clone());
    let twin = quote! {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        #[allow(non_snake_case)]
        #twin
    };
    let call = quote! {
        {
            #[cfg(target_arch = "x86_64")]
            {
                if ::pyrust_runtime::support::is_wide() {
                    // SAFETY: the processor has what the function was compiled for.
                    unsafe { #wide(cx, #(#values),*) }
                } else {
                    #plain
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            #plain
        }
    };
    (twin, call)
}
