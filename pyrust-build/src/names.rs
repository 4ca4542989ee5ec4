//! Names that come from outside: Python identifiers, dotted modules, `module:qualname`, and did-you-mean.
//!
//! Whatever the manifest names passes through here before anything else looks at it, so later rooms may put it into
//! paths and generated text.

/// Python's keywords: no identifier may be one of them.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Names are shown in messages and become parts of generated names; nobody writes longer ones.
const MAX_LENGTH: usize = 500;

/// Whether `c` may continue an identifier.
pub fn is_continue(c: char) -> bool {
    c == '_' || unicode_ident::is_xid_continue(c)
}

/// Whether `name` is a Python identifier and no keyword.
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(is_continue)
        && !KEYWORDS.contains(&name)
}

/// Checks `package.module`; the error says what is wrong with it.
pub fn check_dotted(name: &str) -> Result<(), String> {
    if name.len() > MAX_LENGTH {
        return Err(format!("name of {} bytes, the limit is {MAX_LENGTH}", name.len()));
    }
    match name.split('.').find(|part| !is_identifier(part)) {
        None => Ok(()),
        Some(part) => Err(format!("`{}` is not a Python identifier", part.escape_debug())),
    }
}

/// Checks `module:qualname`.
pub fn check_function(name: &str) -> Result<(), String> {
    let Some((module, qualname)) = name.split_once(':') else {
        return Err(format!("`{}` is not of the form `module:qualname`", shorten(name)));
    };
    if qualname.contains("<locals>") || qualname.contains("<lambda>") {
        return Err("functions inside functions and lambdas have no entries of their own".into());
    }
    check_dotted(module)?;
    check_dotted(qualname)
}

fn shorten(name: &str) -> String {
    let mut text: String = name.chars().take(80).flat_map(char::escape_debug).collect();
    if name.chars().count() > 80 {
        text.push('…');
    }
    text
}

/// The candidate that was probably meant, if any is close.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).clamp(1, 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?` as a help text.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for good in ["a", "_", "Ä", "名", "x1", "__init__", "match"] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in ["", "1a", "a b", "a-b", "class", "None", "a\"", "a/b", "a\n", "é\u{0}"] {
            assert!(!is_identifier(bad), "{bad:?}");
        }
    }

    #[test]
    fn functions() {
        assert_eq!(check_function("pkg.mod:Class.method"), Ok(()));
        for bad in [
            "pkg.mod",
            "../x:y",
            "a:b:c",
            ":f",
            "m:",
            "m:f.<locals>.g",
            "m:<lambda>",
            "m:f\"]; evil",
            "C:\\x:y",
            "m..n:f",
        ] {
            assert!(check_function(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn near_names() {
        assert_eq!(closest("signature", ["function", "signatures", "source"]), Some("signatures"));
        assert_eq!(closest("xyz", ["function", "signatures"]), None);
    }
}
