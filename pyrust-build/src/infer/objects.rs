//! Instances of classes that the project defines: what the text says of their attributes, and what functions do with
//! them. Nothing of it is trusted: the class is looked at when the code runs, and every value when it is read.

use std::sync::Arc;

use super::beyond::of_any_size;
use super::enums;
use super::lookups::Attribute;
use super::members::{Member, Method, MethodKind};
use super::solver::{Ty, VarId};
use super::value::{Reached, Why};
use super::{ArgSource, FuncRef, Guard, Infer, Program, bases, bind_items, exceptions};
use crate::ast;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{Expr, NodeId, ParamKind};
use crate::lower::context::MANAGER;
use crate::resolve::{Binding, SETTER};
use crate::source::Span;
use crate::ty::{Callee, ObjectClass, Type};

impl Program<'_> {
    /// The class that a name of a module stands for, if instances of it can be understood.
    pub fn object_class(&self, module: &str, name: &str) -> Option<Arc<ObjectClass>> {
        self.lookups.object(module, name, || self.find_object_class(module, name))
    }

    fn find_object_class(&self, module: &str, name: &str) -> Option<Arc<ObjectClass>> {
        if name.contains(' ') {
            return None;
        }
        let (home, Binding::Class) = self.binding(module, name)? else { return None };
        let own = self.name_in(module, &home, name);
        if self.named(&home, &own).is_some() {
            return None;
        }
        let class = ObjectClass::new(home, own);
        let class = self.order(&class)?.into_iter().next()?;
        (!self.is_inner_enumeration(&class)).then(|| Arc::new(class))
    }

    pub(super) fn class_def(&self, class: &ObjectClass) -> Option<&ast::ClassDef> {
        self.modules.module(&class.module)?.1.all_classes.get(&class.name)
    }

    /// The method of the class, written in it, that Python calls for each attribute: nothing of that is native.
    pub(super) fn makes_up_attributes(&self, class: &ObjectClass, writes: bool) -> Option<&'static str> {
        let name = if writes { "__setattr__" } else { "__getattribute__" };
        self.member_of(class, name).map(|_| name)
    }

    /// What comes before an attribute of an instance, or in its place. A dict that is assigned as `__dict__` comes in the
    /// place of all others.
    fn shown_by(&self, class: &ObjectClass, name: &str) -> Option<Member> {
        if name == "__dict__" { Some(Member::Other) } else { self.member_of(class, name) }
    }

    /// Does Python ask the class for attributes that are not there? Those that are there it reads as of any other.
    pub fn is_asked_for_more(&self, class: &ObjectClass) -> bool {
        self.member_of(class, "__getattr__").is_some()
    }

    /// Does the class say itself what its instances are equal to, so that as keys they run its code?
    pub(super) fn hashes_itself(&self, class: &ObjectClass) -> bool {
        ["__eq__", "__hash__"].iter().any(|name| self.member_of(class, name).is_some())
    }

    /// The key under which the types of an attribute are known: shared by all classes below one.
    pub(super) fn attribute_key(&self, class: &ObjectClass, name: &str) -> Attribute {
        self.lookups.attribute(class, name, || self.find_attribute_key(class, name))
    }

    fn find_attribute_key(&self, class: &ObjectClass, name: &str) -> Attribute {
        // Each enumeration has values of its own.
        let root = match enums::KEPT.contains(&name) && self.enumeration(class).is_some() {
            true => None,
            // All classes below the one that is derived from the builtin class have its items.
            false if name == bases::ITEMS => self.derived(class),
            false => self
                .apart(class, name)
                .filter(|_| class.own == 0)
                .or_else(|| self.order(class).and_then(|order| order.into_iter().next_back())),
        };
        let root = root.as_ref().unwrap_or(class);
        // See `own::is_of_objects`.
        let own = if class.own == 0 { String::new() } else { format!(".{}", class.own) };
        Arc::new((root.module.clone(), format!("{}{own}", root.name), name.to_string()))
    }
}

impl Infer<'_, '_> {
    /// What is known of an attribute.
    pub(super) fn attribute_var(&mut self, class: &ObjectClass, name: &str) -> VarId {
        let key = self.program.attribute_key(class, name);
        if let Some(var) = self.state.attributes.get(&key) {
            return *var;
        }
        let ty = self.program.attribute_type(class, name);
        let ty = if self.state.everything && class.own == 0 { of_any_size(&ty) } else { ty };
        let var = self.state.solver.var(Ty::Never);
        self.state.solver.absorb_into(var, &ty);
        if class.own == 0 {
            self.state.solver.mark_var(var);
        }
        self.state.attributes.insert(key, var);
        var
    }

    /// What is known under a key that stands for no attribute of a class.
    pub(super) fn attribute_var_of(&mut self, key: Attribute) -> VarId {
        if let Some(var) = self.state.attributes.get(&key) {
            return *var;
        }
        let var = self.state.solver.var(Ty::Never);
        if let Some(ty) = self.program.attributes.get(&key) {
            self.state.solver.absorb_into(var, ty);
        }
        self.state.attributes.insert(key, var);
        var
    }

    /// What others have found out of attributes meanwhile.
    pub(super) fn recall_attributes(&mut self) {
        let since = std::mem::replace(&mut self.state.recalled_at, self.program.clock);
        if self.program.learned_at <= since {
            return;
        }
        let grown = |key: &Attribute| self.program.grown_at.get(key).is_some_and(|at| *at > since);
        let news: Vec<(Attribute, VarId)> = self
            .state
            .attributes
            .iter()
            .filter(|(key, _)| grown(key))
            .map(|(k, v)| (k.clone(), *v))
            .collect();
        for (key, var) in news {
            if let Some(ty) = self.program.attributes.get(&key).cloned() {
                self.state.solver.absorb_into(var, &ty);
            }
        }
    }

    /// `instance.name`
    pub(super) fn instance_attribute(&mut self, e: &Expr, class: &Arc<ObjectClass>, name: &str) -> Ty {
        if let Some(part) = bases::Part::of(name) {
            return self.builtin_part(e, class, &part);
        }
        if let Some(kept) = self.program.kept_of_member(class, name) {
            self.guards.insert(enums::guard(class, enums::VALUE));
            return self.instance_attribute(e, class, kept);
        }
        if let Some(own) = self.program.makes_up_attributes(class, false) {
            let message =
                format!("reading attributes of `{}`, which has a `{own}`, is not supported", class.name);
            return self.refuse("PYR0321", e.span, message);
        }
        match self.program.shown_by(class, name) {
            Some(Member::Method(method)) if method.kind == MethodKind::Property => {
                return self.instance_call(e, class, name, &method, &[], &[]);
            }
            Some(Member::Method(method)) if method.kind == MethodKind::Cached => {
                return self.cached_attribute(e, class, name, &method);
            }
            Some(Member::Method(method)) if method.kind == MethodKind::Plain => {
                return self.kept_method(class, name, &method);
            }
            Some(Member::Method(_) | Member::Other) => {
                let message =
                    format!("reading `{name}` of `{}.{}` is not supported", class.module, class.name);
                return self.refuse("PYR0321", e.span, message);
            }
            None if class.base.exception && name == exceptions::ARGS => return self.exception_args(class),
            // What the class has where the instance has nothing is one of Python's objects.
            Some(Member::Value) => self.state.solver.give(class),
            None => {}
        }
        self.program.ask(class, name);
        let var = self.attribute_var(class, name);
        let mut ty = self.state.solver.get(var);
        if ty == Ty::Never
            && let Some(computed) = self.program.computed_in_class(class, name)
        {
            self.program.tell(class, name, &computed);
            self.state.solver.absorb_into(var, &computed);
            ty = self.state.solver.get(var);
        }
        if self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            let (of, class) = (class, format!("{}.{}", class.module, class.name));
            if self.report {
                let (message, help) = if self.program.holds_iterator(of, name) {
                    let message =
                        format!("the iterator in the attribute `{name}` of `{class}` is not supported");
                    (message, "keep what it goes through, and the position in that".to_string())
                } else {
                    let message = format!("the type of the attribute `{name}` of `{class}` is not known");
                    let help = format!(
                        "profile with tests that use it (`pytest --pyrust-profile` records what instances hold), or write its type in the class, such as `{name}: list[int]`"
                    );
                    (message, help)
                };
                self.refused(Diagnostic::new("PYR0321", Severity::Note, message).help(help), e.span);
            }
        }
        ty
    }

    /// `instance.name` that is computed where the instance has not got it yet, and then kept in it.
    fn cached_attribute(&mut self, e: &Expr, class: &Arc<ObjectClass>, name: &str, method: &Method) -> Ty {
        self.state.solver.give(class);
        let ty = self.instance_call(e, class, name, method, &[], &[]);
        let var = self.attribute_var(class, name);
        if ty != Ty::Never {
            if !self.fits_attribute(class, &ty) {
                let message = format!("`{}` in an attribute is not supported", self.show(&ty));
                return self.refuse("PYR0321", e.span, message);
            }
            let ty = if ty == Ty::Char { Ty::Str } else { ty };
            self.state.solver.flow(&ty, var);
            self.writes = true;
        }
        if class.own == 0 {
            self.state.solver.mark_var(var);
        }
        self.state.solver.get(var)
    }

    /// Can such a value be one of Python's instance's?
    pub(super) fn fits_attribute(&mut self, class: &ObjectClass, ty: &Ty) -> bool {
        let stays =
            |t: &Type| t.keeps_iter() || t.has_function() || t.loses_function() || t.any(&is_native_only);
        if class.own == 0 {
            self.state.solver.give_all(ty);
        }
        self.state.solver.resolve(ty).is_some_and(|resolved| !stays(&resolved))
    }

    /// `instance.name(…)`; `None` where the class has no such method.
    pub(super) fn instance_method(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let (name, method) = self.program.called_method(class, name)?;
        if let Some(own) = self.program.makes_up_attributes(class, false) {
            let message =
                format!("calling methods of `{}`, which has a `{own}`, is not supported", class.name);
            return Some(self.refuse("PYR0307", e.span, message));
        }
        Some(self.instance_call(e, class, name, &method, args, keywords))
    }

    /// A call of the class.
    pub(super) fn make_instance(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if self.program.enumeration(class).is_some() {
            return self.member_by_value(e, class, args, keywords);
        }
        if self.program.member_of(class, "__new__").is_none()
            && class.base.container.is_none()
            && !class.base.exception
        {
            self.made.insert((class.module.clone(), class.name.clone()));
        }
        let class = &self.kept(e.id, class);
        let instance = Ty::Instance(class.clone());
        if class.base.container.is_some()
            && self.program.member_of(class, "__init__").is_none()
            && self.program.member_of(class, "__new__").is_none()
        {
            return self.make_filled(e, class, args, keywords);
        }
        if class.base.exception && !self.fills_exception(e, class, args, keywords) {
            return Ty::Never;
        }
        if let Some(own) = self.program.makes_up_attributes(class, false) {
            let message =
                format!("making an instance of `{}`, which has a `{own}`, is not supported", class.name);
            return self.refuse("PYR0335", e.span, message);
        }
        if let Some(member) = self.program.member_of(class, "__new__") {
            return self.make_by_new(e, class, &member, args, keywords);
        }
        match self.program.member_of(class, "__init__") {
            Some(Member::Method(mut method)) if method.kind == MethodKind::Plain => {
                method.kind = MethodKind::Special;
                // What the call gives is not what `__init__` returns.
                let given: Vec<Ty> =
                    std::iter::once(instance.clone()).chain(args.iter().map(|a| self.expr(a))).collect();
                let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
                let guard = method_guard(class, "__init__", &method);
                self.guards.insert(Guard::Elsewhere { module: class.module.clone(), guard: Box::new(guard) });
                let slot = self.state.nodes[e.id];
                self.state.solver.flow(&instance, slot);
                match self.bound_call(e, &method.target, &given, keywords, &named, false) {
                    Ok(Some(index)) if self.program.instances[index].ret == Type::None => {
                        let callee =
                            Callee { module: class.module.clone(), name: format!("{}.__init__", class.name) };
                        self.values.entry(e.id).or_default().push(Reached {
                            callee,
                            instance: index,
                            spread: None,
                        });
                        instance
                    }
                    Ok(Some(_) | None) => Ty::Never,
                    Err(why) => self.refuse_call(e, why),
                }
            }
            None if args.is_empty() && keywords.is_empty() && !self.program.is_decorated(class) => instance,
            None if class.base.exception && keywords.is_empty() && !self.program.is_decorated(class) => {
                instance
            }
            _ => {
                let message = format!("this way of making an instance of `{}` is not supported", class.name);
                self.refuse("PYR0335", e.span, message)
            }
        }
    }

    /// A call of a method, for the types that the arguments have.
    pub(super) fn instance_call(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        name: &str,
        method: &Method,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let given: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        self.method_call(e, (class, name, method), &Ty::Instance(class.clone()), given, keywords)
    }

    /// As [`Infer::instance_call`], with the types of the arguments.
    pub(super) fn method_call(
        &mut self,
        e: &Expr,
        (class, name, method): (&Arc<ObjectClass>, &str, &Method),
        receiver: &Ty,
        mut given: Vec<Ty>,
        keywords: &[(String, Expr)],
    ) -> Ty {
        match method.kind {
            MethodKind::Static => {}
            MethodKind::Class if !method.is_of(class, name) => {
                let message = format!("`{name}` of a class above `{}` is not supported", class.name);
                return self.refuse("PYR0307", e.span, message);
            }
            // Nothing is handed over: see `lower::class_methods`.
            MethodKind::Class => given.insert(0, Ty::None),
            _ => given.insert(0, receiver.clone()),
        }
        let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        self.called(class, name);
        let guard = method_guard(class, name, method);
        let guard = Guard::Elsewhere { module: class.module.clone(), guard: Box::new(guard) };
        let callee = Callee { module: class.module.clone(), name: format!("{}.{name}", class.name) };
        match self.bound_call(e, &method.target, &given, keywords, &named, true) {
            Ok(Some(instance)) => {
                self.guards.insert(guard);
                let reached = self.values.entry(e.id).or_default();
                if !reached.iter().any(|r| r.callee == callee) {
                    reached.push(Reached { callee, instance, spread: None });
                }
                let slot = self.state.nodes[e.id];
                self.state.solver.get(slot)
            }
            Ok(None) => Ty::Never,
            Err(why) => self.excuse(e, why),
        }
    }

    /// The instance for a call whose positional arguments have these types.
    pub(super) fn bound_call(
        &mut self,
        e: &Expr,
        target: &FuncRef,
        given: &[Ty],
        keywords: &[(String, Expr)],
        named: &[Ty],
        is_value: bool,
    ) -> Result<Option<usize>, Why> {
        let target = &self.program.for_call(target, given.len(), keywords);
        let hir = self.program.lowered(target).map_err(|reasons| Why::Callee(target.clone(), reasons))?;
        let sources = bind_items(&hir.params, given.len(), keywords)
            .ok_or_else(|| Why::Form(target.qualname.clone()))?;
        let items = hir.params.len() - given.len().min(hir.params.len());
        let star = keywords.iter().position(|(k, _)| k == "*");
        let taken = star.is_some_and(|k| !sources.contains(&ArgSource::Keyword(k)));
        let fits = |ty: &Ty| match ty {
            Ty::VarTuple(_) | Ty::Never => true,
            Ty::Tuple(parts, _) => parts.len() == items,
            _ => false,
        };
        if taken && !star.is_some_and(|k| fits(&named[k])) {
            return Err(Why::Form(target.qualname.clone()));
        }
        let mut types = Vec::new();
        for (source, param) in sources.iter().zip(&hir.params) {
            if let (ArgSource::Keyword(k), ParamKind::VarKeyword) = (source, param.kind)
                && !self.has_names(&named[*k])
            {
                return Err(Why::Form(target.qualname.clone()));
            }
            let passed = self.argument_given(*source, given, named);
            if passed.is_some_and(|ty| self.may_mean_factory(target, &param.name, &ty)) {
                return Err(Why::Form(target.qualname.clone()));
            }
            if matches!(source, ArgSource::Default) {
                let Some(ty) = self.default_given(e, target, &param.name) else {
                    return Err(Why::Form(target.qualname.clone()));
                };
                types.push(ty);
            } else {
                types.push(self.argument(e, *source, given, named));
            }
        }
        match is_value {
            true => self.request_instance(e, target, &types),
            false => self.request_for(e, target, &types),
        }
    }

    /// `instance.name = value`: the value goes where Python's objects are.
    pub(super) fn assign_attribute(
        &mut self,
        base: &Expr,
        (name, generic): (&str, bool),
        span: Span,
        ty: &Ty,
    ) {
        let base_ty = self.expr(base);
        let mut found = base_ty == Ty::Never || self.is_named_of_class(&base_ty, name);
        for member in base_ty.members().to_vec() {
            let Ty::Instance(class) = &member else { continue };
            if !matches!(self.program.shown_by(class, name), None | Some(Member::Value)) {
                continue;
            }
            if let Some(own) = self.program.makes_up_attributes(class, true).filter(|_| !generic) {
                let message = format!(
                    "assigning attributes of `{}`, which has a `{own}`, is not supported",
                    class.name
                );
                self.refuse("PYR0311", span, message);
                return;
            }
            found = true;
            if !self.fits_attribute(class, ty) {
                let message = format!("`{}` in an attribute is not supported", self.show(ty));
                self.refuse("PYR0311", span, message);
                return;
            }
            let is_number = |m: &Ty| matches!(m, Ty::Int | Ty::Big | Ty::Float | Ty::Complex);
            if ty.members().iter().any(is_number) && self.program.is_identified(name) {
                let message = format!(
                    "a number in the attribute `{name}`, of which the program asks `id`, is not supported: \
                     it has to be the very object"
                );
                self.refuse("PYR0311", span, message);
                return;
            }
            self.stored(class, generic);
            self.reassigned(class, base, name);
            let var = self.attribute_var(class, name);
            let ty = if *ty == Ty::Char { Ty::Str } else { ty.clone() };
            self.state.solver.flow(&ty, var);
            if class.own == 0 {
                self.state.solver.mark_var(var);
                self.writes = true;
            }
        }
        if !found {
            let message =
                format!("assigning the attribute `{name}` of `{}` is not supported", self.show(&base_ty));
            self.refuse("PYR0311", span, message);
        }
    }

    /// The type that an attribute which is changed in place has before.
    pub(super) fn attribute_before(&mut self, base: &Expr, name: &str, node: NodeId, span: Span) -> Ty {
        let base_ty = self.expr(base);
        let mut out = Ty::Never;
        for member in base_ty.members() {
            if let Ty::Instance(class) = member
                && let found @ (None | Some(Member::Value)) = self.program.member_of(class, name)
            {
                if found.is_some() {
                    self.state.solver.give(class);
                }
                self.program.ask(class, name);
                let var = self.attribute_var(class, name);
                let ty = self.state.solver.get(var);
                out = self.state.solver.join(&out, &ty);
            }
        }
        if !self.report && self.has_setter(base, &format!("{SETTER}{name}"))
            || self.is_named_of_class(&base_ty, name)
        {
            return self.at(node, &Ty::Never);
        }
        if self.state.solver.resolve(&out).is_none_or(|t| t.has_never()) && base_ty != Ty::Never {
            self.refuse("PYR0321", span, format!("the type of the attribute `{name}` is not known"));
        }
        self.at(node, &out)
    }
}

/// What must hold so that a name of the class is that method.
pub fn method_guard(class: &ObjectClass, name: &str, method: &Method) -> Guard {
    let name = name.strip_prefix(SETTER).unwrap_or(name);
    let path = match method.kind {
        MethodKind::Plain | MethodKind::Special | MethodKind::Static => format!("{}.{name}", class.name),
        MethodKind::Property => format!("property {}.{name}", class.name),
        MethodKind::Setter => format!("setter {}.{name}", class.name),
        MethodKind::Cached => format!("cached {}.{name}", class.name),
        MethodKind::Class => format!("classmethod {}.{name}", class.name),
        MethodKind::Manager => format!("{MANAGER}{}.{name}", class.name),
    };
    Guard::Function { name: path, target: method.target.clone() }
}

/// Containers that Python cannot be given.
fn is_native_only(ty: &Type) -> bool {
    matches!(ty, Type::Cell(_))
}
