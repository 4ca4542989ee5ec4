//! Signatures: the types that the profile recorded for one function, as written in the manifest.
//!
//! `(list[int], str | None) -> float`. The text form is canonical: `Display` of a parsed signature parses to the same
//! value again. Types are hints that native code guards, never facts.
//!
//! - [`parse`](Signature::parse) reads the grammar of `docs/manifest.md`;
//! - `join` is the least type above two types, `covers` the order that belongs to it;
//! - [`set`] keeps the at most four signatures of one function.

mod parse;
pub mod set;

use crate::packed::Typecode;
use std::fmt;

pub use parse::SignatureError;

/// A union with more members than this widens to `object`.
pub const MAX_UNION: usize = 4;

/// The same where all members are classes or None: a tree has nodes of more kinds.
pub const MAX_CLASSES: usize = 8;
/// The same of functions.
const MAX_FUNCTIONS: usize = 16;

/// A function with more signatures than this has some of them joined.
pub const MAX_SIGNATURES: usize = 4;

/// For messages: `1 parameter`, `2 parameters`.
pub(crate) fn parameters(count: usize) -> String {
    format!("{count} parameter{}", if count == 1 { "" } else { "s" })
}

/// One type of the manifest's grammar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigType {
    /// An `int` that fitted 64 bits in every recorded call.
    Int,
    /// An `int` that did not. Where some calls fitted and some did not, both are members of a union.
    BigInt,
    Float,
    Bool,
    None,
    Complex,
    Str,
    Bytes,
    ByteArray,
    /// An `array.array` of numbers.
    Packed(Typecode),
    Range,
    List(Box<SigType>),
    Set(Box<SigType>),
    FrozenSet(Box<SigType>),
    Deque(Box<SigType>),
    Dict(Box<SigType>, Box<SigType>),
    /// `tuple[int, str]`; `tuple[()]` is the empty tuple.
    Tuple(Vec<SigType>),
    /// `tuple[int, ...]`.
    VarTuple(Box<SigType>),
    /// A class by its dotted name.
    Class(String),
    /// A class by its dotted name, with the types of what an instance holds: keys and values, or fields.
    Holding(String, Vec<SigType>),
    /// A Python function by `module:qualname`.
    Function(String),
    NdArray {
        dtype: String,
        dims: u32,
    },
    /// Anything else.
    Object,
    /// Two to four different members, sorted by their text, none of them a union, `object` or `?`.
    Union(Vec<SigType>),
    /// `?`: the element type of a container seen only empty.
    Unknown,
}

/// The parameter types of one function, in the order of its own parameters, and its result type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signature {
    pub params: Vec<SigType>,
    pub ret: SigType,
}

impl SigType {
    /// Parses one type.
    pub fn parse(text: &str) -> Result<SigType, SignatureError> {
        parse::parse_type(text)
    }

    /// The canonical union of `members`: flat, without duplicates, sorted, `object` when there are too many.
    pub fn union(members: impl IntoIterator<Item = SigType>) -> SigType {
        let mut flat = Vec::new();
        for member in members {
            match member {
                SigType::Union(inner) => flat.extend(inner),
                SigType::Unknown => {}
                other => flat.push(other),
            }
        }
        if flat.contains(&SigType::Object) {
            return SigType::Object;
        }
        flat.sort_by_cached_key(SigType::to_string);
        flat.dedup();
        match flat.len() {
            0 => SigType::Unknown,
            1 => flat.remove(0),
            _ if fits(&flat) => SigType::Union(flat),
            _ => widen(flat),
        }
    }

    /// The least type that both fit: containers of one kind join their elements, the rest forms a union.
    #[must_use]
    pub fn join(&self, other: &SigType) -> SigType {
        if self == other {
            return self.clone();
        }
        let mut members: Vec<SigType> = Vec::new();
        for member in self.members().iter().chain(other.members()) {
            add(&mut members, member);
        }
        SigType::union(members)
    }

    /// Whether every value of `other` is described by `self`.
    pub fn covers(&self, other: &SigType) -> bool {
        use SigType::*;
        match (self, other) {
            (Object, _) | (_, Unknown) => true,
            (_, Union(members)) => members.iter().all(|m| self.covers(m)),
            (Union(members), _) => members.iter().any(|m| m.covers(other)),
            (BigInt, Int) => true,
            (Class(a), Holding(b, _)) => a == b,
            (Holding(a, x), Holding(b, y)) => {
                a == b && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.covers(y))
            }
            (List(a), List(b))
            | (Set(a), Set(b))
            | (FrozenSet(a), FrozenSet(b))
            | (Deque(a), Deque(b))
            | (VarTuple(a), VarTuple(b)) => a.covers(b),
            (Dict(a, b), Dict(c, d)) => a.covers(c) && b.covers(d),
            (Tuple(a), Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.covers(b)),
            (VarTuple(a), Tuple(b)) => b.iter().all(|b| a.covers(b)),
            (a, b) => a == b,
        }
    }

    /// The same with one mark for any function.
    #[must_use]
    fn whatever_function(&self) -> SigType {
        use SigType::*;
        let of = |t: &SigType| Box::new(t.whatever_function());
        let all = |types: &[SigType]| types.iter().map(SigType::whatever_function).collect();
        match self {
            Function(_) => Function(String::new()),
            List(t) => List(of(t)),
            Set(t) => Set(of(t)),
            FrozenSet(t) => FrozenSet(of(t)),
            Deque(t) => Deque(of(t)),
            Dict(key, value) => Dict(of(key), of(value)),
            Tuple(items) => Tuple(all(items)),
            VarTuple(t) => VarTuple(of(t)),
            Holding(class, types) => Holding(class.clone(), all(types)),
            Union(members) => SigType::union(members.iter().map(SigType::whatever_function)),
            other => other.clone(),
        }
    }

    fn members(&self) -> &[SigType] {
        match self {
            SigType::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }
}

/// Adds one member that is no union, joining it with the member of the same kind.
fn add(members: &mut Vec<SigType>, new: &SigType) {
    for member in members.iter_mut() {
        if let Some(joined) = join_same_kind(member, new) {
            *member = joined;
            return;
        }
    }
    members.push(new.clone());
}

fn join_same_kind(left: &SigType, right: &SigType) -> Option<SigType> {
    use SigType::*;
    let boxed = |a: &SigType, b: &SigType| Box::new(a.join(b));
    Some(match (left, right) {
        (List(a), List(b)) => List(boxed(a, b)),
        (Set(a), Set(b)) => Set(boxed(a, b)),
        (FrozenSet(a), FrozenSet(b)) => FrozenSet(boxed(a, b)),
        (Deque(a), Deque(b)) => Deque(boxed(a, b)),
        (Dict(a, b), Dict(c, d)) => Dict(boxed(a, c), boxed(b, d)),
        (Tuple(a), Tuple(b)) if a.len() == b.len() => {
            Tuple(a.iter().zip(b).map(|(a, b)| a.join(b)).collect())
        }
        (Tuple(a), Tuple(b)) => VarTuple(Box::new(join_all(a.iter().chain(b)))),
        (VarTuple(a), VarTuple(b)) => VarTuple(boxed(a, b)),
        (VarTuple(a), Tuple(b)) | (Tuple(b), VarTuple(a)) => {
            VarTuple(Box::new(join_all(b.iter().chain([a.as_ref()]))))
        }
        (Class(a), Holding(b, _)) | (Holding(b, _), Class(a)) if a == b => Class(a.clone()),
        (Holding(a, x), Holding(b, y)) if a == b && x.len() == y.len() => {
            Holding(a.clone(), x.iter().zip(y).map(|(x, y)| x.join(y)).collect())
        }
        (Holding(a, _), Holding(b, _)) if a == b => Class(a.clone()),
        (a, b) if a == b => a.clone(),
        _ => return Option::None,
    })
}

fn join_all<'a>(types: impl Iterator<Item = &'a SigType>) -> SigType {
    types.fold(SigType::Unknown, |joined, ty| joined.join(ty))
}

/// A union with too many members: joining containers of one kind may be enough, otherwise nothing is known.
fn widen(members: Vec<SigType>) -> SigType {
    let mut joined = Vec::new();
    for member in &members {
        add(&mut joined, member);
    }
    // Where there is no room for both, `bigint` stands for either.
    if joined.contains(&SigType::BigInt) {
        joined.retain(|member| *member != SigType::Int);
    }
    if fits(&joined) { SigType::union(joined) } else { SigType::Object }
}

/// May a union have these members? No look at its type tells functions apart, so all together count as one.
fn fits(members: &[SigType]) -> bool {
    let functions = members.iter().filter(|m| matches!(m, SigType::Function(_))).count();
    let kinds = members.len() - functions + usize::from(functions > 0);
    let classes =
        members.iter().all(|m| matches!(m, SigType::Class(_) | SigType::None | SigType::Function(_)));
    functions <= MAX_FUNCTIONS && kinds <= if classes { MAX_CLASSES } else { MAX_UNION }
}

impl Signature {
    /// Parses `(T1, T2) -> R`.
    pub fn parse(text: &str) -> Result<Signature, SignatureError> {
        parse::parse_signature(text)
    }

    /// Slot by slot; `None` when the numbers of parameters differ.
    pub fn join(&self, other: &Signature) -> Option<Signature> {
        (self.params.len() == other.params.len()).then(|| Signature {
            params: self.params.iter().zip(&other.params).map(|(a, b)| a.join(b)).collect(),
            ret: self.ret.join(&other.ret),
        })
    }

    /// Whether every call described by `other` is described by `self`.
    pub fn covers(&self, other: &Signature) -> bool {
        self.params.len() == other.params.len()
            && self.ret.covers(&other.ret)
            && self.params.iter().zip(&other.params).all(|(a, b)| a.covers(b))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(")?;
        comma_separated(f, &self.params)?;
        write!(f, ") -> {}", self.ret)
    }
}

impl fmt::Display for SigType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SigType::*;
        match self {
            Int => f.write_str("int"),
            BigInt => f.write_str("bigint"),
            Float => f.write_str("float"),
            Bool => f.write_str("bool"),
            None => f.write_str("None"),
            Complex => f.write_str("complex"),
            Str => f.write_str("str"),
            Bytes => f.write_str("bytes"),
            ByteArray => f.write_str("bytearray"),
            Packed(code) => write!(f, "{code}"),
            Range => f.write_str("range"),
            Object => f.write_str("object"),
            Unknown => f.write_str("?"),
            Class(name) => f.write_str(name),
            Holding(name, types) => {
                write!(f, "{name}[")?;
                comma_separated(f, types)?;
                f.write_str("]")
            }
            List(element) => write!(f, "list[{element}]"),
            Set(element) => write!(f, "set[{element}]"),
            FrozenSet(element) => write!(f, "frozenset[{element}]"),
            Deque(element) => write!(f, "deque[{element}]"),
            Dict(key, value) => write!(f, "dict[{key}, {value}]"),
            Tuple(elements) if elements.is_empty() => f.write_str("tuple[()]"),
            Tuple(elements) => {
                f.write_str("tuple[")?;
                comma_separated(f, elements)?;
                f.write_str("]")
            }
            VarTuple(element) => write!(f, "tuple[{element}, ...]"),
            Function(name) => write!(f, "function[{name}]"),
            NdArray { dtype, dims } => write!(f, "ndarray[{dtype}, {dims}]"),
            Union(members) => {
                for (i, member) in members.iter().enumerate() {
                    write!(f, "{}{member}", if i == 0 { "" } else { " | " })?;
                }
                Ok(())
            }
        }
    }
}

fn comma_separated(f: &mut fmt::Formatter<'_>, types: &[SigType]) -> fmt::Result {
    for (i, ty) in types.iter().enumerate() {
        write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
