//! Tuples of known lengths as one of any length: where they are added up, and where a function takes tuples of any.
//!
//! ```python
//! key = (parts[0],)
//! for part in parts[1:]:
//!     key += (part,)                     # of one item, then two, then any number
//! ```

use super::Infer;
use super::solver::Ty;

impl Infer<'_, '_> {
    /// A tuple of known length as one of any length; other types as they are.
    pub(super) fn any_length(&mut self, node: usize, k: usize, ty: &Ty) -> Ty {
        let cell = self.site(node, k);
        if let Ty::Iter(v) = ty {
            let elem = self.state.solver.get(*v);
            let var = self.state.solver.elem(cell);
            self.state.solver.flow(&elem, var);
            return Ty::List(cell);
        }
        let lengths = matches!(ty, Ty::Union(_)) && is_tuple(ty);
        if !lengths && !matches!(ty, Ty::Tuple(..) | Ty::Named(..)) {
            return ty.clone();
        }
        let var = self.state.solver.elem(cell);
        for member in ty.members() {
            if let Ty::Tuple(items, _) | Ty::Named(_, items) = member {
                items.iter().for_each(|item| self.state.solver.flow(item, var));
            }
        }
        Ty::VarTuple(var)
    }
}

/// A tuple, of whatever length.
pub(super) fn is_tuple(ty: &Ty) -> bool {
    ty.members().iter().all(|m| matches!(m, Ty::Tuple(..) | Ty::VarTuple(_)))
}
