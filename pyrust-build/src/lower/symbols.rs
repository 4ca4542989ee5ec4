//! The scopes of one function and of all that is defined inside it, as CPython's symtable has them: which names a
//! function takes from the functions around it, and which variables need a cell.
//!
//! A function inside is compiled as one of its own that gets what it captures as additional arguments. Where it is
//! called by its name these are read at the call, which is what late binding means; where it becomes a value they are
//! read then, so whatever may be assigned after that lives in a cell that both share.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Expr, ExprKind as E, FunctionDef, Params, Pattern, Stmt, StmtKind as S};
use crate::resolve::ModuleEnv;
use crate::source::Span;

pub(super) type ScopeId = usize;

/// A variable: the scope that binds it, its name.
pub(super) type Symbol = (ScopeId, String);

/// What is not a function of its own: comprehensions are told from their first target.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Function,
    Lambda,
    Comprehension,
    /// A generator expression, or `map` and its kin, that outlives the expression it stands in.
    Generator,
}

#[derive(Debug)]
struct Event {
    at: u32,
    /// Inside a loop of the scope.
    looped: bool,
}

#[derive(Debug)]
struct Scope {
    parent: Option<ScopeId>,
    kind: Kind,
    /// Of a `def`.
    name: String,
    /// Unique among the functions inside the outermost one: `helper`, `helper.<locals>.<lambda>`.
    path: String,
    start: u32,
    bound: BTreeMap<String, Vec<Event>>,
    globals: BTreeSet<String>,
    nonlocals: BTreeSet<String>,
    /// Names that are read, also by comprehensions in it.
    reads: BTreeSet<String>,
    /// The functions that one `def` or `name = lambda` binds, and nothing else.
    known: BTreeMap<String, Known>,
    /// Functions: what they and those that they call take from around.
    captures: BTreeSet<Symbol>,
}

/// A function that a name always means.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub scope: ScopeId,
    pub name: String,
    pub params: Params,
    pub at: u32,
}

impl Known {
    /// The variable that keeps the default of the `i`-th parameter.
    pub(super) fn default_name(&self, i: usize) -> String {
        format!("<default {i} of {} at {}>", self.name, self.at)
    }
}

/// All scopes of one outermost function.
#[derive(Debug)]
pub(super) struct Symbols {
    scopes: Vec<Scope>,
    by_place: BTreeMap<(Kind, u32, u32), ScopeId>,
    /// Functions that are used as values.
    values: BTreeSet<ScopeId>,
    cells: BTreeSet<Symbol>,
}

impl Symbols {
    /// The scopes of a function; the first is its own. `lasting` are the generator expressions, and calls like `map`,
    /// that outlive the expression they stand in.
    pub(super) fn of_function(
        env: &ModuleEnv,
        params: &Params,
        body: &[Stmt],
        lasting: &BTreeSet<Span>,
    ) -> Self {
        let mut walk = Walk { lasting: lasting.clone(), ..Walk::new(env) };
        walk.scope(None, Kind::Function, Span::default());
        walk.params(params, 0);
        walk.block(body);
        walk.finish()
    }

    /// The scopes inside an expression.
    pub(super) fn of_expression(env: &ModuleEnv, e: &Expr) -> Self {
        let mut walk = Walk::new(env);
        walk.scope(None, Kind::Function, Span::default());
        walk.expr(e);
        walk.finish()
    }

    /// The scope of a `def`, `lambda` or comprehension.
    pub(super) fn scope_at(&self, kind: Kind, span: Span) -> Option<ScopeId> {
        self.by_place.get(&(kind, span.start, span.end)).copied()
    }

    /// The variable that a name means in a scope; `None` for globals and builtins.
    pub(super) fn resolve(&self, mut scope: ScopeId, name: &str) -> Option<Symbol> {
        loop {
            let s = &self.scopes[scope];
            if s.globals.contains(name) {
                return None;
            }
            if s.bound.contains_key(name) && !s.nonlocals.contains(name) {
                return Some((scope, name.to_string()));
            }
            scope = s.parent?;
        }
    }

    /// The function that a variable always is.
    pub(super) fn known(&self, symbol: &Symbol) -> Option<&Known> {
        self.scopes[symbol.0].known.get(&symbol.1)
    }

    /// What a function takes from around, in a fixed order.
    pub(super) fn captures(&self, function: ScopeId) -> impl Iterator<Item = &Symbol> {
        self.scopes[function].captures.iter()
    }

    /// The path of a function from the outermost one.
    pub(super) fn path(&self, function: ScopeId) -> &str {
        &self.scopes[function].path
    }

    /// The variables that lowering makes for defaults in a function.
    pub(super) fn defaults(&self, function: ScopeId) -> impl Iterator<Item = (String, String)> {
        self.scopes[function].known.values().flat_map(|known| {
            let params = known.params.in_frame_order().enumerate();
            params
                .filter(|(_, p)| p.default.is_some())
                .map(|(i, p)| (known.default_name(i), format!("{}_{}", known.name, p.name)))
                .collect::<Vec<_>>()
        })
    }

    /// Is the name bound anywhere in the outermost function, or inside?
    pub(super) fn binds(&self, name: &str) -> bool {
        self.scopes.iter().any(|s| s.bound.contains_key(name))
    }

    /// Is the variable bound at one place only?
    pub(super) fn is_bound_once(&self, symbol: &Symbol) -> bool {
        self.scopes[symbol.0].bound.get(&symbol.1).is_some_and(|events| events.len() == 1)
    }

    /// Does the function declare the name `nonlocal`?
    pub(super) fn is_nonlocal(&self, function: ScopeId, name: &str) -> bool {
        self.scopes[function].nonlocals.contains(name)
    }

    /// Is the function used as a value somewhere?
    pub(super) fn is_value(&self, function: ScopeId) -> bool {
        self.values.contains(&function)
    }

    /// Does the variable live in a cell?
    pub(super) fn is_cell(&self, symbol: &Symbol) -> bool {
        self.cells.contains(symbol)
    }

    /// Is what the variable holds when the function is made what it holds for good?
    pub(super) fn is_settled(&self, symbol: &Symbol, function: ScopeId) -> bool {
        let made = self.scopes[function].start;
        match self.scopes[symbol.0].bound.get(&symbol.1).map(Vec::as_slice) {
            Some([event]) => !event.looped && event.at < made,
            _ => false,
        }
    }

    /// Does the variable keep what it holds at this place of the function that binds it?
    pub(super) fn keeps(&self, symbol: &Symbol, at: u32) -> bool {
        match self.scopes[symbol.0].bound.get(&symbol.1).map(Vec::as_slice) {
            Some([event]) => !event.looped && event.at < at && !self.is_cell(symbol),
            _ => false,
        }
    }

    /// Can a function that is a value be given the variable as it is when that is made?
    pub(super) fn is_copied(&self, symbol: &Symbol, function: ScopeId) -> bool {
        // Defaults belong to the function object.
        self.is_settled(symbol, function) || symbol.1.starts_with('<')
    }
}

struct Walk<'a> {
    env: &'a ModuleEnv,
    scopes: Vec<Scope>,
    by_place: BTreeMap<(Kind, u32, u32), ScopeId>,
    /// The open scopes, and the depth of loops in each.
    open: Vec<(ScopeId, usize)>,
    /// Names used as values, with the scope they stand in.
    uses: Vec<(ScopeId, String)>,
    /// Lambdas that are values, and whatever runs later.
    values: BTreeSet<ScopeId>,
    lasting: BTreeSet<Span>,
    /// Lambdas that are values unless their name always means them.
    assigned: BTreeSet<ScopeId>,
}

impl<'a> Walk<'a> {
    fn new(env: &'a ModuleEnv) -> Self {
        Walk {
            env,
            scopes: Vec::new(),
            by_place: BTreeMap::new(),
            open: Vec::new(),
            uses: Vec::new(),
            values: BTreeSet::new(),
            lasting: BTreeSet::new(),
            assigned: BTreeSet::new(),
        }
    }

    fn scope(&mut self, parent: Option<ScopeId>, kind: Kind, place: Span) -> ScopeId {
        self.scopes.push(Scope {
            parent,
            kind,
            name: String::new(),
            path: String::new(),
            start: place.start,
            bound: BTreeMap::new(),
            globals: BTreeSet::new(),
            nonlocals: BTreeSet::new(),
            reads: BTreeSet::new(),
            known: BTreeMap::new(),
            captures: BTreeSet::new(),
        });
        let id = self.scopes.len() - 1;
        self.by_place.insert((kind, place.start, place.end), id);
        self.open.push((id, 0));
        id
    }

    fn current(&self) -> ScopeId {
        self.open.last().expect("a scope is open").0
    }

    fn bind(&mut self, name: &str, at: u32) {
        let (scope, loops) = *self.open.last().expect("a scope is open");
        self.bind_in(scope, name, at, loops > 0);
    }

    fn bind_in(&mut self, scope: ScopeId, name: &str, at: u32, looped: bool) {
        self.scopes[scope].bound.entry(name.to_string()).or_default().push(Event { at, looped });
    }

    fn params(&mut self, params: &Params, at: u32) {
        for param in params.in_frame_order() {
            self.bind(&param.name, at);
        }
    }

    /// Defaults are evaluated where the function is made.
    fn defaults(&mut self, params: &Params) {
        params.in_frame_order().filter_map(|p| p.default.as_ref()).for_each(|e| self.expr(e));
    }

    /// The function `name` is made here; its defaults get variables of their own.
    fn known(&mut self, name: &str, params: &Params, scope: ScopeId, at: u32) {
        let known = Known { scope, name: name.to_string(), params: params.clone(), at };
        for (i, param) in params.in_frame_order().enumerate() {
            if param.default.is_some() {
                self.bind(&known.default_name(i), at);
            }
        }
        let here = self.current();
        self.scopes[here].known.insert(name.to_string(), known);
    }

    fn function(&mut self, def: &FunctionDef) {
        def.decorators.iter().for_each(|e| self.expr(e));
        self.defaults(&def.params);
        let here = self.current();
        let id = self.scope(Some(here), Kind::Function, def.span);
        self.params(&def.params, def.span.start);
        self.block(&def.body);
        self.open.pop();
        self.scopes[id].name.clone_from(&def.name);
        if crate::walk::has_yield(&def.body) {
            self.values.insert(id);
        }
        if def.decorators.is_empty() && !def.is_async {
            self.known(&def.name, &def.params, id, def.span.start);
        }
        self.bind(&def.name, def.span.start);
    }

    fn lambda(&mut self, params: &Params, body: &Expr, span: Span) -> ScopeId {
        self.defaults(params);
        let here = self.current();
        let id = self.scope(Some(here), Kind::Lambda, span);
        self.scopes[id].name = "<lambda>".into();
        self.params(params, span.start);
        self.expr(body);
        self.open.pop();
        id
    }

    fn block(&mut self, body: &[Stmt]) {
        body.iter().for_each(|s| self.stmt(s));
    }

    fn looped(&mut self, f: impl FnOnce(&mut Self)) {
        self.open.last_mut().expect("a scope is open").1 += 1;
        f(self);
        self.open.last_mut().expect("a scope is open").1 -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let at = stmt.span.start;
        match &stmt.kind {
            S::FunctionDef(def) => self.function(def),
            S::ClassDef(class) => self.bind(&class.name, at),
            S::Return(e) => e.iter().for_each(|e| self.expr(e)),
            S::Delete(targets) => targets.iter().for_each(|t| self.target(t)),
            S::Assign { targets, value } => {
                match (targets.as_slice(), &value.kind) {
                    ([Expr { kind: E::Name(name), .. }], E::Lambda { params, body }) => {
                        let id = self.lambda(params, body, value.span);
                        self.assigned.insert(id);
                        self.known(name, params, id, at);
                    }
                    _ => self.expr(value),
                }
                targets.iter().for_each(|t| self.target(t));
            }
            S::AugAssign { target, value, .. } => {
                if let E::Name(name) = &target.kind {
                    self.read(name);
                }
                self.expr(value);
                self.target(target);
            }
            S::AnnAssign { target, value, .. } => {
                value.iter().for_each(|e| self.expr(e));
                if value.is_some() || !matches!(target.kind, E::Name(_)) {
                    self.target(target);
                } else if let E::Name(name) = &target.kind {
                    // An annotation makes it a local, though nothing is assigned.
                    let here = self.current();
                    self.scopes[here].bound.entry(name.clone()).or_default();
                }
            }
            S::TypeAlias { name, .. } => self.target(name),
            S::For { target, iter, body, orelse, .. } => {
                self.expr(iter);
                self.looped(|w| {
                    w.target(target);
                    w.block(body);
                });
                self.block(orelse);
            }
            S::While { test, body, orelse } => {
                self.looped(|w| {
                    w.expr(test);
                    w.block(body);
                });
                self.block(orelse);
            }
            S::If { test, body, orelse } => {
                self.expr(test);
                self.block(body);
                self.block(orelse);
            }
            S::With { items, body, .. } => {
                for item in items {
                    self.expr(&item.context);
                    item.target.iter().for_each(|t| self.target(t));
                }
                self.block(body);
            }
            S::Match { subject, cases } => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&case.pattern, at);
                    case.guard.iter().for_each(|e| self.expr(e));
                    self.block(&case.body);
                }
            }
            S::Raise { exc, cause } => exc.iter().chain(cause).for_each(|e| self.expr(e)),
            S::Try { body, handlers, orelse, finalbody, .. } => {
                self.block(body);
                for handler in handlers {
                    handler.class.iter().for_each(|e| self.expr(e));
                    handler.name.iter().for_each(|n| self.bind(n, at));
                    self.block(&handler.body);
                }
                self.block(orelse);
                self.block(finalbody);
            }
            S::Assert { test, message } => {
                self.expr(test);
                message.iter().for_each(|e| self.expr(e));
            }
            S::Import(list) => {
                for alias in list {
                    let name = alias.as_name.as_deref().unwrap_or(&alias.name);
                    self.bind(name.split('.').next().unwrap_or_default(), at);
                }
            }
            S::ImportFrom { names, .. } => {
                names.iter().for_each(|a| self.bind(a.as_name.as_ref().unwrap_or(&a.name), at));
            }
            S::Global(names) => {
                let here = self.current();
                self.scopes[here].globals.extend(names.iter().cloned());
            }
            S::Nonlocal(names) => {
                let here = self.current();
                self.scopes[here].nonlocals.extend(names.iter().cloned());
            }
            S::Expr(e) => self.expr(e),
            S::Pass | S::Break | S::Continue => {}
        }
    }

    fn pattern(&mut self, pattern: &Pattern, at: u32) {
        match pattern {
            Pattern::Value(e) => self.expr(e),
            Pattern::Singleton(_) => {}
            Pattern::Sequence(items) | Pattern::Or(items) => items.iter().for_each(|p| self.pattern(p, at)),
            Pattern::Mapping { keys, patterns, rest } => {
                keys.iter().for_each(|e| self.expr(e));
                patterns.iter().for_each(|p| self.pattern(p, at));
                rest.iter().for_each(|n| self.bind(n, at));
            }
            Pattern::Class { class, patterns, keywords } => {
                self.expr(class);
                patterns.iter().chain(keywords.iter().map(|(_, p)| p)).for_each(|p| self.pattern(p, at));
            }
            Pattern::Star(name) => name.iter().for_each(|n| self.bind(n, at)),
            Pattern::As { pattern, name } => {
                pattern.iter().for_each(|p| self.pattern(p, at));
                name.iter().for_each(|n| self.bind(n, at));
            }
        }
    }

    fn target(&mut self, target: &Expr) {
        match &target.kind {
            E::Name(name) => self.bind(name, target.span.start),
            E::Tuple(items) | E::List(items) => items.iter().for_each(|t| self.target(t)),
            E::Starred(inner) => self.target(inner),
            _ => self.expr(target),
        }
    }

    fn read(&mut self, name: &str) {
        let here = self.current();
        self.scopes[here].reads.insert(name.to_string());
    }

    /// What is called, and not a value because of that.
    fn callee(&mut self, e: &Expr) {
        match &e.kind {
            E::Name(name) => self.read(name),
            E::Lambda { params, body } => {
                let id = self.lambda(params, body, e.span);
                if params.in_frame_order().any(|p| p.default.is_some()) {
                    self.values.insert(id);
                }
            }
            // What is chosen is a value.
            _ => self.expr(e),
        }
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            E::Name(name) => {
                self.read(name);
                let here = self.current();
                self.uses.push((here, name.clone()));
            }
            E::Lambda { params, body } => {
                let id = self.lambda(params, body, e.span);
                self.values.insert(id);
            }
            E::Named { target, value } => {
                self.expr(value);
                // In a comprehension the name is the enclosing function's.
                let own = |kind| !matches!(kind, Kind::Comprehension | Kind::Generator);
                let scope = self.open.iter().rev().find(|(s, _)| own(self.scopes[*s].kind));
                let (scope, loops) = *scope.expect("the function is open");
                let looped = loops > 0 || scope != self.current();
                self.bind_in(scope, target, e.span.start, looped);
            }
            E::Generator { element, generators } if self.lasting.contains(&e.span) => {
                self.expr(&generators[0].iter);
                self.lasting(e.span, "<genexpr>", |w| {
                    w.clauses(generators, element);
                });
            }
            E::ListComp { element, generators }
            | E::SetComp { element, generators }
            | E::Generator { element, generators } => self.comprehension(generators, element, None),
            E::Call { func, args, keywords } if self.lasting.contains(&e.span) => {
                let parts = super::generators::parts(func, args, keywords);
                parts.given.iter().for_each(|e| self.expr(e));
                self.lasting(e.span, "<tool>", |w| {
                    w.callee(func);
                    parts.functions.iter().for_each(|e| w.callee(e));
                });
            }
            E::DictComp { key, value, generators } => self.comprehension(generators, key, Some(value)),
            E::Call { func, args, keywords } => {
                self.callee(func);
                let reduces = || {
                    super::library::library(func, &|name| self.env.bindings.get(name))
                        .is_some_and(|l| (l.module.as_str(), l.attr.as_str()) == ("functools", "reduce"))
                };
                let applies = match &func.kind {
                    E::Name(name) if matches!(name.as_str(), "map" | "filter") => true,
                    _ => reduces(),
                };
                for (i, arg) in args.iter().enumerate() {
                    if applies && i == 0 { self.callee(arg) } else { self.expr(arg) }
                }
                for k in keywords {
                    let applied = k.name.as_deref() == Some("key") && super::value::takes_key(func);
                    if applied { self.callee(&k.value) } else { self.expr(&k.value) }
                }
            }
            E::BoolOp { values, .. } | E::JoinedStr(values) => values.iter().for_each(|e| self.expr(e)),
            E::Set(items) | E::List(items) | E::Tuple(items) => items.iter().for_each(|e| self.expr(e)),
            E::Await(value) | E::YieldFrom(value) | E::Starred(value) => self.expr(value),
            E::UnaryOp { operand: value, .. } | E::Attribute { value, .. } => self.expr(value),
            E::BinOp { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            E::If { test, body, orelse } => [test, body, orelse].into_iter().for_each(|e| self.expr(e)),
            E::Dict { items } => {
                for (key, value) in items {
                    key.iter().for_each(|e| self.expr(e));
                    self.expr(value);
                }
            }
            E::Yield(value) => value.iter().for_each(|e| self.expr(e)),
            E::Compare { left, comparators, .. } => {
                self.expr(left);
                comparators.iter().for_each(|e| self.expr(e));
            }
            E::Formatted { value, spec, .. } => {
                self.expr(value);
                spec.iter().for_each(|e| self.expr(e));
            }
            E::Subscript { value, index } => {
                self.expr(value);
                self.expr(index);
            }
            E::Slice { lower, upper, step } => {
                [lower, upper, step].into_iter().flatten().for_each(|e| self.expr(e));
            }
            E::Constant(_) | E::Unrepresentable(_) => {}
        }
    }

    /// What runs later, element by element.
    fn lasting(&mut self, place: Span, name: &str, inside: impl FnOnce(&mut Self)) {
        let here = self.current();
        let id = self.scope(Some(here), Kind::Generator, place);
        self.scopes[id].name = name.into();
        self.values.insert(id);
        self.looped(inside);
        self.open.pop();
    }

    /// What runs in the scope of a comprehension: all but the first iterable.
    fn clauses(&mut self, generators: &[crate::ast::Comprehension], element: &Expr) {
        for (i, g) in generators.iter().enumerate() {
            if i > 0 {
                self.expr(&g.iter);
            }
            self.target(&g.target);
            g.ifs.iter().for_each(|e| self.expr(e));
        }
        self.expr(element);
    }

    fn comprehension(
        &mut self,
        generators: &[crate::ast::Comprehension],
        element: &Expr,
        value: Option<&Expr>,
    ) {
        self.expr(&generators[0].iter);
        let here = self.current();
        self.scope(Some(here), Kind::Comprehension, generators[0].target.span);
        self.looped(|w| {
            w.clauses(generators, element);
            value.iter().for_each(|e| w.expr(e));
        });
        self.open.pop();
    }

    /// Everything is read: what follows from it.
    fn finish(self) -> Symbols {
        let Walk { scopes, by_place, uses, values, assigned, .. } = self;
        let mut symbols = Symbols { scopes, by_place, values, cells: BTreeSet::new() };
        // A name that something else binds as well, here or from inside, means no function for good.
        let foreign: Vec<Symbol> = symbols.written_from_inside();
        for (id, scope) in symbols.scopes.iter_mut().enumerate() {
            let (bound, globals, nonlocals) = (&scope.bound, &scope.globals, &scope.nonlocals);
            scope.known.retain(|name, _| {
                bound.get(name).is_some_and(|events| events.len() == 1)
                    && !globals.contains(name)
                    && !nonlocals.contains(name)
                    && !foreign.contains(&(id, name.clone()))
            });
        }
        symbols.find_captures();
        for (scope, name) in uses {
            if let Some(symbol) = symbols.resolve(scope, &name)
                && let Some(known) = symbols.known(&symbol)
            {
                let scope = known.scope;
                symbols.values.insert(scope);
            }
        }
        // A `def` that is not known is a value each time it is made.
        let known: BTreeSet<ScopeId> =
            symbols.scopes.iter().flat_map(|s| s.known.values().map(|k| k.scope)).collect();
        for (id, scope) in symbols.scopes.iter().enumerate().skip(1) {
            let can_be = scope.kind == Kind::Function || assigned.contains(&id);
            if can_be && !known.contains(&id) {
                symbols.values.insert(id);
            }
        }
        symbols.name_functions();
        symbols.cells.extend(foreign);
        for function in symbols.values.clone() {
            for symbol in symbols.scopes[function].captures.clone() {
                if !symbols.is_copied(&symbol, function) && symbols.known(&symbol).is_none() {
                    symbols.cells.insert(symbol);
                }
            }
        }
        symbols
    }
}

impl Symbols {
    /// Variables that a function inside assigns.
    fn written_from_inside(&self) -> Vec<Symbol> {
        let mut out = Vec::new();
        for scope in &self.scopes {
            for name in &scope.nonlocals {
                if let Some(symbol) = scope.parent.and_then(|p| self.resolve(p, name)) {
                    out.push(symbol);
                }
            }
        }
        out
    }

    /// Gives every function its path.
    fn name_functions(&mut self) {
        let mut used = BTreeSet::new();
        for id in 1..self.scopes.len() {
            let around = self.scopes[id].parent.map_or(String::new(), |p| self.scopes[p].path.clone());
            let name = &self.scopes[id].name;
            let path = match (around.is_empty(), name.is_empty()) {
                (_, true) => around,
                (true, false) => name.clone(),
                (false, false) => format!("{around}.<locals>.{name}"),
            };
            let mut unique = path.clone();
            let mut n = 2;
            while self.scopes[id].kind != Kind::Comprehension && !used.insert(unique.clone()) {
                unique = format!("{path}#{n}");
                n += 1;
            }
            self.scopes[id].path = unique;
        }
    }

    /// Is the scope, or one around it, `function`?
    fn is_inside(&self, mut scope: ScopeId, function: ScopeId) -> bool {
        loop {
            if scope == function {
                return true;
            }
            match self.scopes[scope].parent {
                Some(parent) => scope = parent,
                None => return false,
            }
        }
    }

    /// Adds a variable to what every function from `scope` out to the variable's own captures.
    fn capture(&mut self, scope: ScopeId, symbol: &Symbol) -> bool {
        let mut changed = false;
        let mut at = Some(scope);
        while let Some(id) = at {
            if self.is_inside(symbol.0, id) {
                break;
            }
            if self.scopes[id].kind != Kind::Comprehension {
                changed |= self.scopes[id].captures.insert(symbol.clone());
            }
            at = self.scopes[id].parent;
        }
        changed
    }

    fn find_captures(&mut self) {
        for id in 0..self.scopes.len() {
            let names: Vec<String> =
                self.scopes[id].reads.iter().chain(&self.scopes[id].nonlocals).cloned().collect();
            for name in names {
                if let Some(symbol) = self.resolve(id, &name) {
                    self.capture(id, &symbol);
                }
            }
        }
        // Whoever uses a function needs what that captures.
        loop {
            let mut changed = false;
            for id in 0..self.scopes.len() {
                let uses: BTreeSet<Symbol> = match self.scopes[id].kind {
                    Kind::Comprehension => BTreeSet::new(),
                    _ => self.scopes[id].captures.clone(),
                };
                for symbol in uses {
                    let Some(known) = self.known(&symbol).cloned() else { continue };
                    let mut needs: Vec<Symbol> = self.scopes[known.scope].captures.iter().cloned().collect();
                    for (i, param) in known.params.in_frame_order().enumerate() {
                        if param.default.is_some() {
                            needs.push((symbol.0, known.default_name(i)));
                        }
                    }
                    for need in needs {
                        changed |= self.capture(id, &need);
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }
}
