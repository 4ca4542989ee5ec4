//! The comparisons that `functools.total_ordering` makes of one that the class has: compiled like methods that stand in the
//! class.
//!
//! As with dataclasses nothing of it is trusted: what the class really has is compared with the digest of the function of
//! `functools` that would be there ([`Made::texts`]).

use super::dataclass::{Made, Text, defines};
use crate::ast::{BoolOp, ClassDef, CmpOp, ExprKind as E, StmtKind as S, UnaryOp};
use crate::source::Span;

/// The comparisons, the one from which the others are made first.
const ORDER: [&str; 4] = ["__lt__", "__le__", "__gt__", "__ge__"];

/// What a comparison is made of.
struct Form {
    /// It begins with the opposite of the one that is there.
    not: bool,
    /// What follows: `and self != other`, `or self == other`.
    equality: Option<(BoolOp, CmpOp)>,
}

/// How the comparison `made` follows from `root`.
fn form(root: usize, made: usize) -> Form {
    let (strict, less) = (|op: usize| op.is_multiple_of(2), |op: usize| op < 2);
    let not = less(root) != less(made);
    let equality = match (not, strict(root), strict(made)) {
        (true, true, true) | (false, false, true) => Some((BoolOp::And, CmpOp::NotEq)),
        (true, false, false) | (false, true, false) => Some((BoolOp::Or, CmpOp::Eq)),
        _ => None,
    };
    Form { not, equality }
}

/// The methods that the decorator adds. `above`: does a class above it have a comparison of that name?
pub(super) fn expand(class: &ClassDef, span: Span, above: &dyn Fn(&str) -> bool) -> Vec<Made> {
    let there: Vec<usize> =
        (0..ORDER.len()).filter(|op| defines(class, ORDER[*op]) || above(ORDER[*op])).collect();
    let Some(&root) = there.first() else { return Vec::new() };
    (0..ORDER.len()).filter(|op| !there.contains(op)).map(|op| method(root, op, span)).collect()
}

fn method(root: usize, made: usize, span: Span) -> Made {
    let text = Text { span };
    let Form { not, equality } = form(root, made);
    let name = |of: &str| text.expr(E::Name(of.to_string()));
    let func = Box::new(text.attribute("self", ORDER[root]));
    let mut value = text.expr(E::Call { func, args: vec![name("other")], keywords: vec![] });
    if not {
        value = text.expr(E::UnaryOp { op: UnaryOp::Not, operand: Box::new(value) });
    }
    if let Some((op, compared)) = equality {
        let (left, comparators) = (Box::new(name("self")), vec![name("other")]);
        let equal = text.expr(E::Compare { left, ops: vec![compared], comparators });
        value = text.expr(E::BoolOp { op, values: vec![value, equal] });
    }
    let params = vec![text.param("self", None, None), text.param("other", None, None)];
    let body = vec![text.stmt(S::Return(Some(value)))];
    Made { def: text.function(ORDER[made], params, body), texts: vec![((3, 0), spelled(root, made))] }
}

/// What `functools` would have to be written like for its function to have this digest.
fn spelled(root: usize, made: usize) -> String {
    let Form { not, equality } = form(root, made);
    let first = if not { "not op_result" } else { "op_result" };
    let rest = equality.map_or_else(String::new, |(op, compared)| {
        let op = if op == BoolOp::And { "and" } else { "or" };
        format!(" {op} self {} other", compared.symbol())
    });
    let (own, from) = (ORDER[made].trim_matches('_'), ORDER[root].trim_matches('_'));
    format!(
        "def _{own}_from_{from}(self, other):\n op_result = type(self).{}(self, other)\n \
         if op_result is NotImplemented:\n  return op_result\n return {first}{rest}\n",
        ORDER[root],
    )
}
