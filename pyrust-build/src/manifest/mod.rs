//! The manifest, `pyrust.toml`: which functions are compiled, for which types.
//!
//! - [`Manifest::parse`] validates text strictly and reports everything wrong with it at once;
//! - [`edit`] rewrites text: comments stay, entries are sorted, one fact per line;
//! - [`merge`] brings in a profile; [`conflict`] unites the two sides of a merge conflict.
//!
//! What is in the file is data: names are checked, nothing in it is ever evaluated.

pub mod conflict;
pub mod edit;
pub mod merge;
mod validate;

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::host;
use crate::signature::{SigType, Signature};

/// The only version there is.
pub const VERSION: i64 = 1;

/// What a new manifest starts with.
pub const HEADER: &str =
    "# Written by `pytest --pyrust-profile`; edit freely, comments are kept.\nversion = 1\n";

/// A validated manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Sorted by function, each function once.
    pub hotspots: Vec<Entry>,
    /// What attributes of the project's classes were seen to hold, where the text does not say so: by
    /// `package.module.Class.attribute`.
    pub attributes: BTreeMap<String, SigType>,
}

/// What the manifest says about one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `module:qualname`.
    pub function: String,
    /// At most [`MAX_SIGNATURES`](crate::signature::MAX_SIGNATURES), the most frequent first.
    pub signatures: Vec<Signature>,
    /// `sha256:…`, see `hash`.
    pub source: Option<String>,
    pub mode: Mode,
    /// Measured to be slower natively: stays Python until its source or signatures change.
    pub gate: bool,
}

/// What is to become of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Native,
    /// Never compiled.
    Python,
    /// A build without it fails.
    Require,
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Native, Mode::Python, Mode::Require];

    /// As written in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Native => "native",
            Mode::Python => "python",
            Mode::Require => "require",
        }
    }
}

impl Entry {
    /// An entry without anything but a name.
    pub fn new(function: impl Into<String>) -> Self {
        Entry {
            function: function.into(),
            signatures: Vec::new(),
            source: None,
            mode: Mode::Native,
            gate: false,
        }
    }

    /// The part before the colon.
    pub fn module(&self) -> &str {
        self.function.split_once(':').map_or(self.function.as_str(), |(module, _)| module)
    }

    /// The part after the colon.
    pub fn qualname(&self) -> &str {
        self.function.split_once(':').map_or("", |(_, qualname)| qualname)
    }
}

impl Manifest {
    /// Validates the text of a manifest; `path` is what messages show.
    pub fn parse(path: &str, text: &str) -> Result<Manifest, Vec<Diagnostic>> {
        validate::parse(path, text).map(|(manifest, _)| manifest)
    }

    /// Reads and validates a file.
    pub fn load(path: &Path) -> Result<Manifest, Vec<Diagnostic>> {
        let shown = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        let text = host::read_text(path, &shown, "PYR0101").map_err(|diagnostic| vec![*diagnostic])?;
        Manifest::parse(&shown, &text)
    }

    /// The entry of a function.
    pub fn entry(&self, function: &str) -> Option<&Entry> {
        self.hotspots.iter().find(|entry| entry.function == function)
    }

    /// The entry of a function, added where it belongs if there is none.
    pub fn entry_or_add(&mut self, function: &str) -> &mut Entry {
        let index = match self.hotspots.binary_search_by(|entry| entry.function.as_str().cmp(function)) {
            Ok(index) => index,
            Err(index) => {
                self.hotspots.insert(index, Entry::new(function));
                index
            }
        };
        &mut self.hotspots[index]
    }

    /// Removes an entry; whether there was one.
    pub fn remove(&mut self, function: &str) -> bool {
        let before = self.hotspots.len();
        self.hotspots.retain(|entry| entry.function != function);
        self.hotspots.len() != before
    }

    /// Widens what is recorded of an attribute; whether that is news.
    pub fn widen_attribute(&mut self, name: &str, ty: &SigType) -> bool {
        let known = self.attributes.entry(name.to_string()).or_insert(SigType::Unknown);
        let joined = known.join(ty);
        let news = joined != *known;
        *known = joined;
        news
    }

    /// The text of the manifest when it is written over `old`, whose comments and layout it keeps.
    pub fn render(&self, old: Option<&str>) -> String {
        edit::render(self, old)
    }
}

pub use validate::{Parsed, parse as parse_with_places};
pub(crate) use validate::{backticked, kind};

#[cfg(test)]
mod tests;
