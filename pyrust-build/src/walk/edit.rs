//! The same visits for whoever changes the tree.

use crate::ast::{
    Comprehension, Expr, ExprKind as E, Handler, MatchCase, Params, Pattern, Stmt, StmtKind as S,
};

type Edit<'f> = &'f mut dyn FnMut(&mut Expr);

/// Calls `f` on an expression and on all below, parents before children.
pub fn expression_mut(e: &mut Expr, f: Edit) {
    f(e);
    match &mut e.kind {
        E::BoolOp { values, .. } | E::JoinedStr(values) => all(values, f),
        E::Set(items) | E::List(items) | E::Tuple(items) => all(items, f),
        E::Named { value, .. } | E::Await(value) | E::YieldFrom(value) | E::Starred(value) => {
            expression_mut(value, f);
        }
        E::UnaryOp { operand: value, .. } | E::Attribute { value, .. } => expression_mut(value, f),
        E::BinOp { left, right, .. } => {
            expression_mut(left, f);
            expression_mut(right, f);
        }
        E::Lambda { params, body } => {
            defaults_mut(params, f);
            expression_mut(body, f);
        }
        E::If { test, body, orelse } => {
            expression_mut(test, f);
            expression_mut(body, f);
            expression_mut(orelse, f);
        }
        E::Dict { items } => {
            for (key, value) in items {
                key.iter_mut().for_each(|e| expression_mut(e, f));
                expression_mut(value, f);
            }
        }
        E::ListComp { element, generators }
        | E::SetComp { element, generators }
        | E::Generator { element, generators } => {
            expression_mut(element, f);
            in_generators(generators, f);
        }
        E::DictComp { key, value, generators } => {
            expression_mut(key, f);
            expression_mut(value, f);
            in_generators(generators, f);
        }
        E::Yield(value) => value.iter_mut().for_each(|e| expression_mut(e, f)),
        E::Compare { left, comparators, .. } => {
            expression_mut(left, f);
            all(comparators, f);
        }
        E::Call { func, args, keywords } => {
            expression_mut(func, f);
            all(args, f);
            keywords.iter_mut().for_each(|k| expression_mut(&mut k.value, f));
        }
        E::Formatted { value, spec, .. } => {
            expression_mut(value, f);
            spec.iter_mut().for_each(|e| expression_mut(e, f));
        }
        E::Subscript { value, index } => {
            expression_mut(value, f);
            expression_mut(index, f);
        }
        E::Slice { lower, upper, step } => {
            [lower, upper, step].into_iter().flatten().for_each(|e| expression_mut(e, f));
        }
        E::Constant(_) | E::Name(_) | E::Unrepresentable(_) => {}
    }
}

/// The statement with other blocks in it, each made of the one that stands there.
pub fn with_blocks(stmt: &Stmt, f: &mut dyn FnMut(&[Stmt]) -> Vec<Stmt>) -> Stmt {
    let kind = match &stmt.kind {
        S::For { target, iter, body, orelse, is_async } => S::For {
            target: target.clone(),
            iter: iter.clone(),
            body: f(body),
            orelse: f(orelse),
            is_async: *is_async,
        },
        S::While { test, body, orelse } => S::While { test: test.clone(), body: f(body), orelse: f(orelse) },
        S::If { test, body, orelse } => S::If { test: test.clone(), body: f(body), orelse: f(orelse) },
        S::With { items, body, is_async } => {
            S::With { items: items.clone(), body: f(body), is_async: *is_async }
        }
        S::Try { body, handlers, orelse, finalbody, is_star } => {
            let body = f(body);
            let handlers = handlers.iter().map(|handler| Handler {
                class: handler.class.clone(),
                name: handler.name.clone(),
                body: f(&handler.body),
                span: handler.span,
            });
            let handlers = handlers.collect();
            S::Try { body, handlers, orelse: f(orelse), finalbody: f(finalbody), is_star: *is_star }
        }
        S::Match { subject, cases } => {
            let cases = cases.iter().map(|case| MatchCase {
                pattern: case.pattern.clone(),
                guard: case.guard.clone(),
                body: f(&case.body),
                span: case.span,
            });
            S::Match { subject: subject.clone(), cases: cases.collect() }
        }
        other => other.clone(),
    };
    Stmt { kind, span: stmt.span }
}

fn all(list: &mut [Expr], f: Edit) {
    list.iter_mut().for_each(|e| expression_mut(e, f));
}

fn in_generators(list: &mut [Comprehension], f: Edit) {
    for g in list {
        expression_mut(&mut g.target, f);
        expression_mut(&mut g.iter, f);
        all(&mut g.ifs, f);
    }
}

/// Calls `f` on every expression of the statements.
pub fn expressions_mut(body: &mut [Stmt], f: Edit) {
    for stmt in body {
        statement_mut(stmt, f);
        blocks_mut(stmt).into_iter().for_each(|block| expressions_mut(block, f));
    }
}

/// Calls `f` on the defaults of parameters.
fn defaults_mut(params: &mut Params, f: Edit) {
    let lists = [&mut params.positional_only, &mut params.positional, &mut params.keyword_only];
    for param in lists.into_iter().flatten() {
        param.default.iter_mut().for_each(|e| expression_mut(e, f));
    }
}

fn pattern_mut(p: &mut Pattern, f: Edit) {
    match p {
        Pattern::Value(e) => expression_mut(e, f),
        Pattern::Singleton(_) | Pattern::Star(_) => {}
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => {
            patterns.iter_mut().for_each(|p| pattern_mut(p, f));
        }
        Pattern::Mapping { keys, patterns, .. } => {
            all(keys, f);
            patterns.iter_mut().for_each(|p| pattern_mut(p, f));
        }
        Pattern::Class { class, patterns, keywords } => {
            expression_mut(class, f);
            patterns.iter_mut().for_each(|p| pattern_mut(p, f));
            keywords.iter_mut().for_each(|(_, p)| pattern_mut(p, f));
        }
        Pattern::As { pattern, .. } => pattern.iter_mut().for_each(|p| pattern_mut(p, f)),
    }
}

/// Calls `f` on what a statement evaluates itself, without the statements inside.
pub fn statement_mut(stmt: &mut Stmt, f: Edit) {
    match &mut stmt.kind {
        S::FunctionDef(def) => {
            all(&mut def.decorators, f);
            defaults_mut(&mut def.params, f);
        }
        S::ClassDef(class) => {
            all(&mut class.decorators, f);
            all(&mut class.bases, f);
            class.keywords.iter_mut().for_each(|k| expression_mut(&mut k.value, f));
        }
        S::Return(e) => e.iter_mut().for_each(|e| expression_mut(e, f)),
        S::Delete(list) => all(list, f),
        S::Assign { targets, value } => {
            all(targets, f);
            expression_mut(value, f);
        }
        S::AugAssign { target, value, .. } | S::TypeAlias { name: target, value, .. } => {
            expression_mut(target, f);
            expression_mut(value, f);
        }
        S::AnnAssign { target, annotation, value, .. } => {
            expression_mut(target, f);
            expression_mut(annotation, f);
            value.iter_mut().for_each(|e| expression_mut(e, f));
        }
        S::For { target, iter, .. } => {
            expression_mut(target, f);
            expression_mut(iter, f);
        }
        S::While { test, .. } | S::If { test, .. } => {
            expression_mut(test, f);
        }
        S::With { items, .. } => {
            for item in items {
                expression_mut(&mut item.context, f);
                item.target.iter_mut().for_each(|e| expression_mut(e, f));
            }
        }
        S::Match { subject, cases } => {
            expression_mut(subject, f);
            for case in cases {
                pattern_mut(&mut case.pattern, f);
                case.guard.iter_mut().for_each(|e| expression_mut(e, f));
            }
        }
        S::Raise { exc, cause } => exc.iter_mut().chain(cause).for_each(|e| expression_mut(e, f)),
        S::Try { handlers, .. } => {
            for handler in handlers {
                handler.class.iter_mut().for_each(|e| expression_mut(e, f));
            }
        }
        S::Assert { test, message } => {
            expression_mut(test, f);
            message.iter_mut().for_each(|e| expression_mut(e, f));
        }
        S::Expr(e) => expression_mut(e, f),
        S::Import(_)
        | S::ImportFrom { .. }
        | S::Global(_)
        | S::Nonlocal(_)
        | S::Pass
        | S::Break
        | S::Continue => {}
    }
}

/// The blocks of a statement, of functions and classes as well.
pub fn blocks_mut(stmt: &mut Stmt) -> Vec<&mut Vec<Stmt>> {
    match &mut stmt.kind {
        S::FunctionDef(def) => vec![&mut def.body],
        S::ClassDef(class) => vec![&mut class.body],
        S::For { body, orelse, .. } | S::While { body, orelse, .. } | S::If { body, orelse, .. } => {
            vec![body, orelse]
        }
        S::With { body, .. } => vec![body],
        S::Try { body, handlers, orelse, finalbody, .. } => {
            let mut all = vec![body];
            all.extend(handlers.iter_mut().map(|h| &mut h.body));
            all.extend([orelse, finalbody]);
            all
        }
        S::Match { cases, .. } => cases.iter_mut().map(|case| &mut case.body).collect(),
        _ => Vec::new(),
    }
}
