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

/// Classes that keep whatever they are given and do nothing with it, each with the one that it stands below.
const SIMPLE: &[(&str, &str)] = &[
    ("BaseException", "BaseException"),
    ("Exception", "BaseException"),
    ("ArithmeticError", "Exception"),
    ("OverflowError", "ArithmeticError"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("BufferError", "Exception"),
    ("EOFError", "Exception"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
];

/// Can classes of the project that are derived from it be understood?
pub fn is_simple(name: &str) -> bool {
    SIMPLE.iter().any(|(known, _)| *known == name)
}

/// Is the one, which is such a class, the other or below it?
pub fn is_below(name: &str, other: &str) -> bool {
    let mut at = name;
    loop {
        let base = SIMPLE.iter().find(|(known, _)| *known == at).map_or(at, |(_, base)| *base);
        if at == other || base == at {
            return at == other;
        }
        at = base;
    }
}

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
        let text = include_str!("../../../pyrust-core/src/stop.rs");
        for name in super::CLASSES {
            assert!(text.contains(&format!("    {name} < ")), "{name}");
        }
    }
}
