//! The methods that `@dataclass` makes: their text is known, so they are compiled like methods that stand in the class.
//!
//! Nothing of it is trusted: what the class really has is compared, at import, with the digest of the text that the
//! target interpreter's own `dataclasses` would compile ([`Made::texts`]).
//!
//! The `__init__` of a frozen class reads a cell, [`OBJECT`]: the runtime looks whether `object` is in it. One with default
//! factories reads those from cells, and whether an argument is given at all: it is compiled for native callers only, in
//! which a parameter that is not given is what the factory makes ([`factory`]).

use std::collections::BTreeSet;

use crate::ast::{
    ClassDef, CmpOp, Constant, Expr, ExprKind as E, FunctionDef, Keyword, Param, Params, Stmt, StmtKind as S,
};
use crate::source::Span;

/// The name of the cell with `object`, whose `__setattr__` fills frozen instances.
pub const OBJECT: &str = "__dataclass_builtins_object__";

/// Builtins that make empty containers: factories that native callers call themselves.
const FACTORIES: &[&str] = &["dict", "list", "set"];

/// The name of what says that the cells of an `__init__` are as the text has them: the factory of a field.
pub fn factory_guard(factory: &str, field: &str, qualname: &str) -> String {
    format!("factory {factory} {field} {qualname}")
}

/// The default of a field that a factory makes: no text has such a name.
fn factory_default(factory: &str, span: Span) -> Expr {
    let func = Box::new(Expr { kind: E::Name(format!("factory {factory}")), span });
    Expr { kind: E::Call { func, args: vec![], keywords: vec![] }, span }
}

/// The builtin that makes what a field has where the `__init__` that `@dataclass` made is not given one.
pub fn factory(param: &Param) -> Option<&'static str> {
    let E::Call { func, .. } = &param.default.as_ref()?.kind else { return None };
    let E::Name(name) = &func.kind else { return None };
    let name = name.strip_prefix("factory ")?;
    FACTORIES.iter().copied().find(|known| *known == name)
}

/// A method, and its text by the first version of Python that has it so, newest first.
#[derive(Clone, Debug)]
pub struct Made {
    pub def: FunctionDef,
    pub texts: Vec<((u8, u8), String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    name: String,
    annotation: Expr,
    default: Option<Expr>,
    compare: bool,
    /// It is hashed as it is compared.
    hashed: bool,
    /// `__init__` is given it, or does nothing with it.
    given: bool,
    /// `__init__` does with it what it does with any other.
    plain: bool,
}

/// What a class hands on to dataclasses below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    fields: Vec<Field>,
    /// There is a `__post_init__`.
    hooked: bool,
    /// What classes that are no dataclasses have: a field of such a name without a default gets that as one.
    bound: BTreeSet<String>,
}

impl Fields {
    /// With what another base hands on; `None` where both have fields.
    pub(super) fn beside(mut self, other: Fields) -> Option<Fields> {
        match (self.fields.is_empty(), other.fields.is_empty()) {
            (true, _) => self.fields = other.fields,
            (false, true) => {}
            (false, false) => return None,
        }
        self.hooked |= other.hooked;
        self.bound.extend(other.bound);
        Some(self)
    }

    /// What a class below that is no dataclass hands on; `None` where that cannot be told.
    pub(super) fn below(mut self, class: &ClassDef) -> Option<Fields> {
        if !class.decorators.is_empty() || !class.keywords.is_empty() {
            return None;
        }
        self.hooked |= defines(class, "__post_init__");
        for stmt in &class.body {
            match &stmt.kind {
                S::FunctionDef(f) => _ = self.bound.insert(f.name.clone()),
                S::ClassDef(c) => _ = self.bound.insert(c.name.clone()),
                S::Assign { targets, value } => {
                    for target in targets {
                        let E::Name(name) = &target.kind else { return None };
                        // Each of them would be a descriptor.
                        let none = matches!(&value.kind, E::Tuple(items) if items.is_empty());
                        if name == "__slots__" && !none {
                            return None;
                        }
                        self.bound.insert(name.clone());
                    }
                }
                S::AnnAssign { value: None, .. } | S::Expr(_) | S::Pass => {}
                S::AnnAssign { target, .. } => {
                    let E::Name(name) = &target.kind else { return None };
                    self.bound.insert(name.clone());
                }
                _ => return None,
            }
        }
        Some(self)
    }
}

/// What the decorator is asked for.
struct Options {
    init: bool,
    eq: bool,
    order: bool,
    frozen: bool,
    hash: bool,
}

/// What the decorator asks for; `None` where that cannot be told.
fn options(class: &ClassDef, is_dataclass: &dyn Fn(&Expr) -> bool) -> Option<Options> {
    let [decorator] = class.decorators.as_slice() else { return None };
    let mut out = Options { init: true, eq: true, order: false, frozen: false, hash: false };
    let (name, keywords): (&Expr, &[Keyword]) = match &decorator.kind {
        E::Call { func, args, keywords } if args.is_empty() => (func, keywords),
        _ => (decorator, &[]),
    };
    if !is_dataclass(name) {
        return None;
    }
    for keyword in keywords {
        let E::Constant(value @ (Constant::True | Constant::False)) = &keyword.value.kind else {
            return None;
        };
        let value = *value == Constant::True;
        match keyword.name.as_deref()? {
            "init" => out.init = value,
            "eq" => out.eq = value,
            "order" => out.order = value,
            "frozen" => out.frozen = value,
            "kw_only" if value => return None,
            "unsafe_hash" => out.hash = value,
            "repr" | "match_args" | "kw_only" | "slots" | "weakref_slot" => {}
            _ => return None,
        }
    }
    Some(out)
}

fn mentions(annotation: &Expr, word: &str) -> bool {
    match &annotation.kind {
        E::Name(name) | E::Attribute { name, .. } => name == word,
        E::Subscript { value, .. } => mentions(value, word),
        E::Constant(Constant::Str(text)) => text.contains(word),
        _ => false,
    }
}

/// The fields that stand in the class itself.
fn own_fields(class: &ClassDef) -> Option<Vec<Field>> {
    let mut out: Vec<Field> = Vec::new();
    for stmt in &class.body {
        let S::AnnAssign { target, annotation, value, .. } = &stmt.kind else { continue };
        let E::Name(name) = &target.kind else { continue };
        if mentions(annotation, "ClassVar") {
            continue;
        }
        if mentions(annotation, "InitVar")
            || mentions(annotation, "KW_ONLY")
            || out.iter().any(|f| f.name == *name)
        {
            return None;
        }
        let annotation = annotation.clone();
        let mut field = Field {
            name: name.clone(),
            annotation,
            default: value.clone(),
            compare: true,
            hashed: true,
            given: true,
            plain: true,
        };
        if let Some(Expr { kind: E::Call { func, keywords, .. }, .. }) = value
            && matches!(&func.kind, E::Name(n) | E::Attribute { name: n, .. } if n == "field")
        {
            field.default = None;
            for keyword in keywords {
                let is_true = keyword.value.kind == E::Constant(Constant::True);
                match keyword.name.as_deref()? {
                    "default" => field.default = Some(keyword.value.clone()),
                    "compare" => field.compare = is_true,
                    "hash" => field.hashed = false,
                    "repr" | "metadata" => {}
                    "init" if is_true => {}
                    "init" if keyword.value.kind == E::Constant(Constant::False) => field.given = false,
                    "default_factory" => {
                        let known = |name: &&String| FACTORIES.contains(&name.as_str());
                        let made = match &keyword.value.kind {
                            E::Name(name) => Some(name).filter(known),
                            _ => None,
                        };
                        field.plain &= made.is_some();
                        field.default = made.map(|name| factory_default(name, keyword.value.span));
                    }
                    _ => field.plain = false,
                }
            }
            // One with a default is what the class has, or is made all the same.
            field.plain &= field.given || field.default.is_none();
        }
        out.push(field);
    }
    Some(out)
}

pub(super) fn defines(class: &ClassDef, name: &str) -> bool {
    class.body.iter().any(|stmt| match &stmt.kind {
        S::FunctionDef(f) => f.name == name,
        S::Assign { targets, .. } => targets.iter().any(|t| matches!(&t.kind, E::Name(n) if n == name)),
        _ => false,
    })
}

/// Does the decorator give the class a `__setattr__` that refuses?
pub(super) fn is_frozen(class: &ClassDef, is_dataclass: &dyn Fn(&Expr) -> bool) -> bool {
    options(class, is_dataclass).is_some_and(|options| options.frozen)
}

/// What a dataclass hands on, with what it gets from the classes above it, and the methods that it is given.
pub(super) fn expand(
    class: &ClassDef,
    span: Span,
    Fields { mut fields, hooked, bound }: Fields,
    is_dataclass: &dyn Fn(&Expr) -> bool,
) -> Option<(Fields, Vec<Made>)> {
    let options = options(class, is_dataclass)?;
    let hooked = hooked || defines(class, "__post_init__");
    for field in own_fields(class)? {
        if field.default.is_none() && bound.contains(&field.name) {
            return None;
        }
        match fields.iter_mut().find(|f| f.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
    let text = Text { span };
    let mut made = Vec::new();
    let plain = fields.iter().all(|f| f.plain && f.name != "self");
    if options.init && plain && !defines(class, "__init__") {
        made.push(text.init(&fields, hooked, options.frozen));
    }
    let compared: Vec<&Field> = fields.iter().filter(|f| f.compare).collect();
    if options.eq && !compared.is_empty() && !defines(class, "__eq__") {
        made.push(text.comparison("__eq__", CmpOp::Eq, &compared));
    }
    let hashed = options.hash || (options.eq && options.frozen);
    if hashed && !compared.is_empty() && fields.iter().all(|f| f.hashed) && !defines(class, "__hash__") {
        made.push(text.hash(&compared));
    }
    if options.order && !compared.is_empty() {
        for (name, op) in
            [("__lt__", CmpOp::Lt), ("__le__", CmpOp::LtE), ("__gt__", CmpOp::Gt), ("__ge__", CmpOp::GtE)]
        {
            made.push(text.comparison(name, op, &compared));
        }
    }
    Some((Fields { fields, hooked, bound }, made))
}

/// Trees without a place of their own: that of the class.
pub(super) struct Text {
    pub(super) span: Span,
}

impl Text {
    pub(super) fn expr(&self, kind: E) -> Expr {
        Expr { kind, span: self.span }
    }

    pub(super) fn stmt(&self, kind: S) -> Stmt {
        Stmt { kind, span: self.span }
    }

    pub(super) fn attribute(&self, of: &str, name: &str) -> Expr {
        let value = Box::new(self.expr(E::Name(of.to_string())));
        self.expr(E::Attribute { value, name: name.to_string() })
    }

    pub(super) fn function(&self, name: &str, params: Vec<Param>, body: Vec<Stmt>) -> FunctionDef {
        FunctionDef {
            name: name.to_string(),
            is_async: false,
            params: Params { positional: params, ..Params::default() },
            body,
            decorators: Vec::new(),
            returns: None,
            type_params: Vec::new(),
            span: self.span,
        }
    }

    pub(super) fn param(&self, name: &str, annotation: Option<Expr>, default: Option<Expr>) -> Param {
        Param { name: name.to_string(), annotation, default, span: self.span }
    }

    fn init(&self, fields: &[Field], hooked: bool, frozen: bool) -> Made {
        let fields: Vec<&Field> = fields.iter().filter(|field| field.given).collect();
        let mut params = vec![self.param("self", None, None)];
        let (mut body, mut names) = (Vec::new(), vec!["self".to_string()]);
        for field in &fields {
            let name = &field.name;
            params.push(self.param(name, Some(field.annotation.clone()), field.default.clone()));
            let value = self.expr(E::Name(name.clone()));
            if frozen {
                let func = Box::new(self.attribute(OBJECT, "__setattr__"));
                let of = self.expr(E::Name("self".to_string()));
                let text = self.expr(E::Constant(Constant::Str(name.clone())));
                let call = E::Call { func, args: vec![of, text, value], keywords: vec![] };
                body.push(self.stmt(S::Expr(self.expr(call))));
            } else {
                body.push(self.stmt(S::Assign { targets: vec![self.attribute("self", name)], value }));
            }
            names.push(name.clone());
        }
        if hooked {
            let func = Box::new(self.attribute("self", "__post_init__"));
            body.push(self.stmt(S::Expr(self.expr(E::Call { func, args: vec![], keywords: vec![] }))));
        }
        if body.is_empty() {
            body.push(self.stmt(S::Pass));
        }
        let made: Vec<bool> = params.iter().skip(1).map(|param| factory(param).is_some()).collect();
        // How the cells are called that factories are read from.
        let spelled = |(before, after): (&str, &str)| {
            let mut reads = if frozen && !fields.is_empty() { vec![OBJECT.to_string()] } else { vec![] };
            let given = format!("{}HAS_DEFAULT_FACTORY{after}", before.trim_end_matches("dflt_"));
            let mut lines = Vec::new();
            for (field, made) in fields.iter().zip(&made) {
                let name = &field.name;
                let mut value = name.clone();
                if *made {
                    let cell = format!("{before}{name}{after}");
                    value = format!("{cell}() if {name} is {given} else {name}");
                    reads.push(cell);
                }
                lines.push(match frozen {
                    true => format!("{OBJECT}.__setattr__(self,\"{name}\",{value})"),
                    false => format!("self.{name}={value}"),
                });
            }
            if made.contains(&true) {
                reads.push(given);
            }
            if hooked {
                lines.push("self.__post_init__()".to_string());
            }
            if lines.is_empty() {
                lines.push("pass".to_string());
            }
            nested_in(&reads.join(","), "__init__", &names.join(","), &lines)
        };
        let texts = match made.contains(&true) {
            true => vec![((3, 12), spelled(("__dataclass_dflt_", "__"))), ((3, 0), spelled(("_dflt_", "")))],
            false => vec![((3, 0), spelled(("", "")))],
        };
        Made { def: self.function("__init__", params, body), texts }
    }

    fn hash(&self, fields: &[&Field]) -> Made {
        let items = fields.iter().map(|f| self.attribute("self", &f.name)).collect();
        let func = Box::new(self.expr(E::Name("hash".to_string())));
        let call = E::Call { func, args: vec![self.expr(E::Tuple(items))], keywords: vec![] };
        let body = vec![self.stmt(S::Return(Some(self.expr(call))))];
        let items: String = fields.iter().map(|f| format!("self.{},", f.name)).collect();
        let texts = vec![((3, 0), nested("__hash__", "self", &[format!("return hash(({items}))")]))];
        Made { def: self.function("__hash__", vec![self.param("self", None, None)], body), texts }
    }

    /// A comparison of the fields as tuples. Since 3.13 `==` compares them one by one, which native code cannot tell from
    /// that: what is not equal to itself bails.
    fn comparison(&self, name: &str, op: CmpOp, fields: &[&Field]) -> Made {
        let tuple =
            |of: &str| self.expr(E::Tuple(fields.iter().map(|f| self.attribute(of, &f.name)).collect()));
        let compare = |left: Expr, op: CmpOp, right: Expr| {
            self.expr(E::Compare { left: Box::new(left), ops: vec![op], comparators: vec![right] })
        };
        let test =
            compare(self.attribute("other", "__class__"), CmpOp::Is, self.attribute("self", "__class__"));
        let value = compare(tuple("self"), op, tuple("other"));
        let other = self.expr(E::Name("NotImplemented".to_string()));
        let yes = vec![self.stmt(S::Return(Some(value)))];
        let body =
            vec![self.stmt(S::If { test, body: yes, orelse: vec![] }), self.stmt(S::Return(Some(other)))];
        let params = vec![self.param("self", None, None), self.param("other", None, None)];
        let spelled = |of: &str| fields.iter().map(|f| format!("{of}.{},", f.name)).collect::<String>();
        let tuples = format!(" return ({}){}({})", spelled("self"), op.symbol(), spelled("other"));
        let class = "if other.__class__ is self.__class__:".to_string();
        let end = "return NotImplemented".to_string();
        let old = nested(name, "self,other", &[class.clone(), tuples, end.clone()]);
        let mut texts = vec![((3, 0), old)];
        if op == CmpOp::Eq {
            let each: Vec<String> =
                fields.iter().map(|f| format!("self.{}==other.{}", f.name, f.name)).collect();
            let lines = [
                "if self is other:".to_string(),
                " return True".to_string(),
                class,
                format!(" return {}", each.join(" and ")),
                end,
            ];
            texts.insert(0, ((3, 13), nested(name, "self,other", &lines)));
        }
        Made { def: self.function(name, params, body), texts }
    }
}

/// A function inside another one, as `dataclasses` compiles it.
fn nested(name: &str, params: &str, lines: &[String]) -> String {
    nested_in("", name, params, lines)
}

/// The same with a variable of the function around it.
fn nested_in(reads: &str, name: &str, params: &str, lines: &[String]) -> String {
    let body: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("def __create_fn__({reads}):\n def {name}({params}):\n{body} return {name}\n")
}
