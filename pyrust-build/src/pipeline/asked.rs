//! What becomes of hotspots, for who decides which ones there are: without the text, and without what only takes time.

use std::collections::BTreeMap;

use super::sources::Sources;
use super::{Inferred, Input, Output, inferred};
use crate::passes::{Pass, Passes};

/// A form that keeps instances to itself says nothing that the others do not.
pub(super) fn passes(input: &Input) -> Passes {
    input.passes.without(Pass::Kept)
}

/// What becomes of the functions, without the text.
pub fn asked(input: &Input) -> Output {
    let (sources, mut failed) = (Sources::new(&input.modules), BTreeMap::new());
    loop {
        match inferred((input, passes(input)), &sources, &failed, false) {
            Ok(Inferred { program, reports, .. }) => {
                return Output { functions: reports, work: program.spent(), ..Output::default() };
            }
            Err((function, why)) => {
                if failed.insert(function, why.clone()).is_some() {
                    panic!("{why}");
                }
            }
        }
    }
}
