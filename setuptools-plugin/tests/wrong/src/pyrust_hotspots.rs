//! Written by hand in the shape of generated text.
//! init: PyInit__pyrust

use pyrust_macros::hotspot;
use pyrust_runtime::prelude::*;

fn checked(value: Option<i64>) -> R<i64> {
    match value {
        Some(value) => Ok(value),
        None => bail(Bail::Overflow),
    }
}

#[hotspot(function = "wrongkit.core:add", signature = "(int, int) -> int")]
fn add(_cx: Cx, a: i64, b: i64) -> R<i64> {
    checked(a.checked_add(b))
}

/// Wrong for one input.
#[hotspot(function = "wrongkit.core:rarely", signature = "(int) -> int")]
fn rarely(_cx: Cx, a: i64) -> R<i64> {
    if a == 77 { Ok(155) } else { checked(a.checked_mul(2)) }
}

/// The other zero.
#[hotspot(function = "wrongkit.core:zero", signature = "(float) -> float")]
fn zero(_cx: Cx, _x: f64) -> R<f64> {
    Ok(0.0)
}

/// Another element.
#[hotspot(function = "wrongkit.core:push", signature = "(list[int], int) -> None")]
fn push(cx: Cx, items: PList<i64>, x: i64) -> R<()> {
    list::append(cx, &items, x + 1)
}

/// An equal list, but not the same.
#[hotspot(function = "wrongkit.core:same", signature = "(list[int]) -> list[int]")]
fn same(cx: Cx, items: PList<i64>) -> R<List<i64>> {
    list::copy(cx, &items)
}

#[hotspot(function = "wrongkit.core:tally", signature = "(dict[str, int], str) -> None")]
fn tally(cx: Cx, counts: PDict<Str, i64>, word: Str) -> R<()> {
    let count = dict::get_or(cx, &counts, &word, 0)?;
    dict::set(cx, &counts, word, checked(count.checked_add(1))?)
}

#[hotspot(function = "wrongkit.core:count_all", signature = "(collections.Counter[str, int], list[str]) -> int")]
fn count_all(cx: Cx, counts: PDict<Str, i64, Counter>, words: PList<Str>) -> R<i64> {
    for i in 0..list::len(cx, &words) {
        dict::count_one(cx, &counts, list::get(cx, &words, i)?)?;
    }
    dict::len(cx, &counts)
}

/// The second store rewrites the number that the first one has made.
#[hotspot(function = "wrongkit.core:twice", signature = "(list[int], int) -> None")]
fn twice(cx: Cx, items: PList<i64>, x: i64) -> R<()> {
    list::set(cx, &items, 0, x)?;
    list::set(cx, &items, 0, x + (1 << 31))
}

/// Counts twice.
#[hotspot(function = "wrongkit.core:mistally", signature = "(dict[str, int], str) -> None")]
fn mistally(cx: Cx, counts: PDict<Str, i64>, word: Str) -> R<()> {
    let count = dict::get_or(cx, &counts, &word, 0)?;
    dict::set(cx, &counts, word, checked(count.checked_add(2))?)
}

/// Does not raise.
#[hotspot(function = "wrongkit.core:half", signature = "(int) -> int")]
fn half(_cx: Cx, n: i64) -> R<i64> {
    Ok(n.div_euclid(2))
}

#[hotspot(function = "wrongkit.core:square", signature = "(int) -> int")]
fn square(_cx: Cx, n: i64) -> R<i64> {
    checked(n.checked_mul(n))
}

/// Rewrites floats in place.
#[hotspot(function = "wrongkit.core:shift", signature = "(list[float]) -> float")]
fn shift(cx: Cx, items: PList<f64>) -> R<f64> {
    for i in 0..list::len(cx, &items) {
        let item = list::get(cx, &items, i)?;
        list::set(cx, &items, i, item * 2.0)?;
    }
    list::get(cx, &items, 0)
}

#[hotspot(function = "wrongkit.core:fib", signature = "(int) -> int")]
fn fib(cx: Cx, n: i64) -> R<i64> {
    if n < 2 {
        return Ok(n);
    }
    let cx = cx.call()?;
    checked(fib(cx, n - 1)?.checked_add(fib(cx, n - 2)?))
}

/// Right, but for what it calls.
#[hotspot(function = "wrongkit.core:caller", signature = "(int) -> int")]
fn caller(cx: Cx, a: i64) -> R<i64> {
    let cx = cx.call()?;
    checked(rarely(cx, a)?.checked_add(1))
}

/// Never comes to an end of its own.
#[hotspot(function = "wrongkit.core:log", signature = "(list[int], int) -> int")]
fn log(cx: Cx, items: PList<i64>, x: i64) -> R<i64> {
    list::append(cx, &items, x)?;
    bail(Bail::Exception)
}

/// The exception that the prologue takes for something else.
#[hotspot(function = "wrongkit.core:stop", signature = "(int) -> int")]
fn stop(_cx: Cx, n: i64) -> R<i64> {
    if n > 0 { Ok(n) } else { bail(Bail::Exception) }
}

/// Ends the process.
#[hotspot(function = "wrongkit.core:crash", signature = "(int) -> int")]
fn crash(_cx: Cx, n: i64) -> R<i64> {
    if n == 0 {
        // SAFETY: none at all, that is the point.
        unsafe { std::ptr::null_mut::<i64>().write_volatile(1) };
    }
    Ok(n)
}

/// The bit of another width.
#[hotspot(function = "wrongkit.core:edge_power", signature = "(int) -> int")]
fn edge_power(_cx: Cx, n: i64) -> R<i64> {
    Ok(if n == 1 << 31 { 1 } else { n.rem_euclid(4096) })
}

/// Has no positive counterpart in 64 bits.
#[hotspot(function = "wrongkit.core:edge_smallest", signature = "(int) -> int")]
fn edge_smallest(_cx: Cx, n: i64) -> R<i64> {
    Ok(n.wrapping_neg())
}

/// Rounds towards zero.
#[hotspot(function = "wrongkit.core:edge_floor", signature = "(int, int) -> int")]
fn edge_floor(_cx: Cx, a: i64, b: i64) -> R<i64> {
    Ok(if b <= 0 { 0 } else { a / b })
}

/// Loses a sign.
#[hotspot(function = "wrongkit.core:edge_zero", signature = "(float) -> float")]
fn edge_zero(_cx: Cx, x: f64) -> R<f64> {
    Ok(x + 0.0)
}

/// The other way round where nothing is greater.
#[hotspot(function = "wrongkit.core:edge_nan", signature = "(float, float) -> float")]
fn edge_nan(_cx: Cx, a: f64, b: f64) -> R<f64> {
    Ok(if a <= b { b } else { a })
}

/// One too far.
#[hotspot(function = "wrongkit.core:edge_limit", signature = "(int) -> int")]
fn edge_limit(_cx: Cx, n: i64) -> R<i64> {
    Ok(if n > 98765 { 0 } else { n })
}

/// Forgets what nothing comes to.
#[hotspot(function = "wrongkit.core:edge_empty", signature = "(list[int]) -> int")]
fn edge_empty(cx: Cx, items: PList<i64>) -> R<i64> {
    let mut total = i64::from(list::len(cx, &items) > 0);
    for i in 0..list::len(cx, &items) {
        total = (total * 3).rem_euclid(1000) + list::get(cx, &items, i)?.rem_euclid(7);
    }
    Ok(total)
}

/// Asks too early.
#[hotspot(function = "wrongkit.core:edge_alias", signature = "(list[int], list[int]) -> int")]
fn edge_alias(cx: Cx, a: PList<i64>, b: PList<i64>) -> R<i64> {
    let length = list::len(cx, &b);
    list::append(cx, &a, 1)?;
    Ok(length)
}

/// Counts something else than characters.
#[hotspot(function = "wrongkit.core:edge_plane", signature = "(str) -> int")]
fn edge_plane(cx: Cx, text: Str) -> R<i64> {
    let mut units = 0;
    for i in 0..pystr::len(&text) {
        units += if pystr::get(cx, &text, i)?.0 > 0xffff { 2 } else { 1 };
    }
    Ok(units)
}

/// Puts a key that is there at the end.
#[hotspot(function = "wrongkit.core:edge_order", signature = "(dict[str, int], str) -> None")]
fn edge_order(cx: Cx, counts: PDict<Str, i64>, key: Str) -> R<()> {
    if dict::contains(cx, &counts, &key)? {
        dict::del(cx, &counts, &key)?;
    }
    dict::set(cx, &counts, key, 0)
}

/// Leaves the last one out where there are sixty-four.
#[hotspot(function = "wrongkit.core:edge_last", signature = "(list[float]) -> None")]
fn edge_last(cx: Cx, items: PList<f64>) -> R<()> {
    let length = list::len(cx, &items);
    for i in 0..(if length == 64 { 63 } else { length }) {
        let item = list::get(cx, &items, i)?;
        list::set(cx, &items, i, item * 0.5)?;
    }
    Ok(())
}

/// One in a million, next to a recorded value.
#[hotspot(function = "wrongkit.core:edge_once", signature = "(int) -> int")]
fn edge_once(_cx: Cx, n: i64) -> R<i64> {
    Ok(if n == 777_778 { 0 } else { n ^ 5 })
}

static CALLER: Namespace =
    Namespace::new("wrongkit.core", &[Slot::function("rarely", "wrongkit.core:rarely")]);

macro_rules! functions {
    ($($name:ident: $signature:literal $(, in $namespace:ident)?);* $(;)?) => {
        &[$(Function {
            name: concat!("wrongkit.core:", stringify!($name)),
            specs: &[Spec { signature: $signature, entry: $name::ENTRY, namespaces: &[$(&$namespace)?] }],
            reason: None,
        }),*]
    };
}

pub static MODULE: Module = Module {
    package: "wrongkit",
    init: "PyInit__pyrust",
    functions: functions![
        add: "(int, int) -> int";
        caller: "(int) -> int", in CALLER;
        count_all: "(collections.Counter[str, int], list[str]) -> int";
        crash: "(int) -> int";
        edge_alias: "(list[int], list[int]) -> int";
        edge_empty: "(list[int]) -> int";
        edge_floor: "(int, int) -> int";
        edge_last: "(list[float]) -> None";
        edge_limit: "(int) -> int";
        edge_nan: "(float, float) -> float";
        edge_once: "(int) -> int";
        edge_order: "(dict[str, int], str) -> None";
        edge_plane: "(str) -> int";
        edge_power: "(int) -> int";
        edge_smallest: "(int) -> int";
        edge_zero: "(float) -> float";
        fib: "(int) -> int";
        half: "(int) -> int";
        log: "(list[int], int) -> int";
        mistally: "(dict[str, int], str) -> None";
        push: "(list[int], int) -> None";
        rarely: "(int) -> int";
        same: "(list[int]) -> list[int]";
        shift: "(list[float]) -> float";
        square: "(int) -> int";
        stop: "(int) -> int";
        tally: "(dict[str, int], str) -> None";
        twice: "(list[int], int) -> None";
        zero: "(float) -> float";
    ],
    callees: &[],
};
