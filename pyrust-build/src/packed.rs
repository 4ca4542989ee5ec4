//! `array.array`: its typecodes, and what Python has for items of each.

use std::fmt;

use crate::ty::Type;

/// The typecode of an array of numbers. Arrays of Unicode characters are opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Typecode(char);

/// Letters, and the bits of an int with its sign; none for floats.
const CODES: &[(char, i32)] = &[
    ('b', -8),
    ('B', 8),
    ('h', -16),
    ('H', 16),
    ('i', -32),
    ('I', 32),
    ('l', -LONG),
    ('L', LONG),
    ('q', -64),
    ('Q', 64),
    ('f', 0),
    ('d', 0),
];

/// C's `long` is that of the machine that compiles.
const LONG: i32 = if cfg!(all(unix, target_pointer_width = "64")) { 64 } else { 32 };

impl Typecode {
    pub fn all() -> impl Iterator<Item = Typecode> {
        CODES.iter().map(|(letter, _)| Typecode(*letter))
    }

    /// The typecode of that letter.
    pub fn of(letter: char) -> Option<Typecode> {
        Typecode::all().find(|code| code.0 == letter)
    }

    /// As [`Typecode::of`], of a text of one letter.
    pub fn named(text: &str) -> Option<Typecode> {
        let mut letters = text.chars();
        let code = letters.next().and_then(Typecode::of)?;
        letters.next().is_none().then_some(code)
    }

    pub fn letter(self) -> char {
        self.0
    }

    pub fn is_float(self) -> bool {
        self.bits() == 0
    }

    /// What reading an item gives.
    pub fn item(self) -> Type {
        if self.is_float() { Type::Float } else { Type::Int }
    }

    fn bits(self) -> i32 {
        CODES.iter().find(|(letter, _)| *letter == self.0).map_or(0, |(_, bits)| *bits)
    }

    /// The least and the greatest int that is an item.
    pub fn bounds(self) -> Option<(i128, i128)> {
        match self.bits() {
            0 => None,
            signed @ ..0 => Some((-(1 << (-signed - 1)), (1 << (-signed - 1)) - 1)),
            bits => Some((0, (1 << bits) - 1)),
        }
    }
}

/// As a signature has the type of such an array.
impl fmt::Display for Typecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "array.array[{}]", self.0)
    }
}
