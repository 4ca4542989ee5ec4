//! `ast` → HIR of one function: scopes as CPython's symtable has them, desugaring, refusals.
//!
//! All refusals of a function are collected, not only the first.

pub(crate) mod above;
pub mod again;
pub(crate) mod asked;
mod bound;
pub(crate) mod buffers;
mod call;
pub(crate) mod class_methods;
pub(crate) mod classes;
pub(crate) mod context;
mod copying;
pub mod counted;
mod dispatched;
pub(crate) mod dressed;
pub mod each;
pub mod exits;
mod expr;
mod functional;
mod generators;
pub mod handed;
mod handing;
mod iterable;
mod itertools;
mod library;
mod looked_at;
pub mod matching;
pub(crate) mod memo;
pub(crate) mod named;
mod nested;
mod ordered;
mod outgoing;
mod rebinding;
mod regex;
pub mod regions;
pub mod resumed;
pub(crate) mod scope;
pub mod segments;
mod sets;
mod spread;
pub(crate) mod spread_both;
mod stmt;
pub(crate) use stmt::{DELETE, is_attribute_name};
mod structs;
mod symbols;
mod text;
mod value;
pub(crate) mod visitors;
mod waits;
pub mod webs;
mod weekdays;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{self, FunctionDef};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir;
use crate::resolve::ModuleEnv;
use crate::source::{SourceFile, Span};
pub use copying::{copying, set_operator};
pub(crate) use expr::{constant_int, fold};
pub use functional::is_operator;
use symbols::{ScopeId, Symbol, Symbols};
pub use value::{CallForm, OPERATOR, lower_call};

/// Operations that stand in no text.
pub(crate) const INTRINSICS: [&str; 4] =
    [class_methods::CLASS_IS, class_methods::CLASS_MAY_BE, buffers::WRITTEN_TEXT, buffers::WRITTEN_BYTES];

/// Does the compiler know that function or class of the standard library?
pub fn is_known(module: &str, name: &str) -> bool {
    crate::ops::exists(&format!("{module}.{name}"))
        || (is_operator(module, name) && name != "contains")
        || (module == "itertools" && itertools::NAMES.contains(&name))
}

/// Lowers one function, or says everything that keeps it from being compiled. `hands_out`: iterators that it returns are
/// Python's own.
pub fn lower(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
    hands_out: bool,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let (unbuffered, relies) = buffers::expanded(env, def).unzip();
    let def = unbuffered.as_ref().unwrap_or(def);
    let expanded = class_methods::expanded(env, qualname, def);
    let def = expanded.as_ref().unwrap_or(def);
    let expanded = visitors::expanded(env, def);
    let def = expanded.as_ref().unwrap_or(def);
    let expanded = dispatched::expanded(env, qualname, def);
    let def = expanded.as_ref().unwrap_or(def);
    // Only lowering finds which generator expressions outlive the expression they stand in, and then they are functions
    // of their own.
    let mut lasting = BTreeSet::new();
    loop {
        let found = Rc::new(RefCell::new(lasting.clone()));
        let result = lower_with(file, env, qualname, def, (hands_out, &found));
        let more = found.take();
        if more == lasting {
            return match relies {
                Some(relies) => result.map(|function| relies.with(function)),
                None => result,
            };
        }
        lasting = more;
    }
}

fn lower_with(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
    (hands_out, lasting): (bool, &Lasting),
) -> Result<hir::Function, Vec<Diagnostic>> {
    let known = lasting.borrow().clone();
    let mut cx = Lower::new(file, env, qualname, Symbols::of_function(env, &def.params, &def.body, &known));
    cx.lasting = Some(lasting.clone());
    cx.hands_out = hands_out;
    if def.is_async {
        let d = cx.finding("PYR0303", def.span, "an `async` function is not supported", "");
        cx.fatal.push(d);
    }
    let decorated = def.body.iter().any(crate::walk::has_decorators);
    if !decorated {
        return cx.function(def.span, &def.params, &def.body).map(outgoing::marked);
    }
    let mut libraries = BTreeSet::new();
    let body = memo::expand(&def.body, &cx.symbols, &mut |e, means| {
        let library = cx.library_of(e).filter(|l| l.module == "functools" && l.attr == means);
        let is_it = library.is_some();
        libraries.extend(library);
        is_it
    });
    cx.symbols = Rc::new(Symbols::of_function(env, &def.params, &body, &known));
    cx.libraries.extend(libraries);
    cx.function(def.span, &def.params, &body).map(outgoing::marked)
}

/// Lowers a module-level value as a function without parameters that returns it.
pub fn lower_value(
    file: &SourceFile,
    env: &ModuleEnv,
    name: &str,
    value: &ast::Expr,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let mut cx = Lower::new(file, env, name, Symbols::of_expression(env, value));
    let expr = cx.expr(value);
    let body = vec![hir::Stmt { kind: hir::StmtKind::Return(Some(expr)), span: value.span }];
    cx.finish(value.span, Vec::new(), body, Notes::Refuse)
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
    let symbols = Symbols::of_function(env, &ast::Params::default(), &statements, &BTreeSet::new());
    let mut cx = Lower::new(file, env, &format!("<{name}>"), symbols);
    scope::declare(&mut cx, &statements);
    let body = cx.block(&statements);
    cx.finish(span, Vec::new(), body, Notes::Refuse)
}

/// Generator expressions that outlive the expression they stand in, as far as they have been found.
type Lasting = Rc<RefCell<BTreeSet<Span>>>;

/// May a part of what is lowered be left to Python?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    Allowed,
    Refuse,
}

/// The parameters as callers know them.
pub fn parameters(params: &ast::Params) -> Vec<hir::Param> {
    use hir::ParamKind as K;
    let kinds = std::iter::empty()
        .chain(params.positional_only.iter().map(|_| K::PositionalOnly))
        .chain(params.positional.iter().map(|_| K::Positional))
        .chain(params.keyword_only.iter().map(|_| K::KeywordOnly))
        .chain(params.var_positional.iter().map(|_| K::VarPositional))
        .chain(params.var_keyword.iter().map(|_| K::VarKeyword));
    let made = |(p, kind): (&ast::Param, hir::ParamKind)| hir::Param {
        name: p.name.clone(),
        var: 0,
        kind,
        has_default: p.default.is_some(),
        span: p.span,
    };
    params.in_frame_order().zip(kinds).map(made).collect()
}

/// Names of one scope.
pub(crate) struct Scope {
    /// `None` for what lowering makes by itself.
    id: Option<ScopeId>,
    vars: BTreeMap<String, hir::VarId>,
}

impl Scope {
    fn new(id: ScopeId) -> Self {
        Scope { id: Some(id), vars: BTreeMap::new() }
    }
}

/// State of lowering one function.
pub(crate) struct Lower<'a> {
    file: &'a SourceFile,
    env: &'a ModuleEnv,
    qualname: String,
    /// The function that all others are inside.
    outermost: String,
    vars: Vec<hir::Var>,
    /// Innermost last; the first is the function, the others comprehensions and lambdas.
    scopes: Vec<Scope>,
    /// The scopes of the outermost function and of all inside it.
    symbols: Rc<Symbols>,
    /// The name of `*args`.
    star: Option<String>,
    /// What a function inside takes from around.
    captured: BTreeMap<Symbol, hir::VarId>,
    /// The functions inside that have been lowered.
    nested: Rc<RefCell<Vec<Arc<hir::Function>>>>,
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
    /// The call that is lowered next makes an object that stays: `self.ids = itertools.count()`.
    stays: bool,
    in_generator: BTreeSet<hir::NodeId>,
    /// Builtins whose names leave no trace in the tree.
    assumes: BTreeSet<String>,
    libraries: BTreeSet<hir::Library>,
    /// Globals that must be a `struct.Struct` with that format.
    layouts: BTreeSet<(String, String)>,
    yields: Option<hir::Yields>,
    /// Depth of `try` bodies that an exit from outside does not leave without running Python code: the generator is
    /// closed where it is dropped.
    closing: usize,
    /// `None` where there is no second pass.
    lasting: Option<Lasting>,
    /// How the iterable that is lowered next is asked for its elements.
    pull: generators::Pull,
    /// The call like `map` that this function goes through.
    open_tool: Option<Span>,
    /// What is imported here.
    imports: BTreeSet<String>,
    weekdays: weekdays::Weekdays,
    /// What the formats of `struct` end with that variables may hold.
    formats: BTreeMap<String, char>,
    /// Locals that stand for a `struct.Struct`, and its format.
    structs: BTreeMap<String, String>,
    /// Iterators that are returned are Python's own.
    hands_out: bool,
}

impl<'a> Lower<'a> {
    fn new(file: &'a SourceFile, env: &'a ModuleEnv, qualname: &str, symbols: Symbols) -> Self {
        Lower {
            file,
            env,
            qualname: qualname.to_string(),
            outermost: qualname.to_string(),
            vars: Vec::new(),
            scopes: vec![Scope::new(0)],
            symbols: Rc::new(symbols),
            star: None,
            captured: BTreeMap::new(),
            nested: Rc::default(),
            globals: Vec::new(),
            nodes: 0,
            diagnostics: Vec::new(),
            notes: Vec::new(),
            fatal: Vec::new(),
            aliases: BTreeMap::new(),
            handlers: Vec::new(),
            in_try: 0,
            generators: 0,
            stays: false,
            in_generator: BTreeSet::new(),
            assumes: BTreeSet::new(),
            libraries: BTreeSet::new(),
            layouts: BTreeSet::new(),
            yields: None,
            closing: 0,
            lasting: None,
            pull: generators::Pull::InPlace,
            open_tool: None,
            imports: BTreeSet::new(),
            weekdays: weekdays::Weekdays::default(),
            formats: BTreeMap::new(),
            structs: BTreeMap::new(),
            hands_out: false,
        }
    }

    fn finish(
        self,
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
            let mut unique: Vec<Diagnostic> = Vec::new();
            for d in refused {
                if unique.len() < crate::infer::refusals::MAX_REFUSALS && !unique.contains(&d) {
                    unique.push(d);
                }
            }
            return Err(unique);
        }
        let mut function = hir::Function {
            module: self.file.module.clone(),
            qualname: self.qualname,
            span,
            params,
            vars: self.vars,
            body,
            nodes: self.nodes,
            in_generator: self.in_generator,
            looked_at: BTreeSet::new(),
            taken: BTreeSet::new(),
            unzipped: BTreeMap::new(),
            lengths: BTreeMap::new(),
            assumes: self.assumes,
            libraries: self.libraries,
            imports: self.imports,
            classes: BTreeSet::new(),
            layouts: self.layouts,
            matched: BTreeSet::new(),
            attributes_matched: BTreeSet::new(),
            numbers: BTreeSet::new(),
            notes: self.notes,
            nested: self.nested.take(),
            yields: self.yields,
        };
        webs::split(&mut function);
        looked_at::find(&mut function, &|name| self.env.bindings.contains_key(name));
        if let Some((span, var)) = rebinding::rebound_operand(&function) {
            let name = function.vars[var].name.clone();
            let message =
                format!("`:=` of `{name}`, which the same expression has read before, is not supported");
            let d = Diagnostic::new("PYR0329", Severity::Note, message)
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
            E::Await(_) => found.push((
                "PYR0314",
                e.span,
                no("`await`"),
                "move what does not wait into a function of its own",
            )),
            // What is only text may bind names.
            E::Unrepresentable(source) => match &source.why {
                Why::Surrogate => {}
                Why::Nested => {
                    let help = "split it into parts";
                    found.push(("PYR0330", e.span, no("an expression nested this deeply"), help));
                }
                Why::Template => {
                    found.push(("PYR0331", e.span, no("a template string"), "use an f-string"));
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
        self.yields = crate::walk::has_yield(body).then_some(hir::Yields::Generator);
    }

    fn node(&mut self) -> hir::NodeId {
        self.nodes += 1;
        self.nodes - 1
    }

    fn new_var(&mut self, name: &str) -> hir::VarId {
        self.vars.push(hir::Var { name: name.to_string(), maybe_unbound: false, cell: false, of: None });
        self.vars.len() - 1
    }

    fn temp(&mut self) -> hir::VarId {
        let name = format!("_tmp{}", self.vars.len());
        self.new_var(&name)
    }

    /// The variable that a name means: one of this function, or one that it takes from around.
    fn lookup(&self, name: &str) -> Option<hir::VarId> {
        let own = self.scopes.iter().rev().find_map(|s| s.vars.get(name).copied());
        own.or_else(|| self.symbol(name).and_then(|s| self.captured.get(&s).copied()))
    }

    /// The body of a function, and its parameters.
    fn function(
        mut self,
        span: Span,
        params: &ast::Params,
        body: &[ast::Stmt],
    ) -> Result<hir::Function, Vec<Diagnostic>> {
        let (params, mut out) = self.params(params);
        self.whole_function(body);
        self.weekdays = weekdays::Weekdays::of(body);
        self.formats = structs::formats(body);
        scope::declare(&mut self, body);
        self.structs = self.local_structs(body);
        self.aliases = scope::method_aliases(&mut self, body);
        out.extend(self.block(body));
        self.finish(span, params, out, Notes::Allowed)
    }

    /// The parameters, and the statements that move shared ones to their cells.
    fn params(&mut self, params: &ast::Params) -> (Vec<hir::Param>, Vec<hir::Stmt>) {
        let (mut out, mut moves) = (Vec::new(), Vec::new());
        self.star = params.var_positional.as_ref().map(|star| star.name.clone());
        for (param, hir::Param { kind, .. }) in params.in_frame_order().zip(parameters(params)) {
            // Callers know it under another name.
            self.refuse_private(&param.name, param.span);
            let var = self.new_var(&param.name);
            let own = match self.is_cell(&param.name) {
                true => {
                    let cell = self.new_var(&param.name);
                    self.vars[cell].cell = true;
                    let value = hir::ExprKind::Local(var);
                    let value = hir::Expr { kind: value, span: param.span, id: self.node() };
                    moves.push(self.set(cell, value, param.span));
                    cell
                }
                false => var,
            };
            self.scopes[0].vars.insert(param.name.clone(), own);
            out.push(hir::Param {
                name: param.name.clone(),
                var,
                kind,
                has_default: param.default.is_some(),
                span: param.span,
            });
        }
        (out, moves)
    }

    /// `var = value`
    fn set(&mut self, var: hir::VarId, value: hir::Expr, span: Span) -> hir::Stmt {
        let target = hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() };
        hir::Stmt { kind: hir::StmtKind::Assign { targets: vec![target], value }, span }
    }
}
