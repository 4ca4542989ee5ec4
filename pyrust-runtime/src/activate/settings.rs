//! `PYRUST`, `PYRUST_DISABLE` and `python -b`, read once when the extension is imported.

/// How hotspots run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Auto,
    Python,
    Require,
    /// One call in so many is compared with Python.
    Shadow(u32),
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    disabled: Vec<String>,
    /// `python -b`: to compare `bytes` with `str` warns, wherever that happens. Native code does not look for it.
    bytes_warnings: bool,
    /// What to warn about, once.
    pub(super) warning: Option<String>,
}

impl Settings {
    pub(super) fn from_environment() -> Settings {
        let read = |name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
        };
        #[allow(deprecated, reason = "there is no other way to read it without Python code")]
        // SAFETY: set when the interpreter starts.
        let bytes_warnings = unsafe { pyo3_ffi::Py_BytesWarningFlag != 0 };
        Settings { bytes_warnings, ..Settings::parse(&read("PYRUST"), &read("PYRUST_DISABLE")) }
    }

    fn parse(mode: &str, disabled: &str) -> Settings {
        let (mode, warning) = match mode.trim() {
            "" | "auto" => (Mode::Auto, None),
            "python" => (Mode::Python, None),
            "require" => (Mode::Require, None),
            other => match other.strip_prefix("shadow:1/").and_then(|n| n.parse().ok()).filter(|&n| n > 0) {
                Some(n) => (Mode::Shadow(n), None),
                None => {
                    let text =
                        format!("PYRUST={other:?} is unknown: expected auto, python, require or shadow:1/N");
                    (Mode::Auto, Some(text))
                }
            },
        };
        let disabled =
            disabled.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Settings { mode, disabled, bytes_warnings: false, warning }
    }

    /// Why the environment keeps a function in Python.
    pub(super) fn disables(&self, function: &str) -> Option<String> {
        if self.mode == Mode::Python {
            return Some("PYRUST=python".to_owned());
        }
        if self.bytes_warnings {
            return Some("python -b".to_owned());
        }
        self.disabled.iter().any(|name| name == function).then(|| "PYRUST_DISABLE".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(Settings::parse("", "").mode, Mode::Auto);
        assert_eq!(Settings::parse("require", "").mode, Mode::Require);
        assert_eq!(Settings::parse("shadow:1/100", "").mode, Mode::Shadow(100));
        for unknown in ["Python", "shadow", "shadow:1/0", "shadow:2/3", "off"] {
            let settings = Settings::parse(unknown, "");
            assert_eq!(settings.mode, Mode::Auto);
            assert!(settings.warning.is_some_and(|text| text.contains("unknown")), "{unknown}");
        }
    }

    #[test]
    fn disabled_functions() {
        let settings = Settings::parse("", " a.b:c , ,d:e ");
        assert!(settings.disables("a.b:c").is_some() && settings.disables("d:e").is_some());
        assert_eq!(settings.disables("a.b:cc"), None);
        assert!(Settings::parse("python", "").disables("x:y").is_some());
    }
}
