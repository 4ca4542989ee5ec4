//! The kernels of the comparison as a skilled person would write them in Rust with PyO3.
//!
//! `everyday_rust` has typed signatures: `Vec`, `HashMap`, `&str`. `everyday_rust.in_place` has those kernels again for
//! which it may be faster to work on the Python objects. Both are safe and unchecked: integers wrap.

mod in_place;
mod numbers;
mod shared;
mod shared_in_place;
mod structures;
mod texts;

#[pyo3::pymodule]
mod everyday_rust {
    #[pymodule_export]
    use crate::numbers::{
        collatz, coprime_pairs, correlation, count_sundays, dice, fib, heapsort, knapsack, largest, life,
        mandelbrot, matmul, moving_average, nbody, particles, permutations, pi_digits, power_mod, queens,
        quicksort, shade, sieve, simpson, solve, squares_of_odds, triples,
    };
    #[pymodule_export]
    use crate::shared::{advance, generations, settle, shortest, tally};
    #[pymodule_export]
    use crate::shared_in_place::find;
    #[pymodule_export]
    use crate::structures::{
        breadth_first, build_order, clusters, components, dijkstra, islands, living_cells, machine, revenue,
        schedule, summarise,
    };
    #[pymodule_export]
    use crate::texts::{
        anagrams, balanced, caesar, common_subsequence, count_matches, crc32, evaluate, fnv1a, last_total,
        levenshtein, parse_csv, rc4, run_lengths, slugs, table, tokenize, word_count,
    };

    #[pymodule_export]
    use crate::in_place::in_place;
}
