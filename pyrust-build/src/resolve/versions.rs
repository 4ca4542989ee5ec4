//! Conditions of modules that are the same on every Python that is supported, such as `sys.version_info[0] < 3`: what
//! they rule out binds nothing.

use super::{Binding, ModuleEnv};
use crate::ast::{BoolOp, CmpOp, Constant, Expr, ExprKind as E, UnaryOp};

/// Minor versions that a condition is tried with: from the oldest that is supported on.
const MINORS: std::ops::RangeInclusive<i64> = 11..=30;

/// How far names of conditions (`PY3 = sys.version_info[0] >= 3`) are followed.
const MAX_DEPTH: usize = 4;

impl ModuleEnv {
    /// What a condition at module level is, wherever the module is imported.
    pub(super) fn decided(&self, test: &Expr) -> Option<bool> {
        self.decided_at(test, MAX_DEPTH)
    }

    fn decided_at(&self, test: &Expr, depth: usize) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        match &test.kind {
            E::Constant(Constant::True) => Some(true),
            E::Constant(Constant::False | Constant::None) => Some(false),
            E::UnaryOp { op: UnaryOp::Not, operand } => self.decided_at(operand, depth).map(|v| !v),
            E::BoolOp { op, values } => {
                let stops = *op == BoolOp::Or;
                let found: Vec<Option<bool>> = values.iter().map(|v| self.decided_at(v, depth)).collect();
                match found.contains(&Some(stops)) {
                    true => Some(stops),
                    false => found.iter().all(Option::is_some).then_some(!stops),
                }
            }
            // Both names stand for what is false when the module runs.
            E::Name(name) | E::Attribute { name, .. } if name == "TYPE_CHECKING" => Some(false),
            E::Name(name) => match self.candidates.get(name)?.as_slice() {
                [(Binding::Value(value), false)] => self.decided_at(value, depth),
                _ => None,
            },
            E::Compare { left, ops, comparators } => {
                let ([op], [right]) = (ops.as_slice(), comparators.as_slice()) else { return None };
                self.is_main(left, *op, right).or_else(|| self.compared(left, *op, right))
            }
            _ => None,
        }
    }

    /// `__name__ == "__main__"`: the module is imported.
    fn is_main(&self, left: &Expr, op: CmpOp, right: &Expr) -> Option<bool> {
        let own = |e: &Expr| matches!(&e.kind, E::Name(n) if n == "__name__");
        let main = |e: &Expr| matches!(&e.kind, E::Constant(Constant::Str(s)) if s == "__main__");
        (op == CmpOp::Eq && ((own(left) && main(right)) || (own(right) && main(left)))).then_some(false)
    }

    fn compared(&self, left: &Expr, op: CmpOp, right: &Expr) -> Option<bool> {
        if let Some(version) = self.version(left) {
            return version.compared(op, &numbers(right)?);
        }
        let flipped = match op {
            CmpOp::Lt => CmpOp::Gt,
            CmpOp::LtE => CmpOp::GtE,
            CmpOp::Gt => CmpOp::Lt,
            CmpOp::GtE => CmpOp::LtE,
            same => same,
        };
        self.version(right)?.compared(flipped, &numbers(left)?)
    }

    /// `sys.version_info`, or a part of it.
    fn version(&self, e: &Expr) -> Option<Version> {
        match &e.kind {
            E::Attribute { value, name } if name == "version_info" => {
                let E::Name(module) = &value.kind else { return None };
                let bound = self.candidates.get(module)?;
                // What is unknown is `del sys`, where that stands behind the test.
                let others = bound.iter().all(|(b, _)| is_sys(b) || matches!(b, Binding::Unknown));
                (others && is_sys(&bound.first()?.0)).then_some(Version::Whole)
            }
            E::Name(name) => match self.candidates.get(name)?.as_slice() {
                [(Binding::Imported { module, name }, _)] if module == "sys" && name == "version_info" => {
                    Some(Version::Whole)
                }
                _ => None,
            },
            E::Attribute { value, name } => match (self.version(value)?, name.as_str()) {
                (Version::Whole, "major") => Some(Version::Item(0)),
                (Version::Whole, "minor") => Some(Version::Item(1)),
                _ => None,
            },
            E::Subscript { value, index } => match (self.version(value)?, &index.kind) {
                (Version::Whole, E::Slice { lower, upper: Some(upper), step: None }) => {
                    let from = lower.as_ref().map_or(Some(0), |e| number(e))?;
                    let to = number(upper)?;
                    (from == 0 && (1..=2).contains(&to)).then_some(Version::First(to as usize))
                }
                (Version::Whole, _) => match number(index)? {
                    0 => Some(Version::Item(0)),
                    1 => Some(Version::Item(1)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

fn is_sys(binding: &Binding) -> bool {
    matches!(binding, Binding::Module(module) if module == "sys")
}

/// A part of `sys.version_info`.
#[derive(Clone, Copy)]
enum Version {
    Whole,
    /// So many items from the start.
    First(usize),
    Item(usize),
}

impl Version {
    /// What comparing it gives, if that is the same on all versions.
    fn compared(self, op: CmpOp, with: &[i64]) -> Option<bool> {
        let mut answers = MINORS.map(|minor| {
            let version = [3, minor];
            match self {
                Version::Item(i) => answer(op, &version[i..=i], with),
                Version::First(n) => answer(op, &version[..n], with),
                // What is equal so far is decided by what is not known here, but for the length.
                Version::Whole if with.len() > 2 && with[..2] == version => None,
                Version::Whole if with.len() > 2 => answer(op, &version, &with[..2]),
                Version::Whole => answer(op, &[3, minor, 0], with),
            }
        });
        let first = answers.next()??;
        answers.all(|a| a == Some(first)).then_some(first)
    }
}

fn answer(op: CmpOp, a: &[i64], b: &[i64]) -> Option<bool> {
    Some(match op {
        CmpOp::Eq => a == b,
        CmpOp::NotEq => a != b,
        CmpOp::Lt => a < b,
        CmpOp::LtE => a <= b,
        CmpOp::Gt => a > b,
        CmpOp::GtE => a >= b,
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    })
}

fn numbers(e: &Expr) -> Option<Vec<i64>> {
    match &e.kind {
        E::Tuple(items) => items.iter().map(number).collect(),
        _ => number(e).map(|n| vec![n]),
    }
}

fn number(e: &Expr) -> Option<i64> {
    match &e.kind {
        E::Constant(Constant::Int(digits)) => digits.parse().ok(),
        _ => None,
    }
}
