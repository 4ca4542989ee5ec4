//! Rewriting the manifest's text: comments and unrelated layout survive, the order is canonical.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::validate::ENTRY_KEYS;
use super::{Entry, HEADER, Manifest, Mode};
use crate::signature::Signature;

/// The text of `manifest`, written over `old`. What cannot be parsed in `old` is given up.
pub fn render(manifest: &Manifest, old: Option<&str>) -> String {
    let old = old.map(|text| text.replace("\r\n", "\n"));
    let mut document: DocumentMut = old
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| HEADER.parse().expect("the header is TOML"));
    if document.get("version").is_none() {
        document.insert("version", toml_edit::value(super::VERSION));
    }
    let mut previous = take_tables(&mut document);
    let mut tables = ArrayOfTables::new();
    for (position, entry) in (1..).zip(&manifest.hotspots) {
        let known = previous.iter().position(|table| name(table) == Some(&entry.function));
        let mut table = match known {
            Some(position) => previous.remove(position),
            None => new_table(),
        };
        write_entry(&mut table, entry);
        // The first one follows `version`; positions make the order of the list the order in the text.
        table.set_position(position);
        table.set_implicit(false);
        tables.push(table);
    }
    if tables.is_empty() {
        document.remove("hotspot");
    } else {
        document.insert("hotspot", Item::ArrayOfTables(tables));
    }
    write_attributes(&mut document, manifest);
    let mut text = document.to_string();
    while text.ends_with("\n\n") {
        text.pop();
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The old entries as tables, whichever way they were written.
fn take_tables(document: &mut DocumentMut) -> Vec<Table> {
    match document.remove("hotspot") {
        Some(Item::ArrayOfTables(tables)) => tables.into_iter().collect(),
        Some(Item::Value(Value::Array(array))) => array
            .into_iter()
            .filter_map(|value| match value {
                Value::InlineTable(table) => Some(table.into_table()),
                _ => None,
            })
            .map(|mut table| {
                table.decor_mut().set_prefix("\n");
                table
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// `[attributes]` stands behind the entries.
fn write_attributes(document: &mut DocumentMut, manifest: &Manifest) {
    let old = document.remove("attributes");
    if manifest.attributes.is_empty() {
        return;
    }
    let mut table = match old {
        Some(Item::Table(table)) => table,
        _ => new_table(),
    };
    table.retain(|name, _| manifest.attributes.contains_key(name));
    for (name, ty) in &manifest.attributes {
        set_string(&mut table, name, Some(&ty.to_string()));
    }
    table.sort_values();
    table.set_implicit(false);
    table.set_position(manifest.hotspots.len() as isize + 1);
    document.insert("attributes", Item::Table(table));
}

fn name(table: &Table) -> Option<&str> {
    table.get("function").and_then(Item::as_str)
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table
}

fn write_entry(table: &mut Table, entry: &Entry) {
    set_string(table, "function", Some(&entry.function));
    set_signatures(table, &entry.signatures);
    set_string(table, "source", entry.source.as_deref());
    match entry.mode {
        // A mode that someone wrote out stays written out.
        Mode::Native if table.get("mode").and_then(Item::as_str) == Some("native") => {}
        Mode::Native => set_string(table, "mode", None),
        mode => set_string(table, "mode", Some(mode.name())),
    }
    set_string(table, "gate", entry.gate.then_some("slower"));
    let rank = |key: &str| ENTRY_KEYS.iter().position(|known| *known == key).unwrap_or(ENTRY_KEYS.len());
    table.sort_values_by(|a, _, b, _| rank(a.get()).cmp(&rank(b.get())));
}

/// Sets a value and keeps the comment behind it.
fn set_string(table: &mut Table, key: &str, value: Option<&str>) {
    match (table.get_mut(key), value) {
        (_, None) => {
            table.remove(key);
        }
        (Some(item), Some(value)) if item.as_str() == Some(value) => {}
        (Some(Item::Value(old)), Some(value)) => {
            let decor = old.decor().clone();
            *old = Value::from(value);
            *old.decor_mut() = decor;
        }
        (_, Some(value)) => {
            table.insert(key, toml_edit::value(value));
        }
    }
}

/// One signature stands on the line of its key, several on a line each.
fn set_signatures(table: &mut Table, signatures: &[Signature]) {
    let texts: Vec<String> = signatures.iter().map(Signature::to_string).collect();
    let old = table.get("signatures").and_then(Item::as_array);
    if old.is_none() && texts.is_empty() {
        return;
    }
    let same = |array: &Array| {
        array.len() == texts.len() && array.iter().zip(&texts).all(|(v, t)| v.as_str() == Some(t))
    };
    if old.is_some_and(|array| same(array) && (texts.len() < 2 || array.to_string().contains('\n'))) {
        return;
    }
    // Comments stay with the signature that they stand beside.
    let mut known: Vec<Value> = old.into_iter().flatten().cloned().collect();
    let mut array = Array::new();
    for text in &texts {
        match known.iter().position(|value| value.as_str() == Some(text)) {
            Some(position) => array.push_formatted(known.swap_remove(position)),
            None => array.push(text.as_str()),
        }
    }
    let several = texts.len() > 1;
    for value in array.iter_mut() {
        let comment = value.decor().prefix().and_then(|p| p.as_str()).filter(|p| p.contains('#'));
        let prefix = match (comment, several) {
            (Some(comment), _) => comment.to_string(),
            (None, true) => "\n    ".into(),
            (None, false) => String::new(),
        };
        value.decor_mut().set_prefix(prefix);
        if value.decor().suffix().and_then(|s| s.as_str()).is_some_and(|s| !s.contains('#')) {
            value.decor_mut().set_suffix("");
        }
    }
    array.set_trailing_comma(several);
    let trailing = old.and_then(|array| array.trailing().as_str()).filter(|text| text.contains('#'));
    array.set_trailing(match (trailing, several) {
        (Some(comment), _) => comment.to_string(),
        (None, true) => "\n".into(),
        (None, false) => String::new(),
    });
    let suffix = old.map(|array| array.decor().clone());
    let mut value = Value::Array(array);
    *value.decor_mut() = suffix.unwrap_or_else(|| toml_edit::Decor::new(" ", ""));
    match table.get_mut("signatures") {
        Some(item) => *item = Item::Value(value),
        None => {
            table.insert("signatures", Item::Value(value));
        }
    }
}
