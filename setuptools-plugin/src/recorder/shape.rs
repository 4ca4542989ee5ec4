//! The type of a value in the manifest's grammar, found by C-level access only: no code of the user runs.
//!
//! Shapes are interned, so that a call costs a few comparisons and no text is made until the end.
//! Containers are looked at in a few places only, and not deeper than five levels; what is deeper is `object`.

use std::collections::{BTreeMap, HashMap, HashSet};

use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::frame;
use super::instance::{each_attribute, is_identifier, is_plain_or_derived};

unsafe extern "C" {
    /// Looks a name up in a class and its bases; a borrowed reference, or null without an error.
    fn _PyType_Lookup(class: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject;
    static mut PyMethod_Type: PyTypeObject;
    fn PyMethod_Function(method: *mut PyObject) -> *mut PyObject;
    fn PyMethod_Self(method: *mut PyObject) -> *mut PyObject;
}

pub(super) type ShapeId = u32;

/// How many levels of containers inside a container are looked into: five in all.
pub(super) const DEPTH: u32 = 4;
/// How many elements of a container are looked at.
const ELEMENTS: usize = 8;
/// So many of the first longer containers that a function is given or returns, and of each one of `MORE_SELDOM` later: what
/// few elements are (None in one of twenty) is found, and most calls are recorded as fast as ever.
const MORE_ELEMENTS: usize = 128;
const MORE_ALWAYS: u64 = 256;
const MORE_SELDOM: u64 = 64;
/// So many instances of a class are looked into whenever they are met; beyond them each one of `SELDOM`.
const ALWAYS: u64 = 64;
const SELDOM: u64 = 256;
/// Under this name stands what an instance of a class below `list` or `dict` holds as such.
const ITEMS: &str = "__iter__";
/// How many attributes of an instance are looked at.
const ATTRIBUTES: usize = 64;

/// A class, an attribute, and how often each type was seen in it.
pub(super) type Held = (String, String, Vec<(String, u64)>);

/// Instances of a class of the project: how many were met, and the shapes that were seen in their attributes.
#[derive(Default)]
struct Instances {
    met: u64,
    attributes: BTreeMap<String, Vec<(ShapeId, u64)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Shape {
    Name(String),
    /// `list[T]` and the like: kind and the shapes of the elements seen, sorted; none: seen empty.
    Of(&'static str, Vec<ShapeId>),
    /// A dict of that class: the shapes of keys and values.
    Dict(&'static str, Vec<ShapeId>, Vec<ShapeId>),
    /// A named tuple: its class and its fields.
    Fields(ShapeId, Vec<ShapeId>),
    Tuple(Vec<ShapeId>),
}

pub(super) struct Shapes {
    all: Vec<Shape>,
    index: HashMap<Shape, ShapeId>,
    /// Classes seen. Holding them keeps their addresses from being used again.
    classes: HashMap<usize, (Py<PyType>, ShapeId)>,
    /// What instances of the project's classes hold, by class.
    instances: HashMap<ShapeId, Instances>,
    /// Instances, by address, that were met within what is being looked at, and are looked into when that has been done: what they hold
    /// is seen as deep as if they had been given themselves.
    waiting: Vec<(usize, ShapeId)>,
    /// Containers of more than a few elements that were looked at, of the function whose call is recorded.
    longer: u64,
    /// The project's modules.
    modules: HashSet<String>,
    deque: usize,
    /// Classes of `collections` that are dicts.
    mappings: [(usize, &'static str); 3],
    ndarray: Option<usize>,
    /// That of `array.array`.
    array: Option<usize>,
    /// What `__main__` is called when it is a file of the project.
    pub(super) main: Option<String>,
    none: ShapeId,
    boolean: ShapeId,
    int: ShapeId,
    bigint: ShapeId,
    float: ShapeId,
    string: ShapeId,
    bytes: ShapeId,
    pub(super) object: ShapeId,
}

impl Shapes {
    pub(super) fn new(py: Python<'_>, modules: HashSet<String>) -> PyResult<Self> {
        let collections = py.import("collections")?;
        let address = |name: &str| PyResult::Ok(collections.getattr(name)?.as_ptr() as usize);
        let deque = address("deque")?;
        let mappings = [
            (address("Counter")?, "collections.Counter"),
            (address("defaultdict")?, "collections.defaultdict"),
            (address("OrderedDict")?, "collections.OrderedDict"),
        ];
        let mut shapes = Self {
            all: Vec::new(),
            index: HashMap::new(),
            classes: HashMap::new(),
            instances: HashMap::new(),
            waiting: Vec::new(),
            longer: 0,
            modules,
            deque,
            mappings,
            ndarray: None,
            array: None,
            main: None,
            none: 0,
            boolean: 0,
            int: 0,
            bigint: 0,
            float: 0,
            string: 0,
            bytes: 0,
            object: 0,
        };
        shapes.none = shapes.name("None");
        shapes.boolean = shapes.name("bool");
        shapes.int = shapes.name("int");
        shapes.bigint = shapes.name("bigint");
        shapes.float = shapes.name("float");
        shapes.string = shapes.name("str");
        shapes.bytes = shapes.name("bytes");
        shapes.object = shapes.name("object");
        Ok(shapes)
    }

    /// Looks at what one function is given or returns: `longer` is how many longer containers of it have been looked at.
    pub(super) fn counting<T>(&mut self, longer: &mut u64, look: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.longer, longer);
        let found = look(self);
        std::mem::swap(&mut self.longer, longer);
        found
    }

    /// The address of the class `deque`.
    pub(super) fn deque_class(&self) -> usize {
        self.deque
    }

    /// How instances of classes end that a `class` statement has made: `Counter` is one.
    pub(super) fn plain_dealloc(&self) -> usize {
        let counter = self.mappings[0].0 as *const PyTypeObject;
        // SAFETY: `collections` keeps the class alive.
        unsafe { (*counter).tp_dealloc }.map_or(0, |dealloc| dealloc as usize)
    }

    fn name(&mut self, name: &str) -> ShapeId {
        self.intern(Shape::Name(name.to_owned()))
    }

    fn intern(&mut self, shape: Shape) -> ShapeId {
        if let Some(&id) = self.index.get(&shape) {
            return id;
        }
        let id = self.all.len() as ShapeId;
        self.all.push(shape.clone());
        self.index.insert(shape, id);
        id
    }

    /// The shape of an argument: an iterator is told from other objects, since going through it runs Python's code.
    pub(super) fn argument(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        let shape = self.whole(py, object, depth);
        if shape != self.object || object.is_null() {
            return shape;
        }
        let iterators = [
            &raw mut ffi::PyGen_Type,
            &raw mut ffi::PyMap_Type,
            &raw mut ffi::PyFilter_Type,
            &raw mut ffi::PyZip_Type,
        ];
        // SAFETY: a live object, and the GIL is held.
        let ty = unsafe { ffi::Py_TYPE(object) };
        if iterators.contains(&ty) { self.name("collections.abc.Iterator") } else { shape }
    }

    /// The shape of a live object. `depth` is how many levels of containers may be opened.
    pub(super) fn whole(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        let shape = self.of(py, object, depth);
        // All of these are live as long as no Python code runs.
        while let Some((instance, class)) = self.waiting.pop() {
            self.look_into(py, instance as *mut PyObject, class);
        }
        shape
    }

    /// The same without what the instances hold that are met on the way.
    fn of(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        if object.is_null() {
            return self.object;
        }
        // SAFETY: `object` is a live object, and the GIL is held.
        let ty = unsafe { ffi::Py_TYPE(object) };
        let is = |builtin: *mut PyTypeObject| std::ptr::eq(ty, builtin);
        if is(&raw mut ffi::PyLong_Type) {
            let mut overflow = 0;
            // SAFETY: an exact int: no `__index__` is called.
            unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
            return if overflow == 0 { self.int } else { self.bigint };
        }
        if is(&raw mut ffi::PyFloat_Type) {
            return self.float;
        }
        if is(&raw mut ffi::PyUnicode_Type) {
            return self.string;
        }
        if is(&raw mut ffi::PyBool_Type) {
            return self.boolean;
        }
        // SAFETY: only the address is used.
        if std::ptr::eq(object, unsafe { ffi::Py_None() }) {
            return self.none;
        }
        if is(&raw mut ffi::PyBytes_Type) {
            return self.bytes;
        }
        if is(&raw mut ffi::PyList_Type) {
            return self.list(py, object, depth);
        }
        if is(&raw mut ffi::PyTuple_Type) {
            return self.tuple(py, object, depth);
        }
        if is(&raw mut ffi::PyDict_Type) {
            return self.dict(py, "dict", object, depth);
        }
        if is(&raw mut ffi::PySet_Type) {
            return self.set(py, "set", object, depth);
        }
        if is(&raw mut ffi::PyFrozenSet_Type) {
            return self.set(py, "frozenset", object, depth);
        }
        for (builtin, name) in [
            (&raw mut ffi::PyComplex_Type, "complex"),
            (&raw mut ffi::PyByteArray_Type, "bytearray"),
            (&raw mut ffi::PyRange_Type, "range"),
        ] {
            if is(builtin) {
                return self.name(name);
            }
        }
        if is(&raw mut ffi::PyFunction_Type) {
            return self.function(object);
        }
        if is(&raw mut PyMethod_Type) {
            return self.method(object);
        }
        if is(&raw mut ffi::PyCFunction_Type) || is(&raw mut ffi::PyType_Type) {
            return self.builtin(object);
        }
        if ty as usize == self.deque {
            return self.deque(py, object, depth);
        }
        if self.ndarray == Some(ty as usize) {
            return self.ndarray(py, object);
        }
        if self.array == Some(ty as usize) {
            return self.array(py, object);
        }
        if let Some((_, name)) = self.mappings.iter().find(|(class, _)| *class == ty as usize) {
            return self.dict(py, name, object, depth);
        }
        let class = self.class(py, object, ty);
        if class == self.object {
            return class;
        }
        if let Some(instances) = self.instances.get_mut(&class) {
            instances.met += 1;
            if instances.met <= ALWAYS || instances.met % SELDOM == 0 {
                self.waiting.push((object as usize, class));
            }
        }
        if depth == 0 { class } else { self.fields(py, object, class, depth) }
    }

    /// Notes what an instance of a class of the project holds.
    fn look_into(&mut self, py: Python<'_>, object: *mut PyObject, class: ShapeId) {
        let depth = DEPTH;
        let mut found = Vec::new();
        // SAFETY: a live object has a type.
        let ty = unsafe { ffi::Py_TYPE(object) };
        each_attribute(object, ty, |name, value| {
            if let Some(name) = frame::text(name).filter(|name| is_identifier(name)) {
                found.push((name, self.of(py, value, depth - 1)));
            }
            found.len() < ATTRIBUTES
        });
        // SAFETY: a live object.
        let (is_list, is_dict) = unsafe { (ffi::PyList_Check(object) != 0, ffi::PyDict_Check(object) != 0) };
        if is_list {
            found.push((ITEMS.to_string(), self.list(py, object, depth - 1)));
        } else if is_dict {
            found.push((ITEMS.to_string(), self.dict(py, "dict", object, depth - 1)));
        }
        let Some(instances) = self.instances.get_mut(&class) else { return };
        for (name, shape) in found {
            super::count(instances.attributes.entry(name).or_default(), shape);
        }
    }

    /// What instances of the project's classes were seen to hold, by class and attribute.
    pub(super) fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for (class, instances) in &self.instances {
            for (name, shapes) in &instances.attributes {
                let mut types: Vec<_> = shapes.iter().map(|&(id, times)| (self.text(id), times)).collect();
                types.sort();
                held.push((self.text(*class), name.clone(), types));
            }
        }
        held.sort();
        held
    }

    /// The shape of an instance of a class that `namedtuple` made, of other classes the class alone.
    fn fields(&mut self, py: Python<'_>, object: *mut PyObject, class: ShapeId, depth: u32) -> ShapeId {
        // SAFETY: a live object; the look-up in its class runs no code of the user, and gives a borrowed reference.
        let names = unsafe {
            if ffi::PyTuple_Check(object) == 0 {
                return class;
            }
            _PyType_Lookup(ffi::Py_TYPE(object), pyo3::intern!(py, "_fields").as_ptr())
        };
        // SAFETY: null or a live object, and tuples of these sizes.
        let length = unsafe {
            if names.is_null() || ffi::PyTuple_CheckExact(names) == 0 {
                return class;
            }
            let length = ffi::PyTuple_GET_SIZE(object);
            if length == 0 || length as usize > ELEMENTS || length != ffi::PyTuple_GET_SIZE(names) {
                return class;
            }
            length
        };
        // SAFETY: a tuple, and indices within its size.
        let item = |index| unsafe { ffi::PyTuple_GET_ITEM(object, index) };
        let fields = (0..length).map(|index| self.of(py, item(index), depth - 1)).collect();
        self.intern(Shape::Fields(class, fields))
    }

    /// How many elements of a container of this length are looked at.
    fn looks(&mut self, length: usize) -> usize {
        if length <= ELEMENTS {
            return length;
        }
        self.longer += 1;
        let more = self.longer <= MORE_ALWAYS || self.longer.is_multiple_of(MORE_SELDOM);
        if more { length.min(MORE_ELEMENTS) } else { ELEMENTS }
    }

    fn sequence(
        &mut self,
        py: Python<'_>,
        kind: &'static str,
        depth: u32,
        length: usize,
        item: impl Fn(usize) -> *mut PyObject,
    ) -> ShapeId {
        let mut seen = Vec::new();
        if length > 0 && depth == 0 {
            seen.push(self.object);
        } else {
            let (mut last, looks) = (usize::MAX, self.looks(length));
            for step in 0..looks {
                // First, last, and evenly between.
                let index = if length == looks { step } else { step * (length - 1) / (looks - 1) };
                let element = item(index);
                if element as usize == last {
                    continue;
                }
                last = element as usize;
                let shape = self.of(py, element, depth - 1);
                note(&mut seen, shape);
            }
        }
        self.intern(Shape::Of(kind, seen))
    }

    fn list(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        // SAFETY: a list, and indices within its size; nothing runs in between.
        self.sequence(py, "list", depth, unsafe { ffi::PyList_GET_SIZE(object) } as usize, |index| unsafe {
            ffi::PyList_GET_ITEM(object, index as ffi::Py_ssize_t)
        })
    }

    fn tuple(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        // SAFETY: an exact tuple.
        let length = unsafe { ffi::PyTuple_GET_SIZE(object) } as usize;
        // SAFETY: an exact tuple, and indices within its size.
        let item = |index: usize| unsafe { ffi::PyTuple_GET_ITEM(object, index as ffi::Py_ssize_t) };
        if length == 0 || length > ELEMENTS || depth == 0 {
            return self.sequence(py, "tuple", depth, length, item);
        }
        let elements = (0..length).map(|index| self.of(py, item(index), depth - 1)).collect();
        self.intern(Shape::Tuple(elements))
    }

    fn dict(&mut self, py: Python<'_>, class: &'static str, object: *mut PyObject, depth: u32) -> ShapeId {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: a live dict.
        let looks = self.looks(unsafe { ffi::PyDict_Size(object) }.max(0) as usize);
        for _ in 0..looks {
            // SAFETY: a dict that nothing changes meanwhile; key and value are borrowed from it.
            if unsafe { ffi::PyDict_Next(object, &raw mut position, &raw mut key, &raw mut value) } == 0 {
                break;
            }
            if depth == 0 {
                (keys, values) = (vec![self.object], vec![self.object]);
                break;
            }
            let shape = self.of(py, key, depth - 1);
            note(&mut keys, shape);
            let shape = self.of(py, value, depth - 1);
            note(&mut values, shape);
        }
        self.intern(Shape::Dict(class, keys, values))
    }

    fn set(&mut self, py: Python<'_>, kind: &'static str, object: *mut PyObject, depth: u32) -> ShapeId {
        let (mut seen, mut position) = (Vec::new(), 0);
        // SAFETY: a live set.
        let looks = self.looks(unsafe { ffi::PySet_Size(object) }.max(0) as usize);
        for _ in 0..looks {
            let Some(element) = frame::set_next(object, &mut position) else { break };
            let shape = if depth == 0 { self.object } else { self.of(py, element, depth - 1) };
            note(&mut seen, shape);
        }
        self.intern(Shape::Of(kind, seen))
    }

    fn deque(&mut self, py: Python<'_>, object: *mut PyObject, depth: u32) -> ShapeId {
        // SAFETY: a live object; the size of an exact deque is a field.
        let length = unsafe { ffi::PySequence_Size(object) }.max(0) as usize;
        let mut seen = Vec::new();
        for step in 0..length.min(ELEMENTS) {
            // Both ends: the middle of a deque is far away.
            let index = if step % 2 == 0 { step / 2 } else { length - 1 - step / 2 };
            // SAFETY: the index is within the size; the reference is given back below.
            let element = unsafe { ffi::PySequence_GetItem(object, index as ffi::Py_ssize_t) };
            if element.is_null() {
                // SAFETY: clears what the line above has raised.
                unsafe { ffi::PyErr_Clear() };
                break;
            }
            let shape = if depth == 0 { self.object } else { self.of(py, element, depth - 1) };
            // SAFETY: ours; the deque holds another one, so nothing is freed.
            unsafe { ffi::Py_DECREF(element) };
            note(&mut seen, shape);
        }
        self.intern(Shape::Of("deque", seen))
    }

    fn function(&mut self, object: *mut PyObject) -> ShapeId {
        let named = frame::function_name(object).and_then(|(module, qualname)| {
            let module = self.public(module)?;
            (dotted(&module) && dotted(&qualname)).then(|| format!("function[{module}:{qualname}]"))
        });
        match named {
            Some(name) => self.name(&name),
            None => self.object,
        }
    }

    /// A bound method goes by the class of its object.
    fn method(&mut self, object: *mut PyObject) -> ShapeId {
        // SAFETY: the object is an exact bound method, which keeps both alive.
        let (function, own) = unsafe { (PyMethod_Function(object), ffi::Py_TYPE(PyMethod_Self(object))) };
        // SAFETY: a live object.
        let plain = unsafe { std::ptr::eq(ffi::Py_TYPE(function), &raw mut ffi::PyFunction_Type) };
        let named = plain.then(|| frame::function_name(function)).flatten().and_then(|(_, qualname)| {
            let (module, class) = frame::type_name(own)?;
            let (module, name) = (self.public(module)?, qualname.rsplit_once('.')?.1);
            (dotted(&module) && dotted(&class) && dotted(name))
                .then(|| format!("function[{module}:{class}.{name}]"))
        });
        match named {
            Some(name) => self.name(&name),
            None => self.object,
        }
    }

    /// A function of a module that is written in C, or a class of Python's own, by the name under which it is imported.
    fn builtin(&mut self, object: *mut PyObject) -> ShapeId {
        let named = frame::builtin_name(object).and_then(|(module, name)| {
            // `operator` has its functions from `_operator`.
            let module = module.trim_start_matches('_');
            (dotted(module) && dotted(&name)).then(|| format!("function[{module}:{name}]"))
        });
        match named {
            Some(name) => self.name(&name),
            None => self.object,
        }
    }

    fn public(&self, module: String) -> Option<String> {
        if module == "__main__" { self.main.clone() } else { Some(module) }
    }

    fn class(&mut self, py: Python<'_>, object: *mut PyObject, ty: *mut PyTypeObject) -> ShapeId {
        if let Some((_, shape)) = self.classes.get(&(ty as usize)) {
            return *shape;
        }
        let name = frame::type_name(ty).and_then(|(module, qualname)| Some((self.public(module)?, qualname)));
        let Some((module, qualname)) = name.filter(|(module, qualname)| dotted(module) && dotted(qualname))
        else {
            // Local classes and the like cannot be named; holding them could keep a program's garbage alive.
            return self.object;
        };
        if frame::is_ndarray(ty) {
            self.ndarray = Some(ty as usize);
            return self.ndarray(py, object);
        }
        if frame::is_array(ty) {
            self.array = Some(ty as usize);
            return self.array(py, object);
        }
        let shape = if matches!(module.as_str(), "builtins" | "types") {
            self.object
        } else {
            self.name(&format!("{module}.{qualname}"))
        };
        if self.modules.contains(&module) && is_plain_or_derived(ty, self.plain_dealloc()) {
            self.instances.entry(shape).or_default();
        }
        // SAFETY: the type of a live object.
        let held = unsafe { Bound::from_borrowed_ptr(py, ty.cast()) };
        if let Ok(held) = held.cast_into::<PyType>() {
            self.classes.insert(ty as usize, (held.unbind(), shape));
        }
        shape
    }

    /// An `array.array`, by its typecode. One of Unicode characters has no type of its own.
    fn array(&mut self, py: Python<'_>, object: *mut PyObject) -> ShapeId {
        // SAFETY: a live object. Its class is exactly C's, so this attribute is C code.
        let array = unsafe { Bound::from_borrowed_ptr(py, object) };
        let code = array.getattr("typecode").and_then(|code| code.extract::<char>());
        match code {
            Ok('u' | 'w') | Err(_) => self.name("array.array"),
            Ok(code) => self.name(&format!("array.array[{code}]")),
        }
    }

    fn ndarray(&mut self, py: Python<'_>, object: *mut PyObject) -> ShapeId {
        // SAFETY: a live object. Its class is exactly numpy's, so these attributes are C code.
        let array = unsafe { Bound::from_borrowed_ptr(py, object) };
        let facts = || -> PyResult<String> {
            let dtype = array.getattr("dtype")?;
            let size: usize = dtype.getattr("itemsize")?.extract()?;
            let kind: char = dtype.getattr("kind")?.extract()?;
            let name = match kind {
                'b' => "bool".to_owned(),
                'i' => format!("int{}", 8 * size),
                'u' => format!("uint{}", 8 * size),
                'f' => format!("float{}", 8 * size),
                'c' => format!("complex{}", 8 * size),
                _ => "object".to_owned(),
            };
            Ok(format!("ndarray[{name}, {}]", array.getattr("ndim")?.extract::<usize>()?))
        };
        match facts() {
            Ok(name) => self.name(&name),
            Err(_) => self.object,
        }
    }

    pub(super) fn text(&self, id: ShapeId) -> String {
        match &self.all[id as usize] {
            Shape::Name(name) => name.clone(),
            Shape::Of("tuple", seen) => format!("tuple[{}, ...]", self.union(seen)),
            Shape::Of(kind, seen) => format!("{kind}[{}]", self.union(seen)),
            Shape::Dict(class, keys, values) => {
                format!("{class}[{}, {}]", self.union(keys), self.union(values))
            }
            Shape::Fields(class, fields) => {
                let fields: Vec<_> = fields.iter().map(|&id| self.text(id)).collect();
                format!("{}[{}]", self.text(*class), fields.join(", "))
            }
            Shape::Tuple(elements) => {
                format!("tuple[{}]", elements.iter().map(|&id| self.text(id)).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn union(&self, seen: &[ShapeId]) -> String {
        if seen.is_empty() {
            return "?".to_owned();
        }
        let mut members: Vec<String> = seen.iter().map(|&id| self.text(id)).collect();
        members.sort();
        members.join(" | ")
    }
}

fn note(seen: &mut Vec<ShapeId>, shape: ShapeId) {
    if let Err(place) = seen.binary_search(&shape) {
        seen.insert(place, shape);
    }
}

/// Whether a name can stand in a manifest: identifiers joined by dots.
fn dotted(name: &str) -> bool {
    name.split('.').all(|part| {
        part.chars().next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && part.chars().all(|one| one == '_' || one.is_alphanumeric())
    })
}
