//! Counted loops over arrays, written a second time without what keeps LLVM from widening them: innermost ones, and those
//! around others whose ends are known before the outermost one begins (`emit/nest.rs`).
//!
//! In the second form a result that is not finite does not leave the loop: it is noted (`ndarray::noted`), and looked at
//! when the loop is over, however it ends. As sums, differences and products of what is not finite are not finite
//! either, the outermost operation of each expression is all that is noted. What is noted means that NumPy may have
//! warned, so the call bails, and that loop is not run in this form again: the first form tells more exactly.
//!
//! A `while` inside looks at what was noted before it looks for signals.
//!
//! The form is chosen block by block of turns. Where an index is made of the loops' variables, of what the loops leave
//! alone, and of constants, the places that it goes to are looked at once, before the block (`ndarray::window`). Arrays
//! that are stored to are made free first (`ndarray::opened`): their memory has been copied, and stores need no log.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::quote;

use super::Func;
use super::iter::label_if_used;
use super::label::{Label, mentions};
use super::nest::{Part, Scope, Window};
use super::types::Val;
use crate::hir::visit::defines;
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::numpy::Dtype;
use crate::passes::Pass;
use crate::ty::Type;

/// What is known of such a loop.
pub(super) struct Dense {
    /// What indices are made of.
    pub(super) scope: Scope,
    /// Arrays with elements that are read or stored, and whether one is stored of which one cannot tell before the loop
    /// where it goes.
    arrays: BTreeMap<VarId, bool>,
    /// The loops around such stores.
    loose: BTreeSet<usize>,
    /// Places of which one can tell before the loop where they go.
    windows: Vec<Window>,
    /// Variables to which the loop only adds, or multiplies them: see [`Func::sums`].
    sums: BTreeSet<VarId>,
    /// Loops around what is looked at.
    pub(super) depth: usize,
    /// What the loop and those inside remember.
    pub(super) site: Option<Ident>,
    /// Several threads may do its turns.
    pub(super) is_shared: bool,
}

/// What the second form of a loop has while it is emitted.
pub(super) struct Noting {
    /// Where results that are not finite are noted.
    pub(super) odd: Ident,
    /// What the loop remembers.
    pub(super) site: Ident,
    pub(super) scope: Scope,
    pub(super) windows: Vec<Window>,
    /// Arrays that are stored to at places that are not known before the loop.
    pub(super) loose: Vec<VarId>,
    /// What is declared before the loop begins.
    pub(super) declared: Vec<TokenStream>,
    pub(super) sums: BTreeSet<VarId>,
    /// What the statement at hand assigns is noted in the next one: see [`Func::flows_on`].
    flows_on: bool,
    /// That has been so somewhere.
    has_flown_on: bool,
}

impl Noting {
    /// Does the loop store to the array?
    pub(super) fn is_stored(&self, array: VarId) -> bool {
        self.loose.contains(&array) || self.windows.iter().any(|w| w.array == array && w.stored)
    }
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is it such a loop?
    pub(super) fn dense(
        &self,
        target: &Target,
        iter: &Iter,
        body: &[Stmt],
        assigned: &BTreeSet<VarId>,
    ) -> Option<Dense> {
        if !self.has_room_for(Pass::Dense) || self.closures > 0 || self.fused.is_some() {
            return None;
        }
        let (IterKind::Range { step: None, .. }, TargetKind::Var(turn)) = (&iter.kind, &target.kind) else {
            return None;
        };
        let again = body.iter().flat_map(defines).any(|v| v == *turn);
        if again || self.hir.vars[*turn].cell || self.instance.vars[*turn] != Type::Int {
            return None;
        }
        let mut dense = Dense {
            scope: Scope::of(*turn, assigned.clone()),
            arrays: BTreeMap::new(),
            loose: BTreeSet::new(),
            windows: Vec::new(),
            sums: self.sums(body),
            depth: 0,
            site: None,
            is_shared: self.shares(target, iter, body).is_some(),
        };
        let fits = body.iter().all(|s| self.dense_stmt(s, &mut dense));
        (fits && !dense.arrays.is_empty()).then_some(dense)
    }

    /// Variables to which the loop does nothing but `v = v + …`, `v = v - …`, `v = v * …`: what is not finite stays
    /// such until the loop is over, so it is enough to look at them then.
    pub(super) fn sums(&self, body: &[Stmt]) -> BTreeSet<VarId> {
        let (mut sums, mut others) = (BTreeSet::new(), BTreeSet::new());
        self.sums_in(body, &mut sums, &mut others);
        sums.difference(&others).copied().collect()
    }

    fn sums_in(&self, body: &[Stmt], sums: &mut BTreeSet<VarId>, others: &mut BTreeSet<VarId>) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::If { test, body, orelse } => {
                    others.extend(defines(test));
                    self.sums_in(body, sums, others);
                    self.sums_in(orelse, sums, others);
                }
                StmtKind::Assign { targets, value } => match self.summed_var(targets, value) {
                    Some(var) => {
                        sums.insert(var);
                        others.extend(defines(value));
                    }
                    None => others.extend(defines(stmt)),
                },
                StmtKind::For { target, iter, body, orelse } => {
                    others.extend(defines(target));
                    others.extend(defines(iter));
                    self.sums_in(body, sums, others);
                    self.sums_in(orelse, sums, others);
                }
                _ => others.extend(defines(stmt)),
            }
        }
    }

    /// The variable of such an assignment.
    fn summed_var(&self, targets: &[Target], value: &Expr) -> Option<VarId> {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return None };
        let (ExprKind::Binary { op: BinOp::Add | BinOp::Sub | BinOp::Mult, left, .. }
        | ExprKind::InPlace { op: BinOp::Add | BinOp::Sub | BinOp::Mult, left, .. }) = &value.kind
        else {
            return None;
        };
        let hir = &self.hir.vars[*var];
        let float = |ty: &Type| match ty {
            Type::Float => true,
            Type::Numpy(dtype) => dtype.is_float(),
            _ => false,
        };
        let fits = matches!(left.kind, ExprKind::Local(v) if v == *var)
            && !hir.cell
            && !hir.maybe_unbound
            && matches!(self.node(value.id), Type::Numpy(dtype) if dtype.is_float())
            && self.instance.vars[*var].members().iter().all(float);
        fits.then_some(*var)
    }

    /// What is assigned to such a variable, which is looked at when the loop is over, or to one that flows on.
    pub(super) fn summed(&mut self, targets: &[Target], val: Val) -> Val {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return val };
        match (&mut self.noting, unnoted(&val.code)) {
            (Some(noting), Some(code)) if noting.sums.contains(var) => Val { code, ..val },
            (Some(noting), Some(code)) if noting.flows_on => {
                noting.has_flown_on = true;
                Val { code, ..val }
            }
            _ => val,
        }
    }

    /// Of `v = …` and `w = … v …`: is the second noted where the first is not finite, whatever else happens? An exception
    /// in between counts as something that is not finite.
    pub(super) fn flows_on(&mut self, stmt: &Stmt, next: Option<&Stmt>) {
        if self.noting.is_none() {
            return;
        }
        let flows = match (&stmt.kind, next.map(|next| &next.kind)) {
            (StmtKind::Assign { targets, .. }, Some(StmtKind::Assign { value, .. }))
                if self.terms.is_empty() =>
            {
                match targets.as_slice() {
                    [Target { kind: TargetKind::Var(var), .. }] => {
                        let plain = !self.hir.vars[*var].cell && is_double(&self.instance.vars[*var]);
                        plain && !matches!(value.kind, ExprKind::Local(_)) && self.flows_into(*var, value)
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if let Some(noting) = &mut self.noting {
            noting.flows_on = flows;
        }
    }

    /// The value is not finite if the variable is not.
    pub(super) fn flows_into(&self, var: VarId, value: &Expr) -> bool {
        is_double(&self.node(value.id))
            && match &value.kind {
                ExprKind::Local(v) => *v == var,
                ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => match op {
                    BinOp::Add | BinOp::Sub | BinOp::Mult => {
                        self.flows_into(var, left) || self.flows_into(var, right)
                    }
                    BinOp::Div => self.flows_into(var, left),
                    _ => false,
                },
                _ => false,
            }
    }

    /// A float operation of the second form on numbers of which one is NumPy's or Python's, whichever it is.
    pub(super) fn noted_mixed(&self, name: &str, args: &[Val]) -> Option<Val> {
        let odd = &self.noting.as_ref()?.odd;
        let double = Type::Numpy(Dtype::Float64);
        let [left, right] = args else { return None };
        let float = |v: &Val| is_either_double(&v.ty) || v.ty == double || v.ty == Type::Float;
        let either = match (is_either_double(&left.ty), is_either_double(&right.ty)) {
            (true, _) => &left.ty,
            (false, true) => &right.ty,
            (false, false) => return None,
        };
        if !float(left) || !float(right) {
            return None;
        }
        let op = match name {
            "+" => "add",
            "-" => "sub",
            "*" => "mul",
            "/" => "truediv",
            _ => return None,
        };
        if left.ty == double || right.ty == double {
            let code = self.noted(&format!("ndarray::float64::{op}"), &[left.owned(), right.owned()])?;
            return Some(Val::new(code, double));
        }
        let [left, right] = [(left, true), (right, op != "truediv")].map(|(val, through)| {
            let code = val.owned();
            unnoted(&code).filter(|_| through).unwrap_or(code)
        });
        let name = quote::format_ident!("either_{op}");
        let code = quote!(ndarray::#name(#left, #right));
        Some(Val::new(quote!(ndarray::noted(#code, &mut #odd)), either.clone()))
    }

    fn dense_stmt(&self, stmt: &Stmt, dense: &mut Dense) -> bool {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                let value = match &value.kind {
                    ExprKind::Tuple(items) => items.iter().all(|item| self.dense_expr(item, dense)),
                    _ => self.dense_expr(value, dense),
                };
                value && targets.iter().all(|t| self.dense_target(t, dense))
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.dense_expr(value, dense) && self.dense_target(target, dense)
            }
            StmtKind::If { test, body, orelse } => {
                self.dense_expr(test, dense) && body.iter().chain(orelse).all(|s| self.dense_stmt(s, dense))
            }
            StmtKind::While { test, body, orelse } => {
                dense.depth += 1;
                let fits = self.dense_expr(test, dense) && body.iter().all(|s| self.dense_stmt(s, dense));
                dense.depth -= 1;
                fits && orelse.is_empty()
            }
            StmtKind::For { target, iter, body, orelse } => {
                orelse.is_empty() && self.dense_for(target, iter, body, dense)
            }
            StmtKind::Break => dense.depth > 0,
            StmtKind::Continue | StmtKind::Pass => true,
            _ => false,
        }
    }

    /// The loops inside of one.
    pub(super) fn dense_block(&self, body: &[Stmt], dense: &mut Dense) -> bool {
        body.iter().all(|s| self.dense_stmt(s, dense))
    }

    /// In the second form of a loop, before signals are looked for in a `while` inside: what has been noted may be the
    /// reason why that does not end.
    pub(super) fn noted_so_far(&self) -> TokenStream {
        let Some(Noting { odd, site, .. }) = &self.noting else { return quote!() };
        let even = self.q(quote!(ndarray::even(&#site, #odd)));
        quote!(if fuel <= 1 { #even; })
    }

    fn dense_target(&self, target: &Target, dense: &mut Dense) -> bool {
        match &target.kind {
            TargetKind::Var(v) => !self.hir.vars[*v].cell && is_number(&self.instance.vars[*v]),
            TargetKind::Tuple(items) => items.iter().all(|t| self.dense_target(t, dense)),
            TargetKind::Index { base, index } => self.dense_place(base, index, true, dense),
            _ => false,
        }
    }

    fn dense_expr(&self, e: &Expr, dense: &mut Dense) -> bool {
        if !is_number(&self.node(e.id)) {
            return false;
        }
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) => true,
            ExprKind::Local(v) => !self.hir.vars[*v].cell,
            ExprKind::Binary { left, right, .. }
            | ExprKind::InPlace { left, right, .. }
            | ExprKind::Bool2 { left, right, .. }
            | ExprKind::Compare { left, right, .. } => {
                self.dense_expr(left, dense) && self.dense_expr(right, dense)
            }
            ExprKind::Unary { operand, .. } => self.dense_expr(operand, dense),
            ExprKind::Named { var, value } => {
                !self.hir.vars[*var].cell
                    && is_number(&self.instance.vars[*var])
                    && self.dense_expr(value, dense)
            }
            ExprKind::If { test, body, orelse } => {
                [test, body, orelse].into_iter().all(|e| self.dense_expr(e, dense))
            }
            ExprKind::Index { base, index } => {
                self.is_extent(e, &dense.scope) || self.dense_place(base, index, false, dense)
            }
            ExprKind::Call { name, args, keywords } => {
                keywords.is_empty()
                    && ["abs", "bool", "float", "int", "max", "min"].contains(&name.as_str())
                    && self.is_plain_builtin(e, name)
                    && args.iter().all(|a| self.dense_expr(a, dense))
                    || self.is_extent(e, &dense.scope)
            }
            ExprKind::ModuleCall { module, name, args, keywords } => {
                let known = match self.c_module(module).as_str() {
                    "math" => true,
                    module => crate::ops::is_of_numbers(&format!("{module}.{name}")),
                };
                known && keywords.is_empty() && args.iter().all(|a| self.dense_expr(a, dense))
            }
            _ => false,
        }
    }

    /// An element of an array that stays the same one.
    fn dense_place(&self, base: &Expr, index: &Expr, stored: bool, dense: &mut Dense) -> bool {
        let ExprKind::Local(array) = base.kind else { return false };
        let Type::Array(_, dims) = self.instance.vars[array] else { return false };
        let plain = !self.hir.vars[array].cell && !self.hir.vars[array].maybe_unbound;
        let parts: Vec<&Expr> = match &index.kind {
            ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![index],
        };
        if !plain || dense.scope.assigned.contains(&array) || parts.len() != usize::from(dims) {
            return false;
        }
        if !parts.iter().all(|part| self.dense_expr(part, dense)) {
            return false;
        }
        let known: Option<Vec<Part>> = parts.iter().map(|part| self.dense_part(part, &dense.scope)).collect();
        let loose = dense.arrays.entry(array).or_default();
        let Some(parts) = known else {
            *loose |= stored;
            if stored {
                dense.loose.extend(&dense.scope.open);
            }
            return true;
        };
        match dense.windows.iter_mut().find(|w| w.array == array && w.parts == parts) {
            Some(window) => window.stored |= stored,
            None => {
                let name = quote::format_ident!("__py_window{}", dense.windows.len());
                dense.windows.push(Window { array, parts, name, stored });
            }
        }
        true
    }

    /// The places that an element of the second form has, if they are known.
    fn window(&self, base: &Expr, index: &Expr) -> Option<(&Noting, &Window, Type)> {
        let noting = self.noting.as_ref()?;
        let (_, window) = self.window_in(base, index, &noting.scope)?;
        let Type::Array(dtype, _) = self.instance.vars[window.array] else { return None };
        Some((noting, window, Type::Numpy(dtype)))
    }

    /// The same in loops that are not being emitted as yet, and which of all windows it is.
    pub(super) fn window_in(&self, base: &Expr, index: &Expr, scope: &Scope) -> Option<(usize, &Window)> {
        let noting = self.noting.as_ref()?;
        let ExprKind::Local(array) = base.kind else { return None };
        let parts: Vec<&Expr> = match &index.kind {
            ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![index],
        };
        let part = |e: &Expr| self.dense_part(e, scope);
        let parts: Vec<Part> = parts.into_iter().map(part).collect::<Option<_>>()?;
        noting.windows.iter().enumerate().find(|(_, w)| w.array == array && w.parts == parts)
    }

    /// An element that is read through its window.
    pub(super) fn window_get(&self, base: &Expr, index: &Expr) -> Option<Val> {
        let (noting, window, ty) = self.window(base, index)?;
        let (name, at) = (window.inner(), window.at(&noting.scope));
        Some(Val::new(self.q(quote!(ndarray::window_get(#name, [#(#at),*]))), ty))
    }

    /// An element that is stored through its window.
    pub(super) fn window_set(&mut self, base: &Expr, index: &Expr, val: &Val) -> Option<TokenStream> {
        let (noting, window, ty) = self.window(base, index)?;
        let (name, at) = (window.inner(), window.at(&noting.scope));
        let at = quote!([#(#at),*]);
        if is_either_double(&val.ty) && ty == Type::Numpy(Dtype::Float64) {
            let value = val.owned();
            return Some(self.q(quote!(ndarray::window_set(#name, #at, #value))));
        }
        Some(self.dispatch(std::slice::from_ref(val), &mut |f, vals| {
            let value = vals[0].owned();
            Some(f.q(quote!(ndarray::window_set(#name, #at, #value))))
        }))
    }

    /// The second form of a loop over `chunk`, in front of the first; `inner` is the code of one turn.
    pub(super) fn dense_loop(
        &mut self,
        dense: Dense,
        (item, chunk): (&Ident, &Ident),
        (around, continues): (&Label, &Label),
        inner: &mut dyn FnMut(&mut Self) -> TokenStream,
    ) -> TokenStream {
        let (odd, slot) = (self.fresh("odd"), self.fresh("stop"));
        let (site, is_own) = match (&dense.site, &self.within_nest) {
            (Some(site), _) => (site.clone(), true),
            (None, Some(site)) => (site.clone(), false),
            (None, None) => (self.fresh("site"), true),
        };
        let (done, label) = (self.label("done"), self.label("dense"));
        let root = &dense.scope.levels[0];
        let (at, turns) = (root.at.clone(), root.count.clone());
        let is_nest = dense.scope.levels.len() > 1;
        let least = Literal::i64_suffixed(if is_nest { 1 } else { 2 });
        let (levels, few) = self.levels(&dense.scope, chunk);
        let few = if is_nest { quote!(if #(#few)&&*) } else { quote!() };
        let loose: Vec<VarId> = dense.arrays.iter().filter(|(_, loose)| **loose).map(|(v, _)| *v).collect();
        let stored: Vec<Ident> = loose.iter().map(|v| self.var_ident(*v)).collect();
        let often = dense.scope.turns(&dense.loose);
        let opened: Vec<TokenStream> = stored
            .iter()
            .map(|name| {
                let opened = self.q(quote!(ndarray::opened(cx, #name, #often)));
                quote!(let #name = #opened;)
            })
            .collect();
        let windows: Vec<TokenStream> =
            dense.windows.iter().map(|w| self.window_of(w, &dense.windows, &dense.scope)).collect();
        let kept = dense.windows.iter().filter(|w| w.stored && !dense.arrays[&w.array]);
        let kept: Vec<TokenStream> = kept
            .map(|w| {
                let (name, array) = (&w.name, self.var_ident(w.array));
                let kept = self.q(quote!(ndarray::kept(cx, #array, #name)));
                quote!(let Some(#name) = #kept)
            })
            .collect();
        let sums = dense.sums.clone();
        // What a loop inside has added up is noted behind it, where an exception does not get to.
        let caught = dense.scope.levels.iter().any(|level| !level.sums.is_empty());
        let noting = Noting {
            odd: odd.clone(),
            site: site.clone(),
            scope: dense.scope,
            windows: dense.windows,
            loose,
            declared: Vec::new(),
            sums: sums.clone(),
            flows_on: false,
            has_flown_on: false,
        };
        let before = self.noting.replace(noting);
        self.tries.push((label.clone(), slot.clone()));
        let body = inner(self);
        let settled = self.settle_windows(0);
        self.tries.pop();
        let caught = caught || self.noting.as_ref().is_some_and(|noting| noting.has_flown_on);
        let caught = if caught { quote!(ndarray::note_stop(#slot, &mut #odd);) } else { quote!() };
        let noting = std::mem::replace(&mut self.noting, before);
        let declared = noting.map(|noting| noting.declared).unwrap_or_default();
        let lasts: Vec<TokenStream> = sums
            .iter()
            .map(|v| {
                let name = self.var_ident(*v);
                quote!(ndarray::note_last(#name, &mut #odd);)
            })
            .collect();
        let noted = !lasts.is_empty() || mentions_ident(&body, &odd);
        let continues = label_if_used(&body, continues);
        let begin = quote!(let #item = #chunk.start.wrapping_add(#at); #settled);
        let body = quote!(#continues for #at in 0..#turns { #begin #body });
        let own = is_own.then(|| quote!(static #site: ndarray::Site = ndarray::Site::new();));
        let (begin, even, fresh, site) = match noted {
            true => (
                quote!(let mut #odd = 0i64;),
                self.q(quote!(ndarray::even(&#site, #odd))),
                quote!(&& #site.is_even()),
                quote!(#own),
            ),
            false => (quote!(), quote!(()), quote!(), quote!()),
        };
        let run = if mentions(&body, &label) {
            let rest = self.leave(quote!(Err::<(), Stop>(#slot)));
            quote! {
                #done: {
                    let #slot;
                    #label: {
                        #body
                        break #done;
                    }
                    #caught
                    #(#lasts)*
                    #even;
                    #rest
                }
            }
        } else {
            body
        };
        quote! {
            #site
            let #turns = #chunk.end - #chunk.start;
            if #turns >= #least #fresh {
                #(#levels)*
                #few {
                    #(#opened)*
                    if true #(&& #stored.is_free())* #(&& #windows)* #(&& #kept)* {
                        #begin
                        #(#declared)*
                        #run
                        #(#lasts)*
                        #even;
                        continue #around;
                    }
                }
            }
        }
    }

    /// A float operation of the second form: its result is noted, those of its operands that go on in it are not.
    pub(super) fn noted(&self, path: &str, codes: &[TokenStream]) -> Option<TokenStream> {
        let odd = &self.noting.as_ref()?.odd;
        let (module, op) = path.strip_prefix("ndarray::")?.split_once("::")?;
        let through = match (module, op) {
            ("float64" | "float32", "add" | "sub" | "mul") => [true, true],
            // What is not finite below the line may leave zero.
            ("float64" | "float32", "truediv") => [true, false],
            _ => return None,
        };
        let [left, right] = codes else { return None };
        let part = |code: &TokenStream, through: bool| match unnoted(code) {
            Some(inner) if through => inner,
            _ => code.clone(),
        };
        let (left, right) = (part(left, through[0]), part(right, through[1]));
        let (module, op) = (quote::format_ident!("{module}"), quote::format_ident!("quick_{op}"));
        let code = self.q(quote!(ndarray::#module::#op(#left, #right)));
        Some(quote!(ndarray::noted(#code, &mut #odd)))
    }
}

/// What was noted, without that: `ndarray::noted(CODE, &mut odd)`.
fn unnoted(code: &TokenStream) -> Option<TokenStream> {
    let trees: Vec<TokenTree> = code.clone().into_iter().collect();
    let [
        TokenTree::Ident(first),
        TokenTree::Punct(_),
        TokenTree::Punct(_),
        TokenTree::Ident(second),
        TokenTree::Group(group),
    ] = trees.as_slice()
    else {
        return None;
    };
    if *first != "ndarray" || *second != "noted" {
        return None;
    }
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    // A comma, `&mut`, and the name.
    Some(inside[..inside.len().checked_sub(4)?].iter().cloned().collect())
}

fn mentions_ident(code: &TokenStream, name: &Ident) -> bool {
    code.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions_ident(&group.stream(), name),
        _ => false,
    })
}

/// A number of either kind, or one of several.
pub(super) fn is_number(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Int | Type::Float | Type::Numpy(_) => true,
        Type::Union(items) => items.iter().all(is_number),
        _ => false,
    }
}

/// A double of NumPy's: what is computed of it is one as well, and noted.
fn is_double(ty: &Type) -> bool {
    *ty == Type::Numpy(Dtype::Float64)
}

/// A float, which may be Python's or NumPy's.
pub(super) fn is_either_double(ty: &Type) -> bool {
    match ty {
        Type::Union(items) => {
            items.len() == 2 && items.contains(&Type::Float) && items.contains(&Type::Numpy(Dtype::Float64))
        }
        _ => false,
    }
}
