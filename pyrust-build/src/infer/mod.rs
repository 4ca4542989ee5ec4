//! HIR + argument types → typed HIR, by abstract interpretation to a fixpoint.
//!
//! The unit is the *instance*: one function for one list of parameter types. Calls between functions request
//! instances; a callee's result and what it did to the element types of its arguments flow back into the caller.

mod above;
mod abstract_bases;
mod analysis;
pub mod annotation;
mod any_length;
mod apart;
mod apply;
mod asked;
mod attributes;
pub mod bases;
mod beyond;
mod built;
mod by_name;
mod call;
mod calm;
mod caught;
mod class_methods;
mod class_values;
mod classes;
mod compare;
mod component;
mod copying;
mod counted;
mod cut;
mod decide;
mod decorated;
mod defaults;
mod demand;
pub mod enums;
pub mod exceptions;
mod expr;
mod fails;
mod filled;
mod funcref;
mod given;
mod globals;
mod guard;
mod handed;
mod hooks;
mod inner;
mod instances;
mod iter;
mod known;
mod label;
mod lengths;
mod library;
pub mod logging;
mod lookups;
mod matched;
mod members;
mod merged;
mod method;
mod moved;
mod named;
mod names;
mod naming;
mod new;
mod objects;
mod operators;
mod outgoing;
mod own;
pub mod ranges;
pub(crate) mod records;
mod refine;
pub(crate) mod refusals;
mod sets;
mod settle;
mod shared_tuples;
mod slice;
mod solver;
mod stmt;
mod stores;
mod tools;
mod trees;
mod value;
mod visitors;
mod whole;
mod wider;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ast::FunctionDef;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{self, NodeId, Places};
use crate::lower::each::EACH;
use crate::passes::Passes;
use crate::source::Span;
use crate::ty::{ObjectClass, Type};
use analysis::Analysis;
use funcref::{COPYING, HANDING_OUT};
use handed::Lowered;
pub use instances::Instances;
use lookups::{Attribute, Table};
use own::Live;
use solver::{Ty, VarId};

pub use above::{Next, callee_above};
pub use asked::has_attribute;
pub use built::Identified;
pub use call::{ArgSource, bind, bind_items, class_names, plain_class, takes_any_length, told_classes};
pub use class_methods::callee_of_class;
pub use class_values::ClassOf;
pub use classes::{ClassAt, global_classes};
pub use compare::IS_BETWEEN;
pub use copying::{Copy as Copied, copy_of, returns_copy};
pub use decide::{decide, is_callable, is_instance};
pub use expr::{among_few, first_part, is_shown, masks, repeated, slice_positions};
pub use funcref::{BEGINNING, FuncRef, SKELETON};
pub use globals::{Modules, in_python};
pub use guard::Guard;
pub use hooks::hook_of;
pub use library::Bisect;
pub use members::{Member, Method, MethodKind};
pub use method::is_affix;
pub use moved::{collects, is_slow, only_moves, opened, picks_members, reads_members, rebuilds};
pub use named::{FieldSource, NamedDef};
pub use new::{allocated, class_callee, init_of, new_of};
pub use objects::method_guard;
pub use operators::{Text, TextMethod, is_itself, is_no_answer};
pub use sets::{in_place_method, takes_iterables};
pub use slice::{EVERYTHING, NARROW, WIDE, Wide};
pub use value::{CALLED, MOST_SPREAD, Named, Reached, ValueArg, called_of, method_callee, value_args};
pub use visitors::Visited;

/// What an instance is known by: the function, the types of its parameters, `live` and `wide` of [`Program::request`],
/// and the number of the form that keeps instances to itself.
type Key = (FuncRef, Vec<Type>, Live, Wide, usize);

/// At most so many instances of one function.
const MAX_INSTANCES: usize = 24;

/// At most so many times a function is cut and narrowed by what has been inferred.
const MAX_REFINEMENTS: usize = 4;

/// At most so many times a hotspot is begun anew, because a condition was decided too early.
const MAX_BEGINNINGS: usize = 4;

/// At most so many times places that are not compiled are cut off.
const MAX_CUTS: usize = 8;

/// At most so many expressions are looked at for one hotspot and all that it calls: ten rounds through 50,000 lines.
const MAX_WORK: usize = 4_000_000;

/// One function for one list of parameter types.
#[derive(Debug)]
pub struct Instance {
    pub func: FuncRef,
    pub hir: Arc<hir::Function>,
    pub params: Vec<Type>,
    pub ret: Type,
    /// Parameter types after the body: element types may have grown.
    pub after: Vec<Type>,
    pub vars: Vec<Type>,
    pub nodes: Vec<Type>,
    /// Native calls: the instance that each call node runs.
    pub calls: BTreeMap<NodeId, usize>,
    /// Calls of values: what each may run.
    pub values: BTreeMap<NodeId, Vec<Reached>>,
    /// Names used, in the namespace of `func.module`.
    pub guards: BTreeSet<Guard>,
    /// Attributes of C modules used: `(module, attribute)`.
    pub attrs: BTreeSet<(String, String)>,
    /// Writes to something that lives in Python.
    pub writes: bool,
    /// Globals whose types only their use tells.
    pub globals: BTreeMap<String, Type>,
    pub diagnostics: Vec<Diagnostic>,
    /// Why the places that bail do.
    pub notes: Vec<Diagnostic>,
    /// Every way through it meets what is not compiled.
    is_refused: bool,
    /// Conditions that types have decided so far.
    decided: BTreeSet<Span>,
    /// Where the diagnostics arose, as far as that is a place in the text.
    places: Places,
    state: Option<Analysis>,
    /// What of the result lives in Python.
    live: Live,
    /// Arithmetic that is done on ints of any size, though its operands are words.
    pub wide: BTreeSet<NodeId>,
    /// What the caller wants of that kind.
    wanted: Wide,
    /// Inferred for good: its text does not change any more.
    settled: bool,
    /// The form that it belongs to ([`ObjectClass::own`](crate::ty::ObjectClass)), or 0.
    own: usize,
    /// Asked for by no call: it tells others what attributes and constants are.
    needed: bool,
    /// It was run since what was inferred was last forgotten.
    ran: bool,
    /// By [`Program::clock`], when its last run began that came to an end, and when that last changed what others see.
    ran_at: Option<u64>,
    changed_at: u64,
    /// Expressions looked at in the last round of that run, and since what was inferred was last forgotten.
    round: usize,
    cost: usize,
    /// Nothing asks for it any more.
    given_up: bool,
    /// A type in it grew without end when it was run last.
    endless: bool,
    /// Instances that its last run asked for, whether it could then call them or not.
    requested: BTreeSet<usize>,
    /// Classes of the project of which it makes instances.
    pub made: BTreeSet<(String, String)>,
}

/// Everything inferred so far.
pub struct Program<'a> {
    pub modules: &'a dyn Modules,
    pub passes: Passes,
    pub instances: Instances,
    /// Those before this one are inferred for good.
    settled_until: usize,
    /// Those that have been emitted on trial, where that is done.
    pub trials: Option<BTreeSet<usize>>,
    index: Table<Key, usize>,
    lowered: Table<FuncRef, Result<Arc<hir::Function>, Vec<Diagnostic>>>,
    /// Functions that stand in no file.
    made: BTreeMap<FuncRef, FunctionDef>,
    /// Conditions that types seemed to decide, and did not when all was inferred.
    contested: BTreeSet<(FuncRef, Span)>,
    values: Table<(String, String), Type>,
    constants: Table<(FuncRef, usize), globals::Constant>,
    called: built::Called,
    /// What functions put into those that start empty.
    filled: BTreeMap<(String, String), Option<Type>>,
    /// The types of attributes, by the topmost class and the name.
    attributes: BTreeMap<Attribute, Type>,
    /// Attributes that something reads.
    asked: BTreeSet<Attribute>,
    /// Attributes of which the text says no more than that something hangs there, and what was taken for it.
    guessed: BTreeMap<Attribute, Type>,
    /// Classes whose text has been read.
    learned: BTreeSet<(String, String)>,
    /// The parameter types that the manifest records.
    pub hints: BTreeMap<FuncRef, Vec<Vec<Type>>>,
    kept: BTreeMap<(FuncRef, usize), Vec<Option<Type>>>,
    /// The same as the functions take them: trees are nodes with objects below them.
    pub told: BTreeMap<FuncRef, Vec<Vec<Type>>>,
    /// The types of results that it records.
    pub results: BTreeMap<FuncRef, Vec<Type>>,
    per_function: Table<(FuncRef, usize), usize>,
    /// The topmost classes of instances that refuse assignments, and get them all the same.
    thawed: BTreeSet<(String, String)>,
    /// Attributes that are assigned elsewhere than where instances are made.
    reassigned: BTreeSet<((String, String), String)>,
    /// Which instances native code keeps to itself in what is inferred now.
    own: own::Form,
    /// The classes of those of a form that may be returned.
    given: BTreeSet<ObjectClass>,
    forms: own::Forms, // the others of that kind
    /// Where trees are put together.
    trees: trees::Trees,
    /// How many instances there are beyond those.
    wider_ones: BTreeMap<FuncRef, usize>,
    /// Expressions looked at since the last hotspot was begun, and before.
    work: usize,
    spent: usize,
    /// What it would have been besides, had instances without news been run.
    spared: usize,
    /// Ticks when a run begins, and when something changes that runs look at.
    clock: u64,
    /// When something changed that any run may look at.
    grew_at: u64,
    /// When each attribute was last found to hold more, and the last of these times.
    grown_at: Table<Attribute, u64>,
    learned_at: u64,
    /// The run that is under way has looked at more of other instances than [`Program::has_news`] knows of.
    looks_inside: bool,
    /// The hotspot that is inferred.
    root: usize,
    /// What the run that is under way has asked for.
    requested: BTreeSet<usize>,
    lookups: lookups::Lookups,
    caught: caught::Caught,
}

impl<'a> Program<'a> {
    /// How many expressions have been looked at in all.
    pub fn spent(&self) -> usize {
        self.spent + self.work
    }

    /// Has inference been at work for too long?
    fn is_exhausted(&self) -> bool {
        self.work > self.forms.most_looks.unwrap_or(MAX_WORK)
    }

    /// Gives a function that is made from another one a text.
    pub fn define(&mut self, func: &FuncRef, def: FunctionDef) {
        self.made.insert(func.clone(), def);
    }

    /// The lowered function, or why it cannot be lowered.
    pub fn lowered(&mut self, func: &FuncRef) -> Result<Arc<hir::Function>, Vec<Diagnostic>> {
        if let Some(done) = self.lowered.get(func) {
            return done.clone();
        }
        let result = self.lower(func).map(|hir| Arc::new(self.with_known_names(hir)));
        if let Ok(hir) = &result {
            self.register_nested(hir);
        }
        self.lowered.insert(func.clone(), result.clone());
        result
    }

    /// Does the function return an iterator that Python can be given?
    pub fn hands_out(&mut self, func: &FuncRef) -> bool {
        let made = |e: &hir::Expr| matches!(e.kind, hir::ExprKind::HandOut { .. });
        self.lowered(&func.handing_out()).is_ok_and(|hir| hir::visit::any_expr(&hir.body, made))
    }

    /// Functions inside are found by their qualified names.
    fn register_nested(&mut self, hir: &hir::Function) {
        for nested in &hir.nested {
            let func = FuncRef { module: nested.module.clone(), qualname: nested.qualname.clone() };
            self.lowered.insert(func, Ok(nested.clone()));
        }
    }

    fn lower(&self, func: &FuncRef) -> Lowered {
        let missing = |message: String| vec![Diagnostic::new("PYR0305", Severity::Note, message)];
        let Some((file, env)) = self.modules.module(&func.module) else {
            return Err(missing(format!("no module `{}` in this project", func.module)));
        };
        if let Some(lowered) = self.lower_call_form(func).or_else(|| self.lower_form(func)) {
            return lowered;
        }
        if func.qualname == EACH {
            return crate::lower::each::lower_each(file, env);
        }
        if let Some(def) = self.made.get(func) {
            return crate::lower::lower(file, env, &func.qualname, def, false);
        }
        if let Some((outer, number)) = func.segment_of() {
            let Some(def) = env.function(outer) else {
                return Err(missing(format!("no single function `{outer}` in `{}`", file.path)));
            };
            let segment = crate::lower::segments::plan(def).and_then(|plan| plan.segment(number));
            return match segment {
                Ok((segment, _)) => crate::lower::lower(file, env, &func.qualname, &segment, false),
                Err((span, what)) => Err(vec![crate::lower::segments::finding(file, span, what)]),
            };
        }
        let plain = func.qualname.strip_suffix(HANDING_OUT);
        let copying = func.qualname.strip_suffix(COPYING);
        let Some(def) = env.function(plain.or(copying).unwrap_or(&func.qualname)) else {
            return Err(missing(format!("no single function `{}` in `{}`", func.qualname, file.path)));
        };
        let hir = crate::lower::lower(file, env, &func.qualname, def, plain.is_some())?;
        Ok(if copying.is_some() { crate::lower::copying(hir) } else { hir })
    }

    /// All instances that an instance can reach by native calls, itself included.
    pub fn reachable(&self, instance: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![instance];
        while let Some(i) = todo.pop() {
            if seen.insert(i) {
                todo.extend(self.instances[i].calls.values());
                todo.extend(self.instances[i].values.values().flatten().map(|r| r.instance));
            }
        }
        seen
    }

    /// The instance for these parameter types, inferred to a fixpoint together with all it calls.
    pub fn instance(
        &mut self,
        func: &FuncRef,
        params: Vec<Type>,
        wide: Wide,
    ) -> Result<usize, Vec<Diagnostic>> {
        self.spent += std::mem::take(&mut self.work);
        self.spared = 0;
        self.trees.clear();
        let root = self.request(func, params, Live::default(), wide)?;
        self.root = root;
        let (mut refined, mut cut, mut begun, mut reports) = (0, 0, 0, 0);
        loop {
            let settles = self.settle(root);
            if !settles && !self.is_exhausted() && self.find_trees(root) {
                (refined, cut) = (0, 0);
                continue;
            }
            if !settles {
                let d = match self.is_exhausted() {
                    true => Diagnostic::new("PYR0410", Severity::Note, "type inference takes too long here")
                        .help("split the function, or call it with fewer different types"),
                    false => Diagnostic::new(
                        "PYR0405",
                        Severity::Note,
                        "type inference does not come to an end here",
                    )
                    .help("give what changes its type in the loop a new name"),
                };
                // Whatever reaches them is refused as well.
                self.settle_for_good(Some(&d));
                return Err(vec![d]);
            }
            let settled = self.settle_operators()
                || self.settle_bases()
                || self.settle_arrays()
                || self.settle_lengths();
            if settled || self.fill_globals() {
                continue;
            }
            if refined < MAX_REFINEMENTS && self.refine() {
                refined += 1;
                continue;
            }
            if self.find_trees(root) {
                (refined, cut) = (0, 0);
                continue;
            }
            self.give_up_unreached(root);
            if self.report(root, &mut reports) {
                continue;
            }
            if cut < MAX_CUTS && self.cut() {
                cut += 1;
                continue;
            }
            if !self.discharge() || begun == MAX_BEGINNINGS {
                break;
            }
            self.begin_anew();
            (refined, cut, begun) = (0, 0, begun + 1);
        }
        self.settle_for_good(None);
        Ok(root)
    }

    /// Finds or registers an instance, without running it.
    ///
    /// `live`: what of its result goes where Python's objects are, so that it is made as such.
    /// `wide`: which of its results are ints of any size.
    fn request(
        &mut self,
        func: &FuncRef,
        params: Vec<Type>,
        live: Live,
        wide: Wide,
    ) -> Result<usize, Vec<Diagnostic>> {
        let key = (func.clone(), params, live, wide, self.own.number);
        if let Some(i) = self.index.get(&key).copied() {
            return Ok(self.needs(i));
        }
        let hir = self.lowered(func)?;
        let n = self.per_function.entry((func.clone(), self.own.number)).or_insert(0);
        *n += 1;
        let params = match *n > MAX_INSTANCES {
            false => key.1.clone(),
            true => match self.wider(&key)? {
                wider::Found::Known(i) => return Ok(self.needs(i)),
                wider::Found::New(params) => params,
            },
        };
        let index = self.instances.push(Instance {
            func: func.clone(),
            notes: hir.notes.clone(),
            vars: vec![Type::Never; hir.vars.len()],
            nodes: vec![Type::Never; hir.nodes],
            hir,
            ret: Type::Never,
            after: params.clone(),
            params,
            calls: BTreeMap::new(),
            values: BTreeMap::new(),
            guards: BTreeSet::new(),
            attrs: BTreeSet::new(),
            writes: false,
            globals: BTreeMap::new(),
            diagnostics: Vec::new(),
            is_refused: false,
            decided: BTreeSet::new(),
            places: Places::default(),
            state: None,
            live,
            wide: BTreeSet::new(),
            wanted: wide,
            settled: false,
            own: self.own.number,
            needed: false,
            ran: false,
            ran_at: None,
            changed_at: 0,
            round: 0,
            cost: 0,
            given_up: false,
            endless: false,
            requested: BTreeSet::new(),
            made: BTreeSet::new(),
        });
        self.index.insert(key, index);
        Ok(self.needs(index))
    }

    /// One run of an instance to its own fixpoint; true if what callers see has changed.
    fn run(&mut self, index: usize, report: bool) -> bool {
        self.clock += 1;
        let begun = self.clock;
        let worked_before = self.work + self.spared;
        let looked_inside = std::mem::take(&mut self.looks_inside);
        let instance = &mut self.instances[index];
        let hir = instance.hir.clone();
        let mut state =
            instance.state.take().unwrap_or_else(|| Analysis::new(&hir, &instance.params, instance.wanted));
        state.solver.trees = !self.trees.is_empty();
        let live = instance.live;
        let (func, before) =
            (instance.func.clone(), (instance.ret.clone(), instance.after.clone(), instance.writes));
        let instances_before = self.instances.end();
        // A run may begin others, of constants.
        let requested_before = std::mem::take(&mut self.requested);
        let mut infer = Infer {
            program: self,
            func,
            hir: &hir,
            state,
            report,
            diagnostics: Vec::new(),
            excused: Default::default(),
            places: Places::default(),
            within: Vec::new(),
            loops: 0,
            calls: BTreeMap::new(),
            values: BTreeMap::new(),
            guards: BTreeSet::new(),
            attrs: BTreeSet::new(),
            made: BTreeSet::new(),
            writes: false,
        };
        let (mut ended, mut round) = (false, 0);
        for rounds in 1.. {
            let worked = infer.program.work + infer.program.spared;
            infer.state.solver.changed = false;
            infer.diagnostics.clear();
            infer.places = Places::default();
            infer.calls.clear();
            infer.values.clear();
            infer.guards.clear();
            infer.attrs.clear();
            infer.made.clear();
            infer.writes = false;
            infer.recall_attributes();
            infer.plant_parameters();
            infer.function();
            if live.containers {
                infer.state.solver.mark_var(infer.state.ret);
            }
            if live.objects {
                let ret = infer.state.solver.get(infer.state.ret);
                infer.state.solver.boxed(&ret);
            }
            if live.instances {
                let ret = infer.state.solver.get(infer.state.ret);
                infer.state.solver.give_all(&ret);
            }
            infer.hold_shared_tuples();
            infer.state.solver.spread_in_place();
            infer.agree_on_dicts();
            infer.hand_records_out();
            if !infer.state.solver.changed || rounds > 100 || infer.program.is_exhausted() {
                ended = !infer.state.solver.changed && !infer.program.is_exhausted();
                round = infer.program.work + infer.program.spared - worked;
                break;
            }
        }
        let mut recursive = false;
        let vars = infer.state.resolved(&infer.state.vars, &mut recursive);
        let nodes = infer.state.resolved(&infer.state.nodes, &mut recursive);
        let keyed = infer.keyed(vars.iter().chain(&nodes));
        if report {
            let mut told = std::mem::take(&mut infer.diagnostics);
            infer.label(&mut told);
            infer.diagnostics = told;
        }
        let excused = std::mem::take(&mut infer.excused);
        let Infer { state, mut diagnostics, mut places, calls, values, guards, attrs, made, writes, .. } =
            infer;
        let mut all = |list: &[VarId]| state.resolved(list, &mut recursive);
        let ret = all(&[state.ret]).remove(0);
        let params: Vec<VarId> = (0..hir.params.len()).map(|i| param_var(&state, &hir, i)).collect();
        let mut after = all(&params);
        for (param, ty) in hir.params.iter().zip(&mut after) {
            if hir.vars[param.var].cell {
                *ty = Type::Cell(Box::new(std::mem::replace(ty, Type::Never)));
            }
        }
        let (names, found): (Vec<&String>, Vec<VarId>) = state.globals.iter().unzip();
        let globals = names.into_iter().cloned().zip(all(&found)).collect();
        let (keys, found): (Vec<_>, Vec<VarId>) = state.attributes.clone().into_iter().unzip();
        let found = all(&found);
        if report && diagnostics.is_empty() {
            let asked = whole::Asked { runs: &|key| self.runs_as_key(key), keyed: &keyed };
            diagnostics.extend(whole::finding(&hir, (&vars, &nodes, &ret), &asked));
        }
        if report && self.may_match_abstract(&hir, vars.iter().chain(&nodes)) {
            let message = "instances below abstract classes where `match` may ask for sequences or mappings";
            diagnostics.push(Diagnostic::new("PYR0318", Severity::Note, message));
        }
        let endless = recursive || state.solver.endless;
        if endless && report {
            let d = Diagnostic::new("PYR0404", Severity::Note, "a container that contains itself");
            diagnostics.push(d);
        }
        // What concerns the function as a whole has no place.
        if report && !diagnostics.is_empty() && diagnostics.iter().any(|d| d.span.is_none()) {
            places = Places::default();
        }
        let mut learned = false;
        for (key, ty) in keys.iter().zip(&found) {
            // What the form for ints of any size puts in would make all others read such.
            if beyond::is_everything(self.instances[index].wanted) && own::is_of_objects(key) {
                continue;
            }
            // What objects have is known to all forms.
            if own::is_of_objects(key) && self.own.loses_among_objects(ty) {
                continue;
            }
            learned |= self.attribute_grows(key, ty);
        }
        learned |= self.widens_cells(index, &after);
        let instance = &mut self.instances[index];
        instance.ran = true;
        instance.endless = endless;
        instance.requested = std::mem::replace(&mut self.requested, requested_before);
        instance.wide = state.wide.clone();
        instance.state = Some(state);
        instance.vars = vars;
        instance.nodes = nodes;
        instance.ret = ret;
        instance.after = after;
        instance.globals = globals;
        instance.calls = calls;
        instance.values = values;
        instance.guards = guards;
        instance.attrs = attrs;
        instance.made = made;
        instance.writes = writes;
        if report && !instance.is_refused {
            instance.diagnostics = diagnostics;
            instance.places = places;
            excused.note_in(&mut instance.notes);
        }
        let (ret, after, wrote) = before;
        let differs = ret != instance.ret || after != instance.after;
        // A report leaves things as no other run does.
        instance.ran_at = (ended && !report && !self.looks_inside).then_some(begun);
        instance.round = round;
        instance.cost += self.work + self.spared - worked_before;
        self.looks_inside = looked_inside;
        if differs || wrote != writes {
            self.clock += 1;
            instance.changed_at = self.clock;
        }
        learned || differs || instances_before != self.instances.end()
    }
}

fn param_var(state: &Analysis, hir: &hir::Function, i: usize) -> VarId {
    state.vars[hir.params[i].var]
}

/// Something that can be left to Python.
#[derive(Clone, Copy)]
enum Within {
    Statement(Span),
    Expression(NodeId),
}

/// One pass over one function.
struct Infer<'p, 'a> {
    program: &'p mut Program<'a>,
    func: FuncRef,
    hir: &'p hir::Function,
    state: Analysis,
    report: bool,
    diagnostics: Vec<Diagnostic>,
    excused: refusals::Excused,
    places: Places,
    /// Statements and expressions around what is being inferred, innermost last.
    within: Vec<Within>,
    /// In so many loops that are statements.
    loops: usize,
    calls: BTreeMap<NodeId, usize>,
    values: BTreeMap<NodeId, Vec<Reached>>,
    guards: BTreeSet<Guard>,
    attrs: BTreeSet<(String, String)>,
    made: BTreeSet<(String, String)>,
    writes: bool,
}

impl Infer<'_, '_> {
    /// How a type reads in messages.
    fn show(&self, ty: &Ty) -> String {
        self.state.solver.resolve(ty).map_or_else(|| "?".into(), |t| refusals::shallow(&t.to_string()))
    }

    /// Flows a node's type into its slot and returns what is there.
    fn at(&mut self, node: NodeId, ty: &Ty) -> Ty {
        let slot = self.state.nodes[node];
        self.state.solver.flow(ty, slot);
        self.state.solver.get(slot)
    }

    /// The cell of an allocation site; `k` tells several at one node apart.
    fn site(&mut self, node: NodeId, k: usize) -> solver::CellId {
        if let Some(c) = self.state.sites.get(&(node, k)) {
            return *c;
        }
        let cell = self.state.solver.fresh_cell();
        self.state.sites.insert((node, k), cell);
        self.plant(cell, node, k);
        cell
    }

    fn function(&mut self) {
        let hir = self.hir;
        hir.assumes.iter().for_each(|name| self.builtin(name));
        hir.libraries.iter().for_each(|library| self.relies_on(library));
        for name in &hir.imports {
            self.guards.insert(Guard::Value(name.clone()));
        }
        for (name, classes) in &hir.classes {
            self.guards.insert(Guard::Classes { name: name.clone(), classes: classes.clone() });
        }
        for (name, value) in &hir.numbers {
            self.guards.insert(Guard::Number { name: name.clone(), value: *value });
        }
        for (name, format) in &hir.layouts {
            self.guards.insert(Guard::Layout { name: name.clone(), format: format.clone() });
        }
        for (name, attributes) in &hir.matched {
            self.guards.insert(Guard::Value(matched::guard(name, attributes)));
        }
        self.block(&hir.body);
        if hir.yields.is_some() {
            self.state.solver.flow(&Ty::Iter(self.state.yielded), self.state.ret);
        } else if self.falls_off(&hir.body) {
            self.state.solver.flow(&Ty::None, self.state.ret);
        }
    }

    fn var_type(&self, var: hir::VarId) -> Ty {
        self.state.solver.get(self.state.vars[var])
    }

    fn set_var(&mut self, var: hir::VarId, ty: &Ty) {
        self.state.solver.flow(ty, self.state.vars[var]);
    }
}
