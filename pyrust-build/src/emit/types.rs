//! Resolved types → Rust types, and values with their type.

use std::fmt::Write;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::infer::ranges::Interval;
use crate::ty::{DictKind, NamedClass, ObjectClass, Type};

/// A piece of Rust that yields a value, and its type.
#[derive(Clone)]
pub(super) struct Val {
    pub code: TokenStream,
    pub ty: Type,
    /// `code` names a place that lives on: taking the value means cloning it.
    pub place: bool,
    /// Between which numbers an `int` stays.
    pub range: Interval,
    /// A new array that nothing else holds: whoever uses it up may free it.
    pub spent: bool,
}

impl Val {
    pub(super) fn new(code: TokenStream, ty: Type) -> Self {
        Val { code, ty, place: false, range: Interval::ANY, spent: false }
    }

    pub(super) fn place(code: TokenStream, ty: Type) -> Self {
        Val { code, ty, place: true, range: Interval::ANY, spent: false }
    }

    /// The value itself.
    pub(super) fn owned(&self) -> TokenStream {
        let code = &self.code;
        if self.place && !self.ty.is_copy() { quote!(#code.clone()) } else { code.clone() }
    }

    /// What a loop goes through: nothing keeps it, so a part of a text need not become an object.
    pub(super) fn held(&self) -> TokenStream {
        let code = &self.code;
        if self.place && self.ty == Type::Str { quote!(#code.hold()) } else { self.owned() }
    }

    /// A reference to it.
    pub(super) fn by_ref(&self) -> TokenStream {
        let code = &self.code;
        quote!(&#code)
    }
}

/// A container that `op=` changes, if it can.
pub(super) fn is_changeable(ty: &Type) -> bool {
    matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Deque { .. } | Type::Set { frozen: false, .. })
        || matches!(ty, Type::ByteArray | Type::Packed(_))
}

/// The Rust type of values of a type.
pub(super) fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Never | Type::None => quote!(()),
        Type::Bool => quote!(bool),
        Type::Int => quote!(i64),
        Type::Big => quote!(Big),
        Type::Float => quote!(f64),
        Type::Char => quote!(Chr),
        Type::Str => quote!(Str),
        Type::Bytes => quote!(Bytes),
        Type::ByteArray => quote!(ByteArray),
        Type::Packed(code) => {
            let code = code.letter();
            quote!(Packed<#code>)
        }
        Type::Complex => quote!(Complex),
        Type::Range => quote!(Range),
        Type::MemView => quote!(MemView),
        Type::DictView { dict, .. } => rust_type(dict),
        Type::Foreign(class) => {
            if class.is_match() {
                return quote!(Found);
            }
            let marker = format_ident!("{}", class.marker());
            quote!(Foreign<foreign::#marker>)
        }
        Type::Array(dtype, dims) => {
            let (elem, dims) = (format_ident!("{}", dtype.rust()), Literal::u8_unsuffixed(*dims));
            quote!(Array<#elem, #dims>)
        }
        Type::Numpy(dtype) => {
            let elem = format_ident!("{}", dtype.rust());
            quote!(Np<#elem>)
        }
        Type::Instance(class) => {
            if class.own != 0 {
                let record = record_marker(class);
                return quote!(Own<#record>);
            }
            let class = object_marker(class);
            quote!(Instance<#class>)
        }
        Type::Obj => quote!(Obj),
        Type::Tuple { items, .. } => {
            let items = items.iter().map(rust_type);
            match ty.is_held() {
                true if ty.is_lazy() => quote!(Row<(#(#items,)*)>),
                true => quote!(Held<(#(#items,)*)>),
                false => quote!((#(#items,)*)),
            }
        }
        Type::Named { class, items } => {
            let (class, items) = (named_marker(class), items.iter().map(rust_type));
            match ty.is_row() {
                true => quote!(NamedRow<#class, (#(#items,)*)>),
                false => quote!(Named<#class, (#(#items,)*)>),
            }
        }
        Type::VarTuple(t) => {
            let t = rust_type(t);
            quote!(PTuple<#t>)
        }
        Type::View(t) => {
            let t = rust_type(t);
            quote!(RList<#t>)
        }
        Type::Iter(t) => {
            let t = rust_type(t);
            quote!(PyIter<#t>)
        }
        Type::Cell(t) => {
            let t = rust_type(t);
            quote!(Shared<#t>)
        }
        Type::Function(_) => quote!(Callable),
        Type::Inner(_) => quote!(Inner),
        Type::Closure { captures, .. } => {
            let captures = captures.iter().map(rust_type);
            quote!(Closure<(#(#captures,)*)>)
        }
        Type::List { elem, in_place } => {
            let t = rust_type(elem);
            if *in_place { quote!(PList<#t>) } else { quote!(List<#t>) }
        }
        Type::Deque { elem, in_place } => {
            let t = rust_type(elem);
            if *in_place { quote!(PDeque<#t>) } else { quote!(Deque<#t>) }
        }
        Type::Dict { key, value, in_place, kind: DictKind::Default } => {
            let (k, v) = (rust_type(key), rust_type(value));
            if *in_place { quote!(PDict<#k, #v, Factory>) } else { quote!(Dict<#k, #v, Factory>) }
        }
        Type::Dict { key, value, in_place, kind: DictKind::Ordered } => {
            let (k, v) = (rust_type(key), rust_type(value));
            if *in_place { quote!(POrdered<#k, #v>) } else { quote!(Dict<#k, #v, Ordered>) }
        }
        Type::Dict { key, value, in_place, kind: DictKind::Counter } => {
            let (k, v) = (rust_type(key), rust_type(value));
            if *in_place { quote!(PDict<#k, #v, Counter>) } else { quote!(Dict<#k, #v, Counter>) }
        }
        Type::Dict { key, value, in_place, kind: DictKind::Plain } => {
            let (k, v) = (rust_type(key), rust_type(value));
            if *in_place { quote!(PDict<#k, #v>) } else { quote!(Dict<#k, #v>) }
        }
        Type::Set { elem, in_place, frozen } => {
            let t = rust_type(elem);
            match (in_place, frozen) {
                (false, false) => quote!(Set<#t>),
                (false, true) => quote!(FrozenSet<#t>),
                (true, false) => quote!(PSet<#t>),
                (true, true) => quote!(PFrozenSet<#t>),
            }
        }
        Type::Union(members) => {
            let name = union_name(members.len());
            let members = members.iter().map(rust_type);
            quote!(#name<#(#members),*>)
        }
    }
}

/// The type that stands for a class of named tuples.
pub(super) fn named_marker(class: &NamedClass) -> Ident {
    format_ident!("{CLASS_PREFIX}{}", spelled(&class.module, &class.name))
}

/// The type that stands for a class of the project.
pub(super) fn object_marker(class: &ObjectClass) -> Ident {
    format_ident!("{OBJECT_PREFIX}{}", spelled(&class.module, &class.name))
}

/// The record of the attributes of instances that native code keeps to itself.
pub(super) fn record_marker(class: &ObjectClass) -> Ident {
    format_ident!("{RECORD_PREFIX}{}Of{}", class.own, spelled(&class.module, &class.name))
}

/// Other characters than letters and digits are spelled out.
fn spelled(module: &str, name: &str) -> String {
    format!("{module}.{name}")
        .chars()
        .map(|c| match c {
            '.' => "0d".to_string(),
            '_' => "0u".to_string(),
            '0' => "00".to_string(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => format!("0x{:x}0", c as u32),
        })
        .collect()
}

/// The same for such a record.
pub(super) const RECORD_PREFIX: &str = "Record";

/// The same for the class itself.
pub(super) const OBJECT_PREFIX: &str = "ObjectOf";

/// No other generated name begins so.
pub(super) const CLASS_PREFIX: &str = "ClassOf";

/// `U2` to `U8`.
pub(super) fn union_name(members: usize) -> Ident {
    format_ident!("U{members}")
}

/// `U2::B`: the variant of the `i`-th of `n` members.
pub(super) fn variant(n: usize, i: usize) -> TokenStream {
    let (name, variant) = (union_name(n), ["A", "B", "C", "D", "E", "F", "G", "H"][i]);
    let variant = Ident::new(variant, Span::call_site());
    quote!(#name::#variant)
}

/// Names of the runtime's functions and of our own locals: a local must not shadow them.
pub(super) const TAKEN: &[&str] = &[
    // A keyword since edition 2024 that syn does not know.
    "gen",
    "Self",
    "_",
    "again",
    "asking_tool",
    "at_least",
    "bail",
    "batch",
    "bound",
    "bytes_next",
    "bytes_next_back",
    "catches",
    "caught",
    "chunks",
    "columns",
    "crate",
    "cx",
    "delegated",
    "elem_eq",
    "ending_tool",
    "exc",
    "field",
    "finish",
    "fuel",
    "generator",
    "hand_out",
    "hash_of",
    "held",
    "held_as",
    "in_generator",
    "isclose_abs",
    "known",
    "next_of",
    "parts",
    "passing",
    "picked",
    "pushed_out",
    "pushed_stop",
    "raise",
    "raise_own",
    "reached",
    "rsplit_max",
    "said",
    "self",
    "slice_bounds",
    "sort_by_key",
    "sort_list",
    "split_max",
    "steps",
    "stop_of",
    "str_list",
    "str_next",
    "str_next_back",
    "super",
    "throw",
    "to_chr",
    "tool",
    "tuple_list",
    "tuple_next_back",
    "turns",
    "turns_from",
    "undecided",
    "unequal_lengths",
    "zero_float",
    "zero_int",
];

/// Distinct identifiers for names, in order: two names of Python's never become one of Rust's.
pub(super) fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Ident> {
    let mut used = std::collections::BTreeSet::new();
    names
        .map(|name| {
            let base = ident(name);
            let mut out = base.clone();
            let mut n = 2;
            while !used.insert(out.to_string()) {
                out = format_ident!("{base}_{n}");
                n += 1;
            }
            out
        })
        .collect()
}

/// The keywords of Rust, and those to come.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "Self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// An identifier from a Python name: keywords are escaped, everything that is not ASCII is spelled out.
pub(super) fn ident(name: &str) -> Ident {
    let mut clean = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        match c.is_ascii_alphanumeric() || c == '_' {
            true => clean.push(c),
            false => _ = write!(clean, "u{:x}_", c as u32),
        }
    }
    if TAKEN.contains(&clean.as_str()) || clean.starts_with("__py_") {
        clean.push('_');
    }
    if clean.starts_with(|c: char| c.is_ascii_uppercase()) {
        clean = format!("v_{clean}");
    }
    word(&clean)
}

/// A name as an identifier, behind `r#` where Rust has another meaning for it.
pub(super) fn word(name: &str) -> Ident {
    if KEYWORDS.contains(&name) { format_ident!("r#{name}") } else { Ident::new(name, Span::call_site()) }
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, word};

    /// What the parser takes for a name needs no `r#`, and nothing else does.
    #[test]
    fn keywords_are_those_of_the_parser() {
        let is_name = |text: &str| syn::parse_str::<syn::Ident>(text).is_ok();
        assert!(KEYWORDS.iter().all(|keyword| !is_name(keyword)));
        let known = include_str!("print/tokens.rs").split(|c: char| !c.is_ascii_alphanumeric());
        let begins = |text: &&str| text.starts_with(|c: char| c.is_ascii_alphabetic());
        let names: Vec<&str> = known.filter(begins).filter(|text| !KEYWORDS.contains(text)).collect();
        assert!(names.len() > 1_000 && names.iter().all(|name| is_name(name)));
        assert_eq!(word("match").to_string(), "r#match");
    }
}
