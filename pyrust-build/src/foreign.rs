//! Classes that CPython implements in C and that the compiler knows: their exact instances are borrowed objects, which
//! CPython's own functions are asked about.

use std::fmt;

/// Which of the classes below.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class(u8);

/// A class: its name in Python, the name of the runtime's marker, whether instances are values: compared, hashed and
/// ordered by what they say, not by who they are.
struct Row(&'static str, &'static str, bool);

/// The order is that of the members of a union.
const CLASSES: &[Row] = &[
    Row("datetime.date", "Date", true),
    Row("datetime.datetime", "DateTime", true),
    Row("datetime.time", "Time", true),
    Row("datetime.timedelta", "TimeDelta", true),
    Row("datetime.timezone", "TimeZone", true),
    Row("re.Pattern", "Pattern", false),
    Row("re.Match", "Match", false),
    // One of `bytes`: Python has no name of its own for it.
    Row("re.Match of bytes", "BytesMatch", false),
    Row("unicodedata.UCD", "Ucd", false),
    Row("_hashlib.HASH", "Hash", false),
    Row("random.Random", "Random", false),
    // Taken and given back in one call.
    Row("threading.Lock", "Lock", false),
    Row("threading.RLock", "RLock", false),
    Row(COUNT, "Count", false),
    // What a handler has caught: of any builtin class.
    Row(crate::ops::exceptions::OBJECT, "Exception", false),
];

/// What counts without an end, and can take a step back.
const COUNT: &str = "itertools.count";

impl Class {
    /// The class of that name.
    pub fn named(name: &str) -> Option<Class> {
        CLASSES.iter().position(|row| row.0 == name).map(|at| Class(at as u8))
    }

    /// Its name, module included.
    pub fn name(self) -> &'static str {
        CLASSES[usize::from(self.0)].0
    }

    /// The runtime's marker.
    pub fn marker(self) -> &'static str {
        CLASSES[usize::from(self.0)].1
    }

    /// Are instances values, which can be keys?
    pub fn is_value(self) -> bool {
        CLASSES[usize::from(self.0)].2
    }

    /// The classes whose instances are values.
    pub fn values() -> impl Iterator<Item = Class> {
        (0..CLASSES.len()).map(|at| Class(at as u8)).filter(|class| class.is_value())
    }

    /// Is it `re.Match`, of a text?
    pub fn is_match(self) -> bool {
        self.marker() == "Match"
    }

    /// Is it `itertools.count`?
    pub fn counts(self) -> bool {
        self.name() == COUNT
    }

    /// Its place among the classes.
    pub fn rank(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
