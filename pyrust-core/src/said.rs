//! What CPython says where it raises itself: `list index out of range`.
//!
//! A stop carries the number of the text, which costs nothing where it is made; a handler that reads what it caught makes
//! the exception of it. Texts are of the versions of CPython that are known; for others a handler does not know them.

use crate::stop::{Exc, R, Stop, exc, mark};

/// Numbers with this bit are those of texts.
pub(crate) const SAID: u32 = 1 << 28;

/// The bits of a text, and of each of the two numbers in it.
const KIND: u32 = 8;
const COUNT: u32 = 10;
const MOST: i64 = (1 << COUNT) - 1;

macro_rules! texts {
    ($($name:ident: $class:ident $text:expr;)*) => {
        /// A text of CPython's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Said {
            $(#[doc = concat!("A `", stringify!($class), "`.")] $name,)*
        }

        const TEXTS: &[(Exc, &str)] = &[$((Exc::$class, $text),)*];
    };
}

texts! {
    ListIndex: IndexError "list index out of range";
    ListStore: IndexError "list assignment index out of range";
    ListEmpty: IndexError "pop from empty list";
    ListPop: IndexError "pop index out of range";
    ListRemove: ValueError "list.remove(x): x not in list";
    TupleIndex: IndexError "tuple index out of range";
    TupleFind: ValueError "tuple.index(x): x not in tuple";
    StrIndex: IndexError "string index out of range";
    StrFind: ValueError "substring not found";
    StrSeparator: ValueError "empty separator";
    RangeIndex: IndexError "range object index out of range";
    RangeStep: ValueError "range() arg 3 must not be zero";
    DequeIndex: IndexError "deque index out of range";
    DequeEmpty: IndexError "pop from an empty deque";
    IntDivision: ZeroDivisionError "integer division or modulo by zero";
    IntRest: ZeroDivisionError "integer modulo by zero";
    Division: ZeroDivisionError "division by zero";
    FloatDivision: ZeroDivisionError "float division by zero";
    FloatFloor: ZeroDivisionError "float floor division by zero";
    FloatRest: ZeroDivisionError if cfg!(Py_3_13) { "float modulo by zero" } else { "float modulo" };
    FloatBoth: ZeroDivisionError "float divmod()";
    MathDomain: ValueError "math domain error";
    MaxEmpty: ValueError if cfg!(Py_3_12) { "max() iterable argument is empty" } else { "max() arg is an empty sequence" };
    MinEmpty: ValueError if cfg!(Py_3_12) { "min() iterable argument is empty" } else { "min() arg is an empty sequence" };
    TooMany: ValueError "too many values to unpack (expected {})";
    TooFew: ValueError "not enough values to unpack (expected {}, got {})";
    TooFewRest: ValueError "not enough values to unpack (expected at least {}, got {})";
}

/// Raises what CPython raises with this text.
#[inline(always)]
pub fn said<T>(text: Said) -> R<T> {
    numbered(text, 0, 0)
}

#[inline(always)]
fn numbered<T>(text: Said, expected: i64, got: i64) -> R<T> {
    let (class, _) = TEXTS[text as usize];
    let counts = (expected as u32) << KIND | (got as u32) << (KIND + COUNT);
    Err(mark(Stop::numbered(class, SAID | text as u32 | counts)))
}

/// Raises what an unpacking into so many targets raises that got another number of values.
#[cold]
#[inline(never)]
pub fn unpacked<T>(expected: i64, got: i64) -> R<T> {
    match expected.max(got) {
        _ if got > expected && expected <= MOST => numbered(Said::TooMany, expected, 0),
        0..=MOST => numbered(Said::TooFew, expected, got),
        _ => exc(Exc::ValueError),
    }
}

/// The same with a starred target among them, for which nothing need be left.
#[cold]
#[inline(never)]
pub fn unpacked_at_least<T>(expected: i64, got: i64) -> R<T> {
    if expected.max(got) > MOST { exc(Exc::ValueError) } else { numbered(Said::TooFewRest, expected, got) }
}

/// What the stop says, if it has the number of a text.
pub(crate) fn text_of(stop: Stop) -> Option<String> {
    let number = stop.number();
    if cfg!(Py_3_14) || stop.own_number().is_some() || number & SAID == 0 {
        return None;
    }
    let (_, text) = TEXTS.get((number & ((1 << KIND) - 1)) as usize)?;
    let count = |from: u32| (number >> from & MOST as u32).to_string();
    Some(text.replacen("{}", &count(KIND), 1).replacen("{}", &count(KIND + COUNT), 1))
}

#[cfg(test)]
mod tests {
    use super::{Said, said, text_of, unpacked, unpacked_at_least};
    use crate::stop::{Exc, R, Stop};

    #[test]
    fn stops_know_what_they_say() {
        let of = |result: R<()>| result.err().and_then(text_of);
        assert_eq!(of(said(Said::ListIndex)).as_deref(), Some("list index out of range"));
        assert_eq!(of(unpacked(2, 3)).as_deref(), Some("too many values to unpack (expected 2)"));
        assert_eq!(of(unpacked(2, 1)).as_deref(), Some("not enough values to unpack (expected 2, got 1)"));
        let rest = "not enough values to unpack (expected at least 1023, got 1022)";
        assert_eq!(of(unpacked_at_least(1023, 1022)).as_deref(), Some(rest));
        assert_eq!(of(unpacked(1024, 3)), None);
        assert_eq!(text_of(Stop::exc(Exc::IndexError)), None);
        assert_eq!(text_of(Stop::own(Exc::Exception, 1 << 28 | 5)), None);
    }
}
