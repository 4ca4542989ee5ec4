//! Counts the parameters of a manifest signature, e.g. `(str, list[int]) -> int`.
//!
//! Only its shape is checked here: the types are resolved by the compiler, and a body written by hand may take
//! any Rust type that reads from Python.

/// The number of parameters, or what is wrong with the text.
pub(crate) fn parameters(signature: &str) -> Result<usize, String> {
    let (mut depth, mut count, mut pending, mut end) = (0usize, 0usize, false, None);
    for (at, ch) in signature.char_indices() {
        match ch {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.checked_sub(1).ok_or_else(|| format!("unbalanced `{ch}`"))?;
                if depth == 0 && ch == ')' {
                    end = Some(at + 1);
                    break;
                }
            }
            ',' if depth == 1 => {
                if !pending {
                    return Err("a parameter is empty".to_owned());
                }
                count += 1;
                pending = false;
            }
            _ if ch.is_whitespace() => {}
            _ if depth == 0 => return Err("it does not start with `(`".to_owned()),
            _ => pending = true,
        }
    }
    let Some(end) = end else { return Err("the parameter list is not closed".to_owned()) };
    let rest = signature[end..].trim_start();
    match rest.strip_prefix("->") {
        Some(result) if !result.trim().is_empty() => Ok(count + usize::from(pending)),
        _ => Err("`-> type` is missing after the parameters".to_owned()),
    }
}
