//! Written by hand in the shape of generated text.
//! init: PyInit__pyrust

use pyrust_macros::hotspot;
use pyrust_runtime::prelude::*;

#[hotspot(function = "actpkg:in_package", signature = "(int) -> int")]
fn actpkg__in_package(_cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_add(1))
}

fn checked(value: Option<i64>) -> R<i64> {
    match value {
        Some(value) => Ok(value),
        None => bail(Bail::Overflow),
    }
}

#[hotspot(function = "actpkg.core:add", signature = "(int, int) -> int")]
fn actpkg_core__add(_cx: Cx, a: i64, b: i64) -> R<i64> {
    checked(a.checked_add(b))
}

#[hotspot(function = "actpkg.core:add", signature = "(float, float) -> float")]
fn actpkg_core__add_2(_cx: Cx, a: f64, b: f64) -> R<f64> {
    Ok(a + b)
}

#[hotspot(function = "actpkg.core:fib", signature = "(int) -> int")]
fn actpkg_core__fib(cx: Cx, n: i64) -> R<i64> {
    if n < 2 {
        return Ok(n);
    }
    let cx = cx.call()?;
    checked(actpkg_core__fib(cx, n - 1)?.checked_add(actpkg_core__fib(cx, n - 2)?))
}

#[hotspot(function = "actpkg.core:deep", signature = "(int) -> int")]
fn actpkg_core__deep(cx: Cx, n: i64) -> R<i64> {
    if n == 0 { Ok(0) } else { checked(actpkg_core__deep(cx.call()?, n - 1)?.checked_add(1)) }
}

#[hotspot(function = "actpkg.core:is_even", signature = "(int) -> bool")]
fn actpkg_core__is_even(cx: Cx, n: i64) -> R<bool> {
    if n == 0 { Ok(true) } else { actpkg_core__is_odd(cx.call()?, n - 1) }
}

#[hotspot(function = "actpkg.core:is_odd", signature = "(int) -> bool")]
fn actpkg_core__is_odd(cx: Cx, n: i64) -> R<bool> {
    if n == 0 { Ok(false) } else { actpkg_core__is_even(cx.call()?, n - 1) }
}

fn actpkg_core__helper(_cx: Cx, x: i64, factor: i64) -> R<i64> {
    checked(x.checked_mul(factor))
}

#[hotspot(function = "actpkg.core:scale", signature = "(int) -> int")]
fn actpkg_core__scale(cx: Cx, x: i64) -> R<i64> {
    let factor = NS_SCALE.get::<i64>(cx, 0)?;
    actpkg_core__helper(cx.call()?, x, factor)
}

#[hotspot(function = "actpkg.core:use_default", signature = "(int) -> int")]
fn actpkg_core__use_default(cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_add(NS_DEFAULT.default::<i64>(cx, 0, 1)?))
}

#[hotspot(function = "actpkg.core:use_kwdefault", signature = "(int) -> int")]
fn actpkg_core__use_kwdefault(cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_sub(NS_KWDEFAULT.kwdefault::<i64>(cx, 0, "y")?))
}

#[hotspot(function = "actpkg.core:root", signature = "(float) -> float")]
fn actpkg_core__root(_cx: Cx, x: f64) -> R<f64> {
    if x < 0.0 { exc(Exc::ValueError) } else { Ok(x.sqrt()) }
}

/// `len` of an int is a `TypeError`: only the guard on the builtin is of interest.
#[hotspot(function = "actpkg.core:size", signature = "(None) -> int")]
fn actpkg_core__size(_cx: Cx, _text: ()) -> R<i64> {
    exc(Exc::TypeError)
}

#[hotspot(function = "actpkg.core:spin", signature = "(int) -> int")]
fn actpkg_core__spin(cx: Cx, n: i64) -> R<i64> {
    let (mut i, mut fuel) = (0, FUEL);
    while i < n {
        cx.tick(&mut fuel)?;
        i = std::hint::black_box(i + 1);
    }
    Ok(i)
}

#[hotspot(function = "actpkg.core:steps", signature = "(int, int) -> int")]
fn actpkg_core__steps(cx: Cx, n: i64, stop: i64) -> R<i64> {
    let mut sums = [0];
    parallel::run(cx, (0, n), 3, &mut sums, &|_| true, &|cx, from, to, _, parts| {
        let (mut total, mut fuel) = (0, FUEL);
        for i in from..to {
            let mut j = i;
            while j > 0 {
                cx.tick(&mut fuel)?;
                j = int::floordiv(j, 2)?;
                total = int::add(total, 1)?;
            }
            total = int::add(total, int::floordiv(n, int::sub(stop, i)?)?)?;
        }
        parallel::add(&mut parts[0], total)
    })?;
    Ok(sums[0])
}

/// Functions of CPython that look for signals and due collections, in a transaction that changes a list.
#[hotspot(function = "actpkg.core:texts", signature = "(list[list[int]], int) -> int")]
fn actpkg_core__texts(cx: Cx, xs: PList<PList<i64>>, n: i64) -> R<i64> {
    let (mut i, mut total, mut fuel) = (0, 0, FUEL);
    while i < n {
        cx.tick(&mut fuel)?;
        list::append(cx, &xs, list::plist_of::<i64, 1>(cx, [i])?)?;
        total += pystr::len(&fmt::percent(cx, S_TEXTS.get(cx)?, &[fmt::boxed(&i)?])?);
        total += pystr::len(&pystr::repr(cx, S_TEXTS.get(cx)?)?);
        i += 1;
    }
    Ok(total)
}

static S_TEXTS: StrConst = StrConst::new("%d");

#[hotspot(function = "actpkg.core:cached", signature = "(int) -> int")]
fn actpkg_core__cached(_cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_mul(7))
}

#[hotspot(function = "actpkg.core:wide", signature = "(int) -> int")]
fn actpkg_core__wide(_cx: Cx, x: i64) -> R<i64> {
    if x.abs() < 2 { Ok(x << 62) } else { bail(Bail::Overflow) }
}

#[hotspot(function = "actpkg.core:captured", signature = "(int) -> int")]
fn actpkg_core__captured(_cx: Cx, x: i64) -> R<i64> {
    Ok(x)
}

#[hotspot(function = "actpkg.core:shift", signature = "(int, int) -> int", plain)]
fn actpkg_core__shift(_cx: Cx, x: i64, y: i64) -> R<i64> {
    int::add(int::mul(x, 2)?, y)
}

/// Whoever calls it with a function runs Python.
#[hotspot(function = "actpkg.core:through", signature = "(None, int) -> int")]
fn actpkg_core__through(_cx: Cx, _call: (), _n: i64) -> R<i64> {
    exc(Exc::TypeError)
}

#[hotspot(function = "actpkg.core:failing", signature = "(int) -> int")]
fn actpkg_core__failing(_cx: Cx, x: i64) -> R<i64> {
    if x == 0 { exc(Exc::ZeroDivisionError) } else { Ok(10i64.div_euclid(x)) }
}

#[hotspot(function = "actpkg.core:at_rest", signature = "(int) -> int")]
fn actpkg_core__at_rest(_cx: Cx, x: i64) -> R<i64> {
    let mut wasted = 0_i64;
    for i in 0..50_000 {
        wasted = std::hint::black_box(wasted + i);
    }
    checked(x.checked_add(1))
}

#[hotspot(function = "actpkg.core:at_ease", signature = "(int, int) -> int")]
fn actpkg_core__at_ease(_cx: Cx, x: i64, n: i64) -> R<i64> {
    let mut wasted = 0_i64;
    for i in 0..1_000 {
        wasted = std::hint::black_box(wasted + i);
    }
    checked(x.checked_add(n))
}

#[hotspot(function = "actpkg.core:at_peace", signature = "(int) -> int")]
fn actpkg_core__at_peace(_cx: Cx, x: i64) -> R<i64> {
    let mut wasted = 0_i64;
    for i in 0..1_000 {
        wasted = std::hint::black_box(wasted + i);
    }
    checked(x.checked_add(1))
}

#[hotspot(function = "actpkg.core:slow_below", signature = "(int) -> int")]
fn actpkg_core__slow_below(_cx: Cx, x: i64) -> R<i64> {
    let mut wasted = 0_i64;
    for i in 0..1_000 {
        wasted = std::hint::black_box(wasted + i);
    }
    checked(x.checked_add(1))
}

#[hotspot(function = "actpkg.core:slow_above", signature = "(int) -> int")]
fn actpkg_core__slow_above(cx: Cx, x: i64) -> R<i64> {
    checked(actpkg_core__slow_below(cx, x)?.checked_add(1))
}

#[hotspot(function = "actpkg.core:doubled", signature = "(str, int) -> int")]
fn actpkg_core__doubled(cx: Cx, text: Str, n: i64) -> R<i64> {
    let mut text = text;
    for _ in 0..n {
        text = pystr::concat(cx, &text, &text)?;
    }
    Ok(text.len() as i64)
}

#[hotspot(function = "actpkg.core:at_work", signature = "(int) -> int")]
fn actpkg_core__at_work(_cx: Cx, n: i64) -> R<i64> {
    let mut total = 0;
    for i in 0..n {
        total += std::hint::black_box(i & 3);
    }
    Ok(total)
}

#[hotspot(function = "actpkg.later:late", signature = "(int) -> int")]
fn actpkg_later__late(_cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_mul(2))
}

#[hotspot(function = "actpkg.shapes:Shape.area", signature = "(int, int) -> int")]
fn actpkg_shapes__Shape_area(_cx: Cx, w: i64, h: i64) -> R<i64> {
    checked(w.checked_mul(h))
}

#[hotspot(function = "actpkg.shapes:Shape.__secret", signature = "(int) -> int")]
fn actpkg_shapes__Shape___secret(_cx: Cx, x: i64) -> R<i64> {
    checked(x.checked_add(100))
}

#[hotspot(function = "actpkg.shapes:Shape.wrapped", signature = "(object, int) -> int")]
fn actpkg_shapes__Shape_wrapped(_cx: Cx, _this: Any, x: i64) -> R<i64> {
    checked(x.checked_sub(1))
}

#[hotspot(function = "actpkg.shapes:Lone.triple", signature = "(object, int) -> int")]
fn actpkg_shapes__Lone_triple(_cx: Cx, _this: Any, x: i64) -> R<i64> {
    checked(x.checked_mul(3))
}

#[hotspot(function = "actpkg.core:dot", signature = "(list[float], list[float]) -> float")]
fn actpkg_core__dot(cx: Cx, xs: PList<f64>, ys: PList<f64>) -> R<f64> {
    let mut total = 0.0;
    for i in 0..list::len(cx, &xs) {
        total += list::get(cx, &xs, i)? * list::get(cx, &ys, i)?;
    }
    Ok(total)
}

#[hotspot(function = "actpkg.core:double_all", signature = "(list[int], int) -> int")]
fn actpkg_core__double_all(cx: Cx, xs: PList<i64>, stop: i64) -> R<i64> {
    for i in 0..stop {
        cx.point()?;
        let doubled = checked(list::get(cx, &xs, i)?.checked_mul(2))?;
        list::set(cx, &xs, i, doubled)?;
    }
    Ok(stop)
}

/// The frame holds `a`, then the keyword-only `b`, then `*more` and `**options`.
#[hotspot(function = "actpkg.core:rest", signature = "(int, int, object, object) -> int")]
fn actpkg_core__rest(_cx: Cx, a: i64, b: i64, _more: Any, options: Any) -> R<i64> {
    let _ = options;
    if a == 0 { Ok(b) } else { bail(Bail::Unsupported) }
}

/// An argument that is not looked at.
struct Any;

impl FromPy for Any {
    unsafe fn from_py(_: Cx, _: *mut pyrust_runtime::ffi::PyObject) -> R<Any> {
        Ok(Any)
    }
    unsafe fn matches(_: *mut pyrust_runtime::ffi::PyObject) -> bool {
        true
    }
}

static NS_FIB: Namespace = Namespace::new("actpkg.core", &[Slot::function("fib", "actpkg.core:fib")]);
static NS_ABOVE: Namespace =
    Namespace::new("actpkg.core", &[Slot::function("slow_below", "actpkg.core:slow_below")]);
static NS_DEEP: Namespace = Namespace::new("actpkg.core", &[Slot::function("deep", "actpkg.core:deep")]);
static NS_EVEN: Namespace = Namespace::new(
    "actpkg.core",
    &[Slot::function("is_even", "actpkg.core:is_even"), Slot::function("is_odd", "actpkg.core:is_odd")],
);
static NS_SCALE: Namespace =
    Namespace::new("actpkg.core", &[Slot::value("FACTOR"), Slot::function("helper", "actpkg.core:helper")]);
static NS_DEFAULT: Namespace =
    Namespace::new("actpkg.core", &[Slot::function("with_default", "actpkg.core:with_default")]);
static NS_KWDEFAULT: Namespace =
    Namespace::new("actpkg.core", &[Slot::function("with_kwdefault", "actpkg.core:with_kwdefault")]);
static NS_ROOT: Namespace = Namespace::new("actpkg.core", &[Slot::module("math", "math")]);
static NS_MATH: Namespace = Namespace::module("math", &[Slot::builtin("sqrt")]);
static NS_SIZE: Namespace = Namespace::new("actpkg.core", &[Slot::builtin("len")]);

static NS_RANGE: Namespace = Namespace::new("actpkg.core", &[Slot::builtin("range"), Slot::builtin("len")]);

const fn one(name: &'static str, specs: &'static [Spec]) -> Function {
    Function { name, specs, reason: None }
}

pub static MODULE: Module = Module {
    package: "actpkg",
    init: "PyInit__pyrust",
    functions: &[
        one(
            "actpkg:in_package",
            &[Spec { signature: "(int) -> int", entry: actpkg__in_package::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:add",
            &[
                Spec { signature: "(int, int) -> int", entry: actpkg_core__add::ENTRY, namespaces: &[] },
                Spec {
                    signature: "(float, float) -> float",
                    entry: actpkg_core__add_2::ENTRY,
                    namespaces: &[],
                },
            ],
        ),
        one(
            "actpkg.core:fib",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__fib::ENTRY, namespaces: &[&NS_FIB] }],
        ),
        one(
            "actpkg.core:deep",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__deep::ENTRY, namespaces: &[&NS_DEEP] }],
        ),
        one(
            "actpkg.core:is_even",
            &[Spec {
                signature: "(int) -> bool",
                entry: actpkg_core__is_even::ENTRY,
                namespaces: &[&NS_EVEN],
            }],
        ),
        one(
            "actpkg.core:is_odd",
            &[Spec {
                signature: "(int) -> bool",
                entry: actpkg_core__is_odd::ENTRY,
                namespaces: &[&NS_EVEN],
            }],
        ),
        one(
            "actpkg.core:scale",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__scale::ENTRY, namespaces: &[&NS_SCALE] }],
        ),
        one(
            "actpkg.core:use_default",
            &[Spec {
                signature: "(int) -> int",
                entry: actpkg_core__use_default::ENTRY,
                namespaces: &[&NS_DEFAULT],
            }],
        ),
        one(
            "actpkg.core:use_kwdefault",
            &[Spec {
                signature: "(int) -> int",
                entry: actpkg_core__use_kwdefault::ENTRY,
                namespaces: &[&NS_KWDEFAULT],
            }],
        ),
        one(
            "actpkg.core:root",
            &[Spec {
                signature: "(float) -> float",
                entry: actpkg_core__root::ENTRY,
                namespaces: &[&NS_ROOT, &NS_MATH],
            }],
        ),
        one(
            "actpkg.core:size",
            &[Spec { signature: "(None) -> int", entry: actpkg_core__size::ENTRY, namespaces: &[&NS_SIZE] }],
        ),
        one(
            "actpkg.core:dot",
            &[Spec {
                signature: "(list[float], list[float]) -> float",
                entry: actpkg_core__dot::ENTRY,
                namespaces: &[&NS_RANGE],
            }],
        ),
        one(
            "actpkg.core:double_all",
            &[Spec {
                signature: "(list[int], int) -> int",
                entry: actpkg_core__double_all::ENTRY,
                namespaces: &[&NS_RANGE],
            }],
        ),
        one(
            "actpkg.core:rest",
            &[Spec {
                signature: "(int, int, object, object) -> int",
                entry: actpkg_core__rest::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.core:spin",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__spin::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:steps",
            &[Spec { signature: "(int, int) -> int", entry: actpkg_core__steps::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:texts",
            &[Spec {
                signature: "(list[list[int]], int) -> int",
                entry: actpkg_core__texts::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.core:cached",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__cached::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:wide",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__wide::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:captured",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__captured::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:shift",
            &[Spec { signature: "(int, int) -> int", entry: actpkg_core__shift::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:through",
            &[Spec { signature: "(None, int) -> int", entry: actpkg_core__through::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:failing",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__failing::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:at_rest",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__at_rest::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:at_ease",
            &[Spec {
                signature: "(int, int) -> int",
                entry: actpkg_core__at_ease::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.core:at_peace",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__at_peace::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:slow_below",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__slow_below::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:slow_above",
            &[Spec {
                signature: "(int) -> int",
                entry: actpkg_core__slow_above::ENTRY,
                namespaces: &[&NS_ABOVE],
            }],
        ),
        one(
            "actpkg.core:doubled",
            &[Spec { signature: "(str, int) -> int", entry: actpkg_core__doubled::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.core:at_work",
            &[Spec { signature: "(int) -> int", entry: actpkg_core__at_work::ENTRY, namespaces: &[] }],
        ),
        Function {
            name: "actpkg.core:odd_one",
            specs: &[],
            reason: Some("PYR0301 a function inside a function"),
        },
        Function { name: "actpkg.core:bump", specs: &[], reason: Some("disabled: mode = \"python\"") },
        one(
            "actpkg.later:late",
            &[Spec { signature: "(int) -> int", entry: actpkg_later__late::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.shapes:Shape.area",
            &[Spec {
                signature: "(int, int) -> int",
                entry: actpkg_shapes__Shape_area::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.shapes:Shape.__secret",
            &[Spec { signature: "(int) -> int", entry: actpkg_shapes__Shape___secret::ENTRY, namespaces: &[] }],
        ),
        one(
            "actpkg.shapes:Shape.wrapped",
            &[Spec {
                signature: "(object, int) -> int",
                entry: actpkg_shapes__Shape_wrapped::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.shapes:Lone.triple",
            &[Spec {
                signature: "(object, int) -> int",
                entry: actpkg_shapes__Lone_triple::ENTRY,
                namespaces: &[],
            }],
        ),
        one(
            "actpkg.shapes:Shape.twice",
            &[Spec { signature: "(object) -> int", entry: actpkg_later__late::ENTRY, namespaces: &[] }],
        ),
    ],
    callees: &["actpkg.core:helper", "actpkg.core:with_default", "actpkg.core:with_kwdefault"],
};
