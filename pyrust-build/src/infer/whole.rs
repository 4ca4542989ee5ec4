//! What is refused for the sake of a type, wherever in the function it occurs.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::visit::any_expr;
use crate::hir::{Collection, ExprKind, Function};
use crate::lower::memo;
use crate::ty::{DictKind, Type, exceeded};

/// What is asked about the classes of keys.
pub(super) struct Asked<'p> {
    /// Do classes say themselves what such a key is equal to?
    pub(super) runs: &'p dyn Fn(&Type) -> bool,
    /// Can native tables ask them?
    pub(super) keyed: &'p BTreeSet<Type>,
}

/// The first type among those of the variables, the expressions and the result that nothing is emitted for.
pub(super) fn finding(
    hir: &Function,
    (vars, nodes, ret): (&[Type], &[Type], &Type),
    asked: &Asked,
) -> Option<Diagnostic> {
    let refuse = |code: &'static str, message: String| Some(Diagnostic::new(code, Severity::Note, message));
    let all = || vars.iter().chain(nodes);
    let too_wide = |t: &'_ Type| t.widest().and_then(|t| Some((exceeded(t.members())?, t.to_string())));
    if let Some((most, ty)) = all().chain([ret]).find_map(too_wide) {
        return refuse("PYR0402", format!("more than {most} types in one place: `{ty}`"));
    }
    if let Some(key) = all().find_map(Type::bad_key) {
        return refuse("PYR0401", format!("keys of type `{key}` are not supported"));
    }
    // Inside of tuples tables call their methods, but nowhere else.
    let runs = |key: &Type| key.any(&|t| (asked.runs)(t)) && !asked.keyed.contains(key);
    let made = |t: &Type| match t {
        // Those of Python's may be gone through all the same.
        Type::Dict { key, in_place: false, .. } => runs(key),
        Type::Set { elem, in_place: false, .. } => runs(elem),
        _ => false,
    };
    if let Some(ty) = all().find(|t| t.any(&made)) {
        return refuse(
            "PYR0401",
            format!("`{ty}`: the class of the keys has an `__eq__` or `__hash__` of its own"),
        );
    }
    if all().any(Type::stores_iter) {
        return refuse("PYR0408", "an iterator inside a container is not supported".into());
    }
    if all().any(Type::loses_function) {
        let message = "a function that is made here, inside a container of Python's, is not supported";
        return refuse("PYR0315", message.into());
    }
    if makes_nameless(hir, nodes) {
        let message = "a `defaultdict` with a `lambda`, inside of a container of Python's, is not supported";
        return refuse("PYR0408", message.into());
    }
    if let Some(ty) = all().find(|t| t.any(&counts_oddly)) {
        return refuse("PYR0401", format!("`{ty}`: counts that are no numbers"));
    }
    let mixed = hir.params.iter().any(|p| {
        let key = |t: &Type| matches!(t, Type::Dict { key, .. } if matches!(**key, Type::Union(_)));
        p.name.starts_with(memo::TABLE) && key(&vars[p.var])
    });
    if mixed {
        return refuse("PYR0402", "a cached function that is called with arguments of several types".into());
    }
    None
}

/// Is a `defaultdict` made whose factory has no name, where it would have to be an object at once?
fn makes_nameless(hir: &Function, nodes: &[Type]) -> bool {
    any_expr(&hir.body, |e| {
        matches!(&e.kind, ExprKind::New { class: Collection::DefaultDict(None), .. })
            && matches!(nodes[e.id], Type::Dict { in_place: true, .. })
    })
}

/// A counter whose counts are not numbers only.
fn counts_oddly(ty: &Type) -> bool {
    let Type::Dict { kind: DictKind::Counter, value, .. } = ty else { return false };
    !value.members().iter().all(|m| matches!(m, Type::Int | Type::Float | Type::Never))
}
