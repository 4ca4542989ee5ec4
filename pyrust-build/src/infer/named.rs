//! Classes that `collections.namedtuple` and `typing.NamedTuple` make: what the text says of them, and the calls that
//! make instances. Everything is looked at again when the code runs.

use std::sync::Arc;

use super::annotation;
use super::globals::{in_python, long_tuples};
use super::members::MethodKind;
use super::solver::Ty;
use super::{FuncRef, Guard, Infer, Program};
use crate::ast::{self, Constant, ExprKind as A, Stmt, StmtKind};
use crate::hir::{BinOp, Expr};
use crate::lower::named::{MAKE, MAKE_ALL, NAMES};
use crate::resolve::{Binding, ModuleEnv};
use crate::ty::{MAX_TUPLE, NamedClass, ObjectClass, Origin, Type};

/// Classes above one, at most.
const MAX_ABOVE: usize = 16;

/// A class as its definition has it.
#[derive(Clone)]
pub struct NamedDef {
    pub class: Arc<NamedClass>,
    /// The default of each field.
    defaults: Vec<Option<ast::Expr>>,
    /// The annotation of each field.
    annotations: Vec<Option<ast::Expr>>,
    /// The module that the expressions stand in.
    home: String,
    /// Calling the class runs a function that the class's text has.
    pub constructs: bool,
}

/// The type of `_fields`.
fn names_of(class: &NamedClass) -> Ty {
    Ty::Tuple(vec![Ty::Str; class.fields.len()], Origin::Native)
}

/// Where a field gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSource {
    Positional(usize),
    Keyword(usize),
    Default,
}

impl NamedDef {
    /// The field's number.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.class.fields.iter().position(|f| f == name)
    }

    /// Binds the arguments of a call to the fields; `None` where Python would raise.
    pub fn bind(&self, args: usize, keywords: &[(String, Expr)]) -> Option<Vec<FieldSource>> {
        if args > self.class.fields.len() || keywords.iter().any(|(k, _)| self.field(k).is_none()) {
            return None;
        }
        let source = |(i, field): (usize, &String)| {
            let by_name = keywords.iter().position(|(k, _)| k == field);
            match (i < args, by_name) {
                (true, None) => Some(FieldSource::Positional(i)),
                (true, Some(_)) => None,
                (false, Some(k)) => Some(FieldSource::Keyword(k)),
                (false, None) => self.defaults[i].is_some().then_some(FieldSource::Default),
            }
        };
        self.class.fields.iter().enumerate().map(source).collect()
    }
}

impl Program<'_> {
    /// The class that a global name of a module is, if it is one of these.
    pub fn named(&self, module: &str, name: &str) -> Option<NamedDef> {
        self.lookups.named(module, name, || self.named_within(module, name, 0))
    }

    /// The same, where the class's text has nothing of its own under a name that all of them have.
    pub fn named_with(&self, module: &str, name: &str, attribute: &str) -> Option<NamedDef> {
        let def = self.named(module, name)?;
        self.member_of(&def.class.as_object(), attribute).is_none().then_some(def)
    }

    fn named_within(&self, module: &str, name: &str, depth: usize) -> Option<NamedDef> {
        let (home, binding) = self.binding(module, name)?;
        let own = self.name_in(module, &home, name);
        let (_, env) = self.modules.module(&home)?;
        let mut def = match &binding {
            Binding::Value(value) => made_by_call(env, &home, value)?,
            Binding::Class if depth < 4 => {
                let class = env.classes.get(&own)?;
                let base = class.bases.first()?;
                if !class.keywords.is_empty() || class.body.iter().any(changes_behaviour) {
                    return None;
                }
                match &base.kind {
                    _ if is_library(env, base, "typing", "NamedTuple") => by_annotations(&home, &class.body)?,
                    A::Call { .. } => made_by_call(env, &home, base)?,
                    A::Name(base) => self.named_within(&home, base, depth + 1)?,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let fields = def.class.fields.clone();
        if fields.is_empty() || fields.len() > MAX_TUPLE {
            return None;
        }
        let mut instead = def.class.own.clone();
        if let Some(class) = env.classes.get(&own).filter(|_| matches!(binding, Binding::Class)) {
            let has = |name: &&str| class.body.iter().any(|stmt| binds(stmt, &|n| n == *name));
            instead.extend(OWN.iter().filter(|name| has(name)));
            instead.sort_unstable();
            instead.dedup();
            def.constructs |= class.body.iter().any(|stmt| binds(stmt, &|n| CONSTRUCTING.contains(&n)));
        }
        def.class = Arc::new(NamedClass { module: home, name: own, fields, own: instead });
        Some(def)
    }

    /// The class, which is one of these, and those above it that the project defines. What stands behind `tuple` may be
    /// among them: which function it is, is asked of the class itself.
    pub(super) fn named_order(&self, class: &ObjectClass) -> Option<Vec<ObjectClass>> {
        self.named(&class.module, &class.name)?;
        let mut out: Vec<ObjectClass> = Vec::new();
        let mut waiting = vec![class.clone()];
        while let Some(class) = waiting.pop().filter(|_| out.len() < MAX_ABOVE) {
            out.retain(|c| !c.is(&class));
            let bases = self.class_def(&class).map_or(&[][..], |def| &def.bases);
            for base in bases.iter().rev() {
                if let A::Name(base) = &base.kind
                    && let Some((home, Binding::Class)) = self.binding(&class.module, base)
                {
                    let name = self.name_in(&class.module, &home, base);
                    waiting.push(ObjectClass::new(home, name));
                }
            }
            out.push(class);
        }
        Some(out)
    }

    /// The operators that the class's text has.
    pub fn operators_of_named(&self, class: &NamedClass) -> Vec<&'static str> {
        let object = class.as_object();
        let numbers = NUMBERS.iter().copied().filter(|name| self.member_of(&object, name).is_some());
        numbers.chain(class.own.iter().copied()).collect()
    }

    /// The type of an instance that Python hands over, where annotations tell the types of its fields.
    pub fn annotated(&self, dotted: &str) -> Option<Type> {
        let (module, name) = dotted.rsplit_once('.')?;
        let def = self.named(module, name).filter(|d| d.class.module == module && d.class.name == name)?;
        let items = def.annotations.iter().map(|a| annotation::read(a.as_ref()?)).collect::<Option<_>>()?;
        Some(Type::Named { class: def.class, items })
    }

    /// The type of an instance whose fields were seen to have these types.
    pub fn recorded(&self, dotted: &str, items: Vec<Type>) -> Option<Type> {
        let (module, name) = dotted.rsplit_once('.')?;
        let def = self.named(module, name).filter(|d| d.class.module == module && d.class.name == name)?;
        (items.len() == def.class.fields.len()).then_some(Type::Named { class: def.class, items })
    }
}

/// `namedtuple("Point", "x y", defaults=(0,))`, `NamedTuple("Point", [("x", int)])`
fn made_by_call(env: &ModuleEnv, home: &str, call: &ast::Expr) -> Option<NamedDef> {
    let A::Call { func, args, keywords } = &call.kind else { return None };
    let typed = is_library(env, func, "typing", "NamedTuple");
    if !typed && !is_library(env, func, "collections", "namedtuple") {
        return None;
    }
    let [_, fields] = args.as_slice() else { return None };
    let mut annotations = Vec::new();
    let fields: Vec<String> = match &fields.kind {
        A::Constant(Constant::Str(text)) if !typed => {
            text.replace(',', " ").split_whitespace().map(str::to_string).collect()
        }
        A::List(items) | A::Tuple(items) if typed => {
            let mut names = Vec::new();
            for item in items {
                let A::Tuple(pair) = &item.kind else { return None };
                let [name, annotation] = pair.as_slice() else { return None };
                names.push(text_of(name)?);
                annotations.push(Some(annotation.clone()));
            }
            names
        }
        A::List(items) | A::Tuple(items) => items.iter().map(text_of).collect::<Option<_>>()?,
        _ => return None,
    };
    let mut defaults = vec![None; fields.len()];
    for keyword in keywords {
        match (keyword.name.as_deref()?, &keyword.value.kind) {
            ("module", _) => {}
            ("defaults", A::Tuple(items) | A::List(items)) if items.len() <= fields.len() => {
                let first = fields.len() - items.len();
                defaults[first..].iter_mut().zip(items).for_each(|(slot, e)| *slot = Some(e.clone()));
            }
            _ => return None,
        }
    }
    annotations.resize(fields.len(), None);
    Some(definition(home, fields, defaults, annotations))
}

/// The fields of `class Point(NamedTuple): x: int = 0`.
fn by_annotations(home: &str, body: &[Stmt]) -> Option<NamedDef> {
    let (mut fields, mut defaults, mut annotations) = (Vec::new(), Vec::new(), Vec::new());
    for stmt in body {
        match &stmt.kind {
            StmtKind::AnnAssign { target, annotation, value, .. } => {
                let A::Name(name) = &target.kind else { return None };
                fields.push(name.clone());
                defaults.push(value.clone());
                annotations.push(Some(annotation.clone()));
            }
            StmtKind::Expr(_) | StmtKind::FunctionDef(_) | StmtKind::Pass | StmtKind::Assign { .. } => {}
            _ => return None,
        }
    }
    Some(definition(home, fields, defaults, annotations))
}

fn definition(
    home: &str,
    fields: Vec<String>,
    defaults: Vec<Option<ast::Expr>>,
    annotations: Vec<Option<ast::Expr>>,
) -> NamedDef {
    let class =
        Arc::new(NamedClass { module: home.to_string(), name: String::new(), fields, own: Vec::new() });
    NamedDef { class, defaults, annotations, home: home.to_string(), constructs: false }
}

/// Operators that tuples have not, or not in the place where the interpreter asks first.
const NUMBERS: &[&str] = &[
    "__abs__",
    "__add__",
    "__and__",
    "__floordiv__",
    "__invert__",
    "__lshift__",
    "__matmul__",
    "__mod__",
    "__mul__",
    "__neg__",
    "__or__",
    "__pos__",
    "__pow__",
    "__radd__",
    "__rand__",
    "__rfloordiv__",
    "__rlshift__",
    "__rmatmul__",
    "__rmod__",
    "__rmul__",
    "__ror__",
    "__rpow__",
    "__rrshift__",
    "__rshift__",
    "__rsub__",
    "__rtruediv__",
    "__rxor__",
    "__sub__",
    "__truediv__",
    "__xor__",
];

/// What tuples have as well: operations call these where a class has them.
const OWN: &[&str] =
    &["__contains__", "__eq__", "__ge__", "__gt__", "__hash__", "__le__", "__lt__", "__ne__"];

/// What runs when the class is called.
const CONSTRUCTING: &[&str] = &["__new__", "__init__"];

/// What no operation of tuples asks for: texts, pickles and copies, and what Python 2 had.
const HARMLESS: &[&str] = &[
    "__cmp__",
    "__copy__",
    "__deepcopy__",
    "__div__",
    "__doc__",
    "__format__",
    "__getnewargs__",
    "__getnewargs_ex__",
    "__getstate__",
    "__match_args__",
    "__module__",
    "__nonzero__",
    "__reduce__",
    "__reduce_ex__",
    "__repr__",
    "__setstate__",
    "__sizeof__",
    "__slots__",
    "__str__",
    "__unicode__",
];

/// Does the statement of a class body make instances other than tuples with names?
fn changes_behaviour(stmt: &Stmt) -> bool {
    let changes = |name: &str| {
        let special = name.starts_with("__") && name.ends_with("__");
        special && ![HARMLESS, NUMBERS, OWN, CONSTRUCTING].iter().any(|known| known.contains(&name))
    };
    match &stmt.kind {
        StmtKind::FunctionDef(_) | StmtKind::Assign { .. } => binds(stmt, &changes),
        StmtKind::AnnAssign { .. } | StmtKind::Expr(_) | StmtKind::Pass => false,
        _ => true,
    }
}

/// Does the statement of a class body bind such a name?
fn binds(stmt: &Stmt, is_named: &dyn Fn(&str) -> bool) -> bool {
    match &stmt.kind {
        StmtKind::FunctionDef(def) => is_named(&def.name),
        StmtKind::Assign { targets, .. } => {
            targets.iter().any(|t| matches!(&t.kind, A::Name(name) if is_named(name)))
        }
        _ => false,
    }
}

fn text_of(e: &ast::Expr) -> Option<String> {
    match &e.kind {
        A::Constant(Constant::Str(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Does the expression name that function or class of a module?
pub(super) fn is_library(env: &ModuleEnv, e: &ast::Expr, module: &str, attr: &str) -> bool {
    match &e.kind {
        A::Name(name) => matches!(env.bindings.get(name),
            Some(Binding::Imported { module: m, name: n }) if m == module && n == attr),
        A::Attribute { value, name } if name == attr => {
            let A::Name(global) = &value.kind else { return false };
            matches!(env.bindings.get(global), Some(Binding::Module(m)) if m == module)
        }
        _ => false,
    }
}

impl Infer<'_, '_> {
    /// A call of the class: an instance.
    pub(super) fn make_named(
        &mut self,
        e: &Expr,
        def: &NamedDef,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let given: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        let by_name: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        if def.constructs {
            let message = format!("`{}` makes its instances by a method of its own", def.class.name);
            return self.refuse("PYR0335", e.span, message);
        }
        let Some(sources) = def.bind(given.len(), keywords) else {
            let message = format!("these arguments do not fit the fields of `{}`", def.class.name);
            return self.refuse("PYR0335", e.span, message);
        };
        let mut items = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            items.push(match source {
                FieldSource::Positional(k) => given[*k].clone(),
                FieldSource::Keyword(k) => by_name[*k].clone(),
                FieldSource::Default => {
                    let ty = self.field_default(def, i);
                    // The empty tuple fits any.
                    if ty.has_never() && !matches!(ty, Type::VarTuple(_)) {
                        let field = &def.class.fields[i];
                        let message = format!("the type of the default of `{field}` is not known");
                        return self.refuse("PYR0335", e.span, message);
                    }
                    self.state.solver.absorb(&Ty::Never, &ty)
                }
            });
        }
        Ty::Named(def.class.clone(), items)
    }

    fn field_default(&mut self, def: &NamedDef, index: usize) -> Type {
        let Some((file, env)) = self.program.modules.module(&def.home) else { return Type::Never };
        let Some(value) = &def.defaults[index] else { return Type::Never };
        let key = format!("<default {} of {}>", def.class.fields[index], def.class.name);
        let func = FuncRef { module: def.home.clone(), qualname: key.clone() };
        if !self.program.lowered.contains_key(&func) {
            let lowered = crate::lower::lower_value(file, env, &key, value).map(std::sync::Arc::new);
            self.program.lowered.insert(func.clone(), lowered);
        }
        self.program.constant_type(&func).map_or(Type::Never, |t| long_tuples(&in_python(&t)))
    }

    /// The operands of an operator of tuples; nothing where one of them has a method for it that does not settle it.
    pub(super) fn opened_pair(&mut self, e: &Expr, op: BinOp, l: &Ty, r: &Ty) -> Option<(Ty, Ty)> {
        for member in l.members().iter().chain(r.members()) {
            if let Ty::Named(class, _) = member
                && self.program.has_numbers(class, op)
            {
                let message = format!("an operator of `{}` and `{}`", self.show(l), self.show(r));
                self.refuse("PYR0401", e.span, message);
                return None;
            }
        }
        Some((self.opened(l), self.opened(r)))
    }

    /// `value.name`, `value.name(…)`: a property or a method that the class's text has.
    pub(super) fn own_of_named(
        &mut self,
        e: &Expr,
        member: &Ty,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let Ty::Named(class, _) = member else { return None };
        let class = class.as_object();
        let read = name.strip_prefix("attribute ");
        let name = read.unwrap_or(name);
        let method = self.program.method_of(&class, name)?;
        if method.kind == MethodKind::Cached || (method.kind == MethodKind::Property) != read.is_some() {
            return None;
        }
        let given: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        Some(self.method_call(e, (&class, name, &method), member, given, keywords))
    }

    /// Named tuples as the tuples of their fields, members of enumerations as the numbers and texts that they are.
    pub(super) fn opened(&mut self, ty: &Ty) -> Ty {
        self.opened_for(ty, "")
    }

    /// The same for the operands of a comparison: what a method of the class answers stays as it is.
    pub(super) fn opened_for(&mut self, ty: &Ty, op: &str) -> Ty {
        if !ty.has_named() && !self.program.has_standing(ty) {
            return ty.clone();
        }
        let mut out = Ty::Never;
        for member in ty.members() {
            let member = match member {
                Ty::Named(class, items) if !class.compares_itself(op) => {
                    Ty::Tuple(items.clone(), Origin::Native)
                }
                Ty::Instance(class) => match self.program.stands_for(class) {
                    Some(Type::Int) => Ty::Int,
                    Some(_) => Ty::Str,
                    None => member.clone(),
                },
                other => other.clone(),
            };
            out = self.state.solver.join(&out, &member);
        }
        out
    }

    /// `Point._fields` of a class that is a global.
    pub(super) fn names_of_class(&mut self, global: &str) -> Option<Ty> {
        let def = self.program.named_with(&self.func.module, global, NAMES)?;
        self.guards.insert(Guard::Value(global.to_string()));
        Some(names_of(&def.class))
    }

    /// The same where that is a method of it, `Point._make(items)`, and `Point(*items)`.
    pub(super) fn of_named_class(&mut self, e: &Expr, global: &str, name: &str, args: &[Expr]) -> Option<Ty> {
        if name.strip_prefix("attribute ") == Some(NAMES) {
            return self.names_of_class(global);
        }
        let ([items], MAKE | MAKE_ALL) = (args, name) else { return None };
        let Some(def) = self.program.named_with(&self.func.module, global, name) else {
            let all = name == MAKE_ALL;
            return all.then(|| self.refuse("PYR0324", e.span, "`*` in a call is not supported"));
        };
        self.guards.insert(Guard::Value(global.to_string()));
        let ty = self.expr(items);
        if def.constructs && name == MAKE_ALL {
            let message = format!("`{}` makes its instances by a method of its own", def.class.name);
            return Some(self.refuse("PYR0335", e.span, message));
        }
        let count = def.class.fields.len();
        let items = match self.opened(&ty) {
            Ty::Never => return Some(Ty::Never),
            Ty::Tuple(items, _) if items.len() == count => items,
            Ty::List(c) => vec![self.state.solver.get(self.state.solver.elem(c)); count],
            Ty::VarTuple(v) => vec![self.state.solver.get(v); count],
            other => {
                let message = format!("`{}` of the items of `{}`", def.class.name, self.show(&other));
                return Some(self.refuse("PYR0335", e.span, message));
            }
        };
        Some(Ty::Named(def.class, items))
    }

    /// An attribute of a named tuple: a field.
    pub(super) fn field(&mut self, member: &Ty, name: &str) -> Option<Ty> {
        let Ty::Named(class, items) = member else { return None };
        if name == NAMES && self.program.member_of(&class.as_object(), NAMES).is_none() {
            return Some(names_of(class));
        }
        let at = class.fields.iter().position(|f| f == name)?;
        Some(items[at].clone())
    }

    /// `_replace` and `_asdict`; `None` for other methods, and for arguments that Python does not take.
    pub(super) fn named_method(
        &mut self,
        e: &Expr,
        member: &Ty,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let Ty::Named(class, items) = member else { return None };
        match (name, args) {
            ("_replace", []) => {
                let mut items = items.clone();
                for (field, value) in keywords {
                    let at = class.fields.iter().position(|f| f == field)?;
                    items[at] = self.expr(value);
                }
                Some(Ty::Named(class.clone(), items))
            }
            ("_asdict", []) if keywords.is_empty() => {
                let cell = self.site(e.id, 50);
                let (key, value) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                self.state.solver.flow(&Ty::Str, key);
                items.iter().for_each(|item| self.state.solver.flow(item, value));
                Some(Ty::Dict(cell, crate::ty::DictKind::Plain))
            }
            _ => None,
        }
    }
}
