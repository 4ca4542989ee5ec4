//! What Python raises first in a statement where a variable is None: in a `try` whose handlers catch that, the exception is
//! raised natively (`try: n += len(row.split(",")) except AttributeError: bad += 1`), where else the call is Python's.
//!
//! Only the first operation of the statement is looked at that could raise or do anything: what is evaluated before are
//! variables and constants.

use crate::hir::{
    BinOp, Catch, CmpOp, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, TargetKind, Var, VarId,
};
use crate::source::Span;
use crate::ty::Type;

/// A variable that must not be None, and what Python raises if it is.
pub(super) struct Failure {
    pub(super) var: VarId,
    pub(super) span: Span,
    pub(super) class: &'static str,
    pub(super) message: String,
}

impl Failure {
    /// Is it caught by a handler of one of these classes?
    pub(super) fn is_caught(&self, classes: &[Catch]) -> bool {
        let catches = |name: &str| name == self.class || matches!(name, "Exception" | "BaseException");
        classes.iter().any(|class| matches!(class, Catch::Builtin(name) if catches(name)))
    }
}

/// What comes first in an expression.
enum First {
    /// Nothing that could raise.
    Nothing,
    /// This, if the variable is None.
    Fails(Failure),
    /// Something else.
    Other,
}

/// The failure that comes before anything else that the statement does. `nodes` are the types of expressions, `is_builtin`
/// tells whether a name means Python's own function.
pub(super) fn first_failure(
    stmt: &Stmt,
    vars: &[Var],
    nodes: &[Type],
    is_builtin: &dyn Fn(&str) -> bool,
) -> Option<Failure> {
    let look = Look { vars, nodes, is_builtin };
    let first = match &stmt.kind {
        StmtKind::Expr(e) | StmtKind::Return(Some(e)) => look.expr(e),
        StmtKind::Assign { targets, value } => match (look.expr(value), targets.as_slice()) {
            (First::Nothing, [target]) if matches!(target.kind, TargetKind::Tuple(_)) => {
                look.none(value, "TypeError", "cannot unpack non-iterable NoneType object".to_string())
            }
            (first, _) => first,
        },
        StmtKind::AugAssign { target, op, value, .. } => match (&target.kind, look.expr(value)) {
            (TargetKind::Var(var), first) if look.is_bound(*var) => match first {
                First::Nothing => look.operands(
                    *op,
                    &format!("{}=", op.symbol()),
                    (None, target.id),
                    (Some(value), value.id),
                ),
                first => first,
            },
            _ => First::Other,
        },
        StmtKind::If { test, .. } => look.expr(test),
        StmtKind::For { iter, .. } => look.iter(iter),
        _ => First::Other,
    };
    match first {
        First::Fails(failure) => Some(failure),
        First::Nothing | First::Other => None,
    }
}

struct Look<'a> {
    vars: &'a [Var],
    nodes: &'a [Type],
    is_builtin: &'a dyn Fn(&str) -> bool,
}

impl Look<'_> {
    fn is_bound(&self, var: VarId) -> bool {
        !self.vars[var].maybe_unbound
    }

    fn none(&self, e: &Expr, class: &'static str, message: String) -> First {
        match e.kind {
            ExprKind::Local(var) => First::Fails(Failure { var, span: e.span, class, message }),
            _ => First::Other,
        }
    }

    fn iter(&self, iter: &Iter) -> First {
        match &iter.kind {
            IterKind::Expr(e) => match self.expr(e) {
                First::Nothing => self.none(e, "TypeError", "'NoneType' object is not iterable".to_string()),
                first => first,
            },
            _ => First::Other,
        }
    }

    /// The first of several that does anything; `then` if none does.
    fn all<'e>(&self, items: impl IntoIterator<Item = &'e Expr>, then: impl FnOnce() -> First) -> First {
        for e in items {
            match self.expr(e) {
                First::Nothing => {}
                first => return first,
            }
        }
        then()
    }

    fn expr(&self, e: &Expr) -> First {
        match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_) => First::Nothing,
            ExprKind::Local(var) if self.is_bound(*var) => First::Nothing,
            ExprKind::Method { base, name, args, keywords } => match self.expr(base) {
                // The method is looked up before the arguments are evaluated.
                First::Nothing if self.is_container(base) => {
                    self.all(args.iter().chain(keywords.iter().map(|(_, e)| e)), || First::Other)
                }
                First::Nothing => match attribute_of(name) {
                    Some(name) => {
                        let message = format!("'NoneType' object has no attribute '{name}'");
                        self.none(base, "AttributeError", message)
                    }
                    None => First::Other,
                },
                first => first,
            },
            ExprKind::Index { base, index } => self.all([&**base, &**index], || {
                self.none(base, "TypeError", "'NoneType' object is not subscriptable".to_string())
            }),
            ExprKind::Call { name, args, keywords }
                if keywords.is_empty() && (self.is_builtin)(name) => self.all(args, || {
                let message = match (name.as_str(), args.len()) {
                    ("len", 1) => "object of type 'NoneType' has no len()",
                    ("int", 1) => {
                        "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
                    }
                    ("float", 1) => "float() argument must be a string or a real number, not 'NoneType'",
                    _ => return First::Other,
                };
                self.none(&args[0], "TypeError", message.to_string())
            }),
            ExprKind::Binary { op, left, right } => self.all([&**left, &**right], || {
                self.operands(*op, op.symbol(), (Some(left), left.id), (Some(right), right.id))
            }),
            ExprKind::InPlace { op, left, right } => self.all([&**left, &**right], || {
                let symbol = format!("{}=", op.symbol());
                self.operands(*op, &symbol, (Some(left), left.id), (Some(right), right.id))
            }),
            ExprKind::Compare { op, left, right } => self.all([&**left, &**right], || {
                if !matches!(op, CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE) {
                    return First::Other;
                }
                let (of_left, of_right) = (self.number(left.id), self.number(right.id));
                let text = |l: &str, r: &str| {
                    format!("'{}' not supported between instances of '{l}' and '{r}'", op.symbol())
                };
                match (of_left, of_right) {
                    (Some(number), None) => self.none(right, "TypeError", text(number, "NoneType")),
                    (None, Some(number)) => self.none(left, "TypeError", text("NoneType", number)),
                    _ => First::Other,
                }
            }),
            ExprKind::Bool2 { left, .. } => self.expr(left),
            ExprKind::If { test, .. } => self.expr(test),
            ExprKind::Out(e) => self.expr(e),
            ExprKind::Tuple(items) | ExprKind::List(items) => self.all(items, || First::Nothing),
            _ => First::Other,
        }
    }

    /// Arithmetic of a number and a variable.
    fn operands(
        &self,
        op: BinOp,
        symbol: &str,
        (left, left_id): (Option<&Expr>, NodeId),
        (right, right_id): (Option<&Expr>, NodeId),
    ) -> First {
        // Their messages tell more.
        if matches!(op, BinOp::Pow | BinOp::MatMult) {
            return First::Other;
        }
        let text = |l: &str, r: &str| format!("unsupported operand type(s) for {symbol}: '{l}' and '{r}'");
        match (self.number(left_id), self.number(right_id), left, right) {
            (Some(l), None, _, Some(right)) => self.none(right, "TypeError", text(l, "NoneType")),
            (None, Some(r), Some(left), _) => self.none(left, "TypeError", text("NoneType", r)),
            _ => First::Other,
        }
    }

    /// Is it a container, whose methods are C code? Looking one up does nothing else.
    fn is_container(&self, e: &Expr) -> bool {
        let containers = |ty: &Type| {
            matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { .. } | Type::Deque { .. })
        };
        self.nodes.get(e.id).is_some_and(containers)
    }

    /// What a number is called in a message, where it is of one class.
    fn number(&self, id: NodeId) -> Option<&'static str> {
        match self.nodes.get(id)? {
            Type::Int | Type::Big => Some("int"),
            Type::Float => Some("float"),
            _ => None,
        }
    }
}

/// The attribute that Python looks up: None has none but special ones. Other operations have names that are none of the
/// language's.
fn attribute_of(name: &str) -> Option<&str> {
    let name = name.strip_prefix("attribute ").unwrap_or(name);
    let plain = name.chars().all(|c| c == '_' || c.is_alphanumeric()) && !name.starts_with("__");
    plain.then_some(name)
}
