//! Methods whose names end, or begin, with a text: the text is compared with the names that the class has.
//!
//! ```text
//! return getattr(self, "op_" + op)(x)    →    return self.op_add(x) if op == "add" else
//!                                                    self.op_sub(x) if op == "sub" else getattr(self, "op_" + op)(x)
//! ```
//!
//! What is left at the end is left to Python: a name that the text of the class does not have. Whether an instance, or a
//! class below, has something else under one of the names is asked where the method is called, as for any other call.

use super::visitors::{
    calls_first, is_only_called, is_read_behind, none_test, replace_assigned, stores, text,
};
use crate::ast::{BinOp, CmpOp, Constant, Expr, ExprKind as A, FunctionDef, Keyword, Stmt, StmtKind as S};
use crate::resolve::ModuleEnv;
use crate::walk;

/// At most so many methods are compared with.
const MOST: usize = 40;
/// Classes above one that are looked at, at most.
const ABOVE: usize = 8;

/// A look-up: whose method, what the name is made of, and whether None comes where there is no such method.
#[derive(Clone, Debug)]
struct Found {
    owner: Expr,
    subject: String,
    /// The texts, and the methods that they stand for.
    methods: Vec<(String, String)>,
    or_none: bool,
    /// The look-up in a form that is not taken for one: nothing is made of it but a way back to Python.
    written: Expr,
}

impl Found {
    /// `made(method) if subject == text else …`, which ends with `last`.
    fn chain(&self, last: Expr, made: &dyn Fn(Expr) -> A) -> A {
        let at = |kind: A| Expr { kind, span: self.written.span };
        let chosen = self.methods.iter().rev().fold(last, |orelse, (text, method)| {
            let left = Box::new(at(A::Name(self.subject.clone())));
            let comparators = vec![at(A::Constant(Constant::Str(text.clone())))];
            let test = Box::new(at(A::Compare { left, ops: vec![CmpOp::Eq], comparators }));
            let method = at(A::Attribute { value: Box::new(self.owner.clone()), name: method.clone() });
            at(A::If { test, body: Box::new(at(made(method))), orelse: Box::new(orelse) })
        });
        chosen.kind
    }

    fn call(&self, args: &[Expr], keywords: &[Keyword], last: Expr) -> A {
        self.chain(last, &|method| A::Call {
            func: Box::new(method),
            args: args.to_vec(),
            keywords: keywords.to_vec(),
        })
    }

    /// `method is None`, or the contrary.
    fn is_none(&self, negated: bool) -> A {
        let op = if negated { CmpOp::IsNot } else { CmpOp::Is };
        let none = Expr { kind: A::Constant(Constant::None), span: self.written.span };
        let test = |method: Expr| A::Compare {
            left: Box::new(method),
            ops: vec![op],
            comparators: vec![none.clone()],
        };
        let last = Expr { kind: test(self.written.clone()), span: self.written.span };
        self.chain(last, &test)
    }
}

/// The method with calls by name in the place of look-ups; `None` if there are none.
pub(super) fn expanded(env: &ModuleEnv, qualname: &str, def: &FunctionDef) -> Option<FunctionDef> {
    let (class, _) = qualname.rsplit_once('.')?;
    let mut asked = false;
    walk::own_expressions(&def.body, &mut |e| asked |= matches!(&e.kind, A::Name(name) if name == "getattr"));
    if !asked || env.bindings.contains_key("getattr") || !env.all_classes.contains_key(class) {
        return None;
    }
    let pass = Pass { env, class, def };
    let mut new = def.clone();
    let mut changed = false;
    walk::expressions_mut(&mut new.body, &mut |e| {
        let A::Call { func, args, keywords } = &e.kind else { return };
        if !all_simple(args, keywords) {
            return;
        }
        let Some(found) = pass.lookup(func).filter(|found| !found.or_none) else { return };
        let written = Box::new(found.written.clone());
        let kind = A::Call { func: written, args: args.clone(), keywords: keywords.clone() };
        e.kind = found.call(args, keywords, Expr { kind, span: e.span });
        changed = true;
    });
    let mut kept = Vec::new();
    pass.kept(&def.body, &mut kept);
    for (name, found) in kept {
        if is_only_called(def, &name, found.or_none, &all_simple) {
            replace_assigned(&mut new.body, &name, &|e| {
                if let Some(negated) = none_test(e, &name) {
                    e.kind = found.is_none(negated);
                    return;
                }
                if let A::Call { func, args, keywords } = &e.kind
                    && matches!(&func.kind, A::Name(n) if *n == name)
                {
                    let written = Box::new(found.written.clone());
                    let kind = A::Call { func: written, args: args.clone(), keywords: keywords.clone() };
                    e.kind = found.call(args, keywords, Expr { kind, span: e.span });
                }
            });
            changed = true;
        }
    }
    changed.then_some(new)
}

/// May it be written down several times? Only one of them is evaluated; what binds names would do so in all of them.
fn is_simple(e: &Expr) -> bool {
    match &e.kind {
        A::Name(_) | A::Constant(_) => true,
        A::Attribute { value, .. } | A::Starred(value) => is_simple(value),
        A::Subscript { value, index } => is_simple(value) && is_simple(index),
        A::BinOp { left, right, .. } => is_simple(left) && is_simple(right),
        A::UnaryOp { operand, .. } => is_simple(operand),
        A::Tuple(items) => items.iter().all(is_simple),
        _ => false,
    }
}

fn all_simple(args: &[Expr], keywords: &[Keyword]) -> bool {
    args.iter().chain(keywords.iter().map(|k| &k.value)).all(is_simple)
}

/// `getattr(self, "op_" + op + "")`
fn left_to_python(e: &Expr) -> Expr {
    let mut new = e.clone();
    if let A::Call { args, .. } = &mut new.kind
        && let Some(name) = args.get_mut(1)
    {
        let span = name.span;
        let right = Box::new(Expr { kind: A::Constant(Constant::Str(String::new())), span });
        let left = Box::new(name.clone());
        name.kind = A::BinOp { left, op: BinOp::Add, right };
    }
    new
}

struct Pass<'d> {
    env: &'d ModuleEnv,
    class: &'d str,
    def: &'d FunctionDef,
}

impl Pass<'_> {
    /// `getattr(self, "op_" + op)`, perhaps with None as the default.
    fn lookup(&self, e: &Expr) -> Option<Found> {
        let A::Call { func, args, keywords } = &e.kind else { return None };
        if !keywords.is_empty() || !matches!(&func.kind, A::Name(name) if name == "getattr") {
            return None;
        }
        let [owner @ Expr { kind: A::Name(_), .. }, name, rest @ ..] = args.as_slice() else { return None };
        let or_none = match rest {
            [] => false,
            [Expr { kind: A::Constant(Constant::None), .. }] => true,
            _ => return None,
        };
        let (prefix, subject, suffix) = parts(name)?;
        let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
        // A private name is another one in a class, but not in a text.
        if prefix.is_empty() || prefix.starts_with("__") || !plain(&prefix) || !plain(&suffix) {
            return None;
        }
        let mut methods = Vec::new();
        self.methods(self.class, ABOVE, &mut |method| {
            let inner = method.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(&suffix));
            let new = |(_, known): &(String, String)| known != method;
            if let Some(inner) = inner
                && methods.iter().all(new)
            {
                methods.push((inner.to_string(), method.to_string()));
            }
        });
        let some = !methods.is_empty() && methods.len() <= MOST;
        some.then(|| Found { owner: owner.clone(), subject, methods, or_none, written: left_to_python(e) })
    }

    /// The methods of a class and of those above it, as far as the module's text tells.
    fn methods(&self, class: &str, depth: usize, found: &mut dyn FnMut(&str)) {
        let (Some(def), Some(depth)) = (self.env.all_classes.get(class), depth.checked_sub(1)) else {
            return;
        };
        for stmt in &def.body {
            if let S::FunctionDef(f) = &stmt.kind
                && f.decorators.is_empty()
            {
                found(&f.name);
            }
        }
        for base in &def.bases {
            if let A::Name(base) = &base.kind {
                self.methods(base, depth, found);
            }
        }
    }

    /// Look-ups by a parameter that nothing binds again, whose results variables keep.
    fn kept(&self, body: &[Stmt], out: &mut Vec<(String, Found)>) {
        for (at, stmt) in body.iter().enumerate() {
            walk::blocks(stmt).into_iter().for_each(|block| self.kept(block, out));
            let S::Assign { targets, value } = &stmt.kind else { continue };
            let [Expr { kind: A::Name(name), .. }] = targets.as_slice() else { continue };
            let Some(found) = self.lookup(value) else { continue };
            let stays =
                |e: &str| self.def.params.in_frame_order().any(|p| p.name == e) && stores(self.def, e) == 1;
            let owner_stays = matches!(&found.owner.kind, A::Name(owner) if stays(owner));
            let once = stores(self.def, name) == 1 && is_read_behind(self.def, name);
            // Where it may raise, it is called at once.
            let raises = !found.or_none && !body.get(at + 1).is_some_and(|next| calls_first(next, name));
            if owner_stays && stays(&found.subject) && once && !raises {
                out.push((name.clone(), found));
            }
        }
    }
}

/// What a name is put together of: in front of a variable, the variable, behind it.
fn parts(e: &Expr) -> Option<(String, String, String)> {
    let variable = |e: &Expr| match &e.kind {
        A::Name(name) => Some(name.clone()),
        _ => None,
    };
    match &e.kind {
        A::BinOp { left, op: BinOp::Add, right } => Some((text(left)?, variable(right)?, String::new())),
        A::BinOp { left, op: BinOp::Mod, right } => {
            let text = text(left)?;
            let (front, back) = text.split_once("%s")?;
            // What is shown as a text need not be one: then it is equal to none.
            Some((front.to_string(), variable(right)?, back.to_string()))
        }
        A::JoinedStr(parts) => {
            let at = parts.iter().position(|part| matches!(part.kind, A::Formatted { .. }))?;
            let A::Formatted { value, conversion: None, spec: None } = &parts[at].kind else { return None };
            let joined = |parts: &[Expr]| parts.iter().map(text).collect::<Option<String>>();
            Some((joined(&parts[..at])?, variable(value)?, joined(&parts[at + 1..])?))
        }
        _ => None,
    }
}
