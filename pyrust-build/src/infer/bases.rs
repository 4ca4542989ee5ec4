//! Classes of the project that are derived from `list` or `dict` (`class Stack(list)`).
//!
//! An instance is one object; what the builtin class has of it is read like an attribute, which gives the same object as a
//! list or a dict. Where an operation or a method is the one that the builtin class has, `settled` puts that reading around
//! the operand, so that no later stage knows of such classes:
//!
//! ```text
//! self.append(x)       →  self.[:append].append(x)
//! for x in self        →  for x in self.[iter]
//! super().append(x)    →  self.[super Stack push append].append(x)
//! ```
//!
//! The name says what must be the builtin class's own when the call gets there: the runtime asks the class. The types of the
//! items are those of an attribute, which no program can name.

mod settle;

use std::sync::Arc;

use super::named::is_library;
use super::solver::Ty;
use super::{Infer, Program, annotation};
use crate::ast::{self, ExprKind as A};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::Expr;
use crate::lower::above::Above;
use crate::resolve::ModuleEnv;
use crate::ty::{Base, ObjectClass, Type};

/// The attribute that stands for the items, also in manifests: instances have nothing of that name.
pub const ITEMS: &str = "__iter__";

/// What is read of an instance, and what must be as the builtin class has it.
pub(crate) enum Part<'n> {
    /// An operation; one of [`KEPT`].
    Kept(&'n str),
    /// A method that the instance may hide.
    Method(&'n str),
    /// What `super()` finds.
    Above(Above<'n>),
    /// `list.append(instance, x)`: nothing.
    Own,
}

/// Operations, and the methods of the class that Python asks for them.
pub const KEPT: &[(&str, &[&str])] = &[
    ("len", &["__len__"]),
    ("each", &["__iter__"]),
    // Where many items are taken at once the length is asked for, too.
    ("iter", &["__iter__", "__len__", "__length_hint__"]),
    ("reversed", &["__reversed__", "__len__", "__length_hint__"]),
    ("get", &["__getitem__", "__missing__"]),
    ("found", &["__getitem__"]),
    ("set", &["__setitem__", "__delitem__"]),
    ("changed", &["__getitem__", "__missing__", "__setitem__", "__delitem__"]),
    ("in", &["__contains__"]),
    ("truth", &["__bool__", "__len__"]),
    ("compared", &["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"]),
    ("joined", &["__add__", "__radd__", "__mul__", "__rmul__", "__or__", "__ror__"]),
];

/// The methods of the class that an operation asks for.
pub(super) fn asked(operation: &str) -> &'static [&'static str] {
    KEPT.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, methods)| methods)
}

const OF_LIST: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
const OF_DICT: &[&str] =
    &["clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

/// The methods of the builtin class that are called by their names.
pub(super) fn methods(base: Base) -> &'static [&'static str] {
    match base {
        Base::List => OF_LIST,
        Base::Dict => OF_DICT,
    }
}

impl Part<'_> {
    /// Of the name of an attribute.
    pub(crate) fn of(name: &str) -> Option<Part<'_>> {
        let name = name.strip_prefix('[')?.strip_suffix(']')?;
        Some(match name.strip_prefix(':') {
            Some(method) => Part::Method(method),
            None if name == "own" => Part::Own,
            None => match Above::of(name) {
                Some(above) => Part::Above(above),
                None => Part::Kept(name),
            },
        })
    }
}

/// The builtin class, if a base is one of these.
pub(super) fn builtin(env: &ModuleEnv, base: &ast::Expr) -> Option<Base> {
    let (named, given) = match &base.kind {
        A::Subscript { value, .. } => (&**value, true),
        _ => (base, false),
    };
    let builtin =
        |name: &str| matches!(&named.kind, A::Name(n) if n == name) && !env.bindings.contains_key(name);
    let known =
        |name: &str, typing: &str| builtin(name) || (given && is_library(env, named, "typing", typing));
    if known("list", "List") {
        return Some(Base::List);
    }
    known("dict", "Dict").then_some(Base::Dict)
}

impl Program<'_> {
    /// The class above this one, or this one, that is derived from the builtin class itself.
    pub(super) fn derived(&self, class: &ObjectClass) -> Option<ObjectClass> {
        let is_derived = |class: &ObjectClass| {
            let Some((_, env)) = self.modules.module(&class.module) else { return false };
            self.class_def(class).is_some_and(|def| def.bases.iter().any(|base| builtin(env, base).is_some()))
        };
        self.order(class)?.into_iter().find(is_derived)
    }

    /// What the text says of the items.
    pub(super) fn learn_items(&mut self, class: &ObjectClass, def: &ast::ClassDef) {
        for base in &def.bases {
            let Some((_, env)) = self.modules.module(&class.module) else { return };
            let Some(kind) = builtin(env, base) else { continue };
            let told = match &base.kind {
                A::Subscript { .. } => self.annotated_type(&class.module, base),
                _ => None,
            };
            let bare = match kind {
                Base::List => Type::List { elem: Box::new(Type::Never), in_place: true },
                Base::Dict => Type::Dict {
                    key: Box::new(Type::Never),
                    value: Box::new(Type::Never),
                    in_place: true,
                    kind: crate::ty::DictKind::Plain,
                },
            };
            self.is_seen(class, ITEMS, Some(told.or_else(|| annotation::bare(base)).unwrap_or(bare)));
        }
    }

    /// The instance as the list or the dict that it is.
    pub fn items_type(&self, class: &ObjectClass) -> Type {
        self.attributes.get(&self.attribute_key(class, ITEMS)).cloned().unwrap_or(Type::Never)
    }

    /// Has no class of the text, up to the builtin one, any of these?
    pub(super) fn keeps(&self, class: &ObjectClass, names: &[&str]) -> bool {
        class.base.container.is_some() && names.iter().all(|name| self.member_of(class, name).is_none())
    }
}

impl Infer<'_, '_> {
    /// An instance as the list or the dict that it is.
    pub(super) fn builtin_part(&mut self, e: &Expr, class: &Arc<ObjectClass>, part: &Part<'_>) -> Ty {
        if class.base.container.is_none() {
            return self.refuse("PYR0401", e.span, format!("`{}` is derived from no container", class.name));
        }
        if let Part::Above(above) = part
            && self.program.object_class(&self.func.module, above.class).is_none()
        {
            let message =
                format!("`super()` in `{}`, whose bases are not all known, is not supported", above.class);
            return self.refuse("PYR0336", e.span, message);
        }
        self.program.ask(class, ITEMS);
        let var = self.attribute_var(class, ITEMS);
        let ty = self.state.solver.get(var);
        if self.report && self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            let message =
                format!("the types of the items of `{}.{}` are not known", class.module, class.name);
            let help = "profile with tests that use it (`pytest --pyrust-profile` records what instances hold), or write \
                        them behind the base, such as `list[int]`";
            self.refused(Diagnostic::new("PYR0321", Severity::Note, message).help(help), e.span);
        }
        ty
    }

    /// A call of such a class, which has no `__init__` of its own: what is given goes in.
    pub(super) fn make_filled(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let instance = Ty::Instance(class.clone());
        if args.len() > 1 || !keywords.is_empty() || self.program.is_decorated(class) {
            let message = format!("this way of making an instance of `{}` is not supported", class.name);
            return self.refuse("PYR0335", e.span, message);
        }
        if let [items] = args {
            let given = self.expr(items);
            let var = self.attribute_var(class, ITEMS);
            let own = self.state.solver.get(var);
            let taken = match &own {
                _ if given == Ty::Never => true,
                Ty::List(cell) if self.extend_list(*cell, &given) => true,
                Ty::List(_) => {
                    let is_list = |m: &Ty| matches!(m, Ty::List(_) | Ty::View(_));
                    given.members().iter().all(is_list)
                        && self.apply("list.extend", e.id, 0, e.span, &[own.clone(), given]) != Ty::Never
                }
                Ty::Dict(cell, _) if !given.members().iter().any(|m| matches!(m, Ty::Dict(..))) => {
                    let cell = *cell;
                    given.members().iter().all(|m| {
                        super::iter::is_iterable(m) && {
                            let pair = self.element_type(m);
                            self.update_pairs(cell, &pair)
                        }
                    })
                }
                Ty::Dict(..) => {
                    given.members().iter().all(|m| matches!(m, Ty::Dict(..)))
                        && self.apply("dict.update", e.id, 0, e.span, &[own.clone(), given]) != Ty::Never
                }
                _ => false,
            };
            if !taken {
                let message = format!("`{}` of `{}` is not supported", class.name, self.show(&own));
                return self.refuse("PYR0335", e.span, message);
            }
        }
        let slot = self.state.nodes[e.id];
        self.state.solver.flow(&instance, slot);
        instance
    }
}
