//! The classes: one line each. The compiler's list of them is `ops::foreign::CLASSES`.

use core::cmp::Ordering;
use core::ffi::CStr;
use core::sync::atomic::{AtomicPtr, Ordering as Memory};

use pyo3_ffi::{PyDateTime_DateTime, PyDateTime_Time, PyObject, PyTypeObject};

use super::{ForeignClass, fields, is_class};

macro_rules! classes {
    ($($(#[$doc:meta])* $marker:ident = $name:literal $(as $hidden:ident)? $(where $plain:expr)? $(, ordered by $order:expr)?;)+) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl ForeignClass for $marker {
            const NAME: &'static CStr = $name;
            $(const SHOWN: bool = classes!(@ $hidden);)?

            #[inline(always)]
            fn seen() -> &'static AtomicPtr<PyTypeObject> {
                static SEEN: AtomicPtr<PyTypeObject> = AtomicPtr::new(core::ptr::null_mut());
                &SEEN
            }

            $(#[inline(always)]
            unsafe fn is_plain(object: *mut PyObject) -> bool {
                let plain: unsafe fn(*mut PyObject) -> bool = $plain;
                // SAFETY: by the caller.
                unsafe { plain(object) }
            })?

            $(#[inline(always)]
            unsafe fn order(a: *mut PyObject, b: *mut PyObject) -> Option<Ordering> {
                let order: unsafe fn(*mut PyObject, *mut PyObject) -> Option<Ordering> = $order;
                // SAFETY: by the caller.
                unsafe { order(a, b) }
            })?
        }
    )+ };
    (@ hidden) => { false };
}

classes! {
    Date = c"datetime.date", ordered by fields::dates;
    DateTime = c"datetime.datetime" where datetime_is_plain, ordered by fields::datetimes;
    Time = c"datetime.time" where time_is_plain;
    TimeDelta = c"datetime.timedelta", ordered by fields::durations;
    TimeZone = c"datetime.timezone";
    Pattern = c"re.Pattern";
    /// Of a `str`.
    Match = c"re.Match";
    /// Of `bytes`.
    BytesMatch = c"re.Match";
    /// An older version of the database.
    Ucd = c"unicodedata.UCD";
    Hash = c"_hashlib.HASH";
    Lock = c"_thread.lock" as hidden;
    RLock = c"_thread.RLock" as hidden;
    Count = c"itertools.count" as hidden;
}

/// A generator of random numbers: of the class in the module `random`, which Python defines; its methods are looked at
/// where the class is named.
#[cfg(feature = "rare")]
#[derive(Debug)]
pub enum Random {}

#[cfg(feature = "rare")]
impl ForeignClass for Random {
    const NAME: &'static CStr = c"Random";

    #[inline(always)]
    fn seen() -> &'static AtomicPtr<PyTypeObject> {
        static SEEN: AtomicPtr<PyTypeObject> = AtomicPtr::new(core::ptr::null_mut());
        &SEEN
    }

    unsafe fn is_it(class: *mut PyTypeObject) -> bool {
        // SAFETY: by the caller.
        unsafe { crate::random::of::is_class(class) }
    }
}

/// What a handler has caught: an instance of any builtin class. Nothing of Python's is taken for one, and it never gets
/// there, for it has no traceback.
#[derive(Debug)]
pub enum Exception {}

impl ForeignClass for Exception {
    // No class is called so.
    const NAME: &'static CStr = c"what a handler has caught";
    const LEAVES: bool = false;

    fn seen() -> &'static AtomicPtr<PyTypeObject> {
        static SEEN: AtomicPtr<PyTypeObject> = AtomicPtr::new(core::ptr::null_mut());
        &SEEN
    }
}

/// Without a time zone, or with a fixed one: another may be Python's.
unsafe fn datetime_is_plain(object: *mut PyObject) -> bool {
    // SAFETY: an exact `datetime`, which has the field where the flag says so.
    unsafe {
        let this = object.cast::<PyDateTime_DateTime>();
        (*this).hastzinfo == 0 || zone_is_plain((*this).tzinfo)
    }
}

/// As [`datetime_is_plain`].
unsafe fn time_is_plain(object: *mut PyObject) -> bool {
    // SAFETY: an exact `time`, which has the field where the flag says so.
    unsafe {
        let this = object.cast::<PyDateTime_Time>();
        (*this).hastzinfo == 0 || zone_is_plain((*this).tzinfo)
    }
}

unsafe fn zone_is_plain(zone: *mut PyObject) -> bool {
    // SAFETY: an object that is alive has a class.
    unsafe { is_class(pyo3_ffi::Py_TYPE(zone), TimeZone::NAME) }
}

/// Is it a date, a time or a duration that refers to nothing? Such dies without anybody noticing.
///
/// # Safety
/// `object` is alive.
pub(crate) unsafe fn is_moment(object: *mut PyObject) -> bool {
    // SAFETY: by the caller; a class is compared before its layout is relied on.
    unsafe {
        let ty = pyo3_ffi::Py_TYPE(object);
        let is = |seen: &AtomicPtr<PyTypeObject>| core::ptr::eq(ty, seen.load(Memory::Relaxed));
        is(TimeDelta::seen())
            || is(Date::seen())
            || is(DateTime::seen()) && (*object.cast::<PyDateTime_DateTime>()).hastzinfo == 0
            || is(Time::seen()) && (*object.cast::<PyDateTime_Time>()).hastzinfo == 0
    }
}
