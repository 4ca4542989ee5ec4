//! Signatures for functions that nobody has profiled: for tests that push any source through the compiler.

use pyrust_build::ast::{Constant, Expr, ExprKind, FunctionDef, Param};
use pyrust_build::manifest::{Entry, Mode};
use pyrust_build::signature::Signature;

const TYPES: &[&str] = &[
    "int",
    "float",
    "bool",
    "str",
    "bytes",
    "None",
    "list[int]",
    "list[float]",
    "list[str]",
    "list[list[float]]",
    "list[tuple[int, str]]",
    "list[object]",
    "dict[str, int]",
    "dict[int, list[int]]",
    "dict[str, str]",
    "tuple[int, str]",
    "tuple[float, ...]",
    "object",
    "int | None",
    "float | int",
    "range",
    "set[int]",
    "set[str]",
    "complex",
];

/// How many steps inference may take for a file of so many lines.
pub(crate) fn work_allowed(lines: usize) -> usize {
    200_000 + 2_000 * lines
}

/// Three signatures: one that names and defaults suggest, two at random.
pub(crate) fn entry(module: &str, name: &str, def: &FunctionDef, seed: u64) -> Entry {
    let mut random = name.bytes().fold(seed, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        TYPES[(random % TYPES.len() as u64) as usize]
    };
    let params: Vec<&Param> = def.params.in_frame_order().collect();
    let guessed: Vec<&str> = params.iter().map(|p| guess(p).unwrap_or_else(&mut next)).collect();
    let mut signatures = vec![guessed];
    for _ in 0..2 {
        signatures.push(params.iter().map(|p| if p.name == "self" { "object" } else { next() }).collect());
    }
    signatures.dedup();
    let parse = |types: Vec<&str>| {
        Signature::parse(&format!("({}) -> object", types.join(", "))).expect("a signature")
    };
    Entry {
        function: format!("{module}:{name}"),
        signatures: signatures.into_iter().map(parse).collect(),
        source: None,
        mode: Mode::Native,
        gate: false,
    }
}

fn guess(param: &Param) -> Option<&'static str> {
    let of_default = |e: &Expr| match &e.kind {
        ExprKind::Constant(Constant::Int(_)) => Some("int"),
        ExprKind::Constant(Constant::Float(_)) => Some("float"),
        ExprKind::Constant(Constant::Str(_)) => Some("str"),
        ExprKind::Constant(Constant::Bytes(_)) => Some("bytes"),
        ExprKind::Constant(Constant::True | Constant::False) => Some("bool"),
        _ => None,
    };
    if let Some(ty) = param.default.as_ref().and_then(of_default) {
        return Some(ty);
    }
    Some(match param.name.as_str() {
        "self" | "cls" => "object",
        "i" | "j" | "k" | "n" | "m" | "start" | "end" | "stop" | "size" | "count" | "width" | "index"
        | "lo" | "hi" | "year" | "month" | "day" | "length" | "base" => "int",
        "x" | "y" | "z" | "mu" | "sigma" | "alpha" | "beta" | "t" => "float",
        "s" | "text" | "name" | "line" | "string" | "path" | "key" | "prefix" | "word" | "msg" | "p" => "str",
        "b" | "data" | "buf" | "buffer" => "bytes",
        "a" | "values" | "numbers" | "nums" | "arr" | "xs" => "list[int]",
        "lines" | "words" | "names" | "args" | "seq" | "items" => "list[str]",
        "d" | "mapping" | "dict" | "counts" => "dict[str, int]",
        _ => return None,
    })
}
