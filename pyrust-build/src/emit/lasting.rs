//! Names of statics that last: they tell what the static is, not how many there are before it.
//!
//! While functions are emitted, statics are numbered. With the numbers in the text, a function that gets one more constant
//! would change all functions after it, and rustc, which compiles again what has changed, would compile them all.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::format_ident;

use super::File;
use crate::number::Number;
use crate::ty::ObjectClass;

/// So much of a text is in the name of the static that has it.
const MOST_CHARS: usize = 40;

impl File<'_, '_> {
    /// The items of the file, with names that last.
    pub(super) fn with_lasting_names(&self, tokens: TokenStream) -> TokenStream {
        renamed(tokens, &self.lasting_names())
    }

    /// Names by those with numbers.
    fn lasting_names(&self) -> BTreeMap<String, Ident> {
        let mut names = Names { used: self.used_names.clone(), ..Names::default() };
        names.all("S", self.strings.iter().map(|text| readable(text)));
        names.all("B", self.bytes.iter().map(|bytes| readable(&bytes.escape_ascii().to_string())));
        names.all("I", self.numbers.iter().map(hexadecimal));
        names.all("F", self.set_constants.iter().map(|owner| readable(owner)));
        let of_class =
            |class: &ObjectClass, name: &str| readable(&format!("{}_{name}", class.name.replace('.', "_")));
        names.all("A", self.attributes.iter().map(|(class, name)| of_class(class, name)));
        names.all("M", self.methods.iter().map(|method| of_class(&method.class, &method.name)));
        names.all("U", self.above.iter().map(|above| of_class(&above.class, &above.name)));
        names.all(
            "NS",
            self.namespaces.iter().map(|space| {
                self.names.get(&space.instance).map_or_else(
                    // Of a body that is written by hand.
                    || readable(&space.module),
                    Ident::to_string,
                )
            }),
        );
        names.found
    }
}

#[derive(Default)]
struct Names {
    found: BTreeMap<String, Ident>,
    /// Of functions too.
    used: BTreeSet<String>,
}

impl Names {
    /// The statics of one kind, in the order of their numbers.
    fn all(&mut self, kind: &str, names: impl Iterator<Item = String>) {
        for (i, name) in names.enumerate() {
            let base = format!("{kind}_{name}");
            let mut name = base.clone();
            let mut number = 2;
            while !self.used.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            self.found.insert(format!("{kind}_{i}"), format_ident!("{name}"));
        }
    }
}

/// What of a text can stand in a name; where that is not all of it, with its digest.
fn readable(text: &str) -> String {
    let name: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(MOST_CHARS).collect();
    if name == text && !name.is_empty() {
        return name;
    }
    let digest = &crate::hash::hex(text.as_bytes())[..6];
    let between = if name.is_empty() { "" } else { "_" };
    format!("{name}{between}{digest}")
}

/// In digits; a negative one with its digest.
fn hexadecimal(number: &Number) -> String {
    let digits: String = number.limbs.iter().rev().map(|limb| format!("{limb:016x}")).collect();
    let digits = digits.trim_start_matches('0');
    readable(&if number.negative { format!("-{digits}") } else { digits.to_string() })
}

fn renamed(tokens: TokenStream, names: &BTreeMap<String, Ident>) -> TokenStream {
    let one = |token: TokenTree| match token {
        TokenTree::Ident(ident) => TokenTree::Ident(names.get(&ident.to_string()).cloned().unwrap_or(ident)),
        TokenTree::Group(group) => {
            TokenTree::Group(Group::new(group.delimiter(), renamed(group.stream(), names)))
        }
        token => token,
    };
    tokens.into_iter().map(one).collect()
}
