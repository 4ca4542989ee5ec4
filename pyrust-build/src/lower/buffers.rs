//! An `io.StringIO` or `io.BytesIO` that a function only writes into is the list of what is written.
//!
//! ```text
//! out = io.StringIO()                 out = []
//! for x in xs:                        for x in xs:
//!     out.write(x)             →          out.append(x)
//!     print(len(x), file=out)             out.append(f"{len(x)!s}"); out.append("\n")
//! return out.getvalue()               return "".join(out)
//! ```
//!
//! Nothing else may be done with it: what is read from it, handed on or returned is Python's. What is written is looked at
//! where it is written ([`WRITTEN_TEXT`]), as the object would.

use std::collections::{BTreeMap, BTreeSet};

use super::library::in_module;
use super::scope::binds;
use crate::ast::{Constant, Expr, ExprKind as A, FunctionDef, Keyword, Stmt, StmtKind as S};
use crate::hir::{Function, Library};
use crate::resolve::ModuleEnv;
use crate::source::Span;
use crate::walk;

/// A text, or bytes: anything else is left to Python. Calls of one argument.
pub(crate) const WRITTEN_TEXT: &str = "written text";
pub(crate) const WRITTEN_BYTES: &str = "written bytes";

/// What such a function relies on, besides its text.
pub(super) struct Relies {
    libraries: BTreeSet<Library>,
    builtins: BTreeSet<String>,
}

impl Relies {
    pub(super) fn with(self, mut function: Function) -> Function {
        function.libraries.extend(self.libraries);
        function.assumes.extend(self.builtins);
        function
    }
}

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
}

/// The buffers of a function, and the names under which their `write` is known.
#[derive(Default)]
struct Buffers {
    kinds: BTreeMap<String, Kind>,
    writes: BTreeMap<String, String>,
}

/// The function without buffers; `None` if there are none that could go.
pub(super) fn expanded(env: &ModuleEnv, def: &FunctionDef) -> Option<(FunctionDef, Relies)> {
    let mut libraries = BTreeSet::new();
    let mut candidates = Buffers::default();
    let mut made = |e: &Expr| {
        let (kind, library) = constructor(env, def, e)?;
        libraries.insert(library);
        Some(kind)
    };
    walk::each_statement(&def.body, &mut |stmt| match &stmt.kind {
        S::Assign { targets, value } => {
            if let ([Expr { kind: A::Name(name), .. }], Some(kind)) = (targets.as_slice(), made(value)) {
                candidates.kinds.insert(name.clone(), kind);
            }
        }
        S::With { items, .. } => {
            if let [item] = items.as_slice()
                && let Some(Expr { kind: A::Name(name), .. }) = &item.target
                && let Some(kind) = made(&item.context)
            {
                candidates.kinds.insert(name.clone(), kind);
            }
        }
        _ => {}
    });
    if candidates.kinds.is_empty() || walk::has_yield(&def.body) || def.is_async {
        return None;
    }
    let all: Vec<String> = candidates.kinds.keys().cloned().collect();
    let fits = |name: &String| is_only_written(env, def, name, &candidates);
    let kinds = all.into_iter().filter(fits).map(|name| (name.clone(), candidates.kinds[&name])).collect();
    let mut buffers = Buffers { kinds, writes: BTreeMap::new() };
    if buffers.kinds.is_empty() {
        return None;
    }
    walk::each_statement(&def.body, &mut |stmt| {
        if let Some((alias, name)) = written_as(stmt).filter(|(_, name)| buffers.kinds.contains_key(*name)) {
            buffers.writes.insert(alias.to_string(), name.to_string());
        }
    });
    let mut def = def.clone();
    let mut builtins = BTreeSet::new();
    def.body = buffers.block(std::mem::take(&mut def.body), &mut builtins);
    Some((def, Relies { libraries, builtins }))
}

/// `io.StringIO()`, without arguments.
fn constructor(env: &ModuleEnv, def: &FunctionDef, e: &Expr) -> Option<(Kind, Library)> {
    let A::Call { func, args, keywords } = &e.kind else { return None };
    if !args.is_empty() || !keywords.is_empty() {
        return None;
    }
    let library = in_module(func, &|name| env.bindings.get(name)).filter(|found| found.module == "io")?;
    let kind = match library.attr.as_str() {
        "StringIO" => Kind::Text,
        "BytesIO" => Kind::Bytes,
        _ => return None,
    };
    is_global(def, &library.global).then_some((kind, library))
}

/// Does the function mean the global by that name?
fn is_global(def: &FunctionDef, name: &str) -> bool {
    !binds(&def.body, name) && !def.params.in_frame_order().any(|p| p.name == name)
}

/// `write = out.write`: both names.
fn written_as(stmt: &Stmt) -> Option<(&str, &str)> {
    let S::Assign { targets, value } = &stmt.kind else { return None };
    let [Expr { kind: A::Name(alias), .. }] = targets.as_slice() else { return None };
    let A::Attribute { value, name } = &value.kind else { return None };
    match &value.kind {
        A::Name(buffer) if name == "write" => Some((alias, buffer)),
        _ => None,
    }
}

/// What is written by a statement.
enum Write<'s> {
    One(&'s Expr),
    Each(&'s Expr),
    /// What `print` is given, and the text that follows.
    Printed(&'s [Expr], String),
}

/// `out.write(x)`, `out.writelines(xs)`, `print(…, file=out)`: the name, and what is written.
fn write_of(stmt: &Stmt) -> Option<(&str, Write<'_>)> {
    let S::Expr(Expr { kind: A::Call { func, args, keywords }, .. }) = &stmt.kind else { return None };
    let plain = args.iter().all(|arg| !matches!(arg.kind, A::Starred(_)));
    match &func.kind {
        A::Attribute { value, name } => {
            let (A::Name(buffer), [arg], []) = (&value.kind, args.as_slice(), keywords.as_slice()) else {
                return None;
            };
            match name.as_str() {
                "write" if plain => Some((buffer, Write::One(arg))),
                "writelines" if plain => Some((buffer, Write::Each(arg))),
                _ => None,
            }
        }
        A::Name(print) if print == "print" && plain => {
            let (mut file, mut end) = (None, "\n".to_string());
            for Keyword { name, value } in keywords {
                match (name.as_deref(), &value.kind) {
                    (Some("file"), A::Name(name)) => file = Some(name.as_str()),
                    (Some("end"), A::Constant(Constant::Str(text))) => end = text.clone(),
                    _ => return None,
                }
            }
            // Each argument is evaluated before the first is written.
            (args.len() <= 1).then_some(())?;
            Some((file?, Write::Printed(args, end)))
        }
        _ => None,
    }
}

/// A call of the only argument by a name.
fn call_of(stmt: &Stmt) -> Option<(&str, &Expr)> {
    let S::Expr(Expr { kind: A::Call { func, args, keywords }, .. }) = &stmt.kind else { return None };
    match (&func.kind, args.as_slice(), keywords.as_slice()) {
        (A::Name(name), [arg], []) if !matches!(arg.kind, A::Starred(_)) => Some((name, arg)),
        _ => None,
    }
}

fn value_of(e: &Expr) -> Option<&str> {
    let A::Call { func, args, keywords } = &e.kind else { return None };
    match &func.kind {
        A::Attribute { value, name } if name == "getvalue" && args.is_empty() && keywords.is_empty() => {
            match &value.kind {
                A::Name(buffer) => Some(buffer),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How often a name is mentioned, by what: all that it may be there for, and anything.
#[derive(Default)]
struct Mentions {
    known: usize,
    all: usize,
    made: usize,
    aliases: Vec<String>,
}

/// Is the variable there for nothing but to be written into, and for what has been written?
fn is_only_written(env: &ModuleEnv, def: &FunctionDef, name: &str, candidates: &Buffers) -> bool {
    let kind = candidates.kinds[name];
    let is_it = |e: &Expr| matches!(&e.kind, A::Name(n) if n == name);
    let mut found = Mentions::default();
    let mut foreign = def.params.in_frame_order().any(|p| p.name == name);
    walk::each_statement(&def.body, &mut |stmt| match &stmt.kind {
        S::Assign { targets, value } if targets.iter().any(is_it) => {
            let same = constructor(env, def, value).is_some_and(|(k, _)| k == kind);
            foreign |= targets.len() != 1 || !same;
            found.made += 1;
        }
        S::With { items, body, is_async } if items.iter().any(|i| i.target.as_ref().is_some_and(is_it)) => {
            let same = constructor(env, def, &items[0].context).is_some_and(|(k, _)| k == kind);
            let mut inside = 0;
            walk::expressions(body, &mut |e| inside += usize::from(is_it(e)));
            // It is closed behind.
            let mut everywhere = 0;
            walk::expressions(&def.body, &mut |e| everywhere += usize::from(is_it(e)));
            foreign |= items.len() != 1 || *is_async || !same || everywhere != inside + 1;
            found.made += 1;
        }
        // Whatever else binds a name.
        S::FunctionDef(inner) => foreign |= inner.name == name || mentions_inside(&inner.body, name),
        S::ClassDef(_) => foreign = true,
        S::Global(names) | S::Nonlocal(names) => foreign |= names.iter().any(|n| n == name),
        S::Delete(targets) => foreign |= targets.iter().any(is_it),
        S::For { target, .. } => foreign |= names_it(target, name),
        S::AugAssign { target, .. } | S::AnnAssign { target, .. } => foreign |= is_it(target),
        S::Import(names) | S::ImportFrom { names, .. } => {
            foreign |= names.iter().any(|alias| alias.as_name.as_ref().unwrap_or(&alias.name) == name);
        }
        S::Match { .. } => foreign = true,
        S::Try { handlers, .. } => foreign |= handlers.iter().any(|h| h.name.as_deref() == Some(name)),
        _ => {
            if let Some((_, write)) = write_of(stmt).filter(|(buffer, _)| *buffer == name) {
                let prints = matches!(write, Write::Printed(..));
                foreign |= prints && (kind == Kind::Bytes || !is_builtin(env, def, "print"));
                found.known += 1;
            }
        }
    });
    walk::each_statement(&def.body, &mut |stmt| {
        if let Some((alias, _)) = written_as(stmt).filter(|(_, buffer)| *buffer == name) {
            found.aliases.push(alias.to_string());
            found.known += 1;
        }
    });
    walk::expressions(&def.body, &mut |e| {
        found.all += usize::from(is_it(e));
        found.known += usize::from(value_of(e) == Some(name));
        foreign |= matches!(&e.kind, A::Lambda { .. } if names_it(e, name));
        foreign |= matches!(&e.kind, A::Named { target, .. } if target == name);
        if let A::ListComp { generators, .. }
        | A::SetComp { generators, .. }
        | A::DictComp { generators, .. }
        | A::Generator { generators, .. } = &e.kind
        {
            foreign |= generators.iter().any(|g| names_it(&g.target, name)) || names_it(e, name);
        }
    });
    // A method that was looked up belongs to the buffer that was there then.
    let once = found.aliases.is_empty() || found.made == 1;
    let aliases = found.aliases.iter().all(|alias| {
        is_only_called(def, alias) && !candidates.kinds.contains_key(alias) && is_behind(def, name, alias)
    });
    !foreign && once && aliases && found.made > 0 && found.all == found.known + found.made
}

/// Is the variable bound once, and otherwise the head of statements that are calls of one argument?
fn is_only_called(def: &FunctionDef, alias: &str) -> bool {
    let (mut calls, mut all) = (0, 0);
    walk::each_statement(&def.body, &mut |stmt| {
        calls += usize::from(call_of(stmt).is_some_and(|(name, _)| name == alias));
    });
    walk::expressions(&def.body, &mut |e| all += usize::from(matches!(&e.kind, A::Name(n) if n == alias)));
    let mut others = def.params.in_frame_order().any(|p| p.name == alias);
    walk::each_statement(&def.body, &mut |stmt| match &stmt.kind {
        S::FunctionDef(inner) => others |= inner.name == alias || mentions_inside(&inner.body, alias),
        S::Global(names) | S::Nonlocal(names) => others |= names.iter().any(|n| n == alias),
        S::Try { handlers, .. } => others |= handlers.iter().any(|h| h.name.as_deref() == Some(alias)),
        S::Import(names) | S::ImportFrom { names, .. } => {
            others |= names.iter().any(|found| found.as_name.as_ref().unwrap_or(&found.name) == alias);
        }
        _ => {}
    });
    !others && all == calls + 1
}

/// Are both bound whenever the function gets there: the buffer, then its method, and then the calls?
fn is_behind(def: &FunctionDef, name: &str, alias: &str) -> bool {
    let at = |wanted: &str| {
        def.body.iter().position(|stmt| match &stmt.kind {
            S::Assign { targets, .. } => {
                matches!(targets.as_slice(), [Expr { kind: A::Name(n), .. }] if n == wanted)
            }
            _ => false,
        })
    };
    let (Some(made), Some(looked_up)) = (at(name), at(alias)) else { return false };
    made < looked_up && !mentions_inside(&def.body[..looked_up], alias)
}

fn is_builtin(env: &ModuleEnv, def: &FunctionDef, name: &str) -> bool {
    !env.bindings.contains_key(name) && is_global(def, name)
}

fn mentions_inside(body: &[Stmt], name: &str) -> bool {
    let mut found = false;
    walk::expressions(body, &mut |e| found |= matches!(&e.kind, A::Name(n) if n == name));
    found
}

fn names_it(e: &Expr, name: &str) -> bool {
    let mut found = false;
    walk::expression(e, &mut |e| found |= matches!(&e.kind, A::Name(n) if n == name));
    found
}

impl Buffers {
    fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name).copied()
    }

    fn block(&self, block: Vec<Stmt>, builtins: &mut BTreeSet<String>) -> Vec<Stmt> {
        let mut out = Vec::new();
        for mut stmt in block {
            let span = stmt.span;
            for inner in walk::blocks_mut(&mut stmt) {
                *inner = self.block(std::mem::take(inner), builtins);
            }
            if let S::With { items, body, .. } = &mut stmt.kind
                && let [item] = items.as_slice()
                && let Some(Expr { kind: A::Name(name), .. }) = &item.target
                && self.kinds.contains_key(name)
            {
                out.push(new(name, span));
                out.append(body);
                continue;
            }
            let written = self.written(&stmt, builtins);
            let at = out.len();
            match written {
                Some(more) => out.extend(more),
                None => out.push(stmt),
            }
            for stmt in &mut out[at..] {
                walk::statement_mut(stmt, &mut |e| {
                    if let Some(kind) = value_of(e).and_then(|name| self.kind(name)) {
                        self.value(e, kind);
                    }
                });
            }
        }
        out
    }

    /// The statements in the place of one that makes a buffer or writes into one.
    fn written(&self, stmt: &Stmt, builtins: &mut BTreeSet<String>) -> Option<Vec<Stmt>> {
        let span = stmt.span;
        if let S::Assign { targets, .. } = &stmt.kind
            && let [Expr { kind: A::Name(name), .. }] = targets.as_slice()
        {
            if self.kinds.contains_key(name) {
                return Some(vec![new(name, span)]);
            }
            if self.writes.contains_key(name) {
                return Some(vec![Stmt { kind: S::Pass, span }]);
            }
        }
        if let Some((alias, arg)) = call_of(stmt)
            && let Some(buffer) = self.writes.get(alias)
        {
            return Some(vec![append(buffer, self.kind(buffer)?, arg.clone(), span)]);
        }
        let (buffer, write) = write_of(stmt)?;
        let kind = self.kind(buffer)?;
        Some(match write {
            Write::One(arg) => vec![append(buffer, kind, arg.clone(), span)],
            Write::Each(items) => {
                let each = || Expr { kind: A::Name(EACH.to_string()), span };
                let body = vec![append(buffer, kind, each(), span)];
                let (iter, orelse) = (items.clone(), Vec::new());
                vec![Stmt { kind: S::For { target: each(), iter, body, orelse, is_async: false }, span }]
            }
            Write::Printed(args, end) => {
                builtins.insert("print".to_string());
                let shown = |value: &Expr| {
                    let value = Box::new(value.clone());
                    let field =
                        Expr { kind: A::Formatted { value, conversion: Some('s'), spec: None }, span };
                    Expr { kind: A::JoinedStr(vec![field]), span }
                };
                let end = Expr { kind: A::Constant(Constant::Str(end)), span };
                args.iter().map(shown).chain([end]).map(|text| append(buffer, kind, text, span)).collect()
            }
        })
    }

    /// `out.getvalue()` → `"".join(out)`
    fn value(&self, e: &mut Expr, kind: Kind) {
        let span = e.span;
        let A::Call { func, args, .. } = &mut e.kind else { return };
        let A::Attribute { value, name } = &mut func.kind else { return };
        let empty = match kind {
            Kind::Text => Constant::Str(String::new()),
            Kind::Bytes => Constant::Bytes(Vec::new()),
        };
        args.push(std::mem::replace(&mut **value, Expr { kind: A::Constant(empty), span }));
        *name = "join".to_string();
    }
}

/// The element of `writelines`, under a name that no text can have.
const EACH: &str = "written each";

fn new(name: &str, span: Span) -> Stmt {
    let targets = vec![Expr { kind: A::Name(name.to_string()), span }];
    Stmt { kind: S::Assign { targets, value: Expr { kind: A::List(Vec::new()), span } }, span }
}

fn append(buffer: &str, kind: Kind, arg: Expr, span: Span) -> Stmt {
    let name = |name: &str| Box::new(Expr { kind: A::Name(name.to_string()), span });
    let looks = match kind {
        Kind::Text => WRITTEN_TEXT,
        Kind::Bytes => WRITTEN_BYTES,
    };
    let written = A::Call { func: name(looks), args: vec![arg], keywords: Vec::new() };
    let func = Box::new(Expr { kind: A::Attribute { value: name(buffer), name: "append".into() }, span });
    let args = vec![Expr { kind: written, span }];
    let call = A::Call { func, args, keywords: Vec::new() };
    Stmt { kind: S::Expr(Expr { kind: call, span }), span }
}
