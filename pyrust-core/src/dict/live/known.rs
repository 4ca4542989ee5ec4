//! The commit of a dict whose keys have Python code that hashes and compares them: none of it is run.

use core::marker::PhantomData;

use pyo3_ffi::PyObject;

use super::{IN_BASE, Log, Overlay, PDict};
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::overlay::{Op, all_differ};
use crate::buf::Buf;
use crate::dict::native::boxed;
use crate::dict::{Kind, Plain};
use crate::elem::Key;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// The key's hash, and the equal key that the dict itself has; bails where another one has the same hash, since Python
    /// would compare both.
    fn known(self, cx: Cx, key: &K) -> R<(isize, Option<*mut PyObject>)> {
        let hash = key.py_hash(cx)?;
        let mut found = None;
        // SAFETY: As in `probe_place`.
        unsafe {
            let keys = Keys::of(self.as_ptr());
            let mut perturb = hash as usize;
            let mut at = perturb & keys.mask();
            loop {
                let entry = keys.slot(at);
                if entry == -1 {
                    return Ok((hash, found));
                }
                if entry >= 0 {
                    let (stored, object, _) = keys.entry(entry as usize);
                    let stored =
                        if keys.kind == KEYS_GENERAL { stored } else { layout::str_known_hash(object) };
                    // Slots may be looked at more than once.
                    if stored == hash && found != Some(object) {
                        if found.is_some() || !key.eq_object(cx, object)? {
                            return bail(Bail::Unsupported);
                        }
                        found = Some(object);
                    }
                }
                perturb >>= 5;
                at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
            }
        }
    }
}

/// As `operations` beside this: each key goes with its hash, and as the object that the dict has in its place. What is
/// deleted bails.
pub(super) fn operations<K, V>(overlay: &Overlay<K, V>, cx: Cx, into: &mut Buf<Op>) -> R<usize>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    if overlay.cleared || overlay.log.iter().any(|entry| !matches!(entry, Log::Insert { .. })) {
        return bail(Bail::Unsupported);
    }
    if !into.reserve_total(overlay.overwritten.len() + overlay.log.len()) {
        return bail(Bail::Memory);
    }
    let dict = PDict::<K, V, Plain> { object: overlay.dict, entry: PhantomData };
    let mut hashes = Buf::new();
    let mut set = |place: u32, is_there: bool, into: &mut Buf<Op>| {
        let key = overlay.table.key(place as usize);
        let (hash, there) = dict.known(cx, &key)?;
        let Some(value) = overlay.table.value(place as usize).value.clone() else { return bail(Bail::Panic) };
        let key = match (there, is_there) {
            // SAFETY: The dict keeps the key alive.
            (Some(object), true) => unsafe { again(object) },
            (None, false) if hashes.push(hash).is_ok() => key.into_py(cx)?,
            _ => return bail(Bail::Unsupported),
        };
        let (key, value) = boxed(key, value.into_py(cx))?;
        let _ = into.push(Op::SetKnown(key, value, hash));
        Ok(())
    };
    for &place in overlay.overwritten.iter() {
        let state = overlay.table.value(place as usize);
        if state.inserted == IN_BASE && state.value.is_some() {
            set(place, true, into)?;
        }
    }
    let replaced = into.len();
    for entry in overlay.log.iter() {
        if let Log::Insert { place, .. } = *entry {
            set(place, false, into)?;
        }
    }
    all_differ(&hashes)?;
    Ok(replaced)
}
