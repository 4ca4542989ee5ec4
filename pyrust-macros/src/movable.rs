//! The generated file for whoever compiles it again and again: rustc shall compile what has changed and nothing else.
//!
//! - Its tokens are taken in without their places: for rustc a function has changed when it lies somewhere else.
//! - Entries are expanded here: a macro counts the calls of itself, and one more changes the numbers of others.
//! - Each function is a module, with what belongs to it: modules are what is compiled apart. It takes in by name what it
//!   mentions of the file: were it all of it, the names that rustc resolves would grow with the square of the functions.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Ident, LexError, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Result, Token, token};

use crate::expand;
use crate::item::{attribute, visibility};

/// The module of the file, whose text that is. The file counts as read, so that cargo rebuilds when it changes.
pub(crate) fn module(path: &Path, text: &str) -> Result<TokenStream> {
    let tokens: TokenStream = text.parse().map_err(|error: LexError| syn::Error::new(error.span(), error))?;
    let (head, items) = Parser::parse2(items, tokens)?;
    let folder = path.parent().unwrap_or(path).to_string_lossy();
    let path = path.to_string_lossy();
    Ok(quote! {
        // Files that it names are found as if it were one itself.
        #[path = #folder]
        mod pyrust_hotspots {
            #head
            #(#items)*
            const _: &[u8] = ::core::include_bytes!(#path);
        }
    })
}

/// What is said of the file as a whole, and its items as they are to be.
fn items(input: ParseStream<'_>) -> Result<(TokenStream, Vec<TokenStream>)> {
    let mut head = TokenStream::new();
    while input.peek(Token![#]) && input.peek2(Token![!]) {
        for _ in 0..3 {
            head.append(input.parse::<TokenTree>()?);
        }
    }
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(input.parse::<Item>()?);
    }
    let names = Names::of(&items);
    Ok((head, items.into_iter().map(|item| item.apart(&names)).collect::<Result<_>>()?))
}

/// What a function can mention of its file.
struct Names {
    /// Of its items.
    defined: BTreeSet<String>,
    /// What it takes in from elsewhere, by paths that begin with a crate.
    uses: TokenStream,
}

impl Names {
    fn of(items: &[Item]) -> Names {
        let mut names = Names { defined: BTreeSet::new(), uses: TokenStream::new() };
        for item in items {
            // Before the name of a function words may stand that other items begin with.
            if let Some(name) = &item.name {
                names.defined.insert(name.to_string());
                continue;
            }
            let mut tokens = item.rest.clone().into_iter();
            match tokens.next() {
                Some(TokenTree::Ident(first)) if first == "use" => item.rest.to_tokens(&mut names.uses),
                Some(TokenTree::Ident(first)) if DEFINING.iter().any(|word| first == word) => {
                    names.defined.extend(tokens.find_map(|token| match token {
                        TokenTree::Ident(name) if name != "mut" && name != "_" => Some(name.to_string()),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        names
    }

    /// What the module of `name` says before its items, of which those are the tokens.
    fn taken_in(&self, name: &Ident, item: TokenStream) -> TokenStream {
        let mut mentioned = BTreeSet::new();
        self.mentioned(item, &mut mentioned);
        mentioned.remove(name);
        let uses = &self.uses;
        quote!(#uses use super::{#(#mentioned),*};)
    }

    fn mentioned(&self, tokens: TokenStream, found: &mut BTreeSet<Ident>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.mentioned(group.stream(), found),
                TokenTree::Ident(ident) if self.defined.contains(&ident.to_string()) => {
                    found.insert(ident);
                }
                _ => {}
            }
        }
    }
}

/// What stands before the name of an item that is no function.
const DEFINING: [&str; 8] = ["const", "enum", "mod", "static", "struct", "trait", "type", "union"];

struct Item {
    attributes: TokenStream,
    /// The arguments of `#[hotspot(…)]`.
    hotspot: Option<TokenStream>,
    visibility: TokenStream,
    rest: TokenStream,
    /// Of a function.
    name: Option<Ident>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Item> {
        let (mut attributes, mut hotspot) = (TokenStream::new(), None);
        while input.peek(Token![#]) {
            let attribute = attribute(input)?;
            match attribute.arguments_of("hotspot") {
                Some(arguments) => hotspot = Some(arguments),
                None => attribute.to_tokens(&mut attributes),
            }
        }
        let visibility = visibility(input)?;
        let (rest, name) = rest(input)?;
        Ok(Item { attributes, hotspot, visibility, rest, name })
    }
}

/// Up to the end of an item, and the name of what is a function. The semicolon after a value in braces counts as an item.
fn rest(input: ParseStream<'_>) -> Result<(TokenStream, Option<Ident>)> {
    let (mut tokens, mut name) = (TokenStream::new(), None);
    while !input.is_empty() {
        if name.is_none() && input.peek(Token![fn]) && input.peek2(syn::Ident) {
            tokens.append(input.parse::<TokenTree>()?);
            name = Some(input.fork().parse()?);
        }
        let ends = input.peek(Token![;]) || input.peek(token::Brace);
        tokens.append(input.parse::<TokenTree>()?);
        if ends {
            break;
        }
    }
    Ok((tokens, name))
}

impl Item {
    fn apart(self, names: &Names) -> Result<TokenStream> {
        let Item { attributes, hotspot, visibility, rest, name } = self;
        let Some(name) = name else { return Ok(quote!(#attributes #visibility #rest)) };
        let taken_in = names.taken_in(&name, rest.clone());
        if let Some(arguments) = hotspot {
            let function = quote!(#attributes #visibility #rest);
            return expand::hotspot(arguments, function, expand::Place::Inside(&taken_in));
        }
        let inner = if visibility.is_empty() { quote!(pub(super)) } else { visibility.clone() };
        Ok(quote! {
            #visibility use #name::#name;
            #[allow(unused_imports)]
            mod #name {
                #taken_in
                #attributes #inner #rest
            }
        })
    }
}
