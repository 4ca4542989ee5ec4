//! Is a class still what `namedtuple` made? Asked of the class itself whenever its version tag has moved.

use core::cell::Cell;
use core::ffi::CStr;
use core::ptr;

use pyo3_ffi::*;

use crate::object::wrapped;
use crate::peek::{attribute_or_none, known_item, utf8};
use crate::stop::R;
use crate::strs::Str;
use crate::txn::Cx;

/// A class as the text of a program has it, and what was found of it.
pub struct NamedClass {
    pub(super) module: &'static str,
    pub(super) name: &'static str,
    pub(super) fields: &'static [&'static str],
    /// Those that the class's text has.
    operators: &'static [&'static str],
    /// Held for good once it has been found.
    class: Cell<*mut PyTypeObject>,
    /// The version that was looked at; 0 for none.
    version: Cell<u32>,
    found: Cell<Option<Constructor>>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for NamedClass {}

/// The class, and the function that makes its instances.
#[derive(Clone, Copy)]
pub(super) struct Constructor {
    pub(super) class: *mut PyTypeObject,
    pub(super) function: *mut PyObject,
    code: *mut PyObject,
}

impl NamedClass {
    pub const fn new(
        module: &'static str,
        name: &'static str,
        fields: &'static [&'static str],
        operators: &'static [&'static str],
    ) -> NamedClass {
        NamedClass {
            module,
            name,
            fields,
            operators,
            class: Cell::new(ptr::null_mut()),
            version: Cell::new(0),
            found: Cell::new(None),
        }
    }

    /// The class; null if it is none, or not as `namedtuple` makes them.
    #[inline]
    pub(super) fn class(&self) -> *mut PyTypeObject {
        let class = self.class.get();
        if !class.is_null() && self.version.get() != 0 {
            // SAFETY: What was found is held for good.
            let now = unsafe { (*class).tp_version_tag };
            if now == self.version.get() {
                return class;
            }
        }
        self.look()
    }

    /// The class, where calling it fills the fields and does nothing else.
    pub(super) fn constructor(&self) -> Option<Constructor> {
        let class = self.class();
        let found = self.found.get().filter(|_| !class.is_null())?;
        // SAFETY: The class holds the function. Its code may have been exchanged.
        (unsafe { PyFunction_GetCode(found.function) } == found.code).then_some(found)
    }

    /// The class, where that method is the one that `namedtuple` made.
    pub(super) fn with_method(&self, name: &str) -> Option<*mut PyTypeObject> {
        let class = self.class();
        if class.is_null() {
            return None;
        }
        // SAFETY: The class is alive; names and modules are looked up in exact dicts of texts.
        unsafe {
            let module = known_item(PyImport_GetModuleDict(), "collections");
            let made = |method: *mut PyObject| {
                !module.is_null()
                    && PyModule_Check(module) != 0
                    && !method.is_null()
                    && Py_TYPE(method) == &raw mut PyFunction_Type
                    && PyFunction_GetGlobals(method) == PyModule_GetDict(module)
            };
            // What `_replace` calls besides.
            let makes = || Some(made(wrapped(inherited(class, "_make")?, &raw mut PyClassMethod_Type)));
            let whole = match name {
                "_make" => makes()?,
                "_replace" => makes()? && made(inherited(class, name)?),
                _ => made(inherited(class, name)?),
            };
            whole.then_some(class)
        }
    }

    /// Does the class have the names of the fields as `_fields`?
    pub(super) fn has_names(&self) -> bool {
        let class = self.class();
        if class.is_null() {
            return false;
        }
        // SAFETY: The class is alive; the tuple keeps its items alive, and its type is tested first.
        unsafe {
            let Some(found) = inherited(class, "_fields") else { return false };
            Py_TYPE(found) == &raw mut PyTuple_Type
                && PyTuple_Size(found) as usize == self.fields.len()
                && self.fields.iter().enumerate().all(|(i, name)| {
                    let item = PyTuple_GetItem(found, i as Py_ssize_t);
                    Py_TYPE(item) == &raw mut PyUnicode_Type && utf8(item) == Some(name)
                })
        }
    }

    #[cold]
    extern "C" fn look(&self) -> *mut PyTypeObject {
        // SAFETY: The GIL is held. Nothing here runs Python code: types whose metaclass is `type`, exact dicts, and
        // getters of code objects, which are C. What that allocates must not start the collector.
        unsafe {
            let collecting = PyGC_Disable() != 0;
            let class = self.validated();
            if collecting {
                PyGC_Enable();
            }
            match class {
                Some(found) => {
                    if self.class.get().is_null() {
                        Py_INCREF(found.class.cast());
                    }
                    self.class.set(found.class);
                    self.found.set(Some(found).filter(|found| !found.function.is_null()));
                    self.version.set((*found.class).tp_version_tag);
                    found.class
                }
                None => {
                    self.version.set(0);
                    ptr::null_mut()
                }
            }
        }
    }

    unsafe fn validated(&self) -> Option<Constructor> {
        // SAFETY: By the caller.
        unsafe {
            let mut class = self.class.get();
            if class.is_null() {
                let module = known_item(PyImport_GetModuleDict(), self.module);
                if module.is_null() || PyModule_Check(module) == 0 {
                    return None;
                }
                let found = known_item(PyModule_GetDict(module), self.name);
                if found.is_null() || Py_TYPE(found) != &raw mut PyType_Type {
                    return None;
                }
                class = found.cast();
            }
            if !behaves_as_tuple(class, self.operators)
                || !has_only(class, self.operators)
                || !concatenates(class, self.operators)
            {
                return None;
            }
            for (index, field) in self.fields.iter().enumerate() {
                if !is_getter(inherited(class, field)?, index) {
                    return None;
                }
            }
            let mut found = Constructor { class, function: ptr::null_mut(), code: ptr::null_mut() };
            let method = inherited(class, "__new__")?;
            // Also gives the class a version, if it has none.
            let plain_init =
                (*class).tp_init.map(|f| f as usize) == PyBaseObject_Type.tp_init.map(|f| f as usize);
            if plain_init && Py_TYPE(method) == &raw mut PyStaticMethod_Type {
                let function = attribute_or_none(class.cast(), c"__new__")?;
                if fills_fields(function.ptr(), self.fields) {
                    found.code = PyFunction_GetCode(function.ptr());
                    // The class holds it.
                    found.function = function.ptr();
                }
            }
            Some(found)
        }
    }
}

/// What the class and those above it have under a name, without asking a descriptor.
unsafe fn inherited(class: *mut PyTypeObject, name: &str) -> Option<*mut PyObject> {
    // SAFETY: By the caller: a class; the dicts of classes are exact.
    unsafe {
        let mro = (*class).tp_mro;
        if mro.is_null() {
            return None;
        }
        for index in 0..PyTuple_Size(mro) {
            let base = PyTuple_GetItem(mro, index).cast::<PyTypeObject>();
            // What builtin classes have is not what is asked for.
            if (*base).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 {
                return None;
            }
            let dict = (*base).tp_dict;
            let found = known_item(dict, name);
            if !found.is_null() {
                return Some(found);
            }
        }
        None
    }
}

/// Are `format(value, "")` and `str(value)` the `repr` of the value?
pub(super) fn is_shown_plainly(class: *mut PyTypeObject) -> bool {
    // SAFETY: A live class.
    unsafe { inherited(class, "__format__").is_none() && inherited(class, "__str__").is_none() }
}

/// Has the class no operators but those?
unsafe fn has_only(class: *mut PyTypeObject, operators: &[&str]) -> bool {
    // SAFETY: By the caller: a live class.
    unsafe {
        let numbers = (*class).tp_as_number.cast::<usize>();
        let words = size_of::<PyNumberMethods>() / size_of::<usize>();
        let none = (0..words).all(|index| *numbers.add(index) == 0);
        none || (!operators.is_empty()
            && OPERATORS.iter().all(|name| operators.contains(name) || inherited(class, name).is_none()))
    }
}

/// Are `+` and `*` those of tuples, where the class has no method for them?
unsafe fn concatenates(class: *mut PyTypeObject, operators: &[&str]) -> bool {
    // SAFETY: By the caller: a class of Python's, which has the table.
    unsafe {
        let tuple = &raw const PyTuple_Type;
        let (own, tuple) = (&*(*class).tp_as_sequence, &*(*tuple).tp_as_sequence);
        let has = |names: &[&str]| names.iter().any(|name| operators.contains(name));
        let added = own.sq_concat.map(|f| f as usize) == tuple.sq_concat.map(|f| f as usize);
        let repeated = own.sq_repeat.map(|f| f as usize) == tuple.sq_repeat.map(|f| f as usize);
        (added || has(&["__add__"])) && (repeated || has(&["__mul__", "__rmul__"]))
    }
}

/// What fills the table of a class's operators.
const OPERATORS: &[&str] = &[
    "__abs__",
    "__add__",
    "__and__",
    "__bool__",
    "__divmod__",
    "__float__",
    "__floordiv__",
    "__iadd__",
    "__iand__",
    "__ifloordiv__",
    "__ilshift__",
    "__imatmul__",
    "__imod__",
    "__imul__",
    "__index__",
    "__int__",
    "__invert__",
    "__ior__",
    "__ipow__",
    "__irshift__",
    "__isub__",
    "__itruediv__",
    "__ixor__",
    "__lshift__",
    "__matmul__",
    "__mod__",
    "__mul__",
    "__neg__",
    "__or__",
    "__pos__",
    "__pow__",
    "__radd__",
    "__rand__",
    "__rdivmod__",
    "__rfloordiv__",
    "__rlshift__",
    "__rmatmul__",
    "__rmod__",
    "__rmul__",
    "__ror__",
    "__rpow__",
    "__rrshift__",
    "__rshift__",
    "__rsub__",
    "__rtruediv__",
    "__rxor__",
    "__sub__",
    "__truediv__",
    "__xor__",
];

const COMPARISONS: &[&str] = &["__eq__", "__ge__", "__gt__", "__le__", "__lt__", "__ne__"];

/// Do instances behave as tuples do, but for their texts, operators that tuples have not, and the methods that the text
/// has?
unsafe fn behaves_as_tuple(class: *mut PyTypeObject, known: &[&str]) -> bool {
    // SAFETY: By the caller: a live class. Classes of Python's have all three tables.
    unsafe {
        let tuple = &raw const PyTuple_Type;
        let (own, tuple) = (&*class, &*tuple);
        if own.tp_flags & Py_TPFLAGS_TUPLE_SUBCLASS == 0
            || own.tp_flags & Py_TPFLAGS_HEAPTYPE == 0
            || Py_TYPE(class.cast()) != &raw mut PyType_Type
            || own.tp_as_sequence.is_null()
            || own.tp_as_mapping.is_null()
            || own.tp_as_number.is_null()
        {
            return false;
        }
        let (sequence, of_tuple) = (&*own.tp_as_sequence, &*tuple.tp_as_sequence);
        let (mapping, of_tuples) = (&*own.tp_as_mapping, &*tuple.tp_as_mapping);
        let same = |a: Option<usize>, b: Option<usize>| a == b;
        macro_rules! agree {
            ($($mine:expr, $theirs:expr;)+) => {
                $(same($mine.map(|f| f as usize), $theirs.map(|f| f as usize)))&&+
            };
        }
        // Which methods there are is told by the class: one for all six comparisons asks them by name.
        let only = |names: &[&str]| {
            names.iter().any(|name| known.contains(name))
                && names.iter().all(|name| known.contains(name) || inherited(class, name).is_none())
        };
        let compares = agree! { own.tp_richcompare, tuple.tp_richcompare; } || only(COMPARISONS);
        let hashes =
            agree! { own.tp_hash, tuple.tp_hash; } || only(&["__hash__"]) || known.contains(&"__eq__");
        let searches = agree! { sequence.sq_contains, of_tuple.sq_contains; } || only(&["__contains__"]);
        own.tp_finalize.is_none()
            && own.tp_del.is_none()
            && compares
            && hashes
            && searches
            && agree! {
                own.tp_iter, tuple.tp_iter;
                own.tp_getattro, tuple.tp_getattro;
                own.tp_alloc, PyBaseObject_Type.tp_alloc;
                sequence.sq_length, of_tuple.sq_length;
                mapping.mp_length, of_tuples.mp_length;
                mapping.mp_subscript, of_tuples.mp_subscript;
            }
    }
}

/// Is the descriptor the one that reads that item?
unsafe fn is_getter(object: *mut PyObject, index: usize) -> bool {
    // SAFETY: By the caller; the type is tested by its name and size before its index is read.
    unsafe {
        let ty = Py_TYPE(object);
        let name = CStr::from_ptr((*ty).tp_name).to_bytes();
        let known = matches!(name, b"_collections._tuplegetter" | b"collections._tuplegetter")
            && (*ty).tp_flags & Py_TPFLAGS_IMMUTABLETYPE != 0
            && (*ty).tp_basicsize as usize == size_of::<PyObject>() + 2 * size_of::<usize>();
        known && *object.cast::<u8>().add(size_of::<PyObject>()).cast::<isize>() == index as isize
    }
}

/// Is it the function that `namedtuple` makes for the fields: `lambda _cls, x, y: _tuple_new(_cls, (x, y))`?
unsafe fn fills_fields(function: *mut PyObject, fields: &[&str]) -> bool {
    // SAFETY: By the caller: a live object, whose type is tested first.
    unsafe {
        if Py_TYPE(function) != &raw mut PyFunction_Type {
            return false;
        }
        let (globals, code) = (PyFunction_GetGlobals(function), PyFunction_GetCode(function));
        let named = |name: &CStr, want: &mut dyn Iterator<Item = &str>| {
            let Some(names) = attribute_or_none(code, name) else { return false };
            let count = PyTuple_Size(names.ptr());
            (0..count).all(|i| want.next().is_some_and(|w| utf8(PyTuple_GetItem(names.ptr(), i)) == Some(w)))
                && want.next().is_none()
        };
        let plain = |name: &CStr, want: i64| {
            attribute_or_none(code, name).is_some_and(|value| PyLong_AsLongLong(value.ptr()) == want)
        };
        let text = |name: &CStr, want: &str| {
            attribute_or_none(code, name).is_some_and(|value| utf8(value.ptr()) == Some(want))
        };
        let home = known_item(globals, "__name__");
        let new = known_item(globals, "_tuple_new");
        let of_tuple = attribute_or_none((&raw mut PyTuple_Type).cast(), c"__new__");
        !home.is_null()
            && utf8(home).is_some_and(|home| home.starts_with("namedtuple_"))
            && PyDict_Size(globals) == 3
            && of_tuple.is_some_and(|of_tuple| is_same_builtin(new, of_tuple.ptr()))
            && text(c"co_name", "<lambda>")
            && text(c"co_filename", "<string>")
            && plain(c"co_argcount", fields.len() as i64 + 1)
            && plain(c"co_kwonlyargcount", 0)
            && plain(c"co_posonlyargcount", 0)
            && named(c"co_names", &mut ["_tuple_new"].into_iter())
            && named(c"co_varnames", &mut ["_cls"].into_iter().chain(fields.iter().copied()))
    }
}

/// Two objects for one function of C.
unsafe fn is_same_builtin(one: *mut PyObject, two: *mut PyObject) -> bool {
    // SAFETY: By the caller: null or alive.
    unsafe {
        !one.is_null()
            && (one == two
                || (PyCFunction_Check(one) != 0
                    && PyCFunction_Check(two) != 0
                    && PyCFunction_GetFunction(one).map(|f| f as usize)
                        == PyCFunction_GetFunction(two).map(|f| f as usize)
                    && PyCFunction_GetSelf(one) == PyCFunction_GetSelf(two)))
    }
}

/// `class.__name__`.
pub(super) fn name(cx: Cx, class: *mut PyTypeObject) -> R<Str> {
    // SAFETY: A live class; the name is an exact text, of which a new reference is given.
    unsafe {
        let name = crate::py::fresh(PyType_GetName(class))?;
        let text = <Str as crate::py::FromPy>::from_py(cx, name);
        Py_DECREF(name);
        text
    }
}
