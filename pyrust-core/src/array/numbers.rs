//! `a[i] = x, y, z`: a row that is written down, number by number.

use super::whole::{Parts, part1};
use super::{Array, Dtype, Stored, len};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Numbers that become `K` elements.
pub trait Numbers<T, const K: usize> {
    fn numbers(self) -> R<[T; K]>;
}

macro_rules! numbers {
    ($($count:literal: $($name:ident $at:tt),+;)+) => { $(
        impl<T, $($name: Stored<T>),+> Numbers<T, $count> for ($($name,)+) {
            #[inline(always)]
            fn numbers(self) -> R<[T; $count]> {
                Ok([$(self.$at.stored()?),+])
            }
        }
    )+ };
}

numbers! {
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// `a[i] = x, y, z`. What NumPy would spread or refuse bails.
#[inline]
pub fn numbers_part<T: Dtype, P: Parts, V: Numbers<T, K>, const N: usize, const K: usize>(
    cx: Cx,
    a: Array<T, N>,
    parts: P,
    values: V,
) -> R<()> {
    let row = part1(a, parts)?;
    if len(row) != K as i64 {
        return bail(Bail::Unsupported);
    }
    for (at, value) in values.numbers()?.into_iter().enumerate() {
        row.keep(cx, at as i64, value)?;
    }
    Ok(())
}
