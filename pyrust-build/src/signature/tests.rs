use super::*;

#[track_caller]
fn canonical(text: &str, expected: &str) {
    let parsed = Signature::parse(text).unwrap_or_else(|e| panic!("{text}: {e} at {}", e.offset));
    assert_eq!(parsed.to_string(), expected);
    assert_eq!(Signature::parse(expected), Ok(parsed));
}

#[test]
fn grammar() {
    canonical("()->None", "() -> None");
    canonical("(str,str)->int", "(str, str) -> int");
    canonical(
        "( list[ dict[str,tuple[int,...]] ] ) -> tuple[()]",
        "(list[dict[str, tuple[int, ...]]]) -> tuple[()]",
    );
    canonical("(str | None | int) -> bool", "(None | int | str) -> bool");
    canonical("(int | int) -> (?)".replace("(?)", "?").as_str(), "(int) -> ?");
    canonical("(a.b.Cls, function[a.b:C.m]) -> object", "(a.b.Cls, function[a.b:C.m]) -> object");
    canonical(
        "(ndarray[float64, 2], set[?], frozenset[str], deque[bytes]) -> complex",
        "(ndarray[float64, 2], set[?], frozenset[str], deque[bytes]) -> complex",
    );
    canonical(
        "(array.array[ d ]|array.array[B]) -> array.array",
        "(array.array[B] | array.array[d]) -> array.array",
    );
    canonical("(a.b.Point[int,str])->a.Q[?]", "(a.b.Point[int, str]) -> a.Q[?]");
    canonical("(int | str | bytes | float | bool) -> range", "(object) -> range");
    canonical("(bigint, bytearray) -> object | int", "(bigint, bytearray) -> object");
}

/// Instances of one class join field by field; where their number differs only the class is known.
#[test]
fn classes_that_hold_types() {
    let join = |a: &str, b: &str| {
        let (a, b) = (SigType::parse(a).expect("a type"), SigType::parse(b).expect("a type"));
        let joined = a.join(&b);
        assert!(joined.covers(&a) && joined.covers(&b), "{joined}");
        joined.to_string()
    };
    assert_eq!(join("m.P[int, str]", "m.P[float, ?]"), "m.P[float | int, str]");
    assert_eq!(join("m.P[int]", "m.P[int, int]"), "m.P");
    assert_eq!(join("m.P", "m.P[int]"), "m.P");
    assert_eq!(join("m.P[int]", "m.Q[int]"), "m.P[int] | m.Q[int]");
    assert!(SigType::parse("m.P[]").is_err() && SigType::parse("m.P[int").is_err());
}

#[test]
fn errors_name_the_place() {
    let cases = [
        ("", 0, "expected `(`, found the end"),
        ("(int", 4, "expected `,`, found the end"),
        ("(int) int", 6, "expected `->`, found `int`"),
        ("(int,) -> int", 5, "expected a type, found `)`"),
        ("(flaot) -> int", 1, "unknown type `flaot`; did you mean `float`"),
        ("(Foo) -> int", 1, "unknown type `Foo`; a class is written with its module"),
        ("(list) -> int", 5, "`list` needs types in brackets"),
        ("(int[str]) -> int", 4, "`int` takes no types in brackets"),
        ("(dict[str]) -> int", 9, "expected `,`"),
        ("(tuple[int, str, ...]) -> int", 20, "`...` follows exactly one type"),
        ("(function[evil\"]) -> int", 10, "is not of the form"),
        ("(function[m:f.<locals>.g]) -> int", 10, "functions inside functions"),
        ("(ndarray[float64, 99]) -> int", 18, "number of dimensions"),
        ("(array.array[u]) -> int", 13, "typecode of an array of numbers"),
        ("(a..b) -> int", 1, "is not a Python identifier"),
        ("(int) -> int extra", 13, "expected the end, found `extra`"),
        ("(a.class) -> int", 1, "`class` is not a Python identifier"),
    ];
    for (text, offset, message) in cases {
        let error = Signature::parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert_eq!(error.offset, offset, "{text}: {}", error.message);
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("({}int{}) -> int", "list[".repeat(10_000), "]".repeat(10_000));
    assert!(Signature::parse(&deep).expect_err("too deep").message.contains("nested deeper"));
}

#[test]
fn joining() {
    let join = |a: &str, b: &str| SigType::parse(a).expect(a).join(&SigType::parse(b).expect(b)).to_string();
    assert_eq!(join("int", "bigint"), "bigint | int");
    assert_eq!(join("int | str | bytes | float", "bigint"), "bigint | bytes | float | str");
    assert_eq!(join("int", "None"), "None | int");
    assert_eq!(join("list[int]", "list[str]"), "list[int | str]");
    assert_eq!(join("list[?]", "list[str]"), "list[str]");
    assert_eq!(join("tuple[int, str]", "tuple[int, None]"), "tuple[int, None | str]");
    assert_eq!(join("tuple[int]", "tuple[int, int]"), "tuple[int, ...]");
    assert_eq!(join("dict[str, int]", "None"), "None | dict[str, int]");
    assert_eq!(join("object", "int"), "object");
    assert_eq!(join("?", "int"), "int");
    assert_eq!(join("int | str | bytes | float", "bool"), "object");
    // All functions count as one.
    let functions = (0..6).map(|i| format!("function[m:f{i}]")).collect::<Vec<_>>().join(" | ");
    assert_eq!(join("int | str | bytes", &functions), format!("bytes | {functions} | int | str"));
    assert_eq!(join("int | str | bytes | float", &functions), "object");
}

/// A small deterministic generator: types of every shape up to depth 3.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }

    fn ty(&mut self, depth: u32) -> SigType {
        let simple = [
            SigType::Int,
            SigType::BigInt,
            SigType::Float,
            SigType::Bool,
            SigType::None,
            SigType::Str,
            SigType::Bytes,
            SigType::Range,
            SigType::Object,
            SigType::Unknown,
            SigType::Class("a.B".into()),
            SigType::Function("a.b:c".into()),
            SigType::NdArray { dtype: "int8".into(), dims: 1 },
        ];
        let kind = if depth == 0 { 0 } else { self.below(12) };
        let mut inner = || Box::new(self.ty(depth - 1));
        match kind {
            5 => SigType::List(inner()),
            6 => SigType::Dict(inner(), inner()),
            7 => SigType::Tuple((0..3).map(|_| *inner()).collect()),
            8 => SigType::VarTuple(inner()),
            9 => SigType::Set(inner()),
            10 | 11 => SigType::union((0..3).map(|_| *inner()).collect::<Vec<_>>()),
            _ => simple[self.below(simple.len() as u64) as usize].clone(),
        }
    }
}

#[test]
fn laws() {
    let mut random = Random(7);
    for _ in 0..5_000 {
        let (a, b) = (random.ty(3), random.ty(3));
        let joined = a.join(&b);
        assert_eq!(SigType::parse(&a.to_string()), Ok(a.clone()), "display and parse agree on {a}");
        assert_eq!(a.join(&a), a, "join is idempotent on {a}");
        assert_eq!(joined, b.join(&a), "join is commutative on {a} and {b}");
        assert!(joined.covers(&a) && joined.covers(&b), "{joined} covers {a} and {b}");
        assert_eq!(joined.join(&a), joined, "joining again changes nothing: {a}, {b}");
        assert_eq!(SigType::parse(&joined.to_string()), Ok(joined.clone()));
    }
}

#[test]
fn merging_settles() {
    let mut random = Random(11);
    for _ in 0..2_000 {
        let mut record = |n: u64| -> Vec<set::Counted> {
            (0..n)
                .map(|_| {
                    (
                        Signature { params: vec![random.ty(2), random.ty(1)], ret: random.ty(1) },
                        1 + random.below(20),
                    )
                })
                .collect()
        };
        let old: Vec<Signature> = set::merge(&[], &record(3));
        let new = record(6);
        let once = set::merge(&old, &new);
        assert!(once.len() <= MAX_SIGNATURES);
        assert_eq!(set::merge(&once, &new), once);
        for (signature, _) in &new {
            let fits = |s: &Signature| s.params.iter().zip(&signature.params).all(|(a, b)| a.covers(b));
            assert!(once.iter().any(fits), "{signature} is described");
        }
    }
}
