//! Where text goes: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

use pyrust_build::diagnostic::Diagnostic;
use pyrust_build::render::{self, Format, Sources};

use crate::engine::Failure;

/// The choice of `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Colour {
    fn on(self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if set("NO_COLOR") => false,
            Colour::Auto => terminal || set("CLICOLOR_FORCE") || set("FORCE_COLOR"),
        }
    }
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Style {
    Full,
    Concise,
    Json,
    Github,
    Sarif,
}

#[derive(clap::Args)]
pub(super) struct OutputFormat {
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Style::Full, value_name = "FORMAT")]
    output_format: Style,
    /// Short for --output-format json
    #[arg(long)]
    json: bool,
}

impl OutputFormat {
    pub(super) fn get(&self) -> Format {
        match self.output_format {
            _ if self.json => Format::Json,
            Style::Full => Format::Full,
            Style::Concise => Format::Concise,
            Style::Json => Format::Json,
            Style::Github => Format::Github,
            Style::Sarif => Format::Sarif,
        }
    }
}

/// The two streams. A reader that has gone away (`| head`) is no error.
pub(super) struct Output {
    colour_out: bool,
    colour_err: bool,
    quiet: bool,
}

impl Output {
    pub(super) fn new(colour: Colour, quiet: bool) -> Self {
        Output {
            colour_out: colour.on(std::io::stdout().is_terminal()),
            colour_err: colour.on(std::io::stderr().is_terminal()),
            quiet,
        }
    }

    /// Is standard output a terminal that wants colours?
    pub(super) fn is_coloured(&self) -> bool {
        self.colour_out
    }

    /// A result, as it is.
    pub(super) fn result(&self, text: &str) {
        let mut stream = std::io::stdout().lock();
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.flush();
    }

    /// One line about what is going on; `--quiet` leaves it out.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "pyrust: {line}");
        }
    }

    /// What went wrong.
    pub(super) fn error(&self, message: &str) {
        let (start, end) = if self.colour_err { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        let _ = writeln!(std::io::stderr().lock(), "{start}pyrust:{end} {message}");
    }

    /// Findings as the result of a command.
    pub(super) fn findings(&self, diagnostics: &[Diagnostic], sources: &mut Sources, format: Format) {
        self.result(&render::render(diagnostics, sources, format, self.colour_out));
    }

    /// Findings that keep a command from doing its work.
    pub(super) fn findings_to_stderr(&self, failure: &Failure) {
        let mut sources = Sources::new(&failure.root);
        let text = render::render(&failure.findings, &mut sources, Format::Full, self.colour_err);
        let _ = std::io::stderr().lock().write_all(text.trim_end().as_bytes());
        let _ = writeln!(std::io::stderr().lock());
    }

    /// A diff, coloured by line.
    pub(super) fn diff(&self, diff: &str) {
        if !self.colour_out {
            return self.result(diff);
        }
        let mut text = String::new();
        for line in diff.lines() {
            let colour = match line.as_bytes().first() {
                _ if line.starts_with("+++") || line.starts_with("---") => "1",
                Some(b'+') => "32",
                Some(b'-') => "31",
                Some(b'@') => "36",
                _ => "0",
            };
            text.push_str(&format!("\u{1b}[{colour}m{line}\u{1b}[0m\n"));
        }
        self.result(&text);
    }

    /// The name of a state, coloured.
    pub(super) fn state(&self, state: &str, width: usize) -> String {
        let padded = format!("{state:width$}");
        if !self.colour_out {
            return padded;
        }
        let colour = match state {
            "native" => "32",
            "stale" => "33",
            _ => "2",
        };
        format!("\u{1b}[{colour}m{padded}\u{1b}[0m")
    }
}
