//! What can be called: `"name" cx(argument: Type, …) expression;`.

use pyrust_runtime::big::{self, Big, SumBig};
use pyrust_runtime::builtins::{ProdState, SumF, SumFloat, SumI, SumState};
use pyrust_runtime::dict::{self, PDict};
use pyrust_runtime::foreign::{Foreign, Pattern};
use pyrust_runtime::list::{self, List, PList};
use pyrust_runtime::py::FromPy;
use pyrust_runtime::stop::R;
use pyrust_runtime::stop::{Bail, bail};
use pyrust_runtime::str_::{self, Joiner, StrBuilder, StrConst};
use pyrust_runtime::strs::{Bytes, Chr, Str};
use pyrust_runtime::txn::Cx;
use pyrust_runtime::union::U2;
use pyrust_runtime::{bytes, chr, float, fmt, int, math, range, regex};

use crate::Row;
use crate::convert::{Many, Opt, Out};

macro_rules! table {
    ($($name:literal $cx:ident($($arg:ident: $ty:ty),*) $body:expr;)*) => {
        pub(crate) static ROWS: &[Row] = &[$(Row {
            name: $name,
            arity: <[&str]>::len(&[$(stringify!($arg)),*]),
            run: |$cx, args| {
                let mut index = 0..;
                // SAFETY: the caller checked the arity; arguments outlive the transaction.
                $(let $arg = unsafe { <$ty as FromPy>::from_py($cx, args.get(index.next().unwrap_or(0)))? };)*
                let _ = (&mut index, &args);
                ($body).out($cx)
            },
        },)*];
    };
}

type I = Opt<i64>;

/// The group that ended last, and where each one stands; nothing without a match.
fn spans(cx: Cx, found: U2<(), regex::Found>, groups: i64) -> R<List<i64>> {
    let list = list::new(cx)?;
    if let U2::B(found) = found {
        let last = match regex::last_index(cx, found)? {
            U2::A(()) => 0,
            U2::B(last) => last,
        };
        list::append(cx, &list, last)?;
        for group in 0..=groups {
            let (from, to) = regex::span_at(cx, found, group)?;
            list::append(cx, &list, from)?;
            list::append(cx, &list, to)?;
        }
    }
    Ok(list)
}

/// `match`, `search` or `fullmatch` between two positions.
fn one(
    cx: Cx,
    pattern: Foreign<Pattern>,
    text: &Str,
    how: i64,
    (pos, end): (i64, i64),
) -> R<U2<(), regex::Found>> {
    match how {
        0 => regex::matches_within(cx, pattern, text, pos, end),
        1 => regex::search_within(cx, pattern, text, pos, end),
        _ => regex::full_match_within(cx, pattern, text, pos, end),
    }
}

/// Where all matches stand.
fn every(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<List<i64>> {
    let (found, list) = (regex::all_matches(cx, pattern, text)?, list::new(cx)?);
    for at in 0..list::len(cx, &found) {
        let (from, to) = regex::span(cx, list::get(cx, &found, at)?)?;
        list::append(cx, &list, from)?;
        list::append(cx, &list, to)?;
    }
    Ok(list)
}

table! {
    "regex.is_native" cx(p: Foreign<Pattern>) regex::is_native(p);
    "regex.one" cx(p: Foreign<Pattern>, s: Str, how: i64, pos: i64, end: i64, groups: i64)
        one(cx, p, &s, how, (pos, end)).and_then(|found| spans(cx, found, groups))?;
    "regex.object" cx(p: Foreign<Pattern>, s: Str, how: i64, pos: i64, end: i64) one(cx, p, &s, how, (pos, end))?;
    "regex.every" cx(p: Foreign<Pattern>, s: Str) every(cx, p, &s)?;
    "regex.objects" cx(p: Foreign<Pattern>, s: Str) regex::all_matches(cx, p, &s)?;
    "regex.find_all" cx(p: Foreign<Pattern>, s: Str) regex::find_all::<Str>(cx, p, &s)?;
    "regex.split" cx(p: Foreign<Pattern>, s: Str, most: i64) regex::split_at_most(cx, p, &s, most)?;
    "regex.subn" cx(p: Foreign<Pattern>, r: Str, s: Str, count: i64) regex::subn(cx, p, &r, &s, count)?;

    "int.add" cx(a: i64, b: i64) int::add(a, b);
    "int.sub" cx(a: i64, b: i64) int::sub(a, b);
    "int.mul" cx(a: i64, b: i64) int::mul(a, b);
    "int.neg" cx(a: i64) int::neg(a);
    "int.abs" cx(a: i64) int::abs(a);
    "int.inv" cx(a: i64) int::inv(a);
    "int.floordiv" cx(a: i64, b: i64) int::floordiv(a, b);
    "int.mod" cx(a: i64, b: i64) int::mod_(a, b);
    "int.divmod" cx(a: i64, b: i64) int::divmod(a, b);
    "int.truediv" cx(a: i64, b: i64) int::truediv(a, b);
    "int.pow" cx(a: i64, b: i64) int::pow(a, b);
    "int.pow_float" cx(a: i64, b: i64) int::pow_float(a, b);
    "int.powmod" cx(a: i64, b: i64, m: i64) int::powmod(a, b, m);
    "int.shl" cx(a: i64, b: i64) int::shl(a, b);
    "int.shr" cx(a: i64, b: i64) int::shr(a, b);
    "int.and" cx(a: i64, b: i64) int::and_(a, b);
    "int.or" cx(a: i64, b: i64) int::or_(a, b);
    "int.xor" cx(a: i64, b: i64) int::xor(a, b);
    "int.eq" cx(a: i64, b: i64) int::eq(a, b);
    "int.ne" cx(a: i64, b: i64) int::ne(a, b);
    "int.lt" cx(a: i64, b: i64) int::lt(a, b);
    "int.le" cx(a: i64, b: i64) int::le(a, b);
    "int.gt" cx(a: i64, b: i64) int::gt(a, b);
    "int.ge" cx(a: i64, b: i64) int::ge(a, b);
    "int.truth" cx(a: i64) int::truth(a);
    "int.to_float" cx(a: i64) int::to_float(a);
    "int.bit_length" cx(a: i64) int::bit_length(a);
    "int.bit_count" cx(a: i64) int::bit_count(a);
    "int.round_n" cx(a: i64, n: i64) int::round_n(a, n);
    "int.from_float" cx(x: f64) int::from_float(x);
    "int.from_str" cx(s: Str) int::from_str(cx, &s);
    "int.from_str_base" cx(s: Str, base: i64) int::from_str_base(cx, &s, base);
    "int.to_str" cx(a: i64) int::to_str(cx, a);
    "int.bin" cx(a: i64) int::bin(cx, a);
    "int.oct" cx(a: i64) int::oct(cx, a);
    "int.hex" cx(a: i64) int::hex(cx, a);

    "big.add" cx(a: Big, b: Big) big::add(cx, &a, &b);
    "big.sub" cx(a: Big, b: Big) big::sub(cx, &a, &b);
    "big.mul" cx(a: Big, b: Big) big::mul(cx, &a, &b);
    "big.floordiv" cx(a: Big, b: Big) big::floordiv(cx, &a, &b);
    "big.mod" cx(a: Big, b: Big) big::mod_(cx, &a, &b);
    "big.divmod" cx(a: Big, b: Big) big::divmod(cx, &a, &b);
    "big.truediv" cx(a: Big, b: Big) big::truediv(cx, &a, &b);
    "big.and" cx(a: Big, b: Big) big::and_(cx, &a, &b);
    "big.or" cx(a: Big, b: Big) big::or_(cx, &a, &b);
    "big.xor" cx(a: Big, b: Big) big::xor(cx, &a, &b);
    "big.gcd" cx(a: Big, b: Big) big::gcd(cx, &a, &b);
    "big.lcm" cx(a: Big, b: Big) big::lcm(cx, &a, &b);
    "big.eq" cx(a: Big, b: Big) big::eq(&a, &b);
    "big.eq_bf" cx(a: Big, f: f64) big::eq_bf(&a, f);
    "big.eq_fb" cx(f: f64, a: Big) big::eq_fb(f, &a);
    "big.ne" cx(a: Big, b: Big) big::ne(&a, &b);
    "big.ne_bf" cx(a: Big, f: f64) big::ne_bf(&a, f);
    "big.ne_fb" cx(f: f64, a: Big) big::ne_fb(f, &a);
    "big.lt" cx(a: Big, b: Big) big::lt(&a, &b);
    "big.lt_bf" cx(a: Big, f: f64) big::lt_bf(&a, f);
    "big.lt_fb" cx(f: f64, a: Big) big::lt_fb(f, &a);
    "big.le" cx(a: Big, b: Big) big::le(&a, &b);
    "big.le_bf" cx(a: Big, f: f64) big::le_bf(&a, f);
    "big.le_fb" cx(f: f64, a: Big) big::le_fb(f, &a);
    "big.gt" cx(a: Big, b: Big) big::gt(&a, &b);
    "big.gt_bf" cx(a: Big, f: f64) big::gt_bf(&a, f);
    "big.gt_fb" cx(f: f64, a: Big) big::gt_fb(f, &a);
    "big.ge" cx(a: Big, b: Big) big::ge(&a, &b);
    "big.ge_bf" cx(a: Big, f: f64) big::ge_bf(&a, f);
    "big.ge_fb" cx(f: f64, a: Big) big::ge_fb(f, &a);
    "big.neg" cx(a: Big) big::neg(cx, &a);
    "big.abs" cx(a: Big) big::abs(cx, &a);
    "big.inv" cx(a: Big) big::inv(cx, &a);
    "big.bin" cx(a: Big) big::bin(cx, &a);
    "big.oct" cx(a: Big) big::oct(cx, &a);
    "big.hex" cx(a: Big) big::hex(cx, &a);
    "big.isqrt" cx(a: Big) big::isqrt(cx, &a);
    "big.pos" cx(a: Big) big::pos(&a);
    "big.truth" cx(a: Big) big::truth(&a);
    "big.hash" cx(a: Big) big::hash(&a) as i64;
    "big.bit_length" cx(a: Big) big::bit_length(&a);
    "big.bit_count" cx(a: Big) big::bit_count(&a);
    "big.to_float" cx(a: Big) big::to_float(&a);
    "big.from_float" cx(x: f64) big::from_float(cx, x);
    "big.floor" cx(x: f64) big::floor(cx, x);
    "big.ceil" cx(x: f64) big::ceil(cx, x);
    "big.round" cx(x: f64) big::round(cx, x);
    "big.mod_int" cx(a: Big, b: i64) big::mod_int(cx, &a, b);
    "big.and_int" cx(a: Big, b: i64) big::and_int(cx, &a, b);
    "big.shl" cx(a: Big, n: i64) big::shl(cx, &a, n);
    "big.shr" cx(a: Big, n: i64) big::shr(cx, &a, n);
    "big.shr_big" cx(a: Big, b: Big) big::shr_big(cx, &a, &b);
    "big.pow" cx(a: Big, n: i64) big::pow(cx, &a, n);
    "big.powmod" cx(a: Big, b: Big, m: Big) big::powmod(cx, &a, &b, &m);
    "big.round_n" cx(a: Big, n: i64) big::round_n(cx, &a, n);
    "big.from_str" cx(s: Str) big::from_str(cx, &s);
    "big.from_str_base" cx(s: Str, base: i64) big::from_str_base(cx, &s, base);
    "big.to_str" cx(a: Big) fmt::str_of(cx, &a);
    "big.format" cx(a: Big, spec: Str) fmt::big_dyn(cx, &a, &spec);
    "big.to_bytes" cx(a: Big, n: i64) big::to_bytes_big(cx, &a, n);
    "big.to_bytes_little" cx(a: Big, n: i64) big::to_bytes_little(cx, &a, n);
    "big.from_bytes" cx(b: Bytes) big::from_bytes_big(&b);
    "big.from_bytes_little" cx(b: Bytes) big::from_bytes_little(&b);
    "big.factorial" cx(n: Big) big::factorial(cx, &n);
    "big.comb" cx(n: Big, k: Big) big::comb(cx, &n, &k);
    "big.perm" cx(n: Big, k: Big) big::perm(cx, &n, &k);
    "big.sum" cx(items: Many<Big>) {
        let mut sum = SumBig::new(big::of(0));
        items.0.iter().try_for_each(|item| sum.add(cx, item)).map(|()| sum.finish())
    };

    "mix.cmp" cx(i: i64, f: f64) int::cmp_if(i, f);
    "mix.eq_if" cx(i: i64, f: f64) int::eq_if(i, f);
    "mix.ne_if" cx(i: i64, f: f64) int::ne_if(i, f);
    "mix.lt_if" cx(i: i64, f: f64) int::lt_if(i, f);
    "mix.le_if" cx(i: i64, f: f64) int::le_if(i, f);
    "mix.gt_if" cx(i: i64, f: f64) int::gt_if(i, f);
    "mix.ge_if" cx(i: i64, f: f64) int::ge_if(i, f);
    "mix.eq_fi" cx(i: i64, f: f64) int::eq_fi(f, i);
    "mix.ne_fi" cx(i: i64, f: f64) int::ne_fi(f, i);
    "mix.lt_fi" cx(i: i64, f: f64) int::lt_fi(f, i);
    "mix.le_fi" cx(i: i64, f: f64) int::le_fi(f, i);
    "mix.gt_fi" cx(i: i64, f: f64) int::gt_fi(f, i);
    "mix.ge_fi" cx(i: i64, f: f64) int::ge_fi(f, i);

    "float.add" cx(a: f64, b: f64) float::add(a, b);
    "float.sub" cx(a: f64, b: f64) float::sub(a, b);
    "float.mul" cx(a: f64, b: f64) float::mul(a, b);
    "float.truediv" cx(a: f64, b: f64) float::truediv(a, b);
    "float.floordiv" cx(a: f64, b: f64) float::floordiv(a, b);
    "float.mod" cx(a: f64, b: f64) float::mod_(a, b);
    "float.divmod" cx(a: f64, b: f64) float::divmod(a, b);
    "float.pow" cx(a: f64, b: f64) float::pow(a, b);
    "float.neg" cx(a: f64) float::neg(a);
    "float.abs" cx(a: f64) float::abs(a);
    "float.eq" cx(a: f64, b: f64) float::eq(a, b);
    "float.lt" cx(a: f64, b: f64) float::lt(a, b);
    "float.ge" cx(a: f64, b: f64) float::ge(a, b);
    "float.truth" cx(a: f64) float::truth(a);
    "float.is_integer" cx(a: f64) float::is_integer(a);
    "float.round" cx(a: f64) float::round(a);
    "float.round_n" cx(a: f64, n: i64) float::round_n(a, n);
    "float.from_str" cx(s: Str) float::from_str(cx, &s);
    "float.to_str" cx(a: f64) float::to_str(cx, a);

    "math.sqrt" cx(x: f64) math::sqrt(x);
    "math.sin" cx(x: f64) math::sin(x);
    "math.cos" cx(x: f64) math::cos(x);
    "math.tan" cx(x: f64) math::tan(x);
    "math.asin" cx(x: f64) math::asin(x);
    "math.acos" cx(x: f64) math::acos(x);
    "math.atan" cx(x: f64) math::atan(x);
    "math.sinh" cx(x: f64) math::sinh(x);
    "math.cosh" cx(x: f64) math::cosh(x);
    "math.tanh" cx(x: f64) math::tanh(x);
    "math.asinh" cx(x: f64) math::asinh(x);
    "math.acosh" cx(x: f64) math::acosh(x);
    "math.atanh" cx(x: f64) math::atanh(x);
    "math.exp" cx(x: f64) math::exp(x);
    "math.exp2" cx(x: f64) math::exp2(x);
    "math.expm1" cx(x: f64) math::expm1(x);
    "math.log" cx(x: f64) math::log(x);
    "math.log2" cx(x: f64) math::log2(x);
    "math.log10" cx(x: f64) math::log10(x);
    "math.log1p" cx(x: f64) math::log1p(x);
    "math.cbrt" cx(x: f64) math::cbrt(x);
    "math.erf" cx(x: f64) math::erf(x);
    "math.erfc" cx(x: f64) math::erfc(x);
    "math.gamma" cx(x: f64) math::gamma(x);
    "math.lgamma" cx(x: f64) math::lgamma(x);
    "math.fabs" cx(x: f64) math::fabs(x);
    "math.floor" cx(x: f64) math::floor(x);
    "math.ceil" cx(x: f64) math::ceil(x);
    "math.trunc" cx(x: f64) math::trunc(x);
    "math.modf" cx(x: f64) math::modf(x);
    "math.frexp" cx(x: f64) math::frexp(x);
    "math.isnan" cx(x: f64) math::isnan(x);
    "math.isinf" cx(x: f64) math::isinf(x);
    "math.isfinite" cx(x: f64) math::isfinite(x);
    "math.degrees" cx(x: f64) math::degrees(x);
    "math.radians" cx(x: f64) math::radians(x);
    "math.ulp" cx(x: f64) math::ulp(x);
    "math.log_base" cx(x: f64, y: f64) math::log_base(x, y);
    "math.atan2" cx(x: f64, y: f64) math::atan2(x, y);
    "math.pow" cx(x: f64, y: f64) math::pow(x, y);
    "math.fmod" cx(x: f64, y: f64) math::fmod(x, y);
    "math.remainder" cx(x: f64, y: f64) math::remainder(x, y);
    "math.copysign" cx(x: f64, y: f64) math::copysign(x, y);
    "math.isclose" cx(x: f64, y: f64) math::isclose(x, y);
    "math.nextafter" cx(x: f64, y: f64) math::nextafter(x, y);
    "math.hypot" cx(x: f64, y: f64) math::hypot(x, y);
    "math.hypot3" cx(x: f64, y: f64, z: f64) math::hypot3(x, y, z);
    "math.dist2" cx(a: f64, b: f64, c: f64, d: f64) math::hypot(a - c, b - d);
    "math.isclose_tol" cx(x: f64, y: f64, r: f64, a: f64) math::isclose_tol(x, y, r, a);
    "math.ldexp" cx(x: f64, i: i64) math::ldexp(x, i);
    "math.fsum" cx(items: PList<f64>) math::fsum(cx, &items);
    "math.gcd" cx(a: i64, b: i64) math::gcd(a, b);
    "math.lcm" cx(a: i64, b: i64) math::lcm(a, b);
    "math.isqrt" cx(a: i64) math::isqrt(a);
    "math.factorial" cx(a: i64) math::factorial(a);
    "math.comb" cx(a: i64, b: i64) math::comb(a, b);
    "math.perm" cx(a: i64, b: i64) math::perm(a, b);

    "sum.ints" cx(items: Many<i64>, start: i64) {
        let mut sum = SumI::new(start);
        items.0.into_iter().try_for_each(|i| sum.add_int(i)).map(|()| sum.finish())
    };
    "sum.floats" cx(items: Many<f64>, start: i64) {
        let mut sum = SumF::new(start);
        items.0.into_iter().for_each(|x| sum.add_float(x));
        sum.finish()
    };
    "sum.mixed" cx(items: Many<U2<i64, f64>>, start: i64) {
        let mut sum = SumState::new(start);
        let add = |item| match item {
            U2::A(i) => sum.add_int(i),
            U2::B(x) => {
                sum.add_float(x);
                Ok(())
            }
        };
        items.0.into_iter().try_for_each(add).map(|()| sum.finish())
    };
    "sum.from_float" cx(items: Many<U2<i64, f64>>, start: f64) {
        let mut sum = SumFloat::new(start);
        items.0.into_iter().for_each(|item| match item {
            U2::A(i) => sum.add_int(i),
            U2::B(x) => sum.add_float(x),
        });
        sum.finish()
    };
    "prod.mixed" cx(items: Many<U2<i64, f64>>) {
        let mut product = ProdState::new(1);
        let mul = |item| match item {
            U2::A(i) => product.mul_int(i),
            U2::B(x) => {
                product.mul_float(x);
                Ok(())
            }
        };
        items.0.into_iter().try_for_each(mul).map(|()| product.finish())
    };

    "chr.from_ord" cx(i: i64) chr::from_ord(i);
    "chr.ord" cx(c: Chr) chr::ord(c);
    "chr.to_str" cx(c: Chr) chr::to_str(cx, c);
    "chr.int" cx(c: Chr) chr::int(cx, c);
    "chr.upper" cx(c: Chr) chr::upper(cx, c);
    "chr.lower" cx(c: Chr) chr::lower(cx, c);
    "chr.strip" cx(c: Chr) chr::strip(cx, c);
    "chr.repeat" cx(c: Chr, n: i64) chr::repeat(cx, c, n);
    "chr.isalpha" cx(c: Chr) chr::isalpha(c);
    "chr.isalnum" cx(c: Chr) chr::isalnum(c);
    "chr.isspace" cx(c: Chr) chr::isspace(c);
    "chr.isdecimal" cx(c: Chr) chr::isdecimal(c);
    "chr.isdigit" cx(c: Chr) chr::isdigit(c);
    "chr.isnumeric" cx(c: Chr) chr::isnumeric(c);
    "chr.isprintable" cx(c: Chr) chr::isprintable(c);
    "chr.islower" cx(c: Chr) chr::islower(c);
    "chr.isupper" cx(c: Chr) chr::isupper(c);
    "chr.istitle" cx(c: Chr) chr::istitle(c);
    "chr.isascii" cx(c: Chr) chr::isascii(c);
    "chr.isidentifier" cx(c: Chr) chr::isidentifier(cx, c);
    "chr.eq_str" cx(c: Chr, s: Str) chr::eq_str(c, &s);
    "chr.lt_str" cx(c: Chr, s: Str) chr::lt_str(c, &s);
    "chr.ge_str" cx(c: Chr, s: Str) chr::ge_str(c, &s);
    "chr.in_str" cx(c: Chr, s: Str) chr::in_str(c, &s);

    "str.len" cx(s: Str) str_::len(&s);
    "str.truth" cx(s: Str) str_::truth(&s);
    "str.get" cx(s: Str, i: i64) str_::get(cx, &s, i);
    "str.chars" cx(s: Str) {
        let mut out = StrBuilder::new();
        (0..s.len()).try_for_each(|i| out.push_chr(str_::at(&s, i))).and_then(|()| out.finish(cx))
    };
    "str.slice" cx(s: Str, a: I, b: I, c: I) str_::slice(cx, &s, a.0, b.0, c.0);
    "str.concat" cx(a: Str, b: Str) str_::concat(cx, &a, &b);
    "str.repeat" cx(s: Str, n: i64) str_::repeat(cx, &s, n);
    "str.eq" cx(a: Str, b: Str) str_::eq(&a, &b);
    "str.ne" cx(a: Str, b: Str) str_::ne(&a, &b);
    "str.lt" cx(a: Str, b: Str) str_::lt(&a, &b);
    "str.le" cx(a: Str, b: Str) str_::le(&a, &b);
    "str.gt" cx(a: Str, b: Str) str_::gt(&a, &b);
    "str.ge" cx(a: Str, b: Str) str_::ge(&a, &b);
    "str.contains" cx(a: Str, b: Str) str_::contains(&a, &b);
    "str.find" cx(s: Str, t: Str, a: I, b: I) str_::find(&s, &t, a.0, b.0);
    "str.rfind" cx(s: Str, t: Str, a: I, b: I) str_::rfind(&s, &t, a.0, b.0);
    "str.index" cx(s: Str, t: Str, a: I, b: I) str_::index(&s, &t, a.0, b.0);
    "str.rindex" cx(s: Str, t: Str, a: I, b: I) str_::rindex(&s, &t, a.0, b.0);
    "str.count" cx(s: Str, t: Str, a: I, b: I) str_::count(&s, &t, a.0, b.0);
    "str.find_chr" cx(s: Str, c: Chr, a: I, b: I) str_::find_chr(&s, c, a.0, b.0);
    "str.rfind_chr" cx(s: Str, c: Chr, a: I, b: I) str_::rfind_chr(&s, c, a.0, b.0);
    "str.index_chr" cx(s: Str, c: Chr, a: I, b: I) str_::index_chr(&s, c, a.0, b.0);
    "str.count_chr" cx(s: Str, c: Chr, a: I, b: I) str_::count_chr(&s, c, a.0, b.0);
    "str.startswith" cx(s: Str, t: Str, a: I, b: I) str_::startswith(&s, &t, a.0, b.0);
    "str.endswith" cx(s: Str, t: Str, a: I, b: I) str_::endswith(&s, &t, a.0, b.0);
    "str.startswith_any" cx(s: Str, t: Str, u: Str) str_::startswith_any(&s, [&t, &u], None, None);
    "str.endswith_any" cx(s: Str, t: Str, u: Str) str_::endswith_any(&s, [&t, &u], None, None);
    "str.strip" cx(s: Str) str_::strip(cx, &s);
    "str.lstrip" cx(s: Str) str_::lstrip(cx, &s);
    "str.rstrip" cx(s: Str) str_::rstrip(cx, &s);
    "str.strip_chars" cx(s: Str, t: Str) str_::strip_chars(cx, &s, &t);
    "str.lstrip_chars" cx(s: Str, t: Str) str_::lstrip_chars(cx, &s, &t);
    "str.rstrip_chars" cx(s: Str, t: Str) str_::rstrip_chars(cx, &s, &t);
    "str.removeprefix" cx(s: Str, t: Str) str_::removeprefix(cx, &s, &t);
    "str.removesuffix" cx(s: Str, t: Str) str_::removesuffix(cx, &s, &t);
    "str.split_whitespace" cx(s: Str, n: i64) str_::split_whitespace(cx, &s, n);
    "str.rsplit_whitespace" cx(s: Str, n: i64) str_::rsplit_whitespace(cx, &s, n);
    "str.split" cx(s: Str, t: Str, n: i64) str_::split(cx, &s, &t, n);
    "str.rsplit" cx(s: Str, t: Str, n: i64) str_::rsplit(cx, &s, &t, n);
    "str.splitlines" cx(s: Str, keep: bool) str_::splitlines(cx, &s, keep);
    "str.partition" cx(s: Str, t: Str) str_::partition(cx, &s, &t);
    "str.rpartition" cx(s: Str, t: Str) str_::rpartition(cx, &s, &t);
    "str.joiner" cx(s: Str, items: Many<Str>) {
        let mut joiner = Joiner::new(&s);
        items.0.iter().try_for_each(|item| joiner.push(item)).and_then(|()| joiner.finish(cx))
    };
    "str.join_str" cx(s: Str, t: Str) str_::join_str(cx, &s, &t);
    "str.builder" cx(s: Str, t: Str) {
        // s, then t one by one, then a static text, then s again.
        StrBuilder::of(&s).and_then(|mut out| {
            (0..t.len()).try_for_each(|i| out.push_chr(str_::at(&t, i)))?;
            out.push_static("-é-")?;
            out.push_str(&s)?;
            let length = out.len() as i64;
            Ok((length, out.finish(cx)?))
        })
    };
    "str.constant" cx() {
        static ASCII: StrConst = StrConst::new("abc");
        static WIDE: StrConst = StrConst::new("é€😀");
        static LONE: StrConst = StrConst::wtf8(b"a\xed\xa0\x80b\xed\xbf\xbf");
        ASCII.get(cx).and_then(|a| Ok((a.clone(), WIDE.get(cx)?.clone(), LONE.get(cx)?.clone())))
    };
    "str.replace" cx(s: Str, t: Str, u: Str, n: i64) str_::replace(cx, &s, &t, &u, n);
    "str.upper" cx(s: Str) str_::upper(cx, &s);
    "str.lower" cx(s: Str) str_::lower(cx, &s);
    "str.title" cx(s: Str) str_::title(cx, &s);
    "str.capitalize" cx(s: Str) str_::capitalize(cx, &s);
    "str.swapcase" cx(s: Str) str_::swapcase(cx, &s);
    "str.casefold" cx(s: Str) str_::casefold(cx, &s);
    "str.expandtabs" cx(s: Str, n: i64) str_::expandtabs(cx, &s, n);
    "str.zfill" cx(s: Str, n: i64) str_::zfill(cx, &s, n);
    "str.ljust" cx(s: Str, n: i64, c: Chr) str_::ljust(cx, &s, n, c);
    "str.rjust" cx(s: Str, n: i64, c: Chr) str_::rjust(cx, &s, n, c);
    "str.center" cx(s: Str, n: i64, c: Chr) str_::center(cx, &s, n, c);
    "str.isalpha" cx(s: Str) str_::isalpha(&s);
    "str.isalnum" cx(s: Str) str_::isalnum(&s);
    "str.isspace" cx(s: Str) str_::isspace(&s);
    "str.isdecimal" cx(s: Str) str_::isdecimal(&s);
    "str.isdigit" cx(s: Str) str_::isdigit(&s);
    "str.isnumeric" cx(s: Str) str_::isnumeric(&s);
    "str.isprintable" cx(s: Str) str_::isprintable(&s);
    "str.isascii" cx(s: Str) str_::isascii(&s);
    "str.islower" cx(s: Str) str_::islower(&s);
    "str.isupper" cx(s: Str) str_::isupper(&s);
    "str.istitle" cx(s: Str) str_::istitle(&s);
    "str.isidentifier" cx(s: Str) str_::isidentifier(&s);
    "str.ord" cx(s: Str) str_::ord(&s);
    "str.hash" cx(s: Str) str_::hash(&s);
    "str.repr" cx(s: Str) str_::repr(cx, &s);
    "str.encode_utf8" cx(s: Str) str_::encode_utf8(cx, &s);
    "str.encode_ascii" cx(s: Str) str_::encode_ascii(cx, &s);
    "str.encode_latin1" cx(s: Str) str_::encode_latin1(cx, &s);

    "bytes.len" cx(b: Bytes) bytes::len(&b);
    "bytes.get" cx(b: Bytes, i: i64) bytes::get(cx, &b, i);
    "bytes.slice" cx(b: Bytes, x: I, y: I, z: I) bytes::slice(cx, &b, x.0, y.0, z.0);
    "bytes.eq" cx(a: Bytes, b: Bytes) bytes::eq(&a, &b);
    "bytes.lt" cx(a: Bytes, b: Bytes) bytes::lt(&a, &b);
    "bytes.concat" cx(a: Bytes, b: Bytes) bytes::concat(cx, &a, &b);
    "bytes.repeat" cx(a: Bytes, n: i64) bytes::repeat(cx, &a, n);
    "bytes.contains" cx(a: Bytes, b: Bytes) bytes::contains(&a, &b);
    "bytes.contains_int" cx(a: Bytes, i: i64) bytes::contains_int(&a, i);
    "bytes.find" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::find(&a, &b, x.0, y.0);
    "bytes.rfind" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::rfind(&a, &b, x.0, y.0);
    "bytes.index" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::index(&a, &b, x.0, y.0);
    "bytes.count" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::count(&a, &b, x.0, y.0);
    "bytes.startswith" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::startswith(&a, &b, x.0, y.0);
    "bytes.endswith" cx(a: Bytes, b: Bytes, x: I, y: I) bytes::endswith(&a, &b, x.0, y.0);
    "bytes.zeros" cx(n: i64) bytes::zeros(cx, n);
    "bytes.hex" cx(b: Bytes) bytes::hex(cx, &b);
    "bytes.decode_utf8" cx(b: Bytes) bytes::decode_utf8(cx, &b);
    "bytes.decode_ascii" cx(b: Bytes) bytes::decode_ascii(cx, &b);
    "bytes.decode_latin1" cx(b: Bytes) bytes::decode_latin1(cx, &b);
    "bytes.repr" cx(b: Bytes) bytes::repr(cx, &b);
    "bytes.upper" cx(b: Bytes) bytes::upper(cx, &b);
    "bytes.lower" cx(b: Bytes) bytes::lower(cx, &b);

    "fmt.int" cx(a: i64, spec: Str) fmt::int_dyn(cx, a, &spec);
    "fmt.float" cx(a: f64, spec: Str) fmt::float_dyn(cx, a, &spec);
    "fmt.bool" cx(a: bool, spec: Str) fmt::bool_dyn(cx, a, &spec);
    "fmt.str" cx(a: Str, spec: Str) fmt::str_dyn(cx, &a, &spec);
    "fmt.chr" cx(a: Chr, spec: Str) fmt::chr_dyn(cx, a, &spec);
    "fmt.repr" cx(a: i64, b: f64, c: Str) fmt::repr_of(cx, &((a, b), (&c,), (), true, range::between(a, a)));
    "fmt.repr_list" cx(items: PList<U2<i64, f64>>, texts: Many<Str>) {
        let fresh = list::copy(cx, &items)?;
        let names = list::new(cx)?;
        texts.0.into_iter().try_for_each(|text| list::append(cx, &names, text))?;
        fmt::repr_of(cx, &(items, fresh, names))
    };
    "fmt.converted" cx(a: U2<i64, f64>, s: Str, spec: Str) {
        let spec = spec.raw();
        let Ok(spec) = std::str::from_utf8(spec) else { return bail(Bail::Unsupported) };
        let mut out = StrBuilder::new();
        fmt::push_converted_s(cx, &mut out, &a, spec)?;
        fmt::push_converted_r(cx, &mut out, &s, spec)?;
        fmt::push_converted_a(cx, &mut out, &s, spec)?;
        fmt::push_plain(cx, &mut out, &(&s,), "")?;
        fmt::push_plain(cx, &mut out, &(), if spec == "5q" { spec } else { "" })?;
        out.finish(cx)
    };
    "fmt.repr_dict" cx(items: PDict<Str, i64>) {
        let fresh = dict::copy(cx, &items)?;
        fmt::str_of(cx, &(items, fresh))
    };
    "str.join" cx(s: Str, items: PList<Str>) str_::join(cx, &s, &items);
    "bytes.from_ints" cx(items: PList<i64>) bytes::from_ints(cx, &items);
    "bytes.join" cx(s: Bytes, items: PList<Bytes>) bytes::join(cx, &s, &items);
    "fmt.percent1" cx(s: Str, a: U2<i64, f64>) match a {
        U2::A(i) => fmt::percent(cx, &s, &[fmt::boxed(&i)?]),
        U2::B(x) => fmt::percent(cx, &s, &[fmt::boxed(&x)?]),
    };
    "fmt.percent2" cx(s: Str, a: i64, b: Str) fmt::percent(cx, &s, &[fmt::boxed(&a)?, fmt::boxed(&b)?]);
}
