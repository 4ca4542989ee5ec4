//! Values of keys that a dict has: they are replaced where they stand (replay rule 7), and the log of places
//! (`boundary::attributes`) undoes it. Nothing else of the dict changes while the transaction is open, so places stay
//! where they are. What comes or goes waits for the commit; a dict in which something does has its values there, too.

use super::PDict;
use crate::boundary::attributes::{self, is_watched};
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::dict::Kind;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy};
use crate::stop::R;
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// May values be replaced where they stand? Not where what waits says what they are, nor in tables that instances share
    /// and dicts of which somebody wants to be told; keys that ask compiled methods and what would not be the same object at
    /// the commit are left to that as well.
    #[inline(always)]
    pub(super) fn is_as_it_stands(self, cx: Cx) -> bool {
        // SAFETY: A short borrow; a live dict.
        V::LASTS
            && !K::is_hooked()
            && unsafe {
                let dicts = &cx.txn().dicts;
                dicts.is_empty() || !dicts.holds(self.as_ptr())
            }
            && self.has_places()
    }

    /// Does each value stand in a place of its own, and nobody wants to be told of changes?
    #[inline(always)]
    pub(super) fn has_places(self) -> bool {
        // SAFETY: A live dict.
        unsafe { !is_watched(self.as_ptr()) && !Keys::of(self.as_ptr()).is_split() }
    }

    /// `dict[key] = value` of a dict that is not new.
    #[inline(never)]
    pub(super) fn put_known(self, cx: Cx, key: K, value: V) -> R<()> {
        if self.is_as_it_stands(cx) {
            cx.point()?;
            let hash = key.py_hash(cx)?;
            if let Some((entry, ..)) = self.probe_hashed(cx, hash, &key)? {
                return self.replace_in_place(cx, entry, value);
            }
            if self.writes_few(cx)? {
                return self.insert_few(cx, hash, key, value);
            }
        }
        if self.writes_few(cx)? { self.put_few(cx, key, value) } else { self.put_held(cx, key, value) }
    }

    /// `dict[key] = value` of a key that was found as this entry and of which nothing waits, where the dict
    /// [`PDict::has_places`].
    #[inline]
    pub(super) fn replace_in_place(self, cx: Cx, entry: usize, value: V) -> R<()> {
        // SAFETY: The entry holds a value, and stays in its place while the transaction is open.
        unsafe {
            let keys = Keys::of(self.as_ptr());
            let place = if keys.kind == KEYS_GENERAL { keys.general_place(entry) } else { keys.place(entry) };
            // It may be that of a module. What waits for the dict is marked there, and is done with its mark gone.
            if layout::dict_mark(self.as_ptr()).is_none() {
                layout::dict_moved_on(self.as_ptr());
            }
            if attributes::rewrites(cx, place, &value)? {
                return Ok(());
            }
            let object = value.into_py(cx)?;
            if !V::UNTRACKED {
                layout::track_dict(self.as_ptr(), object);
            }
            attributes::replace(cx, place, object)
        }
    }

    /// `dict[key] = f(dict[key])`, while [`PDict::is_as_it_stands`]; whether there was something to be changed.
    #[inline]
    pub(super) fn change_in_place(self, cx: Cx, key: &K, f: impl FnOnce(V) -> R<V>) -> R<bool> {
        cx.point()?;
        let Some((entry, _, old)) = self.probe_place(cx, key)? else { return Ok(false) };
        // SAFETY: The dict keeps it alive. `f` touches no container.
        let old = unsafe { V::from_py(cx, old)? };
        self.replace_in_place(cx, entry, f(old)?)?;
        Ok(true)
    }
}
