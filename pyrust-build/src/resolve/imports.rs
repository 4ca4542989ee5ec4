//! Imports inside functions: the name is a local that stands for the module, or for what the module has.
//!
//! Natively nothing is imported: the module has been imported before, or the call is Python's. So the local is read
//! as if it were a global of the function's module, under a name that says what it stands for (`import math`,
//! `from math import sqrt`): no global has such a name, and the runtime looks it up where the statement would.
//! That holds for a name that nothing else in the function binds, used only where the import has been executed.

use std::collections::{BTreeMap, BTreeSet};

use super::rename::{Names, rename_statement};
use super::{Binding, ModuleEnv};
use crate::ast::{Alias, Constant, Expr, ExprKind as E, FunctionDef, Params, Pattern, Stmt, StmtKind as S};

/// Does the name stand for what a function imports?
pub fn is_import(name: &str) -> bool {
    name.contains(' ')
}

/// What one alias of an import statement binds.
#[derive(Clone, PartialEq)]
struct Imported {
    local: String,
    /// What the local stands for.
    name: String,
    binding: Binding2,
    /// A module that must have been imported as well.
    also: Option<String>,
}

/// As [`Binding`], comparable.
#[derive(Clone, PartialEq)]
enum Binding2 {
    Module(String),
    From(String, String),
}

impl ModuleEnv {
    /// Gives what functions import names among the module's bindings.
    pub(super) fn local_imports(&mut self, is_package: bool) {
        let mut functions = std::mem::take(&mut self.functions);
        for (_, def) in &mut functions {
            self.in_function(def, is_package);
        }
        self.functions = functions;
    }

    fn in_function(&mut self, def: &mut FunctionDef, is_package: bool) {
        let mut found = Vec::new();
        self.imports_of(&def.body, is_package, &mut found);
        if found.is_empty() {
            return;
        }
        let mut bound = BTreeMap::new();
        Binders(&mut bound).params(&def.params);
        Binders(&mut bound).block(&def.body);
        let mut names: BTreeMap<String, Imported> = BTreeMap::new();
        let mut refused: BTreeSet<String> = BTreeSet::new();
        for one in found {
            let imports = names.get(&one.local).is_none_or(|other| *other == one);
            if !imports || bound.contains_key(&one.local) {
                refused.insert(one.local.clone());
            }
            names.insert(one.local.clone(), one);
        }
        names.retain(|local, _| !refused.contains(local));
        // A name that is used where the import may not have been executed stays what it is.
        while !names.is_empty() {
            let mut body = def.body.clone();
            let mut pass = Pass { env: self, is_package, names: &names };
            pass.block(&mut body, &Names::new());
            let mut left = BTreeSet::new();
            crate::walk::expressions(&body, &mut |e| {
                if let E::Name(name) = &e.kind
                    && names.contains_key(name)
                {
                    left.insert(name.clone());
                }
            });
            if left.is_empty() {
                def.body = body;
                break;
            }
            names.retain(|name, _| !left.contains(name));
        }
        for one in names.into_values() {
            let binding = match one.binding {
                Binding2::Module(module) => Binding::Module(module),
                Binding2::From(module, name) => Binding::Imported { module, name },
            };
            self.bindings.insert(one.name, binding);
            if let Some(also) = one.also {
                let module = also.trim_start_matches("import ").to_string();
                self.bindings.insert(also, Binding::Module(module));
            }
        }
    }

    /// The import statements of the function itself, not of functions inside.
    fn imports_of(&self, body: &[Stmt], is_package: bool, out: &mut Vec<Imported>) {
        for stmt in body {
            match &stmt.kind {
                S::Import(_) | S::ImportFrom { .. } => {
                    out.extend(self.aliases_of(stmt, is_package).into_iter().flatten());
                }
                S::For { body, orelse, .. } | S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
                    self.imports_of(body, is_package, out);
                    self.imports_of(orelse, is_package, out);
                }
                S::With { body, .. } => self.imports_of(body, is_package, out),
                S::Match { cases, .. } => {
                    cases.iter().for_each(|c| self.imports_of(&c.body, is_package, out));
                }
                S::Try { body, handlers, orelse, finalbody, .. } => {
                    self.imports_of(body, is_package, out);
                    handlers.iter().for_each(|h| self.imports_of(&h.body, is_package, out));
                    self.imports_of(orelse, is_package, out);
                    self.imports_of(finalbody, is_package, out);
                }
                _ => {}
            }
        }
    }

    /// What each alias of an import statement binds; none for one that is not understood.
    fn aliases_of(&self, stmt: &Stmt, is_package: bool) -> Vec<Option<Imported>> {
        match &stmt.kind {
            S::Import(list) => list.iter().map(|alias| Some(whole_module(alias))).collect(),
            S::ImportFrom { module, names, level } => {
                let base = self.absolute(module.as_deref(), *level, is_package);
                let package = match (*level, is_package) {
                    (0, _) => None,
                    (_, true) => Some(self.name.clone()),
                    (_, false) => self.name.rsplit_once('.').map(|(package, _)| package.to_string()),
                };
                let of = |alias: &Alias| {
                    let base = base.clone()?;
                    // Names with two underscores may be anything.
                    if alias.name == "*" || alias.name.starts_with("__") {
                        return None;
                    }
                    // A relative name depends on the package that the module says it is in.
                    let source = match (*level, &package) {
                        (0, _) => base.clone(),
                        (_, Some(package)) => format!("{package}:{base}"),
                        (_, None) => return None,
                    };
                    Some(Imported {
                        local: alias.as_name.clone().unwrap_or_else(|| alias.name.clone()),
                        name: format!("from {source} import {}", alias.name),
                        binding: Binding2::From(base, alias.name.clone()),
                        also: None,
                    })
                };
                names.iter().map(of).collect()
            }
            _ => vec![],
        }
    }
}

/// `import a.b as c`, or `import a.b`, which binds `a`.
fn whole_module(alias: &Alias) -> Imported {
    let top = alias.name.split('.').next().unwrap_or_default();
    match &alias.as_name {
        Some(local) => Imported {
            local: local.clone(),
            name: format!("import {}", alias.name),
            binding: Binding2::Module(alias.name.clone()),
            also: None,
        },
        None => Imported {
            local: top.to_string(),
            name: format!("import {top}"),
            binding: Binding2::Module(top.to_string()),
            also: (top != alias.name).then(|| format!("import {}", alias.name)),
        },
    }
}

/// One pass over a function's statements: names are replaced where their imports have been executed.
struct Pass<'a> {
    env: &'a ModuleEnv,
    is_package: bool,
    names: &'a BTreeMap<String, Imported>,
}

impl Pass<'_> {
    /// Replaces in a block; gives the names that are bound when it has been executed to its end.
    fn block(&mut self, body: &mut Vec<Stmt>, around: &Names) -> Names {
        let mut bound = around.clone();
        let mut out = Vec::with_capacity(body.len());
        for mut stmt in std::mem::take(body) {
            if matches!(stmt.kind, S::Import(_) | S::ImportFrom { .. }) {
                self.import(stmt, &mut bound, &mut out);
                continue;
            }
            if let S::Try { body, handlers, orelse, finalbody, is_star: false } = &mut stmt.kind {
                // Imports that a `try` begins with do not fail: they are executed on every way out of it.
                let leading = body.iter().take_while(|s| self.is_whole(s)).count();
                for import in body.drain(..leading) {
                    self.import(import, &mut bound, &mut out);
                }
                if body.is_empty() {
                    let span = stmt.span;
                    let flat = finalbody.is_empty() && handlers.iter().all(|h| h.name.is_none());
                    if flat {
                        // The handlers are never reached; what they bind stays local.
                        let test = Expr { kind: E::Constant(Constant::False), span };
                        let body: Vec<Stmt> =
                            handlers.iter_mut().flat_map(|h| std::mem::take(&mut h.body)).collect();
                        let mut then = std::mem::take(orelse);
                        let mut never = vec![Stmt { kind: S::If { test, body, orelse: vec![] }, span }];
                        self.block(&mut never, &bound);
                        out.append(&mut never);
                        bound = self.block(&mut then, &bound);
                        out.append(&mut then);
                        continue;
                    }
                    body.push(Stmt { kind: S::Pass, span });
                }
            }
            let inside = bound.clone();
            rename_statement(&mut stmt, &inside, &mut |block| {
                self.block(block, &inside);
            });
            out.push(stmt);
        }
        *body = out;
        bound
    }

    /// Is it an import, all of whose names are replaced?
    fn is_whole(&self, stmt: &Stmt) -> bool {
        let aliases = self.env.aliases_of(stmt, self.is_package);
        !aliases.is_empty()
            && aliases.iter().all(|a| a.as_ref().is_some_and(|a| self.names.contains_key(&a.local)))
    }

    /// The statement becomes one that asks for the import, for what is replaced.
    fn import(&self, mut stmt: Stmt, bound: &mut Names, out: &mut Vec<Stmt>) {
        let aliases = self.env.aliases_of(&stmt, self.is_package);
        let span = stmt.span;
        let mut keep = Vec::new();
        for alias in aliases {
            let known = alias.filter(|a| self.names.contains_key(&a.local));
            keep.push(known.is_none());
            let Some(one) = known else { continue };
            for name in std::iter::once(&one.name).chain(&one.also) {
                out.push(Stmt { kind: S::Expr(Expr { kind: E::Name(name.clone()), span }), span });
            }
            bound.insert(one.local, one.name);
        }
        if let S::Import(list) | S::ImportFrom { names: list, .. } = &mut stmt.kind {
            let mut keep = keep.into_iter();
            list.retain(|_| keep.next().unwrap_or(true));
            if !list.is_empty() {
                out.push(stmt);
            }
        }
    }
}

/// What binds names in a function and in all that is inside, but for the function's own imports.
struct Binders<'a>(&'a mut BTreeMap<String, ()>);

impl Binders<'_> {
    fn add(&mut self, name: &str) {
        self.0.insert(name.to_string(), ());
    }

    fn params(&mut self, params: &Params) {
        params.in_frame_order().for_each(|p| self.add(&p.name));
    }

    fn block(&mut self, body: &[Stmt]) {
        body.iter().for_each(|stmt| self.statement(stmt, false));
        // Names that expressions bind, anywhere.
        crate::walk::expressions(body, &mut |e| match &e.kind {
            E::Named { target, .. } => self.add(target),
            E::Lambda { params, .. } => self.params(params),
            E::ListComp { generators, .. }
            | E::SetComp { generators, .. }
            | E::Generator { generators, .. }
            | E::DictComp { generators, .. } => {
                generators.iter().for_each(|g| self.target(&g.target));
            }
            _ => {}
        });
    }

    fn target(&mut self, e: &Expr) {
        match &e.kind {
            E::Name(name) => self.add(name),
            E::Tuple(items) | E::List(items) => items.iter().for_each(|e| self.target(e)),
            E::Starred(inner) => self.target(inner),
            _ => {}
        }
    }

    /// `inner`: of a function inside, whose imports bind names of its own.
    fn statement(&mut self, stmt: &Stmt, inner: bool) {
        let mut blocks: Vec<(&[Stmt], bool)> = Vec::new();
        match &stmt.kind {
            S::FunctionDef(def) => {
                self.add(&def.name);
                self.params(&def.params);
                blocks.push((&def.body, true));
            }
            S::ClassDef(class) => {
                self.add(&class.name);
                blocks.push((&class.body, true));
            }
            S::Delete(list) => list.iter().for_each(|e| self.target(e)),
            S::Assign { targets, .. } => targets.iter().for_each(|e| self.target(e)),
            S::AugAssign { target, .. } | S::AnnAssign { target, .. } => self.target(target),
            S::TypeAlias { name, .. } => self.target(name),
            S::For { target, body, orelse, .. } => {
                self.target(target);
                blocks.extend([(&body[..], inner), (&orelse[..], inner)]);
            }
            S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
                blocks.extend([(&body[..], inner), (&orelse[..], inner)]);
            }
            S::With { items, body, .. } => {
                items.iter().filter_map(|i| i.target.as_ref()).for_each(|e| self.target(e));
                blocks.push((body, inner));
            }
            S::Match { cases, .. } => {
                for case in cases {
                    self.pattern(&case.pattern);
                    blocks.push((&case.body, inner));
                }
            }
            S::Try { body, handlers, orelse, finalbody, .. } => {
                for handler in handlers {
                    handler.name.iter().for_each(|n| self.add(n));
                    blocks.push((&handler.body, inner));
                }
                blocks.extend([(&body[..], inner), (&orelse[..], inner), (&finalbody[..], inner)]);
            }
            S::Import(list) if inner => {
                for alias in list {
                    let name = alias.as_name.as_deref().unwrap_or(&alias.name);
                    self.add(name.split('.').next().unwrap_or_default());
                }
            }
            S::ImportFrom { names, .. } if inner => {
                names.iter().for_each(|a| self.add(a.as_name.as_ref().unwrap_or(&a.name)));
            }
            S::Global(names) | S::Nonlocal(names) => names.iter().for_each(|n| self.add(n)),
            S::Import(_)
            | S::ImportFrom { .. }
            | S::Return(_)
            | S::Raise { .. }
            | S::Assert { .. }
            | S::Expr(_)
            | S::Pass
            | S::Break
            | S::Continue => {}
        }
        for (block, inner) in blocks {
            block.iter().for_each(|stmt| self.statement(stmt, inner));
        }
    }

    fn pattern(&mut self, p: &Pattern) {
        let mut names = Vec::new();
        names_of(p, &mut names);
        names.iter().for_each(|n| self.add(n));
    }
}

/// Names that a pattern binds.
fn names_of(p: &Pattern, out: &mut Vec<String>) {
    match p {
        Pattern::Value(_) | Pattern::Singleton(_) => {}
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => {
            patterns.iter().for_each(|p| names_of(p, out));
        }
        Pattern::Mapping { patterns, rest, .. } => {
            patterns.iter().for_each(|p| names_of(p, out));
            out.extend(rest.clone());
        }
        Pattern::Class { patterns, keywords, .. } => {
            patterns.iter().for_each(|p| names_of(p, out));
            keywords.iter().for_each(|(_, p)| names_of(p, out));
        }
        Pattern::Star(name) => out.extend(name.clone()),
        Pattern::As { pattern, name } => {
            pattern.iter().for_each(|p| names_of(p, out));
            out.extend(name.clone());
        }
    }
}
