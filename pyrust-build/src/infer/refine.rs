//! Flow typing: after a first inference, what the types rule out is cut off and tests of `None` and of classes narrow
//! the variable they test; then the function is inferred again.
//!
//! The same is done before a statement that can use a variable only with some of its types ([`super::demand`]). Where a
//! handler catches what Python raises of None there, it is raised natively ([`super::fails`]).
//!
//! A narrowing is an assignment with fewer types. Where the variable merges with another assignment behind the test
//! (`if n is None: n = len(xs)`), or where the other branch never gets there, it assigns the variable itself, as a
//! π-function does: web splitting then gives what it reaches a variable of its own. Elsewhere the branch reads a
//! variable of its own, so that the original stays what it is.
//!
//! A condition is decided by what has been inferred so far, and that may be too little: an operation that is not
//! supported with the types before a narrowing gives nothing. So a decided condition stays, with a bailout in the place
//! of what it rules out, until all is inferred: [`discharge`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decide::{decide, decide_told, exact_types, keeps, length_test};
use super::demand::demands;
use super::fails::first_failure;
use super::{FuncRef, Program, class_names, plain_class};
use crate::hir::visit::{self, VisitMut, defines, reads, rename};
use crate::hir::*;
use crate::lower::webs;
use crate::passes::Pass;
use crate::source::Span;
use crate::ty::Type;

/// The function with dead parts removed and narrowings added; `None` if there is nothing to do.
///
/// `endless`: variables whose type contains itself, as it does where a test has yet to tell the value from the list of
/// values (`if isinstance(old, list): old.append(x)`, `else: d[k] = [old, x]`). Nothing but narrowing is done then.
pub(super) fn refine(
    program: &Program,
    func: &FuncRef,
    function: &Function,
    (types, nodes): (&[Type], &[Type]),
    endless: BTreeSet<VarId>,
    contested: &BTreeSet<Span>,
) -> Option<(Function, BTreeSet<Span>)> {
    let mut out = function.clone();
    let mut pass = Refine {
        program,
        module: &func.module,
        vars: std::mem::take(&mut out.vars),
        types,
        nodes,
        endless,
        demands: program.passes.has(Pass::Demands),
        next: function.nodes,
        changed: false,
        closed: 0,
        catches: Vec::new(),
        assumes: function.assumes.clone(),
        contested,
        decided: BTreeSet::new(),
    };
    pass.block(&mut out.body);
    if !pass.changed {
        return None;
    }
    let decided = pass.decided;
    (out.nodes, out.vars, out.assumes) = (pass.next, pass.vars, pass.assumes);
    webs::split(&mut out);
    Some((out, decided))
}

/// Removes conditions that have been decided, and are so by the types that the function has in the end. Those that are
/// not are returned.
fn discharge(
    program: &Program,
    module: &str,
    function: &Function,
    nodes: &[Type],
    decided: &BTreeSet<Span>,
) -> (Function, BTreeSet<Span>) {
    let mut out = function.clone();
    let mut pass = Discharge { program, module, vars: &function.vars, nodes, decided, open: BTreeSet::new() };
    pass.block(&mut out.body);
    let open = pass.open;
    (out, open)
}

impl Program<'_> {
    /// Removes the conditions of new instances that types have decided; true if some turned out not to be.
    pub(super) fn discharge(&mut self) -> bool {
        let before = self.contested.len();
        for i in self.instances.numbers() {
            let instance = &self.instances[i];
            if instance.settled || instance.is_refused || instance.decided.is_empty() {
                continue;
            }
            let func = instance.func.clone();
            let (hir, open) =
                discharge(self, &func.module, &instance.hir, &instance.nodes, &instance.decided);
            self.instances[i].hir = Arc::new(hir);
            self.contested.extend(open.into_iter().map(|test| (func.clone(), test)));
        }
        self.contested.len() > before
    }

    /// Begins with the texts of the new instances again.
    pub(super) fn begin_anew(&mut self) {
        for i in self.instances.numbers() {
            let instance = &self.instances[i];
            if instance.settled && !instance.given_up {
                continue;
            }
            let Ok(hir) = self.lowered(&self.instances[i].func.clone()) else { continue };
            let instance = &mut self.instances[i];
            instance.notes.clone_from(&hir.notes);
            instance.hir = hir;
            instance.diagnostics.clear();
            instance.decided.clear();
            instance.places = Places::default();
            instance.is_refused = false;
        }
        self.forget();
    }
}

struct Discharge<'a> {
    program: &'a Program<'a>,
    module: &'a str,
    vars: &'a [Var],
    nodes: &'a [Type],
    decided: &'a BTreeSet<Span>,
    open: BTreeSet<Span>,
}

impl Discharge<'_> {
    /// What the condition is, where one of its sides is ruled out.
    fn outcome(&mut self, test: &Expr, yes: bool, no: bool) -> Option<bool> {
        if !self.decided.contains(&test.span) || !(yes || no) {
            return None;
        }
        let node = |e: &Expr| self.nodes.get(e.id).cloned();
        let is_out = |value: &bool| if *value { no } else { yes };
        let found = decide(test, self.vars, &node).filter(is_out);
        if found.is_none() {
            // What the text of classes tells is asked all the same.
            let told = |class: &Expr, ty: &Type| self.program.is_instance_told(self.module, class, ty);
            if decide_told(test, self.vars, &node, &told).filter(is_out).is_some() {
                return None;
            }
            self.open.insert(test.span);
        }
        found
    }
}

/// Has the block been ruled out?
fn is_out(body: &[Stmt]) -> bool {
    // What is told of the types there may stand before it.
    let rest = body.iter().find(|stmt| !matches!(stmt.kind, StmtKind::Narrow(_)));
    matches!(rest, Some(Stmt { kind: StmtKind::Bail, .. }))
}

impl VisitMut for Discharge<'_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        let mut out = Vec::with_capacity(body.len());
        for mut stmt in std::mem::take(body) {
            self.stmt(&mut stmt);
            match &mut stmt.kind {
                StmtKind::If { test, body, orelse } => match self.outcome(test, is_out(body), is_out(orelse))
                {
                    Some(true) => out.append(body),
                    Some(false) => out.append(orelse),
                    None => out.push(stmt),
                },
                _ => out.push(stmt),
            }
        }
        *body = out;
    }

    fn expr(&mut self, e: &mut Expr) {
        visit::walk_expr_mut(self, e);
        let is_bail = |e: &Expr| matches!(e.kind, ExprKind::Bail);
        match &mut e.kind {
            ExprKind::If { test, body, orelse } => match self.outcome(test, is_bail(body), is_bail(orelse)) {
                Some(true) => *e = (**body).clone(),
                Some(false) => *e = (**orelse).clone(),
                None => {}
            },
            ExprKind::Bool2 { op, left, right } => {
                let stops = *op == BoolOp::Or;
                if self.outcome(left, is_bail(right) && !stops, is_bail(right) && stops).is_some() {
                    *e = (**left).clone();
                }
            }
            _ => {}
        }
    }
}

impl VisitMut for Refine<'_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        self.statements(body);
    }

    fn comp(&mut self, comp: &mut Comp) {
        // What is narrowed below gets a variable that only the comprehension has.
        let mut facts = Vec::new();
        if let Some(extra) = &mut comp.extra {
            self.expr(extra);
        }
        for g in &mut comp.generators {
            self.iter(&mut g.iter);
            self.target(&mut g.target);
            for test in &mut g.ifs {
                facts.extend(self.facts(test).0);
                self.expr(test);
            }
        }
        for e in std::iter::once(&mut comp.element).chain(&mut comp.value) {
            self.expr(e);
            self.within(&facts, e);
        }
        if let Some(key) = &mut comp.key {
            self.expr(key);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::If { test, body, orelse } => {
                if let Some(value) = self.decide(test) {
                    self.assume(test);
                    let (live, dead) = if value { (body, orelse) } else { (orelse, body) };
                    if self.is_constant(test) {
                        return self.replace(live.clone(), e);
                    }
                    self.rule_out(test.span, dead);
                    return self.expr(live);
                }
                let (yes, no) = self.facts(test);
                self.expr(test);
                self.expr(body);
                self.expr(orelse);
                self.within(&yes, body);
                self.within(&no, orelse);
            }
            ExprKind::Bool2 { op, left, right } => {
                if let Some(value) = self.decide(left) {
                    self.assume(left);
                    // `True and x` is `x`, `False and x` is `False`.
                    let goes_on = value == (*op == BoolOp::And);
                    if self.is_constant(left) {
                        let live = if goes_on { right } else { left };
                        return self.replace(live.clone(), e);
                    }
                    if !goes_on {
                        self.rule_out(left.span, right);
                        return;
                    }
                    self.changed = true;
                    self.decided.insert(left.span);
                    self.expr(right);
                    let id = self.node();
                    let bail = Box::new(Expr { kind: ExprKind::Bail, span: right.span, id });
                    let (test, live) = (left.clone(), right.clone());
                    let (body, orelse) = if value { (live, bail) } else { (bail, live) };
                    e.kind = ExprKind::If { test, body, orelse };
                    return;
                }
                let (yes, no) = self.facts(left);
                let facts = if *op == BoolOp::And { yes } else { no };
                self.expr(left);
                self.expr(right);
                self.within(&facts, right);
            }
            ExprKind::Lambda { body, .. } => {
                self.closed += 1;
                self.expr(body);
                self.closed -= 1;
            }
            _ => visit::walk_expr_mut(self, e),
        }
    }
}

/// What a test tells about a variable.
#[derive(Clone)]
struct Fact {
    var: VarId,
    keep: Keep,
}

/// What holds where a test is true, and where it is false.
type Facts = (Vec<Fact>, Vec<Fact>);

struct Refine<'a> {
    program: &'a Program<'a>,
    module: &'a str,
    vars: Vec<Var>,
    /// Of the variables and nodes that the function had before.
    types: &'a [Type],
    nodes: &'a [Type],
    endless: BTreeSet<VarId>,
    /// What operations tell counts.
    demands: bool,
    next: NodeId,
    changed: bool,
    /// Depth of lambdas: these become closures, which must not assign what lives outside.
    closed: usize,
    /// What the `try` statements around catch.
    catches: Vec<Vec<Catch>>,
    assumes: BTreeSet<String>,
    /// Conditions that seemed decided, and were not when all was inferred.
    contested: &'a BTreeSet<Span>,
    decided: BTreeSet<Span>,
}

impl Refine<'_> {
    /// Is the condition decided by itself?
    fn is_constant(&self, test: &Expr) -> bool {
        decide(test, &self.vars, &|_| None).is_some()
    }

    fn decide(&self, test: &Expr) -> Option<bool> {
        if self.contested.contains(&test.span) {
            return None;
        }
        let known = self.endless.is_empty();
        let node = |e: &Expr| self.nodes.get(e.id).filter(|_| known).cloned();
        let told = |class: &Expr, ty: &Type| self.program.is_instance_told(self.module, class, ty);
        decide_told(test, &self.vars, &node, &told)
    }

    fn falls_off(&self, body: &[Stmt]) -> bool {
        falls_off(body, &|test| self.decide(test))
    }

    fn node(&mut self) -> NodeId {
        self.next += 1;
        self.next - 1
    }

    fn statements(&mut self, body: &mut Vec<Stmt>) {
        self.demanded(body);
        let mut out: Vec<Stmt> = Vec::with_capacity(body.len());
        for stmt in std::mem::take(body) {
            self.statement(stmt, &mut out);
            // Nothing gets behind this.
            if out.last().is_some_and(|s| !self.falls_off(std::slice::from_ref(s))) {
                break;
            }
        }
        *body = out;
    }

    /// Narrows before statements what they cannot use as it is.
    fn demanded(&mut self, body: &mut Vec<Stmt>) {
        if !self.endless.is_empty() || !self.demands {
            return;
        }
        let mut at = 0;
        while at < body.len() {
            if let Some(raises) = self.failing(&body[..=at]) {
                self.changed = true;
                body.insert(at, raises);
                at += 1;
            }
            let found = demands(&body[at], &|e| self.nodes.get(e.id).cloned());
            let facts = found.into_iter().map(|(var, demand)| Fact { var, keep: Keep::Meets(demand) });
            let facts = facts.filter(|f| !self.vars[f.var].maybe_unbound && self.is_worth(f));
            let mut facts = all_of(Vec::new(), facts.collect());
            facts.retain(|f| self.is_worth(f));
            if !facts.is_empty() {
                // What the statement itself assigns may not be there before it.
                let assigned = defines(&body[at]);
                facts.retain(|f| !assigned.contains(&f.var));
                let (count, span) = (body.len(), body[at].span);
                let mut rest = body.split_off(at);
                self.enter(&facts, &mut rest, span, false);
                body.append(&mut rest);
                at += body.len() - count;
            }
            at += 1;
        }
    }

    /// `if var is None: raise …` for the last of these statements, in a `try` that catches what Python raises there.
    fn failing(&mut self, until: &[Stmt]) -> Option<Stmt> {
        if self.catches.is_empty() {
            return None;
        }
        let (stmt, before) = until.split_last()?;
        let is_builtin = |name: &str| self.program.binding(self.module, name).is_none();
        let failure = first_failure(stmt, &self.vars, self.nodes, &is_builtin)?;
        let fact = Fact { var: failure.var, keep: Keep::NotNone };
        let is_caught = self.catches.iter().any(|classes| failure.is_caught(classes));
        let is_asked = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::If { test: Expr { span, .. }, .. } if *span == failure.span);
        if !is_caught || before.last().is_some_and(is_asked) || !self.is_worth(&fact) {
            return None;
        }
        let span = failure.span;
        let mut expr = |kind| Expr { kind, span, id: self.node() };
        let (left, right) = (expr(ExprKind::Local(failure.var)), expr(ExprKind::None));
        let test = ExprKind::Compare { op: CmpOp::Is, left: Box::new(left), right: Box::new(right) };
        let (test, message) = (expr(test), expr(ExprKind::Str(failure.message)));
        let class = Catch::Builtin(failure.class.to_string());
        let raise = Stmt { kind: StmtKind::Raise { class, args: vec![message] }, span };
        Some(Stmt { kind: StmtKind::If { test, body: vec![raise], orelse: Vec::new() }, span: stmt.span })
    }

    fn statement(&mut self, mut stmt: Stmt, out: &mut Vec<Stmt>) {
        match &mut stmt.kind {
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                let all = |handler: &Handler| match handler.classes.is_empty() {
                    true => vec![Catch::Builtin("BaseException".to_string())],
                    false => handler.classes.clone(),
                };
                self.catches.push(handlers.iter().flat_map(all).collect());
                self.block(body);
                self.catches.pop();
                handlers.iter_mut().for_each(|handler| self.block(&mut handler.body));
                self.block(orelse);
                self.block(finalbody);
            }
            StmtKind::If { test, body, orelse } => {
                if let Some(value) = self.decide(test) {
                    self.assume(test);
                    let (live, dead) = if value { (body, orelse) } else { (orelse, body) };
                    if self.is_constant(test) {
                        return self.splice(std::mem::take(live), out);
                    }
                    self.decided.insert(test.span);
                    if !is_out(dead) {
                        self.changed = true;
                        *dead = vec![Stmt { kind: StmtKind::Bail, span: test.span }];
                    }
                    self.block(live);
                    out.push(stmt);
                    return;
                }
                let (yes, no) = self.facts(test);
                self.expr(test);
                self.branches(&yes, body, orelse, test.span);
                self.branches(&no, orelse, body, test.span);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                if self.decide(test) == Some(false) {
                    self.assume(test);
                    if self.is_constant(test) {
                        return self.splice(std::mem::take(orelse), out);
                    }
                    self.changed = true;
                    self.decided.insert(test.span);
                    self.block(orelse);
                    let (test, orelse) = (test.clone(), std::mem::take(orelse));
                    let body = vec![Stmt { kind: StmtKind::Bail, span: test.span }];
                    out.push(Stmt { kind: StmtKind::If { test, body, orelse }, span: stmt.span });
                    return;
                }
                let (yes, _) = self.facts(test);
                self.expr(test);
                self.enter(&yes, body, test.span, false);
                self.block(body);
                self.block(orelse);
            }
            _ => visit::walk_stmt_mut(self, &mut stmt),
        }
        out.push(stmt);
    }

    /// The builtins that a decided condition names must stay what they are; those of a side that is never asked do not matter.
    fn assume(&mut self, test: &Expr) {
        match &test.kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => return self.assume(operand),
            ExprKind::Bool2 { op, left, right } => {
                self.assume(left);
                if self.decide(left) != Some(*op == BoolOp::Or) {
                    self.assume(right);
                }
                return;
            }
            _ => {}
        }
        visit::each_expr(test, &mut |e| match &e.kind {
            // Those of the project are asked, as the test stays.
            ExprKind::Global(_) if class_names(e).is_none() => {}
            ExprKind::Call { name, .. } | ExprKind::Global(name) => {
                self.assumes.insert(plain_class(name).to_string());
            }
            _ => {}
        });
    }

    /// What is left of a statement whose condition is decided.
    fn splice(&mut self, mut live: Vec<Stmt>, out: &mut Vec<Stmt>) {
        self.changed = true;
        self.block(&mut live);
        out.extend(live);
    }

    /// Narrows in one branch of an `if`.
    fn branches(&mut self, facts: &[Fact], this: &mut Vec<Stmt>, other: &Vec<Stmt>, span: Span) {
        let leaves = !self.falls_off(other);
        for fact in facts {
            let itself = leaves || defines(other).contains(&fact.var);
            // A branch that is not there needs no variable of its own.
            if itself || !this.is_empty() {
                self.enter(std::slice::from_ref(fact), this, span, itself);
            }
        }
    }

    /// Narrows at the beginning of a block; `itself` assigns the variable itself.
    fn enter(&mut self, facts: &[Fact], body: &mut Vec<Stmt>, span: Span, itself: bool) {
        let known: Vec<VarId> = match body.first().map(|s| &s.kind) {
            Some(StmtKind::Narrow(narrows)) => narrows.iter().map(|n| n.from).collect(),
            _ => Vec::new(),
        };
        let mut narrows = Vec::new();
        for fact in facts {
            if known.contains(&fact.var) || !self.is_worth(fact) {
                continue;
            }
            let to = if itself || defines(body).contains(&fact.var) {
                fact.var
            } else {
                if !reads(body).contains(&fact.var) {
                    continue;
                }
                let to = self.own(fact.var);
                rename(body, fact.var, to);
                to
            };
            narrows.push(self.narrow(fact, to));
        }
        if !narrows.is_empty() {
            self.changed = true;
            body.insert(0, Stmt { kind: StmtKind::Narrow(narrows), span });
        }
    }

    /// A variable for one branch.
    fn own(&mut self, var: VarId) -> VarId {
        let (name, of) = (self.vars[var].name.clone(), self.vars[var].of);
        self.vars.push(Var { name, maybe_unbound: false, cell: false, of });
        self.vars.len() - 1
    }

    fn narrow(&mut self, fact: &Fact, to: VarId) -> Narrow {
        let (read, id) = (self.node(), self.node());
        Narrow { from: fact.var, to, keep: fact.keep.clone(), read, id }
    }

    /// Does the fact take something away and leave something?
    fn is_worth(&self, fact: &Fact) -> bool {
        let Some(ty) = self.types.get(fact.var) else { return false };
        if self.endless.contains(&fact.var) {
            return self.closed == 0 && !self.vars[fact.var].cell;
        }
        let kept = ty.members().iter().filter(|t| keeps(&fact.keep, t, self.program)).count();
        let opaque = ty.members().contains(&Type::Obj) && exact_types(&fact.keep).is_some();
        // Another function may assign what is shared.
        let shared = self.closed > 0 || self.vars[fact.var].cell;
        !shared && 0 < kept && (kept < ty.members().len() || opaque)
    }

    /// Puts a bailout in the place of an expression that a condition rules out.
    fn rule_out(&mut self, test: Span, dead: &mut Expr) {
        self.decided.insert(test);
        if !matches!(dead.kind, ExprKind::Bail) {
            self.changed = true;
            dead.kind = ExprKind::Bail;
        }
    }

    fn replace(&mut self, mut live: Box<Expr>, e: &mut Expr) {
        self.changed = true;
        self.expr(&mut live);
        *e = *live;
    }

    /// Narrows inside an expression.
    fn within(&mut self, facts: &[Fact], body: &mut Expr) {
        let known: Vec<VarId> = match &body.kind {
            ExprKind::Narrow { narrows, .. } => narrows.iter().map(|n| n.from).collect(),
            _ => Vec::new(),
        };
        let mut narrows = Vec::new();
        for fact in facts {
            let var = fact.var;
            if known.contains(&var) || !self.is_worth(fact) {
                continue;
            }
            if reads(body).contains(&var) && !defines(body).contains(&var) {
                let to = self.own(var);
                rename(body, var, to);
                narrows.push(self.narrow(fact, to));
            }
        }
        if !narrows.is_empty() {
            self.changed = true;
            let id = self.node();
            let inner = Box::new(body.clone());
            *body = Expr { kind: ExprKind::Narrow { narrows, body: inner }, span: body.span, id };
        }
    }

    fn facts(&self, test: &Expr) -> Facts {
        let nothing = || (Vec::new(), Vec::new());
        let var = |e: &Expr| match e.kind {
            ExprKind::Local(v) if !self.vars[v].maybe_unbound && !self.vars[v].cell => Some(v),
            _ => None,
        };
        let pair = |var, yes, no| (vec![Fact { var, keep: yes }], vec![Fact { var, keep: no }]);
        match &test.kind {
            ExprKind::Local(_) => {
                let not_none = |var| (vec![Fact { var, keep: Keep::NotNone }], Vec::new());
                var(test).map_or_else(nothing, not_none)
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let (yes, no) = self.facts(operand);
                (no, yes)
            }
            ExprKind::Compare { op: op @ (CmpOp::Is | CmpOp::IsNot), left, right }
                if matches!(right.kind, ExprKind::None) =>
            {
                let Some(var) = var(left) else { return nothing() };
                match op {
                    CmpOp::Is => pair(var, Keep::None, Keep::NotNone),
                    _ => pair(var, Keep::NotNone, Keep::None),
                }
            }
            ExprKind::Compare { .. } => {
                let Some((value, items, at_least, negated)) = length_test(test) else { return nothing() };
                let Some(var) = var(value) else { return nothing() };
                let (yes, no) = (Keep::Length { items, at_least }, Keep::NotLength { items, at_least });
                if negated { pair(var, no, yes) } else { pair(var, yes, no) }
            }
            ExprKind::Call { name, args, keywords } if name == "isinstance" && keywords.is_empty() => {
                let [value, class] = args.as_slice() else { return nothing() };
                let (Some(var), Some(names)) = (var(value), self.program.told(self.module, class)) else {
                    return nothing();
                };
                pair(var, Keep::Instance(names.clone()), Keep::NotInstance(names))
            }
            ExprKind::Bool2 { op, left, right } => {
                let ((mut yes, mut no), (more_yes, more_no)) = (self.facts(left), self.facts(right));
                // What the right side assigns is another value.
                let assigned = defines(&**right);
                let kept = |fact: &Fact| !assigned.contains(&fact.var);
                yes.retain(kept);
                no.retain(kept);
                // One side is enough to make it true, or false: then nothing is known.
                match op {
                    BoolOp::And => (all_of(yes, more_yes), Vec::new()),
                    BoolOp::Or => (Vec::new(), all_of(no, more_no)),
                }
            }
            _ => nothing(),
        }
    }
}

/// Facts that hold together: one for each variable.
fn all_of(mut facts: Vec<Fact>, more: Vec<Fact>) -> Vec<Fact> {
    for fact in more {
        match facts.iter_mut().find(|f| f.var == fact.var) {
            Some(known) => known.keep = Keep::Both(Box::new(known.keep.clone()), Box::new(fact.keep)),
            None => facts.push(fact),
        }
    }
    facts
}
