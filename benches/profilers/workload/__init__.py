"""Programs of five kinds, and one of seven phases: what profilers are measured on."""
