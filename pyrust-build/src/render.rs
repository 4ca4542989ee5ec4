//! Diagnostics as text: for people (full, concise) and for machines (JSON, GitHub annotations, SARIF).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::codes;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// With the source lines.
    #[default]
    Full,
    /// `path:line:column: CODE message`, one line each.
    Concise,
    Json,
    /// Workflow commands, which become annotations.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

/// The texts that spans point into, read when they are needed.
#[derive(Debug, Default)]
pub struct Sources {
    root: PathBuf,
    files: BTreeMap<String, Option<SourceFile>>,
}

impl Sources {
    /// Paths of diagnostics are relative to `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Sources { root: root.into(), files: BTreeMap::new() }
    }

    /// Gives the text of a file that is not (or not like this) on disk.
    pub fn insert(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_string(), Some(SourceFile::new("", path, text)));
    }

    fn get(&mut self, path: &str) -> Option<&SourceFile> {
        if path.is_empty() {
            return None;
        }
        let file = self.files.entry(path.to_string()).or_insert_with(|| {
            let bytes = std::fs::read(self.root.join(path)).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            Some(SourceFile::new("", path, text.strip_prefix('\u{feff}').unwrap_or(&text)))
        });
        file.as_ref()
    }
}

/// One-based start and end of a finding's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn place(diagnostic: &Diagnostic, sources: &mut Sources) -> Option<Place> {
    let span = diagnostic.span?;
    let file = sources.get(&diagnostic.path)?;
    let (line, column) = file.line_column(span.start);
    let (end_line, end_column) = file.line_column(span.end.max(span.start));
    Some(Place { line, column, end_line, end_column })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Renders findings in the order given. `colour` counts for `Full` only.
pub fn render(diagnostics: &[Diagnostic], sources: &mut Sources, format: Format, colour: bool) -> String {
    match format {
        Format::Full => diagnostics.iter().map(|d| full(d, sources, colour) + "\n").collect(),
        Format::Concise => diagnostics.iter().map(|d| concise(d, sources) + "\n").collect(),
        Format::Github => diagnostics.iter().map(|d| github(d, sources) + "\n").collect(),
        Format::Json => {
            let list: Vec<Value> = diagnostics.iter().map(|d| to_json(d, sources)).collect();
            format!("{:#}\n", Value::from(list))
        }
        Format::Sarif => format!("{:#}\n", sarif(diagnostics, sources)),
    }
}

/// One finding with its source lines, ends with a line break. What it comes from follows, each with its own place.
pub fn full(diagnostic: &Diagnostic, sources: &mut Sources, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(&[group(diagnostic, diagnostic.message.as_str(), sources)]) + "\n";
    for (depth, reason) in diagnostic.all_reasons() {
        let message = format!("because {}", reason.message);
        let shown = renderer.render(&[group(reason, &message, sources)]);
        let indent = "    ".repeat(depth + 1);
        for line in shown.lines() {
            text.push_str(format!("{indent}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}

fn group<'d>(
    diagnostic: &'d Diagnostic,
    message: &'d str,
    sources: &'d mut Sources,
) -> annotate_snippets::Group<'d> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let has_place = place(diagnostic, sources).is_some();
    let title = level.primary_title(message).id(diagnostic.code);
    let mut group = match (sources.get(&diagnostic.path), diagnostic.span) {
        (Some(file), Some(span)) if has_place => {
            let text: &str = &file.text;
            let start = floor(text, span.start as usize);
            let end = floor(text, (span.end as usize).max(start)).max(start);
            // A place over many lines is marked at its first.
            let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            let mut annotation = AnnotationKind::Primary.span(start..end.min(line_end).max(start));
            if !diagnostic.label.is_empty() {
                annotation = annotation.label(diagnostic.label.as_str());
            }
            title.element(Snippet::source(text).path(diagnostic.path.as_str()).annotation(annotation))
        }
        (_, _) if !diagnostic.path.is_empty() => {
            title.element(annotate_snippets::Origin::path(diagnostic.path.as_str()))
        }
        _ => annotate_snippets::Group::with_title(title),
    };
    if let Some(function) = &diagnostic.function
        && !diagnostic.message.contains(&format!("`{function}`"))
    {
        group = group.element(Level::NOTE.message(format!("in `{function}`")));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// One line.
pub fn concise(diagnostic: &Diagnostic, sources: &mut Sources) -> String {
    let mut line = String::new();
    match place(diagnostic, sources) {
        Some(place) => {
            let _ = write!(line, "{}:{}:{}: ", diagnostic.path, place.line, place.column);
        }
        None if !diagnostic.path.is_empty() => {
            let _ = write!(line, "{}: ", diagnostic.path);
        }
        None => {}
    }
    let _ = write!(line, "{} {}", diagnostic.code, diagnostic.message.replace('\n', "; "));
    if let Some(function) = &diagnostic.function
        && !diagnostic.message.contains(function.as_str())
    {
        let _ = write!(line, " (in `{function}`)");
    }
    line
}

/// One finding as an object; places are null where there is none.
pub fn to_json(diagnostic: &Diagnostic, sources: &mut Sources) -> Value {
    let place = place(diagnostic, sources);
    let reasons: Vec<Value> = diagnostic.reasons.iter().map(|reason| to_json(reason, sources)).collect();
    let mut value = json!({
        "code": diagnostic.code,
        "slug": codes::slug(diagnostic.code),
        "severity": word(diagnostic.severity),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "help": diagnostic.help,
        "function": diagnostic.function,
        "path": if diagnostic.path.is_empty() { None } else { Some(&diagnostic.path) },
        "line": place.map(|p| p.line),
        "column": place.map(|p| p.column),
        "end_line": place.map(|p| p.end_line),
        "end_column": place.map(|p| p.end_column),
    });
    if !reasons.is_empty() {
        value["reasons"] = reasons.into();
    }
    value
}

/// What `to_json` has written, read again: the report of a build holds its findings. The places are those of then.
pub fn from_json(value: &Value, sources: &mut Sources) -> Option<Diagnostic> {
    let text = |key: &str| value[key].as_str().map(str::to_string);
    let number = |key: &str| value[key].as_u64().and_then(|number| usize::try_from(number).ok());
    let severity = match value["severity"].as_str()? {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => Severity::Note,
    };
    let mut diagnostic =
        Diagnostic::new(codes::lookup(value["code"].as_str()?)?.code, severity, text("message")?);
    diagnostic.function = text("function");
    diagnostic.label = text("label").unwrap_or_default();
    diagnostic.help = text("help");
    diagnostic.path = text("path").unwrap_or_default();
    if let Some(file) = sources.get(&diagnostic.path)
        && let (Some(line), Some(column)) = (number("line"), number("column"))
    {
        let start = offset(&file.text, line, column);
        let end = match (number("end_line"), number("end_column")) {
            (Some(line), Some(column)) => offset(&file.text, line, column),
            _ => start,
        };
        diagnostic.span = Some(Span::new(start, end.max(start)));
    }
    let reasons = value["reasons"].as_array().into_iter().flatten();
    diagnostic.reasons = reasons.filter_map(|reason| from_json(reason, sources)).collect();
    Some(diagnostic)
}

/// The byte at a one-based line and column; the end of the line, or of the text, where it is shorter by now.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(length) => start += length + 1,
            None => return text.len(),
        }
    }
    let rest = text[start..].split('\n').next().unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    start + within
}

fn github(diagnostic: &Diagnostic, sources: &mut Sources) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if !diagnostic.path.is_empty() {
        properties.push(format!("file={}", property(&diagnostic.path)));
    }
    if let Some(place) = place(diagnostic, sources) {
        properties.push(format!("line={},col={}", place.line, place.column));
        properties.push(format!("endLine={},endColumn={}", place.end_line, place.end_column));
    }
    properties.push(format!("title={}", diagnostic.code));
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    format!("::{command} {}::{}", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn sarif(diagnostics: &[Diagnostic], sources: &mut Sources) -> Value {
    let mut rules: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|code| {
            let row = codes::lookup(code);
            json!({
                "id": code,
                "name": codes::slug(code),
                "shortDescription": { "text": row.map_or(code, |row| row.summary) },
                "fullDescription": { "text": row.map_or(code, |row| row.explanation) },
            })
        })
        .collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let mut result = json!({
                "ruleId": diagnostic.code,
                "level": word(diagnostic.severity),
                "message": { "text": diagnostic.message },
            });
            if let Some(function) = &diagnostic.function {
                result["partialFingerprints"] =
                    json!({ "function/v1": format!("{}:{function}", diagnostic.code) });
            }
            if !diagnostic.path.is_empty() {
                let mut location =
                    json!({ "artifactLocation": { "uri": uri(&diagnostic.path), "uriBaseId": "%SRCROOT%" } });
                if let Some(place) = place(diagnostic, sources) {
                    location["region"] = json!({
                        "startLine": place.line, "startColumn": place.column,
                        "endLine": place.end_line, "endColumn": place.end_column,
                    });
                }
                result["locations"] = json!([{ "physicalLocation": location }]);
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "pyrust", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    })
}

/// Percent-encodes what may not stand in a relative URI.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte))
            }
            other => {
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn example() -> (Vec<Diagnostic>, Sources) {
        let mut sources = Sources::default();
        sources.insert("pyrust.toml", "version = 1\n[[hotspot]]\nsignature = []\n");
        sources.insert("src/ä.py", "def f(x):\n    return x  # 日本\n");
        let diagnostics = vec![
            Diagnostic::new("PYR0105", Severity::Error, "unknown key `signature` in an entry")
                .at("pyrust.toml", Span::new(24, 33))
                .help("did you mean `signatures`?"),
            Diagnostic::new("PYR0113", Severity::Warning, "the source has changed: 100% of it\nreally")
                .at("src/ä.py", Span::new(0, 40))
                .label("this one")
                .function("m:f"),
            Diagnostic::new("PYR0201", Severity::Error, "no project in `/x` or above it"),
        ];
        (diagnostics, sources)
    }

    #[test]
    fn formats() {
        for (name, format) in [
            ("full", Format::Full),
            ("concise", Format::Concise),
            ("github", Format::Github),
            ("json", Format::Json),
            ("sarif", Format::Sarif),
        ] {
            let (diagnostics, mut sources) = example();
            insta::assert_snapshot!(name, render(&diagnostics, &mut sources, format, false));
        }
    }

    #[test]
    fn colours_only_when_wanted() {
        let (diagnostics, mut sources) = example();
        assert!(render(&diagnostics, &mut sources, Format::Full, true).contains('\u{1b}'));
        assert!(!render(&diagnostics, &mut sources, Format::Full, false).contains('\u{1b}'));
    }

    #[test]
    fn places_outside_the_file_do_not_panic() {
        let mut sources = Sources::default();
        sources.insert("a", "ä");
        for span in [Span::new(0, 99), Span::new(99, 100), Span::new(1, 1), Span::new(2, 1)] {
            let diagnostic = Diagnostic::new("PYR0105", Severity::Error, "x").at("a", span);
            for format in [Format::Full, Format::Concise, Format::Github, Format::Json, Format::Sarif] {
                assert!(!render(std::slice::from_ref(&diagnostic), &mut sources, format, false).is_empty());
            }
        }
    }
}
