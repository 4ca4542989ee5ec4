//! What reads the clock. `today` of CPython imports `time` and calls `time.time`, which the compiler guards; here the two
//! steps are done one after another, so that nothing is imported while a transaction is open.

use super::classes::{Date, DateTime};
use super::{Call, Foreign, Given};
use crate::builtins::boxed::Boxed;
use crate::stop::R;
use crate::txn::Cx;

/// `date.today()`
pub fn date_today(cx: Cx) -> R<Foreign<Date>> {
    static CALL: Call = Call::of_class(c"datetime", c"date", c"datetime.date", "fromtimestamp");
    of_now(cx, &CALL)
}

/// `datetime.today()`
pub fn datetime_today(cx: Cx) -> R<Foreign<DateTime>> {
    static CALL: Call = Call::of_class(c"datetime", c"datetime", c"datetime.datetime", "fromtimestamp");
    of_now(cx, &CALL)
}

fn of_now<T: Given>(cx: Cx, from_timestamp: &Call) -> R<T> {
    static TIME: Call = Call::function(c"time", c"time");
    let now = TIME.object::<0>(cx, [])?;
    from_timestamp.run(cx, [Boxed(now)])
}
