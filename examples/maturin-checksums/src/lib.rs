pyrust_macros::hotspots!();
