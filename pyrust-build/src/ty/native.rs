//! What native code keeps to itself: iterators, views, and functions that it made.

use super::Type;

impl Type {
    /// True if an iterator, or a view, is part of the value itself, which Python cannot be given.
    pub fn has_iter(&self) -> bool {
        match self {
            Type::Iter(_) | Type::MemView | Type::DictView { .. } => true,
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().any(Type::has_iter),
            _ => false,
        }
    }

    /// True if an iterator is inside a container whose elements are Python's objects, or are compared.
    pub fn stores_iter(&self) -> bool {
        let (is_container, is_native) = match self {
            // A tuple made natively is its members.
            Type::Tuple { origin, .. } => (origin.of_python(), false),
            Type::Union(_) | Type::Cell(_) | Type::Iter(_) | Type::DictView { .. } => (false, false),
            Type::List { in_place, .. } | Type::Deque { in_place, .. } => (*in_place, !in_place),
            Type::Dict { key, in_place, .. } => {
                let compared = *in_place || key.has_iter();
                (compared, !compared)
            }
            _ => (true, false),
        };
        let stores = |t: &Type| (is_container && t.has_iter()) || (is_native && t.has_view());
        self.parts().into_iter().any(|t| stores(t) || t.stores_iter())
    }

    /// True if a view is part of the value itself.
    fn has_view(&self) -> bool {
        match self {
            Type::MemView | Type::DictView { .. } => true,
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().any(Type::has_view),
            _ => false,
        }
    }

    /// True if an iterator, or a view, is anywhere in the value.
    pub fn keeps_iter(&self) -> bool {
        self.any(&Type::has_iter)
    }

    /// Is it a function that native code made?
    pub fn is_made_function(&self) -> bool {
        matches!(self, Type::Inner(_) | Type::Closure { .. })
    }

    /// True if a function that native code made is part of the value itself, which Python cannot be given.
    pub fn has_function(&self) -> bool {
        match self {
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().any(Type::has_function),
            _ => self.is_made_function(),
        }
    }

    /// True if a function that native code made is where Python's objects are.
    pub fn loses_function(&self) -> bool {
        let in_python = match self {
            Type::Tuple { origin, .. } => origin.of_python(),
            Type::List { in_place, .. } | Type::Dict { in_place, .. } | Type::Deque { in_place, .. } => {
                *in_place
            }
            Type::Set { .. } | Type::VarTuple(_) | Type::View(_) => true,
            _ => false,
        };
        self.parts().into_iter().any(|t| (in_python && t.has_function()) || t.loses_function())
    }
}
