//! Small functions that call themselves: calls of them stand inside each other, up to three deep, so that only the innermost
//! ones cost a frame and a look at the stack.
//!
//! ```python
//! def fib(n):                            # fib calls fib_once, which calls fib_twice, fib_thrice, and that one fib
//!     return n if n < 2 else fib(n - 1) + fib(n - 2)
//! ```

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::Func;
use crate::passes::Pass;

/// Larger bodies gain nothing.
const SMALL: usize = 400;
/// So much text may stand inside the function, all levels together.
const ROOM: usize = 1200;
/// And so many calls within each other.
const LEVELS: u32 = 3;

/// What stands inside a function that calls itself: `f_once`, which the function calls, `f_twice`, which that one calls.
pub(super) struct Within {
    /// The body of the function itself.
    pub outside: TokenStream,
    /// The others, of which the last one calls the function.
    pub inside: Vec<(Ident, TokenStream)>,
}

impl Func<'_, '_, '_> {
    /// Functions of the same body to stand in for the calls in it; none where that does not pay.
    pub(super) fn within_itself(&mut self, name: &Ident, body: &TokenStream) -> Option<Within> {
        if self.uses_fuel || self.closures > 0 || !self.file.program.passes.has(Pass::Twice) {
            return None;
        }
        let mut calls = Calls { name, tokens: 0, found: 0, others: 0 };
        calls.count(body);
        if calls.tokens > SMALL || calls.found == 0 || calls.others > 0 {
            return None;
        }
        let bodies = |levels: u32| (1..=levels).map(|level| calls.found.saturating_pow(level)).sum::<usize>();
        let levels = (1..=LEVELS).rev().find(|l| calls.tokens.saturating_mul(bodies(*l)) <= ROOM)?;
        // A name is taken only for what is needed.
        let named = |(_, word): (u32, &str)| {
            let mut inner = format!("{name}_{word}");
            while !self.file.used_names.insert(inner.clone()) {
                inner.push('_');
            }
            format_ident!("{inner}")
        };
        let names: Vec<Ident> = (0..levels).zip(["once", "twice", "thrice"]).map(named).collect();
        let callees = names.iter().skip(1).map(Some).chain([None]);
        let nested = |(own, callee): (&Ident, Option<&Ident>)| (own.clone(), as_nested(name, callee, body));
        let inside = names.iter().zip(callees).map(nested).collect();
        Some(Within { outside: renamed(name, &names[0], body), inside })
    }
}

/// The body of a function that never is the outermost one: what that gives back untouched is the caller's business.
fn as_nested(name: &Ident, callee: Option<&Ident>, body: &TokenStream) -> TokenStream {
    let body = without_parameters_given_back(body);
    callee.map_or_else(|| body.clone(), |callee| renamed(name, callee, &body))
}

/// The code without `cx.ret_arg(…);`.
fn without_parameters_given_back(code: &TokenStream) -> TokenStream {
    const WORDS: [&str; 3] = ["cx", ".", "ret_arg"];
    let tokens: Vec<TokenTree> = code.clone().into_iter().collect();
    let (mut out, mut at) = (TokenStream::new(), 0);
    while let Some(token) = tokens.get(at) {
        let next = &tokens[at..];
        if next.len() >= 5 && next.iter().zip(WORDS).all(|(token, word)| token.to_string() == word) {
            // With its arguments, and the semicolon.
            at += 5;
            continue;
        }
        at += 1;
        out.extend([match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_parameters_given_back(&group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        }]);
    }
    out
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
