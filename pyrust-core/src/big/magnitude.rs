//! What every number needs of its magnitude: slices of 64-bit limbs, the least significant first.

/// Numbers have at most so many limbs (128 MiB).
pub(super) const MOST: usize = 1 << 24;

/// Without the zeros on top.
pub(super) fn trim(limbs: &[u64]) -> &[u64] {
    let mut n = limbs.len();
    while n > 0 && limbs[n - 1] == 0 {
        n -= 1;
    }
    &limbs[..n]
}

/// The order of trimmed magnitudes.
pub(super) fn cmp(a: &[u64], b: &[u64]) -> core::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}
