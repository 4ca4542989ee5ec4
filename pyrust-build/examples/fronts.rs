//! Compares the two fronts of the parser over every Python file below some folders:
//! `cargo run -p pyrust-build --example fronts -- FOLDER …`. Where both read a file, tree, spans and source hashes must
//! be the same; a difference is printed and the exit code is 1.

use std::path::{Path, PathBuf};

use pyrust_build::hash::{functions, source_hash};
use pyrust_build::parse::{Front, parse_with};
use pyrust_build::source::SourceFile;
use pyrust_build::workspace::with_deep_stack;

fn main() {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut files);
    }
    files.sort();
    let failed = with_deep_stack(|| compare(&files));
    std::process::exit(i32::from(failed));
}

fn compare(files: &[PathBuf]) -> bool {
    let (mut same, mut different, mut functions_same) = (0, 0, 0);
    let mut only = [Vec::new(), Vec::new(), Vec::new()];
    for path in files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let file = SourceFile::new("m", path.to_string_lossy(), text);
        let trees = (parse_with(Front::Classic, &file), parse_with(Front::Modern, &file));
        match trees {
            (Some(a), Some(b)) => {
                let hashes = |module| -> Vec<(String, String)> {
                    functions(module).into_iter().map(|(name, def)| (name, source_hash(def))).collect()
                };
                let (ha, hb) = (hashes(&a), hashes(&b));
                if a == b && ha == hb {
                    same += 1;
                    functions_same += ha.len();
                    continue;
                }
                different += 1;
                println!("{}: {}", path.display(), if ha == hb { "spans differ" } else { "trees differ" });
                let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
                for (i, (x, y)) in a.lines().zip(b.lines()).enumerate() {
                    if x != y {
                        let around: Vec<&str> =
                            a.lines().skip(i.saturating_sub(14)).take(14).map(str::trim).collect();
                        println!("    {}\n  first:  {}\n  second: {}", around.join(" "), x.trim(), y.trim());
                        break;
                    }
                }
            }
            (None, Some(_)) => only[1].push(path),
            (Some(_), None) => only[0].push(path),
            (None, None) => only[2].push(path),
        }
    }
    println!("{same} files and {functions_same} functions the same, {different} different");
    for (paths, who) in only.iter().zip(["only the first", "only the second", "neither"]) {
        println!("{} read by {who}", paths.len());
        for path in paths {
            println!("    {}", path.display());
        }
    }
    different > 0
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "py") {
            out.push(path);
        }
    }
}
