//! Instances of classes that `collections.namedtuple` or `typing.NamedTuple` made: the fields unboxed, and the object,
//! which goes out again as itself.

mod class;
mod row;

use core::any::Any;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

pub use class::NamedClass;
pub use row::NamedRow;

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View, differs_plainly};
use crate::fmt::Repr;
use crate::obj::Obj;
use crate::object::Method;
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// The type that stands for one class in generated text.
pub trait OfClass: Copy + 'static {
    /// What the text of the program says of it, checked when it is used.
    const CLASS: &'static NamedClass;

    /// It has an `__eq__` of its own.
    const COMPARES: bool = false;

    /// It has a method of its own that orders.
    const ORDERS: bool = false;

    /// One of those is `__lt__`.
    const LESS: bool = false;

    /// One of those is `__gt__`.
    const GREATER: bool = false;

    /// It has a `__hash__` of its own, or none.
    const HASHES: bool = false;

    /// A compiled `__hash__` stands behind it.
    const HASHED: bool = false;

    /// `a == b` of two that are not the same, where a compiled `__eq__` stands behind it for fields of these types.
    fn equal<T: Fields>(_: Cx, _: &Named<Self, T>, _: &Named<Self, T>) -> R<bool> {
        bail(Bail::Callback)
    }

    /// `a < b`, by a compiled `__lt__`.
    fn less<T: Fields>(_: Cx, _: &Named<Self, T>, _: &Named<Self, T>) -> R<bool> {
        bail(Bail::Callback)
    }

    /// `a > b`, by a compiled `__gt__`.
    fn greater<T: Fields>(_: Cx, _: &Named<Self, T>, _: &Named<Self, T>) -> R<bool> {
        bail(Bail::Callback)
    }

    /// `hash(a)`, by a compiled `__hash__`.
    fn hash<T: Fields>(_: Cx, _: &Named<Self, T>) -> R<isize> {
        bail(Bail::Callback)
    }
}

/// A Rust tuple whose items are those of a tuple object.
pub trait Fields: Clone + 'static {
    /// How many.
    const COUNT: usize;

    /// Reads the items.
    ///
    /// # Safety
    /// `object` is alive, as for [`FromPy`], and has that many items.
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self>;

    /// As [`FromPy::matches`].
    ///
    /// # Safety
    /// As [`Fields::read`].
    unsafe fn matching(object: *mut PyObject) -> bool;

    /// Fills an object that has just been made.
    ///
    /// # Safety
    /// `object` has that many items, all of them null.
    unsafe fn fill(self, cx: Cx, object: *mut PyObject) -> R<()>;

    /// Hands out the `repr` of each item.
    fn reprs(
        &self,
        cx: Cx,
        out: &mut StrBuilder,
        before: &mut dyn FnMut(usize, &mut StrBuilder) -> R<()>,
    ) -> R<()>
    where
        Self: Repr;
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: FromPy + IntoPy + Clone + Repr),+> Fields for ($($item,)+) {
            const COUNT: usize = $count;

            #[inline]
            unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
                // SAFETY: By the caller; the object keeps its items alive.
                unsafe {
                    let items = layout::tuple_items(object);
                    Ok(($($item::from_py(cx, *items.add($index))?,)+))
                }
            }

            #[inline]
            unsafe fn matching(object: *mut PyObject) -> bool {
                // SAFETY: By the caller; the object keeps its items alive.
                unsafe {
                    let items = layout::tuple_items(object);
                    $($item::matches(*items.add($index)))&&+
                }
            }

            #[inline]
            unsafe fn fill(self, cx: Cx, object: *mut PyObject) -> R<()> {
                // SAFETY: By the caller; each free slot takes a new reference.
                unsafe {
                    let items = layout::tuple_items(object);
                    $(*items.add($index) = self.$index.into_py(cx)?;)+
                }
                Ok(())
            }

            fn reprs(
                &self,
                cx: Cx,
                out: &mut StrBuilder,
                before: &mut dyn FnMut(usize, &mut StrBuilder) -> R<()>,
            ) -> R<()> {
                $(
                    before($index, out)?;
                    self.$index.push_repr(cx, out)?;
                )+
                Ok(())
            }
        }
    )+};
}

crate::every_tuple!(shapes);

/// See the module. Fields are read through the tuple of values: `named.0`.
pub struct Named<C, T> {
    items: T,
    /// Kept alive by the transaction.
    object: NonNull<PyObject>,
    class: PhantomData<fn() -> C>,
}

impl<C, T: Clone> Clone for Named<C, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Named { items: self.items.clone(), object: self.object, class: PhantomData }
    }
}

impl<C, T: Copy> Copy for Named<C, T> {}

impl<C, T> Deref for Named<C, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.items
    }
}

impl<C, T> Named<C, T> {
    /// The items alone.
    #[inline(always)]
    pub fn items(self) -> T {
        self.items
    }

    /// The object alone.
    #[inline(always)]
    pub fn row(self) -> NamedRow<C, T> {
        NamedRow::of(self.object)
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is(&self, other: &impl OfNamed) -> bool {
        self.object == other.object()
    }
}

/// An instance of such a class, with its fields or without.
pub trait OfNamed {
    /// The type that stands for its class.
    type Class;

    /// Kept alive by the transaction.
    fn object(&self) -> NonNull<PyObject>;
}

impl<C, T> OfNamed for Named<C, T> {
    type Class = C;

    #[inline(always)]
    fn object(&self) -> NonNull<PyObject> {
        self.object
    }
}

/// Makes an object of the class, kept by the transaction.
fn make<C: OfClass, T: Fields>(cx: Cx, class: *mut PyTypeObject, items: T) -> R<Named<C, T>> {
    cx.before_tracked();
    // SAFETY: The class was found to be one whose instances are made by the generic function, which leaves the items
    // null; an object that is dropped half-way frees what it has.
    unsafe {
        let Some(alloc) = (*class).tp_alloc else { return bail(Bail::Guard) };
        let object = fresh(alloc(class, T::COUNT as ffi::Py_ssize_t))?;
        if let Err(stop) = items.clone().fill(cx, object) {
            ffi::Py_DECREF(object);
            return Err(stop);
        }
        Ok(Named { items, object: cx.adopt(object)?, class: PhantomData })
    }
}

/// `class(a, b, …)`, with all fields given.
pub fn new<C: OfClass, T: Fields>(cx: Cx, items: T) -> R<Named<C, T>> {
    match C::CLASS.constructor() {
        Some(made) => make(cx, made.class, items),
        None => bail(Bail::Guard),
    }
}

/// `value._replace(…)`, with all fields given.
pub fn replaced<C: OfClass, T: Fields>(cx: Cx, items: T) -> R<Named<C, T>> {
    match C::CLASS.with_method("_replace") {
        Some(class) => make(cx, class, items),
        None => bail(Bail::Guard),
    }
}

/// `class._make(…)` of as many items as there are fields.
pub fn made<C: OfClass, T: Fields>(cx: Cx, items: T) -> R<Named<C, T>> {
    match C::CLASS.with_method("_make") {
        Some(class) => make(cx, class, items),
        None => bail(Bail::Guard),
    }
}

/// Bails unless `class._fields` are the names of the fields.
pub fn has_names<C: OfClass>(_: Cx) -> R<()> {
    if C::CLASS.has_names() { Ok(()) } else { bail(Bail::Guard) }
}

/// The same of `value._fields`, which an attribute of the value could hide.
pub fn shows_names<C: OfClass>(cx: Cx, value: &impl OfNamed<Class = C>) -> R<()> {
    // SAFETY: The transaction keeps the object alive.
    if unsafe { crate::object::may_have_attributes(value.object().as_ptr()) } {
        return bail(Bail::Guard);
    }
    has_names::<C>(cx)
}

/// Bails unless `value._asdict()` is what `namedtuple` made.
pub fn has_asdict<C: OfClass>(_: Cx) -> R<()> {
    if C::CLASS.with_method("_asdict").is_some() { Ok(()) } else { bail(Bail::Guard) }
}

/// Bails unless the class has the method that was compiled.
#[inline]
pub fn method<C: OfClass>(cx: Cx, value: &impl OfNamed<Class = C>, method: &'static Method) -> R<()> {
    let class = C::CLASS.class();
    if class.is_null() {
        return bail(Bail::Guard);
    }
    // SAFETY: The transaction keeps the object alive, which is an instance of the class, or was when it was read.
    unsafe { method.check_only(cx, class, value.object().as_ptr()) }
}

/// The same without an instance, of a method that none hides.
#[inline]
pub fn own_method<C: OfClass>(cx: Cx, method: &'static Method) -> R<()> {
    let class = C::CLASS.class();
    if class.is_null() {
        return bail(Bail::Guard);
    }
    // SAFETY: The class is held for good.
    unsafe { method.check_class_only(cx, class) }
}

/// The value, if that is its type.
#[inline(always)]
pub fn exactly<C: OfClass, T: Fields, N: Clone + 'static>(value: &Named<C, T>) -> Option<N> {
    (value as &dyn Any).downcast_ref::<N>().cloned()
}

/// The default that field `index` has now.
pub fn default<C: OfClass, T: FromPy>(cx: Cx, index: usize) -> R<T> {
    let Some(made) = C::CLASS.constructor() else { return bail(Bail::Guard) };
    // SAFETY: The function is alive as long as its class is; defaults are a tuple or null, and belong to the last
    // parameters.
    unsafe {
        let defaults = ffi::PyFunction_GetDefaults(made.function);
        if defaults.is_null() {
            return bail(Bail::Guard);
        }
        let count = layout::var_size(defaults);
        match (index + count).checked_sub(C::CLASS.fields.len()) {
            Some(at) if at < count => T::from_py(cx, *layout::tuple_items(defaults).add(at)),
            _ => bail(Bail::Guard),
        }
    }
}

/// The same object, its fields as values of other types.
pub fn retyped<C: OfClass, U: Fields>(cx: Cx, value: &impl OfNamed) -> R<Named<C, U>> {
    let object = value.object();
    // SAFETY: The transaction keeps the object alive; it has as many items as its class has fields.
    unsafe { Ok(Named { items: U::read(cx, object.as_ptr())?, object, class: PhantomData }) }
}

/// A global that is that class.
#[derive(Clone, Copy)]
pub struct IsClass<C>(PhantomData<fn() -> C>);

impl<C: OfClass> FromPy for IsClass<C> {
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        let class = C::CLASS.class();
        if class.is_null() || !core::ptr::eq(class.cast(), object) {
            return bail(Bail::Guard);
        }
        Ok(IsClass(PhantomData))
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        core::ptr::eq(C::CLASS.class().cast(), object)
    }
}

impl<C: OfClass, T: Fields> FromPy for Named<C, T> {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !is_instance::<C, T>(object) {
                return bail(Bail::Type);
            }
            let items = T::read(cx, object)?;
            Ok(Named { items, object: NonNull::new_unchecked(object), class: PhantomData })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { is_instance::<C, T>(object) && T::matching(object) }
    }
}

/// Is the object one of exactly that class, with as many items?
#[inline]
unsafe fn is_instance<C: OfClass, T: Fields>(object: *mut PyObject) -> bool {
    let class = C::CLASS.class();
    // SAFETY: By the caller. Instances of the class are tuples.
    unsafe {
        !class.is_null() && core::ptr::eq(ffi::Py_TYPE(object), class) && layout::var_size(object) == T::COUNT
    }
}

impl<C: 'static, T> IntoPy for Named<C, T> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<C: OfClass, T: Fields + ElemEq> ElemEq for Named<C, T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.object == other.object {
            return Ok(true);
        }
        if C::COMPARES { C::equal(cx, self, other) } else { self.items.elem_eq(cx, &other.items) }
    }

    fn view(&self) -> View<'_> {
        if C::COMPARES { View::Obj(Obj::foreign(self.object)) } else { self.items.view() }
    }
}

impl<C: OfClass, T: Fields + ElemOrd> ElemOrd for Named<C, T> {
    const BY_METHOD: bool = C::COMPARES || C::ORDERS || T::BY_METHOD;

    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<core::cmp::Ordering> {
        if C::COMPARES || C::ORDERS {
            return bail(Bail::Callback);
        }
        self.items.elem_cmp(cx, &other.items)
    }

    // What the class has not, tuples have, which do not ask `__eq__` of the class.
    #[inline]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        if C::LESS { C::less(cx, self, other) } else { self.items.elem_less(cx, &other.items) }
    }

    #[inline]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        if C::GREATER { C::greater(cx, self, other) } else { self.items.elem_greater(cx, &other.items) }
    }
}

impl<C: OfClass, T: Fields + Key> Key for Named<C, T> {
    type Stored = Self;

    const HASHED: bool = if C::HASHES { C::HASHED } else { T::HASHED };

    #[inline(always)]
    fn is_hooked() -> bool {
        if C::HASHES { C::HASHED } else { T::is_hooked() }
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        if C::HASHES {
            return Ok(C::hash(cx, self)? as u64);
        }
        self.items.fast_hash(cx)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        if C::HASHES {
            return C::hash(cx, self);
        }
        self.items.py_hash(cx)
    }

    #[inline(always)]
    fn is_object(&self, object: *mut PyObject) -> bool {
        Self::HASHED && core::ptr::eq(self.object.as_ptr(), object)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.object.as_ptr(), object) {
                return Ok(true);
            }
            if C::COMPARES {
                // What is there is asked about what is looked for.
                return C::equal(cx, &Self::from_py(cx, object)?, self);
            }
            if layout::is_tuple(object) {
                return self.items.eq_object(cx, object);
            }
            if !is_instance::<C, T>(object) {
                return differs_plainly(object, false, false);
            }
            let other = T::read(cx, object)?;
            if Self::HASHED { other.elem_eq(cx, &self.items) } else { self.items.elem_eq(cx, &other) }
        }
    }
}

impl<C: OfClass, T: Fields + Repr> Repr for Named<C, T> {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        let Some(class) = C::CLASS.with_method("__repr__").filter(|c| class::is_shown_plainly(*c)) else {
            return bail(Bail::Guard);
        };
        out.push_str(&class::name(cx, class)?)?;
        let fields = C::CLASS.fields;
        self.items.reprs(cx, out, &mut |index, out| {
            out.push_static(if index == 0 { "(" } else { ", " })?;
            out.push_static(fields[index])?;
            out.push_static("=")
        })?;
        out.push_static(")")
    }
}
