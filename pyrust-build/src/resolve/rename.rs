//! Gives names in a tree other names. Whoever asks has made sure that nothing inside binds those names.

use std::collections::BTreeMap;

use crate::ast::{Comprehension, Expr, ExprKind as E, Params, Pattern, Stmt, StmtKind as S};

pub(super) type Names = BTreeMap<String, String>;

/// Renames in an expression.
pub(super) fn rename(e: &mut Expr, names: &Names) {
    match &mut e.kind {
        E::Name(name) => {
            if let Some(other) = names.get(name) {
                *name = other.clone();
            }
        }
        E::BoolOp { values, .. } | E::JoinedStr(values) => all(values, names),
        E::Set(items) | E::List(items) | E::Tuple(items) => all(items, names),
        E::Named { value, .. } | E::Await(value) | E::YieldFrom(value) | E::Starred(value) => {
            rename(value, names);
        }
        E::UnaryOp { operand: value, .. } | E::Attribute { value, .. } => rename(value, names),
        E::BinOp { left, right, .. } => {
            rename(left, names);
            rename(right, names);
        }
        E::Lambda { params, body } => {
            rename_defaults(params, names);
            rename(body, names);
        }
        E::If { test, body, orelse } => {
            rename(test, names);
            rename(body, names);
            rename(orelse, names);
        }
        E::Dict { items } => {
            for (key, value) in items {
                key.iter_mut().for_each(|e| rename(e, names));
                rename(value, names);
            }
        }
        E::ListComp { element, generators }
        | E::SetComp { element, generators }
        | E::Generator { element, generators } => {
            rename(element, names);
            in_generators(generators, names);
        }
        E::DictComp { key, value, generators } => {
            rename(key, names);
            rename(value, names);
            in_generators(generators, names);
        }
        E::Yield(value) => value.iter_mut().for_each(|e| rename(e, names)),
        E::Compare { left, comparators, .. } => {
            rename(left, names);
            all(comparators, names);
        }
        E::Call { func, args, keywords } => {
            rename(func, names);
            all(args, names);
            keywords.iter_mut().for_each(|k| rename(&mut k.value, names));
        }
        E::Formatted { value, spec, .. } => {
            rename(value, names);
            spec.iter_mut().for_each(|e| rename(e, names));
        }
        E::Subscript { value, index } => {
            rename(value, names);
            rename(index, names);
        }
        E::Slice { lower, upper, step } => {
            [lower, upper, step].into_iter().flatten().for_each(|e| rename(e, names));
        }
        E::Constant(_) | E::Unrepresentable(_) => {}
    }
}

fn all(list: &mut [Expr], names: &Names) {
    list.iter_mut().for_each(|e| rename(e, names));
}

fn in_generators(list: &mut [Comprehension], names: &Names) {
    for g in list {
        rename(&mut g.target, names);
        rename(&mut g.iter, names);
        all(&mut g.ifs, names);
    }
}

/// Renames in statements.
pub fn rename_block(body: &mut [Stmt], names: &Names) {
    for stmt in body {
        rename_statement(stmt, names, &mut |block| rename_block(block, names));
    }
}

/// Renames in the defaults of parameters.
pub(super) fn rename_defaults(params: &mut Params, names: &Names) {
    let lists = [&mut params.positional_only, &mut params.positional, &mut params.keyword_only];
    for param in lists.into_iter().flatten() {
        param.default.iter_mut().for_each(|e| rename(e, names));
    }
}

/// Renames in a pattern.
pub(super) fn rename_pattern(p: &mut Pattern, names: &Names) {
    match p {
        Pattern::Value(e) => rename(e, names),
        Pattern::Singleton(_) | Pattern::Star(_) => {}
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => {
            patterns.iter_mut().for_each(|p| rename_pattern(p, names));
        }
        Pattern::Mapping { keys, patterns, .. } => {
            all(keys, names);
            patterns.iter_mut().for_each(|p| rename_pattern(p, names));
        }
        Pattern::Class { class, patterns, keywords } => {
            rename(class, names);
            patterns.iter_mut().for_each(|p| rename_pattern(p, names));
            keywords.iter_mut().for_each(|(_, p)| rename_pattern(p, names));
        }
        Pattern::As { pattern, .. } => pattern.iter_mut().for_each(|p| rename_pattern(p, names)),
    }
}

/// Renames in what a statement evaluates itself; the statements inside are left to `block`.
pub(super) fn rename_statement(stmt: &mut Stmt, names: &Names, block: &mut dyn FnMut(&mut Vec<Stmt>)) {
    match &mut stmt.kind {
        S::FunctionDef(def) => {
            all(&mut def.decorators, names);
            rename_defaults(&mut def.params, names);
            block(&mut def.body);
        }
        S::ClassDef(class) => {
            all(&mut class.decorators, names);
            all(&mut class.bases, names);
            class.keywords.iter_mut().for_each(|k| rename(&mut k.value, names));
            block(&mut class.body);
        }
        S::Return(e) => e.iter_mut().for_each(|e| rename(e, names)),
        S::Delete(list) => all(list, names),
        S::Assign { targets, value } => {
            all(targets, names);
            rename(value, names);
        }
        S::AugAssign { target, value, .. } | S::TypeAlias { name: target, value, .. } => {
            rename(target, names);
            rename(value, names);
        }
        S::AnnAssign { target, annotation, value, .. } => {
            rename(target, names);
            rename(annotation, names);
            value.iter_mut().for_each(|e| rename(e, names));
        }
        S::For { target, iter, body, orelse, .. } => {
            rename(target, names);
            rename(iter, names);
            block(body);
            block(orelse);
        }
        S::While { test, body, orelse } | S::If { test, body, orelse } => {
            rename(test, names);
            block(body);
            block(orelse);
        }
        S::With { items, body, .. } => {
            for item in items {
                rename(&mut item.context, names);
                item.target.iter_mut().for_each(|e| rename(e, names));
            }
            block(body);
        }
        S::Match { subject, cases } => {
            rename(subject, names);
            for case in cases {
                rename_pattern(&mut case.pattern, names);
                case.guard.iter_mut().for_each(|e| rename(e, names));
                block(&mut case.body);
            }
        }
        S::Raise { exc, cause } => exc.iter_mut().chain(cause).for_each(|e| rename(e, names)),
        S::Try { body, handlers, orelse, finalbody, .. } => {
            block(body);
            for handler in handlers {
                handler.class.iter_mut().for_each(|e| rename(e, names));
                block(&mut handler.body);
            }
            block(orelse);
            block(finalbody);
        }
        S::Assert { test, message } => {
            rename(test, names);
            message.iter_mut().for_each(|e| rename(e, names));
        }
        S::Expr(e) => rename(e, names),
        S::Import(_)
        | S::ImportFrom { .. }
        | S::Global(_)
        | S::Nonlocal(_)
        | S::Pass
        | S::Break
        | S::Continue => {}
    }
}
