use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let tree = Tree(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            let path = tree.0.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, text).expect("written");
        }
        tree
    }

    fn plan(&self) -> Plan {
        plan(&Project::load(self.0.path()).expect("a project"))
            .unwrap_or_else(|findings| panic!("{findings:?}"))
    }

    /// The diff; afterwards there is nothing left to do.
    fn applied(&self) -> String {
        let plan = self.plan();
        plan.apply(self.0.path()).expect("written");
        let again = self.plan();
        assert_eq!(again.diff(), "", "planning again finds nothing");
        let notes: String = plan.notes.iter().map(|note| format!("note: {note}\n")).collect();
        plan.diff() + &notes
    }
}

#[test]
fn setuptools() {
    let pyproject = "# Mine.\n[build-system]\nrequires = [\n    \"setuptools>=77\",  # new\n]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"demo\"\n\n[tool.uv]\ndev = true\n";
    let tree = Tree::new(&[
        ("pyproject.toml", pyproject),
        (".gitignore", "*.so\n__pycache__"),
        ("src/demo/__init__.py", "\"\"\"Doc.\"\"\"\n\nfrom .a import f\n\n__all__ = [\"f\"]\n"),
        ("src/demo/a.py", "def f(): pass\n"),
    ]);
    insta::assert_snapshot!(tree.applied());
}

#[test]
fn a_lock_of_uv_is_a_project_of_uv() {
    let pyproject = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"demo\"\n";
    let tree = Tree::new(&[("pyproject.toml", pyproject), ("uv.lock", ""), ("src/demo/__init__.py", "")]);
    let diff = tree.applied();
    assert!(diff.contains("+[tool.uv]\n+cache-keys = [{ file = \"pyproject.toml\" }, "), "{diff}");
}

#[test]
fn hatch_with_code_before() {
    let pyproject = "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n[project]\nname = \"demo\"\n";
    let tree = Tree::new(&[("pyproject.toml", pyproject), ("demo/__init__.py", "def f():\n    return 1")]);
    insta::assert_snapshot!(tree.applied());
}

#[test]
fn setup_py_only_and_a_top_level_module() {
    let setup = "import numpy\nfrom setuptools import setup\nsetup(name='x', py_modules=['top'])\n";
    let tree = Tree::new(&[("setup.py", setup), ("top.py", "")]);
    insta::assert_snapshot!(tree.applied());
}

#[test]
fn pyproject_without_build_system() {
    let tree =
        Tree::new(&[("pyproject.toml", "[project]\nname = \"run\"\n"), ("run_it.py", "x = 1\r\ny = 2\r\n")]);
    let diff = tree.applied();
    insta::assert_snapshot!(diff);
    let text = std::fs::read_to_string(tree.0.path().join("run_it.py")).expect("read");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn maturin() {
    let tree = Tree::new(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n[tool.maturin]\npython-source = \"python\"\nmodule-name = \"demo._pyrust\"\n",
        ),
        ("Cargo.toml", "[package]\nname = \"demo\"\n"),
        ("python/demo/__init__.py", ""),
    ]);
    insta::assert_snapshot!(tree.applied());
}

/// Older ones cannot read the `include` that is written.
#[test]
fn maturin_is_raised() {
    for (old, new) in [
        ("[\"maturin>=1.5,<1.16\"]", "[\"maturin>=1.16,<2\"]"),
        ("[\n  'maturin>=1.0,<2.0', # ours\n  'x'\n]", "[\n  \"maturin>=1.16,<2.0\", # ours\n  'x'\n]"),
        ("[\"maturin\"]", "[\"maturin\"]"),
    ] {
        let text = MATURIN.replace("[\"maturin\"]", old);
        let tree = Tree::new(&[("pyproject.toml", &text), ("demo/__init__.py", "")]);
        tree.applied();
        let written = std::fs::read_to_string(tree.0.path().join("pyproject.toml")).expect("read");
        assert!(written.contains(&format!("requires = {new}\n")), "{written}");
        assert!(written.contains("from = \"out-dir\""));
    }
}

#[test]
fn a_crate_that_is_another_module_is_left_alone() {
    let tree = Tree::new(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n[tool.maturin]\npython-source = \"python\"\nmodule-name = \"demo._core\"\n",
        ),
        ("Cargo.toml", "[package]\nname = \"demo\"\n"),
        ("src/lib.rs", "// PyO3\n"),
        ("python/demo/__init__.py", ""),
    ]);
    let plan = tree.plan();
    assert!(plan.changes.iter().all(|change| !matches!(change.path.as_str(), "Cargo.toml" | "build.rs")));
    assert!(plan.notes[0].contains("include = [{ path = \"python/demo/_pyrust.*\""));
}

const MATURIN: &str = "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n\n[project]\nname = \"My.Demo\"\nversion = \"1.0\"\n";

#[test]
fn maturin_without_a_crate() {
    let tree = Tree::new(&[("pyproject.toml", MATURIN), ("python/demo/__init__.py", "")]);
    insta::assert_snapshot!(tree.applied());
}

/// As `maturin new` makes them: nothing but `Cargo.toml` tells of the module.
#[test]
fn crates_of_other_modules_are_recognised() {
    let named = "[package]\nname = \"demo\"\n[lib]\nname = \"demo\"\n";
    let binding = "[package]\nname = \"demo\"\n[dependencies]\npyo3 = \"0.29\"\n";
    for (place, cargo) in [("Cargo.toml", named), ("Cargo.toml", binding), ("rust/Cargo.toml", named)] {
        let tree = Tree::new(&[
            ("pyproject.toml", MATURIN),
            (place, cargo),
            ("src/lib.rs", "// PyO3\n"),
            ("python/demo/__init__.py", "from .demo import *\n"),
        ]);
        let plan = tree.plan();
        let changed: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(changed, ["pyproject.toml", ".gitignore", "python/demo/__init__.py"]);
        assert!(!plan.diff().contains("module-name"));
        assert!(plan.notes[0].contains("this crate makes the module `demo`"), "{:?}", plan.notes);
        std::fs::remove_dir_all(tree.0.path().join("python")).expect("removed");
        let plan = tree.plan();
        assert_eq!(plan.notes.len(), 1, "no package to speak of: {:?}", plan.notes);
    }
}

#[test]
fn other_back_ends_and_existing_imports() {
    let init = "try:\n    from . import _pyrust\nexcept ImportError:\n    pass\n";
    let tree = Tree::new(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"flit_core\"]\nbuild-backend = \"flit_core.buildapi\"\n[tool]\npyrust = {}\n",
        ),
        (".gitignore", "/.pyrust\n*.so\n*.pyd\n"),
        ("demo/__init__.py", init),
    ]);
    let plan = tree.plan();
    assert_eq!(plan.diff(), "");
    assert!(plan.notes[0].contains("no hook"));
}

#[test]
fn a_syntax_error_changes_nothing() {
    let tree =
        Tree::new(&[("pyproject.toml", "[project]\nname = \"demo\"\n"), ("demo/__init__.py", "def f(:\n")]);
    let project = Project::load(tree.0.path()).expect("a project");
    assert_eq!(plan(&project).expect_err("broken")[0].code, "PYR0304");
}

#[test]
fn requirements_keep_their_layout() {
    let cases = [
        ("[\n    \"setuptools\"\n]", "[\n    \"setuptools\",\n    \"pyrust-optimizer\",\n]"),
        ("[\n    \"setuptools\",\n]", "[\n    \"setuptools\",\n    \"pyrust-optimizer\",\n]"),
        (
            "[\n  \"a\", # one\n  \"b\" # two\n  ]",
            "[\n  \"a\", # one\n  \"b\", # two\n  \"pyrust-optimizer\",\n  ]",
        ),
        ("[\"setuptools\"]", "[\"setuptools\", \"pyrust-optimizer\"]"),
        ("[]", "[\"pyrust-optimizer\"]"),
        ("[\"Pyrust_Optimizer>=0.1\"]", "[\"Pyrust_Optimizer>=0.1\"]"),
    ];
    for (old, new) in cases {
        let text = |requires: &str| format!("[build-system]\nrequires = {requires}\n\n[tool.pyrust]\n");
        let tree = Tree::new(&[("pyproject.toml", &text(old)), ("demo/__init__.py", "")]);
        tree.applied();
        let written = std::fs::read_to_string(tree.0.path().join("pyproject.toml")).expect("read");
        assert_eq!(written, text(new));
    }
}

#[test]
fn a_crate_without_python_packaging() {
    let tree = Tree::new(&[
        ("Cargo.toml", "[package]\nname = \"demo\"\n"),
        ("build.rs", "fn main() {}\n"),
        ("python/demo/__init__.py", ""),
    ]);
    let plan = tree.plan();
    let changed: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(changed, [".gitignore", "python/demo/__init__.py", "Cargo.toml", "src/lib.rs"]);
    assert!(plan.notes[0].starts_with("add to `build.rs`:"), "{:?}", plan.notes);
}

#[test]
fn a_folder_without_init() {
    let pyproject = "[build-system]\nrequires = [\"setuptools\"]\n";
    let files =
        [("pyproject.toml", pyproject), ("src/kit/m.py", ""), ("src/a-b/m.py", ""), ("tests/test_m.py", "")];
    let plan = Tree::new(&files).plan();
    assert!(plan.notes[0].contains("`src/kit` has modules but no `__init__.py`"), "{:?}", plan.notes);
    let plan = Tree::new(&[("pyproject.toml", pyproject), ("tests/test_m.py", "")]).plan();
    assert!(plan.notes[0].starts_with("no package or module was found"), "{:?}", plan.notes);
}

#[test]
fn a_byte_order_mark_stays() {
    let tree = Tree::new(&[
        ("pyproject.toml", "[build-system]\nrequires = [\"setuptools\"]\n"),
        ("kit/__init__.py", "\u{feff}x = 1\r\n"),
    ]);
    let shown = tree.applied();
    assert!(!shown.contains("-\u{feff}"), "{shown}");
    let written = std::fs::read_to_string(tree.0.path().join("kit/__init__.py")).expect("read");
    assert!(written.starts_with("\u{feff}x = 1\r\n\r\ntry:\r\n"), "{written:?}");
    assert!(tree.plan().changes.is_empty());
}
