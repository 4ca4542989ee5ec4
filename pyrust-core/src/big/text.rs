//! Ints of any size as text, as bytes, and back.

use super::limbs::{div_digits, mul_small, zeros};
use super::{Big, busy};
use crate::builtins::c::Builtin;
use crate::bytes;
use crate::int::{self, trimmed};
use crate::py::FromPy;
use crate::stop::{Bail, Exc, R, Stop, bail, exc};
use crate::str_::{self, StrBuilder};
use crate::strs::{Bytes, Str};
use crate::txn::Cx;

/// Up to so many digits `sys.set_int_max_str_digits` allows whatever is asked for.
const ALWAYS: usize = 640;

/// Bails where Python refuses texts of so many decimal digits.
fn allowed(cx: Cx, digits: usize) -> R<()> {
    static LIMIT: Builtin = Builtin::new(c"sys", c"get_int_max_str_digits");
    if digits <= ALWAYS {
        return Ok(());
    }
    // SAFETY: a C function without arguments, which reads a setting; the int is released when it has been read.
    let limit = unsafe {
        let object = crate::builtins::c::Temporary(LIMIT.call(&[])?);
        i64::from_py(cx, object.ptr())?
    };
    if limit > 0 && digits > limit as usize { bail(Bail::Unsupported) } else { Ok(()) }
}

/// The ten digits to the right of the 19 that are divided off at once.
const HALF: u64 = 10_u64.pow(10);

/// The last `2 * pairs` digits, from right to left.
fn push_pairs(out: &mut Vec<u8>, mut digits: u64, pairs: usize) {
    for _ in 0..pairs {
        let two = (digits % 100) as u8;
        digits /= 100;
        out.extend([b'0' + two % 10, b'0' + two / 10]);
    }
}

/// The digits of the magnitude in base 2, 8, 10 or 16, with the sign of the number.
pub(crate) fn digits(cx: Cx, a: &Big, base: u64) -> R<(bool, Vec<u8>)> {
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    let mut out = Vec::new();
    let per_limb = match base {
        2 => 64,
        8 => 22,
        16 => 16,
        _ => 20,
    };
    if out.try_reserve_exact(x.limbs.len() * per_limb + 1).is_err() {
        return bail(Bail::Memory);
    }
    if x.limbs.is_empty() {
        out.push(b'0');
        return Ok((false, out));
    }
    if base == 10 {
        // 0.30103 digits a bit; what is certainly too long is not computed.
        let least = (super::size(x.limbs) - 1) as usize / 100 * 30;
        allowed(cx, least)?;
        busy(cx, x.limbs.len().saturating_mul(x.limbs.len()))?;
        let mut rest = zeros(x.limbs.len())?;
        rest.copy_from_slice(x.limbs);
        let mut len = rest.len();
        while len > 0 {
            let mut part = div_digits(&mut rest[..len]);
            while len > 0 && rest[len - 1] == 0 {
                len -= 1;
            }
            if len > 0 {
                // All 19 digits, in two halves that do not wait for each other.
                let (low, high) = (part % HALF, part / HALF);
                push_pairs(&mut out, low, 5);
                push_pairs(&mut out, high, 4);
                out.push(b'0' + (high / 100_000_000) as u8);
                continue;
            }
            while part > 0 {
                out.push(b'0' + (part % 10) as u8);
                part /= 10;
            }
        }
        allowed(cx, out.len())?;
    } else {
        busy(cx, x.limbs.len() * 16)?;
        let step = base.trailing_zeros() as usize;
        let bits = super::size(x.limbs) as usize;
        if 64 % step == 0 {
            let digits = (0..64 / step).map(|i| i * step);
            let all = x.limbs.iter().flat_map(|limb| digits.clone().map(move |at| limb >> at & (base - 1)));
            out.extend(all.take(bits.div_ceil(step)).map(|digit| b"0123456789abcdef"[digit as usize]));
            out.reverse();
            return Ok((x.negative, out));
        }
        for i in 0..bits.div_ceil(step) {
            let (limb, at) = (i * step / 64, i * step % 64);
            let above = x.limbs.get(limb + 1).map_or(0, |l| u128::from(*l)) << 64;
            let digit = (above | u128::from(x.limbs[limb])) >> at & u128::from(base - 1);
            out.push(b"0123456789abcdef"[digit as usize]);
        }
    }
    out.reverse();
    Ok((x.negative, out))
}

/// Appends `str(a)`.
pub(crate) fn push_to(cx: Cx, a: &Big, out: &mut StrBuilder) -> R<()> {
    if let Big::Small(v) = a {
        return int::push_to(*v, out);
    }
    let (negative, digits) = digits(cx, a, 10)?;
    if negative {
        out.push_ascii(b"-")?;
    }
    out.push_ascii(&digits)
}

/// `hex(a)` and its siblings.
fn prefixed(cx: Cx, a: &Big, base: u64, mark: &[u8]) -> R<Str> {
    let (negative, digits) = digits(cx, a, base)?;
    let mut out = StrBuilder::new();
    if negative {
        out.push_ascii(b"-")?;
    }
    out.push_ascii(mark)?;
    out.push_ascii(&digits)?;
    out.finish(cx)
}

/// `bin(a)`.
pub fn bin(cx: Cx, a: &Big) -> R<Str> {
    prefixed(cx, a, 2, b"0b")
}

/// `oct(a)`.
pub fn oct(cx: Cx, a: &Big) -> R<Str> {
    prefixed(cx, a, 8, b"0o")
}

/// `hex(a)`.
pub fn hex(cx: Cx, a: &Big) -> R<Str> {
    prefixed(cx, a, 16, b"0x")
}

/// `int(s)`.
pub fn from_str(cx: Cx, s: &Str) -> R<Big> {
    str_::number_text(s, |text| parse(cx, text, 10))
}

/// `int(s, base)`.
pub fn from_str_base(cx: Cx, s: &Str, base: i64) -> R<Big> {
    str_::number_text(s, |text| parse(cx, text, base))
}

/// Digits that a limb holds.
const TOGETHER: usize = 19;

/// Eight decimal digits.
fn eight(text: [u8; 8]) -> u64 {
    // Neighbours become pairs, those fours, those one number, each in the place of the left one.
    let ones = u64::from_le_bytes(text) & 0x0f0f_0f0f_0f0f_0f0f;
    let twos = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// The number that at most [`TOGETHER`] decimal digits are.
fn few_digits(text: &[u8]) -> u64 {
    let (eights, rest) = text.as_chunks();
    let value = eights.iter().fold(0, |value, text| value * 100_000_000 + eight(*text));
    rest.iter().fold(value, |value, c| value * 10 + u64::from(c - b'0'))
}

/// A long number in decimal digits and nothing else.
fn plain(cx: Cx, negative: bool, digits: &[u8]) -> R<Big> {
    allowed(cx, digits.len())?;
    let (first, rest) = digits.split_at(digits.len() % TOGETHER);
    // A limb for each group: it holds a little more.
    let room = digits.len().div_ceil(TOGETHER);
    busy(cx, room.saturating_mul(room))?;
    Big::build(negative, room, |out| {
        let mut used = 0;
        append(out, &mut used, 1, few_digits(first));
        for group in rest.as_chunks::<TOGETHER>().0 {
            append(out, &mut used, 10_u64.pow(TOGETHER as u32), few_digits(group));
        }
        Ok(())
    })
}

fn parse(cx: Cx, text: &[u8], base: i64) -> R<Big> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // All are looked at: that needs no branches.
    if base == 10 && digits.len() > TOGETHER && digits.iter().fold(true, |all, c| all & c.is_ascii_digit()) {
        return plain(cx, negative, digits);
    }
    match int::parse(text, base) {
        Ok(v) => return Ok(Big::Small(v)),
        Err(stop) if stop != Stop::bail(Bail::Overflow) => return Err(stop),
        Err(_) => {}
    }
    // It is a number then, and a long one.
    let mut rest = trimmed(text);
    let negative = rest.first() == Some(&b'-');
    if let [b'+' | b'-', tail @ ..] = rest {
        rest = tail;
    }
    let mut base = base as u64;
    if let [b'0', mark, tail @ ..] = rest {
        let prefix = match mark | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        };
        if prefix != 0 && (base == 0 || base == prefix) {
            (base, rest) = (prefix, tail);
        }
    }
    if base == 0 {
        base = 10;
    }
    let count = rest.iter().filter(|c| **c != b'_').count();
    if !base.is_power_of_two() {
        allowed(cx, count)?;
    }
    // As many digits at a time as a limb holds.
    let (mut unit, mut together) = (base, 1);
    while let Some(more) = unit.checked_mul(base) {
        (unit, together) = (more, together + 1);
    }
    let bits = u64::from(64 - base.leading_zeros()) as usize;
    let room = count.saturating_mul(bits) / 64 + 1;
    busy(cx, room.saturating_mul(room))?;
    Big::build(negative, room, |out| {
        let mut used = 0;
        let (mut value, mut scale) = (0u64, 1u64);
        let mut seen = 0;
        for c in rest.iter().filter(|c| **c != b'_') {
            let digit = match c {
                b'0'..=b'9' => c - b'0',
                _ => (c | 0x20) - b'a' + 10,
            };
            (value, scale, seen) = (value * base + u64::from(digit), scale * base, seen + 1);
            if seen == together {
                append(out, &mut used, scale, value);
                (value, scale, seen) = (0, 1, 0);
            }
        }
        if scale > 1 {
            append(out, &mut used, scale, value);
        }
        Ok(())
    })
}

/// `out = out * scale + value`, with `used` limbs so far.
fn append(out: &mut [u64], used: &mut usize, scale: u64, value: u64) {
    let carry = mul_small(&mut out[..*used], scale, value);
    if carry != 0 {
        out[*used] = carry;
        *used += 1;
    }
}

/// `n.to_bytes(length, "big")`
pub fn to_bytes_big(cx: Cx, n: &Big, length: i64) -> R<Bytes> {
    to_bytes(cx, n, length, true, false)
}

/// `n.to_bytes(length, "little")`
pub fn to_bytes_little(cx: Cx, n: &Big, length: i64) -> R<Bytes> {
    to_bytes(cx, n, length, false, false)
}

/// `n.to_bytes()`: one byte.
pub fn to_bytes_one(cx: Cx, n: &Big) -> R<Bytes> {
    to_bytes_big(cx, n, 1)
}

/// `n.to_bytes(length, order, signed=…)`
pub fn to_bytes_as(cx: Cx, n: &Big, length: i64, order: &Str, signed: bool) -> R<Bytes> {
    let big = !bytes::is_little(order)?;
    to_bytes(cx, n, length, big, signed)
}

fn to_bytes(cx: Cx, n: &Big, length: i64, big: bool, signed: bool) -> R<Bytes> {
    let Ok(length) = usize::try_from(length) else { return exc(Exc::ValueError) };
    let negative = n.is_negative();
    // What is negative is the complement of what is not.
    let complement = if negative { Some(super::inv(cx, n)?) } else { None };
    let n = complement.as_ref().unwrap_or(n);
    let bits = super::bit_length(n) as usize;
    // A sign takes a bit, but a zero takes none.
    let sign = usize::from(signed && (negative || bits > 0));
    if (negative && !signed) || (bits + sign).div_ceil(8) > length {
        return exc(Exc::OverflowError);
    }
    if length > 1 << 24 {
        return bail(Bail::Memory);
    }
    let count = length.div_ceil(8).max(2);
    let Some(limbs) = super::bits::padded(n, count)? else { return exc(Exc::OverflowError) };
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(count * 8).is_err() {
        return bail(Bail::Memory);
    }
    limbs.iter().for_each(|limb| bytes.extend_from_slice(&limb.to_le_bytes()));
    bytes.truncate(length);
    if negative {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    }
    if big {
        bytes.reverse();
    }
    Bytes::copy_of(&bytes)
}

/// `int.from_bytes(b, "big")`
pub fn from_bytes_big(b: &Bytes) -> R<Big> {
    from_bytes(b.raw().rchunks(8), |chunk| chunk.iter().fold(0, |n, c| n << 8 | u64::from(*c)))
}

/// `int.from_bytes(b, "little")`
pub fn from_bytes_little(b: &Bytes) -> R<Big> {
    from_little(b.raw())
}

/// `int.from_bytes(b, order, signed=…)`
pub fn from_bytes_as(cx: Cx, b: &Bytes, order: &Str, signed: bool) -> R<Big> {
    let little = bytes::is_little(order)?;
    let n = if little { from_bytes_little(b)? } else { from_bytes_big(b)? };
    let top = if little { b.raw().last() } else { b.raw().first() };
    if !signed || top.is_none_or(|byte| *byte < 0x80) {
        return Ok(n);
    }
    super::sub(cx, &n, &super::shl(cx, &super::of(1), 8 * b.raw().len() as i64)?)
}

/// The number that the bytes are, the lowest first.
pub fn from_little(bytes: &[u8]) -> R<Big> {
    from_bytes(bytes.chunks(8), |chunk| chunk.iter().rev().fold(0, |n, c| n << 8 | u64::from(*c)))
}

fn from_bytes<'b>(chunks: impl ExactSizeIterator<Item = &'b [u8]>, limb: impl Fn(&[u8]) -> u64) -> R<Big> {
    Big::build(false, chunks.len(), |out| {
        out.iter_mut().zip(chunks).for_each(|(slot, chunk)| *slot = limb(chunk));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_eight_at_a_time() {
        assert_eq!(eight(*b"12345678"), 12_345_678);
        assert_eq!(eight(*b"00000000"), 0);
        assert_eq!(eight(*b"99999999"), 99_999_999);
        let text = "9876543210123456789";
        for len in 0..=text.len() {
            assert_eq!(few_digits(&text.as_bytes()[..len]), text[..len].parse().unwrap_or(0));
        }
    }
}
