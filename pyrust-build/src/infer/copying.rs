//! Which returned copies the interpreter's own C functions make: those of containers that live in Python. Nothing is
//! unboxed for them, and their elements stay the objects that they are.

use crate::hir::visit::{self, Visit};
use crate::hir::{self, BinOp, Comp, CompKind, Expr, ExprKind, IterKind, Stmt, StmtKind};
use crate::lower::set_operator;
use crate::ty::{DictKind, Type};

/// How one copy is made.
pub enum Copy<'e> {
    /// The function of the runtime, and the container.
    Of(&'static str, &'e Expr),
    Slice {
        base: &'e Expr,
        lower: Option<&'e Expr>,
        upper: Option<&'e Expr>,
        step: Option<&'e Expr>,
    },
    /// A list, so many times.
    Repeat(&'e Expr, &'e Expr),
    /// The function of the runtime, and two lists or sets.
    Both(&'static str, &'e Expr, &'e Expr),
    /// Sorted, backwards if so said: a list, or the keys of a dict.
    Sorted {
        source: &'e Expr,
        keys: bool,
        reverse: bool,
    },
    /// Entries, and dicts that are spread, one over the other.
    Merged(Vec<(Option<&'e Expr>, &'e Expr)>),
    /// A comprehension of a dict.
    Entries(&'e Comp),
}

/// The copy that the expression is, if the interpreter can make it.
pub fn copy_of<'e>(e: &'e Expr, nodes: &[Type]) -> Option<Copy<'e>> {
    let ty = |e: &Expr| nodes.get(e.id).cloned().unwrap_or(Type::Never);
    let list = |e: &Expr| matches!(ty(e), Type::List { in_place: true, .. });
    let dict = |e: &Expr| is_dict(&ty(e));
    let sets = |op: BinOp, left: &'e Expr, right: &'e Expr| {
        let function = set_function(op).filter(|_| is_set(&ty(left)) && is_set(&ty(right)))?;
        Some(Copy::Both(function, left, right))
    };
    match &e.kind {
        ExprKind::Slice { base, lower, upper, step } if list(base) => {
            let bound = |e: &Option<Box<Expr>>| e.as_ref().is_none_or(|e| ty(e) == Type::Int);
            (bound(lower) && bound(upper) && bound(step)).then_some(Copy::Slice {
                base,
                lower: lower.as_deref(),
                upper: upper.as_deref(),
                step: step.as_deref(),
            })
        }
        ExprKind::Binary { op: BinOp::Add, left, right } if list(left) && list(right) => {
            Some(Copy::Both("concat", left, right))
        }
        ExprKind::Binary { op: BinOp::Mult, left, right } if list(left) && ty(right) == Type::Int => {
            Some(Copy::Repeat(left, right))
        }
        // What evaluates the right one must not change the left one.
        ExprKind::Binary { op: BinOp::BitOr, left, right }
            if dict(left)
                && dict(right)
                && matches!(right.kind, ExprKind::Local(_) | ExprKind::Global(_)) =>
        {
            Some(Copy::Merged(vec![(None, left), (None, right)]))
        }
        // `d | {"k": v}`: `d` is copied behind the values, and evaluating those must not change it.
        ExprKind::Binary { op: BinOp::BitOr, left, right }
            if dict(left) && matches!(&right.kind, ExprKind::Dict(items) if !items.is_empty()) =>
        {
            let ExprKind::Dict(items) = &right.kind else { return None };
            let fits = |(key, value): &(Option<Expr>, Expr)| {
                key.as_ref().is_some_and(|key| is_key(&ty(key)) && is_still(key))
                    && is_plain(&ty(value))
                    && is_still(value)
            };
            items.iter().all(fits).then(|| {
                let entries = items.iter().map(|(key, value)| (key.as_ref(), value));
                Copy::Merged(std::iter::once((None, &**left)).chain(entries).collect())
            })
        }
        ExprKind::Binary { op, left, right } => sets(*op, left, right),
        ExprKind::Dict(items) => {
            let fits = |(key, value): &(Option<Expr>, Expr)| match key {
                // What is marked becomes an object when all values are there: a later one may change it.
                Some(key) => {
                    is_key(&ty(key)) && is_plain(&ty(value)) && !matches!(value.kind, ExprKind::Out(_))
                }
                None => dict(value),
            };
            (!items.is_empty() && items.iter().all(fits))
                .then(|| Copy::Merged(items.iter().map(|(key, value)| (key.as_ref(), value)).collect()))
        }
        ExprKind::Method { base, name, args, .. } if name == "copy" && args.is_empty() => match ty(base) {
            _ if list(base) => Some(Copy::Of("list", base)),
            _ if dict(base) => Some(Copy::Merged(vec![(None, base)])),
            Type::Set { frozen: false, .. } if is_set(&ty(base)) => Some(Copy::Of("set_of_set", base)),
            _ => None,
        },
        ExprKind::Method { base, name, args, keywords } => match args.as_slice() {
            [other] if keywords.is_empty() => sets(set_operator(name)?, base, other),
            _ => None,
        },
        ExprKind::Call { name, args, keywords } => match (name.as_str(), args.as_slice()) {
            ("dict", [source]) if keywords.is_empty() && dict(source) => {
                Some(Copy::Merged(vec![(None, source)]))
            }
            ("dict", [source]) if keywords.is_empty() && is_pairs(&ty(source)) => {
                Some(Copy::Of("dict_of_pairs", source))
            }
            ("sorted", [Expr { kind: ExprKind::Comp(comp), .. }]) => {
                let source = comp.source().filter(|_| comp.kind == CompKind::List)?;
                let reverse = match keywords.as_slice() {
                    [] => false,
                    [(name, Expr { kind: ExprKind::Bool(reverse), .. })] if name == "reverse" => *reverse,
                    _ => return None,
                };
                let elem = match ty(source) {
                    Type::List { elem, in_place: true } => *elem,
                    Type::Dict { key, .. } if dict(source) => *key,
                    _ => return None,
                };
                let sorts = matches!(elem, Type::Int | Type::Float | Type::Str);
                sorts.then(|| Copy::Sorted { source, keys: dict(source), reverse })
            }
            _ => None,
        },
        ExprKind::Comp(comp) if comp.kind == CompKind::Dict => {
            let value = comp.value.as_ref().filter(|_| comp.extra.is_none())?;
            let key = ty(&comp.element);
            ((is_key(&key) || key == Type::Obj) && is_plain(&ty(value))).then_some(Copy::Entries(comp))
        }
        ExprKind::Comp(comp) => whole(comp, &ty),
        _ => None,
    }
}

/// `list(x)` and the like.
fn whole<'e>(comp: &'e Comp, ty: &dyn Fn(&Expr) -> Type) -> Option<Copy<'e>> {
    if let Some(source) = comp.source() {
        return match (ty(source), comp.kind) {
            (Type::List { in_place: true, .. }, CompKind::List) => Some(Copy::Of("list", source)),
            (Type::List { in_place: true, .. }, CompKind::Tuple) => Some(Copy::Of("tuple", source)),
            (Type::List { in_place: true, elem }, CompKind::Set(frozen)) if is_hashed(&elem) => {
                Some(Copy::Of(if frozen { "frozen" } else { "set" }, source))
            }
            (t, CompKind::List) if is_dict(&t) => Some(Copy::Of("keys", source)),
            (t, CompKind::List) if is_set(&t) => Some(Copy::Of("elements", source)),
            (t, CompKind::Set(false)) if is_set(&t) => Some(Copy::Of("set_of_set", source)),
            (_, CompKind::List) => match &source.kind {
                // Those of ints are made faster than CPython makes them.
                ExprKind::Comp(inner) => match whole(inner, ty)? {
                    Copy::Of("set", list) if matches!(ty(list), Type::List { elem, .. } if *elem == Type::Str) => {
                        Some(Copy::Of("distinct", list))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
    }
    let [generator] = comp.generators.as_slice() else { return None };
    let (hir::TargetKind::Var(v), ExprKind::Local(x)) = (&generator.target.kind, &comp.element.kind) else {
        return None;
    };
    if comp.kind != CompKind::List || v != x || !generator.ifs.is_empty() {
        return None;
    }
    let (function, source) = match &generator.iter.kind {
        IterKind::Keys(source) => ("keys", source),
        IterKind::Values(source) => ("values", source),
        IterKind::Items(source) => ("items", source),
        _ => return None,
    };
    is_dict(&ty(source)).then_some(Copy::Of(function, source))
}

/// Does the function return a copy that the interpreter makes? One with loops of its own has other forms.
pub fn returns_copy(body: &[Stmt], nodes: &[Type]) -> bool {
    fn value(e: &Expr, nodes: &[Type]) -> bool {
        match &e.kind {
            ExprKind::If { body, orelse, .. } => value(body, nodes) || value(orelse, nodes),
            _ if copy_of(e, nodes).is_some() => true,
            ExprKind::Comp(comp) => match (comp.kind, &comp.value) {
                (CompKind::List, _) => value(&comp.element, nodes),
                (CompKind::Dict, Some(made)) => value(made, nodes),
                _ => false,
            },
            _ => false,
        }
    }
    struct Returns<'h> {
        values: Vec<&'h Expr>,
        loops: bool,
    }
    impl<'h> Visit<'h> for Returns<'h> {
        fn stmt(&mut self, stmt: &'h Stmt) {
            match &stmt.kind {
                StmtKind::Return(Some(e)) => self.values.push(e),
                StmtKind::For { .. } | StmtKind::While { .. } => self.loops = true,
                _ => {}
            }
            visit::walk_stmt(self, stmt);
        }

        fn expr(&mut self, _: &'h Expr) {}
    }
    let mut returns = Returns { values: Vec::new(), loops: false };
    body.iter().for_each(|stmt| returns.stmt(stmt));
    !returns.loops && returns.values.into_iter().any(|e| value(e, nodes))
}

/// A dict of Python's, with keys that CPython compares itself.
fn is_dict(ty: &Type) -> bool {
    matches!(ty, Type::Dict { key, in_place: true, kind: DictKind::Plain, .. } if is_key(key))
}

/// Does evaluating it change nothing?
pub(super) fn is_still(e: &Expr) -> bool {
    matches!(
        e.kind,
        ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
    )
}

/// A set of Python's, with elements that CPython compares itself.
fn is_set(ty: &Type) -> bool {
    matches!(ty, Type::Set { elem, in_place: true, .. } if is_key(elem))
}

/// The function of the runtime that makes a set of two.
fn set_function(op: BinOp) -> Option<&'static str> {
    match op {
        BinOp::BitOr => Some("union"),
        BinOp::BitAnd => Some("intersection"),
        BinOp::Sub => Some("difference"),
        BinOp::BitXor => Some("symmetric_difference"),
        _ => None,
    }
}

fn is_key(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Str)
}

/// What CPython hashes and compares itself, unless it is another class in the end.
fn is_hashed(ty: &Type) -> bool {
    let plain = |ty: &Type| is_key(ty) || *ty == Type::Float;
    match ty {
        Type::Tuple { items, .. } => items.iter().all(plain),
        ty => plain(ty),
    }
}

/// A list of Python's with keys and values.
fn is_pairs(ty: &Type) -> bool {
    let Type::List { elem, in_place: true } = ty else { return false };
    matches!(&**elem, Type::Tuple { items, .. } if matches!(items.as_slice(), [key, _] if is_key(key)))
}

/// What becomes an object by itself.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::None
        | Type::Bool
        | Type::Int
        | Type::Big
        | Type::Float
        | Type::Char
        | Type::Str
        | Type::Bytes
        | Type::Obj
        | Type::List { in_place: true, .. }
        | Type::Dict { in_place: true, .. } => true,
        Type::Tuple { items, .. } => items.iter().all(is_plain),
        Type::Union(members) => members.iter().all(is_plain),
        _ => false,
    }
}
