//! Another algorithm than the function's: 64 cells of the table at once, as the bits of machine words (Myers 1999, in blocks by
//! Hyyrö 2003). A compiler cannot find it; that the results are the same is for verification to say.

use pyrust_macros::hotspot;
use pyrust_runtime::prelude::*;

/// With more characters than this in the shorter text the masks would take more memory than anybody expects.
const LONGEST: usize = 1 << 15;

#[hotspot(
    function = "editkit.distance:levenshtein",
    signature = "(str, str) -> int",
    source = "sha256:6a36e9b12c5a6f42631f4dcfb00db188815c45692247fb6ea49a1f7b162d9a07"
)]
fn levenshtein(cx: Cx, a: Str, b: Str) -> R<i64> {
    let (a, b) = (a.hold(), b.hold());
    let (mut long, mut short) = (pystr::view(&a), pystr::view(&b));
    if long.len() < short.len() {
        (long, short) = (short, long);
    }
    let (columns, rows) = (long.len(), short.len());
    if rows == 0 {
        return Ok(columns as i64);
    }
    if rows > LONGEST {
        // Python does it.
        return bail(Bail::Limit);
    }
    let masks = Masks::new((0..rows).map(|i| short.at(i).0));
    let blocks = rows.div_ceil(64);
    // Where a column goes up by one from row to row, and where it goes down.
    let (mut up, mut down) = (vec![u64::MAX; blocks], vec![0_u64; blocks]);
    let last = 1_u64 << ((rows - 1) % 64);
    let mut distance = rows as i64;
    let mut fuel: i32 = FUEL;
    for column in 0..columns {
        cx.charge(&mut fuel, blocks as i64)?;
        let equal = masks.of(long.at(column).0);
        // What comes from the row above: the first row grows by one with each column.
        let (mut plus, mut minus) = (1_u64, 0_u64);
        for block in 0..blocks {
            let (same, rises, falls) = (equal.map_or(0, |masks| masks[block]), up[block], down[block]);
            let vertical = same | falls;
            let same = same | minus;
            let horizontal = ((same & rises).wrapping_add(rises) ^ rises) | same;
            let mut grows = falls | !(horizontal | rises);
            let mut shrinks = rises & horizontal;
            if block == blocks - 1 {
                distance += i64::from(grows & last != 0) - i64::from(shrinks & last != 0);
            }
            let carried = (grows >> 63, shrinks >> 63);
            grows = (grows << 1) | plus;
            shrinks = (shrinks << 1) | minus;
            (plus, minus) = carried;
            up[block] = shrinks | !(vertical | grows);
            down[block] = grows & vertical;
        }
    }
    Ok(distance)
}

/// For each character of a text: where it stands, a bit for each place.
struct Masks {
    /// Sorted by character.
    characters: Vec<u32>,
    bits: Vec<Vec<u64>>,
    /// Where an ASCII character is in both; past the end for one that is not in the text.
    ascii: [usize; 128],
}

impl Masks {
    fn new(text: impl Iterator<Item = u32> + Clone) -> Masks {
        let mut characters: Vec<u32> = text.clone().collect();
        let blocks = characters.len().div_ceil(64);
        characters.sort_unstable();
        characters.dedup();
        let mut bits = vec![vec![0; blocks]; characters.len()];
        let mut ascii = [characters.len(); 128];
        for (place, character) in characters.iter().enumerate().take_while(|(_, c)| **c < 128) {
            ascii[*character as usize] = place;
        }
        for (at, character) in text.enumerate() {
            if let Ok(place) = characters.binary_search(&character) {
                bits[place][at / 64] |= 1 << (at % 64);
            }
        }
        Masks { characters, bits, ascii }
    }

    #[inline(always)]
    fn of(&self, character: u32) -> Option<&[u64]> {
        let place = match self.ascii.get(character as usize) {
            Some(place) => *place,
            None => self.characters.binary_search(&character).ok()?,
        };
        self.bits.get(place).map(Vec::as_slice)
    }
}
