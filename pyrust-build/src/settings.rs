//! `[tool.pyrust]` of `pyproject.toml`, strictly: a misspelt setting is an error, not a default.

use toml_edit::{Document, Item, TableLike};

use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::{backticked, kind};
use crate::names;
use crate::source::Span;

const KEYS: &[&str] = &["manifest", "packages", "fallback", "threshold", "threads"];

/// What a build does when nothing can be compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// A pure-Python build, and a line about it.
    #[default]
    Warn,
    /// The build fails.
    Error,
    /// A pure-Python build.
    Silent,
}

impl Fallback {
    pub const ALL: [Fallback; 3] = [Fallback::Warn, Fallback::Error, Fallback::Silent];

    /// As written in `pyproject.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Fallback::Warn => "warn",
            Fallback::Error => "error",
            Fallback::Silent => "silent",
        }
    }
}

/// The settings of one project.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// There is a `[tool.pyrust]`, maybe empty.
    pub present: bool,
    /// Relative to the project's root.
    pub manifest: String,
    /// Dotted names; `None`: the distribution's own.
    pub packages: Option<Vec<String>>,
    pub fallback: Fallback,
    /// Percentage of the CPU time at which a function becomes a hotspot.
    pub threshold: f64,
    pub threads: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            present: false,
            manifest: "pyrust.toml".into(),
            packages: None,
            fallback: Fallback::Warn,
            threshold: 1.0,
            threads: None,
        }
    }
}

/// Parses a `pyproject.toml`; `path` is what messages show.
pub fn document<'a>(path: &str, text: &'a str) -> Result<Document<&'a str>, Vec<Diagnostic>> {
    Document::parse(text).map_err(|error| {
        let place = error.span().map(|s| Span::new(s.start, s.end)).unwrap_or_default();
        let message = format!("`{path}` is not TOML: {}", error.message().trim().replace('\n', "; "));
        vec![Diagnostic::new("PYR0202", Severity::Error, message).at(path, place)]
    })
}

/// Reads the settings from a parsed `pyproject.toml`.
pub fn read(path: &str, document: &Document<&str>) -> Result<Settings, Vec<Diagnostic>> {
    let mut settings = Settings::default();
    let Some(item) = document.get("tool").and_then(|tool| tool.get("pyrust")) else { return Ok(settings) };
    settings.present = true;
    let mut reader = Reader { path, findings: Vec::new() };
    match item.as_table_like() {
        Some(table) => reader.table(table, &mut settings),
        None => reader.report(item, format!("`tool.pyrust` must be a table, not {}", kind(item))),
    }
    if reader.findings.is_empty() { Ok(settings) } else { Err(reader.findings) }
}

struct Reader<'a> {
    path: &'a str,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, item: &Item, message: String) {
        self.report_at("PYR0204", item.span(), message, None);
    }

    fn report_at(
        &mut self,
        code: &'static str,
        place: Option<std::ops::Range<usize>>,
        message: String,
        help: Option<String>,
    ) {
        let place = place.map(|s| Span::new(s.start, s.end)).unwrap_or_default();
        let mut diagnostic = Diagnostic::new(code, Severity::Error, message).at(self.path, place);
        diagnostic.help = help;
        self.findings.push(diagnostic);
    }

    fn table(&mut self, table: &dyn TableLike, settings: &mut Settings) {
        for (key, item) in table.iter() {
            match key {
                "manifest" => match item.as_str() {
                    Some(path) if is_inside(path) => settings.manifest = path.to_string(),
                    Some(_) => {
                        self.report(item, "`manifest` must be a relative path inside the project".into())
                    }
                    None => self.report(item, format!("`manifest` must be a string, not {}", kind(item))),
                },
                "packages" => {
                    if let Some(packages) = self.packages(item) {
                        settings.packages = Some(packages);
                    }
                }
                "fallback" => match item.as_str() {
                    Some(name) => match Fallback::ALL.into_iter().find(|fallback| fallback.name() == name) {
                        Some(fallback) => settings.fallback = fallback,
                        None => {
                            let names = Fallback::ALL.map(Fallback::name);
                            let message = format!(
                                "`fallback` is `{}`, but must be one of {}",
                                name.escape_debug(),
                                backticked(&names)
                            );
                            self.report_at("PYR0204", item.span(), message, names::did_you_mean(name, names));
                        }
                    },
                    None => self.report(item, format!("`fallback` must be a string, not {}", kind(item))),
                },
                "threshold" => match item.as_float().or(item.as_integer().map(|i| i as f64)) {
                    Some(percent) if (0.0..=100.0).contains(&percent) => settings.threshold = percent,
                    Some(_) => self.report(item, "`threshold` must be a percentage from 0 to 100".into()),
                    None => self.report(item, format!("`threshold` must be a number, not {}", kind(item))),
                },
                "threads" => match item.as_integer() {
                    Some(threads @ 1..=1024) => settings.threads = usize::try_from(threads).ok(),
                    _ => self.report(item, "`threads` must be an integer from 1 to 1024".into()),
                },
                unknown => {
                    let place = table.key(unknown).and_then(|key| key.span()).or(item.span());
                    let help = names::did_you_mean(unknown, KEYS.iter().copied())
                        .unwrap_or_else(|| format!("known settings: {}", backticked(KEYS)));
                    let message = format!("unknown setting `{}` in `[tool.pyrust]`", unknown.escape_debug());
                    self.report_at("PYR0203", place, message, Some(help));
                }
            }
        }
    }

    fn packages(&mut self, item: &Item) -> Option<Vec<String>> {
        let Some(array) = item.as_array() else {
            self.report(item, format!("`packages` must be a list of dotted names, not {}", kind(item)));
            return None;
        };
        let mut packages = Vec::new();
        for value in array {
            match value.as_str().map(|name| (name, names::check_dotted(name))) {
                Some((name, Ok(()))) => packages.push(name.to_string()),
                Some((_, Err(problem))) => {
                    self.report_at("PYR0204", value.span(), format!("`packages`: {problem}"), None);
                }
                None => self.report(item, "`packages` must be a list of dotted names".into()),
            }
        }
        Some(packages)
    }
}

fn is_inside(path: &str) -> bool {
    use std::path::Component;
    !path.is_empty()
        && std::path::Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && !path.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, Vec<Diagnostic>> {
        read("pyproject.toml", &document("pyproject.toml", text)?)
    }

    #[track_caller]
    fn refused(body: &str, code: &str, words: &str) {
        let findings = parse(&format!("[tool.pyrust]\n{body}\n")).expect_err(body);
        let text = format!("{} {}", findings[0].message, findings[0].help.clone().unwrap_or_default());
        assert_eq!(findings[0].code, code, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(findings[0].span.expect("a place").start >= 14);
    }

    #[test]
    fn defaults_and_values() {
        assert_eq!(parse("[project]\nname = \"x\"\n").expect("valid"), Settings::default());
        assert!(parse("[tool.pyrust]\n").expect("valid").present);
        let text = "[tool]\npyrust = { manifest = \"conf/p.toml\", packages = [\"a.b\"], fallback = \"error\", threshold = 0, threads = 4 }\n";
        let settings = parse(text).expect("valid");
        assert_eq!(settings.manifest, "conf/p.toml");
        assert_eq!(settings.packages, Some(vec!["a.b".to_string()]));
        assert_eq!(
            (settings.fallback, settings.threshold, settings.threads),
            (Fallback::Error, 0.0, Some(4))
        );
    }

    #[test]
    fn mistakes() {
        refused("manifst = \"x\"", "PYR0203", "did you mean `manifest`");
        refused("zzz = 1", "PYR0203", "known settings");
        refused("manifest = \"../x\"", "PYR0204", "inside the project");
        refused("manifest = \"/etc/x\"", "PYR0204", "inside the project");
        refused("manifest = 1", "PYR0204", "not an integer");
        refused("packages = \"a\"", "PYR0204", "not a string");
        refused("packages = [\"a-b\"]", "PYR0204", "`a-b` is not a Python identifier");
        refused("fallback = \"eror\"", "PYR0204", "did you mean `error`");
        refused("threshold = -1", "PYR0204", "from 0 to 100");
        refused("threshold = nan", "PYR0204", "from 0 to 100");
        refused("threads = 0", "PYR0204", "from 1");
        assert_eq!(parse("[tool]\npyrust = 3\n").expect_err("wrong")[0].code, "PYR0204");
        assert_eq!(parse("[tool.pyrust\n").expect_err("wrong")[0].code, "PYR0202");
    }
}
