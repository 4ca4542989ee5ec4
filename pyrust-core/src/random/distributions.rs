//! Numbers of `random` that are not spread evenly: the steps of CPython's own functions, with the same functions of C.

use super::{generator, next_gauss, set_next_gauss, within};
use crate::math::{NV_MAGICCONST, TWOPI, cos, exp, log, sin, sqrt};
use crate::stop::{Exc, R, exc};
use crate::txn::Cx;

/// `random.gauss(mu, sigma)`: two numbers at a time, of which the second waits.
pub fn gauss(cx: Cx, mu: f64, sigma: f64) -> R<f64> {
    within(cx)?;
    let z = match next_gauss(cx)? {
        Some(z) => {
            set_next_gauss(cx, None);
            z
        }
        None => {
            let angle = generator(cx)?.float() * TWOPI;
            let radius = sqrt(-2.0 * log(1.0 - generator(cx)?.float())?)?;
            set_next_gauss(cx, Some(sin(angle)? * radius));
            cos(angle)? * radius
        }
    };
    Ok(mu + z * sigma)
}

/// `random.normalvariate(mu, sigma)`
pub fn normalvariate(cx: Cx, mu: f64, sigma: f64) -> R<f64> {
    within(cx)?;
    loop {
        let u1 = generator(cx)?.float();
        let u2 = 1.0 - generator(cx)?.float();
        let z = NV_MAGICCONST * (u1 - 0.5) / u2;
        if z * z / 4.0 <= -log(u2)? {
            return Ok(mu + z * sigma);
        }
    }
}

/// `random.lognormvariate(mu, sigma)`
pub fn lognormvariate(cx: Cx, mu: f64, sigma: f64) -> R<f64> {
    cx.enter()?;
    exp(normalvariate(cx, mu, sigma)?)
}

/// `random.expovariate(lambd)`
pub fn expovariate(cx: Cx, lambd: f64) -> R<f64> {
    within(cx)?;
    let value = -log(1.0 - generator(cx)?.float())?;
    if lambd == 0.0 { exc(Exc::ZeroDivisionError) } else { Ok(value / lambd) }
}

/// `random.triangular(low, high)`
pub fn triangular(cx: Cx, low: f64, high: f64) -> R<f64> {
    within(cx)?;
    let u = generator(cx)?.float();
    skewed(u, 0.5, low, high)
}

/// `random.triangular(low, high, mode)`
pub fn triangular_to(cx: Cx, low: f64, high: f64, mode: f64) -> R<f64> {
    within(cx)?;
    let u = generator(cx)?.float();
    let width = high - low;
    if width == 0.0 { Ok(low) } else { skewed(u, (mode - low) / width, low, high) }
}

fn skewed(u: f64, c: f64, low: f64, high: f64) -> R<f64> {
    let (u, c, low, high) = if u > c { (1.0 - u, 1.0 - c, high, low) } else { (u, c, low, high) };
    Ok(low + (high - low) * sqrt(u * c)?)
}
