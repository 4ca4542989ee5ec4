//! Names of statics that last: they tell what the static is, not how many there are before it.
//!
//! While functions are emitted, statics are numbered. With the numbers in the text, a function that gets one more constant
//! would change all functions after it, and rustc, which compiles again what has changed, would compile them all.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

use super::{File, Space};
use crate::number::Number;
use crate::ty::ObjectClass;

/// So much of a text is in the name of the static that has it.
const MOST_CHARS: usize = 40;

impl File<'_, '_> {
    /// The items of the file, with names that last.
    pub(super) fn with_lasting_names(&mut self, tokens: TokenStream) -> TokenStream {
        let mut names = BTreeMap::new();
        for (kind, bases) in self.lasting_names() {
            for (i, base) in bases.into_iter().enumerate() {
                names.insert(format!("{kind}_{i}"), self.unused(&format!("{kind}_{base}")));
            }
        }
        renamed(tokens, &names)
    }

    /// What the statics of each kind are, in the order of their numbers.
    fn lasting_names(&self) -> [(&'static str, Vec<String>); 8] {
        let of_class =
            |class: &ObjectClass, name: &str| readable(&format!("{}_{name}", class.name.replace('.', "_")));
        // A body that is written by hand is no instance.
        let of_space = |space: &Space| {
            self.names.get(&space.instance).map_or_else(|| readable(&space.module), Ident::to_string)
        };
        [
            ("S", self.strings.iter().map(|text| readable(text)).collect()),
            ("B", self.bytes.iter().map(|bytes| readable(&bytes.escape_ascii().to_string())).collect()),
            ("I", self.numbers.iter().map(hexadecimal).collect()),
            ("F", self.set_constants.iter().map(|owner| readable(owner)).collect()),
            ("A", self.attributes.iter().map(|(class, name)| of_class(class, name)).collect()),
            ("M", self.methods.iter().map(|method| of_class(&method.class, &method.name)).collect()),
            ("U", self.above.iter().map(|above| of_class(&above.class, &above.name)).collect()),
            ("NS", self.namespaces.iter().map(of_space).collect()),
        ]
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
