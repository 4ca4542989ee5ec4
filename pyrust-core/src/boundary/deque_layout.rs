//! Where the items of a deque are. CPython keeps the structure to itself, so that no header proves it: each process looks
//! at a deque first.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering::Relaxed};

use pyo3_ffi::*;

use crate::boundary::collections;
use crate::builtins::c::undisturbed;

/// Items of a block.
pub(super) const BLOCK: usize = 64;

#[repr(C)]
pub(super) struct Block {
    left: *mut Block,
    pub(super) items: [*mut PyObject; BLOCK],
    right: *mut Block,
}

/// What CPython calls `dequeobject`, as far as it is used.
#[repr(C)]
pub(super) struct Raw {
    pub(super) base: PyVarObject,
    pub(super) left: *mut Block,
    pub(super) right: *mut Block,
    /// Of the first item in the first block.
    pub(super) first: isize,
    /// Of the last item in the last one.
    pub(super) last: isize,
    /// Moves with every change of shape.
    pub(super) state: usize,
    /// -1 for none.
    pub(super) maxlen: isize,
}

/// The deque, whose fields may be read.
///
/// # Safety
/// An exact deque that is alive, after [`is_proved`].
#[inline(always)]
pub(super) unsafe fn raw<'a>(object: *mut PyObject) -> &'a mut Raw {
    // SAFETY: By the caller.
    unsafe { &mut *object.cast::<Raw>() }
}

/// Where an item was found: the next one is not far.
#[derive(Clone, Copy)]
pub struct Spot {
    block: *mut Block,
    number: usize,
}

impl Spot {
    pub(crate) const NONE: Spot = Spot { block: ptr::null_mut(), number: 0 };
}

/// Item `index` of the object itself, borrowed.
///
/// # Safety
/// As [`raw`]; the index is inside.
#[inline]
pub(super) unsafe fn item(object: *mut PyObject, index: usize, spot: &mut Spot) -> *mut PyObject {
    // SAFETY: By the caller: there are as many blocks as the number of items tells.
    unsafe { *place(object, index, spot) }
}

#[inline]
pub(super) unsafe fn place(object: *mut PyObject, index: usize, spot: &mut Spot) -> *mut *mut PyObject {
    // SAFETY: By the caller.
    unsafe {
        let raw = raw(object);
        let at = raw.first as usize + index;
        let (number, inside) = (at / BLOCK, at % BLOCK);
        let last = (raw.first as usize + raw.base.ob_size as usize - 1) / BLOCK;
        // From where it is nearest.
        let (mut block, mut standing) = match number <= last - number {
            true => (raw.left, 0),
            false => (raw.right, last),
        };
        if !spot.block.is_null() && spot.number.abs_diff(number) < standing.abs_diff(number) {
            (block, standing) = (spot.block, spot.number);
        }
        while standing < number {
            block = (*block).right;
            standing += 1;
        }
        while standing > number {
            block = (*block).left;
            standing -= 1;
        }
        *spot = Spot { block, number };
        (&raw mut (*block).items).cast::<*mut PyObject>().add(inside)
    }
}

/// `type(object) is deque`, and its structure is known.
///
/// # Safety
/// The object is alive.
#[inline]
pub(crate) unsafe fn is_deque(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { collections::is_deque(object) && is_proved(object) }
}

/// `object.maxlen`
///
/// # Safety
/// As [`raw`].
pub(crate) unsafe fn maxlen(object: *mut PyObject) -> Option<usize> {
    // SAFETY: By the caller.
    usize::try_from(unsafe { raw(object) }.maxlen).ok()
}

/// The first item of the object itself, borrowed.
///
/// # Safety
/// As [`raw`].
pub(crate) unsafe fn first(object: *mut PyObject) -> Option<*mut PyObject> {
    // SAFETY: By the caller.
    unsafe {
        let raw = raw(object);
        (raw.base.ob_size > 0).then(|| (*raw.left).items[raw.first as usize])
    }
}

/// 0: not looked yet; 1: as expected; 2: otherwise.
static PROVED: AtomicU8 = AtomicU8::new(0);

/// `deque.append`, `appendleft`, `pop` and `popleft`.
static METHODS: [AtomicPtr<PyObject>; 4] = [const { AtomicPtr::new(ptr::null_mut()) }; 4];
const NAMES: [&core::ffi::CStr; 4] = [c"append", c"appendleft", c"pop", c"popleft"];

#[inline]
unsafe fn is_proved(object: *mut PyObject) -> bool {
    match PROVED.load(Relaxed) {
        1 => true,
        2 => false,
        _ => {
            // SAFETY: By the caller. The collector could run in the allocation.
            let proved = undisturbed(|| unsafe {
                let collects = PyGC_Disable() != 0;
                let proved = prove(Py_TYPE(object));
                if collects {
                    PyGC_Enable();
                }
                proved
            });
            PROVED.store(if proved { 1 } else { 2 }, Relaxed);
            proved
        }
    }
}

/// Makes a deque and looks whether all is where it is expected.
#[cold]
#[inline(never)]
unsafe fn prove(class: *mut PyTypeObject) -> bool {
    const MOST: usize = 200;
    // SAFETY: The class is C's; the deque is nobody else's, and what is read are words of it and of memory that it refers to.
    unsafe {
        if (*class).tp_basicsize < size_of::<Raw>() as isize {
            return false;
        }
        for (name, method) in NAMES.iter().zip(&METHODS) {
            let found = PyObject_GetAttrString(class.cast(), name.as_ptr());
            if found.is_null() || !ptr::eq(Py_TYPE(found), &raw mut PyMethodDescr_Type) {
                PyErr_Clear();
                return false;
            }
            // The reference is kept.
            method.store(found, Relaxed);
        }
        let (empty, most) = (PyTuple_New(0), PyLong_FromLong(MOST as _));
        let object = match empty.is_null() || most.is_null() {
            true => ptr::null_mut(),
            false => PyObject_CallFunctionObjArgs(class.cast(), empty, most, ptr::null_mut::<PyObject>()),
        };
        Py_XDECREF(empty);
        Py_XDECREF(most);
        if object.is_null() {
            PyErr_Clear();
            return false;
        }
        let good = is_as_expected(object, MOST);
        Py_DECREF(object);
        good.unwrap_or_else(|| {
            PyErr_Clear();
            false
        })
    }
}

unsafe fn is_as_expected(object: *mut PyObject, most: usize) -> Option<bool> {
    const COUNT: usize = 150;
    // SAFETY: By the caller: a new deque.
    unsafe {
        for number in 0..COUNT + 5 {
            let item = PyLong_FromLong(number as _);
            if item.is_null() {
                return None;
            }
            let done = invoke(object, 0, Some(item));
            Py_DECREF(item);
            Py_DECREF(done?.as_ptr());
        }
        let before = raw(object).state;
        // Nothing is followed before the words make sense.
        let ahead = (before == COUNT + 5)
            && raw(object).base.ob_size == (COUNT + 5) as isize
            && raw(object).maxlen == most as isize
            && (0..BLOCK as isize).contains(&raw(object).first)
            && (0..BLOCK as isize).contains(&raw(object).last);
        if !ahead {
            return Some(false);
        }
        for left in [3, 3, 3, 2, 2] {
            Py_DECREF(invoke(object, left, None)?.as_ptr());
        }
        let now = raw(object);
        let last = (now.first as usize + COUNT - 1) / BLOCK;
        if now.state != before + 5
            || now.base.ob_size != COUNT as isize
            || (now.first as usize + COUNT - 1) % BLOCK != now.last as usize
        {
            return Some(false);
        }
        let (mut block, mut steps) = (now.left, 0);
        while !ptr::eq(block, now.right) && steps <= last {
            let next = (*block).right;
            if next.is_null() || !ptr::eq((*next).left, block) {
                return Some(false);
            }
            (block, steps) = (next, steps + 1);
        }
        if steps != last {
            return Some(false);
        }
        let mut spot = Spot::NONE;
        for index in 0..COUNT {
            let found = item(object, index, &mut spot);
            let want = PySequence_GetItem(object, index as isize);
            if want.is_null() {
                return None;
            }
            Py_DECREF(want);
            if !ptr::eq(found, want) {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// Calls a method of [`NAMES`]; a new reference.
pub(super) unsafe fn invoke(
    object: *mut PyObject,
    method: usize,
    item: Option<*mut PyObject>,
) -> Option<NonNull<PyObject>> {
    let args = [object, item.unwrap_or(ptr::null_mut())];
    // SAFETY: By the caller: an exact deque; these methods are C's and run no Python code.
    unsafe {
        let count = 1 + usize::from(item.is_some());
        let method = METHODS[method].load(Relaxed);
        NonNull::new(PyObject_Vectorcall(method, args.as_ptr(), count, ptr::null_mut()))
    }
}
