//! The operation table as a page for users: `docs/supported-python.md`. In: the table; out: Markdown, the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::pattern::Pattern;
use super::{Op, TABLE};
use crate::ty::{DictKind, Side};

/// What stands above the tables. A sentence is true of every Python that is supported.
const INTRODUCTION: &str = "\
# Supported Python

What a function may contain and be compiled. Made from the compiler's operation table (`PYRUST_BLESS=1 cargo test -p pyrust-build`); do not edit.

What is not listed stays Python, with a message that names the place: the whole function where every way through it gets there, else the calls that get there.

## Statements

| statement | notes |
|---|---|
| assignment | names, subscripts, slices, tuples, stars, chains; `+=` and its kin change a list in place |
| `if`, `while`, `for`, `else` of loops, `break`, `continue`, `pass` | |
| `return`, `raise` (anything; what leaves the function is raised by Python; builtin classes, and those below them that add no `__init__`, are caught inside), `assert` | |
| `try`, `except`, `else`, `finally` | handlers name builtin classes or classes of a module; `as error` gives its text, `args` and `repr` where the program says them (`raise ValueError(text)`), or `int(…)`, `float(…)` or a missing key does |
| `del` | names, items, slices |
| `global`, `nonlocal` | a global that exists, also one that is `None` until a function of the module sets it; assigned when the call is over |
| `match` | literals, alternatives, captures, sequences, mappings, builtin classes, classes of the project, guards |
| `with` | `contextlib.suppress`, `contextlib.nullcontext`, the project's own functions and methods under `@contextmanager`, instances of its own classes, locks of `threading` that attributes keep; several items, every way out |
| `yield`, `yield from` | in functions that native code consumes: loops over them, hands them on, asks them with `next`; nothing is sent or thrown |
| `def`, `lambda` inside a function | called, stored in native containers, handed to other functions and returned to functions inside; not returned to Python |

Not compiled: `await`, `class`.

## Expressions

Literals, f-strings, displays (also with stars), comprehensions of all kinds, generator expressions and calls of generator functions (`yield`, `yield from`) that native code consumes, generator functions that Python goes through where each `yield` or `yield from` is a statement of its own, or assigned to a local, inside plain loops and the bodies of `try`, conditional expressions, chained comparisons, `and`, `or`, `not`, `is`, `in`, `:=`, subscripts, slices, calls of builtins, of functions of the project and of the library functions below; attributes of modules.

## Builtins
";

const MODULES: &str = "
## Modules

Besides what is listed below: `heapq`, `bisect`, `itertools`, `operator`, `functools.reduce`, `functools.partial`, `id` of instances of classes of one's own, `functools.cmp_to_key` as a key of `sorted` and `sort`, `functools.cache` and `lru_cache` (not `typed`) of functions of a module (called without keywords) and of functions inside functions, `copy.copy` and `copy.deepcopy` of lists and dicts, the methods `debug`, `info`, `warning`, `error`, `critical` and `isEnabledFor` of what `logging.getLogger` gives a module or an attribute (where the level is off: what would be said is Python's), `io.StringIO` and `io.BytesIO` that a function only writes into and asks for `getvalue()`, `collections.deque`, `defaultdict` and `Counter`, and `array.array` of numbers whose typecode is written down: made of nothing, bytes, lists, tuples, ranges, generators and other arrays.
";

const ARRAYS: &str = "
## NumPy

Arrays of booleans, ints and floats of 32 and 64 bits, up to four dimensions, and their scalars, of NumPy 2. Elements, rows, slices, views (`a[i, 1:]`, `a[:, None]`, `a.T`, `reshape`) and stores into them are native; what follows is done on whole arrays, where it is not plain arithmetic of arrays of one shape by NumPy's own functions. Sums, differences, products, quotients and squares of arrays of doubles in one expression (`a * w + b - c`) go through the elements once, without an array for each operation. `axis` is an int, a tuple or `None`, `keepdims` and `dtype` are written down in the call.

| | |
|---|---|
";

/// One line of a table: arguments and result.
type Line = (String, String);

/// The page.
pub fn markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    let known = super::builtins::NAMES.iter().filter(|n| !UNSUPPORTED.contains(n));
    let mut names: Vec<String> = known.map(|n| format!("`{n}`")).collect();
    names.sort();
    let _ = writeln!(out, "\n{}.", names.join(", "));
    let _ = writeln!(
        out,
        "\n`hasattr` and `setattr` take a name that is written down; `getattr` also one that is computed, of \
         what instances of the project's classes and named tuples keep, or of any object what CPython finds without \
         running code of Python's, and the method whose name is made of the name of a parameter's class (`getattr(self, \"visit_\" + type(node).__name__, self.other)`), or \
         of a text that is compared with the names of the class's methods (`getattr(self, \"do_\" + command)(x)`)."
    );
    let _ = writeln!(out, "\nThose that take values of certain types only:\n");
    let mut groups: BTreeMap<(u8, &str), BTreeMap<String, Vec<Line>>> = BTreeMap::new();
    let mut names: Vec<&&str> = TABLE.keys().collect();
    names.sort();
    for name in names {
        // Names with a space are no names of Python's.
        if name.contains(' ') {
            continue;
        }
        let (group, shown) = place(name);
        let lines = groups.entry(group).or_default().entry(shown).or_default();
        for op in &TABLE[*name] {
            let line = (arguments(op), describe(&op.ret));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    let mut last = 0;
    for ((kind, group), rows) in &groups {
        if *kind != last {
            match kind {
                1 => out.push_str("\n## Operators\n\n"),
                2 => out.push_str("\n## Methods\n"),
                3 => out.push_str(MODULES),
                _ => {}
            }
            last = *kind;
        }
        if *kind > 1 {
            let _ = writeln!(out, "\n### `{group}`\n");
        }
        out.push_str("| | of | gives |\n|---|---|---|\n");
        for (shown, lines) in rows {
            for (args, ret) in lines {
                let _ = writeln!(out, "| {} | {} | {} |", code(shown), code(args), code(ret));
            }
        }
    }
    out.push_str(ARRAYS);
    for (what, names) in super::arrays::documented() {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        let _ = writeln!(out, "| {what} | {} |", names.join(", "));
    }
    let modules: BTreeSet<&str> = super::CONSTANTS.iter().map(|row| row.0).collect();
    out.push_str("\n## Constants of modules\n\n");
    for module in modules {
        let names: Vec<String> = super::CONSTANTS
            .iter()
            .filter(|row| row.0 == module)
            .map(|row| format!("`{module}.{}`", row.1))
            .collect();
        let _ = writeln!(out, "- {}", names.join(", "));
    }
    out
}

/// Known by name, so that they can be refused by name.
const UNSUPPORTED: &[&str] = &["print", "id", "slice", "object"];

/// In which section a row stands, and what it is called there.
fn place(name: &'static str) -> ((u8, &'static str), String) {
    if let Some((head, _)) = name.split_once('.') {
        let is_type = name.starts_with(|c: char| c.is_lowercase()) && TYPES.contains(&head);
        let kind = if is_type || head.starts_with("Counter") { 2 } else { 3 };
        return ((kind, head), name.to_string());
    }
    if name.starts_with(|c: char| c.is_alphabetic()) && super::builtins::is_builtin(name) {
        return ((0, ""), name.to_string());
    }
    ((1, ""), super::spelled(name).to_string())
}

const TYPES: &[&str] = &[
    "array",
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "defaultdict",
    "deque",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "memoryview",
    "range",
    "set",
    "str",
    "tuple",
    "view",
];

fn code(text: &str) -> String {
    if text.is_empty() {
        return "nothing".into();
    }
    format!("`{}`", text.replace('|', "\\|"))
}

fn arguments(op: &Op) -> String {
    let mut parts: Vec<String> = op.params.iter().map(describe).collect();
    for (var, types) in &op.bounds {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        let name = var.to_string();
        parts.iter_mut().for_each(|part| {
            if *part == name {
                part.clone_from(&names.join(" | "));
            } else {
                *part = part.replace(&format!("[{name}"), &format!("[{}", names.join(" | ")));
            }
        });
    }
    parts.join(", ")
}

/// A pattern as a type in a signature.
fn describe(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Scalar(t) => t.to_string(),
        Pattern::Var(v) | Pattern::Same(v) | Pattern::Given(v) => v.to_string(),
        Pattern::Other(v) => format!("no {v}"),
        Pattern::Buffer => "bytes | bytearray".into(),
        Pattern::Packed(crate::ty::Type::Never) => "array".into(),
        Pattern::Packed(item) => format!("array[{item}]"),
        Pattern::OptInt => "int | None = None".into(),
        Pattern::List(v) => format!("list[{v}]"),
        Pattern::ListOf(t) => format!("list[{t}]"),
        Pattern::Pairs(k, v) => format!("list[tuple[{k}, {v}]]"),
        Pattern::Dict(k, v, kind) => match kind {
            Some(DictKind::Counter) => format!("Counter[{k}]"),
            Some(DictKind::Ordered) => format!("OrderedDict[{k}, {v}]"),
            Some(DictKind::Default) => format!("defaultdict[{k}, {v}]"),
            Some(DictKind::Plain) | None => format!("dict[{k}, {v}]"),
        },
        Pattern::DictOf(key, value) => format!("dict[{key}, {}]", describe(value)),
        Pattern::DictView(k, v, None) => format!("view of dict[{k}, {v}]"),
        Pattern::DictView(k, v, Some(side)) => match side {
            Side::Keys => format!("keys of dict[{k}, {v}]"),
            Side::Values => format!("values of dict[{k}, {v}]"),
            Side::Items => format!("items of dict[{k}, {v}]"),
        },
        Pattern::Pair(k, v) => format!("tuple[{k}, {v}]"),
        Pattern::SetOfPairs(k, v) => format!("set[tuple[{k}, {v}]]"),
        Pattern::Deque(v) => format!("deque[{v}]"),
        Pattern::Iter(v) => format!("iterator[{v}]"),
        Pattern::Set(v, Some(true)) => format!("frozenset[{v}]"),
        Pattern::Set(v, Some(false)) => format!("set[{v}]"),
        Pattern::Set(v, None) => format!("set[{v}] | frozenset[{v}]"),
        Pattern::VarTuple(v) => format!("tuple[{v}, ...]"),
        Pattern::Tuple(items) => {
            format!("tuple[{}]", items.iter().map(describe).collect::<Vec<_>>().join(", "))
        }
        Pattern::Optional(v) => format!("{v} | None"),
        Pattern::AnyOf(types) => types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "),
        Pattern::VarTupleOf(t) => format!("tuple[{t}, ...]"),
    }
}
