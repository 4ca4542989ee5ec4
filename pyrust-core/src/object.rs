//! Instances of ordinary Python classes: the borrowed object, guarded by its exact class.
//!
//! Attributes are read and written where CPython keeps them: in slots, among the values of the instance, or in its
//! dict. Where that is, `place` finds out; what a write replaces goes to the journal of `boundary::attributes`.

mod above;
mod abstracts;
mod based;
mod class;
mod enums;
mod exceptions;
mod last;
mod names;
mod new;
mod order;
pub mod own;
mod place;
mod storage;

use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, Py_TYPE, PyObject, PyType_IS_GC};

pub use above::Above;
pub use abstracts::{ask_open, forget_open};
pub(crate) use abstracts::{is_abstract, is_below};
pub use based::{Inherited, opened, opened_above, opened_for};
pub(crate) use class::inherited;
pub use class::{Functions, Method, MethodKind, ObjectClass, OfObjectClass};
pub use class::{tells_its_class, wrapped};
pub(crate) use enums::asks_as_type;
pub use enums::{by_name, by_value, has_member, members, number, text, unread};
pub use exceptions::{
    Nothing, args, caught_as, caught_object, init_above, make_exception, make_plain_exception,
    raise_instance, raise_plain, text_of_exception,
};
pub use last::{set_generic_last, set_last};
pub use new::{
    ClassName, allocate, calls_new, class_value, has_no_init, is_itself, is_named, is_no_instance, of_class,
    stays_below,
};
pub use order::without_dict;
pub(crate) use order::{forget_order, leave_order, rejoin_order};
pub use own::{Checked, Field, Fields, Own, Sure};
pub use place::Attribute;
pub use storage::may_have_attributes;
pub(crate) use storage::waits;

use self::based::Derived;
use self::class::asks_for_more;
use self::enums::Stands;
use crate::boundary::attributes;
use crate::boundary::journal::{self, release};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::function::{Callable, Parts};
use crate::obj::{MOST_TUPLES, Obj};
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;
use crate::txn::seen::Seen;

/// An exact instance of the class. The transaction keeps it alive.
#[repr(transparent)]
pub struct Instance<C> {
    object: NonNull<PyObject>,
    class: PhantomData<fn() -> C>,
}

impl<C> Clone for Instance<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Instance<C> {}

impl<C> Instance<C> {
    fn of(object: NonNull<PyObject>) -> Self {
        Instance { object, class: PhantomData }
    }

    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is<D>(self, other: Instance<D>) -> bool {
        self.object == other.object
    }
}

/// An instance, whether an object stands for it or not.
pub trait AnyInstance: Copy {
    type Class: OfObjectClass;

    /// `self is other`
    fn same(self, other: Self) -> bool;

    /// `bool(self)`, of what C answers for.
    fn truth_in_c(self) -> R<bool> {
        bail(Bail::Unsupported)
    }

    /// `self == other`, of what C compares.
    fn equal_in_c(self, _: Self) -> R<bool> {
        bail(Bail::Unsupported)
    }
}

impl<C: OfObjectClass> AnyInstance for Instance<C> {
    type Class = C;

    #[inline(always)]
    fn same(self, other: Self) -> bool {
        self.is(other)
    }

    fn truth_in_c(self) -> R<bool> {
        enums::truth(self)
    }

    fn equal_in_c(self, other: Self) -> R<bool> {
        enums::equal(self.as_ptr(), other.as_ptr())
    }
}

fn class_of<I: AnyInstance>() -> &'static ObjectClass {
    <I::Class as OfObjectClass>::CLASS
}

/// `object.name`
#[inline(always)]
pub fn get<C: OfObjectClass, T: FromPy>(cx: Cx, object: Instance<C>, name: &'static Attribute) -> R<T> {
    // SAFETY: The transaction keeps the object alive, which holds the value, or its class does.
    unsafe {
        let value = match name.value_again(object.as_ptr()) {
            value if value.is_null() => name.value_first(cx, C::CLASS, object.as_ptr())?,
            value => value,
        };
        T::from_py(cx, value)
    }
}

/// [`get`] of what may be returned: the object is noted that the attribute is.
#[inline(always)]
pub fn get_seen<C: OfObjectClass, T: FromPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    seen: &mut Seen,
) -> R<T> {
    // SAFETY: As for `get`.
    unsafe {
        let value = match name.value_again(object.as_ptr()) {
            value if value.is_null() => name.value_first(cx, C::CLASS, object.as_ptr())?,
            value => value,
        };
        *seen = Seen::of(Some(value));
        T::from_py(cx, value)
    }
}

/// `object.name` behind `cached_property`, where the instance has it; else `known` is what is called for it.
pub fn cached<C: OfObjectClass, T: FromPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    known: &'static Method,
) -> R<Option<T>> {
    // SAFETY: The transaction keeps the object alive, which holds the value.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if !slot.is_null() && !(*slot).is_null() {
            return T::from_py(cx, *slot).map(Some);
        }
        known.check(cx, C::CLASS, object.as_ptr())?;
    }
    // There it has a lock, which another thread may hold while it computes the same.
    if cfg!(not(Py_3_12)) && !crate::builtins::c::alone() {
        return bail(Bail::Threads);
    }
    Ok(None)
}

/// Bails unless `object.name` is the class `D`, which the class of the object has.
pub fn inner<C: OfObjectClass, D: OfObjectClass>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
) -> R<()> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        let hidden = !slot.is_null() && !(*slot).is_null();
        let class = D::CLASS.class();
        if hidden || class.is_null() || !ptr::eq(name.of_class()?, class.cast()) {
            return bail(Bail::Guard);
        }
        Ok(())
    }
}

/// `hasattr(object, name)`
pub fn has<C: OfObjectClass>(cx: Cx, object: Instance<C>, name: &'static Attribute) -> R<bool> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if !slot.is_null() && !(*slot).is_null() {
            return Ok(true);
        }
        match name.is_shown()? {
            // A `__getattr__` that the class has got since it was compiled is asked for what is not there.
            false if asks_for_more(Py_TYPE(object.as_ptr())) => bail(Bail::Guard),
            shown => Ok(shown),
        }
    }
}

/// `object.name = value`
#[inline(always)]
pub fn set<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
) -> R<()> {
    // SAFETY: The transaction keeps the object alive; the slot is its own, and no dict's.
    unsafe {
        let slot = name.slot_to_write(object.as_ptr());
        if slot.is_null() {
            return set_first(cx, object, name, value);
        }
        cx.point()?;
        if (*slot).is_null() {
            return name.fill_again(cx, object.as_ptr(), slot, value.into_py(cx)?);
        }
        attributes::store(cx, slot, value)
    }
}

/// Where the instance has an attribute that is read and then assigned; null where that is not known yet. It stays there while
/// the transaction is open.
#[derive(Clone, Copy)]
pub struct Reached(*mut *mut PyObject);

/// Looks for the place of `object.name op= value`.
#[inline(always)]
pub fn reach<C: OfObjectClass>(object: Instance<C>, name: &'static Attribute) -> Reached {
    // SAFETY: The transaction keeps the object alive.
    Reached(unsafe { name.slot_to_write(object.as_ptr()) })
}

/// [`get`] of what was looked for.
#[inline(always)]
pub fn get_reached<C: OfObjectClass, T: FromPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    Reached(slot): Reached,
) -> R<T> {
    // SAFETY: As for `get`.
    unsafe {
        let value = match slot.is_null() || (*slot).is_null() {
            true => name.value_first(cx, C::CLASS, object.as_ptr())?,
            false => *slot,
        };
        T::from_py(cx, value)
    }
}

/// [`set`] of it.
#[inline(always)]
pub fn set_reached<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    Reached(slot): Reached,
    value: T,
) -> R<()> {
    // SAFETY: As for `set`.
    unsafe {
        if slot.is_null() || (*slot).is_null() {
            return set(cx, object, name, value);
        }
        cx.point()?;
        attributes::store(cx, slot, value)
    }
}

/// [`set`], where the place is not known yet.
#[cold]
#[inline(never)]
extern "C" fn set_first<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
) -> R<()> {
    name.is_writable(cx, C::CLASS)?;
    set_generic(cx, object, name, value)
}

/// `object.__setattr__(instance, name, value)`: whatever the class does when attributes are assigned.
#[inline]
pub fn set_generic<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
) -> R<()> {
    cx.point()?;
    // SAFETY: The transaction keeps the object alive; the slot is its own.
    unsafe {
        let known = name.slot_again(object.as_ptr());
        if !known.is_null() && (*known).is_null() {
            return name.fill_again(cx, object.as_ptr(), known, value.into_py(cx)?);
        }
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if slot.is_null() || (*slot).is_null() {
            let value = value.into_py(cx)?;
            return name.first(cx, C::CLASS, object.as_ptr(), slot, value);
        }
        // The dict of such an instance may still grow, so that no place in it is logged.
        if C::CLASS.derived().0 != Derived::Object && attributes::is_fresh(cx, object.as_ptr()) {
            let value = value.into_py(cx)?;
            return release(cx, core::mem::replace(&mut *slot, value));
        }
        if attributes::rewrites(cx, slot, &value)? {
            return Ok(());
        }
        let value = value.into_py(cx)?;
        if PyType_IS_GC(Py_TYPE(value)) != 0 {
            name.tell_collector(object.as_ptr(), value);
        }
        attributes::replace(cx, slot, value)
    }
}

/// `del object.name`
pub fn delete<C: OfObjectClass>(cx: Cx, object: Instance<C>, name: &'static Attribute) -> R<()> {
    name.is_writable(cx, C::CLASS)?;
    cx.point()?;
    // SAFETY: The transaction keeps the object alive; the slot is its own.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if slot.is_null() || (*slot).is_null() {
            return bail(Bail::Type);
        }
        name.remove(cx, object.as_ptr(), slot)
    }
}

/// Bails unless calling `object.name(…)` runs the method that was compiled.
#[inline]
pub fn method<C: OfObjectClass>(cx: Cx, object: Instance<C>, name: &'static Method) -> R<()> {
    // SAFETY: The transaction keeps the object alive.
    unsafe { name.check(cx, C::CLASS, object.as_ptr()) }
}

/// `object.name` of a method, as a value: a new object each time, as in Python.
pub fn bind<C: OfObjectClass>(cx: Cx, object: Instance<C>, name: &'static Method) -> R<Callable> {
    // SAFETY: The transaction keeps the object alive, and takes the new one.
    unsafe {
        name.check(cx, C::CLASS, object.as_ptr())?;
        Callable::bound(cx, name.function(), object.as_ptr())
    }
}

/// The instance of the class that a bound method of the function which was compiled has; none where it is another callable.
#[inline(always)]
pub fn bound<C: OfObjectClass>(cx: Cx, f: Parts, name: &'static Method) -> R<Option<Instance<C>>> {
    match name.is_another(cx, f.function) {
        true => Ok(None),
        false => bound_to(cx, f, name),
    }
}

fn bound_to<C: OfObjectClass>(cx: Cx, f: Parts, name: &'static Method) -> R<Option<Instance<C>>> {
    let Parts { function, object } = f;
    // SAFETY: The method, which the transaction keeps alive, holds both.
    unsafe {
        if object.is_null() || !Instance::<C>::matches(object) {
            return Ok(None);
        }
        name.check_class(cx, C::CLASS)?;
        match function == name.function() {
            true => Instance::from_py(cx, object).map(Some),
            false => Ok(None),
        }
    }
}

/// The same for an instance without an object: it hides nothing.
#[inline]
pub fn own_method<C: OfObjectClass>(cx: Cx, name: &'static Method) -> R<()> {
    name.check_class(cx, C::CLASS)
}

/// Bails unless `super().name` in a method of `D` is the function that was compiled, for an instance of `C`.
#[inline]
pub fn above<C: OfObjectClass, D: OfObjectClass>(cx: Cx, name: &'static Above) -> R<()> {
    name.check(cx, C::CLASS, D::CLASS)
}

/// Bails if the class has something under the name that Python would call.
#[inline]
pub fn lacks<I: AnyInstance>(cx: Cx, _: I, name: &'static Attribute) -> R<()> {
    name.is_that_of_object(cx, class_of::<I>())
}

/// `callable(object)`: what its class says.
#[inline]
pub fn is_callable(object: Obj) -> bool {
    // SAFETY: What native code holds is alive; nothing is run.
    unsafe { ffi::PyCallable_Check(object.as_ptr()) != 0 }
}

/// `id(object)` of an instance. Of one that is made here it would be for CPython to say: it may put another one where one
/// has died, which natively lives on.
#[inline]
pub fn identity(cx: Cx, object: Obj) -> R<i64> {
    // SAFETY: What native code holds is alive.
    if unsafe { attributes::may_be_fresh(cx, object.as_ptr()) } {
        return bail(Bail::Unsupported);
    }
    Ok(object.as_ptr().addr() as i64)
}

/// What `len` makes of what `__len__` gives: a negative one raises.
#[inline]
pub fn length(value: i64) -> R<i64> {
    if value < 0 { bail(Bail::Unsupported) } else { Ok(value) }
}

/// `bool(object)`, where the class says nothing of it.
#[inline]
pub fn truth<I: AnyInstance>(value: I) -> R<bool> {
    if class_of::<I>().is_always_true() { Ok(true) } else { value.truth_in_c() }
}

/// `a == b`, where that is `a is b`.
#[inline]
pub fn eq<I: AnyInstance>(_: Cx, a: I, b: I) -> R<bool> {
    let class = class_of::<I>();
    if class.compares_identity() {
        return Ok(a.same(b));
    }
    if class.stands_for() == Stands::Itself { bail(Bail::Unsupported) } else { a.equal_in_c(b) }
}

/// `a < b` of two elements.
#[inline]
pub fn less<C: OfObjectClass>(cx: Cx, a: Instance<C>, b: Instance<C>) -> R<bool> {
    if C::CLASS.is_enumeration() && C::CLASS.stands_for() != Stands::Itself {
        return Ok(enums::order(a, b)?.is_lt());
    }
    C::less(cx, a, b)
}

/// What a method says that a container has called: what it raises leaves containers as only Python knows.
#[inline]
pub fn told<T>(found: R<T>) -> R<T> {
    match found {
        Err(stop) if stop.as_exc().is_some() => bail(Bail::Unsupported),
        found => found,
    }
}

/// What an attribute gave that was looked up before a loop.
#[inline(always)]
pub fn kept<T>(found: &R<T>) -> R<&T> {
    found.as_ref().map_err(|stop| *stop)
}

/// What `hash` makes of what a `__hash__` gives.
#[inline]
pub fn hashed(found: R<i64>) -> R<isize> {
    // -1 says that something was raised.
    Ok(match told(found)? {
        -1 => -2,
        hash => hash as isize,
    })
}

/// `a != b`, where that is `a is not b`.
#[inline]
pub fn ne<I: AnyInstance>(cx: Cx, a: I, b: I) -> R<bool> {
    Ok(!eq(cx, a, b)?)
}

/// The one empty tuple, held for good.
#[inline(always)]
fn no_arguments() -> R<*mut PyObject> {
    static EMPTY: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
    let mut empty = EMPTY.load(Relaxed);
    if empty.is_null() {
        // SAFETY: The GIL is held.
        empty = fresh(unsafe { ffi::PyTuple_New(0) })?;
        EMPTY.store(empty, Relaxed);
    }
    Ok(empty)
}

/// `C.__new__(C)`: an instance without attributes, and without items.
pub fn make<C: OfObjectClass>(cx: Cx) -> R<Instance<C>> {
    cx.before_tracked();
    let class = C::CLASS.to_be_made(cx);
    if class.is_null() {
        return bail(Bail::Guard);
    }
    // SAFETY: The class was found to be one whose instances are made by a `__new__` of C's, which runs no Python
    // code; the new reference is given to the transaction.
    unsafe {
        let Some(new) = (*class).tp_new else { return bail(Bail::Guard) };
        let object = cx.adopt(new(class, no_arguments()?, ptr::null_mut()))?;
        let derived = !matches!(C::CLASS.derived().0, Derived::Object);
        attributes::register_fresh(cx, object.as_ptr(), derived);
        if C::CLASS.derived().0 == Derived::List {
            journal::register_fresh(cx, object.as_ptr())?;
        }
        Ok(Instance { object, class: PhantomData })
    }
}

/// `C()`, where neither the class nor those above it have an `__init__`.
pub fn make_empty<C: OfObjectClass>(cx: Cx) -> R<Instance<C>> {
    if C::CLASS.has_plain_init() { make(cx) } else { bail(Bail::Guard) }
}

/// The class of such instances, which is what `object` says it is.
fn known_class<I: AnyInstance>() -> R<*mut ffi::PyTypeObject> {
    let own = class_of::<I>().class();
    if own.is_null() { bail(Bail::Guard) } else { Ok(own) }
}

/// `isinstance(object, class)`
pub fn is_instance<I: AnyInstance>(cx: Cx, _: I, class: Obj) -> R<bool> {
    // SAFETY: The transaction keeps both alive.
    unsafe { crate::obj::is_derived(cx, known_class::<I>()?, class.as_ptr(), MOST_TUPLES) }
}

/// `type(object) is class`
pub fn is_class<I: AnyInstance>(_: I, class: Obj) -> R<bool> {
    // SAFETY: As above.
    unsafe { crate::obj::is_same_class(known_class::<I>()?, class.as_ptr()) }
}

/// `type(object) in classes`
pub fn is_listed<I: AnyInstance>(_: I, classes: Obj) -> R<bool> {
    // SAFETY: As above.
    unsafe { crate::obj::is_listed(known_class::<I>()?, classes.as_ptr()) }
}

/// Is the object equal to nothing of another class, as far as its own class tells?
#[inline]
pub fn differs<I: AnyInstance>(_: I) -> R<bool> {
    if class_of::<I>().compares_identity() { Ok(true) } else { bail(Bail::Unsupported) }
}

/// A global that is that class.
#[derive(Clone, Copy)]
pub struct IsObject<C>(PhantomData<fn() -> C>);

impl<C: OfObjectClass> FromPy for IsObject<C> {
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        let class = C::CLASS.class();
        if class.is_null() || !core::ptr::eq(class.cast(), object) {
            return bail(Bail::Guard);
        }
        Ok(IsObject(PhantomData))
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        core::ptr::eq(C::CLASS.class().cast(), object)
    }
}

impl<C: OfObjectClass> FromPy for Instance<C> {
    const LOOKS: bool = false;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !core::ptr::eq(ffi::Py_TYPE(object), C::CLASS.class()) {
                return bail(Bail::Type);
            }
            Ok(Instance { object: NonNull::new_unchecked(object), class: PhantomData })
        }
    }

    #[inline(always)]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { core::ptr::eq(ffi::Py_TYPE(object), C::CLASS.class()) }
    }
}

impl<C: 'static> IntoPy for Instance<C> {
    const LASTS: bool = true;

    #[inline(always)]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }

    #[inline(always)]
    unsafe fn stands_in(&self, old: *mut PyObject) -> bool {
        ptr::eq(self.as_ptr(), old)
    }
}

impl<C: OfObjectClass> ElemEq for Instance<C> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(*other) {
            return Ok(true);
        }
        match C::CLASS.is_enumeration() && C::CLASS.stands_for() != Stands::Itself {
            true => enums::equal(self.as_ptr(), other.as_ptr()),
            false => C::equal(cx, *self, *other),
        }
    }

    fn view(&self) -> View<'_> {
        View::Obj(Obj::foreign(self.object))
    }
}

impl<C: OfObjectClass> ElemOrd for Instance<C> {
    const BY_METHOD: bool = true;

    fn elem_cmp(&self, _: Cx, other: &Self) -> R<core::cmp::Ordering> {
        if C::CLASS.is_enumeration() { enums::order(*self, *other) } else { bail(Bail::Unsupported) }
    }

    #[inline]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        less(cx, *self, *other)
    }

    #[inline]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        match C::CLASS.is_enumeration() && C::CLASS.stands_for() != Stands::Itself {
            true => Ok(enums::order(*self, *other)?.is_gt()),
            false => C::greater(cx, *self, *other),
        }
    }
}

impl<C: OfObjectClass> Key for Instance<C> {
    type Stored = Self;

    const HASHED: bool = C::HASHED;

    #[inline(always)]
    fn is_hooked() -> bool {
        C::HASHED || (C::CLASS.is_enumeration() && C::CLASS.stands_for() == Stands::Itself)
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        Ok(self.py_hash(cx)? as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        if C::HASHED {
            return C::hash(cx, *self);
        }
        if C::CLASS.is_enumeration() {
            return enums::hash(cx, *self);
        }
        if !C::CLASS.compares_identity() {
            return bail(Bail::Unsupported);
        }
        // CPython's hash of an address: rotated, since objects are 16 bytes apart.
        Ok((self.as_ptr() as usize).rotate_right(4) as isize)
    }

    #[inline(always)]
    fn is_object(&self, object: *mut PyObject) -> bool {
        C::HASHED && core::ptr::eq(self.as_ptr(), object)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        if core::ptr::eq(self.as_ptr(), object) {
            return Ok(true);
        }
        // SAFETY: By the caller.
        let matches = unsafe { Self::matches(object) };
        if matches && C::HASHED {
            // What is there is asked about what is looked for.
            // SAFETY: By the caller.
            return C::equal(cx, unsafe { Self::from_py(cx, object)? }, *self);
        }
        if matches && C::CLASS.compares_identity() {
            return Ok(false);
        }
        match matches && C::CLASS.stands_for() != Stands::Itself {
            true => enums::equal(self.as_ptr(), object),
            false => bail(Bail::Unsupported),
        }
    }
}

impl<C: OfObjectClass> Repr for Instance<C> {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        bail(Bail::Unsupported)
    }
}
