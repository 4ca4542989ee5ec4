//! Tests that no name of a template meets one of the user's.
//!
//! Variables keep the names that they have in Python. What a template binds therefore begins with `__py_`, and what it
//! calls by one word is a name that `types::ident` gives to no variable. A template that binds `mask` around the code of
//! an operand would read its own `mask` where the user's was meant.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::types::TAKEN;

/// Bound around nothing of the user's: the closure that names a field of a class.
const ALONE: &[&str] = &["fields"];

/// Templates whose first word stands behind a path when they are put in.
const BEHIND_A_PATH: &[&str] = &["emit/foreign.rs"];

/// Words before a parenthesis that are no calls.
const WORDS: &[&str] = &["if", "in", "let", "match", "return", "while", "move", "mut", "pub", "else"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the crate") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// What stands in `quote!(…)`, wherever.
fn templates(tokens: TokenStream, found: &mut Vec<TokenStream>) {
    let trees: Vec<_> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else { continue };
        match trees[..i] {
            [.., TokenTree::Ident(ref name), TokenTree::Punct(_)] if name == "quote" => {
                found.push(group.stream())
            }
            _ => templates(group.stream(), found),
        }
    }
}

fn is(tree: Option<&TokenTree>, text: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == text)
}

/// Names of a pattern; what is put in with `#` is no name, a type or path neither.
fn names_of(trees: &[TokenTree], out: &mut Vec<String>) {
    for (i, tree) in trees.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &trees[i]);
        match tree {
            TokenTree::Group(group) if !is(before, '#') => {
                names_of(&group.stream().into_iter().collect::<Vec<_>>(), out);
            }
            TokenTree::Ident(name) if !is(before, '#') && !is(before, ':') && !is(trees.get(i + 1), ':') => {
                out.push(name.to_string());
            }
            TokenTree::Punct(p) if p.as_char() == ':' => return,
            _ => {}
        }
    }
}

/// What a template binds, and what it calls by one word.
fn look(tokens: TokenStream, bound: &mut Vec<String>, called: &mut Vec<String>) {
    let trees: Vec<_> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &trees[i]);
        let next = trees.get(i + 1);
        match tree {
            TokenTree::Ident(word) if word == "let" || word == "for" => {
                let rest = &trees[i + 1..];
                let end = rest.iter().position(|tree| match tree {
                    TokenTree::Ident(word) => word == "in",
                    TokenTree::Punct(p) => matches!(p.as_char(), '=' | ';' | '<'),
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    TokenTree::Literal(_) => false,
                });
                let end = end.unwrap_or(rest.len());
                // `impl … for …` binds nothing.
                let is_loop = matches!(rest.get(end), Some(TokenTree::Ident(_)));
                if word == "let" || is_loop {
                    names_of(&rest[..end], bound);
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                let is_arm = is(next, '=') && is(trees.get(i + 2), '>');
                if is_arm && matches!(before, Some(TokenTree::Ident(_))) {
                    names_of(&group.stream().into_iter().collect::<Vec<_>>(), bound);
                }
                if let Some(TokenTree::Ident(name)) = before {
                    let at = |back: usize| i.checked_sub(back).map(|i| &trees[i]);
                    let own = !['.', ':', '#', '!', '\''].iter().any(|p| is(at(2), *p))
                        && !matches!(at(2), Some(TokenTree::Ident(word)) if word == "fn");
                    if own && !is_arm {
                        called.push(name.to_string());
                    }
                }
            }
            // A closure begins where no operand stands before the bar.
            TokenTree::Punct(p) if p.as_char() == '|' => {
                let begins = match before {
                    None => true,
                    Some(TokenTree::Ident(word)) => word == "move",
                    Some(TokenTree::Punct(p)) => matches!(p.as_char(), ',' | '=' | '('),
                    _ => false,
                };
                let rest = &trees[i + 1..];
                if begins && let Some(end) = rest.iter().position(|tree| is(Some(tree), '|')) {
                    names_of(&rest[..end], bound);
                }
            }
            _ => {}
        }
        match tree {
            // An attribute.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && is(before, '#') => {}
            TokenTree::Group(group) => look(group.stream(), bound, called),
            _ => {}
        }
    }
}

#[test]
fn templates_leave_the_users_names_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files {
        let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a source of the crate");
        let mut found = Vec::new();
        templates(text.parse().expect("Rust"), &mut found);
        for template in found {
            let (mut bound, mut called) = (Vec::new(), Vec::new());
            look(template, &mut bound, &mut called);
            seen += bound.len() + called.len();
            let safe = |name: &String| {
                let (known, other) =
                    (TAKEN.contains(&name.as_str()), name.starts_with(|c: char| !c.is_ascii_lowercase()));
                known || other || WORDS.contains(&name.as_str()) || ALONE.contains(&name.as_str())
            };
            let at_a_path = BEHIND_A_PATH.contains(&name.as_str());
            wrong.extend(bound.into_iter().filter(|n| !safe(n)).map(|n| format!("{name} binds `{n}`")));
            wrong.extend(
                called.into_iter().filter(|n| !safe(n) && !at_a_path).map(|n| format!("{name} calls `{n}`")),
            );
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "begin what is bound with `__py_`, add what is called to `TAKEN`:\n{}",
        wrong.join("\n")
    );
    assert!(seen > 400, "{seen} names only: are templates still found?");
}
