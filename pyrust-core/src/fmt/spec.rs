//! The format mini-language, as far as it is done natively.

use std::cell::UnsafeCell;

/// Where the padding goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Center,
    AfterSign,
}

/// A format specification: `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    pub(super) fill: u8,
    pub(super) align: Align,
    align_given: bool,
    /// `+`, `-`, space, or 0 for none.
    pub(super) sign: u8,
    pub(super) alternate: bool,
    pub(super) width: usize,
    pub(super) group: Option<u8>,
    pub(super) precision: Option<i64>,
    /// 0 for none.
    pub(super) code: u8,
}

/// Wider than this is left to CPython.
const WIDEST: i64 = 1 << 24;

fn align(c: Option<&u8>) -> Option<Align> {
    Some(match c? {
        b'<' => Align::Left,
        b'>' => Align::Right,
        b'^' => Align::Center,
        b'=' => Align::AfterSign,
        _ => return None,
    })
}

fn number(text: &[u8], at: &mut usize) -> Option<i64> {
    let start = *at;
    let mut value = 0;
    while let Some(d @ b'0'..=b'9') = text.get(*at) {
        value = (value * 10 + (d - b'0') as i64).min(WIDEST + 1);
        *at += 1;
    }
    if *at > start { Some(value) } else { None }
}

/// Specifications that were read before, by their text: a program has few, and asks for them again and again.
struct Read(UnsafeCell<[Option<(u64, Align, Spec)>; SLOTS]>);

// SAFETY: texts are made in native code, which holds the GIL.
unsafe impl Sync for Read {}

const SLOTS: usize = 16;

static READ: Read = Read(UnsafeCell::new([const { None }; SLOTS]));

/// A short text as a number, and another number for every other one: no byte of it is zero.
fn word(text: &[u8]) -> Option<u64> {
    let mut word = [0; 8];
    word.get_mut(..text.len())?.copy_from_slice(text);
    (!text.contains(&0)).then_some(u64::from_le_bytes(word))
}

impl Spec {
    /// `None` for whatever is not done here: errors, other alphabets, `z`.
    #[inline]
    pub(super) fn parse(text: &[u8], default: Align) -> Option<Spec> {
        let Some(word) = word(text) else { return Spec::parse_anew(text, default) };
        let slot = (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize % SLOTS;
        // SAFETY: the GIL is held, and nobody else borrows it before this function returns.
        let known = unsafe { &mut (&mut *READ.0.get())[slot] };
        match known {
            Some((read, of, spec)) if *read == word && *of == default => Some(*spec),
            _ => {
                let spec = Spec::parse_anew(text, default)?;
                *known = Some((word, default, spec));
                Some(spec)
            }
        }
    }

    #[inline(never)]
    fn parse_anew(text: &[u8], default: Align) -> Option<Spec> {
        // A zero as code would be none.
        if !text.is_ascii() || text.last() == Some(&0) {
            return None;
        }
        let mut spec = Spec {
            fill: b' ',
            align: default,
            align_given: false,
            sign: 0,
            alternate: false,
            width: 0,
            group: None,
            precision: None,
            code: 0,
        };
        let mut at = 0;
        let mut fill_given = false;
        if let Some(a) = align(text.get(1)) {
            spec.fill = text[0];
            (fill_given, spec.align_given, spec.align) = (true, true, a);
            at = 2;
        } else if let Some(a) = align(text.first()) {
            (spec.align_given, spec.align) = (true, a);
            at = 1;
        }
        if let Some(sign @ (b'+' | b'-' | b' ')) = text.get(at) {
            spec.sign = *sign;
            at += 1;
        }
        if text.get(at) == Some(&b'#') {
            spec.alternate = true;
            at += 1;
        }
        if !fill_given && text.get(at) == Some(&b'0') {
            spec.fill = b'0';
            if !spec.align_given && default == Align::Right {
                spec.align = Align::AfterSign;
            }
            at += 1;
        }
        spec.width = number(text, &mut at).unwrap_or(0) as usize;
        if let Some(mark @ (b',' | b'_')) = text.get(at) {
            spec.group = Some(*mark);
            at += 1;
        }
        if text.get(at) == Some(&b'.') {
            at += 1;
            spec.precision = Some(number(text, &mut at)?);
        }
        if let Some(code) = text.get(at) {
            spec.code = *code;
            at += 1;
        }
        let small = spec.width as i64 <= WIDEST && spec.precision.is_none_or(|p| p <= WIDEST);
        if at == text.len() && small { Some(spec) } else { None }
    }

    /// Zeros between sign and digits, which take separators as well.
    pub(super) fn zero_padded(&self) -> bool {
        self.fill == b'0' && self.align == Align::AfterSign
    }

    /// Nothing that is an error for text.
    pub(super) fn fits_text(&self) -> bool {
        matches!(self.code, 0 | b's')
            && self.sign == 0
            && !self.alternate
            && self.group.is_none()
            && self.align != Align::AfterSign
    }

    /// Padding on the left, after the sign, on the right.
    pub(super) fn padding(&self, len: usize) -> (usize, usize, usize) {
        let gap = self.width.saturating_sub(len);
        match self.align {
            Align::Left => (0, 0, gap),
            Align::Right => (gap, 0, 0),
            Align::Center => (gap / 2, 0, gap - gap / 2),
            Align::AfterSign => (0, gap, 0),
        }
    }
}
