//! A `str`: its length, its width, where its code points stand, and whether they may change.

use core::ptr::NonNull;

use pyo3_ffi::{Py_REFCNT, PyObject};

use super::{field, row};

/// Data, length and kind (bytes per code point) of an exact `str`; none for a legacy string that CPython 3.11
/// has not made ready.
///
/// # Safety
/// `object` is an exact `str`.
#[inline(always)]
pub unsafe fn str_parts(object: *mut PyObject) -> Option<(NonNull<u8>, usize, u8)> {
    const COMPACT: u32 = 0x20;
    const ASCII: u32 = 0x40;
    // SAFETY: By the caller.
    unsafe {
        let state = *field::<u32>(object, const { row("STR_STATE") });
        if state & COMPACT == 0 {
            return None;
        }
        let offset =
            if state & ASCII != 0 { const { row("STR_ASCII_DATA") } } else { const { row("STR_WIDE_DATA") } };
        let length = *field::<usize>(object, const { row("STR_LENGTH") });
        Some((NonNull::new_unchecked(field(object, offset)), length, (state >> 2 & 7) as u8))
    }
}

/// Where the text of a compact `str` of ASCII stands.
///
/// # Safety
/// `object` is such a `str`.
#[inline(always)]
pub unsafe fn ascii_data(object: NonNull<PyObject>) -> NonNull<u8> {
    // SAFETY: By the caller.
    unsafe { NonNull::new_unchecked(field(object.as_ptr(), const { row("STR_ASCII_DATA") })) }
}

/// The compact `str` whose text, of ASCII or not, begins there.
///
/// # Safety
/// There is one.
#[inline(always)]
pub unsafe fn object_of_text(data: NonNull<u8>, is_ascii: bool) -> NonNull<PyObject> {
    let offset = if is_ascii { const { row("STR_ASCII_DATA") } } else { const { row("STR_WIDE_DATA") } };
    // SAFETY: By the caller.
    unsafe { data.byte_sub(offset).cast() }
}

/// Are all code points below 128?
///
/// # Safety
/// `object` is an exact `str`.
#[inline(always)]
pub unsafe fn str_is_ascii(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { *field::<u32>(object, const { row("STR_STATE") }) & 0x40 != 0 }
}

/// May the text of an exact `str` change, because its only reference is ours and nothing was derived from it?  What
/// is interned has a hash.
///
/// # Safety
/// `object` is an exact `str`, alive.
#[inline(always)]
pub unsafe fn str_is_modifiable(object: *mut PyObject) -> bool {
    // SAFETY: By the caller; only what is not ASCII has the field of the UTF-8 form.
    unsafe {
        Py_REFCNT(object) == 1
            && str_known_hash(object) == -1
            && (str_is_ascii(object) || (*field::<*mut u8>(object, const { row("STR_UTF8") })).is_null())
    }
}

/// Is it ASCII, and may it change as [`str_is_modifiable`] says?
///
/// # Safety
/// `object` is an exact `str`, alive.
#[inline(always)]
pub unsafe fn ascii_is_modifiable(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { Py_REFCNT(object) == 1 && str_known_hash(object) == -1 && str_is_ascii(object) }
}

/// Says how many code points a `str` of ASCII has.
///
/// # Safety
/// `object` is such a `str`, with room for them and the NUL behind them, which have been written, and
/// [`str_is_modifiable`] holds.
#[inline(always)]
pub unsafe fn set_ascii_length(object: *mut PyObject, len: usize) {
    // SAFETY: By the caller.
    unsafe { *field::<usize>(object, const { row("STR_LENGTH") }) = len }
}

/// Says how many code points an exact `str` has, and writes the NUL behind them.
///
/// # Safety
/// `object` is a compact `str` with room for `len` code points that have been written, and
/// [`str_is_modifiable`] holds.
#[inline(always)]
pub unsafe fn set_str_length(object: *mut PyObject, data: NonNull<u8>, kind: u8, len: usize) {
    // SAFETY: By the caller; CPython allocates room for the NUL as well.
    unsafe {
        *field::<usize>(object, const { row("STR_LENGTH") }) = len;
        core::ptr::write_bytes(data.as_ptr().add(len * kind as usize), 0, kind as usize);
    }
}

/// The hash that a `str` remembers; -1 when it was never computed.
///
/// # Safety
/// `object` is an exact `str`.
#[inline(always)]
pub unsafe fn str_known_hash(object: *mut PyObject) -> isize {
    // SAFETY: By the caller.
    unsafe { *field(object, const { row("STR_HASH") }) }
}
