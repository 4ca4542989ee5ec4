//! Digests of code objects: asked of the target interpreter at build time, compared at import.
//!
//! The digests depend on the interpreter, so they stand beside the generated text, not in it.

/// Computes digests; shared with the tests of the runtime, which computes the same at import.
const DIGEST: &str = include_str!("digest.py");

/// Reads the request of [`request`] and prints the side file: `module:qualname hex` per line, sorted.
/// What cannot be compiled, or is defined more than once, has no line and stays Python.
const PRINT: &str = r#"

request = json.loads(sys.stdin.buffer.read())
wanted = {}
for function in request["functions"]:
    module, _, qualname = function.partition(":")
    wanted.setdefault(module, []).append(qualname)
lines = []
for module, qualnames in wanted.items():
    try:
        found = digests(module, request["modules"][module], qualnames)
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError, RecursionError) as error:
        print(f"pyrust: {module}: {type(error).__name__}: {error}", file=sys.stderr)
        continue
    lines += [f"{name} {value}\n" for name, value in found.items() if isinstance(value, str)]
sys.stdout.buffer.write("".join(sorted(lines)).encode())
"#;

/// The program, for `python -c`: request on standard input, side file on standard output. Paths in the request are
/// relative to the working folder.
pub fn program() -> String {
    // The name keeps the first part from running its own `main`.
    format!("__name__ = 'digest'\n{DIGEST}{PRINT}")
}

/// The request as JSON: the functions, and the file of each module that they are in.
pub fn request(functions: &[String], path: impl Fn(&str) -> Option<String>) -> serde_json::Value {
    let mut modules = serde_json::Map::new();
    for function in functions {
        let module = function.split(':').next().unwrap_or_default();
        if let Some(path) = path(module) {
            modules.insert(module.to_string(), path.into());
        }
    }
    let known: Vec<&String> =
        functions.iter().filter(|f| modules.contains_key(f.split(':').next().unwrap_or_default())).collect();
    serde_json::json!({ "functions": known, "modules": modules })
}
