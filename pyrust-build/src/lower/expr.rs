//! Expressions and iterables → HIR.

use super::symbols::Kind;
use super::{Lower, Scope, text};
use crate::ast::{self, BinOp, BoolOp, CmpOp, Constant, Expr as AExpr, ExprKind as A, UnaryOp, Why};
use crate::hir::{self, Comp, CompKind, Expr, ExprKind, FPart, Iter, IterKind, Part};
use crate::number::Number;
use crate::ops::{builtins, exceptions, percent};
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::MAX_TUPLE;

impl Lower<'_> {
    pub(super) fn expr(&mut self, e: &AExpr) -> Expr {
        let kind = match self.unaliased(e) {
            Some(plain) => self.expr_kind(&plain),
            None => self.expr_kind(e),
        };
        let id = self.node();
        if self.generators > 0
            && matches!(
                kind,
                ExprKind::Call { .. }
                    | ExprKind::CallNested { .. }
                    | ExprKind::Next { .. }
                    | ExprKind::Comp(_)
            )
        {
            self.in_generator.insert(id);
        }
        Expr { kind, span: e.span, id }
    }

    pub(super) fn opt(&mut self, e: Option<&AExpr>) -> Option<Box<Expr>> {
        e.map(|e| Box::new(self.expr(e)))
    }

    pub(super) fn boxed(&mut self, e: &AExpr) -> Box<Expr> {
        Box::new(self.expr(e))
    }

    pub(super) fn exprs(&mut self, list: &[AExpr]) -> Vec<Expr> {
        list.iter().map(|e| self.expr(e)).collect()
    }

    pub(super) fn make(&mut self, kind: ExprKind, span: Span) -> Expr {
        Expr { kind, span, id: self.node() }
    }

    /// An expression that is not compiled: whoever evaluates it bails.
    pub(super) fn no(&mut self, span: Span, what: &str, help: &str) -> ExprKind {
        let d = self.finding("PYR0302", span, format!("{what} is not supported"), help);
        if !self.notes.contains(&d) {
            self.notes.push(d);
        }
        ExprKind::Bail
    }

    /// Refuses an expression of a kind that has a code of its own.
    pub(super) fn no_as(&mut self, code: &'static str, span: Span, what: &str, help: &str) -> ExprKind {
        self.refuse(code, span, format!("{what} is not supported"), help);
        ExprKind::None
    }

    /// True if the name is neither a local nor bound by the module, so that only `builtins` can provide it.
    pub(super) fn is_builtin(&self, name: &str) -> bool {
        self.lookup(name).is_none()
            && !self.globals.iter().any(|g| g == name)
            && !self.env.bindings.contains_key(name)
            && (builtins::is_builtin(name) || exceptions::is_exception(name))
    }

    /// A builtin under another name of the module (`_range = range`), or a call of it, under its own name.
    pub(super) fn unaliased(&mut self, e: &AExpr) -> Option<AExpr> {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => {
                let Binding::Imported { module, name: attr } = self.env.bindings.get(name)? else {
                    return None;
                };
                if module != "builtins" || !self.is_builtin(attr) {
                    return None;
                }
                let (global, module, attr) = (name.clone(), module.clone(), attr.clone());
                self.libraries.insert(hir::Library { global, module, attr: attr.clone(), imported: true });
                Some(AExpr { kind: A::Name(attr), span: e.span })
            }
            A::Call { func, args, keywords } if matches!(func.kind, A::Name(_)) => {
                let func = Box::new(self.unaliased(func)?);
                let kind = A::Call { func, args: args.clone(), keywords: keywords.clone() };
                Some(AExpr { kind, span: e.span })
            }
            _ => None,
        }
    }

    fn module_of(&self, e: &AExpr) -> Option<String> {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name) {
                Some(Binding::Module(_)) => Some(name.clone()),
                Some(Binding::Imported { .. }) => None,
                _ => None,
            },
            _ => None,
        }
    }

    /// `sys.float_info`: the module's name and the structure's.
    fn is_structure(&self, e: &AExpr) -> Option<(String, String)> {
        let A::Attribute { value, name } = &e.kind else { return None };
        let module = self.module_of(value)?;
        let known = matches!(self.env.bindings.get(&module), Some(Binding::Module(m)) if m == "sys");
        (known && name == "float_info").then(|| (module, name.clone()))
    }

    /// A global that is imported from somewhere: it may be a module.
    fn imported(&self, e: &AExpr) -> Option<String> {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name) {
                Some(Binding::Imported { .. }) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn expr_kind(&mut self, e: &AExpr) -> ExprKind {
        let span = e.span;
        match &e.kind {
            A::Constant(c) => self.constant(c, span),
            A::Name(name) => match self.lookup(name) {
                Some(_) if self.is_known(name) => {
                    self.no_as("PYR0315", span, "a function as a value", "call it where it is defined")
                }
                Some(var) => ExprKind::Local(var),
                None => ExprKind::Global(name.clone()),
            },
            A::Named { target, value } => {
                let value = self.boxed(value);
                match self.scopes[0].vars.get(target).copied() {
                    Some(var) => ExprKind::Named { var, value },
                    None => self.no_as("PYR0329", span, "`:=` here", "assign in a statement of its own"),
                }
            }
            A::BinOp { left, op: hir::BinOp::Mod, right } if percent_names(left) => {
                match self.percent_by_name(left, right, span) {
                    Some(kind) => kind,
                    None => self.no(span, "this `%` format", "name every value, or none"),
                }
            }
            A::BinOp { left, op, right } => {
                let (left, right) = (self.boxed(left), self.boxed(right));
                match fold(*op, &left, &right) {
                    Some(number) => constant_int(number),
                    None => ExprKind::Binary { op: *op, left, right },
                }
            }
            A::UnaryOp { op: UnaryOp::Neg, operand } => match &operand.kind {
                A::Constant(Constant::Int(digits)) => match Number::parse(digits) {
                    Some(number) => constant_int(number.neg()),
                    None => self.no(span, "this integer literal", ""),
                },
                A::Constant(Constant::Float(bits)) => ExprKind::Float(-f64::from_bits(*bits)),
                _ => ExprKind::Unary { op: UnaryOp::Neg, operand: self.boxed(operand) },
            },
            A::UnaryOp { op, operand } => ExprKind::Unary { op: *op, operand: self.boxed(operand) },
            A::BoolOp { op, values } => self.bool_op(*op, values, span),
            A::Compare { left, ops, comparators } => match self.class_test(left, ops, comparators, span) {
                Some(kind) => kind,
                None => self.compare(left, ops, comparators, span),
            },
            A::If { test, body, orelse } => {
                ExprKind::If { test: self.boxed(test), body: self.boxed(body), orelse: self.boxed(orelse) }
            }
            A::Tuple(items) if items.len() > MAX_TUPLE => self.build(true, items),
            A::Tuple(items) => match items.iter().find(|i| matches!(i.kind, A::Starred(_))) {
                Some(_) => self.build(true, items),
                None => ExprKind::Tuple(self.exprs(items)),
            },
            A::List(items) => match items.iter().find(|i| matches!(i.kind, A::Starred(_))) {
                Some(_) => self.build(false, items),
                None => ExprKind::List(self.exprs(items)),
            },
            A::Dict { items } => {
                let mut out = Vec::new();
                for (key, value) in items {
                    let key = key.as_ref().map(|key| self.expr(key));
                    out.push((key, self.expr(value)));
                }
                ExprKind::Dict(out)
            }
            A::ListComp { element, generators } => self.comp(CompKind::List, generators, element, None, None),
            A::DictComp { key, value, generators } => {
                self.comp(CompKind::Dict, generators, key, Some(value), None)
            }
            A::Generator { .. } => self.no_as(
                "PYR0328",
                span,
                "a generator expression that is not consumed in place",
                "build a list instead",
            ),
            A::Subscript { value, index } => {
                let base = self.boxed(value);
                match &index.kind {
                    A::Slice { lower, upper, step } => ExprKind::Slice {
                        base,
                        lower: self.opt(lower.as_deref()),
                        upper: self.opt(upper.as_deref()),
                        step: self.opt(step.as_deref()),
                    },
                    _ => ExprKind::Index { base, index: self.boxed(index) },
                }
            }
            A::Attribute { value, name } if self.is_structure(value).is_some() => {
                let (module, structure) = self.is_structure(value).unwrap_or_default();
                ExprKind::ModuleAttr { module, name: format!("{structure}.{name}") }
            }
            A::Attribute { value, name } => match self.module_of(value).or_else(|| self.imported(value)) {
                Some(module) => ExprKind::ModuleAttr { module, name: name.clone() },
                None if name == "maxlen" => {
                    // Spelled so that no method of Python's can have the name.
                    let (base, name) = (self.boxed(value), "maxlen of".to_string());
                    ExprKind::Method { base, name, args: vec![], keywords: vec![] }
                }
                None if text::is_plain_attribute(name) => text::attribute(self.boxed(value), name),
                None => self.no_as(
                    "PYR0321",
                    span,
                    &format!("reading the attribute `{name}`"),
                    "hand over the value instead of the object that has it",
                ),
            },
            A::Call { func, args, keywords } => self.call(func, args, keywords, span),
            A::JoinedStr(parts) => self.fstring(parts),
            A::Set(items) => self.set_display(items, span),
            A::SetComp { element, generators } => {
                self.comp(CompKind::Set(false), generators, element, None, None)
            }
            A::Lambda { .. } => self.no_as("PYR0323", span, "a `lambda` here", "call a function by its name"),
            A::Await(_) => {
                self.no_as("PYR0314", span, "`await`", "move what does not wait into a function of its own")
            }
            A::Yield(_) | A::YieldFrom(_) => {
                self.no_as("PYR0313", span, "a generator function", "return a list")
            }
            A::Starred(_) => self.no(span, "`*` here", ""),
            A::Slice { .. } => self.no(span, "a slice here", ""),
            A::Formatted { .. } => self.no(span, "this f-string", ""),
            A::Unrepresentable(source) => match source.why {
                Why::Surrogate => {
                    self.no_as("PYR0332", span, "a literal with a lone surrogate", "make it with `chr()`")
                }
                // The function as a whole is refused.
                _ => ExprKind::None,
            },
        }
    }

    fn constant(&mut self, c: &Constant, span: Span) -> ExprKind {
        match c {
            Constant::None => ExprKind::None,
            Constant::True => ExprKind::Bool(true),
            Constant::False => ExprKind::Bool(false),
            Constant::Int(digits) => match Number::parse(digits) {
                Some(number) => constant_int(number),
                None => self.no(span, "this integer literal", ""),
            },
            Constant::Float(bits) => ExprKind::Float(f64::from_bits(*bits)),
            Constant::Str(s) => ExprKind::Str(s.clone()),
            Constant::Bytes(b) => ExprKind::Bytes(b.clone()),
            Constant::Imaginary(bits) => {
                let base = Box::new(self.make(ExprKind::Float(f64::from_bits(*bits)), span));
                // Spelled so that no method of Python's can have the name.
                ExprKind::Method { base, name: "to imaginary".into(), args: vec![], keywords: vec![] }
            }
            Constant::Ellipsis => self.no(span, "`...`", ""),
        }
    }

    fn bool_op(&mut self, op: BoolOp, values: &[AExpr], span: Span) -> ExprKind {
        let mut parts = self.exprs(values).into_iter().rev();
        let mut out = parts.next().expect("a boolean operation has operands");
        for left in parts {
            out = self.make(ExprKind::Bool2 { op, left: Box::new(left), right: Box::new(out) }, span);
        }
        out.kind
    }

    /// `a < b < c` → `a < (t := b) and t < c`: the middle is evaluated once.
    fn compare(&mut self, left: &AExpr, ops: &[CmpOp], comparators: &[AExpr], span: Span) -> ExprKind {
        let mut left = self.expr(left);
        let mut terms = Vec::new();
        for (i, (op, right)) in ops.iter().zip(comparators).enumerate() {
            let mut right = match (op, &right.kind) {
                (CmpOp::In | CmpOp::NotIn, A::Call { func, args, keywords })
                    if args.is_empty() && keywords.is_empty() =>
                {
                    match &func.kind {
                        A::Attribute { value, name } if name == "keys" => self.expr_of_dict(value),
                        A::Attribute { name, .. } if name == "values" => {
                            let comp = self.comp_over(CompKind::List, right);
                            self.make(ExprKind::Comp(Box::new(comp)), right.span)
                        }
                        _ => self.expr(right),
                    }
                }
                (CmpOp::In | CmpOp::NotIn, A::Set(items)) => self.set_read(items, right.span),
                _ => self.expr(right),
            };
            if let (CmpOp::In | CmpOp::NotIn, ExprKind::List(items)) = (op, &mut right.kind) {
                right.kind = ExprKind::Tuple(std::mem::take(items));
            }
            let mut next = None;
            if i + 1 < ops.len() {
                let kind = match &right.kind {
                    ExprKind::Int(i) => ExprKind::Int(*i),
                    ExprKind::Float(f) => ExprKind::Float(*f),
                    _ => {
                        let var = self.temp();
                        right = Expr {
                            span: right.span,
                            id: self.node(),
                            kind: ExprKind::Named { var, value: Box::new(right) },
                        };
                        ExprKind::Local(var)
                    }
                };
                next = Some(self.make(kind, right.span));
            }
            let kind = ExprKind::Compare { op: *op, left: Box::new(left), right: Box::new(right) };
            terms.push(self.make(kind, span));
            match next {
                Some(e) => left = e,
                None => break,
            }
        }
        let mut terms = terms.into_iter().rev();
        let mut out = terms.next().expect("a comparison has an operator");
        for term in terms {
            let kind = ExprKind::Bool2 { op: BoolOp::And, left: Box::new(term), right: Box::new(out) };
            out = self.make(kind, span);
        }
        out.kind
    }

    /// `{"a": 1}` for `a=1`.
    fn keyword_dict(&mut self, keywords: &[ast::Keyword], span: Span) -> Expr {
        let mut items = Vec::new();
        for k in keywords {
            let key = ExprKind::Str(k.name.clone().unwrap_or_default());
            items.push((Some(self.make(key, span)), self.expr(&k.value)));
        }
        self.make(ExprKind::Dict(items), span)
    }

    /// What `.keys()` is called of: a comprehension's iterable checks that it is a dict.
    fn expr_of_dict(&mut self, e: &AExpr) -> Expr {
        let base = self.boxed(e);
        // Spelled so that no method of Python's can have the name.
        let kind = ExprKind::Method { base, name: "keys in".into(), args: vec![], keywords: vec![] };
        self.make(kind, e.span)
    }

    pub(super) fn call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> ExprKind {
        if let Some(star) = args.iter().find(|a| matches!(a.kind, A::Starred(_))) {
            let zip = matches!(&func.kind, A::Name(name) if name == "zip" && self.is_builtin(name))
                && args.len() == 1
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
            if !(zip || is_format(func)) {
                if let Some(kind) = self.star_call(func, args, keywords, span) {
                    return kind;
                }
                return self.no_as("PYR0324", star.span, "`*` in a call", "write the arguments out");
            }
        }
        if let Some(star) = keywords.iter().find(|k| k.name.is_none())
            && !is_format(func)
        {
            return self.no_as("PYR0324", star.value.span, "`**` in a call", "write the arguments out");
        }
        if let Some(kind) = self.tool(func, args, keywords, span) {
            let iter = Iter { kind, span, id: self.node() };
            return self.iterator(iter, false);
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
                let args = args.iter().map(|a| self.lambda_or_expr(a)).collect();
                ExprKind::Method { base, name: method, args, keywords: self.keywords(keywords) }
            }
            A::Name(name) if self.lookup(name).is_some() => self.call_local(func, name, args, keywords, span),
            A::Lambda { params, body } => self.call_lambda(func, params, body, args, keywords),
            A::Name(name) => {
                if self.is_builtin(name) {
                    if let Some(kind) = self.consumer(name, args, keywords, span) {
                        return kind;
                    }
                    if matches!(name.as_str(), "zip" | "enumerate" | "reversed")
                        && let Some(kind) = self.lazy(name, args, keywords, span)
                    {
                        let iter = Iter { kind, span, id: self.node() };
                        return self.iterator(iter, false);
                    }
                }
                let args = self.exprs(args);
                ExprKind::Call { name: name.clone(), args, keywords: self.keywords(keywords) }
            }
            A::Attribute { value, name } => {
                if let Some(module) = self.module_of(value) {
                    // A function of a C module takes its iterable whole before it does anything.
                    let args = args
                        .iter()
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
                        .collect();
                    let keywords = self.keywords(keywords);
                    return ExprKind::ModuleCall { module, name: name.clone(), args, keywords };
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
                    let args = rest.iter().map(|a| self.lambda_or_expr(a)).collect();
                    let name = format!("{class}.{name}");
                    return ExprKind::Method { base, name, args, keywords: self.keywords(keywords) };
                }
                let base = self.boxed(value);
                let args = args.iter().map(|a| self.lambda_or_expr(a)).collect();
                ExprKind::Method { base, name: name.clone(), args, keywords: self.keywords(keywords) }
            }
            _ => self.no_as(
                "PYR0325",
                func.span,
                "calling this expression",
                "call a function of the module by its name",
            ),
        }
    }

    /// A builtin class that the name stands for.
    fn class_name(&self, e: &AExpr) -> Option<String> {
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
                let kind =
                    ExprKind::Method { base, name: "to int".into(), args, keywords: self.keywords(keywords) };
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
                let comp = self.comp_over(CompKind::Dict, keys);
                let value = match rest {
                    [value] => self.expr(value),
                    _ => self.make(ExprKind::None, base.span),
                };
                Some(ExprKind::Comp(Box::new(Comp { extra: Some(value), builtin: Some("dict"), ..comp })))
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

    pub(super) fn keywords(&mut self, keywords: &[ast::Keyword]) -> Vec<(String, Expr)> {
        keywords
            .iter()
            .map(|k| {
                let value = match k.name.as_deref() {
                    Some("key") => self.key_function(&k.value),
                    _ => self.lambda_or_expr(&k.value),
                };
                (k.name.clone().unwrap_or_default(), value)
            })
            .collect()
    }

    /// `key=len`, `key=str.lower`, `key=counts.get`: the lambda that they stand for.
    fn key_function(&mut self, e: &AExpr) -> Expr {
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
                return match self.item_getter(func, args, span) {
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

    fn lambda_or_expr(&mut self, e: &AExpr) -> Expr {
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

    /// Builtins that consume an iterable on the spot: `sum any all min max list tuple sorted dict`.
    pub(super) fn consumer(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let kind = match (name, args.len()) {
            ("sum", 2) if matches!(&args[1].kind, A::List(items) if items.is_empty()) => CompKind::Concat,
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
                let iter = self.iter(&args[0]);
                return Some(self.iterator(iter, true));
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
                let item = match &args[0].kind {
                    A::Generator { element, generators } => {
                        self.comp(CompKind::List, generators, element, None, None)
                    }
                    _ => ExprKind::Comp(Box::new(self.comp_over(CompKind::List, &args[0]))),
                };
                let args = vec![self.make(item, span)];
                return Some(ExprKind::Call { name: name.into(), args, keywords: vec![] });
            }
            ("ascii", 1) if keywords.is_empty() => {
                let value = self.expr(&args[0]);
                let part = FPart::Value { value, conversion: Some('a'), spec: vec![] };
                let args = vec![self.make(ExprKind::FString(vec![part]), span)];
                return Some(ExprKind::Call { name: "ascii".into(), args, keywords: vec![] });
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
            let list = self.make(ExprKind::Comp(Box::new(comp)), span);
            let keywords = self.keywords(keywords);
            return Some(ExprKind::Call { name: "sorted".into(), args: vec![list], keywords });
        }
        let keyword =
            |name: &str| keywords.iter().find(|k| k.name.as_deref() == Some(name)).map(|k| &k.value);
        let second = args.get(1).filter(|_| kind != CompKind::Concat);
        let extra = keyword("start").or(keyword("default")).or(second).map(|e| self.expr(e));
        let key = keyword("key").map(|k| self.key_function(k));
        Some(ExprKind::Comp(Box::new(Comp { extra, key, ..comp })))
    }

    /// What is unpacked into several targets: a generator expression or `map` is run for as many elements as that
    /// takes.
    pub(super) fn unpacked(&mut self, targets: &[AExpr], value: &AExpr) -> Expr {
        let lazy = match &value.kind {
            A::Generator { .. } => true,
            A::Call { func, .. } => {
                matches!(&func.kind, A::Name(n) if matches!(n.as_str(), "map" | "filter") && self.is_builtin(n))
            }
            _ => false,
        };
        if !lazy {
            return self.expr(value);
        }
        let kind = match targets.iter().any(|t| matches!(t.kind, A::Starred(_))) {
            true => CompKind::List,
            false => CompKind::Take(targets.len() + 1),
        };
        let comp = match &value.kind {
            A::Generator { element, generators } => {
                let (generators, (element, _)) = self.generators(generators, element, None);
                Comp::new(kind, generators, element)
            }
            _ => self.comp_over(kind, value),
        };
        self.make(ExprKind::Comp(Box::new(comp)), value.span)
    }

    /// `[a, *b]`, `(*a, b)`
    fn build(&mut self, tuple: bool, items: &[AExpr]) -> ExprKind {
        let mut parts = Vec::new();
        for item in items {
            parts.push(match &item.kind {
                A::Starred(inner) => Part::Star(self.iter_of_list(inner)),
                _ => Part::Item(self.expr(item)),
            });
        }
        ExprKind::Build { tuple, parts }
    }

    /// A value that is gone through as a whole before anything else happens.
    pub(super) fn whole(&mut self, e: &AExpr) -> Expr {
        match &e.kind {
            A::Generator { .. } => {
                let iter = self.iter_of_list(e);
                match iter.kind {
                    IterKind::Expr(list) => *list,
                    _ => unreachable!("a generator expression became a list"),
                }
            }
            _ => self.expr(e),
        }
    }

    /// What is gone through as a whole: generator expressions and `map` become lists.
    pub(super) fn iter_of_list(&mut self, e: &AExpr) -> Iter {
        let iter = self.iter(e);
        match iter.kind {
            IterKind::Comp(comp) => {
                let list = self.make(ExprKind::Comp(comp), e.span);
                Iter { kind: IterKind::Expr(Box::new(list)), ..iter }
            }
            _ => iter,
        }
    }

    /// An iterator that outlives the expression.
    fn iterator(&mut self, iter: Iter, explicit: bool) -> ExprKind {
        if iter.has_comp() || iter.calls_function() {
            return self.no_as(
                "PYR0328",
                iter.span,
                "a generator that is not consumed in place",
                "build a list instead",
            );
        }
        ExprKind::Iter { iter: Box::new(iter), explicit }
    }

    /// `for tmp in iterable: tmp`.
    pub(super) fn comp_over(&mut self, kind: CompKind, iterable: &AExpr) -> Comp {
        let iter = self.iter(iterable);
        let var = self.temp();
        let span = iterable.span;
        let target = hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() };
        let element = self.make(ExprKind::Local(var), span);
        let generators = vec![hir::Generator { target, iter, ifs: vec![] }];
        Comp::new(kind, generators, element)
    }

    fn dict_of(&mut self, arg: &AExpr, span: Span) -> ExprKind {
        let iter = match &arg.kind {
            A::Generator { .. } => self.iter(arg),
            A::Call { .. } => self.iter(arg),
            _ => {
                let arg = self.expr(arg);
                return ExprKind::Call { name: "dict".into(), args: vec![arg], keywords: vec![] };
            }
        };
        let (k, v) = (self.temp(), self.temp());
        let items = [k, v].map(|var| hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() });
        let target = hir::Target { kind: hir::TargetKind::Tuple(items.to_vec()), span, id: self.node() };
        ExprKind::Comp(Box::new(Comp {
            kind: CompKind::Dict,
            generators: vec![hir::Generator { target, iter, ifs: vec![] }],
            element: self.make(ExprKind::Local(k), span),
            value: Some(self.make(ExprKind::Local(v), span)),
            extra: None,
            key: None,
            builtin: None,
        }))
    }

    pub(super) fn comp(
        &mut self,
        kind: CompKind,
        generators: &[ast::Comprehension],
        element: &AExpr,
        value: Option<&AExpr>,
        extra: Option<Expr>,
    ) -> ExprKind {
        let (generators, (element, value)) = self.generators(generators, element, value);
        ExprKind::Comp(Box::new(Comp { kind, generators, element, value, extra, key: None, builtin: None }))
    }

    /// The first iterable is evaluated in the enclosing scope, everything else in the comprehension's own.
    pub(super) fn generators(
        &mut self,
        generators: &[ast::Comprehension],
        element: &AExpr,
        value: Option<&AExpr>,
    ) -> (Vec<hir::Generator>, (Expr, Option<Expr>)) {
        let first = self.iter(&generators[0].iter);
        let id = self.symbols.scope_at(Kind::Comprehension, generators[0].target.span);
        self.scopes.push(Scope { id, vars: Default::default() });
        self.generators += 1;
        for g in generators {
            self.declare_targets(&g.target);
        }
        self.refuse_cells(generators[0].target.span);
        let mut first = Some(first);
        let mut out = Vec::new();
        for g in generators {
            if g.is_async {
                let message = "an asynchronous comprehension is not supported";
                self.refuse("PYR0302", g.iter.span, message, "");
            }
            let iter = match first.take() {
                Some(iter) => iter,
                None => self.iter(&g.iter),
            };
            let target = self.target(&g.target);
            out.push(hir::Generator { target, iter, ifs: self.exprs(&g.ifs) });
        }
        let element = self.expr(element);
        let value = value.map(|v| self.expr(v));
        self.generators -= 1;
        self.scopes.pop();
        (out, (element, value))
    }

    fn declare_targets(&mut self, target: &AExpr) {
        match &target.kind {
            A::Name(name) => {
                let var = self.new_var(name);
                self.scopes.last_mut().expect("a scope is open").vars.insert(name.clone(), var);
            }
            A::Tuple(items) | A::List(items) => items.iter().for_each(|t| self.declare_targets(t)),
            A::Starred(inner) => self.declare_targets(inner),
            _ => {}
        }
    }

    /// What a `for` goes through: the lazy builtins are recognised here and nowhere else.
    pub(super) fn iter(&mut self, e: &AExpr) -> Iter {
        let kind = match self.unaliased(e) {
            Some(plain) => self.iter_kind(&plain),
            None => self.iter_kind(e),
        };
        Iter { kind, span: e.span, id: self.node() }
    }

    fn iter_kind(&mut self, e: &AExpr) -> IterKind {
        match &e.kind {
            A::Set(items) => IterKind::Expr(Box::new(self.set_read(items, e.span))),
            A::Generator { element, generators } => {
                let (generators, (element, value)) = self.generators(generators, element, None);
                IterKind::Comp(Box::new(Comp {
                    kind: CompKind::List,
                    generators,
                    element,
                    value,
                    extra: None,
                    key: None,
                    builtin: None,
                }))
            }
            A::Call { func, args, keywords } if self.is_tool(func) => {
                match self.tool(func, args, keywords, e.span) {
                    Some(kind) => kind,
                    None => IterKind::Expr(self.boxed(e)),
                }
            }
            A::Call { func, args, keywords } => match &func.kind {
                A::Name(name) if self.is_builtin(name) => match self.lazy(name, args, keywords, e.span) {
                    Some(kind) => kind,
                    None => IterKind::Expr(self.boxed(e)),
                },
                A::Attribute { value, name } if args.is_empty() && keywords.is_empty() => match name.as_str()
                {
                    "items" => IterKind::Items(self.boxed(value)),
                    "values" => IterKind::Values(self.boxed(value)),
                    "keys" => IterKind::Keys(self.boxed(value)),
                    _ => IterKind::Expr(self.boxed(e)),
                },
                _ => IterKind::Expr(self.boxed(e)),
            },
            _ => IterKind::Expr(self.boxed(e)),
        }
    }

    /// The builtins that give an iterator; `None` for a form that is not understood.
    fn lazy(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<IterKind> {
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        Some(match (name, args, keywords) {
            ("zip", [AExpr { kind: A::Starred(rows), .. }], []) => IterKind::ZipStar(self.boxed(rows)),
            _ if starred => return None,
            ("range", [stop], []) => IterKind::Range { start: None, stop: self.boxed(stop), step: None },
            ("range", [start, stop], []) => {
                let start = Some(self.boxed(start));
                IterKind::Range { start, stop: self.boxed(stop), step: None }
            }
            ("range", [start, stop, step], []) => {
                let start = Some(self.boxed(start));
                let stop = self.boxed(stop);
                IterKind::Range { start, stop, step: Some(self.boxed(step)) }
            }
            ("enumerate", [inner], []) => {
                IterKind::Enumerate { inner: Box::new(self.iter(inner)), start: None }
            }
            ("enumerate", [inner, start], []) => {
                let inner = Box::new(self.iter(inner));
                IterKind::Enumerate { inner, start: Some(self.boxed(start)) }
            }
            ("enumerate", [inner], [k]) if k.name.as_deref() == Some("start") => {
                let inner = Box::new(self.iter(inner));
                IterKind::Enumerate { inner, start: Some(self.boxed(&k.value)) }
            }
            ("zip", inner, []) if !inner.is_empty() => {
                IterKind::Zip(inner.iter().map(|i| self.iter(i)).collect())
            }
            ("reversed", [inner], []) => IterKind::Reversed(self.boxed(inner)),
            ("map", [function, iterables @ ..], []) if !iterables.is_empty() => {
                IterKind::Comp(Box::new(self.mapped(function, iterables, span)?))
            }
            ("filter", [function, iterable], []) => {
                IterKind::Comp(Box::new(self.filtered(function, iterable)?))
            }
            _ => return None,
        })
    }

    /// `map(f, a, b)`: `f(x, y) for x, y in zip(a, b)`.
    fn mapped(&mut self, function: &AExpr, iterables: &[AExpr], span: Span) -> Option<Comp> {
        let mut iters: Vec<Iter> = iterables.iter().map(|i| self.iter(i)).collect();
        let (vars, element) = self.applied(function, iterables.len(), span)?;
        let mut targets: Vec<hir::Target> = Vec::new();
        for var in vars {
            targets.push(hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() });
        }
        let (target, iter) = match iters.len() {
            1 => (targets.remove(0), iters.remove(0)),
            _ => {
                let target = hir::Target { kind: hir::TargetKind::Tuple(targets), span, id: self.node() };
                (target, Iter { kind: IterKind::Zip(iters), span, id: self.node() })
            }
        };
        let generators = vec![hir::Generator { target, iter, ifs: vec![] }];
        Some(Comp { builtin: Some("map"), ..Comp::new(CompKind::List, generators, element) })
    }

    /// `filter(f, a)`: `x for x in a if f(x)`.
    fn filtered(&mut self, function: &AExpr, iterable: &AExpr) -> Option<Comp> {
        let span = iterable.span;
        let iter = self.iter(iterable);
        let (var, test) = self.predicate(function, span)?;
        let target = hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() };
        let element = self.make(ExprKind::Local(var), span);
        let generators = vec![hir::Generator { target, iter, ifs: vec![test] }];
        Some(Comp { builtin: Some("filter"), ..Comp::new(CompKind::List, generators, element) })
    }

    /// A fresh variable, and what `filter` and its kin ask of it: with `None` its own truth.
    pub(super) fn predicate(&mut self, function: &AExpr, span: Span) -> Option<(hir::VarId, Expr)> {
        if let A::Constant(Constant::None) = &function.kind {
            let var = self.temp();
            return Some((var, self.make(ExprKind::Local(var), span)));
        }
        let (vars, test) = self.applied(function, 1, span)?;
        Some((vars[0], test))
    }

    /// Fresh variables, and the function applied to them; a `StopIteration` inside ends the iteration.
    pub(super) fn applied(
        &mut self,
        function: &AExpr,
        arity: usize,
        span: Span,
    ) -> Option<(Vec<hir::VarId>, Expr)> {
        // A bound method keeps its object, whatever the name means later.
        if let A::Attribute { value, .. } = &function.kind
            && let A::Name(object) = &value.kind
            && let Some(symbol) = self.symbol(object)
            && (self.symbols.is_cell(&symbol) || !self.symbols.is_bound_once(&symbol))
        {
            return None;
        }
        self.generators += 1;
        let applied = match &function.kind {
            _ if arity != 1 && self.library_of(function).is_some() => {
                self.applied_operator(function, arity, span)
            }
            A::Name(name) if self.lookup(name).is_some() && arity != 1 => {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let items = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
                let kind = self.call_local_with(function, name, items, span);
                Some((vars, self.make(kind, span)))
            }
            A::Name(name) if self.lookup(name).is_none() && arity != 1 => {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let args = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
                let call = ExprKind::Call { name: name.clone(), args, keywords: vec![] };
                Some((vars, self.make(call, span)))
            }
            A::Lambda { .. } => match self.lambda_or_expr(function).kind {
                ExprKind::Lambda { params, body } if params.len() == arity => Some((params, *body)),
                _ => None,
            },
            _ if arity == 1 => match self.key_function(function).kind {
                ExprKind::Lambda { params, body } if params.len() == 1 => Some((params, *body)),
                _ => None,
            },
            _ => None,
        };
        self.generators -= 1;
        if let Some((_, body)) = &applied {
            self.in_generator.insert(body.id);
        }
        applied
    }
}

/// `range(…)`
fn is_range(e: &AExpr) -> bool {
    let A::Call { func, .. } = &e.kind else { return false };
    matches!(&func.kind, A::Name(name) if name == "range")
}

/// `"…".format` of a literal.
fn is_format(e: &AExpr) -> bool {
    matches!(&e.kind, A::Attribute { value, name }
        if name == "format" && matches!(value.kind, A::Constant(Constant::Str(_))))
}

/// Is it a format literal that names a value?
fn percent_names(e: &AExpr) -> bool {
    let A::Constant(Constant::Str(text)) = &e.kind else { return false };
    percent::slots(text).is_some_and(|slots| slots.iter().any(|s| s.name.is_some()))
}

/// The classes whose methods can be called through the class.
const CLASSES: &[&str] =
    &["str", "bytes", "bytearray", "int", "float", "complex", "list", "dict", "tuple", "set", "frozenset"];

fn constant_int(number: Number) -> ExprKind {
    match number.to_i64() {
        Some(i) => ExprKind::Int(i),
        None => ExprKind::Big(number),
    }
}

/// Arithmetic on two constants that cannot raise.
fn fold(op: BinOp, left: &Expr, right: &Expr) -> Option<Number> {
    let constant = |e: &Expr| match &e.kind {
        ExprKind::Int(i) => Some(Number::from_i128(i128::from(*i))),
        ExprKind::Big(number) => Some(number.clone()),
        _ => None,
    };
    let (l, r) = (constant(left)?, constant(right)?);
    let words = || Some((l.to_i128()?, r.to_i128()?));
    Some(match op {
        BinOp::Add => l.add(&r),
        BinOp::Sub => l.add(&r.neg()),
        BinOp::Mult => l.mul(&r)?,
        BinOp::Pow => l.pow(u64::try_from(r.to_i64()?).ok()?)?,
        BinOp::LShift => l.mul(&Number::from_i128(2).pow(u64::try_from(r.to_i64()?).ok()?)?)?,
        BinOp::BitAnd => words().map(|(l, r)| Number::from_i128(l & r))?,
        BinOp::BitOr => words().map(|(l, r)| Number::from_i128(l | r))?,
        BinOp::BitXor => words().map(|(l, r)| Number::from_i128(l ^ r))?,
        BinOp::RShift => {
            let (l, r) = words()?;
            Number::from_i128(l >> u32::try_from(r).ok()?.min(127))
        }
        _ => return None,
    })
}
