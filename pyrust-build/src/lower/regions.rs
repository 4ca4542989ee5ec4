//! Loops of a function that stays Python, compiled alone as *regions*.
//!
//! A region is a function of the locals that its loop reads or binds, made here as a tree: it ends with a call of
//! [`super::segments::SUSPEND`], which takes the number of the way out and what the loop has bound. So a run of the loop
//! is one transaction, and one that bails out leaves the frame as it was in front of the loop, which Python then runs.

use std::collections::BTreeSet;

use super::bound::{Flow, bind, stores};
use super::resumed::{self, Resumed};
use super::segments::{OWN, Site, assign, each_return, jumps, suspend};
use crate::ast::{Constant, Expr, ExprKind as E, FunctionDef, Param, Params, Stmt, StmtKind as S};
use crate::source::Span;
use crate::walk::{blocks, each_statement};

/// The way out behind the loop.
pub(super) const BEHIND: usize = 1;

/// The way out by a `return` in the loop: its value.
const RETURNS: usize = 2;

/// At most so many loops of a function are looked at.
const MAX_LOOPS: usize = 24;

/// At most so many turns are a few.
const FEW: usize = 8;

/// What says that the first turn has begun.
const RAN: &str = "pyrust_ran";

/// What stands for the tests that are not understood.
const MAYBE: &str = "pyrust_maybe";

/// Names whose functions see all locals of the frame.
const LOOKS: [&str; 7] = ["locals", "vars", "dir", "eval", "exec", "globals", "breakpoint"];

/// A loop that might be compiled alone.
#[derive(Clone, Debug)]
pub struct Region {
    /// Of the loop.
    pub span: Span,
    /// The locals that it is given.
    pub params: Vec<String>,
    /// The ways out, in the order of the numbers in `def`.
    pub sites: Vec<Site>,
    pub def: FunctionDef,
    /// The form that Python can go on from.
    pub resumed: Option<Resumed>,
}

impl Region {
    /// Does a `return` stand in the loop?
    pub fn returns(&self) -> bool {
        self.sites.iter().any(|site| site.point == RETURNS)
    }
}

/// All loops of a function that might be compiled alone, outer ones first. `is_builtin`: the module does not bind the name.
pub fn candidates(def: &FunctionDef, is_builtin: &dyn Fn(&str) -> bool) -> Vec<Region> {
    if def.is_async || crate::walk::has_yield(&def.body) {
        return Vec::new();
    }
    let mut loops = Vec::new();
    each_statement(&def.body, &mut |s| {
        if matches!(s.kind, S::For { is_async: false, .. } | S::While { .. }) {
            loops.push(s.clone());
        }
    });
    loops.retain(|stmt| !is_short(stmt));
    loops.truncate(MAX_LOOPS);
    loops.iter().filter_map(|stmt| region(def, stmt, is_builtin)).collect()
}

/// Those of them that stand in no other one, with what stands in the loops `opened`.
pub fn outermost(
    def: &FunctionDef,
    is_builtin: &dyn Fn(&str) -> bool,
    opened: &BTreeSet<Span>,
) -> Vec<Region> {
    let mut found = Vec::new();
    if !def.is_async && !crate::walk::has_yield(&def.body) {
        outermost_in(&def.body, &mut found, &|stmt| {
            let is_outer = matches!(stmt.kind, S::For { is_async: false, .. } | S::While { .. })
                && !is_short(stmt)
                && !opened.contains(&stmt.span);
            if is_outer { region(def, stmt, is_builtin) } else { None }
        });
    }
    found
}

fn outermost_in(block: &[Stmt], found: &mut Vec<Region>, region: &dyn Fn(&Stmt) -> Option<Region>) {
    for stmt in block {
        if found.len() == MAX_LOOPS {
            break;
        }
        match region(stmt) {
            Some(region) => found.push(region),
            None => blocks(stmt).into_iter().for_each(|block| outermost_in(block, found, region)),
        }
    }
}

/// Is it said in the text that the loop takes a few turns only, with no other loop inside? To begin a region costs more.
fn is_short(stmt: &Stmt) -> bool {
    let S::For { iter, body, .. } = &stmt.kind else { return false };
    let few = match &iter.kind {
        E::Tuple(items) | E::List(items) => items.len() <= FEW,
        E::Constant(Constant::Str(text)) => text.len() <= FEW,
        E::Call { func, args, .. } if matches!(&func.kind, E::Name(name) if name == "range") => {
            let small = |e: &Expr| match &e.kind {
                E::Constant(Constant::Int(digits)) => digits.parse().is_ok_and(|n: usize| n <= FEW),
                _ => false,
            };
            args.iter().all(small)
        }
        _ => false,
    };
    let mut nested = false;
    each_statement(body, &mut |s| nested |= is_loop(s));
    few && !nested
}

/// The region of one loop; nothing if what it does to the frame cannot be said.
fn region(def: &FunctionDef, stmt: &Stmt, is_builtin: &dyn Fn(&str) -> bool) -> Option<Region> {
    let alone = std::slice::from_ref(stmt);
    // A `continue` or `break` in its `else` is the loop's around it: there is more than one way behind it.
    if matches!(&stmt.kind, S::For { orelse, .. } | S::While { orelse, .. } if jumps(orelse)) {
        return None;
    }
    // By a `return` only its value gets to the frame, and a `finally` around the loop still sees the locals.
    if returns(stmt) && has_later(&def.body, stmt.span, false) {
        return None;
    }
    let mut locals = BTreeSet::new();
    stores(&def.body, &mut locals);
    locals.extend(def.params.in_frame_order().map(|p| p.name.clone()));
    let mut outside = Vec::new();
    let mut hidden = BTreeSet::new();
    let mut fits = true;
    each_statement(&def.body, &mut |s| match &s.kind {
        S::Global(names) => outside.extend(names.iter().cloned()),
        S::Nonlocal(_) => fits = false,
        S::FunctionDef(inner) => {
            hidden.insert(inner.name.clone());
            crate::walk::expressions(&inner.body, &mut |e| names_in(e, &mut hidden));
        }
        S::ClassDef(_) => fits = false,
        S::Delete(targets) => fits &= targets.iter().all(|e| matches!(e.kind, E::Subscript { .. })),
        _ => {}
    });
    let (mut own, mut looks) = (false, false);
    crate::walk::expressions(&def.body, &mut |e| match &e.kind {
        E::Name(name) => {
            own |= name.starts_with(OWN);
            looks |= LOOKS.contains(&name.as_str());
        }
        E::Lambda { body, .. } => names_in_all(body, &mut hidden),
        _ => {}
    });
    locals.retain(|name| !outside.contains(name));
    let mut written = BTreeSet::new();
    stores(alone, &mut written);
    written.retain(|name| locals.contains(name));
    if !fits || own || written.iter().any(|name| hidden.contains(name)) {
        return None;
    }
    // A name that `except … as` binds is unbound again behind it.
    let mut caught = BTreeSet::new();
    each_statement(alone, &mut |s| {
        if let S::Try { handlers, .. } = &s.kind {
            caught.extend(handlers.iter().filter_map(|h| h.name.clone()));
        }
    });
    let certain = bound_before(def, stmt)?;
    let without = without(&def.body, stmt.span);
    let mut elsewhere: BTreeSet<String> = def.params.in_frame_order().map(|p| p.name.clone()).collect();
    stores(&without, &mut elsewhere);
    if caught.iter().any(|name| certain.contains(name)) {
        return None;
    }
    let mut read = BTreeSet::new();
    crate::walk::own_expressions(alone, &mut |e| names_in(e, &mut read));
    // What need not be bound is asked for only where the loop would miss it; a region does not begin without it.
    let missed = Flow::missed(alone, &mut certain.clone(), &locals);
    let params: Vec<String> = locals
        .iter()
        .filter(|name| read.contains(*name) || written.contains(*name))
        .filter(|name| {
            certain.contains(name)
                || (read.contains(*name) && elsewhere.contains(*name) && missed.contains(*name))
        })
        .cloned()
        .collect();
    // What the loop binds for the first time.
    let new: BTreeSet<String> = written.iter().filter(|name| !params.contains(name)).cloned().collect();
    let live = live(def, &without, &new);
    if looks && !new.is_empty() {
        return None;
    }
    let by_a_turn = bound_by_a_turn(stmt);
    let first: Vec<String> = live.iter().filter(|name| by_a_turn.contains(*name)).cloned().collect();
    if first.len() < live.len() {
        return None;
    }
    let kept: Vec<String> = params.iter().filter(|name| written.contains(*name)).cloned().collect();
    // What one turn binds and a later one may read.
    let carried = new.iter().filter(|name| missed.contains(*name) && !first.contains(name));
    let carried: Vec<String> = carried.cloned().collect();
    let names = Names { outside, params, kept, first };
    let resumed = match carried.iter().all(|name| by_a_turn.contains(name)) {
        true => {
            resumed::made(def, stmt, &names, &carried, &|name| is_builtin(name) && !locals.contains(name))
        }
        false => None,
    };
    Some(made(def, stmt, names, resumed))
}

/// The ways out of a region, as they are made.
pub(super) struct Ways {
    pub(super) sites: Vec<Site>,
    span: Span,
}

impl Ways {
    pub(super) fn new(span: Span) -> Ways {
        Ways { sites: Vec::new(), span }
    }

    /// Leaves the loop with these locals; what follows them is not for the frame.
    pub(super) fn leave(&mut self, point: usize, names: &[&Vec<String>], more: Vec<Expr>) -> Stmt {
        let span = self.span;
        let kept: Vec<String> = names.iter().copied().flatten().cloned().collect();
        let mut items = vec![Expr { kind: E::Constant(Constant::None), span }];
        items.extend(kept.iter().map(|name| Expr { kind: E::Name(name.clone()), span }));
        items.extend(more);
        self.sites.push(Site { point, kept });
        Stmt { kind: S::Return(Some(suspend(self.sites.len(), items, span))), span }
    }

    /// What stands behind the loop. `ran` tells whether a turn has begun.
    pub(super) fn behind(&mut self, ran: &str, kept: &Vec<String>, first: &Vec<String>) -> Vec<Stmt> {
        let span = self.span;
        if first.is_empty() {
            return vec![self.leave(BEHIND, &[kept], Vec::new())];
        }
        let body = vec![self.leave(BEHIND, &[kept, first], Vec::new())];
        let test = Expr { kind: E::Name(ran.to_string()), span };
        let branch = Stmt { kind: S::If { test, body, orelse: Vec::new() }, span };
        vec![branch, self.leave(BEHIND, &[kept], Vec::new())]
    }

    /// Each `return` of the block leaves the loop.
    pub(super) fn returns(&mut self, block: &mut [Stmt]) {
        each_return(block, &mut |value, at| {
            self.sites.push(Site { point: RETURNS, kept: Vec::new() });
            let value = value.unwrap_or(Expr { kind: E::Constant(Constant::None), span: at });
            S::Return(Some(suspend(self.sites.len(), vec![value], at)))
        });
    }
}

/// The names around a loop.
pub(super) struct Names {
    /// What the function says to be `global`.
    pub(super) outside: Vec<String>,
    pub(super) params: Vec<String>,
    /// What the loop writes of them.
    pub(super) kept: Vec<String>,
    /// What is bound by the loop's first turn, and read behind the loop.
    pub(super) first: Vec<String>,
}

/// The function of a region.
fn made(def: &FunctionDef, stmt: &Stmt, names: Names, resumed: Option<Resumed>) -> Region {
    let span = stmt.span;
    let name = |n: &str| Expr { kind: E::Name(n.to_string()), span };
    let constant = |c| Expr { kind: E::Constant(c), span };
    let mut ways = Ways::new(span);
    let mut body = Vec::new();
    let mut all = stmt.clone();
    let behind = ways.behind(RAN, &names.kept, &names.first);
    if !names.first.is_empty() {
        body.push(assign(name(RAN), constant(Constant::False), span));
        if let S::For { body, .. } | S::While { body, .. } = &mut all.kind {
            body.insert(0, assign(name(RAN), constant(Constant::True), span));
        }
    }
    let mut inside = vec![all];
    ways.returns(&mut inside);
    body.extend(inside);
    body.extend(behind);
    let def = function(def, span, (&names.outside, &names.params), body);
    Region { span, params: names.params, sites: ways.sites, def, resumed }
}

/// A function of these parameters in the place of `def`.
pub(super) fn function(
    def: &FunctionDef,
    span: Span,
    (outside, params): (&[String], &[String]),
    mut body: Vec<Stmt>,
) -> FunctionDef {
    if !outside.is_empty() {
        body.insert(0, Stmt { kind: S::Global(outside.to_vec()), span });
    }
    let param = |name: &String| Param { name: name.clone(), annotation: None, default: None, span };
    let params = Params { positional: params.iter().map(param).collect(), ..Params::default() };
    FunctionDef { span, ..def.with(params, body) }
}

fn names_in(e: &Expr, out: &mut BTreeSet<String>) {
    if let E::Name(name) = &e.kind {
        out.insert(name.clone());
    }
}

fn names_in_all(e: &Expr, out: &mut BTreeSet<String>) {
    crate::walk::expression(e, &mut |e| names_in(e, out));
}

/// The locals that are bound whenever the loop is reached.
fn bound_before(def: &FunctionDef, stmt: &Stmt) -> Option<Vec<String>> {
    let mut bound: Vec<String> = def.params.in_frame_order().map(|p| p.name.clone()).collect();
    Flow::reached(&def.body, &mut bound, stmt.span)
}

/// The block without one loop, wherever it stands.
fn without(block: &[Stmt], span: Span) -> Vec<Stmt> {
    let others = block.iter().filter(|stmt| stmt.span != span || !is_loop(stmt));
    others.map(|stmt| crate::walk::with_blocks(stmt, &mut |block| without(block, span))).collect()
}

/// Which of the names that only this loop may have bound are read outside of it, where nothing else has bound them.
fn live(def: &FunctionDef, without: &[Stmt], new: &BTreeSet<String>) -> BTreeSet<String> {
    let mut params: Vec<String> = def.params.in_frame_order().map(|p| p.name.clone()).collect();
    Flow::missed(without, &mut params, new)
}

/// The names that are bound once a turn of the loop has begun, however it is left.
fn bound_by_a_turn(stmt: &Stmt) -> BTreeSet<String> {
    let (mut bound, body) = match &stmt.kind {
        S::For { target, body, .. } => {
            let mut bound = Vec::new();
            bind(target, &mut bound);
            (bound, body)
        }
        S::While { body, .. } => (Vec::new(), body),
        _ => return BTreeSet::new(),
    };
    // Up to the first statement that may leave the turn early.
    let straight = body.iter().position(|s| jumps(std::slice::from_ref(s)) || returns(s));
    let straight = &body[..straight.unwrap_or(body.len())];
    Flow::end(straight, &mut bound);
    // What `else` binds is bound without a turn, too.
    let mut otherwise = BTreeSet::new();
    if let S::For { orelse, .. } | S::While { orelse, .. } = &stmt.kind {
        stores(orelse, &mut otherwise);
    }
    bound.into_iter().filter(|name| !otherwise.contains(name)).collect()
}

/// Does the statement of that span stand where a `finally` runs when it returns?
fn has_later(block: &[Stmt], span: Span, later: bool) -> bool {
    block.iter().any(|stmt| {
        if stmt.span == span {
            return later;
        }
        let last = match &stmt.kind {
            S::Try { finalbody, .. } => &finalbody[..],
            _ => &[],
        };
        blocks(stmt).into_iter().any(|inner| {
            // What stands in it does not run it again.
            let inside = !last.is_empty() && !std::ptr::eq(inner, last);
            has_later(inner, span, later || inside)
        })
    })
}

fn returns(stmt: &Stmt) -> bool {
    matches!(stmt.kind, S::Return(_)) || blocks(stmt).into_iter().flatten().any(returns)
}

/// The function as far as it is understood, for the types that its locals have in front of each region: a statement in
/// which one of the `refused` places stands is left out, and the head of one that has blocks becomes a test of a first
/// parameter, a `bool`. The function is never compiled; what is guessed here is checked whenever a region begins.
pub fn skeleton(
    def: &FunctionDef,
    regions: &[Region],
    refused: &BTreeSet<Span>,
    deaf: &BTreeSet<usize>,
) -> FunctionDef {
    skeleton_of(def, Skeleton { regions, refused, deaf }.block(&def.body))
}

/// The same without the last of the regions that stand in nothing, and what comes behind it: all that counts for what the
/// locals have in front of it, but for what containers get to hold later, so none where one is made empty.
pub fn beginning(def: &FunctionDef, regions: &[Region]) -> Option<FunctionDef> {
    let last = regions.last()?;
    let at = def.body.iter().position(|stmt| stmt.span == last.span && is_loop(stmt))?;
    let mut empty = false;
    crate::walk::expressions(&def.body[..at], &mut |e| empty |= makes_empty(e));
    if empty {
        return None;
    }
    let (refused, deaf) = (&BTreeSet::new(), &BTreeSet::new());
    let mut body = Skeleton { regions, refused, deaf }.block(&def.body[..=at]);
    body.pop();
    Some(skeleton_of(def, body))
}

/// `[]`, `{}`, `set()`, `deque(maxlen=n)`, `defaultdict(list)`: does the text not say what it holds?
fn makes_empty(e: &Expr) -> bool {
    match &e.kind {
        E::List(items) => items.is_empty(),
        E::Dict { items, .. } => items.is_empty(),
        E::Call { func, args, .. } => match &func.kind {
            E::Name(name) => match name.as_str() {
                "list" | "dict" | "set" | "deque" | "Counter" | "OrderedDict" => args.is_empty(),
                name => name == "defaultdict",
            },
            _ => false,
        },
        _ => false,
    }
}

fn skeleton_of(def: &FunctionDef, body: Vec<Stmt>) -> FunctionDef {
    let maybe = Param { name: MAYBE.to_string(), annotation: None, default: None, span: def.span };
    let mut params = def.params.clone();
    match params.positional_only.is_empty() {
        true => params.positional.insert(0, maybe),
        false => params.positional_only.insert(0, maybe),
    }
    def.with(params, body)
}

/// The place of what asks for the types in front of a region.
pub fn asking(region: &Region) -> Span {
    Span::new(region.span.start as usize, region.span.start as usize)
}

struct Skeleton<'r> {
    regions: &'r [Region],
    refused: &'r BTreeSet<Span>,
    /// Regions whose types cannot be asked for.
    deaf: &'r BTreeSet<usize>,
}

impl Skeleton<'_> {
    fn block(&self, block: &[Stmt]) -> Vec<Stmt> {
        let mut out = Vec::new();
        block.iter().for_each(|stmt| self.stmt(stmt, &mut out));
        if let ([], Some(first)) = (&out[..], block.first()) {
            out.push(Stmt { kind: S::Pass, span: first.span });
        }
        out
    }

    fn stmt(&self, stmt: &Stmt, out: &mut Vec<Stmt>) {
        for (i, region) in self.regions.iter().enumerate() {
            if region.span == stmt.span && !self.deaf.contains(&i) && is_loop(stmt) {
                let span = asking(region);
                let mut items = vec![Expr { kind: E::Constant(Constant::None), span }];
                items.extend(region.params.iter().map(|n| Expr { kind: E::Name(n.clone()), span }));
                out.push(Stmt { kind: S::Expr(suspend(i + 1, items, span)), span });
            }
        }
        let inner = blocks(stmt);
        let covers = |outer: Span, span: &Span| outer.start <= span.start && span.end <= outer.end;
        let further_in = |span: &Span| inner.iter().copied().flatten().any(|s| covers(s.span, span));
        let hit = self.refused.iter().any(|span| covers(stmt.span, span) && !further_in(span));
        let span = stmt.span;
        let test = || Expr { kind: E::Name(MAYBE.to_string()), span };
        if !hit {
            out.push(crate::walk::with_blocks(stmt, &mut |block| self.block(block)));
            return;
        }
        match &stmt.kind {
            S::With { body, .. } => out.extend(self.block(body)),
            S::If { body, orelse, .. } => {
                let (body, orelse) = (self.block(body), self.block(orelse));
                out.push(Stmt { kind: S::If { test: test(), body, orelse }, span });
            }
            S::For { body, orelse, .. } | S::While { body, orelse, .. } => {
                let (body, orelse) = (self.block(body), self.block(orelse));
                out.push(Stmt { kind: S::While { test: test(), body, orelse }, span });
            }
            // Any of the blocks, or none.
            _ => out.extend(inner.into_iter().filter(|block| !block.is_empty()).map(|block| {
                let kind = S::If { test: test(), body: self.block(block), orelse: Vec::new() };
                Stmt { kind, span }
            })),
        }
    }
}

fn is_loop(stmt: &Stmt) -> bool {
    matches!(stmt.kind, S::For { .. } | S::While { .. })
}
