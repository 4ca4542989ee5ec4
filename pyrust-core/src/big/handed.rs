//! What calls that are not inlined hand back.
//!
//! A number has three words. It would be written to memory word by word and be copied from there in larger pieces, for
//! which the machine waits until all words have arrived; two words come back in registers.

use super::Big;
use super::store::Large;
use crate::stop::{R, Stop};

/// A result in two words. Where a number has a third one, that is the upper half of it, which is handed over in memory.
#[repr(u64)]
pub(super) enum Handed {
    Small(i64),
    Middle(u64),
    Large(Large),
    Stopped(Stop),
}

impl Handed {
    #[inline(always)]
    pub(super) fn of(result: R<Big>, upper: &mut i64) -> Handed {
        match result {
            Ok(Big::Small(value)) => Handed::Small(value),
            Ok(Big::Middle { high, low }) => {
                *upper = high;
                Handed::Middle(low)
            }
            Ok(Big::Large(large)) => Handed::Large(large),
            Err(stop) => Handed::Stopped(stop),
        }
    }

    /// What `call` hands back, which is given a place for the upper half.
    #[inline(always)]
    pub(super) fn by(call: impl FnOnce(&mut i64) -> Handed) -> R<Big> {
        let mut high = 0;
        match call(&mut high) {
            Handed::Small(value) => Ok(Big::Small(value)),
            Handed::Middle(low) => Ok(Big::Middle { high, low }),
            Handed::Large(large) => Ok(Big::Large(large)),
            Handed::Stopped(stop) => Err(stop),
        }
    }
}
