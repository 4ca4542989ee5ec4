//! What both fronts read is the same; what is too new costs one function.

use std::path::Path;

use super::*;
use crate::ast::{ExprKind, StmtKind};
use crate::hash::{functions, source_hash};

fn file(text: &str) -> SourceFile {
    SourceFile::new("m", "m.py", text)
}

#[test]
fn both_fronts_make_the_same_tree() {
    let sample = file(include_str!("samples/both.py"));
    let first = parse_with(Front::Classic, &sample).expect("the first reads it");
    assert_eq!(first, parse_with(Front::Modern, &sample).expect("the second reads it"));
    // This project's own Python files, as plain as most are.
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../setuptools-plugin/python")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                let text = file(&std::fs::read_to_string(&path).expect("UTF-8"));
                let first = parse_with(Front::Classic, &text).expect("the first reads it");
                assert_eq!(first, parse_with(Front::Modern, &text).expect("the second reads it"), "{path:?}");
                read += 1;
            }
        }
    }
    assert!(read > 10);
}

#[test]
fn the_second_front_reads_newer_syntax() {
    let text = include_str!("samples/modern.py");
    // Each function by itself, so that none hides behind another.
    for part in text.split("\n\n\n").skip(1) {
        assert_eq!(parse_with(Front::Classic, &file(part)), None, "{part}");
        assert!(parse_module(&file(part)).is_ok(), "{part}");
    }
    let module = parse_module(&file(text)).expect("all of it");
    let spelled = functions(&module).into_iter().find(|(name, _)| name == "spellings").expect("there").1;
    let StmtKind::Return(Some(value)) = &spelled.body[0].kind else { panic!("a return") };
    assert_eq!(value.kind, ExprKind::Name(spelled.params.positional[0].name.clone()));
}

#[test]
fn line_ends_do_not_matter() {
    let text =
        "def f(x):\n    \"\"\"doc\n    string\"\"\"\n    y = f\"\"\"a\n{x}b\"\"\"\n    return '''\n'''\n";
    let dos = text.replace('\n', "\r\n");
    let hash = |text: &str| source_hash(functions(&parse_module(&file(text)).expect("fine"))[0].1);
    assert_eq!(hash(text), hash(&dos));
    let module = parse_module(&file(&dos)).expect("fine");
    let span = functions(&module)[0].1.body[2].span;
    assert_eq!(&dos[span.start as usize..span.end as usize], "return '''\r\n'''");
}

/// Names and whether they can be read, of what `parse_functions` makes of a text.
fn recovered(text: &str) -> Vec<(String, bool)> {
    let module = parse_functions(&file(text)).expect("it can be cut");
    functions(&module)
        .into_iter()
        .map(|(name, def)| (name, module.why_unreadable(def.span).is_none()))
        .collect()
}

fn expect(text: &str, good: &[&str], bad: &[&str]) {
    let found = recovered(text);
    let of = |readable| -> Vec<&str> {
        found.iter().filter(|(_, fine)| *fine == readable).map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!((of(true).as_slice(), of(false).as_slice()), (good, bad), "{text}");
}

#[test]
fn what_cannot_be_read_costs_its_function() {
    let fine = "def before(x):\n    '''doc\nat the margin'''\n    return x\n\n";
    let after = "\n\ndef after(x):\n    return [\n        x,\n    ]\n";
    for bad in [
        "def bad(x):\n    when x is 3 then\n    return x",
        "def bad(x) => x:\n    return x",
        "@decorated\n@again(1)\ndef bad(x):\n    y = x ?? 3\n    return y",
        "async def bad(x):\n    return x +",
        "def bad(\n    x: int,\n    y? = 3,\n):\n    return x",
        "def bad(x):\n    return (x",
        "def bad(x):\n    def inner(y):\n        return y ! 2\n    return inner",
        "def bad(x):\n    '''doc\nat the margin'''\n    y = x ?? 3\n\n    # comment\n    return y",
        "def bad(x):\n    if x:\n        return 1\n     return 2",
        "def bad(x):\n    return '''never closed",
    ] {
        expect(&format!("{fine}{bad}{after}"), &["before", "after"], &["bad"]);
    }
    // A method costs no other method, several errors several functions, a statement of the module no function.
    let class =
        "class C:\n    def a(self): return 1\n\n    def b(self): return 1 ?\n\n    def c(self): return 1\n";
    expect(class, &["C.a", "C.c"], &["C.b"]);
    expect(
        &format!("{fine}def one(: pass\n{after}\ndef two(x): return ?\n"),
        &["before", "after"],
        &["one", "two"],
    );
    expect(&format!("{fine}x = ? 3\n{after}"), &["before", "after"], &[]);
    expect(&format!("{fine}try:\n    x = ? 3\nexcept E:\n    pass\n{after}"), &["before", "after"], &[]);
    expect("x=\ndef f(): pass\n", &["f"], &[]);
}

#[test]
fn the_reason_stands_at_the_place() {
    let text = "def a(): pass\n\ndef b(x):\n    y = x ?? 3\n";
    let module = parse_functions(&file(text)).expect("it can be cut");
    let [(span, why)] = module.unreadable.as_slice() else { panic!("one error: {module:?}") };
    assert_eq!(&text[span.start as usize..span.end as usize], "def b(x):\n    y = x ?? 3");
    assert_eq!(why.code, "PYR0304");
    let place = why.span.expect("a place");
    assert_eq!(&text[place.start as usize..place.start as usize + 1], "?");
}

#[test]
fn what_is_no_python_at_all_fails() {
    assert_eq!(parse_functions(&file(&"(\n".repeat(300))).expect_err("brackets").code, "PYR0304");
    assert!(parse_functions(&file(&"? ! ?\n".repeat(300))).is_err());
}

#[test]
fn deep_nesting_is_read_or_refused() {
    for n in [10_000, 150_000] {
        for text in [
            format!("def f(): return {}1{}\n", "(".repeat(n), ")".repeat(n)),
            format!("def f(): return {}1{}\n", "[".repeat(n), "]".repeat(n)),
            format!("def f(): return 1{}\n", " + 1".repeat(n)),
            format!("def f(): return {}1\n", "not ".repeat(n)),
            format!("def f(): return {}1\n", "-".repeat(n)),
            format!("def f(): return {}\n", "lambda: ".repeat(n) + "1"),
            format!("def f(): return x{}\n", ".a".repeat(n)),
            format!("def f(): return x{}\n", "[0]".repeat(n)),
            format!("def f(): return x{}\n", "()".repeat(n)),
            format!("def f(): return {}1\n", "1 if x else ".repeat(n)),
            format!("def f(): return {}1 ?\n", "(".repeat(n)),
            format!("def f():\n if x: pass\n{}", " elif x: pass\n".repeat(n.min(20_000))),
            format!("match x:\n case {}1{}: pass\n", "[".repeat(n), "]".repeat(n)),
            format!("f'{}x{}'\n", "{".repeat(n), "}".repeat(n)),
        ] {
            let _ = parse_functions(&file(&text));
        }
    }
}
