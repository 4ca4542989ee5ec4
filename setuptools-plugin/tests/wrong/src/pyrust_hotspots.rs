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

macro_rules! functions {
    ($($name:ident: $signature:literal),* $(,)?) => {
        &[$(Function {
            name: concat!("wrongkit.core:", stringify!($name)),
            specs: &[Spec { signature: $signature, entry: $name::ENTRY, namespaces: &[] }],
            reason: None,
        }),*]
    };
}

pub static MODULE: Module = Module {
    package: "wrongkit",
    init: "PyInit__pyrust",
    functions: functions![
        add: "(int, int) -> int",
        fib: "(int) -> int",
        half: "(int) -> int",
        mistally: "(dict[str, int], str) -> None",
        push: "(list[int], int) -> None",
        rarely: "(int) -> int",
        same: "(list[int]) -> list[int]",
        shift: "(list[float]) -> float",
        square: "(int) -> int",
        tally: "(dict[str, int], str) -> None",
        zero: "(float) -> float",
    ],
    callees: &[],
};
