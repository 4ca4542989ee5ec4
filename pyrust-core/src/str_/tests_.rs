//! `isalpha` and its relatives.

use pyo3_ffi as ffi;

use super::{Unit, each, view};
use crate::chr::class;
use crate::stop::{Bail, R, bail};
use crate::strs::Str;

macro_rules! all {
    ($($name:ident $class:ident)*) => { $(
        #[doc = concat!("`s.", stringify!($name), "()`: false for the empty string.")]
        pub fn $name(s: &Str) -> bool {
            let v = view(s);
            v.len() > 0 && each!(v, units => units.iter().all(|u| class::$class(u.code())))
        }
    )* };
}

all! {
    isalpha alpha
    isalnum alnum
    isspace space
    isdecimal decimal
    isdigit digit
    isnumeric numeric
}

/// `s.isprintable()`: true for the empty string.
pub fn isprintable(s: &Str) -> bool {
    each!(view(s), units => units.iter().all(|u| class::printable(u.code())))
}

/// `s.isascii()`.
#[inline]
pub fn isascii(s: &Str) -> bool {
    view(s).ascii().is_some()
}

/// `s.islower()`: at least one cased character, and no upper or title case.
pub fn islower(s: &Str) -> bool {
    each!(view(s), units => {
        let mut cased = false;
        for u in units {
            let c = u.code();
            if class::upper(c) || class::title(c) {
                return false;
            }
            cased |= class::lower(c);
        }
        cased
    })
}

/// `s.isupper()`: at least one cased character, and no lower or title case.
pub fn isupper(s: &Str) -> bool {
    each!(view(s), units => {
        let mut cased = false;
        for u in units {
            let c = u.code();
            if class::lower(c) || class::title(c) {
                return false;
            }
            cased |= class::upper(c);
        }
        cased
    })
}

/// `s.istitle()`: upper and title case only after uncased, lower case only after cased.
pub fn istitle(s: &Str) -> bool {
    each!(view(s), units => {
        let (mut cased, mut after_cased) = (false, false);
        for u in units {
            let c = u.code();
            if class::upper(c) || class::title(c) {
                if after_cased {
                    return false;
                }
                (cased, after_cased) = (true, true);
            } else if class::lower(c) {
                if !after_cased {
                    return false;
                }
                cased = true;
            } else {
                after_cased = false;
            }
        }
        cased
    })
}

/// `s.isidentifier()`.
pub fn isidentifier(s: &Str) -> R<bool> {
    // SAFETY: an exact string.
    match unsafe { ffi::PyUnicode_IsIdentifier(s.as_ptr()) } {
        0 => Ok(false),
        1 => Ok(true),
        _ => bail(Bail::Unsupported),
    }
}
