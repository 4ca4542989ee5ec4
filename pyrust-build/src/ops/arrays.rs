//! What NumPy itself is asked to do with arrays: see the runtime's `array::asked`. A row says which function of NumPy's
//! C code that is, and what comes out; the runtime bails where something else does.

use super::numpy::{Found, common_of, dims_of, fits, is_bound, is_index, is_point, places};
use super::ufuncs::{BINARY, CHANGES, Gives, OPERATORS, Pairs, REDUCTIONS, Reduction, Total, UNARY, Unary};
use crate::numpy::{Dtype, MOST_DIMS, common};
use crate::ty::Type;

/// An array of so many dimensions; a scalar for none.
fn made(dtype: Dtype, dims: u8) -> Option<Type> {
    match dims {
        0 => Some(Type::Numpy(dtype)),
        1..=MOST_DIMS => Some(Type::Array(dtype, dims)),
        _ => None,
    }
}

fn asked(ret: Option<Type>, path: impl Into<String>) -> Option<Found> {
    Some(Found::Asked { ret: ret?, path: path.into(), extra: None, keywords: &[] })
}

fn asked_with(
    ret: Option<Type>,
    path: impl Into<String>,
    extra: impl Into<String>,
    keywords: &'static [&'static str],
) -> Option<Found> {
    Some(Found::Asked { ret: ret?, path: path.into(), extra: Some(extra.into()), keywords })
}

/// Methods of arrays that are C code throughout, also as functions of `numpy`, with an axis or without.
const METHODS: &[&str] = &["cumsum", "cumprod", "argmax", "argmin", "argsort"];

/// Functions that make arrays, and where their type stands among the arguments.
const MAKERS: &[(&str, usize)] =
    &[("zeros", 1), ("ones", 1), ("empty", 1), ("full", 2), ("astype", 0), ("array", 1)];

/// Of all elements together or along an axis, by way of several functions.
const STATISTICS: &[&str] = &["mean", "std", "var"];

/// Functions of `numpy`, some of them methods too.
const FUNCTIONS: &[&str] = &[
    "bincount",
    "searchsorted",
    "take",
    "repeat",
    "round",
    "around",
    "trace",
    "diff",
    "roll",
    "flip",
    "interp",
    "where",
    "clip",
    "dot",
    "matmul",
    "inner",
    "outer",
    "sort",
    "count_nonzero",
    "reshape",
    "concatenate",
    "hstack",
    "vstack",
    "shape",
    "size",
    "ndim",
];

/// Functions of `numpy` that make arrays.
const MAKING: &[&str] = &[
    "array",
    "zeros",
    "ones",
    "empty",
    "full",
    "arange",
    "linspace",
    "eye",
    "identity",
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
];

/// Methods that change or copy what an array is.
const OWN_METHODS: &[&str] =
    &["astype", "copy", "dot", "clip", "fill", "flatten", "ravel", "reshape", "transpose"];

/// Where the type of the elements stands among the arguments.
pub(super) fn dtype_place(name: &str) -> Option<usize> {
    let short = name.strip_prefix("numpy.").or_else(|| name.strip_prefix("ndarray."))?;
    MAKERS.iter().find(|row| row.0 == short).map(|row| row.1)
}

/// Does NumPy know it for arrays?
pub(super) fn exists(short: &str) -> bool {
    let short = short.split(' ').next().unwrap_or_default();
    UNARY.iter().any(|row| row.0 == short)
        || BINARY.iter().any(|row| row.0 == short)
        || REDUCTIONS.iter().any(|row| row.0 == short)
        || [METHODS, STATISTICS, FUNCTIONS, MAKING, OWN_METHODS].iter().any(|names| names.contains(&short))
        || Dtype::named(short).is_some()
}

/// What NumPy does, for the documentation: of which kind, and the names.
pub(super) fn documented() -> Vec<(&'static str, Vec<String>)> {
    fn functions<'n>(names: impl IntoIterator<Item = &'n &'n str>) -> Vec<String> {
        names.into_iter().map(|name| format!("numpy.{name}")).collect()
    }
    let mut operators: Vec<String> = OPERATORS.iter().map(|row| format!("a {} b", row.0)).collect();
    operators.push("a @ b".into());
    operators.extend(["-a", "abs(a)", "~a"].map(String::from));
    operators.extend(CHANGES.iter().map(|row| format!("a {} b", row.0)));
    let along = REDUCTIONS.iter().map(|row| &row.0).chain(STATISTICS).chain(METHODS);
    vec![
        ("operators, with broadcasting", operators),
        ("masks and places", ["a[mask]", "a[places]", "a[mask] = b"].map(String::from).to_vec()),
        ("of each element", functions(UNARY.iter().map(|row| &row.0))),
        ("of two", functions(BINARY.iter().map(|row| &row.0))),
        ("along an axis, also as methods", functions(along)),
        ("others", functions(FUNCTIONS)),
        ("making arrays", functions(MAKING)),
        ("methods", OWN_METHODS.iter().map(|name| format!("a.{name}()")).collect()),
    ]
}

/// Floats that a function makes of such elements.
fn float_of(dtype: Dtype) -> Option<Dtype> {
    match dtype {
        Dtype::Float32 | Dtype::Float64 => Some(dtype),
        Dtype::Int16 | Dtype::UInt16 => Some(Dtype::Float32),
        Dtype::Int32 | Dtype::UInt32 | Dtype::Int64 | Dtype::UInt64 => Some(Dtype::Float64),
        // Half floats.
        _ => None,
    }
}

/// The elements of a value that NumPy is given: one of Python's is a double or a word.
fn dtype_of(ty: &Type) -> Option<Dtype> {
    match ty {
        Type::Float => Some(Dtype::Float64),
        Type::Int => Some(Dtype::Int64),
        other => crate::numpy::dtype(other),
    }
}

fn unary(row: &Unary, arg: &Type) -> Option<Found> {
    let (own, dims) = (dtype_of(arg)?, dims_of(arg)?);
    let out = match row.2 {
        Gives::Same => Some(own).filter(|d| *d != Dtype::Bool),
        Gives::Float => float_of(own),
        Gives::OfFloats => Some(own).filter(|d| d.is_float()),
        Gives::Bool => Some(Dtype::Bool),
        Gives::Bits => Some(own).filter(|d| !d.is_float()),
    }?;
    asked(made(out, dims), format!("ufunc:{}", row.1))
}

/// The elements that come out of two.
fn paired(how: Pairs, a: &Type, b: &Type) -> Option<Dtype> {
    let both = common_of(a, b)?;
    match how {
        Pairs::Meet => Some(both).filter(|d| *d != Dtype::Bool),
        Pairs::MeetAny => Some(both),
        Pairs::Divided if both.is_float() => Some(both),
        Pairs::Divided => Some(Dtype::Float64),
        Pairs::Floats => Some(both).filter(|d| d.is_float()),
        Pairs::Bool => Some(Dtype::Bool),
        Pairs::Bits => Some(both).filter(|d| !d.is_float()),
    }
}

/// `a ∘ b`, one of them an array.
pub(super) fn operator(name: &str, a: &Type, b: &Type) -> Option<Found> {
    let (left, right) = (dims_of(a)?, dims_of(b)?);
    if left.max(right) == 0 && !is_point(a) && !is_point(b) {
        return None;
    }
    if name == "@" {
        return product(a, b, "array:matmul");
    }
    let row = OPERATORS.iter().find(|row| row.0 == name)?;
    // Whoever compares scalars wants a boolean.
    if left.max(right) == 0 && row.2 == Pairs::Bool {
        return None;
    }
    asked(made(paired(row.2, a, b)?, left.max(right)), format!("array:{}", row.1))
}

/// `a += b`: where what comes out can be stored in the array.
pub(super) fn change(name: &str, own: Dtype, dims: u8, other: &Type) -> Option<Found> {
    let row = CHANGES.iter().find(|row| row.0 == name)?;
    let operator = OPERATORS.iter().find(|o| Some(o.0) == name.strip_suffix('='))?;
    let both = paired(operator.2, &Type::Array(own, dims), other)?;
    let fits = both == own && dims_of(other)? <= dims;
    if fits { Found::new(Type::None, format!("ndarray::{}", row.1), "c!m") } else { None }
}

/// Products of vectors and matrices.
fn product(a: &Type, b: &Type, path: &str) -> Option<Found> {
    let (Type::Array(_, n), Type::Array(_, m)) = (a, b) else { return None };
    let both = common(a, b).filter(|d| *d != Dtype::Bool)?;
    let dims = match (*n, *m) {
        (1, 1) => 0,
        (1, 2) | (2, 1) => 1,
        (2, 2) => 2,
        // Stacks of matrices, which `dot` goes through in another way.
        (n @ 2.., m @ 2..) if path != "umath:dot" => n.max(m),
        _ => return None,
    };
    asked(made(both, dims), path)
}

/// The elements of a sum: ints become 64 bits wide.
fn summed(own: Dtype) -> Dtype {
    match own {
        Dtype::Float32 | Dtype::Float64 => own,
        Dtype::UInt8 | Dtype::UInt16 | Dtype::UInt32 | Dtype::UInt64 => Dtype::UInt64,
        _ => Dtype::Int64,
    }
}

/// What a reduction leaves of the dimensions.
fn left(dims: u8, axis: Option<&Type>, keep: bool) -> Option<u8> {
    let gone = match axis {
        None | Some(Type::None) => dims,
        Some(Type::Int) => 1,
        Some(tuple @ Type::Tuple { .. }) => places(tuple)?,
        _ => return None,
    };
    if keep { Some(dims) } else { dims.checked_sub(gone) }
}

fn reduction(row: &Reduction, arg: &Type, axis: Option<&Type>, keep: bool) -> Option<Found> {
    let Type::Array(own, dims @ 1..) = arg else { return None };
    let out = match row.2 {
        Total::Bool => Dtype::Bool,
        Total::Same => *own,
        Total::Wide => summed(*own),
    };
    let ret = made(out, left(*dims, axis, keep)?);
    let path = format!("reduce:{}", row.1);
    match (axis, keep) {
        (Some(_), false) => asked(ret, path),
        // Without an axis it is all of them, which the ufunc has to be told.
        (None, false) => asked_with(ret, path, "()", &[]),
        (Some(_), true) => asked_with(ret, path, "true", &["keepdims"]),
        (None, true) => asked_with(ret, path, "(), true", &["axis", "keepdims"]),
    }
}

/// `a.mean(axis)` and the like.
fn statistic(short: &str, arg: &Type, axis: Option<&Type>, keep: bool) -> Option<Found> {
    let Type::Array(Dtype::Float64, dims @ 1..) = arg else { return None };
    match axis {
        None if !keep && short != "mean" => {
            Found::new(Type::Numpy(Dtype::Float64), format!("ndarray::array_{short}"), "c!")
        }
        Some(Type::Int) if keep => Found::new(arg.clone(), format!("ndarray::{short}_kept"), "c!"),
        Some(Type::Int) if *dims > 1 => {
            Found::new(Type::Array(Dtype::Float64, dims - 1), format!("ndarray::{short}{dims}"), "c!")
        }
        _ => None,
    }
}

/// A method of C code throughout.
fn method(short: &str, arg: &Type, axis: Option<&Type>) -> Option<Found> {
    let Type::Array(own, dims @ 1..) = arg else { return None };
    if !matches!(axis, None | Some(Type::Int)) {
        return None;
    }
    let wide = summed(*own);
    let ret = match (short, axis) {
        ("cumsum" | "cumprod", None) => made(wide, 1),
        ("cumsum" | "cumprod", Some(_)) => made(wide, *dims),
        ("argsort", _) => made(Dtype::Int64, *dims),
        (_, None) => made(Dtype::Int64, 0),
        (_, Some(_)) => made(Dtype::Int64, dims - 1),
    };
    asked(ret, format!("ndarray:{short}"))
}

/// Functions and methods; `form` is what the call says of the result: `keepdims`, or the type of its elements.
pub(super) fn function(name: &str, args: &[Type]) -> Option<Found> {
    let (base, form) = name.split_once(' ').unwrap_or((name, ""));
    let (short, is_method) = match base.strip_prefix("ndarray.") {
        Some(short) => (short, true),
        None => (base.strip_prefix("numpy.")?, false),
    };
    let keep = form == "keepdims";
    let dtype = Dtype::named(form);
    if !form.is_empty() && !keep && dtype.is_none() {
        return None;
    }
    if let Some(dtype) = dtype {
        return typed(short, is_method, args, dtype);
    }
    if let ([arg], false, false) = (args, is_method, keep)
        && let Some(row) = UNARY.iter().find(|row| row.0 == short)
    {
        return unary(row, arg);
    }
    if let ([a, b], false, false) = (args, is_method, keep)
        && let Some(row) = BINARY.iter().find(|row| row.0 == short)
    {
        let dims = dims_of(a)?.max(dims_of(b)?);
        return asked(made(paired(row.2, a, b)?, dims), format!("ufunc:{}", row.1));
    }
    if let [arg, axis @ ..] = args
        && axis.len() <= 1
    {
        if let Some(row) = REDUCTIONS.iter().find(|row| row.0 == short) {
            // `a.amax()` there is none.
            return reduction(row, arg, axis.first(), keep)
                .filter(|_| !is_method || !short.starts_with("am"));
        }
        if STATISTICS.contains(&short) {
            return statistic(short, arg, axis.first(), keep);
        }
        if METHODS.contains(&short) && !keep {
            return method(short, arg, axis.first());
        }
    }
    if keep { None } else { other(short, is_method, args) }
}

/// Functions that are told the type of the elements.
fn typed(short: &str, is_method: bool, args: &[Type], dtype: Dtype) -> Option<Found> {
    let kind = format!("ndarray::kind::<{}>()", dtype.rust());
    match (short, args) {
        ("astype", [Type::Array(_, dims)]) if is_method => {
            asked_with(made(dtype, *dims), "ndarray:astype", kind, &[])
        }
        ("zeros" | "ones" | "empty", [shape]) if !is_method => {
            let dims = places(shape).filter(|dims| (1..=MOST_DIMS).contains(dims))?;
            Found::with(Type::Array(dtype, dims), format!("ndarray::{short}_of"), "c!", kind)
        }
        ("array", [given]) if !is_method => {
            let (_, dims) = displayed(given)?;
            asked_with(made(dtype, dims), "umath:array", kind, &["dtype"])
        }
        ("arange", [_, ..]) if !is_method && args.len() <= 3 => {
            let numbers = args.iter().all(|t| matches!(t, Type::Int | Type::Float));
            asked_with(made(dtype, 1).filter(|_| numbers), "umath:arange", kind, &["dtype"])
        }
        ("eye" | "identity", [n]) if !is_method && is_index(n) => {
            Found::with(Type::Array(dtype, 2), "ndarray::eye", "c!", kind)
        }
        ("eye", [n, m]) if !is_method && is_index(n) && is_index(m) => {
            Found::with(Type::Array(dtype, 2), "ndarray::eye2", "c!", kind)
        }
        ("zeros_like" | "ones_like" | "empty_like", [Type::Array(_, dims @ 1)]) if !is_method => {
            let (what, path) = (Type::Array(dtype, *dims), format!("ndarray::{short}_of"));
            Found::with(what, path, "c!", kind)
        }
        ("full", [shape, value]) if !is_method && fits(value, dtype) => {
            let dims = places(shape).filter(|dims| (1..=MOST_DIMS).contains(dims))?;
            Found::with(Type::Array(dtype, dims), "ndarray::full_of", "c!", kind)
        }
        _ => None,
    }
}

fn other(short: &str, is_method: bool, args: &[Type]) -> Option<Found> {
    use Dtype::{Bool, Float64, Int64};
    match (short, args) {
        ("where", [test, a, b]) if !is_method => {
            let dims = [test, a, b].into_iter().map(dims_of).collect::<Option<Vec<_>>>()?;
            let most = dims.into_iter().max().filter(|most| *most > 0)?;
            asked(made(common_of(a, b)?, most), "umath:where")
        }
        ("clip", [a @ Type::Array(own, dims @ 1..), low, high]) => {
            let same =
                [low, high].into_iter().all(|t| common_of(a, t) == Some(*own) && dims_of(t) <= Some(*dims));
            asked(made(*own, *dims).filter(|_| same), "ufunc:clip")
        }
        ("clip", [x @ Type::Numpy(own), low, high]) if !is_method => {
            let same =
                [low, high].into_iter().all(|t| common_of(x, t) == Some(*own) && dims_of(t) == Some(0));
            asked(made(*own, 0).filter(|_| same), "ufunc:clip")
        }
        ("dot", [a, b]) => product(a, b, "umath:dot"),
        ("matmul", [a, b]) if !is_method => product(a, b, "ufunc:matmul"),
        ("inner", [a @ Type::Array(_, 1), b @ Type::Array(_, 1)]) if !is_method => {
            product(a, b, "umath:inner")
        }
        ("outer", [a @ Type::Array(_, 1), b @ Type::Array(_, 1)]) if !is_method => {
            let both = common(a, b).filter(|d| *d != Bool)?;
            let kind = format!("ndarray::kind::<{}>()", both.rust());
            Found::with(Type::Array(both, 2), "ndarray::outer", "c!", kind)
        }
        ("arange", bounds) if !is_method && (1..=3).contains(&bounds.len()) => {
            let dtypes = bounds.iter().map(dtype_of).collect::<Option<Vec<_>>>()?;
            let known = dtypes.iter().all(|d| matches!(d, Float64 | Int64))
                && bounds.iter().all(|t| dims_of(t) == Some(0));
            let out = if dtypes.contains(&Float64) { Float64 } else { Int64 };
            asked(made(out, 1).filter(|_| known), "umath:arange")
        }
        ("linspace", [start, stop, num @ ..]) if !is_method && num.len() <= 1 => {
            let number = |t: &Type| matches!(t, Type::Int | Type::Float | Type::Numpy(Float64));
            let known = number(start) && number(stop) && num.iter().all(is_index);
            let path = if num.is_empty() { "ndarray::linspace50" } else { "ndarray::linspace" };
            if known { Found::new(Type::Array(Float64, 1), path, "c!") } else { None }
        }
        ("zeros" | "ones" | "empty", [_]) => typed(short, is_method, args, Float64),
        ("full", [_, value]) => typed(short, is_method, args, dtype_of_value(value)?),
        ("eye" | "identity", [n]) if !is_method && is_index(n) => typed(short, is_method, args, Float64),
        ("eye", [_, _]) => typed(short, is_method, args, Float64),
        ("zeros_like" | "ones_like" | "empty_like", [a @ Type::Array(_, 1..)]) if !is_method => {
            Found::new(a.clone(), format!("ndarray::{short}"), "c!")
        }
        ("full_like", [a @ Type::Array(own, 1..), value]) if !is_method && fits(value, *own) => {
            Found::new(a.clone(), "ndarray::full_like", "c!")
        }
        ("reshape", [Type::Array(own, 1..), shape @ ..]) if !shape.is_empty() => {
            // The shape is one argument or several.
            match shape {
                [tuple @ Type::Tuple { .. }] => {
                    let dims = places(tuple).filter(|dims| (1..=MOST_DIMS).contains(dims))?;
                    Found::new(Type::Array(*own, dims), format!("ndarray::reshape{dims}"), "c!")
                }
                [one] if is_index(one) => Found::new(Type::Array(*own, 1), "ndarray::reshape_one", "c!"),
                several
                    if is_method
                        && several.iter().all(is_index)
                        && several.len() <= usize::from(MOST_DIMS) =>
                {
                    let dims = several.len() as u8;
                    Found::new(Type::Array(*own, dims), format!("ndarray::reshape_to{dims}"), "c!")
                }
                _ => None,
            }
        }
        ("ravel", [Type::Array(own, 1..)]) => Found::new(Type::Array(*own, 1), "ndarray::ravel", "c!"),
        ("flatten", [Type::Array(own, 1..)]) if is_method => asked(made(*own, 1), "ndarray:flatten"),
        ("copy", [Type::Array(own, dims @ 1..)]) if is_method || *dims == 1 => {
            asked(made(*own, *dims), "ndarray:copy")
        }
        ("transpose", [a @ Type::Array(_, 1..)]) => Found::new(a.clone(), "ndarray::transposed", ""),
        ("fill", [Type::Array(own, 1..), value]) if is_method && fits(value, *own) => {
            Found::new(Type::None, "ndarray::fill", "c!m")
        }
        ("sort", [a @ Type::Array(_, 1)]) if !is_method => Found::new(a.clone(), "ndarray::sorted", "c!"),
        ("array", [given]) if !is_method => {
            let (dtype, dims) = displayed(given)?;
            asked(made(dtype, dims), "umath:array")
        }
        ("bincount", [Type::Array(kind, 1)]) if !is_method && kind.is_int() => {
            asked(made(Int64, 1), "umath:bincount")
        }
        // The weights, and how many bins there are at least.
        ("bincount", [Type::Array(kind, 1), Type::None, least]) if !is_method && kind.is_int() => {
            asked(made(Int64, 1).filter(|_| is_index(least)), "umath:bincount")
        }
        ("bincount", [Type::Array(kind, 1), Type::Array(weights, 1)]) if !is_method && kind.is_int() => {
            asked(made(Float64, 1).filter(|_| *weights != Bool), "umath:bincount")
        }
        ("searchsorted", [Type::Array(own, 1), value]) => {
            let known = common_of(&args[0], value) == Some(*own);
            asked(made(Int64, dims_of(value)?).filter(|_| known), "ndarray:searchsorted")
        }
        ("take", [Type::Array(own, 1), Type::Array(kind, dims @ 1..)]) if kind.is_int() => {
            asked(made(*own, *dims), "ndarray:take")
        }
        ("repeat", [Type::Array(own, 1), times]) if is_index(times) => asked(made(*own, 1), "ndarray:repeat"),
        ("round" | "around", [Type::Array(own, dims @ 1..), places @ ..])
            if *own != Bool
                && places.len() <= 1
                && places.iter().all(is_index)
                && (short != "around" || !is_method) =>
        {
            asked(made(*own, *dims), "ndarray:round")
        }
        ("trace", [Type::Array(own, 2)]) => asked(made(summed(*own), 0), "ndarray:trace"),
        ("diff", [a @ Type::Array(own, 1)]) if !is_method && *own != Bool => {
            Found::new(a.clone(), "ndarray::differences", "c!")
        }
        ("roll", [a @ Type::Array(_, 1), shift]) if !is_method && is_index(shift) => {
            Found::with(a.clone(), "ndarray::rolled", "c!", "0i64")
        }
        ("roll", [a @ Type::Array(_, 1..), shift, axis])
            if !is_method && is_index(shift) && is_index(axis) =>
        {
            Found::new(a.clone(), "ndarray::rolled", "c!")
        }
        ("flip", [a @ Type::Array(_, 1..)]) if !is_method => Found::new(a.clone(), "ndarray::flipped", ""),
        ("interp", [x, Type::Array(Float64, 1), Type::Array(Float64, 1)]) if !is_method => {
            let known = matches!(dtype_of(x), Some(Float64 | Int64));
            asked(made(Float64, dims_of(x)?).filter(|_| known), "umath:interp")
        }
        ("concatenate" | "hstack" | "vstack", [Type::Tuple { items, .. }, axis @ ..]) if !is_method => {
            let (dtype, dims) = joined(items)?;
            let extra = match (short, dims, axis) {
                ("concatenate", _, []) | ("vstack", 2.., []) | ("hstack", 1, []) => "0i64",
                ("hstack", 2.., []) => "1i64",
                ("concatenate", _, [Type::Int]) => return asked(made(dtype, dims), "umath:concatenate"),
                _ => return None,
            };
            asked_with(made(dtype, dims), "umath:concatenate", extra, &[])
        }
        ("count_nonzero", [Type::Array(_, 1..)]) if !is_method => {
            asked(made(Int64, 0), "umath:count_nonzero")
        }
        (class, [value]) if !is_method && dims_of(value) == Some(0) => {
            let own = Dtype::named(class).filter(|own| fits(value, *own))?;
            let kind = format!("ndarray::kind::<{}>()", own.rust());
            Found::with(Type::Numpy(own), "ndarray::of_kind", "!", kind)
        }
        _ => None,
    }
}

/// The elements and the dimensions of what `numpy.array` makes of a display or of an array.
fn displayed(given: &Type) -> Option<(Dtype, u8)> {
    match given {
        Type::Array(own, dims @ 1..) => Some((*own, *dims)),
        Type::Tuple { items, .. } => {
            let rows: Vec<(Dtype, u8)> = items
                .iter()
                .map(|item| match item {
                    Type::Tuple { .. } => displayed(item),
                    scalar => Some((dtype_of_value(scalar).filter(|_| dims_of(scalar) == Some(0))?, 0)),
                })
                .collect::<Option<_>>()?;
            let (first, dims) = *rows.first()?;
            if rows.iter().any(|row| row.1 != dims) || dims == MOST_DIMS {
                return None;
            }
            let both = rows
                .iter()
                .try_fold(first, |both, (own, _)| common(&Type::Numpy(both), &Type::Numpy(*own)))?;
            Some((both, dims + 1))
        }
        _ => None,
    }
}

/// The elements and the dimensions of arrays of which one is made.
fn joined(items: &[Type]) -> Option<(Dtype, u8)> {
    let mut arrays = items.iter().map(|item| match item {
        Type::Array(own, dims @ 1..) => Some((*own, *dims)),
        _ => None,
    });
    let (first, dims) = arrays.next()??;
    let both = arrays.try_fold(first, |both, next| {
        let (own, same) = next?;
        common(&Type::Numpy(both), &Type::Numpy(own)).filter(|_| same == dims)
    })?;
    Some((both, dims))
}

/// The elements of an array full of a value.
fn dtype_of_value(value: &Type) -> Option<Dtype> {
    if *value == Type::Bool { Some(Dtype::Bool) } else { dtype_of(value) }
}

/// `a[mask]`, `a[places]`, `a[i]` of what has more dimensions, `a[None]`.
pub(super) fn item(own: Dtype, dims: u8, index: &Type) -> Option<Found> {
    match index {
        Type::Array(Dtype::Bool, m @ 1..) if *m <= dims => asked(made(own, dims - m + 1), "array:item"),
        Type::Array(kind, m @ 1..) if kind.is_int() && dims > 0 => {
            asked(made(own, dims - 1 + m), "array:item")
        }
        _ => None,
    }
}

/// `a[mask] = value`, `a[places] = value`, `a[i] = row`.
pub(super) fn store(own: Dtype, dims: u8, index: &Type, value: &Type) -> Option<Found> {
    // A row that is written down: each of its numbers goes to its place.
    if let Type::Tuple { items, .. } = value
        && !value.is_held()
        && (2..=8).contains(&items.len())
        && items.iter().all(|item| fits(item, own))
        && places(index).is_some_and(|named| named + 1 == dims)
    {
        return Found::new(Type::None, "ndarray::numbers_part", "c!m");
    }
    let given = dims_of(value)?;
    let known = match value {
        Type::Array(other, _) => fits(&Type::Numpy(*other), own),
        _ => fits(value, own),
    };
    if !known {
        return None;
    }
    match index {
        Type::Array(kind, 1..) if *kind == Dtype::Bool || kind.is_int() => {
            Found::new(Type::None, "ndarray::assign_at", "c!m")
        }
        _ => {
            let named = places(index).filter(|named| *named < dims)?;
            let left = dims - named;
            let what = if matches!(value, Type::Array(..)) { "copy" } else { "fill" };
            if given > left {
                return None;
            }
            Found::new(Type::None, format!("ndarray::{what}_part{left}"), "c!m")
        }
    }
}

/// What stands in brackets, with slices and `None` among it: how many dimensions are left.
pub(super) fn part_dims(dims: u8, items: &[Type]) -> Option<u8> {
    let index = |t: &&Type| is_index(t);
    let cut =
        |t: &&Type| matches!(t, Type::Tuple { items, .. } if items.len() == 3 && items.iter().all(is_bound));
    let new = |t: &&Type| **t == Type::None;
    let (indices, cuts) = (items.iter().filter(index).count(), items.iter().filter(cut).count());
    let news = items.iter().filter(new).count();
    let known =
        indices + cuts + news == items.len() && indices + cuts <= usize::from(dims) && items.len() <= 6;
    let left = usize::from(dims) + news - indices.min(usize::from(dims));
    if known && (1..=usize::from(MOST_DIMS)).contains(&left) { Some(left as u8) } else { None }
}
