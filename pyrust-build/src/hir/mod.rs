//! HIR: one function, structured and desugared; loops stay loops, evaluation order is the order of the fields.
//!
//! - Every local has been resolved to a `VarId`; after `lower::webs` one `VarId` is one live range (web).
//! - Chained comparisons are conjunctions over named temporaries; comprehensions and generator expressions that are
//!   consumed in place are `Comp`; augmented assignment keeps its own node because lists mutate in place.
//! - Nothing here knows types.

mod comp;
mod flow;
mod sink;
pub mod visit;

pub use comp::{Comp, CompKind, Generator};
pub use flow::{Decide, can_complete, can_fall_off, does_work, falls_off};
pub use sink::{Places, sink};

pub use crate::ast::{BinOp, BoolOp, UnaryOp};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::number::Number;
use crate::source::Span;

/// Index into `Function::vars`.
pub type VarId = usize;
/// Unique within one function; keys of side tables.
pub type NodeId = usize;

#[derive(Clone, Debug)]
pub struct Var {
    /// The name in the source, or `_tmpN` for temporaries.
    pub name: String,
    /// Set by `lower::webs`: a use may be reached without an assignment.
    pub maybe_unbound: bool,
    /// Shared with functions inside, one of which assigns it or outlives an assignment.
    pub cell: bool,
    /// The variable of the source that this is a live range of, by a number that all its ranges have.
    pub of: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub var: VarId,
    pub kind: ParamKind,
    pub has_default: bool,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    PositionalOnly,
    Positional,
    KeywordOnly,
    VarPositional,
    VarKeyword,
    /// One of what is given to `*args`, in a form for calls that give so many.
    Item,
    /// What is given to `**kwargs` under that name, in a form for calls that do.
    Name,
    /// What a function inside takes from around; behind all others.
    Capture,
}

#[derive(Clone, Debug, Default)]
pub struct Function {
    pub module: String,
    pub qualname: String,
    pub span: Span,
    /// In the order of the frame's locals.
    pub params: Vec<Param>,
    pub vars: Vec<Var>,
    pub body: Vec<Stmt>,
    pub nodes: usize,
    /// Calls inside a generator expression or `map`: a `StopIteration` does not leave those as itself.
    pub in_generator: BTreeSet<NodeId>,
    /// Iterators whose tuples are only looked at: see `lower::looked_at`.
    pub looked_at: BTreeSet<NodeId>,
    /// Iterators over such a tuple that nobody needs any more: `list(t)` may be `t`.
    pub taken: BTreeSet<NodeId>,
    /// `a, b = zip(*pairs)`: how many targets get what the iterator gives.
    pub unzipped: BTreeMap<NodeId, usize>,
    /// `tuple(…)` of so many items, or the call is left to Python: see `infer::lengths`.
    pub lengths: BTreeMap<NodeId, usize>,
    /// Builtins that must stay what they are, though no node names them: `list(x)` is a comprehension, and conditions that
    /// were decided are cut off.
    pub assumes: BTreeSet<String>,
    /// The same for functions and types of the standard library.
    pub libraries: BTreeSet<Library>,
    /// What the function imports, under the names that `resolve` gives it.
    pub imports: BTreeSet<String>,
    /// Globals that must be tuples of these builtin classes.
    pub classes: BTreeSet<(String, Vec<String>)>,
    /// Globals that must be ints of that value.
    pub numbers: BTreeSet<(String, i128)>,
    /// Globals that must be a `struct.Struct` with that format.
    pub layouts: BTreeSet<(String, String)>,
    /// Globals that must be classes whose positional patterns ask for these attributes.
    pub matched: BTreeSet<(String, Vec<String>)>,
    /// The attributes that patterns of classes ask for.
    pub attributes_matched: BTreeSet<String>,
    /// Why the places that bail do: what stands there is not compiled.
    pub notes: Vec<Diagnostic>,
    /// Functions defined inside, at any depth; their qualified names are unique.
    pub nested: Vec<Arc<Function>>,
    /// A call makes an iterator, which runs the body as far as it is asked for elements.
    pub yields: Option<Yields>,
}

/// What a function with `yield` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields {
    /// A generator: an exception ends it.
    Generator,
    /// `map` and its kin, which can be asked again after an exception.
    Tool(Again),
}

/// What one of these does when it is asked again at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It has none of its own: it asks its sources.
    Asks,
    /// It has ended.
    Ends,
    /// It asks its sources, and goes on from where it was.
    Continues,
}

/// A function or type of the standard library that the compiler gives a meaning to, as the text names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Library {
    /// The global that names it, or its module.
    pub global: String,
    pub module: String,
    pub attr: String,
    /// The global is the function itself.
    pub imported: bool,
}

/// A constant pattern of `re`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Regex {
    pub pattern: RegexText,
    /// Names of attributes of `re`, or numbers, separated by `|`.
    pub flags: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegexText {
    Str(String),
    Bytes(Vec<u8>),
}

impl Regex {
    /// The name of the call that stands for one: its arguments are the pattern and the flags.
    pub const CALL: &'static str = "compile constant";

    /// What the arguments of such a call say.
    pub fn of(args: &[Expr]) -> Option<Regex> {
        let [pattern, Expr { kind: ExprKind::Str(flags), .. }] = args else { return None };
        let pattern = match &pattern.kind {
            ExprKind::Str(text) => RegexText::Str(text.clone()),
            ExprKind::Bytes(text) => RegexText::Bytes(text.clone()),
            _ => return None,
        };
        Some(Regex { pattern, flags: flags.clone() })
    }
}

impl Function {
    /// `module:qualname`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.module, self.qualname)
    }
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    Expr(Expr),
    /// Targets are assigned left to right from one evaluation of `value`.
    Assign {
        targets: Vec<Target>,
        value: Expr,
    },
    /// Only of subscripts; names are `Assign` of an `InPlace` expression.
    AugAssign {
        target: Target,
        op: BinOp,
        value: Expr,
        id: NodeId,
    },
    If {
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    While {
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    For {
        target: Target,
        iter: Iter,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    Return(Option<Expr>),
    Break,
    Continue,
    /// A builtin class, or what a global names. The arguments are evaluated; nothing looks at the object.
    /// A builtin class with what it is given; of any other the call that makes it. Of a value the value, and behind that
    /// the call which is meant if it is a class.
    Raise {
        class: Catch,
        args: Vec<Expr>,
    },
    /// Bare `raise` inside a handler.
    Reraise,
    /// What stands here is not compiled: whoever gets here leaves the call to Python.
    Bail,
    /// `finalbody` runs on every way out; a bailout is none.
    Try {
        body: Vec<Stmt>,
        handlers: Vec<Handler>,
        orelse: Vec<Stmt>,
        finalbody: Vec<Stmt>,
    },
    Delete(Vec<Target>),
    /// `with` enters a context manager that is written in Python: there is room for its frames, and these names exist.
    Enter(Vec<Catch>),
    /// `with` leaves one that is a generator: it gets what the handler around has caught, or goes on to its end.
    Leave {
        generator: Expr,
        throws: bool,
    },
    /// What a test told about variables; only `infer::refine` makes it.
    Narrow(Vec<Narrow>),
    /// `except … as var`: what the handler caught. Unbound where native code does not know what it says.
    Caught {
        var: VarId,
        id: NodeId,
        classes: Vec<Catch>,
    },
    /// The variable is unbound from here on (`except … as e` takes `e` away).
    Forget {
        var: VarId,
        id: NodeId,
    },
    Pass,
}

/// `to = from`, with fewer types. A value of another type bails.
#[derive(Clone, Debug)]
pub struct Narrow {
    pub from: VarId,
    pub to: VarId,
    pub keep: Keep,
    pub read: NodeId,
    pub id: NodeId,
}

/// What a narrowing leaves.
#[derive(Clone, Debug)]
pub enum Keep {
    None,
    NotNone,
    /// Of these builtin classes, and of none of them.
    Instance(Vec<String>),
    NotInstance(Vec<String>),
    /// Tuples only of so many items, or of no fewer; what has no known length stays.
    Length {
        items: usize,
        at_least: bool,
    },
    NotLength {
        items: usize,
        at_least: bool,
    },
    /// Only what can be used so.
    Meets(Demand),
    Both(Box<Keep>, Box<Keep>),
}

/// What a value must be so that an operation on it does not raise `TypeError` or `AttributeError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It has items: `len`, subscripts, loops.
    Items,
    /// It takes part in arithmetic with numbers.
    Number,
    Method(String),
}

#[derive(Clone, Debug)]
pub struct Handler {
    /// Empty means every exception.
    pub classes: Vec<Catch>,
    pub body: Vec<Stmt>,
    pub span: Span,
}

/// A class of exceptions as the text names it: behind `except`, or `raise`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Catch {
    Builtin(String),
    /// What a global names: looked at when an exception gets there.
    Global(String),
    /// An attribute of a module that a global names.
    Attr {
        module: String,
        name: String,
    },
    /// Behind `raise`: whatever the value is.
    Value,
    /// Not understood: an exception that gets there bails.
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Target {
    pub kind: TargetKind,
    pub span: Span,
    pub id: NodeId,
}

#[derive(Clone, Debug)]
pub enum TargetKind {
    Var(VarId),
    /// A global that the function declares `global`.
    Global(String),
    Tuple(Vec<Target>),
    /// `a, *b, c`: what stands before the star, the star, what stands behind it.
    Starred {
        before: Vec<Target>,
        star: Box<Target>,
        after: Vec<Target>,
    },
    Index {
        base: Expr,
        index: Expr,
    },
    /// An attribute of an instance; `generic`: as `object.__setattr__` stores it, whatever the class has.
    Attr {
        base: Expr,
        name: String,
        generic: bool,
    },
    Slice {
        base: Expr,
        lower: Option<Box<Expr>>,
        upper: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
    pub id: NodeId,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    None,
    Bool(bool),
    Int(i64),
    /// A constant beyond 64 bits.
    Big(Number),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    Local(VarId),
    /// A module global or builtin read as a value.
    Global(String),
    /// An attribute of a module global, for example `math.pi`.
    ModuleAttr {
        module: String,
        name: String,
    },
    /// `(var := value)`.
    Named {
        var: VarId,
        value: Box<Expr>,
    },
    Binary {
        op: BinOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// The value of `left op= right`: changes a list in place.
    InPlace {
        op: BinOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Bool2 {
        op: BoolOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Compare {
        op: CmpOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        test: Box<Expr>,
        body: Box<Expr>,
        orelse: Box<Expr>,
    },
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    /// A display with stars: a list, or a tuple of any length.
    Build {
        tuple: bool,
        parts: Vec<Part>,
    },
    /// `{a, *b}`
    Set {
        parts: Vec<Part>,
        made: SetMade,
    },
    /// Without a key: `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// What stands in a display that is returned: nothing of the function runs between the value and the return, so
    /// a container may become Python's object at once.
    Out(Box<Expr>),
    Comp(Box<Comp>),
    /// An empty container of the module `collections`.
    New {
        class: Collection,
        /// The `maxlen` of a deque, or what the factory of a `defaultdict` makes.
        arg: Option<Box<Expr>>,
    },
    /// An iterator as a value: `iter(x)`, or `zip`, `enumerate`, `reversed` where nothing consumes it on the spot.
    Iter {
        iter: Box<Iter>,
        /// Spelled `iter(…)`.
        explicit: bool,
    },
    /// `next(iter)` or `next(iter, default)`.
    Next {
        iter: Box<Expr>,
        default: Option<Box<Expr>>,
    },
    /// A call of a global name: builtin, package function or imported function.
    Call {
        name: String,
        args: Vec<Expr>,
        keywords: Vec<(String, Expr)>,
    },
    /// A call of a function defined inside, known by its name. Arguments in the order of their evaluation, then what it
    /// captures; `slots` says which of them each parameter gets.
    CallNested {
        /// Its qualified name.
        function: String,
        /// The variable that is bound when the function has been made.
        made: Option<Box<Expr>>,
        args: Vec<Expr>,
        slots: Vec<usize>,
    },
    /// A function that native code makes, with its defaults and what it takes from around.
    Function {
        /// See [`crate::ty::Callee`].
        name: String,
        /// The variable that is bound when the function has been made.
        made: Option<Box<Expr>>,
        captures: Vec<Expr>,
    },
    /// A call of whatever function the expression gives.
    CallValue {
        function: Box<Expr>,
        args: Vec<Expr>,
        /// Which of the arguments stand behind a `*`.
        stars: Vec<usize>,
        keywords: Vec<(String, Expr)>,
        /// What stands behind `**`: an empty dict, or the call bails.
        rest: Option<Box<Expr>>,
    },
    /// The cell of a variable itself: only as an argument of `CallNested`, or among captures.
    Cell(VarId),
    /// `module.function(…)`.
    ModuleCall {
        module: String,
        name: String,
        args: Vec<Expr>,
        keywords: Vec<(String, Expr)>,
    },
    Method {
        base: Box<Expr>,
        name: String,
        args: Vec<Expr>,
        keywords: Vec<(String, Expr)>,
    },
    /// What an operator does that is a method of an instance; only `infer::operators` makes it.
    Special {
        method: SpecialMethod,
        /// In the order of their evaluation. The method gets those behind the receiver, then those before it.
        operands: Vec<Expr>,
        keywords: Vec<(String, Expr)>,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Slice {
        base: Box<Expr>,
        lower: Option<Box<Expr>>,
        upper: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    FString(Vec<FPart>),
    /// The body, in which a test that stands outside has narrowed variables.
    Narrow {
        narrows: Vec<Narrow>,
        body: Box<Expr>,
    },
    /// `yield value`; what is sent is always `None`. `closes`: where the generator is dropped here, Python code would run.
    /// `delegates`: what is thrown would go to the iterator behind a `yield from`.
    Yield {
        value: Box<Expr>,
        closes: bool,
        delegates: bool,
    },
    /// An iterator for Python: what `attr` of a C module makes of these operands. Beside each operand: any object may
    /// stand there, for it is only kept.
    HandOut {
        module: String,
        attr: String,
        args: Vec<(Expr, bool)>,
        keywords: Vec<(String, Expr)>,
        /// The operands are gone through at once.
        whole: bool,
    },
    /// The end of a segment of a generator: the number of the `yield` (0: it is over), the value, and what is kept.
    Suspend {
        point: usize,
        items: Vec<Expr>,
        /// At a `yield`, which passes every `finally` by.
        waits: bool,
    },
    /// Says in which turn a loop is that Python may have to go on with; of no value.
    Turn(Box<Expr>),
    /// What a parameter of a function of the module has where a call does not give it.
    Default {
        function: String,
        param: String,
    },
    /// As [`StmtKind::Bail`]; of no type.
    Bail,
    /// Only as an argument (`key=`).
    Lambda {
        params: Vec<VarId>,
        body: Box<Expr>,
    },
}

pub use crate::ast::CmpOp;

/// The method that an operator calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialMethod {
    /// The setter of a property has a name of its own: see [`crate::resolve::setter`].
    pub name: Cow<'static, str>,
    /// Whose method it is, among the operands.
    pub receiver: usize,
    /// Methods that classes of operands must not have, since Python would call those first.
    pub absent: Vec<(usize, &'static str)>,
    /// An `__eq__` that may answer with `NotImplemented`, as the other operand does: the two are not equal then.
    pub or_unequal: bool,
}

impl SpecialMethod {
    pub fn new(name: impl Into<Cow<'static, str>>, receiver: usize) -> Self {
        SpecialMethod { name: name.into(), receiver, absent: Vec::new(), or_unequal: false }
    }
}

#[derive(Clone, Debug)]
pub enum FPart {
    Literal(String),
    Value { value: Expr, conversion: Option<char>, spec: Vec<FPart> },
}

/// Containers of the module `collections`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collection {
    Deque,
    Counter,
    Ordered,
    /// With the type that is the factory, by its name or as `module.name`; none where that is a `lambda`.
    DefaultDict(Option<String>),
}

/// What Python makes of a set display when it compiles the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetMade {
    /// Elements are added one by one.
    Here,
    /// A set is filled from a frozenset among the code's constants.
    Copied,
    /// That frozenset itself is gone through, or looked into.
    Constant,
}

/// A part of a display with stars.
#[derive(Clone, Debug)]
pub enum Part {
    Item(Expr),
    Star(Iter),
}

#[derive(Clone, Debug)]
pub struct Iter {
    pub kind: IterKind,
    pub span: Span,
    pub id: NodeId,
}

#[derive(Clone, Debug)]
pub enum IterKind {
    Range {
        start: Option<Box<Expr>>,
        stop: Box<Expr>,
        step: Option<Box<Expr>>,
    },
    Enumerate {
        inner: Box<Iter>,
        start: Option<Box<Expr>>,
    },
    Zip(Vec<Iter>),
    /// `zip(*rows)`
    ZipStar(Box<Expr>),
    Reversed(Box<Expr>),
    /// `reversed(d.items())`
    ReversedItems(Box<Expr>),
    /// `reversed(d.values())`
    ReversedValues(Box<Expr>),
    Items(Box<Expr>),
    Values(Box<Expr>),
    Keys(Box<Expr>),
    Expr(Box<Expr>),
    /// A generator expression iterated in place, or `map`/`filter` of one.
    Comp(Box<Comp>),
    /// A function of `itertools`.
    Tool {
        tool: Tool,
        iters: Vec<Iter>,
        /// Other arguments, in order: see the tool.
        args: Vec<Expr>,
        /// A lambda.
        function: Option<Box<Expr>>,
    },
}

/// The functions of `itertools` that are no generator expression in disguise, and `zip` with `strict=True`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Chain,
    /// `args`: start, stop, step; each an int or None.
    Islice,
    /// `args`: start, step.
    Count,
    /// `args`: the object, and how often.
    Repeat,
    Cycle,
    /// Each pool so many times; without a number `args` has it.
    Product(Option<usize>),
    /// Items taken; without a number `args` has it, or it is all of them.
    Permutations(Option<usize>),
    Combinations(Option<usize>),
    CombinationsWithReplacement(Option<usize>),
    /// `args`: the first total, if given.
    Accumulate,
    TakeWhile,
    DropWhile,
    /// `args`: the value that fills up.
    ZipLongest,
    Pairwise,
    ZipStrict,
    GroupBy,
    /// `args`: how many.
    Batched,
    /// `product(*pools)` and `zip_longest(*rows)`: the only source gives what is gone through; `args` has what fills up.
    ProductOf,
    LongestOf,
    /// `zip(*[iter(items)] * n)`, or `zip_longest`: `args` has the number, and what fills up the last one.
    Grouped,
}

impl Iter {
    /// What is gone through, where that is a value.
    pub fn source(&self) -> Option<&Expr> {
        match &self.kind {
            IterKind::Expr(e) => Some(e),
            _ => None,
        }
    }

    /// The number that `enumerate` begins with, where it is written down.
    pub fn counts_from(&self) -> Option<i64> {
        match &self.kind {
            IterKind::Enumerate { start: None, .. } => Some(0),
            IterKind::Enumerate { start: Some(start), .. } => match start.kind {
                ExprKind::Int(i) => Some(i),
                _ => None,
            },
            _ => None,
        }
    }

    /// Is a lambda called for each element?
    pub fn calls_function(&self) -> bool {
        match &self.kind {
            IterKind::Enumerate { inner, .. } => inner.calls_function(),
            IterKind::Zip(items) => items.iter().any(Iter::calls_function),
            IterKind::Tool { tool: Tool::GroupBy, iters, .. } => iters.iter().any(Iter::calls_function),
            IterKind::Tool { iters, function, .. } => {
                function.is_some() || iters.iter().any(Iter::calls_function)
            }
            _ => false,
        }
    }

    /// Is a generator expression, or a `map`, among the sources?
    pub fn has_comp(&self) -> bool {
        match &self.kind {
            IterKind::Comp(_) => true,
            IterKind::Tool { iters, .. } => iters.iter().any(Iter::has_comp),
            IterKind::Enumerate { inner, .. } => inner.has_comp(),
            IterKind::Zip(items) => items.iter().any(Iter::has_comp),
            _ => false,
        }
    }
}
