//! The first parser's tree → ours, node by node.

use std::cell::Cell;

use rustpython_parser::ast::{self as rp, Ranged};

use super::{Depth, escapes_surrogate};
use crate::ast::*;
use crate::source::Span;

/// Converts a whole module; `None` where the crate is known to misread what the module contains.
pub(super) fn module(text: &str, module: rp::ModModule) -> Option<Module> {
    let cx = Convert { text, depth: Depth::default(), doubtful: Cell::new(false) };
    let module = Module { body: cx.stmts(module.body), unreadable: Vec::new() };
    (!cx.doubtful.get()).then_some(module)
}

struct Convert<'a> {
    text: &'a str,
    depth: Depth,
    doubtful: Cell<bool>,
}

fn span_of(range: rp::text_size::TextRange) -> Span {
    Span { start: range.start().into(), end: range.end().into() }
}

impl Convert<'_> {
    /// The crate does not normalise identifiers, so that two spellings of one name would be two names.
    fn name(&self, name: &str) -> String {
        if !name.is_ascii() {
            self.doubtful.set(true);
        }
        name.to_string()
    }

    fn aliases(&self, names: Vec<rp::Alias>) -> Vec<Alias> {
        names
            .into_iter()
            .map(|a| Alias { name: self.name(&a.name), as_name: a.asname.map(|n| self.name(&n)) })
            .collect()
    }

    fn stmts(&self, body: Vec<rp::Stmt>) -> Vec<Stmt> {
        body.into_iter().map(|s| self.stmt(s)).collect()
    }

    fn exprs(&self, list: Vec<rp::Expr>) -> Vec<Expr> {
        list.into_iter().map(|e| self.expr(e)).collect()
    }

    #[expect(clippy::boxed_local, reason = "the parser crate hands out boxes")]
    fn boxed(&self, e: Box<rp::Expr>) -> Box<Expr> {
        Box::new(self.expr(*e))
    }

    fn opt(&self, e: Option<Box<rp::Expr>>) -> Option<Box<Expr>> {
        e.map(|e| self.boxed(e))
    }

    fn opt_expr(&self, e: Option<Box<rp::Expr>>) -> Option<Expr> {
        e.map(|e| self.expr(*e))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of both kinds of function definition")]
    fn function(
        &self,
        span: Span,
        name: rp::Identifier,
        args: rp::Arguments,
        body: Vec<rp::Stmt>,
        decorators: Vec<rp::Expr>,
        returns: Option<Box<rp::Expr>>,
        type_params: Vec<rp::TypeParam>,
        is_async: bool,
    ) -> StmtKind {
        StmtKind::FunctionDef(Box::new(FunctionDef {
            name: self.name(&name),
            is_async,
            params: self.params(args),
            body: self.stmts(body),
            decorators: self.exprs(decorators),
            returns: self.opt_expr(returns),
            type_params: type_params.iter().map(type_param).collect(),
            span,
        }))
    }

    /// One level deeper; `None` when that is too deep.
    fn nested<T>(&self, convert: impl FnOnce() -> T) -> Option<T> {
        self.depth.deeper(convert)
    }

    fn stmt(&self, stmt: rp::Stmt) -> Stmt {
        let span = span_of(stmt.range());
        self.nested(|| self.shallow_stmt(stmt, span)).unwrap_or_else(|| Stmt {
            kind: StmtKind::Expr(Expr { kind: self.text_of(span, Why::Nested), span }),
            span,
        })
    }

    fn shallow_stmt(&self, stmt: rp::Stmt, span: Span) -> Stmt {
        let kind = match stmt {
            rp::Stmt::FunctionDef(f) => self.function(
                span,
                f.name,
                *f.args,
                f.body,
                f.decorator_list,
                f.returns,
                f.type_params,
                false,
            ),
            rp::Stmt::AsyncFunctionDef(f) => {
                self.function(span, f.name, *f.args, f.body, f.decorator_list, f.returns, f.type_params, true)
            }
            rp::Stmt::ClassDef(c) => StmtKind::ClassDef(Box::new(ClassDef {
                name: self.name(&c.name),
                bases: self.exprs(c.bases),
                keywords: self.keywords(c.keywords),
                body: self.stmts(c.body),
                decorators: self.exprs(c.decorator_list),
                type_params: c.type_params.iter().map(type_param).collect(),
            })),
            rp::Stmt::Return(s) => StmtKind::Return(self.opt_expr(s.value)),
            rp::Stmt::Delete(s) => StmtKind::Delete(self.exprs(s.targets)),
            rp::Stmt::Assign(s) => {
                StmtKind::Assign { targets: self.exprs(s.targets), value: self.expr(*s.value) }
            }
            rp::Stmt::TypeAlias(s) => StmtKind::TypeAlias {
                name: self.expr(*s.name),
                type_params: s.type_params.iter().map(type_param).collect(),
                value: self.expr(*s.value),
            },
            rp::Stmt::AugAssign(s) => StmtKind::AugAssign {
                target: self.expr(*s.target),
                op: bin_op(s.op),
                value: self.expr(*s.value),
            },
            rp::Stmt::AnnAssign(s) => StmtKind::AnnAssign {
                target: self.expr(*s.target),
                annotation: self.expr(*s.annotation),
                value: self.opt_expr(s.value),
                // `(x): int` is not, and the crate says it is.
                simple: s.simple && self.text.as_bytes().get(span.start as usize) != Some(&b'('),
            },
            rp::Stmt::For(s) => StmtKind::For {
                target: self.expr(*s.target),
                iter: self.expr(*s.iter),
                body: self.stmts(s.body),
                orelse: self.stmts(s.orelse),
                is_async: false,
            },
            rp::Stmt::AsyncFor(s) => StmtKind::For {
                target: self.expr(*s.target),
                iter: self.expr(*s.iter),
                body: self.stmts(s.body),
                orelse: self.stmts(s.orelse),
                is_async: true,
            },
            rp::Stmt::While(s) => StmtKind::While {
                test: self.expr(*s.test),
                body: self.stmts(s.body),
                orelse: self.stmts(s.orelse),
            },
            rp::Stmt::If(s) => StmtKind::If {
                test: self.expr(*s.test),
                body: self.stmts(s.body),
                orelse: self.stmts(s.orelse),
            },
            rp::Stmt::With(s) => {
                StmtKind::With { items: self.with_items(s.items), body: self.stmts(s.body), is_async: false }
            }
            rp::Stmt::AsyncWith(s) => {
                StmtKind::With { items: self.with_items(s.items), body: self.stmts(s.body), is_async: true }
            }
            rp::Stmt::Match(s) => StmtKind::Match {
                subject: self.subject(*s.subject),
                cases: s
                    .cases
                    .into_iter()
                    .map(|c| MatchCase {
                        span: span_of(c.pattern.range()),
                        pattern: self.pattern(c.pattern),
                        guard: self.opt_expr(c.guard),
                        body: self.stmts(c.body),
                    })
                    .collect(),
            },
            rp::Stmt::Raise(s) => {
                StmtKind::Raise { exc: self.opt_expr(s.exc), cause: self.opt_expr(s.cause) }
            }
            rp::Stmt::Try(s) => self.try_stmt(s.body, s.handlers, s.orelse, s.finalbody, false),
            rp::Stmt::TryStar(s) => self.try_stmt(s.body, s.handlers, s.orelse, s.finalbody, true),
            rp::Stmt::Assert(s) => {
                StmtKind::Assert { test: self.expr(*s.test), message: self.opt_expr(s.msg) }
            }
            rp::Stmt::Import(s) => StmtKind::Import(self.aliases(s.names)),
            rp::Stmt::ImportFrom(s) => StmtKind::ImportFrom {
                module: s.module.map(|m| m.to_string()),
                names: self.aliases(s.names),
                level: s.level.map_or(0, |l| l.to_u32()),
            },
            rp::Stmt::Global(s) => StmtKind::Global(s.names.iter().map(|name| self.name(name)).collect()),
            rp::Stmt::Nonlocal(s) => StmtKind::Nonlocal(s.names.iter().map(|name| self.name(name)).collect()),
            rp::Stmt::Expr(s) => StmtKind::Expr(self.expr(*s.value)),
            rp::Stmt::Pass(_) => StmtKind::Pass,
            rp::Stmt::Break(_) => StmtKind::Break,
            rp::Stmt::Continue(_) => StmtKind::Continue,
        };
        Stmt { kind, span }
    }

    fn try_stmt(
        &self,
        body: Vec<rp::Stmt>,
        handlers: Vec<rp::ExceptHandler>,
        orelse: Vec<rp::Stmt>,
        finalbody: Vec<rp::Stmt>,
        is_star: bool,
    ) -> StmtKind {
        let handlers = handlers
            .into_iter()
            .map(|rp::ExceptHandler::ExceptHandler(h)| Handler {
                span: span_of(h.range),
                class: self.opt_expr(h.type_),
                name: h.name.map(|n| self.name(&n)),
                body: self.stmts(h.body),
            })
            .collect();
        StmtKind::Try {
            body: self.stmts(body),
            handlers,
            orelse: self.stmts(orelse),
            finalbody: self.stmts(finalbody),
            is_star,
        }
    }

    /// The crate loses the comma of `match x,:`, which makes a tuple, and the place of `match x, y:`.
    fn subject(&self, subject: rp::Expr) -> Expr {
        let subject = self.expr(subject);
        let at = |offset: u32| self.text.get(offset as usize..).unwrap_or_default();
        let rest = at(subject.span.end);
        let comma = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ')').starts_with(',');
        let bare = matches!(subject.kind, ExprKind::Tuple(_)) && !at(subject.span.start).starts_with('(');
        if comma || bare {
            self.doubtful.set(true);
        }
        subject
    }

    fn with_items(&self, items: Vec<rp::WithItem>) -> Vec<WithItem> {
        items
            .into_iter()
            .map(|i| WithItem { context: self.expr(i.context_expr), target: self.opt_expr(i.optional_vars) })
            .collect()
    }

    fn pattern(&self, pattern: rp::Pattern) -> Pattern {
        let span = span_of(pattern.range());
        self.nested(|| self.shallow_pattern(pattern))
            .unwrap_or_else(|| Pattern::Value(Expr { kind: self.text_of(span, Why::Nested), span }))
    }

    fn shallow_pattern(&self, pattern: rp::Pattern) -> Pattern {
        let all = |list: Vec<rp::Pattern>| list.into_iter().map(|p| self.pattern(p)).collect::<Vec<_>>();
        match pattern {
            rp::Pattern::MatchValue(p) => Pattern::Value(self.expr(*p.value)),
            rp::Pattern::MatchSingleton(p) => Pattern::Singleton(constant(p.value)),
            rp::Pattern::MatchSequence(p) => Pattern::Sequence(all(p.patterns)),
            rp::Pattern::MatchMapping(p) => Pattern::Mapping {
                keys: self.exprs(p.keys),
                patterns: all(p.patterns),
                rest: p.rest.map(|r| self.name(&r)),
            },
            rp::Pattern::MatchClass(p) => Pattern::Class {
                class: self.expr(*p.cls),
                patterns: all(p.patterns),
                keywords: p.kwd_attrs.iter().map(|name| self.name(name)).zip(all(p.kwd_patterns)).collect(),
            },
            rp::Pattern::MatchStar(p) => Pattern::Star(p.name.map(|n| self.name(&n))),
            rp::Pattern::MatchAs(p) => Pattern::As {
                pattern: p.pattern.map(|p| Box::new(self.pattern(*p))),
                name: p.name.map(|n| self.name(&n)),
            },
            rp::Pattern::MatchOr(p) => Pattern::Or(all(p.patterns)),
        }
    }

    fn params(&self, args: rp::Arguments) -> Params {
        let with_default = |list: Vec<rp::ArgWithDefault>| {
            list.into_iter().map(|a| self.param(a.def, a.default)).collect::<Vec<_>>()
        };
        Params {
            positional_only: with_default(args.posonlyargs),
            positional: with_default(args.args),
            var_positional: args.vararg.map(|a| self.param(*a, None)),
            keyword_only: with_default(args.kwonlyargs),
            var_keyword: args.kwarg.map(|a| self.param(*a, None)),
        }
    }

    fn param(&self, arg: rp::Arg, default: Option<Box<rp::Expr>>) -> Param {
        Param {
            span: span_of(arg.range),
            name: self.name(&arg.arg),
            annotation: self.opt_expr(arg.annotation),
            default: self.opt_expr(default),
        }
    }

    fn keywords(&self, list: Vec<rp::Keyword>) -> Vec<Keyword> {
        list.into_iter()
            .map(|k| Keyword { name: k.arg.map(|a| self.name(&a)), value: self.expr(k.value) })
            .collect()
    }

    fn generators(&self, list: Vec<rp::Comprehension>) -> Vec<Comprehension> {
        list.into_iter()
            .map(|g| Comprehension {
                target: self.expr(g.target),
                iter: self.expr(g.iter),
                ifs: self.exprs(g.ifs),
                is_async: g.is_async,
            })
            .collect()
    }

    fn expr(&self, expr: rp::Expr) -> Expr {
        let span = span_of(expr.range());
        self.nested(|| self.shallow_expr(expr, span))
            .unwrap_or_else(|| Expr { kind: self.text_of(span, Why::Nested), span })
    }

    fn shallow_expr(&self, expr: rp::Expr, span: Span) -> Expr {
        let kind = match expr {
            rp::Expr::BoolOp(e) => ExprKind::BoolOp {
                op: match e.op {
                    rp::BoolOp::And => BoolOp::And,
                    rp::BoolOp::Or => BoolOp::Or,
                },
                values: self.exprs(e.values),
            },
            rp::Expr::NamedExpr(e) => match *e.target {
                rp::Expr::Name(n) => ExprKind::Named { target: self.name(&n.id), value: self.boxed(e.value) },
                _ => self.text_of(span, Why::Other),
            },
            rp::Expr::BinOp(e) => {
                ExprKind::BinOp { left: self.boxed(e.left), op: bin_op(e.op), right: self.boxed(e.right) }
            }
            rp::Expr::UnaryOp(e) => ExprKind::UnaryOp {
                op: match e.op {
                    rp::UnaryOp::Invert => UnaryOp::Invert,
                    rp::UnaryOp::Not => UnaryOp::Not,
                    rp::UnaryOp::UAdd => UnaryOp::Pos,
                    rp::UnaryOp::USub => UnaryOp::Neg,
                },
                operand: self.boxed(e.operand),
            },
            rp::Expr::Lambda(e) => {
                ExprKind::Lambda { params: Box::new(self.params(*e.args)), body: self.boxed(e.body) }
            }
            rp::Expr::IfExp(e) => ExprKind::If {
                test: self.boxed(e.test),
                body: self.boxed(e.body),
                orelse: self.boxed(e.orelse),
            },
            rp::Expr::Dict(e) => ExprKind::Dict {
                items: e
                    .keys
                    .into_iter()
                    .map(|k| k.map(|k| self.expr(k)))
                    .zip(e.values.into_iter().map(|v| self.expr(v)))
                    .collect(),
            },
            rp::Expr::Set(e) => ExprKind::Set(self.exprs(e.elts)),
            rp::Expr::ListComp(e) => {
                ExprKind::ListComp { element: self.boxed(e.elt), generators: self.generators(e.generators) }
            }
            rp::Expr::SetComp(e) => {
                ExprKind::SetComp { element: self.boxed(e.elt), generators: self.generators(e.generators) }
            }
            rp::Expr::DictComp(e) => ExprKind::DictComp {
                key: self.boxed(e.key),
                value: self.boxed(e.value),
                generators: self.generators(e.generators),
            },
            rp::Expr::GeneratorExp(e) => {
                ExprKind::Generator { element: self.boxed(e.elt), generators: self.generators(e.generators) }
            }
            rp::Expr::Await(e) => ExprKind::Await(self.boxed(e.value)),
            rp::Expr::Yield(e) => ExprKind::Yield(self.opt(e.value)),
            rp::Expr::YieldFrom(e) => ExprKind::YieldFrom(self.boxed(e.value)),
            rp::Expr::Compare(e) => ExprKind::Compare {
                left: self.boxed(e.left),
                ops: e.ops.into_iter().map(cmp_op).collect(),
                comparators: self.exprs(e.comparators),
            },
            rp::Expr::Call(e) => ExprKind::Call {
                func: self.boxed(e.func),
                args: self.exprs(e.args),
                keywords: self.keywords(e.keywords),
            },
            rp::Expr::FormattedValue(e) => ExprKind::Formatted {
                value: self.field(e.value),
                conversion: match e.conversion {
                    rp::ConversionFlag::None => None,
                    rp::ConversionFlag::Str => Some('s'),
                    rp::ConversionFlag::Ascii => Some('a'),
                    rp::ConversionFlag::Repr => Some('r'),
                },
                spec: e.format_spec.map(|spec| self.spec(spec)),
            },
            rp::Expr::JoinedStr(e) => {
                // Offsets behind a line end of two characters are wrong.
                if self.source(span).contains('\r') {
                    self.doubtful.set(true);
                }
                ExprKind::JoinedStr(self.exprs(e.values))
            }
            rp::Expr::Constant(e) => self.constant_expr(e.value, span),
            rp::Expr::Attribute(e) => {
                ExprKind::Attribute { value: self.boxed(e.value), name: self.name(&e.attr) }
            }
            rp::Expr::Subscript(e) => {
                let value = self.boxed(e.value);
                let mut index = self.boxed(e.slice);
                // `x[*a]` is `x[(*a,)]`.
                if matches!(index.kind, ExprKind::Starred(_)) {
                    let span = index.span;
                    index = Box::new(Expr { kind: ExprKind::Tuple(vec![*index]), span });
                }
                ExprKind::Subscript { value, index }
            }
            rp::Expr::Starred(e) => ExprKind::Starred(self.boxed(e.value)),
            rp::Expr::Name(e) => ExprKind::Name(self.name(&e.id)),
            rp::Expr::List(e) => ExprKind::List(self.exprs(e.elts)),
            rp::Expr::Tuple(e) => ExprKind::Tuple(self.exprs(e.elts)),
            rp::Expr::Slice(e) => {
                ExprKind::Slice { lower: self.opt(e.lower), upper: self.opt(e.upper), step: self.opt(e.step) }
            }
        };
        Expr { kind, span }
    }

    fn text_of(&self, span: Span, why: Why) -> ExprKind {
        ExprKind::Unrepresentable(Box::new(Unrepresentable { text: self.source(span), why }))
    }

    /// What stands in braces is parsed in parentheses, which a tuple takes for its own.
    fn field(&self, value: Box<rp::Expr>) -> Box<Expr> {
        let mut value = self.boxed(value);
        let braces = self.text.as_bytes().get(value.span.start as usize) == Some(&b'{');
        if matches!(value.kind, ExprKind::Tuple(_)) && braces {
            value.span = Span { start: value.span.start + 1, end: value.span.end - 1 };
        }
        value
    }

    /// The crate leaves escapes in a format specification as they are.
    fn spec(&self, spec: Box<rp::Expr>) -> Box<Expr> {
        let spec = self.boxed(spec);
        if let ExprKind::JoinedStr(parts) = &spec.kind
            && parts.iter().any(|part| match &part.kind {
                ExprKind::Constant(Constant::Str(text)) => text.contains('\\'),
                _ => false,
            })
        {
            self.doubtful.set(true);
        }
        spec
    }

    fn source(&self, span: Span) -> String {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default().to_string()
    }

    /// A lone surrogate (`'\ud800'`) is silently replaced by the parser crate; such a literal must not be compiled.
    fn constant_expr(&self, value: rp::Constant, span: Span) -> ExprKind {
        if let rp::Constant::Str(s) = &value
            && s.contains('\u{FFFD}')
        {
            let source = self.source(span);
            if escapes_surrogate(&source) || source.is_empty() {
                return self.text_of(span, Why::Surrogate);
            }
        }
        if let rp::Constant::Tuple(_) = value {
            return self.text_of(span, Why::Other);
        }
        ExprKind::Constant(constant(value))
    }
}

fn type_param(p: &rp::TypeParam) -> String {
    match p {
        rp::TypeParam::TypeVar(t) => t.name.to_string(),
        rp::TypeParam::ParamSpec(t) => format!("**{}", t.name.as_str()),
        rp::TypeParam::TypeVarTuple(t) => format!("*{}", t.name.as_str()),
    }
}

fn constant(value: rp::Constant) -> Constant {
    match value {
        rp::Constant::None => Constant::None,
        rp::Constant::Bool(true) => Constant::True,
        rp::Constant::Bool(false) => Constant::False,
        rp::Constant::Str(s) => Constant::Str(s),
        rp::Constant::Bytes(b) => Constant::Bytes(b),
        rp::Constant::Int(i) => Constant::Int(i.to_string()),
        rp::Constant::Float(f) => Constant::Float(f.to_bits()),
        rp::Constant::Complex { imag, .. } => Constant::Imaginary(imag.to_bits()),
        rp::Constant::Ellipsis | rp::Constant::Tuple(_) => Constant::Ellipsis,
    }
}

fn bin_op(op: rp::Operator) -> BinOp {
    match op {
        rp::Operator::Add => BinOp::Add,
        rp::Operator::Sub => BinOp::Sub,
        rp::Operator::Mult => BinOp::Mult,
        rp::Operator::MatMult => BinOp::MatMult,
        rp::Operator::Div => BinOp::Div,
        rp::Operator::Mod => BinOp::Mod,
        rp::Operator::Pow => BinOp::Pow,
        rp::Operator::LShift => BinOp::LShift,
        rp::Operator::RShift => BinOp::RShift,
        rp::Operator::BitOr => BinOp::BitOr,
        rp::Operator::BitXor => BinOp::BitXor,
        rp::Operator::BitAnd => BinOp::BitAnd,
        rp::Operator::FloorDiv => BinOp::FloorDiv,
    }
}

fn cmp_op(op: rp::CmpOp) -> CmpOp {
    match op {
        rp::CmpOp::Eq => CmpOp::Eq,
        rp::CmpOp::NotEq => CmpOp::NotEq,
        rp::CmpOp::Lt => CmpOp::Lt,
        rp::CmpOp::LtE => CmpOp::LtE,
        rp::CmpOp::Gt => CmpOp::Gt,
        rp::CmpOp::GtE => CmpOp::GtE,
        rp::CmpOp::Is => CmpOp::Is,
        rp::CmpOp::IsNot => CmpOp::IsNot,
        rp::CmpOp::In => CmpOp::In,
        rp::CmpOp::NotIn => CmpOp::NotIn,
    }
}
