//! Loops of a few turns, of which the text says how many: `for dx in (-1, 0, 1)`, `for axis in range(3)`.
//!
//! The loop around them looks for signals often enough, so nothing stands between their turns, and LLVM can unroll
//! them: what depends on the loop's variable only is then known. Where it picks rows of a table, the turns are written one
//! after the other, so that the rows can be looked up further out; and where it picks neighbours on a ring
//! (`row[(x + dx) % width]`), so that the loop over `x` can do the turns at its ends by themselves (`inside`).
//!
//! ```python
//! for dy in (-1, 0, 1):                  # let row = list::row_at(&board, || Ok(int::add(y, -1)?)); before the loop over x
//!     total += board[y + dy][x]
//! ```

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::between::is_wrapped;
use super::expr::int_literal;
use super::iter::{Body, LoopCode, iter_elem, label_if_used};
use super::label::Label;
use super::types::{Val, rust_type};
use super::{Func, Loop};
use crate::hir::visit::{Visit, defines, reads, walk_expr, walk_stmt};
use crate::hir::{Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::passes::Pass;
use crate::ty::Type;

/// At most so many turns.
const FEW: i64 = 16;

/// So many turns are written one after the other, of a body of so many expressions.
const TURNS: usize = 4;
const BODY: usize = 80;

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// The variable of a loop and what it becomes, where the turns are written one after the other.
    pub(super) fn turns_of(&self, target: &Target, iter: &Iter, body: &[Stmt]) -> Option<(VarId, Vec<i64>)> {
        let (TargetKind::Var(var), IterKind::Expr(e)) = (&target.kind, &iter.kind) else { return None };
        let ExprKind::Tuple(items) = &e.kind else { return None };
        let turns: Vec<i64> = items.iter().map(written).collect::<Option<_>>()?;
        let of = &self.hir.vars[*var];
        let plain = self.instance.vars[*var] == Type::Int && !of.cell && !of.maybe_unbound;
        let on = self.is_short(e) && self.has_room_for(Pass::Rows);
        if !on || !plain || turns.len() > TURNS || self.known.len() > 1 {
            return None;
        }
        if body.iter().any(|stmt| defines(stmt).contains(var)) {
            return None;
        }
        let mut look = Picks { f: self, var: *var, size: 0, picks: false };
        look.block(body);
        (look.picks && look.size <= BODY).then_some((*var, turns))
    }

    /// The turns of a loop one after the other.
    pub(super) fn turn_by_turn(&mut self, var: VarId, turns: &[i64], body: Body<'_, 'f, 'p, 'a>) -> LoopCode {
        let (breaks, mut code) = (self.label("b"), TokenStream::new());
        let before = self.nested_loops;
        for turn in turns {
            let continues = self.label("c");
            self.loops.push(Loop {
                breaks: breaks.clone(),
                continues: continues.clone(),
                is_block: true,
                finals: self.finals.len(),
            });
            self.known.insert(var, *turn);
            let body = body(self, Val::new(int_literal(*turn), Type::Int));
            self.known.remove(&var);
            self.loops.pop();
            let label = label_if_used(&body, &continues);
            code.extend(quote!(#label { #body }));
        }
        if self.nested_loops != before {
            self.nested_loops += 1;
        }
        LoopCode { breaks, code }
    }

    /// A loop of a few turns has been emitted. Where there is none in it, it is no loop for the one around, whose turns
    /// are paid in advance all the same.
    pub(super) fn forget_short(&mut self, innermost: bool) {
        if innermost {
            self.nested_loops -= 1;
        }
    }

    /// Is it a tuple of a few values?
    pub(super) fn is_short(&self, e: &Expr) -> bool {
        let few = matches!(self.node(e.id), Type::Tuple { items, .. } if items.len() as i64 <= FEW);
        few && !self.late && self.file.program.passes.has(Pass::Short)
    }

    /// Is it a list of a few values that stands where it is gone through? Nobody else sees it, so there is none.
    pub(super) fn is_short_list(&self, e: &Expr) -> bool {
        let few = matches!(&e.kind, ExprKind::List(items) if (1..=FEW as usize).contains(&items.len()));
        let native = matches!(self.node(e.id), Type::List { in_place: false, .. });
        few && native && !self.late && self.file.program.passes.has(Pass::Short)
    }

    /// Does a range of step one with these bounds have a few numbers?
    pub(super) fn is_short_trip(&self, start: Option<&Expr>, stop: &Expr) -> bool {
        let start = start.map_or(Some(0), written);
        let few = start.zip(written(stop)).is_some_and(|(a, b)| b.saturating_sub(a) <= FEW);
        few && self.file.program.passes.has(Pass::Short)
    }

    /// The items of a tuple, and what stands in front of them.
    fn parts_of(&mut self, e: &Expr, elem: &Type) -> (TokenStream, Vec<TokenStream>) {
        let val = self.val(e);
        let Type::Tuple { items, .. } = &val.ty else { unreachable!("`is_short` has looked") };
        let (t, code) = (self.fresh("t"), val.owned());
        let part = |(i, ty): (usize, &Type)| {
            let index = Literal::usize_unsuffixed(i);
            self.coerce(&Val::place(quote!(#t.#index), ty.clone()), elem)
        };
        (quote!(let #t = #code;), items.iter().enumerate().map(part).collect())
    }

    /// The loop over a tuple or a list of a few values.
    pub(super) fn short_display(
        &mut self,
        e: &Expr,
        filled: &[Ident],
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let elem = iter_elem(&self.node(e.id)).unwrap_or(Type::Never);
        let (it, at, x) = (self.fresh("it"), self.fresh("i"), self.fresh("x"));
        let (setup, parts) = match &e.kind {
            ExprKind::List(items) => {
                (quote!(), items.iter().map(|item| self.value_as(item, &elem)).collect())
            }
            _ => self.parts_of(e, &elem),
        };
        let (n, count) = (Literal::usize_unsuffixed(parts.len()), Literal::i64_suffixed(parts.len() as i64));
        let (ty, continues) = (rust_type(&elem), self.label("c"));
        let room = self.room(filled, &quote!(#count));
        let item = Val::place(quote!(#it[#at]), elem.clone()).owned();
        let (body, innermost) = self.looped(breaks, &continues, Val::new(quote!(#x), elem), body);
        self.forget_short(innermost);
        let continues = label_if_used(&body, &continues);
        quote! {
            #setup
            let #it: [#ty; #n] = [#(#parts),*];
            #room
            #continues for #at in 0..#n { let #x = #item; #body }
        }
    }
}

/// The number that the text has.
fn written(e: &Expr) -> Option<i64> {
    match e.kind {
        ExprKind::Int(i) => Some(i),
        _ => None,
    }
}

/// Does the variable pick rows of a native table, or neighbours on a ring?
struct Picks<'l, 'f, 'p, 'a> {
    f: &'l Func<'f, 'p, 'a>,
    var: VarId,
    size: usize,
    picks: bool,
}

impl<'h> Visit<'h> for Picks<'_, '_, '_, '_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        // What is large anyway, or has a code of its own.
        if let StmtKind::While { .. } | StmtKind::Try { .. } = stmt.kind {
            self.size += BODY;
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        self.size += 1;
        match &e.kind {
            ExprKind::Index { base, index } => {
                let table = matches!(base.kind, ExprKind::Local(_));
                let row = matches!(self.f.node(e.id), Type::List { in_place: false, .. });
                let of_native = matches!(self.f.node(base.id), Type::List { in_place: false, .. });
                let near = matches!(&index.kind, ExprKind::Binary { op, left, right } if is_wrapped(*op, left, right));
                self.picks |= (table && row || of_native && near) && reads(&**index).contains(&self.var);
            }
            ExprKind::Comp(_) | ExprKind::Lambda { .. } => self.size += BODY,
            _ => {}
        }
        walk_expr(self, e);
    }
}
