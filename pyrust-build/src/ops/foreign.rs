//! Rows of what CPython implements in C, called through CPython's own function. The columns are explained in `table`;
//! here a parameter may be of one of several types (`int|float`), have a name under which it can be given (`days=int`), and
//! be left out (`~`). Each argument goes in as it is.
//!
//! The path says what is called: `method` and `attribute` (of the first argument, by the row's name), `class` and
//! `function` (`function:_struct.pack` where the module only hands it on), `of_class`, or an operator. Only what runs no
//! Python code with operands of exactly these types may stand here. The flag `e`: the engine of `re` does it; `g`: it gives
//! up the GIL for long data, which therefore bails.

use super::table::Row;
use crate::foreign::Class;
use crate::ty::Type;

/// Dates and times, patterns and matches.
pub(super) const FOREIGN: &[Row] = &[
    Row("datetime.date", "year=int, month=int, day=int", "datetime.date", "class", ""),
    Row("datetime.date.fromordinal", "int", "datetime.date", "of_class", ""),
    Row("datetime.date.fromisoformat", "str", "datetime.date", "of_class", ""),
    Row("datetime.date.fromisocalendar", "year=int, week=int, day=int", "datetime.date", "of_class", ""),
    Row("datetime.date.fromtimestamp", "int|float", "datetime.date", "of_class", ""),
    Row("datetime.date.ctime", "datetime.date", "str", "method", ""),
    Row(
        "datetime.date.replace",
        "datetime.date, ~year=int, ~month=int, ~day=int",
        "datetime.date",
        "method",
        "",
    ),
    Row("-", "datetime.date, datetime.date", "datetime.timedelta", "subtract", ""),
    Row("-", "datetime.date, datetime.timedelta", "datetime.date", "subtract", ""),
    Row("+", "datetime.date, datetime.timedelta", "datetime.date", "add", ""),
    Row("+", "datetime.timedelta, datetime.date", "datetime.date", "add", ""),
    Row(
        "datetime.datetime",
        "year=int, month=int, day=int, ~hour=int, ~minute=int, ~second=int, ~microsecond=int, \
         ~tzinfo=None|datetime.timezone, ~fold=int",
        "datetime.datetime",
        "class",
        "",
    ),
    Row(
        "datetime.datetime.combine",
        "date=datetime.date|datetime.datetime, time=datetime.time, ~tzinfo=None|datetime.timezone",
        "datetime.datetime",
        "of_class",
        "",
    ),
    Row("datetime.datetime.fromordinal", "int", "datetime.datetime", "of_class", ""),
    Row("datetime.datetime.fromisoformat", "str", "datetime.datetime", "of_class", ""),
    Row(
        "datetime.datetime.fromisocalendar",
        "year=int, week=int, day=int",
        "datetime.datetime",
        "of_class",
        "",
    ),
    Row(
        "datetime.datetime.fromtimestamp",
        "timestamp=int|float, ~tz=None|datetime.timezone",
        "datetime.datetime",
        "of_class",
        "",
    ),
    Row("datetime.datetime.timestamp", "datetime.datetime", "float", "method", ""),
    Row(
        "datetime.datetime.attribute tzinfo",
        "datetime.datetime",
        "None | datetime.timezone",
        "attribute",
        "",
    ),
    Row("datetime.datetime.isoformat", "datetime.datetime, ~sep=str, ~timespec=str", "str", "method", ""),
    Row("datetime.datetime.ctime", "datetime.datetime", "str", "method", ""),
    Row("datetime.datetime.date", "datetime.datetime", "datetime.date", "method", ""),
    Row("datetime.datetime.time", "datetime.datetime", "datetime.time", "method", ""),
    Row("datetime.datetime.timetz", "datetime.datetime", "datetime.time", "method", ""),
    Row("datetime.datetime.utcoffset", "datetime.datetime", "None | datetime.timedelta", "method", ""),
    Row("datetime.datetime.tzname", "datetime.datetime", "None | str", "method", ""),
    Row(
        "datetime.datetime.replace",
        "datetime.datetime, ~year=int, ~month=int, ~day=int, ~hour=int, ~minute=int, ~second=int, ~microsecond=int, \
         ~tzinfo=None|datetime.timezone, ~fold=int",
        "datetime.datetime",
        "method",
        "",
    ),
    Row("-", "datetime.datetime, datetime.datetime", "datetime.timedelta", "subtract", ""),
    Row("-", "datetime.datetime, datetime.timedelta", "datetime.datetime", "subtract", ""),
    Row("+", "datetime.datetime, datetime.timedelta", "datetime.datetime", "add", ""),
    Row("+", "datetime.timedelta, datetime.datetime", "datetime.datetime", "add", ""),
    Row(
        "datetime.time",
        "~hour=int, ~minute=int, ~second=int, ~microsecond=int, ~tzinfo=None|datetime.timezone, ~fold=int",
        "datetime.time",
        "class",
        "",
    ),
    Row("datetime.time.fromisoformat", "str", "datetime.time", "of_class", ""),
    Row("datetime.time.attribute tzinfo", "datetime.time", "None | datetime.timezone", "attribute", ""),
    Row("datetime.time.isoformat", "datetime.time, ~timespec=str", "str", "method", ""),
    Row(
        "datetime.time.replace",
        "datetime.time, ~hour=int, ~minute=int, ~second=int, ~microsecond=int, ~tzinfo=None|datetime.timezone, \
         ~fold=int",
        "datetime.time",
        "method",
        "",
    ),
    Row(
        "datetime.timedelta",
        "~days=int|float, ~seconds=int|float, ~microseconds=int|float, ~milliseconds=int|float, ~minutes=int|float, \
         ~hours=int|float, ~weeks=int|float",
        "datetime.timedelta",
        "class",
        "",
    ),
    Row("datetime.timedelta.total_seconds", "datetime.timedelta", "float", "method", ""),
    Row("+", "datetime.timedelta, datetime.timedelta", "datetime.timedelta", "add", ""),
    Row("-", "datetime.timedelta, datetime.timedelta", "datetime.timedelta", "subtract", ""),
    Row("*", "datetime.timedelta, int|float", "datetime.timedelta", "multiply", ""),
    Row("*", "int|float, datetime.timedelta", "datetime.timedelta", "multiply", ""),
    Row("/", "datetime.timedelta, datetime.timedelta", "float", "divide", ""),
    Row("/", "datetime.timedelta, int|float", "datetime.timedelta", "divide", ""),
    Row("//", "datetime.timedelta, datetime.timedelta", "int", "floor_divide", ""),
    Row("//", "datetime.timedelta, int", "datetime.timedelta", "floor_divide", ""),
    Row("%", "datetime.timedelta, datetime.timedelta", "datetime.timedelta", "remainder", ""),
    Row("divmod", "datetime.timedelta, datetime.timedelta", "tuple[int, datetime.timedelta]", "divmod", ""),
    Row("neg", "datetime.timedelta", "datetime.timedelta", "negative", ""),
    Row("pos", "datetime.timedelta", "datetime.timedelta", "positive", ""),
    Row("abs", "datetime.timedelta", "datetime.timedelta", "absolute", ""),
    Row("datetime.timezone", "offset=datetime.timedelta, ~name=str", "datetime.timezone", "class", ""),
    Row("itertools.count", "~start=int", "itertools.count", "class", ""),
    Row("BaseException.attribute args", "BaseException", "tuple[object, ...]", "attribute", ""),
    Row("re.Pattern.attribute pattern", "re.Pattern", "str", "attribute", ""),
    Row("re.Pattern.attribute flags", "re.Pattern", "int", "attribute", ""),
    Row("re.Pattern.attribute groups", "re.Pattern", "int", "attribute", ""),
    Row("re.Match.attribute string", "re.Match", "str", "attribute", ""),
    Row("re.Match.attribute re", "re.Match", "re.Pattern", "attribute", ""),
    Row("re.Match.attribute pos", "re.Match", "int", "attribute", ""),
    Row("re.Match.attribute endpos", "re.Match", "int", "attribute", ""),
    Row("re.Match.attribute lastindex", "re.Match", "None | int", "attribute", ""),
    Row("re.Match.attribute lastgroup", "re.Match", "None | str", "attribute", ""),
    Row("re.Match.group", "re.Match", "str", "method", ""),
    Row("re.Match.groupdict", "re.Match, ~default=str|None", "dict[str, None | str]", "method", ""),
    Row(
        "re.Pattern.match",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "None | re.Match",
        "method",
        "e",
    ),
    Row(
        "re.Pattern.search",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "None | re.Match",
        "method",
        "e",
    ),
    Row(
        "re.Pattern.fullmatch",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "None | re.Match",
        "method",
        "e",
    ),
    Row("re.Pattern.split", "re.Pattern, string=str, ~maxsplit=int", "list[str]", "method", "e"),
    Row("re.Pattern.findall", "re.Pattern, string=str, ~pos=int, ~endpos=int", "list[str]", "method", "e"),
    Row(
        "re.Pattern.findall 2 groups",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "list[tuple[str, str]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 3 groups",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "list[tuple[str, str, str]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 4 groups",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "list[tuple[str, str, str, str]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 5 groups",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "list[tuple[str, str, str, str, str]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 6 groups",
        "re.Pattern, string=str, ~pos=int, ~endpos=int",
        "list[tuple[str, str, str, str, str, str]]",
        "method:findall",
        "e",
    ),
    Row("re.Match.group", "re.Match, int|str", "None | str", "method", ""),
    Row("re.Match.group", "re.Match, int|str, int|str", "tuple[None | str, None | str]", "method", ""),
    Row(
        "re.Match.group",
        "re.Match, int|str, int|str, int|str",
        "tuple[None | str, None | str, None | str]",
        "method",
        "",
    ),
    Row("re.Match.groups", "re.Match, ~default=None|str", "tuple[None | str, ...]", "method", ""),
    Row("re.Match.start", "re.Match, ~int|str", "int", "method", ""),
    Row("re.Match.end", "re.Match, ~int|str", "int", "method", ""),
    Row("re.Match.span", "re.Match, ~int|str", "tuple[int, int]", "method", ""),
    Row("getitem", "re.Match, int|str", "None | str", "item", ""),
    Row(
        "re.Pattern.match",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "None | re.Match of bytes",
        "method",
        "e",
    ),
    Row(
        "re.Pattern.search",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "None | re.Match of bytes",
        "method",
        "e",
    ),
    Row(
        "re.Pattern.fullmatch",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "None | re.Match of bytes",
        "method",
        "e",
    ),
    Row("re.Pattern.split", "re.Pattern, string=bytes, ~maxsplit=int", "list[bytes]", "method", "e"),
    Row(
        "re.Pattern.findall",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[bytes]",
        "method",
        "e",
    ),
    Row(
        "re.Pattern.findall 2 groups",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[tuple[bytes, bytes]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 3 groups",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[tuple[bytes, bytes, bytes]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 4 groups",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[tuple[bytes, bytes, bytes, bytes]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 5 groups",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[tuple[bytes, bytes, bytes, bytes, bytes]]",
        "method:findall",
        "e",
    ),
    Row(
        "re.Pattern.findall 6 groups",
        "re.Pattern, string=bytes, ~pos=int, ~endpos=int",
        "list[tuple[bytes, bytes, bytes, bytes, bytes, bytes]]",
        "method:findall",
        "e",
    ),
    Row("re.Match of bytes.group", "re.Match of bytes", "bytes", "method", ""),
    Row("re.Match of bytes.group", "re.Match of bytes, int|str", "None | bytes", "method", ""),
    Row(
        "re.Match of bytes.group",
        "re.Match of bytes, int|str, int|str",
        "tuple[None | bytes, None | bytes]",
        "method",
        "",
    ),
    Row(
        "re.Match of bytes.group",
        "re.Match of bytes, int|str, int|str, int|str",
        "tuple[None | bytes, None | bytes, None | bytes]",
        "method",
        "",
    ),
    Row(
        "re.Match of bytes.groups",
        "re.Match of bytes, ~default=None|bytes",
        "tuple[None | bytes, ...]",
        "method",
        "",
    ),
    Row("re.Match of bytes.start", "re.Match of bytes, ~int|str", "int", "method", ""),
    Row("re.Match of bytes.end", "re.Match of bytes, ~int|str", "int", "method", ""),
    Row("re.Match of bytes.span", "re.Match of bytes, ~int|str", "tuple[int, int]", "method", ""),
    Row("getitem", "re.Match of bytes, int|str", "None | bytes", "item", ""),
];

/// Functions of modules, and what they make.
pub(super) const FUNCTIONS: &[Row] = &[
    Row("unicodedata.category", "str", "str", "function", ""),
    Row("unicodedata.bidirectional", "str", "str", "function", ""),
    Row("unicodedata.combining", "str", "int", "function", ""),
    Row("unicodedata.east_asian_width", "str", "str", "function", ""),
    Row("unicodedata.mirrored", "str", "int", "function", ""),
    Row("unicodedata.decomposition", "str", "str", "function", ""),
    Row("unicodedata.name", "str", "str", "function", ""),
    Row("unicodedata.name", "str, str", "str", "function", ""),
    Row("unicodedata.name", "str, None", "None | str", "function", ""),
    Row("unicodedata.lookup", "str", "str", "function", ""),
    Row("unicodedata.decimal", "str", "int", "function", ""),
    Row("unicodedata.decimal", "str, int", "int", "function", ""),
    Row("unicodedata.decimal", "str, None", "None | int", "function", ""),
    Row("unicodedata.digit", "str", "int", "function", ""),
    Row("unicodedata.digit", "str, int", "int", "function", ""),
    Row("unicodedata.digit", "str, None", "None | int", "function", ""),
    Row("unicodedata.numeric", "str", "float", "function", ""),
    Row("unicodedata.numeric", "str, float", "float", "function", ""),
    Row("unicodedata.numeric", "str, None", "None | float", "function", ""),
    Row("unicodedata.numeric", "str, int", "int | float", "function", ""),
    Row("unicodedata.normalize", "str, str", "str", "function", ""),
    Row("unicodedata.is_normalized", "str, str", "bool", "function", ""),
    Row("unicodedata.UCD.category", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.bidirectional", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.combining", "unicodedata.UCD, str", "int", "method", ""),
    Row("unicodedata.UCD.east_asian_width", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.mirrored", "unicodedata.UCD, str", "int", "method", ""),
    Row("unicodedata.UCD.decomposition", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.name", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.name", "unicodedata.UCD, str, str", "str", "method", ""),
    Row("unicodedata.UCD.name", "unicodedata.UCD, str, None", "None | str", "method", ""),
    Row("unicodedata.UCD.lookup", "unicodedata.UCD, str", "str", "method", ""),
    Row("unicodedata.UCD.decimal", "unicodedata.UCD, str", "int", "method", ""),
    Row("unicodedata.UCD.decimal", "unicodedata.UCD, str, int", "int", "method", ""),
    Row("unicodedata.UCD.decimal", "unicodedata.UCD, str, None", "None | int", "method", ""),
    Row("unicodedata.UCD.digit", "unicodedata.UCD, str", "int", "method", ""),
    Row("unicodedata.UCD.digit", "unicodedata.UCD, str, int", "int", "method", ""),
    Row("unicodedata.UCD.digit", "unicodedata.UCD, str, None", "None | int", "method", ""),
    Row("unicodedata.UCD.numeric", "unicodedata.UCD, str", "float", "method", ""),
    Row("unicodedata.UCD.numeric", "unicodedata.UCD, str, float", "float", "method", ""),
    Row("unicodedata.UCD.numeric", "unicodedata.UCD, str, None", "None | float", "method", ""),
    Row("unicodedata.UCD.numeric", "unicodedata.UCD, str, int", "int | float", "method", ""),
    Row("unicodedata.UCD.normalize", "unicodedata.UCD, str, str", "str", "method", ""),
    Row("unicodedata.UCD.is_normalized", "unicodedata.UCD, str, str", "bool", "method", ""),
    Row("binascii.hexlify", "data=bytes, ~sep=str|bytes, ~bytes_per_sep=int", "bytes", "function", ""),
    Row("binascii.b2a_hex", "data=bytes, ~sep=str|bytes, ~bytes_per_sep=int", "bytes", "function", ""),
    Row("binascii.unhexlify", "str|bytes", "bytes", "function", ""),
    Row("binascii.a2b_hex", "str|bytes", "bytes", "function", ""),
    Row("binascii.b2a_base64", "bytes, ~newline=bool|int", "bytes", "function", ""),
    Row("binascii.a2b_base64", "str|bytes, ~strict_mode=bool|int", "bytes", "function", ""),
    Row("binascii.crc32", "bytes, ~int", "int", "function", "g"),
    Row("binascii.crc_hqx", "bytes, int", "int", "function", ""),
    Row("binascii.a2b_qp", "data=str|bytes, ~header=bool|int", "bytes", "function", ""),
    Row(
        "binascii.b2a_qp",
        "data=bytes, ~quotetabs=bool|int, ~istext=bool|int, ~header=bool|int",
        "bytes",
        "function",
        "",
    ),
    Row("binascii.b2a_uu", "bytes, ~backtick=bool|int", "bytes", "function", ""),
    Row("binascii.a2b_uu", "str|bytes", "bytes", "function", ""),
    Row("zlib.crc32", "bytes, ~int", "int", "function", "g"),
    Row("zlib.adler32", "bytes, ~int", "int", "function", "g"),
    Row(
        "hashlib.md5",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_md5",
        "g",
    ),
    Row(
        "hashlib.sha1",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_sha1",
        "g",
    ),
    Row(
        "hashlib.sha224",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_sha224",
        "g",
    ),
    Row(
        "hashlib.sha256",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_sha256",
        "g",
    ),
    Row(
        "hashlib.sha384",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_sha384",
        "g",
    ),
    Row(
        "hashlib.sha512",
        "~string=bytes, ~usedforsecurity=bool",
        "_hashlib.HASH",
        "function:_hashlib.openssl_sha512",
        "g",
    ),
    Row("_hashlib.HASH.digest", "_hashlib.HASH", "bytes", "method", ""),
    Row("_hashlib.HASH.hexdigest", "_hashlib.HASH", "str", "method", ""),
    Row("_hashlib.HASH.attribute digest_size", "_hashlib.HASH", "int", "attribute", ""),
    Row("_hashlib.HASH.attribute block_size", "_hashlib.HASH", "int", "attribute", ""),
];

/// What the runtime does with CPython's functions. Replacements that name groups, and iterators, are Python code there.
pub(super) const REGEX: &[Row] = &[
    Row("re.Pattern.sub", "re.Pattern, str, str", "str", "regex::sub +0", "c!"),
    Row("re.Pattern.sub", "re.Pattern, str, str, int", "str", "regex::sub", "c!"),
    Row("re.Pattern.subn", "re.Pattern, str, str", "tuple[str, int]", "regex::subn +0", "c!"),
    Row("re.Pattern.subn", "re.Pattern, str, str, int", "tuple[str, int]", "regex::subn", "c!"),
    Row("str.cached pattern", "str", "re.Pattern", "foreign::cached", "c!"),
    Row("re.Pattern.cached pattern", "re.Pattern", "re.Pattern", "foreign::compiled", ""),
    Row("re.Pattern.finditer in place", "re.Pattern, str", "list[re.Match]", "regex::all_matches", "c!"),
    Row(
        "re.Pattern.finditer in place",
        "re.Pattern, bytes",
        "list[re.Match of bytes]",
        "foreign::all_matches",
        "c!",
    ),
];

/// What `regex` does of the rows of `FOREIGN`: the row, the types of what is given besides the receiver, the function.
const NATIVE: &[(&str, &[Type], &str)] = &[
    ("re.Pattern.match", &[Type::Str], "matches"),
    ("re.Pattern.match", &[Type::Str, Type::Int], "matches_from"),
    ("re.Pattern.match", &[Type::Str, Type::Int, Type::Int], "matches_within"),
    ("re.Pattern.search", &[Type::Str], "search"),
    ("re.Pattern.search", &[Type::Str, Type::Int], "search_from"),
    ("re.Pattern.search", &[Type::Str, Type::Int, Type::Int], "search_within"),
    ("re.Pattern.fullmatch", &[Type::Str], "full_match"),
    ("re.Pattern.fullmatch", &[Type::Str, Type::Int], "full_match_from"),
    ("re.Pattern.fullmatch", &[Type::Str, Type::Int, Type::Int], "full_match_within"),
    ("re.Pattern.findall", &[Type::Str], "find_all"),
    ("re.Pattern.findall 2 groups", &[Type::Str], "find_all"),
    ("re.Pattern.findall 3 groups", &[Type::Str], "find_all"),
    ("re.Pattern.findall 4 groups", &[Type::Str], "find_all"),
    ("re.Pattern.findall 5 groups", &[Type::Str], "find_all"),
    ("re.Pattern.findall 6 groups", &[Type::Str], "find_all"),
    ("re.Pattern.split", &[Type::Str], "split"),
    ("re.Pattern.split", &[Type::Str, Type::Int], "split_at_most"),
    ("re.Match.group", &[], "group"),
    ("re.Match.group", &[Type::Int], "part_at"),
    ("re.Match.group", &[Type::Str], "part_named"),
    ("re.Match.group", &[Type::Int, Type::Int], "two_parts"),
    ("re.Match.group", &[Type::Int, Type::Int, Type::Int], "three_parts"),
    ("getitem", &[Type::Int], "part_at"),
    ("getitem", &[Type::Str], "part_named"),
    ("re.Match.start", &[], "start"),
    ("re.Match.start", &[Type::Int], "start_at"),
    ("re.Match.start", &[Type::Str], "start_named"),
    ("re.Match.end", &[], "end"),
    ("re.Match.end", &[Type::Int], "end_at"),
    ("re.Match.end", &[Type::Str], "end_named"),
    ("re.Match.span", &[], "span"),
    ("re.Match.span", &[Type::Int], "span_at"),
    ("re.Match.span", &[Type::Str], "span_named"),
    ("re.Match.groups", &[], "groups"),
    ("re.Match.attribute string", &[], "string"),
    ("re.Match.attribute re", &[], "pattern"),
    ("re.Match.attribute lastindex", &[], "last_index"),
    ("re.Match.attribute lastgroup", &[], "last_group"),
];

/// The function of `regex` that does what a row says of values of these types, if one does.
pub fn native(row: &str, types: &[&Type]) -> Option<&'static str> {
    let (Type::Foreign(class), given) = types.split_first()? else { return None };
    if !class.is_match() && class.name() != "re.Pattern" {
        return None;
    }
    let is_it = |(name, of, _): &&(&str, &[Type], &str)| *name == row && of.iter().eq(given.iter().copied());
    NATIVE.iter().find(is_it).map(|(_, _, path)| *path)
}

/// What reads the clock through `time.time`, which must be the module's own.
pub(super) const CLOCK: &[Row] =
    &[Row("datetime.date.today", "", "datetime.date", "foreign::date_today", "c!")];

/// What dates, times and durations keep in themselves.
pub(super) const FIELDS: &[Row] = &[
    Row("datetime.date.attribute year", "datetime.date", "int", "foreign::year", ""),
    Row("datetime.date.attribute month", "datetime.date", "int", "foreign::month", ""),
    Row("datetime.date.attribute day", "datetime.date", "int", "foreign::day", ""),
    Row("datetime.date.weekday", "datetime.date", "int", "foreign::weekday", ""),
    Row("datetime.date.isoweekday", "datetime.date", "int", "foreign::isoweekday", ""),
    Row("datetime.date.toordinal", "datetime.date", "int", "foreign::toordinal", ""),
    Row("datetime.datetime.attribute year", "datetime.datetime", "int", "foreign::year", ""),
    Row("datetime.datetime.attribute month", "datetime.datetime", "int", "foreign::month", ""),
    Row("datetime.datetime.attribute day", "datetime.datetime", "int", "foreign::day", ""),
    Row("datetime.datetime.weekday", "datetime.datetime", "int", "foreign::weekday", ""),
    Row("datetime.datetime.isoweekday", "datetime.datetime", "int", "foreign::isoweekday", ""),
    Row("datetime.datetime.toordinal", "datetime.datetime", "int", "foreign::toordinal", ""),
    Row("datetime.datetime.attribute hour", "datetime.datetime", "int", "foreign::hour", ""),
    Row("datetime.datetime.attribute minute", "datetime.datetime", "int", "foreign::minute", ""),
    Row("datetime.datetime.attribute second", "datetime.datetime", "int", "foreign::second", ""),
    Row("datetime.datetime.attribute microsecond", "datetime.datetime", "int", "foreign::microsecond", ""),
    Row("datetime.datetime.attribute fold", "datetime.datetime", "int", "foreign::fold", ""),
    Row("datetime.time.attribute hour", "datetime.time", "int", "foreign::hour", ""),
    Row("datetime.time.attribute minute", "datetime.time", "int", "foreign::minute", ""),
    Row("datetime.time.attribute second", "datetime.time", "int", "foreign::second", ""),
    Row("datetime.time.attribute microsecond", "datetime.time", "int", "foreign::microsecond", ""),
    Row("datetime.time.attribute fold", "datetime.time", "int", "foreign::fold", ""),
    Row("datetime.timedelta.attribute days", "datetime.timedelta", "int", "foreign::days", ""),
    Row("datetime.timedelta.attribute seconds", "datetime.timedelta", "int", "foreign::seconds", ""),
    Row(
        "datetime.timedelta.attribute microseconds",
        "datetime.timedelta",
        "int",
        "foreign::microseconds",
        "",
    ),
    Row("datetime.date.isoformat", "datetime.date", "str", "foreign::date_isoformat", "c!"),
];

/// What CPython hands on to `time.strftime`, which must be the module's own.
pub(super) const STRFTIME: &[Row] = &[
    Row("datetime.date.strftime", "datetime.date, str", "str", "foreign::strftime", "c!"),
    Row("datetime.datetime.strftime", "datetime.datetime, str", "str", "foreign::strftime", "c!"),
];

/// Has the class `strftime`, and a format?
pub fn has_strftime(class: Class) -> bool {
    STRFTIME.iter().any(|row| row.1.split_once(',').is_some_and(|(first, _)| first == class.name()))
}

/// Does the function call `time.time`?
pub fn reads_clock(full: &str) -> bool {
    CLOCK.iter().any(|row| row.0 == full)
}

/// What all values of a class can be asked: comparisons.
pub(super) const COMPARED: &[(&str, &str)] = &[
    ("==", "foreign::eq"),
    ("!=", "foreign::ne"),
    ("<", "foreign::lt"),
    ("<=", "foreign::le"),
    (">", "foreign::gt"),
    (">=", "foreign::ge"),
];

/// Has any of the classes an attribute of that name?
pub fn is_attribute(name: &str) -> bool {
    let rows = FOREIGN.iter().chain(FUNCTIONS).map(|row| row.0);
    rows.filter_map(|row| row.rsplit_once(".attribute ")).any(|(_, attribute)| attribute == name)
}
