//! `calendar`: what its functions on plain numbers compute.

use crate::int;
use crate::stop::R;

/// `calendar.isleap(year)`.
#[inline]
pub fn isleap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// `calendar.leapdays(y1, y2)`: the leap years from `y1` up to `y2`, which is not counted.
#[inline]
pub fn leapdays(first: i64, end: i64) -> R<i64> {
    let before = |year: i64| -> R<i64> {
        let year = int::sub(year, 1)?;
        // None of these can leave 64 bits.
        Ok(year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400))
    };
    int::sub(before(end)?, before(first)?)
}
