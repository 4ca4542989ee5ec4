//! Where text goes: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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

/// How findings are printed by a command whose result is something else.
#[derive(clap::Args)]
pub(super) struct NotesFormat {
    /// How findings are printed; the default is short, and for people
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<Style>,
    /// Short for --output-format json: one object
    #[arg(long)]
    json: bool,
}

impl NotesFormat {
    /// None: as the command does by itself.
    pub(super) fn get(&self) -> Option<Format> {
        let style = if self.json { Some(Style::Json) } else { self.output_format };
        style.map(|output_format| OutputFormat { output_format, json: false }.get())
    }
}

/// The two streams. A reader that has gone away (`| head`) is no error.
pub(super) struct Output {
    colour_out: bool,
    colour_err: bool,
    quiet: bool,
    live: bool,
}

impl Output {
    pub(super) fn new(colour: Colour, quiet: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        Output {
            colour_out: colour.on(std::io::stdout().is_terminal()),
            colour_err: colour.on(std::io::stderr().is_terminal()),
            quiet,
            live: std::io::stderr().is_terminal() && !quiet && !dumb && !set("CI"),
        }
    }

    /// Does somebody look at a terminal that can be drawn on?
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Is nothing to be said but results and what went wrong?
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Shows what is being done, from the second second on, until the result is dropped.
    pub(super) fn progress(&self, what: &str) -> Progress {
        Progress::start(what, self.live)
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

    /// Findings beside a result.
    pub(super) fn notes(&self, diagnostics: &[Diagnostic], sources: &mut Sources, format: Format) {
        let text = render::render(diagnostics, sources, format, self.colour_err);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
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

/// A line on the terminal about what takes long. It is drawn by a thread of its own, and gone in the end.
pub(super) struct Progress {
    label: Arc<Mutex<String>>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What is over sooner than this is not spoken of.
const PATIENCE: Duration = Duration::from_secs(1);

impl Progress {
    fn start(what: &str, live: bool) -> Self {
        let label = Arc::new(Mutex::new(what.to_string()));
        let drawing = live.then(|| {
            let (sender, receiver) = channel();
            let label = Arc::clone(&label);
            (sender, std::thread::spawn(move || draw(&label, &receiver)))
        });
        Progress { label, drawing }
    }

    /// Changes what is said.
    pub(super) fn label(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.label)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.drawing.take() {
            drop(sender);
            // A line that cannot be drawn is no loss.
            let _ = thread.join();
        }
    }
}

fn draw(label: &Mutex<String>, ended: &Receiver<()>) {
    let started = Instant::now();
    let mut wait = PATIENCE;
    let mut shown = false;
    while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let what = label.lock().map(|label| label.clone()).unwrap_or_default();
        let seconds = started.elapsed().as_secs();
        let sign = ["|", "/", "-", "\\"][(started.elapsed().as_millis() / 150 % 4) as usize];
        let _ = write!(std::io::stderr().lock(), "\r\u{1b}[Kpyrust: {sign} {what} … {seconds} s");
        let _ = std::io::stderr().lock().flush();
        (shown, wait) = (true, Duration::from_millis(150));
    }
    if shown {
        let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
        let _ = std::io::stderr().lock().flush();
    }
}
