//! Builtin exception classes that native code can raise and catch.

/// The type of what a handler catches: an instance of any of the classes below.
pub const OBJECT: &str = "BaseException";

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
    "ModuleNotFoundError",
    "LookupError",
    "IndexError",
    "KeyError",
    "MemoryError",
    "NameError",
    "UnboundLocalError",
    "OSError",
    "FileExistsError",
    "FileNotFoundError",
    "PermissionError",
    "TimeoutError",
    "RuntimeError",
    "NotImplementedError",
    "RecursionError",
    "StopIteration",
    "StopAsyncIteration",
    "SyntaxError",
    "TypeError",
    "ValueError",
    "UnicodeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeTranslateError",
    "GeneratorExit",
    "KeyboardInterrupt",
    "SystemExit",
];

/// True for a class that native code knows.
pub fn is_exception(name: &str) -> bool {
    CLASSES.contains(&name)
}

/// True where calling the class with so many arguments of any types gives an instance of exactly this class.
pub fn can_be_made(name: &str, args: usize) -> bool {
    match name {
        // The number of the error decides which subclass it becomes.
        "OSError" => args < 2,
        // The second argument is taken apart.
        "SyntaxError" => args < 2,
        "UnicodeDecodeError" | "UnicodeEncodeError" | "UnicodeTranslateError" => false,
        _ => is_exception(name),
    }
}

#[cfg(test)]
mod tests {
    /// The runtime's list is the other side of this one.
    #[test]
    fn the_runtime_knows_them_all() {
        let text = include_str!("../../../pyrust-runtime/src/stop.rs");
        for name in super::CLASSES {
            assert!(text.contains(&format!("    {name} < ")), "{name}");
        }
    }
}
