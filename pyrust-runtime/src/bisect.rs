//! `bisect`: the search; what it compares is generated.

use crate::stop::{Exc, R, exc};

/// The first place between `low` and `high` from which on `goes_before` holds. `len` is where `high` is not given, for
/// which CPython takes -1 as well.
#[inline]
pub fn search(low: i64, high: Option<i64>, len: i64, mut goes_before: impl FnMut(i64) -> R<bool>) -> R<i64> {
    if low < 0 {
        return exc(Exc::ValueError);
    }
    let (mut low, mut high) = (low, high.filter(|high| *high != -1).unwrap_or(len));
    while low < high {
        let middle = ((low as u64 + high as u64) / 2) as i64;
        if goes_before(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
