//! What a class is now: asked of the class itself whenever its version tag has moved.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use pyo3_ffi::*;

use crate::object::Instance;
use crate::object::based::{Derived, Inherited};
use crate::object::enums::{Stands, name_hash, stands_for};
use crate::object::place::{Attribute, Found};
use crate::object::storage::may_have_attributes;
use crate::peek::{interned, is_made_by, known_item};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::words::{behind_cached, behind_manager};

unsafe extern "C" {
    /// Exported by every version that is supported. Gives the class a version, if it has none.
    fn _PyType_Lookup(class: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject;
}

/// What the class and those above it have under a name, without asking a descriptor; borrowed.
///
/// # Safety
/// A live class, and an exact text.
pub(crate) unsafe fn inherited(class: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller. Only dicts of classes are looked into, with a text.
    unsafe {
        let found = _PyType_Lookup(class, name);
        if found.is_null() && !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
        found
    }
}

/// The type that stands for one class in generated text.
pub trait OfObjectClass: Copy + 'static {
    const CLASS: &'static ObjectClass;

    /// `a == b` of two elements that are not the same: by identity, unless a compiled `__eq__` stands behind it.
    #[inline]
    fn equal(cx: Cx, a: Instance<Self>, b: Instance<Self>) -> R<bool> {
        super::eq(cx, a, b)
    }

    /// A compiled `__hash__`, and with it an `__eq__`, stand behind keys.
    const HASHED: bool = false;

    /// `hash(a)` of a key that is [`OfObjectClass::HASHED`].
    fn hash(_: Cx, _: Instance<Self>) -> R<isize> {
        bail(Bail::Unsupported)
    }

    /// `a < b`, where a compiled `__lt__` stands behind it.
    #[inline]
    fn less(_: Cx, _: Instance<Self>, _: Instance<Self>) -> R<bool> {
        bail(Bail::Unsupported)
    }

    /// `a > b`, where a compiled `__gt__` stands behind it.
    #[inline]
    fn greater(_: Cx, _: Instance<Self>, _: Instance<Self>) -> R<bool> {
        bail(Bail::Unsupported)
    }
}

/// No version of a class: CPython gives out lower ones, and 0 for a class that has none at the time.
const NONE: u32 = u32::MAX;

/// Stands for the version of a class that has not been found yet.
static NOT_FOUND: u32 = 0;

/// A class as the text of a program has it, and what was found of it.
pub struct ObjectClass {
    module: &'static str,
    name: &'static str,
    /// Held for good once it has been found.
    class: Cell<*mut PyTypeObject>,
    /// The version that was looked at, or none that a class has.
    version: Cell<u32>,
    /// Where the class has its version, once it has been found.
    tag: Cell<*const u32>,
    found: Cell<Behaviour>,
    /// The transaction in which calling it was found to make an instance as that of any class does.
    made: Cell<u64>,
    /// One of `enum`'s: its metaclass makes the members, and gives them nothing else.
    enumeration: bool,
    /// Where members have their name.
    pub(super) member_name: Attribute,
    /// Those whose places are known, one after the other.
    attributes: Cell<*const Attribute>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for ObjectClass {}

#[derive(Clone, Copy)]
struct Behaviour {
    /// Attributes are assigned without Python code.
    writable: bool,
    /// Instances are true.
    always_true: bool,
    /// `==` and `hash` are those of `object`.
    identity: bool,
    /// Calling the class makes an instance and calls `__init__`, and nothing sees an instance die.
    plainly_made: bool,
    /// `object.__new__` makes its instances, and nothing sees them die.
    plainly_allocated: bool,
    /// `__init__` is that of `object`.
    plain_init: bool,
    /// Instances are numbers or texts, and do what those do.
    stands_for: Stands,
    /// What it has as the builtin class has it from which it is derived.
    kept: Inherited,
    /// The builtin class.
    derived: Derived,
    /// `Enum.__hash__`, which is that of the name, and its code; null where `hash` is something else.
    hash: (*mut PyObject, *mut PyObject),
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour::NONE
    }
}

impl Behaviour {
    const NONE: Behaviour = Behaviour {
        writable: false,
        always_true: false,
        identity: false,
        plainly_made: false,
        plainly_allocated: false,
        plain_init: false,
        stands_for: Stands::Itself,
        kept: Inherited::NOTHING,
        derived: Derived::Object,
        hash: (ptr::null_mut(), ptr::null_mut()),
    };
}

fn same<T>(a: Option<T>, b: Option<T>) -> bool {
    const { assert!(size_of::<Option<T>>() == size_of::<usize>()) };
    // SAFETY: Both are pointers to functions, or null.
    unsafe { core::mem::transmute_copy::<_, usize>(&a) == core::mem::transmute_copy::<_, usize>(&b) }
}

impl ObjectClass {
    pub const fn new(module: &'static str, name: &'static str) -> ObjectClass {
        ObjectClass {
            module,
            name,
            class: Cell::new(ptr::null_mut()),
            version: Cell::new(NONE),
            tag: Cell::new(&raw const NOT_FOUND),
            found: Cell::new(Behaviour::NONE),
            made: Cell::new(0),
            enumeration: false,
            member_name: Attribute::new("_name_"),
            attributes: Cell::new(ptr::null()),
        }
    }

    /// A class of members that `enum` makes.
    pub const fn enumeration(module: &'static str, name: &'static str) -> ObjectClass {
        let mut class = ObjectClass::new(module, name);
        class.enumeration = true;
        class
    }

    /// The class; null if there is none, or one whose attributes Python code makes up.
    #[inline(always)]
    pub fn class(&self) -> *mut PyTypeObject {
        // SAFETY: The class is held for good, and its version read anew.
        if unsafe { *self.tag.get() } == self.version.get() {
            return self.class.get();
        }
        self.look()
    }

    #[inline(always)]
    fn behaviour(&self) -> Behaviour {
        if self.class().is_null() { Behaviour::default() } else { self.found.get() }
    }

    #[inline(always)]
    pub(super) fn is_writable(&self) -> bool {
        self.behaviour().writable
    }

    pub(super) fn is_always_true(&self) -> bool {
        self.behaviour().always_true
    }

    pub(super) fn compares_identity(&self) -> bool {
        self.behaviour().identity
    }

    /// Are its instances the members of an enumeration?
    #[inline(always)]
    pub(super) fn is_enumeration(&self) -> bool {
        self.enumeration
    }

    /// What its members are for C.
    #[inline(always)]
    pub(super) fn stands_for(&self) -> Stands {
        self.behaviour().stands_for
    }

    /// Is `hash` of a member that of its name?
    pub(super) fn hashes_name(&self) -> bool {
        let (function, code) = self.behaviour().hash;
        // SAFETY: The class has the function as long as it has this version, which does not speak of its code.
        !function.is_null() && unsafe { PyFunction_GetCode(function) == code }
    }

    /// What it is derived from, and what it has left as that has it.
    #[inline(always)]
    pub(super) fn derived(&self) -> (Derived, Inherited) {
        let found = self.behaviour();
        (found.derived, found.kept)
    }

    pub(super) fn has_plain_init(&self) -> bool {
        self.behaviour().plain_init
    }

    pub(super) fn is_made_plainly(&self) -> bool {
        self.behaviour().plainly_made && self.is_called_plainly()
    }

    /// The class, if calling it makes an instance, which `__init__` is then called for; else null.
    #[inline]
    pub(super) fn to_be_made(&self, cx: Cx) -> *mut PyTypeObject {
        if self.made.get() != cx.number() {
            if !self.is_made_plainly() {
                return ptr::null_mut();
            }
            self.made.set(cx.number());
        }
        self.class.get()
    }

    pub(super) fn is_allocated_plainly(&self) -> bool {
        self.behaviour().plainly_allocated
    }

    /// Does calling the class do what calling a class does?
    pub(super) fn is_called_plainly(&self) -> bool {
        let class = self.class();
        // No version says what the metaclass, or another one in its place, does when the class is called.
        // SAFETY: What was found is held for good.
        !class.is_null() && unsafe { same((*Py_TYPE(class.cast())).tp_call, PyType_Type.tp_call) }
    }

    /// An attribute, which lives for good, is told when the class has become another one.
    pub(super) fn enlist(&self, attribute: &Attribute) {
        attribute.next.set(self.attributes.get());
        self.attributes.set(attribute);
    }

    fn forget_places(&self) {
        let mut at = self.attributes.get();
        // SAFETY: Attributes are statics.
        while let Some(attribute) = unsafe { at.as_ref() } {
            attribute.forget();
            at = attribute.next.get();
        }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn look(&self) -> *mut PyTypeObject {
        self.forget_places();
        // SAFETY: The GIL is held. Nothing here runs Python code: exact dicts, and classes whose metaclass is `type`.
        unsafe {
            self.version.set(NONE);
            let mut class = self.class.get();
            if class.is_null() {
                let module = known_item(PyImport_GetModuleDict(), self.module);
                if module.is_null() || PyModule_Check(module) == 0 {
                    return ptr::null_mut();
                }
                let (outer, inner) = match self.name.split_once('.') {
                    Some((outer, inner)) => (outer, Some(inner)),
                    None => (self.name, None),
                };
                let mut found = known_item(PyModule_GetDict(module), outer);
                // A class that stands in a class.
                for name in inner.into_iter().flat_map(|inner| inner.split('.')) {
                    if found.is_null() || !has_plain_metaclass(found) {
                        return ptr::null_mut();
                    }
                    found = known_item((*found.cast::<PyTypeObject>()).tp_dict, name);
                }
                let known = match self.enumeration {
                    true => !found.is_null() && is_made_by(found, "enum", "EnumType"),
                    false => !found.is_null() && has_plain_metaclass(found),
                };
                if !known {
                    return ptr::null_mut();
                }
                class = found.cast();
            }
            // Also gives the class a version.
            let name = interned("__class__");
            let descriptor = inherited(class, name);
            Py_DECREF(name);
            let ty = &*class;
            let object = &raw const PyBaseObject_Type;
            let object = &*object;
            if ty.tp_flags & Py_TPFLAGS_HEAPTYPE == 0
                || descriptor.is_null()
                || matches!(ty.tp_version_tag, 0 | NONE)
                || Py_TYPE(descriptor) != &raw mut PyGetSetDescr_Type
                || !(same(ty.tp_getattro, object.tp_getattro) || only_asks_for_more(class))
                || ty.tp_as_number.is_null()
                || ty.tp_as_mapping.is_null()
                || ty.tp_as_sequence.is_null()
            {
                return ptr::null_mut();
            }
            let counted = (*ty.tp_as_mapping).mp_length.is_some() || (*ty.tp_as_sequence).sq_length.is_some();
            let derived = Derived::of(class);
            let root = derived.class();
            let plainly_allocated = same(ty.tp_alloc, object.tp_alloc)
                && ty.tp_finalize.is_none()
                && ty.tp_del.is_none()
                && ty.tp_flags & Py_TPFLAGS_IS_ABSTRACT == 0
                && ty.tp_itemsize == 0
                && is_made_as(class, root);
            let enumeration = self.enumeration && is_made_by(class.cast(), "enum", "EnumType");
            self.found.set(Behaviour {
                writable: same(ty.tp_setattro, object.tp_setattro),
                always_true: (*ty.tp_as_number).nb_bool.is_none() && !counted,
                // Members have a hash of their own, which does not concern `==`.
                identity: (same(ty.tp_richcompare, object.tp_richcompare) || compares_as_object(class))
                    && (enumeration || same(ty.tp_hash, object.tp_hash)),
                plainly_made: same(ty.tp_new, (*root).tp_new) && plainly_allocated,
                plainly_allocated: plainly_allocated && matches!(derived, Derived::Object),
                plain_init: same(ty.tp_init, (*root).tp_init),
                kept: Inherited::of_class(class, derived),
                derived,
                stands_for: if enumeration { stands_for(ty) } else { Stands::Itself },
                hash: if enumeration { name_hash(class) } else { Behaviour::NONE.hash },
            });
            if self.class.get().is_null() {
                Py_INCREF(class.cast());
                self.class.set(class);
                self.tag.set(&raw const (*class).tp_version_tag);
            }
            self.version.set(ty.tp_version_tag);
            class
        }
    }
}

/// Does the `__new__` of a builtin class make instances of the class: has none of those that it was made from, up to that
/// one, a function of C's for that?
///
/// # Safety
/// Two live classes.
unsafe fn is_made_as(class: *mut PyTypeObject, root: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller; a class holds the one that it was made from.
    unsafe {
        let (own, mut at) = ((*class).tp_new, class);
        while at != root {
            let known = same((*at).tp_new, own) || same((*at).tp_new, (*root).tp_new);
            if (*at).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 || !known || (*at).tp_base.is_null() {
                return false;
            }
            at = (*at).tp_base;
        }
        true
    }
}

/// Are `==` and `!=` those of `object`, though the class orders its instances?
///
/// # Safety
/// A live class.
unsafe fn compares_as_object(class: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller; interned texts, or null where memory is short.
    unsafe {
        ["__eq__", "__ne__"].into_iter().all(|name| {
            let name = interned(name);
            let same = !name.is_null() && {
                let found = inherited(class, name);
                !found.is_null() && found == inherited(&raw mut PyBaseObject_Type, name)
            };
            Py_XDECREF(name);
            same
        })
    }
}

/// Is what instances show as `__dict__` where they keep their attributes?
///
/// # Safety
/// A live class.
unsafe fn has_plain_dict(class: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller; an interned text, or null where memory is short.
    unsafe {
        let name = interned("__dict__");
        let found = if name.is_null() { name } else { inherited(class, name) };
        Py_XDECREF(name);
        !found.is_null() && Py_TYPE(found) == &raw mut PyGetSetDescr_Type
    }
}

/// Does the class read attributes in another way than `object` does?
///
/// # Safety
/// A live class.
pub(super) unsafe fn asks_for_more(class: *mut PyTypeObject) -> bool {
    let object = &raw const PyBaseObject_Type;
    // SAFETY: By the caller; `object` itself is never freed.
    unsafe { !same((*class).tp_getattro, (*object).tp_getattro) }
}

/// Has the class a `__getattr__` and the `__getattribute__` of `object`, so that what is there is read as of any other?
///
/// # Safety
/// A live class.
unsafe fn only_asks_for_more(class: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller; both are interned texts, or null where memory is short.
    unsafe {
        let (more, every) = (interned("__getattr__"), interned("__getattribute__"));
        let found = !more.is_null()
            && !every.is_null()
            && !inherited(class, more).is_null()
            && inherited(class, every) == inherited(&raw mut PyBaseObject_Type, every);
        Py_XDECREF(more);
        Py_XDECREF(every);
        found
    }
}

/// Do instances of the class say of themselves that they are of it, without running Python code? That is what
/// `isinstance` asks them where their class is none of those below the other one.
///
/// # Safety
/// A live class.
pub unsafe fn tells_its_class(class: *mut PyTypeObject) -> bool {
    /// The class that was looked at last, and its version, which nothing else of it has.
    static LAST: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
    // SAFETY: By the caller; the name is an interned text, or null where memory is short.
    unsafe {
        let version = (*class).tp_version_tag as usize;
        if version != 0
            && LAST[0].load(Ordering::Relaxed) == class as usize
            && LAST[1].load(Ordering::Relaxed) == version
        {
            return true;
        }
        let name = interned("__class__");
        if name.is_null() {
            PyErr_Clear();
            return false;
        }
        let object = &raw mut PyBaseObject_Type;
        let known = inherited(class, name) == inherited(object, name);
        Py_DECREF(name);
        let known = known && (same((*class).tp_getattro, (*object).tp_getattro) || only_asks_for_more(class));
        if known {
            // Both are written while the GIL is held.
            LAST[0].store(class as usize, Ordering::Relaxed);
            LAST[1].store((*class).tp_version_tag as usize, Ordering::Relaxed);
        }
        known
    }
}

/// Is it a class that `type` made, or `ABCMeta`, which gives instances nothing?
///
/// # Safety
/// A live object.
unsafe fn has_plain_metaclass(class: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { Py_TYPE(class) == &raw mut PyType_Type || is_made_by(class, "abc", "ABCMeta") }
}

/// Names of a module, by slots: those which functions were found under are asked for them.
pub trait Functions: Sync {
    /// The function object in a slot whose code was found to be the compiled one; null for none.
    fn function(&self, slot: usize) -> *mut PyObject;

    /// The same, while its code is the one that was looked at: for callers that do not rely on these names.
    fn unchanged_function(&self, slot: usize) -> *mut PyObject;
}

/// A method that native code calls without asking the instance each time.
pub struct Method {
    attribute: Attribute,
    /// Where the function is that was found to be the compiled one.
    space: &'static dyn Functions,
    slot: usize,
    /// How the class holds the function.
    kind: MethodKind,
    /// The transaction in which that was found to be so.
    seen: Cell<u64>,
    /// The function that was found then, which the namespace holds.
    function: Cell<*mut PyObject>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Method {}

/// The function in a property, a static or a class method; null where it is something else.
///
/// # Safety
/// Two live objects.
pub unsafe fn wrapped(found: *mut PyObject, ty: *mut PyTypeObject) -> *mut PyObject {
    // SAFETY: By the caller. All three keep the function behind the header of the object.
    unsafe {
        match Py_TYPE(found) == ty {
            true => *found.add(1).cast::<*mut PyObject>(),
            false => ptr::null_mut(),
        }
    }
}

/// How a class holds the function behind an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    Plain,
    /// The interpreter looks for it in the class alone.
    Special,
    Static,
    Class,
    Property,
    /// Assigning the attribute calls it.
    Setter,
    /// Reading it calls it for what the instance has not got yet.
    Cached,
    /// `contextlib.contextmanager` calls it for a `with`.
    Manager,
}

impl MethodKind {
    /// May an instance have something that comes before what the class has?
    fn is_hidden(self) -> bool {
        matches!(self, MethodKind::Plain | MethodKind::Static | MethodKind::Class | MethodKind::Manager)
    }
}

/// The function that a property calls for assignments; null where there is none.
///
/// # Safety
/// A live object.
unsafe fn setter(found: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller. It stands behind the one that is called for reading.
    unsafe {
        match Py_TYPE(found) == &raw mut PyProperty_Type {
            true => *found.add(1).cast::<*mut PyObject>().add(1),
            false => ptr::null_mut(),
        }
    }
}

impl Method {
    pub const fn new(
        name: &'static str,
        kind: MethodKind,
        space: &'static dyn Functions,
        slot: usize,
    ) -> Method {
        let function = Cell::new(ptr::null_mut());
        Method { attribute: Attribute::new(name), space, slot, kind, seen: Cell::new(0), function }
    }

    /// # Safety
    /// A live instance of the class.
    #[inline(always)]
    pub(super) unsafe fn check(&'static self, cx: Cx, class: &ObjectClass, object: *mut PyObject) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            let shown = !self.kind.is_hidden() || self.attribute.is_absent_again(object);
            if self.seen.get() == cx.number() && shown { Ok(()) } else { self.check_first(cx, class, object) }
        }
    }

    /// # Safety
    /// A live instance of the class.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn check_first(
        &'static self,
        cx: Cx,
        class: &ObjectClass,
        object: *mut PyObject,
    ) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            if self.seen.get() != cx.number() {
                self.look(cx, class, Py_TYPE(object))?;
            }
            if self.kind.is_hidden() && !self.attribute.is_absent_again(object) {
                // The instance may have something of that name.
                let slot = self.attribute.slot(cx, class, object)?;
                if !slot.is_null() && !(*slot).is_null() {
                    return bail(Bail::Guard);
                }
            }
            Ok(())
        }
    }

    /// Has this transaction found that the compiled function is another one than that?
    #[inline(always)]
    pub(super) fn is_another(&self, cx: Cx, function: *mut PyObject) -> bool {
        self.seen.get() == cx.number() && self.function.get() != function
    }

    /// The function itself, which [`Method::check`] has found in this transaction.
    #[inline]
    pub(super) fn function(&self) -> *mut PyObject {
        self.function.get()
    }

    /// As [`Method::check`], where no instance can hide the method.
    #[inline]
    pub(super) fn check_class(&'static self, cx: Cx, class: &ObjectClass) -> R<()> {
        if self.seen.get() == cx.number() {
            return Ok(());
        }
        let ty = class.class();
        if ty.is_null() {
            return bail(Bail::Guard);
        }
        // SAFETY: The class is held for good.
        unsafe { self.look(cx, class, ty) }
    }

    /// As [`Method::check`], for an instance of a class whose attributes are not looked at otherwise, which is that of
    /// its metaclass `type` and asks for attributes as `object` does.
    ///
    /// # Safety
    /// A live instance of the class.
    #[inline]
    pub unsafe fn check_only(
        &'static self,
        cx: Cx,
        class: *mut PyTypeObject,
        object: *mut PyObject,
    ) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            if self.seen.get() != cx.number() {
                self.look_only(class)?;
                self.seen.set(cx.number());
            }
            let hidden = self.kind.is_hidden() && may_have_attributes(object);
            if hidden { bail(Bail::Guard) } else { Ok(()) }
        }
    }

    /// As [`Method::check_only`], where no instance can hide the method.
    ///
    /// # Safety
    /// The class, alive.
    #[inline]
    pub unsafe fn check_class_only(&'static self, cx: Cx, class: *mut PyTypeObject) -> R<()> {
        if self.seen.get() != cx.number() {
            // SAFETY: By the caller.
            unsafe { self.look_only(class)? };
            self.seen.set(cx.number());
        }
        Ok(())
    }

    /// # Safety
    /// The class, alive.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn look_only(&'static self, class: *mut PyTypeObject) -> R<()> {
        // SAFETY: By the caller; types are tested before their layout is relied on.
        unsafe {
            let found = inherited(class, self.attribute.text()?);
            if found.is_null() {
                return bail(Bail::Guard);
            }
            let function = match self.kind {
                MethodKind::Property => wrapped(found, &raw mut PyProperty_Type),
                MethodKind::Plain | MethodKind::Special => found,
                MethodKind::Static => wrapped(found, &raw mut PyStaticMethod_Type),
                MethodKind::Class => wrapped(found, &raw mut PyClassMethod_Type),
                // Named tuples have no such thing.
                MethodKind::Setter | MethodKind::Cached | MethodKind::Manager => return bail(Bail::Guard),
            };
            if function.is_null() || function != self.space.unchanged_function(self.slot) {
                return bail(Bail::Guard);
            }
            Ok(())
        }
    }

    /// Is what the class has the function that was compiled?
    ///
    /// # Safety
    /// The class, alive.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn look(&'static self, cx: Cx, class: &ObjectClass, ty: *mut PyTypeObject) -> R<()> {
        // SAFETY: By the caller; types are tested before their layout is relied on.
        unsafe {
            let found = self.attribute.found_in(cx, class, ty)?;
            let function = match (found, self.kind) {
                (Found::Data(found), MethodKind::Property) => wrapped(found, &raw mut PyProperty_Type),
                (Found::Data(found), MethodKind::Setter) if class.is_writable() => setter(found),
                (Found::Other(found), MethodKind::Cached) if !found.is_null() && has_plain_dict(ty) => {
                    behind_cached(found, self.attribute.text()?)
                }
                (Found::Other(found), MethodKind::Plain | MethodKind::Special) => found,
                (Found::Other(found), MethodKind::Static) if !found.is_null() => {
                    wrapped(found, &raw mut PyStaticMethod_Type)
                }
                (Found::Other(found), MethodKind::Class) if !found.is_null() => {
                    wrapped(found, &raw mut PyClassMethod_Type)
                }
                // How the library enters it was looked at where the slot got its function.
                (Found::Other(found), MethodKind::Manager) if !found.is_null() => {
                    behind_manager(found).map_or(ptr::null_mut(), |(_, function)| *function)
                }
                _ => return bail(Bail::Guard),
            };
            if function.is_null() || function != self.space.unchanged_function(self.slot) {
                return bail(Bail::Guard);
            }
            self.function.set(function);
            self.seen.set(cx.number());
            Ok(())
        }
    }
}
