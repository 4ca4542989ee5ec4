//! Stubs under `@overload` (typing): they tell checkers what types there are, and the definition behind them hides them.
//!
//! They are taken out of the tree before anything else is read off it. Whether that is right nobody has to prove: what
//! runs is compared with the code of the definition that is left.

use std::collections::BTreeSet;

use crate::ast::{Stmt, StmtKind as S};
use crate::hash::is_overload;

/// Takes stubs out of a module or a class where a definition without that decorator stands behind them; the qualified
/// names of those.
pub(super) fn drop_stubs(body: &mut Vec<Stmt>) -> Vec<String> {
    let mut found = Vec::new();
    block("", body, &mut found);
    found
}

fn block(prefix: &str, body: &mut Vec<Stmt>, found: &mut Vec<String>) {
    let mut implemented = BTreeSet::new();
    let mut hidden = Vec::new();
    for (place, stmt) in body.iter().enumerate().rev() {
        let S::FunctionDef(def) = &stmt.kind else { continue };
        if !is_overload(def) {
            implemented.insert(def.name.clone());
        } else if implemented.contains(&def.name) {
            hidden.push(place);
        }
    }
    // From the end, so that the places stay those of the statements.
    for place in hidden {
        if let S::FunctionDef(def) = body.remove(place).kind {
            found.push(format!("{prefix}{}", def.name));
        }
    }
    for stmt in body {
        match &mut stmt.kind {
            S::ClassDef(class) => block(&format!("{prefix}{}.", class.name), &mut class.body, found),
            S::If { body, orelse, .. } => [body, orelse].into_iter().for_each(|b| block(prefix, b, found)),
            S::Try { body, orelse, .. } => [body, orelse].into_iter().for_each(|b| block(prefix, b, found)),
            _ => {}
        }
    }
}
