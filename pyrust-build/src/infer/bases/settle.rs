//! Puts the reading of what the builtin class has around the operands of operations that are the builtin class's own.

use super::{Part, asked, methods};
use crate::hir::visit::{self, VisitMut, children};
use crate::hir::{
    BinOp, CmpOp, Comp, CompKind, Expr, ExprKind, Function, Iter, IterKind, NodeId, SpecialMethod, Stmt,
    StmtKind, Target, TargetKind, UnaryOp, Var, VarId,
};
use crate::infer::Program;
use crate::infer::above::Next;
use crate::lower::above::Above;
use crate::lower::webs;
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::{Base, ObjectClass, Type};

/// Builtins that go through their argument and keep nothing of it but its items.
const CONSUMERS: &[&str] =
    &["list", "tuple", "set", "frozenset", "dict", "sum", "min", "max", "any", "all", "sorted"];

/// Methods of builtin classes that go through their arguments.
const TAKERS: &[&str] = &["extend", "extendleft", "join", "update", "union", "intersection", "difference"];

/// Functions of `heapq` that are C's, and take any list as one.
const HEAPS: &[&str] = &["heapify", "heappop", "heappush", "heappushpop", "heapreplace"];

impl Program<'_> {
    /// Reads what the builtin class has where operations are those of it; true if there were any.
    pub(in crate::infer) fn settle_bases(&mut self) -> bool {
        let mut found = Vec::new();
        for (i, instance) in self.open_ones() {
            if let Some(hir) = settled(self, &instance.func.module, &instance.hir, &instance.nodes) {
                found.push((i, hir));
            }
        }
        self.put(found)
    }
}

fn settled(program: &Program, module: &str, function: &Function, nodes: &[Type]) -> Option<Function> {
    let based = |ty: &Type| matches!(ty, Type::Instance(class) if class.base.container.is_some());
    if !nodes.iter().any(|ty| ty.members().iter().any(based)) {
        return None;
    }
    let mut out = function.clone();
    let vars = function.vars.clone();
    let mut pass = Settle { program, module, nodes, vars, next: function.nodes, changed: false };
    pass.block(&mut out.body);
    if !pass.changed {
        return None;
    }
    let held = pass.vars.len() > out.vars.len();
    (out.nodes, out.vars) = (pass.next, pass.vars);
    if held {
        webs::split(&mut out);
    }
    Some(out)
}

struct Settle<'p, 'a> {
    program: &'p Program<'a>,
    module: &'p str,
    nodes: &'p [Type],
    vars: Vec<Var>,
    next: NodeId,
    changed: bool,
}

fn take(e: &mut Expr) -> Expr {
    let empty = Expr { kind: ExprKind::None, span: e.span, id: e.id };
    std::mem::replace(e, empty)
}

/// Is the variable read in it?
fn reads(e: &Expr, var: VarId) -> bool {
    matches!(e.kind, ExprKind::Local(v) if v == var) || children(e).into_iter().any(|e| reads(e, var))
}

impl Settle<'_, '_> {
    fn ty(&self, e: &Expr) -> Type {
        self.nodes.get(e.id).cloned().unwrap_or(Type::Never)
    }

    fn build(&mut self, kind: ExprKind, span: Span) -> Expr {
        self.next += 1;
        Expr { kind, span, id: self.next - 1 }
    }

    /// The builtin class below which all that the expression can be stands.
    fn base(&self, e: &Expr) -> Option<Base> {
        let ty = self.ty(e);
        let of = |m: &Type| match m {
            Type::Instance(class) => class.base.container,
            _ => None,
        };
        let first = of(ty.members().first()?)?;
        ty.members().iter().all(|m| of(m) == Some(first)).then_some(first)
    }

    /// Is it an instance, and of no class that has any of these itself?
    fn keeps(&self, e: &Expr, names: &[&str]) -> bool {
        self.base(e).is_some()
            && self.ty(e).members().iter().all(|m| match m {
                Type::Instance(class) => self.program.keeps(class, names),
                _ => false,
            })
    }

    /// Does evaluating it run nothing of the program, so that it does not matter when that is done, and how often?
    fn is_calm(&self, e: &Expr) -> bool {
        self.program.is_calm(e, &|e| self.ty(e))
    }

    /// The same of what may make something, where that is not done twice.
    fn waits(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::List(_) | ExprKind::Dict(_) => children(e).into_iter().all(|e| self.waits(e)),
            _ => self.is_calm(e),
        }
    }

    fn read(&mut self, e: &mut Expr, part: &str) {
        self.changed = true;
        let base = Box::new(take(e));
        let span = base.span;
        let name = format!("attribute [{part}]");
        *e = self.build(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span);
    }

    /// Reads it as the builtin class has it, where the operation is that of the builtin class.
    fn open(&mut self, e: &mut Expr, operation: &str) {
        if self.keeps(e, asked(operation)) {
            self.read(e, operation);
        }
    }

    /// The same for a method that is called by its name.
    fn open_method(&mut self, e: &mut Expr, method: &str) {
        if self.base(e).is_some_and(|base| methods(base).contains(&method))
            && self.keeps(e, &[method])
            && self.is_taken_whole(e, method)
        {
            self.read(e, &format!(":{method}"));
        }
    }

    /// Does the builtin method take what is stored? A dict with an `__iter__` of its own is copied by its `keys`.
    fn is_taken_whole(&self, e: &Expr, method: &str) -> bool {
        method != "copy" || self.base(e) != Some(Base::Dict) || self.keeps(e, &["__iter__"])
    }

    /// A condition.
    fn test(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Bool2 { left, right, .. } => {
                self.test(left);
                self.test(right);
            }
            ExprKind::Unary { op: UnaryOp::Not, .. } => {}
            _ => self.open(e, "truth"),
        }
    }

    /// Is it a list or a dict, whoever made it?
    fn is(&self, e: &Expr, base: Base) -> bool {
        let ty = self.ty(e);
        let plain = |m: &Type| match base {
            Base::List => matches!(m, Type::List { .. } | Type::View(_)),
            Base::Dict => matches!(m, Type::Dict { kind: crate::ty::DictKind::Plain, .. }),
        };
        self.base(e) == Some(base) || (ty != Type::Never && ty.members().iter().all(plain))
    }

    /// The operands of an operator, if it is that of the builtin class for both of them.
    fn pair(&mut self, left: &mut Expr, right: &mut Expr, operation: &str) {
        let Some(base) = self.base(left).or_else(|| self.base(right)) else { return };
        let own = |e: &Expr| self.base(e).is_none() || self.keeps(e, asked(operation));
        if !(self.is(left, base) && self.is(right, base) && own(left) && own(right)) {
            return;
        }
        for side in [left, right] {
            self.open(side, operation);
        }
    }

    /// `self[k]` of a dict whose class has a `__missing__`: the method answers for what is not there.
    fn missing(&mut self, e: &mut Expr) {
        let ExprKind::Index { base, index } = &e.kind else { return };
        let has = |m: &Type| match m {
            Type::Instance(class) => self.program.special_method(class, "__missing__").is_some(),
            _ => false,
        };
        if self.base(base) != Some(Base::Dict)
            || !self.keeps(base, asked("found"))
            || !self.ty(base).members().iter().all(has)
            || !self.is_calm(base)
            || !self.is_calm(index)
        {
            return;
        }
        let ExprKind::Index { base, index } = take(e).kind else { unreachable!("just seen") };
        let (span, id) = (e.span, e.id);
        let copies = |pass: &mut Self| {
            let (mut base, mut index) = ((*base).clone(), (*index).clone());
            pass.renumber(&mut base);
            pass.renumber(&mut index);
            (base, index)
        };
        let (mut of_test, key) = copies(self);
        self.read(&mut of_test, "found");
        let op = CmpOp::In;
        let test = self.build(ExprKind::Compare { op, left: Box::new(key), right: Box::new(of_test) }, span);
        let (of_missing, key) = copies(self);
        let method = SpecialMethod::new("__missing__", 0);
        let operands = vec![of_missing, key];
        let orelse = self.build(ExprKind::Special { method, operands, keywords: vec![] }, span);
        let (mut base, index) = (base, index);
        self.read(&mut base, "found");
        let body = self.build(ExprKind::Index { base, index }, span);
        let (test, body, orelse) = (Box::new(test), Box::new(body), Box::new(orelse));
        *e = Expr { kind: ExprKind::If { test, body, orelse }, span, id };
    }

    fn renumber(&mut self, e: &mut Expr) {
        struct Renumber<'n>(&'n mut NodeId);
        impl VisitMut for Renumber<'_> {
            fn expr(&mut self, e: &mut Expr) {
                visit::walk_expr_mut(self, e);
                e.id = *self.0;
                *self.0 += 1;
            }
        }
        Renumber(&mut self.next).expr(e);
    }

    /// `d[k] += v` where the class has a say in what is read, or written: as a statement that reads and one that writes.
    fn read_and_written(&mut self, stmt: &mut Stmt, out: &mut Vec<Stmt>) {
        let StmtKind::AugAssign { target, op, value, .. } = std::mem::replace(&mut stmt.kind, StmtKind::Pass)
        else {
            unreachable!("just seen")
        };
        let span = stmt.span;
        let TargetKind::Index { base, index } = target.kind else {
            stmt.kind = StmtKind::Bail;
            return;
        };
        let mut held = Vec::new();
        let (base, index) = (self.hold(base, &mut held), self.hold(index, &mut held));
        out.extend(held.into_iter().map(|kind| Stmt { kind, span }));
        let mut again = (base.clone(), index.clone());
        self.renumber(&mut again.0);
        self.renumber(&mut again.1);
        let old = ExprKind::Index { base: Box::new(again.0), index: Box::new(again.1) };
        let left = Box::new(self.build(old, span));
        let value = self.build(ExprKind::InPlace { op, left, right: Box::new(value) }, span);
        let target = Target { kind: TargetKind::Index { base, index }, ..target };
        stmt.kind = StmtKind::Assign { targets: vec![target], value };
        self.changed = true;
    }

    /// The method of the builtin class that `super().name(…)`, or `list.name(instance, …)`, calls, and what is read of the
    /// instance for it.
    fn above(&self, e: &Expr) -> Option<(String, String)> {
        let ExprKind::Method { base, name, keywords, .. } = &e.kind else { return None };
        let builtin = self.base(base)?;
        let method = name.rsplit(['.', ' ']).next().unwrap_or(name);
        if !keywords.is_empty() || !self.is_taken_whole(base, method) {
            return None;
        }
        if let Some((class, method)) = name.split_once('.') {
            return (class == builtin.name()).then(|| (method.to_string(), "own".to_string()));
        }
        let above = Above::of(name)?;
        let class = self.program.object_class(self.module, above.class)?;
        let finds = |m: &Type| match m {
            Type::Instance(of) => {
                matches!(self.program.next_above(of, &class, above.name), Some(Next::OfObject))
            }
            _ => false,
        };
        let all = self.ty(base).members().iter().all(finds);
        (all && !above.inside.is_empty()).then(|| (above.name.to_string(), name.clone()))
    }

    /// An expression that is such a call.
    fn called_above(&mut self, e: &mut Expr) {
        let Some((method, part)) = self.above(e) else { return };
        let ExprKind::Method { base, args, .. } = &e.kind else { return };
        let Some(builtin) = self.base(base) else { return };
        let kind = match (method.as_str(), args.len()) {
            // It is asked for what is not there as well.
            ("__getitem__", 1) if builtin == Base::List || self.keeps(base, &["__missing__"]) => {
                let (mut base, mut args) = self.taken(e);
                self.read(&mut base, &part);
                ExprKind::Index { base: Box::new(base), index: Box::new(args.remove(0)) }
            }
            ("__contains__", 1) => {
                let (mut base, mut args) = self.taken(e);
                self.read(&mut base, &part);
                ExprKind::Compare { op: CmpOp::In, left: Box::new(args.remove(0)), right: Box::new(base) }
            }
            (name, _) if methods(builtin).contains(&name) => {
                let (mut base, args) = self.taken(e);
                self.read(&mut base, &part);
                ExprKind::Method { base: Box::new(base), name: method, args, keywords: vec![] }
            }
            _ => return,
        };
        e.kind = kind;
    }

    fn taken(&mut self, e: &mut Expr) -> (Expr, Vec<Expr>) {
        let ExprKind::Method { base, args, .. } = std::mem::replace(&mut e.kind, ExprKind::None) else {
            unreachable!("just seen")
        };
        (*base, args)
    }

    /// Does it make no difference which of them is evaluated first?
    fn may_swap(&self, a: &Expr, b: &Expr) -> bool {
        fn assigns(e: &Expr) -> bool {
            matches!(e.kind, ExprKind::Named { .. }) || children(e).into_iter().any(assigns)
        }
        let stays = matches!(a.kind, ExprKind::Local(_) | ExprKind::Int(_) | ExprKind::Str(_)) && !assigns(b);
        stays || (self.is_calm(a) && self.is_calm(b))
    }

    /// A statement that puts what has been evaluated into a variable, and the variable.
    fn hold(&mut self, value: Expr, out: &mut Vec<StmtKind>) -> Expr {
        let span = value.span;
        self.next += 1;
        let (id, var) = (self.next - 1, self.vars.len());
        self.vars.push(Var { name: format!("_tmp{var}"), maybe_unbound: false, cell: false, of: None });
        let target = Target { kind: TargetKind::Var(var), span, id };
        out.push(StmtKind::Assign { targets: vec![target], value });
        self.build(ExprKind::Local(var), span)
    }

    /// A statement that is such a call, and what stands for it.
    fn stated_above(&mut self, e: &mut Expr) -> Option<Vec<StmtKind>> {
        let (method, part) = self.above(e)?;
        let ExprKind::Method { base, args, .. } = &e.kind else { return None };
        let (builtin, span) = (self.base(base)?, e.span);
        let ExprKind::Local(own) = base.kind else { return None };
        match (method.as_str(), args.len()) {
            ("__setitem__", 2) | ("__delitem__", 1) | ("__init__", 0 | 1) => {}
            _ => return None,
        }
        let (mut base, mut args) = self.taken(e);
        let mut out = Vec::new();
        if method == "__init__" {
            // What is given is evaluated before the list is emptied.
            if let [given] = args.as_mut_slice()
                && builtin == Base::List
                && (!self.waits(given) || reads(given, own))
            {
                self.open(given, "iter");
                let value = take(given);
                *given = self.hold(value, &mut out);
            }
            let mut again = base.clone();
            self.renumber(&mut again);
            self.read(&mut base, &part);
            out.push(StmtKind::Expr(match builtin {
                Base::List => {
                    let (base, name) = (Box::new(base), "clear".to_string());
                    self.build(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span)
                }
                Base::Dict => base,
            }));
            if let [given] = args.as_mut_slice() {
                self.open(given, "iter");
                self.read(&mut again, &part);
                let name = if builtin == Base::List { "extend" } else { "update" }.to_string();
                let kind = ExprKind::Method { base: Box::new(again), name, args, keywords: vec![] };
                out.push(StmtKind::Expr(self.build(kind, span)));
            }
            return Some(out);
        }
        self.read(&mut base, &part);
        let mut index = args.remove(0);
        let value = args.pop();
        // A statement would evaluate the value first.
        if value.as_ref().is_some_and(|value| !self.may_swap(&index, value)) {
            index = self.hold(index, &mut out);
        }
        self.next += 1;
        let target = Target { kind: TargetKind::Index { base, index }, span, id: self.next - 1 };
        out.push(match value {
            Some(value) => StmtKind::Assign { targets: vec![target], value },
            None => StmtKind::Delete(vec![target]),
        });
        Some(out)
    }

    /// Is it a function of `heapq`?
    fn is_of_heap(&self, name: &str) -> bool {
        matches!(self.program.binding(self.module, name),
            Some((_, Binding::Imported { module, name })) if module == "heapq" && HEAPS.contains(&name.as_str()))
    }

    /// A heap, which C takes as the list that it is, whatever its class says.
    fn heap(&mut self, args: &mut [Expr]) {
        if let Some(heap) = args.first_mut()
            && self.base(heap) == Some(Base::List)
        {
            self.read(heap, "own");
        }
    }

    /// Has the class that is called no way of its own to make its instances?
    fn is_filled(&self, class: &ObjectClass) -> bool {
        self.program.keeps(class, &["__init__", "__new__"])
    }
}

impl VisitMut for Settle<'_, '_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        for mut stmt in std::mem::take(body) {
            if let StmtKind::Expr(e) = &mut stmt.kind
                && let Some(found) = self.stated_above(e)
            {
                body.extend(found.into_iter().map(|kind| Stmt { kind, span: stmt.span }));
                continue;
            }
            if let StmtKind::AugAssign { target, .. } = &mut stmt.kind
                && let TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } = &mut target.kind
                && self.base(base).is_some()
            {
                match self.keeps(base, asked("changed")) {
                    true => self.read(base, "changed"),
                    false => self.read_and_written(&mut stmt, body),
                }
            }
            if let StmtKind::For { iter: Iter { kind: IterKind::Expr(e), .. }, .. } = &mut stmt.kind {
                self.open(e, "each");
            }
            visit::walk_stmt_mut(self, &mut stmt);
            match &mut stmt.kind {
                StmtKind::If { test, .. } | StmtKind::While { test, .. } => self.test(test),
                StmtKind::Assign { targets, value } => {
                    if let [Target { kind: TargetKind::Tuple(_) | TargetKind::Starred { .. }, .. }] =
                        targets.as_slice()
                    {
                        self.open(value, "iter");
                    }
                }
                _ => {}
            }
            body.push(stmt);
        }
    }

    fn target(&mut self, target: &mut Target) {
        visit::walk_target_mut(self, target);
        if let TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } = &mut target.kind {
            self.open(base, "set");
        }
    }

    fn comp(&mut self, comp: &mut Comp) {
        visit::walk_comp_mut(self, comp);
        for generator in &mut comp.generators {
            generator.ifs.iter_mut().for_each(|test| self.test(test));
        }
        if let (CompKind::Extend, Some(list)) = (comp.kind, &mut comp.extra) {
            self.open_method(list, "extend");
        }
    }

    fn iter(&mut self, iter: &mut Iter) {
        visit::walk_iter_mut(self, iter);
        match &mut iter.kind {
            IterKind::Expr(e) | IterKind::ZipStar(e) => self.open(e, "iter"),
            IterKind::Reversed(e) => self.open(e, "reversed"),
            IterKind::Items(e) => self.open_method(e, "items"),
            IterKind::Values(e) => self.open_method(e, "values"),
            IterKind::Keys(e) => self.open_method(e, "keys"),
            _ => {}
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        visit::walk_expr_mut(self, e);
        match &mut e.kind {
            ExprKind::Index { base, .. } => {
                self.open(base, "get");
                self.missing(e);
            }
            ExprKind::Slice { base, .. } => self.open(base, "get"),
            ExprKind::If { test, .. } => self.test(test),
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.test(operand),
            ExprKind::Compare { op: CmpOp::In | CmpOp::NotIn, right, .. } => self.open(right, "in"),
            ExprKind::Compare {
                op: CmpOp::Eq | CmpOp::NotEq | CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE,
                left,
                right,
            } => self.pair(left, right, "compared"),
            ExprKind::Binary { op: BinOp::Add | BinOp::BitOr, left, right } => {
                self.pair(left, right, "joined");
            }
            ExprKind::Binary { op: BinOp::Mult, left, right } => {
                let number = |e: &Expr| matches!(self.ty(e), Type::Int | Type::Bool);
                let (of_left, of_right) = (number(right), number(left));
                for (side, repeated) in [(left, of_left), (right, of_right)] {
                    if repeated && self.base(side) == Some(Base::List) {
                        self.open(side, "joined");
                    }
                }
            }
            ExprKind::Call { name, args, keywords } if !self.program.binds(self.module, name) => {
                let several = args.len() > 1;
                let [first, ..] = args.as_mut_slice() else { return };
                match name.as_str() {
                    "len" => self.open(first, "len"),
                    "bool" => self.open(first, "truth"),
                    // Of several arguments it gives one.
                    "min" | "max" if several => {}
                    "dict" if !keywords.is_empty() => {}
                    name if CONSUMERS.contains(&name) => self.open(first, "iter"),
                    _ => {}
                }
            }
            ExprKind::ModuleCall { module, name, args, .. }
                if HEAPS.contains(&name.as_str())
                    && self.program.module_named(self.module, module).as_deref() == Some("heapq") =>
            {
                self.heap(args);
            }
            ExprKind::Call { name, args, .. } if self.is_of_heap(name) => self.heap(args),
            ExprKind::Call { name, args, .. } => {
                let class = self.program.object_class(self.module, name);
                if let ([items], Some(class)) = (args.as_mut_slice(), class)
                    && self.is_filled(&class)
                {
                    self.open(items, "iter");
                }
            }
            ExprKind::Dict(items) => {
                for (_, value) in items.iter_mut().filter(|(key, _)| key.is_none()) {
                    self.open(value, "iter");
                }
            }
            ExprKind::Method { base, name, args, .. } => {
                if Part::of(name.strip_prefix("attribute ").unwrap_or_default()).is_some() {
                    return;
                }
                if !name.contains([' ', '.']) {
                    let name = name.clone();
                    self.open_method(base, &name);
                }
                // Of a builtin class, or what has just been read as one.
                let builtin =
                    |ty: Type| !ty.members().iter().any(|m| matches!(m, Type::Instance(_) | Type::Obj));
                let opened =
                    matches!(&base.kind, ExprKind::Method { name, .. } if name.starts_with("attribute ["));
                if TAKERS.contains(&name.as_str()) && (opened || builtin(self.ty(base))) {
                    args.iter_mut().for_each(|arg| self.open(arg, "iter"));
                }
                self.called_above(e);
            }
            _ => {}
        }
    }
}
