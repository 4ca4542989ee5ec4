//! What is asked of the text of classes again and again, kept: every run of every function asks for each attribute.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::apart::Filled;
use super::enums::Stands;
use super::members::{Member, Method};
use super::named::NamedDef;
use crate::ty::ObjectClass;

/// Hashes short names sooner than what must withstand names that somebody has thought up.
#[derive(Clone, Copy, Default)]
pub(super) struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.add(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.add(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.add(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.add(n as u64);
    }

    fn finish(&self) -> u64 {
        // The last multiplication mixes upwards only.
        self.0.rotate_left(26)
    }
}

/// A table that nobody goes through: its order means nothing.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// By module and class, or another name.
type Classes<T> = RefCell<Table<String, Table<String, T>>>;

/// What the types of an attribute are known by: the topmost class, by module and name, and the attribute.
pub(super) type Attribute = Arc<(String, String, String)>;

/// Answers that only the modules decide, which do not change.
#[derive(Default)]
pub(super) struct Lookups {
    members: Classes<Table<String, Option<Member>>>,
    setters: Classes<Table<String, Option<Method>>>,
    orders: Classes<Option<Vec<ObjectClass>>>,
    topmost: Classes<(String, String)>,
    apart: Classes<BTreeMap<String, ObjectClass>>,
    kinds: Classes<Arc<Filled>>,
    enumerations: Classes<Option<Stands>>,
    objects: Classes<Option<Arc<ObjectClass>>>,
    named: Classes<Option<NamedDef>>,
    /// By the form that keeps instances, and the attribute.
    attributes: Classes<Table<usize, Table<String, Attribute>>>,
}

impl Lookups {
    /// What the class has under the name.
    pub(super) fn member(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> Option<Member>,
    ) -> Option<Member> {
        named_in(&self.members, class, name, find)
    }

    /// What assigning the attribute calls.
    pub(super) fn setter(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> Option<Method>,
    ) -> Option<Method> {
        named_in(&self.setters, class, name, find)
    }

    /// The class whose attribute of that name is another one than those of the classes above it.
    pub(super) fn apart(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> BTreeMap<String, ObjectClass>,
    ) -> Option<ObjectClass> {
        if let Some(known) = get(&self.apart.borrow(), &class.module, &class.name) {
            return known.get(name).cloned();
        }
        let all = find();
        let found = all.get(name).cloned();
        *slot(&mut self.apart.borrow_mut(), &class.module, &class.name) = all;
        found
    }

    /// What kinds of things the methods of the class keep in its instances.
    pub(super) fn kinds(&self, class: &ObjectClass, find: impl FnOnce() -> Filled) -> Arc<Filled> {
        of(&self.kinds, &class.module, &class.name, || Arc::new(find()))
    }

    /// The class and those above it.
    pub(super) fn order(
        &self,
        class: &ObjectClass,
        find: impl FnOnce() -> Option<Vec<ObjectClass>>,
    ) -> Option<Vec<ObjectClass>> {
        of(&self.orders, &class.module, &class.name, find)
    }

    /// The module and the name of the topmost class.
    pub(super) fn topmost(
        &self,
        class: &ObjectClass,
        find: impl FnOnce() -> (String, String),
    ) -> (String, String) {
        of(&self.topmost, &class.module, &class.name, find)
    }

    /// What the members of the class are besides.
    pub(super) fn enumeration(
        &self,
        class: &ObjectClass,
        find: impl FnOnce() -> Option<Stands>,
    ) -> Option<Stands> {
        of(&self.enumerations, &class.module, &class.name, find)
    }

    /// The class that a name of a module stands for.
    pub(super) fn object(
        &self,
        module: &str,
        name: &str,
        find: impl FnOnce() -> Option<Arc<ObjectClass>>,
    ) -> Option<Arc<ObjectClass>> {
        of(&self.objects, module, name, find)
    }

    /// The same of those that `namedtuple` makes.
    pub(super) fn named(
        &self,
        module: &str,
        name: &str,
        find: impl FnOnce() -> Option<NamedDef>,
    ) -> Option<NamedDef> {
        of(&self.named, module, name, find)
    }

    /// What the types of the attribute are known by.
    pub(super) fn attribute(
        &self,
        class: &ObjectClass,
        name: &str,
        find: impl FnOnce() -> Attribute,
    ) -> Attribute {
        if let Some(known) = get(&self.attributes.borrow(), &class.module, &class.name)
            .and_then(|of_class| of_class.get(&class.own)?.get(name))
        {
            return known.clone();
        }
        let found = find();
        slot(&mut self.attributes.borrow_mut(), &class.module, &class.name)
            .entry(class.own)
            .or_default()
            .insert(name.to_string(), found.clone());
        found
    }
}

/// What is known under a name of a module, or is found out now.
fn of<T: Clone + Default>(known: &Classes<T>, module: &str, name: &str, find: impl FnOnce() -> T) -> T {
    if let Some(known) = get(&known.borrow(), module, name) {
        return known.clone();
    }
    let found = find();
    *slot(&mut known.borrow_mut(), module, name) = found.clone();
    found
}

/// The same of what a class has.
fn named_in<T: Clone>(
    known: &Classes<Table<String, T>>,
    class: &ObjectClass,
    name: &str,
    find: impl FnOnce() -> T,
) -> T {
    if let Some(known) =
        get(&known.borrow(), &class.module, &class.name).and_then(|of_class| of_class.get(name))
    {
        return known.clone();
    }
    let found = find();
    slot(&mut known.borrow_mut(), &class.module, &class.name).insert(name.to_string(), found.clone());
    found
}

fn get<'m, T>(of: &'m Table<String, Table<String, T>>, module: &str, name: &str) -> Option<&'m T> {
    of.get(module)?.get(name)
}

fn slot<'m, T: Default>(of: &'m mut Table<String, Table<String, T>>, module: &str, name: &str) -> &'m mut T {
    of.entry(module.to_string()).or_default().entry(name.to_string()).or_default()
}
