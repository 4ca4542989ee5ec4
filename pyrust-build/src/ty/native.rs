//! What native code keeps to itself: iterators, views, and functions that it made.

use super::Type;

impl Type {
    /// True if an iterator, or a view, is part of the value itself, which Python cannot be given.
    pub fn has_iter(&self) -> bool {
        self.has_part(&|t| matches!(t, Type::Iter(_)) || t.is_view())
    }

    fn is_view(&self) -> bool {
        matches!(self, Type::MemView | Type::DictView { .. })
    }

    /// Is the value such a one, or what is part of it and no container: a member of it, an item of a tuple?
    fn has_part(&self, is: &impl Fn(&Type) -> bool) -> bool {
        match self {
            Type::Tuple { items, .. } | Type::Union(items) => items.iter().any(|t| t.has_part(is)),
            _ => is(self),
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
        let stores = |t: &Type| (is_container && t.has_iter()) || (is_native && t.has_part(&Type::is_view));
        self.parts().any(|t| stores(t) || t.stores_iter())
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
        self.has_part(&Type::is_made_function)
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
        self.parts().any(|t| (in_python && t.has_function()) || t.loses_function())
    }
}
