//! `ast` → HIR of one function: scopes as CPython's symtable has them, desugaring, refusals.
//!
//! All refusals of a function are collected, not only the first.

mod expr;
mod library;
mod rebinding;
mod scope;
mod stmt;
pub mod webs;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{self, FunctionDef};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir;
use crate::resolve::ModuleEnv;
use crate::source::{SourceFile, Span};

/// Lowers one function, or says everything that keeps it from being compiled.
pub fn lower(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let mut cx = Lower::new(file, env);
    if def.is_async {
        let d = cx.finding("PYR0303", def.span, "an `async` function is not supported", "");
        cx.fatal.push(d);
    }
    let params = cx.params(&def.params);
    cx.whole_function(&def.body);
    scope::declare(&mut cx, &def.body);
    cx.aliases = scope::method_aliases(&mut cx, &def.body);
    let body = cx.block(&def.body);
    cx.finish(qualname, def.span, params, body, Notes::Allowed)
}

/// Lowers a module-level value as a function without parameters that returns it.
pub fn lower_value(
    file: &SourceFile,
    env: &ModuleEnv,
    name: &str,
    value: &ast::Expr,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let mut cx = Lower::new(file, env);
    let expr = cx.expr(value);
    let body = vec![hir::Stmt { kind: hir::StmtKind::Return(Some(expr)), span: value.span }];
    cx.finish(name, value.span, Vec::new(), body, Notes::Refuse)
}

/// Lowers the statements that make a module-level value as a function that returns it.
pub fn lower_statements(
    file: &SourceFile,
    env: &ModuleEnv,
    name: &str,
    mut statements: Vec<ast::Stmt>,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let span = statements.last().map_or(Span::new(0, 0), |s| s.span);
    let value = ast::Expr { kind: ast::ExprKind::Name(name.to_string()), span };
    statements.push(ast::Stmt { kind: ast::StmtKind::Return(Some(value)), span });
    let mut cx = Lower::new(file, env);
    scope::declare(&mut cx, &statements);
    let body = cx.block(&statements);
    cx.finish(&format!("<{name}>"), span, Vec::new(), body, Notes::Refuse)
}

/// May a part of what is lowered be left to Python?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    Allowed,
    Refuse,
}

/// State of lowering one function.
pub(crate) struct Lower<'a> {
    file: &'a SourceFile,
    env: &'a ModuleEnv,
    vars: Vec<hir::Var>,
    /// Innermost last; the first is the function, the others comprehensions and lambdas.
    scopes: Vec<BTreeMap<String, hir::VarId>>,
    globals: Vec<String>,
    nodes: usize,
    /// What the statement that is being lowered cannot do without.
    diagnostics: Vec<Diagnostic>,
    /// What was lowered to a place that bails.
    notes: Vec<Diagnostic>,
    /// What no way through the function can do without.
    fatal: Vec<Diagnostic>,
    /// Locals that only ever name a bound method: the variable of its object, the method.
    aliases: BTreeMap<String, (hir::VarId, String)>,
    /// Open `except` bodies, with the name that the exception has there; for `raise` and `raise … from`.
    handlers: Vec<Option<String>>,
    /// Depth of `try` bodies with handlers.
    in_try: usize,
    /// Depth of comprehensions and generator expressions, and the calls inside.
    generators: usize,
    in_generator: BTreeSet<hir::NodeId>,
    /// Builtins whose names leave no trace in the tree.
    assumes: BTreeSet<String>,
    libraries: BTreeSet<hir::Library>,
}

impl<'a> Lower<'a> {
    fn new(file: &'a SourceFile, env: &'a ModuleEnv) -> Self {
        Lower {
            file,
            env,
            vars: Vec::new(),
            scopes: vec![BTreeMap::new()],
            globals: Vec::new(),
            nodes: 0,
            diagnostics: Vec::new(),
            notes: Vec::new(),
            fatal: Vec::new(),
            aliases: BTreeMap::new(),
            handlers: Vec::new(),
            in_try: 0,
            generators: 0,
            in_generator: BTreeSet::new(),
            assumes: BTreeSet::new(),
            libraries: BTreeSet::new(),
        }
    }

    fn finish(
        self,
        qualname: &str,
        span: Span,
        params: Vec<hir::Param>,
        mut body: Vec<hir::Stmt>,
        notes: Notes,
    ) -> Result<hir::Function, Vec<Diagnostic>> {
        let mut refused = self.fatal;
        refused.extend(self.diagnostics);
        hir::sink(&mut body, &hir::Places::default());
        let blocked = !self.notes.is_empty() && (notes == Notes::Refuse || !hir::can_complete(&body));
        if blocked || !refused.is_empty() {
            refused.extend(self.notes);
            refused.dedup();
            return Err(refused);
        }
        let mut function = hir::Function {
            module: self.file.module.clone(),
            qualname: qualname.to_string(),
            span,
            params,
            vars: self.vars,
            body,
            nodes: self.nodes,
            in_generator: self.in_generator,
            assumes: self.assumes,
            libraries: self.libraries,
            notes: self.notes,
        };
        webs::split(&mut function);
        if let Some((span, var)) = rebinding::rebound_operand(&function) {
            let name = function.vars[var].name.clone();
            let message =
                format!("`:=` of `{name}`, which the same expression has read before, is not supported");
            let d = Diagnostic::new("PYR0302", Severity::Note, message)
                .at(self.file.path.clone(), span)
                .help("assign it in a statement of its own");
            return Err(vec![d]);
        }
        Ok(function)
    }

    fn refuse(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        let d = self.finding(code, span, message, help);
        self.diagnostics.push(d);
    }

    fn finding(&self, code: &'static str, span: Span, message: impl Into<String>, help: &str) -> Diagnostic {
        let d = Diagnostic::new(code, Severity::Note, message).at(self.file.path.clone(), span);
        if help.is_empty() { d } else { d.help(help) }
    }

    /// What cannot be left out of a function: it changes what calling it means, or which names are its own.
    fn whole_function(&mut self, body: &[ast::Stmt]) {
        use ast::ExprKind as E;
        use ast::Why;
        let mut found: Vec<(&'static str, Span, String, &str)> = Vec::new();
        let no = |what: &str| format!("{what} is not supported");
        crate::walk::own_expressions(body, &mut |e| match &e.kind {
            E::Yield(_) | E::YieldFrom(_) => {
                found.push(("PYR0302", e.span, no("a generator function"), "return a list"));
            }
            E::Await(_) => found.push(("PYR0302", e.span, no("`await`"), "")),
            // What is only text may bind names.
            E::Unrepresentable(source) => match &source.why {
                Why::Surrogate => {}
                Why::Nested => {
                    let help = "split it into parts";
                    found.push(("PYR0302", e.span, no("an expression nested this deeply"), help));
                }
                Why::Template => {
                    found.push(("PYR0302", e.span, no("a template string"), "use an f-string"));
                }
                Why::Syntax { message, at } => {
                    let help = "the function stays Python until it parses";
                    found.push(("PYR0304", *at, format!("syntax error: {message}"), help));
                }
                Why::Other => found.push(("PYR0302", e.span, no("this expression"), "")),
            },
            _ => {}
        });
        for (code, span, message, help) in found {
            let d = self.finding(code, span, message, help);
            self.fatal.push(d);
        }
    }

    fn node(&mut self) -> hir::NodeId {
        self.nodes += 1;
        self.nodes - 1
    }

    fn new_var(&mut self, name: &str) -> hir::VarId {
        self.vars.push(hir::Var { name: name.to_string(), maybe_unbound: false });
        self.vars.len() - 1
    }

    fn temp(&mut self) -> hir::VarId {
        let name = format!("_tmp{}", self.vars.len());
        self.new_var(&name)
    }

    fn lookup(&self, name: &str) -> Option<hir::VarId> {
        self.scopes.iter().rev().find_map(|s| s.get(name).copied())
    }

    fn params(&mut self, params: &ast::Params) -> Vec<hir::Param> {
        use hir::ParamKind as K;
        let kinds = std::iter::empty()
            .chain(params.positional_only.iter().map(|_| K::PositionalOnly))
            .chain(params.positional.iter().map(|_| K::Positional))
            .chain(params.keyword_only.iter().map(|_| K::KeywordOnly))
            .chain(params.var_positional.iter().map(|_| K::VarPositional))
            .chain(params.var_keyword.iter().map(|_| K::VarKeyword));
        let mut out = Vec::new();
        for (param, kind) in params.in_frame_order().zip(kinds) {
            let var = self.new_var(&param.name);
            self.scopes[0].insert(param.name.clone(), var);
            out.push(hir::Param {
                name: param.name.clone(),
                var,
                kind,
                has_default: param.default.is_some(),
                span: param.span,
            });
        }
        out
    }
}
