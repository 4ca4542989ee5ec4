//! Expansion as text: what the macros emit, and what they refuse.

use quote::quote;

use crate::{expand, include, signature};

fn refused(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> String {
    expand::hotspot(attribute, item).expect_err("should be refused").to_string()
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
    let text = include::module("/out/x.rs", "PyInit__pyrust", Some("/out/d.txt")).to_string();
    assert!(text.contains("# [path = \"/out/x.rs\"] mod pyrust_hotspots"), "{text}");
    assert!(text.contains("include_str ! (\"/out/d.txt\")"), "{text}");
}
