//! Scripts on sets: the first argument in place or copied into a native set, the second as another set.

use pyo3_ffi::PyObject;
use pyrust_runtime::boundary::commit::{CallArgs, Run};
use pyrust_runtime::prelude::*;

use crate::{Line, each_line, none};

pub(crate) fn runner(kind: &str) -> Option<Run> {
    Some(match kind {
        "set int" => live::<i64>,
        "set str" => live::<Str>,
        "set char" => live::<Chr>,
        "set float" => live::<f64>,
        "set number" => live::<U3<i64, f64, bool>>,
        "set mixed" => live::<U4<(), i64, Str, Bytes>>,
        "set pair" => live::<(i64, Str)>,
        "set tuple" => live::<PTuple<i64>>,
        "set frozen" => live::<PFrozenSet<i64>>,
        "native set int" => native::<i64>,
        "native set str" => native::<Str>,
        "native set char" => native::<Chr>,
        "native set float" => native::<f64>,
        "native set number" => native::<U3<i64, f64, bool>>,
        "native set mixed" => native::<U4<(), i64, Str, Bytes>>,
        "native set pair" => native::<(i64, Str)>,
        "native set tuple" => native::<PTuple<i64>>,
        "native set frozen" => native::<PFrozenSet<i64>>,
        "fresh set int" => fresh::<i64>,
        "fresh set str" => fresh::<Str>,
        "frozenset int" => frozen::<i64>,
        "frozenset str" => frozen::<Str>,
        _ => return None,
    })
}

trait Element: Key + FromPy + IntoPy {}
impl<K: Key + FromPy + IntoPy> Element for K {}

unsafe fn arguments<K: Element>(cx: Cx, call: &CallArgs) -> R<(PSet<K>, PSet<K>)> {
    // SAFETY: Two arguments, alive.
    unsafe { Ok((PSet::from_py(cx, call.get(0))?, PSet::from_py(cx, call.get(1))?)) }
}

unsafe fn live<K: Element>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K>(cx, call)? };
    each_line(cx, |cx, line| operation(cx, &a, &b, line))?;
    a.into_py(cx)
}

unsafe fn native<K: Element>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K>(cx, call)? };
    let copy = set::copy(cx, &a)?;
    each_line(cx, |cx, line| operation(cx, &copy, &b, line))?;
    copy.into_py(cx)
}

unsafe fn fresh<K: Element>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K>(cx, call)? };
    let copy: PSet<K> = pyrust_runtime::retype::live(cx, set::copy(cx, &a)?)?;
    each_line(cx, |cx, line| operation(cx, &copy, &b, line))?;
    copy.into_py(cx)
}

unsafe fn frozen<K: Element>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: Two arguments, alive.
    let (a, b) =
        unsafe { (PFrozenSet::<K>::from_py(cx, call.get(0))?, PSet::<K>::from_py(cx, call.get(1))?) };
    each_line(cx, |cx, line| reading(cx, &a, &b, line))?;
    let copy: FrozenSet<K> = set::like(cx, &a)?;
    each_line(cx, |cx, line| reading(cx, &copy, &b, line))?;
    copy.into_py(cx)
}

/// What leaves the set as it is.
fn reading<K, S, T>(cx: Cx, a: &S, b: &T, line: &Line) -> R<*mut PyObject>
where
    K: Element,
    S: SetLike<K>,
    S::Made: IntoPy,
    T: SetLike<K>,
{
    let key = |cx| line.value::<K>(cx, 0);
    let items = |cx| line.value::<PList<K>>(cx, 1);
    let table = |cx| line.value::<PDict<K, Obj>>(cx, 2);
    match line.name.as_str() {
        "bail" => bail(Bail::Unsupported),
        "len" => set::len(cx, a)?.into_py(cx),
        "truth" => set::truth(cx, a)?.into_py(cx),
        "contains" => set::contains(cx, a, &key(cx)?)?.into_py(cx),
        "list" => set::to_list(cx, a)?.into_py(cx),
        "iterate" => {
            let out = list::new(cx)?;
            let mut cursor = set::iter(cx, a)?;
            while let Some(key) = set::next(cx, a, &mut cursor)? {
                list::append(cx, &out, key)?;
            }
            out.into_py(cx)
        }
        "copy" => set::copy(cx, a)?.into_py(cx),
        "frozen" => set::frozen_copy(cx, a)?.into_py(cx),
        "like" => set::like(cx, a)?.into_py(cx),
        "union" => set::union(cx, a, b)?.into_py(cx),
        "union_self" => set::union(cx, a, a)?.into_py(cx),
        "union_list" => set::union_list(cx, a, &items(cx)?)?.into_py(cx),
        "union_dict" => set::union_dict(cx, a, &table(cx)?)?.into_py(cx),
        "intersection" => set::intersection(cx, a, b)?.into_py(cx),
        "intersection_self" => set::intersection(cx, a, a)?.into_py(cx),
        "intersection_list" => set::intersection_list(cx, a, &items(cx)?)?.into_py(cx),
        "difference" => set::difference(cx, a, b)?.into_py(cx),
        "difference_self" => set::difference(cx, a, a)?.into_py(cx),
        "difference_list" => set::difference_list(cx, a, &items(cx)?)?.into_py(cx),
        "difference_dict" => set::difference_dict(cx, a, &table(cx)?)?.into_py(cx),
        "symmetric" => set::symmetric_difference(cx, a, b)?.into_py(cx),
        "symmetric_self" => set::symmetric_difference(cx, a, a)?.into_py(cx),
        "symmetric_list" => set::symmetric_difference_list(cx, a, &items(cx)?)?.into_py(cx),
        "symmetric_dict" => set::symmetric_difference_dict(cx, a, &table(cx)?)?.into_py(cx),
        "compare" => {
            let found = (
                set::eq(cx, a, b)?,
                set::ne(cx, a, b)?,
                set::lt(cx, a, b)?,
                set::le(cx, a, b)?,
                set::gt(cx, a, b)?,
                set::ge(cx, a, b)?,
                set::isdisjoint(cx, a, b)?,
            );
            found.into_py(cx)
        }
        "compare_list" => {
            let items = items(cx)?;
            let found = (
                set::le_list(cx, a, &items)?,
                set::ge_list(cx, a, &items)?,
                set::isdisjoint_list(cx, a, &items)?,
            );
            found.into_py(cx)
        }
        name => panic!("no such operation: {name}"),
    }
}

fn operation<K, S, T>(cx: Cx, a: &S, b: &T, line: &Line) -> R<*mut PyObject>
where
    K: Element,
    S: SetMut<K>,
    S::Made: IntoPy,
    T: SetLike<K>,
{
    let key = |cx| line.value::<K>(cx, 0);
    let items = |cx| line.value::<PList<K>>(cx, 1);
    let table = |cx| line.value::<PDict<K, Obj>>(cx, 2);
    match line.name.as_str() {
        "add" => none(cx, set::add(cx, a, key(cx)?)),
        "discard" => none(cx, set::discard(cx, a, &key(cx)?)),
        "remove" => none(cx, set::remove(cx, a, &key(cx)?)),
        "pop" => set::pop(cx, a)?.into_py(cx),
        "clear" => none(cx, set::clear(cx, a)),
        "update" => none(cx, set::update(cx, a, b)),
        "update_self" => none(cx, set::update(cx, a, a)),
        "update_list" => none(cx, set::update_list(cx, a, &items(cx)?)),
        "update_dict" => none(cx, set::update_dict(cx, a, &table(cx)?)),
        "intersection_update" => none(cx, set::intersection_update(cx, a, b)),
        "intersection_update_self" => none(cx, set::intersection_update(cx, a, a)),
        "intersection_update_list" => none(cx, set::intersection_update_list(cx, a, &items(cx)?)),
        "difference_update" => none(cx, set::difference_update(cx, a, b)),
        "difference_update_self" => none(cx, set::difference_update(cx, a, a)),
        "difference_update_list" => none(cx, set::difference_update_list(cx, a, &items(cx)?)),
        "symmetric_update" => none(cx, set::symmetric_difference_update(cx, a, b)),
        "symmetric_update_self" => none(cx, set::symmetric_difference_update(cx, a, a)),
        "symmetric_update_list" => none(cx, set::symmetric_difference_update_list(cx, a, &items(cx)?)),
        "symmetric_update_dict" => none(cx, set::symmetric_difference_update_dict(cx, a, &table(cx)?)),
        "shrink_in_loop" => {
            let mut cursor = set::iter(cx, a)?;
            while set::next(cx, a, &mut cursor)?.is_some() {
                set::discard(cx, a, &key(cx)?)?;
            }
            ().into_py(cx)
        }
        _ => reading(cx, a, b, line),
    }
}
