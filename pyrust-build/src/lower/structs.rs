//! `struct`: a format that is written down is taken apart here, so that each field is read or made by an operation of its
//! own. One that is made when it is used (`f"<{n}I"`) is read there, if its end tells what the fields are.

use std::collections::BTreeMap;

use super::visitors::{is_name, mentions};
use super::{Lower, scope};
use crate::ast::{self, BinOp, Constant, Expr as AExpr, ExprKind as A, StmtKind as S};
use crate::hir::{CompKind, Expr, ExprKind, Iter, IterKind};
use crate::resolve::Binding;
use crate::source::Span;
use crate::ty::MAX_TUPLE;
use crate::walk;

/// More fields than anybody writes out.
const MAX_FIELDS: usize = 32;
/// What one operation makes bytes of.
const MAX_WORDS: usize = 4;
/// As in the runtime's `structs`.
const SIGNED: i64 = 16;
const BIG_ENDIAN: i64 = 32;

/// What a format describes.
struct Layout {
    fields: Vec<Field>,
    size: usize,
    big_endian: bool,
}

struct Field {
    kind: Kind,
    at: usize,
    size: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int { signed: bool },
    Float,
    Truth,
    Char,
    Text,
}

impl Layout {
    /// `None` for a format that is wrong, or that is not taken apart.
    fn of(format: &str) -> Option<Layout> {
        let (order, codes) = match format.chars().next() {
            Some(order @ ('@' | '=' | '<' | '>' | '!')) => (order, &format[1..]),
            _ => ('@', format),
        };
        let native = order == '@';
        let big_endian = matches!(order, '>' | '!') || (cfg!(target_endian = "big") && order != '<');
        if native && cfg!(not(target_pointer_width = "64")) {
            return None;
        }
        let long = if native && cfg!(unix) { 8 } else { 4 };
        let mut layout = Layout { fields: Vec::new(), size: 0, big_endian };
        let mut chars = codes.chars().peekable();
        while let Some(c) = chars.next() {
            // What C calls white space there; a count stands right before its code.
            if matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
                continue;
            }
            let (mut code, mut count) = (c, None);
            if c.is_ascii_digit() {
                let mut digits = c.to_string();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                count = Some(digits.parse::<usize>().ok().filter(|n| *n <= 1 << 16)?);
                code = chars.next()?;
            }
            let (kind, size) = match code {
                'x' => {
                    layout.size += count.unwrap_or(1);
                    continue;
                }
                's' => {
                    let size = count.unwrap_or(1);
                    layout.fields.push(Field { kind: Kind::Text, at: layout.size, size });
                    layout.size += size;
                    continue;
                }
                'c' => (Kind::Char, 1),
                '?' => (Kind::Truth, 1),
                'b' | 'B' => (Kind::Int { signed: code == 'b' }, 1),
                'h' | 'H' => (Kind::Int { signed: code == 'h' }, 2),
                'i' | 'I' => (Kind::Int { signed: code == 'i' }, 4),
                'l' | 'L' => (Kind::Int { signed: code == 'l' }, long),
                'q' | 'Q' => (Kind::Int { signed: code == 'q' }, 8),
                'e' => (Kind::Float, 2),
                'f' => (Kind::Float, 4),
                'd' => (Kind::Float, 8),
                _ => return None,
            };
            if native {
                layout.size = layout.size.next_multiple_of(size);
            }
            for _ in 0..count.unwrap_or(1) {
                layout.fields.push(Field { kind, at: layout.size, size });
                layout.size += size;
                if layout.fields.len() > MAX_FIELDS {
                    return None;
                }
            }
        }
        (layout.fields.len() <= MAX_FIELDS).then_some(layout)
    }

    /// What the runtime wants to know of a field.
    fn kind(&self, field: &Field) -> i64 {
        let signed = if field.kind == (Kind::Int { signed: true }) { SIGNED } else { 0 };
        let big_endian = if self.big_endian { BIG_ENDIAN } else { 0 };
        int(field.size) | signed | big_endian
    }
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Lower<'_> {
    /// A call of a function of `struct` with its format first; `None` for what stays Python.
    pub(super) fn struct_call(
        &mut self,
        name: &str,
        format: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        match format_of(format).and_then(|text| Layout::of(&text)) {
            Some(layout) => self.with_layout(name, &layout, args, keywords, span),
            None => self.with_format(name, format, args, keywords, span),
        }
    }

    /// `struct.pack(format, …, *numbers)`.
    pub(super) fn struct_of_all(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let library = self.library_of(func)?;
        let ("struct", "pack", [format, values @ ..], []) =
            (library.module.as_str(), library.attr.as_str(), args, keywords)
        else {
            return None;
        };
        if matches!(format.kind, A::Starred(_)) {
            return None;
        }
        let format = self.format(format);
        let values = match values {
            [AExpr { kind: A::Starred(items), .. }] => {
                let comp = ExprKind::Comp(Box::new(self.comp_over(CompKind::List, items)));
                self.make(comp, span)
            }
            several => self.expr(&AExpr { kind: A::List(several.to_vec()), span }),
        };
        self.libraries.insert(library);
        Some(self.field_op(format, "struct numbers", vec![values], span).kind)
    }

    /// A format, as a text.
    fn format(&mut self, format: &AExpr) -> Expr {
        match format_of(format) {
            Some(text) => self.make(ExprKind::Str(text), format.span),
            None => self.expr(format),
        }
    }

    /// A call with a format that is read when it runs: fields of numbers.
    fn with_format(
        &mut self,
        name: &str,
        format: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let of_name = |name: &str| match (self.lookup(name), self.env.bindings.get(name)) {
            (Some(_), _) => self.formats.get(name).copied(),
            (None, Some(Binding::Value(value))) => last_code(value, &|_| None),
            _ => None,
        };
        let numbers = || numbers_of(last_code(format, &of_name)?);
        let zero = zero(span);
        let (name, given) = match (name, args, keywords) {
            ("calcsize", [], []) => ("struct size", vec![]),
            ("pack", [_, ..], []) => {
                let format = self.format(format);
                let values = args.iter().map(|value| self.expr(value)).collect();
                let values = self.make(ExprKind::List(values), span);
                return Some(self.field_op(format, "struct numbers", vec![values], span).kind);
            }
            _ => {
                let (data, offset) = unpacked(name, args, keywords, &zero)?;
                (numbers()?, [data].into_iter().chain(offset).collect())
            }
        };
        let format = self.format(format);
        let given = given.into_iter().map(|arg| self.expr(arg)).collect();
        Some(self.field_op(format, name, given, span).kind)
    }

    /// A method of a global or local that is a `struct.Struct` with a format that is written down.
    pub(super) fn struct_method(
        &mut self,
        base: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        if let A::Name(local) = &base.kind
            && let Some(format) = self.structs.get(local)
        {
            return self.with_layout(name, &Layout::of(format)?, args, keywords, span);
        }
        let (global, format) = self.struct_global(base)?;
        let kind = self.with_layout(name, &Layout::of(&format)?, args, keywords, span)?;
        self.layouts.insert((global, format));
        Some(kind)
    }

    /// `S.size` of the same.
    pub(super) fn struct_size(&mut self, base: &AExpr) -> Option<ExprKind> {
        if let A::Name(local) = &base.kind
            && let Some(format) = self.structs.get(local)
        {
            return Some(ExprKind::Int(int(Layout::of(format)?.size)));
        }
        let (global, format) = self.struct_global(base)?;
        let size = Layout::of(&format)?.size;
        self.layouts.insert((global, format));
        Some(ExprKind::Int(int(size)))
    }

    /// A global that is made as `struct.Struct("<I")`, and the format.
    fn struct_global(&self, base: &AExpr) -> Option<(String, String)> {
        let A::Name(global) = &base.kind else { return None };
        let Some(Binding::Value(value)) = self.env.bindings.get(global) else { return None };
        let A::Call { func, args: made_of, keywords: none } = &value.kind else { return None };
        if self.lookup(global).is_some() || !none.is_empty() {
            return None;
        }
        Some((global.clone(), self.struct_made(func, made_of)?))
    }

    /// The format of what `struct.Struct("<I")` makes.
    fn struct_made(&self, func: &AExpr, args: &[AExpr]) -> Option<String> {
        let class = self.library_of(func)?;
        match (args, class.module.as_str(), class.attr.as_str()) {
            ([format], "struct", "Struct") => format_of(format),
            _ => None,
        }
    }

    /// The locals that are such an object from one place on, before which they are not named, and are only asked for what is
    /// read or made here: the object itself is not needed.
    pub(super) fn local_structs(&mut self, body: &[ast::Stmt]) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (at, stmt) in body.iter().enumerate() {
            let S::Assign { targets, value } = &stmt.kind else { continue };
            let ([AExpr { kind: A::Name(name), .. }], A::Call { func, args, keywords }) =
                (targets.as_slice(), &value.kind)
            else {
                continue;
            };
            let Some(format) = self.struct_made(func, args).filter(|_| keywords.is_empty()) else { continue };
            let Some(layout) = Layout::of(&format) else { continue };
            let asked = |e: &AExpr| match &e.kind {
                A::Call { func, args, keywords } => {
                    let zero = zero(e.span);
                    matches!(&func.kind, A::Attribute { value, name: method } if is_name(value, name)
                    && match (method.as_str(), args.as_slice(), keywords.as_slice()) {
                        ("pack", values, []) => {
                            let starred = |a: &AExpr| matches!(a.kind, A::Starred(_));
                            values.len() == layout.fields.len() && !values.iter().any(starred)
                        }
                        (method, args, keywords) => unpacked(method, args, keywords, &zero).is_some(),
                    })
                }
                A::Attribute { value, name: attribute } => attribute == "size" && is_name(value, name),
                _ => false,
            };
            let mut known = 0;
            walk::expressions(&body[at + 1..], &mut |e| known += usize::from(asked(e)));
            let elsewhere = scope::binds(&body[..at], name) || scope::binds(&body[at + 1..], name);
            if mentions(body, name) == known + 1
                && !elsewhere
                && self.scopes[0].vars.contains_key(name)
                && !self.is_cell(name)
            {
                found.insert(name.clone(), format);
                self.libraries.extend(self.library_of(func));
            }
        }
        found
    }

    fn with_layout(
        &mut self,
        name: &str,
        layout: &Layout,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        match (name, args, keywords) {
            ("calcsize", [], []) => Some(ExprKind::Int(int(layout.size))),
            ("pack", values, []) if values.len() == layout.fields.len() => self.pack(layout, values, span),
            _ => {
                let zero = zero(span);
                let (data, offset) = unpacked(name, args, keywords, &zero)?;
                Some(self.unpack(layout, data, offset, span))
            }
        }
    }

    /// The tuple of the fields in `data`, which is evaluated before the offset; without one, the fields are all of it.
    fn unpack(&mut self, layout: &Layout, data: &AExpr, offset: Option<&AExpr>, span: Span) -> ExprKind {
        let (var, value) = (self.temp(), self.boxed(data));
        let data = self.make(ExprKind::Named { var, value }, data.span);
        let offset = offset.map(|offset| self.expr(offset));
        let start = self.temp();
        let local = self.make(ExprKind::Local(var), span);
        let size = self.int(layout.size, span);
        let value = Box::new(match offset {
            Some(offset) => self.field_op(local, "struct window", vec![offset, size], span),
            None => self.field_op(local, "struct whole", vec![size], span),
        });
        let window = self.make(ExprKind::Named { var: start, value }, span);
        let read = |cx: &mut Self, field: &Field| {
            let base = cx.make(ExprKind::Local(var), span);
            let kind = cx.make(ExprKind::Int(layout.kind(field)), span);
            let mut args = vec![cx.make(ExprKind::Local(start), span), cx.int(field.at, span)];
            let name = match field.kind {
                Kind::Int { .. } => "struct int",
                Kind::Float => "struct float",
                Kind::Truth => "struct truth",
                Kind::Char | Kind::Text => "struct text",
            };
            match field.kind {
                Kind::Int { .. } | Kind::Float => args.push(kind),
                Kind::Char | Kind::Text => args.push(cx.int(field.size, span)),
                Kind::Truth => {}
            }
            cx.field_op(base, name, args, span)
        };
        let fields: Vec<_> = layout.fields.iter().map(|field| read(self, field)).collect();
        let fields = if fields.len() > MAX_TUPLE {
            // A tuple of any length, with items of one type.
            let list = Box::new(self.make(ExprKind::List(fields), span));
            let iter = Iter { kind: IterKind::Expr(list), span, id: self.node() };
            ExprKind::Comp(Box::new(self.comp_of_iter(CompKind::Tuple, iter, span)))
        } else {
            ExprKind::Tuple(fields)
        };
        let fields = self.make(fields, span);
        self.in_order(vec![data, window], fields, span)
    }

    /// The bytes of these values; `None` if one has a form that is not made here.
    fn pack(&mut self, layout: &Layout, values: &[AExpr], span: Span) -> Option<ExprKind> {
        if layout.fields.iter().any(|field| field.kind == Kind::Float && field.size == 2) {
            return None;
        }
        let mut packed = Packed::default();
        for (field, value) in layout.fields.iter().zip(values) {
            self.zeros(&mut packed, field.at, span);
            let value = self.expr(value);
            let size = self.int(field.size, span);
            let kind = self.make(ExprKind::Int(layout.kind(field)), span);
            let made = match field.kind {
                Kind::Text => {
                    let text = self.field_op(value, "struct text field", vec![size], span);
                    self.close(&mut packed, span);
                    packed.pieces.push(text);
                    packed.done = field.at + field.size;
                    continue;
                }
                Kind::Int { .. } => self.field_op(value, "struct int field", vec![kind], span),
                Kind::Float => self.field_op(value, "struct float field", vec![kind], span),
                Kind::Truth => self.field_op(value, "struct truth field", vec![], span),
                Kind::Char => self.field_op(value, "struct char field", vec![], span),
            };
            self.put(&mut packed, made, field.size, span);
        }
        self.zeros(&mut packed, layout.size, span);
        self.close(&mut packed, span);
        let all = packed.pieces.into_iter().reduce(|left, right| {
            let kind = ExprKind::Binary { op: BinOp::Add, left: Box::new(left), right: Box::new(right) };
            self.make(kind, span)
        });
        Some(all.map_or(ExprKind::Bytes(vec![]), |all| all.kind))
    }

    /// Zeros up to a place.
    fn zeros(&mut self, packed: &mut Packed, to: usize, span: Span) {
        if to > packed.done + 8 * MAX_WORDS {
            self.close(packed, span);
            let none = self.make(ExprKind::Bytes(vec![]), span);
            let len = self.int(to - packed.done, span);
            let zeros = self.field_op(none, "struct text field", vec![len], span);
            packed.pieces.push(zeros);
            packed.done = to;
        } else if to > packed.done + packed.len {
            packed.len = to - packed.done;
            packed.words.resize_with(packed.len.div_ceil(8), || None);
        }
    }

    /// One field more.
    fn put(&mut self, packed: &mut Packed, field: Expr, size: usize, span: Span) {
        if packed.len + size > 8 * MAX_WORDS {
            self.close(packed, span);
        }
        let (at, shift) = (packed.len / 8, packed.len % 8);
        packed.len += size;
        packed.words.resize_with(packed.len.div_ceil(8), || None);
        if shift + size <= 8 {
            self.join(&mut packed.words[at], field, shift, span);
            return;
        }
        // Over the end of a word.
        let (var, value) = (self.temp(), Box::new(field));
        let low = self.make(ExprKind::Named { var, value }, span);
        self.join(&mut packed.words[at], low, shift, span);
        let local = self.make(ExprKind::Local(var), span);
        let bits = self.int(8 * (8 - shift), span);
        packed.words[at + 1] = Some(self.field_op(local, "struct rest", vec![bits], span));
    }

    fn join(&mut self, word: &mut Option<Expr>, field: Expr, shift: usize, span: Span) {
        *word = Some(match word.take() {
            None if shift == 0 => field,
            before => {
                let before = before.unwrap_or_else(|| self.make(ExprKind::Int(0), span));
                let bits = self.int(8 * shift, span);
                self.field_op(before, "struct join", vec![field, bits], span)
            }
        });
    }

    /// The words so far become bytes.
    fn close(&mut self, packed: &mut Packed, span: Span) {
        let (len, mut words) = (packed.len, std::mem::take(&mut packed.words));
        packed.done += len;
        packed.len = 0;
        if len == 0 {
            return;
        }
        words.resize_with(words.len().next_power_of_two(), || None);
        let zero = |cx: &mut Self| cx.make(ExprKind::Int(0), span);
        let mut words = words.into_iter().map(|word| word.unwrap_or_else(|| zero(self))).collect::<Vec<_>>();
        let first = words.remove(0);
        words.push(self.int(len, span));
        let piece = self.field_op(first, "struct bytes", words, span);
        packed.pieces.push(piece);
    }

    fn field_op(&mut self, base: Expr, name: &str, args: Vec<Expr>, span: Span) -> Expr {
        let kind = ExprKind::Method { base: Box::new(base), name: name.into(), args, keywords: vec![] };
        self.make(kind, span)
    }
}

/// What has been packed: whole pieces, and words that become one.
#[derive(Default)]
struct Packed {
    pieces: Vec<Expr>,
    /// How many bytes the pieces have.
    done: usize,
    words: Vec<Option<Expr>>,
    /// How many bytes the words have.
    len: usize,
}

fn zero(span: Span) -> AExpr {
    AExpr { kind: A::Constant(Constant::Int("0".into())), span }
}

/// What a call unpacks, and from where on; `zero` where it is not said, nothing if the fields are all of it. `None` for
/// other calls.
fn unpacked<'a>(
    name: &str,
    args: &'a [AExpr],
    keywords: &'a [ast::Keyword],
    zero: &'a AExpr,
) -> Option<(&'a AExpr, Option<&'a AExpr>)> {
    match (name, args, keywords) {
        ("unpack", [data], []) => Some((data, None)),
        ("unpack_from", [data], []) => Some((data, Some(zero))),
        ("unpack_from", [data, offset], []) => Some((data, Some(offset))),
        ("unpack_from", [data], [k]) if k.name.as_deref() == Some("offset") => Some((data, Some(&k.value))),
        _ => None,
    }
}

/// What reads fields of this kind, all of them.
fn numbers_of(code: char) -> Option<&'static str> {
    match code {
        'b' | 'B' | 'h' | 'H' | 'i' | 'I' | 'l' | 'L' | 'q' | 'Q' => Some("struct ints"),
        'e' | 'f' | 'd' => Some("struct floats"),
        _ => None,
    }
}

/// The code at the end of a format that is made when it is used: `f"<{n}I"`, `"<%dI" % n`, `order + "I"`, `n * "I"`. What
/// reads the fields looks at all of them. `of_name`: what is known of a variable.
fn last_code(format: &AExpr, of_name: &dyn Fn(&str) -> Option<char>) -> Option<char> {
    let last = |e: &AExpr| last_code(e, of_name);
    match &format.kind {
        A::JoinedStr(parts) => last(parts.last().filter(|part| format_of(part).is_some())?),
        A::BinOp { left, op: BinOp::Mod, .. } => {
            let text = format_of(left)?;
            let before = text.get(..text.len().checked_sub(1)?)?;
            let plain = before.trim_end_matches(|c: char| c.is_ascii_digit() || "-+ #.*".contains(c));
            // Else it is what says how something is put in.
            if plain.ends_with(['%', ')']) { None } else { last(left) }
        }
        A::BinOp { right, op: BinOp::Add, .. } => last(right),
        A::BinOp { left, right, op: BinOp::Mult } => last(left).or_else(|| last(right)),
        A::Name(name) => of_name(name),
        _ => format_of(format)?.chars().next_back(),
    }
}

/// The last codes of what is assigned to variables, where that may be a format; of several different ones none.
pub(super) fn formats(body: &[ast::Stmt]) -> BTreeMap<String, char> {
    let mut found: BTreeMap<String, Option<char>> = BTreeMap::new();
    walk::each_statement(body, &mut |stmt| {
        if let S::Assign { targets, value } = &stmt.kind
            && let [AExpr { kind: A::Name(name), .. }] = targets.as_slice()
        {
            let code = last_code(value, &|_| None).filter(|code| numbers_of(*code).is_some());
            let known = found.entry(name.clone()).or_insert(code);
            *known = known.filter(|known| Some(*known) == code);
        }
    });
    found.into_iter().filter_map(|(name, code)| Some((name, code?))).collect()
}

/// The text of a constant format.
fn format_of(e: &AExpr) -> Option<String> {
    match &e.kind {
        A::Constant(Constant::Str(text)) if text.is_ascii() => Some(text.clone()),
        A::Constant(Constant::Bytes(text)) if text.is_ascii() => {
            Some(text.iter().map(|b| char::from(*b)).collect())
        }
        _ => None,
    }
}
