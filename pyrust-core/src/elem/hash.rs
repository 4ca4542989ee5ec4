//! CPython's hashes of numbers and tuples.

const HASH_BITS: u32 = 61;
const HASH_MODULUS: u64 = (1 << HASH_BITS) - 1;

/// `hash(int)`.
#[inline]
pub fn hash_int(x: i64) -> isize {
    let hash = (x.unsigned_abs() % HASH_MODULUS) as i64;
    let hash = if x < 0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash as isize }
}

/// `hash(float)`, of one that is no NaN: CPython's `_Py_HashDouble`.
pub fn hash_float(x: f64) -> isize {
    if x.is_infinite() {
        return if x > 0.0 { 314_159 } else { -314_159 };
    }
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    if exponent == 0 && fraction == 0 {
        return 0;
    }
    // x = mantissa * 2 ** power, as an integer modulo 2**61 - 1: multiplying by a power of two rotates.
    let (mantissa, power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let shift = power.rem_euclid(i64::from(HASH_BITS)) as u32;
    let product = u128::from(mantissa) << shift;
    let hash = ((product % u128::from(HASH_MODULUS)) as u64) as i64;
    let hash = if x < 0.0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash as isize }
}

/// `hash(tuple)`.
pub(super) struct TupleHash(u64);

impl TupleHash {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;

    #[inline(always)]
    pub(super) fn new() -> TupleHash {
        TupleHash(TupleHash::PRIME_5)
    }

    #[inline(always)]
    pub(super) fn add(&mut self, lane: isize) {
        let sum = self.0.wrapping_add((lane as u64).wrapping_mul(TupleHash::PRIME_2));
        self.0 = sum.rotate_left(31).wrapping_mul(TupleHash::PRIME_1);
    }

    #[inline(always)]
    pub(super) fn finish(self, count: usize) -> isize {
        let hash = self.0.wrapping_add(count as u64 ^ (TupleHash::PRIME_5 ^ 3_527_539)) as isize;
        if hash == -1 { 1_546_275_796 } else { hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_cpythons() {
        assert_eq!(hash_int(-1), -2);
        assert_eq!(hash_int((1 << 61) - 1), 0);
        assert_eq!(hash_int(i64::MIN), -4);
        assert_eq!(hash_int(1 << 61), 1);
        assert_eq!(hash_float(1.0), 1);
        assert_eq!(hash_float(-1.0), -2);
        assert_eq!(hash_float(0.5), 1 << 60);
        assert_eq!(hash_float(1e300), 1_224_995_262_755_759_164);
        assert_eq!(hash_float(5e-324), 16_777_216);
        assert_eq!(hash_float(-0.0), 0);
    }
}
