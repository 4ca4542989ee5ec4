//! Scripts on lists: the first argument in place or copied into a native list, the second as another list.

use pyo3_ffi::PyObject;
use pyrust_runtime::boundary::commit::{CallArgs, Run};
use pyrust_runtime::prelude::*;
use pyrust_runtime::tuple;

use crate::{Line, each_line, none};

pub(crate) fn runner(kind: &str) -> Option<Run> {
    Some(match kind {
        "list int" => live::<i64>,
        "list float" => live::<f64>,
        "list bool" => live::<bool>,
        "list str" => live::<Str>,
        "list number" => live::<U2<i64, f64>>,
        "list pair" => live::<(i64, Str)>,
        "list row" => live_rows,
        "list object" => live_objects,
        "native int" => native::<i64>,
        "native float" => native::<f64>,
        "native str" => native::<Str>,
        "native number" => native::<U2<i64, f64>>,
        "native pair" => native::<(i64, Str)>,
        "fresh int" => fresh::<i64>,
        "fresh float" => fresh::<f64>,
        "fresh str" => fresh::<Str>,
        _ => return None,
    })
}

trait Item: FromPy + IntoPy + Clone + ElemOrd {}
impl<T: FromPy + IntoPy + Clone + ElemOrd> Item for T {}

unsafe fn live<T: Item>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: Two arguments, alive.
    let (a, b) = unsafe { (PList::<T>::from_py(cx, call.get(0))?, PList::<T>::from_py(cx, call.get(1))?) };
    each_line(cx, |cx, line| match basic(cx, &a, &b, line)? {
        Some(given) => Ok(given),
        None => ordered(cx, &a, &b, line),
    })?;
    // Twice the same native handle: aliasing survives boxing.
    let copy = list::copy(cx, &a)?;
    (copy.clone(), copy, a).into_py(cx)
}

unsafe fn native<T: Item>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: Two arguments, alive.
    let (a, b) = unsafe { (PList::<T>::from_py(cx, call.get(0))?, PList::<T>::from_py(cx, call.get(1))?) };
    let copy = list::copy(cx, &a)?;
    each_line(cx, |cx, line| match basic(cx, &copy, &b, line)? {
        Some(given) => Ok(given),
        None => ordered(cx, &copy, &b, line),
    })?;
    copy.into_py(cx)
}

/// A Python list made inside the transaction, which takes the elements of the first argument as objects.
unsafe fn fresh<T: Item>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: Two arguments, alive.
    let (a, b) = unsafe { (PList::<T>::from_py(cx, call.get(0))?, PList::<T>::from_py(cx, call.get(1))?) };
    let copy = list::plist_copy(cx, &a)?;
    each_line(cx, |cx, line| match basic(cx, &copy, &b, line)? {
        Some(given) => Ok(given),
        None => ordered(cx, &copy, &b, line),
    })?;
    copy.into_py(cx)
}

unsafe fn live_objects(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: Two arguments, alive.
    let (a, b) =
        unsafe { (PList::<Obj>::from_py(cx, call.get(0))?, PList::<Obj>::from_py(cx, call.get(1))?) };
    each_line(cx, |cx, line| match basic(cx, &a, &b, line)? {
        Some(given) => Ok(given),
        None => bail(Bail::Unsupported),
    })?;
    a.into_py(cx)
}

/// Rows of ints, written through the rows as well.
unsafe fn live_rows(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    type Row = PList<i64>;
    // SAFETY: Two arguments, alive.
    let (a, b) =
        unsafe { (PList::<Row>::from_py(cx, call.get(0))?, PList::<Row>::from_py(cx, call.get(1))?) };
    each_line(cx, |cx, line| {
        let row = |cx| list::get(cx, &a, line.int(0));
        match line.name.as_str() {
            "row_set" => none(cx, list::set(cx, &row(cx)?, line.int(1), line.int(2))),
            "row_append" => none(cx, list::append(cx, &row(cx)?, line.int(1))),
            "row_pop" => list::pop(cx, &row(cx)?)?.into_py(cx),
            "row_fresh" => {
                let fresh = list::plist_of(cx, [line.int(1), line.int(2)])?;
                list::append(cx, &fresh, 7)?;
                none(cx, list::set(cx, &a, line.int(0), fresh))
            }
            _ => match basic(cx, &a, &b, line)? {
                Some(given) => Ok(given),
                None => ordered(cx, &a, &b, line),
            },
        }
    })?;
    a.into_py(cx)
}

/// Operations that any element allows.
fn basic<T, L, M>(cx: Cx, a: &L, b: &M, line: &Line) -> R<Option<*mut PyObject>>
where
    T: FromPy + IntoPy + Clone + 'static,
    L: ListLike<T>,
    M: ListLike<T>,
{
    let slice = || (line.optional(0), line.optional(1), line.optional(2));
    let given = match line.name.as_str() {
        "bail" => return bail(Bail::Unsupported),
        "len" => list::len(cx, a).into_py(cx),
        "truth" => list::truth(cx, a).into_py(cx),
        "get" => list::get(cx, a, line.int(0))?.into_py(cx),
        "set" => none(cx, list::set(cx, a, line.int(0), line.value(cx, 0)?)),
        "move" => none(cx, list::set(cx, a, line.int(0), list::get(cx, a, line.int(1))?)),
        "append" => none(cx, list::append(cx, a, line.value(cx, 0)?)),
        "pop" => list::pop(cx, a)?.into_py(cx),
        "pop_at" => list::pop_at(cx, a, line.int(0))?.into_py(cx),
        "insert" => none(cx, list::insert(cx, a, line.int(0), line.value(cx, 0)?)),
        "del" => none(cx, list::del(cx, a, line.int(0))),
        "extend" => none(cx, list::extend(cx, a, b)),
        "extend_self" => none(cx, list::extend(cx, a, a)),
        "imul" => none(cx, list::repeat_in_place(cx, a, line.int(0))),
        "clear" => none(cx, list::clear(cx, a)),
        "reverse" => none(cx, list::reverse(cx, a)),
        "copy" => list::copy(cx, a)?.into_py(cx),
        "slice" => {
            let (start, stop, step) = slice();
            list::slice(cx, a, start, stop, step)?.into_py(cx)
        }
        "del_slice" => {
            let (start, stop, step) = slice();
            none(cx, list::del_slice(cx, a, start, stop, step))
        }
        "set_slice" => {
            let (start, stop, step) = slice();
            none(cx, list::set_slice(cx, a, start, stop, step, b))
        }
        "set_slice_self" => {
            let (start, stop, step) = slice();
            none(cx, list::set_slice(cx, a, start, stop, step, a))
        }
        "concat" => list::concat(cx, a, b)?.into_py(cx),
        "repeat" => list::repeat(cx, a, line.int(0))?.into_py(cx),
        "tuple" => tuple::from_list(cx, a)?.into_py(cx),
        "iterate" => {
            // The list grows and shrinks while it is iterated.
            let seen = list::new(cx)?;
            let mut at = 0;
            while let Some(item) = list::next(cx, a, &mut at)? {
                if at % 3 == 1 && at < 20 {
                    list::append(cx, a, item.clone())?;
                }
                list::append(cx, &seen, item)?;
                if at % 4 == 3 {
                    list::pop(cx, a)?;
                }
            }
            seen.into_py(cx)
        }
        _ => return Ok(None),
    };
    given.map(Some)
}

/// Operations that compare elements.
fn ordered<T, L, M>(cx: Cx, a: &L, b: &M, line: &Line) -> R<*mut PyObject>
where
    T: FromPy + IntoPy + Clone + ElemOrd,
    L: ListLike<T>,
    M: ListLike<T>,
{
    match line.name.as_str() {
        "remove" => none(cx, list::remove(cx, a, &line.value(cx, 0)?)),
        "index" => list::index(cx, a, &line.value(cx, 0)?)?.into_py(cx),
        "count" => list::count(cx, a, &line.value(cx, 0)?)?.into_py(cx),
        "contains" => list::contains(cx, a, &line.value(cx, 0)?)?.into_py(cx),
        "sort" => none(cx, list::sort(cx, a)),
        "sort_reverse" => none(cx, list::sort_reverse(cx, a)),
        "sort_keyed" => {
            // key=lambda x: position % 3, of the first occurrence of an equal element
            let keys = list::new(cx)?;
            for at in 0..list::len(cx, a) {
                let first = list::index(cx, a, &list::get(cx, a, at)?)?;
                list::append(cx, &keys, first % 3)?;
            }
            none(cx, list::sort_keyed(cx, a, &keys, line.int(0) != 0))
        }
        "eq" => list::eq(cx, a, b)?.into_py(cx),
        "lt" => list::lt(cx, a, b)?.into_py(cx),
        "ge" => list::ge(cx, a, b)?.into_py(cx),
        name => panic!("no such operation: {name}"),
    }
}
