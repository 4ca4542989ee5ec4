//! Comprehensions, and generator expressions that are consumed where they stand.

use super::{Expr, ExprKind, Iter, IterKind, Target, TargetKind};

/// What a comprehension or a consumed generator expression builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompKind {
    List,
    /// A list of at most so many elements: what unpacking looks at.
    Take(usize),
    Dict,
    /// A frozenset if so said.
    Set(bool),
    Sum,
    Any,
    All,
    Min,
    Max,
    Join,
    Tuple,
    /// `next(…)` of a generator expression.
    First,
    /// `list.extend(…)` of the list in `extra`.
    Extend,
    /// `set.update(…)` of the set in `extra`.
    Update,
    /// `sum(…, [])`: lists one behind the other.
    Concat,
    /// `deque(…)`, with the `maxlen` in `extra`.
    Deque,
    /// `Counter(…)`
    Count,
}

#[derive(Clone, Debug)]
pub struct Comp {
    pub kind: CompKind,
    pub generators: Vec<Generator>,
    /// The element; for a dict the key.
    pub element: Expr,
    /// The value of a dict item.
    pub value: Option<Expr>,
    /// `start` of sum, `default` of min/max/next, the separator of join, the `maxlen` of a deque, the value of all keys of a dict.
    pub extra: Option<Expr>,
    /// `key` of min/max: a lambda.
    pub key: Option<Expr>,
    /// `map`, `filter`, `set` or `frozenset`, if it was spelled so; `bytes` or `bytearray` where those take the
    /// elements one by one.
    pub builtin: Option<&'static str>,
}

impl Comp {
    /// Without anything that only some kinds have.
    pub fn new(kind: CompKind, generators: Vec<Generator>, element: Expr) -> Self {
        Comp { kind, generators, element, value: None, extra: None, key: None, builtin: None }
    }

    /// What is gone through, where its elements are taken as they are: `tuple(x)`, `list(x)`.
    pub fn source(&self) -> Option<&Expr> {
        let [Generator { target, iter, ifs }] = self.generators.as_slice() else { return None };
        match (&target.kind, &iter.kind, &self.element.kind) {
            (TargetKind::Var(v), IterKind::Expr(e), ExprKind::Local(x)) if v == x && ifs.is_empty() => {
                Some(e)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Generator {
    pub target: Target,
    pub iter: Iter,
    pub ifs: Vec<Expr>,
}
