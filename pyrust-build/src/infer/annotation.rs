//! Types as annotations say them. They are hints for what a module-level value is, where its expression does not tell:
//! whatever is read from Python is looked at when it is read.

use crate::ast::{BinOp, Constant, Expr, ExprKind as E, FunctionDef, Stmt, StmtKind};
use crate::resolve::{Binding, ModuleEnv};
use crate::ty::{DictKind, Origin, Type};

/// The type of a module-level value: by the annotation of the name, or by those of the functions that make it.
pub(super) fn of_value(env: &ModuleEnv, name: &str, statements: &[Stmt]) -> Option<Type> {
    let declared = statements.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::AnnAssign { target, annotation, .. } if is_name(target, name) => Some(annotation),
        _ => None,
    });
    if let Some(annotation) = declared {
        return read(annotation);
    }
    let [Stmt { kind: StmtKind::Assign { targets, value }, .. }] = statements else { return None };
    let [target] = targets.as_slice() else { return None };
    if !is_name(target, name) {
        return None;
    }
    match of_expression(env, value)? {
        // Its position would be lost.
        Type::Iter(_) => None,
        found => Some(found),
    }
}

fn is_name(e: &Expr, name: &str) -> bool {
    matches!(&e.kind, E::Name(n) if n == name)
}

fn of_expression(env: &ModuleEnv, value: &Expr) -> Option<Type> {
    let E::Call { func, args, keywords } = &value.kind else { return None };
    if let Some(found) = of_library(env, func) {
        return Some(found);
    }
    let E::Name(name) = &func.kind else { return None };
    if let Some(binding) = env.bindings.get(name) {
        return match binding {
            Binding::Function => read(env.function(name).and_then(|f: &FunctionDef| f.returns.as_ref())?),
            _ => None,
        };
    }
    let [arg] = args.as_slice() else { return None };
    if !keywords.is_empty() {
        return None;
    }
    let elem = match of_expression(env, arg)? {
        Type::Iter(elem) | Type::VarTuple(elem) | Type::List { elem, .. } => elem,
        _ => return None,
    };
    match (name.as_str(), *elem) {
        ("list" | "sorted", elem) => Some(Type::List { elem: Box::new(elem), in_place: true }),
        ("tuple", elem) => Some(Type::VarTuple(Box::new(elem))),
        ("dict", Type::Tuple { items, .. }) => {
            let [key, value] = <[Type; 2]>::try_from(items).ok()?;
            Some(Type::Dict {
                key: Box::new(key),
                value: Box::new(value),
                in_place: true,
                kind: DictKind::Plain,
            })
        }
        _ => None,
    }
}

/// What functions of the standard library give that are called once, when a module is imported.
const RESULTS: &[(&str, &str, &str)] = &[
    ("sys", "intern", "str"),
    ("sys", "getdefaultencoding", "str"),
    ("sys", "getfilesystemencoding", "str"),
    ("sys", "getrecursionlimit", "int"),
    ("os", "getcwd", "str"),
    ("os", "getpid", "int"),
    ("os", "cpu_count", "int"),
    ("platform", "system", "str"),
    ("struct", "calcsize", "int"),
    ("time", "time", "float"),
    ("time", "perf_counter", "float"),
];

fn of_library(env: &ModuleEnv, func: &Expr) -> Option<Type> {
    let (module, name) = match &func.kind {
        E::Attribute { value, name } => {
            let E::Name(global) = &value.kind else { return None };
            let Binding::Module(module) = env.bindings.get(global)? else { return None };
            (module, name)
        }
        E::Name(global) => {
            let Binding::Imported { module, name } = env.bindings.get(global)? else { return None };
            (module, name)
        }
        _ => return None,
    };
    let found = RESULTS.iter().find(|(m, n, _)| m == module && n == name)?;
    scalar(found.2)
}

/// What an annotation says; `None` where that is not one concrete type.
pub(super) fn read(annotation: &Expr) -> Option<Type> {
    match &annotation.kind {
        E::Constant(Constant::None) => Some(Type::None),
        E::Name(name) => scalar(name),
        E::BinOp { left, op: BinOp::BitOr, right } => union([read(left)?, read(right)?]),
        E::Subscript { value, index } => {
            let name = match &value.kind {
                E::Name(name) => name,
                // `typing.Dict`
                E::Attribute { name, .. } => name,
                _ => return None,
            };
            let inside: Vec<&Expr> = match &index.kind {
                E::Tuple(items) => items.iter().collect(),
                _ => vec![index],
            };
            generic(name, &inside)
        }
        _ => None,
    }
}

/// A container of an attribute (`items: list`) whose elements are what functions put in, as of an empty one.
pub(super) fn bare(annotation: &Expr) -> Option<Type> {
    let E::Name(name) = &annotation.kind else { return None };
    let never = || Box::new(Type::Never);
    Some(match name.as_str() {
        "list" | "List" => Type::List { elem: never(), in_place: true },
        "dict" | "Dict" => Type::Dict { key: never(), value: never(), in_place: true, kind: DictKind::Plain },
        "set" | "Set" => Type::Set { elem: never(), in_place: true, frozen: false },
        "frozenset" | "FrozenSet" => Type::Set { elem: never(), in_place: true, frozen: true },
        _ => return None,
    })
}

/// What may be sent into a generator: the second of `Generator[int, str, None]`.
pub fn sent(annotation: &Expr) -> Option<Type> {
    let E::Subscript { value, index } = &annotation.kind else { return None };
    let (E::Name(name) | E::Attribute { name, .. }) = &value.kind else { return None };
    match &index.kind {
        E::Tuple(items) if name == "Generator" => read(items.get(1)?),
        _ => None,
    }
}

fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "int" => Type::Int,
        "float" => Type::Float,
        "bool" => Type::Bool,
        "str" => Type::Str,
        "bytes" => Type::Bytes,
        "range" => Type::Range,
        _ => return None,
    })
}

fn generic(name: &str, inside: &[&Expr]) -> Option<Type> {
    let boxed = |e: &Expr| read(e).map(Box::new);
    match (name, inside) {
        ("Final" | "ClassVar", [t]) => read(t),
        ("Optional", [t]) => union([read(t)?, Type::None]),
        ("Union", members) => union(members.iter().map(|m| read(m)).collect::<Option<Vec<_>>>()?),
        ("list" | "List", [t]) => Some(Type::List { elem: boxed(t)?, in_place: true }),
        ("dict" | "Dict", [k, v]) => {
            Some(Type::Dict { key: boxed(k)?, value: boxed(v)?, in_place: true, kind: DictKind::Plain })
        }
        ("set" | "Set" | "frozenset" | "FrozenSet", [t]) => {
            let frozen = matches!(name, "frozenset" | "FrozenSet");
            Some(Type::Set { elem: boxed(t)?, in_place: true, frozen })
        }
        ("tuple" | "Tuple", [t, dots]) if matches!(dots.kind, E::Constant(Constant::Ellipsis)) => {
            Some(Type::VarTuple(boxed(t)?))
        }
        ("tuple" | "Tuple", items) => {
            let items = items.iter().map(|t| read(t)).collect::<Option<Vec<_>>>()?;
            Some(Type::Tuple { items, origin: Origin::Python })
        }
        ("Iterator" | "Iterable" | "Generator", [t, ..]) => Some(Type::Iter(boxed(t)?)),
        _ => None,
    }
}

/// A union of what guards can tell apart: `None` and one or more types, no containers of one kind twice.
fn union(members: impl IntoIterator<Item = Type>) -> Option<Type> {
    let mut all: Vec<Type> = members
        .into_iter()
        .flat_map(|t| match t {
            Type::Union(inside) => inside,
            other => vec![other],
        })
        .collect();
    all.sort();
    all.dedup();
    match all.len() {
        1 => all.pop(),
        2..=4 if all.iter().filter(|t| !t.identity_free()).count() <= 1 => Some(Type::Union(all)),
        _ => None,
    }
}
