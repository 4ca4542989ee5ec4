//! Where control can go, as far as the structure and what is known of the conditions tell.

use super::visit::children;
use super::{CmpOp, Expr, ExprKind, Stmt, StmtKind, TargetKind};
use crate::lower::classes::{ELLIPSIS, NOT_IMPLEMENTED, TYPE_IN, TYPE_IS, TYPE_OF};

/// What a condition always is, if that is known.
pub type Decide<'d> = &'d dyn Fn(&Expr) -> Option<bool>;

/// Can control reach the end of the block? Nothing is known of the conditions.
pub fn can_fall_off(body: &[Stmt]) -> bool {
    falls_off(body, &|_| None)
}

/// Can control reach the end of the block?
pub fn falls_off(body: &[Stmt], decide: Decide<'_>) -> bool {
    body.iter().all(|s| passes(s, decide))
}

fn passes(stmt: &Stmt, decide: Decide<'_>) -> bool {
    match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Reraise | StmtKind::Bail => false,
        StmtKind::Break | StmtKind::Continue => false,
        StmtKind::If { test, body, orelse } => match decide(test) {
            Some(true) => falls_off(body, decide),
            Some(false) => falls_off(orelse, decide),
            None => falls_off(body, decide) || falls_off(orelse, decide),
        },
        StmtKind::While { test, body, orelse } => {
            let always = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
            match decide(test) {
                Some(false) => falls_off(orelse, decide),
                _ if always => has_break(body, decide),
                _ => falls_off(orelse, decide) || has_break(body, decide),
            }
        }
        StmtKind::For { body, orelse, .. } => falls_off(orelse, decide) || has_break(body, decide),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let falls = (falls_off(body, decide) && falls_off(orelse, decide))
                || handlers.iter().any(|h| falls_off(&h.body, decide));
            falls && falls_off(finalbody, decide)
        }
        _ => true,
    }
}

/// Does the loop body contain a `break` of this loop that can be reached?
fn has_break(body: &[Stmt], decide: Decide<'_>) -> bool {
    let found = |body: &[Stmt]| has_break(body, decide);
    body.iter().any(|s| match &s.kind {
        StmtKind::Break => true,
        StmtKind::If { test, body, orelse } => match decide(test) {
            Some(true) => found(body),
            Some(false) => found(orelse),
            None => found(body) || found(orelse),
        },
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            found(finalbody) || found(body) || found(orelse) || handlers.iter().any(|h| found(&h.body))
        }
        StmtKind::While { orelse, .. } | StmtKind::For { orelse, .. } => found(orelse),
        _ => false,
    })
}

/// How control gets somewhere without a bail. The better way counts, so the order of the variants matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    #[default]
    None,
    /// Only where a loop runs no times.
    Skips,
    /// Only variables and constants were looked at.
    Idle,
    Works,
}

impl Way {
    /// This way, and then `next`.
    fn then(self, next: Way) -> Way {
        let (worse, better) = (self.min(next), self.max(next));
        if worse <= Way::Skips { worse } else { better }
    }
}

/// The ways out of a block that do not bail and raise nothing.
#[derive(Clone, Copy, Default)]
struct Ways {
    falls: Way,
    returns: Way,
    breaks: Way,
    continues: Way,
    /// To a `yield`, which passes every `finally` by.
    waits: Way,
}

impl Ways {
    fn or(self, other: Ways) -> Ways {
        Ways {
            falls: self.falls.max(other.falls),
            returns: self.returns.max(other.returns),
            breaks: self.breaks.max(other.breaks),
            continues: self.continues.max(other.continues),
            waits: self.waits.max(other.waits),
        }
    }

    /// Behind something else.
    fn after(self, before: Way) -> Ways {
        Ways {
            falls: before.then(self.falls),
            returns: before.then(self.returns),
            breaks: before.then(self.breaks),
            continues: before.then(self.continues),
            waits: before.then(self.waits),
        }
    }

    fn best(self) -> Way {
        self.falls.max(self.returns).max(self.breaks).max(self.continues).max(self.waits)
    }
}

/// Is there a way through the function that meets no [`StmtKind::Bail`]? Loops may run no times.
pub fn can_complete(body: &[Stmt]) -> bool {
    let ways = ways(body);
    ways.falls.max(ways.returns).max(ways.waits) != Way::None
}

/// Is there one that is worth a native call? Every loop on it runs at least once; and where the end of the function is
/// left to Python, it is more than an early `return` behind a look at the arguments.
pub fn does_work(body: &[Stmt]) -> bool {
    let all = ways(body);
    let left = body.last().is_some_and(|last| match &last.kind {
        StmtKind::Bail => true,
        StmtKind::For { .. } | StmtKind::While { .. } => way(last).best() <= Way::Skips,
        _ => false,
    });
    all.falls.max(all.returns).max(all.waits) >= if left { Way::Works } else { Way::Idle }
}

fn ways(body: &[Stmt]) -> Ways {
    let mut out = Ways { falls: Way::Idle, ..Ways::default() };
    for stmt in body {
        let next = way(stmt).after(out.falls);
        out = Ways { falls: Way::None, ..out }.or(next);
        if next.falls == Way::None {
            return out;
        }
    }
    out
}

fn way(stmt: &Stmt) -> Ways {
    let none = Ways::default();
    match &stmt.kind {
        StmtKind::Return(Some(Expr { kind: ExprKind::Suspend { waits: true, .. }, .. })) => {
            Ways { waits: Way::Works, ..none }
        }
        StmtKind::Return(value) => Ways { returns: value.as_ref().map_or(Way::Idle, work), ..none },
        StmtKind::Break => Ways { breaks: Way::Idle, ..none },
        StmtKind::Continue => Ways { continues: Way::Idle, ..none },
        StmtKind::Raise { .. } | StmtKind::Reraise | StmtKind::Bail => none,
        StmtKind::If { test, body, orelse } => ways(body).or(ways(orelse)).after(work(test)),
        StmtKind::While { test, body, orelse } => {
            let ends = !matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
            looped(ways(body), if ends { ways(orelse) } else { none })
        }
        StmtKind::For { body, orelse, .. } => looped(ways(body), ways(orelse)),
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            let starts = !matches!(body.first().map(|s| &s.kind), Some(StmtKind::Bail));
            let mut out = ways(body);
            if out.falls != Way::None {
                out = Ways { falls: Way::None, ..out }.or(ways(orelse).after(out.falls));
            }
            if starts {
                // What raised was work.
                out = handlers.iter().fold(out, |acc, h| acc.or(ways(&h.body).after(Way::Works)));
            }
            let last = ways(finalbody);
            let waits = out.waits.max(last.waits);
            let out = match last.falls {
                Way::None if starts || out.best() != Way::None => last,
                Way::None => none,
                // A jump out of `finally` takes exceptions along.
                falls => Ways { falls: falls.then(out.falls), ..out.after(falls).or(last) },
            };
            Ways { waits, ..out }
        }
        StmtKind::Expr(e) => Ways { falls: work(e), ..none },
        StmtKind::Assign { targets, value } => {
            let plain = targets.iter().all(|t| matches!(t.kind, TargetKind::Var(_)));
            Ways { falls: if plain { work(value) } else { Way::Works }, ..none }
        }
        StmtKind::AugAssign { .. } | StmtKind::Delete(_) => Ways { falls: Way::Works, ..none },
        StmtKind::Leave { .. } => Ways { falls: Way::Works, ..none },
        StmtKind::Narrow(_)
        | StmtKind::Caught { .. }
        | StmtKind::Forget { .. }
        | StmtKind::Enter(_)
        | StmtKind::Pass => Ways { falls: Way::Idle, ..none },
    }
}

/// A loop whose normal end goes on as `behind`.
fn looped(inside: Ways, behind: Ways) -> Ways {
    let round = match inside.falls.max(inside.continues) {
        Way::None | Way::Skips => Way::Skips,
        Way::Idle | Way::Works => Way::Works,
    };
    let behind = behind.after(round);
    let left = |way: Way| Way::Works.then(way);
    Ways {
        falls: behind.falls.max(left(inside.breaks)),
        returns: behind.returns.max(left(inside.returns)),
        breaks: behind.breaks,
        continues: behind.continues,
        waits: behind.waits.max(left(inside.waits)),
    }
}

/// Looking at variables and constants is no work.
fn work(e: &Expr) -> Way {
    let idle = match &e.kind {
        ExprKind::None
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Big(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Bytes(_)
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::ModuleAttr { .. }
        | ExprKind::Default { .. } => true,
        ExprKind::Unary { .. }
        | ExprKind::Bool2 { .. }
        | ExprKind::Tuple(_)
        | ExprKind::List(_)
        | ExprKind::Dict(_)
        | ExprKind::Narrow { .. }
        | ExprKind::Out(_)
        | ExprKind::Named { .. } => children(e).into_iter().all(|e| work(e) == Way::Idle),
        ExprKind::Compare { op, .. } => {
            !matches!(op, CmpOp::In | CmpOp::NotIn) && children(e).into_iter().all(|e| work(e) == Way::Idle)
        }
        ExprKind::Call { name, args, keywords } => {
            matches!(
                name.as_str(),
                "isinstance"
                    | "issubclass"
                    | TYPE_IS
                    | TYPE_IN
                    | TYPE_OF
                    | NOT_IMPLEMENTED
                    | ELLIPSIS
                    | "len"
                    | "list"
                    | "dict"
                    | "set"
                    | "tuple"
            ) && keywords.is_empty()
                && args.iter().all(|e| work(e) == Way::Idle)
        }
        _ => false,
    };
    if idle { Way::Idle } else { Way::Works }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::ModuleEnv;
    use crate::source::SourceFile;

    /// What `does_work` says of a function `f`; `BAIL` is what is not compiled.
    fn worth(body: &str) -> bool {
        let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!("def f(x, xs):\n{}", body.replace("BAIL", "del f.x, f.y"));
        let file = SourceFile::new("m", "m.py", text);
        let module = crate::parse::parse_functions(&file).expect("it parses");
        let env = ModuleEnv::new("m", &module, false);
        let def = env.function("f").expect("the function");
        match crate::lower::lower(&file, &env, "f", def, false) {
            Ok(function) => does_work(&function.body),
            Err(_) => false,
        }
    }

    #[test]
    fn ways_that_are_worth_a_call() {
        assert!(worth("for i in xs:\n    if i:\n        BAIL\nreturn x"));
        assert!(worth("if x > 100:\n    BAIL\nreturn x"));
        assert!(worth("for i in xs:\n    if i:\n        return x + 1\nBAIL"));
        assert!(worth("if x in xs:\n    return x\nBAIL"));
        assert!(worth("while x:\n    if x in xs:\n        break\n    BAIL\nreturn x"));
        assert!(worth("try:\n    x = int(x)\nexcept ValueError:\n    return 0\nBAIL"));
    }

    #[test]
    fn ways_that_are_not() {
        assert!(!worth("BAIL"));
        assert!(!worth("for i in xs:\n    BAIL\nreturn x * 2"));
        assert!(!worth("for i in xs:\n    for j in xs:\n        BAIL\nreturn x"));
        assert!(!worth("while x:\n    x -= 1\n    BAIL\nreturn x"));
        assert!(!worth("if not xs:\n    return []\nBAIL"));
        assert!(!worth("if isinstance(x, str) or x is None:\n    return None\nfor i in xs:\n    BAIL"));
        assert!(!worth("while True:\n    BAIL"));
    }
}
