//! `randrange`, `randint` and `seed` beyond 64 bits: a prime that is looked for, a base that it is tested with.

use super::{getrandbits_wide, seeded, within};
use crate::big::{self, Big};
use crate::stop::{Exc, R, exc};
use crate::txn::Cx;

/// `random.randrange(stop)`
pub fn randrange_big(cx: Cx, stop: &Big) -> R<Big> {
    within(cx)?;
    below(cx, stop)
}

/// `random.randrange(start, stop)`
pub fn randrange_from_big(cx: Cx, start: &Big, stop: &Big) -> R<Big> {
    within(cx)?;
    big::add(cx, start, &below(cx, &big::sub(cx, stop, start)?)?)
}

/// `random.randint(a, b)`
pub fn randint_big(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    randrange_from_big(cx, a, &big::add(cx, b, &big::of(1))?)
}

/// `random.seed(n)`
pub fn seed_big(cx: Cx, n: &Big) -> R<()> {
    let key = n.words();
    seeded(cx, |twister| twister.seed(&key))
}

/// A number below `n`, which must be positive: `_randbelow`.
fn below(cx: Cx, n: &Big) -> R<Big> {
    if !big::gt(n, &big::of(0)) {
        return exc(Exc::ValueError);
    }
    let bits = big::bit_length(n);
    loop {
        let found = getrandbits_wide(cx, bits)?;
        if big::lt(&found, n) {
            return Ok(found);
        }
    }
}
