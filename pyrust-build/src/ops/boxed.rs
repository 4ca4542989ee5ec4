//! Operators on objects of which only the object itself knows its type: they are asked when the code runs.

use super::{Row, select};
use crate::ty::{DictKind, Type};

/// The rows have a name with `object` behind it: what is known of the operands comes first.
pub(super) const BOXED: &[Row] = &[
    Row("+ object", "object, object", "object", "dynamic::add", "c!"),
    Row("- object", "object, object", "object", "dynamic::sub", "c!"),
    Row("* object", "object, object", "object", "dynamic::mul", "c!"),
    Row("/ object", "object, object", "object", "dynamic::truediv", "c!"),
    Row("// object", "object, object", "object", "dynamic::floordiv", "c!"),
    Row("% object", "object, object", "object", "dynamic::rem", "c!"),
    Row("& object", "object, object", "object", "dynamic::and", "c!"),
    Row("| object", "object, object", "object", "dynamic::or", "c!"),
    Row("^ object", "object, object", "object", "dynamic::xor", "c!"),
    Row("<< object", "object, object", "object", "dynamic::shl", "c!"),
    Row(">> object", "object, object", "object", "dynamic::shr", "c!"),
    Row("neg object", "object", "object", "dynamic::neg", "c!"),
    Row("< object", "object, object", "bool", "dynamic::lt", "c!"),
    Row("<= object", "object, object", "bool", "dynamic::le", "c!"),
    Row("> object", "object, object", "bool", "dynamic::gt", "c!"),
    Row(">= object", "object, object", "bool", "dynamic::ge", "c!"),
    Row("getitem object", "object, object", "object", "dynamic::getitem", "c!"),
    Row("setitem object", "object, object, object", "None", "dynamic::setitem", "c!m"),
    Row("delitem object", "object, object", "None", "dynamic::delitem", "c!m"),
    Row("getslice object", "object, int?, int?, int?", "object", "dynamic::getslice", "c!"),
    Row("in object", "object, object", "bool", "dynamic::contains", "c!r"),
    Row("len object", "object", "int", "dynamic::len", "c!"),
];

/// Is the value an object, or made one at no cost of meaning?
fn is_boxable(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Obj
            | Type::Bool
            | Type::Int
            | Type::Big
            | Type::Float
            | Type::Complex
            | Type::Str
            | Type::Char
            | Type::Bytes
    ) || matches!(ty, Type::Tuple { items, .. } if items.iter().all(is_boxable))
}

/// Can it stand in an object?
fn can_be_stored(ty: &Type) -> bool {
    match ty {
        Type::None | Type::List { .. } | Type::VarTuple(_) | Type::Set { .. } | Type::Range => true,
        Type::Dict { kind, .. } => *kind == DictKind::Plain,
        Type::Instance(class) => class.own == 0,
        Type::Tuple { items, .. } | Type::Union(items) => items.iter().all(can_be_stored),
        other => is_boxable(other),
    }
}

/// Keys and places are numbers or texts, which an object is tested for when it is used as one.
fn place_in(container: &Type) -> Option<Type> {
    match container {
        Type::List { .. } | Type::View(_) | Type::VarTuple(_) | Type::Str | Type::Bytes | Type::Range => {
            Some(Type::Int)
        }
        Type::Dict { key, .. } if matches!(**key, Type::Int | Type::Str | Type::Bytes) => {
            Some((**key).clone())
        }
        _ => None,
    }
}

/// The row to ask for where there is none for these types (no unions), because one of them is an object; and the types
/// that the operands become.
pub fn boxed(name: &str, args: &[Type]) -> Option<(String, Vec<Type>)> {
    if !args.contains(&Type::Obj) {
        return None;
    }
    if let ("getitem" | "dict.get" | "setitem" | "delitem", [container, Type::Obj, rest @ ..]) = (name, args)
        && let Some(key) = place_in(container)
    {
        let types: Vec<Type> = [container.clone(), key].into_iter().chain(rest.iter().cloned()).collect();
        return select(name, &types).is_some().then(|| (name.to_string(), types));
    }
    if let ("in", [Type::Obj, container @ Type::Dict { .. }]) = (name, args)
        && let Some(key) = place_in(container)
    {
        let types = vec![key, container.clone()];
        return select(name, &types).is_some().then(|| (name.to_string(), types));
    }
    if let ("getslice", [Type::Obj, bounds @ ..]) = (name, args) {
        let types: Vec<Type> = std::iter::once(Type::Obj).chain(bounds.iter().cloned()).collect();
        return select("getslice object", &types).is_some().then(|| ("getslice object".to_string(), types));
    }
    if let ("setitem", [Type::Obj, key, value]) = (name, args)
        && is_boxable(key)
        && can_be_stored(value)
    {
        return Some(("setitem object".to_string(), vec![Type::Obj; 3]));
    }
    if !args.iter().all(is_boxable) || select(name, args).is_some() {
        return None;
    }
    let (name, types) = (format!("{name} object"), vec![Type::Obj; args.len()]);
    select(&name, &types).is_some().then_some((name, types))
}

/// What an object must be that has a method of that name, if only one of the builtin classes has it, or one far more
/// often than the others. Where it is something else the call bails.
pub fn told_by_method(name: &str, args: usize) -> Option<Type> {
    let object = || Box::new(Type::Obj);
    let list = || Type::List { elem: object(), in_place: true };
    let dict = || Type::Dict { key: object(), value: object(), in_place: true, kind: DictKind::Plain };
    Some(match (name, args) {
        ("append" | "extend" | "insert" | "reverse" | "sort", _) | ("pop", 0) => list(),
        ("get" | "items" | "keys" | "values" | "setdefault" | "popitem", _) | ("pop", 2) => dict(),
        ("add" | "discard" | "issubset" | "issuperset" | "union", _) => {
            Type::Set { elem: object(), in_place: true, frozen: false }
        }
        (
            "startswith" | "endswith" | "split" | "rsplit" | "splitlines" | "strip" | "lstrip" | "rstrip"
            | "upper" | "lower" | "title" | "capitalize" | "isdigit" | "isalpha" | "isalnum" | "isspace"
            | "isupper" | "islower" | "isidentifier" | "join" | "ljust" | "rjust" | "center" | "zfill"
            | "partition" | "rpartition" | "encode" | "find" | "rfind",
            _,
        ) => Type::Str,
        ("replace", 2 | 3) => Type::Str,
        _ => return None,
    })
}
