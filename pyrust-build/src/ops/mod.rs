//! The operation table: operator, builtin or method × types → result type, runtime function.
//!
//! `select` finds the row for concrete argument types; inference and emission both ask it, so they cannot disagree.

pub mod abstracts;
mod arrays;
pub mod attributes;
mod boxed;
pub mod builtins;
mod bytearray;
mod complex;
mod constants;
pub mod document;
pub mod exceptions;
pub mod foreign;
mod keywords;
mod locks;
mod numbers;
mod numpy;
mod packed;
mod pattern;
pub mod percent;
mod random;
mod statistics;
mod structs;
mod table;
mod text;
mod ufuncs;
mod views;

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

pub use boxed::{boxed, told_by_method};
pub use constants::{CONSTANTS, STRUCTURES};
pub use keywords::{Arg, Constant, positional};
pub(crate) use locks::RAISED;
pub use numpy::{form, has_form, is_of_numbers};
pub use packed::{is_maker as makes_array, maker as array_maker};
pub use pattern::{Binding, Pattern, TYPECODE};
pub use table::Row;

use crate::foreign::Class;
use crate::ty::{DictKind, Type};

/// A parsed row.
#[derive(Debug)]
pub struct Op {
    pub name: &'static str,
    pub params: Vec<Pattern>,
    /// What type variables may stand for, where not everything goes.
    bounds: Vec<(char, Vec<Type>)>,
    pub ret: Pattern,
    pub path: &'static str,
    /// A constant argument behind the given ones, as Rust text.
    pub extra: Option<&'static str>,
    /// Takes its two arguments the other way round.
    pub reversed: bool,
    /// Returns `R<_>`.
    pub fallible: bool,
    /// Takes `cx` first.
    pub takes_cx: bool,
    /// Ints widen to float when nothing else fits.
    pub widens: bool,
    /// The `bytes` that come out become a `bytearray`.
    pub wraps: bool,
    /// Changes its first argument.
    pub mutates: bool,
    /// Done by CPython's own function: see `foreign`.
    pub foreign: bool,
    /// The engine of `re` does it.
    pub engine: bool,
    /// Gives up the GIL for long data.
    pub releases: bool,
    /// The parameters' names, empty where there is none, and how many must be given.
    names: Vec<&'static str>,
    required: usize,
    /// The last arguments are given by these names.
    pub keywords: Vec<&'static str>,
}

static TABLE: LazyLock<HashMap<&'static str, Vec<Op>>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Vec<Op>> = HashMap::new();
    let tables = [
        table::OPERATORS,
        boxed::BOXED,
        table::FUNCTIONS,
        table::METHODS,
        table::MODULES,
        text::TEXT,
        numbers::NUMBERS,
        statistics::STATISTICS,
        structs::FIELDS,
        complex::COMPLEX,
        bytearray::BYTEARRAY,
        packed::PACKED,
        views::VIEWS,
        views::MEMORY,
        foreign::REGEX,
        foreign::CLOCK,
        foreign::FIELDS,
        foreign::STRFTIME,
        random::RANDOM,
        locks::LOCKS,
    ];
    for row in tables.into_iter().flatten() {
        let mut op = Op::parse(row);
        if let Some(shared) = op.for_bytearray() {
            map.entry(shared.name).or_default().push(shared);
            // What `bytes` is given may be a `bytearray` as well.
            op.params.iter_mut().skip(1).for_each(Pattern::widen_bytes);
        }
        map.entry(op.name).or_default().push(op);
    }
    for op in packed::made() {
        map.entry(op.name).or_default().push(op);
    }
    for row in foreign::FOREIGN.iter().chain(foreign::FUNCTIONS) {
        map.entry(row.0).or_default().push(Op::parse_foreign(row));
    }
    for (op, class) in foreign::COMPARED.iter().flat_map(|op| Class::values().map(move |class| (op, class))) {
        let both = Pattern::Scalar(Type::Foreign(class));
        let mut made = Op::parse(&Row(op.0, "", "bool", op.1, "c!"));
        made.params = vec![both.clone(), both];
        map.entry(op.0).or_default().push(made);
    }
    map
});

impl Op {
    /// What an empty container's type variable becomes where not everything goes: the first type that is allowed.
    pub fn bound(&self, var: char) -> Option<&Type> {
        self.bounds.iter().find(|(v, _)| *v == var).and_then(|(_, types)| types.first())
    }

    /// Does NumPy, or what stands for it, go through arrays and keep nothing of them? What gives a view does.
    pub fn uses_up(&self) -> bool {
        if self.foreign {
            return self.name == numpy::NAME;
        }
        let view = matches!(self.ret, Pattern::Scalar(Type::Array(..))) && !self.path.contains("::array_");
        self.path.starts_with("ndarray::") && !view
    }

    /// Can what is given as a key be one?
    fn hashes(&self, args: &[Type]) -> bool {
        let is_key = |v: &char| {
            self.params.iter().any(|p| matches!(p, Pattern::Dict(k, ..) | Pattern::DictView(k, ..) | Pattern::Set(k, _) if k == v))
        };
        self.params.iter().zip(args).all(|(pattern, ty)| match pattern {
            // A set is looked for as if it were frozen.
            Pattern::Var(v) | Pattern::Same(v) => {
                ty.is_hashable() || matches!(ty, Type::Set { .. }) || !is_key(v)
            }
            _ => true,
        })
    }

    fn parse(row: &Row) -> Op {
        let (params, bounds) = pattern::bounds(row.1);
        Op {
            name: row.0,
            params: Pattern::parse_list(&params),
            bounds,
            ret: Pattern::parse(row.2),
            path: row.3.split(" +").next().unwrap_or(row.3),
            extra: row.3.split_once(" +").map(|(_, e)| e),
            reversed: row.4.contains('r'),
            fallible: row.4.contains('!'),
            takes_cx: row.4.contains('c'),
            widens: row.4.contains('w'),
            wraps: row.4.contains('b'),
            mutates: row.4.contains('m'),
            foreign: false,
            engine: false,
            releases: false,
            names: Vec::new(),
            required: usize::MAX,
            keywords: Vec::new(),
        }
    }

    /// A row of `foreign`: parameters may have names, be left out and be of several types.
    fn parse_foreign(row: &Row) -> Op {
        let mut op = Op::parse(&Row(row.0, "", row.2, row.3, row.4));
        op.foreign = true;
        op.engine = row.4.contains('e');
        op.releases = row.4.contains('g');
        op.required = 0;
        for text in row.1.split(',').map(str::trim).filter(|t| !t.is_empty()) {
            let (optional, text) = text.strip_prefix('~').map_or((false, text), |t| (true, t));
            let (name, types) = text.split_once('=').unwrap_or(("", text));
            let types = types.split('|').map(|t| match Pattern::parse(t) {
                Pattern::Scalar(t) => t,
                other => unreachable!("parameter {other:?} in the operation table"),
            });
            op.params.push(Pattern::AnyOf(types.collect()));
            op.names.push(name);
            op.required += usize::from(!optional);
        }
        op
    }

    /// The same with the last arguments given by name; `None` where CPython would raise.
    fn given_by_name(&self, positional: usize, keywords: &[&str]) -> Option<Op> {
        let places = keywords.iter().map(|k| self.names.iter().position(|n| n == k && !k.is_empty()));
        let places: Vec<usize> = places.collect::<Option<_>>()?;
        let given = |at: usize| at < positional || places.contains(&at);
        if positional > self.params.len()
            || places.iter().enumerate().any(|(i, at)| *at < positional || places[..i].contains(at))
            || !(0..self.required).all(given)
        {
            return None;
        }
        let params = self.params[..positional].iter().chain(places.iter().map(|at| &self.params[*at]));
        Some(Op {
            params: params.cloned().collect(),
            bounds: Vec::new(),
            ret: self.ret.clone(),
            names: Vec::new(),
            required: usize::MAX,
            keywords: places.iter().map(|at| self.names[*at]).collect(),
            ..*self
        })
    }

    /// A method of `bytes` as one of `bytearray`: none where `bytes` come out inside of something.
    fn for_bytearray(&self) -> Option<Op> {
        let method = self.name.strip_prefix("bytes.")?;
        let wraps = self.ret == Pattern::Scalar(Type::Bytes);
        let ret = match &self.ret {
            _ if wraps || self.wraps => Pattern::Scalar(Type::ByteArray),
            Pattern::Scalar(_) => self.ret.clone(),
            _ => return None,
        };
        let mut params = self.params.clone();
        params.iter_mut().for_each(Pattern::widen_bytes);
        // Made once, with the table.
        let name = Box::leak(format!("bytearray.{method}").into_boxed_str());
        Some(Op {
            name,
            params,
            ret,
            wraps,
            bounds: self.bounds.clone(),
            names: Vec::new(),
            keywords: Vec::new(),
            ..*self
        })
    }
}

/// Every row, for documentation and tests.
pub fn all() -> impl Iterator<Item = &'static Op> {
    TABLE.values().flatten()
}

/// True if the table has the name at all, whatever the types.
pub fn exists(name: &str) -> bool {
    rows(name).is_some() || numpy::exists(name)
}

/// Is it a module of Python's own of which the table has functions?
pub fn has_module(name: &str) -> bool {
    static MODULES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let modules = TABLE.keys().filter_map(|name| name.split_once('.'));
        // Methods have such names as well: `list.append`.
        modules.map(|(module, _)| module).filter(|m| !builtins::is_builtin(m)).collect()
    });
    MODULES.contains(name)
}

/// The rows of a name. Those of a call with keywords are made from the row without.
fn rows(name: &str) -> Option<&'static [Op]> {
    static MADE: LazyLock<Mutex<HashMap<String, &'static [Op]>>> = LazyLock::new(Mutex::default);
    if let Some(rows) = TABLE.get(name) {
        return Some(rows);
    }
    let (base, call) = name.strip_suffix(')')?.split_once('(')?;
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(rows) = made.get(name) {
        return Some(rows);
    }
    let (positional, keywords) = call.split_once(';')?;
    let (positional, keywords) = (positional.parse().ok()?, keywords.split(',').collect::<Vec<_>>());
    let rows: Vec<Op> =
        TABLE.get(base)?.iter().filter_map(|op| op.given_by_name(positional, &keywords)).collect();
    if rows.is_empty() {
        return None;
    }
    // Made once for each form of call that a program has.
    let rows: &'static [Op] = Vec::leak(rows);
    made.insert(name.to_string(), rows);
    Some(rows)
}

/// The name of a call that gives arguments by name, where CPython itself is asked: `name(2;key,other)`. `positional`
/// counts the receiver.
pub fn by_name<E>(name: String, positional: usize, keywords: &[(String, E)]) -> String {
    if keywords.is_empty() || !TABLE.get(name.as_str()).is_some_and(|rows| rows.iter().all(|op| op.foreign)) {
        return name;
    }
    let names: Vec<&str> = keywords.iter().map(|(k, _)| k.as_str()).collect();
    format!("{name}({positional};{})", names.join(","))
}

/// Does the method of a container change it?
pub fn changes(ty: &Type, method: &str) -> bool {
    let class = match ty {
        Type::List { .. } => "list",
        Type::Dict { .. } => "dict",
        Type::Set { .. } => "set",
        Type::Deque { .. } => "deque",
        Type::ByteArray => "bytearray",
        Type::Packed(_) => "array",
        _ => return false,
    };
    // Some are compiled as loops, not as rows.
    matches!(method, "extend" | "update" | "sort")
        || TABLE.get(format!("{class}.{method}").as_str()).is_some_and(|ops| ops.iter().any(|op| op.mutates))
}

/// Is there a builtin class with such a method?
pub fn is_method(name: &str) -> bool {
    TABLE.keys().any(|row| {
        row.split_once('.')
            .is_some_and(|(class, method)| method == name && (CLASSES_WITH_METHODS.contains(&class)))
    })
}

/// Has the builtin class such a method? `name` is one of some class.
pub fn has_method(class: &str, name: &str) -> bool {
    exists(&method(class, name))
        || match name {
            // Some are compiled as loops, not as rows.
            "extend" => matches!(class, "list" | "deque" | "bytearray" | "array"),
            "update" => class == "set" || method(class, name).starts_with("dict."),
            _ => matches!(class, "set" | "frozenset"),
        }
}

/// The classes of values that the table has methods of.
const CLASSES_WITH_METHODS: &[&str] = &[
    "int",
    "float",
    "complex",
    "str",
    "bytes",
    "bytearray",
    "array",
    "list",
    "tuple",
    "dict",
    "set",
    "frozenset",
    "range",
    "deque",
    "defaultdict",
    "Counter",
    "memoryview",
    "view",
];

/// Does the method go through any iterable that it is given, one element after another?
pub fn takes_all(ty: &Type, method: &str) -> bool {
    match ty {
        Type::Deque { .. } => matches!(method, "extend" | "extendleft"),
        Type::Dict { kind: DictKind::Counter, .. } => matches!(method, "update" | "subtract"),
        Type::Dict { .. } => method == "update",
        _ => false,
    }
}

/// The row of a method. Classes derived from `dict` have those of `dict` where they have none of their own; which of those
/// mean the same the patterns say.
pub fn method(class: &str, name: &str) -> String {
    let own = format!("{class}.{name}");
    if matches!(class, "defaultdict" | "Counter" | "OrderedDict") && !exists(&own) {
        format!("dict.{name}")
    } else {
        own
    }
}

/// The row for these argument types (no unions), with what its type variables stand for.
pub fn select(name: &str, args: &[Type]) -> Option<(&'static Op, Binding)> {
    if let Some((op, types)) = numpy::row(name, args) {
        // What another row does has the bindings of that one.
        return if types.is_empty() { Some((op, Binding::new())) } else { select(name, &types) };
    }
    let rows = rows(name)?;
    use pattern::Level;
    // Exact types first, then `bool` as `int` and a character as `str`, then ints as floats, then what must fit 64 bits.
    for level in [Level::Exact, Level::Subtype, Level::Widen, Level::Narrow] {
        if level == Level::Narrow && !args.contains(&Type::Big) {
            continue;
        }
        for row in rows.iter().filter(|r| arity_fits(r, args.len())) {
            if row.mutates && matches!(args.first(), Some(Type::View(_))) {
                continue;
            }
            if level == Level::Widen && !row.widens {
                continue;
            }
            let mut binding = Binding::default();
            let fits = row.params.iter().zip(args).all(|(p, t)| p.matches(t, level, &mut binding));
            if fits && row.bounds.iter().all(|(v, types)| within(binding.get(v), types)) && row.hashes(args) {
                let is_other = |(p, t): (&Pattern, &Type)| match p {
                    Pattern::Same(v) => binding.get(v).is_some_and(|elem| never_equal(t, elem)),
                    _ => false,
                };
                if row.params.iter().zip(args).any(is_other)
                    && let Some(found) = select(&format!("{name} other"), args)
                {
                    return Some(found);
                }
                return Some((row, binding));
            }
        }
    }
    None
}

/// Can a value be looked up among values of another type by converting it first? `True` equals `1`, and what has no
/// identity is equal to the object that Python would have of it.
pub fn equal_key(have: &Type, elem: &Type) -> bool {
    match (have, elem) {
        (Type::Bool | Type::Int, Type::Big) | (Type::Bool, Type::Int) => true,
        (_, Type::Obj) => !matches!(have, Type::Union(_)) && have.identity_free() && have.has_plain_hash(),
        _ => narrower_key(have, elem),
    }
}

/// Can a tuple be looked up among tuples of fewer types by taking its items for one of those? Others bail.
fn narrower_key(have: &Type, elem: &Type) -> bool {
    let (Type::Tuple { items: have, .. }, Type::Tuple { items: elem, .. }) = (have, elem) else {
        return false;
    };
    let fits = |have: &Type, elem: &Type| have.fits_into(elem) || equal_key(have, elem);
    let narrows = |have: &Type, elem: &Type| match have {
        Type::Union(members) => fits(have, elem) || members.iter().any(|member| member.fits_into(elem)),
        other => fits(other, elem) || narrower_key(other, elem),
    };
    have.len() == elem.len() && have.iter().zip(elem).all(|(have, elem)| narrows(have, elem))
}

/// Is a value of one type equal to none of another, and can it be looked up all the same?
pub fn never_equal(have: &Type, elem: &Type) -> bool {
    fn kind(ty: &Type) -> Option<usize> {
        Some(match ty {
            Type::None => 0,
            Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex => 1,
            // `bytes` are none of these: `python -b` warns where a text meets them.
            Type::Str | Type::Char => 2,
            // By their length.
            Type::Tuple { items, .. } if items.iter().all(|t| kind(t).is_some()) => 3 + items.len(),
            _ => return None,
        })
    }
    let other = |t: &Type| kind(t).is_some_and(|kind_of_elem| kind(have) != Some(kind_of_elem));
    kind(have).is_some() && elem.members().iter().all(other)
}

/// An operation whose result is to be an int of any size, though no argument is: the row to ask for, and the types that
/// the arguments become. `None` where nothing can leave 64 bits, or no row is there.
pub fn widened(name: &str, args: &[Type]) -> Option<(String, Vec<Type>)> {
    let wide = format!("{name} wide");
    if select(&wide, args).is_some() {
        return Some((wide, args.to_vec()));
    }
    let all = match (name, args.len()) {
        ("+" | "-" | "*" | "math.comb" | "math.perm" | "math.lcm", 2)
        | ("neg" | "abs" | "math.factorial", 1) => true,
        ("**" | "<<" | "pow" | "round", 2) => false,
        _ => return None,
    };
    let word = |t: &Type| matches!(t, Type::Int | Type::Bool);
    let given = if all { args } else { &args[..1] };
    if !given.iter().all(word) {
        return None;
    }
    let types: Vec<Type> =
        args.iter().enumerate().map(|(i, t)| if i < given.len() { Type::Big } else { t.clone() }).collect();
    select(name, &types).is_some().then(|| (name.to_string(), types))
}

/// The type of a constant of a module of the standard library.
pub fn constant(module: &str, name: &str) -> Option<Type> {
    let row = CONSTANTS.iter().find(|(m, n, _)| *m == module && *n == name)?;
    Some(Pattern::parse(row.2).instantiate(&Binding::new()))
}

/// Is every possible type of a variable among those allowed?
fn within(ty: Option<&Type>, allowed: &[Type]) -> bool {
    let known = |t: &Type| allowed.contains(t) || (*t == Type::Char && allowed.contains(&Type::Str));
    ty.is_none_or(|t| t.members().iter().all(|t| *t == Type::Never || known(t)))
}

/// Trailing optional parameters may be left out.
fn arity_fits(op: &Op, args: usize) -> bool {
    if op.required != usize::MAX {
        return (op.required..=op.params.len()).contains(&args);
    }
    args <= op.params.len() && op.params[args..].iter().all(|p| *p == Pattern::OptInt)
}

/// How an operation of the table reads in a message.
pub fn spelled(name: &str) -> &str {
    match name {
        "getitem" => "x[i]",
        "setitem" => "x[i] = v",
        "delitem" => "del x[i]",
        "getslice" => "x[a:b]",
        "setslice" => "x[a:b] = v",
        "delslice" => "del x[a:b]",
        "dict.copy" => "dict(x)",
        "neg" => "-x",
        "pos" => "+x",
        "inv" => "~x",
        other => other.split('(').next().unwrap_or(other),
    }
}
