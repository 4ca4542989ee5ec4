//! Which elements of its parameters a function only moves: into what it returns, without a look at what they are. Those
//! may stay the objects that they are; nothing is unboxed and made again.

use super::Instance;
use crate::hir::visit::{self, Visit};
use crate::hir::{BinOp, Comp, CompKind, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, TargetKind};
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
        self.ty(e).parts().iter().any(|t| t.members().contains(&Type::Obj))
    }

    /// Is an operand any object, or are there some in one?
    fn operand_holds(&self, walk: impl FnOnce(&mut Operands<'_>)) -> bool {
        let mut holds = false;
        walk(&mut Operands(&mut |e| holds |= self.holds(e)));
        holds
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
            StmtKind::If { test, .. } => !self.bare(test),
            StmtKind::Assign { targets, value } => {
                !self.bare(value) || targets.iter().all(|t| matches!(t.kind, TargetKind::Var(_)))
            }
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
            ExprKind::Index { base, index } => !self.bare(base) && !self.holds(index),
            ExprKind::Slice { base, .. } => !self.bare(base),
            ExprKind::Binary { op: BinOp::Add, left, right } => !self.bare(left) && !self.bare(right),
            ExprKind::Comp(comp) => self.comp_fits(comp),
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                args.iter().all(|arg| !self.bare(arg))
            }
            ExprKind::Method { base, name, args, .. } if MOVING.contains(&name.as_str()) => {
                // Keys are looked at.
                let keyed = matches!(name.as_str(), "get" | "pop") && args.iter().any(|arg| self.holds(arg));
                !self.bare(base) && !keyed
            }
            _ => !self.operand_holds(|look| visit::walk_expr(look, e)),
        };
        visit::walk_expr(self, e);
    }
}

/// Calls a function with the operands, and not with what stands in them.
struct Operands<'f>(&'f mut dyn FnMut(&Expr));

impl<'h> Visit<'h> for Operands<'_> {
    fn stmt(&mut self, _: &'h Stmt) {}

    fn expr(&mut self, e: &'h Expr) {
        (self.0)(e);
    }
}
