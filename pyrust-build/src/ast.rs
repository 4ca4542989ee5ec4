//! The syntax tree of a Python module: ours, so that no room but `parse/` depends on a parser crate.
//!
//! Everything Python's grammar knows is represented, because the canonical source hash is taken over this tree;
//! what the compiler does not support is refused later, in `lower/`.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A module: its statements.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    pub body: Vec<Stmt>,
    /// What no parser could read, such as syntax of a later Python: where, and why. The tree has its text.
    pub unreadable: Vec<(Span, Diagnostic)>,
}

impl Module {
    /// Why the function (or statement) at this place could not be read, if so.
    pub fn why_unreadable(&self, place: Span) -> Option<&Diagnostic> {
        self.unreadable.iter().find(|(span, _)| *span == place).map(|(_, why)| why)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDef {
    pub name: String,
    pub is_async: bool,
    pub params: Params,
    pub body: Vec<Stmt>,
    pub decorators: Vec<Expr>,
    pub returns: Option<Expr>,
    /// Names of PEP 695 type parameters.
    pub type_params: Vec<String>,
    /// From `def` to the end of the body.
    pub span: Span,
}

impl FunctionDef {
    /// The function with other parameters and another body, and nothing around it.
    pub fn with(&self, params: Params, body: Vec<Stmt>) -> FunctionDef {
        FunctionDef {
            name: self.name.clone(),
            is_async: self.is_async,
            params,
            body,
            decorators: Vec::new(),
            returns: None,
            type_params: Vec::new(),
            span: self.span,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClassDef {
    pub name: String,
    pub bases: Vec<Expr>,
    pub keywords: Vec<Keyword>,
    pub body: Vec<Stmt>,
    pub decorators: Vec<Expr>,
    pub type_params: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    pub positional_only: Vec<Param>,
    pub positional: Vec<Param>,
    pub var_positional: Option<Param>,
    pub keyword_only: Vec<Param>,
    pub var_keyword: Option<Param>,
}

impl Params {
    /// All parameters in the order of the frame's locals: positional, keyword-only, `*args`, `**kwargs`.
    pub fn in_frame_order(&self) -> impl Iterator<Item = &Param> {
        self.positional_only
            .iter()
            .chain(&self.positional)
            .chain(&self.keyword_only)
            .chain(&self.var_positional)
            .chain(&self.var_keyword)
    }

    /// For each parameter in the order of the frame its place in the text, where `*args` stands in front of what is
    /// keyword-only. Signatures are in the order of the text.
    pub fn places_in_text(&self) -> Vec<usize> {
        let positional = self.positional_only.len() + self.positional.len();
        let named = self.keyword_only.len();
        let mut places: Vec<usize> = (0..self.in_frame_order().count()).collect();
        if self.var_positional.is_some() {
            places[positional..=positional + named].rotate_left(1);
        }
        places
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub name: String,
    pub annotation: Option<Expr>,
    pub default: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Keyword {
    /// `None` for `**value`.
    pub name: Option<String>,
    pub value: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    pub name: String,
    pub as_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    pub class: Option<Expr>,
    pub name: Option<String>,
    pub body: Vec<Stmt>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WithItem {
    pub context: Expr,
    pub target: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MatchCase {
    /// Of the pattern.
    pub span: Span,
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Value(Expr),
    Singleton(Constant),
    Sequence(Vec<Pattern>),
    Mapping { keys: Vec<Expr>, patterns: Vec<Pattern>, rest: Option<String> },
    Class { class: Expr, patterns: Vec<Pattern>, keywords: Vec<(String, Pattern)> },
    Star(Option<String>),
    As { pattern: Option<Box<Pattern>>, name: Option<String> },
    Or(Vec<Pattern>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    FunctionDef(Box<FunctionDef>),
    ClassDef(Box<ClassDef>),
    Return(Option<Expr>),
    Delete(Vec<Expr>),
    Assign { targets: Vec<Expr>, value: Expr },
    AugAssign { target: Expr, op: BinOp, value: Expr },
    AnnAssign { target: Expr, annotation: Expr, value: Option<Expr>, simple: bool },
    TypeAlias { name: Expr, type_params: Vec<String>, value: Expr },
    For { target: Expr, iter: Expr, body: Vec<Stmt>, orelse: Vec<Stmt>, is_async: bool },
    While { test: Expr, body: Vec<Stmt>, orelse: Vec<Stmt> },
    If { test: Expr, body: Vec<Stmt>, orelse: Vec<Stmt> },
    With { items: Vec<WithItem>, body: Vec<Stmt>, is_async: bool },
    Match { subject: Expr, cases: Vec<MatchCase> },
    Raise { exc: Option<Expr>, cause: Option<Expr> },
    Try { body: Vec<Stmt>, handlers: Vec<Handler>, orelse: Vec<Stmt>, finalbody: Vec<Stmt>, is_star: bool },
    Assert { test: Expr, message: Option<Expr> },
    Import(Vec<Alias>),
    ImportFrom { module: Option<String>, names: Vec<Alias>, level: u32 },
    Global(Vec<String>),
    Nonlocal(Vec<String>),
    Expr(Expr),
    Pass,
    Break,
    Continue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    None,
    True,
    False,
    Ellipsis,
    /// Decimal digits.
    Int(String),
    /// IEEE bits.
    Float(u64),
    /// IEEE bits of the imaginary part.
    Imaginary(u64),
    Str(String),
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    pub target: Expr,
    pub iter: Expr,
    pub ifs: Vec<Expr>,
    pub is_async: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    BoolOp {
        op: BoolOp,
        values: Vec<Expr>,
    },
    Named {
        target: String,
        value: Box<Expr>,
    },
    BinOp {
        left: Box<Expr>,
        op: BinOp,
        right: Box<Expr>,
    },
    UnaryOp {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Lambda {
        params: Box<Params>,
        body: Box<Expr>,
    },
    If {
        test: Box<Expr>,
        body: Box<Expr>,
        orelse: Box<Expr>,
    },
    /// A key of `None` is `**value`.
    Dict {
        items: Vec<(Option<Expr>, Expr)>,
    },
    Set(Vec<Expr>),
    ListComp {
        element: Box<Expr>,
        generators: Vec<Comprehension>,
    },
    SetComp {
        element: Box<Expr>,
        generators: Vec<Comprehension>,
    },
    DictComp {
        key: Box<Expr>,
        value: Box<Expr>,
        generators: Vec<Comprehension>,
    },
    Generator {
        element: Box<Expr>,
        generators: Vec<Comprehension>,
    },
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    YieldFrom(Box<Expr>),
    Compare {
        left: Box<Expr>,
        ops: Vec<CmpOp>,
        comparators: Vec<Expr>,
    },
    Call {
        func: Box<Expr>,
        args: Vec<Expr>,
        keywords: Vec<Keyword>,
    },
    /// One replacement field of an f-string; `conversion` is `s`, `r`, `a` or none.
    Formatted {
        value: Box<Expr>,
        conversion: Option<char>,
        spec: Option<Box<Expr>>,
    },
    JoinedStr(Vec<Expr>),
    Constant(Constant),
    Attribute {
        value: Box<Expr>,
        name: String,
    },
    Subscript {
        value: Box<Expr>,
        index: Box<Expr>,
    },
    Starred(Box<Expr>),
    Name(String),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Slice {
        lower: Option<Box<Expr>>,
        upper: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    /// What this tree has no node for: the source text.
    Unrepresentable(Box<Unrepresentable>),
}

/// Source text that stands for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Unrepresentable {
    pub text: String,
    pub why: Why,
}

/// Why a piece of source is kept as text.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// A lone surrogate in a `str` literal, which the parser crates do not keep.
    Surrogate,
    /// Nested too deeply to be walked.
    Nested,
    /// A template string of Python 3.14.
    Template,
    /// No parser could read it.
    Syntax { message: String, at: Span },
    /// Something that the parser crates can express and Python cannot.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoolOp {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Invert,
    Not,
    Pos,
    Neg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

impl BinOp {
    /// The operator as written in Python.
    pub fn symbol(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mult => "*",
            BinOp::MatMult => "@",
            BinOp::Div => "/",
            BinOp::Mod => "%",
            BinOp::Pow => "**",
            BinOp::LShift => "<<",
            BinOp::RShift => ">>",
            BinOp::BitOr => "|",
            BinOp::BitXor => "^",
            BinOp::BitAnd => "&",
            BinOp::FloorDiv => "//",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

impl CmpOp {
    /// The operator as written in Python.
    pub fn symbol(self) -> &'static str {
        match self {
            CmpOp::Eq => "==",
            CmpOp::NotEq => "!=",
            CmpOp::Lt => "<",
            CmpOp::LtE => "<=",
            CmpOp::Gt => ">",
            CmpOp::GtE => ">=",
            CmpOp::Is => "is",
            CmpOp::IsNot => "is not",
            CmpOp::In => "in",
            CmpOp::NotIn => "not in",
        }
    }
}
