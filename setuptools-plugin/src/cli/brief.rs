//! `pyrust brief`: everything that is needed to write the Rust of a function by hand, as Markdown.
//!
//! For a person, or a language model: nothing else has to be looked up. Where there is generated Rust, it is the example of the
//! vocabulary.

use pyrust_build::bodies;
use pyrust_build::generate::{self, Function};
use pyrust_build::names;
use pyrust_build::project::Project;
use pyrust_build::workspace::{Target, Workspace};
use serde_json::Value;

use super::explain;
use super::{Context, Done, Stop};

/// Samples that are shown, and characters of one of them.
const SAMPLES: usize = 8;
const LONGEST: usize = 400;

const CONTRACT: &str = "\
## Contract

- Results are those of the Python function in every bit: types, order of dicts and sets, signs of zeros, which object is \
returned, what the arguments are afterwards, exceptions with their arguments.
- What the body cannot do exactly, it leaves to Python: `bail(Bail::…)` undoes everything and runs the Python function. \
That is always right, only slower. It is what happens on overflow of 64 bits: `checked_add`, never `+` on what may be large.
- `exc(Exc::…)` is a Python exception that Python code around it may handle; at the outermost level Python runs and raises it.
- No Python code runs meanwhile: only functions of the runtime touch Python's objects. Writes to them are undone by a bail.
- A loop polls, so that Ctrl-C works: `let mut fuel: i32 = FUEL;` before it, `cx.tick(&mut fuel)?` in each turn. A call of another function takes a \
`cx.call()?`, which looks at the depth.
- The body relies on the names that the function uses (builtins, functions of C modules, functions of the project): it runs only \
while they are what they were. Values of a module are read when they are needed, never copied into the body: \
`pub static NAMES: Namespace = Namespace::new(\"package.module\", &[Slot::value(\"TABLE\")]);`, `namespaces(NAMES)` in the attribute, \
`NAMES.get::<T>(cx, 0)?`. What else a call depends on (methods of classes of the project, functions of other packages) is not \
watched: bail there.
- No `unsafe`, no `panic!`, no global state, no threads, no time, no randomness of its own.
- `i64`, `f64`, `bool`, `()`, `Str`, `Bytes`, tuples, `PList<T>` and `PDict<K, V>` (Python's own, in place), `List<T>` and \
`Dict<K, V>` (made here) are the types of arguments and results.

## Checking it

`pyrust verify` compares it with Python on the recorded arguments and on invented ones; `pyrust bench` says whether it is \
faster than Python, and than what is generated; `PYRUST=shadow:1/1000` watches it where it runs. When the Python source changes, \
of the function or of one of the project that it calls, the body is left out, and the function has its generated code (or is Python) \
until somebody has compared the two and has written the new `source`: `pyrust check` says so. A body that does not compile is left out \
as well.
";

pub(super) fn run(context: &Context<'_>, name: &str) -> Done {
    if let Err(problem) = names::check_function(name) {
        return Err(Stop::Message(problem, 2));
    }
    let project = context.project()?;
    let Some((function, rust)) = context.work("compiling", || explain::find(&project, name))?? else {
        return Err(explain::unknown(&project, name));
    };
    context.out.result(&text(&project, name, &function, &rust));
    Ok(0)
}

fn text(project: &Project, name: &str, function: &Function, rust: &str) -> String {
    let mut text = format!("# {name}\n\n");
    if let Some((path, line, source)) = source(project, name) {
        text.push_str(&format!("## Source ({path}:{line})\n\n```python\n{}\n```\n\n", source.trim_end()));
    }
    text.push_str("## Types in the recorded calls, the most frequent first\n\n");
    for signature in &function.entry.signatures {
        text.push_str(&format!("- `{signature}`\n"));
    }
    if function.entry.signatures.is_empty() {
        text.push_str("- none: a profile records them\n");
    }
    text.push('\n');
    text.push_str(&samples(project, name));
    let explained: Vec<String> = function.explain.iter().map(|one| one.text(false)).collect();
    if !explained.is_empty() {
        text.push_str(&format!(
            "## Types, effects and ways out, as the compiler sees them\n\n```text\n{}\n```\n\n",
            explained.join("\n").trim_end()
        ));
    }
    if let Some(reason) = &function.reason {
        text.push_str(&format!("The compiler leaves it to Python: {reason}.\n\n"));
    }
    text.push_str(&form(project, name, function));
    if !rust.is_empty() {
        text.push_str(&format!("## What the compiler generates\n\n```rust\n{}\n```\n\n", rust.trim_end()));
    }
    text.push_str(CONTRACT);
    text
}

/// Where a body stands, and what stands above it.
fn form(project: &Project, name: &str, function: &Function) -> String {
    let short = name.rsplit([':', '.']).next().unwrap_or(name);
    let folder = project.relative(&project.manifest_path.with_file_name(bodies::FOLDER));
    let mut text =
        format!("## Form\n\nIn a file of the folder `{folder}`, for example `{folder}/{short}.rs`");
    for body in &function.bodies {
        let left = body.reason.as_ref().map(|why| format!(" (left out: {why})")).unwrap_or_default();
        text.push_str(&format!("; there is one: {}{left}", body.place));
    }
    let signature = function.entry.signatures.first().map_or("…".to_string(), ToString::to_string);
    text.push_str(&format!(
        ":\n\n```rust\nuse pyrust_macros::hotspot;\nuse pyrust_runtime::prelude::*;\n\n#[hotspot(\n    function = \"{name}\",\n    \
         signature = \"{signature}\",\n"
    ));
    let reliance = generate::reliance(project, name);
    if let Some(reliance) = &reliance {
        text.push_str(&format!("    source = \"{}\",\n", reliance.source));
    }
    text.push_str(&format!(")]\nfn {short}(cx: Cx, …) -> R<…> {{\n    …\n}}\n```\n\n"));
    let called: Vec<String> =
        reliance.iter().flat_map(|r| r.functions.iter().skip(1)).map(|f| format!("`{}`", f.name())).collect();
    if !called.is_empty() {
        text.push_str(&format!("`source` stands for the function and for {}.\n\n", called.join(", ")));
    }
    text
}

/// Path, line and text of a function.
fn source(project: &Project, name: &str) -> Option<(String, usize, String)> {
    let (module, qualname) = name.split_once(':')?;
    let mut workspace = Workspace::new(project);
    let Target::Found { file, function } = workspace.target(module, qualname) else { return None };
    let text = file.text.get(function.span.start as usize..function.span.end as usize)?;
    let line = file.text[..function.span.start as usize].matches('\n').count() + 1;
    // The first line of a method has lost what stands before it.
    let indent = file.text[..function.span.start as usize].rsplit('\n').next()?.len();
    Some((file.path.clone(), line, format!("{}{text}", " ".repeat(indent))))
}

/// Recorded arguments, and their sizes.
fn samples(project: &Project, name: &str) -> String {
    let path = project.root.join(".pyrust").join("samples.json");
    let stored: Option<Value> =
        std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let list = stored.as_ref().and_then(|value| value["functions"][name]["samples"].as_array());
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return "## Recorded arguments\n\nNone are kept: `pytest --pyrust-profile` records some.\n\n".into();
    };
    let lengths: Vec<usize> = list.iter().filter_map(|pair| Some(pair[0].as_str()?.len())).collect();
    let mut text = format!(
        "## Recorded arguments\n\n{} samples, {} to {} characters as literals; each with the number of calls that it stands for:\n\n",
        list.len(),
        lengths.iter().min().unwrap_or(&0),
        lengths.iter().max().unwrap_or(&0),
    );
    for pair in list.iter().take(SAMPLES) {
        let (Some(literal), Some(weight)) = (pair[0].as_str(), pair[1].as_f64()) else { continue };
        let cut: String = literal.chars().take(LONGEST).collect();
        let more = if cut.len() < literal.len() {
            format!(" … ({} characters)", literal.len())
        } else {
            String::new()
        };
        text.push_str(&format!("- {weight:.0} calls: `{cut}`{more}\n"));
    }
    text.push('\n');
    text
}
