//! The file system: the only room that writes.
//!
//! Files are replaced whole or not at all, keep their permissions, and are left alone when nothing changes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::coding::{self, Unreadable};
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
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::QuotaExceeded => "the quota is used up".into(),
        _ => error.to_string(),
    }
}

/// The files in a folder that need not be there.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

/// The names of the folders in a folder that need not be there, sorted.
pub fn folders_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Whether a file begins with a byte-order mark.
pub fn has_mark(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf"))
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
            let message = not_utf_8(shown, error.as_bytes(), error.utf8_error().valid_up_to());
            let mut diagnostic = Diagnostic::new(code, Severity::Error, message).help("save it as UTF-8");
            diagnostic.path = shown.to_string();
            Err(Box::new(diagnostic))
        }
    }
}

/// Reads a Python file as Python does: UTF-8, or what its coding line says as far as that is known here.
pub fn read_source(path: &Path, shown: &str) -> Result<String, Box<Diagnostic>> {
    let code = "PYR0206";
    let bytes = std::fs::read(path).map_err(|error| Box::new(io_error(code, "read", shown, &error)))?;
    let (message, help) = match coding::decode(bytes.clone()) {
        Ok(text) => return Ok(text),
        Err(Unreadable::NotUtf8 { valid }) => (
            not_utf_8(shown, &bytes, valid),
            "save it as UTF-8, or name its encoding in the first line, as in `# coding: latin-1`",
        ),
        Err(Unreadable::Other(name)) => {
            (format!("`{shown}` is in the encoding `{name}`, which only Python knows"), "save it as UTF-8")
        }
    };
    // Valid for Python perhaps, and not our business to judge.
    let mut diagnostic = Diagnostic::new(code, Severity::Note, message);
    diagnostic.path = shown.to_string();
    diagnostic.help = Some(help.to_string());
    Err(Box::new(diagnostic))
}

fn not_utf_8(shown: &str, bytes: &[u8], valid: usize) -> String {
    let line = bytes[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("`{shown}` is not UTF-8: line {line}, byte {valid}")
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
        let refused = read("# coding=koi8-r\nx = 'é'\n".as_bytes()).expect_err("UTF-8 by accident");
        assert_eq!(refused.severity, Severity::Note);
        assert_eq!(refused.message, "`m.py` is in the encoding `koi8-r`, which only Python knows");
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
