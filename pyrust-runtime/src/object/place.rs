//! Where an instance keeps an attribute.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::*;

use super::class::{ObjectClass, inherited};
use crate::activate::object::interned;
use crate::boundary::attributes;
use crate::boundary::layout::{self, Keys};
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
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Attribute {}

const NOWHERE: usize = usize::MAX;

unsafe extern "C" {
    /// Exported by every version that is supported. Of an instance without a managed dict it is a place inside of it.
    fn _PyObject_GetDictPtr(object: *mut PyObject) -> *mut *mut PyObject;
}

#[cfg(Py_3_13)]
const INLINE_VALUES: u64 = 1 << 2;

/// What an instance keeps its attributes in.
enum Storage {
    Values(*mut *mut PyObject),
    Dict(*mut PyObject),
    /// No dict yet, or one that is kept in another way.
    Unknown,
    /// It can have no dict, or has had no attribute yet.
    Slots,
}

/// # Safety
/// A live instance of a class that a `class` statement made.
#[inline(always)]
unsafe fn storage(object: *mut PyObject) -> Storage {
    // SAFETY: By the caller; which words stand before the object its flags say.
    unsafe {
        let class = Py_TYPE(object);
        if (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT == 0 {
            return match (*class).tp_dictoffset {
                0 => Storage::Slots,
                // Behind the digits of a number.
                ..0 => match *_PyObject_GetDictPtr(object) {
                    dict if dict.is_null() => Storage::Unknown,
                    dict => Storage::Dict(dict),
                },
                _ => Storage::Unknown,
            };
        }
        let words = object.cast::<*mut PyObject>();
        let word = *words.sub(3);
        #[cfg(Py_3_13)]
        {
            if !word.is_null() {
                return Storage::Dict(word);
            }
            let values = object.cast::<u8>().add((*class).tp_basicsize as usize);
            // capacity, size, embedded, valid
            if (*class).tp_flags as u64 & INLINE_VALUES != 0 && *values.add(3) != 0 {
                return Storage::Values(values.add(8).cast());
            }
            // As for 3.12.
            if (*class).tp_flags as u64 & INLINE_VALUES == 0 {
                return Storage::Slots;
            }
            Storage::Unknown
        }
        #[cfg(all(Py_3_12, not(Py_3_13)))]
        {
            if word as usize & 1 != 0 {
                return Storage::Values(word.cast::<u8>().add(1).cast());
            }
            // Instances of classes derived from containers get a dict with their first attribute.
            if word.is_null() { Storage::Slots } else { Storage::Dict(word) }
        }
        #[cfg(not(Py_3_12))]
        {
            if !word.is_null() {
                return Storage::Dict(word);
            }
            let values = (*words.sub(4)).cast::<*mut PyObject>();
            // As for 3.12.
            if values.is_null() { Storage::Slots } else { Storage::Values(values) }
        }
    }
}

/// Does the collector see the attributes in the instance itself, though there is a dict?
///
/// # Safety
/// A live instance of a class that a `class` statement made.
unsafe fn lies_inside(_object: *mut PyObject) -> bool {
    #[cfg(Py_3_13)]
    // SAFETY: By the caller; see `storage`.
    unsafe {
        let class = Py_TYPE(_object);
        (*class).tp_flags as u64 & INLINE_VALUES != 0
            && *_object.cast::<u8>().add((*class).tp_basicsize as usize + 3) != 0
    }
    #[cfg(not(Py_3_13))]
    false
}

/// Has the instance, or may it have, attributes that are in no slot?
///
/// # Safety
/// A live instance of a class that was defined in Python.
pub(crate) unsafe fn may_have_attributes(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let class = Py_TYPE(object);
        let filled = |dict: *mut PyObject| !dict.is_null() && PyDict_Size(dict) != 0;
        match storage(object) {
            Storage::Slots => false,
            Storage::Dict(dict) => filled(dict),
            Storage::Values(_) => shared_count(class) != 0,
            // The dict is made when it is asked for.
            Storage::Unknown if (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT != 0 => false,
            Storage::Unknown => {
                let place = _PyObject_GetDictPtr(object);
                !place.is_null() && filled(*place)
            }
        }
    }
}

/// Notes that the value at `index` is the last one that was added; false where there is no room.
///
/// # Safety
/// The values of an instance.
unsafe fn note_order(values: *mut *mut PyObject, index: usize) -> bool {
    // SAFETY: By the caller; the order stands before the values, since 3.13 behind them.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let head = values.cast::<u8>().sub(8);
            let (capacity, size) = (*head as usize, *head.add(1) as usize);
            if index >= capacity || size >= capacity {
                return false;
            }
            *values.add(capacity).cast::<u8>().add(size) = index as u8;
            *head.add(1) = (size + 1) as u8;
        }
        #[cfg(not(Py_3_13))]
        {
            let head = values.cast::<u8>();
            let (room, size) = (*head.sub(1) as usize, *head.sub(2) as usize + 1);
            if size + 2 > room {
                return false;
            }
            *head.sub(2 + size) = index as u8;
            *head.sub(2) = size as u8;
        }
        true
    }
}

/// A new dict of what an instance keeps without a dict, in its order; null where it has one, or where memory is short.
/// Asking for `__dict__` would make one, and the instance another.
///
/// # Safety
/// A live object; no exception is set.
pub(crate) unsafe fn without_dict(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller; names are texts, so that no Python code runs. The order stands where `note_order` says.
    unsafe {
        let class = Py_TYPE(object);
        if (*class).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 || (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT == 0 {
            return ptr::null_mut();
        }
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        let (Storage::Values(values), false) = (storage(object), keys.is_null()) else {
            return ptr::null_mut();
        };
        let keys = Keys::shared(keys);
        let made = PyDict_New();
        let head = values.cast::<u8>();
        #[cfg(Py_3_13)]
        let (size, capacity) = (usize::from(*head.sub(7)), usize::from(*head.sub(8)));
        #[cfg(not(Py_3_13))]
        let size = usize::from(*head.sub(2));
        for at in 0..size {
            #[cfg(Py_3_13)]
            let index = usize::from(*values.add(capacity).cast::<u8>().add(at));
            #[cfg(not(Py_3_13))]
            let index = usize::from(*head.sub(3 + at));
            let (name, value) = (keys.key(index), *values.add(index));
            if made.is_null()
                || (!name.is_null() && !value.is_null() && PyDict_SetItem(made, name, value) < 0)
            {
                PyErr_Clear();
                Py_XDECREF(made);
                return ptr::null_mut();
            }
        }
        made
    }
}

/// Takes [`note_order`] back.
///
/// # Safety
/// As there; it was the last.
pub(crate) unsafe fn forget_order(values: *mut *mut PyObject) {
    // SAFETY: By the caller.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let size = values.cast::<u8>().sub(7);
            *size -= 1;
        }
        #[cfg(not(Py_3_13))]
        {
            let size = values.cast::<u8>().sub(2);
            *size -= 1;
        }
    }
}

/// The order in which values were added, as bytes that go down, since 3.13 up; how many there are, and how many there can be.
///
/// # Safety
/// The values of an instance.
unsafe fn order(values: *mut *mut PyObject) -> (*mut u8, isize, usize, usize) {
    // SAFETY: By the caller; see `note_order`.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let head = values.cast::<u8>().sub(8);
            let (capacity, size) = (*head as usize, *head.add(1) as usize);
            (values.add(capacity).cast::<u8>(), 1, size, capacity)
        }
        #[cfg(not(Py_3_13))]
        {
            let head = values.cast::<u8>();
            let (room, size) = (*head.sub(1) as usize, *head.sub(2) as usize);
            (head.sub(3), -1, size, room.saturating_sub(2))
        }
    }
}

/// How many values have been added.
///
/// # Safety
/// The values of an instance.
unsafe fn set_size(values: *mut *mut PyObject, size: usize) {
    let below = if cfg!(Py_3_13) { 7 } else { 2 };
    // SAFETY: By the caller; see `note_order`.
    unsafe { *values.cast::<u8>().sub(below) = size as u8 }
}

/// As which one the value at `index` was added.
///
/// # Safety
/// The values of an instance.
unsafe fn order_of(values: *mut *mut PyObject, index: usize) -> Option<usize> {
    // SAFETY: By the caller.
    unsafe {
        let (first, step, size, _) = order(values);
        (0..size).find(|at| usize::from(*first.offset(*at as isize * step)) == index)
    }
}

/// Forgets what was added as the one at that place.
///
/// # Safety
/// The values of an instance, of which there are more.
pub(crate) unsafe fn leave_order(values: *mut *mut PyObject, at: usize) {
    // SAFETY: By the caller.
    unsafe {
        let (first, step, size, _) = order(values);
        for to in at as isize..size as isize - 1 {
            *first.offset(to * step) = *first.offset((to + 1) * step);
        }
        set_size(values, size - 1);
    }
}

/// Takes [`leave_order`] back.
///
/// # Safety
/// As there; the value was at `index`.
pub(crate) unsafe fn rejoin_order(values: *mut *mut PyObject, at: usize, index: usize) {
    // SAFETY: By the caller: there is room, for it was there.
    unsafe {
        let (first, step, size, room) = order(values);
        if size >= room || at > size {
            return;
        }
        for to in (at as isize + 1..=size as isize).rev() {
            *first.offset(to * step) = *first.offset((to - 1) * step);
        }
        *first.offset(at as isize * step) = index as u8;
        set_size(values, size + 1);
    }
}

/// The names that instances of a class share, with their positions.
unsafe fn shared_index(class: *mut PyTypeObject, name: *mut PyObject) -> (usize, usize) {
    // SAFETY: By the caller: a live class of Python's; the keys of a class hold their names.
    unsafe {
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        if keys.is_null() {
            return (NOWHERE, 0);
        }
        let keys = Keys::shared(keys);
        if keys.kind == layout::KEYS_GENERAL {
            return (NOWHERE, 0);
        }
        let count = keys.entries_used();
        let found = (0..count).find(|at| is_name(keys.key(*at), name));
        (found.unwrap_or(NOWHERE), count)
    }
}

/// How many names instances of a class share.
#[inline(always)]
unsafe fn shared_count(class: *mut PyTypeObject) -> usize {
    // SAFETY: As for `shared_index`.
    unsafe {
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        if keys.is_null() { 0 } else { Keys::shared(keys).entries_used() }
    }
}

/// Is it an instance of a class derived from a container, which keeps its attributes in a dict?
///
/// # Safety
/// A live instance of a class of Python's.
#[inline]
pub(crate) unsafe fn has_dict_later(object: *mut PyObject) -> bool {
    const DERIVED: u64 = Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS;
    // SAFETY: By the caller.
    unsafe {
        let flags = (*Py_TYPE(object)).tp_flags;
        flags & DERIVED != 0
            && flags & Py_TPFLAGS_MANAGED_DICT != 0
            && matches!(storage(object), Storage::Slots | Storage::Dict(_))
    }
}

/// Can one name more be shared, so that the values of the instance stay values?
unsafe fn has_room(object: *mut PyObject) -> bool {
    // SAFETY: By the caller: an instance of a class of Python's.
    unsafe {
        let keys = (*Py_TYPE(object).cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        matches!(storage(object), Storage::Values(_)) && !keys.is_null() && Keys::shared(keys).usable() > 0
    }
}

/// Do both texts say the same? A hole among keys is null.
unsafe fn is_name(key: *mut PyObject, name: *mut PyObject) -> bool {
    // SAFETY: By the caller: texts, or null.
    unsafe {
        key == name
            || (!key.is_null()
                && layout::is_str(key)
                && layout::is_str(name)
                && PyUnicode_Compare(key, name) == 0)
    }
}

/// The entry with that name, looked for by its hash.
///
/// # Safety
/// A table of texts, which does not change meanwhile, and an interned text.
unsafe fn entry_of(keys: &Keys, name: *mut PyObject) -> Option<usize> {
    // SAFETY: By the caller; slots are inside of the mask and name entries. A text's hash runs no Python code.
    unsafe {
        let hash = PyObject_Hash(name);
        let mut perturb = hash as usize;
        let mut at = perturb & keys.mask();
        loop {
            match keys.slot(at) {
                -1 => return None,
                entry if entry >= 0 => {
                    let key = keys.key(entry as usize);
                    if key == name
                        || (!key.is_null() && layout::str_known_hash(key) == hash && is_name(key, name))
                    {
                        return Some(entry as usize);
                    }
                }
                _ => {}
            }
            perturb >>= 5;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
        }
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
        }
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
            self.version.set((*ty).tp_version_tag);
            Ok(())
        }
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
            let slot = match self.found(cx, class, object)? {
                Found::Member(offset) => object.cast::<u8>().add(offset).cast::<*mut PyObject>(),
                Found::Data(_) => return bail(Bail::Guard),
                Found::Other(_) => match storage(object) {
                    Storage::Values(values) => match self.index.get() {
                        // Names are only ever added.
                        NOWHERE if shared_count(Py_TYPE(object)) == self.known.get() => {
                            return Ok(ptr::null_mut());
                        }
                        NOWHERE => match self.look_again(object) {
                            NOWHERE => return Ok(ptr::null_mut()),
                            index => values.add(index),
                        },
                        index => values.add(index),
                    },
                    Storage::Dict(dict) => return self.slot_in_dict(cx, dict),
                    Storage::Slots => return Ok(ptr::null_mut()),
                    Storage::Unknown => return bail(Bail::Guard),
                },
            };
            if !self.proved.get() && !(*slot).is_null() {
                self.prove(object, *slot)?;
            }
            Ok(slot)
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

    /// Gives the instance an attribute that it has not; takes the reference to `value`.
    ///
    /// # Safety
    /// A live instance of the class; `slot` is what [`Attribute::slot`] gave.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn first(
        &self,
        cx: Cx,
        object: *mut PyObject,
        slot: *mut *mut PyObject,
        value: *mut PyObject,
    ) -> R<()> {
        // SAFETY: By the caller.
        unsafe {
            let fresh = attributes::is_fresh(cx, object);
            if let Found::Member(_) = self.found.get() {
                return attributes::fill(cx, slot, (!fresh).then_some(ptr::null_mut()), value);
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
                    return attributes::fill(cx, slot, (!fresh).then_some(values), value);
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
