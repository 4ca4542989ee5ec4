//! Displays of constants that nobody changes and nobody else sees: made once, not in each call.
//!
//! ```python
//! lengths = [31, 28, 31, 30, 31]         # static MADE: Constant<List<i64>>; MADE.get(|| list::of(…))
//! return lengths[month - 1]
//! ```
//!
//! Such a display stands where it is only read, or in a variable that has nothing but such displays and is only read. What
//! can be read from it is a constant, too; a list inside it must not be handed on either.

use std::collections::{BTreeMap, BTreeSet};

use quote::quote;

use super::Func;
use super::types::{Val, rust_type};
use crate::hir::visit::{Visit, walk_comp, walk_expr, walk_iter, walk_stmt};
use crate::hir::{
    self, CmpOp, Comp, Expr, ExprKind, Generator, Iter, IterKind, NodeId, Part, SetMade, Stmt, StmtKind,
    Target, TargetKind, UnaryOp, VarId,
};
use crate::infer::Instance;
use crate::ty::{DictKind, Origin, Type};

/// All levels of a container are only read.
const ALL: usize = usize::MAX;

/// How something is read: what is taken out of so many levels of containers stays what it is.
#[derive(Clone, Copy)]
struct Read {
    levels: usize,
    /// The order of a set could be seen.
    ordered: bool,
}

/// How a variable is used.
#[derive(Default)]
struct Used {
    reads: usize,
    defines: usize,
    /// Displays that it is assigned.
    displays: BTreeSet<NodeId>,
    /// Reads that leave it as it is.
    looks: Vec<Read>,
}

struct Uses<'i> {
    instance: &'i Instance,
    vars: BTreeMap<VarId, Used>,
    /// Displays, and how many levels of containers each is.
    displays: BTreeMap<NodeId, usize>,
    /// Those that stand where they are read.
    looked_into: Vec<(NodeId, Read)>,
}

/// Is it a display of constants?
pub(super) fn is_constant(e: &Expr) -> bool {
    depth(e).is_some()
}

/// How many levels of containers a display of constants is.
fn depth(e: &Expr) -> Option<usize> {
    let deepest = |items: &mut dyn Iterator<Item = &Expr>| {
        items.map(depth).try_fold(0, |most, depth| depth.map(|depth| most.max(depth)))
    };
    match &e.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => {
            Some(0)
        }
        ExprKind::Unary { op: UnaryOp::Neg, operand } => match operand.kind {
            ExprKind::Int(i) if i != i64::MIN => Some(0),
            ExprKind::Float(_) => Some(0),
            _ => None,
        },
        // What stands in a tuple is taken out of it like the tuple itself.
        ExprKind::Tuple(items) => deepest(&mut items.iter()).filter(|depth| *depth == 0),
        ExprKind::List(items) => deepest(&mut items.iter()).map(|depth| depth + 1),
        ExprKind::Dict(items) if !items.is_empty() => {
            let keys = items.iter().all(|(key, _)| key.as_ref().and_then(depth) == Some(0));
            let deepest = deepest(&mut items.iter().map(|(_, value)| value))?;
            keys.then_some(deepest + 1)
        }
        ExprKind::Set { parts, made: SetMade::Here | SetMade::Copied } if !parts.is_empty() => {
            let constant = |part: &Part| matches!(part, Part::Item(e) if depth(e) == Some(0));
            parts.iter().all(constant).then_some(1)
        }
        _ => None,
    }
}

/// Is it a native value that holds nothing of Python's but texts?
fn is_still(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Bool | Type::Int | Type::Float | Type::Char | Type::Str => true,
        Type::List { in_place: false, .. }
        | Type::Dict { in_place: false, kind: DictKind::Plain, .. }
        | Type::Set { in_place: false, frozen: false, .. }
        | Type::Union(_) => ty.parts().all(is_still),
        Type::Tuple { origin: Origin::Native, items } => items.iter().all(is_still),
        _ => false,
    }
}

/// Does a target take what it gets apart, and keep none of it?
fn unpacks(target: &Target) -> bool {
    matches!(&target.kind, TargetKind::Tuple(items) if items.iter().all(|t| matches!(t.kind, TargetKind::Var(_))))
}

impl<'i> Uses<'i> {
    /// A container is read here, and nothing else happens to it.
    fn look(&mut self, e: &Expr, read: Read) {
        let deeper = |levels: usize| Read { levels: read.levels.saturating_add(levels), ordered: true };
        match &e.kind {
            ExprKind::Local(var) => {
                let used = self.vars.entry(*var).or_default();
                used.looks.push(read);
                used.reads += 1;
            }
            ExprKind::Index { base, index } => {
                self.look(base, deeper(1));
                self.expr(index);
            }
            ExprKind::Method { base, name, args, keywords } if name == "get" && keywords.is_empty() => {
                self.look(base, deeper(1));
                args.iter().for_each(|arg| self.expr(arg));
            }
            _ => {
                if let Some(depth) = self.display(e) {
                    self.displays.insert(e.id, depth);
                    self.looked_into.push((e.id, read));
                } else {
                    self.expr(e);
                }
            }
        }
    }

    /// How many levels a display of constants is that becomes a native container.
    fn display(&self, e: &Expr) -> Option<usize> {
        let ty = self.instance.nodes.get(e.id)?;
        let container = matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { .. });
        if container && is_still(ty) { depth(e).filter(|depth| *depth > 0) } else { None }
    }

    /// What a loop goes through.
    fn source(&mut self, iter: &Iter, levels: usize) {
        let read = Read { levels, ordered: true };
        match &iter.kind {
            IterKind::Expr(e) | IterKind::Reversed(e) => self.look(e, read),
            // The keys and the values, which stand beside each other.
            IterKind::Items(e) | IterKind::ReversedItems(e) => {
                self.look(e, Read { levels: 1, ordered: true })
            }
            IterKind::Values(e) | IterKind::ReversedValues(e) => self.look(e, read),
            IterKind::Keys(e) => self.look(e, Read { levels: ALL, ordered: true }),
            IterKind::Enumerate { inner, start } => {
                self.source(inner, 1);
                start.iter().for_each(|e| self.expr(e));
            }
            IterKind::Zip(inner) => inner.iter().for_each(|iter| self.source(iter, 1)),
            _ => walk_iter(self, iter),
        }
    }
}

impl<'h> Visit<'h> for Uses<'_> {
    fn read(&mut self, _: NodeId, var: &'h VarId) {
        self.vars.entry(*var).or_default().reads += 1;
    }

    fn define(&mut self, _: NodeId, var: &'h VarId) {
        self.vars.entry(*var).or_default().defines += 1;
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let [Target { kind: TargetKind::Var(var), .. }] = targets.as_slice()
                    && let Some(depth) = self.display(value)
                    && self.instance.nodes.get(value.id) == Some(&self.instance.vars[*var])
                {
                    self.displays.insert(value.id, depth);
                    self.vars.entry(*var).or_default().displays.insert(value.id);
                }
                walk_stmt(self, stmt);
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.source(iter, if unpacks(target) { 2 } else { 1 });
                self.target(target);
                self.block(body);
                self.block(orelse);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn iter(&mut self, iter: &'h Iter) {
        self.source(iter, 1);
    }

    fn comp(&mut self, comp: &'h Comp) {
        let Comp { generators, .. } = comp;
        if !generators.iter().any(|g| unpacks(&g.target)) {
            return walk_comp(self, comp);
        }
        let Comp { kind: _, generators, element, value, extra, key, builtin: _ } = comp;
        extra.iter().for_each(|e| self.expr(e));
        for Generator { target, iter, ifs } in generators {
            self.source(iter, if unpacks(target) { 2 } else { 1 });
            self.target(target);
            ifs.iter().for_each(|test| self.expr(test));
        }
        self.expr(element);
        [value, key].into_iter().flatten().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Index { .. } => self.look(e, Read { levels: 0, ordered: true }),
            ExprKind::Slice { base, lower, upper, step } => {
                self.look(base, Read { levels: 1, ordered: true });
                [lower, upper, step].into_iter().flatten().for_each(|bound| self.expr(bound));
            }
            ExprKind::Compare { op: CmpOp::In | CmpOp::NotIn, left, right } => {
                self.expr(left);
                self.look(right, Read { levels: ALL, ordered: false });
            }
            ExprKind::Call { name, args, keywords }
                if name == "len" && keywords.is_empty() && !self.instance.calls.contains_key(&e.id) =>
            {
                args.iter().for_each(|arg| self.look(arg, Read { levels: ALL, ordered: false }));
            }
            ExprKind::Method { base, name, args, keywords } if keywords.is_empty() => {
                let levels = match name.as_str() {
                    "get" => return self.look(e, Read { levels: 0, ordered: true }),
                    "index" | "count" => ALL,
                    "keys" | "values" | "items" => 1,
                    _ => return walk_expr(self, e),
                };
                self.look(base, Read { levels, ordered: true });
                args.iter().for_each(|arg| self.expr(arg));
            }
            _ => walk_expr(self, e),
        }
    }
}

/// The displays that are made once.
pub(super) fn found(hir: &hir::Function, instance: &Instance) -> BTreeSet<NodeId> {
    let mut uses =
        Uses { instance, vars: BTreeMap::new(), displays: BTreeMap::new(), looked_into: Vec::new() };
    uses.block(&hir.body);
    let Uses { vars, displays, looked_into, .. } = uses;
    let is_set = |id: NodeId| matches!(instance.nodes[id], Type::Set { .. });
    let fits = |id: NodeId, read: Read| read.levels >= displays[&id] && !(read.ordered && is_set(id));
    let mut found = BTreeSet::new();
    found.extend(looked_into.into_iter().filter(|(id, read)| fits(*id, *read)).map(|(id, _)| id));
    for (var, used) in vars {
        let own = !hir.vars[var].cell && hir.params.iter().all(|p| p.var != var);
        let known = own && used.displays.len() == used.defines && used.looks.len() == used.reads;
        if known && used.displays.iter().all(|id| used.looks.iter().all(|read| fits(*id, *read))) {
            found.extend(used.displays);
        }
    }
    found
}

impl Func<'_, '_, '_> {
    /// A display that is made once.
    pub(super) fn made_once(&mut self, e: &Expr, ty: Type) -> Val {
        let once = std::mem::take(&mut self.once);
        let make = self.in_closure(|f| f.val(e).owned());
        self.once = once;
        let t = rust_type(&ty);
        let get = self.q(quote!(MADE.get(|| -> R<_> { Ok(#make) })));
        Val::new(quote!({ static MADE: Constant<#t> = Constant::new(); #get }), ty)
    }
}
