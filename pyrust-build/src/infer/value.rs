//! Functions as values: which ones a value can be, what a call of it runs, and how it is told at run time which one it
//! is.

use std::sync::Arc;

use super::beyond::is_everything;
use super::call::bind_values;
use super::copying::is_still;
use super::lookups::Attribute;
use super::members::{Method, MethodKind};
use super::objects::method_guard;
use super::solver::Ty;
use super::{ArgSource, FuncRef, Guard, Infer, Program, library};
use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::hir::{self, Expr, ExprKind, ParamKind};
use crate::lower::{CallForm, OPERATOR, is_operator};
use crate::ops;
use crate::resolve::Binding;
use crate::ty::{Callee, ObjectClass, Type};

/// A list behind `*` in a call of a value has at most so many items.
pub const MOST_SPREAD: usize = 3;

/// What it costs to look at one of the functions that a value may be, in expressions.
const CANDIDATE: usize = 16;

/// A function, or a class, that a name of a module means.
pub struct Named {
    pub callee: Callee,
    /// Where the function object is read: the module, whether that is one written in C, and what it must be.
    pub module: String,
    pub is_c: bool,
    pub guard: Guard,
    /// What the name before the dot must be.
    pub through: Option<Guard>,
}

/// What a call of a value runs if the value is that function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub callee: Callee,
    pub instance: usize,
    /// How many items stand for a list behind `*`, where the call has one.
    pub spread: Option<usize>,
}

impl Program<'_> {
    /// The function that `name` or `global.name` means in a module, if it is one that can be told from others.
    pub fn function_named(&self, module: &str, path: &str) -> Option<Named> {
        let own = |path: &str| Callee { module: module.to_string(), name: format!("<{path}>") };
        if let Some(name) = path.strip_prefix(OPERATOR) {
            let (module, guard) = (OPERATORS.to_string(), Guard::Builtin(name.to_string()));
            return Some(Named { callee: own(path), module, is_c: true, guard, through: None });
        }
        let project = |home: &str, name: &str| {
            let (found, Binding::Function) = self.binding(home, name)? else { return None };
            let target = FuncRef { qualname: self.name_in(home, &found, name), module: found };
            let callee = Callee { module: target.module.clone(), name: format!("<{}>", target.qualname) };
            let guard = Guard::Function { name: name.to_string(), target };
            Some((callee, guard))
        };
        if let Some((callee, guard)) = project(module, path) {
            return Some(Named { callee, module: module.to_string(), is_c: false, guard, through: None });
        }
        let class = |home: &str, name: &str| {
            let callee = self.class_named(home, name)?;
            Some((callee, Guard::Value(name.to_string())))
        };
        if let Some((callee, guard)) = class(module, path) {
            return Some(Named { callee, module: module.to_string(), is_c: false, guard, through: None });
        }
        if let Some((global, attr)) = path.split_once('.') {
            if let Some(home) = self.project_module(module, global) {
                let (callee, guard) = project(&home, attr).or_else(|| class(&home, attr))?;
                let through = Some(Guard::Module { name: global.to_string(), module: home.clone() });
                return Some(Named { callee, module: home, is_c: false, guard, through });
            }
            let (_, Binding::Module(c)) = self.binding(module, global)? else { return None };
            if !is_library_function(&c, attr) {
                return None;
            }
            let through = Some(Guard::Module { name: global.to_string(), module: c.clone() });
            let guard = Guard::Builtin(attr.to_string());
            return Some(Named { callee: own(path), module: c, is_c: true, guard, through });
        }
        let guard = match self.binding(module, path) {
            Some((_, Binding::Imported { module: c, name })) if is_library_function(&c, &name) => {
                Guard::Imported { name: path.to_string(), module: c, attr: name }
            }
            None if !self.binds(module, path) && ops::builtins::is_builtin(path) => {
                Guard::Builtin(path.to_string())
            }
            _ => return None,
        };
        Some(Named { callee: own(path), module: module.to_string(), is_c: false, guard, through: None })
    }

    /// What stands for a function of the library's in signatures: the name that it has in a module of the project, in
    /// `home` rather than in another one. Any object where it has none, but for operators, which need no name; nothing if
    /// the module is one of the project.
    pub fn library_function(&self, home: &str, library: &str, name: &str) -> Option<Type> {
        if self.modules.module(library).is_some() {
            return None;
        }
        let path_in = |module: &str| {
            if library == "builtins" {
                return Some(name.to_string());
            }
            let (_, env) = self.modules.module(module)?;
            env.bindings.iter().find_map(|(global, binding)| match binding {
                Binding::Module(m) if m == library => Some(format!("{global}.{name}")),
                Binding::Imported { module: m, name: n } if m == library && n == name => Some(global.clone()),
                _ => None,
            })
        };
        let found_in = |module: &str| {
            let named = self.function_named(module, &path_in(module)?)?;
            Some(Type::Function(vec![named.callee]))
        };
        // Another module that has it may not have been imported: what needs no module comes before.
        let unnamed = || {
            let name = Some(name).filter(|name| library == OPERATORS && is_operator(library, name))?;
            let callee = Callee { module: home.to_string(), name: format!("<{OPERATOR}{name}>") };
            Some(Type::Function(vec![callee]))
        };
        let elsewhere = || self.modules.names().into_iter().find_map(found_in);
        Some(found_in(home).or_else(unnamed).or_else(elsewhere).unwrap_or(Type::Obj))
    }

    /// The function that the default of a parameter names (`bisect=bisect`), as a type.
    pub(super) fn default_function(&self, module: &str, default: &ast::Expr) -> Option<Type> {
        let path = match &default.kind {
            ast::ExprKind::Name(name) => name.clone(),
            ast::ExprKind::Attribute { value, name: attr } => match &value.kind {
                ast::ExprKind::Name(name) => format!("{name}.{attr}"),
                _ => return None,
            },
            _ => return None,
        };
        Some(Type::Function(vec![self.function_named(module, &path)?.callee]))
    }

    /// The same of a parameter, by its place in the frame, that the function calls.
    pub fn called_default(&self, func: &FuncRef, place: usize) -> Option<Type> {
        let def = self.modules.module(&func.module)?.1.function(&func.qualname)?;
        let param = def.params.in_frame_order().nth(place)?;
        let mut called = false;
        crate::walk::expressions(&def.body, &mut |e| {
            if let ast::ExprKind::Call { func, .. } = &e.kind {
                called |= matches!(&func.kind, ast::ExprKind::Name(name) if *name == param.name);
            }
        });
        self.default_function(&func.module, param.default.as_ref().filter(|_| called)?)
    }

    /// Is it the name of such a class, in the body of another one? Nothing binds it to an instance.
    pub(super) fn is_class_in(&self, class: &ObjectClass, def: &ast::ClassDef, value: &ast::Expr) -> bool {
        let ast::ExprKind::Name(name) = &value.kind else { return false };
        let own = def.body.iter().any(|stmt| match &stmt.kind {
            ast::StmtKind::FunctionDef(f) => f.name == *name,
            ast::StmtKind::ClassDef(c) => c.name == *name,
            ast::StmtKind::Assign { .. } | ast::StmtKind::AnnAssign { .. } | ast::StmtKind::Expr(_) => false,
            // They may bind anything.
            _ => true,
        });
        let assigned = self.binding(&class.module, &format!("{}.{name}", class.name)).is_some();
        !own && !assigned && self.class_named(&class.module, name).is_some()
    }

    /// The class that `name` means in a module, as something that is called: what makes its instances is understood.
    fn class_named(&self, module: &str, name: &str) -> Option<Callee> {
        let (home, binding) = self.binding(module, name)?;
        let own = self.name_in(module, &home, name);
        let made = match (binding, self.object_class(module, name)) {
            (Binding::Class, Some(class)) => self.enumeration(&class).is_none(),
            (Binding::Class | Binding::Value(_), _) => self.named(&home, &own).is_some(),
            _ => false,
        };
        made.then(|| Callee { module: home, name: format!("<{own}>") })
    }

    /// The class of the instance, and the method, where a value is a bound method of Python's.
    pub fn method_kept(&self, callee: &Callee) -> Option<(Arc<ObjectClass>, String, Method)> {
        let (class, name) = callee.inside()?.strip_prefix(BOUND)?.rsplit_once('.')?;
        let class = self.object_class(&callee.module, class)?;
        let method = self.method_of(&class, name).filter(|m| m.kind == MethodKind::Plain)?;
        Some((class, name.to_string(), method))
    }

    /// The function that makes a call of a function without text of its own.
    pub(super) fn lower_call_form(&self, func: &FuncRef) -> Option<Result<hir::Function, Vec<Diagnostic>>> {
        let rest = func.qualname.strip_prefix('<')?;
        let (what, form) = rest.split_once(">(")?;
        let form = form.strip_suffix(')')?;
        let mut parts = form.split(' ');
        let captures = parts.next()?.parse().ok()?;
        let positional = parts.next()?.parse().ok()?;
        let keywords: Vec<String> = parts.map(str::to_string).collect();
        let (file, env) = self.modules.module(&func.module)?;
        let form = CallForm { what, captures, positional, keywords: &keywords };
        Some(crate::lower::lower_call(file, env, &func.qualname, &form))
    }
}

/// The module of operators that are functions.
const OPERATORS: &str = "operator";

/// Before the class and the name, in what stands for a bound method of Python's.
const BOUND: &str = "bound ";

/// What stands for the bound methods that instances of exactly that class have under the name.
pub fn method_callee(class: &ObjectClass, name: &str) -> Callee {
    Callee { module: class.module.clone(), name: format!("<{BOUND}{}.{name}>", class.name) }
}

/// A function of the standard library that the compiler gives a meaning to.
fn is_library_function(module: &str, name: &str) -> bool {
    ops::constant(module, name).is_none()
        && (ops::exists(&format!("{module}.{name}"))
            || library::Bisect::is(module, name)
            || is_operator(module, name))
}

/// The function that is inferred for a call of `callee` with so many arguments and these keywords.
fn target_of(callee: &Callee, captures: usize, positional: usize, keywords: &[(String, Expr)]) -> FuncRef {
    let qualname = match callee.inside() {
        Some(_) => {
            let names: String = keywords.iter().map(|(k, _)| format!(" {k}")).collect();
            format!("{}({captures} {positional}{names})", callee.name)
        }
        None => callee.name.clone(),
    };
    FuncRef { module: callee.module.clone(), qualname }
}

/// Where the parameters of a function that is a value get their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueArg {
    Given(ArgSource),
    /// Kept with the function.
    Kept(usize),
}

/// Binds the arguments of a call to the parameters of a function that is a value.
pub fn value_args(
    callee: &Callee,
    params: &[hir::Param],
    captures: usize,
    positional: usize,
    keywords: &[(String, Expr)],
) -> Option<Vec<ValueArg>> {
    if callee.inside().is_some() {
        let kept = (0..captures).map(ValueArg::Kept);
        let given = (0..positional).map(|i| ValueArg::Given(ArgSource::Positional(i)));
        let named = (0..keywords.len()).map(|i| ValueArg::Given(ArgSource::Keyword(i)));
        return Some(kept.chain(given).chain(named).collect());
    }
    let own: Vec<&hir::Param> = params.iter().filter(|p| p.kind != ParamKind::Capture).collect();
    // Defaults stand before what is taken from around.
    let mut default = 0;
    let mut out = Vec::new();
    for (param, source) in own.iter().zip(bind_values(&own, positional, keywords)?) {
        out.push(match source {
            ArgSource::Default => ValueArg::Kept(default),
            other => ValueArg::Given(other),
        });
        default += usize::from(param.has_default);
    }
    out.extend((default..default + params.len() - own.len()).map(ValueArg::Kept));
    (default + params.len() - own.len() == captures).then_some(out)
}

/// Why a call runs no instance.
pub(super) enum Why {
    /// The function cannot be compiled.
    Callee(FuncRef, Vec<Diagnostic>),
    /// A type that contains itself.
    Endless,
    /// Its parameters do not fit.
    Form(String),
}

/// What calling an instance calls.
pub const CALLED: &str = "__call__";

/// The name under which a node knows the method of an instance that is called.
pub fn called_of(class: &ObjectClass) -> Callee {
    Callee { module: class.module.clone(), name: format!("{}.{CALLED}", class.name) }
}

impl Program<'_> {
    /// Under which key it is known what a function inside assigns to a variable of the one around: `at` is its place among
    /// what is captured, from the end. Who makes the function does not call it, so it cannot see that itself.
    fn cell_key(&self, module: &str, function: &str, at: usize) -> Attribute {
        // No class has such a name; see `own::is_of_objects`.
        let function = function.replace('.', " ");
        let own = if self.own.number == 0 { String::new() } else { format!(".{}", self.own.number) };
        Attribute::new((module.to_string(), format!("cell of {function}{own}"), at.to_string()))
    }

    /// Tells who makes a function inside what it puts into variables of theirs, if that is more than it was given; true if
    /// that is news. `after`: what its parameters have in the end.
    pub(super) fn widens_cells(&mut self, index: usize, after: &[Type]) -> bool {
        let instance = &self.instances[index];
        // What the form for ints of any size puts in would make all others read such.
        if is_everything(instance.wanted()) {
            return false;
        }
        let more = instance.params.iter().zip(after).rev().enumerate().filter_map(|(at, pair)| match pair {
            (Type::Cell(before), Type::Cell(after)) => {
                let more = !after.has_never() && Type::join(before, after) != **before;
                more.then(|| (self.cell_key(&instance.func.module, &instance.func.qualname, at), after))
            }
            _ => None,
        });
        let more: Vec<(Attribute, &Box<Type>)> = more.collect();
        more.into_iter().fold(false, |news, (key, ty)| self.attribute_grows(&key, ty) | news)
    }
}

impl Infer<'_, '_> {
    pub(super) fn refuse_call(&mut self, e: &Expr, why: Why) -> Ty {
        match why {
            Why::Callee(target, reasons) => self.refuse_callee(e, &target, &reasons),
            Why::Endless => self.refuse("PYR0404", e.span, "a container that contains itself"),
            Why::Form(name) => {
                self.refuse("PYR0306", e.span, format!("this call of `{name}` is not supported"))
            }
        }
    }

    /// A name that means a function, as a value.
    pub(super) fn named_function(&mut self, path: &str) -> Option<Ty> {
        let named = self.program.function_named(&self.func.module, path)?;
        let callee = named.callee.clone();
        self.guards.extend(named.through.clone());
        self.relies_on_named(&named);
        Some(Ty::Function(vec![callee]))
    }

    fn relies_on_named(&mut self, named: &Named) {
        if let (true, Guard::Builtin(attr)) = (named.is_c, &named.guard) {
            self.attrs.insert((named.module.clone(), attr.clone()));
        } else if named.module == self.func.module {
            self.guards.insert(named.guard.clone());
        } else {
            let guard = Box::new(named.guard.clone());
            self.guards.insert(Guard::Elsewhere { module: named.module.clone(), guard });
        }
    }

    /// A function that is made here.
    pub(super) fn function_value(
        &mut self,
        e: &Expr,
        name: &str,
        made: Option<&Expr>,
        captures: &[Expr],
    ) -> Ty {
        made.iter().for_each(|m| {
            self.expr(m);
        });
        let kept: Vec<Ty> = captures.iter().map(|c| self.expr(c)).collect();
        let callee = Callee { module: self.func.module.clone(), name: name.to_string() };
        for (at, ty) in kept.iter().rev().enumerate() {
            if let Ty::Cell(content) = ty {
                let key = self.program.cell_key(&callee.module, &callee.name, at);
                let found = self.attribute_var_of(key);
                let found = self.state.solver.get(found);
                self.state.solver.flow(&found, *content);
            }
        }
        if let Some(method) = callee.inside().and_then(|what| what.strip_prefix('.')) {
            let object = kept.first().cloned().unwrap_or(Ty::Never);
            if object != Ty::Never && self.bound_method(&object, method).is_none() {
                let message = format!("reading the attribute `{method}` is not supported");
                return self.refuse("PYR0321", e.span, message);
            }
        }
        if kept.is_empty() { Ty::Inner(vec![callee]) } else { Ty::Closure(callee, kept) }
    }

    /// `object.method` as a value, where every class that the object may have has that method.
    pub(super) fn bound_method(&mut self, object: &Ty, method: &str) -> Option<Ty> {
        let has = |m: &Ty| super::method::class_of(m).is_some_and(|c| ops::exists(&ops::method(c, method)));
        let callee = Callee { module: self.func.module.clone(), name: format!("<.{method}>") };
        object.members().iter().all(has).then(|| Ty::Closure(callee, vec![object.clone()]))
    }

    /// `instance.method` as a value that goes where Python's objects are.
    pub(super) fn kept_method(&mut self, class: &Arc<ObjectClass>, name: &str, method: &Method) -> Ty {
        self.state.solver.give(class);
        let guard = Box::new(method_guard(class, name, method));
        self.guards.insert(Guard::Elsewhere { module: class.module.clone(), guard });
        Ty::Function(vec![method_callee(class, name)])
    }

    /// A call of whatever function the value is. What it may be that cannot be compiled bails.
    pub(super) fn call_value(
        &mut self,
        e: &Expr,
        function: &Expr,
        (args, stars): (&[Expr], &[usize]),
        keywords: &[(String, Expr)],
        rest: Option<&Expr>,
    ) -> Ty {
        let ty = self.expr(function);
        let (mut given, mut spread) = (Vec::new(), None);
        for (i, arg) in args.iter().enumerate() {
            let ty = self.expr(arg);
            if !stars.contains(&i) {
                given.push(ty);
                continue;
            }
            match &ty {
                Ty::Tuple(items, _) => given.extend(items.iter().cloned()),
                Ty::Never => return Ty::Never,
                // An empty one.
                Ty::VarTuple(v) if self.state.solver.get(*v) == Ty::Never => {}
                // As many as it has when the code runs: nothing that comes behind it may change that.
                Ty::List(_) | Ty::VarTuple(_)
                    if spread.is_none()
                        && args[i + 1..].iter().chain(keywords.iter().map(|(_, a)| a)).all(is_still) =>
                {
                    spread = Some((given.len(), self.element_type(&ty)));
                }
                _ => {
                    let message = format!("`*` of `{}` in a call is not supported", self.show(&ty));
                    return self.refuse("PYR0324", arg.span, message);
                }
            }
        }
        let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        if let Some(rest) = rest {
            let ty = self.expr(rest);
            let empty = match &ty {
                Ty::Dict(c, _) => [self.state.solver.elem(*c), self.state.solver.value(*c)]
                    .iter()
                    .any(|v| self.state.solver.get(*v) == Ty::Never),
                other => *other == Ty::Never,
            };
            if !empty {
                return self.refuse("PYR0324", rest.span, "`**` in a call is not supported");
            }
        }
        let given: Vec<(Option<usize>, Vec<Ty>)> = match spread {
            None => vec![(None, given)],
            // Nothing is known of them yet.
            Some((_, Ty::Never)) => return Ty::Never,
            Some((at, item)) => {
                let with = |count: usize| {
                    let mut given = given.clone();
                    given.splice(at..at, std::iter::repeat_n(item.clone(), count));
                    (Some(count), given)
                };
                (0..=MOST_SPREAD).map(with).collect()
            }
        };
        let (mut reached, mut why) = (Vec::new(), None);
        // Nothing is known yet.
        let mut waits = ty == Ty::Never;
        for member in ty.members() {
            let (callees, kept) = match member {
                Ty::Function(callees) => (callees.clone(), Vec::new()),
                Ty::Inner(callees) => (callees.clone(), Vec::new()),
                Ty::Closure(callee, kept) => (vec![callee.clone()], kept.clone()),
                // Beside functions; where all that is called are instances the call becomes one of their methods.
                Ty::Instance(class) if stars.is_empty() && rest.is_none() => {
                    let Some(method) = self.program.special_method(class, CALLED) else { continue };
                    self.guards.insert(Guard::Elsewhere {
                        module: class.module.clone(),
                        guard: Box::new(method_guard(class, CALLED, &method)),
                    });
                    let all: Vec<Ty> =
                        std::iter::once(member.clone()).chain(given[0].1.iter().cloned()).collect();
                    match self.bound_call(e, &method.target, &all, keywords, &named, true) {
                        Ok(Some(instance)) => {
                            reached.push(Reached { callee: called_of(class), instance, spread: None });
                        }
                        Ok(None) => waits = true,
                        Err(reason) => why = why.or(Some(reason)),
                    }
                    continue;
                }
                _ => continue,
            };
            for (callee, (spread, given)) in callees.iter().flat_map(|c| given.iter().map(move |g| (c, g))) {
                self.program.work += CANDIDATE;
                let method = self.program.method_kept(callee);
                let found = match &method {
                    Some((class, name, method)) => {
                        let guard = Box::new(method_guard(class, name, method));
                        self.guards.insert(Guard::Elsewhere { module: class.module.clone(), guard });
                        let call = Callee { module: self.func.module.clone(), name: format!("<.{name}>") };
                        let kept = [Ty::Instance(class.clone())];
                        self.reach(e, &call, &kept, given, (&named, keywords))
                    }
                    None => self.reach(e, callee, &kept, given, (&named, keywords)),
                };
                match found {
                    Ok(Some(instance)) => {
                        if matches!(member, Ty::Function(_))
                            && let Some(path) = callee.inside()
                            && let Some(found) = self.program.function_named(&callee.module, path)
                        {
                            self.relies_on_named(&found);
                        }
                        reached.push(Reached { callee: callee.clone(), instance, spread: *spread });
                    }
                    Ok(None) => waits = true,
                    Err(reason) => why = why.or(Some(reason)),
                }
            }
        }
        let found = !reached.is_empty();
        self.values.insert(e.id, reached);
        if !found && !waits {
            return match (why, &function.kind) {
                (Some(why), _) => self.refuse_call(e, why),
                (None, ExprKind::Global(name)) => {
                    self.refuse("PYR0306", e.span, format!("calling `{name}` is not supported"))
                }
                (None, _) => self.refuse("PYR0325", e.span, "calling a value is not supported"),
            };
        }
        let slot = self.state.nodes[e.id];
        self.state.solver.get(slot)
    }

    /// The type of the keys that the body of `key` gives for items of type `elem`. A `key` that always is None is none.
    pub(super) fn key_type(&mut self, body: &Expr, elem: &Ty) -> Ty {
        if let ExprKind::CallValue { function, .. } = &body.kind
            && self.expr(function) == Ty::None
        {
            return elem.clone();
        }
        self.expr(body)
    }

    /// The instance that a call runs if the function is `callee`; none while types are missing.
    fn reach(
        &mut self,
        e: &Expr,
        callee: &Callee,
        kept: &[Ty],
        given: &[Ty],
        (named, keywords): (&[Ty], &[(String, Expr)]),
    ) -> Result<Option<usize>, Why> {
        let target = target_of(callee, kept.len(), given.len(), keywords);
        let hir = self.program.lowered(&target).map_err(|reasons| Why::Callee(target.clone(), reasons))?;
        let sources = value_args(callee, &hir.params, kept.len(), given.len(), keywords)
            .ok_or_else(|| Why::Form(callee.inside().unwrap_or(&callee.name).to_string()))?;
        let types: Vec<Ty> = sources
            .iter()
            .map(|source| match source {
                ValueArg::Kept(i) => kept[*i].clone(),
                ValueArg::Given(source) => self.argument(e, *source, given, named),
            })
            .collect();
        self.request_instance(e, &target, &types)
    }
}
