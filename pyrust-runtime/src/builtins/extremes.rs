//! `min` and `max` of two to four scalars, and their running forms.
//!
//! CPython keeps the first of equals and compares the new item with the best so far (`item < best`,
//! `item > best`); with a NaN every comparison is false, so the order of the arguments decides, here as there.

/// The smaller of the best so far and the next item.
#[inline(always)]
pub fn min2<T: PartialOrd>(best: T, item: T) -> T {
    if item < best { item } else { best }
}

/// The larger of the best so far and the next item.
#[inline(always)]
pub fn max2<T: PartialOrd>(best: T, item: T) -> T {
    if item > best { item } else { best }
}

/// `min(a, b, c)`.
#[inline(always)]
pub fn min3<T: PartialOrd>(a: T, b: T, c: T) -> T {
    min2(min2(a, b), c)
}

/// `max(a, b, c)`.
#[inline(always)]
pub fn max3<T: PartialOrd>(a: T, b: T, c: T) -> T {
    max2(max2(a, b), c)
}

/// `min(a, b, c, d)`.
#[inline(always)]
pub fn min4<T: PartialOrd>(a: T, b: T, c: T, d: T) -> T {
    min2(min3(a, b, c), d)
}

/// `max(a, b, c, d)`.
#[inline(always)]
pub fn max4<T: PartialOrd>(a: T, b: T, c: T, d: T) -> T {
    max2(max3(a, b, c), d)
}

/// `min` of strings.
#[inline]
pub fn min_str<'a>(best: &'a crate::strs::Str, item: &'a crate::strs::Str) -> &'a crate::strs::Str {
    if crate::str_::lt(item, best) { item } else { best }
}

/// `max` of strings.
#[inline]
pub fn max_str<'a>(best: &'a crate::strs::Str, item: &'a crate::strs::Str) -> &'a crate::strs::Str {
    if crate::str_::gt(item, best) { item } else { best }
}
