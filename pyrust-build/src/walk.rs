//! Visits every expression below a list of statements, with or without nested functions and classes.

mod edit;

use crate::ast::{CmpOp, Comprehension, Constant, Expr, ExprKind as E, Params, Pattern, Stmt, StmtKind as S};
pub use edit::{blocks_mut, expression_mut, expressions_mut, statement_mut, with_blocks};

/// Calls `f` on every expression, parents before children.
pub fn expressions<'a>(body: &'a [Stmt], f: &mut dyn FnMut(&'a Expr)) {
    for stmt in body {
        statement(stmt, true, f);
    }
}

/// The same, without the bodies of nested functions and classes.
pub fn own_expressions<'a>(body: &'a [Stmt], f: &mut dyn FnMut(&'a Expr)) {
    for stmt in body {
        statement(stmt, false, f);
    }
}

fn statement<'a>(stmt: &'a Stmt, nested: bool, f: &mut dyn FnMut(&'a Expr)) {
    let expressions = |body: &'a [Stmt], f: &mut dyn FnMut(&'a Expr)| {
        body.iter().for_each(|stmt| statement(stmt, nested, f));
    };
    match &stmt.kind {
        S::FunctionDef(d) => {
            d.decorators.iter().for_each(|e| expression(e, f));
            params(&d.params, f);
            if nested {
                expressions(&d.body, f);
            }
        }
        S::ClassDef(c) => {
            c.decorators.iter().chain(&c.bases).for_each(|e| expression(e, f));
            c.keywords.iter().for_each(|k| expression(&k.value, f));
            if nested {
                expressions(&c.body, f);
            }
        }
        S::Return(e) => e.iter().for_each(|e| expression(e, f)),
        S::Delete(list) => list.iter().for_each(|e| expression(e, f)),
        S::Assign { targets, value } => {
            targets.iter().for_each(|e| expression(e, f));
            expression(value, f);
        }
        S::AugAssign { target, value, .. } | S::TypeAlias { name: target, value, .. } => {
            expression(target, f);
            expression(value, f);
        }
        S::AnnAssign { target, value, .. } => {
            expression(target, f);
            value.iter().for_each(|e| expression(e, f));
        }
        S::For { target, iter, body, orelse, .. } => {
            expression(target, f);
            expression(iter, f);
            expressions(body, f);
            expressions(orelse, f);
        }
        S::While { test, body, orelse } | S::If { test, body, orelse } => {
            expression(test, f);
            expressions(body, f);
            expressions(orelse, f);
        }
        S::With { items, body, .. } => {
            for item in items {
                expression(&item.context, f);
                item.target.iter().for_each(|e| expression(e, f));
            }
            expressions(body, f);
        }
        S::Match { subject, cases } => {
            expression(subject, f);
            for case in cases {
                pattern(&case.pattern, f);
                case.guard.iter().for_each(|e| expression(e, f));
                expressions(&case.body, f);
            }
        }
        S::Raise { exc, cause } => exc.iter().chain(cause).for_each(|e| expression(e, f)),
        S::Try { body, handlers, orelse, finalbody, .. } => {
            expressions(body, f);
            for handler in handlers {
                handler.class.iter().for_each(|e| expression(e, f));
                expressions(&handler.body, f);
            }
            expressions(orelse, f);
            expressions(finalbody, f);
        }
        S::Assert { test, message } => {
            expression(test, f);
            message.iter().for_each(|e| expression(e, f));
        }
        S::Expr(e) => expression(e, f),
        S::Import(_)
        | S::ImportFrom { .. }
        | S::Global(_)
        | S::Nonlocal(_)
        | S::Pass
        | S::Break
        | S::Continue => {}
    }
}

fn pattern<'a>(p: &'a Pattern, f: &mut dyn FnMut(&'a Expr)) {
    match p {
        Pattern::Value(e) => expression(e, f),
        Pattern::Singleton(_) | Pattern::Star(_) => {}
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => patterns.iter().for_each(|p| pattern(p, f)),
        Pattern::Mapping { keys, patterns, .. } => {
            keys.iter().for_each(|e| expression(e, f));
            patterns.iter().for_each(|p| pattern(p, f));
        }
        Pattern::Class { class, patterns, keywords } => {
            expression(class, f);
            patterns.iter().for_each(|p| pattern(p, f));
            keywords.iter().for_each(|(_, p)| pattern(p, f));
        }
        Pattern::As { pattern: inner, .. } => inner.iter().for_each(|p| pattern(p, f)),
    }
}

fn params<'a>(p: &'a Params, f: &mut dyn FnMut(&'a Expr)) {
    p.in_frame_order().filter_map(|p| p.default.as_ref()).for_each(|e| expression(e, f));
}

fn generators<'a>(list: &'a [Comprehension], f: &mut dyn FnMut(&'a Expr)) {
    for g in list {
        expression(&g.target, f);
        expression(&g.iter, f);
        g.ifs.iter().for_each(|e| expression(e, f));
    }
}

/// The same for one expression.
pub fn expression<'a>(e: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    f(e);
    match &e.kind {
        E::BoolOp { values, .. } | E::JoinedStr(values) => values.iter().for_each(|e| expression(e, f)),
        E::Set(items) | E::List(items) | E::Tuple(items) => items.iter().for_each(|e| expression(e, f)),
        E::Named { value, .. } | E::Await(value) | E::YieldFrom(value) | E::Starred(value) => {
            expression(value, f);
        }
        E::UnaryOp { operand: value, .. } | E::Attribute { value, .. } => expression(value, f),
        E::BinOp { left, right, .. } => {
            expression(left, f);
            expression(right, f);
        }
        E::Lambda { params: p, body } => {
            params(p, f);
            expression(body, f);
        }
        E::If { test, body, orelse } => {
            expression(test, f);
            expression(body, f);
            expression(orelse, f);
        }
        E::Dict { items } => {
            for (k, v) in items {
                k.iter().for_each(|e| expression(e, f));
                expression(v, f);
            }
        }
        E::ListComp { element, generators: g }
        | E::SetComp { element, generators: g }
        | E::Generator { element, generators: g } => {
            expression(element, f);
            generators(g, f);
        }
        E::DictComp { key, value, generators: g } => {
            expression(key, f);
            expression(value, f);
            generators(g, f);
        }
        E::Yield(value) => value.iter().for_each(|e| expression(e, f)),
        E::Compare { left, comparators, .. } => {
            expression(left, f);
            comparators.iter().for_each(|e| expression(e, f));
        }
        E::Call { func, args, keywords } => {
            expression(func, f);
            args.iter().for_each(|e| expression(e, f));
            keywords.iter().for_each(|k| expression(&k.value, f));
        }
        E::Formatted { value, spec, .. } => {
            expression(value, f);
            spec.iter().for_each(|e| expression(e, f));
        }
        E::Subscript { value, index } => {
            expression(value, f);
            expression(index, f);
        }
        E::Slice { lower, upper, step } => {
            [lower, upper, step].into_iter().flatten().for_each(|e| expression(e, f));
        }
        E::Constant(_) | E::Name(_) | E::Unrepresentable(_) => {}
    }
}

/// Is there a decorated function in the statement, or inside?
pub fn has_decorators(stmt: &Stmt) -> bool {
    let block = |body: &[Stmt]| body.iter().any(has_decorators);
    match &stmt.kind {
        S::FunctionDef(d) => !d.decorators.is_empty() || block(&d.body),
        S::If { body, orelse, .. } | S::While { body, orelse, .. } | S::For { body, orelse, .. } => {
            block(body) || block(orelse)
        }
        S::With { body, .. } => block(body),
        S::Match { cases, .. } => cases.iter().any(|c| block(&c.body)),
        S::Try { body, handlers, orelse, finalbody, .. } => {
            block(body) || handlers.iter().any(|h| block(&h.body)) || block(orelse) || block(finalbody)
        }
        _ => false,
    }
}

/// Does the body of a function make it a generator?
pub fn has_yield(body: &[Stmt]) -> bool {
    let mut found = false;
    own_expressions(body, &mut |e| found |= is_yield(e));
    found
}

pub fn is_yield(e: &Expr) -> bool {
    matches!(e.kind, E::Yield(_) | E::YieldFrom(_))
}

/// Does the function ask which object a value is, other than a class, one of which there is one, or a `marker`? Where that
/// is not answered natively, Python must have the objects that it would have without native code. `has_id`: `id` is the
/// builtin in it.
pub fn asks_identity(body: &[Stmt], marker: &dyn Fn(&Expr) -> bool, has_id: bool) -> bool {
    let is_single = |e: &Expr| match &e.kind {
        E::Constant(Constant::None | Constant::True | Constant::False | Constant::Ellipsis) => true,
        E::Call { func, .. } => matches!(&func.kind, E::Name(name) if name == "type"),
        _ => marker(e),
    };
    let mut found = false;
    expressions(body, &mut |e| match &e.kind {
        E::Compare { left, ops, comparators } => {
            let sides: Vec<&Expr> = std::iter::once(&**left).chain(comparators).collect();
            let pairs = ops.iter().zip(sides.windows(2));
            found |= pairs.into_iter().any(|(op, pair)| {
                matches!(op, CmpOp::Is | CmpOp::IsNot) && !pair.iter().any(|side| is_single(side))
            });
        }
        E::Name(name) => found |= has_id && name == "id",
        _ => {}
    });
    found
}

/// Every statement of a block, at any depth, but for what stands in functions and classes inside.
pub fn each_statement(block: &[Stmt], f: &mut dyn FnMut(&Stmt)) {
    for stmt in block {
        f(stmt);
        blocks(stmt).into_iter().for_each(|block| each_statement(block, f));
    }
}

/// The blocks of a statement.
pub fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match &stmt.kind {
        S::For { body, orelse, .. } | S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
            vec![body, orelse]
        }
        S::With { body, .. } => vec![body],
        S::Try { body, handlers, orelse, finalbody, .. } => {
            let mut all: Vec<&[Stmt]> = vec![body];
            all.extend(handlers.iter().map(|h| &h.body[..]));
            all.extend([&orelse[..], &finalbody[..]]);
            all
        }
        S::Match { cases, .. } => cases.iter().map(|case| &case.body[..]).collect(),
        _ => Vec::new(),
    }
}
