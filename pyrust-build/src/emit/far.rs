//! Ints of any size that stay in 128 bits: `state = (state + GAMMA) & MASK`, and what follows from it.
//!
//! Where [`crate::infer::ranges`] finds between which numbers such a variable stays, it is an `i128`, and so is arithmetic on
//! such variables; overflow is not looked at, since there is none. Everywhere else the value is made a `Big`, which costs a
//! look at its upper half. Of what stands under a mask the lowest 64 bits are computed, as ever ([`super::masked`]).

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::between::order;
use super::masked::{mask, modulus};
use super::types::{Val, rust_type};
use super::{File, Func};
use crate::hir::{self, BinOp, CmpOp, Expr, ExprKind, NodeId, ParamKind, Target, TargetKind, UnaryOp, VarId};
use crate::infer::ranges::{Given, Interval, Ranges};
use crate::passes::Pass;
use crate::ty::Type;

/// The variables that are computed in 128 bits; of parameters only those that come so.
pub(super) fn found(
    function: &hir::Function,
    ranges: &Ranges,
    narrowed: &BTreeMap<VarId, VarId>,
    given: &BTreeSet<VarId>,
) -> BTreeSet<VarId> {
    let plain = |v: &VarId| {
        let var = &function.vars[*v];
        let narrows = narrowed.iter().any(|(to, from)| to == v || from == v);
        let comes = given.contains(v) || function.params.iter().all(|p| p.var != *v);
        !var.cell && !var.maybe_unbound && comes && !narrows
    };
    (0..function.vars.len()).filter(plain).filter(|v| ranges.is_far(*v)).collect()
}

/// A second form of a function, which takes ints of at most 64 bits without a sign in the place of ints of any size:
/// `rotl(x, k)`. Whoever calls the other one gets here when its arguments are such.
#[derive(Clone)]
pub(super) struct Form {
    /// The parameters that it takes so.
    pub params: BTreeSet<VarId>,
    /// Between which numbers the result stays: then it is one of 128 bits.
    pub ret: Option<Interval>,
}

/// The forms that have been asked for.
#[derive(Default)]
pub(super) struct Forms {
    known: BTreeMap<usize, Option<Form>>,
    /// See [`File::word_returned`].
    returned: BTreeMap<usize, Option<Interval>>,
    names: BTreeMap<usize, Ident>,
    pub pending: Vec<usize>,
}

impl File<'_, '_> {
    /// That form of an instance, where it gains by it.
    pub(super) fn far_form(&mut self, index: usize) -> Option<Form> {
        if let Some(known) = self.far.known.get(&index) {
            return known.clone();
        }
        // A function that comes back to itself knows nothing of what it returns.
        self.far.known.insert(index, None);
        let form = self.find_far_form(index);
        self.far.known.insert(index, form.clone());
        form
    }

    fn find_far_form(&mut self, index: usize) -> Option<Form> {
        let program = self.program;
        let instance = &program.instances[index];
        let hir = &instance.hir;
        let any_size =
            |i: usize| instance.entry_type(i) == Type::Big && instance.vars[hir.params[i].var] == Type::Big;
        let given: BTreeSet<VarId> =
            (0..hir.params.len()).filter(|i| any_size(*i)).map(|i| hir.params[i].var).collect();
        if given.is_empty()
            || hir.yields.is_some()
            || !program.passes.has(Pass::Far)
            || self.rare.contains(&index)
        {
            return None;
        }
        let ranges = self.ranges_of(index, &given.iter().map(|v| (*v, Interval::BITS)).collect());
        let far = found(hir, &ranges, &hir::visit::narrowed(&hir.body), &given);
        let params: BTreeSet<VarId> = given.into_iter().filter(|v| far.contains(v)).collect();
        let ret = ranges.far_returned(hir, &instance.nodes).filter(|_| instance.ret == Type::Big);
        (!params.is_empty()).then_some(Form { params, ret })
    }

    /// Between which numbers the variables of an instance stay.
    pub(super) fn ranges_of(&mut self, index: usize, params: &BTreeMap<VarId, Interval>) -> Ranges {
        let program = self.program;
        if !program.passes.has(Pass::Ranges) {
            return Ranges::unknown();
        }
        let instance = &program.instances[index];
        let calls =
            instance.calls.iter().filter_map(|(node, callee)| Some((*node, self.far_form(*callee)?.ret?)));
        let calls = calls.collect();
        let words =
            instance.calls.iter().filter_map(|(node, callee)| Some((*node, self.word_returned(*callee)?)));
        let words = words.collect();
        let is_other = |name: &str| program.binding(&instance.func.module, name).is_some();
        Ranges::of(
            &instance.hir,
            &instance.vars,
            &instance.nodes,
            &Given { is_other: &is_other, params, calls: &calls, words: &words },
        )
    }

    /// Between which numbers an int of 64 bits stays that an instance returns, whatever it is called with.
    ///
    /// ```python
    /// def days_in_month(year, month): ...      # 28 to 31
    /// ```
    fn word_returned(&mut self, index: usize) -> Option<Interval> {
        let instance = &self.program.instances[index];
        if instance.ret != Type::Int || instance.hir.yields.is_some() {
            return None;
        }
        if let Some(known) = self.far.returned.get(&index) {
            return *known;
        }
        // A function that comes back to itself knows nothing of what it returns.
        self.far.returned.insert(index, None);
        let range = self.ranges_of(index, &BTreeMap::new()).far_returned(&instance.hir, &instance.nodes);
        let range = range.map(Interval::clamped).filter(|range| *range != Interval::ANY);
        self.far.returned.insert(index, range);
        range
    }

    /// What an instance calls that has such a form.
    pub(super) fn far_callees(&mut self, index: usize) -> BTreeMap<usize, Form> {
        let calls: BTreeSet<usize> = self.program.instances[index].calls.values().copied().collect();
        calls.into_iter().filter_map(|callee| Some((callee, self.far_form(callee)?))).collect()
    }

    /// The name of that form; asking for it makes sure that it is emitted.
    fn want_far(&mut self, index: usize) -> Ident {
        if let Some(name) = self.far.names.get(&index) {
            return name.clone();
        }
        let base = format!("{}__far", self.want(index));
        let name = self.unused_name(&base);
        self.far.names.insert(index, name.clone());
        self.far.pending.push(index);
        name
    }

    /// That form.
    pub(super) fn far_function(&mut self, index: usize) -> TokenStream {
        let name = self.want_far(index);
        let hir = self.program.instances[index].hir.clone();
        let mut func = Func::new(self, index, &hir);
        func.becomes_far();
        func.emit(&name, None)
    }
}

impl Func<'_, '_, '_> {
    /// Emits the form for ints of 64 bits.
    fn becomes_far(&mut self) {
        let Some(form) = self.file.far_form(self.index) else { return };
        let given = form.params.iter().map(|v| (*v, Interval::BITS)).collect();
        self.ranges = self.file.ranges_of(self.index, &given);
        self.far = found(self.hir, &self.ranges, &self.narrowed, &form.params);
        self.far_form = Some(form);
    }

    /// What stands in front of the body of the other form: whoever has ints of 64 bits goes on in this one.
    pub(super) fn far_door(&mut self) -> TokenStream {
        if self.far_form.is_some() || self.hir.yields.is_some() {
            return quote!();
        }
        let Some(form) = self.file.far_form(self.index) else { return quote!() };
        let name = self.file.want_far(self.index);
        let params: Vec<_> = self.hir.params.iter().map(|p| self.var_ident(p.var)).collect();
        let far: Vec<_> = form.params.iter().map(|v| self.var_ident(*v)).collect();
        let call = quote!(#name(cx, #(#params),*));
        let call = if form.ret.is_some() { quote!(#call.map(big::of_128)) } else { call };
        quote! {
            if let (#(Some(#far),)*) = (#(big::word(&#far),)*) {
                return #call;
            }
        }
    }

    /// What `return` gives in that form.
    pub(super) fn far_result(&mut self, value: &Expr) -> Option<TokenStream> {
        self.far_form.as_ref()?.ret?;
        match self.far_value(value) {
            Some(code) => Some(code),
            None => {
                let code = self.value_as(value, &Type::Big);
                Some(self.far_stored(&code))
            }
        }
    }

    /// What holds the values of a variable.
    pub(super) fn var_type(&self, v: hir::VarId) -> TokenStream {
        if self.far.contains(&v) { quote!(i128) } else { rust_type(&self.instance.vars[v]) }
    }

    /// The type of the result.
    pub(super) fn result_type(&self) -> TokenStream {
        match self.far_form.as_ref().and_then(|form| form.ret) {
            Some(_) => quote!(i128),
            None => rust_type(&self.instance.ret),
        }
    }

    /// Does a call get there? Its arguments are given by position, and all of 64 bits where the parameters are.
    fn far_callee(&self, node: NodeId, args: &[Expr]) -> Option<(usize, Form)> {
        let callee = self.instance.calls.get(&node).copied()?;
        let form = self.far_callees.get(&callee)?.clone();
        let hir = &self.file.program.instances[callee].hir;
        let fits = |(param, arg): (&hir::Param, &Expr)| {
            let range = self.ranges.far(arg, &self.instance.nodes);
            let bits = range.is_some_and(|range| range.is_within(Interval::BITS)) && self.is_far(arg);
            let plain = matches!(param.kind, ParamKind::Positional | ParamKind::PositionalOnly);
            plain && (!form.params.contains(&param.var) || bits)
        };
        let all = hir.params.len() == args.len() && hir.params.iter().zip(args).all(fits);
        (all && !self.hir.in_generator.contains(&node)).then_some((callee, form))
    }

    /// Such a call: its code, and whether the result is one of 128 bits.
    pub(super) fn far_call(&mut self, node: NodeId, args: &[Expr]) -> Option<(TokenStream, bool)> {
        let (callee, form) = self.far_callee(node, args)?;
        let target = &self.file.program.instances[callee];
        let (hir, name) = (target.hir.clone(), self.file.want_far(callee));
        let types: Vec<Type> = (0..args.len()).map(|i| target.entry_type(i)).collect();
        let codes: Vec<_> = hir
            .params
            .iter()
            .zip(args)
            .zip(&types)
            .map(
                |((param, arg), ty)| {
                    if form.params.contains(&param.var) { self.in_128(arg) } else { self.value_as(arg, ty) }
                },
            )
            .collect();
        let depth = self.depth_of(callee);
        Some((self.q(quote!(#name(#depth, #(#codes),*))), form.ret.is_some()))
    }

    /// The value in 128 bits, where all that it is made of has room there. Of words too; no operation on words alone.
    pub(super) fn far_value(&mut self, e: &Expr) -> Option<TokenStream> {
        if !self.is_far(e) {
            return None;
        }
        Some(self.in_128(e))
    }

    /// The same as the value that a node of that type has; None for what is no arithmetic of ints of any size.
    pub(super) fn far_node(&mut self, e: &Expr, ty: &Type) -> Option<Val> {
        let whole = match (&e.kind, ty) {
            (ExprKind::Int(_) | ExprKind::Big(_), _) => false,
            (_, Type::Big) => true,
            (_, Type::Int) => self.cuts(e),
            _ => false,
        };
        if !whole {
            return None;
        }
        let code = self.far_value(e)?;
        let code = if *ty == Type::Int { quote!((#code as i64)) } else { quote!(big::of_128(#code)) };
        Some(Val::new(code, ty.clone()))
    }

    /// `left < right` of ints of any size.
    pub(super) fn far_compare(&mut self, op: CmpOp, left: &Expr, right: &Expr) -> Option<TokenStream> {
        let op = order(op)?;
        let any_size = self.node(left.id) == Type::Big || self.node(right.id) == Type::Big;
        if !any_size || !self.is_far(left) || !self.is_far(right) {
            return None;
        }
        let (l, r) = (self.in_128(left), self.in_128(right));
        Some(quote!((#l #op #r)))
    }

    /// `var = value`, where the variable is computed in 128 bits and the value can be.
    pub(super) fn far_assign(&mut self, target: &Target, value: &Expr) -> Option<TokenStream> {
        let TargetKind::Var(var) = target.kind else { return None };
        if !self.far.contains(&var) {
            return None;
        }
        let (name, code) = (self.var_ident(var), self.far_value(value)?);
        Some(quote!(#name = #code;))
    }

    /// The same for one of several that are assigned at once: read before anything is written.
    pub(super) fn far_item(
        &mut self,
        target: &Target,
        value: &Expr,
        lets: &mut Vec<TokenStream>,
    ) -> Option<TokenStream> {
        let TargetKind::Var(var) = target.kind else { return None };
        if !self.far.contains(&var) {
            return None;
        }
        let (name, code, new) = (self.var_ident(var), self.far_value(value)?, self.fresh("v"));
        lets.push(quote!(let #new = #code;));
        Some(quote!(#name = #new;))
    }

    /// What a variable that is computed in 128 bits is assigned of a value that is not.
    pub(super) fn far_stored(&mut self, code: &TokenStream) -> TokenStream {
        self.q(quote!(big::in_128(&#code)))
    }

    /// Can it be computed in 128 bits?
    pub(super) fn is_far(&self, e: &Expr) -> bool {
        match self.node(e.id) {
            Type::Int | Type::Bool => true,
            Type::Big => {
                self.ranges.far(e, &self.instance.nodes).is_some()
                    && match &e.kind {
                        ExprKind::Int(_) | ExprKind::Big(_) => true,
                        ExprKind::Local(var) => self.far.contains(var),
                        ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                            self.is_cut(*op, left, right).is_some() || self.is_far_operation(*op, left, right)
                        }
                        ExprKind::Unary { op, operand } => *op != UnaryOp::Not && self.is_far_number(operand),
                        ExprKind::Call { args, keywords, .. } => {
                            keywords.is_empty()
                                && self.far_callee(e.id, args).is_some_and(|(_, form)| form.ret.is_some())
                        }
                        ExprKind::If { test, body, orelse } => {
                            self.decide(test).is_none() && self.is_far(body) && self.is_far(orelse)
                        }
                        _ => false,
                    }
            }
            _ => false,
        }
    }

    /// An operation on ints of any size that leaves a word.
    fn cuts(&self, e: &Expr) -> bool {
        let (ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }) = &e.kind else {
            return false;
        };
        let range = self.ranges.far(e, &self.instance.nodes);
        range.is_some_and(Interval::is_word)
            && [left, right].iter().any(|e| self.node(e.id) == Type::Big)
            && self.is_far_operation(*op, left, right)
    }

    /// No truth value: from 3.12 on `~True` warns.
    fn is_far_number(&self, e: &Expr) -> bool {
        self.node(e.id) != Type::Bool && self.is_far(e)
    }

    /// The tree of which a mask leaves the lowest bits, and the mask.
    fn is_cut<'e>(&self, op: BinOp, left: &'e Expr, right: &'e Expr) -> Option<(&'e Expr, u64)> {
        let cut = match op {
            BinOp::BitAnd => mask(right).map(|m| (left, m)).or_else(|| mask(left).map(|m| (right, m))),
            BinOp::Mod => modulus(right).map(|m| (left, m)),
            _ => None,
        };
        cut.filter(|(tree, _)| self.is_int(tree))
    }

    fn is_far_operation(&self, op: BinOp, left: &Expr, right: &Expr) -> bool {
        let range = |e: &Expr| self.ranges.far(e, &self.instance.nodes);
        let known = match op {
            BinOp::Add | BinOp::Sub | BinOp::Mult | BinOp::BitAnd | BinOp::BitOr | BinOp::BitXor => true,
            // A count that is negative raises.
            BinOp::LShift | BinOp::RShift => range(right).is_some_and(|r| r.is_unsigned()),
            BinOp::FloorDiv | BinOp::Mod => range(right).is_some_and(|r| r.lo > 0),
            _ => false,
        };
        known && range(left).is_some() && range(right).is_some() && self.is_far(left) && self.is_far(right)
    }

    fn in_128(&mut self, e: &Expr) -> TokenStream {
        match self.node(e.id) {
            Type::Big => {}
            Type::Int if self.cuts(e) => {}
            _ => {
                if let ExprKind::Int(i) = e.kind {
                    return number(i.into());
                }
                let value = self.value_as(e, &Type::Int);
                return quote!(i128::from(#value));
            }
        }
        match &e.kind {
            ExprKind::Int(i) => number((*i).into()),
            ExprKind::Big(big) => number(big.to_i128().unwrap_or_default()),
            ExprKind::Local(var) => {
                let name = self.var_ident(*var);
                quote!(#name)
            }
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                if let Some((tree, mask)) = self.is_cut(*op, left, right) {
                    let (low, mask) = (self.low(tree), Literal::u64_suffixed(mask));
                    return quote!(i128::from(#low as u64 & #mask));
                }
                let small = |f: &Self, e: &Expr| {
                    let range = f.ranges.far(e, &f.instance.nodes);
                    range.is_some_and(|r| r.lo >= 0 && r.hi <= u64::MAX.into())
                };
                let words = small(self, left) && small(self, right);
                let (l, r) = (self.in_128(left), self.in_128(right));
                match op {
                    BinOp::Add => quote!((#l + #r)),
                    BinOp::Sub => quote!((#l - #r)),
                    BinOp::Mult => quote!((#l * #r)),
                    BinOp::BitAnd => quote!((#l & #r)),
                    BinOp::BitOr => quote!((#l | #r)),
                    BinOp::BitXor => quote!((#l ^ #r)),
                    BinOp::LShift => quote!((#l << #r)),
                    BinOp::RShift => match right.kind {
                        ExprKind::Int(0..=127) => quote!((#l >> #r)),
                        _ => quote!((#l >> #r.min(127))),
                    },
                    BinOp::FloorDiv if words => quote!(i128::from(#l as u64 / #r as u64)),
                    BinOp::Mod if words => quote!(i128::from(#l as u64 % #r as u64)),
                    BinOp::FloorDiv => quote!(i128::div_euclid(#l, #r)),
                    _ => quote!(i128::rem_euclid(#l, #r)),
                }
            }
            ExprKind::Unary { op, operand } => {
                let inner = self.in_128(operand);
                match op {
                    UnaryOp::Neg => quote!((-#inner)),
                    UnaryOp::Invert => quote!((!#inner)),
                    UnaryOp::Pos | UnaryOp::Not => inner,
                }
            }
            ExprKind::If { test, body, orelse } => {
                let test = self.test(test);
                let (a, b) = (self.in_128(body), self.in_128(orelse));
                quote!(if #test { #a } else { #b })
            }
            ExprKind::Call { args, .. } => match self.far_call(e.id, args) {
                Some((code, _)) => code,
                None => unreachable!("checked by `is_far`"),
            },
            _ => unreachable!("checked by `is_far`"),
        }
    }
}

fn number(value: i128) -> TokenStream {
    let size = Literal::i128_suffixed(value.abs());
    if value < 0 { quote!((-#size)) } else { quote!(#size) }
}
