//! NumPy's ufuncs: what they are called, and of which type their results are. The rows behind `ops::arrays`.

/// `numpy.name(x)`: the ufunc, and the type of its results.
pub(super) struct Unary(pub(super) &'static str, pub(super) &'static str, pub(super) Gives);

/// What elements come out.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Gives {
    /// Those that went in, of numbers.
    Same,
    /// Floats.
    Float,
    /// The same, of floats only.
    OfFloats,
    Bool,
    /// The same, of ints and bools.
    Bits,
}

pub(super) const UNARY: &[Unary] = &[
    Unary("abs", "absolute", Gives::Same),
    Unary("absolute", "absolute", Gives::Same),
    Unary("fabs", "fabs", Gives::Float),
    Unary("negative", "negative", Gives::Same),
    Unary("positive", "positive", Gives::Same),
    Unary("square", "square", Gives::Same),
    Unary("sign", "sign", Gives::Same),
    Unary("reciprocal", "reciprocal", Gives::OfFloats),
    Unary("sqrt", "sqrt", Gives::Float),
    Unary("cbrt", "cbrt", Gives::Float),
    Unary("exp", "exp", Gives::Float),
    Unary("exp2", "exp2", Gives::Float),
    Unary("expm1", "expm1", Gives::Float),
    Unary("log", "log", Gives::Float),
    Unary("log2", "log2", Gives::Float),
    Unary("log10", "log10", Gives::Float),
    Unary("log1p", "log1p", Gives::Float),
    Unary("sin", "sin", Gives::Float),
    Unary("cos", "cos", Gives::Float),
    Unary("tan", "tan", Gives::Float),
    Unary("arcsin", "arcsin", Gives::Float),
    Unary("arccos", "arccos", Gives::Float),
    Unary("arctan", "arctan", Gives::Float),
    Unary("sinh", "sinh", Gives::Float),
    Unary("cosh", "cosh", Gives::Float),
    Unary("tanh", "tanh", Gives::Float),
    Unary("arcsinh", "arcsinh", Gives::Float),
    Unary("arccosh", "arccosh", Gives::Float),
    Unary("arctanh", "arctanh", Gives::Float),
    Unary("deg2rad", "deg2rad", Gives::Float),
    Unary("rad2deg", "rad2deg", Gives::Float),
    Unary("radians", "radians", Gives::Float),
    Unary("degrees", "degrees", Gives::Float),
    Unary("floor", "floor", Gives::OfFloats),
    Unary("ceil", "ceil", Gives::OfFloats),
    Unary("trunc", "trunc", Gives::OfFloats),
    Unary("rint", "rint", Gives::OfFloats),
    Unary("isnan", "isnan", Gives::Bool),
    Unary("isinf", "isinf", Gives::Bool),
    Unary("isfinite", "isfinite", Gives::Bool),
    Unary("signbit", "signbit", Gives::Bool),
    Unary("logical_not", "logical_not", Gives::Bool),
    Unary("invert", "invert", Gives::Bits),
    Unary("bitwise_not", "invert", Gives::Bits),
];

/// `numpy.name(x, y)`: the ufunc, and the type of its results.
pub(super) struct Binary(pub(super) &'static str, pub(super) &'static str, pub(super) Pairs);

/// What elements come out of two.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Pairs {
    /// Those in which both meet, of numbers.
    Meet,
    /// Those in which both meet, of anything.
    MeetAny,
    /// Floats.
    Divided,
    /// Floats of floats.
    Floats,
    Bool,
    /// Of ints and bools.
    Bits,
}

pub(super) const BINARY: &[Binary] = &[
    Binary("add", "add", Pairs::Meet),
    Binary("subtract", "subtract", Pairs::Meet),
    Binary("multiply", "multiply", Pairs::Meet),
    Binary("divide", "divide", Pairs::Divided),
    Binary("true_divide", "divide", Pairs::Divided),
    Binary("floor_divide", "floor_divide", Pairs::Meet),
    Binary("mod", "remainder", Pairs::Meet),
    Binary("remainder", "remainder", Pairs::Meet),
    Binary("fmod", "fmod", Pairs::Meet),
    Binary("power", "power", Pairs::Meet),
    Binary("pow", "power", Pairs::Meet),
    Binary("maximum", "maximum", Pairs::MeetAny),
    Binary("minimum", "minimum", Pairs::MeetAny),
    Binary("fmax", "fmax", Pairs::MeetAny),
    Binary("fmin", "fmin", Pairs::MeetAny),
    Binary("arctan2", "arctan2", Pairs::Floats),
    Binary("atan2", "arctan2", Pairs::Floats),
    Binary("hypot", "hypot", Pairs::Floats),
    Binary("copysign", "copysign", Pairs::Floats),
    Binary("logaddexp", "logaddexp", Pairs::Floats),
    Binary("logical_and", "logical_and", Pairs::Bool),
    Binary("logical_or", "logical_or", Pairs::Bool),
    Binary("logical_xor", "logical_xor", Pairs::Bool),
    Binary("equal", "equal", Pairs::Bool),
    Binary("not_equal", "not_equal", Pairs::Bool),
    Binary("less", "less", Pairs::Bool),
    Binary("less_equal", "less_equal", Pairs::Bool),
    Binary("greater", "greater", Pairs::Bool),
    Binary("greater_equal", "greater_equal", Pairs::Bool),
    Binary("bitwise_and", "bitwise_and", Pairs::Bits),
    Binary("bitwise_or", "bitwise_or", Pairs::Bits),
    Binary("bitwise_xor", "bitwise_xor", Pairs::Bits),
    Binary("left_shift", "left_shift", Pairs::Bits),
    Binary("right_shift", "right_shift", Pairs::Bits),
];

/// Operators: the runtime's name, and what comes out.
pub(super) const OPERATORS: &[Binary] = &[
    Binary("+", "add", Pairs::Meet),
    Binary("-", "subtract", Pairs::Meet),
    Binary("*", "multiply", Pairs::Meet),
    Binary("/", "divide", Pairs::Divided),
    Binary("//", "floor_divide", Pairs::Meet),
    Binary("%", "remainder", Pairs::Meet),
    Binary("**", "power", Pairs::Meet),
    Binary("&", "bit_and", Pairs::Bits),
    Binary("|", "bit_or", Pairs::Bits),
    Binary("^", "bit_xor", Pairs::Bits),
    Binary("<<", "shift_left", Pairs::Bits),
    Binary(">>", "shift_right", Pairs::Bits),
    Binary("==", "eq", Pairs::Bool),
    Binary("!=", "ne", Pairs::Bool),
    Binary("<", "lt", Pairs::Bool),
    Binary("<=", "le", Pairs::Bool),
    Binary(">", "gt", Pairs::Bool),
    Binary(">=", "ge", Pairs::Bool),
];

/// Operators that change an array: the runtime's function.
pub(super) const CHANGES: &[(&str, &str)] = &[
    ("+=", "asked_iadd"),
    ("-=", "asked_isub"),
    ("*=", "asked_imul"),
    ("/=", "asked_itruediv"),
    ("//=", "asked_ifloordiv"),
    ("%=", "asked_imodulo"),
    ("&=", "asked_iand"),
    ("|=", "asked_ior"),
    ("^=", "asked_ixor"),
];

/// Reductions: the ufunc, and what comes out.
pub(super) struct Reduction(pub(super) &'static str, pub(super) &'static str, pub(super) Total);

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Total {
    /// Ints become 64 bits wide.
    Wide,
    Same,
    Bool,
}

pub(super) const REDUCTIONS: &[Reduction] = &[
    Reduction("sum", "add", Total::Wide),
    Reduction("prod", "multiply", Total::Wide),
    Reduction("min", "minimum", Total::Same),
    Reduction("max", "maximum", Total::Same),
    Reduction("amin", "minimum", Total::Same),
    Reduction("amax", "maximum", Total::Same),
    Reduction("any", "logical_or", Total::Bool),
    Reduction("all", "logical_and", Total::Bool),
];
