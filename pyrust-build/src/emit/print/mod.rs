//! From tokens to text that a person can read: one statement a line, what is too long for a line in several.

#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream};

use self::tokens::{Kind, Tokens};
use super::table::CLASS_NAMES;

/// How long lines are, where that can be had.
const WIDTH: usize = 110;
const INDENT: usize = 4;

/// The items of a file, in the order in which they are added.
#[derive(Default)]
pub(super) struct Items {
    /// Apart: a text that grows to megabytes is copied again and again.
    texts: Vec<String>,
    names: BTreeSet<String>,
    /// How often they have been named.
    pub named: usize,
    /// Of the last item.
    tokens: Tokens,
}

impl Items {
    pub(super) fn add(&mut self, item: TokenStream) {
        let tokens = &mut self.tokens;
        tokens.set(item);
        for word in tokens.words(&CLASS_NAMES) {
            self.named += 1;
            if !self.names.contains(word) {
                self.names.insert(word.to_string());
            }
        }
        let mut text = String::with_capacity(tokens.len());
        Printer { tokens, text: &mut text, line: 0 }.lines(0, tokens.list.len(), 0);
        self.texts.push(text);
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }

    /// The classes that are named in what was added, once.
    pub(super) fn names(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.names)
    }
}

/// The text of tokens.
pub(super) fn print(tokens: TokenStream) -> String {
    let mut items = Items::default();
    items.add(tokens);
    items.texts.concat()
}

struct Printer<'t> {
    tokens: &'t Tokens,
    text: &'t mut String,
    /// Where the line begins.
    line: usize,
}

impl Printer<'_> {
    /// Statements, arms or fields, each on a line of its own.
    fn lines(&mut self, from: usize, to: usize, indent: usize) {
        let mut at = from;
        while at < to {
            let end = self.element(at, to);
            self.line = self.text.len();
            self.text.extend(std::iter::repeat_n(' ', indent));
            self.tokens(at, end, indent);
            self.text.push('\n');
            at = end;
        }
    }

    /// Behind the token up to which no line may end.
    fn element(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        while at < to {
            let token = &self.tokens.list[at];
            // What closes a group says whether a line may end.
            at = token.close;
            if self.tokens.list[at].ends {
                return at + 1;
            }
            at += 1;
        }
        to
    }

    fn column(&self) -> usize {
        self.text.len() - self.line
    }

    /// Does it fit into the rest of the line?
    fn fits(&self, from: usize, to: usize) -> bool {
        !self.tokens.is_long(from, to) && self.column() + self.tokens.width(from, to) <= WIDTH
    }

    fn flat(&mut self, from: usize, to: usize, first: bool) {
        for at in from..to {
            if self.tokens.list[at].space && !(first && at == from) {
                self.text.push(' ');
            }
            self.text.push_str(self.tokens.text(at));
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.line = self.text.len();
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// What begins at the end of the text, at the start of a line or behind what opens a group.
    fn tokens(&mut self, from: usize, to: usize, indent: usize) {
        if self.fits(from, to) {
            return self.flat(from, to, true);
        }
        let (mut at, mut wrapped, mut half) = (from, false, false);
        while at < to {
            let token = self.tokens.list[at];
            let first = at == from;
            match token.kind {
                Kind::Open(delimiter) => {
                    let end = token.close + 1;
                    if wrapped && delimiter == Delimiter::Brace {
                        // The block does not begin where what is tested ends.
                        self.new_line(indent);
                        wrapped = false;
                    } else if token.space && !first {
                        self.text.push(' ');
                    }
                    // What follows closely has to stand on the line as well.
                    let other_half = half && self.tokens.text(at - 1) == "else";
                    if !other_half && self.fits(at, self.behind(end, to)) {
                        self.flat(at, end, true);
                    } else {
                        let further = if wrapped { INDENT } else { 0 };
                        self.broken(delimiter, (at, token.close), indent + further);
                        half = delimiter == Delimiter::Brace;
                    }
                    at = end;
                }
                Kind::Operator
                    if !first && self.is_connective(at) && !self.fits(at, self.next_part(at, to)) =>
                {
                    self.new_line(indent + INDENT);
                    self.flat(at, at + 1, true);
                    (at, wrapped) = (at + 1, true);
                }
                _ => {
                    self.flat(at, at + 1, first);
                    at += 1;
                }
            }
        }
    }

    fn is_connective(&self, at: usize) -> bool {
        matches!(self.tokens.text(at), "&&" | "||")
    }

    /// The next place where a line may be broken.
    fn next_part(&self, at: usize, to: usize) -> usize {
        let mut next = at + 1;
        while next < to {
            let token = &self.tokens.list[next];
            if token.kind == Kind::Open(Delimiter::Brace) || self.is_connective(next) {
                return next;
            }
            next = token.close + 1;
        }
        to
    }

    /// Behind the operators that follow a group without a space.
    fn behind(&self, mut at: usize, to: usize) -> usize {
        while at < to && self.tokens.list[at].kind == Kind::Operator && !self.tokens.list[at].space {
            at += 1;
        }
        at
    }

    /// A group that takes several lines.
    fn broken(&mut self, delimiter: Delimiter, (open, close): (usize, usize), indent: usize) {
        self.text.push_str(self.tokens.text(open));
        if delimiter != Delimiter::Brace && self.hugs(open + 1, close, indent) {
            return self.text.push_str(self.tokens.text(close));
        }
        self.text.push('\n');
        self.lines(open + 1, close, indent + INDENT);
        self.line = self.text.len();
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(self.tokens.text(close));
    }

    /// Arguments of which only the last takes several lines need none of their own; whether it is so.
    fn hugs(&mut self, from: usize, close: usize, indent: usize) -> bool {
        let (mut last, mut end) = (from, from);
        while end < close {
            last = end;
            end = self.element(end, close);
        }
        let ends_with_group = close > last && {
            let token = &self.tokens.list[close - 1];
            token.kind == Kind::Close || token.kind == Kind::Operator && self.tokens.text(close - 1) == "?"
        };
        let alone = last == from;
        if !ends_with_group || !alone && (!self.fits(from, last) || !self.tokens.is_long(last, close)) {
            return false;
        }
        self.flat(from, last, true);
        if !alone {
            self.text.push(' ');
        }
        self.tokens(last, close, indent);
        true
    }
}
