//! Functions as values → HIR: functions inside and lambdas with what they take from around, bound methods, and calls of
//! whatever an expression gives.
//!
//! A function that has no text of its own (`len` as a value, `d.get`, `partial(f, 1)`) is called through a function of
//! one statement that is made here for each form of call.

use super::functional::attribute_path;
use super::nested::Body;
use super::symbols::{Known, ScopeId};
use super::{Lower, Scope};
use crate::ast::{self, Expr as AExpr, ExprKind as A, FunctionDef, Params, Stmt, StmtKind};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{self, CompKind, Expr, ExprKind};
use crate::resolve::{INSTANCE, ModuleEnv};
use crate::source::{SourceFile, Span};

/// How a function without text of its own is called.
pub struct CallForm<'a> {
    /// What it is: see [`crate::ty::Callee::inside`].
    pub what: &'a str,
    /// What is kept with it.
    pub captures: usize,
    pub positional: usize,
    pub keywords: &'a [String],
}

/// Before the name of a function of `operator` that no module of the project names.
pub const OPERATOR: &str = "the operator ";

/// The function whose parameters are what is kept, the positional arguments and the keyword arguments, and that makes
/// the call.
pub fn lower_call(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    form: &CallForm<'_>,
) -> Result<hir::Function, Vec<Diagnostic>> {
    let span = Span::default();
    let name = |text: String| AExpr { kind: A::Name(text), span };
    // Names that no text can have.
    let kept: Vec<String> = (0..form.captures).map(|i| format!("kept {i}")).collect();
    let given: Vec<String> = (0..form.positional).map(|i| format!("argument {i}")).collect();
    let named: Vec<String> = form.keywords.iter().map(|k| format!("argument {k}")).collect();
    let of_one = ["item ", "attribute ", "method "].iter().any(|kind| form.what.starts_with(kind));
    if of_one && (form.positional != 1 || !form.keywords.is_empty()) {
        let d = Diagnostic::new("PYR0306", Severity::Note, "this form of the call is not supported");
        return Err(vec![d.at(file.path.clone(), span)]);
    }
    let mut args: Vec<AExpr> = given.iter().cloned().map(name).collect();
    let mut keywords: Vec<ast::Keyword> = form
        .keywords
        .iter()
        .zip(&named)
        .map(|(k, value)| ast::Keyword { name: Some(k.clone()), value: name(value.clone()) })
        .collect();
    let func = if let Some(method) = form.what.strip_prefix('.') {
        let value = Box::new(name(kept[0].clone()));
        AExpr { kind: A::Attribute { value, name: method.to_string() }, span }
    } else if let Some(own) = form.what.strip_prefix("partial ") {
        // `partial 2 key end`: so many positional arguments, these keywords; a call may give the keywords again.
        let mut words = own.split(' ');
        let count: usize = words.next().and_then(|n| n.parse().ok()).unwrap_or_default();
        args.splice(0..0, kept[1..=count].iter().cloned().map(name));
        let mut all: Vec<ast::Keyword> = words
            .zip(&kept[1 + count..])
            .map(|(k, value)| ast::Keyword { name: Some(k.to_string()), value: name(value.clone()) })
            .collect();
        for keyword in std::mem::take(&mut keywords) {
            match all.iter_mut().find(|k| k.name == keyword.name) {
                Some(k) => *k = keyword,
                None => all.push(keyword),
            }
        }
        keywords = all;
        name(kept[0].clone())
    } else if let Some(method) = form.what.strip_prefix("method ") {
        let object = args.remove(0);
        args.extend(kept.iter().cloned().map(name));
        AExpr { kind: A::Attribute { value: Box::new(object), name: method.to_string() }, span }
    } else if form.what.starts_with(OPERATOR) {
        name(form.what.to_string())
    } else if let Some((module, attr)) = form.what.split_once('.') {
        let value = Box::new(name(module.to_string()));
        AExpr { kind: A::Attribute { value, name: attr.to_string() }, span }
    } else {
        name(form.what.to_string())
    };
    let call = if let Some(items) = form.what.strip_prefix("item ") {
        items_of(items, &args[0], &kept, span)
    } else if let Some(paths) = form.what.strip_prefix("attribute ") {
        attributes_of(paths, &args[0], span)
    } else {
        AExpr { kind: A::Call { func: Box::new(func), args, keywords }, span }
    };
    let param = |name: &String| ast::Param { name: name.clone(), annotation: None, default: None, span };
    let def = FunctionDef {
        name: qualname.to_string(),
        is_async: false,
        params: Params {
            positional: kept.iter().chain(&given).chain(&named).map(param).collect(),
            ..Params::default()
        },
        body: vec![Stmt { kind: StmtKind::Return(Some(call)), span }],
        decorators: Vec::new(),
        returns: None,
        type_params: Vec::new(),
        span,
    };
    super::lower(file, env, qualname, &def, false)
}

/// `item 3 -1`, `item ?`: what `itemgetter` gives for `object`. A `?` is an index that is kept.
fn items_of(words: &str, object: &AExpr, kept: &[String], span: Span) -> AExpr {
    let mut kept = kept.iter();
    let mut items: Vec<AExpr> = words
        .split(' ')
        .map(|word| {
            let (sign, digits) = word.strip_prefix('-').map_or(("", word), |digits| ("-", digits));
            let digits = AExpr { kind: A::Constant(ast::Constant::Int(digits.to_string())), span };
            let index = match (word, sign) {
                ("?", _) => A::Name(kept.next().cloned().unwrap_or_default()),
                (_, "-") => A::UnaryOp { op: ast::UnaryOp::Neg, operand: Box::new(digits) },
                _ => digits.kind,
            };
            let index = Box::new(AExpr { kind: index, span });
            AExpr { kind: A::Subscript { value: Box::new(object.clone()), index }, span }
        })
        .collect();
    match items.len() {
        1 => items.remove(0),
        _ => AExpr { kind: A::Tuple(items), span },
    }
}

/// `attribute a b.c`: what `attrgetter` gives for `object`.
fn attributes_of(paths: &str, object: &AExpr, span: Span) -> AExpr {
    let read = |object: AExpr, name: &str| {
        let name = name.to_string();
        AExpr { kind: A::Attribute { value: Box::new(object), name }, span }
    };
    let mut values: Vec<AExpr> =
        paths.split(' ').map(|path| path.split('.').fold(object.clone(), read)).collect();
    match values.len() {
        1 => values.remove(0),
        _ => AExpr { kind: A::Tuple(values), span },
    }
}

impl Lower<'_> {
    /// A function inside as a value; `defaults` are evaluated here.
    fn function_value(
        &mut self,
        scope: ScopeId,
        made: Option<Expr>,
        defaults: Vec<Expr>,
        span: Span,
    ) -> ExprKind {
        let symbols = self.symbols.clone();
        if !symbols.is_value(scope) {
            return self.no_as("PYR0315", span, "a function as a value here", "call it where it is defined");
        }
        let mut captures = defaults;
        for symbol in symbols.captures(scope) {
            let Some(var) = self.var_of(symbol) else {
                return self.no(span, "using this function from here", "");
            };
            let kind = match symbols.is_cell(symbol) {
                true => ExprKind::Cell(var),
                false => ExprKind::Local(var),
            };
            captures.push(Expr { kind, span, id: self.node() });
        }
        ExprKind::Function { name: self.qualname_of(scope), made: made.map(Box::new), captures }
    }

    /// A local that always names one function, as a value.
    pub(super) fn known_value(&mut self, name: &str, span: Span) -> Option<ExprKind> {
        let known: Known = self.symbol(name).and_then(|s| self.symbols.known(&s).cloned())?;
        let made = self.lookup(name)?;
        let made = self.local(made, span);
        let mut defaults = Vec::new();
        for (i, param) in known.params.in_frame_order().enumerate() {
            if param.default.is_some() {
                let var = self.symbol(&known.default_name(i)).and_then(|s| self.var_of(&s))?;
                defaults.push(self.local(var, span));
            }
        }
        Some(self.function_value(known.scope, Some(made), defaults, span))
    }

    /// A `lambda`, or a `def` whose name something else binds as well: the function that is made here.
    pub(super) fn made_value(
        &mut self,
        scope: ScopeId,
        params: &Params,
        body: Body<'_>,
        span: Span,
    ) -> ExprKind {
        self.inside(scope, span, params, body);
        let defaults: Vec<&AExpr> = params.in_frame_order().filter_map(|p| p.default.as_ref()).collect();
        let defaults = defaults.into_iter().map(|e| self.expr(e)).collect();
        self.function_value(scope, None, defaults, span)
    }

    /// `object.method` as a value.
    pub(super) fn bound_method(&mut self, object: &AExpr, method: &str) -> Option<ExprKind> {
        if !crate::ops::is_method(method) {
            return None;
        }
        let captures = vec![self.expr(object)];
        Some(ExprKind::Function { name: format!("<.{method}>"), made: None, captures })
    }

    /// `sorted(xs, key=f)` where `f` is no name of a function: evaluated before, and kept under a name that no text can
    /// have. `None` where the key needs that not, or must not be evaluated before the items.
    pub(super) fn call_with_key(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        const HIDDEN: &str = "the key";
        if !takes_key(func) {
            return None;
        }
        let at = keywords.iter().position(|k| k.name.as_deref() == Some("key"))?;
        let key = &keywords[at].value;
        if let A::Attribute { value, name } = &key.kind
            && !matches!(value.kind, A::Name(_))
            && self.module_of(value).is_none()
        {
            return self.call_with_method((func, args, keywords, span), (at, value, name));
        }
        let is_new = match &key.kind {
            A::Name(name) => name != HIDDEN && self.lookup(name).is_some() && !self.is_known(name),
            A::Lambda { params, .. } => params.in_frame_order().any(|p| p.default.is_some()),
            A::Constant(_) | A::Attribute { .. } => false,
            A::Call { func, args, .. } => !self.is_getter(func, args) && !self.is_comparison(func),
            _ => true,
        };
        let settled = |e: &AExpr| matches!(e.kind, A::Name(_) | A::Constant(_));
        let around = match &func.kind {
            A::Attribute { value, .. } => settled(value),
            _ => true,
        };
        let others = keywords.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, k)| &k.value);
        let all: Vec<&AExpr> = args.iter().chain(others).collect();
        let early = self.can_be_early(key) && !all.iter().any(|e| assigns(e));
        if !is_new || !(early || (around && all.into_iter().all(settled))) {
            return None;
        }
        let (var, value) = (self.temp(), self.boxed(key));
        let first = self.make(ExprKind::Named { var, value }, key.span);
        let mut rest = keywords.to_vec();
        rest[at].value = AExpr { kind: A::Name(HIDDEN.into()), span: key.span };
        self.scopes.push(Scope { id: None, vars: [(HIDDEN.to_string(), var)].into() });
        let kind = self.call(func, args, &rest, span);
        self.scopes.pop();
        let call = self.make(kind, span);
        Some(self.last_of(vec![first, call], span).kind)
    }

    /// `max(self.names, key=self.counts.get)`: all are evaluated in their order, and what has the method is kept under a name
    /// that no text can have. `None` where a generator would be evaluated before.
    fn call_with_method(
        &mut self,
        (func, args, keywords, span): (&AExpr, &[AExpr], &[ast::Keyword], Span),
        (at, object, method): (usize, &AExpr, &str),
    ) -> Option<ExprKind> {
        let operands = || args.iter().chain(keywords.iter().map(|k| &k.value));
        let rebinds = operands().any(assigns);
        // Nothing that is evaluated behind it changes what it is.
        let settled = |e: &AExpr| match &e.kind {
            A::Name(name) => !rebinds && self.lookup(name).is_some() && !self.is_cell(name),
            A::Constant(_) => true,
            _ => false,
        };
        let stays = |e: &AExpr| match &e.kind {
            // What it goes through is evaluated at once, the rest behind the key.
            A::Generator { generators, .. } => generators.first().is_some_and(|g| settled(&g.iter)),
            _ => settled(e),
        };
        let lasts = |e: &AExpr| !matches!(e.kind, A::Generator { .. } | A::Starred(_));
        let others = keywords.iter().enumerate().filter(|(i, _)| *i != at);
        if !others.map(|(_, k)| &k.value).all(settled) || !args.iter().all(|a| stays(a) || lasts(a)) {
            return None;
        }
        let stay: Vec<bool> = args.iter().map(stays).collect();
        let moves = match &func.kind {
            A::Attribute { value, .. } => self.module_of(value).is_none() && !settled(value),
            _ => false,
        };
        let (mut steps, mut names) = (Vec::new(), Vec::new());
        let mut keep = |this: &mut Self, e: &AExpr| {
            let (var, value) = (this.temp(), this.boxed(e));
            steps.push(this.make(ExprKind::Named { var, value }, e.span));
            let name = format!("operand {}", names.len());
            names.push((name.clone(), var));
            AExpr { kind: A::Name(name), span: e.span }
        };
        let mut func = func.clone();
        if let A::Attribute { value, .. } = &mut func.kind
            && moves
        {
            **value = keep(self, value);
        }
        let args = args.iter().zip(stay);
        let args: Vec<AExpr> = args.map(|(a, stays)| if stays { a.clone() } else { keep(self, a) }).collect();
        let mut keywords = keywords.to_vec();
        let kind = A::Attribute { value: Box::new(keep(self, object)), name: method.to_string() };
        keywords[at].value = AExpr { kind, span: keywords[at].value.span };
        self.scopes.push(Scope { id: None, vars: names.into_iter().collect() });
        let kind = self.call(&func, &args, &keywords, span);
        self.scopes.pop();
        steps.push(self.make(kind, span));
        Some(self.last_of(steps, span).kind)
    }

    /// Can the expression be evaluated early? What is not bound bails, and nothing that is called changes it.
    fn can_be_early(&self, e: &AExpr) -> bool {
        match &e.kind {
            A::Name(name) => match self.lookup(name) {
                Some(_) => !self.is_cell(name),
                None => !self.env.assigned.contains(name),
            },
            A::Constant(_) => true,
            A::Lambda { params, .. } => params.in_frame_order().all(|p| p.default.is_none()),
            A::If { test, body, orelse } => [test, body, orelse].into_iter().all(|e| self.can_be_early(e)),
            A::BoolOp { values, .. } => values.iter().all(|e| self.can_be_early(e)),
            A::UnaryOp { op: ast::UnaryOp::Not, operand } => self.can_be_early(operand),
            _ => false,
        }
    }

    /// Is what is called a value, and not a function known by its name, or a method?
    pub(super) fn is_value_callee(&self, func: &AExpr) -> bool {
        match &func.kind {
            A::Name(name) => {
                self.lookup(name).is_some() && !self.is_known(name) && !self.aliases.contains_key(name)
            }
            A::Attribute { .. } | A::Lambda { .. } => false,
            _ => true,
        }
    }

    /// `partial(f, 1, key=2)`: a function that keeps them.
    pub(super) fn partial(&mut self, args: &[AExpr], keywords: &[ast::Keyword]) -> Option<ExprKind> {
        let plain = !args.is_empty() && !args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        let names: Option<Vec<&str>> = keywords.iter().map(|k| k.name.as_deref()).collect();
        let names = names.filter(|_| plain)?;
        let mut name = format!("<partial {}", args.len() - 1);
        for k in names {
            name.push(' ');
            name.push_str(k);
        }
        name.push('>');
        let mut captures = self.exprs(args);
        captures.extend(keywords.iter().map(|k| self.expr(&k.value)).collect::<Vec<_>>());
        Some(ExprKind::Function { name, made: None, captures })
    }

    /// `itemgetter(1)`, `itemgetter(i, "name")` as a value.
    pub(super) fn getter(&mut self, args: &[AExpr]) -> Option<ExprKind> {
        if args.is_empty() || args.iter().any(|a| matches!(a.kind, A::Starred(_))) {
            return None;
        }
        let (mut name, mut captures) = ("<item".to_string(), Vec::new());
        for arg in args {
            let value = self.expr(arg);
            name.push(' ');
            match value.kind {
                // Tuples of known length want to know.
                ExprKind::Int(i) => name.push_str(&i.to_string()),
                _ => {
                    name.push('?');
                    captures.push(value);
                }
            }
        }
        name.push('>');
        Some(ExprKind::Function { name, made: None, captures })
    }

    /// `attrgetter("name", "place.x")` as a value.
    pub(super) fn attribute_getter(&mut self, args: &[AExpr]) -> Option<ExprKind> {
        let paths: Option<Vec<String>> = args.iter().map(|a| Some(attribute_path(a)?.join("."))).collect();
        let name = format!("<attribute {}>", paths.filter(|paths| !paths.is_empty())?.join(" "));
        Some(ExprKind::Function { name, made: None, captures: Vec::new() })
    }

    /// `methodcaller("strip", "x")` as a value.
    pub(super) fn method_caller(&mut self, args: &[AExpr]) -> Option<ExprKind> {
        let [AExpr { kind: A::Constant(ast::Constant::Str(method)), .. }, rest @ ..] = args else {
            return None;
        };
        if rest.iter().any(|a| matches!(a.kind, A::Starred(_))) || !crate::ops::is_method(method) {
            return None;
        }
        let captures = self.exprs(rest);
        Some(ExprKind::Function { name: format!("<method {method}>"), made: None, captures })
    }

    /// `f(*items)` of a function that takes any number of arguments: the items are its tuple.
    pub(super) fn star_rest(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let A::Name(name) = &func.kind else { return None };
        if self.lookup(name).is_some()
            || keywords.iter().any(|k| k.name.is_none())
            || !["len", "tuple"].iter().all(|n| self.is_builtin(n))
        {
            return None;
        }
        let params = self.parameters_of(name)?;
        let positional = params.positional_only.len() + params.positional.len();
        let first = args.iter().position(|a| matches!(a.kind, A::Starred(_)))?;
        params.var_positional.as_ref()?;
        if first < positional {
            return self.star_first(name, args, keywords, positional - first);
        }
        let given = self.exprs(&args[..positional]);
        let all = self.starred_part(&args[positional..], keywords);
        Some(ExprKind::Call { name: name.clone(), args: given, keywords: all })
    }

    /// What `*args` get, the first of which is starred, and the keywords behind them.
    fn starred_part(&mut self, rest: &[AExpr], keywords: &[ast::Keyword]) -> Vec<(String, Expr)> {
        let span = rest[0].span;
        let kind = match rest {
            [AExpr { kind: A::Starred(items), .. }] => {
                ExprKind::Comp(Box::new(self.comp_over(CompKind::Tuple, items)))
            }
            _ => self.build(true, rest),
        };
        let mut all = vec![("*".to_string(), self.make(kind, span))];
        for k in keywords {
            all.push((k.name.clone().unwrap_or_default(), self.expr(&k.value)));
        }
        all
    }

    /// `instance.method(a, *items, key=b)`: the items are what the method's `*args` get. Whether it has one, and `a` fills
    /// what stands before, inference finds out.
    pub(super) fn star_method(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let A::Attribute { value, name } = &func.kind else { return None };
        let other = self.module_of(value).is_some() || self.class_name(value).is_some();
        // `**names`, of which none may be the parameter's that the instance is: inference looks for others.
        let names = match keywords {
            [ast::Keyword { name: None, value }] if self.is_builtin("dict") => Some(value),
            _ => None,
        };
        let keywords = if names.is_some() { &[] } else { keywords };
        if other || keywords.iter().any(|k| k.name.is_none()) || !self.is_builtin("tuple") {
            return None;
        }
        let first = args.iter().position(|a| matches!(a.kind, A::Starred(_)))?;
        let taken = self.taken_by(name).filter(|taken| *taken <= first).unwrap_or(first);
        let (before, rest) = args.split_at(taken);
        let kind = self.call_above(value, name, before, &[]);
        let Some(ExprKind::Method { base, name, args, .. }) = kind.or_else(|| {
            let (name, base) = (self.mangled(name), self.boxed(value));
            Some(ExprKind::Method { base, name, args: self.exprs(before), keywords: vec![] })
        }) else {
            return None;
        };
        let mut all = self.starred_part(rest, keywords);
        if let Some(names) = names {
            all.push(("**".to_string(), self.names_but(names, INSTANCE)));
        }
        Some(ExprKind::Method { base, name, args, keywords: all })
    }

    /// How many arguments the methods of that name take before their `*args`, where those of the module agree.
    fn taken_by(&self, name: &str) -> Option<usize> {
        let mut methods = self
            .env
            .functions
            .iter()
            .filter(|(qualname, _)| qualname.rsplit_once('.').is_some_and(|(_, method)| method == name));
        let taken = |def: &ast::FunctionDef| {
            let alone = |e: &AExpr| matches!(&e.kind, A::Name(name) if name == "staticmethod");
            let all = def.params.positional_only.len() + def.params.positional.len();
            let own = usize::from(!def.decorators.iter().any(alone));
            def.params.var_positional.as_ref().and_then(|_| all.checked_sub(own))
        };
        let found = taken(&methods.next()?.1)?;
        methods.all(|(_, def)| taken(def) == Some(found)).then_some(found)
    }

    /// Must a function that is called for each item be evaluated before, once?
    pub(super) fn must_be_kept(&self, function: &AExpr) -> bool {
        match &function.kind {
            A::Name(name) if self.lookup(name).is_some() && !self.is_known(name) => {
                // What it means may change on the way.
                self.symbol(name).is_none_or(|s| self.symbols.is_cell(&s) || !self.symbols.is_bound_once(&s))
            }
            A::Name(_) => false,
            A::Lambda { params, .. } => params.in_frame_order().any(|p| p.default.is_some()),
            A::Attribute { value, .. } => self.module_of(value).is_none(),
            _ => true,
        }
    }

    /// The function that is called for each item. What must be is evaluated before the items, and kept; `None` where
    /// the items are no value that this could stand before.
    pub(super) fn item_function(&mut self, function: &AExpr, iter: &mut hir::Iter) -> Option<Expr> {
        if !self.must_be_kept(function) {
            return Some(self.expr(function));
        }
        // What runs later would evaluate it later.
        if self.open_tool.is_some() {
            return None;
        }
        let hir::IterKind::Expr(items) = &mut iter.kind else { return None };
        let span = function.span;
        let (var, value) = (self.temp(), self.boxed(function));
        let first = self.make(ExprKind::Named { var, value }, span);
        let nothing = self.make(ExprKind::None, span);
        let source = std::mem::replace(&mut **items, nothing);
        **items = self.last_of(vec![first, source], span);
        Some(self.local(var, span))
    }

    /// `f(a, *items)` where the first `taken` items are for parameters of their own. Fewer bail.
    fn star_first(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        taken: usize,
    ) -> Option<ExprKind> {
        let (AExpr { kind: A::Starred(items), span }, before) = args.split_last()? else { return None };
        if !keywords.is_empty() || before.iter().any(|a| matches!(a.kind, A::Starred(_))) {
            return None;
        }
        let span = *span;
        let mut given = self.exprs(before);
        let var = self.temp();
        let all = ExprKind::Comp(Box::new(self.comp_over(CompKind::Tuple, items)));
        let value = Box::new(self.make(all, span));
        let all = self.make(ExprKind::Named { var, value }, span);
        let len = ExprKind::Call { name: "len".into(), args: vec![all], keywords: vec![] };
        let left = Box::new(self.make(len, span));
        let right = Box::new(self.make(ExprKind::Int(taken as i64), span));
        let enough = self.make(ExprKind::Compare { op: ast::CmpOp::GtE, left, right }, span);
        let mut test = Some(Box::new(enough));
        for i in 0..taken {
            let base = Box::new(self.local(var, span));
            let index = Box::new(self.make(ExprKind::Int(i as i64), span));
            let item = self.make(ExprKind::Index { base, index }, span);
            given.push(match test.take() {
                Some(test) => {
                    let orelse = Box::new(self.make(ExprKind::Bail, span));
                    self.make(ExprKind::If { test, body: Box::new(item), orelse }, span)
                }
                None => item,
            });
        }
        let base = Box::new(self.local(var, span));
        let lower = Some(Box::new(self.make(ExprKind::Int(taken as i64), span)));
        let rest = self.make(ExprKind::Slice { base, lower, upper: None, step: None }, span);
        Some(ExprKind::Call { name: name.to_string(), args: given, keywords: vec![("*".into(), rest)] })
    }

    /// A call of what an expression gives.
    pub(super) fn call_value(
        &mut self,
        function: Expr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> ExprKind {
        let starred = |a: &AExpr| matches!(a.kind, A::Starred(_));
        let stars = (0..args.len()).filter(|i| starred(&args[*i])).collect();
        let args = args
            .iter()
            .map(|a| match &a.kind {
                A::Starred(items) => self.expr(items),
                _ => self.expr(a),
            })
            .collect();
        // Only one `**`, behind the others.
        if let Some(at) = keywords.iter().position(|k| k.name.is_none())
            && at + 1 != keywords.len()
        {
            let span = keywords[at].value.span;
            return self.no_as("PYR0324", span, "`**` in a call", "write the arguments out");
        }
        let (mut named, mut rest) = (Vec::new(), None);
        for k in keywords {
            let value = self.expr(&k.value);
            match &k.name {
                Some(name) => named.push((name.clone(), value)),
                None => rest = Some(Box::new(value)),
            }
        }
        ExprKind::CallValue { function: Box::new(function), args, stars, keywords: named, rest }
    }
}

/// Is there a `:=` inside?
fn assigns(e: &AExpr) -> bool {
    let mut found = false;
    let stmt = Stmt { kind: StmtKind::Expr((*e).clone()), span: e.span };
    crate::walk::expressions(std::slice::from_ref(&stmt), &mut |e| {
        found |= matches!(e.kind, A::Named { .. })
    });
    found
}

/// Is `key=` of this call applied to each item by the compiler itself?
pub(super) fn takes_key(func: &AExpr) -> bool {
    const APPLIED: &[&str] = &[
        "sorted",
        "min",
        "max",
        "sort",
        "groupby",
        "nlargest",
        "nsmallest",
        "merge",
        "bisect",
        "bisect_left",
        "bisect_right",
        "insort",
        "insort_left",
        "insort_right",
    ];
    match &func.kind {
        A::Name(name) | A::Attribute { name, .. } => APPLIED.contains(&name.as_str()),
        _ => false,
    }
}
