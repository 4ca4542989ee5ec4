//! Line tables: the location of every instruction.

/// The location of an instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Location {
    pub(super) line: i64,
    pub(super) end_line: i64,
    /// Columns, from 0, where they are known.
    pub(super) columns: Option<(u64, u64)>,
}

/// One entry of the line table.
pub(super) fn write_location(out: &mut Vec<u8>, units: usize, location: Option<Location>, current: &mut i64) {
    let head = |kind: u8| 0x80 | kind << 3 | (units as u8 - 1);
    let Some(location) = location else {
        out.push(head(15));
        return;
    };
    let delta = location.line - *current;
    let signed = if delta < 0 { (delta.unsigned_abs() << 1) | 1 } else { (delta as u64) << 1 };
    *current = location.line;
    match location.columns {
        None => {
            out.push(head(13));
            write_number(out, signed);
        }
        Some((column, end_column)) => {
            out.push(head(14));
            let lines = (location.end_line - location.line).max(0) as u64;
            for number in [signed, lines, column + 1, end_column + 1] {
                write_number(out, number);
            }
        }
    }
}

/// Six bits a byte, low ones first.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 63 {
        out.push(0x40 | (number & 63) as u8);
        number >>= 6;
    }
    out.push(number as u8);
}

/// The line table of a code object.
pub(super) struct Lines {
    /// First unit, number of units, and the location.
    entries: Vec<(usize, usize, Option<Location>)>,
    /// Where in the table the entries behind the place begin, and the line there.
    pub(super) split: usize,
    pub(super) line: i64,
}

impl Lines {
    /// Nothing if no entry begins at unit `place`.
    pub(super) fn read(table: &[u8], first_line: i64, place: usize) -> Option<Lines> {
        let (mut at, mut unit, mut line) = (0, 0, first_line);
        let mut lines = Lines { entries: Vec::new(), split: usize::MAX, line: 0 };
        while at < table.len() {
            if unit == place {
                (lines.split, lines.line) = (at, line);
            }
            let head = table[at];
            at += 1;
            let (kind, units) = (head >> 3 & 15, usize::from(head & 7) + 1);
            let mut number = || {
                let (mut value, mut shift) = (0u64, 0);
                loop {
                    let byte = *table.get(at)?;
                    at += 1;
                    value |= u64::from(byte & 63) << shift;
                    if byte & 64 == 0 {
                        return Some(value);
                    }
                    shift += 6;
                }
            };
            let signed =
                |value: u64| if value & 1 != 0 { -((value >> 1) as i64) } else { (value >> 1) as i64 };
            let location = match kind {
                15 => None,
                14 => {
                    line += signed(number()?);
                    let end_line = line + number()? as i64;
                    let (column, end_column) = (number()?, number()?);
                    let columns = (column > 0 && end_column > 0).then(|| (column - 1, end_column - 1));
                    Some(Location { line, end_line, columns })
                }
                13 => {
                    line += signed(number()?);
                    Some(Location { line, end_line: line, columns: None })
                }
                10..=12 => {
                    line += i64::from(kind - 10);
                    let columns = Some((u64::from(*table.get(at)?), u64::from(*table.get(at + 1)?)));
                    at += 2;
                    Some(Location { line, end_line: line, columns })
                }
                _ => {
                    let byte = *table.get(at)?;
                    at += 1;
                    let column = u64::from(kind) << 3 | u64::from(byte >> 4);
                    Some(Location {
                        line,
                        end_line: line,
                        columns: Some((column, column + u64::from(byte & 15))),
                    })
                }
            };
            lines.entries.push((unit, units, location));
            unit += units;
        }
        (lines.split != usize::MAX).then_some(lines)
    }

    pub(super) fn of(&self, unit: usize) -> Option<Location> {
        let entry = self.entries.iter().find(|(start, units, _)| (*start..start + units).contains(&unit))?;
        entry.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_survive() {
        let all = [
            Some(Location { line: 12, end_line: 12, columns: Some((4, 90)) }),
            Some(Location { line: 9, end_line: 11, columns: Some((0, 3)) }),
            None,
            Some(Location { line: 70, end_line: 70, columns: None }),
        ];
        let (mut table, mut line) = (Vec::new(), 10);
        for location in all {
            write_location(&mut table, 3, location, &mut line);
        }
        let lines = Lines::read(&table, 10, 6).expect("an entry begins there");
        assert_eq!(lines.line, 9);
        for (i, location) in all.into_iter().enumerate() {
            assert_eq!(lines.of(3 * i + 2), location);
        }
        assert!(Lines::read(&table, 10, 4).is_none());
    }
}
