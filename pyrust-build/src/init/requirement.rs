//! A build requirement that is too old for what `pyrust init` writes is raised.

/// The requirement with versions from `least` (major, minor) on, below `below`; None where nothing is to be done: it allows no older
/// ones, or says nothing of versions, so that the newest is taken.
pub(super) fn raised(requirement: &str, least: (u64, u64), below: u64) -> Option<String> {
    let (wanted, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
    let start = wanted.find(|c: char| "<>=!~(".contains(c))?;
    let (name, versions) = wanted.split_at(start);
    if name.contains('@') {
        return None;
    }
    let clauses: Vec<&str> =
        versions.trim().trim_start_matches('(').trim_end_matches(')').split(',').map(str::trim).collect();
    let from = format!("{}.{}", least.0, least.1);
    let mut kept: Vec<String> = Vec::new();
    let mut changed = false;
    for clause in &clauses {
        let split = clause.find(|c: char| !"<>=!~".contains(c)).unwrap_or(clause.len());
        let (operator, text) = (&clause[..split], clause[split..].trim());
        let numbers: Vec<u64> = text.split('.').map_while(|part| part.parse().ok()).collect();
        let version = (numbers.first().copied()?, numbers.get(1).copied().unwrap_or(0));
        // `~=1.5.2` and `==1.5` stay below the next minor version, `~=1.5` and `==1.*` below the next major one.
        let wide = match operator {
            "~=" => numbers.len() == 2,
            "==" => numbers.len() == 1 && text.ends_with('*'),
            _ => false,
        };
        let none_left = match operator {
            "<" => version <= least,
            "<=" => version < least,
            "==" | "===" | "~=" => version < least && !(wide && version.0 == least.0),
            _ => false,
        };
        if none_left {
            return Some(joined(name, &format!(">={from},<{below}"), marker));
        }
        let older = version < least && (matches!(operator, ">=" | ">" | "~="));
        changed |= older;
        kept.push(match (older, operator) {
            (true, "~=") => format!("~={from}"),
            (true, _) => format!(">={from}"),
            _ => (*clause).to_string(),
        });
    }
    changed.then(|| joined(name, &kept.join(","), marker))
}

fn joined(name: &str, versions: &str, marker: &str) -> String {
    let end = if marker.is_empty() { String::new() } else { format!(";{marker}") };
    format!("{}{versions}{end}", name.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_is_raised() {
        for (old, new) in [
            ("maturin", None),
            ("maturin>=1.16,<2.0", None),
            ("maturin>=1.20", None),
            ("maturin==1.17.3", None),
            ("maturin==1.*", None),
            ("maturin<2", None),
            ("maturin!=1.5", None),
            ("maturin @ https://example.org/maturin-1.5.zip", None),
            ("maturin>=nonsense", None),
            ("maturin<1.16", Some("maturin>=1.16,<2")),
            ("maturin>=1.5,<1.16.0", Some("maturin>=1.16,<2")),
            ("maturin <= 1.15.9", Some("maturin>=1.16,<2")),
            ("maturin==1.5.1", Some("maturin>=1.16,<2")),
            ("maturin~=1.5.1", Some("maturin>=1.16,<2")),
            ("maturin>=0.14,<0.15", Some("maturin>=1.16,<2")),
            ("maturin>=1.0,<2.0", Some("maturin>=1.16,<2.0")),
            ("maturin (>1.7)", Some("maturin>=1.16")),
            ("maturin~=1.5", Some("maturin~=1.16")),
            (
                "maturin[zig]<1.16; python_version > '3.8'",
                Some("maturin[zig]>=1.16,<2; python_version > '3.8'"),
            ),
        ] {
            assert_eq!(raised(old, (1, 16), 2).as_deref(), new, "{old}");
        }
    }
}
