//! `random`: the module's hidden generator, advanced as CPython advances it.
//!
//! A transaction that draws numbers works on a copy of the generator's state, which the commit writes back. Instances of
//! `random.Random` are generators of the same kind: while one of their methods runs, numbers are drawn from theirs.

pub mod distributions;
pub mod of;
mod sequences;
mod twister;
mod wide;

pub use distributions::{expovariate, gauss, lognormvariate, normalvariate, triangular, triangular_to};
pub use sequences::*;
pub use wide::{randint_big, randrange_big, randrange_from_big, seed_big};

use core::ptr;

use pyo3_ffi::*;

use crate::big::{self, Big};
use crate::boundary::layout;
use crate::peek::{known_item, utf8};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use twister::{STATE, Twister};

/// The copy of one transaction.
pub(crate) struct Generator {
    /// The object that it is the state of; null where nothing was drawn.
    object: *mut PyObject,
    twister: Twister,
    /// Its `gauss_next`: the number that `gauss` gives next.
    next_gauss: Option<f64>,
    /// That is another one than the object has.
    new_gauss: bool,
    /// What it will be, made before the commit; owned, null for `None`.
    gauss: *mut PyObject,
}

impl Generator {
    const fn new() -> Generator {
        Generator {
            object: ptr::null_mut(),
            twister: Twister::new(),
            next_gauss: None,
            new_gauss: false,
            gauss: ptr::null_mut(),
        }
    }

    #[inline]
    fn is_untouched(&self) -> bool {
        self.object.is_null()
    }

    fn forget(&mut self) {
        self.object = ptr::null_mut();
        self.new_gauss = false;
        let made = core::mem::replace(&mut self.gauss, ptr::null_mut());
        if !made.is_null() {
            // SAFETY: Ours: a float.
            unsafe { Py_DECREF(made) };
        }
    }
}

/// Those of one transaction.
pub(crate) struct Generators {
    /// The module's own.
    hidden: Generator,
    /// Of instances.
    others: Vec<Generator>,
    /// Which of the others is drawn from, counted from 1; 0 for the module's.
    drawn: usize,
}

impl Generators {
    pub(crate) const fn new() -> Generators {
        Generators { hidden: Generator::new(), others: Vec::new(), drawn: 0 }
    }

    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        self.hidden.is_untouched() && self.others.is_empty()
    }

    pub(crate) fn forget(&mut self) {
        self.hidden.forget();
        self.others.iter_mut().for_each(Generator::forget);
        self.others = Vec::new();
        self.drawn = 0;
    }

    #[inline(always)]
    fn current(&mut self) -> &mut Generator {
        match self.drawn.checked_sub(1) {
            None => &mut self.hidden,
            Some(at) => &mut self.others[at],
        }
    }
}

/// The struct of `_random.Random`.
#[repr(C)]
struct RandomObject {
    base: PyObject,
    index: core::ffi::c_int,
    state: [u32; STATE],
}

/// First part of a commit, which may still bail.
///
/// # Safety
/// The transaction is being committed.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: A short borrow; the GIL is held.
    unsafe {
        let all = &mut cx.txn().rare().random;
        for generator in all.others.iter_mut().chain([&mut all.hidden]) {
            if let (false, true, Some(next)) =
                (generator.is_untouched(), generator.new_gauss, generator.next_gauss)
            {
                generator.gauss = PyFloat_FromDouble(next);
                if generator.gauss.is_null() {
                    PyErr_Clear();
                    return bail(Bail::Memory);
                }
            }
        }
    }
    Ok(())
}

/// Writes the states back. Cannot fail.
///
/// # Safety
/// The transaction is being committed.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: A short borrow; the objects were found to be of that layout; the module holds the hidden one, the caller or
    // the transaction the others.
    unsafe {
        let all = &mut cx.txn().rare().random;
        for generator in all.others.iter_mut().chain([&mut all.hidden]) {
            if !generator.is_untouched() {
                let object = generator.object.cast::<RandomObject>();
                (*object).index = generator.twister.index as core::ffi::c_int;
                (*object).state = generator.twister.state;
                if generator.new_gauss {
                    let next = if generator.gauss.is_null() { Py_None() } else { generator.gauss };
                    store_gauss(generator.object, next);
                }
                generator.forget();
            }
        }
    }
}

/// Sets `gauss_next`, which the instance has already.
unsafe fn store_gauss(object: *mut PyObject, next: *mut PyObject) {
    // SAFETY: By the caller: the live instance, whose dict has nothing else.
    unsafe {
        let dict = PyObject_GenericGetDict(object, ptr::null_mut());
        if dict.is_null() || PyDict_SetItemString(dict, c"gauss_next".as_ptr(), next) < 0 {
            PyErr_Clear();
        }
        Py_XDECREF(dict);
    }
}

/// What `gauss` has left from the last time.
fn next_gauss(cx: Cx) -> R<Option<f64>> {
    generator(cx)?;
    // SAFETY: A short borrow.
    Ok(unsafe { cx.txn() }.rare().random.current().next_gauss)
}

/// Only after [`generator`].
fn set_next_gauss(cx: Cx, next: Option<f64>) {
    // SAFETY: A short borrow.
    let generator = unsafe { cx.txn() }.rare().random.current();
    generator.new_gauss |= next.map(f64::to_bits) != generator.next_gauss.map(f64::to_bits);
    generator.next_gauss = next;
}

/// The generator of this transaction. The borrow ends before anything else of the runtime is called.
#[inline(always)]
fn generator<'a>(cx: Cx) -> R<&'a mut Twister> {
    // SAFETY: A short borrow.
    unsafe {
        let generator = (*ptr::from_mut(cx.txn())).rare().random.current();
        if generator.object.is_null() {
            load(cx)?;
        }
        Ok(&mut generator.twister)
    }
}

/// Copies the state, if the object is what the module `random` made and has nothing of its own.
#[cold]
#[inline(never)]
fn load(cx: Cx) -> R<()> {
    cx.point()?;
    cx.before_tracked();
    // SAFETY: The namespace guard has found the module and its methods as they were defined; look-ups in exact dicts of
    // texts, and the getter of an object's dict, which is C.
    unsafe {
        let (object, class) = hidden();
        if object.is_null() || !ptr::eq(Py_TYPE(object), class) || !has_layout(class) {
            return bail(Bail::Guard);
        }
        cx.txn().rare().random.hidden.load(object)
    }
}

/// The instance behind the functions of the module, and the class `Random`; null where there is none.
unsafe fn hidden() -> (*mut PyObject, *mut PyTypeObject) {
    // SAFETY: By the caller: the GIL is held; look-ups in exact dicts of texts.
    unsafe {
        let module = known_item(PyImport_GetModuleDict(), "random");
        if module.is_null() || PyModule_Check(module) == 0 {
            return (ptr::null_mut(), ptr::null_mut());
        }
        let globals = PyModule_GetDict(module);
        let class = known_item(globals, "Random");
        match !class.is_null() && PyType_Check(class) != 0 {
            true => (known_item(globals, "_inst"), class.cast()),
            false => (ptr::null_mut(), ptr::null_mut()),
        }
    }
}

impl Generator {
    /// Copies the state of an instance of `Random`.
    unsafe fn load(&mut self, object: *mut PyObject) -> R<()> {
        // SAFETY: By the caller: alive, with that layout.
        unsafe {
            let next_gauss = only_gauss(object)?;
            let source = object.cast::<RandomObject>();
            let Ok(index) = usize::try_from((*source).index) else { return bail(Bail::Guard) };
            self.twister.index = index;
            self.twister.state = (*source).state;
            (self.next_gauss, self.new_gauss) = (next_gauss, false);
            self.object = object;
        }
        Ok(())
    }
}

/// Is the class derived from the C type whose struct is known?
unsafe fn has_layout(class: *mut PyTypeObject) -> bool {
    // SAFETY: By the caller: a live class.
    unsafe {
        let base = (*class).tp_base;
        !base.is_null()
            && core::ffi::CStr::from_ptr((*base).tp_name) == c"_random.Random"
            && (*base).tp_basicsize as usize == size_of::<RandomObject>()
    }
}

/// The one attribute that the methods keep; bails if the instance has another one.
unsafe fn only_gauss(object: *mut PyObject) -> R<Option<f64>> {
    // SAFETY: By the caller: a live instance of a class with a dict.
    unsafe {
        let dict = PyObject_GenericGetDict(object, ptr::null_mut());
        if dict.is_null() {
            PyErr_Clear();
            return bail(Bail::Guard);
        }
        let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        let (mut next, mut plain) = (None, PyDict_Size(dict) == 1);
        while PyDict_Next(dict, &mut at, &mut key, &mut value) != 0 {
            next = layout::is_float(value).then(|| layout::float_value(value));
            plain &= utf8(key) == Some("gauss_next") && (next.is_some() || Py_IsNone(value) != 0);
        }
        Py_DECREF(dict);
        if plain { Ok(next) } else { bail(Bail::Guard) }
    }
}

/// As deep as the calls of Python's functions would go.
#[inline]
fn within(cx: Cx) -> R<()> {
    cx.call()?.call()?.call()?;
    Ok(())
}

/// A number below `n`, which is not 0: `_randbelow`.
#[inline]
fn below(cx: Cx, n: u64) -> R<u64> {
    let twister = generator(cx)?;
    let bits = 64 - n.leading_zeros();
    loop {
        let found = twister.bits(bits);
        if found < n {
            return Ok(found);
        }
    }
}

/// `random.random()`
#[inline]
pub fn random(cx: Cx) -> R<f64> {
    Ok(generator(cx)?.float())
}

/// `random.uniform(a, b)`
pub fn uniform(cx: Cx, a: f64, b: f64) -> R<f64> {
    within(cx)?;
    Ok(a + (b - a) * generator(cx)?.float())
}

/// `random.uniform(a, b)` of ints: their difference is one.
pub fn uniform_ints(cx: Cx, a: i64, b: i64) -> R<f64> {
    within(cx)?;
    let width = i128::from(b) - i128::from(a);
    Ok(a as f64 + width as f64 * generator(cx)?.float())
}

/// `random.getrandbits(k)`, as many as fit.
pub fn getrandbits(cx: Cx, bits: i64) -> R<i64> {
    match bits {
        i64::MIN..0 => exc(Exc::ValueError),
        0 => Ok(0),
        1..64 => Ok(generator(cx)?.bits(bits as u32) as i64),
        _ => bail(Bail::Overflow),
    }
}

/// `random.getrandbits(k)`
pub fn getrandbits_wide(cx: Cx, bits: i64) -> R<Big> {
    const MOST: i64 = 1 << 20;
    match bits {
        ..64 => getrandbits(cx, bits).map(big::of),
        64..=MOST => {
            let mut bytes = Vec::new();
            let twister = generator(cx)?;
            let mut left = bits as u32;
            while left > 0 {
                let word = twister.bits(left.min(32)) as u32;
                bytes.extend_from_slice(&word.to_le_bytes());
                left -= left.min(32);
            }
            Ok(big::from_little(&bytes)?)
        }
        _ => bail(Bail::Memory),
    }
}

/// `random.randint(a, b)`
pub fn randint(cx: Cx, a: i64, b: i64) -> R<i64> {
    between(cx, a, i128::from(b) + 1)
}

/// `random.randrange(stop)`
pub fn randrange(cx: Cx, stop: i64) -> R<i64> {
    between(cx, 0, i128::from(stop))
}

/// `random.randrange(start, stop)`
pub fn randrange_from(cx: Cx, start: i64, stop: i64) -> R<i64> {
    between(cx, start, i128::from(stop))
}

fn between(cx: Cx, start: i64, stop: i128) -> R<i64> {
    within(cx)?;
    match stop - i128::from(start) {
        ..=0 => exc(Exc::ValueError),
        // All of 64 bits, in one case.
        width => match u64::try_from(width) {
            Ok(width) => Ok((i128::from(start) + i128::from(below(cx, width)?)) as i64),
            Err(_) => bail(Bail::Overflow),
        },
    }
}

/// `random.randrange(start, stop, step)`
pub fn randrange_step(cx: Cx, start: i64, stop: i64, step: i64) -> R<i64> {
    within(cx)?;
    if step == 0 {
        return exc(Exc::ValueError);
    }
    if step == 1 {
        return between(cx, start, i128::from(stop));
    }
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let width = stop - start;
    let count = floor_div(width + if step > 0 { step - 1 } else { step + 1 }, step);
    match u64::try_from(count) {
        Ok(0) | Err(_) => exc(Exc::ValueError),
        Ok(count) => Ok((start + step * i128::from(below(cx, count)?)) as i64),
    }
}

/// `a // b`
fn floor_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// `random.seed(n)`
pub fn seed(cx: Cx, n: i64) -> R<()> {
    let n = n.unsigned_abs();
    seeded(cx, |twister| seed_with(twister, n as u32, (n >> 32) as u32))
}

/// The generator begins anew.
fn seeded(cx: Cx, seed: impl FnOnce(&mut Twister)) -> R<()> {
    within(cx)?;
    generator(cx)?;
    set_next_gauss(cx, None);
    seed(generator(cx)?);
    Ok(())
}

fn seed_with(twister: &mut Twister, low: u32, high: u32) {
    if high == 0 { twister.seed(&[low]) } else { twister.seed(&[low, high]) }
}
