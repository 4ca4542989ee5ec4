//! Functions of the standard library that are spelled out: what they do is said in terms of other expressions.

use super::{Lower, Scope};
use crate::ast::{self, CmpOp, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{Collection, Comp, CompKind, Expr, ExprKind, Library};
use crate::ops::array_maker;
use crate::packed::Typecode;
use crate::resolve::Binding;
use crate::source::Span;

/// Modules whose functions have forms of their own.
const MODULES: &[&str] = &[
    "array",
    "heapq",
    "collections",
    "contextlib",
    "functools",
    "itertools",
    "operator",
    "re",
    "struct",
    "typing",
];

/// What an expression names in the modules whose functions have forms of their own; `binding` is what a name means.
pub(super) fn library<'b>(func: &AExpr, binding: &dyn Fn(&str) -> Option<&'b Binding>) -> Option<Library> {
    in_module(func, binding).filter(|found| MODULES.contains(&found.module.as_str()))
}

/// What an expression names in any module.
pub(super) fn in_module<'b>(func: &AExpr, binding: &dyn Fn(&str) -> Option<&'b Binding>) -> Option<Library> {
    Some(match &func.kind {
        A::Name(global) => match binding(global)? {
            Binding::Imported { module, name } => {
                Library { global: global.clone(), module: module.clone(), attr: name.clone(), imported: true }
            }
            _ => return None,
        },
        A::Attribute { value, name } => match &value.kind {
            A::Name(global) if matches!(binding(global), Some(Binding::Module(_))) => {
                let Some(Binding::Module(module)) = binding(global) else { return None };
                Library {
                    global: global.clone(),
                    module: module.clone(),
                    attr: name.clone(),
                    imported: false,
                }
            }
            _ => {
                // `chain.from_iterable`
                let chain = in_module(value, binding)?;
                let full = (chain.module.as_str(), chain.attr.as_str(), name.as_str());
                return (full == ("itertools", "chain", "from_iterable")).then_some(chain);
            }
        },
        _ => return None,
    })
}

impl Lower<'_> {
    /// What a name or an attribute of a module means, if that is in one of the modules known here.
    pub(super) fn library_of(&self, func: &AExpr) -> Option<Library> {
        library(func, &|name| match self.lookup(name) {
            Some(_) => None,
            None => self.env.bindings.get(name),
        })
    }

    /// A call of it; `None` for what needs no form of its own.
    pub(super) fn library_call(
        &mut self,
        library: Library,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        match (library.module.as_str(), library.attr.as_str(), args) {
            ("heapq", "nsmallest" | "nlargest", [n, items]) => {
                let kind = self.extremes(library.attr == "nlargest", n, items, keywords, span)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("collections", "deque" | "Counter" | "defaultdict" | "OrderedDict", _) => {
                let kind = match library.attr.as_str() {
                    "deque" => self.deque(args, keywords, span),
                    "Counter" => self.counter(args, keywords),
                    "OrderedDict" => self.ordered(args, keywords, span),
                    _ => self.defaultdict(args, keywords, span),
                }?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("array", "array", [code, items @ ..]) if keywords.is_empty() => {
                let kind = self.packed(code, items)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("functools", "reduce", [function, items, start @ ..])
                if keywords.is_empty() && start.len() < 2 =>
            {
                let kind = self.reduce(function, items, start.first(), span)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("re", _, [pattern, args @ ..]) => {
                let kind = self.regex(&library, pattern, args, keywords, span)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("struct", name, [format, args @ ..]) => {
                let kind = self.struct_call(name, format, args, keywords, span)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("functools", "partial", _) => {
                let kind = self.partial(args, keywords)?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("operator", "itemgetter" | "attrgetter" | "methodcaller", args) if keywords.is_empty() => {
                let kind = match library.attr.as_str() {
                    "itemgetter" => self.getter(args),
                    "attrgetter" => self.attribute_getter(args),
                    _ => self.method_caller(args),
                }?;
                self.libraries.insert(library);
                Some(kind)
            }
            ("operator", name, args) if keywords.is_empty() => {
                let simple = |e: &AExpr| matches!(e.kind, A::Name(_) | A::Constant(_));
                // `contains` evaluates the container first.
                if !super::functional::has_operator(name, args.len())
                    || (name == "contains" && !args.iter().all(simple))
                {
                    return None;
                }
                let args = args.iter().map(|a| self.expr(a)).collect();
                let kind = self.operator(name, args, span)?;
                self.libraries.insert(library);
                Some(kind)
            }
            _ => None,
        }
    }

    fn deque(&mut self, args: &[AExpr], keywords: &[ast::Keyword], span: Span) -> Option<ExprKind> {
        let (items, maxlen) = match (args, keywords) {
            ([], []) => (None, None),
            ([items], []) => (Some(items), None),
            ([items, maxlen], []) => (Some(items), Some(maxlen)),
            ([], [k]) if k.name.as_deref() == Some("maxlen") => (None, Some(&k.value)),
            ([items], [k]) if k.name.as_deref() == Some("maxlen") => (Some(items), Some(&k.value)),
            _ => return None,
        };
        let maxlen = match maxlen {
            Some(e) => self.expr(e),
            None => self.make(ExprKind::None, span),
        };
        let Some(items) = items else {
            return Some(ExprKind::New { class: Collection::Deque, arg: Some(Box::new(maxlen)) });
        };
        let comp = self.comp_of(CompKind::Deque, items);
        let mut comp = Comp { extra: Some(maxlen), ..comp };
        self.iterable_first(&mut comp, span);
        Some(ExprKind::Comp(Box::new(comp)))
    }

    /// `array("d", …)`: the typecode is written down, since it decides the type.
    fn packed(&mut self, code: &AExpr, items: &[AExpr]) -> Option<ExprKind> {
        let A::Constant(Constant::Str(code)) = &code.kind else { return None };
        let name = array_maker(Typecode::named(code)?);
        let args = match items {
            [] => vec![],
            [items] => {
                let kind = match &items.kind {
                    A::Generator { .. } => ExprKind::Comp(Box::new(self.comp_of(CompKind::List, items))),
                    // CPython takes both in the same way.
                    A::Tuple(parts) if !parts.iter().any(|part| matches!(part.kind, A::Starred(_))) => {
                        ExprKind::List(parts.iter().map(|part| self.expr(part)).collect())
                    }
                    _ => {
                        return Some(ExprKind::Call { name, args: vec![self.expr(items)], keywords: vec![] });
                    }
                };
                vec![self.make(kind, items.span)]
            }
            _ => return None,
        };
        Some(ExprKind::Call { name, args, keywords: vec![] })
    }

    fn ordered(&mut self, args: &[AExpr], keywords: &[ast::Keyword], span: Span) -> Option<ExprKind> {
        match (args, keywords) {
            ([], []) => Some(ExprKind::New { class: Collection::Ordered, arg: None }),
            ([items], []) if self.is_builtin("dict") => {
                // As a dict takes them, then in that order.
                self.assumes.insert("dict".to_string());
                let dict = self.dict_of(items, span);
                let base = Box::new(self.make(dict, span));
                Some(to_ordered(base))
            }
            ([], keywords) if keywords.iter().all(|k| k.name.is_some()) => {
                Some(to_ordered(Box::new(self.keyword_dict(keywords, span))))
            }
            _ => None,
        }
    }

    fn counter(&mut self, args: &[AExpr], keywords: &[ast::Keyword]) -> Option<ExprKind> {
        match (args, keywords) {
            ([], []) => Some(ExprKind::New { class: Collection::Counter, arg: None }),
            ([items], []) => Some(ExprKind::Comp(Box::new(self.comp_of(CompKind::Count, items)))),
            // The counts of a dict are taken over.
            ([], keywords) => {
                let item = |k: &ast::Keyword| {
                    let name = Constant::Str(k.name.clone()?);
                    let name = AExpr { kind: A::Constant(name), span: k.value.span };
                    Some((Some(name), k.value.clone()))
                };
                let items = keywords.iter().map(item).collect::<Option<Vec<_>>>()?;
                let dict = AExpr { kind: A::Dict { items }, span: keywords[0].value.span };
                Some(ExprKind::Comp(Box::new(self.comp_of(CompKind::Count, &dict))))
            }
            _ => None,
        }
    }

    /// `OrderedDict.fromkeys(keys, value)`: as `dict.fromkeys`.
    pub(super) fn ordered_from_keys(
        &mut self,
        base: &AExpr,
        keys: &AExpr,
        value: Option<&AExpr>,
    ) -> Option<ExprKind> {
        let class = self.library_of(base)?;
        if (class.module.as_str(), class.attr.as_str()) != ("collections", "OrderedDict") {
            return None;
        }
        self.libraries.insert(class);
        let dict = self.dict_from_keys(keys, value, base.span);
        Some(to_ordered(Box::new(self.make(dict, base.span))))
    }

    /// A dict with these keys.
    pub(super) fn dict_from_keys(&mut self, keys: &AExpr, value: Option<&AExpr>, span: Span) -> ExprKind {
        let comp = self.comp_over(CompKind::Dict, keys);
        let value = match value {
            Some(value) => self.expr(value),
            None => self.make(ExprKind::None, span),
        };
        let mut comp = Comp { extra: Some(value), builtin: Some("dict"), ..comp };
        self.iterable_first(&mut comp, span);
        ExprKind::Comp(Box::new(comp))
    }

    /// `defaultdict(list)`, `defaultdict(int, {"a": 1})`, `defaultdict(int, a=1)`
    fn defaultdict(&mut self, args: &[AExpr], keywords: &[ast::Keyword], span: Span) -> Option<ExprKind> {
        let (factory, items) = match args {
            [factory] => (factory, None),
            [factory, items] => (factory, Some(items)),
            _ => return None,
        };
        let starred = args.iter().any(|e| matches!(e.kind, A::Starred(_)));
        if starred || keywords.iter().any(|k| k.name.is_none()) {
            return None;
        }
        let new = self.with_factory(factory)?;
        if items.is_none() && keywords.is_empty() {
            return Some(new);
        }
        // Empty first, then filled.
        let var = self.temp();
        let value = Box::new(self.make(new, span));
        let mut steps = vec![self.make(ExprKind::Named { var, value }, span)];
        let hidden = "the defaultdict".to_string();
        let base = AExpr { kind: A::Name(hidden.clone()), span };
        self.scopes.push(Scope { id: None, vars: [(hidden, var)].into() });
        if let Some(items) = items {
            let update = if matches!(items.kind, A::Generator { .. }) || self.is_lazy(items) {
                self.update_with(&base, items)
            } else {
                let (base, args) = (self.boxed(&base), vec![self.expr(items)]);
                ExprKind::Method { base, name: "update".into(), args, keywords: vec![] }
            };
            steps.push(self.make(update, items.span));
        }
        if !keywords.is_empty() {
            let (base, args) = (self.boxed(&base), vec![self.keyword_dict(keywords, span)]);
            let update = ExprKind::Method { base, name: "update".into(), args, keywords: vec![] };
            steps.push(self.make(update, span));
        }
        let last = self.expr(&base);
        self.scopes.pop();
        Some(self.in_order(steps, last, span))
    }

    /// `defaultdict(list)`, `defaultdict(lambda: [0, 0])`: what the factory makes is an expression whose variables do
    /// not change.
    fn with_factory(&mut self, factory: &AExpr) -> Option<ExprKind> {
        let (name, made) = match &factory.kind {
            A::Name(name) if self.is_builtin(name) => {
                let kind = match name.as_str() {
                    "int" => ExprKind::Int(0),
                    "float" => ExprKind::Float(0.0),
                    "bool" => ExprKind::Bool(false),
                    "str" => ExprKind::Str(String::new()),
                    "list" => ExprKind::List(vec![]),
                    "dict" => ExprKind::Dict(vec![]),
                    "tuple" => ExprKind::Tuple(vec![]),
                    "set" => ExprKind::Call { name: name.clone(), args: vec![], keywords: vec![] },
                    _ => return None,
                };
                self.assumes.insert(name.clone());
                (Some(name.clone()), self.make(kind, factory.span))
            }
            A::Lambda { params, body } if params.in_frame_order().next().is_none() && self.is_fixed(body) => {
                (None, self.expr(body))
            }
            A::Name(_) | A::Attribute { .. } => {
                let class = self.library_of(factory)?;
                let known = matches!(class.attr.as_str(), "deque" | "Counter" | "OrderedDict");
                if class.module != "collections" || !known {
                    return None;
                }
                let name = format!("collections.{}", class.attr);
                let made = self.library_call(class, &[], &[], factory.span)?;
                (Some(name), self.make(made, factory.span))
            }
            _ => return None,
        };
        Some(ExprKind::New { class: Collection::DefaultDict(name), arg: Some(Box::new(made)) })
    }

    /// Made of literals and of empty containers.
    fn is_fixed(&self, e: &AExpr) -> bool {
        match &e.kind {
            A::Constant(_) => true,
            // A variable that keeps what it holds now; a global is read each time.
            A::Name(name) => match self.lookup(name) {
                Some(_) => self.symbol(name).is_some_and(|s| self.symbols.keeps(&s, e.span.start)),
                None => !self.symbols.binds(name),
            },
            A::Attribute { value, .. } => self.module_of(value).is_some(),
            A::UnaryOp { operand, .. } => self.is_fixed(operand),
            A::List(items) | A::Tuple(items) => items.iter().all(|e| self.is_fixed(e)),
            A::Dict { items } => {
                items.iter().all(|(k, v)| k.as_ref().is_some_and(|k| self.is_fixed(k)) && self.is_fixed(v))
            }
            A::BinOp { left, right, .. } => self.is_fixed(left) && self.is_fixed(right),
            A::Call { func, args, keywords } if keywords.is_empty() => {
                let builtin = matches!(&func.kind, A::Name(name) if self.is_builtin(name)
                    && matches!(name.as_str(), "list" | "dict" | "set" | "int" | "float" | "str"));
                let class = self.library_of(func).is_some_and(|l| {
                    l.module == "collections"
                        && (l.attr == "defaultdict" || (args.is_empty() && l.attr != "OrderedDict"))
                });
                let factory = |e: &AExpr| match &e.kind {
                    A::Name(name) => self.is_builtin(name),
                    A::Lambda { params, body } => {
                        params.in_frame_order().next().is_none() && self.is_fixed(body)
                    }
                    _ => false,
                };
                (builtin && args.iter().all(|e| self.is_fixed(e))) || (class && args.iter().all(factory))
            }
            _ => false,
        }
    }

    /// A comprehension of the elements as they come, of a generator expression too.
    pub(super) fn comp_of(&mut self, kind: CompKind, items: &AExpr) -> Comp {
        match &items.kind {
            A::Generator { element, generators } => {
                let (generators, (element, _)) = self.generators(generators, element, None);
                Comp::new(kind, generators, element)
            }
            _ => self.comp_over(kind, items),
        }
    }

    /// `heapq.nsmallest(n, items, key=…)`: `sorted(items, key=…)[:n]`, and nothing where `n` is not positive.
    fn extremes(
        &mut self,
        largest: bool,
        n: &AExpr,
        items: &AExpr,
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        if !self.is_builtin("sorted") || keywords.iter().any(|k| k.name.as_deref() != Some("key")) {
            return None;
        }
        let positive = matches!(&n.kind, A::Constant(Constant::Int(digits)) if digits != "0");
        // A view, or a `range`, loses nothing when it is gone through.
        let kept = match &items.kind {
            A::Call { func, .. } => match &func.kind {
                A::Name(name) => name == "range",
                A::Attribute { name, .. } => matches!(name.as_str(), "keys" | "values" | "items"),
                _ => false,
            },
            _ => false,
        };
        let lazy = matches!(items.kind, A::Generator { .. }) || (self.is_lazy(items) && !kept);
        // Without a number that is written down nothing may be drawn from what is lazy.
        if lazy && !positive {
            return None;
        }
        let (count, value) = (self.temp(), self.boxed(n));
        let mut steps = vec![self.make(ExprKind::Named { var: count, value }, n.span)];
        let comp = if lazy {
            match &items.kind {
                A::Generator { .. } => self.whole(items),
                _ => {
                    let comp = self.comp_over(CompKind::List, items);
                    self.make(ExprKind::Comp(Box::new(comp)), items.span)
                }
            }
        } else {
            let (var, value) = (self.temp(), self.boxed(items));
            steps.push(self.make(ExprKind::Named { var, value }, items.span));
            // No name of Python's, so that it hides none.
            let hidden = "the items".to_string();
            self.scopes.push(Scope { id: None, vars: [(hidden.clone(), var)].into() });
            let comp = self.comp_over(CompKind::List, &AExpr { kind: A::Name(hidden), span: items.span });
            self.scopes.pop();
            self.make(ExprKind::Comp(Box::new(comp)), items.span)
        };
        let mut sorting = self.keywords(keywords, true);
        // CPython compares other pairs than sorting does: instances are not asked, nor are keys that are instances.
        sorting.push(("key".into(), self.make(ExprKind::None, span)));
        if largest {
            sorting.push(("reverse".into(), self.make(ExprKind::Bool(true), span)));
        }
        let sorted = ExprKind::Call { name: "sorted".into(), args: vec![comp], keywords: sorting };
        let base = Box::new(self.make(sorted, span));
        let upper = Some(Box::new(self.make(ExprKind::Local(count), n.span)));
        let mut result = self.make(ExprKind::Slice { base, lower: None, upper, step: None }, span);
        if !positive {
            let (left, right) =
                (self.make(ExprKind::Local(count), n.span), self.make(ExprKind::Int(0), n.span));
            let test = ExprKind::Compare { op: CmpOp::Gt, left: Box::new(left), right: Box::new(right) };
            let test = Box::new(self.make(test, n.span));
            let nothing = Box::new(self.make(ExprKind::List(vec![]), span));
            result = self.make(ExprKind::If { test, body: Box::new(result), orelse: nothing }, span);
        }
        Some(self.in_order(steps, result, span))
    }

    /// The value of `last`, behind the other expressions.
    pub(super) fn in_order(&mut self, mut steps: Vec<Expr>, last: Expr, span: Span) -> ExprKind {
        let at = i64::try_from(steps.len()).unwrap_or_default();
        steps.push(last);
        let base = Box::new(self.make(ExprKind::Tuple(steps), span));
        ExprKind::Index { base, index: Box::new(self.make(ExprKind::Int(at), span)) }
    }
}

/// Spelled so that no method of Python's can have the name.
fn to_ordered(base: Box<Expr>) -> ExprKind {
    ExprKind::Method { base, name: "to OrderedDict".to_string(), args: vec![], keywords: vec![] }
}
