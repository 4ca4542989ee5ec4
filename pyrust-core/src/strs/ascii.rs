//! Bytes of ASCII behind a `str` that nobody else has.

use core::ptr;

use super::Str;

impl Str {
    /// Appends bytes of ASCII, for which [`Str::make_room`] made room.
    pub(crate) fn extend_by_ascii(&mut self, text: &[u8]) {
        debug_assert!(text.is_ascii() && self.has_room(text.len()));
        // SAFETY: There is room behind the text, and nobody else has the string.
        unsafe {
            let (data, len) = (self.data.as_ptr(), self.len());
            match self.kind() {
                1 => ptr::copy_nonoverlapping(text.as_ptr(), data.add(len), text.len()),
                2 => {
                    let end = data.cast::<u16>().add(len);
                    text.iter().enumerate().for_each(|(at, unit)| *end.add(at) = u16::from(*unit));
                }
                _ => {
                    let end = data.cast::<u32>().add(len);
                    text.iter().enumerate().for_each(|(at, unit)| *end.add(at) = u32::from(*unit));
                }
            }
        }
        self.grow(text.len());
    }
}
