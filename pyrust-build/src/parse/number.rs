//! The text of an int literal → its decimal digits.

use rustpython_parser::ast::bigint::BigInt;

/// `0x_FF` → `255`; the parser has already found the literal to be well-formed.
pub(super) fn decimal(literal: &str) -> String {
    let digits: String = literal.chars().filter(|c| *c != '_').collect();
    let radix = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { &digits } else { &digits[2..] };
    BigInt::parse_bytes(digits.as_bytes(), radix).unwrap_or_default().to_string()
}
