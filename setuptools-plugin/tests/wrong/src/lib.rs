//! Hotspots written by hand, most of them wrong on purpose: the verifier must notice.

pyrust_macros::hotspots!("pyrust_hotspots.rs");
