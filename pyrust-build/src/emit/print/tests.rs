//! What is printed is what was given, as tokens and to the eye.

use proc_macro2::{Punct, Spacing, TokenStream};
use quote::{TokenStreamExt, quote};

use super::print;

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Prints a text, looks whether that has the same tokens, and whether printing once more changes nothing.
#[track_caller]
fn printed(text: &str) -> String {
    let printed = print(tokens(text));
    let bare = |text: &str| tokens(text).to_string().replace(' ', "");
    assert_eq!(bare(text), bare(&printed), "{printed}");
    assert_eq!(print(tokens(&printed)), printed);
    printed
}

#[test]
fn statements_stand_on_lines_of_their_own() {
    let text = "
fn f < 'a , T : Ord > (cx : Cx , x : & 'a [T]) -> R < Vec < Vec < T > > > { let mut y = - x [0] . 0 ; if a < - 1 && ! b { return Ok (y) }
else if let Some (z) = match w { U2 :: A (v) => v , _ => { 2 } } { y += z as i64 ; } 'outer : loop { break 'outer } while let Some (x) = { step () ?
; next () } { f :: < T > (| x , _ | x | 1 , || 2) } * y = if a { 1 } else { 2 } ; { y } } pub static X : [u8 ; 2] = [0 , 1] ; say ! { x => y ; }
";
    insta::assert_snapshot!(printed(text));
}

#[test]
fn what_is_too_long_takes_several() {
    let long = "a_rather_long_argument_of_a_call";
    let text = format!(
        "fn f() {{ g({long}, {long}, {long}, h({long}, {long}, {long}, 1)); Ok({{ {long}; {long} }}); let x = map({long}, |x| {{ f(x)?; x }})?; \
         if {long}.is_it({long}) && {long}.is_this({long}) || {long} {{ f(Point {{ x: 1, y: 2 }}) }} #[allow({long}, {long}, {long}, {long})] let y = 2; }}"
    );
    insta::assert_snapshot!(printed(&text));
}

#[test]
fn comments_stand_in_front_of_lines() {
    let text = quote! {
        #[doc = " `f`, as \"it\" is"]
        #[inline]
        fn f() {
            py!("1: x = \"\\n\"  ");
            x = among!(1, py!("2: nowhere"); 2);
            py!("3: y");
        }
    };
    insta::assert_snapshot!(print(text));
}

#[test]
fn operators_stay_apart() {
    let alone = |text: &str| {
        let mut tokens = quote!(a);
        text.chars().for_each(|c| tokens.append(Punct::new(c, Spacing::Alone)));
        print(quote!(#tokens b))
    };
    for text in ["&&", "==", "<-", "=>", "||", "..", "<=", "-=", "!="] {
        assert!(!alone(text).contains(text), "{}", alone(text));
    }
    let negative = proc_macro2::Literal::i64_suffixed(-5);
    assert_eq!(print(quote!(T<#negative>)).trim_end(), "T< -5i64>");
    assert_eq!(print(quote!(a - #negative)).trim_end(), "a - -5i64");
}
