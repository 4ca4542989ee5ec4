//! Two ways that both only compute the next value of one variable: neither can leave 64 bits where what they compute with
//! is small, and then a processor may compute both and choose, so it foresees nothing.
//!
//! ```python
//! if n % 2 == 0:                         # let chosen = int::eq(n % 2, 0);
//!     n //= 2                            # if n <= 2⁶¹ { n = int::either(chosen, n / 2, 3 * n + 1); }
//! else:                                  # else if chosen { n = n / 2 } else { n = int::add(int::mul(3, n)?, 1)? }
//!     n = 3 * n + 1
//! ```

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use crate::hir::visit::reads;
use crate::hir::{BinOp, Expr, ExprKind, Stmt, StmtKind, TargetKind, VarId};
use crate::infer::ranges::Interval;
use crate::passes::Pass;
use crate::ty::Type;

/// How far from zero what they compute with may be, in bits.
const SMALL: [u32; 3] = [61, 53, 40];

/// At most so many operations on each way.
const OPERATIONS: usize = 4;

impl Func<'_, '_, '_> {
    /// `if test: x = … else: x = …`
    pub(super) fn chosen(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        let ((var, first), (other, second)) = (computed(body)?, computed(orelse)?);
        if var != other || !self.has_room_for(Pass::Chosen) || !self.is_plain_word(var) {
            return None;
        }
        let of: BTreeSet<VarId> = reads(first).into_iter().chain(reads(second)).collect();
        let few = of.len() <= 2 && of.iter().all(|v| self.is_plain_word(*v));
        let ways = [first, second];
        // Where nothing has to be looked at, the processor may choose anyway.
        if !few || ways.iter().all(|e| self.computes_calmly(e).is_some()) {
            return None;
        }
        let known: Vec<(VarId, Interval)> =
            of.iter().map(|v| Some((*v, self.ranges.of_var(*v)?))).collect::<Option<_>>()?;
        for bits in SMALL {
            let most = 1i128 << bits;
            let small = |i: Interval| Interval { lo: i.lo.max(-most), hi: i.hi.min(most) };
            if known.iter().any(|(_, i)| small(*i).lo > small(*i).hi) {
                return None;
            }
            known.iter().for_each(|(v, i)| self.ranges.set_var(*v, small(*i)));
            let count = |e: &Expr| self.computes_calmly(e).is_some_and(|count| count <= OPERATIONS);
            let values = ways.iter().all(|e| count(e)).then(|| ways.map(|e| self.value_as(e, &Type::Int)));
            known.iter().for_each(|(v, i)| self.ranges.set_var(*v, *i));
            let Some([first, second]) = values else { continue };
            let looks = known.iter().flat_map(|(v, i)| {
                let (name, most) = (self.var_ident(*v), Literal::i64_suffixed(1 << bits));
                let above = (i.hi > 1 << bits).then(|| quote!(#name <= #most));
                let below = (i.lo < -(1 << bits)).then(|| quote!(#name >= -#most));
                [above, below].into_iter().flatten()
            });
            let looks: Vec<TokenStream> = looks.collect();
            let (name, chosen) = (self.var_ident(var), self.fresh("chosen"));
            let test = self.test(test);
            let (body, orelse) = (self.block(body), self.block(orelse));
            return Some(quote! {
                let #chosen = #test;
                if #(#looks)&&* {
                    #name = int::either(#chosen, #first, #second);
                } else if #chosen {
                    #(#body)*
                } else {
                    #(#orelse)*
                }
            });
        }
        None
    }

    /// An int of 64 bits, bound, and nobody else's.
    fn is_plain_word(&self, var: VarId) -> bool {
        self.is_plain(var)
            && self.instance.vars[var] == Type::Int
            && !self.known.contains_key(&var)
            && !self.narrowed.contains_key(&var)
            && !self.deferred.contains_key(&var)
    }

    /// How many operations it is, if all are cheap and none can raise or leave 64 bits.
    fn computes_calmly(&self, e: &Expr) -> Option<usize> {
        if self.node(e.id) != Type::Int {
            return None;
        }
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Local(_) => Some(0),
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let count = self.computes_calmly(left)? + self.computes_calmly(right)? + 1;
                let number = |e: &Expr| match e.kind {
                    ExprKind::Int(i) => Some(i),
                    _ => None,
                };
                let cheap = match op {
                    BinOp::Add | BinOp::Sub | BinOp::BitAnd | BinOp::BitOr | BinOp::BitXor => true,
                    BinOp::Mult => number(left).or(number(right)).is_some(),
                    BinOp::FloorDiv | BinOp::Mod => {
                        number(right).is_some_and(|i| i > 0 && i.count_ones() == 1)
                    }
                    _ => false,
                };
                let range = |e: &Expr| self.ranges.get(e, &self.instance.nodes);
                (cheap && Interval::result(*op, range(left), range(right)).is_word()).then_some(count)
            }
            _ => None,
        }
    }
}

/// The one variable that the statements compute.
fn computed(body: &[Stmt]) -> Option<(VarId, &Expr)> {
    let [Stmt { kind: StmtKind::Assign { targets, value }, .. }] = body else { return None };
    match targets.as_slice() {
        [target] => match target.kind {
            TargetKind::Var(var) => Some((var, value)),
            _ => None,
        },
        _ => None,
    }
}
