//! Sums and products that leave 64 bits only on the way.
//!
//! `a * b % m` is computed in 128 bits, `a ** b % m` without the power, and of what is masked only the lowest 64 bits are
//! ([`super::masked`]): the result is exact where the product alone would have left 64 bits. What cannot leave 128 bits
//! needs no look at overflow.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::expr::int_literal;
use super::{Func, masked};
use crate::hir::{BinOp, CmpOp, Expr, ExprKind, UnaryOp};
use crate::ty::Type;

/// An expression of type `i128`, and the largest size that it can have.
struct Far {
    code: TokenStream,
    most: u128,
}

/// The largest size that fits.
const ROOM: u128 = i128::MAX as u128;

/// Where nothing is known about a word.
const WORD: u128 = 1 << 63;

impl Func<'_, '_, '_> {
    /// `left op right` of type `int` with an operand that leaves 64 bits on the way.
    pub(super) fn between(&mut self, op: BinOp, left: &Expr, right: &Expr) -> Option<TokenStream> {
        let stays = |e| self.ranges.stays(e, &self.instance.nodes);
        if stays(left) && (op != BinOp::BitAnd || stays(right)) {
            return None;
        }
        if op == BinOp::BitAnd {
            let (mask, other) =
                if matches!(left.kind, ExprKind::Int(_)) { (left, right) } else { (right, left) };
            if let ExprKind::Int(mask @ 0..) = mask.kind
                && self.is_low(other)
            {
                let (low, mask) = (self.low(other), int_literal(mask));
                return Some(quote!((#low & #mask)));
            }
        }
        if op == BinOp::Mod
            && let Some(mask) = masked::modulus(right)
            && self.is_low(left)
        {
            let (low, mask) = (self.low(left), int_literal(mask as i64));
            return Some(quote!((#low & #mask)));
        }
        if op == BinOp::Mod
            && let Some((base, power)) = self.power(left)
            && self.is_word(right)
        {
            let (b, p) = (self.value_as(base, &Type::Int), self.value_as(power, &Type::Int));
            let m = self.value_as(right, &Type::Int);
            return Some(self.q(quote!(int::pow_mod(#b, #p, #m))));
        }
        let f = match op {
            BinOp::Mod => quote!(int::mod_128),
            BinOp::FloorDiv => quote!(int::floordiv_128),
            BinOp::BitAnd => quote!(int::and_128),
            BinOp::RShift => quote!(int::shr_128),
            _ => return None,
        };
        if !self.grows(left) || !self.is_word(right) {
            return None;
        }
        let (l, r) = (self.far(left).code, self.value_as(right, &Type::Int));
        Some(self.q(quote!(#f(#l, #r))))
    }

    /// `left < right` with an operand that leaves 64 bits on the way.
    pub(super) fn compare_between(&mut self, op: CmpOp, left: &Expr, right: &Expr) -> Option<TokenStream> {
        let op = order(op)?;
        let grows = self.grows(left) || self.grows(right);
        if !grows || !self.is_word(left) || !self.is_word(right) {
            return None;
        }
        let (l, r) = (self.far(left).code, self.far(right).code);
        Some(quote!((#l #op #r)))
    }

    /// The operands of `a ** b` or `pow(a, b)` on words.
    fn power<'e>(&self, e: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
        let (base, power) = match &e.kind {
            ExprKind::Binary { op: BinOp::Pow, left, right } => (&**left, &**right),
            ExprKind::Call { name, args, keywords } if name == "pow" && keywords.is_empty() => {
                let [base, power] = args.as_slice() else { return None };
                self.is_builtin_call(e, name).then_some((base, power))?
            }
            _ => return None,
        };
        (self.node(e.id) == Type::Int && self.is_word(base) && self.is_word(power)).then_some((base, power))
    }

    fn is_word(&self, e: &Expr) -> bool {
        matches!(self.node(e.id), Type::Int | Type::Bool)
    }

    /// Arithmetic on words.
    fn is_tree(&self, e: &Expr) -> bool {
        if self.node(e.id) != Type::Int {
            return false;
        }
        match &e.kind {
            ExprKind::Binary { op, left, right } => {
                self.is_word(left)
                    && self.is_word(right)
                    && matches!(
                        op,
                        BinOp::Mult | BinOp::LShift | BinOp::Add | BinOp::Sub | BinOp::BitXor | BinOp::BitOr
                    )
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } => self.is_word(operand),
            _ => false,
        }
    }

    /// Arithmetic on words in which something is multiplied or shifted.
    fn grows(&self, e: &Expr) -> bool {
        self.is_tree(e)
            && match &e.kind {
                ExprKind::Binary { op: BinOp::Mult | BinOp::LShift, .. } => true,
                ExprKind::Binary { left, right, .. } => self.grows(left) || self.grows(right),
                ExprKind::Unary { operand, .. } => self.grows(operand),
                _ => false,
            }
    }

    /// The value in 128 bits.
    fn far(&mut self, e: &Expr) -> Far {
        if self.is_tree(e) {
            match &e.kind {
                ExprKind::Binary { op: BinOp::LShift, left, right } => {
                    let l = self.far(left);
                    let code = l.code;
                    if let ExprKind::Int(n @ 0..=63) = right.kind
                        && let Some(most) = l.most.checked_mul(1 << n).filter(|m| *m <= ROOM)
                    {
                        let shift = Literal::i64_unsuffixed(n);
                        return Far { code: quote!((#code << #shift)), most };
                    }
                    let r = self.value_as(right, &Type::Int);
                    return Far { code: self.q(quote!(int::shl_128(#code, #r))), most: ROOM + 1 };
                }
                ExprKind::Binary { op, left, right } => {
                    let (l, r) = (self.far(left), self.far(right));
                    let (x, y) = (l.code, r.code);
                    let most = match op {
                        BinOp::Mult => l.most.checked_mul(r.most),
                        // Bits are no larger than those of both together.
                        _ => l.most.checked_add(r.most),
                    };
                    let fits = most.filter(|m| *m <= ROOM);
                    let code = match (op, fits) {
                        (BinOp::BitXor, _) => quote!((#x ^ #y)),
                        (BinOp::BitOr, _) => quote!((#x | #y)),
                        (BinOp::Mult, Some(_)) => quote!((#x * #y)),
                        (BinOp::Mult, None) => self.q(quote!(int::mul_128(#x, #y))),
                        (BinOp::Add, Some(_)) => quote!((#x + #y)),
                        (BinOp::Add, None) => self.q(quote!(int::add_128(#x, #y))),
                        (_, Some(_)) => quote!((#x - #y)),
                        (_, None) => self.q(quote!(int::sub_128(#x, #y))),
                    };
                    // Where the bound is gone, the smallest of 128 bits may come out.
                    return Far { code, most: fits.unwrap_or(ROOM + 1) };
                }
                ExprKind::Unary { operand, .. } => {
                    let inner = self.far(operand);
                    let code = inner.code;
                    let code = match inner.most <= ROOM {
                        true => quote!((-#code)),
                        false => self.q(quote!(int::sub_128(0, #code))),
                    };
                    return Far { code, most: inner.most };
                }
                _ => {}
            }
        }
        if let ExprKind::Int(i) = e.kind {
            let lit = Literal::i128_suffixed(i128::from(i).abs());
            let code = if i < 0 { quote!((-#lit)) } else { quote!(#lit) };
            return Far { code, most: u128::from(i.unsigned_abs()) };
        }
        let most = self.most(e);
        let value = self.value_as(e, &Type::Int);
        Far { code: quote!(i128::from(#value)), most }
    }

    /// The largest size of a word.
    fn most(&self, e: &Expr) -> u128 {
        let literal = |e: &Expr| match e.kind {
            ExprKind::Int(i) => u128::from(i.unsigned_abs()),
            _ => WORD,
        };
        match &e.kind {
            ExprKind::Binary { op: BinOp::Mod, right, .. } => literal(right),
            ExprKind::Binary { op: BinOp::BitAnd, left, right } => {
                let mask = |e: &Expr| if matches!(e.kind, ExprKind::Int(0..)) { literal(e) } else { WORD };
                mask(left).min(mask(right))
            }
            _ if self.node(e.id) == Type::Bool => 1,
            _ => WORD,
        }
    }
}

/// The operator of Rust's that compares numbers so.
pub(super) fn order(op: CmpOp) -> Option<TokenStream> {
    Some(match op {
        CmpOp::Eq => quote!(==),
        CmpOp::NotEq => quote!(!=),
        CmpOp::Lt => quote!(<),
        CmpOp::LtE => quote!(<=),
        CmpOp::Gt => quote!(>),
        CmpOp::GtE => quote!(>=),
        CmpOp::In | CmpOp::NotIn | CmpOp::Is | CmpOp::IsNot => return None,
    })
}

/// `(x - 1) % width`: what is a step away from a place on a ring.
pub(super) fn is_wrapped(op: BinOp, left: &Expr, right: &Expr) -> bool {
    let step = |e: &Expr| matches!(e.kind, ExprKind::Local(_) | ExprKind::Int(_));
    match &left.kind {
        ExprKind::Binary { op: BinOp::Add | BinOp::Sub, left, right: by } => {
            op == BinOp::Mod && step(left) && step(by) && !matches!(right.kind, ExprKind::Int(_))
        }
        _ => false,
    }
}
