//! How deeply a source is nested, at most: an estimate that is made before a recursive parser sees the text.
//!
//! Every open bracket is a level, and so is every operator that takes what follows as its operand (`-`, `not`, `lambda`,
//! `else`, `**`, …) until the next comma or statement. Brackets inside nested quotes of one f-string may be miscounted;
//! the limits are far above what CPython itself accepts.

/// What the first parser takes: it keeps a stack of its own, only freeing its tree recurses.
pub(super) const MAX_CLASSIC: usize = 100_000;
/// What the second parser takes: it recurses.
pub(super) const MAX_MODERN: usize = 3_000;

/// The greatest depth anywhere in the text.
pub(super) fn depth(text: &str) -> usize {
    let bytes = text.as_bytes();
    // Operators that are open, one counter for each open bracket; their sum and the number of counters are the depth.
    let mut open: Vec<usize> = vec![0];
    let (mut sum, mut deepest, mut at) = (0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at = after_string(bytes, at, quote);
                continue;
            }
            b'(' | b'[' | b'{' => open.push(0),
            b')' | b']' | b'}' if open.len() > 1 => sum -= open.pop().unwrap_or_default(),
            b')' | b']' | b'}' => {}
            b',' | b';' => sum -= std::mem::take(open.last_mut().expect("never empty")),
            b'\n' if open.len() == 1 => sum -= std::mem::take(&mut open[0]),
            b'-' | b'+' | b'~' | b'*' | b'=' | b'.' | b'/' | b'%' | b'|' | b'&' | b'^' | b'@' | b'<'
            | b'>' => {
                *open.last_mut().expect("never empty") += 1;
                sum += 1;
            }
            b if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 => {
                let end = at
                    + bytes[at..]
                        .iter()
                        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80))
                        .unwrap_or(bytes.len() - at);
                if matches!(
                    &bytes[at..end],
                    b"not" | b"lambda" | b"else" | b"await" | b"yield" | b"if" | b"for"
                ) {
                    *open.last_mut().expect("never empty") += 1;
                    sum += 1;
                }
                deepest = deepest.max(sum + open.len());
                at = end;
                continue;
            }
            _ => {}
        }
        deepest = deepest.max(sum + open.len());
        at += 1;
    }
    deepest
}

/// Where a string that starts here ends; an unfinished one ends with its line.
pub(super) fn after_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' if !triple => return at,
            b if b == quote && !triple => return at + 1,
            b if b == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths() {
        assert!(depth("x = [1, 2, -3, (4)]\n".repeat(10_000).as_str()) < 10);
        assert!(depth(&format!("x = {}1{}", "(".repeat(500), ")".repeat(500))) >= 500);
        assert!(depth(&format!("x = {}1", "- ".repeat(500))) >= 500);
        assert!(depth(&format!("x = {}1", "not ".repeat(500))) >= 500);
        assert!(depth(&format!("x = a{}", " if b else c".repeat(500))) >= 500);
        assert!(depth(&"x = '((((((((' # ((((((((\n".repeat(9)) < 10);
        assert!(depth("x = '''\n((((((((''' \"((((((((\n") < 10);
        assert!(depth(&format!("[{}]", "-1, ".repeat(5_000))) < 10);
    }
}
