//! Constant keys of dicts of Python's: records of the same make have a key at the same place.

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::overlay::set_known;
use crate::dict::{DictLike, Kind, PDict, Plain, getitem, missing};
use crate::py::{FromPy, IntoPy, arrived};
use crate::stop::R;
use crate::str_::StrConst;
use crate::strs::Str;
use crate::txn::{Cx, no_memory};

/// `d["name"]`
#[inline(always)]
pub fn field<V, M>(cx: Cx, dict: &PDict<Str, V, M>, name: &'static StrConst) -> R<V>
where
    V: FromPy + IntoPy + Clone,
    M: Kind,
{
    arrived(field_read(cx, dict, name))
}

#[inline(never)]
extern "C" fn field_read<V, M>(cx: Cx, dict: &PDict<Str, V, M>, name: &'static StrConst) -> R<V>
where
    V: FromPy + IntoPy + Clone,
    M: Kind,
{
    let key = name.get(cx)?;
    if dict.is_written(cx)? {
        return getitem(cx, dict, key);
    }
    cx.point()?;
    match dict.find_at(cx, key, name.place())? {
        // SAFETY: The dict keeps the value alive.
        Some(value) => unsafe { V::from_py(cx, value) },
        None => missing(cx, key),
    }
}

/// `d.get("name")`
#[inline]
pub fn field_get<V, M>(cx: Cx, dict: &PDict<Str, V, M>, name: &'static StrConst) -> R<Option<V>>
where
    V: FromPy + IntoPy + Clone,
    M: Kind,
{
    let key = name.get(cx)?;
    if dict.is_written(cx)? {
        return dict.find(cx, key);
    }
    cx.point()?;
    match dict.find_at(cx, key, name.place())? {
        // SAFETY: The dict keeps the value alive.
        Some(value) => unsafe { V::from_py(cx, value) }.map(Some),
        None => Ok(None),
    }
}

/// `d.get("name", default)`
#[inline]
pub fn field_or<V, M>(cx: Cx, dict: &PDict<Str, V, M>, name: &'static StrConst, default: V) -> R<V>
where
    V: FromPy + IntoPy + Clone,
    M: Kind,
{
    Ok(field_get(cx, dict, name)?.unwrap_or(default))
}

/// `"name" in d`
#[inline]
pub fn has_field<V, M>(cx: Cx, dict: &PDict<Str, V, M>, name: &'static StrConst) -> R<bool>
where
    V: FromPy + IntoPy + Clone,
    M: Kind,
{
    let key = name.get(cx)?;
    if dict.is_written(cx)? {
        return dict.has(cx, key);
    }
    Ok(dict.find_at(cx, key, name.place())?.is_some())
}

/// `{"name": value, …}`, as a dict of Python's. The names differ.
#[inline]
pub fn record<V, const N: usize>(cx: Cx, names: [&'static StrConst; N], values: [V; N]) -> R<PDict<Str, V>>
where
    V: FromPy + IntoPy + Clone,
{
    let object = Plain::object(cx, None)?;
    for (name, value) in names.into_iter().zip(values) {
        if let Err(stop) = enter(cx, object, name, value) {
            // SAFETY: A reference of ours; nothing else knows the object.
            unsafe { Py_DECREF(object) };
            return Err(stop);
        }
    }
    // SAFETY: A reference of ours, which goes to the arena.
    PDict::made(cx, unsafe { cx.adopt(object)? })
}

#[inline]
fn enter<V: IntoPy>(cx: Cx, object: *mut PyObject, name: &'static StrConst, value: V) -> R<()> {
    let name = name.get(cx)?;
    let value = value.into_py(cx)?;
    // SAFETY: A dict with texts of the source as keys, which are compared without Python code; the value is ours.
    let done = unsafe {
        let done = set_known(object, name.known(), value, name.py_hash());
        Py_DECREF(value);
        done
    };
    if done == 0 { Ok(()) } else { no_memory() }
}
