//! Rows of NumPy's arrays and scalars. There are as many as pairs of types, so each is made when it is first asked for.
//!
//! What is done depends on the type in which the operands meet (`crate::numpy::common`); the runtime has one module per type.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::pattern::Pattern;
use super::{Op, Row, arrays};
use crate::hir::{Expr, ExprKind};
use crate::numpy::{Dtype, common, dtype, is_numpy};
use crate::ty::{Origin, Type};

/// A row for exactly these types; or another one, and the types with which that is to be asked for.
pub(super) fn row(name: &str, args: &[Type]) -> Option<(&'static Op, Vec<Type>)> {
    type Made = HashMap<(String, Vec<Type>), Option<(&'static Op, Vec<Type>)>>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    if !(args.iter().any(is_numpy) || name.starts_with("numpy.")) {
        return None;
    }
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (name.to_string(), args.to_vec());
    if let Some(op) = made().get(&key) {
        return op.clone();
    }
    let op = find(name, args).map(|found| match found {
        Found::Own { ret, path, flags, extra } => (own(args, ret, path, flags, extra), Vec::new()),
        Found::Asked { ret, path, extra, keywords } => (asked(args, ret, path, extra, keywords), Vec::new()),
        Found::Like(op, types) => (op, types),
    });
    made().insert(key, op.clone());
    op
}

/// Does the table have the name for arrays or scalars at all?
pub(super) fn exists(name: &str) -> bool {
    name.starts_with(PART)
        || name.strip_prefix("numpy.").is_some_and(arrays::exists)
        || name.strip_prefix("ndarray.").is_some_and(arrays::exists)
        || ["shape", "size", "ndim", "T"].iter().any(|n| name.strip_prefix("ndarray.attribute ") == Some(n))
}

/// What rows of arrays are called, which are made for the types at hand.
pub(super) const NAME: &str = "numpy";

/// Functions of each element of floats, which NumPy's own loops compute.
const UFUNCS: &[&str] = &[
    "square", "abs", "floor", "ceil", "rint", "trunc", "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2",
    "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh",
    "arccosh", "arctanh", "radians", "degrees", "deg2rad", "rad2deg",
];

/// The first of them give ints of ints.
const OF_INTS: usize = 6;

/// Functions of two floats.
const PAIRS: &[&str] = &["maximum", "minimum", "fmax", "fmin", "copysign", "hypot", "arctan2", "fmod"];

/// Is it computed by such a loop, or at once, where it is called for numbers?
pub fn is_of_numbers(name: &str) -> bool {
    let short = name.strip_prefix("numpy.").unwrap_or_default();
    UFUNCS.contains(&short) || PAIRS.contains(&short)
}

/// `numpy.maximum(x, y)` of floats, or of a float and an int.
fn pair(name: &str, a: &Type, b: &Type) -> Option<Found> {
    let short = name.strip_prefix("numpy.").filter(|short| PAIRS.contains(short))?;
    let float = |t: &Type| matches!(t, Type::Float | Type::Numpy(Dtype::Float64));
    let fits = float(a) && float(b) || float(a) && *b == Type::Int || *a == Type::Int && float(b);
    if fits { Found::new(Type::Numpy(Dtype::Float64), format!("ndarray::two_{short}"), "c!") } else { None }
}

/// Functions and methods of all elements together.
const REDUCTIONS: &[&str] = &["sum", "min", "max", "mean"];

/// `numpy.exp(a)`, `numpy.sum(a)`, `a.sum()`.
fn whole_function(name: &str, arg: &Type) -> Option<Found> {
    let (method, short) = match name.strip_prefix("ndarray.") {
        Some(short) => (true, short),
        None => (false, name.strip_prefix("numpy.")?),
    };
    if !method && UFUNCS.contains(&short) {
        return match arg {
            Type::Array(dtype, 1..) if dtype.is_float() => {
                Found::new(arg.clone(), format!("ndarray::array_{short}"), "c!")
            }
            Type::Float | Type::Numpy(Dtype::Float64) => {
                Found::new(Type::Numpy(Dtype::Float64), format!("ndarray::one_{short}"), "c!")
            }
            Type::Int | Type::Numpy(Dtype::Int64) if !UFUNCS[..OF_INTS].contains(&short) => {
                Found::new(Type::Numpy(Dtype::Float64), format!("ndarray::one_{short}"), "c!")
            }
            _ => None,
        };
    }
    match arg {
        Type::Array(Dtype::Float64, 1..) if REDUCTIONS.contains(&short) => {
            Found::new(Type::Numpy(Dtype::Float64), format!("ndarray::array_{short}"), "c!")
        }
        _ => None,
    }
}

/// `a[i, start:stop]`: see `lower`.
const PART: &str = "ndarray.[] part";

/// What is done.
pub(super) enum Found {
    /// The result, the runtime's function, the flags, and an argument behind the given ones, as Rust text; arguments go
    /// in as they are.
    Own { ret: Type, path: String, flags: &'static str, extra: Option<String> },
    /// NumPy does it: which function, and arguments behind the given ones, the last of them by name.
    Asked { ret: Type, path: String, extra: Option<String>, keywords: &'static [&'static str] },
    /// What another row says, with a NumPy scalar as one of Python's numbers.
    Like(&'static Op, Vec<Type>),
}

impl Found {
    pub(super) fn new(ret: Type, path: impl Into<String>, flags: &'static str) -> Option<Found> {
        Some(Found::Own { ret, path: path.into(), flags, extra: None })
    }

    pub(super) fn with(
        ret: Type,
        path: impl Into<String>,
        flags: &'static str,
        extra: impl Into<String>,
    ) -> Option<Found> {
        Some(Found::Own { ret, path: path.into(), flags, extra: Some(extra.into()) })
    }
}

/// Made once for each use that a program has for it.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// An operation that NumPy does.
fn asked(
    args: &[Type],
    ret: Type,
    path: String,
    extra: Option<String>,
    keywords: &'static [&'static str],
) -> &'static Op {
    let mut op = Op::parse(&Row(NAME, "", "None", kept(path), "c!"));
    op.foreign = true;
    op.params = args.iter().cloned().map(Pattern::Scalar).collect();
    op.ret = Pattern::Scalar(ret);
    op.extra = extra.map(kept);
    op.keywords = keywords.to_vec();
    Box::leak(Box::new(op))
}

fn own(args: &[Type], ret: Type, path: String, flags: &'static str, extra: Option<String>) -> &'static Op {
    let mut op = Op::parse(&Row(NAME, "", "None", kept(path), flags));
    op.extra = extra.map(kept);
    let bounds = path_has_bounds(&op);
    let param = |(at, ty): (usize, &Type)| match bounds && (1..=3).contains(&at) {
        true => Pattern::OptInt,
        false => Pattern::Scalar(ty.clone()),
    };
    op.params = args.iter().enumerate().map(param).collect();
    op.ret = Pattern::Scalar(ret);
    // Made once for each use that a program has for it.
    Box::leak(Box::new(op))
}

/// Does it take the bounds of a slice?
fn path_has_bounds(op: &Op) -> bool {
    matches!(
        op.path,
        "ndarray::slice" | "ndarray::fill_slice" | "ndarray::copy_slice" | "ndarray::spread_slice"
    )
}

fn find(name: &str, args: &[Type]) -> Option<Found> {
    if let [arg] = args
        && let Some(found) = whole_function(name, arg)
    {
        return Some(found);
    }
    if let [a, b] = args
        && let Some(found) = pair(name, a, b)
    {
        return Some(found);
    }
    // Functions that ask for the attribute of the name.
    if let ([Type::Array(_, 1..)], Some(short @ ("shape" | "size" | "ndim"))) =
        (args, name.strip_prefix("numpy."))
    {
        return find(&format!("ndarray.attribute {short}"), args);
    }
    if has_form(name) && !name.starts_with("ndarray.attribute") && !name.starts_with(PART) {
        return arrays::function(name, args);
    }
    if let [a, b] = args
        && (is_point(a) || is_point(b))
        && let Some(found) = arrays::operator(name, a, b)
    {
        return Some(found);
    }
    match args {
        [Type::Array(dtype, dims), rest @ ..] => match (name, rest) {
            ("len", []) if *dims > 0 => Found::new(Type::Int, "ndarray::len", ""),
            ("ndarray.attribute size", []) => Found::new(Type::Int, "ndarray::size", ""),
            ("ndarray.attribute ndim", []) => Found::new(Type::Int, "ndarray::ndim", ""),
            ("ndarray.attribute shape", []) if *dims > 0 => {
                let items = vec![Type::Int; usize::from(*dims)];
                Found::new(Type::Tuple { items, origin: Origin::Native }, format!("ndarray::shape{dims}"), "")
            }
            ("getitem", [index]) => match places(index) {
                Some(n) if n == *dims => Found::new(Type::Numpy(*dtype), "ndarray::get", "!"),
                Some(1) if single(index) && *dims > 0 => {
                    Found::new(Type::Array(*dtype, *dims - 1), format!("ndarray::row{dims}"), "!")
                }
                Some(_) => indexed(*dtype, *dims, index),
                None => indexed(*dtype, *dims, index).or_else(|| arrays::item(*dtype, *dims, index)),
            },
            ("getslice", bounds) if *dims > 0 && bounds.len() <= 3 && bounds.iter().all(is_bound) => {
                Found::new(Type::Array(*dtype, *dims), "ndarray::slice", "!")
            }
            ("setslice", [bounds @ .., value])
                if *dims > 0 && bounds.len() == 3 && bounds.iter().all(is_bound) =>
            {
                match value {
                    Type::Array(own, same) if same == dims && fits(&Type::Numpy(*own), *dtype) => {
                        Found::new(Type::None, "ndarray::copy_slice", "c!m")
                    }
                    value if fits(value, *dtype) => Found::new(Type::None, "ndarray::fill_slice", "c!m"),
                    Type::Array(own, fewer) if fewer < dims && fits(&Type::Numpy(*own), *dtype) => {
                        Found::new(Type::None, "ndarray::spread_slice", "c!m")
                    }
                    _ => None,
                }
            }
            (name, [Type::Tuple { items, .. }])
                if name.starts_with(PART) && items.is_empty() && *dims > 0 =>
            {
                Found::new(Type::Array(*dtype, *dims), "ndarray::everything", "")
            }
            (name, [Type::Tuple { items, .. }]) if name.starts_with(PART) => {
                let left = arrays::part_dims(*dims, items)?;
                let ret = Type::Array(*dtype, left);
                // Where a `...` stands, and how many dimensions the others name.
                let Some(at) = name.strip_prefix(PART).and_then(|at| at.trim().parse::<usize>().ok()) else {
                    return Found::new(ret, format!("ndarray::part{left}"), "!");
                };
                let named = items.iter().filter(|t| **t != Type::None).count();
                Found::with(ret, format!("ndarray::rest_part{left}"), "!", format!("{at}, {named}"))
            }
            ("ndarray.attribute T", []) => Found::new(Type::Array(*dtype, *dims), "ndarray::transposed", ""),
            (_, [other]) if *dims > 0 && name.ends_with('=') && !COMPARISONS.contains(&name) => {
                changed(name, *dtype, *dims, other).or_else(|| arrays::change(name, *dtype, *dims, other))
            }
            ("setitem", [index, value]) if places(index) == Some(*dims) && fits(value, *dtype) => {
                Found::new(Type::None, "ndarray::set", "c!m")
            }
            ("setitem", [index, value]) => arrays::store(*dtype, *dims, index, value),
            (_, [other]) if *dims > 0 => {
                whole(name, &args[0], other).or_else(|| arrays::operator(name, &args[0], other))
            }
            _ => unary_array(name, *dtype, *dims),
        },
        [Type::Numpy(own)] => unary(name, *own),
        [a, Type::Array(_, 1..)] => whole(name, a, &args[1]).or_else(|| arrays::operator(name, a, &args[1])),
        [a, b] => binary(name, a, b).or_else(|| converted(name, args)),
        _ => converted(name, args),
    }
}

/// `a[i, j]` of what has more dimensions, `a[None]`, `a[i, None]`: a view.
fn indexed(dtype: Dtype, dims: u8, index: &Type) -> Option<Found> {
    let items = match index {
        Type::Tuple { items, .. } => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let left = arrays::part_dims(dims, items).filter(|_| !index.is_held())?;
    Found::new(Type::Array(dtype, left), format!("ndarray::part{left}"), "!")
}

/// `-a`, `abs(a)`, `~a`
fn unary_array(name: &str, own: Dtype, dims: u8) -> Option<Found> {
    let operator = match name {
        "neg" if own != Dtype::Bool => "negative",
        "pos" if own != Dtype::Bool => "positive",
        "abs" if own != Dtype::Bool => "absolute",
        "inv" if !own.is_float() => "inverted",
        _ => return None,
    };
    let ret = Type::Array(own, dims);
    (dims > 0).then(|| Found::Asked { ret, path: format!("array:{operator}"), extra: None, keywords: &[] })
}

/// What a call says of its result: `keepdims`, or the type of the elements, behind the function's name. `dtype` tells
/// which type an expression is.
pub fn form(
    name: String,
    args: &[Expr],
    keywords: &[(String, Expr)],
    mut dtype: impl FnMut(&Expr) -> Option<Dtype>,
) -> String {
    if !has_form(&name) {
        return name;
    }
    let mut said = Vec::new();
    let given = arrays::dtype_place(&name).and_then(|at| args.get(at));
    for (key, value) in keywords.iter().map(|(k, v)| (k.as_str(), v)).chain(given.map(|e| ("dtype", e))) {
        said.push(match (key, &value.kind) {
            ("keepdims", ExprKind::Bool(false)) => continue,
            ("keepdims", ExprKind::Bool(true)) => "keepdims",
            ("dtype", _) => dtype(value).map_or("?", Dtype::name),
            // There is no row of such a name.
            ("keepdims", _) => "?",
            _ => continue,
        });
    }
    if said.is_empty() { name } else { format!("{name} {}", said.join(" ")) }
}

/// May what the name stands for be told about its result?
pub fn has_form(name: &str) -> bool {
    name.starts_with("numpy.") || name.starts_with("ndarray.")
}

/// How many of the arguments go to the runtime, where one says what the result is; and the keywords that do not.
pub(super) fn is_form(name: &str, at: usize) -> bool {
    has_form(name) && arrays::dtype_place(name.split(' ').next().unwrap_or_default()) == Some(at)
}

const COMPARISONS: &[&str] = &["==", "!=", "<=", ">="];

/// How many dimensions an index of plain ints names.
pub(super) fn places(index: &Type) -> Option<u8> {
    let plain = |t: &Type| matches!(t, Type::Int) || matches!(t, Type::Numpy(d) if d.is_int());
    match index {
        Type::Tuple { items, .. } if items.iter().all(plain) && !index.is_held() => Some(items.len() as u8),
        one if plain(one) => Some(1),
        _ => None,
    }
}

/// Can it stand before or behind the colon of a slice?
pub(super) fn is_bound(ty: &Type) -> bool {
    matches!(ty, Type::None | Type::Int) || matches!(ty, Type::Numpy(d) if d.is_int())
}

/// Is it one index?
pub(super) fn is_index(ty: &Type) -> bool {
    single(ty) && places(ty) == Some(1)
}

/// The type in which two values meet; two of Python's as NumPy takes them.
pub(super) fn common_of(a: &Type, b: &Type) -> Option<Dtype> {
    common(a, b).or(match (a, b) {
        (Type::Int, Type::Int) => Some(Dtype::Int64),
        (Type::Int | Type::Float, Type::Int | Type::Float) => Some(Dtype::Float64),
        (Type::Bool, Type::Bool) => Some(Dtype::Bool),
        _ => None,
    })
}

fn single(index: &Type) -> bool {
    !matches!(index, Type::Tuple { .. })
}

/// Can the value be stored as an element?
pub(super) fn fits(value: &Type, dtype: Dtype) -> bool {
    match value {
        Type::Int | Type::Bool => true,
        Type::Float => dtype != Dtype::Bool,
        Type::Numpy(own) => dtype != Dtype::Bool || *own == Dtype::Bool,
        _ => false,
    }
}

/// The function of element by element arithmetic, and the type it is done in.
fn elementwise(name: &str, a: &Type, b: &Type) -> Option<(&'static str, Dtype)> {
    let both = common(a, b)?;
    match name {
        "+" => Some(("add", both)),
        "-" => Some(("sub", both)),
        "*" => Some(("mul", both)),
        "/" if both.is_int() => Some(("truediv", Dtype::Float64)),
        "/" => Some(("truediv", both)),
        _ => None,
    }
    .filter(|(_, both)| *both != Dtype::Bool)
}

/// Is it an array, or what can stand beside one?
pub(super) fn dims_of(ty: &Type) -> Option<u8> {
    match ty {
        Type::Array(_, dims) => Some(*dims),
        Type::Int | Type::Float | Type::Bool | Type::Numpy(_) => Some(0),
        _ => None,
    }
}

/// An array without dimensions, which NumPy goes on with.
pub(super) fn is_point(ty: &Type) -> bool {
    matches!(ty, Type::Array(_, 0))
}

/// Arithmetic of arrays of one shape, or of an array and a value.
fn whole(name: &str, a: &Type, b: &Type) -> Option<Found> {
    let (function, both) = elementwise(name, a, b)?;
    let (left, right) = (dims_of(a)?, dims_of(b)?);
    if left != right && left != 0 && right != 0 || is_point(a) || is_point(b) {
        return None;
    }
    let ty = Type::Array(both, left.max(right));
    Found::new(ty, format!("ndarray::{}::array_{function}", both.module()), "c!")
}

/// `a += b`: where that is done in the array's own type.
fn changed(name: &str, own: Dtype, dims: u8, other: &Type) -> Option<Found> {
    let (function, both) = elementwise(name.strip_suffix('=')?, &Type::Array(own, dims), other)?;
    let fits = both == own && dims_of(other).is_some_and(|d| d == 0 || d == dims) && !is_point(other);
    if fits {
        Found::new(Type::None, format!("ndarray::{}::array_i{function}", own.module()), "c!m")
    } else {
        None
    }
}

fn unary(name: &str, own: Dtype) -> Option<Found> {
    let known = match name {
        "neg" | "abs" => own != Dtype::Bool,
        "pos" => own != Dtype::Bool,
        "inv" => !own.is_float(),
        "int" | "operator.index" if own.is_int() => return Found::new(Type::Int, "ndarray::to_int", "!"),
        "float" if own.is_int() || own.is_float() => {
            return Found::new(Type::Float, "ndarray::to_float", "!");
        }
        _ => return converted(name, &[Type::Numpy(own)]),
    };
    if known { Found::new(Type::Numpy(own), format!("ndarray::{}::{name}", own.module()), "!") } else { None }
}

fn binary(name: &str, a: &Type, b: &Type) -> Option<Found> {
    if [a, b].into_iter().any(|t| matches!(t, Type::Array(..))) {
        return None;
    }
    let both = common(a, b)?;
    let compared = match name {
        "==" => "eq",
        "!=" => "ne",
        "<" => "lt",
        "<=" => "le",
        ">" => "gt",
        ">=" => "ge",
        _ => "",
    };
    if !compared.is_empty() {
        // NumPy compares these two exactly.
        let odd = both == Dtype::Float64 && [a, b].into_iter().all(|t| dtype(t).is_some_and(Dtype::is_int));
        let mixed = both == Dtype::Float64
            && [a, b].into_iter().any(|t| matches!(t, Type::Int))
            && [a, b].into_iter().any(|t| dtype(t).is_some_and(Dtype::is_int));
        return if odd || mixed {
            None
        } else {
            Found::new(Type::Bool, format!("ndarray::{}::{compared}", both.module()), "!")
        };
    }
    let (function, known) = match name {
        "+" => ("add", both != Dtype::Bool),
        "-" => ("sub", both != Dtype::Bool),
        "*" => ("mul", both != Dtype::Bool),
        "/" => ("truediv", both != Dtype::Bool),
        "//" => ("floordiv", both.is_int()),
        "%" => ("modulo", both.is_int()),
        "&" => ("and", !both.is_float()),
        "|" => ("or", !both.is_float()),
        "^" => ("xor", !both.is_float()),
        "**" if both == Dtype::Float64 => {
            return Found::new(Type::Numpy(both), "ndarray::pow", "!");
        }
        "<<" => ("lshift", both.is_int()),
        ">>" => ("rshift", both.is_int()),
        _ => return None,
    };
    if !known {
        return None;
    }
    // Ints divide as doubles.
    let both = if name == "/" && both.is_int() { Dtype::Float64 } else { both };
    Found::new(Type::Numpy(both), format!("ndarray::{}::{function}", both.module()), "!")
}

/// A NumPy scalar where a row wants a number of Python's: as an index, or for what makes a float of it.
fn converted(name: &str, args: &[Type]) -> Option<Found> {
    let float = name.starts_with("math.") || matches!(name, "int" | "complex");
    let (float, index) = (float, name == "getitem" || name == "setitem");
    let plain = |(at, t): (usize, &Type)| match t {
        Type::Numpy(d) if float && (d.is_int() || d.is_float()) => Type::Float,
        Type::Numpy(d) if index && at == 1 && d.is_int() => Type::Int,
        other => other.clone(),
    };
    let types: Vec<Type> = args.iter().enumerate().map(plain).collect();
    // What is stored may be a NumPy scalar all the same.
    if types == args || !(float || index) {
        return None;
    }
    let (op, _) = super::select(name, &types)?;
    let plain = |p: &Pattern| matches!(p, Pattern::Scalar(Type::Float));
    if float && !(op.params.iter().all(plain) && op.params.len() == types.len() && op.extra.is_none()) {
        return None;
    }
    if index && !matches!(op.params[1], Pattern::Scalar(Type::Int)) {
        return None;
    }
    Some(Found::Like(op, types))
}
