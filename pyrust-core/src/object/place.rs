//! Where an instance keeps an attribute.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::*;

use super::based::Derived;
use super::class::{ObjectClass, inherited};
use super::names::{entry_of, shared_count, shared_index};
use super::order::{note_order, order_of};
use super::storage::{Storage, has_dict_later, has_room, lies_inside, storage, values_of};
use crate::boundary::attributes;
use crate::boundary::layout::{self, Keys};
use crate::peek::interned;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// What the class has under the name of an attribute; borrowed, and null for nothing.
#[derive(Clone, Copy)]
pub(super) enum Found {
    /// Nothing, or what an instance can hide.
    Other(*mut PyObject),
    /// A descriptor that comes before what the instance has.
    Data(*mut PyObject),
    /// The slot at an offset in the instance.
    Member(usize),
}

/// The name of an attribute, and what was found of it in one class.
pub struct Attribute {
    name: &'static str,
    text: Cell<*mut PyObject>,
    /// The transactions in which `version` was that of the class, and in which attributes were assigned without Python code.
    seen: Cell<u64>,
    writable: Cell<u64>,
    /// The version of the class that the rest is about; 0 for none.
    version: Cell<u32>,
    found: Cell<Found>,
    /// Among the values of instances; none where no instance without a dict has had it.
    index: Cell<usize>,
    /// Among the entries of the dict that was looked at last.
    hint: Cell<usize>,
    /// How many names the class knew when `index` was looked for.
    known: Cell<usize>,
    /// Reading as here was found to give what Python reads.
    proved: Cell<bool>,
    /// The version of the class with which all of this was found. No version of a class where not.
    ready: Cell<u64>,
    /// The index among the values, the slot's offset as a negative number, or neither.
    at: Cell<isize>,
    /// `at` for an instance whose class the open transaction has looked at, and so every [`super::Instance`]: no version
    /// is compared, since the class lets its attributes forget these when it finds another one. `NOTHING` where not ready.
    here: Cell<isize>,
    here_to_write: Cell<isize>,
    /// The class that does so, and its next attribute.
    owner: Cell<*const ObjectClass>,
    pub(super) next: Cell<*const Attribute>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Attribute {}

/// No index.
pub(super) const NOWHERE: usize = usize::MAX;

const NO_VERSION: u64 = u64::MAX;

/// In `Attribute::at`: instances have nothing of that name, as long as they share no more names.
const NOTHING: isize = isize::MIN;

/// The version of the class of an instance.
///
/// # Safety
/// A live object.
#[inline(always)]
unsafe fn version_of(object: *mut PyObject) -> u64 {
    // SAFETY: By the caller.
    unsafe { u64::from((*Py_TYPE(object)).tp_version_tag) }
}

/// The place that `at` speaks of; null where it speaks of none, or the instance keeps its attributes in another way.
///
/// # Safety
/// A live instance of the class of which `at` speaks.
#[inline(always)]
unsafe fn place_at(object: *mut PyObject, at: isize) -> *mut *mut PyObject {
    // SAFETY: By the caller: the class is what it was, so the place is there.
    unsafe {
        if at >= 0 {
            let values = values_of(object);
            if values.is_null() {
                return nowhere();
            }
            let place = values.offset(at);
            // So that it is not asked for again whether there is a place.
            core::hint::assert_unchecked(!place.is_null());
            return place;
        }
        if at == NOTHING {
            return nowhere();
        }
        object.cast::<u8>().offset(-at).cast::<*mut PyObject>()
    }
}

impl Attribute {
    pub const fn new(name: &'static str) -> Attribute {
        Attribute {
            name,
            text: Cell::new(ptr::null_mut()),
            seen: Cell::new(0),
            writable: Cell::new(0),
            version: Cell::new(0),
            found: Cell::new(Found::Other(ptr::null_mut())),
            index: Cell::new(NOWHERE),
            hint: Cell::new(NOWHERE),
            known: Cell::new(0),
            proved: Cell::new(false),
            ready: Cell::new(NO_VERSION),
            at: Cell::new(NOTHING),
            here: Cell::new(NOTHING),
            here_to_write: Cell::new(NOTHING),
            owner: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
        }
    }

    /// Nothing that was found holds any more.
    pub(super) fn forget(&self) {
        self.ready.set(NO_VERSION);
        self.here.set(NOTHING);
        self.here_to_write.set(NOTHING);
    }

    /// What the class has under the name.
    ///
    /// # Safety
    /// A live instance of the class.
    #[inline(always)]
    pub(super) unsafe fn found(&self, cx: Cx, class: &ObjectClass, object: *mut PyObject) -> R<Found> {
        // SAFETY: By the caller.
        unsafe { self.found_in(cx, class, Py_TYPE(object)) }
    }

    /// The same of the class alone.
    ///
    /// # Safety
    /// That class, alive.
    #[inline(always)]
    pub(super) unsafe fn found_in(&self, cx: Cx, class: &ObjectClass, ty: *mut PyTypeObject) -> R<Found> {
        if self.seen.get() != cx.number() {
            // SAFETY: By the caller.
            unsafe {
                let version = self.version.get();
                if version == 0 || (*ty).tp_version_tag != version || self.hides_no_more() {
                    self.look(class, ty)?;
                }
            }
            self.seen.set(cx.number());
        }
        Ok(self.found.get())
    }

    /// Has what the class has become a descriptor since? No version of the class tells: it is that object's own class that has changed.
    unsafe fn hides_no_more(&self) -> bool {
        match self.found.get() {
            // SAFETY: By the caller: the version says that the class still has it.
            Found::Other(found) if !found.is_null() => unsafe { (*Py_TYPE(found)).tp_descr_set.is_some() },
            _ => false,
        }
    }

    /// Bails unless an instance keeps what is assigned to the attribute, and reads it from there.
    ///
    /// # Safety
    /// The class, alive.
    pub(super) unsafe fn is_kept(&self, cx: Cx, class: &ObjectClass, ty: *mut PyTypeObject) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            match self.found_in(cx, class, ty)? {
                Found::Member(_) => Ok(()),
                Found::Other(_) if (*ty).tp_flags & Py_TPFLAGS_MANAGED_DICT != 0 => Ok(()),
                Found::Other(_) | Found::Data(_) => bail(Bail::Guard),
            }
        }
    }

    /// Bails unless the class has under the name what `object` has, or nothing as `object` has nothing.
    pub(super) fn is_that_of_object(&self, cx: Cx, class: &ObjectClass) -> R<()> {
        let ty = class.class();
        if ty.is_null() {
            return bail(Bail::Guard);
        }
        // SAFETY: The class is held for good, and so is `object`.
        unsafe {
            let Found::Other(found) = self.found_in(cx, class, ty)? else { return bail(Bail::Guard) };
            if !found.is_null() && found != inherited(&raw mut PyBaseObject_Type, self.text.get()) {
                return bail(Bail::Guard);
            }
        }
        Ok(())
    }

    /// Bails unless instances are given attributes without Python code.
    #[inline(always)]
    pub(super) fn is_writable(&self, cx: Cx, class: &ObjectClass) -> R<()> {
        if self.writable.get() != cx.number() {
            if !class.is_writable() {
                return bail(Bail::Guard);
            }
            self.writable.set(cx.number());
        }
        Ok(())
    }

    /// The name, interned for good.
    ///
    /// # Safety
    /// The GIL is held.
    pub(super) unsafe fn text(&self) -> R<*mut PyObject> {
        if self.text.get().is_null() {
            // SAFETY: By the caller.
            self.text.set(unsafe { interned(self.name) });
        }
        if self.text.get().is_null() { bail(Bail::Memory) } else { Ok(self.text.get()) }
    }

    #[cold]
    #[inline(never)]
    unsafe extern "C" fn look(&self, class: &ObjectClass, ty: *mut PyTypeObject) -> R<()> {
        // SAFETY: By the caller: the class of a live instance.
        unsafe {
            if class.class() != ty {
                return bail(Bail::Guard);
            }
            let found = inherited(ty, self.text()?);
            self.found.set(match found.is_null() {
                true => Found::Other(found),
                false => kind(found),
            });
            self.known.set(0);
            self.index.set(NOWHERE);
            self.proved.set(false);
            self.forget();
            self.version.set((*ty).tp_version_tag);
            Ok(())
        }
    }

    /// The place of an attribute, which may be empty, if all is as it was found before; else null.
    ///
    /// # Safety
    /// A live instance of the class that `slot` is asked for, which the open transaction has looked at.
    #[inline(always)]
    pub(super) unsafe fn slot_again(&self, object: *mut PyObject) -> *mut *mut PyObject {
        // SAFETY: By the caller.
        unsafe { place_at(object, self.here.get()) }
    }

    /// What stands there; null where nothing does, or the place is not known.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn value_again(&self, object: *mut PyObject) -> *mut PyObject {
        // SAFETY: As there.
        unsafe {
            let at = self.here.get();
            if at >= 0 {
                let values = values_of(object);
                return if values.is_null() { ptr::null_mut() } else { *values.offset(at) };
            }
            if at == NOTHING {
                return ptr::null_mut();
            }
            *object.cast::<u8>().offset(-at).cast::<*mut PyObject>()
        }
    }

    /// The same of an attribute that is assigned as `object` does it.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn slot_to_write(&self, object: *mut PyObject) -> *mut *mut PyObject {
        // SAFETY: As there.
        unsafe { place_at(object, self.here_to_write.get()) }
    }

    /// Is it known that the instance has nothing of that name?
    ///
    /// # Safety
    /// As for `slot_again`.
    #[inline(always)]
    pub(super) unsafe fn is_absent_again(&self, object: *mut PyObject) -> bool {
        // SAFETY: By the caller: the version says that the class is what it was. Names are only ever added.
        unsafe {
            if self.ready.get() != version_of(object) || self.at.get() != NOTHING {
                return false;
            }
            let class = Py_TYPE(object);
            match (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT {
                0 => (*class).tp_dictoffset == 0,
                _ => !values_of(object).is_null() && shared_count(class) == self.known.get(),
            }
        }
    }

    /// Keeps for the next time what `slot` has found; `at`: as in the field.
    ///
    /// # Safety
    /// The class that was looked at, alive.
    #[inline(always)]
    unsafe fn make_ready(&self, class: &ObjectClass, ty: *mut PyTypeObject, at: isize) {
        // SAFETY: By the caller.
        unsafe {
            let version = u64::from((*ty).tp_version_tag);
            if self.ready.get() != version || self.at.get() != at {
                self.keep_ready(class, ty, at, version);
            }
        }
    }

    /// # Safety
    /// As for `make_ready`.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn keep_ready(
        &self,
        class: &ObjectClass,
        ty: *mut PyTypeObject,
        at: isize,
        version: u64,
    ) {
        self.forget();
        // What instances hide may become a descriptor without another version of this class.
        let steady = match self.found.get() {
            Found::Other(found) => {
                // SAFETY: The class holds what it has.
                found.is_null() || unsafe { (*Py_TYPE(found)).tp_flags } & Py_TPFLAGS_HEAPTYPE == 0
            }
            Found::Member(_) => true,
            Found::Data(_) => false,
        };
        if version == 0 || version != u64::from(self.version.get()) || !steady || class.class() != ty {
            return;
        }
        self.at.set(at);
        self.ready.set(version);
        if !self.is_enlisted(class) {
            return;
        }
        self.here.set(at);
        if class.is_writable() && matches!(class.derived().0, Derived::Object) {
            self.here_to_write.set(at);
        }
    }

    /// Will the class say when it is another one?
    fn is_enlisted(&self, class: &ObjectClass) -> bool {
        if self.owner.get().is_null() {
            self.owner.set(class);
            class.enlist(self);
        }
        ptr::eq(self.owner.get(), class)
    }

    /// Where the instance has the attribute, which may be null: nothing is there. Null where there is no place for it.
    ///
    /// # Safety
    /// A live instance of the class.
    #[inline(always)]
    pub(super) unsafe fn slot(
        &self,
        cx: Cx,
        class: &ObjectClass,
        object: *mut PyObject,
    ) -> R<*mut *mut PyObject> {
        // SAFETY: By the caller.
        unsafe {
            let ty = Py_TYPE(object);
            let (slot, at) = match self.found(cx, class, object)? {
                Found::Member(offset) => {
                    (object.cast::<u8>().add(offset).cast::<*mut PyObject>(), -(offset as isize))
                }
                Found::Data(_) => return bail(Bail::Guard),
                Found::Other(_) => match storage(object) {
                    Storage::Values(values) => {
                        let mut index = self.index.get();
                        // Names are only ever added.
                        if index == NOWHERE && shared_count(ty) != self.known.get() {
                            index = self.look_again(object);
                        }
                        if index == NOWHERE {
                            self.make_ready(class, ty, NOTHING);
                            return Ok(ptr::null_mut());
                        }
                        (values.add(index), index as isize)
                    }
                    Storage::Dict(dict) => return self.slot_in_dict(cx, dict),
                    Storage::Slots => {
                        if (*ty).tp_flags & Py_TPFLAGS_MANAGED_DICT == 0 && (*ty).tp_dictoffset == 0 {
                            self.make_ready(class, ty, NOTHING);
                        }
                        return Ok(ptr::null_mut());
                    }
                    Storage::Unknown => return bail(Bail::Guard),
                },
            };
            if !(*slot).is_null() {
                if !self.proved.get() {
                    self.prove(object, *slot)?;
                }
                self.make_ready(class, ty, at);
            }
            Ok(slot)
        }
    }

    /// The value of the attribute, borrowed, where its place is not known yet, or empty: the class may show something.
    ///
    /// # Safety
    /// As for `slot`.
    #[cold]
    #[inline(never)]
    pub(super) unsafe extern "C" fn value_first(
        &self,
        cx: Cx,
        class: &ObjectClass,
        object: *mut PyObject,
    ) -> R<*mut PyObject> {
        // SAFETY: By the caller.
        unsafe {
            if self.is_absent_again(object) {
                return self.shown_now(cx);
            }
            let slot = self.slot(cx, class, object)?;
            if slot.is_null() || (*slot).is_null() { self.shown_now(cx) } else { Ok(*slot) }
        }
    }

    /// What is read here must be what Python reads.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn prove(&self, object: *mut PyObject, value: *mut PyObject) -> R<()> {
        // SAFETY: A live object whose class has the generic function, which asks no descriptor of Python's here.
        unsafe {
            let read = PyObject_GenericGetAttr(object, self.text.get());
            if read.is_null() {
                PyErr_Clear();
                return bail(Bail::Guard);
            }
            Py_DECREF(read);
            if read != value {
                return bail(Bail::Guard);
            }
        }
        self.proved.set(true);
        Ok(())
    }

    /// A new name may have come meanwhile.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn look_again(&self, object: *mut PyObject) -> usize {
        // SAFETY: By the caller.
        let (index, known) = unsafe { shared_index(Py_TYPE(object), self.text.get()) };
        self.index.set(index);
        self.known.set(known);
        if self.at.get() == NOTHING {
            // Some may have it now.
            self.forget();
        }
        index
    }

    /// The value of an existing key of the instance's dict.
    #[inline(never)]
    unsafe fn slot_in_dict(&self, cx: Cx, dict: *mut PyObject) -> R<*mut *mut PyObject> {
        // SAFETY: By the caller: the dict of a live instance.
        unsafe {
            if !layout::is_dict(dict) || cx.txn().dicts.holds(dict) || attributes::is_watched(dict) {
                return bail(Bail::Guard);
            }
            let keys = Keys::of(dict);
            let count = keys.entries_used();
            // Other keys than texts may compare with Python code.
            if keys.kind == layout::KEYS_GENERAL {
                return bail(Bail::Guard);
            }
            let name = self.text.get();
            // The dicts of instances that were made alike have it at the same place.
            let hint = self.hint.get();
            if hint < count && keys.key(hint) == name {
                return Ok(keys.place(hint));
            }
            let found = entry_of(&keys, name);
            self.hint.set(found.unwrap_or(NOWHERE));
            Ok(found.map_or(ptr::null_mut(), |at| keys.place(at)))
        }
    }

    /// Before a value that the garbage collector knows of comes into the place: a dict that has held none so far is not
    /// known to it. It may be told too early, and looks itself.
    ///
    /// # Safety
    /// A live instance of the class that `slot` was asked for last, and a live value.
    #[inline(never)]
    pub(super) unsafe fn tell_collector(&self, object: *mut PyObject, value: *mut PyObject) {
        // SAFETY: By the caller; a dict is tracked once.
        unsafe {
            let (Found::Other(_), Storage::Dict(dict)) = (self.found.get(), storage(object)) else { return };
            let is_known = PyObject_IS_GC(value) != 0
                && (PyTuple_CheckExact(value) == 0 || PyObject_GC_IsTracked(value) != 0);
            if is_known && !lies_inside(object) && PyObject_GC_IsTracked(dict) == 0 {
                PyObject_GC_Track(dict.cast());
            }
        }
    }

    /// What the instance shows of its class, where it has nothing itself.
    pub(super) fn of_class(&self) -> R<*mut PyObject> {
        let Found::Other(found) = self.found.get() else { return bail(Bail::Type) };
        // SAFETY: The class holds it, and does not change while the transaction is open.
        if found.is_null() || unsafe { (*Py_TYPE(found)).tp_descr_get.is_some() } {
            return bail(Bail::Type);
        }
        Ok(found)
    }

    /// The same, unless a class may show something else since.
    fn shown_now(&self, cx: Cx) -> R<*mut PyObject> {
        let may = cx.has_assigned_in_class() && cx.may_have_assigned(self.text.get());
        if may { bail(Bail::Guard) } else { self.of_class() }
    }

    /// Does the class show something where the instance has nothing? What would run code bails.
    pub(super) fn is_shown(&self) -> R<bool> {
        let Found::Other(found) = self.found.get() else { return Ok(false) };
        if found.is_null() {
            return Ok(false);
        }
        // SAFETY: The class holds it, and does not change while the transaction is open.
        unsafe {
            let ty = Py_TYPE(found);
            let known = ty == &raw mut PyFunction_Type
                || ty == &raw mut PyClassMethod_Type
                || ty == &raw mut PyStaticMethod_Type;
            if known || (*ty).tp_descr_get.is_none() { Ok(true) } else { bail(Bail::Guard) }
        }
    }

    /// Takes an attribute from the instance.
    ///
    /// # Safety
    /// A live instance of the class; `slot` is what [`Attribute::slot`] gave, and not empty.
    pub(super) unsafe fn remove(&self, cx: Cx, object: *mut PyObject, slot: *mut *mut PyObject) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            let logged = !attributes::is_fresh(cx, object);
            if let Found::Member(_) = self.found.get() {
                return attributes::empty(cx, slot, None, logged);
            }
            // What is missing in a dict is more than a missing value.
            let Storage::Values(values) = storage(object) else { return bail(Bail::Unsupported) };
            let index = slot.offset_from(values) as usize;
            match order_of(values, index) {
                Some(at) => attributes::empty(cx, slot, Some((values, at)), logged),
                None => bail(Bail::Unsupported),
            }
        }
    }

    /// [`Attribute::first`], of a place that [`Attribute::slot_to_write`] has given.
    ///
    /// # Safety
    /// As there.
    #[inline(never)]
    pub(super) unsafe extern "C" fn fill_again(
        &self,
        cx: Cx,
        object: *mut PyObject,
        slot: *mut *mut PyObject,
        value: *mut PyObject,
    ) -> R<()> {
        // SAFETY: By the caller: a slot of the instance, or one of its values.
        unsafe {
            let logged = !attributes::is_fresh(cx, object);
            let at = self.at.get();
            let values = if at < 0 { ptr::null_mut() } else { slot.offset(-at) };
            if at < 0 || note_order(values, at as usize) {
                return attributes::fill(cx, slot, logged.then_some(values), value);
            }
            Py_DECREF(value);
            bail(Bail::Unsupported)
        }
    }

    /// The attribute has just been given to an instance, so that its place is known the next time.
    ///
    /// # Safety
    /// A live instance of the class, which has the value.
    unsafe fn ready_again(
        &self,
        class: &ObjectClass,
        object: *mut PyObject,
        value: *mut PyObject,
        at: isize,
    ) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            if !self.proved.get() {
                self.prove(object, value)?;
            }
            self.make_ready(class, Py_TYPE(object), at);
        }
        Ok(())
    }

    /// Gives the instance an attribute that it has not; takes the reference to `value`.
    ///
    /// # Safety
    /// A live instance of the class; `slot` is what [`Attribute::slot`] gave.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn first(
        &self,
        cx: Cx,
        class: &ObjectClass,
        object: *mut PyObject,
        slot: *mut *mut PyObject,
        value: *mut PyObject,
    ) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            let fresh = attributes::is_fresh(cx, object);
            if let Found::Member(offset) = self.found.get() {
                attributes::fill(cx, slot, (!fresh).then_some(ptr::null_mut()), value)?;
                return self.ready_again(class, object, *slot, -(offset as isize));
            }
            if fresh && has_dict_later(object) {
                // Nobody else has seen the instance, and nothing is logged of its dict, which may grow.
                cx.before_tracked();
                let done = PyObject_GenericSetAttr(object, self.text.get(), value);
                Py_DECREF(value);
                if done < 0 {
                    PyErr_Clear();
                    return bail(Bail::Unsupported);
                }
                return Ok(());
            }
            if let (false, Storage::Values(values)) = (slot.is_null(), storage(object)) {
                let index = slot.offset_from(values) as usize;
                if note_order(values, index) {
                    attributes::fill(cx, slot, (!fresh).then_some(values), value)?;
                    return self.ready_again(class, object, *slot, index as isize);
                }
            } else if slot.is_null() && has_room(object) {
                // As Python does it: instances share one name more, which nobody sees. Values stay where they are.
                let done = PyObject_GenericSetAttr(object, self.text.get(), value);
                Py_DECREF(value);
                if done < 0 {
                    PyErr_Clear();
                    return bail(Bail::Memory);
                }
                if fresh {
                    return Ok(());
                }
                let (index, Storage::Values(values)) = (self.look_again(object), storage(object)) else {
                    return bail(Bail::Guard);
                };
                return attributes::filled(cx, values.add(index), values);
            }
            Py_DECREF(value);
            bail(Bail::Unsupported)
        }
    }
}

/// No place. A call, so that a place is not computed where there is none: instances that have none are rare.
#[cold]
#[inline(never)]
extern "C" fn nowhere() -> *mut *mut PyObject {
    ptr::null_mut()
}

/// How the class's own entry and an instance's go together.
unsafe fn kind(found: *mut PyObject) -> Found {
    // SAFETY: By the caller: a live object.
    unsafe {
        let ty = Py_TYPE(found);
        if ty == &raw mut PyMemberDescr_Type {
            const OBJECT: core::ffi::c_int = 16;
            // The definition stands behind what all descriptors have.
            let def = *found.cast::<u8>().add(40).cast::<*const PyMemberDef>();
            if (*def).type_code == OBJECT && (*def).flags == 0 && (*def).offset > 0 {
                return Found::Member((*def).offset as usize);
            }
            return Found::Data(found);
        }
        // A class that can change may become one of descriptors: `hides_no_more` looks at it in each transaction.
        if (*ty).tp_descr_set.is_some() { Found::Data(found) } else { Found::Other(found) }
    }
}
