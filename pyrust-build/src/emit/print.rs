//! From tokens to text.

use proc_macro2::TokenStream;

/// Pretty-prints and turns the marker macros into comments.
pub(super) fn print(tokens: TokenStream) -> String {
    let parsed = match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file,
        Err(error) => unreachable!("generated code does not parse: {error}\n{tokens}"),
    };
    uncomment(&prettyplease::unparse(&parsed))
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
