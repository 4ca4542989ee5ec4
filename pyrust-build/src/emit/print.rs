//! From tokens to text: by several threads, while further items are emitted.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, available_parallelism, scope};

use proc_macro2::TokenStream;

use super::table::class_names;

/// With fewer functions there is nothing to be gained.
const FEW: usize = 8;
/// More threads than this would wait for what is emitted.
const MOST_THREADS: usize = 8;
/// Code nests as deep as its source, and what parses and prints it is recursive.
const STACK: usize = 256 << 20;

/// The items of a file, which are printed in the order in which they are added.
pub(super) struct Items {
    /// Those that wait for a thread; there may be none.
    waiting: Option<Sender<(usize, String)>>,
    printed: Sender<(usize, String)>,
    count: usize,
    named: BTreeSet<String>,
}

impl Items {
    pub(super) fn add(&mut self, item: TokenStream) {
        let at = self.count;
        self.count += 1;
        // Tokens stay with the thread that made them.
        let text = item.to_string();
        class_names(&text, &mut self.named);
        // Nobody is left to receive it when something else has failed.
        match &self.waiting {
            Some(waiting) => _ = waiting.send((at, text)),
            None => _ = self.printed.send((at, formatted(syn::parse2(item), &text))),
        }
    }

    /// The classes that are named in what was added, once.
    pub(super) fn named(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.named)
    }
}

/// The text of the items that are added, of which there are about so many, and what `make` returns.
pub(super) fn all<R>(about: usize, make: impl FnOnce(&mut Items) -> R) -> (R, String) {
    let threads = match about < FEW {
        true => 1,
        false => available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS)),
    };
    let ((waiting, jobs), (printed, texts)) = (channel(), channel());
    let jobs = Mutex::new(jobs);
    let result = scope(|scope| {
        let start = |_| {
            let (jobs, printed) = (&jobs, printed.clone());
            let thread = Builder::new().name("pyrust-print".into()).stack_size(STACK);
            thread.spawn_scoped(scope, move || print_each(jobs, &printed)).ok()
        };
        let others: Vec<_> = (1..threads).map_while(start).collect();
        let waiting = (!others.is_empty()).then_some(waiting);
        let mut items = Items { waiting, printed: printed.clone(), count: 0, named: BTreeSet::new() };
        let result = make(&mut items);
        let help = items.waiting.take().is_some();
        if help {
            print_each(&jobs, &printed);
        }
        for thread in others {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        result
    });
    drop(printed);
    let mut texts: Vec<(usize, String)> = texts.into_iter().collect();
    texts.sort_unstable();
    (result, texts.into_iter().map(|(_, text)| text).collect())
}

/// Prints what waits until nothing more comes.
fn print_each(jobs: &Mutex<Receiver<(usize, String)>>, printed: &Sender<(usize, String)>) {
    let next = || jobs.lock().ok()?.recv().ok();
    while let Some((at, text)) = next() {
        _ = printed.send((at, formatted(syn::parse_str(&text), &text)));
    }
}

/// The text of tokens.
pub(super) fn print(tokens: TokenStream) -> String {
    let text = tokens.to_string();
    formatted(syn::parse2(tokens), &text)
}

/// Pretty-prints and turns the marker macros into comments.
fn formatted(parsed: syn::Result<syn::File>, code: &str) -> String {
    match parsed {
        Ok(file) => without_markers(uncomment(&prettyplease::unparse(&file))),
        Err(error) => unreachable!("generated code does not parse: {error}\n{code}"),
    }
}

/// Within the arguments of a macro the printer leaves everything as it is, so that a marker there does not stand on lines of
/// its own. No text of the program looks like one: its quotes are escaped.
fn without_markers(text: String) -> String {
    const MARKER: &str = "py!(";
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some(at) = rest.find(MARKER) {
        let behind = &rest[at + MARKER.len()..];
        let (before, left) =
            match behind_literal(behind.trim_start()).and_then(|t| t.trim_start().strip_prefix(");")) {
                Some(left) => (at, left),
                None => (at + MARKER.len(), behind),
            };
        out.push_str(&rest[..before]);
        rest = left;
    }
    if rest.len() == text.len() { text } else { out + rest }
}

/// What stands behind the string literal that this begins with.
fn behind_literal(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some(&inside[end + 1..])
}

/// `py!("4: x = 1");` → `// 4: x = 1`, also where the printer broke the line. Within a macro a line may only begin and end
/// like one.
fn uncomment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim_start();
        let (literal, count) = match (trimmed, lines.get(at + 1..at + 3)) {
            ("py!(", Some([literal, end])) if end.trim() == ");" => (Some(literal.trim()), 3),
            _ => (trimmed.strip_prefix("py!(").and_then(|t| t.strip_suffix(");")), 1),
        };
        match literal.and_then(|literal| syn::parse_str::<syn::LitStr>(literal).ok()) {
            Some(comment) => {
                let indent = &line[..line.len() - trimmed.len()];
                out.push_str(&format!("{indent}// {}\n", comment.value().trim_end()));
                at += count;
            }
            None => {
                out.push_str(line);
                out.push('\n');
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{uncomment, without_markers};

    #[test]
    fn lines_of_markers_are_comments() {
        assert_eq!(uncomment("    py!(\"1: x\");\n"), "    // 1: x\n");
        assert_eq!(uncomment("  py!(\n    \"1: x\"\n  );\ny\n"), "  // 1: x\ny\n");
        let within = "py!(\"1: x\"); f(y);\npy!(\n\"1: x\"\n); f(y);\n";
        assert_eq!(uncomment(within), within);
    }

    #[test]
    fn markers_within_macros_go() {
        let of = |text: &str| without_markers(text.to_string());
        assert_eq!(of("a; py!(\"1: x = \\\"y\\\"\"); b;"), "a;  b;");
        assert_eq!(of("py!(\n    \"1: \\\\\"\n);c"), "c");
        assert_eq!(of("say(\"py!(\\\"1\\\");\"); py!(x);"), "say(\"py!(\\\"1\\\");\"); py!(x);");
        assert_eq!(of("nothing"), "nothing");
    }
}
