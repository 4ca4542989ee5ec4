//! Kernels that work on dicts, sets, heaps, graphs, records and instances.

use crate::texts::Ordered;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

type Cell = (i64, i64);

#[pyfunction]
pub fn living_cells(mut cells: FxHashSet<Cell>, generations: i64) -> FxHashSet<Cell> {
    for _ in 0..generations {
        let mut neighbours: FxHashMap<Cell, u8> = FxHashMap::default();
        for &(x, y) in &cells {
            for dx in -1..=1 {
                for dy in -1..=1 {
                    if dx != 0 || dy != 0 {
                        *neighbours.entry((x + dx, y + dy)).or_default() += 1;
                    }
                }
            }
        }
        let lives = |place: &Cell, count: u8| count == 3 || (count == 2 && cells.contains(place));
        cells = neighbours
            .iter()
            .filter(|&(place, &count)| lives(place, count))
            .map(|(place, _)| *place)
            .collect();
    }
    cells
}

#[pyfunction]
pub fn islands(points: Vec<Cell>) -> Vec<i64> {
    let mut left: FxHashSet<Cell> = points.iter().copied().collect();
    let mut sizes = Vec::new();
    for point in points {
        if !left.remove(&point) {
            continue;
        }
        let mut stack = vec![point];
        let mut size = 0;
        while let Some((x, y)) = stack.pop() {
            size += 1;
            for place in [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)] {
                if left.remove(&place) {
                    stack.push(place);
                }
            }
        }
        sizes.push(size);
    }
    sizes.sort_unstable_by_key(|&size| Reverse(size));
    sizes
}

#[pyfunction]
pub fn schedule(mut jobs: Vec<(i64, i64)>, workers: usize) -> PyResult<Vec<i64>> {
    jobs.sort_unstable();
    let mut free: BinaryHeap<Reverse<i64>> = vec![Reverse(0); workers].into();
    let mut ends = Vec::with_capacity(jobs.len());
    for (start, duration) in jobs {
        let mut earliest = free.peek_mut().ok_or_else(|| PyIndexError::new_err("index out of range"))?;
        let end = start.max(earliest.0) + duration;
        *earliest = Reverse(end);
        ends.push(end);
    }
    Ok(ends)
}

#[pyfunction]
pub fn breadth_first(graph: FxHashMap<String, Vec<String>>, start: String) -> PyResult<Ordered<String, i64>> {
    let mut distances = Ordered::from_iter([(start.clone(), 0)]);
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let next = distances[&node] + 1;
        for neighbour in graph.get(&node).ok_or_else(|| PyKeyError::new_err(node))? {
            if !distances.contains_key(neighbour) {
                distances.insert(neighbour.clone(), next);
                queue.push_back(neighbour.clone());
            }
        }
    }
    Ok(distances)
}

/// A distance and a node; the heap gives the nearest.
#[derive(PartialEq)]
struct Step(f64, i64);

impl Eq for Step {}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0).then_with(|| other.1.cmp(&self.1))
    }
}

#[pyfunction]
pub fn dijkstra(graph: FxHashMap<i64, Vec<(i64, f64)>>, start: i64) -> PyResult<Ordered<i64, f64>> {
    let mut distances = Ordered::from_iter([(start, 0.0)]);
    let mut queue = BinaryHeap::from([Step(0.0, start)]);
    let mut done = FxHashSet::default();
    while let Some(Step(distance, node)) = queue.pop() {
        if !done.insert(node) {
            continue;
        }
        for &(neighbour, length) in graph.get(&node).ok_or_else(|| PyKeyError::new_err(node))? {
            let candidate = distance + length;
            if distances.get(&neighbour).is_none_or(|&known| candidate < known) {
                distances.insert(neighbour, candidate);
                queue.push(Step(candidate, neighbour));
            }
        }
    }
    Ok(distances)
}

#[pyfunction]
pub fn components(size: usize, edges: Vec<(usize, usize)>) -> usize {
    groups(size, edges.into_iter())
}

/// Union and find.
pub fn groups(size: usize, edges: impl Iterator<Item = (usize, usize)>) -> usize {
    fn find(parent: &mut [usize], mut node: usize) -> usize {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    }
    let mut parent: Vec<usize> = (0..size).collect();
    let mut groups = size;
    for (a, b) in edges {
        let (a, b) = (find(&mut parent, a), find(&mut parent, b));
        if a != b {
            parent[a] = b;
            groups -= 1;
        }
    }
    groups
}

#[pyfunction]
pub fn build_order(needs: Ordered<String, Vec<String>>) -> PyResult<Vec<String>> {
    fn visit<'a>(
        task: &'a str,
        needs: &'a Ordered<String, Vec<String>>,
        state: &mut FxHashMap<&'a str, bool>,
        order: &mut Vec<String>,
    ) -> PyResult<()> {
        match state.get(task) {
            Some(true) => return Ok(()),
            Some(false) => return Err(PyValueError::new_err("cycle")),
            None => {}
        }
        state.insert(task, false);
        for other in needs.get(task).ok_or_else(|| PyKeyError::new_err(task.to_owned()))? {
            visit(other, needs, state, order)?;
        }
        state.insert(task, true);
        order.push(task.to_owned());
        Ok(())
    }
    let (mut order, mut state) = (Vec::new(), FxHashMap::default());
    for task in needs.keys() {
        visit(task, &needs, &mut state, &mut order)?;
    }
    Ok(order)
}

/// What `summarise` tells of one group.
pub fn summary<'py>(python: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyDict>> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    // The plain kernel squares by `** 2`, which is the library's power.
    let spread =
        values.iter().map(|value| (value - mean).powf(std::hint::black_box(2.0))).sum::<f64>() / count;
    let entry = PyDict::new(python);
    entry.set_item("count", values.len())?;
    entry.set_item("mean", mean)?;
    entry.set_item("deviation", spread.powf(0.5))?;
    entry.set_item("least", values.iter().copied().fold(f64::INFINITY, f64::min))?;
    entry.set_item("most", values.iter().copied().fold(f64::NEG_INFINITY, f64::max))?;
    Ok(entry)
}

#[pyfunction]
pub fn summarise(python: Python<'_>, samples: Vec<(String, f64)>) -> PyResult<Bound<'_, PyDict>> {
    let mut groups: Ordered<String, Vec<f64>> = Ordered::default();
    for (name, value) in samples {
        groups.entry(name).or_default().push(value);
    }
    let result = PyDict::new(python);
    for (name, values) in groups {
        result.set_item(name, summary(python, &values)?)?;
    }
    Ok(result)
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Order {
    customer: String,
    price: f64,
    quantity: i64,
    state: String,
}

#[pyfunction]
pub fn revenue(orders: Vec<Order>) -> Vec<(String, f64)> {
    let mut totals: Ordered<String, f64> = Ordered::default();
    for order in orders {
        if order.state == "cancelled" {
            continue;
        }
        let mut amount = order.price * order.quantity as f64;
        if order.quantity >= 10 {
            amount *= 0.9;
        }
        *totals.entry(order.customer).or_insert(0.0) += amount;
    }
    let mut found: Vec<_> = totals.into_iter().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

pub type Point = (f64, f64);

#[pyfunction]
pub fn clusters(points: Vec<Point>, mut centres: Vec<Point>, rounds: i64) -> Vec<Point> {
    for _ in 0..rounds {
        let mut sums = vec![(0.0, 0.0, 0.0); centres.len()];
        for &(x, y) in &points {
            let (mut nearest, mut least) = (0, f64::INFINITY);
            for (i, &(cx, cy)) in centres.iter().enumerate() {
                let distance = (x - cx) * (x - cx) + (y - cy) * (y - cy);
                if distance < least {
                    (least, nearest) = (distance, i);
                }
            }
            let entry = &mut sums[nearest];
            entry.0 += x;
            entry.1 += y;
            entry.2 += 1.0;
        }
        for (centre, (sx, sy, count)) in centres.iter_mut().zip(sums) {
            if count > 0.0 {
                *centre = (sx / count, sy / count);
            }
        }
    }
    centres
}

enum Operation {
    Push(i64),
    Add,
    Mod(i64),
    Repeat(i64),
}

#[pyfunction]
pub fn machine(program: &Bound<'_, PyList>, argument: i64) -> PyResult<(i64, usize, i64)> {
    let program: Vec<(String, i64)> = program.extract()?;
    let program: Vec<Operation> = program
        .into_iter()
        .filter_map(|(operation, operand)| match operation.as_str() {
            "push" => Some(Operation::Push(operand)),
            "add" => Some(Operation::Add),
            "mod" => Some(Operation::Mod(operand)),
            "repeat" => Some(Operation::Repeat(operand)),
            _ => None,
        })
        .collect();
    let empty = || PyIndexError::new_err("pop from empty list");
    let mut stack = vec![argument];
    let (mut deepest, mut counter, mut position) = (1, 0, 0);
    while let Some(operation) = program.get(position) {
        position += 1;
        counter += 1;
        match *operation {
            Operation::Push(operand) => stack.push(operand),
            Operation::Add => {
                let right = stack.pop().ok_or_else(empty)?;
                *stack.last_mut().ok_or_else(empty)? += right;
            }
            Operation::Mod(operand) => {
                let last = stack.last_mut().ok_or_else(empty)?;
                *last = last.rem_euclid(operand);
            }
            Operation::Repeat(operand) => {
                if counter < operand {
                    position = 0;
                }
            }
        }
        deepest = deepest.max(stack.len());
    }
    Ok((stack.pop().ok_or_else(empty)?, deepest, counter))
}
