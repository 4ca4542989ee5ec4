//! Small functions that call themselves: one call of them stands inside the other, so that every second one costs
//! neither a frame nor a look at the stack.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::Func;
use crate::passes::Pass;

/// Larger bodies gain nothing.
const SMALL: usize = 400;
/// Each call becomes the whole body.
const CALLS: usize = 3;

impl Func<'_, '_, '_> {
    /// A function of the same body to stand in for the calls in it, and that body with its calls; none where that does
    /// not pay.
    pub(super) fn once(&mut self, name: &Ident, body: &TokenStream) -> Option<(Ident, TokenStream)> {
        if self.uses_fuel || self.closures > 0 || !self.file.program.passes.has(Pass::Twice) {
            return None;
        }
        let mut calls = Calls { name, tokens: 0, found: 0, others: 0 };
        // A name is taken only for what is needed.
        calls.count(body);
        if calls.tokens > SMALL || !(1..=CALLS).contains(&calls.found) || calls.others > 0 {
            return None;
        }
        let mut once = format!("{name}_once");
        while !self.file.used_names.insert(once.clone()) {
            once.push('_');
        }
        let once = format_ident!("{once}");
        let body = renamed(name, &once, body);
        Some((once, body))
    }
}

struct Calls<'n> {
    name: &'n Ident,
    tokens: usize,
    found: usize,
    /// Where the function is named in another way.
    others: usize,
}

impl Calls<'_> {
    fn count(&mut self, code: &TokenStream) {
        let mut tokens = code.clone().into_iter().peekable();
        while let Some(token) = tokens.next() {
            self.tokens += 1;
            match &token {
                TokenTree::Ident(ident) if ident == self.name => match tokens.peek() {
                    Some(TokenTree::Group(args)) if rest_of_call(args).is_some() => self.found += 1,
                    _ => self.others += 1,
                },
                TokenTree::Group(group) => self.count(&group.stream()),
                _ => {}
            }
        }
    }
}

/// What stands behind `cx.call()?` in the arguments of a call.
fn rest_of_call(args: &Group) -> Option<TokenStream> {
    let call: Vec<TokenTree> = quote!(cx.call()?).into_iter().collect();
    let mut tokens = args.stream().into_iter();
    let same = call.iter().all(|t| tokens.next().is_some_and(|other| other.to_string() == t.to_string()));
    (args.delimiter() == Delimiter::Parenthesis && same).then(|| tokens.collect())
}

/// The code with `once` called instead.
fn renamed(name: &Ident, once: &Ident, code: &TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = code.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (token, tokens.peek()) {
            (TokenTree::Ident(ident), Some(TokenTree::Group(args))) if ident == *name => {
                let Some(rest) = rest_of_call(args) else {
                    out.extend([TokenTree::Ident(ident)]);
                    continue;
                };
                let rest = renamed(name, once, &rest);
                out.extend(quote!(#once(cx.call_within()? #rest)));
                tokens.next();
            }
            (TokenTree::Group(group), _) => {
                let mut inner = Group::new(group.delimiter(), renamed(name, once, &group.stream()));
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            (token, _) => out.extend([token]),
        }
    }
    out
}
