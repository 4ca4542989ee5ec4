//! Type patterns of the operation table.

use std::collections::BTreeMap;

use crate::packed::Typecode;
use crate::ty::{DictKind, Origin, Side, Type};

/// Stands for the typecode of the arrays of a row.
pub const TYPECODE: char = '@';

/// What the type variables of a row stand for.
pub type Binding = BTreeMap<char, Type>;

/// A parsed type pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Scalar(Type),
    /// A type variable that a value is stored into, or that a result comes from.
    Var(char),
    /// Compared with the variable's values, not stored.
    Same(char),
    /// Of a kind that none of the variable's values is equal to.
    Other(char),
    /// Handed out in place of one of the variable's values: passed on, not stored.
    Given(char),
    /// `bytes` or a `bytearray`, of which the bytes are taken.
    Buffer,
    /// An `array.array` of such numbers, of any for `Never`: all of a row are of the same typecode.
    Packed(Type),
    /// An optional `int`, passed as `Option<i64>`.
    OptInt,
    List(char),
    /// A list of a fixed element type.
    ListOf(Type),
    /// A list of pairs.
    Pairs(char, char),
    /// A dict of that class; without one, of any.
    Dict(char, char, Option<DictKind>),
    /// A view of a `dict`; without a side any view of a dict of any class.
    DictView(char, char, Option<Side>),
    /// A tuple that is looked for among such items.
    Pair(char, char),
    Deque(char),
    /// An iterator, as a result.
    Iter(char),
    /// A fresh dict whose keys are of a fixed type.
    DictOf(Type, Box<Pattern>),
    /// A frozenset or not; either where that is not said.
    Set(char, Option<bool>),
    /// A set of pairs.
    SetOfPairs(char, char),
    VarTuple(char),
    Tuple(Vec<Pattern>),
    /// One of several types, taken as it is: an argument of what CPython itself is asked.
    AnyOf(Vec<Type>),
    /// A live tuple of any length, of a fixed type.
    VarTupleOf(Type),
    /// `V | None`.
    Optional(char),
}

/// How far an argument may be from the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Exact,
    Subtype,
    Widen,
    /// An int of any size where a machine word is needed: what does not fit bails.
    Narrow,
}

impl Pattern {
    /// Parses one pattern. Rows are constants, so a bad one is a bug.
    pub fn parse(text: &str) -> Pattern {
        let text = text.trim();
        let var = |s: &str| s.trim().chars().next().expect("a type variable");
        let is_var = |s: &str| s.len() == 1 && s.chars().all(|c| c.is_ascii_uppercase());
        if let Some(inner) = text.strip_suffix("| None")
            && is_var(inner.trim())
        {
            return Pattern::Optional(var(inner));
        }
        if let Some(code) = text.strip_prefix("array ").and_then(Typecode::named) {
            return Pattern::Scalar(Type::Packed(code));
        }
        if let Some(v) = text.strip_prefix('=') {
            return Pattern::Same(var(v));
        }
        if let Some(v) = text.strip_prefix('!') {
            return Pattern::Other(var(v));
        }
        if let Some(v) = text.strip_prefix('+') {
            return Pattern::Given(var(v));
        }
        if is_var(text) {
            return Pattern::Var(var(text));
        }
        let inside = |head: &str| text.strip_prefix(head).and_then(|t| t.strip_suffix(']'));
        if let Some((k, v)) =
            inside("list[tuple[").and_then(|t| t.strip_suffix(']')).and_then(|t| t.split_once(','))
            && is_var(k.trim())
            && is_var(v.trim())
        {
            return Pattern::Pairs(var(k), var(v));
        }
        if let Some(inner) = inside("list[") {
            return if is_var(inner) {
                Pattern::List(var(inner))
            } else {
                match Pattern::parse(inner) {
                    Pattern::Scalar(t) => Pattern::ListOf(t),
                    tuple @ Pattern::Tuple(_) => Pattern::ListOf(tuple.instantiate(&Binding::new())),
                    other => unreachable!("list of {other:?} in the operation table"),
                }
            };
        }
        let dicts = [
            ("dict[", Some(DictKind::Plain)),
            ("mapping[", None),
            ("defaultdict[", Some(DictKind::Default)),
            ("Counter[", Some(DictKind::Counter)),
            ("OrderedDict[", Some(DictKind::Ordered)),
        ];
        for (head, kind) in dicts {
            if let Some(inner) = inside(head) {
                let (k, v) = inner.split_once(',').expect("dict[K, V]");
                if !is_var(k.trim()) {
                    let Pattern::Scalar(key) = Pattern::parse(k) else {
                        unreachable!("keys of a fixed type")
                    };
                    return Pattern::DictOf(key, Box::new(Pattern::parse(v)));
                }
                return Pattern::Dict(var(k), var(v), kind);
            }
        }
        let views = [
            ("keys[", Some(Side::Keys)),
            ("values[", Some(Side::Values)),
            ("items[", Some(Side::Items)),
            ("view[", None),
        ];
        for (head, side) in views {
            if let Some((k, v)) = inside(head).and_then(|inner| inner.split_once(',')) {
                return Pattern::DictView(var(k), var(v), side);
            }
        }
        if let Some((k, v)) = inside("pair[").and_then(|inner| inner.split_once(',')) {
            return Pattern::Pair(var(k), var(v));
        }
        if let Some((k, v)) =
            inside("set[tuple[").and_then(|t| t.strip_suffix(']')).and_then(|t| t.split_once(','))
        {
            return Pattern::SetOfPairs(var(k), var(v));
        }
        if let Some(inner) = inside("deque[") {
            return Pattern::Deque(var(inner));
        }
        if let Some(inner) = inside("iterator[") {
            return Pattern::Iter(var(inner));
        }
        for (head, frozen) in [("set[", Some(false)), ("frozenset[", Some(true)), ("anyset[", None)] {
            if let Some(inner) = inside(head) {
                return Pattern::Set(var(inner), frozen);
            }
        }
        if let Some(inner) = inside("tuple[") {
            return match inner.strip_suffix(", ...") {
                Some(t) if is_var(t.trim()) => Pattern::VarTuple(var(t)),
                Some(t) => match Pattern::parse(t) {
                    Pattern::Scalar(t) => Pattern::VarTupleOf(t),
                    other => unreachable!("tuple of {other:?} in the operation table"),
                },
                None => Pattern::Tuple(Pattern::parse_list(inner)),
            };
        }
        match text {
            "int?" => Pattern::OptInt,
            "None" => Pattern::Scalar(Type::None),
            "object" => Pattern::Scalar(Type::Obj),
            "int" => Pattern::Scalar(Type::Int),
            "big" => Pattern::Scalar(Type::Big),
            "float" => Pattern::Scalar(Type::Float),
            "bool" => Pattern::Scalar(Type::Bool),
            "str" => Pattern::Scalar(Type::Str),
            "char" => Pattern::Scalar(Type::Char),
            "bytes" => Pattern::Scalar(Type::Bytes),
            "bytearray" => Pattern::Scalar(Type::ByteArray),
            "buffer" => Pattern::Buffer,
            "array" => Pattern::Packed(Type::Never),
            "array[int]" => Pattern::Packed(Type::Int),
            "array[float]" => Pattern::Packed(Type::Float),
            "complex" => Pattern::Scalar(Type::Complex),
            "range" => Pattern::Scalar(Type::Range),
            "memoryview" => Pattern::Scalar(Type::MemView),
            "int | float" => Pattern::Scalar(Type::Union(vec![Type::Int, Type::Float])),
            "int | None" => Pattern::Scalar(Type::Union(vec![Type::None, Type::Int])),
            other => match crate::foreign::Class::named(other) {
                Some(class) => Pattern::Scalar(Type::Foreign(class)),
                None if other.contains('|') => {
                    let members = other.split('|').map(|t| match Pattern::parse(t) {
                        Pattern::Scalar(t) => t,
                        other => unreachable!("union with {other:?} in the operation table"),
                    });
                    Pattern::Scalar(members.fold(Type::Never, |acc, t| Type::join(&acc, &t)))
                }
                None => unreachable!("unknown pattern `{other}` in the operation table"),
            },
        }
    }

    /// Parses a comma-separated list, respecting brackets.
    pub fn parse_list(text: &str) -> Vec<Pattern> {
        let mut out = Vec::new();
        let (mut depth, mut start) = (0, 0);
        for (i, c) in text.char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                ',' if depth == 0 => {
                    out.push(Pattern::parse(&text[start..i]));
                    start = i + 1;
                }
                _ => {}
            }
        }
        if !text[start..].trim().is_empty() {
            out.push(Pattern::parse(&text[start..]));
        }
        out
    }

    /// `bytes` becomes `bytes` or a `bytearray`.
    pub(super) fn widen_bytes(&mut self) {
        if *self == Pattern::Scalar(Type::Bytes) {
            *self = Pattern::Buffer;
        }
    }

    /// Does a type fit? Binds type variables on the way; stored and compared values only bind them loosely.
    pub(super) fn matches(&self, ty: &Type, level: Level, binding: &mut Binding) -> bool {
        match (self, ty) {
            // What can never be evaluated fits everywhere.
            (_, Type::Never) => true,
            (Pattern::Scalar(want), have) => fits(want, have, level),
            (Pattern::Var(v) | Pattern::Same(v) | Pattern::Given(v), have) => {
                binding.entry(*v).or_insert_with(|| have.clone());
                true
            }
            (Pattern::Other(_), _) => true,
            (Pattern::AnyOf(types), have) => types.iter().any(|want| taken(want, have, level)),
            (Pattern::Buffer, Type::Bytes | Type::ByteArray) => true,
            (Pattern::Packed(item), Type::Packed(code)) => {
                let same = binding.entry(TYPECODE).or_insert_with(|| ty.clone()) == ty;
                same && (*item == Type::Never || *item == code.item())
            }
            (Pattern::OptInt, Type::Int | Type::None) => true,
            (Pattern::OptInt, Type::Bool) => level != Level::Exact,
            (Pattern::OptInt, Type::Big) => level == Level::Narrow,
            (Pattern::List(v), Type::List { elem, .. }) => {
                binding.insert(*v, (**elem).clone());
                true
            }
            // A list that is only read: rows that change their first argument do not see it, see `select`.
            (Pattern::List(v), Type::View(elem)) => {
                binding.insert(*v, (**elem).clone());
                true
            }
            (Pattern::ListOf(want), Type::View(elem)) => **elem == *want,
            (Pattern::ListOf(want), Type::List { elem, .. }) => **elem == *want || **elem == Type::Never,
            (Pattern::Deque(v), Type::Deque { elem, .. }) => {
                binding.insert(*v, (**elem).clone());
                true
            }
            (Pattern::Dict(k, v, class), Type::Dict { key, value, kind, .. })
                if class.is_none_or(|class| class == *kind) =>
            {
                binding.insert(*k, (**key).clone());
                binding.insert(*v, (**value).clone());
                true
            }
            (Pattern::DictView(k, v, want), Type::DictView { dict, side })
                if want.is_none_or(|want| want == *side) =>
            {
                let Type::Dict { key, value, kind, .. } = &**dict else { return false };
                binding.insert(*k, (**key).clone());
                binding.insert(*v, (**value).clone());
                // What CPython does with the view of another class differs.
                want.is_none() || *kind == DictKind::Plain
            }
            (Pattern::Pair(..), Type::Tuple { items, .. }) => items.len() == 2,
            (Pattern::Set(v, want), Type::Set { elem, frozen, .. }) => {
                binding.insert(*v, (**elem).clone());
                want.is_none_or(|want| want == *frozen)
            }
            (Pattern::VarTuple(v), Type::VarTuple(elem)) => {
                binding.insert(*v, (**elem).clone());
                true
            }
            _ => false,
        }
    }

    /// The type of a result: lists, dicts and sets are fresh and native.
    pub fn instantiate(&self, binding: &Binding) -> Type {
        let get = |v: &char| binding.get(v).cloned().unwrap_or(Type::Never);
        match self {
            Pattern::Scalar(t) => t.clone(),
            Pattern::Var(v) | Pattern::Same(v) | Pattern::Given(v) => get(v),
            Pattern::OptInt => Type::Int,
            Pattern::Buffer => Type::Bytes,
            Pattern::Packed(_) => get(&TYPECODE),
            Pattern::List(v) => Type::List { elem: Box::new(get(v)), in_place: false },
            Pattern::Pairs(k, v) => {
                let pair = Type::Tuple { items: vec![get(k), get(v)], origin: Origin::Native };
                Type::List { elem: Box::new(pair), in_place: false }
            }
            Pattern::ListOf(t) => Type::List { elem: Box::new(t.clone()), in_place: false },
            Pattern::Dict(k, v, kind) => Type::Dict {
                key: Box::new(get(k)),
                value: Box::new(get(v)),
                in_place: false,
                kind: kind.unwrap_or(DictKind::Plain),
            },
            Pattern::Iter(v) => Type::Iter(Box::new(get(v))),
            Pattern::SetOfPairs(k, v) => {
                let pair = Type::Tuple { items: vec![get(k), get(v)], origin: Origin::Native };
                Type::Set { elem: Box::new(pair), in_place: false, frozen: false }
            }
            Pattern::Pair(k, v) => Type::Tuple { items: vec![get(k), get(v)], origin: Origin::Native },
            Pattern::DictView(..) | Pattern::Other(_) => Type::Never,
            Pattern::Deque(v) => Type::Deque { elem: Box::new(get(v)), in_place: false },
            Pattern::DictOf(key, value) => Type::Dict {
                key: Box::new(key.clone()),
                value: Box::new(value.instantiate(binding)),
                in_place: false,
                kind: DictKind::Plain,
            },
            Pattern::Set(v, frozen) => {
                Type::Set { elem: Box::new(get(v)), in_place: false, frozen: *frozen == Some(true) }
            }
            Pattern::VarTuple(v) => Type::VarTuple(Box::new(get(v))),
            Pattern::VarTupleOf(t) => Type::VarTuple(Box::new(t.clone())),
            Pattern::AnyOf(types) => types.iter().fold(Type::Never, |acc, t| Type::join(&acc, t)),
            Pattern::Tuple(items) => Type::Tuple {
                items: items.iter().map(|p| p.instantiate(binding)).collect(),
                origin: Origin::Native,
            },
            Pattern::Optional(v) => Type::join(&Type::None, &get(v)),
        }
    }
}

/// Takes the bounds of type variables out of a list of patterns: `dict[K: int, V: int str]`.
pub(super) fn bounds(text: &str) -> (String, Vec<(char, Vec<Type>)>) {
    let (mut out, mut bounds) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let end = rest[at..].find([',', ']']).map_or(rest.len(), |i| at + i);
        let var = rest[..at].chars().next_back().expect("a type variable");
        let types = rest[at + 1..end].split_whitespace().map(|t| match Pattern::parse(t) {
            Pattern::Scalar(t) => t,
            other => unreachable!("bound {other:?} in the operation table"),
        });
        bounds.push((var, types.collect()));
        out.push_str(&rest[..at]);
        rest = &rest[end..];
    }
    out.push_str(rest);
    (out, bounds)
}

/// Does an argument go in as it is? A `bool` is an int as well.
fn taken(want: &Type, have: &Type, level: Level) -> bool {
    let derived = matches!((want, have), (Type::Int, Type::Bool | Type::Big));
    want == have || matches!((want, have), (Type::Str, Type::Char)) || (level != Level::Exact && derived)
}

fn fits(want: &Type, have: &Type, level: Level) -> bool {
    if want == have {
        return true;
    }
    match level {
        Level::Exact => false,
        Level::Subtype => matches!(
            (want, have),
            (Type::Int | Type::Big, Type::Bool) | (Type::Big, Type::Int) | (Type::Str, Type::Char)
        ),
        Level::Widen => {
            matches!(
                (want, have),
                (Type::Float, Type::Int | Type::Bool | Type::Big)
                    | (Type::Int, Type::Bool)
                    | (Type::Complex, Type::Float | Type::Int | Type::Bool)
            )
        }
        Level::Narrow => matches!(
            (want, have),
            (Type::Int, Type::Big | Type::Bool)
                | (Type::Big, Type::Int | Type::Bool)
                | (Type::Str, Type::Char)
        ),
    }
}
