//! What an item is in memory and in Python, by typecode.

use core::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_ulong, c_ulonglong, c_ushort};

use crate::stop::{Bail, Exc, R, bail, exc};

/// Stands for a typecode where types are chosen.
pub struct Code<const C: char>;

/// A typecode of numbers.
pub trait Packs {
    type Raw: Item;
}

/// A number in memory.
pub trait Item: Copy + PartialEq + PartialOrd + 'static {
    /// What Python makes of it.
    type Value: Copy + PartialEq + 'static;

    /// An unsigned one that leaves 64 bits with a sign bails.
    fn unpacked(self) -> R<Self::Value>;

    /// OverflowError where it does not fit.
    fn packed(value: Self::Value) -> R<Self>;
}

macro_rules! codes {
    ($($code:literal $raw:ty;)+) => { $(
        impl Packs for Code<$code> {
            type Raw = $raw;
        }
    )+ };
}

codes! {
    'b' i8;
    'B' u8;
    'h' c_short;
    'H' c_ushort;
    'i' c_int;
    'I' c_uint;
    'l' c_long;
    'L' c_ulong;
    'q' c_longlong;
    'Q' c_ulonglong;
    'f' f32;
    'd' f64;
}

macro_rules! ints {
    ($($raw:ty)+) => { $(
        impl Item for $raw {
            type Value = i64;

            #[inline(always)]
            fn unpacked(self) -> R<i64> {
                match i64::try_from(self) {
                    Ok(value) => Ok(value),
                    Err(_) => bail(Bail::Overflow),
                }
            }

            #[inline(always)]
            fn packed(value: i64) -> R<Self> {
                match Self::try_from(value) {
                    Ok(raw) => Ok(raw),
                    Err(_) => exc(Exc::OverflowError),
                }
            }
        }
    )+ };
}

ints! { i8 u8 i16 u16 i32 u32 i64 u64 }

impl Item for f32 {
    type Value = f64;

    #[inline(always)]
    fn unpacked(self) -> R<f64> {
        Ok(self.into())
    }

    /// What is too large becomes infinite, as C has it.
    #[inline(always)]
    fn packed(value: f64) -> R<f32> {
        Ok(value as f32)
    }
}

impl Item for f64 {
    type Value = f64;

    #[inline(always)]
    fn unpacked(self) -> R<f64> {
        Ok(self)
    }

    #[inline(always)]
    fn packed(value: f64) -> R<f64> {
        Ok(value)
    }
}
