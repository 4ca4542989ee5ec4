//! Generators: functions that run as far as they are asked for elements.
//!
//! The body is an `async` block that waits wherever Python's yields, so rustc makes the state machine. Nothing but the
//! iterator polls it, and no waker ever wakes it.

use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::rc::Rc;

use crate::iter::{PyIter, in_generator};
use crate::stop::{Bail, Exc, R, Stop, bail};
use crate::txn::Cx;

/// What the body and its iterator hand to each other.
struct Slot<T> {
    item: Cell<Option<T>>,
    /// Of whoever asks for an element now.
    cx: Cell<Option<Cx>>,
}

/// The body's end.
pub struct Co<T> {
    slot: Rc<Slot<T>>,
}

impl<T> Co<T> {
    /// The body goes on in the call of whoever asks for an element.
    #[inline]
    pub fn resume(&self, cx: &mut Cx) {
        if let Some(now) = self.slot.cx.get() {
            *cx = now;
        }
    }

    /// There is no element now.
    #[inline]
    pub fn end<'c>(&'c self, cx: &'c mut Cx) -> End<'c, T> {
        End { co: self, cx, waits: false }
    }

    /// `yield item`
    #[inline]
    pub fn give<'c>(&'c self, cx: &'c mut Cx, item: T) -> Give<'c, T> {
        Give { co: self, cx, item: Some(item), closes: false, waits: false }
    }

    /// `yield item` where Python would run code if the generator went no further: inside a `try` with `finally`, or
    /// with a handler that catches everything.
    #[inline]
    pub fn give_inside<'c>(&'c self, cx: &'c mut Cx, item: T) -> Give<'c, T> {
        Give { co: self, cx, item: Some(item), closes: true, waits: false }
    }
}

/// One `yield`: ready when the next element is asked for.
pub struct Give<'c, T> {
    co: &'c Co<T>,
    cx: &'c mut Cx,
    item: Option<T>,
    closes: bool,
    waits: bool,
}

// Nothing in it is ever pinned.
impl<T> Unpin for Give<'_, T> {}

impl<T> Future for Give<'_, T> {
    /// What the generator was given to raise here.
    type Output = R<()>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R<()>> {
        let this = self.get_mut();
        match this.item.take() {
            Some(item) => {
                this.co.slot.item.set(Some(item));
                this.waits = true;
                Poll::Pending
            }
            None => {
                this.waits = false;
                this.co.resume(this.cx);
                Poll::Ready(match this.cx.take_thrown() {
                    Some(stop) => Err(stop),
                    None => Ok(()),
                })
            }
        }
    }
}

impl<T> Drop for Give<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.closes && self.waits {
            self.cx.doom();
        }
    }
}

/// An end at which the body can be asked again.
pub struct End<'c, T> {
    co: &'c Co<T>,
    cx: &'c mut Cx,
    waits: bool,
}

impl<T> Future for End<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.waits {
            this.co.resume(this.cx);
            return Poll::Ready(());
        }
        this.waits = true;
        Poll::Pending
    }
}

/// What a `yield from` hands on: what is thrown there goes to the other iterator, which is left to Python.
#[inline]
pub fn delegated(given: R<()>) -> R<()> {
    match given {
        Ok(()) => Ok(()),
        Err(_) => bail(Bail::Unsupported),
    }
}

/// The end of a `with` on a generator: it goes on behind its `yield`, to its end.
pub fn finish<T>(cx: Cx, generator: &PyIter<T>) -> R<()> {
    match generator.next(cx.call()?)? {
        None => Ok(()),
        // `RuntimeError`, with a text of its own.
        Some(_) => bail(Bail::Unsupported),
    }
}

/// The same where the body has raised: the generator raises it at its `yield`. `Ok` if it has swallowed the exception.
pub fn throw<T>(cx: Cx, generator: &PyIter<T>, stop: Stop) -> R<()> {
    // A `StopIteration` would mean something else to whoever looks at the generator.
    if stop.as_exc().is_none_or(|exc| exc.is_subclass(Exc::StopIteration)) {
        return bail(Bail::Unsupported);
    }
    let cx = cx.call()?;
    cx.throw(stop);
    let result = generator.next(cx);
    // It does not wait at a `yield`.
    if cx.take_thrown().is_some() {
        return bail(Bail::Unsupported);
    }
    match result? {
        None => Ok(()),
        Some(_) => bail(Bail::Unsupported),
    }
}

/// The iterator over what `make` yields. A call that fails ends it, as CPython ends generators.
pub fn generator<T: 'static, F: Future<Output = R<()>> + 'static>(
    make: impl FnOnce(Co<T>) -> F,
) -> PyIter<T> {
    let slot = Rc::new(Slot { item: Cell::new(None), cx: Cell::new(None) });
    let mut body = Box::pin(make(Co { slot: slot.clone() }));
    let mut ended = false;
    PyIter::new(move |cx| {
        if ended {
            return Ok(None);
        }
        match step(&slot, body.as_mut(), cx)? {
            Poll::Pending => Ok(slot.item.take()),
            Poll::Ready(result) => {
                ended = true;
                in_generator(result).map(|()| None)
            }
        }
    })
}

/// The same for `map` and its kin that would go on where they were if they were asked again at the end: that is left to
/// Python, and so is going on after an exception.
pub fn tool<T: 'static, F: Future<Output = R<()>> + 'static>(make: impl FnOnce(Co<T>) -> F) -> PyIter<T> {
    PyIter::zipped(tool_step(make))
}

/// The same for what stays at its end.
pub fn ending_tool<T: 'static, F: Future<Output = R<()>> + 'static>(
    make: impl FnOnce(Co<T>) -> F,
) -> PyIter<T> {
    PyIter::new(tool_step(make))
}

/// The same for what only asks its sources: the body comes to [`Co::end`] again and again.
pub fn asking_tool<T: 'static, F: Future<Output = R<()>> + 'static>(
    make: impl FnOnce(Co<T>) -> F,
) -> PyIter<T> {
    PyIter::asking(tool_step(make))
}

fn tool_step<T: 'static, F: Future<Output = R<()>> + 'static>(
    make: impl FnOnce(Co<T>) -> F,
) -> impl FnMut(Cx) -> R<Option<T>> + 'static {
    let slot = Rc::new(Slot { item: Cell::new(None), cx: Cell::new(None) });
    let mut body = Box::pin(make(Co { slot: slot.clone() }));
    let mut over = false;
    move |cx| {
        if over {
            return bail(Bail::Unsupported);
        }
        match step(&slot, body.as_mut(), cx)? {
            Poll::Pending => Ok(slot.item.take()),
            Poll::Ready(result) => {
                over = true;
                in_generator(result).map(|()| None)
            }
        }
    }
}

/// Runs the body to its next `yield`, or to its end.
#[inline]
fn step<T, F: Future<Output = R<()>>>(slot: &Slot<T>, body: Pin<&mut F>, cx: Cx) -> R<Poll<R<()>>> {
    slot.cx.set(Some(cx.call_generator()?));
    Ok(body.poll(&mut Context::from_waker(Waker::noop())))
}
