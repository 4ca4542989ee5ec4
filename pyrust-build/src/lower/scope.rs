//! Which names of a function body are its locals: everything it binds, minus what it declares `global`.

use super::Lower;
use crate::ast::{Comprehension, Expr, ExprKind, Stmt, StmtKind};

/// Declares every name that `body` binds as a local of the function scope.
pub(super) fn declare(cx: &mut Lower<'_>, body: &[Stmt]) {
    let mut names = Vec::new();
    for stmt in body {
        collect(cx, stmt, &mut names);
    }
    for name in names {
        if !cx.globals.contains(&name) && !cx.scopes[0].contains_key(&name) {
            let var = cx.new_var(&name);
            cx.scopes[0].insert(name, var);
        }
    }
}

fn collect(cx: &mut Lower<'_>, stmt: &Stmt, names: &mut Vec<String>) {
    let blocks: Vec<&[Stmt]> = match &stmt.kind {
        StmtKind::FunctionDef(f) => {
            names.push(f.name.clone());
            vec![]
        }
        StmtKind::ClassDef(c) => {
            names.push(c.name.clone());
            vec![]
        }
        StmtKind::Global(list) => {
            cx.globals.extend(list.iter().cloned());
            cx.refuse(
                "PYR0309",
                stmt.span,
                "assigning to a global is not supported",
                "return the value and assign it in the caller",
            );
            vec![]
        }
        StmtKind::Import(list) => {
            names.extend(list.iter().map(|a| {
                a.as_name.clone().unwrap_or_else(|| a.name.split('.').next().unwrap_or_default().into())
            }));
            vec![]
        }
        StmtKind::ImportFrom { names: list, .. } => {
            names.extend(list.iter().map(|a| a.as_name.clone().unwrap_or_else(|| a.name.clone())));
            vec![]
        }
        StmtKind::Assign { targets, value } => {
            targets.iter().for_each(|t| target(t, names));
            walrus(value, names);
            vec![]
        }
        StmtKind::AugAssign { target: t, value, .. } => {
            target(t, names);
            walrus(value, names);
            vec![]
        }
        StmtKind::AnnAssign { target: t, value, .. } => {
            target(t, names);
            value.iter().for_each(|v| walrus(v, names));
            vec![]
        }
        StmtKind::Delete(targets) => {
            targets.iter().for_each(|t| target(t, names));
            vec![]
        }
        StmtKind::For { target: t, iter, body, orelse, .. } => {
            target(t, names);
            walrus(iter, names);
            vec![body, orelse]
        }
        StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
            walrus(test, names);
            vec![body, orelse]
        }
        StmtKind::With { items, body, .. } => {
            items.iter().filter_map(|i| i.target.as_ref()).for_each(|t| target(t, names));
            vec![body]
        }
        StmtKind::Match { .. } => vec![],
        StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
            for handler in handlers {
                names.extend(handler.name.clone());
                handler.body.iter().for_each(|s| collect(cx, s, names));
            }
            vec![body, orelse, finalbody]
        }
        StmtKind::Return(Some(e)) | StmtKind::Expr(e) => {
            walrus(e, names);
            vec![]
        }
        StmtKind::Assert { test, .. } => {
            walrus(test, names);
            vec![]
        }
        _ => vec![],
    };
    blocks.into_iter().flatten().for_each(|s| collect(cx, s, names));
}

/// `push = out.append` where `push` is assigned once and only called: the calls become method calls.
pub(super) fn method_aliases(
    cx: &mut Lower<'_>,
    body: &[Stmt],
) -> std::collections::BTreeMap<String, (crate::hir::VarId, String)> {
    let mut assigned = Vec::new();
    let mut mentions: std::collections::BTreeMap<String, (usize, usize)> = Default::default();
    alias_assignments(body, &mut assigned);
    crate::walk::expressions(body, &mut |e| match &e.kind {
        ExprKind::Name(name) => mentions.entry(name.clone()).or_default().0 += 1,
        ExprKind::Call { func, .. } => {
            if let ExprKind::Name(name) = &func.kind {
                mentions.entry(name.clone()).or_default().1 += 1;
            }
        }
        _ => {}
    });
    let mut out = std::collections::BTreeMap::new();
    for (name, attr) in &assigned {
        let (all, calls) = mentions.get(name).copied().unwrap_or_default();
        let once = assigned.iter().filter(|(n, _)| n == name).count() == 1;
        if once && all == calls + 1 && cx.scopes[0].contains_key(name) {
            out.insert(name.clone(), (cx.new_var(&format!("{name}_self")), attr.clone()));
        }
    }
    out
}

fn alias_assignments(body: &[Stmt], out: &mut Vec<(String, String)>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let (
                    [Expr { kind: ExprKind::Name(name), .. }],
                    ExprKind::Attribute { value: base, name: attr },
                ) = (targets.as_slice(), &value.kind)
                    && matches!(base.kind, ExprKind::Name(_))
                {
                    out.push((name.clone(), attr.clone()));
                }
            }
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                alias_assignments(body, out);
                alias_assignments(orelse, out);
            }
            _ => {}
        }
    }
}

fn target(t: &Expr, names: &mut Vec<String>) {
    match &t.kind {
        ExprKind::Name(name) => names.push(name.clone()),
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|t| target(t, names)),
        ExprKind::Starred(inner) => target(inner, names),
        _ => {}
    }
}

/// Names bound by `:=` anywhere inside an expression; inside comprehensions they belong to the function too.
fn walrus(e: &Expr, names: &mut Vec<String>) {
    let mut visit = |e: &Expr| walrus(e, names);
    let comps = |gens: &[Comprehension], visit: &mut dyn FnMut(&Expr)| {
        for g in gens {
            visit(&g.iter);
            g.ifs.iter().for_each(&mut *visit);
        }
    };
    match &e.kind {
        ExprKind::Named { target, value } => {
            visit(value);
            names.push(target.clone());
        }
        ExprKind::BoolOp { values, .. } => values.iter().for_each(visit),
        ExprKind::BinOp { left, right, .. } => {
            visit(left);
            visit(right);
        }
        ExprKind::UnaryOp { operand, .. } => visit(operand),
        ExprKind::If { test, body, orelse } => {
            visit(test);
            visit(body);
            visit(orelse);
        }
        ExprKind::Dict { items } => items.iter().for_each(|(k, v)| {
            k.iter().for_each(&mut visit);
            visit(v);
        }),
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => items.iter().for_each(visit),
        ExprKind::ListComp { element, generators }
        | ExprKind::SetComp { element, generators }
        | ExprKind::Generator { element, generators } => {
            visit(element);
            comps(generators, &mut visit);
        }
        ExprKind::DictComp { key, value, generators } => {
            visit(key);
            visit(value);
            comps(generators, &mut visit);
        }
        ExprKind::Compare { left, comparators, .. } => {
            visit(left);
            comparators.iter().for_each(visit);
        }
        ExprKind::Call { func, args, keywords } => {
            visit(func);
            args.iter().for_each(&mut visit);
            keywords.iter().for_each(|k| visit(&k.value));
        }
        ExprKind::JoinedStr(parts) => parts.iter().for_each(visit),
        ExprKind::Formatted { value, .. } => visit(value),
        ExprKind::Attribute { value, .. } => visit(value),
        ExprKind::Starred(value) => visit(value),
        ExprKind::Subscript { value, index } => {
            visit(value);
            visit(index);
        }
        ExprKind::Slice { lower, upper, step } => {
            for part in [lower, upper, step].into_iter().flatten() {
                visit(part);
            }
        }
        _ => {}
    }
}
