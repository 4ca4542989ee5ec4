//! Calls: builtins, functions of the project, functions of C modules, methods.

use super::globals::{in_python, long_tuples};
use super::sets::takes_iterables;
use super::solver::{Ty, VarId};
use super::value::Why;
use super::{FuncRef, Guard, Infer, NARROW, WIDE};
use crate::hir::{Expr, ExprKind, Param, ParamKind, Regex};
use crate::lower::context::MANAGER;
use crate::ops::{self, Arg, positional};
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::{DictKind, MAX_TUPLE, Side, Type};

/// Where each parameter of a native call gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgSource {
    Positional(usize),
    Keyword(usize),
    /// The callee's live default.
    Default,
    /// The positional arguments from there on, as a tuple.
    Rest(usize),
    /// No keyword is left for `**kwargs`: an empty dict.
    NoKeywords,
}

/// Binds a call's arguments to parameters as CPython does; `None` where it would raise, or with `*` parameters.
pub fn bind(params: &[Param], args: usize, keywords: &[(String, Expr)]) -> Option<Vec<ArgSource>> {
    bind_values(&params.iter().collect::<Vec<_>>(), args, keywords)
}

/// As [`bind`], of some of the parameters.
pub(super) fn bind_values(
    params: &[&Param],
    args: usize,
    keywords: &[(String, Expr)],
) -> Option<Vec<ArgSource>> {
    let mut out = Vec::new();
    let positional =
        params.iter().filter(|p| matches!(p.kind, ParamKind::Positional | ParamKind::PositionalOnly)).count();
    let takes_rest = params.iter().any(|p| p.kind == ParamKind::VarPositional);
    if args > positional && !takes_rest {
        return None;
    }
    let mut used = 0;
    // `*items` where all of them are for `*args`.
    let items = keywords.iter().position(|(k, _)| k == "*");
    for (i, param) in params.iter().enumerate() {
        let by_name = keywords.iter().position(|(k, _)| *k == param.name);
        let source = match param.kind {
            ParamKind::VarPositional if items.is_some() => {
                used += 1;
                ArgSource::Keyword(items.unwrap_or_default())
            }
            ParamKind::VarPositional if args - args.min(positional) <= MAX_TUPLE => {
                ArgSource::Rest(args.min(positional))
            }
            ParamKind::VarKeyword => match keywords.iter().position(|(k, _)| k == "**") {
                Some(k) => {
                    used += 1;
                    ArgSource::Keyword(k)
                }
                None => ArgSource::NoKeywords,
            },
            ParamKind::VarPositional | ParamKind::Capture => return None,
            ParamKind::Positional | ParamKind::PositionalOnly if i < args => {
                if by_name.is_some() && param.kind == ParamKind::Positional {
                    return None;
                }
                ArgSource::Positional(i)
            }
            ParamKind::PositionalOnly => ArgSource::Default,
            ParamKind::Positional | ParamKind::KeywordOnly => match by_name {
                Some(k) => {
                    used += 1;
                    ArgSource::Keyword(k)
                }
                None => ArgSource::Default,
            },
        };
        if source == ArgSource::Default && !param.has_default {
            return None;
        }
        out.push(source);
    }
    (used == keywords.len()).then_some(out)
}

impl Infer<'_, '_> {
    pub(super) fn builtin(&mut self, name: &str) {
        self.guards.insert(Guard::Builtin(name.to_string()));
    }

    /// Does the module bind the name itself (so that it is not the builtin)?
    pub(super) fn bound(&self, name: &str) -> Option<(String, Binding)> {
        self.program.binding(&self.func.module, name)
    }

    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.program.binds(&self.func.module, name)
    }

    pub(super) fn global(&mut self, name: &str, span: Span, node: usize) -> Ty {
        if self.program.is_assigned(&self.func.module, name) {
            return self.assigned_global(name, span);
        }
        match self.bound(name) {
            Some((_, Binding::Value(_) | Binding::Unknown)) => {
                let ty = self.program.value_type(&self.func.module, name);
                if matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { frozen: false, .. })
                    && ty.has_never()
                {
                    return self.filled_later(name, span, &ty);
                }
                if ty.has_never() {
                    return self.refuse(
                        "PYR0305",
                        span,
                        format!("the type of the global `{name}` is not known"),
                    );
                }
                self.guards.insert(Guard::Value(name.to_string()));
                let slot = self.state.nodes[node];
                self.state.solver.absorb_into(slot, &ty);
                self.state.solver.get(slot)
            }
            Some((_, Binding::Imported { module, name: attr }))
                if ops::constant(&module, &attr).is_some() =>
            {
                self.guards.insert(Guard::Value(name.to_string()));
                let ty = ops::constant(&module, &attr).expect("checked above");
                self.state.solver.absorb(&Ty::Never, &ty)
            }
            _ => match self.named_function(name) {
                Some(ty) => ty,
                None => {
                    let message = format!("the global `{name}` is not a value that can be read");
                    self.refuse("PYR0305", span, message)
                }
            },
        }
    }

    /// What is known of a global that functions assign: what the module gives it, and what this function does.
    fn global_var(&mut self, name: &str) -> VarId {
        self.guards.insert(Guard::Value(name.to_string()));
        if let Some(var) = self.state.globals.get(name) {
            return *var;
        }
        let ty = self.program.value_type(&self.func.module, name);
        let var = self.state.solver.var(Ty::Never);
        self.state.solver.absorb_into(var, &ty);
        self.state.globals.insert(name.to_string(), var);
        var
    }

    fn assigned_global(&mut self, name: &str, span: Span) -> Ty {
        let known = self.program.value_type(&self.func.module, name) != Type::Never;
        let var = self.global_var(name);
        let ty = self.state.solver.get(var);
        if !known || self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            self.refuse("PYR0305", span, format!("the type of the global `{name}` is not known"));
        }
        // What is done with it may tell.
        ty
    }

    /// `global name; name = …`: the value goes where Python's objects are.
    pub(super) fn assign_global(&mut self, name: &str, span: Span, ty: &Ty) {
        if self.state.solver.resolve(ty).is_some_and(|t| t.has_iter() || t.stores_iter()) {
            self.refuse("PYR0408", span, "an iterator in a global is not supported");
            return;
        }
        let (_, binding) = self.bound(name).unwrap_or_else(|| (String::new(), Binding::Unknown));
        if !matches!(binding, Binding::Value(_) | Binding::Unknown) {
            let message = format!("assigning `{name}`, which calls rely on, is not supported");
            self.refuse("PYR0309", span, message);
            return;
        }
        let var = self.global_var(name);
        self.state.solver.flow(ty, var);
        self.state.solver.mark_var(var);
        self.writes = true;
    }

    /// A global that starts empty, such as a cache: what the function puts in tells the types. What others put in is
    /// looked at when it is read.
    fn filled_later(&mut self, name: &str, span: Span, ty: &Type) -> Ty {
        let var = match self.state.globals.get(name) {
            Some(var) => *var,
            None => {
                let var = self.state.solver.var(Ty::Never);
                self.state.solver.absorb_into(var, ty);
                self.state.globals.insert(name.to_string(), var);
                var
            }
        };
        self.guards.insert(Guard::Value(name.to_string()));
        let ty = self.state.solver.get(var);
        if self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            self.refuse("PYR0305", span, format!("the type of the global `{name}` is not known"));
        }
        ty
    }

    /// The C module behind a global name.
    fn c_module(&mut self, name: &str) -> Option<String> {
        let (_, binding) = self.bound(name)?;
        let Binding::Module(module) = binding else { return None };
        Some(module)
    }

    pub(super) fn module_attr(&mut self, global: &str, name: &str, span: Span, node: usize) -> Ty {
        if let Some(home) = self.program.project_module(&self.func.module, global) {
            if let Some((_, Binding::Value(_) | Binding::Unknown)) = self.program.binding(&home, name) {
                let ty = self.program.value_type(&home, name);
                if !ty.has_never() {
                    self.elsewhere(global, &home, Guard::Value(name.to_string()));
                    let slot = self.state.nodes[node];
                    self.state.solver.absorb_into(slot, &ty);
                    return self.state.solver.get(slot);
                }
            }
            if let Some(ty) = self.named_function(&format!("{global}.{name}")) {
                return ty;
            }
            return self.refuse("PYR0305", span, format!("the type of `{global}.{name}` is not known"));
        }
        if let Some(member) = self.program.class_member(&self.func.module, global, name) {
            return self.global(&member, span, node);
        }
        let Some(module) = self.c_module(global) else {
            let message = format!("reading the attribute `{name}` is not supported");
            return self.refuse("PYR0321", span, message);
        };
        let Some(ty) = ops::constant(&module, name) else {
            if let Some(ty) = self.named_function(&format!("{global}.{name}")) {
                return ty;
            }
            return self.refuse("PYR0305", span, format!("`{module}.{name}` is not known"));
        };
        self.guards.insert(Guard::Module { name: global.to_string(), module: module.clone() });
        self.attrs.insert((module, name.to_string()));
        self.state.solver.absorb(&Ty::Never, &ty)
    }

    pub(super) fn module_call(
        &mut self,
        e: &Expr,
        global: &str,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if let (Regex::CALL, Some(regex)) = (name, Regex::of(args)) {
            args.iter().for_each(|arg| {
                self.expr(arg);
            });
            self.guards.insert(Guard::Pattern(regex));
            return pattern();
        }
        if name.starts_with(MANAGER) && self.program.project_module(&self.func.module, global).is_none() {
            return self.no_manager(e);
        }
        if let Some(home) = self.program.project_module(&self.func.module, global) {
            return self.package_call(e, (global, &home), name, args, keywords);
        }
        let Some((module, rest)) = self.library_name(global, name) else {
            return self.refuse("PYR0306", e.span, format!("calling `{global}.{name}` is not supported"));
        };
        let full = ops::by_name(format!("{module}.{rest}"), args.len(), keywords);
        // A module-level value is not made here: only its type counts.
        if full == "re.compile" && self.func.qualname.starts_with('<') {
            return pattern();
        }
        if let Some(ty) = self.library(e, &full, args, keywords) {
            self.guard_library(global, &module, &rest);
            return ty;
        }
        let list = positional(&full, args, keywords);
        let Some(list) = list.filter(|_| ops::exists(&full)) else {
            let message = format!("calling `{}` is not supported", ops::spelled(&full));
            return self.refuse("PYR0306", e.span, message);
        };
        self.guard_library(global, &module, &rest);
        if ops::foreign::reads_clock(&full) {
            // It imports `time`, and calls what that has.
            self.builtin("__import__");
            self.attrs.insert(("time".to_string(), "time".to_string()));
        }
        let mut types = self.arguments(&list);
        if takes_any_length(&full) {
            for (k, ty) in types.iter_mut().enumerate() {
                *ty = self.any_length(e.id, 70 + k, ty);
            }
        }
        self.apply(&full, e.id, 0, e.span, &types)
    }

    /// What `global.name` is in the standard library: the module, and the name there, which may be one in a class.
    fn library_name(&mut self, global: &str, name: &str) -> Option<(String, String)> {
        match self.bound(global)?.1 {
            Binding::Module(module) => Some((module, name.to_string())),
            // A class, of which lowering knows the method.
            Binding::Imported { module, name: class } => Some((module, format!("{class}.{name}"))),
            _ => None,
        }
    }

    /// `global` must be what gives `name` of that module.
    fn guard_library(&mut self, global: &str, module: &str, name: &str) {
        // Behind a space stands which form of the function it is, behind a point a method of the class.
        let attr = name.split([' ', '.']).next().unwrap_or_default().to_string();
        let (name, module) = (global.to_string(), module.to_string());
        match self.bound(global) {
            Some((_, Binding::Imported { .. })) => {
                self.guards.insert(Guard::Imported { name, module, attr });
            }
            _ => {
                self.guards.insert(Guard::Module { name, module: module.clone() });
                self.attrs.insert((module, attr));
            }
        }
    }

    /// The types of arguments in their places.
    fn arguments(&mut self, list: &[Arg<Expr>]) -> Vec<Ty> {
        list.iter()
            .map(|arg| match arg {
                Arg::Given(e) => self.expr(e),
                Arg::Left(constant) => self.state.solver.absorb(&Ty::Never, &constant.ty()),
            })
            .collect()
    }

    /// `module.function(…)` of a module of the project.
    fn package_call(
        &mut self,
        e: &Expr,
        (global, home): (&str, &str),
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if let Some(manager) = name.strip_prefix(MANAGER) {
            let Some(target) = self.program.manager(home, manager) else { return self.no_manager(e) };
            let guard = Guard::Function { name: name.to_string(), target: target.clone() };
            self.elsewhere(global, home, guard);
            return self.native_call(e, &format!("{global}.{manager}"), &target, args, keywords);
        }
        if let Some(def) = self.program.named(home, name) {
            self.elsewhere(global, home, Guard::Value(name.to_string()));
            return self.make_named(e, &def, args, keywords);
        }
        let Some((module, Binding::Function)) = self.program.binding(home, name) else {
            return self.refuse("PYR0306", e.span, format!("calling `{global}.{name}` is not supported"));
        };
        let qualname = self.program.name_in(home, &module, name);
        let target = FuncRef { module, qualname };
        let guard = Guard::Function { name: name.to_string(), target: target.clone() };
        self.elsewhere(global, home, guard);
        self.native_call(e, &format!("{global}.{name}"), &target, args, keywords)
    }

    /// A `with` on a call of something else.
    fn no_manager(&mut self, e: &Expr) -> Ty {
        self.refuse("PYR0317", e.span, crate::lower::context::REFUSED)
    }

    /// The module that a global names.
    pub(super) fn named_module(&mut self, global: &str) -> Option<String> {
        self.program.module_named(&self.func.module, global)
    }

    /// Relies on a name of another module, reached through a global of this one.
    pub(super) fn elsewhere(&mut self, global: &str, home: &str, guard: Guard) {
        self.guards.insert(Guard::Module { name: global.to_string(), module: home.to_string() });
        self.guards.insert(Guard::Elsewhere { module: home.to_string(), guard: Box::new(guard) });
    }

    pub(super) fn call(&mut self, e: &Expr, name: &str, args: &[Expr], keywords: &[(String, Expr)]) -> Ty {
        if let Some(manager) = name.strip_prefix(MANAGER) {
            let Some(target) = self.program.manager(&self.func.module, manager) else {
                return self.no_manager(e);
            };
            let guard = Guard::Function { name: name.to_string(), target: target.clone() };
            self.guards.insert(guard);
            return self.native_call(e, manager, &target, args, keywords);
        }
        if self.is_bound(name) || crate::resolve::split_member(name).is_some() {
            if let Some(def) = self.program.named(&self.func.module, name) {
                self.guards.insert(Guard::Value(name.to_string()));
                return self.make_named(e, &def, args, keywords);
            }
            return match self.bound(name) {
                Some((module, Binding::Function)) => {
                    let real = self.program.name_in(&self.func.module, &module, name);
                    let target = FuncRef { module, qualname: real };
                    let guard = Guard::Function { name: name.to_string(), target: target.clone() };
                    self.guards.insert(guard);
                    self.native_call(e, name, &target, args, keywords)
                }
                Some((_, Binding::Imported { module, name: attr })) => {
                    let full = format!("{module}.{attr}");
                    if let Some(ty) = self.library(e, &full, args, keywords) {
                        self.guards.insert(Guard::Imported { name: name.to_string(), module, attr });
                        return ty;
                    }
                    if full == "re.compile" && self.func.qualname.starts_with('<') {
                        return pattern();
                    }
                    let full = ops::by_name(full, args.len(), keywords);
                    let list = positional(&full, args, keywords).filter(|_| ops::exists(&full));
                    let Some(list) = list else {
                        let message = format!("calling `{}` is not supported", ops::spelled(&full));
                        return self.refuse("PYR0306", e.span, message);
                    };
                    self.guards.insert(Guard::Imported { name: name.to_string(), module, attr });
                    let mut types = self.arguments(&list);
                    if takes_any_length(&full) {
                        for (k, ty) in types.iter_mut().enumerate() {
                            *ty = self.any_length(e.id, 70 + k, ty);
                        }
                    }
                    self.apply(&full, e.id, 0, e.span, &types)
                }
                Some((_, Binding::Class)) => {
                    self.refuse("PYR0335", e.span, format!("making an instance of `{name}` is not supported"))
                }
                _ => self.refuse("PYR0306", e.span, format!("calling `{name}` is not supported")),
            };
        }
        self.builtin(name);
        match (name, args) {
            ("isinstance", [value, class]) if keywords.is_empty() => {
                let ty = self.expr(value);
                if class_names(class).is_none() && !self.asks_global(class, &ty) {
                    self.refuse("PYR0306", class.span, "`isinstance` with this class is not supported");
                }
                if let Some(names) = class_names(class) {
                    for n in names {
                        if self.is_bound(&n) {
                            self.refuse("PYR0306", class.span, format!("`{n}` is not the builtin"));
                        }
                        self.builtin(&n);
                    }
                }
                Ty::Bool
            }
            ("min" | "max", [_, _, ..]) if keywords.is_empty() => {
                let mut out = Ty::Never;
                for arg in args {
                    let ty = self.expr(arg);
                    if out != Ty::Never {
                        self.comparable(e, if name == "min" { "<" } else { ">" }, &ty, &out);
                    }
                    out = self.state.solver.join(&out, &ty);
                }
                out
            }
            ("callable", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                if ty.members().iter().any(|m| matches!(m, Ty::Obj | Ty::Iter(_))) {
                    let message = format!("`callable` of `{}` is not known", self.show(&ty));
                    return self.refuse("PYR0401", value.span, message);
                }
                Ty::Bool
            }
            // Lowering has made the text.
            ("format" | "ascii", [text]) if keywords.is_empty() => self.expr(text),
            ("hash", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                if !self.state.solver.resolve(&ty).is_some_and(|t| t.has_plain_hash()) && ty != Ty::Never {
                    let message = format!("the hash of `{}` is not known", self.show(&ty));
                    return self.refuse("PYR0401", value.span, message);
                }
                Ty::Int
            }
            ("str" | "repr", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                self.displayable(&ty, value.span);
                Ty::Str
            }
            ("bool", [value]) if keywords.is_empty() => {
                self.test(value);
                Ty::Bool
            }
            ("bool", []) => Ty::Bool,
            ("object", []) if keywords.is_empty() => Ty::Obj,
            ("len", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                let others: Vec<Ty> = ty
                    .members()
                    .iter()
                    .filter(|m| !matches!(m, Ty::Tuple(..) | Ty::Named(..) | Ty::None))
                    .cloned()
                    .collect();
                match others.len() {
                    0 if ty != Ty::None => Ty::Int,
                    1 => self.apply("len", e.id, 0, e.span, &others),
                    _ => self.apply("len", e.id, 0, e.span, &[ty]),
                }
            }
            ("list", []) => Ty::List(self.site(e.id, 0)),
            ("set" | "frozenset", []) if keywords.is_empty() => {
                Ty::Set(self.site(e.id, 0), name == "frozenset")
            }
            ("dict", []) if keywords.is_empty() => Ty::Dict(self.site(e.id, 0), DictKind::Plain),
            ("dict", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                let pair = match &ty {
                    Ty::List(c) => self.state.solver.get(self.state.solver.elem(*c)),
                    Ty::VarTuple(v) => self.state.solver.get(*v),
                    Ty::Set(..) | Ty::Deque(_) | Ty::Iter(_) | Ty::DictView(..) => self.element_type(&ty),
                    _ => Ty::Never,
                };
                if let Ty::Tuple(items, _) = &pair
                    && let [key, value] = items.as_slice()
                {
                    let cell = self.site(e.id, 0);
                    let (k, v) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                    self.state.solver.flow(key, k);
                    self.state.solver.flow(value, v);
                    return Ty::Dict(cell, DictKind::Plain);
                }
                self.apply("dict.copy", e.id, 0, e.span, &[ty])
            }
            ("sorted", [list]) => {
                let ty = self.expr(list);
                self.sort(e, &ty, keywords);
                ty
            }
            _ => {
                let Some(list) = positional(name, args, keywords) else {
                    return self.refuse("PYR0306", e.span, format!("this form of `{name}` is not supported"));
                };
                if !ops::exists(name) {
                    let code = match name {
                        "print" | "input" | "open" | "breakpoint" => "PYR0334",
                        "eval" | "exec" | "compile" | "globals" | "locals" | "vars" | "dir" | "getattr"
                        | "setattr" | "delattr" | "hasattr" | "__import__" | "super" | "type" | "id" => {
                            "PYR0336"
                        }
                        _ => "PYR0306",
                    };
                    return self.refuse(code, e.span, format!("calling `{name}` is not supported"));
                }
                let mut types = self.arguments(&list);
                if takes_any_length(name)
                    && let Some(first) = types.first().cloned()
                {
                    types[0] = self.any_length(e.id, 70, &first);
                }
                self.apply(name, e.id, 0, e.span, &types)
            }
        }
    }

    fn native_call(
        &mut self,
        e: &Expr,
        name: &str,
        target: &FuncRef,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let arg_types: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        let keyword_types: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        let hir = match self.program.lowered(target) {
            Ok(hir) => hir,
            Err(reasons) => return self.refuse_callee(e, target, &reasons),
        };
        let Some(sources) = bind(&hir.params, args.len(), keywords) else {
            return self.refuse("PYR0306", e.span, format!("this call of `{name}` is not supported"));
        };
        let mut types = Vec::new();
        for (source, param) in sources.iter().zip(&hir.params) {
            if let (ArgSource::Keyword(k), ParamKind::VarKeyword) = (source, param.kind)
                && let Ty::Dict(c, _) = &keyword_types[*k]
                && !matches!(
                    self.state.solver.get(self.state.solver.elem(*c)),
                    Ty::Str | Ty::Char | Ty::Never
                )
            {
                return self.refuse("PYR0324", keywords[*k].1.span, "`**` of keys that are no `str`");
            }
            types.push(match source {
                ArgSource::Positional(_)
                | ArgSource::Keyword(_)
                | ArgSource::Rest(_)
                | ArgSource::NoKeywords => self.argument(e, *source, &arg_types, &keyword_types),
                ArgSource::Default => {
                    let ty = self.default_type(target, &param.name);
                    if ty == Type::Never {
                        return self.refuse(
                            "PYR0306",
                            e.span,
                            format!("the type of the default of `{}` is not known", param.name),
                        );
                    }
                    self.state.solver.absorb(&Ty::Never, &ty)
                }
            });
        }
        self.request(e, target, &types)
    }

    /// The type of an argument that the call gives.
    pub(super) fn argument(&mut self, e: &Expr, source: ArgSource, args: &[Ty], keywords: &[Ty]) -> Ty {
        match source {
            ArgSource::Positional(i) => args[i].clone(),
            ArgSource::Keyword(i) => keywords[i].clone(),
            ArgSource::Rest(from) if from == args.len() => {
                let cell = self.site(e.id, 90);
                Ty::VarTuple(self.state.solver.elem(cell))
            }
            ArgSource::Rest(from) => Ty::Tuple(args[from..].to_vec(), false),
            ArgSource::NoKeywords => {
                let cell = self.site(e.id, 91);
                self.state.solver.flow(&Ty::Str, self.state.solver.elem(cell));
                Ty::Dict(cell, DictKind::Plain)
            }
            ArgSource::Default => Ty::Never,
        }
    }

    /// A call of a function defined inside, for the types that its arguments have.
    pub(super) fn call_nested(
        &mut self,
        e: &Expr,
        function: &str,
        made: Option<&Expr>,
        args: &[Expr],
        slots: &[usize],
    ) -> Ty {
        made.iter().for_each(|m| {
            self.expr(m);
        });
        let given: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        let types: Vec<Ty> = slots.iter().map(|at| given[*at].clone()).collect();
        let target = FuncRef { module: self.func.module.clone(), qualname: function.to_string() };
        self.request(e, &target, &types)
    }

    /// Asks for the instance that a call runs: what it returns, and what it did to its arguments.
    fn request(&mut self, e: &Expr, target: &FuncRef, types: &[Ty]) -> Ty {
        match self.request_instance(e, target, types) {
            Ok(Some(index)) => {
                self.calls.insert(e.id, index);
                let slot = self.state.nodes[e.id];
                self.state.solver.get(slot)
            }
            Ok(None) => Ty::Never,
            Err(why) => self.refuse_call(e, why),
        }
    }

    /// The instance for arguments of these types, whose result flows into the node of the call; none while types are
    /// missing.
    pub(super) fn request_instance(
        &mut self,
        e: &Expr,
        target: &FuncRef,
        types: &[Ty],
    ) -> Result<Option<usize>, Why> {
        let resolved: Option<Vec<Type>> = types.iter().map(|t| self.state.solver.resolve(t)).collect();
        let Some(resolved) = resolved else {
            return Err(Why::Endless);
        };
        if resolved.contains(&Type::Never) {
            return Ok(None);
        }
        // Where the result merges with Python's lists and dicts it must be made as one of them.
        let slot = self.state.nodes[e.id];
        let merged = self.state.solver.resolve(&self.state.solver.get(slot));
        let live = merged.is_some_and(|t| t.has_live());
        let wide = if self.state.wide.contains(&e.id) { WIDE } else { NARROW };
        let index = match self.program.request(target, resolved, live, wide) {
            Ok(index) => index,
            Err(reasons) => return Err(Why::Callee(target.clone(), reasons)),
        };
        let callee = &self.program.instances[index];
        if callee.refused() {
            let reasons = if self.report { callee.diagnostics.clone() } else { Vec::new() };
            return Err(Why::Callee(target.clone(), reasons));
        }
        let callee = &self.program.instances[index];
        let (after, ret) = (callee.after.clone(), callee.ret.clone());
        self.writes |= callee.writes;
        // What the callee put into its arguments is in ours; only containers can have grown.
        for (ty, after) in types.iter().zip(&after) {
            self.state.solver.absorb(ty, &containers_only(after));
        }
        self.state.solver.absorb_into(slot, &ret);
        Ok(Some(index))
    }

    /// The default of a parameter as a value.
    pub(super) fn live_default(&mut self, e: &Expr, function: &str, param: &str) -> Ty {
        let target = FuncRef { module: self.func.module.clone(), qualname: function.to_string() };
        let ty = self.default_type(&target, param);
        if ty == Type::Never {
            let message = format!("the type of the default of `{param}` is not known");
            return self.refuse("PYR0306", e.span, message);
        }
        self.guards.insert(Guard::Function { name: function.to_string(), target });
        let slot = self.state.nodes[e.id];
        self.state.solver.absorb_into(slot, &ty);
        self.state.solver.get(slot)
    }

    /// The type of a parameter's default, from its source.
    fn default_type(&mut self, target: &FuncRef, param: &str) -> Type {
        let Some((file, env)) = self.program.modules.module(&target.module) else { return Type::Never };
        let Some(def) = env.function(&target.qualname) else { return Type::Never };
        let Some(default) =
            def.params.in_frame_order().find(|p| p.name == param).and_then(|p| p.default.clone())
        else {
            return Type::Never;
        };
        let key = format!("<default {} of {}>", param, target.qualname);
        let func = FuncRef { module: target.module.clone(), qualname: key.clone() };
        if !self.program.lowered.contains_key(&func) {
            let lowered = crate::lower::lower_value(file, env, &key, &default);
            let lowered = lowered.map(|hir| std::rc::Rc::new(self.program.with_known_names(hir)));
            self.program.lowered.insert(func.clone(), lowered);
        }
        let ty = self.program.constant_type(&func).map_or(Type::Never, |t| long_tuples(&in_python(&t)));
        // What an empty container holds its use tells.
        let empty = matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { .. });
        if ty.has_never() && !empty { Type::Never } else { ty }
    }

    pub(super) fn method(
        &mut self,
        e: &Expr,
        base: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if let ExprKind::Global(global) = &base.kind
            && let Some(home) = self.program.project_module(&self.func.module, global)
        {
            return self.package_call(e, (global, &home), name, args, keywords);
        }
        if let ExprKind::Global(global) = &base.kind
            && let Some(member) = self.program.class_member(&self.func.module, global, name)
        {
            return self.call(e, &member, args, keywords);
        }
        let ty = self.expr(base);
        let mut out = Ty::Never;
        let mut found = ty == Ty::Never;
        // `str.lower(x)`: of that class and of no other.
        let (only, name) = name.split_once('.').map_or((None, name), |(c, n)| (Some(c), n));
        for (k, member) in ty.clone().members().iter().enumerate() {
            if let Some(field) = name.strip_prefix("attribute ").and_then(|n| self.field(member, n)) {
                found = true;
                out = self.state.solver.join(&out, &field);
                continue;
            }
            if let Some(ty) = self.named_method(e, member, name, args, keywords) {
                found = true;
                out = self.state.solver.join(&out, &ty);
                continue;
            }
            if let (Ty::Iter(v), Some(n)) = (member, name.strip_prefix("tee ").and_then(|n| n.parse().ok())) {
                found = true;
                let branches = Ty::Tuple(vec![Ty::Iter(*v); n], false);
                out = self.state.solver.join(&out, &branches);
                continue;
            }
            let Some(class) = class_of(member).filter(|c| only.is_none_or(|o| o == *c)) else { continue };
            let full = ops::method(class, name);
            match full.as_str() {
                "list.sort" if args.is_empty() => {
                    if matches!(member, Ty::List(c) if self.state.solver.in_place(*c)) {
                        self.writes = true;
                    }
                    self.sort(e, member, keywords);
                    found = true;
                    out = self.state.solver.join(&out, &Ty::None);
                    continue;
                }
                "list.extend" if args.len() == 1 && keywords.is_empty() => {
                    let other = self.expr(&args[0]);
                    if let Ty::List(c) = member
                        && self.extend_list(*c, &other)
                    {
                        found = true;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                "deque.extend" | "deque.extendleft" | "Counter.update" | "Counter.subtract"
                    if args.len() == 1 && keywords.is_empty() =>
                {
                    let other = self.expr(&args[0]);
                    if !(class == "Counter" && other.members().iter().any(|m| matches!(m, Ty::Dict(..)))) {
                        let (Ty::Deque(c) | Ty::Dict(c, _)) = member else { unreachable!("just named") };
                        let var = self.state.solver.elem(*c);
                        for m in other.members().iter().filter(|m| super::iter::is_iterable(m)) {
                            let elem = self.element_type(m);
                            self.state.solver.flow(&elem, var);
                            found = true;
                        }
                        found |= other == Ty::Never;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                "dict.update" | "defaultdict.update" if args.len() == 1 && keywords.is_empty() => {
                    let other = self.expr(&args[0]);
                    let mapping = |m: &Ty| matches!(m, Ty::Dict(..) | Ty::Obj);
                    if let Ty::Dict(c, _) = member
                        && !other.members().iter().any(mapping)
                    {
                        for m in other.members().iter().filter(|m| super::iter::is_iterable(m)) {
                            let pair = self.element_type(m);
                            found |= self.update_pairs(*c, &pair);
                        }
                        found |= other == Ty::Never;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                // A text that is computed: CPython's own, which reaches nothing but C from scalars.
                "str.format" if keywords.is_empty() => {
                    let types: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
                    if let Some(at) = types.iter().position(|t| !super::expr::is_plain(t)) {
                        let message = format!("a computed format with `{}`", self.show(&types[at]));
                        return self.refuse("PYR0401", args[at].span, message);
                    }
                    found = true;
                    out = self.state.solver.join(&out, &Ty::Str);
                    continue;
                }
                // It is itself.
                "frozenset.copy" if args.is_empty() && keywords.is_empty() => {
                    found = true;
                    out = self.state.solver.join(&out, member);
                    continue;
                }
                "dict.keys" | "dict.values" | "dict.items" if args.is_empty() && keywords.is_empty() => {
                    if let (Ty::Dict(c, kind), Some(side)) = (member, Side::of(name)) {
                        found = true;
                        out = self.state.solver.join(&out, &Ty::DictView(*c, *kind, side));
                    }
                    continue;
                }
                // Only in `x in d.keys()`, which is `x in d`.
                "dict.keys in" => return member.clone(),
                "dict.get" | "dict.pop" if args.len() == 2 && keywords.is_empty() => {
                    let Ty::Dict(c, _) = member else { unreachable!("a dict method") };
                    let key = self.expr(&args[0]);
                    let default = self.expr(&args[1]);
                    self.writes |= name == "pop" && self.state.solver.in_place(*c);
                    if self.apply("dict.get", e.id, 8 * k, e.span, &[member.clone(), key]) == Ty::Never {
                        found = true;
                        continue;
                    }
                    let value = self.state.solver.get(self.state.solver.value(*c));
                    found = true;
                    let joined = self.state.solver.join(&value, &default);
                    out = self.state.solver.join(&out, &joined);
                    continue;
                }
                _ => {}
            }
            if let Ty::Set(cell, frozen) = member
                && takes_iterables(name)
                && keywords.is_empty()
            {
                if let Some(ty) = self.set_method(e, 8 * k, (*cell, *frozen), name, args) {
                    found = true;
                    out = self.state.solver.join(&out, &ty);
                }
                continue;
            }
            let full = ops::by_name(full, args.len() + 1, keywords);
            if !ops::exists(&full) {
                continue;
            }
            let Some(list) = positional(&full, args, keywords) else { continue };
            let mut types = vec![member.clone()];
            types.extend(self.arguments(&list));
            if is_affix(name)
                && let Some(affix) = types.get(1).cloned()
            {
                types[1] = self.any_length(e.id, 70 + k, &affix);
            }
            if full == "str.join" {
                let ok = types.len() == 2
                    && matches!(&types[1], Ty::List(c)
                    if matches!(self.state.solver.get(self.state.solver.elem(*c)), Ty::Str | Ty::Char));
                if !ok && types[1] != Ty::Never {
                    let message = format!("joining `{}`", self.show(&types[1]));
                    return self.refuse("PYR0401", e.span, message);
                }
            }
            found = true;
            let ret = self.apply(&full, e.id, 8 * k, e.span, &types);
            out = self.state.solver.join(&out, &ret);
        }
        if !found {
            if let Some(bound) = name.strip_prefix("attribute ").and_then(|n| self.bound_method(&ty, n)) {
                return bound;
            }
            let (code, message) = match name.strip_prefix("attribute ") {
                Some(name) => (
                    "PYR0321",
                    format!("reading the attribute `{name}` of `{}` is not supported", self.show(&ty)),
                ),
                None => ("PYR0307", format!("`.{name}()` of `{}` is not supported", self.show(&ty))),
            };
            return self.refuse(code, e.span, message);
        }
        out
    }

    /// `sorted(…)` and `.sort(…)`: elements or keys must be ordered.
    fn sort(&mut self, e: &Expr, list: &Ty, keywords: &[(String, Expr)]) {
        let Ty::List(cell) = list else { return };
        let elem = self.state.solver.get(self.state.solver.elem(*cell));
        let mut key = elem.clone();
        for (name, value) in keywords {
            match (name.as_str(), &value.kind) {
                ("reverse", _) => {
                    let ty = self.expr(value);
                    if !matches!(ty, Ty::Bool | Ty::Int | Ty::Big | Ty::Never) {
                        self.refuse("PYR0401", value.span, "`reverse` is not a `bool`");
                    }
                }
                ("key", ExprKind::Lambda { params, body }) if params.len() == 1 => {
                    self.set_var(params[0], &elem);
                    key = self.key_type(body, &elem);
                }
                // A comparison, which says how the first stands to the second.
                ("key", ExprKind::Lambda { params, body }) if params.len() == 2 => {
                    params.iter().for_each(|p| self.set_var(*p, &elem));
                    let ty = self.expr(body);
                    self.comparable(value, "<", &ty, &Ty::Int);
                    // Elements need no order of their own.
                    key = Ty::Int;
                }
                ("key", ExprKind::None) => {}
                _ => {
                    self.refuse("PYR0306", value.span, format!("this `{name}` is not supported"));
                }
            }
        }
        self.comparable(e, "<", &key, &key);
    }
}

/// The classes of an `isinstance` test, if they are builtin types that the compiler knows.
pub fn class_names(class: &Expr) -> Option<Vec<String>> {
    match &class.kind {
        ExprKind::Global(name) if ops::builtins::CLASSES.contains(&name.as_str()) => Some(vec![name.clone()]),
        ExprKind::Tuple(items) => {
            let mut out = Vec::new();
            for item in items {
                out.extend(class_names(item)?);
            }
            Some(out)
        }
        _ => None,
    }
}

/// A builtin that takes a tuple whatever its length.
pub fn takes_any_length(name: &str) -> bool {
    matches!(name, "bytes" | "bytearray" | "math.dist" | "math.prod" | "math.fsum")
        || matches!(name, "random.choice" | "random.sample")
}

/// A method that takes one text or a tuple of them.
pub fn is_affix(name: &str) -> bool {
    matches!(name, "startswith" | "endswith")
}

/// A compiled pattern of `re`.
fn pattern() -> Ty {
    crate::foreign::Class::named("re.Pattern").map_or(Ty::Never, Ty::Foreign)
}

pub(super) fn class_of(ty: &Ty) -> Option<&'static str> {
    Some(match ty {
        Ty::Int | Ty::Big | Ty::Bool => "int",
        Ty::Float => "float",
        Ty::Str | Ty::Char => "str",
        Ty::Bytes => "bytes",
        Ty::ByteArray => "bytearray",
        Ty::Complex => "complex",
        Ty::List(_) | Ty::View(_) => "list",
        Ty::Dict(_, kind) => kind.class(),
        Ty::Deque(_) => "deque",
        Ty::Set(_, false) => "set",
        Ty::Set(_, true) => "frozenset",
        Ty::VarTuple(_) => "tuple",
        Ty::Range => "range",
        Ty::MemView => "memoryview",
        Ty::DictView(..) => "view",
        Ty::Foreign(class) => class.name(),
        _ => return None,
    })
}

/// Only the parts of a parameter's type through which a callee can change what the caller sees.
fn containers_only(ty: &Type) -> Type {
    match ty {
        Type::List { .. } | Type::Dict { .. } | Type::Deque { .. } | Type::Set { .. } | Type::VarTuple(_) => {
            ty.clone()
        }
        Type::View(_) | Type::Iter(_) | Type::Cell(_) | Type::DictView { .. } => ty.clone(),
        Type::Closure { callee, captures } => {
            let captures = captures.iter().map(containers_only).collect();
            Type::Closure { callee: callee.clone(), captures }
        }
        Type::Tuple { items, from_py } => {
            Type::Tuple { items: items.iter().map(containers_only).collect(), from_py: *from_py }
        }
        Type::Named { class, items } => {
            Type::Named { class: class.clone(), items: items.iter().map(containers_only).collect() }
        }
        Type::Union(items) => {
            items.iter().map(containers_only).fold(Type::Never, |acc, t| Type::join(&acc, &t))
        }
        _ => Type::Never,
    }
}
