//! Scripts on dicts: the first argument in place or copied into a native dict, the second as another dict.

use pyo3_ffi::PyObject;
use pyrust_runtime::boundary::commit::{CallArgs, Run};
use pyrust_runtime::prelude::*;

use crate::{Line, each_line, none};

pub(crate) fn runner(kind: &str) -> Option<Run> {
    Some(match kind {
        "dict str int" => live::<Str, i64>,
        "dict int int" => live::<i64, i64>,
        "dict float str" => live::<f64, Str>,
        "dict number str" => live::<U3<i64, f64, bool>, Str>,
        "dict mixed str" => live::<U4<(), i64, Str, Bytes>, Str>,
        "dict pair int" => live::<(i64, Str), i64>,
        "dict tuple int" => live::<PTuple<i64>, i64>,
        "dict str row" => live::<Str, PList<i64>>,
        "native str int" => native::<Str, i64>,
        "native int int" => native::<i64, i64>,
        "native float str" => native::<f64, Str>,
        "native number str" => native::<U3<i64, f64, bool>, Str>,
        "native mixed str" => native::<U4<(), i64, Str, Bytes>, Str>,
        "native pair int" => native::<(i64, Str), i64>,
        "native tuple int" => native::<PTuple<i64>, i64>,
        "fresh str int" => fresh::<Str, i64>,
        "fresh int int" => fresh::<i64, i64>,
        _ => return None,
    })
}

trait Keyed: Key + FromPy + IntoPy {}
impl<K: Key + FromPy + IntoPy> Keyed for K {}
trait Valued: FromPy + IntoPy + Clone + ElemEq {}
impl<V: FromPy + IntoPy + Clone + ElemEq> Valued for V {}

unsafe fn arguments<K: Keyed, V: Valued>(cx: Cx, call: &CallArgs) -> R<(PDict<K, V>, PDict<K, V>)> {
    // SAFETY: Two arguments, alive.
    unsafe { Ok((PDict::from_py(cx, call.get(0))?, PDict::from_py(cx, call.get(1))?)) }
}

unsafe fn live<K: Keyed, V: Valued>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K, V>(cx, call)? };
    each_line(cx, |cx, line| operation(cx, &a, &b, line))?;
    a.into_py(cx)
}

unsafe fn native<K: Keyed, V: Valued>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K, V>(cx, call)? };
    let copy = dict::copy(cx, &a)?;
    each_line(cx, |cx, line| operation(cx, &copy, &b, line))?;
    copy.into_py(cx)
}

unsafe fn fresh<K: Keyed, V: Valued>(cx: Cx, call: &CallArgs) -> R<*mut PyObject> {
    // SAFETY: As above.
    let (a, b) = unsafe { arguments::<K, V>(cx, call)? };
    let copy = pyrust_runtime::retype::live::<_, PDict<K, V>>(cx, dict::copy(cx, &a)?)?;
    each_line(cx, |cx, line| operation(cx, &copy, &b, line))?;
    copy.into_py(cx)
}

fn operation<K, V, D, E>(cx: Cx, a: &D, b: &E, line: &Line) -> R<*mut PyObject>
where
    K: Keyed,
    V: Valued,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    let key = |cx| line.value::<K>(cx, 0);
    let value = |cx| line.value::<V>(cx, 1);
    match line.name.as_str() {
        "bail" => bail(Bail::Unsupported),
        "len" => dict::len(cx, a)?.into_py(cx),
        "truth" => dict::truth(cx, a)?.into_py(cx),
        "getitem" => dict::getitem(cx, a, &key(cx)?)?.into_py(cx),
        "get" => match dict::get(cx, a, &key(cx)?)? {
            Some(value) => value.into_py(cx),
            None => ().into_py(cx),
        },
        "get_or" => dict::get_or(cx, a, &key(cx)?, value(cx)?)?.into_py(cx),
        "set" => none(cx, dict::set(cx, a, key(cx)?, value(cx)?)),
        "del" => none(cx, dict::del(cx, a, &key(cx)?)),
        "contains" => dict::contains(cx, a, &key(cx)?)?.into_py(cx),
        "setdefault" => dict::setdefault(cx, a, key(cx)?, value(cx)?)?.into_py(cx),
        "pop" => dict::pop(cx, a, &key(cx)?)?.into_py(cx),
        "pop_or" => dict::pop_or(cx, a, &key(cx)?, value(cx)?)?.into_py(cx),
        "popitem" => dict::popitem(cx, a)?.into_py(cx),
        "clear" => none(cx, dict::clear(cx, a)),
        "update" => none(cx, dict::update(cx, a, b)),
        "keys" => dict::keys(cx, a)?.into_py(cx),
        "values" => dict::values(cx, a)?.into_py(cx),
        "items" => dict::items(cx, a)?.into_py(cx),
        "copy" => dict::copy(cx, a)?.into_py(cx),
        "union" => dict::union(cx, a, b)?.into_py(cx),
        "eq" => dict::eq(cx, a, b)?.into_py(cx),
        "ne" => dict::ne(cx, a, b)?.into_py(cx),
        "overwrite_all" => {
            // Values may be written while the dict is iterated.
            let mut cursor = dict::iter(cx, a)?;
            while let Some(key) = dict::next_key(cx, a, &mut cursor)? {
                dict::set(cx, a, key, value(cx)?)?;
            }
            ().into_py(cx)
        }
        "grow_in_loop" => {
            let mut cursor = dict::iter(cx, a)?;
            while dict::next_key(cx, a, &mut cursor)?.is_some() {
                dict::set(cx, a, key(cx)?, value(cx)?)?;
            }
            ().into_py(cx)
        }
        name => panic!("no such operation: {name}"),
    }
}
