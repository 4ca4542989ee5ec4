//! Direct reads of builtin objects, at the offsets that the C file proves.
//!
//! Everything here is a few instructions and meant to be inlined.  Nothing checks types: that is the caller's
//! part, with [`is_exact`].

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pyo3_ffi::{
    Py_TYPE, PyBool_Type, PyBytes_Type, PyDict_Type, PyFloat_Type, PyFrozenSet_Type, PyList_Type,
    PyLong_Type, PyObject, PyObject_GC_IsTracked, PyObject_GC_Track, PyObject_IS_GC, PyRange_Type,
    PySet_Type, PyTuple_Type, PyTypeObject, PyUnicode_Type,
};

mod rewritten;
mod text;

pub use rewritten::{bits_of, int_before, set_bits, set_int_value};
pub use text::*;

include!("offsets.rs");

const VERSION: usize = if cfg!(Py_3_13) {
    2
} else if cfg!(Py_3_12) {
    1
} else {
    0
};

/// `a == b`, for constants.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn row(name: &str) -> usize {
    let mut i = 0;
    while i < LAYOUT.len() {
        if same(LAYOUT[i].0, name) {
            return LAYOUT[i].2[VERSION];
        }
        i += 1;
    }
    panic!("no such row in offsets.rs")
}

/// The field at `offset` of the object.
#[inline(always)]
unsafe fn field<T>(object: *mut PyObject, offset: usize) -> *mut T {
    // SAFETY: The caller names a field of the object.
    unsafe { object.cast::<u8>().add(offset).cast() }
}

/// `type(object) is ty`.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub unsafe fn is_exact(object: *mut PyObject, ty: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller.
    unsafe { core::ptr::eq(Py_TYPE(object), ty) }
}

macro_rules! exact_tests {
    ($($(#[$doc:meta])* $name:ident = $ty:ident,)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// `object` is alive.
        #[inline(always)]
        pub unsafe fn $name(object: *mut PyObject) -> bool {
            // SAFETY: By the caller.
            unsafe { is_exact(object, &raw mut $ty) }
        }
    )*};
}

exact_tests! {
    /// `type(object) is int`
    is_int = PyLong_Type,
    /// `type(object) is bool`
    is_bool = PyBool_Type,
    /// `type(object) is float`
    is_float = PyFloat_Type,
    /// `type(object) is str`
    is_str = PyUnicode_Type,
    /// `type(object) is bytes`
    is_bytes = PyBytes_Type,
    /// `type(object) is tuple`
    is_tuple = PyTuple_Type,
    /// `type(object) is list`
    is_list = PyList_Type,
    /// `type(object) is dict`
    is_dict = PyDict_Type,
    /// `type(object) is set`
    is_set = PySet_Type,
    /// `type(object) is frozenset`
    is_frozenset = PyFrozenSet_Type,
    /// `type(object) is range`
    is_range = PyRange_Type,
}

/// The value of an exact `float`.
///
/// # Safety
/// `object` is an exact `float`.
#[inline(always)]
pub unsafe fn float_value(object: *mut PyObject) -> f64 {
    // SAFETY: By the caller.
    unsafe { *field::<f64>(object, const { row("FLOAT_VALUE") }) }
}

/// Overwrites the value of an exact `float` that nobody else can see.
///
/// # Safety
/// `object` is an exact `float`, referenced once.
#[inline(always)]
pub unsafe fn set_float_value(object: *mut PyObject, value: f64) {
    // SAFETY: By the caller.
    unsafe { *field::<f64>(object, const { row("FLOAT_VALUE") }) = value }
}

/// The value of an exact `int` (or `bool`), if 64 bits hold it.
///
/// # Safety
/// `object` is an exact `int` or `bool`.
#[inline(always)]
pub unsafe fn int_value(object: *mut PyObject) -> Option<i64> {
    // SAFETY: By the caller.
    unsafe {
        let digits = field::<u32>(object, const { row("LONG_DIGITS") });
        if let Some(value) = int_of_one_digit(object) {
            return Some(value);
        }
        // Hashes, times and masks of 32 bits: two digits always fit.
        match int_size(object) {
            (2, negative) => {
                let size = i64::from(*digits) | i64::from(*digits.add(1)) << const { row("LONG_SHIFT") };
                Some(if negative { -size } else { size })
            }
            // A result of C's is taken apart here: what follows then knows on each way whether there is a value.
            _ => Some(int_value_slow(object)?),
        }
    }
}

/// The value of an exact `int` of at most one digit, as most are.
#[inline(always)]
unsafe fn int_of_one_digit(object: *mut PyObject) -> Option<i64> {
    // SAFETY: By the caller: an exact `int`, which has a first digit even if it is zero.
    unsafe {
        let digit = i64::from(*field::<u32>(object, const { row("LONG_DIGITS") }));
        if cfg!(Py_3_12) {
            let tag = *field::<u64>(object, const { row("LONG_TAG") });
            // The digit of zero is zero (`_PyLong_New` sets it), so the bit for a minus decides alone. It does so without
            // a jump: numbers of both signs stand side by side.
            return (tag < 16).then_some(if tag & 2 != 0 { -digit } else { digit });
        }
        let (one_digit, sign) = int_tag(object);
        one_digit.then_some(sign * digit)
    }
}

/// At most one digit, and the sign (0 for zero, whose digit does not count).
#[inline(always)]
unsafe fn int_tag(object: *mut PyObject) -> (bool, i64) {
    // SAFETY: By the caller: an exact `int`.
    unsafe {
        if cfg!(Py_3_12) {
            let tag = *field::<u64>(object, const { row("LONG_TAG") });
            (tag < 16, 1 - (tag & 3) as i64)
        } else {
            let size = *field::<i64>(object, const { row("LONG_TAG") });
            ((size + 1) as u64 <= 2, size)
        }
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn int_value_slow(object: *mut PyObject) -> Option<i64> {
    // SAFETY: By the caller: an exact `int` of more than two digits.
    unsafe {
        let (count, negative) = int_size(object);
        // Three digits hold 90 bits, so more than three never fit.
        if count > 3 {
            return None;
        }
        let digits = field::<u32>(object, const { row("LONG_DIGITS") });
        let mut value: i128 = 0;
        for index in (0..count).rev() {
            value = value << const { row("LONG_SHIFT") } | i128::from(*digits.add(index));
        }
        i64::try_from(if negative { -value } else { value }).ok()
    }
}

/// Sign and digits (of 30 bits, the least significant first) of an exact `int`.
///
/// # Safety
/// `object` is one, and stays alive as long as the digits are looked at.
pub unsafe fn int_digits<'a>(object: *mut PyObject) -> (bool, &'a [u32]) {
    const { assert!(row("LONG_SHIFT") == 30 && row("LONG_DIGIT_SIZE") == 4) };
    // SAFETY: By the caller; the digits are as many as the tag says.
    unsafe {
        let (count, negative) = int_size(object);
        (negative, core::slice::from_raw_parts(field::<u32>(object, const { row("LONG_DIGITS") }), count))
    }
}

#[cfg(feature = "big")]
unsafe extern "C" {
    /// Exported by every version that is supported: an `int` of so many digits, which are not set yet, without a sign.
    fn _PyLong_New(digits: isize) -> *mut PyObject;
}

/// A new `int` of `count` digits, which `fill` writes, the most significant one not zero; null where memory is short.
///
/// # Safety
/// The GIL is held; there are more digits than two.
#[cfg(feature = "big")]
pub(crate) unsafe fn new_int(negative: bool, count: usize, fill: impl FnOnce(&mut [u32])) -> *mut PyObject {
    // SAFETY: By the caller; the digits are ours until the object is given away.
    unsafe {
        let object = _PyLong_New(count as isize);
        if object.is_null() {
            return object;
        }
        let digits = field::<u32>(object, const { row("LONG_DIGITS") });
        digits.write_bytes(0, count);
        fill(core::slice::from_raw_parts_mut(digits, count));
        set_int_size(object, negative, count);
        object
    }
}

/// So many bytes stand in front of the digits of an `int`.
#[cfg(feature = "big")]
pub(crate) const INT_HEAD: usize = row("LONG_DIGITS");

/// Memory in which digits stand behind room for the head becomes an `int`, which it belongs to from here on.
///
/// # Safety
/// The GIL is held, and `PyObject_Free` may be called with this memory. There are more digits than two, and the most
/// significant one is not zero.
#[cfg(feature = "big")]
pub(crate) unsafe fn int_at(object: *mut PyObject, negative: bool, count: usize) -> *mut PyObject {
    // SAFETY: By the caller.
    unsafe {
        pyo3_ffi::PyObject_Init(object, &raw mut pyo3_ffi::PyLong_Type);
        set_int_size(object, negative, count);
    }
    object
}

/// # Safety
/// `object` is an `int` that nobody else has, with room for so many digits, more than two.
#[cfg(feature = "big")]
unsafe fn set_int_size(object: *mut PyObject, negative: bool, count: usize) {
    // SAFETY: By the caller.
    unsafe {
        if cfg!(Py_3_12) {
            *field::<u64>(object, const { row("LONG_TAG") }) = (count as u64) << 3 | u64::from(negative) << 1;
        } else {
            let count = count as i64;
            *field::<i64>(object, const { row("LONG_TAG") }) = if negative { -count } else { count };
        }
    }
}

/// The number of digits that count, and whether there is a minus.
#[inline(always)]
unsafe fn int_size(object: *mut PyObject) -> (usize, bool) {
    // SAFETY: By the caller: an exact `int`.
    unsafe {
        if cfg!(Py_3_12) {
            let tag = *field::<u64>(object, const { row("LONG_TAG") });
            ((tag >> 3) as usize, tag & 3 == 2)
        } else {
            let size = *field::<i64>(object, const { row("LONG_TAG") });
            (size.unsigned_abs() as usize, size < 0)
        }
    }
}

/// `len(object)` of an exact list, tuple or bytes.
///
/// # Safety
/// `object` is one.
#[inline(always)]
pub unsafe fn var_size(object: *mut PyObject) -> usize {
    // SAFETY: By the caller.
    unsafe { *field::<usize>(object, const { row("VAR_SIZE") }) }
}

/// # Safety
/// `object` is an exact list, and `size` of its items are strong references.
#[inline(always)]
pub unsafe fn set_list_size(object: *mut PyObject, size: usize) {
    // SAFETY: By the caller.
    unsafe { *field::<usize>(object, const { row("VAR_SIZE") }) = size }
}

/// The array of items of an exact list.  Null for an empty one.
///
/// # Safety
/// `object` is an exact list.
#[inline(always)]
pub unsafe fn list_items(object: *mut PyObject) -> *mut *mut PyObject {
    // SAFETY: By the caller.
    unsafe { *field(object, const { row("LIST_ITEMS") }) }
}

/// Puts another array in place.
///
/// # Safety
/// `object` is an exact list; `items` is what `PyMem_Free` takes, and has room for `allocated`.
#[inline(always)]
pub unsafe fn set_list_items(object: *mut PyObject, items: *mut *mut PyObject, allocated: isize) {
    // SAFETY: By the caller.
    unsafe {
        *field(object, const { row("LIST_ITEMS") }) = items;
        *field(object, const { row("LIST_ALLOCATED") }) = allocated;
    }
}

/// Room in the array of an exact list; -1 while CPython sorts it.
///
/// # Safety
/// `object` is an exact list.
#[inline(always)]
pub unsafe fn list_allocated(object: *mut PyObject) -> isize {
    // SAFETY: By the caller.
    unsafe { *field(object, const { row("LIST_ALLOCATED") }) }
}

/// The items of an exact tuple.
///
/// # Safety
/// `object` is an exact tuple.
#[inline(always)]
pub unsafe fn tuple_items(object: *mut PyObject) -> *mut *mut PyObject {
    // SAFETY: By the caller.
    unsafe { field(object, const { row("TUPLE_ITEMS") }) }
}

/// Asks the processor for memory that is going to be read soon. Any address will do.
#[inline(always)]
pub fn fetch<T>(memory: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: A hint, which reads nothing.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(memory.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}

/// Asks for a text: its head, and its first code points, which may stand in the next line of the cache.
#[inline(always)]
pub fn fetch_text(object: *const PyObject) {
    fetch(object);
    fetch(object.cast::<u8>().wrapping_add(48));
}

/// Asks for the items of what may be an exact tuple of this length.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub unsafe fn fetch_items(object: *mut PyObject, count: usize) {
    // SAFETY: By the caller; an exact tuple has that many items.
    unsafe {
        if is_tuple(object) && var_size(object) == count {
            for index in 0..count {
                fetch(*tuple_items(object).add(index));
            }
        }
    }
}

/// Asks for the entries of what may be an exact dict.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub unsafe fn fetch_entries(object: *mut PyObject) {
    // SAFETY: By the caller; an exact dict has a table of keys.
    unsafe {
        if is_dict(object) {
            let keys: *const u8 = *field(object, const { row("DICT_KEYS") });
            fetch(keys);
            fetch(keys.wrapping_add(64));
        }
    }
}

/// One reference less, on trial: the object lives on.
///
/// # Safety
/// `object` is alive, the GIL is held, and [`count_up`] comes before anything else looks at it.
#[inline(always)]
pub(crate) unsafe fn count_down(object: *mut PyObject) {
    // SAFETY: By the caller: that is where the count is, but for objects that are not counted.
    unsafe {
        let count = object.cast::<isize>();
        if !cfg!(Py_3_12) || *count as i32 >= 0 {
            *count -= 1;
        }
    }
}

/// The reference that [`count_down`] took.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn count_up(object: *mut PyObject) {
    // SAFETY: By the caller.
    unsafe {
        let count = object.cast::<isize>();
        if !cfg!(Py_3_12) || *count as i32 >= 0 {
            *count += 1;
        }
    }
}

/// The hash that a `bytes` remembers; -1 when it was never computed.
///
/// # Safety
/// `object` is an exact `bytes`.
#[inline(always)]
pub unsafe fn bytes_known_hash(object: *mut PyObject) -> isize {
    // SAFETY: By the caller.
    unsafe { *field(object, const { row("BYTES_HASH") }) }
}

/// The data of an exact `bytes`.
///
/// # Safety
/// `object` is an exact `bytes`.
#[inline(always)]
pub unsafe fn bytes_data(object: *mut PyObject) -> NonNull<u8> {
    // SAFETY: By the caller.
    unsafe { NonNull::new_unchecked(field(object, const { row("BYTES_DATA") })) }
}

/// `len(dict)`.
///
/// # Safety
/// `object` is an exact dict.
#[inline(always)]
pub unsafe fn dict_used(object: *mut PyObject) -> usize {
    // SAFETY: By the caller.
    unsafe { *field(object, const { row("DICT_USED") }) }
}

/// What 3.12 and later keep beside the version of a dict.
const BESIDE: u64 = if cfg!(Py_3_12) { (1 << 12) - 1 } else { 0 };
/// CPython never counts as far. Versions that are ours have the first of these bits; with the second one they are marks.
const OURS: u64 = 1 << 63;
const MARK: u64 = 1 << 62;

/// Says that the dict is not what it was, to who goes by its version.
///
/// # Safety
/// `dict` is a dict, and the GIL is held.
#[inline(always)]
pub unsafe fn dict_moved_on(dict: *mut PyObject) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.load(Relaxed) + 1;
    COUNT.store(count, Relaxed);
    // SAFETY: By the caller.
    unsafe { set_version(dict, OURS | count << 12) }
}

/// Notes a number in the dict itself, as its version.
///
/// # Safety
/// As [`dict_moved_on`], which takes the mark away: it has to before Python goes on.
#[inline(always)]
pub unsafe fn set_dict_mark(dict: *mut PyObject, mark: u32) {
    // SAFETY: By the caller.
    unsafe { set_version(dict, OURS | MARK | u64::from(mark) << 12) }
}

/// The number that was noted in the dict.
///
/// # Safety
/// As [`dict_moved_on`].
#[inline(always)]
pub unsafe fn dict_mark(dict: *mut PyObject) -> Option<u32> {
    // SAFETY: By the caller.
    let version: u64 = unsafe { *field(dict, const { row("DICT_VERSION") }) };
    (version >= OURS | MARK).then_some((version >> 12) as u32)
}

/// # Safety
/// As [`dict_moved_on`].
#[inline(always)]
unsafe fn set_version(dict: *mut PyObject, version: u64) {
    // SAFETY: By the caller; the place is proved.
    unsafe {
        let place = field::<u64>(dict, const { row("DICT_VERSION") });
        *place = version | *place & BESIDE;
    }
}

/// Tells the collector of the dict, if what is stored in it makes it worth that: as CPython does.
///
/// # Safety
/// Live objects, the first a dict.
#[inline]
pub unsafe fn track_dict(dict: *mut PyObject, stored: *mut PyObject) {
    // SAFETY: By the caller.
    unsafe {
        if PyObject_IS_GC(stored) != 0
            && PyObject_GC_IsTracked(dict) == 0
            && (!is_exact(stored, &raw mut PyTuple_Type) || PyObject_GC_IsTracked(stored) != 0)
        {
            PyObject_GC_Track(dict.cast());
        }
    }
}

/// The table of a dict, read for one probe or one step of an iteration.
#[derive(Clone, Copy)]
pub struct Keys {
    base: *mut u8,
    values: *mut *mut PyObject,
    entries: *mut u8,
    mask: usize,
    log2_size: u8,
    pub kind: u8,
}

/// Any keys, with their hashes.
pub const KEYS_GENERAL: u8 = 0;

impl Keys {
    /// # Safety
    /// `dict` is an exact dict, and is not changed while the result is in use.
    #[inline(always)]
    pub unsafe fn of(dict: *mut PyObject) -> Keys {
        // SAFETY: By the caller.
        unsafe {
            let base: *mut u8 = *field(dict, const { row("DICT_KEYS") });
            let values: *mut u8 = *field(dict, const { row("DICT_VALUES") });
            Keys::at(base, values)
        }
    }

    /// The names that the instances of a class share; no values.
    ///
    /// # Safety
    /// `base` is such a table, and is not changed while the result is in use.
    pub unsafe fn shared(base: *mut u8) -> Keys {
        // SAFETY: By the caller.
        unsafe { Keys::at(base, core::ptr::null_mut()) }
    }

    #[inline(always)]
    unsafe fn at(base: *mut u8, values: *mut u8) -> Keys {
        // SAFETY: By the caller.
        unsafe {
            let log2_size = *base.add(const { row("KEYS_LOG2_SIZE") });
            let index_bytes = 1_usize << *base.add(const { row("KEYS_LOG2_INDEX_BYTES") });
            let entries = base.add(const { row("KEYS_INDICES") } + index_bytes);
            let values = if values.is_null() {
                core::ptr::null_mut()
            } else {
                values.add(const { row("VALUES_ITEMS") }).cast()
            };
            let kind = *base.add(const { row("KEYS_KIND") });
            Keys { base, values, entries, mask: (1 << log2_size) - 1, log2_size, kind }
        }
    }

    /// The slot of the hash table: an entry, or negative for empty (-1) and deleted (-2).
    ///
    /// # Safety
    /// `index <= mask()`.
    #[inline(always)]
    pub unsafe fn slot(&self, index: usize) -> isize {
        // SAFETY: `index <= mask`, by the caller.
        unsafe {
            let indices = self.base.add(const { row("KEYS_INDICES") });
            match self.log2_size {
                0..8 => isize::from(*indices.cast::<i8>().add(index)),
                8..16 => isize::from(*indices.cast::<i16>().add(index)),
                16..32 => *indices.cast::<i32>().add(index) as isize,
                _ => *indices.cast::<i64>().add(index) as isize,
            }
        }
    }

    #[inline(always)]
    pub fn mask(&self) -> usize {
        self.mask
    }

    /// Entries for which there still is room; none where the first insertion makes another table.
    pub fn usable(&self) -> usize {
        if self.is_split() {
            return 0;
        }
        // SAFETY: The table is alive while `self` is in use.
        let usable: isize = unsafe { *self.base.add(const { row("KEYS_USABLE") }).cast() };
        usable.max(0) as usize
    }

    /// Entries ever used, holes included.
    #[inline(always)]
    pub fn entries_used(&self) -> usize {
        // SAFETY: The table is alive while `self` is in use.
        unsafe { *self.base.add(const { row("KEYS_ENTRIES_USED") }).cast() }
    }

    /// Hash (only with general keys; the hash of a unicode key stands in the string), key and value; the value
    /// of a hole is null.
    ///
    /// # Safety
    /// `entry < entries_used()`, and the table is not split for iteration by entry.
    #[inline(always)]
    pub unsafe fn entry(&self, entry: usize) -> (isize, *mut PyObject, *mut PyObject) {
        // SAFETY: By the caller.
        unsafe {
            if self.kind == KEYS_GENERAL {
                let at = self.entries.add(entry * const { row("KEYS_GENERAL_ENTRY") });
                (*at.cast(), *at.add(8).cast(), *at.add(16).cast())
            } else {
                let at = self.entries.add(entry * const { row("KEYS_UNICODE_ENTRY") });
                let key: *mut PyObject = *at.cast();
                let value = if self.values.is_null() { *at.add(8).cast() } else { *self.values.add(entry) };
                (0, key, value)
            }
        }
    }

    /// The key of an entry of texts.
    ///
    /// # Safety
    /// As [`Keys::entry`]; the keys are texts.
    #[inline(always)]
    pub unsafe fn key(&self, entry: usize) -> *mut PyObject {
        // SAFETY: By the caller.
        unsafe { *self.entries.add(entry * const { row("KEYS_UNICODE_ENTRY") }).cast() }
    }

    /// Where the value of an entry of other keys than texts stands.
    ///
    /// # Safety
    /// As [`Keys::entry`]; the keys are any.
    #[inline(always)]
    pub unsafe fn general_place(&self, entry: usize) -> *mut *mut PyObject {
        // SAFETY: By the caller.
        unsafe { self.entries.add(entry * const { row("KEYS_GENERAL_ENTRY") } + 16).cast() }
    }

    /// Where the value of an entry stands.
    ///
    /// # Safety
    /// As [`Keys::key`].
    #[inline(always)]
    pub unsafe fn place(&self, entry: usize) -> *mut *mut PyObject {
        // SAFETY: By the caller.
        unsafe {
            match self.values.is_null() {
                true => self.entries.add(entry * const { row("KEYS_UNICODE_ENTRY") } + 8).cast(),
                false => self.values.add(entry),
            }
        }
    }

    /// Values stand beside the keys (instance dictionaries): the order of iteration is not that of the entries.
    #[inline(always)]
    pub fn is_split(&self) -> bool {
        !self.values.is_null()
    }
}

/// One slot of a set. Unused: no key; a dummy has the hash -1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SetEntry {
    pub key: *mut PyObject,
    pub hash: isize,
}

const _: () = assert!(
    size_of::<SetEntry>() == row("SET_ENTRY")
        && core::mem::offset_of!(SetEntry, key) == row("SET_ENTRY_KEY")
        && core::mem::offset_of!(SetEntry, hash) == row("SET_ENTRY_HASH")
);

/// Slots of a set that needs no memory of its own for them.
pub const SET_SMALLEST: usize = row("SET_SMALLEST");

/// The table of an exact set or frozenset.
#[derive(Clone, Copy)]
pub struct RawSet {
    object: *mut PyObject,
}

impl RawSet {
    /// # Safety
    /// `object` is an exact set or frozenset, and is not changed while the result is in use.
    #[inline(always)]
    pub unsafe fn of(object: *mut PyObject) -> RawSet {
        RawSet { object }
    }

    #[inline(always)]
    fn word(self, offset: usize) -> usize {
        // SAFETY: A field of the set, which is alive while `self` is in use.
        unsafe { *field::<usize>(self.object, offset) }
    }

    /// Elements and dummies.
    #[inline(always)]
    pub fn fill(self) -> usize {
        self.word(const { row("SET_FILL") })
    }

    /// `len(set)`
    #[inline(always)]
    pub fn used(self) -> usize {
        self.word(const { row("SET_USED") })
    }

    /// Slots less one.
    #[inline(always)]
    pub fn mask(self) -> usize {
        self.word(const { row("SET_MASK") })
    }

    /// Where `pop` goes on.
    #[inline(always)]
    pub fn finger(self) -> usize {
        self.word(const { row("SET_FINGER") })
    }

    /// The slots.
    #[inline(always)]
    pub fn entries(self) -> *mut SetEntry {
        // SAFETY: As in `word`.
        unsafe { *field(self.object, const { row("SET_TABLE") }) }
    }

    /// The slots inside of the object.
    #[inline(always)]
    pub fn small_entries(self) -> *mut SetEntry {
        // SAFETY: As in `word`.
        unsafe { field(self.object, const { row("SET_SMALL_TABLE") }) }
    }

    /// Hash and key of a slot.
    ///
    /// # Safety
    /// `index <= mask()`.
    #[inline(always)]
    pub unsafe fn slot(self, index: usize) -> (isize, *mut PyObject) {
        // SAFETY: By the caller.
        let entry = unsafe { *self.entries().add(index) };
        (entry.hash, entry.key)
    }

    /// Writes everything but the slots inside of the object.
    ///
    /// # Safety
    /// `entries` are `mask + 1` slots, of which `fill` are not unused and `used` hold a strong reference; they belong
    /// to the object or come from `PyMem_Malloc`.
    pub unsafe fn set(self, entries: *mut SetEntry, mask: usize, fill: usize, used: usize, finger: usize) {
        // SAFETY: By the caller; the fields of a live set.
        unsafe {
            *field(self.object, const { row("SET_TABLE") }) = entries;
            *field(self.object, const { row("SET_MASK") }) = mask;
            *field(self.object, const { row("SET_FILL") }) = fill;
            *field(self.object, const { row("SET_USED") }) = used;
            *field(self.object, const { row("SET_FINGER") }) = finger;
        }
    }
}
