//! From tokens to text.

use proc_macro2::TokenStream;

/// Pretty-prints and turns the marker macros into comments.
pub(super) fn print(tokens: TokenStream) -> String {
    let parsed = match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file,
        Err(error) => unreachable!("generated code does not parse: {error}\n{tokens}"),
    };
    without_markers(uncomment(&prettyplease::unparse(&parsed)))
}

/// Within the arguments of a macro the printer leaves everything as it is, so that a marker there does not stand on lines of
/// its own. No text of the program looks like one: its quotes are escaped.
fn without_markers(text: String) -> String {
    const MARKER: &str = "py!(";
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some(at) = rest.find(MARKER) {
        let behind = &rest[at + MARKER.len()..];
        let (before, left) =
            match behind_literal(behind.trim_start()).and_then(|t| t.trim_start().strip_prefix(");")) {
                Some(left) => (at, left),
                None => (at + MARKER.len(), behind),
            };
        out.push_str(&rest[..before]);
        rest = left;
    }
    if rest.len() == text.len() { text } else { out + rest }
}

/// What stands behind the string literal that this begins with.
fn behind_literal(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some(&inside[end + 1..])
}

/// `py!("4: x = 1");` → `// 4: x = 1`, also where the printer broke the line. Within a macro a line may only begin and end
/// like one.
fn uncomment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim_start();
        let (literal, count) = match (trimmed, lines.get(at + 1..at + 3)) {
            ("py!(", Some([literal, end])) if end.trim() == ");" => (Some(literal.trim()), 3),
            _ => (trimmed.strip_prefix("py!(").and_then(|t| t.strip_suffix(");")), 1),
        };
        match literal.and_then(|literal| syn::parse_str::<syn::LitStr>(literal).ok()) {
            Some(comment) => {
                let indent = &line[..line.len() - trimmed.len()];
                out.push_str(&format!("{indent}// {}\n", comment.value().trim_end()));
                at += count;
            }
            None => {
                out.push_str(line);
                out.push('\n');
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{uncomment, without_markers};

    #[test]
    fn lines_of_markers_are_comments() {
        assert_eq!(uncomment("    py!(\"1: x\");\n"), "    // 1: x\n");
        assert_eq!(uncomment("  py!(\n    \"1: x\"\n  );\ny\n"), "  // 1: x\ny\n");
        let within = "py!(\"1: x\"); f(y);\npy!(\n\"1: x\"\n); f(y);\n";
        assert_eq!(uncomment(within), within);
    }

    #[test]
    fn markers_within_macros_go() {
        let of = |text: &str| without_markers(text.to_string());
        assert_eq!(of("a; py!(\"1: x = \\\"y\\\"\"); b;"), "a;  b;");
        assert_eq!(of("py!(\n    \"1: \\\\\"\n);c"), "c");
        assert_eq!(of("say(\"py!(\\\"1\\\");\"); py!(x);"), "say(\"py!(\\\"1\\\");\"); py!(x);");
        assert_eq!(of("nothing"), "nothing");
    }
}
