//! What is known of the tuples that a type stands for, besides their members.

/// Where tuples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Native code made them.
    Native,
    /// Some were read from Python, which must get the same ones back, unless their members have no identity.
    Python,
    /// All were read from Python, and go on as the objects that they are, whatever their members.
    Kept,
    /// The same, and a member is read when somebody asks for it.
    Lazy,
}

impl Origin {
    /// May Python have one of them?
    pub fn of_python(self) -> bool {
        self != Origin::Native
    }

    pub fn join(self, other: Origin) -> Origin {
        if self == other { self } else { Origin::Python }
    }

    /// They get among Python's objects.
    pub fn given(self) -> Origin {
        if self.of_python() { self } else { Origin::Python }
    }
}
