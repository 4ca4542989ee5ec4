//! A function as the entry around it needs it: its name, the types of its parameters, and the rest as it is written.
//!
//! Every project that is compiled for the first time compiles what this stands on. Syn without its whole grammar of Rust
//! takes a quarter of the time, and a body that is only passed on is no tree that has to be built and printed.

use proc_macro2::{Group, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Result, Token, token};

/// A function that can be an entry.
#[derive(Clone)]
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: TokenStream,
    /// From `const` to `fn`.
    head: TokenStream,
    pub(crate) name: Ident,
    /// The types of the parameters after the first.
    pub(crate) types: Vec<TokenStream>,
    /// From the parameters to the body.
    tail: TokenStream,
}

#[derive(Clone)]
pub(crate) struct Attribute {
    content: TokenStream,
    tokens: TokenStream,
}

impl Attribute {
    fn is_doc(&self) -> bool {
        self.content.clone().into_iter().next().is_some_and(|token| is_ident(&token, "doc"))
    }

    /// What stands in the parentheses of `#[name(…)]`.
    pub(crate) fn arguments_of(&self, name: &str) -> Option<TokenStream> {
        let mut content = self.content.clone().into_iter();
        match (content.next()?, content.next()?) {
            (first, TokenTree::Group(group)) if is_ident(&first, name) => Some(group.stream()),
            _ => None,
        }
    }
}

impl ToTokens for Attribute {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}

impl Function {
    pub(crate) fn visibility(&self) -> &TokenStream {
        &self.visibility
    }

    /// The same function within a module of its own, for whoever may use it here.
    pub(crate) fn within(&self) -> Function {
        let visibility =
            if self.visibility.is_empty() { quote!(pub(super)) } else { self.visibility.clone() };
        Function { visibility, ..self.clone() }
    }

    /// The same function of another name, in this module only.
    pub(crate) fn twin(&self, name: Ident) -> Function {
        let attributes = self.attributes.iter().filter(|attribute| !attribute.is_doc()).cloned().collect();
        Function { attributes, visibility: TokenStream::new(), name, ..self.clone() }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Function> {
        let mut attributes = Vec::new();
        while input.peek(Token![#]) {
            attributes.push(attribute(input)?);
        }
        let visibility = visibility(input)?;
        let head = head(input)?;
        let name: Ident = input.parse()?;
        if input.peek(Token![<]) {
            return Err(input.error("a hotspot cannot be generic: write one function per signature"));
        }
        let params: Group = input.parse()?;
        let types = parameter_types(&params, name.span())?;
        let mut tail = params.into_token_stream();
        if !input.peek(Token![->]) {
            return Err(Error::new(name.span(), "a hotspot returns `R<T>`"));
        }
        while !input.peek(token::Brace) {
            tail.append(input.parse::<TokenTree>()?);
        }
        tail.append(input.parse::<Group>()?);
        Ok(Function { attributes, visibility, head, name, types, tail })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.head.to_tokens(tokens);
        self.name.to_tokens(tokens);
        self.tail.to_tokens(tokens);
    }
}

/// `#[…]`
pub(crate) fn attribute(input: ParseStream<'_>) -> Result<Attribute> {
    let mut tokens = input.parse::<Token![#]>()?.into_token_stream();
    let group: Group = input.parse()?;
    group.to_tokens(&mut tokens);
    Ok(Attribute { content: group.stream(), tokens })
}

/// `pub`, `pub(…)` or nothing.
pub(crate) fn visibility(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if input.peek(Token![pub]) {
        tokens.append(input.parse::<TokenTree>()?);
        if input.peek(token::Paren) {
            tokens.append(input.parse::<Group>()?);
        }
    }
    Ok(tokens)
}

/// Up to `fn`.
fn head(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    loop {
        if input.peek(Token![async]) {
            return Err(input.error("a hotspot cannot be async"));
        }
        if input.peek(Token![unsafe]) {
            return Err(input.error("a hotspot is a safe function: `unsafe` belongs to the runtime"));
        }
        if !(input.peek(Token![const]) || input.peek(Token![extern]) || input.peek(syn::LitStr)) {
            break;
        }
        tokens.append(input.parse::<TokenTree>()?);
    }
    input.parse::<Token![fn]>()?.to_tokens(&mut tokens);
    Ok(tokens)
}

/// The types after `cx`; everything that an entry cannot call is refused here, at its place.
fn parameter_types(params: &Group, name: Span) -> Result<Vec<TokenStream>> {
    let params = syn::parse::Parser::parse2(parameters, params.stream())?;
    if params.is_empty() {
        return Err(Error::new(name, "the first parameter of a hotspot is `cx: Cx`"));
    }
    Ok(params.into_iter().skip(1).collect())
}

/// The types of `name: T, name: T, …`.
fn parameters(input: ParseStream<'_>) -> Result<Vec<TokenStream>> {
    let mut types = Vec::new();
    while !input.is_empty() {
        while input.peek(Token![#]) {
            attribute(input)?;
        }
        let ahead = input.fork();
        _ = ahead.parse::<Option<Token![&]>>()?;
        _ = ahead.parse::<Option<Token![mut]>>()?;
        if ahead.peek(Token![self]) {
            return Err(input.error("a hotspot is a free function: `self` is an ordinary parameter"));
        }
        _ = input.parse::<Option<Token![mut]>>()?;
        let plain = input.peek(Ident::peek_any) || input.peek(Token![_]);
        if !plain || !input.peek2(Token![:]) || input.peek2(Token![::]) {
            return Err(input.error("a parameter of a hotspot is a plain name"));
        }
        input.parse::<TokenTree>()?;
        input.parse::<Token![:]>()?;
        types.push(type_of(input)?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(types)
}

/// Up to a comma that stands in no `<…>`.
fn type_of(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0;
    let mut arrow = false;
    while !input.is_empty() && (depth > 0 || !input.peek(Token![,])) {
        let token: TokenTree = input.parse()?;
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' && !arrow => depth -= 1,
            _ => {}
        }
        arrow = matches!(&token, TokenTree::Punct(punct) if is_first_of_arrow(punct));
        tokens.append(token);
    }
    if tokens.is_empty() { Err(input.error("expected a type")) } else { Ok(tokens) }
}

fn is_first_of_arrow(punct: &Punct) -> bool {
    punct.as_char() == '-' && punct.spacing() == Spacing::Joint
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

/// Whether a type is a path that ends in this name, whatever its arguments.
pub(crate) fn is_named(ty: &TokenStream, name: &str) -> bool {
    let path = ty
        .clone()
        .into_iter()
        .take_while(|token| !matches!(token, TokenTree::Punct(p) if p.as_char() == '<'));
    path.last().is_some_and(|token| is_ident(&token, name))
}
