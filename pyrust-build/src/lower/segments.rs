//! A generator function that Python itself goes through: cut into *segments*, which run from one `yield` to the next.
//!
//! What lives between two segments are the locals in the generator's own frame, and where its loops are. Each segment is
//! an ordinary function of those, made here as a tree: it ends with a call of [`SUSPEND`], which takes the number of the
//! `yield` that was reached (0 for the end), the value, and everything that has to be kept. So a segment is one
//! transaction, and one that bails out leaves the frame as it was at the `yield`, from where Python goes on.

use std::collections::BTreeSet;

use super::bound::{Flow, stores};
use super::counted::{Counted, Form, Place};
use crate::ast::{Constant, Expr, ExprKind as E, FunctionDef, Param, Params, Stmt, StmtKind as S};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};
use crate::walk::{blocks, each_statement};

/// The name that ends a segment; no name of a program.
pub const SUSPEND: &str = "<suspend>";

/// The same at a `yield`: what is left there goes on, so no `finally` runs.
const WAIT: &str = "<wait>";

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
    /// What is bound whenever what stands behind it is reached.
    pub locals: Vec<String>,
    /// The loops around it, outermost first.
    pub loops: Vec<Loop>,
    /// The local that what comes back is bound to.
    pub sent: Option<String>,
    /// That is bound before as well.
    pub rebinds: bool,
    /// Of a `yield from`, what Python itself evaluates there.
    pub evaluated: Option<Expr>,
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
    pub form: Form,
    /// Of `enumerate`: what it counts from.
    pub counts: Option<i64>,
    /// What stands in the text and is not called: builtins all the same.
    pub builtins: Vec<&'static str>,
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
    if let Some(point) = points.iter().find(|p| p.sent.as_ref().is_some_and(|n| outside.contains(n))) {
        return Err((point.span, "a `yield` whose value is bound to a global"));
    }
    let mut bound: Vec<String> = def.params.in_frame_order().map(|p| p.name.clone()).collect();
    Flow::over(&mut points, &body, &mut bound);
    let locals = locals_of(def);
    for point in &mut points {
        point.locals.retain(|name| !outside.contains(name));
        if let Some(e) = &point.evaluated
            && Flow::reads_unbound(e, &point.locals, &locals)
        {
            return Err((e.span, "a local that may be unbound in a `yield from`"));
        }
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

/// All locals of a function.
pub fn locals_of(def: &FunctionDef) -> BTreeSet<String> {
    let mut locals = BTreeSet::new();
    stores(&def.body, &mut locals);
    locals
}

/// The blocks of a statement, to be changed.
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
        if crate::walk::is_yield(e) {
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
        // Its `else` runs once.
        found |= matches!(&s.kind, S::For { body, .. } | S::While { body, .. } if !yields(body));
    });
    crate::walk::own_expressions(block, &mut |e| {
        found |= matches!(
            e.kind,
            E::ListComp { .. } | E::SetComp { .. } | E::DictComp { .. } | E::Generator { .. }
        );
    });
    found
}

/// May turns of a loop around a `yield` pass without it? Whether they do, and so whether the function pays, is seen when
/// it runs.
pub fn may_pass(def: &FunctionDef) -> bool {
    let mut found = false;
    each_statement(&def.body, &mut |s| {
        found |= matches!(&s.kind, S::For { body, .. } if yields(body) && !always_yields(body));
    });
    found
}

/// What tells whether a generator function pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The places of the loops around a `yield`.
    Places,
    /// Turns of all its loops: so many for each element.
    Turns(u32),
}

/// As long as this many simple statements take in CPython, a segment takes.
const STATEMENTS: usize = 12;

/// Names of functions and methods that take about as long as a statement.
const SHORT: &[&str] = &[
    "abs",
    "add",
    "append",
    "appendleft",
    "bool",
    "chr",
    "discard",
    "divmod",
    "float",
    "get",
    "int",
    "isinstance",
    "len",
    "max",
    "min",
    "next",
    "ord",
    "pop",
    "popleft",
    "range",
    "round",
    "setdefault",
    "str",
];

/// How many turns for one element make up for a segment, where loops are all that may take long.
pub fn turns(def: &FunctionDef) -> Option<Watched> {
    let (mut loops, mut inside, mut counted) = (0, 0, true);
    each_statement(&def.body, &mut |s| {
        if let S::For { body, .. } | S::While { body, .. } = &s.kind {
            loops += 1;
            inside += body.iter().map(weight).sum::<usize>();
        }
        counted &= !matches!(&s.kind, S::For { iter, .. } if has_known_length(iter));
    });
    let mut short = loops > 0 && counted;
    crate::walk::own_expressions(&def.body, &mut |e| {
        short &= match &e.kind {
            E::ListComp { .. } | E::SetComp { .. } | E::DictComp { .. } | E::Generator { .. } => false,
            E::YieldFrom(_) | E::Await(_) => false,
            E::Call { func, args, .. } => match &func.kind {
                E::Name(name) => SHORT.contains(&name.as_str()) && args.len() < 3,
                E::Attribute { name, .. } => SHORT.contains(&name.as_str()),
                _ => false,
            },
            _ => true,
        };
    });
    short.then(|| Watched::Turns((STATEMENTS * loops).div_ceil(inside.max(1)) as u32))
}

/// Turns of loops over such are not counted: there are few.
fn has_known_length(iter: &Expr) -> bool {
    match &iter.kind {
        E::Tuple(_) | E::List(_) | E::Set(_) | E::Constant(_) => true,
        E::Call { args, .. } => {
            args.iter().all(|arg| has_known_length(arg) || matches!(arg.kind, E::UnaryOp { .. }))
        }
        _ => false,
    }
}

/// Statements of one turn: those of inner loops are turns of their own.
fn weight(stmt: &Stmt) -> usize {
    match &stmt.kind {
        S::For { .. } | S::While { .. } => 1,
        _ => 1 + blocks(stmt).into_iter().flatten().map(weight).sum::<usize>(),
    }
}

fn always_yields(block: &[Stmt]) -> bool {
    for stmt in block {
        let always = match &stmt.kind {
            S::If { body, orelse, .. } => always_yields(body) && always_yields(orelse),
            S::For { body, .. } | S::While { body, .. } => always_yields(body),
            S::With { body, .. } | S::Try { body, .. } => always_yields(body),
            _ => yields(std::slice::from_ref(stmt)),
        };
        if always || blocks(stmt).into_iter().any(jumps) {
            return always;
        }
    }
    false
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
        let no_yield = |outer: &Expr| {
            let mut found = false;
            crate::walk::expression(outer, &mut |e| found |= crate::walk::is_yield(e));
            if found { Err((outer.span, "a `yield` inside an expression")) } else { Ok(()) }
        };
        if let Some((sent, e)) = alone(stmt) {
            let none = || Expr { kind: E::Constant(Constant::None), span: e.span };
            let (value, evaluated) = match &e.kind {
                E::Yield(None) => (none(), None),
                E::YieldFrom(value) if evaluated_by_python(value) => (none(), Some((**value).clone())),
                E::Yield(Some(value)) | E::YieldFrom(value) => ((**value).clone(), None),
                _ => return Err((e.span, "a `yield` inside an expression")),
            };
            no_yield(evaluated.as_ref().unwrap_or(&value))?;
            self.points.push(Point {
                span: e.span,
                locals: Vec::new(),
                loops: self.open.iter().map(|i| self.loops[*i].clone()).collect(),
                sent: sent.cloned(),
                rebinds: false,
                evaluated,
            });
            out.push(Stmt { kind: S::Expr(suspend(self.points.len(), vec![value], e.span)), span });
            return Ok(());
        }
        let kind = match &stmt.kind {
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
            S::Try { body, handlers, orelse, finalbody, is_star: false } => {
                // There the exception is Python's, and so is what is to be done with it.
                let aside = handlers.iter().map(|h| &h.body).chain([finalbody]);
                if let Some(block) = aside.into_iter().find(|block| yields(block)) {
                    let at = block.first().map_or(span, |first| first.span);
                    return Err((at, "a `yield` inside `except` or `finally`"));
                }
                S::Try {
                    body: self.block(body)?,
                    handlers: handlers.clone(),
                    orelse: self.block(orelse)?,
                    finalbody: finalbody.clone(),
                    is_star: false,
                }
            }
            S::Try { .. } => return Err((span, "a `yield` inside `try` with `except*`")),
            S::With { .. } => return Err((span, "a `yield` inside `with`")),
            S::Match { .. } => return Err((span, "a `yield` inside `match`")),
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
        let place = Place { sequence: &sequence, at: &taken, span: iter.span };
        let Counted { form, counts, builtins, whole, begin, test, element, step } = place.counted(iter);
        self.loops.push(Loop {
            span: iter.span,
            sequence: sequence.clone(),
            taken: taken.clone(),
            form,
            counts,
            builtins,
        });
        let name = |n: &str| Expr { kind: E::Name(n.to_string()), span: iter.span };
        out.push(assign(name(&sequence), whole, span));
        out.push(assign(name(&taken), begin, span));
        let mut inner = Vec::new();
        // The element is taken before its target is bound.
        let item = format!("{OWN}item{number}");
        inner.push(assign(name(&item), element, span));
        inner.push(assign(name(&taken), step, span));
        inner.push(assign(target.clone(), name(&item), span));
        self.open.push(number);
        inner.extend(self.block(body)?);
        self.open.pop();
        let orelse = self.block(orelse)?;
        out.push(Stmt { kind: S::While { test, body: inner, orelse }, span });
        Ok(())
    }
}

/// A `yield` or `yield from` that is the whole statement, and the local that it is assigned to.
fn alone(stmt: &Stmt) -> Option<(Option<&String>, &Expr)> {
    let is_yield = |e: &Expr| matches!(e.kind, E::Yield(_) | E::YieldFrom(_));
    let (target, e) = match &stmt.kind {
        S::Expr(e) => (None, e),
        S::Assign { targets, value } => match targets.as_slice() {
            [target] => (Some(target), value),
            _ => return None,
        },
        S::AnnAssign { target, value: Some(value), .. } => (Some(target), value),
        _ => return None,
    };
    let target = match target.map(|t| &t.kind) {
        None => None,
        Some(E::Name(name)) => Some(name),
        Some(_) => return None,
    };
    is_yield(e).then_some((target, e))
}

/// What native code makes on its own where it stands behind `yield from`; what else is called is Python's, so that it is
/// the very generator that Python would have.
const MAKES: [&str; 6] = ["list", "tuple", "set", "sorted", "range", "dict"];

/// Does Python evaluate what stands behind a `yield from`? It does so in one go: no jumps, and nothing is bound.
fn evaluated_by_python(e: &Expr) -> bool {
    let made = match &e.kind {
        E::Name(_) | E::Attribute { .. } | E::Generator { .. } => false,
        E::Call { func, .. } => matches!(&func.kind, E::Name(name) if MAKES.contains(&name.as_str())),
        _ => return false,
    };
    let mut straight = !made;
    crate::walk::expression(e, &mut |e| {
        straight &= !matches!(
            e.kind,
            E::BoolOp { .. }
                | E::If { .. }
                | E::Compare { .. }
                | E::Named { .. }
                | E::ListComp { .. }
                | E::SetComp { .. }
                | E::DictComp { .. }
                | E::JoinedStr(_)
                | E::Await(_)
        );
    });
    straight
}

pub(super) fn number_of(value: i64, span: Span) -> Expr {
    Expr { kind: E::Constant(Constant::Int(value.to_string())), span }
}

pub(super) fn assign(target: Expr, value: Expr, span: Span) -> Stmt {
    Stmt { kind: S::Assign { targets: vec![target], value }, span }
}

/// `<suspend>(point, …)`
pub(super) fn suspend(point: usize, items: Vec<Expr>, span: Span) -> Expr {
    end_of_segment(SUSPEND, point, items, span)
}

fn end_of_segment(name: &str, point: usize, items: Vec<Expr>, span: Span) -> Expr {
    let func = Box::new(Expr { kind: E::Name(name.to_string()), span });
    let mut args = vec![number_of(point as i64, span)];
    args.extend(items);
    Expr { kind: E::Call { func, args, keywords: Vec::new() }, span }
}

/// Of a call that ends a segment: does it wait at a `yield`, the number, and what follows it.
pub(super) fn suspended<'e>(func: &Expr, args: &'e [Expr]) -> Option<(bool, usize, &'e [Expr])> {
    let E::Name(name) = &func.kind else { return None };
    let waits = name == WAIT;
    if !waits && name != SUSPEND {
        return None;
    }
    Some(match args {
        [Expr { kind: E::Constant(Constant::Int(n)), .. }, items @ ..] => {
            (waits, n.parse().unwrap_or(0), items)
        }
        _ => (waits, 0, args),
    })
}

/// The number and the value of a `yield` that has been replaced.
pub(super) fn point_of(stmt: &Stmt) -> Option<(usize, &Expr)> {
    let S::Expr(Expr { kind: E::Call { func, args, .. }, .. }) = &stmt.kind else { return None };
    match (&func.kind, args.as_slice()) {
        (E::Name(name), [Expr { kind: E::Constant(Constant::Int(n)), .. }, value]) if name == SUSPEND => {
            Some((n.parse().ok()?, value))
        }
        _ => None,
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
        let mut locals: BTreeSet<String> = self.points.iter().filter_map(|p| p.sent.clone()).collect();
        if number > 0 {
            locals.extend(locals_of(&self.def));
        }
        Self::stays_bound(&body, &params, &locals)?;
        let def = FunctionDef { body, params, decorators: Vec::new(), returns: None, ..self.def.clone() };
        Ok((def, sites))
    }

    /// What Python goes on with at a `yield` must be complete: it does not ask whether a local is bound where its own
    /// compiler knows that it is. And what only a `yield` binds is no local of a segment in front of it.
    fn stays_bound(body: &[Stmt], params: &Params, locals: &BTreeSet<String>) -> Result<(), Refusal> {
        let mut bound: Vec<String> = params.in_frame_order().map(|p| p.name.clone()).collect();
        let unbound = Flow::unbound_at(body, &mut bound, locals);
        unbound.map_or(Ok(()), |span| Err((span, "a local that may be unbound behind a `yield`")))
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
                let here =
                    |n: &&String| written.contains(*n) && (point.rebinds || point.sent.as_ref() != Some(*n));
                let kept: Vec<String> = Self::names(point).filter(here).cloned().collect();
                let mut items = vec![value.clone()];
                items.extend(kept.iter().map(|n| Expr { kind: E::Name(n.clone()), span }));
                sites.push(Site { point: number, kept });
                stmt.kind = S::Return(Some(end_of_segment(WAIT, sites.len(), items, span)));
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
        S::Try { body, handlers, orelse, finalbody, is_star } => {
            let (mut body, handlers, orelse) = match rest(body, number) {
                Some(first) => (first, handlers.clone(), orelse.clone()),
                // The handlers are behind it.
                None => (rest(orelse, number)?, Vec::new(), Vec::new()),
            };
            if handlers.is_empty() && finalbody.is_empty() {
                return Some(body);
            }
            if body.is_empty() {
                body.push(Stmt { kind: S::Pass, span });
            }
            let kind = S::Try { body, handlers, orelse, finalbody: finalbody.clone(), is_star: *is_star };
            Some(vec![Stmt { kind, span }])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn watched(text: &str) -> Option<Watched> {
        let module = crate::parse::parse_module(&SourceFile::new("m", "m.py", text)).expect("Python");
        let [Stmt { kind: S::FunctionDef(def), .. }] = module.body.as_slice() else { panic!("one function") };
        turns(def)
    }

    #[test]
    fn longer_turns_make_up_for_a_segment_sooner() {
        let short = "def f(n):\n    while n:\n        while n % 3:\n            n -= 1\n        yield n\n";
        let long = short.replace("n -= 1", "n -= 1; m = n; k = m; n = k; m = 1; k = 2; m = 3; k = 4");
        assert_eq!(watched(short), Some(Watched::Turns(8)));
        assert_eq!(watched(&long), Some(Watched::Turns(3)));
    }

    #[test]
    fn what_may_take_long_besides_is_not_told_by_turns() {
        let text = "def f(n):\n    while n:\n        while n % 3:\n            n = CALL\n        yield n\n";
        assert_eq!(watched(&text.replace("CALL", "len(n)")), Some(Watched::Turns(8)));
        for iter in ["range(10)", "range(10, -1, -1)", "(1, 2)", "zip([1], (2,))"] {
            let fixed = format!(
                "def f(n):\n    while n:\n        for i in {iter}:\n            n -= 1\n        yield n\n"
            );
            assert_eq!(watched(&fixed), None, "{iter}");
        }
        for call in ["g(n)", "sum(n)", "n.sort()", "[x for x in n]", "max(1, 2, n)"] {
            assert_eq!(watched(&text.replace("CALL", call)), None, "{call}");
        }
        assert_eq!(watched("def f(n):\n    yield n\n"), None);
    }
}
