//! What `__exit__` does when the body of its `with` has raised: a form of the method that is not handed the exception. What
//! it asks of it is known; a use of the exception itself is left to Python.
//!
//! ```text
//! def __exit__(self, kind, exc, trace):            def __exit__(self, *, exit[raised]):
//!     if kind is None:                     →           if False:
//!         self.commit()                                    self.commit()
//!     else:                                            else:
//!         self.roll_back()                                 self.roll_back()
//! ```

use super::class_methods::binds_inside;
use super::scope::binds;
use crate::ast::{BoolOp, CmpOp, Constant, Expr, ExprKind as A, FunctionDef, Param, Stmt, StmtKind, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::hir::Function;
use crate::resolve::ModuleEnv;
use crate::source::SourceFile;
use crate::walk;

/// The name under which a call says that the body has raised.
pub(crate) use crate::ops::RAISED;

/// Lowers that form.
pub fn lower_raised(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
) -> Result<Function, Vec<Diagnostic>> {
    super::lower(file, env, qualname, &raised(def), false)
}

fn raised(def: &FunctionDef) -> FunctionDef {
    let mut new = def.clone();
    let params = &mut new.params;
    let own = usize::from(params.positional_only.is_empty());
    let mut handed: Vec<Param> =
        params.positional_only.drain((1 - own).min(params.positional_only.len())..).collect();
    handed.extend(params.positional.drain(own.min(params.positional.len())..));
    let known = handed.len();
    handed.extend(params.var_positional.take());
    // The class and the traceback are true; an exception may have a mind of its own.
    let names: Vec<(String, Handed)> = handed
        .iter()
        .enumerate()
        .map(|(at, p)| {
            let what = match at {
                0 | 2 if at < known => Handed::True,
                1 if at < known => Handed::Something,
                _ => Handed::Any,
            };
            (p.name.clone(), what)
        })
        .collect();
    params.keyword_only.push(Param {
        name: RAISED.to_string(),
        annotation: None,
        default: None,
        span: def
            .params
            .positional
            .first()
            .or(def.params.positional_only.first())
            .map_or(def.span, |p| p.span),
    });
    let is_bound = |name: &str| binds(&def.body, name) || binds_inside(&def.body, name);
    let names: Vec<(String, Handed)> = names
        .into_iter()
        .map(|(name, what)| if is_bound(&name) { (name, Handed::Any) } else { (name, what) })
        .collect();
    new.body.iter_mut().for_each(|stmt| tests(stmt, &names));
    walk::expressions_mut(&mut new.body, &mut |e| asked(e, &names));
    // What is left of them has no name.
    walk::expressions_mut(&mut new.body, &mut |e| {
        if let A::Name(name) = &mut e.kind
            && names.iter().any(|(known, _)| known == name)
        {
            *name = RAISED_ITSELF.to_string();
        }
    });
    new
}

/// A global that there is not.
const RAISED_ITSELF: &str = "what was raised";

/// What is known of a parameter.
#[derive(Clone, Copy, PartialEq)]
enum Handed {
    Any,
    /// Not None.
    Something,
    /// True as well.
    True,
}

fn truth(is: bool) -> A {
    A::Constant(if is { Constant::True } else { Constant::False })
}

fn known(e: &Expr, names: &[(String, Handed)]) -> Handed {
    let A::Name(name) = &e.kind else { return Handed::Any };
    names.iter().find(|(known, _)| known == name).map_or(Handed::Any, |(_, what)| *what)
}

/// `kind is None`, `not kind`, `… if kind else …`, `kind and …`
fn asked(e: &mut Expr, names: &[(String, Handed)]) {
    match &mut e.kind {
        A::If { test, .. } if known(test, names) == Handed::True => {
            test.kind = truth(true);
            return;
        }
        // What is true and not the last is passed over.
        A::BoolOp { op: BoolOp::And, values } if values.len() > 1 => {
            for value in values.iter_mut().rev().skip(1) {
                if known(value, names) == Handed::True {
                    value.kind = truth(true);
                }
            }
            return;
        }
        _ => {}
    }
    let answer = match &e.kind {
        A::Compare { left, ops, comparators } => match (ops.as_slice(), comparators.as_slice()) {
            ([op @ (CmpOp::Is | CmpOp::IsNot)], [Expr { kind: A::Constant(Constant::None), .. }]) => {
                (known(left, names) != Handed::Any).then_some(*op == CmpOp::IsNot)
            }
            _ => None,
        },
        A::UnaryOp { op: UnaryOp::Not, operand } => (known(operand, names) == Handed::True).then_some(false),
        _ => None,
    };
    if let Some(answer) = answer {
        e.kind = truth(answer);
    }
}

/// `if kind:`
fn tests(stmt: &mut Stmt, names: &[(String, Handed)]) {
    if let StmtKind::If { test, .. } = &mut stmt.kind
        && known(test, names) == Handed::True
    {
        test.kind = truth(true);
    }
    let blocks = walk::blocks_mut(stmt);
    blocks.into_iter().flatten().for_each(|stmt| tests(stmt, names));
}
