//! Numbers and tuples that a function has read from objects of Python's and returns: the caller gets those very objects,
//! as from Python, and none is made.
//!
//! ```python
//! def find(self, x):                     # let mut x_seen = cx.seen_arg(1);
//!     while self.parent[x] != x:
//!         x = self.parent[x]             # x = list::get_seen(cx, …, x, &mut x_seen)?;
//!     return x                           # cx.ret_seen(x_seen);
//! ```

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::Func;
use crate::hir::visit::{Visit, walk_expr, walk_stmt};
use crate::hir::{Expr, ExprKind, NodeId, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::passes::Pass;
use crate::ty::Type;

/// Is an object made of such a value when it leaves, though nobody asks which one it is?
pub(super) fn made_anew(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Big | Type::Float | Type::Complex | Type::Tuple { .. })
        && ty.identity_free()
}

impl Func<'_, '_, '_> {
    /// The variables of a hotspot that it returns, of which some values were read from objects.
    pub(super) fn seen_vars(&self) -> BTreeSet<VarId> {
        let mut look = Look {
            f: self,
            defined: BTreeMap::new(),
            plain: BTreeMap::new(),
            returned: BTreeSet::new(),
            busy: false,
        };
        self.hir.body.iter().for_each(|stmt| look.stmt(stmt));
        let Look { defined, plain, returned, busy, .. } = look;
        let fits = |var: &VarId| {
            let of = &self.hir.vars[*var];
            plain.get(var).is_some_and(|(count, read)| *read && defined.get(var) == Some(count))
                && !(busy || of.cell || of.maybe_unbound || self.far.contains(var))
                && self.instance.vars[*var].members().iter().any(made_anew)
        };
        returned.into_iter().filter(fits).collect()
    }

    /// The variable beside such a one.
    fn seen_ident(&self, var: VarId) -> Ident {
        format_ident!("{}_seen", self.var_ident(var).to_string().trim_start_matches("r#"))
    }

    /// Their declarations.
    pub(super) fn seen_locals(&self) -> Vec<TokenStream> {
        let declare = |var: &VarId| {
            let name = self.seen_ident(*var);
            // The argument is the parameter's object, where it is one of the same type.
            let param = self.hir.params.iter().position(|p| p.var == *var);
            match param.filter(|i| self.instance.entry_type(*i) == self.instance.vars[*var]) {
                Some(i) => {
                    let i = Literal::usize_unsuffixed(i);
                    quote!(let mut #name = cx.seen_arg(#i);)
                }
                None => quote!(let mut #name = cx.seen();),
            }
        };
        self.seen.iter().map(declare).collect()
    }

    /// Before such a variable is assigned: what its value is read from is noted, in `code` or before it.
    pub(super) fn note_seen(&self, target: &Target, value: &Expr, code: &mut TokenStream) -> TokenStream {
        let TargetKind::Var(var) = target.kind else { return quote!() };
        if !self.seen.contains(&var) {
            return quote!();
        }
        let name = self.seen_ident(var);
        if let ExprKind::Local(from) = value.kind
            && self.seen.contains(&from)
        {
            let from = self.seen_ident(from);
            return quote!(#name = #from;);
        }
        let same = self.node(value.id) == self.instance.vars[var];
        match noting(code, &name).filter(|_| same) {
            Some(noted) => {
                *code = noted;
                quote!()
            }
            None => quote!(#name = Seen::NONE;),
        }
    }

    /// `return value`: what stands before it, if the object goes out that it was read from; `code` says so where it is read
    /// right here.
    pub(super) fn returns_seen(&mut self, value: &Expr, code: &mut TokenStream) -> Option<TokenStream> {
        if let ExprKind::Local(var) = value.kind
            && self.seen.contains(&var)
        {
            let name = self.seen_ident(var);
            return Some(quote!(cx.ret_seen(#name);));
        }
        let ty = self.node(value.id);
        if !self.hands_out || !ty.members().iter().any(made_anew) || ty != self.instance.ret {
            return None;
        }
        let name = self.fresh("seen");
        let (noted, result) = (noting(code, &name)?, self.fresh("ret"));
        *code = quote!(#result);
        Some(quote!(let mut #name = Seen::NONE; let #result = #noted; cx.ret_seen(#name);))
    }

    /// Does evaluating this at most read what is there, so that no number in an object is rewritten?
    fn only_looks(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => {
                true
            }
            ExprKind::Local(_) | ExprKind::Global(_) => true,
            ExprKind::Binary { .. }
            | ExprKind::Compare { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Index { .. } => true,
            ExprKind::Bool2 { .. } | ExprKind::If { .. } | ExprKind::Narrow { .. } => true,
            ExprKind::Call { name, .. } => self.is_plain_builtin(e, name),
            ExprKind::Method { base, name, .. } => {
                match (name.strip_prefix("attribute "), self.node(base.id)) {
                    (Some(name), Type::Instance(class)) => {
                        self.file.program.method_of(&class, name).is_none()
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// What reads a list or an attribute, noting the object in a variable; none where it is something else, or may end in a
/// handler.
fn noting(code: &TokenStream, seen: &Ident) -> Option<TokenStream> {
    // Before all of it is looked at.
    let mut trees = code.clone().into_iter();
    match (trees.next(), trees.nth(2)) {
        (Some(TokenTree::Ident(room)), Some(TokenTree::Ident(name)))
            if (room == "list" && (name == "get" || name == "get_at"))
                || (room == "object" && name == "get") => {}
        _ => return None,
    }
    let syn::Expr::Try(read) = syn::parse2::<syn::Expr>(code.clone()).ok()? else { return None };
    let syn::Expr::Call(mut call) = *read.expr else { return None };
    let syn::Expr::Path(path) = &mut *call.func else { return None };
    let segments = &mut path.path.segments;
    if segments.len() != 2 {
        return None;
    }
    segments[1].ident = format_ident!("{}_seen", segments[1].ident);
    call.args.push(syn::parse_quote!(&mut #seen));
    Some(quote!(#call?))
}

struct Look<'l, 'f, 'p, 'a> {
    f: &'l Func<'f, 'p, 'a>,
    /// How often variables are assigned, and how often as a whole by a statement; whether something is read then.
    defined: BTreeMap<VarId, usize>,
    plain: BTreeMap<VarId, (usize, bool)>,
    returned: BTreeSet<VarId>,
    /// It writes, or calls what may write: numbers could be rewritten where they stand.
    busy: bool,
}

impl<'h> Visit<'h> for Look<'_, '_, '_, '_> {
    fn define(&mut self, _: NodeId, var: &'h VarId) {
        *self.defined.entry(*var).or_default() += 1;
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => match targets.as_slice() {
                [Target { kind: TargetKind::Var(var), .. }] => {
                    let read = match &value.kind {
                        ExprKind::Index { .. } => true,
                        ExprKind::Method { name, .. } => name.starts_with("attribute "),
                        _ => false,
                    };
                    let (count, reads) = self.plain.entry(*var).or_default();
                    *count += 1;
                    *reads |= read;
                }
                [target] => self.busy |= !self.f.is_moved(target, value),
                _ => self.busy = true,
            },
            StmtKind::AugAssign { target, .. } => self.busy |= !matches!(target.kind, TargetKind::Var(_)),
            StmtKind::Return(Some(Expr { kind: ExprKind::Local(var), .. })) => {
                self.returned.insert(*var);
            }
            StmtKind::Pass
            | StmtKind::Expr(_)
            | StmtKind::If { .. }
            | StmtKind::While { .. }
            | StmtKind::For { .. }
            | StmtKind::Return(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Narrow(_)
            | StmtKind::Bail => {}
            _ => self.busy = true,
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        self.busy |= !self.f.only_looks(e);
        walk_expr(self, e);
    }
}

impl Func<'_, '_, '_> {
    /// Is there anything of the kind, in a hotspot?
    pub(super) fn finds_seen(&mut self) {
        self.hands_out = self.has_room_for(Pass::Handed) && self.hir.yields.is_none();
        if self.hands_out {
            self.seen = self.seen_vars();
        }
    }
}
