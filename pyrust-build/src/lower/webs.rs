//! Splits every variable into its live ranges (webs) and finds uses that may be unbound.
//!
//! `i = 0; …; i = "x"` becomes two variables with a type each. Reaching definitions over the structured body;
//! definitions that reach a common use are one web.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::hir::visit::{self, Visit, VisitMut};
use crate::hir::*;

/// Definitions that may reach a point, per variable; `None` where the point is unreachable. Shared by the points
/// between which nothing is defined.
type State = Option<Vec<Defs>>;
type Defs = Rc<BTreeSet<usize>>;

/// Rewrites `function` so that every `VarId` is one web.
pub fn split(function: &mut Function) {
    let mut flow = Flow::new(function);
    let mut state: State = Some((0..function.vars.len()).map(only).collect());
    for (i, param) in function.params.iter().enumerate() {
        flow.param(i, param.var, &mut state);
    }
    flow.block(&function.body, &mut state);
    let (webs, vars) = flow.webs(function);
    Renumber { at: &webs.at }.block(&mut function.body);
    for (i, param) in function.params.iter_mut().enumerate() {
        param.var = webs.params[i];
    }
    function.vars = vars;
}

/// The reads of each parameter that only its argument reaches, of parameters that are assigned as well.
pub fn only_given(function: &Function) -> BTreeMap<usize, BTreeSet<NodeId>> {
    let mut flow = Flow::new(function);
    let mut state: State = Some((0..function.vars.len()).map(only).collect());
    for (i, param) in function.params.iter().enumerate() {
        flow.param(i, param.var, &mut state);
    }
    flow.block(&function.body, &mut state);
    let deleted: BTreeSet<VarId> = flow.deletes.iter().map(|node| flow.use_var[node]).collect();
    let mut found = BTreeMap::new();
    for (i, param) in function.params.iter().enumerate() {
        let (var, given) = (param.var, flow.param_defs[i]);
        let assigned = flow.def_at.values().any(|def| flow.defs[*def] == var);
        if !assigned || function.vars[var].cell || deleted.contains(&var) {
            continue;
        }
        // What `+=` reads, it assigns.
        let alone = flow.uses.iter().filter(|(node, reach)| {
            flow.use_var[node] == var
                && !flow.def_at.contains_key(node)
                && reach.len() == 1
                && reach.contains(&given)
        });
        let nodes: BTreeSet<NodeId> = alone.map(|(node, _)| *node).collect();
        if !nodes.is_empty() {
            found.insert(i, nodes);
        }
    }
    found
}

struct Flow {
    /// Variable of each definition; the first `vars` definitions stand for "unbound".
    defs: Vec<VarId>,
    unbound: usize,
    def_at: BTreeMap<NodeId, usize>,
    param_defs: Vec<usize>,
    uses: BTreeMap<NodeId, Defs>,
    use_var: BTreeMap<NodeId, VarId>,
    /// Statements that unbind a variable without a use.
    forgets: BTreeMap<NodeId, VarId>,
    /// Statements that may bind a variable, and do not if nobody uses it.
    caught: BTreeMap<NodeId, VarId>,
    /// Uses that unbind what they use.
    deletes: BTreeSet<NodeId>,
    loops: Vec<(State, State)>,
    tries: Vec<State>,
    /// What runs when a `try` is left, and how many loops stand around it.
    finals: Vec<(usize, Vec<Stmt>)>,
}

/// What the rewrite needs: the new variable of every node that names one.
struct Webs {
    at: BTreeMap<NodeId, VarId>,
    params: Vec<VarId>,
}

/// Gives every node its new variable.
struct Renumber<'a> {
    at: &'a BTreeMap<NodeId, VarId>,
}

impl VisitMut for Renumber<'_> {
    fn read(&mut self, at: NodeId, var: &mut VarId) {
        *var = self.at[&at];
    }

    fn define(&mut self, at: NodeId, var: &mut VarId) {
        *var = self.at[&at];
    }

    fn stmt(&mut self, stmt: &mut Stmt) {
        // The name is not read any more; what it was does not matter.
        if let StmtKind::Caught { id, .. } | StmtKind::Forget { id, .. } = stmt.kind
            && !self.at.contains_key(&id)
        {
            stmt.kind = StmtKind::Pass;
        }
        visit::walk_stmt_mut(self, stmt);
    }
}

fn only(definition: usize) -> Defs {
    Rc::new(BTreeSet::from([definition]))
}

fn join(a: &mut State, b: &State) {
    match (a.as_mut(), b) {
        (_, None) => {}
        (None, Some(_)) => *a = b.clone(),
        (Some(a), Some(b)) => a.iter_mut().zip(b).for_each(|(a, b)| extend(a, b)),
    }
}

fn extend(known: &mut Defs, more: &Defs) {
    if Rc::ptr_eq(known, more) || more.is_subset(known) {
        return;
    }
    match known.is_subset(more) {
        true => *known = Rc::clone(more),
        false => Rc::make_mut(known).extend(more.iter()),
    }
}

/// Goes on below what has no control flow of its own.
struct Below<'f, 's> {
    flow: &'f mut Flow,
    state: &'s mut State,
}

impl<'h> Visit<'h> for Below<'_, '_> {
    fn define(&mut self, at: NodeId, var: &'h VarId) {
        self.flow.define(at, *var, self.state);
    }

    fn read(&mut self, at: NodeId, var: &'h VarId) {
        self.flow.read(at, *var, self.state);
    }

    fn comp(&mut self, comp: &'h Comp) {
        self.flow.comp(comp, self.state);
    }

    fn expr(&mut self, e: &'h Expr) {
        self.flow.expr(e, self.state);
    }
}

impl Flow {
    fn new(function: &Function) -> Self {
        Flow {
            defs: (0..function.vars.len()).collect(),
            unbound: function.vars.len(),
            def_at: BTreeMap::new(),
            param_defs: Vec::new(),
            uses: BTreeMap::new(),
            use_var: BTreeMap::new(),
            forgets: BTreeMap::new(),
            caught: BTreeMap::new(),
            deletes: BTreeSet::new(),
            loops: Vec::new(),
            tries: Vec::new(),
            finals: Vec::new(),
        }
    }

    fn param(&mut self, index: usize, var: VarId, state: &mut State) {
        debug_assert_eq!(index, self.param_defs.len());
        self.defs.push(var);
        self.param_defs.push(self.defs.len() - 1);
        if let Some(s) = state {
            s[var] = only(self.defs.len() - 1);
        }
    }

    fn define(&mut self, node: NodeId, var: VarId, state: &mut State) {
        let def = *self.def_at.entry(node).or_insert_with(|| {
            self.defs.push(var);
            self.defs.len() - 1
        });
        if let Some(s) = state {
            s[var] = only(def);
        }
        for acc in &mut self.tries {
            join(acc, state);
        }
    }

    fn read(&mut self, node: NodeId, var: VarId, state: &State) {
        self.use_var.insert(node, var);
        let reach = self.uses.entry(node).or_default();
        if let Some(s) = state {
            extend(reach, &s[var]);
        }
    }

    fn block(&mut self, body: &[Stmt], state: &mut State) {
        body.iter().for_each(|s| self.stmt(s, state));
    }

    fn stmt(&mut self, stmt: &Stmt, state: &mut State) {
        match &stmt.kind {
            StmtKind::Expr(e) => self.expr(e, state),
            StmtKind::Assign { targets, value } => {
                self.expr(value, state);
                targets.iter().for_each(|t| self.target(t, state));
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.target(target, state);
                self.expr(value, state);
            }
            StmtKind::If { test, body, orelse } => {
                self.expr(test, state);
                let mut other = state.clone();
                self.block(body, state);
                self.block(orelse, &mut other);
                join(state, &other);
            }
            StmtKind::While { test, body, orelse } => {
                let always = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
                self.looped(state, orelse, |flow, state| {
                    flow.expr(test, state);
                    let exit = if always { None } else { state.clone() };
                    flow.block(body, state);
                    exit
                });
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.iter(iter, state);
                self.looped(state, orelse, |flow, state| {
                    let exit = state.clone();
                    flow.target(target, state);
                    flow.block(body, state);
                    exit
                });
            }
            StmtKind::Return(value) => {
                value.iter().for_each(|e| self.expr(e, state));
                *state = None;
            }
            StmtKind::Break | StmtKind::Continue => {
                self.leave_tries(state);
                if let Some((breaks, continues)) = self.loops.last_mut() {
                    let acc = if matches!(stmt.kind, StmtKind::Break) { breaks } else { continues };
                    join(acc, state);
                }
                *state = None;
            }
            StmtKind::Raise { args, .. } => {
                args.iter().for_each(|e| self.expr(e, state));
                *state = None;
            }
            StmtKind::Reraise | StmtKind::Bail => *state = None,
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                let outer = state.clone();
                if !finalbody.is_empty() {
                    self.tries.push(outer.clone());
                    self.finals.push((self.loops.len(), finalbody.clone()));
                }
                self.tries.push(outer);
                self.block(body, state);
                let mut caught = self.tries.pop().expect("pushed above");
                self.block(orelse, state);
                for handler in handlers {
                    let mut at = caught.clone();
                    self.block(&handler.body, &mut at);
                    join(state, &at);
                }
                if !finalbody.is_empty() {
                    // On the way out by a jump or an exception anything may have been assigned.
                    self.finals.pop();
                    let mut any = self.tries.pop().expect("pushed above");
                    join(&mut any, state);
                    let mut leaving = any.clone();
                    self.block(finalbody, &mut leaving);
                    self.block(finalbody, state);
                    caught = any;
                }
                // An exception that leaves this `try` is seen by the ones around it.
                for acc in &mut self.tries {
                    join(acc, &caught);
                }
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    match target.kind {
                        TargetKind::Var(var) => {
                            self.read(target.id, var, state);
                            self.deletes.insert(target.id);
                            if let Some(s) = state {
                                s[var] = only(var);
                            }
                        }
                        _ => self.target(target, state),
                    }
                }
            }
            StmtKind::Leave { generator, .. } => self.expr(generator, state),
            StmtKind::Narrow(narrows) => Below { flow: self, state }.narrows(narrows),
            StmtKind::Caught { var, id, .. } => {
                self.caught.insert(*id, *var);
                self.define(*id, *var, state);
                if let Some(s) = state {
                    Rc::make_mut(&mut s[*var]).insert(*var);
                }
                for acc in &mut self.tries {
                    join(acc, state);
                }
            }
            StmtKind::Forget { var, id } => {
                self.forgets.insert(*id, *var);
                if let Some(s) = state {
                    s[*var] = only(*var);
                }
            }
            StmtKind::Enter(_) | StmtKind::Pass => {}
        }
    }

    /// A jump to the loop around passes what the `try`s in the loop end with, the inner ones first.
    fn leave_tries(&mut self, state: &mut State) {
        let loops = self.loops.len();
        let outside = self.finals.iter().rposition(|(around, _)| *around < loops).map_or(0, |i| i + 1);
        let inside = self.finals.split_off(outside);
        for (i, (_, last)) in inside.iter().enumerate().rev() {
            // A jump in there passes the outer ones.
            self.finals.extend_from_slice(&inside[..i]);
            self.block(last, state);
            self.finals.truncate(outside);
        }
        self.finals.extend(inside);
    }

    /// Runs `pass` (one iteration; returns the state in which the loop ends normally) to a fixpoint.
    fn looped(
        &mut self,
        state: &mut State,
        orelse: &[Stmt],
        mut pass: impl FnMut(&mut Self, &mut State) -> State,
    ) {
        let mut entry = state.clone();
        loop {
            self.loops.push((None, None));
            let mut at = entry.clone();
            let mut exit = pass(self, &mut at);
            let (breaks, continues) = self.loops.pop().expect("pushed above");
            join(&mut at, &continues);
            let before = entry.clone();
            join(&mut entry, &at);
            if entry == before {
                self.block(orelse, &mut exit);
                join(&mut exit, &breaks);
                *state = exit;
                return;
            }
        }
    }

    fn target(&mut self, target: &Target, state: &mut State) {
        visit::walk_target(&mut Below { flow: self, state }, target);
    }

    fn iter(&mut self, iter: &Iter, state: &mut State) {
        visit::walk_iter(&mut Below { flow: self, state }, iter);
    }

    fn comp(&mut self, comp: &Comp, state: &mut State) {
        comp.extra.iter().for_each(|e| self.expr(e, state));
        self.iter(&comp.generators[0].iter, state);
        self.generator(comp, 0, state);
    }

    fn generator(&mut self, comp: &Comp, level: usize, state: &mut State) {
        let Some(g) = comp.generators.get(level) else {
            self.expr(&comp.element, state);
            comp.value.iter().for_each(|e| self.expr(e, state));
            comp.key.iter().for_each(|e| self.expr(e, state));
            return;
        };
        if level > 0 {
            self.iter(&g.iter, state);
        }
        self.looped(state, &[], |flow, state| {
            let exit = state.clone();
            flow.target(&g.target, state);
            let mut skipped: State = None;
            for e in &g.ifs {
                flow.expr(e, state);
                join(&mut skipped, state);
            }
            flow.generator(comp, level + 1, state);
            join(state, &skipped);
            exit
        });
    }

    fn expr(&mut self, e: &Expr, state: &mut State) {
        match &e.kind {
            ExprKind::Bool2 { left, right, .. } => {
                self.expr(left, state);
                let skipped = state.clone();
                self.expr(right, state);
                join(state, &skipped);
            }
            ExprKind::If { test, body, orelse } => {
                self.expr(test, state);
                let mut other = state.clone();
                self.expr(body, state);
                self.expr(orelse, &mut other);
                join(state, &other);
            }
            ExprKind::Comp(comp) => self.comp(comp, state),
            _ => visit::walk_expr(&mut Below { flow: self, state }, e),
        }
    }

    fn find(parent: &mut [usize], mut x: usize) -> usize {
        while parent[x] != x {
            parent[x] = parent[parent[x]];
            x = parent[x];
        }
        x
    }

    fn webs(self, function: &Function) -> (Webs, Vec<Var>) {
        let mut parent: Vec<usize> = (0..self.defs.len()).collect();
        let mut unbound_roots = BTreeSet::new();
        // What functions inside share is one variable, whose cell knows whether it is bound.
        let mut shared: BTreeMap<VarId, usize> = BTreeMap::new();
        for (def, var) in self.defs.iter().enumerate().filter(|(_, v)| function.vars[**v].cell) {
            let first = *shared.entry(*var).or_insert(def);
            parent[def] = first;
        }
        // What is unbound again must be so for every use that may see it: all of those are one web.
        let unbinds: BTreeSet<VarId> = self
            .forgets
            .values()
            .chain(self.caught.values())
            .chain(self.deletes.iter().map(|id| &self.use_var[id]))
            .copied()
            .collect();
        for (node, reach) in &self.uses {
            let mut real: Vec<usize> = reach.iter().copied().collect();
            if self.deletes.contains(node) {
                real.push(self.use_var[node]);
            }
            real.retain(|d| *d >= self.unbound || unbinds.contains(d));
            for pair in real.windows(2) {
                let (a, b) = (Self::find(&mut parent, pair[0]), Self::find(&mut parent, pair[1]));
                parent[a.max(b)] = a.min(b);
            }
        }
        for reach in self.uses.values() {
            let has_unbound = reach.iter().any(|d| *d < self.unbound);
            let mut named = reach.iter().filter(|d| **d >= self.unbound || unbinds.contains(*d));
            if let Some(first) = named.next()
                && has_unbound
            {
                unbound_roots.insert(Self::find(&mut parent, *first));
            }
        }
        // Number the webs in order of their first definition; the name is suffixed from the second web on.
        let mut vars: Vec<Var> = Vec::new();
        let mut web_of_root = BTreeMap::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut web = |root: usize, var: VarId, unbound: bool, vars: &mut Vec<Var>| {
            *web_of_root.entry(root).or_insert_with(|| {
                let name = function.vars[var].name.as_str();
                let n = seen.entry(name).or_insert(0);
                *n += 1;
                let name = if *n == 1 { name.to_string() } else { format!("{name}_{n}") };
                let cell = function.vars[var].cell;
                vars.push(Var { name, maybe_unbound: unbound && !cell, cell, of: Some(var) });
                vars.len() - 1
            })
        };
        let mut def_web = |def: usize, parent: &mut Vec<usize>, vars: &mut Vec<Var>| {
            let root = Self::find(parent, def);
            web(root, self.defs[def], unbound_roots.contains(&root) || def < self.unbound, vars)
        };
        let params = self.param_defs.iter().map(|d| def_web(*d, &mut parent, &mut vars)).collect();
        let mut at = BTreeMap::new();
        let used: BTreeSet<usize> = self.uses.values().flat_map(|reach| reach.iter()).copied().collect();
        for (node, def) in &self.def_at {
            if self.caught.contains_key(node) && !used.contains(def) {
                continue;
            }
            at.insert(*node, def_web(*def, &mut parent, &mut vars));
        }
        for (node, var) in &self.forgets {
            let root = Self::find(&mut parent, *var);
            if unbound_roots.contains(&root) {
                at.insert(*node, def_web(*var, &mut parent, &mut vars));
            }
        }
        for (node, reach) in &self.uses {
            // A use that no definition reaches gets the "unbound" web of its variable.
            let def = reach.iter().copied().find(|d| *d >= self.unbound).unwrap_or(self.use_var[node]);
            at.insert(*node, def_web(def, &mut parent, &mut vars));
        }
        (Webs { at, params }, vars)
    }
}
