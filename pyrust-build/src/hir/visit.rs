//! Walks over the HIR, in the order of evaluation as far as the text shows it.
//!
//! `Visit` looks, `VisitMut` changes. A pass implements what it cares about and calls the `walk_…` function of the same
//! name to go on below. Both traits and their walks come from one macro: a new node is added once, and no pass can
//! forget it. Control flow (what is evaluated at most once, or again) is for the passes that need it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Key of the `i`-th parameter of the lambda `node`; outside the range of ordinary nodes.
pub fn lambda_param(node: NodeId, i: usize) -> NodeId {
    usize::MAX - (node * 16 + i)
}

macro_rules! visitor {
    ($(#[$doc:meta])* $name:ident $(<$lt:lifetime>)?, [$($r:tt)*], [$($m:tt)*], $block:ty,
     $walk_block:ident, $walk_stmt:ident, $walk_target:ident, $walk_iter:ident, $walk_comp:ident, $walk_expr:ident,
     $walk_parts:ident) => {
        $(#[$doc])*
        pub trait $name $(<$lt>)? {
            /// A variable is read at a node.
            fn read(&mut self, _at: NodeId, _var: $($r)* VarId) {}
            /// A variable is assigned (or deleted) at a node.
            fn define(&mut self, _at: NodeId, _var: $($r)* VarId) {}
            fn block(&mut self, body: $($r)* $block) {
                $walk_block(self, body);
            }
            fn stmt(&mut self, stmt: $($r)* Stmt) {
                $walk_stmt(self, stmt);
            }
            fn target(&mut self, target: $($r)* Target) {
                $walk_target(self, target);
            }
            fn iter(&mut self, iter: $($r)* Iter) {
                $walk_iter(self, iter);
            }
            fn comp(&mut self, comp: $($r)* Comp) {
                $walk_comp(self, comp);
            }
            fn expr(&mut self, e: $($r)* Expr) {
                $walk_expr(self, e);
            }
            fn narrows(&mut self, narrows: $($r)* [Narrow]) {
                for n in narrows {
                    self.read(n.read, $($m)* n.from);
                    self.define(n.id, $($m)* n.to);
                }
            }
        }

        pub fn $walk_block<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, body: $($r)* $block) {
            for stmt in body {
                v.stmt(stmt);
            }
        }

        pub fn $walk_stmt<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, stmt: $($r)* Stmt) {
            match $($m)* stmt.kind {
                StmtKind::Expr(e) => v.expr(e),
                StmtKind::Assign { targets, value } => {
                    v.expr(value);
                    for target in targets {
                        v.target(target);
                    }
                }
                StmtKind::AugAssign { target, value, .. } => {
                    v.target(target);
                    v.expr(value);
                }
                StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                    v.expr(test);
                    v.block(body);
                    v.block(orelse);
                }
                StmtKind::For { target, iter, body, orelse } => {
                    v.iter(iter);
                    v.target(target);
                    v.block(body);
                    v.block(orelse);
                }
                StmtKind::Return(Some(e)) => v.expr(e),
                StmtKind::Raise { args, .. } => {
                    for arg in args {
                        v.expr(arg);
                    }
                }
                StmtKind::Try { body, handlers, orelse, finalbody } => {
                    v.block(body);
                    for handler in handlers {
                        v.block($($m)* handler.body);
                    }
                    v.block(orelse);
                    v.block(finalbody);
                }
                StmtKind::Delete(targets) => {
                    for target in targets {
                        v.target(target);
                    }
                }
                StmtKind::Narrow(narrows) => v.narrows(narrows),
                StmtKind::Leave { generator, throws: _ } => v.expr(generator),
                StmtKind::Caught { var, id, .. } | StmtKind::Forget { var, id } => {
                    let id = *id;
                    v.define(id, var);
                }
                StmtKind::Return(None)
                | StmtKind::Break
                | StmtKind::Continue
                | StmtKind::Reraise
                | StmtKind::Bail
                | StmtKind::Enter(_)
                | StmtKind::Pass => {}
            }
        }

        pub fn $walk_target<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, target: $($r)* Target) {
            let id = target.id;
            match $($m)* target.kind {
                TargetKind::Var(var) => v.define(id, var),
                TargetKind::Global(_) => {}
                TargetKind::Tuple(items) => {
                    for item in items {
                        v.target(item);
                    }
                }
                TargetKind::Starred { before, star, after } => {
                    for item in before {
                        v.target(item);
                    }
                    v.target(star);
                    for item in after {
                        v.target(item);
                    }
                }
                TargetKind::Index { base, index } => {
                    v.expr(base);
                    v.expr(index);
                }
                TargetKind::Attr { base, name: _, generic: _ } => v.expr(base),
                TargetKind::Slice { base, lower, upper, step } => {
                    v.expr(base);
                    for bound in [lower, upper, step].into_iter().flatten() {
                        v.expr(bound);
                    }
                }
            }
        }

        pub fn $walk_iter<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, iter: $($r)* Iter) {
            match $($m)* iter.kind {
                IterKind::Range { start, stop, step } => {
                    if let Some(e) = start {
                        v.expr(e);
                    }
                    v.expr(stop);
                    if let Some(e) = step {
                        v.expr(e);
                    }
                }
                IterKind::Enumerate { inner, start } => {
                    v.iter(inner);
                    if let Some(e) = start {
                        v.expr(e);
                    }
                }
                IterKind::Zip(items) => {
                    for item in items {
                        v.iter(item);
                    }
                }
                IterKind::ZipStar(e)
                | IterKind::Reversed(e)
                | IterKind::Items(e)
                | IterKind::ReversedItems(e)
                | IterKind::ReversedValues(e)
                | IterKind::Values(e)
                | IterKind::Keys(e)
                | IterKind::Expr(e) => v.expr(e),
                IterKind::Comp(comp) => v.comp(comp),
                IterKind::Tool { tool: _, iters, args, function } => {
                    for item in iters {
                        v.iter(item);
                    }
                    for e in args {
                        v.expr(e);
                    }
                    if let Some(e) = function {
                        v.expr(e);
                    }
                }
            }
        }

        pub fn $walk_comp<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, comp: $($r)* Comp) {
            let Comp { kind: _, generators, element, value, extra, key, builtin: _ } = comp;
            if let Some(e) = extra {
                v.expr(e);
            }
            for Generator { target, iter, ifs } in generators {
                v.iter(iter);
                v.target(target);
                for test in ifs {
                    v.expr(test);
                }
            }
            v.expr(element);
            for e in [value, key].into_iter().flatten() {
                v.expr(e);
            }
        }

        pub fn $walk_expr<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, e: $($r)* Expr) {
            let id = e.id;
            match $($m)* e.kind {
                ExprKind::Local(var) | ExprKind::Cell(var) => v.read(id, var),
                ExprKind::Named { var, value } => {
                    v.expr(value);
                    v.define(id, var);
                }
                ExprKind::Narrow { narrows, body } => {
                    v.narrows(narrows);
                    v.expr(body);
                }
                ExprKind::Lambda { params, body } => {
                    for (i, var) in params.into_iter().enumerate() {
                        v.define(lambda_param(id, i), var);
                    }
                    v.expr(body);
                }
                ExprKind::Binary { left, right, .. }
                | ExprKind::InPlace { left, right, .. }
                | ExprKind::Compare { left, right, .. }
                | ExprKind::Bool2 { left, right, .. } => {
                    v.expr(left);
                    v.expr(right);
                }
                ExprKind::Unary { operand, .. } | ExprKind::Out(operand) => v.expr(operand),
                ExprKind::Yield { value, closes: _, delegates: _ } => v.expr(value),
                ExprKind::HandOut { module: _, attr: _, args, keywords, whole: _ } => {
                    for (arg, _) in args {
                        v.expr(arg);
                    }
                    for (_, value) in keywords {
                        v.expr(value);
                    }
                }
                ExprKind::Turn(turn) => v.expr(turn),
                ExprKind::Suspend { point: _, items, waits: _ } => {
                    for item in items {
                        v.expr(item);
                    }
                }
                ExprKind::If { test, body, orelse } => {
                    v.expr(test);
                    v.expr(body);
                    v.expr(orelse);
                }
                ExprKind::Tuple(items) | ExprKind::List(items) => {
                    for item in items {
                        v.expr(item);
                    }
                }
                ExprKind::Build { parts, .. } | ExprKind::Set { parts, .. } => {
                    for part in parts {
                        match part {
                            Part::Item(e) => v.expr(e),
                            Part::Star(iter) => v.iter(iter),
                        }
                    }
                }
                ExprKind::Dict(items) => {
                    for (key, value) in items {
                        if let Some(key) = key {
                            v.expr(key);
                        }
                        v.expr(value);
                    }
                }
                ExprKind::Comp(comp) => v.comp(comp),
                ExprKind::New { class: _, arg } => {
                    if let Some(e) = arg {
                        v.expr(e);
                    }
                }
                ExprKind::Iter { iter, .. } => v.iter(iter),
                ExprKind::Next { iter, default } => {
                    v.expr(iter);
                    if let Some(e) = default {
                        v.expr(e);
                    }
                }
                ExprKind::Call { args, keywords, .. } | ExprKind::ModuleCall { args, keywords, .. } => {
                    for arg in args {
                        v.expr(arg);
                    }
                    for (_, value) in keywords {
                        v.expr(value);
                    }
                }
                ExprKind::CallNested { function: _, made, args, slots: _ } => {
                    if let Some(made) = made {
                        v.expr(made);
                    }
                    for arg in args {
                        v.expr(arg);
                    }
                }
                ExprKind::Function { name: _, made, captures } => {
                    if let Some(made) = made {
                        v.expr(made);
                    }
                    for e in captures {
                        v.expr(e);
                    }
                }
                ExprKind::CallValue { function, args, stars: _, keywords, rest } => {
                    v.expr(function);
                    for arg in args {
                        v.expr(arg);
                    }
                    for (_, value) in keywords {
                        v.expr(value);
                    }
                    if let Some(rest) = rest {
                        v.expr(rest);
                    }
                }
                ExprKind::Method { base, args, keywords, .. } => {
                    v.expr(base);
                    for arg in args {
                        v.expr(arg);
                    }
                    for (_, value) in keywords {
                        v.expr(value);
                    }
                }
                ExprKind::Special { method: _, operands, keywords } => {
                    for operand in operands {
                        v.expr(operand);
                    }
                    for (_, value) in keywords {
                        v.expr(value);
                    }
                }
                ExprKind::Index { base, index } => {
                    v.expr(base);
                    v.expr(index);
                }
                ExprKind::Slice { base, lower, upper, step } => {
                    v.expr(base);
                    for bound in [lower, upper, step].into_iter().flatten() {
                        v.expr(bound);
                    }
                }
                ExprKind::FString(parts) => $walk_parts(v, parts),
                ExprKind::Bail
                | ExprKind::None
                | ExprKind::Bool(_)
                | ExprKind::Int(_)
                | ExprKind::Big(_)
                | ExprKind::Float(_)
                | ExprKind::Str(_)
                | ExprKind::Bytes(_)
                | ExprKind::Global(_)
                | ExprKind::Default { function: _, param: _ }
                | ExprKind::ModuleAttr { .. } => {}
            }
        }

        fn $walk_parts<$($lt,)? V: $name $(<$lt>)? + ?Sized>(v: &mut V, parts: $($r)* [FPart]) {
            for part in parts {
                if let FPart::Value { value, spec, .. } = part {
                    v.expr(value);
                    $walk_parts(v, spec);
                }
            }
        }
    };
}

visitor! {
    /// Looks at everything.
    Visit<'h>, [&'h], [&], [Stmt],
    walk_block, walk_stmt, walk_target, walk_iter, walk_comp, walk_expr, walk_parts
}
visitor! {
    /// Changes what it likes.
    VisitMut, [&mut], [&mut], Vec<Stmt>,
    walk_block_mut, walk_stmt_mut, walk_target_mut, walk_iter_mut, walk_comp_mut, walk_expr_mut, walk_parts_mut
}

/// Anything that a walk can start from.
pub trait Visitable {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>);
    fn accept_mut(&mut self, v: &mut dyn VisitMut);
}

impl Visitable for Expr {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.expr(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.expr(self);
    }
}

impl Visitable for Iter {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.iter(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.iter(self);
    }
}

impl Visitable for Comp {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.comp(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.comp(self);
    }
}

impl Visitable for Target {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.target(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.target(self);
    }
}

impl Visitable for Stmt {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.stmt(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.stmt(self);
    }
}

impl Visitable for Vec<Stmt> {
    fn accept<'h>(&'h self, v: &mut dyn Visit<'h>) {
        v.block(self);
    }

    fn accept_mut(&mut self, v: &mut dyn VisitMut) {
        v.block(self);
    }
}

/// The variables that are read anywhere inside.
pub fn reads(node: &impl Visitable) -> BTreeSet<VarId> {
    struct Reads(BTreeSet<VarId>);
    impl<'h> Visit<'h> for Reads {
        fn read(&mut self, _: NodeId, var: &'h VarId) {
            self.0.insert(*var);
        }
    }
    let mut out = Reads(BTreeSet::new());
    node.accept(&mut out);
    out.0
}

/// The variables for which it matters whether they have a value, and which: those that are read, changed in place or deleted.
pub fn needed(node: &impl Visitable) -> BTreeSet<VarId> {
    struct Needed(BTreeSet<VarId>);
    impl Needed {
        fn names(&mut self, target: &Target) {
            match &target.kind {
                TargetKind::Var(var) => _ = self.0.insert(*var),
                TargetKind::Tuple(items) => items.iter().for_each(|t| self.names(t)),
                _ => {}
            }
        }
    }
    impl<'h> Visit<'h> for Needed {
        fn read(&mut self, _: NodeId, var: &'h VarId) {
            self.0.insert(*var);
        }

        fn stmt(&mut self, stmt: &'h Stmt) {
            match &stmt.kind {
                StmtKind::AugAssign { target, .. } => self.names(target),
                StmtKind::Delete(targets) => targets.iter().for_each(|t| self.names(t)),
                _ => {}
            }
            walk_stmt(self, stmt);
        }
    }
    let mut out = Needed(BTreeSet::new());
    node.accept(&mut out);
    out.0
}

/// Does a handler inside read what it has caught?
pub fn reads_caught(body: &[Stmt]) -> bool {
    struct Looks(bool);
    impl<'h> Visit<'h> for Looks {
        fn stmt(&mut self, stmt: &'h Stmt) {
            self.0 |= matches!(stmt.kind, StmtKind::Caught { .. });
            walk_stmt(self, stmt);
        }
    }
    let mut out = Looks(false);
    out.block(body);
    out.0
}

/// The variables that are assigned anywhere inside, by comprehensions and `:=` too.
pub fn defines(node: &impl Visitable) -> BTreeSet<VarId> {
    struct Defines(BTreeSet<VarId>);
    impl<'h> Visit<'h> for Defines {
        fn define(&mut self, _: NodeId, var: &'h VarId) {
            self.0.insert(*var);
        }
    }
    let mut out = Defines(BTreeSet::new());
    node.accept(&mut out);
    out.0
}

/// How often variables are read and assigned.
#[derive(Default)]
pub struct Counts {
    reads: BTreeMap<VarId, usize>,
    defines: BTreeMap<VarId, usize>,
}

impl<'h> Visit<'h> for Counts {
    fn read(&mut self, _: NodeId, var: &'h VarId) {
        *self.reads.entry(*var).or_default() += 1;
    }

    fn define(&mut self, _: NodeId, var: &'h VarId) {
        *self.defines.entry(*var).or_default() += 1;
    }
}

impl Counts {
    /// Inside of a node.
    pub fn of(node: &impl Visitable) -> Counts {
        let mut counts = Counts::default();
        node.accept(&mut counts);
        counts
    }

    /// In statements.
    pub fn of_block(body: &[Stmt]) -> Counts {
        let mut counts = Counts::default();
        counts.block(body);
        counts
    }

    /// How often a variable is read, and how often it is assigned.
    pub fn get(&self, var: VarId) -> (usize, usize) {
        let count = |of: &BTreeMap<VarId, usize>| of.get(&var).copied().unwrap_or_default();
        (count(&self.reads), count(&self.defines))
    }

    /// The variables that are assigned.
    pub fn defined(&self) -> impl Iterator<Item = VarId> + '_ {
        self.defines.keys().copied()
    }
}

/// The variables that one narrowing assigns and nothing else, and what it narrows.
pub fn narrowed(body: &[Stmt]) -> BTreeMap<VarId, VarId> {
    #[derive(Default)]
    struct Narrowed {
        found: BTreeMap<VarId, VarId>,
        defined: BTreeMap<VarId, usize>,
    }
    impl<'h> Visit<'h> for Narrowed {
        fn define(&mut self, _: NodeId, var: &'h VarId) {
            *self.defined.entry(*var).or_default() += 1;
        }

        fn narrows(&mut self, narrows: &'h [Narrow]) {
            for n in narrows {
                self.define(n.id, &n.to);
                self.found.insert(n.to, n.from);
            }
        }
    }
    let mut out = Narrowed::default();
    body.iter().for_each(|stmt| out.stmt(stmt));
    out.found.retain(|to, from| to != from && out.defined[to] == 1);
    out.found
}

/// Every read of `var` inside becomes one of `to`.
pub fn rename(node: &mut impl Visitable, var: VarId, to: VarId) {
    struct Rename(VarId, VarId);
    impl VisitMut for Rename {
        fn read(&mut self, _: NodeId, var: &mut VarId) {
            if *var == self.0 {
                *var = self.1;
            }
        }
    }
    node.accept_mut(&mut Rename(var, to));
}

/// Calls `f` with every expression inside, outer ones first.
pub fn each_expr<'h>(node: &'h impl Visitable, f: &mut dyn FnMut(&'h Expr)) {
    struct Each<'f, 'h>(&'f mut dyn FnMut(&'h Expr));
    impl<'h> Visit<'h> for Each<'_, 'h> {
        fn expr(&mut self, e: &'h Expr) {
            (self.0)(e);
            walk_expr(self, e);
        }
    }
    node.accept(&mut Each(f));
}

/// Is there an expression inside for which `f` is true?
pub fn any_expr(node: &impl Visitable, f: impl Fn(&Expr) -> bool) -> bool {
    let mut found = false;
    each_expr(node, &mut |e| found = found || f(e));
    found
}

/// The expressions next below, in the order of evaluation.
struct Children<'h>(Vec<&'h Expr>);

impl<'h> Visit<'h> for Children<'h> {
    fn expr(&mut self, e: &'h Expr) {
        self.0.push(e);
    }
}

/// The expressions next below an expression; those of a comprehension or an iterable too.
pub fn children(e: &Expr) -> Vec<&Expr> {
    let mut out = Children(Vec::new());
    walk_expr(&mut out, e);
    out.0
}

/// The expressions next below an iterable.
pub fn iter_children(iter: &Iter) -> Vec<&Expr> {
    let mut out = Children(Vec::new());
    walk_iter(&mut out, iter);
    out.0
}

/// The subscripts' expressions of a target.
pub fn target_children(target: &Target) -> Vec<&Expr> {
    let mut out = Children(Vec::new());
    walk_target(&mut out, target);
    out.0
}
