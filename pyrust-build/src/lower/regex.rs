//! Constant patterns of `re`: compiled once, before native code runs, so that a call of a function of the module is one of
//! the pattern's methods.

use super::Lower;
use crate::ast::{self, BinOp, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{self, CmpOp, Comp, CompKind, Expr, ExprKind, Library, Regex};
use crate::resolve::Binding;
use crate::source::Span;

impl Lower<'_> {
    /// A call of a function of `re`; `None` for what stays Python.
    pub(super) fn regex(
        &mut self,
        library: &Library,
        pattern: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        // So many arguments stand behind the pattern and before the flags, which can follow by position. Newer versions
        // warn of counts given by position.
        let (wanted, by_position) = match library.attr.as_str() {
            "compile" => (0, true),
            "match" | "search" | "fullmatch" | "findall" | "finditer" => (1, true),
            "split" => (1, false),
            "sub" | "subn" => (2, false),
            _ => return None,
        };
        let (flags, rest): (Vec<_>, Vec<_>) =
            keywords.iter().partition(|k| k.name.as_deref() == Some("flags"));
        let flags = match (args.get(wanted..)?, flags.as_slice()) {
            ([], []) => None,
            ([], [k]) => Some(&k.value),
            ([flags], []) if by_position => Some(flags),
            _ => return None,
        };
        let known = |k: &&ast::Keyword| match library.attr.as_str() {
            "split" => k.name.as_deref() == Some("maxsplit"),
            "sub" | "subn" => k.name.as_deref() == Some("count"),
            _ => false,
        };
        if rest.len() > 1 || !rest.iter().all(known) {
            return None;
        }
        let groups = text_of(pattern).and_then(|text| count_groups(&text));
        let compiled = match self.constant_pattern(pattern, flags, span) {
            Some(compiled) => compiled,
            None if flags.is_none() => self.cached_pattern(pattern, span),
            None => return None,
        };
        if library.attr == "compile" {
            return Some(compiled.kind);
        }
        if let ("sub", [function, text], []) = (library.attr.as_str(), args.get(..wanted)?, rest.as_slice())
            && self.is_function(function)
        {
            return self.sub_with(compiled, function, text, span);
        }
        let rest: Vec<ast::Keyword> = rest.into_iter().cloned().collect();
        let (args, keywords) = (self.exprs(&args[..wanted]), self.keywords(&rest, false));
        let name = method_name(&library.attr, groups);
        Some(ExprKind::Method { base: Box::new(compiled), name, args, keywords })
    }

    /// Is it a function, whatever happens when the code runs?
    fn is_function(&self, e: &AExpr) -> bool {
        match &e.kind {
            A::Lambda { .. } => true,
            A::Name(name) if self.is_known(name) => true,
            A::Name(name) => {
                self.lookup(name).is_none() && matches!(self.env.bindings.get(name), Some(Binding::Function))
            }
            _ => false,
        }
    }

    /// `PATTERN.sub(lambda m: …, text)` with a global that is a compiled pattern.
    pub(super) fn pattern_sub(&mut self, base: &AExpr, args: &[AExpr], span: Span) -> Option<ExprKind> {
        let ([function, text], A::Name(global)) = (args, &base.kind) else { return None };
        let Some(Binding::Value(value)) = self.env.bindings.get(global) else { return None };
        let A::Call { func, .. } = &value.kind else { return None };
        let compiled = self.library_of(func).is_some_and(|l| l.module == "re" && l.attr == "compile");
        if !compiled || self.lookup(global).is_some() || !self.is_function(function) {
            return None;
        }
        let pattern = self.expr(base);
        self.sub_with(pattern, function, text, span)
    }

    /// `pattern.sub(function, text)`: what stands between the matches, and what the function makes of each:
    /// `text[:0].join(text[last end:m.start()] + function(m) for m in pattern.finditer(text)) + text[last end:]`.
    fn sub_with(&mut self, pattern: Expr, function: &AExpr, text: &AExpr, span: Span) -> Option<ExprKind> {
        let ExprKind::Lambda { params, body: made } = self.key_function(function).kind else { return None };
        let [found] = params.as_slice() else { return None };
        let (whole, end, before) = (self.temp(), self.temp(), self.temp());
        let text = self.boxed(text);
        let zero = |lower: &mut Self| lower.boxed_kind(ExprKind::Int(0), span);
        // The text, of no length: what joins the parts.
        let named = self.boxed_kind(ExprKind::Named { var: whole, value: text }, span);
        let start = ExprKind::Named { var: end, value: zero(self) };
        let (start, stop) = (self.boxed_kind(start, span), zero(self));
        let nothing = ExprKind::Slice { base: named, lower: Some(start), upper: Some(stop), step: None };
        let nothing = self.make(nothing, span);
        // Always true: they move on from one match to the next.
        let kept = ExprKind::Named { var: before, value: self.boxed_kind(ExprKind::Local(end), span) };
        let ended = ExprKind::Named { var: end, value: Box::new(self.edge(*found, "end", span)) };
        let ifs = [kept, ended].map(|moved| {
            let (left, right) = (self.boxed_kind(moved, span), zero(self));
            self.make(ExprKind::Compare { op: CmpOp::GtE, left, right }, span)
        });
        let all = vec![self.make(ExprKind::Local(whole), span)];
        let name = "finditer in place".to_string();
        let matches = ExprKind::Method { base: Box::new(pattern), name, args: all, keywords: vec![] };
        let matches = self.make(matches, span);
        let iter = hir::Iter { kind: hir::IterKind::Expr(Box::new(matches)), span, id: self.node() };
        let target = hir::Target { kind: hir::TargetKind::Var(*found), span, id: self.node() };
        let part = ExprKind::Slice {
            base: self.boxed_kind(ExprKind::Local(whole), span),
            lower: Some(self.boxed_kind(ExprKind::Local(before), span)),
            upper: Some(Box::new(self.edge(*found, "start", span))),
            step: None,
        };
        let part = self.boxed_kind(part, span);
        let element = ExprKind::Binary { op: hir::BinOp::Add, left: part, right: made };
        let element = self.make(element, span);
        let generators = vec![hir::Generator { target, iter, ifs: ifs.into() }];
        let mut joined = Comp::new(CompKind::Join, generators, element);
        joined.extra = Some(nothing);
        let left = self.boxed_kind(ExprKind::Comp(Box::new(joined)), span);
        let rest = ExprKind::Slice {
            base: self.boxed_kind(ExprKind::Local(whole), span),
            lower: Some(self.boxed_kind(ExprKind::Local(end), span)),
            upper: None,
            step: None,
        };
        let right = self.boxed_kind(rest, span);
        Some(ExprKind::Binary { op: hir::BinOp::Add, left, right })
    }

    fn boxed_kind(&mut self, kind: ExprKind, span: Span) -> Box<Expr> {
        Box::new(self.make(kind, span))
    }

    /// `m.start()`, `m.end()`.
    fn edge(&mut self, found: hir::VarId, name: &str, span: Span) -> Expr {
        let base = self.boxed_kind(ExprKind::Local(found), span);
        self.make(ExprKind::Method { base, name: name.into(), args: vec![], keywords: vec![] }, span)
    }

    /// The compiled pattern; `None` where it is not written down, or compiling it may warn.
    fn constant_pattern(&mut self, pattern: &AExpr, flags: Option<&AExpr>, span: Span) -> Option<Expr> {
        let flags = flags.map_or(Some(String::new()), |e| self.flags(e))?;
        let text = text_of(pattern)?;
        // What is left out of a verbose pattern may look like anything.
        if may_warn(&text) || (matches!(pattern.kind, A::Constant(Constant::Bytes(_))) && !text.is_ascii()) {
            return None;
        }
        let pattern = self.expr(pattern);
        let flags = self.make(ExprKind::Str(flags), span);
        let kind = ExprKind::ModuleCall {
            module: "re".into(),
            name: Regex::CALL.into(),
            args: vec![pattern, flags],
            keywords: vec![],
        };
        Some(self.make(kind, span))
    }

    /// A pattern that is not written down: what the cache of `re` has under it. Python compiles what is not there.
    fn cached_pattern(&mut self, pattern: &AExpr, span: Span) -> Expr {
        let base = self.boxed(pattern);
        self.make(
            ExprKind::Method { base, name: "cached pattern".into(), args: vec![], keywords: vec![] },
            span,
        )
    }

    /// `re.I | re.M`: the names of the flags.
    fn flags(&self, e: &AExpr) -> Option<String> {
        /// Neither `LOCALE`, which depends on more than the pattern, nor `DEBUG`, which prints.
        const NAMES: &[&str] = &[
            "I",
            "IGNORECASE",
            "M",
            "MULTILINE",
            "S",
            "DOTALL",
            "X",
            "VERBOSE",
            "A",
            "ASCII",
            "U",
            "UNICODE",
        ];
        match &e.kind {
            A::Constant(Constant::Int(digits)) if digits == "0" => Some(digits.clone()),
            A::Attribute { value, name } if NAMES.contains(&name.as_str()) => {
                let global = self.module_of(value)?;
                matches!(self.env.bindings.get(&global), Some(Binding::Module(m)) if m == "re")
                    .then(|| name.clone())
            }
            A::BinOp { left, op: BinOp::BitOr, right } => {
                Some(format!("{}|{}", self.flags(left)?, self.flags(right)?))
            }
            _ => None,
        }
    }

    /// The name of a pattern's method where more is known: how many groups the pattern has that a global is compiled
    /// from.
    pub(super) fn pattern_method(&self, base: &AExpr, name: &str) -> String {
        if name != "findall" {
            return name.to_string();
        }
        let A::Name(global) = &base.kind else { return name.to_string() };
        let compiled = match self.env.bindings.get(global) {
            Some(Binding::Value(value)) if self.lookup(global).is_none() => match &value.kind {
                A::Call { func, args, .. } => self
                    .library_of(func)
                    .filter(|l| l.module == "re" && l.attr == "compile")
                    .and_then(|_| text_of(args.first()?)),
                _ => None,
            },
            _ => None,
        };
        method_name(name, compiled.and_then(|text| count_groups(&text)))
    }
}

fn method_name(name: &str, groups: Option<usize>) -> String {
    match groups {
        Some(n) if n > 1 && name == "findall" => format!("{name} {n} groups"),
        _ => name.to_string(),
    }
}

/// The text of a literal; bytes as the characters of the same numbers.
fn text_of(e: &AExpr) -> Option<String> {
    match &e.kind {
        A::Constant(Constant::Str(text)) => Some(text.clone()),
        A::Constant(Constant::Bytes(bytes)) => Some(bytes.iter().map(|b| char::from(*b)).collect()),
        _ => None,
    }
}

/// May compiling the pattern warn? Of what looks like a set in a set, and of some references.
fn may_warn(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    let mut in_set = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '[' if in_set => return true,
            '[' => {
                in_set = true;
                if chars.peek() == Some(&'^') {
                    chars.next();
                }
                // A bracket that comes first is a member.
                if chars.peek() == Some(&']') {
                    chars.next();
                }
            }
            ']' => in_set = false,
            '-' | '&' | '~' | '|' if in_set && chars.peek() == Some(&c) => return true,
            _ => {}
        }
    }
    pattern.contains("(?(")
}

/// The number of groups that count; `None` where comments may hide some.
fn count_groups(pattern: &str) -> Option<usize> {
    if pattern.contains("(?#") || pattern.contains('#') {
        return None;
    }
    let (mut count, mut in_set, mut skip) = (0, false, 0);
    for (at, c) in pattern.char_indices() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let rest = &pattern[at + c.len_utf8()..];
        match c {
            '\\' => skip = 1,
            '[' if !in_set => {
                in_set = true;
                skip = usize::from(rest.starts_with('^'));
                skip += usize::from(rest[skip..].starts_with(']'));
            }
            ']' => in_set = false,
            '(' if !in_set && (!rest.starts_with('?') || rest.starts_with("?P<")) => count += 1,
            _ => {}
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::{count_groups, may_warn};

    #[test]
    fn counts_groups() {
        assert_eq!(count_groups(r"(a)(?:b)(?P<n>c)\(([(])[]()](?=x)"), Some(3));
        assert_eq!(count_groups("a(#"), None);
        assert_eq!(count_groups(""), Some(0));
    }

    #[test]
    fn sees_what_warns() {
        assert!(may_warn("[[a]]") && may_warn("[a--b]") && may_warn("[a||b]") && may_warn("(a)(?(1)b)"));
        assert!(!may_warn("[]a]") && !may_warn(r"[\[a]") && !may_warn("a--b") && !may_warn("[^]-]"));
    }
}
