//! Hotspots written by hand, in the shape that the compiler emits.

pyrust_macros::hotspots!();
