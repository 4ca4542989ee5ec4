//! `match` → conditions. Each pattern is a test of the subject, in the order in which CPython tests, and what it binds is
//! assigned at the beginning of its block: nothing of Python's runs in between.
//!
//! A part of the subject that is tested further gets a temporary. What is not understood bails when it is reached.

use super::Lower;
use crate::ast::{BoolOp, CmpOp, Constant, Expr as AExpr, ExprKind as A, MatchCase, Pattern};
use crate::hir::{self, Expr, ExprKind, StmtKind, TargetKind};
use crate::ops::builtins::CLASSES;
use crate::source::Span;

/// Classes whose only positional pattern stands for the subject itself.
const SELF_CLASSES: &[&str] =
    &["bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"];

/// What a sequence pattern takes. Text is none.
const SEQUENCES: &[&str] = &["list", "tuple", "range", OTHER_SEQUENCE];

/// Stands in a test for all other classes that `match` takes for sequences: no name of Python's.
pub const OTHER_SEQUENCE: &str = "<other sequence>";
/// The same for mappings.
pub const OTHER_MAPPING: &str = "<other mapping>";

/// Is it one of the two?
pub fn is_other(class: &str) -> bool {
    matches!(class, OTHER_SEQUENCE | OTHER_MAPPING)
}

/// Stands before the class in what a pattern of a class asks for: whether the value is an instance, and before the class and
/// the attribute, or the position of the pattern, for the value of that. No name of Python's: other modules may tell what
/// it stands for.
pub const MATCHED: &str = "match ";

/// At most so many alternatives that bind names: the block is repeated for each.
const MAX_ALTERNATIVES: usize = 4;

/// Where a value that is matched stands: a variable, or an element of what a variable stands for.
#[derive(Clone)]
enum Place {
    Var(hir::VarId),
    Item(hir::VarId, Item),
}

#[derive(Clone)]
enum Item {
    At(i64),
    Key(AExpr),
    /// What the patterns of a class ask for: an attribute of that name, or the one at that position.
    Attribute(String),
}

/// A pattern: what must hold, and what it binds.
#[derive(Default)]
struct Matched {
    /// All of them, one after the other.
    tests: Vec<Expr>,
    binds: Vec<(String, Place)>,
    /// The star of a sequence: name, variable, elements before it and behind it.
    stars: Vec<(String, hir::VarId, usize, usize)>,
    /// The rest of a mapping.
    rests: Vec<(String, hir::VarId, Vec<AExpr>)>,
}

impl Lower<'_> {
    pub(super) fn match_stmt(&mut self, subject: &AExpr, cases: &[MatchCase], span: Span) -> Vec<hir::Stmt> {
        let before = self.diagnostics.len();
        let value = self.expr(subject);
        if self.diagnostics.len() > before {
            return vec![self.bail_here(span)];
        }
        // A variable is narrowed by the patterns, unless they give its name another meaning.
        if let ExprKind::Local(var) = value.kind
            && !self.is_rebound(subject, cases)
        {
            return self.cases(var, cases);
        }
        let var = self.temp();
        let target = hir::Target { kind: TargetKind::Var(var), span: subject.span, id: self.node() };
        let kind = StmtKind::Assign { targets: vec![target], value };
        let mut out = vec![hir::Stmt { kind, span: subject.span }];
        out.extend(self.cases(var, cases));
        out
    }

    /// Does a pattern or guard assign the variable that is matched?
    fn is_rebound(&self, subject: &AExpr, cases: &[MatchCase]) -> bool {
        let A::Name(name) = &subject.kind else { return true };
        cases.iter().any(|case| {
            let mut names = Vec::new();
            super::scope::captures(&case.pattern, &mut names);
            names.contains(name) || case.guard.is_some()
        })
    }

    fn cases(&mut self, subject: hir::VarId, cases: &[MatchCase]) -> Vec<hir::Stmt> {
        let Some((case, rest)) = cases.split_first() else { return Vec::new() };
        let at = case.span;
        // Alternatives that bind names are cases of their own.
        if let Pattern::Or(patterns) = &case.pattern {
            let mut names = Vec::new();
            super::scope::captures(&case.pattern, &mut names);
            if !names.is_empty() {
                if case.guard.is_some() || patterns.len() > MAX_ALTERNATIVES {
                    self.refuse("PYR0318", at, "alternatives that bind names, here, are not supported", "");
                    return vec![self.bail_here(at)];
                }
                let apart = patterns.iter().map(|p| MatchCase { pattern: p.clone(), ..case.clone() });
                let all: Vec<MatchCase> = apart.chain(rest.iter().cloned()).collect();
                return self.cases(subject, &all);
            }
        }
        let before = self.diagnostics.len();
        let mut matched = Matched::default();
        self.pattern(&case.pattern, Place::Var(subject), at, &mut matched);
        if self.diagnostics.len() > before {
            return vec![self.bail_here(at)];
        }
        let tests = std::mem::take(&mut matched.tests);
        let mut inner = self.bindings(&matched, at);
        let test = self.all_of(tests, at);
        let stmt = |kind| hir::Stmt { kind, span: at };
        let Some(guard) = &case.guard else {
            inner.extend(self.block(&case.body));
            let Some(test) = test else { return inner };
            let orelse = self.cases(subject, rest);
            return vec![stmt(StmtKind::If { test, body: inner, orelse })];
        };
        // Where the guard is false the next case is tried.
        let guard_span = guard.span;
        let guard = self.expr(guard);
        let mut body = self.block(&case.body);
        let leaves = !hir::can_fall_off(&body);
        let mut out = Vec::new();
        let flag = self.temp();
        if !leaves {
            out.push(self.set_flag(flag, false, at));
            body.insert(0, self.set_flag(flag, true, at));
        }
        inner.push(hir::Stmt { kind: StmtKind::If { test: guard, body, orelse: vec![] }, span: guard_span });
        match test {
            Some(test) => out.push(stmt(StmtKind::If { test, body: inner, orelse: vec![] })),
            None => out.extend(inner),
        }
        let next = self.cases(subject, rest);
        if leaves || next.is_empty() {
            out.extend(next);
        } else {
            let operand = Box::new(self.make(ExprKind::Local(flag), at));
            let test = self.make(ExprKind::Unary { op: hir::UnaryOp::Not, operand }, at);
            out.push(stmt(StmtKind::If { test, body: next, orelse: vec![] }));
        }
        out
    }

    /// What has just been refused is left to Python where the case is reached.
    fn bail_here(&mut self, span: Span) -> hir::Stmt {
        self.notes.append(&mut self.diagnostics);
        hir::Stmt { kind: StmtKind::Bail, span }
    }

    fn set_flag(&mut self, flag: hir::VarId, value: bool, span: Span) -> hir::Stmt {
        let value = self.make(ExprKind::Bool(value), span);
        let target = hir::Target { kind: TargetKind::Var(flag), span, id: self.node() };
        hir::Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span }
    }

    fn pattern(&mut self, pattern: &Pattern, place: Place, span: Span, out: &mut Matched) {
        match pattern {
            Pattern::As { pattern, name } => {
                let place = match pattern {
                    Some(inner) => {
                        let place = self.tested(inner, place, span, out);
                        self.pattern(inner, place.clone(), span, out);
                        place
                    }
                    None => place,
                };
                if let Some(name) = name {
                    out.binds.push((name.clone(), place));
                }
            }
            Pattern::Value(value) => {
                let right = Box::new(self.expr(value));
                let left = Box::new(self.at(&place, span));
                out.tests.push(self.make(ExprKind::Compare { op: CmpOp::Eq, left, right }, span));
            }
            Pattern::Singleton(constant) => {
                let right = match constant {
                    Constant::True => ExprKind::Bool(true),
                    Constant::False => ExprKind::Bool(false),
                    _ => ExprKind::None,
                };
                let (left, right) = (Box::new(self.at(&place, span)), Box::new(self.make(right, span)));
                out.tests.push(self.make(ExprKind::Compare { op: CmpOp::Is, left, right }, span));
            }
            Pattern::Or(patterns) => {
                let place = self.named(place, span, out);
                let mut any: Option<Expr> = None;
                for pattern in patterns.iter().rev() {
                    let mut inner = Matched::default();
                    self.pattern(pattern, place.clone(), span, &mut inner);
                    if !(inner.binds.is_empty() && inner.stars.is_empty() && inner.rests.is_empty()) {
                        self.refuse(
                            "PYR0318",
                            span,
                            "inner alternatives that bind names are not supported",
                            "",
                        );
                    }
                    let test = match self.all_of(inner.tests, span) {
                        Some(test) => test,
                        None => self.make(ExprKind::Bool(true), span),
                    };
                    any = Some(match any {
                        None => test,
                        Some(right) => {
                            let (left, right) = (Box::new(test), Box::new(right));
                            self.make(ExprKind::Bool2 { op: BoolOp::Or, left, right }, span)
                        }
                    });
                }
                out.tests.extend(any);
            }
            Pattern::Sequence(patterns) => self.sequence(patterns, place, span, out),
            Pattern::Mapping { keys, patterns, rest } => {
                let Place::Var(var) = self.named(place, span, out) else { unreachable!("it was named") };
                out.tests.extend(self.is_instance(var, &["dict", OTHER_MAPPING], span));
                for (key, pattern) in keys.iter().zip(patterns) {
                    let (left, right) = (Box::new(self.expr(key)), Box::new(self.local(var, span)));
                    out.tests.push(self.make(ExprKind::Compare { op: CmpOp::In, left, right }, span));
                    self.pattern(pattern, Place::Item(var, Item::Key(key.clone())), span, out);
                }
                if let Some(name) = rest {
                    out.rests.push((name.clone(), var, keys.clone()));
                }
            }
            Pattern::Class { class, patterns, keywords } => {
                let name = match &class.kind {
                    A::Name(name) if self.is_builtin(name) && SELF_CLASSES.contains(&name.as_str()) => name,
                    A::Name(name) => return self.class_pattern(name, patterns, keywords, place, span, out),
                    _ => {
                        self.refuse(
                            "PYR0318",
                            span,
                            "patterns of classes by dotted names are not supported",
                            "",
                        );
                        return;
                    }
                };
                if patterns.len() > 1 || !keywords.is_empty() {
                    self.refuse("PYR0318", span, format!("this pattern of `{name}` is not supported"), "");
                    return;
                }
                let place = self.named(place, span, out);
                let Place::Var(var) = place else { unreachable!("it was named") };
                out.tests.extend(self.is_instance(var, &[name], span));
                if let [inner] = patterns.as_slice() {
                    self.pattern(inner, place, span, out);
                }
            }
            Pattern::Star(_) => {
                self.refuse("PYR0318", span, "`*` outside of a sequence pattern is not supported", "");
            }
        }
    }

    /// `Point(0, y=y)`: an instance, and what its attributes are.
    fn class_pattern(
        &mut self,
        class: &str,
        patterns: &[Pattern],
        keywords: &[(String, Pattern)],
        place: Place,
        span: Span,
        out: &mut Matched,
    ) {
        let Place::Var(var) = self.named(place, span, out) else { unreachable!("it was named") };
        // A tuple of classes, which `isinstance` takes, is no pattern.
        out.tests.extend(self.is_instance(var, &[&format!("{MATCHED}{class}")], span));
        let by_name: Vec<&str> = keywords.iter().map(|(name, _)| name.as_str()).collect();
        let by_name = by_name.join(",");
        let positional =
            patterns.iter().enumerate().map(|(at, pattern)| (format!("{at} {by_name}"), pattern));
        let named = keywords.iter().map(|(name, pattern)| (name.clone(), pattern));
        let all: Vec<(String, &Pattern)> = positional.chain(named).collect();
        let several = all.len() > 1;
        let mut places = Vec::new();
        for (asked, pattern) in &all {
            let place = Place::Item(var, Item::Attribute(format!("{MATCHED}{class} {asked}")));
            // All are read before any is looked at, and whatever the pattern takes.
            places.push(match pattern {
                Pattern::As { pattern: None, .. } => self.named(place, span, out),
                _ if several => self.named(place, span, out),
                _ => place,
            });
        }
        for ((_, pattern), place) in all.into_iter().zip(places) {
            self.pattern(pattern, place, span, out);
        }
    }

    fn sequence(&mut self, patterns: &[Pattern], place: Place, span: Span, out: &mut Matched) {
        let Place::Var(var) = self.named(place, span, out) else { unreachable!("it was named") };
        out.tests.extend(self.is_instance(var, SEQUENCES, span));
        let star = patterns.iter().position(|p| matches!(p, Pattern::Star(_)));
        let fixed = patterns.len() - usize::from(star.is_some());
        let args = vec![self.local(var, span)];
        self.builtin_name("len", span);
        let call = ExprKind::Call { name: "len".into(), args, keywords: vec![] };
        let (left, right) = (Box::new(self.make(call, span)), Box::new(self.int(fixed, span)));
        let op = if star.is_some() { CmpOp::GtE } else { CmpOp::Eq };
        if star.is_none() || fixed > 0 {
            out.tests.push(self.make(ExprKind::Compare { op, left, right }, span));
        }
        for (i, pattern) in patterns.iter().enumerate() {
            let at = match (pattern, star) {
                (Pattern::Star(name), _) => {
                    if let Some(name) = name {
                        out.stars.push((name.clone(), var, i, patterns.len() - i - 1));
                    }
                    continue;
                }
                (_, Some(star)) if i > star => i as i64 - patterns.len() as i64,
                _ => i as i64,
            };
            self.pattern(pattern, Place::Item(var, Item::At(at)), span, out);
        }
    }

    /// The place, with a name of its own if the pattern looks at it more than once.
    fn tested(&mut self, pattern: &Pattern, place: Place, span: Span, out: &mut Matched) -> Place {
        match pattern {
            Pattern::Value(_) | Pattern::Singleton(_) => place,
            _ => self.named(place, span, out),
        }
    }

    /// A place that is a variable: an element gets one.
    fn named(&mut self, place: Place, span: Span, out: &mut Matched) -> Place {
        let Place::Item(..) = place else { return place };
        let var = self.temp();
        let value = Box::new(self.at(&place, span));
        // `(t := x[i], True)[1]`
        let items =
            vec![self.make(ExprKind::Named { var, value }, span), self.make(ExprKind::Bool(true), span)];
        let (base, index) = (Box::new(self.make(ExprKind::Tuple(items), span)), Box::new(self.int(1, span)));
        out.tests.push(self.make(ExprKind::Index { base, index }, span));
        Place::Var(var)
    }

    fn at(&mut self, place: &Place, span: Span) -> Expr {
        match place {
            Place::Var(var) => self.local(*var, span),
            Place::Item(var, item) => {
                let base = Box::new(self.local(*var, span));
                let index = match item {
                    Item::At(i) => self.make(ExprKind::Int(*i), span),
                    Item::Key(key) => self.expr(key),
                    Item::Attribute(name) => {
                        return self.make(super::text::attribute(base, name), span);
                    }
                };
                self.make(ExprKind::Index { base, index: Box::new(index) }, span)
            }
        }
    }

    /// Assigns what a pattern binds.
    fn bindings(&mut self, matched: &Matched, span: Span) -> Vec<hir::Stmt> {
        let mut out = Vec::new();
        for (name, place) in &matched.binds {
            let value = self.at(place, span);
            out.push(self.bind_name(name, value, span));
        }
        for (name, var, before, after) in &matched.stars {
            // Always a list, whatever the sequence is.
            let mut fixed = |n: usize| -> Vec<hir::Target> {
                (0..n)
                    .map(|_| {
                        let kind = TargetKind::Var(self.temp());
                        hir::Target { kind, span, id: self.node() }
                    })
                    .collect()
            };
            let (before, after) = (fixed(*before), fixed(*after));
            let star = Box::new(self.name_target(name, span));
            let kind = TargetKind::Starred { before, star, after };
            let targets = vec![hir::Target { kind, span, id: self.node() }];
            let value = self.local(*var, span);
            out.push(hir::Stmt { kind: StmtKind::Assign { targets, value }, span });
        }
        for (name, var, keys) in &matched.rests {
            let args = vec![self.local(*var, span)];
            self.builtin_name("dict", span);
            let kind = ExprKind::Call { name: "dict".into(), args, keywords: vec![] };
            let value = self.make(kind, span);
            let rest = self.temp();
            let target = hir::Target { kind: TargetKind::Var(rest), span, id: self.node() };
            out.push(hir::Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span });
            let mut targets = Vec::new();
            for key in keys {
                let (base, index) = (self.local(rest, span), self.expr(key));
                let kind = TargetKind::Index { base, index };
                targets.push(hir::Target { kind, span, id: self.node() });
            }
            if !targets.is_empty() {
                out.push(hir::Stmt { kind: StmtKind::Delete(targets), span });
            }
            let value = self.local(rest, span);
            out.push(self.bind_name(name, value, span));
        }
        out
    }

    fn bind_name(&mut self, name: &str, value: Expr, span: Span) -> hir::Stmt {
        let targets = vec![self.name_target(name, span)];
        hir::Stmt { kind: StmtKind::Assign { targets, value }, span }
    }

    fn name_target(&mut self, name: &str, span: Span) -> hir::Target {
        self.target(&AExpr { kind: A::Name(name.to_string()), span })
    }

    /// All tests in order; none if there is nothing to test.
    fn all_of(&mut self, tests: Vec<Expr>, span: Span) -> Option<Expr> {
        tests.into_iter().rev().reduce(|right, left| {
            let (left, right) = (Box::new(left), Box::new(right));
            self.make(ExprKind::Bool2 { op: BoolOp::And, left, right }, span)
        })
    }

    fn is_instance(&mut self, var: hir::VarId, classes: &[&str], span: Span) -> Option<Expr> {
        self.builtin_name("isinstance", span);
        let mut names = Vec::new();
        for class in classes {
            if CLASSES.contains(class) {
                self.builtin_name(class, span);
            }
            names.push(self.make(ExprKind::Global(class.to_string()), span));
        }
        let class = match names.len() {
            1 => names.remove(0),
            _ => self.make(ExprKind::Tuple(names), span),
        };
        let args = vec![self.local(var, span), class];
        let kind = ExprKind::Call { name: "isinstance".into(), args, keywords: vec![] };
        Some(self.make(kind, span))
    }

    /// A pattern asks no names, but our tests do.
    fn builtin_name(&mut self, name: &str, span: Span) {
        if !self.is_builtin(name) {
            let message = format!("a pattern of this kind where `{name}` is not the builtin");
            self.refuse("PYR0318", span, message, "");
        }
    }

    pub(super) fn int(&mut self, value: usize, span: Span) -> Expr {
        self.make(ExprKind::Int(value as i64), span)
    }
}
