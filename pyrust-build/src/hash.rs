//! The canonical hash of a function's source.
//!
//! Taken over our syntax tree, so it is the same whichever Python runs: comments, layout, docstrings, quotes and
//! parentheses do not count. The function's own name does not count either; so a renamed function is recognised.
//! Everything else does: parameters, defaults, annotations, decorators, body.
//!
//! The serialisation below is part of the manifest's format: changing it makes every hash in the world stale.

use sha2::{Digest, Sha256};

use crate::ast::*;
use crate::source::Span;

/// `sha256:` and 64 hexadecimal digits.
pub fn source_hash(function: &FunctionDef) -> String {
    let mut writer = Writer { hash: Sha256::new() };
    writer.function(function, "");
    format!("sha256:{}", digits(&writer.hash.finalize()))
}

/// The same function of any bytes, without the prefix.
pub fn hex(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
        text
    })
}

/// Changes when the serialisation does: the hash of a function in which much of the grammar occurs.
pub fn scheme() -> String {
    const SAMPLE: &str = "@d\ndef f(a, /, b: int = -1, *c, d=b'', **e):\n  for x, y in z[::2]:\n    if a < b in c or not d: w = lambda: {x: [y for y in (yield) if f'{y!r:>{a}}']}\n";
    match crate::parse::outline(SAMPLE, &["f"].into()).as_ref().map(|tree| find(tree, "f")) {
        Some(Lookup::Found(function)) => source_hash(function),
        _ => String::new(),
    }
}

/// What a qualified name stands for in a module.
#[derive(Debug)]
pub enum Lookup<'a> {
    Found(&'a FunctionDef),
    Missing,
    /// Several definitions; which one counts is decided at run time.
    Ambiguous(Vec<Span>),
}

/// Finds a function by its qualified name, `Class.method` included.
pub fn find<'a>(module: &'a Module, qualname: &str) -> Lookup<'a> {
    let found: Vec<&FunctionDef> =
        functions(module).into_iter().filter(|(name, _)| name == qualname).map(|(_, def)| def).collect();
    let meant: Vec<&FunctionDef> = found.iter().copied().filter(|def| !is_overload(def)).collect();
    match (found.as_slice(), meant.as_slice()) {
        ([], _) => Lookup::Missing,
        ([only], _) | (_, [only]) => Lookup::Found(only),
        _ => Lookup::Ambiguous(found.iter().map(|def| def.span).collect()),
    }
}

/// Is it a stub for type checkers, which another definition of the same name hides?
pub fn is_overload(def: &FunctionDef) -> bool {
    let stub = |e: &Expr| matches!(&e.kind, ExprKind::Name(name) | ExprKind::Attribute { name, .. } if name == "overload");
    def.decorators.iter().any(stub)
}

/// All functions that can have an entry, with their qualified names, in the order of the file. Functions inside
/// functions have none.
pub fn functions(module: &Module) -> Vec<(String, &FunctionDef)> {
    let mut found = Vec::new();
    collect(&module.body, "", &mut found);
    found
}

fn collect<'a>(body: &'a [Stmt], prefix: &str, found: &mut Vec<(String, &'a FunctionDef)>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::FunctionDef(def) => found.push((format!("{prefix}{}", def.name), def)),
            StmtKind::ClassDef(class) => collect(&class.body, &format!("{prefix}{}.", class.name), found),
            StmtKind::If { body, orelse, .. }
            | StmtKind::For { body, orelse, .. }
            | StmtKind::While { body, orelse, .. } => {
                collect(body, prefix, found);
                collect(orelse, prefix, found);
            }
            StmtKind::With { body, .. } => collect(body, prefix, found),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                collect(body, prefix, found);
                for handler in handlers {
                    collect(&handler.body, prefix, found);
                }
                collect(orelse, prefix, found);
                collect(finalbody, prefix, found);
            }
            StmtKind::Match { cases, .. } => {
                for case in cases {
                    collect(&case.body, prefix, found);
                }
            }
            _ => {}
        }
    }
}

/// Every node is written as a tag, then its parts; texts and lists with their length. So no two trees read alike.
struct Writer {
    hash: Sha256,
}

impl Writer {
    fn tag(&mut self, tag: &str) {
        self.hash.update([tag.len() as u8]);
        self.hash.update(tag);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.hash.update([u8::from(flag)]);
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.hash.update((items.len() as u64).to_le_bytes());
        for item in items {
            each(self, item);
        }
    }

    fn maybe<T>(&mut self, item: Option<&T>, each: impl FnOnce(&mut Self, &T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            each(self, item);
        }
    }

    fn texts(&mut self, texts: &[String]) {
        self.list(texts, |w, text| w.text(text));
    }

    fn function(&mut self, def: &FunctionDef, name: &str) {
        self.tag("def");
        self.text(name);
        self.flag(def.is_async);
        self.texts(&def.type_params);
        self.list(&def.decorators, Self::expr);
        self.params(&def.params);
        self.maybe(def.returns.as_ref(), Self::expr);
        self.body(without_docstring(&def.body));
    }

    fn params(&mut self, params: &Params) {
        self.list(&params.positional_only, Self::param);
        self.list(&params.positional, Self::param);
        self.maybe(params.var_positional.as_ref(), Self::param);
        self.list(&params.keyword_only, Self::param);
        self.maybe(params.var_keyword.as_ref(), Self::param);
    }

    fn param(&mut self, param: &Param) {
        self.text(&param.name);
        self.maybe(param.annotation.as_ref(), Self::expr);
        self.maybe(param.default.as_ref(), Self::expr);
    }

    fn body(&mut self, body: &[Stmt]) {
        self.list(body, Self::stmt);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.function(def, &def.name),
            StmtKind::ClassDef(class) => {
                self.tag("class");
                self.text(&class.name);
                self.texts(&class.type_params);
                self.list(&class.decorators, Self::expr);
                self.list(&class.bases, Self::expr);
                self.list(&class.keywords, Self::keyword);
                self.body(without_docstring(&class.body));
            }
            StmtKind::Return(value) => {
                self.tag("return");
                self.maybe(value.as_ref(), Self::expr);
            }
            StmtKind::Delete(targets) => {
                self.tag("del");
                self.list(targets, Self::expr);
            }
            StmtKind::Assign { targets, value } => {
                self.tag("=");
                self.list(targets, Self::expr);
                self.expr(value);
            }
            StmtKind::AugAssign { target, op, value } => {
                self.tag("augmented");
                self.tag(op.symbol());
                self.expr(target);
                self.expr(value);
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => {
                self.tag("annotated");
                self.expr(target);
                self.expr(annotation);
                self.maybe(value.as_ref(), Self::expr);
                self.flag(*simple);
            }
            StmtKind::TypeAlias { name, type_params, value } => {
                self.tag("type");
                self.expr(name);
                self.texts(type_params);
                self.expr(value);
            }
            StmtKind::For { target, iter, body, orelse, is_async } => {
                self.tag("for");
                self.flag(*is_async);
                self.expr(target);
                self.expr(iter);
                self.body(body);
                self.body(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.tag("while");
                self.expr(test);
                self.body(body);
                self.body(orelse);
            }
            StmtKind::If { test, body, orelse } => {
                self.tag("if");
                self.expr(test);
                self.body(body);
                self.body(orelse);
            }
            StmtKind::With { items, body, is_async } => {
                self.tag("with");
                self.flag(*is_async);
                self.list(items, |w, item| {
                    w.expr(&item.context);
                    w.maybe(item.target.as_ref(), Self::expr);
                });
                self.body(body);
            }
            StmtKind::Match { subject, cases } => {
                self.tag("match");
                self.expr(subject);
                self.list(cases, |w, case| {
                    w.pattern(&case.pattern);
                    w.maybe(case.guard.as_ref(), Self::expr);
                    w.body(&case.body);
                });
            }
            StmtKind::Raise { exc, cause } => {
                self.tag("raise");
                self.maybe(exc.as_ref(), Self::expr);
                self.maybe(cause.as_ref(), Self::expr);
            }
            StmtKind::Try { body, handlers, orelse, finalbody, is_star } => {
                self.tag("try");
                self.flag(*is_star);
                self.body(body);
                self.list(handlers, |w, handler| {
                    w.maybe(handler.class.as_ref(), Self::expr);
                    w.maybe(handler.name.as_ref(), |w, name| w.text(name));
                    w.body(&handler.body);
                });
                self.body(orelse);
                self.body(finalbody);
            }
            StmtKind::Assert { test, message } => {
                self.tag("assert");
                self.expr(test);
                self.maybe(message.as_ref(), Self::expr);
            }
            StmtKind::Import(names) => {
                self.tag("import");
                self.list(names, Self::alias);
            }
            StmtKind::ImportFrom { module, names, level } => {
                self.tag("from");
                self.maybe(module.as_ref(), |w, module| w.text(module));
                self.list(names, Self::alias);
                self.hash.update(level.to_le_bytes());
            }
            StmtKind::Global(names) => {
                self.tag("global");
                self.texts(names);
            }
            StmtKind::Nonlocal(names) => {
                self.tag("nonlocal");
                self.texts(names);
            }
            StmtKind::Expr(value) => {
                self.tag("expression");
                self.expr(value);
            }
            StmtKind::Pass => self.tag("pass"),
            StmtKind::Break => self.tag("break"),
            StmtKind::Continue => self.tag("continue"),
        }
    }

    fn alias(&mut self, alias: &Alias) {
        self.text(&alias.name);
        self.maybe(alias.as_name.as_ref(), |w, name| w.text(name));
    }

    fn keyword(&mut self, keyword: &Keyword) {
        self.maybe(keyword.name.as_ref(), |w, name| w.text(name));
        self.expr(&keyword.value);
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Value(value) => {
                self.tag("value");
                self.expr(value);
            }
            Pattern::Singleton(value) => {
                self.tag("singleton");
                self.constant(value);
            }
            Pattern::Sequence(patterns) => {
                self.tag("sequence");
                self.list(patterns, Self::pattern);
            }
            Pattern::Mapping { keys, patterns, rest } => {
                self.tag("mapping");
                self.list(keys, Self::expr);
                self.list(patterns, Self::pattern);
                self.maybe(rest.as_ref(), |w, rest| w.text(rest));
            }
            Pattern::Class { class, patterns, keywords } => {
                self.tag("class");
                self.expr(class);
                self.list(patterns, Self::pattern);
                self.list(keywords, |w, (name, pattern)| {
                    w.text(name);
                    w.pattern(pattern);
                });
            }
            Pattern::Star(name) => {
                self.tag("star");
                self.maybe(name.as_ref(), |w, name| w.text(name));
            }
            Pattern::As { pattern, name } => {
                self.tag("as");
                self.maybe(pattern.as_deref(), Self::pattern);
                self.maybe(name.as_ref(), |w, name| w.text(name));
            }
            Pattern::Or(patterns) => {
                self.tag("or");
                self.list(patterns, Self::pattern);
            }
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::None => self.tag("None"),
            Constant::True => self.tag("True"),
            Constant::False => self.tag("False"),
            Constant::Ellipsis => self.tag("..."),
            Constant::Int(digits) => {
                self.tag("int");
                self.text(digits);
            }
            Constant::Float(bits) => {
                self.tag("float");
                self.hash.update(bits.to_le_bytes());
            }
            Constant::Imaginary(bits) => {
                self.tag("imaginary");
                self.hash.update(bits.to_le_bytes());
            }
            Constant::Str(text) => {
                self.tag("str");
                self.text(text);
            }
            Constant::Bytes(bytes) => {
                self.tag("bytes");
                self.bytes(bytes);
            }
        }
    }

    fn comprehension(&mut self, tag: &str, elements: &[&Expr], generators: &[Comprehension]) {
        self.tag(tag);
        self.list(elements, |w, element| w.expr(element));
        self.list(generators, |w, generator| {
            w.flag(generator.is_async);
            w.expr(&generator.target);
            w.expr(&generator.iter);
            w.list(&generator.ifs, Self::expr);
        });
    }

    fn exprs(&mut self, tag: &str, exprs: &[Expr]) {
        self.tag(tag);
        self.list(exprs, Self::expr);
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::BoolOp { op, values } => self.exprs(
                match op {
                    BoolOp::And => "and",
                    BoolOp::Or => "or",
                },
                values,
            ),
            ExprKind::Named { target, value } => {
                self.tag(":=");
                self.text(target);
                self.expr(value);
            }
            ExprKind::BinOp { left, op, right } => {
                self.tag("binary");
                self.tag(op.symbol());
                self.expr(left);
                self.expr(right);
            }
            ExprKind::UnaryOp { op, operand } => {
                self.tag(match op {
                    UnaryOp::Invert => "~",
                    UnaryOp::Not => "not",
                    UnaryOp::Pos => "+",
                    UnaryOp::Neg => "-",
                });
                self.expr(operand);
            }
            ExprKind::Lambda { params, body } => {
                self.tag("lambda");
                self.params(params);
                self.expr(body);
            }
            ExprKind::If { test, body, orelse } => {
                self.tag("ifelse");
                self.expr(test);
                self.expr(body);
                self.expr(orelse);
            }
            ExprKind::Dict { items } => {
                self.tag("dict");
                self.list(items, |w, (key, value)| {
                    w.maybe(key.as_ref(), Self::expr);
                    w.expr(value);
                });
            }
            ExprKind::Set(items) => self.exprs("set", items),
            ExprKind::ListComp { element, generators } => {
                self.comprehension("listcomp", &[element], generators)
            }
            ExprKind::SetComp { element, generators } => {
                self.comprehension("setcomp", &[element], generators)
            }
            ExprKind::Generator { element, generators } => {
                self.comprehension("generator", &[element], generators)
            }
            ExprKind::DictComp { key, value, generators } => {
                self.comprehension("dictcomp", &[key, value], generators);
            }
            ExprKind::Await(value) => {
                self.tag("await");
                self.expr(value);
            }
            ExprKind::Yield(value) => {
                self.tag("yield");
                self.maybe(value.as_deref(), Self::expr);
            }
            ExprKind::YieldFrom(value) => {
                self.tag("yieldfrom");
                self.expr(value);
            }
            ExprKind::Compare { left, ops, comparators } => {
                self.tag("compare");
                self.expr(left);
                self.list(ops, |w, op| w.tag(op.symbol()));
                self.list(comparators, Self::expr);
            }
            ExprKind::Call { func, args, keywords } => {
                self.tag("call");
                self.expr(func);
                self.list(args, Self::expr);
                self.list(keywords, Self::keyword);
            }
            ExprKind::Formatted { value, conversion, spec } => {
                self.tag("formatted");
                self.expr(value);
                self.text(&conversion.map(String::from).unwrap_or_default());
                self.maybe(spec.as_deref(), Self::expr);
            }
            ExprKind::JoinedStr(parts) => self.exprs("joined", parts),
            ExprKind::Constant(constant) => self.constant(constant),
            ExprKind::Attribute { value, name } => {
                self.tag("attribute");
                self.expr(value);
                self.text(name);
            }
            ExprKind::Subscript { value, index } => {
                self.tag("subscript");
                self.expr(value);
                self.expr(index);
            }
            ExprKind::Starred(value) => {
                self.tag("starred");
                self.expr(value);
            }
            ExprKind::Name(name) => {
                self.tag("name");
                self.text(name);
            }
            ExprKind::List(items) => self.exprs("list", items),
            ExprKind::Tuple(items) => self.exprs("tuple", items),
            ExprKind::Slice { lower, upper, step } => {
                self.tag("slice");
                for part in [lower, upper, step] {
                    self.maybe(part.as_deref(), Self::expr);
                }
            }
            ExprKind::Unrepresentable(source) => {
                self.tag("literal");
                self.text(&source.text);
            }
        }
    }
}

fn without_docstring(body: &[Stmt]) -> &[Stmt] {
    match body.first().map(|stmt| &stmt.kind) {
        Some(StmtKind::Expr(Expr { kind: ExprKind::Constant(Constant::Str(_)), .. })) => &body[1..],
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use crate::source::SourceFile;

    fn module(text: &str) -> Module {
        parse::parse_module(&SourceFile::new("m", "m.py", text))
            .unwrap_or_else(|finding| panic!("{finding:?}"))
    }

    fn hash_of(text: &str, qualname: &str) -> String {
        match find(&module(text), qualname) {
            Lookup::Found(def) => source_hash(def),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn layout_and_comments_do_not_count() {
        let plain = hash_of("def f(a, b=1):\n    return (a + b)\n", "f");
        for same in [
            "def f(a, b=1): return a + b",
            "# above\ndef f(\n    a,\n    b=1,\n):\n    '''Doc.'''\n    # inside\n    return a + \\\n        b\n",
            "def f(a, b=0x1):\n\treturn ((a) + b)",
            "def g(a, b=1):\n    return a + b\n".replace("g", "f").as_str(),
        ] {
            assert_eq!(hash_of(same, "f"), plain, "{same}");
        }
        assert_eq!(hash_of("def g(a, b=1): return a + b", "g"), plain, "the name does not count");
        assert_eq!(hash_of("class C:\n  def f(a, b=1): return a + b", "C.f"), plain);
    }

    #[test]
    fn everything_else_counts() {
        let variants = [
            "def f(a, b=1): return a + b",
            "def f(a, b=2): return a + b",
            "def f(a, b=1.0): return a + b",
            "def f(a, b=True): return a + b",
            "def f(a, b='1'): return a + b",
            "def f(a, b=b'1'): return a + b",
            "def f(a, *, b=1): return a + b",
            "def f(a, /, b=1): return a + b",
            "def f(a, b: int = 1): return a + b",
            "def f(a, b=1) -> int: return a + b",
            "def f(a, b=1): return b + a",
            "def f(a, b=1): return a - b",
            "def f(a, b=1): a + b",
            "def f(a, b=1): yield a + b",
            "async def f(a, b=1): return a + b",
            "@d\ndef f(a, b=1): return a + b",
            "def f(a, b=1): return -0.0",
            "def f(a, b=1): return 0.0",
            "def f(a, b=1): return a < b < a",
            "def f(a, b=1): return (a < b) < a",
            "def f(a, b=1): return f'{a}'",
            "def f(a, b=1): return f'{a!r}'",
            "def f(a, b=1): return f'{a:>3}'",
            "def f(a, b=1): return [a, b]",
            "def f(a, b=1): return (a, b)",
            "def f(a, b=1): return {a, b}",
            "def f(a, b=1): return {a: b}",
            "def f(a, b=1): return [a for a in b]",
            "def f(a, b=1): return (a for a in b)",
        ];
        let hashes: std::collections::BTreeSet<String> =
            variants.iter().map(|text| hash_of(text, "f")).collect();
        assert_eq!(hashes.len(), variants.len());
    }

    #[test]
    fn the_format_is_stable() {
        insta::assert_snapshot!(hash_of(
            "def f(a, *args, k=(1, 2.5), **kw):\n    for i, x in enumerate(a[::2]):\n        if x not in kw or i:\n            return {x: f'{i:>{k}}' for x in args}\n",
            "f"
        ));
    }

    #[test]
    fn lookups() {
        let text = "if x:\n  def f(): pass\nelse:\n  def f(): pass\nclass C:\n  class D:\n    def m(self): pass\ndef g():\n  def inner(): pass\n";
        let module = module(text);
        assert!(matches!(find(&module, "f"), Lookup::Ambiguous(places) if places.len() == 2));
        assert!(matches!(find(&module, "C.D.m"), Lookup::Found(_)));
        assert!(matches!(find(&module, "inner"), Lookup::Missing));
        let names: Vec<String> = functions(&module).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["f", "f", "C.D.m", "g"]);
    }

    #[test]
    fn stubs_of_overloads_are_passed_over() {
        let stub = "@overload\ndef f(x: int) -> int: ...\n@typing.overload\ndef f(x: str) -> str: ...\n";
        let whole = module(&format!("{stub}def f(x): return x\n"));
        assert!(matches!(find(&whole, "f"), Lookup::Found(def) if def.decorators.is_empty()));
        assert!(matches!(find(&module(stub), "f"), Lookup::Ambiguous(_)));
    }
}
