//! Where native code meets the interpreter: layouts, journal, commit and rollback.

pub(crate) mod attributes;
pub(crate) mod collections;
pub mod commit;
pub(crate) mod deque_layout;
pub(crate) mod deques;
pub(crate) mod dropped;
pub mod dying;
pub(crate) mod few;
pub(crate) mod fresh;
pub mod globals;
pub(crate) mod journal;
pub mod layout;
pub(crate) mod made;
#[cfg(feature = "rare")]
pub(crate) mod ordered;
#[cfg(feature = "rare")]
pub(crate) mod ordered_layout;
pub(crate) mod overlay;
pub mod probe;
pub(crate) mod ptrmap;
pub(crate) mod registry;
pub(crate) mod sets;
pub(crate) mod stores;
