//! Containers of constants that nobody changes: made once, kept for good.

use core::cell::UnsafeCell;

use crate::stop::R;

/// A native container: `static MADE: Constant<List<i64>> = Constant::new();`. It never becomes an object.
pub struct Constant<T> {
    made: UnsafeCell<Option<T>>,
}

// SAFETY: touched with the GIL held only, and so are the counters of the handles that it gives out.
unsafe impl<T> Sync for Constant<T> {}

impl<T: Clone> Constant<T> {
    #[expect(clippy::new_without_default, reason = "named by generated text only")]
    pub const fn new() -> Constant<T> {
        Constant { made: UnsafeCell::new(None) }
    }

    /// Another handle of the container, which is made first if there is none.
    #[inline(always)]
    pub fn get(&'static self, make: impl FnOnce() -> R<T>) -> R<T> {
        // SAFETY: The GIL is held; once filled, the cell is only read.
        match unsafe { &*self.made.get() } {
            Some(made) => Ok(made.clone()),
            None => self.fill(make),
        }
    }

    #[cold]
    #[inline(never)]
    fn fill(&'static self, make: impl FnOnce() -> R<T>) -> R<T> {
        let made = make()?;
        // SAFETY: What makes a display of constants runs no code of Python's and asks for no other one, so the cell is
        // empty still; nobody holds a reference into it.
        unsafe { *self.made.get() = Some(made.clone()) };
        Ok(made)
    }
}
