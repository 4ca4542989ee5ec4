//! The same on the instances themselves, attribute by attribute.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

/// An attribute that is a float; anything else is an error.
fn float(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<f64> {
    Ok(object.getattr(name)?.cast_exact::<PyFloat>()?.value())
}

fn int(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<i64> {
    object.getattr(name)?.extract()
}

#[pyfunction]
pub fn advance(bodies: &Bound<'_, PyList>, steps: i64, dt: f64) -> PyResult<f64> {
    let py = bodies.py();
    let (x, y, vx, vy) = (intern!(py, "x"), intern!(py, "y"), intern!(py, "vx"), intern!(py, "vy"));
    let mass = intern!(py, "mass");
    for _ in 0..steps {
        for body in bodies {
            let (mut ax, mut ay) = (0.0, 0.0);
            let place = (float(&body, x)?, float(&body, y)?);
            for other in bodies {
                if !other.is(&body) {
                    let (dx, dy) = (float(&other, x)? - place.0, float(&other, y)? - place.1);
                    let squared = dx * dx + dy * dy + 0.01;
                    let pull = float(&other, mass)? / (squared * squared.powf(0.5));
                    ax += dx * pull;
                    ay += dy * pull;
                }
            }
            body.setattr(vx, float(&body, vx)? + ax * dt)?;
            body.setattr(vy, float(&body, vy)? + ay * dt)?;
        }
        for body in bodies {
            body.setattr(x, float(&body, x)? + float(&body, vx)? * dt)?;
            body.setattr(y, float(&body, y)? + float(&body, vy)? * dt)?;
        }
    }
    let mut energy = 0.0;
    for body in bodies {
        let (vx, vy) = (float(&body, vx)?, float(&body, vy)?);
        energy += 0.5 * float(&body, mass)? * (vx * vx + vy * vy);
    }
    Ok(energy)
}

#[pyfunction]
pub fn shortest(start: &Bound<'_, PyAny>, roads: &Bound<'_, PyList>) -> PyResult<i64> {
    let py = start.py();
    let (from, to, length) = (intern!(py, "start"), intern!(py, "end"), intern!(py, "length"));
    let (far, before) = (intern!(py, "distance"), intern!(py, "before"));
    start.setattr(far, 0.0)?;
    let (mut rounds, mut changed) = (0, true);
    while changed {
        changed = false;
        rounds += 1;
        for road in roads {
            let (start, end) = (road.getattr(from)?, road.getattr(to)?);
            let distance = float(&start, far)? + float(&road, length)?;
            if distance < float(&end, far)? {
                end.setattr(far, distance)?;
                end.setattr(before, start)?;
                changed = true;
            }
        }
    }
    Ok(rounds)
}

fn account<'py>(accounts: &Bound<'py, PyDict>, name: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    accounts.get_item(&name)?.ok_or_else(|| PyKeyError::new_err(name.unbind()))
}

#[pyfunction]
pub fn settle(accounts: &Bound<'_, PyDict>, transfers: &Bound<'_, PyList>) -> PyResult<i64> {
    let py = accounts.py();
    let (balance, limit) = (intern!(py, "balance"), intern!(py, "limit"));
    let (bookings, refused) = (intern!(py, "bookings"), intern!(py, "refused"));
    let mut moved = 0;
    for transfer in transfers {
        let transfer = transfer.cast_into_exact::<PyTuple>()?;
        let amount = transfer.get_item(2)?.extract::<i64>()?;
        let payer = account(accounts, transfer.get_item(0)?)?;
        let left = int(&payer, balance)? - amount;
        if left < -int(&payer, limit)? {
            payer.setattr(refused, int(&payer, refused)? + 1)?;
            continue;
        }
        payer.setattr(balance, left)?;
        payer.setattr(bookings, int(&payer, bookings)? + 1)?;
        let payee = account(accounts, transfer.get_item(1)?)?;
        payee.setattr(balance, int(&payee, balance)? + amount)?;
        payee.setattr(bookings, int(&payee, bookings)? + 1)?;
        moved += amount;
    }
    Ok(moved)
}

#[pyfunction]
pub fn generations(cells: &Bound<'_, PyList>, count: i64) -> PyResult<i64> {
    let py = cells.py();
    let (alive, around) = (intern!(py, "alive"), intern!(py, "around"));
    let lives = |cell: &Bound<'_, PyAny>| cell.getattr(alive)?.is_truthy();
    for _ in 0..count {
        for cell in cells {
            let mut found = 0;
            for neighbour in cell.getattr(intern!(py, "neighbours"))?.cast_exact::<PyList>()? {
                found += i64::from(lives(&neighbour)?);
            }
            cell.setattr(around, found)?;
        }
        for cell in cells {
            let found = int(&cell, around)?;
            cell.setattr(alive, found == 3 || (lives(&cell)? && found == 2))?;
        }
    }
    let mut living = 0;
    for cell in cells {
        living += i64::from(lives(&cell)?);
    }
    Ok(living)
}

#[pyfunction]
pub fn tally(root: &Bound<'_, PyAny>, keys: &Bound<'_, PyList>) -> PyResult<i64> {
    let py = root.py();
    let (held, count) = (intern!(py, "key"), intern!(py, "count"));
    let class = root.get_type();
    let mut steps = 0;
    for key in keys {
        let wanted = key.extract::<i64>()?;
        let mut entry = root.clone();
        loop {
            let here = int(&entry, held)?;
            if here == wanted {
                break;
            }
            steps += 1;
            let side = if wanted < here { intern!(py, "left") } else { intern!(py, "right") };
            let mut next = entry.getattr(side)?;
            if next.is_none() {
                next = class.call1((&key,))?;
                entry.setattr(side, &next)?;
            }
            entry = next;
        }
        entry.setattr(count, int(&entry, count)? + 1)?;
    }
    Ok(steps)
}

/// Both forms: what is called so often does not copy a list.
#[pyfunction]
pub fn find(groups: &Bound<'_, PyAny>, mut item: usize) -> PyResult<usize> {
    let parent = groups.getattr(intern!(groups.py(), "parent"))?;
    let parent = parent.cast_exact::<PyList>()?;
    loop {
        let above = parent.get_item(item)?.extract::<usize>()?;
        if above == item {
            return Ok(item);
        }
        let next = parent.get_item(above)?;
        parent.set_item(item, &next)?;
        item = next.extract()?;
    }
}
