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
    /// Indices that are never negative are not looked at for their sign, results that stay in 64 bits not for overflow.
    Ranges,
    /// Rows of tables are looked up before the loop that goes back to them.
    Rows,
    /// Globals that are ints for good are the numbers that the text says.
    Known,
    /// Ints of any size that stay in 128 bits are computed there.
    Far,
    /// Globals are read once, before the body.
    Globals,
    /// `d[k] = d.get(k, 0) + 1` looks the key up once.
    Counting,
    /// `text += more` grows in place.
    Appends,
    /// Lists that are written to are worked on as native ones, where that pays.
    Owned,
    /// A constant key is looked for where it stood in the last dict; what `setdefault` may not need is not made.
    Fields,
    /// The code of a generator stands around the code that takes its elements.
    Fusion,
    /// Sums that a loop makes one after the other are made in blocks.
    Jam,
    /// Loops over arrays have a second form, which LLVM can widen.
    Dense,
    /// What was written by hand replaces what is generated.
    Bodies,
    /// What only copies a container of Python's for Python is left to the interpreter's own functions.
    Copies,
    /// Loops of a few turns, written down as such, are unrolled: nobody looks for signals in them.
    Short,
    /// Of a small function that calls itself every second call stands inside the other.
    Twice,
    /// Where the elements of a list of numbers stand is asked before the loop.
    Spans,
    /// Lists of texts that are only appended to and joined are built as a text.
    Pieces,
    /// Instances that never get to Python are no objects.
    Kept,
    /// Texts are compared with the bytes of a literal, not with its object.
    Literals,
    /// What goes from one list of Python's to another goes as the object that it is.
    Moves,
    /// Tuples of a parameter that the result has go out as the objects that they are.
    Onward,
    /// Attributes that a loop only reads are looked up before it.
    Attributes,
    /// Small functions that call nothing are called without a look at the stack.
    Leaves,
    /// A native list to which one loop appends is counted by that loop.
    Grown,
    /// A sum of texts or lists makes none in between, and what goes behind a text goes there piece by piece.
    Concat,
    /// Python goes on in the turn of a loop in which native code gives up, not in front of the loop or the function.
    Resume,
    /// Loops of functions that stay Python are compiled alone.
    Regions,
    /// Arrays that a loop makes and does not need any more are freed in its next turn.
    Sweep,
    /// Displays of constants that are only read are made once.
    Constants,
    /// Long loops whose turns know nothing of each other are done by several threads.
    Parallel,
    /// Arithmetic of whole arrays goes through them once, not once for each operation.
    Elementwise,
    /// Places that a counted loop goes to one after the other are looked at before it.
    Inside,
    /// What was read from the objects in a small global table is known as long as they stand there.
    Tables,
    /// Instances that one variable knows and nobody else stand among the function's own variables.
    Escape,
    /// A store that is the last effect of a call is done at once, without a journal.
    Last,
    /// Dicts with the keys of the text that leave as they were made, and lists that are only filled, are Python's from
    /// the start.
    Records,
    /// Numbers that were read from Python's objects and are returned go out as those objects.
    Handed,
    /// Loops over texts whose turns depend on the character and little else look known turns up.
    Automata,
    /// Of two ways that only compute one variable, both are computed where nothing can leave 64 bits.
    Chosen,
    /// Tuples of any length that are only looked at are native lists.
    Looks,
    /// Sets whose order nobody sees are gone through in whatever order is at hand, or not made.
    Unordered,
    /// Tests of the project's own classes narrow what they test.
    Classes,
    /// Specialisations of which the same is emitted are one.
    Merge,
    /// Patterns of `re` are matched natively.
    Regex,
    /// What only the argument reaches of a parameter that is assigned has the argument's type.
    Given,
}

const ALL: [(&str, Pass); 48] = [
    ("views", Pass::Views),
    ("demands", Pass::Demands),
    ("ranges", Pass::Ranges),
    ("rows", Pass::Rows),
    ("known", Pass::Known),
    ("far", Pass::Far),
    ("globals", Pass::Globals),
    ("counting", Pass::Counting),
    ("appends", Pass::Appends),
    ("owned", Pass::Owned),
    ("fields", Pass::Fields),
    ("fusion", Pass::Fusion),
    ("jam", Pass::Jam),
    ("dense", Pass::Dense),
    ("bodies", Pass::Bodies),
    ("copies", Pass::Copies),
    ("short", Pass::Short),
    ("twice", Pass::Twice),
    ("spans", Pass::Spans),
    ("pieces", Pass::Pieces),
    ("kept", Pass::Kept),
    ("literals", Pass::Literals),
    ("moves", Pass::Moves),
    ("onward", Pass::Onward),
    ("attributes", Pass::Attributes),
    ("leaves", Pass::Leaves),
    ("grown", Pass::Grown),
    ("concat", Pass::Concat),
    ("resume", Pass::Resume),
    ("regions", Pass::Regions),
    ("sweep", Pass::Sweep),
    ("constants", Pass::Constants),
    ("parallel", Pass::Parallel),
    ("elementwise", Pass::Elementwise),
    ("inside", Pass::Inside),
    ("tables", Pass::Tables),
    ("escape", Pass::Escape),
    ("last", Pass::Last),
    ("records", Pass::Records),
    ("handed", Pass::Handed),
    ("automata", Pass::Automata),
    ("chosen", Pass::Chosen),
    ("looks", Pass::Looks),
    ("unordered", Pass::Unordered),
    ("classes", Pass::Classes),
    ("merge", Pass::Merge),
    ("regex", Pass::Regex),
    ("given", Pass::Given),
];

/// Which optimisations run; by default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// A bit for each that does not.
    without: u64,
    /// See [`Passes::threads`].
    threads: usize,
}

impl Passes {
    /// The environment variable that names those left out.
    pub const VARIABLE: &'static str = "PYRUST_WITHOUT";

    /// At most so many threads do the turns of one loop; 0 for as many as there are processors.
    pub fn threads(self) -> usize {
        self.threads
    }

    /// The same optimisations, with so many threads; one needs no form for several.
    pub fn limited_to(self, threads: Option<usize>) -> Passes {
        let without =
            if threads == Some(1) { self.without | 1 << Pass::Parallel as u64 } else { self.without };
        Passes { without, threads: threads.unwrap_or(0) }
    }

    /// The same without this one.
    pub fn without(self, pass: Pass) -> Passes {
        Passes { without: self.without | 1 << pass as u64, ..self }
    }

    /// Is the optimisation on?
    pub fn has(self, pass: Pass) -> bool {
        self.without & 1 << pass as u64 == 0
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
                Some((_, pass)) => without |= 1 << *pass as u64,
                None if name == "all" => without = u64::MAX,
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
        Ok(Passes { without, threads: 0 })
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
