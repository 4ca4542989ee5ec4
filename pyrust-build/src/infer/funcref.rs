//! Functions of the project by name, and the forms of them that inference makes.

use crate::lower::handed::Shape;

/// Behind the name of a function: the form of it that hands its iterators out to Python.
pub(super) const HANDING_OUT: &str = ".<locals>.<handing out>";

/// Behind the name of a generator function, with a number: one of its segments.
const SEGMENT: &str = ".<locals>.<segment ";

/// Behind the name of a function: the form of it whose copies the interpreter makes.
pub(super) const COPYING: &str = ".<locals>.<copying>";

/// Behind the name of a function, with a number: a function that was made from it.
const MADE: &str = ".<locals>.<made ";
/// What is made to ask for types in front of regions.
pub const SKELETON: &str = "skeleton";
/// The same, of less.
pub const BEGINNING: &str = "beginning";
/// What is made for a call through a cache.
const CACHE: &str = "cached";

/// Behind the name of a function, with the shape of a call: the form of it for such calls.
const HANDED: &str = ".<locals>.<handed ";
const EXITS: &str = "what was raised>";
/// The form of a class method for a class below the one that it stands in.
const OF_CLASS: &str = "class ";

/// A function of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncRef {
    pub module: String,
    pub qualname: String,
}

impl FuncRef {
    /// `module:qualname`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.module, self.qualname)
    }

    /// The same function, whose iterators are Python's own.
    pub fn handing_out(&self) -> FuncRef {
        FuncRef { module: self.module.clone(), qualname: format!("{}{HANDING_OUT}", self.qualname) }
    }

    /// The segment of a generator function behind its `yield` of that number, or the first one.
    pub fn segment(&self, number: usize) -> FuncRef {
        FuncRef { module: self.module.clone(), qualname: format!("{}{SEGMENT}{number}>", self.qualname) }
    }

    /// A function that is made from this one, see [`Program::define`].
    pub fn made(&self, what: &str) -> FuncRef {
        FuncRef { module: self.module.clone(), qualname: format!("{}{MADE}{what}>", self.qualname) }
    }

    /// What stands for the cache before this function, where it is called.
    pub(super) fn cache(&self) -> FuncRef {
        self.made(CACHE)
    }

    /// Is it a special method, such as `__len__`?
    pub fn is_special(&self) -> bool {
        let name = self.qualname.rsplit('.').next().unwrap_or_default();
        name.len() > 4 && name.starts_with("__") && name.ends_with("__")
    }

    /// Does it stand for a cache?
    pub fn is_cache(&self) -> bool {
        self.qualname
            .strip_suffix('>')
            .and_then(|name| name.strip_suffix(CACHE))
            .is_some_and(|of| of.ends_with(MADE))
    }

    /// The generator function and the number, of a segment.
    pub(super) fn segment_of(&self) -> Option<(&str, usize)> {
        let (outer, number) = self.qualname.split_once(SEGMENT)?;
        Some((outer, number.strip_suffix('>')?.parse().ok()?))
    }

    /// The same function, which has the interpreter make the copies that it returns.
    pub fn copying(&self) -> FuncRef {
        FuncRef { module: self.module.clone(), qualname: format!("{}{COPYING}", self.qualname) }
    }

    /// Does the interpreter make the copies that it returns?
    pub(super) fn is_copying(&self) -> bool {
        self.qualname.ends_with(COPYING)
    }

    /// The form of the function for calls that give so much to its star parameters.
    pub(super) fn handed_on(&self, shape: &Shape) -> FuncRef {
        let names: String = shape.names.iter().map(|name| format!(" {name}")).collect();
        let qualname = format!("{}{HANDED}{}{names}>", self.qualname, shape.items);
        FuncRef { module: self.module.clone(), qualname }
    }

    /// The function and the shape, of such a form.
    pub(super) fn handed(&self) -> Option<(&str, Shape)> {
        let (written, shape) = self.qualname.split_once(HANDED)?;
        let mut parts = shape.strip_suffix('>')?.split(' ');
        let items = parts.next()?.parse().ok()?;
        Some((written, Shape { items, names: parts.map(str::to_string).collect() }))
    }

    /// The form of an `__exit__` for what the body of its `with` raises.
    pub(super) fn raised(&self) -> FuncRef {
        FuncRef { module: self.module.clone(), qualname: format!("{}{HANDED}{EXITS}", self.qualname) }
    }

    /// The function, of such a form.
    pub(super) fn exits(&self) -> Option<&str> {
        self.qualname.strip_suffix(EXITS)?.strip_suffix(HANDED)
    }

    /// The form of a class method for a class that inherits it.
    pub(super) fn for_class(&self, class: &str) -> FuncRef {
        let qualname = format!("{}{HANDED}{OF_CLASS}{class}>", self.qualname);
        FuncRef { module: self.module.clone(), qualname }
    }

    /// The function and the class, of such a form.
    pub(super) fn of_class(&self) -> Option<(&str, &str)> {
        let (written, class) = self.qualname.split_once(HANDED)?;
        Some((written, class.strip_prefix(OF_CLASS)?.strip_suffix('>')?))
    }

    /// The function as it is written, of a form for some of its calls.
    pub fn written(&self) -> FuncRef {
        let qualname =
            self.qualname.split_once(HANDED).map_or(self.qualname.as_str(), |(written, _)| written);
        FuncRef { module: self.module.clone(), qualname: qualname.to_string() }
    }

    /// What a function would be without some of it, for its types alone: none that ever runs.
    pub(super) fn is_sketch(&self) -> bool {
        let made = self.qualname.rsplit_once(MADE).map_or("", |(_, what)| what);
        made.starts_with(SKELETON) || made.starts_with(BEGINNING)
    }

    /// A function whose code is part of another one's, or that has none.
    pub fn is_nested(&self) -> bool {
        self.qualname.contains(".<locals>.") || self.qualname.starts_with('<')
    }
}
