//! `math.fsum`: the exact sum, rounded once.

use crate::builtins::ProdState;
use crate::list::ListLike;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use crate::union::U2;

/// `math.fsum(items)`.
pub fn fsum<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    let mut sum = Fsum::new();
    for i in 0..items.count() {
        sum.add(items.item(cx, i)?)?;
    }
    sum.finish()
}

/// `math.fsum(items)` of ints and floats.
pub fn fsum_numbers<L: ListLike<U2<i64, f64>>>(cx: Cx, items: &L) -> R<f64> {
    let mut sum = Fsum::new();
    for i in 0..items.count() {
        sum.add(match items.item(cx, i)? {
            U2::A(x) => crate::int::to_float(x),
            U2::B(x) => x,
        })?;
    }
    sum.finish()
}

/// More partial sums than this do not occur in practice; beyond, Python does the work.
const PARTIALS: usize = 128;

/// The running state of `math.fsum`: Shewchuk's non-overlapping partial sums, smallest first, as in
/// CPython's `math_fsum`.
pub struct Fsum {
    partials: [f64; PARTIALS],
    used: usize,
    special: f64,
    infinite: f64,
}

impl Default for Fsum {
    fn default() -> Self {
        Self::new()
    }
}

impl Fsum {
    /// Nothing summed yet.
    pub fn new() -> Self {
        Self { partials: [0.0; PARTIALS], used: 0, special: 0.0, infinite: 0.0 }
    }

    /// Adds one item.
    pub fn add(&mut self, item: f64) -> R<()> {
        let mut x = item;
        let mut kept = 0;
        for j in 0..self.used {
            let mut y = self.partials[j];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                self.partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        self.used = kept;
        if x == 0.0 {
            return Ok(());
        }
        if !x.is_finite() {
            if item.is_finite() {
                return exc(Exc::OverflowError);
            }
            if item.is_infinite() {
                self.infinite += item;
            }
            self.special += item;
            self.used = 0;
            return Ok(());
        }
        if kept == PARTIALS {
            return bail(Bail::Unsupported);
        }
        self.partials[kept] = x;
        self.used = kept + 1;
        Ok(())
    }

    /// The sum, half to even.
    pub fn finish(&self) -> R<f64> {
        if self.special != 0.0 {
            return if self.infinite.is_nan() { exc(Exc::ValueError) } else { Ok(self.special) };
        }
        let mut n = self.used;
        if n == 0 {
            return Ok(0.0);
        }
        n -= 1;
        let mut high = self.partials[n];
        let mut low = 0.0;
        while n > 0 {
            n -= 1;
            let (x, y) = (high, self.partials[n]);
            high = x + y;
            low = y - (high - x);
            if low != 0.0 {
                break;
            }
        }
        // Rounding half to even across partials: the rest below decides a tie.
        let below = if n > 0 { self.partials[n - 1] } else { 0.0 };
        if (low < 0.0 && below < 0.0) || (low > 0.0 && below > 0.0) {
            let y = low * 2.0;
            let x = high + y;
            if y == x - high {
                high = x;
            }
        }
        Ok(high)
    }
}

/// `math.prod(items)` of ints.
pub fn prod_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<i64> {
    prod_ints_from(cx, items, 1)
}

/// `math.prod(items, start=start)` of ints.
pub fn prod_ints_from<L: ListLike<i64>>(cx: Cx, items: &L, start: i64) -> R<i64> {
    let mut product = start;
    for i in 0..items.count() {
        product = crate::int::mul(product, items.item(cx, i)?)?;
    }
    Ok(product)
}

/// `math.prod(items)` of floats; of none it is the int 1.
pub fn prod_floats<L: ListLike<f64>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    prod_floats_from(cx, items, 1)
}

/// `math.prod(items)` of ints and floats.
pub fn prod_numbers<L: ListLike<U2<i64, f64>>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    let mut product = ProdState::new(1);
    for i in 0..items.count() {
        match items.item(cx, i)? {
            U2::A(x) => product.mul_int(x)?,
            U2::B(x) => product.mul_float(x),
        }
    }
    Ok(product.finish())
}

/// `math.prod(items, start=start)` of floats, with an int to start with.
pub fn prod_floats_from<L: ListLike<f64>>(cx: Cx, items: &L, start: i64) -> R<U2<i64, f64>> {
    let mut product = ProdState::new(start);
    for i in 0..items.count() {
        product.mul_float(items.item(cx, i)?);
    }
    Ok(product.finish())
}

/// `math.prod(items, start=start)` of floats.
pub fn prod_from_float<L: ListLike<f64>>(cx: Cx, items: &L, start: f64) -> R<f64> {
    let mut product = start;
    for i in 0..items.count() {
        product *= items.item(cx, i)?;
    }
    Ok(product)
}
