//! `struct` with formats that the text writes down: the fields are read and made one by one. With others the format is read
//! as well, and may only be about numbers.
//!
//! A `kind` is a constant of the generated text: the size of the field in bytes, [`SIGNED`] and [`BIG_ENDIAN`].

use crate::buf::Buf;
use crate::bytearray::ByteArray;
use crate::list::ListLike;
use crate::memory::MemView;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Str};
use crate::tuple::{self, PTuple};
use crate::txn::Cx;

/// Flag of a kind: two's complement.
pub const SIGNED: i64 = 16;
/// Flag of a kind: the most significant byte comes first.
pub const BIG_ENDIAN: i64 = 32;

const SIZE: i64 = 15;

/// More bytes than anything has.
const TOO_MANY: usize = 1 << 40;

/// What fields are read from.
pub trait Source {
    /// The bytes; those that do not lie behind one another bail.
    fn bytes(&self) -> R<&[u8]>;
}

impl Source for Bytes {
    #[inline(always)]
    fn bytes(&self) -> R<&[u8]> {
        Ok(self.raw())
    }
}

impl Source for ByteArray {
    #[inline(always)]
    fn bytes(&self) -> R<&[u8]> {
        Ok(self.raw())
    }
}

impl Source for MemView {
    #[inline(always)]
    fn bytes(&self) -> R<&[u8]> {
        self.together()
    }
}

/// `unpack(…, data)`: the length must be `size`. Where the fields start.
#[inline(always)]
pub fn whole<S: Source>(data: &S, size: i64) -> R<i64> {
    if data.bytes()?.len() as i64 == size { Ok(0) } else { bail(Bail::Exception) }
}

/// `unpack_from(…, data, offset)`: `size` bytes must follow. Where the fields start.
#[inline(always)]
pub fn window<S: Source>(data: &S, offset: i64, size: i64) -> R<i64> {
    let len = data.bytes()?.len() as i64;
    // From the end; the fields may reach the end, not go round it.
    let start = match offset {
        0.. => offset,
        _ if offset.checked_add(size).is_some_and(|end| end <= 0) && offset >= -len => offset + len,
        _ => return bail(Bail::Exception),
    };
    if start <= len && len - start >= size { Ok(start) } else { bail(Bail::Exception) }
}

#[inline(always)]
fn field<const N: usize, S: Source>(data: &S, start: i64, at: i64) -> R<[u8; N]> {
    let place = (start + at) as usize;
    match data.bytes()?.get(place..).and_then(|rest| rest.first_chunk()) {
        Some(field) => Ok(*field),
        None => bail(Bail::Unsupported),
    }
}

/// The int at `start + at`.
#[inline(always)]
pub fn int<S: Source>(data: &S, start: i64, at: i64, kind: i64) -> R<i64> {
    macro_rules! read {
        ($signed:ty, $unsigned:ty) => {{
            let field = field(data, start, at)?;
            let bits = match kind & BIG_ENDIAN {
                0 => <$unsigned>::from_le_bytes(field),
                _ => <$unsigned>::from_be_bytes(field),
            };
            if kind & SIGNED != 0 { Ok(i64::from(bits as $signed)) } else { i64::try_from(bits) }
        }};
    }
    let read = match kind & SIZE {
        1 => read!(i8, u8).map_err(drop::<core::convert::Infallible>),
        2 => read!(i16, u16).map_err(drop::<core::convert::Infallible>),
        4 => read!(i32, u32).map_err(drop::<core::convert::Infallible>),
        _ => read!(i64, u64).map_err(drop),
    };
    // Only the unsigned ones of eight bytes may be larger.
    read.or_else(|()| bail(Bail::Overflow))
}

/// The float at `start + at`.
#[inline(always)]
pub fn float<S: Source>(data: &S, start: i64, at: i64, kind: i64) -> R<f64> {
    let bits = match kind & SIZE {
        8 => int(data, start, at, kind | SIGNED)?,
        _ => int(data, start, at, kind & !SIGNED)?,
    };
    Ok(match kind & SIZE {
        2 => half(bits),
        4 => f32::from_bits(bits as u32).into(),
        _ => f64::from_bits(bits as u64),
    })
}

/// The value of a float of 16 bits.
fn half(bits: i64) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, (bits & 1023) as f64 / 1024.0);
    let size = match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction / 16384.0,
        _ => (1.0 + fraction) * 2f64.powi(exponent as i32 - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The truth of the byte at `start + at`.
#[inline(always)]
pub fn truth<S: Source>(data: &S, start: i64, at: i64) -> R<bool> {
    Ok(int(data, start, at, 1)? != 0)
}

/// `len` bytes from `start + at`.
#[inline(always)]
pub fn text<S: Source>(data: &S, start: i64, at: i64, len: i64) -> R<Bytes> {
    let place = (start + at) as usize;
    match data.bytes()?.get(place..place + len as usize) {
        Some(field) => Bytes::copy_of(field),
        None => bail(Bail::Unsupported),
    }
}

/// The field of an int as the low bytes of a word.
#[inline(always)]
pub fn int_field(n: i64, kind: i64) -> R<i64> {
    let bits = 8 * (kind & SIZE);
    let fits = match (kind & SIGNED != 0, bits) {
        (true, 64) => true,
        (true, _) => n >> (bits - 1) == n >> 63,
        (false, 64) => n >= 0,
        (false, _) => n >> bits == 0,
    };
    // `struct.error`
    if fits { Ok(turned(n, kind)) } else { bail(Bail::Exception) }
}

/// The field of a bool.
#[inline(always)]
pub fn bool_field(b: bool, kind: i64) -> R<i64> {
    int_field(b.into(), kind)
}

/// An int field of what is no int: `struct.error`.
#[inline(always)]
pub fn no_field(_: f64, _: i64) -> R<i64> {
    bail(Bail::Exception)
}

/// `?` of an int.
#[inline(always)]
pub fn truth_field(n: i64) -> i64 {
    (n != 0).into()
}

/// `?` of a float.
#[inline(always)]
pub fn float_truth_field(x: f64) -> i64 {
    (x != 0.0).into()
}

/// `?` of a bool.
#[inline(always)]
pub fn bool_truth_field(b: bool) -> i64 {
    b.into()
}

/// The field of a float, of four or eight bytes.
#[inline(always)]
pub fn float_field(x: f64, kind: i64) -> R<i64> {
    if kind & SIZE == 8 {
        return Ok(turned(x.to_bits() as i64, kind));
    }
    let rounded = x as f32;
    // `OverflowError`
    if rounded.is_infinite() && !x.is_infinite() {
        return bail(Bail::Exception);
    }
    Ok(turned(rounded.to_bits().into(), kind))
}

/// The field of an int as a float.
#[inline(always)]
pub fn int_float_field(n: i64, kind: i64) -> R<i64> {
    float_field(n as f64, kind)
}

/// The field of a bool as a float.
#[inline(always)]
pub fn bool_float_field(b: bool, kind: i64) -> R<i64> {
    int_float_field(b.into(), kind)
}

/// `c`: the only byte.
#[inline(always)]
pub fn char_field(b: &Bytes) -> R<i64> {
    match b.raw() {
        [byte] => Ok(i64::from(*byte)),
        _ => bail(Bail::Exception),
    }
}

/// The low bytes of a word in the order of the field, the first one lowest.
#[inline(always)]
fn turned(bits: i64, kind: i64) -> i64 {
    let size = kind & SIZE;
    let low = if size == 8 { bits as u64 } else { bits as u64 & ((1 << (8 * size)) - 1) };
    let low = if kind & BIG_ENDIAN == 0 { low } else { low.swap_bytes() >> (64 - 8 * size) };
    low as i64
}

/// A word with one field more.
#[inline(always)]
pub fn join(word: i64, field: i64, shift: i64) -> i64 {
    word | (field as u64).wrapping_shl(shift as u32) as i64
}

/// What of a field does not fit into a word where `shift` bits are left.
#[inline(always)]
pub fn rest(field: i64, shift: i64) -> i64 {
    (field as u64 >> shift) as i64
}

/// `s`: filled up with zeros, or cut.
pub fn text_field(b: &Bytes, len: i64) -> R<Bytes> {
    let (raw, len) = (b.raw(), len as usize);
    if raw.len() >= len {
        return Bytes::copy_of(&raw[..len]);
    }
    let mut field = Buf::new();
    if field.extend_from(raw) && field.extend_from(&vec![0; len - raw.len()]) {
        return Bytes::copy_of(&field);
    }
    bail(Bail::Memory)
}

/// The first `len` bytes of a word.
pub fn bytes_1(_: Cx, a: i64, len: i64) -> R<Bytes> {
    words(&[a], len)
}

/// The first `len` bytes of two words.
pub fn bytes_2(_: Cx, a: i64, b: i64, len: i64) -> R<Bytes> {
    words(&[a, b], len)
}

/// The first `len` bytes of four words.
pub fn bytes_4(_: Cx, a: i64, b: i64, c: i64, d: i64, len: i64) -> R<Bytes> {
    words(&[a, b, c, d], len)
}

#[inline(always)]
fn words(words: &[i64], len: i64) -> R<Bytes> {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    Bytes::copy_of(&bytes[..(len as usize).min(32)])
}

/// A format that is read when it is used.
struct Format<'f> {
    rest: &'f [u8],
    native: bool,
    big_endian: bool,
    /// Bytes so far.
    size: usize,
}

/// So many fields of one code, behind so many bytes that nothing stands in.
#[derive(Clone, Copy)]
struct Run {
    pad: usize,
    code: u8,
    /// Of one field, in bytes.
    size: usize,
    count: usize,
    kind: i64,
}

impl<'f> Format<'f> {
    fn of(format: &'f Str) -> R<Self> {
        if !format.is_ascii() {
            return bail(Bail::Exception);
        }
        let (order, rest) = match format.raw() {
            [order @ (b'@' | b'=' | b'<' | b'>' | b'!'), rest @ ..] => (*order, rest),
            rest => (b'@', rest),
        };
        let native = order == b'@';
        if native && cfg!(not(target_pointer_width = "64")) {
            return bail(Bail::Unsupported);
        }
        let big_endian = matches!(order, b'>' | b'!') || (cfg!(target_endian = "big") && order != b'<');
        Ok(Format { rest, native, big_endian, size: 0 })
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// The next run; one without fields if nothing follows but empty bytes.
    fn next(&mut self) -> R<Option<Run>> {
        let (begin, mut any) = (self.size, false);
        while let Some(first) = self.take() {
            // What C calls white space.
            if matches!(first, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
                continue;
            }
            let (mut code, mut count) = (first, 1);
            if code.is_ascii_digit() {
                count = 0;
                while code.is_ascii_digit() {
                    count = count * 10 + usize::from(code - b'0');
                    let Some(next) = self.take().filter(|_| count < TOO_MANY) else {
                        return bail(Bail::Exception);
                    };
                    code = next;
                }
            }
            any = true;
            let size = match code {
                b'x' | b'b' | b'B' | b'c' | b's' | b'p' | b'?' => 1,
                b'h' | b'H' | b'e' => 2,
                b'l' | b'L' if self.native && cfg!(unix) => 8,
                b'i' | b'I' | b'l' | b'L' | b'f' => 4,
                b'q' | b'Q' | b'd' => 8,
                _ => return bail(Bail::Unsupported),
            };
            if self.native {
                self.size = self.size.next_multiple_of(size);
            }
            let pad = self.size - begin;
            self.size += size * count;
            if self.size > TOO_MANY {
                return bail(Bail::Exception);
            }
            if code != b'x' {
                let signed = if code.is_ascii_lowercase() { SIGNED } else { 0 };
                let kind = size as i64 | signed | if self.big_endian { BIG_ENDIAN } else { 0 };
                return Ok(Some(Run { pad, code, size, count, kind }));
            }
        }
        let end = Run { pad: self.size - begin, code: b'x', size: 1, count: 0, kind: 1 };
        Ok(any.then_some(end))
    }
}

/// `struct.calcsize(format)`.
pub fn size(format: &Str) -> R<i64> {
    let mut format = Format::of(format)?;
    while format.next()?.is_some() {}
    Ok(format.size as i64)
}

/// What a field of a number is made of.
pub trait Number: Copy + 'static {
    fn in_ints(self, kind: i64) -> R<i64>;
    fn in_floats(self, kind: i64) -> R<i64>;
}

impl Number for i64 {
    #[inline(always)]
    fn in_ints(self, kind: i64) -> R<i64> {
        int_field(self, kind)
    }

    #[inline(always)]
    fn in_floats(self, kind: i64) -> R<i64> {
        int_float_field(self, kind)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn in_ints(self, kind: i64) -> R<i64> {
        no_field(self, kind)
    }

    #[inline(always)]
    fn in_floats(self, kind: i64) -> R<i64> {
        float_field(self, kind)
    }
}

/// `struct.pack(format, *items)`.
pub fn pack<T: Number, L: ListLike<T>>(cx: Cx, format: &Str, items: &L) -> R<Bytes> {
    let (mut format, mut out, mut done) = (Format::of(format)?, Buf::<u8>::new(), 0);
    while let Some(run) = format.next()? {
        if run.count > items.count() - done {
            return bail(Bail::Exception);
        }
        let whole = out.len() + run.pad + run.count * run.size;
        if !out.reserve_total(whole) || !out.extend_from(&vec![0; run.pad]) {
            return bail(Bail::Memory);
        }
        macro_rules! put {
            ($size:literal, $field:ident) => {
                for at in done..done + run.count {
                    let word = items.item(cx, at)?.$field(run.kind)?.to_le_bytes();
                    if !out.extend_from(&word[..$size]) {
                        return bail(Bail::Memory);
                    }
                }
            };
        }
        match (run.code, run.size) {
            (b'x', _) => {}
            (b'b' | b'B', _) => put!(1, in_ints),
            (b'h' | b'H', _) => put!(2, in_ints),
            (b'i' | b'I', _) | (b'l' | b'L', 4) => put!(4, in_ints),
            (b'q' | b'Q' | b'l' | b'L', _) => put!(8, in_ints),
            (b'f', _) => put!(4, in_floats),
            (b'd', _) => put!(8, in_floats),
            _ => return bail(Bail::Unsupported),
        }
        done += run.count;
    }
    if done == items.count() { Bytes::copy_of(&out) } else { bail(Bail::Exception) }
}

/// All fields of `format` in `data`, each one `read` from its place; `offset`: data begins there and may go on behind them.
fn unpacked<T: FromPy + IntoPy, S: Source>(
    cx: Cx,
    format: &Str,
    data: &S,
    offset: Option<i64>,
    read: impl Fn(&S, i64, Run) -> R<T>,
) -> R<PTuple<T>> {
    let (mut runs, mut count) = (Format::of(format)?, 0);
    while let Some(run) = runs.next()? {
        count += run.count;
    }
    let mut place = match offset {
        None => whole(data, runs.size as i64)?,
        Some(offset) => window(data, offset, runs.size as i64)?,
    };
    let (mut runs, mut run) = (Format::of(format)?, Run { pad: 0, code: b'x', size: 0, count: 0, kind: 0 });
    tuple::collect(cx, count, || {
        while run.count == 0 {
            let Some(next) = runs.next()? else { return bail(Bail::Unsupported) };
            (run, place) = (next, place + next.pad as i64);
        }
        let field = read(data, place, run);
        run.count -= 1;
        place += run.size as i64;
        field
    })
}

#[inline(always)]
fn read_int<S: Source>(data: &S, place: i64, run: Run) -> R<i64> {
    match run.code {
        b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' => int(data, place, 0, run.kind),
        _ => bail(Bail::Unsupported),
    }
}

#[inline(always)]
fn read_float<S: Source>(data: &S, place: i64, run: Run) -> R<f64> {
    match run.code {
        b'e' | b'f' | b'd' => float(data, place, 0, run.kind),
        _ => bail(Bail::Unsupported),
    }
}

/// `struct.unpack(format, data)` of a format that names ints only.
pub fn ints<S: Source>(cx: Cx, format: &Str, data: &S) -> R<PTuple<i64>> {
    unpacked(cx, format, data, None, read_int)
}

/// `struct.unpack_from(format, data, offset)` of ints.
pub fn ints_from<S: Source>(cx: Cx, format: &Str, data: &S, offset: i64) -> R<PTuple<i64>> {
    unpacked(cx, format, data, Some(offset), read_int)
}

/// `struct.unpack(format, data)` of a format that names floats only.
pub fn floats<S: Source>(cx: Cx, format: &Str, data: &S) -> R<PTuple<f64>> {
    unpacked(cx, format, data, None, read_float)
}

/// `struct.unpack_from(format, data, offset)` of floats.
pub fn floats_from<S: Source>(cx: Cx, format: &Str, data: &S, offset: i64) -> R<PTuple<f64>> {
    unpacked(cx, format, data, Some(offset), read_float)
}
