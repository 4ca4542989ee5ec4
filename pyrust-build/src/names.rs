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

/// Checks `package.module.Class.attribute`.
pub fn check_attribute(name: &str) -> Result<(), String> {
    if name.split('.').count() < 3 {
        return Err(format!("`{}` is not of the form `package.module.Class.attribute`", shorten(name)));
    }
    check_dotted(name)
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

/// The function that was probably meant: one of the same name in another module, one whose name is spelt nearly like that, one without
/// its module or with a dot in place of the colon.
pub fn closest_function<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit([':', '.']).next().unwrap_or_default().to_string();
    let near = |a: &str, b: &str| {
        let distance = strsim::damerau_levenshtein(a, b);
        (distance <= (a.len().max(b.len()) / 3).min(4)).then_some(distance)
    };
    // How far the name is, and how far the module.
    let score = |candidate: &'a str| {
        let (its_module, its_name) = candidate.split_once(':')?;
        let Some((module, own)) = name.split_once(':') else {
            let ways = [candidate.replace(':', "."), its_name.to_string(), last(candidate)];
            return ways.iter().filter_map(|way| near(name, way)).min().map(|far| (far, 0, candidate));
        };
        let far = near(module, its_module).unwrap_or(usize::MAX);
        if last(own) == last(its_name) {
            return Some((usize::from(own != its_name), far, candidate));
        }
        // A short name says little, unless the module is the one that was named.
        let distance = near(own, its_name).or_else(|| {
            let distance = strsim::damerau_levenshtein(own, its_name);
            (distance == 1 && far == 0).then_some(1)
        })?;
        Some((distance + 1, far, candidate))
    };
    let mut scored: Vec<_> = candidates.into_iter().filter_map(score).collect();
    scored.sort_unstable();
    match scored.as_slice() {
        [] => None,
        [(_, _, only)] => Some(only),
        [first, second, ..] => ((first.0, first.1) < (second.0, second.1)).then_some(first.2),
    }
}

/// `did you mean …?` for a function that is not there.
pub fn did_you_mean_function<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest_function(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// `did you mean …?` as a help text.
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

    #[test]
    fn near_functions() {
        let known = [
            "kit.core:total",
            "kit.core:Sum.add",
            "kit.text:words",
            "kit.text:f",
            "other:twice",
            "more:twice",
        ];
        for (name, meant) in [
            ("kit.core:totl", Some("kit.core:total")),
            ("kit.cor:total", Some("kit.core:total")),
            ("somewhere.else:total", Some("kit.core:total")),
            ("somewhere.else:totla", Some("kit.core:total")),
            ("kit.core:add", Some("kit.core:Sum.add")),
            ("kit.core.total", Some("kit.core:total")),
            ("kit.core.Sum.add", Some("kit.core:Sum.add")),
            ("total", Some("kit.core:total")),
            ("Sum.add", Some("kit.core:Sum.add")),
            ("kit.text:g", Some("kit.text:f")),
            ("elsewhere:g", None),
            ("others:twice", Some("other:twice")),
            ("a:twice", None),
            ("twice", None),
            ("kit.core:nothing", None),
        ] {
            assert_eq!(closest_function(name, known), meant, "{name}");
        }
    }
}
