//! The instances of a program, by number.
//!
//! Components of a project are inferred apart from each other, at the same time, and emitted into one file: the numbers
//! that one of them gives are no other's.

use std::ops::{Index, IndexMut, Range};

use super::Instance;

/// The number of a part stands above the place in it.
#[derive(Debug)]
pub struct Instances {
    parts: Vec<Vec<Instance>>,
    /// The number of the first part.
    first: usize,
    /// How many bits places take.
    bits: u32,
}

impl Instances {
    /// Of the part `part` of `parts`.
    pub(super) fn of_part(part: usize, parts: usize) -> Self {
        let bits = parts.saturating_sub(1).leading_zeros();
        Instances { parts: vec![Vec::new()], first: part, bits: bits.min(usize::BITS - 1) }
    }

    fn number(&self, part: usize, at: usize) -> usize {
        ((self.first + part) << self.bits) + at
    }

    fn place(&self, number: usize) -> (usize, usize) {
        ((number >> self.bits) - self.first, number & ((1 << self.bits) - 1))
    }

    pub fn get(&self, number: usize) -> Option<&Instance> {
        let (part, at) = self.place(number);
        self.parts.get(part)?.get(at)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.parts.iter().flatten()
    }

    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &Instance)> {
        let of =
            move |(part, all): (usize, &'_ Vec<Instance>)| self.number(part, 0)..self.number(part, all.len());
        self.parts.iter().enumerate().flat_map(of).zip(self.iter())
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.parts.iter_mut().flatten()
    }

    /// The number of the next one, where there is one part.
    pub(super) fn end(&self) -> usize {
        self.number(0, self.parts[0].len())
    }

    pub(super) fn numbers(&self) -> Range<usize> {
        self.number(0, 0)..self.end()
    }

    /// Those from this number on.
    pub(super) fn since(&self, number: usize) -> impl Iterator<Item = (usize, &Instance)> {
        (number..).zip(&self.parts[0][self.place(number).1..])
    }

    pub(super) fn since_mut(&mut self, number: usize) -> impl Iterator<Item = (usize, &mut Instance)> {
        let at = self.place(number).1;
        (number..).zip(&mut self.parts[0][at..])
    }

    pub(super) fn push(&mut self, instance: Instance) -> usize {
        let number = self.end();
        self.parts[0].push(instance);
        number
    }

    /// Adds the next part.
    pub(super) fn join(&mut self, next: Instances) {
        debug_assert_eq!(next.first, self.first + self.parts.len());
        self.parts.extend(next.parts);
    }
}

impl Index<usize> for Instances {
    type Output = Instance;

    fn index(&self, number: usize) -> &Instance {
        let (part, at) = self.place(number);
        &self.parts[part][at]
    }
}

impl IndexMut<usize> for Instances {
    fn index_mut(&mut self, number: usize) -> &mut Instance {
        let (part, at) = self.place(number);
        &mut self.parts[part][at]
    }
}

impl<'i> IntoIterator for &'i Instances {
    type Item = &'i Instance;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'i, Vec<Instance>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.iter().flatten()
    }
}
