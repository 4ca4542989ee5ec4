//! Rows of `array.array`. The columns are explained in `table`; `array` is one of any typecode, the same in all of a row,
//! `array[int]` and `array[float]` one of numbers of that kind.

use super::Op;
use super::table::Row;
use crate::packed::Typecode;
use crate::ty::Type;

/// What all have, and what differs between ints and floats.
pub(super) const PACKED: &[Row] = &[
    Row("len", "array", "int", "packed::len", ""),
    Row("getitem", "array[int], int", "int", "packed::get", "c!"),
    Row("getitem", "array[float], int", "float", "packed::get", "c!"),
    Row("setitem", "array[int], int, int", "None", "packed::set", "c!m"),
    Row("setitem", "array[float], int, float", "None", "packed::set", "c!mw"),
    Row("delitem", "array, int", "None", "packed::del", "c!m"),
    Row("getslice", "array, int?, int?, int?", "array", "packed::slice", "c!"),
    Row("setslice", "array, int?, int?, int?, array", "None", "packed::set_slice", "c!m"),
    Row("delslice", "array, int?, int?, int?", "None", "packed::del_slice", "c!m"),
    Row("+", "array, array", "array", "packed::concat", "c!"),
    Row("*", "array, int", "array", "packed::repeat", "c!"),
    Row("*", "int, array", "array", "packed::repeat", "c!r"),
    Row("+=", "array, array", "None", "packed::extend", "c!m"),
    Row("*=", "array, int", "None", "packed::repeat_in_place", "c!m"),
    Row("in", "int, array[int]", "bool", "packed::contains", "!r"),
    Row("in", "float, array[float]", "bool", "packed::contains", "!r"),
    Row("in", "int, array[float]", "bool", "packed::contains_int", "!r"),
    Row("==", "array, array", "bool", "packed::eq", "!"),
    Row("!=", "array, array", "bool", "packed::ne", "!"),
    Row("<", "array, array", "bool", "packed::lt", "!"),
    Row("<=", "array, array", "bool", "packed::le", "!"),
    Row(">", "array, array", "bool", "packed::gt", "!"),
    Row(">=", "array, array", "bool", "packed::ge", "!"),
    Row("bytes", "array", "bytes", "packed::to_bytes", "c!"),
    Row("array.append", "array[int], int", "None", "packed::append", "c!m"),
    Row("array.append", "array[float], float", "None", "packed::append", "c!mw"),
    Row("array.byteswap", "array", "None", "packed::byteswap", "c!m"),
    Row("array.count", "array[int], int", "int", "packed::count", "c!"),
    Row("array.count", "array[float], float", "int", "packed::count", "c!"),
    Row("array.count", "array[float], int", "int", "packed::count_int", "c!"),
    Row("array.extend", "array, array", "None", "packed::extend", "c!m"),
    Row("array.extend", "array[int], list[int]", "None", "packed::extend_list", "c!m"),
    Row("array.extend", "array[float], list[float]", "None", "packed::extend_list", "c!m"),
    Row("array.extend", "array[float], list[int]", "None", "packed::extend_ints", "c!m"),
    Row("array.frombytes", "array, buffer", "None", "packed::from_bytes", "c!m"),
    Row("array.fromlist", "array[int], list[int]", "None", "packed::from_list", "c!m"),
    Row("array.fromlist", "array[float], list[float]", "None", "packed::from_list", "c!m"),
    Row("array.index", "array[int], int, int?, int?", "int", "packed::index", "c!"),
    Row("array.index", "array[float], float, int?, int?", "int", "packed::index", "c!"),
    Row("array.index", "array[float], int, int?, int?", "int", "packed::index_int", "c!"),
    Row("array.insert", "array[int], int, int", "None", "packed::insert", "c!m"),
    Row("array.insert", "array[float], int, float", "None", "packed::insert", "c!mw"),
    Row("array.pop", "array[int]", "int", "packed::pop", "c!m"),
    Row("array.pop", "array[float]", "float", "packed::pop", "c!m"),
    Row("array.pop", "array[int], int", "int", "packed::pop_at", "c!m"),
    Row("array.pop", "array[float], int", "float", "packed::pop_at", "c!m"),
    Row("array.remove", "array[int], int", "None", "packed::remove", "c!m"),
    Row("array.remove", "array[float], float", "None", "packed::remove", "c!m"),
    Row("array.remove", "array[float], int", "None", "packed::remove_int", "c!m"),
    Row("array.reverse", "array", "None", "packed::reverse", "c!m"),
    Row("array.tobytes", "array", "bytes", "packed::to_bytes", "c!"),
    Row("array.tolist", "array[int]", "list[int]", "packed::to_list", "c!"),
    Row("array.tolist", "array[float]", "list[float]", "packed::to_list", "c!"),
    Row("array.attribute itemsize", "array", "int", "packed::itemsize", ""),
    Row("array.attribute typecode", "array", "char", "packed::typecode", ""),
];

/// What `array(typecode, …)` takes: the same for each typecode of that kind of numbers. `array` is one of the same
/// typecode.
const MADE: &[(Type, &str, &str)] = &[
    (Type::Never, "", "packed::new"),
    (Type::Never, "buffer", "packed::of_bytes"),
    (Type::Never, "array", "packed::of_same"),
    (Type::Int, "list[int]", "packed::of_list"),
    (Type::Int, "range", "packed::of_range"),
    (Type::Int, "array[int]", "packed::of_other"),
    (Type::Float, "list[float]", "packed::of_list"),
    (Type::Float, "list[int]", "packed::of_ints"),
    (Type::Float, "range", "packed::of_range_float"),
    (Type::Float, "array[float]", "packed::of_other"),
    (Type::Float, "array[int]", "packed::of_other_ints"),
];

const MAKER: &str = "array ";

/// The name of the rows that make an array of a typecode.
pub fn maker(code: Typecode) -> String {
    format!("{MAKER}{}", code.letter())
}

/// Is that such a name?
pub fn is_maker(name: &str) -> bool {
    name.starts_with(MAKER)
}

/// The rows that make arrays.
pub(super) fn made() -> impl Iterator<Item = Op> {
    Typecode::all().flat_map(|code| {
        let fits = move |item: &Type| *item == Type::Never || *item == code.item();
        MADE.iter().filter(move |(item, ..)| fits(item)).map(move |(_, given, path)| {
            let letter = code.letter();
            // Made once, with the table.
            let kept = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
            let given = if *given == "array" { kept(format!("array {letter}")) } else { given };
            let (name, ret) = (kept(maker(code)), kept(format!("array {letter}")));
            Op::parse(&Row(name, given, ret, kept(format!("{path} +Code::<'{letter}'>")), "c!"))
        })
    })
}
