//! The second parser's tree → ours: reads what the first does not know (Python 3.12 and later).
//!
//! For a source that both read, both make the same tree, spans included; `examples/fronts.rs` compares them over whole
//! libraries.

use std::cell::Cell;
use std::collections::BTreeSet;

use ruff_python_ast as rf;
use ruff_text_size::Ranged;

use super::newlines::Newlines;
use super::number::decimal;
use super::{Depth, escapes_surrogate};
use crate::ast::*;
use crate::source::Span;

/// Converts a whole module without syntax errors; `newlines` translates the parser's offsets to those of `text`.
/// With `only`, functions of other names are empty, and what can hold no function is left out.
pub(super) fn module(
    text: &str,
    newlines: &Newlines<'_>,
    module: &rf::ModModule,
    only: Option<&BTreeSet<&str>>,
) -> Module {
    let cx = Convert { text, newlines, depth: Depth::default(), only: Cell::new(only) };
    Module { body: cx.stmts(&module.body), unreadable: Vec::new() }
}

struct Convert<'a> {
    text: &'a str,
    newlines: &'a Newlines<'a>,
    depth: Depth,
    /// None: everything; so it is inside a function that is wanted.
    only: Cell<Option<&'a BTreeSet<&'a str>>>,
}

impl Convert<'_> {
    fn span(&self, node: impl Ranged) -> Span {
        let range = node.range();
        self.newlines.original(Span { start: range.start().into(), end: range.end().into() })
    }

    fn stmts(&self, body: &[rf::Stmt]) -> Vec<Stmt> {
        body.iter().map(|s| self.stmt(s)).collect()
    }

    fn exprs(&self, list: &[rf::Expr]) -> Vec<Expr> {
        list.iter().map(|e| self.expr(e)).collect()
    }

    fn boxed(&self, e: &rf::Expr) -> Box<Expr> {
        Box::new(self.expr(e))
    }

    fn opt(&self, e: Option<&rf::Expr>) -> Option<Box<Expr>> {
        e.map(|e| self.boxed(e))
    }

    fn opt_expr(&self, e: Option<&rf::Expr>) -> Option<Expr> {
        e.map(|e| self.expr(e))
    }

    /// One level deeper; `None` when that is too deep.
    fn nested<T>(&self, convert: impl FnOnce() -> T) -> Option<T> {
        self.depth.deeper(convert)
    }

    /// What is nested too deeply.
    fn unrepresentable(&self, span: Span) -> Expr {
        Expr { kind: self.text_of(span, Why::Nested), span }
    }

    fn text_of(&self, span: Span, why: Why) -> ExprKind {
        ExprKind::Unrepresentable(Box::new(Unrepresentable { text: self.source(span), why }))
    }

    fn source(&self, span: Span) -> String {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default().to_string()
    }

    /// Of a definition without its decorators, as in Python's own tree.
    fn stmt_span(&self, stmt: &rf::Stmt) -> Span {
        let span = self.span(stmt);
        let decorators = match stmt {
            rf::Stmt::FunctionDef(f) => &f.decorator_list,
            rf::Stmt::ClassDef(c) => &c.decorator_list,
            _ => return span,
        };
        let Some(last) = decorators.last() else { return span };
        let mut start = self.span(last).end as usize;
        loop {
            let rest = &self.text[start..];
            let blank = rest.len() - rest.trim_start().len();
            match rest[blank..].starts_with('#') {
                true => start += blank + rest[blank..].find('\n').unwrap_or(rest.len() - blank),
                false => return Span { start: (start + blank) as u32, end: span.end },
            }
        }
    }

    fn stmt(&self, stmt: &rf::Stmt) -> Stmt {
        let span = self.stmt_span(stmt);
        self.nested(|| Stmt { kind: self.stmt_kind(stmt, span), span })
            .unwrap_or_else(|| Stmt { kind: StmtKind::Expr(self.unrepresentable(span)), span })
    }

    fn stmt_kind(&self, stmt: &rf::Stmt, span: Span) -> StmtKind {
        match self.only.get() {
            Some(names) => self.outlined(stmt, span, names),
            None => self.whole(stmt, span),
        }
    }

    /// As much of a statement as finding functions takes.
    fn outlined(&self, stmt: &rf::Stmt, span: Span, names: &BTreeSet<&str>) -> StmtKind {
        match stmt {
            rf::Stmt::FunctionDef(f) if !names.contains(f.name.as_str()) => {
                StmtKind::FunctionDef(Box::new(FunctionDef {
                    name: f.name.to_string(),
                    is_async: f.is_async,
                    params: Params::default(),
                    body: Vec::new(),
                    decorators: Vec::new(),
                    returns: None,
                    type_params: Vec::new(),
                    span,
                }))
            }
            rf::Stmt::FunctionDef(_) => {
                let only = self.only.take();
                let function = self.whole(stmt, span);
                self.only.set(only);
                function
            }
            rf::Stmt::ClassDef(_)
            | rf::Stmt::If(_)
            | rf::Stmt::For(_)
            | rf::Stmt::While(_)
            | rf::Stmt::With(_)
            | rf::Stmt::Try(_)
            | rf::Stmt::Match(_) => self.whole(stmt, span),
            _ => StmtKind::Pass,
        }
    }

    fn whole(&self, stmt: &rf::Stmt, span: Span) -> StmtKind {
        match stmt {
            rf::Stmt::FunctionDef(f) => StmtKind::FunctionDef(Box::new(FunctionDef {
                name: f.name.to_string(),
                is_async: f.is_async,
                params: self.params(&f.parameters),
                body: self.stmts(&f.body),
                decorators: f.decorator_list.iter().map(|d| self.expr(&d.expression)).collect(),
                returns: self.opt_expr(f.returns.as_deref()),
                type_params: type_params(f.type_params.as_deref()),
                span,
            })),
            rf::Stmt::ClassDef(c) => {
                let (bases, keywords) = self.arguments(c.arguments.as_deref());
                StmtKind::ClassDef(Box::new(ClassDef {
                    name: c.name.to_string(),
                    bases,
                    keywords,
                    body: self.stmts(&c.body),
                    decorators: c.decorator_list.iter().map(|d| self.expr(&d.expression)).collect(),
                    type_params: type_params(c.type_params.as_deref()),
                }))
            }
            rf::Stmt::Return(s) => StmtKind::Return(self.opt_expr(s.value.as_deref())),
            rf::Stmt::Delete(s) => StmtKind::Delete(self.exprs(&s.targets)),
            rf::Stmt::TypeAlias(s) => StmtKind::TypeAlias {
                name: self.expr(&s.name),
                type_params: type_params(s.type_params.as_deref()),
                value: self.expr(&s.value),
            },
            rf::Stmt::Assign(s) => {
                StmtKind::Assign { targets: self.exprs(&s.targets), value: self.expr(&s.value) }
            }
            rf::Stmt::AugAssign(s) => StmtKind::AugAssign {
                target: self.expr(&s.target),
                op: bin_op(s.op),
                value: self.expr(&s.value),
            },
            rf::Stmt::AnnAssign(s) => StmtKind::AnnAssign {
                target: self.expr(&s.target),
                annotation: self.expr(&s.annotation),
                value: self.opt_expr(s.value.as_deref()),
                simple: s.simple,
            },
            rf::Stmt::For(s) => StmtKind::For {
                target: self.expr(&s.target),
                iter: self.expr(&s.iter),
                body: self.stmts(&s.body),
                orelse: self.stmts(&s.orelse),
                is_async: s.is_async,
            },
            rf::Stmt::While(s) => StmtKind::While {
                test: self.expr(&s.test),
                body: self.stmts(&s.body),
                orelse: self.stmts(&s.orelse),
            },
            rf::Stmt::If(s) => StmtKind::If {
                test: self.expr(&s.test),
                body: self.stmts(&s.body),
                orelse: self.elif(&s.elif_else_clauses, span.end),
            },
            rf::Stmt::With(s) => StmtKind::With {
                items: s
                    .items
                    .iter()
                    .map(|i| WithItem {
                        context: self.expr(&i.context_expr),
                        target: self.opt_expr(i.optional_vars.as_deref()),
                    })
                    .collect(),
                body: self.stmts(&s.body),
                is_async: s.is_async,
            },
            rf::Stmt::Match(s) => StmtKind::Match {
                subject: self.expr(&s.subject),
                cases: s
                    .cases
                    .iter()
                    .map(|c| MatchCase {
                        span: self.span(&c.pattern),
                        pattern: self.pattern(&c.pattern),
                        guard: self.opt_expr(c.guard.as_deref()),
                        body: self.stmts(&c.body),
                    })
                    .collect(),
            },
            rf::Stmt::Raise(s) => StmtKind::Raise {
                exc: self.opt_expr(s.exc.as_deref()),
                cause: self.opt_expr(s.cause.as_deref()),
            },
            rf::Stmt::Try(s) => StmtKind::Try {
                body: self.stmts(&s.body),
                handlers: s
                    .handlers
                    .iter()
                    .map(|rf::ExceptHandler::ExceptHandler(h)| Handler {
                        span: self.span(h),
                        class: self.opt_expr(h.type_.as_deref()),
                        name: h.name.as_ref().map(ToString::to_string),
                        body: self.stmts(&h.body),
                    })
                    .collect(),
                orelse: self.stmts(&s.orelse),
                finalbody: self.stmts(&s.finalbody),
                is_star: s.is_star,
            },
            rf::Stmt::Assert(s) => {
                StmtKind::Assert { test: self.expr(&s.test), message: self.opt_expr(s.msg.as_deref()) }
            }
            rf::Stmt::Import(s) => StmtKind::Import(aliases(&s.names)),
            rf::Stmt::ImportFrom(s) => StmtKind::ImportFrom {
                module: s.module.as_ref().map(ToString::to_string),
                names: aliases(&s.names),
                level: s.level,
            },
            rf::Stmt::Global(s) => StmtKind::Global(s.names.iter().map(ToString::to_string).collect()),
            rf::Stmt::Nonlocal(s) => StmtKind::Nonlocal(s.names.iter().map(ToString::to_string).collect()),
            rf::Stmt::Expr(s) => StmtKind::Expr(self.expr(&s.value)),
            rf::Stmt::Pass(_) => StmtKind::Pass,
            rf::Stmt::Break(_) => StmtKind::Break,
            rf::Stmt::Continue(_) => StmtKind::Continue,
            // Only notebooks have these.
            rf::Stmt::IpyEscapeCommand(_) => {
                StmtKind::Expr(Expr { kind: self.text_of(span, Why::Other), span })
            }
        }
    }

    /// `elif` is an `if` in the `else`, as in Python's own tree; `end` is where the whole statement ends.
    fn elif(&self, clauses: &[rf::ElifElseClause], end: u32) -> Vec<Stmt> {
        let Some((clause, rest)) = clauses.split_first() else { return Vec::new() };
        let Some(test) = &clause.test else { return self.stmts(&clause.body) };
        let span = Span { start: self.span(clause).start, end };
        let stmt = self.nested(|| {
            let kind = StmtKind::If {
                test: self.expr(test),
                body: self.stmts(&clause.body),
                orelse: self.elif(rest, end),
            };
            Stmt { kind, span }
        });
        vec![stmt.unwrap_or_else(|| Stmt { kind: StmtKind::Expr(self.unrepresentable(span)), span })]
    }

    fn pattern(&self, pattern: &rf::Pattern) -> Pattern {
        self.nested(|| self.shallow_pattern(pattern))
            .unwrap_or_else(|| Pattern::Value(self.unrepresentable(self.span(pattern))))
    }

    fn shallow_pattern(&self, pattern: &rf::Pattern) -> Pattern {
        let all = |list: &[rf::Pattern]| list.iter().map(|p| self.pattern(p)).collect::<Vec<_>>();
        let name = |name: &Option<rf::Identifier>| name.as_ref().map(ToString::to_string);
        match pattern {
            rf::Pattern::MatchValue(p) => Pattern::Value(self.expr(&p.value)),
            rf::Pattern::MatchSingleton(p) => Pattern::Singleton(match p.value {
                rf::Singleton::None => Constant::None,
                rf::Singleton::True => Constant::True,
                rf::Singleton::False => Constant::False,
            }),
            rf::Pattern::MatchSequence(p) => Pattern::Sequence(all(&p.patterns)),
            rf::Pattern::MatchMapping(p) => Pattern::Mapping {
                keys: self.exprs(&p.keys),
                patterns: all(&p.patterns),
                rest: name(&p.rest),
            },
            rf::Pattern::MatchClass(p) => Pattern::Class {
                class: self.expr(&p.cls),
                patterns: all(&p.arguments.patterns),
                keywords: p
                    .arguments
                    .keywords
                    .iter()
                    .map(|k| (k.attr.to_string(), self.pattern(&k.pattern)))
                    .collect(),
            },
            rf::Pattern::MatchStar(p) => Pattern::Star(name(&p.name)),
            rf::Pattern::MatchAs(p) => Pattern::As {
                pattern: p.pattern.as_ref().map(|p| Box::new(self.pattern(p))),
                name: name(&p.name),
            },
            rf::Pattern::MatchOr(p) => Pattern::Or(all(&p.patterns)),
        }
    }

    fn params(&self, params: &rf::Parameters) -> Params {
        let with_default = |list: &[rf::ParameterWithDefault]| {
            list.iter().map(|p| self.param(&p.parameter, p.default.as_deref())).collect::<Vec<_>>()
        };
        Params {
            positional_only: with_default(&params.posonlyargs),
            positional: with_default(&params.args),
            var_positional: params.vararg.as_ref().map(|p| self.param(p, None)),
            keyword_only: with_default(&params.kwonlyargs),
            var_keyword: params.kwarg.as_ref().map(|p| self.param(p, None)),
        }
    }

    fn param(&self, param: &rf::Parameter, default: Option<&rf::Expr>) -> Param {
        // The stars of `*args` and `**kwargs` are not part of it.
        let name = self.span(&param.name);
        let span = Span { start: name.start, end: self.span(param).end };
        Param {
            span,
            name: param.name.to_string(),
            annotation: self.opt_expr(param.annotation.as_deref()),
            default: self.opt_expr(default),
        }
    }

    fn arguments(&self, arguments: Option<&rf::Arguments>) -> (Vec<Expr>, Vec<Keyword>) {
        let Some(arguments) = arguments else { return (Vec::new(), Vec::new()) };
        let keywords = arguments
            .keywords
            .iter()
            .map(|k| Keyword { name: k.arg.as_ref().map(ToString::to_string), value: self.expr(&k.value) })
            .collect();
        (self.exprs(&arguments.args), keywords)
    }

    fn generators(&self, list: &[rf::Comprehension]) -> Vec<Comprehension> {
        list.iter()
            .map(|g| Comprehension {
                target: self.expr(&g.target),
                iter: self.expr(&g.iter),
                ifs: self.exprs(&g.ifs),
                is_async: g.is_async,
            })
            .collect()
    }

    fn expr(&self, expr: &rf::Expr) -> Expr {
        let mut span = self.span(expr);
        let mut value = expr;
        while let rf::Expr::Named(e) = value {
            // The first parser leaves out the parentheses around the value.
            value = &e.value;
            span.end = self.span(value).end;
        }
        self.nested(|| Expr { kind: self.expr_kind(expr, span), span })
            .unwrap_or_else(|| self.unrepresentable(span))
    }

    fn expr_kind(&self, expr: &rf::Expr, span: Span) -> ExprKind {
        match expr {
            rf::Expr::BoolOp(e) => ExprKind::BoolOp {
                op: match e.op {
                    rf::BoolOp::And => BoolOp::And,
                    rf::BoolOp::Or => BoolOp::Or,
                },
                values: self.exprs(&e.values),
            },
            rf::Expr::Named(e) => match &*e.target {
                rf::Expr::Name(n) => {
                    ExprKind::Named { target: n.id.to_string(), value: self.boxed(&e.value) }
                }
                _ => self.text_of(span, Why::Other),
            },
            rf::Expr::BinOp(e) => {
                ExprKind::BinOp { left: self.boxed(&e.left), op: bin_op(e.op), right: self.boxed(&e.right) }
            }
            rf::Expr::UnaryOp(e) => ExprKind::UnaryOp {
                op: match e.op {
                    rf::UnaryOp::Invert => UnaryOp::Invert,
                    rf::UnaryOp::Not => UnaryOp::Not,
                    rf::UnaryOp::UAdd => UnaryOp::Pos,
                    rf::UnaryOp::USub => UnaryOp::Neg,
                },
                operand: self.boxed(&e.operand),
            },
            rf::Expr::Lambda(e) => ExprKind::Lambda {
                params: Box::new(e.parameters.as_ref().map(|p| self.params(p)).unwrap_or_default()),
                body: self.boxed(&e.body),
            },
            rf::Expr::If(e) => ExprKind::If {
                test: self.boxed(&e.test),
                body: self.boxed(&e.body),
                orelse: self.boxed(&e.orelse),
            },
            rf::Expr::Dict(e) => ExprKind::Dict {
                items: e
                    .items
                    .iter()
                    .map(|i| (i.key.as_ref().map(|k| self.expr(k)), self.expr(&i.value)))
                    .collect(),
            },
            rf::Expr::Set(e) => ExprKind::Set(self.exprs(&e.elts)),
            rf::Expr::ListComp(e) => {
                ExprKind::ListComp { element: self.boxed(&e.elt), generators: self.generators(&e.generators) }
            }
            rf::Expr::SetComp(e) => {
                ExprKind::SetComp { element: self.boxed(&e.elt), generators: self.generators(&e.generators) }
            }
            rf::Expr::DictComp(e) => ExprKind::DictComp {
                key: self.boxed(&e.key),
                value: self.boxed(&e.value),
                generators: self.generators(&e.generators),
            },
            rf::Expr::Generator(e) => ExprKind::Generator {
                element: self.boxed(&e.elt),
                generators: self.generators(&e.generators),
            },
            rf::Expr::Await(e) => ExprKind::Await(self.boxed(&e.value)),
            rf::Expr::Yield(e) => ExprKind::Yield(self.opt(e.value.as_deref())),
            rf::Expr::YieldFrom(e) => ExprKind::YieldFrom(self.boxed(&e.value)),
            rf::Expr::Compare(e) => ExprKind::Compare {
                left: self.boxed(&e.left),
                ops: e.ops.iter().copied().map(cmp_op).collect(),
                comparators: self.exprs(&e.comparators),
            },
            rf::Expr::Call(e) => {
                let func = self.boxed(&e.func);
                let (args, keywords) = self.arguments(Some(&e.arguments));
                ExprKind::Call { func, args, keywords }
            }
            rf::Expr::FString(e) => self.f_string(e, span),
            rf::Expr::StringLiteral(e) => self.str(e.value.to_str().to_string(), span),
            rf::Expr::BytesLiteral(e) => ExprKind::Constant(Constant::Bytes(e.value.bytes().collect())),
            rf::Expr::NumberLiteral(e) => ExprKind::Constant(match &e.value {
                rf::Number::Int(_) => Constant::Int(decimal(&self.source(span))),
                rf::Number::Float(value) => Constant::Float(value.to_bits()),
                rf::Number::Complex { imag, .. } => Constant::Imaginary(imag.to_bits()),
            }),
            rf::Expr::BooleanLiteral(e) => {
                ExprKind::Constant(if e.value { Constant::True } else { Constant::False })
            }
            rf::Expr::NoneLiteral(_) => ExprKind::Constant(Constant::None),
            rf::Expr::EllipsisLiteral(_) => ExprKind::Constant(Constant::Ellipsis),
            rf::Expr::Attribute(e) => {
                ExprKind::Attribute { value: self.boxed(&e.value), name: e.attr.to_string() }
            }
            rf::Expr::Subscript(e) => {
                ExprKind::Subscript { value: self.boxed(&e.value), index: self.boxed(&e.slice) }
            }
            rf::Expr::Starred(e) => ExprKind::Starred(self.boxed(&e.value)),
            rf::Expr::Name(e) => ExprKind::Name(e.id.to_string()),
            rf::Expr::List(e) => ExprKind::List(self.exprs(&e.elts)),
            rf::Expr::Tuple(e) => ExprKind::Tuple(self.exprs(&e.elts)),
            rf::Expr::Slice(e) => ExprKind::Slice {
                lower: self.opt(e.lower.as_deref()),
                upper: self.opt(e.upper.as_deref()),
                step: self.opt(e.step.as_deref()),
            },
            // A template string makes an object of a class of its own, which nothing native knows.
            rf::Expr::TString(_) => self.text_of(span, Why::Template),
            rf::Expr::IpyEscapeCommand(_) => self.text_of(span, Why::Other),
        }
    }

    /// A lone surrogate (`'\ud800'`) is silently replaced by the parser crate; such a literal must not be compiled.
    fn str(&self, value: String, span: Span) -> ExprKind {
        if value.contains('\u{FFFD}') {
            let source = self.source(span);
            if escapes_surrogate(&source) || source.is_empty() {
                return self.text_of(span, Why::Surrogate);
            }
        }
        ExprKind::Constant(Constant::Str(value))
    }

    /// The parts of an f-string, literal text that stands side by side joined into one.
    fn f_string(&self, e: &rf::ExprFString, whole: Span) -> ExprKind {
        let mut parts = Parts { cx: self, whole, values: Vec::new(), text: String::new(), seen_text: false };
        for part in e.value.as_slice() {
            match part {
                rf::FStringPart::Literal(literal) => parts.literal(&literal.value),
                rf::FStringPart::FString(f) => parts.elements(&f.elements, self.span(f)),
            }
        }
        ExprKind::JoinedStr(parts.finish())
    }
}

/// The parts of an f-string or of a format specification.
struct Parts<'c, 'a> {
    cx: &'c Convert<'a>,
    /// What literal text has as its span.
    whole: Span,
    values: Vec<Expr>,
    text: String,
    seen_text: bool,
}

impl Parts<'_, '_> {
    fn literal(&mut self, text: &str) {
        self.text.push_str(text);
        self.seen_text = true;
    }

    fn elements(&mut self, elements: &rf::InterpolatedStringElements, string: Span) {
        for element in elements {
            match element {
                // An escaped line end alone is no text.
                rf::InterpolatedStringElement::Literal(literal) if literal.value.is_empty() => {}
                rf::InterpolatedStringElement::Literal(literal) => self.literal(&literal.value),
                rf::InterpolatedStringElement::Interpolation(field) => self.field(field, string),
            }
        }
    }

    fn field(&mut self, field: &rf::InterpolatedElement, string: Span) {
        let conversion = field.conversion.to_char();
        let mut default = None;
        if let Some(debug) = &field.debug_text {
            let expression = self.cx.source(self.cx.span(&*field.expression)).replace("\r\n", "\n");
            self.literal(&format!("{}{expression}{}", debug.leading, debug.trailing));
            if conversion.is_none() && field.format_spec.is_none() {
                default = Some('r');
            }
        }
        self.flush();
        let spec = field.format_spec.as_ref().map(|spec| {
            let mut parts = Parts {
                cx: self.cx,
                whole: string,
                values: Vec::new(),
                text: String::new(),
                seen_text: false,
            };
            parts.elements(&spec.elements, string);
            Box::new(Expr { kind: ExprKind::JoinedStr(parts.finish()), span: string })
        });
        let value = self.cx.boxed(&field.expression);
        let kind = ExprKind::Formatted { value, conversion: conversion.or(default), spec };
        self.values.push(Expr { kind, span: string });
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.seen_text) {
            let kind = self.cx.str(std::mem::take(&mut self.text), self.whole);
            self.values.push(Expr { kind, span: self.whole });
        }
    }

    fn finish(mut self) -> Vec<Expr> {
        self.flush();
        self.values
    }
}

fn type_params(list: Option<&rf::TypeParams>) -> Vec<String> {
    let name = |p: &rf::TypeParam| match p {
        rf::TypeParam::TypeVar(t) => t.name.to_string(),
        rf::TypeParam::ParamSpec(t) => format!("**{}", t.name),
        rf::TypeParam::TypeVarTuple(t) => format!("*{}", t.name),
    };
    list.map(|list| list.type_params.iter().map(name).collect()).unwrap_or_default()
}

fn aliases(names: &[rf::Alias]) -> Vec<Alias> {
    names
        .iter()
        .map(|a| Alias { name: a.name.to_string(), as_name: a.asname.as_ref().map(ToString::to_string) })
        .collect()
}

fn bin_op(op: rf::Operator) -> BinOp {
    match op {
        rf::Operator::Add => BinOp::Add,
        rf::Operator::Sub => BinOp::Sub,
        rf::Operator::Mult => BinOp::Mult,
        rf::Operator::MatMult => BinOp::MatMult,
        rf::Operator::Div => BinOp::Div,
        rf::Operator::Mod => BinOp::Mod,
        rf::Operator::Pow => BinOp::Pow,
        rf::Operator::LShift => BinOp::LShift,
        rf::Operator::RShift => BinOp::RShift,
        rf::Operator::BitOr => BinOp::BitOr,
        rf::Operator::BitXor => BinOp::BitXor,
        rf::Operator::BitAnd => BinOp::BitAnd,
        rf::Operator::FloorDiv => BinOp::FloorDiv,
    }
}

fn cmp_op(op: rf::CmpOp) -> CmpOp {
    match op {
        rf::CmpOp::Eq => CmpOp::Eq,
        rf::CmpOp::NotEq => CmpOp::NotEq,
        rf::CmpOp::Lt => CmpOp::Lt,
        rf::CmpOp::LtE => CmpOp::LtE,
        rf::CmpOp::Gt => CmpOp::Gt,
        rf::CmpOp::GtE => CmpOp::GtE,
        rf::CmpOp::Is => CmpOp::Is,
        rf::CmpOp::IsNot => CmpOp::IsNot,
        rf::CmpOp::In => CmpOp::In,
        rf::CmpOp::NotIn => CmpOp::NotIn,
    }
}
