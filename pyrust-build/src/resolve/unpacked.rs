//! `RED, GREEN, BLUE = range(3)`: what each name of a module is bound to.

use std::borrow::Cow;

use crate::ast::{Constant, Expr, ExprKind};

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
