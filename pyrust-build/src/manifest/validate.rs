//! Text → [`Manifest`], strictly: everything that is wrong is reported at once, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::{Entry, Manifest, Mode, VERSION, conflict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::names;
use crate::signature::{MAX_SIGNATURES, SigType, Signature, parameters, set};
use crate::source::Span;

const TOP_KEYS: &[&str] = &["version", "hotspot", "attributes"];
pub(super) const ENTRY_KEYS: &[&str] = &["function", "signatures", "source", "mode", "gate"];

/// Where things are in the text, and whether it is canonical.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Place of the name of each entry.
    pub places: BTreeMap<String, Span>,
    /// Place of the first signature of each entry that has one; all of one entry have as many parameters.
    pub signatures: BTreeMap<String, Span>,
    /// Entries were sorted already.
    pub sorted: bool,
}

/// Validates the text; `path` is what messages show.
pub fn parse(path: &str, text: &str) -> Result<(Manifest, Parsed), Vec<Diagnostic>> {
    if let Some(place) = conflict::first_marker(text) {
        return Err(vec![
            Diagnostic::new("PYR0103", Severity::Error, "the manifest has merge-conflict markers")
                .at(path, place)
                .label("a conflict starts here")
                .help("`pyrust check --fix` unites both sides"),
        ]);
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let place = error.span().unwrap_or(0..0);
            let message = error.message().trim().replace('\n', "; ");
            return Err(vec![
                Diagnostic::new("PYR0102", Severity::Error, format!("the manifest is not TOML: {message}"))
                    .at(path, place_of(Some(place))),
            ]);
        }
    };
    let mut reader = Reader { path, findings: Vec::new() };
    let result = reader.document(document.as_table());
    if reader.findings.is_empty() { Ok(result) } else { Err(reader.findings) }
}

struct Reader<'a> {
    path: &'a str,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(
        &mut self,
        code: &'static str,
        place: Option<Range<usize>>,
        message: String,
    ) -> &mut Diagnostic {
        let diagnostic = Diagnostic::new(code, Severity::Error, message).at(self.path, place_of(place));
        self.findings.push(diagnostic);
        self.findings.last_mut().expect("just pushed")
    }

    fn document(&mut self, table: &toml_edit::Table) -> (Manifest, Parsed) {
        self.unknown_keys(table, TOP_KEYS, "the manifest");
        let known = match table.get("version") {
            None => {
                self.report("PYR0104", Some(0..0), "the manifest has no `version`".into()).help =
                    Some("put `version = 1` at its top".into());
                false
            }
            Some(item) => match item.as_integer() {
                Some(VERSION) => true,
                Some(newer) if newer > VERSION => {
                    self.report(
                        "PYR0104",
                        item.span(),
                        format!("version {newer} of the manifest is not known"),
                    )
                    .help = Some("a newer PyRust wrote it: upgrade `pyrust-optimizer`".into());
                    false
                }
                _ => {
                    self.report("PYR0104", item.span(), "`version` must be 1".into());
                    false
                }
            },
        };
        // What a newer version means by its keys is not ours to judge.
        if !known {
            self.findings.retain(|finding| finding.code == "PYR0104");
            return Default::default();
        }
        let tables: Vec<&dyn TableLike> = match table.get("hotspot") {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => tables.iter().map(|t| t as &dyn TableLike).collect(),
            Some(Item::Value(Value::Array(array))) if array.iter().all(Value::is_inline_table) => {
                array.iter().filter_map(Value::as_inline_table).map(|t| t as &dyn TableLike).collect()
            }
            Some(item) => {
                self.report("PYR0106", item.span(), "`hotspot` must be a list of tables".into()).help =
                    Some("every entry starts with `[[hotspot]]`".into());
                return Default::default();
            }
        };
        let mut parsed = Parsed { sorted: true, ..Parsed::default() };
        let mut hotspots: Vec<Entry> = Vec::new();
        for (item, table) in tables.iter().enumerate() {
            let place = self.table_place(table, item);
            let Some(entry) = self.entry(*table, place.clone()) else { continue };
            let name_place = table.get("function").and_then(Item::span).or(place);
            if parsed.places.contains_key(&entry.function) {
                self.report("PYR0108", name_place, format!("`{}` has two entries", entry.function)).help =
                    Some("keep one of them; `pyrust check --fix` unites them".into());
                continue;
            }
            parsed.sorted &= hotspots.last().is_none_or(|last| last.function < entry.function);
            parsed.places.insert(entry.function.clone(), place_of(name_place));
            let first = table.get("signatures").and_then(Item::as_array).and_then(|array| array.get(0));
            if let Some(place) = first.and_then(Value::span) {
                parsed.signatures.insert(entry.function.clone(), place_of(Some(place)));
            }
            hotspots.push(entry);
        }
        hotspots.sort_by(|a, b| a.function.cmp(&b.function));
        (Manifest { hotspots, attributes: self.attributes(table.get("attributes")) }, parsed)
    }

    fn attributes(&mut self, item: Option<&Item>) -> BTreeMap<String, SigType> {
        let mut attributes = BTreeMap::new();
        let Some(item) = item else { return attributes };
        let Some(table) = item.as_table_like() else {
            let message = format!("`attributes` must be a table, not {}", kind(item));
            self.report("PYR0106", item.span(), message);
            return attributes;
        };
        for (key, item) in table.iter() {
            let place = table.key(key).and_then(|k| k.span()).or(item.span());
            if let Err(problem) = names::check_attribute(key) {
                self.report("PYR0107", place, format!("not an attribute: {problem}")).help = Some(
                    "as in `\"package.module.Class.attribute\" = \"list[int]\"`, with the quotes".into(),
                );
                continue;
            }
            let Some(text) = self.string(item, key) else { continue };
            match SigType::parse(&text) {
                Ok(ty) => {
                    attributes.insert(key.to_string(), ty);
                }
                Err(error) => {
                    let place = item.span().map(|span| inside(span, &text, error.offset));
                    self.report("PYR0109", place, format!("bad type: {}", error.message));
                }
            }
        }
        attributes
    }

    /// The header of a table has no span of its own in every layout; its first key serves.
    fn table_place(&self, table: &&dyn TableLike, _index: usize) -> Option<Range<usize>> {
        table.iter().find_map(|(key, item)| table.key(key).and_then(|k| k.span()).or(item.span()))
    }

    fn unknown_keys(&mut self, table: &dyn TableLike, known: &[&str], what: &str) {
        for (key, item) in table.iter() {
            if !known.contains(&key) {
                let place = table.key(key).and_then(|k| k.span()).or(item.span());
                let help = names::did_you_mean(key, known.iter().copied())
                    .unwrap_or_else(|| format!("known keys: {}", backticked(known)));
                let shown = key.escape_debug();
                self.report("PYR0105", place, format!("unknown key `{shown}` in {what}")).help = Some(help);
            }
        }
    }

    fn entry(&mut self, table: &dyn TableLike, place: Option<Range<usize>>) -> Option<Entry> {
        self.unknown_keys(table, ENTRY_KEYS, "an entry");
        let Some(item) = table.get("function") else {
            self.report("PYR0106", place, "an entry has no `function`".into());
            return None;
        };
        let function = self.string(item, "function")?;
        if let Err(problem) = names::check_function(&function) {
            self.report("PYR0107", item.span(), format!("not a function: {problem}"));
            return None;
        }
        let mut entry = Entry::new(function);
        if let Some(item) = table.get("signatures") {
            entry.signatures = self.signatures(item);
        }
        if let Some(item) = table.get("source")
            && let Some(source) = self.string(item, "source")
        {
            if is_hash(&source) {
                entry.source = Some(source);
            } else {
                self.report(
                    "PYR0106",
                    item.span(),
                    "`source` must be `sha256:` and 64 hexadecimal digits".into(),
                )
                .help = Some("remove the line; `pyrust check --fix` computes it".into());
            }
        }
        if let Some(item) = table.get("mode")
            && let Some(name) = self.string(item, "mode")
        {
            match Mode::ALL.into_iter().find(|mode| mode.name() == name) {
                Some(mode) => entry.mode = mode,
                None => self.choice(item, "mode", &name, &Mode::ALL.map(Mode::name)),
            }
        }
        if let Some(item) = table.get("gate")
            && let Some(name) = self.string(item, "gate")
        {
            match name.as_str() {
                "slower" => entry.gate = true,
                _ => self.choice(item, "gate", &name, &["slower"]),
            }
        }
        Some(entry)
    }

    fn choice(&mut self, item: &Item, key: &str, value: &str, choices: &[&str]) {
        let help = names::did_you_mean(value, choices.iter().copied());
        let shown = value.escape_debug();
        self.report(
            "PYR0106",
            item.span(),
            format!("`{key}` is `{shown}`, but must be one of {}", backticked(choices)),
        )
        .help = help;
    }

    fn string(&mut self, item: &Item, key: &str) -> Option<String> {
        let value = item.as_str();
        if value.is_none() {
            self.report("PYR0106", item.span(), format!("`{key}` must be a string, not {}", kind(item)));
        }
        value.map(str::to_string)
    }

    fn signatures(&mut self, item: &Item) -> Vec<Signature> {
        let Some(array) = item.as_array() else {
            self.report(
                "PYR0106",
                item.span(),
                format!("`signatures` must be a list of strings, not {}", kind(item)),
            );
            return Vec::new();
        };
        let mut signatures: Vec<Signature> = Vec::new();
        for value in array {
            let Some(text) = value.as_str() else {
                self.report("PYR0106", value.span(), "`signatures` must be a list of strings".into());
                continue;
            };
            match Signature::parse(text) {
                Ok(signature) => {
                    if let Some(first) = signatures.first()
                        && first.params.len() != signature.params.len()
                    {
                        let message = format!(
                            "a signature has {}, another one of the same function {}",
                            parameters(signature.params.len()),
                            first.params.len()
                        );
                        self.report("PYR0109", value.span(), message);
                    }
                    signatures.push(signature);
                }
                Err(error) => {
                    let message = format!("bad signature: {}", error.message);
                    let place = value.span().map(|span| inside(span, text, error.offset));
                    self.report("PYR0109", place, message);
                }
            }
        }
        if signatures.len() > MAX_SIGNATURES {
            return set::unite(&[], &signatures);
        }
        signatures
    }
}

/// The place of a byte of a string's content. Only exact when the literal has no escapes and no line breaks; else the
/// whole literal is marked.
fn inside(literal: Range<usize>, text: &str, offset: usize) -> Range<usize> {
    if literal.len() != text.len() + 2 {
        return literal;
    }
    let start = literal.start + 1 + offset.min(text.len());
    let length = text[offset.min(text.len())..].chars().next().map_or(1, char::len_utf8);
    start..(start + length).min(literal.end)
}

fn place_of(range: Option<Range<usize>>) -> Span {
    range.map(|r| Span::new(r.start, r.end)).unwrap_or_default()
}

/// Whether this is `sha256:` and 64 lower-case hexadecimal digits.
pub(crate) fn is_hash(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

pub(crate) fn kind(item: &Item) -> &'static str {
    match item {
        Item::Value(Value::String(_)) => "a string",
        Item::Value(Value::Integer(_)) => "an integer",
        Item::Value(Value::Float(_)) => "a float",
        Item::Value(Value::Boolean(_)) => "a boolean",
        Item::Value(Value::Datetime(_)) => "a date",
        Item::Value(Value::Array(_)) => "a list",
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
        Item::None => "nothing",
    }
}

pub(crate) fn backticked(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
