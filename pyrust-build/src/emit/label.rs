//! Labels of loops and blocks: most are never jumped to, and then do not stand in the code.

use std::cell::Cell;
use std::rc::Rc;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// A label that may be jumped to.
#[derive(Clone)]
pub(super) struct Label {
    lifetime: syn::Lifetime,
    /// It stands in some code.
    written: Rc<Cell<bool>>,
}

impl Label {
    /// `name`: with its quote.
    pub(super) fn new(name: &str) -> Self {
        Label { lifetime: syn::Lifetime::new(name, Span::call_site()), written: Rc::default() }
    }
}

impl ToTokens for Label {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.written.set(true);
        self.lifetime.to_tokens(tokens);
    }
}

/// Does the label occur in the code?
pub(super) fn mentions(code: &TokenStream, label: &Label) -> bool {
    // To go through the tokens would copy each of them.
    if !label.written.get() {
        return false;
    }
    let (code, label) = (code.to_string(), label.lifetime.to_string());
    let mut places = code.match_indices(&label).map(|(at, _)| &code[at + label.len()..]);
    places.any(|behind| !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}
