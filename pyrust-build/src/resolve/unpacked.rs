//! `RED, GREEN, BLUE = range(3)`: what each name of a module or a class is bound to.

use std::borrow::Cow;

use crate::ast::{Constant, Expr, ExprKind, Stmt, StmtKind};

/// The values of an expression that is unpacked to so many targets, where the text says them. `is_builtin` tells of a name
/// whether it is Python's own.
pub(super) fn unpacked<'e>(
    value: &'e Expr,
    count: usize,
    is_builtin: impl Fn(&str) -> bool,
) -> Option<Vec<Cow<'e, Expr>>> {
    let values: Vec<Cow<'e, Expr>> = match &value.kind {
        ExprKind::Tuple(values) | ExprKind::List(values) => values.iter().map(Cow::Borrowed).collect(),
        ExprKind::Call { func, args, keywords } if keywords.is_empty() => {
            let is_range = matches!(&func.kind, ExprKind::Name(name) if name == "range" && is_builtin(name));
            let (first, end, step) = match is_range.then(|| numbers(args)).flatten()?.as_slice() {
                [end] => (0, *end, 1),
                [first, end] => (*first, *end, 1),
                [first, end, step] if *step > 0 => (*first, *end, *step),
                _ => return None,
            };
            if end.saturating_sub(first).div_ceil(step) != count as u64 {
                return None;
            }
            let number = |at: u64| ExprKind::Constant(Constant::Int((first + at * step).to_string()));
            let numbers = (0..count as u64).map(|at| Expr { kind: number(at), span: value.span });
            numbers.map(Cow::Owned).collect()
        }
        _ => return None,
    };
    let starred = |value: &Cow<'_, Expr>| matches!(value.kind, ExprKind::Starred(_));
    (values.len() == count && !values.iter().any(starred)).then_some(values)
}

/// Arguments that are small numbers, as they stand.
fn numbers(args: &[Expr]) -> Option<Vec<u64>> {
    let number = |arg: &Expr| match &arg.kind {
        ExprKind::Constant(Constant::Int(text)) => text.parse().ok().filter(|n| *n < 1 << 32),
        _ => None,
    };
    args.iter().map(number).collect()
}

/// `UP, DOWN = 1, -1` in classes becomes one assignment for each name, where all that is assigned is written down.
pub(super) fn split_in_classes(body: &mut [Stmt]) {
    for stmt in body {
        let StmtKind::ClassDef(class) = &mut stmt.kind else { continue };
        class.body = std::mem::take(&mut class.body).into_iter().flat_map(split).collect();
        split_in_classes(&mut class.body);
    }
}

fn split(stmt: Stmt) -> Vec<Stmt> {
    let StmtKind::Assign { targets, value } = &stmt.kind else { return vec![stmt] };
    let [Expr { kind: ExprKind::Tuple(names) | ExprKind::List(names), .. }] = targets.as_slice() else {
        return vec![stmt];
    };
    let Some(values) = unpacked(value, names.len(), |_| false) else { return vec![stmt] };
    let fits = names.iter().all(|name| matches!(name.kind, ExprKind::Name(_)))
        && values.iter().all(|value| is_literal(value));
    if !fits {
        return vec![stmt];
    }
    let assign = |(name, value): (&Expr, Cow<'_, Expr>)| {
        let kind = StmtKind::Assign { targets: vec![name.clone()], value: value.into_owned() };
        Stmt { kind, span: stmt.span }
    };
    names.iter().zip(values).map(assign).collect()
}

/// Is it a constant, or a number with a sign?
fn is_literal(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Constant(_) => true,
        ExprKind::UnaryOp { operand, .. } => matches!(operand.kind, ExprKind::Constant(_)),
        _ => false,
    }
}
