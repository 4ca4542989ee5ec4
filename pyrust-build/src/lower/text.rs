//! Text → HIR: f-strings, `str.format` and `%` of literals, methods of strings that have a form of their own.

use super::Lower;
use crate::ast::{self, BoolOp, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{BinOp, Comp, CompKind, Expr, ExprKind, FPart, VarId};
use crate::ops::percent;
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::MAX_TUPLE;

/// What the fields of a format are filled with.
struct Fields<'a> {
    args: &'a [AExpr],
    names: Vec<&'a str>,
    /// Variables that hold the arguments; empty where each is used once and in order.
    kept: Vec<VarId>,
    /// Variable of `*values`.
    star: Option<VarId>,
    /// Variable of `**values`, or of what `format_map` is given.
    mapping: Option<VarId>,
}

/// The slice behind `0b`.
fn is_from_two(index: &AExpr) -> bool {
    let A::Slice { lower: Some(lower), upper: None, step: None } = &index.kind else { return false };
    matches!(&lower.kind, A::Constant(Constant::Int(n)) if n == "2")
}

impl Lower<'_> {
    /// `bin(n).count("1")` and `bin(n)[2:].count("1")`: the ones of `n`, without the text.
    pub(super) fn ones(
        &mut self,
        text: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let ("count", [AExpr { kind: A::Constant(Constant::Str(one)), .. }], []) = (name, args, keywords)
        else {
            return None;
        };
        let text = match &text.kind {
            A::Subscript { value, index } if is_from_two(index) => value,
            _ => text,
        };
        let A::Call { func, args, keywords } = &text.kind else { return None };
        let (A::Name(name), [number], []) = (&func.kind, &args[..], &keywords[..]) else { return None };
        if one != "1" || name != "bin" || !self.is_builtin(name) || matches!(number.kind, A::Starred(_)) {
            return None;
        }
        self.assumes.insert(name.clone());
        let base = self.boxed(number);
        Some(ExprKind::Method { base, name: "ones of bin".into(), args: vec![], keywords: vec![] })
    }

    pub(super) fn fstring(&mut self, parts: &[AExpr]) -> ExprKind {
        match self.format_parts(parts) {
            Ok(parts) => ExprKind::FString(parts),
            Err((span, what)) => self.no(span, what, ""),
        }
    }

    fn format_parts(&mut self, parts: &[AExpr]) -> Result<Vec<FPart>, (Span, &'static str)> {
        let mut out = Vec::new();
        for part in parts {
            match &part.kind {
                A::Constant(Constant::Str(s)) => out.push(FPart::Literal(s.clone())),
                A::Formatted { value, conversion, spec } => {
                    let value = self.expr(value);
                    let spec = match spec.as_deref().map(|s| &s.kind) {
                        None => Vec::new(),
                        Some(A::JoinedStr(items)) => self.format_parts(items)?,
                        Some(_) => return Err((part.span, "this format specification")),
                    };
                    out.push(FPart::Value { value, conversion: *conversion, spec });
                }
                _ => return Err((part.span, "this part of an f-string")),
            }
        }
        Ok(out)
    }

    /// `"{} {:>{}}".format(a, b, c)` of a literal: an f-string over the arguments, evaluated first and in order.
    fn format_call(
        &mut self,
        text: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        map: Option<&AExpr>,
        span: Span,
    ) -> Option<ExprKind> {
        let (args, star) = match args {
            [AExpr { kind: A::Starred(inner), .. }] => (&[][..], Some(&**inner)),
            _ if args.iter().any(|a| matches!(a.kind, A::Starred(_))) => return None,
            _ => (args, None),
        };
        let mut stars = keywords.iter().filter(|k| k.name.is_none());
        let mapping = stars.next().map(|k| &k.value).or(map);
        if stars.next().is_some() || (mapping.is_some() && map.is_none() && keywords.len() > 1) {
            return None;
        }
        let named: Vec<&ast::Keyword> = keywords.iter().filter(|k| k.name.is_some()).collect();
        let names: Vec<&str> = named.iter().filter_map(|k| k.name.as_deref()).collect();
        let all: Vec<AExpr> = args.iter().cloned().chain(named.iter().map(|k| k.value.clone())).collect();
        let mut numbers = Numbers::default();
        let pieces = pieces(text, &mut numbers, 2)?;
        let mut used = Vec::new();
        let known = positions(&pieces, &names, args.len(), star.is_some(), mapping.is_some(), &mut used)?;
        // Each argument once and in order, of which all but the first only read a variable: then nothing needs to be
        // kept. Else all are evaluated before the first one is shown.
        let reads = |e: &AExpr| match &e.kind {
            A::Constant(_) => true,
            A::Name(name) => self.lookup(name).is_some() && !self.is_cell(name),
            _ => false,
        };
        let in_order = known
            && star.is_none()
            && mapping.is_none()
            && used.iter().copied().eq(0..all.len())
            && all.iter().skip(1).all(reads);
        let mut first = Vec::new();
        let mut fields = Fields { args: &all, names, kept: vec![], star: None, mapping: None };
        if !in_order {
            for arg in &all {
                fields.kept.push(self.keep(arg, &mut first));
            }
            if let Some(star) = star {
                let comp = self.comp_over(CompKind::List, star);
                let list = self.make(ExprKind::Comp(Box::new(comp)), star.span);
                let var = self.temp();
                first.push(self.make(ExprKind::Named { var, value: Box::new(list) }, star.span));
                fields.star = Some(var);
            }
            if let Some(mapping) = mapping {
                fields.mapping = Some(self.keep(mapping, &mut first));
            }
        }
        let text = ExprKind::FString(self.fill(&pieces, &fields, span)?);
        if in_order {
            return Some(text);
        }
        Some(self.after(first, text, span))
    }

    /// `(first, …, last)[-1]`: everything is evaluated, the last is the value.
    fn after(&mut self, mut first: Vec<Expr>, last: ExprKind, span: Span) -> ExprKind {
        if first.is_empty() {
            return last;
        }
        // Tuples have few items.
        while first.len() >= MAX_TUPLE {
            let rest = first.split_off(MAX_TUPLE - 1);
            let head = self.make(ExprKind::Tuple(std::mem::take(&mut first)), span);
            first = std::iter::once(head).chain(rest).collect();
        }
        let index = i64::try_from(first.len()).unwrap_or_default();
        first.push(self.make(last, span));
        let base = Box::new(self.make(ExprKind::Tuple(first), span));
        ExprKind::Index { base, index: Box::new(self.make(ExprKind::Int(index), span)) }
    }

    fn keep(&mut self, arg: &AExpr, first: &mut Vec<Expr>) -> VarId {
        let (var, value) = (self.temp(), Box::new(self.expr(arg)));
        first.push(self.make(ExprKind::Named { var, value }, arg.span));
        var
    }

    fn fill(&mut self, pieces: &[Piece], fields: &Fields, span: Span) -> Option<Vec<FPart>> {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => parts.push(FPart::Literal(text.clone())),
                Piece::Field { arg, path, conversion, spec } => {
                    let mut value = self.field(arg, fields, span)?;
                    for step in path {
                        value = self.step(value, step, span)?;
                    }
                    let spec = self.fill(spec, fields, span)?;
                    parts.push(FPart::Value { value, conversion: *conversion, spec });
                }
            }
        }
        Some(parts)
    }

    fn field(&mut self, arg: &Arg, fields: &Fields, span: Span) -> Option<Expr> {
        let at = match arg {
            Arg::Number(n) => match fields.star {
                Some(var) => {
                    let base = self.make(ExprKind::Local(var), span);
                    return self.step(base, &Step::Index(i64::try_from(*n).ok()?), span);
                }
                None => *n,
            },
            Arg::Name(name) => match (fields.names.iter().position(|n| n == name), fields.mapping) {
                (Some(at), _) => fields.args.len() - fields.names.len() + at,
                (None, Some(var)) => {
                    let base = self.make(ExprKind::Local(var), span);
                    return self.step(base, &Step::Key(name.clone()), span);
                }
                (None, None) => return None,
            },
        };
        let arg = fields.args.get(at)?;
        Some(match fields.kept.get(at) {
            Some(var) => self.make(ExprKind::Local(*var), arg.span),
            None => self.expr(arg),
        })
    }

    fn step(&mut self, base: Expr, step: &Step, span: Span) -> Option<Expr> {
        let base = Box::new(base);
        let kind = match step {
            Step::Attribute(name) if is_plain_attribute(name) => attribute(base, name),
            Step::Attribute(_) => return None,
            Step::Index(i) => {
                let index = Box::new(self.make(ExprKind::Int(*i), span));
                ExprKind::Index { base, index }
            }
            Step::Key(key) => {
                let index = Box::new(self.make(ExprKind::Str(key.clone()), span));
                ExprKind::Index { base, index }
            }
        };
        Some(self.make(kind, span))
    }

    /// `"%s %-5r" % (a, b)`: CPython's compiler makes an f-string of it, so that each value is shown before the next one is
    /// evaluated. That is so where nothing but text is asked for.
    pub(super) fn percent_as_parts(&mut self, left: &AExpr, right: &AExpr) -> Option<ExprKind> {
        let (A::Constant(Constant::Str(text)), A::Tuple(items)) = (&left.kind, &right.kind) else {
            return None;
        };
        if items.is_empty() || items.iter().any(|item| matches!(item.kind, A::Starred(_))) {
            return None;
        }
        let pieces = percent::as_parts(text)?;
        if pieces.iter().filter(|piece| matches!(piece, percent::Piece::Value { .. })).count() != items.len()
        {
            return None;
        }
        let mut items = items.iter();
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                percent::Piece::Literal(text) => FPart::Literal(text),
                percent::Piece::Value { conversion, spec } => {
                    let value = self.expr(items.next()?);
                    let spec = if spec.is_empty() { vec![] } else { vec![FPart::Literal(spec)] };
                    FPart::Value { value, conversion: Some(conversion), spec }
                }
            });
        }
        Some(ExprKind::FString(parts))
    }

    /// `"%(a)s %(b)d" % d`: the names looked up first, in order.
    pub(super) fn percent_by_name(&mut self, left: &AExpr, right: &AExpr, span: Span) -> Option<ExprKind> {
        let A::Constant(Constant::Str(text)) = &left.kind else { return None };
        let slots = percent::slots(text)?;
        if slots.is_empty() || slots.len() > MAX_TUPLE || slots.iter().any(|s| s.name.is_none()) {
            return None;
        }
        let mut plain = text.clone();
        for (from, to) in slots.iter().rev().filter_map(|s| s.span) {
            plain.replace_range(from..to, "");
        }
        let mut first = Vec::new();
        let mut values = Vec::new();
        if let Some(display) = display(right) {
            // Every value is evaluated, once and in order; of equal keys the last counts.
            let kept: Vec<(&str, VarId)> =
                display.iter().map(|(k, v)| (*k, self.keep(v, &mut first))).collect();
            for name in slots.iter().filter_map(|s| s.name.as_deref()) {
                let var = kept.iter().rev().find(|(k, _)| *k == name)?.1;
                values.push(self.make(ExprKind::Local(var), span));
            }
        } else {
            let var = self.keep(right, &mut first);
            for name in slots.iter().filter_map(|s| s.name.clone()) {
                let base = self.make(ExprKind::Local(var), span);
                values.push(self.step(base, &Step::Key(name), span)?);
            }
        }
        let template = self.make(ExprKind::Str(plain), left.span);
        let values = self.make(ExprKind::Tuple(values), span);
        let last = ExprKind::Binary { op: BinOp::Mod, left: Box::new(template), right: Box::new(values) };
        Some(self.after(first, last, span))
    }

    /// Methods of strings that have a form of their own: `join` of any iterable, `format` of a literal, affixes from a
    /// tuple of literals, codecs known here.
    pub(super) fn string_call(
        &mut self,
        base: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        match (name, args) {
            ("format", _) => match &base.kind {
                A::Constant(Constant::Str(text)) => self.format_call(text, args, keywords, None, span),
                _ => None,
            },
            ("format_map", [map]) if keywords.is_empty() => match &base.kind {
                A::Constant(Constant::Str(text)) => self.format_call(text, &[], &[], Some(map), span),
                _ => None,
            },
            // Only since 3.13.
            ("replace", [_, _]) if keywords.len() == 1 && keywords[0].name.as_deref() == Some("count") => {
                let base = Box::new(self.expr(base));
                let mut args = self.exprs(args);
                args.push(self.expr(&keywords[0].value));
                Some(ExprKind::Method { base, name: "replace count".into(), args, keywords: vec![] })
            }
            _ if !keywords.is_empty() => None,
            ("join", [AExpr { kind: A::Generator { element, generators }, .. }]) => {
                let separator = self.expr(base);
                Some(self.comp(CompKind::Join, generators, element, None, Some(separator)))
            }
            ("join", [arg]) if !matches!(arg.kind, A::List(_) | A::ListComp { .. }) => {
                let separator = self.expr(base);
                let comp = self.comp_over(CompKind::Join, arg);
                Some(ExprKind::Comp(Box::new(Comp { extra: Some(separator), ..comp })))
            }
            ("maketrans", [first, rest @ ..]) if matches!(&base.kind, A::Name(n) if matches!(n.as_str(), "str" | "bytes" | "bytearray") && self.is_builtin(n)) =>
            {
                let A::Name(class) = &base.kind else { return None };
                self.assumes.insert(class.clone());
                let class = if class == "bytearray" { "bytes" } else { class };
                let name = format!("maketrans of {class}");
                let base = Box::new(self.expr(first));
                Some(ExprKind::Method { base, name, args: self.exprs(rest), keywords: vec![] })
            }
            ("fromhex", [text]) if matches!(&base.kind, A::Name(n) if matches!(n.as_str(), "bytes" | "bytearray" | "float") && self.is_builtin(n)) =>
            {
                let A::Name(class) = &base.kind else { return None };
                self.assumes.insert(class.clone());
                let base = Box::new(self.expr(text));
                Some(ExprKind::Method {
                    base,
                    name: format!("fromhex {class}"),
                    args: vec![],
                    keywords: vec![],
                })
            }
            ("encode" | "decode", [AExpr { kind: A::Constant(Constant::Str(codec)), .. }]) => {
                let name = match codec.to_ascii_lowercase().replace('_', "-").as_str() {
                    "utf-8" | "utf8" => name.to_string(),
                    // Spelled so that no method of Python's can have the name.
                    "ascii" => format!("{name} ascii"),
                    "latin-1" | "latin1" | "iso-8859-1" => format!("{name} latin-1"),
                    _ => return None,
                };
                let base = Box::new(self.expr(base));
                Some(ExprKind::Method { base, name, args: vec![], keywords: vec![] })
            }
            ("startswith" | "endswith", [AExpr { kind: A::Tuple(items), .. }])
                if !items.is_empty()
                    && items.iter().all(|i| matches!(i.kind, A::Constant(Constant::Str(_)))) =>
            {
                let var = self.temp();
                let value = Box::new(self.expr(base));
                let mut tests = Vec::new();
                let mut first = Some(self.make(ExprKind::Named { var, value }, base.span));
                for item in items {
                    let object = match first.take() {
                        Some(e) => e,
                        None => self.make(ExprKind::Local(var), base.span),
                    };
                    let args = vec![self.expr(item)];
                    let kind = ExprKind::Method {
                        base: Box::new(object),
                        name: name.into(),
                        args,
                        keywords: vec![],
                    };
                    tests.push(self.make(kind, span));
                }
                let mut tests = tests.into_iter().rev();
                let mut out = tests.next()?;
                for test in tests {
                    let kind = ExprKind::Bool2 { op: BoolOp::Or, left: Box::new(test), right: Box::new(out) };
                    out = self.make(kind, span);
                }
                Some(out.kind)
            }
            _ => None,
        }
    }
}

impl Lower<'_> {
    /// Is it an object whose attributes depend on its type: no module, class or function that a global names?
    pub(super) fn is_value(&self, e: &AExpr) -> bool {
        match &e.kind {
            A::Name(name) if self.lookup(name).is_none() => {
                matches!(self.env.bindings.get(name), Some(Binding::Value(_)))
            }
            A::Attribute { value, .. } => self.is_value(value),
            _ => true,
        }
    }
}

impl Lower<'_> {
    /// The name that an attribute has: in a class two underscores in front make it the class's own.
    pub(super) fn mangled(&self, name: &str) -> String {
        if !name.starts_with("__") || name.ends_with("__") {
            return name.to_string();
        }
        let mut parts = self.outermost.split('.').rev().skip(1);
        match parts.next().map(|class| class.trim_start_matches('_')) {
            Some("") | None => name.to_string(),
            Some(class) => format!("_{class}{name}"),
        }
    }

    /// Refuses what has another name than it seems to have, apart from attributes and what a function keeps to itself.
    pub(super) fn refuse_private(&mut self, name: &str, span: Span) {
        let mangled = self.mangled(name);
        if mangled != name {
            let message = format!("`{name}`, which means `{mangled}` in this class, is not supported");
            self.refuse("PYR0305", span, message, "give it a name with one underscore in front");
        }
    }
}

/// Attributes that numbers, ranges and instances of CPython's own classes have.
pub(super) fn is_plain_attribute(name: &str) -> bool {
    crate::ops::foreign::is_attribute(name)
        || matches!(name, "real" | "imag" | "numerator" | "denominator" | "start" | "stop" | "step")
}

/// Reading an attribute: spelled so that no method of Python's can have the name.
pub(super) fn attribute(base: Box<Expr>, name: &str) -> ExprKind {
    ExprKind::Method { base, name: format!("attribute {name}"), args: vec![], keywords: vec![] }
}

/// The items of a dict display with literal keys.
fn display(e: &AExpr) -> Option<Vec<(&str, &AExpr)>> {
    let A::Dict { items } = &e.kind else { return None };
    items
        .iter()
        .map(|(key, value)| match key.as_ref().map(|k| &k.kind) {
            Some(A::Constant(Constant::Str(key))) => Some((key.as_str(), value)),
            _ => None,
        })
        .collect()
}

/// A part of a format.
enum Piece {
    Literal(String),
    Field { arg: Arg, path: Vec<Step>, conversion: Option<char>, spec: Vec<Piece> },
}

enum Arg {
    Number(usize),
    Name(String),
}

enum Step {
    Attribute(String),
    Index(i64),
    Key(String),
}

/// How fields are numbered.
#[derive(Default)]
struct Numbers {
    auto: usize,
    explicit: bool,
}

/// Which arguments the fields take, in order. False if one of them is taken through a `*` or `**`; `None` if there is no
/// such argument.
fn positions(
    pieces: &[Piece],
    names: &[&str],
    count: usize,
    star: bool,
    mapping: bool,
    used: &mut Vec<usize>,
) -> Option<bool> {
    let mut known = true;
    for piece in pieces {
        let Piece::Field { arg, spec, .. } = piece else { continue };
        match arg {
            Arg::Number(n) if *n < count => used.push(*n),
            Arg::Number(_) if star => known = false,
            Arg::Number(_) => return None,
            Arg::Name(name) => match names.iter().position(|n| n == name) {
                Some(at) => used.push(count + at),
                None if mapping => known = false,
                None => return None,
            },
        }
        known &= positions(spec, names, count, star, mapping, used)?;
    }
    Some(known)
}

/// A format taken apart; `None` for what is an error of Python's, or nests deeper than `depth`.
fn pieces(text: &str, numbers: &mut Numbers, depth: usize) -> Option<Vec<Piece>> {
    let depth = depth.checked_sub(1)?;
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' | '}' if rest.starts_with(c) => {
                rest = &rest[1..];
                literal.push(c);
            }
            '}' => return None,
            '{' => {
                if !literal.is_empty() {
                    out.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                let (field, after) = field(rest, numbers, depth)?;
                out.push(field);
                rest = after;
            }
            c => literal.push(c),
        }
    }
    if !literal.is_empty() {
        out.push(Piece::Literal(literal));
    }
    Some(out)
}

/// What stands behind a `{`, and the text behind its `}`.
fn field<'t>(text: &'t str, numbers: &mut Numbers, depth: usize) -> Option<(Piece, &'t str)> {
    let mut bracket = false;
    let end = text.find(|c| {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            _ => {}
        }
        !bracket && matches!(c, '{' | '}' | ':' | '!')
    })?;
    let (name, mut rest) = text.split_at(end);
    let (arg, path) = target(name, numbers)?;
    let mut conversion = None;
    if let Some(after) = rest.strip_prefix('!') {
        conversion = after.chars().next().filter(|c| matches!(c, 'r' | 's' | 'a'));
        conversion?;
        rest = &after[1..];
    }
    let mut spec = Vec::new();
    if let Some(after) = rest.strip_prefix(':') {
        let mut level = 0;
        let end = after.find(|c| {
            match c {
                '{' => level += 1,
                '}' => level -= 1,
                _ => {}
            }
            level < 0
        })?;
        if end > 0 {
            spec = pieces(&after[..end], numbers, depth)?;
        }
        rest = &after[end..];
    }
    let rest = rest.strip_prefix('}')?;
    Some((Piece::Field { arg, path, conversion, spec }, rest))
}

/// `name.attribute[index]`
fn target(text: &str, numbers: &mut Numbers) -> Option<(Arg, Vec<Step>)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let arg = if name.is_empty() {
        numbers.auto += 1;
        Arg::Number(numbers.auto - 1)
    } else if digits(name) {
        numbers.explicit = true;
        Arg::Number(name.parse().ok()?)
    } else {
        Arg::Name(name.to_string())
    };
    // Both kinds of numbers together are an error of Python's.
    if numbers.explicit && numbers.auto > 0 {
        return None;
    }
    let mut path = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (key, after) = after.split_once(']')?;
            path.push(match key {
                "" => return None,
                _ if digits(key) => Step::Index(key.parse().ok()?),
                _ => Step::Key(key.to_string()),
            });
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            path.push(Step::Attribute(after[..end].to_string()));
            rest = &after[end..];
        }
    }
    Some((arg, path))
}

#[cfg(test)]
mod tests {
    use super::{Numbers, pieces};

    fn count(text: &str) -> Option<usize> {
        pieces(text, &mut Numbers::default(), 2).map(|p| p.len())
    }

    #[test]
    fn takes_formats_apart() {
        assert_eq!(count("a{}b{{}}{1x}"), Some(4));
        assert_eq!(count("{:>{}} {0}"), None);
        assert_eq!(count("{:{:{}}}"), None);
        assert_eq!(count("{0[a:b].real!r:{w}}"), Some(1));
        assert_eq!(count("{"), None);
        assert_eq!(count("}"), None);
        assert_eq!(count("{!z}"), None);
    }
}
