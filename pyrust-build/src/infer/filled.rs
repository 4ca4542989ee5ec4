//! Globals that start empty and are filled by other functions: what the text of the module says that these put in.
//!
//! A cache or a registry is an empty container to the statement that makes it. A function that puts something in tells by
//! itself what is in there; one that only reads has to ask the others. What is found here is a hint like all types:
//! native code looks at what it reads.

use crate::ast::{self, BinOp, ExprKind as A, FunctionDef, StmtKind as S};
use crate::infer::{FuncRef, Program};
use crate::lower::memo;
use crate::resolve::Binding;
use crate::ty::{DictKind, Origin, Type};
use crate::walk::{blocks, each_statement};

/// At most so many steps from an expression to what makes its value.
const MAX_DEPTH: usize = 6;

/// Methods that give a text of the kind of their own.
const TEXT_METHODS: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "format",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "removeprefix",
    "removesuffix",
    "replace",
    "rjust",
    "rstrip",
    "strip",
    "title",
    "upper",
    "zfill",
];

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Place<'e> {
    module: &'e str,
    qualname: &'e str,
    def: &'e FunctionDef,
}

impl Program<'_> {
    /// Gives globals of which an instance knows nothing what others put in; true if that is new.
    pub(super) fn fill_globals(&mut self) -> bool {
        let mut open: Vec<(usize, String)> = Vec::new();
        for (i, instance) in self.open_ones() {
            let Some(state) = &instance.state else { continue };
            for (name, var) in &state.globals {
                if state.solver.resolve(&state.solver.get(*var)).is_some_and(|ty| ty.has_never()) {
                    open.push((i, name.clone()));
                }
            }
        }
        let mut filled = false;
        for (i, name) in open {
            let module = self.instances[i].func.module.clone();
            let Some(ty) = self.filled_type(&module, &name) else { continue };
            let Some(state) = &mut self.instances[i].state else { continue };
            let Some(var) = state.globals.get(&name).copied() else { continue };
            let before = state.solver.resolve(&state.solver.get(var));
            state.solver.absorb_into(var, &ty);
            state.solver.mark_var(var);
            let grows = state.solver.resolve(&state.solver.get(var)) != before;
            if grows {
                self.instances[i].ran_at = None;
                filled = true;
            }
        }
        filled
    }

    /// What the functions of the module put into a global that starts empty.
    fn filled_type(&mut self, module: &str, name: &str) -> Option<Type> {
        if let Some(function) = memo::cached(name) {
            return self
                .kept_type(FuncRef { module: module.to_string(), qualname: function.to_string() }, name);
        }
        let key = (module.to_string(), name.to_string());
        if let Some(known) = self.filled.get(&key) {
            return known.clone();
        }
        let found = match self.value_type(module, name) {
            ty @ (Type::List { .. } | Type::Dict { .. } | Type::Set { frozen: false, .. }) => {
                self.stored_type(module, name, &ty)
            }
            _ => None,
        };
        self.filled.insert(key, found.clone());
        self.has_grown();
        found
    }

    /// What a cache has kept, as far as calls through it are known, or what is recorded of the function.
    fn kept_type(&self, function: FuncRef, name: &str) -> Option<Type> {
        let calls = function.cache();
        let known = self.instances.iter().filter(|i| i.func == calls).filter_map(|i| i.globals.get(name));
        let found = known.filter(|ty| !ty.has_never()).fold(Type::Never, |acc, ty| Type::join(&acc, ty));
        if found != Type::Never {
            return matches!(found, Type::Dict { .. }).then_some(found);
        }
        let (all, results) = (self.hints.get(&function)?, self.results.get(&function)?);
        let join = |acc: Type, ty: &Type| Type::join(&acc, ty);
        let keys = all.iter().map(|types| match types.as_slice() {
            [only] => only.clone(),
            several => Type::Tuple { items: several.to_vec(), origin: Origin::Python },
        });
        let key = Box::new(keys.fold(Type::Never, |acc, ty| join(acc, &ty)));
        let value = Box::new(results.iter().fold(Type::Never, join));
        let ordered = name.starts_with(memo::IN_ORDER);
        let kind = if ordered { DictKind::Ordered } else { DictKind::Plain };
        let found = Type::Dict { key, value, in_place: true, kind };
        (!found.has_never()).then(|| super::in_python(&found))
    }

    fn stored_type(&self, module: &str, name: &str, empty: &Type) -> Option<Type> {
        let (home, _) = self.binding(module, name)?;
        let own = self.name_in(module, &home, name);
        let (_, env) = self.modules.module(&home)?;
        let (mut keys, mut values) = (Type::Never, Type::Never);
        for (qualname, def) in &env.functions {
            // A name of its own, unless it says that it means the global.
            let hidden = def.params.in_frame_order().any(|p| p.name == own)
                || (!env.assigned.contains(&own) && !assigned_in(def, &own).is_empty());
            if hidden {
                continue;
            }
            let place = Place { module: &home, qualname, def };
            each_statement(&def.body, &mut |stmt| {
                for (key, value) in put_in(stmt, &own, empty) {
                    let known = match key {
                        Some(key) => self.written_type(place, key, MAX_DEPTH),
                        None => Some(Type::Never),
                    };
                    // Nothing can be looked up under a key of which nothing is known.
                    let Some(key) = known else { continue };
                    keys = Type::join(&keys, &key);
                    let value = value.and_then(|value| self.written_type(place, value, MAX_DEPTH));
                    values = Type::join(&values, &value.unwrap_or(Type::Obj));
                }
            });
        }
        let elem = Box::new(values);
        let found = match empty {
            Type::List { .. } => Type::List { elem, in_place: true },
            Type::Set { .. } if *elem != Type::Obj => Type::Set { elem, in_place: true, frozen: false },
            Type::Dict { kind, .. } => {
                Type::Dict { key: Box::new(keys), value: elem, in_place: true, kind: *kind }
            }
            _ => return None,
        };
        (!found.has_never()).then(|| super::in_python(&found))
    }

    /// The type of an expression, as far as the text around tells without inference.
    fn written_type(&self, place: Place<'_>, e: &ast::Expr, depth: usize) -> Option<Type> {
        let depth = depth.checked_sub(1)?;
        if let Some(ty) = self.literal_type(place.module, e).filter(|ty| !ty.has_never()) {
            return Some(ty);
        }
        let text = |e: &ast::Expr| self.written_type(place, e, depth) == Some(Type::Str);
        match &e.kind {
            A::Name(name) => self.variable_type(place, name, depth),
            A::Tuple(items) => {
                let items = items.iter().map(|e| self.written_type(place, e, depth));
                Some(Type::Tuple { items: items.collect::<Option<Vec<_>>>()?, origin: Origin::Python })
            }
            A::List(items) => {
                let mut items = items.iter().map(|e| self.written_type(place, e, depth));
                let elem = items.try_fold(Type::Never, |acc, ty| Some(Type::join(&acc, &ty?)))?;
                let found = Type::List { elem: Box::new(elem), in_place: true };
                (!found.has_never()).then_some(found)
            }
            A::BinOp { left, op: BinOp::Add, right } => (text(left) && text(right)).then_some(Type::Str),
            A::BinOp { left, op: BinOp::Mod, .. } => text(left).then_some(Type::Str),
            A::Compare { .. } => Some(Type::Bool),
            A::Call { func, .. } => {
                let name = match &func.kind {
                    A::Name(name) => name,
                    // Methods that `str` and `bytes` have, and hardly anything else.
                    A::Attribute { value, name } if TEXT_METHODS.contains(&name.as_str()) => {
                        let bytes = self.written_type(place, value, depth) == Some(Type::Bytes);
                        return Some(if bytes { Type::Bytes } else { Type::Str });
                    }
                    _ => return None,
                };
                if self.binds(place.module, name) {
                    return self.result_type(place, name, depth);
                }
                match name.as_str() {
                    "str" | "repr" | "chr" | "hex" | "bin" | "oct" => Some(Type::Str),
                    "int" | "len" | "ord" => Some(Type::Int),
                    "float" => Some(Type::Float),
                    "bool" | "isinstance" => Some(Type::Bool),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The type of a local: what a parameter is given, and all that the function assigns.
    fn variable_type(&self, place: Place<'_>, name: &str, depth: usize) -> Option<Type> {
        let param = place.def.params.in_frame_order().position(|p| p.name == name);
        let mut found = match param {
            Some(at) => self.recorded_type(place, at)?,
            None => Type::Never,
        };
        for value in assigned_in(place.def, name) {
            found = Type::join(&found, &self.written_type(place, value?, depth)?);
        }
        (!found.has_never()).then_some(found)
    }

    /// What the manifest records of a parameter, or its annotation says.
    fn recorded_type(&self, place: Place<'_>, at: usize) -> Option<Type> {
        let func = FuncRef { module: place.module.to_string(), qualname: place.qualname.to_string() };
        let Some(recorded) = self.hints.get(&func).filter(|all| !all.is_empty()) else {
            let param = place.def.params.in_frame_order().nth(at)?;
            return self.annotated_type(place.module, param.annotation.as_ref()?);
        };
        let types = recorded.iter().map(|types| types.get(at)).collect::<Option<Vec<_>>>()?;
        Some(types.into_iter().fold(Type::Never, |acc, ty| Type::join(&acc, ty)))
    }

    /// What a function of the project returns, where each of its `return`s tells the same.
    fn result_type(&self, place: Place<'_>, name: &str, depth: usize) -> Option<Type> {
        let (home, Binding::Function) = self.binding(place.module, name)? else { return None };
        let qualname = self.name_in(place.module, &home, name);
        let (_, env) = self.modules.module(&home)?;
        let def = env.function(&qualname)?;
        if def.is_async || crate::walk::has_yield(&def.body) {
            return None;
        }
        let there = Place { module: &home, qualname: &qualname, def };
        let mut found: Option<Option<Type>> = None;
        each_statement(&def.body, &mut |stmt| {
            if let S::Return(value) = &stmt.kind {
                let ty = value.as_ref().and_then(|value| self.written_type(there, value, depth));
                found = Some(match found.take() {
                    Some(before) if before != ty => None,
                    _ => ty,
                });
            }
        });
        found.flatten()
    }
}

/// What a statement puts into the container: keys (of a dict) and values; no value where the text does not show it.
fn put_in<'s>(
    stmt: &'s ast::Stmt,
    name: &str,
    empty: &Type,
) -> Vec<(Option<&'s ast::Expr>, Option<&'s ast::Expr>)> {
    let own = |e: &ast::Expr| matches!(&e.kind, A::Name(n) if n == name);
    let is_dict = matches!(empty, Type::Dict { kind: DictKind::Plain | DictKind::Ordered, .. });
    match &stmt.kind {
        S::Assign { targets, value } if is_dict => {
            let item = |target: &'s ast::Expr| match &target.kind {
                A::Subscript { value: base, index } if own(base) => Some((Some(&**index), Some(value))),
                _ => None,
            };
            targets.iter().filter_map(item).collect()
        }
        S::Expr(ast::Expr { kind: A::Call { func, args, .. }, .. }) => {
            let A::Attribute { value, name: method } = &func.kind else { return Vec::new() };
            if !own(value) {
                return Vec::new();
            }
            match (empty, method.as_str(), args.as_slice()) {
                (Type::List { .. }, "append", [item]) | (Type::Set { .. }, "add", [item]) => {
                    vec![(None, Some(item))]
                }
                (Type::List { .. }, "insert", [_, item]) => vec![(None, Some(item))],
                (Type::Dict { .. }, "setdefault", [key, value]) if is_dict => {
                    vec![(Some(key), Some(value))]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The values that a function gives a name of its own; `None` for each that no expression says.
fn assigned_in<'d>(def: &'d FunctionDef, name: &str) -> Vec<Option<&'d ast::Expr>> {
    let mut found = Vec::new();
    collect(&def.body, name, &mut found);
    found
}

fn collect<'d>(body: &'d [ast::Stmt], name: &str, found: &mut Vec<Option<&'d ast::Expr>>) {
    fn names(target: &ast::Expr, name: &str) -> bool {
        match &target.kind {
            A::Name(n) => n == name,
            A::Tuple(items) | A::List(items) => items.iter().any(|e| names(e, name)),
            A::Starred(inner) => names(inner, name),
            _ => false,
        }
    }
    for stmt in body {
        match &stmt.kind {
            S::Assign { targets, value } => {
                for target in targets.iter().filter(|target| names(target, name)) {
                    found.push(matches!(target.kind, A::Name(_)).then_some(value));
                }
            }
            S::AnnAssign { target, value: Some(value), .. } if names(target, name) => {
                found.push(Some(value));
            }
            S::AugAssign { target, .. } | S::For { target, .. } if names(target, name) => found.push(None),
            S::With { items, .. }
                if items.iter().filter_map(|item| item.target.as_ref()).any(|t| names(t, name)) =>
            {
                found.push(None);
            }
            S::Try { handlers, .. } => {
                found.extend(handlers.iter().filter(|h| h.name.as_deref() == Some(name)).map(|_| None));
            }
            S::Import(aliases) | S::ImportFrom { names: aliases, .. }
                if aliases.iter().any(|a| a.as_name.as_ref().unwrap_or(&a.name) == name) =>
            {
                found.push(None);
            }
            _ => {}
        }
        blocks(stmt).into_iter().for_each(|block| collect(block, name, found));
    }
}
