//! Gives names in a tree other names. Whoever asks has made sure that nothing inside binds those names.

use std::collections::BTreeMap;

use crate::ast::{Expr, ExprKind as E, Stmt};
use crate::walk::{blocks_mut, expression_mut, expressions_mut, statement_mut};

pub(super) type Names = BTreeMap<String, String>;

fn renamer(names: &Names) -> impl FnMut(&mut Expr) {
    |e| {
        if let E::Name(name) = &mut e.kind
            && let Some(other) = names.get(name)
        {
            *name = other.clone();
        }
    }
}

/// Renames in an expression.
pub(super) fn rename(e: &mut Expr, names: &Names) {
    expression_mut(e, &mut renamer(names));
}

/// Renames in statements.
pub fn rename_block(body: &mut [Stmt], names: &Names) {
    expressions_mut(body, &mut renamer(names));
}

/// Renames in what a statement evaluates itself; the statements inside are left to `block`.
pub(super) fn rename_statement(stmt: &mut Stmt, names: &Names, block: &mut dyn FnMut(&mut Vec<Stmt>)) {
    statement_mut(stmt, &mut renamer(names));
    blocks_mut(stmt).into_iter().for_each(block);
}
