//! Dicts of Python's as elements of containers that are compared.

use super::PDict;
use crate::dict::{DictLike, Kind};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

impl<K, V, M> ElemEq for PDict<K, V, M>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone + ElemEq,
    M: Kind,
{
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        let same = self.is(other) || crate::dict::eq(cx, self, other)?;
        if same || M::ENTRIES_DECIDE { Ok(same) } else { bail(Bail::Unsupported) }
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<K, V, M> ElemOrd for PDict<K, V, M>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone + ElemEq,
    M: Kind,
{
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        exc(Exc::TypeError)
    }
}
