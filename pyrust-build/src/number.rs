//! Ints that stand in the source, of any size, and arithmetic on those that are known.

use crate::hir::BinOp;

/// Sign and magnitude in limbs of 64 bits, the least significant first, without zeros on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub negative: bool,
    pub limbs: Vec<u64>,
}

/// What is larger is computed at run time.
const MOST_BITS: u64 = 1 << 14;

impl Number {
    fn new(negative: bool, mut limbs: Vec<u64>) -> Number {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Number { negative: negative && !limbs.is_empty(), limbs }
    }

    pub fn from_i128(value: i128) -> Number {
        let size = value.unsigned_abs();
        Number::new(value < 0, vec![size as u64, (size >> 64) as u64])
    }

    /// Digits as they stand in Python: decimal, or with a prefix; `None` for anything else.
    pub fn parse(text: &str) -> Option<Number> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (base, digits) = match text.get(..2) {
            Some("0x" | "0X") => (16, &text[2..]),
            Some("0o" | "0O") => (8, &text[2..]),
            Some("0b" | "0B") => (2, &text[2..]),
            _ => (10, text),
        };
        let mut limbs = Vec::new();
        for c in digits.chars().filter(|c| *c != '_') {
            let mut carry = u128::from(c.to_digit(base)?);
            for limb in &mut limbs {
                let product = u128::from(*limb) * u128::from(base) + carry;
                (*limb, carry) = (product as u64, product >> 64);
            }
            if carry != 0 {
                limbs.push(carry as u64);
            }
        }
        (!digits.is_empty()).then(|| Number::new(negative, limbs))
    }

    /// The value, if 128 bits hold it.
    pub fn to_i128(&self) -> Option<i128> {
        let limb = |i: usize| u128::from(self.limbs.get(i).copied().unwrap_or(0));
        if self.limbs.len() > 2 {
            return None;
        }
        let size = limb(1) << 64 | limb(0);
        if self.negative { 0i128.checked_sub_unsigned(size) } else { i128::try_from(size).ok() }
    }

    /// The value, if 64 bits hold it.
    pub fn to_i64(&self) -> Option<i64> {
        i64::try_from(self.to_i128()?).ok()
    }

    /// The value, if 64 bits without a sign hold it.
    pub fn to_u64(&self) -> Option<u64> {
        u64::try_from(self.to_i128()?).ok()
    }

    /// Length of the magnitude in bits.
    pub fn bits(&self) -> u64 {
        match self.limbs.last() {
            Some(top) => self.limbs.len() as u64 * 64 - u64::from(top.leading_zeros()),
            None => 0,
        }
    }

    pub fn neg(&self) -> Number {
        Number::new(!self.negative, self.limbs.clone())
    }

    pub fn add(&self, other: &Number) -> Number {
        // Two's complement with room for the sign and the carry.
        let count = self.limbs.len().max(other.limbs.len()) + 1;
        let mut carry = false;
        let mut sum: Vec<u64> = Vec::with_capacity(count);
        for (x, y) in self.complement(count).into_iter().zip(other.complement(count)) {
            let (s, over) = x.overflowing_add(y);
            let (s, again) = s.overflowing_add(u64::from(carry));
            carry = over | again;
            sum.push(s);
        }
        let negative = sum[count - 1] >> 63 != 0;
        if negative {
            sum = Number { negative, limbs: sum }.complement(count);
        }
        Number::new(negative, sum)
    }

    fn complement(&self, count: usize) -> Vec<u64> {
        let mut carry = self.negative;
        (0..count)
            .map(|i| {
                let limb = self.limbs.get(i).copied().unwrap_or(0);
                if !self.negative {
                    return limb;
                }
                let (turned, over) = (!limb).overflowing_add(u64::from(carry));
                carry = over;
                turned
            })
            .collect()
    }

    /// `None` where it is too large to be worth it.
    pub fn mul(&self, other: &Number) -> Option<Number> {
        if self.bits() + other.bits() > MOST_BITS {
            return None;
        }
        let mut out = vec![0u64; self.limbs.len() + other.limbs.len()];
        for (i, x) in self.limbs.iter().enumerate() {
            let mut carry = 0u128;
            for (j, y) in other.limbs.iter().enumerate() {
                let sum = u128::from(*x) * u128::from(*y) + u128::from(out[i + j]) + carry;
                (out[i + j], carry) = (sum as u64, sum >> 64);
            }
            out[i + other.limbs.len()] = carry as u64;
        }
        Some(Number::new(self.negative != other.negative, out))
    }

    /// `self ** exponent`
    pub fn pow(&self, exponent: u64) -> Option<Number> {
        if exponent > MOST_BITS || self.bits().saturating_mul(exponent) > MOST_BITS {
            return None;
        }
        let mut power = Number::from_i128(1);
        for _ in 0..exponent {
            power = power.mul(self)?;
        }
        Some(power)
    }

    /// `self op other`, where it cannot raise and is an int.
    pub fn apply(&self, op: BinOp, other: &Number) -> Option<Number> {
        let words = || Some((self.to_i128()?, other.to_i128()?));
        Some(match op {
            BinOp::Add => self.add(other),
            BinOp::Sub => self.add(&other.neg()),
            BinOp::Mult => self.mul(other)?,
            BinOp::Pow => self.pow(u64::try_from(other.to_i64()?).ok()?)?,
            BinOp::LShift => self.mul(&Number::from_i128(2).pow(u64::try_from(other.to_i64()?).ok()?)?)?,
            BinOp::BitAnd => words().map(|(l, r)| Number::from_i128(l & r))?,
            BinOp::BitOr => words().map(|(l, r)| Number::from_i128(l | r))?,
            BinOp::BitXor => words().map(|(l, r)| Number::from_i128(l ^ r))?,
            BinOp::RShift => {
                let (l, r) = words()?;
                Number::from_i128(l >> u32::try_from(r).ok()?.min(127))
            }
            // Euclid's division rounds down where the divisor is positive.
            BinOp::FloorDiv => {
                words().filter(|(_, r)| *r > 0).map(|(l, r)| Number::from_i128(l.div_euclid(r)))?
            }
            BinOp::Mod => words().filter(|(_, r)| *r > 0).map(|(l, r)| Number::from_i128(l.rem_euclid(r)))?,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect("digits")
    }

    #[test]
    fn digits_of_every_base() {
        assert_eq!(number("18446744073709551616"), Number { negative: false, limbs: vec![0, 1] });
        assert_eq!(number("0xFFFF_FFFF_FFFF_FFFF_0"), number("295147905179352825840"));
        assert_eq!(number("-0b1_01").to_i64(), Some(-5));
        assert_eq!(number("9223372036854775808").to_i64(), None);
        assert_eq!(number("-9223372036854775808").to_i64(), Some(i64::MIN));
        assert_eq!(Number::parse("0x"), None);
        assert_eq!(number("-0"), number("0"));
    }

    #[test]
    fn arithmetic() {
        let two = number("2");
        assert_eq!(two.pow(64), Some(number("18446744073709551616")));
        assert_eq!(two.pow(1 << 20), None);
        assert_eq!(two.pow(64).map(|n| n.add(&number("-1"))), Some(number("0xffffffffffffffff")));
        assert_eq!(number("5").add(&number("-5")), number("0"));
        assert_eq!(number("-18446744073709551616").add(&number("1")), number("-0xffffffffffffffff"));
        assert_eq!(number("-3").pow(3), Some(number("-27")));
        assert_eq!(number("10").pow(0), Some(number("1")));
    }
}
