//! Lists of texts that are only appended to and then joined: the text is built as it comes, and there is no list.
//!
//! ```python
//! pieces = []                            # pieces.clear();
//! for word in words:
//!     pieces.append(word.lower())        # pieces.push("-", …)?;
//! return "-".join(pieces)                # pieces.text(cx)?
//! ```

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::visit::{Counts, Visit, walk_expr, walk_stmt};
use crate::hir::{self, CompKind, Expr, ExprKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::Instance;
use crate::lower::buffers::WRITTEN_TEXT;
use crate::ty::Type;

/// How a variable is used.
#[derive(Default)]
struct Used {
    made: usize,
    appends: usize,
    joins: usize,
    /// What stands between the pieces.
    between: BTreeSet<String>,
}

#[derive(Default)]
struct Uses(BTreeMap<VarId, Used>);

impl Uses {
    fn of(&mut self, var: VarId) -> &mut Used {
        self.0.entry(var).or_default()
    }
}

/// `pieces.append(item)`
pub(super) fn appended(e: &Expr) -> Option<(VarId, &Expr)> {
    match &e.kind {
        ExprKind::Method { base, name, args, keywords } if name == "append" && keywords.is_empty() => {
            match (&base.kind, args.as_slice()) {
                (ExprKind::Local(var), [item]) => Some((*var, item)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `"-".join(pieces)`
fn joined(e: &Expr) -> Option<(VarId, &str)> {
    let ExprKind::Comp(comp) = &e.kind else { return None };
    match (comp.kind, &comp.extra, comp.source()) {
        (
            CompKind::Join,
            Some(Expr { kind: ExprKind::Str(between), .. }),
            Some(Expr { kind: ExprKind::Local(var), .. }),
        ) => Some((*var, between)),
        _ => None,
    }
}

impl<'h> Visit<'h> for Uses {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let ([Target { kind: TargetKind::Var(var), .. }], ExprKind::List(_)) =
                    (targets.as_slice(), &value.kind)
                {
                    self.of(*var).made += 1;
                }
            }
            StmtKind::Expr(e) => {
                if let Some((var, _)) = appended(e) {
                    self.of(var).appends += 1;
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        if let Some((var, between)) = joined(e) {
            let used = self.of(var);
            used.joins += 1;
            used.between.insert(between.to_owned());
        }
        walk_expr(self, e);
    }
}

/// The variables that hold such lists, and what stands between the pieces.
pub(super) fn found(hir: &hir::Function, instance: &Instance) -> BTreeMap<VarId, String> {
    if hir.yields.is_some() {
        return BTreeMap::new();
    }
    let mut uses = Uses::default();
    uses.block(&hir.body);
    if uses.0.is_empty() {
        return BTreeMap::new();
    }
    let counts = Counts::of_block(&hir.body);
    let of_text = |var: VarId| match &instance.vars[var] {
        Type::List { elem, in_place: false } => matches!(**elem, Type::Str | Type::Char),
        _ => false,
    };
    let fits = |(var, used): (VarId, Used)| {
        let local = !hir.vars[var].cell && !hir.vars[var].maybe_unbound;
        let own = local && hir.params.iter().all(|p| p.var != var) && of_text(var);
        let all = counts.get(var) == (used.appends + used.joins, used.made);
        let between = used.between.first().filter(|s| used.between.len() == 1 && s.is_ascii())?;
        (own && all && used.made > 0 && used.appends > 0).then(|| (var, between.clone()))
    };
    uses.0.into_iter().filter_map(fits).collect()
}

impl Func<'_, '_, '_> {
    /// `pieces.append(item)`, `"-".join(pieces)` of such a list.
    pub(super) fn piecewise(&mut self, e: &Expr) -> Option<Val> {
        if let Some((var, item)) = appended(e)
            && self.pieces.contains_key(&var)
        {
            let push = self.push_piece(var, item);
            return Some(Val::new(push, Type::None));
        }
        let (var, _) = joined(e)?;
        if !self.pieces.contains_key(&var) {
            return None;
        }
        let name = self.var_ident(var);
        Some(Val::new(self.q(quote!(#name.text(cx))), Type::Str))
    }

    /// `pieces = [a, b]` of such a list.
    pub(super) fn pieces_begin(&mut self, targets: &[Target], value: &Expr) -> Option<TokenStream> {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return None };
        let ExprKind::List(items) = &value.kind else { return None };
        if !self.pieces.contains_key(var) {
            return None;
        }
        // All of them are there before the list is: they may raise, and say what it was.
        let mut lets = Vec::new();
        let mut vals = Vec::new();
        for item in items {
            let val = self.val(item);
            let (own, code) = (self.fresh("piece"), val.owned());
            lets.push(quote!(let #own = #code;));
            vals.push(Val::place(quote!(#own), val.ty));
        }
        let name = self.var_ident(*var);
        let pushes: Vec<_> = vals.iter().map(|val| self.push_val(*var, val)).collect();
        Some(quote!({ #(#lets)* #name.clear(); #(#pushes;)* }))
    }

    fn push_piece(&mut self, var: VarId, item: &Expr) -> TokenStream {
        let (name, between) = (self.var_ident(var), self.pieces[&var].clone());
        let begin = self.q(quote!(#name.begin(#between)));
        // What is written into a buffer is a text here, or becomes one below.
        let item = match &item.kind {
            ExprKind::Call { name, args, .. } if name == WRITTEN_TEXT => &args[0],
            _ => item,
        };
        if let Some(code) = self.by_pieces(&begin, item) {
            return code;
        }
        let val = self.val(item);
        self.push_val(var, &val)
    }

    fn push_val(&mut self, var: VarId, val: &Val) -> TokenStream {
        let (name, between) = (self.var_ident(var), self.pieces[&var].clone());
        let piece = match val.ty {
            Type::Char | Type::Str => val.by_ref(),
            _ => {
                let text = self.coerce(val, &Type::Str);
                quote!(&#text)
            }
        };
        self.q(quote!(#name.push(#between, #piece)))
    }
}
