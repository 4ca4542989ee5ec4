//! Tuples of any length that a loop gets and only looks at: `for column in zip(*rows): total += sum(column)`.
//!
//! Whether such a thing is a tuple or a list nobody can tell, so that it need not be an object of Python's, with its items
//! boxed.  What tells them apart is everything that is not named here: comparing, adding, slicing, storing, returning.

use std::collections::BTreeMap;

use crate::hir::visit::{Counts, Visit, walk_comp, walk_expr, walk_iter, walk_stmt};
use crate::hir::{
    CmpOp, Comp, CompKind, Expr, ExprKind, Function, Generator, Iter, IterKind, NodeId, Stmt, StmtKind,
    Target, TargetKind, Tool, VarId,
};

/// Builtins that look at their only argument and keep nothing of it but items.
const BUILTINS: &[&str] = &["all", "any", "len", "max", "min", "sorted", "sum"];

/// Methods that tuples and lists have.
const METHODS: &[&str] = &["count", "index"];

/// Finds the iterators of a function whose tuples are only looked at. `is_bound` says which names the module binds.
pub(super) fn find(function: &mut Function, is_bound: &dyn Fn(&str) -> bool) {
    let mut found = Found {
        is_bound,
        sources: Vec::new(),
        looks: BTreeMap::new(),
        lists: BTreeMap::new(),
        unzipped: BTreeMap::new(),
    };
    found.block(&function.body);
    function.unzipped = std::mem::take(&mut found.unzipped);
    if found.sources.is_empty() {
        return;
    }
    let counts = Counts::of_block(&function.body);
    let mut sources = found.sources;
    // Two loops may share a variable, and an iterator may have several.
    loop {
        let mut bound: BTreeMap<VarId, usize> = BTreeMap::new();
        for var in sources.iter().flat_map(|(_, vars)| vars) {
            *bound.entry(*var).or_default() += 1;
        }
        let only_looked_at = |var: &VarId| {
            let (reads, defines) = counts.get(*var);
            let looks = found.looks.get(var).copied().unwrap_or_default();
            !function.vars[*var].cell && reads == looks && bound.get(var) == Some(&defines)
        };
        let before = sources.len();
        sources.retain(|(_, vars)| vars.iter().all(only_looked_at));
        if sources.len() == before {
            break;
        }
    }
    let once = |var: VarId| counts.get(var) == (1, 1);
    function.looked_at = sources.into_iter().map(|(node, _)| node).collect();
    let taken = |(source, (var, copy)): (NodeId, (VarId, NodeId))| {
        (once(var) && function.looked_at.contains(&source)).then_some(copy)
    };
    function.taken = found.lists.into_iter().filter_map(taken).collect();
}

/// Does the iterator give tuples of a length that is not known?
fn puts_together(kind: &IterKind) -> bool {
    match kind {
        IterKind::ZipStar(_) => true,
        IterKind::Tool { tool, .. } => matches!(
            tool,
            Tool::Product(None)
                | Tool::Permutations(_)
                | Tool::Combinations(_)
                | Tool::CombinationsWithReplacement(_)
                | Tool::Batched
                | Tool::Grouped
                | Tool::ProductOf
                | Tool::LongestOf
        ),
        _ => false,
    }
}

struct Found<'f> {
    is_bound: &'f dyn Fn(&str) -> bool,
    /// Iterators that give tuples of any length, and the variables that get them.
    sources: Vec<(NodeId, Vec<VarId>)>,
    /// How often a variable is looked at.
    looks: BTreeMap<VarId, usize>,
    /// Iterators of which a comprehension makes a list of each tuple: the variable, and the iterator that goes through it.
    lists: BTreeMap<NodeId, (VarId, NodeId)>,
    unzipped: BTreeMap<NodeId, usize>,
}

impl Found<'_> {
    /// Notes a look, if this is a variable; otherwise goes on below.
    fn look(&mut self, e: &Expr) {
        match e.kind {
            ExprKind::Local(var) => *self.looks.entry(var).or_default() += 1,
            _ => self.expr(e),
        }
    }

    /// What an iterator gives is assigned to the target.
    fn gives(&mut self, iter: &Iter, target: &Target) {
        match (&iter.kind, &target.kind) {
            (kind, TargetKind::Var(var)) if puts_together(kind) => self.sources.push((iter.id, vec![*var])),
            // Taken apart at once.
            (kind, TargetKind::Tuple(_) | TargetKind::Starred { .. }) if puts_together(kind) => {
                self.sources.push((iter.id, Vec::new()));
            }
            (IterKind::Enumerate { inner, .. }, TargetKind::Tuple(parts)) => {
                if let [_, part] = parts.as_slice() {
                    self.gives(inner, part);
                }
            }
            (IterKind::Zip(items), TargetKind::Tuple(parts)) if items.len() == parts.len() => {
                items.iter().zip(parts).for_each(|(item, part)| self.gives(item, part));
            }
            _ => {}
        }
    }

    /// `xs, ys = zip(*pairs)`
    fn unpacks(&mut self, iter: &Iter, targets: &[Target]) {
        let [Target { kind: TargetKind::Tuple(parts), .. }] = targets else { return };
        if matches!(iter.kind, IterKind::ZipStar(_)) && !parts.is_empty() {
            self.unzipped.insert(iter.id, parts.len());
        }
        let var = |part: &Target| match part.kind {
            TargetKind::Var(var) => Some(var),
            _ => None,
        };
        if let (true, Some(vars)) = (puts_together(&iter.kind), parts.iter().map(var).collect()) {
            self.sources.push((iter.id, vars));
        }
    }
}

impl<'h> Visit<'h> for Found<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::For { target, iter, .. } => self.gives(iter, target),
            StmtKind::Assign { targets, value } => {
                if let ExprKind::Iter { iter, .. } = &value.kind {
                    self.unpacks(iter, targets);
                }
                let apart = |t: &Target| matches!(t.kind, TargetKind::Tuple(_) | TargetKind::Starred { .. });
                if targets.iter().all(apart) {
                    self.look(value);
                    targets.iter().for_each(|t| self.target(t));
                    return;
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Expr(e) | IterKind::Reversed(e) => self.look(e),
            _ => walk_iter(self, iter),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        for g in &comp.generators {
            self.gives(&g.iter, &g.target);
        }
        if let (Some(Generator { target, iter, ifs }), ExprKind::Comp(list)) =
            (comp.generators.last(), &comp.element.kind)
            && let (TargetKind::Var(var), true, CompKind::List) = (&target.kind, ifs.is_empty(), list.kind)
            && let Some(ExprKind::Local(x)) = list.source().map(|e| &e.kind)
            && x == var
        {
            self.lists.insert(iter.id, (*var, list.generators[0].iter.id));
        }
        match comp.source() {
            // `tuple(t)` is the tuple itself.
            Some(e) if comp.kind == CompKind::Tuple => self.expr(e),
            _ => walk_comp(self, comp),
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Call { name, args, keywords }
                if BUILTINS.contains(&name.as_str()) && args.len() == 1 && !(self.is_bound)(name) =>
            {
                self.look(&args[0]);
                keywords.iter().for_each(|(_, value)| self.expr(value));
            }
            ExprKind::Index { base, index } => {
                self.look(base);
                self.expr(index);
            }
            ExprKind::Compare { op: CmpOp::In | CmpOp::NotIn, left, right } => {
                self.expr(left);
                self.look(right);
            }
            ExprKind::Method { base, name, args, keywords } if METHODS.contains(&name.as_str()) => {
                self.look(base);
                args.iter().chain(keywords.iter().map(|(_, value)| value)).for_each(|arg| self.expr(arg));
            }
            _ => walk_expr(self, e),
        }
    }
}
