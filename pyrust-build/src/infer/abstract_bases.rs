//! Abstract classes of the library above a class of the project (`class Items(MutableSequence)`). They give instances no
//! attributes and make them no other way; the methods that they add in Python stay Python.

use super::Program;
use super::named::is_library;
use crate::ast::{self, ExprKind as A};
use crate::hir::visit::any_expr;
use crate::hir::{Expr, ExprKind, Function};
use crate::lower::matching::is_other;
use crate::resolve::{Binding, ModuleEnv};
use crate::ty::Type;

const SIZED: &[&str] = &["__len__"];
const ITERABLE: &[&str] = &["__iter__"];
const CONTAINER: &[&str] = &["__contains__"];
const COLLECTION: &[&str] = &["__len__", "__iter__", "__contains__"];
const SEQUENCE: &[&str] =
    &["__len__", "__getitem__", "__iter__", "__contains__", "__reversed__", "index", "count"];
const CHANGED_SEQUENCE: &[&str] = &[
    "__len__",
    "__getitem__",
    "__iter__",
    "__contains__",
    "__reversed__",
    "index",
    "count",
    "__setitem__",
    "__delitem__",
    "insert",
    "append",
    "clear",
    "reverse",
    "extend",
    "pop",
    "remove",
    "__iadd__",
];
const SET: &[&str] = &[
    "__len__",
    "__iter__",
    "__contains__",
    "__le__",
    "__lt__",
    "__gt__",
    "__ge__",
    "__eq__",
    "__hash__",
    "_from_iterable",
    "__and__",
    "__rand__",
    "isdisjoint",
    "__or__",
    "__ror__",
    "__sub__",
    "__rsub__",
    "__xor__",
    "__rxor__",
    "_hash",
];
const CHANGED_SET: &[&str] = &[
    "__len__",
    "__iter__",
    "__contains__",
    "__le__",
    "__lt__",
    "__gt__",
    "__ge__",
    "__eq__",
    "__hash__",
    "_from_iterable",
    "__and__",
    "__rand__",
    "isdisjoint",
    "__or__",
    "__ror__",
    "__sub__",
    "__rsub__",
    "__xor__",
    "__rxor__",
    "_hash",
    "add",
    "discard",
    "remove",
    "pop",
    "clear",
    "__ior__",
    "__iand__",
    "__ixor__",
    "__isub__",
];
const MAPPING: &[&str] = &[
    "__len__",
    "__getitem__",
    "__iter__",
    "__contains__",
    "__eq__",
    "__hash__",
    "__reversed__",
    "get",
    "keys",
    "items",
    "values",
];
const CHANGED_MAPPING: &[&str] = &[
    "__len__",
    "__getitem__",
    "__iter__",
    "__contains__",
    "__eq__",
    "__hash__",
    "__reversed__",
    "get",
    "keys",
    "items",
    "values",
    "__setitem__",
    "__delitem__",
    "pop",
    "popitem",
    "clear",
    "update",
    "setdefault",
];

/// The classes, and what they have that a class below them may have from there.
const ABSTRACT: &[(&str, &[&str])] = &[
    ("Sized", SIZED),
    ("Iterable", ITERABLE),
    ("Iterator", &["__iter__", "__next__"]),
    ("Reversible", &["__iter__", "__reversed__"]),
    ("Container", CONTAINER),
    ("Hashable", &["__hash__"]),
    ("Callable", &["__call__"]),
    ("Collection", COLLECTION),
    ("Sequence", SEQUENCE),
    ("MutableSequence", CHANGED_SEQUENCE),
    ("Set", SET),
    ("MutableSet", CHANGED_SET),
    ("Mapping", MAPPING),
    ("MutableMapping", CHANGED_MAPPING),
];

/// What the base has that is not compiled, if it is one of these classes.
pub(super) fn members(env: &ModuleEnv, base: &ast::Expr) -> Option<&'static [&'static str]> {
    // `Mapping[str, int]` stands for `Mapping`.
    let base = match &base.kind {
        A::Subscript { value, .. } => value,
        _ => base,
    };
    let known = |name: &str| ABSTRACT.iter().find(|(known, _)| *known == name).map(|(_, members)| *members);
    match &base.kind {
        A::Name(name) => match env.bindings.get(name)? {
            Binding::Imported { module, name } if module == "collections.abc" => known(name),
            // The class of that name is `AbstractSet` there.
            Binding::Imported { module, name } if module == "typing" && name != "Set" => known(name),
            _ => None,
        },
        A::Attribute { value, name } => match &value.kind {
            A::Name(_) if is_library(env, base, "typing", name) && name != "Set" => known(name),
            A::Name(_) if is_library(env, base, "collections.abc", name) => known(name),
            A::Name(package)
                if matches!(env.bindings.get(package),
                Some(Binding::Imported { module, name }) if module == "collections" && name == "abc") =>
            {
                known(name)
            }
            A::Attribute { .. } if is_library(env, value, "collections", "abc") => known(name),
            _ => None,
        },
        _ => None,
    }
}

impl Program<'_> {
    /// Is an instance among these that `match` takes for a sequence or mapping, in a function with such patterns? Those
    /// ask for lists, tuples and dicts alone.
    pub(super) fn may_match_abstract<'t>(
        &self,
        function: &Function,
        types: impl Iterator<Item = &'t Type>,
    ) -> bool {
        let Some((file, _)) = self.modules.module(&function.module) else { return false };
        let asks = |e: &Expr| matches!(&e.kind, ExprKind::Global(name) if is_other(name));
        if !file.has_cases || !any_expr(&function.body, asks) {
            return false;
        }
        let is_abstract = |ty: &Type| {
            let Type::Instance(class) = ty else { return false };
            class.base.container.is_some()
                || self.order(class).unwrap_or_default().iter().any(|class| {
                    let (Some(def), Some((_, env))) =
                        (self.class_def(class), self.modules.module(&class.module))
                    else {
                        return false;
                    };
                    def.bases.iter().any(|base| members(env, base).is_some())
                })
        };
        types.into_iter().any(|ty| ty.any(&is_abstract))
    }
}
