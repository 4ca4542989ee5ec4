//! Which dicts are given away as they were made: by displays with keys of the text (records), comprehensions, or as
//! copies of Python's dicts.

use std::collections::BTreeSet;

use super::{Cell, CellId, Solver, Ty, VarId};

/// What has been looked at: a type may contain itself.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Cell(CellId),
    Var(VarId),
}

impl Ty {
    /// A value that holds nothing which could live elsewhere.
    pub(in crate::infer) fn is_flat(&self) -> bool {
        matches!(
            self,
            Ty::None | Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Complex | Ty::Str | Ty::Bytes
        )
    }
}

fn is_number(ty: &Ty) -> bool {
    matches!(ty, Ty::Bool | Ty::Int | Ty::Big | Ty::Float)
}

impl Cell {
    /// Is it written to in a loop that a copy is not made in?
    fn counts(&self) -> bool {
        self.updated_in >= self.copied.max(1)
    }
}

impl Solver {
    pub(in crate::infer) fn set_record(&mut self, cell: CellId) {
        let root = self.cell_root(cell);
        self.cells[root].is_record = true;
    }

    /// `loops`: how many stand around the copy.
    pub(in crate::infer) fn set_copy(&mut self, cell: CellId, loops: usize) {
        let root = self.cell_root(cell);
        self.cells[root].copied = self.cells[root].copied.max(loops + 1);
    }

    pub(in crate::infer) fn set_updated(&mut self, cell: CellId, is_updated: bool) {
        let root = self.cell_root(cell);
        self.cells[root].is_updated = is_updated;
    }

    pub(in crate::infer) fn set_updated_in(&mut self, cell: CellId, loops: usize) {
        let root = self.cell_root(cell);
        self.cells[root].updated_in = self.cells[root].updated_in.max(loops);
    }

    /// Copies of dicts of Python's that are better off there: CPython makes them at once, while each entry would have to be
    /// looked at. Only those that are made once in a call, since they live until it is over.
    pub(in crate::infer) fn dicts_copied(&self) -> Vec<CellId> {
        let mut found = Vec::new();
        for (root, cell) in
            self.cells.iter().enumerate().filter(|(_, cell)| cell.copied == 1 && !cell.in_place)
        {
            let (key, value) = (self.get(cell.elem), self.get(cell.value));
            let numbers = value.members().iter().all(is_number);
            let pays = !numbers || !cell.counts();
            let fits = value != Ty::Never && matches!(key, Ty::Str | Ty::Char | Ty::Int);
            if self.cell_root(root) == root && pays && fits && self.lies_flat(&value, &mut Vec::new()) {
                found.push(root);
            }
        }
        found
    }

    pub(in crate::infer) fn is_updated(&self, cell: CellId) -> bool {
        self.cells[self.cell_root(cell)].is_updated
    }

    /// The native records in what a function gives away; none that holds containers which would have to be Python's too
    /// and are better filled natively.
    pub(in crate::infer) fn records_in(&self, ty: &Ty) -> Vec<CellId> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        self.find_records(ty, &mut seen, &mut found);
        found
    }

    fn find_records(&self, ty: &Ty, seen: &mut BTreeSet<Place>, found: &mut Vec<CellId>) {
        for member in ty.members() {
            match member {
                Ty::Dict(c, _) | Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) => {
                    let root = self.cell_root(*c);
                    if !seen.insert(Place::Cell(root)) {
                        continue;
                    }
                    let cell = &self.cells[root];
                    let (key, value) = (self.get(cell.elem), self.get(cell.value));
                    let is_record = cell.is_record && !cell.is_updated;
                    // What a loop counts in a copy is better off natively.
                    let counts = cell.counts() && value.members().iter().all(is_number);
                    let is_copy = cell.copied != 0 && !counts;
                    let is_made = (is_record || is_copy) && matches!(member, Ty::Dict(..)) && !cell.in_place;
                    let mut parts = Vec::new();
                    if is_made && matches!(key, Ty::Str | Ty::Int) && self.lies_flat(&value, &mut parts) {
                        found.push(root);
                        found.append(&mut parts);
                    }
                    self.find_records(&key, seen, found);
                    self.find_records(&value, seen, found);
                }
                Ty::Tuple(items, _) => items.iter().for_each(|item| self.find_records(item, seen, found)),
                Ty::VarTuple(var) if seen.insert(Place::Var(self.var_root(*var))) => {
                    self.find_records(&self.get(*var), seen, found);
                }
                _ => {}
            }
        }
    }

    /// Nothing changes where it lives because what holds it lives in Python, but for `parts`: lists that a display has
    /// made, of such things, and nothing writes to.
    fn lies_flat(&self, ty: &Ty, parts: &mut Vec<CellId>) -> bool {
        ty.members().iter().all(|member| match member {
            Ty::Obj => true,
            member if member.is_flat() => true,
            Ty::Dict(c, _) | Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) if self.in_place(*c) => true,
            Ty::List(c) => {
                let root = self.cell_root(*c);
                let cell = &self.cells[root];
                let is_part = cell.is_record && !cell.is_updated;
                if is_part && !parts.contains(&root) {
                    parts.push(root);
                    return self.lies_flat(&self.get(cell.elem), parts);
                }
                is_part
            }
            _ => false,
        })
    }
}
