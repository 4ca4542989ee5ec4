//! Module environments: what each global name of a module is bound to, as far as the text tells.
//!
//! Nothing here is trusted: every use is guarded at run time. The environment only decides what is worth compiling.

use std::collections::BTreeMap;

use crate::ast::{Expr, FunctionDef, Module, Stmt, StmtKind};

/// What a module-level name is bound to.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A function defined exactly once at top level, without decorators.
    Function,
    Class,
    /// `import math`, `import a.b as x`, `from . import util`: an absolute dotted name.
    Module(String),
    /// `from module import name`.
    Imported {
        module: String,
        name: String,
    },
    /// Assigned exactly once at top level.
    Value(Box<Expr>),
    /// Bound more than once, conditionally, or in a way that is not followed.
    Unknown,
}

/// A module's top-level bindings and its functions by qualname.
#[derive(Debug, Default)]
pub struct ModuleEnv {
    pub name: String,
    pub bindings: BTreeMap<String, Binding>,
    /// Every `def` reachable through classes (not through functions), in order of appearance.
    pub functions: Vec<(String, FunctionDef)>,
}

impl ModuleEnv {
    /// Reads the bindings off a parsed module. `is_package` says that the file is an `__init__.py`.
    pub fn new(name: &str, module: &Module, is_package: bool) -> Self {
        let mut env = ModuleEnv { name: name.to_string(), ..Default::default() };
        env.collect_functions("", &module.body);
        env.block(&module.body, is_package, false);
        env
    }

    /// The only function with this qualname; `None` if there is none or more than one.
    pub fn function(&self, qualname: &str) -> Option<&FunctionDef> {
        let mut found = self.functions.iter().filter(|(q, _)| q == qualname);
        let first = found.next()?;
        found.next().is_none().then_some(&first.1)
    }

    fn collect_functions(&mut self, prefix: &str, body: &[Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::FunctionDef(f) => {
                    self.functions.push((format!("{prefix}{}", f.name), (**f).clone()));
                }
                StmtKind::ClassDef(c) => self.collect_functions(&format!("{prefix}{}.", c.name), &c.body),
                StmtKind::If { body, orelse, .. } => {
                    self.collect_functions(prefix, body);
                    self.collect_functions(prefix, orelse);
                }
                StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                    self.collect_functions(prefix, body);
                    handlers.iter().for_each(|h| self.collect_functions(prefix, &h.body));
                    self.collect_functions(prefix, orelse);
                    self.collect_functions(prefix, finalbody);
                }
                StmtKind::With { body, .. } => self.collect_functions(prefix, body),
                _ => {}
            }
        }
    }

    fn bind(&mut self, name: &str, binding: Binding, conditional: bool) {
        // The same import twice is one binding; anything else bound twice is not followed.
        let again = match (self.bindings.get(name), &binding) {
            (Some(Binding::Module(a)), Binding::Module(b)) => a != b,
            (Some(Binding::Imported { module: a, name: x }), Binding::Imported { module: b, name: y }) => {
                (a, x) != (b, y)
            }
            (found, _) => found.is_some(),
        };
        let binding = if conditional || again { Binding::Unknown } else { binding };
        self.bindings.insert(name.to_string(), binding);
    }

    fn block(&mut self, body: &[Stmt], is_package: bool, conditional: bool) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::FunctionDef(f) => {
                    let binding = if f.decorators.is_empty() { Binding::Function } else { Binding::Unknown };
                    self.bind(&f.name, binding, conditional);
                }
                StmtKind::ClassDef(c) => self.bind(&c.name, Binding::Class, conditional),
                StmtKind::Import(names) => {
                    for alias in names {
                        match &alias.as_name {
                            Some(name) => self.bind(name, Binding::Module(alias.name.clone()), conditional),
                            None => {
                                let top = alias.name.split('.').next().unwrap_or_default();
                                self.bind(top, Binding::Module(top.to_string()), conditional);
                            }
                        }
                    }
                }
                StmtKind::ImportFrom { module, names, level } => {
                    let Some(base) = self.absolute(module.as_deref(), *level, is_package) else { continue };
                    for alias in names.iter().filter(|a| a.name != "*") {
                        let name = alias.as_name.as_ref().unwrap_or(&alias.name);
                        let binding = Binding::Imported { module: base.clone(), name: alias.name.clone() };
                        self.bind(name, binding, conditional);
                    }
                }
                StmtKind::Assign { targets, value } => {
                    for target in targets {
                        self.bind_target(target, Some(value), conditional);
                    }
                }
                StmtKind::AnnAssign { target, value: Some(value), .. } => {
                    self.bind_target(target, Some(value), conditional);
                }
                StmtKind::AugAssign { target, .. } => self.bind_target(target, None, true),
                StmtKind::For { target, body, orelse, .. } => {
                    self.bind_target(target, None, true);
                    self.block(body, is_package, true);
                    self.block(orelse, is_package, true);
                }
                StmtKind::While { body, orelse, .. } | StmtKind::If { body, orelse, .. } => {
                    self.block(body, is_package, true);
                    self.block(orelse, is_package, true);
                }
                StmtKind::With { items, body, .. } => {
                    for target in items.iter().filter_map(|i| i.target.as_ref()) {
                        self.bind_target(target, None, true);
                    }
                    self.block(body, is_package, conditional);
                }
                StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                    self.block(body, is_package, true);
                    handlers.iter().for_each(|h| self.block(&h.body, is_package, true));
                    self.block(orelse, is_package, true);
                    self.block(finalbody, is_package, true);
                }
                StmtKind::Delete(targets) => targets.iter().for_each(|t| self.bind_target(t, None, true)),
                _ => {}
            }
        }
    }

    fn bind_target(&mut self, target: &Expr, value: Option<&Expr>, conditional: bool) {
        use crate::ast::ExprKind;
        match &target.kind {
            ExprKind::Name(name) => {
                let binding = value.map_or(Binding::Unknown, |v| Binding::Value(Box::new(v.clone())));
                self.bind(name, binding, conditional);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => match value.map(|v| &v.kind) {
                Some(ExprKind::Tuple(values)) if values.len() == items.len() => {
                    items.iter().zip(values).for_each(|(t, v)| self.bind_target(t, Some(v), conditional));
                }
                _ => items.iter().for_each(|t| self.bind_target(t, None, true)),
            },
            ExprKind::Starred(inner) => self.bind_target(inner, None, true),
            _ => {}
        }
    }

    /// The absolute name of what a `from` statement imports from.
    fn absolute(&self, module: Option<&str>, level: u32, is_package: bool) -> Option<String> {
        if level == 0 {
            return module.map(str::to_string);
        }
        let mut parts: Vec<&str> = self.name.split('.').collect();
        let up = level as usize - usize::from(is_package);
        if up > parts.len() {
            return None;
        }
        parts.truncate(parts.len() - up);
        parts.extend(module);
        Some(parts.join("."))
    }
}
