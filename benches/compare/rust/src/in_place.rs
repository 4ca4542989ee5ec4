//! Those kernels for which it may be faster to work on the Python objects than to convert them.

use crate::numbers::{heap_sort, most, sort};
use crate::structures::{groups, summary};
use crate::texts::{Ordered, slug, tokens};
use pyo3::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt::Write;

/// A float's value; anything else is an error.
fn float(item: &Bound<'_, PyAny>) -> PyResult<f64> {
    Ok(item.cast_exact::<PyFloat>()?.value())
}

#[pyfunction]
fn moving_average<'py>(values: &Bound<'py, PyList>, window: usize) -> PyResult<Bound<'py, PyList>> {
    let result = PyList::empty(values.py());
    let mut total = 0.0;
    for item in values.iter().take(window) {
        total += float(&item)?;
    }
    result.append(total / window as f64)?;
    for (old, new) in values.iter().zip(values.iter().skip(window)) {
        total += float(&new)? - float(&old)?;
        result.append(total / window as f64)?;
    }
    Ok(result)
}

/// Sorts pairs of keys and objects, and puts the same objects back.
#[pyfunction]
fn quicksort(items: &Bound<'_, PyList>) -> PyResult<()> {
    let mut pairs = Vec::with_capacity(items.len());
    for item in items.iter() {
        pairs.push((item.extract::<i64>()?, item));
    }
    sort(&mut pairs, |pair| pair.0);
    pairs.into_iter().enumerate().try_for_each(|(n, (_, item))| items.set_item(n, item))
}

#[pyfunction]
fn heapsort(items: &Bound<'_, PyList>) -> PyResult<()> {
    let mut pairs = Vec::with_capacity(items.len());
    for item in items.iter() {
        pairs.push((float(&item)?, item));
    }
    heap_sort(&mut pairs, |pair| pair.0);
    pairs.into_iter().enumerate().try_for_each(|(n, (_, item))| items.set_item(n, item))
}

#[pyfunction]
fn largest(values: &Bound<'_, PyList>, count: usize) -> PyResult<Vec<f64>> {
    let mut wrong = None;
    let floats = values.iter().map_while(|item| match float(&item) {
        Ok(value) => Some(value),
        Err(error) => {
            wrong = Some(error);
            None
        }
    });
    let found = most(floats, count);
    wrong.map_or(Ok(found), Err)
}

#[pyfunction]
fn correlation(xs: &Bound<'_, PyList>, ys: &Bound<'_, PyList>) -> PyResult<f64> {
    let sum = |list: &Bound<'_, PyList>| {
        list.iter().try_fold(0.0, |total, item| PyResult::Ok(total + float(&item)?))
    };
    let count = xs.len() as f64;
    let (mean_x, mean_y) = (sum(xs)? / count, sum(ys)? / count);
    let (mut products, mut squares_x, mut squares_y) = (0.0, 0.0, 0.0);
    for (x, y) in xs.iter().zip(ys.iter()) {
        let (dx, dy) = (float(&x)? - mean_x, float(&y)? - mean_y);
        products += dx * dy;
        squares_x += dx * dx;
        squares_y += dy * dy;
    }
    Ok(products / (squares_x * squares_y).powf(0.5))
}

#[pyfunction]
fn squares_of_odds(values: &Bound<'_, PyList>) -> PyResult<i64> {
    let mut total = 0i64;
    for item in values.iter() {
        let value: i64 = item.cast_exact::<PyInt>()?.extract()?;
        if value % 2 != 0 {
            total = total.wrapping_add(value.wrapping_mul(value));
        }
    }
    Ok(total)
}

#[pyfunction]
fn permutations<'py>(items: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    fn orders<'py>(items: &[Bound<'py, PyAny>]) -> Vec<Vec<Bound<'py, PyAny>>> {
        if items.len() <= 1 {
            return vec![items.to_vec()];
        }
        let mut result = Vec::new();
        for i in 0..items.len() {
            let mut rest = items.to_vec();
            let first = rest.remove(i);
            for mut tail in orders(&rest) {
                tail.insert(0, first.clone());
                result.push(tail);
            }
        }
        result
    }
    let objects: Vec<_> = items.iter().collect();
    PyList::new(
        items.py(),
        orders(&objects)
            .into_iter()
            .map(|order| PyList::new(items.py(), order))
            .collect::<PyResult<Vec<_>>>()?,
    )
}

#[pyfunction]
fn tokenize<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyList>> {
    let python = text.py();
    let text = text.to_str()?;
    let (name, number, operator) =
        (intern!(python, "name"), intern!(python, "number"), intern!(python, "operator"));
    let result = PyList::empty(python);
    for (kind, start, end) in tokens(text) {
        let kind = match kind {
            "name" => name,
            "number" => number,
            _ => operator,
        };
        result.append((kind, PyString::new(python, &text[start..end])))?;
    }
    Ok(result)
}

#[pyfunction]
fn parse_csv<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyList>> {
    let python = text.py();
    let rows = PyList::empty(python);
    let mut field = String::new();
    for line in text.to_str()?.split('\n').filter(|line| !line.is_empty()) {
        let fields = PyList::empty(python);
        let mut quoted = false;
        field.clear();
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => {
                    fields.append(PyString::new(python, &field))?;
                    field.clear();
                }
                c => field.push(c),
            }
        }
        fields.append(PyString::new(python, &field))?;
        rows.append(fields)?;
    }
    Ok(rows)
}

#[pyfunction]
fn slugs<'py>(titles: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let result = PyList::empty(titles.py());
    for title in titles.iter() {
        result.append(slug(title.cast_exact::<PyString>()?.to_str()?))?;
    }
    Ok(result)
}

#[pyfunction]
fn table(rows: &Bound<'_, PyList>) -> PyResult<String> {
    let mut result = String::new();
    for (n, row) in rows.iter().enumerate() {
        let row = row.cast_exact::<PyTuple>()?;
        let name = row.get_item(0)?;
        let count: i64 = row.get_borrowed_item(1)?.extract()?;
        let price = float(&row.get_item(2)?)?;
        let end = if n > 0 { "\n" } else { "" };
        let name = name.cast_exact::<PyString>()?.to_str()?;
        let _ = write!(result, "{end}{name:<12}{count:>6}{price:>10.2}{:>12.2}", count as f64 * price);
    }
    Ok(result)
}

#[pyfunction]
fn word_count<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyDict>> {
    let python = text.py();
    let mut counts: Ordered<String, i64> = Ordered::default();
    let mut lower = String::new();
    for word in text.to_str()?.split_whitespace() {
        let word = word.trim_matches(['.', ',', ';', ':', '!', '?']);
        lower.clear();
        if word.is_ascii() {
            lower.push_str(word);
            lower.make_ascii_lowercase();
        } else {
            lower.push_str(&word.to_lowercase());
        }
        if let Some(count) = counts.get_mut(&lower) {
            *count += 1;
        } else if !lower.is_empty() {
            counts.insert(lower.clone(), 1);
        }
    }
    let result = PyDict::new(python);
    for (word, count) in counts {
        result.set_item(word, count)?;
    }
    Ok(result)
}

#[pyfunction]
fn anagrams<'py>(words: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let mut places: FxHashMap<Vec<u8>, usize> = FxHashMap::default();
    let mut groups: Vec<Vec<Bound<'py, PyAny>>> = Vec::new();
    for word in words.iter() {
        let text = word.cast_exact::<PyString>()?.to_str()?;
        let key = if text.is_ascii() {
            let mut key = text.as_bytes().to_vec();
            key.sort_unstable();
            key
        } else {
            let mut key: Vec<char> = text.chars().collect();
            key.sort_unstable();
            key.into_iter().collect::<String>().into_bytes()
        };
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(word);
    }
    let found =
        groups.into_iter().filter(|group| group.len() > 1).map(|group| PyList::new(words.py(), group));
    PyList::new(words.py(), found.collect::<PyResult<Vec<_>>>()?)
}

#[pyfunction]
fn schedule(jobs: &Bound<'_, PyList>, workers: usize) -> PyResult<Vec<i64>> {
    let mut pairs: Vec<(i64, i64)> = Vec::with_capacity(jobs.len());
    for job in jobs.iter() {
        let job = job.cast_exact::<PyTuple>()?;
        pairs.push((job.get_borrowed_item(0)?.extract()?, job.get_borrowed_item(1)?.extract()?));
    }
    pairs.sort_unstable();
    let mut free: BinaryHeap<Reverse<i64>> = vec![Reverse(0); workers].into();
    let mut ends = Vec::with_capacity(pairs.len());
    for (start, duration) in pairs {
        let mut earliest = free.peek_mut().ok_or_else(|| PyIndexError::new_err("index out of range"))?;
        let end = start.max(earliest.0) + duration;
        *earliest = Reverse(end);
        ends.push(end);
    }
    Ok(ends)
}

/// Strings are never copied: a real dict, their own hashes.
#[pyfunction]
fn breadth_first<'py>(graph: &Bound<'py, PyDict>, start: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let distances = PyDict::new(graph.py());
    distances.set_item(&start, 0)?;
    let mut queue = VecDeque::from([(start, 0)]);
    while let Some((node, distance)) = queue.pop_front() {
        let neighbours = graph.get_item(&node)?.ok_or_else(|| PyKeyError::new_err(node.unbind()))?;
        for neighbour in neighbours.cast_exact::<PyList>()?.iter() {
            if !distances.contains(&neighbour)? {
                distances.set_item(&neighbour, distance + 1)?;
                queue.push_back((neighbour, distance + 1));
            }
        }
    }
    Ok(distances)
}

#[pyfunction]
fn build_order<'py>(needs: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyList>> {
    fn visit<'py>(
        task: &Bound<'py, PyAny>,
        needs: &Bound<'py, PyDict>,
        state: &Bound<'py, PyDict>,
        order: &Bound<'py, PyList>,
    ) -> PyResult<()> {
        if let Some(done) = state.get_item(task)? {
            return if done.is_truthy()? { Ok(()) } else { Err(PyValueError::new_err("cycle")) };
        }
        state.set_item(task, false)?;
        let others = needs.get_item(task)?.ok_or_else(|| PyKeyError::new_err(task.clone().unbind()))?;
        for other in others.cast_exact::<PyList>()?.iter() {
            visit(&other, needs, state, order)?;
        }
        state.set_item(task, true)?;
        order.append(task)
    }
    let (state, order) = (PyDict::new(needs.py()), PyList::empty(needs.py()));
    for (task, _) in needs.iter() {
        visit(&task, needs, &state, &order)?;
    }
    Ok(order)
}

#[pyfunction]
fn components(size: usize, edges: &Bound<'_, PyList>) -> PyResult<usize> {
    let mut pairs = Vec::with_capacity(edges.len());
    for edge in edges.iter() {
        let edge = edge.cast_exact::<PyTuple>()?;
        pairs.push((edge.get_borrowed_item(0)?.extract()?, edge.get_borrowed_item(1)?.extract()?));
    }
    Ok(groups(size, pairs.into_iter()))
}

#[pyfunction]
fn summarise<'py>(samples: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyDict>> {
    let python = samples.py();
    // Which group a name has: found by the object first, which is the same one for most samples.
    let mut known: FxHashMap<usize, usize> = FxHashMap::default();
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    let mut groups: Vec<(Bound<'py, PyAny>, Vec<f64>)> = Vec::new();
    for sample in samples.iter() {
        let sample = sample.cast_exact::<PyTuple>()?;
        let name = sample.get_item(0)?;
        let value = float(&sample.get_item(1)?)?;
        let place = match known.get(&(name.as_ptr() as usize)) {
            Some(place) => *place,
            None => {
                let text = name.cast_exact::<PyString>()?.to_str()?;
                let place = *places.entry(text.to_owned()).or_insert_with(|| {
                    groups.push((name.clone(), Vec::new()));
                    groups.len() - 1
                });
                known.insert(name.as_ptr() as usize, place);
                place
            }
        };
        groups[place].1.push(value);
    }
    let result = PyDict::new(python);
    for (name, values) in groups {
        result.set_item(name, summary(python, &values)?)?;
    }
    Ok(result)
}

#[pyfunction]
fn revenue<'py>(orders: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let python = orders.py();
    let get = |order: &Bound<'py, PyDict>, key: &Bound<'py, PyString>| {
        order.get_item(key)?.ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    };
    let mut totals: Ordered<String, (Bound<'py, PyAny>, f64)> = Ordered::default();
    for order in orders.iter() {
        let order = order.cast_into::<PyDict>()?;
        let state = get(&order, intern!(python, "state"))?;
        if state.cast_exact::<PyString>()?.to_str()? == "cancelled" {
            continue;
        }
        let quantity: i64 = get(&order, intern!(python, "quantity"))?.extract()?;
        let mut amount = float(&get(&order, intern!(python, "price"))?)? * quantity as f64;
        if quantity >= 10 {
            amount *= 0.9;
        }
        let customer = get(&order, intern!(python, "customer"))?;
        let text = customer.cast_exact::<PyString>()?.to_str()?;
        match totals.get_mut(text) {
            Some(entry) => entry.1 += amount,
            None => drop(totals.insert(text.to_owned(), (customer.clone(), amount))),
        }
    }
    let mut found: Vec<_> = totals.into_iter().collect();
    found.sort_by(|a, b| b.1.1.total_cmp(&a.1.1).then_with(|| a.0.cmp(&b.0)));
    PyList::new(python, found.into_iter().map(|(_, entry)| entry))
}

#[pyfunction]
fn last_total(lines: &Bound<'_, PyList>) -> PyResult<i64> {
    let mut total = 0i64;
    for line in lines.iter() {
        let line = line.cast_exact::<PyString>()?;
        for field in line.to_str()?.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            total = total.wrapping_add(field.parse::<i64>()?);
        }
    }
    Ok(total)
}

#[pymodule]
pub mod in_place {
    #[pymodule_export]
    use super::{
        anagrams, breadth_first, build_order, components, correlation, heapsort, largest, last_total,
        moving_average, parse_csv, permutations, quicksort, revenue, schedule, slugs, squares_of_odds,
        summarise, table, tokenize, word_count,
    };
    #[pymodule_export]
    use crate::shared_in_place::{advance, generations, settle, shortest, tally};
}
