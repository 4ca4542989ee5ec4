//! What a `str`, a one-character `str` and a `bytes` are here.  The operations are in `str_`, `chr`, `bytes`.

mod ascii;
mod bytes;
mod chr;
mod text;

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyErr_Clear, PyObject, PyObject_Hash, PyUnicode_New, PyUnicode_Resize};

use crate::blocks;
use crate::boundary::layout;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};
pub use bytes::Bytes;
pub use chr::Chr;
pub use text::Text;

/// An exact `str`, with where its code points stand.  Owns a reference: freeing a `str` runs no Python code.
///
/// It may be a part of another one of ASCII, which becomes an object of its own when somebody asks for it: many words
/// are looked at and never kept.
pub struct Str {
    /// The object; of a part the one that has the text; of a part that has become an object a [`Pair`]. [`LENT`] where the
    /// object is known to outlive everybody here.
    obj: Cell<*mut PyObject>,
    /// Of a part that has become an object it still points into the other one: somebody may be reading there.
    pub(crate) data: NonNull<u8>,
    /// Bytes per code point (1, 2 or 4), what [`UNMADE`] and the ones below say, from [`SPARE`] on how many more code
    /// points have room behind the text, and from [`LENGTH`] on how many there are. One word, as everything here is: a
    /// processor is slow to read as a whole what was written in pieces.
    meta: Cell<u64>,
}

/// The references of a part that has become an object.
struct Pair {
    own: NonNull<PyObject>,
    /// What it is a part of.
    text: NonNull<PyObject>,
}

unsafe extern "C" {
    /// What `hash` does with the bytes of a `str` or `bytes`.
    fn _Py_HashBytes(data: *const core::ffi::c_void, len: isize) -> isize;
}

/// Bytes per code point.
const KIND: u64 = 7;
/// It is a part of another text, of ASCII, and there is no object of its own yet.
const UNMADE: u64 = 1 << 3;
/// It is a part that has become an object.
const PAIR: u64 = 1 << 4;
/// The object, or what it is a part of, lives until the transaction closes, whoever keeps it.
const LASTING: u64 = 1 << 5;
/// All code points are below 128.
const ASCII: u64 = 1 << 6;
const SPARE: u32 = 7;
const MOST_SPARE: u64 = (1 << (LENGTH - SPARE)) - 1;
/// Longer texts than of a terabyte are Python's.
const LENGTH: u32 = 24;

/// Has a text of so many code points its length in the word?
#[inline(always)]
fn fits(len: usize) -> bool {
    len >> (u64::BITS - LENGTH) == 0
}

/// What texts that are the same have in common: both lengths, of the text and of a code point.
const SHAPE: u64 = u64::MAX << LENGTH | KIND;

/// In place of an object that is lasting: there is no reference to it, and it stands before its text. Not a bit of the last
/// word: a constant is what rustc sees, and leaves all that would count out.
const LENT: *mut PyObject = ptr::without_provenance_mut(1);

/// Gives the references of a part that has two back. A word, so that the string may be in registers.
///
/// # Safety
/// A [`Pair`] that nobody uses any more.
#[cold]
#[inline(never)]
unsafe extern "C" fn release(pair: *mut Pair) {
    // SAFETY: By the caller; it came from `blocks::make`.
    unsafe {
        Py_DECREF((*pair).own.as_ptr());
        Py_DECREF((*pair).text.as_ptr());
        blocks::unmake(pair);
    }
}

/// Parts of a text that would not live on without them keep no more than so many bytes alive.
const KEPT: usize = 256;

impl Str {
    #[inline(always)]
    fn new(obj: *mut PyObject, data: NonNull<u8>, meta: u64) -> Str {
        Str { obj: Cell::new(obj), data, meta: Cell::new(meta) }
    }

    #[inline(always)]
    fn whole(obj: NonNull<PyObject>, data: NonNull<u8>, len: usize, kind: u8) -> Str {
        Str::marked(obj, data, len, kind, 0)
    }

    /// The same with more to be said of it.
    #[inline(always)]
    fn marked(obj: NonNull<PyObject>, data: NonNull<u8>, len: usize, kind: u8, marks: u64) -> Str {
        // SAFETY: Where its text begins depends on whether it is ASCII.
        let ascii = if data == unsafe { layout::ascii_data(obj) } { ASCII } else { 0 };
        Str::new(obj.as_ptr(), data, (len as u64) << LENGTH | ascii | marks | u64::from(kind))
    }

    /// The parts of an exact `str`, if it is compact and not too long.
    ///
    /// # Safety
    /// Such a `str`, alive.
    #[inline(always)]
    unsafe fn parts(object: *mut PyObject) -> Option<(NonNull<u8>, usize, u8)> {
        // SAFETY: By the caller.
        unsafe { layout::str_parts(object) }.filter(|parts| fits(parts.1))
    }

    /// What a function that is not inlined made.  Its words are read one by one: a move would read them in pairs, which
    /// are not there until both have got to memory.
    #[inline(always)]
    pub(crate) fn arrived(made: R<Str>) -> R<Str> {
        let made = ManuallyDrop::new(made);
        match &*made {
            // SAFETY: What was made is not dropped, so this is a move.
            Ok(text) => Ok(unsafe { text.words() }),
            Err(stop) => Err(*stop),
        }
    }

    /// The same words.
    ///
    /// # Safety
    /// They stand for references, of which there are no more than before.
    #[inline(always)]
    unsafe fn words(&self) -> Str {
        // SAFETY: All of it is there. Volatile, so that what is read is not put together.
        unsafe {
            Str {
                obj: Cell::new(ptr::read_volatile(self.obj.as_ptr())),
                data: ptr::read_volatile(&raw const self.data),
                meta: Cell::new(ptr::read_volatile(self.meta.as_ptr())),
            }
        }
    }

    /// The same string, see [`Str::arrived`].
    #[inline(always)]
    pub(crate) fn word_by_word(self) -> Str {
        let made = ManuallyDrop::new(self);
        // SAFETY: What was made is not dropped, so this is a move.
        unsafe { made.words() }
    }

    /// A new string of ASCII, all of it written.  Its head is not looked at: it has just been written in pieces, which a
    /// processor is slow to read as a whole.
    ///
    /// # Safety
    /// A strong reference to a compact `str` of `len` code points below 128.
    #[inline(always)]
    pub(crate) unsafe fn of_ascii(obj: NonNull<PyObject>, len: usize) -> Str {
        if !fits(len) {
            // A call with such a text is Python's.
            crate::txn::doom_open();
        }
        // SAFETY: By the caller.
        Str::whole(obj, unsafe { layout::ascii_data(obj) }, len, 1)
    }

    /// A part of a text that is there for its parts.
    ///
    /// # Safety
    /// A `str` of ASCII that has so many code points from there on.
    #[inline(always)]
    pub(crate) unsafe fn part_of(obj: NonNull<PyObject>, start: usize, len: usize) -> Str {
        // SAFETY: By the caller; the part has a reference of its own.
        unsafe {
            Py_INCREF(obj.as_ptr());
            let data = layout::ascii_data(obj).add(start);
            Str::new(obj.as_ptr(), data, (len as u64) << LENGTH | ASCII | UNMADE | 1)
        }
    }

    /// The part from `start` to `end` without an object of its own, where that pays: it has more than one code point,
    /// all of ASCII, and is not all there is.
    #[inline(always)]
    pub(crate) fn part(&self, start: usize, end: usize) -> Option<Str> {
        let lasting = self.meta.get() & LASTING;
        let pays = start + 1 < end && end <= self.len() && (lasting != 0 || self.len() <= KEPT);
        if !pays || !self.is_ascii() {
            return None;
        }
        // SAFETY: in bounds; the object is alive, and the part has a reference of its own.
        unsafe {
            let text = self.text();
            Py_INCREF(text);
            let meta = ((end - start) as u64) << LENGTH | lasting | ASCII | UNMADE | 1;
            Some(Str::new(text, self.data.add(start), meta))
        }
    }

    /// The object in which the text stands.
    #[inline(always)]
    fn text(&self) -> *mut PyObject {
        match self.pair() {
            // SAFETY: It lives as long as the part.
            Some(pair) => unsafe { (*pair).text.as_ptr() },
            None => self.object(),
        }
    }

    /// The two objects of a part that has become one.
    #[inline(always)]
    fn pair(&self) -> Option<*mut Pair> {
        (self.meta.get() & PAIR != 0).then(|| self.obj.get().cast())
    }

    /// The same text, for as long as it is looked at: unlike a copy, a part without an object remains one.
    #[inline(always)]
    pub fn hold(&self) -> Str {
        if self.meta.get() & PAIR != 0 {
            return self.copied().word_by_word();
        }
        // SAFETY: The object is alive; the copy has a reference of its own. Nobody appends while there are two, so what is
        // spare is so for both.
        unsafe {
            let copy = self.words();
            copy.obj.set(self.object());
            Py_INCREF(copy.obj.get());
            copy
        }
    }

    /// The same text without a reference, if it lives until the transaction closes.
    #[inline(always)]
    pub(crate) fn lend(self) -> Str {
        if self.meta.get() & (LASTING | UNMADE | PAIR) != LASTING {
            return self;
        }
        // `self` gives its reference back; there are others.
        Str::new(LENT, self.data, self.meta.get())
    }

    /// Another copy, of which the code says that it is lent: nobody asks.
    ///
    /// # Safety
    /// [`Str::lend`] returned it, of what had been read from an object, and the transaction is open.
    #[inline(always)]
    pub(crate) unsafe fn lent_again(&self) -> Str {
        debug_assert!(!self.is_part() && self.spare() == 0);
        Str::new(LENT, self.data, self.meta.get())
    }

    #[inline(always)]
    fn is_part(&self) -> bool {
        self.meta.get() & (UNMADE | PAIR) != 0
    }

    #[inline(always)]
    fn is_lent(&self) -> bool {
        ptr::eq(self.obj.get(), LENT)
    }

    /// The object of what has no [`Pair`]; of a part without one what it is a part of.
    #[inline(always)]
    fn object(&self) -> *mut PyObject {
        if self.is_lent() {
            // SAFETY: There the text of that object begins.
            unsafe { layout::object_of_text(self.data, self.is_ascii()).as_ptr() }
        } else {
            self.obj.get()
        }
    }

    /// The object, if there is one.
    #[inline(always)]
    pub(crate) fn known(&self) -> *mut PyObject {
        if self.meta.get() & UNMADE == 0 { self.as_ptr() } else { ptr::null_mut() }
    }

    /// A new object of a part; none without memory.
    #[inline]
    fn new_object(&self) -> Option<NonNull<PyObject>> {
        // SAFETY: The GIL is held; the part is ASCII and has more than one code point, so the object is new and has room for
        // it. Its head is not looked at, see `of_ascii`.
        unsafe {
            let Some(object) = NonNull::new(PyUnicode_New(self.len() as isize, 127)) else {
                PyErr_Clear();
                return None;
            };
            ptr::copy_nonoverlapping(self.data.as_ptr(), layout::ascii_data(object).as_ptr(), self.len());
            Some(object)
        }
    }

    /// What a part becomes of which nothing else is needed any more.
    #[inline(never)]
    extern "C" fn becomes(&self) -> NonNull<PyObject> {
        if self.meta.get() & UNMADE != 0
            && let Some(object) = self.new_object()
        {
            return object;
        }
        let object = self.made();
        // SAFETY: Alive: the part has a reference to it, or to what it is a part of.
        unsafe {
            Py_INCREF(object);
            NonNull::new_unchecked(object)
        }
    }

    /// The object of a part, made now if there is none. Without memory the call is not committed, and what it sees does not
    /// matter.
    #[cold]
    #[inline(never)]
    extern "C" fn made(&self) -> *mut PyObject {
        // SAFETY: The GIL is held; the pair lives as long as the part, which has a reference to what it is a part of.
        unsafe {
            if let Some(pair) = self.pair() {
                return (*pair).own.as_ptr();
            }
            let text = NonNull::new_unchecked(self.obj.get());
            let pair = blocks::make::<Pair>();
            let Some(own) = (if pair.is_null() { None } else { self.new_object() }) else {
                if !pair.is_null() {
                    blocks::unmake(pair);
                }
                crate::txn::doom_open();
                return text.as_ptr();
            };
            pair.write(Pair { own, text });
            self.obj.set(pair.cast());
            self.meta.set(self.meta.get() ^ (UNMADE | PAIR));
            own.as_ptr()
        }
    }

    /// A copy of a part is the object that it has become, so that there is one for all copies.
    #[cold]
    #[inline(never)]
    extern "C" fn copied(&self) -> Str {
        let object = self.made();
        // SAFETY: An exact `str`, compact since it was made here or is one that was taken apart before.
        unsafe {
            Py_INCREF(object);
            let (data, len, kind) = layout::str_parts(object).unwrap_or((self.data, 0, 1));
            Str::whole(NonNull::new_unchecked(object), data, len, kind)
        }
    }

    /// The object with a reference to it.
    #[inline(always)]
    fn into_object(self) -> NonNull<PyObject> {
        if self.is_part() {
            return self.becomes();
        }
        let object = self.object();
        if self.is_lent() {
            // SAFETY: Alive, as long as the transaction is open.
            unsafe { Py_INCREF(object) };
        }
        core::mem::forget(self);
        // SAFETY: An object.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// Only the object.
    #[inline(always)]
    pub(crate) fn into_text(self) -> Text {
        Text::new(self.into_object())
    }

    /// Takes a new reference; null is a failed allocation.
    ///
    /// # Safety
    /// `object` is null or a strong reference to an exact, ready `str`.
    #[inline]
    pub unsafe fn from_owned(object: *mut PyObject) -> R<Str> {
        let Some(obj) = NonNull::new(object) else { return no_memory() };
        // SAFETY: By the caller.
        match unsafe { Str::parts(object) } {
            Some((data, len, kind)) => Ok(Str::whole(obj, data, len, kind)),
            None => {
                // SAFETY: The reference was given to us.
                unsafe { Py_DECREF(object) };
                bail(Bail::Type)
            }
        }
    }

    /// Another reference to an exact `str`.
    ///
    /// # Safety
    /// `object` is an exact `str` that is alive.
    #[inline]
    pub unsafe fn from_borrowed(object: *mut PyObject) -> R<Str> {
        // SAFETY: By the caller.
        unsafe {
            let Some((data, len, kind)) = Str::parts(object) else { return bail(Bail::Type) };
            Py_INCREF(object);
            Ok(Str::whole(NonNull::new_unchecked(object), data, len, kind))
        }
    }

    /// A new string for `len` code points up to `widest`, to be filled by the caller before anyone sees it.
    ///
    /// # Safety
    /// `widest` must be the class of the widest code point that is going to be written (127, 255, 65535 or more).
    #[inline]
    pub unsafe fn for_writing(len: usize, widest: u32) -> R<Str> {
        // SAFETY: The GIL is held.
        unsafe { Str::from_owned(PyUnicode_New(len as isize, widest)) }
    }

    /// `len(self)`.
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.meta.get() >> LENGTH) as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.meta.get() >> LENGTH == 0
    }

    /// So many code points of one byte each? One comparison.
    #[inline(always)]
    pub(crate) fn is_narrow(&self, len: usize) -> bool {
        self.meta.get() & SHAPE == (len as u64) << LENGTH | 1
    }

    /// Bytes per code point.
    #[inline(always)]
    pub fn kind(&self) -> u8 {
        (self.meta.get() & KIND) as u8
    }

    /// So many more code points have room behind the text.
    #[inline(always)]
    fn spare(&self) -> usize {
        (self.meta.get() >> SPARE & MOST_SPARE) as usize
    }

    /// Has [`Str::make_room`] made room for so many? More may have room than are remembered.
    fn has_room(&self, more: usize) -> bool {
        more <= self.spare() || self.spare() == MOST_SPARE as usize
    }

    /// The text has got so long, and so many more code points have room behind it, or some more.
    #[inline(always)]
    fn set_len(&mut self, len: usize, spare: usize) {
        let low = self.meta.get() & ((1 << SPARE) - 1);
        self.meta.set((len as u64) << LENGTH | MOST_SPARE.min(spare as u64) << SPARE | low);
    }

    #[inline(always)]
    pub fn data(&self) -> *const u8 {
        self.data.as_ptr()
    }

    /// Are all code points below 128?
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.meta.get() & ASCII != 0
    }

    /// The bytes of the code points.
    #[inline(always)]
    pub fn raw(&self) -> &[u8] {
        // SAFETY: The string holds `len * kind` bytes and never changes.
        unsafe { core::slice::from_raw_parts(self.data.as_ptr(), self.len() * self.kind() as usize) }
    }

    /// Code point `index < len`.
    #[inline(always)]
    pub fn at(&self, index: usize) -> u32 {
        debug_assert!(index < self.len());
        // SAFETY: `index < len`; the data is aligned for its kind.
        unsafe {
            match self.kind() {
                1 => u32::from(*self.data.as_ptr().add(index)),
                2 => u32::from(*self.data.as_ptr().cast::<u16>().add(index)),
                _ => *self.data.as_ptr().cast::<u32>().add(index),
            }
        }
    }

    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        if self.is_part() { self.made() } else { self.object() }
    }

    /// `self == other`.  Canonical strings of different kinds differ.
    #[inline]
    pub fn same_text(&self, other: &Str) -> bool {
        let differ = (self.meta.get() ^ other.meta.get()) & SHAPE;
        // SAFETY: Both have so many bytes.
        differ == 0
            && (self.data == other.data
                || unsafe { text::same_bytes(self.data(), other.data(), self.len() * self.kind() as usize) })
    }

    /// Appends a character of ASCII to a text of ASCII that has room behind it and that nobody else has; says whether
    /// it did.  A part has none.
    #[inline(always)]
    pub(crate) fn takes_ascii(&mut self, c: Chr) -> bool {
        let (object, len) = (self.obj.get(), self.len());
        // SAFETY: An exact `str`, alive; there is room for the character and for the NUL behind it.
        unsafe {
            if self.spare() == 0 || c.0 >= 0x80 || !layout::ascii_is_modifiable(object) {
                return false;
            }
            let end = self.data.as_ptr().add(len);
            *end = c.0 as u8;
            *end.add(1) = 0;
            self.meta.set(self.meta.get() + (1 << LENGTH) - (1 << SPARE));
            layout::set_ascii_length(object, len + 1);
        }
        true
    }

    /// A text of ASCII and one more character, with room for some that follow.
    pub(crate) fn with_room(text: &[u8], last: u8) -> R<Str> {
        const ROOM: usize = 14;
        let len = text.len() + 1;
        // SAFETY: The GIL is held; all that the length counts is written before anyone sees it, and the room behind it
        // is part of the allocation.
        unsafe {
            let Some(object) = NonNull::new(PyUnicode_New((len + ROOM) as isize, 127)) else {
                return no_memory();
            };
            let data = layout::ascii_data(object);
            ptr::copy_nonoverlapping(text.as_ptr(), data.as_ptr(), text.len());
            *data.as_ptr().add(text.len()) = last;
            layout::set_str_length(object.as_ptr(), data, 1, len);
            let mut made = Str::of_ascii(object, len);
            made.set_len(len, ROOM);
            Ok(made)
        }
    }

    /// Is there room for `more` code points of its kind behind the text?  Makes some where nobody else has the string.
    #[inline(always)]
    pub(crate) fn make_room(&mut self, more: usize) -> R<bool> {
        // SAFETY: An exact `str`.
        if self.is_part() || self.is_lent() || !unsafe { layout::str_is_modifiable(self.obj.get()) } {
            return Ok(false);
        }
        if more <= self.spare() { Ok(true) } else { self.reserve(more) }
    }

    #[cold]
    #[inline(never)]
    fn reserve(&mut self, more: usize) -> R<bool> {
        let len = self.len();
        let spare = (len / 8).clamp(12, 1 << 24);
        // Neither is near the end of a word.
        let room = len + more.min(1 << 30) + spare;
        if more > 1 << 30 || !fits(room) {
            return Ok(false);
        }
        let mut object = self.obj.get();
        // SAFETY: The only reference is ours, so the string is resized in place or moved; nobody sees what stands
        // behind the text, for its length is set back at once.
        unsafe {
            if PyUnicode_Resize(&raw mut object, room as isize) != 0 {
                PyErr_Clear();
                return no_memory();
            }
            let Some((data, _, kind)) = layout::str_parts(object) else { return bail(Bail::Type) };
            layout::set_str_length(object, data, kind, len);
            (self.obj, self.data) = (Cell::new(object), data);
        }
        self.set_len(len, room - len);
        Ok(true)
    }

    /// Appends a text whose code points have its kind, for which [`Str::make_room`] made room.
    pub(crate) fn extend_by(&mut self, text: &Str) {
        debug_assert!(text.kind() <= self.kind() && self.has_room(text.len()));
        // SAFETY: There is room behind the text, and nobody else has the string; so the other one is another.
        unsafe {
            let end = self.data.as_ptr().add(self.len() * self.kind() as usize);
            if text.kind() == self.kind() {
                core::ptr::copy_nonoverlapping(text.data.as_ptr(), end, text.len() * self.kind() as usize);
            } else if self.kind() == 2 {
                (0..text.len()).for_each(|at| *end.cast::<u16>().add(at) = text.at(at) as u16);
            } else {
                (0..text.len()).for_each(|at| *end.cast::<u32>().add(at) = text.at(at));
            }
        }
        self.grow(text.len());
    }

    /// Appends a code point that has its kind, for which [`Str::make_room`] made room.
    pub(crate) fn extend_by_one(&mut self, c: Chr) {
        debug_assert!(1 <= self.spare());
        // SAFETY: There is room behind the text, and nobody else has the string.
        unsafe {
            let (data, len) = (self.data.as_ptr(), self.len());
            match self.kind() {
                1 => *data.add(len) = c.0 as u8,
                2 => *data.cast::<u16>().add(len) = c.0 as u16,
                _ => *data.cast::<u32>().add(len) = c.0,
            }
        }
        self.grow(1);
    }

    #[inline(always)]
    fn grow(&mut self, by: usize) {
        let len = self.len() + by;
        self.set_len(len, self.spare().saturating_sub(by));
        // SAFETY: What the length counts has been written.
        unsafe { layout::set_str_length(self.obj.get(), self.data, self.kind(), len) };
    }

    /// Does the object remember its hash?
    pub(crate) fn has_hash(&self) -> bool {
        let object = self.known();
        // SAFETY: An exact `str`, alive.
        !object.is_null() && unsafe { layout::str_known_hash(object) } != -1
    }

    /// `hash(self)`, remembered by the object.
    #[inline]
    pub fn py_hash(&self) -> isize {
        // SAFETY: An exact `str`; its hash runs no Python code and cannot fail. CPython hashes the bytes of the code points,
        // so a part needs no object for it.
        unsafe {
            let object = self.known();
            if object.is_null() {
                return _Py_HashBytes(self.data.as_ptr().cast(), self.len() as isize);
            }
            let known = layout::str_known_hash(object);
            if known != -1 { known } else { PyObject_Hash(object) }
        }
    }
}

impl Clone for Str {
    #[inline(always)]
    fn clone(&self) -> Str {
        if !self.is_part() {
            return self.hold();
        }
        self.copied().word_by_word()
    }
}

impl Drop for Str {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_lent() {
            return;
        }
        // SAFETY: The references are ours.
        unsafe {
            if self.meta.get() & PAIR == 0 {
                Py_DECREF(self.obj.get());
            } else {
                release(self.obj.get().cast());
            }
        }
    }
}

impl FromPy for Str {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Str> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_str(object) {
                return bail(Bail::Type);
            }
            let Some((data, len, kind)) = Str::parts(object) else { return bail(Bail::Type) };
            Py_INCREF(object);
            // What there was when the transaction opened stays until it closes.
            Ok(Str::marked(NonNull::new_unchecked(object), data, len, kind, LASTING))
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_str(object) }
    }

    const SCATTERED: bool = true;

    #[inline(always)]
    unsafe fn fetch(object: *mut PyObject) {
        layout::fetch_text(object);
    }

    #[inline(always)]
    unsafe fn moved(&self) -> Self {
        // SAFETY: By the caller: a move.
        unsafe { self.words() }
    }
}

impl IntoPy for Str {
    const LASTS: bool = true;

    #[inline(always)]
    unsafe fn leaving(&self) -> Self {
        // SAFETY: By the caller: a move.
        unsafe { self.words() }
    }

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        Ok(self.into_object().as_ptr())
    }
}
