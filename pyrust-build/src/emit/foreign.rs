//! Operations that CPython's own functions do: the arguments boxed, the result read back.

use std::ffi::CString;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Ident;

use super::Func;
use super::types::{Val, rust_type};
use crate::ops::Op;
use crate::ops::foreign::native;
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// One row on arguments that are no unions.
    pub(super) fn foreign_row(&mut self, op: &Op, args: &[Val]) -> Val {
        let ret = op.ret.instantiate(&Default::default());
        if let Some(path) = self.native_path(op, args) {
            let args = args.iter().map(|arg| match arg.ty {
                Type::Str => arg.by_ref(),
                _ => arg.code.clone(),
            });
            // Of what the list is Rust does not see everywhere.
            let of = match &ret {
                Type::List { elem, .. } if path == "find_all" => {
                    let elem = rust_type(elem);
                    quote!(::<#elem>)
                }
                _ => quote!(),
            };
            return Val::new(self.q(quote!(regex::#path #of(cx, #(#args),*))), ret);
        }
        let boxes: Vec<TokenStream> = args
            .iter()
            .map(|arg| {
                let by_ref = arg.by_ref();
                self.q(quote!(fmt::boxed(#by_ref)))
            })
            .chain(op.extra.iter().flat_map(|extra| extra.split(", ")).map(|extra| {
                let extra: TokenStream = extra.parse().expect("a constant argument of the operation table");
                self.q(quote!(fmt::boxed(&#extra)))
            }))
            .collect();
        let call = made(op);
        let with = if op.keywords.is_empty() {
            quote!()
        } else {
            let names = &op.keywords;
            quote!(.with(&[#(#names),*]))
        };
        let engine = if op.engine { quote!(.engine()) } else { quote!() };
        let short = if op.releases { quote!(.short()) } else { quote!() };
        let (rust, count) = (rust_type(&ret), Literal::usize_unsuffixed(boxes.len()));
        let run = self.q(quote!(CALL.run::<#rust, #count>(cx, [#(#boxes),*])));
        Val::new(
            quote!({
                static CALL: foreign::Call = foreign::Call::#call #with #engine #short;
                #run
            }),
            ret,
        )
    }
}

impl Func<'_, '_, '_> {
    /// The function of `regex` that does what a row says, on values of these types.
    fn native_path(&self, op: &Op, args: &[Val]) -> Option<Ident> {
        if !self.file.program.passes.has(Pass::Regex) || !op.keywords.is_empty() || op.extra.is_some() {
            return None;
        }
        let types: Vec<&Type> = args.iter().map(|arg| &arg.ty).collect();
        native(op.name, &types).map(|path| format_ident!("{path}"))
    }
}

/// What makes the `Call` of a row.
fn made(op: &Op) -> TokenStream {
    let name = op.name.split('(').next().unwrap_or(op.name);
    let last = |text: &str| text.rsplit(['.', ' ']).next().unwrap_or_default().to_string();
    // `module.name`, as C strings.
    let split = |text: &str| {
        let (module, name) = text.rsplit_once('.').unwrap_or(("builtins", text));
        (c_string(module), c_string(name))
    };
    match op.path.split_once(':').unwrap_or((op.path, name)) {
        ("method", name) => {
            let name = last(name);
            quote!(method(#name))
        }
        ("attribute", _) => {
            let name = last(name);
            quote!(attribute(#name))
        }
        ("class", full) => {
            let ((module, class), full) = (split(name), c_string(full));
            quote!(class(#module, #class, #full))
        }
        ("of_class", _) => {
            let (class, method) = name.rsplit_once('.').unwrap_or((name, ""));
            let ((module, short), full) = (split(class), c_string(class));
            quote!(of_class(#module, #short, #full, #method))
        }
        ("ufunc", name) => quote!(ufunc(#name)),
        ("reduce", name) => quote!(of_ufunc(#name, "reduce")),
        ("umath", name) => quote!(umath(#name)),
        ("ndarray", name) => quote!(method(#name).arrays()),
        ("array", operator) => {
            let operator = quote::format_ident!("{operator}");
            quote!(#operator().arrays())
        }
        ("function", target) => {
            let (module, function) = split(target);
            quote!(function(#module, #function))
        }
        (operator, _) => {
            let operator = quote::format_ident!("{operator}");
            quote!(#operator())
        }
    }
}

fn c_string(text: &str) -> Literal {
    Literal::c_string(&CString::new(text).unwrap_or_default())
}
