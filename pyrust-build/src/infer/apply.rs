//! Operations of the table, applied to the types of their operands.

use super::Infer;
use super::solver::Ty;
use crate::ops::{self, Pattern};
use crate::source::Span;
use crate::ty::{DictKind, Origin, Type};

impl Infer<'_, '_> {
    /// Applies a table operation to every combination of union members.
    pub(super) fn apply(&mut self, name: &str, node: usize, base: usize, span: Span, args: &[Ty]) -> Ty {
        let mut combos: Vec<Vec<Ty>> = vec![Vec::with_capacity(args.len())];
        for arg in args {
            if let [only] = arg.members() {
                combos.iter_mut().for_each(|combo| combo.push(only.clone()));
                continue;
            }
            combos = combos
                .into_iter()
                .flat_map(|c| {
                    arg.members().iter().map(move |m| {
                        let mut c = c.clone();
                        c.push(m.clone());
                        c
                    })
                })
                .collect();
        }
        let mut out = Ty::Never;
        let mut found = false;
        for (k, combo) in combos.iter().enumerate() {
            let ty = self
                .try_apply(name, node, base + k, combo)
                .or_else(|| self.try_boxed(name, node, base + k, combo));
            if let Some(ty) = ty {
                found = true;
                out = self.state.solver.join(&out, &ty);
            } else if self.hangs_below(combo.first()) {
                // It is what comes, and would bail.
                found = false;
                break;
            }
        }
        if !found {
            let list: Vec<String> = args.iter().filter(|a| **a != Ty::None).map(|a| self.show(a)).collect();
            let what = if ops::exists(name) { "" } else { " (not supported for any type)" };
            let message = format!("no `{}` for `{}`{what}", ops::spelled(name), list.join("`, `"));
            return self.refuse("PYR0401", span, message);
        }
        out
    }

    /// The same of objects of which only they know their type, where no row is known for what stands beside them.
    pub(super) fn try_boxed(&mut self, name: &str, node: usize, k: usize, args: &[Ty]) -> Option<Ty> {
        if !args.contains(&Ty::Obj) {
            return None;
        }
        let types: Vec<Type> = args.iter().map(|a| self.state.solver.resolve(a)).collect::<Option<_>>()?;
        let (name, becomes) = ops::boxed(name, &types)?;
        let args: Vec<Ty> = args
            .iter()
            .zip(&types)
            .zip(&becomes)
            .map(|((arg, ty), to)| match ty == to {
                true => arg.clone(),
                false => {
                    if *to == Type::Obj {
                        self.state.solver.boxed(arg);
                    }
                    self.state.solver.absorb(&Ty::Never, to)
                }
            })
            .collect();
        self.try_apply(&name, node, k, &args)
    }

    /// Applies a table operation to types without unions; `None` if there is no row.
    pub(super) fn try_apply(&mut self, name: &str, node: usize, k: usize, args: &[Ty]) -> Option<Ty> {
        let mut types: Vec<Type> =
            args.iter().map(|a| self.state.solver.resolve(a)).collect::<Option<_>>()?;
        let mut standing = args.to_vec();
        for at in self.program.opened_operands(name, &types) {
            standing[at] = self.opened(&args[at]);
            types[at] = self.program.opened(&types[at]);
        }
        let args = standing.as_slice();
        let widened = self.state.wide.contains(&node).then(|| ops::widened(name, &types)).flatten();
        let name = match widened {
            Some((wide, all)) => {
                types = all;
                wide
            }
            None => name.to_string(),
        };
        let (op, binding) = ops::select(&name, &types)?;
        if self.report && self.asks_keys(&types) {
            return None;
        }
        self.compares_inside(node, &name, &types);
        if types.contains(&Type::Never) {
            return Some(Ty::Never);
        }
        let mut widen = None;
        for (pattern, ty) in op.params.iter().zip(&types) {
            if let Pattern::Same(v) | Pattern::Given(v) = pattern {
                let elem = &binding[v];
                // Lists that are read as they stand hold words.
                let views = types.iter().any(|t| matches!(t, Type::View(_)));
                if matches!((elem, ty), (Type::Char, Type::Str))
                    || ((elem, ty) == (&Type::Int, &Type::Big) && !views)
                {
                    // Looked up with any string: from the next round on the elements are strings.
                    widen = Some((*v, if *ty == Type::Str { Ty::Str } else { Ty::Big }));
                    continue;
                }
                if !(ty.fits_into(elem) || *elem == Type::Never || ops::equal_key(ty, elem)) {
                    return None;
                }
            }
        }
        if let (true, Some(Ty::Dict(cell, _) | Ty::List(cell))) = (op.mutates, args.first()) {
            self.note_update(*cell);
        }
        if op.mutates
            && matches!(
                types[0],
                Type::List { in_place: true, .. }
                    | Type::Dict { in_place: true, .. }
                    | Type::Deque { in_place: true, .. }
                    | Type::Set { in_place: true, .. }
                    | Type::ByteArray
                    | Type::Packed(_)
                    | Type::Obj
            )
        {
            self.writes = true;
        }
        // Bind the type variables to inference variables: containers first, stored values flow into them.
        let mut vars: std::collections::BTreeMap<char, usize> = Default::default();
        for (pattern, arg) in op.params.iter().zip(args) {
            let pairs: Vec<(char, usize)> = match (pattern, arg) {
                (Pattern::Set(v, _), Ty::Set(c, _)) => vec![(*v, self.state.solver.elem(*c))],
                (Pattern::List(v), Ty::List(c)) => vec![(*v, self.state.solver.elem(*c))],
                (Pattern::Deque(v), Ty::Deque(c)) => {
                    let elem = self.state.solver.elem(*c);
                    if self.state.solver.get(elem) == Ty::Never
                        && let Some(want) = op.bound(*v)
                    {
                        self.state.solver.absorb_into(elem, want);
                    }
                    vec![(*v, elem)]
                }
                (Pattern::Dict(k, v, _), Ty::Dict(c, _)) => {
                    // An empty dict is one of whatever is wanted.
                    for (var, place) in [(k, self.state.solver.elem(*c)), (v, self.state.solver.value(*c))] {
                        if self.state.solver.get(place) == Ty::Never
                            && let Some(want) = op.bound(*var)
                        {
                            self.state.solver.absorb_into(place, want);
                        }
                    }
                    vec![(*k, self.state.solver.elem(*c)), (*v, self.state.solver.value(*c))]
                }
                (Pattern::DictView(k, v, _), Ty::DictView(c, ..)) => {
                    vec![(*k, self.state.solver.elem(*c)), (*v, self.state.solver.value(*c))]
                }
                // An empty list is one of whatever is wanted.
                (Pattern::ListOf(want), Ty::List(c)) => {
                    let elem = self.state.solver.elem(*c);
                    if self.state.solver.get(elem) == Ty::Never {
                        self.state.solver.absorb_into(elem, want);
                    }
                    vec![]
                }
                (Pattern::VarTuple(v), Ty::VarTuple(var)) | (Pattern::List(v), Ty::View(var)) => {
                    vec![(*v, *var)]
                }
                _ => vec![],
            };
            for (v, var) in pairs {
                match vars.get(&v) {
                    Some(first) => self.state.solver.unify(*first, var),
                    None => {
                        vars.insert(v, var);
                    }
                }
            }
        }
        if let Some((v, ty)) = widen
            && let Some(var) = vars.get(&v)
        {
            self.state.solver.flow(&ty, *var);
        }
        for (pattern, arg) in op.params.iter().zip(args) {
            if let Pattern::Var(v) = pattern {
                match vars.get(v) {
                    Some(var) => self.state.solver.flow(arg, *var),
                    None => {
                        let var = self.state.solver.var(arg.clone());
                        vars.insert(*v, var);
                    }
                }
            }
        }
        if let (Pattern::Packed(_), Some(Type::Packed(code))) = (&op.ret, binding.get(&ops::TYPECODE)) {
            return Some(Ty::Packed(*code));
        }
        let made = self.instantiate(&op.ret, &vars, node, k);
        if let ("dict.copy" | "|", Ty::Dict(cell, DictKind::Plain), [source, ..]) =
            (name.as_str(), &made, args)
        {
            self.note_copy(*cell, source);
        }
        Some(made)
    }

    fn instantiate(
        &mut self,
        ret: &Pattern,
        vars: &std::collections::BTreeMap<char, usize>,
        node: usize,
        k: usize,
    ) -> Ty {
        let get = |s: &Self, v: &char| vars.get(v).map_or(Ty::Never, |v| s.state.solver.get(*v));
        match ret {
            Pattern::Var(v) | Pattern::Same(v) | Pattern::Given(v) => get(self, v),
            Pattern::Optional(v) => {
                let inner = get(self, v);
                self.state.solver.join(&Ty::None, &inner)
            }
            Pattern::VarTuple(v) => Ty::VarTuple(vars[v]),
            Pattern::List(v) => {
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.unify(vars[v], elem);
                Ty::List(cell)
            }
            Pattern::Set(v, frozen) => {
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.unify(vars[v], elem);
                Ty::Set(cell, *frozen == Some(true))
            }
            Pattern::Iter(v) => Ty::Iter(vars[v]),
            Pattern::SetOfPairs(a, b) => {
                let pair = Ty::Tuple(vec![get(self, a), get(self, b)], Origin::Native);
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.flow(&pair, elem);
                Ty::Set(cell, false)
            }
            Pattern::Pair(a, b) => Ty::Tuple(vec![get(self, a), get(self, b)], Origin::Native),
            Pattern::DictView(..) | Pattern::Other(_) | Pattern::Packed(_) => Ty::Never,
            Pattern::Deque(v) => {
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.unify(vars[v], elem);
                Ty::Deque(cell)
            }
            Pattern::Pairs(a, b) => {
                let pair = Ty::Tuple(vec![get(self, a), get(self, b)], Origin::Native);
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.flow(&pair, elem);
                Ty::List(cell)
            }
            Pattern::Dict(kk, v, kind) => {
                let cell = self.site(node, k);
                let (elem, value) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                self.state.solver.unify(vars[kk], elem);
                self.state.solver.unify(vars[v], value);
                Ty::Dict(cell, kind.unwrap_or(DictKind::Plain))
            }
            Pattern::Tuple(items) => {
                Ty::Tuple(items.iter().map(|p| self.instantiate(p, vars, node, k)).collect(), Origin::Native)
            }
            Pattern::DictOf(key, inner) => {
                let cell = self.site(node, k);
                let key = self.state.solver.absorb(&Ty::Never, key);
                let (elem, value) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                self.state.solver.flow(&key, elem);
                match &**inner {
                    Pattern::Var(v) => self.state.solver.unify(vars[v], value),
                    other => {
                        let ty = self.instantiate(other, vars, node, k + 1);
                        self.state.solver.flow(&ty, value);
                    }
                }
                Ty::Dict(cell, DictKind::Plain)
            }
            Pattern::ListOf(_) => {
                let cell = self.site(node, k);
                let ty = ret.instantiate(&Default::default());
                let current = Ty::List(cell);
                self.state.solver.absorb(&current, &ty)
            }
            Pattern::VarTupleOf(t) => {
                let cell = self.site(node, k);
                let elem = self.state.solver.elem(cell);
                self.state.solver.absorb_into(elem, t);
                Ty::VarTuple(elem)
            }
            Pattern::Scalar(_) | Pattern::OptInt | Pattern::Buffer | Pattern::AnyOf(_) => {
                let ty = ret.instantiate(&Default::default());
                self.state.solver.absorb(&Ty::Never, &ty)
            }
        }
    }
}
