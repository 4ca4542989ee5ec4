//! Expansion as text: what the macros emit, and what they refuse.

use quote::{ToTokens, format_ident, quote};

use crate::expand::Place;
use crate::item::{Function, is_named};
use crate::{expand, include, movable, signature};

fn refused(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> String {
    expand::hotspot(attribute, item, Place::Beside).expect_err("should be refused").to_string()
}

#[test]
fn a_hotspot_keeps_the_function_and_adds_an_entry() {
    let text = expand::hotspot(
        quote!(function = "pkg.mod:add", signature = "(int, int) -> int"),
        quote!(
            fn add(cx: Cx, a: i64, b: i64) -> R<i64> {
                int::add(a, b)
            }
        ),
        Place::Beside,
    )
    .expect("valid")
    .to_string();
    assert!(text.contains("fn add (cx : Cx , a : i64 , b : i64) -> R < i64 >"), "{text}");
    assert!(text.contains("pub mod add"), "{text}");
    assert!(text.contains("arity : 2usize"), "{text}");
}

#[test]
fn what_cannot_be_an_entry_is_refused() {
    let good = quote!(function = "m:f", signature = "() -> int");
    assert!(
        refused(
            quote!(signature = "() -> int"),
            quote!(
                fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("`function")
    );
    assert!(
        refused(
            quote!(function = "m:f"),
            quote!(
                fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("`signature")
    );
    assert!(
        refused(
            quote!(function = "m", signature = "() -> int"),
            quote!(
                fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("module:qualname")
    );
    assert!(
        refused(
            quote!(functoin = "m:f"),
            quote!(
                fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("expected")
    );
    assert!(
        refused(
            good.clone(),
            quote!(
                fn f<T>(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("generic")
    );
    assert!(
        refused(
            good.clone(),
            quote!(
                async fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("async")
    );
    assert!(
        refused(
            good.clone(),
            quote!(
                unsafe fn f(cx: Cx) -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("unsafe")
    );
    assert!(
        refused(
            good.clone(),
            quote!(
                fn f() -> R<i64> {
                    Ok(1)
                }
            )
        )
        .contains("cx: Cx")
    );
    assert!(
        refused(
            good.clone(),
            quote!(
                fn f(cx: Cx) {}
            )
        )
        .contains("R<T>")
    );
    assert!(
        refused(
            good,
            quote!(
                fn f(cx: Cx, a: i64) -> R<i64> {
                    Ok(a)
                }
            )
        )
        .contains("0 parameter(s)")
    );
}

#[test]
fn parameters_are_plain_names_with_types_of_any_kind() {
    let good = quote!(function = "m:f", signature = "(int) -> int");
    let one = |item| refused(good.clone(), item);
    let plain = "a parameter of a hotspot is a plain name";
    assert!(
        one(quote!(
            fn f(cx: Cx, (a, b): (i64, i64)) -> R<i64> {
                Ok(a)
            }
        ))
        .contains(plain)
    );
    assert!(
        one(quote!(
            fn f(cx: Cx, Some::a: i64) -> R<i64> {
                Ok(a)
            }
        ))
        .contains(plain)
    );
    assert!(
        one(quote!(
            fn f(&mut self, a: i64) -> R<i64> {
                Ok(a)
            }
        ))
        .contains("free function")
    );
    assert!(
        one(quote!(
            fn f(self: Cx, a: i64) -> R<i64> {
                Ok(a)
            }
        ))
        .contains("free function")
    );
    assert!(one(quote!(fn f(cx: Cx, a: ) -> R<i64> { Ok(a) })).contains("expected a type"));
    assert!(
        one(quote!(
            fn f(cx: Cx, a: i64) -> R<i64>;
        ))
        .contains("expected")
    );

    let item = quote! {
        /// What it does.
        #[inline]
        pub(crate) const extern "C" fn f(
            cx: Cx, mut a: U2<Dict<i64, List<Str>>, ()>, _: fn(i64, f64) -> R<(i64, i64)>, b: &'static [Array<f64>; 3],
        ) -> R<Array<i64>>
        where
            i64: Copy,
        {
            loop {}
        }
    };
    let function: Function = syn::parse2(item.clone()).expect("valid");
    let types = [
        quote!(U2<Dict<i64, List<Str>>, ()>),
        quote!(fn(i64, f64) -> R<(i64, i64)>),
        quote!(&'static [Array<f64>; 3]),
    ];
    let texts =
        |types: &[proc_macro2::TokenStream]| types.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&function.types), texts(&types));
    assert_eq!(function.to_token_stream().to_string(), item.to_string());
    let twin = function.twin(format_ident!("g")).to_token_stream().to_string();
    assert!(twin.starts_with("# [inline] const extern \"C\" fn g (cx : Cx"), "{twin}");
}

#[test]
fn paths_are_known_by_their_last_name() {
    for (ty, named) in [
        (quote!(Array<f64, 2>), true),
        (quote!(::pyrust_runtime::array::Array<f64>), true),
        (quote!(List<Array<f64>>), false),
        (quote!(Array::Item), false),
    ] {
        assert_eq!(is_named(&ty, "Array"), named, "{ty}");
    }
}

#[test]
fn signatures_are_counted() {
    assert_eq!(signature::parameters("() -> None"), Ok(0));
    assert_eq!(signature::parameters("(dict[str, list[int]], tuple[int, ...]) -> int"), Ok(2));
    assert_eq!(signature::parameters("(function[a.b:C.d], int | None) -> tuple[int, int]"), Ok(2));
    for bad in ["", "int -> int", "(int", "(int) -> ", "(int)", "(,) -> int", ")"] {
        assert!(signature::parameters(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_header_names_the_init_function() {
    assert_eq!(
        include::init_name("//! text\n//! init: PyInit__pyrust\nuse x;").as_deref(),
        Ok("PyInit__pyrust")
    );
    for bad in
        ["", "fn x() {}\n//! init: PyInit_x", "//! init: init_x", "//! init: PyInit_a b", "//! init: PyInit_"]
    {
        assert!(include::init_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_module_is_taken_in_by_path() {
    let module = include::by_path("/out/x.rs".as_ref());
    let text = include::init_function(&module, "PyInit__pyrust", Some("/out/d.txt")).to_string();
    assert!(text.contains("# [path = \"/out/x.rs\"] mod pyrust_hotspots"), "{text}");
    assert!(text.contains("include_str ! (\"/out/d.txt\")"), "{text}");
}

const FILE: &str = r#"//! Native code.
//!
//! init: PyInit__pyrust
use pyrust_runtime::prelude::*;
/// Adds.
#[inline(always)]
#[hotspot(function = "pkg.mod:add", signature = "(int) -> int", rare)]
fn add(cx: Cx, a: i64) -> R<i64> { helper(cx, a) }
#[inline]
pub(crate) fn helper(cx: Cx, a: i64) -> R<i64> { let _ = a; Ok({ [S { a }, LIMIT][0].a }) }
pub(crate) const LIMIT: S = S { a: 1 };
const _: () = ();
const fn half(a: i64) -> i64 { let f: fn(i64) -> i64 = half; a / 2 }
static F: fn(i64) = { g };
struct S { a: i64 }
impl S { fn b(&self) {} }
pub static MODULE: Module = Module { f: &add::ENTRY };
"#;

#[test]
fn what_is_movable_has_a_module_for_each_function() {
    let text = movable::module("/out/x.rs".as_ref(), FILE).expect("valid").to_string();
    let without_spaces = |text: &str| text.replace(' ', "");
    for part in [
        "# [path = \"/out\"] mod pyrust_hotspots { # ! [doc = \" Native code.\"]",
        "use pyrust_runtime :: prelude :: * ; use add :: add ;",
        "pub mod add { use pyrust_runtime :: prelude :: * ; use super :: { helper } ; # [doc = \" Adds.\"] # [inline (always)] pub (super) fn add (cx : Cx , a : i64)",
        "pub (crate) use helper :: helper ; # [allow (unused_imports)] mod helper { use pyrust_runtime :: prelude :: * ;",
        "use super :: { LIMIT , S } ; # [inline] pub (crate) fn helper (cx",
        "const LIMIT : S = S { a : 1 } ; const _ : () = () ;",
        "mod half { use pyrust_runtime :: prelude :: * ; use super :: { } ; pub (super) const fn half (a : i64)",
        "static F : fn (i64) = { g } ; struct S { a : i64 } impl S { fn b (& self) { } } pub static MODULE",
        "const _ : & [u8] = :: core :: include_bytes ! (\"/out/x.rs\") ; }",
    ] {
        assert!(without_spaces(&text).contains(&without_spaces(part)), "{part}\nin\n{text}");
    }
    assert!(!text.contains("hotspot ("), "{text}");
}

#[test]
fn what_is_no_rust_is_no_module() {
    for text in ["fn f( {}", "#[hotspot(function = \"a:b\")] fn f(cx: Cx) -> R<i64> { Ok(1) }"] {
        assert!(movable::module("/out/x.rs".as_ref(), text).is_err(), "{text}");
    }
}
