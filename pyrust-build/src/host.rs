//! The file system: the only room that writes.
//!
//! Files are replaced whole or not at all, keep their permissions, and are left alone when nothing changes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};

/// Replaces the file in one step. Returns whether its content changed.
///
/// A symbolic link stays one: what it points at is replaced.
pub fn write_if_changed(path: &Path, text: &str) -> io::Result<bool> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    match std::fs::read(&target) {
        Ok(old) if old == text.as_bytes() => return Ok(false),
        _ => {}
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&folder)?;
    let mut file = tempfile::Builder::new().prefix(".pyrust-").tempfile_in(&folder)?;
    file.write_all(text.as_bytes())?;
    match std::fs::metadata(&target) {
        Ok(old) => file.as_file().set_permissions(old.permissions())?,
        Err(_) => allow_reading(file.as_file())?,
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(true)
}

/// The same for what can be made again: not forced to the disk.
pub fn write_lightly(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".pyrust-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    allow_reading(file.as_file())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Temporary files are private; a new file gets the usual permissions.
#[cfg(unix)]
fn allow_reading(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn allow_reading(_file: &std::fs::File) -> io::Result<()> {
    Ok(())
}

/// What went wrong with a file, as a finding.
pub fn io_error(code: &'static str, doing: &str, path: &str, error: &io::Error) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::new(code, Severity::Error, format!("cannot {doing} `{path}`: {}", words(error)));
    diagnostic.path = path.to_string();
    diagnostic
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => error.to_string(),
    }
}

/// The files in a folder that need not be there.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

/// The text of a file that need not be there.
pub fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Reads a text file; the finding says what is wrong with it. A byte-order mark is dropped.
pub fn read_text(path: &Path, shown: &str, code: &'static str) -> Result<String, Box<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| Box::new(io_error(code, "read", shown, &error)))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count() + 1;
            let mut diagnostic = Diagnostic::new(
                code,
                Severity::Error,
                format!("`{shown}` is not UTF-8: line {line}, byte {valid}"),
            );
            diagnostic.path = shown.to_string();
            Err(Box::new(diagnostic))
        }
    }
}

/// Reads a Python file: UTF-8, or what its coding line (PEP 263) says as far as that is Latin-1.
pub fn read_source(path: &Path, shown: &str) -> Result<String, Box<Diagnostic>> {
    let failure = match read_text(path, shown, "PYR0206") {
        Ok(text) => return Ok(text),
        Err(failure) => failure,
    };
    match std::fs::read(path) {
        // Each byte is the code point of that number.
        Ok(bytes) if is_latin_1(&bytes) => Ok(bytes.iter().copied().map(char::from).collect()),
        // Valid for Python perhaps, and not our business to judge.
        Ok(_) => Err(Box::new(Diagnostic { severity: Severity::Note, ..*failure })),
        Err(_) => Err(failure),
    }
}

fn is_latin_1(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').take(2).any(|line| {
        let line = String::from_utf8_lossy(line);
        let Some((_, rest)) =
            line.trim_start().strip_prefix('#').and_then(|comment| comment.split_once("coding"))
        else {
            return false;
        };
        let name: String = rest
            .strip_prefix([':', '='])
            .unwrap_or_default()
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        matches!(
            name.to_lowercase().replace('_', "-").as_str(),
            "latin-1" | "iso-8859-1" | "latin1" | "iso8859-1"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_files_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.toml");
        assert!(write_if_changed(&path, "a").expect("written"));
        let before = std::fs::metadata(&path).expect("exists").modified().expect("a time");
        assert!(!write_if_changed(&path, "a").expect("nothing to do"));
        assert_eq!(std::fs::metadata(&path).expect("exists").modified().expect("a time"), before);
        assert!(write_if_changed(&path, "b").expect("written"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1, "no temporary file is left");
    }

    #[test]
    fn coding_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.py");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            read_source(&path, "m.py")
        };
        assert_eq!(
            read(b"#!/x\n# -*- coding: latin-1 -*-\nx = '\xe9'\n").expect("latin-1"),
            "#!/x\n# -*- coding: latin-1 -*-\nx = 'é'\n"
        );
        assert_eq!(read(b"x = '\xe9'\n").expect_err("no coding line").severity, Severity::Note);
        assert_eq!(read(b"# coding=koi8-r\nx = '\xe9'\n").expect_err("unknown").severity, Severity::Note);
        assert_eq!(read("\u{feff}x = 1\n".as_bytes()).expect("a byte-order mark"), "x = 1\n");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_survive() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("x"), folder.path().join("link"));
        std::fs::write(&path, "a").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).expect("set");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(write_if_changed(&link, "b").expect("written"));
        assert!(std::fs::symlink_metadata(&link).expect("exists").is_symlink());
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "b");
        assert_eq!(std::fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o664);
    }
}
