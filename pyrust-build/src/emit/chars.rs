//! Characters that a loop looks up in a dict which nothing changes meanwhile: a table remembers what the dict had.
//!
//! ```python
//! for c in text:
//!     total += VALUES[c]                 # let table = Chars::new(); table.find(c, || dict::get(cx, &VALUES, &c))
//! ```
//!
//! Such a dict is a global, a parameter that is never assigned, or a variable that has one display of constants for good
//! ([`super::constants`]). Nothing that the function runs may write to a dict of Python's; what a display made is safe anyway.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::types::{Val, rust_type};
use super::{Func, Ident};
use crate::hir::visit::{Visit, walk_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{Expr, ExprKind, Iter, NodeId, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::{Instance, Program};
use crate::passes::Pass;
use crate::ty::{DictKind, Type};

/// Methods of dicts that change nothing.
const READS: [&str; 5] = ["get", "keys", "values", "items", "copy"];

/// How look-ups of characters are compiled in one function.
pub(super) struct Chars {
    /// There is a loop, and nothing that runs writes to dicts of Python's.
    of_python: bool,
    loops: bool,
    /// Variables that have the same constants for good.
    constant: BTreeSet<VarId>,
}

/// Looks through a function.
fn found(program: &Program<'_>, index: usize, once: &BTreeSet<NodeId>) -> Chars {
    let look = Look::over(&program.instances[index], once);
    let single = |v: &&VarId| look.defines.iter().filter(|d| d == v).count() == 1;
    let constant = look.displays.iter().filter(single).copied().collect();
    let mut seen = BTreeSet::from([index]);
    Chars { of_python: look.loops && !look.may_write(program, &mut seen), loops: look.loops, constant }
}

struct Look<'i> {
    instance: &'i Instance,
    once: &'i BTreeSet<NodeId>,
    loops: bool,
    writes: bool,
    /// Variables that are assigned displays of constants.
    displays: Vec<VarId>,
    defines: Vec<VarId>,
}

impl<'i> Look<'i> {
    fn over(instance: &'i Instance, once: &'i BTreeSet<NodeId>) -> Look<'i> {
        let (displays, defines) = (Vec::new(), Vec::new());
        let mut look = Look { instance, once, loops: false, writes: false, displays, defines };
        look.block(&instance.hir.body);
        look
    }

    /// May the instance, or what it calls, write to a dict of Python's?
    fn may_write(&self, program: &Program<'_>, seen: &mut BTreeSet<usize>) -> bool {
        let Instance { hir, values, calls, .. } = self.instance;
        let unknown = !values.is_empty() || !hir.nested.is_empty() || hir.yields.is_some();
        let mut callee = |i: usize| {
            seen.insert(i) && Look::over(&program.instances[i], &BTreeSet::new()).may_write(program, seen)
        };
        self.writes || unknown || calls.values().any(|i| callee(*i))
    }

    /// May that be written to as a dict of Python's?
    fn may_be_dict(&self, e: &Expr) -> bool {
        !matches!(
            self.instance.nodes.get(e.id),
            Some(
                Type::List { .. }
                    | Type::Deque { .. }
                    | Type::View(_)
                    | Type::ByteArray
                    | Type::Array(..)
                    | Type::Packed(_)
                    | Type::MemView
                    | Type::Str
                    | Type::Char
                    | Type::Bytes
                    | Type::Dict { in_place: false, .. }
                    | Type::Set { .. }
                    | Type::Int
                    | Type::Float
                    | Type::Big
            )
        )
    }
}

impl<'h> Visit<'h> for Look<'_> {
    fn define(&mut self, _: NodeId, var: &'h VarId) {
        self.defines.push(*var);
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::For { .. } | StmtKind::While { .. } => self.loops = true,
            StmtKind::Assign { targets, value } if self.once.contains(&value.id) => {
                if let [Target { kind: TargetKind::Var(var), .. }] = targets.as_slice() {
                    self.displays.push(*var);
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        match &target.kind {
            TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } => {
                self.writes |= self.may_be_dict(base)
            }
            TargetKind::Attr { .. } | TargetKind::Global(_) => self.writes = true,
            _ => {}
        }
        walk_target(self, target);
    }

    fn iter(&mut self, iter: &'h Iter) {
        self.loops = true;
        walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Method { base, name, .. } if !READS.contains(&name.as_str()) => {
                // What native code calls is looked through itself.
                self.writes |= self.may_be_dict(base) && !self.instance.calls.contains_key(&e.id);
            }
            ExprKind::InPlace { left, .. } => self.writes |= self.may_be_dict(left),
            _ => {}
        }
        walk_expr(self, e);
    }
}

impl Func<'_, '_, '_> {
    /// The table for a look-up of `key` in `base`, the dict, and the character.
    fn char_table(&mut self, base: &Expr, key: &Expr) -> Option<(Ident, Val, TokenStream)> {
        let (dict, key_ty) = (self.node(base.id), self.node(key.id));
        let Type::Dict { key: of, value, kind: DictKind::Plain, .. } = &dict else { return None };
        let plain = matches!(**value, Type::Int | Type::Float | Type::Bool | Type::Char | Type::Str);
        if key_ty != Type::Char
            || !matches!(**of, Type::Char | Type::Str)
            || !plain
            || self.shared
            || !self.has_room_for(Pass::Fields)
        {
            return None;
        }
        let chars = match self.chars.take() {
            Some(known) => known,
            None => found(self.file.program, self.index, &self.once),
        };
        let name = self.char_base(base, &dict, &chars);
        self.chars = Some(chars);
        let name = name?;
        let (dict, v) = (self.val(base), rust_type(value));
        let code = self.value_as(key, &Type::Char);
        if let Some((_, table, _)) = self.hoisted.iter().find(|(k, _, _)| *k == name) {
            return Some((table.clone(), dict, code));
        }
        let table = self.global_name("chars");
        self.hoisted.push((name, table.clone(), quote!(dict::Chars::<#v>::new())));
        Some((table, dict, code))
    }

    /// What the table of a dict is known by, if the dict stays what it is.
    fn char_base(&self, base: &Expr, dict: &Type, chars: &Chars) -> Option<String> {
        match &base.kind {
            ExprKind::Local(var) => {
                let param = self.hir.params.iter().any(|p| p.var == *var) && !self.assigned.contains(var);
                let hir = &self.hir.vars[*var];
                let stays = param && chars.of_python || chars.constant.contains(var) && chars.loops;
                let plain = !hir.cell && !hir.maybe_unbound && self.instance.vars[*var] == *dict;
                (stays && plain).then(|| format!("chars of local {var}"))
            }
            ExprKind::Global(name) => {
                let assigned = self.file.program.is_assigned(&self.instance.func.module, name);
                let stays = chars.of_python && !assigned && !name.contains([' ', '.']);
                stays.then(|| format!("chars of global {name}"))
            }
            _ => None,
        }
    }

    /// What the dict has under the character: `R<Option<_>>`, and the names that it is bound to.
    fn char_found(&mut self, base: &Expr, key: &Expr) -> Option<(TokenStream, TokenStream, Val, Ident)> {
        let (table, dict, code) = self.char_table(base, key)?;
        let Type::Dict { key: of, .. } = &dict.ty else { return None };
        let of = (**of).clone();
        let c = self.fresh("c");
        let d = dict.by_ref();
        let k = self.in_closure(|f| f.coerce(&Val::new(quote!(#c), Type::Char), &of));
        let find = self.q(quote!(#table.find(#c, || dict::get(cx, #d, &#k))));
        Some((quote!(let #c = #code;), find, dict, c))
    }

    /// `base[key]`
    pub(super) fn char_item(&mut self, base: &Expr, key: &Expr, to: &Type) -> Option<TokenStream> {
        let (set, find, dict, c) = self.char_found(base, key)?;
        let Type::Dict { value, .. } = &dict.ty else { return None };
        let hit = self.coerce(&Val::new(quote!(__py_found), (**value).clone()), to);
        // Raises, with the key.
        let miss = self.getitem(&dict, &Val::new(quote!(#c), Type::Char), to);
        Some(quote!({ #set match #find { Some(__py_found) => #hit, None => #miss } }))
    }

    /// `key in base`
    pub(super) fn char_in(&mut self, key: &Expr, base: &Expr) -> Option<TokenStream> {
        let (set, find, ..) = self.char_found(base, key)?;
        Some(quote!({ #set #find.is_some() }))
    }

    /// `base.get(key, default)`, where the default is a constant.
    pub(super) fn char_get(&mut self, base: &Expr, args: &[Expr], to: &Type) -> Option<TokenStream> {
        let default = match args {
            [_] => Val::new(quote!(()), Type::None),
            [_, default] if super::constants::is_constant(default) => self.val(default),
            _ => return None,
        };
        let (set, find, dict, _) = self.char_found(base, args.first()?)?;
        let Type::Dict { value, .. } = &dict.ty else { return None };
        let hit = self.coerce(&Val::new(quote!(__py_found), (**value).clone()), to);
        let miss = self.coerce(&default, to);
        Some(quote!({ #set match #find { Some(__py_found) => #hit, None => #miss } }))
    }
}
