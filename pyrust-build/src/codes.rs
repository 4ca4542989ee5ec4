//! The table of diagnostic codes: what `pyrust explain PYR0103` prints, and the slugs of machine-readable output.
//!
//! Sorted by code. The first two digits are the group, see `diagnostic`. Codes are never reused.

/// One kind of finding.
#[derive(Debug)]
pub struct Code {
    /// For example `PYR0103`.
    pub code: &'static str,
    /// For example `manifest-conflict`.
    pub slug: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What it means and what to do.
    pub explanation: &'static str,
}

const fn row(
    code: &'static str,
    slug: &'static str,
    summary: &'static str,
    explanation: &'static str,
) -> Code {
    Code { code, slug, summary, explanation }
}

/// All codes, sorted.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    row("PYR0101", "manifest-unreadable", "the manifest cannot be read",
        "The file is missing, is not UTF-8, or the system refuses to read it.\n\
         `pytest --pyrust-profile` writes a new one; `pyrust add` adds single functions."),
    row("PYR0102", "manifest-syntax", "the manifest is not TOML",
        "The marked place is where the TOML parser gave up; the mistake is there or shortly before.\n\
         Values need quotes, every entry starts with `[[hotspot]]`."),
    row("PYR0103", "manifest-conflict", "the manifest has merge-conflict markers",
        "Two branches changed the manifest. Do not choose a side by hand:\n\
         `pyrust check --fix` unites both. Entries of either side stay, the types of an entry in both are joined, \
         and source hashes are computed again from the files."),
    row("PYR0104", "manifest-version", "the manifest has a version that this PyRust does not know",
        "A newer PyRust wrote the file. Upgrade `pyrust-optimizer`, also where `build-system.requires` pins it."),
    row("PYR0105", "manifest-key", "the manifest has an unknown key",
        "An entry has the keys `function`, `signatures`, `source`, `mode` and `gate`; the file has `version` and \
         `[[hotspot]]`. Everything else is refused, so that a misspelt key is not silently without effect."),
    row("PYR0106", "manifest-value", "a value in the manifest is of the wrong kind",
        "`version` is an integer, `signatures` a list of strings, all others are strings.\n\
         `mode` is \"native\" (default), \"python\" (never compile) or \"require\" (a build without it fails).\n\
         `gate` is \"slower\". `source` is \"sha256:\" and 64 hexadecimal digits."),
    row("PYR0107", "manifest-function", "a name in the manifest is not `module:qualname`",
        "Functions are named by their dotted module, a colon and their qualified name: `textkit.stats:Summary.add`. \
         Each part is a Python identifier. Functions inside functions and lambdas have no entries of their own."),
    row("PYR0108", "manifest-duplicate", "a function has two entries",
        "Keep one of them, with the signatures of both. `pyrust check --fix` does that."),
    row("PYR0109", "manifest-signature", "a signature in the manifest cannot be understood",
        "A signature is `(T1, T2) -> R`, one type per parameter in order. Types: `int`, `bigint`, `float`, `bool`, \
         `None`, `complex`, `str`, `bytes`, `bytearray`, `range`, `list[T]`, `set[T]`, `frozenset[T]`, `deque[T]`, \
         `dict[K, V]`, `tuple[A, B]`, `tuple[T, ...]`, `package.module.Class`, `function[module:qualname]`, \
         `ndarray[dtype, dimensions]`, `array.array[typecode]`, `object`, and unions with `|`."),
    row("PYR0110", "manifest-order", "the manifest is not in its canonical form",
        "Entries are sorted by function and have a fixed order of keys, so that merges rarely conflict.\n\
         `pyrust check --fix` restores it; comments are kept."),
    row("PYR0111", "function-missing", "a function of the manifest does not exist",
        "It was renamed, moved or deleted, or its module lies outside the project's packages.\n\
         If its source is found under another name, `pyrust check --fix` renames the entry; otherwise use \
         `pyrust remove`. The function that is meant, if any, runs as Python until then."),
    row("PYR0112", "function-ambiguous", "a function is defined more than once",
        "Which definition counts is decided at run time (by `if`, `try` or plain redefinition), so it stays Python."),
    row("PYR0113", "source-stale", "a function has changed since its types were recorded",
        "It is still compiled, with the recorded types; guards keep it correct, but it may be specialised for types \
         that no longer occur. Profile again, or accept the present source with `pyrust check --fix`."),
    row("PYR0114", "required-not-native", "a hotspot with `mode = \"require\"` is not native",
        "The last build left it in Python; `pyrust explain FUNC` says why. Builds fail until that is solved, or \
         the mode is removed."),
    row("PYR0115", "source-missing", "an entry has no source hash",
        "Without the hash, changes to the function are not noticed. `pyrust check --fix` adds it."),
    row("PYR0116", "signature-parameters", "a signature has another number of parameters than its function",
        "A signature has one type per parameter, in the order of the `def` line: `self` and parameters with a default included, \
         `*args` as a tuple, `**kwargs` as a dict. With another number the function stays Python. Profiling again replaces \
         such signatures; so does `pyrust add FUNC --sig S`."),
    row("PYR0201", "project-not-found", "there is no project here",
        "PyRust looks for the nearest `pyproject.toml`, `setup.py`, `setup.cfg` or `Cargo.toml`, upwards from the working \
         folder."),
    row("PYR0202", "settings-syntax", "`pyproject.toml` cannot be read",
        "The file is not TOML, or not UTF-8."),
    row("PYR0203", "settings-key", "`[tool.pyrust]` has an unknown key",
        "Known are `manifest`, `packages`, `fallback`, `threshold` and `threads`."),
    row("PYR0204", "settings-value", "a setting is of the wrong kind",
        "`manifest`: a path inside the project. `packages`: a list of dotted package names. `fallback`: \"warn\", \
         \"error\" or \"silent\". `threshold`: a percentage from 0 to 100. `threads`: a number from 1 on. In the \
         environment, `PYRUST_WITHOUT`: names of optimisations."),
    row("PYR0205", "package-not-found", "a package of the project was not found",
        "`packages` in `[tool.pyrust]`, or the build backend's own configuration, names a package or module \
         without files in the project."),
    row("PYR0206", "source-unreadable", "a source file cannot be read",
        "It is neither UTF-8 nor in an encoding that is known here (Latin-1, and whatever a coding line names as long as there is \
         nothing but ASCII), or the system refuses to read it. Its functions stay Python."),
    row("PYR0301", "statement", "a statement of this kind is not compiled",
        "Calls that get there run as Python; a function that always gets there stays Python. `pyrust explain FUNC` \
         shows the place."),
    row("PYR0302", "expression", "an expression of this kind is not compiled",
        "Calls that get there run as Python; a function that always gets there stays Python. `pyrust explain FUNC` \
         shows the place."),
    row("PYR0303", "async", "an `async` function",
        "Coroutines are run by an event loop, which is Python; the function stays Python."),
    row("PYR0304", "syntax-error", "a part of a source file cannot be parsed",
        "Either it is not valid Python, or its syntax is newer than this PyRust knows (3.14). \
         Only the function that contains it stays Python; where the error is not inside a function or class, or there \
         are very many, the whole file does."),
    row("PYR0305", "global", "a module global that cannot be read natively",
        "Native code reads constants and functions of the module, with a guard that they are still what they were. \
         Other globals need a type that is known."),
    row("PYR0306", "call", "a call that is not compiled",
        "What is called is not a builtin or method of the operation table, nor a function of the package that can be \
         compiled along. Unknown Python code cannot run inside a native call, since its effects cannot be undone."),
    row("PYR0307", "method", "a method that is not compiled",
        "The operation table has no row for this method of this type, or no class of the project that can be read says what it \
         does."),
    row("PYR0309", "global-assignment", "a module global is deleted, or assigned without being declared",
        "Assigning to a global that exists is compiled; deleting one is left to Python."),
    row("PYR0311", "attribute", "an attribute is assigned",
        "Attributes are assigned and deleted on instances of classes that the project defines, where the text of the class \
         says what they are. What is a method or a property is left to Python, unless the property has a setter."),
    row("PYR0312", "callee", "a function that is called cannot be compiled along",
        "A native function may only call what is native too. The reason of the callee is given behind."),
    row("PYR0313", "generator", "a generator function",
        "A generator function that Python goes through is compiled where each `yield` and `yield from` is a statement of its \
         own, or assigned to a local, inside plain loops over lists, arrays, tuples, strings and ranges, also by \
         `enumerate`, `zip` and `reversed`, and in the body of `try` statements, and where there is a loop's worth of \
         work between two of them; whether turns of a loop pass without one, and enough of them, is seen when it runs. \
         Any other is compiled along with functions that loop over it."),
    row("PYR0314", "await", "waiting",
        "`await`, `async for` and `async with` hand over to an event loop, which is Python. A `while` loop that nothing in it \
         can end waits for another thread or a signal handler to change what it looks at, and none can while native code \
         runs."),
    row("PYR0315", "nested-function", "a nested function",
        "A function inside a function is compiled where native code alone has it, with cells for what both use; it cannot be \
         given to Python, and this form is not compiled."),
    row("PYR0316", "nested-class", "a class inside a function",
        "Each call would make a new class, which Python code may see."),
    row("PYR0317", "with", "a `with` statement",
        "`contextlib.suppress` and `nullcontext` are compiled, functions and methods of the project under `@contextmanager`, and \
         instances of its classes. What others do when they are entered and left cannot be taken back, or is unknown."),
    row("PYR0318", "match", "a pattern of `match` that is not compiled",
        "Patterns of builtin types and of classes of the project are compiled; this one is not."),
    row("PYR0319", "local-import", "an import inside a function that is not compiled",
        "Importing runs code, unless the module has been imported before. This form is not compiled."),
    row("PYR0321", "attribute-read", "an attribute that is not compiled",
        "Native code reads attributes of modules, and of instances of classes that the project defines, where their types \
         can be found out: annotate them in the class, or hand over the values instead of the object that has them."),
    row("PYR0323", "lambda", "a `lambda` that is not compiled",
        "A `lambda` is compiled where native code alone calls it; this form is not."),
    row("PYR0324", "star-arguments", "`*` or `**` in a call",
        "How many arguments it stands for, or how they are called, is not known."),
    row("PYR0325", "call-of-value", "a call of a value",
        "Which function this value is, native code cannot tell: it came from Python, or from what is not compiled."),
    row("PYR0328", "generator-expression", "a generator expression that is not consumed in place",
        "Inside functions it is compiled, as the iterator it is; at module level it is not."),
    row("PYR0329", "walrus", "an assignment expression that is not compiled",
        "`:=` binds a name in the middle of an expression. Here it is not compiled."),
    row("PYR0330", "nesting", "source nested too deeply",
        "Expressions and statements nested more than 1,500 levels deep are not read."),
    row("PYR0331", "template-string", "a template string",
        "`t\"…\"` makes an object of a class of its own, for other Python code to read."),
    row("PYR0332", "surrogate", "a literal with a lone surrogate",
        "The parsers do not keep what `\\ud800` and the like stand for."),
    row("PYR0333", "except-star", "an `except*` clause",
        "Exception groups are taken apart by Python, and put together again."),
    row("PYR0334", "input-output", "input or output",
        "`print`, `input` and `open` cannot be undone, so a native call must not contain them. What was \
         read can be handed over."),
    row("PYR0335", "instance", "an instance is made",
        "Native code makes instances of classes that the project defines with an `__init__` of their own, or one that \
         `@dataclass` makes without a factory. This class is none of those."),
    row("PYR0336", "introspection", "a builtin that looks at names or code",
        "`globals`, `eval` and their like, and `setattr` with a name that is computed, depend on what only Python knows."),
    row("PYR0337", "brief", "a function too short to gain anything",
        "A native call that changes a deque or `OrderedDict` of Python's prepares the change and makes it at its end. \
         Where nothing else is done, Python's own call is faster, and the function stays Python; functions that call it \
         natively take it along."),
    row("PYR0401", "operation", "an operation that is not defined for these types",
        "Either Python would raise a `TypeError` here, or the operation table has no row for these types yet. \
         The recorded signature says which types were seen: `pyrust explain FUNC`."),
    row("PYR0402", "type-unknown", "a type that cannot be found out",
        "What is unknown is never guessed. An empty container that is never filled, or a value of type `object`, \
         is the usual cause."),
    row("PYR0403", "no-signature", "no signature that can be compiled",
        "Profile tests that call the function, or add a signature: `pyrust add FUNC --sig \"(int) -> int\"`. \
         A signature must have as many parameters as the function."),
    row("PYR0404", "recursive-type", "a container that contains itself",
        "Its type would be infinite. The function stays Python."),
    row("PYR0405", "no-fixpoint", "type inference does not come to an end",
        "The types grow with each round of a loop or recursion. The function stays Python."),
    row("PYR0406", "too-many-instances", "a function is called with too many different types",
        "Each combination of types is compiled by itself, up to a limit."),
    row("PYR0407", "internal-function", "the compiler failed at one function",
        "That is a bug of PyRust; please report it, with the function. The function stays Python, the others are not affected."),
    row("PYR0408", "iterator-leaves", "an iterator would leave native code",
        "An iterator made in a function can be used there and handed to compiled functions, but neither be \
         returned to Python nor stored in a container."),
    row("PYR0409", "never-returns", "with these types the function always raises",
        "A call that raises runs as Python, so native code would gain nothing."),
    row("PYR0410", "inference-limit", "type inference takes too long",
        "Every round through the loops and calls of a function is counted, and there is a limit, so that no source keeps a build \
         waiting."),
    row("PYR0501", "no-toolchain", "Rust is not available",
        "Native code needs `cargo` and `rustc` (https://rustup.rs). Without them the project stays pure Python."),
    row("PYR0502", "write-failed", "a file cannot be written",
        "The folder is read-only or the disk is full. Nothing was half-written."),
    row("PYR0503", "rust-refused", "the generated Rust does not compile",
        "That is a bug of PyRust; please report it. The function stays Python, the others are not affected."),
    row("PYR0504", "internal", "PyRust itself failed",
        "Please report it, with the message. The project stays pure Python."),
    row("PYR0505", "body-stale", "a body written by hand is for another source",
        "A function in `pyrust_bodies` says with `source = \"sha256:…\"` which source it was written for: that of the function, and of \
         the project's functions that it calls. When one of them changes, the body is left out, and the function has its generated code \
         (or is Python) until somebody has compared the two and has written the new hash."),
    row("PYR0506", "body-unplaced", "a body written by hand cannot be used",
        "A body stands in `pyrust_bodies/*.rs` beside the manifest, under `#[hotspot(function = \"module:qualname\", signature = \"(…) -> …\", \
         source = \"sha256:…\")]`. The function has an entry in the manifest and so many parameters; there is no `unsafe`. \
         `pyrust brief FUNC` prints the attribute."),
    row("PYR0507", "body-refused", "a body written by hand does not compile",
        "rustc refuses it; the message names the file and the line. The function has its generated code, or is Python, and nothing else \
         is affected."),
];

/// What would make a refused function compilable, by code: said with every refusal that does not say it itself.
#[rustfmt::skip]
const HELP: &[(&str, &str)] = &[
    ("PYR0301", "move this statement into the caller, or into a function of its own"),
    ("PYR0302", "compute this in the caller and hand the value over"),
    ("PYR0303", "move what does not wait into a function without `async`"),
    ("PYR0304", "correct the syntax; nothing else in the file is affected"),
    ("PYR0305", "hand the value over as an argument, or bind it once at module level to a literal or annotate it there"),
    ("PYR0306", "call it before or after the loop, in the caller, and hand the result over"),
    ("PYR0307", "use a method of a builtin type, or call the method in the caller and hand the result over"),
    ("PYR0309", "declare the name `global` and assign it, or return the value and bind it in the caller"),
    ("PYR0311", "return the value, and assign the attribute in the caller"),
    ("PYR0312", "change the function that is called, as said below, or call it in the caller"),
    ("PYR0313", "return a list, or move the work between two `yield`s into a function of its own"),
    ("PYR0314", "move what does not wait into a function of its own"),
    ("PYR0315", "move the function to module level and hand over what it needs"),
    ("PYR0316", "move the class to module level"),
    ("PYR0317", "keep locks, files and the like in the caller, and move the body of the `with` into a function"),
    ("PYR0318", "use `if` and `elif` for this pattern"),
    ("PYR0319", "import at module level"),
    ("PYR0321", "read the attribute in the caller and hand its value over"),
    ("PYR0323", "define a function with `def` at module level and call it by its name"),
    ("PYR0324", "write the arguments out"),
    ("PYR0325", "call a function of the module by its name, or choose between such functions where the call stands"),
    ("PYR0328", "build a list: `[…]` instead of `(…)`"),
    ("PYR0329", "assign in a statement of its own"),
    ("PYR0330", "split the expression or the block into parts"),
    ("PYR0331", "use an f-string for text"),
    ("PYR0332", "make the text with `chr()`"),
    ("PYR0333", "keep `except*` in the caller"),
    ("PYR0334", "return what is to be printed or written, and do so in the caller"),
    ("PYR0335", "return the values, and make the instance in the caller"),
    ("PYR0336", "do this in the caller and hand the result over"),
    ("PYR0337", "let the loop around it be native; `mode = \"require\"` compiles it all the same"),
    ("PYR0401", "convert to types that have the operation, or profile again if these types are not what the function is called with"),
    ("PYR0402", "give values of different types different names, and containers elements of one type"),
    ("PYR0403", "profile tests that call the function, or add a signature with `pyrust add`"),
    ("PYR0404", "keep the nesting in indices or keys instead of containers that contain themselves"),
    ("PYR0405", "give what changes its type in the loop a new name"),
    ("PYR0406", "call it with fewer different types, or write a function for each kind of argument"),
    ("PYR0407", "please report this function; until then it stays Python"),
    ("PYR0408", "make a list of the iterator"),
    ("PYR0409", "profile tests in which the function returns"),
    ("PYR0410", "split the function, or call it with fewer different types"),
];

/// Does it follow from what stands there, and hardly from the types that come there?
pub fn is_of_the_text(code: &str) -> bool {
    code.starts_with("PYR03")
}

/// What to do about a refusal with this code.
pub fn help(code: &str) -> Option<&'static str> {
    HELP.iter().find(|(other, _)| *other == code).map(|(_, help)| *help)
}

/// All codes as a page for users: `docs/diagnostics.md`.
pub fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    let mut group = "";
    for row in CODES {
        if &row.code[..5] != group {
            group = &row.code[..5];
            let title =
                GROUPS.iter().find(|(start, _)| *start == group).map_or("Others", |(_, title)| *title);
            page.push_str(&format!("\n## {title}\n"));
        }
        let code = row.code;
        let anchor = code.to_ascii_lowercase();
        page.push_str(&format!("\n### <a id=\"{anchor}\"></a>{code} `{}`\n\n", row.slug));
        page.push_str(&format!("*{}*\n\n{}\n", row.summary, row.explanation.replace('\n', "\n\n")));
        if let Some(help) = help(code) {
            page.push_str(&format!("\nWhat to do: {help}.\n"));
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Diagnostics

Every reason that PyRust gives has a code. Made from the compiler's table (`PYRUST_BLESS=1 cargo test -p pyrust-build`); do not edit.

`pyrust explain CODE` prints the same at the command line, `pyrust explain FUNC` shows all of them in one function.
Codes are never reused. Errors end a command with exit code 2, findings with 1, notes with 0: a function that stays Python is a note.
";

/// The first two digits, and what they stand for.
const GROUPS: &[(&str, &str)] = &[
    ("PYR01", "The manifest"),
    ("PYR02", "Settings and project"),
    ("PYR03", "Python that is not compiled"),
    ("PYR04", "Types"),
    ("PYR05", "Environment and build"),
    ("PYR06", "Run time"),
];

/// Looks a code up by its number or slug.
pub fn lookup(name: &str) -> Option<&'static Code> {
    let upper = name.to_ascii_uppercase();
    CODES.iter().find(|row| row.code == upper || row.slug == name)
}

/// The slug of a code; every code in use has a row.
pub fn slug(code: &str) -> &'static str {
    lookup(code).map_or("unknown", |row| row.slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_unique() {
        for pair in CODES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} comes before {}", pair[0].code, pair[1].code);
        }
        let slugs: std::collections::BTreeSet<_> = CODES.iter().map(|row| row.slug).collect();
        assert_eq!(slugs.len(), CODES.len());
    }

    /// Every code in the compiler's own text.
    fn used(folder: &std::path::Path, found: &mut std::collections::BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("the sources are here").flatten() {
            let path = entry.path();
            if path.is_dir() {
                used(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("codes.rs")
            {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                for (at, _) in text.match_indices("\"PYR0") {
                    found.insert(text[at + 1..].chars().take(7).collect());
                }
            }
        }
    }

    /// What is refused can be helped: every code of groups 03 and 04 says how.
    #[test]
    fn every_refusal_has_help() {
        let refusals =
            || CODES.iter().map(|row| row.code).filter(|c| c.starts_with("PYR03") || c.starts_with("PYR04"));
        let missing: Vec<&str> = refusals().filter(|code| help(code).is_none()).collect();
        assert!(missing.is_empty(), "add lines to HELP for {missing:?}");
        assert!(HELP.iter().all(|(code, _)| lookup(code).is_some()));
        assert!(CODES.iter().all(|row| row.explanation.len() > 30 && !row.summary.ends_with('.')));
    }

    #[test]
    fn every_code_in_use_has_a_row() {
        let mut found = std::collections::BTreeSet::new();
        used(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 20);
        let missing: Vec<&String> = found.iter().filter(|code| lookup(code).is_none()).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }
}
