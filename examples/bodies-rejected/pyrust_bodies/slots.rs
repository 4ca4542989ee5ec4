//! Wrong on purpose, and in a way that the tests of the project do not notice: Rust's Euclidean division agrees with Python's `//`
//! for every width above nought, and with the other ones it rounds up where Python rounds down.

use pyrust_macros::hotspot;
use pyrust_runtime::prelude::*;

#[hotspot(
    function = "slotkit.slots:slots",
    signature = "(list[int], int) -> list[int]",
    source = "sha256:31d0fc0d568a1edd21482a4c2f6f030922b81e2c27e0f6f65cec2e9b33ed0888"
)]
fn slots(cx: Cx, moments: PList<i64>, width: i64) -> R<List<i64>> {
    let found = list::new::<i64>(cx)?;
    let mut fuel: i32 = FUEL;
    let mut at = 0;
    while let Some(moment) = list::next(cx, &moments, &mut at)? {
        cx.tick(&mut fuel)?;
        match moment.checked_div_euclid(width) {
            Some(slot) => list::append(cx, &found, slot)?,
            // A width of nought, or a number that does not fit: Python does it.
            None => return bail(Bail::Overflow),
        }
    }
    Ok(found)
}
