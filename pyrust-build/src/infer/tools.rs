//! What comes out of the functions of `itertools`.

use super::Infer;
use super::solver::Ty;
use crate::hir::visit::{any_expr, defines, reads};
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Tool};
use crate::passes::Pass;
use crate::ty::{MAX_TUPLE, Origin};

impl Infer<'_, '_> {
    pub(super) fn tool(
        &mut self,
        iter: &Iter,
        tool: Tool,
        iters: &[Iter],
        args: &[Expr],
        function: Option<&Expr>,
    ) -> Ty {
        let elems: Vec<Ty> = iters.iter().map(|i| self.iter(i)).collect();
        // Pools are read as a whole, the others element by element.
        let whole = matches!(
            tool,
            Tool::Product(_)
                | Tool::Permutations(_)
                | Tool::Combinations(_)
                | Tool::CombinationsWithReplacement(_)
        );
        if let Some(i) = iters.iter().find(|i| i.has_comp())
            && !(whole && iters.len() == 1 && matches!(i.kind, IterKind::Comp(_)))
        {
            return self.refuse("PYR0302", i.span, "a generator expression here is not supported");
        }
        if matches!(tool, Tool::GroupBy | Tool::Batched | Tool::Grouped) && iters[0].calls_function() {
            return self.refuse("PYR0302", iters[0].span, "a function of each element here is not supported");
        }
        let values: Vec<Ty> = args.iter().map(|e| self.expr(e)).collect();
        let bad_number = |s: &mut Self, at: usize, none: bool| {
            let ok = values.get(at).is_none_or(|t| {
                t.members()
                    .iter()
                    .all(|m| matches!(m, Ty::Int | Ty::Bool | Ty::Never) || (none && matches!(m, Ty::None)))
            });
            if !ok {
                let message = format!("`{}` as a number of elements", s.show(&values[at]));
                s.refuse("PYR0401", args[at].span, message);
            }
        };
        let joined = |s: &mut Self| elems.iter().fold(Ty::Never, |acc, t| s.state.solver.join(&acc, t));
        match tool {
            Tool::Chain => joined(self),
            Tool::Islice => {
                (0..3).for_each(|at| bad_number(self, at, true));
                elems[0].clone()
            }
            Tool::Cycle | Tool::DropWhile | Tool::TakeWhile => {
                if let Some(test) = function.and_then(|f| self.function_body(f, &elems)) {
                    self.test(test);
                }
                elems[0].clone()
            }
            Tool::Count => match (&values[0], &values[1]) {
                (Ty::Int | Ty::Bool, Ty::Int | Ty::Bool) => Ty::Int,
                (Ty::Float, Ty::Float | Ty::Int) => Ty::Float,
                (Ty::Never, _) | (_, Ty::Never) => Ty::Never,
                _ => self.refuse("PYR0401", iter.span, "`count` of these is not supported"),
            },
            Tool::Repeat => {
                bad_number(self, 1, false);
                values[0].clone()
            }
            Tool::Product(Some(times)) => {
                Ty::Tuple((0..times).flat_map(|_| elems.clone()).collect(), Origin::Native)
            }
            Tool::Permutations(Some(n))
            | Tool::Combinations(Some(n))
            | Tool::CombinationsWithReplacement(Some(n))
                if n <= MAX_TUPLE =>
            {
                Ty::Tuple(vec![elems[0].clone(); n], Origin::Native)
            }
            Tool::Product(None)
            | Tool::Permutations(_)
            | Tool::Combinations(_)
            | Tool::CombinationsWithReplacement(_)
            | Tool::Batched
            | Tool::Grouped => {
                bad_number(self, 0, matches!(tool, Tool::Permutations(_)));
                let cell = self.site(iter.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elems[0], var);
                if let (Tool::Grouped, Some(fill)) = (tool, values.get(1)) {
                    self.state.solver.flow(fill, var);
                }
                if tool == Tool::Grouped && args.len() == 1 {
                    self.builtin("zip");
                }
                self.together(iter, cell)
            }
            Tool::ProductOf | Tool::LongestOf => {
                let row = elems[0].clone();
                let item = self.elements(&row, &iters[0], |_| true);
                let cell = self.site(iter.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&item, var);
                values.iter().for_each(|fill| self.state.solver.flow(fill, var));
                self.together(iter, cell)
            }
            Tool::Accumulate => self.accumulated(iter, &elems[0], values.first(), function),
            Tool::ZipLongest => {
                let fill = &values[0];
                let items = elems.iter().map(|t| self.state.solver.join(t, fill)).collect();
                Ty::Tuple(items, Origin::Native)
            }
            Tool::ZipStrict => {
                self.builtin("zip");
                Ty::Tuple(elems, Origin::Native)
            }
            Tool::Pairwise => Ty::Tuple(vec![elems[0].clone(), elems[0].clone()], Origin::Native),
            Tool::GroupBy => {
                let key = match function {
                    None => elems[0].clone(),
                    Some(f) => {
                        self.only_own_names(f);
                        match self.function_body(f, &elems) {
                            Some(body) => self.expr(body),
                            None => Ty::Never,
                        }
                    }
                };
                self.comparable_at(iter, &key);
                let cell = self.site(iter.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elems[0], var);
                Ty::Tuple(vec![key, Ty::Iter(var)], Origin::Native)
            }
        }
    }

    /// `a, b = zip(*pairs)` of tuples with so many items: the columns, each with a type of its own.
    pub(super) fn unzipped(&mut self, iter: &Iter) -> Option<Ty> {
        let IterKind::ZipStar(rows) = &iter.kind else { return None };
        let count = *self.hir.unzipped.get(&iter.id)?;
        let rows = self.expr(rows);
        let Ty::Tuple(items, _) = self.elements(&rows, iter, |_| true) else { return None };
        if items.len() != count {
            return None;
        }
        self.builtin("zip");
        let mut columns = Vec::new();
        for (k, item) in items.iter().enumerate() {
            let cell = self.site(iter.id, k);
            let var = self.state.solver.elem(cell);
            self.state.solver.flow(item, var);
            columns.push(self.together(iter, cell));
        }
        Some(Ty::Tuple(columns, Origin::Native))
    }

    /// What an iterator puts together: a tuple of any length, or a list where nobody can tell.
    pub(super) fn together(&self, iter: &Iter, cell: super::solver::CellId) -> Ty {
        match self.hir.looked_at.contains(&iter.id) && self.program.passes.has(Pass::Looks) {
            true => Ty::List(cell),
            false => Ty::VarTuple(self.state.solver.elem(cell)),
        }
    }

    /// The body of a lambda whose parameters have these types.
    fn function_body<'e>(&mut self, function: &'e Expr, types: &[Ty]) -> Option<&'e Expr> {
        let ExprKind::Lambda { params, body } = &function.kind else { return None };
        for (param, ty) in params.iter().zip(types) {
            self.set_var(*param, ty);
        }
        Some(body)
    }

    fn accumulated(&mut self, iter: &Iter, elem: &Ty, first: Option<&Ty>, function: Option<&Expr>) -> Ty {
        let cell = self.site(iter.id, 0);
        let var = self.state.solver.elem(cell);
        self.state.solver.flow(first.unwrap_or(elem), var);
        let total = self.state.solver.get(var);
        let next = match function {
            None => self.binary(iter.id, iter.span, BinOp::Add, &total, elem),
            Some(f) => match self.function_body(f, &[total, elem.clone()]) {
                Some(body) => self.expr(body),
                None => Ty::Never,
            },
        };
        self.state.solver.flow(&next, var);
        self.state.solver.get(var)
    }

    /// Groups are compared for equality.
    fn comparable_at(&mut self, iter: &Iter, key: &Ty) {
        let e = Expr { kind: ExprKind::None, span: iter.span, id: iter.id };
        self.comparable(&e, "==", key, key);
    }

    /// A key that outlives the expression reads nothing but its argument, which cannot change behind its back.
    fn only_own_names(&mut self, function: &Expr) {
        let ExprKind::Lambda { params, body } = &function.kind else { return };
        let foreign = reads(&**body).into_iter().any(|v| !params.contains(&v));
        let other = any_expr(&**body, |e| {
            matches!(
                e.kind,
                ExprKind::Global(_) | ExprKind::ModuleAttr { .. } | ExprKind::Comp(_) | ExprKind::Iter { .. }
            )
        });
        if foreign || other || !defines(&**body).is_empty() {
            self.refuse("PYR0306", function.span, "a key of `groupby` that reads more than its argument");
        }
    }
}
