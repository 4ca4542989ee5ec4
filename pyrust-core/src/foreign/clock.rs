//! What reads the clock. `today` of CPython imports `time` and calls `time.time`, which the compiler guards; here the two
//! steps are done one after another, so that nothing is imported while a transaction is open. Only the day can be asked
//! for: a verifier that asks twice gets the same one.

use super::classes::Date;
use super::{Call, Foreign};
use crate::builtins::boxed::Boxed;
use crate::stop::R;
use crate::txn::Cx;

/// `date.today()`
pub fn date_today(cx: Cx) -> R<Foreign<Date>> {
    static TIME: Call = Call::function(c"time", c"time");
    static FROM_TIMESTAMP: Call = Call::of_class(c"datetime", c"date", c"datetime.date", "fromtimestamp");
    let now = TIME.object::<0>(cx, [])?;
    FROM_TIMESTAMP.run(cx, [Boxed(now)])
}
