//! What the compiler made of one function for one list of types, told in Python's words: for `pyrust explain`.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::hir::visit::{self, Visit};
use crate::hir::{
    BinOp, Catch, CompKind, Expr, ExprKind, Iter, NodeId, ParamKind, Stmt, StmtKind, Target, TargetKind,
    VarId,
};
use crate::infer::{Guard, Instance, Program};
use crate::signature::Signature;
use crate::source::{SourceFile, Span};
use crate::ty::{Origin, Type};

/// One specialisation of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    pub signature: String,
    /// The file of the source lines.
    pub path: String,
    pub lines: Vec<Line>,
    pub returns: String,
    /// Parameters whose objects the call reads only, and those whose objects it changes.
    pub reads: Vec<String>,
    pub changes: Vec<String>,
    /// What must still be what it was when the code was compiled.
    pub relies_on: Vec<String>,
    /// Where a call leaves native code and runs as Python, from its beginning.
    pub bails: Vec<Event>,
    /// What it may raise; such a call runs as Python too.
    pub raises: Vec<Event>,
    /// Functions compiled along, with the types of their parameters.
    pub along: Vec<String>,
    /// What is not compiled and need not be reached; `bails` names the lines.
    pub left: Vec<Diagnostic>,
}

/// One line of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    pub text: String,
    /// Variables that get a value here, as `name: type, representation`.
    pub variables: Vec<String>,
}

/// Something that happens at some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub what: String,
    pub lines: Vec<usize>,
}

/// Explains an instance that is compiled.
pub fn explain(program: &Program<'_>, file: &SourceFile, index: usize, signature: &Signature) -> Explanation {
    let instance = &program.instances[index];
    let hir = &*instance.hir;
    let mut walk = Walk { instance, file, at: 0, last: 0, defined: Vec::new(), found: Found::default() };
    for param in &hir.params {
        walk.defined.push((file.line(param.span.start), param.var));
    }
    walk.block(&hir.body);
    let Walk { defined, mut found, last, .. } = walk;
    for note in &instance.notes {
        let line = note.span.map(|span| file.line(span.start));
        let what = format!("{} {}", note.code, note.message);
        found.bails.entry(what).or_default().extend(line);
    }
    let (changes, reads) = effects(instance);
    let own = instance.func.name();
    let along = program.reachable(index).into_iter().map(|i| &program.instances[i]);
    Explanation {
        signature: signature.to_string(),
        path: file.path.clone(),
        lines: lines(instance, file, &defined, last),
        returns: told(&instance.ret, instance.writes),
        reads,
        changes,
        relies_on: relies_on(instance),
        bails: events(found.bails),
        raises: events(found.raises),
        left: instance.notes.iter().cloned().map(Diagnostic::helpful).collect(),
        along: along
            .filter(|i| i.func.name() != own)
            .map(|i| {
                let types: Vec<String> = i.params.iter().map(ToString::to_string).collect();
                format!("`{}` for ({})", i.func.name(), types.join(", "))
            })
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect(),
    }
}

fn events(found: BTreeMap<String, BTreeSet<usize>>) -> Vec<Event> {
    let mut events: Vec<Event> =
        found.into_iter().map(|(what, lines)| Event { what, lines: lines.into_iter().collect() }).collect();
    events.sort_by(|a, b| (&a.lines, &a.what).cmp(&(&b.lines, &b.what)));
    events
}

/// The lines of the function, each variable where it is first given a value of its type.
fn lines(instance: &Instance, file: &SourceFile, defined: &[(usize, VarId)], last: usize) -> Vec<Line> {
    let hir = &*instance.hir;
    let first = file.line(hir.span.start);
    let last = last.max(file.line(hir.span.end.saturating_sub(1).max(hir.span.start)));
    let text = file.text.get(hir.span.start as usize..).unwrap_or_default();
    let mut said: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut at: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut sorted = defined.to_vec();
    sorted.sort_by_key(|(line, _)| *line);
    for (line, var) in sorted {
        let (full, ty) = (hir.vars[var].name.as_str(), &instance.vars[var]);
        let name = own_name(full, text);
        let is_ours = name.starts_with('_') && name.contains("tmp") || name.starts_with("pyrust_");
        if is_ours || *ty == Type::Never {
            continue;
        }
        let unbound = if hir.vars[var].maybe_unbound { "; may be unbound" } else { "" };
        let shared = if hir.vars[var].cell { "; shared with functions inside" } else { "" };
        let told = format!("{name}: {}{unbound}{shared}", told(ty, instance.writes));
        if said.entry(name).or_default().insert(told.clone()) {
            at.entry(line).or_default().push(told);
        }
    }
    (first..=last)
        .map(|number| Line {
            number,
            text: file.line_text(number).trim_end().to_string(),
            variables: at.remove(&number).unwrap_or_default(),
        })
        .collect()
}

/// The name that the source has for a variable: live ranges of one variable are numbered.
fn own_name<'n>(name: &'n str, text: &str) -> &'n str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    match name.rsplit_once('_') {
        Some((own, number))
            if !own.is_empty()
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
                && !text.split(|c| !is_part(c)).any(|word| word == name) =>
        {
            own
        }
        _ => name,
    }
}

/// A type and how native code holds it; `writes` if the function changes objects of its caller's.
fn told(ty: &Type, writes: bool) -> String {
    let how = representation(ty).replace(if writes { "" } else { " and changed" }, "");
    if how.is_empty() { ty.to_string() } else { format!("{ty} ({how})") }
}

fn representation(ty: &Type) -> &'static str {
    match ty {
        Type::Int => "64 bits, checked",
        Type::Big => "of any size",
        Type::Char => "one character",
        Type::List { in_place: true, .. } => "Python's own list, read and changed in place",
        Type::List { .. } => "native list, made Python's when it leaves",
        Type::View(_) => "Python's own list, only read; converted where that is cheaper",
        Type::Dict { in_place: true, .. } => "Python's own dict, read and changed in place",
        Type::Dict { .. } => "native dict, made Python's when it leaves",
        Type::Set { in_place: true, .. } => "Python's own set, read and changed in place",
        Type::Set { .. } => "native set, made Python's when it leaves",
        Type::Deque { in_place: true, .. } => "Python's deque, read in place, changed at the commit",
        Type::Deque { .. } => "native deque, made Python's when it leaves",
        Type::VarTuple(_) => "Python's own tuple, read in place",
        Type::Tuple { origin: Origin::Lazy, .. } => {
            "Python's own tuple, its members read when they are needed"
        }
        Type::Tuple { origin: Origin::Kept, .. } => "Python's own tuple, taken apart and handed on",
        Type::Tuple { origin: Origin::Python, .. } => "Python's own tuple, taken apart",
        Type::Tuple { .. } => "by value",
        Type::Iter(_) => "native iterator",
        Type::Obj => "passed on, not looked into",
        Type::Union(_) => "looked at when it is used",
        Type::Never => "never gets a value",
        Type::ByteArray => "Python's own bytearray, read and changed in place",
        Type::Packed(_) => "Python's own array, read and changed in place",
        Type::Str | Type::Bytes => "Python's own object",
        // By value; a word of its own would tell nothing.
        _ => "",
    }
}

/// Parameters whose objects the function changes, and the others that have contents.
fn effects(instance: &Instance) -> (Vec<String>, Vec<String>) {
    let hir = &*instance.hir;
    let mut bases = Bases { instance, changed: BTreeSet::new() };
    bases.block(&hir.body);
    let (mut changes, mut reads) = (Vec::new(), Vec::new());
    for param in &hir.params {
        let name = match param.kind {
            ParamKind::Capture => continue,
            ParamKind::VarPositional => format!("*{}", param.name),
            ParamKind::VarKeyword => format!("**{}", param.name),
            ParamKind::PositionalOnly
            | ParamKind::Positional
            | ParamKind::KeywordOnly
            | ParamKind::Item
            | ParamKind::Name => param.name.clone(),
        };
        let is_changed = instance.writes && bases.changed.contains(hir.vars[param.var].name.as_str());
        if is_changed { changes.push(name) } else { reads.push(name) }
    }
    if instance.writes && changes.is_empty() {
        changes.push("objects that are reached through its arguments or globals".into());
    }
    (changes, reads)
}

/// Names of variables whose objects something is done to.
struct Bases<'i> {
    instance: &'i Instance,
    changed: BTreeSet<&'i str>,
}

impl<'i> Bases<'i> {
    fn base(&mut self, e: &'i Expr) {
        match &e.kind {
            ExprKind::Local(var) => _ = self.changed.insert(&self.instance.hir.vars[*var].name),
            ExprKind::Index { base, .. } | ExprKind::Slice { base, .. } | ExprKind::Method { base, .. } => {
                self.base(base);
            }
            _ => {}
        }
    }
}

impl<'i> Visit<'i> for Bases<'i> {
    fn target(&mut self, target: &'i Target) {
        if let TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } = &target.kind {
            self.base(base);
        }
        visit::walk_target(self, target);
    }

    fn expr(&mut self, e: &'i Expr) {
        match &e.kind {
            ExprKind::InPlace { left, .. } => self.base(left),
            ExprKind::Method { base, name, .. } => {
                let ty = &self.instance.nodes[base.id];
                if ty.members().iter().any(|t| crate::ops::changes(t, name)) {
                    self.base(base);
                }
            }
            ExprKind::Comp(comp) if matches!(comp.kind, CompKind::Extend | CompKind::Update) => {
                comp.extra.iter().for_each(|target| self.base(target));
            }
            // What is handed to another function of ours may be changed there.
            ExprKind::Call { args, .. } | ExprKind::CallNested { args, .. }
                if self.instance.calls.contains_key(&e.id) =>
            {
                args.iter().for_each(|arg| self.base(arg));
            }
            _ => {}
        }
        visit::walk_expr(self, e);
    }
}

/// What happens on the way, and where.
#[derive(Default)]
struct Found {
    bails: BTreeMap<String, BTreeSet<usize>>,
    raises: BTreeMap<String, BTreeSet<usize>>,
}

struct Walk<'i> {
    instance: &'i Instance,
    file: &'i SourceFile,
    /// The line of the statement.
    at: usize,
    last: usize,
    defined: Vec<(usize, VarId)>,
    found: Found,
}

impl Walk<'_> {
    fn line(&mut self, span: Span) -> usize {
        let line = self.file.line(span.start);
        self.last = self.last.max(self.file.line(span.end.saturating_sub(1).max(span.start)));
        line
    }

    fn bails(&mut self, span: Span, what: String) {
        let line = self.line(span);
        self.found.bails.entry(what).or_default().insert(line);
    }

    fn raises(&mut self, span: Span, class: &str) {
        let line = self.line(span);
        self.found.raises.entry(class.to_string()).or_default().insert(line);
    }

    fn ty(&self, node: NodeId) -> &Type {
        self.instance.nodes.get(node).unwrap_or(&Type::Never)
    }

    /// Something is read from a container: Python's own may hold anything.
    fn element(&mut self, span: Span, container: &Type) {
        for member in container.members() {
            let elem = match member {
                Type::List { elem, in_place: true } | Type::View(elem) | Type::VarTuple(elem) => elem,
                Type::Set { elem, in_place: true, .. } => elem,
                Type::Dict { value, in_place: true, .. } => value,
                _ => continue,
            };
            if **elem != Type::Obj && **elem != Type::Never {
                self.bails(span, format!("what is read from the `{member}` is no `{elem}`"));
            }
        }
    }

    fn may_overflow(&mut self, span: Span, node: NodeId, op: BinOp, types: [&Type; 3]) {
        let grows = matches!(
            op,
            BinOp::Add | BinOp::Sub | BinOp::Mult | BinOp::Pow | BinOp::LShift | BinOp::FloorDiv
        );
        let is_int = |t: &&Type| t.members().contains(&Type::Int);
        if grows && types.iter().all(is_int) && !self.instance.wide.contains(&node) {
            self.bails(span, "an int leaves 64 bits".into());
        }
    }

    fn arithmetic(&mut self, e: &Expr, op: BinOp, left: &Expr, right: &Expr) {
        let is_int = |t: &Type| t.members().iter().any(|t| matches!(t, Type::Int));
        let (l, r, result) = (self.ty(left.id).clone(), self.ty(right.id).clone(), self.ty(e.id).clone());
        let grows = matches!(
            op,
            BinOp::Add | BinOp::Sub | BinOp::Mult | BinOp::Pow | BinOp::LShift | BinOp::FloorDiv
        );
        if grows && is_int(&result) && is_int(&l) && is_int(&r) && !self.instance.wide.contains(&e.id) {
            self.bails(e.span, "an int leaves 64 bits".into());
        }
        let number = |t: &Type| {
            t.members().iter().any(|t| matches!(t, Type::Int | Type::Big | Type::Float | Type::Bool))
        };
        if matches!(op, BinOp::Div | BinOp::FloorDiv | BinOp::Mod)
            && number(&l)
            && !matches!(right.kind, ExprKind::Int(n) if n != 0)
        {
            self.raises(e.span, "ZeroDivisionError");
        }
    }
}

impl<'i> Visit<'i> for Walk<'_> {
    fn stmt(&mut self, stmt: &'i Stmt) {
        self.at = self.line(stmt.span);
        match &stmt.kind {
            StmtKind::Raise { class: Catch::Builtin(name) | Catch::Global(name), .. } => {
                self.raises(stmt.span, name);
            }
            StmtKind::AugAssign { target, op, value, id } => {
                if let TargetKind::Index { base, .. } = &target.kind {
                    let ty = self.ty(base.id).clone();
                    self.element(target.span, &ty);
                    let old = self.ty(target.id).clone();
                    let value = self.ty(value.id).clone();
                    self.may_overflow(stmt.span, *id, *op, [&old, &value, &old]);
                }
            }
            StmtKind::Narrow(narrows) => {
                let line = self.at;
                self.defined.extend(narrows.iter().map(|n| (line, n.to)));
            }
            _ => {}
        }
        visit::walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'i Target) {
        match &target.kind {
            TargetKind::Var(var) => {
                let line = self.line(target.span);
                self.defined.push((line, *var));
            }
            TargetKind::Index { base, .. } if matches!(self.ty(base.id), Type::List { .. }) => {
                self.raises(target.span, "IndexError");
            }
            _ => {}
        }
        visit::walk_target(self, target);
    }

    fn iter(&mut self, iter: &'i Iter) {
        if let Some(source) = iter.source() {
            let ty = self.ty(source.id).clone();
            self.element(iter.span, &ty);
        }
        visit::walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'i Expr) {
        match &e.kind {
            ExprKind::Named { var, .. } => {
                let line = self.line(e.span);
                self.defined.push((line, *var));
            }
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                self.arithmetic(e, *op, left, right);
            }
            ExprKind::Index { base, .. } => {
                let ty = self.ty(base.id).clone();
                self.element(e.span, &ty);
                for member in ty.members() {
                    match member {
                        Type::Dict { kind: crate::ty::DictKind::Plain, .. } => {
                            self.raises(e.span, "KeyError")
                        }
                        Type::List { .. } | Type::View(_) | Type::VarTuple(_) | Type::Str | Type::Bytes => {
                            self.raises(e.span, "IndexError");
                        }
                        _ => {}
                    }
                }
            }
            ExprKind::Next { default: None, .. } => self.raises(e.span, "StopIteration"),
            ExprKind::Call { name, args, .. }
                if name == "int"
                    && args.len() == 1
                    && self.ty(args[0].id).members().iter().any(|t| matches!(t, Type::Str | Type::Char)) =>
            {
                self.raises(e.span, "ValueError");
            }
            _ => {}
        }
        visit::walk_expr(self, e);
    }
}

fn relies_on(instance: &Instance) -> Vec<String> {
    let guards = instance.guards.iter().map(guard);
    let attrs = instance.attrs.iter().map(|(module, name)| format!("`{module}.{name}` being the original"));
    guards.chain(attrs).collect()
}

fn guard(guard_: &Guard) -> String {
    match guard_ {
        Guard::Builtin(name) => format!("`{name}` being the builtin"),
        Guard::Function { name, target } => format!("`{name}` being `{}`", target.name()),
        Guard::Value(name) => match name.split(' ').collect::<Vec<_>>().as_slice() {
            ["factory", factory, field, init] => format!("`{init}` making `{field}` with `{factory}`"),
            ["matched", attributes, class] => {
                format!("patterns of `{class}` asking for `{}`", attributes.replace(',', "`, `"))
            }
            ["kept", "by", function] => format!("what the cache `{function}` has kept"),
            ["the", "cache", function] => format!("`{function}` being a cache without bounds"),
            _ => format!("the global `{name}`, read when it is needed"),
        },
        Guard::Module { name, module } => format!("`{name}` being the module `{module}`"),
        Guard::Imported { name, module, attr } => format!("`{name}` being `{module}.{attr}`"),
        Guard::Layout { name, format } => {
            format!("`{name}` being a `struct.Struct` with the format `{format}`")
        }
        Guard::Number { name, value } => format!("`{name}` being {value}"),
        Guard::Classes { name, classes } => format!("`{name}` standing for `{}`", classes.join("`, `")),
        Guard::Pattern(regex) => match &regex.pattern {
            crate::hir::RegexText::Str(text) => format!("the pattern `{text}`, compiled once"),
            crate::hir::RegexText::Bytes(text) => {
                format!("the pattern `{}`, compiled once", text.escape_ascii())
            }
        },
        Guard::Elsewhere { module, guard: inner } => format!("in `{module}`: {}", guard(inner)),
    }
}

impl Explanation {
    /// As text, coloured for a terminal if so asked.
    pub fn text(&self, colour: bool) -> String {
        let paint = |code: &str, text: &str| match colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_string(),
        };
        let mut out = format!("{}\n", paint("1", &self.signature));
        if !self.path.is_empty() {
            out.push_str(&format!("  {}\n", paint("2", &self.path)));
        }
        let width = self.lines.last().map_or(1, |line| line.number.to_string().len());
        for line in &self.lines {
            let number = paint("34", &format!("{:>width$} |", line.number));
            out.push_str(format!("  {number} {}", line.text).trim_end());
            out.push('\n');
            let indent = line.text.len() - line.text.trim_start().len();
            for variable in &line.variables {
                let bar = paint("34", &format!("{:>width$} |", ""));
                let pad = " ".repeat(indent + 4);
                out.push_str(&format!("  {bar} {pad}{}\n", paint("36", &format!("^ {variable}"))));
            }
        }
        let mut section = |title: &str, items: Vec<String>| {
            if !items.is_empty() {
                out.push_str(&format!("  {}\n", paint("1", title)));
                items.iter().for_each(|item| out.push_str(&format!("    {item}\n")));
            }
        };
        section("returns", Some(self.returns.clone()).filter(|text| !text.is_empty()).into_iter().collect());
        let list = |names: &[String]| names.join(", ");
        let mut effects = Vec::new();
        if !self.reads.is_empty() {
            effects.push(format!("only reads {}", list(&self.reads)));
        }
        effects.push(match self.changes.is_empty() {
            true => "changes nothing of its caller's".to_string(),
            false => format!("changes {}; undone if the call does not end natively", list(&self.changes)),
        });
        section("effects", effects);
        section("relies on", self.relies_on.clone());
        section("compiled along", self.along.clone());
        let at = |event: &Event| {
            let numbers: Vec<String> = event.lines.iter().map(ToString::to_string).collect();
            match numbers.len() {
                0 => event.what.clone(),
                1 => format!("line {}: {}", numbers[0], event.what),
                _ => format!("lines {}: {}", numbers.join(", "), event.what),
            }
        };
        let beginning = if self.returns.is_empty() {
            "runs as Python when"
        } else {
            "runs as Python, from the beginning, when"
        };
        section(beginning, self.bails.iter().map(at).collect());
        section("may raise (such a call runs as Python too)", self.raises.iter().map(at).collect());
        out
    }

    /// For machines.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::json;
        let events = |events: &[Event]| -> Vec<serde_json::Value> {
            events.iter().map(|e| json!({ "what": e.what, "lines": e.lines })).collect()
        };
        let lines: Vec<serde_json::Value> = self
            .lines
            .iter()
            .map(|l| json!({ "line": l.number, "text": l.text, "variables": l.variables }))
            .collect();
        json!({
            "signature": self.signature,
            "path": self.path,
            "lines": lines,
            "returns": self.returns,
            "reads": self.reads,
            "changes": self.changes,
            "relies_on": self.relies_on,
            "along": self.along,
            "bails": events(&self.bails),
            "raises": events(&self.raises),
        })
    }
}
