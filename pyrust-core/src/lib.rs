//! Python's semantics over unboxed values, inside transactions that can be undone: what `pyrust-runtime` stands on,
//! which is what generated code names.  What is public here is so for that crate.

// Out-of-line paths are `extern "C"`, so that no call in a loop can unwind: a call that can keeps accumulators in
// memory. They are called from Rust only.
#![allow(improper_ctypes_definitions)]

#[doc(hidden)]
pub use pyo3_ffi as ffi;

/// Hands the tuples that values can be to a macro: how many members, and the parameter and place of each.
#[doc(hidden)]
#[macro_export]
macro_rules! every_tuple {
    ($shapes:ident) => {
        $shapes! {
            1: A 0;
            2: A 0, B 1;
            3: A 0, B 1, C 2;
            4: A 0, B 1, C 2, D 3;
            5: A 0, B 1, C 2, D 3, E 4;
            6: A 0, B 1, C 2, D 3, E 4, F 5;
            7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
            8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
            9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
            10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
            11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
            12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
        }
    };
}

mod allocator;
pub mod blocks;
pub mod buf;
pub mod stop;

pub mod txn;

pub mod py;
pub mod strs;
pub mod suspended;

pub mod foreign;
pub mod function;
pub mod handing;
pub mod held;
pub mod iter;
pub mod obj;
pub mod object;
pub mod pages;
pub mod range;
pub mod retype;
pub mod row;
pub mod tuple;
pub mod union;

#[cfg(feature = "arrays")]
pub mod array;
pub mod elem;

pub mod dict;
pub mod list;
pub mod set;

pub mod big;
pub mod builtins;
#[cfg(feature = "rare")]
pub mod bytearray;
pub mod bytes;
pub mod calendar;
pub mod chr;
pub mod complex;
pub mod counts;
pub mod deque;
pub mod float;
pub mod fmt;
pub mod int;
pub mod locks;
pub mod logging;
pub mod lru;
mod maps;
pub mod math;
pub mod own;
#[cfg(feature = "rare")]
pub mod packed;
#[cfg(feature = "rare")]
pub mod random;
#[cfg(feature = "regex")]
pub mod regex;
mod stepped;
pub mod str_;

pub mod caught;
pub mod raised;
pub mod said;
pub mod support;

pub mod boundary;

pub mod peek;
pub mod words;
