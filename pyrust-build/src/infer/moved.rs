//! Which elements of its parameters a function only moves: into what it returns, without a look at what they are. Those
//! may stay the objects that they are; nothing is unboxed and made again.

use std::collections::BTreeSet;

use super::Instance;
use crate::hir::visit::{self, Visit};
use crate::hir::{
    BinOp, CmpOp, Comp, CompKind, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, Tool,
    UnaryOp, VarId,
};
use crate::ty::Type;

/// Methods of lists and dicts that move elements.
const MOVING: &[&str] =
    &["append", "copy", "extend", "get", "insert", "items", "keys", "pop", "reverse", "values"];

/// The type with one more container of which the elements, or values, are any objects: for each of those, outer ones
/// first.
pub fn opened(ty: &Type) -> Vec<Type> {
    let inside = |elem: &Type, make: &dyn Fn(Type) -> Type| {
        if *elem == Type::Obj {
            return Vec::new();
        }
        let mut out = vec![make(Type::Obj)];
        out.extend(opened(elem).into_iter().map(make));
        out
    };
    match ty {
        Type::List { elem, in_place: true } => {
            inside(elem, &|t| Type::List { elem: Box::new(t), in_place: true })
        }
        Type::VarTuple(elem) => inside(elem, &|t| Type::VarTuple(Box::new(t))),
        Type::Dict { key, value, in_place: true, kind } => inside(value, &|t| Type::Dict {
            key: key.clone(),
            value: Box::new(t),
            in_place: true,
            kind: *kind,
        }),
        // What stands in a tuple is opened at once, as deep.
        Type::Tuple { items, origin } => {
            let all: Vec<Vec<Type>> = items.iter().map(opened).collect();
            let most = all.iter().map(Vec::len).max().unwrap_or(0);
            let item = |depth: usize| {
                let item = |(ty, all): (&Type, &Vec<Type>)| all.get(depth).unwrap_or(ty).clone();
                items.iter().zip(&all).map(item).collect()
            };
            (0..most).map(|depth| Type::Tuple { items: item(depth), origin: *origin }).collect()
        }
        _ => Vec::new(),
    }
}

/// Does the function make something new of its parameters in comprehensions, and has no other loops?
pub fn rebuilds(body: &[Stmt]) -> bool {
    struct Found {
        comps: bool,
        loops: bool,
    }
    impl<'h> Visit<'h> for Found {
        fn stmt(&mut self, stmt: &'h Stmt) {
            match &stmt.kind {
                StmtKind::Return(Some(e)) => {
                    let made = |c: &Comp| matches!(c.kind, CompKind::List | CompKind::Dict | CompKind::Tuple);
                    self.comps |= matches!(&e.kind, ExprKind::Comp(comp) if made(comp));
                }
                StmtKind::For { .. } | StmtKind::While { .. } => self.loops = true,
                _ => {}
            }
            visit::walk_stmt(self, stmt);
        }

        fn expr(&mut self, _: &'h Expr) {}
    }
    let mut found = Found { comps: false, loops: false };
    body.iter().for_each(|stmt| found.stmt(stmt));
    found.comps && !found.loops
}

/// May lists that it returns have elements of its parameters, which its loops put there? It writes to nothing else, and
/// what is returned is not made of both.
pub fn collects(instance: &Instance) -> bool {
    struct Loops(bool);
    impl<'h> Visit<'h> for Loops {
        fn stmt(&mut self, stmt: &'h Stmt) {
            self.0 |= matches!(stmt.kind, StmtKind::For { .. } | StmtKind::While { .. });
            visit::walk_stmt(self, stmt);
        }

        fn comp(&mut self, comp: &'h Comp) {
            self.0 = true;
            visit::walk_comp(self, comp);
        }
    }
    fn elements(ty: &Type, all: &mut Vec<Type>) {
        if let Type::List { elem, .. } = ty {
            let value = |t: &&Type| matches!(t, Type::Int | Type::Float | Type::Str | Type::Bytes);
            all.extend(elem.members().iter().filter(value).cloned());
        }
        ty.parts().for_each(|part| elements(part, all));
    }
    let (mut given, mut made) = (Vec::new(), Vec::new());
    instance.params.iter().for_each(|ty| elements(ty, &mut given));
    elements(&instance.ret, &mut made);
    let mut loops = Loops(false);
    loops.block(&instance.hir.body);
    loops.0 && !instance.writes && made.iter().any(|ty| given.contains(ty))
}

/// Is that slower than with values? Where lists are made as Python's, or something is any object or a value.
pub fn is_slow(instance: &Instance) -> bool {
    struct Makes<'i>(&'i [Type], bool);
    impl<'h> Visit<'h> for Makes<'_> {
        fn expr(&mut self, e: &'h Expr) {
            let is_live = matches!(self.0.get(e.id), Some(Type::List { in_place: true, .. }));
            let is_made = !matches!(
                e.kind,
                ExprKind::Local(_)
                    | ExprKind::Index { .. }
                    | ExprKind::Named { .. }
                    | ExprKind::Narrow { .. }
            );
            self.1 |= is_live && is_made;
            visit::walk_expr(self, e);
        }
    }
    let mut makes = Makes(&instance.nodes, false);
    makes.block(&instance.hir.body);
    makes.1 || instance.ret.any(&|t| matches!(t, Type::Union(members) if members.contains(&Type::Obj)))
}

/// Does the function look at no object of which it does not know the type? Keys may be any objects, which are looked at
/// when they are, if they are texts or ints in the other form, `known`.
pub fn only_moves(instance: &Instance, known: &Instance) -> bool {
    let mut moves = Moves { instance, known, all: instance.notes.is_empty() };
    moves.block(&instance.hir.body);
    moves.all
}

struct Moves<'i> {
    instance: &'i Instance,
    known: &'i Instance,
    all: bool,
}

impl Moves<'_> {
    fn ty(&self, e: &Expr) -> &Type {
        self.instance.nodes.get(e.id).unwrap_or(&Type::Never)
    }

    /// Is it any object itself?
    fn bare(&self, e: &Expr) -> bool {
        self.ty(e).members().contains(&Type::Obj)
    }

    /// Is it any object, or are there some in it?
    fn holds(&self, e: &Expr) -> bool {
        self.ty(e).any(&|t| *t == Type::Obj)
    }

    /// Are its elements any objects?
    fn holds_bare(&self, e: &Expr) -> bool {
        self.ty(e).parts().any(|t| t.members().contains(&Type::Obj))
    }

    /// Is it a dict whose keys are any objects? A look-up hashes the key, which is faster where its type is known.
    fn has_bare_keys(&self, e: &Expr) -> bool {
        let bare = |t: &Type| matches!(t, Type::Dict { key, .. } if key.members().contains(&Type::Obj));
        self.ty(e).members().iter().any(bare)
    }

    /// Is an operand any object, or are there some in one?
    fn operand_holds(&self, walk: impl FnOnce(&mut Operands<'_>)) -> bool {
        any_operand(|e| self.holds(e), walk)
    }

    /// May what is gone through be taken apart that way?
    fn fits(&self, iter: &Iter, apart: bool) -> bool {
        match &iter.kind {
            IterKind::Expr(e) => !(self.bare(e) || apart && self.holds_bare(e)),
            IterKind::Zip(items) => items.iter().all(|item| self.fits(item, false)),
            IterKind::Enumerate { inner, .. } => self.fits(inner, false),
            IterKind::Comp(comp) => !apart && self.comp_fits(comp),
            IterKind::Items(e) | IterKind::Keys(e) | IterKind::Values(e) => !self.bare(e),
            IterKind::Reversed(e) => !self.bare(e) && !apart,
            IterKind::ZipStar(e) => !self.bare(e) && !apart && !self.holds_bare(e),
            IterKind::Range { .. } => true,
            IterKind::Tool { tool: Tool::ZipLongest, iters, .. } => {
                iters.iter().all(|item| self.fits(item, false))
            }
            _ => !self.operand_holds(|look| visit::walk_iter(look, iter)),
        }
    }

    fn comp_fits(&self, comp: &Comp) -> bool {
        let moved = match comp.kind {
            CompKind::List | CompKind::Tuple => comp.key.is_none(),
            CompKind::Dict => {
                let is_key = matches!(self.known.nodes.get(comp.element.id), Some(Type::Int | Type::Str));
                (is_key || !self.holds(&comp.element)) && comp.extra.is_none()
            }
            _ => !self.holds(&comp.element) && comp.key.is_none(),
        };
        moved
            && comp.generators.iter().all(|g| {
                let apart = !matches!(g.target.kind, TargetKind::Var(_));
                self.fits(&g.iter, apart) && g.ifs.iter().all(|test| !self.bare(test))
            })
    }
}

impl<'i> Visit<'i> for Moves<'i> {
    fn stmt(&mut self, stmt: &'i Stmt) {
        self.all &= match &stmt.kind {
            StmtKind::If { test, .. } | StmtKind::While { test, .. } => !self.bare(test),
            StmtKind::Assign { targets, value } => {
                !self.bare(value)
                    || targets.iter().all(|t| match &t.kind {
                        TargetKind::Var(_) => true,
                        TargetKind::Index { base, index, .. } => !self.bare(base) && !self.holds(index),
                        _ => false,
                    })
            }
            StmtKind::For { target, iter, .. } => self.fits(iter, !matches!(target.kind, TargetKind::Var(_))),
            StmtKind::Return(_) | StmtKind::Expr(_) | StmtKind::Narrow(_) | StmtKind::Pass => true,
            _ => !self.operand_holds(|look| visit::walk_stmt(look, stmt)),
        };
        visit::walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'i Expr) {
        self.all &= match &e.kind {
            ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Out(_)
            | ExprKind::Named { .. }
            | ExprKind::Narrow { .. } => true,
            ExprKind::Dict(items) => items.iter().all(|(key, value)| match key {
                Some(key) => !self.holds(key),
                None => !self.bare(value),
            }),
            ExprKind::If { test, .. } => !self.bare(test),
            ExprKind::Index { base, index } => {
                !self.bare(base) && !self.holds(index) && !self.has_bare_keys(base)
            }
            ExprKind::Slice { base, .. } => !self.bare(base),
            ExprKind::Binary { op: BinOp::Add, left, right }
            | ExprKind::InPlace { op: BinOp::Add, left, right }
            | ExprKind::Bool2 { left, right, .. } => !self.bare(left) && !self.bare(right),
            ExprKind::Unary { op: UnaryOp::Not, operand } => !self.bare(operand),
            // They are the objects that Python would compare.
            ExprKind::Compare { op: CmpOp::Is | CmpOp::IsNot, .. } => true,
            ExprKind::Comp(comp) => self.comp_fits(comp),
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                args.iter().all(|arg| !self.bare(arg))
            }
            ExprKind::Method { base, name, args, .. } if MOVING.contains(&name.as_str()) => {
                // Keys are looked at.
                let keyed = matches!(name.as_str(), "get" | "pop")
                    && (self.has_bare_keys(base) || args.iter().any(|arg| self.holds(arg)));
                !self.bare(base) && !keyed
            }
            _ => !self.operand_holds(|look| visit::walk_expr(look, e)),
        };
        visit::walk_expr(self, e);
    }
}

/// Is it so of any operand of what is walked?
fn any_operand(is_so: impl Fn(&Expr) -> bool, walk: impl FnOnce(&mut Operands<'_>)) -> bool {
    let mut found = false;
    walk(&mut Operands(&mut |e| found |= is_so(e)));
    found
}

/// Calls a function with the operands, and not with what stands in them.
struct Operands<'f>(&'f mut dyn FnMut(&Expr));

impl<'h> Visit<'h> for Operands<'_> {
    fn stmt(&mut self, _: &'h Stmt) {}

    fn expr(&mut self, e: &'h Expr) {
        (self.0)(e);
    }
}

/// Are tuples of which the members are read one by one ([`Type::is_lazy`]) only taken apart at places that the text says, or
/// moved? What compares or hashes them reads all members again each time.
pub fn reads_members(instance: &Instance) -> bool {
    Members::of(instance).all
}

/// Does it read single members of such tuples, others of which are texts? To look at a text takes a look at its object.
pub fn picks_members(instance: &Instance) -> bool {
    Members::of(instance).picks
}

/// Methods of containers that look at none of their elements, or values.
const KEEPING: &[&str] = &["append", "appendleft", "insert", "setdefault"];

struct Members<'i> {
    instance: &'i Instance,
    all: bool,
    picks: bool,
    /// The variables whose values somebody needs.
    read: BTreeSet<VarId>,
}

impl<'i> Members<'i> {
    fn of(instance: &'i Instance) -> Self {
        let read = visit::needed(&instance.hir.body);
        let mut members = Members { instance, all: true, picks: false, read };
        members.block(&instance.hir.body);
        members
    }

    fn ty(&self, e: &Expr) -> &Type {
        self.instance.nodes.get(e.id).unwrap_or(&Type::Never)
    }

    /// Is it such a tuple?
    fn bare(&self, e: &Expr) -> bool {
        self.ty(e).members().iter().any(Type::is_lazy)
    }

    /// Is it one, or are there some in it?
    fn holds(&self, e: &Expr) -> bool {
        self.ty(e).any(&Type::is_lazy)
    }

    fn operand_holds(&self, walk: impl FnOnce(&mut Operands<'_>)) -> bool {
        any_operand(|e| self.holds(e), walk)
    }

    /// Is a text among the members that get a name which nobody reads?
    fn passes_over(&self, target: &Target, of: &Type) -> bool {
        let (TargetKind::Tuple(targets), Type::Tuple { items, .. }) = (&target.kind, of) else {
            return false;
        };
        let unread = |t: &Target| matches!(&t.kind, TargetKind::Var(var) if !self.read.contains(var));
        of.is_lazy() && targets.iter().zip(items).any(|(t, ty)| is_text(ty) && unread(t))
    }

    /// What a loop takes apart.
    fn takes(&mut self, target: &Target, iter: &Iter) {
        if let IterKind::Expr(e) | IterKind::Reversed(e) = &iter.kind
            && let Type::List { elem, .. } = self.ty(e)
        {
            self.picks |= self.passes_over(target, elem);
        }
    }

    /// May that be gone through?
    fn fits(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Expr(e) | IterKind::Reversed(e) => !self.bare(e),
            IterKind::Items(e) | IterKind::Keys(e) | IterKind::Values(e) => !self.bare(e),
            IterKind::Zip(items) => items.iter().all(|item| self.fits(item)),
            IterKind::Enumerate { inner, .. } => self.fits(inner),
            // Looked at where it stands.
            IterKind::Comp(_) | IterKind::Range { .. } => true,
            _ => !self.operand_holds(|look| visit::walk_iter(look, iter)),
        }
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Str | Type::Bytes)
}

/// Is it sorted by what a function says?
fn has_key(keywords: &[(String, Expr)]) -> bool {
    keywords.iter().any(|(name, _)| name == "key")
}

impl<'i> Visit<'i> for Members<'i> {
    fn stmt(&mut self, stmt: &'i Stmt) {
        self.all &= match &stmt.kind {
            StmtKind::If { test, .. } | StmtKind::While { test, .. } => !self.bare(test),
            StmtKind::Assign { .. } | StmtKind::For { .. } => true,
            StmtKind::Return(_) | StmtKind::Expr(_) | StmtKind::Narrow(_) | StmtKind::Pass => true,
            _ => !self.operand_holds(|look| visit::walk_stmt(look, stmt)),
        };
        match &stmt.kind {
            StmtKind::For { target, iter, .. } => self.takes(target, iter),
            StmtKind::Assign { targets, value } => {
                self.picks |= targets.iter().any(|target| self.passes_over(target, self.ty(value)));
            }
            _ => {}
        }
        visit::walk_stmt(self, stmt);
    }

    fn iter(&mut self, iter: &'i Iter) {
        self.all &= self.fits(iter);
        visit::walk_iter(self, iter);
    }

    fn comp(&mut self, comp: &'i Comp) {
        let element = match comp.kind {
            CompKind::List | CompKind::Tuple => true,
            CompKind::Min | CompKind::Max => comp.key.is_some(),
            _ => !self.holds(&comp.element),
        };
        comp.generators.iter().for_each(|g| self.takes(&g.target, &g.iter));
        self.all &= element && comp.generators.iter().all(|g| g.ifs.iter().all(|test| !self.bare(test)));
        visit::walk_comp(self, comp);
    }

    fn expr(&mut self, e: &'i Expr) {
        self.all &= match &e.kind {
            ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Comp(_)
            | ExprKind::Lambda { .. }
            | ExprKind::Named { .. }
            | ExprKind::Narrow { .. } => true,
            ExprKind::Dict(items) => items.iter().all(|(key, value)| match key {
                Some(key) => !self.holds(key),
                None => !self.bare(value),
            }),
            ExprKind::If { test, .. } => !self.bare(test),
            ExprKind::Bool2 { left, right, .. } => !self.bare(left) && !self.bare(right),
            ExprKind::Unary { operand, .. } => !self.bare(operand),
            ExprKind::Index { base, index } => match self.bare(base) {
                true => {
                    let texts = self.ty(base).parts().any(is_text);
                    self.picks |= texts;
                    matches!(index.kind, ExprKind::Int(_))
                }
                false => !self.holds(index),
            },
            ExprKind::Slice { base, .. } => !self.bare(base),
            ExprKind::Binary { op: BinOp::Add, left, right } => !self.bare(left) && !self.bare(right),
            ExprKind::Compare { op: CmpOp::Is | CmpOp::IsNot, left, right } => {
                [left, right].iter().any(|side| matches!(side.kind, ExprKind::None))
            }
            ExprKind::Compare { op: CmpOp::In | CmpOp::NotIn, left, right } => {
                !self.holds(left) && matches!(self.ty(right), Type::Dict { .. })
            }
            ExprKind::Call { name, args, keywords } => match name.as_str() {
                "len" => args.iter().all(|arg| !self.bare(arg)),
                "sorted" => has_key(keywords) && args.iter().all(|arg| !self.bare(arg)),
                _ => !self.operand_holds(|look| visit::walk_expr(look, e)),
            },
            ExprKind::Method { base, name, keywords, .. } if name == "sort" => {
                !self.bare(base) && has_key(keywords)
            }
            ExprKind::Method { base, name, args, .. }
                if MOVING.contains(&name.as_str()) || KEEPING.contains(&name.as_str()) =>
            {
                // Keys are looked at.
                let keys = matches!(name.as_str(), "get" | "pop" | "setdefault");
                !(self.bare(base) || keys && args.first().is_some_and(|key| self.holds(key)))
            }
            _ => !self.operand_holds(|look| visit::walk_expr(look, e)),
        };
        visit::walk_expr(self, e);
    }
}
