//! Attributes of Python's instances that a loop only reads: looked up once, before the outermost loop that leaves them.
//! One that is missing, or of another type, is missed when the loop gets there.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::spans::{is_still_builtin, runs};
use super::types::Val;
use crate::hir::visit::{Visit, defines, each_expr, walk_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{CmpOp, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::bases::Part;
use crate::passes::Pass;
use crate::ty::Type;

/// An open loop.
pub(super) struct AttributeLoop {
    assigned: BTreeSet<VarId>,
    stored: Stored,
    /// Read before it: the instance, the attribute, the type, the name it has now, and the look-up.
    found: Vec<(VarId, String, Type, Ident, TokenStream)>,
}

/// An attribute that a loop has looked up which stands right in the function's body: loops behind it find it there.
pub(super) struct Kept {
    var: VarId,
    name: String,
    ty: Type,
    ident: Ident,
}

/// What a loop may assign.
#[derive(Default)]
pub(super) struct Stored {
    /// Attributes of these names.
    names: BTreeSet<String>,
    /// Any: a function is called of which it is not looked up.
    all: bool,
}

impl AttributeLoop {
    fn leaves(&self, var: VarId, name: &str) -> bool {
        self.stored.leaves(name) && !self.assigned.contains(&var)
    }
}

impl Stored {
    fn leaves(&self, name: &str) -> bool {
        !self.all && !self.names.contains(name)
    }
}

/// The name under which an attribute is assigned: what hides a method of a builtin class is assigned under its name.
fn assigned_as(name: &str) -> &str {
    match Part::of(name) {
        Some(Part::Method(method)) => method,
        _ => name,
    }
}

impl Func<'_, '_, '_> {
    /// A loop begins.
    pub(super) fn open_attributes(
        &mut self,
        assigned: BTreeSet<VarId>,
        heads: &[&Expr],
        iter: Option<(&Iter, &Target)>,
        body: &[Stmt],
    ) {
        let mut look = Storing { f: self, stored: Stored::default() };
        heads.iter().for_each(|e| look.expr(e));
        if let Some((iter, target)) = iter {
            look.iter(iter);
            look.target(target);
        }
        look.block(body);
        let stored = look.stored;
        self.attributes.push(AttributeLoop { assigned, stored, found: Vec::new() });
    }

    /// It has been emitted: what stands before it. `right_in_body`: it is no part of another statement, so that what is
    /// found stays in sight.
    pub(super) fn close_attributes(&mut self, right_in_body: bool) -> Vec<TokenStream> {
        let found = self.attributes.pop().map_or_else(Vec::new, |l| l.found);
        let mut look_ups = Vec::new();
        for (var, name, ty, ident, look_up) in found {
            look_ups.push(look_up);
            if right_in_body {
                self.kept_attributes.push(Kept { var, name, ty, ident });
            }
        }
        look_ups
    }

    /// Does what is emitted now stand in the function's body, and in no statement of it?
    pub(super) fn is_right_in_body(&self) -> bool {
        self.blocks == 1
    }

    /// Before and after a statement of the function's body: what it may assign is known no more.
    pub(super) fn forget_attributes(&mut self, stmt: &Stmt) {
        if self.kept_attributes.is_empty() {
            return;
        }
        let mut look = Storing { f: self, stored: Stored::default() };
        look.stmt(stmt);
        let (stored, assigned) = (look.stored, defines(stmt));
        self.kept_attributes
            .retain(|kept| stored.leaves(assigned_as(&kept.name)) && !assigned.contains(&kept.var));
    }

    /// `instance.name`, where a loop around leaves both.
    pub(super) fn hoisted_attribute(&mut self, node: NodeId, base: &Expr, name: &str) -> Option<Val> {
        let ExprKind::Local(var) = base.kind else { return None };
        let name = name.strip_prefix("attribute ")?;
        let Type::Instance(class) = self.node(base.id) else { return None };
        let ty = self.node(node);
        let plain = self.closures == 0 && self.fused.is_none() && self.hir.yields.is_none();
        let stays = self.is_plain(var) && self.instance.vars[var] == self.node(base.id);
        if !self.file.program.passes.has(Pass::Attributes)
            || !plain
            || !stays
            || !(ty.is_copy() || matches!(ty, Type::VarTuple(_)))
            || class.own != 0
            || self.file.program.method_of(&class, name).is_some()
        {
            return None;
        }
        let assigned = assigned_as(name);
        let reach = self.attributes.iter().rev().take_while(|l| l.leaves(var, assigned)).count();
        let at = self.attributes.len() - reach;
        let kept = |k: &&Kept| k.var == var && k.name == name && k.ty == ty;
        if at == 0
            && let Some(known) = self.kept_attributes.iter().find(kept).map(|k| k.ident.clone())
        {
            return Some(self.looked_up_once(&known, ty));
        }
        let same = |f: &&(VarId, String, Type, Ident, TokenStream)| f.0 == var && f.1 == name && f.2 == ty;
        if let Some(known) = self.attributes.get(at)?.found.iter().find(same).map(|f| f.3.clone()) {
            return Some(self.looked_up_once(&known, ty));
        }
        let (as_name, of) = (self.fresh("attribute"), self.var_ident(var));
        let read = self.attribute_read(&quote!(#of), &class, name, &ty);
        let look_up = quote!(let #as_name = #read;);
        self.attributes[at].found.push((var, name.to_string(), ty.clone(), as_name.clone(), look_up));
        Some(self.looked_up_once(&as_name, ty))
    }

    /// What was looked up before a loop, or why it could not be.
    fn looked_up_once(&self, name: &Ident, ty: Type) -> Val {
        if ty.is_copy() {
            return Val::new(self.q(quote!(#name)), ty);
        }
        let value = self.q(quote!(object::kept(&#name)));
        Val::place(quote!((*#value)), ty)
    }
}

struct Storing<'l, 'f, 'p, 'a> {
    f: &'l Func<'f, 'p, 'a>,
    stored: Stored,
}

/// A dict of Python's with texts as keys may be the one in which an instance keeps its attributes.
fn is_namespace(ty: &Type) -> bool {
    match ty {
        Type::Dict { key, in_place: true, .. } => !matches!(**key, Type::Int | Type::Float | Type::Bool),
        Type::Union(members) => members.iter().any(is_namespace),
        _ => false,
    }
}

impl Storing<'_, '_, '_, '_> {
    fn run(&mut self, operands: &[&Expr]) {
        self.stored.all |= operands.iter().any(|e| runs(&self.f.node(e.id)));
    }
}

impl<'h> Visit<'h> for Storing<'_, '_, '_, '_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::Enter(_) | StmtKind::Leave { .. } = stmt.kind {
            self.stored.all = true;
        }
        if let StmtKind::AugAssign { target, .. } = &stmt.kind {
            self.stored.all |= runs(&self.f.node(target.id));
        }
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        match &target.kind {
            TargetKind::Attr { name, .. } => {
                self.stored.names.insert(name.clone());
            }
            TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } => {
                // A list or dict of instances only changes its places.
                let ty = self.f.node(base.id);
                let other = matches!(ty, Type::Instance(_) | Type::Foreign(_) | Type::Obj | Type::Union(_));
                self.stored.all |= other || is_namespace(&ty);
            }
            TargetKind::Global(_) => self.stored.all = true,
            TargetKind::Var(_) | TargetKind::Tuple(_) | TargetKind::Starred { .. } => {}
        }
        walk_target(self, target);
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Expr(e) => {
                let ty = self.f.node(e.id);
                let plain = matches!(
                    ty,
                    Type::List { .. }
                        | Type::View(_)
                        | Type::VarTuple(_)
                        | Type::Tuple { .. }
                        | Type::Deque { .. }
                        | Type::Dict { .. }
                        | Type::DictView { .. }
                );
                self.stored.all |= !plain && runs(&ty);
            }
            IterKind::Tool { .. } => self.stored.all = true,
            _ => {}
        }
        walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'h Expr) {
        // An iterator runs the code that it was made with, whoever takes from it and however.
        self.stored.all |= self.f.node(e.id).any(&|t| matches!(t, Type::Iter(_)));
        match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Named { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::If { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Bail
            | ExprKind::Narrow { .. } => {}
            ExprKind::Compare { op: CmpOp::Is | CmpOp::IsNot, .. } => {}
            ExprKind::InPlace { left, right, .. } => {
                self.stored.all |= is_namespace(&self.f.node(left.id));
                self.run(&[left, right]);
            }
            ExprKind::Binary { left, right, .. } | ExprKind::Compare { left, right, .. } => {
                self.run(&[left, right]);
            }
            ExprKind::Unary { operand, .. } => {
                // `not` of an instance without methods for it; others are calls already.
                self.run(&[operand]);
            }
            ExprKind::Index { base, index } => {
                let ty = self.f.node(base.id);
                self.stored.all |= matches!(ty, Type::Instance(_) | Type::Foreign(_) | Type::Obj);
                self.run(&[index]);
            }
            ExprKind::Slice { base, .. } => {
                let ty = self.f.node(base.id);
                self.stored.all |= matches!(ty, Type::Instance(_) | Type::Foreign(_) | Type::Obj);
            }
            ExprKind::Call { name, args, keywords } => {
                let plain =
                    keywords.is_empty() && is_still_builtin(self.f.file.program, self.f.instance, e, name);
                self.stored.all |= !plain;
                match name.as_str() {
                    "len" => {}
                    "isinstance" => self.run(&args.iter().skip(1).collect::<Vec<_>>()),
                    _ => self.run(&args.iter().collect::<Vec<_>>()),
                }
            }
            ExprKind::ModuleCall { module, args, keywords, .. } => {
                self.stored.all |= module != "math" || !keywords.is_empty();
                self.run(&args.iter().collect::<Vec<_>>());
            }
            // A function of a class or of a module.
            ExprKind::Method { base, .. }
                if matches!(base.kind, ExprKind::Global(_)) && self.f.node(base.id) == Type::Never =>
            {
                self.stored.all = true;
            }
            ExprKind::Method { base, name, args, keywords } => match self.f.node(base.id) {
                Type::Instance(class) => {
                    let read = name.strip_prefix("attribute ");
                    let program = &self.f.file.program;
                    self.stored.all |= read.is_none_or(|name| program.method_of(&class, name).is_some());
                }
                Type::List { .. } | Type::Deque { .. } if keywords.is_empty() => {
                    // These look at no element.
                    if !matches!(
                        name.as_str(),
                        "append" | "pop" | "clear" | "appendleft" | "popleft" | "reverse"
                    ) {
                        self.run(&[base]);
                        self.run(&args.iter().collect::<Vec<_>>());
                    }
                }
                ty => {
                    let reads = matches!(name.as_str(), "get" | "keys" | "values" | "items" | "copy");
                    self.stored.all |= runs(&ty) || is_namespace(&ty) && !reads;
                    self.run(&args.iter().chain(keywords.iter().map(|(_, e)| e)).collect::<Vec<_>>());
                }
            },
            ExprKind::Comp(_) => {
                let ty = self.f.node(e.id);
                self.stored.all |= !matches!(ty, Type::List { .. }) && runs(&ty);
            }
            ExprKind::FString(_)
            | ExprKind::Build { .. }
            | ExprKind::Set { .. }
            | ExprKind::Dict(_)
            | ExprKind::Out(_) => self.stored.all |= holds_runner(self.f, e),
            ExprKind::New { .. }
            | ExprKind::Iter { .. }
            | ExprKind::Next { .. }
            | ExprKind::CallNested { .. }
            | ExprKind::Function { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Special { .. }
            | ExprKind::Cell(_)
            | ExprKind::Yield { .. }
            | ExprKind::HandOut { .. }
            | ExprKind::Suspend { .. }
            | ExprKind::Turn(_)
            | ExprKind::Default { .. }
            | ExprKind::Lambda { .. } => self.stored.all = true,
        }
        walk_expr(self, e);
    }
}

/// Is one of the values in it an instance, which may have a say in how it is hashed, compared or shown?
fn holds_runner(f: &Func<'_, '_, '_>, e: &Expr) -> bool {
    let (mut bases, mut found) = (BTreeSet::new(), false);
    // Outer ones come first.
    each_expr(e, &mut |inner| {
        if let ExprKind::Method { base, name, .. } = &inner.kind
            && name.starts_with("attribute ")
        {
            bases.insert(base.id);
        }
        found |= runs(&f.node(inner.id)) && !bases.contains(&inner.id);
    });
    found
}
