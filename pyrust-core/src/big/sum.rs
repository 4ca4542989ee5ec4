//! `sum()` and `math.prod()` whose results may leave 64 bits.

use super::{Big, add, mul, of};
use crate::list::ListLike;
use crate::stop::R;
use crate::txn::Cx;

/// `sum(…)` of ints.
pub struct SumBig(Big);

impl SumBig {
    /// `sum(…, start)`.
    pub fn new(start: Big) -> SumBig {
        SumBig(start)
    }

    /// The next item.
    #[inline]
    pub fn add(&mut self, cx: Cx, item: &Big) -> R<()> {
        self.0 = add(cx, &self.0, item)?;
        Ok(())
    }

    /// The sum.
    pub fn finish(self) -> Big {
        self.0
    }
}

/// `math.prod(xs)` of small ints.
pub fn prod_ints<L: ListLike<i64>>(cx: Cx, list: &L) -> R<Big> {
    prod_ints_from(cx, list, &of(1))
}

/// `math.prod(xs, start=…)` of small ints.
pub fn prod_ints_from<L: ListLike<i64>>(cx: Cx, list: &L, start: &Big) -> R<Big> {
    let (mut all, mut at) = (start.clone(), 0);
    while let Some(item) = crate::list::next(cx, list, &mut at)? {
        all = mul(cx, &all, &of(item))?;
    }
    Ok(all)
}

/// `math.prod(xs)`.
pub fn prod<L: ListLike<Big>>(cx: Cx, list: &L) -> R<Big> {
    prod_from(cx, list, &of(1))
}

/// `math.prod(xs, start=…)`.
pub fn prod_from<L: ListLike<Big>>(cx: Cx, list: &L, start: &Big) -> R<Big> {
    let (mut all, mut at) = (start.clone(), 0);
    while let Some(item) = crate::list::next(cx, list, &mut at)? {
        all = mul(cx, &all, &item)?;
    }
    Ok(all)
}
