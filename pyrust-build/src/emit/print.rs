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

/// `py!("4: x = 1");` → `// 4: x = 1`, also where the printer broke the line.
fn uncomment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        let literal = match trimmed {
            "py!(" => {
                let literal = lines.next().unwrap_or_default().trim().to_string();
                lines.next();
                Some(literal)
            }
            _ => trimmed.strip_prefix("py!(").and_then(|t| t.strip_suffix(");")).map(str::to_string),
        };
        match literal {
            Some(literal) => {
                let comment = syn::parse_str::<syn::LitStr>(&literal).map_or(String::new(), |l| l.value());
                out.push_str(&format!("{indent}// {}\n", comment.trim_end()));
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_markers;

    #[test]
    fn markers_within_macros_go() {
        let of = |text: &str| without_markers(text.to_string());
        assert_eq!(of("a; py!(\"1: x = \\\"y\\\"\"); b;"), "a;  b;");
        assert_eq!(of("py!(\n    \"1: \\\\\"\n);c"), "c");
        assert_eq!(of("say(\"py!(\\\"1\\\");\"); py!(x);"), "say(\"py!(\\\"1\\\");\"); py!(x);");
        assert_eq!(of("nothing"), "nothing");
    }
}
