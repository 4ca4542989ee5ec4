//! Where the order of an `OrderedDict` is. CPython keeps the structure to itself, so that no header proves it: each process
//! looks at one first.

use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering::Relaxed};

use pyo3_ffi::*;

use crate::boundary::dropped::is_plain;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::builtins::c::undisturbed;

/// An entry in the order.
#[repr(C)]
pub(super) struct Node {
    pub(super) key: *mut PyObject,
    pub(super) hash: isize,
    pub(super) next: *mut Node,
    pub(super) prev: *mut Node,
}

/// What CPython calls `_odictobject`.
#[repr(C)]
pub(super) struct Raw {
    base: PyDictObject,
    pub(super) first: *mut Node,
    pub(super) last: *mut Node,
    /// The nodes of the entries of the dict, by their number.
    nodes: *mut *mut Node,
    /// The slots of the table that the nodes are for, and that table.
    slots: isize,
    table: *mut u8,
    /// Moves when the order changes.
    state: usize,
    attributes: *mut PyObject,
    references: *mut PyObject,
}

unsafe extern "C" {
    static mut PyODict_Type: PyTypeObject;
    fn PyODict_SetItem(dict: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> core::ffi::c_int;
    fn PyODict_DelItem(dict: *mut PyObject, key: *mut PyObject) -> core::ffi::c_int;
}

type Fast = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize, *mut PyObject) -> *mut PyObject;
type NoArgs = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

/// `type(object) is OrderedDict`, and its structure is known.
///
/// # Safety
/// The object is alive.
#[inline]
pub(crate) unsafe fn is_ordered(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { layout::is_exact(object, &raw mut PyODict_Type) && is_proved() }
}

/// Has it no attributes of its own, which could hide its methods?
///
/// # Safety
/// As [`raw`].
#[inline]
pub(crate) unsafe fn is_bare(object: *mut PyObject) -> bool {
    // SAFETY: By the caller; the dict is one of C's.
    unsafe {
        let attributes = raw(object).attributes;
        attributes.is_null() || PyDict_Size(attributes) == 0
    }
}

/// Its fields.
///
/// # Safety
/// After [`is_ordered`]; it does not change while the result is in use.
#[inline(always)]
pub(super) unsafe fn raw<'a>(object: *mut PyObject) -> &'a Raw {
    // SAFETY: By the caller.
    unsafe { &*object.cast::<Raw>() }
}

/// The node of entry `entry` of the dict below, whose key this is; none if both do not agree, as after changes that
/// went past the class.
///
/// # Safety
/// As [`raw`].
#[inline]
pub(super) unsafe fn node_of(object: *mut PyObject, entry: usize, key: *mut PyObject) -> Option<*mut Node> {
    // SAFETY: By the caller: there are as many nodes as slots, and a table has more slots than entries.
    unsafe {
        let raw = raw(object);
        if !ptr::eq(raw.base.ma_keys.cast::<u8>(), raw.table) || entry as isize >= raw.slots {
            return None;
        }
        let node = *raw.nodes.add(entry);
        (!node.is_null() && ptr::eq((*node).key, key)).then_some(node)
    }
}

/// Where an entry of the dict below stands.
pub(super) struct Entry {
    pub(super) number: usize,
    pub(super) value: *mut PyObject,
    /// On the way there CPython compares nothing but numbers and texts.
    pub(super) is_quiet: bool,
}

/// The entry of the dict below with that very key.
///
/// # Safety
/// As [`raw`]; the hash is that of the key.
#[inline]
pub(super) unsafe fn entry_of(object: *mut PyObject, hash: isize, key: *mut PyObject) -> Option<Entry> {
    // SAFETY: By the caller: the slots are inside the mask and name entries of the table.
    unsafe {
        let keys = Keys::of(object);
        let mut perturb = hash as usize;
        let mut at = perturb & keys.mask();
        let mut is_quiet = true;
        loop {
            let number = keys.slot(at);
            if number == -1 {
                return None;
            }
            if number >= 0 {
                let (known, stored, value) = keys.entry(number as usize);
                if ptr::eq(stored, key) {
                    return (!value.is_null()).then_some(Entry { number: number as usize, value, is_quiet });
                }
                if keys.kind == KEYS_GENERAL && known == hash {
                    is_quiet &= is_plain(stored) && is_plain(key);
                }
            }
            perturb >>= 5;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
        }
    }
}

/// Can CPython find all nodes in another table without running Python code? So it is where dict and order agree, and
/// keys of the same hash are numbers and texts.
///
/// # Safety
/// As [`raw`].
pub(super) unsafe fn can_grow(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let (mut node, mut count) = (raw(object).first, 0);
        while !node.is_null() {
            let key = (*node).key;
            let Some(entry) = entry_of(object, (*node).hash, key) else { return false };
            if !entry.is_quiet || node_of(object, entry.number, key) != Some(node) {
                return false;
            }
            count += 1;
            node = (*node).next;
        }
        count == layout::dict_used(object)
    }
}

/// `object[key] = value`; says whether that worked.
///
/// # Safety
/// As [`raw`]; no Python code is needed to hash and to find the key.
pub(super) unsafe fn set(object: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { PyODict_SetItem(object, key, value) == 0 }
}

/// `del object[key]`
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn delete(object: *mut PyObject, key: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { PyODict_DelItem(object, key) == 0 }
}

/// `object.move_to_end(key, last)`
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn move_to_end(object: *mut PyObject, key: *mut PyObject, last: bool) -> bool {
    // SAFETY: By the caller; the function takes its arguments so, as `prove` has seen.
    unsafe {
        let function: Fast = core::mem::transmute(METHODS[0].load(Relaxed));
        let args = [key, if last { Py_True() } else { Py_False() }];
        is_done(function(object, args.as_ptr(), 2, ptr::null_mut()))
    }
}

/// `object.clear()`
///
/// # Safety
/// As [`raw`].
pub(super) unsafe fn clear(object: *mut PyObject) -> bool {
    // SAFETY: As in `move_to_end`.
    unsafe {
        let function: NoArgs = core::mem::transmute(METHODS[1].load(Relaxed));
        is_done(function(object, ptr::null_mut()))
    }
}

unsafe fn is_done(none: *mut PyObject) -> bool {
    // SAFETY: A new reference, or null.
    unsafe { Py_XDECREF(none) };
    !none.is_null()
}

/// An empty one; a new reference, or null with an error.
pub(super) fn make() -> *mut PyObject {
    // SAFETY: The GIL is held; without arguments the class does nothing else.
    unsafe { PyObject_CallNoArgs((&raw mut PyODict_Type).cast()) }
}

/// The functions of the methods.
static METHODS: [AtomicPtr<u8>; 2] = [const { AtomicPtr::new(ptr::null_mut()) }; 2];
const NAMES: [(&CStr, core::ffi::c_int); 2] =
    [(c"move_to_end", METH_FASTCALL | METH_KEYWORDS), (c"clear", METH_NOARGS)];

/// 0: not looked yet; 1: as expected; 2: otherwise.
static PROVED: AtomicU8 = AtomicU8::new(0);

#[inline]
fn is_proved() -> bool {
    match PROVED.load(Relaxed) {
        1 => true,
        2 => false,
        _ => prove(),
    }
}

/// Makes one and looks whether all is where it is expected.
#[cold]
#[inline(never)]
fn prove() -> bool {
    // The collector could run in the allocation.
    let proved = undisturbed(|| {
        // SAFETY: The GIL is held.
        unsafe {
            let collects = PyGC_Disable() != 0;
            let proved = is_class_as_expected() && is_object_as_expected();
            if !PyErr_Occurred().is_null() {
                PyErr_Clear();
            }
            if collects {
                PyGC_Enable();
            }
            proved
        }
    });
    PROVED.store(if proved { 1 } else { 2 }, Relaxed);
    proved
}

unsafe fn is_class_as_expected() -> bool {
    // SAFETY: A class of C's; its table of methods ends with an empty one.
    unsafe {
        let class = &raw mut PyODict_Type;
        let placed = (*class).tp_basicsize == size_of::<Raw>() as isize
            && (*class).tp_dictoffset == core::mem::offset_of!(Raw, attributes) as isize
            && (*class).tp_weaklistoffset == core::mem::offset_of!(Raw, references) as isize
            && (*class).tp_flags & Py_TPFLAGS_IMMUTABLETYPE != 0
            && !(*class).tp_methods.is_null();
        if !placed {
            return false;
        }
        let mut method = (*class).tp_methods;
        while !(*method).ml_name.is_null() {
            for ((name, flags), function) in NAMES.iter().zip(&METHODS) {
                if CStr::from_ptr((*method).ml_name) == *name && (*method).ml_flags == *flags {
                    function.store((*method).ml_meth.as_ptr().cast(), Relaxed);
                }
            }
            method = method.add(1);
        }
        METHODS.iter().all(|function| !function.load(Relaxed).is_null())
    }
}

unsafe fn is_object_as_expected() -> bool {
    const COUNT: usize = 20;
    // SAFETY: Both are nobody else's; what is read are words of them and of memory that they refer to.
    unsafe {
        let (object, names) = (make(), PyList_New(0));
        let good = !object.is_null() && !names.is_null() && is_filled_as_expected(object, names, COUNT);
        Py_XDECREF(object);
        Py_XDECREF(names);
        good
    }
}

unsafe fn is_filled_as_expected(object: *mut PyObject, names: *mut PyObject, count: usize) -> bool {
    // SAFETY: By the caller: a new `OrderedDict` and a new list.
    unsafe {
        if !raw(object).first.is_null() || !raw(object).last.is_null() || raw(object).state != 0 {
            return false;
        }
        for number in 0..count {
            let name = PyUnicode_FromFormat(c"ordered %zd".as_ptr(), number as isize);
            if name.is_null() {
                return false;
            }
            let put = PyList_Append(names, name) == 0 && set(object, name, name);
            Py_DECREF(name);
            // Nothing is followed before the words make sense.
            if !put || raw(object).state != number + 1 || raw(object).last.is_null() {
                return false;
            }
        }
        let name = |index: usize| PyList_GetItem(names, index as isize);
        if !is_in_order(object, (0..count).map(name), count) {
            return false;
        }
        if !move_to_end(object, name(3), true) || !move_to_end(object, name(9), false) {
            return false;
        }
        if raw(object).state != count + 4 || !delete(object, name(5)) || raw(object).state != count + 5 {
            return false;
        }
        let rest = (0..count).filter(|index| ![3, 5, 9].contains(index)).map(name);
        let moved = [name(9)].into_iter().chain(rest).chain([name(3)]);
        if !is_in_order(object, moved, count - 1) || !can_grow(object) {
            return false;
        }
        clear(object) && raw(object).first.is_null() && layout::dict_used(object) == 0
    }
}

unsafe fn is_in_order(
    object: *mut PyObject,
    names: impl Iterator<Item = *mut PyObject>,
    count: usize,
) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let (mut node, mut before, mut seen) = (raw(object).first, ptr::null_mut(), 0);
        for name in names {
            if node.is_null() || !ptr::eq((*node).key, name) || !ptr::eq((*node).prev, before) {
                return false;
            }
            let hash = PyObject_Hash(name);
            let Some(entry) = entry_of(object, hash, name) else { return false };
            if (*node).hash != hash
                || !ptr::eq(entry.value, name)
                || node_of(object, entry.number, name) != Some(node)
            {
                return false;
            }
            (before, node, seen) = (node, (*node).next, seen + 1);
        }
        node.is_null() && ptr::eq(raw(object).last, before) && seen == count
    }
}
