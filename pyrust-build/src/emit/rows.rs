//! Rows of tables that a loop goes back to: `table[i]`, `table[i + 1]` are looked up once, before the innermost loop in
//! which neither the table nor `i` changes. A look-up that fails waits until the loop gets there.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal};
use quote::quote;

use super::Func;
use super::spans::Shaken;
use super::types::Val;
use crate::hir::visit::{Visit, defines, walk_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::passes::Pass;
use crate::ty::Type;

/// An open counted loop.
pub(super) struct RowHoist {
    /// What it assigns.
    pub(super) assigned: BTreeSet<VarId>,
    /// Lists of lists stay as they are while it runs.
    pub(super) quiet: bool,
    /// Lists whose length may change meanwhile.
    pub(super) shaken: Shaken,
    /// Rows looked up before it.
    found: Vec<Found>,
}

/// `table[index + offset]`
struct Found {
    table: VarId,
    index: VarId,
    offset: i64,
    name: Ident,
    /// Where its elements stand.
    span: Option<Ident>,
    /// The table is a read-only view.
    view: bool,
}

impl RowHoist {
    pub(super) fn new(assigned: BTreeSet<VarId>, quiet: bool, shaken: Shaken) -> Self {
        RowHoist { assigned, quiet, shaken, found: Vec::new() }
    }
}

impl Func<'_, '_, '_> {
    /// The look-ups of a loop, before it.
    pub(super) fn look_up(&self, rows: &RowHoist) -> Vec<proc_macro2::TokenStream> {
        let one = |f: &Found| {
            let (table, index, name) = (self.var_ident(f.table), self.var_ident(f.index), &f.name);
            if f.view {
                return quote!(let #name = list::row(cx, &#table, #index););
            }
            let offset = Literal::i64_suffixed(f.offset);
            let span = f.span.as_ref().map(|span| quote!(let #span = list::span_of(&#name);));
            quote!(let #name = list::row_at(cx, &#table, #index, #offset); #span)
        };
        rows.found.iter().map(one).collect()
    }

    /// `table[i]` where neither changes in the innermost loop: looked up before it.
    pub(super) fn hoisted_row(&mut self, base: &Expr) -> Option<Val> {
        let (table, index, offset) = row_place(base)?;
        let ty = self.node(base.id);
        let (table_ty, loop_) = (&self.instance.vars[table], self.rows.last()?);
        let view = match (&ty, table_ty) {
            (Type::View(row), Type::View(of)) => **of == ty && !matches!(**row, Type::View(_)),
            (Type::List { in_place: false, .. }, Type::List { elem, in_place: false }) if loop_.quiet => {
                if **elem != ty {
                    return None;
                }
                false
            }
            _ => return None,
        };
        let plain = |v: VarId| {
            !self.hir.vars[v].cell && !self.hir.vars[v].maybe_unbound && !loop_.assigned.contains(&v)
        };
        let known = self.instance.vars[index] == Type::Int && plain(table) && plain(index);
        let on = self.file.program.passes.has(Pass::Rows);
        if !on || !known || self.closures > 0 || (view && offset != 0) {
            return None;
        }
        let same = |f: &&Found| (f.table, f.index, f.offset) == (table, index, offset);
        let name = match loop_.found.iter().find(same) {
            Some(found) => found.name.clone(),
            None => {
                let name = self.fresh("row");
                let found = Found { table, index, offset, name: name.clone(), span: None, view };
                self.rows.last_mut()?.found.push(found);
                name
            }
        };
        let (table, index) = (self.var_ident(table), self.var_ident(index));
        if view {
            let code = self.q(quote!(list::row_or(cx, #name, &#table, #index)));
            return Some(Val::new(code, ty));
        }
        let offset = Literal::i64_suffixed(offset);
        let code = self.q(quote!(list::row_of(&#name, #index, #offset)));
        Some(Val::place(quote!((*#code)), ty))
    }

    /// Where the elements of such a row stand, for one that has just been found in a native table.
    pub(super) fn row_span(&mut self, base: &Expr) -> Option<Ident> {
        let (table, index, offset) = row_place(base)?;
        let name = self.fresh("span");
        let same = |f: &&mut Found| (f.table, f.index, f.offset, f.view) == (table, index, offset, false);
        let found = self.rows.last_mut()?.found.iter_mut().find(same)?;
        Some(found.span.get_or_insert(name).clone())
    }

    /// A base of a subscript that is stored to or read; `before` is evaluated after the base and before that.
    pub(super) fn row_or_val(&mut self, base: &Expr, before: &[&Expr]) -> Val {
        if let Some(row) = self.hoisted_row(base) {
            return row;
        }
        match self.row_inside(base, before) {
            Some(row) => row,
            None => self.opened_val(base),
        }
    }

    /// `table[i]` without a handle of its own, where nothing can change the table until its element is used.
    fn row_inside(&mut self, base: &Expr, before: &[&Expr]) -> Option<Val> {
        let ExprKind::Index { base: table, index } = &base.kind else { return None };
        let ExprKind::Local(var) = table.kind else { return None };
        let ty = self.node(base.id);
        let native = |ty: &Type| match ty {
            Type::List { elem, in_place: false } => Some((**elem).clone()),
            _ => None,
        };
        let fits = native(&self.instance.vars[var]).as_ref() == Some(&ty) && native(&ty).is_some();
        let plain = !self.hir.vars[var].cell && !self.hir.vars[var].maybe_unbound;
        let on = self.file.program.passes.has(Pass::Rows);
        if !on || !fits || !plain || self.node(index.id) != Type::Int {
            return None;
        }
        let mut look = Quiet { f: self, quiet: true };
        before.iter().for_each(|e| look.expr(e));
        // Not even the variable: the row is borrowed from the list that it holds now.
        if !look.quiet || before.iter().any(|e| defines(*e).contains(&var)) {
            return None;
        }
        let (index, table) = (self.value_as(index, &Type::Int), self.var_ident(var));
        let row = self.q(quote!(list::row_in(&#table, #index)));
        Some(Val::place(quote!((*#row)), ty))
    }

    /// Do lists of lists stay as they are while this loop runs? No function is called that is not known to leave them.
    pub(super) fn leaves_tables(&self, iter: &Iter, target: &Target, body: &[Stmt]) -> bool {
        let mut look = Quiet { f: self, quiet: true };
        look.iter(iter);
        look.target(target);
        look.block(body);
        look.quiet
    }

    /// A builtin that changes nothing.
    pub(super) fn is_plain_builtin(&self, call: &Expr, name: &str) -> bool {
        const PLAIN: [&str; 9] = ["abs", "bool", "chr", "float", "int", "len", "max", "min", "ord"];
        PLAIN.contains(&name) && self.is_builtin_call(call, name)
    }

    /// Is what is called under that name the builtin?
    pub(super) fn is_builtin_call(&self, call: &Expr, name: &str) -> bool {
        let module = &self.instance.func.module;
        !self.instance.calls.contains_key(&call.id)
            && self.file.program.named(module, name).is_none()
            && self.file.program.binding(module, name).is_none()
    }
}

/// `table[index]`, `table[index + 1]`: the table, the index, what is added to it.
fn row_place(base: &Expr) -> Option<(VarId, VarId, i64)> {
    let ExprKind::Index { base: table, index } = &base.kind else { return None };
    let ExprKind::Local(table) = table.kind else { return None };
    let (index, offset) = match &index.kind {
        ExprKind::Local(at) => (*at, 0),
        ExprKind::Binary { op, left, right } => match (op, &left.kind, &right.kind) {
            (BinOp::Add, ExprKind::Local(at), ExprKind::Int(by)) => (*at, *by),
            (BinOp::Sub, ExprKind::Local(at), ExprKind::Int(by)) => (*at, by.checked_neg()?),
            _ => return None,
        },
        _ => return None,
    };
    Some((table, index, offset))
}

struct Quiet<'l, 'f, 'p, 'a> {
    f: &'l Func<'f, 'p, 'a>,
    quiet: bool,
}

/// No list, and nothing that may be one or hold one.
fn is_scalar(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Never
            | Type::None
            | Type::Bool
            | Type::Int
            | Type::Big
            | Type::Float
            | Type::Complex
            | Type::Char
            | Type::Str
            | Type::Bytes
    )
}

/// A method or a store on such a value changes no list of lists.
fn is_flat(ty: &Type) -> bool {
    match ty {
        Type::List { elem, .. } | Type::View(elem) | Type::Set { elem, .. } => is_scalar(elem),
        Type::Dict { key, value, .. } => is_scalar(key) && is_scalar(value),
        ty => is_scalar(ty),
    }
}

impl<'h> Visit<'h> for Quiet<'_, '_, '_, '_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Expr(_)
            | StmtKind::Assign { .. }
            | StmtKind::If { .. }
            | StmtKind::While { .. }
            | StmtKind::For { .. }
            | StmtKind::Return(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Raise { .. }
            | StmtKind::Reraise
            | StmtKind::Bail
            | StmtKind::AugAssign { .. }
            | StmtKind::Narrow(_)
            | StmtKind::Pass => {}
            StmtKind::Try { .. }
            | StmtKind::Delete(_)
            | StmtKind::Enter(_)
            | StmtKind::Leave { .. }
            | StmtKind::Caught { .. }
            | StmtKind::Forget { .. } => self.quiet = false,
        }
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        match &target.kind {
            TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } => {
                self.quiet &= is_flat(&self.f.node(base.id));
            }
            TargetKind::Var(_) | TargetKind::Tuple(_) | TargetKind::Starred { .. } => {}
            TargetKind::Global(_) | TargetKind::Attr { .. } => self.quiet = false,
        }
        walk_target(self, target);
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Range { .. } | IterKind::Enumerate { .. } | IterKind::Zip(_) | IterKind::Comp(_) => {}
            IterKind::Expr(e) => {
                let ty = self.f.node(e.id);
                self.quiet &= is_flat(&ty) || matches!(ty, Type::List { .. } | Type::View(_) | Type::Range);
            }
            _ => self.quiet = false,
        }
        walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Named { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
            | ExprKind::If { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Comp(_)
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::FString(_)
            | ExprKind::Bail
            | ExprKind::Narrow { .. } => {}
            ExprKind::InPlace { left, .. } => self.quiet &= is_flat(&self.f.node(left.id)),
            ExprKind::Call { name, keywords, .. } => {
                self.quiet &= keywords.is_empty() && self.f.is_plain_builtin(e, name);
            }
            ExprKind::ModuleCall { module, .. } => self.quiet &= module == "math",
            ExprKind::Method { base, .. } => self.quiet &= is_flat(&self.f.node(base.id)),
            ExprKind::Build { .. }
            | ExprKind::Set { .. }
            | ExprKind::Dict(_)
            | ExprKind::Out(_)
            | ExprKind::New { .. }
            | ExprKind::Iter { .. }
            | ExprKind::Next { .. }
            | ExprKind::CallNested { .. }
            | ExprKind::Function { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Special { .. }
            | ExprKind::Cell(_)
            | ExprKind::Yield { .. }
            | ExprKind::HandOut { .. }
            | ExprKind::Suspend { .. }
            | ExprKind::Default { .. }
            | ExprKind::Lambda { .. } => self.quiet = false,
        }
        walk_expr(self, e);
    }
}
