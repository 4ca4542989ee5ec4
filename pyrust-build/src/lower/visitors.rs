//! Methods whose names say the class of an argument.
//!
//! ```text
//! name = "visit_" + type(node).__name__
//! visitor = getattr(self, name, self.generic_visit)      →
//! return visitor(node)                                       return self.[the method for the class of node](node, node)
//! ```
//!
//! Neither the class of a parameter nor the methods of `self` change on the way, so the method may be looked for where it
//! is called.

use super::scope::binds;
use crate::ast::{BinOp, CmpOp, UnaryOp};
use crate::ast::{Constant, Expr, ExprKind as A, FunctionDef, Keyword, Stmt, StmtKind as S};
use crate::resolve::ModuleEnv;
use crate::walk;

/// What the names of such methods begin with, which no attribute can have.
const BY_CLASS: &str = "by class:";

/// The method that is looked for, in what stands for its name. The first argument is the object whose class counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByClass {
    prefix: String,
    suffix: String,
    /// The name of the class is written small.
    small: bool,
    /// What is called where there is no such method.
    pub(crate) default: Option<String>,
    /// Is there such a method? Nothing is called.
    pub(crate) asks: bool,
}

impl ByClass {
    /// Of such a name.
    pub(crate) fn of(name: &str) -> Option<ByClass> {
        let mut parts = name.strip_prefix(BY_CLASS)?.split(':').map(str::to_string);
        let (prefix, suffix) = (parts.next()?, parts.next()?);
        let (small, asks) = (parts.next()? == "small", parts.next()? == "asks");
        let default = parts.next().filter(|name| !name.is_empty());
        Some(ByClass { prefix, suffix, small, default, asks })
    }

    fn name(&self) -> String {
        let (small, asks) = (if self.small { "small" } else { "" }, if self.asks { "asks" } else { "" });
        let default = self.default.as_deref().unwrap_or_default();
        format!("{BY_CLASS}{}:{}:{small}:{asks}:{default}", self.prefix, self.suffix)
    }

    /// The name of the method for a class.
    pub(crate) fn method(&self, class: &str) -> String {
        let class = if self.small { class.to_lowercase() } else { class.to_string() };
        format!("{}{class}{}", self.prefix, self.suffix)
    }
}

/// A look-up: whose method, the object whose class counts.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    by: ByClass,
    owner: String,
    subject: String,
    /// What comes where there is no such method is tested for.
    or_none: bool,
}

impl Found {
    /// The call of the method; `asks`: the question whether there is one.
    fn call(&self, args: Vec<Expr>, keywords: Vec<Keyword>, asks: bool, like: &Expr) -> A {
        let name = |name: &str| Expr { kind: A::Name(name.to_string()), span: like.span };
        let by = ByClass { asks, ..self.by.clone() };
        let func = A::Attribute { value: Box::new(name(&self.owner)), name: by.name() };
        let args = std::iter::once(name(&self.subject)).chain(args).collect();
        A::Call { func: Box::new(Expr { kind: func, span: like.span }), args, keywords }
    }
}

/// The function with calls of such methods in the place of look-ups; `None` if there are none.
pub(super) fn expanded(env: &ModuleEnv, def: &FunctionDef) -> Option<FunctionDef> {
    let mut asked = false;
    walk::own_expressions(&def.body, &mut |e| asked |= matches!(&e.kind, A::Name(name) if name == "getattr"));
    if !asked || ["getattr", "type"].iter().any(|name| env.bindings.contains_key(*name)) {
        return None;
    }
    let pass = Pass { def, names: names_of_classes(def) };
    let mut new = def.clone();
    let mut changed = false;
    // Calls of what has just been looked for.
    walk::expressions_mut(&mut new.body, &mut |e| {
        let A::Call { func, args, keywords } = &mut e.kind else { return };
        let Some(found) = pass.lookup(func).filter(|found| !found.or_none) else { return };
        let call = found.call(std::mem::take(args), std::mem::take(keywords), false, func);
        (e.kind, changed) = (call, true);
    });
    let mut kept = Vec::new();
    pass.kept(&def.body, &mut kept);
    for (name, found) in kept {
        if is_only_called(pass.def, &name, found.or_none, &|_, _| true) {
            replaced(&mut new.body, &name, &found);
            changed = true;
        }
    }
    let unused: Vec<&String> = pass.names.iter().map(|(name, _)| name).collect();
    unused.into_iter().for_each(|name| drop_unused(&mut new.body, name));
    changed.then_some(new)
}

/// Variables that are assigned once, the name of a class or of a method for one.
fn names_of_classes(def: &FunctionDef) -> Vec<(String, Expr)> {
    let mut found: Vec<(String, Expr)> = Vec::new();
    walk::each_statement(&def.body, &mut |stmt| {
        if let S::Assign { targets, value } = &stmt.kind
            && let [Expr { kind: A::Name(name), .. }] = targets.as_slice()
        {
            found.push((name.clone(), value.clone()));
        }
    });
    let once = |name: &String| stores(def, name) == 1 && is_read_behind(def, name);
    let all: Vec<_> = found.into_iter().filter(|(name, _)| once(name)).collect();
    let pass = Pass { def, names: all.clone() };
    all.into_iter().filter(|(_, value)| pass.name(value).is_some()).collect()
}

pub(super) fn is_name(e: &Expr, name: &str) -> bool {
    matches!(&e.kind, A::Name(n) if n == name)
}

/// How often the statements name it, functions inside included.
pub(super) fn mentions(body: &[Stmt], name: &str) -> usize {
    let mut count = 0;
    walk::expressions(body, &mut |e| count += usize::from(is_name(e, name)));
    count
}

/// Do all reads of a variable that is assigned once stand behind that, in the same block? Elsewhere it may have no value.
pub(super) fn is_read_behind(def: &FunctionDef, name: &str) -> bool {
    fn behind(body: &[Stmt], name: &str) -> Option<usize> {
        body.iter().enumerate().find_map(|(at, stmt)| match &stmt.kind {
            S::Assign { targets, .. } if targets.iter().any(|t| is_name(t, name)) => {
                Some(mentions(&body[at + 1..], name))
            }
            _ => walk::blocks(stmt).into_iter().find_map(|block| behind(block, name)),
        })
    }
    behind(&def.body, name).is_some_and(|reads| reads + 1 == mentions(&def.body, name))
}

/// How often the function binds the name, parameters included.
pub(super) fn stores(def: &FunctionDef, name: &str) -> usize {
    let mut count = def.params.in_frame_order().filter(|p| p.name == name).count();
    let is_it = |e: &Expr| matches!(&e.kind, A::Name(n) if n == name);
    let mut others = false;
    walk::each_statement(&def.body, &mut |stmt| match &stmt.kind {
        S::Assign { targets, .. } if targets.iter().any(is_it) => count += 1,
        // It may bind anything.
        _ => {
            others |= !matches!(stmt.kind, S::Assign { .. })
                && binds(std::slice::from_ref(stmt), name)
                && walk::blocks(stmt).is_empty()
        }
    });
    if others || loops_bind(def, name) { usize::MAX } else { count }
}

/// Do heads of statements with blocks bind the name, or anything inside an expression?
fn loops_bind(def: &FunctionDef, name: &str) -> bool {
    let mut found = super::class_methods::binds_inside(&def.body, name);
    walk::each_statement(&def.body, &mut |stmt| {
        let mut head = stmt.clone();
        walk::blocks_mut(&mut head).into_iter().for_each(Vec::clear);
        let has_blocks = !walk::blocks(stmt).is_empty();
        found |= has_blocks && binds(&[head], name);
        found |= matches!(&stmt.kind, S::Assign { targets, .. } if targets.iter().any(|t| {
            !matches!(t.kind, A::Name(_)) && binds(std::slice::from_ref(stmt), name)
        }));
    });
    walk::own_expressions(&def.body, &mut |e| {
        found |= matches!(&e.kind, A::Named { target, .. } if target == name);
    });
    found
}

/// What a text is put together of: in front of the name of a class, behind it, whether that is written small, the object.
type Parts = (String, String, bool, String);

struct Pass<'d> {
    def: &'d FunctionDef,
    names: Vec<(String, Expr)>,
}

impl Pass<'_> {
    /// A parameter that nothing binds again.
    fn param(&self, e: &Expr) -> Option<String> {
        let A::Name(name) = &e.kind else { return None };
        let is_param = self.def.params.in_frame_order().any(|p| p.name == *name);
        (is_param && stores(self.def, name) == 1).then(|| name.clone())
    }

    /// A text with the name of a class in it.
    fn name(&self, e: &Expr) -> Option<Parts> {
        let around = |front: String, (prefix, suffix, small, subject): Parts, back: String| {
            let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
            (plain(&front) && plain(&back)).then(|| (front + &prefix, suffix + &back, small, subject))
        };
        let none = String::new;
        match &e.kind {
            A::Name(name) => {
                let (_, value) = self.names.iter().find(|(known, _)| known == name)?;
                match &value.kind {
                    // No circles.
                    A::Name(_) => None,
                    _ => self.name(value),
                }
            }
            A::Attribute { value, name } if name == "__name__" => {
                let subject = match &value.kind {
                    A::Call { func, args, keywords } => match (&func.kind, args.as_slice()) {
                        (A::Name(name), [of]) if name == "type" && keywords.is_empty() => of,
                        _ => return None,
                    },
                    A::Attribute { value, name } if name == "__class__" => value,
                    _ => return None,
                };
                Some((none(), none(), false, self.param(subject)?))
            }
            A::BinOp { left, op: BinOp::Add, right } => match (text(left), text(right)) {
                (Some(front), None) => around(front, self.name(right)?, none()),
                (None, Some(back)) => around(none(), self.name(left)?, back),
                _ => None,
            },
            A::BinOp { left, op: BinOp::Mod, right } => {
                let text = text(left)?;
                let (front, back) = text.split_once("%s")?;
                let value = match &right.kind {
                    A::Tuple(items) => items.first().filter(|_| items.len() == 1)?,
                    _ => right,
                };
                around(front.to_string(), self.name(value)?, back.to_string())
            }
            A::JoinedStr(parts) => {
                let at = parts.iter().position(|part| matches!(part.kind, A::Formatted { .. }))?;
                let A::Formatted { value, conversion: None | Some('s'), spec: None } = &parts[at].kind else {
                    return None;
                };
                let joined = |parts: &[Expr]| parts.iter().map(text).collect::<Option<String>>();
                around(joined(&parts[..at])?, self.name(value)?, joined(&parts[at + 1..])?)
            }
            A::Call { func, args, keywords } if keywords.is_empty() => {
                let A::Attribute { value, name } = &func.kind else { return None };
                match (name.as_str(), args.as_slice()) {
                    ("lower", []) => {
                        let (prefix, suffix, _, subject) = self.name(value)?;
                        let plain = prefix.is_empty() && suffix.is_empty();
                        plain.then_some((prefix, suffix, true, subject))
                    }
                    ("format", [of]) => {
                        let text = text(value)?;
                        let (front, back) = text.split_once("{}")?;
                        around(front.to_string(), self.name(of)?, back.to_string())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `getattr(self, name, default)`
    fn lookup(&self, e: &Expr) -> Option<Found> {
        let A::Call { func, args, keywords } = &e.kind else { return None };
        if !keywords.is_empty() || !matches!(&func.kind, A::Name(name) if name == "getattr") {
            return None;
        }
        let [of, name, rest @ ..] = args.as_slice() else { return None };
        let owner = self.param(of)?;
        let (prefix, suffix, small, subject) = self.name(name)?;
        let (default, or_none) = match rest {
            [] => (None, false),
            [Expr { kind: A::Constant(Constant::None), .. }] => (None, true),
            [Expr { kind: A::Attribute { value, name }, .. }] if self.param(value)? == owner => {
                (Some(name.clone()), false)
            }
            _ => return None,
        };
        let by = ByClass { prefix, suffix, small, default, asks: false };
        Some(Found { by, owner, subject, or_none })
    }

    /// Look-ups whose results variables keep.
    fn kept(&self, body: &[Stmt], out: &mut Vec<(String, Found)>) {
        for (at, stmt) in body.iter().enumerate() {
            walk::blocks(stmt).into_iter().for_each(|block| self.kept(block, out));
            let S::Assign { targets, value } = &stmt.kind else { continue };
            let [Expr { kind: A::Name(name), .. }] = targets.as_slice() else { continue };
            let Some(found) =
                self.lookup(value).filter(|_| stores(self.def, name) == 1 && is_read_behind(self.def, name))
            else {
                continue;
            };
            // Where it may raise, it is called at once.
            let raises = found.by.default.is_none() && !found.or_none;
            if !raises || body.get(at + 1).is_some_and(|next| calls_first(next, name)) {
                out.push((name.clone(), found));
            }
        }
    }
}

/// Is the variable only called, with arguments that fit, and tested for None where that may be?
pub(super) fn is_only_called(
    def: &FunctionDef,
    name: &str,
    or_none: bool,
    fits: &dyn Fn(&[Expr], &[Keyword]) -> bool,
) -> bool {
    let is_it = |e: &Expr| matches!(&e.kind, A::Name(n) if n == name);
    let (mut all, mut own, mut known) = (0, 0, 1);
    walk::expressions(&def.body, &mut |e| all += usize::from(is_it(e)));
    walk::own_expressions(&def.body, &mut |e| {
        own += usize::from(is_it(e));
        known += match &e.kind {
            A::Call { func, args, keywords } => usize::from(is_it(func) && fits(args, keywords)),
            _ => usize::from(or_none && none_test(e, name).is_some()),
        };
    });
    // What nothing calls is read all the same.
    all == own && own == known && known > 1
}

/// A literal text.
pub(super) fn text(e: &Expr) -> Option<String> {
    match &e.kind {
        A::Constant(Constant::Str(text)) => Some(text.clone()),
        _ => None,
    }
}

/// `name is None`, and whether it is negated.
pub(super) fn none_test(e: &Expr, name: &str) -> Option<bool> {
    let A::Compare { left, ops, comparators } = &e.kind else { return None };
    let [Expr { kind: A::Constant(Constant::None), .. }] = comparators.as_slice() else { return None };
    let is_it = matches!(&left.kind, A::Name(n) if n == name);
    match ops.as_slice() {
        [CmpOp::Is] if is_it => Some(false),
        [CmpOp::IsNot] if is_it => Some(true),
        _ => None,
    }
}

/// Does the statement begin with a call of what has that name, with arguments that only read variables?
pub(super) fn calls_first(stmt: &Stmt, name: &str) -> bool {
    let e = match &stmt.kind {
        S::Return(Some(e)) | S::Expr(e) | S::Assign { value: e, .. } => e,
        _ => return false,
    };
    let A::Call { func, args, keywords } = &e.kind else { return false };
    let reads = |e: &Expr| matches!(e.kind, A::Name(_) | A::Constant(_));
    matches!(&func.kind, A::Name(n) if n == name)
        && args.iter().all(reads)
        && keywords.iter().all(|k| k.name.is_some() && reads(&k.value))
}

/// Puts the calls, and the questions, in the place of those of the variable, and drops its assignment.
fn replaced(body: &mut Vec<Stmt>, name: &str, found: &Found) {
    replace_assigned(body, name, &|e| {
        if let Some(negated) = none_test(e, name) {
            let asks = found.call(Vec::new(), Vec::new(), true, e);
            e.kind = match negated {
                true => asks,
                false => {
                    let operand = Box::new(Expr { kind: asks, span: e.span });
                    A::UnaryOp { op: UnaryOp::Not, operand }
                }
            };
        }
        let A::Call { func, args, keywords } = &mut e.kind else { return };
        if matches!(&func.kind, A::Name(n) if n == name) {
            e.kind = found.call(std::mem::take(args), std::mem::take(keywords), false, func);
        }
    });
}

/// Changes the expressions of a function, and drops the assignment of the variable that they spoke of.
pub(super) fn replace_assigned(body: &mut Vec<Stmt>, name: &str, change: &dyn Fn(&mut Expr)) {
    body.retain(|stmt| {
        !matches!(&stmt.kind, S::Assign { targets, .. }
            if matches!(targets.as_slice(), [Expr { kind: A::Name(n), .. }] if n == name))
    });
    for stmt in body.iter_mut() {
        walk::statement_mut(stmt, &mut |e| change(e));
        walk::blocks_mut(stmt).into_iter().for_each(|block| replace_assigned(block, name, change));
    }
}

/// Drops the assignment of the name of a class that nothing reads any more: making it does nothing else.
fn drop_unused(body: &mut Vec<Stmt>, name: &str) {
    let mut mentioned = 0;
    walk::expressions(body, &mut |e| mentioned += usize::from(matches!(&e.kind, A::Name(n) if n == name)));
    if mentioned == 1 {
        dropped(body, name);
    }
}

fn dropped(body: &mut Vec<Stmt>, name: &str) {
    for stmt in body {
        if let S::Assign { targets, .. } = &stmt.kind
            && matches!(targets.as_slice(), [Expr { kind: A::Name(n), .. }] if n == name)
        {
            stmt.kind = S::Pass;
        }
        walk::blocks_mut(stmt).into_iter().for_each(|block| dropped(block, name));
    }
}
