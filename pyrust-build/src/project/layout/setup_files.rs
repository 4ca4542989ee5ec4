//! `setup.cfg` and `setup.py`: what can be read from them without running anything.

use std::path::Path;

use super::Said;
use crate::ast::{Constant, Expr, ExprKind, Stmt, StmtKind};
use crate::host;
use crate::parse;
use crate::source::SourceFile;

/// Both files, `setup.cfg` first.
pub(super) fn read(root: &Path) -> Said {
    let mut said = Said::default();
    if let Ok(text) = host::read_text(&root.join("setup.cfg"), "setup.cfg", "PYR0202") {
        setup_cfg(&text, &mut said);
    }
    if let Ok(text) = host::read_text(&root.join("setup.py"), "setup.py", "PYR0202") {
        let file = SourceFile::new("setup", "setup.py", text);
        if let Ok(module) = parse::parse_module(&file) {
            statements(&module.body, &mut said);
        }
    }
    said
}

/// The subset of the format that matters: sections, `key = value`, indented continuation lines, comment lines.
fn setup_cfg(text: &str, said: &mut Said) {
    let (mut section, mut key) = (String::new(), String::new());
    let mut values: Vec<(String, String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.trim().to_string();
            key.clear();
        } else if line.starts_with([' ', '\t']) && !key.is_empty() {
            if let Some(last) = values.last_mut() {
                last.2.push(trimmed.to_string());
            }
        } else if let Some((name, value)) = line.split_once(['=', ':']) {
            key = name.trim().replace('-', "_");
            let first = value.trim();
            let lines = if first.is_empty() { Vec::new() } else { vec![first.to_string()] };
            values.push((section.clone(), key.clone(), lines));
        }
    }
    for (section, key, lines) in values {
        let items = || {
            lines.iter().flat_map(|l| l.split(',')).map(|s| s.trim().to_string()).filter(|s| !s.is_empty())
        };
        match (section.as_str(), key.as_str()) {
            ("options", "packages") => match lines.first().map(String::as_str) {
                Some("find:") => said.find = true,
                Some("find_namespace:") => (said.find, said.namespaces) = (true, true),
                _ => said.packages = Some(items().collect()),
            },
            ("options", "package_dir") => {
                for item in items() {
                    match item.split_once('=').map(|(package, folder)| (package.trim(), folder.trim())) {
                        Some(("", folder)) => said.roots.push(folder.to_string()),
                        Some((package, folder)) => {
                            said.folders.push((package.to_string(), folder.to_string()))
                        }
                        None => {}
                    }
                }
            }
            ("options", "py_modules") => said.modules = items().collect(),
            ("options.packages.find", "where") => said.roots.extend(items()),
            _ => {}
        }
    }
}

/// Looks for `setup(...)`, at the top or inside `if __name__ == "__main__":` and the like.
fn statements(body: &[Stmt], said: &mut Said) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Expr(expr) => call(expr, said),
            StmtKind::If { body, orelse, .. } => {
                statements(body, said);
                statements(orelse, said);
            }
            StmtKind::Try { body, .. } | StmtKind::With { body, .. } => statements(body, said),
            StmtKind::FunctionDef(function) => statements(&function.body, said),
            _ => {}
        }
    }
}

fn call(expr: &Expr, said: &mut Said) {
    let ExprKind::Call { func, keywords, .. } = &expr.kind else { return };
    if called(func) != Some("setup") {
        return;
    }
    for keyword in keywords {
        match keyword.name.as_deref() {
            Some("packages") => match &keyword.value.kind {
                ExprKind::Call { func, args, keywords } => {
                    said.find = true;
                    said.namespaces |= called(func) == Some("find_namespace_packages");
                    let place =
                        keywords.iter().find(|k| k.name.as_deref() == Some("where")).map(|k| &k.value);
                    said.roots.extend(place.or(args.first()).and_then(string));
                }
                _ => {
                    if let Some(list) = strings(&keyword.value).filter(|list| !list.is_empty()) {
                        said.packages = Some(list);
                    }
                }
            },
            Some("package_dir") => {
                if let ExprKind::Dict { items } = &keyword.value.kind {
                    for (package, folder) in items {
                        match (package.as_ref().and_then(string).as_deref(), string(folder)) {
                            (Some(""), Some(folder)) => said.roots.push(folder),
                            (Some(package), Some(folder)) => said.folders.push((package.to_string(), folder)),
                            _ => {}
                        }
                    }
                }
            }
            Some("py_modules") => said.modules = strings(&keyword.value).unwrap_or_default(),
            _ => {}
        }
    }
}

fn called(func: &Expr) -> Option<&str> {
    match &func.kind {
        ExprKind::Name(name) | ExprKind::Attribute { name, .. } => Some(name),
        _ => None,
    }
}

fn string(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Constant(Constant::Str(text)) => Some(text.clone()),
        _ => None,
    }
}

fn strings(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().map(string).collect(),
        _ => None,
    }
}
