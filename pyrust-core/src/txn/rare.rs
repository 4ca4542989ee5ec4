//! The parts of a transaction that most calls have nothing in.

#[cfg(feature = "arrays")]
use crate::array::Arrays;
use crate::boundary::deques::Deques;
use crate::boundary::dropped::Shared;
#[cfg(feature = "rare")]
use crate::boundary::ordered::Ordereds;
use crate::boundary::sets::Sets;
use crate::buf::Buf;
#[cfg(feature = "rare")]
use crate::bytearray::Attached;
use crate::counts::Counts;
use crate::list::owned;
use crate::locks::Locks;
use crate::lru::Caches;
use crate::lru::bounded::{Erased, Renewed};
use crate::object::own::Records;
#[cfg(feature = "rare")]
use crate::packed::Packeds;
#[cfg(feature = "rare")]
use crate::random::Generators;
#[cfg(feature = "regex")]
use crate::regex::Room;

/// What most transactions hold nothing of: whether there is something in all of it is one question.
pub(crate) struct Rare {
    #[cfg(feature = "rare")]
    pub(crate) bytearrays: Attached,
    pub(crate) deques: Deques,
    #[cfg(feature = "rare")]
    pub(crate) ordereds: Ordereds,
    #[cfg(feature = "arrays")]
    pub(crate) arrays: Arrays,
    #[cfg(feature = "rare")]
    pub(crate) packeds: Packeds,
    pub(crate) records: Records,
    /// Of the match that is tried: nothing that anybody waits for.
    #[cfg(feature = "regex")]
    pub(crate) room: Room,
    pub(crate) owned: owned::Lists,
    pub(crate) sets: Sets,
    #[cfg(feature = "rare")]
    pub(crate) random: Generators,
    /// Taken and not given back.
    pub(crate) locks: Locks,
    pub(crate) counts: Counts,
    pub(crate) caches: Caches,
    pub(crate) renewed: Renewed,
    /// Caches with bounds that are not what their objects say.
    pub(crate) turned: Buf<Erased>,
    /// What dicts and globals drop although others refer to it.
    pub(crate) shared: Buf<Shared>,
}

impl Rare {
    pub(super) const fn new() -> Rare {
        Rare {
            #[cfg(feature = "rare")]
            bytearrays: Attached::new(),
            deques: Deques::new(),
            #[cfg(feature = "rare")]
            ordereds: Ordereds::new(),
            #[cfg(feature = "arrays")]
            arrays: Arrays::new(),
            #[cfg(feature = "rare")]
            packeds: Packeds::new(),
            records: Records::new(),
            #[cfg(feature = "regex")]
            room: Room::new(),
            owned: owned::Lists::new(),
            sets: Sets::new(),
            #[cfg(feature = "rare")]
            random: Generators::new(),
            locks: Locks::new(),
            counts: Counts::new(),
            caches: Caches::new(),
            renewed: Renewed::new(),
            turned: Buf::new(),
            shared: Buf::new(),
        }
    }

    /// Is nothing held but what is committed where it lies, or by operations that cannot fail?
    pub(crate) fn holds_places_only(&self) -> bool {
        self.records.is_empty() && self.holds_places_and_records()
    }

    /// The same, or records, which are forgotten.
    pub(crate) fn holds_places_and_records(&self) -> bool {
        self.owned.is_empty()
            && self.sets.is_empty()
            && self.has_no_arrays()
            && self.shared.is_empty()
            && self.draws_nothing()
            && self.turned.is_empty()
            && self.locks.is_empty()
    }

    fn has_no_arrays(&self) -> bool {
        #[cfg(feature = "arrays")]
        return self.arrays.is_empty();
        #[cfg(not(feature = "arrays"))]
        true
    }

    fn draws_nothing(&self) -> bool {
        #[cfg(feature = "rare")]
        return self.random.is_untouched();
        #[cfg(not(feature = "rare"))]
        true
    }

    pub(crate) fn has_no_ordereds(&self) -> bool {
        #[cfg(feature = "rare")]
        return self.ordereds.is_empty();
        #[cfg(not(feature = "rare"))]
        true
    }

    fn has_no_bytes(&self) -> bool {
        #[cfg(feature = "rare")]
        return self.bytearrays.is_empty() && self.packeds.is_empty();
        #[cfg(not(feature = "rare"))]
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.holds_places_only()
            && self.deques.is_empty()
            && self.has_no_ordereds()
            && self.counts.is_empty()
            && self.caches.is_empty()
            && self.has_no_bytes()
    }
}
