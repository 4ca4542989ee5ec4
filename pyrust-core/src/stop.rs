//! How native code stops: an exception that the program can see ([`Exc`]) or a bailout ([`Bail`]).
//!
//! The two are never mixed (replay rule 4).  An exception obeys `except`, `else` and `finally` and undoes
//! nothing; a bailout passes every handler up to the outermost entry, which rolls everything back and runs the
//! original.  Both travel as one machine word, [`Stop`].

use core::num::NonZeroU64;

use crate::own;

/// The result of whatever can stop.
pub type R<T> = Result<T, Stop>;

/// Why native code stopped.  One machine word with a niche, so that `R<()>` is one word as well.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Stop(NonZeroU64);

/// Bit that tells an exception from a bailout.  It also keeps the word different from zero.
const EXC: u64 = 1 << 32;
const BAIL: u64 = 1 << 33;
/// Above stands the number of the exception.
const NUMBER: u32 = 34;
/// Numbers with this bit are those of classes.
pub(crate) const OWN: u32 = 1 << 29;

impl Stop {
    #[inline(always)]
    pub const fn exc(exc: Exc) -> Stop {
        match NonZeroU64::new(EXC | exc as u64) {
            Some(word) => Stop(word),
            None => unreachable!(),
        }
    }

    #[inline(always)]
    pub const fn bail(bail: Bail) -> Stop {
        match NonZeroU64::new(BAIL | bail as u64) {
            Some(word) => Stop(word),
            None => unreachable!(),
        }
    }

    /// An exception of which the transaction knows under this number what it says.
    #[inline]
    pub(crate) const fn numbered(exc: Exc, number: u32) -> Stop {
        match NonZeroU64::new(EXC | exc as u64 | (number as u64) << NUMBER) {
            Some(word) => Stop(word),
            None => unreachable!(),
        }
    }

    /// An exception of a class that no builtin is, below `base`: the one with this number.
    #[inline]
    pub(crate) const fn own(base: Exc, number: u32) -> Stop {
        Stop::numbered(base, OWN | number)
    }

    /// The number of [`Stop::own`].
    #[inline]
    pub(crate) fn own_number(self) -> Option<u32> {
        let number = self.number();
        (number & OWN != 0).then_some(number & !OWN)
    }

    /// Is it [`Stop::own`]?
    #[inline]
    fn is_own(self) -> bool {
        self.number() & OWN != 0
    }

    /// The number of [`Stop::numbered`]; 0 for other stops.
    #[inline]
    pub(crate) fn number(self) -> u32 {
        (self.0.get() >> NUMBER) as u32
    }

    /// The exception class, if this is an exception.
    #[inline]
    pub fn as_exc(self) -> Option<Exc> {
        if self.0.get() & EXC != 0 { EXCEPTIONS.get(self.code()).map(|row| row.exc) } else { None }
    }

    /// The bailout, if this is one.
    #[inline]
    pub fn as_bail(self) -> Option<Bail> {
        if self.0.get() & BAIL != 0 { BAILS.get(self.code()).map(|row| row.0) } else { None }
    }

    /// Does `except class:` catch this?  Never true for a bailout.
    #[inline]
    pub fn matches(self, class: Exc) -> bool {
        self.is_builtin_below(class) || (self.is_own() && own::is_below(self, class))
    }

    /// What the table of builtin exceptions says alone, without the interpreter.
    #[inline(always)]
    fn is_builtin_below(self, class: Exc) -> bool {
        self.as_exc().is_some_and(|exc| exc.is_subclass(class))
    }

    /// What the bailout counters count: the name of the bailout, or of the exception class that reached the
    /// outermost entry.
    pub fn reason(self) -> &'static str {
        match (self.as_exc(), self.as_bail()) {
            (Some(exc), _) => exc.name(),
            (None, Some(bail)) => bail.name(),
            (None, None) => "unknown",
        }
    }

    #[inline(always)]
    fn code(self) -> usize {
        self.0.get() as u32 as usize
    }
}

impl core::fmt::Debug for Stop {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(self.reason())
    }
}

/// The only place where a stop comes into being: LLVM learns that the path is cold, and still sees the `Err`.
#[cold]
#[inline(never)]
pub(crate) extern "C" fn mark(stop: Stop) -> Stop {
    stop
}

/// Raises a builtin exception.
#[inline(always)]
pub fn exc<T>(exc: Exc) -> R<T> {
    Err(mark(Stop::exc(exc)))
}

/// Gives up: the call is undone and runs in Python.
#[inline(always)]
pub fn bail<T>(bail: Bail) -> R<T> {
    Err(mark(Stop::bail(bail)))
}

/// `try_!('label, slot, expression)`: the value, or the stop stored in `slot` and `break 'label`.
///
/// The emitter uses it inside `try` bodies; elsewhere it uses `?`.
#[macro_export]
macro_rules! try_ {
    ($label:lifetime, $slot:ident, $value:expr) => {
        match $value {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(stop) => {
                $slot = stop;
                break $label;
            }
        }
    };
}

macro_rules! exceptions {
    ($($name:ident < $base:ident,)*) => {
        /// The builtin exception classes that native code can raise and catch.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Exc {
            $($name,)*
        }

        struct Row {
            exc: Exc,
            base: Exc,
            name: &'static str,
        }

        const EXCEPTIONS: &[Row] =
            &[$(Row { exc: Exc::$name, base: Exc::$base, name: stringify!($name) },)*];
    };
}

// A class stands below its base; the root is its own base.
exceptions! {
    BaseException < BaseException,
    Exception < BaseException,
    ArithmeticError < Exception,
    FloatingPointError < ArithmeticError,
    OverflowError < ArithmeticError,
    ZeroDivisionError < ArithmeticError,
    AssertionError < Exception,
    AttributeError < Exception,
    BufferError < Exception,
    EOFError < Exception,
    ImportError < Exception,
    ModuleNotFoundError < ImportError,
    LookupError < Exception,
    IndexError < LookupError,
    KeyError < LookupError,
    MemoryError < Exception,
    NameError < Exception,
    UnboundLocalError < NameError,
    OSError < Exception,
    FileExistsError < OSError,
    FileNotFoundError < OSError,
    PermissionError < OSError,
    TimeoutError < OSError,
    RuntimeError < Exception,
    NotImplementedError < RuntimeError,
    RecursionError < RuntimeError,
    StopIteration < Exception,
    StopAsyncIteration < Exception,
    SyntaxError < Exception,
    TypeError < Exception,
    ValueError < Exception,
    UnicodeError < ValueError,
    UnicodeDecodeError < UnicodeError,
    UnicodeEncodeError < UnicodeError,
    UnicodeTranslateError < UnicodeError,
    GeneratorExit < BaseException,
    KeyboardInterrupt < BaseException,
    SystemExit < BaseException,
}

impl Exc {
    /// `issubclass(self, other)`.
    pub fn is_subclass(self, other: Exc) -> bool {
        let mut class = self;
        loop {
            if class == other {
                return true;
            }
            let base = EXCEPTIONS[class as usize].base;
            if base == class {
                return false;
            }
            class = base;
        }
    }

    /// The name of the class.
    pub fn name(self) -> &'static str {
        EXCEPTIONS[self as usize].name
    }
}

macro_rules! bails {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a call is undone and runs in Python.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Bail {
            $($(#[$doc])* $name,)*
        }

        const BAILS: &[(Bail, &str)] = &[$((Bail::$name, $text),)*];
    };
}

bails! {
    /// A value is not of the exact type that was compiled for.
    Type = "type",
    /// An integer left 64 bits.
    Overflow = "overflow",
    /// The recursion limit or the end of the C stack is near.
    Depth = "depth",
    /// A signal, an asynchronous exception or a pending call waits.
    Signal = "signal",
    /// No memory, or a size that no machine has.
    Memory = "memory",
    /// A NaN met an operation where identity decides.
    Nan = "nan",
    /// A global, callee or source is no longer what was compiled.
    Guard = "guard",
    /// An operation on values that native code does not do.
    Unsupported = "unsupported",
    /// What an exception says that CPython words, not the program.
    Exception = "exception",
    /// A local variable is not bound.
    Unbound = "unbound",
    /// The forced-bail mode of the tests.
    Forced = "forced",
    /// A dict holds keys with Python-level comparison, or changed while it is iterated.
    Dict = "dict",
    /// One object in two representations.
    Alias = "alias",
    /// An operation that would call Python code.
    Callback = "callback",
    /// Whether a class is below an abstract one, Python code says.
    Abstract = "abstract class",
    /// An operation that would issue a warning.
    Warning = "warning",
    /// Journal, arena or the work of one operation reached its limit.
    Limit = "limit",
    /// The call has taken as long as converting its lists would: it is begun anew with native ones.
    Convert = "convert",
    /// A transaction is already open in this process.
    Busy = "busy",
    /// A C function that lets other threads run meanwhile, and there is another thread of Python's.
    Threads = "threads",
    /// The body of a loop leaves the generator that was handed it: see `pushed`.
    Passing = "passing",
    /// The runtime itself failed.  Please report it.
    Panic = "panic",
}

impl Bail {
    /// The name under which it is counted.
    pub fn name(self) -> &'static str {
        BAILS[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    //! Without `Stop::matches`: it asks the interpreter about classes of one's own, and unit tests are linked without one.

    use super::*;

    #[test]
    fn exceptions_and_bails_never_mix() {
        let stop = Stop::exc(Exc::KeyError);
        assert_eq!(stop.as_exc(), Some(Exc::KeyError));
        assert_eq!(stop.as_bail(), None);
        assert!(
            stop.is_builtin_below(Exc::LookupError)
                && stop.is_builtin_below(Exc::KeyError)
                && stop.is_builtin_below(Exc::Exception)
        );
        assert!(!stop.is_builtin_below(Exc::IndexError));
        let stop = Stop::bail(Bail::Overflow);
        assert_eq!(stop.as_bail(), Some(Bail::Overflow));
        assert!(!stop.is_builtin_below(Exc::BaseException));
        assert_eq!(stop.reason(), "overflow");
    }

    #[test]
    fn rows_stand_at_their_own_index() {
        for (index, row) in EXCEPTIONS.iter().enumerate() {
            assert_eq!(row.exc as usize, index);
            assert!(row.exc.is_subclass(Exc::BaseException));
        }
        for (index, row) in BAILS.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
        }
    }

    #[test]
    fn results_are_small() {
        assert_eq!(size_of::<R<()>>(), 8);
        assert_eq!(size_of::<R<i64>>(), 16);
    }

    fn nested(items: &[R<i64>]) -> R<i64> {
        let stop;
        let mut sum = 0;
        'body: {
            for _ in 0..2 {
                for item in items {
                    sum += 2 * try_!('body, stop, *item);
                }
            }
            return Ok(sum);
        }
        if stop.is_builtin_below(Exc::ValueError) { Ok(-1) } else { Err(stop) }
    }

    #[test]
    fn try_works_inside_nested_loops() {
        assert_eq!(nested(&[Ok(1), Ok(2)]), Ok(12));
        assert_eq!(nested(&[Ok(1), exc(Exc::UnicodeError)]), Ok(-1));
        assert_eq!(nested(&[bail(Bail::Nan)]), Err(Stop::bail(Bail::Nan)));
    }
}
