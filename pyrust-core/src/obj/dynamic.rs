//! Operators on objects of which only the object itself knows its type: what CPython does for exact numbers and texts,
//! items of exact lists, tuples, dicts and texts. Of all others a class could have a say, so they bail.

use core::cmp::Ordering;
use core::ptr::{self, NonNull};

use pyo3_ffi::{self as ffi, PyObject};

use super::Obj;
pub use super::each::{Each, each, listed, set, tuple, unpack};
use crate::boundary::layout;
use crate::builtins::c::{owned, raised, undisturbed};
use crate::dict::{self, PDict};
use crate::list::{self, PList};
use crate::object;
use crate::peek;
use crate::py::FromPy;
use crate::set::{self, PFrozenSet, PSet};
use crate::stop::{Bail, R, bail};
use crate::str_ as pystr;
use crate::strs::{Bytes, Chr, Str};
use crate::tuple::{self as tuples, PTuple};
use crate::txn::Cx;

/// A number that needs no function of C's.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Number {
    Int(i64),
    Float(f64),
    Other,
}

impl Number {
    /// As a float; of an int of 64 bits the nearest one.
    #[inline(always)]
    fn rounded(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
            Number::Other => f64::NAN,
        }
    }
}

/// What an operator is given: any object, or a number that is known as one and needs no object.
pub trait Operand: Copy {
    #[doc(hidden)]
    fn number(self) -> Number;
    #[doc(hidden)]
    fn object(self, cx: Cx) -> R<Obj>;
}

impl Operand for Obj {
    #[inline(always)]
    fn number(self) -> Number {
        number(self)
    }

    #[inline(always)]
    fn object(self, _: Cx) -> R<Obj> {
        Ok(self)
    }
}

impl Operand for i64 {
    #[inline(always)]
    fn number(self) -> Number {
        Number::Int(self)
    }

    fn object(self, cx: Cx) -> R<Obj> {
        Obj::of(cx, self)
    }
}

impl Operand for f64 {
    #[inline(always)]
    fn number(self) -> Number {
        Number::Float(self)
    }

    fn object(self, cx: Cx) -> R<Obj> {
        Obj::of(cx, self)
    }
}

#[inline(always)]
fn number(object: Obj) -> Number {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = object.as_ptr();
        if layout::is_int(object) {
            return layout::int_value(object).map_or(Number::Other, Number::Int);
        }
        if layout::is_float(object) { Number::Float(layout::float_value(object)) } else { Number::Other }
    }
}

/// An exact number or text: operators on two of those run no Python code.
fn is_plain(object: Obj) -> bool {
    // SAFETY: The transaction keeps the object alive.
    let ty = unsafe { ffi::Py_TYPE(object.as_ptr()) };
    [
        &raw mut ffi::PyLong_Type,
        &raw mut ffi::PyFloat_Type,
        &raw mut ffi::PyBool_Type,
        &raw mut ffi::PyComplex_Type,
        &raw mut ffi::PyUnicode_Type,
        &raw mut ffi::PyBytes_Type,
    ]
    .iter()
    .any(|known| ptr::eq(ty, *known))
}

fn is_number(object: Obj) -> bool {
    // SAFETY: The transaction keeps the object alive.
    let of = |ty| unsafe { ffi::Py_TYPE(object.as_ptr()) == ty };
    is_plain(object) && !of(&raw mut ffi::PyUnicode_Type) && !of(&raw mut ffi::PyBytes_Type)
}

fn float(cx: Cx, value: f64) -> R<Obj> {
    // SAFETY: The GIL is held; a new reference. What was computed is nobody's NaN yet.
    unsafe { Obj::made(cx, owned(ffi::PyFloat_FromDouble(value))?.as_ptr()) }
}

type Function = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

/// What CPython's own function says of two exact numbers or texts.
#[cold]
#[inline(never)]
extern "C" fn asked(cx: Cx, function: Function, a: Obj, b: Obj, texts: bool) -> R<Obj> {
    let known = if texts { is_plain } else { is_number };
    if !known(a) || !known(b) {
        return bail(Bail::Callback);
    }
    // SAFETY: Both are alive, and of classes of C's alone; the result is new, or one of them again.
    unsafe { Obj::made(cx, undisturbed(|| owned(function(a.as_ptr(), b.as_ptr())))?.as_ptr()) }
}

macro_rules! arithmetic {
    ($($(#[$doc:meta])* $name:ident: $function:ident, $int:expr, $float:expr, $texts:literal;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name<A: Operand, B: Operand>(cx: Cx, a: A, b: B) -> R<Obj> {
            let (int, of_floats): (fn(i64, i64) -> Option<i64>, fn(f64, f64) -> Option<f64>) = ($int, $float);
            match (a.number(), b.number()) {
                (Number::Int(x), Number::Int(y)) => {
                    if let Some(value) = int(x, y) {
                        return Obj::of(cx, value);
                    }
                }
                (Number::Other, _) | (_, Number::Other) => {}
                (x, y) => {
                    if let Some(value) = of_floats(x.rounded(), y.rounded()) {
                        return float(cx, value);
                    }
                }
            }
            asked(cx, ffi::$function, a.object(cx)?, b.object(cx)?, $texts)
        }
    )*};
}

arithmetic! {
    /// `a + b`
    add: PyNumber_Add, i64::checked_add, |x, y| Some(x + y), true;
    /// `a - b`
    sub: PyNumber_Subtract, i64::checked_sub, |x, y| Some(x - y), true;
    /// `a * b`
    mul: PyNumber_Multiply, i64::checked_mul, |x, y| Some(x * y), true;
    /// `a / b`
    truediv: PyNumber_TrueDivide, |_, _| None, |x, y| (y != 0.0).then(|| x / y), true;
    /// `a // b`
    floordiv: PyNumber_FloorDivide, |x, y| (x >= 0 && y > 0).then(|| x / y), |_, _| None, true;
    /// `a % b` of numbers; a text would write whatever stands behind it.
    rem: PyNumber_Remainder, |x, y| (x >= 0 && y > 0).then(|| x % y), |_, _| None, false;
    /// `a & b`
    and: PyNumber_And, |x, y| Some(x & y), |_, _| None, true;
    /// `a | b`
    or: PyNumber_Or, |x, y| Some(x | y), |_, _| None, true;
    /// `a ^ b`
    xor: PyNumber_Xor, |x, y| Some(x ^ y), |_, _| None, true;
    /// `a << b`
    shl: PyNumber_Lshift, |_, _| None, |_, _| None, true;
    /// `a >> b`
    shr: PyNumber_Rshift, |_, _| None, |_, _| None, true;
}

/// `-a`
pub fn neg(cx: Cx, a: Obj) -> R<Obj> {
    match number(a) {
        Number::Int(x) if x != i64::MIN => Obj::of(cx, -x),
        Number::Float(x) => float(cx, -x),
        _ if !is_number(a) => bail(Bail::Callback),
        // SAFETY: It is alive, and of a class of C's alone; the result is new.
        _ => unsafe { Obj::made(cx, undisturbed(|| owned(ffi::PyNumber_Negative(a.as_ptr())))?.as_ptr()) },
    }
}

macro_rules! orders {
    ($($(#[$doc:meta])* $name:ident: $symbol:tt, $op:ident;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name<A: Operand, B: Operand>(cx: Cx, a: A, b: B) -> R<bool> {
            match (a.number(), b.number()) {
                (Number::Int(x), Number::Int(y)) => Ok(x $symbol y),
                (Number::Float(x), Number::Float(y)) => Ok(x $symbol y),
                _ => compared(a.object(cx)?, b.object(cx)?, ffi::$op),
            }
        }
    )*};
}

orders! {
    /// `a < b`
    lt: <, Py_LT;
    /// `a <= b`
    le: <=, Py_LE;
    /// `a > b`
    gt: >, Py_GT;
    /// `a >= b`
    ge: >=, Py_GE;
}

/// How two objects are ordered that are exact numbers or texts, or exact tuples of those.
pub(crate) fn order(cx: Cx, a: Obj, b: Obj) -> R<Ordering> {
    match (number(a), number(b)) {
        (Number::Int(x), Number::Int(y)) => return Ok(x.cmp(&y)),
        (Number::Float(x), Number::Float(y)) => return x.partial_cmp(&y).map_or(bail(Bail::Callback), Ok),
        _ => {}
    }
    // SAFETY: The transaction keeps both alive.
    if unsafe { layout::is_tuple(a.as_ptr()) && layout::is_tuple(b.as_ptr()) } {
        return order_of_tuples(cx.call()?, a, b);
    }
    if compared(a, b, ffi::Py_LT)? {
        return Ok(Ordering::Less);
    }
    if compared(a, b, ffi::Py_GT)? {
        return Ok(Ordering::Greater);
    }
    // Neither is less than the other, as it is beside a NaN, too.
    if compared(a, b, ffi::Py_EQ)? { Ok(Ordering::Equal) } else { bail(Bail::Callback) }
}

/// The first items that differ decide.
fn order_of_tuples(cx: Cx, a: Obj, b: Obj) -> R<Ordering> {
    let (a, b) = (a.to::<PTuple<Obj>>(cx)?, b.to::<PTuple<Obj>>(cx)?);
    let (n, m) = (tuples::len(cx, &a), tuples::len(cx, &b));
    for i in 0..n.min(m) {
        let (x, y) = (tuples::get(cx, &a, i)?, tuples::get(cx, &b, i)?);
        if !x.equals_in(y)? {
            return order(cx, x, y);
        }
    }
    Ok(n.cmp(&m))
}

#[cold]
#[inline(never)]
extern "C" fn compared(a: Obj, b: Obj, op: core::ffi::c_int) -> R<bool> {
    if !is_plain(a) || !is_plain(b) {
        return bail(Bail::Callback);
    }
    // SAFETY: Both are alive, and of classes of C's alone, which answer with a truth value.
    match undisturbed(|| unsafe { ffi::PyObject_RichCompareBool(a.as_ptr(), b.as_ptr(), op) }) {
        -1 => Err(raised()),
        said => Ok(said == 1),
    }
}

/// `a + text`
#[inline]
pub fn add_text(cx: Cx, a: Obj, text: &Str) -> R<Str> {
    // SAFETY: The transaction keeps the object alive.
    if unsafe { layout::is_str(a.as_ptr()) } {
        return pystr::concat(cx, &a.to::<Str>(cx)?, text);
    }
    asked(cx, ffi::PyNumber_Add, a, Obj::of(cx, text.clone())?, true)?.to(cx)
}

/// `text + a`
#[inline]
pub fn text_add(cx: Cx, text: &Str, a: Obj) -> R<Str> {
    // SAFETY: The transaction keeps the object alive.
    if unsafe { layout::is_str(a.as_ptr()) } {
        return pystr::concat(cx, text, &a.to::<Str>(cx)?);
    }
    asked(cx, ffi::PyNumber_Add, Obj::of(cx, text.clone())?, a, true)?.to(cx)
}

/// `a == text`, a literal of ASCII.
#[inline]
pub fn is_literal(cx: Cx, a: Obj, text: &'static str) -> R<bool> {
    // SAFETY: The transaction keeps the object alive.
    if unsafe { layout::is_str(a.as_ptr()) } {
        return Ok(pystr::is(&a.to::<Str>(cx)?, text));
    }
    if is_number(a) || a.is_none() { Ok(false) } else { Obj::equals(a, literal(cx, text)?) }
}

#[cold]
#[inline(never)]
fn literal(cx: Cx, text: &'static str) -> R<Obj> {
    // SAFETY: The GIL is held; a new reference.
    unsafe { Obj::made(cx, peek::text(text).ok_or_else(|| raised())?.release()) }
}

/// `a == text`
#[inline]
pub fn is_text(cx: Cx, a: Obj, text: &Str) -> R<bool> {
    // SAFETY: The transaction keeps the object alive.
    if unsafe { layout::is_str(a.as_ptr()) } {
        return Ok(pystr::eq(&a.to::<Str>(cx)?, text));
    }
    if is_number(a) { Ok(false) } else { Obj::equals(a, Obj::of(cx, text.clone())?) }
}

/// `a == text`, of one character.
#[inline]
pub fn is_char(cx: Cx, a: Obj, text: Chr) -> R<bool> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        if layout::is_str(a.as_ptr()) {
            return Ok(Chr::matches(a.as_ptr()) && a.to::<Chr>(cx)? == text);
        }
    }
    if is_number(a) { Ok(false) } else { Obj::equals(a, Obj::of(cx, text)?) }
}

/// `a == value`
#[inline]
pub fn is_int(cx: Cx, a: Obj, value: i64) -> R<bool> {
    match number(a) {
        Number::Int(own) => Ok(own == value),
        _ => Obj::equals(a, Obj::of(cx, value)?),
    }
}

/// `a[b]` of an exact list, tuple, dict, text or `bytes`.
pub fn getitem(cx: Cx, a: Obj, b: Obj) -> R<Obj> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = a.as_ptr();
        if layout::is_tuple(object) {
            return tuples::get(cx, &PTuple::<Obj>::from_py(cx, object)?, b.to(cx)?);
        }
        if layout::is_list(object) {
            return list::get(cx, &PList::<Obj>::from_py(cx, object)?, b.to(cx)?);
        }
        if layout::is_dict(object) {
            return dict::getitem(cx, &PDict::<Obj, Obj>::from_py(cx, object)?, &b);
        }
        if layout::is_str(object) {
            return Obj::of(cx, pystr::get(cx, &a.to::<Str>(cx)?, b.to(cx)?)?);
        }
        if layout::is_bytes(object) {
            return Obj::of(cx, crate::bytes::get(cx, &a.to::<Bytes>(cx)?, b.to(cx)?)?);
        }
        bail(Bail::Callback)
    }
}

/// `a[index]`: an exact list or tuple needs no object for it.
#[inline]
pub fn item(cx: Cx, a: Obj, index: i64) -> R<Obj> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = a.as_ptr();
        if layout::is_tuple(object) {
            return tuples::get(cx, &PTuple::<Obj>::from_py(cx, object)?, index);
        }
        if layout::is_list(object) {
            return list::get(cx, &PList::<Obj>::from_py(cx, object)?, index);
        }
    }
    getitem(cx, a, Obj::of(cx, index)?)
}

/// `a[key]`: looking up in an exact dict needs the key no longer than that.
pub fn entry(cx: Cx, a: Obj, key: &Str) -> R<Obj> {
    // SAFETY: The transaction keeps the object alive, and the key lives as long as it is looked for.
    unsafe {
        if layout::is_dict(a.as_ptr()) {
            let dict = PDict::<Obj, Obj>::from_py(cx, a.as_ptr())?;
            if let Some(value) = dict::get(cx, &dict, &lent(key))? {
                return Ok(value);
            }
        }
    }
    getitem(cx, a, Obj::of(cx, key.clone())?)
}

/// A text as an object for as long as it lives.
fn lent(text: &Str) -> Obj {
    // SAFETY: An object is not null.
    Obj::foreign(unsafe { NonNull::new_unchecked(text.as_ptr()) })
}

/// `key in a`
pub fn has_text(cx: Cx, a: Obj, key: &Str) -> R<bool> {
    // SAFETY: The transaction keeps the object alive, and the key lives as long as it is looked for.
    unsafe {
        if layout::is_dict(a.as_ptr()) {
            return dict::contains(cx, &PDict::<Obj, Obj>::from_py(cx, a.as_ptr())?, &lent(key));
        }
        if layout::is_str(a.as_ptr()) {
            return pystr::contains(&a.to::<Str>(cx)?, key);
        }
    }
    contains(cx, a, Obj::of(cx, key.clone())?)
}

/// `len(a)` of such a container.
pub fn len(cx: Cx, a: Obj) -> R<i64> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = a.as_ptr();
        if layout::is_tuple(object) || layout::is_list(object) || layout::is_bytes(object) {
            return Ok(layout::var_size(object) as i64);
        }
        if layout::is_dict(object) {
            return dict::len(cx, &PDict::<Obj, Obj>::from_py(cx, object)?);
        }
        if layout::is_str(object) {
            return Ok(pystr::len(&a.to::<Str>(cx)?));
        }
        bail(Bail::Callback)
    }
}

/// `getattr(a, name)`, if it is there: of objects whose class leaves it to CPython, where no descriptor of Python's is
/// asked.
pub fn attribute(cx: Cx, a: Obj, name: &Str) -> R<Option<Obj>> {
    cx.point()?;
    cx.before_tracked();
    // SAFETY: The transaction keeps the object alive; nothing that is called runs Python code.
    unsafe {
        let (object, class) = (a.as_ptr(), ffi::Py_TYPE(a.as_ptr()));
        let generic = (*class).tp_getattro.is_some_and(|f| ptr::fn_addr_eq(f, GENERIC));
        if !generic || cx.has_assigned_in_class() || object::waits(cx, object) {
            return bail(Bail::Callback);
        }
        let found = object::inherited(class, name.as_ptr());
        if !found.is_null() {
            let kind = ffi::Py_TYPE(found);
            let silent = [
                &raw mut ffi::PyMemberDescr_Type,
                &raw mut ffi::PyMethodDescr_Type,
                &raw mut ffi::PyFunction_Type,
            ];
            if (*kind).tp_descr_get.is_some() && !silent.contains(&kind) {
                return bail(Bail::Callback);
            }
        }
        undisturbed(|| {
            let value = ffi::PyObject_GenericGetAttr(object, name.as_ptr());
            if !value.is_null() {
                return Obj::made(cx, value).map(Some);
            }
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) == 0 {
                return Err(raised());
            }
            ffi::PyErr_Clear();
            Ok(None)
        })
    }
}

/// What classes have that do not say otherwise.
const GENERIC: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject =
    ffi::PyObject_GenericGetAttr;

/// `a[index] = value` of an exact list.
#[inline]
pub fn set_item(cx: Cx, a: Obj, index: i64, value: Obj) -> R<()> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        if layout::is_list(a.as_ptr()) {
            return list::set(cx, &PList::<Obj>::from_py(cx, a.as_ptr())?, index, value);
        }
    }
    bail(Bail::Callback)
}

/// `del a[index]` of an exact list.
pub fn del_item(cx: Cx, a: Obj, index: i64) -> R<()> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        if layout::is_list(a.as_ptr()) {
            return list::del(cx, &PList::<Obj>::from_py(cx, a.as_ptr())?, index);
        }
    }
    bail(Bail::Callback)
}

/// `a[start:stop:step]` of an exact list, tuple, text or `bytes`.
pub fn getslice(cx: Cx, a: Obj, start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> R<Obj> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = a.as_ptr();
        if layout::is_list(object) {
            return Obj::of(cx, list::slice(cx, &PList::<Obj>::from_py(cx, object)?, start, stop, step)?);
        }
        if layout::is_tuple(object) {
            return Obj::of(cx, tuples::slice(cx, &PTuple::<Obj>::from_py(cx, object)?, start, stop, step)?);
        }
        if layout::is_str(object) {
            return Obj::of(cx, pystr::slice(cx, &a.to::<Str>(cx)?, start, stop, step)?);
        }
        if layout::is_bytes(object) {
            return Obj::of(cx, crate::bytes::slice(cx, &a.to::<Bytes>(cx)?, start, stop, step)?);
        }
        bail(Bail::Callback)
    }
}

/// `b in a` of an exact dict, list, tuple, set or text.
pub fn contains(cx: Cx, a: Obj, b: Obj) -> R<bool> {
    // SAFETY: The transaction keeps both objects alive.
    unsafe {
        let object = a.as_ptr();
        if layout::is_dict(object) {
            return dict::contains(cx, &PDict::<Obj, Obj>::from_py(cx, object)?, &b);
        }
        if layout::is_list(object) {
            return list::contains(cx, &PList::<Obj>::from_py(cx, object)?, &b);
        }
        if layout::is_tuple(object) {
            return tuples::contains(cx, &PTuple::<Obj>::from_py(cx, object)?, &b);
        }
        if layout::is_str(object) && layout::is_str(b.as_ptr()) {
            return pystr::contains(&a.to::<Str>(cx)?, &b.to::<Str>(cx)?);
        }
        if layout::is_set(object) {
            return set::contains(cx, &PSet::<Obj>::from_py(cx, object)?, &b);
        }
        if layout::is_frozenset(object) {
            return set::contains(cx, &PFrozenSet::<Obj>::from_py(cx, object)?, &b);
        }
        bail(Bail::Callback)
    }
}
