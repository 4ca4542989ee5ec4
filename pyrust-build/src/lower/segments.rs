//! A generator function that Python itself goes through: cut into *segments*, which run from one `yield` to the next.
//!
//! What lives between two segments are the locals in the generator's own frame, and where its loops are. Each segment is
//! an ordinary function of those, made here as a tree: it ends with a call of [`SUSPEND`], which takes the number of the
//! `yield` that was reached (0 for the end), the value, and everything that has to be kept. So a segment is one
//! transaction, and one that bails out leaves the frame as it was at the `yield`, from where Python goes on.

use std::collections::BTreeSet;

use crate::ast::{
    BinOp, CmpOp, Constant, Expr, ExprKind as E, FunctionDef, Param, Params, Pattern, Stmt, StmtKind as S,
};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// The name that ends a segment; no name of a program.
pub const SUSPEND: &str = "<suspend>";

/// What the names begin with that are made here.
pub(super) const OWN: &str = "pyrust_";

/// At most so many `yield`s in one function: each makes a function of its own.
const MAX_POINTS: usize = 12;

/// At most so many `for` loops are open at a `yield`.
const MAX_LOOPS: usize = 6;

/// A generator function, ready to be cut.
#[derive(Debug)]
pub struct Plan {
    def: FunctionDef,
    /// The `yield`s, in the order of the text.
    pub points: Vec<Point>,
}

/// One `yield`.
#[derive(Clone, Debug)]
pub struct Point {
    pub span: Span,
    /// What is bound whenever it is reached.
    pub locals: Vec<String>,
    /// The loops around it, outermost first.
    pub loops: Vec<Loop>,
}

/// A `yield` that a segment gets to, and what it hands over there besides the value.
#[derive(Clone, Debug)]
pub struct Site {
    /// The number of the `yield`.
    pub point: usize,
    /// Locals, and what stands for loops, that this segment may have changed.
    pub kept: Vec<String>,
}

/// A `for` loop with a `yield` in it: what is gone through, and how many elements have been taken.
#[derive(Clone, Debug)]
pub struct Loop {
    pub span: Span,
    pub sequence: String,
    pub taken: String,
    /// Of `enumerate`: what it counts from.
    pub counts: Option<i64>,
}

/// Why a generator function stays Python: where, and what.
pub type Refusal = (Span, &'static str);

/// The refusal as a finding.
pub fn finding(file: &SourceFile, span: Span, what: &str) -> Diagnostic {
    Diagnostic::new("PYR0313", Severity::Note, format!("{what} is not supported")).at(file.path.clone(), span)
}

/// What has to be known to cut the function.
pub fn plan(def: &FunctionDef) -> Result<Plan, Refusal> {
    check(def)?;
    let mut cutter = Cutter { loops: Vec::new(), points: Vec::new(), open: Vec::new() };
    let body = cutter.block(&def.body)?;
    let mut points = cutter.points;
    if points.len() > MAX_POINTS {
        return Err((def.span, "a generator function with this many `yield`s"));
    }
    let mut outside = BTreeSet::new();
    each_statement(&def.body, &mut |s| {
        if let S::Global(names) | S::Nonlocal(names) = &s.kind {
            outside.extend(names.iter().cloned());
        }
    });
    let mut bound: Vec<String> = def.params.in_frame_order().map(|p| p.name.clone()).collect();
    Flow { points: &mut points, locals: &BTreeSet::new(), unbound: None }.block(&body, &mut bound);
    for point in &mut points {
        point.locals.retain(|name| !outside.contains(name));
        if point.loops.len() > MAX_LOOPS {
            return Err((point.span, "a `yield` inside this many `for` loops"));
        }
    }
    let mut def = def.clone();
    def.body = body;
    Ok(Plan { def, points })
}

/// What keeps the whole function from being cut.
fn check(def: &FunctionDef) -> Result<(), Refusal> {
    if def.is_async {
        return Err((def.span, "an `async` generator"));
    }
    let mut found = None;
    crate::walk::own_expressions(&def.body, &mut |e| match &e.kind {
        E::Name(name) | E::Named { target: name, .. } if name.starts_with(OWN) => {
            found.get_or_insert((e.span, "a name that begins with `pyrust_` in a generator function"));
        }
        E::Lambda { .. } => {
            found.get_or_insert((e.span, "a `lambda` in a generator function that Python goes through"));
        }
        _ => {}
    });
    each_statement(&def.body, &mut |s| match &s.kind {
        S::FunctionDef(_) | S::ClassDef(_) => {
            let what = "a definition in a generator function that Python goes through";
            found.get_or_insert((s.span, what));
        }
        S::Delete(targets) if targets.iter().any(|e| !matches!(e.kind, E::Subscript { .. })) => {
            found.get_or_insert((s.span, "`del` of a name in a generator function"));
        }
        S::Nonlocal(_) => {
            found.get_or_insert((s.span, "`nonlocal` in a generator function that Python goes through"));
        }
        _ => {}
    });
    found.map_or(Ok(()), Err)
}

pub(super) fn each_statement(block: &[Stmt], f: &mut dyn FnMut(&Stmt)) {
    for stmt in block {
        f(stmt);
        blocks(stmt).into_iter().for_each(|block| each_statement(block, f));
    }
}

/// The blocks of a statement.
pub(super) fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match &stmt.kind {
        S::For { body, orelse, .. } | S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
            vec![body, orelse]
        }
        S::With { body, .. } => vec![body],
        S::Try { body, handlers, orelse, finalbody, .. } => {
            let mut all: Vec<&[Stmt]> = vec![body];
            all.extend(handlers.iter().map(|h| &h.body[..]));
            all.extend([&orelse[..], &finalbody[..]]);
            all
        }
        S::Match { cases, .. } => cases.iter().map(|case| &case.body[..]).collect(),
        _ => Vec::new(),
    }
}

/// The same, to be changed.
pub(super) fn blocks_mut(stmt: &mut Stmt) -> Vec<&mut Vec<Stmt>> {
    match &mut stmt.kind {
        S::For { body, orelse, .. } | S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
            vec![body, orelse]
        }
        S::With { body, .. } => vec![body],
        S::Try { body, handlers, orelse, finalbody, .. } => {
            let mut all: Vec<&mut Vec<Stmt>> = vec![body];
            all.extend(handlers.iter_mut().map(|h| &mut h.body));
            all.extend([orelse, finalbody]);
            all
        }
        S::Match { cases, .. } => cases.iter_mut().map(|case| &mut case.body).collect(),
        _ => Vec::new(),
    }
}

/// Replaces every `return` of a block by what `f` makes of its value and place.
pub(super) fn each_return(block: &mut [Stmt], f: &mut dyn FnMut(Option<Expr>, Span) -> S) {
    for stmt in block {
        match &mut stmt.kind {
            S::Return(value) => stmt.kind = f(value.take(), stmt.span),
            _ => blocks_mut(stmt).into_iter().for_each(|block| each_return(block, f)),
        }
    }
}

fn yields(block: &[Stmt]) -> bool {
    crate::walk::has_yield(block)
}

/// Why a generator function does not pay, if so: a segment costs as much as a dozen of Python's own instructions.
pub fn idle(def: &FunctionDef) -> Option<Refusal> {
    if works(&def.body) {
        return None;
    }
    let mut at = None;
    crate::walk::own_expressions(&def.body, &mut |e| {
        if matches!(e.kind, E::Yield(_) | E::YieldFrom(_)) {
            at.get_or_insert(e.span);
        }
    });
    let what = "a generator function that does next to nothing between two `yield`s";
    Some((at.unwrap_or(def.span), what))
}

/// Is there a loop, or a comprehension, without a `yield` in it?
fn works(block: &[Stmt]) -> bool {
    let mut found = false;
    each_statement(block, &mut |s| {
        found |= matches!(s.kind, S::For { .. } | S::While { .. }) && !yields(std::slice::from_ref(s));
    });
    crate::walk::own_expressions(block, &mut |e| {
        found |= matches!(
            e.kind,
            E::ListComp { .. } | E::SetComp { .. } | E::DictComp { .. } | E::Generator { .. }
        );
    });
    found
}

/// Makes the loops around a `yield` explicit, and the `yield`s calls of [`SUSPEND`], which say only their number.
struct Cutter {
    loops: Vec<Loop>,
    points: Vec<Point>,
    /// The open loops that have an iterator.
    open: Vec<usize>,
}

impl Cutter {
    fn block(&mut self, block: &[Stmt]) -> Result<Vec<Stmt>, Refusal> {
        let mut out = Vec::new();
        for stmt in block {
            self.stmt(stmt, &mut out)?;
        }
        Ok(out)
    }

    fn stmt(&mut self, stmt: &Stmt, out: &mut Vec<Stmt>) -> Result<(), Refusal> {
        let span = stmt.span;
        if !yields(std::slice::from_ref(stmt)) {
            out.push(stmt.clone());
            return Ok(());
        }
        let no_yield = |e: &Expr| match yields(&[Stmt { kind: S::Expr(e.clone()), span: e.span }]) {
            true => Err((e.span, "a `yield` inside an expression")),
            false => Ok(()),
        };
        let kind = match &stmt.kind {
            S::Expr(Expr { kind: E::Yield(value), span }) => {
                if let Some(value) = value {
                    no_yield(value)?;
                }
                let value = value.as_deref().cloned();
                let value = value.unwrap_or(Expr { kind: E::Constant(Constant::None), span: *span });
                self.points.push(Point {
                    span: *span,
                    locals: Vec::new(),
                    loops: self.open.iter().map(|i| self.loops[*i].clone()).collect(),
                });
                S::Expr(suspend(self.points.len(), vec![value], *span))
            }
            S::If { test, body, orelse } => {
                no_yield(test)?;
                S::If { test: test.clone(), body: self.block(body)?, orelse: self.block(orelse)? }
            }
            S::While { test, body, orelse } => {
                no_yield(test)?;
                S::While { test: test.clone(), body: self.block(body)?, orelse: self.block(orelse)? }
            }
            S::For { target, iter, body, orelse, is_async: false } => {
                no_yield(iter)?;
                no_yield(target)?;
                return self.for_loop(span, (target, iter), (body, orelse), out);
            }
            S::Try { .. } => return Err((span, "a `yield` inside `try`")),
            S::With { .. } => return Err((span, "a `yield` inside `with`")),
            S::Match { .. } => return Err((span, "a `yield` inside `match`")),
            S::Expr(e) | S::Assign { value: e, .. } if matches!(e.kind, E::YieldFrom(_)) => {
                return Err((e.span, "`yield from` in a generator function that Python goes through"));
            }
            S::Assign { value, .. } | S::AnnAssign { value: Some(value), .. }
                if matches!(value.kind, E::Yield(_)) =>
            {
                return Err((value.span, "a `yield` whose value is used"));
            }
            _ => return Err((span, "a `yield` inside an expression")),
        };
        out.push(Stmt { kind, span });
        Ok(())
    }

    fn for_loop(
        &mut self,
        span: Span,
        (target, iter): (&Expr, &Expr),
        (body, orelse): (&[Stmt], &[Stmt]),
        out: &mut Vec<Stmt>,
    ) -> Result<(), Refusal> {
        let number = self.loops.len();
        let (sequence, taken) = (format!("{OWN}seq{number}"), format!("{OWN}at{number}"));
        let (iter, counts) = match enumerated(iter) {
            Some((iter, start)) => (iter, Some(start)),
            None => (iter, None),
        };
        self.loops.push(Loop { span: iter.span, sequence: sequence.clone(), taken: taken.clone(), counts });
        let at = iter.span;
        let name = |n: &str| Expr { kind: E::Name(n.to_string()), span: at };
        out.push(assign(name(&sequence), iter.clone(), span));
        out.push(assign(name(&taken), number_of(0, at), span));
        let length = Expr {
            kind: E::Call { func: Box::new(name("len")), args: vec![name(&sequence)], keywords: Vec::new() },
            span: at,
        };
        let test = Expr {
            kind: E::Compare {
                left: Box::new(name(&taken)),
                ops: vec![CmpOp::Lt],
                comparators: vec![length],
            },
            span: at,
        };
        let element = Expr {
            kind: E::Subscript { value: Box::new(name(&sequence)), index: Box::new(name(&taken)) },
            span: at,
        };
        let plus = |by: i64| Expr {
            kind: E::BinOp {
                left: Box::new(name(&taken)),
                op: BinOp::Add,
                right: Box::new(number_of(by, at)),
            },
            span: at,
        };
        let element = match counts {
            Some(start) => Expr { kind: E::Tuple(vec![plus(start), element]), span: at },
            None => element,
        };
        let mut inner = Vec::new();
        // The element is taken before its target is bound.
        let item = format!("{OWN}item{number}");
        inner.push(assign(name(&item), element, span));
        inner.push(assign(name(&taken), plus(1), span));
        inner.push(assign(target.clone(), name(&item), span));
        self.open.push(number);
        inner.extend(self.block(body)?);
        self.open.pop();
        let orelse = self.block(orelse)?;
        out.push(Stmt { kind: S::While { test, body: inner, orelse }, span });
        Ok(())
    }
}

/// `enumerate(xs)`, `enumerate(xs, 1)`: what it goes through, and what it counts from.
fn enumerated(iter: &Expr) -> Option<(&Expr, i64)> {
    let E::Call { func, args, keywords } = &iter.kind else { return None };
    let E::Name(name) = &func.kind else { return None };
    if name != "enumerate" || args.iter().any(|a| matches!(a.kind, E::Starred(_))) {
        return None;
    }
    let start = match (args.as_slice(), keywords.as_slice()) {
        ([_], []) => return Some((&args[0], 0)),
        ([_, start], []) => start,
        ([_], [keyword]) if keyword.name.as_deref() == Some("start") => &keyword.value,
        _ => return None,
    };
    match &start.kind {
        E::Constant(Constant::Int(digits)) => Some((&args[0], digits.parse::<i32>().ok()?.into())),
        _ => None,
    }
}

fn number_of(value: i64, span: Span) -> Expr {
    Expr { kind: E::Constant(Constant::Int(value.to_string())), span }
}

pub(super) fn assign(target: Expr, value: Expr, span: Span) -> Stmt {
    Stmt { kind: S::Assign { targets: vec![target], value }, span }
}

/// `<suspend>(point, …)`
pub(super) fn suspend(point: usize, items: Vec<Expr>, span: Span) -> Expr {
    let func = Box::new(Expr { kind: E::Name(SUSPEND.to_string()), span });
    let mut args = vec![number_of(point as i64, span)];
    args.extend(items);
    Expr { kind: E::Call { func, args, keywords: Vec::new() }, span }
}

/// The operands of [`SUSPEND`]: the number, and what follows it.
pub(super) fn suspended(args: &[Expr]) -> (usize, &[Expr]) {
    match args {
        [Expr { kind: E::Constant(Constant::Int(n)), .. }, items @ ..] => (n.parse().unwrap_or(0), items),
        _ => (0, args),
    }
}

/// The number and the value of a `yield` that has been replaced.
fn point_of(stmt: &Stmt) -> Option<(usize, &Expr)> {
    let S::Expr(Expr { kind: E::Call { func, args, .. }, .. }) = &stmt.kind else { return None };
    match (&func.kind, args.as_slice()) {
        (E::Name(name), [Expr { kind: E::Constant(Constant::Int(n)), .. }, value]) if name == SUSPEND => {
            Some((n.parse().ok()?, value))
        }
        _ => None,
    }
}

/// Walks through a function with the names that are bound for certain.
pub(super) struct Flow<'p> {
    points: &'p mut [Point],
    /// Names that must not be read while they may be unbound.
    locals: &'p BTreeSet<String>,
    /// Where one is.
    unbound: Option<Span>,
}

impl Flow<'_> {
    /// What is bound for certain where the only call of [`SUSPEND`] stands; nothing where it is never reached.
    pub(super) fn reached(block: &[Stmt], bound: &mut Vec<String>, span: Span) -> Option<Vec<String>> {
        let mut points = [Point { span, locals: vec![OWN.to_string()], loops: Vec::new() }];
        Flow { points: &mut points, locals: &BTreeSet::new(), unbound: None }.block(block, bound);
        let [Point { locals, .. }] = points;
        (locals != [OWN]).then_some(locals)
    }

    /// May one of these names be read where it is unbound?
    pub(super) fn unbound(block: &[Stmt], bound: &mut Vec<String>, locals: &BTreeSet<String>) -> bool {
        let mut flow = Flow { points: &mut [], locals, unbound: None };
        flow.block(block, bound);
        flow.unbound.is_some()
    }

    /// Adds what is bound for certain behind the block.
    pub(super) fn end(block: &[Stmt], bound: &mut Vec<String>) {
        Flow { points: &mut [], locals: &BTreeSet::new(), unbound: None }.block(block, bound);
    }

    /// What is read in an expression, and what `:=` binds in it.
    fn expr(&mut self, e: &Expr, bound: &mut Vec<String>) {
        let mut certain = true;
        let mut named = Vec::new();
        crate::walk::own_expressions(&[Stmt { kind: S::Expr(e.clone()), span: e.span }], &mut |e| match &e
            .kind
        {
            E::Name(name) if self.locals.contains(name) && !bound.contains(name) && !named.contains(name) => {
                self.unbound.get_or_insert(e.span);
            }
            E::Named { target, .. } => named.push(target.clone()),
            E::BoolOp { .. }
            | E::If { .. }
            | E::ListComp { .. }
            | E::SetComp { .. }
            | E::DictComp { .. }
            | E::Generator { .. }
            | E::Lambda { .. } => certain = false,
            E::Compare { ops, .. } => certain &= ops.len() == 1,
            _ => {}
        });
        match certain {
            true => bound.extend(named),
            // What may be bound has been taken for bound above.
            false if !named.is_empty() => _ = self.unbound.get_or_insert(e.span),
            false => {}
        }
    }

    fn target(&mut self, target: &Expr, bound: &mut Vec<String>) {
        match &target.kind {
            E::Name(name) if !bound.contains(name) => bound.push(name.clone()),
            E::Name(_) => {}
            E::Tuple(items) | E::List(items) => items.iter().for_each(|t| self.target(t, bound)),
            E::Starred(inner) => self.target(inner, bound),
            _ => self.expr(target, bound),
        }
    }

    /// Takes what is bound in front of a block to what is bound behind it; is its end reached?
    fn block(&mut self, block: &[Stmt], bound: &mut Vec<String>) -> bool {
        block.iter().all(|stmt| self.stmt(stmt, bound))
    }

    /// A block that may be left anywhere.
    fn aside(&mut self, block: &[Stmt], bound: &[String]) {
        self.block(block, &mut bound.to_vec());
    }

    fn stmt(&mut self, stmt: &Stmt, bound: &mut Vec<String>) -> bool {
        if let Some((number, value)) = point_of(stmt) {
            self.expr(value, bound);
            if let Some(point) = self.points.get_mut(number - 1) {
                point.locals = bound.iter().filter(|n| !n.starts_with(OWN)).cloned().collect();
            }
            return true;
        }
        match &stmt.kind {
            S::Assign { targets, value } => {
                self.expr(value, bound);
                targets.iter().for_each(|t| self.target(t, bound));
            }
            S::AugAssign { target, value, .. } => {
                self.expr(target, bound);
                self.expr(value, bound);
            }
            S::AnnAssign { target, value: Some(value), .. } => {
                self.expr(value, bound);
                self.target(target, bound);
            }
            S::Expr(e) => self.expr(e, bound),
            S::Delete(list) => list.iter().for_each(|e| self.expr(e, bound)),
            S::Assert { test, message } => {
                self.expr(test, bound);
                message.iter().for_each(|e| self.expr(e, &mut bound.clone()));
            }
            S::Return(value) => {
                value.iter().for_each(|e| self.expr(e, bound));
                return false;
            }
            S::Raise { exc, cause } => {
                exc.iter().chain(cause).for_each(|e| self.expr(e, bound));
                return false;
            }
            S::Break | S::Continue => return false,
            S::If { test, body, orelse } => {
                self.expr(test, bound);
                let (mut then, mut other) = (bound.clone(), bound.clone());
                let ends = self.block(body, &mut then);
                let other_ends = self.block(orelse, &mut other);
                match (ends, other_ends) {
                    (true, true) => {
                        then.retain(|name| other.contains(name));
                        *bound = then;
                    }
                    (true, false) => *bound = then,
                    (false, true) => *bound = other,
                    (false, false) => return false,
                }
            }
            S::While { test, body, orelse } => {
                self.expr(test, bound);
                // Not even the first turn is certain.
                self.aside(body, bound);
                self.aside(orelse, bound);
                let endless = matches!(test.kind, E::Constant(Constant::True));
                return !endless || breaks(body);
            }
            S::For { target, iter, body, orelse, .. } => {
                self.expr(iter, bound);
                let mut inside = bound.clone();
                self.target(target, &mut inside);
                self.aside(body, &inside);
                self.aside(orelse, bound);
            }
            S::With { items, body, .. } => {
                for item in items {
                    self.expr(&item.context, bound);
                    item.target.iter().for_each(|t| self.target(t, bound));
                }
                self.aside(body, bound);
            }
            S::Try { body, handlers, orelse, finalbody, .. } => {
                let mut inside = bound.clone();
                self.block(body, &mut inside);
                self.aside(orelse, &inside);
                for handler in handlers {
                    let mut inside = bound.clone();
                    handler.class.iter().for_each(|e| self.expr(e, &mut inside));
                    inside.extend(handler.name.clone());
                    self.aside(&handler.body, &inside);
                    // Python unbinds it.
                    bound.retain(|name| Some(name) != handler.name.as_ref());
                }
                self.aside(finalbody, bound);
            }
            S::Match { subject, cases } => {
                self.expr(subject, bound);
                for case in cases {
                    let mut inside = bound.clone();
                    captured(&case.pattern, &mut inside);
                    case.guard.iter().for_each(|e| self.expr(e, &mut inside));
                    self.aside(&case.body, &inside);
                }
            }
            S::Import(names) | S::ImportFrom { names, .. } => bound.extend(names.iter().map(imported)),
            S::AnnAssign { value: None, .. }
            | S::FunctionDef(_)
            | S::ClassDef(_)
            | S::TypeAlias { .. }
            | S::Global(_)
            | S::Nonlocal(_)
            | S::Pass => {}
        }
        true
    }
}

/// The name that an import binds.
fn imported(alias: &crate::ast::Alias) -> String {
    alias.as_name.clone().unwrap_or_else(|| alias.name.split('.').next().unwrap_or_default().to_string())
}

/// Does `break` of the loop around stand in the block?
fn breaks(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        S::Break => true,
        S::For { orelse, .. } | S::While { orelse, .. } => breaks(orelse),
        _ => blocks(stmt).into_iter().any(breaks),
    })
}

pub(super) fn bind(target: &Expr, bound: &mut Vec<String>) {
    match &target.kind {
        E::Name(name) if !bound.contains(name) => bound.push(name.clone()),
        E::Tuple(items) | E::List(items) => items.iter().for_each(|t| bind(t, bound)),
        E::Starred(inner) => bind(inner, bound),
        _ => {}
    }
}

/// All names that are bound anywhere in the block.
pub(super) fn stores(block: &[Stmt], out: &mut BTreeSet<String>) {
    let mut bound = Vec::new();
    each_statement(block, &mut |s| match &s.kind {
        S::Assign { targets, .. } => targets.iter().for_each(|t| bind(t, &mut bound)),
        S::AugAssign { target, .. } | S::AnnAssign { target, .. } | S::For { target, .. } => {
            bind(target, &mut bound);
        }
        S::With { items, .. } => {
            items.iter().filter_map(|i| i.target.as_ref()).for_each(|t| bind(t, &mut bound))
        }
        S::Try { handlers, .. } => bound.extend(handlers.iter().filter_map(|h| h.name.clone())),
        S::Import(names) | S::ImportFrom { names, .. } => {
            bound.extend(names.iter().map(imported));
        }
        S::Match { cases, .. } => cases.iter().for_each(|case| captured(&case.pattern, &mut bound)),
        _ => {}
    });
    crate::walk::own_expressions(block, &mut |e| {
        if let E::Named { target, .. } = &e.kind {
            bound.push(target.clone());
        }
    });
    out.extend(bound);
}

/// The names that a pattern binds.
fn captured(pattern: &Pattern, out: &mut Vec<String>) {
    match pattern {
        Pattern::Value(_) | Pattern::Singleton(_) => {}
        Pattern::Star(name) => out.extend(name.clone()),
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => patterns.iter().for_each(|p| captured(p, out)),
        Pattern::Mapping { patterns, rest, .. } => {
            patterns.iter().for_each(|p| captured(p, out));
            out.extend(rest.clone());
        }
        Pattern::Class { patterns, keywords, .. } => {
            patterns.iter().chain(keywords.iter().map(|(_, p)| p)).for_each(|p| captured(p, out));
        }
        Pattern::As { pattern, name } => {
            pattern.iter().for_each(|p| captured(p, out));
            out.extend(name.clone());
        }
    }
}

impl Plan {
    /// The function of one segment: number 0 from the beginning, the others from behind that `yield`.
    pub fn segment(&self, number: usize) -> Result<(FunctionDef, Vec<Site>), Refusal> {
        let mut body = match number {
            0 => self.def.body.clone(),
            _ => rest(&self.def.body, number).ok_or((self.def.span, "a generator function like this"))?,
        };
        let span = self.def.span;
        let (mut written, mut sites) = (BTreeSet::new(), Vec::new());
        stores(&body, &mut written);
        self.finish(&mut body, &written, &mut sites);
        body.push(end(None, span));
        let params = match number {
            0 => self.def.params.clone(),
            _ => self.params(&self.points[number - 1]),
        };
        if number > 0 {
            self.stays_bound(&body, &params)?;
        }
        let def = FunctionDef { body, params, decorators: Vec::new(), returns: None, ..self.def.clone() };
        Ok((def, sites))
    }

    /// What Python goes on with at a `yield` must be complete: it does not ask whether a local is bound where its own
    /// compiler knows that it is.
    fn stays_bound(&self, body: &[Stmt], params: &Params) -> Result<(), Refusal> {
        let mut locals = BTreeSet::new();
        stores(&self.def.body, &mut locals);
        let mut bound: Vec<String> = params.in_frame_order().map(|p| p.name.clone()).collect();
        let mut flow = Flow { points: &mut [], locals: &locals, unbound: None };
        flow.block(body, &mut bound);
        flow.unbound.map_or(Ok(()), |span| Err((span, "a local that may be unbound behind a `yield`")))
    }

    /// Locals, then for each loop its sequence and how many elements have been taken.
    fn params(&self, point: &Point) -> Params {
        let loops = point.loops.iter().flat_map(|l| [l.sequence.clone(), l.taken.clone()]);
        let param = |name: String| Param { name, annotation: None, default: None, span: self.def.span };
        let positional = point.locals.iter().cloned().chain(loops).map(param).collect();
        Params { positional, ..Params::default() }
    }

    /// The names of the parameters of a segment behind a `yield`.
    pub fn names(point: &Point) -> impl Iterator<Item = &String> {
        point.locals.iter().chain(point.loops.iter().flat_map(|l| [&l.sequence, &l.taken]))
    }

    /// Makes every way out of the function end the segment. `written`: what it may change.
    fn finish(&self, block: &mut Vec<Stmt>, written: &BTreeSet<String>, sites: &mut Vec<Site>) {
        for stmt in block {
            if let Some((number, value)) = point_of(stmt) {
                let point = &self.points[number - 1];
                let span = point.span;
                let kept: Vec<String> =
                    Self::names(point).filter(|n| written.contains(*n)).cloned().collect();
                let mut items = vec![value.clone()];
                items.extend(kept.iter().map(|n| Expr { kind: E::Name(n.clone()), span }));
                sites.push(Site { point: number, kept });
                stmt.kind = S::Return(Some(suspend(sites.len(), items, span)));
                continue;
            }
            match &mut stmt.kind {
                S::Return(value) => *stmt = end(value.take(), stmt.span),
                _ => blocks_mut(stmt).into_iter().for_each(|block| self.finish(block, written, sites)),
            }
        }
    }
}

/// `return value`
fn end(value: Option<Expr>, span: Span) -> Stmt {
    let value = value.unwrap_or(Expr { kind: E::Constant(Constant::None), span });
    Stmt { kind: S::Return(Some(suspend(0, vec![value], span))), span }
}

/// What a block still does behind that `yield`, if it is in it.
fn rest(block: &[Stmt], number: usize) -> Option<Vec<Stmt>> {
    block.iter().enumerate().find_map(|(i, stmt)| {
        let mut out = rest_of(stmt, number)?;
        out.extend_from_slice(&block[i + 1..]);
        Some(out)
    })
}

fn rest_of(stmt: &Stmt, number: usize) -> Option<Vec<Stmt>> {
    let span = stmt.span;
    match &stmt.kind {
        S::If { body, orelse, .. } => rest(body, number).or_else(|| rest(orelse, number)),
        S::While { test, body, orelse } => {
            let Some(mut first) = rest(body, number) else { return rest(orelse, number) };
            if !jumps(&first) {
                first.push(stmt.clone());
                return Some(first);
            }
            // The rest of this turn is the first turn of the same loop.
            let flag = || Expr { kind: E::Name(format!("{OWN}first{number}_{}", span.start)), span };
            let constant = |c: Constant| Expr { kind: E::Constant(c), span };
            let endless = matches!(test.kind, E::Constant(Constant::True));
            let test = match endless {
                true => test.clone(),
                false => Expr {
                    kind: E::BoolOp { op: crate::ast::BoolOp::Or, values: vec![flag(), test.clone()] },
                    span: test.span,
                },
            };
            first.insert(0, assign(flag(), constant(Constant::False), span));
            let turn = Stmt { kind: S::If { test: flag(), body: first, orelse: body.clone() }, span };
            let again = S::While { test, body: vec![turn], orelse: orelse.clone() };
            Some(vec![assign(flag(), constant(Constant::True), span), Stmt { kind: again, span }])
        }
        _ => (point_of(stmt)?.0 == number).then(Vec::new),
    }
}

/// Does `break` or `continue` of the loop around stand in the block?
pub(super) fn jumps(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        S::Break | S::Continue => true,
        S::For { orelse, .. } | S::While { orelse, .. } => jumps(orelse),
        _ => blocks(stmt).into_iter().any(jumps),
    })
}
