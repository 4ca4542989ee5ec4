//! What flows into the result: where the profile saw ints beyond 64 bits come out, the arithmetic on that way is done on
//! ints of any size. Counters and indices stay machine words.

use std::collections::BTreeSet;

use crate::hir::visit::{self, Visit};
use crate::hir::*;

/// Which parts of the result are ints of any size: all of it, or items of a tuple.
pub type Wide = u32;

/// Nothing asks for it.
pub const NARROW: Wide = 0;
/// The whole result.
pub const WIDE: Wide = 0xffff;
/// Besides, whatever may grow beyond 64 bits, there and in all that is called.
pub const EVERYTHING: Wide = 1 << 31;

/// The arithmetic and the calls whose values flow into the result.
pub(super) fn slice(function: &Function, wide: Wide) -> BTreeSet<NodeId> {
    let everything = wide & EVERYTHING != 0;
    let wide = wide & !EVERYTHING;
    let mut grown = if everything { super::beyond::growing(function) } else { BTreeSet::new() };
    if wide == NARROW {
        return grown;
    }
    let mut flows = Flows { list: Vec::new(), returned: Vec::new(), yields: function.yields.is_some() };
    flows.block(&function.body);
    let mut slice = Slice {
        flows: &flows.list,
        params: function.params.iter().map(|p| p.var).collect(),
        nodes: BTreeSet::new(),
        seen: Vec::new(),
        todo: Vec::new(),
    };
    for e in &flows.returned {
        match &e.kind {
            ExprKind::Tuple(items) if wide != WIDE => {
                items.iter().enumerate().filter(|(i, _)| wide >> i & 1 != 0).for_each(|(_, e)| slice.expr(e));
            }
            _ => slice.expr(e),
        }
    }
    while let Some(place) = slice.todo.pop() {
        for (to, source) in slice.flows {
            if *to == place {
                slice.source(source);
            }
        }
    }
    grown.append(&mut slice.nodes);
    grown
}

/// The arithmetic of one expression, as far as its value is that of the expression.
pub(super) fn arithmetic(e: &Expr) -> BTreeSet<NodeId> {
    fn collect(e: &Expr, out: &mut BTreeSet<NodeId>) {
        match &e.kind {
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => match op {
                BinOp::Add | BinOp::Sub | BinOp::Mult => {
                    out.insert(e.id);
                    collect(left, out);
                    collect(right, out);
                }
                BinOp::Pow | BinOp::LShift => {
                    out.insert(e.id);
                    collect(left, out);
                }
                _ => {}
            },
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                out.insert(e.id);
                collect(operand, out);
            }
            ExprKind::If { body, orelse, .. } => {
                collect(body, out);
                collect(orelse, out);
            }
            ExprKind::Call { .. } | ExprKind::ModuleCall { .. } => {
                out.insert(e.id);
            }
            _ => {}
        }
    }
    let mut out = BTreeSet::new();
    collect(e, &mut out);
    out
}

#[derive(Clone, PartialEq)]
enum Place {
    Var(VarId),
    Global(String),
}

#[derive(Clone, Copy)]
enum Source<'h> {
    Expr(&'h Expr),
    Iter(&'h Iter),
    Var(VarId),
    /// `place[i] op= value`
    Aug(NodeId, &'h Expr),
    /// A number that only counts.
    Count,
}

/// The variable or global whose value, or whose elements, an expression names.
fn place(e: &Expr) -> Option<Place> {
    match &e.kind {
        ExprKind::Local(v) => Some(Place::Var(*v)),
        ExprKind::Global(name) => Some(Place::Global(name.clone())),
        ExprKind::Index { base, .. } | ExprKind::Slice { base, .. } | ExprKind::Method { base, .. } => {
            place(base)
        }
        ExprKind::Narrow { body, .. } => place(body),
        _ => None,
    }
}

/// Everything that is assigned to, or put into, something.
struct Flows<'h> {
    list: Vec<(Place, Source<'h>)>,
    returned: Vec<&'h Expr>,
    /// What comes out is what is yielded.
    yields: bool,
}

impl<'h> Flows<'h> {
    fn put(&mut self, to: Option<Place>, source: Source<'h>) {
        self.list.extend(to.map(|to| (to, source)));
    }

    fn store(&mut self, target: &'h Target, source: Source<'h>) {
        match &target.kind {
            TargetKind::Var(v) => self.put(Some(Place::Var(*v)), source),
            TargetKind::Global(name) => self.put(Some(Place::Global(name.clone())), source),
            TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } => self.put(place(base), source),
            // Other functions see it as well: it is what it is.
            TargetKind::Attr { .. } => {}
            TargetKind::Tuple(items) => match source {
                Source::Expr(Expr { kind: ExprKind::Tuple(values), .. }) if values.len() == items.len() => {
                    items.iter().zip(values).for_each(|(t, e)| self.store(t, Source::Expr(e)));
                }
                Source::Iter(Iter { kind: IterKind::Enumerate { inner, .. }, .. }) if items.len() == 2 => {
                    self.store(&items[0], Source::Count);
                    self.store(&items[1], Source::Iter(inner));
                }
                Source::Iter(Iter { kind: IterKind::Zip(inner), .. }) if inner.len() == items.len() => {
                    items.iter().zip(inner).for_each(|(t, i)| self.store(t, Source::Iter(i)));
                }
                _ => items.iter().for_each(|t| self.store(t, source)),
            },
            TargetKind::Starred { before, star, after } => {
                before.iter().chain([&**star]).chain(after).for_each(|t| self.store(t, source));
            }
        }
    }
}

impl<'h> Visit<'h> for Flows<'h> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|t| self.store(t, Source::Expr(value)));
            }
            StmtKind::AugAssign { target, value, id, .. } => self.store(target, Source::Aug(*id, value)),
            StmtKind::For { target, iter, .. } => self.store(target, Source::Iter(iter)),
            StmtKind::Return(Some(e)) if !self.yields => self.returned.push(e),
            _ => {}
        }
        visit::walk_stmt(self, stmt);
    }

    fn comp(&mut self, comp: &'h Comp) {
        for g in &comp.generators {
            self.store(&g.target, Source::Iter(&g.iter));
        }
        if let (CompKind::Extend, Some(list)) = (comp.kind, &comp.extra) {
            self.put(place(list), Source::Expr(&comp.element));
        }
        visit::walk_comp(self, comp);
    }

    fn narrows(&mut self, narrows: &'h [Narrow]) {
        for n in narrows {
            self.put(Some(Place::Var(n.to)), Source::Var(n.from));
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Named { var, value } => self.put(Some(Place::Var(*var)), Source::Expr(value)),
            ExprKind::Yield { value, .. } => self.returned.push(value),
            ExprKind::Method { base, args, .. } => {
                args.iter().for_each(|arg| self.put(place(base), Source::Expr(arg)));
            }
            _ => {}
        }
        visit::walk_expr(self, e);
    }
}

struct Slice<'f, 'h> {
    flows: &'f [(Place, Source<'h>)],
    params: BTreeSet<VarId>,
    nodes: BTreeSet<NodeId>,
    seen: Vec<Place>,
    todo: Vec<Place>,
}

impl<'h> Slice<'_, 'h> {
    fn reach(&mut self, place: Place) {
        if !self.seen.contains(&place) {
            self.seen.push(place.clone());
            self.todo.push(place);
        }
    }

    fn source(&mut self, source: &Source<'h>) {
        match source {
            Source::Expr(e) => self.expr(e),
            Source::Iter(iter) => self.iter(iter),
            Source::Var(v) => self.reach(Place::Var(*v)),
            Source::Aug(id, value) => {
                self.nodes.insert(*id);
                self.operand(value);
            }
            Source::Count => {}
        }
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Range { .. } => {}
            IterKind::Enumerate { inner, .. } => self.iter(inner),
            IterKind::Zip(items) => items.iter().for_each(|i| self.iter(i)),
            IterKind::ZipStar(e)
            | IterKind::Reversed(e)
            | IterKind::Items(e)
            | IterKind::ReversedItems(e)
            | IterKind::ReversedValues(e)
            | IterKind::Values(e)
            | IterKind::Keys(e)
            | IterKind::Expr(e) => self.expr(e),
            IterKind::Comp(comp) => self.expr(&comp.element),
            IterKind::Tool { iters, args, function, .. } => {
                iters.iter().for_each(|i| self.iter(i));
                args.iter().for_each(|e| self.operand(e));
                if let Some(ExprKind::Lambda { body, .. }) = function.as_deref().map(|e| &e.kind) {
                    self.expr(body);
                }
            }
        }
    }

    /// What only counts stays narrow.
    fn operand(&mut self, e: &'h Expr) {
        if !self.counts(e, &mut Vec::new()) {
            self.expr(e);
        }
    }

    /// Constants, and variables that only go up or down by them.
    fn counts(&self, e: &Expr, open: &mut Vec<VarId>) -> bool {
        match &e.kind {
            ExprKind::Int(i) => i.unsigned_abs() < 1 << 32,
            ExprKind::Local(v) => {
                if open.contains(v) {
                    return true;
                }
                open.push(*v);
                let mut flows = self.flows.iter().filter(|(to, _)| *to == Place::Var(*v)).peekable();
                (flows.peek().is_some() || self.params.contains(v))
                    && flows.all(|(_, source)| match source {
                        Source::Expr(e) => self.counts(e, open),
                        Source::Var(from) => open.contains(from) || self.params.contains(from),
                        Source::Iter(iter) => matches!(iter.kind, IterKind::Range { .. }),
                        Source::Aug(..) => false,
                        Source::Count => true,
                    })
            }
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let constant = |e: &Expr| matches!(e.kind, ExprKind::Int(i) if i.unsigned_abs() < 1 << 32);
                let one = constant(left) || constant(right);
                match op {
                    BinOp::Add | BinOp::Sub => one && self.counts(left, open) && self.counts(right, open),
                    // A variable that is multiplied again and again grows.
                    BinOp::Mult => {
                        let before = open.len();
                        one && self.counts(left, open) && self.counts(right, open) && before == 0
                    }
                    _ => false,
                }
            }
            ExprKind::Call { name, .. } => name == "len",
            _ => false,
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Local(_) | ExprKind::Global(_) => {
                if let Some(place) = place(e) {
                    self.reach(place);
                }
            }
            ExprKind::Named { value, .. } => self.expr(value),
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                self.nodes.insert(e.id);
                self.operand(left);
                if !matches!(op, BinOp::Pow | BinOp::LShift | BinOp::RShift) {
                    self.operand(right);
                }
            }
            ExprKind::Unary { operand, .. } => {
                self.nodes.insert(e.id);
                self.expr(operand);
            }
            ExprKind::Bool2 { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::If { body, orelse, .. } => {
                self.expr(body);
                self.expr(orelse);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|e| self.expr(e)),
            ExprKind::Build { parts, .. } | ExprKind::Set { parts, .. } => {
                for part in parts {
                    match part {
                        Part::Item(e) => self.expr(e),
                        Part::Star(iter) => self.iter(iter),
                    }
                }
            }
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    key.iter().for_each(|e| self.expr(e));
                    self.expr(value);
                }
            }
            ExprKind::Comp(comp) => {
                self.nodes.insert(e.id);
                self.expr(&comp.element);
                comp.value.iter().chain(&comp.extra).for_each(|e| self.expr(e));
            }
            ExprKind::Iter { iter, .. } => self.iter(iter),
            ExprKind::Next { iter, default } => {
                self.expr(iter);
                default.iter().for_each(|e| self.expr(e));
            }
            // What only passes numbers on.
            ExprKind::Call { name, args, .. } if matches!(name.as_str(), "abs" | "min" | "max" | "int") => {
                self.nodes.insert(e.id);
                args.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Call { args, keywords, .. } | ExprKind::ModuleCall { args, keywords, .. } => {
                self.nodes.insert(e.id);
                args.iter().chain(keywords.iter().map(|(_, e)| e)).for_each(|e| self.operand(e));
            }
            ExprKind::CallNested { args, .. } => {
                self.nodes.insert(e.id);
                args.iter().for_each(|e| self.operand(e));
            }
            ExprKind::CallValue { args, keywords, .. } => {
                self.nodes.insert(e.id);
                args.iter().chain(keywords.iter().map(|(_, e)| e)).for_each(|e| self.operand(e));
            }
            ExprKind::Cell(var) => self.reach(Place::Var(*var)),
            ExprKind::Method { base, args, .. } => {
                self.nodes.insert(e.id);
                self.expr(base);
                args.iter().for_each(|e| self.operand(e));
            }
            ExprKind::Special { operands, .. } => {
                self.nodes.insert(e.id);
                operands.iter().for_each(|e| self.operand(e));
            }
            ExprKind::Index { base, .. } | ExprKind::Slice { base, .. } => self.expr(base),
            ExprKind::Narrow { body, .. } | ExprKind::Out(body) => self.expr(body),
            // Texts, truths and what has no arithmetic in it.
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Bail
            | ExprKind::Yield { .. }
            | ExprKind::HandOut { .. }
            | ExprKind::Suspend { .. }
            | ExprKind::Turn(_)
            | ExprKind::New { .. }
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Default { .. }
            | ExprKind::Compare { .. }
            | ExprKind::FString(_)
            | ExprKind::Function { .. }
            | ExprKind::Lambda { .. } => {}
        }
    }
}
