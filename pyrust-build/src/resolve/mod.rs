//! Module environments: what each global name of a module is bound to, as far as the text tells.
//!
//! Nothing here is trusted: every use is guarded at run time. The environment only decides what is worth compiling.

mod dataclass;
mod imports;
mod linked;
mod members;
mod ordering;
mod overloads;
mod rename;
mod tables;
mod unpacked;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ast::{ClassDef, Expr, ExprKind as E, FunctionDef, Module, Stmt, StmtKind};
use crate::source::Span;

pub use dataclass::{Made, OBJECT as OBJECT_CELL, factory, factory_guard};
pub use imports::is_import;

pub use members::{
    SETTER, is_accessor, is_mangled, mangled, receiver, setter, setter_name, split_member, split_receiver,
};
pub use rename::rename_block;
pub use tables::is_item;

/// Modules that have builtins under their own names, on every Python that is supported.
const HANDS_ON_BUILTINS: &[&str] = &["builtins", "six.moves", "six.moves.builtins", "future.builtins"];

/// What methods call the instance, as a rule.
pub const INSTANCE: &str = "self";

/// What a module-level name is bound to.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A function defined exactly once, without decorators.
    Function,
    Class,
    /// `import math`, `import a.b as x`, `from . import util`: an absolute dotted name.
    Module(String),
    /// `from module import name`.
    Imported {
        module: String,
        name: String,
    },
    /// Assigned exactly once at top level.
    Value(Arc<Expr>),
    /// Bound more than once, conditionally, or in a way that is not followed.
    Unknown,
}

/// A module's top-level bindings and its functions by qualname.
#[derive(Clone, Debug, Default)]
pub struct ModuleEnv {
    pub name: String,
    pub bindings: BTreeMap<String, Binding>,
    /// Globals that functions declare `global`: they may be assigned while native code runs.
    pub assigned: BTreeSet<String>,
    /// Top-level statements that may tell what a value is: assignments, loops, conditions, calls of methods.
    pub values: Vec<Stmt>,
    /// Classes that are defined once at the top level, without decorators.
    pub classes: BTreeMap<String, ClassDef>,
    /// The same with those that have decorators: what they make of the class is looked at when the code runs.
    pub all_classes: BTreeMap<String, ClassDef>,
    /// Every `def` reachable through classes (not through functions), in order of appearance.
    pub functions: Vec<(String, FunctionDef)>,
    /// Names of those that a condition rules out which is known, as `sys.version_info < (3,)` is.
    ruled_out: BTreeSet<String>,
    /// The names of the bases of each class, as far as they are names.
    pub bases: BTreeMap<String, Vec<String>>,
    /// Methods that decorators make, by their qualified names.
    pub made: BTreeMap<String, Made>,
    /// What the methods are called that a `with` enters: generators of classes under `contextlib.contextmanager`, of this
    /// module and of those that it imports.
    pub managers: BTreeSet<String>,
    /// Dataclasses whose instances refuse assignments.
    pub frozen: BTreeSet<String>,
    /// Modules of which all names are imported.
    pub starred: Vec<String>,
    /// All that binds each name, in order, and whether a condition decides about it.
    candidates: BTreeMap<String, Vec<(Binding, bool)>>,
    /// What the body of a `try` binds: while its handlers are read, whose bindings stand in for older interpreters.
    preferred: Vec<String>,
}

/// Classes above one that are looked at, at most.
const MAX_ABOVE: usize = 16;

impl ModuleEnv {
    /// Reads the bindings off a parsed module. `is_package` says that the file is an `__init__.py`.
    pub fn new(name: &str, module: &Module, is_package: bool) -> Self {
        let mut env = ModuleEnv { name: name.to_string(), ..Default::default() };
        let mut module = module.clone();
        env.ruled_out.extend(overloads::drop_stubs(&mut module.body));
        unpacked::split_in_classes(&mut module.body);
        let in_tables = tables::lift(&mut module.body);
        for (name, _) in &in_tables {
            env.bind(name, Binding::Function, false);
        }
        env.functions = in_tables;
        env.block(&module.body, is_package, false);
        env.choose();
        env.follow_aliases();
        env.plain_builtins();
        env.collect_functions("", &module.body);
        env.local_imports(is_package);
        env.values = env.pruned(&module.body);
        env.all_classes = module.body.iter().filter_map(|stmt| env.top_class(stmt)).collect();
        let mut inner = Vec::new();
        env.all_classes.iter().for_each(|(name, class)| members::inner_classes(name, class, &mut inner));
        let bound = |name: &String| matches!(env.bindings.get(name), Some(Binding::Class));
        let inner: Vec<_> = inner.into_iter().filter(|(name, _)| bound(name)).collect();
        env.all_classes.extend(inner);
        env.classes = module.body.iter().filter_map(|stmt| env.plain_class(stmt)).collect();
        env.expand_classes(&module.body);
        env.managers = env.own_managers();
        declared_globals(&module.body, &mut env.assigned);
        let of_classes = env.assigned_in_classes();
        env.assigned.extend(of_classes);
        for name in &env.assigned {
            let binding = env.bindings.entry(name.clone()).or_insert(Binding::Unknown);
            // A builtin under another name is compared with what the text says; native code does not assign it.
            let builtin = matches!(binding, Binding::Imported { module, .. } if module == "builtins");
            if !builtin && !matches!(binding, Binding::Value(_)) {
                *binding = Binding::Unknown;
            }
        }
        env
    }

    /// `Account.count += 1` in functions, and `cls.count += 1` in class methods: as names of the module. `type(x).count += 1`
    /// may mean the one of any class.
    fn assigned_in_classes(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for (qualname, f) in &self.functions {
            let own = qualname.rsplit_once('.');
            let first = f.params.positional_only.iter().chain(&f.params.positional).next();
            let mut note = |target: &Expr| {
                let E::Attribute { value, name } = &target.kind else { return };
                if asks_class(value) && !name.starts_with("__") {
                    let end = format!(".{name}");
                    let values = self.bindings.iter().filter(|(_, b)| matches!(b, Binding::Value(_)));
                    out.extend(values.map(|(path, _)| path).filter(|path| path.ends_with(&end)).cloned());
                }
                let E::Name(global) = &value.kind else { return };
                let mut classes = vec![global.as_str()];
                if let Some((class, method)) = own.filter(|_| first.is_some_and(|p| p.name == *global)) {
                    classes = self.classes_below(class, method);
                    classes.push(class);
                }
                for class in classes {
                    let path = format!("{class}.{name}");
                    let known = matches!(self.bindings.get(class), Some(Binding::Class))
                        && matches!(self.bindings.get(&path), Some(Binding::Value(_)));
                    if known && !name.starts_with("__") {
                        out.insert(path);
                    }
                }
            };
            crate::walk::each_statement(&f.body, &mut |stmt| match &stmt.kind {
                StmtKind::Assign { targets, .. } => targets.iter().for_each(&mut note),
                StmtKind::AugAssign { target, .. } => note(target),
                _ => {}
            });
        }
        out
    }

    fn top_class(&self, stmt: &Stmt) -> Option<(String, ClassDef)> {
        let StmtKind::ClassDef(class) = &stmt.kind else { return None };
        let once = matches!(self.bindings.get(&class.name), Some(Binding::Class));
        once.then(|| (class.name.clone(), (**class).clone()))
    }

    /// Gives classes the methods that their decorators make.
    fn expand_classes(&mut self, body: &[Stmt]) {
        let mut known: BTreeMap<String, dataclass::Fields> = BTreeMap::new();
        for stmt in body {
            let Some((name, mut class)) = self.top_class(stmt) else { continue };
            let decorators = class.decorators.len();
            class.decorators.retain(|d| !self.is_imported(d, "functools", "total_ordering"));
            let ordered = class.decorators.len() < decorators;
            if let Some(fields) = self.expand_dataclass(&name, &mut class, stmt.span, &known) {
                known.insert(name.clone(), fields);
            }
            if ordered {
                let above = |method: &str| self.inherits(&class, method, MAX_ABOVE);
                let made = ordering::expand(&class, stmt.span, &above);
                self.add_made(&name, &mut class, stmt.span, made);
            }
            self.all_classes.insert(name, class);
        }
    }

    /// Has a class above it a method of that name, as far as the module's text tells?
    fn inherits(&self, class: &ClassDef, method: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        class.bases.iter().any(|base| {
            let E::Name(base) = &base.kind else { return false };
            let base = self.all_classes.get(base);
            base.is_some_and(|base| dataclass::defines(base, method) || self.inherits(base, method, depth))
        })
    }

    /// Methods that a decorator makes.
    fn add_made(&mut self, name: &str, class: &mut ClassDef, span: Span, made: Vec<Made>) {
        for made in made {
            let qualname = format!("{name}.{}", made.def.name);
            class.body.push(Stmt { kind: StmtKind::FunctionDef(Box::new(made.def.clone())), span });
            self.functions.push((qualname.clone(), made.def.clone()));
            self.made.insert(qualname, made);
        }
    }

    /// Gives a dataclass the methods that its decorator makes; what classes below it have of its fields.
    fn expand_dataclass(
        &mut self,
        name: &str,
        class: &mut ClassDef,
        span: Span,
        known: &BTreeMap<String, dataclass::Fields>,
    ) -> Option<dataclass::Fields> {
        let above = class.bases.iter().try_fold(dataclass::Fields::default(), |above, base| {
            above.beside(self.fields_of_base(base, known)?)
        })?;
        let is_dataclass = |e: &Expr| self.is_imported(e, "dataclasses", "dataclass");
        let Some((fields, made)) = dataclass::expand(class, span, above.clone(), &is_dataclass) else {
            return above.below(class);
        };
        let frozen = dataclass::is_frozen(class, &is_dataclass);
        self.add_made(name, class, span, made);
        if frozen {
            self.frozen.insert(name.to_string());
        }
        Some(fields)
    }

    /// What a base has for dataclasses below it; `None` where that cannot be told.
    fn fields_of_base(
        &self,
        base: &Expr,
        known: &BTreeMap<String, dataclass::Fields>,
    ) -> Option<dataclass::Fields> {
        let crate::ast::ExprKind::Name(name) = &base.kind else { return None };
        match self.bindings.get(name) {
            None if name == "object" => Some(Default::default()),
            Some(Binding::Imported { module, name }) if module == "abc" && name == "ABC" => {
                Some(Default::default())
            }
            _ => known.get(name).cloned(),
        }
    }

    /// Is it `attr` of that module of the library?
    pub(crate) fn is_imported(&self, e: &Expr, library: &str, attr: &str) -> bool {
        use crate::ast::ExprKind;
        match &e.kind {
            ExprKind::Name(name) => matches!(self.bindings.get(name),
                Some(Binding::Imported { module, name }) if module == library && name == attr),
            ExprKind::Attribute { value, name } if name == attr => matches!(&value.kind,
                ExprKind::Name(module) if matches!(self.bindings.get(module),
                    Some(Binding::Module(module)) if module == library)),
            _ => false,
        }
    }

    fn plain_class(&self, stmt: &Stmt) -> Option<(String, ClassDef)> {
        self.top_class(stmt).filter(|(_, class)| class.decorators.is_empty())
    }

    /// The statements that bind or change the global, in order.
    pub fn statements_of(&self, name: &str) -> Vec<Stmt> {
        self.values.iter().filter(|stmt| changes(std::slice::from_ref(stmt), name)).cloned().collect()
    }

    /// The only function with this qualname; `None` if there is none or more than one.
    pub fn function(&self, qualname: &str) -> Option<&FunctionDef> {
        let mut found = self
            .functions
            .iter()
            .filter(|(q, def)| q == qualname && (members::is_setter_name(q) || !members::is_accessor(def)));
        let first = found.next()?;
        found.next().is_none().then_some(&first.1)
    }

    /// The methods of that name, of whatever class.
    pub fn methods_called(&self, name: &str) -> Vec<&FunctionDef> {
        let called = |q: &str| q.rsplit_once('.').is_some_and(|(_, last)| last == name);
        self.functions.iter().filter(|(q, _)| called(q)).map(|(_, def)| def).collect()
    }

    /// The only function with this qualname that is left, if a condition has ruled others out.
    pub fn chosen_function(&self, qualname: &str) -> Option<&FunctionDef> {
        let accessor = |(q, def): &(String, FunctionDef)| q == qualname && members::is_accessor(def);
        let several = self.ruled_out.contains(qualname) || self.functions.iter().any(accessor)
            // Only its line tells a setter from the getter.
            || members::is_setter_name(qualname);
        self.function(qualname).filter(|_| several)
    }

    fn rule_out(&mut self, prefix: &str, body: &[Stmt]) {
        let kept = std::mem::take(&mut self.functions);
        self.collect_functions(prefix, body);
        let out = std::mem::replace(&mut self.functions, kept);
        self.ruled_out.extend(out.into_iter().map(|(name, _)| name));
    }

    fn collect_functions(&mut self, prefix: &str, body: &[Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::FunctionDef(f) => {
                    let qualname = format!("{prefix}{}", f.name);
                    if members::is_accessor(f) && setter(f).is_some() {
                        self.functions.push((setter_name(&qualname), (**f).clone()));
                    }
                    self.functions.push((qualname, (**f).clone()));
                }
                StmtKind::Assign { .. } if prefix.is_empty() => self.functions.extend(named_lambda(stmt)),
                StmtKind::ClassDef(c) => self.collect_functions(&format!("{prefix}{}.", c.name), &c.body),
                StmtKind::If { test, body, orelse } => {
                    let decided = self.decided(test);
                    match decided {
                        Some(false) => self.rule_out(prefix, body),
                        _ => self.collect_functions(prefix, body),
                    }
                    match decided {
                        Some(true) => self.rule_out(prefix, orelse),
                        _ => self.collect_functions(prefix, orelse),
                    }
                }
                StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                    self.collect_functions(prefix, body);
                    handlers.iter().for_each(|h| self.collect_functions(prefix, &h.body));
                    self.collect_functions(prefix, orelse);
                    self.collect_functions(prefix, finalbody);
                }
                StmtKind::With { body, .. } => self.collect_functions(prefix, body),
                _ => {}
            }
        }
    }

    /// `_range = range`, `_sqrt = math.sqrt`, `old = new`: other names, as if they were imported from there.
    fn follow_aliases(&mut self) {
        let found: Vec<(String, Binding)> = self
            .bindings
            .iter()
            .filter_map(|(name, binding)| Some((name.clone(), self.followed(alias(binding)?)?)))
            .collect();
        self.bindings.extend(found);
    }

    /// `from builtins import range`, `from six.moves import range`: the builtin, which the guard of a builtin finds in
    /// the module as well. What else such modules hand on is what it is where it comes from.
    fn plain_builtins(&mut self) {
        for binding in self.bindings.values_mut() {
            if let Binding::Imported { module, name } = binding
                && module == "six.moves"
                && name == "reduce"
            {
                *module = "functools".to_string();
            }
        }
        self.bindings.retain(|name, binding| match binding {
            Binding::Imported { module, name: attr } => {
                attr != name
                    || !HANDS_ON_BUILTINS.contains(&module.as_str())
                    || !crate::ops::builtins::is_builtin(name)
            }
            _ => true,
        });
    }

    /// What binds the name, if there is nothing else that does.
    fn only(&self, name: &str) -> Option<&Binding> {
        let all = self.candidates.get(name)?;
        let first = &all.first()?.0;
        (all.len() == 1 || all.iter().all(|(b, _)| same_import(first, b))).then_some(first)
    }

    fn followed(&self, value: &Expr) -> Option<Binding> {
        use crate::ast::ExprKind;
        let (module, name) = match &value.kind {
            ExprKind::Name(name) if !self.candidates.contains_key(name) => {
                crate::ops::builtins::is_builtin(name).then(|| ("builtins".to_string(), name.clone()))?
            }
            ExprKind::Name(name) => match self.only(name)? {
                Binding::Function => (self.name.clone(), name.clone()),
                imported @ Binding::Imported { .. } => return Some(imported.clone()),
                _ => return None,
            },
            ExprKind::Attribute { value, name } => {
                let ExprKind::Name(module) = &value.kind else { return None };
                let Binding::Module(module) = self.only(module)? else { return None };
                crate::lower::is_known(module, name).then(|| (module.clone(), name.clone()))?
            }
            _ => return None,
        };
        Some(Binding::Imported { module, name })
    }

    fn bind(&mut self, name: &str, binding: Binding, conditional: bool) {
        if self.preferred.iter().any(|n| n == name) {
            return;
        }
        self.candidates.entry(name.to_string()).or_default().push((binding, conditional));
    }

    /// One binding for each name.
    fn choose(&mut self) {
        self.bindings = self.candidates.iter().map(|(name, all)| (name.clone(), self.chosen(all))).collect();
    }

    fn chosen(&self, all: &[(Binding, bool)]) -> Binding {
        // What is bound without a condition hides what was bound before.
        let from = all.iter().rposition(|(_, conditional)| !conditional).unwrap_or_default();
        let all = &all[from..];
        if let [(binding, conditional)] = all {
            // A function or module is compared with what the text says when the code runs, so a condition does not
            // matter.
            let followed =
                matches!(binding, Binding::Function | Binding::Module(_) | Binding::Imported { .. })
                    || alias(binding).is_some();
            return if *conditional && !followed { Binding::Unknown } else { binding.clone() };
        }
        let first = &all[0].0;
        if all.iter().all(|(b, _)| same_import(first, b)) {
            return first.clone();
        }
        // Of several the one that is understood, unless a value may stand there as well.
        let value = |b: &Binding| {
            matches!(b, Binding::Unknown | Binding::Class)
                || (matches!(b, Binding::Value(_)) && alias(b).is_none())
        };
        let mut known: Vec<&Binding> = Vec::new();
        for (binding, _) in all.iter().filter(|(b, _)| self.is_understood(b)) {
            if !known.iter().any(|k| same_import(k, binding)) {
                known.push(binding);
            }
        }
        match known.as_slice() {
            [one] if !all.iter().any(|(b, _)| value(b)) => (*one).clone(),
            _ => Binding::Unknown,
        }
    }

    /// Something that can be called natively, as far as this module tells.
    fn is_understood(&self, binding: &Binding) -> bool {
        match binding {
            Binding::Function => true,
            Binding::Module(_) => true,
            Binding::Imported { module, name } => {
                let top = |name: &str| name.split('.').next().unwrap_or_default().to_string();
                // Older interpreters had the abstract classes in `collections`.
                crate::lower::is_known(module, name)
                    || module == "collections.abc"
                    || top(module) == top(&self.name)
            }
            Binding::Value(_) => alias(binding).is_some_and(|value| self.followed(value).is_some()),
            Binding::Class | Binding::Unknown => false,
        }
    }

    fn block(&mut self, body: &[Stmt], is_package: bool, conditional: bool) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::FunctionDef(f) => {
                    let binding = if f.decorators.is_empty() { Binding::Function } else { Binding::Unknown };
                    self.bind(&f.name, binding, conditional);
                }
                StmtKind::ClassDef(c) => {
                    self.bind(&c.name, Binding::Class, conditional);
                    self.members(c);
                }
                StmtKind::Import(names) => {
                    for alias in names {
                        match &alias.as_name {
                            Some(name) => self.bind(name, Binding::Module(alias.name.clone()), conditional),
                            None => {
                                let top = alias.name.split('.').next().unwrap_or_default();
                                self.bind(top, Binding::Module(top.to_string()), conditional);
                            }
                        }
                    }
                }
                StmtKind::ImportFrom { module, names, level } => {
                    let Some(base) = self.absolute(module.as_deref(), *level, is_package) else { continue };
                    if names.iter().any(|a| a.name == "*") {
                        self.starred.push(base.clone());
                    }
                    for alias in names.iter().filter(|a| a.name != "*") {
                        let name = alias.as_name.as_ref().unwrap_or(&alias.name);
                        let binding = Binding::Imported { module: base.clone(), name: alias.name.clone() };
                        self.bind(name, binding, conditional);
                    }
                }
                StmtKind::Assign { .. } if let Some((name, _)) = named_lambda(stmt) => {
                    self.bind(&name, Binding::Function, conditional);
                }
                StmtKind::Assign { targets, value } => {
                    for target in targets {
                        self.bind_target(target, Some(value), conditional);
                    }
                }
                StmtKind::AnnAssign { target, value: Some(value), .. } => {
                    self.bind_target(target, Some(value), conditional);
                }
                StmtKind::AugAssign { target, .. } => self.bind_target(target, None, true),
                StmtKind::For { target, body, orelse, .. } => {
                    self.bind_target(target, None, true);
                    self.block(body, is_package, true);
                    self.block(orelse, is_package, true);
                }
                StmtKind::While { body, orelse, .. } => {
                    self.block(body, is_package, true);
                    self.block(orelse, is_package, true);
                }
                StmtKind::If { test, body, orelse } => match self.decided(test) {
                    Some(true) => self.block(body, is_package, conditional),
                    Some(false) => self.block(orelse, is_package, conditional),
                    None => {
                        self.block(body, is_package, true);
                        self.block(orelse, is_package, true);
                    }
                },
                StmtKind::With { items, body, .. } => {
                    for target in items.iter().filter_map(|i| i.target.as_ref()) {
                        self.bind_target(target, None, true);
                    }
                    self.block(body, is_package, conditional);
                }
                StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                    self.block(body, is_package, true);
                    let outer = std::mem::take(&mut self.preferred);
                    self.preferred = self.followed_in(body);
                    handlers.iter().for_each(|h| self.block(&h.body, is_package, true));
                    self.preferred = outer;
                    self.block(orelse, is_package, true);
                    self.block(finalbody, is_package, true);
                }
                // What is deleted under a condition is there if the condition does not hold.
                StmtKind::Delete(targets) if !conditional => {
                    targets.iter().for_each(|t| self.bind_target(t, None, true));
                }
                _ => {}
            }
        }
    }

    /// The functions and other names of functions that a block binds.
    fn followed_in(&self, body: &[Stmt]) -> Vec<String> {
        let bound = |name: &String| match self.candidates.get(name).and_then(|all| all.last()) {
            // Python has it, so the import does not fail.
            Some((Binding::Module(module), _)) => crate::ops::has_module(module),
            None => false,
            Some((binding @ Binding::Imported { .. }, _)) => self.is_understood(binding),
            Some((binding, _)) => matches!(binding, Binding::Function) || alias(binding).is_some(),
        };
        let names = body.iter().flat_map(|stmt| match &stmt.kind {
            StmtKind::FunctionDef(f) => vec![f.name.clone()],
            StmtKind::Assign { targets, .. } => match targets.as_slice() {
                [Expr { kind: crate::ast::ExprKind::Name(name), .. }] => vec![name.clone()],
                _ => vec![],
            },
            StmtKind::ImportFrom { names, .. } | StmtKind::Import(names) => {
                names.iter().map(|a| a.as_name.as_ref().unwrap_or(&a.name).clone()).collect()
            }
            _ => vec![],
        });
        names.filter(bound).collect()
    }

    fn bind_target(&mut self, target: &Expr, value: Option<&Expr>, conditional: bool) {
        use crate::ast::ExprKind;
        match &target.kind {
            ExprKind::Name(name) => {
                let binding = value.map_or(Binding::Unknown, |v| Binding::Value(Arc::new(v.clone())));
                self.bind(name, binding, conditional);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                let is_builtin = |name: &str| !self.candidates.contains_key(name);
                match value.and_then(|value| unpacked::unpacked(value, items.len(), is_builtin)) {
                    Some(values) => {
                        items
                            .iter()
                            .zip(values)
                            .for_each(|(t, v)| self.bind_target(t, Some(&v), conditional));
                    }
                    None => items.iter().for_each(|t| self.bind_target(t, None, true)),
                }
            }
            ExprKind::Starred(inner) => self.bind_target(inner, None, true),
            // `Point.ZERO = Point(0, 0)`: as if the class said so. What it may become besides is looked at when it is read.
            ExprKind::Attribute { value: class, name } if !name.starts_with("__") && !conditional => {
                if let (Some(class), Some(value)) = (self.plain_class_named(class), value) {
                    self.bind(&format!("{class}.{name}"), Binding::Value(Arc::new(value.clone())), false);
                }
            }
            _ => {}
        }
    }

    /// The class of this module that a name stands for, where its members are known.
    fn plain_class_named(&self, e: &Expr) -> Option<String> {
        let crate::ast::ExprKind::Name(name) = &e.kind else { return None };
        let class = matches!(self.only(name)?, Binding::Class);
        (class && self.bases.contains_key(name)).then(|| name.clone())
    }

    /// The absolute name of what a `from` statement imports from.
    fn absolute(&self, module: Option<&str>, level: u32, is_package: bool) -> Option<String> {
        if level == 0 {
            return module.map(str::to_string);
        }
        let mut parts: Vec<&str> = self.name.split('.').collect();
        let up = level as usize - usize::from(is_package);
        if up > parts.len() {
            return None;
        }
        parts.truncate(parts.len() - up);
        parts.extend(module);
        Some(parts.join("."))
    }
}

/// `name = lambda …: …`, as the function that it is. What digests it finds it by the same rule.
fn named_lambda(stmt: &Stmt) -> Option<(String, FunctionDef)> {
    use crate::ast::ExprKind;
    let StmtKind::Assign { targets, value } = &stmt.kind else { return None };
    let ([Expr { kind: ExprKind::Name(name), .. }], ExprKind::Lambda { params, body }) =
        (targets.as_slice(), &value.kind)
    else {
        return None;
    };
    Some((name.clone(), lambda(name, params, body, value.span)))
}

/// A lambda as a function of that name.
fn lambda(name: &str, params: &crate::ast::Params, body: &Expr, span: crate::source::Span) -> FunctionDef {
    FunctionDef {
        name: name.to_string(),
        is_async: false,
        params: params.clone(),
        body: vec![Stmt { kind: StmtKind::Return(Some(body.clone())), span: body.span }],
        decorators: Vec::new(),
        returns: None,
        type_params: Vec::new(),
        span,
    }
}

/// The value of a binding that may be another name of something.
fn alias(binding: &Binding) -> Option<&Expr> {
    use crate::ast::ExprKind;
    match binding {
        Binding::Value(value) if matches!(value.kind, ExprKind::Name(_) | ExprKind::Attribute { .. }) => {
            Some(value)
        }
        _ => None,
    }
}

/// What `global` statements name anywhere inside.
fn declared_globals(body: &[Stmt], out: &mut BTreeSet<String>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Global(names) => out.extend(names.iter().cloned()),
            StmtKind::FunctionDef(f) => declared_globals(&f.body, out),
            StmtKind::ClassDef(c) => declared_globals(&c.body, out),
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                declared_globals(body, out);
                declared_globals(orelse, out);
            }
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                declared_globals(body, out);
                handlers.iter().for_each(|h| declared_globals(&h.body, out));
                declared_globals(orelse, out);
                declared_globals(finalbody, out);
            }
            StmtKind::With { body, .. } => declared_globals(body, out),
            StmtKind::Match { cases, .. } => cases.iter().for_each(|c| declared_globals(&c.body, out)),
            _ => {}
        }
    }
}

/// Do both import the same thing?
fn same_import(a: &Binding, b: &Binding) -> bool {
    match (a, b) {
        (Binding::Module(a), Binding::Module(b)) => a == b,
        (Binding::Imported { module: a, name: x }, Binding::Imported { module: b, name: y }) => {
            (a, x) == (b, y)
        }
        _ => false,
    }
}

impl ModuleEnv {
    /// Statements without what cannot be lowered and binds no value: imports, functions, classes.
    fn pruned(&self, body: &[Stmt]) -> Vec<Stmt> {
        body.iter().flat_map(|stmt| self.pruned_statement(stmt)).collect()
    }

    fn pruned_statement(&self, stmt: &Stmt) -> Vec<Stmt> {
        match &stmt.kind {
            StmtKind::Import(_)
            | StmtKind::ImportFrom { .. }
            | StmtKind::FunctionDef(_)
            | StmtKind::ClassDef(_)
            | StmtKind::TypeAlias { .. }
            | StmtKind::Global(_) => vec![],
            StmtKind::If { test, body, orelse } if let Some(value) = self.decided(test) => {
                self.pruned(if value { body } else { orelse })
            }
            StmtKind::For { .. } | StmtKind::While { .. } | StmtKind::If { .. } | StmtKind::Try { .. } => {
                vec![crate::walk::with_blocks(stmt, &mut |block| {
                    let mut left = self.pruned(block);
                    if left.is_empty() && !block.is_empty() {
                        left.push(Stmt { kind: StmtKind::Pass, span: stmt.span });
                    }
                    left
                })]
            }
            _ => vec![stmt.clone()],
        }
    }
}

/// Does a statement bind the name, or change what it is bound to?
pub fn changes(body: &[Stmt], name: &str) -> bool {
    use crate::ast::{Expr, ExprKind};
    fn at(e: &Expr, name: &str) -> bool {
        match &e.kind {
            ExprKind::Name(n) => n == name,
            ExprKind::Subscript { value, .. } | ExprKind::Starred(value) => at(value, name),
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().any(|e| at(e, name)),
            _ => false,
        }
    }
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|t| at(t, name)),
        StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => at(target, name),
        StmtKind::Expr(e) => match &e.kind {
            ExprKind::Call { func, .. } => match &func.kind {
                ExprKind::Attribute { value, .. } => at(value, name),
                _ => false,
            },
            _ => false,
        },
        StmtKind::For { target, body, orelse, .. } => {
            at(target, name) || changes(body, name) || changes(orelse, name)
        }
        StmtKind::While { body, orelse, .. } | StmtKind::If { body, orelse, .. } => {
            changes(body, name) || changes(orelse, name)
        }
        StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
            changes(body, name)
                || handlers.iter().any(|h| changes(&h.body, name))
                || changes(orelse, name)
                || changes(finalbody, name)
        }
        StmtKind::With { items, body, .. } => {
            items.iter().filter_map(|i| i.target.as_ref()).any(|t| at(t, name)) || changes(body, name)
        }
        _ => false,
    })
}

/// Is it `type(x)` or `x.__class__`?
fn asks_class(e: &Expr) -> bool {
    match &e.kind {
        E::Call { func, args, keywords } => {
            matches!(&func.kind, E::Name(name) if name == "type") && args.len() == 1 && keywords.is_empty()
        }
        E::Attribute { name, .. } => name == "__class__",
        _ => false,
    }
}
