//! The library's abstract classes, and which builtin classes CPython says are below them.
//!
//! A program may `register` others: the compiler narrows types by this table, and the code that it emits compares each
//! answer with CPython's.

use crate::ty::{DictKind, Type};

const NUMBERS: &[&str] = &["bool", "int", "float", "complex"];
const SIZED: &[&str] =
    &["str", "bytes", "bytearray", "memoryview", "list", "tuple", "dict", "set", "frozenset", "range"];
const HASHABLE: &[&str] = &[
    "NoneType",
    "bool",
    "int",
    "float",
    "complex",
    "str",
    "bytes",
    "memoryview",
    "tuple",
    "frozenset",
    "range",
];
const SEQUENCES: &[&str] = &["str", "bytes", "bytearray", "memoryview", "list", "tuple", "range"];
const REVERSIBLE: &[&str] = &["str", "bytes", "bytearray", "memoryview", "list", "tuple", "dict", "range"];

/// A class of a module, and what is below it.
const CLASSES: &[(&str, &str, &[&str])] = &[
    ("collections.abc", "ByteString", &["bytes", "bytearray"]),
    ("collections.abc", "Callable", &[]),
    ("collections.abc", "Collection", SIZED),
    ("collections.abc", "Container", SIZED),
    ("collections.abc", "Generator", &[]),
    ("collections.abc", "Hashable", HASHABLE),
    ("collections.abc", "ItemsView", &[]),
    ("collections.abc", "Iterable", SIZED),
    ("collections.abc", "Iterator", &[]),
    ("collections.abc", "KeysView", &[]),
    ("collections.abc", "Mapping", &["dict"]),
    ("collections.abc", "MappingView", &[]),
    ("collections.abc", "MutableMapping", &["dict"]),
    ("collections.abc", "MutableSequence", &["bytearray", "list"]),
    ("collections.abc", "MutableSet", &["set"]),
    ("collections.abc", "Reversible", REVERSIBLE),
    ("collections.abc", "Sequence", SEQUENCES),
    ("collections.abc", "Set", &["set", "frozenset"]),
    ("collections.abc", "Sized", SIZED),
    ("collections.abc", "ValuesView", &[]),
    ("numbers", "Complex", NUMBERS),
    ("numbers", "Integral", &["bool", "int"]),
    ("numbers", "Number", NUMBERS),
    ("numbers", "Rational", &["bool", "int"]),
    ("numbers", "Real", &["bool", "int", "float"]),
];

/// Modules whose abstract classes are looked at when they are asked.
pub const MODULES: &[&str] = &["collections.abc", "numbers"];

/// Before the name of an abstract class, as `isinstance` is asked with: `abstract numbers.Real as Real`.
const ABSTRACT: &str = "abstract ";

/// The name under which the tree has an abstract class that stands at `path`.
pub fn spelled(module: &str, name: &str, path: &str) -> Option<String> {
    row(module, name).map(|_| format!("{ABSTRACT}{module}.{name} as {path}"))
}

/// The module and the name of the class, and where it is found.
pub fn split(name: &str) -> Option<(&str, &str, &str)> {
    let (class, path) = name.strip_prefix(ABSTRACT)?.split_once(" as ")?;
    let (module, class) = class.rsplit_once('.')?;
    Some((module, class, path))
}

fn row(module: &str, name: &str) -> Option<&'static [&'static str]> {
    CLASSES.iter().find(|(home, class, _)| (*home, *class) == (module, name)).map(|(.., below)| *below)
}

/// Is this one of them?
pub fn is_known(module: &str, name: &str) -> bool {
    row(module, name).is_some()
}

/// Whether a value of the type is an instance of the class that the tree spells so, for types whose values are exact
/// instances of builtin classes.
pub fn is_instance(ty: &Type, name: &str) -> Option<bool> {
    let (module, class, _) = split(name)?;
    let below = row(module, class)?;
    exact_class(ty).map(|class| below.contains(&class))
}

/// The class of a type whose values are exact instances of it.
pub fn exact_class(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::None => "NoneType",
        Type::Bool => "bool",
        Type::Int | Type::Big => "int",
        Type::Float => "float",
        Type::Str | Type::Char => "str",
        Type::Bytes => "bytes",
        Type::ByteArray => "bytearray",
        Type::MemView => "memoryview",
        Type::Complex => "complex",
        Type::List { .. } | Type::View(_) => "list",
        Type::Tuple { .. } | Type::VarTuple(_) => "tuple",
        Type::Dict { kind: DictKind::Plain, .. } => "dict",
        Type::Set { frozen: false, .. } => "set",
        Type::Set { frozen: true, .. } => "frozenset",
        Type::Range => "range",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_they_were_spelled() {
        let name = spelled("collections.abc", "Mapping", "abc.Mapping").unwrap_or_default();
        assert_eq!(split(&name), Some(("collections.abc", "Mapping", "abc.Mapping")));
        assert_eq!(is_instance(&Type::Int, &name), Some(false));
        assert_eq!(spelled("numbers", "Other", "Other"), None);
        assert!(CLASSES.iter().all(|(module, ..)| MODULES.contains(module)));
    }
}
