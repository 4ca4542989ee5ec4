//! Tuples and unions.

use core::cmp::Ordering;

use pyo3_ffi::PyObject;

use crate::boundary::layout;
use crate::elem::hash::TupleHash;
use crate::elem::other::differs_plainly;
use crate::elem::{ElemEq, ElemOrd, Items, Key, View, view_cmp, view_eq};
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::tuple::PTuple;
use crate::txn::Cx;
use crate::union::{U2, U3, U4, U5, U6, U7, U8, each_union};

impl<T: FromPy + ElemEq> Items for PTuple<T> {
    fn count(&self) -> usize {
        PTuple::count(self)
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        show(self.item(cx, index)?.view())
    }
}

impl<T: FromPy + ElemEq> ElemEq for PTuple<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        let (count, others) = (PTuple::count(self), PTuple::count(other));
        // Unlike lists, tuples of different lengths are compared item by item.
        for index in 0..count.min(others) {
            let same = core::ptr::eq(self.pointer(index), other.pointer(index));
            if !same && !self.item(cx, index)?.elem_eq(cx, &other.item(cx, index)?)? {
                return Ok(false);
            }
        }
        Ok(count == others)
    }

    fn view(&self) -> View<'_> {
        View::Tuple(self)
    }
}

impl<T: FromPy + ElemOrd> ElemOrd for PTuple<T> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        let (count, others) = (PTuple::count(self), PTuple::count(other));
        for index in 0..count.min(others) {
            if core::ptr::eq(self.pointer(index), other.pointer(index)) {
                continue;
            }
            let order = self.item(cx, index)?.item_cmp(cx, &other.item(cx, index)?)?;
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(count.cmp(&others))
    }
}

impl<T: FromPy + Key> Key for PTuple<T> {
    type Stored = Self;

    const HASHED: bool = T::HASHED;

    #[inline(always)]
    fn is_hooked() -> bool {
        T::is_hooked()
    }

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.py_hash(cx).map(|hash| hash as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        let mut hash = TupleHash::new();
        let count = PTuple::count(self);
        for index in 0..count {
            hash.add(self.item(cx, index)?.py_hash(cx)?);
        }
        Ok(hash.finish(count))
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.as_ptr(), object) {
                return Ok(true);
            }
            if !layout::is_tuple(object) {
                return differs_plainly(object, false, false);
            }
            let count = PTuple::count(self);
            if layout::var_size(object) != count {
                return Ok(false);
            }
            for index in 0..count {
                let other = *layout::tuple_items(object).add(index);
                if !self.item(cx, index)?.eq_object(cx, other)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: ElemEq),+> Items for ($($item,)+) {
            fn count(&self) -> usize {
                $count
            }

            fn with(&self, _: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
                match index {
                    $($index => show(self.$index.view()),)+
                    _ => bail(Bail::Panic),
                }
            }
        }

        impl<$($item: ElemEq),+> ElemEq for ($($item,)+) {
            #[inline]
            #[allow(clippy::needless_question_mark, reason = "needed from two items on")]
            fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
                Ok($(self.$index.elem_eq(cx, &other.$index)?)&&+)
            }

            fn view(&self) -> View<'_> {
                View::Tuple(self)
            }
        }

        impl<$($item: ElemOrd),+> ElemOrd for ($($item,)+) {
            const IS_QUICK: bool = $count <= 3 && $($item::IS_QUICK)&&+;
            const BY_METHOD: bool = $($item::BY_METHOD)||+;

            #[inline]
            fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
                $(
                    let order = self.$index.item_cmp(cx, &other.$index)?;
                    if order.is_ne() {
                        return Ok(order);
                    }
                )+
                Ok(Ordering::Equal)
            }

            // The first items that are not equal decide, by that very operator.
            #[inline(always)]
            fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
                if !Self::BY_METHOD {
                    return Ok(self.elem_cmp(cx, other)?.is_lt());
                }
                $(
                    if !self.$index.elem_eq(cx, &other.$index)? {
                        return self.$index.elem_less(cx, &other.$index);
                    }
                )+
                Ok(false)
            }

            #[inline(always)]
            fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
                if !Self::BY_METHOD {
                    return Ok(self.elem_cmp(cx, other)?.is_gt());
                }
                $(
                    if !self.$index.elem_eq(cx, &other.$index)? {
                        return self.$index.elem_greater(cx, &other.$index);
                    }
                )+
                Ok(false)
            }

            #[inline]
            fn is_plain_order<'a>(items: impl Iterator<Item = &'a Self> + Clone) -> bool
            where
                Self: 'a,
            {
                // Place by place, all items of one together: each may be plain, and two of them not comparable.
                $($item::is_plain_order(items.clone().map(|item| &item.$index)))&&+
            }

            #[inline(always)]
            fn plain_less(&self, cx: Cx, other: &Self) -> bool {
                if !Self::IS_QUICK {
                    return matches!(self.elem_cmp(cx, other), Ok(Ordering::Less));
                }
                // Without branches: what decides is the first item that is less or greater.
                let mut order = (false, true);
                $(
                    let less = self.$index.plain_less(cx, &other.$index);
                    let greater = other.$index.plain_less(cx, &self.$index);
                    order = (order.0 | (order.1 & less), order.1 & !greater);
                )+
                order.0
            }
        }

        impl<$($item: Key),+> Key for ($($item,)+) {
            type Stored = Self;

            const HASHED: bool = $($item::HASHED)||+;

            #[inline(always)]
            fn is_hooked() -> bool {
                $($item::is_hooked())||+
            }

            #[inline]
            fn fast_hash(&self, cx: Cx) -> R<u64> {
                if Self::HASHED {
                    return Ok(self.py_hash(cx)? as u64);
                }
                let mut hash = 0_u64;
                $(
                    hash = (hash.rotate_left(5) ^ self.$index.fast_hash(cx)?).wrapping_mul(0x517c_c1b7_2722_0a95);
                )+
                Ok(hash)
            }

            fn py_hash(&self, cx: Cx) -> R<isize> {
                let mut hash = TupleHash::new();
                $(hash.add(self.$index.py_hash(cx)?);)+
                Ok(hash.finish($count))
            }

            #[allow(clippy::needless_question_mark, reason = "needed from two items on")]
            unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
                // SAFETY: By the caller; a tuple keeps its items alive.
                unsafe {
                    if !layout::is_tuple(object) {
                        return differs_plainly(object, false, false);
                    }
                    if layout::var_size(object) != $count {
                        return Ok(false);
                    }
                    let items = layout::tuple_items(object);
                    Ok($(self.$index.eq_object(cx, *items.add($index))?)&&+)
                }
            }
        }
    )+};
}

every_tuple!(shapes);

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => {$(
        impl<$($member: ElemEq),+> ElemEq for $union<$($member),+> {
            #[inline]
            fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
                match (self, other) {
                    $(($union::$member(a), $union::$member(b)) => a.elem_eq(cx, b),)+
                    (a, b) => view_eq(cx, a.view(), b.view()),
                }
            }

            fn view(&self) -> View<'_> {
                match self {
                    $($union::$member(value) => value.view(),)+
                }
            }
        }

        impl<$($member: ElemOrd),+> ElemOrd for $union<$($member),+> {
            #[inline]
            fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
                match (self, other) {
                    $(($union::$member(a), $union::$member(b)) => a.elem_cmp(cx, b),)+
                    (a, b) => view_cmp(cx, a.view(), b.view()),
                }
            }

            // Where all are of one member: often a call has met one type only.
            fn is_plain_order<'a>(items: impl Iterator<Item = &'a Self> + Clone) -> bool
            where
                Self: 'a,
            {
                let Some(first) = items.clone().next() else { return true };
                match first {
                    $($union::$member(_) => {
                        items.clone().all(|item| matches!(item, $union::$member(_)))
                            && $member::is_plain_order(items.filter_map(|item| match item {
                                $union::$member(item) => Some(item),
                                _ => None,
                            }))
                    })+
                }
            }

            #[inline]
            fn plain_less(&self, cx: Cx, other: &Self) -> bool {
                match (self, other) {
                    $(($union::$member(a), $union::$member(b)) => a.plain_less(cx, b),)+
                    (a, b) => matches!(a.elem_cmp(cx, b), Ok(Ordering::Less)),
                }
            }
        }

        impl<$($member: Key),+> Key for $union<$($member),+> {
            type Stored = Self;

            const HASHED: bool = $($member::HASHED)||+;

            #[inline(always)]
            fn is_hooked() -> bool {
                $($member::is_hooked())||+
            }

            // Equal values of different members have the same Python hash, nothing else.
            #[inline]
            fn fast_hash(&self, cx: Cx) -> R<u64> {
                self.py_hash(cx).map(|hash| hash as u64)
            }

            fn py_hash(&self, cx: Cx) -> R<isize> {
                match self {
                    $($union::$member(value) => value.py_hash(cx),)+
                }
            }

            #[inline]
            fn address(&self) -> usize {
                match self {
                    $($union::$member(value) => value.address(),)+
                }
            }

            #[inline]
            fn is_object(&self, object: *mut PyObject) -> bool {
                match self {
                    $($union::$member(value) => value.is_object(object),)+
                }
            }

            unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => value.eq_object(cx, object),)+
                    }
                }
            }
        }
    )+};
}

each_union!(unions);
