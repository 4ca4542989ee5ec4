//! Builtin exception classes that native code can raise and catch.

/// Names of the runtime's `Exc` variants.
pub const CLASSES: &[&str] = &[
    "BaseException",
    "Exception",
    "ArithmeticError",
    "FloatingPointError",
    "OverflowError",
    "ZeroDivisionError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "ImportError",
    "LookupError",
    "IndexError",
    "KeyError",
    "MemoryError",
    "NameError",
    "UnboundLocalError",
    "OSError",
    "RuntimeError",
    "NotImplementedError",
    "RecursionError",
    "StopIteration",
    "TypeError",
    "ValueError",
    "UnicodeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
];

/// True for a class that native code knows.
pub fn is_exception(name: &str) -> bool {
    CLASSES.contains(&name)
}
