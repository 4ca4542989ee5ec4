//! Lambdas that stand in the tables of a module or a class: functions under names that say where they stand.
//!
//! `OPS = {"+": add, "-": lambda a, b: a - b}` has one called `OPS[1]`: the value of the second item. `digest.py` finds
//! its code by the same rule, and the runtime looks it up in the table, wherever its code is compared.

use crate::ast::{Expr, ExprKind as E, FunctionDef, Stmt, StmtKind as S};

/// Behind the name of a table: the place of an item.
const OPEN: char = '[';

/// Is it the name of a function that stands in a table?
pub fn is_item(name: &str) -> bool {
    name.ends_with(']') && name.contains(OPEN)
}

/// Takes lambdas out of tables and puts their names there; the functions by these names.
pub(super) fn lift(body: &mut [Stmt]) -> Vec<(String, FunctionDef)> {
    let mut found = Vec::new();
    block("", body, &mut found);
    found
}

fn block(prefix: &str, body: &mut [Stmt], found: &mut Vec<(String, FunctionDef)>) {
    for stmt in body {
        match &mut stmt.kind {
            S::Assign { targets, value } => {
                if let [target] = targets.as_slice() {
                    table(prefix, target, value, found);
                }
            }
            S::AnnAssign { target, value: Some(value), .. } => table(prefix, target, value, found),
            S::ClassDef(class) if prefix.is_empty() => {
                block(&format!("{}.", class.name), &mut class.body, found)
            }
            S::If { body, orelse, .. } => [body, orelse].into_iter().for_each(|b| block(prefix, b, found)),
            S::Try { body, orelse, .. } => [body, orelse].into_iter().for_each(|b| block(prefix, b, found)),
            _ => {}
        }
    }
}

fn table(prefix: &str, target: &Expr, value: &mut Expr, found: &mut Vec<(String, FunctionDef)>) {
    match &target.kind {
        // A class has it under another name.
        E::Name(name) if !prefix.is_empty() && name.starts_with("__") => {}
        E::Name(name) => items(&format!("{prefix}{name}"), value, found),
        _ => {}
    }
}

fn items(place: &str, table: &mut Expr, found: &mut Vec<(String, FunctionDef)>) {
    let values: Vec<&mut Expr> = match &mut table.kind {
        // What is unpacked has as many items as it likes.
        E::List(items) | E::Tuple(items) => {
            items.iter_mut().take_while(|e| !matches!(e.kind, E::Starred(_))).collect()
        }
        E::Dict { items } => {
            items.iter_mut().take_while(|(key, _)| key.is_some()).map(|(_, value)| value).collect()
        }
        _ => return,
    };
    for (at, value) in values.into_iter().enumerate() {
        let name = format!("{place}{OPEN}{at}]");
        match &value.kind {
            E::Lambda { params, body } => {
                let def = super::lambda(&name, params, body, value.span);
                value.kind = E::Name(name.clone());
                found.push((name, def));
            }
            _ => items(&name, value, found),
        }
    }
}
