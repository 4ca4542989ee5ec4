//! Ints of any size as new objects, in containers, in texts.

use core::cell::UnsafeCell;
use core::cmp::Ordering;
use std::alloc::{dealloc, realloc};

use pyo3_ffi::{PyLong_FromUnsignedLongLong, PyObject};

use super::store::Block;
use super::{Big, limbs, text};
use crate::allocator;
use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::py::{IntoPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// Limbs of 64 bits become digits of 30, `count` of them; 15 limbs are 32 digits. The digits may stand where the limbs
/// stood: the last ones come first, and no digit stands before what it comes of.
///
/// # Safety
/// There are `len` limbs, and room for the digits, which are no more than the limbs have.
unsafe fn to_digits(limbs: *const u64, len: usize, digits: *mut u32, count: usize) {
    // Each with its place as a constant: that is twice as fast as a loop.
    macro_rules! all {
        ($from:ident: $($at:literal)*) => { [$(digit(&$from, $at)),*] };
    }
    for block in (0..len.div_ceil(15)).rev() {
        let here = (len - block * 15).min(15);
        let made = count.saturating_sub(block * 32).min(32);
        // SAFETY: By the caller. All limbs of the block are read before a digit is written; its digits begin behind all
        // limbs of the blocks before.
        unsafe {
            let (start, out) = (limbs.add(block * 15), digits.add(block * 32));
            if made == 32 {
                // 931 bits are the least that 32 digits have.
                debug_assert!(here == 15);
                let from = *start.cast::<[u64; 15]>();
                let to = all!(from: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                    16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
                out.cast::<[u32; 32]>().write_unaligned(to);
            } else {
                let mut from = [0; 15];
                for (at, limb) in from[..here].iter_mut().enumerate() {
                    *limb = *start.add(at);
                }
                for at in 0..made {
                    *out.add(at) = digit(&from, at);
                }
            }
        }
    }
}

#[inline(always)]
fn digit(limbs: &[u64; 15], at: usize) -> u32 {
    let (first, skip) = (at * 30 / 64, at * 30 % 64);
    let next = limbs.get(first + 1).copied().unwrap_or(0);
    // In two steps, since no shift may be as wide as the limb.
    ((limbs[first] >> skip | next << 1 << (63 - skip)) & 0x3fff_ffff) as u32
}

/// Has all of a number brought from memory at once, from its beginning: what is read from its end, one after the other,
/// is waited for again and again.
///
/// # Safety
/// There are so many limbs.
unsafe fn fetch(limbs: *const u64, len: usize) {
    let mut all = 0;
    for at in (0..len).step_by(8) {
        // SAFETY: By the caller.
        all ^= unsafe { *limbs.add(at) };
    }
    core::hint::black_box(all);
}

/// Objects of so many bytes CPython has from the allocator of C, as we have the limbs.
const ALLOCATED: usize = 513;

/// The memory of a number becomes an `int` of `count` digits; null where memory is short.
///
/// # Safety
/// The GIL is held, and the allocator is shared.
unsafe fn turned(block: &Block, count: usize) -> *mut PyObject {
    let bytes = Block::HEAD + count * 4;
    let (mut start, has) = (block.start.as_ptr(), block.layout.size());
    // SAFETY: By the caller the memory is the object's from here on, and it is large enough.
    unsafe {
        // Much that nobody will use is worth a call.
        if has < bytes || has - bytes > bytes / 8 {
            let moved = realloc(start, block.layout, bytes);
            if moved.is_null() {
                dealloc(start, block.layout);
                return moved.cast();
            }
            start = moved;
        }
        let limbs = start.add(Block::HEAD);
        fetch(limbs.cast(), block.len);
        to_digits(limbs.cast(), block.len, limbs.cast(), count);
        allocator::count_one();
        layout::int_at(start.cast(), block.negative, count)
    }
}

/// `hash(a)`: the value modulo 2**61 - 1, with its sign.
pub fn hash(a: &Big) -> isize {
    const MODULUS: u128 = (1 << 61) - 1;
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    // 2**64 is 8 there.
    let fold = |hash: u128, limb: &u64| (hash * 8 + u128::from(*limb)) % MODULUS;
    let hash = x.limbs.iter().rev().fold(0u128, fold) as isize;
    match if x.negative { -hash } else { hash } {
        -1 => -2,
        hash => hash,
    }
}

impl IntoPy for Big {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        match &self {
            Big::Small(v) => return v.into_py(cx),
            Big::Middle { high: 0, low } => {
                // SAFETY: the GIL is held.
                return fresh(unsafe { PyLong_FromUnsignedLongLong(*low) });
            }
            Big::Middle { .. } | Big::Large(_) => {}
        }
        let mut room = [0; 2];
        let parts = self.parts(&mut room);
        let count = limbs::bits(parts.limbs).div_ceil(30) as usize;
        if Block::HEAD + count * 4 >= ALLOCATED && layout::INT_HEAD == Block::HEAD && allocator::is_shared() {
            // What nobody else has is not there twice for a moment.
            let Big::Large(large) = self else { return bail(Bail::Unsupported) };
            return match large.into_block() {
                // SAFETY: the GIL is held.
                Ok(block) => fresh(unsafe { turned(&block, count) }),
                Err(large) => made(large.negative(), large.limbs(), count),
            };
        }
        made(parts.negative, parts.limbs, count)
    }
}

/// A new `int` of so many digits.
fn made(negative: bool, limbs: &[u64], count: usize) -> R<*mut PyObject> {
    let fill = |digits: &mut [u32]| {
        // SAFETY: as many digits as the limbs have.
        unsafe { to_digits(limbs.as_ptr(), limbs.len(), digits.as_mut_ptr(), digits.len()) }
    };
    // SAFETY: the GIL is held; numbers beyond 64 bits have three digits or more.
    fresh(unsafe { layout::new_int(negative, count, fill) })
}

impl ElemEq for Big {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(super::eq(self, other))
    }

    fn view(&self) -> View<'_> {
        match self {
            Big::Small(v) => View::Int(*v),
            _ => View::Big(self),
        }
    }
}

impl ElemOrd for Big {
    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(super::cmp(self, other))
    }

    #[inline]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(super::cmp(self, other))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self> + Clone) -> bool
    where
        Self: 'a,
    {
        true
    }
}

impl PartialEq for Big {
    fn eq(&self, other: &Big) -> bool {
        super::eq(self, other)
    }
}

impl Key for Big {
    type Stored = Self;

    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(match self {
            Big::Small(v) => *v as u64,
            Big::Middle { high, low } => low ^ (*high as u64).rotate_left(32),
            Big::Large(_) => hash(self) as u64,
        })
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(hash(self))
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if let Big::Small(v) = self {
                return v.eq_object(cx, object);
            }
            if layout::is_int(object) {
                return Ok(super::eq(self, &Big::from_int(object)?));
            }
            if layout::is_float(object) {
                return Ok(super::eq_bf(self, layout::float_value(object)));
            }
            // A bool is small; the rest as for any int.
            i64::MAX.eq_object(cx, object).map(|_| false)
        }
    }
}

impl Repr for Big {
    fn push_repr(&self, cx: Cx, out: &mut StrBuilder) -> R<()> {
        text::push_to(cx, self, out)
    }
}

/// An int beyond 64 bits that stands in the source, made once: sign and limbs.
pub struct BigConst {
    negative: bool,
    limbs: &'static [u64],
    made: UnsafeCell<Option<Big>>,
}

// SAFETY: the cell is filled and read with the GIL held, and never changes once filled.
unsafe impl Sync for BigConst {}

impl BigConst {
    pub const fn new(negative: bool, limbs: &'static [u64]) -> Self {
        Self { negative, limbs, made: UnsafeCell::new(None) }
    }

    /// The number; it is never freed.
    #[inline]
    pub fn get(&'static self, _: Cx) -> R<&'static Big> {
        // SAFETY: the GIL is held, and nothing borrows the cell mutably across this call.
        match unsafe { &*self.made.get() } {
            Some(big) => Ok(big),
            None => self.fill(),
        }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn fill(&'static self) -> R<&'static Big> {
        let big = Big::of_limbs(self.negative, self.limbs)?;
        // SAFETY: the cell was empty, so nobody holds a reference into it; the GIL is held.
        Ok(unsafe { &mut *self.made.get() }.insert(big))
    }
}

/// What the parts of the module agree on.
const _: () = assert!(limbs::MOST < u32::MAX as usize && size_of::<Big>() == 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_is_the_only_one() {
        let of = |v: i128| Big::from_i128(v);
        assert!(matches!(of(1 << 62), Big::Small(_)));
        assert!(matches!(of(1 << 63), Big::Middle { high: 0, .. }));
        assert!(matches!(Big::of_limbs(true, &[0, 1 << 63]), Ok(Big::Middle { .. })));
        assert!(matches!(Big::of_limbs(false, &[0, 1 << 63]), Ok(Big::Large(_))));
        assert!(matches!(Big::of_limbs(false, &[7, 0, 0, 0]), Ok(Big::Small(7))));
        assert_eq!(super::super::bit_length(&of(i128::MIN)), 128);
    }

    /// Bit by bit.
    fn slow_digits(limbs: &[u64]) -> Vec<u32> {
        let bits = limbs::bits(limbs) as usize;
        let bit = |at: usize| limbs.get(at / 64).map_or(0, |limb| limb >> (at % 64) & 1) as u32;
        (0..bits.div_ceil(30)).map(|digit| (0..30).map(|at| bit(digit * 30 + at) << at).sum()).collect()
    }

    #[test]
    fn limbs_become_digits_where_they_stand() {
        let mut seed = 1_u64;
        for len in 1..70 {
            for top in [1, 1 << 29, 1 << 30, 1 << 40, u64::MAX] {
                let mut limbs: Vec<u64> = (0..len)
                    .map(|_| {
                        seed = seed
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        seed ^ seed >> 29
                    })
                    .collect();
                limbs[len - 1] = top;
                let digits = slow_digits(&limbs);
                let count = digits.len();
                let mut apart = vec![7; count];
                // SAFETY: as many as the limbs have.
                unsafe { to_digits(limbs.as_ptr(), len, apart.as_mut_ptr(), count) };
                assert_eq!(apart, digits);
                assert!((0..len).all(|at| super::super::value::limb(&digits, at) == limbs[at]));
                limbs.resize(count.div_ceil(2).max(len), 0);
                let start = limbs.as_mut_ptr();
                // SAFETY: there is room for the digits.
                let there = unsafe {
                    to_digits(start, len, start.cast(), count);
                    core::slice::from_raw_parts(start.cast::<u32>(), count)
                };
                assert_eq!(there, digits);
            }
        }
    }
}
