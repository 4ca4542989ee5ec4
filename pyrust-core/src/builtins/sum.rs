//! `sum()`: ints exactly, floats as the interpreter's version adds them.
//!
//! CPython adds ints first; the first float is added to the int sum as a float and starts the float sum, to which
//! later ints are added plainly. Up to 3.11 floats are added naively, from 3.12 on with Neumaier's compensation.

use crate::stop::R;
use crate::union::U2;

/// A sum of floats that has begun with a float.
#[derive(Clone, Copy)]
pub struct SumFloat {
    total: f64,
    compensation: f64,
}

impl SumFloat {
    /// `sum(…, start)` with a float to start with.
    #[inline(always)]
    pub fn new(start: f64) -> Self {
        Self { total: start, compensation: 0.0 }
    }

    /// The next item is a float.
    #[inline(always)]
    pub fn add_float(&mut self, x: f64) {
        if cfg!(Py_3_12) {
            let t = self.total + x;
            self.compensation +=
                if self.total.abs() >= x.abs() { (self.total - t) + x } else { (x - t) + self.total };
            self.total = t;
        } else {
            self.total += x;
        }
    }

    /// The same if the condition holds, without a branch that a processor would have to foresee: minus zero changes no
    /// number. It makes the compensation of an infinity a NaN, of which nothing is asked.
    #[inline(always)]
    pub fn add_if(&mut self, chosen: bool, x: f64) {
        self.add_float(crate::float::either(chosen, x, -0.0));
    }

    /// The next item is an int (or a bool).
    #[inline(always)]
    pub fn add_int(&mut self, i: i64) {
        self.total += i as f64;
    }

    /// The sum. The compensation neither loses the sign of a zero nor makes a NaN of an infinity.
    #[inline(always)]
    pub fn finish(self) -> f64 {
        if cfg!(Py_3_12) && self.compensation != 0.0 && self.compensation.is_finite() {
            self.total + self.compensation
        } else {
            self.total
        }
    }
}

/// `sum(…)` of items that may be ints and floats, with an int to start with; of no items it is that int.
#[derive(Clone, Copy)]
pub struct SumState {
    whole: i64,
    float: Option<SumFloat>,
}

impl SumState {
    /// `sum(…, start)`; `start` is 0 by default.
    #[inline(always)]
    pub fn new(start: i64) -> Self {
        Self { whole: start, float: None }
    }

    /// The next item is an int (or a bool).
    #[inline(always)]
    pub fn add_int(&mut self, i: i64) -> R<()> {
        match &mut self.float {
            Some(float) => float.add_int(i),
            None => self.whole = crate::int::add(self.whole, i)?,
        }
        Ok(())
    }

    /// The next item is a float.
    #[inline(always)]
    pub fn add_float(&mut self, x: f64) {
        match &mut self.float {
            Some(float) => float.add_float(x),
            None => self.float = Some(SumFloat::new(self.whole as f64 + x)),
        }
    }

    /// The sum: an int as long as no float came.
    #[inline(always)]
    pub fn finish(self) -> U2<i64, f64> {
        match self.float {
            Some(float) => U2::B(float.finish()),
            None => U2::A(self.whole),
        }
    }
}

/// `sum(…)` of floats only: the same, with a loop that has no case for ints.
#[derive(Clone, Copy)]
pub struct SumF {
    start: i64,
    any: bool,
    sum: SumFloat,
}

impl SumF {
    /// `sum(…, start)`; `start` is 0 by default.
    #[inline(always)]
    pub fn new(start: i64) -> Self {
        // The first item is added to a total without compensation, which leaves none: as in CPython, where it is
        // added to the int.
        Self { start, any: false, sum: SumFloat::new(start as f64) }
    }

    /// The next item.
    #[inline(always)]
    pub fn add_float(&mut self, x: f64) {
        if self.any {
            self.sum.add_float(x);
        } else {
            self.any = true;
            self.sum.total += x;
        }
    }

    /// The same if the condition holds: see [`SumFloat::add_if`].
    #[inline(always)]
    pub fn add_if(&mut self, chosen: bool, x: f64) {
        let before = self.sum.compensation;
        self.sum.add_if(chosen, x);
        self.sum.compensation = crate::float::either(self.any, self.sum.compensation, before);
        self.any |= chosen;
    }

    /// The sum: the int `start` if there were no items.
    #[inline(always)]
    pub fn finish(self) -> U2<i64, f64> {
        if self.any { U2::B(self.sum.finish()) } else { U2::A(self.start) }
    }
}

/// `sum(…)` of ints.
#[derive(Clone, Copy)]
pub struct SumI {
    total: i64,
}

impl SumI {
    /// `sum(…, start)`; `start` is 0 by default.
    #[inline(always)]
    pub fn new(start: i64) -> Self {
        Self { total: start }
    }

    /// The next item.
    #[inline(always)]
    pub fn add_int(&mut self, i: i64) -> R<()> {
        self.total = crate::int::add(self.total, i)?;
        Ok(())
    }

    /// The sum so far.
    #[inline(always)]
    pub fn so_far(&self) -> i64 {
        self.total
    }

    /// The sum.
    #[inline(always)]
    pub fn finish(self) -> i64 {
        self.total
    }
}

/// `math.prod(…)`, which multiplies ints exactly and, from the first float on, floats.
#[derive(Clone, Copy)]
pub struct ProdState {
    whole: i64,
    float: Option<f64>,
}

impl ProdState {
    /// `math.prod(…, start=start)`; 1 by default.
    #[inline(always)]
    pub fn new(start: i64) -> Self {
        Self { whole: start, float: None }
    }

    /// The next item is an int (or a bool).
    #[inline(always)]
    pub fn mul_int(&mut self, i: i64) -> R<()> {
        match &mut self.float {
            Some(float) => *float *= i as f64,
            None => self.whole = crate::int::mul(self.whole, i)?,
        }
        Ok(())
    }

    /// The next item is a float.
    #[inline(always)]
    pub fn mul_float(&mut self, x: f64) {
        self.float = Some(self.float.unwrap_or(self.whole as f64) * x);
    }

    /// The product: an int as long as no float came.
    #[inline(always)]
    pub fn finish(self) -> U2<i64, f64> {
        match self.float {
            Some(float) => U2::B(float),
            None => U2::A(self.whole),
        }
    }
}
