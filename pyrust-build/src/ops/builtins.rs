//! Names that only `builtins` provides and that the compiler gives a meaning to.

/// Functions and types of the builtins module that the operation table or the lowering knows.
pub const NAMES: &[&str] = &[
    "abs", "all", "any", "bin", "bool", "bytes", "chr", "dict", "divmod", "enumerate", "float", "hex", "int",
    "isinstance", "len", "list", "map", "max", "min", "oct", "ord", "pow", "range", "repr", "reversed", "round",
    "sorted", "str", "sum", "tuple", "zip", "type", "set", "frozenset", "object", "filter", "iter", "next", "print",
    "hash", "id", "complex", "format", "ascii", "callable", "getattr", "hasattr", "setattr", "bytearray", "slice",
];

/// True for a name that the builtins module provides.
pub fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}
