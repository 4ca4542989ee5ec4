//! The optimisations that can be left out, to find the one that is to blame: `PYRUST_WITHOUT=views,rows`, or `all`.
//!
//! None of them changes what a call returns, raises or does; at most whether it runs natively.

use std::str::FromStr;

use crate::names;

/// One optimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Lists that nothing writes to are read as views, and converted when that pays.
    Views,
    /// What an operation can be applied to narrows its operand.
    Demands,
    /// Indices that are never negative are not looked at for their sign.
    Ranges,
    /// Rows of tables are looked up before the loop that goes back to them.
    Rows,
    /// Globals are read once, before the body.
    Globals,
    /// `d[k] = d.get(k, 0) + 1` looks the key up once.
    Counting,
    /// `text += more` grows in place.
    Appends,
}

const ALL: [(&str, Pass); 7] = [
    ("views", Pass::Views),
    ("demands", Pass::Demands),
    ("ranges", Pass::Ranges),
    ("rows", Pass::Rows),
    ("globals", Pass::Globals),
    ("counting", Pass::Counting),
    ("appends", Pass::Appends),
];

/// Which optimisations run; by default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// A bit for each that does not.
    without: u8,
}

impl Passes {
    /// The environment variable that names those left out.
    pub const VARIABLE: &'static str = "PYRUST_WITHOUT";

    /// Is the optimisation on?
    pub fn has(self, pass: Pass) -> bool {
        self.without & 1 << pass as u8 == 0
    }
}

impl FromStr for Passes {
    type Err = String;

    /// Reads the names of those left out, separated by commas.
    ///
    /// # Errors
    /// What is wrong with a name, and which there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut without = 0;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match ALL.iter().find(|(known, _)| *known == name) {
                Some((_, pass)) => without |= 1 << *pass as u8,
                None if name == "all" => without = u8::MAX,
                None => {
                    let known = ALL.map(|(known, _)| known);
                    let hint = names::did_you_mean(name, known).map(|h| format!("; {h}")).unwrap_or_default();
                    let (variable, known) = (Self::VARIABLE, known.join(", "));
                    return Err(format!(
                        "`{variable}` names `{name}`, but the optimisations are {known}, and `all`{hint}"
                    ));
                }
            }
        }
        Ok(Passes { without })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let some: Passes = "rows, views,".parse().expect("they exist");
        assert!(!some.has(Pass::Rows) && !some.has(Pass::Views) && some.has(Pass::Ranges));
        let none: Passes = "all".parse().expect("it exists");
        assert!(ALL.iter().all(|(_, pass)| !none.has(*pass)));
        assert_eq!("".parse(), Ok(Passes::default()));
    }

    #[test]
    fn others_are_refused() {
        let refused = "row".parse::<Passes>().expect_err("there is none");
        assert!(
            refused.contains("`PYRUST_WITHOUT` names `row`") && refused.contains("did you mean `rows`"),
            "{refused}"
        );
    }
}
