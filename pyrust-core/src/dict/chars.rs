//! What a dict has under the characters that it was asked for.
//!
//! A loop over a text that looks each character up in a dict which nothing changes meanwhile (`VALUES[c]`) asks the dict
//! once for each character of ASCII, and a table from then on. The table lives as long as one call.

use core::cell::{Cell, OnceCell};

use crate::stop::R;
use crate::strs::Chr;

/// Characters that have a place.
const COUNT: usize = 128;

/// The dict has not been asked yet.
const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const THERE: u8 = 2;

pub struct Chars<V> {
    states: [Cell<u8>; COUNT],
    values: [OnceCell<V>; COUNT],
}

impl<V: Clone> Chars<V> {
    #[expect(clippy::new_without_default, reason = "named by generated text only")]
    #[inline]
    pub fn new() -> Chars<V> {
        Chars { states: [const { Cell::new(UNKNOWN) }; COUNT], values: [const { OnceCell::new() }; COUNT] }
    }

    /// The value under a character, which `look` finds in the dict.
    #[inline(always)]
    pub fn find(&self, c: Chr, look: impl FnOnce() -> R<Option<V>>) -> R<Option<V>> {
        let at = c.0 as usize;
        match self.states.get(at).map(Cell::get) {
            Some(THERE) => Ok(self.values[at].get().cloned()),
            Some(ABSENT) => Ok(None),
            Some(_) => {
                let found = look()?;
                self.states[at].set(if found.is_some() { THERE } else { ABSENT });
                if let Some(value) = &found {
                    // It was empty: the dict had not been asked.
                    let _ = self.values[at].set(value.clone());
                }
                Ok(found)
            }
            None => look(),
        }
    }
}
