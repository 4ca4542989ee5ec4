//! Operators on objects of which only the object itself knows its type: they are asked when the code runs.

use super::{Row, select};
use crate::ty::Type;

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
    )
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
    if !args.iter().all(is_boxable) || select(name, args).is_some() {
        return None;
    }
    let (name, types) = (format!("{name} object"), vec![Type::Obj; args.len()]);
    select(&name, &types).is_some().then_some((name, types))
}
