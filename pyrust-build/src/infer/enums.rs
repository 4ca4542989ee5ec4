//! Enumerations that the project defines: what the text says of their members, and where members are found.
//!
//! A member is an instance of its class. What `value` and `name` read stands in the instance; that the library's own
//! descriptors and methods are the ones that are asked is a guard on the name of the class (`value Color`, `members
//! Color`, `lookup Color`).

use std::sync::Arc;

use super::named::is_library;
use super::solver::Ty;
use super::{Guard, Infer, Program};
use crate::ast::{self, ExprKind as A, StmtKind as S};
use crate::hir::Expr;
use crate::resolve::{Binding, ModuleEnv, mangled};
use crate::ty::{DictKind, ObjectClass, Origin, Type};
use crate::walk::each_statement;

/// What a guard asks of the class: that `value` and `name` of its members are `enum`'s.
pub const VALUE: &str = "value";
/// That going through the class and `len` of it are.
pub const MEMBERS: &str = "members";
/// That a call of the class, an index and `in` are.
pub const LOOKUP: &str = "lookup";

/// What instances keep what `value` and `name` say.
pub(super) const KEPT: &[&str] = &["_value_", "_name_"];

/// What members are, besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Itself,
    Number,
    Text,
}

/// Methods of a class that change nothing of what a number or a text does.
const HARMLESS: &[&str] =
    &["__str__", "__repr__", "__format__", "__new__", "__init__", "__doc__", "__module__"];

/// A class that `enum` has for others to be derived from, as far as members are understood.
pub(super) fn is_base(env: &ModuleEnv, base: &ast::Expr) -> bool {
    stands_as(env, base).is_some()
}

fn stands_as(env: &ModuleEnv, base: &ast::Expr) -> Option<Stands> {
    const BASES: &[(&str, Stands)] = &[
        ("Enum", Stands::Itself),
        ("ReprEnum", Stands::Itself),
        ("IntEnum", Stands::Number),
        ("StrEnum", Stands::Text),
    ];
    BASES.iter().find(|(name, _)| is_library(env, base, "enum", name)).map(|(_, stands)| *stands)
}

/// What must hold of the class, in its own module.
pub fn guard(class: &ObjectClass, role: &str) -> Guard {
    let guard = Box::new(Guard::Value(format!("{role} {}", class.name)));
    Guard::Elsewhere { module: class.module.clone(), guard }
}

/// The name of a class in a name that stands for something of it.
pub fn asked<'n>(name: &'n str, role: &str) -> Option<&'n str> {
    name.strip_prefix(role)?.strip_prefix(' ')
}

/// A name in the body of an enumeration that is no member's.
fn is_special(name: &str) -> bool {
    name.starts_with('_') && name.ends_with('_')
}

impl Program<'_> {
    /// Is one of the classes that the definition names an enumeration?
    pub(super) fn has_members(&self, module: &str, def: &ast::ClassDef) -> bool {
        let Some((_, env)) = self.modules.module(module) else { return false };
        def.bases.iter().any(|base| is_base(env, base) || self.enumeration_above(module, base, 16).is_some())
    }

    fn enumeration_above(&self, module: &str, base: &ast::Expr, depth: usize) -> Option<Stands> {
        let A::Name(name) = &base.kind else { return None };
        let (home, Binding::Class) = self.binding(module, name)? else { return None };
        let own = self.name_in(module, &home, name);
        self.enumeration_in(&home, &own, depth.checked_sub(1)?)
    }

    fn enumeration_in(&self, module: &str, name: &str, depth: usize) -> Option<Stands> {
        let (_, env) = self.modules.module(module)?;
        let def = env.all_classes.get(name)?;
        let (mut found, mut other) = (None, Stands::Itself);
        for base in &def.bases {
            let known = stands_as(env, base).or_else(|| self.enumeration_above(module, base, depth));
            if known.is_some_and(|k| k != Stands::Itself) || found.is_none() {
                found = known.or(found);
            }
            match &base.kind {
                A::Name(name) if name == "int" && !self.binds(module, name) => other = Stands::Number,
                A::Name(name) if name == "str" && !self.binds(module, name) => other = Stands::Text,
                _ => {}
            }
        }
        found.map(|found| if found == Stands::Itself { other } else { found })
    }

    /// What the members of the class are besides; `None` for a class that is no enumeration.
    pub fn enumeration(&self, class: &ObjectClass) -> Option<Stands> {
        self.lookups.enumeration(class, || self.enumeration_in(&class.module, &class.name, 16))
    }

    /// The same, where no method of the class changes what a number or a text does.
    pub fn stands_for(&self, class: &ObjectClass) -> Option<Type> {
        let ty = match self.enumeration(class)? {
            Stands::Itself => return None,
            Stands::Number => Type::Int,
            Stands::Text => Type::Str,
        };
        let changes = |def: &ast::ClassDef| {
            let special =
                |name: &str| is_special(name) && name.starts_with("__") && !HARMLESS.contains(&name);
            def.body.iter().any(|stmt| match &stmt.kind {
                S::FunctionDef(f) => special(&f.name),
                S::Assign { targets, .. } => {
                    targets.iter().any(|t| matches!(&t.kind, A::Name(name) if special(name)))
                }
                _ => false,
            })
        };
        let order = self.order(class)?;
        let plain = order.iter().all(|c| self.class_def(c).is_some_and(|def| !changes(def)));
        plain.then_some(ty)
    }

    /// As operations of tuples, numbers and texts see it: named tuples are tuples of their fields, members of such
    /// enumerations what they stand for.
    pub fn opened(&self, ty: &Type) -> Type {
        self.opened_for(ty, "")
    }

    /// The same for the operands of a comparison: what a method of the class answers stays as it is.
    pub fn opened_for(&self, ty: &Type, op: &str) -> Type {
        match ty {
            Type::Named { class, items } if !class.compares_itself(op) => {
                Type::Tuple { items: items.clone(), origin: Origin::Native }
            }
            Type::Instance(class) => self.stands_for(class).unwrap_or_else(|| ty.clone()),
            Type::Union(members) => members
                .iter()
                .map(|m| self.opened_for(m, op))
                .fold(Type::Never, |acc, t| Type::join(&acc, &t)),
            other => other.clone(),
        }
    }

    /// The operands of a table operation that count as the number or the text that they are besides. Where the operand
    /// itself, or what its class writes of it, would come out, there are none.
    pub fn opened_operands(&self, name: &str, types: &[Type]) -> Vec<usize> {
        const NUMBERS: &[&str] =
            &["int", "float", "abs", "round", "divmod", "pow", "chr", "hash", "complex", "bool"];
        let stands = |at: usize| match types.get(at) {
            Some(Type::Instance(class)) => self.stands_for(class),
            _ => None,
        };
        // Is what is looked for compared with members, or with more than one kind of thing?
        let holds = |ty: &Type| ty.any(&|t| matches!(t, Type::Instance(_) | Type::Obj | Type::Union(_)));
        let compares = |ty: &Type| match ty {
            Type::Dict { key, .. } => holds(key),
            other => holds(other),
        };
        match name {
            // What is looked for; not in what is equal to members.
            "in" if stands(0).is_some() && types.get(1).is_some_and(|t| !compares(t)) => vec![0],
            "setitem"
                if stands(1).is_some()
                    && matches!(types[0], Type::List { .. } | Type::ByteArray | Type::Packed(_)) =>
            {
                vec![1]
            }
            "dict.get" | "list.count" if stands(1).is_some() && !compares(&types[0]) => vec![1],
            // A `KeyError` would say the member (see `Func::row`), and some dicts take the key.
            "getitem"
                if stands(1).is_some()
                    && matches!(types[0], Type::Dict { kind: DictKind::Plain, .. })
                    && !compares(&types[0]) =>
            {
                vec![1]
            }
            "len" if stands(0) == Some(Type::Str) => vec![0],
            _ if NUMBERS.contains(&name) || name.starts_with("math.") => {
                (0..types.len()).filter(|at| stands(*at) == Some(Type::Int)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Has the type instances that are numbers or texts?
    pub(super) fn has_standing(&self, ty: &Ty) -> bool {
        ty.members().iter().any(|m| matches!(m, Ty::Instance(class) if self.stands_for(class).is_some()))
    }

    /// Where a member keeps what an attribute of it reads.
    pub fn kept_of_member(&self, class: &ObjectClass, name: &str) -> Option<&'static str> {
        let kept = match name {
            "value" => "_value_",
            "name" => "_name_",
            _ => return None,
        };
        (self.enumeration(class).is_some() && self.member_of(class, name).is_none()).then_some(kept)
    }

    /// The enumeration that a global of the module is.
    pub fn enumeration_named(&self, module: &str, name: &str) -> Option<Arc<ObjectClass>> {
        if self.is_assigned(module, name) {
            return None;
        }
        self.object_class(module, name).filter(|class| self.enumeration(class).is_some())
    }

    /// The values that the body of the class writes down for its members.
    fn written_members(def: &ast::ClassDef) -> Vec<(&str, &ast::Expr)> {
        let mut out = Vec::new();
        for stmt in &def.body {
            let S::Assign { targets, value } = &stmt.kind else { continue };
            for target in targets {
                if let A::Name(name) = &target.kind
                    && !is_special(name)
                    && !matches!(value.kind, A::Lambda { .. })
                    && mangled(&def.name, name) == *name
                {
                    out.push((name.as_str(), value));
                }
            }
        }
        out
    }

    /// The type of the value that is written down for a member.
    fn written_value(&mut self, class: &ObjectClass, name: &str, value: &ast::Expr) -> Option<Type> {
        let (_, env) = self.modules.module(&class.module)?;
        if let A::Call { func, .. } = &value.kind
            && is_library(env, func, "enum", "auto")
        {
            // What the class makes of it the text may say; mostly that is made of the name.
            for above in self.order(class)? {
                let def = self.class_def(&above)?;
                let own = def.body.iter().find_map(|stmt| match &stmt.kind {
                    S::FunctionDef(f) if f.name == "_generate_next_value_" => Some(f),
                    _ => None,
                });
                if let Some(f) = own {
                    let told = f.returns.as_ref().and_then(|r| self.annotated_type(&class.module, r));
                    return told.or(Some(Type::Str));
                }
            }
            return Some(match self.enumeration(class)? {
                Stands::Text => Type::Str,
                _ => Type::Int,
            });
        }
        if let Some(ty) = self.literal_type(&class.module, value) {
            return Some(ty);
        }
        let own = format!("{}.{name}", class.name);
        let binding = env.bindings.get(&own)?.clone();
        let ty = self.assigned_value(&class.module, &own, &binding)?;
        (!ty.has_never()).then_some(ty)
    }

    /// Takes down what `_value_` and `_name_` of the members are.
    pub(super) fn learn_members(&mut self, class: &ObjectClass, def: &ast::ClassDef) {
        let Some(stands) = self.enumeration(class) else { return };
        self.is_seen(class, "_name_", Some(Type::Str));
        let members = Self::written_members(def);
        if self.makes_members(class) {
            let types = self.member_arguments(class, def);
            for (name, ty) in self.made_in_new(class, &types).unwrap_or_default() {
                self.is_seen(class, &name, Some(ty));
            }
            return;
        }
        for (name, value) in members {
            let ty = match stands {
                Stands::Itself => self.written_value(class, name, value),
                Stands::Number => Some(Type::Int),
                Stands::Text => Some(Type::Str),
            };
            self.is_seen(class, "_value_", ty);
        }
    }

    /// Has the class, or one above it, a `__new__`?
    fn makes_members(&self, class: &ObjectClass) -> bool {
        let has = |def: &ast::ClassDef| {
            def.body.iter().any(|s| matches!(&s.kind, S::FunctionDef(f) if f.name == "__new__"))
        };
        let order = self.order(class).unwrap_or_default();
        order.iter().any(|c| self.class_def(c).is_some_and(&has))
    }

    /// What `__new__` assigns to attributes, `_value_` above all.
    fn made_in_new(&mut self, class: &ObjectClass, given: &[Type]) -> Option<Vec<(String, Type)>> {
        for above in self.order(class)? {
            let def = self.class_def(&above)?.clone();
            let new = def.body.iter().find_map(|s| match &s.kind {
                S::FunctionDef(f) if f.name == "__new__" => Some(f),
                _ => None,
            });
            let Some(f) = new else { continue };
            let mut found = Vec::new();
            each_statement(&f.body, &mut |stmt| {
                let S::Assign { targets, value } = &stmt.kind else { return };
                for target in targets {
                    if let A::Attribute { name, .. } = &target.kind {
                        found.push((name.clone(), value.clone()));
                    }
                }
            });
            let mut out = Vec::new();
            for (name, value) in found {
                let ty = match &value.kind {
                    A::Name(param) => {
                        let at = f.params.in_frame_order().position(|p| p.name == *param);
                        at.and_then(|at| given.get(at.checked_sub(1)?).cloned())
                    }
                    _ => self.literal_type(&class.module, &value),
                };
                out.extend(ty.map(|ty| (mangled(&above.name, &name), ty)));
            }
            return Some(out);
        }
        None
    }

    /// The types of what `__new__` and `__init__` are called with for the members.
    fn member_arguments(&mut self, class: &ObjectClass, def: &ast::ClassDef) -> Vec<Type> {
        let mut out: Vec<Type> = Vec::new();
        for (name, value) in Self::written_members(def) {
            let items = match self.written_value(class, name, value) {
                Some(Type::Tuple { items, .. }) => items,
                Some(Type::VarTuple(elem)) => match &value.kind {
                    A::Tuple(items) => vec![*elem; items.len()],
                    _ => continue,
                },
                Some(other) => vec![other],
                None => continue,
            };
            for (at, item) in items.iter().enumerate() {
                match out.get_mut(at) {
                    Some(known) => *known = Type::join(known, item),
                    None => out.push(item.clone()),
                }
            }
        }
        out
    }

    /// The types of the parameters of `__init__`, where nothing else tells.
    pub(super) fn fill_from_members(
        &mut self,
        class: &ObjectClass,
        f: &ast::FunctionDef,
        types: &mut [Option<Type>],
    ) {
        if f.name != "__init__" || self.enumeration(class).is_none() {
            return;
        }
        let Some(def) = self.class_def(class).cloned() else { return };
        let given = self.member_arguments(class, &def);
        for (ty, given) in types.iter_mut().skip(1).zip(given) {
            ty.get_or_insert(given);
        }
    }
}

impl Infer<'_, '_> {
    /// `Color(value)`
    pub(super) fn member_by_value(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        self.guards.insert(guard(class, LOOKUP));
        let known = |m: &Ty| {
            matches!(m, Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Str | Ty::Char | Ty::None | Ty::Never)
                || matches!(m, Ty::Tuple(..) | Ty::Obj | Ty::Instance(_))
        };
        match args {
            [value] if keywords.is_empty() => {
                let ty = self.expr(value);
                if ty.members().iter().all(known) {
                    return Ty::Instance(class.clone());
                }
                let message = format!("looking up a member of `{}` by `{}`", class.name, self.show(&ty));
                self.refuse("PYR0335", e.span, message)
            }
            _ => {
                let message = format!("this way of looking up a member of `{}` is not supported", class.name);
                self.refuse("PYR0335", e.span, message)
            }
        }
    }

    /// `Color[name]`
    pub(super) fn member_by_name(&mut self, e: &Expr, class: &Arc<ObjectClass>, name: &Expr) -> Ty {
        let ty = self.expr(name);
        if !ty.members().iter().all(|m| matches!(m, Ty::Str | Ty::Char | Ty::Never)) {
            let message = format!("looking up a member of `{}` by `{}`", class.name, self.show(&ty));
            return self.refuse("PYR0335", e.span, message);
        }
        Ty::Instance(class.clone())
    }

    /// `member in Color`
    pub(super) fn is_member(&mut self, e: &Expr, class: &Arc<ObjectClass>, member: &Expr) -> Ty {
        let ty = self.expr(member);
        let own = |m: &Ty| matches!(m, Ty::Instance(c) if c == class) || *m == Ty::Never;
        if !ty.members().iter().all(own) {
            let message = format!("`in` of `{}` and `{}`", self.show(&ty), class.name);
            return self.refuse("PYR0401", e.span, message);
        }
        Ty::Bool
    }
}
