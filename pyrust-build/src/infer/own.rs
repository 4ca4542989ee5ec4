//! Instances that native code keeps to itself: a second form of a hotspot, in which the classes of which it makes
//! instances have others, whose attributes are the fields of a record (`object::own` of the runtime).
//!
//! That form is inferred as the first one, with classes that have its number ([`ObjectClass::own`]): what they have in
//! their attributes is known for them alone. Classes of which an instance would get to Python are left out, and it is
//! inferred once more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lookups::Attribute;
use super::solver::Ty;
use super::{FuncRef, Infer, Instance, Program, Wide};
use crate::hir::visit::{Visit, walk_expr, walk_target};
use crate::hir::{Expr, ExprKind, NodeId, Target, TargetKind};
use crate::ty::{ObjectClass, Type};

/// At most so many times classes are left out.
const MAX_FORMS: usize = 4;

/// The form may take so many times as many looks as all that the function reaches has expressions, besides some; and those
/// that came to nothing so many in all: where many functions call each other it is the form that takes the time.
const LOOKS: usize = 100;
const LOOKS_BESIDES: usize = 20_000;
const LOOKS_IN_VAIN: usize = 500_000;

/// A function that reaches so many expressions is tried in forms that others have first, the last few of those that have all
/// its classes: each form is inferred and compiled by itself, with all that is called in it.
const SHARED: usize = 200;
const MOST_TRIED: usize = 2;

/// Instances that may be returned have at most so many attributes: their order is noted in one word.
const MOST_GIVEN: usize = 15;

/// The number that tells the instance which is made at a node from what else is.
const MADE: usize = 95;

/// Methods in which instances get their attributes first.
const MAKERS: &[&str] = &["__init__", "__post_init__"];

/// Is it an attribute of objects? A dot is in no name.
pub(super) fn is_of_objects(key: &Attribute) -> bool {
    !key.1.contains('.')
}

/// What of a result its maker makes as Python's objects, because it goes where those are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Live {
    /// Lists, dicts and sets.
    pub(super) containers: bool,
    /// Instances that are kept otherwise.
    pub(super) instances: bool,
    /// Dicts and sets are such of objects.
    pub(super) objects: bool,
}

/// The form that is being inferred.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    /// 0 where nothing is kept.
    pub(super) number: usize,
    classes: BTreeSet<(String, String)>,
    /// Those of which an instance got where Python's objects are.
    lost: BTreeSet<(String, String)>,
    /// Another function has been compiled in it; and would this one put something else into an attribute?
    is_known: bool,
    grows: bool,
}

/// The forms that there have been.
#[derive(Debug, Default)]
pub(super) struct Forms {
    number: usize,
    /// Those in which something has been compiled.
    known: Vec<Form>,
    /// At most so many expressions are looked at in the one that is being inferred.
    pub(super) most_looks: Option<usize>,
    /// What those have taken that came to nothing.
    looks_in_vain: usize,
}

impl Form {
    /// The class that instances get which are made here.
    pub(super) fn class(&self, class: &Arc<ObjectClass>) -> Arc<ObjectClass> {
        match self.classes.contains(&(class.module.clone(), class.name.clone())) {
            true => Arc::new(ObjectClass { own: self.number, ..ObjectClass::clone(class) }),
            false => class.clone(),
        }
    }

    /// Are attributes of instances that are kept to stay as they are? Then it is noted that this one would not.
    pub(super) fn holds(&mut self, key: &Attribute) -> bool {
        let holds = self.is_known && key.1.ends_with(&format!(".{}", self.number));
        self.grows |= holds;
        holds
    }

    pub(super) fn loses(&mut self, class: &ObjectClass) {
        self.lost.insert((class.module.clone(), class.name.clone()));
    }

    /// Has a value one of these instances, which would get among Python's objects?
    pub(super) fn loses_among_objects(&mut self, ty: &Type) -> bool {
        self.loses_in(ty, true)
    }

    fn loses_in(&mut self, ty: &Type, at: bool) -> bool {
        let mut found = BTreeSet::new();
        ty.own_among_objects(at, &mut found);
        found.iter().for_each(|class| self.loses(class));
        !found.is_empty()
    }
}

impl Program<'_> {
    /// The same function, where native code keeps instances to itself that the first form makes as objects; `fine` says
    /// whether all of it can be compiled.
    pub fn keeping(
        &mut self,
        root: usize,
        (func, params, wide): (&FuncRef, &[Type], Wide),
        mut fine: impl FnMut(&mut Self, &FuncRef, &[Type], Wide) -> Option<usize>,
    ) -> Option<usize> {
        let mut classes: BTreeSet<(String, String)> = BTreeSet::new();
        let mut expressions = 0;
        for i in self.reachable(root) {
            classes.extend(self.instances[i].made.iter().cloned());
            expressions += self.instances[i].nodes.len();
        }
        let (most, begun) = (expressions * LOOKS + LOOKS_BESIDES, self.spent());
        let mut infer = |program: &mut Self| {
            program.forms.most_looks = Some(most);
            let found = fine(program, func, params, wide);
            program.forms.most_looks = None;
            let found = found.filter(|root| program.keeps_all(*root));
            (found, std::mem::take(&mut program.own))
        };
        if expressions >= SHARED && !classes.is_empty() {
            let covers = |form: &&Form| classes.is_subset(&form.classes);
            let known: Vec<Form> =
                self.forms.known.iter().rev().filter(covers).take(MOST_TRIED).cloned().collect();
            for form in known {
                if let Some(root) = self.in_form(form, &mut infer) {
                    return Some(root);
                }
            }
        }
        for _ in 0..MAX_FORMS {
            if classes.is_empty() || self.forms.looks_in_vain > LOOKS_IN_VAIN {
                return None;
            }
            let before = self.spent();
            self.forms.number += 1;
            self.own = Form { number: self.forms.number, classes: classes.clone(), ..Form::default() };
            let (found, form) = infer(self);
            if let Some(root) = found.filter(|_| form.lost.is_empty()) {
                return self.keeps_any(root).then(|| {
                    self.gives_what_is_returned(root);
                    self.forms.known.push(form);
                    root
                });
            }
            self.forms.looks_in_vain += self.spent() - before;
            if form.lost.is_empty() || self.spent() - begun > most {
                return None;
            }
            classes.retain(|class| !form.lost.contains(class));
        }
        None
    }

    /// In a form that another function has: what both call is there already. What is known of attributes in it stays as
    /// it is, since that has been compiled.
    fn in_form(
        &mut self,
        form: Form,
        infer: &mut impl FnMut(&mut Self) -> (Option<usize>, Form),
    ) -> Option<usize> {
        let (number, begun, first) = (form.number, self.spent(), self.instances.end());
        let given_up = |(_, instance): &(usize, &Instance)| instance.own == number && instance.given_up;
        let given_up: Vec<usize> = self.instances.numbered().filter(given_up).map(|(i, _)| i).collect();
        self.own = Form { is_known: true, ..form };
        let (found, form) = infer(self);
        let fits = |root: &usize| form.lost.is_empty() && !form.grows && self.keeps_any(*root);
        if let Some(root) = found.filter(fits) {
            self.gives_what_is_returned(root);
            return Some(root);
        }
        // Nobody is to find what was inferred from less than there is.
        self.index.retain(|_, i| *i < first);
        for i in given_up.into_iter().chain(first..self.instances.end()) {
            self.instances[i].forget();
            (self.instances[i].settled, self.instances[i].given_up) = (true, true);
        }
        self.forms.looks_in_vain += self.spent() - begun;
        None
    }

    fn gives_what_is_returned(&mut self, root: usize) {
        let ret = self.instances[root].ret.clone();
        let given = self.given_with(&ret);
        self.given.extend(given);
    }

    /// Does no instance that is kept get among Python's objects, and do all functions agree about their attributes?
    fn keeps_all(&mut self, root: usize) -> bool {
        let mut form = std::mem::take(&mut self.own);
        let at_the_boundary = &self.instances[root];
        // What is returned becomes objects then, all at once.
        let too_large = |class: &&ObjectClass| self.own_fields(class).len() > MOST_GIVEN;
        let given = self.given_with(&at_the_boundary.ret);
        let mut lost = false;
        for class in given.iter().filter(too_large) {
            form.loses(class);
            lost = true;
        }
        for ty in at_the_boundary.params.iter().chain(&at_the_boundary.after) {
            lost |= form.loses_in(ty, true);
        }
        let mut agree = true;
        for i in self.reachable(root) {
            let instance = &self.instances[i];
            for ty in
                instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret])
            {
                lost |= form.loses_in(ty, false);
            }
            let Some(state) = &instance.state else { continue };
            for (key, var) in &state.attributes {
                if key.1.ends_with(&format!(".{}", form.number)) {
                    let ty = state.solver.resolve(&state.solver.get(*var));
                    agree &= ty.as_ref() == self.attributes.get(key);
                    lost |= ty.is_none_or(|ty| form.loses_in(&ty, false));
                }
            }
        }
        self.own = form;
        agree && !lost
    }

    /// The classes of instances that are kept until a value of the type is returned, with what they hold.
    fn given_with(&self, ret: &Type) -> BTreeSet<ObjectClass> {
        let mut found = BTreeSet::new();
        let mut todo = vec![ret.clone()];
        while let Some(ty) = todo.pop() {
            if let Type::Instance(class) = &ty
                && class.own != 0
                && found.insert(ObjectClass::clone(class))
            {
                todo.extend(self.own_fields(class).into_iter().map(|(_, ty)| ty));
            }
            todo.extend(ty.parts().cloned());
        }
        found
    }

    /// May instances of the class, of one form, be returned?
    pub fn gives(&self, class: &ObjectClass) -> bool {
        self.given.contains(class)
    }

    /// Is there an instance that is kept, or do all of them meet Python's objects?
    fn keeps_any(&self, root: usize) -> bool {
        let kept = |ty: &Type| ty.any(&|t| matches!(t, Type::Instance(class) if class.own != 0));
        self.reachable(root).into_iter().any(|i| self.instances[i].nodes.iter().any(kept))
    }

    /// The attributes of such instances, by their names.
    pub fn own_fields(&self, class: &ObjectClass) -> Vec<(String, Type)> {
        let of = self.attribute_key(class, "");
        let of_class = self.attributes.range(of.clone()..);
        let own = of_class.take_while(|(key, _)| key.0 == of.0 && key.1 == of.1);
        own.filter(|(_, ty)| **ty != Type::Never).map(|(key, ty)| (key.2.clone(), ty.clone())).collect()
    }

    /// Does the class keep what is assigned, as far as the text tells?
    pub fn stores_generically(&self, class: &ObjectClass) -> bool {
        let frozen = |c: &ObjectClass| {
            self.modules.module(&c.module).is_none_or(|(_, env)| env.frozen.contains(&c.name))
        };
        self.makes_up_attributes(class, true).is_none()
            && self.order(class).is_some_and(|order| !order.iter().any(frozen))
    }

    /// The module and the name of the topmost class.
    pub(super) fn topmost(&self, class: &ObjectClass) -> (String, String) {
        self.lookups.topmost(class, || {
            let top = self.order(class).and_then(|order| order.into_iter().next_back());
            let top = top.as_ref().unwrap_or(class);
            (top.module.clone(), top.name.clone())
        })
    }

    /// The types of all of them, whatever the class.
    pub fn own_types(&self) -> Vec<&Type> {
        self.attributes.iter().filter(|(key, _)| !is_of_objects(key)).map(|(_, ty)| ty).collect()
    }

    /// Where the attribute stands among them.
    pub fn own_field(&self, class: &ObjectClass, name: &str) -> Option<(usize, Type)> {
        let mut fields = self.own_fields(class).into_iter().enumerate();
        fields.find(|(_, (known, _))| known == name).map(|(at, (_, ty))| (at, ty))
    }
}

impl Infer<'_, '_> {
    /// The class of the instance that is made at a node.
    pub(super) fn kept(&mut self, node: NodeId, class: &Arc<ObjectClass>) -> Arc<ObjectClass> {
        let class = self.program.own.class(class);
        if class.own == 0 {
            return class;
        }
        let cell = self.site(node, MADE);
        self.state.solver.made(&class, cell)
    }

    /// A method is called: one that makes instances may be called again.
    pub(super) fn called(&mut self, class: &ObjectClass, name: &str) {
        if MAKERS.contains(&name) {
            self.thaws(class);
        }
    }

    fn thaws(&mut self, class: &ObjectClass) {
        let topmost = self.program.topmost(class);
        if self.program.thawed.insert(topmost) {
            self.program.has_grown();
        }
    }

    /// A function of a class is called through the class, or one above it: what makes instances may be given one that is
    /// made already, unless this makes its own first parameter.
    pub(super) fn called_through(&mut self, name: &str, instance: Option<&Expr>) {
        let Some(instance) = instance.filter(|_| MAKERS.contains(&name)) else { return };
        let own = self.hir.params.first().map(|p| p.var);
        if self.is_maker() && matches!(instance.kind, ExprKind::Local(var) if Some(var) == own) {
            return;
        }
        for member in self.expr(instance).members().to_vec() {
            if let Ty::Instance(class) = member {
                self.called(&class, name);
            }
        }
    }

    /// An attribute of an instance is assigned; `generic`: as only `object.__setattr__` can where the class refuses.
    pub(super) fn stored(&mut self, class: &ObjectClass, generic: bool) {
        if class.own != 0 && !generic && !self.program.stores_generically(class) {
            self.state.solver.give(class);
        }
        if generic && !self.is_maker() && !self.func.is_sketch() {
            self.thaws(class);
        }
    }

    fn is_maker(&self) -> bool {
        let written = self.func.written().qualname;
        MAKERS.iter().any(|maker| written.rsplit('.').next() == Some(maker))
    }

    /// The attribute is assigned: of an instance that may have been hashed before, unless it is being made here and nobody
    /// else has seen it.
    pub(super) fn reassigned(&mut self, class: &ObjectClass, base: &Expr, name: &str) {
        if self.func.is_sketch() {
            return;
        }
        let own = self.hir.params.first().map(|p| p.var);
        let is_own = |e: &Expr| matches!(e.kind, ExprKind::Local(var) if Some(var) == own);
        if self.is_maker() && is_own(base) && !self.hir.vars[own.unwrap_or_default()].cell {
            // Each look at the instance is one at an attribute.
            let (mut all, mut attributes) = (0, 0);
            let mut count = Looks { is_own: &is_own, all: &mut all, attributes: &mut attributes };
            count.block(&self.hir.body);
            if all == attributes {
                return;
            }
        }
        let topmost = self.program.topmost(class);
        if self.program.reassigned.insert((topmost, name.to_string())) {
            self.program.has_grown();
        }
    }
}

/// Counts the expressions that are one variable, and those of them of which an attribute is read or assigned.
struct Looks<'l> {
    is_own: &'l dyn Fn(&Expr) -> bool,
    all: &'l mut usize,
    attributes: &'l mut usize,
}

impl<'h> Visit<'h> for Looks<'_> {
    fn target(&mut self, target: &'h Target) {
        if let TargetKind::Attr { base, .. } = &target.kind {
            *self.attributes += usize::from((self.is_own)(base));
        }
        walk_target(self, target);
    }

    fn expr(&mut self, e: &'h Expr) {
        *self.all += usize::from((self.is_own)(e));
        if let ExprKind::Method { base, name, .. } = &e.kind {
            *self.attributes += usize::from(name.starts_with("attribute ") && (self.is_own)(base));
        }
        walk_expr(self, e);
    }
}
