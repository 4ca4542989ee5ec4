//! `str()` and `repr()` of every native type.

use pyo3_ffi::{
    Py_None, Py_TYPE, PyBool_Type, PyBytes_Type, PyComplex_Type, PyDict_Type, PyErr_Clear, PyFloat_Type,
    PyFrozenSet_Type, PyList_Type, PyLong_Type, PyObject, PyObject_Repr, PySet_Type, PyTuple_Type,
    PyTypeObject, PyUnicode_Type,
};

use super::push_text;
use crate::boundary::layout;
use crate::deque::{self, Deque, DequeLike, PDeque};
use crate::dict::{self, Count, Counter, Dict, DictLike, Factory, Ordered, PDict};
use crate::elem::Key;
use crate::list::{List, ListLike, PList};
use crate::obj::Obj;
use crate::py::{FromPy, IntoPy};
use crate::range::Range;
use crate::set::{self, FrozenSet, PFrozenSet, PSet, Set, SetLike};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::{self, StrBuilder, view};
use crate::strs::{Bytes, Chr, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;
use crate::union::{U2, U3, U4, U5, U6, U7, U8, each_union};

/// A value with a `repr`; its `str` is the same unless it is text.
pub trait Repr {
    /// Appends `repr(self)`.
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()>;

    /// Appends `str(self)`.
    #[inline]
    fn push_str_of(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.push_repr(cx, out)
    }
}

/// `str(value)`.
pub fn str_of<T: Repr + ?Sized>(cx: Cx, value: &T) -> R<Str> {
    let mut out = StrBuilder::new();
    value.push_str_of(cx, &mut out)?;
    out.finish(cx)
}

/// `repr(value)`.
pub fn repr_of<T: Repr + ?Sized>(cx: Cx, value: &T) -> R<Str> {
    let mut out = StrBuilder::new();
    value.push_repr(cx, &mut out)?;
    out.finish(cx)
}

/// Appends `str(value)`.
#[inline]
pub fn push_str_of<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T) -> R<()> {
    value.push_str_of(cx, out)
}

/// Appends `repr(value)`.
#[inline]
pub fn push_repr<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T) -> R<()> {
    value.push_repr(cx, out)
}

/// Appends `ascii(value)`: the `repr` with what is not ASCII escaped.
pub fn push_ascii_of<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T) -> R<()> {
    let text = repr_of(cx, value)?;
    let v = view(&text);
    if let Some(ascii) = v.ascii() {
        return out.push_ascii(ascii);
    }
    for i in 0..v.len() {
        let c = v.at(i);
        let (mark, width): (&[u8], u32) = match c.0 {
            0..0x80 => {
                out.push_chr(c)?;
                continue;
            }
            0x80..0x100 => (b"\\x", 2),
            0x100..0x1_0000 => (b"\\u", 4),
            _ => (b"\\U", 8),
        };
        out.push_ascii(mark)?;
        for digit in (0..width).rev() {
            out.push_ascii(&[b"0123456789abcdef"[(c.0 >> (4 * digit) & 15) as usize]])?;
        }
    }
    Ok(())
}

/// Appends `format(str(value), spec)`: the conversion `!s`.
pub fn push_converted_s<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T, spec: &str) -> R<()> {
    if spec.is_empty() { value.push_str_of(cx, out) } else { push_text(cx, out, &str_of(cx, value)?, spec) }
}

/// Appends `format(repr(value), spec)`: the conversion `!r`.
pub fn push_converted_r<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T, spec: &str) -> R<()> {
    if spec.is_empty() { value.push_repr(cx, out) } else { push_text(cx, out, &repr_of(cx, value)?, spec) }
}

/// Appends `format(ascii(value), spec)`: the conversion `!a`.
pub fn push_converted_a<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T, spec: &str) -> R<()> {
    let mut text = StrBuilder::new();
    push_ascii_of(cx, &mut text, value)?;
    push_text(cx, out, &text.finish(cx)?, spec)
}

/// Appends `format(value, spec)` of a value whose type has no format of its own: containers, `None`, bytes.
pub fn push_plain<T: Repr + ?Sized>(cx: Cx, out: &mut StrBuilder, value: &T, spec: &str) -> R<()> {
    if spec.is_empty() { value.push_str_of(cx, out) } else { exc(Exc::TypeError) }
}

impl Repr for i64 {
    #[inline]
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        crate::int::push_to(*self, out)
    }
}

impl Repr for f64 {
    #[inline]
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        crate::float::push_to(*self, out)
    }
}

impl Repr for bool {
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_static(if *self { "True" } else { "False" })
    }
}

impl Repr for () {
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_static("None")
    }
}

impl Repr for Str {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_str(&str_::repr(cx, self)?)
    }

    #[inline]
    fn push_str_of(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_str(self)
    }
}

impl Repr for Chr {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        self.to_str()?.push_repr(cx, out)
    }

    #[inline]
    fn push_str_of(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_chr(*self)
    }
}

impl Repr for Bytes {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_str(&crate::bytes::repr(cx, self)?)
    }

    fn push_str_of(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        // Under -b this warns.
        bail(Bail::Warning)
    }
}

/// Of objects of CPython's own classes, and of what is inside of them; those of others run code.
impl Repr for Obj {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let object = self.as_ptr();
        // SAFETY: the transaction keeps the object alive, and its class is looked at before it is taken for one of that.
        unsafe {
            if layout::is_int(object)
                && let Some(value) = layout::int_value(object)
            {
                return value.push_repr(cx, out);
            }
            let ty = Py_TYPE(object);
            let is = |known: *mut PyTypeObject| core::ptr::eq(ty, known);
            if is(&raw mut PyUnicode_Type) {
                return Str::from_py(cx, object)?.push_repr(cx, out);
            }
            if is(&raw mut PyFloat_Type) {
                return layout::float_value(object).push_repr(cx, out);
            }
            let plain =
                [&raw mut PyLong_Type, &raw mut PyBool_Type, &raw mut PyComplex_Type, &raw mut PyBytes_Type];
            if object == Py_None() || plain.iter().any(|known| is(*known)) {
                return push_told(object, out);
            }
            // What holds itself gets to the end of the depth.
            let cx = cx.deeper(1)?.call()?;
            if is(&raw mut PyList_Type) {
                return PList::<Obj>::from_py(cx, object)?.push_repr(cx, out);
            }
            if is(&raw mut PyTuple_Type) {
                return PTuple::<Obj>::from_py(cx, object)?.push_repr(cx, out);
            }
            if is(&raw mut PyDict_Type) {
                return PDict::<Obj, Obj>::from_py(cx, object)?.push_repr(cx, out);
            }
            if is(&raw mut PySet_Type) {
                return PSet::<Obj>::from_py(cx, object)?.push_repr(cx, out);
            }
            if is(&raw mut PyFrozenSet_Type) {
                return PFrozenSet::<Obj>::from_py(cx, object)?.push_repr(cx, out);
            }
        }
        bail(Bail::Type)
    }

    fn push_str_of(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let object = self.as_ptr();
        // SAFETY: as above.
        unsafe {
            if layout::is_exact(object, &raw mut PyUnicode_Type) {
                return out.push_str(&Str::from_py(cx, object)?);
            }
        }
        self.push_repr(cx, out)
    }
}

/// What CPython says of an object whose class runs no code for that; an int may have too many digits.
unsafe fn push_told(object: *mut PyObject, out: &mut StrBuilder) -> R<()> {
    // SAFETY: the object is alive; the text is a new reference, which is handed over.
    unsafe {
        let text = PyObject_Repr(object);
        if text.is_null() {
            PyErr_Clear();
            return bail(Bail::Callback);
        }
        out.push_str(&Str::from_owned(text)?)
    }
}

impl<T: Repr + ?Sized> Repr for &T {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        (**self).push_repr(cx, out)
    }

    fn push_str_of(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        (**self).push_str_of(cx, out)
    }
}

impl Repr for Range {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        out.push_static("range(")?;
        self.start.push_repr(cx, out)?;
        out.push_static(", ")?;
        self.stop.push_repr(cx, out)?;
        if self.step != 1 {
            out.push_static(", ")?;
            self.step.push_repr(cx, out)?;
        }
        out.push_static(")")
    }
}

/// Items between brackets, with commas.
struct Items<'a> {
    out: &'a mut StrBuilder,
    count: usize,
}

impl<'a> Items<'a> {
    fn open(out: &'a mut StrBuilder, bracket: &'static str) -> R<Self> {
        out.push_static(bracket)?;
        Ok(Self { out, count: 0 })
    }

    fn next(&mut self) -> R<&mut StrBuilder> {
        if self.count > 0 {
            self.out.push_static(", ")?;
        }
        self.count += 1;
        Ok(self.out)
    }

    fn close(self, bracket: &'static str) -> R<()> {
        self.out.push_static(bracket)
    }

    /// A tuple of one item has a comma behind it.
    fn close_tuple(self) -> R<()> {
        let bracket = if self.count == 1 { ",)" } else { ")" };
        self.close(bracket)
    }
}

macro_rules! tuples {
    ($($($item:ident $index:tt),+;)+) => { $(
        impl<$($item: Repr),+> Repr for ($($item,)+) {
            fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
                let mut items = Items::open(out, "(")?;
                $(self.$index.push_repr(cx, items.next()?)?;)+
                items.close_tuple()
            }
        }
    )+ };
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => { $(
        impl<$($member: Repr),+> Repr for $union<$($member),+> {
            fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
                match self {
                    $($union::$member(value) => value.push_repr(cx, out),)+
                }
            }

            fn push_str_of(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
                match self {
                    $($union::$member(value) => value.push_str_of(cx, out),)+
                }
            }
        }
    )+ };
}

each_union!(unions);

impl<T: Repr + FromPy> Repr for PTuple<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let mut items = Items::open(out, "(")?;
        for i in 0..self.count() {
            self.item(cx, i)?.push_repr(cx, items.next()?)?;
        }
        items.close_tuple()
    }
}

fn push_list<T: Repr + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, out: &mut StrBuilder) -> R<()> {
    let mut items = Items::open(out, "[")?;
    for i in 0..list.count() {
        list.item(cx, i)?.push_repr(cx, items.next()?)?;
    }
    items.close("]")
}

impl<T: Repr + Clone + 'static> Repr for List<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_list(cx, self, out)
    }
}

impl<T: Repr + FromPy + IntoPy + Clone> Repr for PList<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_list(cx, self, out)
    }
}

impl<T: Repr + crate::list::Readable> Repr for crate::list::RList<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_list(cx, self, out)
    }
}

fn push_dict<K, V, D>(cx: Cx, dict: &D, out: &mut StrBuilder) -> R<()>
where
    K: Key + Repr,
    V: Repr + Clone + 'static,
    D: DictLike<K, V>,
{
    let mut items = Items::open(out, "{")?;
    let mut cursor = dict::iter(cx, dict)?;
    while let Some((key, value)) = dict::next_item(cx, dict, &mut cursor)? {
        let out = items.next()?;
        key.push_repr(cx, out)?;
        out.push_static(": ")?;
        value.push_repr(cx, out)?;
    }
    items.close("}")
}

impl<K: Key + Repr, V: Repr + Clone + 'static> Repr for Dict<K, V> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_dict(cx, self, out)
    }
}

impl<K: Key + FromPy + IntoPy + Repr, V: FromPy + IntoPy + Repr + Clone> Repr for PDict<K, V> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_dict(cx, self, out)
    }
}

impl<K: Key + Repr, V: Repr + Clone + 'static> Repr for Dict<K, V, Factory> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let name = self.maker().map_or("", |maker| maker.name);
        // A function has its address in its text.
        if name.is_empty() {
            return bail(Bail::Callback);
        }
        out.push_static("defaultdict(<class '")?;
        out.push_static(name)?;
        out.push_static("'>, ")?;
        push_dict(cx, self, out)?;
        out.push_static(")")
    }
}

impl<K: Key + FromPy + IntoPy + Repr, V: FromPy + IntoPy + Repr + Clone> Repr for PDict<K, V, Factory> {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        // The factory may be anything.
        bail(Bail::Callback)
    }
}

fn push_counter<K, V, D>(cx: Cx, counts: &D, out: &mut StrBuilder) -> R<()>
where
    K: Key + Repr,
    V: Repr + Count,
    D: DictLike<K, V>,
{
    if !dict::truth(cx, counts)? {
        return out.push_static("Counter()");
    }
    let pairs = dict::most_common(cx, counts, None)?;
    let mut items = Items::open(out, "Counter({")?;
    for i in 0..pairs.count() {
        let ((key, count), out) = (pairs.item(cx, i)?, items.next()?);
        key.push_repr(cx, out)?;
        out.push_static(": ")?;
        count.push_repr(cx, out)?;
    }
    items.close("})")
}

impl<K: Key + Repr, V: Repr + Count> Repr for Dict<K, V, Counter> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_counter(cx, self, out)
    }
}

impl<K: Key + FromPy + IntoPy + Repr, V: FromPy + IntoPy + Repr + Count> Repr for PDict<K, V, Counter> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_counter(cx, self, out)
    }
}

impl<K: Key + Repr, V: Repr + Clone + 'static> Repr for Dict<K, V, Ordered> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_ordered(cx, self, out)
    }
}

#[cfg(feature = "rare")]
impl<K: Key + FromPy + IntoPy + Repr, V: FromPy + IntoPy + Repr + Clone> Repr for dict::POrdered<K, V> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_ordered(cx, self, out)
    }
}

fn push_ordered<K: Key + Repr, V: Repr + Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    out: &mut StrBuilder,
) -> R<()> {
    if !dict::truth(cx, dict)? {
        return out.push_static("OrderedDict()");
    }
    out.push_static("OrderedDict(")?;
    if cfg!(Py_3_12) {
        push_dict(cx, dict, out)?;
    } else {
        push_list(cx, &dict::items(cx, dict)?, out)?;
    }
    out.push_static(")")
}

impl<T: Repr + Clone + 'static> Repr for Deque<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_deque(cx, self, out)
    }
}

impl<T: Repr + FromPy + IntoPy + Clone> Repr for PDeque<T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_deque(cx, self, out)
    }
}

fn push_deque<T: Repr + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, out: &mut StrBuilder) -> R<()> {
    out.push_static("deque(")?;
    push_list(cx, &deque::list(cx, deque)?, out)?;
    if let U2::B(most) = deque::maxlen(cx, deque) {
        out.push_static(", maxlen=")?;
        most.push_repr(cx, out)?;
    }
    out.push_static(")")
}

fn push_set<K, S>(cx: Cx, set: &S, frozen: bool, out: &mut StrBuilder) -> R<()>
where
    K: Key + Repr,
    S: SetLike<K>,
{
    if !set::truth(cx, set)? {
        return out.push_static(if frozen { "frozenset()" } else { "set()" });
    }
    let mut items = Items::open(out, if frozen { "frozenset({" } else { "{" })?;
    let mut cursor = set::iter(cx, set)?;
    while let Some(key) = set::next(cx, set, &mut cursor)? {
        key.push_repr(cx, items.next()?)?;
    }
    items.close(if frozen { "})" } else { "}" })
}

impl<K: Key + Repr> Repr for Set<K> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_set(cx, self, false, out)
    }
}

impl<K: Key + Repr> Repr for FrozenSet<K> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_set(cx, self, true, out)
    }
}

impl<K: Key + FromPy + IntoPy + Repr> Repr for PSet<K> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_set(cx, self, false, out)
    }
}

impl<K: Key + FromPy + IntoPy + Repr> Repr for PFrozenSet<K> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        push_set(cx, self, true, out)
    }
}
