//! What becomes of hotspots, for who decides which ones there are: without the text, and without what only takes time.

use std::collections::BTreeMap;

use super::sources::Sources;
use super::{Failed, Inferred, Input, Output, Question, note};
use crate::passes::{Pass, Passes};

/// A form that keeps instances to itself says nothing that the others do not.
pub(super) fn passes(input: &Input) -> Passes {
    input.passes.without(Pass::Kept)
}

/// What becomes of the functions, without the text.
pub fn asked(input: &Input) -> Output {
    let (sources, mut failed) = (Sources::new(&input.modules), BTreeMap::new());
    loop {
        match Question::new(input, passes(input), &sources, &failed).all() {
            Ok(Inferred { program, reports, .. }) => {
                return Output { functions: reports, work: program.spent(), ..Output::default() };
            }
            Err(Failed::Function(function, why)) => note(&mut failed, function, why),
            Err(Failed::Untried | Failed::Strays) => unreachable!("nothing is emitted, and all is one"),
        }
    }
}
