//! A native list of numbers to which a loop appends, and nobody else meanwhile: the loop counts its length and its room.
//!
//! ```python
//! for j in range(n):                      # let mut grow = list::growing(&current);
//!     current.append(current[j] + 1)      # grow.push(int::add(list::span_get_at(grow.span(), j)?, 1)?)?;
//! ```
//!
//! Otherwise every element might be one of the words that say where the list ends, for all that LLVM knows.  The list itself
//! is right at every moment, or behind the turns where they look at no list.  Other lists of the type are asked before the
//! loop where their elements stand (`spans`); one that turns out to be that list is asked each time.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::quote;

use super::Func;
use super::pieces::appended;
use super::spans::Shaken;
use crate::hir::{Expr, VarId};
use crate::passes::Pass;
use crate::ty::Type;

/// A list that grows in a loop.
pub(super) struct Grown {
    var: VarId,
    pub(super) elem: Type,
    pub(super) name: Ident,
    /// A loop around it has begun with that.
    known: bool,
    /// Nothing stores to a list of that type, so the last element is the one that came last.
    kept: bool,
}

impl Func<'_, '_, '_> {
    /// The lists that a loop, which assigns this and does that to lists, appends to and nothing else changes the length of.
    pub(super) fn grown_by(&mut self, assigned: &BTreeSet<VarId>, shaken: &Shaken) -> Vec<Grown> {
        if !self.file.program.passes.has(Pass::Grown) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (var, elem) in shaken.grown() {
            let is_list =
                matches!(&self.instance.vars[var], Type::List { elem: of, in_place: false } if **of == *elem);
            let fits =
                is_list && self.has_spans(elem) && self.is_plain(var) && !self.narrowed.contains_key(&var);
            if !fits || assigned.contains(&var) || self.pieces.contains_key(&var) {
                continue;
            }
            let around = self.spans.iter().flat_map(|l| &l.grown).find(|g| g.var == var);
            let (known, kept, name) = match around {
                Some(around) => (true, around.kept, around.name.clone()),
                None => (false, shaken.keeps(elem), self.fresh("grow")),
            };
            found.push(Grown { var, elem: elem.clone(), name, known, kept });
        }
        found
    }

    /// What counts the list of a variable that grows in a loop around.
    pub(super) fn growing(&self, var: VarId) -> Option<Ident> {
        self.spans.iter().flat_map(|l| &l.grown).find(|g| g.var == var).map(|g| g.name.clone())
    }

    /// The same, where it knows its last element.
    pub(super) fn growing_kept(&self, var: VarId) -> Option<Ident> {
        let grown = self.spans.iter().flat_map(|l| &l.grown).find(|g| g.var == var)?;
        grown.kept.then(|| grown.name.clone())
    }

    /// The same by the name of the list.
    pub(super) fn growing_list(&self, list: &Ident) -> Option<Ident> {
        let mut grown = self.spans.iter().flat_map(|l| &l.grown);
        grown.find(|g| self.var_ident(g.var) == *list).map(|g| g.name.clone())
    }

    /// What stands before the loop.
    pub(super) fn begin_growing(&self, grown: &Grown) -> Option<TokenStream> {
        let (name, list) = (&grown.name, self.var_ident(grown.var));
        (!grown.known).then(|| quote!(let mut #name = list::growing(&#list);))
    }

    /// A statement that appends to such a list.
    pub(super) fn append_growing(&mut self, e: &Expr) -> Option<TokenStream> {
        let (var, item) = appended(e)?;
        let name = self.growing(var)?;
        // Elsewhere it would be another variable; the loop would not have begun with that.
        assert!(self.closures == 0 && self.fused.is_none(), "a list grows in code of its own");
        let Type::List { elem, .. } = &self.instance.vars[var] else { return None };
        let (x, item) = (self.fresh("x"), self.value_as(item, elem));
        if self.appends_inside(var, &name) {
            return Some(quote!({ let #x = #item; #name.push_inside(#x); }));
        }
        let push = self.q(quote!(#name.push(#x)));
        Some(quote!({ let #x = #item; #push; }))
    }

    /// Where the second form of a loop looks at no list but through what was asked before it, the list that grows gets to
    /// know its length behind the last turn.
    pub(super) fn filling(&self, var: VarId, body: &TokenStream) -> Option<TokenStream> {
        let name = self.growing(var)?;
        let lists = (0..self.instance.vars.len()).filter(|v| !is_simple(&self.instance.vars[*v]));
        let lists: BTreeSet<String> = lists.map(|v| self.var_ident(v).to_string()).collect();
        looks_at_none(body, &lists).then(|| quote!(let mut #name = #name.filling();))
    }
}

/// Neither a list nor anything that may hold one.
fn is_simple(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Bool | Type::Int | Type::Float | Type::Char | Type::Str | Type::Bytes => true,
        Type::Tuple { items, .. } => items.iter().all(is_simple),
        _ => false,
    }
}

/// Does the code name only what computes with numbers and characters, and no such variable?
fn looks_at_none(code: &TokenStream, lists: &BTreeSet<String>) -> bool {
    const ROOMS: [&str; 6] = ["int", "float", "chr", "f64", "i64", "builtins"];
    let mut tokens = code.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                if !looks_at_none(&group.stream(), lists) {
                    return false;
                }
            }
            TokenTree::Ident(name) => {
                let name = name.to_string();
                let is_path = matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
                if lists.contains(&name) || name == "cx" || is_path && !ROOMS.contains(&name.as_str()) {
                    return false;
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    true
}
