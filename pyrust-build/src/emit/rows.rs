//! Rows of tables that a loop goes back to: `table[i]`, `table[(i + 1) % n]` are looked up once, before the outermost
//! counted loop in which neither the table nor what picks the row changes. One that fails, fails when the loop gets there.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::expr::int_literal;
use super::spans::Shaken;
use super::types::Val;
use crate::hir::visit::{Visit, defines, walk_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{
    BinOp, CompKind, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId,
};
use crate::infer::{Instance, Program};
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
    /// Where the elements of rows stand, those that were looked up before it or further out.
    spans: Vec<RowSpan>,
}

/// `table[index]`
struct Found {
    table: VarId,
    /// The code of the index.
    index: String,
    name: Ident,
    look_up: TokenStream,
}

/// The span of a row.
struct RowSpan {
    row: Ident,
    name: Ident,
    /// A list that grows meanwhile, and may be that row.
    apart: Option<Ident>,
}

/// Such a span, for those who use it.
pub(super) struct SpanOfRow {
    pub(super) name: Ident,
    /// It may have no elements, though the row has some.
    pub(super) apart: bool,
    /// The loop before which it is asked for, counted from outside.
    pub(super) at: usize,
}

/// A row that is looked up before a loop.
pub(super) struct Row {
    name: Ident,
    /// That loop, counted from outside.
    at: usize,
    /// The row itself.
    pub(super) val: Val,
}

impl RowHoist {
    pub(super) fn new(assigned: BTreeSet<VarId>, quiet: bool, shaken: Shaken) -> Self {
        RowHoist { assigned, quiet, shaken, found: Vec::new(), spans: Vec::new() }
    }

    /// The look-ups, before the loop.
    pub(super) fn look_ups(self) -> impl Iterator<Item = TokenStream> {
        let spans = self.spans.into_iter().map(|RowSpan { row, name, apart }| match apart {
            Some(grown) => quote!(let #name = list::span_of_apart(&#row, &#grown);),
            None => quote!(let #name = list::span_of(&#row);),
        });
        self.found.into_iter().map(|found| found.look_up).chain(spans)
    }
}

impl Func<'_, '_, '_> {
    /// `table[index]` of a native table or a view, where neither changes in a loop around: looked up before it.
    pub(super) fn hoisted_row(&mut self, base: &Expr) -> Option<Row> {
        let ExprKind::Index { base: table, index } = &base.kind else { return None };
        let ExprKind::Local(table) = table.kind else { return None };
        let ty = self.node(base.id);
        let view = match (&ty, &self.instance.vars[table]) {
            (Type::View(row), Type::View(of)) => **of == ty && !matches!(**row, Type::View(_)),
            (Type::List { in_place: false, .. }, Type::List { elem, in_place: false }) if **elem == ty => {
                false
            }
            _ => return None,
        };
        if !self.has_room_for(Pass::Rows) || self.closures > 0 || !self.is_plain(table) {
            return None;
        }
        if view && !matches!(index.kind, ExprKind::Local(_)) {
            return None;
        }
        let mut picks = BTreeSet::from([table]);
        let code = self.picked(index, &mut picks)?;
        let fixed = |l: &&RowHoist| (view || l.quiet) && l.assigned.is_disjoint(&picks);
        let reach = self.rows.iter().rev().take_while(fixed).count();
        // Views count how often they are read.
        let reach = if view { reach.min(1) } else { reach };
        // A row of a view is looked up by the thread that reads it; a handle of a native one is for one thread.
        let reach = if self.shared { reach.min(self.rows.len() - self.shared_rows) } else { reach };
        if self.shared && !view {
            return None;
        }
        let at = self.rows.len() - reach;
        let key = code.to_string();
        let same = |f: &&Found| f.table == table && f.index == key;
        let known = self.rows.get(at)?.found.iter().find(same).map(|found| found.name.clone());
        let of = self.var_ident(table);
        let name = known.unwrap_or_else(|| {
            let name = self.fresh("row");
            let look_up = match view {
                true => quote!(let #name = list::row(cx, &#of, #code);),
                false => quote!(let #name = list::row_at(&#of, || Ok(#code));),
            };
            self.rows[at].found.push(Found { table, index: key, name: name.clone(), look_up });
            name
        });
        let val = if view {
            Val::new(self.q(quote!(list::row_or(cx, #name, &#of, #code))), ty)
        } else {
            let row = self.q(quote!(list::row_of(&#name)));
            Val::place(quote!((*#row)), ty)
        };
        Some(Row { name, at, val })
    }

    /// Where the elements of such a row stand, before the outermost loop that leaves the length of such lists, all or but
    /// one: if it is that one, the span has no elements.
    pub(super) fn row_span(&mut self, row: &Row, elem: &Type) -> Option<SpanOfRow> {
        let grown = |l: &RowHoist| {
            let var = l.shaken.leaves_others(elem, &l.assigned)?;
            let same =
                matches!(&self.instance.vars[var], Type::List { elem: of, in_place: false } if **of == *elem);
            let plain =
                self.is_plain(var) && !self.pieces.contains_key(&var) && !self.narrowed.contains_key(&var);
            (same && plain).then(|| self.var_ident(var))
        };
        let leaves = |l: &&RowHoist| l.shaken.leaves(elem) || grown(l).is_some();
        let inner = self.rows[row.at..].iter().rev().take_while(leaves).count();
        let at = self.rows.len() - inner;
        let apart = self.rows[at..].iter().find_map(grown);
        let of_row = |s: &&RowSpan| s.row == row.name && s.apart == apart;
        let known = self.rows.get(at)?.spans.iter().find(of_row).map(|span| span.name.clone());
        let with_apart = apart.is_some();
        let name = known.unwrap_or_else(|| {
            let name = self.fresh("span");
            self.rows[at].spans.push(RowSpan { row: row.name.clone(), name: name.clone(), apart });
            name
        });
        Some(SpanOfRow { name, apart: with_apart, at })
    }

    /// Always bound, and nobody else's.
    pub(super) fn is_plain(&self, var: VarId) -> bool {
        !self.hir.vars[var].cell && !self.hir.vars[var].maybe_unbound
    }

    /// What picks a row: an int that is computed of variables and numbers, with all its checks, so that it can be computed
    /// anywhere; `of` gets the variables.
    fn picked(&self, index: &Expr, of: &mut BTreeSet<VarId>) -> Option<TokenStream> {
        if self.node(index.id) != Type::Int {
            return None;
        }
        match &index.kind {
            ExprKind::Int(i) => Some(int_literal(*i)),
            ExprKind::Local(var) if self.known.contains_key(var) => Some(int_literal(self.known[var])),
            ExprKind::Local(var) => {
                let fits = self.is_plain(*var) && self.instance.vars[*var] == Type::Int;
                of.insert(*var);
                fits.then(|| self.var_ident(*var)).map(|name| quote!(#name))
            }
            ExprKind::Binary { op, left, right } => {
                let function = match op {
                    BinOp::Add => quote!(int::add),
                    BinOp::Sub => quote!(int::sub),
                    BinOp::Mult => quote!(int::mul),
                    BinOp::Mod => quote!(int::mod_),
                    _ => return None,
                };
                let (left, right) = (self.picked(left, of)?, self.picked(right, of)?);
                Some(quote!(#function(#left, #right)?))
            }
            _ => None,
        }
    }

    /// A base of a subscript that is stored to or read; `before` is evaluated after the base and before that.
    pub(super) fn row_or_val(&mut self, base: &Expr, before: &[&Expr]) -> Val {
        if let Some(row) = self.hoisted_row(base) {
            return row.val;
        }
        if let Some(field) = self.field_place(base, before) {
            return field;
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
        is_plain(name) && self.is_builtin_call(call, name)
    }

    /// Is what is called under that name the builtin?
    pub(super) fn is_builtin_call(&self, call: &Expr, name: &str) -> bool {
        is_builtin_call(self.file.program, self.instance, call, name)
    }
}

/// The same in any instance.
pub(super) fn is_builtin_call(program: &Program<'_>, instance: &Instance, call: &Expr, name: &str) -> bool {
    let module = &instance.func.module;
    !instance.calls.contains_key(&call.id)
        && program.named(module, name).is_none()
        && program.binding(module, name).is_none()
}

/// Does a builtin of that name change nothing?
pub(super) fn is_plain(name: &str) -> bool {
    matches!(name, "abs" | "bool" | "chr" | "float" | "int" | "len" | "max" | "min" | "ord")
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
        Type::Tuple { items, .. } => items.iter().all(is_scalar),
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
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::FString(_)
            | ExprKind::Bail
            | ExprKind::Narrow { .. } => {}
            ExprKind::Comp(comp) => {
                if let (CompKind::Extend | CompKind::Update, Some(grows)) = (comp.kind, &comp.extra) {
                    self.quiet &= is_flat(&self.f.node(grows.id));
                }
            }
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
            | ExprKind::Turn(_)
            | ExprKind::Default { .. }
            | ExprKind::Lambda { .. } => self.quiet = false,
        }
        walk_expr(self, e);
    }
}
