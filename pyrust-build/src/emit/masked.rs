//! Arithmetic of which only the lowest 64 bits are asked for: `(h ^ c) * PRIME & 0xFFFFFFFFFFFFFFFF`.
//!
//! In two's complement the lowest bits of sums, products, complements and shifts to the left follow from those of the
//! operands, whatever size these have. So the tree under a mask, or under `% 2**64`, is computed in words that wrap around.
//! What lies further down (`>>`, `//`, calls) is computed as ever. Where the mask is no constant, it is looked at when it
//! is there: one that is negative or longer than 64 bits has the whole tree computed.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::visit::each_expr;
use crate::hir::{BinOp, Expr, ExprKind, UnaryOp};
use crate::infer::masks;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `left & right` or `left % right` of type `ty`, if it leaves at most 64 bits of what a tree of ints of any size yields.
    pub(super) fn masked(&mut self, op: BinOp, left: &Expr, right: &Expr, ty: &Type) -> Option<Val> {
        let any_size = |e: &Expr| self.node(e.id) == Type::Big;
        if !matches!(op, BinOp::BitAnd | BinOp::Mod)
            || !matches!(ty, Type::Int | Type::Big)
            || !(any_size(left) || any_size(right))
            || !self.is_int(left)
            || !self.is_int(right)
        {
            return None;
        }
        let known = match op {
            BinOp::BitAnd => mask(right).map(|m| (left, m)).or_else(|| mask(left).map(|m| (right, m))),
            _ => modulus(right).map(|m| (left, m)),
        };
        if let Some((tree, mask)) = known {
            let (low, mask) = (self.low(tree), Literal::u64_suffixed(mask));
            let code = quote!((#low & #mask as i64));
            let code = if *ty == Type::Int { code } else { quote!(big::of_low(#code)) };
            return Some(Val::new(code, ty.clone()));
        }
        let named = |e: &Expr| match op {
            BinOp::BitAnd => matches!(e.kind, ExprKind::Global(_) | ExprKind::Local(_)),
            _ => matches!(e.kind, ExprKind::Global(_)),
        };
        let on_the_right = match (self.is_low(left), self.is_low(right)) {
            (true, false) if named(right) => true,
            (false, true) if named(left) && op == BinOp::BitAnd => false,
            _ => return None,
        };
        if *ty != Type::Big || binds(left) || binds(right) {
            return None;
        }
        let mut lets = Vec::new();
        let ((ll, l), (rl, r)) = (self.both(left, &mut lets), self.both(right, &mut lets));
        let (low, mask) = if on_the_right { (ll, &r) } else { (rl, &l) };
        let mask = match mask.ty {
            Type::Big => mask.by_ref(),
            _ => {
                let code = self.coerce(mask, &Type::Big);
                quote!(&#code)
            }
        };
        let test = if op == BinOp::Mod { quote!(big::modulus) } else { quote!(big::mask) };
        let whole = self.binary(op, &l, &r, ty);
        let code = quote!({
            #(#lets)*
            match #test(#mask) {
                Some(__py_mask) => big::of_low(#low & __py_mask),
                None => #whole,
            }
        });
        Some(Val::new(code, ty.clone()))
    }

    pub(super) fn is_int(&self, e: &Expr) -> bool {
        matches!(self.node(e.id), Type::Int | Type::Big | Type::Bool)
    }

    /// Do the lowest bits follow from those of the operands?
    pub(super) fn is_low(&self, e: &Expr) -> bool {
        if !matches!(self.node(e.id), Type::Int | Type::Big) {
            return false;
        }
        match &e.kind {
            ExprKind::Binary { op, left, right } => {
                self.is_int(left)
                    && self.is_int(right)
                    && match op {
                        BinOp::LShift => self.node(right.id) != Type::Big,
                        BinOp::Mult | BinOp::Add | BinOp::Sub => true,
                        BinOp::BitXor | BinOp::BitOr | BinOp::BitAnd => true,
                        _ => false,
                    }
            }
            ExprKind::Unary { op, operand } => match op {
                UnaryOp::Not => false,
                // From 3.12 on that of a truth value warns, which is Python's.
                UnaryOp::Invert => self.is_int(operand) && self.node(operand.id) != Type::Bool,
                UnaryOp::Neg | UnaryOp::Pos => self.is_int(operand),
            },
            _ => false,
        }
    }

    /// The lowest 64 bits of the value.
    pub(super) fn low(&mut self, e: &Expr) -> TokenStream {
        if !self.is_low(e) {
            return match (&e.kind, self.node(e.id)) {
                (ExprKind::Big(number), _) => {
                    let size = number.limbs.first().copied().unwrap_or(0);
                    let word =
                        Literal::u64_suffixed(if number.negative { size.wrapping_neg() } else { size });
                    quote!((#word as i64))
                }
                (_, Type::Big) if let Some(far) = self.far_value(e) => quote!((#far as i64)),
                (_, Type::Big) => low_of(&self.opened_val(e)),
                _ => self.value_as(e, &Type::Int),
            };
        }
        match &e.kind {
            ExprKind::Binary { op: BinOp::LShift, left, right } => {
                let (l, r) = (self.low(left), self.value_as(right, &Type::Int));
                self.q(quote!(int::shl_low(#l, #r)))
            }
            ExprKind::Binary { op, left, right } => {
                let (l, r) = (self.low(left), self.low(right));
                wrapping(*op, &l, &r)
            }
            ExprKind::Unary { op, operand } => {
                let inner = self.low(operand);
                turned(*op, &inner)
            }
            _ => self.value_as(e, &Type::Int),
        }
    }

    /// The lowest 64 bits, and the value as a whole. What both are made of is evaluated in `lets`, in Python's order.
    fn both(&mut self, e: &Expr, lets: &mut Vec<TokenStream>) -> (TokenStream, Val) {
        let ty = self.node(e.id);
        if !self.is_low(e) {
            let val = self.opened_val(e);
            let val = self.bind(&val, lets);
            let low = if let ExprKind::Big(_) = e.kind { self.low(e) } else { low_of(&val) };
            return (low, val);
        }
        match &e.kind {
            ExprKind::Binary { op, left, right } => {
                let ((ll, l), (rl, r)) = (self.both(left, lets), self.both(right, lets));
                let low = if *op == BinOp::LShift {
                    let (name, shifted) = (self.fresh("low"), self.q(quote!(int::shl_low(#ll, #rl))));
                    lets.push(quote!(let #name = #shifted;));
                    quote!(#name)
                } else {
                    wrapping(*op, &ll, &rl)
                };
                let whole = if masks(*op, left, right) && [&l.ty, &r.ty].contains(&&Type::Big) {
                    let (l, r) = if l.ty == Type::Big { (l, r) } else { (r, l) };
                    self.apply("& word", &[l, r], &ty)
                } else {
                    self.at(e.id, |f| f.binary(*op, &l, &r, &ty))
                };
                (low, Val::new(whole, ty))
            }
            ExprKind::Unary { op, operand } => {
                let (low, val) = self.both(operand, lets);
                let name = match op {
                    UnaryOp::Neg => "neg",
                    UnaryOp::Invert => "inv",
                    UnaryOp::Pos | UnaryOp::Not => "pos",
                };
                let whole = self.at(e.id, |f| f.apply(name, &[val], &ty));
                (turned(*op, &low), Val::new(whole, ty))
            }
            _ => unreachable!("checked by `is_low`"),
        }
    }
}

fn low_of(val: &Val) -> TokenStream {
    let (code, by_ref) = (&val.code, val.by_ref());
    match val.ty {
        Type::Big => quote!(big::low(#by_ref)),
        Type::Bool => quote!(i64::from(#code)),
        _ => code.clone(),
    }
}

fn wrapping(op: BinOp, l: &TokenStream, r: &TokenStream) -> TokenStream {
    match op {
        BinOp::Mult => quote!(i64::wrapping_mul(#l, #r)),
        BinOp::Add => quote!(i64::wrapping_add(#l, #r)),
        BinOp::Sub => quote!(i64::wrapping_sub(#l, #r)),
        BinOp::BitXor => quote!((#l ^ #r)),
        BinOp::BitAnd => quote!((#l & #r)),
        _ => quote!((#l | #r)),
    }
}

fn turned(op: UnaryOp, inner: &TokenStream) -> TokenStream {
    match op {
        UnaryOp::Neg => quote!(i64::wrapping_neg(#inner)),
        UnaryOp::Invert => quote!((!#inner)),
        UnaryOp::Pos | UnaryOp::Not => inner.clone(),
    }
}

/// A constant that is not negative and has at most 64 bits.
pub(super) fn mask(e: &Expr) -> Option<u64> {
    match &e.kind {
        ExprKind::Int(mask) => u64::try_from(*mask).ok(),
        ExprKind::Big(number) => number.to_u64(),
        _ => None,
    }
}

/// The mask that leaves what a power of two leaves.
pub(super) fn modulus(e: &Expr) -> Option<u64> {
    let of = match &e.kind {
        ExprKind::Int(of) => u128::try_from(*of).ok()?,
        ExprKind::Big(number) => u128::try_from(number.to_i128()?).ok()?,
        _ => return None,
    };
    (of.is_power_of_two() && of <= 1 << 64).then(|| (of - 1) as u64)
}

/// Is a variable assigned in it?
pub(super) fn binds(e: &Expr) -> bool {
    let mut found = false;
    each_expr(e, &mut |e| found |= matches!(e.kind, ExprKind::Named { .. }));
    found
}
