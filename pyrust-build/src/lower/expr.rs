//! Expressions and iterables → HIR.

use super::classes::ELLIPSIS;
use super::nested::Body;
use super::symbols::Kind;
use super::{Lower, resumed, segments, text};
use crate::ast::{BinOp, BoolOp, CmpOp, Constant, Expr as AExpr, ExprKind as A, UnaryOp, Why};
use crate::hir::{self, CompKind, Expr, ExprKind, Part};
use crate::number::Number;
use crate::numpy::PART;
use crate::ops::{builtins, exceptions, percent};
use crate::resolve::{Binding, receiver};
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
                    | ExprKind::CallValue { .. }
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

    /// `base[i, start:stop]`: arrays have it as a method, whose argument is a tuple, with a tuple of the bounds for each
    /// slice; the place of a `...` is part of the name. All is evaluated in Python's order.
    pub(super) fn part(&mut self, base: Box<Expr>, items: &[AExpr], span: Span) -> ExprKind {
        let mut parts = Vec::new();
        let mut name = PART.to_string();
        for item in items {
            if is_ellipsis(item) && name == PART {
                name = format!("{PART} {}", parts.len());
                continue;
            }
            let A::Slice { lower, upper, step } = &item.kind else {
                parts.push(self.expr(item));
                continue;
            };
            let mut bounds = Vec::new();
            for bound in [lower, upper, step] {
                bounds.push(match bound {
                    Some(bound) => self.expr(bound),
                    None => self.make(ExprKind::None, item.span),
                });
            }
            parts.push(self.make(ExprKind::Tuple(bounds), item.span));
        }
        // All of it: from one end of the first dimension to the other.
        if parts.is_empty() {
            let ends = (0..3).map(|_| self.make(ExprKind::None, span)).collect();
            parts.push(self.make(ExprKind::Tuple(ends), span));
            name = PART.to_string();
        }
        let parts = self.make(ExprKind::Tuple(parts), span);
        ExprKind::Method { base, name, args: vec![parts], keywords: vec![] }
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

    /// `_find(text)` after `_find = re.compile("…").search`: the method, of the object that the global is bound to.
    pub(super) fn method_behind(&self, func: &AExpr) -> Option<AExpr> {
        let A::Name(global) = &func.kind else { return None };
        if self.lookup(global).is_some() || self.globals.iter().any(|g| g == global) {
            return None;
        }
        let (method, _) = self.env.bound_method(global)?;
        let object = AExpr { kind: A::Name(receiver(method, global)), span: func.span };
        Some(AExpr {
            kind: A::Attribute { value: Box::new(object), name: method.to_string() },
            span: func.span,
        })
    }

    pub(super) fn module_of(&self, e: &AExpr) -> Option<String> {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name) {
                Some(Binding::Module(_)) => Some(name.clone()),
                Some(Binding::Imported { .. }) => None,
                _ => None,
            },
            _ => None,
        }
    }

    /// `collections.abc`, a module of abstract classes: the global, and what is read from it.
    fn inner_module(&self, e: &AExpr) -> Option<(String, String)> {
        let A::Attribute { value, name } = &e.kind else { return None };
        let global = self.module_of(value)?;
        let Some(Binding::Module(package)) = self.env.bindings.get(&global) else { return None };
        let known = crate::ops::abstracts::MODULES.contains(&format!("{package}.{name}").as_str());
        known.then(|| (global, name.clone()))
    }

    /// `sys.float_info`: the module's name and the structure's.
    pub(super) fn is_structure(&self, e: &AExpr) -> Option<(String, String)> {
        let A::Attribute { value, name } = &e.kind else { return None };
        let module = self.module_of(value)?;
        let known = matches!(self.env.bindings.get(&module), Some(Binding::Module(m)) if m == "sys");
        (known && matches!(name.as_str(), "float_info" | "version_info")).then(|| (module, name.clone()))
    }

    /// `calendar.monthrange(year, month)[1]`: the global, and the arguments. The other item has a class of its own.
    fn days_of_month<'e>(&self, value: &'e AExpr, index: &AExpr) -> Option<(String, &'e [AExpr])> {
        let A::Call { func, args, keywords } = &value.kind else { return None };
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        if args.len() != 2 || starred || !keywords.is_empty() {
            return None;
        }
        let second = matches!(&index.kind, A::Constant(Constant::Int(digits)) if digits == "1");
        let global = match &func.kind {
            A::Name(name) if self.lookup(name).is_none() => name.clone(),
            A::Attribute { value, name } if name == "monthrange" => self.module_of(value)?,
            _ => return None,
        };
        let known = match self.env.bindings.get(&global)? {
            Binding::Module(module) => module == "calendar" && matches!(func.kind, A::Attribute { .. }),
            Binding::Imported { module, name } => {
                module == "calendar" && name == "monthrange" && matches!(func.kind, A::Name(_))
            }
            _ => false,
        };
        (second && known).then_some((global, args.as_slice()))
    }

    /// `sys.version_info` where only its items count: the tuple of them.
    fn version_info(&mut self, e: &AExpr) -> Option<Expr> {
        let (module, structure) = self.is_structure(e).filter(|(_, name)| name == "version_info")?;
        let items = crate::ops::STRUCTURES.iter().find(|(name, _)| *name == structure)?.1.iter();
        let items = items
            .map(|field| {
                let name = format!("{structure}.{field}");
                self.make(ExprKind::ModuleAttr { module: module.clone(), name }, e.span)
            })
            .collect();
        Some(self.make(ExprKind::Tuple(items), e.span))
    }

    /// What is compared, or looked into.
    fn looked_at(&mut self, e: &AExpr) -> Expr {
        match self.version_info(e) {
            Some(items) => items,
            None => self.expr(e),
        }
    }

    /// A global that is imported from somewhere, and may be a module, or a class.
    pub(super) fn imported(&self, e: &AExpr) -> Option<String> {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name) {
                Some(Binding::Imported { .. } | Binding::Class) => Some(name.clone()),
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
                Some(_) if self.is_known(name) => match self.known_value(name, span) {
                    Some(kind) => kind,
                    None => {
                        self.no_as("PYR0315", span, "a function as a value", "call it where it is defined")
                    }
                },
                Some(var) => ExprKind::Local(var),
                None => {
                    self.refuse_private(name, span);
                    ExprKind::Global(name.clone())
                }
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
            A::BinOp { left, op: hir::BinOp::Mod, right }
                if let Some(kind) = self.percent_as_parts(left, right) =>
            {
                kind
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
            A::Generator { .. } => self.lasting(e),
            A::Subscript { value, index } if self.days_of_month(value, index).is_some() => {
                let (module, args) = self.days_of_month(value, index).unwrap_or_default();
                // What is imported by its own name is that function already.
                let imported = self.module_of(&AExpr { kind: A::Name(module.clone()), span }).is_none();
                let name = if imported { "days" } else { "monthrange.days" }.to_string();
                ExprKind::ModuleCall { module, name, args: self.exprs(args), keywords: vec![] }
            }
            A::Subscript { value, index } => {
                let base = Box::new(self.looked_at(value));
                match &index.kind {
                    A::Slice { lower, upper, step } => ExprKind::Slice {
                        base,
                        lower: self.opt(lower.as_deref()),
                        upper: self.opt(upper.as_deref()),
                        step: self.opt(step.as_deref()),
                    },
                    A::Tuple(items) if has_slice(items) => self.part(base, items, index.span),
                    _ if is_ellipsis(index) => self.part(base, std::slice::from_ref(&**index), index.span),
                    _ => ExprKind::Index { base, index: self.boxed(index) },
                }
            }
            A::Attribute { value, name }
                if name == "__name__"
                    && let Some(of) = self.name_of_class(value) =>
            {
                of
            }
            A::Attribute { value, name } if self.is_structure(value).is_some() => {
                let (module, structure) = self.is_structure(value).unwrap_or_default();
                ExprKind::ModuleAttr { module, name: format!("{structure}.{name}") }
            }
            A::Attribute { value, name } if let Some((global, inner)) = self.inner_module(value) => {
                ExprKind::ModuleAttr { module: global, name: format!("{inner}.{name}") }
            }
            A::Attribute { value, name } => match self.module_of(value).or_else(|| self.imported(value)) {
                Some(module) => ExprKind::ModuleAttr { module, name: self.mangled(name) },
                None if name == "size"
                    && let Some(size) = self.struct_size(value) =>
                {
                    size
                }
                None if name == "maxlen" => {
                    // Spelled so that no method of Python's can have the name.
                    let (base, name) = (self.boxed(value), "maxlen of".to_string());
                    ExprKind::Method { base, name, args: vec![], keywords: vec![] }
                }
                None if text::is_plain_attribute(name)
                    || self.is_value(value)
                    // Of what a class has, such as a member of an enumeration.
                    || matches!(value.kind, A::Attribute { .. }) && !crate::ops::is_method(name) =>
                {
                    let name = self.mangled(name);
                    text::attribute(self.boxed(value), &name)
                }
                None => match self.bound_method(value, name) {
                    Some(kind) => kind,
                    None => self.no_as(
                        "PYR0321",
                        span,
                        &format!("reading the attribute `{name}`"),
                        "hand over the value instead of the object that has it",
                    ),
                },
            },
            A::Call { func, args, .. } if resumed::is_turn(func) && args.len() == 1 => {
                ExprKind::Turn(self.boxed(&args[0]))
            }
            A::Call { func, args, keywords } => match segments::suspended(func, args) {
                Some((waits, point, items)) => {
                    let items = items.iter().map(|e| self.expr(e)).collect();
                    ExprKind::Suspend { point, items, waits }
                }
                None => match self.weekday_call(func, args, keywords, span) {
                    Some(kind) => kind,
                    None => self.call(func, args, keywords, span),
                },
            },
            A::JoinedStr(parts) => self.fstring(parts),
            A::Set(items) => self.set_display(items, span),
            A::SetComp { element, generators } => {
                self.comp(CompKind::Set(false), generators, element, None, None)
            }
            A::Lambda { params, body } => match self.symbols.scope_at(Kind::Lambda, span) {
                Some(scope) => self.made_value(scope, params, Body::Value(body), span),
                None => self.no_as("PYR0323", span, "a `lambda` here", "call a function by its name"),
            },
            A::Await(_) => {
                self.no_as("PYR0314", span, "`await`", "move what does not wait into a function of its own")
            }
            A::Yield(value) if self.yields.is_some() => {
                let value = match value {
                    Some(value) => self.boxed(value),
                    None => Box::new(self.make(ExprKind::None, span)),
                };
                ExprKind::Yield { value, closes: self.closing > 0, delegates: false }
            }
            A::YieldFrom(_) if self.yields.is_some() => {
                self.no_as("PYR0313", span, "the value of `yield from`", "loop over it")
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
            Constant::Ellipsis => {
                ExprKind::Call { name: ELLIPSIS.to_string(), args: vec![], keywords: vec![] }
            }
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
        let same = ops.iter().any(|op| matches!(op, CmpOp::Is | CmpOp::IsNot));
        let mut left = if same { self.expr(left) } else { self.looked_at(left) };
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
                (CmpOp::Is | CmpOp::IsNot, A::Name(_)) => match self.not_implemented(right) {
                    Some(kind) => self.make(kind, right.span),
                    None => self.expr(right),
                },
                _ if same => self.expr(right),
                _ => self.looked_at(right),
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

    /// `[a, *b]`, `(*a, b)`
    pub(super) fn build(&mut self, tuple: bool, items: &[AExpr]) -> ExprKind {
        let mut parts = Vec::new();
        for item in items {
            parts.push(match &item.kind {
                A::Starred(inner) => Part::Star(self.iter_of_list(inner)),
                _ => Part::Item(self.expr(item)),
            });
        }
        ExprKind::Build { tuple, parts }
    }
}

/// Is it a format literal that names a value?
fn percent_names(e: &AExpr) -> bool {
    let A::Constant(Constant::Str(text)) = &e.kind else { return false };
    percent::slots(text).is_some_and(|slots| slots.iter().any(|s| s.name.is_some()))
}

pub(crate) fn constant_int(number: Number) -> ExprKind {
    match number.to_i64() {
        Some(i) => ExprKind::Int(i),
        None => ExprKind::Big(number),
    }
}

/// Does a slice stand among these?
pub(super) fn has_slice(items: &[AExpr]) -> bool {
    items.iter().any(|item| matches!(item.kind, A::Slice { .. }) || is_ellipsis(item))
}

pub(super) fn is_ellipsis(item: &AExpr) -> bool {
    matches!(item.kind, A::Constant(Constant::Ellipsis))
}

/// Arithmetic on two constants that cannot raise.
pub(crate) fn fold(op: BinOp, left: &Expr, right: &Expr) -> Option<Number> {
    let constant = |e: &Expr| match &e.kind {
        ExprKind::Int(i) => Some(Number::from_i128(i128::from(*i))),
        ExprKind::Big(number) => Some(number.clone()),
        _ => None,
    };
    constant(left)?.apply(op, &constant(right)?)
}
