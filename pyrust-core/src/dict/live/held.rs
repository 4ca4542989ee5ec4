//! The operations of an overlay, for the commit; handles on dicts of other classes.

use core::marker::PhantomData;
use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use super::{IN_BASE, Log, Overlay, PDict};
use crate::boundary::overlay::Op;
use crate::buf::Buf;
use crate::dict::native::boxed;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl<K, V> PDict<K, V> {
    /// A handle on a dict.
    ///
    /// # Safety
    /// `object` is one, for C, and the transaction keeps it alive.
    #[inline(always)]
    pub(crate) unsafe fn of_object(object: NonNull<PyObject>) -> Self {
        PDict { object, entry: PhantomData }
    }
}

/// Boxes the overlay: first the overwritten values, which change no shape, then the log.
pub(super) unsafe fn operations<K, V>(data: NonNull<u8>, cx: Cx, into: &mut Buf<Op>) -> R<usize>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    // SAFETY: By the caller: an overlay of these types, not borrowed.
    let overlay = unsafe { &*data.cast::<Overlay<K, V>>().as_ptr() };
    if K::is_hooked() {
        return super::known::operations(overlay, cx, into);
    }
    if !into.reserve_total(overlay.overwritten.len() + overlay.log.len()) {
        return bail(Bail::Memory);
    }
    let key_of = |place: u32| overlay.table.key(place as usize).into_py(cx);
    let set = |place: u32, value: Option<V>, into: &mut Buf<Op>| {
        let key = key_of(place)?;
        let value = match value {
            Some(value) => value.into_py(cx),
            // Deleted again later in the log: which value it had cannot be seen.
            None => ().into_py(cx),
        };
        let (key, value) = boxed(key, value)?;
        let _ = into.push(Op::Set(key, value));
        Ok(())
    };
    for &place in overlay.overwritten.iter() {
        let state = overlay.table.value(place as usize);
        if state.inserted == IN_BASE && state.value.is_some() {
            set(place, state.value.clone(), into)?;
        }
    }
    let replaced = into.len();
    for entry in overlay.log.iter() {
        match *entry {
            Log::Insert { place, inserted } => {
                let current = overlay.is_current(place, inserted);
                let value = if current { overlay.table.value(place as usize).value.clone() } else { None };
                set(place, value, into)?;
            }
            Log::Delete(place) => {
                let _ = into.push(Op::Del(key_of(place)?));
            }
            Log::PopItem => {
                let _ = into.push(Op::PopItem);
            }
            Log::Clear => {
                let _ = into.push(Op::Clear);
            }
        }
    }
    Ok(replaced)
}

pub(super) unsafe fn drop_overlay<K: Key, V>(data: NonNull<u8>) {
    // SAFETY: By the caller: an overlay of these types, dropped once.
    drop(unsafe { Box::from_raw(data.cast::<Overlay<K, V>>().as_ptr()) });
}
