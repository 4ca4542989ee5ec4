//! `functools.reduce`, and the functions of `operator`: what they do is said by other expressions.

use super::{Lower, Scope, text};
use crate::ast::{Constant, Expr as AExpr, ExprKind as A, Keyword, Param, Params, UnaryOp};
use crate::hir::{self, BinOp, CmpOp, CompKind, Expr, ExprKind};
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::MAX_TUPLE;

/// What a function of `operator` is spelled as otherwise.
enum Operator {
    Binary(BinOp),
    Compare(CmpOp),
    Unary(UnaryOp),
    Item,
    Contains,
}

fn operator_of(name: &str) -> Option<Operator> {
    use Operator as O;
    Some(match name {
        "add" | "concat" => O::Binary(BinOp::Add),
        "sub" => O::Binary(BinOp::Sub),
        "mul" => O::Binary(BinOp::Mult),
        "truediv" => O::Binary(BinOp::Div),
        "floordiv" => O::Binary(BinOp::FloorDiv),
        "mod" => O::Binary(BinOp::Mod),
        "pow" => O::Binary(BinOp::Pow),
        "lshift" => O::Binary(BinOp::LShift),
        "rshift" => O::Binary(BinOp::RShift),
        "and_" => O::Binary(BinOp::BitAnd),
        "or_" => O::Binary(BinOp::BitOr),
        "xor" => O::Binary(BinOp::BitXor),
        "eq" => O::Compare(CmpOp::Eq),
        "ne" => O::Compare(CmpOp::NotEq),
        "lt" => O::Compare(CmpOp::Lt),
        "le" => O::Compare(CmpOp::LtE),
        "gt" => O::Compare(CmpOp::Gt),
        "ge" => O::Compare(CmpOp::GtE),
        "is_" => O::Compare(CmpOp::Is),
        "is_not" => O::Compare(CmpOp::IsNot),
        "neg" => O::Unary(UnaryOp::Neg),
        "pos" => O::Unary(UnaryOp::Pos),
        "inv" | "invert" => O::Unary(UnaryOp::Invert),
        "not_" => O::Unary(UnaryOp::Not),
        "getitem" => O::Item,
        "contains" => O::Contains,
        _ => return None,
    })
}

/// Is there such a function, and does it take so many arguments?
pub(super) fn has_operator(name: &str, args: usize) -> bool {
    operator_of(name).is_some_and(|op| args == if matches!(op, Operator::Unary(_)) { 1 } else { 2 })
}

/// A constant that an item is looked up with.
fn is_item(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(c) => matches!(c, Constant::Int(_) | Constant::Str(_)),
        A::UnaryOp { op: UnaryOp::Neg, operand } => matches!(operand.kind, A::Constant(Constant::Int(_))),
        _ => false,
    }
}

/// Is it a function of `operator` that is spelled otherwise here?
pub fn is_operator(module: &str, name: &str) -> bool {
    module == "operator" && name != "concat" && operator_of(name).is_some()
}

/// The function that makes an instance of a class.
pub(super) fn initialiser(class: &str) -> String {
    format!("{class}.__init__")
}

impl Lower<'_> {
    /// A function of `operator` applied to arguments that are evaluated in order.
    pub(super) fn operator(&mut self, name: &str, args: Vec<Expr>, span: Span) -> Option<ExprKind> {
        if !has_operator(name, args.len()) {
            return None;
        }
        let mut args = args.into_iter().map(Box::new);
        let left = args.next()?;
        Some(match (operator_of(name)?, args.next()) {
            // Sequences only: the table does not tell them from numbers.
            (Operator::Binary(_), _) if name == "concat" => return None,
            (Operator::Binary(op), Some(right)) => ExprKind::Binary { op, left, right },
            (Operator::Compare(op), Some(right)) => ExprKind::Compare { op, left, right },
            (Operator::Item, Some(index)) => ExprKind::Index { base: left, index },
            (Operator::Contains, Some(item)) => {
                let found = ExprKind::Compare { op: CmpOp::In, left: item, right: left };
                return Some(self.make(found, span).kind);
            }
            (Operator::Unary(op), None) => ExprKind::Unary { op, operand: left },
            _ => return None,
        })
    }

    /// Fresh variables, and a function of `operator` applied to them.
    pub(super) fn applied_operator(
        &mut self,
        function: &AExpr,
        arity: usize,
        span: Span,
    ) -> Option<(Vec<hir::VarId>, Expr)> {
        let library = self.library_of(function).filter(|l| l.module == "operator")?;
        if !has_operator(&library.attr, arity) || library.attr == "concat" {
            return None;
        }
        let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
        let args = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
        let kind = self.operator(&library.attr, args, span)?;
        self.libraries.insert(library);
        Some((vars, self.make(kind, span)))
    }

    /// Is it `itemgetter` or `attrgetter` with constants?
    pub(super) fn is_getter(&self, func: &AExpr, args: &[AExpr]) -> bool {
        self.library_of(func).is_some_and(|l| match (l.module.as_str(), l.attr.as_str()) {
            ("operator", "itemgetter") => !args.is_empty() && args.iter().all(is_item),
            ("operator", "attrgetter") => {
                !args.is_empty() && args.iter().all(|a| attribute_path(a).is_some())
            }
            _ => false,
        })
    }

    /// `itemgetter(1)`, `itemgetter(1, 2)`, `attrgetter("a", "b.c")` as a key: the lambda that it stands for.
    pub(super) fn getter_as_key(&mut self, func: &AExpr, args: &[AExpr], span: Span) -> Option<Expr> {
        if !self.is_getter(func, args) {
            return None;
        }
        let library = self.library_of(func)?;
        let of_items = library.attr == "itemgetter";
        self.libraries.insert(library);
        let var = self.temp();
        let mut items = Vec::new();
        for arg in args {
            let mut base = self.make(ExprKind::Local(var), span);
            if of_items {
                let index = self.boxed(arg);
                base = self.make(ExprKind::Index { base: Box::new(base), index }, span);
            }
            for name in attribute_path(arg).filter(|_| !of_items).into_iter().flatten() {
                let kind = text::attribute(Box::new(base), name);
                base = self.make(kind, span);
            }
            items.push(base);
        }
        let body = match items.len() {
            1 => items.remove(0),
            _ => self.make(ExprKind::Tuple(items), span),
        };
        Some(self.make(ExprKind::Lambda { params: vec![var], body: Box::new(body) }, span))
    }

    /// Is it `functools.cmp_to_key`?
    pub(super) fn is_comparison(&self, func: &AExpr) -> bool {
        self.library_of(func)
            .is_some_and(|l| (l.module.as_str(), l.attr.as_str()) == ("functools", "cmp_to_key"))
    }

    /// `cmp_to_key(f)` as a key: a lambda of two parameters.
    fn comparison(&mut self, e: &AExpr) -> Option<Expr> {
        let A::Call { func, args, keywords } = &e.kind else { return None };
        let ([function], []) = (args.as_slice(), keywords.as_slice()) else { return None };
        if !self.is_comparison(func) {
            return None;
        }
        let library = self.library_of(func)?;
        let (params, body) = self.applied(function, 2, e.span)?;
        self.libraries.insert(library);
        Some(self.make(ExprKind::Lambda { params, body: Box::new(body) }, e.span))
    }

    /// The keywords of `sorted` and `sort`.
    pub(super) fn sorting(&mut self, keywords: &[Keyword]) -> Vec<(String, Expr)> {
        let mut out = Vec::new();
        for k in keywords {
            let comparison = match k.name.as_deref() {
                Some("key") => self.comparison(&k.value),
                _ => None,
            };
            match comparison {
                Some(lambda) => out.push(("key".to_string(), lambda)),
                None => out.extend(self.keywords(std::slice::from_ref(k), true)),
            }
        }
        out
    }

    /// `reduce(f, items)`: one variable that every step assigns anew.
    pub(super) fn reduce(
        &mut self,
        function: &AExpr,
        items: &AExpr,
        start: Option<&AExpr>,
        span: Span,
    ) -> Option<ExprKind> {
        let applied = self.applied(function, 2, span)?;
        self.reduced(applied, items, start, span)
    }

    /// The same of the parameters and the body of the function.
    fn reduced(
        &mut self,
        (vars, body): (Vec<hir::VarId>, Expr),
        items: &AExpr,
        start: Option<&AExpr>,
        span: Span,
    ) -> Option<ExprKind> {
        let mut steps = Vec::new();
        let mut comp = self.comp_over(CompKind::List, items);
        let first = match start {
            Some(_) => None,
            None => Some(self.temp()),
        };
        let start_is_name = start.is_some_and(|e| matches!(e.kind, A::Name(_)));
        let makes_one = start.is_some_and(|e| self.makes_instance(e));
        let start = start.map(|e| self.expr(e));
        let [acc, x] = vars.as_slice() else { return None };
        let (acc, x) = (*acc, *x);
        // What the iterable gives is the second argument.
        comp.generators[0].target.kind = hir::TargetKind::Var(x);
        let named = |this: &mut Self, var, value: Expr| {
            this.make(ExprKind::Named { var, value: Box::new(value) }, span)
        };
        let zero = self.make(ExprKind::Int(0), span);
        match (start, first) {
            (Some(start), _) => {
                // The items are there before the start is evaluated.
                // A name is read without an effect, and a class cannot tell when it is called.
                let simple = has_no_effect(&start)
                    || self.is_new(&start)
                    || (self.is_read(items) && (start_is_name || makes_one));
                if !simple {
                    return None;
                }
                steps.push(named(self, acc, start));
                let each = named(self, acc, body);
                comp.element = self.last_of(vec![each, zero], span);
            }
            (None, Some(count)) => {
                steps.push(named(self, count, zero));
                let number = |this: &mut Self, i| this.make(ExprKind::Int(i), span);
                let (left, right) = (self.make(ExprKind::Local(count), span), number(self, 0));
                let test = ExprKind::Compare { op: CmpOp::Eq, left: Box::new(left), right: Box::new(right) };
                let test = Box::new(self.make(test, span));
                let item = Box::new(self.make(ExprKind::Local(x), span));
                let next = self.make(ExprKind::If { test, body: item, orelse: Box::new(body) }, span);
                let one = number(self, 1);
                let each = vec![named(self, acc, next), named(self, count, one), number(self, 0)];
                comp.element = self.last_of(each, span);
            }
            (None, None) => return None,
        }
        steps.push(self.make(ExprKind::Comp(Box::new(comp)), span));
        let mut last = self.make(ExprKind::Local(acc), span);
        if let Some(count) = first {
            // Without items there is nothing, or what the last turn of a loop around has left: Python raises.
            let (left, right) = (self.make(ExprKind::Local(count), span), self.make(ExprKind::Int(0), span));
            let test = ExprKind::Compare { op: CmpOp::Eq, left: Box::new(left), right: Box::new(right) };
            let (test, body) = (Box::new(self.make(test, span)), Box::new(self.make(ExprKind::Bail, span)));
            last = self.make(ExprKind::If { test, body, orelse: Box::new(last) }, span);
        }
        steps.push(last);
        Some(self.last_of(steps, span).kind)
    }

    /// `sum(items, Vector(0, 0))`: what starts with an instance is what `operator.add` makes of the items.
    pub(super) fn sum_of_instances(&mut self, items: &AExpr, start: &AExpr, span: Span) -> Option<ExprKind> {
        if !self.makes_instance(start) {
            return None;
        }
        let (acc, x) = (self.temp(), self.temp());
        let (left, right) = (Box::new(self.local(acc, span)), Box::new(self.local(x, span)));
        let body = self.make(ExprKind::Binary { op: BinOp::Add, left, right }, span);
        self.reduced((vec![acc, x], body), items, Some(start), span)
    }

    /// `set()`: nothing but a new container.
    fn is_new(&self, e: &Expr) -> bool {
        let ExprKind::Call { name, args, keywords } = &e.kind else { return false };
        let container = ["dict", "frozenset", "list", "set"].contains(&name.as_str());
        container && args.is_empty() && keywords.is_empty() && self.is_builtin(name)
    }

    /// Is nothing but names and constants looked at before the elements are asked for?
    fn is_read(&self, items: &AExpr) -> bool {
        match &items.kind {
            A::Name(_) => true,
            // The rest is evaluated when the first element is asked for.
            A::Generator { generators, .. } => generators.first().is_some_and(|g| match &g.iter.kind {
                A::Call { func, args, keywords } => {
                    let known =
                        |name: &str| ["range", "enumerate", "zip"].contains(&name) && self.is_builtin(name);
                    matches!(&func.kind, A::Name(name) if known(name))
                        && keywords.is_empty()
                        && args.iter().all(|arg| matches!(arg.kind, A::Name(_) | A::Constant(_)))
                }
                iter => matches!(iter, A::Name(_)),
            }),
            _ => false,
        }
    }

    /// Is it a call of a class of the module with constants?
    fn makes_instance(&self, e: &AExpr) -> bool {
        let A::Call { func, args, keywords } = &e.kind else { return false };
        let A::Name(name) = &func.kind else { return false };
        let constant = |e: &AExpr| matches!(e.kind, A::Constant(_));
        self.lookup(name).is_none()
            && matches!(self.env.bindings.get(name), Some(Binding::Class))
            && args.iter().all(constant)
            && keywords.iter().all(|k| k.name.is_some() && constant(&k.value))
    }

    /// `f(a, *items)` of a function whose parameters are known: as many arguments as it takes. Another number bails.
    pub(super) fn star_call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let A::Name(name) = &func.kind else { return None };
        let starred = |a: &AExpr| matches!(a.kind, A::Starred(_));
        let stars = args.iter().filter(|a| starred(a)).count();
        if stars != 1
            || keywords.iter().any(|k| k.name.is_none())
            || !["len", "tuple"].iter().all(|n| self.is_builtin(n))
        {
            return None;
        }
        let whole = matches!(name.as_str(), "min" | "max") && args.len() == 1 && keywords.is_empty();
        let whole = whole && self.is_builtin(name);
        let (wanted, optional) = match self.parameters_of(name) {
            _ if whole => (0, 0),
            Some(params) if params.var_positional.is_none() => {
                let positional: Vec<_> = params.positional_only.iter().chain(&params.positional).collect();
                let named = |p: &&Param| keywords.iter().any(|k| k.name.as_deref() == Some(&p.name));
                let given = args.len() - 1 + positional.iter().filter(|p| named(p)).count();
                let wanted = positional.len().checked_sub(given).filter(|n| *n <= MAX_TUPLE)?;
                let mut left = positional.iter().rev().filter(|p| !named(p));
                let optional = left.position(|p| p.default.is_none()).unwrap_or(wanted);
                (wanted, optional.min(wanted).min(MAX_OPTIONAL))
            }
            _ => return None,
        };
        // Every argument is evaluated where it stands and kept under a name that no text can have.
        let (mut steps, mut hidden, mut given, mut star) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (i, arg) in args.iter().enumerate() {
            let value = match &arg.kind {
                A::Starred(items) => {
                    let comp = self.comp_over(CompKind::Tuple, items);
                    self.make(ExprKind::Comp(Box::new(comp)), arg.span)
                }
                _ => self.expr(arg),
            };
            let var = self.temp();
            steps.push(self.make(ExprKind::Named { var, value: Box::new(value) }, arg.span));
            let name = format!("argument {i}");
            let read = AExpr { kind: A::Name(name.clone()), span: arg.span };
            hidden.push((name, var));
            if starred(arg) {
                star = Some(var);
            }
            given.push((read, starred(arg) && !whole));
        }
        self.scopes.push(Scope { id: None, vars: hidden.into_iter().collect() });
        // One call for each number of items that the function takes: the type of the items tells which, as a rule.
        let calls: Vec<Expr> = (wanted - optional..=wanted)
            .map(|count| {
                let mut written = Vec::new();
                for (read, spread) in &given {
                    match spread {
                        true => written.extend((0..count).map(|at| item_of(read, at))),
                        false => written.push(read.clone()),
                    }
                }
                let kind = self.call(func, &written, keywords, span);
                self.make(kind, span)
            })
            .collect();
        self.scopes.pop();
        let star = star?;
        let mut out = self.make(ExprKind::Bail, span);
        for (count, call) in (wanted - optional..).zip(calls) {
            let items = self.make(ExprKind::Local(star), span);
            let len = ExprKind::Call { name: "len".into(), args: vec![items], keywords: vec![] };
            let left = Box::new(self.make(len, span));
            // The one argument of `max` is not an item but the items.
            let (op, number) = if whole { (CmpOp::Gt, 1) } else { (CmpOp::Eq, count as i64) };
            let right = Box::new(self.make(ExprKind::Int(number), span));
            let test = Box::new(self.make(ExprKind::Compare { op, left, right }, span));
            out = self.make(ExprKind::If { test, body: Box::new(call), orelse: Box::new(out) }, span);
        }
        steps.push(out);
        Some(self.last_of(steps, span).kind)
    }

    /// The parameters of the function, or class, that a name means.
    pub(super) fn parameters_of(&self, name: &str) -> Option<Params> {
        match self.lookup(name) {
            Some(_) => self.symbols.known(&self.symbol(name)?).map(|k| k.params.clone()),
            None => match self.env.bindings.get(name)? {
                Binding::Function => self.env.function(name).map(|def| def.params.clone()),
                // What a class is called with is what its `__init__` takes behind the instance.
                Binding::Class => {
                    let mut params = self.env.function(&initialiser(name))?.params.clone();
                    let first = if params.positional_only.is_empty() {
                        &mut params.positional
                    } else {
                        &mut params.positional_only
                    };
                    (!first.is_empty()).then(|| first.remove(0))?;
                    Some(params)
                }
                _ => None,
            },
        }
    }

    /// Evaluates all, and is the last.
    pub(super) fn last_of(&mut self, parts: Vec<Expr>, span: Span) -> Expr {
        let last = parts.len() as i64 - 1;
        let base = Box::new(self.make(ExprKind::Tuple(parts), span));
        let index = Box::new(self.make(ExprKind::Int(last), span));
        self.make(ExprKind::Index { base, index }, span)
    }
}

/// Parameters that a `*` need not give, at most: for each number of items there is a call.
const MAX_OPTIONAL: usize = 4;

/// Is it made of constants alone, so that nobody can tell when it was evaluated? A dict with keys, and a set, compare them.
fn has_no_effect(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().all(has_no_effect),
        ExprKind::Dict(items) => items.is_empty(),
        kind => matches!(
            kind,
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_)
        ),
    }
}

fn item_of(items: &AExpr, at: usize) -> AExpr {
    let index = AExpr { kind: A::Constant(Constant::Int(at.to_string())), span: items.span };
    let kind = A::Subscript { value: Box::new(items.clone()), index: Box::new(index) };
    AExpr { kind, span: items.span }
}

/// The attributes that `attrgetter("a.b")` reads one after the other. Private names would be mangled where they are
/// attributes in a text, and are not here.
pub(super) fn attribute_path(e: &AExpr) -> Option<Vec<&str>> {
    let A::Constant(Constant::Str(text)) = &e.kind else { return None };
    let is_name = |name: &&str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with("__")
    };
    let names: Vec<&str> = text.split('.').collect();
    names.iter().all(is_name).then_some(names)
}
