//! Calls → HIR: builtins, methods, and the functions that consume an iterable.

use super::generators::Pull;
use super::iterable::is_range;
use super::memo::NEW_ORDER;
use super::symbols::Kind;
use super::value::{OPERATOR, takes_key};
use super::{Lower, Scope};
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{self, Collection, Comp, CompKind, Expr, ExprKind, FPart};
use crate::resolve::Binding;
use crate::source::Span;

/// Displays for NumPy of so many items are tuples of known types.
const MOST_ITEMS: usize = 9;

/// The classes whose methods can be called through the class.
const CLASSES: &[&str] =
    &["str", "bytes", "bytearray", "int", "float", "complex", "list", "dict", "tuple", "set", "frozenset"];

impl Lower<'_> {
    pub(super) fn call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> ExprKind {
        if let Some(method) = self.method_behind(func) {
            return self.call(&method, args, keywords, span);
        }
        let called = match &func.kind {
            A::Name(name) if self.lookup(name).is_none() => Some(name.as_str()),
            _ => None,
        };
        if called == Some(NEW_ORDER) {
            return ExprKind::New { class: Collection::Ordered, arg: None };
        }
        if let Some(operator) = called.and_then(|name| name.strip_prefix(OPERATOR)) {
            let given = if keywords.is_empty() { self.exprs(args) } else { Vec::new() };
            let applied = self.operator(operator, given, span);
            return applied.unwrap_or_else(|| self.no(span, "this form of the call", ""));
        }
        for name in keywords.iter().filter_map(|k| k.name.as_deref()).chain(called) {
            self.refuse_private(name, span);
        }
        let asked = self.asked_attribute(func, args, keywords);
        if let Some(kind) = asked.or_else(|| self.attribute_by_name(func, args, keywords)) {
            return kind;
        }
        if let Some(class) = self.class_of_local(func) {
            return self.call(&class, args, keywords, span);
        }
        if let Some(kind) = self.class_of_value(func, args, keywords) {
            return kind;
        }
        if let Some(kind) = self.cast_value(func, args, keywords) {
            return kind;
        }
        if self.is_value_callee(func) {
            let function = self.expr(func);
            return self.call_value(function, args, keywords);
        }
        if let Some(star) = args.iter().find(|a| matches!(a.kind, A::Starred(_))) {
            let zip = matches!(&func.kind, A::Name(name) if name == "zip" && self.is_builtin(name))
                && keywords.is_empty();
            if let (A::Attribute { value, name }, [AExpr { kind: A::Starred(items), .. }], []) =
                (&func.kind, args, keywords)
                && let Some(module) = self.module_of(value)
                && matches!(name.as_str(), "gcd" | "lcm" | "hypot")
            {
                // `math.gcd(*items)`: a form of its own over the list.
                let comp = self.comp_over(CompKind::List, items);
                let args = vec![self.make(ExprKind::Comp(Box::new(comp)), span)];
                return ExprKind::ModuleCall { module, name: format!("{name} of"), args, keywords: vec![] };
            }
            let is_star = |e: &AExpr| matches!(&e.kind, A::Name(name) if self.star.as_ref() == Some(name));
            if let [AExpr { kind: A::Starred(items), .. }] = args
                && !(is_star(items) || keywords.iter().all(|k| is_written(&k.value)))
            {
                // Python takes a single one apart behind the keywords.
                let why = "`*` in a call, in front of keywords that are computed,";
                return self.no_as(
                    "PYR0324",
                    star.span,
                    why,
                    "put what they are into variables before the call",
                );
            }
            if !(zip || is_format(func)) {
                if let Some(kind) = self.with_all(func, args, keywords, span) {
                    return kind;
                }
                if let Some(kind) = self.spread_both(func, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.star_call(func, args, keywords, span) {
                    return kind;
                }
                if let Some(kind) = self.star_rest(func, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.star_method(func, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.make_all(func, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.struct_of_all(func, args, keywords, span) {
                    return kind;
                }
                return self.no_as("PYR0324", star.span, "`*` in a call", "write the arguments out");
            }
        }
        if keywords.iter().any(|k| k.name.is_none())
            && let Some(all) = self.written_out(keywords)
        {
            return self.call(func, args, &all, span);
        }
        if let Some(kind) = self.dict_with_names(func, args, keywords, span) {
            return kind;
        }
        if let Some(kind) = self.spread_call(func, args, keywords) {
            return kind;
        }
        if let Some(star) = keywords.iter().find(|k| k.name.is_none())
            && !is_format(func)
        {
            return self.no_as("PYR0324", star.value.span, "`**` in a call", "write the arguments out");
        }
        if let Some(kind) = self.running_call(func, args, keywords, span) {
            return kind;
        }
        if let Some(kind) = self.tool(func, args, keywords, (span, Pull::Later)) {
            return self.lasting_iter(kind, span, false);
        }
        if let Some(kind) = self.tee(func, args, keywords) {
            return kind;
        }
        if let Some(kind) = self.call_with_key(func, args, keywords, span) {
            return kind;
        }
        if let Some(library) = self.library_of(func)
            && let Some(kind) = self.library_call(library, args, keywords, span)
        {
            return kind;
        }
        match &func.kind {
            A::Name(name) if self.aliases.contains_key(name) => {
                let (var, method) = self.aliases[name].clone();
                let base = Box::new(self.make(ExprKind::Local(var), func.span));
                let args = self.exprs(args);
                let keywords = self.keywords(keywords, method == "sort");
                ExprKind::Method { base, name: method, args, keywords }
            }
            A::Name(name) if self.lookup(name).is_some() => self.call_local(func, name, args, keywords, span),
            A::Lambda { params, body } => self.call_lambda(func, params, body, args, keywords),
            A::Name(name) => {
                if self.is_builtin(name) {
                    if let Some(kind) = self.consumer(name, args, keywords, span) {
                        return kind;
                    }
                    if matches!(name.as_str(), "zip" | "enumerate" | "reversed")
                        && let Some(kind) = self.lazy(name, args, keywords, (span, Pull::Later))
                    {
                        return self.lasting_iter(kind, span, false);
                    }
                }
                let args = match self.env.bindings.get(name) {
                    Some(Binding::Imported { module, .. }) if module == "math" => self.wholes(args),
                    _ => self.exprs(args),
                };
                let applied = takes_key(func) && self.is_builtin(name);
                ExprKind::Call { name: name.clone(), args, keywords: self.keywords(keywords, applied) }
            }
            A::Attribute { value, name } => {
                if let Some(kind) = self.call_above(value, name, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.ones(value, name, args, keywords) {
                    return kind;
                }
                if let Some(kind) = self.clears_cache(value, name, (args, keywords), span) {
                    return kind;
                }
                if let Some(module) = self.module_of(value) {
                    let fixed = self.fixed(&module, name, args);
                    let args = self.wholes(fixed.as_deref().unwrap_or(args));
                    let keywords = self.keywords(keywords, takes_key(func));
                    return ExprKind::ModuleCall { module, name: self.mangled(name), args, keywords };
                }
                if let Some((global, class)) = self.foreign_class(value, name) {
                    // A method of the class itself: `date.fromordinal(n)`.
                    let (args, keywords) = (self.exprs(args), self.keywords(keywords, false));
                    let name = format!("{class}{name}");
                    return ExprKind::ModuleCall { module: global, name, args, keywords };
                }
                if let Some(kind) = self.string_call(value, name, args, keywords, span) {
                    return kind;
                }
                if is_format(func)
                    && (args.iter().any(|a| matches!(a.kind, A::Starred(_)))
                        || keywords.iter().any(|k| k.name.is_none()))
                {
                    return self.no(span, "this format", "");
                }
                if let Some(kind) = self.container_call(value, name, args, keywords) {
                    return kind;
                }
                if let (Some(class), [first, rest @ ..]) = (self.class_name(value), args)
                    && !name.starts_with("from")
                {
                    // `str.lower(s)`: the method of that class and of no other.
                    self.assumes.insert(class.clone());
                    let base = self.boxed(first);
                    let args = self.exprs(rest);
                    let keywords = self.keywords(keywords, takes_key(func));
                    let name = format!("{class}.{name}");
                    return ExprKind::Method { base, name, args, keywords };
                }
                if let Some(kind) = self.struct_method(value, name, args, keywords, span) {
                    return kind;
                }
                if name == "sub"
                    && keywords.is_empty()
                    && let Some(kind) = self.pattern_sub(value, args, span)
                {
                    return kind;
                }
                let name = self.pattern_method(value, &self.mangled(name));
                let base = self.boxed(value);
                let args = self.exprs(args);
                let keywords = match name.as_str() {
                    "sort" => self.sorting(keywords),
                    _ => self.keywords(keywords, takes_key(func)),
                };
                ExprKind::Method { base, name, args, keywords }
            }
            _ => {
                let function = self.expr(func);
                self.call_value(function, args, keywords)
            }
        }
    }

    /// A class of the standard library that has the method in the table: the global, and what stands behind it.
    fn foreign_class(&self, e: &AExpr, method: &str) -> Option<(String, String)> {
        let known = |module: &str, class: &str| crate::ops::exists(&format!("{module}.{class}.{method}"));
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name)? {
                Binding::Imported { module, name: class } if known(module, class) => {
                    Some((name.clone(), String::new()))
                }
                _ => None,
            },
            A::Attribute { value, name: class } => {
                let global = self.module_of(value)?;
                let Some(Binding::Module(module)) = self.env.bindings.get(&global) else { return None };
                known(module, class).then(|| (global.clone(), format!("{class}.")))
            }
            _ => None,
        }
    }

    /// Arguments of a function of a C module, which takes its iterable whole before it does anything.
    fn wholes(&mut self, args: &[AExpr]) -> Vec<Expr> {
        args.iter()
            .map(|a| match &a.kind {
                A::Generator { element, generators } => {
                    let kind = self.comp(CompKind::List, generators, element, None, None);
                    self.make(kind, a.span)
                }
                _ if self.is_lazy(a) => {
                    let comp = self.comp_over(CompKind::List, a);
                    self.make(ExprKind::Comp(Box::new(comp)), a.span)
                }
                _ => self.expr(a),
            })
            .collect()
    }

    /// Displays that NumPy only reads are of known length: a list there is as good as a tuple.
    fn fixed(&self, module: &str, name: &str, args: &[AExpr]) -> Option<Vec<AExpr>> {
        fn fixed(e: &AExpr) -> AExpr {
            match &e.kind {
                A::List(items) | A::Tuple(items)
                    if (1..=MOST_ITEMS).contains(&items.len())
                        && !items.iter().any(|item| matches!(item.kind, A::Starred(_))) =>
                {
                    AExpr { kind: A::Tuple(items.iter().map(fixed).collect()), ..e.clone() }
                }
                _ => e.clone(),
            }
        }
        let binding = self.env.bindings.get(module);
        let numpy = matches!(binding, Some(Binding::Module(home)) if home == "numpy");
        let (first, rest) = args.split_first()?;
        if !numpy || !matches!(name, "array" | "concatenate" | "hstack" | "vstack") {
            return None;
        }
        Some(std::iter::once(fixed(first)).chain(rest.iter().cloned()).collect())
    }

    /// A builtin class that the name stands for.
    pub(super) fn class_name(&self, e: &AExpr) -> Option<String> {
        match &e.kind {
            A::Name(name) if CLASSES.contains(&name.as_str()) && self.is_builtin(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// Methods of containers that have a form of their own: `extend` with what is lazy, `dict.fromkeys`.
    fn container_call(
        &mut self,
        base: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        if !keywords.is_empty() {
            if name == "update" && args.is_empty() {
                let base = self.boxed(base);
                let args = vec![self.keyword_dict(keywords, base.span)];
                return Some(ExprKind::Method { base, name: "update".into(), args, keywords: vec![] });
            }
            if name != "from_bytes" {
                return None;
            }
        }
        match (name, args) {
            ("from_bytes", [bytes, AExpr { kind: A::Constant(Constant::Str(order)), .. }])
                if matches!(&base.kind, A::Name(n) if n == "int" && self.is_builtin(n))
                    && keywords.is_empty()
                    && matches!(order.as_str(), "big" | "little") =>
            {
                // `int(…)` of the int, so that `int` is guarded.
                let (base, span) = (self.boxed(bytes), bytes.span);
                let name = format!("to int {order}");
                let number = self.make(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span);
                Some(ExprKind::Call { name: "int".into(), args: vec![number], keywords: vec![] })
            }
            ("from_bytes", [bytes, rest @ ..]) if matches!(&base.kind, A::Name(n) if n == "int" && self.is_builtin(n)) =>
            {
                let span = bytes.span;
                let (base, args) = (self.boxed(bytes), self.exprs(rest));
                let keywords = self.keywords(keywords, false);
                let kind = ExprKind::Method { base, name: "to int".into(), args, keywords };
                let number = self.make(kind, span);
                Some(ExprKind::Call { name: "int".into(), args: vec![number], keywords: vec![] })
            }
            ("to_bytes", [length, AExpr { kind: A::Constant(Constant::Str(order)), .. }])
                if matches!(order.as_str(), "big" | "little") =>
            {
                let (base, args) = (self.boxed(base), vec![self.expr(length)]);
                let name = format!("to_bytes {order}");
                Some(ExprKind::Method { base, name, args, keywords: vec![] })
            }
            ("extend", [AExpr { kind: A::Generator { element, generators }, .. }]) => {
                let list = self.expr(base);
                Some(self.comp(CompKind::Extend, generators, element, None, Some(list)))
            }
            ("extend", [arg @ AExpr { kind: A::Call { .. }, .. }]) if self.is_lazy(arg) => {
                let list = self.expr(base);
                let comp = self.comp_over(CompKind::Extend, arg);
                Some(ExprKind::Comp(Box::new(Comp { extra: Some(list), ..comp })))
            }
            ("update", [arg @ AExpr { kind: A::Generator { .. } | A::Call { .. }, .. }])
                if matches!(arg.kind, A::Generator { .. }) || self.is_lazy(arg) =>
            {
                Some(self.update_with(base, arg))
            }
            ("fromkeys", [keys, rest @ ..])
                if matches!(&base.kind, A::Name(n) if n == "dict" && self.is_builtin(n))
                    && rest.len() < 2 =>
            {
                Some(self.dict_from_keys(keys, rest.first(), base.span))
            }
            ("fromkeys", [keys, rest @ ..]) if rest.len() < 2 => {
                self.ordered_from_keys(base, keys, rest.first())
            }
            _ => None,
        }
    }

    /// A call of a builtin that gives an iterator, or a view of a dict.
    pub(super) fn is_lazy(&self, e: &AExpr) -> bool {
        let A::Call { func, args, .. } = &e.kind else { return false };
        if self.is_tool(func) {
            return true;
        }
        match &func.kind {
            A::Name(name) => {
                matches!(name.as_str(), "map" | "filter" | "zip" | "enumerate" | "reversed" | "range")
                    && self.is_builtin(name)
            }
            A::Attribute { name, .. } => {
                matches!(name.as_str(), "keys" | "values" | "items") && args.is_empty()
            }
            _ => false,
        }
    }

    /// `applied`: the compiler calls `key` for each item itself.
    pub(super) fn keywords(&mut self, keywords: &[ast::Keyword], applied: bool) -> Vec<(String, Expr)> {
        keywords
            .iter()
            .map(|k| {
                let value = match k.name.as_deref() {
                    Some("key") if applied => self.key_function(&k.value),
                    _ => self.expr(&k.value),
                };
                (k.name.clone().unwrap_or_default(), value)
            })
            .collect()
    }

    /// `key=len`, `key=str.lower`, `key=counts.get`: the lambda that they stand for.
    pub(super) fn key_function(&mut self, e: &AExpr) -> Expr {
        let span = e.span;
        let global = |this: &Self, name: &str| this.lookup(name).is_none();
        let (name, base) = match &e.kind {
            A::Name(name) if global(self, name) => (name.clone(), None),
            A::Name(name) => {
                let var = self.temp();
                let item = self.make(ExprKind::Local(var), span);
                let kind = self.call_local_with(e, name, vec![item], span);
                let body = Box::new(self.make(kind, span));
                return self.make(ExprKind::Lambda { params: vec![var], body }, span);
            }
            A::Call { func, args, keywords } if keywords.is_empty() => {
                return match self.getter_as_key(func, args, span) {
                    Some(lambda) => lambda,
                    None => self.lambda_or_expr(e),
                };
            }
            A::Attribute { value, name } if self.module_of(value).is_some() => {
                if let Some((vars, body)) = self.applied_operator(e, 1, span) {
                    let body = Box::new(body);
                    return self.make(ExprKind::Lambda { params: vars, body }, span);
                }
                let (module, var) = (self.module_of(value).unwrap_or_default(), self.temp());
                let args = vec![self.make(ExprKind::Local(var), span)];
                let kind = ExprKind::ModuleCall { module, name: name.clone(), args, keywords: vec![] };
                let body = Box::new(self.make(kind, span));
                return self.make(ExprKind::Lambda { params: vec![var], body }, span);
            }
            A::Attribute { value, name } if self.module_of(value).is_none() => (name.clone(), Some(value)),
            _ => return self.lambda_or_expr(e),
        };
        let var = self.temp();
        let item = self.make(ExprKind::Local(var), span);
        let kind = match base.map(|b| &b.kind) {
            // Builtins have forms of their own: as if they were called here.
            None if self.is_builtin(&name) => {
                // No name of Python's, so that it hides none.
                let hidden = "the item".to_string();
                self.scopes.push(Scope { id: None, vars: [(hidden.clone(), var)].into() });
                let func = AExpr { kind: A::Name(name), span };
                let kind = self.call(&func, &[AExpr { kind: A::Name(hidden), span }], &[], span);
                self.scopes.pop();
                kind
            }
            None => match self.applied_operator(e, 1, span) {
                Some((vars, body)) => {
                    let body = Box::new(body);
                    return self.make(ExprKind::Lambda { params: vars, body }, span);
                }
                None => ExprKind::Call { name, args: vec![item], keywords: vec![] },
            },
            Some(A::Name(class)) if CLASSES.contains(&class.as_str()) && self.is_builtin(class) => {
                self.assumes.insert(class.clone());
                let name = format!("{class}.{name}");
                ExprKind::Method { base: Box::new(item), name, args: vec![], keywords: vec![] }
            }
            Some(A::Name(object)) if self.lookup(object).is_some() && name == "__getitem__" => {
                let base = self.boxed(base.expect("matched above"));
                ExprKind::Index { base, index: Box::new(item) }
            }
            Some(A::Name(object)) if self.lookup(object).is_some() => {
                let base = self.boxed(base.expect("matched above"));
                ExprKind::Method { base, name, args: vec![item], keywords: vec![] }
            }
            _ => return self.lambda_or_expr(e),
        };
        let body = Box::new(self.make(kind, span));
        self.make(ExprKind::Lambda { params: vec![var], body }, span)
    }

    pub(super) fn lambda_or_expr(&mut self, e: &AExpr) -> Expr {
        let A::Lambda { params, body } = &e.kind else { return self.expr(e) };
        let simple = params.positional.len() == params.in_frame_order().count()
            && params.positional.iter().all(|p| p.default.is_none());
        if !simple {
            let kind = self.no_as(
                "PYR0323",
                e.span,
                "a lambda with defaults or `*` parameters",
                "write a plain `lambda`",
            );
            return self.make(kind, e.span);
        }
        let vars: Vec<_> = params.positional.iter().map(|p| self.new_var(&p.name)).collect();
        let id = self.symbols.scope_at(Kind::Lambda, e.span);
        let names = params.positional.iter().map(|p| p.name.clone());
        self.scopes.push(Scope { id, vars: names.zip(vars.iter().copied()).collect() });
        self.refuse_cells(e.span);
        let body = self.boxed(body);
        self.scopes.pop();
        self.make(ExprKind::Lambda { params: vars, body }, e.span)
    }

    /// `sum(ITEMS, f())`: a global that functions assign is read in front of the operands that may do so.
    fn consumer_of_global(
        &mut self,
        name: &str,
        (items, rest): (&AExpr, &[AExpr]),
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        const HIDDEN: &str = "the items";
        let mut items = items.clone();
        let read = match &mut items.kind {
            A::Generator { generators, .. } => &mut generators.first_mut()?.iter,
            _ => &mut items,
        };
        let is_read = matches!(&read.kind, A::Name(name)
            if self.lookup(name).is_none() && self.env.assigned.contains(name));
        let settled = |e: &AExpr| matches!(e.kind, A::Name(_) | A::Constant(_) | A::Lambda { .. });
        if !is_read || rest.iter().chain(keywords.iter().map(|k| &k.value)).all(settled) {
            return None;
        }
        let (var, value) = (self.temp(), self.boxed(read));
        let first = self.make(ExprKind::Named { var, value }, span);
        read.kind = A::Name(HIDDEN.to_string());
        let args: Vec<AExpr> = std::iter::once(items).chain(rest.iter().cloned()).collect();
        self.scopes.push(Scope { id: None, vars: [(HIDDEN.to_string(), var)].into() });
        let kind = self.consumer(name, &args, keywords, span);
        self.scopes.pop();
        let call = self.make(kind?, span);
        Some(self.last_of(vec![first, call], span).kind)
    }

    /// Builtins that consume an iterable on the spot: `sum any all min max list tuple sorted dict`.
    pub(super) fn consumer(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        if let [items, rest @ ..] = args
            && let Some(kind) = self.consumer_of_global(name, (items, rest), keywords, span)
        {
            return Some(kind);
        }
        let kind = match (name, args.len()) {
            ("sum", 1)
                if let [k] = keywords
                    && k.name.as_deref() == Some("start") =>
            {
                return self.consumer(name, &[args[0].clone(), k.value.clone()], &[], span);
            }
            ("sum", 2) if matches!(&args[1].kind, A::List(items) if items.is_empty()) => CompKind::Concat,
            ("sum", 2)
                if keywords.is_empty()
                    && let Some(kind) = self.sum_of_instances(&args[0], &args[1], span) =>
            {
                self.assumes.insert(name.to_string());
                return Some(kind);
            }
            ("sum", 1 | 2) => CompKind::Sum,
            ("any", 1) => CompKind::Any,
            ("all", 1) => CompKind::All,
            ("min", 1) => CompKind::Min,
            ("max", 1) => CompKind::Max,
            ("min" | "max", 2..) if !keywords.is_empty() => {
                let all = AExpr { kind: A::Tuple(args.to_vec()), span };
                return self.consumer(name, &[all], keywords, span);
            }
            ("list", 1) | ("sorted", 1) => CompKind::List,
            ("tuple", 1) => CompKind::Tuple,
            ("set" | "frozenset", 1) if keywords.is_empty() => return Some(self.set_of(name, &args[0])),
            ("next", 1 | 2) if matches!(args[0].kind, A::Generator { .. }) => CompKind::First,
            ("next", 1 | 2) if keywords.is_empty() => {
                let iter = self.boxed(&args[0]);
                return Some(ExprKind::Next { iter, default: self.opt(args.get(1)) });
            }
            ("iter", 1) if keywords.is_empty() => {
                return Some(self.iterator(&args[0], true));
            }
            ("dict", 1) if keywords.is_empty() => {
                self.assumes.insert(name.to_string());
                return Some(self.dict_of(&args[0], span));
            }
            ("format", 1 | 2) if keywords.is_empty() => {
                let spec = match args.get(1).map(|e| &e.kind) {
                    None => vec![],
                    Some(A::Constant(Constant::Str(spec))) => vec![FPart::Literal(spec.clone())],
                    Some(_) => vec![],
                };
                let value = self.expr(&args[0]);
                let spec = match args.get(1) {
                    Some(given) if spec.is_empty() && !matches!(given.kind, A::Constant(_)) => {
                        // Added to a text, so that it is one.
                        let (left, right) =
                            (self.boxed(given), self.make(ExprKind::Str(String::new()), span));
                        let kind = ExprKind::Binary { op: hir::BinOp::Add, left, right: Box::new(right) };
                        vec![FPart::Value { value: self.make(kind, span), conversion: None, spec: vec![] }]
                    }
                    _ => spec,
                };
                let text = ExprKind::FString(vec![FPart::Value { value, conversion: None, spec }]);
                let args = vec![self.make(text, span)];
                return Some(ExprKind::Call { name: "format".into(), args, keywords: vec![] });
            }
            ("bytes" | "bytearray", 1)
                if keywords.is_empty()
                    && (self.is_lazy(&args[0]) || matches!(args[0].kind, A::Generator { .. }))
                    && !is_range(&args[0]) =>
            {
                let mut item = match &args[0].kind {
                    A::Generator { element, generators } => {
                        self.comp(CompKind::List, generators, element, None, None)
                    }
                    _ => ExprKind::Comp(Box::new(self.comp_over(CompKind::List, &args[0]))),
                };
                // Each number is looked at before the next one is computed.
                if let ExprKind::Comp(comp) = &mut item {
                    let class = if name == "bytes" { "bytes" } else { "bytearray" };
                    comp.builtin = comp.builtin.or(Some(class));
                }
                let args = vec![self.make(item, span)];
                return Some(ExprKind::Call { name: name.into(), args, keywords: vec![] });
            }
            ("ascii", 1) if keywords.is_empty() => {
                let value = self.expr(&args[0]);
                let part = FPart::Value { value, conversion: Some('a'), spec: vec![] };
                let args = vec![self.make(ExprKind::FString(vec![part]), span)];
                return Some(ExprKind::Call { name: "ascii".into(), args, keywords: vec![] });
            }
            ("tuple", 0) if keywords.is_empty() => {
                self.assumes.insert(name.to_string());
                return Some(ExprKind::Tuple(vec![]));
            }
            ("dict", 0) if !keywords.is_empty() => {
                let args = vec![self.keyword_dict(keywords, span)];
                return Some(ExprKind::Call { name: "dict".into(), args, keywords: vec![] });
            }
            ("len", 1) => {
                let A::Call { func, args: none, keywords: no } = &args[0].kind else { return None };
                let A::Attribute { value, name: view } = &func.kind else { return None };
                if !matches!(view.as_str(), "keys" | "values" | "items") || !none.is_empty() || !no.is_empty()
                {
                    return None;
                }
                let args = vec![self.expr_of_dict(value)];
                return Some(ExprKind::Call { name: "len".into(), args, keywords: vec![] });
            }
            _ => return None,
        };
        if name == "list" {
            self.assumes.insert(name.to_string());
        }
        let allowed: &[&str] = match name {
            "sum" => &["start"],
            "min" | "max" => &["default", "key"],
            "sorted" => &["key", "reverse"],
            _ => &[],
        };
        if let Some(k) = keywords.iter().find(|k| !allowed.contains(&k.name.as_deref().unwrap_or_default())) {
            let what = format!("the argument `{}` of `{name}`", k.name.as_deref().unwrap_or_default());
            return Some(self.no(k.value.span, &what, ""));
        }
        let comp = match &args[0].kind {
            A::Generator { element, generators } => {
                let (gens, element) = self.generators(generators, element, None);
                Comp::new(kind, gens, element.0)
            }
            _ => self.comp_over(kind, &args[0]),
        };
        if name == "sorted" {
            let reverse = keywords.iter().find(|k| k.name.as_deref() == Some("reverse")).map(|k| &k.value);
            let fresh = matches!(args[0].kind, A::List(_) | A::Tuple(_) | A::ListComp { .. } | A::Set(_));
            if let Some(reverse) = reverse.filter(|reverse| !fresh && !is_quiet(reverse)) {
                // It is evaluated before anything is gone through.
                let help = "put it into a variable before the call";
                return Some(self.no(reverse.span, "a `reverse` that is computed here", help));
            }
            let list = self.make(ExprKind::Comp(Box::new(comp)), span);
            let keywords = self.sorting(keywords);
            return Some(ExprKind::Call { name: "sorted".into(), args: vec![list], keywords });
        }
        let keyword =
            |name: &str| keywords.iter().find(|k| k.name.as_deref() == Some(name)).map(|k| &k.value);
        let second = args.get(1).filter(|_| kind != CompKind::Concat);
        let extra = keyword("start").or(keyword("default")).or(second).map(|e| self.expr(e));
        let key = keyword("key").map(|k| self.key_function(k));
        let mut comp = Comp { extra, key, ..comp };
        self.iterable_first(&mut comp, span);
        Some(ExprKind::Comp(Box::new(comp)))
    }

    /// `{"a": 1}` for `a=1`.
    pub(super) fn keyword_dict(&mut self, keywords: &[ast::Keyword], span: Span) -> Expr {
        let mut items = Vec::new();
        for k in keywords {
            let key = ExprKind::Str(k.name.clone().unwrap_or_default());
            items.push((Some(self.make(key, span)), self.expr(&k.value)));
        }
        self.make(ExprKind::Dict(items), span)
    }

    /// What `.keys()` is called of: a comprehension's iterable checks that it is a dict.
    pub(super) fn expr_of_dict(&mut self, e: &AExpr) -> Expr {
        let base = self.boxed(e);
        // Spelled so that no method of Python's can have the name.
        let kind = ExprKind::Method { base, name: "keys in".into(), args: vec![], keywords: vec![] };
        self.make(kind, e.span)
    }
}

/// Does it run nothing, where no operand is an instance?
fn is_quiet(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(_) | A::Name(_) => true,
        A::Attribute { value, .. } | A::UnaryOp { operand: value, .. } => is_quiet(value),
        A::BinOp { left, right, .. } => is_quiet(left) && is_quiet(right),
        A::BoolOp { values, .. } => values.iter().all(is_quiet),
        A::Compare { left, comparators, .. } => is_quiet(left) && comparators.iter().all(is_quiet),
        _ => false,
    }
}

/// Does it run nothing?
fn is_written(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(_) | A::Name(_) => true,
        A::Lambda { params, .. } => params.in_frame_order().all(|param| param.default.is_none()),
        _ => false,
    }
}

/// `"…".format` of a literal.
fn is_format(e: &AExpr) -> bool {
    matches!(&e.kind, A::Attribute { value, name }
        if name == "format" && matches!(value.kind, A::Constant(Constant::Str(_))))
}
