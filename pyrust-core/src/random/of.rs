//! Instances of `random.Random`, which the namespace guard has found to have the methods that they were defined with.

use core::ptr;

use pyo3_ffi::*;

use super::twister::Twister;
use super::{Generator, has_layout, hidden, seed_with, within};
use crate::big::Big;
use crate::foreign::{Foreign, Random};
use crate::list::{List, ListLike};
use crate::py::FromPy;
use crate::range::Range;
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Chr, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;

/// At most so many in one transaction: they are gone through.
const MOST: usize = 256;

/// Is it the class `Random` of the module as it stands?
///
/// # Safety
/// `class` is alive.
pub(crate) unsafe fn is_class(class: *mut PyTypeObject) -> bool {
    // SAFETY: The GIL is held.
    unsafe { ptr::eq(hidden().1, class) && has_layout(class) }
}

/// `random.Random(n)`
pub fn made(cx: Cx, n: i64) -> R<Foreign<Random>> {
    let n = n.unsigned_abs();
    made_with(cx, |twister| seed_with(twister, n as u32, (n >> 32) as u32))
}

/// The same beyond 64 bits.
pub fn made_big(cx: Cx, n: &Big) -> R<Foreign<Random>> {
    let key = n.words();
    made_with(cx, |twister| twister.seed(&key))
}

fn made_with(cx: Cx, seed: impl FnOnce(&mut Twister)) -> R<Foreign<Random>> {
    cx.point()?;
    within(cx)?;
    cx.before_tracked();
    // SAFETY: The class is what the module defines, and its `__init__` is: a C struct, and one attribute. Allocating runs
    // no Python code; the transaction keeps the object.
    unsafe {
        let (_, class) = hidden();
        let Some(allocate) = class.as_ref().filter(|_| is_class(class)).and_then(|class| class.tp_alloc)
        else {
            return bail(Bail::Guard);
        };
        let object = cx.adopt(allocate(class, 0))?;
        if PyObject_SetAttrString(object.as_ptr(), c"gauss_next".as_ptr(), Py_None()) < 0 {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        let mut generator = Generator::new();
        seed(&mut generator.twister);
        generator.object = object.as_ptr();
        add(cx, generator)?;
        Ok(Foreign::made(object))
    }
}

/// Puts it to the others; its number.
fn add(cx: Cx, generator: Generator) -> R<usize> {
    // SAFETY: A short borrow.
    let others = unsafe { &mut cx.txn().rare().random.others };
    if others.len() >= MOST || others.try_reserve(1).is_err() {
        return bail(Bail::Limit);
    }
    others.push(generator);
    Ok(others.len())
}

/// The number of the copy of the instance's state.
fn number(cx: Cx, object: *mut PyObject) -> R<usize> {
    // SAFETY: A short borrow.
    let others = unsafe { &mut cx.txn().rare().random.others };
    if let Some(at) = others.iter().rposition(|generator| generator.object == object) {
        return Ok(at + 1);
    }
    cx.point()?;
    cx.before_tracked();
    // SAFETY: An exact instance of a class that was the module's at some time.
    unsafe {
        let (own, class) = hidden();
        // That one has a place of its own.
        if own == object || !ptr::eq(Py_TYPE(object), class) || !has_layout(class) {
            return bail(Bail::Guard);
        }
        let mut generator = Generator::new();
        generator.load(object)?;
        add(cx, generator)
    }
}

/// Draws from the instance's generator.
#[inline]
fn drawn<T>(cx: Cx, of: Foreign<Random>, draw: impl FnOnce() -> R<T>) -> R<T> {
    let number = number(cx, of.as_ptr())?;
    // SAFETY: A short borrow.
    let before = core::mem::replace(&mut unsafe { cx.txn() }.rare().random.drawn, number);
    let out = draw();
    // SAFETY: A short borrow.
    unsafe { cx.txn() }.rare().random.drawn = before;
    out
}

macro_rules! methods {
    ($($name:ident $([$($generic:tt)*])? ($($arg:ident: $ty:ty),*) -> $ret:ty;)+) => { $(
        #[doc = concat!("`Random.", stringify!($name), "`")]
        pub fn $name$(<$($generic)*>)?(cx: Cx, of: Foreign<Random>, $($arg: $ty),*) -> R<$ret> {
            drawn(cx, of, || super::$name(cx, $($arg),*))
        }
    )+ };
}

methods! {
    random() -> f64;
    uniform(a: f64, b: f64) -> f64;
    uniform_ints(a: i64, b: i64) -> f64;
    gauss(mu: f64, sigma: f64) -> f64;
    normalvariate(mu: f64, sigma: f64) -> f64;
    lognormvariate(mu: f64, sigma: f64) -> f64;
    expovariate(lambd: f64) -> f64;
    triangular(low: f64, high: f64) -> f64;
    triangular_to(low: f64, high: f64, mode: f64) -> f64;
    getrandbits(bits: i64) -> i64;
    getrandbits_wide(bits: i64) -> Big;
    randint(a: i64, b: i64) -> i64;
    randrange(stop: i64) -> i64;
    randrange_from(start: i64, stop: i64) -> i64;
    randrange_step(start: i64, stop: i64, step: i64) -> i64;
    randint_big(a: &Big, b: &Big) -> Big;
    randrange_big(stop: &Big) -> Big;
    randrange_from_big(start: &Big, stop: &Big) -> Big;
    seed(n: i64) -> ();
    seed_big(n: &Big) -> ();
    choice[T: Clone + 'static, L: ListLike<T>](list: &L) -> T;
    choice_tuple[T: FromPy](tuple: &PTuple<T>) -> T;
    choice_str(text: &Str) -> Chr;
    choice_bytes(bytes: &Bytes) -> i64;
    choice_range(range: Range) -> i64;
    shuffle[T: Clone + 'static, L: ListLike<T>](list: &L) -> ();
    sample[T: Clone + 'static, L: ListLike<T>](list: &L, wanted: i64) -> List<T>;
    sample_tuple[T: FromPy + Clone](tuple: &PTuple<T>, wanted: i64) -> List<T>;
    sample_range(range: Range, wanted: i64) -> List<i64>;
    choices[T: Clone + 'static, L: ListLike<T>](list: &L, a: (), b: (), wanted: i64) -> List<T>;
    choices_weighted[T: Clone + 'static, L: ListLike<T>, W: ListLike<f64>](
        list: &L, weights: &W, cum: (), wanted: i64
    ) -> List<T>;
    choices_counted[T: Clone + 'static, L: ListLike<T>, W: ListLike<i64>](
        list: &L, weights: &W, cum: (), wanted: i64
    ) -> List<T>;
}
