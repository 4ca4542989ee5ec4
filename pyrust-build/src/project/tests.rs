use super::*;

/// Builds a tree from `path` or `path = text` and lists what is found: `name @ folder: modules`.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, text).expect("written");
    }
    let project = Project::load(folder.path()).unwrap_or_else(|findings| panic!("{findings:?}"));
    let found: Vec<String> = project
        .packages
        .iter()
        .map(|package| {
            let modules: Vec<&str> = package.modules.iter().map(|(name, _)| name.as_str()).collect();
            format!("{} @ {}: {}", package.name, project.relative(package.folder()), modules.join(" "))
        })
        .collect();
    assert_eq!(found, expected);
}

const SETUPTOOLS: &str =
    "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
const HATCH: &str = "[build-system]\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"demo-kit\"\n";
const MATURIN: &str = "[build-system]\nbuild-backend = \"maturin\"\n";

#[test]
fn flat_and_src() {
    check(
        &[
            ("pyproject.toml", SETUPTOOLS),
            ("demo/__init__.py", ""),
            ("demo/a.py", ""),
            ("demo/sub/__init__.py", ""),
            ("tests/__init__.py", ""),
            ("demo/__pycache__/x.py", ""),
            ("demo/not-a-module.py", ""),
        ],
        &["demo @ demo: demo demo.a demo.sub"],
    );
    check(
        &[
            ("pyproject.toml", SETUPTOOLS),
            ("src/demo/__init__.py", ""),
            ("src/demo/a.py", ""),
            ("conftest.py", ""),
        ],
        &["demo @ src/demo: demo demo.a"],
    );
    check(
        &[("pyproject.toml", SETUPTOOLS), ("src/one/__init__.py", ""), ("src/two/__init__.py", "")],
        &["one @ src/one: one", "two @ src/two: two"],
    );
}

#[test]
fn namespaces() {
    check(
        &[("pyproject.toml", SETUPTOOLS), ("src/acme/tools/__init__.py", ""), ("src/acme/tools/x.py", "")],
        &["acme.tools @ src/acme/tools: acme.tools acme.tools.x"],
    );
    check(
        &[
            ("setup.cfg", "[options]\npackages = find_namespace:\n"),
            ("acme/tools/__init__.py", ""),
            ("docs/conf.py", ""),
        ],
        &["acme.tools @ acme/tools: acme.tools"],
    );
}

#[test]
fn setuptools_configuration() {
    let listed = format!(
        "{SETUPTOOLS}[tool.setuptools]\npackages = [\"demo\", \"demo.sub\"]\npackage-dir = {{ \"\" = \"lib\" }}\n"
    );
    check(
        &[
            ("pyproject.toml", &listed),
            ("lib/demo/__init__.py", ""),
            ("lib/demo/sub/__init__.py", ""),
            ("lib/other/__init__.py", ""),
        ],
        &["demo @ lib/demo: demo demo.sub"],
    );
    let find = format!("{SETUPTOOLS}[tool.setuptools.packages.find]\nwhere = [\"code\"]\n");
    check(&[("pyproject.toml", &find), ("code/demo/__init__.py", "")], &["demo @ code/demo: demo"]);
    let modules = format!("{SETUPTOOLS}[tool.setuptools]\npy-modules = [\"single\"]\n");
    check(&[("pyproject.toml", &modules), ("single.py", ""), ("other.py", "")], &["single @ : single"]);
    let both = format!(
        "{SETUPTOOLS}[tool.setuptools]\npy-modules = [\"single\"]\npackage-dir = {{ \"\" = \"src\" }}\n[tool.setuptools.packages.find]\nwhere = [\"src\"]\n"
    );
    check(
        &[
            ("pyproject.toml", &both),
            ("src/demo/__init__.py", ""),
            ("src/single.py", ""),
            ("src/other.py", ""),
        ],
        &["demo @ src/demo: demo", "single @ src: single"],
    );
    check(
        &[
            ("setup.py", "setup(packages=find_packages(), py_modules=['top'])"),
            ("demo/__init__.py", ""),
            ("top.py", ""),
        ],
        &["demo @ demo: demo", "top @ : top"],
    );
    check(
        &[
            ("setup.cfg", "[options]\npackages =\n    demo\n    demo.sub\npackage_dir =\n    = source\n"),
            ("source/demo/__init__.py", ""),
            ("source/demo/sub/__init__.py", ""),
        ],
        &["demo @ source/demo: demo demo.sub"],
    );
}

#[test]
fn setup_py_is_read_and_never_run() {
    let text = "import os\nos.abort()\nfrom setuptools import setup, find_packages\nif True:\n    setup(name='x', packages=find_packages(where='lib'), package_dir={'': 'lib'})\n";
    check(
        &[("setup.py", text), ("lib/demo/__init__.py", ""), ("demo2/__init__.py", "")],
        &["demo @ lib/demo: demo"],
    );
    check(
        &[
            ("setup.py", "import setuptools\nsetuptools.setup(py_modules=['top'])\n"),
            ("top.py", ""),
            ("x.py", ""),
        ],
        &["top @ : top"],
    );
    check(
        &[
            ("setup.py", "setup(packages=find_packages())"),
            ("stdx/__init__.py", ""),
            ("tests/__init__.py", ""),
        ],
        &["stdx @ stdx: stdx"],
    );
}

#[test]
fn top_level_modules() {
    check(
        &[
            ("pyproject.toml", "[project]\nname = \"bench-x\"\n"),
            ("run_benchmark.py", ""),
            ("conftest.py", ""),
        ],
        &["run_benchmark @ : run_benchmark"],
    );
}

#[test]
fn hatch_configuration() {
    check(
        &[("pyproject.toml", HATCH), ("demo_kit/__init__.py", ""), ("other/__init__.py", "")],
        &["demo_kit @ demo_kit: demo_kit"],
    );
    check(
        &[("pyproject.toml", HATCH), ("src/demo_kit/__init__.py", "")],
        &["demo_kit @ src/demo_kit: demo_kit"],
    );
    let packages = format!("{HATCH}[tool.hatch.build.targets.wheel]\npackages = [\"code/inner\"]\n");
    check(
        &[("pyproject.toml", &packages), ("code/inner/__init__.py", ""), ("code/other/__init__.py", "")],
        &["inner @ code/inner: inner"],
    );
    let sources = format!(
        "{HATCH}[tool.hatch.build.targets.wheel]\nsources = [\"code\"]\nonly-include = [\"code/acme/tools\"]\n"
    );
    check(
        &[("pyproject.toml", &sources), ("code/acme/tools/__init__.py", "")],
        &["acme.tools @ code/acme/tools: acme.tools"],
    );
}

#[test]
fn maturin_configuration() {
    let text = format!("{MATURIN}[tool.maturin]\npython-source = \"py\"\nmodule-name = \"demo._native\"\n");
    check(
        &[("pyproject.toml", &text), ("py/demo/__init__.py", ""), ("py/demo/a.py", ""), ("src/lib.rs", "")],
        &["demo @ py/demo: demo demo.a"],
    );
    check(
        &[("pyproject.toml", MATURIN), ("python/demo/__init__.py", ""), ("src/lib.rs", "")],
        &["demo @ python/demo: demo"],
    );
}

#[test]
fn own_setting_wins() {
    let text = format!("{SETUPTOOLS}[tool.pyrust]\npackages = [\"two\"]\n");
    check(
        &[("pyproject.toml", &text), ("src/one/__init__.py", ""), ("src/two/__init__.py", "")],
        &["two @ src/two: two"],
    );
}

#[test]
fn a_missing_package_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("pyproject.toml"), "[tool.pyrust]\npackages = [\"nope\"]\n")
        .expect("written");
    assert_eq!(Project::load(folder.path()).expect_err("missing")[0].code, "PYR0205");
}

#[test]
fn names_of_extensions() {
    let module = |name: &str| Package { name: name.into(), dir: None, modules: Vec::new() };
    assert_eq!(module("top").init_symbol(), "PyInit__pyrust_top");
    // As `"_pyrust_größe".encode("punycode")` in Python.
    assert_eq!(module("größe").init_symbol(), "PyInitU__pyrust_gre_46a21a");
    let package = Package { name: "a.b".into(), dir: Some("x/a/b".into()), modules: Vec::new() };
    assert_eq!((package.extension().as_str(), package.init_symbol().as_str()), ("_pyrust", "PyInit__pyrust"));
}
