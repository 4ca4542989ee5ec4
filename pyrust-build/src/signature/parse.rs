//! Text → [`Signature`], by recursive descent. Errors carry a byte offset into the text.

use super::{SigType, Signature};
use crate::names;
use crate::packed::Typecode;

/// Deeper types are refused: the recorder stops long before, and the parser recurses.
const MAX_DEPTH: usize = 32;

/// Why a text is not a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SignatureError {
    /// Byte offset into the text.
    pub offset: usize,
    pub message: String,
}

/// The names of types with their number of arguments.
const NAMES: &[&str] = &[
    "int",
    "bigint",
    "float",
    "bool",
    "None",
    "complex",
    "str",
    "bytes",
    "bytearray",
    "range",
    "list",
    "set",
    "frozenset",
    "deque",
    "dict",
    "tuple",
    "function",
    "ndarray",
    "object",
];

pub(super) fn parse_signature(text: &str) -> Result<Signature, SignatureError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.expect("(")?;
    let mut params = Vec::new();
    if !parser.eat(")") {
        loop {
            params.push(parser.ty()?);
            if parser.eat(")") {
                break;
            }
            parser.expect(",")?;
        }
    }
    parser.expect("->")?;
    let ret = parser.ty()?;
    parser.end()?;
    Ok(Signature { params, ret })
}

pub(super) fn parse_type(text: &str) -> Result<SigType, SignatureError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let ty = parser.ty()?;
    parser.end()?;
    Ok(ty)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t']);
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, SignatureError> {
        Err(SignatureError { offset, message: message.into() })
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), SignatureError> {
        if self.eat(token) {
            return Ok(());
        }
        let found = self.found();
        self.error(self.at, format!("expected `{token}`, found {found}"))
    }

    fn found(&mut self) -> String {
        let word: String = self.rest().chars().take_while(|c| names::is_continue(*c)).collect();
        match (word.is_empty(), self.rest().chars().next()) {
            (false, _) => format!("`{word}`"),
            (true, Some(c)) => format!("`{}`", c.escape_debug()),
            (true, None) => "the end".into(),
        }
    }

    fn end(&mut self) -> Result<(), SignatureError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        let found = self.found();
        self.error(self.at, format!("expected the end, found {found}"))
    }

    fn ty(&mut self) -> Result<SigType, SignatureError> {
        if self.depth == MAX_DEPTH {
            return self.error(self.at, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let first = self.single()?;
        let mut members = vec![first];
        while self.eat("|") {
            members.push(self.single()?);
        }
        self.depth -= 1;
        Ok(if members.len() == 1 { members.remove(0) } else { SigType::union(members) })
    }

    fn single(&mut self) -> Result<SigType, SignatureError> {
        if self.eat("?") {
            return Ok(SigType::Unknown);
        }
        self.rest();
        let start = self.at;
        let name = self.dotted();
        let simple = match name {
            "" => {
                let found = self.found();
                return self.error(start, format!("expected a type, found {found}"));
            }
            "int" => SigType::Int,
            "bigint" => SigType::BigInt,
            "float" => SigType::Float,
            "bool" => SigType::Bool,
            "None" => SigType::None,
            "complex" => SigType::Complex,
            "str" => SigType::Str,
            "bytes" => SigType::Bytes,
            "bytearray" => SigType::ByteArray,
            "range" => SigType::Range,
            "object" => SigType::Object,
            "list" => SigType::List(self.element(name)?),
            "set" => SigType::Set(self.element(name)?),
            "frozenset" => SigType::FrozenSet(self.element(name)?),
            "deque" => SigType::Deque(self.element(name)?),
            "dict" => {
                self.open(name, "dict[str, int]")?;
                let key = self.ty()?;
                self.expect(",")?;
                let value = self.ty()?;
                self.expect("]")?;
                SigType::Dict(Box::new(key), Box::new(value))
            }
            "tuple" => self.tuple()?,
            "function" => self.function()?,
            "ndarray" => self.ndarray()?,
            class if class.contains('.') => {
                if let Err(problem) = names::check_dotted(class) {
                    return self.error(start, problem);
                }
                if !self.eat("[") {
                    return Ok(SigType::Class(class.to_string()));
                }
                if class == "array.array" {
                    return self.packed();
                }
                let mut types = vec![self.ty()?];
                while self.eat(",") {
                    types.push(self.ty()?);
                }
                self.expect("]")?;
                SigType::Holding(class.to_string(), types)
            }
            unknown => {
                let hint = match names::closest(unknown, NAMES.iter().copied()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => "; a class is written with its module, `package.module.Class`".to_string(),
                };
                return self.error(start, format!("unknown type `{unknown}`{hint}"));
            }
        };
        if self.rest().starts_with('[') {
            return self.error(self.at, format!("`{name}` takes no types in brackets"));
        }
        Ok(simple)
    }

    /// A run of identifier characters and dots; what it is made of is checked by the caller.
    fn dotted(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !names::is_continue(c) && c != '.').unwrap_or(rest.len());
        // `...` belongs to a tuple, never to a name.
        let end = rest[..end].find("...").unwrap_or(end);
        self.at += end;
        &rest[..end]
    }

    fn open(&mut self, name: &str, example: &str) -> Result<(), SignatureError> {
        if self.eat("[") {
            return Ok(());
        }
        self.error(self.at, format!("`{name}` needs types in brackets, for example `{example}`"))
    }

    fn element(&mut self, name: &str) -> Result<Box<SigType>, SignatureError> {
        self.open(name, &format!("{name}[int]"))?;
        let element = self.ty()?;
        self.expect("]")?;
        Ok(Box::new(element))
    }

    fn tuple(&mut self) -> Result<SigType, SignatureError> {
        self.open("tuple", "tuple[int, str]")?;
        if self.eat("(") {
            self.expect(")")?;
            self.expect("]")?;
            return Ok(SigType::Tuple(Vec::new()));
        }
        let mut elements = vec![self.ty()?];
        loop {
            if self.eat("]") {
                return Ok(SigType::Tuple(elements));
            }
            self.expect(",")?;
            if self.eat("...") {
                if elements.len() != 1 {
                    return self.error(self.at, "`...` follows exactly one type");
                }
                self.expect("]")?;
                return Ok(SigType::VarTuple(Box::new(elements.remove(0))));
            }
            elements.push(self.ty()?);
        }
    }

    fn function(&mut self) -> Result<SigType, SignatureError> {
        self.open("function", "function[package.module:name]")?;
        self.rest();
        let start = self.at;
        let name = self.rest().split(']').next().unwrap_or_default().trim_end();
        self.at += name.len();
        if let Err(problem) = names::check_function(name) {
            return self.error(start, problem);
        }
        self.expect("]")?;
        Ok(SigType::Function(name.to_string()))
    }

    /// The typecode of an `array.array`.
    fn packed(&mut self) -> Result<SigType, SignatureError> {
        self.rest();
        let (start, letter) = (self.at, self.dotted());
        let Some(code) = Typecode::named(letter) else {
            let known: String = Typecode::all().map(Typecode::letter).collect();
            return self
                .error(start, format!("expected the typecode of an array of numbers, one of `{known}`"));
        };
        self.expect("]")?;
        Ok(SigType::Packed(code))
    }

    fn ndarray(&mut self) -> Result<SigType, SignatureError> {
        self.open("ndarray", "ndarray[float64, 2]")?;
        self.rest();
        let start = self.at;
        let dtype = self.dotted();
        if names::check_dotted(dtype).is_err() || dtype.contains('.') {
            return self.error(start, "expected the name of a dtype, for example `float64`");
        }
        self.expect(",")?;
        self.rest();
        let start = self.at;
        let digits = self.dotted();
        let dims = match digits.parse::<u32>() {
            Ok(dims) if dims <= 64 && digits == dims.to_string() => dims,
            _ => return self.error(start, "expected the number of dimensions, 0 to 64"),
        };
        self.expect("]")?;
        Ok(SigType::NdArray { dtype: dtype.to_string(), dims })
    }
}
