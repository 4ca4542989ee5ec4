//! Functions that do nothing with their `*args` and `**kwargs` but hand them on: for calls of one shape they are functions
//! with ordinary parameters.
//!
//! ```text
//! def __init__(self, *args, **kwargs):             def __init__(self, args[0], args[1], *, kwargs[unit]):
//!     super().__init__(*args, **kwargs)        →       super().__init__(args[0], args[1], unit=kwargs[unit])
//! ```

use super::class_methods::binds_inside;
use super::scope::binds;
use crate::ast::{Expr, ExprKind as A, FunctionDef, Keyword, Param};
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

/// Does the function only hand on what its `*args` and `**kwargs` hold?
pub fn only_hands_on(def: &FunctionDef) -> bool {
    let stars = def.params.var_positional.iter().chain(&def.params.var_keyword);
    let names: Vec<&str> = stars.map(|p| p.name.as_str()).collect();
    let is_bound = |name: &&str| binds(&def.body, name) || binds_inside(&def.body, name);
    if names.is_empty() || names.iter().any(is_bound) {
        return false;
    }
    let (mut mentioned, mut handed) = (0, 0);
    walk::expressions(&def.body, &mut |e| match &e.kind {
        A::Name(name) => mentioned += usize::from(names.contains(&name.as_str())),
        A::Call { args, keywords, .. } => {
            handed += args.iter().filter(|arg| is_star(arg, def)).count();
            handed += keywords.iter().filter(|k| is_names(k, def)).count();
        }
        _ => {}
    });
    mentioned == handed
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
        (Keyword { name: None, value }, Some(p)) => {
            matches!(&value.kind, A::Name(name) if *name == p.name)
        }
        _ => false,
    }
}

/// The function for calls of that shape; `None` where one of its own calls would be given a name twice.
fn with_shape(def: &FunctionDef, shape: &Shape) -> Option<FunctionDef> {
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
    let mut fits = true;
    walk::expressions_mut(&mut new.body, &mut |e| {
        let A::Call { args, keywords, .. } = &mut e.kind else { return };
        let read = |param: &Param, span| Expr { kind: A::Name(param.name.clone()), span };
        let given = std::mem::take(args).into_iter().flat_map(|arg| match is_star(&arg, def) {
            true => items.iter().map(|p| read(p, arg.span)).collect(),
            false => vec![arg],
        });
        *args = given.collect();
        let given = std::mem::take(keywords).into_iter().flat_map(|k| match is_names(&k, def) {
            true => {
                let one = |(p, name): (&Param, &String)| Keyword {
                    name: Some(name.clone()),
                    value: read(p, k.value.span),
                };
                named.iter().zip(&shape.names).map(one).collect()
            }
            false => vec![k],
        });
        *keywords = given.collect();
        let twice = |(at, k): (usize, &Keyword)| {
            k.name.is_some() && keywords[..at].iter().any(|other| other.name == k.name)
        };
        fits &= !keywords.iter().enumerate().any(twice);
    });
    new.params.positional.extend(items);
    new.params.keyword_only.extend(named);
    fits.then_some(new)
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
