//! Functions that do nothing with their `*args` and `**kwargs` but hand them on: for calls of one shape they are functions
//! with ordinary parameters.
//!
//! ```text
//! def __init__(self, *args, **kwargs):             def __init__(self, args[0], args[1], *, kwargs[unit]):
//!     super().__init__(*args, **kwargs)        →       super().__init__(args[0], args[1], unit=kwargs[unit])
//! ```

use super::class_methods::binds_inside;
use super::scope::binds;
use crate::ast::{CmpOp, Constant, Expr, ExprKind as A, FunctionDef, Keyword, Param, Stmt, StmtKind};
use crate::diagnostic::Diagnostic;
use crate::hir::{Function, ParamKind};
use crate::resolve::ModuleEnv;
use crate::source::SourceFile;
use crate::walk;

/// What calls give beyond the parameters with names of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many are for `*args`.
    pub items: usize,
    /// Which names are for `**kwargs`, in the order of the call.
    pub names: Vec<String>,
}

/// Does the function only hand on what its `*args` and `**kwargs` hold, or look into `**kwargs` for names that are written
/// down?
pub fn only_hands_on(def: &FunctionDef) -> bool {
    let stars = def.params.var_positional.iter().chain(&def.params.var_keyword);
    let names: Vec<&str> = stars.map(|p| p.name.as_str()).collect();
    let is_bound = |name: &&str| binds(&def.body, name) || binds_inside(&def.body, name);
    if names.is_empty() || names.iter().any(is_bound) {
        return false;
    }
    let (mut mentioned, mut handed, mut taken) = (0, 0, 0);
    walk::expressions(&def.body, &mut |e| {
        match &e.kind {
            A::Name(name) => mentioned += usize::from(names.contains(&name.as_str())),
            A::Call { args, keywords, .. } => {
                handed += args.iter().filter(|arg| is_star(arg, def)).count();
                handed += keywords.iter().filter(|k| is_names(k, def)).count();
            }
            _ => {}
        }
        let look = look(e, def);
        handed += usize::from(look.is_some());
        taken += usize::from(look.is_some_and(|look| look.takes));
    });
    walk::each_statement(&def.body, &mut |stmt| handed += usize::from(tests_names(stmt, def)));
    // What is taken out is taken out on every way through the function.
    mentioned == handed && taken == def.body.iter().filter(|stmt| taken_by(stmt, def).is_some()).count()
}

/// A look into `**kwargs`.
struct Look<'e> {
    name: &'e str,
    what: What<'e>,
    /// The name is taken out.
    takes: bool,
}

enum What<'e> {
    /// What is there, or this constant; nothing where it has to be there.
    Value(Option<&'e Expr>),
    /// Is it there, or is it not?
    There(bool),
}

/// `kwargs.pop("name", 0)`, `kwargs.get("name", 0)`, `"name" in kwargs`
fn look<'e>(e: &'e Expr, def: &FunctionDef) -> Option<Look<'e>> {
    match &e.kind {
        A::Call { func, args, keywords } if keywords.is_empty() => {
            let A::Attribute { value, name: method } = &func.kind else { return None };
            let [Expr { kind: A::Constant(Constant::Str(name)), .. }, default @ ..] = args.as_slice() else {
                return None;
            };
            let takes = method == "pop";
            if !is_dict(value, def) || !(takes || method == "get") || default.len() > 1 {
                return None;
            }
            let default = default.first();
            // Where the name is there, nobody sees that it is not evaluated.
            let plain = default.is_none_or(|e| matches!(e.kind, A::Constant(_)));
            (plain && (takes || default.is_some())).then_some(Look {
                name,
                what: What::Value(default),
                takes,
            })
        }
        A::Compare { left, ops, comparators } => match (&left.kind, ops.as_slice(), comparators.as_slice()) {
            (A::Constant(Constant::Str(name)), [op @ (CmpOp::In | CmpOp::NotIn)], [dict]) => {
                let what = What::There(*op == CmpOp::In);
                is_dict(dict, def).then_some(Look { name, what, takes: false })
            }
            _ => None,
        },
        _ => None,
    }
}

/// `if kwargs:`
fn tests_names(stmt: &Stmt, def: &FunctionDef) -> bool {
    matches!(&stmt.kind, StmtKind::If { test, .. } if is_dict(test, def))
}

/// The name that a statement takes out of `**kwargs`, before anything else in it can happen.
fn taken_by<'s>(stmt: &'s Stmt, def: &FunctionDef) -> Option<&'s str> {
    let value = match &stmt.kind {
        StmtKind::Assign { value, .. }
        | StmtKind::AnnAssign { value: Some(value), .. }
        | StmtKind::Expr(value) => value,
        _ => return None,
    };
    look(value, def).filter(|look| look.takes).map(|look| look.name)
}

/// `kwargs`
fn is_dict(e: &Expr, def: &FunctionDef) -> bool {
    matches!((&e.kind, &def.params.var_keyword), (A::Name(name), Some(p)) if *name == p.name)
}

/// `*args`
fn is_star(arg: &Expr, def: &FunctionDef) -> bool {
    match (&arg.kind, &def.params.var_positional) {
        (A::Starred(of), Some(p)) => matches!(&of.kind, A::Name(name) if *name == p.name),
        _ => false,
    }
}

/// `**kwargs`
fn is_names(keyword: &Keyword, def: &FunctionDef) -> bool {
    match (keyword, &def.params.var_keyword) {
        (Keyword { name: None, value }, Some(_)) => is_dict(value, def),
        _ => false,
    }
}

/// The function for calls of that shape; `None` where one of its own calls would be given a name twice.
pub(super) fn with_shape(def: &FunctionDef, shape: &Shape) -> Option<FunctionDef> {
    // In a class, calls would give such names another form.
    if shape.names.iter().any(|name| name.starts_with("__")) {
        return None;
    }
    let mut new = def.clone();
    let (star, names) = (new.params.var_positional.take(), new.params.var_keyword.take());
    let param = |of: &Param, what: &dyn std::fmt::Display| Param {
        name: format!("{}[{what}]", of.name),
        annotation: None,
        default: None,
        span: of.span,
    };
    let items: Vec<Param> = star.iter().flat_map(|p| (0..shape.items).map(|at| param(p, &at))).collect();
    let named: Vec<Param> = names.iter().flat_map(|p| shape.names.iter().map(|n| param(p, n))).collect();
    if items.len() != shape.items || named.len() != shape.names.len() {
        return None;
    }
    let mut left: Vec<(String, String)> =
        shape.names.iter().cloned().zip(named.iter().map(|p| p.name.clone())).collect();
    let mut fits = true;
    for stmt in &mut new.body {
        let taken = taken_by(stmt, def).map(str::to_string);
        fits &= filled(stmt, def, &items, &left);
        left.retain(|(name, _)| Some(name) != taken.as_ref());
    }
    new.params.positional.extend(items);
    new.params.keyword_only.extend(named);
    fits.then_some(new)
}

/// Writes out what a statement hands on, and what it finds among these names; false where the function has to be what it
/// is.
fn filled(stmt: &mut Stmt, def: &FunctionDef, items: &[Param], left: &[(String, String)]) -> bool {
    let mut fits = true;
    let read = |name: &str, span| Expr { kind: A::Name(name.to_string()), span };
    let place = |name: &str| left.iter().find(|(known, _)| known == name).map(|(_, place)| place);
    conditions(stmt, def, !left.is_empty());
    walk::expressions_mut(std::slice::from_mut(stmt), &mut |e| {
        let found = look(e, def).map(|look| match (look.what, place(look.name)) {
            (What::There(there), place) => Some(truth(there == place.is_some())),
            (What::Value(_), Some(place)) => Some(A::Name(place.clone())),
            (What::Value(default), None) => default.map(|default| default.kind.clone()),
        });
        match found {
            Some(Some(kind)) => e.kind = kind,
            Some(None) => fits = false,
            None => {}
        }
        let A::Call { args, keywords, .. } = &mut e.kind else { return };
        let given = std::mem::take(args).into_iter().flat_map(|arg| match is_star(&arg, def) {
            true => items.iter().map(|p| read(&p.name, arg.span)).collect(),
            false => vec![arg],
        });
        *args = given.collect();
        let given = std::mem::take(keywords).into_iter().flat_map(|k| match is_names(&k, def) {
            true => {
                let one = |(name, place): &(String, String)| Keyword {
                    name: Some(name.clone()),
                    value: read(place, k.value.span),
                };
                left.iter().map(one).collect()
            }
            false => vec![k],
        });
        *keywords = given.collect();
        let twice = |(at, k): (usize, &Keyword)| {
            k.name.is_some() && keywords[..at].iter().any(|other| other.name == k.name)
        };
        fits &= !keywords.iter().enumerate().any(twice);
    });
    fits
}

fn truth(is: bool) -> A {
    A::Constant(if is { Constant::True } else { Constant::False })
}

/// Says in conditions whether names are left.
fn conditions(stmt: &mut Stmt, def: &FunctionDef, are_left: bool) {
    if tests_names(stmt, def)
        && let StmtKind::If { test, .. } = &mut stmt.kind
    {
        test.kind = truth(are_left);
    }
    let blocks = walk::blocks_mut(stmt);
    blocks.into_iter().flatten().for_each(|stmt| conditions(stmt, def, are_left));
}

/// Lowers the function for calls of that shape; `None` where it has to be the function as it stands.
pub fn lower_handed(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
    shape: &Shape,
) -> Option<Result<Function, Vec<Diagnostic>>> {
    let new = with_shape(def, shape)?;
    let mut function = match super::lower(file, env, qualname, &new, false) {
        Ok(function) => function,
        Err(reasons) => return Some(Err(reasons)),
    };
    // They would be the functions inside of the other one.
    if !function.nested.is_empty() {
        return None;
    }
    let positional = def.params.positional_only.len() + def.params.positional.len();
    for param in &mut function.params[positional..positional + shape.items] {
        param.kind = ParamKind::Item;
    }
    let first = positional + shape.items + def.params.keyword_only.len();
    for (param, name) in function.params[first..].iter_mut().zip(&shape.names) {
        param.kind = ParamKind::Name;
        param.name.clone_from(name);
    }
    Some(Ok(function))
}
