use super::merge::{Profile, Profiled};
use super::*;

const EXAMPLE: &str = r#"# Written by `pytest --pyrust-profile`; edit freely, comments are kept.
version = 1

[[hotspot]]
function = "textkit.distance:levenshtein"        # the famous one
signatures = ["(str, str) -> int"]
source = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

# Kept in Python on purpose.
[[hotspot]]
function = "textkit.stats:Summary.add"
signatures = [
    "(textkit.stats.Summary, float) -> None",
    "(textkit.stats.Summary, int) -> None",  # rare
]
mode = "python"
gate = "slower"
# the end
"#;

fn parse(text: &str) -> Manifest {
    Manifest::parse("pyrust.toml", text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

#[track_caller]
fn refused(text: &str, code: &str, line: usize, words: &str) {
    let findings = Manifest::parse("pyrust.toml", text).expect_err(text);
    let file = crate::source::SourceFile::new("", "pyrust.toml", text);
    let finding = &findings[0];
    assert_eq!(finding.code, code, "{finding:?}");
    let message = format!("{} {}", finding.message, finding.help.clone().unwrap_or_default());
    assert!(message.contains(words), "{message}");
    assert_eq!(file.line(finding.span.expect("a place").start), line, "{finding:?}");
}

#[test]
fn reads_the_example() {
    let manifest = parse(EXAMPLE);
    assert_eq!(manifest.hotspots.len(), 2);
    let entry = manifest.entry("textkit.stats:Summary.add").expect("an entry");
    assert_eq!((entry.mode, entry.gate, entry.signatures.len()), (Mode::Python, true, 2));
    assert_eq!((entry.module(), entry.qualname()), ("textkit.stats", "Summary.add"));
}

#[test]
fn rewriting_without_changes_gives_the_same_bytes() {
    assert_eq!(parse(EXAMPLE).render(Some(EXAMPLE)), EXAMPLE);
    let fresh = parse(EXAMPLE).render(None);
    assert_eq!(parse(&fresh), parse(EXAMPLE));
    assert_eq!(parse(&fresh).render(Some(&fresh)), fresh);
}

#[test]
fn edits_keep_comments_and_sort() {
    let mut manifest = parse(EXAMPLE);
    let entry = manifest.entry_or_add("textkit.distance:levenshtein");
    entry.source = Some(format!("sha256:{}", "1".repeat(64)));
    entry.signatures.push(Signature::parse("(bytes, bytes) -> int").expect("a signature"));
    manifest.entry_or_add("a:first").signatures = vec![Signature::parse("() -> None").expect("a signature")];
    manifest.entry_or_add("textkit.stats:Summary.add").mode = Mode::Native;
    insta::assert_snapshot!(manifest.render(Some(EXAMPLE)));
}

#[test]
fn removing_the_last_entry_leaves_a_valid_file() {
    let mut manifest = parse(EXAMPLE);
    assert!(manifest.remove("textkit.stats:Summary.add") && manifest.remove("textkit.distance:levenshtein"));
    assert_eq!(parse(&manifest.render(Some(EXAMPLE))), Manifest::default());
}

#[test]
fn windows_line_ends_become_plain() {
    let text = manifest_of("a:f").replace('\n', "\r\n");
    assert!(!parse(&text).render(Some(&text)).contains('\r'));
}

fn manifest_of(function: &str) -> String {
    format!("version = 1\n\n[[hotspot]]\nfunction = \"{function}\"\n")
}

#[test]
fn hostile_input() {
    refused("not toml at all", "PYR0102", 1, "not TOML");
    refused("version = 1\n[[hotspot]\n", "PYR0102", 2, "not TOML");
    refused("version = 2\nfuture = true\n", "PYR0104", 1, "upgrade");
    refused("version = \"1\"\n", "PYR0104", 1, "must be 1");
    refused("", "PYR0104", 1, "no `version`");
    refused("version = 1\nhotspots = []\n", "PYR0105", 2, "did you mean `hotspot`");
    refused("version = 1\nhotspot = 3\n", "PYR0106", 2, "list of tables");
    refused("version = 1\n[hotspot]\nfunction = \"a:b\"\n", "PYR0106", 2, "[[hotspot]]");
    refused(
        "version = 1\n[[hotspot]]\nsignature = 1\nfunction = \"a:b\"\n",
        "PYR0105",
        3,
        "did you mean `signatures`",
    );
    refused("version = 1\n[[hotspot]]\nmode = \"python\"\n", "PYR0106", 3, "no `function`");
    refused("version = 1\n[[hotspot]]\nfunction = 5\n", "PYR0106", 3, "must be a string, not an integer");
    refused(&manifest_of("../../etc/passwd:x"), "PYR0107", 4, "not a Python identifier");
    refused(&manifest_of("a:b\\\"]; evil()"), "PYR0107", 4, "not a Python identifier");
    refused(&manifest_of("a:f.<locals>.g"), "PYR0107", 4, "inside functions");
    refused(&manifest_of("a.b"), "PYR0107", 4, "module:qualname");
    refused(&manifest_of("a:b\\u0000"), "PYR0107", 4, "not a Python identifier");
    refused(&format!("{}[[hotspot]]\nfunction = \"a:b\"\n", manifest_of("a:b")), "PYR0108", 6, "two entries");
    refused(&format!("{}signatures = \"() -> None\"\n", manifest_of("a:b")), "PYR0106", 5, "list of strings");
    refused(
        &format!("{}signatures = [\"(flaot) -> None\"]\n", manifest_of("a:b")),
        "PYR0109",
        5,
        "did you mean `float`",
    );
    refused(
        &format!("{}signatures = [\"() -> int\", \"(int) -> int\"]\n", manifest_of("a:b")),
        "PYR0109",
        5,
        "a signature has 1 parameter, another one of the same function 0",
    );
    refused(&format!("{}mode = \"naitve\"\n", manifest_of("a:b")), "PYR0106", 5, "did you mean `native`");
    refused(&format!("{}gate = \"faster\"\n", manifest_of("a:b")), "PYR0106", 5, "`slower`");
    refused(&format!("{}source = \"sha256:abc\"\n", manifest_of("a:b")), "PYR0106", 5, "64 hexadecimal");
    refused("version = 1\n<<<<<<< HEAD\n", "PYR0103", 2, "check --fix");
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let text = "version = 1\n[[hotspot]]\nfunction = \"a:b\"\nmode = 1\ngate = 2\nsource = 3\nextra = 4\n";
    assert_eq!(Manifest::parse("pyrust.toml", text).expect_err("wrong").len(), 4);
}

#[test]
fn the_place_in_a_signature_is_exact() {
    let text = format!("{}signatures = [\"(int, flaot) -> None\"]\n", manifest_of("a:b"));
    let span = Manifest::parse("pyrust.toml", &text).expect_err("wrong")[0].span.expect("a place");
    assert!(text[span.start as usize..].starts_with("flaot"));
}

#[test]
fn not_utf8_and_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pyrust.toml");
    assert!(Manifest::load(&path).expect_err("missing")[0].message.contains("no such file"));
    std::fs::write(&path, b"version = 1\n# \xff\n").expect("written");
    assert!(Manifest::load(&path).expect_err("latin-1")[0].message.contains("not UTF-8: line 2"));
}

#[test]
fn conflicts_unite() {
    let text = "version = 1\n\n[[hotspot]]\nfunction = \"a:f\"\n<<<<<<< HEAD\nsignatures = [\"(int) -> int\"]\nsource = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n||||||| base\n=======\nsignatures = [\"(str) -> int\"]\nsource = \"sha256:1111111111111111111111111111111111111111111111111111111111111111\"\n\n[[hotspot]]\nfunction = \"a:g\"\nmode = \"require\"\n>>>>>>> other\n";
    let united = conflict::resolve("pyrust.toml", text).expect("united");
    insta::assert_snapshot!(united);
    parse(&united);
}

#[test]
fn markers_out_of_order_stay_an_error() {
    let findings = conflict::resolve("pyrust.toml", "version = 1\n>>>>>>> x\n").expect_err("no sides");
    assert_eq!(findings[0].code, "PYR0103");
}

#[test]
fn duplicates_unite() {
    let text = format!(
        "{}signatures = [\"(int) -> int\"]\n\n[[hotspot]]\nfunction = \"a:f\"\nsignatures = [\"(str) -> int\"]\n",
        manifest_of("a:f")
    );
    let united = conflict::unite_duplicates("pyrust.toml", &text).expect("united");
    assert_eq!(parse(&united).hotspots[0].signatures.len(), 2);
}

fn profiled(function: &str, share: f64, signatures: &[(&str, u64)]) -> Profiled {
    Profiled {
        function: function.into(),
        share,
        signatures: signatures.iter().map(|(s, n)| (Signature::parse(s).expect("a signature"), *n)).collect(),
    }
}

#[test]
fn profiles_merge_with_hysteresis() {
    let hash = |_: &str| Ok(format!("sha256:{}", "2".repeat(64)));
    let mut manifest = Manifest::default();
    let first = Profile {
        threshold: 1.0,
        measured: true,
        functions: vec![
            profiled("a:hot", 60.0, &[("(int) -> int", 10)]),
            profiled("a:cool", 0.9, &[("(int) -> int", 10)]),
            profiled("a:edge", 1.0, &[("(list[?]) -> int", 10)]),
        ],
        ..Profile::default()
    };
    let summary = merge::merge(&mut manifest, &first, hash);
    assert_eq!(summary.added, ["a:edge", "a:hot"]);
    assert_eq!(summary.coverage, 61.0);
    let text = manifest.render(None);
    merge::merge(&mut manifest, &first, hash);
    assert_eq!(manifest.render(Some(&text)), text, "the same profile gives the same bytes");

    let second = Profile {
        threshold: 1.0,
        measured: true,
        functions: vec![
            profiled("a:hot", 0.5, &[("(str) -> int", 30)]),
            profiled("a:edge", 0.49, &[("(list[int]) -> int", 1)]),
        ],
        ..Profile::default()
    };
    let summary = merge::merge(&mut manifest, &second, hash);
    assert_eq!((summary.removed, summary.widened), (vec!["a:edge".to_string()], vec!["a:hot".to_string()]));
    let signatures: Vec<String> = manifest.hotspots[0].signatures.iter().map(Signature::to_string).collect();
    assert_eq!(signatures, ["(str) -> int", "(int) -> int"]);

    let needed = [profiled("a:edge", 0.1, &[("(list[int]) -> int", 1)]), profiled("a:hot", 0.1, &[])];
    let third = Profile { functions: needed.to_vec(), needed: ["a:edge".to_string()].into(), ..second };
    let summary = merge::merge(&mut manifest, &third, hash);
    assert_eq!((summary.added, summary.removed), (vec!["a:edge".to_string()], vec!["a:hot".to_string()]));
    let summary = merge::merge(&mut manifest, &third, hash);
    assert_eq!(summary.kept, ["a:edge"], "needed, whatever its share");
}

#[test]
fn what_people_decided_stays() {
    let mut manifest = parse(EXAMPLE);
    let summary = merge::merge(
        &mut manifest,
        &Profile { threshold: 1.0, measured: true, ..Profile::default() },
        |_| Err("gone".into()),
    );
    assert_eq!(summary.removed, ["textkit.distance:levenshtein"]);
    assert_eq!(manifest.hotspots[0].mode, Mode::Python);
}

#[test]
fn a_short_run_removes_nothing() {
    let mut manifest = parse(EXAMPLE);
    let before = manifest.hotspots.len();
    let short = Profile { threshold: 1.0, measured: false, ..Profile::default() };
    let summary = merge::merge(&mut manifest, &short, |_| Err("gone".into()));
    assert!(summary.removed.is_empty());
    assert_eq!(manifest.hotspots.len(), before);
}

#[test]
fn damaged_files_never_panic() {
    let mut state = 5u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let pieces = [
        "\"",
        "[",
        "]",
        "=",
        "\n",
        "é",
        "\u{0}",
        "[[hotspot]]\n",
        "<<<<<<< a\n",
        "=======\n",
        ">>>>>>> b\n",
        "(",
        "?",
        ",",
    ];
    for _ in 0..3_000 {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for _ in 0..=below(4) {
            let at = below(text.len());
            match below(3) {
                0 => drop(text.drain(at..(at + below(20)).min(text.len()))),
                _ => drop(text.splice(at..at, pieces[below(pieces.len())].chars()).collect::<Vec<_>>()),
            }
        }
        let text: String = text.into_iter().collect();
        match Manifest::parse("pyrust.toml", &text) {
            Ok(manifest) => assert_eq!(parse(&manifest.render(Some(&text))), manifest),
            Err(findings) => {
                let mut sources = crate::render::Sources::default();
                sources.insert("pyrust.toml", &text);
                let rendered =
                    crate::render::render(&findings, &mut sources, crate::render::Format::Full, false);
                assert!(rendered.starts_with("error[PYR01"), "{rendered}");
            }
        }
        let _ = conflict::resolve("pyrust.toml", &text);
    }
}

/// What editors know of the format is what is read.
#[test]
fn the_schema_has_the_same_keys() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/pyrust.schema.json")).expect("it is JSON");
    let entry = &schema["properties"]["hotspot"]["items"];
    let known: Vec<&str> =
        entry["properties"].as_object().expect("a table").keys().map(String::as_str).collect();
    let mut keys = validate::ENTRY_KEYS.to_vec();
    keys.sort_unstable();
    assert_eq!(known, keys);
    let modes: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
    assert_eq!(entry["properties"]["mode"]["enum"], serde_json::json!(modes));
    assert_eq!(entry["properties"]["signatures"]["maxItems"], crate::signature::MAX_SIGNATURES);
    assert_eq!(schema["properties"]["version"]["const"], 1);
    for table in [&schema, entry] {
        assert_eq!(table["additionalProperties"], false);
    }
}

const ATTRIBUTES: &str = r#"version = 1

[[hotspot]]
function = "kit.text:Parser.next"
signatures = ["(kit.text.Parser) -> str"]

[attributes]
"kit.text.Parser.seen" = "bigint | int"  # grows
"kit.text.Parser.tokens" = "list[str]"
"#;

#[test]
fn attributes_are_read_and_written() {
    let manifest = parse(ATTRIBUTES);
    assert_eq!(manifest.attributes["kit.text.Parser.tokens"].to_string(), "list[str]");
    assert_eq!(manifest.render(Some(ATTRIBUTES)), ATTRIBUTES);
    assert_eq!(parse(&manifest.render(None)), manifest);
    let mut fewer = manifest.clone();
    fewer.attributes.clear();
    assert!(!fewer.render(Some(ATTRIBUTES)).contains("attributes"));
}

#[test]
fn attributes_widen_and_go() {
    let mut manifest = parse(ATTRIBUTES);
    let seen = |name: &str, ty: &str| (name.to_string(), SigType::parse(ty).expect(ty));
    let profile = Profile {
        attributes: [seen("kit.text.Parser.tokens", "None"), seen("kit.text.Parser.at", "int")].into(),
        unasked: ["kit.text.Parser.seen".to_string()].into(),
        ..Profile::default()
    };
    for _ in 0..2 {
        super::merge::merge(&mut manifest, &profile, |_| Err("nowhere".into()));
        let text = manifest.render(Some(ATTRIBUTES));
        let end = "[attributes]\n\"kit.text.Parser.at\" = \"int\"\n\"kit.text.Parser.tokens\" = \"None | list[str]\"\n";
        assert!(text.ends_with(end), "{text}");
    }
}

#[test]
fn both_sides_of_a_conflict_tell_of_attributes() {
    let ours = ATTRIBUTES.replace("list[str]", "list[int]");
    let at = ATTRIBUTES.find("\"kit.text.Parser.tokens").expect("a line");
    let (head, theirs, ours) = (&ATTRIBUTES[..at], &ATTRIBUTES[at..], &ours[at..]);
    let text = format!("{head}<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n");
    let united = conflict::resolve("pyrust.toml", &text).expect("two sides");
    assert!(united.contains("\"kit.text.Parser.tokens\" = \"list[int | str]\""), "{united}");
}

#[test]
fn bad_attributes_are_refused() {
    let text = |line: &str| format!("version = 1\n\n[attributes]\n{line}\n");
    refused(&text("tokens = \"int\""), "PYR0107", 4, "package.module.Class.attribute");
    refused(&text("kit.text.Parser.tokens = \"int\""), "PYR0107", 4, "with the quotes");
    refused(&text("\"kit.text.Parser.a-b\" = \"int\""), "PYR0107", 4, "a-b");
    refused(&text("\"kit.text.Parser.tokens\" = 1"), "PYR0106", 4, "must be a string");
    refused(&text("\"kit.text.Parser.tokens\" = \"list[\""), "PYR0109", 4, "bad type");
    refused("version = 1\nattributes = 3\n", "PYR0106", 2, "a table");
}
