//! Calls: builtins, functions of the project, functions of C modules.

use super::operators::Text;
use super::solver::Ty;
use super::value::Why;
use super::{EVERYTHING, FuncRef, Guard, Infer, Live, NARROW, WIDE, enums, trees};
use crate::hir::{Expr, ExprKind, Param, ParamKind, Regex};
use crate::lower::asked::IS_THERE;
use crate::lower::classes::{
    ELLIPSIS, EXACTLY, NOT_IMPLEMENTED, THE_EXCEPTION, TYPE_IN, TYPE_IS, TYPE_NAME, TYPE_OF,
};
use crate::lower::context::MANAGER;
use crate::lower::matching::is_other;
use crate::lower::spread_both::NAMES;
use crate::ops::{self, Arg, positional};
use crate::resolve::{Binding, INSTANCE, factory};
use crate::ty::{DictKind, MAX_TUPLE, Origin, Type};

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
    /// The keywords with these numbers, one bit each, are what `**kwargs` gets.
    Names(u64),
    /// One of the items behind `*`, which is that keyword: there must be as many as parameters are left.
    Item(usize, usize),
}

/// Binds a call's arguments to parameters as CPython does; `None` where it would raise, or with `*` parameters.
pub fn bind(params: &[Param], args: usize, keywords: &[(String, Expr)]) -> Option<Vec<ArgSource>> {
    bind_values(&params.iter().collect::<Vec<_>>(), args, keywords)
}

/// As [`bind`], of a method: what stands behind `*` may be for parameters that are not `*args`, all that are left.
pub fn bind_items(params: &[Param], args: usize, keywords: &[(String, Expr)]) -> Option<Vec<ArgSource>> {
    if let Some(bound) = bind(params, args, keywords) {
        return Some(bound);
    }
    let plain =
        |p: &Param| matches!(p.kind, ParamKind::Positional | ParamKind::PositionalOnly) && !p.has_default;
    let [(star, _)] = keywords else { return None };
    let left = params.len().checked_sub(args)?;
    if star != "*" || left > MAX_TUPLE || !params[args..].iter().all(plain) {
        return None;
    }
    let given =
        params[..args].iter().all(|p| matches!(p.kind, ParamKind::Positional | ParamKind::PositionalOnly));
    let sources = (0..args).map(ArgSource::Positional).chain((0..left).map(|i| ArgSource::Item(0, i)));
    given.then(|| sources.collect())
}

/// As [`bind`], of some of the parameters.
pub(super) fn bind_values(
    params: &[&Param],
    args: usize,
    keywords: &[(String, Expr)],
) -> Option<Vec<ArgSource>> {
    let mut out = Vec::new();
    let by_place = [ParamKind::Positional, ParamKind::PositionalOnly, ParamKind::Item];
    let positional = params.iter().filter(|p| by_place.contains(&p.kind)).count();
    let takes_rest = params.iter().any(|p| p.kind == ParamKind::VarPositional);
    if args > positional && !takes_rest {
        return None;
    }
    let mut used = 0;
    // `*items` where all of them are for `*args`.
    let items = keywords.iter().position(|(k, _)| k == "*");
    // Otherwise the first of them, or the last of the others, would have another place.
    if items.is_some() && args != positional {
        return None;
    }
    // Which names stand in `**names` is not known: only that of the instance is looked for there.
    let named = |p: &&&Param| match p.kind {
        ParamKind::Positional => p.name != INSTANCE,
        kind => kind == ParamKind::KeywordOnly,
    };
    if items.is_some() && keywords.iter().any(|(k, _)| k == "**") && params.iter().any(|p| named(&p)) {
        return None;
    }
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
                None => match unknown(params, keywords)? {
                    0 => ArgSource::NoKeywords,
                    names => {
                        used += names.count_ones() as usize;
                        ArgSource::Names(names)
                    }
                },
            },
            ParamKind::VarPositional | ParamKind::Capture => return None,
            ParamKind::Positional | ParamKind::PositionalOnly if i < args => {
                if by_name.is_some() && param.kind == ParamKind::Positional {
                    return None;
                }
                ArgSource::Positional(i)
            }
            ParamKind::Item if i < args => ArgSource::Positional(i),
            ParamKind::PositionalOnly | ParamKind::Item => ArgSource::Default,
            ParamKind::Positional | ParamKind::KeywordOnly | ParamKind::Name => match by_name {
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

/// The keywords that are no parameter's, one bit each; `None` where they are too many.
fn unknown(params: &[&Param], keywords: &[(String, Expr)]) -> Option<u64> {
    let known = |name: &str| {
        let by_name = |p: &&&Param| matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly);
        params.iter().filter(by_name).any(|p| p.name == name)
    };
    let mut names = 0;
    for (k, _) in keywords.iter().enumerate().filter(|(_, (name, _))| name != "*" && !known(name)) {
        names |= 1u64.checked_shl(k as u32)?;
    }
    Some(names)
}

impl Infer<'_, '_> {
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
        let full = self.formed(full, args, keywords);
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
            self.imports_time("time");
        }
        let mut types = self.arguments(&list);
        if takes_any_length(&full) {
            for (k, ty) in types.iter_mut().enumerate() {
                *ty = self.any_length(e.id, 70 + k, ty);
            }
        }
        self.apply(&full, e.id, 0, e.span, &types)
    }

    /// What is called imports `time`, and calls what that has.
    pub(super) fn imports_time(&mut self, function: &str) {
        self.builtin("__import__");
        self.attrs.insert(("time".to_string(), function.to_string()));
    }

    /// The types of arguments in their places.
    pub(super) fn arguments(&mut self, list: &[Arg<Expr>]) -> Vec<Ty> {
        list.iter()
            .map(|arg| match arg {
                Arg::Given(e) => self.expr(e),
                Arg::Left(constant) => self.state.solver.absorb(&Ty::Never, &constant.ty()),
            })
            .collect()
    }

    /// `module.function(…)` of a module of the project.
    pub(super) fn package_call(
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
        if let Some(class) = self.program.object_class(home, name) {
            self.elsewhere(global, home, Guard::Value(name.to_string()));
            return self.make_instance(e, &class, args, keywords);
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

    pub(super) fn call(&mut self, e: &Expr, name: &str, args: &[Expr], keywords: &[(String, Expr)]) -> Ty {
        if let Some(ty) = self.call_behind_decorator(e, name, args, keywords) {
            return ty;
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
                    self.called_through(name.rsplit('.').next().unwrap_or_default(), args.first());
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
                    let full = self.formed(full, args, keywords);
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
                Some((_, Binding::Class))
                    if let Some(class) = self.program.object_class(&self.func.module, name) =>
                {
                    self.guards.insert(Guard::Value(name.to_string()));
                    self.make_instance(e, &class, args, keywords)
                }
                Some((_, Binding::Class)) => {
                    self.refuse("PYR0335", e.span, format!("making an instance of `{name}` is not supported"))
                }
                _ => self.call_cached(e, name, args, keywords),
            };
        }
        if let (Some(class), [key]) = (enums::asked(name, enums::LOOKUP), args)
            && let Some(class) = self.program.enumeration_named(&self.func.module, class)
        {
            self.guards.insert(Guard::Value(name.to_string()));
            return self.member_by_name(e, &class, key);
        }
        if let (IS_THERE, [Expr { kind: ExprKind::Global(name), .. }]) = (name, args) {
            self.guards.insert(Guard::Value(name.clone()));
            return Ty::None;
        }
        if let Some(ty) = self.intrinsic(name, args) {
            return ty;
        }
        if let (TYPE_IS | TYPE_IN, [value, class]) = (name, args) {
            let ty = self.expr(value);
            if !self.asks_global(class, &ty) {
                self.refuse("PYR0306", class.span, "comparing a class with this one is not supported");
            }
            return Ty::Bool;
        }
        if let (NAMES, [names]) = (name, args) {
            return self.dict_of_names(e, names);
        }
        if name == NOT_IMPLEMENTED || name == ELLIPSIS || name.starts_with(THE_EXCEPTION) {
            return Ty::Obj;
        }
        if let (TYPE_OF, [value]) = (name, args) {
            return self.class_of(value, false);
        }
        if let (TYPE_NAME, [value]) = (name, args) {
            let ty = self.expr(value);
            if let Some(m) = ty.members().iter().find(|m| matches!(m, Ty::Iter(_) | Ty::Function(_))) {
                let message = format!("the name of the class of `{}` is not known", self.show(m));
                return self.refuse("PYR0401", value.span, message);
            }
            // It is asked of an object.
            self.state.solver.give_all(&ty);
            return Ty::Str;
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
                        let n = plain_class(&n);
                        if self.is_bound(n) {
                            self.refuse("PYR0306", class.span, format!("`{n}` is not the builtin"));
                        }
                        self.builtin(n);
                    }
                }
                Ty::Bool
            }
            ("issubclass", [class, of]) if keywords.is_empty() => self.is_subclass(e, class, of),
            ("min" | "max", [_, _, ..]) if keywords.is_empty() => {
                let mut out = Ty::Never;
                for arg in args {
                    let ty = self.expr(arg);
                    let both = self.state.solver.join(&out, &ty);
                    let op = if name == "min" { "<" } else { ">" };
                    if out != Ty::Never && !self.orders_itself(e, &both, op) {
                        self.comparable(e, op, &ty, &out);
                    }
                    out = both;
                }
                out
            }
            ("hasattr", [value, Expr { kind: ExprKind::Str(attribute), .. }]) if keywords.is_empty() => {
                self.has_attribute(value, attribute)
            }
            ("callable", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                for member in ty.members() {
                    if let Ty::Instance(class) = member {
                        self.state.solver.give(class);
                    }
                }
                if ty.members().iter().any(|m| matches!(m, Ty::Iter(_) | Ty::Named(..) | Ty::Foreign(_))) {
                    let message = format!("`callable` of `{}` is not known", self.show(&ty));
                    return self.refuse("PYR0401", value.span, message);
                }
                Ty::Bool
            }
            // Lowering has made the text.
            ("format" | "ascii", [text]) if keywords.is_empty() => self.expr(text),
            ("hash", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                let resolved = self.state.solver.resolve(&ty);
                if !resolved.is_some_and(|t| self.hashes(e.id, &t)) && ty != Ty::Never {
                    let message = format!("the hash of `{}` is not known", self.show(&ty));
                    return self.refuse("PYR0401", value.span, message);
                }
                Ty::Int
            }
            ("str" | "repr", [value]) if keywords.is_empty() => {
                let ty = self.expr(value);
                let text = if name == "str" { Text::Str } else { Text::Repr };
                if !self.asks_text(e, text, &ty, false) {
                    self.has_text(&ty, value.span);
                }
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
                let parts = match &pair {
                    Ty::Tuple(items, _) if items.len() == 2 => Some((items[0].clone(), items[1].clone())),
                    Ty::List(c) => {
                        Some(self.state.solver.get(self.state.solver.elem(*c))).map(|t| (t.clone(), t))
                    }
                    _ => None,
                };
                if let Some((key, value)) = parts {
                    let cell = self.site(e.id, 0);
                    let (k, v) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                    self.state.solver.flow(&key, k);
                    self.state.solver.flow(&value, v);
                    return Ty::Dict(cell, DictKind::Plain);
                }
                self.apply("dict.copy", e.id, 0, e.span, &[ty])
            }
            ("id", [value]) if keywords.is_empty() => self.identity(value),
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

    pub(super) fn native_call(
        &mut self,
        e: &Expr,
        name: &str,
        target: &FuncRef,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let arg_types: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        let keyword_types: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        let target = &self.program.for_call(target, args.len(), keywords);
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
                && !self.has_names(&keyword_types[*k])
            {
                return self.refuse("PYR0324", keywords[*k].1.span, "`**` of keys that are no `str`");
            }
            let given = self.argument_given(*source, &arg_types, &keyword_types);
            if given.is_some_and(|ty| self.may_mean_factory(target, &param.name, &ty)) {
                return self.refuse("PYR0306", e.span, format!("this call of `{name}` is not supported"));
            }
            types.push(match source {
                ArgSource::Positional(_)
                | ArgSource::Keyword(_)
                | ArgSource::Rest(_)
                | ArgSource::Names(_)
                | ArgSource::Item(..)
                | ArgSource::NoKeywords => self.argument(e, *source, &arg_types, &keyword_types),
                ArgSource::Default => {
                    let Some(ty) = self.default_given(e, target, &param.name) else {
                        return self.refuse(
                            "PYR0306",
                            e.span,
                            format!("the type of the default of `{}` is not known", param.name),
                        );
                    };
                    ty
                }
            });
        }
        self.request(e, target, &types)
    }

    /// `dict(**names)`
    fn dict_of_names(&mut self, e: &Expr, names: &Expr) -> Ty {
        let ty = self.expr(names);
        let plain = |m: &Ty| matches!(m, Ty::Dict(_, DictKind::Plain) | Ty::Never);
        if !ty.members().iter().all(plain) || !self.has_names(&ty) {
            return self.refuse("PYR0324", names.span, "`**` of what is no dict with `str` keys");
        }
        self.apply("dict.copy", e.id, 0, e.span, &[ty])
    }

    /// Are the keys of what stands behind `**` texts?
    pub(super) fn has_names(&self, dict: &Ty) -> bool {
        let Ty::Dict(c, _) = dict else { return true };
        matches!(self.state.solver.get(self.state.solver.elem(*c)), Ty::Str | Ty::Char | Ty::Never)
    }

    /// The type of the argument that the call gives for a parameter.
    pub(super) fn argument_given(&self, source: ArgSource, args: &[Ty], keywords: &[Ty]) -> Option<Ty> {
        match source {
            ArgSource::Positional(i) => Some(args[i].clone()),
            ArgSource::Keyword(i) => Some(keywords[i].clone()),
            _ => None,
        }
    }

    /// May the argument be the object that tells the `__init__` of a dataclass to call a factory?
    pub(super) fn may_mean_factory(&self, target: &FuncRef, param: &str, ty: &Ty) -> bool {
        let env = self.program.modules.module(&target.module).map(|(_, env)| env);
        let env = env.filter(|_| ty.members().contains(&Ty::Obj));
        let def = env.and_then(|env| env.function(&target.written().qualname));
        let made =
            def.and_then(|def| def.params.in_frame_order().find(|p| p.name == param).and_then(factory));
        made.is_some()
    }

    /// The type of an argument that the call gives.
    pub(super) fn argument(&mut self, e: &Expr, source: ArgSource, args: &[Ty], keywords: &[Ty]) -> Ty {
        match source {
            ArgSource::Positional(i) => args[i].clone(),
            ArgSource::Keyword(i) => keywords[i].clone(),
            ArgSource::Item(k, i) => match &keywords[k] {
                Ty::VarTuple(v) => self.state.solver.get(*v),
                Ty::Tuple(items, _) => items.get(i).cloned().unwrap_or(Ty::Never),
                _ => Ty::Never,
            },
            ArgSource::Rest(from) if from == args.len() => {
                let cell = self.site(e.id, 90);
                Ty::VarTuple(self.state.solver.elem(cell))
            }
            ArgSource::Rest(from) => Ty::Tuple(args[from..].to_vec(), Origin::Native),
            ArgSource::NoKeywords => {
                let cell = self.site(e.id, 91);
                self.state.solver.flow(&Ty::Str, self.state.solver.elem(cell));
                Ty::Dict(cell, DictKind::Plain)
            }
            ArgSource::Names(names) => {
                let cell = self.site(e.id, 91);
                self.state.solver.flow(&Ty::Str, self.state.solver.elem(cell));
                for (_, ty) in keywords.iter().enumerate().filter(|(k, _)| names >> k & 1 == 1) {
                    self.state.solver.flow(ty, self.state.solver.value(cell));
                }
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
        let slot = self.state.nodes[e.id];
        let found = self.request_for(e, target, types)?;
        if let Some(index) = found {
            let ret = self.program.instances[index].ret.clone();
            self.state.solver.absorb_into(slot, &ret);
        }
        Ok(found)
    }

    /// As [`Infer::request_instance`], for a call whose value is not what the function returns.
    pub(super) fn request_for(
        &mut self,
        e: &Expr,
        target: &FuncRef,
        types: &[Ty],
    ) -> Result<Option<usize>, Why> {
        let given = types.iter().enumerate();
        let resolved: Option<Vec<Type>> = given.map(|(at, ty)| self.handed(target, at, ty)).collect();
        let Some(resolved) = resolved else {
            return Err(Why::Endless);
        };
        if resolved.contains(&Type::Never) {
            return Ok(None);
        }
        // Where the result merges with Python's lists and dicts it must be made as one of them.
        let slot = self.state.nodes[e.id];
        let merged = self.state.solver.resolve(&self.state.solver.get(slot));
        let live = Live { containers: merged.as_ref().is_some_and(Type::has_live), ..Live::default() };
        let wide = if self.state.wide.contains(&e.id) { WIDE } else { NARROW };
        let wide = if self.state.everything { wide | EVERYTHING } else { wide };
        let told = |reasons| Why::Callee(target.clone(), reasons);
        let mut index = self.program.request(target, resolved.clone(), live, wide).map_err(told)?;
        // The same of instances, where it would keep them to itself, and of dicts that become objects.
        if let Some(merged) = merged {
            let ret = &self.program.instances[index].ret;
            let instances = gives_back(ret, &merged);
            let objects = trees::becomes_objects(ret, &merged);
            if instances || objects {
                let live = Live { instances, objects, ..live };
                index = self.program.request(target, resolved, live, wide).map_err(told)?;
            }
        }
        let callee = &self.program.instances[index];
        if callee.refused() {
            let reasons = if self.report { callee.diagnostics.clone() } else { Vec::new() };
            return Err(Why::Callee(target.clone(), reasons));
        }
        let callee = &self.program.instances[index];
        let after = callee.after.clone();
        self.writes |= callee.writes;
        // What the callee put into its arguments is in ours; only containers can have grown.
        for (ty, after) in types.iter().zip(&after) {
            self.state.solver.absorb(ty, &containers_only(after));
            self.state.solver.give_as(ty, after);
        }
        Ok(Some(index))
    }
}

/// What a default factory makes.
pub(super) fn made_by(factory: &str) -> Type {
    let (elem, in_place) = (Box::new(Type::Never), true);
    match factory {
        "list" => Type::List { elem, in_place },
        "set" => Type::Set { elem, in_place, frozen: false },
        _ => Type::Dict { key: elem.clone(), value: elem, in_place, kind: DictKind::Plain },
    }
}

/// The name without what says that only that class counts.
pub fn plain_class(name: &str) -> &str {
    name.strip_prefix(EXACTLY).unwrap_or(name)
}

/// The classes of an `isinstance` test, if they are builtin types that the compiler knows.
pub fn class_names(class: &Expr) -> Option<Vec<String>> {
    match &class.kind {
        ExprKind::Global(name) if is_other(name) || ops::builtins::CLASSES.contains(&plain_class(name)) => {
            Some(vec![name.clone()])
        }
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

/// The same with abstract classes of the library among them, which tell something too.
pub fn told_classes(class: &Expr) -> Option<Vec<String>> {
    match &class.kind {
        ExprKind::Global(name) if ops::abstracts::split(name).is_some() => Some(vec![name.clone()]),
        ExprKind::Tuple(items) => {
            let names: Option<Vec<_>> = items.iter().map(told_classes).collect();
            names.map(|names| names.concat())
        }
        _ => class_names(class),
    }
}

/// A builtin that takes a tuple whatever its length.
pub fn takes_any_length(name: &str) -> bool {
    matches!(name, "bytes" | "bytearray" | "math.dist" | "math.prod" | "math.fsum")
        || name.starts_with("statistics.")
        || matches!(
            name.strip_prefix("random.Random.").or(name.strip_prefix("random.")),
            Some("choice" | "sample")
        )
}

/// A compiled pattern of `re`.
fn pattern() -> Ty {
    crate::foreign::Class::named("re.Pattern").map_or(Ty::Never, Ty::Foreign)
}

/// Does a function keep instances to itself that are Python's where its result goes?
fn gives_back(ret: &Type, to: &Type) -> bool {
    match ret {
        Type::Instance(class) if class.own != 0 => {
            to.any(&|t| matches!(t, Type::Instance(other) if other.own == 0 && other.is(class)))
        }
        other => other.parts().any(|part| gives_back(part, to)),
    }
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
        Type::Tuple { items, origin } => {
            Type::Tuple { items: items.iter().map(containers_only).collect(), origin: *origin }
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
