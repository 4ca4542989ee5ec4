//! Instances that were passed in: their attributes are taken out, worked on, and put back. See `shared_in_place`.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use rustc_hash::FxHashMap;

/// Numbers for objects, in the order in which they are seen.
#[derive(Default)]
struct Numbers<'py> {
    known: FxHashMap<usize, usize>,
    objects: Vec<Bound<'py, PyAny>>,
}

impl<'py> Numbers<'py> {
    fn of(&mut self, object: Bound<'py, PyAny>) -> usize {
        *self.known.entry(object.as_ptr() as usize).or_insert_with(|| {
            self.objects.push(object);
            self.objects.len() - 1
        })
    }
}

#[derive(FromPyObject)]
struct Body {
    x: f64,
    y: f64,
    vx: f64,
    vy: f64,
    mass: f64,
}

#[pyfunction]
pub fn advance(bodies: Vec<Bound<'_, PyAny>>, steps: i64, dt: f64) -> PyResult<f64> {
    let mut moving = bodies.iter().map(|body| body.extract()).collect::<PyResult<Vec<Body>>>()?;
    for _ in 0..steps {
        for n in 0..moving.len() {
            let (mut ax, mut ay) = (0.0, 0.0);
            let body = &moving[n];
            for (m, other) in moving.iter().enumerate() {
                if m != n {
                    let (dx, dy) = (other.x - body.x, other.y - body.y);
                    let squared = dx * dx + dy * dy + 0.01;
                    let pull = other.mass / (squared * squared.powf(0.5));
                    ax += dx * pull;
                    ay += dy * pull;
                }
            }
            let body = &mut moving[n];
            body.vx += ax * dt;
            body.vy += ay * dt;
        }
        for body in &mut moving {
            body.x += body.vx * dt;
            body.y += body.vy * dt;
        }
    }
    for (object, body) in bodies.iter().zip(&moving) {
        let py = object.py();
        object.setattr(intern!(py, "x"), body.x)?;
        object.setattr(intern!(py, "y"), body.y)?;
        object.setattr(intern!(py, "vx"), body.vx)?;
        object.setattr(intern!(py, "vy"), body.vy)?;
    }
    Ok(moving.iter().map(|body| 0.5 * body.mass * (body.vx * body.vx + body.vy * body.vy)).sum())
}

#[pyfunction]
pub fn shortest<'py>(start: Bound<'py, PyAny>, roads: &Bound<'py, PyList>) -> PyResult<i64> {
    let py = start.py();
    let mut places = Numbers::default();
    places.of(start);
    let mut lengths = Vec::with_capacity(roads.len());
    for road in roads {
        let ends =
            (places.of(road.getattr(intern!(py, "start"))?), places.of(road.getattr(intern!(py, "end"))?));
        lengths.push((ends.0, ends.1, road.getattr(intern!(py, "length"))?.extract::<f64>()?));
    }
    let distance = |place: &Bound<'py, PyAny>| place.getattr(intern!(py, "distance"))?.extract::<f64>();
    let mut distances = places.objects.iter().map(distance).collect::<PyResult<Vec<_>>>()?;
    let mut before = vec![None; distances.len()];
    distances[0] = 0.0;
    let (mut rounds, mut changed) = (0, true);
    while changed {
        changed = false;
        rounds += 1;
        for &(from, to, length) in &lengths {
            let distance = distances[from] + length;
            if distance < distances[to] {
                distances[to] = distance;
                before[to] = Some(from);
                changed = true;
            }
        }
    }
    places.objects[0].setattr(intern!(py, "distance"), distances[0])?;
    for (n, place) in places.objects.iter().enumerate() {
        if let Some(from) = before[n] {
            place.setattr(intern!(py, "distance"), distances[n])?;
            place.setattr(intern!(py, "before"), &places.objects[from])?;
        }
    }
    Ok(rounds)
}

#[derive(FromPyObject)]
struct Account {
    balance: i64,
    limit: i64,
    bookings: i64,
    refused: i64,
}

#[pyfunction]
pub fn settle(accounts: &Bound<'_, PyDict>, transfers: Vec<(String, String, i64)>) -> PyResult<i64> {
    let py = accounts.py();
    let mut numbers = Numbers::default();
    let mut names = FxHashMap::default();
    for (name, account) in accounts {
        names.insert(name.extract::<String>()?, numbers.of(account));
    }
    let mut books =
        numbers.objects.iter().map(|account| account.extract()).collect::<PyResult<Vec<Account>>>()?;
    let number = |name: &String| names.get(name).copied().ok_or_else(|| PyKeyError::new_err(name.clone()));
    let mut moved = 0;
    for (payer, payee, amount) in &transfers {
        let account = &mut books[number(payer)?];
        if account.balance - amount < -account.limit {
            account.refused += 1;
            continue;
        }
        account.balance -= amount;
        account.bookings += 1;
        let account = &mut books[number(payee)?];
        account.balance += amount;
        account.bookings += 1;
        moved += amount;
    }
    for (object, account) in numbers.objects.iter().zip(&books) {
        object.setattr(intern!(py, "balance"), account.balance)?;
        object.setattr(intern!(py, "bookings"), account.bookings)?;
        object.setattr(intern!(py, "refused"), account.refused)?;
    }
    Ok(moved)
}

#[pyfunction]
pub fn generations<'py>(cells: &Bound<'py, PyList>, count: i64) -> PyResult<usize> {
    let py = cells.py();
    let mut numbers = Numbers::default();
    let order: Vec<usize> = cells.iter().map(|cell| numbers.of(cell)).collect();
    let mut neighbours = Vec::with_capacity(order.len());
    for cell in cells {
        let around = cell.getattr(intern!(py, "neighbours"))?.cast_into::<PyList>()?;
        neighbours.push(around.iter().map(|neighbour| numbers.of(neighbour)).collect::<Vec<_>>());
    }
    let truth = |cell: &Bound<'py, PyAny>| cell.getattr(intern!(py, "alive"))?.is_truthy();
    let mut alive = numbers.objects.iter().map(truth).collect::<PyResult<Vec<_>>>()?;
    let mut around = vec![0; alive.len()];
    for _ in 0..count {
        for (&cell, neighbours) in order.iter().zip(&neighbours) {
            around[cell] = neighbours.iter().filter(|&&neighbour| alive[neighbour]).count();
        }
        for &cell in &order {
            alive[cell] = around[cell] == 3 || (alive[cell] && around[cell] == 2);
        }
    }
    for &cell in &order {
        numbers.objects[cell].setattr(intern!(py, "around"), around[cell])?;
        numbers.objects[cell].setattr(intern!(py, "alive"), alive[cell])?;
    }
    Ok(order.iter().filter(|&&cell| alive[cell]).count())
}

struct Entry {
    key: i64,
    count: i64,
    left: usize,
    right: usize,
}

/// The tree is taken over as an array; 0 is nothing, and the root has the number 1.
#[pyfunction]
pub fn tally<'py>(root: Bound<'py, PyAny>, keys: Vec<i64>) -> PyResult<i64> {
    let py = root.py();
    let class = root.get_type();
    let mut entries = vec![Entry { key: 0, count: 0, left: 0, right: 0 }];
    let mut objects = vec![py.None().into_bound(py), root];
    while entries.len() < objects.len() {
        let object = objects[entries.len()].clone();
        let mut below = |name| {
            let child = object.getattr(name)?;
            if child.is_none() {
                return PyResult::Ok(0);
            }
            objects.push(child);
            Ok(objects.len() - 1)
        };
        let (left, right) = (below(intern!(py, "left"))?, below(intern!(py, "right"))?);
        let number = |name| object.getattr(name)?.extract::<i64>();
        entries.push(Entry {
            key: number(intern!(py, "key"))?,
            count: number(intern!(py, "count"))?,
            left,
            right,
        });
    }
    let mut steps = 0;
    for key in keys {
        let mut at = 1;
        while entries[at].key != key {
            steps += 1;
            let new = entries.len();
            let next = if key < entries[at].key { &mut entries[at].left } else { &mut entries[at].right };
            if *next == 0 {
                *next = new;
                entries.push(Entry { key, count: 0, left: 0, right: 0 });
                at = new;
            } else {
                at = *next;
            }
        }
        entries[at].count += 1;
    }
    let known = objects.len();
    for entry in &entries[known..] {
        objects.push(class.call1((entry.key,))?);
    }
    for (n, entry) in entries.iter().enumerate().skip(1) {
        objects[n].setattr(intern!(py, "count"), entry.count)?;
        if entry.left >= known {
            objects[n].setattr(intern!(py, "left"), &objects[entry.left])?;
        }
        if entry.right >= known {
            objects[n].setattr(intern!(py, "right"), &objects[entry.right])?;
        }
    }
    Ok(steps)
}
