//! Licence notices of what is linked into a module: every crate that `cargo metadata` names, and Rust's own library.
//!
//! In: the text of `cargo metadata`, the folder of the toolchain. Out: one text, with each distinct licence once. The texts
//! are those that lie beside the crates; nothing is made up: a crate without one is listed with what its manifest says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

/// Name of the notices beside the generated text.
pub const FILE: &str = "pyrust_licenses.txt";

/// How the files begin that hold the terms, or notices that must be handed on.
const NAMES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// Something that is linked in.
struct Part {
    name: String,
    terms: String,
    /// Name of the file, its text.
    texts: Vec<(String, String)>,
}

/// The notices for the crates that the workspace members of `metadata` link to, and for the standard library of the
/// toolchain in `sysroot`.
pub fn notices(metadata: &str, sysroot: Option<&Path>) -> Result<String, String> {
    let metadata: Value = serde_json::from_str(metadata).map_err(|error| error.to_string())?;
    let mut parts = linked(&metadata)?;
    parts.push(library(sysroot));
    Ok(render(&parts))
}

/// The crates that end up in the modules: reached from the members without build scripts and procedural macros.
fn linked(metadata: &Value) -> Result<Vec<Part>, String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_string();
    let packages: BTreeMap<String, &Value> =
        list(&metadata["packages"]).map(|package| (text(package, "id"), package)).collect();
    let nodes: BTreeMap<String, &Value> =
        list(&metadata["resolve"]["nodes"]).map(|node| (text(node, "id"), node)).collect();
    let members: Vec<String> = match metadata["resolve"]["root"].as_str() {
        Some(root) => vec![root.to_string()],
        None => list(&metadata["workspace_members"]).filter_map(Value::as_str).map(str::to_string).collect(),
    };
    if members.is_empty() || nodes.is_empty() {
        return Err("`cargo metadata` names no crate".into());
    }
    let mut seen: BTreeSet<String> = members.iter().cloned().collect();
    let mut waiting = members;
    let mut found = Vec::new();
    while let Some(id) = waiting.pop() {
        let node = nodes.get(&id).ok_or_else(|| format!("`cargo metadata` does not resolve {id}"))?;
        for dependency in list(&node["deps"]) {
            let normal = list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
            let id = text(dependency, "pkg");
            let Some(package) = packages.get(&id).copied().filter(|package| normal && !is_macro(package))
            else {
                continue;
            };
            if seen.insert(id.clone()) {
                found.push(described(package));
                waiting.push(id);
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_macro(package: &Value) -> bool {
    list(&package["targets"]).any(|target| list(&target["kind"]).any(|kind| kind == "proc-macro"))
}

fn described(package: &Value) -> Part {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let authors: Vec<&str> = list(&package["authors"]).filter_map(Value::as_str).collect();
    let mut terms = match text("license") {
        "" => "terms: see the text".to_string(),
        license => license.to_string(),
    };
    if !authors.is_empty() {
        let _ = write!(terms, "; {}", authors.join(", "));
    }
    if !text("repository").is_empty() {
        let _ = write!(terms, "; {}", text("repository"));
    }
    let folder = Path::new(text("manifest_path")).parent().unwrap_or(Path::new(""));
    let mut texts = texts_in(folder);
    if let Some(named) = package["license_file"].as_str() {
        // It may lie anywhere in the crate.
        let read = std::fs::read(folder.join(named)).ok().map(|bytes| (named.to_string(), normal(&bytes)));
        texts.extend(read.filter(|text| !texts.contains(text)));
    }
    Part { name: format!("{} {}", text("name"), text("version")), terms, texts }
}

/// The files of a folder that hold terms, sorted by name.
fn texts_in(folder: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let lower = name.to_lowercase();
            let wanted = NAMES.iter().any(|start| lower.starts_with(start)) && !lower.ends_with(".rs");
            let bytes = wanted.then(|| std::fs::read(entry.path()).ok()).flatten()?;
            Some((name, normal(&bytes)))
        })
        .collect();
    found.sort();
    found
}

/// A text as it is shown: without what differs between copies of the same one.
fn normal(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_string()
}

/// Rust's own library, which every module contains: its notices lie in the toolchain's documentation, as a page.
fn library(sysroot: Option<&Path>) -> Part {
    let page = sysroot
        .map(|folder| folder.join("share/doc/rust/COPYRIGHT-library.html"))
        .and_then(|path| std::fs::read_to_string(path).ok());
    let mut texts = Vec::new();
    if let Some(page) = page {
        let words = page.split_once("<body>").map_or(page.as_str(), |(_, body)| body);
        // Licences stand in `<pre>`, what they belong to around them.
        let mut around = String::new();
        for (number, part) in words.split("<pre>").enumerate() {
            let (license, rest) =
                if number == 0 { ("", part) } else { part.split_once("</pre>").unwrap_or((part, "")) };
            if !license.trim().is_empty() {
                texts.push((String::new(), normal(plain(license).as_bytes())));
            }
            around.push_str(rest);
        }
        let lines: Vec<String> = plain(&around)
            .lines()
            .map(|line| line.trim().to_string())
            .filter(|line| !line.is_empty())
            .collect();
        texts.insert(0, (String::new(), lines.join("\n")));
    }
    let terms =
        "MIT OR Apache-2.0; The Rust Project Developers; https://github.com/rust-lang/rust".to_string();
    Part { name: "The Rust Standard Library".into(), terms, texts }
}

/// A page without its tags.
fn plain(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut inside = false;
    for part in page.chars() {
        match part {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => text.push(part),
            _ => {}
        }
    }
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (name, sign)| text.replace(name, sign))
}

fn render(parts: &[Part]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let mut heads = String::new();
    for part in parts {
        let _ = writeln!(heads, "{}\n    {}", part.name, part.terms);
        let mut cited = BTreeSet::new();
        for (_, text) in part.texts.iter().filter(|(_, text)| !text.is_empty()) {
            let number = *numbers.entry(text).or_insert_with(|| {
                order.push(text);
                order.len()
            });
            cited.insert(number);
        }
        let cited: Vec<String> = cited.iter().map(|number| format!("[{number}]")).collect();
        let _ = writeln!(
            heads,
            "    {}",
            if cited.is_empty() { "no text beside it".into() } else { cited.join(" ") }
        );
    }
    let mut text = format!(
        "The native modules that PyRust made for this distribution contain the following, each under its own terms.\n\n{heads}"
    );
    for (number, license) in order.iter().enumerate() {
        let _ = write!(text, "\n{:-<100}\n{license}\n", format!("[{}] ", number + 1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(folder: &Path, name: &str, license: &str, files: &[(&str, &str)], kind: &str) -> Value {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).expect("created");
        for (file, text) in files {
            std::fs::write(folder.join(file), text).expect("written");
        }
        json!({
            "id": name, "name": name, "version": "1.2.3", "license": license, "authors": ["A. Uthor"],
            "repository": null, "license_file": null,
            "manifest_path": folder.join("Cargo.toml"), "targets": [{ "kind": [kind] }],
        })
    }

    #[test]
    fn what_is_linked_is_named_with_its_terms() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = |name: &str, license: &str, files: &[(&str, &str)], kind: &str| {
            package(folder.path(), name, license, files, kind)
        };
        let packages = [
            own("mine", "", &[("LICENSE", "my own terms")], "cdylib"),
            own(
                "runtime",
                "MIT",
                &[("LICENSE-MIT", "Permission\r\nis granted  \n\n"), ("lib.rs", "code")],
                "lib",
            ),
            own(
                "binding",
                "MIT",
                &[("license.txt", "Permission\nis granted"), ("NOTICE", "hand this on")],
                "lib",
            ),
            own("macros", "MIT", &[("LICENSE", "of a macro")], "proc-macro"),
            own("helper", "MIT", &[("LICENSE", "of a build script")], "lib"),
            own("bare", "Zlib", &[], "lib"),
        ];
        let dep =
            |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind, "target": null }] });
        let metadata = json!({
            "packages": packages,
            "workspace_members": ["mine"],
            "resolve": { "root": null, "nodes": [
                { "id": "mine", "deps": [dep("runtime", Value::Null), dep("macros", Value::Null)] },
                { "id": "runtime", "deps": [dep("binding", Value::Null), dep("helper", "build".into())] },
                { "id": "binding", "deps": [dep("bare", Value::Null)] },
                { "id": "bare", "deps": [] },
            ]},
        });
        let text = notices(&metadata.to_string(), None).expect("read");
        for part in [
            "runtime 1.2.3\n    MIT; A. Uthor\n    [2]\n",
            "bare 1.2.3\n    Zlib; A. Uthor\n    no text beside it\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(text.matches("Permission\nis granted").count(), 1, "the same text once:\n{text}");
        assert!(text.contains("hand this on") && text.contains("The Rust Standard Library"));
        for other in ["my own terms", "of a macro", "of a build script", "code"] {
            assert!(!text.contains(other), "{other}\n{text}");
        }
    }

    #[test]
    fn the_library_of_the_toolchain_brings_its_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let doc = folder.path().join("share/doc/rust");
        std::fs::create_dir_all(&doc).expect("created");
        let page = "<html><style>x</style><body><h1>Notices</h1><p>cell-1.0</p><pre>\nBe &#34;nice&#34;\n</pre></body>";
        std::fs::write(doc.join("COPYRIGHT-library.html"), page).expect("written");
        let part = library(Some(folder.path()));
        let texts: Vec<&str> = part.texts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Noticescell-1.0", "Be \"nice\""]);
        assert!(library(Some(Path::new("/nowhere"))).texts.is_empty());
    }

    #[test]
    fn what_is_no_metadata_is_said() {
        assert!(notices("", None).is_err());
        assert!(notices("{}", None).is_err_and(|why| why.contains("no crate")));
    }
}
