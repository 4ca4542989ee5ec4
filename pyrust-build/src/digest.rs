//! Digests of code objects: asked of the target interpreter at build time, compared at import.
//!
//! The digests depend on the interpreter, so they stand beside the generated text, not in it.

use std::collections::BTreeMap;

use crate::pipeline::{Loop, Texts};

/// Computes digests; shared with the tests of the runtime, which computes the same at import.
const DIGEST: &str = include_str!("digest.py");

/// Reads the request of [`request`] and prints the side file: `module:qualname hex` per line, sorted.
/// What cannot be compiled, or is defined more than once without a line that says which one is meant, has no line here
/// and stays Python.
const PRINT: &str = r#"

request = json.loads(sys.stdin.buffer.read())
wanted, lines_of, lines = {}, {}, []
texts = request.get("texts", {})
for function in request["functions"]:
    module, _, qualname = function.partition(":")
    if function not in texts:
        wanted.setdefault(module, []).append(qualname)
        continue
    text = next(text for since, text in texts[function] if sys.version_info >= tuple(since))
    *_, (_, code) = functions(compile(text, "", "exec"))  # the innermost
    lines.append(f"{function} {digest(code)}\n")
for function, line in request.get("lines", {}).items():
    module, _, qualname = function.partition(":")
    lines_of.setdefault(module, {})[qualname] = line
for module, qualnames in wanted.items():
    try:
        found = digests(module, request["modules"][module], qualnames, lines_of.get(module))
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError, RecursionError) as error:
        print(f"pyrust: {module}: {type(error).__name__}: {error}", file=sys.stderr)
        continue
    alone = {name: value for name, value in found.items() if isinstance(value, str)}
    lines += [f"{name} {value}\n" for name, value in alone.items()]
    loops = {name: request["regions"][name] for name in alone if name in request["regions"]}
    codes = regions(module, request["modules"][module], loops, lines_of.get(module))
    lines += [f"{name}#regions {code}\n" for name, code in codes.items()]
sys.stdout.buffer.write("".join(sorted(lines)).encode())
"#;

/// The program, for `python -c`: request on standard input, side file on standard output. Paths in the request are
/// relative to the working folder.
pub fn program() -> String {
    // The name keeps the first part from running its own `main`.
    format!("__name__ = 'digest'\n{DIGEST}{PRINT}")
}

/// The request as JSON: the functions, the file of each module that they are in, the lines of those that are written
/// several times, the texts of those that are written nowhere, and the loops that are compiled alone.
pub fn request(
    functions: &[String],
    (lines, texts): (&BTreeMap<String, usize>, &BTreeMap<String, Texts>),
    regions: &BTreeMap<String, Vec<Loop>>,
    path: impl Fn(&str) -> Option<String>,
) -> serde_json::Value {
    let mut modules = serde_json::Map::new();
    for function in functions {
        let module = function.split(':').next().unwrap_or_default();
        if let Some(path) = path(module) {
            modules.insert(module.to_string(), path.into());
        }
    }
    let known: Vec<&String> =
        functions.iter().filter(|f| modules.contains_key(f.split(':').next().unwrap_or_default())).collect();
    let loops = |found: &Vec<Loop>| -> Vec<serde_json::Value> {
        found
            .iter()
            .map(|l| serde_json::json!([l.number, l.line, l.column, l.returns, l.resumes, l.whole]))
            .collect()
    };
    let regions: BTreeMap<&String, Vec<serde_json::Value>> =
        regions.iter().map(|(name, found)| (name, loops(found))).collect();
    serde_json::json!({
        "functions": known, "modules": modules, "lines": lines, "texts": texts, "regions": regions
    })
}
