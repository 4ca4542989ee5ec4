//! Everything that generated text names: `use pyrust_runtime::prelude::*;`.

pub use crate::try_;

pub use crate::stop::{Bail, Exc, R, Stop, bail, exc};
pub use crate::txn::Cx;

pub use crate::py::{Anew, FromPy, IntoPy};

#[cfg(feature = "arrays")]
pub use crate::array::{self as ndarray, Array, Np};
#[cfg(feature = "big")]
pub use crate::big::{Big, BigConst, SumBig};
#[cfg(feature = "rare")]
pub use crate::bytearray::ByteArray;
pub use crate::caught::{catches, undecided};
#[cfg(feature = "rare")]
pub use crate::complex::Complex;
pub use crate::constant::Constant;
pub use crate::deque::{Deque, DequeLike, PDeque};
#[cfg(feature = "rare")]
pub use crate::dict::POrdered;
pub use crate::dict::{Counter, Dict, DictLike, Factory, Ordered, PDict};
pub use crate::elem::{ElemEq, ElemOrd, Key};
pub use crate::foreign::Foreign;
pub use crate::function::{Callable, Closure, Inner};
pub use crate::generator::{Co, asking_tool, delegated, ending_tool, finish, generator, throw, tool};
pub use crate::handing::{HandOut, hand_out};
pub use crate::held::{Held, held, held_as};
pub use crate::iter::{Either, PyIter, columns, in_generator};
pub use crate::itertools::{
    GroupBy, Longest, Picks, Pools, again, at_least, batch, grouped, picked, slice_bounds, unequal_lengths,
};
pub use crate::list::{List, ListLike, PList, RList, SUMS, Sums};
pub use crate::memo::Memo;
#[cfg(feature = "rare")]
pub use crate::memory::MemView;
pub use crate::named::{IsClass, Named, NamedClass, NamedRow, OfClass};
pub use crate::obj::{Class, Obj, dynamic};
pub use crate::object::{
    Above, Attribute, Checked, ClassName, Field, Fields, Inherited, Instance, IsObject, Method, MethodKind,
    ObjectClass, OfObjectClass, Own, Sure,
};
pub use crate::own::raise_own;
#[cfg(feature = "rare")]
pub use crate::packed::{Code, Packed};
pub use crate::pushed::{Sink, passing, pushed_out, pushed_stop};
pub use crate::raised::{caught, known, raise};
pub use crate::range::Range;
#[cfg(feature = "regex")]
pub use crate::regex::Found;
pub use crate::row::Row;
pub use crate::said::{Said, said, unpacked, unpacked_at_least};
pub use crate::set::{FrozenSet, PFrozenSet, PSet, Set, SetLike, SetMut};
pub use crate::shared::Shared;
pub use crate::strs::{Bytes, Chr, Str};
pub use crate::suspended::{Suspending, reached};
pub use crate::tee::tee;
pub use crate::tuple::PTuple;
pub use crate::union::{Optional, U2, U3, U4, U5, U6, U7, U8};

#[cfg(feature = "big")]
pub use crate::big;
#[cfg(feature = "regex")]
pub use crate::regex;
pub use crate::{
    bisect, builtins, bytes, calendar, chr, copied, counts, deque, dict, float, fmt, foreign, heap, int,
    list, locks, logging, lru, math, named, object, ospath, range, retype, set, str_, tuple,
};
#[cfg(feature = "rare")]
pub use crate::{bytearray, complex, packed, parallel, random, statistics, structs};

pub use crate::builtins::{SumF, SumFloat, SumI, SumState};
pub use crate::str_ as pystr;
pub use crate::str_::{Automaton, Grows as _, Joiner, Pieces, Stacked, StrBuilder, StrConst, Tail};
pub use crate::support::*;
pub use crate::txn::FUEL;
pub use crate::txn::seen::Seen;

pub use crate::activate::*;
