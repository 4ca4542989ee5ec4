//! Values of one of several types.  The members stand in the order that the compiler gives.

use pyo3_ffi::PyObject;

use crate::py::{FromPy, IntoPy};
use crate::stop::R;
use crate::txn::Cx;

macro_rules! unions {
    ($($(#[$doc:meta])* $union:ident { $($member:ident),+ ; $last:ident })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $union<$($member,)+ $last> {
            $($member($member),)+
            $last($last),
        }

        impl<$($member: FromPy,)+ $last: FromPy> FromPy for $union<$($member,)+ $last> {
            #[inline]
            unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
                // SAFETY: By the caller.
                unsafe {
                    $(if $member::matches(object) {
                        return Ok($union::$member($member::from_py(cx, object)?));
                    })+
                    Ok($union::$last($last::from_py(cx, object)?))
                }
            }

            #[inline]
            unsafe fn matches(object: *mut PyObject) -> bool {
                // SAFETY: By the caller.
                unsafe { $($member::matches(object) ||)+ $last::matches(object) }
            }

            #[inline(always)]
            unsafe fn moved(&self) -> Self {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => $union::$member(value.moved()),)+
                        $union::$last(value) => $union::$last(value.moved()),
                    }
                }
            }
        }

        impl<$($member: IntoPy,)+ $last: IntoPy> IntoPy for $union<$($member,)+ $last> {
            const OVERWRITES: bool = $($member::OVERWRITES ||)+ $last::OVERWRITES;
            const LASTS: bool = $($member::LASTS &&)+ $last::LASTS;

            #[inline(always)]
            unsafe fn leaving(&self) -> Self {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => $union::$member(value.leaving()),)+
                        $union::$last(value) => $union::$last(value.leaving()),
                    }
                }
            }

            #[inline]
            fn into_py(self, cx: Cx) -> R<*mut PyObject> {
                match self {
                    $($union::$member(value) => value.into_py(cx),)+
                    $union::$last(value) => value.into_py(cx),
                }
            }

            #[inline]
            fn anew(self, cx: Cx) -> R<*mut PyObject> {
                match self {
                    $($union::$member(value) => value.anew(cx),)+
                    $union::$last(value) => value.anew(cx),
                }
            }

            #[inline]
            unsafe fn before(&self, old: *mut PyObject) -> Option<u64> {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => value.before(old),)+
                        $union::$last(value) => value.before(old),
                    }
                }
            }

            #[inline]
            unsafe fn overwrite(&self, old: *mut PyObject) {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => value.overwrite(old),)+
                        $union::$last(value) => value.overwrite(old),
                    }
                }
            }

            #[inline(always)]
            unsafe fn stands_in(&self, old: *mut PyObject) -> bool {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => value.stands_in(old),)+
                        $union::$last(value) => value.stands_in(old),
                    }
                }
            }
        }
    )+};
}

unions! {
    /// One of two types.
    U2 { A; B }
    /// One of three types.
    U3 { A, B; C }
    /// One of four types.
    U4 { A, B, C; D }
    /// One of five types.
    U5 { A, B, C, D; E }
    /// One of six types.
    U6 { A, B, C, D, E; F }
    /// One of seven types.
    U7 { A, B, C, D, E, F; G }
    /// One of eight types.
    U8 { A, B, C, D, E, F, G; H }
}

/// `Optional[T]`.
pub type Optional<T> = U2<(), T>;

/// Calls a macro with all unions and their members.
macro_rules! each_union {
    ($each:ident) => {
        $each! {
            U2 { A, B }
            U3 { A, B, C }
            U4 { A, B, C, D }
            U5 { A, B, C, D, E }
            U6 { A, B, C, D, E, F }
            U7 { A, B, C, D, E, F, G }
            U8 { A, B, C, D, E, F, G, H }
        }
    };
}

pub(crate) use each_union;
