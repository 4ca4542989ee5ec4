//! Comparison inside containers.
//!
//! [`ElemEq`] is what `in`, `index`, `==` of containers ask: identical or equal.  Numbers here carry no
//! identity, so two NaNs bail.  [`ElemOrd`] orders, [`Key`] hashes.  Values of different members of a union are
//! compared through [`View`], by Python's rules across types.

mod compound;
mod hash;
mod number;
mod other;
mod text;
mod view;

pub use hash::{hash_float, hash_int};
#[cfg(feature = "rare")]
pub(crate) use number::number_eq;
pub use other::differs_plainly;
pub use view::{Items, View, int_eq_float, view_cmp, view_eq};

use core::cmp::Ordering;

use pyo3_ffi::PyObject;

use crate::stop::R;
use crate::txn::Cx;

/// Identical or equal.
pub trait ElemEq {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool>;
    fn view(&self) -> View<'_>;
}

/// The order of sorting.  NaN bails; what Python does not order raises TypeError.
pub trait ElemOrd: ElemEq {
    /// [`ElemOrd::plain_less`] is an instruction or two: asking more often costs less than a branch that nobody can foresee.
    const IS_QUICK: bool = false;

    /// Compiled methods order it, or what is inside of it: there is more than one order, and no [`ElemOrd::elem_cmp`].
    const BY_METHOD: bool = false;

    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering>;

    /// `self < other`, which is all that sorting and heaps ask.
    #[inline(always)]
    fn elem_less(&self, cx: Cx, other: &Self) -> R<bool> {
        Ok(self.elem_cmp(cx, other)?.is_lt())
    }

    /// `self > other`, which `max` asks.
    #[inline(always)]
    fn elem_greater(&self, cx: Cx, other: &Self) -> R<bool> {
        Ok(self.elem_cmp(cx, other)?.is_gt())
    }

    /// As an item of a sequence: equal items are passed over, whatever their type.
    #[inline]
    fn item_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        if self.elem_eq(cx, other)? { Ok(Ordering::Equal) } else { self.elem_cmp(cx, other) }
    }

    /// Values of which the order is total and the comparison cannot stop: sorted by the standard library.
    /// Says whether `items` are all of that kind.
    #[inline]
    fn is_plain_order<'a>(_items: impl Iterator<Item = &'a Self> + Clone) -> bool
    where
        Self: Sized + 'a,
    {
        false
    }

    /// What it is ordered by, if that is bytes.
    #[inline(always)]
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    /// `self < other` among values for which [`ElemOrd::is_plain_order`] holds.
    #[inline(always)]
    fn plain_less(&self, cx: Cx, other: &Self) -> bool {
        matches!(self.elem_cmp(cx, other), Ok(Ordering::Less))
    }
}

/// A key as a table keeps it: what is asked for again and again should be small.
pub trait Stored<K>: 'static {
    fn of(key: K) -> Self;
    /// Another handle of the key.
    fn key(&self) -> K;
    fn into_key(self) -> K;
    /// Is it that key, or an equal one?
    fn is_key(&self, cx: Cx, key: &K) -> R<bool>;
    /// The same key once more.
    fn again(&self) -> Self;
    /// Are both the same key, or equal ones?
    fn is_same(&self, cx: Cx, other: &Self) -> R<bool>;
    /// Does [`Stored::lies_at`] know?
    const LIES: bool = false;
    /// Is it the object at this address, which is not 0? Where that is not known: no.
    #[inline(always)]
    fn lies_at(&self, _address: usize) -> bool {
        false
    }
    /// Says that the key is going to be looked at, where that is somewhere else.
    #[inline(always)]
    fn fetch(&self) {}
}

impl<K: ElemEq + Clone + 'static> Stored<K> for K {
    #[inline(always)]
    fn of(key: K) -> K {
        key
    }

    #[inline(always)]
    fn key(&self) -> K {
        self.clone()
    }

    #[inline(always)]
    fn into_key(self) -> K {
        self
    }

    #[inline(always)]
    fn is_key(&self, cx: Cx, key: &K) -> R<bool> {
        self.elem_eq(cx, key)
    }

    #[inline(always)]
    fn again(&self) -> K {
        self.clone()
    }

    #[inline(always)]
    fn is_same(&self, cx: Cx, other: &K) -> R<bool> {
        self.elem_eq(cx, other)
    }
}

/// A key of a dict.
pub trait Key: ElemEq + Clone + 'static {
    /// What tables keep of it.
    type Stored: Stored<Self>;
    /// A hash for native tables: equal for equal values of this type.
    fn fast_hash(&self, cx: Cx) -> R<u64>;
    /// Compiled methods hash and compare it.
    const HASHED: bool = false;

    /// Does Python run code of its own to hash or compare it? Then it goes to Python with its hash.
    #[inline(always)]
    fn is_hooked() -> bool {
        false
    }

    /// `hash(self)`.
    fn py_hash(&self, cx: Cx) -> R<isize>;
    /// Does [`Key::py_hash`] take next to nothing?
    #[inline]
    fn knows_hash(&self) -> bool {
        false
    }
    /// Tells keys apart that are costly to hash: where it is, unless that is no use (0).
    #[inline(always)]
    fn address(&self) -> usize {
        0
    }

    /// Is it known without a look at the object that this is the key itself?
    #[inline(always)]
    fn is_object(&self, _object: *mut PyObject) -> bool {
        false
    }

    /// Is the object, whose hash is the same, an equal key?  Bails before any comparison that is not between
    /// exact builtins.
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool>;
}
