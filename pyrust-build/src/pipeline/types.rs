//! From recorded signatures to types: what parameters become, and how else a parameter may be represented.

use crate::diagnostic::{Diagnostic, Severity};
use crate::infer::{FuncRef, NARROW, Program, WIDE, Wide, in_python, method_callee};
use crate::numpy::{Dtype, MOST_DIMS};
use crate::signature::{SigType, Signature, parameters};
use crate::ty::{Callee, DictKind, MAX_TUPLE, ObjectClass, Origin, Type, either};

/// Which of the results were ints beyond 64 bits.
pub(super) fn wide_results(ret: &SigType) -> Wide {
    fn big(ty: &SigType) -> bool {
        match ty {
            SigType::BigInt => true,
            SigType::List(t)
            | SigType::Set(t)
            | SigType::FrozenSet(t)
            | SigType::Deque(t)
            | SigType::VarTuple(t) => big(t),
            SigType::Dict(k, v) => big(k) || big(v),
            SigType::Tuple(items) | SigType::Union(items) => items.iter().any(big),
            _ => false,
        }
    }
    match ret {
        SigType::Tuple(items) if items.len() < 16 => {
            items.iter().enumerate().filter(|(_, t)| big(t)).fold(NARROW, |bits, (i, _)| bits | 1 << i)
        }
        _ if big(ret) => WIDE,
        _ => NARROW,
    }
}

/// What the profile calls iterators that run Python's code for each item.
const ITERATOR: &str = "collections.abc.Iterator";

fn is_iterator(ty: &SigType) -> bool {
    match ty {
        SigType::Class(name) => name == ITERATOR,
        SigType::Union(members) => members.iter().all(is_iterator),
        _ => false,
    }
}

/// Why calls of the signature are Python's: an argument of theirs is an iterator of Python's, which most go through.
fn given_iterator(signature: &Signature) -> Option<Diagnostic> {
    signature.params.iter().find(|ty| is_iterator(ty))?;
    let message = "an iterator that Python hands over is not supported: going through it runs its code";
    let help = "hand over a list, or call the function from one that is native and makes the items";
    Some(Diagnostic::new("PYR0403", Severity::Note, message).help(help))
}

/// What the parameters of a function become that were recorded, in the order of the frame. `places`: where the text has
/// them.
pub(super) fn parameter_types(
    program: &Program<'_>,
    func: &FuncRef,
    signature: &Signature,
    places: &[usize],
    all: &[Signature],
) -> Result<Vec<Type>, Vec<Diagnostic>> {
    if signature.params.len() != places.len() {
        let message = format!(
            "the signature `{signature}` has {}, the function has {}",
            parameters(signature.params.len()),
            places.len()
        );
        return Err(vec![
            Diagnostic::new("PYR0403", Severity::Note, message)
                .help("profile again, or write one type for each parameter: `pyrust check` shows where"),
        ]);
    }
    if let Some(why) = given_iterator(signature) {
        return Err(vec![why]);
    }
    let named = |name: &str, types: Option<&[SigType]>| type_named(program, &func.module, name, types);
    let told = without_levels(signature, all);
    let of = |i: usize| {
        let recorded = all.iter().filter_map(|s| s.params.get(i)).map(|t| from_signature(t, &named));
        any_recorded(&in_python(&from_signature(&told[i], &named)), recorded)
    };
    // No type is recorded for a function of C's. One that is the default, and is called, is taken for that.
    let known = |(frame, &i): (usize, &usize)| match of(i) {
        Type::Obj => program.called_default(func, frame).unwrap_or(Type::Obj),
        other => other,
    };
    Ok(places.iter().enumerate().map(known).collect())
}

/// The types of the parameters; one that got a tree, in this signature or another one, is told as a node of it.
pub(super) fn without_levels(signature: &Signature, all: &[Signature]) -> Vec<SigType> {
    let told = |(i, ty): (usize, &SigType)| {
        let nested = all.iter().filter_map(|s| s.params.get(i)).any(|t| nesting(t) >= NESTED);
        if nested { rolled_up(ty) } else { ty.clone() }
    };
    signature.params.iter().enumerate().map(told).collect()
}

/// A tree of tuples or lists is recorded as deep as the trees of the tests were: from so many levels on it is taken for one.
const NESTED: usize = 2;

/// How deep tuples, or lists, stand beside other things in such as they are themselves (`tuple[str | tuple[str | …]]`).
fn nesting(ty: &SigType) -> usize {
    let (of_tuple, items): (bool, &[SigType]) = match ty {
        SigType::VarTuple(item) => (true, core::slice::from_ref(item)),
        SigType::Tuple(items) => (true, items),
        SigType::List(item) => (false, core::slice::from_ref(item)),
        SigType::Union(members) => return members.iter().map(nesting).max().unwrap_or(0),
        _ => return 0,
    };
    let same = |t: &SigType| match t {
        SigType::VarTuple(_) | SigType::Tuple(_) => of_tuple,
        SigType::List(_) => !of_tuple,
        _ => false,
    };
    // A matrix is no tree, and neither is a record: all that stands at a place of one is of one kind.
    let both = |item: &SigType| members(item).iter().any(same) && !members(item).iter().all(same);
    let below = items.iter().flat_map(members).map(nesting).max().unwrap_or(0);
    below + usize::from(items.iter().any(both))
}

/// The members of a union, or the one type.
fn members(ty: &SigType) -> &[SigType] {
    match ty {
        SigType::Union(members) => members.as_slice(),
        one => core::slice::from_ref(one),
    }
}

/// The same as one level: what stands in it is any object.
fn rolled_up(ty: &SigType) -> SigType {
    match ty {
        SigType::VarTuple(_) | SigType::Tuple(_) => SigType::VarTuple(Box::new(SigType::Object)),
        SigType::List(_) => SigType::List(Box::new(SigType::Object)),
        SigType::Union(members) => SigType::Union(members.iter().map(rolled_up).collect()),
        other => other.clone(),
    }
}

/// Lists of plain numbers, and lists of those, as native ones.
pub(super) fn as_owned(ty: &Type) -> Type {
    match ty {
        Type::List { elem, in_place: true } => match as_owned(elem) {
            t @ (Type::Int | Type::Float | Type::Bool | Type::List { in_place: false, .. }) => {
                Type::List { elem: Box::new(t), in_place: false }
            }
            t if is_record(&t) => Type::List { elem: Box::new(t), in_place: false },
            _ => ty.clone(),
        },
        other => other.clone(),
    }
}

/// The tuples in containers, whose members have no identity, as the objects that they are.
pub(super) fn as_kept(ty: &Type, origin: Origin) -> Type {
    let inside = |t: &Type| match t {
        Type::Tuple { items, .. } if t.identity_free() && !items.is_empty() => {
            Box::new(Type::Tuple { items: items.clone(), origin })
        }
        other => Box::new(as_kept(other, origin)),
    };
    match ty {
        Type::List { elem, in_place: true } => Type::List { elem: inside(elem), in_place: true },
        Type::Deque { elem, in_place: true } => Type::Deque { elem: inside(elem), in_place: true },
        Type::VarTuple(elem) => Type::VarTuple(inside(elem)),
        Type::Dict { key, value, in_place: true, kind } => {
            Type::Dict { key: key.clone(), value: inside(value), in_place: true, kind: *kind }
        }
        other => other.clone(),
    }
}

/// A tuple of plain numbers.
fn is_record(ty: &Type) -> bool {
    match ty {
        Type::Tuple { items, .. } => {
            let plain = |t: &Type| matches!(t, Type::Int | Type::Float | Type::Bool);
            !items.is_empty() && !ty.is_held() && items.iter().all(plain)
        }
        _ => false,
    }
}

/// A tuple of plain numbers and texts.
fn is_row(ty: &Type) -> bool {
    match ty {
        Type::Tuple { items, .. } => {
            !items.is_empty()
                && !ty.is_held()
                && items.iter().all(|t| matches!(t, Type::Int | Type::Float | Type::Bool | Type::Str))
        }
        _ => false,
    }
}

/// Could a value of the type be a list of Python's, or lead to one?
pub(super) fn sees_lists(ty: &Type) -> bool {
    matches!(ty, Type::List { in_place: true, .. } | Type::View(_) | Type::Obj | Type::VarTuple(_))
        || matches!(ty, Type::Instance(_))
}

/// Lists of plain numbers, of rows of numbers and texts, and lists of those.
///
/// `again`: it is read more than once. Where it is not, texts are read as fast where they are.
pub(super) fn as_view(ty: &Type, again: bool) -> Type {
    match ty {
        Type::List { elem, in_place: true } => match as_view(elem, again) {
            t @ (Type::Int | Type::Float | Type::Bool | Type::View(_)) => Type::View(Box::new(t)),
            t if is_record(&t) || again && is_row(&t) => Type::View(Box::new(t)),
            _ => ty.clone(),
        },
        other => other.clone(),
    }
}

/// The type of an instance of a class by its dotted name, with what its fields were seen to have, or that of a function
/// of the library's by `module:name`. `home`: the module that is looked into first for a name of that function.
pub(super) fn type_named(
    program: &Program<'_>,
    home: &str,
    name: &str,
    types: Option<&[SigType]>,
) -> Option<Type> {
    if let Some((library, function)) = name.split_once(':') {
        return program.library_function(home, library, function);
    }
    let Some(types) = types else {
        let instance = || program.object_class_named(name).map(Type::Instance);
        return program.annotated(name).or_else(instance);
    };
    let named = |name: &str, types: Option<&[SigType]>| type_named(program, home, name, types);
    let items = types.iter().map(|t| from_signature(t, &named)).collect();
    program.recorded(name, items)
}

/// What [`type_named`] finds.
type Names<'a> = dyn Fn(&str, Option<&[SigType]>) -> Option<Type> + 'a;

/// What a recorded type becomes; what is not understood is opaque.
pub(super) fn from_signature(ty: &SigType, named: &Names<'_>) -> Type {
    let inner = |t: &SigType| from_signature(t, named);
    match ty {
        SigType::Int => Type::Int,
        SigType::BigInt => Type::Big,
        SigType::Float => Type::Float,
        SigType::Bool => Type::Bool,
        SigType::None => Type::None,
        SigType::Str => Type::Str,
        SigType::Bytes => Type::Bytes,
        SigType::ByteArray => Type::ByteArray,
        SigType::Packed(code) => Type::Packed(*code),
        SigType::Complex => Type::Complex,
        SigType::Range => Type::Range,
        SigType::List(t) => Type::List { elem: Box::new(inner(t)), in_place: true },
        SigType::Dict(k, v) => Type::Dict {
            key: Box::new(inner(k)),
            value: Box::new(inner(v)),
            in_place: true,
            kind: DictKind::Plain,
        },
        SigType::Deque(t) => Type::Deque { elem: Box::new(inner(t)), in_place: true },
        SigType::Set(t) => Type::Set { elem: Box::new(inner(t)), in_place: true, frozen: false },
        SigType::FrozenSet(t) => Type::Set { elem: Box::new(inner(t)), in_place: true, frozen: true },
        SigType::Tuple(items) if items.is_empty() => Type::VarTuple(Box::new(Type::Never)),
        SigType::Tuple(items) if items.len() > MAX_TUPLE => match items.iter().all(|t| *t == items[0]) {
            true => Type::VarTuple(Box::new(inner(&items[0]))),
            false => Type::Obj,
        },
        SigType::Tuple(items) => {
            Type::Tuple { items: items.iter().map(inner).collect(), origin: Origin::Python }
        }
        SigType::VarTuple(t) => Type::VarTuple(Box::new(inner(t))),
        SigType::Union(members) => members.iter().map(inner).fold(Type::Never, |acc, t| Type::join(&acc, &t)),
        // What comes out of it says nothing of what native code sees.
        SigType::Class(name) if name == ITERATOR => Type::Never,
        SigType::Unknown => Type::Never,
        SigType::Class(name) => match crate::foreign::Class::named(name) {
            Some(class) => Type::Foreign(class),
            None => match name.strip_prefix("numpy.").and_then(Dtype::named) {
                Some(dtype) => Type::Numpy(dtype),
                None => named(name, None).unwrap_or(Type::Obj),
            },
        },
        SigType::NdArray { dtype, dims } => match (Dtype::named(dtype), u8::try_from(*dims)) {
            (Some(dtype), Ok(dims @ 0..=MOST_DIMS)) => Type::Array(dtype, dims),
            _ => Type::Obj,
        },
        SigType::Holding(name, types) => {
            let kind = match name.as_str() {
                "collections.Counter" => DictKind::Counter,
                "collections.defaultdict" => DictKind::Default,
                "collections.OrderedDict" => DictKind::Ordered,
                _ => return named(name, Some(types)).unwrap_or(Type::Obj),
            };
            match types.as_slice() {
                [key, value] => {
                    let (key, mut value) = (Box::new(inner(key)), Box::new(inner(value)));
                    // One that was always empty counts as others do.
                    if kind == DictKind::Counter && *value == Type::Never {
                        *value = Type::Int;
                    }
                    Type::Dict { key, value, in_place: true, kind }
                }
                _ => Type::Obj,
            }
        }
        SigType::Function(name) if let Some(function) = named(name, None) => function,
        SigType::Function(name) => match name.split_once(':') {
            // What no name of a module means cannot be told from others.
            Some((module, name)) if !name.contains(['.', '<']) => {
                Type::Function(vec![Callee { module: module.to_string(), name: format!("<{name}>") }])
            }
            // A method of that class, bound to an instance.
            Some((module, name)) if !name.contains('<') => match name.rsplit_once('.') {
                Some((class, method)) => {
                    let class = ObjectClass::new(module.to_string(), class.to_string());
                    Type::Function(vec![method_callee(&class, method)])
                }
                None => Type::Obj,
            },
            _ => Type::Obj,
        },
        SigType::Object => Type::Obj,
    }
}

/// A parameter that is a function is any of those that were recorded for it: which one it is no look at the types
/// tells, so one specialisation takes them all.
fn any_recorded(ty: &Type, recorded: impl Iterator<Item = Type>) -> Type {
    let functions = recorded.fold(Vec::new(), |mut found: Vec<Callee>, t| {
        for m in t.members() {
            if let Type::Function(callees) = m {
                found = either(&found, callees);
            }
        }
        found
    });
    match ty {
        Type::Function(_) => Type::Function(functions),
        Type::Union(members) if members.iter().any(|m| matches!(m, Type::Function(_))) => {
            Type::join(ty, &Type::Function(functions))
        }
        other => other.clone(),
    }
}
