//! What is asked of the text of classes again and again, kept: every run of every function asks for each attribute.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::apart::Filled;
use super::objects::Member;
use crate::ty::ObjectClass;

/// By module and class.
type Classes<T> = RefCell<HashMap<String, HashMap<String, T>>>;

/// Answers that only the modules decide, which do not change.
#[derive(Default)]
pub(super) struct Lookups {
    members: Classes<HashMap<String, Option<Member>>>,
    orders: Classes<Option<Vec<ObjectClass>>>,
    apart: Classes<BTreeMap<String, ObjectClass>>,
    kinds: Classes<Rc<Filled>>,
}

impl Lookups {
    /// What the class has under the name.
    pub(super) fn member(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> Option<Member>,
    ) -> Option<Member> {
        if let Some(known) = get(&self.members.borrow(), class).and_then(|of_class| of_class.get(name)) {
            return known.clone();
        }
        let found = find();
        slot(&mut self.members.borrow_mut(), class).insert(name.to_string(), found.clone());
        found
    }

    /// The class whose attribute of that name is another one than those of the classes above it.
    pub(super) fn apart(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> BTreeMap<String, ObjectClass>,
    ) -> Option<ObjectClass> {
        if let Some(known) = get(&self.apart.borrow(), class) {
            return known.get(name).cloned();
        }
        let all = find();
        let found = all.get(name).cloned();
        *slot(&mut self.apart.borrow_mut(), class) = all;
        found
    }

    /// What kinds of things the methods of the class keep in its instances.
    pub(super) fn kinds(&self, class: &ObjectClass, find: impl FnOnce() -> Filled) -> Rc<Filled> {
        if let Some(known) = get(&self.kinds.borrow(), class) {
            return known.clone();
        }
        let found = Rc::new(find());
        *slot(&mut self.kinds.borrow_mut(), class) = found.clone();
        found
    }

    /// The class and those above it.
    pub(super) fn order(
        &self,
        class: &ObjectClass,
        find: impl FnOnce() -> Option<Vec<ObjectClass>>,
    ) -> Option<Vec<ObjectClass>> {
        if let Some(known) = get(&self.orders.borrow(), class) {
            return known.clone();
        }
        let found = find();
        *slot(&mut self.orders.borrow_mut(), class) = found.clone();
        found
    }
}

fn get<'m, T>(of: &'m HashMap<String, HashMap<String, T>>, class: &ObjectClass) -> Option<&'m T> {
    of.get(&class.module)?.get(&class.name)
}

fn slot<'m, T: Default>(of: &'m mut HashMap<String, HashMap<String, T>>, class: &ObjectClass) -> &'m mut T {
    of.entry(class.module.clone()).or_default().entry(class.name.clone()).or_default()
}
