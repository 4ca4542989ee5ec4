//! Which names of a function body are its locals: everything it binds, minus what it declares `global`.

use super::Lower;
use crate::ast::{Expr, ExprKind, Pattern, Stmt, StmtKind};

/// Declares every name that `body` binds as a local of the function scope.
pub(super) fn declare(cx: &mut Lower<'_>, body: &[Stmt]) {
    let mut names = Vec::new();
    for stmt in body {
        collect(&mut cx.globals, stmt, &mut names);
    }
    // A `:=` of a lambda is taken along: a local that nothing here binds is unbound.
    crate::walk::own_expressions(body, &mut |e| {
        if let ExprKind::Named { target, .. } = &e.kind {
            names.push(target.clone());
        }
    });
    let own = cx.scopes[0].id.expect("the function has a scope");
    for name in names {
        let elsewhere = cx.globals.contains(&name) || cx.symbols.is_nonlocal(own, &name);
        if !elsewhere && !cx.scopes[0].vars.contains_key(&name) {
            let var = cx.new_var(&name);
            cx.vars[var].cell = cx.is_cell(&name);
            cx.scopes[0].vars.insert(name, var);
        }
    }
    for (name, shown) in cx.symbols.clone().defaults(own) {
        let var = cx.new_var(&shown);
        cx.scopes[0].vars.insert(name, var);
    }
}

fn collect(globals: &mut Vec<String>, stmt: &Stmt, names: &mut Vec<String>) {
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
            globals.extend(list.iter().cloned());
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
        StmtKind::Assign { targets, .. } => {
            targets.iter().for_each(|t| target(t, names));
            vec![]
        }
        StmtKind::AugAssign { target: t, .. } | StmtKind::AnnAssign { target: t, .. } => {
            target(t, names);
            vec![]
        }
        StmtKind::Delete(targets) => {
            targets.iter().for_each(|t| target(t, names));
            vec![]
        }
        StmtKind::For { target: t, body, orelse, .. } => {
            target(t, names);
            vec![body, orelse]
        }
        StmtKind::While { body, orelse, .. } | StmtKind::If { body, orelse, .. } => vec![body, orelse],
        StmtKind::With { items, body, .. } => {
            items.iter().filter_map(|i| i.target.as_ref()).for_each(|t| target(t, names));
            vec![body]
        }
        StmtKind::Match { cases, .. } => {
            cases.iter().for_each(|case| captures(&case.pattern, names));
            cases.iter().map(|case| case.body.as_slice()).collect()
        }
        StmtKind::TypeAlias { name, .. } => {
            target(name, names);
            vec![]
        }
        StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
            for handler in handlers {
                names.extend(handler.name.clone());
                handler.body.iter().for_each(|s| collect(globals, s, names));
            }
            vec![body, orelse, finalbody]
        }
        _ => vec![],
    };
    blocks.into_iter().flatten().for_each(|s| collect(globals, s, names));
}

/// Do the statements bind the name?
pub(super) fn binds(body: &[Stmt], name: &str) -> bool {
    let (mut names, mut globals) = (Vec::new(), Vec::new());
    body.iter().for_each(|stmt| collect(&mut globals, stmt, &mut names));
    crate::walk::own_expressions(body, &mut |e| {
        if let ExprKind::Named { target, .. } = &e.kind {
            names.push(target.clone());
        }
    });
    names.iter().any(|n| n == name)
}

/// `push = out.append` where `push` is assigned once and only called: the calls become method calls.
pub(super) fn method_aliases(
    cx: &mut Lower<'_>,
    body: &[Stmt],
) -> std::collections::BTreeMap<String, (crate::hir::VarId, String)> {
    let mut assigned = Vec::new();
    let mut mentions: std::collections::BTreeMap<String, (usize, usize)> = Default::default();
    alias_assignments(body, &mut assigned);
    if assigned.is_empty() {
        return Default::default();
    }
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
    for (name, (object, attr)) in &assigned {
        let (all, calls) = mentions.get(name).copied().unwrap_or_default();
        let once = assigned.iter().filter(|(n, _)| n == name).count() == 1;
        // The functions of a module are values; what is never called is no method.
        if once
            && cx.lookup(object).is_some()
            && all == calls + 1
            && calls > 0
            && cx.scopes[0].vars.contains_key(name)
            && !cx.is_cell(name)
        {
            out.insert(name.clone(), (cx.new_var(&format!("{name}{ALIAS}")), attr.clone()));
        }
    }
    out
}

fn alias_assignments(body: &[Stmt], out: &mut Vec<(String, (String, String))>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let (
                    [Expr { kind: ExprKind::Name(name), .. }],
                    ExprKind::Attribute { value: base, name: attr },
                ) = (targets.as_slice(), &value.kind)
                    && let ExprKind::Name(object) = &base.kind
                {
                    out.push((name.clone(), (object.clone(), attr.clone())));
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

/// Behind the name of a variable: it holds the receiver of the method that the text puts into the variable of that name.
pub(crate) const ALIAS: &str = "[self]";

/// Names that a pattern binds.
pub(super) fn captures(pattern: &Pattern, names: &mut Vec<String>) {
    match pattern {
        Pattern::Value(_) | Pattern::Singleton(_) => {}
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => {
            patterns.iter().for_each(|p| captures(p, names));
        }
        Pattern::Mapping { patterns, rest, .. } => {
            patterns.iter().for_each(|p| captures(p, names));
            names.extend(rest.clone());
        }
        Pattern::Class { patterns, keywords, .. } => {
            patterns.iter().chain(keywords.iter().map(|(_, p)| p)).for_each(|p| captures(p, names));
        }
        Pattern::Star(name) => names.extend(name.clone()),
        Pattern::As { pattern, name } => {
            pattern.iter().for_each(|p| captures(p, names));
            names.extend(name.clone());
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
