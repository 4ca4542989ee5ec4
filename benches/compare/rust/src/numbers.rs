//! Kernels that compute with numbers.

use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[pyfunction]
pub fn mandelbrot(width: i64, height: i64, limit: i64) -> i64 {
    let mut inside = 0;
    for row in 0..height {
        let y0 = 2.4 * row as f64 / height as f64 - 1.2;
        for column in 0..width {
            let x0 = 3.2 * column as f64 / width as f64 - 2.3;
            let (mut x, mut y, mut steps) = (0.0, 0.0, 0);
            while x * x + y * y <= 4.0 && steps < limit {
                (x, y) = (x * x - y * y + x0, 2.0 * x * y + y0);
                steps += 1;
            }
            inside += i64::from(steps == limit);
        }
    }
    inside
}

#[pyfunction]
pub fn simpson(low: f64, high: f64, pieces: i64) -> f64 {
    let width = (high - low) / pieces as f64;
    let wave = |x: f64| (-x).exp() * (3.0 * x).sin();
    let mut total = 0.0;
    for i in 0..pieces {
        let left = low + i as f64 * width;
        let middle = left + width / 2.0;
        let right = left + width;
        total += wave(left) + 4.0 * (-middle).exp() * (3.0 * middle).sin() + wave(right);
    }
    total * width / 6.0
}

#[pyfunction]
pub fn moving_average(values: Vec<f64>, window: usize) -> Vec<f64> {
    let mut total: f64 = values[..window].iter().sum();
    let mut result = Vec::with_capacity(values.len() - window + 1);
    result.push(total / window as f64);
    for i in window..values.len() {
        total += values[i] - values[i - window];
        result.push(total / window as f64);
    }
    result
}

#[pyfunction]
pub fn matmul(a: Vec<Vec<f64>>, b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let columns = b[0].len();
    a.iter()
        .map(|row| {
            let mut result = vec![0.0; columns];
            for (x, line) in row.iter().zip(&b) {
                for (total, y) in result.iter_mut().zip(line) {
                    *total += x * y;
                }
            }
            result
        })
        .collect()
}

#[pyfunction]
pub fn solve(matrix: &Bound<'_, PyList>, right: &Bound<'_, PyList>) -> PyResult<Vec<f64>> {
    let mut m: Vec<Vec<f64>> = matrix.extract()?;
    let mut r: Vec<f64> = right.extract()?;
    let mut order: Vec<usize> = (0..m.len()).collect();
    let size = m.len();
    for column in 0..size {
        let mut pivot = column;
        for row in column + 1..size {
            if m[row][column].abs() > m[pivot][column].abs() {
                pivot = row;
            }
        }
        if m[pivot][column] == 0.0 {
            return Err(PyValueError::new_err("singular matrix"));
        }
        m.swap(column, pivot);
        r.swap(column, pivot);
        order.swap(column, pivot);
        let (above, below) = m.split_at_mut(column + 1);
        let top = &above[column];
        for (n, row) in below.iter_mut().enumerate() {
            let factor = row[column] / top[column];
            for k in column..size {
                row[k] -= factor * top[k];
            }
            r[column + 1 + n] -= factor * r[column];
        }
    }
    let mut solution = vec![0.0; size];
    for row in (0..size).rev() {
        let mut rest = r[row];
        for k in row + 1..size {
            rest -= m[row][k] * solution[k];
        }
        solution[row] = rest / m[row][row];
    }
    let rows: Vec<Bound<'_, PyAny>> = order.iter().map(|&n| matrix.get_item(n)).collect::<PyResult<_>>()?;
    for (n, row) in rows.into_iter().enumerate() {
        let list = row.cast_into::<PyList>()?;
        for (k, value) in m[n].iter().enumerate() {
            list.set_item(k, value)?;
        }
        matrix.set_item(n, list)?;
        right.set_item(n, r[n])?;
    }
    Ok(solution)
}

#[pyfunction]
pub fn life(mut board: Vec<Vec<i64>>, generations: i64) -> Vec<Vec<i64>> {
    let (height, width) = (board.len(), board[0].len());
    for _ in 0..generations {
        let mut following = vec![vec![0; width]; height];
        for y in 0..height {
            let rows = [&board[(y + height - 1) % height], &board[y], &board[(y + 1) % height]];
            for x in 0..width {
                let places = [(x + width - 1) % width, x, (x + 1) % width];
                let around: i64 = rows.iter().map(|row| places.iter().map(|&p| row[p]).sum::<i64>()).sum();
                let neighbours = around - board[y][x];
                following[y][x] = i64::from(neighbours == 3 || (neighbours == 2 && board[y][x] != 0));
            }
        }
        board = following;
    }
    board
}

#[pyfunction]
pub fn nbody(bodies: &Bound<'_, PyList>, steps: i64, dt: f64) -> PyResult<f64> {
    let mut b: Vec<[f64; 7]> = bodies.extract()?;
    for _ in 0..steps {
        for i in 0..b.len() {
            let (before, after) = b.split_at_mut(i + 1);
            let first = &mut before[i];
            for second in after {
                let d = [first[0] - second[0], first[1] - second[1], first[2] - second[2]];
                let distance = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).powf(0.5);
                let magnitude = dt / (distance * distance * distance);
                for axis in 0..3 {
                    first[3 + axis] -= d[axis] * second[6] * magnitude;
                    second[3 + axis] += d[axis] * first[6] * magnitude;
                }
            }
        }
        for body in &mut b {
            for axis in 0..3 {
                body[axis] += dt * body[3 + axis];
            }
        }
    }
    let mut energy = 0.0;
    for (n, body) in b.iter().enumerate() {
        energy += 0.5 * body[6] * (body[3] * body[3] + body[4] * body[4] + body[5] * body[5]);
        let list = bodies.get_item(n)?.cast_into::<PyList>()?;
        for (k, value) in body.iter().enumerate() {
            list.set_item(k, value)?;
        }
    }
    Ok(energy)
}

#[pyfunction]
pub fn sieve(limit: usize) -> Vec<usize> {
    let mut flags = vec![true; limit.max(2)];
    flags[..2].fill(false);
    let mut i = 2;
    while i * i < limit {
        if flags[i] {
            for j in (i * i..limit).step_by(i) {
                flags[j] = false;
            }
        }
        i += 1;
    }
    (0..limit).filter(|&i| flags[i]).collect()
}

#[pyfunction]
pub fn collatz(limit: i64) -> (i64, i64) {
    let (mut best, mut longest) = (1, 0);
    for start in 1..limit {
        let (mut n, mut steps) = (start, 0);
        while n != 1 {
            n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
            steps += 1;
        }
        if steps > longest {
            (best, longest) = (start, steps);
        }
    }
    (best, longest)
}

#[pyfunction]
pub fn coprime_pairs(limit: i64) -> i64 {
    let mut count = 0;
    for a in 1..limit {
        for b in a + 1..limit {
            let (mut x, mut y) = (a, b);
            while y != 0 {
                (x, y) = (y, x % y);
            }
            count += i64::from(x == 1);
        }
    }
    count
}

#[pyfunction]
pub fn dice(seed: i64, rolls: i64) -> Vec<i64> {
    let mut counts = vec![0; 13];
    let mut state = seed;
    let mut roll = || {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345) % 2_147_483_648;
        (state / 65536 % 6 + 1) as usize
    };
    for _ in 0..rolls {
        let sum = roll() + roll();
        counts[sum] += 1;
    }
    counts
}

#[pyfunction]
pub fn quicksort(items: &Bound<'_, PyList>) -> PyResult<()> {
    let mut values: Vec<i64> = items.extract()?;
    sort(&mut values, |value| *value);
    values.iter().enumerate().try_for_each(|(n, value)| items.set_item(n, value))
}

/// Hoare's partition with a stack, as the plain kernel has it.
pub fn sort<T, K: PartialOrd>(items: &mut [T], key: impl Fn(&T) -> K) {
    let mut stack = vec![(0, items.len() as isize - 1)];
    while let Some((low, high)) = stack.pop() {
        if low >= high {
            continue;
        }
        let pivot = key(&items[(low + high) as usize / 2]);
        let (mut i, mut j) = (low, high);
        while i <= j {
            while key(&items[i as usize]) < pivot {
                i += 1;
            }
            while key(&items[j as usize]) > pivot {
                j -= 1;
            }
            if i <= j {
                items.swap(i as usize, j as usize);
                i += 1;
                j -= 1;
            }
        }
        stack.push((low, j));
        stack.push((i, high));
    }
}

#[pyfunction]
pub fn knapsack(weights: Vec<usize>, values: Vec<i64>, capacity: usize) -> i64 {
    let mut best = vec![0i64; capacity + 1];
    for (&weight, &value) in weights.iter().zip(&values) {
        for room in (weight..=capacity).rev() {
            best[room] = best[room].max(best[room - weight].wrapping_add(value));
        }
    }
    best[capacity]
}

#[pyfunction]
pub fn fib(n: i64) -> i64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[pyfunction]
pub fn queens(size: usize) -> i64 {
    fn place(
        row: usize,
        size: usize,
        columns: &mut [bool],
        rising: &mut [bool],
        falling: &mut [bool],
    ) -> i64 {
        if row == size {
            return 1;
        }
        let mut count = 0;
        for column in 0..size {
            let (up, down) = (row + column, row + size - column);
            if columns[column] || rising[up] || falling[down] {
                continue;
            }
            (columns[column], rising[up], falling[down]) = (true, true, true);
            count += place(row + 1, size, columns, rising, falling);
            (columns[column], rising[up], falling[down]) = (false, false, false);
        }
        count
    }
    place(0, size, &mut vec![false; size], &mut vec![false; 2 * size], &mut vec![false; 2 * size + 1])
}

#[pyfunction]
pub fn permutations(items: Vec<i64>) -> Vec<Vec<i64>> {
    if items.len() <= 1 {
        return vec![items];
    }
    let mut result = Vec::new();
    for i in 0..items.len() {
        let mut rest = items.clone();
        let first = rest.remove(i);
        for tail in permutations(rest) {
            let mut one = Vec::with_capacity(items.len());
            one.push(first);
            one.extend(tail);
            result.push(one);
        }
    }
    result
}

#[pyfunction]
pub fn shade(colours: Vec<i64>, share: f64) -> Vec<i64> {
    colours.into_iter().map(|c| ((c as f64 + (255 - c) as f64 * share) as i64).clamp(0, 255)).collect()
}

#[pyfunction]
pub fn count_sundays(first: i64, last: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut weekday, mut count) = (1, 0);
    for year in 1900..=last {
        for month in 1..=12 {
            count += i64::from(weekday == 0 && year >= first);
            let days = match month {
                2 => 28 + i64::from(leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            weekday = (weekday + days) % 7;
        }
    }
    count
}

#[pyfunction]
pub fn power_mod(base: BigInt, exponent: BigInt, modulus: BigInt) -> BigInt {
    let mut result = BigInt::one();
    let mut base = base % &modulus;
    for n in 0..exponent.bits() {
        if exponent.bit(n) {
            result = result * &base % &modulus;
        }
        base = &base * &base % &modulus;
    }
    result
}

#[pyfunction]
pub fn pi_digits(count: usize) -> Vec<i64> {
    let (mut q, mut r, mut t) = (BigInt::one(), BigInt::zero(), BigInt::one());
    let (mut k, mut n, mut m) = (1u64, BigInt::from(3), 3u64);
    let mut digits = Vec::with_capacity(count);
    while digits.len() < count {
        if &q * 4u32 + &r - &t < &n * &t {
            digits.push(n.to_i64().unwrap_or_default());
            let next = (&q * 3u32 + &r) * 10u32 / &t - &n * 10u32;
            r = (&r - &n * &t) * 10u32;
            q *= 10u32;
            n = next;
        } else {
            n = (&q * (7 * k + 2) + &r * m) / (&t * m);
            r = (&q * 2u32 + &r) * m;
            q *= k;
            t *= m;
            k += 1;
            m += 2;
        }
    }
    digits
}

#[pyfunction]
pub fn triples(limit: i64) -> i64 {
    let mut count = 0;
    for a in 1..limit {
        for b in a..(limit - a).div_euclid(2) + 1 {
            let start = ((a * a + b * b) as f64).sqrt() as i64;
            count += (start..limit - a - b + 1).filter(|&c| c >= b && a * a + b * b == c * c).count() as i64;
        }
    }
    count
}

#[pyfunction]
pub fn squares_of_odds(values: Vec<i64>) -> i64 {
    values.iter().filter(|&&value| value % 2 != 0).map(|value| value.wrapping_mul(*value)).sum()
}

#[pyfunction]
pub fn heapsort(items: &Bound<'_, PyList>) -> PyResult<()> {
    let mut values: Vec<f64> = items.extract()?;
    heap_sort(&mut values, |value| *value);
    values.iter().enumerate().try_for_each(|(n, value)| items.set_item(n, value))
}

/// The plain kernel's heap.
pub fn heap_sort<T>(items: &mut [T], key: impl Fn(&T) -> f64 + Copy) {
    fn sift_down<T>(items: &mut [T], mut root: usize, end: usize, key: impl Fn(&T) -> f64) {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && key(&items[child]) < key(&items[child + 1]) {
                child += 1;
            }
            if key(&items[root]) >= key(&items[child]) {
                return;
            }
            items.swap(root, child);
            root = child;
        }
    }
    for start in (0..items.len() / 2).rev() {
        sift_down(items, start, items.len(), key);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        sift_down(items, 0, end, key);
    }
}

/// A float that is no NaN.
#[derive(PartialEq, PartialOrd)]
struct Ordered(f64);

impl Eq for Ordered {}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[pyfunction]
pub fn largest(values: Vec<f64>, count: usize) -> Vec<f64> {
    most(values.into_iter(), count)
}

/// The largest of some values, kept in a heap of that size.
pub fn most(values: impl Iterator<Item = f64>, count: usize) -> Vec<f64> {
    let mut heap = BinaryHeap::with_capacity(count + 1);
    for value in values {
        if heap.len() < count {
            heap.push(Reverse(Ordered(value)));
        } else if let Some(mut least) = heap.peek_mut() {
            if value > least.0.0 {
                *least = Reverse(Ordered(value));
            }
        }
    }
    heap.into_sorted_vec().into_iter().map(|value| value.0.0).collect()
}

#[pyfunction]
pub fn correlation(xs: Vec<f64>, ys: Vec<f64>) -> f64 {
    let count = xs.len() as f64;
    let (mean_x, mean_y) = (xs.iter().sum::<f64>() / count, ys.iter().sum::<f64>() / count);
    let (mut products, mut squares_x, mut squares_y) = (0.0, 0.0, 0.0);
    for (x, y) in xs.iter().zip(&ys) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        products += dx * dy;
        squares_x += dx * dx;
        squares_y += dy * dy;
    }
    products / (squares_x * squares_y).powf(0.5)
}

struct Particle {
    x: f64,
    y: f64,
    vx: f64,
    vy: f64,
}

#[pyfunction]
pub fn particles(starts: Vec<(f64, f64, f64, f64)>, steps: i64, dt: f64) -> Vec<(f64, f64)> {
    let mut moving: Vec<Particle> =
        starts.into_iter().map(|(x, y, vx, vy)| Particle { x, y, vx, vy }).collect();
    for _ in 0..steps {
        for p in &mut moving {
            p.x += p.vx * dt;
            p.y += p.vy * dt;
            if p.x < 0.0 || p.x > 1.0 {
                p.vx = -p.vx;
            }
            if p.y < 0.0 || p.y > 1.0 {
                p.vy = -p.vy;
            }
        }
    }
    moving.iter().map(|p| (p.x, p.y)).collect()
}
