//! What a match of a text has found. It becomes an object of Python's when somebody wants one: CPython's engine then
//! matches once more.

use core::cell::{Cell, RefCell};
use core::cmp::Ordering;
use core::ptr::{self, NonNull};

use pyo3_ffi::{self as ffi, PyObject};

use super::engine::{How, UNSET};
use super::{Entry, patterns};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::foreign::{self, Foreign, Given};
use crate::obj::Obj;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::strs::Str;
use crate::txn::Cx;

/// As many groups, the whole match included, stand in the record itself.
const FEW: usize = 4;

/// A group that took no part.
const NONE: u32 = u32::MAX;

/// A `re.Match` of a text.
#[derive(Clone, Copy)]
pub struct Found(NonNull<Record>);

/// Where a match came from, so that CPython can be asked for it.
pub(super) enum Origin {
    /// From the pattern, so, in these bounds.
    Asked { how: How, pos: usize, end: usize },
    /// One of those that go through the text.
    Among { all: NonNull<All>, index: usize },
}

/// What has been found; it lives until the transaction closes.
pub(super) struct Record {
    cx: Cx,
    /// Once there is one.
    object: Cell<*mut PyObject>,
    /// None for one of Python's, which is asked.
    matched: Option<Matched>,
}

struct Matched {
    pattern: Foreign<foreign::Pattern>,
    entry: &'static Entry,
    text: Str,
    last_group: usize,
    few: [(u32, u32); FEW],
    others: Box<[(u32, u32)]>,
    origin: Origin,
}

/// All matches of a text, as far as they are objects.
pub(super) struct All {
    cx: Cx,
    pattern: Foreign<foreign::Pattern>,
    text: Str,
    /// CPython's iterator, once somebody wants an object, and what it has given.
    iterator: Cell<*mut PyObject>,
    objects: RefCell<Vec<*mut PyObject>>,
}

/// Puts it where it stays until the transaction closes.
pub(super) fn put<T: 'static>(cx: Cx, record: T) -> R<NonNull<T>> {
    // SAFETY: A short borrow.
    match unsafe { &mut cx.txn().rare().records }.put(record) {
        Some(place) => Ok(place),
        None => bail(Bail::Memory),
    }
}

impl All {
    pub(super) fn new(cx: Cx, pattern: Foreign<foreign::Pattern>, text: &Str) -> R<NonNull<All>> {
        let (iterator, objects) = (Cell::new(ptr::null_mut()), RefCell::new(Vec::new()));
        put(cx, All { cx, pattern, text: text.hold(), iterator, objects })
    }

    /// The object of the match at `index`.
    fn object(&self, index: usize) -> R<NonNull<PyObject>> {
        let cx = self.cx;
        cx.before_tracked();
        if self.iterator.get().is_null() {
            let iterator = foreign::iterator(cx, self.pattern, &self.text)?;
            // SAFETY: A new reference, which goes to the transaction.
            self.iterator.set(unsafe { cx.adopt(iterator.release().as_ptr())? }.as_ptr());
        }
        while self.objects.borrow().len() <= index {
            // SAFETY: An iterator of C's over calls of a scanner; what it gives goes to the transaction.
            let object = undisturbed(|| unsafe { c::owned(ffi::PyIter_Next(self.iterator.get())) })?;
            // SAFETY: As above.
            let object = unsafe { cx.adopt(object.as_ptr())? };
            self.objects.borrow_mut().push(object.as_ptr());
        }
        match NonNull::new(self.objects.borrow()[index]) {
            Some(object) => Ok(object),
            None => bail(Bail::Unsupported),
        }
    }
}

impl Found {
    /// What the engine has found and left in its room.
    pub(super) fn new(
        cx: Cx,
        entry: &'static Entry,
        pattern: Foreign<foreign::Pattern>,
        text: &Str,
        (from, to): (usize, usize),
        origin: Origin,
    ) -> R<Found> {
        // SAFETY: A short borrow, which ends with the block.
        let (few, others, last_group) = unsafe {
            let room = &cx.txn().rare().room;
            let group = |at: usize| match room.group(at) {
                (UNSET, _) => (NONE, NONE),
                (from, to) => (from as u32, to as u32),
            };
            let count = entry.groups() + 1;
            let mut few = [(NONE, NONE); FEW];
            few[0] = (from as u32, to as u32);
            for (at, place) in few.iter_mut().enumerate().take(count).skip(1) {
                *place = group(at);
            }
            (few, (FEW..count).map(group).collect(), room.last_group)
        };
        let matched = Matched { pattern, entry, text: text.hold(), last_group, few, others, origin };
        put(cx, Record { cx, object: Cell::new(ptr::null_mut()), matched: Some(matched) }).map(Found)
    }

    fn of_object(cx: Cx, object: NonNull<PyObject>) -> R<Found> {
        let object = Cell::new(object.as_ptr());
        put(cx, Record { cx, object, matched: None }).map(Found)
    }

    fn record(&self) -> &Record {
        // SAFETY: Records live as long as the transaction.
        unsafe { self.0.as_ref() }
    }

    /// The object, which the transaction keeps.
    pub(super) fn object(self) -> R<NonNull<PyObject>> {
        let record = self.record();
        if let Some(object) = NonNull::new(record.object.get()) {
            return Ok(object);
        }
        let Some(matched) = &record.matched else { return bail(Bail::Unsupported) };
        let object = match &matched.origin {
            // SAFETY: It lives as long as the record.
            Origin::Among { all, index } => unsafe { all.as_ref() }.object(*index)?,
            Origin::Asked { how, pos, end } => {
                let found = patterns::asked(
                    record.cx,
                    *how,
                    matched.pattern,
                    &matched.text,
                    *pos as i64,
                    *end as i64,
                )?;
                // SAFETY: A new reference, which goes to the transaction.
                unsafe { record.cx.adopt(found.release().as_ptr())? }
            }
        };
        record.object.set(object.as_ptr());
        Ok(object)
    }

    /// Begin and end of a group; none where CPython has to be asked, or has to say that there is no such group.
    fn bounds(&self, group: i64) -> Option<Option<(usize, usize)>> {
        let matched = self.record().matched.as_ref()?;
        let group = usize::try_from(group).ok().filter(|group| *group <= matched.entry.groups())?;
        let (from, to) = match matched.few.get(group) {
            Some(bounds) => *bounds,
            None => *matched.others.get(group - FEW)?,
        };
        Some((from != NONE).then_some((from as usize, to as usize)))
    }

    /// The number of the group that is called so.
    fn named(&self, name: &Str) -> Option<i64> {
        self.record().matched.as_ref()?.entry.number(name)
    }

    fn part(&self, bounds: Option<(usize, usize)>) -> R<crate::union::Optional<Str>> {
        use crate::union::U2;
        match (bounds, &self.record().matched) {
            (Some((from, to)), Some(matched)) => Ok(U2::B(crate::str_::part(&matched.text, from, to)?)),
            _ => Ok(U2::A(())),
        }
    }

    /// `self is other`.
    pub fn is(self, other: Found) -> bool {
        let (a, b) = (self.record().object.get(), other.record().object.get());
        self.0 == other.0 || (!a.is_null() && a == b)
    }

    /// `bool(self)`.
    pub fn truth(self) -> R<bool> {
        Ok(true)
    }

    /// `type(self).__name__`
    pub fn class_name(self) -> R<Str> {
        Obj::foreign(self.object()?).class_name()
    }

    fn foreign(self) -> R<Foreign<foreign::Match>> {
        // SAFETY: An exact match, which the transaction keeps.
        unsafe { Foreign::from_py(self.record().cx, self.object()?.as_ptr()) }
    }
}

impl FromPy for Found {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        let known = unsafe { Foreign::<foreign::Match>::from_py(cx, object)? };
        match NonNull::new(known.as_ptr()) {
            Some(object) => Found::of_object(cx, object),
            None => bail(Bail::Type),
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { Foreign::<foreign::Match>::matches(object) }
    }
}

impl IntoPy for Found {
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object()?.as_ptr()) })
    }
}

impl Given for Found {
    const KEEPS: bool = true;

    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        unsafe { Found::from_py(cx, object) }
    }
}

impl Scalar for Found {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: A new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.object()?.as_ptr())).map(Temporary).map(Boxed) }
    }
}

impl ElemEq for Found {
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.is(*other))
    }

    fn view(&self) -> View<'_> {
        match self.object() {
            Ok(object) => View::Obj(Obj::foreign(object)),
            Err(_) => {
                // What is said of it now does not count.
                // SAFETY: A short borrow.
                unsafe { self.record().cx.txn() }.doomed = true;
                View::None
            }
        }
    }
}

impl ElemOrd for Found {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        self.foreign()?.elem_cmp(cx, &other.foreign()?)
    }
}

impl Key for Found {
    type Stored = Self;

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.foreign()?.fast_hash(cx)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        self.foreign()?.py_hash(cx)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { self.foreign()?.eq_object(cx, object) }
    }
}

impl Repr for Found {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.foreign()?.push_repr(cx, out)
    }
}

/// What is asked of a match: known, or CPython is asked.
pub(super) mod asked {
    use super::Found;
    use crate::builtins::boxed::Scalar;
    use crate::foreign::{Call, Foreign, Pattern};
    use crate::py::FromPy;
    use crate::stop::{Bail, R, bail};
    use crate::strs::Str;
    use crate::tuple::PTuple;
    use crate::txn::Cx;
    use crate::union::{Optional, U2};
    use pyo3_ffi as ffi;

    macro_rules! of_groups {
        ($(
            $(#[$doc:meta])*
            $name:ident $at:ident $named:ident $text:literal -> $type:ty, |$found:ident, $bounds:ident| $known:expr;
        )+) => { $(
            $(#[$doc])*
            pub fn $at(cx: Cx, found: Found, group: i64) -> R<$type> {
                match found.bounds(group) {
                    Some($bounds) => {
                        let $found = found;
                        $known
                    }
                    None => {
                        static CALL: Call = Call::method($text);
                        CALL.run(cx, [found.boxed()?, group.boxed()?])
                    }
                }
            }

            /// The same, of a group by its name.
            pub fn $named(cx: Cx, found: Found, group: &Str) -> R<$type> {
                if let Some(group) = found.named(group) {
                    return $at(cx, found, group);
                }
                static CALL: Call = Call::method($text);
                CALL.run(cx, [found.boxed()?, group.boxed()?])
            }

            /// The same, of the whole match.
            #[inline]
            pub fn $name(cx: Cx, found: Found) -> R<$type> {
                $at(cx, found, 0)
            }
        )+ };
    }

    of_groups! {
        /// `found.group(group)`
        part_whole part_at part_named "group" -> Optional<Str>, |found, bounds| found.part(bounds);
        /// `found.start(group)`
        start start_at start_named "start" -> i64, |_found, bounds| Ok(bounds.map_or(-1, |b| b.0 as i64));
        /// `found.end(group)`
        end end_at end_named "end" -> i64, |_found, bounds| Ok(bounds.map_or(-1, |b| b.1 as i64));
        /// `found.span(group)`
        span span_at span_named "span" -> (i64, i64), |_found, bounds| {
            Ok(bounds.map_or((-1, -1), |b| (b.0 as i64, b.1 as i64)))
        };
    }

    /// `found.group()`: there always is one.
    #[inline]
    pub fn group(cx: Cx, found: Found) -> R<Str> {
        match part_whole(cx, found)? {
            U2::B(text) => Ok(text),
            U2::A(()) => bail(Bail::Type),
        }
    }

    /// `found.group(a, b)`
    pub fn two_parts(cx: Cx, found: Found, a: i64, b: i64) -> R<(Optional<Str>, Optional<Str>)> {
        Ok((part_at(cx, found, a)?, part_at(cx, found, b)?))
    }

    /// `found.group(a, b, c)`
    pub fn three_parts(
        cx: Cx,
        found: Found,
        a: i64,
        b: i64,
        c: i64,
    ) -> R<(Optional<Str>, Optional<Str>, Optional<Str>)> {
        Ok((part_at(cx, found, a)?, part_at(cx, found, b)?, part_at(cx, found, c)?))
    }

    /// `found.groups()`
    pub fn groups(cx: Cx, found: Found) -> R<PTuple<Optional<Str>>> {
        let Some(matched) = &found.record().matched else {
            static CALL: Call = Call::method("groups");
            return CALL.run(cx, [found.boxed()?]);
        };
        cx.before_tracked();
        let mut parts = Vec::with_capacity(matched.entry.groups());
        for group in 1..=matched.entry.groups() {
            parts.push(part_at(cx, found, group as i64)?);
        }
        // SAFETY: Every slot of the new tuple gets a reference before anyone sees it; the transaction keeps it.
        unsafe {
            let tuple = cx.adopt(ffi::PyTuple_New(parts.len() as ffi::Py_ssize_t))?.as_ptr();
            for (at, part) in parts.iter().enumerate() {
                let item = match part {
                    U2::B(text) => text.as_ptr(),
                    U2::A(()) => ffi::Py_None(),
                };
                ffi::PyTuple_SET_ITEM(tuple, at as ffi::Py_ssize_t, ffi::Py_NewRef(item));
            }
            PTuple::from_py(cx, tuple)
        }
    }

    /// `found.string`
    pub fn string(cx: Cx, found: Found) -> R<Str> {
        match &found.record().matched {
            Some(matched) => Ok(matched.text.hold()),
            None => {
                static CALL: Call = Call::attribute("string");
                CALL.run(cx, [found.boxed()?])
            }
        }
    }

    /// `found.re`
    pub fn pattern(cx: Cx, found: Found) -> R<Foreign<Pattern>> {
        match &found.record().matched {
            Some(matched) => Ok(matched.pattern),
            None => {
                static CALL: Call = Call::attribute("re");
                CALL.run(cx, [found.boxed()?])
            }
        }
    }

    /// `found.lastindex`
    pub fn last_index(cx: Cx, found: Found) -> R<Optional<i64>> {
        match &found.record().matched {
            Some(matched) if matched.last_group == 0 => Ok(U2::A(())),
            Some(matched) => Ok(U2::B(matched.last_group as i64)),
            None => {
                static CALL: Call = Call::attribute("lastindex");
                CALL.run(cx, [found.boxed()?])
            }
        }
    }

    /// `found.lastgroup`
    pub fn last_group(cx: Cx, found: Found) -> R<Optional<Str>> {
        match &found.record().matched {
            Some(matched) => match matched.entry.name(matched.last_group) {
                Some(name) => Ok(U2::B(name.hold())),
                None => Ok(U2::A(())),
            },
            None => {
                static CALL: Call = Call::attribute("lastgroup");
                CALL.run(cx, [found.boxed()?])
            }
        }
    }
}
