//! Operators on objects of which only the object itself knows its type: they are asked when the code runs.

use super::{Row, select};
use crate::ty::{DictKind, Type};

/// The rows have a name with `object` behind it: what is known of the operands comes first.
pub(super) const BOXED: &[Row] = &[
    Row("+ object", "object, object", "object", "dynamic::add", "c!"),
    Row("+ object", "object, int", "object", "dynamic::add", "c!"),
    Row("+ object", "int, object", "object", "dynamic::add", "c!"),
    Row("+ object", "object, float", "object", "dynamic::add", "c!"),
    Row("+ object", "float, object", "object", "dynamic::add", "c!"),
    Row("+ object", "object, str", "str", "dynamic::add_text", "c!"),
    Row("+ object", "str, object", "str", "dynamic::text_add", "c!"),
    Row("- object", "object, object", "object", "dynamic::sub", "c!"),
    Row("- object", "object, int", "object", "dynamic::sub", "c!"),
    Row("- object", "int, object", "object", "dynamic::sub", "c!"),
    Row("- object", "object, float", "object", "dynamic::sub", "c!"),
    Row("- object", "float, object", "object", "dynamic::sub", "c!"),
    Row("* object", "object, object", "object", "dynamic::mul", "c!"),
    Row("* object", "object, int", "object", "dynamic::mul", "c!"),
    Row("* object", "int, object", "object", "dynamic::mul", "c!"),
    Row("* object", "object, float", "object", "dynamic::mul", "c!"),
    Row("* object", "float, object", "object", "dynamic::mul", "c!"),
    Row("/ object", "object, object", "object", "dynamic::truediv", "c!"),
    Row("/ object", "object, int", "object", "dynamic::truediv", "c!"),
    Row("/ object", "int, object", "object", "dynamic::truediv", "c!"),
    Row("/ object", "object, float", "object", "dynamic::truediv", "c!"),
    Row("/ object", "float, object", "object", "dynamic::truediv", "c!"),
    Row("// object", "object, object", "object", "dynamic::floordiv", "c!"),
    Row("// object", "object, int", "object", "dynamic::floordiv", "c!"),
    Row("// object", "int, object", "object", "dynamic::floordiv", "c!"),
    Row("% object", "object, object", "object", "dynamic::rem", "c!"),
    Row("% object", "object, int", "object", "dynamic::rem", "c!"),
    Row("% object", "int, object", "object", "dynamic::rem", "c!"),
    Row("& object", "object, object", "object", "dynamic::and", "c!"),
    Row("| object", "object, object", "object", "dynamic::or", "c!"),
    Row("^ object", "object, object", "object", "dynamic::xor", "c!"),
    Row("<< object", "object, object", "object", "dynamic::shl", "c!"),
    Row(">> object", "object, object", "object", "dynamic::shr", "c!"),
    Row("neg object", "object", "object", "dynamic::neg", "c!"),
    Row("< object", "object, object", "bool", "dynamic::lt", "c!"),
    Row("< object", "object, int", "bool", "dynamic::lt", "c!"),
    Row("< object", "int, object", "bool", "dynamic::lt", "c!"),
    Row("< object", "object, float", "bool", "dynamic::lt", "c!"),
    Row("< object", "float, object", "bool", "dynamic::lt", "c!"),
    Row("<= object", "object, object", "bool", "dynamic::le", "c!"),
    Row("<= object", "object, int", "bool", "dynamic::le", "c!"),
    Row("<= object", "int, object", "bool", "dynamic::le", "c!"),
    Row("<= object", "object, float", "bool", "dynamic::le", "c!"),
    Row("<= object", "float, object", "bool", "dynamic::le", "c!"),
    Row("> object", "object, object", "bool", "dynamic::gt", "c!"),
    Row("> object", "object, int", "bool", "dynamic::gt", "c!"),
    Row("> object", "int, object", "bool", "dynamic::gt", "c!"),
    Row("> object", "object, float", "bool", "dynamic::gt", "c!"),
    Row("> object", "float, object", "bool", "dynamic::gt", "c!"),
    Row(">= object", "object, object", "bool", "dynamic::ge", "c!"),
    Row(">= object", "object, int", "bool", "dynamic::ge", "c!"),
    Row(">= object", "int, object", "bool", "dynamic::ge", "c!"),
    Row(">= object", "object, float", "bool", "dynamic::ge", "c!"),
    Row(">= object", "float, object", "bool", "dynamic::ge", "c!"),
    Row("getitem object", "object, object", "object", "dynamic::getitem", "c!"),
    Row("getitem object", "object, int", "object", "dynamic::item", "c!"),
    Row("getitem object", "object, str", "object", "dynamic::entry", "c!"),
    // What is written to one by one is a list: dicts would be slower than in Python.
    Row("setitem object", "object, int, object", "None", "dynamic::set_item", "c!m"),
    Row("delitem object", "object, int", "None", "dynamic::del_item", "c!m"),
    Row("getslice object", "object, int?, int?, int?", "object", "dynamic::getslice", "c!"),
    Row("in object", "object, object", "bool", "dynamic::contains", "c!r"),
    Row("in object", "str, object", "bool", "dynamic::has_text", "c!r"),
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
    if let ("setitem", [Type::Obj, Type::Int, value]) = (name, args)
        && can_be_stored(value)
    {
        return Some(("setitem object".to_string(), vec![Type::Obj, Type::Int, Type::Obj]));
    }
    if !args.iter().all(is_boxable) || select(name, args).is_some() {
        return None;
    }
    let name = format!("{name} object");
    // Numbers and texts that are known need no object.
    let known = |ty: &Type| match ty {
        Type::Int | Type::Float | Type::Str => ty.clone(),
        Type::Char => Type::Str,
        _ => Type::Obj,
    };
    let known: Vec<Type> = args.iter().map(known).collect();
    let types = if select(&name, &known).is_some() { known } else { vec![Type::Obj; args.len()] };
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
        // No method that writes to a dict or a set: that would be slower than in Python.
        ("get" | "items" | "keys" | "values", _) => dict(),
        ("issubset" | "issuperset" | "union", _) => {
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
