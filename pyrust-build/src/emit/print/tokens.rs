//! Tokens in a row, with what stands between them: which of them have a space in front, and behind which a line may or
//! must end.
//!
//! Only white space is decided here: a wrong guess (a comparison that is taken for a list of generic arguments) costs
//! looks. Two operators that would read as another one are always apart.

use std::fmt::Write;
use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, Literal, Spacing, TokenStream, TokenTree};

/// The macro that stands for a comment: `py!("4: x = 1");`.
const COMMENT: &str = "py";

/// Operators of more than one character, longest first.
const OPERATORS: [&str; 23] = [
    "..=", "<<=", ">>=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=", "%=",
    "^=", "&=", "|=", "<<", ">>", "..",
];

/// Does an operator begin with that?
fn is_operator(start: &str) -> bool {
    OPERATORS.iter().any(|operator| operator.starts_with(start))
}

/// Would two operators, of which one ends and the next begins so, read as another one? `<-` is one of its own.
fn reads_as_one(before: char, next: char) -> bool {
    (before, next) == ('<', '-')
        || OPERATORS.iter().any(|known| known.strip_prefix(before).is_some_and(|rest| rest.starts_with(next)))
}

/// A word behind which no value stands yet.
fn is_keyword(word: &str) -> bool {
    ends_with_block(word)
        || matches!(
            word,
            "as" | "break"
                | "const"
                | "continue"
                | "dyn"
                | "else"
                | "in"
                | "let"
                | "move"
                | "mut"
                | "ref"
                | "return"
                | "static"
                | "type"
                | "where"
        )
}

/// A statement that begins with it ends with a block.
fn ends_with_block(word: &str) -> bool {
    is_tested(word)
        || matches!(
            word,
            "enum" | "extern" | "fn" | "for" | "impl" | "loop" | "mod" | "pub" | "struct" | "trait" | "while"
        )
}

/// What begins with it has a block, and may stand in what a statement tests.
fn is_tested(word: &str) -> bool {
    matches!(word, "if" | "match" | "unsafe")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Operator,
    Open(Delimiter),
    Close,
    /// Until the end of the line.
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// Where its text ends; it starts where the one before ends.
    end: usize,
    pub kind: Kind,
    /// A space stands in front of it if it is not the first of a line.
    pub space: bool,
    /// A line may end behind it.
    pub ends: bool,
    /// The column behind it if all tokens stood on one line.
    column: usize,
    /// How many line ends there must be until here.
    hard: usize,
    /// What closes a group, for what opens it.
    pub close: usize,
}

/// The tokens of an item or several.
#[derive(Default)]
pub(super) struct Tokens {
    text: String,
    pub list: Vec<Token>,
    hard: usize,
}

/// What stands in front, within one group.
#[derive(Clone, Copy)]
struct State {
    within: Option<Delimiter>,
    /// A value or a type has just ended.
    operand: bool,
    /// No space follows.
    tight: bool,
    /// The last word is one with which generic arguments may follow.
    is_type: bool,
    /// A name that is being defined comes next, or came last.
    defines: bool,
    /// How many lists of generic arguments are open.
    angles: usize,
    /// The parameters of a closure are open.
    bars: bool,
    statement: Statement,
    /// So many blocks within what a statement tests come before its own.
    others: usize,
    /// The last token is the `!` of a macro.
    bang: bool,
}

/// What the statement that is under way is like.
#[derive(Clone, Copy, PartialEq)]
enum Statement {
    /// It has not begun.
    New,
    /// It may be a call of a macro: only a path stands there.
    Path,
    /// It ends with its block.
    WithBlock,
    /// Its attribute is open.
    Attribute,
    Other,
}

impl State {
    fn new(within: Option<Delimiter>) -> State {
        State {
            within,
            operand: false,
            tight: !matches!(within, Some(Delimiter::Brace)),
            is_type: false,
            defines: false,
            angles: 0,
            bars: false,
            statement: Statement::New,
            others: 0,
            bang: false,
        }
    }

    /// Statements or arms stand here, or fields, not arguments.
    fn has_lines(&self) -> bool {
        matches!(self.within, None | Some(Delimiter::Brace))
    }

    /// A token stands there; `operand`: a value or a type ends with it, `tight`: no space follows.
    fn behind(&mut self, operand: bool, tight: bool) {
        (self.operand, self.tight) = (operand, tight);
        (self.is_type, self.defines, self.bang) = (false, false, false);
    }

    /// Another statement, arm or field begins.
    fn restart(&mut self) {
        *self = State { tight: false, ..State::new(self.within) };
    }
}

impl Tokens {
    /// Begins anew, in the memory of those before.
    pub(super) fn set(&mut self, stream: TokenStream) {
        self.text.clear();
        self.list.clear();
        self.hard = 0;
        self.group(stream, None);
    }

    /// About how long their text is, with what stands between.
    pub(super) fn len(&self) -> usize {
        self.text.len() * 3 / 2
    }

    pub(super) fn text(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.list[at].end]
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.list[before].end)
    }

    /// How wide tokens are on one line, without a space in front.
    pub(super) fn width(&self, from: usize, to: usize) -> usize {
        let behind = to.checked_sub(1).map_or(0, |last| self.list[last].column);
        let before = from.checked_sub(1).map_or(0, |before| self.list[before].column);
        let space = self.list.get(from).is_some_and(|token| token.space);
        behind.saturating_sub(before + usize::from(space))
    }

    /// Must a line end between the first token and the last?
    pub(super) fn is_long(&self, from: usize, to: usize) -> bool {
        let until = |at: usize| at.checked_sub(1).map_or(0, |before| self.list[before].hard);
        // The last may end its line.
        to > from + 1 && until(to - 1) > until(from)
    }

    /// The words that begin in one of these ways.
    pub(super) fn words<'t>(&'t self, prefixes: &'t [&str]) -> impl Iterator<Item = &'t str> + 't {
        let words = (0..self.list.len()).filter(|&at| self.list[at].kind == Kind::Word);
        words.map(|at| self.text(at)).filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
    }

    /// Adds a token whose text has been written.
    fn push(&mut self, kind: Kind, space: bool) {
        let start = self.start(self.list.len());
        let before = self.list.last().map_or(0, |token| token.column);
        let column = before + usize::from(space) + (self.text.len() - start);
        let close = self.list.len();
        self.list.push(Token {
            end: self.text.len(),
            kind,
            space,
            ends: false,
            column,
            hard: self.hard,
            close,
        });
    }

    /// A line may end here; or it must, where statements stand.
    fn end(&mut self, state: &mut State, must: bool) {
        let Some(last) = self.list.last_mut() else { return };
        last.ends = true;
        if must {
            self.hard += 1;
            last.hard = self.hard;
        }
        state.restart();
    }

    fn group(&mut self, stream: TokenStream, within: Option<Delimiter>) {
        let mut state = State::new(within);
        self.stream(stream, &mut state);
    }

    fn stream(&mut self, stream: TokenStream, state: &mut State) {
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Ident(ident) => {
                    let start = self.text.len();
                    _ = write!(self.text, "{ident}");
                    if &self.text[start..] == COMMENT && self.comment(&mut trees, state, start) {
                        continue;
                    }
                    self.word(state, start);
                }
                TokenTree::Literal(literal) => self.literal(&literal, state),
                TokenTree::Punct(punct) => {
                    let start = self.text.len();
                    self.text.push(punct.as_char());
                    if punct.as_char() == '\'' {
                        if let Some(TokenTree::Ident(name)) = trees.next() {
                            _ = write!(self.text, "{name}");
                        }
                        self.lifetime(state);
                        continue;
                    }
                    let mut joint = punct.spacing() == Spacing::Joint;
                    while joint && let Some(TokenTree::Punct(next)) = trees.peek() {
                        let (c, spacing) = (next.as_char(), next.spacing());
                        self.text.push(c);
                        // An operator that is none with it ends here.
                        if !is_operator(&self.text[start..]) {
                            self.text.pop();
                            break;
                        }
                        trees.next();
                        joint = spacing == Spacing::Joint;
                    }
                    self.operator(state, start, &mut trees);
                }
                TokenTree::Group(group) => self.nested(group, state, &mut trees),
            }
        }
    }

    fn space(&self, state: &State) -> bool {
        !state.tight && !self.list.is_empty()
    }

    fn word(&mut self, state: &mut State, start: usize) {
        let space = self.space(state);
        self.push(Kind::Word, space);
        let word = &self.text[start..];
        let keyword = is_keyword(word);
        if state.statement == Statement::New {
            state.statement = match () {
                () if ends_with_block(word) => Statement::WithBlock,
                () if keyword => Statement::Other,
                () => Statement::Path,
            };
        } else if word == "fn" && state.statement == Statement::Other && state.has_lines() {
            // `const fn`.
            state.statement = Statement::WithBlock;
        } else if state.statement == Statement::WithBlock && is_tested(word) && !self.is_else() {
            state.others += 1;
        }
        let defined = state.defines && !keyword;
        let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
        // Not `LIMIT < x`.
        let is_short = word.chars().skip(1).all(|c| c.is_ascii_digit());
        let is_type = capital && (is_short || word.contains(|c: char| c.is_ascii_lowercase()));
        let is_type = is_type || defined || word == "impl";
        let defines = matches!(word, "fn" | "struct" | "enum" | "trait" | "type");
        state.behind(!keyword, false);
        (state.is_type, state.defines) = (is_type, defines);
    }

    fn literal(&mut self, literal: &Literal, state: &mut State) {
        let start = self.text.len();
        _ = write!(self.text, "{literal}");
        // `<-` is an operator of its own.
        let negative = self.text[start..].starts_with('-') && self.text[..start].ends_with('<');
        let space = self.space(state) || negative;
        self.push(Kind::Word, space);
        self.begun(state);
        state.behind(true, false);
    }

    /// Does the last word but one say that this is the other half of a statement?
    fn is_else(&self) -> bool {
        self.list.len().checked_sub(2).is_some_and(|at| matches!(self.text(at), "else" | "pub"))
    }

    /// Something that is no word of its own begins a statement.
    fn begun(&self, state: &mut State) {
        if matches!(state.statement, Statement::New | Statement::Path) {
            state.statement = Statement::Other;
        }
    }

    fn lifetime(&mut self, state: &mut State) {
        let space = self.space(state);
        self.push(Kind::Word, space);
        // `'outer: loop { … }`.
        if state.statement == Statement::New {
            state.statement = Statement::WithBlock;
        }
        state.behind(false, false);
    }

    /// `py!("…");` as a comment; whether it is one. Among arguments it goes.
    fn comment(&mut self, trees: &mut Peekable<IntoIter>, state: &mut State, start: usize) -> bool {
        if !matches!(trees.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!') {
            return false;
        }
        self.text.truncate(start);
        trees.next();
        let value = match trees.next() {
            Some(TokenTree::Group(group)) => group.stream().into_iter().next().and_then(string),
            _ => None,
        };
        trees.next_if(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'));
        if let (Some(value), true) = (value, state.has_lines()) {
            self.comment_of("// ", &value, state);
        }
        true
    }

    fn comment_of(&mut self, mark: &str, value: &str, state: &mut State) {
        self.text.push_str(mark);
        self.text.extend(value.trim_end().chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
        self.push(Kind::Comment, true);
        self.end(state, true);
    }

    /// An operator, or several that stand close together.
    fn operator(&mut self, state: &mut State, start: usize, trees: &mut Peekable<IntoIter>) {
        let next = trees.peek();
        let group = matches!(next, Some(TokenTree::Group(_)));
        let before = self.text[..start]
            .chars()
            .next_back()
            .filter(|_| self.list.last().is_some_and(|token| token.kind == Kind::Operator));
        let operand = state.operand;
        let operator = &self.text[start..];
        // Two of generic arguments.
        if operator == ">>" && state.angles > 0 || operator == "<<" && !operand {
            let half = &operator[..1].to_string();
            self.text.truncate(start + 1);
            self.operator_of_one(state, start);
            let start = self.text.len();
            self.text.push_str(half);
            self.operator_of_one(state, start);
            return;
        }
        if operator.len() == 1 && matches!(operator, "<" | ">") {
            self.operator_of_one(state, start);
            return;
        }
        let goes_on = match state.statement {
            Statement::New => operator == "#",
            Statement::Path => matches!(operator, "::" | "!"),
            _ => true,
        };
        if !goes_on {
            state.statement = Statement::Other;
        }
        let mut space = self.space(state);
        let (mut value, mut tight, mut bang, mut ends, mut must) = (false, false, false, false, false);
        match operator {
            "," => {
                (space, ends) = (false, state.angles == 0 && !state.bars);
            }
            ";" => (space, ends, must) = (false, true, state.has_lines()),
            ":" => space = false,
            "." | "::" => (space, tight) = (space && !operand, true),
            "?" => (space, value) = (false, true),
            ".." | "..=" => (space, tight) = (space && !operand, true),
            "!" if operand && group => (space, tight, bang) = (false, true, true),
            "|" if state.bars => (space, state.bars) = (false, false),
            "|" if !operand => (tight, state.bars) = (true, true),
            "#" => {
                tight = true;
                if state.statement == Statement::New {
                    state.statement = Statement::Attribute;
                }
            }
            "&" | "&&" | "*" | "-" | "!" if !operand => tight = true,
            "=>" if state.has_lines() => {
                // The body of an arm is like a statement.
                state.statement = Statement::New;
                self.hard += 1;
            }
            _ => {}
        }
        // What would read as another operator.
        if let Some(before) = before {
            let reads = operator.chars().next().is_some_and(|next| reads_as_one(before, next));
            space |= reads && !matches!((before, operator), ('>', "::"));
        }
        let is_path = operator == "::";
        self.push(Kind::Operator, space);
        if ends {
            self.end(state, must);
            return;
        }
        // `f::<T>`.
        state.behind(value, tight);
        (state.is_type, state.bang) = (is_path, bang);
    }

    /// `<` or `>`.
    fn operator_of_one(&mut self, state: &mut State, start: usize) {
        let opens = self.text.as_bytes()[start] == b'<';
        self.begun(state);
        let (space, operand, tight) = match opens {
            true if state.is_type || !state.operand => {
                let space = self.space(state) && !state.is_type;
                state.angles += 1;
                (space, false, true)
            }
            false if state.angles > 0 => {
                state.angles -= 1;
                (false, true, false)
            }
            _ => (self.space(state), false, false),
        };
        self.push(Kind::Operator, space);
        state.behind(operand, tight);
    }

    fn nested(&mut self, group: Group, state: &mut State, trees: &mut Peekable<IntoIter>) {
        let delimiter = group.delimiter();
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => return self.stream(group.stream(), state),
        };
        let brace = delimiter == Delimiter::Brace;
        let last = self.list.last().map(|_| self.text(self.list.len() - 1));
        let attribute = state.statement == Statement::Attribute;
        if attribute
            && last == Some("#")
            && let Some(doc) = documentation(&group)
        {
            // The `#` goes.
            let hash = self.list.pop().map_or(0, |_| self.start(self.list.len()));
            self.text.truncate(hash);
            return self.comment_of("///", &doc, state);
        }
        let called = state.operand || state.bang || matches!(last, Some("fn" | "pub"));
        let space = brace && state.bang || self.space(state) && (brace || !called);
        // Behind `=` or `in` stands what is tested.
        let behind_value =
            state.operand || matches!(last, Some("else" | "loop" | "unsafe" | ":" | "=>") | None);
        let is_own = match state.statement {
            Statement::New => true,
            Statement::WithBlock => behind_value && state.others == 0,
            Statement::Path => state.bang,
            Statement::Attribute | Statement::Other => false,
        };
        if brace && behind_value {
            state.others = state.others.saturating_sub(1);
        }
        // Blocks of statements have lines of their own, however short they are.
        let is_statement = is_own && brace && state.has_lines();
        if state.statement == Statement::New {
            state.statement = if brace { Statement::WithBlock } else { Statement::Other };
        }
        let at = self.list.len();
        self.text.push_str(open);
        self.push(Kind::Open(delimiter), space);
        let stream = group.stream();
        // What two own is copied when one goes through it.
        drop(group);
        let empty = stream.is_empty();
        if is_statement && !empty {
            self.hard += 1;
        }
        self.group(stream, Some(delimiter));
        self.text.push_str(close);
        self.push(Kind::Close, brace && !empty);
        self.list[at].close = self.list.len() - 1;
        state.behind(true, false);
        let goes_on = match trees.peek() {
            Some(TokenTree::Ident(word)) => word == "else",
            Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '.' | '?' | ',' | ';'),
            Some(TokenTree::Group(_) | TokenTree::Literal(_)) => false,
            None => true,
        };
        if state.has_lines() && (attribute || is_statement && !goes_on) {
            self.end(state, true);
        }
    }
}

/// The text of `#[doc = "…"]`.
fn documentation(group: &Group) -> Option<String> {
    let mut trees = group.stream().into_iter();
    let name = trees.next()?;
    matches!(&name, TokenTree::Ident(name) if name == "doc").then_some(())?;
    trees.next()?;
    string(trees.next()?).filter(|text| !text.contains('\n'))
}

/// The value of a string literal.
fn string(tree: TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = tree else { return None };
    // Most are as they are written.
    let text = literal.to_string();
    if let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))
        && !inside.contains('\\')
    {
        return Some(inside.to_string());
    }
    match syn::Lit::new(literal) {
        syn::Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}
