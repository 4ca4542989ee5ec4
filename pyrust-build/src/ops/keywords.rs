//! Arguments that builtins and methods take by keyword, and the defaults of those left out.

use super::locks::RAISED;
use crate::ty::Type;

/// A default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    None,
    Int(i64),
    Bool(bool),
    Str(&'static str),
}

impl Constant {
    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Constant::None => Type::None,
            Constant::Int(_) => Type::Int,
            Constant::Bool(_) => Type::Bool,
            Constant::Str(_) => Type::Str,
        }
    }
}

/// An argument in its place.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'e, E> {
    Given(&'e E),
    Left(Constant),
}

/// A parameter: its name, empty if it has none, and its default. A name with a `*` is given by keyword only.
type Parameter = (&'static str, Constant);

use Constant::{Bool, Int, None as Nothing, Str};

/// Of NumPy's functions along an axis, and of the methods.
const AXIS: &[Parameter] = &[("a", Nothing), ("axis", Nothing)];
const OWN_AXIS: &[Parameter] = &[("axis", Nothing)];

/// In positional order; the receiver of a method is not among them.
const KEYWORDS: &[(&str, &[Parameter])] = &[
    ("str.split", &[("sep", Nothing), ("maxsplit", Int(-1))]),
    ("str.rsplit", &[("sep", Nothing), ("maxsplit", Int(-1))]),
    ("str.splitlines", &[("keepends", Bool(false))]),
    ("str.expandtabs", &[("tabsize", Int(8))]),
    ("str.encode", &[("encoding", Str("utf-8")), ("errors", Str("strict"))]),
    ("bytes.decode", &[("encoding", Str("utf-8")), ("errors", Str("strict"))]),
    ("bytes.split", &[("sep", Nothing), ("maxsplit", Int(-1))]),
    ("bytes.rsplit", &[("sep", Nothing), ("maxsplit", Int(-1))]),
    ("bytes.splitlines", &[("keepends", Bool(false))]),
    ("bytes.expandtabs", &[("tabsize", Int(8))]),
    ("bytes.translate", &[("", Nothing), ("delete", Nothing)]),
    ("bytes.hex", &[("sep", Nothing), ("bytes_per_sep", Int(1))]),
    ("int.to_bytes", &[("length", Int(1)), ("byteorder", Str("big")), ("*signed", Bool(false))]),
    ("bytes.to int", &[("byteorder", Str("big")), ("*signed", Bool(false))]),
    ("str", &[("object", Nothing), ("encoding", Str("utf-8")), ("errors", Str("strict"))]),
    ("bytes", &[("source", Nothing), ("encoding", Str("utf-8")), ("errors", Str("strict"))]),
    ("threading.Lock.__exit__", &[(RAISED, Bool(true))]),
    ("threading.RLock.__exit__", &[(RAISED, Bool(true))]),
    ("complex", &[("real", Int(0)), ("imag", Int(0))]),
    ("bytearray", &[("source", Nothing), ("encoding", Str("utf-8")), ("errors", Str("strict"))]),
    ("round", &[("number", Nothing), ("ndigits", Nothing)]),
    ("pow", &[("base", Nothing), ("exp", Nothing), ("mod", Nothing)]),
    ("int", &[("", Nothing), ("base", Int(10))]),
    ("re.Pattern.sub", &[("repl", Nothing), ("string", Nothing), ("count", Int(0))]),
    ("re.Pattern.subn", &[("repl", Nothing), ("string", Nothing), ("count", Int(0))]),
    ("math.nextafter", &[("", Nothing), ("", Nothing), ("*steps", Nothing)]),
    ("math.prod", &[("", Nothing), ("*start", Int(1))]),
    ("html.escape", &[("s", Nothing), ("quote", Bool(true))]),
    ("re.escape", &[("pattern", Nothing)]),
    ("random.sample", &[("population", Nothing), ("k", Int(0))]),
    (
        "random.choices",
        &[("population", Nothing), ("weights", Nothing), ("*cum_weights", Nothing), ("*k", Int(1))],
    ),
    ("random.seed", &[("a", Nothing)]),
    ("random.choice", &[("seq", Nothing)]),
    ("random.shuffle", &[("x", Nothing)]),
    ("random.randint", &[("a", Nothing), ("b", Nothing)]),
    ("random.gauss", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.normalvariate", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.lognormvariate", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.expovariate", &[("lambd", Nothing)]),
    ("random.triangular", &[("low", Nothing), ("high", Nothing), ("mode", Nothing)]),
    ("random.uniform", &[("a", Nothing), ("b", Nothing)]),
    ("random.Random.sample", &[("population", Nothing), ("k", Int(0))]),
    (
        "random.Random.choices",
        &[("population", Nothing), ("weights", Nothing), ("*cum_weights", Nothing), ("*k", Int(1))],
    ),
    ("random.Random.seed", &[("a", Nothing)]),
    ("random.Random.choice", &[("seq", Nothing)]),
    ("random.Random.shuffle", &[("x", Nothing)]),
    ("random.Random.randint", &[("a", Nothing), ("b", Nothing)]),
    ("random.Random.gauss", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.Random.normalvariate", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.Random.lognormvariate", &[("mu", Nothing), ("sigma", Nothing)]),
    ("random.Random.expovariate", &[("lambd", Nothing)]),
    ("random.Random.triangular", &[("low", Nothing), ("high", Nothing), ("mode", Nothing)]),
    ("random.Random.uniform", &[("a", Nothing), ("b", Nothing)]),
    ("numpy.sum", AXIS),
    ("numpy.prod", AXIS),
    ("numpy.min", AXIS),
    ("numpy.max", AXIS),
    ("numpy.amin", AXIS),
    ("numpy.amax", AXIS),
    ("numpy.any", AXIS),
    ("numpy.all", AXIS),
    ("numpy.mean", AXIS),
    ("numpy.std", AXIS),
    ("numpy.var", AXIS),
    ("numpy.argmin", AXIS),
    ("numpy.argmax", AXIS),
    ("numpy.argsort", AXIS),
    ("numpy.cumsum", AXIS),
    ("numpy.cumprod", AXIS),
    ("numpy.zeros", &[("shape", Nothing)]),
    ("numpy.bincount", &[("x", Nothing), ("weights", Nothing), ("minlength", Int(0))]),
    ("numpy.roll", &[("a", Nothing), ("shift", Nothing), ("axis", Nothing)]),
    ("numpy.round", &[("a", Nothing), ("decimals", Int(0))]),
    ("numpy.around", &[("a", Nothing), ("decimals", Int(0))]),
    ("ndarray.round", &[("decimals", Int(0))]),
    ("numpy.concatenate", &[("arrays", Nothing), ("axis", Int(0))]),
    ("numpy.ones", &[("shape", Nothing)]),
    ("numpy.empty", &[("shape", Nothing)]),
    ("numpy.full", &[("shape", Nothing), ("fill_value", Nothing)]),
    ("numpy.full_like", &[("a", Nothing), ("fill_value", Nothing)]),
    ("numpy.linspace", &[("start", Nothing), ("stop", Nothing), ("num", Int(50))]),
    ("numpy.clip", &[("a", Nothing), ("a_min", Nothing), ("a_max", Nothing)]),
    ("ndarray.clip", &[("min", Nothing), ("max", Nothing)]),
    ("ndarray.sum", OWN_AXIS),
    ("ndarray.prod", OWN_AXIS),
    ("ndarray.min", OWN_AXIS),
    ("ndarray.max", OWN_AXIS),
    ("ndarray.any", OWN_AXIS),
    ("ndarray.all", OWN_AXIS),
    ("ndarray.mean", OWN_AXIS),
    ("ndarray.std", OWN_AXIS),
    ("ndarray.var", OWN_AXIS),
    ("ndarray.argmin", OWN_AXIS),
    ("ndarray.argmax", OWN_AXIS),
    ("ndarray.argsort", OWN_AXIS),
    ("ndarray.cumsum", OWN_AXIS),
    ("ndarray.cumprod", OWN_AXIS),
    ("OrderedDict.popitem", &[("last", Bool(true))]),
    ("OrderedDict.move_to_end", &[("key", Nothing), ("last", Bool(true))]),
    ("math.isclose", &[("a", Nothing), ("b", Nothing), ("*rel_tol", Nothing), ("*abs_tol", Nothing)]),
];

/// Puts the arguments of a builtin or method into positional order; `None` where CPython would raise, or the form is not
/// known. What is left out in between is its default.
pub fn positional<'e, E>(name: &str, args: &'e [E], keywords: &'e [(String, E)]) -> Option<Vec<Arg<'e, E>>> {
    // A form of the table that has them in the order of the call.
    if name.ends_with(')') {
        return Some(args.iter().chain(keywords.iter().map(|(_, e)| e)).map(Arg::Given).collect());
    }
    // What only says of which type the result is has been read: see `numpy::form`.
    let said = |at: usize| super::numpy::is_form(name, at);
    let keywords: Vec<&(String, E)> = keywords
        .iter()
        .filter(|(k, _)| !(super::numpy::has_form(name) && matches!(k.as_str(), "dtype" | "keepdims")))
        .collect();
    let args: Vec<&E> = args.iter().enumerate().filter(|(at, _)| !said(*at)).map(|(_, e)| e).collect();
    let name = if super::numpy::has_form(name) { name.split(' ').next().unwrap_or(name) } else { name };
    // What `bytes` and `bytearray` share.
    let shared = name.strip_prefix("bytearray.").map(|method| format!("bytes.{method}"));
    let name = shared.as_deref().unwrap_or(name);
    let params = KEYWORDS.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, k)| k);
    let mut out: Vec<Option<&E>> = args.iter().copied().map(Some).collect();
    if params.iter().take(args.len()).any(|p| p.0.starts_with('*')) {
        return None;
    }
    for (key, value) in keywords {
        let i = params.iter().position(|p| p.0.trim_start_matches('*') == key && !key.is_empty())?;
        while out.len() <= i {
            out.push(None);
        }
        if out[i].is_some() {
            return None;
        }
        out[i] = Some(value);
    }
    let default = |i: usize| params.get(i).map_or(Nothing, |p| p.1);
    Some(out.into_iter().enumerate().map(|(i, e)| e.map_or(Arg::Left(default(i)), Arg::Given)).collect())
}
