//! What module-level names stand for: bindings across the project's modules, and the types of the values.

use std::sync::Arc;

use super::decorated::Dressed;
use super::{FuncRef, Identified, Live, NARROW, Program, annotation, decorated};
use crate::ast;
use crate::lower::dressed::{self, Dressing};
use crate::lower::memo;
use crate::resolve::{Binding, ModuleEnv, split_member, split_receiver};
use crate::source::SourceFile;
use crate::ty::{DictKind, ObjectClass, Origin, Type};
use crate::walk::each_statement;

/// At most so many classes are gone through for an attribute, from one to its base.
const MAX_BASES: usize = 12;

/// Classes whose subclasses make objects of what they assign.
const ENUMERATIONS: &[&str] = &["Enum", "IntEnum", "StrEnum", "ReprEnum", "Flag", "IntFlag"];

/// A value that has been inferred and depends on no other function.
pub(super) struct Constant {
    index: usize,
    ty: Option<Type>,
    /// By [`Program::clock`], when it was.
    at: u64,
    /// Expressions that would be looked at to find it out again.
    cost: usize,
}

/// Where inference finds modules: parsed on demand.
pub trait Modules: Sync {
    /// The file and environment of a module of the project.
    fn module(&self, name: &str) -> Option<(&SourceFile, &ModuleEnv)>;
    /// May the text of a module have those words in it? What is known without parsing it.
    fn mentions(&self, _name: &str, _words: &str) -> bool {
        true
    }
    /// The names of all modules, in order.
    fn names(&self) -> Vec<&str>;
    /// Kept for all that look at these modules.
    fn identified(&self) -> &Identified;
}

/// The decorator and the function of `decorator(function)`.
fn decorated_by_call(e: &ast::Expr) -> Option<(&ast::Expr, &String)> {
    match &e.kind {
        ast::ExprKind::Call { func, args, keywords } if keywords.is_empty() => match args.as_slice() {
            [ast::Expr { kind: ast::ExprKind::Name(function), .. }] => Some((func, function)),
            _ => None,
        },
        _ => None,
    }
}

impl Program<'_> {
    /// What a module-level name is bound to, following imports inside the project.
    pub fn binding(&self, module: &str, name: &str) -> Option<(String, Binding)> {
        if let Some(member) = split_member(name) {
            let (home, _, binding) = self.member(module, member, MAX_BASES)?;
            return Some((home, binding));
        }
        if let Some((method, global)) = split_receiver(name) {
            let (_, env) = self.modules.module(module)?;
            let (_, object) = env.bound_method(global).filter(|(name, _)| *name == method)?;
            return Some((module.to_string(), Binding::Value(Arc::new(object.clone()))));
        }
        if let Some(function) = memo::cached(name) {
            self.cached(module, function)?;
            return Some((module.to_string(), Binding::Value(Arc::new(decorated::made_of_cache(name)))));
        }
        if let Some((variable, path)) = dressed::variable_of(name) {
            let value = self.dressed_at(module, path)?.assigned(variable)?.clone();
            return Some((module.to_string(), Binding::Value(Arc::new(value))));
        }
        let (mut module, mut name) = (module.to_string(), name.to_string());
        for _ in 0..8 {
            let (_, env) = self.modules.module(&module)?;
            match env.bindings.get(&name)? {
                Binding::Imported { module: m, name: n } if self.modules.module(m).is_some() => {
                    (module, name) = (m.clone(), n.clone());
                }
                Binding::Value(value) if let Some(there) = self.function_of_module(&module, value) => {
                    (module, name) = there;
                }
                other => return Some((module, other.clone())),
            }
        }
        None
    }

    /// `compact = other.compact`: where the function is that a module of the project has under that name.
    fn function_of_module(&self, module: &str, value: &ast::Expr) -> Option<(String, String)> {
        let ast::ExprKind::Attribute { value, name } = &value.kind else { return None };
        let ast::ExprKind::Name(global) = &value.kind else { return None };
        let home = self.project_module(module, global)?;
        let (_, env) = self.modules.module(&home)?;
        matches!(env.bindings.get(name)?, Binding::Function).then(|| (home, name.clone()))
    }

    /// What a class has that a name of `module` stands for: the module that says so, the name there, the binding.
    fn member(
        &self,
        module: &str,
        (class, attribute): (&str, &str),
        depth: usize,
    ) -> Option<(String, String, Binding)> {
        let depth = depth.checked_sub(1)?;
        let (home, Binding::Class) = self.binding(module, class)? else { return None };
        let class = self.name_in(module, &home, class);
        let own = format!("{class}.{attribute}");
        let (_, env) = self.modules.module(&home)?;
        if let Some(binding) = env.bindings.get(&own) {
            let own = match binding {
                Binding::Function => env.written(&class, attribute).unwrap_or(own),
                _ => own,
            };
            return Some((home, own, binding.clone()));
        }
        let bases = env.bases.get(&class)?;
        bases.iter().find_map(|base| self.member(&home, (base, attribute), depth))
    }

    /// Is the class one of `enum`'s, as far as the text tells?
    fn is_enumeration(&self, module: &str, class: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let Some((home, Binding::Class)) = self.binding(module, class) else { return false };
        let own = self.name_in(module, &home, class);
        let Some((_, env)) = self.modules.module(&home) else { return false };
        let Some(def) = env.all_classes.get(&own) else { return false };
        def.bases.iter().any(|base| match &base.kind {
            ast::ExprKind::Name(base) => match self.binding(&home, base) {
                Some((_, Binding::Imported { module, name })) => {
                    module == "enum" && ENUMERATIONS.contains(&name.as_str())
                }
                Some((_, Binding::Class)) => self.is_enumeration(&home, base, depth),
                _ => false,
            },
            ast::ExprKind::Attribute { value, name } => match &value.kind {
                ast::ExprKind::Name(library) => {
                    ENUMERATIONS.contains(&name.as_str())
                        && matches!(self.binding(&home, library), Some((_, Binding::Module(m))) if m == "enum")
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// The name under which an attribute of what a global of `module` stands for is known, if that is a class.
    pub fn class_member(&self, module: &str, global: &str, attribute: &str) -> Option<String> {
        let name = format!("{global}.{attribute}");
        self.binding(module, &name).map(|_| name)
    }

    /// Does the module give the names another meaning that tests of types are made of?
    pub fn hides_tests(&self, module: &str) -> bool {
        ["isinstance", "len", "callable"].iter().any(|name| self.binds(module, name))
    }

    /// The project's own generator function behind the `contextlib.contextmanager` that a global of `module` names.
    pub fn manager(&self, module: &str, name: &str) -> Option<FuncRef> {
        self.decorated(module, name, ModuleEnv::is_manager)
    }

    /// The project's own function behind the cache that a global of `module` names.
    pub fn cached(&self, module: &str, name: &str) -> Option<FuncRef> {
        self.decorated(module, name, |env, def| env.cache(def).is_some())
    }

    /// The project's own function that a global of `module` would name without its decorator, if that `is` the one.
    fn decorated(
        &self,
        module: &str,
        name: &str,
        is: impl Fn(&ModuleEnv, &ast::FunctionDef) -> bool,
    ) -> Option<FuncRef> {
        let (func, env, def) = self.with_decorators(module, name)?;
        is(env, def).then_some(func)
    }

    /// The project's own function that a global of `module` would name without its decorators: the environment of the
    /// module that it is in, its text.
    fn with_decorators(&self, module: &str, name: &str) -> Option<(FuncRef, &ModuleEnv, &ast::FunctionDef)> {
        let (home, Binding::Unknown) = self.binding(module, name)? else { return None };
        let qualname = self.name_in(module, &home, name);
        if self.is_assigned(&home, &qualname) {
            return None;
        }
        let (_, env) = self.modules.module(&home)?;
        let def = env.function(&qualname)?;
        Some((FuncRef { module: home, qualname }, env, def))
    }

    /// What a decorator of the project has made of the function that a global of `module` names: `@memoize`, or
    /// `f = memoize(f)`.
    pub(super) fn dressed(&self, module: &str, name: &str) -> Option<Dressed<'_>> {
        let (home, binding) = self.binding(module, name)?;
        let own = self.name_in(module, &home, name);
        let (function, decorator) = match &binding {
            Binding::Value(value) if !self.is_assigned(&home, &own) => {
                let (decorator, function) = decorated_by_call(value)?;
                let (at, Binding::Function) = self.binding(&home, function)? else { return None };
                let qualname = self.name_in(&home, &at, function);
                (FuncRef { module: at, qualname }, decorator.clone())
            }
            _ => {
                let (function, env, def) = self.with_decorators(module, name)?;
                let decorator = match (def.decorators.as_slice(), env.statements_of(&own).as_slice()) {
                    ([decorator], []) => decorator.clone(),
                    ([], [ast::Stmt { kind: ast::StmtKind::Assign { targets, value }, .. }]) => {
                        let (decorator, of) = decorated_by_call(value)?;
                        (targets.len() == 1 && *of == own).then(|| decorator.clone())?
                    }
                    _ => return None,
                };
                (function, decorator)
            }
        };
        let (from, decorator) = match &decorator.kind {
            ast::ExprKind::Name(decorator) => (home.clone(), decorator),
            ast::ExprKind::Attribute { value, name } => match &value.kind {
                ast::ExprKind::Name(module) => (self.project_module(&home, module)?, name),
                _ => return None,
            },
            _ => return None,
        };
        let (at, Binding::Function) = self.binding(&from, decorator)? else { return None };
        let decorator = self.name_in(&from, &at, decorator);
        let (_, env) = self.modules.module(&at)?;
        let dressing = Dressing::of(env, env.function(&decorator)?)?;
        let decorator = FuncRef { module: at, qualname: decorator };
        Some(Dressed { name: (home, own), function, decorator, dressing })
    }

    /// The same by the path under which the module of the decorator knows it.
    pub(super) fn dressed_at(&self, module: &str, path: &str) -> Option<Dressed<'_>> {
        let elsewhere = path.strip_prefix("from ").and_then(|rest| rest.split_once(" import "));
        let (home, name) = elsewhere.unwrap_or((module, path));
        self.dressed(home, name).filter(|dressed| dressed.decorator.module == module)
    }

    /// May the global be assigned while native code runs?
    pub fn is_assigned(&self, module: &str, name: &str) -> bool {
        let here = self.modules.module(module).is_some_and(|(_, env)| env.assigned.contains(name));
        here || split_member(name)
            .is_some_and(|(class, attribute)| self.is_assigned_in(module, class, attribute, MAX_BASES))
    }

    /// May that attribute of the class, or of one above it, which has it as well where it has none of its own?
    fn is_assigned_in(&self, module: &str, class: &str, attribute: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        let Some((home, _)) = self.binding(module, class) else { return false };
        let own = self.name_in(module, &home, class);
        self.modules.module(&home).is_some_and(|(_, env)| {
            let bases = env.bases.get(&own).into_iter().flatten();
            env.assigned.contains(&format!("{own}.{attribute}"))
                || bases.into_iter().any(|base| self.is_assigned_in(&home, base, attribute, depth))
        })
    }

    /// Does the module's text bind the name (so that it is no builtin)?
    pub fn binds(&self, module: &str, name: &str) -> bool {
        self.modules.module(module).is_some_and(|(_, env)| env.bindings.contains_key(name))
    }

    /// The module, of the project or not, that a global of `module` names.
    pub fn module_named(&self, module: &str, global: &str) -> Option<String> {
        let named = match self.binding(module, global) {
            Some((_, Binding::Module(target))) => Some(target),
            _ => None,
        };
        self.project_module(module, global).or(named)
    }

    /// The module of the project that a global of `module` names: `import a.b as x`, `from a import b`.
    pub fn project_module(&self, module: &str, global: &str) -> Option<String> {
        let known = |name: &str| self.modules.module(name).is_some();
        let (_, env) = self.modules.module(module)?;
        match env.bindings.get(global)? {
            Binding::Module(target) if known(target) => Some(target.clone()),
            Binding::Imported { module: package, name } => {
                let full = format!("{package}.{name}");
                let there = self.modules.module(package).and_then(|(_, env)| env.bindings.get(name));
                // What the package's own text binds comes first, unless that is the submodule itself.
                let itself = match there {
                    None => true,
                    Some(Binding::Imported { module: p, name: n }) => format!("{p}.{n}") == full,
                    Some(Binding::Module(m)) => *m == full,
                    Some(_) => false,
                };
                (itself && known(&full)).then_some(full)
            }
            _ => None,
        }
    }

    /// The type of a module-level value, from its initialiser.
    pub(super) fn value_type(&mut self, module: &str, name: &str) -> Type {
        let key = (module.to_string(), name.to_string());
        if let Some(t) = self.values.get(&key) {
            return t.clone();
        }
        // A value that depends on itself has no type.
        self.values.insert(key.clone(), Type::Never);
        let mut ty = self.infer_value(module, name).unwrap_or(Type::Never);
        if let (Type::Dict { kind, .. }, true) = (&mut ty, name.starts_with(memo::IN_ORDER)) {
            *kind = DictKind::Ordered;
        }
        let ty = long_tuples(&in_python(&ty));
        self.values.insert(key, ty.clone());
        self.has_grown();
        ty
    }

    fn infer_value(&mut self, module: &str, name: &str) -> Option<Type> {
        let (home, binding) = self.binding(module, name)?;
        let own = self.name_in(module, &home, name);
        let made = self.made_value(&home, &own, &binding);
        let made = match made {
            Some(Type::None) => Some(Type::join(&Type::None, &self.assigned_later(&home, &own))),
            made => made,
        };
        // A `None` is what is there before the value that the annotation speaks of.
        if made.as_ref().is_some_and(|ty| *ty != Type::None && !ty.has_never()) {
            return made;
        }
        let (_, env) = self.modules.module(&home)?;
        annotation::of_value(env, &own, &env.statements_of(&own)).or(made)
    }

    /// What functions assign to a global that they declare (`planner = Planner()`), as far as the text says its type.
    fn assigned_later(&self, home: &str, own: &str) -> Type {
        let mut found = Type::Never;
        if !self.is_assigned(home, own) {
            return found;
        }
        let Some((_, env)) = self.modules.module(home) else { return found };
        for (_, function) in &env.functions {
            let mut declared = false;
            each_statement(&function.body, &mut |stmt| match &stmt.kind {
                ast::StmtKind::Global(names) => declared |= names.iter().any(|n| n == own),
                ast::StmtKind::Assign { targets, value } if declared => {
                    let is_it = |t: &ast::Expr| matches!(&t.kind, ast::ExprKind::Name(n) if n == own);
                    if targets.iter().any(is_it)
                        && let Some(ty) = self.literal_type(home, value)
                    {
                        found = Type::join(&found, &in_python(&ty));
                    }
                }
                _ => {}
            });
        }
        found
    }

    /// The type of what the statements make that bind the name.
    fn made_value(&mut self, home: &str, own: &str, binding: &Binding) -> Option<Type> {
        // The class makes its members of what the text assigns.
        if matches!(binding, Binding::Value(_))
            && let Some((class, _)) = split_member(own)
            && self.is_enumeration(home, class, MAX_BASES)
        {
            return Some(self.object_class(home, class).map_or(Type::Obj, Type::Instance));
        }
        self.assigned_value(home, own, binding)
    }

    /// The same, where nothing makes something else of it.
    pub(super) fn assigned_value(&mut self, home: &str, own: &str, binding: &Binding) -> Option<Type> {
        // What its own operations are called for, though another one in native code would be an iterator there.
        if let Binding::Value(expr) = binding
            && let Some(ty @ Type::Foreign(class)) = self.literal_type(home, expr)
            && class.counts()
        {
            return Some(ty);
        }
        let (file, env) = self.modules.module(home)?;
        let statements = env.statements_of(own);
        let value = match (binding, statements.as_slice()) {
            (Binding::Value(expr), [])
                if split_member(own).is_some()
                    || split_receiver(own).is_some()
                    || memo::cached(own).is_some()
                    || dressed::variable_of(own).is_some() =>
            {
                crate::lower::lower_value(file, env, &format!("<{own}>"), expr)
            }
            (Binding::Value(expr), [_]) => crate::lower::lower_value(file, env, &format!("<{own}>"), expr),
            (Binding::Value(_) | Binding::Unknown, [_, ..]) => {
                crate::lower::lower_statements(file, env, own, statements)
            }
            _ => return None,
        };
        let func = FuncRef { module: home.to_string(), qualname: format!("<{own}>") };
        let value = Arc::new(self.with_known_names(value.ok()?));
        self.register_nested(&value);
        self.lowered.insert(func.clone(), Ok(value));
        self.constant_type(&func)
    }

    /// The type of an attribute that the body of a class computes: `RATIO = math.sqrt(2)`.
    pub(super) fn computed_in_class(&mut self, class: &ObjectClass, name: &str) -> Option<Type> {
        if class.own != 0 {
            return None;
        }
        let member = self.class_member(&class.module, &class.name, name)?;
        let (home, binding) = self.binding(&class.module, &member)?;
        let own = self.name_in(&class.module, &home, &member);
        let found = self.assigned_value(&home, &own, &binding).filter(|ty| !ty.has_never())?;
        Some(in_python(&found))
    }

    /// The name under which the defining module `home` knows what the module `from` calls `name`.
    pub fn name_in(&self, from: &str, home: &str, name: &str) -> String {
        if let Some(member) = split_member(name) {
            return self.member(from, member, MAX_BASES).map_or_else(|| name.to_string(), |(_, own, _)| own);
        }
        let (mut module, mut name) = (from.to_string(), name.to_string());
        for _ in 0..8 {
            let Some((_, env)) = self.modules.module(&module) else { break };
            match env.bindings.get(&name) {
                Some(Binding::Imported { module: m, name: n }) if module != home || m == home => {
                    (module, name) = (m.clone(), n.clone());
                }
                Some(Binding::Value(value)) if let Some(there) = self.function_of_module(&module, value) => {
                    (module, name) = there;
                }
                _ => break,
            }
        }
        name
    }

    /// The type of what a function without parameters returns: a module-level value, a default.
    pub(super) fn constant_type(&mut self, func: &FuncRef) -> Option<Type> {
        let key = (func.clone(), self.own.number);
        if let Some(known) = self.constants.get(&key)
            && self.grew_at.max(self.learned_at) <= known.at
            && !self.instances[known.index].given_up
        {
            let (index, ty) = (known.index, known.ty.clone());
            self.spared += known.cost;
            self.needs(index);
            return ty;
        }
        let first = self.instances.end();
        let index = self.request(func, Vec::new(), Live::default(), NARROW).ok()?;
        self.instances[index].needed = true;
        // The value is there before the call, whatever form of the function asks for it.
        let form = std::mem::take(&mut self.own);
        // Only what this value needed for the first time is run: the others may be in the middle of a run.
        for _ in 0..50 {
            let mut changed = self.run(index, false);
            let mut i = first;
            while i < self.instances.end() {
                changed |= self.run(i, false);
                i += 1;
            }
            if !changed || self.is_exhausted() {
                break;
            }
        }
        self.run(index, true);
        self.own = form;
        let instance = &self.instances[index];
        let ty = instance.diagnostics.is_empty().then(|| instance.ret.clone());
        // What calls others would have to be asked again when those change.
        if instance.requested.is_empty() {
            // Looking again takes one round, and one for the report.
            let cost = 2 * instance.round;
            let known = Constant { index, ty: ty.clone(), at: self.clock, cost };
            self.constants.insert(key, known);
        }
        ty
    }
}

/// The type as it looks when it comes from Python.
pub fn in_python(ty: &Type) -> Type {
    match ty {
        Type::List { elem, .. } => Type::List { elem: Box::new(in_python(elem)), in_place: true },
        Type::Dict { key, value, kind, .. } => Type::Dict {
            key: Box::new(in_python(key)),
            value: Box::new(in_python(value)),
            in_place: true,
            kind: *kind,
        },
        Type::Deque { elem, .. } => Type::Deque { elem: Box::new(in_python(elem)), in_place: true },
        Type::Set { elem, frozen, .. } => {
            Type::Set { elem: Box::new(in_python(elem)), in_place: true, frozen: *frozen }
        }
        Type::VarTuple(t) => Type::VarTuple(Box::new(in_python(t))),
        Type::Named { class, items } => {
            Type::Named { class: class.clone(), items: items.iter().map(in_python).collect() }
        }
        Type::View(t) => Type::View(Box::new(in_python(t))),
        // Not read: its position would be lost.
        Type::Iter(_) => Type::Never,
        Type::Inner(_) | Type::Closure { .. } => Type::Never,
        Type::Tuple { items, .. } => {
            Type::Tuple { items: items.iter().map(in_python).collect(), origin: Origin::Python }
        }
        Type::Union(items) => Type::Union(items.iter().map(in_python).collect()),
        Type::Instance(class) if class.own != 0 => Type::Instance(class.of_python()),
        // A character is a string of any length to whoever wrote it.
        Type::Char => Type::Str,
        other => other.clone(),
    }
}

/// A table is read in place, not taken apart at each call.
pub(super) fn long_tuples(ty: &Type) -> Type {
    match ty {
        Type::Tuple { items, origin } => {
            let items: Vec<Type> = items.iter().map(long_tuples).collect();
            match items.first() {
                Some(first) if items.len() > 3 && items.iter().all(|t| t == first) => {
                    Type::VarTuple(Box::new(first.clone()))
                }
                _ => Type::Tuple { items, origin: *origin },
            }
        }
        Type::List { elem, in_place } => {
            Type::List { elem: Box::new(long_tuples(elem)), in_place: *in_place }
        }
        Type::Dict { key, value, in_place, kind } => Type::Dict {
            key: key.clone(),
            value: Box::new(long_tuples(value)),
            in_place: *in_place,
            kind: *kind,
        },
        other => other.clone(),
    }
}
