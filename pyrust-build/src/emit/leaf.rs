//! Small functions that do not loop and call nothing of ours but such functions: a call of one takes a level of Python's
//! depth, but nobody looks at the stack, and nobody for signals. Whoever calls it does that.
//!
//! ```python
//! def push(self, item):                  # push(cx.call_within()?, …)
//!     self.items.append(item)
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use crate::hir::visit::{Visit, any_expr, walk_expr, walk_stmt};
use crate::hir::{Expr, ExprKind, Stmt, StmtKind};
use crate::infer::{Instance, Instances};
use crate::lower::memo::ITSELF;
use crate::passes::Pass;
use crate::ty::Type;

/// Larger functions need stack, and gain little.
const MOST: usize = 80;
/// Up to here a method of a record is part of whoever calls it.
const FEW: usize = 40;
/// So deep leaves call leaves; whatever calls itself goes deeper.
const DEEP: usize = 4;

impl Func<'_, '_, '_> {
    /// What the callee of a native call gets as its transaction.
    pub(super) fn depth_of(&mut self, callee: usize) -> TokenStream {
        // The way through a cache counts where it goes on to the function.
        if self.instance.func.is_cache() {
            return self.q(quote!(cx.call_through_cache()));
        }
        if self.file.program.instances[callee].func.is_cache() {
            return quote!(cx);
        }
        if self.is_leaf(callee) {
            return self.q(quote!(cx.call_within()));
        }
        // C code calls it for most of what asks for it.
        let is_special = self.file.program.instances[callee].func.is_special();
        let cx = if is_special { self.q(quote!(cx.deeper(1))) } else { quote!(cx) };
        self.q(quote!(#cx.call()))
    }

    /// Does it only look into the cache of a function inside a function? Then the level is taken where it goes on.
    pub(super) fn stands_before_cache(&self, callee: usize) -> bool {
        let goes_on =
            |e: &Expr| matches!(&e.kind, ExprKind::CallNested { function, .. } if is_behind_cache(function));
        any_expr(&self.file.program.instances[callee].hir.body, goes_on)
    }

    /// The same for what a class runs when it is called.
    pub(super) fn depth_in_class(&mut self, callee: usize) -> TokenStream {
        let leaf = self.is_leaf(callee);
        self.q(if leaf { quote!(cx.call_class_within()) } else { quote!(cx.call_class()) })
    }

    /// Is that such a function, and does it matter?
    pub(super) fn is_leaf(&self, index: usize) -> bool {
        self.file.program.passes.has(Pass::Leaves) && is_leaf(&self.file.program.instances, index, MOST)
    }

    /// How a leaf is offered to the optimiser. A record stays in registers only where none of its methods is called: one call
    /// that remains is enough for all its fields to lie in memory. Of a list, where its elements are and how many.
    pub(super) fn inlining(&self) -> Option<TokenStream> {
        let own = |ty: &Type| match ty {
            Type::Instance(class) => class.own != 0,
            Type::List { in_place, .. } => !in_place,
            _ => false,
        };
        let few = is_leaf(&self.file.program.instances, self.index, FEW);
        match self.instance.params.iter().any(own) && few {
            _ if !self.is_leaf(self.index) => None,
            true => Some(quote!(#[inline(always)])),
            false => Some(quote!(#[inline])),
        }
    }

    /// The same for a small function that Python enters: it stands in the entry. One that takes arrays is compiled twice.
    pub(super) fn inlining_of_entry(&self) -> Option<TokenStream> {
        let arrays = self.instance.params.iter().any(|ty| matches!(ty, Type::Array(..)));
        let mut look = Size { left: FEW };
        look.block(&self.instance.hir.body);
        let small = look.left > 0 && self.instance.hir.yields.is_none();
        (small && !arrays && self.has_room_for(Pass::Leaves)).then(|| quote!(#[inline(always)]))
    }

    /// Does a hotspot compute scalars of scalars and nothing else? Its entry opens no transaction.
    ///
    /// ```python
    /// def clamp(x, low, high): ...          # #[hotspot(…, plain)]
    /// ```
    pub(super) fn computes_scalars(&self) -> bool {
        let instance = self.instance;
        let mut look = Scalars { instance, only: true };
        look.block(&instance.hir.body);
        let own = instance.params.iter().chain(&instance.vars);
        self.is_leaf(self.index) && look.only && own.chain([&instance.ret]).all(is_scalar)
    }
}

/// Is that the name of a function inside a function that a cache stands before?
pub(super) fn is_behind_cache(function: &str) -> bool {
    function.rsplit(".<locals>.").next().unwrap_or(function).contains(ITSELF)
}

fn is_scalar(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Bool | Type::None)
}

struct Scalars<'i> {
    instance: &'i Instance,
    only: bool,
}

impl<'h> Visit<'h> for Scalars<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        // The docstring.
        if !matches!(&stmt.kind, StmtKind::Expr(Expr { kind: ExprKind::Str(_), .. })) {
            walk_stmt(self, stmt);
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        self.only &= computes(&e.kind) && is_scalar(&self.instance.nodes[e.id]);
        walk_expr(self, e);
    }
}

/// Is that arithmetic, a test or a choice?
fn computes(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Local(_)
            | ExprKind::Named { .. }
            | ExprKind::Binary { .. }
            | ExprKind::InPlace { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
            | ExprKind::If { .. }
            | ExprKind::Bail
            | ExprKind::Narrow { .. }
    )
}

/// Is the function small, together with all that it calls, and are there no loops?
fn is_leaf(all: &Instances, index: usize, most: usize) -> bool {
    rest_of_leaf(all, index, most, DEEP).is_some()
}

/// What is left of that size behind a leaf; none if the function is no leaf.
fn rest_of_leaf(all: &Instances, index: usize, most: usize, deep: usize) -> Option<usize> {
    let instance = &all[index];
    let mut look = Leaf { left: most, leaf: deep > 0 && instance.values.is_empty() };
    if !look.leaf {
        return None;
    }
    look.block(&instance.hir.body);
    let left = (look.leaf && instance.hir.yields.is_none()).then_some(look.left);
    instance.calls.values().try_fold(left?, |left, callee| rest_of_leaf(all, *callee, left, deep - 1))
}

struct Size {
    left: usize,
}

impl<'h> Visit<'h> for Size {
    fn expr(&mut self, e: &'h Expr) {
        self.left = self.left.saturating_sub(1);
        walk_expr(self, e);
    }
}

struct Leaf {
    left: usize,
    leaf: bool,
}

impl<'h> Visit<'h> for Leaf {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Expr(_)
            | StmtKind::Assign { .. }
            | StmtKind::AugAssign { .. }
            | StmtKind::If { .. }
            | StmtKind::Return(_)
            | StmtKind::Raise { .. }
            | StmtKind::Bail
            | StmtKind::Narrow(_)
            | StmtKind::Pass => walk_stmt(self, stmt),
            StmtKind::While { .. }
            | StmtKind::For { .. }
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Reraise
            | StmtKind::Try { .. }
            | StmtKind::Delete(_)
            | StmtKind::Enter(_)
            | StmtKind::Leave { .. }
            | StmtKind::Caught { .. }
            | StmtKind::Forget { .. } => self.leaf = false,
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        self.leaf &= self.left > 0;
        self.left = self.left.saturating_sub(1);
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
            | ExprKind::InPlace { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
            | ExprKind::If { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Call { .. }
            | ExprKind::ModuleCall { .. }
            | ExprKind::Method { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Bail
            | ExprKind::Narrow { .. } => walk_expr(self, e),
            ExprKind::Build { .. }
            | ExprKind::Set { .. }
            | ExprKind::Dict(_)
            | ExprKind::Out(_)
            | ExprKind::Comp(_)
            | ExprKind::New { .. }
            | ExprKind::Iter { .. }
            | ExprKind::Next { .. }
            | ExprKind::CallNested { .. }
            | ExprKind::Function { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Cell(_)
            | ExprKind::Special { .. }
            | ExprKind::FString(_)
            | ExprKind::Yield { .. }
            | ExprKind::HandOut { .. }
            | ExprKind::Suspend { .. }
            | ExprKind::Turn(_)
            | ExprKind::Default { .. }
            | ExprKind::Lambda { .. } => self.leaf = false,
        }
    }
}
