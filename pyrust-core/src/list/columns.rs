//! `zip(*rows)`: what all rows have at the same place.

use pyo3_ffi::PyObject;

use crate::list::{self, List, ListLike, PList, RList};
use crate::py::{FromPy, IntoPy, again};
use crate::stop::R;
use crate::strs::{Chr, Str};
use crate::tuple::{self, PTuple};
use crate::txn::Cx;
use crate::union::{U2, U3};

/// What has items of one type at places.
pub trait Row<T> {
    /// How many there are now.
    fn count(&self) -> usize;
    /// The item at `place < count`.
    fn item(&self, cx: Cx, place: usize) -> R<T>;
    /// The same as an object, strong.
    fn object(&self, cx: Cx, place: usize) -> R<*mut PyObject>;
}

macro_rules! lists {
    ($($list:ident)*) => {$(
        impl<T: Clone + IntoPy + 'static> Row<T> for $list<T>
        where
            $list<T>: ListLike<T>,
        {
            #[inline(always)]
            fn count(&self) -> usize {
                ListLike::count(self)
            }

            #[inline(always)]
            fn item(&self, cx: Cx, place: usize) -> R<T> {
                ListLike::item(self, cx, place)
            }

            #[inline(always)]
            fn object(&self, cx: Cx, place: usize) -> R<*mut PyObject> {
                self.boxed(cx, place)
            }
        }
    )*};
}

lists!(List PList RList);

impl<T: FromPy> Row<T> for PTuple<T> {
    #[inline(always)]
    fn count(&self) -> usize {
        (*self).count()
    }

    #[inline(always)]
    fn item(&self, cx: Cx, place: usize) -> R<T> {
        (*self).item(cx, place)
    }

    #[inline(always)]
    fn object(&self, _: Cx, place: usize) -> R<*mut PyObject> {
        // SAFETY: The tuple keeps its items alive.
        Ok(unsafe { again(self.pointer(place)) })
    }
}

/// Tuples of native code's.
impl<T: Clone + IntoPy, const N: usize> Row<T> for [T; N] {
    #[inline(always)]
    fn count(&self) -> usize {
        N
    }

    #[inline(always)]
    fn item(&self, _: Cx, place: usize) -> R<T> {
        Ok(self[place].clone())
    }

    #[inline(always)]
    fn object(&self, cx: Cx, place: usize) -> R<*mut PyObject> {
        self[place].clone().into_py(cx)
    }
}

impl Row<Chr> for Str {
    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn item(&self, _: Cx, place: usize) -> R<Chr> {
        Ok(Chr(self.at(place)))
    }

    #[inline(always)]
    fn object(&self, cx: Cx, place: usize) -> R<*mut PyObject> {
        Chr(self.at(place)).into_py(cx)
    }
}

macro_rules! united {
    ($union:ident { $($member:ident),+ }) => {
        impl<T, $($member: Row<T>),+> Row<T> for $union<$($member),+> {
            #[inline(always)]
            fn count(&self) -> usize {
                match self {
                    $($union::$member(row) => row.count(),)+
                }
            }

            #[inline(always)]
            fn item(&self, cx: Cx, place: usize) -> R<T> {
                match self {
                    $($union::$member(row) => row.item(cx, place),)+
                }
            }

            #[inline(always)]
            fn object(&self, cx: Cx, place: usize) -> R<*mut PyObject> {
                match self {
                    $($union::$member(row) => row.object(cx, place),)+
                }
            }
        }
    };
}

united!(U2 { A, B });
united!(U3 { A, B, C });

/// What becomes of items that stand together: a tuple, or a list where nobody can tell.
pub trait Together<T>: Sized {
    /// `count` items, each as it is, or as an object.
    fn build(
        cx: Cx,
        count: usize,
        item: impl FnMut(usize) -> R<T>,
        object: impl FnMut(usize) -> R<*mut PyObject>,
    ) -> R<Self>;
    /// Of a list that nobody else has.
    fn of_list(cx: Cx, list: List<T>) -> R<Self>;
}

impl<T: Clone + FromPy + IntoPy> Together<T> for PTuple<T> {
    #[inline(always)]
    fn build(
        cx: Cx,
        count: usize,
        _: impl FnMut(usize) -> R<T>,
        object: impl FnMut(usize) -> R<*mut PyObject>,
    ) -> R<Self> {
        tuple::build(cx, count, object)
    }

    #[inline]
    fn of_list(cx: Cx, list: List<T>) -> R<Self> {
        tuple::from_list(cx, &list)
    }
}

impl<T: Clone + 'static> Together<T> for List<T>
where
    List<T>: ListLike<T>,
{
    #[inline(always)]
    fn build(
        cx: Cx,
        count: usize,
        mut item: impl FnMut(usize) -> R<T>,
        _: impl FnMut(usize) -> R<*mut PyObject>,
    ) -> R<Self> {
        let list = list::with_capacity(cx, count as i64)?;
        for at in 0..count {
            list.push(cx, item(at)?)?;
        }
        Ok(list)
    }

    #[inline(always)]
    fn of_list(_: Cx, list: List<T>) -> R<Self> {
        Ok(list)
    }
}

/// One step of `zip(*rows)`; it is asked no more after the end.
pub fn column<T, O: Together<T>, W: Row<T>>(cx: Cx, rows: &[W], at: &mut i64) -> R<Option<O>> {
    let place = *at as usize;
    if rows.is_empty() || rows.iter().any(|row| place >= row.count()) {
        return Ok(None);
    }
    *at += 1;
    O::build(cx, rows.len(), |row| rows[row].item(cx, place), |row| rows[row].object(cx, place)).map(Some)
}

/// Elements of a list, in the order of their places, which are inside.
pub fn pick<T: Clone + IntoPy + 'static, O: Together<T>>(cx: Cx, list: &List<T>, places: &[usize]) -> R<O> {
    O::build(cx, places.len(), |at| ListLike::item(list, cx, places[at]), |at| list.boxed(cx, places[at]))
}
