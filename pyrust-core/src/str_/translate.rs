//! `str.maketrans` and `s.translate`.

use super::{StrBuilder, Units, to_chr, view};
use crate::dict::{self, Dict, DictLike};
use crate::elem::Key;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Chr, Str};
use crate::txn::Cx;
use crate::union::{U2, U3, U4, U5, U6, U7, U8, each_union};

/// What a code point becomes.
pub trait Replacement: Clone + 'static {
    /// Appends what stands for the code point.
    fn replace(&self, out: &mut StrBuilder) -> R<()>;
    /// The only code point that it becomes, if it becomes one.
    fn single(&self) -> Option<u32>;
    /// Does nothing stand for it?
    fn deletes(&self) -> bool {
        false
    }
}

impl Replacement for i64 {
    fn replace(&self, out: &mut StrBuilder) -> R<()> {
        match u32::try_from(*self) {
            Ok(code) if code <= 0x10_ffff => out.push_chr(Chr(code)),
            _ => exc(Exc::ValueError),
        }
    }

    fn single(&self) -> Option<u32> {
        u32::try_from(*self).ok().filter(|&code| code <= 0x10_ffff)
    }
}

impl Replacement for bool {
    fn replace(&self, out: &mut StrBuilder) -> R<()> {
        i64::from(*self).replace(out)
    }

    fn single(&self) -> Option<u32> {
        Some(u32::from(*self))
    }
}

impl Replacement for Str {
    fn replace(&self, out: &mut StrBuilder) -> R<()> {
        out.push_str(self)
    }

    fn single(&self) -> Option<u32> {
        to_chr(self).map(|c| c.0)
    }

    fn deletes(&self) -> bool {
        self.is_empty()
    }
}

impl Replacement for Chr {
    fn replace(&self, out: &mut StrBuilder) -> R<()> {
        out.push_chr(*self)
    }

    fn single(&self) -> Option<u32> {
        Some(self.0)
    }
}

/// `None` deletes.
impl Replacement for () {
    fn replace(&self, _: &mut StrBuilder) -> R<()> {
        Ok(())
    }

    fn single(&self) -> Option<u32> {
        None
    }

    fn deletes(&self) -> bool {
        true
    }
}

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => { $(
        impl<$($member: Replacement),+> Replacement for $union<$($member),+> {
            fn replace(&self, out: &mut StrBuilder) -> R<()> {
                match self {
                    $($union::$member(value) => value.replace(out),)+
                }
            }

            fn single(&self) -> Option<u32> {
                match self {
                    $($union::$member(value) => value.single(),)+
                }
            }

            fn deletes(&self) -> bool {
                match self {
                    $($union::$member(value) => value.deletes(),)+
                }
            }
        }
    )+ };
}

each_union!(unions);

/// `s.translate(table)`: what the table does not have stays.
pub fn translate<V: Replacement, D: DictLike<i64, V>>(cx: Cx, s: &Str, table: &D) -> R<Str> {
    let v = view(s);
    let mut out = StrBuilder::new();
    let mut fuel = crate::txn::FUEL;
    let mut known = [UNKNOWN; 256];
    let each = |out: &mut StrBuilder, known: &mut [u8; 256], c: u32| {
        let becomes = match table.find(cx, &i64::from(c))? {
            Some(value) => match value.single() {
                Some(code) => code,
                None => {
                    if let Some(place) = known.get_mut(c as usize).filter(|_| value.deletes()) {
                        *place = DELETED;
                    }
                    return value.replace(out);
                }
            },
            None => c,
        };
        if let (Some(place), Ok(code)) = (known.get_mut(c as usize), u8::try_from(becomes))
            && code.is_ascii()
        {
            *place = code;
        }
        out.push_chr(Chr(becomes))
    };
    let Units::One(units) = v.units() else {
        for i in 0..v.len() {
            cx.tick(&mut fuel)?;
            each(&mut out, &mut known, v.at(i).0)?;
        }
        return out.finish(cx);
    };
    for part in units.chunks(PART) {
        cx.charge(&mut fuel, part.len() as i64)?;
        let mut made = [0; PART];
        let mut all = 0;
        for (to, &from) in made.iter_mut().zip(part) {
            *to = known[from as usize];
            all |= *to;
        }
        if all < UNKNOWN {
            out.push_ascii(&made[..part.len()])?;
            continue;
        }
        let (mut count, mut is_known) = (0, true);
        for at in 0..part.len() {
            let code = made[at];
            is_known &= code != UNKNOWN;
            made[count] = code;
            count += usize::from(code != DELETED);
        }
        if is_known {
            out.push_ascii(&made[..count])?;
            continue;
        }
        for &unit in part {
            match known[unit as usize] {
                UNKNOWN => each(&mut out, &mut known, u32::from(unit))?,
                DELETED => {}
                code => out.push_chr(Chr(code.into()))?,
            }
        }
    }
    out.finish(cx)
}

/// So many characters are looked up at once.
const PART: usize = 64;

/// Stands for what has not been looked up, and for what becomes no character of ASCII. No such character has that bit.
const UNKNOWN: u8 = 0x80;
/// Nothing stands for the character.
const DELETED: u8 = 0x81;

/// `str.maketrans(from, to)`.
pub fn maketrans(cx: Cx, from: &Str, to: &Str) -> R<Dict<i64, i64>> {
    let (from, to) = (view(from), view(to));
    if from.len() != to.len() {
        return exc(Exc::ValueError);
    }
    let table = dict::new(cx)?;
    for i in 0..from.len() {
        table.put(cx, i64::from(from.at(i).0), i64::from(to.at(i).0))?;
    }
    Ok(table)
}

/// `str.maketrans(from, to, deleted)`.
pub fn maketrans_deleting(cx: Cx, from: &Str, to: &Str, deleted: &Str) -> R<Dict<i64, U2<(), i64>>> {
    let (from, to, deleted) = (view(from), view(to), view(deleted));
    if from.len() != to.len() {
        return exc(Exc::ValueError);
    }
    let table = dict::new(cx)?;
    for i in 0..from.len() {
        table.put(cx, i64::from(from.at(i).0), U2::B(i64::from(to.at(i).0)))?;
    }
    for i in 0..deleted.len() {
        table.put(cx, i64::from(deleted.at(i).0), U2::A(()))?;
    }
    Ok(table)
}

/// A key of what `str.maketrans` is given.
pub trait TranslateKey: Key {
    /// The code point.
    fn code(&self) -> R<i64>;
}

impl TranslateKey for i64 {
    fn code(&self) -> R<i64> {
        Ok(*self)
    }
}

impl TranslateKey for Chr {
    fn code(&self) -> R<i64> {
        Ok(i64::from(self.0))
    }
}

impl TranslateKey for Str {
    fn code(&self) -> R<i64> {
        match to_chr(self) {
            Some(c) => Ok(i64::from(c.0)),
            None => exc(Exc::ValueError),
        }
    }
}

impl TranslateKey for () {
    fn code(&self) -> R<i64> {
        bail(Bail::Unsupported)
    }
}

/// `str.maketrans(mapping)`.
pub fn maketrans_of<K: TranslateKey, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    mapping: &D,
) -> R<Dict<i64, V>> {
    let table = dict::new(cx)?;
    let mut cursor = dict::iter(cx, mapping)?;
    while let Some((key, value)) = dict::next_item(cx, mapping, &mut cursor)? {
        table.put(cx, key.code()?, value)?;
    }
    Ok(table)
}
