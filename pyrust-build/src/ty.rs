//! Resolved types: what inference ends with and emission starts from.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::foreign::Class;
use crate::numpy::Dtype;
use crate::packed::Typecode;

mod native;
mod origin;

pub use origin::Origin;

/// A resolved type. Two equal types have the same Rust representation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// No value ever gets here.
    Never,
    None,
    Bool,
    Int,
    /// An `int` of any size.
    Big,
    Float,
    Complex,
    /// A `str` of length one.
    Char,
    Str,
    Bytes,
    /// A shared handle, wherever it was made.
    ByteArray,
    /// An `array.array`: a shared handle of the object.
    Packed(Typecode),
    Range,
    /// A `memoryview` of `bytes`, made natively; like an iterator it does not leave native code.
    MemView,
    Tuple {
        items: Vec<Type>,
        origin: Origin,
    },
    /// A live Python tuple of any length.
    VarTuple(Box<Type>),
    /// An instance of a class that `namedtuple` made: always an object of Python's, its fields unboxed.
    Named {
        class: Arc<NamedClass>,
        items: Vec<Type>,
    },
    /// An exact instance of a class that the project defines: the object itself, whose attributes are read and written in
    /// place.
    Instance(Arc<ObjectClass>),
    List {
        elem: Box<Type>,
        in_place: bool,
    },
    /// A Python list that nothing in the call writes to: read in place, converted when that pays.
    View(Box<Type>),
    Dict {
        key: Box<Type>,
        value: Box<Type>,
        in_place: bool,
        kind: DictKind,
    },
    /// A `deque`; `in_place` where it is one of Python's.
    Deque {
        elem: Box<Type>,
        in_place: bool,
    },
    /// A view of a dict: the dict itself, of which one side is seen. Like an iterator it does not leave native code.
    DictView {
        dict: Box<Type>,
        side: Side,
    },
    /// A `set`, or a `frozenset`.
    Set {
        elem: Box<Type>,
        in_place: bool,
        frozen: bool,
    },
    /// An iterator that lives in native code; its elements.
    Iter(Box<Type>),
    /// An exact instance of a class of CPython's own.
    Foreign(Class),
    /// An exact NumPy array of this dtype and so many dimensions.
    Array(Dtype, u8),
    /// A NumPy scalar.
    Numpy(Dtype),
    /// A variable that functions share: only handed to functions inside.
    Cell(Box<Type>),
    /// A function object of Python's: one of these, or another that calls bail for.
    Function(Vec<Callee>),
    /// A function made here that takes nothing from around: one of these.
    Inner(Vec<Callee>),
    /// A function made here, with its defaults and what it takes from around.
    Closure {
        callee: Callee,
        captures: Vec<Type>,
    },
    /// Opaque: moved, stored, returned, compared by identity. Sorts behind what is understood.
    Obj,
    /// Two to four members, or more as [`exceeded`] has it; sorted, none of them `Never` or a union.
    Union(Vec<Type>),
}

/// A class made by `collections.namedtuple` or `typing.NamedTuple`.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedClass {
    pub module: String,
    pub name: String,
    pub fields: Vec<String>,
    /// The methods by which tuples are compared, hashed and searched that the class's text has instead.
    pub own: Vec<&'static str>,
}

impl NamedClass {
    pub fn has_own(&self, name: &str) -> bool {
        self.own.contains(&name)
    }

    /// May a comparison, by its sign, ask a method of the class, whichever operand the instance is?
    pub fn compares_itself(&self, op: &str) -> bool {
        let [forward, reflected] = match op {
            "==" => ["__eq__"; 2],
            "!=" => ["__ne__"; 2],
            "<" | ">" => ["__lt__", "__gt__"],
            "<=" | ">=" => ["__le__", "__ge__"],
            _ => return false,
        };
        self.has_own(forward) || self.has_own(reflected)
    }

    /// With an `__eq__` of its own a class without `__hash__` has none.
    pub fn hashes_itself(&self) -> bool {
        self.has_own("__hash__") || self.has_own("__eq__")
    }

    /// As a class whose methods are looked up.
    pub fn as_object(&self) -> Arc<ObjectClass> {
        Arc::new(ObjectClass::new(self.module.clone(), self.name.clone()))
    }
}

/// A class that a module of the project defines.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectClass {
    pub module: String,
    pub name: String,
    /// Not 0: the instances that native code makes and keeps to itself in one form of one hotspot, which has this number.
    pub own: usize,
    /// Of those, while types are inferred: what knows whether it meets Python's objects after all, and is one of them.
    pub cell: Option<usize>,
    /// The builtin class that it is derived from, if that gives it something.
    pub base: Below,
}

/// A builtin class of containers below which a class of the project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    List,
    Dict,
}

impl Base {
    pub fn name(self) -> &'static str {
        match self {
            Base::List => "list",
            Base::Dict => "dict",
        }
    }
}

/// What the text says of a class besides its name: it makes no difference between two of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Below {
    /// The builtin class of containers that it is derived from.
    pub container: Option<Base>,
    /// It is derived from one of exceptions that keeps whatever it is given.
    pub exception: bool,
}

impl PartialEq for Below {
    fn eq(&self, _: &Below) -> bool {
        true
    }
}

impl Eq for Below {}

impl std::hash::Hash for Below {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl PartialOrd for Below {
    fn partial_cmp(&self, other: &Below) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Below {
    fn cmp(&self, _: &Below) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl ObjectClass {
    /// The class of Python's instances.
    pub fn new(module: String, name: String) -> ObjectClass {
        ObjectClass { module, name, own: 0, cell: None, base: Below::default() }
    }

    /// The same class, of Python's instances.
    pub fn of_python(&self) -> Arc<ObjectClass> {
        Arc::new(ObjectClass { own: 0, cell: None, ..self.clone() })
    }

    /// Is it the same class in Python?
    pub fn is(&self, other: &ObjectClass) -> bool {
        (&self.module, &self.name) == (&other.module, &other.name)
    }
}

/// A function that a value can be.
///
/// The name is the qualified one of a function inside; else it stands in `<…>`: what a global of the module names
/// (`<add>`, `<math.sqrt>`), or a kind of function that has no text of its own (`<.get>`: a bound method).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Callee {
    pub module: String,
    pub name: String,
}

impl Callee {
    /// What stands between `<` and `>`.
    pub fn inside(&self) -> Option<&str> {
        self.name.strip_prefix('<')?.strip_suffix('>')
    }
}

/// What a view of a dict shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Keys,
    Values,
    Items,
}

impl Side {
    /// What the method of that name shows.
    pub fn of(method: &str) -> Option<Side> {
        Some(match method {
            "keys" => Side::Keys,
            "values" => Side::Values,
            "items" => Side::Items,
            _ => return None,
        })
    }

    /// The name of the method.
    pub fn name(self) -> &'static str {
        match self {
            Side::Keys => "keys",
            Side::Values => "values",
            Side::Items => "items",
        }
    }
}

/// The class of a dict. Dicts of different classes have different types, so that what `d[k]` does is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DictKind {
    Plain,
    /// `collections.defaultdict`
    Default,
    /// `collections.Counter`
    Counter,
    /// `collections.OrderedDict`
    Ordered,
}

impl DictKind {
    /// The name of the class.
    pub fn class(self) -> &'static str {
        match self {
            DictKind::Plain => "dict",
            DictKind::Default => "defaultdict",
            DictKind::Counter => "Counter",
            DictKind::Ordered => "OrderedDict",
        }
    }
}

impl Type {
    /// True where the Rust representation is `Copy`.
    pub fn is_copy(&self) -> bool {
        match self {
            Type::Never
            | Type::None
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::Char
            | Type::Range
            | Type::Complex => true,
            Type::Obj | Type::View(_) | Type::Foreign(_) | Type::Instance(_) => true,
            Type::Function(_) | Type::Inner(_) | Type::Array(..) | Type::Numpy(_) => true,
            Type::List { in_place, .. }
            | Type::Dict { in_place, .. }
            | Type::Deque { in_place, .. }
            | Type::Set { in_place, .. } => *in_place,
            Type::Tuple { items, .. }
            | Type::Named { items, .. }
            | Type::Union(items)
            | Type::Closure { captures: items, .. } => items.iter().all(Type::is_copy),
            Type::Big | Type::Str | Type::Bytes | Type::ByteArray | Type::Iter(_) | Type::Cell(_) => false,
            // One of numbers may have a reference of its own: see the runtime's `PTuple`.
            Type::VarTuple(_) | Type::MemView | Type::Packed(_) => false,
            Type::DictView { dict, .. } => dict.is_copy(),
        }
    }

    /// A tuple that came from Python and goes out as the same object.
    pub fn is_held(&self) -> bool {
        match self {
            Type::Tuple { origin: Origin::Python, .. } => !self.identity_free(),
            Type::Tuple { origin, .. } => matches!(origin, Origin::Kept | Origin::Lazy),
            _ => false,
        }
    }

    /// A tuple that is an object, of which the members are read one by one.
    pub fn is_lazy(&self) -> bool {
        matches!(self, Type::Tuple { origin: Origin::Lazy, .. })
    }

    /// An instance of what `namedtuple` made that is an object alone, of which the fields are read one by one: where some
    /// have an identity, so that handing on all of them costs more than to read one, and none costs more than a look.
    pub fn is_row(&self) -> bool {
        let Type::Named { class, items } = self else { return false };
        class.own.is_empty() && items.iter().all(Type::is_a_look) && !items.iter().all(Type::is_number)
    }

    /// Is reading one from Python no more than a look?
    fn is_a_look(&self) -> bool {
        match self {
            Type::None | Type::Bool | Type::Int | Type::Float | Type::Char | Type::Str | Type::Bytes => true,
            Type::Instance(class) => class.own == 0,
            Type::Obj => true,
            Type::List { in_place, .. } | Type::Dict { in_place, .. } => *in_place,
            Type::Set { in_place, .. } | Type::Deque { in_place, .. } => *in_place,
            Type::Union(members) => members.iter().all(Type::is_a_look),
            Type::Named { items, .. } => self.is_row() || items.iter().all(Type::is_number),
            Type::Tuple { .. } => self.is_held(),
            _ => false,
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Type::None | Type::Bool | Type::Int | Type::Float)
    }

    /// Length of a tuple of known length, else 0.
    pub fn items_len(&self) -> usize {
        match self {
            Type::Tuple { items, .. } => items.len(),
            _ => 0,
        }
    }

    /// Members of a union, or the type itself.
    pub fn members(&self) -> &[Type] {
        match self {
            Type::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }

    /// True for types whose identity is free: exact scalars and tuples of those.
    pub fn identity_free(&self) -> bool {
        match self {
            Type::Never | Type::None | Type::Bool | Type::Int | Type::Big | Type::Float => true,
            Type::Char | Type::Str | Type::Bytes | Type::Complex | Type::Numpy(_) => true,
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().all(Type::identity_free),
            Type::Range
            | Type::ByteArray
            | Type::Packed(_)
            | Type::MemView
            | Type::DictView { .. }
            | Type::Obj
            | Type::Foreign(_)
            | Type::Array(..)
            | Type::Instance(_)
            | Type::Function(_)
            | Type::Inner(_)
            | Type::Closure { .. }
            | Type::VarTuple(_)
            | Type::Named { .. }
            | Type::View(_)
            | Type::Iter(_)
            | Type::Cell(_)
            | Type::List { .. }
            | Type::Deque { .. }
            | Type::Set { .. }
            | Type::Dict { .. } => false,
        }
    }

    /// The types next inside: elements, members, keys and values.
    pub fn parts(&self) -> impl Iterator<Item = &Type> {
        let (several, one, other): (&[Type], _, _) = match self {
            Type::Tuple { items, .. }
            | Type::Named { items, .. }
            | Type::Union(items)
            | Type::Closure { captures: items, .. } => (items, None, None),
            Type::VarTuple(t) | Type::View(t) | Type::Iter(t) | Type::Cell(t) => (&[], Some(&**t), None),
            Type::List { elem, .. } | Type::Deque { elem, .. } | Type::Set { elem, .. } => {
                (&[], Some(&**elem), None)
            }
            Type::Dict { key, value, .. } => (&[], Some(&**key), Some(&**value)),
            Type::DictView { dict, .. } => (&[], Some(&**dict), None),
            Type::Never
            | Type::None
            | Type::Bool
            | Type::Int
            | Type::Big
            | Type::Float
            | Type::Char
            | Type::Str
            | Type::Bytes
            | Type::ByteArray
            | Type::Packed(_)
            | Type::MemView
            | Type::Complex
            | Type::Range
            | Type::Foreign(_)
            | Type::Array(..)
            | Type::Numpy(_)
            | Type::Instance(_)
            | Type::Function(_)
            | Type::Inner(_)
            | Type::Obj => (&[], None, None),
        };
        several.iter().chain(one).chain(other)
    }

    /// Is `f` true for the type or any inside?
    pub fn any(&self, f: &impl Fn(&Type) -> bool) -> bool {
        f(self) || self.parts().any(|t| t.any(f))
    }

    /// The classes of instances that native code keeps to itself, where they stand among Python's objects; `at` where the
    /// type itself does.
    pub fn own_among_objects(&self, at: bool, out: &mut BTreeSet<Arc<ObjectClass>>) {
        match self {
            Type::Instance(class) if class.own != 0 && at => _ = out.insert(class.clone()),
            Type::Dict { key, value, in_place, .. } => {
                key.own_among_objects(true, out);
                value.own_among_objects(at || *in_place, out);
            }
            Type::Deque { elem, .. } | Type::Set { elem, .. } | Type::VarTuple(elem) | Type::View(elem) => {
                elem.own_among_objects(true, out);
            }
            Type::List { elem, in_place } => elem.own_among_objects(at || *in_place, out),
            Type::Tuple { items, origin } => {
                items.iter().for_each(|t| t.own_among_objects(at || origin.of_python(), out));
            }
            Type::Union(items) => {
                // Among instances of Python's, one is called as they are.
                let of_python =
                    |t: &Type| matches!(t, Type::Obj) || matches!(t, Type::Instance(c) if c.own == 0);
                let at = at || items.iter().any(of_python);
                items.iter().for_each(|t| t.own_among_objects(at, out));
            }
            Type::Iter(t) | Type::Cell(t) => t.own_among_objects(at, out),
            // Functions that are made here do not get to Python.
            Type::Closure { captures, .. } => captures.iter().for_each(|t| t.own_among_objects(false, out)),
            other => other.parts().for_each(|t| t.own_among_objects(true, out)),
        }
    }

    /// True if `Never` occurs anywhere inside.
    pub fn has_never(&self) -> bool {
        self.any(&|t| *t == Type::Never)
    }
}

/// As a Python programmer would write it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, items: &[Type], sep: &str| {
            items.iter().enumerate().try_for_each(|(i, t)| {
                if i > 0 {
                    f.write_str(sep)?;
                }
                write!(f, "{t}")
            })
        };
        match self {
            Type::Never => f.write_str("?"),
            Type::None => f.write_str("None"),
            Type::Bool => f.write_str("bool"),
            Type::Int | Type::Big => f.write_str("int"),
            Type::Float => f.write_str("float"),
            Type::Char | Type::Str => f.write_str("str"),
            Type::Bytes => f.write_str("bytes"),
            Type::ByteArray => f.write_str("bytearray"),
            Type::Packed(code) => write!(f, "{code}"),
            Type::Complex => f.write_str("complex"),
            Type::Range => f.write_str("range"),
            Type::Foreign(class) => f.write_str(class.name()),
            Type::Array(dtype, dims) => write!(f, "ndarray[{dtype}, {dims}]"),
            Type::Numpy(dtype) => f.write_str(&dtype.class()),
            Type::Instance(class) => write!(f, "{}.{}", class.module, class.name),
            Type::Obj => f.write_str("object"),
            Type::Tuple { items, .. } => {
                f.write_str("tuple[")?;
                join(f, items, ", ")?;
                f.write_str("]")
            }
            Type::VarTuple(t) => write!(f, "tuple[{t}, ...]"),
            Type::Named { class, .. } => write!(f, "{}.{}", class.module, class.name),
            Type::List { elem, .. } | Type::View(elem) => write!(f, "list[{elem}]"),
            Type::Set { elem, frozen: false, .. } => write!(f, "set[{elem}]"),
            Type::Set { elem, frozen: true, .. } => write!(f, "frozenset[{elem}]"),
            Type::Iter(elem) => write!(f, "iterator[{elem}]"),
            Type::MemView => f.write_str("memoryview"),
            Type::DictView { dict, side } => write!(f, "{} of {dict}", side.name()),
            Type::Cell(t) => write!(f, "{t}"),
            Type::Function(_) | Type::Inner(_) | Type::Closure { .. } => f.write_str("function"),
            Type::Deque { elem, .. } => write!(f, "deque[{elem}]"),
            Type::Dict { key, value, kind, .. } => write!(f, "{}[{key}, {value}]", kind.class()),
            Type::Union(members) => join(f, members, " | "),
        }
    }
}

/// Tuples of known length have at most so many items; longer ones are read in place.
pub const MAX_TUPLE: usize = 12;

/// At most so many members in a union; beyond that a value is not understood.
pub const MAX_MEMBERS: usize = 4;

/// The same where all members are instances of classes of the project, or None: a hierarchy of classes.
pub const MAX_CLASSES: usize = 8;

/// At most so many members, if all are instances or not.
pub fn most_members(instances: bool) -> usize {
    if instances { MAX_CLASSES } else { MAX_MEMBERS }
}

/// The number of members that a union may have, if these are more.
pub fn exceeded(members: &[Type]) -> Option<usize> {
    let most = most_members(members.iter().all(|m| matches!(m, Type::Instance(_) | Type::None)));
    (members.len() > most).then_some(most)
}

impl Type {
    /// The smallest type that both fit into. Lists and dicts of one union are merged.
    pub fn join(a: &Type, b: &Type) -> Type {
        match (a, b) {
            _ if a == b => a.clone(),
            (Type::Never, t) | (t, Type::Never) => t.clone(),
            (Type::Char, Type::Str) | (Type::Str, Type::Char) => Type::Str,
            (Type::Int, Type::Big) | (Type::Big, Type::Int) => Type::Big,
            (Type::List { elem: x, in_place: p }, Type::List { elem: y, in_place: q }) => {
                Type::List { elem: Box::new(Type::join(x, y)), in_place: *p || *q }
            }
            (
                Type::Set { elem: x, in_place: p, frozen: f },
                Type::Set { elem: y, in_place: q, frozen: g },
            ) if f == g => Type::Set { elem: Box::new(Type::join(x, y)), in_place: *p || *q, frozen: *f },
            (Type::VarTuple(x), Type::VarTuple(y)) => Type::VarTuple(Box::new(Type::join(x, y))),
            (Type::View(x), Type::View(y)) => Type::View(Box::new(Type::join(x, y))),
            (Type::Iter(x), Type::Iter(y)) => Type::Iter(Box::new(Type::join(x, y))),
            (Type::DictView { dict: x, side }, Type::DictView { dict: y, .. }) if a.same_kind(b) => {
                Type::DictView { dict: Box::new(Type::join(x, y)), side: *side }
            }
            (Type::Cell(x), Type::Cell(y)) => Type::Cell(Box::new(Type::join(x, y))),
            (Type::Function(x), Type::Function(y)) => Type::Function(either(x, y)),
            (Type::Inner(x), Type::Inner(y)) => Type::Inner(either(x, y)),
            (Type::Closure { callee, captures: x }, Type::Closure { callee: other, captures: y })
                if callee == other && x.len() == y.len() =>
            {
                let captures = x.iter().zip(y).map(|(a, b)| Type::join(a, b)).collect();
                Type::Closure { callee: callee.clone(), captures }
            }
            (Type::Deque { elem: x, in_place: p }, Type::Deque { elem: y, in_place: q }) => {
                Type::Deque { elem: Box::new(Type::join(x, y)), in_place: *p || *q }
            }
            (
                Type::Dict { key: k, value: v, in_place: p, kind },
                Type::Dict { key: l, value: w, in_place: q, kind: other },
            ) if kind == other => Type::Dict {
                key: Box::new(Type::join(k, l)),
                value: Box::new(Type::join(v, w)),
                in_place: *p || *q,
                kind: *kind,
            },
            (Type::Tuple { items: x, origin: p }, Type::Tuple { items: y, origin: q })
                if x.len() == y.len() =>
            {
                let items = x.iter().zip(y).map(|(a, b)| Type::join(a, b)).collect();
                Type::Tuple { items, origin: p.join(*q) }
            }
            (Type::Named { class, items: x }, Type::Named { class: other, items: y }) if class == other => {
                let items = x.iter().zip(y).map(|(a, b)| Type::join(a, b)).collect();
                Type::Named { class: class.clone(), items }
            }
            // What meets one of Python's is one of Python's.
            (Type::Instance(x), Type::Instance(y)) if x.is(y) => {
                Type::Instance(if x.own == 0 { x.clone() } else { y.clone() })
            }
            _ => {
                let mut members: Vec<Type> = a.members().to_vec();
                for t in b.members() {
                    match members.iter_mut().find(|m| m.same_kind(t)) {
                        Some(m) => *m = Type::join(m, t),
                        None => members.push(t.clone()),
                    }
                }
                // Tuples of any length take those of known length in.
                if let Some(at) = members.iter().position(|m| matches!(m, Type::VarTuple(_))) {
                    let Type::VarTuple(mut elem) = members.remove(at) else { unreachable!("just found") };
                    members.retain(|m| {
                        let Type::Tuple { items, .. } = m else { return true };
                        *elem = items.iter().fold((*elem).clone(), |acc, t| Type::join(&acc, t));
                        false
                    });
                    members.push(Type::VarTuple(elem));
                }
                members.sort();
                let native = |t: &Type| match t {
                    Type::Dict { kind, .. } => *kind != DictKind::Plain,
                    Type::View(_) | Type::Iter(_) | Type::Deque { .. } | Type::Cell(_) | Type::ByteArray => {
                        true
                    }
                    Type::Inner(_) | Type::Closure { .. } => true,
                    Type::MemView | Type::DictView { .. } => true,
                    _ => false,
                };
                // As inference does: what comes last is opaque.
                if exceeded(&members).is_some() && !members.iter().any(native) {
                    members.truncate(MAX_MEMBERS - 1);
                    members.push(Type::Obj);
                }
                if members.len() == 1 { members.remove(0) } else { Type::Union(members) }
            }
        }
    }

    /// True if the two merge into one member of a union.
    pub fn same_kind(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Tuple { items: a, .. }, Type::Tuple { items: b, .. }) => a.len() == b.len(),
            (Type::Named { class: a, .. }, Type::Named { class: b, .. }) => a == b,
            (Type::Instance(a), Type::Instance(b)) => a.is(b),
            (Type::Dict { kind: a, .. }, Type::Dict { kind: b, .. }) => a == b,
            (Type::DictView { dict: a, side: s }, Type::DictView { dict: b, side: t }) => {
                s == t && a.same_kind(b)
            }
            (Type::Set { frozen: f, .. }, Type::Set { frozen: g, .. }) => f == g,
            (Type::Closure { callee: a, captures: x }, Type::Closure { callee: b, captures: y }) => {
                a == b && x.len() == y.len()
            }
            (Type::List { .. }, Type::List { .. })
            | (Type::Deque { .. }, Type::Deque { .. })
            | (Type::VarTuple(_), Type::VarTuple(_))
            | (Type::View(_), Type::View(_))
            | (Type::Iter(_), Type::Iter(_))
            | (Type::Cell(_), Type::Cell(_))
            | (Type::Function(_), Type::Function(_))
            | (Type::Inner(_), Type::Inner(_))
            | (Type::Char | Type::Str, Type::Char | Type::Str)
            | (Type::Int | Type::Big, Type::Int | Type::Big) => true,
            _ => self == other,
        }
    }

    /// Is a list, dict, deque or set of Python's part of it?
    pub fn has_live(&self) -> bool {
        match self {
            Type::List { in_place: true, .. }
            | Type::Dict { in_place: true, .. }
            | Type::Deque { in_place: true, .. }
            | Type::Set { in_place: true, .. } => true,
            // Read only, or made as such whatever they hold.
            Type::VarTuple(_) | Type::View(_) => false,
            _ => self.parts().any(Type::has_live),
        }
    }

    /// Can it be a key?
    pub fn is_hashable(&self) -> bool {
        match self {
            Type::List { .. } | Type::View(_) | Type::Dict { .. } | Type::Deque { .. } => false,
            Type::Iter(_) | Type::Cell(_) | Type::Range | Type::ByteArray | Type::Packed(_) => false,
            Type::MemView | Type::DictView { .. } | Type::Array(..) | Type::Numpy(_) => false,
            Type::Inner(_) | Type::Closure { .. } => false,
            Type::Set { elem, frozen, .. } => *frozen && elem.is_hashable(),
            Type::Tuple { items, .. } | Type::Named { items, .. } | Type::Union(items) => {
                items.iter().all(Type::is_hashable)
            }
            Type::VarTuple(t) => t.is_hashable(),
            Type::Foreign(class) => class.is_value(),
            _ => true,
        }
    }

    /// Is `hash()` of it known: exact scalars and tuples of those?
    pub fn has_plain_hash(&self) -> bool {
        match self {
            Type::None | Type::Bool | Type::Int | Type::Float | Type::Complex => true,
            Type::Char | Type::Str | Type::Bytes | Type::Function(_) => true,
            Type::Named { class, items } => !class.hashes_itself() && items.iter().all(Type::has_plain_hash),
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().all(Type::has_plain_hash),
            Type::VarTuple(t) => t.has_plain_hash() || **t == Type::Never,
            _ => false,
        }
    }

    /// The first key type inside that is none.
    pub fn bad_key(&self) -> Option<&Type> {
        match self {
            Type::Dict { key, .. } if !key.is_hashable() => Some(key),
            Type::Set { elem, .. } if !elem.is_hashable() => Some(elem),
            _ => self.parts().find_map(Type::bad_key),
        }
    }

    /// The union of most members anywhere inside.
    pub fn widest(&self) -> Option<&Type> {
        let size = |t: &&Type| (exceeded(t.members()).is_some(), t.members().len());
        let this = matches!(self, Type::Union(_)).then_some(self);
        self.parts().filter_map(Type::widest).chain(this).max_by_key(size)
    }

    /// The members of the kinds that `other` has.
    pub fn part_like(&self, other: &Type) -> Type {
        let like = |t: &&Type| other.members().iter().any(|o| t.same_kind(o));
        let part: Vec<&Type> = self.members().iter().filter(like).collect();
        match part.len() {
            0 => self.clone(),
            1 => part[0].clone(),
            _ => Type::Union(part.into_iter().cloned().collect()),
        }
    }

    /// Can a value of this type be stored where `to` is expected, without changing what Python sees?
    pub fn fits_into(&self, to: &Type) -> bool {
        match (self, to) {
            _ if self == to => true,
            (Type::Never, _) => true,
            (Type::Char, Type::Str) | (Type::Int, Type::Big) => true,
            (Type::Union(members), _) => members.iter().all(|m| m.fits_into(to)),
            (_, Type::Union(members)) => members.iter().any(|m| self.fits_into(m)),
            // Which functions it can be has no representation.
            (Type::Function(_), Type::Function(_)) | (Type::Inner(_), Type::Inner(_)) => true,
            (Type::Tuple { items: a, .. }, Type::Tuple { items: b, .. }) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.fits_into(b))
            }
            (Type::Named { class: a, items: x }, Type::Named { class: b, items: y }) => {
                a == b && x.iter().zip(y).all(|(a, b)| a.fits_into(b))
            }
            // One that was just made becomes one of Python's.
            (
                Type::Set { elem: a, frozen: true, in_place: false },
                Type::Set { elem: b, frozen: true, in_place: true },
            ) => a == b,
            _ => false,
        }
    }
}

/// Those of both, in order.
pub fn either(a: &[Callee], b: &[Callee]) -> Vec<Callee> {
    let mut all: Vec<Callee> = a.iter().chain(b).cloned().collect();
    all.sort();
    all.dedup();
    all
}
