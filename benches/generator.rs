//! How long the compiler takes from source text to Rust text: parse, lower, infer, emit, print.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pyrust_build::manifest::{Entry, Mode};
use pyrust_build::pipeline::{Input, generate};
use pyrust_build::signature::Signature;
use pyrust_build::source::SourceFile;

/// The engine's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FUNCTION: &str = "
def levenshtein(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = 0 if x == y else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]
";

/// A module with `count` copies of a function, each a hotspot.
fn input(count: usize) -> Input {
    let text: String =
        (0..count).map(|i| FUNCTION.replace("def levenshtein", &format!("def levenshtein_{i}"))).collect();
    let hotspots = (0..count)
        .map(|i| Entry {
            function: format!("m:levenshtein_{i}"),
            signatures: vec![Signature::parse("(str, str) -> int").expect("a signature")],
            source: None,
            mode: Mode::Native,
            gate: false,
        })
        .collect();
    let modules = vec![SourceFile::new("m", "m.py", text)];
    Input {
        package: "m".into(),
        modules,
        hotspots,
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: Default::default(),
    }
}

fn generator(c: &mut Criterion) {
    let mut group = c.benchmark_group("generate");
    group.sample_size(10);
    for count in [1, 10, 100, 1_000] {
        let input = input(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} functions"), |b| b.iter(|| generate(&input)));
    }
    group.finish();
}

criterion_group!(benches, generator);
criterion_main!(benches);
