//! Names of statics that last: they tell what the static is, not how many there are before it.
//!
//! With numbers in the text, a function that gets one more constant would change all functions after it, and rustc, which
//! compiles again what has changed, would compile them all.

use proc_macro2::{Ident, Literal};

use super::File;
use crate::number::Number;
use crate::ty::ObjectClass;

/// So much of a text is in the name of the static that has it.
const MOST_CHARS: usize = 40;

/// The statics of one kind, each with its name, in the order of first use.
pub(super) struct Statics<T>(Vec<(T, Ident)>);

impl<T> Default for Statics<T> {
    fn default() -> Self {
        Statics(Vec::new())
    }
}

impl<T> Statics<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T, &Ident)> {
        self.0.iter().map(|(what, name)| (what, name))
    }

    /// The name of the one that `is` it.
    pub(super) fn find(&self, is: impl Fn(&T) -> bool) -> Option<Ident> {
        self.iter().find(|(what, _)| is(what)).map(|(_, name)| name.clone())
    }

    pub(super) fn add(&mut self, what: T, name: Ident) -> Ident {
        self.0.push((what, name.clone()));
        name
    }
}

impl File<'_, '_> {
    /// An unused name for a static of some kind, which is about this text.
    pub(super) fn lasting(&mut self, kind: &str, text: &str) -> Ident {
        self.unused(&format!("{kind}_{}", readable(text)))
    }

    /// The same for what belongs to a class.
    pub(super) fn lasting_of_class(&mut self, kind: &str, class: &ObjectClass, name: &str) -> Ident {
        self.lasting(kind, &format!("{}_{name}", class.name.replace('.', "_")))
    }

    /// The same for a number: in digits; a negative one with its digest.
    pub(super) fn lasting_number(&mut self, kind: &str, number: &Number) -> Ident {
        let digits: String = number.limbs.iter().rev().map(|limb| format!("{limb:016x}")).collect();
        let digits = digits.trim_start_matches('0');
        self.lasting(kind, &if number.negative { format!("-{digits}") } else { digits.to_string() })
    }

    /// The same for the names that an instance uses of a module; a body that is written by hand is no instance.
    pub(super) fn lasting_space(&mut self, instance: usize, module: &str) -> Ident {
        match self.names.get(&instance) {
            Some(name) => self.unused(&format!("NS_{name}")),
            None => self.lasting("NS", module),
        }
    }

    /// The static of a namespace, and the number of one of its slots.
    pub(super) fn slot_of(&self, space: usize, slot: usize) -> (Ident, Literal) {
        (self.namespaces[space].name.clone(), Literal::usize_unsuffixed(slot))
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
