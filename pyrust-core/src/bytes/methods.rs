//! Methods of `bytes` that are CPython's own, called with exact objects.

use crate::builtins::boxed::{self, Scalar};
use crate::builtins::c::Name;
use crate::list::List;
use crate::py::FromPy;
use crate::stop::{Exc, R, exc};
use crate::str_;
use crate::strs::{Bytes, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;

macro_rules! methods {
    ($($name:ident $method:literal ($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => { $(
        #[doc = concat!("The method `", stringify!($method), "`.")]
        pub fn $name(cx: Cx, b: &Bytes $(, $arg: $ty)*) -> R<$ret> {
            static NAME: Name = Name::new($method);
            boxed::method(cx, &NAME, &[b.boxed()? $(, $arg.boxed()?)*])
        }
    )* };
}

methods! {
    capitalize c"capitalize" () -> Bytes;
    title c"title" () -> Bytes;
    swapcase c"swapcase" () -> Bytes;
    center c"center" (width: i64) -> Bytes;
    center_with c"center" (width: i64, fill: &Bytes) -> Bytes;
    ljust c"ljust" (width: i64) -> Bytes;
    ljust_with c"ljust" (width: i64, fill: &Bytes) -> Bytes;
    rjust c"rjust" (width: i64) -> Bytes;
    rjust_with c"rjust" (width: i64, fill: &Bytes) -> Bytes;
    zfill c"zfill" (width: i64) -> Bytes;
    expandtabs c"expandtabs" (size: i64) -> Bytes;
    isalnum c"isalnum" () -> bool;
    isalpha c"isalpha" () -> bool;
    isascii c"isascii" () -> bool;
    isdigit c"isdigit" () -> bool;
    islower c"islower" () -> bool;
    isspace c"isspace" () -> bool;
    istitle c"istitle" () -> bool;
    isupper c"isupper" () -> bool;
    partition c"partition" (sep: &Bytes) -> (Bytes, Bytes, Bytes);
    rpartition c"rpartition" (sep: &Bytes) -> (Bytes, Bytes, Bytes);
    replace c"replace" (old: &Bytes, new: &Bytes, count: i64) -> Bytes;
    removeprefix c"removeprefix" (prefix: &Bytes) -> Bytes;
    removesuffix c"removesuffix" (suffix: &Bytes) -> Bytes;
    strip c"strip" () -> Bytes;
    strip_bytes c"strip" (bytes: &Bytes) -> Bytes;
    strip_none c"strip" (bytes: ()) -> Bytes;
    lstrip c"lstrip" () -> Bytes;
    lstrip_bytes c"lstrip" (bytes: &Bytes) -> Bytes;
    lstrip_none c"lstrip" (bytes: ()) -> Bytes;
    rstrip c"rstrip" () -> Bytes;
    rstrip_bytes c"rstrip" (bytes: &Bytes) -> Bytes;
    rstrip_none c"rstrip" (bytes: ()) -> Bytes;
    split c"split" (sep: &Bytes, maxsplit: i64) -> List<Bytes>;
    split_none c"split" (sep: (), maxsplit: i64) -> List<Bytes>;
    rsplit c"rsplit" (sep: &Bytes, maxsplit: i64) -> List<Bytes>;
    rsplit_none c"rsplit" (sep: (), maxsplit: i64) -> List<Bytes>;
    splitlines c"splitlines" (keepends: bool) -> List<Bytes>;
    translate c"translate" (table: &Bytes) -> Bytes;
    translate_none c"translate" (table: ()) -> Bytes;
    hex_with c"hex" (sep: &Str) -> Str;
    hex_groups c"hex" (sep: &Str, group: i64) -> Str;
    hex_with_bytes c"hex" (sep: &Bytes) -> Str;
    hex_groups_bytes c"hex" (sep: &Bytes, group: i64) -> Str;
}

/// `b.split()`, `b.split(None)`.
pub fn split_whitespace(cx: Cx, b: &Bytes) -> R<List<Bytes>> {
    split_none(cx, b, (), -1)
}

/// `b.rsplit()`, `b.rsplit(None)`.
pub fn rsplit_whitespace(cx: Cx, b: &Bytes) -> R<List<Bytes>> {
    rsplit_none(cx, b, (), -1)
}

/// `b.split(None)`.
pub fn split_only_none(cx: Cx, b: &Bytes, _: ()) -> R<List<Bytes>> {
    split_none(cx, b, (), -1)
}

/// `b.rsplit(None)`.
pub fn rsplit_only_none(cx: Cx, b: &Bytes, _: ()) -> R<List<Bytes>> {
    rsplit_none(cx, b, (), -1)
}

/// `b.translate(table, delete)`.
pub fn translate_deleting(cx: Cx, b: &Bytes, table: &Bytes, delete: &Bytes) -> R<Bytes> {
    if table.len() != 256 {
        return exc(Exc::ValueError);
    }
    translated(cx, b, |v| table.raw()[usize::from(v)], delete)
}

/// `b.translate(None, delete)`.
pub fn delete(cx: Cx, b: &Bytes, _: (), delete: &Bytes) -> R<Bytes> {
    translated(cx, b, |v| v, delete)
}

fn translated(cx: Cx, b: &Bytes, map: impl Fn(u8) -> u8, delete: &Bytes) -> R<Bytes> {
    let mut gone = [false; 256];
    delete.raw().iter().for_each(|v| gone[usize::from(*v)] = true);
    let mut out = super::BytesBuilder::new();
    for v in b.raw().iter().filter(|v| !gone[usize::from(**v)]) {
        out.push_int(i64::from(map(*v)))?;
    }
    out.finish(cx)
}

/// `bytes.maketrans(from, to)`.
pub fn maketrans(_: Cx, from: &Bytes, to: &Bytes) -> R<Bytes> {
    if from.len() != to.len() {
        return exc(Exc::ValueError);
    }
    let mut table: [u8; 256] = std::array::from_fn(|i| i as u8);
    from.raw().iter().zip(to.raw()).for_each(|(a, b)| table[usize::from(*a)] = *b);
    Bytes::copy_of(&table)
}

/// `bytes.fromhex(text)`.
pub fn fromhex(_: Cx, text: &Str) -> R<Bytes> {
    let v = str_::view(text);
    let Some(text) = v.ascii() else { return exc(Exc::ValueError) };
    let mut out = crate::buf::Buf::new();
    let digit = |c: Option<&u8>| c.and_then(|c| (*c as char).to_digit(16));
    let mut at = 0;
    while at < text.len() {
        if matches!(text[at], b' ' | 9..=13) {
            at += 1;
            continue;
        }
        let (Some(high), Some(low)) = (digit(text.get(at)), digit(text.get(at + 1))) else {
            return exc(Exc::ValueError);
        };
        if out.push((high << 4 | low) as u8).is_err() {
            return crate::stop::bail(crate::stop::Bail::Memory);
        }
        at += 2;
    }
    Bytes::copy_of(&out)
}

/// A byte to look for.
fn needle(i: i64) -> R<Bytes> {
    match u8::try_from(i) {
        Ok(v) => Bytes::copy_of(&[v]),
        Err(_) => exc(Exc::ValueError),
    }
}

/// `b.find(i, start, end)` of an int.
pub fn find_int(b: &Bytes, i: i64, start: Option<i64>, end: Option<i64>) -> R<i64> {
    Ok(super::find(b, &needle(i)?, start, end))
}

/// `b.rfind(i, start, end)` of an int.
pub fn rfind_int(b: &Bytes, i: i64, start: Option<i64>, end: Option<i64>) -> R<i64> {
    Ok(super::rfind(b, &needle(i)?, start, end))
}

/// `b.index(i, start, end)` of an int.
pub fn index_int(b: &Bytes, i: i64, start: Option<i64>, end: Option<i64>) -> R<i64> {
    super::index(b, &needle(i)?, start, end)
}

/// `b.rindex(i, start, end)` of an int.
pub fn rindex_int(b: &Bytes, i: i64, start: Option<i64>, end: Option<i64>) -> R<i64> {
    rindex(b, &needle(i)?, start, end)
}

/// `b.count(i, start, end)` of an int.
pub fn count_int(b: &Bytes, i: i64, start: Option<i64>, end: Option<i64>) -> R<i64> {
    Ok(super::count(b, &needle(i)?, start, end))
}

/// `b.rindex(sub, start, end)`.
pub fn rindex(b: &Bytes, sub: &Bytes, start: Option<i64>, end: Option<i64>) -> R<i64> {
    let place = super::rfind(b, sub, start, end);
    if place < 0 { exc(Exc::ValueError) } else { Ok(place) }
}

/// One of several ends.
pub trait Affix: FromPy {
    /// Its bytes.
    fn bytes(&self) -> R<&Bytes>;
}

impl Affix for Bytes {
    fn bytes(&self) -> R<&Bytes> {
        Ok(self)
    }
}

/// What an empty tuple holds.
impl Affix for () {
    fn bytes(&self) -> R<&Bytes> {
        exc(Exc::TypeError)
    }
}

/// `b.startswith((…), start, end)`.
pub fn startswith_of<T: Affix>(
    cx: Cx,
    b: &Bytes,
    any: &PTuple<T>,
    start: Option<i64>,
    end: Option<i64>,
) -> R<bool> {
    for i in 0..any.count() {
        if super::startswith(b, any.item(cx, i)?.bytes()?, start, end) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `b.endswith((…), start, end)`.
pub fn endswith_of<T: Affix>(
    cx: Cx,
    b: &Bytes,
    any: &PTuple<T>,
    start: Option<i64>,
    end: Option<i64>,
) -> R<bool> {
    for i in 0..any.count() {
        if super::endswith(b, any.item(cx, i)?.bytes()?, start, end) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An item of what `bytes` is made of.
pub trait Octet: FromPy {
    /// The number.
    fn number(&self) -> i64;
}

impl Octet for i64 {
    fn number(&self) -> i64 {
        *self
    }
}

/// What an empty tuple holds.
impl Octet for () {
    fn number(&self) -> i64 {
        -1
    }
}

/// `bytes((…))`.
pub fn from_tuple<T: Octet>(cx: Cx, items: &PTuple<T>) -> R<Bytes> {
    let mut out = super::BytesBuilder::new();
    for i in 0..items.count() {
        out.push_int(items.item(cx, i)?.number())?;
    }
    out.finish(cx)
}

/// `bytes(b)`.
pub fn same(b: &Bytes) -> Bytes {
    b.clone()
}
