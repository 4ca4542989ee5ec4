//! Kernels that work on text and bytes.

use indexmap::IndexMap;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::fmt::Write;

pub type Ordered<K, V> = IndexMap<K, V, FxBuildHasher>;

#[pyfunction]
pub fn levenshtein(a: &str, b: &str) -> usize {
    fn distance<T: Copy + PartialEq>(a: &[T], b: &[T]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let cost = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
            }
        }
        row[b.len()]
    }
    if a.is_ascii() && b.is_ascii() {
        distance(a.as_bytes(), b.as_bytes())
    } else {
        distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
    }
}

#[pyfunction]
pub fn common_subsequence(a: &str, b: &str) -> String {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut lengths = vec![0u32; (a.len() + 1) * width];
    for (i, x) in a.iter().enumerate() {
        let (above, below) = lengths[i * width..(i + 2) * width].split_at_mut(width);
        for (j, y) in b.iter().enumerate() {
            below[j + 1] = if x == y { above[j] + 1 } else { above[j + 1].max(below[j]) };
        }
    }
    let mut result = Vec::new();
    let (mut i, mut j) = (a.len(), b.len());
    while i > 0 && j > 0 {
        let here = lengths[i * width + j];
        if here == lengths[(i - 1) * width + j] {
            i -= 1;
        } else if here == lengths[i * width + j - 1] {
            j -= 1;
        } else {
            result.push(a[i - 1]);
            i -= 1;
            j -= 1;
        }
    }
    result.iter().rev().collect()
}

#[pyfunction]
pub fn count_matches(text: &str, pattern: &str) -> i64 {
    // No byte of a character is part of another one: UTF-8 can be searched as bytes.
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let mut failure = vec![0; pattern.len()];
    let mut k = 0;
    for i in 1..pattern.len() {
        while k > 0 && pattern[i] != pattern[k] {
            k = failure[k - 1];
        }
        k += usize::from(pattern[i] == pattern[k]);
        failure[i] = k;
    }
    let (mut count, mut k) = (0, 0);
    for c in text {
        while k > 0 && *c != pattern[k] {
            k = failure[k - 1];
        }
        k += usize::from(*c == pattern[k]);
        if k == pattern.len() {
            count += 1;
            k = failure[k - 1];
        }
    }
    count
}

/// What `tokenize` finds: kind, and where it begins and ends.
pub fn tokens(text: &str) -> Vec<(&'static str, usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = 0;
    while i < text.len() {
        let Some(c) = text[i..].chars().next() else { break };
        if c.is_whitespace() {
            i += c.len_utf8();
            continue;
        }
        let start = i;
        let kind = if c.is_alphabetic() || c == '_' {
            i += text[i..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len() - i);
            "name"
        } else if c.is_ascii_digit() {
            while i < text.len() && (bytes[i].is_ascii_digit() || bytes[i] == b'.') {
                i += 1;
            }
            "number"
        } else {
            i += c.len_utf8();
            "operator"
        };
        found.push((kind, start, i));
    }
    found
}

#[pyfunction]
pub fn tokenize(text: &str) -> Vec<(&'static str, String)> {
    tokens(text).into_iter().map(|(kind, start, end)| (kind, text[start..end].to_owned())).collect()
}

#[pyfunction]
pub fn evaluate(text: &str) -> PyResult<i64> {
    fn apply(values: &mut Vec<i64>, operator: u8) -> Option<()> {
        let right = values.pop()?;
        let left = values.pop()?;
        values.push(match operator {
            b'+' => left.wrapping_add(right),
            b'-' => left.wrapping_sub(right),
            _ => left.wrapping_mul(right),
        });
        Some(())
    }
    let wrong = || PyValueError::new_err("unexpected character");
    let text = text.as_bytes();
    let (mut values, mut operators) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b'0'..=b'9' => {
                let mut number = 0i64;
                while i < text.len() && text[i].is_ascii_digit() {
                    number = number.wrapping_mul(10).wrapping_add(i64::from(text[i] - b'0'));
                    i += 1;
                }
                values.push(number);
                continue;
            }
            b'(' => operators.push(b'('),
            c @ (b'+' | b'-' | b'*') => {
                while let Some(&last) = operators.last() {
                    if last == b'(' || (c == b'*' && last != b'*') {
                        break;
                    }
                    operators.pop();
                    apply(&mut values, last).ok_or_else(wrong)?;
                }
                operators.push(c);
            }
            b')' => loop {
                match operators.pop().ok_or_else(wrong)? {
                    b'(' => break,
                    operator => apply(&mut values, operator).ok_or_else(wrong)?,
                }
            },
            b' ' => {}
            _ => return Err(wrong()),
        }
        i += 1;
    }
    while let Some(operator) = operators.pop() {
        apply(&mut values, operator).ok_or_else(wrong)?;
    }
    Ok(values.first().copied().unwrap_or(0))
}

#[pyfunction]
pub fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                c => field.push(c),
            }
        }
        fields.push(field);
        rows.push(fields);
    }
    rows
}

#[pyfunction]
pub fn balanced(text: &str) -> i64 {
    let mut stack = Vec::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            '(' => stack.push(')'),
            '[' => stack.push(']'),
            '{' => stack.push('}'),
            ')' | ']' | '}' if stack.pop() != Some(c) => return i as i64,
            _ => {}
        }
    }
    if stack.is_empty() { -1 } else { text.chars().count() as i64 }
}

#[pyfunction]
pub fn word_count(text: &str) -> Ordered<String, i64> {
    let mut counts = Ordered::default();
    for word in text.split_whitespace() {
        let word = word.trim_matches(['.', ',', ';', ':', '!', '?']).to_lowercase();
        if !word.is_empty() {
            *counts.entry(word).or_insert(0) += 1;
        }
    }
    counts
}

#[pyfunction]
pub fn anagrams(words: Vec<String>) -> Vec<Vec<String>> {
    let mut places: FxHashMap<Vec<char>, usize> = FxHashMap::default();
    let mut groups: Vec<Vec<String>> = Vec::new();
    for word in words {
        let mut key: Vec<char> = word.chars().collect();
        key.sort_unstable();
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(word);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut entry = n as u32;
        let mut bit = 0;
        while bit < 8 {
            entry = if entry & 1 == 1 { entry >> 1 ^ 0xEDB8_8320 } else { entry >> 1 };
            bit += 1;
        }
        table[n] = entry;
        n += 1;
    }
    table
};

#[pyfunction]
pub fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, byte| crc >> 8 ^ TABLE[((crc ^ u32::from(*byte)) & 255) as usize])
}

#[pyfunction]
pub fn fnv1a(text: &str) -> u32 {
    text.chars().fold(2_166_136_261, |value: u32, c| (value ^ c as u32).wrapping_mul(16_777_619))
}

#[pyfunction]
pub fn rc4<'py>(python: Python<'py>, key: &[u8], data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let mut cipher: [u8; 256] = std::array::from_fn(|n| n as u8);
    let mut j = 0u8;
    for i in 0..256 {
        j = j.wrapping_add(cipher[i]).wrapping_add(key[i % key.len()]);
        cipher.swap(i, j as usize);
    }
    PyBytes::new_with(python, data.len(), |out| {
        let (mut i, mut j) = (0u8, 0u8);
        for (to, from) in out.iter_mut().zip(data) {
            i = i.wrapping_add(1);
            j = j.wrapping_add(cipher[i as usize]);
            cipher.swap(i as usize, j as usize);
            *to = from ^ cipher[cipher[i as usize].wrapping_add(cipher[j as usize]) as usize];
        }
        Ok(())
    })
}

#[pyfunction]
pub fn caesar(text: &str, shift: i64) -> String {
    let moved =
        |c: char, first: u8| ((c as i64 - i64::from(first) + shift).rem_euclid(26) as u8 + first) as char;
    text.chars()
        .map(|c| match c {
            'a'..='z' => moved(c, b'a'),
            'A'..='Z' => moved(c, b'A'),
            c => c,
        })
        .collect()
}

#[pyfunction]
pub fn run_lengths(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let mut count = 1;
        while characters.next_if_eq(&c).is_some() {
            count += 1;
        }
        if count > 1 {
            let _ = write!(result, "{count}");
        }
        result.push(c);
    }
    result
}

/// A title as part of an address.
pub fn slug(title: &str) -> String {
    let mut result = String::with_capacity(title.len());
    for word in title.to_lowercase().split_whitespace() {
        let end = result.len();
        if end > 0 {
            result.push('-');
        }
        let start = result.len();
        result.extend(word.chars().filter(|c| c.is_alphanumeric()));
        if result.len() == start {
            result.truncate(end);
        }
    }
    result
}

#[pyfunction]
pub fn slugs(titles: Vec<String>) -> Vec<String> {
    titles.iter().map(|title| slug(title)).collect()
}

#[pyfunction]
pub fn table(rows: Vec<(String, i64, f64)>) -> String {
    let mut result = String::new();
    for (n, (name, count, price)) in rows.iter().enumerate() {
        let end = if n > 0 { "\n" } else { "" };
        let _ = write!(result, "{end}{name:<12}{count:>6}{price:>10.2}{:>12.2}", *count as f64 * price);
    }
    result
}

#[pyfunction]
pub fn last_total(lines: Vec<String>) -> PyResult<i64> {
    let mut total = 0i64;
    for field in
        lines.iter().flat_map(|line| line.split(',')).map(str::trim).filter(|field| !field.is_empty())
    {
        total = total.wrapping_add(field.parse::<i64>()?);
    }
    Ok(total)
}
