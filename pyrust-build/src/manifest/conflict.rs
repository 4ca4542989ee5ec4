//! Merge conflicts in the manifest: recognised, and united.

use super::{Entry, Manifest, Mode};
use crate::diagnostic::Diagnostic;
use crate::signature::set;
use crate::source::Span;

const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const MIDDLE: &str = "=======";
const THEIRS: &str = ">>>>>>>";

/// The first conflict marker: a line that starts with seven of one of the characters, as git writes them.
pub fn first_marker(text: &str) -> Option<Span> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if [OURS, BASE, MIDDLE, THEIRS].iter().any(|marker| is_marker(line, marker)) {
            return Some(Span::new(start, start + line.trim_end().len()));
        }
        start += line.len();
    }
    None
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with(' '))
}

/// The texts of both sides. `None` when the markers are not in order.
pub fn sides(text: &str) -> Option<(String, String)> {
    #[derive(PartialEq)]
    enum In {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let (mut ours, mut theirs, mut now) = (String::new(), String::new(), In::Both);
    for line in text.split_inclusive('\n') {
        let next = if is_marker(line, OURS) && now == In::Both {
            In::Ours
        } else if is_marker(line, BASE) && now == In::Ours {
            In::Base
        } else if is_marker(line, MIDDLE) && (now == In::Ours || now == In::Base) {
            In::Theirs
        } else if is_marker(line, THEIRS) && now == In::Theirs {
            In::Both
        } else if [OURS, BASE, MIDDLE, THEIRS].iter().any(|marker| is_marker(line, marker)) {
            return None;
        } else {
            if now == In::Both || now == In::Ours {
                ours.push_str(line);
            }
            if now == In::Both || now == In::Theirs {
                theirs.push_str(line);
            }
            continue;
        };
        now = next;
    }
    (now == In::Both).then_some((ours, theirs))
}

/// Unites both sides of a conflicted manifest. Comments of the first side survive.
pub fn resolve(path: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let Some((ours, theirs)) = sides(text) else {
        return Err(Manifest::parse(path, text).err().unwrap_or_default());
    };
    let left = lenient(path, &ours)?;
    let right = lenient(path, &theirs)?;
    Ok(unite(left, right).render(Some(&without_duplicates(&ours))))
}

/// Unites duplicate entries of one text.
pub fn unite_duplicates(path: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    Ok(lenient(path, text)?.render(Some(&without_duplicates(text))))
}

/// Git cuts anywhere, so one side may have an entry twice: both are united.
fn lenient(path: &str, text: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let mut rest = text.to_string();
    let mut united = Manifest::default();
    loop {
        match Manifest::parse(path, &rest) {
            Ok(manifest) => return Ok(unite(united, manifest)),
            Err(findings) if findings.iter().all(|finding| finding.code == "PYR0108") => {
                let (first, second) = split_duplicates(&rest);
                united = unite(united, Manifest::parse(path, &first)?);
                rest = second;
            }
            Err(findings) => return Err(findings),
        }
    }
}

/// The text without second entries, and the text of the second entries.
fn split_duplicates(text: &str) -> (String, String) {
    let parse = || text.parse::<toml_edit::DocumentMut>().expect("validated before");
    let (mut first, mut second) = (parse(), parse());
    let mut seen = std::collections::BTreeSet::new();
    let mut is_first = Vec::new();
    if let Some(tables) = first.get("hotspot").and_then(toml_edit::Item::as_array_of_tables) {
        is_first.extend(
            tables.iter().map(|t| seen.insert(t.get("function").map(|f| f.as_str().map(str::to_string)))),
        );
    }
    for (document, keep) in [(&mut first, true), (&mut second, false)] {
        if let Some(tables) = document.get_mut("hotspot").and_then(toml_edit::Item::as_array_of_tables_mut) {
            let mut marks = is_first.iter();
            tables.retain(|_| marks.next() == Some(&keep));
        }
    }
    (first.to_string(), second.to_string())
}

fn without_duplicates(text: &str) -> String {
    match text.parse::<toml_edit::DocumentMut>() {
        Ok(_) => split_duplicates(text).0,
        Err(_) => text.to_string(),
    }
}

/// All entries of both; what is in both is joined.
pub fn unite(mut left: Manifest, right: Manifest) -> Manifest {
    for theirs in right.hotspots {
        let ours = left.entry_or_add(&theirs.function);
        *ours = unite_entries(ours, &theirs);
    }
    for (name, ty) in &right.attributes {
        left.widen_attribute(name, ty);
    }
    left
}

fn unite_entries(ours: &Entry, theirs: &Entry) -> Entry {
    let fresh = ours.signatures.is_empty() && ours.source.is_none();
    Entry {
        function: ours.function.clone(),
        signatures: set::unite(&ours.signatures, &theirs.signatures),
        // Two different hashes: neither is known to be right, `check --fix` computes it.
        source: match (&ours.source, &theirs.source) {
            (Some(a), Some(b)) if a != b => None,
            (a, b) => a.clone().or_else(|| b.clone()),
        },
        mode: if ours.mode == Mode::Native { theirs.mode } else { ours.mode },
        gate: if fresh { theirs.gate } else { ours.gate && theirs.gate },
    }
}
