//! Where the elements of a native list stand, for loops that change the length of no list of that type, or of one only, by
//! appending to it.

use core::hint::select_unpredictable;
use core::mem::{ManuallyDrop, MaybeUninit};

use super::native::List;
use crate::said::Said;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

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

impl<T> Span<T> {
    /// How many there are.
    #[inline(always)]
    pub fn count(self) -> i64 {
        // SAFETY: No list has more elements; so what is looked up by turns needs no look at the length.
        unsafe { core::hint::assert_unchecked(self.len <= isize::MAX as usize) };
        self.len as i64
    }
}

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

/// The same of a row that may be a list which is growing: of that one none.
#[inline(always)]
pub fn span_of_apart<T: Copy + 'static>(row: &R<List<T>>, growing: &List<T>) -> Span<T> {
    match row {
        Ok(row) if row.raw() != growing.raw() => span(row),
        _ => Span { first: core::ptr::null_mut(), len: 0 },
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
    let at = super::ahead(index, span.len, Said::ListIndex)?;
    // SAFETY: as above.
    Ok(unsafe { *span.first.add(at) })
}

/// `list[index] = item`
#[inline(always)]
pub fn span_set<T: Copy + 'static>(span: Span<T>, index: i64, item: T) -> R<()> {
    let at = super::position_of(index, span.len, Said::ListStore)?;
    // SAFETY: as above; nobody borrows elements meanwhile, and none has to be dropped.
    unsafe { *span.first.add(at) = item };
    Ok(())
}

/// `list[index] = item` with an index that is never negative.
#[inline(always)]
pub fn span_set_at<T: Copy + 'static>(span: Span<T>, index: i64, item: T) -> R<()> {
    let at = super::ahead(index, span.len, Said::ListStore)?;
    // SAFETY: as above.
    unsafe { *span.first.add(at) = item };
    Ok(())
}

/// Where a loop stands in a list turn by turn; it has been seen before those turns that all of that is inside.
///
/// The compiler makes one from a [`Span`] and uses it in those turns only, as long as the span may be used.
pub struct Inside<T> {
    base: *mut T,
}

impl<T> Clone for Inside<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Inside<T> {}

/// So few turns are over before that is found out.
#[inline(always)]
pub fn enough(first: i64, last: i64) -> bool {
    last.wrapping_sub(first) >= 7
}

/// The places `turn + offset`, for the turns from `first` to `last`, if there are such elements. What is added may be
/// the sum of some words.
#[inline(always)]
pub fn inside<T: Copy + 'static>(span: Span<T>, first: i64, last: i64, offset: i128) -> Option<Inside<T>> {
    let (least, most) = (i128::from(first) + offset, i128::from(last) + offset);
    let fits = least >= 0 && most < span.len as i128;
    // What does not fit into a word is outside already.
    fits.then(|| Inside { base: span.first.wrapping_offset(offset as isize) })
}

/// Is `(turn + offset) % width` nothing but `turn + offset`, in the turns from `first` to `last`?
#[inline(always)]
pub fn around(first: i64, last: i64, offset: i128, width: i64) -> bool {
    i128::from(first) + offset >= 0 && i128::from(last) + offset < i128::from(width)
}

impl<T: Copy + 'static> Inside<T> {
    /// `list[turn + offset]`
    #[inline(always)]
    pub fn get(self, turn: i64) -> T {
        // SAFETY: One of the turns, so inside; the list has not changed its length since.
        unsafe { *self.base.wrapping_offset(turn as isize) }
    }

    /// `list[turn + offset] = item`
    #[inline(always)]
    pub fn set(self, turn: i64, item: T) {
        // SAFETY: As above; nobody borrows elements meanwhile, and none has to be dropped.
        unsafe { *self.base.wrapping_offset(turn as isize) = item };
    }
}

/// The elements from 0 to `MOST` of a list that was seen to have them.
pub struct Within<T, const MOST: i64> {
    first: *mut T,
}

impl<T, const MOST: i64> Clone for Within<T, MOST> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const MOST: i64> Copy for Within<T, MOST> {}

/// They, if there are so many.
#[inline(always)]
pub fn within<T: Copy + 'static, const MOST: i64>(span: Span<T>) -> Option<Within<T, MOST>> {
    (span.len as i64 > MOST).then_some(Within { first: span.first })
}

impl<T: Copy + 'static, const MOST: i64> Within<T, MOST> {
    /// `list[index]`. The compiler knows that the index is not beyond; LLVM mostly finds it out as well, and then nothing is
    /// looked at.
    #[inline(always)]
    pub fn get(self, index: i64) -> R<T> {
        if index as u64 > MOST as u64 {
            return bail(Bail::Unsupported);
        }
        // SAFETY: inside, and the list has not changed its length since.
        Ok(unsafe { *self.first.add(index as usize) })
    }

    /// `list[index] = item`
    #[inline(always)]
    pub fn set(self, index: i64, item: T) -> R<()> {
        if index as u64 > MOST as u64 {
            return bail(Bail::Unsupported);
        }
        // SAFETY: As above; nobody borrows elements meanwhile, and none has to be dropped.
        unsafe { *self.first.add(index as usize) = item };
        Ok(())
    }
}

/// A list to which a loop appends, in that loop alone.
///
/// The compiler makes one before the loop, where a variable keeps the list alive, and uses it only as long as nothing but
/// [`Growing::push`] and [`expect_growing`] changes the length or the room of a list of this type.  The list itself is
/// right at every moment, so all the rest of the program may look at it, but for turns that are [`Filling`] it.
pub struct Growing<T> {
    first: *mut T,
    len: usize,
    cap: usize,
    /// The last element, if there is one, for [`Growing::get`]: the one before is often what the next is made of, and
    /// what has just been stored takes its time to come back from memory.
    last: MaybeUninit<T>,
    list: *mut (),
}

/// The list as it is now.
#[inline(always)]
pub fn growing<T: Copy + 'static>(list: &List<T>) -> Growing<T> {
    let items = list.items_mut();
    let last = items.last().map_or(MaybeUninit::uninit(), |last| MaybeUninit::new(*last));
    Growing { first: items.as_mut_ptr(), len: items.len(), cap: items.capacity(), last, list: list.raw() }
}

/// [`super::expect`], for a list that is growing, and the list as it is then: what counts it stays in registers where
/// nobody is told where it stands.
#[inline(always)]
pub fn expect_growing<T: Copy + 'static>(cx: Cx, list: &List<T>, more: i64) -> R<Growing<T>> {
    super::expect(cx, list, more)?;
    Ok(growing(list))
}

/// The elements of another list, which stay where they are while that one grows; of that one itself none.
#[inline(always)]
pub fn span_apart<T: Copy + 'static>(list: &List<T>, growing: &Growing<T>) -> Span<T> {
    if list.raw() == growing.list { Span { first: core::ptr::null_mut(), len: 0 } } else { span(list) }
}

/// `list[index]`; the span may be that of a list which is growing, and then it has no elements.
#[inline(always)]
pub fn span_get_or<T: Copy + 'static>(span: Span<T>, list: &List<T>, index: i64) -> R<T> {
    match place(index, span.len) {
        // SAFETY: inside, and the list has not changed its length since.
        Some(at) => Ok(unsafe { *span.first.add(at) }),
        None => get_anyway(list, index),
    }
}

/// `list[index] = item`; the span may be that of a list which is growing, and then it has no elements.
#[inline(always)]
pub fn span_set_or<T: Copy + 'static>(span: Span<T>, list: &List<T>, index: i64, item: T) -> R<()> {
    match place(index, span.len) {
        Some(at) => {
            // SAFETY: as above; nobody borrows elements meanwhile, and none has to be dropped.
            unsafe { *span.first.add(at) = item };
            Ok(())
        }
        None => set_anyway(list, index, item),
    }
}

#[inline(always)]
fn place(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { index.wrapping_add(len as i64) } else { index } as usize;
    (at < len).then_some(at)
}

#[cold]
#[inline(never)]
extern "C" fn get_anyway<T: Copy + 'static>(list: &List<T>, index: i64) -> R<T> {
    let items = list.items_mut();
    Ok(items[super::position(index, items.len())?])
}

#[cold]
#[inline(never)]
extern "C" fn set_anyway<T: Copy + 'static>(list: &List<T>, index: i64, item: T) -> R<()> {
    let items = list.items_mut();
    let at = super::position_of(index, items.len(), Said::ListStore)?;
    items[at] = item;
    Ok(())
}

impl<T: Copy + 'static> Growing<T> {
    /// The elements, until the next one comes.
    #[inline(always)]
    pub fn span(&self) -> Span<T> {
        Span { first: self.first, len: self.len }
    }

    /// `list.append(item)`
    #[inline(always)]
    pub fn push(&mut self, item: T) -> R<()> {
        // SAFETY: A variable keeps the list alive; the handle that is made here counts for nothing.
        let list = ManuallyDrop::new(unsafe { List::<T>::take_raw(self.list) });
        if self.len == self.cap {
            *self = pushed(self.list, item)?;
            return Ok(());
        }
        // SAFETY: There is room behind the last element.
        unsafe {
            self.first.add(self.len).write(item);
            list.items_mut().set_len(self.len + 1);
        }
        self.len += 1;
        self.last = MaybeUninit::new(item);
        Ok(())
    }

    /// The same if the condition holds, without a branch that a processor would have to foresee.
    #[inline(always)]
    pub fn push_if(&mut self, chosen: bool, item: T) -> R<()> {
        if self.len == self.cap {
            return if chosen { self.push(item) } else { Ok(()) };
        }
        self.push_inside_if(chosen, item);
        Ok(())
    }

    /// The same for turns that look at no list: the length is told behind the last one, whatever ends them.
    #[inline(always)]
    pub fn filling(&mut self) -> Filling<'_, T> {
        let Growing { first, len, cap, last, list } = *self;
        Filling { now: Growing { first, len, cap, last, list }, grown: self }
    }

    /// Is there room for one element in each of so many turns?
    #[inline(always)]
    pub fn has_room(&self, turns: i64) -> bool {
        (self.cap - self.len) as i64 >= turns
    }

    /// `list.append(item)`, where there is room.
    #[inline(always)]
    pub fn push_inside(&mut self, item: T) {
        debug_assert!(self.len < self.cap);
        // SAFETY: A variable keeps the list alive; the handle that is made here counts for nothing.
        let list = ManuallyDrop::new(unsafe { List::<T>::take_raw(self.list) });
        // SAFETY: There is room behind the last element, by the caller.
        unsafe {
            self.first.add(self.len).write(item);
            list.items_mut().set_len(self.len + 1);
        }
        self.len += 1;
        self.last = MaybeUninit::new(item);
    }

    /// The same if the condition holds, without a branch that a processor would have to foresee.
    #[inline(always)]
    pub fn push_inside_if(&mut self, chosen: bool, item: T) {
        debug_assert!(self.len < self.cap);
        // SAFETY: A variable keeps the list alive; the handle that is made here counts for nothing.
        let list = ManuallyDrop::new(unsafe { List::<T>::take_raw(self.list) });
        // SAFETY: There is room behind the last element, by the caller, and nothing to drop in it.
        unsafe {
            self.first.add(self.len).write(item);
            self.len += usize::from(chosen);
            list.items_mut().set_len(self.len);
        }
        self.last = select_unpredictable(chosen, MaybeUninit::new(item), self.last);
    }

    /// Is `list[turn + offset]` the last element?
    #[inline(always)]
    pub fn ends_at(&self, turn: i64, offset: i128) -> bool {
        self.len > 0 && i128::from(turn) + offset == self.len as i128 - 1
    }

    /// The last element, of a list that has one, where nothing stores to a list of this type in the loop.
    #[inline(always)]
    pub fn last(&self) -> T {
        debug_assert!(self.len > 0);
        // SAFETY: There is one, which was written last.
        unsafe { self.last.assume_init() }
    }

    /// `list[index]`, where nothing stores to a list of this type in the loop.
    #[inline(always)]
    pub fn get(&self, index: i64) -> R<T> {
        Ok(self.element(super::position(index, self.len)?))
    }

    /// The same with an index that is never negative.
    #[inline(always)]
    pub fn get_at(&self, index: i64) -> R<T> {
        Ok(self.element(super::ahead(index, self.len, Said::ListIndex)?))
    }

    #[inline(always)]
    fn element(&self, at: usize) -> T {
        // SAFETY: `at` is inside, so there is a last element, which was written last; the others stand in the list.
        unsafe { if at + 1 == self.len { self.last.assume_init() } else { *self.first.add(at) } }
    }
}

/// A list to which the turns of a loop append, and which nobody looks at meanwhile.
pub struct Filling<'g, T: Copy + 'static> {
    now: Growing<T>,
    grown: &'g mut Growing<T>,
}

impl<T: Copy + 'static> core::ops::Deref for Filling<'_, T> {
    type Target = Growing<T>;

    #[inline(always)]
    fn deref(&self) -> &Growing<T> {
        &self.now
    }
}

impl<T: Copy + 'static> Filling<'_, T> {
    /// See [`Growing::push_inside`].
    #[inline(always)]
    pub fn push_inside(&mut self, item: T) {
        debug_assert!(self.now.len < self.now.cap);
        // SAFETY: There is room behind the last element, by the caller.
        unsafe { self.now.first.add(self.now.len).write(item) };
        self.now.len += 1;
        self.now.last = MaybeUninit::new(item);
    }

    /// See [`Growing::push_inside_if`].
    #[inline(always)]
    pub fn push_inside_if(&mut self, chosen: bool, item: T) {
        debug_assert!(self.now.len < self.now.cap);
        // SAFETY: There is room behind the last element, by the caller, and nothing to drop in it.
        unsafe { self.now.first.add(self.now.len).write(item) };
        self.now.len += usize::from(chosen);
        self.now.last = select_unpredictable(chosen, MaybeUninit::new(item), self.now.last);
    }
}

impl<T: Copy + 'static> Drop for Filling<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        (self.grown.len, self.grown.last) = (self.now.len, self.now.last);
        // SAFETY: A variable keeps the list alive; the handle that is made here counts for nothing. So many elements
        // have been written.
        unsafe {
            let list = ManuallyDrop::new(List::<T>::take_raw(self.now.list));
            list.items_mut().set_len(self.now.len);
        }
    }
}

/// Appends where there may be no room.
#[cold]
#[inline(never)]
extern "C" fn pushed<T: Copy + 'static>(list: *mut (), item: T) -> R<Growing<T>> {
    // SAFETY: As above.
    let list = ManuallyDrop::new(unsafe { List::<T>::take_raw(list) });
    match list.items_mut().push(item) {
        Ok(()) => Ok(growing(&list)),
        Err(_) => bail(Bail::Memory),
    }
}
