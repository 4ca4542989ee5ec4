//! Lists, dicts and sets in another representation: what one function makes, where another one keeps it among values of
//! more types, or gives it to Python.
//!
//! Nothing but the value given may hold the container: a second handle would see two of them. Then the call runs in
//! Python.

use crate::dict::Dict;
use crate::elem::Key;
use crate::list::{self, List, ListLike, MakeList};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A container whose handles are counted.
pub trait Counted {
    /// Is this the only handle, and no object of Python's made of it, or can nobody tell?
    fn is_alone(&self) -> bool;
}

fn alone<C: Counted>(container: &C) -> R<()> {
    if container.is_alone() { Ok(()) } else { bail(Bail::Alias) }
}

/// A list, its elements in another representation.
pub fn list<T, U>(cx: Cx, list: List<T>, mut f: impl FnMut(T) -> R<U>) -> R<List<U>>
where
    T: Clone + 'static,
    U: Clone + 'static,
{
    alone(&list)?;
    let out = List::make(cx, list.count())?;
    // Taken from the end, each element is alone as well.
    let mut items = list.take_items();
    items.reverse();
    while let Some(item) = items.pop() {
        list::append(cx, &out, f(item)?)?;
    }
    Ok(out)
}

/// A dict, its keys and values in another representation; in their order.
pub fn dict<K, V, L, W>(
    cx: Cx,
    dict: Dict<K, V>,
    mut key: impl FnMut(K) -> R<L>,
    mut value: impl FnMut(V) -> R<W>,
) -> R<Dict<L, W>>
where
    K: Key,
    V: Clone + 'static,
    L: Key,
    W: Clone + 'static,
{
    alone(&dict)?;
    let out = Dict::<L, W>::make(cx)?;
    let mut table = dict.take_table();
    let mut place = 0;
    while let Some(at) = table.next_live(place) {
        let (k, v) = table.remove(at);
        crate::dict::set(cx, &out, key(k)?, value(v)?)?;
        place = at + 1;
    }
    Ok(out)
}

/// A container as an object of Python's, which lives in the transaction.
pub fn live<C: IntoPy + Counted, P: FromPy>(cx: Cx, container: C) -> R<P> {
    alone(&container)?;
    let object = container.into_py(cx)?;
    // SAFETY: A new strong reference, given to the transaction.
    unsafe { P::from_py(cx, cx.adopt(object)?.as_ptr()) }
}
