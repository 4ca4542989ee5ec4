//! Functions inside functions → HIR functions of their own, and calls of those.
//!
//! What such a function takes from around becomes parameters behind its own: the value where nothing inside assigns the
//! variable, else its cell. A name that one `def` binds is not a value: it says whether the function has been made, and
//! calls go to the function itself. Defaults are kept in variables beside it.

use super::symbols::{Kind, Known, ScopeId, Symbol};
use super::{Lower, Scope};
use crate::ast::{self, Expr as AExpr, ExprKind as A, FunctionDef, Params, Stmt as AStmt, StmtKind as S};
use crate::hir::{self, Expr, ExprKind, StmtKind};
use crate::source::Span;

/// The body of a function inside.
pub(super) enum Body<'b> {
    Block(&'b [AStmt]),
    Value(&'b AExpr),
    /// A generator expression, or a call like `map`, whose sources are parameters.
    Elements(&'b AExpr),
}

impl<'a> Lower<'a> {
    /// The scope that names are looked up in.
    fn scope_id(&self) -> ScopeId {
        self.scopes.iter().rev().find_map(|s| s.id).unwrap_or(0)
    }

    /// The variable that a name means.
    pub(super) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.resolve(self.scope_id(), name)
    }

    /// Does the variable that the name means live in a cell?
    pub(super) fn is_cell(&self, name: &str) -> bool {
        self.symbol(name).is_some_and(|s| self.symbols.is_cell(&s))
    }

    /// Does the name always mean one function inside?
    pub(super) fn is_known(&self, name: &str) -> bool {
        // What lowering made itself is in the innermost scope.
        let made = self.scopes.last().is_some_and(|s| s.id.is_none() && s.vars.contains_key(name));
        !made && self.symbol(name).is_some_and(|s| self.symbols.known(&s).is_some())
    }

    /// Loop variables of comprehensions and parameters of lambdas that are expanded in place have no cells.
    pub(super) fn refuse_cells(&mut self, span: Span) {
        let Some(Scope { id: Some(id), vars }) = self.scopes.last() else { return };
        if vars.keys().any(|name| self.symbols.is_cell(&(*id, name.clone()))) {
            let message = "a function that outlives the loop variable it reads is not supported";
            self.refuse("PYR0315", span, message, "give it the value as a default");
        }
    }

    /// The variable of this function that stands for a variable of whatever function.
    pub(super) fn var_of(&self, symbol: &Symbol) -> Option<hir::VarId> {
        let own = self.scopes.iter().rev().find(|s| s.id == Some(symbol.0));
        own.and_then(|s| s.vars.get(&symbol.1)).or_else(|| self.captured.get(symbol)).copied()
    }

    pub(super) fn local(&mut self, var: hir::VarId, span: Span) -> Expr {
        Expr { kind: ExprKind::Local(var), span, id: self.node() }
    }

    /// `def`, or `name = lambda`, inside a function; false for other statements.
    pub(super) fn functions_made(&mut self, stmt: &AStmt, out: &mut Vec<hir::Stmt>) -> bool {
        match &stmt.kind {
            S::FunctionDef(def) => self.function_def(def, out),
            _ => match self.lambda_def(stmt) {
                Some(statements) => out.extend(statements),
                None => return false,
            },
        }
        true
    }

    fn function_def(&mut self, def: &FunctionDef, out: &mut Vec<hir::Stmt>) {
        let span = def.span;
        if def.is_async {
            self.refuse("PYR0315", span, "an `async` function inside is not supported", "");
            return;
        }
        if let Some(decorator) = def.decorators.first() {
            let message = "a decorator of a function inside is not supported";
            self.refuse("PYR0315", decorator.span, message, "");
            return;
        }
        let Some(scope) = self.symbols.scope_at(Kind::Function, span) else { return };
        let known = self.symbol(&def.name).and_then(|s| self.symbols.known(&s).cloned());
        match (known, self.lookup(&def.name)) {
            (Some(known), _) => {
                self.inside(scope, span, &def.params, Body::Block(&def.body));
                self.made(&known, &def.name, span, out);
            }
            // Its name is a variable like others.
            (None, Some(var)) => {
                let kind = self.made_value(scope, &def.params, Body::Block(&def.body), span);
                let value = Expr { kind, span, id: self.node() };
                let stmt = self.set(var, value, span);
                out.push(stmt);
            }
            (None, None) => {
                let message = format!("`{}` is bound more than once", def.name);
                self.refuse("PYR0315", span, message, "give the functions different names");
            }
        }
    }

    /// `name = lambda …: …` where nothing else binds the name.
    fn lambda_def(&mut self, stmt: &AStmt) -> Option<Vec<hir::Stmt>> {
        let S::Assign { targets, value } = &stmt.kind else { return None };
        let ([AExpr { kind: A::Name(name), .. }], A::Lambda { params, body }) =
            (targets.as_slice(), &value.kind)
        else {
            return None;
        };
        let known = self.symbols.known(&self.symbol(name)?)?.clone();
        self.inside(known.scope, value.span, params, Body::Value(body));
        let mut out = Vec::new();
        self.made(&known, name, stmt.span, &mut out);
        Some(out)
    }

    /// Here the function is made: its defaults are evaluated.
    fn made(&mut self, known: &Known, name: &str, span: Span, out: &mut Vec<hir::Stmt>) {
        for (i, param) in known.params.in_frame_order().enumerate() {
            let Some(default) = &param.default else { continue };
            let value = self.expr(default);
            if let Some(var) = self.lookup(&known.default_name(i)) {
                let stmt = self.set(var, value, param.span);
                out.push(stmt);
            }
        }
        if let Some(var) = self.lookup(name) {
            let none = Expr { kind: ExprKind::None, span, id: self.node() };
            let stmt = self.set(var, none, span);
            out.push(stmt);
        }
    }

    /// Lowers a function inside, once; what keeps it from being compiled keeps this one.
    pub(super) fn inside(&mut self, scope: ScopeId, span: Span, params: &Params, body: Body<'_>) {
        let qualname = self.qualname_of(scope);
        if self.nested.borrow().iter().any(|f| f.qualname == qualname) {
            return;
        }
        let mut cx = Lower {
            qualname,
            scopes: vec![Scope::new(scope)],
            symbols: self.symbols.clone(),
            outermost: self.outermost.clone(),
            lasting: self.lasting.clone(),
            ..Lower::new(self.file, self.env, "", super::Symbols::of_expression(self.env, &nothing()))
        };
        let nested = self.nested.clone();
        let symbols = self.symbols.clone();
        for symbol in symbols.captures(scope) {
            let shown = match symbol.1.strip_prefix("<default") {
                Some(_) => "default",
                None => &symbol.1,
            };
            let var = cx.new_var(shown);
            cx.vars[var].cell = symbols.is_cell(symbol);
            cx.captured.insert(symbol.clone(), var);
        }
        let captures: Vec<hir::Param> = cx
            .captured
            .iter()
            .map(|(symbol, var)| hir::Param {
                name: symbol.1.clone(),
                var: *var,
                kind: hir::ParamKind::Capture,
                has_default: false,
                span,
            })
            .collect();
        cx.nested = nested.clone();
        let (mut all, mut out) = cx.params(params);
        all.extend(captures);
        match body {
            Body::Block(body) => {
                cx.whole_function(body);
                super::scope::declare(&mut cx, body);
                cx.aliases = super::scope::method_aliases(&mut cx, body);
                out.extend(cx.block(body));
            }
            Body::Value(value) => {
                super::scope::declare(&mut cx, &[]);
                let e = cx.expr(value);
                out.push(hir::Stmt { kind: StmtKind::Return(Some(e)), span: value.span });
            }
            Body::Elements(e) => out.extend(cx.elements(e)),
        }
        cx.nested = Default::default();
        match cx.finish(span, all, out, super::Notes::Allowed) {
            Ok(function) => nested.borrow_mut().push(function.into()),
            Err(found) => self.diagnostics.extend(found),
        }
    }

    /// The qualified name of a function inside; functions of one name are numbered.
    pub(super) fn qualname_of(&self, scope: ScopeId) -> String {
        format!("{}.<locals>.{}", self.outermost, self.symbols.path(scope))
    }

    /// The function that a local always is, and the local.
    fn known_local(&mut self, func: &AExpr, name: &str) -> Option<(Known, Expr)> {
        let known = self.symbol(name).and_then(|s| self.symbols.known(&s).cloned())?;
        let var = self.lookup(name)?;
        Some((known, self.local(var, func.span)))
    }

    /// `f(…)` where `f` is a local.
    pub(super) fn call_local(
        &mut self,
        func: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> ExprKind {
        let Some((known, made)) = self.known_local(func, name) else {
            let function = self.expr(func);
            return self.call_value(function, args, keywords);
        };
        let Some(bound) = self.bind_arguments(&known.params, args, keywords) else {
            return self.no(span, "this form of the call", "give each parameter one argument");
        };
        self.call_known(&known, Some(made), bound, span)
    }

    /// `f(item)` where `f` is a local, for items that are there already.
    pub(super) fn call_local_with(
        &mut self,
        func: &AExpr,
        name: &str,
        items: Vec<Expr>,
        span: Span,
    ) -> ExprKind {
        let Some((known, made)) = self.known_local(func, name) else {
            let function = Box::new(self.expr(func));
            return ExprKind::CallValue {
                function,
                args: items,
                stars: vec![],
                keywords: vec![],
                rest: None,
            };
        };
        let fits = known.params.positional_only.len() + known.params.positional.len() >= items.len()
            && known.params.var_positional.is_none();
        let slots = known
            .params
            .in_frame_order()
            .enumerate()
            .map(|(i, p)| {
                if i < items.len() { Some(Slot::Given(i)) } else { p.default.as_ref().map(|_| Slot::Default) }
            })
            .collect::<Option<Vec<_>>>()
            .filter(|_| fits && known.params.var_keyword.is_none());
        let Some(slots) = slots else {
            return self.no(func.span, "a function with other parameters here", "");
        };
        self.call_known(&known, Some(made), (items, slots), span)
    }

    /// `(lambda x: …)(…)`
    pub(super) fn call_lambda(
        &mut self,
        func: &AExpr,
        params: &Params,
        body: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> ExprKind {
        let plain = params.in_frame_order().all(|p| p.default.is_none());
        let scope = self.symbols.scope_at(Kind::Lambda, func.span);
        let Some(scope) = scope.filter(|_| plain) else {
            let function = self.expr(func);
            return self.call_value(function, args, keywords);
        };
        self.inside(scope, func.span, params, Body::Value(body));
        let Some(bound) = self.bind_arguments(params, args, keywords) else {
            return self.no(func.span, "this form of the call", "give each parameter one argument");
        };
        let known = Known { scope, name: "<lambda>".into(), params: params.clone(), at: func.span.start };
        self.call_known(&known, None, bound, func.span)
    }

    /// The call of a function inside, whose arguments have been bound to its parameters.
    pub(super) fn call_known(
        &mut self,
        known: &Known,
        made: Option<Expr>,
        (mut args, bound): (Vec<Expr>, Vec<Slot>),
        span: Span,
    ) -> ExprKind {
        let mut slots = Vec::new();
        for (i, slot) in bound.into_iter().enumerate() {
            match slot {
                Slot::Given(at) => slots.push(at),
                Slot::Default => {
                    let symbol = self.symbol_of_default(known, i);
                    let Some(var) = symbol.and_then(|s| self.var_of(&s)) else {
                        return self.no(span, "a default here", "");
                    };
                    slots.push(args.len());
                    let value = self.local(var, span);
                    args.push(value);
                }
            }
        }
        let symbols = self.symbols.clone();
        for symbol in symbols.captures(known.scope) {
            let Some(var) = self.var_of(symbol) else {
                return self.no(span, "calling this function from here", "");
            };
            slots.push(args.len());
            let kind = match symbols.is_cell(symbol) {
                true => ExprKind::Cell(var),
                false => ExprKind::Local(var),
            };
            args.push(Expr { kind, span, id: self.node() });
        }
        let function = self.qualname_of(known.scope);
        ExprKind::CallNested { function, made: made.map(Box::new), args, slots }
    }

    /// The variable that keeps a default, which stands beside the function.
    fn symbol_of_default(&self, known: &Known, i: usize) -> Option<Symbol> {
        self.symbol(&known.default_name(i))
    }

    /// Evaluates arguments in the order of the call; where each parameter finds its own. `None` where Python raises.
    fn bind_arguments(
        &mut self,
        params: &Params,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<(Vec<Expr>, Vec<Slot>)> {
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        if starred || keywords.iter().any(|k| k.name.is_none()) {
            return None;
        }
        let positional = params.positional_only.len() + params.positional.len();
        let by_name = |name: &str| keywords.iter().position(|k| k.name.as_deref() == Some(name));
        let named: Vec<&str> =
            params.positional.iter().chain(&params.keyword_only).map(|p| p.name.as_str()).collect();
        let extra = |k: &ast::Keyword| k.name.as_deref().is_some_and(|n| !named.contains(&n));
        if (args.len() > positional && params.var_positional.is_none())
            || (keywords.iter().any(extra) && params.var_keyword.is_none())
        {
            return None;
        }
        let (own, rest) = args.split_at(args.len().min(positional));
        let mut values: Vec<Expr> = own.iter().map(|a| self.expr(a)).collect();
        let mut star = None;
        if params.var_positional.is_some() {
            let items: Vec<Expr> = rest.iter().map(|a| self.expr(a)).collect();
            let span = rest.first().map_or(Span::default(), |a| a.span);
            star = Some(values.len());
            values.push(Expr { kind: ExprKind::Tuple(items), span, id: self.node() });
        }
        let first_keyword = values.len();
        // What goes into `**kwargs` is evaluated behind the others only where it stands behind them.
        let sorted = keywords.windows(2).all(|pair| extra(&pair[1]) || !extra(&pair[0]));
        if !sorted {
            return None;
        }
        for k in keywords.iter().filter(|k| !extra(k)) {
            let value = self.expr(&k.value);
            values.push(value);
        }
        let mut dict = None;
        if params.var_keyword.is_some() {
            let mut items = Vec::new();
            for k in keywords.iter().filter(|k| extra(k)) {
                let key = ExprKind::Str(k.name.clone().unwrap_or_default());
                let key = Expr { kind: key, span: k.value.span, id: self.node() };
                items.push((Some(key), self.expr(&k.value)));
            }
            dict = Some(values.len());
            values.push(Expr { kind: ExprKind::Dict(items), span: Span::default(), id: self.node() });
        }
        let mut slots = Vec::new();
        for (i, param) in params.in_frame_order().enumerate() {
            let only = i < params.positional_only.len();
            let at = by_name(&param.name).filter(|_| !only && named.contains(&param.name.as_str()));
            let slot = if i < own.len() {
                match at {
                    Some(_) => return None,
                    None => Slot::Given(i),
                }
            } else if params.var_positional.as_ref().is_some_and(|p| p.name == param.name) {
                Slot::Given(star?)
            } else if params.var_keyword.as_ref().is_some_and(|p| p.name == param.name) {
                Slot::Given(dict?)
            } else if let Some(at) = at {
                Slot::Given(first_keyword + at)
            } else if param.default.is_some() {
                Slot::Default
            } else {
                return None;
            };
            slots.push(slot);
        }
        Some((values, slots))
    }
}

/// Where a parameter gets its value.
pub(super) enum Slot {
    Given(usize),
    Default,
}

/// An expression without scopes.
fn nothing() -> AExpr {
    AExpr { kind: A::Constant(ast::Constant::None), span: Span::default() }
}
