//! Activation: from the import of the extension to native calls.
//!
//! `init` → `finder` (modules now and later) → `patch` (find, compare digests, put a prologue in) → `hook` (every
//! call: guards, transaction, counters). `namespace` guards names, `digest` guards source, `budget` (with `clock`)
//! stops what does not pay, `shadow` compares some calls with Python, `interp` reads the interpreter's own state.

pub mod constant;
pub mod digest;
pub mod metadata;
pub mod namespace;
pub mod prologue;

mod arenas;
mod budget;
mod clock;
mod dry;
mod enums;
mod finder;
mod handlers;
mod hook;
mod init;
mod intercept;
pub mod interp;
mod library;
mod lines;
mod locate;
mod order;
mod ospath;
mod patch;
pub(crate) mod path;
mod patterns;
mod raising;
mod regions;
mod registry;
mod segments;
mod selftest;
mod settings;
mod shadow;
mod stdlib;
mod suspendable;
mod waits;
mod watch;
mod yields;

pub use self::constant::SetConst;
pub use self::init::init;
pub use self::metadata::{
    Again, Entry, Form, Function, Kept, Module, Open, Resumed, Segment, Site, Slot, Spec, Watched,
};
pub use self::namespace::Namespace;
pub use crate::boundary::commit::{CallArgs, box_result, box_returned, matches_rarely, read_rarely};
