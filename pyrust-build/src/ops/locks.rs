//! Rows of the locks of `threading` that a call takes and gives back, as `with` does it.

use super::table::Row;

/// The name under which `with` says to `__exit__` that its body has raised.
pub(crate) const RAISED: &str = "exit[raised]";

/// The columns are explained in `table`.
pub(super) const LOCKS: &[Row] = &[
    Row("threading.Lock.acquire", "threading.Lock", "bool", "locks::take", "c!"),
    Row("threading.Lock.release", "threading.Lock", "None", "locks::give_back", "c!"),
    Row("threading.Lock.__enter__", "threading.Lock", "bool", "locks::take", "c!"),
    Row("threading.Lock.__exit__", "threading.Lock, None, None, None", "None", "locks::leave", "c!"),
    Row("threading.Lock.__exit__", "threading.Lock, bool", "bool", "locks::leave_raised", "c!"),
    Row("threading.RLock.acquire", "threading.RLock", "bool", "locks::take", "c!"),
    Row("threading.RLock.release", "threading.RLock", "None", "locks::give_back", "c!"),
    Row("threading.RLock.__enter__", "threading.RLock", "bool", "locks::take", "c!"),
    Row("threading.RLock.__exit__", "threading.RLock, None, None, None", "None", "locks::leave", "c!"),
    Row("threading.RLock.__exit__", "threading.RLock, bool", "bool", "locks::leave_raised", "c!"),
];
