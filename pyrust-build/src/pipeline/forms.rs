//! Other forms of a function, which do the same with other representations.

use super::types::as_view;
use super::{checked, emits, loop_depth};
use crate::infer::{FuncRef, Program, Wide};
use crate::passes::Pass;
use crate::ty::Type;

/// The same function, which keeps instances to itself.
pub(super) fn keeping(program: &mut Program<'_>, func: &FuncRef, root: usize, wide: Wide) -> Option<usize> {
    if !program.passes.has(Pass::Kept) {
        return None;
    }
    // What the other form leaves to Python, this one may as well.
    let left = |program: &Program<'_>, root| -> usize {
        program.reachable(root).into_iter().map(|i| program.instances[i].notes.len()).sum()
    };
    let (params, most) = (program.instances[root].params.clone(), left(program, root));
    let index = program.keeping(root, (func, &params, wide), |program, func, params, wide| {
        let index = checked(program, func, params, wide).ok()?;
        let views = with_views(program, func, index, wide);
        Some(views.unwrap_or(index)).filter(|index| left(program, *index) <= most)
    })?;
    emits(program, index).is_ok().then_some(index)
}

/// The same function with its list parameters as views, where nothing in the call writes to Python's objects and
/// the loops are deep enough for reading to be the cost.
pub(super) fn with_views(
    program: &mut Program<'_>,
    func: &FuncRef,
    root: usize,
    wide: Wide,
) -> Option<usize> {
    if !program.passes.has(Pass::Views) {
        return None;
    }
    let instance = &program.instances[root];
    let worth = program.reachable(root).len() > 1 || loop_depth(&instance.hir.body) > 1;
    if !worth || program.reachable(root).iter().any(|i| program.instances[*i].writes) {
        return None;
    }
    let params: Vec<Type> = instance.params.iter().map(as_view).collect();
    if params == instance.params {
        return None;
    }
    let index = program.instance(func, params, wide).ok()?;
    let fine = program.reachable(index).iter().all(|i| {
        let instance = &program.instances[*i];
        instance.diagnostics.is_empty() && !instance.writes
    });
    // A parameter that takes another list later has no representation that Python could hand over.
    let root = &program.instances[index];
    let stays = root
        .hir
        .params
        .iter()
        .zip(&root.params)
        .all(|(p, ty)| !matches!(ty, Type::View(_)) || root.vars[p.var] == *ty);
    let fine = fine && stays;
    fine.then_some(index)
}
