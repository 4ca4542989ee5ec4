//! Diagnostics: what is not supported, where, and what to do.
//!
//! Codes are grouped by their first two digits: 01 manifest, 02 settings and project, 03 unsupported Python, 04 types,
//! 05 environment and build, 06 run time.

use std::collections::BTreeSet;

use crate::source::Span;

/// At most so many reasons are told with one finding.
const MAX_REASONS: usize = 20;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Broken input: exit code 2.
    Error,
    /// A finding: exit code 1.
    Warning,
    /// For information: exit code 0.
    Note,
}

/// One finding. Messages are lower case, without a full stop, with names in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// For example `PYR0301`.
    pub code: &'static str,
    pub severity: Severity,
    /// The manifest entry it belongs to (`module:qualname`), if any.
    pub function: Option<String>,
    /// Path relative to the project root; empty when there is no file.
    pub path: String,
    pub span: Option<Span>,
    pub message: String,
    /// Text under the marked source, may be empty.
    pub label: String,
    pub help: Option<String>,
    /// The refusals that this one comes from: those of a function that is called.
    pub reasons: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A finding without a place.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity,
            function: None,
            path: String::new(),
            span: None,
            message: message.into(),
            label: String::new(),
            help: None,
            reasons: Vec::new(),
        }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, span: Span) -> Self {
        self.path = path.into();
        self.span = Some(span);
        self
    }

    /// Adds the text under the marked source.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what it comes from, each place once: functions that call each other come from the same. Nobody reads hundreds.
    #[must_use]
    pub fn because(mut self, reasons: &[Diagnostic]) -> Self {
        self.reasons = distinct(&reasons[..reasons.len().min(MAX_REASONS)], &mut BTreeSet::new());
        self
    }

    /// The first thing that it comes from in the end.
    pub fn root_cause(&self) -> &Diagnostic {
        self.reasons.first().map_or(self, Diagnostic::root_cause)
    }

    /// Says what would make it compilable, where the finding itself does not.
    #[must_use]
    pub fn helpful(mut self) -> Self {
        if self.help.is_none() {
            self.help = crate::codes::help(self.code).map(str::to_string);
        }
        self.reasons = self.reasons.into_iter().map(Diagnostic::helpful).collect();
        self
    }

    /// All that it comes from, each with its depth, in the order of the text.
    pub fn all_reasons(&self) -> Vec<(usize, &Diagnostic)> {
        let inner = self.reasons.iter().flat_map(|reason| {
            let below = reason.all_reasons().into_iter().map(|(depth, d)| (depth + 1, d));
            std::iter::once((0, reason)).chain(below)
        });
        inner.take(MAX_REASONS).collect()
    }

    /// Names the function concerned.
    #[must_use]
    pub fn function(mut self, function: impl Into<String>) -> Self {
        self.function = Some(function.into());
        self
    }
}

/// What a finding says, and where.
type Said = (&'static str, String, Option<(u32, u32)>);

/// The reasons without those that are `known`, at any depth.
fn distinct(reasons: &[Diagnostic], known: &mut BTreeSet<Said>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reason in reasons {
        let place = reason.span.map(|span| (span.start, span.end));
        if known.insert((reason.code, reason.path.clone(), place)) {
            let reasons = distinct(&reason.reasons, known);
            found.push(Diagnostic { reasons, ..reason.clone() });
        }
    }
    found
}
