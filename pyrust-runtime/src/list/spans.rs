//! Where the elements of a native list stand, for loops that change the length of no list of that type.

use super::native::List;
use crate::stop::R;

/// The elements of a list, as long as its length stays.
///
/// The compiler makes one where a variable keeps the list alive, and uses it only as long as no list of this type changes
/// its length, so that the elements stay where they are. It must not be used otherwise.
pub struct Span<T> {
    first: *mut T,
    len: usize,
}

impl<T> Clone for Span<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Span<T> {}

/// The elements of a list.
#[inline(always)]
pub fn span<T: Copy + 'static>(list: &List<T>) -> Span<T> {
    let items = list.items_mut();
    Span { first: items.as_mut_ptr(), len: items.len() }
}

/// The elements of a row that was looked up; none of one that there is not, which `row_of` tells at each use.
#[inline(always)]
pub fn span_of<T: Copy + 'static>(row: &R<List<T>>) -> Span<T> {
    match row {
        Ok(row) => span(row),
        Err(_) => Span { first: core::ptr::null_mut(), len: 0 },
    }
}

/// `list[index]`
#[inline(always)]
pub fn span_get<T: Copy + 'static>(span: Span<T>, index: i64) -> R<T> {
    let at = super::position(index, span.len)?;
    // SAFETY: `position` says inside, and the list has not changed its length since.
    Ok(unsafe { *span.first.add(at) })
}

/// `list[index]` with an index that is never negative.
#[inline(always)]
pub fn span_get_at<T: Copy + 'static>(span: Span<T>, index: i64) -> R<T> {
    let at = super::ahead(index, span.len)?;
    // SAFETY: as above.
    Ok(unsafe { *span.first.add(at) })
}

/// `list[index] = item`
#[inline(always)]
pub fn span_set<T: Copy + 'static>(span: Span<T>, index: i64, item: T) -> R<()> {
    let at = super::position(index, span.len)?;
    // SAFETY: as above; nobody borrows elements meanwhile, and none has to be dropped.
    unsafe { *span.first.add(at) = item };
    Ok(())
}

/// `list[index] = item` with an index that is never negative.
#[inline(always)]
pub fn span_set_at<T: Copy + 'static>(span: Span<T>, index: i64, item: T) -> R<()> {
    let at = super::ahead(index, span.len)?;
    // SAFETY: as above.
    unsafe { *span.first.add(at) = item };
    Ok(())
}
