//! NumPy's numeric types: names, and in which of them an operation is done.

use std::fmt;

use crate::ty::Type;

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dtype {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
}

/// Name, the runtime's module for its arithmetic, its Rust type, and the bits of an int with its sign.
struct Row(Dtype, &'static str, &'static str, &'static str, i32);

const ROWS: &[Row] = &[
    Row(Dtype::Bool, "bool", "boolean", "bool", 0),
    Row(Dtype::Int8, "int8", "int8", "i8", -8),
    Row(Dtype::Int16, "int16", "int16", "i16", -16),
    Row(Dtype::Int32, "int32", "int32", "i32", -32),
    Row(Dtype::Int64, "int64", "int64", "i64", -64),
    Row(Dtype::UInt8, "uint8", "uint8", "u8", 8),
    Row(Dtype::UInt16, "uint16", "uint16", "u16", 16),
    Row(Dtype::UInt32, "uint32", "uint32", "u32", 32),
    Row(Dtype::UInt64, "uint64", "uint64", "u64", 64),
    Row(Dtype::Float32, "float32", "float32", "f32", 0),
    Row(Dtype::Float64, "float64", "float64", "f64", 0),
];

/// Arrays of more dimensions are opaque.
pub const MOST_DIMS: u8 = 4;

/// `a[i, start:stop]`, which `lower` makes a method of: its one argument is a tuple of what stands in the brackets.
pub const PART: &str = "[] part";

impl Dtype {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The type that NumPy calls so.
    pub fn named(name: &str) -> Option<Dtype> {
        ROWS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// What NumPy takes a class of Python's for.
    pub fn of_builtin(name: &str) -> Option<Dtype> {
        Some(match name {
            "float" => Dtype::Float64,
            "int" => Dtype::Int64,
            "bool" => Dtype::Bool,
            _ => return None,
        })
    }

    /// What NumPy calls it.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The class of its scalars.
    pub fn class(self) -> String {
        format!("numpy.{}", self.name())
    }

    /// The runtime's module for what is done in it.
    pub fn module(self) -> &'static str {
        self.row().2
    }

    /// Its Rust type.
    pub fn rust(self) -> &'static str {
        self.row().3
    }

    pub fn is_int(self) -> bool {
        self.row().4 != 0
    }

    pub fn is_float(self) -> bool {
        matches!(self, Dtype::Float32 | Dtype::Float64)
    }

    fn is_signed(self) -> bool {
        self.row().4 < 0
    }

    fn bits(self) -> i32 {
        self.row().4.abs()
    }

    /// The type in which two meet; `None` for one that is not known here.
    fn meets(self, other: Dtype) -> Option<Dtype> {
        use Dtype::*;
        let (a, b) = (self.min(other), self.max(other));
        Some(match (a, b) {
            _ if a == b => a,
            (Bool, _) => b,
            (_, Float64) => Float64,
            (_, Float32) if a.bits() <= 16 => Float32,
            (_, Float32) => Float64,
            _ if a.is_signed() == b.is_signed() => {
                if a.bits() > b.bits() {
                    a
                } else {
                    b
                }
            }
            // The signed one comes first.
            _ if a.bits() > b.bits() => a,
            (_, UInt8) => Int16,
            (_, UInt16) => Int32,
            (_, UInt32) => Int64,
            _ => Float64,
        })
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type in which an operation on two values is done, one of which at least is a NumPy scalar (or an array, of whose
/// elements it is asked). A Python scalar takes the type of what it meets, if that is of its kind.
pub fn common(a: &Type, b: &Type) -> Option<Dtype> {
    match (dtype(a), dtype(b)) {
        (Some(a), Some(b)) => a.meets(b),
        (Some(own), None) => weak(own, b),
        (None, Some(own)) => weak(own, a),
        (None, None) => None,
    }
}

fn weak(own: Dtype, python: &Type) -> Option<Dtype> {
    Some(match python {
        Type::Bool => own,
        Type::Int if own == Dtype::Bool => Dtype::Int64,
        Type::Int => own,
        Type::Float if own.is_float() => own,
        Type::Float => Dtype::Float64,
        _ => return None,
    })
}

/// Of a scalar or an array.
pub fn dtype(ty: &Type) -> Option<Dtype> {
    match ty {
        Type::Numpy(dtype) | Type::Array(dtype, _) => Some(*dtype),
        _ => None,
    }
}

/// Does a value of the type follow NumPy's rules?
pub fn is_numpy(ty: &Type) -> bool {
    matches!(ty, Type::Numpy(_) | Type::Array(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_places() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.0 as usize, at);
            assert_eq!(Dtype::named(row.1), Some(row.0));
        }
    }

    #[test]
    fn types_meet_as_numpy_has_them_meet() {
        use Dtype::*;
        for (a, b, both) in [
            (Int8, UInt8, Int16),
            (Int8, UInt32, Int64),
            (Int64, UInt64, Float64),
            (Int64, UInt8, Int64),
            (Int16, UInt16, Int32),
            (UInt8, UInt32, UInt32),
            (Int16, Float32, Float32),
            (Int32, Float32, Float64),
            (Float32, Float64, Float64),
            (Bool, UInt8, UInt8),
            (Bool, Bool, Bool),
        ] {
            assert_eq!(a.meets(b), Some(both), "{a} and {b}");
            assert_eq!(b.meets(a), Some(both), "{b} and {a}");
        }
    }
}
