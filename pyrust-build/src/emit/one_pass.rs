//! `a * w + b - c` of whole arrays of doubles: one pass over the elements instead of an array for each operation.
//!
//! Operands are evaluated first, in Python's order; those that Python would evaluate between two operations must leave
//! arrays as they are, and an exception of theirs bails, because an operation before it might have warned. Where the
//! runtime cannot do it in one pass the operations are done one after the other, on the same operands.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::dense::is_either_double;
use super::types::{Val, rust_type};
use crate::hir::visit::any_expr;
use crate::hir::{BinOp, Expr, ExprKind, UnaryOp, VarId};
use crate::numpy::Dtype;
use crate::passes::Pass;
use crate::ty::Type;

/// At most so many operands.
const MOST_OPERANDS: usize = 16;

/// At most so many arrays: there are registers for about as many places.
const MOST_ARRAYS: usize = 8;

/// The operands of a tree.
#[derive(Default)]
struct Operands<'e> {
    /// In Python's order, and whether an operation comes before.
    found: Vec<(&'e Expr, bool)>,
    /// Operations so far.
    operations: usize,
}

/// An operand when it has been evaluated.
struct Given {
    val: Val,
    /// Which of the arrays it is; none is a number.
    nth: Option<usize>,
}

impl Func<'_, '_, '_> {
    /// The value of such an expression.
    pub(super) fn in_one_pass(&mut self, e: &Expr) -> Option<Val> {
        let ty = self.node(e.id);
        let Type::Array(Dtype::Float64, 1..) = ty else { return None };
        if !self.has_room_for(Pass::Elementwise) || self.noting.is_some() || self.steps(e, &ty).is_none() {
            return None;
        }
        let mut operands = Operands::default();
        let named = any_expr(e, |e| matches!(e.kind, ExprKind::Named { .. }));
        let fits = !named && self.operands(e, &ty, &mut operands);
        // One operation alone is one pass anyway.
        if !fits || operands.operations < 2 || operands.found.len() > MOST_OPERANDS {
            return None;
        }
        let of_arrays = operands.found.iter().filter(|(operand, _)| is_array(&self.node(operand.id)));
        let vars = of_arrays.clone().filter_map(|(operand, _)| self.plain_var(operand));
        let others = of_arrays.filter(|(operand, _)| self.plain_var(operand).is_none()).count();
        if vars.collect::<BTreeSet<_>>().len() + others > MOST_ARRAYS {
            return None;
        }
        let (mut lets, mut given, mut arrays, mut spent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (operand, is_between) in operands.found {
            let (var, own) = (self.plain_var(operand), self.node(operand.id));
            let known = var.and_then(|var| arrays.iter().position(|(other, _)| *other == Some(var)));
            if let Some(nth) = known {
                let name: &(Option<VarId>, Ident) = &arrays[nth];
                let name = &name.1;
                given.push(Given { val: Val::place(quote!(#name), own), nth: Some(nth) });
                continue;
            }
            let val = match is_between && !is_certain(operand) && var.is_none() {
                true => {
                    let code = self.in_closure(|f| f.val(operand).owned());
                    let as_type = rust_type(&own);
                    let code = self.q(quote!(ndarray::calm((|| -> R<#as_type> { Ok(#code) })())));
                    Val { spent: self.makes_array(operand), ..Val::new(code, own.clone()) }
                }
                false => self.val(operand),
            };
            let (name, code) = (self.fresh("each"), val.owned());
            lets.push(quote!(let #name = #code;));
            let is_array = is_array(&own);
            let nth = is_array.then_some(arrays.len());
            if val.spent {
                spent.push(name.clone());
            }
            given.push(Given { val: Val::place(quote!(#name), own), nth });
            if is_array {
                arrays.push((var.filter(|_| is_array), name));
            }
        }
        let tree = self.tree(e, &ty, &mut given.iter());
        let slowly = self.one_by_one(e, &ty, &mut given.iter()).code;
        let (tries, out) = (self.fresh("tries"), self.fresh("out"));
        let names = arrays.iter().map(|(_, name)| name);
        let quickly = self.q(quote!(ndarray::one_pass(cx, &#tries, [#(#names),*], #tree)));
        let code = quote!({
            static #tries: ndarray::Tries = ndarray::Tries::new();
            #(#lets)*
            let #out = match #quickly { Some(#out) => #out, None => #slowly };
            #(ndarray::spent(cx, #spent);)*
            #out
        });
        Some(Val::new(code, ty))
    }

    /// The operands of an operation that can be part of a pass over arrays of such a type.
    fn steps<'e>(&self, e: &'e Expr, ty: &Type) -> Option<Vec<&'e Expr>> {
        if self.node(e.id) != *ty || self.instance.calls.contains_key(&e.id) {
            return None;
        }
        let operands: Vec<&Expr> = match &e.kind {
            ExprKind::Unary { op: UnaryOp::Neg, operand } => vec![operand],
            ExprKind::Binary { op: BinOp::Pow, left, right } if matches!(right.kind, ExprKind::Int(2)) => {
                vec![left]
            }
            ExprKind::Binary { op: BinOp::Add | BinOp::Sub | BinOp::Mult | BinOp::Div, left, right } => {
                vec![left, right]
            }
            _ => return None,
        };
        operands.iter().all(|operand| self.takes_part(operand, ty)).then_some(operands)
    }

    /// An array of that type, or a number that becomes a double.
    fn takes_part(&self, e: &Expr, ty: &Type) -> bool {
        match self.node(e.id) {
            Type::Int | Type::Float | Type::Bool => true,
            Type::Numpy(dtype) => dtype == Dtype::Float64,
            own => own == *ty || is_either_double(&own),
        }
    }

    fn operands<'e>(&self, e: &'e Expr, ty: &Type, out: &mut Operands<'e>) -> bool {
        let Some(operands) = self.steps(e, ty) else {
            let is_between = out.operations > 0;
            out.found.push((e, is_between));
            return !is_between || self.only_reads(e);
        };
        let fits = operands.into_iter().all(|operand| self.operands(operand, ty, out));
        out.operations += 1;
        fits
    }

    /// The variable that is read, and that has a value in any case.
    fn plain_var(&self, e: &Expr) -> Option<VarId> {
        let ExprKind::Local(var) = e.kind else { return None };
        let plain = !self.hir.vars[var].cell && !self.hir.vars[var].maybe_unbound;
        (plain && self.instance.vars[var] == self.node(e.id)).then_some(var)
    }

    /// Does it only read?
    fn only_reads(&self, e: &Expr) -> bool {
        let ty = self.node(e.id);
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None => true,
            ExprKind::Local(var) => !self.deferred.contains_key(var),
            ExprKind::Global(_) | ExprKind::ModuleAttr { .. } => is_number(&ty) || is_array(&ty),
            ExprKind::Unary { operand, .. } => is_number(&ty) && self.only_reads(operand),
            ExprKind::Binary { left, right, .. } => {
                (is_number(&ty) || is_array(&ty)) && self.only_reads(left) && self.only_reads(right)
            }
            ExprKind::Tuple(items) => items.iter().all(|item| self.only_reads(item)),
            ExprKind::Index { base, index } => {
                is_array(&self.node(base.id)) && self.only_reads(base) && self.only_reads(index)
            }
            ExprKind::Slice { base, lower, upper, step } => {
                let mut bounds = [lower, upper, step].into_iter().flatten();
                is_array(&self.node(base.id)) && self.only_reads(base) && bounds.all(|b| self.only_reads(b))
            }
            ExprKind::Method { base, name, args, keywords } => {
                let of = self.node(base.id);
                let reads = match (&of, name.strip_prefix("attribute ")) {
                    (Type::Instance(class), Some(name)) => self.file.program.method_of(class, name).is_none(),
                    (Type::Array(..), _) => READING.contains(&name.as_str()),
                    _ => false,
                };
                reads
                    && keywords.is_empty()
                    && self.only_reads(base)
                    && args.iter().all(|a| self.only_reads(a))
            }
            ExprKind::ModuleCall { module, name, args, keywords } => {
                self.c_module(module) == "numpy"
                    && READING.contains(&name.as_str())
                    && keywords.is_empty()
                    && args.iter().all(|a| self.only_reads(a))
            }
            _ => false,
        }
    }

    /// The expression as the runtime goes through it.
    fn tree<'g>(&self, e: &Expr, ty: &Type, given: &mut impl Iterator<Item = &'g Given>) -> TokenStream {
        let Some(operands) = self.steps(e, ty) else {
            let Some(Given { val, nth }) = given.next() else { unreachable!("as many as were found") };
            let code = &val.code;
            return match nth {
                Some(nth) => {
                    let nth = Literal::usize_unsuffixed(*nth);
                    quote!(ndarray::Nth::<#nth>)
                }
                None => self.q(quote!(ndarray::every(#code))),
            };
        };
        let operands: Vec<_> = operands.into_iter().map(|operand| self.tree(operand, ty, given)).collect();
        let name = format_ident!(
            "{}",
            match &e.kind {
                ExprKind::Unary { .. } => "Opposite",
                ExprKind::Binary { op: BinOp::Add, .. } => "Sum",
                ExprKind::Binary { op: BinOp::Sub, .. } => "Difference",
                ExprKind::Binary { op: BinOp::Mult, .. } => "Product",
                ExprKind::Binary { op: BinOp::Div, .. } => "Quotient",
                _ => "Squared",
            }
        );
        quote!(ndarray::#name(#(#operands),*))
    }

    /// The same, one operation after the other.
    fn one_by_one<'g>(&mut self, e: &Expr, ty: &Type, given: &mut impl Iterator<Item = &'g Given>) -> Val {
        let Some(operands) = self.steps(e, ty) else {
            let Some(given) = given.next() else { unreachable!("as many as were found") };
            return given.val.clone();
        };
        let operands: Vec<_> =
            operands.into_iter().map(|operand| self.one_by_one(operand, ty, given)).collect();
        let code = match (&e.kind, operands.as_slice()) {
            (ExprKind::Binary { op, .. }, [left, right]) => self.binary(*op, left, right, ty),
            (ExprKind::Binary { op, right, .. }, [left]) => {
                let right = self.val(right);
                self.binary(*op, left, &right, ty)
            }
            _ => self.apply("neg", &operands, ty),
        };
        Val { spent: self.makes_array(e), ..Val::new(code, ty.clone()) }
    }
}

/// Methods of arrays and functions of NumPy that only read.
const READING: &[&str] = &[
    "abs",
    "absolute",
    "attribute T",
    "copy",
    "cos",
    "exp",
    "log",
    "max",
    "mean",
    "min",
    "sin",
    "sqrt",
    "square",
    "std",
    "sum",
    "tan",
    "tanh",
    "var",
];

fn is_array(ty: &Type) -> bool {
    matches!(ty, Type::Array(..))
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Bool | Type::Numpy(_)) || is_either_double(ty)
}

/// Does nothing at all happen when it is evaluated?
fn is_certain(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_))
}
