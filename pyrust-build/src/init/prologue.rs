//! The lines at the end of a package's `__init__.py` that switch the native module on.

use super::append_lines;
use crate::ast::{Module, Stmt, StmtKind};
use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::project::Package;
use crate::source::SourceFile;

/// The text with the lines added, or unchanged if they are there.
pub(super) fn add(package: &Package, path: &str, old: &str) -> Result<String, Vec<Diagnostic>> {
    let file = SourceFile::new(package.name.as_str(), path, old);
    let tree = parse::parse_module(&file).map_err(|finding| vec![*finding])?;
    let extension = package.extension();
    if imports(&tree, &extension) {
        return Ok(old.to_string());
    }
    // No E402, whatever code precedes: linters mean imports at the top level, and call a `noqa` without use a mistake.
    let import = match package.dir {
        Some(_) => {
            format!(
                "    from . import {extension}  # type: ignore[attr-defined, unused-ignore]  # noqa: F401"
            )
        }
        None => {
            format!("    import {extension}  # type: ignore[import-not-found, unused-ignore]  # noqa: F401")
        }
    };
    let mut lines = vec![
        "try:",
        &import,
        "except ImportError:  # pragma: no cover",
        "    if __import__(\"os\").environ.get(\"PYRUST\") == \"require\":",
        "        raise",
    ];
    if !old.trim().is_empty() {
        lines.insert(0, "");
    }
    Ok(append_lines(old, &lines))
}

/// Whether the text of a package's own file has such lines, in whatever form.
pub(crate) fn present(package: &Package, text: &str) -> bool {
    let extension = package.extension();
    // Few files have the name at all: most need no parsing.
    text.contains(&extension)
        && parse::parse_module(&SourceFile::new(package.name.as_str(), "", text))
            .is_ok_and(|tree| imports(&tree, &extension))
}

/// Whether some statement imports the extension already, however it is wrapped.
fn imports(tree: &Module, extension: &str) -> bool {
    fn any(body: &[Stmt], extension: &str) -> bool {
        body.iter().any(|stmt| match &stmt.kind {
            StmtKind::Import(names) | StmtKind::ImportFrom { names, .. } => {
                names.iter().any(|alias| alias.name.rsplit('.').next() == Some(extension))
            }
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                [body, orelse, finalbody].iter().any(|body| any(body, extension))
                    || handlers.iter().any(|handler| any(&handler.body, extension))
            }
            StmtKind::If { body, orelse, .. } => any(body, extension) || any(orelse, extension),
            StmtKind::With { body, .. } => any(body, extension),
            _ => false,
        })
    }
    any(&tree.body, extension)
}
